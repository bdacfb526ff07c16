//! Work for later: rows written in the transaction that asked for it, run at least once, each in a
//! transaction of its own that also marks it done. A handler that only writes to the database
//! therefore takes effect exactly once.

mod waiting;

pub use waiting::{Waiting, Which, again, waiting};

use std::time::Duration;

use fondaco_values::{AnyId, Timestamp};
use tokio::task::JoinSet;

use crate::db::{Cell, Kind, Sql};
use crate::error::{Error, Result};
use crate::events::Event;
use crate::tx::Tx;
use crate::{Kernel, identity, import, ledger, plugins};

const ATTEMPTS_MAX: i64 = 12;
/// How long a server may be silent before another takes over its job.
const LEASE_S: i64 = 60;
/// A plugin may wait for somebody outside: longer than its call may take.
const PLUGIN_LEASE_S: i64 = 180;
const CLAIM_MAX: i64 = 16;
/// Jobs of plugins at the same time.
const PLUGINS_AT_ONCE: usize = 8;
/// The truth behind the wake-up call: looked for at least this often.
const POLL: Duration = Duration::from_secs(2);
/// How often what servers told each other is cleared away.
const SWEEP: Duration = Duration::from_secs(60);

/// Asks for a job to be run at `run_at` or later.
pub async fn enqueue(
    tx: &mut Tx,
    name: &str,
    payload: serde_json::Value,
    run_at: Timestamp,
) -> Result<AnyId> {
    let id = tx.new_id();
    let sql = Sql::text(
        "insert into job (id, name, payload, company, run_at) values ($1, $2, $3, $4, $5)",
    );
    let company = tx.ctx().company();
    let sql = sql.bind(id).bind(name).bind(payload.to_string()).bind(company).bind(run_at);
    tx.exec(sql).await?;
    tx.wake_jobs();
    Ok(id)
}

/// A job that is taken.
#[derive(Clone, Debug)]
pub(crate) struct Due {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) payload: String,
    pub(crate) company: i64,
    attempts: i64,
}

/// Whose jobs are taken: those of plugins may wait for others, and nothing waits for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whose {
    Ours,
    Plugins,
}

impl Whose {
    fn lease_s(self) -> i64 {
        match self {
            Whose::Ours => LEASE_S,
            Whose::Plugins => PLUGIN_LEASE_S,
        }
    }
}

impl Kernel {
    /// Runs jobs as they fall due and keeps the ledger rolled up and sealed, until the returned
    /// future is dropped.
    pub async fn work(&self) {
        let ctx = identity::kernel_itself();
        if self.closed_to_writing().is_some() {
            return std::future::pending().await;
        }
        let mut swept = None;
        let mut plugins = JoinSet::new();
        loop {
            let now = tokio::time::Instant::now();
            if swept.is_none_or(|at| now - at > SWEEP) {
                swept = Some(now);
                if let Err(error) = self.forget_told().await {
                    tracing::error!(%error, "what was told to other servers could not be cleared away");
                }
            }
            if let Err(error) =
                self.enter(Kind::Upkeep, &ctx, |tx| Box::pin(ledger::upkeep(tx))).await
            {
                tracing::error!(%error, "the ledger could not be kept up");
            }
            match self.run_some(&mut plugins).await {
                Ok(0) => {
                    let wake = self.shared().jobs.notified();
                    // Woken or not, the table is looked at.
                    tokio::select! {
                        _ = tokio::time::timeout(POLL, wake) => {}
                        Some(_) = plugins.join_next() => {}
                    }
                }
                Ok(_) => {}
                Err(error) => {
                    tracing::error!(%error, "jobs could not be taken");
                    tokio::time::sleep(POLL).await;
                }
            }
        }
    }

    /// Runs jobs of ours that are due, and begins some of plugins; answers how many.
    async fn run_some(&self, plugins: &mut JoinSet<()>) -> Result<usize> {
        self.keep_hours().await?;
        let ours = self.take(Whose::Ours, CLAIM_MAX).await?;
        for job in &ours {
            self.run_job(job.clone()).await?;
        }
        while plugins.try_join_next().is_some() {}
        let room = PLUGINS_AT_ONCE.saturating_sub(plugins.len());
        let theirs = match i64::try_from(room) {
            Ok(room) if room > 0 => self.take(Whose::Plugins, room).await?,
            _ => Vec::new(),
        };
        let begun = theirs.len();
        for job in theirs {
            let kernel = self.clone();
            plugins.spawn(async move {
                if let Err(error) = kernel.run_job(job).await {
                    tracing::error!(%error, "a job could not be put off");
                }
            });
        }
        Ok(ours.len() + begun)
    }

    /// Runs every job that is due now; answers how many ran, well or badly.
    pub async fn run_due_jobs(&self) -> Result<usize> {
        self.keep_hours().await?;
        let mut due = self.take(Whose::Ours, CLAIM_MAX).await?;
        due.extend(self.take(Whose::Plugins, CLAIM_MAX).await?);
        due.sort_by_key(|job| job.id);
        for job in &due {
            self.run_job(job.clone()).await?;
        }
        Ok(due.len())
    }

    async fn take(&self, whose: Whose, many: i64) -> Result<Vec<Due>> {
        let ctx = identity::kernel_itself();
        self.enter(Kind::Claim, &ctx, move |tx| Box::pin(claim(tx, whose, many))).await
    }

    /// Jobs waiting, failing and given up.
    pub async fn job_load(&self) -> Result<Load> {
        self.read(&identity::kernel_itself(), |tx| Box::pin(load(tx))).await
    }

