//! One database transaction and what belongs to it: the caller, the hour, new ids, the ports,
//! the events. Everything that a unit of work may use of the world comes through here.
//! Not here: how a transaction is begun and committed (`kernel`, `db`).

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use fondaco_schema::Schema;
use fondaco_values::{AnyId, Date, Id, Timestamp};

use crate::Ctx;
use crate::db::{Cell, Conn, Dialect, Row, Sql};
use crate::error::{Error, Result};
use crate::in_force::{Stamp, Version};
use crate::kept::Kept;
use crate::kernel::Shared;
use crate::module::Registry;
use crate::plugins::Turn;
use crate::ports::Ports;
use crate::record::Rec;
use crate::shared::Company;
use crate::{audit, hearing, identity, marks, numbers};

/// A future of kernel work: boxed, so that traits of it stay plain, and re-runnable by its maker.
pub type Fut<'t, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 't>>;

pub struct Tx {
    conn: Conn,
    pub(crate) ctx: Ctx,
    shared: Arc<Shared>,
    registry: Arc<Registry>,
    now: Timestamp,
    /// What the database said of itself when this began.
    stamp: Option<Stamp>,
    effects: Effects,
    pending_numbers: Vec<(String, AnyId)>,
    /// Rows of the audit that are not written yet.
    pub(crate) pending_audit: Vec<Vec<Cell>>,
    /// What plugins have used of it.
    pub(crate) turn: Turn,
    statements: u64,
    kept: Kept,
    /// An id was asked for that this process may not give: nothing of this is kept.
    without_ids: AtomicBool,
}

/// What the rest of the process is told after the commit, and only then.
#[derive(Default)]
pub(crate) struct Effects {
    pub(crate) jobs: bool,
    /// Who somebody is was changed.
    pub(crate) callers: bool,
    pub(crate) changes: Vec<Changed>,
    /// The schema that this transaction brought the tables to.
    pub(crate) applied: Option<(Version, Arc<Registry>)>,
}

/// A record changed; open screens and streams hear of it.
#[derive(Clone, Debug)]
pub struct Changed {
    pub model: String,
    pub id: AnyId,
    pub company: AnyId,
    pub event: String,
    /// Of a record that was deleted: only who could see it hears of it.
    pub gone: Option<Gone>,
}

/// A record that was deleted.
#[derive(Clone, Debug)]
pub enum Gone {
    /// By this process, as it was last.
    Here(Arc<Rec>),
    /// By another one, which does not say what it was.
    Elsewhere,
}

impl Tx {
    pub(crate) fn begin(conn: Conn, ctx: Ctx, shared: Arc<Shared>) -> Tx {
        let (registry, now) = (shared.registry().seen_by(&ctx), shared.clock.now());
        Tx {
            conn,
            ctx,
            registry,
            now,
            shared,
            stamp: None,
            effects: Effects::default(),
            pending_numbers: Vec::new(),
            pending_audit: Vec::new(),
            turn: Turn::default(),
            statements: 0,
            kept: Kept::default(),
            without_ids: AtomicBool::new(false),
        }
    }

    pub(crate) fn end(self) -> (Conn, Effects) {
        (self.conn, self.effects)
    }

    pub fn ctx(&self) -> &Ctx {
        &self.ctx
    }

    /// The hour of this transaction: one for all it does.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// The business date, in UTC.
    pub fn today(&self) -> Date {
        self.now.to_zoned(jiff::tz::TimeZone::UTC).date()
    }

    /// A new id: 64 bits, in order of time, never given twice.
    pub fn new_id<M>(&self) -> Id<M> {
        let id = self.shared.ids.next(self.now);
        Id::new(id.unwrap_or_else(|| {
            self.without_ids.store(true, Ordering::Relaxed);
            i64::MAX
        }))
    }

    /// Random bytes, from the seed of the run where there is one.
    pub fn random<const N: usize>(&self) -> Result<[u8; N]> {
        self.shared.random()
    }

    pub fn schema(&self) -> &Arc<Schema> {
        &self.registry.schema
    }

    pub fn registry(&self) -> &Arc<Registry> {
        &self.registry
    }

