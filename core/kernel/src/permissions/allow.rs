//! The decisions: may this be done, with this record? And their proof, [`Allowed`].
//! Not here: the rules (`rows`), their explanation in full (`explain`).

use std::ops::Deref;

use fondaco_schema::dashboard::Dashboard;
use fondaco_schema::{Model, Report, Scope};
use fondaco_values::{AnyId, Id};

use super::{
    Right,
    roles::{granting, grants, in_scope},
    rows::{holds, is_true, restriction, restriction_source, rows, rule_holds},
};
use crate::ctx::{ActorKind, Ctx};
use crate::error::{Error, Result};
use crate::model::{compute::Stage, sql};
use crate::record::{Rec, Record};
use crate::tx::Tx;

/// Proof that the caller may do what the function that takes it does, with the record inside.
/// INVARIANT: made by [`allow()`], and by `Acting::allowed` for an action that `records::act` has
/// permitted or a module performs on its own model; neither Clone nor Copy: one proof, one deed.
///
/// ```compile_fail,E0451
/// let forged = fondaco_kernel::permissions::Allowed { record: 1 };
/// ```
/// ```compile_fail,E0624
/// let forged = fondaco_kernel::permissions::Allowed::new(1);
/// ```
/// ```compile_fail,E0308
/// use fondaco_kernel::permissions::Allowed;
/// fn twice(one: Allowed<i64>) -> (Allowed<i64>, Allowed<i64>) {
///     (one.clone(), one) // clones the number inside, not the proof
/// }
/// ```
#[derive(Debug)]
pub struct Allowed<M> {
    record: M,
}

impl<M> Allowed<M> {
    pub(crate) fn new(record: M) -> Allowed<M> {
        Allowed { record }
    }

    /// The record, when the deed needs to change and save it.
    pub fn into_inner(self) -> M {
        self.record
    }
}

impl<M> Deref for Allowed<M> {
    type Target = M;

    fn deref(&self) -> &M {
        &self.record
    }
}

/// Reads the record and proves that the caller may do this with it.
///
/// # Errors
/// `NotFound` when there is none or he may not see it, `Forbidden` when he may not do this.
pub async fn allow<M: Record>(tx: &mut Tx, id: Id<M>, right: Right<'_>) -> Result<Allowed<M>> {
    let (record, stage) = staged(tx, M::MODEL, id.any(), right).await?;
    check(tx.ctx(), &record.model, id.any(), right, &stage.scope(&record))?;
    Ok(Allowed::new(M::from_rec(&record)?))
}

/// The whole record with all that the rules for this right reach.
pub(super) async fn staged(
    tx: &mut Tx,
    model: &str,
    id: AnyId,
    right: Right<'_>,
) -> Result<(Rec, Stage)> {
    let registry = tx.registry().clone();
    let meta = registry.catalog.meta(model)?;
    let lines: Vec<usize> = meta.lines.iter().map(|lines| lines.at).collect();
    let record = sql::documents(tx, meta, &[id], &lines).await?.pop();
    let record = record.ok_or_else(|| Error::not_found(model, id))?;
    let rules = [Right::Read, right].map(|right| rows(tx.ctx(), &meta.model, right));
    let rules = [&rules[0], &rules[1]];
    let mut stage = Stage::new(tx, &rules).await?;
    stage.reach(tx, &[&record], &rules).await?;
    Ok((record, stage))
}

/// Whether the caller has the right on some records of the model at all.
pub fn may(ctx: &Ctx, model: &Model, right: Right<'_>) -> bool {
    in_scope(&ctx.actor, model, right) && grants(&ctx.actor, model, right).next().is_some()
}

/// How much of a model somebody may read, before a record is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    None,
    /// Those for which a rule holds.
    Some,
    /// All of the companies that he works in.
    All,
}

/// How much of a model the caller may read; lines are asked for by their document ([`super::document`]).
pub fn sight(ctx: &Ctx, model: &Model) -> Sight {
    if !may(ctx, model, Right::Read) {
        return Sight::None;
    }
    let mut rules = grants(&ctx.actor, model, Right::Read);
    if rules.any(|(_, rule)| rule.source() == "true") { Sight::All } else { Sight::Some }
}

