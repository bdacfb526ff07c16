//! Traces for an OpenTelemetry collector: spans of requests and transactions, sent in batches as
//! OTLP over HTTP in its JSON form. The form is a fixed standard and the collector stands beside the
//! server, so plain HTTP and no library; what goes further (TLS, sampling, other forms) is the
//! collector's work. Traces are never waited for: when nobody takes them they are dropped.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use fondaco_kernel::Clock;
use serde_json::{Value as Json, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tracing::Subscriber;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing_subscriber::layer::{Context as LayerContext, Layer};
use tracing_subscriber::registry::LookupSpan;

use crate::config::Trace;

/// Spans that may wait to be sent; more are dropped.
const WAITING_MAX: usize = 8192;
const BATCH_MAX: usize = 512;
const BATCH_EVERY: Duration = Duration::from_secs(2);
const SEND_MAX: Duration = Duration::from_secs(5);

static OUT: OnceLock<mpsc::Sender<Span>> = OnceLock::new();

/// A span as the collector gets it.
#[derive(Clone, Debug)]
struct Span {
    trace: u128,
    id: u64,
    parent: u64,
    name: &'static str,
    /// From outside: a request. The rest is inside.
    is_server: bool,
    /// Microseconds since 1970.
    began: i64,
    ended: i64,
    facts: Vec<(&'static str, Json)>,
    failed: bool,
}

/// The part of the log that turns spans into traces.
pub struct Spans;

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Spans {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: LayerContext<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let outer =
            span.parent().and_then(|p| p.extensions().get::<Span>().map(|s| (s.trace, s.id)));
        let mut new = Span {
            trace: outer.map_or_else(|| u128::from(fresh()) << 64 | u128::from(fresh()), |o| o.0),
            id: fresh(),
            parent: outer.map_or(0, |o| o.1),
            name: span.name(),
            is_server: outer.is_none() && span.name() == "request",
            began: now(),
            ended: 0,
            facts: Vec::new(),
            failed: false,
        };
        attributes.record(&mut new);
        span.extensions_mut().insert(new);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: LayerContext<'_, S>) {
        let Some(span) = context.span(id) else { return };
        if let Some(known) = span.extensions_mut().get_mut::<Span>() {
            values.record(known);
        }
    }

    fn on_close(&self, id: Id, context: LayerContext<'_, S>) {
        let Some(out) = OUT.get() else { return };
        let Some(span) = context.span(&id) else { return };
        if let Some(mut done) = span.extensions_mut().remove::<Span>() {
            done.ended = now();
            // A full queue: nobody waits for a trace.
            let _ = out.try_send(done);
        }
    }
}

impl Visit for Span {
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.facts.push((field.name(), json!({ "intValue": value.to_string() })));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.failed |= field.name() == "status" && value >= 500;
        self.facts.push((field.name(), json!({ "intValue": value.to_string() })));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.facts.push((field.name(), json!({ "boolValue": value })));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "traceparent" {
            if let Some((trace, parent)) = caller(value) {
                (self.trace, self.parent) = (trace, parent);
            }
            return;
        }
        self.failed |= field.name() == "error";
        self.facts.push((field.name(), json!({ "stringValue": value })));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.failed |= field.name() == "error";
        self.facts.push((field.name(), json!({ "stringValue": format!("{value:?}") })));
    }
}

/// The trace and span of the caller, from the header of that name: `00-<trace>-<span>-01`.
fn caller(header: &str) -> Option<(u128, u64)> {
    let mut parts = header.split('-');
    let (_, trace, span) = (parts.next()?, parts.next()?, parts.next()?);
    let trace = u128::from_str_radix(trace, 16).ok().filter(|t| *t != 0)?;
    let span = u64::from_str_radix(span, 16).ok().filter(|s| *s != 0)?;
    Some((trace, span))
}

fn now() -> i64 {
    Clock::system().now().as_microsecond()
}

/// Numbers that no other server gives: mixed from the hour of the start, the process and a count.
fn fresh() -> u64 {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    static START: OnceLock<u64> = OnceLock::new();
    let start = *START.get_or_init(|| {
        now().unsigned_abs().wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ u64::from(std::process::id())
    });
    let count = COUNT.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
    let mut z = start ^ count;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (z ^ (z >> 31)).max(1)
}

