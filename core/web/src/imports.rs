//! Imports over HTTP: a file that was sent as an attachment is looked at, tried and imported by jobs, with
//! the rights of whoever sent it.
//! Not here: sending the file (`timeline::upload`), the pages (`pages::import`).

use std::collections::HashMap;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use fondaco_kernel::import::Report;
use fondaco_kernel::import::held::{self, Choice, Progress, Sheet};
use fondaco_kernel::permissions::{self, Right};
use fondaco_kernel::schema::Field;
use fondaco_kernel::values::AnyId;
use fondaco_kernel::{Ctx, Error};
use serde_json::{Value, json};

use crate::App;
use crate::api::id_of;
use crate::caller::Caller;
use crate::problem::Refusal;
use crate::respond::read_body;

/// The file, and how far its import has come.
///
/// # Errors
/// `NotFound` for what is another's; a problem with a file that is no table.
pub(crate) async fn look(
    app: &App,
    ctx: &Ctx,
    file: AnyId,
) -> Result<(Sheet, Option<Progress>), Error> {
    let work = app.kernel.read(ctx, move |tx| {
        Box::pin(async move { Ok((held::sheet(tx, file).await?, held::progress(tx, file).await?)) })
    });
    work.await
}

/// What the columns of a file may mean for a model.
///
/// # Errors
/// `NotFound` for a model that is none; `Forbidden` for one of which nothing may be created.
pub(crate) fn proposed(
    app: &App,
    ctx: &Ctx,
    (model, sheet): (&str, &Sheet),
    label: impl Fn(&Field) -> String,
) -> Result<Choice, Error> {
    let schema = app.kernel.seen_by(ctx).schema.clone();
    let known = schema.model(model).filter(|model| !model.is_line());
    let known = known.ok_or_else(|| Error::not_found("model", model))?;
    permissions::require(ctx, known, Right::Create)?;
    let fields = held::fields(ctx, &schema, known).map(|field| (field, label(field)));
    Ok(held::proposed(known, fields, sheet))
}

pub(crate) async fn begin(
    app: &App,
    ctx: &Ctx,
    (file, choice): (AnyId, Choice),
) -> Result<(), Error> {
    let work = app.kernel.run(ctx, move |tx| {
        let choice = choice.clone();
        Box::pin(async move { held::begin(tx, file, &choice).await })
    });
    work.await
}

/// `GET /api/imports/{id}`
pub(crate) async fn one(
    State(app): State<App>,
    Caller(ctx): Caller,
    Path(file): Path<String>,
) -> Result<Json<Value>, Refusal> {
    let (sheet, progress) = look(&app, &ctx, id_of("attachment", &file)?).await?;
    Ok(Json(json!({ "file": sheet, "progress": progress.as_ref().map(told) })))
}

fn told(progress: &Progress) -> Value {
    json!({
        "model": progress.model,
        "steps": progress.steps,
        "total": progress.total,
        "created": progress.created,
        "updated": progress.updated,
        "unchanged": progress.unchanged,
        "refused": progress.refused,
        "problems": progress.problems,
        "stopped": progress.stopped,
        "done": progress.is_done(),
    })
}

/// `GET /api/imports/{id}/choice?model=party`
pub(crate) async fn choice(
    State(app): State<App>,
    Caller(ctx): Caller,
    Path(file): Path<String>,
    Query(given): Query<HashMap<String, String>>,
) -> Result<Json<Choice>, Refusal> {
    let (sheet, _) = look(&app, &ctx, id_of("attachment", &file)?).await?;
    let model = given.get("model").map_or("", String::as_str);
    Ok(Json(proposed(&app, &ctx, (model, &sheet), |field| field.label.clone())?))
}

/// `POST /api/imports/{id}/preview`: what the import would come to. Changes nothing.
pub(crate) async fn preview(
    State(app): State<App>,
    Caller(ctx): Caller,
    Path(file): Path<String>,
    body: Bytes,
) -> Result<Json<Value>, Refusal> {
    let file = id_of("attachment", &file)?;
    look(&app, &ctx, file).await?;
    let choice = read_body(&body)?;
    let Report { files, problems } = held::tried(&app.kernel, &ctx, (file, choice)).await?;
    let done = files.first().map(|file| &file.done);
    Ok(Json(json!({
        "would_create": done.map(|done| done.created),
        "would_update": done.map(|done| done.updated),
        "unchanged": done.map(|done| done.unchanged),
        "problems": problems,
    })))
}

/// `POST /api/imports/{id}/run`
pub(crate) async fn run(
    State(app): State<App>,
    Caller(ctx): Caller,
    Path(file): Path<String>,
    body: Bytes,
) -> Result<StatusCode, Refusal> {
    let file = id_of("attachment", &file)?;
    look(&app, &ctx, file).await?;
    begin(&app, &ctx, (file, read_body(&body)?)).await?;
    Ok(StatusCode::ACCEPTED)
}

/// `GET /api/imports/{id}/refused`: the lines that were not taken, as a file.
pub(crate) async fn refused(
    State(app): State<App>,
    Caller(ctx): Caller,
    Path(file): Path<String>,
) -> Result<Response, Refusal> {
    let file = id_of("attachment", &file)?;
    let work =
        app.kernel.read(&ctx, move |tx| Box::pin(async move { held::refused(tx, file).await }));
    let mut response = work.await?.into_response();
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"refused.csv\""),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    Ok(response)
}
