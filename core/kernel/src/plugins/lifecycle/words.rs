//! What a plugin may, in words for whoever grants it, and how a version differs from the one before: more,
//! less or the same. Everything that a manifest asks for is told, whatever kind it is of, so that nothing
//! new goes unseen.

use std::collections::BTreeMap;

use fondaco_schema::plugin::{Capabilities, Grants, Hook, Limits, Manifest, OnFailure, Point};
use serde::Serialize;
use serde_json::Value as Json;

/// What an installation comes to.
#[derive(Clone, Debug, Serialize)]
pub struct InstallPlan {
    pub id: String,
    pub name: String,
    pub help: String,
    pub version: String,
    /// The version that it would take the place of.
    pub from: Option<String>,
    pub key: String,
    /// The key was pinned before; else this installation pins it.
    pub key_is_known: bool,
    pub need: Need,
    pub lines: Vec<Line>,
    pub settings: Vec<String>,
    /// Those of its settings that are secrets.
    pub secrets: Vec<String>,
}

/// Whether somebody has to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Need {
    /// It asks for nothing that was not granted before.
    Nothing,
    /// It waits for a grant.
    Grant,
}

/// One thing that it may, or is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// `read`, `write`, `hook`, `limit`, …
    pub kind: String,
    pub what: String,
    pub why: String,
    /// `more`, `less` or `same`, beside what was granted before.
    pub change: &'static str,
}

impl std::fmt::Display for InstallPlan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} ({})", self.id, self.version, self.name)?;
        match &self.from {
            Some(from) if *from != self.version => writeln!(f, ", in the place of {from}")?,
            _ => writeln!(f)?,
        }
        if !self.help.is_empty() {
            writeln!(f, "  {}", self.help)?;
        }
        let known = if self.key_is_known { "known" } else { "new: it is pinned from now on" };
        writeln!(f, "  signed with {} ({known})", self.key)?;
        for line in &self.lines {
            let sign = match line.change {
                "more" => '+',
                "less" => '-',
                _ => ' ',
            };
            write!(f, "{sign} {:<9} {}", line.kind, line.what)?;
            match line.why.as_str() {
                "" => writeln!(f)?,
                why => writeln!(f, " — {why}")?,
            }
        }
        for setting in &self.settings {
            writeln!(f, "  setting   {setting}")?;
        }
        match self.need {
            Need::Grant => writeln!(f, "It waits for a grant: what is marked + is new."),
            Need::Nothing => writeln!(f, "It asks for nothing that was not granted before."),
        }
    }
}

/// What was accepted before: its grants, and where it was asked.
pub(super) struct Before<'b> {
    pub(super) manifest: &'b Manifest,
    pub(super) grants: &'b Grants,
}

/// Everything that a manifest asks for, beside what was accepted before.
pub(super) fn lines(manifest: &Manifest, before: Option<&Before<'_>>) -> Vec<Line> {
    let mut lines = Vec::new();
    let granted = before.map(|before| units(&before.grants.capabilities)).unwrap_or_default();
    lines.extend(told(&units(&manifest.capabilities), &granted));
    let own = places(manifest);
    let asked = before.map(|before| places(before.manifest)).unwrap_or_default();
    lines.extend(told(&own, &asked));
    let most = before.map(|before| before.grants.limits);
    lines.extend(limits(manifest.limits, most));
    lines
}

/// Whether it asks for anything that was not accepted.
pub(super) fn need(lines: &[Line]) -> Need {
    match lines.iter().any(|line| line.change == "more") {
        true => Need::Grant,
        false => Need::Nothing,
    }
}

/// By kind and thing: why.
type Units = BTreeMap<(String, String), String>;

fn told(own: &Units, before: &Units) -> Vec<Line> {
    let line = |(kind, what): &(String, String), why: &str, change| Line {
        kind: kind.clone(),
        what: what.clone(),
        why: why.to_owned(),
        change,
    };
    let now = own.iter().map(|(unit, why)| {
        let change = if covers(before, unit) { "same" } else { "more" };
        line(unit, why, change)
    });
    let gone = before.iter().filter(|(unit, _)| !covers(own, unit));
    now.chain(gone.map(|(unit, why)| line(unit, why, "less"))).collect()
}

/// Whether one of them is it, or all fields or actions of the same.
fn covers(units: &Units, (kind, what): &(String, String)) -> bool {
    let is_there = |what: &str| units.contains_key(&(kind.clone(), what.to_owned()));
    is_there(what) || what.rsplit_once('.').is_some_and(|(of, _)| is_there(&format!("{of}.*")))
}

