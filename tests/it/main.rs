//! All tests that need a database or a server, in one binary. One file a subject.

mod tidy;
mod main_job;
