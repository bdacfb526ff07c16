//! One connection while a unit of work has it: its statements, its parts, its end.

use std::sync::Arc;

use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{AssertSqlSafe, Executor, Postgres, Row as _, SqlSafeStr, SqlStr, Statement};
use tokio_stream::StreamExt;

use super::cells::{arguments, check};
use super::copy;
use super::many::{Known, Many, ROWS_MAX};
use super::refusal::{internal, storage};
use super::wall::Wall;
use crate::db::conn::RowRef;
use crate::db::{Cell, Kind, Sql};
use crate::error::{Error, Result, StorageKind};
use crate::in_force::{READ, Stamp};

pub(crate) struct Conn {
    /// `None` once it was given back.
    pooled: Option<PoolConnection<Postgres>>,
    known: Arc<Known>,
    /// The first statement's refusal: the transaction cannot be committed any more.
    failed: Option<(StorageKind, String)>,
    /// The last sequence of the ledger behind which none is on its way; of those who keep its books.
    final_seq: Option<i64>,
    /// What the database says of itself, read when the transaction began.
    stamp: Option<Option<Stamp>>,
    /// The unit of work has to know that, and was begun without.
    wants_books: bool,
    /// The role that it runs as behind the wall between companies, if it does.
    desk: Option<String>,
}

/// How a transaction of a kind begins.
pub(super) struct Opening {
    pub(super) wall: Option<Wall>,
    pub(super) kind: Kind,
    /// Nobody else writes meanwhile.
    pub(super) alone: bool,
    pub(super) gate: bool,
}

impl Opening {
    /// Everything up to the first statement of the unit, in one round trip. Locks come before the
    /// first look at the data, so that it sees what was committed while they were waited for.
    fn text(&self) -> String {
        let begin = match self.kind {
            Kind::Read => "begin isolation level repeatable read read only",
            Kind::Write | Kind::Books => "begin isolation level serializable",
            Kind::Upkeep => "begin isolation level repeatable read",
            Kind::Claim => "begin isolation level read committed",
        };
        let gate = match (self.kind, self.gate, self.alone) {
            (Kind::Read | Kind::Upkeep | Kind::Claim, ..) | (_, false, _) => "",
            (_, _, false) => "; lock table fondaco_gate in row share mode",
            (_, _, true) => "; lock table fondaco_gate in exclusive mode",
        };
        // Who reads a whole table is in the way of everybody who writes a row of it; by an index he
        // is in the way of those who write the same rows.
        let scans = match self.kind {
            Kind::Write | Kind::Books => "; set local enable_seqscan = off",
            Kind::Read | Kind::Upkeep | Kind::Claim => "",
        };
        match &self.wall {
            None => format!("{begin}{gate}{scans}; select {READ}"),
            Some(Wall { desk, companies }) => format!(
                "{begin}{gate}{scans}; set local role {desk}; select {READ}, \
                 set_config('fondaco.companies', '{companies}', true)"
            ),
        }
    }
}

/// Ends when every entry that has drawn its sequence is committed or gone.
const FINAL: &str = "begin; lock table ledger_gate in share row exclusive mode; \
     select case when is_called then last_value else 0 end from ledger_seq; commit";

impl Conn {
    pub(super) fn new(pooled: PoolConnection<Postgres>, known: Arc<Known>) -> Conn {
        Conn {
            pooled: Some(pooled),
            known,
            failed: None,
            final_seq: None,
            stamp: None,
            wants_books: false,
            desk: None,
        }
    }

    pub(super) async fn begin(&mut self, opening: &Opening) -> Result<()> {
        if matches!(opening.kind, Kind::Books | Kind::Upkeep) {
            let rows = self.raw(FINAL.into_sql_str()).await?;
            let seq =
                rows.first().and_then(|row| row.try_get_unchecked::<&str, _>(0).ok()?.parse().ok());
            self.final_seq = Some(seq.ok_or_else(|| internal("the ledger has no sequence"))?);
        }
        let rows = self.raw(AssertSqlSafe(opening.text()).into_sql_str()).await?;
        let text = |row: &PgRow, at: usize| {
            let text = row.try_get_unchecked::<Option<&str>, _>(at).ok()?;
            Some(text.map(str::to_owned))
        };
        // What cannot be read here is asked for again, as where the engine reads nothing.
        self.stamp = rows.first().and_then(|row| {
            let (version, callers) = (text(row, 0)?, text(row, 1)?);
            Some(version.map(|version| Stamp { version, callers }))
        });
        self.desk = opening.wall.as_ref().map(|wall| wall.desk.clone());
        Ok(())
    }

