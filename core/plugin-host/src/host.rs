//! The plugins in force and their code. What is in force is one list, changed as a whole: a call that is
//! under way ends with the code that it began with.
//! Not here: packages (`package`), grants that are kept, who may install (`kernel::plugins::lifecycle`).

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};

use fondaco_kernel::plugins::{
    Answer, Borrowed, Call, Called, Desk, Effect, Failed, Failure, Fetch, Fetched, Installed,
    Package, Plugins, Spent, Unfetched, Word,
};
use fondaco_schema::fixture::Fixture;
use fondaco_schema::plugin::{Grants, Manifest, Tier};
use fondaco_values::Problem;

use crate::call::{self, Guest};
use crate::compile::{self, Cache, Compiler};
use crate::engine::{Metering, Running};
use crate::load::{self, Unfit};
use crate::way_out::WayOut;
use crate::{fixtures, imports, package, v0_1, v0_2};

/// What a host is made with.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where compiled plugins are kept; made with the first one.
    pub cache: PathBuf,
    pub compiler: Compiler,
    pub metering: Metering,
}

pub struct Host {
    options: Options,
    cache: OnceLock<Cache>,
    engines: Mutex<HashMap<Tier, Arc<Running>>>,
    /// By digest of the component.
    loaded: RwLock<HashMap<String, Arc<Loaded>>>,
    in_force: RwLock<Arc<[Arc<Installed>]>>,
    way_out: WayOut,
}

struct Loaded {
    running: Arc<Running>,
    guest: Box<dyn Guest>,
}

impl Host {
    /// A host without plugins.
    pub fn new(options: Options) -> Host {
        Host {
            options,
            cache: OnceLock::new(),
            engines: Mutex::default(),
            loaded: RwLock::default(),
            in_force: RwLock::new(Arc::from([])),
            way_out: WayOut::default(),
        }
    }

    /// The same with another way to those outside.
    #[must_use]
    pub fn with_way_out(mut self, way_out: WayOut) -> Host {
        self.way_out = way_out;
        self
    }

    /// Holds a component against its manifest, compiles it unless that was done before, and puts it in
    /// force with what it was granted, in the place of the plugin of the same id.
    ///
    /// # Errors
    /// `Unfit` with every reason and its cure; what was in force stays.
    pub fn install(
        &self,
        manifest: Manifest,
        grants: Grants,
        component: &[u8],
    ) -> Result<Arc<Installed>, Unfit> {
        let digest = self.keep(&manifest, component)?;
        let installed = Arc::new(Installed { manifest, grants, digest });
        self.change(|all| {
            all.retain(|other| other.manifest.id != installed.manifest.id);
            all.push(installed.clone());
        });
        Ok(installed)
    }

    /// Takes a plugin out of force; answers whether it was in it.
    pub fn withdraw(&self, id: &str) -> bool {
        let before = self.installed().len();
        self.change(|all| all.retain(|plugin| plugin.manifest.id != id));
        before > self.installed().len()
    }

    fn change(&self, how: impl FnOnce(&mut Vec<Arc<Installed>>)) {
        let mut in_force = self.in_force.write().unwrap_or_else(PoisonError::into_inner);
        let mut all = in_force.to_vec();
        how(&mut all);
        *in_force = all.into();
    }

    /// Keeps a component ready; answers its digest.
    fn keep(&self, manifest: &Manifest, component: &[u8]) -> Result<String, Unfit> {
        load::size(manifest, component)?;
        let digest = compile::digest(component);
        let loaded = self.link(manifest, component)?;
        self.loaded.write().unwrap_or_else(PoisonError::into_inner).insert(digest.clone(), loaded);
        Ok(digest)
    }

    fn cache(&self) -> Result<&Cache, Unfit> {
        if let Some(cache) = self.cache.get() {
            return Ok(cache);
        }
        let opened = Cache::open(&self.options.cache)?;
        Ok(self.cache.get_or_init(|| opened))
    }

