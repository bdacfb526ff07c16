//! The embedded engine: one writer thread that groups units of work into durable commits, and
//! reader threads. A unit of work travels to its thread as a whole and is driven there to its end.
//! Settings and measurements behind them: write-ahead log, synchronous FULL, one writer.
//! INVARIANT: nobody is answered before the commit that holds his work is on disk.

use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rusqlite::types::ValueRef;
use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension};
use tokio::sync::{mpsc, oneshot};

use super::conn::RowRef;
use super::sql::{Cell, Held, Sql};
use super::{Kind, Purpose, Work, migrations};
use crate::Ctx;
use crate::error::{Error, Result, StorageKind};
use crate::in_force;
use crate::kernel::Shared;
use crate::portable::{MOVED_TO, RECEIVING};
use crate::tx::Tx;

/// Units of work that share one commit at most.
const GROUP_MAX: usize = 64;
/// A group takes no further work after this long, so that nobody waits for a crowd.
const GROUP_TIME_MAX: Duration = Duration::from_millis(5);
/// Units of work that may wait for the writer; more is overload and is told so.
const QUEUE_MAX: usize = 4096;
const READERS: usize = 2;
/// How long one waits for another process, such as a change of the schema on a large table.
const BUSY_MAX: Duration = Duration::from_secs(60);
const STATEMENTS_CACHED: usize = 512;
/// The first version without the fault that could corrupt a log with two connections.
const VERSION_MIN: i32 = 3_051_003;

struct Job {
    ctx: Ctx,
    work: Work,
    done: oneshot::Sender<Result<()>>,
}

/// The queues to the writer and the readers.
pub(crate) struct Door {
    writer: mpsc::Sender<Job>,
    /// `None` for a database in memory, where the one connection also reads.
    readers: Option<mpsc::Sender<Job>>,
}

impl Door {
    /// Opens the file (`None`: a database in memory), brings the kernel's own tables up to date and
    /// starts the threads.
    pub(crate) fn open(path: Option<&Path>, shared: Arc<Shared>, purpose: Purpose) -> Result<Door> {
        if rusqlite::version_number() < VERSION_MIN {
            return Err(Error::Startup(format!("SQLite {} is too old", rusqlite::version())));
        }
        let connection = match (purpose, path) {
            (Purpose::Look, Some(path)) => open_reader(path)?,
            (_, path) => open_to_write(path, purpose, &shared)?,
        };
        let handle = tokio::runtime::Handle::current();
        let (writer, inbox) = mpsc::channel(QUEUE_MAX);
        let writes = Writer { handle: handle.clone(), shared: shared.clone() };
        start("fondaco-writer", move || writes.serve(connection, inbox))?;
        let readers = path.map(|path| start_readers(path, &handle, &shared)).transpose()?;
        Ok(Door { writer, readers })
    }

    pub(crate) async fn run(&self, kind: Kind, ctx: Ctx, work: Work) -> Result<()> {
        let (done, wait) = oneshot::channel();
        let queue = match (kind, &self.readers) {
            (Kind::Read, Some(readers)) => readers,
            _ => &self.writer,
        };
        queue.send(Job { ctx, work, done }).await.map_err(|_| Error::Closed)?;
        wait.await.map_err(|_| Error::Closed)?
    }
}

/// Brings the kernel's own tables up to date, unless the database has moved elsewhere: then it is
/// left as it is, and closed to writing.
fn open_to_write(path: Option<&Path>, purpose: Purpose, shared: &Shared) -> Result<Connection> {
    let mut connection = open_writer(path)?;
    if purpose == Purpose::Work
        && let Some(to) = told(&connection, MOVED_TO)?
    {
        connection.pragma_update(None, "query_only", true).map_err(storage)?;
        shared.close_as_moved(&to);
        return Ok(connection);
    }
    match purpose {
        Purpose::Receive => {
            connection.pragma_update(None, "foreign_keys", false).map_err(storage)?
        }
        _ if told(&connection, RECEIVING)?.is_some() => {
            return Err(super::not_whole());
        }
        _ => {}
    }
    migrations::run(&mut connection)?;
    Ok(connection)
}

/// What `meta` says under a name, also in a database that has no `meta` yet.
fn told(connection: &Connection, name: &str) -> Result<Option<String>> {
    let there = "select count(*) from sqlite_schema where name = 'meta'";
    let there: i64 = connection.query_row(there, [], |row| row.get(0)).map_err(storage)?;
    if there == 0 {
        return Ok(None);
    }
    let sql = "select value from meta where name = ?1";
    connection.query_row(sql, [name], |row| row.get(0)).optional().map_err(storage)
}

