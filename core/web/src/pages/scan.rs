//! Counting what one holds in the hand against a document, as `[views.scan]` says: a scanner, which is
//! a keyboard, or somebody types a code; the line that has it counts up. What is not on the document is
//! refused. An action of the document takes what was counted.
//! Not here: counting itself (`scan/count`); sounds, which a scanner makes on its own.

mod count;

pub(crate) use count::count;

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Response;
use fondaco_kernel::Error;
use fondaco_kernel::offers::{self, Offers};
use fondaco_kernel::permissions::{self, Right, may_read_field};
use fondaco_kernel::record::Rec;
use fondaco_kernel::records::{self, Query, Select};
use fondaco_kernel::schema::{Action, Field, Kind, Model};
use fondaco_kernel::values::{AnyId, Decimal, Value};
use maud::{Markup, html};
use serde_json::Value as Json;

use super::ask::{self, Ask};
use super::shell::{self, Page};
use super::{go_to, good};
use crate::App;
use crate::address::{Asked, Pairs};
use crate::visitor::Visitor;
use crate::widgets::{Shown, asked, exponent_of, name_of, show as value, state_badge};

/// Documents to choose from.
const DOCUMENTS: usize = 60;

/// What `[views.scan]` says, as far as the reader may know it.
struct Scan<'a> {
    visitor: &'a Visitor,
    model: Arc<Model>,
    /// The model of the lines, and the document's field of them.
    line: Arc<Model>,
    lines: String,
    /// Fields of a line, or of what a link of it leads to, that hold a code.
    codes: Vec<(Option<String>, String)>,
    title: Field,
    quantity: Field,
    done: Field,
    lot: Option<Field>,
    /// What takes what was counted.
    finish: Option<Action>,
}

/// How far a line is counted.
fn tone_of(wanted: Decimal, done: Option<Decimal>) -> &'static str {
    match done {
        None => "none",
        Some(done) if done > wanted => "over",
        Some(done) if done == wanted => "full",
        Some(done) if done.is_zero() => "none",
        Some(_) => "part",
    }
}

/// Whether a model has one that the reader may work with.
pub(crate) fn has(visitor: &Visitor, model: &Model) -> bool {
    model.views["scan"].is_object() && permissions::may(&visitor.ctx, model, Right::Write)
}

pub(crate) async fn index(
    State(app): State<App>,
    visitor: Visitor,
    Path(model): Path<String>,
    Asked(pairs): Asked,
) -> Response {
    let page = documents(&app, &visitor, &model, &pairs).await;
    visitor.answer(page)
}

pub(crate) async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Path((model, id)): Path<(String, String)>,
    Asked(pairs): Asked,
) -> Response {
    let page = document(&app, &visitor, (&model, &id), &pairs).await;
    visitor.answer(page)
}

/// The documents that wait for it. One that is named by its number is opened at once.
async fn documents(
    app: &App,
    visitor: &Visitor,
    model: &str,
    pairs: &Pairs,
) -> Result<Response, Error> {
    let scan = Scan::of(visitor, model)?;
    let words = pairs.filled("q").unwrap_or_default().to_owned();
    let found = scan.open(app, &words).await?;
    if let ([only], false) = (found.as_slice(), words.is_empty()) {
        return Ok(go_to(&format!("/{model}/{}/scan", only.id)));
    }
    let name = scan.name();
    let say = &visitor.words;
    let body = html! {
        div.head { h1 { (name) } }
        form.scanning.panel action={ "/" (model) "/scan" } {
            label for="scan-document" { (say.say("scan-document")) }
            input id="scan-document" name="q" value=(words) autocomplete="off" spellcheck="false" autofocus;
            button.primary { (say.say("scan-open")) }
        }
        @if found.is_empty() { p.soft.note { (say.say(if words.is_empty() { "scan-no-documents" } else { "scan-unknown" })) } }
        ul.documents { @for rec in &found { (scan.card(rec)) } }
    };
    let shows = Some((model, String::new()));
    Ok(good(shell::page(visitor, Page { title: &name, crumbs: Vec::new(), shows, body })))
}

async fn document(
    app: &App,
    visitor: &Visitor,
    (model, id): (&str, &str),
    pairs: &Pairs,
) -> Result<Response, Error> {
    let scan = Scan::of(visitor, model)?;
    let none = || Error::not_found(model, id);
    let id: AnyId = id.parse().map_err(|_| none())?;
    let name = model.to_owned();
    let select = scan.select();
    let work = app.kernel.read(&visitor.ctx, move |tx| {
        let (name, select) = (name.clone(), select.clone());
        Box::pin(async move {
            let rec = records::get(tx, &name, id, &select).await?;
            Ok((rec, offers::of(tx, &name, id).await?))
        })
    });
    let (rec, offers) = work.await?;
    let title = name_of(visitor, &rec);
    let body = html! {
        div.head { h1 { (title) span.kind { (visitor.words.model(&scan.model)) } } (state_badge(visitor, &rec))
            div.ways { a.button href={ "/" (model) "/" (rec.id) } { (visitor.words.say("scan-form")) } } }
        scan-desk { (scan.desk(&rec, &offers, pairs)) }
    };
    let crumbs = vec![(format!("/{model}/scan"), scan.name())];
    let shows = Some((model, String::new()));
    Ok(good(shell::page(visitor, Page { title: &title, crumbs, shows, body })))
}

