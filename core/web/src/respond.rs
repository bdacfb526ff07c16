//! Answers that several handlers give.

use std::sync::Arc;

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use fondaco_kernel::repeats::{self, Answer};
use fondaco_kernel::{Ctx, Fut, Tx};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::App;
use crate::problem::{self, Refusal};

/// Bytes of a refusal that are read to say the same as a problem.
const REFUSAL_BYTES_MAX: usize = 4096;

/// Refusals that come from the server itself, before a handler is reached (a body too large, a
/// method that a route does not have), look like all the others.
pub(crate) async fn as_problem(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let (status, kind) = (response.status(), response.headers().get(header::CONTENT_TYPE));
    let is_refusal = status.is_client_error() || status.is_server_error();
    let is_page = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    if !is_refusal || is_page || kind.is_some_and(|kind| kind == problem::KIND) {
        return response;
    }
    let (parts, body) = response.into_parts();
    let text = axum::body::to_bytes(body, REFUSAL_BYTES_MAX).await.unwrap_or_default();
    let mut refused = problem::of_the_server(status, &String::from_utf8_lossy(&text));
    if let Some(allow) = parts.headers.get(header::ALLOW) {
        refused.headers_mut().insert(header::ALLOW, allow.clone());
    }
    refused
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
) -> Result<Answer, Refusal>
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
    Ok(done.await?)
}

/// An answer as it was given the first time.
pub(crate) fn plain(answer: Answer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or_default();
    let kind = [(header::CONTENT_TYPE, "application/json")];
    (status, kind, answer.body).into_response()
}

/// The same for a record, with its version to go on from.
pub(crate) fn tagged(answer: Answer) -> Response {
    #[derive(Deserialize)]
    struct Versioned {
        version: i64,
    }
    let record = serde_json::from_str::<Versioned>(&answer.body);
    let mut response = plain(answer);
    if let Ok(Versioned { version }) = record {
        response.headers_mut().insert(header::ETAG, etag(version));
    }
    response
}

/// The body as JSON of this shape.
///
/// # Errors
/// A problem that says where it stops being that.
pub(crate) fn read_body<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|e| {
        Refusal::bad("", "unreadable", format!("The body is not as it should be: {e}."))
    })
}
