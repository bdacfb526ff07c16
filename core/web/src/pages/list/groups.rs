//! A list by groups: for each value of a field how many there are and what they come to, each a way
//! into the list of its own.

use axum::response::Response;
use fondaco_kernel::Error;
use fondaco_kernel::records::{self, Group, Select};
use fondaco_kernel::schema::{Field, Kind};
use fondaco_kernel::values::{AnyId, Decimal, Value, currency_exponent};
use maud::{Markup, html};

use super::List;
use crate::App;
use crate::pages::ask::Ask;
use crate::pages::good;
use crate::pages::shell::{self, Page};
use crate::visitor::Visitor;
use crate::widgets::label;

/// The names of the currencies that occur: field, id, code.
pub(crate) type Names = [(String, AnyId, String)];

pub(super) async fn page(app: &App, list: &List<'_>, by: &str) -> Result<Response, Error> {
    let unknown = || Error::problem("group", "unknown_field", format!("There is no field {by}."));
    let field = list.model.field(by).ok_or_else(unknown)?;
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
        (table(list, field, &read))
    };
    let shows = Some((list.model.name.as_str(), String::new()));
    Ok(good(shell::page(visitor, Page { title: &plural, crumbs: Vec::new(), shows, body })))
}

async fn currencies(
    tx: &mut fondaco_kernel::Tx,
    ids: &[AnyId],
) -> Result<Vec<(String, AnyId, String)>, Error> {
    let found = records::get_many(tx, "currency", ids, &Select::default()).await?;
    Ok(found.iter().map(|rec| ("currency".to_owned(), rec.id, rec.title())).collect())
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
                            td { a.row href=(inside(list, field, first)) { (title(list.visitor, list, field, first)) } }
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
    let value = match &group.value {
        Value::Null => String::new(),
        other => crate::widgets::held(&field.kind, other),
    };
    let ask = Ask { group: None, ..list.ask.with_facet(&field.name, &value) };
    ask.address(list.model)
}

fn title(visitor: &Visitor, list: &List<'_>, field: &Field, group: &Group) -> String {
    let words = &visitor.words;
    match (&group.value, &field.kind) {
        (Value::Null, _) => words.say("list-none").into_owned(),
        (Value::Bool(true), _) => words.say("yes").into_owned(),
        (Value::Bool(false), _) => words.say("no").into_owned(),
        (Value::Text(value), Kind::Choice { .. }) => label(visitor, &list.model.name, field, value),
        (Value::Link(id), _) => group.title.clone().unwrap_or_else(|| format!("#{id}")),
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