impl Scan<'_> {
    fn of<'a>(visitor: &'a Visitor, name: &str) -> Result<Scan<'a>, Error> {
        let model = visitor.model(name)?;
        let none = || Error::not_found("page", name);
        if !has(visitor, &model) {
            return Err(none());
        }
        let view = &model.views["scan"];
        let lines = view["lines"].as_str().ok_or_else(none)?;
        let line = match model.field(lines).map(|field| &field.kind) {
            Some(Kind::Lines { of, .. }) => visitor.schema().model(of).cloned(),
            _ => None,
        };
        let line = line.ok_or_else(none)?;
        let may = |f: &&Field| may_read_field(&visitor.ctx, visitor.schema(), f);
        let field = |key: &str| view[key].as_str().and_then(|name| line.field(name));
        let own = |key: &str| field(key).filter(may).cloned();
        let title = own("title").or_else(|| line.field(&line.title).filter(may).cloned());
        let paths = view["code"].as_array().into_iter().flatten().filter_map(Json::as_str);
        let codes = paths.map(|path| match path.split_once('.') {
            Some((link, field)) => (Some(link.to_owned()), field.to_owned()),
            None => (None, path.to_owned()),
        });
        Ok(Scan {
            codes: codes.collect(),
            title: title.ok_or_else(none)?,
            quantity: own("quantity").ok_or_else(none)?,
            done: own("done").ok_or_else(none)?,
            lot: own("lot"),
            finish: view["finish"].as_str().and_then(|name| model.actions.get(name)).cloned(),
            lines: lines.to_owned(),
            visitor,
            model,
            line,
        })
    }

    fn name(&self) -> String {
        super::menu::name_of_view(self.visitor, &self.model, "scan")
    }

    /// A document with its lines and what their codes stand in.
    fn select(&self) -> Select {
        let mut expand = vec![self.lines.clone()];
        for link in self.codes.iter().filter_map(|(link, _)| link.as_ref()) {
            let path = format!("{}.{link}", self.lines);
            if !expand.contains(&path) {
                expand.push(path);
            }
        }
        Select { fields: Vec::new(), expand }
    }

    /// Documents from whose states the finishing action leads.
    async fn open(&self, app: &App, words: &str) -> Result<Vec<Rec>, Error> {
        let from = self.finish.as_ref().map(|action| action.from.as_slice()).unwrap_or_default();
        let states: Vec<String> = from.iter().map(|state| format!("'{state}'")).collect();
        let filter = (!states.is_empty()).then(|| format!("state in [{}]", states.join(", ")));
        let shown = ask::columns(self.visitor, &self.model, &Ask::default());
        let mut names: Vec<String> = shown.iter().map(|field| field.name.clone()).collect();
        names.extend([self.model.title.clone(), "state".to_owned()]);
        names.retain(|name| self.model.field(name).is_some());
        names.sort();
        names.dedup();
        let query = Query {
            filter,
            search: Some(words.to_owned()).filter(|words| !words.is_empty()),
            sort: vec!["id".to_owned()],
            limit: Some(DOCUMENTS),
            show: Select { fields: names, expand: Vec::new() },
            ..Query::default()
        };
        let model = self.model.name.clone();
        let work = app.kernel.read(&self.visitor.ctx, move |tx| {
            let (model, query) = (model.clone(), query.clone());
            Box::pin(async move { records::list(tx, &model, &query).await })
        });
        Ok(work.await?.rows)
    }

    fn card(&self, rec: &Rec) -> Markup {
        let exponent = exponent_of(self.visitor, rec);
        let columns = ask::columns(self.visitor, &self.model, &Ask::default());
        let facts = columns.into_iter().filter(|f| f.name != self.model.title && f.name != "state");
        let facts: Vec<Shown<'_>> = facts
            .filter_map(|field| self.model.field_index(&field.name))
            .map(|at| Shown::of(self.visitor, rec, at, exponent))
            .filter(|shown| !shown.value.is_null())
            .collect();
        html! {
            li { a.document.panel href={ "/" (self.model.name) "/" (rec.id) "/scan" } {
                strong { (name_of(self.visitor, rec)) } (state_badge(self.visitor, rec))
                span.soft { @for shown in facts { span.fact { @match shown.title { Some(title) => { (title) }, None => { (value(shown)) } } } } }
            } }
        }
    }

    /// The field to scan into, what was heard, the lines, and the button at the end.
    fn desk(&self, rec: &Rec, offers: &Offers, pairs: &Pairs) -> Markup {
        let words = &self.visitor.words;
        let heard = pairs.filled("heard").filter(|_| self.visitor.around.said.is_some());
        let said = self.visitor.around.said.as_deref().filter(|_| heard.is_some());
        html! {
            @if offers.write {
                form.scanning.panel method="post" action={ "/do/scan/" (self.model.name) } {
                    input type="hidden" name="id" value=(rec.id);
                    label for="scan-code" { (words.say("scan-code")) }
                    input id="scan-code" name="code" autocomplete="off" autocapitalize="off" spellcheck="false" autofocus required;
                    label.few { span { (words.say("scan-times")) } input name="quantity" value="1" inputmode="decimal" autocomplete="off"; }
                    @if let Some(lot) = &self.lot {
                        label.few { span { (words.field(&self.line.name, lot)) } input name="lot" autocomplete="off" spellcheck="false"; }
                    }
                    button.primary { (words.say("scan-count")) }
                }
            } @else { p.note { (words.say("scan-closed")) } }
            p.heard role="status" aria-live="assertive" data-tone=[heard] { (said.unwrap_or_default()) }
            div.scroll.listing { (self.table(rec, pairs.get("at"))) }
            (self.end(rec, offers))
        }
    }

    fn table(&self, rec: &Rec, at: Option<&str>) -> Markup {
        let words = &self.visitor.words;
        let head = |field: &Field| words.field(&self.line.name, field).into_owned();
        html! {
            table.list.scanned {
                thead { tr {
                    th scope="col" { (head(&self.title)) }
                    th scope="col" { (words.say("scan-codes")) }
                    @if let Some(lot) = &self.lot { th scope="col" { (head(lot)) } }
                    th.n scope="col" { (head(&self.quantity)) }
                    th.n scope="col" { (words.say("scan-counted")) }
                } }
                tbody { @for line in rec.lines(&self.lines) { (self.row(line, at)) } }
            }
        }
    }

    fn row(&self, line: &Rec, at: Option<&str>) -> Markup {
        let words = &self.visitor.words;
        let wanted = line.decimal(&self.quantity.name).unwrap_or_default();
        let done = line.decimal(&self.done.name);
        let label = |field: &Field| words.field(&self.line.name, field).into_owned();
        let is_last = at.is_some_and(|id| id == line.id.to_string());
        html! {
            tr.last[is_last] data-line=(line.id) data-tone=(tone_of(wanted, done)) {
                td data-label=(label(&self.title)) { strong { (self.called(line)) } }
                td.mono data-label=(words.say("scan-codes")) { (self.codes_of(line).join(" · ")) }
                @if let Some(lot) = &self.lot { td.mono data-label=(label(lot)) { (line.text(&lot.name).unwrap_or_default()) } }
                td.n data-label=(label(&self.quantity)) { (words.locale.decimal(wanted, 0)) }
                td.n data-label=(words.say("scan-counted")) {
                    output { @match done { Some(done) => { (words.locale.decimal(done, 0)) }, None => { "–" } } }
                    span.away data-told { (self.told(wanted, done)) }
                }
            }
        }
    }

    /// What the colour of a line says.
    fn told(&self, wanted: Decimal, done: Option<Decimal>) -> String {
        let words = &self.visitor.words;
        match tone_of(wanted, done) {
            "over" => words.say("scan-over").into_owned(),
            "full" => words.say("scan-full").into_owned(),
            "part" => words.say("scan-part").into_owned(),
            _ => String::new(),
        }
    }

    fn called(&self, line: &Rec) -> String {
        match line.get(&self.title.name) {
            Value::Link(_) => line.title_of(&self.title.name).unwrap_or_default().to_owned(),
            _ => line.title(),
        }
    }

    fn codes_of(&self, line: &Rec) -> Vec<String> {
        count::codes_of(&self.codes, line)
    }

    /// What takes what was counted, with what it asks for.
    fn end(&self, rec: &Rec, offers: &Offers) -> Markup {
        let words = &self.visitor.words;
        let is_offered = |action: &&Action| {
            offers.actions.iter().any(|(name, why)| *name == action.name && why.is_none())
        };
        let Some(action) = self.finish.as_ref().filter(is_offered) else { return html! {} };
        let lines = rec.lines(&self.lines);
        let untouched = lines.iter().all(|line| line.decimal(&self.done.name).is_none());
        let key = if untouched { "scan-untouched" } else { "scan-counted-only" };
        let exponent = exponent_of(self.visitor, rec);
        html! {
            form.finishing.panel method="post" action={ "/" (self.model.name) "/" (rec.id) "/" (action.name) } {
                p.soft data-counted=(words.say("scan-counted-only")) { (words.say(key)) }
                @for arg in action.args.values().filter(|arg| !arg.kind.is_json()) {
                    (asked(Shown::blank(self.visitor, &self.model, arg, exponent), action, &format!("a-{}", arg.name)))
                }
                button.primary.big { (words.action(&self.model.name, action)) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_counted_so_far() {
        for (wanted, done, tone) in [
            (3, None, "none"),
            (3, Some(0), "none"),
            (3, Some(2), "part"),
            (3, Some(3), "full"),
            (3, Some(4), "over"),
            (0, Some(0), "full"),
        ] {
            assert_eq!(tone_of(Decimal::from(wanted), done.map(Decimal::from)), tone);
        }
    }
}
