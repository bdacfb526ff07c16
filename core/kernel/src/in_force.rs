//! Which schema is in force. The database says in each transaction to which version it was brought;
//! a unit of work runs with the registry of that version, from its first statement to its last. So a
//! change that was applied, here or by another process, is taken up by the next unit of work and
//! disturbs none that is under way.
//! Not here: what changes and how it is carried out (`plan`).

use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use crate::db::Sql;
use crate::error::{Error, Result};
use crate::module::{Module, Registry};
use crate::plan::{self, Desired};
use crate::tx::Tx;
use crate::views;

/// Registries kept beside the newest: readers on an older snapshot and changes about to be committed.
const KEPT_MAX: usize = 4;
/// Where the version stands in `meta`.
pub(crate) const VERSION: &str = "version";

/// To what the tables were brought: the how-manieth change it was, and the digest of all the texts
/// it followed from. Written in the transaction that changes the tables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Version {
    pub(crate) number: i64,
    pub(crate) digest: String,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.number, self.digest)
    }
}

impl FromStr for Version {
    type Err = Error;

    fn from_str(text: &str) -> Result<Version> {
        let parts = text.split_once(' ');
        let parts = parts.and_then(|(number, digest)| Some((number.parse().ok()?, digest)));
        let (number, digest) =
            parts.ok_or_else(|| Error::Startup(format!("the version {text:?} cannot be read")))?;
        Ok(Version { number, digest: digest.to_owned() })
    }
}

/// What one process knows of the schema in force.
pub(crate) struct InForce {
    newest: RwLock<Newest>,
    /// By digest: older ones, and those about to be committed.
    known: Mutex<Vec<Arc<Registry>>>,
    /// The version that this program cannot run, and why; found out once.
    refused: Mutex<Option<(Version, String)>>,
    /// Held by who makes a registry: the others wait for it and do not make it too.
    loading: tokio::sync::Mutex<()>,
    /// All modules of this program, switched on or not.
    available: Vec<Module>,
    /// Unset while a database is being opened, planned for or brought up to date.
    follows: AtomicBool,
}

#[derive(Clone)]
struct Newest {
    /// `None` until the database says one.
    version: Option<Version>,
    registry: Arc<Registry>,
}

impl InForce {
    pub(crate) fn new(registry: Arc<Registry>, available: Vec<Module>) -> InForce {
        InForce {
            newest: RwLock::new(Newest { version: None, registry }),
            known: Mutex::default(),
            refused: Mutex::default(),
            loading: tokio::sync::Mutex::default(),
            available,
            follows: AtomicBool::new(false),
        }
    }

    pub(crate) fn registry(&self) -> Arc<Registry> {
        self.newest.read().unwrap_or_else(PoisonError::into_inner).registry.clone()
    }

    /// From now on each unit of work runs with the schema that the database says.
    pub(crate) fn follow(&self) {
        self.follows.store(true, Ordering::Release);
    }

    pub(crate) fn available(&self) -> &[Module] {
        &self.available
    }

    /// Keeps a registry for the moment its version appears in the database.
    pub(crate) fn keep(&self, registry: Arc<Registry>) {
        let mut known = lock(&self.known);
        known.retain(|other| other.digest() != registry.digest());
        known.push(registry);
        if known.len() > KEPT_MAX {
            known.remove(0);
        }
    }

    pub(crate) fn known(&self, digest: &str) -> Option<Arc<Registry>> {
        let newest = self.registry();
        if newest.digest() == digest {
            return Some(newest);
        }
        lock(&self.known).iter().find(|registry| registry.digest() == digest).cloned()
    }

