//! All tests that need a database or a server, in one binary.

mod tidy;
