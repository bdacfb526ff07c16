//! What the operator may change while the server runs: how many requests are worked on at the same
//! time, and which ones are slow enough to be told in the log.
//! Not here: sizes of bodies, which are the program's (`values::limits`).

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;

use crate::{App, problem};

#[derive(Debug)]
pub struct Limits {
    requests_max: AtomicUsize,
    slow_ms: AtomicU64,
    requests: AtomicUsize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            requests_max: AtomicUsize::new(1024),
            slow_ms: AtomicU64::new(1000),
            requests: AtomicUsize::new(0),
        }
    }
}

impl Limits {
    /// From the next request on. `slow_ms` 0 = no request is slow.
    pub fn set(&self, requests_max: usize, slow_ms: u64) {
        self.requests_max.store(requests_max, Ordering::Relaxed);
        self.slow_ms.store(slow_ms, Ordering::Relaxed);
    }

    pub(crate) fn is_slow(&self, spent_us: u64) -> bool {
        let slow_ms = self.slow_ms.load(Ordering::Relaxed);
        slow_ms > 0 && spent_us / 1000 >= slow_ms
    }

    fn enter(&self) -> Option<Inside<'_>> {
        let inside = Inside(self);
        let before = self.requests.fetch_add(1, Ordering::Relaxed);
        (before < self.requests_max.load(Ordering::Relaxed)).then_some(inside)
    }
}

struct Inside<'a>(&'a Limits);

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        self.0.requests.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Refuses what is more than the server should work on at once. The operator is never refused.
pub(crate) async fn at_once(State(app): State<App>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    if path.starts_with("/health/") || path == "/metrics" {
        return next.run(request).await;
    }
    let Some(_inside) = app.limits.enter() else {
        let words = "The server has too much to do; come again in a second.";
        let mut response = problem::of_the_server(StatusCode::SERVICE_UNAVAILABLE, words);
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        return response;
    };
    next.run(request).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_as_are_allowed_and_no_more() {
        let limits = Limits::default();
        limits.set(2, 0);
        let (one, two) = (limits.enter(), limits.enter());
        assert!(one.is_some() && two.is_some() && limits.enter().is_none());
        drop(one);
        assert!(limits.enter().is_some(), "one has left");
        assert!(!limits.is_slow(u64::MAX), "0 = never");
        limits.set(2, 5);
        assert!(limits.is_slow(5_000) && !limits.is_slow(4_999));
    }
}
