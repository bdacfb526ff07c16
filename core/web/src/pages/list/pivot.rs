//! A list as a pivot: the values of one field down, of another across, what they come to in between,
//! and sums both ways. Each cell leads to the records that it is made of.

use axum::response::Response;
use fondaco_kernel::Error;
use fondaco_kernel::records::{self, Group, Span, Summed, Totals};
use fondaco_kernel::schema::{Field, Kind};
use fondaco_kernel::texts::Arg;
use fondaco_kernel::values::{AnyId, Value};
use maud::{Markup, html};

use super::List;
use super::groups::{Names, amounts, currencies, facet, title};
use crate::App;
use crate::pages::ask::{self, Ask};
use crate::pages::good;
use crate::pages::shell::{self, Page};
use crate::widgets::values;

/// Values that are shown down and across: what one still reads.
const ROWS_MAX: usize = 200;
const COLUMNS_MAX: usize = 36;
/// The measure that is no field.
pub(super) const COUNT: &str = "count";

/// What is set against each other.
struct Pivot<'a> {
    list: &'a List<'a>,
    rows: Option<Key<'a>>,
    columns: Option<Key<'a>>,
    /// The number that is summed up; none: records are counted.
    measure: Option<&'a Field>,
}

/// A field, and its name with how its days count.
#[derive(Clone)]
struct Key<'a> {
    field: &'a Field,
    name: String,
}

/// Fields that tell groups apart, under the names that a question has for them: days count by month,
/// by quarter and by year.
pub(super) fn groupable<'a>(list: &List<'a>) -> Vec<(&'a Field, String)> {
    let fits = |field: &&Field| {
        let kinds =
            matches!(field.kind, Kind::Choice { .. } | Kind::Bool | Kind::Link { .. } | Kind::Date);
        let own = !field.system || field.name == "state";
        kinds && own && field.has_column() && ask::is_column(list.visitor, field)
    };
    let names = |field: &'a Field| -> Vec<(&'a Field, String)> {
        match field.kind {
            Kind::Date => {
                let spans = Span::ALL.iter();
                spans.map(|(span, _)| (field, format!("{}.{span}", field.name))).collect()
            }
            _ => vec![(field, field.name.clone())],
        }
    };
    list.model.fields.values().filter(fits).flat_map(names).collect()
}

/// Number fields that can be summed up.
fn measures<'a>(list: &List<'a>) -> Vec<&'a Field> {
    let adds = |field: &&Field| {
        let numbers = matches!(
            field.kind,
            Kind::Money | Kind::Decimal { .. } | Kind::Integer | Kind::Duration
        );
        numbers && !field.system && field.has_column() && ask::is_column(list.visitor, field)
    };
    list.model.fields.values().filter(adds).collect()
}

/// What a way of grouping is called.
pub(super) fn label(list: &List<'_>, field: &Field, name: &str) -> String {
    let words = &list.visitor.words;
    let own = words.field(&list.model.name, field);
    match Span::read(name).1 {
        None => own.into_owned(),
        Some(Span::Month) => format!("{own} · {}", words.say("span-month")),
        Some(Span::Quarter) => format!("{own} · {}", words.say("span-quarter")),
        Some(Span::Year) => format!("{own} · {}", words.say("span-year")),
    }
}

pub(super) async fn page(app: &App, list: &List<'_>) -> Result<Response, Error> {
    let pivot = Pivot::of(list)?;
    let asked = Totals {
        by: pivot.rows.as_ref().map(|key| key.name.clone()),
        across: pivot.columns.as_ref().map(|key| key.name.clone()),
        sums: pivot.measure.map(|field| field.name.clone()).into_iter().collect(),
        rows_max: None,
        ..list.figures(None)?
    };
    let model = list.model.name.clone();
    let work = app.kernel.read(&list.visitor.ctx, move |tx| {
        let (model, asked) = (model.clone(), asked.clone());
        Box::pin(async move {
            let summed = records::totals(tx, &model, &asked).await?;
            let ids: Vec<AnyId> = summed.groups.iter().filter_map(|g| g.currency).collect();
            let codes = currencies(tx, &ids).await?;
            let views = super::views_of(tx, &model).await?;
            Ok((summed, codes, views))
        })
    });
    let (summed, codes, views) = work.await?;
    let plural = list.visitor.words.plural(list.model);
    let rows = records::Page { rows: Vec::new(), next: None, count: None };
    let read = super::Read { rows, totals: summed, views, names: codes };
    let body = html! {
        (list.head(&read, &plural))
        (list.tools(&read))
        (pivot.asking())
        @if read.totals.groups.is_empty() { (list.empty()) }
        @else { (pivot.table(&read.totals, &read.names)) }
    };
    let shows = Some((list.model.name.as_str(), String::new()));
    Ok(good(shell::page(list.visitor, Page { title: &plural, crumbs: Vec::new(), shows, body })))
}

