//! An entry of the ledger as a page: when, who, which document, and its lines. Who may read journals
//! may read what stands in them.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::{Path, State};
use axum::response::Response;
use fondaco_kernel::ledger::{self, Entry, Line};
use fondaco_kernel::reports::{self, Names};
use fondaco_kernel::schema::Kind;
use fondaco_kernel::texts::Arg;
use fondaco_kernel::values::{AnyId, Money, Quantity, Value, currency_exponent};
use fondaco_kernel::{Error, Tx};
use maud::{Markup, html};

use super::good;
use super::menu::is_open;
use super::shell::{self, Page};
use crate::App;
use crate::api::id_of;
use crate::ledger::may_read;
use crate::sheet::figure;
use crate::visitor::Visitor;
use crate::widgets::moment;

pub(crate) async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Response {
    let page = page(&app, &visitor, &id).await;
    visitor.answer(page)
}

async fn page(app: &App, visitor: &Visitor, id: &str) -> Result<Response, Error> {
    let id = id_of("entry", id).map_err(|refusal| refusal.0)?;
    let work = app.kernel.read(&visitor.ctx, move |tx| {
        Box::pin(async move {
            may_read(tx)?;
            let entry = ledger::entry(tx, id.cast()).await?;
            let names = names(tx, &entry).await?;
            Ok((entry, names))
        })
    });
    let (entry, names) = work.await?;
    let words = &visitor.words;
    let number = entry.number.clone().unwrap_or_else(|| entry.id.to_string());
    let title = words.say_of("entry-title", &[("number", Arg::Text(&number))]).into_owned();
    let shown = Shown { visitor, entry: &entry, names: &names };
    let body = html! {
        div.head { h1 { (title) } span.count { (words.locale.date(entry.date)) } }
        (shown.facts())
        (shown.lines())
    };
    let crumbs = vec![("/reports".to_owned(), words.say("reports").into_owned())];
    Ok(good(shell::page(visitor, Page { title: &title, crumbs, shows: None, body })))
}

/// What accounts, units and whoever lines are for are called; what is of none of these models has
/// no name here.
async fn names(tx: &mut Tx, entry: &Entry) -> Result<Names, Error> {
    let mut wanted: BTreeMap<String, BTreeSet<AnyId>> = BTreeMap::new();
    let mut add = |model: &str, id: AnyId| {
        wanted.entry(model.to_owned()).or_default().insert(id);
    };
    add("journal", entry.journal);
    if let Some(source) = &entry.source {
        add(&source.model, source.id);
    }
    for line in &entry.lines {
        add("account", line.account.any());
        for model in UNITS {
            add(model, line.unit);
        }
        for (model, id) in SUBSIDIARIES.iter().zip(std::iter::repeat(line.subsidiary)) {
            if let Some(id) = id {
                add(model, id);
            }
        }
    }
    reports::named(tx, wanted).await
}

/// What is counted is one of these; ids are of one kind over all models.
const UNITS: [&str; 3] = ["currency", "product", "unit"];
/// For whom or what a line may be.
const SUBSIDIARIES: [&str; 2] = ["party", "product"];

struct Shown<'a> {
    visitor: &'a Visitor,
    entry: &'a Entry,
    names: &'a Names,
}

