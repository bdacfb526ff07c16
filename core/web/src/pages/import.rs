//! A file becomes records: it is sent, its columns are matched with fields, everything that is wrong with its
//! lines is told before anything is written, then it is imported by jobs while the page says how far it is.
//! Not here: how rows become records (`kernel::import`).

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use fondaco_kernel::Error;
use fondaco_kernel::import::held::{self, Choice, Progress, Sheet, TRIED_MAX};
use fondaco_kernel::import::{Report, RowProblem};
use fondaco_kernel::permissions::{self, Right};
use fondaco_kernel::schema::{Field, Model};
use fondaco_kernel::texts::Arg;
use fondaco_kernel::timeline::{self, Upload};
use fondaco_kernel::values::AnyId;
use maud::{Markup, html};

use super::go_to;
use super::menu::HANGING;
use super::office::{choose, labelled, models, wrong};
use super::shell::{self, Page};
use crate::App;
use crate::address::{Asked, Pairs, Sent, query};
use crate::api::id_of;
use crate::imports;
use crate::multipart;
use crate::visitor::Visitor;

/// Problems that one page names.
const NAMED: usize = 200;

/// `/import?model=party`
pub(crate) async fn show(State(_): State<App>, visitor: Visitor, Asked(asked): Asked) -> Response {
    let model = asked.get("model").unwrap_or_default();
    let page = may(&visitor).map(|()| whole(&visitor, (model, None), upload(&visitor, model)));
    visitor.answer(page)
}

fn creates(visitor: &Visitor, model: &Model) -> bool {
    let hangs = HANGING.contains(&model.name.as_str());
    !hangs && permissions::may(&visitor.ctx, model, Right::Create)
}

/// Only those who may create something have anything to import.
fn may(visitor: &Visitor) -> Result<(), Error> {
    let any = visitor.schema().models.values().any(|m| !m.is_line() && creates(visitor, m));
    match any {
        true => Ok(()),
        false => Err(Error::not_found("page", "/import")),
    }
}

fn whole(visitor: &Visitor, (model, error): (&str, Option<&Error>), body: Markup) -> Response {
    let words = &visitor.words;
    let title = words.say("import");
    let known = visitor.schema().model(model);
    let crumbs = known.map(|known| (format!("/{model}"), words.plural(known).into_owned()));
    let body = html! {
        h1 { (title) }
        @if let Some(error) = error { (wrong(visitor, error)) }
        div.importing { (body) }
    };
    let status = error.map_or(StatusCode::OK, |error| crate::problem::status(error).0);
    let crumbs = crumbs.into_iter().collect();
    let page = shell::page(visitor, Page { title: &title, crumbs, shows: None, body });
    super::html(status, page)
}

fn upload(visitor: &Visitor, model: &str) -> Markup {
    let say = |key: &str| visitor.words.say(key).into_owned();
    let all = models(visitor, |model| creates(visitor, model));
    html! {
        (steps(visitor, 0))
        section.panel {
            p.soft { (say("import-lead")) }
            form.asking method="post" action="/import" enctype="multipart/form-data" {
                (labelled(&say("import-what"), "i-model", choose("model", "i-model", &all, model, None)))
                (labelled(&say("import-file"), "i-file", html! { input type="file" id="i-file" name="file" accept=".csv,text/csv,text/plain" required; }))
                p.deeds { button.primary { (say("import-next")) } }
            }
        }
    }
}

/// Where one is of the four steps.
fn steps(visitor: &Visitor, here: usize) -> Markup {
    let all = ["import-step-file", "import-step-columns", "import-step-check", "import-step-run"];
    html! {
        ol.states.steps {
            @for (at, key) in all.iter().enumerate() {
                li aria-current=[(at == here).then_some("step")] { (visitor.words.say(key)) }
            }
        }
    }
}

pub(crate) async fn send(
    State(app): State<App>,
    visitor: Visitor,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let sent = sent(&app, &visitor, kind.unwrap_or_default(), &body).await;
    visitor.answer(match sent {
        Ok(place) => Ok(go_to(&place)),
        Err(error @ Error::Invalid(_)) => {
            Ok(whole(&visitor, ("", Some(&error)), upload(&visitor, "")))
        }
        Err(error) => Err(error),
    })
}

