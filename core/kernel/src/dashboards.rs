//! Dashboards: which ones somebody has, and what their tiles show him. A tile is one question to the
//! database, asked with the rights of whoever looks; what he may not see is neither counted nor there.
//! Not here: how it looks (web), how it is declared (`schema::dashboard`).

use fondaco_schema::Schema;
use fondaco_schema::dashboard::{Dashboard, Period, Shows, Tile};
use fondaco_values::Date;

use crate::records::{self, Page, Query, Select, Summed, Totals};
use crate::reports::{self, Answer, Question};
use crate::{Ctx, Error, Result, Tx, permissions};

/// A tile with what it shows.
#[derive(Clone, Debug)]
pub struct Seen {
    pub tile: Tile,
    pub figures: Figures,
}

#[derive(Clone, Debug)]
pub enum Figures {
    /// Figures of this period, of the one before, and the condition on the records of this one.
    Figure {
        now: Summed,
        before: Option<Summed>,
        filter: Option<String>,
    },
    List(Page),
    Chart(Summed),
    Report(Box<Answer>),
}

/// The dashboards of the caller's roles that have something for him.
pub fn of_caller<'s>(ctx: &'s Ctx, schema: &'s Schema) -> impl Iterator<Item = &'s Dashboard> {
    let own = move |dashboard: &&Dashboard| {
        permissions::may_see_dashboard(ctx, dashboard)
            && dashboard.tiles.iter().any(|tile| sees(ctx, schema, tile))
    };
    schema.dashboards.values().filter(own)
}

fn sees(ctx: &Ctx, schema: &Schema, tile: &Tile) -> bool {
    if let Shows::Report { report } = &tile.shows {
        let found = schema.reports.get(report);
        return found.is_some_and(|report| permissions::may_run_report(ctx, report));
    }
    let Some(model) = tile.of().and_then(|of| schema.model(&of.model)) else { return false };
    let readable = |name: &&str| {
        let field = model.field(name);
        field.is_some_and(|field| permissions::may_read_field(ctx, schema, field))
    };
    permissions::may(ctx, permissions::document(schema, model), permissions::Right::Read)
        && tile.fields().iter().all(readable)
}

/// The tiles of a dashboard that the caller may see.
///
/// # Errors
/// `NotFound` for a dashboard that is none of his.
pub async fn read(tx: &mut Tx, name: &str) -> Result<(Dashboard, Vec<Seen>)> {
    let schema = tx.schema().clone();
    let found = of_caller(tx.ctx(), &schema).find(|dashboard| dashboard.name == name);
    let dashboard = found.ok_or_else(|| Error::not_found("dashboard", name))?.clone();
    let mut seen = Vec::new();
    for tile in &dashboard.tiles {
        if sees(tx.ctx(), &schema, tile) {
            let figures = figures(tx, tile).await?;
            seen.push(Seen { tile: tile.clone(), figures });
        }
    }
    Ok((dashboard, seen))
}

