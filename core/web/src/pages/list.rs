//! The list of a model's records: what is looked for, the rows, their figures. One page at a time by
//! a cursor; how many there are is counted to a thousand.
//! Not here: how an address asks for it (`ask`), several at once (`bulk`), the controls (`list/tools`).

pub(super) mod groups;
mod pivot;
mod tools;

pub(crate) use groups::amounts;

use axum::extract::{Path, State};
use axum::response::Response;
use fondaco_kernel::permissions::{self, Right};
use fondaco_kernel::record::Rec;
use fondaco_kernel::records::{self, Page as Rows, Query, Select, Summed, Totals};
use fondaco_kernel::schema::{Field, Kind, Model};
use fondaco_kernel::texts::Arg;
use fondaco_kernel::values::{AnyId, Value, limits};
use fondaco_kernel::{Error, Tx};
use maud::{Markup, html};

use super::ask::{self, Ask};
use super::good;
use super::shell::{self, Page};
use crate::App;
use crate::address::{Asked, Pairs};
use crate::visitor::Visitor;
use crate::widgets::{Shown, exponent_of, is_entered, is_figure, name_of, show as value};

/// A list with everything that its page shows.
pub(crate) struct List<'a> {
    pub(crate) visitor: &'a Visitor,
    pub(crate) model: &'a Model,
    pub(crate) ask: &'a Ask,
    pub(crate) columns: Vec<&'a Field>,
    pub(crate) facets: Vec<&'a Field>,
    pub(crate) order: Vec<String>,
    /// Fields whose sums stand below their columns.
    pub(crate) sums: Vec<&'a Field>,
}

/// What was read for it.
pub(crate) struct Read {
    rows: Rows,
    totals: Summed,
    pub(crate) views: Vec<Rec>,
    /// Names of the records that the facets lead to.
    pub(crate) names: Vec<(String, AnyId, String)>,
}

pub(crate) async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Path(model): Path<String>,
    Asked(asked): Asked,
) -> Response {
    let page = page(&app, &visitor, &model, &asked).await;
    visitor.answer(page)
}

async fn page(app: &App, visitor: &Visitor, model: &str, asked: &Pairs) -> Result<Response, Error> {
    let model = visitor.model(model)?;
    let ask = Ask::read(asked);
    let list = List::of(visitor, &model, &ask);
    if ask.show.as_deref() == Some("pivot") {
        return pivot::page(app, &list).await;
    }
    if let Some(by) = &ask.group {
        return groups::page(app, &list, by).await;
    }
    let read = list.read(app).await?;
    if ask.part {
        return Ok(good(
            html! { table { tbody { (list.rows(&read.rows)) } } (list.next(&read.rows)) },
        ));
    }
    let words = &visitor.words;
    let plural = words.plural(&model);
    let body = html! {
        (list.head(&read, &plural))
        (list.tools(&read))
        @if read.rows.rows.is_empty() { (list.empty()) }
        @else { (list.table(&read)) }
    };
    let shows = Some((model.name.as_str(), String::new()));
    Ok(good(shell::page(visitor, Page { title: &plural, crumbs: Vec::new(), shows, body })))
}

