//! What an administrator does with a plugin that is installed. Each verb is one transaction, written down,
//! and taken up here before it answers.

use std::collections::BTreeMap;
use std::sync::Arc;

use fondaco_schema::Schema;
use fondaco_schema::plugin::{Capabilities, Grants, Limits, Manifest, OnFailure, RunsAs};
use fondaco_values::Problem;
use indexmap::IndexMap;
use serde::Deserialize;

use super::rows::{self, Kept, State};
use super::words;
use super::{Standing, VersionStanding, may, note};
use crate::error::{Error, Result, refuse_if_any};
use crate::permissions::Right;
use crate::plugins::secrets;
use crate::{Ctx, Kernel, Tx};

/// What is accepted of a version; what is left out is all that its manifest asks for.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Grant {
    /// The newest, where it is not said.
    pub version: Option<String>,
    pub capabilities: Option<Capabilities>,
    pub limits: Option<Limits>,
    pub runs_as: Option<RunsAs>,
    /// By name of hook.
    pub on_failure: IndexMap<String, OnFailure>,
    pub settings: BTreeMap<String, String>,
}

/// All plugins.
///
/// # Errors
/// `Forbidden` for whoever is no administrator.
pub async fn list(kernel: &Kernel, ctx: &Ctx) -> Result<Vec<Standing>> {
    may(ctx, Right::Read)?;
    let all = kernel.read(ctx, |tx| Box::pin(rows::all(tx))).await?;
    Ok(all.into_iter().map(|kept| standing(kernel, kept)).collect())
}

/// One of them.
///
/// # Errors
/// `NotFound`; `Forbidden` for whoever is no administrator.
pub async fn one(kernel: &Kernel, ctx: &Ctx, name: &str) -> Result<Standing> {
    may(ctx, Right::Read)?;
    let name = name.to_owned();
    let kept = kernel.read(ctx, move |tx| {
        let name = name.clone();
        Box::pin(async move { rows::of(tx, &name).await })
    });
    Ok(standing(kernel, kept.await?))
}

fn standing(kernel: &Kernel, kept: Kept) -> Standing {
    let manifest = kept.of_version(&kept.version).and_then(|version| version.read().ok());
    let version = |version: &rows::Version| VersionStanding {
        version: version.version.clone(),
        package: version.package.clone(),
        key: version.key.clone(),
        installed_at: version.at,
        installed_by: version.actor.clone(),
        granted_by: version.granted_by.clone(),
        runs_as: version.grants.as_ref().map(|grants| grants.runs_as.clone()),
    };
    Standing {
        unfit: kernel.shared().force.unfit(&kept.name),
        versions: kept.versions.iter().map(version).collect(),
        name: manifest.map_or_else(|| kept.name.clone(), |manifest| manifest.name),
        id: kept.name,
        state: kept.state,
        version: kept.version,
        previous: kept.previous,
        shadow: kept.shadow,
        recording: kept.recording,
        settings: kept.settings,
    }
}

