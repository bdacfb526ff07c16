//! Records of any model: seven handlers for all models. Each is one call of `kernel::records`.

use std::collections::HashMap;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use fondaco_kernel::record::Rec;
use fondaco_kernel::records::{self, Change, Count, Select};
use fondaco_kernel::values::AnyId;
use fondaco_kernel::{Error, Tx};
use serde_json::{Map, Value, json};

use crate::App;
use crate::caller::Caller;
use crate::problem::Refusal;
use crate::query;
use crate::respond::{self, etag, seen_version};

/// Changes of a record that one answer holds at most.
const HISTORY_MAX: i64 = 200;

/// One page of a list.
#[derive(serde::Serialize)]
struct Listed<'p> {
    items: &'p [Rec],
    next: Option<String>,
    count: Option<Count>,
}

pub(crate) async fn list(
    State(app): State<App>,
    Caller(ctx): Caller,
    Path(model): Path<String>,
    Query(given): Query<HashMap<String, String>>,
) -> Result<Response, Refusal> {
    let query = query::list(given)?;
    let page = app
        .kernel
        .read(&ctx, move |tx| {
            let (model, query) = (model.clone(), query.clone());
            Box::pin(async move { records::list(tx, &model, &query).await })
        })
        .await?;
    Ok(Json(Listed { items: &page.rows, next: page.next, count: page.count }).into_response())
}

/// How many there are and what they come to, by the values of a field or as a whole.
pub(crate) async fn totals(
    State(app): State<App>,
    Caller(ctx): Caller,
    Path(model): Path<String>,
    Query(given): Query<HashMap<String, String>>,
) -> Result<Response, Refusal> {
    let wanted = query::totals(given)?;
    let work = app.kernel.read(&ctx, move |tx| {
        let (model, wanted) = (model.clone(), wanted.clone());
        Box::pin(async move { records::totals(tx, &model, &wanted).await })
    });
    Ok(Json(work.await?).into_response())
}

/// What a new record would be, or with `id` one that is there: nothing is kept.
pub(crate) async fn outlook(
    State(app): State<App>,
    Caller(ctx): Caller,
    Path(model): Path<String>,
    body: Bytes,
) -> Result<Response, Refusal> {
    let wanted = object(&body)?;
    let id = match wanted.get("id") {
        None | Some(Value::Null) => None,
        Some(id) => Some(id_of(&model, id.as_str().unwrap_or_default())?),
    };
    let work = app.kernel.read(&ctx, move |tx| {
        let (model, wanted) = (model.clone(), wanted.clone());
        Box::pin(async move {
            let draft = records::draft_of(tx, &model, &wanted)?;
            let outlook = records::outlook(tx, &model, id, draft).await?;
            Ok(json!({ "record": outlook.rec, "errors": outlook.problems }))
        })
    });
    Ok(Json(work.await?).into_response())
}

pub(crate) async fn get(
    State(app): State<App>,
    Caller(ctx): Caller,
    Path((model, id)): Path<(String, String)>,
    Query(given): Query<HashMap<String, String>>,
) -> Result<Response, Refusal> {
    let (id, select) = (id_of(&model, &id)?, query::one(given)?);
    let rec = app
        .kernel
        .read(&ctx, move |tx| {
            let (model, select) = (model.clone(), select.clone());
            Box::pin(async move { records::get(tx, &model, id, &select).await })
        })
        .await?;
    let mut response = Json(&rec).into_response();
    response.headers_mut().insert(header::ETAG, etag(rec.version));
    Ok(response)
}

pub(crate) async fn create(
    State(app): State<App>,
    Caller(ctx): Caller,
    Path(model): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let wanted = object(&body)?;
    let signed = signed(&format!("create {model}"), &body);
    let answer = respond::once(&app, &ctx, &headers, &signed, StatusCode::CREATED, move |tx| {
        let (model, wanted) = (model.clone(), wanted.clone());
        Box::pin(async move {
            let draft = records::draft_of(tx, &model, &wanted)?;
            let id = records::create(tx, &model, vec![draft]).await?[0];
            seen(tx, &model, id).await
        })
    });
    answer.await.map(respond::tagged)
}

