//! What a company folder says of plugins, held against what is here: the difference in words, and carried out
//! by the same verbs as everywhere. A plugin that no folder names is left as it is, and so is all that a folder
//! does not say of one that it names: who administers a plugin in the browser goes on doing so.
//! Not here: reading the folder (`server::wishes`).
//! INVARIANT: nothing is done while anything is wrong, and nothing but what was shown.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use fondaco_schema::Schema;
use fondaco_schema::plugin::{Grants, Manifest, OnFailure, RunsAs};
use fondaco_values::Problem;
use serde::Serialize;

use super::rows::{self, Kept, State, Version};
use super::verbs::{self, Grant};
use super::words::{self, Before, Line, Need};
use super::{install, may};
use crate::error::{Error, Result, refuse_if_any};
use crate::module::Registry;
use crate::permissions::Right;
use crate::plan::{self, Desired};
use crate::plugins::digest;
use crate::{Ctx, Kernel};

/// What a folder says of one plugin.
#[derive(Clone, Debug)]
pub struct Wish {
    pub id: String,
    /// The package, byte for byte.
    pub package: Arc<Vec<u8>>,
    pub version: String,
    /// What is accepted of it; `None` leaves that to others.
    pub grant: Option<Grant>,
    pub settings: BTreeMap<String, String>,
    /// In force, or out of it; `None` leaves it as it is.
    pub enabled: Option<bool>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    Install,
    Grant,
    Set,
    Enable,
    RollBack,
    Disable,
}

/// One verb that brings a plugin nearer to what the folder says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Deed {
    pub plugin: String,
    pub verb: Verb,
    /// In words.
    pub what: String,
    /// What it may then, and what it adds, as far as that changes.
    pub lines: Vec<Line>,
    /// Nobody has installed the plugin here before.
    pub is_new: bool,
}

/// Where a folder and what is here differ.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Unlike {
    pub deeds: Vec<Deed>,
    /// What is in the way; the field is the plugin's id.
    pub problems: Vec<Problem>,
}

impl Unlike {
    pub fn is_empty(&self) -> bool {
        self.deeds.is_empty() && self.problems.is_empty()
    }

    /// Of plugins that were never here: nobody has decided anything about them yet.
    #[must_use]
    pub fn only_new(mut self) -> Unlike {
        self.deeds.retain(|deed| deed.is_new);
        self
    }
}

impl fmt::Display for Unlike {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return Ok(());
        }
        writeln!(f, "Plugins:")?;
        for deed in &self.deeds {
            let sign = match deed.verb {
                Verb::Install => '+',
                Verb::Disable => '-',
                _ => '~',
            };
            writeln!(f, "  {sign} {}: {}", deed.plugin, deed.what)?;
            for Line { kind, what, why, change } in &deed.lines {
                let sign = if *change == "less" { '-' } else { '+' };
                let why = if why.is_empty() { String::new() } else { format!(" — {why}") };
                writeln!(f, "      {sign} {kind:<9} {what}{why}")?;
            }
        }
        for problem in &self.problems {
            writeln!(f, "  IN THE WAY: {}: {}", problem.field, problem.message)?;
        }
        Ok(())
    }
}

/// Where the folder's plugins and what is here differ, with the schema that the folder wants. Changes
/// nothing.
///
/// # Errors
/// `Forbidden` for whoever is no administrator; what is wrong with a package is told in the answer.
pub async fn compare(
    kernel: &Kernel,
    ctx: &Ctx,
    desired: &Desired,
    wishes: &[Wish],
) -> Result<Unlike> {
    may(ctx, Right::Read)?;
    let mut found = Unlike::default();
    if wishes.is_empty() {
        return Ok(found);
    }
    let registry = kernel.registry_of(&plan::with_plugins(kernel, desired).await?)?;
    for wish in wishes {
        match deeds(kernel, ctx, &registry, wish).await {
            Ok(deeds) => found.deeds.extend(deeds),
            Err(Error::Invalid(problems)) => {
                let of_it = |problem: Problem| Problem { field: wish.id.clone(), ..problem };
                found.problems.extend(problems.into_iter().map(of_it));
            }
            Err(Error::Conflict { code, message }) => {
                found.problems.push(Problem::new(&wish.id, code, message));
            }
            Err(other) => return Err(other),
        }
    }
    Ok(found)
}

