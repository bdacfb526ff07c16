//! Partners' code in the company's transaction: where it is asked, what it is told, what may come of
//! it. The kernel decides all of that; the host that runs the code (`plugin-host`) only answers.
//! In reading order: `talk` (what the two say to each other), `rights` (the one check), `input` (what
//! a plugin is told), `effects` (what comes of its answer; `posting` and `own` are two of them), then
//! where it is asked: `save`, `deed` (actions), `price`, `later` (events and jobs, which work `apart`
//! from any transaction and may ask `outside`, with `secrets`), `request` (over HTTP); `policy` is what
//! happens when it fails. How a plugin comes into force and goes out of it is `lifecycle`, out of what
//! `package` says; `recorder` and `telling` are what it did; `specimen` makes a fixture of that.
//! Architecture invariants: a plugin reaches the database only through `input`, `effects` and `desk`,
//! each of which asks `rights`; no transaction is open while a plugin waits for somebody outside;
//! nothing in here knows what WebAssembly is.

mod apart;
mod breaker;
pub(crate) mod deed;
mod desk;
mod effects;
mod input;
pub mod lifecycle;
pub(crate) mod later;
mod outside;
mod own;
mod package;
mod policy;
mod posting;
pub(crate) mod price;
mod recorder;
mod redaction;
pub mod request;
mod rights;
pub(crate) mod save;
pub mod secrets;
pub mod specimen;
mod spelling;
pub mod telling;
pub mod talk;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use fondaco_schema::fixture::Fixture;
use fondaco_schema::plugin::{Hook, Manifest, Point, RunsAs};
use fondaco_values::Problem;

use crate::Tx;
use crate::identity::AsPlugin;

pub use breaker::{PAUSE_S_MAX, PAUSE_S_MIN, STRIKES};
pub use outside::admitted;
pub use package::{COMPONENT, MANIFEST, Package, digest, publisher};
pub use policy::{Tally, Trouble};
pub(crate) use policy::{Turn, Watch};
pub(crate) use recorder::Recorder;
pub use talk::{
    Answer, Ask, Call, Called, Desk, Effect, Entity, Failed, Failure, Fetch, Fetched, Fields,
    Installed, Page, Posting, PostingLine, PriceOf, Reply, Request, Row, Ruling, Spent, Step,
    Target, Told, Unfetched, Verdict, Visit, Word,
};

/// Calls of hooks in one transaction: beyond it the deed is refused, whoever called.
pub const CALLS_MAX: u32 = 1_000;
/// Processor time of all plugins in one transaction.
pub const CPU_US_MAX: u64 = 250_000;
/// Plugins whose effects make plugins act, in a row.
pub const DEPTH_MAX: usize = 8;
/// Effects of one answer.
pub const EFFECTS_MAX: usize = 100;

/// The code of a refusal because plugins have used what one transaction may.
pub const LIMIT: &str = "plugins_limit";

/// A future that borrows what it works with.
pub type Borrowed<'t, T> = Pin<Box<dyn Future<Output = T> + Send + 't>>;

/// Who runs plugins. The lower half is for whoever changes what is in force; a program that runs no
/// plugins does without.
pub trait Plugins: Send + Sync {
    /// The plugins in force.
    fn installed(&self) -> Arc<[Arc<Installed>]>;

