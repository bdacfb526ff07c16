//! A package comes: it is read, held against the schema and the pinned key, compiled, and kept. Nothing of
//! it runs yet. An upgrade that asks for no more than was granted is granted the same; one that asks for
//! more waits, and the version in force goes on.

use std::sync::Arc;

use fondaco_schema::plugin::{Grants, Manifest, Setting, SettingKind};
use fondaco_schema::{Origin, Schema, Source, fixture, manifest};
use fondaco_values::Problem;

use super::rows::{self, Kept, State, Version};
use super::words::{self, Before, InstallPlan, Line, Need};
use super::{added, may, note};
use crate::error::{Error, Result, refuse_if_any};
use crate::module::Registry;
use crate::permissions::Right;
use crate::plan::{Addition, Desired};
use crate::plugins::{COMPONENT, Installed, MANIFEST, Package, publisher};
use crate::{Ctx, Kernel, Tx, files};

/// The folder of a package with what it is held to.
const FIXTURES: &str = "fixtures/";

/// What an installation would come to; changes nothing.
///
/// # Errors
/// `Invalid` with everything that is wrong with the package; `Forbidden` for whoever is no administrator.
pub async fn examine(kernel: &Kernel, ctx: &Ctx, bytes: Vec<u8>) -> Result<InstallPlan> {
    may(ctx, Right::Read)?;
    let fit = fit(kernel, Arc::new(bytes)).await?;
    examined(kernel, ctx, fit).await
}

/// The same of a package that was read.
pub(super) async fn examined(kernel: &Kernel, ctx: &Ctx, fit: Fit) -> Result<InstallPlan> {
    let fit = Arc::new(fit);
    kernel
        .read(ctx, move |tx| {
            let fit = fit.clone();
            Box::pin(async move { Ok(met(tx, &fit).await?.plan) })
        })
        .await
}

/// Installs a package: from then on it can be granted and enabled. The same package again changes nothing.
///
/// # Errors
/// As [`examine`].
pub async fn install(kernel: &Kernel, ctx: &Ctx, bytes: Vec<u8>) -> Result<InstallPlan> {
    may(ctx, Right::Write)?;
    let bytes = Arc::new(bytes);
    let fit = Arc::new(fit(kernel, bytes.clone()).await?);
    let plan = kernel.run(ctx, move |tx| {
        let (fit, bytes) = (fit.clone(), bytes.clone());
        Box::pin(async move { keep(tx, &fit, &bytes).await })
    });
    let plan = plan.await?;
    kernel.take_up_plugins().await?;
    Ok(plan)
}

/// What a version that is installed may, beside what was granted before.
///
/// # Errors
/// `NotFound`; `Forbidden` for whoever is no administrator.
pub async fn plan(tx: &mut Tx, name: &str, version: Option<&str>) -> Result<InstallPlan> {
    may(tx.ctx(), Right::Read)?;
    let kept = rows::of(tx, name).await?;
    let wanted = kept.wanted(version)?;
    let known = rows::key_of(tx, publisher(name)).await?.is_some();
    let addition = added::of_package(&added::package(tx, wanted).await?);
    let schema = added::schema(tx.shared().registry().desired(), &addition)?;
    let manifest = wanted.read()?;
    let adds = adds(tx.shared().registry().desired(), &manifest, &schema, Some(&kept))?;
    drawn(&manifest, (&wanted.key, known), Some(&kept), adds)
}

/// A package that this program can run, and the schema with what it adds.
pub(super) struct Fit {
    package: Package,
    schema: Schema,
    /// What it was held against.
    registry: Arc<Registry>,
}

impl Fit {
    pub(super) fn manifest(&self) -> &Manifest {
        &self.package.manifest
    }

    pub(super) fn schema(&self) -> &Schema {
        &self.schema
    }
}

async fn fit(kernel: &Kernel, bytes: Arc<Vec<u8>>) -> Result<Fit> {
    fit_on(kernel, kernel.registry(), bytes).await
}

/// The same on what is about to be in force.
pub(super) async fn fit_on(
    kernel: &Kernel,
    registry: Arc<Registry>,
    bytes: Arc<Vec<u8>>,
) -> Result<Fit> {
    let plugins = kernel.shared().plugins.clone();
    let work = tokio::task::spawn_blocking(move || {
        let package = plugins.open_package(&bytes).map_err(Error::Invalid)?;
        let addition = added::of_package(&package);
        let schema = added::schema(registry.desired(), &addition)?;
        let source = Source::new(Origin::Company, MANIFEST, package.text(MANIFEST));
        if let Err(faults) = manifest(&source, Some(&schema)) {
            let problem = |fault: &fondaco_schema::Fault| {
                Problem::new(MANIFEST, "manifest", format!("{fault}."))
            };
            return Err(Error::Invalid(faults.iter().map(problem).collect()));
        }
        plugins.load(&package.manifest, package.component()).map_err(|reasons| {
            let problem = |reason: &String| {
                Problem::new(COMPONENT, "unfit", format!("The component: {reason}."))
            };
            Error::Invalid(reasons.iter().map(problem).collect())
        })?;
        Ok(Fit { package, schema, registry })
    });
    let fit = work.await;
    let fit =
        fit.map_err(|error| Error::internal(format!("a package was not read: {error}")))??;
    hold(kernel, &fit).await?;
    Ok(fit)
}

