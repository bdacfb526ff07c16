//! A kernel's error as an answer: problem+json (RFC 9457), with all problems at once. Internal
//! causes go to the log, once, here; the client gets the public text.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use fondaco_kernel::Error;
use fondaco_kernel::error::StorageKind;
use fondaco_kernel::values::Problem;
use serde_json::{Value, json};

/// An error on its way out.
#[derive(Debug)]
pub(crate) struct Refusal(pub(crate) Error);

impl From<Error> for Refusal {
    fn from(error: Error) -> Refusal {
        Refusal(error)
    }
}

impl Refusal {
    /// One thing wrong with the request itself.
    pub(crate) fn bad(field: &str, code: &str, message: impl Into<String>) -> Refusal {
        Refusal(Error::problem(field, code, message))
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, kind, title) = status(&self.0);
        if status.is_server_error() {
            tracing::error!(error = %self.0, "a request failed");
        }
        let mut body = json!({
            "type": format!("/problems/{kind}"),
            "title": title,
            "status": status.as_u16(),
            "detail": self.0.public(),
        });
        if let Error::Invalid(problems) = &self.0 {
            body["errors"] = problems.iter().map(one).collect();
        }
        let mut response = answer(status, body);
        if let Some(seconds) = retry_after_s(&self.0) {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// When the same request may succeed, where nothing of it was kept.
fn retry_after_s(error: &Error) -> Option<i64> {
    match error {
        Error::TooMany { retry_after_s } => Some(*retry_after_s),
        Error::Storage { kind: StorageKind::Lost | StorageKind::Retry, .. } => Some(1),
        _ => None,
    }
}

/// The media type of problems.
pub(crate) const KIND: &str = "application/problem+json";

fn answer(status: StatusCode, body: Value) -> Response {
    let mut response = (status, Json(body)).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(KIND));
    response
}

/// A refusal that no handler made, in the words of who made it.
pub(crate) fn of_the_server(status: StatusCode, words: &str) -> Response {
    let title = status.canonical_reason().unwrap_or("Refused");
    let detail = if words.trim().is_empty() { title } else { words.trim() };
    let body = json!({
        "type": "about:blank",
        "title": title,
        "status": status.as_u16(),
        "detail": detail,
    });
    answer(status, body)
}

fn one(problem: &Problem) -> Value {
    serde_json::to_value(problem).unwrap_or_default()
}

pub(crate) fn status(error: &Error) -> (StatusCode, &'static str, &'static str) {
    match error {
        Error::Invalid(_) => (StatusCode::UNPROCESSABLE_ENTITY, "invalid", "The input is wrong"),
        Error::NotFound { .. } => (StatusCode::NOT_FOUND, "not-found", "Not found"),
        Error::Forbidden { .. } => (StatusCode::FORBIDDEN, "forbidden", "Not allowed"),
        Error::Conflict { code: "version", .. } => {
            (StatusCode::PRECONDITION_FAILED, "version", "Changed meanwhile")
        }
        Error::Conflict { .. } => (StatusCode::CONFLICT, "conflict", "Conflict"),
        Error::Unauthenticated(_) => (StatusCode::UNAUTHORIZED, "unauthenticated", "Sign in first"),
        Error::TooMany { .. } => (StatusCode::TOO_MANY_REQUESTS, "too-many", "Too many attempts"),
        Error::Closed => (StatusCode::SERVICE_UNAVAILABLE, "stopping", "The server is stopping"),
        Error::Storage { kind: StorageKind::Full, .. } => {
            (StatusCode::INSUFFICIENT_STORAGE, "full", "No room")
        }
        Error::Storage {
            kind: StorageKind::Lost | StorageKind::Retry | StorageKind::Unknown,
            ..
        } => (StatusCode::SERVICE_UNAVAILABLE, "unavailable", "The database did not answer"),
        Error::Schema(_) | Error::Startup(_) | Error::Storage { .. } | Error::Internal(_) => {
            (StatusCode::INTERNAL_SERVER_ERROR, "internal", "Something went wrong")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_succeed_later_says_so() {
        let storage = |kind| Error::Storage { kind, message: "of the engine".to_owned() };
        for (error, code, retry) in [
            (storage(StorageKind::Retry), 503, Some("1")),
            (storage(StorageKind::Lost), 503, Some("1")),
            // It may have been kept: that is looked up first.
            (storage(StorageKind::Unknown), 503, None),
            (storage(StorageKind::Full), 507, None),
            (storage(StorageKind::Other), 500, None),
            (Error::TooMany { retry_after_s: 3 }, 429, Some("3")),
        ] {
            let name = format!("{error:?}");
            let response = Refusal(error).into_response();
            let header = response.headers().get(header::RETRY_AFTER);
            assert_eq!(response.status(), code, "{name}");
            assert_eq!(header.and_then(|value| value.to_str().ok()), retry, "{name}");
        }
    }
}
