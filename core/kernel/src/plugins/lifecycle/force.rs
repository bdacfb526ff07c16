//! From what the database keeps to what runs in this process. Whoever changes something takes it up before
//! he answers; other processes look once a second whether something has changed. Compiling is done outside
//! of every transaction. A version that cannot be run here is in force all the same, and fails: so what its
//! hooks guard is not left open, and who looks is told why.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use fondaco_schema::plugin::Grants;
use fondaco_values::AnyId;

use super::rows::{self, Kept, State, Version};
use crate::db::Kind;
use crate::error::{Error, Result};
use crate::plugins::{Installed, Plugins};
use crate::{Kernel, files, identity};

const EVERY: Duration = Duration::from_secs(1);

/// What this process has taken up.
#[derive(Default)]
pub(crate) struct Force {
    /// Up to which change.
    seen: AtomicI64,
    /// Held by who takes something up.
    turn: tokio::sync::Mutex<()>,
    /// By name of plugin: why it cannot be run here.
    unfit: Mutex<BTreeMap<String, String>>,
    /// By name of plugin.
    watched: RwLock<Arc<BTreeMap<String, Watched>>>,
}

/// What is to be seen of the calls of a plugin.
#[derive(Clone, Debug)]
pub(crate) struct Watched {
    pub(crate) id: AnyId,
    pub(crate) recording: bool,
    pub(crate) shadow: Option<Arc<Installed>>,
}

impl Force {
    pub(super) fn unfit(&self, name: &str) -> Option<String> {
        self.unfit.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    /// `None` for a plugin that was not installed from a package.
    pub(crate) fn watched(&self, name: &str) -> Option<Watched> {
        self.watched.read().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }
}

impl Kernel {
    /// Brings this process to the plugins that are in force.
    ///
    /// # Errors
    /// When the database does not answer; a plugin that cannot be run is told, and is no error.
    pub async fn take_up_plugins(&self) -> Result<()> {
        let force = &self.shared().force;
        let _one_at_a_time = force.turn.lock().await;
        let seen = force.seen.load(Ordering::Acquire);
        let ctx = identity::kernel_itself();
        let found = self.aside(Kind::Read, &ctx, move |tx| {
            Box::pin(async move {
                match rows::changes(tx).await? {
                    Some(number) if number != seen => Ok(Some((number, rows::all(tx).await?))),
                    _ => Ok(None),
                }
            })
        });
        let Some((number, all)) = found.await? else { return Ok(()) };
        let mut taken = Taken::default();
        for kept in &all {
            self.take_up(kept, &mut taken).await?;
        }
        *force.unfit.lock().unwrap_or_else(PoisonError::into_inner) = taken.unfit;
        self.shared().plugins.put_in_force(taken.in_force, &taken.ready);
        let watched = Arc::new(taken.watched);
        *force.watched.write().unwrap_or_else(PoisonError::into_inner) = watched;
        force.seen.store(number, Ordering::Release);
        Ok(())
    }

    async fn take_up(&self, kept: &Kept, taken: &mut Taken) -> Result<()> {
        if kept.state != State::Enabled {
            return Ok(());
        }
        if let Some(version) = kept.of_version(&kept.version) {
            let installed = self.made_ready(kept, version, taken).await?;
            taken.in_force.extend(installed);
        }
        let beside = kept.shadow.as_deref().and_then(|shadow| kept.of_version(shadow));
        let shadow = match beside {
            Some(version) => self.made_ready(kept, version, taken).await?,
            None => None,
        };
        taken.ready.extend(shadow.iter().map(|shadow| shadow.digest.clone()));
        let before = kept.previous.as_deref().and_then(|before| kept.of_version(before));
        taken.ready.extend(before.map(|version| version.component.clone()));
        let watched = Watched { id: kept.id, recording: kept.recording, shadow };
        taken.watched.insert(kept.name.clone(), watched);
        Ok(())
    }

