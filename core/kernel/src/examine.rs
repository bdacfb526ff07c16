//! What a doctor asks of a database that he only looks at: its engine, the steps of the kernel's own
//! tables, the newest hour in it, the jobs that do not get done.
//! Not here: the ledger (`soundness`), what the findings mean for an operator (the server).

use fondaco_values::Timestamp;
use serde::Serialize;

use crate::db::{Sql, engine_version, released_steps};
use crate::error::Result;
use crate::jobs::Load;
use crate::kernel::Kernel;
use crate::tx::Tx;
use crate::{figures, identity};

/// Kinds of jobs that are told at most.
const JOBS_MAX: i64 = 20;

#[derive(Clone, Debug, Default, Serialize)]
pub struct Examined {
    /// The engine and its version.
    pub engine: String,
    /// Steps of the kernel's own tables that this program has and the database has not.
    pub steps_pending: Vec<String>,
    /// Steps that the database has and this program does not know: it was made by a newer one.
    pub steps_unknown: Vec<String>,
    /// The newest hour that anything in the database bears.
    pub newest: Option<Timestamp>,
    pub load: Load,
    pub ledger: figures::Lag,
    pub jobs: Vec<Stuck>,
    /// Since when the job has been due that waits longest; `None` = none is due.
    pub overdue_since: Option<Timestamp>,
}

/// Jobs of one name that failed, and what the last of them said.
#[derive(Clone, Debug, Serialize)]
pub struct Stuck {
    pub name: String,
    pub failing: i64,
    pub dead: i64,
    pub last_error: String,
}

/// # Errors
/// When the database does not answer, or is none of ours.
pub async fn look(kernel: &Kernel) -> Result<Examined> {
    let figures = kernel.figures().await?;
    let mut examined = kernel.read(&identity::kernel_itself(), |tx| Box::pin(examine(tx))).await?;
    (examined.load, examined.ledger) = (figures.jobs, figures.ledger);
    Ok(examined)
}

async fn examine(tx: &mut Tx) -> Result<Examined> {
    let done = Sql::text("select name from migration where name like '0%' order by name");
    let done: Vec<String> = tx.rows(done).await?.iter().map(|row| row.str(0).to_owned()).collect();
    let released = released_steps();
    let newest = Sql::text(
        "select max(at) from (select max(at) as at from audit \
         union all select max(posted_at) from ledger_entry \
         union all select max(started_at) from identity_session) as newest",
    );
    let newest = tx.row(newest).await?.and_then(|row| row.opt_int(0));
    let stuck = Sql::text(
        "select name, sum(case when dead_at is null then 1 else 0 end), \
         sum(case when dead_at is null then 0 else 1 end), max(last_error) from job \
         where done_at is null and last_error is not null group by name order by name limit $1",
    );
    let stuck = tx.rows(stuck.bind(JOBS_MAX)).await?;
    let now = tx.now();
    let overdue = Sql::text(
        "select min(run_at) from job where done_at is null and dead_at is null \
         and run_at <= $1 and (lease_until is null or lease_until < $1)",
    );
    let overdue = tx.row(overdue.bind(now)).await?.and_then(|row| row.opt_int(0));
    let hour = |us: i64| Timestamp::from_microsecond(us).ok();
    Ok(Examined {
        engine: engine_version(tx).await?,
        steps_pending: less(released.iter().copied(), &done),
        steps_unknown: less(done.iter().map(String::as_str), &released),
        newest: newest.and_then(hour),
        jobs: stuck
            .iter()
            .map(|row| Stuck {
                name: row.str(0).to_owned(),
                failing: row.int(1),
                dead: row.int(2),
                last_error: row.opt_str(3).unwrap_or_default().to_owned(),
            })
            .collect(),
        overdue_since: overdue.and_then(hour),
        ..Examined::default()
    })
}

fn less<'a, T: AsRef<str>>(of: impl Iterator<Item = &'a str>, known: &[T]) -> Vec<String> {
    of.filter(|name| known.iter().all(|k| k.as_ref() != *name)).map(str::to_owned).collect()
}
