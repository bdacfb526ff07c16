//! Asking a plugin, and what becomes of the deed when it does not answer: limits of a transaction, the
//! rest after failures, refused or flagged, and who is told why.
//! INVARIANT: a plugin that fails has changed nothing; what it said before counts as not said.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use fondaco_schema::Model;
use fondaco_schema::plugin::OnFailure;
use fondaco_values::{AnyId, Timestamp};
use serde_json::{Map, json};
use tracing::Instrument;

use super::breaker::Breakers;
use super::desk::TxDesk;
use super::recorder::{self, Heard, Listening, Seen};
use super::talk::{Answer, Ask, Call, Called, Desk, Failed, Failure, Spent, Word};
use super::{Asked, CALLS_MAX, CPU_US_MAX, EFFECTS_MAX, LIMIT};
use crate::{Ctx, Error, Kernel, Result, Tx, audit, kernel};

/// Troubles that are remembered for the administrator.
const TROUBLES_KEPT: usize = 200;

/// What plugins have used of one transaction.
#[derive(Debug, Default)]
pub(crate) struct Turn {
    calls: u32,
    cpu_us: u64,
    /// Ids of the plugins whose effects are being applied, the innermost last.
    pub(super) acting: Vec<String>,
}

/// What the process knows of its plugins; no rollback takes it back.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    breakers: Breakers,
    tallies: Mutex<BTreeMap<(String, String), Tally>>,
    troubles: Mutex<Troubles>,
}

#[derive(Debug, Default)]
struct Troubles {
    last: VecDeque<Trouble>,
    /// Of deeds that were refused, so that nothing of them is in the audit yet.
    unwritten: Vec<Trouble>,
}

/// How often a hook was asked since the start of the process, and how it went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub calls: u64,
    pub cpu_us: u64,
    pub failed: BTreeMap<Failed, u64>,
}

/// A failure of a plugin and what became of the deed.
#[derive(Clone, Debug)]
pub struct Trouble {
    pub at: Timestamp,
    pub plugin: String,
    pub version: String,
    pub hook: String,
    pub kind: Failed,
    pub reason: String,
    pub model: String,
    pub record: AnyId,
    pub outcome: OnFailure,
}

impl Kernel {
    /// By id of the plugin and name of the hook.
    pub fn plugin_tallies(&self) -> BTreeMap<(String, String), Tally> {
        let tallies = self.shared().watch.tallies.lock();
        tallies.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The last failures of plugins, the newest last.
    pub fn plugin_troubles(&self) -> Vec<Trouble> {
        let troubles = self.shared().watch.troubles.lock();
        troubles.unwrap_or_else(PoisonError::into_inner).last.iter().cloned().collect()
    }

    /// Writes down why deeds were refused for the sake of plugins: they left nothing else behind.
    pub(crate) async fn note_troubles(&self, ctx: &Ctx) {
        let unwritten = {
            let troubles = self.shared().watch.troubles.lock();
            std::mem::take(&mut troubles.unwrap_or_else(PoisonError::into_inner).unwritten)
        };
        if unwritten.is_empty() {
            return;
        }
        let written = self
            .aside(crate::db::Kind::Write, ctx, move |tx| {
                for trouble in &unwritten {
                    note(tx, trouble);
                }
                Box::pin(async { Ok(()) })
            })
            .await;
        if let Err(error) = written {
            tracing::error!(%error, "why a plugin failed could not be written to the audit");
        }
    }
}

fn note(tx: &mut Tx, trouble: &Trouble) {
    let Some(model) = tx.schema().model(&trouble.model).cloned() else { return };
    let mut changes = Map::new();
    for (name, value) in [
        ("plugin", format!("{} {}", trouble.plugin, trouble.version)),
        ("hook", trouble.hook.clone()),
        ("failure", trouble.kind.name().to_owned()),
        ("reason", trouble.reason.clone()),
    ] {
        changes.insert(name.to_owned(), json!([null, value]));
    }
    let action = match trouble.outcome {
        OnFailure::Refuse => "plugin_refused",
        OnFailure::Flag => "plugin_failed",
    };
    let entry = audit::Entry { record: trouble.record, action: action.to_owned(), changes };
    audit::write(tx, &model, vec![entry]);
}

/// How one asks: while a user waits, or with a desk at which the plugin may ask back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    Pure,
    AtDesk,
}