    /// Asks one of them. It may ask back at the desk, where there is one, until it answers.
    fn call<'t>(
        &'t self,
        plugin: &'t Arc<Installed>,
        call: &'t Call,
        desk: Option<&'t mut dyn Desk>,
    ) -> Borrowed<'t, Called>;

    /// Asks somebody else over HTTP, once: whether the plugin may was decided. No redirect is followed, and
    /// no address within a network is asked.
    fn fetch<'t>(&'t self, fetch: Fetch) -> Borrowed<'t, Result<Fetched, Unfetched>> {
        let why = format!("this program asks nobody over HTTP: {fetch:?} was not sent");
        Box::pin(async { Err(Unfetched::Refused(why)) })
    }

    /// Reads a package and holds everything in it against its digests and its signature.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    fn open_package(&self, _: &[u8]) -> std::result::Result<Package, Vec<Problem>> {
        Err(vec![Problem::new("package", "no_plugins", "This program runs no plugins.")])
    }

    /// Whether the component of this digest is ready to be called.
    fn is_loaded(&self, _digest: &str) -> bool {
        false
    }

    /// Holds a component against its manifest, compiles it unless that was done before, and keeps it
    /// ready. Takes its time: not for the inside of a transaction.
    ///
    /// # Errors
    /// Every reason why it cannot be run.
    fn load(&self, _: &Manifest, _component: &[u8]) -> std::result::Result<(), Vec<String>> {
        Err(vec!["this program runs no plugins".to_owned()])
    }

    /// Asks a plugin that is loaded what its fixtures ask, and answers what differs from what they want, by
    /// the file of the fixture.
    fn hold<'t>(
        &'t self,
        _: &'t Arc<Installed>,
        _: &'t [Fixture],
    ) -> Borrowed<'t, Vec<(String, String)>> {
        Box::pin(async { Vec::new() })
    }

    /// What a plugin that is loaded says to a fixture, and what it does at once; whatever is wanted of it.
    fn say<'t>(
        &'t self,
        plugin: &'t Arc<Installed>,
        _: &'t Fixture,
    ) -> Borrowed<'t, (Word<Answer>, Vec<Effect>)> {
        let message = format!("{} is not loaded", plugin.title());
        Box::pin(async { (Err(Failure::new(Failed::Unfit, message)), Vec::new()) })
    }

    /// From now on these are in force, in one step. Of the others the code of `ready` is kept for
    /// whoever is about to call it: shadows, and what may be rolled back to.
    fn put_in_force(&self, _plugins: Vec<Arc<Installed>>, _ready: &[String]) {}
}

/// A kernel without plugins.
pub struct NoPlugins;

impl Plugins for NoPlugins {
    fn installed(&self) -> Arc<[Arc<Installed>]> {
        Arc::from([])
    }

    fn call<'t>(
        &'t self,
        plugin: &'t Arc<Installed>,
        _: &'t Call,
        _: Option<&'t mut dyn Desk>,
    ) -> Borrowed<'t, Called> {
        let message = format!("{} is not installed", plugin.manifest.id);
        let failure = Failure { kind: Failed::Unfit, message };
        Box::pin(async { Called { outcome: Err(failure), spent: Spent::default() } })
    }
}

/// One hook of one plugin.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) plugin: Arc<Installed>,
    pub(crate) name: String,
}

impl Asked {
    fn hook(&self) -> Option<&Hook> {
        self.plugin.manifest.hooks.get(&self.name)
    }

    /// Whether the plugin is not asked in this transaction: it would be about what its own effects do, and
    /// does not want that; or what it adds to the schema is out of force here.
    fn is_left_out(&self, tx: &Tx) -> bool {
        let (id, again) = (&self.plugin.manifest.id, self.hook().is_some_and(|hook| hook.again));
        let own_doing = !again && tx.turn.acting.contains(id);
        own_doing || tx.registry().is_plugin_hidden(id)
    }

    /// The transaction with the rights of the plugin, as part of somebody's deed: his, or those of the
    /// role that it runs as.
    fn rights<'t>(&self, tx: &'t mut Tx) -> AsPlugin<'t> {
        match &self.plugin.grants.runs_as {
            RunsAs::Caller => AsPlugin::caller(tx),
            RunsAs::Role(role) => AsPlugin::service(tx, &self.plugin.manifest.id, Some(role)),
        }
    }

    /// The same after the commit, when nobody is there any more.
    fn service<'t>(&self, tx: &'t mut Tx) -> AsPlugin<'t> {
        let role = match &self.plugin.grants.runs_as {
            RunsAs::Caller => None,
            RunsAs::Role(role) => Some(role.as_str()),
        };
        AsPlugin::service(tx, &self.plugin.manifest.id, role)
    }
}

/// The hooks at a point that `wanted` picks, in the order in which they are asked: by their number,
/// then by the id of the plugin and the place in its manifest.
pub(crate) fn asked(
    plugins: &dyn Plugins,
    point: Point,
    wanted: impl Fn(&Hook) -> bool,
) -> Vec<Asked> {
    let mut found = Vec::new();
    for plugin in plugins.installed().iter() {
        for (name, hook) in plugin.manifest.at(point).filter(|(_, hook)| wanted(hook)) {
            let asked = Asked { plugin: plugin.clone(), name: name.to_owned() };
            found.push((hook.order, plugin.manifest.id.clone(), asked));
        }
    }
    found.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
    found.into_iter().map(|(.., asked)| asked).collect()
}
