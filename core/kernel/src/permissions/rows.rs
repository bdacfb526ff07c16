//! Row rules: which records of a model somebody may read, write, … as one expression, for the SQL
//! of a query or for a record in memory.
//! Not here: how the expression becomes SQL (`model::sql`).

use std::sync::Arc;

use fondaco_schema::expr::{ActorAttr, FieldRef, Op, eval};
use fondaco_schema::{Model, Node, Schema, Scope, Type};
use fondaco_values::Value;

use super::{
    Right,
    roles::{Rule, grants, in_scope},
};
use crate::ctx::Ctx;

/// The model whose rights decide: of lines it is their document, else the model itself. A list of
/// lines is filtered by `document in (select id … where rows(document))`.
pub fn document<'s>(schema: &'s Schema, model: &'s Arc<Model>) -> &'s Arc<Model> {
    match &model.owner {
        Some(owner) => schema.models.get(&owner.parent).unwrap_or(model),
        None => model,
    }
}

/// The records of `model` on which the caller has this right: (grant or grant …) and restriction.
/// `false` when no role grants it. Always ANDed to what was asked for.
pub fn rows(ctx: &Ctx, model: &Model, right: Right<'_>) -> Node {
    all_of(granted(ctx, model, right), restriction(model))
}

/// The condition that holds for everybody, whatever their roles: a record that belongs to a company
/// is seen and touched only by those who work in that company. `true` for shared models.
pub(super) fn restriction(model: &Model) -> Node {
    if model.shared || !model.fields.contains_key("company") {
        return truth(true);
    }
    let company = FieldRef {
        model: model.name.clone(),
        field: "company".to_owned(),
        ty: Type::Link("company".to_owned()),
        scale: None,
    };
    let own = Node::Field { level: 0, path: vec![company] };
    binary(Op::In, own, Node::Actor(ActorAttr::Companies))
}

/// How the restriction reads, for explanations; `None` when there is none.
pub(super) fn restriction_source(model: &Model) -> Option<&'static str> {
    match restriction(model) {
        Node::Literal { .. } => None,
        _ => Some("company in actor.companies"),
    }
}

fn granted(ctx: &Ctx, model: &Model, right: Right<'_>) -> Node {
    let mut any = truth(false);
    if !in_scope(&ctx.actor, model, right) {
        return any;
    }
    for (_, rule) in grants(&ctx.actor, model, right) {
        match rule {
            Rule::Always => return truth(true),
            Rule::When(expr) => any = any_of(any, expr.node.clone()),
        }
    }
    any
}

/// Whether a grant and the restriction are true of this record.
pub(super) fn holds(ctx: &Ctx, model: &Model, right: Right<'_>, record: &dyn Scope) -> bool {
    in_scope(&ctx.actor, model, right)
        && is_true(&restriction(model), record)
        && grants(&ctx.actor, model, right).any(|(_, rule)| rule_holds(&rule, record))
}

pub(super) fn rule_holds(rule: &Rule<'_>, record: &dyn Scope) -> bool {
    match rule {
        Rule::Always => true,
        Rule::When(expr) => is_true(&expr.node, record),
    }
}

pub(super) fn is_true(node: &Node, record: &dyn Scope) -> bool {
    matches!(eval(node, record), Value::Bool(true))
}

fn any_of(left: Node, right: Node) -> Node {
    match (constant(&left), constant(&right)) {
        (Some(true), _) | (_, Some(false)) => left,
        (Some(false), _) | (_, Some(true)) => right,
        _ => binary(Op::Or, left, right),
    }
}

fn all_of(left: Node, right: Node) -> Node {
    match (constant(&left), constant(&right)) {
        (Some(false), _) | (_, Some(true)) => left,
        (Some(true), _) | (_, Some(false)) => right,
        _ => binary(Op::And, left, right),
    }
}

fn constant(node: &Node) -> Option<bool> {
    match node {
        Node::Literal { value, .. } => value.as_bool(),
        _ => None,
    }
}

fn truth(value: bool) -> Node {
    Node::Literal { value: Value::Bool(value), ty: Type::Bool }
}

fn binary(op: Op, left: Node, right: Node) -> Node {
    Node::Binary { op, ty: Type::Bool, left: Box::new(left), right: Box::new(right) }
}
