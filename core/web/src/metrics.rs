//! Counters for Prometheus: requests by method, route and status, and how long they took.

use std::sync::atomic::AtomicU64;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::header;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::App;
use crate::problem::Refusal;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    method: String,
    route: String,
    status: u16,
}

/// All counters of this process.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    requests: Family<Labels, Counter<u64, AtomicU64>>,
    microseconds: Family<Labels, Counter<u64, AtomicU64>>,
    jobs_waiting: Gauge,
    jobs_failing: Gauge,
    jobs_dead: Gauge,
}

impl Default for Metrics {
    fn default() -> Metrics {
        let mut metrics = Metrics {
            registry: Registry::with_prefix("fondaco"),
            requests: Family::default(),
            microseconds: Family::default(),
            jobs_waiting: Gauge::default(),
            jobs_failing: Gauge::default(),
            jobs_dead: Gauge::default(),
        };
        let registry = &mut metrics.registry;
        registry.register("requests", "Requests answered", metrics.requests.clone());
        let help = "Time spent on requests, in microseconds";
        registry.register("request_microseconds", help, metrics.microseconds.clone());
        registry.register("jobs_waiting", "Jobs not yet done", metrics.jobs_waiting.clone());
        let help = "Jobs that failed and will be tried again";
        registry.register("jobs_failing", help, metrics.jobs_failing.clone());
        registry.register("jobs_dead", "Jobs given up", metrics.jobs_dead.clone());
        metrics
    }
}

/// Counts every request under its route, never under its path: paths are endless.
pub(crate) async fn observe(State(app): State<App>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>();
    let route = route.map_or("none", |r| r.as_str()).to_owned();
    let method = request.method().to_string();
    let started = Instant::now();
    let response = next.run(request).await;
    let spent = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
    let status = response.status().as_u16();
    tracing::debug!(method, route, status, spent_us = spent, "request");
    let labels = Labels { method, route, status };
    app.metrics.requests.get_or_create(&labels).inc();
    app.metrics.microseconds.get_or_create(&labels).inc_by(spent);
    response
}

pub(crate) async fn text(State(app): State<App>) -> Result<Response, Refusal> {
    let load = app.kernel.job_load().await?;
    let metrics = &app.metrics;
    metrics.jobs_waiting.set(load.waiting);
    metrics.jobs_failing.set(load.failing);
    metrics.jobs_dead.set(load.dead);
    let mut text = String::new();
    if prometheus_client::encoding::text::encode(&mut text, &metrics.registry).is_err() {
        return Err(Refusal(fondaco_kernel::Error::Internal("metrics cannot be written".into())));
    }
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, kind)], text).into_response())
}
