//! A throw-away PostgreSQL for tests, made of the installed binaries: one server for all test
//! processes of a checkout (`Cluster::shared`), or one of a test's own that may be hurt
//! (`Cluster::own`); a database a test, copied from a template where one was made. A crate of its
//! own because the kernel's tests need it as well as those of the program.
//! Not here: what is in the databases, and any client but `psql`.

pub mod engine;
mod server;
mod watch;

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use server::Server;

/// Set to `required`, it makes the absence of PostgreSQL a failure instead of a line.
const REQUIRED: &str = "FONDACO_TEST_PG";

/// What the names of our databases begin with; the others are left alone.
pub(crate) const OURS: &str = "fo_";

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A running server, spoken to over a socket in its folder.
#[derive(Debug)]
pub struct Cluster {
    server: Server,
    /// Whether it ends with this value; the shared one ends when no process uses it any more.
    own: bool,
}

impl Cluster {
    /// The server of this checkout, started if none runs, used by this process until its end. It
    /// trusts everybody who can reach its folder, and forgets all when the machine stops.
    /// `None`, after a loud line, where PostgreSQL is not installed.
    pub fn shared() -> Option<&'static Cluster> {
        static SHARED: OnceLock<Option<Cluster>> = OnceLock::new();
        SHARED.get_or_init(|| installed(Server::shared)).as_ref()
    }

    /// A server in this folder, stopped when the value is dropped. `None` as [`Cluster::shared`].
    pub fn own(folder: &Path) -> Option<Cluster> {
        Cluster::on_disk(folder, folder)
    }

    /// The same with its tables on another disk than its log.
    pub fn on_disk(folder: &Path, disk: &Path) -> Option<Cluster> {
        installed(|| Server::fresh(folder, disk).map(|server| Cluster { server, own: true }))
    }

    /// An address of this database, as drivers take it.
    pub fn url(&self, database: &str) -> String {
        let folder = self.server.folder.display().to_string().replace('/', "%2F");
        format!("postgres://postgres@{folder}/{database}")
    }

    /// Runs statements by `psql`; answers the rows without headings, columns parted by `|`.
    pub fn sql(&self, database: &str, statements: &str) -> String {
        self.server.sql(database, statements).unwrap_or_else(|e| unreachable!("{e}"))
    }

    /// An empty database.
    pub fn database(&'static self) -> Database {
        self.copy("template0")
    }

    /// A copy of a template that was [kept](Template::keep) before.
    pub fn copy(&'static self, template: &str) -> Database {
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("{OURS}{}_{n}", std::process::id());
        self.sql("postgres", &format!("create database {name} template {template}"));
        Database { cluster: self, name }
    }

    /// A database to be made into the template of this name; `None` when it is there already, made
    /// by this process or another one. Whoever else wants it waits. The name begins with `fo_`.
    pub fn template(&'static self, name: &str) -> Option<Template> {
        assert!(name.starts_with(OURS), "{name} would stay for ever");
        let lock = self.server.lock(name);
        let known = format!("select 1 from pg_database where datname = '{name}'");
        if !self.sql("postgres", &known).is_empty() {
            return None;
        }
        Some(Template { name: name.to_owned(), made: self.database(), _lock: lock })
    }

    pub fn folder(&self) -> &Path {
        &self.server.folder
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if self.own {
            self.server.stop();
        }
    }
}

/// A database of one test, dropped with it.
#[derive(Debug)]
pub struct Database {
    cluster: &'static Cluster,
    name: String,
}

impl Database {
    pub fn url(&self) -> String {
        self.cluster.url(&self.name)
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// As [`Cluster::sql`].
    pub fn sql(&self, statements: &str) -> String {
        self.cluster.sql(&self.name, statements)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // What cannot be dropped now is dropped when the server starts again.
        let drop = format!("drop database if exists {} with (force)", self.name);
        let _ = self.cluster.server.sql("postgres", &drop);
    }
}

/// A template in the making.
#[derive(Debug)]
pub struct Template {
    name: String,
    made: Database,
    _lock: File,
}

impl Template {
    pub fn url(&self) -> String {
        self.made.url()
    }

    /// As [`Cluster::sql`].
    pub fn sql(&self, statements: &str) -> String {
        self.made.sql(statements)
    }

    /// It is whole: from now on it can be copied, and nobody can connect to it.
    pub fn keep(self) {
        let (made, name) = (&self.made.name, &self.name);
        let statements = format!(
            "alter database {made} allow_connections false;
            select pg_terminate_backend(pid) from pg_stat_activity where datname = '{made}';
            alter database {made} rename to {name};"
        );
        self.made.cluster.sql("postgres", &statements);
    }
}

/// What is started when PostgreSQL is installed; else a loud line, or a failure where it is required.
fn installed<T>(start: impl FnOnce() -> Result<T, String>) -> Option<T> {
    let required = std::env::var_os(REQUIRED).is_some_and(|value| value == "required");
    if server::binaries().is_some() || required {
        return Some(start().unwrap_or_else(|e| unreachable!("no PostgreSQL for the tests: {e}")));
    }
    // Past the capture of the test runner, which hides what passing tests print.
    let line = "\nPOSTGRESQL IS NOT INSTALLED: ITS HALF OF THE TESTS IS SKIPPED\n";
    let _ = std::io::stderr().write_all(line.as_bytes());
    None
}