/// Keeps the file; answers where to go on.
async fn sent(app: &App, visitor: &Visitor, kind: &str, body: &[u8]) -> Result<String, Error> {
    may(visitor)?;
    let parts = multipart::parts(kind, body)?;
    let of = |name: &str| parts.iter().find(|part| part.name == name);
    let model = of("model").map(|part| String::from_utf8_lossy(part.content).into_owned());
    let file = of("file").filter(|part| !part.content.is_empty());
    let file = file.ok_or_else(|| Error::problem("file", "required", "Choose a file."))?;
    let name = file.file.clone().filter(|name| !name.is_empty());
    let upload = Upload {
        name: name.unwrap_or_else(|| "import.csv".to_owned()),
        media_type: "text/csv".to_owned(),
        on: None,
        content: file.content.to_vec(),
    };
    let work = app.kernel.run(&visitor.ctx, move |tx| {
        let upload = upload.clone();
        Box::pin(async move {
            let kept = timeline::attach(tx, upload).await?;
            // What is no table is not kept.
            held::sheet(tx, kept.id.any()).await?;
            Ok(kept.id)
        })
    });
    let id = work.await?;
    let model = model.unwrap_or_default();
    Ok(format!("/import/{id}?{}", query([("model", model.as_str())])))
}

/// `/import/{id}`: the columns of a file, or how far its import has come.
pub(crate) async fn one(
    State(app): State<App>,
    visitor: Visitor,
    Path(file): Path<String>,
    Asked(asked): Asked,
) -> Response {
    let page = match id_of("attachment", &file) {
        Ok(file) => of_file(&app, &visitor, file, &asked).await,
        Err(refusal) => Err(refusal.0),
    };
    visitor.answer(page)
}

async fn of_file(
    app: &App,
    visitor: &Visitor,
    file: AnyId,
    asked: &Pairs,
) -> Result<Response, Error> {
    let (sheet, progress) = imports::look(app, &visitor.ctx, file).await?;
    let anew = asked.get("anew").is_some();
    if let Some(progress) = progress.filter(|progress| !anew || !progress.is_done()) {
        return Ok(running(visitor, file, &progress));
    }
    let model = asked.filled("model").unwrap_or_default();
    let schema = visitor.schema();
    let label = |field: &Field| {
        let own = schema.model(model);
        own.map_or_else(String::new, |own| visitor.words.field(&own.name, field).into_owned())
    };
    let choice = imports::proposed(app, &visitor.ctx, (model, &sheet), label)?;
    let body = html! { (steps(visitor, 1)) (columns(visitor, file, (&sheet, &choice))) };
    Ok(whole(visitor, (model, None), body))
}

/// The form that matches columns with fields.
fn columns(visitor: &Visitor, file: AnyId, (sheet, choice): (&Sheet, &Choice)) -> Markup {
    let words = &visitor.words;
    let say = |key: &str| words.say(key).into_owned();
    let Some(model) = visitor.schema().model(&choice.model) else { return html! {} };
    let headings: Vec<(String, String)> =
        sheet.headings.iter().map(|name| (name.clone(), name.clone())).collect();
    let rows = words.locale.int(i64::try_from(sheet.rows).unwrap_or(i64::MAX));
    let args = [("name", Arg::Text(&sheet.name)), ("rows", Arg::Text(&rows))];
    let decimal = choice.decimal.unwrap_or('.').to_string();
    let separator = sheet.separator.to_string();
    let points = [(".".to_owned(), "1,234.5".to_owned()), (",".to_owned(), "1.234,5".to_owned())];
    html! {
        p { (words.say_of("import-of", &args)) }
        (first_rows(visitor, sheet))
        form.asking method="post" action={ "/import/" (file) "/preview" } {
            input type="hidden" name="model" value=(choice.model);
            input type="hidden" name="separator" value=(separator);
            section.panel {
                h2 { (say("import-key")) }
                p.soft { (say("import-key-lead")) }
                (labelled(&say("import-key"), "i-key", choose("key", "i-key", &headings, choice.key.as_deref().unwrap_or_default(), Some(&say("import-key-none")))))
            }
            section.panel {
                h2 { (say("import-fields")) }
                div.matching {
                    @for (at, field) in held::fields(&visitor.ctx, visitor.schema(), model).enumerate() {
                        @let id = format!("i-{at}");
                        @let label = words.field(&model.name, field);
                        @let column = choice.columns.get(&field.name).map_or("", String::as_str);
                        div.asked {
                            label for=(id) { (label) @if field.required && field.default.is_none() { " *" } }
                            (choose(&format!("c.{}", field.name), &id, &headings, column, Some("–")))
                        }
                    }
                }
            }
            section.panel {
                h2 { (say("import-format")) }
                (labelled(&say("import-decimal"), "i-decimal", choose("decimal", "i-decimal", &points, &decimal, None)))
                (labelled(&say("import-date"), "i-date", html! {
                    input type="text" id="i-date" name="date" value=(choice.date.as_deref().unwrap_or_default()) placeholder="%Y-%m-%d" autocomplete="off";
                    p.soft { (say("import-date-help")) }
                }))
            }
            p.deeds {
                button.primary { (say("import-try")) }
                a.button href={ "/import?" (query([("model", choice.model.as_str())])) } { (say("back")) }
            }
        }
    }
}

