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
mod sales;
mod purchasing;
mod accounting;
mod hr;
mod inventory;
mod manufacturing;
mod import;
mod northwind;
mod adventureworks;
