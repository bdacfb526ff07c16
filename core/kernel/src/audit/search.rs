//! The audit over all records: who changed what, and when. It shows of it what the reader may see of the
//! records themselves: rows of models that he cannot read are not there, nor those of records beyond his
//! row rules, and fields that he cannot read are left out.
//! Not here: the history of one record, which needs no administrator (`records::history`).

use std::collections::{BTreeMap, HashMap, HashSet};

use fondaco_schema::Model;
use fondaco_values::{AnyId, Date, Timestamp};
use jiff::tz::TimeZone;
use serde::Serialize;

use super::{flush, readable};
use crate::db::{Cell, Row, Sql};
use crate::error::Result;
use crate::permissions::{self, Office, Right, Sight, administers};
use crate::records::{self, Select};
use crate::tx::Tx;

/// Rows that one page looks at.
const PAGE: usize = 50;

/// What is looked for; what is not said is anything.
#[derive(Clone, Debug, Default)]
pub struct Ask {
    /// The login of who did it, or the name of a service.
    pub actor: Option<String>,
    pub model: Option<String>,
    pub record: Option<AnyId>,
    pub action: Option<String>,
    /// Days in UTC, both of them included.
    pub from: Option<Date>,
    pub to: Option<Date>,
    /// The last row of the page before.
    pub after: Option<AnyId>,
}

/// One change of any record.
#[derive(Clone, Debug, Serialize)]
pub struct Found {
    pub id: AnyId,
    pub at: Timestamp,
    pub actor: String,
    pub request: String,
    pub model: String,
    pub record: AnyId,
    pub action: String,
    pub changes: serde_json::Value,
}

/// Changes, the newest first, and where to go on; a page may hold fewer rows than were looked at.
///
/// # Errors
/// `Forbidden` for whoever is no administrator.
pub async fn search(tx: &mut Tx, ask: &Ask) -> Result<(Vec<Found>, Option<AnyId>)> {
    administers(tx.ctx(), Office::Audit, Right::Read)?;
    flush(tx).await?;
    let sql = statement(tx, ask);
    let rows = tx.rows(sql.lit(" order by id desc limit ").arg(PAGE as i64 + 1)).await?;
    let next = (rows.len() > PAGE).then(|| rows[PAGE - 1].id::<()>(0).any());
    let mut found: Vec<Found> = rows.iter().take(PAGE).map(read).collect();
    only_seen(tx, &mut found).await?;
    let (ctx, schema) = (tx.ctx().clone(), tx.schema().clone());
    let mut hidden: HashMap<String, HashSet<String>> = HashMap::new();
    for one in &mut found {
        let own = hidden
            .entry(one.model.clone())
            .or_insert_with(|| permissions::hidden_fields(&ctx, &schema, &one.model));
        let text = std::mem::take(&mut one.changes);
        let text = text.as_str().unwrap_or_default();
        one.changes = readable(text, &|field: &str| !own.contains(field));
    }
    Ok((found, next))
}

fn statement(tx: &Tx, ask: &Ask) -> Sql {
    let ctx = tx.ctx();
    // What an administrator does is noted under names that are no models.
    let offices =
        [Office::Plugins, Office::Jobs, Office::Modules].map(|office| office.name().to_owned());
    let schema = tx.schema();
    let of_records = schema.models.values().filter(|m| permissions::may(ctx, m, Right::Read));
    let names: Vec<String> = of_records.map(|m| m.name.clone()).chain(offices).collect();
    let wanted = names.into_iter().filter(|name| ask.model.as_ref().is_none_or(|own| own == name));
    let companies: Vec<i64> =
        ctx.actor().companies().iter().map(|id| id.raw()).chain([0]).collect();
    let (open, close) = tx.dialect().in_array();
    let mut sql = Sql::new()
        .lit("select id, at, actor, request, model, record, action, changes from audit where model")
        .lit(open)
        .arg(Cell::Texts(wanted.collect()))
        .lit(close)
        .lit(" and company")
        .lit(open)
        .arg(companies)
        .lit(close);
    if let Some(actor) = &ask.actor {
        sql = sql.lit(" and actor = ").arg(actor.as_str());
    }
    if let Some(record) = ask.record {
        sql = sql.lit(" and record = ").arg(record);
    }
    if let Some(action) = &ask.action {
        sql = sql.lit(" and action = ").arg(action.as_str());
    }
    if let Some(from) = ask.from.and_then(begin) {
        sql = sql.lit(" and at >= ").arg(from);
    }
    if let Some(end) = ask.to.and_then(|day| day.tomorrow().ok()).and_then(begin) {
        sql = sql.lit(" and at < ").arg(end);
    }
    match ask.after {
        Some(after) => sql.lit(" and id < ").arg(after),
        None => sql,
    }
}

fn begin(day: Date) -> Option<i64> {
    let begin = day.to_zoned(TimeZone::UTC).ok()?;
    Some(begin.timestamp().as_microsecond())
}

fn read(row: &Row) -> Found {
    Found {
        id: row.id::<()>(0).any(),
        at: Timestamp::from_microsecond(row.int(1)).unwrap_or(Timestamp::UNIX_EPOCH),
        actor: row.str(2).to_owned(),
        request: row.str(3).to_owned(),
        model: row.str(4).to_owned(),
        record: row.id::<()>(5).any(),
        action: row.str(6).to_owned(),
        changes: serde_json::Value::String(row.str(7).to_owned()),
    }
}

/// Where a rule says which records of a model one sees, each is asked for: one statement a model.
async fn only_seen(tx: &mut Tx, found: &mut Vec<Found>) -> Result<()> {
    let schema = tx.schema().clone();
    let mut asked: BTreeMap<String, Vec<AnyId>> = BTreeMap::new();
    for one in found.iter() {
        let some = |model: &Model| permissions::sight(tx.ctx(), model) == Sight::Some;
        if schema.model(&one.model).is_some_and(|model| some(model)) {
            asked.entry(one.model.clone()).or_default().push(one.record);
        }
    }
    let alone = Select { fields: vec!["id".to_owned()], expand: Vec::new() };
    let mut seen: HashSet<(String, AnyId)> = HashSet::new();
    for (model, ids) in &mut asked {
        ids.sort_unstable();
        ids.dedup();
        let recs = records::get_many(tx, model, ids, &alone).await?;
        seen.extend(recs.into_iter().map(|rec| (model.clone(), rec.id)));
    }
    found.retain(|one| {
        !asked.contains_key(&one.model) || seen.contains(&(one.model.clone(), one.record))
    });
    Ok(())
}
