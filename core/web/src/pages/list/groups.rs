//! A list by groups: for each value of a field how many there are and what they come to, each a way
//! into the list of its own; as a chart too.
//! Not here: two fields across each other (`pivot`).

use axum::response::Response;
use fondaco_kernel::Error;
use fondaco_kernel::records::{self, Group, Select, Span};
use fondaco_kernel::schema::{Field, Kind, Model};
use fondaco_kernel::values::{AnyId, Decimal, Value, currency_exponent};
use maud::{Markup, html};

use super::List;
use crate::App;
use crate::charts::{self, Chart, Point};
use crate::pages::ask::Ask;
use crate::pages::good;
use crate::pages::shell::{self, Page};
use crate::visitor::Visitor;
use crate::widgets::label;

/// The names of the currencies that occur: field, id, code.
pub(crate) type Names = [(String, AnyId, String)];

pub(super) async fn page(app: &App, list: &List<'_>, by: &str) -> Result<Response, Error> {
    let unknown = || Error::problem("group", "unknown_field", format!("There is no field {by}."));
    let field = list.model.field(Span::read(by).0).ok_or_else(unknown)?;
    let (model, figures) = (list.model.name.clone(), list.figures(Some(by))?);
    let work = app.kernel.read(&list.visitor.ctx, move |tx| {
        let (model, figures) = (model.clone(), figures.clone());
        Box::pin(async move {
            let summed = records::totals(tx, &model, &figures).await?;
            let ids: Vec<AnyId> = summed.groups.iter().filter_map(|g| g.currency).collect();
            let codes = currencies(tx, &ids).await?;
            let views = super::views_of(tx, &model).await?;
            Ok((summed, codes, views))
        })
    });
    let (summed, codes, views) = work.await?;
    let visitor = list.visitor;
    let plural = visitor.words.plural(list.model);
    let read = super::Read {
        rows: records::Page { rows: Vec::new(), next: None, count: None },
        totals: summed,
        views,
        names: codes,
    };
    let body = html! {
        (list.head(&read, &plural))
        (list.tools(&read))
        @if list.ask.show.as_deref() == Some("chart") {
            @match chart(list, field, &read) {
                Some(chart) => (chart),
                None => p.soft { (visitor.words.say("chart-none")) },
            }
        }
        (table(list, field, &read))
    };
    let shows = Some((list.model.name.as_str(), String::new()));
    Ok(good(shell::page(visitor, Page { title: &plural, crumbs: Vec::new(), shows, body })))
}

pub(in crate::pages) async fn currencies(
    tx: &mut fondaco_kernel::Tx,
    ids: &[AnyId],
) -> Result<Vec<(String, AnyId, String)>, Error> {
    let found = records::get_many(tx, "currency", ids, &Select::default()).await?;
    Ok(found.iter().map(|rec| ("currency".to_owned(), rec.id, rec.title())).collect())
}

/// The groups as bars, days as a line; of amounts in several currencies the records are counted.
fn chart(list: &List<'_>, field: &Field, read: &super::Read) -> Option<Markup> {
    let words = &list.visitor.words;
    let groups = &read.totals.groups;
    let mut currencies: Vec<_> = groups.iter().map(|group| group.currency).collect();
    currencies.sort_unstable();
    currencies.dedup();
    let sum = list.sums.first().filter(|_| currencies.len() < 2 && !read.totals.capped);
    let mut points: Vec<Point> = Vec::new();
    let mut last: Option<&Value> = None;
    for group in groups {
        let count = Decimal::from(group.count);
        if last == Some(&group.value) {
            if let Some((own, text)) = points.last_mut().and_then(|point| point.values.first_mut())
            {
                *own += count;
                *text = words.locale.decimal(*own, 0);
            }
            continue;
        }
        last = Some(&group.value);
        let own = match sum {
            Some(field) => {
                let amount = group.sums.first().copied().flatten().unwrap_or_default();
                (amount, crate::sheet::figure(list.visitor, &field.kind, &Value::Decimal(amount)))
            }
            None => (count, words.locale.decimal(count, 0)),
        };
        points.push(Point {
            label: title(list, field, &group.value, group.title.as_deref()),
            href: Some(inside(list, field, group)),
            values: vec![own],
        });
    }
    let series = match sum {
        Some(field) => words.field(&list.model.name, field).into_owned(),
        None => words.say("list-records").into_owned(),
    };
    let kind = if field.kind == Kind::Date { charts::Kind::Line } else { charts::Kind::Bar };
    if kind == charts::Kind::Bar {
        points.sort_by_key(|point| std::cmp::Reverse(point.values.first().map(|(own, _)| *own)));
    }
    let title = format!("{} · {series}", words.plural(list.model));
    Chart { kind, title, series: vec![series], points }.draw(list.visitor)
}

