//! The kernel as a whole. `run` and `read` are the only ways to the database: a unit of work is a
//! closure that can run again, awaits nothing but the kernel, and is committed as a whole or not.

use std::future::Future;
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use fondaco_schema::Source;
use fondaco_values::Timestamp;
use tokio::sync::{Mutex as Turn, Notify, broadcast};
use tracing::Instrument;

pub use crate::db::PostgresSettings;
use crate::db::{Door, Kind, Purpose, Work};
use crate::error::{Error, Result};
use crate::figures::Counts;
use crate::hearing::{Heard, Hearing};
use crate::ids::Ids;
use crate::in_force::{InForce, OTHER_STAMP, Version};
use crate::module::{Module, Registry};
use crate::plan::Desired;
use crate::plugins::lifecycle::Force;
use crate::plugins::{NoPlugins, Plugins, Recorder, Watch};
use crate::tx::{Effects, Fut, Tx};
use crate::views::{self, Pilots};
use crate::{Ctx, identity, plan};

/// How often a caller is looked up for one unit of work, when rights change all the time.
const LOOK_UPS_MAX: u32 = 5;
/// Changes that a slow listener may fall behind before he misses some.
const CHANGES_KEPT: usize = 1024;

#[derive(Clone)]
pub struct Kernel {
    door: Arc<Door>,
    shared: Arc<Shared>,
}

/// What a kernel is opened with.
pub struct Setup {
    pub database: Database,
    /// The modules that are switched on.
    pub modules: Vec<Module>,
    /// More modules that this program has; they can be switched on while it runs.
    pub available: Vec<Module>,
    /// The company folder's TOML.
    pub company: Vec<Source>,
    /// The company folder's records: `(path, text)` of each file in `data/` (`seeds`).
    pub data: Vec<(String, String)>,
    /// What is in force for some first.
    pub pilots: Pilots,
    pub clock: Clock,
    /// Set for runs that can be replayed: ids, tokens and numbers then follow from it.
    pub seed: Option<u64>,
    /// Cheaper password hashing; for tests only, since it protects nobody.
    pub cheap_passwords: bool,
    pub plugins: Arc<dyn Plugins>,
    pub adopt: Adopt,
}

/// What is done unasked when the folder and the database that is being opened differ. A new database
/// is always set up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Adopt {
    /// What works with the data that is there and puts nothing out of sight; the rest is refused.
    #[default]
    Safe,
    /// Nothing: it is refused.
    Never,
    /// Nothing, and the kernel serves only to plan and to apply until they agree.
    Later,
}

#[derive(Clone, Debug)]
pub enum Database {
    Memory,
    Sqlite(PathBuf),
    Postgres(PostgresSettings),
}

impl Setup {
    pub fn new(database: Database, modules: Vec<Module>) -> Setup {
        Setup {
            database,
            modules,
            available: Vec::new(),
            company: Vec::new(),
            data: Vec::new(),
            pilots: Pilots::new(),
            clock: Clock::system(),
            seed: None,
            cheap_passwords: false,
            plugins: Arc::new(NoPlugins),
            adopt: Adopt::default(),
        }
    }

    /// What the company is to be.
    pub fn desired(&self) -> Desired {
        Desired {
            modules: self.modules.clone(),
            off: plan::others(&self.modules, &self.available),
            company: self.company.clone(),
            data: self.data.clone(),
            pilots: self.pilots.clone(),
            ..Desired::default()
        }
    }
}

impl Kernel {
    /// Opens the database, merges kernel, modules and company into one schema, brings the tables to
    /// it and sows what every company starts with. Must be called inside a tokio runtime.
    pub async fn open(setup: Setup) -> Result<Kernel> {
        let adopt = setup.adopt;
        let kernel = Kernel::connect(setup, Purpose::Work).await?;
        match kernel.closed_to_writing() {
            None => kernel.prepare(adopt).await?,
            // It is read with the schema that it has.
            Some(_) => kernel.shared.in_force.follow(),
        }
        kernel.take_up_plugins().await?;
        Ok(kernel)
    }

