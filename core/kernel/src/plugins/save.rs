//! Plugins before records are saved: they see what the records will be, with all that the module made
//! of them, and may change fields or refuse. One call for a whole batch.

use std::sync::Arc;

use fondaco_schema::plugin::{Hook, Moment, Point, Want};
use fondaco_schema::{Kind, Model};
use fondaco_values::{AnyId, Problem, Value};

use super::policy::{Manner, ask, bear};
use super::rights::need;
use super::talk::{Answer, Ask, Failed, Failure, Told, Verdict, Word};
use super::{Asked, asked, input};
use crate::error::refuse_if_any;
use crate::model::{self, Meta, Saving};
use crate::record::Rec;
use crate::{Result, Tx};

/// Asks them in their order; each sees what those before it changed.
///
/// # Errors
/// `Invalid` with the problems that all of them found.
pub(crate) async fn before_save(tx: &mut Tx, model: &Model, batch: &mut [Saving]) -> Result<()> {
    let plugins = tx.shared().plugins.clone();
    let moment = match batch.first() {
        Some(first) if first.is_new() => Moment::Create,
        Some(_) => Moment::Update,
        None => return Ok(()),
    };
    let wanted = |hook: &Hook| hook.models.contains(&model.name) && hook.when.contains(&moment);
    let hooks = asked(plugins.as_ref(), Point::Save, wanted);
    if hooks.is_empty() {
        return Ok(());
    }
    let meta = tx.registry().catalog.meta(&model.name)?.clone();
    let mut problems = Vec::new();
    for one in hooks.iter().filter(|one| !one.is_left_out(tx)).collect::<Vec<_>>() {
        match verdicts(tx, one, &meta, batch).await? {
            Ok(found) => problems.extend(found),
            Err(failure) => {
                let ids: Vec<AnyId> = batch.iter().map(|saving| saving.id).collect();
                bear(tx, one, (model, &ids), failure)?;
            }
        }
    }
    refuse_if_any(problems)
}

/// One hook's word on a batch: its changes are made, its problems answered.
async fn verdicts(
    tx: &mut Tx,
    one: &Asked,
    meta: &Arc<Meta>,
    batch: &mut [Saving],
) -> Result<Word<Vec<Problem>>> {
    let told = match told(tx, one, meta, batch).await? {
        Ok(told) => told,
        Err(failure) => return Ok(Err(failure)),
    };
    let mut found = match ask(tx, one, Ask::Save(told), Manner::Pure).await? {
        Ok(Answer::Verdicts(found)) => found,
        Ok(_) => return Ok(Err(Failure::new(Failed::Output, "no verdicts"))),
        Err(failure) => return Ok(Err(failure)),
    };
    // All changes may be made, or none is.
    let changes = match fitted(tx, one, meta, &mut found) {
        Ok(changes) => changes,
        Err(failure) => return Ok(Err(failure)),
    };
    for (saving, fields) in batch.iter_mut().zip(changes) {
        fields.into_iter().for_each(|(at, value)| saving.draft.put(at, value));
    }
    let many = batch.len() > 1;
    let problems = found.into_iter().enumerate().flat_map(|(at, verdict)| {
        let prefix = if many { format!("[{at}]") } else { String::new() };
        verdict.problems.into_iter().map(move |problem| problem.under(&prefix))
    });
    Ok(Ok(problems.map(|problem| problem.arg("plugin", &one.plugin.manifest.id)).collect()))
}

/// What the hook is told: one statement for each link that it follows.
async fn told(
    tx: &mut Tx,
    one: &Asked,
    meta: &Arc<Meta>,
    batch: &[Saving],
) -> Result<Word<Vec<Told>>> {
    let Some(hook) = one.hook() else { return Ok(Ok(Vec::new())) };
    let next = model::foreseen(tx, meta, batch).await?;
    let old: Vec<&Rec> = batch.iter().filter_map(|saving| saving.old.as_ref()).collect();
    let all: Vec<&Rec> = next.iter().chain(old).collect();
    let mut tx = one.rights(tx);
    let mut told = match input::entities(&mut tx, &one.plugin, hook, meta, &all).await? {
        Ok(told) => told,
        Err(failure) => return Ok(Err(failure)),
    };
    let mut before = told.split_off(next.len()).into_iter();
    let pairs = batch.iter().zip(told).map(|(saving, mut after)| {
        for (field, rows) in &mut after.lines {
            // A new line has no id yet.
            let known = saving.old.as_ref().map_or(&[][..], |old| old.lines(field));
            let is_new = |id: AnyId| known.iter().all(|line| line.id != id);
            rows.iter_mut().filter(|row| is_new(row.id)).for_each(|row| row.id = AnyId::default());
        }
        if saving.is_new() {
            (after.id, after.version) = (AnyId::default(), 0);
        }
        Told { before: saving.old.as_ref().and_then(|_| before.next()), after }
    });
    Ok(Ok(pairs.collect()))
}

/// The changes of each verdict by index of field, of the kind that the field has. Whether a field may be
/// changed is asked once for the whole batch.
fn fitted(
    tx: &mut Tx,
    one: &Asked,
    meta: &Meta,
    found: &mut [Verdict],
) -> Word<Vec<Vec<(usize, Value)>>> {
    let tx = one.rights(tx);
    let mut known: Vec<(String, usize)> = Vec::new();
    let mut all = Vec::with_capacity(found.len());
    for verdict in found {
        let mut changes = Vec::with_capacity(verdict.changes.len());
        for (name, value) in std::mem::take(&mut verdict.changes) {
            let at = match known.iter().find(|(own, _)| *own == name) {
                Some((_, at)) => *at,
                None => {
                    let at = changeable(&tx, one, meta, &name)?;
                    known.push((name.clone(), at));
                    at
                }
            };
            let kind = &meta.model.fields[at].kind;
            let value = model::fit(kind, value).map_err(|p| wrong(&name, &p.message))?;
            changes.push((at, value));
        }
        all.push(changes);
    }
    Ok(all)
}

/// The index of a field that the plugin may change.
fn changeable(tx: &Tx, one: &Asked, meta: &Meta, name: &str) -> Word<usize> {
    let found = meta.model.fields.get_full(name);
    let (at, _, field) = found.ok_or_else(|| wrong(name, "no such field"))?;
    let kept = field.readonly || field.system || field.compute.is_some();
    if kept || matches!(field.kind, Kind::Lines { .. }) {
        return Err(wrong(name, &format!("{} is not written from outside", field.label)));
    }
    need(tx, &one.plugin, Want::Change(&meta.model.name, name))?;
    Ok(at)
}

fn wrong(name: &str, what: &str) -> Failure {
    Failure::new(Failed::Output, format!("its change of {name}: {what}"))
}
