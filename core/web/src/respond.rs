//! Answers that several handlers give.

use axum::http::{HeaderMap, HeaderValue, Uri, header};
use axum::response::{IntoResponse, Response};
use fondaco_kernel::Error;

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
