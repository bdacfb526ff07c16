//! What other processes on the same database change, for those who listen at this one. Each unit of
//! work writes down what it changed, and a process with listeners reads what came, once a second.
//! What was committed here is told at once, and not from the table.
//! INVARIANT: of what is committed after somebody began to listen nothing is left out and nothing is
//! told twice, in whatever order transactions are committed: a place in the table is that of the
//! transaction, and all from the first one that may still be under way are looked at again.

use std::collections::HashSet;
use std::time::Duration;

use fondaco_values::AnyId;
use tokio::sync::broadcast::Receiver;

use crate::db::{Kind, Sql};
use crate::error::{Error, Result};
use crate::tx::{Changed, Gone, Tx};
use crate::{Kernel, identity};

const EVERY: Duration = Duration::from_secs(1);
/// Changes of one unit of work that are told one by one; of more it is told that there were.
const CHANGES_MAX: usize = 256;
/// For so long others may read what was told.
const KEPT_US: i64 = 10 * 60 * 1_000_000;

/// What a listener hears.
#[derive(Clone, Debug)]
pub enum Heard {
    Changed(Changed),
    /// More than is told one by one: what he shows may be old.
    Much,
}

/// Up to where others were heard.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hearing {
    /// All before this place were.
    place: i64,
    /// Of those behind it, by id.
    known: HashSet<i64>,
}

/// A row of what was told.
struct Row {
    id: i64,
    place: i64,
    start: i64,
    changes: String,
}

/// Writes down for others what a unit of work has changed.
pub(crate) async fn tell(tx: &mut Tx, changes: &[Changed]) -> Result<()> {
    if changes.is_empty() {
        return Ok(());
    }
    let (id, now, start) = (tx.new_id::<Row>(), tx.now(), tx.shared().ids.start());
    let one = |c: &Changed| {
        (c.model.clone(), c.id.raw(), c.company.raw(), c.event.clone(), c.gone.is_some())
    };
    let all: Vec<_> = match changes.len() {
        ..=CHANGES_MAX => changes.iter().map(one).collect(),
        _ => Vec::new(),
    };
    let text = serde_json::to_string(&all).map_err(|e| Error::internal(e.to_string()))?;
    let sql = Sql::new()
        .lit("insert into told (id, place, start, at, changes) values (")
        .arg(id)
        .lit(", ")
        .lit(tx.dialect().place())
        .lit(", ")
        .arg(start)
        .lit(", ")
        .arg(now)
        .lit(", ")
        .arg(text)
        .lit(")");
    tx.exec(sql).await.map(drop)
}

/// What a row says; nothing = too much to say.
fn heard(text: &str) -> Vec<Heard> {
    let changes: Vec<(String, i64, i64, String, bool)> =
        serde_json::from_str(text).unwrap_or_default();
    if changes.is_empty() {
        return vec![Heard::Much];
    }
    let one = |(model, id, company, event, gone): (String, i64, i64, String, bool)| {
        let (id, company) = (AnyId::new(id), AnyId::new(company));
        let gone = gone.then_some(Gone::Elsewhere);
        Heard::Changed(Changed { model, id, company, event, gone })
    };
    changes.into_iter().map(one).collect()
}

impl Kernel {
    /// Hears of every change that is committed from now on, here or by another process.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn listen(&self) -> Result<Receiver<Heard>> {
        // First: whoever ends the hearing for want of listeners sees this one.
        let listener = self.shared().changes.subscribe();
        let mut hearing = self.shared().hearing.lock().await;
        if hearing.is_none() {
            let mut fresh = Hearing { place: i64::MAX, known: HashSet::new() };
            // Twice: first where to begin, then what is there behind it already.
            for _ in 0..2 {
                let (open, rows) = self.told(fresh.place).await?;
                fresh.place = fresh.place.min(open);
                fresh.known = rows.iter().map(|row| row.id).collect();
            }
            *hearing = Some(fresh);
        }
        Ok(listener)
    }

    /// Tells listeners what other processes change, until the returned future is dropped.
    pub async fn hear(&self) {
        loop {
            tokio::time::sleep(EVERY).await;
            if let Err(error) = self.hear_once().await {
                tracing::warn!(%error, "other servers were not heard");
            }
        }
    }

    /// One look at what other processes have told.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn hear_once(&self) -> Result<()> {
        let shared = self.shared();
        let mut hearing = shared.hearing.lock().await;
        if shared.changes.receiver_count() == 0 {
            *hearing = None;
        }
        let Some(hearing) = hearing.as_mut() else { return Ok(()) };
        let (open, rows) = self.told(hearing.place).await?;
        let own = shared.ids.start();
        for row in rows.iter().filter(|row| row.start != own && !hearing.known.contains(&row.id)) {
            for one in heard(&row.changes) {
                // That all have gone meanwhile is no error.
                let _ = shared.changes.send(one);
            }
        }
        hearing.known = rows.iter().filter(|row| row.place >= open).map(|row| row.id).collect();
        hearing.place = open;
        Ok(())
    }

    /// The first place that may still be under way, and the rows from a place on, of one snapshot.
    async fn told(&self, from: i64) -> Result<(i64, Vec<Row>)> {
        let ctx = identity::kernel_itself();
        let rows = self.aside(Kind::Read, &ctx, move |tx| {
            Box::pin(async move {
                let sql = Sql::new()
                    .lit("select o.place, t.id, t.place, t.start, t.changes from (select ")
                    .lit(tx.dialect().open_place())
                    .lit(" as place) as o left join told as t on t.place >= ")
                    .arg(from)
                    .lit(" order by t.place, t.id");
                tx.rows(sql).await
            })
        });
        let rows = rows.await?;
        let open = rows.first().map_or(from, |row| row.int(0));
        let there = rows.iter().filter_map(|row| {
            let id = row.opt_int(1)?;
            Some(Row { id, place: row.int(2), start: row.int(3), changes: row.str(4).to_owned() })
        });
        Ok((open, there.collect()))
    }

    /// Forgets what all have had time to hear.
    pub(crate) async fn forget_told(&self) -> Result<()> {
        let ctx = identity::kernel_itself();
        let forgotten = self.enter(Kind::Claim, &ctx, |tx| {
            Box::pin(async move {
                // The last one stays: places go on from it where they are counted.
                let sql = Sql::text(
                    "delete from told where at < $1 and place < (select max(place) from told)",
                );
                tx.exec(sql.bind(tx.now().as_microsecond() - KEPT_US)).await
            })
        });
        forgotten.await.map(drop)
    }
}
