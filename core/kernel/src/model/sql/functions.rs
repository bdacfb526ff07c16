//! The functions that generated SQL calls by name, so that SQL and memory count, fold and compare
//! alike. SQLite has them registered on each connection; PostgreSQL is given functions of the same
//! names (`migrations/postgres/functions.sql`). A wide number (one that is not a plain column) travels
//! as the text of a decimal, in which the zeros at the end mean nothing.
//! Not here: where they are called (`expression`). All are pure; null in, null out.

use std::cmp::Ordering;

use fondaco_schema::expr::Op;
use fondaco_values::{Date, Decimal, Rounding, Timestamp, quotient, round};

use crate::db::Cell;

/// Name, number of arguments (−1: any), and the function.
pub(crate) type Function = (&'static str, i32, fn(&[Cell]) -> Cell);

/// Every function, for those who register them.
pub(crate) const FUNCTIONS: &[Function] = &[
    ("fo_dec", 2, |a| from(unscaled(a))),
    ("fo_scaled", 2, |a| int(scaled(a))),
    ("fo_add", 2, |a| from(two(a, Decimal::checked_add))),
    ("fo_sub", 2, |a| from(two(a, Decimal::checked_sub))),
    ("fo_mul", 2, |a| from(two(a, Decimal::checked_mul))),
    ("fo_div", 2, |a| from(two(a, divided))),
    ("fo_rem", 2, |a| from(two(a, Decimal::checked_rem))),
    ("fo_int_add", 2, |a| int(ints(a, i64::checked_add))),
    ("fo_int_sub", 2, |a| int(ints(a, i64::checked_sub))),
    ("fo_int_mul", 2, |a| int(ints(a, i64::checked_mul))),
    ("fo_int_rem", 2, |a| int(ints(a, i64::checked_rem))),
    ("fo_int_neg", 1, |a| int(whole(&a[0]).and_then(i64::checked_neg))),
    ("fo_int_abs", 1, |a| int(whole(&a[0]).and_then(i64::checked_abs))),
    ("fo_neg", 1, |a| from(decimal(&a[0]).map(|d| -d))),
    ("fo_abs", 1, |a| from(decimal(&a[0]).map(|d| d.abs()))),
    ("fo_round", 2, |a| from(rounded(a))),
    ("fo_whole", 2, |a| int(to_whole(a))),
    ("fo_cmp", 2, |a| int(compared(a).map(|order| order as i64))),
    ("fo_differ", 2, |a| Cell::Int(i64::from(decimal(&a[0]) != decimal(&a[1])))),
    ("fo_dec_min", -1, |a| from(every(a).and_then(|all| all.into_iter().min()))),
    ("fo_dec_max", -1, |a| from(every(a).and_then(|all| all.into_iter().max()))),
    ("fo_min", -1, |a| extreme(a, Ordering::Less)),
    ("fo_max", -1, |a| extreme(a, Ordering::Greater)),
    ("fo_list_sum", 1, |a| from(list(a).and_then(sum))),
    ("fo_list_min", 1, |a| from(list(a).and_then(|all| all.into_iter().min()))),
    ("fo_list_max", 1, |a| from(list(a).and_then(|all| all.into_iter().max()))),
    ("fo_lower", 1, |a| map(a, str::to_lowercase)),
    ("fo_upper", 1, |a| map(a, str::to_uppercase)),
    ("fo_trim", 1, |a| map(a, |text| text.trim().to_owned())),
    ("fo_fold", 1, |a| map(a, super::super::search::fold)),
    ("fo_contains", 2, |a| holds(a, |text, part| text.contains(part))),
    ("fo_starts", 2, |a| holds(a, |text, part| text.starts_with(part))),
    ("fo_ends", 2, |a| holds(a, |text, part| text.ends_with(part))),
    ("fo_matches", 2, |a| holds(a, |t, part| t.to_lowercase().contains(&part.to_lowercase()))),
    ("fo_year", 1, |a| int(date(&a[0]).map(|d| i64::from(d.year())))),
    ("fo_month", 1, |a| int(date(&a[0]).map(|d| i64::from(d.month())))),
    ("fo_day", 1, |a| int(date(&a[0]).map(|d| i64::from(d.day())))),
    ("fo_date_add", 2, |a| date_moved(a).map_or(Cell::Null, Cell::from)),
    ("fo_date_sub", 2, |a| int(dates(a))),
    ("fo_time_add", 2, |a| int(time_moved(a))),
];

fn from(decimal: Option<Decimal>) -> Cell {
    decimal.map_or(Cell::Null, |decimal| Cell::Text(decimal.to_string()))
}

fn int(value: Option<i64>) -> Cell {
    value.map_or(Cell::Null, Cell::Int)
}

fn whole(cell: &Cell) -> Option<i64> {
    match cell {
        Cell::Int(value) => Some(*value),
        Cell::Text(_) => decimal(cell).filter(|d| d.fract().is_zero())?.try_into().ok(),
        _ => None,
    }
}

fn text(cell: &Cell) -> Option<&str> {
    if let Cell::Text(text) = cell { Some(text) } else { None }
}

fn decimal(cell: &Cell) -> Option<Decimal> {
    match cell {
        Cell::Int(value) => Some(Decimal::from(*value)),
        Cell::Text(text) => Decimal::from_str_exact(text).ok(),
        _ => None,
    }
}

/// `(number, digits after the point)` of a column as a decimal.
fn unscaled(args: &[Cell]) -> Option<Decimal> {
    let scale = u32::try_from(whole(&args[1])?).ok()?;
    Decimal::try_new(whole(&args[0])?, scale).ok()
}

/// A decimal as a column with so many digits after the point holds it, rounded half away from zero.
fn scaled(args: &[Cell]) -> Option<i64> {
    let scale = u32::try_from(whole(&args[1])?).ok()?;
    super::super::cells::scaled(round(decimal(&args[0])?, scale, Rounding::HalfUp), scale)
}

fn two(args: &[Cell], op: fn(Decimal, Decimal) -> Option<Decimal>) -> Option<Decimal> {
    op(decimal(&args[0])?, decimal(&args[1])?)
}

fn ints(args: &[Cell], op: fn(i64, i64) -> Option<i64>) -> Option<i64> {
    op(whole(&args[0])?, whole(&args[1])?)
}

fn divided(left: Decimal, right: Decimal) -> Option<Decimal> {
    quotient(left, right, u32::from(Op::DIVISION_PLACES))
}

fn rounded(args: &[Cell]) -> Option<Decimal> {
    let places = u32::try_from(whole(&args[1])?).ok()?;
    Some(round(decimal(&args[0])?, places, Rounding::HalfUp))
}

/// `(number, how)`: −1 floor, 0 to the nearest, 1 ceiling.
fn to_whole(args: &[Cell]) -> Option<i64> {
    let how = match whole(&args[1])? {
        -1 => Rounding::Floor,
        1 => Rounding::Ceiling,
        _ => Rounding::HalfUp,
    };
    i64::try_from(round(decimal(&args[0])?, 0, how)).ok()
}

fn compared(args: &[Cell]) -> Option<Ordering> {
    Some(decimal(&args[0])?.cmp(&decimal(&args[1])?))
}

fn every(args: &[Cell]) -> Option<Vec<Decimal>> {
    args.iter().map(decimal).collect()
}

/// The least or greatest of plain cells of one kind.
fn extreme(args: &[Cell], wanted: Ordering) -> Cell {
    let order = |a: &Cell, b: &Cell| match (a, b) {
        (Cell::Int(a), Cell::Int(b)) => a.cmp(b),
        (Cell::Text(a), Cell::Text(b)) => a.cmp(b),
        _ => Ordering::Equal,
    };
    let Some((first, rest)) = args.split_first() else { return Cell::Null };
    if args.contains(&Cell::Null) {
        return Cell::Null;
    }
    let best =
        rest.iter().fold(first, |best, next| if order(next, best) == wanted { next } else { best });
    best.clone()
}

/// The decimals of a JSON array of texts, without nulls.
fn list(args: &[Cell]) -> Option<Vec<Decimal>> {
    let items: Vec<serde_json::Value> = serde_json::from_str(text(&args[0])?).ok()?;
    let number = |item: &serde_json::Value| match item {
        serde_json::Value::String(text) => Decimal::from_str_exact(text).ok(),
        other => other.as_i64().map(Decimal::from),
    };
    items.iter().filter(|item| !item.is_null()).map(number).collect()
}

fn sum(items: Vec<Decimal>) -> Option<Decimal> {
    items.into_iter().try_fold(Decimal::ZERO, Decimal::checked_add)
}

fn map(args: &[Cell], change: fn(&str) -> String) -> Cell {
    text(&args[0]).map_or(Cell::Null, |text| Cell::Text(change(text)))
}

fn holds(args: &[Cell], test: fn(&str, &str) -> bool) -> Cell {
    match (text(&args[0]), text(&args[1])) {
        (Some(text), Some(part)) => Cell::from(test(text, part)),
        _ => Cell::Null,
    }
}

/// Of a date's text, or of an instant in microseconds (in UTC).
fn date(cell: &Cell) -> Option<Date> {
    match cell {
        Cell::Text(text) => text.parse().ok(),
        Cell::Int(us) => {
            let time = Timestamp::from_microsecond(*us).ok()?;
            Some(time.to_zoned(jiff::tz::TimeZone::UTC).date())
        }
        _ => None,
    }
}

/// `(date, seconds)`: a date moves by whole days.
fn date_moved(args: &[Cell]) -> Option<Date> {
    const DAY: i64 = 86_400;
    let days = whole(&args[1])? / DAY;
    date(&args[0])?.checked_add(jiff::Span::new().try_days(days).ok()?).ok()
}

/// Seconds from the second date to the first.
fn dates(args: &[Cell]) -> Option<i64> {
    Some(date(&args[0])?.duration_since(date(&args[1])?).as_secs())
}

/// `(microseconds, seconds)`
fn time_moved(args: &[Cell]) -> Option<i64> {
    let by = whole(&args[1])?.checked_mul(1_000_000)?;
    let us = whole(&args[0])?.checked_add(by)?;
    Timestamp::from_microsecond(us).ok().map(Timestamp::as_microsecond)
}
