//! The type check of functions. `f(x, y)` and `x.f(y)` mean the same.

use cel::common::ast::CallExpr;
use cel::parser::Expression;
use fondaco_values::{Decimal, Value};

use super::check::Checker;
use super::operator::{coerce, date, time};
use super::{Func, Node, Op, Type};
use crate::suggest::did_you_mean;

/// All functions, for suggestions.
const FUNCTIONS: [&str; 31] = [
    "size",
    "contains",
    "startsWith",
    "endsWith",
    "matches",
    "min",
    "max",
    "abs",
    "round",
    "floor",
    "ceil",
    "date",
    "time",
    "decimal",
    "days",
    "year",
    "month",
    "day",
    "lower",
    "upper",
    "trim",
    "coalesce",
    "today",
    "now",
    "sum",
    "count",
    "exists",
    "all",
    "map",
    "filter",
    "has",
];

impl Checker<'_> {
    /// Checks an operator, a function or an aggregate.
    pub(super) fn call(&mut self, call: &CallExpr) -> Result<Node, String> {
        if let Some(node) = self.operator(call)? {
            return Ok(node);
        }
        let name = call.func_name.as_str();
        let given: Vec<&Expression> =
            call.target.as_deref().into_iter().chain(&call.args).collect();
        if let Some(node) = self.aggregate(name, &given)? {
            return Ok(node);
        }
        match (name, given.as_slice()) {
            ("today", []) => return Ok(Node::Today),
            ("now", []) => return Ok(Node::Now),
            ("has", [of]) => {
                let present = Node::IsNull(Box::new(self.value(of)?));
                return Ok(Node::Not(Box::new(present)));
            }
            _ => {}
        }
        let args: Result<Vec<Node>, String> = given.iter().map(|arg| self.value(arg)).collect();
        function(name, args?)
    }
}

fn function(name: &str, args: Vec<Node>) -> Result<Node, String> {
    let types: Vec<Type> = args.iter().map(Node::ty).collect();
    let (func, ty) = match (name, types.as_slice()) {
        ("size", [Type::Text | Type::List(_)]) => (Func::Size, Type::Int),
        ("contains", [Type::Text, Type::Text]) => (Func::Contains, Type::Bool),
        ("startsWith", [Type::Text, Type::Text]) => (Func::StartsWith, Type::Bool),
        ("endsWith", [Type::Text, Type::Text]) => (Func::EndsWith, Type::Bool),
        ("matches", [Type::Text, Type::Text]) => (Func::Matches, Type::Bool),
        ("lower", [Type::Text]) => (Func::Lower, Type::Text),
        ("upper", [Type::Text]) => (Func::Upper, Type::Text),
        ("trim", [Type::Text]) => (Func::Trim, Type::Text),
        ("abs", [of]) if of.is_number() || *of == Type::Duration => (Func::Abs, of.clone()),
        ("floor", [of]) if of.is_number() => (Func::Floor, Type::Int),
        ("ceil", [of]) if of.is_number() => (Func::Ceil, Type::Int),
        ("round", [of]) if of.is_number() => (Func::Round, Type::Int),
        ("round", [of, Type::Int]) if of.is_number() => {
            places(&args[1])?;
            (Func::Round, Type::Decimal)
        }
        ("year", [Type::Date | Type::Time]) => (Func::Year, Type::Int),
        ("month", [Type::Date | Type::Time]) => (Func::Month, Type::Int),
        ("day", [Type::Date | Type::Time]) => (Func::Day, Type::Int),
        ("days", [Type::Int]) => return days(args),
        ("min" | "max" | "coalesce", [_, _, ..]) => return alike(name, args),
        ("date", [Type::Text]) => return constant(name, &args[0]),
        ("time", [Type::Text]) => return constant(name, &args[0]),
        ("decimal", [Type::Text]) => return constant(name, &args[0]),
        _ => return Err(refusal(name, &types)),
    };
    Ok(Node::Call { func, ty, args })
}

