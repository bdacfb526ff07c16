//! Dashboards on the page one begins with: figures beside those of the period before, short lists,
//! charts. Each opens what it is made of.
//! Not here: which there are and what they show (`kernel::dashboards`).

use std::collections::BTreeSet;

use fondaco_kernel::dashboards::{self, Figures, Seen};
use fondaco_kernel::record::Rec;
use fondaco_kernel::records::{Group, Page as Rows, Span, Summed};
use fondaco_kernel::schema::dashboard::{Dashboard, Period, Shows, Tile};
use fondaco_kernel::schema::{Field, Kind, Model};
use fondaco_kernel::texts::keys;
use fondaco_kernel::values::{AnyId, Decimal, Rounding, Value, round};
use fondaco_kernel::{Error, Tx};
use maud::{Markup, html};

use super::list::groups::{Names, amounts, currencies, named};
use crate::address::query;
use crate::charts::{self, Chart, Point};
use crate::sheet::{Sheet, figure};
use crate::visitor::Visitor;
use crate::widgets::{Shown, exponent_of, name_of, show};

/// A tenth of a percent.
const CHANGE_PLACES: u32 = 3;

/// What was read for the page.
pub(super) struct Read {
    dashboard: Dashboard,
    seen: Vec<Seen>,
    codes: Vec<(String, AnyId, String)>,
}

/// The dashboard that is asked for, else the first.
pub(super) async fn read(tx: &mut Tx, asked: Option<&str>) -> Result<Option<Read>, Error> {
    let schema = tx.schema().clone();
    let first = dashboards::of_caller(tx.ctx(), &schema).next().map(|own| own.name.clone());
    let Some(name) = asked.map(str::to_owned).or(first) else { return Ok(None) };
    let (dashboard, seen) = dashboards::read(tx, &name).await?;
    let mut ids: BTreeSet<AnyId> = BTreeSet::new();
    for one in &seen {
        let groups = match &one.figures {
            Figures::Figure { now, before, .. } => {
                let before = before.iter().flat_map(|before| &before.groups);
                now.groups.iter().chain(before).collect()
            }
            Figures::Chart(summed) => summed.groups.iter().collect::<Vec<&Group>>(),
            _ => Vec::new(),
        };
        ids.extend(groups.iter().filter_map(|group| group.currency));
    }
    let ids: Vec<AnyId> = ids.into_iter().collect();
    let codes = if ids.is_empty() { Vec::new() } else { currencies(tx, &ids).await? };
    Ok(Some(Read { dashboard, seen, codes }))
}

impl Read {
    pub(super) fn page(&self, visitor: &Visitor) -> Markup {
        let words = &visitor.words;
        let all: Vec<&Dashboard> = dashboards::of_caller(&visitor.ctx, visitor.schema()).collect();
        html! {
            @if all.len() > 1 {
                nav.boards aria-label=(words.say("dashboards")) {
                    @for one in &all {
                        a href={ "/?dashboard=" (one.name) } aria-current=[(one.name == self.dashboard.name).then_some("page")] {
                            (words.menu(&keys::dashboard(&one.name), &one.label))
                        }
                    }
                }
            }
            div.tiles {
                @for one in &self.seen {
                    section.panel.tile data-kind=(kind(&one.tile.shows)) .wide[one.tile.wide] {
                        h2 { (words.menu(&keys::tile(&self.dashboard.name, &one.tile.label), &one.tile.label)) }
                        (self.inside(visitor, one))
                    }
                }
            }
        }
    }