/// What is noted in the audit.
type Said = Vec<(&'static str, String)>;

/// One change of one plugin, as a whole: read, changed, written, noted, in force.
async fn change(
    kernel: &Kernel,
    ctx: &Ctx,
    (name, action): (&str, &'static str),
    how: impl Fn(&mut Kept, &Schema) -> Result<Said> + Send + Sync + 'static,
) -> Result<Standing> {
    may(ctx, Right::Write)?;
    let (own, how) = (name.to_owned(), Arc::new(how));
    kernel
        .run(ctx, move |tx| {
            let (name, how) = (own.clone(), how.clone());
            Box::pin(async move {
                let mut kept = rows::of(tx, &name).await?;
                let said = how(&mut kept, &tx.schema().clone())?;
                rows::keep(tx, &kept).await?;
                note(tx, kept.id, action, &said);
                Ok(())
            })
        })
        .await?;
    kernel.take_up_plugins().await?;
    one(kernel, ctx, name).await
}

/// Accepts what a version asks for, or a part of it.
///
/// # Errors
/// `Invalid` for what it does not ask for, roles that are not there and values that settings cannot have.
pub async fn grant(kernel: &Kernel, ctx: &Ctx, name: &str, wanted: Grant) -> Result<Standing> {
    may(ctx, Right::Write)?;
    let own = name.to_owned();
    kernel
        .run(ctx, move |tx| {
            let (name, wanted) = (own.clone(), wanted.clone());
            Box::pin(async move { accept(tx, &name, &wanted).await })
        })
        .await?;
    kernel.take_up_plugins().await?;
    one(kernel, ctx, name).await
}

async fn accept(tx: &mut Tx, name: &str, wanted: &Grant) -> Result<()> {
    let mut kept = rows::of(tx, name).await?;
    let version = kept.wanted(wanted.version.as_deref())?.clone();
    let manifest = version.read()?;
    let grants = granted(&manifest, wanted, &tx.schema().clone())?;
    let by = tx.ctx().actor().name().to_owned();
    rows::accept(tx, kept.id, &version.version, (&grants, &by)).await?;
    kept.settings.extend(wanted.settings.clone());
    if kept.state == State::Installed {
        (kept.state, kept.version) = (State::Granted, version.version.clone());
    }
    rows::keep(tx, &kept).await?;
    let lines = words::lines(&manifest, None).into_iter().filter(|line| line.change != "less");
    let lines: Vec<String> = lines.map(|line| format!("{} {}", line.kind, line.what)).collect();
    let runs_as = match &grants.runs_as {
        RunsAs::Caller => "the caller".to_owned(),
        RunsAs::Role(role) => format!("the role {role}"),
    };
    let said = [("version", version.version), ("granted", lines.join("; ")), ("runs_as", runs_as)];
    note(tx, kept.id, "granted", &said);
    Ok(())
}

pub(super) fn granted(manifest: &Manifest, wanted: &Grant, schema: &Schema) -> Result<Grants> {
    let mut problems = Vec::new();
    let mut grants = Grants::all_of(manifest);
    if let Some(capabilities) = &wanted.capabilities {
        for what in words::beyond(capabilities, &manifest.capabilities) {
            let message = format!("It does not ask to {what}, so that cannot be granted.");
            problems.push(Problem::new("capabilities", "not_asked", message));
        }
        grants.capabilities = capabilities.clone();
    }
    if let Some(limits) = wanted.limits {
        grants.limits = limits;
    }
    if let Some(runs_as) = &wanted.runs_as {
        if let RunsAs::Role(role) = runs_as
            && !schema.roles.contains_key(role)
        {
            let near = fondaco_schema::nearest(role, schema.roles.keys().map(String::as_str));
            let near = near.map(|near| format!(" Did you mean {near}?")).unwrap_or_default();
            let message = format!("There is no role {role}.{near}");
            problems.push(Problem::new("runs_as", "unknown", message));
        }
        grants.runs_as = runs_as.clone();
    }
    for hook in wanted.on_failure.keys().filter(|hook| !manifest.hooks.contains_key(*hook)) {
        let message = format!("It has no hook {hook}; it has {}.", names(manifest.hooks.keys()));
        problems.push(Problem::new("on_failure", "unknown", message));
    }
    grants.on_failure.clone_from(&wanted.on_failure);
    problems.extend(unset(manifest, &wanted.settings));
    refuse_if_any(problems)?;
    Ok(grants)
}

fn names<'n>(names: impl Iterator<Item = &'n String>) -> String {
    let all: Vec<&str> = names.map(String::as_str).collect();
    if all.is_empty() { "none".to_owned() } else { all.join(", ") }
}

/// What is wrong with values of settings.
pub(super) fn unset(manifest: &Manifest, settings: &BTreeMap<String, String>) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (name, value) in settings {
        let place = format!("settings.{name}");
        match manifest.settings.get(name) {
            None => {
                let known = names(manifest.settings.keys());
                let message = format!("It has no setting {name}; it has {known}.");
                problems.push(Problem::new(place, "unknown", message));
            }
            Some(setting) if !setting.kind.holds(value) => {
                let message = format!("{value:?} is no {} for {name}.", setting.kind.name());
                problems.push(Problem::new(place, "wrong", message));
            }
            Some(_) => {}
        }
    }
    problems
}

/// Changes settings; `None` goes back to the default. In force with the next call.
///
/// # Errors
/// `Invalid` for settings that it does not have and values that they cannot have.
pub async fn set(
    kernel: &Kernel,
    ctx: &Ctx,
    name: &str,
    settings: BTreeMap<String, Option<String>>,
) -> Result<Standing> {
    set_of(kernel, ctx, (name, None), settings).await
}

/// The same with the settings of a version that is not in force yet.
pub(super) async fn set_of(
    kernel: &Kernel,
    ctx: &Ctx,
    (name, version): (&str, Option<String>),
    settings: BTreeMap<String, Option<String>>,
) -> Result<Standing> {
    change(kernel, ctx, (name, "set"), move |kept, _| {
        let version = version.as_ref().unwrap_or(&kept.version);
        let manifest = kept.wanted(Some(version))?.read()?;
        let given = |(name, value): (&String, &Option<String>)| {
            value.clone().map(|value| (name.clone(), value))
        };
        let values: BTreeMap<String, String> = settings.iter().filter_map(given).collect();
        refuse_if_any(unset(&manifest, &values))?;
        for (name, value) in &settings {
            match value {
                Some(value) => kept.settings.insert(name.clone(), value.clone()),
                None => kept.settings.remove(name),
            };
        }
        let told = serde_json::to_string(&settings).unwrap_or_default();
        Ok(vec![("settings", told)])
    })
    .await
}