/// Does what was shown, plugin by plugin. Each verb is one transaction: who is interrupted goes on with the
/// next try.
///
/// # Errors
/// `Invalid` with what is in the way; `Conflict` when something has changed since it was shown.
pub async fn carry_out(
    kernel: &Kernel,
    ctx: &Ctx,
    (desired, wishes): (&Desired, &[Wish]),
    shown: &Unlike,
) -> Result<()> {
    may(ctx, Right::Write)?;
    refuse_if_any(shown.problems.clone())?;
    let now = compare(kernel, ctx, desired, wishes).await?;
    if shown.deeds.iter().any(|deed| !now.deeds.contains(deed)) {
        let message = "Since the plan was made, plugins were changed; make a new plan.".to_owned();
        return Err(Error::Conflict { code: "stale_plan", message });
    }
    for deed in &shown.deeds {
        let wish = wishes.iter().find(|wish| wish.id == deed.plugin);
        let Some(wish) = wish else { continue };
        let (id, version) = (wish.id.as_str(), Some(wish.version.clone()));
        let stands = match deed.verb {
            Verb::Install => {
                install::install(kernel, ctx, wish.package.to_vec()).await?;
                continue;
            }
            Verb::Grant => verbs::grant(kernel, ctx, id, accepted(wish)).await,
            Verb::Set => {
                let own =
                    wish.settings.iter().map(|(name, value)| (name.clone(), Some(value.clone())));
                verbs::set_of(kernel, ctx, (id, version), own.collect()).await
            }
            Verb::Enable => verbs::enable(kernel, ctx, id, version).await,
            Verb::RollBack => verbs::rollback(kernel, ctx, id).await,
            Verb::Disable => verbs::disable(kernel, ctx, id).await,
        };
        stands?;
    }
    Ok(())
}

/// What is accepted of exactly the version that the folder names.
fn accepted(wish: &Wish) -> Grant {
    let grant = wish.grant.clone().unwrap_or_default();
    Grant { version: Some(wish.version.clone()), settings: BTreeMap::new(), ..grant }
}

/// A plugin of the folder beside what is here of it.
struct Side<'w> {
    wish: &'w Wish,
    manifest: Manifest,
    kept: Option<Kept>,
    /// It was accepted before, or asks for no more than what was.
    is_granted: bool,
    /// The schema with what it adds.
    schema: Schema,
}

async fn deeds(
    kernel: &Kernel,
    ctx: &Ctx,
    registry: &Arc<Registry>,
    wish: &Wish,
) -> Result<Vec<Deed>> {
    let id = wish.id.clone();
    let kept = kernel.read(ctx, move |tx| {
        let id = id.clone();
        Box::pin(async move { rows::find(tx, &id).await })
    });
    let kept = kept.await?;
    let digest = digest(&wish.package);
    let here = kept.as_ref().and_then(|kept| kept.of_version(&wish.version));
    let here = here.filter(|version| version.package == digest).cloned();
    let mut deeds = Vec::new();
    let side = match here {
        Some(version) => Side {
            wish,
            manifest: version.read()?,
            is_granted: version.grants.is_some(),
            kept,
            schema: registry.schema.as_ref().clone(),
        },
        None => {
            let (side, deed) = new_version(kernel, ctx, (registry, wish), kept).await?;
            deeds.push(deed);
            side
        }
    };
    deeds.extend(side.grant()?);
    deeds.extend(side.set()?);
    deeds.extend(side.turn()?);
    let is_new = side.kept.is_none();
    Ok(deeds.into_iter().map(|deed| Deed { is_new, ..deed }).collect())
}

/// A version that was not installed here.
async fn new_version<'w>(
    kernel: &Kernel,
    ctx: &Ctx,
    (registry, wish): (&Arc<Registry>, &'w Wish),
    kept: Option<Kept>,
) -> Result<(Side<'w>, Deed)> {
    let fit = install::fit_on(kernel, registry.clone(), wish.package.clone()).await?;
    let manifest = fit.manifest().clone();
    let own = (manifest.id.as_str(), manifest.version.to_string());
    if own != (wish.id.as_str(), wish.version.clone()) {
        let message = format!(
            "Its file is {} {}, and the folder says {} {}: write what it is.",
            own.0, own.1, wish.id, wish.version
        );
        return Err(Error::problem("", "version", message));
    }
    let schema = fit.schema().clone();
    let plan = install::examined(kernel, ctx, fit).await?;
    let mut what = format!("{} is installed", plan.version);
    if let Some(from) = plan.from.as_ref().filter(|from| **from != plan.version) {
        what.push_str(&format!(", beside {from}"));
    }
    if !plan.key_is_known {
        what.push_str(&format!("; its publisher's key is pinned: {}", plan.key));
    }
    let lines = plan.lines.into_iter().filter(|line| line.change != "same").collect();
    let is_granted = plan.need == Need::Nothing;
    Ok((Side { wish, manifest, kept, is_granted, schema }, wish.deed(Verb::Install, what, lines)))
}