    fn inside(&self, visitor: &Visitor, one: &Seen) -> Markup {
        let key = keys::tile(&self.dashboard.name, &one.tile.label);
        let label = visitor.words.menu(&key, &one.tile.label);
        let model = one.tile.of().and_then(|of| visitor.schema().model(&of.model)).cloned();
        match (&one.figures, model, &one.tile.shows) {
            (
                Figures::Figure { now, before, filter },
                Some(model),
                Shows::Figure { sum, period, .. },
            ) => {
                let of = Of { visitor, model: &model, names: &self.codes };
                of.figure((now, before.as_ref()), filter.as_deref(), sum.as_deref(), *period)
            }
            (Figures::List(rows), Some(model), Shows::List { columns, .. }) => {
                let of = Of { visitor, model: &model, names: &self.codes };
                of.list(&one.tile, rows, columns)
            }
            (Figures::Chart(summed), Some(model), Shows::Chart { group, sum, .. }) => {
                let of = Of { visitor, model: &model, names: &self.codes };
                of.chart((&one.tile, &label), summed, group, sum.as_deref())
            }
            (Figures::Report(answer), _, Shows::Report { report }) => {
                let sheet = Sheet::of(visitor, answer);
                html! {
                    (charts::of_report(visitor, answer, &sheet)
                        .and_then(|chart| chart.draw_small(visitor))
                        .unwrap_or_else(|| nothing(visitor)))
                    p.more { a href={ "/report/" (report) } { (visitor.words.say("dashboard-open")) } }
                }
            }
            _ => html! {},
        }
    }
}

fn kind(shows: &Shows) -> &'static str {
    match shows {
        Shows::Figure { .. } => "figure",
        Shows::List { .. } => "list",
        Shows::Chart { .. } | Shows::Report { .. } => "chart",
    }
}

fn nothing(visitor: &Visitor) -> Markup {
    html! { p.soft { (visitor.words.say("dashboard-nothing")) } }
}

/// A tile of a model.
struct Of<'a> {
    visitor: &'a Visitor,
    model: &'a Model,
    names: &'a Names,
}

impl Of<'_> {
    fn address(&self, filter: Option<&str>, more: &[(&str, &str)]) -> String {
        let filter = filter.map(|filter| ("filter", filter));
        let query = query(filter.into_iter().chain(more.iter().copied()));
        format!("/{}?{query}", self.model.name)
    }

    fn figure(
        &self,
        (now, before): (&Summed, Option<&Summed>),
        filter: Option<&str>,
        sum: Option<&str>,
        period: Period,
    ) -> Markup {
        let words = &self.visitor.words;
        let ago = match period {
            Period::Month => "dashboard-month-before",
            Period::Quarter => "dashboard-quarter-before",
            Period::Year => "dashboard-year-before",
        };
        html! {
            a.figure-of href=(self.address(filter, &[])) { (self.amount(now, sum)) }
            @if let Some(before) = before {
                p.before {
                    @let change = change(now, before, sum);
                    @if let Some(change) = change {
                        span.change data-sign=[change.is_sign_negative().then_some("less")] {
                            @if !change.is_sign_negative() { "+" } (words.locale.percent(change))
                        } " "
                    }
                    span.soft { (words.say(ago)) " " (self.amount(before, sum)) }
                }
            }
        }
    }

    /// The sum of a field, or how many there are.
    fn amount(&self, summed: &Summed, sum: Option<&str>) -> Markup {
        let words = &self.visitor.words;
        let field = sum.and_then(|sum| self.model.field(sum));
        let count: usize = summed.groups.iter().map(|group| group.count).sum();
        match field {
            Some(field) if matches!(field.kind, Kind::Money) && has_sums(summed) => {
                amounts(self.visitor, &summed.groups, 0, self.names)
            }
            Some(field) => {
                let all = total(summed);
                html! { span.n { (figure(self.visitor, &field.kind, &Value::Decimal(all))) } }
            }
            None => {
                let number = words.locale.int(i64::try_from(count).unwrap_or(i64::MAX));
                html! { span.n { (number) @if summed.capped { "+" } } }
            }
        }
    }

    fn list(&self, tile: &Tile, rows: &Rows, columns: &[String]) -> Markup {
        let visitor = self.visitor;
        let filter = tile.of().and_then(|of| of.filter.as_deref());
        let fields: Vec<(usize, &Field)> = columns
            .iter()
            .filter_map(|name| Some((self.model.field_index(name)?, self.model.field(name)?)))
            .collect();
        html! {
            @if rows.rows.is_empty() { (nothing(visitor)) }
            @else {
                table.few {
                    thead.away { tr { @for (_, field) in &fields { th scope="col" { (visitor.words.field(&self.model.name, field)) } } } }
                    tbody { @for rec in &rows.rows { (self.row(rec, &fields)) } }
                }
                @if rows.next.is_some() {
                    p.more { a href=(self.address(filter, &[])) { (visitor.words.say("dashboard-all")) } }
                }
            }
        }
    }

    fn row(&self, rec: &Rec, fields: &[(usize, &Field)]) -> Markup {
        let visitor = self.visitor;
        let exponent = exponent_of(visitor, rec);
        let address = format!("/{}/{}", self.model.name, rec.id);
        html! {
            tr { @for (place, (at, field)) in fields.iter().enumerate() {
                @let shown = Shown::of(visitor, rec, *at, exponent);
                td .n[field.kind.is_number()] {
                    @if place == 0 { a.row href=(address) { (name(visitor, rec, shown)) } }
                    @else if let Some(title) = shown.title { (title) }
                    @else { (show(shown)) }
                }
            } }
        }
    }

    fn chart(
        &self,
        (tile, label): (&Tile, &str),
        summed: &Summed,
        group: &str,
        sum: Option<&str>,
    ) -> Markup {
        let words = &self.visitor.words;
        let filter = tile.of().and_then(|of| of.filter.as_deref());
        let (name, _) = Span::read(group);
        let Some(field) = self.model.field(name) else { return html! {} };
        let measure = sum.and_then(|sum| self.model.field(sum));
        let point = |one: &Group| {
            let facet = super::list::groups::facet(field, &one.value);
            let value = match measure {
                Some(measure) => {
                    let amount = one.sums.first().copied().flatten().unwrap_or_default();
                    (amount, figure(self.visitor, &measure.kind, &Value::Decimal(amount)))
                }
                None => {
                    (Decimal::from(one.count), words.locale.decimal(Decimal::from(one.count), 0))
                }
            };
            let href = self.address(filter, &[(&format!("f.{name}"), &facet)]);
            let label = named(self.visitor, self.model, field, (&one.value, one.title.as_deref()));
            Point { label, href: Some(href), values: vec![value] }
        };
        let kind = if field.kind == Kind::Date { charts::Kind::Line } else { charts::Kind::Bar };
        let chart = Chart {
            kind,
            title: label.to_owned(),
            series: vec![label.to_owned()],
            points: one_a_value(&summed.groups).iter().map(point).collect(),
        };
        html! {
            (chart.draw_small(self.visitor).unwrap_or_else(|| nothing(self.visitor)))
            p.more { a href=(self.address(filter, &[("group", group)])) { (words.say("dashboard-open")) } }
        }
    }
}