    /// Makes a committed version the newest, unless a newer one is known.
    pub(crate) fn move_to(&self, version: Version, registry: Arc<Registry>) {
        let mut newest = self.newest.write().unwrap_or_else(PoisonError::into_inner);
        if newest.version.as_ref().is_some_and(|known| known.number >= version.number) {
            return;
        }
        let before = std::mem::replace(
            &mut *newest,
            Newest { version: Some(version), registry: registry.clone() },
        );
        drop(newest);
        self.keep(before.registry);
        self.keep(registry);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Has a unit of work run with the schema that its transaction finds in the database. Called once,
/// before the work.
///
/// # Errors
/// `Startup` when this program cannot run that schema, since it lacks a module or has another
/// version of one; `Conflict` when the whole database has moved elsewhere since it was opened.
pub(crate) async fn take_up(tx: &mut Tx) -> Result<()> {
    if !tx.shared().in_force.follows.load(Ordering::Acquire) {
        return Ok(());
    }
    let found = match tx.take_stamp() {
        Some(found) => found,
        None => read(tx).await?,
    };
    let Some(stamp) = found else { return Ok(()) };
    if tx.ctx().proof.as_ref().is_some_and(|proof| proof.stamp != stamp) {
        let message = "Rights were changed meanwhile; try again.".to_owned();
        return Err(Error::Conflict { code: OTHER_STAMP, message });
    }
    let mut text = stamp.version.clone();
    tx.stamped(stamp);
    if !text.starts_with(|c: char| c.is_ascii_digit()) {
        text = match tx.shared().is_closed_to_writing() {
            true => version_of_moved(tx).await?,
            false => return Err(moved(&text)),
        };
    }
    let text = text.as_str();
    let newest = {
        let in_force = &tx.shared().in_force;
        in_force.newest.read().unwrap_or_else(PoisonError::into_inner).clone()
    };
    if newest.version.as_ref().is_some_and(|version| is_written(version, text)) {
        tx.adopt(newest.registry);
        return Ok(());
    }
    let version: Version = text.parse()?;
    let registry = match tx.shared().in_force.known(&version.digest) {
        Some(registry) => registry,
        None => {
            let shared = tx.shared().clone();
            let _one_at_a_time = shared.in_force.loading.lock().await;
            match shared.in_force.known(&version.digest) {
                Some(registry) => registry,
                None => load(tx, &version).await?,
            }
        }
    };
    tx.shared().in_force.move_to(version, registry.clone());
    // Another process has changed the tables.
    tx.forget_statements();
    tx.adopt(registry);
    Ok(())
}

/// What a database says of itself in each transaction, first of all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    /// The version, which begins with a digit; or, of a database that has moved, where to.
    pub(crate) version: String,
    /// The last change of who somebody is.
    pub(crate) callers: Option<String>,
}

/// The code of a unit of work whose caller was looked up when the database stood elsewhere: before
/// any of the work, which is run again when it is known who he is now.
pub(crate) const OTHER_STAMP: &str = "other_stamp";

/// The version and the last change of callers, of a statement that has no others.
pub(crate) const READ: &str = "(select value from meta where name in ('moved_to', 'version') \
     order by name limit 1), (select value from meta where name = 'callers')";

async fn read(tx: &mut Tx) -> Result<Option<Stamp>> {
    let row = tx.aside(Sql::new().lit("select ").lit(READ)).await?;
    Ok(row.and_then(|row| {
        let version = row.opt_str(0)?.to_owned();
        Some(Stamp { version, callers: row.opt_str(1).map(str::to_owned) })
    }))
}

/// A moved database is still read with the schema that it has.
async fn version_of_moved(tx: &mut Tx) -> Result<String> {
    let sql = Sql::text("select value from meta where name = $1").bind(VERSION);
    let row = tx.aside(sql).await?;
    row.map(|row| row.str(0).to_owned())
        .ok_or_else(|| Error::Startup("this database was never brought to a schema".to_owned()))
}

fn moved(to: &str) -> Error {
    let message = format!("This database has moved to {to} meanwhile: start the server there.");
    Error::Conflict { code: "moved", message }
}

/// Whether a text is this version, without making a text of it.
fn is_written(version: &Version, text: &str) -> bool {
    let number = text.strip_suffix(version.digest.as_str()).and_then(|t| t.strip_suffix(' '));
    number.and_then(|number| number.parse().ok()) == Some(version.number)
}

/// The registry of a version that another process brought, from what it wrote beside it.
async fn load(tx: &mut Tx, version: &Version) -> Result<Arc<Registry>> {
    let known = lock(&tx.shared().in_force.refused).clone();
    if let Some((_, why)) = known.filter(|(refused, _)| refused == version) {
        return Err(Error::Startup(why));
    }
    let applied = plan::applied(tx).await?;
    let made = applied
        .ok_or_else(|| Error::Startup("the database does not say what was applied".to_owned()))
        .and_then(|applied| Desired::of_applied(&applied, tx.shared().in_force.available()))
        .and_then(Registry::new);
    let why = match made {
        Ok(registry) if registry.digest() == version.digest => {
            let registry = Arc::new(registry);
            views::find_places(tx, &registry).await?;
            tx.shared().in_force.keep(registry.clone());
            return Ok(registry);
        }
        Ok(_) => "its models are those of another version of the program".to_owned(),
        Err(error) => error.to_string(),
    };
    let why = format!(
        "the database was brought to version {} of its schema, which this program cannot run: \
         {why}; start the program that applied it",
        version.number
    );
    *lock(&tx.shared().in_force.refused) = Some((version.clone(), why.clone()));
    Err(Error::Startup(why))
}