    /// What the enabled modules do for each other.
    pub fn ports(&self) -> Ports {
        self.registry.ports.clone()
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Has the document number of a record drawn at the end, when nothing can fail any more.
    pub(crate) fn number_later(&mut self, model: &str, id: AnyId) {
        self.pending_numbers.push((model.to_owned(), id));
    }

    pub(crate) fn take_pending_numbers(&mut self) -> Vec<(String, AnyId)> {
        std::mem::take(&mut self.pending_numbers)
    }

    pub(crate) fn tell(&mut self, changed: Changed) {
        self.effects.changes.push(changed);
    }

    /// The tables are at another version once this is committed.
    pub(crate) fn applied(&mut self, version: Version, registry: Arc<Registry>) {
        self.shared.in_force.keep(registry.clone());
        self.effects.applied = Some((version, registry));
    }

    pub(crate) fn wake_jobs(&mut self) {
        self.effects.jobs = true;
    }

    /// Draws the document numbers that are owed to records of this transaction now, so that an answer
    /// can show them. For the last reading of a unit of work: whoever else draws from these series
    /// waits from here on.
    pub async fn draw_numbers(&mut self) -> Result<()> {
        numbers::draw_pending(self).await
    }

    /// Works on with another schema.
    pub(crate) fn adopt(&mut self, registry: Arc<Registry>) {
        self.work_with(registry.seen_by(&self.ctx));
    }

    /// Works on with exactly this registry. What was read before has the fields of another.
    pub(crate) fn work_with(&mut self, registry: Arc<Registry>) {
        self.registry = registry;
        self.kept.forget();
    }

    /// The last steps of every unit of work, before the commit.
    ///
    /// # Errors
    /// `Closed` when this process has given its number back meanwhile, and may give no ids.
    pub(crate) async fn finish(&mut self) -> Result<()> {
        if self.without_ids.load(Ordering::Relaxed) {
            return Err(Error::Closed);
        }
        audit::flush(self).await?;
        if self.effects.callers {
            let change = self.new_id::<()>().to_string();
            marks::put(self, identity::CHANGED, &change).await?;
        }
        let changes = std::mem::take(&mut self.effects.changes);
        hearing::tell(self, &changes).await?;
        self.effects.changes = changes;
        self.draw_numbers().await?;
        match self.without_ids.load(Ordering::Relaxed) {
            true => Err(Error::Closed),
            false => Ok(()),
        }
    }
}

impl Tx {
    /// Tries a part of the work: when it fails, only that part is taken back and the rest goes on.
    ///
    /// # Errors
    /// The outer result fails when the transaction itself is lost; the inner one is the part's own.
    pub async fn attempt<T>(
        &mut self,
        part: impl for<'t> FnOnce(&'t mut Tx) -> Fut<'t, T> + Send,
    ) -> Result<Result<T>> {
        // What was noted before must not go when the part does.
        audit::flush(self).await?;
        self.conn.begin_part().await?;
        let numbers = self.pending_numbers.len();
        let (jobs, changes) = (self.effects.jobs, self.effects.changes.len());
        let outcome = part(self).await;
        if outcome.is_ok() {
            self.conn.keep_part().await?;
        } else {
            self.conn.undo_part().await?;
            self.kept.forget();
            self.pending_numbers.truncate(numbers);
            self.pending_audit.clear();
            self.effects.jobs = jobs;
            self.effects.changes.truncate(changes);
        }
        Ok(outcome)
    }
}

/// Statements. Only the kernel's own rooms get here.
impl Tx {
    pub(crate) fn dialect(&self) -> Dialect {
        self.conn.dialect()
    }

    /// The last sequence of the ledger behind which none is on its way; `None` where there is one
    /// writer, who knows it by the last one he gave.
    pub(crate) fn final_seq(&mut self) -> Result<Option<i64>> {
        match &mut self.conn {
            Conn::Sqlite(_) => Ok(None),
            Conn::Postgres(conn) => conn.final_seq().map(Some),
        }
    }

    /// What the engine read of the database's stamp as it began, once; `None` where it did not.
    pub(crate) fn take_stamp(&mut self) -> Option<Option<Stamp>> {
        match &mut self.conn {
            Conn::Sqlite(_) => None,
            Conn::Postgres(conn) => conn.take_stamp(),
        }
    }

    pub(crate) fn stamped(&mut self, stamp: Stamp) {
        self.stamp = Some(stamp);
    }

    /// What the database said of itself when this began; `None` while it is opened or planned for.
    pub(crate) fn stamp(&self) -> Option<&Stamp> {
        self.stamp.as_ref()
    }

    /// Works on in a company that was made in this transaction, or that the kernel sees to; answers
    /// the one worked in before, to be put back.
    pub(crate) async fn move_to(&mut self, company: Id<Company>) -> Result<Id<Company>> {
        if let Conn::Postgres(conn) = &mut self.conn {
            conn.widen(company.raw()).await?;
        }
        Ok(std::mem::replace(&mut self.ctx.company, company))
    }