/// Groups of one value in several currencies as one: their number can be drawn, their amounts are
/// those of the first.
fn one_a_value(groups: &[Group]) -> Vec<Group> {
    let mut all: Vec<Group> = Vec::new();
    for group in groups {
        match all.last_mut().filter(|last| last.value == group.value) {
            Some(last) => last.count += group.count,
            None => all.push(group.clone()),
        }
    }
    all
}

/// How a record is called in the first column of a short list.
fn name(visitor: &Visitor, rec: &Rec, shown: Shown<'_>) -> String {
    match (shown.value, shown.title) {
        (_, Some(title)) => title.to_owned(),
        (Value::Text(text), _) if !text.is_empty() => text.clone(),
        _ => name_of(visitor, rec),
    }
}

fn has_sums(summed: &Summed) -> bool {
    summed.groups.iter().any(|group| group.sums.first().copied().flatten().is_some())
}

fn total(summed: &Summed) -> Decimal {
    summed.groups.iter().filter_map(|group| group.sums.first().copied().flatten()).sum()
}

/// The change as a share; none from nothing, and none of several currencies together.
fn change(now: &Summed, before: &Summed, sum: Option<&str>) -> Option<Decimal> {
    let groups = || now.groups.iter().chain(&before.groups);
    let first = groups().next()?.currency;
    if groups().any(|group| group.currency != first) {
        return None;
    }
    let of = |summed: &Summed| match sum {
        Some(_) => total(summed),
        None => summed.groups.iter().map(|group| Decimal::from(group.count)).sum(),
    };
    let (now, before) = (of(now), of(before));
    let change = (now - before).checked_div(before).filter(|_| before > Decimal::ZERO)?;
    Some(round(change, CHANGE_PLACES, Rounding::HalfUp))
}