/// Sets a secret of a plugin, or takes it away; nobody reads it back.
///
/// # Errors
/// `Invalid` for what is no secret of its manifest.
pub async fn secret(
    kernel: &Kernel,
    ctx: &Ctx,
    name: &str,
    (secret, value): (String, Option<String>),
) -> Result<()> {
    may(ctx, Right::Write)?;
    let name = name.to_owned();
    let set = kernel.run(ctx, move |tx| {
        let (name, secret, value) = (name.clone(), secret.clone(), value.clone());
        Box::pin(async move {
            let kept = rows::of(tx, &name).await?;
            let manifest = kept.wanted(Some(&kept.version))?.read()?;
            secrets::set(tx, &manifest, &secret, value.as_deref()).await
        })
    });
    set.await
}

/// Puts a version in force: the newest that was granted, where it is not said.
///
/// # Errors
/// `Conflict` when it waits for a grant, or is older than the one that was in force.
pub async fn enable(
    kernel: &Kernel,
    ctx: &Ctx,
    name: &str,
    version: Option<String>,
) -> Result<Standing> {
    expanded(kernel, ctx, (name, "enabled"), move |kept, _| {
        let newest = || kept.versions.iter().find(|own| own.grants.is_some());
        let wanted = match &version {
            Some(version) => kept.wanted(Some(version))?,
            None => newest().map_or_else(|| kept.wanted(None), Ok)?,
        };
        if wanted.grants.is_none() {
            let what = format!(
                "{} {} waits for a grant: see what it asks for with `fondaco plugin plan {0}`, and \
                 accept it with `fondaco plugin grant {0}`.",
                kept.name, wanted.version
            );
            return Err(conflict("not_granted", what));
        }
        if goes_down(kept, &wanted.version) {
            let what = format!(
                "{} {} was in force already, and {} is older: versions only go up. `fondaco plugin \
                 rollback {0}` goes back to the version before.",
                kept.name, kept.version, wanted.version
            );
            return Err(conflict("downgrade", what));
        }
        let (wanted, was) = (wanted.version.clone(), was_in_force(kept));
        put_in_force(kept, wanted, was);
        Ok(vec![("version", kept.version.clone())])
    })
    .await
}

fn was_in_force(kept: &Kept) -> bool {
    [State::Enabled, State::Disabled].contains(&kept.state)
}

/// Whether a version is older than the one that is, or was, in force.
pub(super) fn goes_down(kept: &Kept, version: &str) -> bool {
    let number = |version: &str| kept.of_version(version).map(rows::Version::number);
    let (wanted, current) = (number(version), number(&kept.version));
    was_in_force(kept) && wanted.zip(current).is_some_and(|(wanted, current)| wanted < current)
}

