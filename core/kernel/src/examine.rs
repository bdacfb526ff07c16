//! What a doctor asks of a database that he only looks at: its engine, the steps of the kernel's own
//! tables, the newest hour in it, the jobs that do not get done.
//! Not here: the ledger (`soundness`), what the findings mean for an operator (the server).

use fondaco_values::Timestamp;
use serde::Serialize;

use crate::db::{Dialect, Sql, engine_version, released_steps};
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
    pub wall: Wall,
    /// Languages that its users read and its customers are written to in.
    pub languages: Vec<String>,
    /// Since when the job has been due that waits longest; `None` = none is due.
    pub overdue_since: Option<Timestamp>,
}

/// The wall between companies that a database server keeps beside the rights.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Wall {
    /// The engine has none: the file belongs to the program.
    #[default]
    None,
    Stands,
    /// The login may not make the role that transactions would run as.
    NoRole {
        role: String,
        login: String,
    },
    /// Tables that it is not around yet; the next start sees to it.
    Open(Vec<String>),
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

async fn wall(tx: &mut Tx) -> Result<Wall> {
    if tx.dialect() == Dialect::Sqlite {
        return Ok(Wall::None);
    }
    let known = Sql::text("select to_regprocedure('fo_wall()') is not null");
    if !tx.row(known).await?.is_some_and(|row| row.flag(0)) {
        return Ok(Wall::Open(vec!["all".to_owned()]));
    }
    let role = Sql::text("select fo_desk(), cast(session_user as text) where not fo_desk_stands()");
    if let Some(row) = tx.row(role).await? {
        return Ok(Wall::NoRole { role: row.str(0).to_owned(), login: row.str(1).to_owned() });
    }
    let open = tx.rows(Sql::text("select fo_open()")).await?;
    Ok(match open.is_empty() {
        true => Wall::Stands,
        false => Wall::Open(open.iter().map(|row| row.str(0).to_owned()).collect()),
    })
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
    let languages = Sql::text(
        "select language from \"user\" where language is not null \
         union select language from party where language is not null order by 1",
    );
    let languages = tx.rows(languages).await?;
    let hour = |us: i64| Timestamp::from_microsecond(us).ok();
    Ok(Examined {
        engine: engine_version(tx).await?,
        steps_pending: less(released.iter().copied(), &done),
        steps_unknown: less(done.iter().map(String::as_str), &released),
        newest: newest.and_then(hour),
        wall: wall(tx).await?,
        jobs: stuck
            .iter()
            .map(|row| Stuck {
                name: row.str(0).to_owned(),
                failing: row.int(1),
                dead: row.int(2),
                last_error: row.opt_str(3).unwrap_or_default().to_owned(),
            })
            .collect(),
        languages: languages.iter().map(|row| row.str(0).to_owned()).collect(),
        overdue_since: overdue.and_then(hour),
        ..Examined::default()
    })
}

fn less<'a, T: AsRef<str>>(of: impl Iterator<Item = &'a str>, known: &[T]) -> Vec<String> {
    of.filter(|name| known.iter().all(|k| k.as_ref() != *name)).map(str::to_owned).collect()
}