impl<'a> List<'a> {
    pub(crate) fn of(visitor: &'a Visitor, model: &'a Model, ask: &'a Ask) -> List<'a> {
        let columns = ask::columns(visitor, model, ask);
        let is_summed = |field: &&&Field| matches!(field.kind, Kind::Money) && field.has_column();
        List {
            facets: ask::facets(visitor, model, &columns),
            order: ask::order(model, ask),
            sums: columns.iter().filter(is_summed).copied().take(5).collect(),
            visitor,
            model,
            ask,
            columns,
        }
    }

    fn selected(&self) -> Vec<String> {
        let mut names: Vec<String> = self.columns.iter().map(|field| field.name.clone()).collect();
        let currency = self.model.field("currency");
        let wants = self.columns.iter().any(|field| matches!(field.kind, Kind::Money));
        let readable = |field: &&Field| ask::is_column(self.visitor, field);
        names.extend(currency.filter(readable).filter(|_| wants).map(|f| f.name.clone()));
        if self
            .model
            .field(&self.model.title)
            .is_some_and(|title| ask::is_column(self.visitor, title))
        {
            names.push(self.model.title.clone());
        }
        names.sort();
        names.dedup();
        names
    }

    pub(crate) fn question(&self) -> Result<Query, Error> {
        Ok(Query {
            filter: self.ask.expression(self.visitor, self.model)?,
            search: Some(self.ask.words.clone()).filter(|words| !words.is_empty()),
            sort: self.order.clone(),
            after: self.ask.after.clone(),
            show: Select { fields: self.selected(), expand: Vec::new() },
            ..Query::default()
        })
    }

    pub(crate) fn figures(&self, by: Option<&str>) -> Result<Totals, Error> {
        Ok(Totals {
            filter: self.ask.expression(self.visitor, self.model)?,
            search: Some(self.ask.words.clone()).filter(|words| !words.is_empty()),
            by: by.map(str::to_owned),
            across: None,
            sums: self.sums.iter().map(|field| field.name.clone()).collect(),
            rows_max: by.is_none().then_some(limits::COUNT_MAX),
        })
    }

    async fn read(&self, app: &App) -> Result<Read, Error> {
        let (model, query, figures) =
            (self.model.name.clone(), self.question()?, self.figures(None)?);
        let part = self.ask.part;
        let linked = self.linked();
        let work = app.kernel.read(&self.visitor.ctx, move |tx| {
            let (model, query, figures) = (model.clone(), query.clone(), figures.clone());
            let linked = linked.clone();
            Box::pin(async move {
                let rows = records::list(tx, &model, &query).await?;
                if part {
                    let totals = Summed { groups: Vec::new(), capped: false };
                    return Ok(Read { rows, totals, views: Vec::new(), names: Vec::new() });
                }
                let totals = records::totals(tx, &model, &figures).await?;
                let views = views_of(tx, &model).await?;
                let names = names_of(tx, &linked).await?;
                Ok(Read { rows, totals, views, names })
            })
        });
        work.await
    }

    /// The records that facets lead to, by field and model.
    fn linked(&self) -> Vec<(String, String, Vec<AnyId>)> {
        let mut linked: Vec<(String, String, Vec<AnyId>)> = Vec::new();
        for (name, value) in &self.ask.facets {
            let target = self.model.field(name).and_then(|field| field.kind.target());
            let (Some(target), Ok(id)) = (target, value.parse()) else { continue };
            match linked.iter_mut().find(|(own, _, _)| own == name) {
                Some((_, _, ids)) => ids.push(id),
                None => linked.push((name.clone(), target.to_owned(), vec![id])),
            }
        }
        linked
    }

    fn head(&self, read: &Read, plural: &str) -> Markup {
        let words = &self.visitor.words;
        let count = read.totals.groups.iter().map(|group| group.count).sum::<usize>();
        let shown = match read.totals.capped {
            true => format!("{}+", words.locale.int(limits::COUNT_MAX as i64)),
            false => words.locale.int(i64::try_from(count).unwrap_or(i64::MAX)),
        };
        let count = count.min(limits::COUNT_MAX);
        let args = [("count", Arg::Count(count)), ("shown", Arg::Text(&shown))];
        html! {
            div.head {
                h1 { (plural) }
                span.count { (words.say_of("list-count", &args)) }
                (self.ways())
            }
        }
    }

    pub(crate) fn may_create(&self) -> bool {
        permissions::may(&self.visitor.ctx, self.model, Right::Create)
    }

    fn table(&self, read: &Read) -> Markup {
        let words = &self.visitor.words;
        html! {
            form id="bulk" method="post" action={ "/do/bulk/" (self.model.name) } {
                (self.deeds())
                div.scroll.listing {
                    table.list {
                        thead { tr {
                            th.sel.scripted { input type="checkbox" data-all aria-label=(words.say("list-select-all")); }
                            @for field in &self.columns { (self.heading(field)) }
                        } }
                        tbody { (self.rows(&read.rows)) }
                        (self.sums_below(read))
                    }
                }
            }
            (self.next(&read.rows))
        }
    }

    fn heading(&self, field: &Field) -> Markup {
        let label = self.visitor.words.field(&self.model.name, field);
        let sorts = field.has_column() && !field.kind.is_many();
        let first = self.order.first().map_or("", String::as_str);
        let (down, up) = (first.strip_prefix('-') == Some(&field.name), first == field.name);
        let sort = if up {
            Some("ascending")
        } else if down {
            Some("descending")
        } else {
            None
        };
        html! {
            th scope="col" .n[is_figure(field)] aria-sort=[sort] {
                @if sorts {
                    a href=(self.ask.sorted_by(&field.name, &self.order).address(self.model)) {
                        (label) @if up { span aria-hidden="true" { " ↑" } } @if down { span aria-hidden="true" { " ↓" } }
                    }
                } @else { (label) }
            }
        }
    }

    fn rows(&self, rows: &Rows) -> Markup {
        html! { @for rec in &rows.rows { (self.row(rec)) } }
    }

    fn row(&self, rec: &Rec) -> Markup {
        let exponent = exponent_of(self.visitor, rec);
        let title = name_of(self.visitor, rec);
        let select = [("title", Arg::Text(&title))];
        let address = format!("/{}/{}", self.model.name, rec.id);
        let first = self.columns.first().map(|field| field.name.as_str());
        html! {
            tr data-id=(rec.id) {
                td.sel.scripted {
                    input type="checkbox" name="id" value={ (rec.id) ":" (rec.version) }
                        aria-label=(self.visitor.words.say_of("list-select", &select));
                }
                @for field in &self.columns {
                    @let at = self.model.field_index(&field.name).unwrap_or_default();
                    @let shown = Shown::of(self.visitor, rec, at, exponent);
                    td .n[is_figure(field)] data-label=(self.visitor.words.field(&self.model.name, field))
                        data-field=[self.changes_in_place(field).then_some(&field.name)] {
                        @if first == Some(field.name.as_str()) { a.row href=(address) { (name(rec, at, &title)) } }
                        @else { (in_row(shown)) }
                    }
                }
            }
        }
    }

    /// Whether a cell can be changed where it stands; whether this record may be is found out then.
    fn changes_in_place(&self, field: &Field) -> bool {
        let may = permissions::may(&self.visitor.ctx, self.model, Right::Write);
        may && field.name != "state" && is_entered(self.visitor, field)
    }

    /// What the shown records come to, where all of them were looked at.
    fn sums_below(&self, read: &Read) -> Markup {
        if self.sums.is_empty() || read.totals.capped || read.totals.groups.is_empty() {
            return html! {};
        }
        let words = &self.visitor.words;
        html! {
            tfoot { tr {
                td.sel.scripted {}
                @for (place, field) in self.columns.iter().enumerate() {
                    td .n[is_figure(field)] {
                        @if let Some(at) = self.sums.iter().position(|sum| sum.name == field.name) {
                            (groups::amounts(self.visitor, &read.totals.groups, at, &read.names))
                        } @else if place == 0 { (words.say("list-total")) }
                    }
                }
            } }
        }
    }

    fn next(&self, rows: &Rows) -> Markup {
        let words = &self.visitor.words;
        let Some(next) = &rows.next else {
            return html! { @if self.ask.after.is_some() { p.soft.end { (words.say("list-end")) } } };
        };
        let query = self.ask.query();
        let joint = if query.is_empty() { "" } else { "&" };
        html! {
            p.next { a.button data-more href={ "/" (self.model.name) "?" (query) (joint) "after=" (next) } {
                (words.say("list-next"))
            } }
        }
    }
}

/// Whole counts of a page are never beyond what an integer holds.
fn name(rec: &Rec, at: usize, title: &str) -> String {
    match &rec.values[at] {
        Value::Text(text) if !text.is_empty() => text.clone(),
        Value::Link(_) => {
            let own = rec.titles.iter().find(|(link, _)| *link == at);
            own.map_or_else(|| title.to_owned(), |(_, title)| title.clone())
        }
        _ => title.to_owned(),
    }
}

/// In a list a long text is one line, and links do not lead away from the row.
fn in_row(shown: Shown<'_>) -> Markup {
    match (&shown.field.kind, shown.title) {
        (Kind::Link { .. }, Some(title)) => html! { (title) },
        (Kind::Bool, _) => html! {
            @if shown.value.as_bool() == Some(true) {
                span.yes { span aria-hidden="true" { "✓" } span.away { (shown.visitor.words.say("yes")) } }
            }
        },
        _ => value(shown),
    }
}

/// Views of this list that the reader has saved, or that somebody saved for everybody.
async fn views_of(tx: &mut Tx, model: &str) -> Result<Vec<Rec>, Error> {
    let query = Query {
        filter: Some(format!("model == \"{model}\"")),
        limit: Some(20),
        ..Query::default()
    };
    Ok(records::list(tx, "saved_view", &query).await?.rows)
}

async fn names_of(
    tx: &mut Tx,
    linked: &[(String, String, Vec<AnyId>)],
) -> Result<Vec<(String, AnyId, String)>, Error> {
    let mut names = Vec::new();
    for (field, target, ids) in linked {
        for rec in records::get_many(tx, target, ids, &Select::default()).await? {
            names.push((field.clone(), rec.id, rec.title()));
        }
    }
    Ok(names)
}