async fn figures(tx: &mut Tx, tile: &Tile) -> Result<Figures> {
    Ok(match &tile.shows {
        Shows::Figure { of, sum, date, period } => {
            let sums: Vec<String> = sum.iter().cloned().collect();
            let Some(date) = date else {
                let asked = Totals { filter: of.filter.clone(), sums, ..Totals::default() };
                let now = records::totals(tx, &of.model, &asked).await?;
                return Ok(Figures::Figure { now, before: None, filter: of.filter.clone() });
            };
            let spans = Spans::around(tx.today(), *period)?;
            let within = |from: Date, to: Date| {
                let days = format!("{date} >= date(\"{from}\") && {date} <= date(\"{to}\")");
                match &of.filter {
                    Some(filter) => format!("({filter}) && {days}"),
                    None => days,
                }
            };
            // Both periods in one question, told apart by their names.
            let word =
                Period::ALL.iter().find(|(_, own)| own == period).map_or("month", |(w, _)| w);
            let asked = Totals {
                filter: Some(within(spans.before, spans.last)),
                by: Some(format!("{date}.{word}")),
                sums,
                ..Totals::default()
            };
            let both = records::totals(tx, &of.model, &asked).await?;
            let part = |name: &str| Summed {
                groups: both
                    .groups
                    .iter()
                    .filter(|group| group.value.as_text() == Some(name))
                    .cloned()
                    .collect(),
                capped: both.capped,
            };
            let (now, before) = (part(&spans.name), Some(part(&spans.name_before)));
            Figures::Figure { now, before, filter: Some(within(spans.first, spans.last)) }
        }
        Shows::List { of, sort, columns, limit } => {
            let query = Query {
                filter: of.filter.clone(),
                sort: sort.clone(),
                limit: Some(*limit),
                show: Select { fields: columns.clone(), expand: Vec::new() },
                ..Query::default()
            };
            Figures::List(records::list(tx, &of.model, &query).await?)
        }
        Shows::Chart { of, group, sum } => {
            let asked = Totals {
                filter: of.filter.clone(),
                by: Some(group.clone()),
                sums: sum.iter().cloned().collect(),
                ..Totals::default()
            };
            Figures::Chart(records::totals(tx, &of.model, &asked).await?)
        }
        Shows::Report { report } => {
            let question = Question { report: report.clone(), ..Question::default() };
            Figures::Report(Box::new(reports::answer(tx, &question).await?))
        }
    })
}

/// The period that a day is in, and the one before.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Spans {
    before: Date,
    first: Date,
    last: Date,
    name: String,
    name_before: String,
}

impl Spans {
    fn around(day: Date, period: Period) -> Result<Spans> {
        let months: i8 = match period {
            Period::Month => 1,
            Period::Quarter => 3,
            Period::Year => 12,
        };
        let out_of_range = |_| Error::Internal(format!("{day} has no period"));
        let first_month = (day.month() - 1) / months * months + 1;
        let first = Date::new(day.year(), first_month, 1).map_err(out_of_range)?;
        let last_month = first_month + months - 1;
        let last = Date::new(day.year(), last_month, 1).map_err(out_of_range)?.last_of_month();
        let eve = first.yesterday().map_err(out_of_range)?;
        let before_month = (eve.month() - 1) / months * months + 1;
        let before = Date::new(eve.year(), before_month, 1).map_err(out_of_range)?;
        let name = |first: Date| match period {
            Period::Month => format!("{:04}-{:02}", first.year(), first.month()),
            Period::Quarter => format!("{:04}-Q{}", first.year(), (first.month() + 2) / 3),
            Period::Year => format!("{:04}", first.year()),
        };
        Ok(Spans { before, first, last, name: name(first), name_before: name(before) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_follow_each_other() {
        for (day, period, first, last, before, names) in [
            (
                "2026-03-09",
                Period::Month,
                "2026-03-01",
                "2026-03-31",
                "2026-02-01",
                "2026-03 2026-02",
            ),
            (
                "2026-01-31",
                Period::Month,
                "2026-01-01",
                "2026-01-31",
                "2025-12-01",
                "2026-01 2025-12",
            ),
            (
                "2026-03-09",
                Period::Quarter,
                "2026-01-01",
                "2026-03-31",
                "2025-10-01",
                "2026-Q1 2025-Q4",
            ),
            (
                "2026-11-22",
                Period::Quarter,
                "2026-10-01",
                "2026-12-31",
                "2026-07-01",
                "2026-Q4 2026-Q3",
            ),
            ("2026-11-22", Period::Year, "2026-01-01", "2026-12-31", "2025-01-01", "2026 2025"),
        ] {
            let spans = Spans::around(day.parse().unwrap(), period).unwrap();
            let found = [spans.first, spans.last, spans.before].map(|day| day.to_string());
            assert_eq!(found, [first, last, before]);
            assert_eq!(format!("{} {}", spans.name, spans.name_before), names);
        }
    }
}