fn start(name: &str, run: impl FnOnce() + Send + 'static) -> Result<()> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(run)
        .map(drop)
        .map_err(|e| Error::Startup(format!("no thread for the database: {e}")))
}

fn open_writer(path: Option<&Path>) -> Result<Connection> {
    if let Some(path) = path {
        make_private(path)?;
    }
    let connection = match path {
        Some(path) => Connection::open(path),
        None => Connection::open_in_memory(),
    }
    .map_err(storage)?;
    configure(&connection)?;
    connection.pragma_update(None, "journal_mode", "wal").map_err(storage)?;
    connection.pragma_update(None, "synchronous", "full").map_err(storage)?;
    connection.pragma_update(None, "wal_autocheckpoint", 1000).map_err(storage)?;
    Ok(connection)
}

/// A new file is its owner's alone; what SQLite keeps beside it follows.
pub(super) fn make_private(path: &Path) -> Result<()> {
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    match made {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            Err(Error::Startup(format!("{}: {error}", path.display())))
        }
        _ => Ok(()),
    }
}

fn configure(connection: &Connection) -> Result<()> {
    use rusqlite::config::DbConfig::{SQLITE_DBCONFIG_DQS_DDL, SQLITE_DBCONFIG_DQS_DML};
    connection.set_prepared_statement_cache_capacity(STATEMENTS_CACHED);
    connection.busy_timeout(BUSY_MAX).map_err(storage)?;
    // A misspelt column must be an error, not a text.
    connection.set_db_config(SQLITE_DBCONFIG_DQS_DDL, false).map_err(storage)?;
    connection.set_db_config(SQLITE_DBCONFIG_DQS_DML, false).map_err(storage)?;
    connection.pragma_update(None, "foreign_keys", true).map_err(storage)?;
    connection.pragma_update(None, "cache_size", -16_384).map_err(storage)?;
    connection.pragma_update(None, "temp_store", "memory").map_err(storage)?;
    super::functions::register(connection)
}

fn start_readers(
    path: &Path,
    handle: &tokio::runtime::Handle,
    shared: &Arc<Shared>,
) -> Result<mpsc::Sender<Job>> {
    let (sender, inbox) = mpsc::channel(QUEUE_MAX);
    let inbox = Arc::new(Mutex::new(inbox));
    for n in 0..READERS {
        let connection = open_reader(path)?;
        let (inbox, handle, shared) = (inbox.clone(), handle.clone(), shared.clone());
        start(&format!("fondaco-reader-{n}"), move || {
            let mut connection = Some(connection);
            while let Some(job) = next(&inbox) {
                connection = read_one(connection.take(), job, &handle, &shared);
            }
        })?;
    }
    Ok(sender)
}

fn open_reader(path: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(storage)?;
    configure(&connection)?;
    connection.pragma_update(None, "query_only", true).map_err(storage)?;
    Ok(connection)
}

fn next(inbox: &Mutex<mpsc::Receiver<Job>>) -> Option<Job> {
    match inbox.lock() {
        Ok(mut inbox) => inbox.blocking_recv(),
        Err(_) => None,
    }
}

/// One unit of reading: a snapshot of its own, given up at the end.
fn read_one(
    connection: Option<Connection>,
    job: Job,
    handle: &tokio::runtime::Handle,
    shared: &Arc<Shared>,
) -> Option<Connection> {
    let mut conn = Conn(connection?);
    let mut outcome = conn.control("begin");
    if outcome.is_ok() {
        let (back, result, _) = drive(conn, &job, handle, shared);
        conn = back;
        outcome = result.and(conn.control("rollback"));
    }
    let _ = job.done.send(outcome);
    Some(conn.0)
}

struct Writer {
    handle: tokio::runtime::Handle,
    shared: Arc<Shared>,
}

impl Writer {
    fn serve(self, connection: Connection, mut inbox: mpsc::Receiver<Job>) {
        let mut conn = Conn(connection);
        while let Some(first) = inbox.blocking_recv() {
            conn = self.commit_group(conn, first, &mut inbox);
        }
        // The last word of a good night: everything into the main file.
        let _ = conn.control("pragma wal_checkpoint(truncate)");
    }