/// The package's fixtures hold here, with the models of this company.
async fn hold(kernel: &Kernel, fit: &Fit) -> Result<()> {
    let Fit { package, schema, .. } = fit;
    let (mut fixtures, mut wrong) = (Vec::new(), Vec::new());
    for place in package.files.keys().filter(|place| place.starts_with(FIXTURES)) {
        let source = Source::new(Origin::Company, place.as_str(), package.text(place));
        match fixture(&source, &package.manifest, Some(schema)) {
            Ok(fixture) => fixtures.push(fixture),
            Err(faults) => wrong.extend(
                faults
                    .iter()
                    .map(|fault| Problem::new(place.as_str(), "fixture", format!("{fault}."))),
            ),
        }
    }
    refuse_if_any(wrong)?;
    let plugin = Arc::new(Installed {
        manifest: package.manifest.clone(),
        grants: Grants::all_of(&package.manifest),
        digest: package.component_digest.clone(),
    });
    let differs = kernel.shared().plugins.hold(&plugin, &fixtures).await;
    let problem = |(place, report): (String, String)| {
        let message = format!("It does here something else than it says itself:\n{report}");
        Problem::new(place, "fixture", message)
    };
    refuse_if_any(differs.into_iter().map(problem).collect())
}

/// How a package meets what is here.
struct Met {
    kept: Option<Kept>,
    plan: InstallPlan,
    /// It is here already.
    again: bool,
}

/// What it adds, beside what the accepted version has added.
fn adds(
    desired: &Desired,
    manifest: &Manifest,
    after: &Schema,
    kept: Option<&Kept>,
) -> Result<Vec<Line>> {
    let id = &manifest.id;
    let accepted = kept.and_then(|kept| accepted(kept, &manifest.version.to_string()));
    let known = accepted.and_then(|own| added::known(desired, id, &own.version));
    let known = known.map(|known| Addition { on: true, ..known.clone() });
    let before = added::with(desired, id, known.as_ref()).schema()?;
    Ok(added::lines(&before, after))
}

async fn met(tx: &mut Tx, Fit { package, schema, registry }: &Fit) -> Result<Met> {
    let (id, version) = (&package.manifest.id, &package.manifest.version);
    let mut problems = Vec::new();
    let pinned = rows::key_of(tx, package.publisher()).await?;
    if let Some(pinned) = pinned.as_ref().filter(|pinned| **pinned != package.key) {
        let (key, publisher) = (&package.key, package.publisher());
        let message = format!(
            "It is signed with {key}, and packages of {publisher} are signed with {pinned}: fetch it \
             from its publisher. Where he has a new key, and you know it from himself: `fondaco plugin \
             trust {publisher} {key}`."
        );
        problems.push(Problem::new("package", "key", message));
    }
    let wish = package.manifest.publisher_key.as_ref().filter(|wish| **wish != package.key);
    if let Some(wish) = wish {
        let message = format!(
            "Its manifest says `publisher_key = \"{wish}\"`, and it is signed with {}: sign it with \
             that key, or mend the manifest.",
            package.key
        );
        problems.push(Problem::new(MANIFEST, "key", message));
    }
    let kept = rows::find(tx, id).await?;
    let same = kept.as_ref().and_then(|kept| kept.of_version(&version.to_string()));
    let again = same.is_some_and(|same| same.package == package.digest);
    if same.is_some() && !again {
        let message = format!(
            "{id} {version} is here already, with another content: a version is published once. Give \
             the new one a higher version."
        );
        problems.push(Problem::new("package", "version", message));
    }
    let over = kept.as_ref().filter(|kept| kept.state != State::Uninstalled);
    let over = over.and_then(|kept| semver::Version::parse(&kept.version).ok());
    if let Some(newer) = over.filter(|newer| !again && version < newer) {
        let message = format!(
            "{id} {newer} is here, and {version} is older: versions only go up. To go back to the \
             version before, roll back: `fondaco plugin rollback {id}`."
        );
        problems.push(Problem::new("package", "downgrade", message));
    }
    refuse_if_any(problems)?;
    let adds = adds(registry.desired(), &package.manifest, schema, kept.as_ref())?;
    let plan = drawn(&package.manifest, (&package.key, pinned.is_some()), kept.as_ref(), adds)?;
    Ok(Met { kept, plan, again })
}

