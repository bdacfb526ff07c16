//! Answers that several handlers give.

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use fondaco_kernel::repeats::{self, Answer};
use fondaco_kernel::{Ctx, Error, Fut, Tx};
use serde_json::Value;

use crate::App;
use crate::problem::Refusal;

pub(crate) async fn no_such_route(uri: Uri) -> Response {
    Refusal(Error::not_found("page", uri.path())).into_response()
}

/// `"7"` for version 7.
pub(crate) fn etag(version: i64) -> HeaderValue {
    HeaderValue::from_str(&format!("\"{version}\"")).unwrap_or(HeaderValue::from_static("\"0\""))
}

/// The version that the caller says he has seen (`If-Match`).
///
/// # Errors
/// A problem when the header is there and is no version.
pub(crate) fn seen_version(headers: &HeaderMap) -> Result<Option<i64>, Refusal> {
    let Some(value) = headers.get(header::IF_MATCH) else { return Ok(None) };
    let version = value.to_str().ok().and_then(|v| v.trim_matches('"').parse().ok());
    version.map(Some).ok_or_else(|| {
        let message = "If-Match holds the version that was read, such as \"7\".";
        Refusal::bad("If-Match", "unreadable", message)
    })
}

/// The caller's key for a request that may be repeated (`Idempotency-Key`).
///
/// # Errors
/// A problem when the key is empty, too long or not plain text.
pub(crate) fn repeat_key(headers: &HeaderMap) -> Result<Option<String>, Refusal> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    let key = value.to_str().ok().filter(|k| (1..=255).contains(&k.len()));
    key.map(|k| Some(k.to_owned())).ok_or_else(|| {
        let message = "An Idempotency-Key has 1 to 255 plain characters.";
        Refusal::bad("Idempotency-Key", "unreadable", message)
    })
}

/// Does the work and answers with what it gives. With an `Idempotency-Key` the work is done once:
/// a repeat gets the first answer again, kept in the transaction of the work.
pub(crate) async fn once<F>(
    app: &App,
    ctx: &Ctx,
    headers: &HeaderMap,
    body: &[u8],
    status: StatusCode,
    work: F,
) -> Result<Response, Refusal>
where
    F: for<'t> Fn(&'t mut Tx) -> Fut<'t, Value> + Send + Sync + 'static,
{
    let key = repeat_key(headers)?;
    let (body, work) = (body.to_vec(), Arc::new(work));
    let done = app.kernel.run(ctx, move |tx| {
        let (key, body, work) = (key.clone(), body.clone(), work.clone());
        Box::pin(async move {
            let Some(key) = key else {
                return Ok(Answer { status: status.as_u16(), body: work(tx).await?.to_string() });
            };
            if let Some(before) = repeats::answered(tx, &key, &body).await? {
                return Ok(before);
            }
            let answer = Answer { status: status.as_u16(), body: work(tx).await?.to_string() };
            repeats::remember(tx, &key, &body, &answer).await?;
            Ok(answer)
        })
    });
    let done = done.await?;
    let status = StatusCode::from_u16(done.status).unwrap_or(status);
    let kind = [(header::CONTENT_TYPE, "application/json")];
    Ok((status, kind, done.body).into_response())
}