    fn link(&self, manifest: &Manifest, bytes: &[u8]) -> Result<Arc<Loaded>, Unfit> {
        let running = self.engine(manifest.tier)?;
        let how = (manifest.tier, self.options.metering);
        let with = (&self.options.compiler, self.cache()?);
        let component = compile::load(&running.engine, bytes, how, with)?;
        load::fits(&running.engine, manifest, &component)?;
        let pre = imports::link(&running.engine, &component)
            .map_err(|error| Unfit::new(format!("it does not link: {error:#}")))?;
        // The one place that tells versions apart.
        let guest: Box<dyn Guest> = match manifest.api.as_str() {
            "0.1" => Box::new(v0_1::Component::new(pre)),
            _ => Box::new(v0_2::Component::new(pre)),
        };
        Ok(Arc::new(Loaded { running, guest }))
    }

    fn engine(&self, tier: Tier) -> Result<Arc<Running>, Unfit> {
        let mut engines = self.engines.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(running) = engines.get(&tier) {
            return Ok(running.clone());
        }
        let running = Running::new(tier, self.options.metering)
            .map_err(|error| Unfit::new(format!("no engine for plugins: {error:#}")))?;
        let running = Arc::new(running);
        engines.insert(tier, running.clone());
        Ok(running)
    }
}

impl Plugins for Host {
    fn installed(&self) -> Arc<[Arc<Installed>]> {
        self.in_force.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn call<'t>(
        &'t self,
        plugin: &'t Arc<Installed>,
        call: &'t Call,
        desk: Option<&'t mut dyn Desk>,
    ) -> Borrowed<'t, Called> {
        let loaded = self.loaded.read().unwrap_or_else(PoisonError::into_inner);
        let loaded = loaded.get(&plugin.digest).cloned();
        Box::pin(async move {
            let Some(loaded) = loaded else {
                let message = format!("the code of {} is not loaded", plugin.title());
                let outcome = Err(Failure::new(Failed::Unfit, message));
                return Called { outcome, spent: Spent::default() };
            };
            let by = (loaded.running.as_ref(), self.options.metering);
            call::run(by, loaded.guest.as_ref(), plugin.clone(), call, desk).await
        })
    }

    fn fetch<'t>(&'t self, fetch: Fetch) -> Borrowed<'t, Result<Fetched, Unfetched>> {
        Box::pin(self.way_out.fetch(fetch))
    }

    fn open_package(&self, bytes: &[u8]) -> Result<Package, Vec<Problem>> {
        package::open(bytes)
    }

    fn is_loaded(&self, digest: &str) -> bool {
        self.loaded.read().unwrap_or_else(PoisonError::into_inner).contains_key(digest)
    }

    fn load(&self, manifest: &Manifest, component: &[u8]) -> Result<(), Vec<String>> {
        self.keep(manifest, component).map(drop).map_err(|unfit| unfit.reasons().to_vec())
    }

    fn hold<'t>(
        &'t self,
        plugin: &'t Arc<Installed>,
        fixtures: &'t [Fixture],
    ) -> Borrowed<'t, Vec<(String, String)>> {
        Box::pin(fixtures::hold(self, plugin, fixtures))
    }

    fn say<'t>(
        &'t self,
        plugin: &'t Arc<Installed>,
        fixture: &'t Fixture,
    ) -> Borrowed<'t, (Word<Answer>, Vec<Effect>)> {
        Box::pin(fixtures::say(self, plugin, fixture))
    }

    fn put_in_force(&self, plugins: Vec<Arc<Installed>>, ready: &[String]) {
        self.change(|all| *all = plugins);
        let in_force = self.installed();
        let is_used = |digest: &String| {
            ready.contains(digest) || in_force.iter().any(|plugin| plugin.digest == *digest)
        };
        // Calls under way have what they run.
        let mut loaded = self.loaded.write().unwrap_or_else(PoisonError::into_inner);
        loaded.retain(|digest, _| is_used(digest));
    }
}
