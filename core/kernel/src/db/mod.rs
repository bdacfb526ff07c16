//! The only place that knows a database: statements, cells and rows (`sql`), the embedded engine
//! (`sqlite`), and the kernel's own tables (`migrations`).
//! Not here: what the statements say; the rooms of the kernel write those.

mod sql;
mod dialect;
mod sqlite;
mod functions;
mod migrations;

pub(crate) use dialect::Dialect;
pub(crate) use sql::{Cell, Row, Sql};
pub(crate) use sqlite::{Conn, Door, Job, RowRef, Work, make_folder};
