//! A copy of the embedded database while others read and write it, and what makes a copy trustworthy
//! before it is called a backup. A database server has its own tools, and the portable form.
//! Not here: whether the figures in the copy hold (`soundness`), where copies are kept (the server).

use std::path::Path;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};

use super::sqlite::{make_private, storage};
use crate::error::{Error, Result};

/// Pages copied between two looks at the progress.
const PAGES: i32 = 512;

/// Copies a database file into a new one, as it was at one moment: all that was acknowledged before
/// is in it, whoever goes on writing. `progress` hears pages done and pages in all.
///
/// # Errors
/// `Storage` when one of the files cannot be read or written, or when the copy is not whole.
pub fn copy(from: &Path, to: &Path, mut progress: impl FnMut(u64, u64)) -> Result<()> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let source = Connection::open_with_flags(from, flags).map_err(storage)?;
    source.busy_timeout(std::time::Duration::from_secs(10)).map_err(storage)?;
    source.pragma_update(None, "query_only", true).map_err(storage)?;
    make_private(to)?;
    let mut target = Connection::open(to).map_err(storage)?;
    // A snapshot that is held from the first read on: without it the copy would begin anew at
    // every commit of the others.
    let held = source.unchecked_transaction().map_err(storage)?;
    held.query_row("select count(*) from sqlite_schema", [], |_| Ok(())).map_err(storage)?;
    let backup = Backup::new(&held, &mut target).map_err(storage)?;
    loop {
        let step = backup.step(PAGES).map_err(storage)?;
        let now = backup.progress();
        let total = u64::try_from(now.pagecount).unwrap_or(0);
        progress(total - u64::try_from(now.remaining).unwrap_or(0).min(total), total);
        match step {
            StepResult::Done => break,
            StepResult::More => {}
            other => return Err(Error::Startup(format!("the copy stopped: {other:?}"))),
        }
    }
    drop(backup);
    // One file, without a log beside it that could be forgotten.
    let mode = target
        .pragma_update_and_check(None, "journal_mode", "delete", |row| row.get::<_, String>(0));
    match mode.map_err(storage)?.as_str() {
        "delete" => whole(&target),
        other => Err(Error::Startup(format!("the copy keeps a log beside it ({other})"))),
    }
}

/// Reads every page and every index of a file.
///
/// # Errors
/// Says what is damaged.
pub fn check(path: &Path) -> Result<()> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    whole(&Connection::open_with_flags(path, flags).map_err(storage)?)
}

fn whole(connection: &Connection) -> Result<()> {
    let mut found: Vec<String> = Vec::new();
    let mut statement = connection.prepare("pragma integrity_check(20)").map_err(storage)?;
    let mut rows = statement.query([]).map_err(storage)?;
    while let Some(row) = rows.next().map_err(storage)? {
        found.push(row.get(0).map_err(storage)?);
    }
    found.retain(|line| line != "ok");
    let mut statement = connection.prepare("pragma foreign_key_check").map_err(storage)?;
    let mut rows = statement.query([]).map_err(storage)?;
    while let Some(row) = rows.next().map_err(storage)? {
        let (table, other): (String, String) =
            (row.get(0).map_err(storage)?, row.get(2).map_err(storage)?);
        found.push(format!("a row of {table} points to one of {other} that is not there"));
    }
    match found.as_slice() {
        [] => Ok(()),
        _ => Err(Error::Startup(format!("the database is damaged: {}", found.join("; ")))),
    }
}