impl Shown<'_> {
    fn name(&self, model: &str, id: AnyId) -> Option<&str> {
        self.names.get(&(model.to_owned(), id)).map(String::as_str)
    }

    /// The name, as a way to the record where the reader may open it.
    fn link(&self, model: &str, id: AnyId) -> Markup {
        let found = self.visitor.schema().model(model).filter(|model| is_open(self.visitor, model));
        let name = self.name(model, id).map_or_else(|| format!("#{id}"), str::to_owned);
        html! {
            @if found.is_some() && self.name(model, id).is_some() { a href={ "/" (model) "/" (id) } { (name) } }
            @else { (name) }
        }
    }

    fn facts(&self) -> Markup {
        let (words, entry) = (&self.visitor.words, self.entry);
        html! {
            dl.facts.panel {
                div { dt { (words.say("entry-text")) } dd { (entry.text) } }
                @if let Some(source) = &entry.source {
                    @let model = self.visitor.schema().model(&source.model);
                    div { dt { (words.say("entry-document")) } dd {
                        @if let Some(model) = model { (words.model(model)) " " }
                        (self.link(&source.model, source.id))
                    } }
                }
                div { dt { (words.say("entry-journal")) } dd { (self.link("journal", entry.journal)) } }
                div { dt { (words.say("entry-by")) } dd { (entry.actor) } }
                div { dt { (words.say("entry-posted")) } dd { (moment(words.locale.time(entry.posted_at), entry.posted_at)) } }
                @if let Some(wanted) = entry.wanted {
                    div { dt { (words.say("entry-wanted")) } dd { (words.locale.date(wanted)) } }
                }
                @if let Some(other) = entry.reverses {
                    div { dt { (words.say("entry-reverses")) } dd { a href={ "/entry/" (other) } { "#" (other) } } }
                }
                div { dt { (words.say("entry-sequence")) } dd { (entry.id) } }
            }
        }
    }

    fn lines(&self) -> Markup {
        let words = &self.visitor.words;
        let foreign = self.entry.lines.iter().any(|line| self.amount(line).is_some());
        let sums: [Money; 2] = [1, -1]
            .map(|side| self.entry.lines.iter().filter_map(|line| self.own(line, side)).sum());
        html! {
            div.scroll.listing.report tabindex="0" { table.list.figures {
                thead { tr {
                    th scope="col" { (words.say("entry-account")) }
                    th scope="col" { (words.say("entry-of")) }
                    @if foreign { th.n scope="col" { (words.say("entry-amount")) } }
                    th.n scope="col" { (words.say("entry-debit")) }
                    th.n scope="col" { (words.say("entry-credit")) }
                } }
                tbody { @for line in &self.entry.lines { (self.line(line, foreign)) } }
                tfoot { tr {
                    td { (words.say("list-total")) } td {}
                    @if foreign { td {} }
                    @for sum in sums { td.n { (self.money(sum)) } }
                } }
            } }
        }
    }

    fn line(&self, line: &Line, foreign: bool) -> Markup {
        let of = line.subsidiary.and_then(|id| {
            SUBSIDIARIES
                .iter()
                .find(|model| self.name(model, id).is_some())
                .map(|model| (*model, id))
        });
        html! {
            tr {
                td { (self.link("account", line.account.any())) }
                td { @match (of, line.subsidiary) {
                    (Some((model, id)), _) => (self.link(model, id)),
                    (None, Some(id)) => span.soft { "#" (id) },
                    (None, None) => {},
                } }
                @if foreign { td.n { (self.amount(line).unwrap_or_default()) } }
                @for side in [1, -1] {
                    td.n { @if let Some(own) = self.own(line, side) { (self.money(own)) } }
                }
            }
        }
    }

    /// Amount and unit, where that is not the company's money.
    fn amount(&self, line: &Line) -> Option<String> {
        let words = &self.visitor.words;
        if let Some(code) = self.name("currency", line.unit) {
            let exponent = currency_exponent(code).unwrap_or(2);
            let amount = Money::from_minor(line.amount, exponent).decimal();
            let is_foreign = code != self.visitor.currency();
            return is_foreign.then(|| format!("{} {code}", words.locale.money(amount, exponent)));
        }
        let unit = UNITS.iter().find_map(|model| self.name(model, line.unit)).unwrap_or_default();
        let amount = Quantity::from_scaled(line.amount).decimal();
        Some(format!("{} {unit}", words.locale.decimal(amount, 0)))
    }

    /// What it comes to in the company's money, on its side.
    fn own(&self, line: &Line, side: i64) -> Option<Money> {
        self.name("currency", line.unit)?;
        let minor = line.functional.unwrap_or(line.amount);
        // A storno stands below zero on the side that it takes back.
        let own_side = if line.storno { -minor.signum() } else { minor.signum() };
        let shown = own_side == side || (minor == 0 && side == 1);
        shown.then(|| Money::from_minor(minor * side, self.visitor.exponent()))
    }

    fn money(&self, amount: Money) -> String {
        figure(self.visitor, &Kind::Money, &Value::from(amount))
    }
}