impl<'a> Pivot<'a> {
    fn of(list: &'a List<'a>) -> Result<Pivot<'a>, Error> {
        let all = groupable(list);
        let find = |place: &str, name: &Option<String>| match name.as_deref() {
            None | Some("") => Ok(None),
            Some(name) => {
                let span = |own: &str| own == name || own.strip_suffix(".month") == Some(name);
                let found = all.iter().find(|(_, own)| span(own));
                let message = format!("There is no field {name} to group by.");
                let found = found.ok_or_else(|| Error::problem(place, "unknown_field", message))?;
                Ok(Some(Key { field: found.0, name: found.1.clone() }))
            }
        };
        let mut rows = find("group", &list.ask.group)?;
        if rows.is_none() {
            // What a record is at comes first, else whatever there is.
            let first = all.iter().find(|(field, _)| field.name == "state").or(all.first());
            rows = first.map(|(field, name)| Key { field, name: name.clone() });
        }
        let columns = find("across", &list.ask.across)?;
        // A list narrowed twice by one field would hold either, and not both.
        let down = rows.as_ref().map(|key| &key.field.name);
        let columns = columns.filter(|key| Some(&key.field.name) != down);
        let measure = match list.ask.measure.as_deref() {
            None => list.sums.first().copied(),
            Some(COUNT) => None,
            Some(name) => {
                let found = measures(list).into_iter().find(|field| field.name == name);
                let message = format!("There is no field {name} to sum up.");
                Some(found.ok_or_else(|| Error::problem("measure", "unknown_field", message))?)
            }
        };
        Ok(Pivot { list, rows, columns, measure })
    }

    fn asking(&self) -> Markup {
        let (list, words) = (self.list, &self.list.visitor.words);
        let rest = Ask { group: None, across: None, measure: None, ..list.ask.clone() };
        let all = groupable(list);
        let keys = |now: &Option<Key<'_>>| {
            let now = now.as_ref().map(|key| key.name.clone());
            html! {
                @for (field, name) in &all {
                    option value=(name) selected[now.as_ref() == Some(name)] { (label(list, field, name)) }
                }
            }
        };
        html! {
            form.asking action={ "/" (list.model.name) } {
                (list.hidden(&rest))
                div.asked {
                    div.ask { label for="pivot-rows" { (words.say("pivot-rows")) }
                        select id="pivot-rows" name="group" { (keys(&self.rows)) } }
                    div.ask { label for="pivot-columns" { (words.say("pivot-columns")) }
                        select id="pivot-columns" name="across" {
                            option value="" { (words.say("list-none")) }
                            (keys(&self.columns))
                        } }
                    div.ask { label for="pivot-measure" { (words.say("pivot-measure")) }
                        select id="pivot-measure" name="measure" {
                            option value=(COUNT) selected[self.measure.is_none()] { (words.say("list-records")) }
                            @for field in measures(list) {
                                option value=(field.name) selected[self.measure.is_some_and(|own| own.name == field.name)] {
                                    (words.field(&list.model.name, field))
                                }
                            }
                        } }
                    button.primary { (words.say("report-show")) }
                }
            }
        }
    }

    fn table(&self, summed: &Summed, names: &Names) -> Markup {
        let words = &self.list.visitor.words;
        let (Some(rows), groups) = (&self.rows, &summed.groups) else { return html! {} };
        if summed.capped {
            return html! { p.problem { (words.say_of("pivot-too-many", &[("count",
            Arg::Count(fondaco_kernel::values::limits::GROUP_ROWS_MAX))])) } };
        }
        let down = self.sorted(rows, groups.iter().map(|g| (&g.value, &g.title)));
        let across = match &self.columns {
            Some(columns) => {
                self.sorted(columns, groups.iter().map(|g| (&g.across, &g.across_title)))
            }
            None => Vec::new(),
        };
        let cut = down.len() > ROWS_MAX || across.len() > COLUMNS_MAX;
        let of = |row: Option<&Value>, column: Option<&Value>| -> Vec<Group> {
            let fits = |group: &&Group| {
                row.is_none_or(|row| group.value == *row)
                    && column.is_none_or(|column| group.across == *column)
            };
            groups.iter().filter(fits).cloned().collect()
        };
        html! {
            @if cut { p.soft { (words.say("pivot-cut")) } }
            div.scroll.listing.report tabindex="0" { table.list.figures.pivot {
                thead { tr {
                    th scope="col" { (label(self.list, rows.field, &rows.name)) }
                    @for (value, title) in across.iter().take(COLUMNS_MAX) {
                        th.n scope="col" { (self.way(None, Some(value), html! { (title) })) }
                    }
                    th.n scope="col" { (words.say("list-total")) }
                } }
                tbody { @for (row, title) in down.iter().take(ROWS_MAX) {
                    tr {
                        th scope="row" { (self.way(Some(row), None, html! { (title) })) }
                        @for (column, _) in across.iter().take(COLUMNS_MAX) {
                            td.n { (self.cell(Some(row), Some(column), &of(Some(row), Some(column)), names)) }
                        }
                        td.n.all { (self.cell(Some(row), None, &of(Some(row), None), names)) }
                    }
                } }
                tfoot { tr {
                    td { (words.say("list-total")) }
                    @for (column, _) in across.iter().take(COLUMNS_MAX) {
                        td.n { (self.cell(None, Some(column), &of(None, Some(column)), names)) }
                    }
                    td.n { (self.cell(None, None, groups, names)) }
                } }
            } }
        }
    }

    /// The values of a field with their names: choices in their order, days as they go, records by
    /// name; nothing comes last.
    fn sorted<'g>(
        &self,
        key: &Key<'_>,
        found: impl Iterator<Item = (&'g Value, &'g Option<String>)>,
    ) -> Vec<(Value, String)> {
        let mut all: Vec<(Value, String)> = Vec::new();
        for (value, named) in found {
            if all.iter().all(|(own, _)| own != value) {
                all.push((value.clone(), title(self.list, key.field, value, named.as_deref())));
            }
        }
        let place = |value: &Value| {
            let choices = values(key.field);
            choices.iter().position(|choice| Some(choice.value.as_str()) == value.as_text())
        };
        all.sort_by_cached_key(|(value, name)| {
            let by_name = matches!(key.field.kind, Kind::Link { .. }).then(|| name.clone());
            (value.is_null(), place(value), by_name, value.clone())
        });
        all
    }

    /// The list of what a cell counts.
    fn way(&self, row: Option<&Value>, column: Option<&Value>, inside: Markup) -> Markup {
        let mut ask =
            Ask { group: None, across: None, measure: None, show: None, ..self.list.ask.clone() };
        for (key, value) in [(&self.rows, row), (&self.columns, column)] {
            if let (Some(key), Some(value)) = (key, value) {
                ask = ask.with_facet(&key.field.name, &facet(key.field, value));
            }
        }
        html! { a href=(ask.address(self.list.model)) { (inside) } }
    }

    fn cell(
        &self,
        row: Option<&Value>,
        column: Option<&Value>,
        own: &[Group],
        names: &Names,
    ) -> Markup {
        let words = &self.list.visitor.words;
        let count: usize = own.iter().map(|group| group.count).sum();
        if count == 0 {
            return html! {};
        }
        let said = match self.measure {
            None => html! { (words.locale.int(i64::try_from(count).unwrap_or(i64::MAX))) },
            Some(field) if matches!(field.kind, Kind::Money) => {
                amounts(self.list.visitor, own, 0, names)
            }
            Some(field) => {
                let sum =
                    own.iter().filter_map(|group| group.sums.first().copied().flatten()).sum();
                let sum = match field.kind {
                    Kind::Integer | Kind::Duration => whole(sum),
                    _ => Value::Decimal(sum),
                };
                html! { (crate::sheet::figure(self.list.visitor, &field.kind, &sum)) }
            }
        };
        self.way(row, column, said)
    }
}

fn whole(sum: fondaco_kernel::values::Decimal) -> Value {
    i64::try_from(sum).map_or(Value::Null, Value::Int)
}
