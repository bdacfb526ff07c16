//! What a plugin wants done, done by the kernel: through `records`, as a user's own writes are, with the
//! plugin's rights. All effects of an answer happen, or none.
//! Not here: what becomes of the deed when one of them is refused (`policy`).

use std::sync::Arc;

use fondaco_schema::Kind;
use fondaco_schema::plugin::{Point, Want};
use fondaco_values::AnyId;
use serde_json::Value as Json;

use super::rights::need;
use super::talk::{Effect, Failed, Failure, Fields, Installed, Target, Word};
use super::{DEPTH_MAX, LIMIT, later, own, posting};
use crate::events::Event;
use crate::model::Draft;
use crate::records::{self, Change, Line};
use crate::{Error, Fut, Result, Tx, jobs};

/// A week: what is to happen later than that is not what a plugin's answer is for.
const SCHEDULE_S_MAX: u32 = 7 * 24 * 3_600;

/// Applies the effects of an answer.
///
/// # Errors
/// `Conflict` when plugins set each other off without end; what loses the transaction.
pub(super) fn apply<'t>(
    tx: &'t mut Tx,
    plugin: &'t Arc<Installed>,
    effects: Vec<Effect>,
) -> Fut<'t, Word<()>> {
    Box::pin(async move {
        if effects.is_empty() {
            return Ok(Ok(()));
        }
        if tx.turn.acting.len() >= DEPTH_MAX {
            let chain = tx.turn.acting.join(" → ");
            let message = format!("Plugins set each other off without end: {chain}.");
            return Err(Error::Conflict { code: LIMIT, message });
        }
        tx.turn.acting.push(plugin.manifest.id.clone());
        let of = plugin.clone();
        let outcome = tx.attempt(move |tx| all(tx, of, effects)).await;
        tx.turn.acting.pop();
        sorted(outcome?)
    })
}

/// A refusal is the plugin's failure; what loses the transaction is not.
pub(super) fn sorted<T>(outcome: Result<T>) -> Result<Word<T>> {
    match outcome {
        Ok(done) => Ok(Ok(done)),
        // Of the whole transaction, whoever it was that met the limit.
        Err(limit @ Error::Conflict { code: LIMIT, .. }) => Err(limit),
        Err(
            error @ (Error::Invalid(_)
            | Error::NotFound { .. }
            | Error::Forbidden { .. }
            | Error::Conflict { .. }),
        ) => {
            let message = format!("what it wants done was refused: {error}");
            Ok(Err(Failure::new(Failed::Effects, message)))
        }
        Err(lost) => Err(lost),
    }
}

fn all(tx: &mut Tx, plugin: Arc<Installed>, effects: Vec<Effect>) -> Fut<'_, ()> {
    Box::pin(async move {
        let mut created: Vec<Option<(String, AnyId)>> = Vec::with_capacity(effects.len());
        for effect in effects {
            created.push(one(tx, &plugin, effect, &created).await?);
        }
        Ok(())
    })
}

/// Applies one effect; answers what it created.
pub(super) async fn one(
    tx: &mut Tx,
    plugin: &Installed,
    effect: Effect,
    created: &[Option<(String, AnyId)>],
) -> Result<Option<(String, AnyId)>> {
    match effect {
        Effect::Create { model, fields, lines } => {
            let draft = whole_draft(tx, plugin, &model, fields, lines)?;
            let id = records::create(tx, &model, vec![draft]).await?;
            Ok(id.first().map(|id| (model, *id)))
        }
        Effect::Update { target, fields } => {
            let (model, id) = found(target, created)?;
            may_all(tx, plugin, &fields, |field| Want::Write(&model, field))?;
            let draft = filled(records::draft(tx, &model)?, fields)?;
            records::update(tx, &model, vec![Change { id, version: None, draft }]).await?;
            Ok(None)
        }
        Effect::Act { target, action, args } => {
            let (model, id) = found(target, created)?;
            may(tx, plugin, Want::Act(&model, &action))?;
            let args = filled(Draft::new(tx.registry().catalog.args(&model, &action)?), args)?;
            records::act(tx, &model, id, &action, args).await?;
            Ok(None)
        }
        Effect::Emit { name, target, payload } => {
            let (model, id) = found(target, created)?;
            may(tx, plugin, Want::Emit(&name))?;
            own_event(plugin, &name)?;
            tx.emit(Event::new(name, &model, id, payload)).await?;
            Ok(None)
        }
        Effect::Schedule { job, after_s, payload } => {
            schedule(tx, plugin, &job, after_s, payload).await.map(|()| None)
        }
        Effect::Post(posting) => posting::post(tx, plugin, posting).await.map(|()| None),
        Effect::Keep { key, value } => own::keep(tx, plugin, &key, value).await.map(|()| None),
    }
}

