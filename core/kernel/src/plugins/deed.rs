//! Plugins around an action: before its work (it goes on, is refused, or held), as its work (actions
//! that plugins add), and after it (effects). Whoever performs it, a user or a module.

use std::sync::Arc;

use fondaco_schema::plugin::{Hook, Point};
use serde_json::{Map, json};

use super::policy::{Manner, ask, bear};
use super::talk::{Answer, Ask, Entity, Failed, Failure, Fields, Ruling, Word};
use super::{Asked, asked, effects, input};
use crate::error::refuse_if_any;
use crate::model::{self, Meta};
use crate::record::Rec;
use crate::{Args, Outcome, Result, Tx, audit, store};

/// Before the work of an action. `Some` when a plugin holds it: then this is what is answered, and the
/// action does not happen.
///
/// # Errors
/// `Invalid` with the problems of the first plugin that refuses: the next would be asked about a deed
/// that does not happen.
pub(crate) async fn before(
    tx: &mut Tx,
    meta: &Arc<Meta>,
    rec: &Rec,
    (action, args): (&str, &Args),
) -> Result<Option<Outcome>> {
    for one in hooks(tx, Point::Guard, meta, action) {
        let question =
            |record| Ask::Guard { action: action.to_owned(), record, args: fields(args) };
        let ruled = match answer(tx, &one, meta, rec, question).await? {
            Ok(Answer::Ruling(ruling)) => ruled(tx, &one, (meta, rec, action), ruling).await?,
            Ok(_) => Err(Failure::new(Failed::Output, "no ruling")),
            Err(failure) => Err(failure),
        };
        match ruled {
            Ok(None) => {}
            Ok(Some(held)) => return Ok(Some(held)),
            Err(failure) => bear(tx, &one, (&meta.model, &[rec.id]), failure)?,
        }
    }
    Ok(None)
}

async fn ruled(
    tx: &mut Tx,
    one: &Asked,
    (meta, rec, action): (&Arc<Meta>, &Rec, &str),
    ruling: Ruling,
) -> Result<Word<Option<Outcome>>> {
    let plugin = &one.plugin;
    match ruling {
        Ruling::Proceed => Ok(Ok(None)),
        Ruling::Refuse(problems) => {
            let own =
                problems.into_iter().map(|problem| problem.arg("plugin", &plugin.manifest.id));
            let own: Vec<_> = own.collect();
            match own.is_empty() {
                true => Ok(Err(Failure::new(Failed::Output, "it refuses and does not say why"))),
                false => refuse_if_any(own).map(|()| Ok(None)),
            }
        }
        Ruling::Hold { message, effects } => {
            if let Err(failure) = effects::apply(&mut one.rights(tx), plugin, effects).await? {
                return Ok(Err(failure));
            }
            let mut changes = Map::new();
            let by = format!("{} {}", plugin.manifest.id, plugin.manifest.version);
            changes.insert("plugin".to_owned(), json!([null, by]));
            changes.insert("held".to_owned(), json!([null, message]));
            let action = format!("{action}_held");
            audit::write(tx, &meta.model, vec![audit::Entry { record: rec.id, action, changes }]);
            Ok(Ok(Some(Outcome::says(message))))
        }
    }
}

/// The work of an action that no module does: that of the plugin which adds it, if one does.
pub(crate) async fn work(
    tx: &mut Tx,
    meta: &Arc<Meta>,
    rec: &Rec,
    (action, args): (&str, &Args),
) -> Result<Outcome> {
    let Some(one) = hooks(tx, Point::Action, meta, action).into_iter().next() else {
        return Ok(Outcome::done());
    };
    let question = |record| Ask::Act { action: action.to_owned(), record, args: fields(args) };
    let failure = match answer(tx, &one, meta, rec, question).await? {
        Ok(Answer::Done { message, effects }) => {
            match effects::apply(&mut one.rights(tx), &one.plugin, effects).await? {
                Ok(()) => return Ok(message.map_or_else(Outcome::done, Outcome::says)),
                Err(failure) => failure,
            }
        }
        Ok(_) => Failure::new(Failed::Output, "no answer to an action"),
        Err(failure) => failure,
    };
    bear(tx, &one, (&meta.model, &[rec.id]), failure).map(|()| Outcome::done())
}

/// After the work of an action, in its transaction.
pub(crate) async fn after(
    tx: &mut Tx,
    meta: &Arc<Meta>,
    rec: &Rec,
    (action, args): (&str, &Args),
) -> Result<()> {
    for one in hooks(tx, Point::Effect, meta, action) {
        // As it is now.
        let Some(now) = store::whole(tx, meta, &[rec.id]).await?.pop() else { return Ok(()) };
        let question =
            |record| Ask::After { action: action.to_owned(), record, args: fields(args) };
        let done = match answer(tx, &one, meta, &now, question).await? {
            Ok(Answer::Effects(wanted)) => {
                effects::apply(&mut one.rights(tx), &one.plugin, wanted).await?
            }
            Ok(_) => Err(Failure::new(Failed::Output, "no effects")),
            Err(failure) => Err(failure),
        };
        if let Err(failure) = done {
            bear(tx, &one, (&meta.model, &[rec.id]), failure)?;
        }
    }
    Ok(())
}

fn hooks(tx: &Tx, point: Point, meta: &Meta, action: &str) -> Vec<Asked> {
    let wanted = |hook: &Hook| {
        let of = |names: &[String], name: &str| names.iter().any(|own| own == name);
        of(&hook.models, &meta.model.name) && of(&hook.actions, action)
    };
    let mut hooks = asked(tx.shared().plugins.as_ref(), point, wanted);
    hooks.retain(|one| !one.is_left_out(tx));
    hooks
}

async fn answer(
    tx: &mut Tx,
    one: &Asked,
    meta: &Arc<Meta>,
    rec: &Rec,
    question: impl FnOnce(Entity) -> Ask + Send,
) -> Result<Word<Answer>> {
    let Some(hook) = one.hook() else {
        return Ok(Err(Failure::new(Failed::Unfit, "its manifest has no such hook")));
    };
    let mut whole = [rec.clone()];
    model::compute::fill_unstored(tx, meta, &mut whole).await?;
    let manner = if hook.point.is_pure() { Manner::Pure } else { Manner::AtDesk };
    let mut tx = one.rights(tx);
    let told = input::entities(&mut tx, &one.plugin, hook, meta, &[&whole[0]]).await?;
    match told.map(|mut told| told.pop()) {
        Ok(Some(record)) => ask(&mut tx, one, question(record), manner).await,
        Ok(None) => Ok(Err(Failure::new(Failed::Unfit, "there is nothing to tell it"))),
        Err(failure) => Ok(Err(failure)),
    }
}

fn fields(args: &Args) -> Fields {
    args.0.iter().map(|(name, value)| (name.clone(), value.clone())).collect()
}