fn drawn(
    manifest: &Manifest,
    (key, key_is_known): (&str, bool),
    kept: Option<&Kept>,
    adds: Vec<Line>,
) -> Result<InstallPlan> {
    let before = kept.and_then(|kept| accepted(kept, &manifest.version.to_string()));
    let old = before.map(|version| version.read()).transpose()?;
    let before = match (&old, before.and_then(|version| version.grants.as_ref())) {
        (Some(manifest), Some(grants)) => Some(Before { manifest, grants }),
        _ => None,
    };
    let mut lines = words::lines(manifest, before.as_ref());
    // A version that was accepted itself was accepted with what it adds.
    let own = kept.and_then(|kept| kept.of_version(&manifest.version.to_string()));
    let is_accepted = own.is_some_and(|own| own.grants.is_some());
    lines.extend(adds.into_iter().map(|line| match is_accepted {
        true => Line { change: "same", ..line },
        false => line,
    }));
    let setting = |(name, own): (&String, &Setting)| {
        let value = kept.and_then(|kept| kept.settings.get(name)).or(own.default.as_ref());
        let value = value.map_or_else(|| "(not set)".to_owned(), |value| format!("= {value}"));
        format!("{name} {value}  {}", own.help).trim_end().to_owned()
    };
    let is_secret = |own: &&Setting| own.kind == SettingKind::Secret;
    let secrets = manifest.settings.iter().filter(|(_, own)| is_secret(own));
    Ok(InstallPlan {
        id: manifest.id.clone(),
        name: manifest.name.clone(),
        help: manifest.help.clone(),
        version: manifest.version.to_string(),
        from: kept.filter(|kept| kept.state != State::Uninstalled).map(|kept| kept.version.clone()),
        key: key.to_owned(),
        key_is_known,
        need: words::need(&lines),
        lines,
        settings: manifest.settings.iter().map(setting).collect(),
        secrets: secrets.map(|(name, _)| name.clone()).collect(),
    })
}

/// The version whose grants the next one is held against: its own, else those of the one in force.
fn accepted<'k>(kept: &'k Kept, version: &str) -> Option<&'k Version> {
    let granted = |version: &&Version| version.grants.is_some();
    let own = kept.of_version(version).filter(granted);
    own.or_else(|| kept.of_version(&kept.version).filter(granted))
}

async fn keep(tx: &mut Tx, fit: &Fit, bytes: &[u8]) -> Result<InstallPlan> {
    let met = met(tx, fit).await?;
    let package = &fit.package;
    if met.again {
        return Ok(met.plan);
    }
    let (manifest, actor) = (&package.manifest, tx.ctx().actor().name().to_owned());
    rows::pin(tx, package.publisher(), &package.key).await?;
    let stored = files::keep(tx, bytes.to_vec()).await?;
    let version = Version {
        version: manifest.version.to_string(),
        package: stored,
        component: package.component_digest.clone(),
        manifest: package.text(MANIFEST).to_owned(),
        key: package.key.clone(),
        at: tx.now(),
        actor: actor.clone(),
        grants: None,
        granted_by: None,
    };
    let known = met.kept.filter(|kept| kept.state != State::Uninstalled);
    let is_new = known.is_none();
    let mut kept = match known {
        Some(kept) => kept,
        None => fresh(tx, manifest.id.as_str(), &version.version).await?,
    };
    rows::keep(tx, &kept).await?;
    rows::add_version(tx, kept.id, &version).await?;
    let inherits = accepted(&kept, &version.version).and_then(|before| before.grants.clone());
    if let Some(before) = inherits.filter(|_| met.plan.need == Need::Nothing) {
        let grants = Grants {
            capabilities: manifest.capabilities.clone(),
            limits: manifest.limits,
            ..before
        };
        rows::accept(tx, kept.id, &version.version, (&grants, &actor)).await?;
    }
    kept.versions.push(version.clone());
    let said = [
        ("version", version.version.clone()),
        ("package", version.package.clone()),
        ("key", version.key.clone()),
    ];
    note(tx, kept.id, if is_new { "installed" } else { "upgrade_installed" }, &said);
    Ok(met.plan)
}

/// A plugin that was not here, or was uninstalled: what was kept of it is its own again.
async fn fresh(tx: &mut Tx, name: &str, version: &str) -> Result<Kept> {
    let before = rows::find(tx, name).await?;
    let (id, settings) = match before {
        Some(before) => (before.id, before.settings),
        None => (tx.new_id::<Kept>().any(), std::collections::BTreeMap::new()),
    };
    Ok(Kept {
        id,
        name: name.to_owned(),
        state: State::Installed,
        version: version.to_owned(),
        previous: None,
        shadow: None,
        settings,
        recording: false,
        versions: Vec::new(),
    })
}