    /// Goes out of the wall between companies as long as this part of the work runs: for what is one
    /// for all of them. Who may ask for it has been checked.
    pub(crate) async fn across_companies<T>(
        &mut self,
        work: impl for<'t> FnOnce(&'t mut Tx) -> Fut<'t, T> + Send,
    ) -> Result<T> {
        self.pass_the_wall(true).await?;
        let outcome = work(self).await;
        let back = self.pass_the_wall(false).await;
        // What failed inside has made an end of the transaction, or is the caller's to hear first.
        outcome.and_then(|value| back.map(|()| value))
    }

    async fn pass_the_wall(&mut self, out: bool) -> Result<()> {
        match &mut self.conn {
            Conn::Sqlite(_) => Ok(()),
            Conn::Postgres(conn) => conn.pass_the_wall(out).await,
        }
    }

    /// The tables are others now.
    pub(crate) fn forget_statements(&mut self) {
        if let Conn::Postgres(conn) = &mut self.conn {
            conn.forget();
        }
    }

    /// Statements run so far in this transaction.
    pub fn statements(&self) -> u64 {
        self.statements
    }

    fn heed(&mut self, text: &str) {
        self.statements += 1;
        self.shared.counts.statements.fetch_add(1, Ordering::Relaxed);
        self.kept.heed(text);
        self.effects.callers |= identity::changes_callers(text);
    }

    /// What this transaction has read.
    pub(crate) fn kept(&mut self) -> &mut Kept {
        &mut self.kept
    }

    /// Reads rows of masters, unless they were read before.
    pub(crate) async fn kept_rows(&mut self, sql: Sql) -> Result<Arc<Vec<Row>>> {
        if let Some(rows) = self.kept().answer(&sql) {
            return Ok(rows);
        }
        let rows = Arc::new(self.rows(sql.clone()).await?);
        self.kept.keep(&sql, &rows);
        Ok(rows)
    }

    /// Runs a statement; answers how many rows it changed.
    pub(crate) async fn exec(&mut self, sql: Sql) -> Result<u64> {
        self.heed(sql.as_str());
        self.conn.exec(&sql).await
    }

    pub(crate) async fn rows(&mut self, sql: Sql) -> Result<Vec<Row>> {
        self.heed(sql.as_str());
        self.conn.rows(&sql).await
    }

    /// A row that is read for the transaction's own sake and not counted among its statements.
    pub(crate) async fn aside(&mut self, sql: Sql) -> Result<Option<Row>> {
        Ok(self.conn.rows(&sql).await?.into_iter().next())
    }

    pub(crate) async fn row(&mut self, sql: Sql) -> Result<Option<Row>> {
        Ok(self.rows(sql).await?.into_iter().next())
    }

    /// Reads an answer row by row without keeping it.
    pub(crate) async fn each(
        &mut self,
        sql: Sql,
        each: impl FnMut(&crate::db::RowRef<'_, '_>) + Send,
    ) -> Result<()> {
        self.heed(sql.as_str());
        self.conn.each(&sql, each).await
    }

    /// The same, given up after so many thousand steps of the engine's machine: `false` then.
    pub(crate) async fn each_within(
        &mut self,
        sql: Sql,
        thousand_steps: usize,
        each: impl FnMut(&crate::db::RowRef<'_, '_>) + Send,
    ) -> Result<bool> {
        self.heed(sql.as_str());
        self.conn.each_within(&sql, thousand_steps, each).await
    }

    /// One statement for many rows of values.
    pub(crate) async fn exec_each(&mut self, text: &str, rows: &[Vec<Cell>]) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        self.heed(text);
        self.conn.exec_each(text, rows).await
    }

    /// Puts rows into a table that nobody has read yet.
    pub(crate) async fn fill(
        &mut self,
        table: &str,
        columns: &[&str],
        rows: &[Vec<Cell>],
    ) -> Result<()> {
        self.conn.fill(table, columns, rows).await
    }

    /// Inserts rows into a table of the kernel.
    pub(crate) async fn insert_rows(
        &mut self,
        table: &'static str,
        columns: &'static [&'static str],
        rows: &[Vec<Cell>],
    ) -> Result<()> {
        self.exec_each(Sql::insert(table, columns).as_str(), rows).await
    }

    /// A copy of the whole database into a new file.
    pub(crate) fn copy_to(&mut self, path: &std::path::Path) -> Result<()> {
        self.conn.copy_to(path)
    }
}