    /// A version of a plugin that is installed, ready to be called, whether it is in force or not.
    pub(in crate::plugins) async fn plugin_of(
        &self,
        kept: &Kept,
        version: &Version,
    ) -> Result<Arc<Installed>> {
        let mut taken = Taken::default();
        let made = self.made_ready(kept, version, &mut taken).await?;
        let why = || taken.unfit.into_values().next().unwrap_or_default();
        made.ok_or_else(|| Error::Conflict { code: "unfit", message: why() })
    }

    /// A version with its code loaded, or with the reason why it is not noted.
    async fn made_ready(
        &self,
        kept: &Kept,
        version: &Version,
        taken: &mut Taken,
    ) -> Result<Option<Arc<Installed>>> {
        let mut grants: Grants = version.grants.clone().unwrap_or_default();
        grants.settings = kept.settings.clone().into_iter().collect();
        if !self.shared().plugins.is_loaded(&version.component)
            && let Err(why) = self.load_plugin(version).await?
        {
            tracing::error!(plugin = kept.name, version = version.version, why, "it cannot be run");
            let why = format!("{} cannot be run here: {why}", version.version);
            taken.unfit.insert(kept.name.clone(), why);
        }
        let manifest = match version.read() {
            Ok(manifest) => manifest,
            Err(error) => {
                let why = format!("its manifest is not one of this program: {error}");
                taken.unfit.insert(kept.name.clone(), why);
                return Ok(None);
            }
        };
        if version.grants.is_none() {
            grants.limits = manifest.limits;
        }
        let digest = version.component.clone();
        Ok(Some(Arc::new(Installed { manifest, grants, digest })))
    }

    /// Reads a package once more from the database, with all its checks, and has its component compiled.
    async fn load_plugin(&self, version: &Version) -> Result<std::result::Result<(), String>> {
        let ctx = identity::kernel_itself();
        let package = version.package.clone();
        let bytes = self.aside(Kind::Read, &ctx, move |tx| {
            let package = package.clone();
            Box::pin(async move { files::content(tx, &package).await })
        });
        let bytes = match bytes.await {
            Ok(bytes) => bytes,
            Err(Error::NotFound { .. }) => return Ok(Err("its package is not there".to_owned())),
            Err(error) => return Err(error),
        };
        let (plugins, version) = (self.shared().plugins.clone(), version.clone());
        let work = tokio::task::spawn_blocking(move || load(plugins.as_ref(), &version, &bytes));
        work.await.map_err(|error| Error::internal(format!("a plugin was not loaded: {error}")))
    }

    /// Takes up what other processes change of plugins and keeps what they were seen to do, until the returned future is dropped.
    pub async fn follow_plugins(&self) {
        loop {
            tokio::time::sleep(EVERY).await;
            if let Err(error) = self.take_up_plugins().await {
                tracing::warn!(%error, "whether plugins have changed is not known");
            }
            if let Err(error) = self.keep_plugin_calls().await {
                tracing::warn!(%error, "calls of plugins were not kept");
            }
        }
    }
}

fn load(plugins: &dyn Plugins, version: &Version, bytes: &[u8]) -> std::result::Result<(), String> {
    let package = plugins.open_package(bytes).map_err(|problems| {
        let told: Vec<&str> = problems.iter().map(|problem| problem.message.as_str()).collect();
        told.join(" ")
    })?;
    if package.key != version.key || package.component_digest != version.component {
        return Err("its package is not the one that was installed".to_owned());
    }
    let loaded = plugins.load(&package.manifest, package.component());
    loaded.map_err(|reasons| reasons.join("; "))
}

/// What is about to be in force.
#[derive(Default)]
struct Taken {
    in_force: Vec<Arc<Installed>>,
    ready: Vec<String>,
    unfit: BTreeMap<String, String>,
    watched: BTreeMap<String, Watched>,
}
