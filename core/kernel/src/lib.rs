//! The kernel: identity, permissions, ledger and data model, and the one door to the database.
//! Not here: HTTP and pages (`core/web`), anything of one business function (`modules/*`).
//! Read on in the order of the modules below; `core/README.md` is the map.

extern crate self as fondaco_kernel;

pub mod kernel;
pub mod ctx;
pub mod error;
pub mod tx;
mod in_force;
mod ids;
mod processes;
pub mod hearing;
mod db;

pub mod identity;
pub mod permissions;
pub mod ledger;
pub mod model;

pub mod records;
pub mod offers;
pub mod proposals;
pub mod store;
pub mod record;
pub mod shared;

pub mod reports;
pub mod dashboards;
pub mod papers;
pub mod texts;

pub mod module;
pub mod plan;
pub mod hooks;
pub mod plugins;
pub mod rollout;
pub mod views;
pub mod workflow;
pub mod ports;
pub mod events;
pub mod jobs;
mod schedules;
pub mod audit;
pub mod numbers;
pub mod repeats;
pub mod files;
pub mod timeline;
pub mod notices;
mod kept;
pub mod keys;
pub mod marks;
pub mod figures;
pub mod soundness;
pub mod examine;
pub mod portable;
pub mod seeds;
pub mod import;

pub mod home;
pub mod measure;
pub mod configure;
pub mod trade;
pub mod units;
pub mod rates;
pub mod calendars;

#[cfg(test)]
mod testing;

pub use ctx::{Actor, ActorKind, Ctx, Scopes};
pub use db::backup;
pub use error::{Error, Result};
pub use fondaco_derive::Record;
pub use fondaco_schema as schema;
pub use fondaco_values as values;
pub use kernel::{Adopt, Clock, Database, Kernel, PostgresSettings, Setup};
pub use module::{Acting, Args, DocRef, Module, Outcome, Table};
pub use tx::{Fut, Tx};
