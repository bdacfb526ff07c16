//! Who changed what, from what, to what: one row a change, written in the transaction of the
//! change, never altered. Secret values stand there as "•••".

mod search;

pub use search::{Ask, Found, search};

use fondaco_schema::{Class, Model};
use fondaco_values::{AnyId, Timestamp, Value};
use serde_json::{Map, json};

use crate::db::{Cell, Sql};
use crate::error::Result;
use crate::tx::Tx;

const COLUMNS: &[&str] =
    &["id", "at", "actor", "user", "company", "request", "model", "record", "action", "changes"];

/// One change to be written down.
pub(crate) struct Entry {
    pub(crate) record: AnyId,
    /// `create`, `update`, `delete`, or the action's name.
    pub(crate) action: String,
    /// `{"field": [from, to]}`
    pub(crate) changes: Map<String, serde_json::Value>,
}

/// One change as it is read back.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Change {
    pub at: Timestamp,
    pub actor: String,
    pub user: Option<AnyId>,
    pub request: String,
    pub action: String,
    pub changes: serde_json::Value,
}

/// Adds `field: [from, to]`, hidden where the field's class asks for it.
pub(crate) fn note(
    changes: &mut Map<String, serde_json::Value>,
    field: &fondaco_schema::Field,
    from: &Value,
    to: &Value,
) {
    let show = |value: &Value| match field.class {
        Class::Secret if !matches!(value, Value::Null) => json!("•••"),
        _ => value.to_json(),
    };
    changes.insert(field.name.clone(), json!([show(from), show(to)]));
}

/// Notes changes; all of a transaction are written in one statement at its end.
pub(crate) fn write(tx: &mut Tx, model: &Model, entries: Vec<Entry>) {
    for entry in entries {
        let row = row(tx, &model.name, entry);
        tx.pending_audit.push(row);
    }
}

/// Notes a change of something that is no model: it stands under this name.
pub(crate) fn write_of(tx: &mut Tx, name: &str, entry: Entry) {
    let row = row(tx, name, entry);
    tx.pending_audit.push(row);
}

/// Writes what was noted so far.
pub(crate) async fn flush(tx: &mut Tx) -> Result<()> {
    let rows = std::mem::take(&mut tx.pending_audit);
    tx.insert_rows("audit", COLUMNS, &rows).await
}

fn row(tx: &Tx, model: &str, entry: Entry) -> Vec<Cell> {
    let ctx = tx.ctx();
    vec![
        tx.new_id::<Entry>().into(),
        tx.now().into(),
        ctx.actor().name().into(),
        ctx.actor().user().into(),
        ctx.company().into(),
        ctx.request().into(),
        model.into(),
        entry.record.into(),
        entry.action.into(),
        serde_json::Value::Object(entry.changes).to_string().into(),
    ]
}

/// What happened to one record, newest first. The caller has checked that the actor may see it;
/// fields that he may not read are left out by `may_read`, which is asked of those of lines as
/// `lines.cost`.
pub async fn of_record(
    tx: &mut Tx,
    model: &str,
    id: AnyId,
    limit: i64,
    may_read: impl Fn(&str) -> bool + Send,
) -> Result<Vec<Change>> {
    flush(tx).await?;
    let sql = Sql::text(
        "select at, actor, request, action, changes, \"user\" from audit \
         where model = $1 and record = $2 order by id desc limit $3",
    );
    let rows = tx.rows(sql.bind(model).bind(id).bind(limit)).await?;
    Ok(rows
        .iter()
        .map(|row| Change {
            at: Timestamp::from_microsecond(row.int(0)).unwrap_or(Timestamp::UNIX_EPOCH),
            actor: row.str(1).to_owned(),
            user: row.opt_id::<()>(5).map(|id| id.any()),
            request: row.str(2).to_owned(),
            action: row.str(3).to_owned(),
            changes: readable(row.str(4), &may_read),
        })
        .collect())
}

fn readable(changes: &str, may_read: &impl Fn(&str) -> bool) -> serde_json::Value {
    let mut changes: Map<String, serde_json::Value> =
        serde_json::from_str(changes).unwrap_or_default();
    changes.retain(|field, change| {
        // A change is `[from, to]`; of lines there is one object a line.
        for line in change.as_object_mut().into_iter().flat_map(Map::values_mut) {
            if let Some(own) = line.as_object_mut() {
                own.retain(|name, _| may_read(&format!("{field}.{name}")));
            }
        }
        may_read(field)
    });
    serde_json::Value::Object(changes)
}
