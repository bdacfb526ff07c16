//! All tests that need a database or a server, in one binary. One file a subject.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::result_large_err,
    reason = "a test that fails says so by a panic, in its helpers too"
)]

mod tidy;
mod main_job;
mod api;
mod unauthorized;
mod permissions;
mod modules;
mod texts;
mod custom;
mod taken_up;
mod rollout;
mod pilot;
mod profiles;
mod plan;
mod versions;
mod statements;
mod concurrency;
mod crash;
mod servers;
mod settings;
mod backup;
mod doctor;
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
mod timeline;
mod documents;
mod pages;
mod views;
mod workplaces;
mod figures;
mod office;
mod uploads;
mod browser;
mod people;
mod plugins;