/// Like [`may`]; a refusal names what is missing. For lists and before a new record is built.
pub fn require(ctx: &Ctx, model: &Model, right: Right<'_>) -> Result<()> {
    if may(ctx, model, right) { Ok(()) } else { Err(forbidden(ctx, model, right)) }
}

/// Whether the caller may do this with this record, as it is stored. `NotFound` when he may not see
/// it, `Forbidden` when he sees it and may not.
pub fn check(
    ctx: &Ctx,
    model: &Model,
    id: AnyId,
    right: Right<'_>,
    record: &dyn Scope,
) -> Result<()> {
    if !sees(ctx, model, record) {
        return Err(Error::not_found(&model.name, id));
    }
    if holds(ctx, model, right, record) { Ok(()) } else { Err(forbidden(ctx, model, right)) }
}

/// Whether the caller may create this record, complete with defaults and computed fields.
pub fn allow_create(ctx: &Ctx, model: &Model, record: &dyn Scope) -> Result<()> {
    still_allowed(ctx, model, Right::Create, record)
}

/// Whether the record, as it is about to be saved, is still one on which the caller has the right:
/// nobody writes a record out of his own reach, or past a limit that his grant sets.
pub fn still_allowed(ctx: &Ctx, model: &Model, right: Right<'_>, record: &dyn Scope) -> Result<()> {
    if holds(ctx, model, right, record) { Ok(()) } else { Err(forbidden(ctx, model, right)) }
}

/// Whether the caller holds one of these roles; what is nobody's is the administrator's.
fn holds_one(ctx: &Ctx, roles: &[String]) -> bool {
    let held = |role: &str| ctx.actor.roles.iter().any(|own| own == role);
    match roles {
        [] => held(crate::identity::ADMINISTRATOR),
        roles => roles.iter().any(|role| held(role)),
    }
}

/// Whether a dashboard is one of the caller's roles. What its tiles show is asked with his rights.
pub fn may_see_dashboard(ctx: &Ctx, dashboard: &Dashboard) -> bool {
    holds_one(ctx, &dashboard.roles)
}

/// Whether the caller may run the report. One without roles is for administrators.
pub fn may_run_report(ctx: &Ctx, report: &Report) -> bool {
    let by_role = holds_one(ctx, &report.roles);
    let in_scope = crate::identity::covers(&ctx.actor.scopes, &report.name, Right::Read);
    ctx.actor.kind == ActorKind::System || (by_role && in_scope)
}

/// Sight does not depend on the scopes of a token: one that may only confirm orders may confirm those
/// that its owner sees, and for the rest of them it is told what it lacks.
pub(super) fn sees(ctx: &Ctx, model: &Model, record: &dyn Scope) -> bool {
    is_true(&restriction(model), record)
        && grants(&ctx.actor, model, Right::Read).any(|(_, rule)| rule_holds(&rule, record))
}

fn forbidden(ctx: &Ctx, model: &Model, right: Right<'_>) -> Error {
    let what = format!("{right} {}", model.label.to_lowercase());
    Error::Forbidden { what, missing: missing(ctx, model, right) }
}

fn missing(ctx: &Ctx, model: &Model, right: Right<'_>) -> String {
    if !in_scope(&ctx.actor, model, right) {
        return format!("the token has no scope {}:{right}", model.name);
    }
    let own: Vec<String> = grants(&ctx.actor, model, right)
        .map(|(role, rule)| format!("{role} may if {}", rule.source()))
        .chain(restriction_source(model).map(str::to_owned))
        .collect();
    if may(ctx, model, right) {
        return format!("it does not hold that {}", own.join(", "));
    }
    let others: Vec<&str> = granting(model, right).collect();
    match others.as_slice() {
        [] => "no role grants it".to_owned(),
        others => format!("none of your roles grants it, only {}", others.join(", ")),
    }
}