    /// Opens a database that is there, to be looked at only: nothing in it is changed.
    ///
    /// # Errors
    /// `Storage` when it is not there or cannot be read.
    pub async fn look(setup: Setup) -> Result<Kernel> {
        let kernel = Kernel::connect(setup, Purpose::Look).await?;
        kernel.shared.close_to_writing("it was opened to be looked at only");
        Ok(kernel)
    }

    /// Opens an empty database, or one whose filling was interrupted, for [`portable::receive`].
    ///
    /// [`portable::receive`]: crate::portable::receive
    ///
    /// # Errors
    /// As [`Kernel::open`].
    pub async fn vessel(setup: Setup) -> Result<Kernel> {
        Kernel::connect(setup, Purpose::Receive).await
    }

    async fn connect(setup: Setup, purpose: Purpose) -> Result<Kernel> {
        let desired = setup.desired();
        let available = [desired.modules.clone(), desired.off.clone()].concat();
        let registry = Arc::new(Registry::new(desired)?);
        let shared = Arc::new(Shared {
            in_force: InForce::new(registry, available),
            clock: setup.clock,
            ids: Ids::default(),
            plugins: setup.plugins,
            watch: Watch::default(),
            force: Force::default(),
            recorder: Recorder::default(),
            seed: setup.seed.map(AtomicU64::new),
            cheap_passwords: setup.cheap_passwords,
            jobs: Notify::new(),
            renewing: Turn::default(),
            counts: Counts::default(),
            closed_to_writing: OnceLock::new(),
            changes: broadcast::channel(CHANGES_KEPT).0,
            hearing: Turn::default(),
            callers: identity::Known::default(),
        });
        let door = Arc::new(Door::open(&setup.database, shared.clone(), purpose).await?);
        Ok(Kernel { door, shared })
    }

    /// Why this database is only read, where it is.
    pub fn closed_to_writing(&self) -> Option<&str> {
        self.shared.closed_to_writing.get().map(String::as_str)
    }

    /// The schema that this setup would run with; touches no database.
    ///
    /// # Errors
    /// `Schema` with every fault.
    pub fn check(setup: &Setup) -> Result<fondaco_schema::Schema> {
        setup.desired().schema()
    }

    async fn prepare(&self, adopt: Adopt) -> Result<()> {
        let ctx = identity::kernel_itself();
        self.take_number().await?;
        let registry = self.with_plugins_added().await?;
        let settled = self.run(&ctx, move |tx| {
            let registry = registry.clone();
            Box::pin(async move {
                tx.adopt(registry.clone());
                let version = plan::settle(tx, &registry, adopt).await?;
                if version.is_some() {
                    views::find_places(tx, &registry).await?;
                }
                Ok(version.map(|version| (version, registry)))
            })
        });
        if let Some((version, registry)) = settled.await? {
            self.follow(version, registry);
            plan::build_indexes(self, &|_, _| {}).await?;
        }
        Ok(())
    }

    /// What the setup wants, with what plugins add in this database.
    async fn with_plugins_added(&self) -> Result<Arc<Registry>> {
        let registry = self.registry();
        let desired = plan::with_plugins(self, registry.desired()).await?;
        if desired.plugins.is_empty() {
            return Ok(registry);
        }
        self.registry_of(&desired)
    }

    pub(crate) async fn build_index(&self, index: &plan::Unbuilt) -> Result<()> {
        self.door.build_index(&index.name, &index.text).await
    }

    /// Works with this version from now on, and with those that come after it.
    pub(crate) fn follow(&self, version: Version, registry: Arc<Registry>) {
        self.shared.in_force.move_to(version, registry);
        self.shared.in_force.follow();
    }

    /// The registry of a desired state.
    pub(crate) fn registry_of(&self, desired: &Desired) -> Result<Arc<Registry>> {
        let in_force = &self.shared.in_force;
        if let Some(known) = in_force.known(&desired.to_applied().digest()) {
            return Ok(known);
        }
        // It is planned first and applied next.
        let made = Arc::new(Registry::new(desired.clone())?);
        in_force.keep(made.clone());
        Ok(made)
    }