fn table(list: &List<'_>, field: &Field, read: &super::Read) -> Markup {
    let words = &list.visitor.words;
    let mut values: Vec<&Group> = Vec::new();
    for group in &read.totals.groups {
        if values.last().is_none_or(|last| last.value != group.value) {
            values.push(group);
        }
    }
    html! {
        div.scroll.listing {
            table.list.grouped {
                thead { tr {
                    th scope="col" { (words.field(&list.model.name, field)) }
                    th.n scope="col" { (words.say("list-records")) }
                    @for sum in &list.sums { th.n scope="col" { (words.field(&list.model.name, sum)) } }
                } }
                tbody {
                    @for first in values {
                        @let own: Vec<Group> = read.totals.groups.iter().filter(|g| g.value == first.value).cloned().collect();
                        @let count: usize = own.iter().map(|group| group.count).sum();
                        tr {
                            td { a.row href=(inside(list, field, first)) { (title(list, field, &first.value, first.title.as_deref())) } }
                            td.n { (words.locale.int(i64::try_from(count).unwrap_or(i64::MAX))) }
                            @for at in 0..list.sums.len() { td.n { (amounts(list.visitor, &own, at, &read.names)) } }
                        }
                    }
                }
                @if !read.totals.capped && !list.sums.is_empty() {
                    tfoot { tr {
                        td { (words.say("list-total")) }
                        td.n {}
                        @for at in 0..list.sums.len() { td.n { (amounts(list.visitor, &read.totals.groups, at, &read.names)) } }
                    } }
                }
            }
        }
    }
}

/// The list of one group.
fn inside(list: &List<'_>, field: &Field, group: &Group) -> String {
    let ask = list.ask.with_facet(&field.name, &facet(field, &group.value));
    Ask { group: None, show: None, ..ask }.address(list.model)
}

/// The value as an address narrows a list by it.
pub(in crate::pages) fn facet(field: &Field, value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        other => crate::widgets::held(&field.kind, other),
    }
}

/// What a value is called; a record by its name, where the reader may see it.
pub(super) fn title(list: &List<'_>, field: &Field, value: &Value, title: Option<&str>) -> String {
    named(list.visitor, list.model, field, (value, title))
}

pub(in crate::pages) fn named(
    visitor: &Visitor,
    model: &Model,
    field: &Field,
    (value, title): (&Value, Option<&str>),
) -> String {
    let words = &visitor.words;
    match (value, &field.kind) {
        (Value::Null, _) => words.say("list-none").into_owned(),
        (Value::Bool(true), _) => words.say("yes").into_owned(),
        (Value::Bool(false), _) => words.say("no").into_owned(),
        (Value::Text(value), Kind::Choice { .. }) => label(visitor, &model.name, field, value),
        (Value::Link(id), _) => title.map_or_else(|| format!("#{id}"), str::to_owned),
        (other, kind) => crate::widgets::held(kind, other),
    }
}

/// What a field comes to in each currency; amounts of different currencies stand side by side.
pub(crate) fn amounts(visitor: &Visitor, groups: &[Group], at: usize, names: &Names) -> Markup {
    let mut sums: Vec<(Option<AnyId>, Decimal)> = Vec::new();
    for group in groups {
        let Some(sum) = group.sums.get(at).copied().flatten() else { continue };
        match sums.iter_mut().find(|(currency, _)| *currency == group.currency) {
            Some((_, all)) => *all += sum,
            None => sums.push((group.currency, sum)),
        }
    }
    let code = |id: Option<AnyId>| {
        let found = names.iter().find(|(field, own, _)| field == "currency" && Some(*own) == id);
        found.map_or_else(|| visitor.currency().to_owned(), |(_, _, code)| code.clone())
    };
    let several = sums.len() > 1;
    html! {
        @for (currency, sum) in &sums {
            @let code = code(*currency);
            span.n.sum {
                (visitor.words.locale.money(*sum, currency_exponent(&code).unwrap_or(2)))
                @if several || code != visitor.currency() { " " small { (code) } }
            }
        }
    }
}
