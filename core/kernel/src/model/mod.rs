//! The data model: from declared models to rows and back.
//! A record goes `input` → `Draft` → `compute` → `check` → `Checked` → `sql` → `Saved`; a question
//! goes `query` → `sql` → `expand`. `registry` holds what is known beforehand, `migrate` makes the
//! tables. Not here: who may do what (`permissions`), the story of each operation (`records.rs`).
//! Architecture invariant: nothing but `sql` writes SQL text from a schema.

mod registry;
mod draft;
mod input;
mod compute;
mod check;
mod query;
mod expand;
mod search;
mod cells;
pub(crate) mod sql;
pub(crate) mod migrate;

pub use draft::{Draft, Line, Saved, Saving};
pub use query::{Count, Page, Query, Select};
pub use registry::{Binding, Meta, Registry};
