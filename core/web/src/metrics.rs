//! Counters for Prometheus: requests by method, route and status, and how long they took; and the
//! figures of the kernel. Requests are spans for traces, and slow ones are told in the log.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::header;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use fondaco_kernel::Kernel;
use fondaco_kernel::figures::Figures;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use tracing::Instrument;

use crate::App;
use crate::problem::Refusal;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    method: String,
    route: String,
    status: u16,
}

/// Of one hook of a plugin.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfHook {
    plugin: String,
    hook: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfFailure {
    plugin: String,
    hook: String,
    failure: &'static str,
}

/// Calls of plugins, as they were counted when somebody asked.
#[derive(Debug, Default)]
struct FromPlugins {
    calls: Family<OfHook, Counter<u64, AtomicU64>>,
    microseconds: Family<OfHook, Counter<u64, AtomicU64>>,
    failures: Family<OfFailure, Counter<u64, AtomicU64>>,
}

impl FromPlugins {
    fn register(&self, registry: &mut Registry) {
        registry.register("plugin_calls", "Calls of plugins", self.calls.clone());
        let help = "Processor time of plugins, in microseconds";
        registry.register("plugin_microseconds", help, self.microseconds.clone());
        registry.register("plugin_failures", "Calls that failed", self.failures.clone());
    }

    fn set(&self, kernel: &Kernel) {
        for ((plugin, hook), tally) in kernel.plugin_tallies() {
            let labels = OfHook { plugin: plugin.clone(), hook: hook.clone() };
            self.calls.get_or_create(&labels).inner().store(tally.calls, Ordering::Relaxed);
            self.microseconds.get_or_create(&labels).inner().store(tally.cpu_us, Ordering::Relaxed);
            for (kind, count) in tally.failed {
                let failure = kind.name();
                let labels = OfFailure { plugin: plugin.clone(), hook: hook.clone(), failure };
                self.failures.get_or_create(&labels).inner().store(count, Ordering::Relaxed);
            }
        }
    }
}

/// All counters of this process.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    requests: Family<Labels, Counter<u64, AtomicU64>>,
    microseconds: Family<Labels, Counter<u64, AtomicU64>>,
    kernel: FromKernel,
    plugins: FromPlugins,
}

/// The kernel's figures, as they were when somebody asked.
#[derive(Debug, Default)]
struct FromKernel {
    written: Counter<u64, AtomicU64>,
    read: Counter<u64, AtomicU64>,
    refused: Counter<u64, AtomicU64>,
    rerun: Counter<u64, AtomicU64>,
    waiting: Gauge,
    jobs_waiting: Gauge,
    jobs_failing: Gauge,
    jobs_dead: Gauge,
    posted: Gauge,
    unrolled: Gauge,
    unsealed: Gauge,
}

impl FromKernel {
    fn register(&self, registry: &mut Registry) {
        for (name, help, counter) in [
            ("writing_units", "Units of work that may write", &self.written),
            ("reading_units", "Units of work that only read", &self.read),
            ("refused_units", "Units of work that were refused or failed", &self.refused),
            ("rerun_units", "Units of work run again, another being in the way", &self.rerun),
        ] {
            registry.register(name, help, counter.clone());
        }
        for (name, help, gauge) in [
            ("units_waiting", "Units of work asked for and not yet answered", &self.waiting),
            ("jobs_waiting", "Jobs not yet done", &self.jobs_waiting),
            ("jobs_failing", "Jobs that failed and will be tried again", &self.jobs_failing),
            ("jobs_dead", "Jobs given up", &self.jobs_dead),
            ("ledger_posted", "Sequence of the last entry posted", &self.posted),
            ("ledger_unrolled", "Entries posted and not yet in the sums", &self.unrolled),
            ("ledger_unsealed", "Entries posted and not yet sealed", &self.unsealed),
        ] {
            registry.register(name, help, gauge.clone());
        }
    }

    fn set(&self, now: &Figures) {
        for (counter, value) in [
            (&self.written, now.written),
            (&self.read, now.read),
            (&self.refused, now.refused),
            (&self.rerun, now.rerun),
        ] {
            counter.inner().store(value, Ordering::Relaxed);
        }
        for (gauge, value) in [
            (&self.waiting, now.waiting),
            (&self.jobs_waiting, now.jobs.waiting),
            (&self.jobs_failing, now.jobs.failing),
            (&self.jobs_dead, now.jobs.dead),
            (&self.posted, now.ledger.posted),
            (&self.unrolled, now.ledger.posted - now.ledger.rolled),
            (&self.unsealed, now.ledger.posted - now.ledger.sealed),
        ] {
            gauge.set(value);
        }
    }
}

impl Default for Metrics {
    fn default() -> Metrics {
        let mut metrics = Metrics {
            registry: Registry::with_prefix("fondaco"),
            requests: Family::default(),
            microseconds: Family::default(),
            kernel: FromKernel::default(),
            plugins: FromPlugins::default(),
        };
        let registry = &mut metrics.registry;
        registry.register("requests", "Requests answered", metrics.requests.clone());
        let help = "Time spent on requests, in microseconds";
        registry.register("request_microseconds", help, metrics.microseconds.clone());
        metrics.kernel.register(registry);
        metrics.plugins.register(registry);
        metrics
    }
}

/// Counts every request under its route, never under its path: paths are endless.
pub(crate) async fn observe(State(app): State<App>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>();
    let route = route.map_or("none", |r| r.as_str()).to_owned();
    let method = request.method().to_string();
    let started = Instant::now();
    let header = request.headers().get("traceparent").and_then(|value| value.to_str().ok());
    let empty = tracing::field::Empty;
    let span = tracing::info_span!("request", method, route, status = empty, traceparent = header);
    let response = next.run(request).instrument(span.clone()).await;
    let spent = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
    let status = response.status().as_u16();
    span.record("status", status);
    match app.limits.is_slow(spent) {
        true => tracing::warn!(method, route, status, spent_us = spent, "a slow request"),
        false => tracing::debug!(method, route, status, spent_us = spent, "request"),
    }
    let labels = Labels { method, route, status };
    app.metrics.requests.get_or_create(&labels).inc();
    app.metrics.microseconds.get_or_create(&labels).inc_by(spent);
    response
}

pub(crate) async fn text(State(app): State<App>) -> Result<Response, Refusal> {
    let metrics = &app.metrics;
    metrics.kernel.set(&app.kernel.figures().await?);
    metrics.plugins.set(&app.kernel);
    let mut text = String::new();
    if prometheus_client::encoding::text::encode(&mut text, &metrics.registry).is_err() {
        return Err(Refusal(fondaco_kernel::Error::Internal("metrics cannot be written".into())));
    }
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, kind)], text).into_response())
}
