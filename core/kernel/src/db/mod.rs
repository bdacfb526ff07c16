//! The only place that knows a database: statements, cells and rows (`sql`), the embedded engine
//! (`sqlite`), the database server (`postgres`), what differs between their languages (`dialect`),
//! the kernel's own tables (`migrations`), and copies of a database file (`backup`).
//! Not here: what the statements say; the rooms of the kernel write those.

mod sql;
mod dialect;
mod conn;
mod door;
mod sqlite;
mod functions;
mod postgres;
mod migrations;
pub mod backup;

use std::sync::Arc;

use crate::error::Error;
use crate::tx::{Fut, Tx};

pub(crate) use conn::{Conn, RowRef};
pub(crate) use dialect::{Dialect, engine_version};
pub(crate) use door::Door;
pub(crate) use migrations::{released_steps, wall_in};
pub use postgres::PostgresSettings;
pub(crate) use sql::{Cell, Held, Row, Sql};

/// A unit of work without its type; it may be called more than once.
pub(crate) type Work = Arc<dyn for<'t> Fn(&'t mut Tx) -> Fut<'t, ()> + Send + Sync>;

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

/// What a database is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    Work,
    /// To be looked at: nothing in it changes, and it must be there.
    Look,
    /// To be filled with what another held.
    Receive,
}

/// A database that was begun to be filled is opened for nothing else.
fn not_whole() -> Error {
    let cure = "the restore or move into it did not end; run that command again";
    Error::Startup(format!("this database is not whole: {cure}"))
}
