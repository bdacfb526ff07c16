//! A connection while a unit of work has it, of either engine. SQLite answers at once, PostgreSQL is
//! awaited; what is said to them is the same.

use std::path::Path;

use super::dialect::Dialect;
use super::sql::{Cell, Held, Row, Sql};
use super::{postgres, sqlite};
use crate::error::{Error, Result};

pub(crate) enum Conn {
    Sqlite(sqlite::Conn),
    Postgres(Box<postgres::Conn>),
}

impl Conn {
    pub(crate) fn dialect(&self) -> Dialect {
        match self {
            Conn::Sqlite(_) => Dialect::Sqlite,
            Conn::Postgres(_) => Dialect::Postgres,
        }
    }

    /// Runs a statement; answers how many rows it changed.
    pub(crate) async fn exec(&mut self, sql: &Sql) -> Result<u64> {
        match self {
            Conn::Sqlite(conn) => conn.exec(sql),
            Conn::Postgres(conn) => conn.exec(sql).await,
        }
    }

    /// Calls `each` for every row of the answer.
    pub(crate) async fn each(
        &mut self,
        sql: &Sql,
        each: impl FnMut(&RowRef<'_, '_>) + Send,
    ) -> Result<()> {
        match self {
            Conn::Sqlite(conn) => conn.each(sql, each),
            Conn::Postgres(conn) => conn.each(sql, each).await,
        }
    }

    /// The same; an engine that is told how to go about it gives up after so many thousand steps:
    /// `false` then. One that plans by itself goes to the end.
    pub(crate) async fn each_within(
        &mut self,
        sql: &Sql,
        thousand_steps: usize,
        each: impl FnMut(&RowRef<'_, '_>) + Send,
    ) -> Result<bool> {
        match self {
            Conn::Sqlite(conn) => conn.each_within(sql, thousand_steps, each),
            Conn::Postgres(conn) => conn.each(sql, each).await.map(|()| true),
        }
    }

    pub(crate) async fn rows(&mut self, sql: &Sql) -> Result<Vec<Row>> {
        let mut out = Vec::new();
        self.each(sql, |row| out.push(row.to_row())).await?;
        Ok(out)
    }

    /// The same statement for each row of values: an `insert … values (…)`, or an `update … where …`.
    pub(crate) async fn exec_each(&mut self, text: &str, rows: &[Vec<Cell>]) -> Result<()> {
        match self {
            Conn::Sqlite(conn) => conn.exec_each(text, rows),
            Conn::Postgres(conn) => conn.exec_each(text, rows).await,
        }
    }

    /// Puts rows into a table, in the engine's fastest way.
    pub(crate) async fn fill(
        &mut self,
        table: &str,
        columns: &[&str],
        rows: &[Vec<Cell>],
    ) -> Result<()> {
        match self {
            Conn::Sqlite(conn) => conn.exec_each(Sql::insert(table, columns).as_str(), rows),
            Conn::Postgres(conn) => conn.fill(table, columns, rows).await,
        }
    }

    /// Begins a part that can be taken back alone.
    pub(crate) async fn begin_part(&mut self) -> Result<()> {
        match self {
            Conn::Sqlite(conn) => conn.control("savepoint part"),
            Conn::Postgres(conn) => conn.control("savepoint part").await,
        }
    }

    pub(crate) async fn keep_part(&mut self) -> Result<()> {
        match self {
            Conn::Sqlite(conn) => conn.control("release part"),
            Conn::Postgres(conn) => conn.keep_part().await,
        }
    }

    pub(crate) async fn undo_part(&mut self) -> Result<()> {
        match self {
            Conn::Sqlite(conn) => conn.control("rollback to part; release part"),
            Conn::Postgres(conn) => conn.undo_part().await,
        }
    }

    /// A copy of the whole database into a new file, consistent while others wait.
    pub(crate) fn copy_to(&mut self, path: &Path) -> Result<()> {
        match self {
            Conn::Sqlite(conn) => conn.copy_to(path),
            Conn::Postgres(_) => Err(Error::Startup(
                "a database server is not copied into a file: use its own backup".into(),
            )),
        }
    }
}

/// One row while the answer is being read.
pub(crate) enum RowRef<'r, 's> {
    Sqlite(&'r rusqlite::Row<'s>),
    Postgres(&'r sqlx::postgres::PgRow),
}

impl RowRef<'_, '_> {
    pub(crate) fn held(&self, at: usize) -> Held<'_> {
        match self {
            RowRef::Sqlite(row) => sqlite::held(row, at),
            RowRef::Postgres(row) => postgres::held(row, at),
        }
    }

    pub(crate) fn cell(&self, at: usize) -> Cell {
        self.held(at).into_cell()
    }

    pub(crate) fn opt_int(&self, at: usize) -> Option<i64> {
        match self.held(at) {
            Held::Int(value) => Some(value),
            _ => None,
        }
    }

    fn to_row(&self) -> Row {
        let width = match self {
            RowRef::Sqlite(row) => row.as_ref().column_count(),
            RowRef::Postgres(row) => sqlx::Row::len(*row),
        };
        Row((0..width).map(|at| self.cell(at)).collect())
    }
}