fn refusal(name: &str, types: &[Type]) -> String {
    let wants = match name {
        "size" => "a text, a list or lines",
        "contains" | "startsWith" | "endsWith" | "matches" => "two texts",
        "lower" | "upper" | "trim" => "a text",
        "abs" | "floor" | "ceil" => "a number",
        "round" => "a number, and how many digits to keep",
        "year" | "month" | "day" => "a date",
        "days" => "an integer",
        "date" | "time" | "decimal" => "a quoted text",
        "min" | "max" => "two or more values, or lines",
        "coalesce" => "two or more values",
        "today" | "now" => "nothing",
        "has" => "one field",
        _ => {
            let help = did_you_mean(name, FUNCTIONS)
                .unwrap_or_else(|| format!("known are {}", FUNCTIONS.join(", ")));
            return format!("there is no function `{name}`; {help}");
        }
    };
    let given = types.iter().map(Type::to_string).collect::<Vec<_>>().join(", ");
    let given = if given.is_empty() { "nothing".to_owned() } else { given };
    format!("`{name}` wants {wants}, not {given}")
}

/// `round` keeps a number of digits known beforehand, so that SQL can do the same.
fn places(of: &Node) -> Result<(), String> {
    let most = i64::from(Op::DIVISION_PLACES);
    match of {
        Node::Literal { value: Value::Int(places), .. } if (0..=most).contains(places) => Ok(()),
        _ => Err(format!("`round` wants the digits to keep as a number from 0 to {most}")),
    }
}

fn days(args: Vec<Node>) -> Result<Node, String> {
    const SECONDS: i64 = 86_400;
    if let [Node::Literal { value: Value::Int(days), .. }] = args.as_slice() {
        let seconds = days.checked_mul(SECONDS).ok_or("the number of days is out of range")?;
        return Ok(Node::Literal { value: Value::Int(seconds), ty: Type::Duration });
    }
    Ok(Node::Call { func: Func::Days, ty: Type::Duration, args })
}

/// Functions whose arguments have one type, which is that of the result.
fn alike(name: &str, args: Vec<Node>) -> Result<Node, String> {
    let mut ty = Type::Null;
    for arg in &args {
        let next = arg.ty();
        let literal = matches!(arg, Node::Literal { .. });
        ty = match ty.join(&next) {
            Some(ty) => ty,
            None if literal => ty,
            None => return Err(format!("`{name}` does not take {ty} and {next} together")),
        };
    }
    let args: Result<Vec<Node>, String> = args.into_iter().map(|arg| coerce(arg, &ty)).collect();
    let args = args?;
    if let Some(other) = args.iter().map(Node::ty).find(|other| !other.fits(&ty)) {
        return Err(format!("`{name}` does not take {ty} and {other} together"));
    }
    let ordered = !matches!(ty, Type::Bool | Type::Link(_) | Type::List(_) | Type::Json);
    let func = match name {
        "coalesce" => Func::Coalesce,
        _ if !ordered => return Err(format!("`{name}` does not compare {ty}")),
        "min" => Func::Min,
        _ => Func::Max,
    };
    Ok(Node::Call { func, ty, args })
}

/// `date("…")`, `time("…")` and `decimal("…")` are literals.
fn constant(name: &str, of: &Node) -> Result<Node, String> {
    let Node::Literal { value: Value::Text(text), .. } = of else {
        return Err(format!("`{name}` wants a quoted text, not one that is computed"));
    };
    let (value, ty) = match name {
        "date" => (Value::Date(date(text)?), Type::Date),
        "time" => (Value::Time(time(text)?), Type::Time),
        _ => match Decimal::from_str_exact(text) {
            Ok(decimal) => (Value::Decimal(decimal), Type::Decimal),
            Err(_) => return Err(format!("'{text}' is not a decimal of at most 28 digits")),
        },
    };
    Ok(Node::Literal { value, ty })
}