/// Each single thing that is asked for, out of what capabilities are written as: those that a later
/// version of the contract adds are told too.
fn units(capabilities: &Capabilities) -> Units {
    let mut units = Units::new();
    let Ok(Json::Object(all)) = serde_json::to_value(capabilities) else { return units };
    for (kind, value) in all {
        unit(&kind, &value, &mut units);
    }
    units
}

fn unit(kind: &str, value: &Json, into: &mut Units) {
    match value {
        Json::Array(items) => items.iter().for_each(|item| unit(kind, item, into)),
        Json::Object(own) => {
            let word = |key: &str| own.get(key).and_then(Json::as_str).unwrap_or_default();
            let of: Vec<&str> = ["fields", "actions", "accounts"]
                .iter()
                .filter_map(|key| own.get(*key)?.as_array())
                .flatten()
                .filter_map(Json::as_str)
                .collect();
            let why = word("why").to_owned();
            let subject = [word("model"), word("journal")].concat();
            if subject.is_empty() {
                let what = own.iter().filter(|(key, _)| *key != "why");
                let what: Vec<String> = what
                    .map(|(key, value)| match value {
                        Json::String(text) => text.clone(),
                        value => format!("{key} {value}"),
                    })
                    .collect();
                if !what.is_empty() {
                    into.insert((kind.to_owned(), what.join(", ")), why);
                }
                return;
            }
            for name in of {
                into.insert((kind.to_owned(), format!("{subject}.{name}")), why.clone());
            }
        }
        Json::Null | Json::Bool(false) => {}
        Json::Bool(true) => {
            let what = match kind {
                "standing" => "the credit standing of customers",
                _ => "",
            };
            into.insert((kind.to_owned(), what.to_owned()), String::new());
        }
        // None of it is nothing asked.
        Json::Number(number) if number.as_u64() == Some(0) => {}
        Json::Number(number) => {
            drop(into.insert((kind.to_owned(), number.to_string()), String::new()))
        }
        Json::String(text) => drop(into.insert((kind.to_owned(), text.clone()), String::new())),
    }
}

/// Where it is asked: each hook on each of its models, actions and events.
fn places(manifest: &Manifest) -> Units {
    let mut units = Units::new();
    for (name, hook) in &manifest.hooks {
        for what in places_of(hook) {
            let failure = match hook.on_failure {
                OnFailure::Refuse if hook.point.is_pure() => "without its answer, it is refused",
                _ => "without its answer, it goes on",
            };
            let why = format!("{name}: {failure}");
            units.insert(("hook".to_owned(), what), why);
        }
    }
    units
}

fn places_of(hook: &Hook) -> Vec<String> {
    let over = |verb: &str| -> Vec<String> {
        let all = hook.models.iter().flat_map(|m| hook.actions.iter().map(move |a| (m, a)));
        all.map(|(model, action)| format!("{verb} {action} of {model}")).collect()
    };
    match hook.point {
        Point::Save => hook.models.iter().map(|model| format!("before {model} is saved")).collect(),
        Point::Guard => over("before"),
        Point::Effect => over("after"),
        Point::Action => over("does"),
        Point::Price => vec!["in every price".to_owned()],
        Point::Event => hook.events.iter().map(|event| format!("hears {event}")).collect(),
        Point::Job => {
            let by_itself = hook.schedule.iter().map(|at| format!("works by itself at `{at}`"));
            by_itself.chain(["works later, when it asked for it".to_owned()]).collect()
        }
        Point::Request => {
            let whom = match &hook.secret {
                Some(secret) => format!("whoever brings the secret {secret}"),
                None => "users who are signed in".to_owned(),
            };
            let answers = |method: &String| format!("answers {method} {} to {whom}", hook.path);
            hook.methods.iter().map(answers).collect()
        }
    }
}

fn limits(asked: Limits, granted: Option<Limits>) -> Vec<Line> {
    let of = |limits: Limits| [limits.cpu_ms, limits.memory_mib, limits.host_calls];
    let most = granted.map(of);
    let words = ["ms of processor time a call", "MiB of memory", "calls to the host"];
    let each = of(asked).into_iter().zip(words).enumerate();
    each.map(|(at, (many, word))| {
        let change = match most.map(|most| most[at]) {
            Some(most) if many < most => "less",
            Some(most) if many == most => "same",
            _ => "more",
        };
        Line {
            kind: "limit".to_owned(),
            what: format!("{many} {word}"),
            why: String::new(),
            change,
        }
    })
    .collect()
}

/// What is among the first capabilities and not among the second.
pub(super) fn beyond(capabilities: &Capabilities, asked: &Capabilities) -> Vec<String> {
    let (own, asked) = (units(capabilities), units(asked));
    let more = own.keys().filter(|unit| !covers(&asked, unit));
    more.map(|(kind, what)| format!("{kind} {what}")).collect()
}
