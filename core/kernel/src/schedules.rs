//! What runs by itself at certain hours: in each company by its own time zone, once however many servers
//! there are, also after a restart. Hours that passed while nobody was there are made up for by one run.
//! Not here: how hours are written (`schema::schedule`), running what falls due (`jobs`).
//! INVARIANT: a run is asked for in the transaction that says when the next one is.

use std::collections::HashMap;

use fondaco_schema::schedule::Schedule;
use fondaco_values::{AnyId, Id, Problem, Timestamp};
use jiff::tz::TimeZone;
use serde_json::json;

use crate::db::Sql;
use crate::error::{Result, refuse_if_any};
use crate::model::Saving;
use crate::shared::Company;
use crate::tx::Tx;
use crate::{Kernel, identity, jobs, plugins};

/// A job in one company, and when it runs next.
struct Due {
    job: String,
    hours: String,
    company: Id<Company>,
    /// When it should have run; `None` when it is new, or its hours are.
    since: Option<Timestamp>,
    next: Timestamp,
    is_known: bool,
}

impl Kernel {
    /// Asks for every run that has fallen due.
    pub(crate) async fn keep_hours(&self) -> Result<()> {
        let jobs = plugins::later::with_hours(self.shared().plugins.as_ref());
        if jobs.is_empty() {
            return Ok(());
        }
        let ctx = identity::kernel_itself();
        let wanted = jobs.clone();
        let some = self.read(&ctx, move |tx| {
            let wanted = wanted.clone();
            Box::pin(async move { Ok(!due(tx, &wanted).await?.is_empty()) })
        });
        if !some.await? {
            return Ok(());
        }
        let asked = self.run(&ctx, move |tx| {
            let jobs = jobs.clone();
            Box::pin(async move {
                for due in due(tx, &jobs).await? {
                    ask(tx, due).await?;
                }
                Ok(())
            })
        });
        asked.await
    }
}

/// What has to be asked for, or written down for the first time.
async fn due(tx: &mut Tx, jobs: &[(String, String)]) -> Result<Vec<Due>> {
    let now = tx.now();
    let known = tx.rows(Sql::text("select job, company, hours, next_at from schedule")).await?;
    let known: HashMap<(&str, i64), (&str, i64)> =
        known.iter().map(|row| ((row.str(0), row.int(1)), (row.str(2), row.int(3)))).collect();
    let companies = Sql::text("select id, time_zone from company where active = 1 order by id");
    let mut found = Vec::new();
    for company in tx.rows(companies).await? {
        let (id, zone) = (company.id::<Company>(0), zone(company.opt_str(1)));
        for (job, hours) in jobs {
            let before = known.get(&(job.as_str(), id.raw()));
            let same = before.filter(|(own, _)| own == hours);
            let since = same.and_then(|(_, at)| Timestamp::from_microsecond(*at).ok());
            if since.is_some_and(|since| since > now) {
                continue;
            }
            // Manifests were checked: hours that cannot be read are nobody's.
            let next = Schedule::read(hours).ok().and_then(|hours| hours.next_after(now, &zone));
            let Some(next) = next else { continue };
            let (job, hours) = (job.clone(), hours.clone());
            found.push(Due { job, hours, company: id, since, next, is_known: before.is_some() });
        }
    }
    Ok(found)
}

async fn ask(tx: &mut Tx, due: Due) -> Result<()> {
    let Due { job, hours, company, since, next, is_known } = due;
    let sql = match is_known {
        true => "update schedule set hours = $1, next_at = $2 where job = $3 and company = $4",
        false => "insert into schedule (hours, next_at, job, company) values ($1, $2, $3, $4)",
    };
    let sql = Sql::text(sql).bind(hours).bind(next).bind(job.as_str()).bind(company);
    tx.exec(sql).await?;
    let Some(since) = since else { return Ok(()) };
    let before = tx.move_to(company).await?;
    let asked =
        jobs::enqueue(tx, &job, json!({ "scheduled_at": since.to_string() }), tx.now()).await;
    tx.move_to(before).await?;
    asked.map(|_: AnyId| ())
}

/// UTC where a company names none.
fn zone(name: Option<&str>) -> TimeZone {
    name.and_then(|name| TimeZone::get(name).ok()).unwrap_or(TimeZone::UTC)
}

/// A company is in a time zone that there is.
pub(crate) fn before_save(batch: &[Saving]) -> Result<()> {
    let wrong = batch.iter().filter(|saving| {
        saving.value("time_zone").as_text().is_some_and(|name| TimeZone::get(name).is_err())
    });
    let problem = |saving: &Saving| {
        let name = saving.value("time_zone").as_text().unwrap_or_default().to_owned();
        let message = format!("There is no time zone {name}: they are called as Europe/Rome is.");
        Problem::new("time_zone", "unknown_time_zone", message).arg("name", name)
    };
    refuse_if_any(wrong.map(problem).collect())
}
