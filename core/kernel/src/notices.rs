//! What somebody should look at: activities of his that are due; for administrators jobs that were given up
//! and calls of plugins that failed. Found anew each time, with his rights; what he has read is a moment.
//! Not here: what happened to one record (`timeline`, `audit`).

use fondaco_values::{AnyId, Date, Timestamp};
use jiff::tz::TimeZone;
use serde::Serialize;

use crate::db::Sql;
use crate::error::{Error, Result};
use crate::jobs::{self, Which};
use crate::permissions::{Office, Right, administers};
use crate::records::{self, Query};
use crate::{Tx, marks};

/// Of each kind.
const SHOWN_MAX: usize = 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Activity,
    Job,
    Plugin,
}

#[derive(Clone, Debug, Serialize)]
pub struct Notice {
    pub kind: Kind,
    pub title: String,
    pub at: Timestamp,
    /// Since he looked last.
    pub unread: bool,
    /// The record that it is about: its model and id.
    pub on: Option<(String, AnyId)>,
    /// The plugin that it is about.
    pub plugin: Option<String>,
}

/// The caller's, the newest first.
///
/// # Errors
/// When the database does not answer.
pub async fn of_caller(tx: &mut Tx) -> Result<Vec<Notice>> {
    let seen = marks::get(tx, &place(tx)?).await?.and_then(|text| text.parse::<Timestamp>().ok());
    let mut found = due(tx).await?;
    if administers(tx.ctx(), Office::Jobs, Right::Read).is_ok() {
        found.extend(given_up(tx).await?);
    }
    if administers(tx.ctx(), Office::Plugins, Right::Read).is_ok() {
        found.extend(failed(tx).await?);
    }
    for notice in &mut found {
        notice.unread = seen.is_none_or(|seen| notice.at > seen);
    }
    found.sort_by_key(|notice| std::cmp::Reverse(notice.at));
    Ok(found)
}

/// All that is there by now was read.
///
/// # Errors
/// `Forbidden` for whoever is no user.
pub async fn read_all(tx: &mut Tx) -> Result<()> {
    let (place, now) = (place(tx)?, tx.now().to_string());
    marks::put(tx, &place, &now).await
}

fn place(tx: &Tx) -> Result<String> {
    let user = tx.ctx().actor().user().ok_or_else(|| Error::Forbidden {
        what: "be told anything".to_owned(),
        missing: "only a user is".to_owned(),
    })?;
    Ok(format!("notices:{user}"))
}

/// Activities that are due today or were before. They count from the day they are due, or from when they
/// were made, if that was later.
async fn due(tx: &mut Tx) -> Result<Vec<Notice>> {
    let today = tx.today();
    let query = Query {
        filter: Some(format!("!done && assigned == actor.user && due <= date(\"{today}\")")),
        sort: vec!["-due".to_owned()],
        limit: Some(SHOWN_MAX),
        ..Query::default()
    };
    let page = match records::list(tx, "activity", &query).await {
        Err(Error::Forbidden { .. }) => return Ok(Vec::new()),
        page => page?,
    };
    let notice = |rec: &crate::record::Rec| {
        let due = rec.date("due").and_then(begin).unwrap_or(Timestamp::UNIX_EPOCH);
        let made = rec.get("created_at").as_time().unwrap_or(due);
        let on = rec.text("model").map(str::to_owned).zip(rec.int("record").map(AnyId::new));
        Notice {
            kind: Kind::Activity,
            title: rec.title(),
            at: due.max(made),
            unread: true,
            on: on.or_else(|| Some(("activity".to_owned(), rec.id))),
            plugin: None,
        }
    };
    Ok(page.rows.iter().map(notice).collect())
}

fn begin(day: Date) -> Option<Timestamp> {
    Some(day.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

async fn given_up(tx: &mut Tx) -> Result<Vec<Notice>> {
    let (jobs, _) = jobs::waiting(tx, Which::GivenUp, None).await?;
    let notice = |job: jobs::Waiting| Notice {
        kind: Kind::Job,
        title: format!("{}: {}", job.name, job.error.unwrap_or_default()),
        at: job.given_up_at.unwrap_or(job.run_at),
        unread: true,
        on: None,
        plugin: None,
    };
    Ok(jobs.into_iter().take(SHOWN_MAX).map(notice).collect())
}

/// The last failure of each plugin.
async fn failed(tx: &mut Tx) -> Result<Vec<Notice>> {
    let sql = Sql::text(
        "select p.name, c.hook, c.reason, c.at from plugin p join plugin_call c on c.id = \
         (select max(f.id) from plugin_call f where f.plugin = p.id \
         and f.outcome not in ('answered', 'different')) order by p.name",
    );
    let rows = tx.rows(sql).await?;
    let notice = |row: &crate::db::Row| Notice {
        kind: Kind::Plugin,
        title: format!("{} · {}: {}", row.str(0), row.str(1), row.str(2)),
        at: Timestamp::from_microsecond(row.int(3)).unwrap_or(Timestamp::UNIX_EPOCH),
        unread: true,
        on: None,
        plugin: Some(row.str(0).to_owned()),
    };
    Ok(rows.iter().take(SHOWN_MAX).map(notice).collect())
}