impl Wish {
    fn deed(&self, verb: Verb, what: String, lines: Vec<Line>) -> Deed {
        Deed { plugin: self.id.clone(), verb, what, lines, is_new: false }
    }
}

impl Side<'_> {
    /// The version of the folder, where it is here already.
    fn here(&self) -> Option<&Version> {
        self.kept.as_ref().and_then(|kept| kept.of_version(&self.wish.version))
    }

    fn grant(&self) -> Result<Option<Deed>> {
        let Some(grant) = &self.wish.grant else { return Ok(None) };
        let wanted = verbs::granted(&self.manifest, &accepted(self.wish), &self.schema)?;
        let before = self.here().and_then(|version| version.grants.as_ref());
        let is_same = |before: &Grants| {
            let own = Grants { settings: wanted.settings.clone(), ..before.clone() };
            own == wanted
        };
        if before.is_some_and(is_same) {
            return Ok(None);
        }
        let much = match grant.capabilities {
            Some(_) => "a part of what it asks for",
            None => "what it asks for",
        };
        let whose = match &wanted.runs_as {
            RunsAs::Caller => "whoever it works for".to_owned(),
            RunsAs::Role(role) => format!("the role {role}"),
        };
        let mut what = format!(
            "{} is granted {much}, and works with the rights of {whose}",
            self.wish.version
        );
        for (hook, failure) in &wanted.on_failure {
            let then = match failure {
                OnFailure::Refuse => "what it is asked about is refused",
                OnFailure::Flag => "what it is asked about goes on",
            };
            what.push_str(&format!("; when {hook} fails, {then}"));
        }
        // What a new version asks for is told where it is installed.
        let lines = match self.here() {
            Some(version) => {
                let manifest = version.read()?;
                let before = before.map(|grants| Before { manifest: &manifest, grants });
                let lines = words::lines(&self.manifest, before.as_ref()).into_iter();
                lines.filter(|line| line.change != "same").collect()
            }
            None => Vec::new(),
        };
        Ok(Some(self.wish.deed(Verb::Grant, what, lines)))
    }

    fn set(&self) -> Result<Option<Deed>> {
        refuse_if_any(verbs::unset(&self.manifest, &self.wish.settings))?;
        let mut told = Vec::new();
        for (name, value) in &self.wish.settings {
            let kept = self.kept.as_ref().and_then(|kept| kept.settings.get(name));
            let default = self.manifest.settings.get(name).and_then(|own| own.default.as_ref());
            if kept != Some(value) {
                let was = match (kept, default) {
                    (Some(kept), _) => format!("it was {kept:?}"),
                    (None, Some(default)) => format!("its default is {default:?}"),
                    (None, None) => "it had none".to_owned(),
                };
                told.push(format!("{name} is set to {value:?} ({was})"));
            }
        }
        let deed = || self.wish.deed(Verb::Set, told.join("; "), Vec::new());
        Ok((!told.is_empty()).then(deed))
    }

    /// Into force or out of it.
    fn turn(&self) -> Result<Option<Deed>> {
        let version = &self.wish.version;
        let kept = self.kept.as_ref();
        let state = kept.map_or(State::Installed, |kept| kept.state);
        let deed = |verb, what: String| Ok(Some(self.wish.deed(verb, what, Vec::new())));
        match self.wish.enabled {
            None => Ok(None),
            Some(false) if state == State::Enabled => {
                let what = "it is taken out of force, and out of sight what it added".to_owned();
                deed(Verb::Disable, what)
            }
            Some(false) => Ok(None),
            Some(true) if self.wish.grant.is_none() && !self.is_granted => {
                let message = format!(
                    "{version} is to be in force, and nobody has granted it what it asks for: write \
                     `grant = true` below it, or accept it with `fondaco plugin grant {}`.",
                    self.wish.id
                );
                Err(Error::problem("", "not_granted", message))
            }
            Some(true) => {
                let Some(kept) = kept else {
                    return deed(Verb::Enable, format!("{version} is put in force"));
                };
                let current = kept.version.as_str();
                if state == State::Enabled && current == version {
                    return Ok(None);
                }
                if !verbs::goes_down(kept, version) {
                    return deed(Verb::Enable, format!("{version} is put in force"));
                }
                if kept.previous.as_ref() == Some(version) {
                    let what =
                        format!("{version} is put in force again, in the place of {current}");
                    return deed(Verb::RollBack, what);
                }
                let message = format!(
                    "{current} was in force already, and {version} is older: versions only go up, \
                     and back to the one that was in force before."
                );
                Err(Error::problem("", "downgrade", message))
            }
        }
    }
}
