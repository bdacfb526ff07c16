//! What a kernel does and how far it is behind, in figures for the operator: units of work, re-runs,
//! what waits, jobs, and how much of the ledger is rolled up and sealed.
//! Not here: how the figures are shown (`web::metrics`).

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use crate::db::Sql;
use crate::error::Result;
use crate::jobs::Load;
use crate::tx::Tx;
use crate::{Kernel, identity};

/// Counted since the start of the process.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    written: AtomicU64,
    read: AtomicU64,
    refused: AtomicU64,
    /// Raised by the engine each time it runs a unit of work once more.
    pub(crate) rerun: AtomicU64,
    waiting: AtomicI64,
    /// Raised by each transaction.
    pub(crate) statements: AtomicU64,
}

impl Counts {
    /// A unit of work has come; it counts as waiting until the answer is dropped.
    pub(crate) fn enter(&self, writes: bool) -> Waiting<'_> {
        let kind = if writes { &self.written } else { &self.read };
        kind.fetch_add(1, Ordering::Relaxed);
        self.waiting.fetch_add(1, Ordering::Relaxed);
        Waiting(self)
    }

    pub(crate) fn refused(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }
}

pub(crate) struct Waiting<'a>(&'a Counts);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

#[derive(Clone, Copy, Debug, Default, serde::Serialize)]
pub struct Figures {
    /// Units of work that may write, and that only read, since the start of the process.
    pub written: u64,
    pub read: u64,
    /// Of these, ended by a refusal or a failure.
    pub refused: u64,
    /// Runs of a unit of work beyond its first, since another was in the way.
    pub rerun: u64,
    /// Statements that were sent to the database.
    pub statements: u64,
    /// Asked for and not yet answered, now.
    pub waiting: i64,
    pub jobs: Load,
    pub ledger: Lag,
}

/// Sequences of entries: the last one posted, and how far rolling up and sealing have come.
#[derive(Clone, Copy, Debug, Default, serde::Serialize)]
pub struct Lag {
    pub posted: i64,
    pub rolled: i64,
    pub sealed: i64,
}

impl Kernel {
    /// The figures of now; asks the database for those of jobs and ledger.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn figures(&self) -> Result<Figures> {
        let jobs = self.job_load().await?;
        let ledger = self.read(&identity::kernel_itself(), |tx| Box::pin(lag(tx))).await?;
        let counts = &self.shared().counts;
        Ok(Figures {
            written: counts.written.load(Ordering::Relaxed),
            read: counts.read.load(Ordering::Relaxed),
            refused: counts.refused.load(Ordering::Relaxed),
            rerun: counts.rerun.load(Ordering::Relaxed),
            statements: counts.statements.load(Ordering::Relaxed),
            waiting: counts.waiting.load(Ordering::Relaxed),
            jobs,
            ledger,
        })
    }
}

async fn lag(tx: &mut Tx) -> Result<Lag> {
    let sql = Sql::text(
        "select coalesce((select max(seq) from ledger_entry), 0), \
         coalesce((select seq from ledger_mark where name = 'rolled'), 0), \
         coalesce((select seq from ledger_mark where name = 'sealed'), 0)",
    );
    let row = tx.row(sql).await?;
    Ok(row.map_or_else(Lag::default, |row| Lag {
        posted: row.int(0),
        rolled: row.int(1),
        sealed: row.int(2),
    }))
}
