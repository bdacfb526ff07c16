//! Schema: TOML in, a checked and resolved [`Schema`] out; the expression language; the difference
//! between two schemas as steps; a JSON Schema of the TOML for editors.
//!
//! No database, no SQL, no async and no clock: tools and tests use this crate without any of them.
//! Broken input is data: [`load`] answers with all faults at once, each with its place.
//! Next: [`load()`], then [`Model`] and [`Field`], then [`expr`].

mod compare;
mod diff;
pub mod expr;
mod fault;
mod field;
pub mod fixture;
mod json_schema;
mod load;
mod model;
pub mod plugin;
pub mod schedule;
mod resting;
mod schema;
mod suggest;
pub mod tables;
pub mod dashboard;
pub mod template;

pub use compare::{Detail, Difference, Subject, What, compare};
pub use diff::{Risk, Step, diff};
pub use expr::{Expr, Node, Scope, Type, compile, eval};
pub use fault::{Fault, Origin, Source};
pub use field::{ByLine, Choice, Class, Field, Kind, Pattern, pattern};
pub use json_schema::json_schema;
pub use load::{APIS, fixture, load, load_without, manifest};
pub use model::{Action, Grant, Index, Model, Numbering, Owner, States};
pub use schema::{
    Chart, Column, Comparison, MenuItem, ModuleInfo, Opens, Report, Role, Rows, Schema, Separation,
    Target,
};
pub use suggest::nearest;
pub use tables::{TableIndex, Tables, table_of, tables};

#[cfg(test)]
mod tests;