    /// What the database said of itself, once.
    pub(crate) fn take_stamp(&mut self) -> Option<Option<Stamp>> {
        self.stamp.take()
    }

    /// Moves the wall, where there is one, so that this company is in front of it, too.
    pub(crate) async fn widen(&mut self, company: i64) -> Result<()> {
        if self.desk.is_none() {
            return Ok(());
        }
        let text = format!(
            "select set_config('fondaco.companies', cast(cast(current_setting(\
             'fondaco.companies') as bigint[]) || cast({company} as bigint) as text), true)"
        );
        self.raw(AssertSqlSafe(text).into_sql_str()).await.map(drop)
    }

    /// Goes out of the wall, where there is one, or back behind it.
    pub(crate) async fn pass_the_wall(&mut self, out: bool) -> Result<()> {
        let Some(desk) = &self.desk else { return Ok(()) };
        let role = if out { "none" } else { desk };
        let text = format!("set local role {role}");
        self.raw(AssertSqlSafe(text).into_sql_str()).await.map(drop)
    }

    /// Commits, unless something failed on the way: then nothing is kept.
    pub(super) async fn commit(mut self) -> Result<()> {
        if let Some((kind, message)) = self.failed.clone() {
            self.rollback().await;
            return Err(Error::Storage { kind, message });
        }
        match self.raw("commit".into_sql_str()).await {
            Ok(_) => {
                self.give_back();
                Ok(())
            }
            Err(Error::Storage { kind: StorageKind::Lost, message }) => {
                Err(Error::Storage { kind: StorageKind::Unknown, message })
            }
            Err(error) => {
                self.rollback().await;
                Err(error)
            }
        }
    }

    pub(super) async fn rollback(mut self) {
        if self.failed() == Some(&StorageKind::Lost) {
            return;
        }
        if self.raw("rollback".into_sql_str()).await.is_ok() {
            self.give_back();
        }
    }

    /// Why the work has to be done again, if it is not the work's own fault.
    pub(super) fn failed(&self) -> Option<&StorageKind> {
        self.failed.as_ref().map(|(kind, _)| kind)
    }

    pub(super) fn wants_books(&self) -> bool {
        self.wants_books
    }

    /// The last sequence behind which no entry is on its way any more.
    ///
    /// # Errors
    /// `Retry` in a unit of work that was not begun for it: it runs again as one that was.
    pub(crate) fn final_seq(&mut self) -> Result<i64> {
        self.final_seq.ok_or_else(|| {
            self.wants_books = true;
            let message = "the books are kept by those who waited for others".to_owned();
            Error::Storage { kind: StorageKind::Retry, message }
        })
    }

    fn give_back(&mut self) {
        drop(self.pooled.take());
    }

    fn connection(&mut self) -> Result<&mut sqlx::PgConnection> {
        self.pooled.as_deref_mut().ok_or_else(|| internal("the connection was given back"))
    }

    /// Remembers what makes the transaction worthless.
    fn note<T>(&mut self, outcome: std::result::Result<T, sqlx::Error>) -> Result<T> {
        outcome.map_err(|error| {
            let error = storage(error);
            if let Error::Storage { kind, message } = &error
                && self.failed.is_none()
            {
                self.failed = Some((kind.clone(), message.clone()));
            }
            error
        })
    }

    async fn raw(&mut self, text: SqlStr) -> Result<Vec<PgRow>> {
        let rows = sqlx::raw_sql(text).fetch_all(self.connection()?).await;
        self.note(rows)
    }

    pub(crate) async fn control(&mut self, text: &'static str) -> Result<()> {
        self.raw(text.into_sql_str()).await.map(drop)
    }

    pub(crate) async fn keep_part(&mut self) -> Result<()> {
        match self.failed.clone() {
            None => self.control("release part").await,
            // The part hid that a statement of it failed; the server has not forgotten.
            Some((kind, message)) => Err(Error::Storage { kind, message }),
        }
    }