    async fn run_job(&self, job: Due) -> Result<()> {
        let ctx = identity::service(self, "jobs", AnyId::new(job.company).cast())?;
        let outcome = match plugins::later::is_of_plugin(&job.name) {
            true => plugins::later::run(self, &ctx, &job).await,
            false => {
                let job = job.clone();
                self.run(&ctx, move |tx| {
                    let job = job.clone();
                    Box::pin(async move { run_one(tx, &job).await })
                })
                .await
            }
        };
        if let Err(error) = outcome {
            tracing::warn!(job = %job.name, attempt = job.attempts, %error, "a job failed");
            self.run(&ctx, move |tx| {
                let (job, error) = (job.clone(), error.to_string());
                Box::pin(async move { put_off(tx, &job, &error).await })
            })
            .await?;
        }
        Ok(())
    }
}

async fn claim(tx: &mut Tx, whose: Whose, many: i64) -> Result<Vec<Due>> {
    let now = tx.now().as_microsecond();
    let sql = Sql::new()
        .lit("update job set attempts = attempts + 1, lease_until = ")
        .arg(now + whose.lease_s() * 1_000_000)
        .lit(" where id in (select id from job where done_at is null and dead_at is null")
        .lit(" and run_at <= ")
        .arg(now)
        .lit(" and (lease_until is null or lease_until < ")
        .arg(now)
        .lit(")")
        .lit(match whose {
            Whose::Ours => " and substr(name, 1, 7) <> 'plugin:'",
            Whose::Plugins => " and substr(name, 1, 7) = 'plugin:'",
        });
    // Work of modules that are off waits for their return.
    let resting = tx.registry().resting_jobs();
    let sql = match resting.is_empty() {
        true => sql,
        false => {
            let (open, close) = tx.dialect().in_array();
            sql.lit(" and not (name").lit(open).arg(Cell::Texts(resting)).lit(close).lit(")")
        }
    };
    let sql = sql
        .lit(" order by run_at, id limit ")
        .arg(many)
        .lit(tx.dialect().skip_locked())
        .lit(") returning id, name, payload, company, attempts");
    let mut due: Vec<Due> = tx
        .rows(sql)
        .await?
        .iter()
        .map(|row| Due {
            id: row.int(0),
            name: row.str(1).to_owned(),
            payload: row.str(2).to_owned(),
            company: row.int(3),
            attempts: row.int(4),
        })
        .collect();
    due.sort_by_key(|job| job.id);
    Ok(due)
}

async fn run_one(tx: &mut Tx, job: &Due) -> Result<()> {
    let registry = tx.shared().registry().of_job(AnyId::new(job.company), &job.name);
    tx.work_with(registry.clone());
    let payload: serde_json::Value = serde_json::from_str(&job.payload)
        .map_err(|e| Error::internal(format!("job {}: {e}", job.name)))?;
    if let Some(hear) = registry.subscriber(&job.name) {
        let event: Event = serde_json::from_value(payload)
            .map_err(|e| Error::internal(format!("job {}: {e}", job.name)))?;
        hear(tx, &event).await?;
    } else if let Some(run) = registry.job(&job.name) {
        run(tx, &payload).await?;
    } else if job.name == import::held::JOB {
        import::held::step(tx, &payload).await?;
    } else {
        return Err(Error::internal(format!("nobody runs the job {}", job.name)));
    }
    done(tx, job).await
}

/// Marks a job as done, in the transaction in which it was.
///
/// # Errors
/// `Conflict` when somebody else has done it.
pub(crate) async fn done(tx: &mut Tx, job: &Due) -> Result<()> {
    let done = Sql::text("update job set done_at = $1 where id = $2 and done_at is null");
    match tx.exec(done.bind(tx.now()).bind(job.id)).await? {
        1 => Ok(()),
        _ => Err(Error::Conflict {
            code: "job_done",
            message: "The job was done by another.".into(),
        }),
    }
}

/// Tries again later, twice as long each time, and gives up in the end, visibly.
async fn put_off(tx: &mut Tx, job: &Due, error: &str) -> Result<()> {
    let wait_s = 1_i64 << job.attempts.min(12);
    let now = tx.now().as_microsecond();
    let dead = (job.attempts >= ATTEMPTS_MAX).then_some(now);
    let sql = Sql::text(
        "update job set run_at = $1, lease_until = null, last_error = $2, dead_at = $3 \
         where id = $4 and done_at is null",
    );
    let sql = sql.bind(now + wait_s * 1_000_000).bind(error).bind(dead).bind(job.id);
    tx.exec(sql).await.map(drop)
}

/// Jobs waiting, failing and given up, for the operator.
#[derive(Clone, Copy, Debug, Default, serde::Serialize)]
pub struct Load {
    pub waiting: i64,
    pub failing: i64,
    pub dead: i64,
}

async fn load(tx: &mut Tx) -> Result<Load> {
    let sql = Sql::text(
        "select count(*), coalesce(sum(case when last_error is null then 0 else 1 end), 0) \
         from job where done_at is null and dead_at is null",
    );
    let open = tx.row(sql).await?;
    let dead = tx.row(Sql::text("select count(*) from job where dead_at is not null")).await?;
    Ok(Load {
        waiting: open.as_ref().map_or(0, |row| row.int(0)),
        failing: open.as_ref().map_or(0, |row| row.int(1)),
        dead: dead.map_or(0, |row| row.int(0)),
    })
}
