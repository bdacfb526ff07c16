//! One server: its binaries, its folder, its start and its end. As root it runs as another user,
//! since PostgreSQL refuses root.

use std::fs::{self, File, Permissions};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::{Cluster, OURS, watch};

/// How the server runs: nothing survives a power cut, and only the socket is open.
const SETTINGS: &str = "-c listen_addresses= -c fsync=off -c full_page_writes=off \
    -c wal_level=minimal -c max_wal_senders=0 -c max_connections=400 -c autovacuum=off \
    -c checkpoint_timeout=1d -c max_wal_size=4GB -c max_locks_per_transaction=256 \
    -c log_min_messages=fatal -c deadlock_timeout=100ms";

#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) folder: PathBuf,
    /// Where its tables are; the log is in its folder.
    data: PathBuf,
    binaries: PathBuf,
    /// The user and group it runs as, when this process is root.
    runs_as: Option<(u32, u32)>,
}

/// Where PostgreSQL is installed: as it says itself, or where Debian puts it (the newest).
pub(crate) fn binaries() -> Option<PathBuf> {
    let told = Command::new("pg_config").arg("--bindir").output().ok();
    let told = told.map(|out| PathBuf::from(String::from_utf8_lossy(&out.stdout).trim()));
    let mut found: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|version| Some(version.ok()?.path().join("bin")))
        .collect();
    found.sort();
    found.extend(told);
    found.into_iter().rev().find(|place| place.join("initdb").exists())
}

impl Server {
    /// The one server of this checkout, started if it does not run.
    pub(crate) fn shared() -> Result<Cluster, String> {
        let mut hash = DefaultHasher::new();
        env!("CARGO_MANIFEST_DIR").hash(&mut hash);
        let me = fs::metadata("/proc/self").map(|this| this.uid()).unwrap_or_default();
        let name = format!("fondaco-pg-{me}-{:08x}", hash.finish() & 0xffff_ffff);
        let folder = std::env::temp_dir().join(name);
        let server = Server::at(&folder, &folder)?;
        watch::use_until_the_end(&server.folder)?;
        let start = server.lock("start");
        if server.sql("postgres", "select 1").is_err() {
            server.start()?;
            server.forget_all()?;
        }
        watch::stop_when_unused(&server.folder, server.command("sh"))?;
        drop(start);
        Ok(Cluster { server, own: false })
    }

    /// A new server in a folder of its own, with its tables on this disk.
    pub(crate) fn fresh(folder: &Path, disk: &Path) -> Result<Server, String> {
        let server = Server::at(folder, disk)?;
        server.start()?;
        Ok(server)
    }

    fn at(folder: &Path, disk: &Path) -> Result<Server, String> {
        let binaries = binaries().ok_or("it is not installed")?;
        let runs_as = other_user();
        for place in [folder, disk] {
            let made = fs::create_dir_all(place).and_then(|()| {
                if let Some((user, group)) = runs_as {
                    chown(place, Some(user), Some(group))?;
                }
                // Who reaches the socket is trusted.
                fs::set_permissions(place, Permissions::from_mode(0o700))
            });
            made.map_err(|e| format!("{}: {e}", place.display()))?;
        }
        Ok(Server { folder: folder.to_owned(), data: disk.join("data"), binaries, runs_as })
    }

    /// Starts it, on the data of last time if they are usable.
    pub(crate) fn start(&self) -> Result<(), String> {
        let data = &self.data;
        if data.join("PG_VERSION").exists() && self.try_start().is_ok() {
            return Ok(());
        }
        let (new, log) = (data.with_extension("new"), self.folder.join("wal"));
        for old in [data, &new, &log] {
            // What is not there is as wanted.
            let _ = fs::remove_dir_all(old);
        }
        let init = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"];
        let mut initdb = self.command("initdb");
        initdb.args(init).arg("--no-sync").arg("-D").arg(&new).arg("--waldir").arg(&log);
        done(initdb.output())?;
        fs::rename(&new, data).map_err(|e| e.to_string())?;
        self.try_start()
    }

