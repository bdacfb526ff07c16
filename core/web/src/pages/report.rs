//! A report as a page: what it asks for as a form, its chart, its rows, each figure a way to what it
//! is made of; and the page of all reports.
//! Not here: the cells (`sheet`), the table (`report/table`), the form (`report/form`), files
//! (`files`).

mod form;
mod table;

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use fondaco_kernel::permissions;
use fondaco_kernel::reports::{self, Against, Answer, Names, Question};
use fondaco_kernel::schema::{Model, Report};
use fondaco_kernel::values::{AnyId, Problem};
use fondaco_kernel::{Error, Tx};
use maud::{Markup, html};

use super::save::looked_up;
use super::shell::{self, Page};
use super::{good, menu};
use crate::App;
use crate::address::{Asked, Pairs, query};
use crate::charts;
use crate::entered::Typed;
use crate::sheet::Sheet;
use crate::visitor::Visitor;

pub(crate) use table::table;

/// What somebody asks of a report, as it stands in the address.
#[derive(Clone, Debug, Default)]
pub(crate) struct Terms {
    /// Parameters that are filled.
    pub(crate) given: Vec<(String, String)>,
    /// Names in boxes of links that no id stands beside.
    typed: Typed,
    /// The period that it is held against, as it is written.
    pub(crate) against: String,
}

/// The report, or what is wrong with what was asked.
pub(crate) struct Read {
    pub(crate) asked: Terms,
    pub(crate) names: Names,
    pub(crate) answer: Result<Answer, Vec<Problem>>,
}

impl Terms {
    pub(crate) fn read(report: &Report, pairs: &Pairs) -> Terms {
        let mut asked = Terms::default();
        for (name, value) in &pairs.0 {
            let value = value.trim();
            if let Some(own) = name.strip_suffix('~') {
                let target = report.params.get(own).and_then(|field| field.kind.target());
                let alone = pairs.filled(own).is_none() && !value.is_empty();
                if let Some(target) = target.filter(|_| alone) {
                    asked.typed.push((own.to_owned(), target.to_owned(), value.to_owned()));
                }
            } else if name == "against" {
                value.clone_into(&mut asked.against);
            } else if !value.is_empty() {
                asked.given.push((name.clone(), value.to_owned()));
            }
        }
        asked
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.given.iter().rev().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// The address of the same as a page or, with an ending, as a file.
    pub(crate) fn address(&self, report: &str, ending: &str) -> String {
        let own = self.given.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let against = (!self.against.is_empty()).then_some(("against", self.against.as_str()));
        format!("/report/{report}{ending}?{}", query(own.chain(against)))
    }
}

/// A report that the reader may run.
pub(crate) fn declared<'v>(visitor: &'v Visitor, name: &str) -> Result<&'v Report, Error> {
    let found = visitor.schema().reports.get(name);
    let found = found.filter(|report| permissions::may_run_report(&visitor.ctx, report));
    found.ok_or_else(|| Error::not_found("report", name))
}

/// Runs it. What can be mended by whoever asks is part of the answer.
pub(crate) async fn read(
    app: &App,
    visitor: &Visitor,
    report: &Report,
    asked: Terms,
) -> Result<Read, Error> {
    let report = report.clone();
    let work = app.kernel.read(&visitor.ctx, move |tx| {
        let (report, asked) = (report.clone(), asked.clone());
        Box::pin(async move { in_one_read(tx, &report, asked).await })
    });
    work.await
}

async fn in_one_read(tx: &mut Tx, report: &Report, mut asked: Terms) -> Result<Read, Error> {
    let filled = fill(tx, report, &mut asked).await;
    let names = reports::named(tx, linked(report, &asked)).await?;
    let answer = match filled {
        Ok(against) => {
            let (report, given) = (report.name.clone(), asked.given.clone());
            reports::answer(tx, &Question { report, given, against }).await
        }
        Err(error) => Err(error),
    };
    let answer = match answer {
        Ok(answer) => Ok(answer),
        Err(Error::Invalid(problems)) => Err(problems),
        Err(error) => return Err(error),
    };
    Ok(Read { asked, names, answer })
}

/// Looks up names that were typed, and puts in the days that a comparison begins with, so that the
/// page says which they are.
async fn fill(tx: &mut Tx, report: &Report, asked: &mut Terms) -> Result<Option<Against>, Error> {
    if let Some(comparison) = &report.compare {
        for (name, day) in reports::usual_days(tx, comparison).await? {
            if asked.get(&name).is_none() {
                asked.given.push((name, day.to_string()));
            }
        }
    }
    let typed = std::mem::take(&mut asked.typed);
    asked.given.extend(looked_up(tx, typed).await?);
    let missing = report.params.values().filter(|field| field.required && field.default.is_none());
    let missing: Vec<Problem> = missing
        .filter(|field| asked.get(&field.name).is_none())
        .map(|field| Problem::new(&field.name, "required", format!("{} is missing.", field.label)))
        .collect();
    if missing.is_empty() { Against::read(&asked.against) } else { Err(Error::Invalid(missing)) }
}