/// Asks one hook.
///
/// # Errors
/// `Conflict` when the plugins of this transaction have used what they may; what loses the transaction.
pub(super) async fn ask(
    tx: &mut Tx,
    asked: &Asked,
    ask: Ask,
    manner: Manner,
) -> Result<Word<Answer>> {
    let (plugin, shared) = (&asked.plugin, tx.shared().clone());
    if let Some(failure) = rests(&shared, asked, tx.now()) {
        return Ok(Err(failure));
    }
    spend(tx, asked)?;
    let call = Call {
        hook: asked.name.clone(),
        ask,
        now: tx.now(),
        seed: u64::from_le_bytes(tx.random()?),
        language: tx.ctx().language().to_owned(),
    };
    let (span, expected) = (span(asked), Expected::of(&call.ask));
    let plugins = shared.plugins.clone();
    let mut asked_back = None;
    let called = match manner {
        Manner::Pure => plugins.call(plugin, &call, None).instrument(span.clone()).await,
        Manner::AtDesk => {
            let mut desk = TxDesk::new(tx, plugin.clone());
            let mut listening = Listening::at(&mut desk);
            let called = plugins.call(plugin, &call, Some(&mut listening));
            let called = called.instrument(span.clone()).await;
            asked_back = Some(listening.heard);
            if let Some(lost) = desk.lost() {
                return Err(lost);
            }
            called
        }
    };
    if manner == Manner::Pure {
        tx.turn.cpu_us += called.spent.cpu_us;
    }
    Ok(heard(&shared, asked, (expected, span), (call, asked_back), called))
}

/// Asks one hook outside of any transaction.
pub(super) async fn ask_apart(
    shared: &Arc<kernel::Shared>,
    asked: &Asked,
    call: Call,
    desk: &mut dyn Desk,
) -> Word<Answer> {
    if let Some(failure) = rests(shared, asked, call.now) {
        return Err(failure);
    }
    let (span, expected) = (span(asked), Expected::of(&call.ask));
    let plugins = shared.plugins.clone();
    let mut listening = Listening::at(desk);
    let called = plugins.call(&asked.plugin, &call, Some(&mut listening));
    let called = called.instrument(span.clone()).await;
    let asked_back = Some(listening.heard);
    heard(shared, asked, (expected, span), (call, asked_back), called)
}

fn rests(shared: &kernel::Shared, asked: &Asked, now: Timestamp) -> Option<Failure> {
    let why = shared.watch.breakers.rests(&asked.plugin.digest, &asked.name, now)?;
    let failure = Failure::new(Failed::Paused, why);
    count(shared, asked, Spent::default(), Some(&failure));
    Some(failure)
}

fn span(asked: &Asked) -> tracing::Span {
    let (plugin, hook) = (&asked.plugin, asked.name.as_str());
    tracing::info_span!(
        "plugin",
        plugin = plugin.manifest.id,
        version = %plugin.manifest.version,
        hook,
        outcome = tracing::field::Empty,
        cpu_us = tracing::field::Empty,
        memory_bytes = tracing::field::Empty,
        host_calls = tracing::field::Empty,
    )
}

/// What was said, if it has the shape that it must have; noted either way.
fn heard(
    shared: &kernel::Shared,
    asked: &Asked,
    (expected, span): (Expected, tracing::Span),
    (call, asked_back): (Call, Option<Vec<Heard>>),
    Called { outcome, spent }: Called,
) -> Word<Answer> {
    let outcome = outcome.and_then(|answer| expected.met(answer));
    span.record("outcome", outcome.as_ref().map_or_else(|f| f.kind.name(), |_| "answered"));
    span.record("cpu_us", spent.cpu_us);
    span.record("memory_bytes", spent.memory_bytes);
    span.record("host_calls", spent.host_calls);
    let now = call.now;
    judge(shared, asked, now, outcome.as_ref().err());
    count(shared, asked, spent, outcome.as_ref().err());
    // Only of a plugin that came in a package.
    let watched = shared.force.watched(&asked.plugin.manifest.id);
    if let Some(watched) = watched
        && recorder::wants(&watched, asked_back.as_deref(), &outcome)
    {
        let (plugin, outcome) = (asked.plugin.clone(), outcome.clone());
        recorder::see(shared, Seen { plugin, call, at: now, heard: asked_back, outcome, spent });
    }
    outcome
}

/// One call more, if this transaction may have one.
fn spend(tx: &mut Tx, asked: &Asked) -> Result<()> {
    tx.turn.calls += 1;
    let what = if tx.turn.calls > CALLS_MAX {
        format!("plugins were asked {CALLS_MAX} times")
    } else if tx.turn.cpu_us > CPU_US_MAX {
        format!("plugins have used {} ms", CPU_US_MAX / 1_000)
    } else {
        return Ok(());
    };
    let message = format!(
        "This is too much at once for plugins: {what}, and {} is asked still. Do it in smaller parts.",
        asked.plugin.title()
    );
    Err(Error::Conflict { code: LIMIT, message })
}

fn judge(shared: &kernel::Shared, asked: &Asked, now: Timestamp, failure: Option<&Failure>) {
    let (breakers, plugin) = (&shared.watch.breakers, &asked.plugin);
    match failure {
        None => breakers.answered(&plugin.digest, &asked.name),
        Some(failure) if failure.kind.is_strike() => {
            breakers.failed(&plugin.digest, &asked.name, now, &failure.message);
        }
        Some(_) => {}
    }
}

