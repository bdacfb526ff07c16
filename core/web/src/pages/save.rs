//! What becomes of a form that is sent: a new record, a changed one, one row more or less; and what
//! it would be, while somebody is still at it.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use fondaco_kernel::record::Rec;
use fondaco_kernel::records::{self, Change, Query, Select};
use fondaco_kernel::schema::Kind;
use fondaco_kernel::values::{AnyId, Problem};
use fondaco_kernel::{Error, Tx};
use serde_json::{Map, Value, json};

use super::{conflict, form, go_saying};
use crate::App;
use crate::address::{Pairs, Sent};
use crate::api::id_of;
use crate::entered::{Form, Typed};
use crate::visitor::Visitor;
use crate::widgets::{Shown, exponent_of, show};

pub(crate) async fn create(
    State(app): State<App>,
    visitor: Visitor,
    Path(model): Path<String>,
    Sent(pairs): Sent,
) -> Response {
    let page = created(&app, &visitor, &model, pairs).await;
    visitor.answer(page)
}

async fn created(
    app: &App,
    visitor: &Visitor,
    model: &str,
    mut pairs: Pairs,
) -> Result<Response, Error> {
    let meta = visitor.model(model)?;
    if turned(&mut pairs) {
        return form::fresh(app, visitor, model, &Pairs::default(), Some((&pairs, Vec::new())))
            .await;
    }
    let name = model.to_owned();
    let wanted = match entered(app, visitor, &meta, &mut pairs).await {
        Ok(wanted) => wanted,
        Err(error) => return again(app, visitor, (model, None), &pairs, error).await,
    };
    let made = app.kernel.run(&visitor.ctx, move |tx| {
        let (name, wanted) = (name.clone(), wanted.clone());
        Box::pin(async move {
            let draft = records::draft_of(tx, &name, &wanted)?;
            Ok(records::create(tx, &name, vec![draft]).await?[0])
        })
    });
    match made.await {
        Ok(id) => Ok(go_saying(&format!("/{model}/{id}"), &visitor.words.say("form-saved"))),
        Err(error) => again(app, visitor, (model, None), &pairs, error).await,
    }
}

pub(crate) async fn update(
    State(app): State<App>,
    visitor: Visitor,
    Path((model, id)): Path<(String, String)>,
    Sent(pairs): Sent,
) -> Response {
    let page = match id_of(&model, &id) {
        Ok(id) => updated(&app, &visitor, &model, id, pairs).await,
        Err(refusal) => Err(refusal.0),
    };
    visitor.answer(page)
}

async fn updated(
    app: &App,
    visitor: &Visitor,
    model: &str,
    id: AnyId,
    mut pairs: Pairs,
) -> Result<Response, Error> {
    let meta = visitor.model(model)?;
    if turned(&mut pairs) {
        return form::existing(app, visitor, model, id, Some((&pairs, Vec::new()))).await;
    }
    let version = Form::read(visitor, &meta, &pairs).version();
    let name = model.to_owned();
    let wanted = match entered(app, visitor, &meta, &mut pairs).await {
        Ok(wanted) => wanted,
        Err(error) => return again(app, visitor, (model, Some(id)), &pairs, error).await,
    };
    let address = format!("/{model}/{id}");
    let sent = wanted.clone();
    let saved = app.kernel.run(&visitor.ctx, move |tx| {
        let (name, sent) = (name.clone(), sent.clone());
        Box::pin(async move {
            let draft = records::draft_of(tx, &name, &sent)?;
            records::update(tx, &name, vec![Change { id, version, draft }]).await
        })
    });
    match saved.await {
        Ok(_) => Ok(go_saying(&address, &visitor.words.say("form-saved"))),
        Err(Error::Conflict { code: "version", .. }) => {
            conflict::page(app, visitor, (&meta, id), &pairs, wanted).await
        }
        Err(error) => again(app, visitor, (model, Some(id)), &pairs, error).await,
    }
}

/// The form once more, with what was entered and what stands in its way.
async fn again(
    app: &App,
    visitor: &Visitor,
    (model, id): (&str, Option<AnyId>),
    pairs: &Pairs,
    error: Error,
) -> Result<Response, Error> {
    let problems = match error {
        Error::Invalid(problems) => problems,
        Error::Forbidden { .. } | Error::Conflict { .. } => {
            vec![Problem::new("", "refused", error.public())]
        }
        other => return Err(other),
    };
    let sent = Some((pairs, problems));
    match id {
        Some(id) => form::existing(app, visitor, model, id, sent).await,
        None => form::fresh(app, visitor, model, &Pairs::default(), sent).await,
    }
}

/// What was entered, with the names in boxes of links looked up.
async fn entered(
    app: &App,
    visitor: &Visitor,
    model: &fondaco_kernel::schema::Model,
    pairs: &mut Pairs,
) -> Result<Map<String, Value>, Error> {
    let typed = Form::read(visitor, model, pairs).typed();
    if !typed.is_empty() {
        let found = app.kernel.read(&visitor.ctx, move |tx| {
            let typed = typed.clone();
            Box::pin(async move { looked_up(tx, typed).await })
        });
        for (input, id) in found.await? {
            pairs.0.push((input, id));
        }
    }
    Form::read(visitor, model, pairs).wanted()
}