fn first_rows(visitor: &Visitor, sheet: &Sheet) -> Markup {
    html! {
        div.scroll.listing { table.list aria-label=(visitor.words.say("import-first")) {
            thead { tr { @for heading in &sheet.headings { th scope="col" { (heading) } } } }
            tbody { @for row in &sheet.first { tr {
                @for (cell, heading) in row.iter().zip(&sheet.headings) { td data-label=(heading) { (cell) } }
            } } }
        } }
    }
}

/// What somebody has chosen in the form.
fn chosen(form: &Pairs) -> Choice {
    let sign = |name: &str| form.get(name).and_then(|text| text.chars().next());
    let columns: BTreeMap<String, String> = form
        .0
        .iter()
        .filter(|(_, column)| !column.is_empty())
        .filter_map(|(name, column)| Some((name.strip_prefix("c.")?.to_owned(), column.clone())))
        .collect();
    Choice {
        model: form.get("model").unwrap_or_default().to_owned(),
        key: form.filled("key").map(str::to_owned),
        columns,
        separator: sign("separator"),
        decimal: sign("decimal"),
        date: form.filled("date").map(str::to_owned),
    }
}

/// `/import/{id}/preview`: what it would come to, with everything that is wrong, line by line.
pub(crate) async fn preview(
    State(app): State<App>,
    visitor: Visitor,
    Path(file): Path<String>,
    Sent(form): Sent,
) -> Response {
    let page = match id_of("attachment", &file) {
        Ok(file) => tried(&app, &visitor, file, chosen(&form)).await,
        Err(refusal) => Err(refusal.0),
    };
    visitor.answer(page)
}

async fn tried(
    app: &App,
    visitor: &Visitor,
    file: AnyId,
    choice: Choice,
) -> Result<Response, Error> {
    let (sheet, _) = imports::look(app, &visitor.ctx, file).await?;
    match held::tried(&app.kernel, &visitor.ctx, (file, choice.clone())).await {
        Ok(report) => {
            let body = html! {
                (steps(visitor, 2))
                (would(visitor, file, (&sheet, &choice), &report))
                details.panel { summary { (visitor.words.say("import-mend")) } (columns(visitor, file, (&sheet, &choice))) }
            };
            Ok(whole(visitor, (&choice.model, None), body))
        }
        Err(error @ Error::Invalid(_)) => {
            let body = html! { (steps(visitor, 1)) (columns(visitor, file, (&sheet, &choice))) };
            Ok(whole(visitor, (&choice.model, Some(&error)), body))
        }
        Err(error) => Err(error),
    }
}

fn would(
    visitor: &Visitor,
    file: AnyId,
    (sheet, choice): (&Sheet, &Choice),
    report: &Report,
) -> Markup {
    let words = &visitor.words;
    let say = |key: &str| words.say(key).into_owned();
    let done = report.files.first().map(|file| &file.done);
    let count = |many: usize| words.locale.int(i64::try_from(many).unwrap_or(i64::MAX));
    let lines = lines_of(&report.problems);
    html! {
        section.panel {
            @if let Some(done) = done {
                dl.figures {
                    div { dt { (say("import-would-create")) } dd { (count(done.created)) } }
                    div { dt { (say("import-would-update")) } dd { (count(done.updated)) } }
                    div { dt { (say("import-unchanged")) } dd { (count(done.unchanged)) } }
                    div { dt { (say("import-refused")) } dd { (count(lines)) } }
                }
            }
            @if sheet.rows > TRIED_MAX {
                p.soft { (words.say_of("import-tried", &[("rows", Arg::Text(&count(TRIED_MAX)))])) }
            }
            @if report.problems.is_empty() { p.note { (say("import-good")) } }
            @else { p { (say("import-bad")) } (problems(visitor, &report.problems, choice)) }
            @if done.is_some() {
                form method="post" action={ "/import/" (file) "/run" } {
                    @for (name, value) in pairs(choice) { input type="hidden" name=(name) value=(value); }
                    p.deeds { button.primary { (say("import-run")) } }
                }
            }
        }
    }
}

