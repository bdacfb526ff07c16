//! Records by the name of their model, for whoever comes from outside: the API, the pages, imports,
//! plugins. Every operation is a list of steps, and permissions are among them.
//! Not here: a module at work on its own models (`store`), the steps themselves (`model`).

use std::sync::Arc;

use fondaco_schema::Node;
use fondaco_values::{AnyId, Problem, limits};
use serde_json::{Map, Value as Json};

use crate::error::refuse_if_any;
use crate::model::{self, Deed, Meta, Saving, Stage};
pub use crate::model::{
    Count, Draft, Group, Line, Outlook, Page, Query, Select, Span, Summed, Totals,
};
use crate::permissions::{self, Right};
use crate::record::Rec;
use crate::{Error, Outcome, Result, Tx, audit, store};

/// A change of one record.
#[derive(Clone, Debug)]
pub struct Change {
    pub id: AnyId,
    /// The version that the change was made on; `None` = whichever is there.
    pub version: Option<i64>,
    pub draft: Draft,
}

/// Creates records; answers their ids in the same order.
pub async fn create(tx: &mut Tx, model: &str, drafts: Vec<Draft>) -> Result<Vec<AnyId>> {
    let meta = document(tx, model)?;
    permissions::require(tx.ctx(), &meta.model, Right::Create)?;
    few(drafts.len())?;
    writable(tx, drafts.iter())?;
    let batch: Vec<Saving> =
        drafts.into_iter().map(|draft| Saving { id: tx.new_id(), old: None, draft }).collect();
    let ids = batch.iter().map(|saving| saving.id).collect();
    let found = model::links_seen(tx, &batch).await?;
    let deed = Deed { right: Some(Right::Create), found, ..Deed::of_module("create") };
    model::save(tx, &meta, batch, deed).await?;
    Ok(ids)
}

/// One record as the caller may see it, with its lines unless he selects.
pub async fn get(tx: &mut Tx, model: &str, id: AnyId, select: &Select) -> Result<Rec> {
    let meta = tx.registry().catalog.meta(model)?.clone();
    let rec = model::one(tx, &meta, id, select).await?;
    rec.ok_or_else(|| Error::not_found(model, id))
}

/// The records of these ids that the caller may see, in no order, without lines.
pub async fn get_many(
    tx: &mut Tx,
    model: &str,
    ids: &[AnyId],
    select: &Select,
) -> Result<Vec<Rec>> {
    let meta = tx.registry().catalog.meta(model)?.clone();
    model::many(tx, &meta, ids, select).await
}

/// A page of records that the caller may see.
pub async fn list(tx: &mut Tx, model: &str, query: &Query) -> Result<Page> {
    let meta = tx.registry().catalog.meta(model)?.clone();
    let schema = tx.schema().clone();
    permissions::require(tx.ctx(), permissions::document(&schema, &meta.model), Right::Read)?;
    let mut page = model::list(tx, &meta, query).await?;
    model::shown(tx, &meta, &mut page.rows, &query.show.expand).await?;
    Ok(page)
}

/// How many records the caller may see, and what they come to.
pub async fn totals(tx: &mut Tx, model: &str, wanted: &Totals) -> Result<Summed> {
    let meta = tx.registry().catalog.meta(model)?.clone();
    let schema = tx.schema().clone();
    permissions::require(tx.ctx(), permissions::document(&schema, &meta.model), Right::Read)?;
    model::totals(tx, &meta, wanted).await
}

/// What a new record (`id` is `None`), or one that is there, would be with this draft, and what
/// stands in the way. Nothing is kept. Fields that the caller may not read are not shown, nor those
/// that are computed at each reading.
pub async fn outlook(tx: &mut Tx, model: &str, id: Option<AnyId>, draft: Draft) -> Result<Outlook> {
    let meta = document(tx, model)?;
    let right = if id.is_some() { Right::Write } else { Right::Create };
    permissions::require(tx.ctx(), &meta.model, right)?;
    writable(tx, std::iter::once(&draft))?;
    let old = match id {
        Some(id) => permitted(tx, &meta, &[id], right).await?.pop(),
        None => None,
    };
    let saving = Saving { id: id.unwrap_or_default(), old, draft };
    model::links_seen(tx, std::slice::from_ref(&saving)).await?;
    let mut outlook = model::outlook(tx, &meta, saving).await?;
    hide(tx, &mut outlook.rec);
    Ok(outlook)
}

