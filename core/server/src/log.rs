//! The log: to stderr, as lines for people or as JSON, its level and form changed while running.
//! Spans that are asked for elsewhere go out as traces (`trace`). Not here: what is logged.

use std::sync::OnceLock;

use anyhow::{Context, Result};
use tracing_subscriber::filter::{EnvFilter, LevelFilter, Targets};
use tracing_subscriber::fmt;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::reload::{self, Handle};
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{Log, LogFormat};
use crate::{progress, trace};

/// The two forms of the log, of which one is silent, and the traces.
struct Switches {
    human: Box<dyn Fn(EnvFilter) -> Result<()> + Send + Sync>,
    json: Box<dyn Fn(EnvFilter) -> Result<()> + Send + Sync>,
    traces: Box<dyn Fn(Targets) -> Result<()> + Send + Sync>,
}

static SWITCHES: OnceLock<Switches> = OnceLock::new();

/// Starts the log: for people, at this level, until [`follow`] knows better.
///
/// # Errors
/// When the level cannot be read.
pub fn start(level: &str) -> Result<()> {
    let (human, human_switch) = reload::Layer::new(filter(level)?);
    let (json, json_switch) = reload::Layer::new(silent());
    let (traces, traces_switch) = reload::Layer::new(Targets::new());
    let log = tracing_subscriber::registry()
        .with(fmt::layer().with_writer(std::io::stderr).with_filter(human))
        .with(fmt::layer().json().with_writer(std::io::stderr).with_filter(json))
        .with(trace::Spans.with_filter(traces));
    // A second start in one process (tests) keeps the first log.
    if log.try_init().is_ok() {
        let switches = Switches {
            human: switch(human_switch),
            json: switch(json_switch),
            traces: switch(traces_switch),
        };
        let _ = SWITCHES.set(switches);
    }
    Ok(())
}

fn switch<F, S>(handle: Handle<F, S>) -> Box<dyn Fn(F) -> Result<()> + Send + Sync>
where
    F: Send + Sync + 'static,
    S: 'static,
{
    Box::new(move |filter| handle.reload(filter).context("the log cannot be changed"))
}

/// Takes up the settings of a server; may be called again.
///
/// # Errors
/// When the level cannot be read; the log stays as it was then.
pub fn follow(config: &Log) -> Result<()> {
    let Some(switches) = SWITCHES.get() else { return Ok(()) };
    let for_people = match config.format {
        LogFormat::Human => true,
        LogFormat::Json => false,
        LogFormat::Auto => progress::is_terminal(),
    };
    let (human, json) = match for_people {
        true => (filter(&config.level)?, silent()),
        false => (silent(), filter(&config.level)?),
    };
    (switches.human)(human)?;
    (switches.json)(json)
}

/// Lets the spans of the house through to the traces.
///
/// # Errors
/// When the log is gone.
pub fn trace() -> Result<()> {
    let Some(switches) = SWITCHES.get() else { return Ok(()) };
    let ours = ["fondaco_web", "fondaco_kernel", "fondaco_server"];
    (switches.traces)(Targets::new().with_targets(ours.map(|part| (part, LevelFilter::INFO))))
}

fn filter(level: &str) -> Result<EnvFilter> {
    EnvFilter::try_new(level)
        .with_context(|| format!("log.level is {level:?}: write error, warn, info, debug or trace"))
}

fn silent() -> EnvFilter {
    EnvFilter::default().add_directive(LevelFilter::OFF.into())
}