fn count(shared: &kernel::Shared, asked: &Asked, spent: Spent, failure: Option<&Failure>) {
    let mut tallies = shared.watch.tallies.lock().unwrap_or_else(PoisonError::into_inner);
    let key = (asked.plugin.manifest.id.clone(), asked.name.clone());
    let tally = tallies.entry(key).or_default();
    tally.calls += 1;
    tally.cpu_us += spent.cpu_us;
    if let Some(failure) = failure {
        *tally.failed.entry(failure.kind).or_default() += 1;
    }
}

/// The shape that an answer must have.
enum Expected {
    Verdicts(usize),
    Ruling,
    Effects,
    Done,
    Steps(usize),
    Page,
}

impl Expected {
    fn of(ask: &Ask) -> Expected {
        match ask {
            Ask::Save(told) => Expected::Verdicts(told.len()),
            Ask::Guard { .. } => Expected::Ruling,
            Ask::After { .. } | Ask::Event { .. } | Ask::Job { .. } => Expected::Effects,
            Ask::Act { .. } => Expected::Done,
            Ask::Price(prices) => Expected::Steps(prices.len()),
            Ask::Request(_) => Expected::Page,
        }
    }

    fn met(&self, answer: Answer) -> Word<Answer> {
        let wrong = |message: String| Err(Failure::new(Failed::Output, message));
        let effects = match (&answer, self) {
            (Answer::Verdicts(verdicts), Expected::Verdicts(wanted)) => {
                if verdicts.len() != *wanted {
                    return wrong(format!("{} answers to {wanted} records", verdicts.len()));
                }
                return Ok(answer);
            }
            (Answer::Steps(steps), Expected::Steps(wanted)) => {
                if steps.len() != *wanted {
                    return wrong(format!("{} answers to {wanted} prices", steps.len()));
                }
                return Ok(answer);
            }
            (Answer::Ruling(super::Ruling::Hold { effects, .. }), Expected::Ruling) => effects,
            (Answer::Ruling(_), Expected::Ruling) => return Ok(answer),
            (Answer::Effects(effects), Expected::Effects) => effects,
            (Answer::Done { effects, .. }, Expected::Done) => effects,
            (Answer::Page(page), Expected::Page) => &page.effects,
            _ => return wrong("an answer to another question".to_owned()),
        };
        match effects.len() {
            many if many > EFFECTS_MAX => wrong(format!("{many} effects, at most {EFFECTS_MAX}")),
            _ => Ok(answer),
        }
    }
}

/// What becomes of a deed that a plugin failed: it is refused, or goes on and says so in the audit of
/// each record.
///
/// # Errors
/// `Conflict` with the reason, when it is refused.
pub(super) fn bear(
    tx: &mut Tx,
    asked: &Asked,
    (model, records): (&Model, &[AnyId]),
    failure: Failure,
) -> Result<()> {
    let plugin = &asked.plugin;
    let own = asked.hook().map(|hook| hook.on_failure).unwrap_or_default();
    let outcome = plugin.grants.on_failure.get(&asked.name).copied().unwrap_or(own);
    tracing::warn!(
        plugin = plugin.manifest.id,
        hook = asked.name,
        failure = failure.kind.name(),
        reason = failure.message,
        model = model.name,
        "a plugin failed"
    );
    for record in records {
        let trouble = Trouble {
            at: tx.now(),
            plugin: plugin.manifest.id.clone(),
            version: plugin.manifest.version.to_string(),
            hook: asked.name.clone(),
            kind: failure.kind,
            reason: failure.message.clone(),
            model: model.name.clone(),
            record: *record,
            outcome,
        };
        if outcome == OnFailure::Flag {
            note(tx, &trouble);
        }
        remember(tx, trouble);
    }
    match outcome {
        OnFailure::Flag => Ok(()),
        OnFailure::Refuse => {
            let message = format!(
                "The plugin {} has to be asked about this and did not answer: {}. Nothing was \
                 changed. An administrator can mend it, or have this go on without it.",
                plugin.title(),
                failure.message.trim_end_matches('.')
            );
            Err(Error::Conflict { code: "plugin_failed", message })
        }
    }
}

fn remember(tx: &Tx, trouble: Trouble) {
    let mut troubles = tx.shared().watch.troubles.lock().unwrap_or_else(PoisonError::into_inner);
    if trouble.outcome == OnFailure::Refuse && troubles.unwritten.len() < TROUBLES_KEPT {
        // A unit of work that runs again tells it again.
        let known = |other: &Trouble| {
            (other.at, &other.plugin, &other.hook, other.record)
                == (trouble.at, &trouble.plugin, &trouble.hook, trouble.record)
        };
        if !troubles.unwritten.iter().any(known) {
            troubles.unwritten.push(trouble.clone());
        }
    }
    if troubles.last.len() == TROUBLES_KEPT {
        troubles.last.pop_front();
    }
    troubles.last.push_back(trouble);
}