    /// Runs what is waiting under one commit. When the group fails as a whole, each runs alone.
    fn commit_group(&self, mut conn: Conn, first: Job, inbox: &mut mpsc::Receiver<Job>) -> Conn {
        let started = Instant::now();
        let mut group = Vec::with_capacity(8);
        if let Err(error) = conn.control("begin immediate") {
            let _ = first.done.send(Err(error));
            return conn;
        }
        let mut next = Some(first);
        let mut whole = true;
        while let Some(job) = next.take() {
            let (back, result, effects) = self.run_saved(conn, &job);
            conn = back;
            whole = !conn.0.is_autocommit();
            // What comes after a change of the schema must find it committed.
            let goes_on = effects.applied.is_none();
            group.push((job, result, effects));
            if whole && goes_on && group.len() < GROUP_MAX && started.elapsed() < GROUP_TIME_MAX {
                next = inbox.try_recv().ok();
            }
        }
        if whole && conn.control("commit").is_ok() {
            for (job, result, effects) in group {
                if result.is_ok() {
                    self.shared.after_commit(effects);
                }
                let _ = job.done.send(result);
            }
            return conn;
        }
        let _ = conn.control("rollback");
        let jobs = group.into_iter().map(|(job, ..)| job);
        jobs.fold(conn, |conn, job| self.commit_alone(conn, job))
    }

    /// One unit of work inside the group, taken back alone when it fails.
    fn run_saved(&self, conn: Conn, job: &Job) -> (Conn, Result<()>, Effects) {
        let mut conn = conn;
        if let Err(error) = conn.control("savepoint unit") {
            return (conn, Err(error), Effects::default());
        }
        let (mut conn, result, effects) = drive(conn, job, &self.handle, &self.shared);
        if conn.0.is_autocommit() {
            return (conn, result, effects);
        }
        let end = if result.is_ok() { "release unit" } else { "rollback to unit; release unit" };
        let result = result.and(conn.control(end));
        (conn, result, effects)
    }

    fn commit_alone(&self, mut conn: Conn, job: Job) -> Conn {
        if let Err(error) = conn.control("begin immediate") {
            let _ = job.done.send(Err(error));
            return conn;
        }
        let (mut conn, result, effects) = drive(conn, &job, &self.handle, &self.shared);
        let result = match result {
            Ok(()) => conn.control("commit"),
            Err(error) => Err(error),
        };
        match &result {
            Ok(()) => self.shared.after_commit(effects),
            Err(_) if !conn.0.is_autocommit() => drop(conn.control("rollback")),
            Err(_) => {}
        }
        let _ = job.done.send(result);
        conn
    }
}

use crate::tx::Effects;

/// Drives one unit of work to its end on this thread. A panic inside costs only that unit.
fn drive(
    conn: Conn,
    job: &Job,
    handle: &tokio::runtime::Handle,
    shared: &Arc<Shared>,
) -> (Conn, Result<()>, Effects) {
    let mut tx = Tx::begin(super::Conn::Sqlite(conn), job.ctx.clone(), shared.clone());
    let ran = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        handle.block_on(async {
            in_force::take_up(&mut tx).await?;
            (job.work)(&mut tx).await?;
            tx.finish().await
        })
    }));
    let result = ran.unwrap_or_else(|panic| Err(Error::internal(panic_text(panic.as_ref()))));
    match tx.end() {
        (super::Conn::Sqlite(conn), effects) => (conn, result, effects),
        _ => unreachable!("a unit of work gives back the connection that it was given"),
    }
}

pub(super) fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied());
    format!("a rule of the program was broken: {}", text.unwrap_or("no text"))
}

/// A connection while a unit of work has it.
pub(crate) struct Conn(Connection);

impl Conn {
    /// Transaction control and pragmas, which bind nothing.
    pub(crate) fn control(&mut self, text: &'static str) -> Result<()> {
        #[expect(clippy::disallowed_methods, reason = "this is the place the rule points to")]
        self.0.execute_batch(text).map_err(storage)
    }

    pub(crate) fn exec(&mut self, sql: &Sql) -> Result<u64> {
        let mut statement = self.0.prepare_cached(sql.as_str()).map_err(storage)?;
        bind(&mut statement, sql.binds())?;
        statement.raw_execute().map(|n| n as u64).map_err(storage)
    }

    /// Calls `each` for every row of the answer.
    pub(crate) fn each(&mut self, sql: &Sql, mut each: impl FnMut(&RowRef<'_, '_>)) -> Result<()> {
        let mut statement = self.0.prepare_cached(sql.as_str()).map_err(storage)?;
        bind(&mut statement, sql.binds())?;
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next().map_err(storage)? {
            each(&RowRef::Sqlite(row));
        }
        Ok(())
    }

