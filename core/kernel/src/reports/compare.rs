//! A report of two periods side by side: the days of the other period, and the rows of both joined by
//! the columns that tell them apart. One way for all reports; a module knows nothing of it.

use fondaco_schema::{Column, Comparison, Report};
use fondaco_values::{Date, Decimal, Value};

use super::{Part, Shown};
use crate::error::{Error, Result};
use crate::module::{Args, Table};

/// The period that a report is held against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Against {
    /// The same span before it: the month before a month, thirty days before thirty days.
    Period,
    /// The same days a year before.
    Year,
}

impl Against {
    pub const ALL: [(&'static str, Against); 2] =
        [("previous_period", Against::Period), ("previous_year", Against::Year)];

    /// # Errors
    /// Names what there is.
    pub fn read(text: &str) -> Result<Option<Against>> {
        if text.is_empty() {
            return Ok(None);
        }
        let found = Against::ALL.into_iter().find(|(name, _)| *name == text);
        let message = "A report is held against previous_period or previous_year.";
        found
            .map(|(_, against)| Some(against))
            .ok_or_else(|| Error::problem("against", "unknown", message))
    }
}

/// The parameters of the other period.
pub(super) fn moved(against: Against, comparison: &Comparison, params: &Args) -> Result<Args> {
    let days: Vec<Date> = comparison.dates.iter().filter_map(|name| params.date(name)).collect();
    let other = match days.as_slice() {
        [from, to] if from > to => {
            let message = format!("The time ends ({to}) before it begins ({from}).");
            return Err(Error::problem(&comparison.dates[1], "before_from", message));
        }
        [from, to] => span_before(against, *from, *to).map(|(from, to)| vec![from, to]),
        [day] => {
            months_before(*day, if against == Against::Year { 12 } else { 1 }).map(|d| vec![d])
        }
        _ => None,
    };
    let message = "There is no period before that.";
    let other =
        other.ok_or_else(|| Error::problem(&comparison.dates[0], "out_of_range", message))?;
    let pairs = comparison.dates.iter().zip(other);
    Ok(pairs.fold(params.clone(), |params, (name, day)| params.with(name, day)))
}

fn span_before(against: Against, from: Date, to: Date) -> Option<(Date, Date)> {
    if against == Against::Year {
        return Some((months_before(from, 12)?, months_before(to, 12)?));
    }
    // Whole months go back by months, anything else by its days.
    if from.day() == 1 && to == to.last_of_month() {
        let months = (i32::from(to.year()) - i32::from(from.year())) * 12 + i32::from(to.month())
            - i32::from(from.month())
            + 1;
        return Some((months_before(from, months)?, from.yesterday().ok()?));
    }
    let days = from.until(to).ok()?.get_days();
    let last = from.yesterday().ok()?;
    Some((last.checked_sub(jiff_days(days)).ok()?, last))
}

/// The same day; the last of a month stays the last.
fn months_before(day: Date, months: i32) -> Option<Date> {
    let all = i32::from(day.year()) * 12 + i32::from(day.month()) - 1 - months;
    let year = i16::try_from(all.div_euclid(12)).ok()?;
    let month = i8::try_from(all.rem_euclid(12) + 1).ok()?;
    let first = Date::new(year, month, 1).ok()?;
    let last = first.last_of_month();
    if day == day.last_of_month() {
        return Some(last);
    }
    Date::new(year, month, day.day().min(last.day())).ok()
}

fn jiff_days(days: i32) -> std::time::Duration {
    std::time::Duration::from_secs(u64::from(days.unsigned_abs()) * 86_400)
}

/// The first day of the fiscal year that a day is in.
pub fn year_start(day: Date, first_month: i64) -> Date {
    let first = i8::try_from(first_month).unwrap_or(1);
    let year = if day.month() >= first { day.year() } else { day.year() - 1 };
    Date::new(year, first, 1).unwrap_or(day)
}

/// Each figure beside the one before and what it has changed by.
pub(super) fn side_by_side(
    report: &Report,
    comparison: &Comparison,
    now: Table,
    before: Table,
) -> (Vec<Shown>, Table) {
    let is_compared = |column: &Column| comparison.figures.contains(&column.name);
    let mut columns = Vec::new();
    for column in &report.columns {
        // Other figures of now alone would be read as if both had them.
        let is_other = column.kind.is_number() && !is_compared(column) && !column.hidden;
        let mut own = Shown { column: column.clone(), part: Part::Now };
        own.column.hidden |= is_other;
        columns.push(own);
        if is_compared(column) {
            for (part, end) in [(Part::Before, "before"), (Part::Change, "change")] {
                let name = format!("{}_{end}", column.name);
                let column = Column { name, opens: None, ..column.clone() };
                columns.push(Shown { column, part });
            }
        }
    }
    let at = |name: &String| report.columns.iter().position(|column| column.name == *name);
    let keys: Vec<usize> = comparison.by.iter().filter_map(at).collect();
    let figures: Vec<usize> = comparison.figures.iter().filter_map(at).collect();
    let joined = joined(now.rows, before.rows, &keys);
    let rows = joined.into_iter().map(|pair| beside(pair, &figures)).collect();
    let totals = match (now.totals.is_empty(), before.totals.is_empty()) {
        (true, true) => Vec::new(),
        _ => beside((Some(now.totals), Some(before.totals)), &figures),
    };
    (columns, Table { rows, totals })
}

type Row = Vec<Value>;
type Pair = (Option<Row>, Option<Row>);

/// The rows of now in their order; those that were only before stand behind the one that they stood
/// behind.
fn joined(now: Vec<Row>, before: Vec<Row>, keys: &[usize]) -> Vec<Pair> {
    let same = |a: &Row, b: &Row| keys.iter().all(|key| a.get(*key) == b.get(*key));
    let mut pairs: Vec<Pair> = now.into_iter().map(|row| (Some(row), None)).collect();
    let mut last = 0;
    for row in before {
        let own = pairs.iter().position(|(now, then)| {
            then.is_none() && now.as_ref().is_some_and(|now| same(now, &row))
        });
        match own {
            Some(at) => {
                pairs[at].1 = Some(row);
                last = at + 1;
            }
            None => {
                pairs.insert(last, (None, Some(row)));
                last += 1;
            }
        }
    }
    pairs
}

fn beside((now, before): Pair, figures: &[usize]) -> Row {
    let width = now.as_ref().or(before.as_ref()).map_or(0, Vec::len);
    let of = |row: &Option<Row>, at: usize| -> Value {
        row.as_ref().and_then(|row| row.get(at)).cloned().unwrap_or_default()
    };
    let mut row = Vec::with_capacity(width + 2 * figures.len());
    for at in 0..width {
        let (new, old) = (of(&now, at), of(&before, at));
        if !figures.contains(&at) {
            row.push(if new.is_null() { old } else { new });
            continue;
        }
        let change = less(&new, &old);
        row.extend([new, old, change]);
    }
    row
}

/// Nothing counts as zero, unless there is nothing in both.
fn less(new: &Value, old: &Value) -> Value {
    if new.is_null() && old.is_null() {
        return Value::Null;
    }
    if let (Value::Int(_) | Value::Null, Value::Int(_) | Value::Null) = (new, old) {
        let whole = |value: &Value| value.as_int().unwrap_or_default();
        return Value::Int(whole(new).saturating_sub(whole(old)));
    }
    let number = |value: &Value| value.as_decimal().unwrap_or(Decimal::ZERO);
    Value::Decimal(number(new) - number(old))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    #[test]
    fn spans_go_back_as_one_counts_them() {
        for (from, to, period, year) in [
            ("2026-03-01", "2026-03-31", "2026-02-01..2026-02-28", "2025-03-01..2025-03-31"),
            ("2026-01-01", "2026-03-31", "2025-10-01..2025-12-31", "2025-01-01..2025-03-31"),
            ("2026-03-10", "2026-03-19", "2026-02-28..2026-03-09", "2025-03-10..2025-03-19"),
            ("2024-02-01", "2024-02-29", "2024-01-01..2024-01-31", "2023-02-01..2023-02-28"),
            ("2026-03-05", "2026-03-05", "2026-03-04..2026-03-04", "2025-03-05..2025-03-05"),
        ] {
            for (against, expected) in [(Against::Period, period), (Against::Year, year)] {
                let (from, to) = span_before(against, day(from), day(to)).unwrap();
                assert_eq!(format!("{from}..{to}"), expected);
            }
        }
    }

    #[test]
    fn days_go_back_by_months() {
        for (of, months, expected) in [
            ("2026-03-31", 1, "2026-02-28"),
            ("2026-02-28", 1, "2026-01-31"),
            ("2026-03-30", 1, "2026-02-28"),
            ("2026-01-15", 1, "2025-12-15"),
            ("2024-02-29", 12, "2023-02-28"),
            ("2023-02-28", -12, "2024-02-29"),
        ] {
            assert_eq!(months_before(day(of), months).unwrap(), day(expected), "{of}");
        }
    }

    #[test]
    fn rows_of_two_periods_meet_by_their_keys() {
        let row = |key: &str, figure: i64| vec![Value::from(key), Value::Int(figure)];
        let now = vec![row("a", 5), row("c", 7), row("sum", 12)];
        let before = vec![row("a", 2), row("b", 4), row("sum", 6)];
        let rows: Vec<Row> =
            joined(now, before, &[0]).into_iter().map(|pair| beside(pair, &[1])).collect();
        let cell = |text: &str, new: Value, old: Value, change: i64| {
            vec![Value::from(text), new, old, Value::Int(change)]
        };
        let (int, none) = (Value::Int, || Value::Null);
        assert_eq!(
            rows,
            [
                cell("a", int(5), int(2), 3),
                cell("b", none(), int(4), -4),
                cell("c", int(7), none(), 7),
                cell("sum", int(12), int(6), 6),
            ]
        );
    }

    #[test]
    fn fiscal_years_start_in_their_month() {
        let start = |of: &str, month| year_start(day(of), month).to_string();
        assert_eq!(start("2026-03-31", 4), "2025-04-01");
        assert_eq!(start("2026-04-01", 4), "2026-04-01");
        assert_eq!(start("2026-12-31", 1), "2026-01-01");
    }
}
