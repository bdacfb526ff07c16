//! The type check of operators, lists, and of literals that take the type of what they meet: a text
//! beside a date is a date, a number beside a link is an id.

use std::str::FromStr;

use cel::common::ast::{CallExpr, operators};
use fondaco_values::{AnyId, Date, Timestamp, Value};

use super::check::Checker;
use super::{Node, Op, Type};
use crate::suggest::did_you_mean;
use crate::{Kind, Schema};

impl Checker<'_> {
    /// Checks an operator; `None` when the call is a function.
    pub(super) fn operator(&mut self, call: &CallExpr) -> Result<Option<Node>, String> {
        let node = match (call.func_name.as_str(), call.args.as_slice()) {
            (operators::LOGICAL_NOT, [of]) => Node::Not(Box::new(truth(self.value(of)?, "!")?)),
            (operators::NEGATE, [of]) => negate(self.value(of)?)?,
            (operators::CONDITIONAL, [test, then, otherwise]) => {
                let test = truth(self.value(test)?, "?")?;
                choose(test, self.value(then)?, self.value(otherwise)?)?
            }
            (operators::INDEX, _) => return Err("x[…] is not part of the language".to_owned()),
            (name, [left, right]) => match op(name) {
                Some((op, sign)) => {
                    let (left, right) = (self.value(left)?, self.value(right)?);
                    binary(self.schema, op, sign, left, right)?
                }
                None => return Ok(None),
            },
            _ => return Ok(None),
        };
        Ok(Some(node))
    }
}

fn op(name: &str) -> Option<(Op, &'static str)> {
    Some(match name {
        operators::LOGICAL_AND => (Op::And, "&&"),
        operators::LOGICAL_OR => (Op::Or, "||"),
        operators::EQUALS => (Op::Eq, "=="),
        operators::NOT_EQUALS => (Op::Ne, "!="),
        operators::LESS => (Op::Lt, "<"),
        operators::LESS_EQUALS => (Op::Le, "<="),
        operators::GREATER => (Op::Gt, ">"),
        operators::GREATER_EQUALS => (Op::Ge, ">="),
        operators::IN => (Op::In, "in"),
        operators::ADD => (Op::Add, "+"),
        operators::SUBSTRACT => (Op::Sub, "-"),
        operators::MULTIPLY => (Op::Mul, "*"),
        operators::DIVIDE => (Op::Div, "/"),
        operators::MODULO => (Op::Rem, "%"),
        _ => return None,
    })
}

fn binary(schema: &Schema, op: Op, sign: &str, left: Node, right: Node) -> Result<Node, String> {
    match op {
        Op::And | Op::Or => {
            let (left, right) = (truth(left, sign)?, truth(right, sign)?);
            Ok(node(op, Type::Bool, left, right))
        }
        Op::Eq | Op::Ne => equality(schema, op, sign, left, right),
        Op::Lt | Op::Le | Op::Gt | Op::Ge => {
            let (left, right) = together(sign, left, right)?;
            match left.ty() {
                Type::Bool | Type::Link(_) | Type::List(_) | Type::Json => {
                    Err(format!("`{sign}` does not compare {}", left.ty()))
                }
                _ => Ok(node(op, Type::Bool, left, right)),
            }
        }
        Op::In => within(schema, left, right),
        Op::Add | Op::Sub | Op::Mul | Op::Div | Op::Rem => {
            let ty = arithmetic(op, sign, &left.ty(), &right.ty())?;
            Ok(node(op, ty, left, right))
        }
    }
}

fn node(op: Op, ty: Type, left: Node, right: Node) -> Node {
    Node::Binary { op, ty, left: Box::new(left), right: Box::new(right) }
}

