//! What the roles of an actor grant: the roles held with those they include, and the grants that
//! they have for one right on one model.
//! Not here: who holds which role (`identity::user`), pairs that exclude each other (`separation`).

use std::collections::BTreeSet;

use fondaco_schema::{Class, Expr, Model, Schema};

use super::Right;
use crate::ctx::{Actor, ActorKind};

/// The name under which the system's grants are shown. INVARIANT: no schema declares it.
pub const SYSTEM: &str = "system";

/// The given roles and all that they include, sorted. Names that the schema does not have are left
/// out: a role that a module took away gives nothing.
pub fn held<'a>(schema: &Schema, given: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut open: Vec<&str> = given.into_iter().collect();
    let mut held = BTreeSet::new();
    while let Some(name) = open.pop() {
        if let Some(role) = schema.roles.get(name)
            && held.insert(role.name.clone())
        {
            open.extend(role.includes.iter().map(String::as_str));
        }
    }
    held.into_iter().collect()
}

/// The part of a grant that is for one right.
#[derive(Clone, Copy, Debug)]
pub(super) enum Rule<'a> {
    Always,
    When(&'a Expr),
}

impl<'a> Rule<'a> {
    pub(super) fn source(&self) -> &'a str {
        match self {
            Rule::Always => "true",
            Rule::When(expr) => &expr.source,
        }
    }
}

/// The grants of the actor's roles for this right, by role; they are ORed. The system has one for
/// everything but internal actions. What an API token leaves of them: [`in_scope`].
pub(super) fn grants<'a>(
    actor: &'a Actor,
    model: &'a Model,
    right: Right<'a>,
) -> impl Iterator<Item = (&'a str, Rule<'a>)> {
    let system = actor.kind == ActorKind::System && !model.is_line() && !internal(model, right);
    let own = actor.roles.iter();
    let own = own.filter_map(move |role| Some((role.as_str(), rule(model, role, right)?)));
    system.then_some((SYSTEM, Rule::Always)).into_iter().chain(own)
}

/// Whether the actor's API token, if that is how he came in, covers the right.
pub(super) fn in_scope(actor: &Actor, model: &Model, right: Right<'_>) -> bool {
    crate::identity::covers(&actor.scopes, &model.name, right)
}

/// What one role grants. Internal actions are granted to nobody: Rust performs them.
pub(super) fn rule<'a>(model: &'a Model, role: &str, right: Right<'_>) -> Option<Rule<'a>> {
    if model.is_line() || internal(model, right) {
        return None;
    }
    let grant = model.access.get(role)?;
    let expr = match right {
        Right::Read => grant.read.as_ref(),
        Right::Create => grant.create.as_ref(),
        Right::Write => grant.write.as_ref(),
        Right::Delete => grant.delete.as_ref(),
        Right::Act(name) => match grant.actions.get(name)? {
            None => return Some(Rule::Always),
            Some(expr) => Some(expr),
        },
    };
    expr.map(Rule::When)
}

/// Whether the action is for Rust only. An action that the model does not have is nobody's too.
fn internal(model: &Model, right: Right<'_>) -> bool {
    match right {
        Right::Act(name) => model.actions.get(name).is_none_or(|action| action.internal),
        _ => false,
    }
}

/// The roles of the schema that have any grant for this right, for refusals and explanations.
pub(super) fn granting<'a>(model: &'a Model, right: Right<'a>) -> impl Iterator<Item = &'a str> {
    model.access.keys().map(String::as_str).filter(move |role| rule(model, role, right).is_some())
}

/// Whether one of the actor's roles names this class among those it may read.
pub(super) fn reads_class(schema: &Schema, actor: &Actor, class: Class) -> bool {
    roles_of(schema, actor).any(|role| role.classes.contains(&class))
}

/// Whether one of the actor's roles names this class among those it may write.
pub(super) fn writes_class(schema: &Schema, actor: &Actor, class: Class) -> bool {
    roles_of(schema, actor).any(|role| role.write_classes.contains(&class))
}

fn roles_of<'a>(
    schema: &'a Schema,
    actor: &'a Actor,
) -> impl Iterator<Item = &'a fondaco_schema::Role> {
    actor.roles.iter().filter_map(|name| schema.roles.get(name))
}
