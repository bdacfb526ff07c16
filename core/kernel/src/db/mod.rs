//! The only place that knows a database: statements, cells and rows (`sql`), the embedded engine
//! (`sqlite`), the database server (`postgres`), what differs between their languages (`dialect`),
//! and the kernel's own tables (`migrations`).
//! Not here: what the statements say; the rooms of the kernel write those.

mod sql;
mod dialect;
mod conn;
mod door;
mod sqlite;
mod functions;
mod postgres;
mod migrations;

use crate::tx::{Fut, Tx};

pub(crate) use conn::{Conn, RowRef};
pub(crate) use dialect::Dialect;
pub(crate) use door::Door;
pub use postgres::PostgresSettings;
pub(crate) use sql::{Cell, Row, Sql};

/// A unit of work without its type; it may be called more than once.
pub(crate) type Work = Box<dyn for<'t> Fn(&'t mut Tx) -> Fut<'t, ()> + Send + Sync>;

/// What a unit of work asks of the database. The embedded engine, which has one writer, tells only
/// reading from writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// One snapshot, beside all writers.
    Read,
    /// As if it ran alone.
    Write,
    /// The same, knowing up to where no entry of the ledger is on its way any more.
    Books,
    /// What only derives from entries that are final: out of the way of everybody else's work.
    Upkeep,
    /// Takes rows that several servers race for; each gets others.
    Claim,
}