fn equality(schema: &Schema, op: Op, sign: &str, left: Node, right: Node) -> Result<Node, String> {
    let asked = match (is_null(&left), is_null(&right)) {
        (_, true) => Some(left.clone()),
        (true, false) => Some(right.clone()),
        (false, false) => None,
    };
    if let Some(of) = asked {
        let null = Node::IsNull(Box::new(of));
        return Ok(if op == Op::Eq { null } else { Node::Not(Box::new(null)) });
    }
    let (left, right) = together(sign, left, right)?;
    if matches!(left.ty(), Type::List(_) | Type::Json) {
        return Err(format!("`{sign}` does not compare {}; ask `x in list`", left.ty()));
    }
    known_choice(schema, &left, &right)?;
    known_choice(schema, &right, &left)?;
    Ok(node(op, Type::Bool, left, right))
}

fn within(schema: &Schema, left: Node, right: Node) -> Result<Node, String> {
    let (left, right) = match (left, right) {
        (left, Node::List { items, .. }) => {
            let wanted = left.ty();
            let items: Result<Vec<Node>, String> =
                items.into_iter().map(|item| coerce(item, &wanted)).collect();
            (left, list(items?)?)
        }
        (left, right) => match right.ty() {
            Type::List(of) => (coerce(left, &of)?, right),
            _ => (left, right),
        },
    };
    let Type::List(of) = right.ty() else {
        return Err(format!("`in` wants a list on its right, not {}", right.ty()));
    };
    if left.ty().join(&of).is_none() || is_null(&left) {
        return Err(format!("`in` does not look for {} in a list of {of}", left.ty()));
    }
    if let Node::List { items, .. } = &right {
        for item in items {
            known_choice(schema, &left, item)?;
        }
    }
    Ok(node(Op::In, Type::Bool, left, right))
}

/// A choice field is only compared with texts that it can hold.
fn known_choice(schema: &Schema, field: &Node, literal: &Node) -> Result<(), String> {
    let (Node::Field { path, .. }, Node::Literal { value: Value::Text(text), .. }) =
        (field, literal)
    else {
        return Ok(());
    };
    let found = path.last().and_then(|last| schema.field(&last.model, &last.field));
    let Some((_, field)) = found else { return Ok(()) };
    match &field.kind {
        Kind::Choice { values } if !values.iter().any(|choice| choice.value == *text) => {
            let known = values.iter().map(|choice| choice.value.as_str());
            let message = format!("`{}` is never '{text}'", field.name);
            Err(match did_you_mean(text, known) {
                Some(help) => format!("{message}; {help}"),
                None => message,
            })
        }
        _ => Ok(()),
    }
}

/// Brings both sides to types that go together.
fn together(sign: &str, left: Node, right: Node) -> Result<(Node, Node), String> {
    let (left, right) = (coerce(left, &right.ty())?, right);
    let right = coerce(right, &left.ty())?;
    match left.ty().join(&right.ty()) {
        Some(_) => Ok((left, right)),
        None => Err(format!("`{sign}` does not compare {} with {}", left.ty(), right.ty())),
    }
}

fn arithmetic(op: Op, sign: &str, left: &Type, right: &Type) -> Result<Type, String> {
    let whole = *left == Type::Int && *right == Type::Int;
    match (op, left, right) {
        (Op::Div, l, r) if l.is_number() && r.is_number() => Ok(Type::Decimal),
        (_, l, r) if l.is_number() && r.is_number() => {
            Ok(if whole { Type::Int } else { Type::Decimal })
        }
        (Op::Add, Type::Text, Type::Text) => Ok(Type::Text),
        (Op::Add | Op::Sub, Type::Date | Type::Time | Type::Duration, Type::Duration) => {
            Ok(left.clone())
        }
        (Op::Sub, Type::Date, Type::Date) | (Op::Sub, Type::Time, Type::Time) => Ok(Type::Duration),
        (Op::Mul, Type::Duration, Type::Int) => Ok(Type::Duration),
        (Op::Add | Op::Sub, Type::Date | Type::Time, Type::Int) => {
            Err(format!("`{sign}` wants a duration on its right, such as days(30)"))
        }
        _ => Err(format!("`{sign}` does not take {left} and {right}")),
    }
}

