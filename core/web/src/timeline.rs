//! What hangs on a record: its notes, activities and files; and the files themselves.

use std::collections::HashMap;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use fondaco_kernel::shared::{Activity, Attachment, Note};
use fondaco_kernel::timeline::{self, Upload};
use serde_json::{Value, json};

use crate::App;
use crate::api::id_of;
use crate::caller::Caller;
use crate::problem::Refusal;

/// Everything on one record, for whoever may see it.
pub(crate) async fn of_record(
    State(app): State<App>,
    Caller(ctx): Caller,
    Path((model, id)): Path<(String, String)>,
) -> Result<Json<Value>, Refusal> {
    let id = id_of(&model, &id)?;
    let work = app.kernel.read(&ctx, move |tx| {
        let model = model.clone();
        Box::pin(async move { timeline::of_record(tx, &model, id).await })
    });
    let found = work.await?;
    Ok(Json(json!({
        "notes": found.notes.iter().map(note).collect::<Vec<_>>(),
        "activities": found.activities.iter().map(activity).collect::<Vec<_>>(),
        "attachments": found.attachments.iter().map(attachment).collect::<Vec<_>>(),
    })))
}

/// `POST /api/attachment/content?name=plan.pdf&model=party&record=7` with the content as the body.
pub(crate) async fn upload(
    State(app): State<App>,
    Caller(ctx): Caller,
    Query(given): Query<HashMap<String, String>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let name = given.get("name").filter(|name| !name.is_empty()).cloned();
    let name = name.ok_or_else(|| Refusal::bad("name", "required", "Give the file a name."))?;
    let on = match (given.get("model"), given.get("record")) {
        (Some(model), Some(record)) => Some((model.clone(), id_of(model, record)?)),
        (None, None) => None,
        _ => return Err(Refusal::bad("record", "required", "Name both model and record.")),
    };
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let media_type = kind.unwrap_or("application/octet-stream").to_owned();
    let upload = Upload { name, media_type, on, content: body.to_vec() };
    let work = app.kernel.run(&ctx, move |tx| {
        let upload = upload.clone();
        Box::pin(async move { timeline::attach(tx, upload).await })
    });
    let kept = work.await?;
    Ok((StatusCode::CREATED, Json(attachment(&kept))).into_response())
}

/// The content, always as a download: nothing that was uploaded runs on this site.
pub(crate) async fn download(
    State(app): State<App>,
    Caller(ctx): Caller,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let id = id_of("attachment", &id)?;
    let work =
        app.kernel.read(&ctx, move |tx| Box::pin(async move { timeline::open(tx, id).await }));
    let (attachment, content) = work.await?;
    let mut response = content.into_response();
    let headers = response.headers_mut();
    let kind = HeaderValue::from_str(&attachment.media_type);
    let kind = kind.unwrap_or(HeaderValue::from_static("application/octet-stream"));
    headers.insert(header::CONTENT_TYPE, kind);
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    Ok(response)
}

fn note(note: &Note) -> Value {
    json!({
        "id": note.id.to_string(),
        "text": note.text,
        "created_at": note.created_at.map(|at| at.to_string()),
        "created_by": note.created_by.map(|user| user.to_string()),
    })
}

fn activity(activity: &Activity) -> Value {
    json!({
        "id": activity.id.to_string(),
        "kind": activity.kind,
        "title": activity.title,
        "note": activity.note,
        "due": activity.due.map(|due| due.to_string()),
        "assigned": activity.assigned.map(|user| user.to_string()),
        "done": activity.done,
    })
}

fn attachment(attachment: &Attachment) -> Value {
    json!({
        "id": attachment.id.to_string(),
        "name": attachment.name,
        "media_type": attachment.media_type,
        "size": attachment.size,
        "created_at": attachment.created_at.map(|at| at.to_string()),
    })
}
