//! What somebody can do with one record now: change it, delete it, which of its actions, and why
//! those that exist for him are not possible at the moment. What his roles do not give is not named.
//! Not here: doing it (`records::act`), which asks everything again.

use std::collections::HashSet;

use fondaco_schema::expr::eval;
use fondaco_schema::{Action, Node};
use fondaco_values::AnyId;

use crate::error::{Error, Result};
use crate::model::Stage;
use crate::permissions::{self, Right};
use crate::record::Rec;
use crate::{Tx, store};

/// What the caller can do with a record.
#[derive(Clone, Debug, Default)]
pub struct Offers {
    pub write: bool,
    pub delete: bool,
    /// Names of the actions that he may do, in the order of the model.
    pub actions: Vec<(String, Option<WhyNot>)>,
}

/// What stands in the way of an action that one may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhyNot {
    /// The record is in none of the states from which the action leads.
    State,
    /// Its condition is not true of the record; its `refusal` says what that means.
    Condition,
}

/// What the caller can do with the record that he sees.
///
/// # Errors
/// `NotFound` when there is none that he sees.
pub async fn of(tx: &mut Tx, model: &str, id: AnyId) -> Result<Offers> {
    let registry = tx.registry().clone();
    let meta = registry.catalog.meta(model)?;
    let ctx = tx.ctx().clone();
    let rec = store::whole(tx, meta, &[id]).await?.pop();
    let rec = rec.ok_or_else(|| Error::not_found(model, id))?;
    let actions = || meta.model.actions.values().filter(|action| !action.internal);
    let rights = [Right::Read, Right::Write, Right::Delete].into_iter();
    let rights: Vec<Right<'_>> = rights.chain(actions().map(|a| Right::Act(&a.name))).collect();
    let rules: Vec<Node> =
        rights.iter().map(|right| permissions::rows(&ctx, &meta.model, *right)).collect();
    let guards = actions().filter_map(|action| action.require.as_ref()).map(|guard| &guard.node);
    let nodes: Vec<&Node> = rules.iter().chain(guards).collect();
    let mut stage = Stage::new(tx, &nodes).await?;
    stage.reach(tx, &[&rec], &nodes).await?;
    let scope = stage.scope(&rec);
    let may = |right| permissions::check(&ctx, &meta.model, id, right, &scope);
    may(Right::Read)?;
    let why_not = |action: &Action| {
        let from = &action.from;
        let here = rec.state().is_some_and(|state| from.iter().any(|known| known == state));
        let holds =
            |guard: &fondaco_schema::Expr| eval(&guard.node, &scope).as_bool() == Some(true);
        match (from.is_empty() || here, action.require.as_ref().is_none_or(holds)) {
            (false, _) => Some(WhyNot::State),
            (true, false) => Some(WhyNot::Condition),
            (true, true) => None,
        }
    };
    let mine = actions().filter(|action| may(Right::Act(&action.name)).is_ok());
    Ok(Offers {
        write: may(Right::Write).is_ok(),
        delete: may(Right::Delete).is_ok(),
        actions: mine.map(|action| (action.name.clone(), why_not(action))).collect(),
    })
}

/// Of these records, those with which the caller may do this now, as far as his rights and the states
/// from which an action leads say: one look for all of them, however many.
pub async fn possible(
    tx: &mut Tx,
    model: &str,
    ids: &[AnyId],
    right: Right<'_>,
) -> Result<HashSet<AnyId>> {
    let registry = tx.registry().clone();
    let meta = registry.catalog.meta(model)?;
    let ctx = tx.ctx().clone();
    if ids.is_empty() || !permissions::may(&ctx, &meta.model, right) {
        return Ok(HashSet::new());
    }
    let from = match right {
        Right::Act(action) => meta.model.actions.get(action).map(|action| &action.from),
        _ => None,
    };
    let found = store::whole(tx, meta, ids).await?;
    let rules = [Right::Read, right].map(|right| permissions::rows(&ctx, &meta.model, right));
    let rules: Vec<&Node> = rules.iter().collect();
    let mut stage = Stage::new(tx, &rules).await?;
    stage.reach(tx, &found.iter().collect::<Vec<_>>(), &rules).await?;
    let leads = |rec: &Rec| match (from, rec.state()) {
        (Some(from), Some(state)) => from.is_empty() || from.iter().any(|known| known == state),
        _ => true,
    };
    let holds = |rec: &Rec| {
        let scope = stage.scope(rec);
        rules.iter().all(|rule| eval(rule, &scope).as_bool() == Some(true))
    };
    Ok(found.iter().filter(|rec| leads(rec) && holds(rec)).map(|rec| rec.id).collect())
}