fn negate(of: Node) -> Result<Node, String> {
    let ty = of.ty();
    match of {
        Node::Literal { value: Value::Int(value), ty } => match value.checked_neg() {
            Some(value) => Ok(Node::Literal { value: Value::Int(value), ty }),
            None => Err("the number is out of range".to_owned()),
        },
        Node::Literal { value: Value::Decimal(value), ty } => {
            Ok(Node::Literal { value: Value::Decimal(-value), ty })
        }
        of if ty.is_number() || ty == Type::Duration => Ok(Node::Negate(Box::new(of))),
        _ => Err(format!("`-` does not take {ty}")),
    }
}

fn choose(test: Node, then: Node, otherwise: Node) -> Result<Node, String> {
    let (then, otherwise) = (coerce(then, &otherwise.ty())?, otherwise);
    let otherwise = coerce(otherwise, &then.ty())?;
    let Some(ty) = then.ty().join(&otherwise.ty()) else {
        let (then, otherwise) = (then.ty(), otherwise.ty());
        return Err(format!("the two sides of `:` differ: {then} and {otherwise}"));
    };
    let (test, then, otherwise) = (Box::new(test), Box::new(then), Box::new(otherwise));
    Ok(Node::If { ty, test, then, otherwise })
}

/// Refuses what is not true or false where a condition is wanted.
pub(super) fn truth(of: Node, sign: &str) -> Result<Node, String> {
    match of.ty() {
        Type::Bool => Ok(of),
        ty => Err(format!("`{sign}` wants true or false, not {ty}")),
    }
}

pub(super) fn is_null(of: &Node) -> bool {
    matches!(of, Node::Literal { value: Value::Null, .. })
}

/// A list of what its items have in common.
pub(super) fn list(items: Vec<Node>) -> Result<Node, String> {
    let mut of = Type::Null;
    for item in &items {
        if matches!(item.ty(), Type::List(_)) {
            return Err("a list holds no lists".to_owned());
        }
        of = of.join(&item.ty()).ok_or_else(|| {
            format!("a list holds values of one type, not {of} and {}", item.ty())
        })?;
    }
    Ok(Node::List { items, of })
}

/// Gives a literal the type it is wanted as, when it can have it; other parts stay as they are.
pub(super) fn coerce(of: Node, wanted: &Type) -> Result<Node, String> {
    let Node::Literal { value, ty } = &of else { return Ok(of) };
    let value = match (value, wanted) {
        _ if *ty == *wanted => return Ok(of),
        (Value::Text(text), Type::Date) => Value::Date(date(text)?),
        (Value::Text(text), Type::Time) => Value::Time(time(text)?),
        (Value::Text(text), Type::Link(_)) => match text.parse() {
            Ok(raw) => Value::Link(AnyId::new(raw)),
            Err(_) => return Err(format!("'{text}' is not an id")),
        },
        (Value::Int(raw), Type::Link(_)) => Value::Link(AnyId::new(*raw)),
        (Value::Int(seconds), Type::Duration) => Value::Int(*seconds),
        _ => return Ok(of),
    };
    Ok(Node::Literal { value, ty: wanted.clone() })
}

pub(super) fn date(text: &str) -> Result<Date, String> {
    Date::from_str(text).map_err(|_| format!("'{text}' is not a date such as 2026-01-31"))
}

/// An instant with its zone, or a date: its first moment in UTC.
pub(super) fn time(text: &str) -> Result<Timestamp, String> {
    let at_midnight =
        || Timestamp::from_str(&format!("{}T00:00:00Z", Date::from_str(text).ok()?)).ok();
    Timestamp::from_str(text)
        .ok()
        .or_else(at_midnight)
        .ok_or_else(|| format!("'{text}' is not an instant such as 2026-01-31T12:00:00Z"))
}