pub(crate) async fn update(
    State(app): State<App>,
    Caller(ctx): Caller,
    Path((model, id)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let (id, wanted) = (id_of(&model, &id)?, object(&body)?);
    let version = seen_version(&headers)?;
    let signed = signed(&format!("update {model}/{id}"), &body);
    let answer = respond::once(&app, &ctx, &headers, &signed, StatusCode::OK, move |tx| {
        let (model, wanted) = (model.clone(), wanted.clone());
        Box::pin(async move {
            let draft = records::draft_of(tx, &model, &wanted)?;
            records::update(tx, &model, vec![Change { id, version, draft }]).await?;
            seen(tx, &model, id).await
        })
    });
    answer.await.map(respond::tagged)
}

pub(crate) async fn delete(
    State(app): State<App>,
    Caller(ctx): Caller,
    Path((model, id)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<StatusCode, Refusal> {
    let (id, version) = (id_of(&model, &id)?, seen_version(&headers)?);
    app.kernel
        .run(&ctx, move |tx| {
            let model = model.clone();
            Box::pin(async move { records::delete(tx, &model, &[(id, version)]).await })
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn act(
    State(app): State<App>,
    Caller(ctx): Caller,
    Path((model, id, action)): Path<(String, String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let id = id_of(&model, &id)?;
    let given = if body.is_empty() { Map::new() } else { object(&body)? };
    let signed = signed(&format!("act {model}/{id}/{action}"), &body);
    let answer = respond::once(&app, &ctx, &headers, &signed, StatusCode::OK, move |tx| {
        let (model, action, given) = (model.clone(), action.clone(), given.clone());
        Box::pin(async move {
            let args = records::arguments(tx, &model, &action, &given)?;
            let outcome = records::act(tx, &model, id, &action, args).await?;
            tx.draw_numbers().await?;
            let record = seen(tx, &model, id).await.ok();
            Ok(json!({ "record": record, "message": outcome.message, "open": outcome.open }))
        })
    });
    answer.await.map(respond::plain)
}

/// What a key for repeats stands for: the same body on another record or action is another request.
fn signed(deed: &str, body: &Bytes) -> Vec<u8> {
    [deed.as_bytes(), b"\n", body].concat()
}

/// Who changed what of a record, newest first, without the fields that the caller may not read.
pub(crate) async fn history(
    State(app): State<App>,
    Caller(ctx): Caller,
    Path((model, id)): Path<(String, String)>,
) -> Result<Json<Value>, Refusal> {
    let id = id_of(&model, &id)?;
    let changes = app
        .kernel
        .read(&ctx, move |tx| {
            let model = model.clone();
            Box::pin(async move { records::history(tx, &model, id, HISTORY_MAX).await })
        })
        .await?;
    Ok(Json(json!({ "items": changes })))
}

/// The record as the caller may see it after his deed.
pub(crate) async fn seen(tx: &mut Tx, model: &str, id: AnyId) -> fondaco_kernel::Result<Value> {
    Ok(records::get(tx, model, id, &Select::default()).await?.to_json())
}

/// An id that is none answers like one that nobody has.
pub(crate) fn id_of(model: &str, id: &str) -> Result<AnyId, Refusal> {
    id.parse().map_err(|_| Refusal(Error::not_found(model, id)))
}

/// The body as a JSON object.
///
/// # Errors
/// A problem that says where it stops being JSON.
pub(crate) fn object(body: &Bytes) -> Result<Map<String, Value>, Refusal> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(Refusal::bad("", "unreadable", "Send one JSON object.")),
        Err(error) => Err(Refusal::bad("", "unreadable", format!("This is no JSON: {error}."))),
    }
}