/// A change that puts a version in force: what that version adds comes first.
async fn expanded(
    kernel: &Kernel,
    ctx: &Ctx,
    (name, action): (&str, &'static str),
    how: impl Fn(&mut Kept, &Schema) -> Result<Said> + Send + Sync + 'static,
) -> Result<Standing> {
    may(ctx, Right::Write)?;
    let (own, how) = (name.to_owned(), Arc::new(how));
    let tried = how.clone();
    let next = kernel.read(ctx, move |tx| {
        let (name, how) = (own.clone(), tried.clone());
        Box::pin(async move {
            let mut kept = rows::of(tx, &name).await?;
            how(&mut kept, &tx.schema().clone())?;
            kept.wanted(Some(&kept.version)).cloned()
        })
    });
    kernel.expand_for(&next.await?).await?;
    change(kernel, ctx, (name, action), move |kept, schema| how(kept, schema)).await
}

fn put_in_force(kept: &mut Kept, version: String, was: bool) {
    if version != kept.version {
        let before = std::mem::replace(&mut kept.version, version);
        kept.previous = was.then_some(before);
    }
    if kept.shadow.as_ref() == Some(&kept.version) {
        kept.shadow = None;
    }
    kept.state = State::Enabled;
}

/// Takes it out of force, then out of sight what it added. Whatever it was asked about goes on without it;
/// nothing of it is lost.
///
/// # Errors
/// `NotFound`.
pub async fn disable(kernel: &Kernel, ctx: &Ctx, name: &str) -> Result<Standing> {
    change(kernel, ctx, (name, "disabled"), |kept, _| {
        if kept.state != State::Enabled {
            let what = format!("{} is not in force; it is {}.", kept.name, kept.state);
            return Err(conflict("not_enabled", what));
        }
        (kept.state, kept.shadow) = (State::Disabled, None);
        Ok(vec![("version", kept.version.clone())])
    })
    .await?;
    kernel.hide_of(name).await?;
    one(kernel, ctx, name).await
}

/// Goes back to the version that was in force before, with what was granted to it then.
///
/// # Errors
/// `Conflict` when there is none.
pub async fn rollback(kernel: &Kernel, ctx: &Ctx, name: &str) -> Result<Standing> {
    expanded(kernel, ctx, (name, "rolled_back"), |kept, _| {
        let before = kept.previous.clone().filter(|before| {
            kept.of_version(before).is_some_and(|version| version.grants.is_some())
        });
        let Some(before) = before else {
            let what = format!("No version of {} was in force before {}.", kept.name, kept.version);
            return Err(conflict("no_previous", what));
        };
        let from = kept.version.clone();
        put_in_force(kept, before, true);
        Ok(vec![("version", kept.version.clone()), ("from", from)])
    })
    .await
}

/// Runs a version beside the one in force, or none any more. It is told what that one is told and nothing
/// comes of its answers, so it needs no grant.
///
/// # Errors
/// `Conflict` when nothing is in force that it could run beside.
pub async fn shadow(
    kernel: &Kernel,
    ctx: &Ctx,
    name: &str,
    version: Option<String>,
) -> Result<Standing> {
    change(kernel, ctx, (name, "shadow"), move |kept, _| {
        let Some(version) = &version else {
            kept.shadow = None;
            return Ok(vec![("version", String::new())]);
        };
        let wanted = kept.wanted(Some(version))?.version.clone();
        if kept.state != State::Enabled || wanted == kept.version {
            let what = format!(
                "A shadow runs beside another version that is in force; of {} {} is {}.",
                kept.name, kept.version, kept.state
            );
            return Err(conflict("no_shadow", what));
        }
        kept.shadow = Some(wanted.clone());
        Ok(vec![("version", wanted)])
    })
    .await
}

/// Begins or ends to keep every call of a plugin; failures are kept always.
///
/// # Errors
/// `NotFound`.
pub async fn record(kernel: &Kernel, ctx: &Ctx, name: &str, on: bool) -> Result<Standing> {
    change(kernel, ctx, (name, "recording"), move |kept, _| {
        kept.recording = on;
        Ok(vec![("recording", on.to_string())])
    })
    .await
}

/// Removes its versions. Its settings, what it wrote and what stands in its models and fields stay, unless
/// they are purged: then its settings, its models and fields with all that is in them, and what was recorded
/// of it go too. Records of other models that it wrote are the company's and stay.
///
/// # Errors
/// `Conflict` while it is in force.
pub async fn uninstall(kernel: &Kernel, ctx: &Ctx, name: &str, purge: bool) -> Result<()> {
    may(ctx, Right::Write)?;
    let own = name.to_owned();
    let gone = kernel.run(ctx, move |tx| {
        let name = own.clone();
        Box::pin(async move {
            let mut kept = rows::of(tx, &name).await?;
            if kept.state == State::Enabled {
                let what = format!(
                    "{name} is in force: take it out of force first, with `fondaco plugin disable \
                     {name}`."
                );
                return Err(conflict("enabled", what));
            }
            rows::remove(tx, &kept, purge).await?;
            (kept.state, kept.previous, kept.shadow) = (State::Uninstalled, None, None);
            if !purge {
                rows::keep(tx, &kept).await?;
            }
            let action = if purge { "purged" } else { "uninstalled" };
            note(tx, kept.id, action, &[("version", kept.version.clone())]);
            Ok(())
        })
    });
    gone.await?;
    kernel.take_up_plugins().await?;
    // A change that was cut off is made good.
    kernel.hide_of(name).await?;
    if purge { kernel.purge_of(name).await } else { Ok(()) }
}

/// Pins the key of a publisher, in the place of the one that was pinned.
///
/// # Errors
/// `Invalid` when it is no key.
pub async fn trust(kernel: &Kernel, ctx: &Ctx, publisher: &str, key: &str) -> Result<()> {
    may(ctx, Right::Write)?;
    /// Of every public key of minisign: two letters for the algorithm, then its number and itself.
    const KEY_CHARS: usize = 56;
    if !key.starts_with("RW") || key.len() != KEY_CHARS {
        let message = "A key of a publisher is one line of 56 letters that begins with RW.";
        return Err(Error::problem("key", "wrong", message));
    }
    let (publisher, key) = (publisher.to_owned(), key.to_owned());
    kernel
        .run(ctx, move |tx| {
            let (publisher, key) = (publisher.clone(), key.clone());
            Box::pin(async move {
                rows::pin(tx, &publisher, &key).await?;
                let said = [("publisher", publisher), ("key", key)];
                note(tx, fondaco_values::AnyId::default(), "trusted", &said);
                Ok(())
            })
        })
        .await
}

fn conflict(code: &'static str, message: String) -> Error {
    Error::Conflict { code, message }
}