    fn try_start(&self) -> Result<(), String> {
        let options = format!("{SETTINGS} -k {}", self.folder.display());
        let mut start = self.command("pg_ctl");
        start.args(["start", "--wait", "--silent", "-o", &options, "-D"]);
        start.arg(&self.data).arg("-l").arg(self.folder.join("log"));
        // Its output would stay open as long as the server runs.
        let started = start.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        match started.status() {
            Ok(status) if status.success() => Ok(()),
            Ok(_) => Err(fs::read_to_string(self.folder.join("log")).unwrap_or_default()),
            Err(e) => Err(e.to_string()),
        }
    }

    pub(crate) fn stop(&self) {
        let mut stop = self.command("pg_ctl");
        stop.args(["stop", "--wait", "--mode=immediate", "-D"]).arg(&self.data);
        // One that is down already is as wanted.
        let _ = stop.output();
    }

    /// Drops what earlier runs left. INVARIANT: nobody makes a template yet; they wait for the start.
    fn forget_all(&self) -> Result<(), String> {
        let left = format!("select datname from pg_database where starts_with(datname, '{OURS}')");
        let drop = |name: &str| format!("drop database {name} with (force);");
        let left: String = self.sql("postgres", &left)?.lines().map(drop).collect();
        self.sql("postgres", &left)?;
        for file in fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            let name = file.file_name();
            if name.to_str().is_some_and(|n| n.starts_with(OURS) && n.ends_with(".lock")) {
                let _ = fs::remove_file(file.path());
            }
        }
        Ok(())
    }

    pub(crate) fn sql(&self, database: &str, statements: &str) -> Result<String, String> {
        let mut psql = self.command("psql");
        psql.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-U", "postgres", "-d"]);
        psql.arg(database).arg("-h").arg(&self.folder);
        psql.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut running = psql.spawn().map_err(|e| e.to_string())?;
        let input = running.stdin.take();
        let statements = statements.to_owned();
        // Beside the reading of the answer: a long script and a long answer must not wait for
        // each other. An early end of psql shows in its status.
        let fed = std::thread::spawn(move || {
            input.map(|mut input| input.write_all(statements.as_bytes()))
        });
        let out = done(running.wait_with_output());
        let _ = fed.join();
        out.map(|out| String::from_utf8_lossy(&out.stdout).into_owned())
    }

    /// Waits for the lock of this name among the processes of this checkout; given up on drop.
    pub(crate) fn lock(&self, name: &str) -> File {
        let path = self.folder.join(format!("{name}.lock"));
        let file = watch::lock_file(&path).and_then(|file| file.lock().map(|()| file));
        file.unwrap_or_else(|e| unreachable!("{}: {e}", path.display()))
    }

    /// A program of PostgreSQL, or of the system, as the user that the server runs as.
    fn command(&self, name: &str) -> Command {
        let own = self.binaries.join(name);
        let mut command = Command::new(if own.exists() { own } else { PathBuf::from(name) });
        command
            .current_dir(&self.folder)
            .env("PATH_OF_POSTGRES", &self.binaries)
            .env("LC_ALL", "C");
        for name in ["PGHOST", "PGPORT", "PGUSER", "PGDATABASE", "PGOPTIONS", "PGSERVICE", "PGDATA"]
        {
            command.env_remove(name);
        }
        if let Some((user, group)) = self.runs_as {
            command.uid(user).gid(group);
        }
        command
    }
}

/// When this process is root: `postgres`, or else `nobody`.
fn other_user() -> Option<(u32, u32)> {
    if fs::metadata("/proc/self").ok()?.uid() != 0 {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").ok()?;
    let user = |name: &str| {
        let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut numbers = line.split(':').skip(2);
        Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
    };
    user("postgres").or_else(|| user("nobody"))
}

fn done(ran: std::io::Result<Output>) -> Result<Output, String> {
    let out = ran.map_err(|e| e.to_string())?;
    if out.status.success() {
        return Ok(out);
    }
    Err(String::from_utf8_lossy(&out.stderr).into_owned())
}
