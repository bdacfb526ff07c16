//! What every write goes through, whoever asks for it: defaults → hooks → check → rows → audit and
//! events. Not here: who may (`records`), for whom nobody needs to ask (`store`).

use std::sync::Arc;

use fondaco_values::{AnyId, Value};
use serde_json::{Map, Value as Json, json};

use super::catalog::Meta;
use super::check::{self, Found};
use super::compute;
use super::draft::{Saved, Saving};
use super::{Stage, sql, unique};
use crate::permissions::{self, Right};
use crate::record::Rec;
use crate::tx::{Changed, Gone};
use crate::{Result, Tx, audit, events, hooks, timeline, views};

/// By which deed records are written.
pub(crate) struct Deed<'a> {
    /// The right that the record must still fall under when it is complete; `None` when a module
    /// acts on its own models.
    pub(crate) right: Option<Right<'a>>,
    /// `create`, `update`, or the name of an action.
    pub(crate) name: &'a str,
    /// Goes into the event of a changed state.
    pub(crate) payload: Map<String, Json>,
    /// Links that were checked before.
    pub(crate) found: Found,
}

impl<'a> Deed<'a> {
    pub(crate) fn of_module(name: &'a str) -> Deed<'a> {
        Deed { right: None, name, payload: Map::new(), found: Found::new() }
    }
}

/// Writes new and changed records of one model; all of a batch are new, or none is.
pub(crate) async fn save(
    tx: &mut Tx,
    meta: &Arc<Meta>,
    mut batch: Vec<Saving>,
    deed: Deed<'_>,
) -> Result<Vec<Saved>> {
    let mut stage = compute::defaults(tx, meta, &mut batch).await?;
    let before = tx.statements();
    hooks::before_save(tx, &meta.model, &mut batch).await?;
    if tx.statements() > before {
        // A hook was at the database: what was read before it may be another now.
        stage = Stage::new(tx, &[]).await?;
    }
    let (mut checked, mut stage) = check::check(tx, meta, batch, (stage, &deed.found)).await?;
    if let Some(right) = deed.right {
        let recs: Vec<&Rec> = checked.iter().map(|c| &c.next).collect();
        still_allowed(tx, &mut stage, meta, right, &recs).await?;
    }
    unique::refuse_doubles(tx, meta, &checked).await?;
    checked.retain(|c| c.old.as_ref().is_none_or(|old| old.version != c.next.version));
    let (new, changed): (Vec<_>, Vec<_>) = checked.into_iter().partition(|c| c.old.is_none());
    sql::insert(tx, meta, &new).await.map_err(|error| check::on_constraint(meta, error))?;
    sql::update(tx, meta, &changed).await.map_err(|error| check::on_constraint(meta, error))?;
    let ids = new.iter().chain(&changed).map(|c| c.next.id).collect();
    views::complete(tx, meta, ids).await?;
    let written = new.into_iter().chain(changed);
    let written: Vec<_> = written.inspect(|c| sql::keep_written(tx, meta, &c.next)).collect();
    let saved: Vec<Saved> = written
        .into_iter()
        .map(|c| {
            let mut next = c.next;
            compute::unstored(&stage, meta, &mut next);
            Saved { old: c.old, new: Some(next), changed: c.changed }
        })
        .collect();
    hooks::after_save(tx, &meta.model, &saved).await?;
    note(tx, meta, &saved, &deed).await?;
    Ok(saved)
}

/// The grant holds for the record as it is about to be, too.
async fn still_allowed(
    tx: &mut Tx,
    stage: &mut Stage,
    meta: &Meta,
    right: Right<'_>,
    recs: &[&Rec],
) -> Result<()> {
    let ctx = tx.ctx().clone();
    let rule = permissions::rows(&ctx, &meta.model, right);
    stage.reach(tx, recs, &[&rule]).await?;
    for rec in recs {
        permissions::still_allowed(&ctx, &meta.model, right, &stage.scope(rec))?;
    }
    Ok(())
}

/// Deletes records that were read whole, with their lines.
pub(crate) async fn delete(tx: &mut Tx, meta: &Arc<Meta>, recs: Vec<Rec>) -> Result<()> {
    hooks::before_delete(tx, &meta.model, &recs).await?;
    sql::delete(tx, meta, &recs).await.map_err(|error| check::on_constraint(meta, error))?;
    let ids: Vec<AnyId> = recs.iter().map(|rec| rec.id).collect();
    let gone = |rec: Rec| Saved { old: Some(rec), new: None, changed: Vec::new() };
    let saved: Vec<Saved> = recs.into_iter().map(gone).collect();
    note(tx, meta, &saved, &Deed::of_module("delete")).await?;
    // What hangs on a record is a record too, on which something may hang.
    Box::pin(timeline::forget(tx, &meta.model.name, &ids)).await
}

/// Audit and events of what was written. Of a new record the audit says that it was made: what it
/// began with follows from what it is and what was changed since.
async fn note(tx: &mut Tx, meta: &Meta, saved: &[Saved], deed: &Deed<'_>) -> Result<()> {
    let entries = saved.iter().map(|one| audit::Entry {
        record: one.id(),
        action: deed.name.to_owned(),
        changes: changes(meta, one),
    });
    let entries = entries.collect();
    audit::write(tx, &meta.model, entries);
    for one in saved {
        match entered(meta, one) {
            Some(state) => {
                let payload = deed.payload.clone();
                events::entered(tx, &meta.model, one.id(), state, payload).await?;
            }
            None => {
                let (model, id) = (meta.model.name.clone(), one.id());
                let company = tx.ctx().company().any();
                let gone = one.old.clone().filter(|_| one.is_deleted());
                let gone = gone.map(|rec| Gone::Here(Arc::new(rec)));
                tx.tell(Changed { model, id, company, event: deed.name.to_owned(), gone });
            }
        }
    }
    Ok(())
}

/// The state that a record has entered by this write.
fn entered<'s>(meta: &Meta, saved: &'s Saved) -> Option<&'s str> {
    let at = meta.system.state?;
    let new = saved.new.as_ref()?.values[at].as_text();
    let old = saved.old.as_ref().and_then(|old| old.values[at].as_text());
    new.filter(|_| new != old)
}