/// The one record of each name; none or several are a problem of the input.
pub(super) async fn looked_up(tx: &mut Tx, typed: Typed) -> Result<Vec<(String, String)>, Error> {
    let (mut found, mut problems) = (Vec::new(), Vec::new());
    for (input, target, name) in typed {
        if name.is_empty() {
            found.push((input, String::new()));
            continue;
        }
        let Some(title) = tx.schema().model(&target).map(|model| model.title.clone()) else {
            continue;
        };
        let quoted = name.replace('\\', "\\\\").replace('"', "\\\"");
        let query = Query {
            filter: Some(format!("{title} == \"{quoted}\"")),
            limit: Some(2),
            show: Select { fields: vec![title], expand: Vec::new() },
            ..Query::default()
        };
        match records::list(tx, &target, &query).await?.rows.as_slice() {
            [one] => found.push((input, one.id.to_string())),
            rows => {
                let how_many = if rows.is_empty() { "There is none" } else { "There are several" };
                let path = bracketed(&input);
                problems.push(Problem::new(
                    path,
                    "unknown_link",
                    format!("{how_many} named {name}."),
                ));
            }
        }
    }
    if problems.is_empty() { Ok(found) } else { Err(Error::Invalid(problems)) }
}

/// `lines.1.product` as problems name it.
fn bracketed(input: &str) -> String {
    match input.split('.').collect::<Vec<_>>().as_slice() {
        [lines, place, field] => format!("{lines}[{place}].{field}"),
        _ => input.to_owned(),
    }
}

/// A button that adds a row to a table of lines, or takes one away, where no script does.
fn turned(pairs: &mut Pairs) -> bool {
    if let Some(start) = pairs.get("_remove").map(|start| format!("{start}.")) {
        pairs.0.retain(|(name, _)| !name.starts_with(&start) && name != "_remove");
        return true;
    }
    let Some(field) = pairs.get("_add").map(str::to_owned) else { return false };
    pairs.0.retain(|(name, _)| name != "_add");
    let start = format!("{field}.");
    let places = pairs.0.iter().filter_map(|(name, _)| {
        name.strip_prefix(&start)?.split('.').next()?.parse::<usize>().ok()
    });
    let next = places.max().map_or(0, |most| most + 1);
    pairs.0.push((format!("{field}.{next}.id"), String::new()));
    true
}

/// What the record would be: computed fields and what the program fills in, for the form in which
/// somebody is typing. Nothing is kept.
pub(crate) async fn outlook(
    State(app): State<App>,
    visitor: Visitor,
    Path(model): Path<String>,
    Sent(mut pairs): Sent,
) -> Response {
    let seen = seen(&app, &visitor, &model, &mut pairs).await;
    visitor.answer(seen.map(|seen| Json(seen).into_response()))
}

async fn seen(
    app: &App,
    visitor: &Visitor,
    model: &str,
    pairs: &mut Pairs,
) -> Result<Value, Error> {
    let meta = visitor.model(model)?;
    let id = pairs.get("_id").and_then(|id| id.parse::<AnyId>().ok());
    let form = Form::read(visitor, &meta, pairs);
    let wanted = form.wanted()?;
    let places: Vec<(String, Vec<usize>)> =
        meta.lines().map(|(field, _, _)| (field.name.clone(), form.places(&field.name))).collect();
    let name = model.to_owned();
    let work = app.kernel.read(&visitor.ctx, move |tx| {
        let (name, wanted) = (name.clone(), wanted.clone());
        Box::pin(async move {
            let draft = records::draft_of(tx, &name, &wanted)?;
            let mut rec = records::outlook(tx, &name, id, draft).await?.rec;
            form::titles(tx, &mut rec).await?;
            Ok(rec)
        })
    });
    let rec = work.await?;
    let exponent = exponent_of(visitor, &rec);
    let mut shown = Map::new();
    told(visitor, &rec, exponent, "", &mut shown);
    for (field, places) in places {
        let at = meta.field_index(&field).unwrap_or_default();
        let lines = rec.lines.iter().find(|(own, _)| *own == at).map_or(&[][..], |(_, l)| l);
        // Rows that nobody has filled are no lines.
        let filled = places.iter().filter(|place| is_filled(pairs, &field, **place));
        for (place, line) in filled.zip(lines) {
            told(visitor, line, exponent, &format!("{field}.{place}."), &mut shown);
        }
    }
    Ok(json!({ "shown": shown }))
}

fn is_filled(pairs: &Pairs, field: &str, place: usize) -> bool {
    let start = format!("{field}.{place}.");
    pairs
        .0
        .iter()
        .any(|(name, value)| name.starts_with(&start) && !value.is_empty() && value != "false")
}

fn told(visitor: &Visitor, rec: &Rec, exponent: u8, start: &str, into: &mut Map<String, Value>) {
    for (at, field) in rec.model.fields.values().enumerate() {
        if field.system || !rec.shows(at) || matches!(field.kind, Kind::Lines { .. }) {
            continue;
        }
        let shown = Shown::of(visitor, rec, at, exponent);
        let held = crate::widgets::held_in(&field.kind, &rec.values[at], exponent);
        let title = shown.title.map(str::to_owned);
        let told = json!({ "html": show(shown).into_string(), "held": title.unwrap_or(held) });
        into.insert(format!("{start}{}", field.name), told);
    }
}
