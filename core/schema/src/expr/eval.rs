//! The value of an expression, in memory, on exact decimals. Total: what cannot be told (a division
//! by zero, a number out of range) is null. Not here: who knows the values, see [`Scope`].

use std::time::Duration;

use fondaco_values::{Decimal, Rounding, Timestamp, Value, quotient, round};

use super::{Aggregate, Fold, Func, Node, Op, Scope, Type};

/// Seconds.
const DAY: i64 = 86_400;

/// The value of `node` for the record in `scope`.
pub fn eval(node: &Node, scope: &dyn Scope) -> Value {
    of(node, &[scope])
}

/// `scopes` are the records in sight, the innermost last.
fn of(node: &Node, scopes: &[&dyn Scope]) -> Value {
    let Some(scope) = scopes.last() else { return Value::Null };
    match node {
        Node::Literal { value, .. } => value.clone(),
        Node::Field { level, path } => match at(scopes, *level) {
            Some(scope) => scope.field(path),
            None => Value::Null,
        },
        Node::Actor(attr) => scope.actor(*attr),
        Node::Company(field) => scope.company(&field.field),
        Node::Now => Value::Time(scope.now()),
        Node::Today => Value::Date(scope.today()),
        Node::List { items, .. } => {
            Value::List(items.iter().map(|item| of(item, scopes)).collect())
        }
        Node::Not(part) => Value::Bool(!is_true(part, scopes)),
        Node::Negate(part) => negated(of(part, scopes)),
        Node::IsNull(part) => Value::Bool(of(part, scopes).is_null()),
        Node::Binary { op: Op::And, left, right, .. } => {
            Value::Bool(is_true(left, scopes) && is_true(right, scopes))
        }
        Node::Binary { op: Op::Or, left, right, .. } => {
            Value::Bool(is_true(left, scopes) || is_true(right, scopes))
        }
        Node::Binary { op, ty, left, right } => {
            let (left, right) = (of(left, scopes), of(right, scopes));
            binary(*op, ty, &left, &right)
        }
        Node::If { test, then, otherwise, .. } => {
            of(if is_true(test, scopes) { then } else { otherwise }, scopes)
        }
        Node::Call { func: Func::Coalesce, args, .. } => {
            let values = args.iter().map(|arg| of(arg, scopes));
            values.into_iter().find(|value| !value.is_null()).unwrap_or(Value::Null)
        }
        Node::Call { func, ty, args } => {
            let args: Vec<Value> = args.iter().map(|arg| of(arg, scopes)).collect();
            call(*func, ty, &args)
        }
        Node::Aggregate(aggregate) => fold(aggregate, scopes),
    }
}

fn at<'a>(scopes: &[&'a dyn Scope], level: u8) -> Option<&'a dyn Scope> {
    scopes.len().checked_sub(1 + usize::from(level)).and_then(|place| scopes.get(place).copied())
}

/// Null is not true.
fn is_true(node: &Node, scopes: &[&dyn Scope]) -> bool {
    of(node, scopes).as_bool() == Some(true)
}

fn negated(value: Value) -> Value {
    match value {
        Value::Int(value) => value.checked_neg().into(),
        Value::Decimal(value) => Value::Decimal(-value),
        _ => Value::Null,
    }
}

fn binary(op: Op, ty: &Type, left: &Value, right: &Value) -> Value {
    if op == Op::Ne {
        return Value::Bool(left != right);
    }
    let some = !left.is_null() && !right.is_null();
    let order = left.cmp_values(right);
    Value::Bool(match op {
        Op::Eq => some && order.is_eq(),
        Op::Lt => some && order.is_lt(),
        Op::Le => some && order.is_le(),
        Op::Gt => some && order.is_gt(),
        Op::Ge => some && order.is_ge(),
        Op::In => some && right.as_list().is_some_and(|items| items.contains(left)),
        Op::And | Op::Or | Op::Ne => return Value::Null,
        Op::Add | Op::Sub | Op::Mul | Op::Div | Op::Rem => {
            return if some { arithmetic(op, ty, left, right) } else { Value::Null };
        }
    })
}

fn arithmetic(op: Op, ty: &Type, left: &Value, right: &Value) -> Value {
    match (left, right) {
        (Value::Text(left), Value::Text(right)) => Value::Text(format!("{left}{right}")),
        (Value::Int(left), Value::Int(right)) if *ty != Type::Decimal => match op {
            Op::Add => left.checked_add(*right),
            Op::Sub => left.checked_sub(*right),
            Op::Mul => left.checked_mul(*right),
            Op::Rem => left.checked_rem(*right),
            _ => None,
        }
        .into(),
        (Value::Date(_) | Value::Time(_), _) => moved(op, left, right).unwrap_or(Value::Null),
        _ => match (left.as_decimal(), right.as_decimal()) {
            (Some(left), Some(right)) => decimals(op, left, right).into(),
            _ => Value::Null,
        },
    }
}

fn decimals(op: Op, left: Decimal, right: Decimal) -> Option<Decimal> {
    match op {
        Op::Add => left.checked_add(right),
        Op::Sub => left.checked_sub(right),
        Op::Mul => left.checked_mul(right),
        Op::Rem => left.checked_rem(right),
        Op::Div => quotient(left, right, u32::from(Op::DIVISION_PLACES)),
        _ => None,
    }
}