/// Sends spans until dropped. Ready at once and for ever when no endpoint is configured.
pub async fn send(config: &Trace) {
    let Some(endpoint) = &config.endpoint else { return std::future::pending().await };
    let (out, mut waiting) = mpsc::channel(WAITING_MAX);
    if OUT.set(out).is_err() || crate::log::trace().is_err() {
        return std::future::pending().await;
    }
    let mut failing = false;
    let mut batch = Vec::with_capacity(BATCH_MAX);
    loop {
        tokio::time::sleep(BATCH_EVERY).await;
        while !waiting.is_empty() {
            batch.clear();
            waiting.recv_many(&mut batch, BATCH_MAX).await;
            let text = document(&config.service, &batch).to_string();
            let token = config.token.as_ref().map(crate::config::Secret::reveal);
            let sent = tokio::time::timeout(SEND_MAX, post(endpoint, token, &text)).await;
            let outcome = sent.unwrap_or_else(|_| Err(anyhow::anyhow!("no answer in time")));
            if let (Err(error), false) = (&outcome, failing) {
                tracing::warn!(%endpoint, error = format!("{error:#}"), "traces are not taken");
            }
            failing = outcome.is_err();
        }
    }
}

fn document(service: &str, spans: &[Span]) -> Json {
    let name = json!({ "key": "service.name", "value": { "stringValue": service } });
    let spans: Vec<Json> = spans.iter().map(written).collect();
    json!({ "resourceSpans": [{
        "resource": { "attributes": [name] },
        "scopeSpans": [{ "scope": { "name": "fondaco" }, "spans": spans }],
    }] })
}

fn written(span: &Span) -> Json {
    let fact = |(key, value): &(&str, Json)| json!({ "key": key, "value": value });
    let parent = if span.parent == 0 { String::new() } else { format!("{:016x}", span.parent) };
    json!({
        "traceId": format!("{:032x}", span.trace),
        "spanId": format!("{:016x}", span.id),
        "parentSpanId": parent,
        "name": span.name,
        "kind": if span.is_server { 2 } else { 1 },
        "startTimeUnixNano": format!("{}000", span.began),
        "endTimeUnixNano": format!("{}000", span.ended),
        "attributes": span.facts.iter().map(fact).collect::<Vec<_>>(),
        "status": if span.failed { json!({ "code": 2 }) } else { json!({}) },
    })
}

/// One request of HTTP/1.1, closed after its answer.
async fn post(endpoint: &str, token: Option<&str>, body: &str) -> Result<()> {
    let rest = endpoint.strip_prefix("http://").context("only http:// is spoken")?;
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let address = if host.contains(':') { host.to_owned() } else { format!("{host}:4318") };
    let path = path.trim_end_matches('/');
    let path = if path.is_empty() { String::new() } else { format!("/{path}") };
    let token = token.map_or_else(String::new, |t| format!("authorization: Bearer {t}\r\n"));
    let head = format!(
        "POST {path}/v1/traces HTTP/1.1\r\nhost: {host}\r\n{token}connection: close\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let mut stream = TcpStream::connect(&address).await.with_context(|| address.clone())?;
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.as_bytes()).await?;
    let mut answer = [0; 64];
    let read = stream.read(&mut answer).await?;
    let answer = String::from_utf8_lossy(&answer[..read]);
    let status = answer.split(' ').nth(1).unwrap_or_default();
    match status.starts_with('2') {
        true => Ok(()),
        false => bail!("it answered {status:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_caller_is_read_from_his_header() {
        let header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let known = Some((0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736, 0x00f0_67aa_0ba9_02b7));
        assert_eq!(caller(header), known);
        for wrong in ["", "00-0-0-01", "00-xyz-1-01", "00-00000000000000000000000000000000-1-01"] {
            assert_eq!(caller(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn numbers_are_not_given_twice() {
        let given: std::collections::BTreeSet<u64> = (0..10_000).map(|_| fresh()).collect();
        assert_eq!(given.len(), 10_000);
    }
}