/// The pairs of a form that says the same.
fn pairs(choice: &Choice) -> Vec<(String, String)> {
    let sign = |sign: Option<char>| sign.map(String::from).unwrap_or_default();
    let own = [
        ("model".to_owned(), choice.model.clone()),
        ("key".to_owned(), choice.key.clone().unwrap_or_default()),
        ("separator".to_owned(), sign(choice.separator)),
        ("decimal".to_owned(), sign(choice.decimal)),
        ("date".to_owned(), choice.date.clone().unwrap_or_default()),
    ];
    let columns = choice.columns.iter().map(|(field, name)| (format!("c.{field}"), name.clone()));
    own.into_iter().chain(columns).collect()
}

fn lines_of(problems: &[RowProblem]) -> usize {
    let mut lines: Vec<u64> = problems.iter().map(|problem| problem.line).collect();
    lines.sort_unstable();
    lines.dedup();
    lines.len()
}

fn problems(visitor: &Visitor, problems: &[RowProblem], choice: &Choice) -> Markup {
    let words = &visitor.words;
    let say = |key: &str| words.say(key).into_owned();
    let label = |name: &str| {
        let model = visitor.schema().model(&choice.model);
        let field = model.and_then(|model| Some((model, model.field(name)?)));
        field.map_or_else(
            || name.to_owned(),
            |(model, field)| words.field(&model.name, field).into_owned(),
        )
    };
    html! {
        div.scroll.listing { table.list {
            thead { tr { th.n scope="col" { (say("import-line")) } th scope="col" { (say("conflict-field")) } th scope="col" { (say("office-reason")) } } }
            tbody { @for problem in problems.iter().take(NAMED) {
                tr {
                    td.n data-label=(say("import-line")) { (problem.line) }
                    td data-label=(say("conflict-field")) { (label(&problem.field)) }
                    td.many data-label=(say("office-reason")) { (problem.message) }
                }
            } }
        } }
        @if problems.len() > NAMED { p.soft { "+ " (problems.len() - NAMED) } }
    }
}

pub(crate) async fn run(
    State(app): State<App>,
    visitor: Visitor,
    Path(file): Path<String>,
    Sent(form): Sent,
) -> Response {
    let begun = match id_of("attachment", &file) {
        Ok(id) => {
            let choice = chosen(&form);
            imports::begin(&app, &visitor.ctx, (id, choice)).await
        }
        Err(refusal) => Err(refusal.0),
    };
    visitor.answer(begun.map(|()| go_to(&format!("/import/{file}"))))
}

/// How far it is; the page comes again by itself until it is done.
fn running(visitor: &Visitor, file: AnyId, progress: &Progress) -> Response {
    let words = &visitor.words;
    let say = |key: &str| words.say(key).into_owned();
    let count = |many: usize| words.locale.int(i64::try_from(many).unwrap_or(i64::MAX));
    let choice = Choice { model: progress.model.clone(), ..Choice::default() };
    let done = progress.is_done();
    let anew = query([("model", progress.model.as_str()), ("anew", "1")]);
    let body = html! {
        (steps(visitor, 3))
        section.panel {
            @if !done {
                progress max=(progress.total.max(1)) value=(progress.steps) aria-label=(say("import")) {}
                p role="status" { (say("office-working")) }
            }
            @if let Some(why) = &progress.stopped { div.alert role="alert" { p { (say("import-stopped")) " " (why) } } }
            dl.figures {
                div { dt { (say("import-created")) } dd { (count(progress.created)) } }
                div { dt { (say("import-updated")) } dd { (count(progress.updated)) } }
                div { dt { (say("import-unchanged")) } dd { (count(progress.unchanged)) } }
                div { dt { (say("import-refused")) } dd { (count(progress.refused.len())) } }
            }
            @if done && !progress.refused.is_empty() {
                p { (say("import-refused-lead")) }
                (problems(visitor, &progress.problems, &choice))
            }
            @if done {
                p.deeds {
                    a.button.primary href={ "/" (progress.model) } { (say("import-open")) }
                    @if !progress.refused.is_empty() {
                        a.button href={ "/api/imports/" (file) "/refused" } download { (say("import-refused-file")) }
                    }
                    a.button href={ "/import/" (file) "?" (anew) } { (say("import-anew")) }
                    a.button href={ "/import?" (query([("model", progress.model.as_str())])) } { (say("import-another")) }
                }
            }
        }
    };
    let mut response = whole(visitor, (&progress.model, None), body);
    if !done {
        response.headers_mut().insert("refresh", HeaderValue::from_static("1"));
    }
    response
}
