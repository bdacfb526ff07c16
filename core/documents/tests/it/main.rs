//! Documents as a customer gets them: each built-in one in each language, long tables, carried sums,
//! long words, missing fonts. Texts are read back with pdftotext, pictures with pdftoppm; without
//! them (Debian: poppler-utils) these tests say so and end.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test that fails says so by a panic, in its helpers too"
)]

mod carried;
mod kit;
mod languages;
mod pictures;
mod templates;
