//! Jobs as administrators see them: what waits, what fails and why, what was given up; and the word to
//! try one again now.

use fondaco_values::{AnyId, Timestamp};
use serde::Serialize;
use serde_json::{Map, json};

use crate::audit;
use crate::db::{Row, Sql};
use crate::error::{Error, Result};
use crate::permissions::{Office, Right, administers};
use crate::tx::Tx;

/// Jobs on one page.
const PAGE: i64 = 50;

/// Which jobs are asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Which {
    /// Everything that is not done.
    #[default]
    Open,
    /// Tried at least once without success; tried again by itself.
    Failing,
    /// Not tried any more until somebody says so.
    GivenUp,
}

/// One job that is not done.
#[derive(Clone, Debug, Serialize)]
pub struct Waiting {
    pub id: AnyId,
    pub name: String,
    pub company: AnyId,
    /// When it is tried next, unless it was given up.
    pub run_at: Timestamp,
    pub attempts: i64,
    /// Why it failed last.
    pub error: Option<String>,
    pub given_up_at: Option<Timestamp>,
}

/// Jobs of the caller's companies, the newest first, behind one that was shown before; and where to go
/// on.
///
/// # Errors
/// `Forbidden` for whoever is no administrator.
pub async fn waiting(
    tx: &mut Tx,
    which: Which,
    after: Option<AnyId>,
) -> Result<(Vec<Waiting>, Option<AnyId>)> {
    administers(tx.ctx(), Office::Jobs, Right::Read)?;
    let sql = Sql::new()
        .lit("select id, name, company, run_at, attempts, last_error, dead_at from job where done_at is null")
        .lit(match which {
            Which::Open => "",
            Which::Failing => " and last_error is not null and dead_at is null",
            Which::GivenUp => " and dead_at is not null",
        });
    let sql = own(tx, sql);
    let sql = match after {
        Some(after) => sql.lit(" and id < ").arg(after),
        None => sql,
    };
    let rows = tx.rows(sql.lit(" order by id desc limit ").arg(PAGE + 1)).await?;
    let mut found: Vec<Waiting> = rows.iter().map(read).collect();
    let more = found.len() > PAGE as usize;
    found.truncate(PAGE as usize);
    let next = found.last().filter(|_| more).map(|last| last.id);
    Ok((found, next))
}

/// Only jobs of companies that the caller works in.
fn own(tx: &Tx, sql: Sql) -> Sql {
    let companies: Vec<i64> = tx.ctx().actor().companies().iter().map(|id| id.raw()).collect();
    let (open, close) = tx.dialect().in_array();
    sql.lit(" and company").lit(open).arg(companies).lit(close)
}

fn read(row: &Row) -> Waiting {
    let time = |us| Timestamp::from_microsecond(us).unwrap_or(Timestamp::UNIX_EPOCH);
    Waiting {
        id: row.id::<()>(0).any(),
        name: row.str(1).to_owned(),
        company: row.id::<()>(2).any(),
        run_at: time(row.int(3)),
        attempts: row.int(4),
        error: row.opt_str(5).map(str::to_owned),
        given_up_at: row.opt_int(6).map(time),
    }
}

/// Has a job tried again now, with all its attempts before it; written down.
///
/// # Errors
/// `NotFound` for one that is done, or of another company; `Forbidden` for whoever is no administrator.
pub async fn again(tx: &mut Tx, job: AnyId) -> Result<()> {
    administers(tx.ctx(), Office::Jobs, Right::Write)?;
    let sql = Sql::new()
        .lit("update job set attempts = 0, lease_until = null, dead_at = null, run_at = ")
        .arg(tx.now())
        .lit(" where done_at is null and id = ")
        .arg(job);
    let sql = own(tx, sql);
    if tx.exec(sql).await? == 0 {
        return Err(Error::not_found("job", job));
    }
    let mut changes = Map::new();
    changes.insert("run_at".to_owned(), json!([null, tx.now().to_string()]));
    let entry = audit::Entry { record: job, action: "again".to_owned(), changes };
    audit::write_of(tx, Office::Jobs.name(), entry);
    tx.wake_jobs();
    Ok(())
}