    /// Takes the part back; a transaction that is lost as a whole stays lost.
    pub(crate) async fn undo_part(&mut self) -> Result<()> {
        if let Some((kind @ (StorageKind::Retry | StorageKind::Lost), message)) =
            self.failed.clone()
        {
            return Err(Error::Storage { kind, message });
        }
        self.failed = None;
        self.control("rollback to part; release part").await
    }

    pub(crate) async fn exec(&mut self, sql: &Sql) -> Result<u64> {
        let arguments = arguments(sql.binds())?;
        let query = sqlx::query_with(sql.to_driver(), arguments);
        let done = query.execute(self.connection()?).await;
        self.note(done).map(|done| done.rows_affected())
    }

    pub(crate) async fn each(
        &mut self,
        sql: &Sql,
        mut each: impl FnMut(&RowRef<'_, '_>) + Send,
    ) -> Result<()> {
        let arguments = arguments(sql.binds())?;
        let query = sqlx::query_with(sql.to_driver(), arguments);
        let mut rows = query.fetch(self.connection()?);
        let mut first = true;
        let outcome = loop {
            match rows.next().await {
                None => break Ok(()),
                Some(Err(error)) => break Err(error),
                Some(Ok(row)) => {
                    if std::mem::take(&mut first) {
                        check(&row)?;
                    }
                    each(&RowRef::Postgres(&row));
                }
            }
        };
        drop(rows);
        self.note(outcome)
    }

    pub(crate) async fn exec_each(&mut self, text: &str, rows: &[Vec<Cell>]) -> Result<()> {
        if let [row] = rows {
            let arguments = arguments(row)?;
            let query = sqlx::query_with(AssertSqlSafe(text.to_owned()), arguments);
            let done = query.execute(self.connection()?).await;
            return self.note(done).map(drop);
        }
        let many = match self.known.get(text) {
            Some(many) => many,
            None => self.learn(text).await?,
        };
        for rows in rows.chunks(ROWS_MAX) {
            let arguments = many.arguments(rows)?;
            let query = sqlx::query_with(AssertSqlSafe(many.text.clone()), arguments);
            let done = query.execute(self.connection()?).await;
            self.note(done)?;
        }
        Ok(())
    }

    /// Streams rows into a table.
    pub(crate) async fn fill(
        &mut self,
        table: &str,
        columns: &[&str],
        rows: &[Vec<Cell>],
    ) -> Result<()> {
        let statement = copy::statement(table, columns);
        let done = stream_in(self.connection()?, statement.as_str(), rows).await?;
        self.note(done)
    }

    async fn learn(&mut self, text: &str) -> Result<Arc<Many>> {
        let text_ = AssertSqlSafe(text.to_owned()).into_sql_str();
        let prepared = self.connection()?.prepare(text_).await;
        let prepared = self.note(prepared)?;
        let types = match prepared.parameters() {
            Some(sqlx::Either::Left(types)) => types,
            _ => &[],
        };
        Ok(self.known.put(text, Many::new(text, types)?))
    }

    /// The tables are others now: what is known of statements is not.
    pub(crate) fn forget(&mut self) {
        self.known.forget();
    }
}

/// The outer error is ours, the inner one the server's.
async fn stream_in(
    connection: &mut PgConnection,
    statement: &str,
    rows: &[Vec<Cell>],
) -> Result<sqlx::Result<()>> {
    let mut stream = match connection.copy_in_raw(statement).await {
        Ok(stream) => stream,
        Err(error) => return Ok(Err(error)),
    };
    let mut chunk = Vec::with_capacity(2 * copy::CHUNK);
    for row in rows {
        if let Err(error) = copy::line(row, &mut chunk) {
            // What the server says of the end that we asked for says nothing.
            let _ = stream.abort("a row could not be written").await;
            return Err(error);
        }
        if chunk.len() >= copy::CHUNK {
            if let Err(error) = stream.send(chunk.as_slice()).await {
                return Ok(Err(error));
            }
            chunk.clear();
        }
    }
    Ok(match stream.send(chunk.as_slice()).await {
        Ok(_) => stream.finish().await.map(drop),
        Err(error) => Err(error),
    })
}

impl Drop for Conn {
    /// A connection that is not known to be between two transactions does not go back to the others:
    /// it is closed, and the server takes back what was begun.
    fn drop(&mut self) {
        if let Some(pooled) = self.pooled.take() {
            drop(pooled.detach());
        }
    }
}
