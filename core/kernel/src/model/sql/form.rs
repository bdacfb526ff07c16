//! How values stand in SQL: as a column holds them, as scaled integers, or as wide decimals; and how
//! two of them are brought together. Not here: which expression asks for it (`expression`).

use fondaco_schema::{Kind, Type};
use fondaco_values::Value;

use crate::db::{Cell, Sql};
use crate::model::cells;

/// How a value stands in SQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// As the column holds it: text, date, instant, link, truth as 0 and 1.
    Plain,
    /// A number as an integer with so many digits after the point.
    Scaled(u8),
    /// A number as the text of a decimal.
    Wide,
}
pub(super) fn call(name: &'static str, args: Vec<Sql>) -> Sql {
    let mut sql = Sql::new().lit(name);
    for (at, arg) in args.into_iter().enumerate() {
        sql = sql.lit(if at == 0 { "" } else { ", " }).append(arg);
    }
    sql.lit(")")
}

pub(super) fn int_call(name: &'static str, args: Vec<Sql>) -> (Sql, Form) {
    (call(name, args), Form::Scaled(0))
}

pub(super) fn wide(name: &'static str, args: Vec<(Sql, Form)>) -> (Sql, Form) {
    (call(name, args.into_iter().map(to_wide).collect()), Form::Wide)
}

pub(super) fn to_wide((sql, form): (Sql, Form)) -> Sql {
    match (form, sql.binds()) {
        (Form::Scaled(0), [Cell::Int(literal)]) if sql.as_str() == "$1" => {
            Sql::new().arg(literal.to_string())
        }
        (Form::Scaled(0), _) => Sql::new().lit("cast(").append(sql).lit(" as text)"),
        (Form::Plain | Form::Wide, _) => sql,
        (Form::Scaled(scale), _) => call("fo_dec(", vec![sql, Sql::new().arg(i64::from(scale))]),
    }
}

/// A whole number as one, also when it comes of functions of wide numbers.
pub(super) fn to_whole((sql, form): (Sql, Form)) -> Sql {
    match form {
        Form::Wide => call("fo_whole(", vec![sql, Sql::new().arg(0_i64)]),
        Form::Scaled(_) | Form::Plain => sql,
    }
}

/// Two values that can be compared or stand for each other.
pub(super) fn alike(left: (Sql, Form), right: (Sql, Form)) -> (Sql, Sql, Form) {
    let (mut both, form) = all_alike(vec![left, right]);
    let right = both.pop().unwrap_or_else(Sql::new);
    (both.pop().unwrap_or_else(Sql::new), right, form)
}

pub(super) fn all_alike(values: Vec<(Sql, Form)>) -> (Vec<Sql>, Form) {
    let (mut values, form) = brought_together(values);
    // A server takes constants for texts where no column says otherwise.
    if values.iter().all(|sql| is_constant(sql) || sql.as_str() == "null") {
        values = values.into_iter().map(typed).collect();
    }
    (values, form)
}

fn is_constant(sql: &Sql) -> bool {
    sql.as_str() == "$1"
}

/// A value that says what it is, should it be a constant.
pub(super) fn typed(sql: Sql) -> Sql {
    match sql.binds() {
        [Cell::Int(_)] if is_constant(&sql) => {
            Sql::new().lit("cast(").append(sql).lit(" as bigint)")
        }
        [Cell::Text(_)] if is_constant(&sql) => {
            Sql::new().lit("cast(").append(sql).lit(" as text)")
        }
        _ => sql,
    }
}

fn brought_together(values: Vec<(Sql, Form)>) -> (Vec<Sql>, Form) {
    let first = values.first().map_or(Form::Plain, |(_, form)| *form);
    if values.iter().all(|(_, form)| *form == first) {
        return (values.into_iter().map(|(sql, _)| sql).collect(), first);
    }
    // A literal takes the scale of the column that it meets, so that an index can serve.
    let column =
        values.iter().map(|(_, form)| *form).find(|form| matches!(form, Form::Scaled(s) if *s > 0));
    if let Some(Form::Scaled(scale)) = column {
        let fitted: Option<Vec<Sql>> = values.iter().map(|value| fitted(value, scale)).collect();
        if let Some(fitted) = fitted {
            return (fitted, Form::Scaled(scale));
        }
    }
    (values.into_iter().map(to_wide).collect(), Form::Wide)
}

/// The same number with another scale: of a column only its own, of a literal any that holds it.
fn fitted((sql, form): &(Sql, Form), scale: u8) -> Option<Sql> {
    match (form, sql.binds()) {
        (Form::Scaled(own), _) if *own == scale => Some(sql.clone()),
        (Form::Scaled(own), [Cell::Int(value)]) if *own < scale && sql.as_str() == "$1" => {
            let factor = 10_i64.checked_pow(u32::from(scale - own))?;
            Some(Sql::new().arg(value.checked_mul(factor)?))
        }
        (Form::Plain, []) if sql.as_str() == "null" => Some(sql.clone()),
        _ => None,
    }
}

/// A computed value as a column of this kind would keep it.
pub(super) fn kept((sql, form): (Sql, Form), kind: &Kind) -> (Sql, Form) {
    match (form_of(kind), form) {
        (Form::Plain, _) => (sql, Form::Plain),
        (wanted, have) if wanted == have => (sql, wanted),
        (Form::Scaled(scale), have) => {
            let args = vec![to_wide((sql, have)), Sql::new().arg(i64::from(scale))];
            (call("fo_scaled(", args), Form::Scaled(scale))
        }
        (Form::Wide, have) => (sql, have),
    }
}

pub(crate) fn form_of(kind: &Kind) -> Form {
    match kind {
        Kind::Integer | Kind::Duration => Form::Scaled(0),
        kind => kind.scale().map_or(Form::Plain, Form::Scaled),
    }
}

pub(super) fn literal(value: &Value, ty: &Type) -> (Sql, Form) {
    if value.is_null() {
        return (Sql::new().lit("null"), Form::Plain);
    }
    let form = match value {
        Value::Int(_) => Form::Scaled(0),
        Value::Decimal(decimal) => {
            let decimal = decimal.normalize();
            let scale = decimal.scale();
            return match (cells::scaled(decimal, scale), u8::try_from(scale)) {
                (Some(scaled), Ok(places)) => (Sql::new().arg(scaled), Form::Scaled(places)),
                _ => (Sql::new().arg(decimal.to_string()), Form::Wide),
            };
        }
        _ => Form::Plain,
    };
    let cell = literal_cell(value, ty, form).unwrap_or(Cell::Null);
    (Sql::new().arg(cell), form)
}

/// A literal as a column of this form holds it; `None` when it cannot.
pub(super) fn literal_cell(value: &Value, _ty: &Type, form: Form) -> Option<Cell> {
    match (value, form) {
        (Value::Int(_) | Value::Decimal(_), Form::Scaled(scale)) => {
            cells::scaled(value.as_decimal()?, u32::from(scale)).map(Cell::Int)
        }
        (Value::Bool(b), _) => Some(Cell::from(*b)),
        (Value::Text(text), _) => Some(Cell::from(text)),
        (Value::Date(date), _) => Some(Cell::from(*date)),
        (Value::Time(time), _) => Some(Cell::from(*time)),
        (Value::Link(id), _) => Some(Cell::from(*id)),
        _ => None,
    }
}