    /// Runs a unit of work that may write. It may run more than once; only the last run counts.
    pub async fn run<T, F>(&self, ctx: &Ctx, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'t> Fn(&'t mut Tx) -> Fut<'t, T> + Send + Sync + 'static,
    {
        self.enter(Kind::Write, ctx, work).await
    }

    /// Runs a unit of work that only reads, beside the writer, on one snapshot.
    pub async fn read<T, F>(&self, ctx: &Ctx, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'t> Fn(&'t mut Tx) -> Fut<'t, T> + Send + Sync + 'static,
    {
        self.enter(Kind::Read, ctx, work).await
    }

    /// Runs a unit of work of the kernel's own that asks something else of the database.
    pub(crate) async fn enter<T, F>(&self, kind: Kind, ctx: &Ctx, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'t> Fn(&'t mut Tx) -> Fut<'t, T> + Send + Sync + 'static,
    {
        if kind != Kind::Read {
            if let Some(why) = self.closed_to_writing() {
                let message = format!("This database is not written to: {why}.");
                return Err(Error::Conflict { code: "read_only", message });
            }
            self.keep_number().await?;
        }
        let outcome = self.measured(kind != Kind::Read, self.aside(kind, ctx, work)).await;
        if outcome.is_err() {
            self.note_troubles(ctx).await;
        }
        outcome
    }

    /// Runs a unit of work that is not counted, and for which nothing is asked.
    pub(crate) async fn aside<T, F>(&self, kind: Kind, ctx: &Ctx, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'t> Fn(&'t mut Tx) -> Fut<'t, T> + Send + Sync + 'static,
    {
        let (work, slot) = erase(work);
        let mut outcome = self.door.run(kind, ctx.clone(), work.clone()).await;
        for _ in 0..LOOK_UPS_MAX {
            let (Err(Error::Conflict { code: OTHER_STAMP, .. }), Some(proof)) =
                (&outcome, &ctx.proof)
            else {
                break;
            };
            let ctx = identity::again(self, ctx, proof).await?;
            outcome = self.door.run(kind, ctx, work.clone()).await;
        }
        outcome?;
        take(&slot)
    }

    /// Counts a unit of work and lets traces see it.
    async fn measured<T>(&self, writes: bool, unit: impl Future<Output = Result<T>>) -> Result<T> {
        let _waiting = self.shared.counts.enter(writes);
        let span = tracing::info_span!("transaction", writes, error = tracing::field::Empty);
        let outcome = unit.instrument(span.clone()).await;
        if let Err(error) = &outcome {
            self.shared.counts.refused();
            span.record("error", tracing::field::display(error));
        }
        outcome
    }

    /// A copy of the whole database into a new file: one moment of it, whole.
    ///
    /// # Errors
    /// `Storage` when the file cannot be written.
    pub async fn copy_to(&self, path: &std::path::Path) -> Result<()> {
        let path = path.to_owned();
        self.read(&identity::kernel_itself(), move |tx| {
            let path = path.clone();
            Box::pin(async move { tx.copy_to(&path) })
        })
        .await
    }

    /// The registry now in force.
    pub fn registry(&self) -> Arc<Registry> {
        self.shared.registry()
    }

    /// What of it is in force for a caller.
    pub fn seen_by(&self, ctx: &Ctx) -> Arc<Registry> {
        self.registry().seen_by(ctx)
    }

    pub fn clock(&self) -> &Clock {
        &self.shared.clock
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }
}

type Slot<T> = Arc<Mutex<Option<T>>>;

/// A unit of work whose answer waits in a slot, so that it can travel without its type.
fn erase<T, F>(work: F) -> (Work, Slot<T>)
where
    T: Send + 'static,
    F: for<'t> Fn(&'t mut Tx) -> Fut<'t, T> + Send + Sync + 'static,
{
    let slot: Slot<T> = Arc::new(Mutex::new(None));
    let (work, answer) = (Arc::new(work), slot.clone());
    let erased: Work = Arc::new(move |tx| {
        let (work, answer) = (work.clone(), answer.clone());
        Box::pin(async move {
            let value = work(tx).await?;
            *answer.lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
            Ok(())
        })
    });
    (erased, slot)
}