/// Dates and instants with durations, which are seconds; a date moves by whole days.
fn moved(op: Op, left: &Value, right: &Value) -> Option<Value> {
    match (left, right) {
        (Value::Date(left), Value::Date(right)) => {
            Some(Value::Int(left.duration_since(*right).as_secs()))
        }
        (Value::Time(left), Value::Time(right)) => {
            Some(Value::Int(left.duration_since(*right).as_secs()))
        }
        (Value::Date(date), Value::Int(seconds)) => {
            let days = Duration::from_secs((seconds / DAY * DAY).unsigned_abs());
            let forward = (op == Op::Add) == (*seconds >= 0);
            let date = if forward { date.checked_add(days) } else { date.checked_sub(days) };
            date.ok().map(Value::Date)
        }
        (Value::Time(time), Value::Int(seconds)) => {
            let seconds = if op == Op::Sub { seconds.checked_neg()? } else { *seconds };
            let second = time.as_second().checked_add(seconds)?;
            Timestamp::new(second, time.subsec_nanosecond()).ok().map(Value::Time)
        }
        _ => None,
    }
}

fn call(func: Func, ty: &Type, args: &[Value]) -> Value {
    if args.iter().any(Value::is_null) {
        return match (func, ty) {
            (_, Type::Bool) => Value::Bool(false),
            _ => Value::Null,
        };
    }
    match (func, args) {
        (Func::Size, [Value::Text(text)]) => Value::Int(count(text.chars().count())),
        (Func::Size, [Value::List(items)]) => Value::Int(count(items.len())),
        (Func::Min, args) => args.iter().min().cloned().unwrap_or(Value::Null),
        (Func::Max, args) => args.iter().max().cloned().unwrap_or(Value::Null),
        (Func::Days, [Value::Int(days)]) => days.checked_mul(DAY).into(),
        (_, [Value::Text(text)]) => one_text(func, text),
        (_, [Value::Text(text), Value::Text(part)]) => Value::Bool(match func {
            Func::Contains => text.contains(part.as_str()),
            Func::StartsWith => text.starts_with(part.as_str()),
            Func::EndsWith => text.ends_with(part.as_str()),
            Func::Matches => text.to_lowercase().contains(&part.to_lowercase()),
            _ => false,
        }),
        (Func::Year | Func::Month | Func::Day, [day]) => part_of_date(func, day),
        (Func::Abs, [Value::Int(value)]) => value.checked_abs().into(),
        (_, [number, rest @ ..]) => match number.as_decimal() {
            Some(number) => rounded(func, number, rest).unwrap_or(Value::Null),
            None => Value::Null,
        },
        _ => Value::Null,
    }
}

fn one_text(func: Func, text: &str) -> Value {
    match func {
        Func::Lower => Value::Text(text.to_lowercase()),
        Func::Upper => Value::Text(text.to_uppercase()),
        Func::Trim => Value::from(text.trim()),
        _ => Value::Null,
    }
}

fn part_of_date(func: Func, day: &Value) -> Value {
    let date = match day {
        Value::Date(date) => *date,
        Value::Time(time) => match time.in_tz("UTC") {
            Ok(time) => time.date(),
            Err(_) => return Value::Null,
        },
        _ => return Value::Null,
    };
    Value::Int(match func {
        Func::Year => i64::from(date.year()),
        Func::Month => i64::from(date.month()),
        _ => i64::from(date.day()),
    })
}

fn rounded(func: Func, number: Decimal, rest: &[Value]) -> Option<Value> {
    let whole = |how| i64::try_from(round(number, 0, how)).ok().map(Value::Int);
    match (func, rest) {
        (Func::Abs, []) => Some(Value::Decimal(number.abs())),
        (Func::Floor, []) => whole(Rounding::Floor),
        (Func::Ceil, []) => whole(Rounding::Ceiling),
        (Func::Round, []) => whole(Rounding::HalfUp),
        (Func::Round, [Value::Int(places)]) => {
            let places = u32::try_from(*places).ok()?;
            Some(Value::Decimal(round(number, places, Rounding::HalfUp)))
        }
        _ => None,
    }
}

fn fold(aggregate: &Aggregate, scopes: &[&dyn Scope]) -> Value {
    let Some(owner) = at(scopes, aggregate.level) else { return Value::Null };
    let lines = owner.lines(&aggregate.lines.field);
    let mut bodies = Vec::new();
    let mut rows: usize = 0;
    for line in &lines {
        let scopes: Vec<&dyn Scope> = scopes.iter().copied().chain([line.as_ref()]).collect();
        if aggregate.filter.as_ref().is_some_and(|filter| !is_true(filter, &scopes)) {
            continue;
        }
        rows += 1;
        if let Some(body) = &aggregate.body {
            bodies.push(of(body, &scopes));
        }
    }
    let is_true = |value: &Value| value.as_bool() == Some(true);
    let mut known = bodies.iter().filter(|value| !value.is_null());
    match aggregate.fold {
        Fold::Count if aggregate.body.is_none() => Value::Int(count(rows)),
        Fold::Count => Value::Int(count(known.count())),
        Fold::Exists => Value::Bool(bodies.iter().any(is_true)),
        Fold::All => Value::Bool(bodies.iter().all(is_true)),
        Fold::Min => known.min().cloned().unwrap_or(Value::Null),
        Fold::Max => known.max().cloned().unwrap_or(Value::Null),
        Fold::Sum if aggregate.ty == Type::Decimal => {
            known.try_fold(Decimal::ZERO, |sum, value| sum.checked_add(value.as_decimal()?)).into()
        }
        Fold::Sum => known.try_fold(0_i64, |sum, value| sum.checked_add(value.as_int()?)).into(),
    }
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
