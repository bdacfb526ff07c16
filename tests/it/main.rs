//! All tests that need a database or a server, in one binary. One file a subject.

mod tidy;
mod main_job;
mod api;
mod unauthorized;
mod permissions;
mod modules;
mod custom;
mod statements;
mod concurrency;
mod kill;
mod crm;
mod cpq;
