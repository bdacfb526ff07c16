//! Search over all models at once: the page of it, and what the palette shows while one types.
//! One question a model that the reader may see and that has a list of its own.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use fondaco_kernel::Error;
use fondaco_kernel::record::Rec;
use fondaco_kernel::records::{self, Query, Select};
use fondaco_kernel::schema::Model;
use fondaco_kernel::texts::Arg;
use maud::{Markup, html};
use serde_json::{Value as Json_, json};

use super::good;
use super::menu::{self, is_open};
use super::shell::{self, Page};
use crate::App;
use crate::address::{Asked, Pairs, encoded};
use crate::visitor::Visitor;
use crate::widgets::name_of;

/// Records of each model that are shown.
const EACH: usize = 5;
/// Models that are asked: the reader's own lists come first.
const MODELS: usize = 40;

/// What was found of one model.
struct Found {
    model: Arc<Model>,
    rows: Vec<Rec>,
    more: bool,
}

pub(crate) async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Asked(asked): Asked,
) -> Response {
    let page = page(&app, &visitor, &asked).await;
    visitor.answer(page)
}

async fn page(app: &App, visitor: &Visitor, asked: &Pairs) -> Result<Response, Error> {
    let asked = asked.get("q").unwrap_or_default().trim().to_owned();
    let found = found(app, visitor, &asked).await?;
    let words = &visitor.words;
    let body = html! {
        h1 { (words.say("search")) }
        form.searching action="/search" role="search" {
            input type="search" name="q" value=(asked) aria-label=(words.say("search")) autofocus;
            button { (words.say("search")) }
        }
        (reports(visitor, &asked))
        @if found.is_empty() && !asked.is_empty() {
            p.soft { (words.say_of("find-nothing", &[("words", Arg::Text(&asked))])) }
        }
        @for found in &found {
            @let plural = words.plural(&found.model);
            section.panel.found {
                h2 { (plural) }
                ul { @for rec in &found.rows {
                    li { a href={ "/" (rec.model.name) "/" (rec.id) } { (name_of(visitor, rec)) } " " span.soft { (aside(visitor, rec)) } }
                } }
                @if found.more {
                    a.soft href={ "/" (found.model.name) "?q=" (encoded(&asked)) } {
                        (words.say_of("find-more", &[("model", Arg::Text(&plural))]))
                    }
                }
            }
        }
    };
    let page = Page { title: &words.say("search"), crumbs: Vec::new(), shows: None, body };
    Ok(good(shell::page(visitor, page)))
}

/// Reports that are called so.
fn reports(visitor: &Visitor, asked: &str) -> Markup {
    let asked = asked.to_lowercase();
    let sections = menu::reports(visitor);
    let places = sections.iter().flat_map(|section| &section.places);
    let is_called = |place: &&menu::Place| place.label.to_lowercase().contains(&asked);
    let found: Vec<&menu::Place> =
        places.filter(is_called).take(if asked.is_empty() { 0 } else { EACH }).collect();
    html! {
        @if !found.is_empty() {
            section.panel.found {
                h2 { (visitor.words.say("reports")) }
                ul { @for place in found { li { a href=(place.address) { (place.label) } } } }
            }
        }
    }
}

/// What tells a record from others of its name: what it links to first, and its state.
fn aside(visitor: &Visitor, rec: &Rec) -> String {
    let title = rec.titles.first().map(|(_, title)| title.clone());
    let state = rec.state().and_then(|state| {
        let field = rec.model.field("state")?;
        Some(crate::widgets::label(visitor, &rec.model.name, field, state))
    });
    title.into_iter().chain(state).collect::<Vec<_>>().join(" · ")
}

async fn found(app: &App, visitor: &Visitor, words: &str) -> Result<Vec<Found>, Error> {
    if words.is_empty() {
        return Ok(Vec::new());
    }
    let sections = menu::sections(visitor);
    let places = sections.iter().flat_map(|section| &section.places);
    let mut models: Vec<Arc<Model>> = Vec::new();
    for model in places.filter_map(|place| visitor.schema().model(place.model.as_ref()?)) {
        let searches = model.searchable().next().is_some() && is_open(visitor, model);
        if searches && models.iter().all(|known| known.name != model.name) {
            models.push(model.clone());
        }
    }
    models.truncate(MODELS);
    let words = words.to_owned();
    let work = app.kernel.read(&visitor.ctx, move |tx| {
        let (models, words) = (models.clone(), words.clone());
        Box::pin(async move {
            let mut all = Vec::new();
            for model in models {
                let query = Query {
                    search: Some(words.clone()),
                    limit: Some(EACH),
                    show: Select { fields: shown(&model), expand: Vec::new() },
                    ..Query::default()
                };
                let page = records::list(tx, &model.name, &query).await?;
                if !page.rows.is_empty() {
                    all.push(Found { model, rows: page.rows, more: page.next.is_some() });
                }
            }
            Ok(all)
        })
    });
    work.await
}

/// The name, the state, and the first link of a record.
fn shown(model: &Model) -> Vec<String> {
    let columns = model.views["list"]["columns"].as_array();
    let mut names = columns.into_iter().flatten().filter_map(|name| name.as_str());
    let is_link =
        |name: &&str| model.field(name).is_some_and(|field| field.kind.target().is_some());
    let link = names.find(|name| is_link(name) && *name != model.title);
    let state = model.states.as_ref().map(|_| "state");
    let class = |name: &&str| {
        model.field(name).is_some_and(|f| f.class == fondaco_kernel::schema::Class::Public)
    };
    let all = [Some(model.title.as_str()), link, state].into_iter().flatten();
    all.filter(class).map(str::to_owned).collect()
}

/// For the palette: where one can go, what one can make, and what was found.
pub(crate) async fn palette(
    State(app): State<App>,
    visitor: Visitor,
    Asked(pairs): Asked,
) -> Response {
    let asked = pairs.get("q").unwrap_or_default().trim().to_owned();
    let items = match found(&app, &visitor, &asked).await {
        Ok(found) => items(&visitor, found),
        Err(error) => return visitor.answer(Err(error)),
    };
    let places = if asked.is_empty() { places(&visitor) } else { Vec::new() };
    Json(json!({ "found": items, "places": places })).into_response()
}

fn items(visitor: &Visitor, found: Vec<Found>) -> Vec<Json_> {
    let rows = found.iter().flat_map(|found| found.rows.iter().map(move |rec| (found, rec)));
    let one = |(found, rec): (&Found, &Rec)| {
        json!({
            "title": name_of(visitor, rec), "aside": aside(visitor, rec),
            "kind": visitor.words.model(&found.model),
            "href": format!("/{}/{}", rec.model.name, rec.id),
        })
    };
    rows.map(one).collect()
}

fn places(visitor: &Visitor) -> Vec<Json_> {
    use fondaco_kernel::permissions::{self, Right};
    let sections = menu::sections(visitor);
    let mut all = Vec::new();
    for place in sections.iter().flat_map(|section| &section.places) {
        all.push(json!({ "title": place.label, "href": place.address }));
        let model = place.model.as_ref().and_then(|name| visitor.schema().model(name));
        let Some(model) = model else { continue };
        if permissions::may(&visitor.ctx, model, Right::Create) {
            let name = visitor.words.model(model);
            let title = visitor.words.say_of("palette-new", &[("model", Arg::Text(&name))]);
            all.push(
                json!({ "title": title, "href": format!("/{}/new", model.name), "new": true }),
            );
        }
    }
    all
}