fn found(target: Target, created: &[Option<(String, AnyId)>]) -> Result<(String, AnyId)> {
    match target {
        Target::Record { model, id } => Ok((model, id)),
        Target::Created(place) => {
            let at = usize::try_from(place).ok().and_then(|at| created.get(at)?.clone());
            at.ok_or_else(|| {
                let message = format!("Effect {place} of this answer created nothing before.");
                Error::problem("", "no_target", message)
            })
        }
    }
}

pub(super) fn may(tx: &Tx, plugin: &Installed, want: Want<'_>) -> Result<()> {
    need(tx, plugin, want).map_err(|failure| Error::problem("", "forbidden", failure.message))
}

fn may_all<'f>(
    tx: &Tx,
    plugin: &Installed,
    fields: &'f Fields,
    want: impl Fn(&'f str) -> Want<'f>,
) -> Result<()> {
    fields.iter().try_for_each(|(field, _)| may(tx, plugin, want(field)))
}

/// A name such as `sales.order.confirmed` is the kernel's to give.
fn own_event(plugin: &Installed, name: &str) -> Result<()> {
    let own = name.strip_prefix(&plugin.manifest.id).is_some_and(|rest| rest.starts_with('.'));
    if own {
        return Ok(());
    }
    let message = format!("Events of this plugin begin with `{}.`.", plugin.manifest.id);
    Err(Error::problem("", "foreign_event", message))
}

fn whole_draft(
    tx: &Tx,
    plugin: &Installed,
    model: &str,
    fields: Fields,
    lines: Vec<(String, Vec<Fields>)>,
) -> Result<Draft> {
    may_all(tx, plugin, &fields, |field| Want::Create(model, field))?;
    let mut draft = filled(records::draft(tx, model)?, fields)?;
    for (name, rows) in lines {
        let of = draft.model().field(&name).and_then(|field| match &field.kind {
            Kind::Lines { of, .. } => Some(of.clone()),
            _ => None,
        });
        let Some(of) = of else { return Err(unknown(&draft, &name)) };
        may(tx, plugin, Want::Create(model, &name))?;
        for row in rows {
            let line = filled(draft.new_line(&name), row)?;
            for (field, _) in line.touched() {
                may(tx, plugin, Want::Create(&of, &field.name))?;
            }
            draft.lines_mut(&name).push(Line { id: None, draft: line });
        }
    }
    Ok(draft)
}

/// The draft with these values; whether they fit is checked with the record.
fn filled(mut draft: Draft, fields: Fields) -> Result<Draft> {
    for (name, value) in fields {
        let known = draft.model().field(&name);
        if known.is_none_or(|field| matches!(field.kind, Kind::Lines { .. })) {
            return Err(unknown(&draft, &name));
        }
        draft.set(&name, value);
    }
    Ok(draft)
}

fn unknown(draft: &Draft, name: &str) -> Error {
    let message = format!("{} has no field {name}.", draft.model().label);
    Error::problem(name, "unknown_field", message)
}

async fn schedule(
    tx: &mut Tx,
    plugin: &Installed,
    job: &str,
    after_s: u32,
    payload: Json,
) -> Result<()> {
    if plugin.manifest.hooks.get(job).is_none_or(|hook| hook.point != Point::Job) {
        let message = format!("{} has no job `{job}` in its manifest.", plugin.title());
        return Err(Error::problem("", "unknown_job", message));
    }
    let wait = jiff::SignedDuration::from_secs(i64::from(after_s.min(SCHEDULE_S_MAX)));
    let at = tx.now().checked_add(wait).unwrap_or(tx.now());
    jobs::enqueue(tx, &later::job_name(plugin, job), payload, at).await.map(drop)
}