fn changes(meta: &Meta, saved: &Saved) -> Map<String, Json> {
    let mut changes = Map::new();
    match (&saved.old, &saved.new) {
        (Some(old), Some(new)) => {
            differences(meta, old, new, &mut changes);
            for of in &meta.lines {
                let lines = lines(&of.child, old.lines_at(of.at), new.lines_at(of.at));
                if !lines.is_empty() {
                    let field = meta.model.fields[of.at].name.clone();
                    changes.insert(field, Json::Object(lines));
                }
            }
        }
        (Some(old), None) => {
            let nothing = Rec::empty(&meta.model, old.id);
            differences(meta, old, &nothing, &mut changes);
            for of in &meta.lines {
                let gone = lines(&of.child, old.lines_at(of.at), &[]);
                if !gone.is_empty() {
                    changes.insert(meta.model.fields[of.at].name.clone(), Json::Object(gone));
                }
            }
        }
        (None, _) => {}
    }
    changes
}

fn differences(meta: &Meta, old: &Rec, new: &Rec, changes: &mut Map<String, Json>) {
    let kept = [Some(meta.system.version), meta.system.updated_at, meta.system.updated_by];
    for (at, field) in meta.model.fields.values().enumerate() {
        let stored = field.has_column() || meta.many.contains(&at);
        if stored && !kept.contains(&Some(at)) && old.values[at] != new.values[at] {
            audit::note(changes, field, &old.values[at], &new.values[at]);
        }
    }
}

/// By id of the line: what changed in it, or that it was added.
fn lines(child: &Meta, old: &[Rec], new: &[Rec]) -> Map<String, Json> {
    let mut changes = Map::new();
    let nothing = Rec::empty(&child.model, AnyId::default());
    for line in old {
        let next = new.iter().find(|next| next.id == line.id);
        let mut own = Map::new();
        differences(child, line, next.unwrap_or(&nothing), &mut own);
        if !own.is_empty() {
            changes.insert(line.id.to_string(), Json::Object(own));
        }
    }
    for line in new.iter().filter(|line| old.iter().all(|before| before.id != line.id)) {
        changes.insert(line.id.to_string(), json!("added"));
    }
    changes
}

/// The state of a record as it is now, for those who have let others work meanwhile.
pub(crate) async fn state_now(tx: &mut Tx, meta: &Meta, id: AnyId) -> Result<Option<String>> {
    let Some(at) = meta.system.state else { return Ok(None) };
    let rec = sql::by_ids(tx, meta, &[id]).await?.pop();
    Ok(rec.and_then(|rec| match &rec.values[at] {
        Value::Text(state) => Some(state.clone()),
        _ => None,
    }))
}