/// The records that the parameters name.
fn linked(report: &Report, asked: &Terms) -> BTreeMap<String, BTreeSet<AnyId>> {
    let mut wanted: BTreeMap<String, BTreeSet<AnyId>> = BTreeMap::new();
    for (name, value) in &asked.given {
        let target = report.params.get(name).and_then(|field| field.kind.target());
        if let (Some(target), Ok(id)) = (target, value.parse()) {
            wanted.entry(target.to_owned()).or_default().insert(id);
        }
    }
    wanted
}

/// The parameters of a report as the fields of a model: its texts hang on this name.
pub(crate) fn as_model(report: &Report) -> Model {
    Model {
        name: format!("report.{}", report.name),
        label: report.label.clone(),
        plural: report.label.clone(),
        module: report.module.clone(),
        title: String::new(),
        number: None,
        shared: true,
        fields: report.params.clone(),
        states: None,
        actions: Default::default(),
        access: Default::default(),
        views: serde_json::Value::Null,
        indexes: Vec::new(),
        owner: None,
        computed: Vec::new(),
        help: String::new(),
    }
}

pub(crate) async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Path(name): Path<String>,
    Asked(asked): Asked,
) -> Response {
    let page = page(&app, &visitor, &name, &asked).await;
    visitor.answer(page)
}

async fn page(app: &App, visitor: &Visitor, name: &str, asked: &Pairs) -> Result<Response, Error> {
    let report = declared(visitor, name)?;
    let read = read(app, visitor, report, Terms::read(report, asked)).await?;
    let words = &visitor.words;
    let title = words.report(report);
    // Nothing was asked yet: that something is missing is no fault.
    let fresh = asked.0.is_empty();
    let status = match &read.answer {
        Err(_) if !fresh => StatusCode::UNPROCESSABLE_ENTITY,
        _ => StatusCode::OK,
    };
    let body = html! {
        (head(visitor, report, &read))
        (form::form(visitor, report, &read, fresh))
        @match &read.answer {
            Ok(answer) => (shown(visitor, answer)),
            Err(_) => section.empty { h2 { (words.say("report-ask")) } p.soft { (words.help_of_report(report)) } },
        }
    };
    let crumbs = vec![("/reports".to_owned(), words.say("reports").into_owned())];
    let page = Page { title: &title, crumbs, shows: None, body };
    Ok(super::html(status, shell::page(visitor, page)))
}

fn head(visitor: &Visitor, report: &Report, read: &Read) -> Markup {
    let words = &visitor.words;
    html! {
        div.head {
            h1 { (words.report(report)) }
            @if read.answer.is_ok() {
                div.ways {
                    a.button href=(read.asked.address(&report.name, "/pdf")) target="_blank" { (words.say("form-print")) }
                    a.button href=(read.asked.address(&report.name, "/xlsx")) download { "XLSX" }
                    a.button href=(read.asked.address(&report.name, "/csv")) download { "CSV" }
                }
            }
        }
        p.soft.lead { (words.help_of_report(report)) }
    }
}

fn shown(visitor: &Visitor, answer: &Answer) -> Markup {
    let sheet = Sheet::of(visitor, answer);
    if sheet.is_empty() {
        let words = &visitor.words;
        return html! {
            section.empty { h2 { (words.say("report-empty")) } p.soft { (words.say("report-empty-lead")) } }
        };
    }
    html! {
        (beside(visitor, answer))
        @if let Some(chart) = charts::of_report(visitor, answer, &sheet).and_then(|chart| chart.draw(visitor)) { (chart) }
        (table(visitor, &sheet))
    }
}

/// Which days the other period has.
fn beside(visitor: &Visitor, answer: &Answer) -> Markup {
    let (Some(before), Some(comparison)) = (&answer.before, &answer.report.compare) else {
        return html! {};
    };
    let words = &visitor.words;
    let days = comparison.dates.iter().filter_map(|name| before.date(name));
    let days: Vec<String> = days.map(|day| words.locale.date(day)).collect();
    html! { p.soft { (words.say("report-before")) ": " (days.join(" – ")) } }
}

/// All reports, by module.
pub(crate) async fn index(visitor: Visitor) -> Response {
    let words = &visitor.words;
    let sections = menu::reports(&visitor);
    let body = html! {
        div.head { h1 { (words.say("reports")) } }
        @if sections.is_empty() { p.soft { (words.say("reports-none")) } }
        div.reports {
            @for section in &sections {
                section.panel {
                    h2 { (section.name) }
                    ul { @for place in &section.places {
                        li { a href=(place.address) { (place.label) } p.soft { (place.help) } }
                    } }
                }
            }
        }
    };
    let title = words.say("reports");
    let page = Page { title: &title, crumbs: Vec::new(), shows: None, body };
    visitor.answer(Ok(good(shell::page(&visitor, page))))
}