/// Takes away what the caller may not read, and what is not known yet.
fn hide(tx: &Tx, rec: &mut Rec) {
    let is_shown = |field: &fondaco_schema::Field| {
        let known = field.compute.is_none() || field.stored;
        known && permissions::may_read_field(tx.ctx(), tx.schema(), field)
    };
    let fields = rec.model.fields.values().enumerate();
    let shown: Arc<[usize]> = fields.filter(|(_, f)| is_shown(f)).map(|(at, _)| at).collect();
    for (at, value) in rec.values.iter_mut().enumerate() {
        if !shown.contains(&at) {
            *value = fondaco_values::Value::Null;
        }
    }
    rec.lines.retain(|(at, _)| shown.contains(at));
    rec.shown = Some(shown);
    for (_, lines) in &mut rec.lines {
        lines.iter_mut().for_each(|line| hide(tx, line));
    }
}

/// Who changed what of a record that the caller sees, newest first, without the fields that he may
/// not read.
pub async fn history(tx: &mut Tx, model: &str, id: AnyId, most: i64) -> Result<Vec<audit::Change>> {
    let alone = Select { fields: vec!["id".to_owned()], expand: Vec::new() };
    get(tx, model, id, &alone).await?;
    let hidden = permissions::hidden_fields(tx.ctx(), tx.schema(), model);
    audit::of_record(tx, model, id, most, move |field: &str| !hidden.contains(field)).await
}

/// Changes records; answers their ids and new versions in the same order.
pub async fn update(tx: &mut Tx, model: &str, changes: Vec<Change>) -> Result<Vec<(AnyId, i64)>> {
    let meta = document(tx, model)?;
    few(changes.len())?;
    writable(tx, changes.iter().map(|change| &change.draft))?;
    let ids: Vec<AnyId> = changes.iter().map(|change| change.id).collect();
    let recs = permitted(tx, &meta, &ids, Right::Write).await?;
    let wanted: Vec<_> = changes.iter().map(|change| (change.id, change.version)).collect();
    unchanged_since(&recs, &wanted)?;
    let batch: Vec<Saving> = changes
        .into_iter()
        .zip(&recs)
        .map(|(change, old)| Saving { id: change.id, old: Some(old.clone()), draft: change.draft })
        .collect();
    let found = model::links_seen(tx, &batch).await?;
    let deed = Deed { right: Some(Right::Write), found, ..Deed::of_module("update") };
    let saved = model::save(tx, &meta, batch, deed).await?;
    let version = |rec: &Rec| {
        let new = saved.iter().find(|saved| saved.id() == rec.id);
        (rec.id, new.map_or(rec.version, |saved| saved.rec().version))
    };
    Ok(recs.iter().map(version).collect())
}

/// Deletes records with their lines; refused while other records refer to them.
pub async fn delete(tx: &mut Tx, model: &str, records: &[(AnyId, Option<i64>)]) -> Result<()> {
    let meta = document(tx, model)?;
    few(records.len())?;
    let ids: Vec<AnyId> = records.iter().map(|(id, _)| *id).collect();
    let recs = permitted(tx, &meta, &ids, Right::Delete).await?;
    unchanged_since(&recs, records)?;
    model::delete(tx, &meta, recs).await
}

/// Whether the caller could see a record, by what it held when it was last there.
pub async fn could_see(tx: &mut Tx, rec: &Rec) -> Result<bool> {
    let ctx = tx.ctx().clone();
    let registry = tx.registry().clone();
    let document = permissions::document(&registry.schema, &rec.model);
    let rule = permissions::rows(&ctx, document, Right::Read);
    let mut stage = Stage::new(tx, &[&rule]).await?;
    stage.reach(tx, &[rec], &[&rule]).await?;
    Ok(fondaco_schema::expr::eval(&rule, &stage.scope(rec)).as_bool() == Some(true))
}

/// Runs an action of a record. `args` come from [`arguments`].
pub async fn act(
    tx: &mut Tx,
    model: &str,
    id: AnyId,
    action: &str,
    args: Draft,
) -> Result<Outcome> {
    let meta = document(tx, model)?;
    let rec = permitted(tx, &meta, &[id], Right::Act(action)).await?.pop();
    let rec = rec.ok_or_else(|| Error::not_found(model, id))?;
    let args = model::arguments(tx, args).await?;
    store::run_action(tx, &meta, rec, action, args).await
}

/// Refuses when somebody has changed a record since the caller read this version of it: for those who
/// act on what they saw.
pub async fn still(tx: &mut Tx, model: &str, id: AnyId, version: i64) -> Result<()> {
    let alone = Select { fields: vec!["id".to_owned()], expand: Vec::new() };
    let rec = get(tx, model, id, &alone).await?;
    if rec.version == version { Ok(()) } else { Err(store::outdated(&rec)) }
}