    /// The same, given up after so many thousand steps of the engine's machine: `false` then.
    pub(crate) fn each_within(
        &mut self,
        sql: &Sql,
        thousand_steps: usize,
        each: impl FnMut(&RowRef<'_, '_>),
    ) -> Result<bool> {
        let mut left = thousand_steps;
        let spent = move || {
            left = left.saturating_sub(1);
            left == 0
        };
        self.0.progress_handler(1_000, Some(spent)).map_err(storage)?;
        let outcome = self.each(sql, each);
        self.0.progress_handler(0, None::<fn() -> bool>).map_err(storage)?;
        match outcome {
            Ok(()) => Ok(true),
            Err(Error::Storage { kind: StorageKind::GivenUp, .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// The same statement for each row of values, prepared once.
    pub(crate) fn exec_each(&mut self, text: &str, rows: &[Vec<Cell>]) -> Result<()> {
        let mut statement = self.0.prepare_cached(text).map_err(storage)?;
        for row in rows {
            bind(&mut statement, row)?;
            statement.raw_execute().map_err(storage)?;
        }
        Ok(())
    }

    /// A copy of the whole database into a new file, consistent while others wait.
    pub(crate) fn copy_to(&mut self, path: &Path) -> Result<()> {
        let mut target = Connection::open(path).map_err(storage)?;
        let backup = rusqlite::backup::Backup::new(&self.0, &mut target).map_err(storage)?;
        backup.run_to_completion(1024, Duration::ZERO, None).map_err(storage)
    }
}

fn bind(statement: &mut rusqlite::CachedStatement<'_>, binds: &[Cell]) -> Result<()> {
    for (at, cell) in binds.iter().enumerate() {
        let place = place_of(statement, at + 1)?;
        statement.raw_bind_parameter(place, cell).map_err(storage)?;
    }
    Ok(())
}

/// SQLite numbers `$n` by first appearance; a text that uses them out of order needs a look.
fn place_of(statement: &rusqlite::CachedStatement<'_>, n: usize) -> Result<usize> {
    let is_n = |name: &str| name.strip_prefix('$').and_then(|d| d.parse().ok()) == Some(n);
    if statement.parameter_name(n).is_some_and(is_n) {
        return Ok(n);
    }
    let found = statement.parameter_index(&format!("${n}")).map_err(storage)?;
    found.ok_or_else(|| Error::internal(format!("a statement binds ${n} and does not use it")))
}

pub(super) fn held<'r>(row: &'r rusqlite::Row<'_>, at: usize) -> Held<'r> {
    match row.get_ref(at) {
        Ok(ValueRef::Integer(i)) => Held::Int(i),
        Ok(ValueRef::Text(text)) => Held::Text(String::from_utf8_lossy(text)),
        Ok(ValueRef::Blob(bytes)) => Held::Bytes(bytes),
        Ok(ValueRef::Real(_)) => unreachable!("no column holds a float"),
        Ok(ValueRef::Null) | Err(_) => Held::Null,
    }
}

impl rusqlite::ToSql for Cell {
    fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
        let value = match self {
            Cell::Null => ValueRef::Null,
            Cell::Int(i) => ValueRef::Integer(*i),
            Cell::Text(text) => ValueRef::Text(text.as_bytes()),
            Cell::Bytes(bytes) => ValueRef::Blob(bytes),
            Cell::Ids(_) | Cell::Texts(_) => return Ok(self.json().into()),
        };
        Ok(rusqlite::types::ToSqlOutput::Borrowed(value))
    }
}

pub(super) fn storage(error: rusqlite::Error) -> Error {
    let message = error.to_string();
    let kind = match &error {
        rusqlite::Error::SqliteFailure(failure, text) => kind_of(failure, text.as_deref()),
        _ => StorageKind::Other,
    };
    Error::Storage { kind, message }
}

fn kind_of(failure: &rusqlite::ffi::Error, text: Option<&str>) -> StorageKind {
    use rusqlite::ffi;
    let unique = |t: &str| t.split_once("failed: ").map_or(t, |(_, names)| names).to_owned();
    match failure.extended_code {
        ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY => {
            StorageKind::Unique(text.map(unique).unwrap_or_default())
        }
        ffi::SQLITE_CONSTRAINT_FOREIGNKEY => StorageKind::ForeignKey,
        ffi::SQLITE_CONSTRAINT_CHECK | ffi::SQLITE_CONSTRAINT_TRIGGER => StorageKind::Refused,
        _ if failure.code == ErrorCode::DatabaseBusy => StorageKind::Retry,
        _ if failure.code == ErrorCode::DiskFull => StorageKind::Full,
        _ if failure.code == ErrorCode::OperationInterrupted => StorageKind::GivenUp,
        _ => StorageKind::Other,
    }
}

/// The folder that a database file needs, made when it is not there.
pub(super) fn make_folder(path: &Path) -> Result<()> {
    match path.parent().filter(|p| !p.as_os_str().is_empty()) {
        Some(folder) => std::fs::create_dir_all(folder)
            .map_err(|e| Error::Startup(format!("cannot make {}: {e}", folder.display()))),
        None => Ok(()),
    }
}
