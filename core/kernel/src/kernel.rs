//! The kernel as a whole. `run` and `read` are the only ways to the database: a unit of work is a
//! closure that can run again, awaits nothing but the kernel, and is committed as a whole or not.

use std::future::Future;
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use fondaco_schema::Source;
use fondaco_values::Timestamp;
use tokio::sync::{Notify, broadcast};
use tracing::Instrument;

pub use crate::db::PostgresSettings;
use crate::db::{Door, Kind, Purpose, Sql, Work};
use crate::error::{Error, Result};
use crate::figures::Counts;
use crate::in_force::{InForce, Version};
use crate::module::{Module, Registry};
use crate::plan::Desired;
use crate::plugins::{NoPlugins, Plugins};
use crate::tx::{Changed, Effects, Fut, Tx};
use crate::views::{self, Pilots};
use crate::{Ctx, identity, plan};

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
            seed: setup.seed.map(AtomicU64::new),
            cheap_passwords: setup.cheap_passwords,
            jobs: Notify::new(),
            counts: Counts::default(),
            closed_to_writing: OnceLock::new(),
            changes: broadcast::channel(CHANGES_KEPT).0,
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
        let (floor, start) = self.run(&ctx, |tx| Box::pin(begin(tx))).await?;
        self.shared.ids.begin(floor, start);
        let settled = self.run(&ctx, move |tx| {
            let registry = tx.registry().clone();
            Box::pin(async move {
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
        match in_force.known(&desired.to_applied().digest()) {
            Some(known) => Ok(known),
            None => Registry::new(desired.clone()).map(Arc::new),
        }
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
        let (work, slot) = erase(work);
        if kind != Kind::Read
            && let Some(why) = self.closed_to_writing()
        {
            let message = format!("This database is not written to: {why}.");
            return Err(Error::Conflict { code: "read_only", message });
        }
        self.measured(kind != Kind::Read, self.door.run(kind, ctx.clone(), work)).await?;
        take(&slot)
    }

    /// Counts a unit of work and lets traces see it.
    async fn measured(&self, writes: bool, unit: impl Future<Output = Result<()>>) -> Result<()> {
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

    /// Hears of every committed change from now on.
    pub fn changes(&self) -> broadcast::Receiver<Changed> {
        self.shared.changes.subscribe()
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }
}

/// The newest id in the audit, and the how-manieth start this is.
async fn begin(tx: &mut Tx) -> Result<(i64, i64)> {
    let newest = tx.row(Sql::text("select coalesce(max(id), 0) from audit")).await?;
    let start = Sql::text(
        "insert into meta (name, value) values ('starts', '1') on conflict (name) \
         do update set value = cast(cast(meta.value as bigint) + 1 as text) returning value",
    );
    let start = tx.row(start).await?.and_then(|row| row.str(0).parse().ok());
    Ok((newest.map_or(0, |row| row.int(0)), start.unwrap_or(1)))
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
    let erased: Work = Box::new(move |tx| {
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
    seed: Option<AtomicU64>,
    pub(crate) cheap_passwords: bool,
    pub(crate) jobs: Notify,
    pub(crate) counts: Counts,
    closed_to_writing: OnceLock<String>,
    changes: broadcast::Sender<Changed>,
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
        if effects.jobs {
            self.jobs.notify_one();
        }
        for changed in effects.changes {
            // No listener is no error.
            let _ = self.changes.send(changed);
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

/// Ids in order of time: 41 bits of milliseconds since 2020, 6 bits for the process, 15 to count.
/// Every start takes the next of the 64 process numbers, so two processes on one database give
/// different ids.
#[derive(Default)]
pub(crate) struct Ids {
    last: AtomicI64,
    process: AtomicI64,
}

const ID_EPOCH_MS: i64 = 1_577_836_800_000;
const ID_COUNT_BITS: u32 = 15;
const ID_PROCESS_BITS: u32 = 6;
const ID_MS: i64 = 1 << (ID_COUNT_BITS + ID_PROCESS_BITS);

impl Ids {
    pub(crate) fn next(&self, now: Timestamp) -> i64 {
        let process = self.process.load(Ordering::Relaxed) << ID_COUNT_BITS;
        let by_time = (now.as_millisecond() - ID_EPOCH_MS).max(1) * ID_MS + process;
        let follow = |last: i64| {
            let next = last + 1;
            let is_full = next % (1 << ID_COUNT_BITS) == 0;
            // The count of a millisecond is used up: borrow from the next one.
            if is_full { (last / ID_MS + 1) * ID_MS + process } else { next }
        };
        let step = |last: i64| Some(by_time.max(follow(last)));
        let last = self.last.fetch_update(Ordering::Relaxed, Ordering::Relaxed, step);
        last.map_or(by_time, |last| by_time.max(follow(last)))
    }

    /// The number of this process among those on one database.
    pub(crate) fn process(&self) -> i64 {
        self.process.load(Ordering::Relaxed) >> ID_COUNT_BITS
    }

    /// Starts above every id given before, under the process number of this start.
    pub(crate) fn begin(&self, floor: i64, start: i64) {
        let process = start % (1 << ID_PROCESS_BITS);
        self.process.store(process, Ordering::Relaxed);
        let after = (floor / ID_MS + 1) * ID_MS + (process << ID_COUNT_BITS);
        self.last.fetch_max(if floor > 0 { after } else { 0 }, Ordering::Relaxed);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_go_up_even_when_the_clock_goes_back() {
        let ids = Ids::default();
        let late = Timestamp::from_second(1_800_000_000).unwrap();
        let early = Timestamp::from_second(1_700_000_000).unwrap();
        let given = [ids.next(late), ids.next(late), ids.next(early), ids.next(late)];
        assert!(given.windows(2).all(|w| w[0] < w[1]), "{given:?}");
    }

    #[test]
    fn two_processes_never_give_the_same_id() {
        let (one, two) = (Ids::default(), Ids::default());
        one.begin(0, 1);
        two.begin(0, 2);
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let count = 3 << ID_COUNT_BITS;
        let mut given: Vec<i64> = (0..count).flat_map(|_| [one.next(now), two.next(now)]).collect();
        given.sort_unstable();
        assert!(given.windows(2).all(|w| w[0] < w[1]));
    }
}