/// An empty draft of a record.
pub fn draft(tx: &Tx, model: &str) -> Result<Draft> {
    Ok(Draft::new(tx.registry().catalog.meta(model)?))
}

/// A draft of a record read from JSON.
pub fn draft_of(tx: &Tx, model: &str, json: &Map<String, Json>) -> Result<Draft> {
    model::from_json(tx.registry().catalog.meta(model)?, json)
}

/// A draft of a record read from texts by name of field: forms, files.
pub fn draft_of_texts(tx: &Tx, model: &str, texts: &[(&str, &str)]) -> Result<Draft> {
    model::from_text(tx.registry().catalog.meta(model)?, texts.iter().copied())
}

/// The arguments of an action read from JSON.
pub fn arguments(tx: &Tx, model: &str, action: &str, json: &Map<String, Json>) -> Result<Draft> {
    model::from_json(tx.registry().catalog.args(model, action)?, json)
}

/// Lines have no door of their own: they are written through their document.
fn document(tx: &Tx, model: &str) -> Result<Arc<Meta>> {
    let meta = tx.registry().catalog.meta(model)?;
    match &meta.model.owner {
        None => Ok(meta.clone()),
        Some(owner) => Err(Error::problem(
            "",
            "line",
            format!("Lines are written through their document, {}.", owner.parent),
        )),
    }
}

fn few(records: usize) -> Result<()> {
    if records <= limits::BATCH_DOCUMENTS_MAX {
        return Ok(());
    }
    let message = format!("At most {} records at once.", limits::BATCH_DOCUMENTS_MAX);
    Err(Error::problem("", "too_many", message))
}

/// The caller may set every field that he sets.
fn writable<'d>(tx: &Tx, drafts: impl Iterator<Item = &'d Draft>) -> Result<()> {
    let mut problems = Vec::new();
    let drafts: Vec<&Draft> = drafts.collect();
    for (at, draft) in drafts.iter().enumerate() {
        let prefix = if drafts.len() > 1 { format!("[{at}]") } else { String::new() };
        refused(tx, draft, &prefix, &mut problems);
    }
    refuse_if_any(problems)
}

fn refused(tx: &Tx, draft: &Draft, path: &str, problems: &mut Vec<Problem>) {
    let touched = draft.touched().map(|(field, _)| field);
    let of_lines = draft.lines.iter().map(|(at, _)| &draft.model().fields[*at]);
    for field in touched.chain(of_lines) {
        let own = |code, what: &str| {
            Problem::new(&field.name, code, format!("{} {what}.", field.label)).under(path)
        };
        if field.readonly || field.system || field.compute.is_some() {
            problems.push(own("readonly", "is not written from outside"));
        } else if !permissions::may_write_field(tx.ctx(), tx.schema(), field) {
            problems.push(own("forbidden", "is not yours to write"));
        }
    }
    for (at, lines) in &draft.lines {
        let name = &draft.model().fields[*at].name;
        for (place, line) in lines.iter().enumerate() {
            let own = Problem::new(format!("{name}[{place}]"), "", "").under(path).field;
            refused(tx, &line.draft, &own, problems);
        }
    }
}

/// The records, whole, in the order of `ids`: the caller sees each and has the right on it.
async fn permitted(
    tx: &mut Tx,
    meta: &Arc<Meta>,
    ids: &[AnyId],
    right: Right<'_>,
) -> Result<Vec<Rec>> {
    let ctx = tx.ctx().clone();
    let rules = [Right::Read, right].map(|right| permissions::rows(&ctx, &meta.model, right));
    let rules: Vec<&Node> = rules.iter().collect();
    let mut found = store::whole(tx, meta, ids).await?;
    let mut stage = Stage::new(tx, &rules).await?;
    stage.reach(tx, &found.iter().collect::<Vec<_>>(), &rules).await?;
    let mut recs = Vec::with_capacity(ids.len());
    for id in ids {
        let place = found.iter().position(|rec| rec.id == *id);
        let place = place.ok_or_else(|| Error::not_found(&meta.model.name, id))?;
        let rec = found.swap_remove(place);
        permissions::check(&ctx, &meta.model, *id, right, &stage.scope(&rec))?;
        recs.push(rec);
    }
    Ok(recs)
}

/// Nobody changed the records since the caller read them.
fn unchanged_since(recs: &[Rec], wanted: &[(AnyId, Option<i64>)]) -> Result<()> {
    for (rec, (_, version)) in recs.iter().zip(wanted) {
        if version.is_some_and(|version| version != rec.version) {
            return Err(store::outdated(rec));
        }
    }
    Ok(())
}