fn take<T>(slot: &Slot<T>) -> Result<T> {
    let value = slot.lock().unwrap_or_else(PoisonError::into_inner).take();
    value.ok_or_else(|| Error::internal("a unit of work ended without an answer"))
}

/// What all transactions of one process share.
pub(crate) struct Shared {
    pub(crate) in_force: InForce,
    pub(crate) clock: Clock,
    pub(crate) ids: Ids,
    pub(crate) plugins: Arc<dyn Plugins>,
    /// What is known of how they do.
    pub(crate) watch: Watch,
    /// Which of them were taken up.
    pub(crate) force: Force,
    /// Calls of theirs that are to be kept.
    pub(crate) recorder: Recorder,
    seed: Option<AtomicU64>,
    pub(crate) cheap_passwords: bool,
    pub(crate) jobs: Notify,
    /// Held by who asks for a lease.
    pub(crate) renewing: Turn<()>,
    pub(crate) counts: Counts,
    closed_to_writing: OnceLock<String>,
    pub(crate) changes: broadcast::Sender<Heard>,
    /// Up to where other processes were heard; `None` while nobody listens.
    pub(crate) hearing: Turn<Option<Hearing>>,
    pub(crate) callers: identity::Known,
}

impl Shared {
    pub(crate) fn registry(&self) -> Arc<Registry> {
        self.in_force.registry()
    }

    pub(crate) fn close_as_moved(&self, to: &str) {
        self.close_to_writing(&format!("it has moved to {to}: name that in fondaco.toml"));
    }

    /// From here on nothing is written, for this reason; the first one stays.
    pub(crate) fn close_to_writing(&self, why: &str) {
        let _ = self.closed_to_writing.set(why.to_owned());
    }

    pub(crate) fn is_closed_to_writing(&self) -> bool {
        self.closed_to_writing.get().is_some()
    }

    pub(crate) fn after_commit(&self, effects: Effects) {
        if let Some((version, registry)) = effects.applied {
            self.in_force.move_to(version, registry);
        }
        if effects.callers {
            self.callers.forget();
        }
        if effects.jobs {
            self.jobs.notify_one();
        }
        for changed in effects.changes {
            // No listener is no error.
            let _ = self.changes.send(Heard::Changed(changed));
        }
    }

    pub(crate) fn random<const N: usize>(&self) -> Result<[u8; N]> {
        let mut bytes = [0; N];
        match &self.seed {
            Some(seed) => seeded(seed, &mut bytes),
            #[expect(clippy::disallowed_methods, reason = "this is where chance comes in")]
            None => getrandom::fill(&mut bytes)
                .map_err(|e| Error::internal(format!("no random numbers: {e}")))?,
        }
        Ok(bytes)
    }
}

/// SplitMix64: enough for a run that is to be repeated, never for one that is to be secret.
fn seeded(seed: &AtomicU64, bytes: &mut [u8]) {
    for chunk in bytes.chunks_mut(8) {
        let mut z = seed.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        chunk.copy_from_slice(&(z ^ (z >> 31)).to_le_bytes()[..chunk.len()]);
    }
}

/// The hour, from the machine or set by hand for runs that tell a story.
#[derive(Clone, Debug)]
pub struct Clock {
    /// Microseconds since 1970; `None` = the machine's.
    set: Option<Arc<AtomicI64>>,
}

impl Clock {
    pub fn system() -> Clock {
        Clock { set: None }
    }

    pub fn at(time: Timestamp) -> Clock {
        Clock { set: Some(Arc::new(AtomicI64::new(time.as_microsecond()))) }
    }

    pub fn now(&self) -> Timestamp {
        match &self.set {
            #[expect(clippy::disallowed_methods, reason = "this is where time comes in")]
            None => Timestamp::now(),
            Some(set) => Timestamp::from_microsecond(set.load(Ordering::Relaxed))
                .unwrap_or(Timestamp::UNIX_EPOCH),
        }
    }

    /// Moves a clock that was set by hand; the machine's own is not ours to move.
    pub fn set(&self, time: Timestamp) {
        if let Some(set) = &self.set {
            set.store(time.as_microsecond(), Ordering::Relaxed);
        }
    }
}
