//! The whole of a database in a form that any engine can read, and people too: one file a table, one
//! line a row, a checksum for each, and a manifest. Values stand as they are kept: numbers, texts,
//! bytes; every engine keeps the same.
//! Read on: [`export()`] on one snapshot, [`receive`] into an empty database, [`sums`] to compare two.
//! Not here: copies of the embedded database's file (`backup`).

mod catalog;
mod export;
mod receive;
mod row;

use std::path::Path;
use std::sync::Arc;

use fondaco_schema::Tables;
use fondaco_values::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::plan::CATALOG;
use crate::soundness::Soundness;

pub use export::{export, sums};
pub use receive::{moved_to, receive, say_moved};

/// The first word of a manifest: whoever changes the form changes this.
const FORM: &str = "fondaco portable 1";
const MANIFEST: &str = "manifest.json";
/// In `meta` of a database that is being filled: how far that has come.
pub(crate) const RECEIVING: &str = "receiving";
/// In `meta` of a database that was filled: from which export.
const RECEIVED: &str = "received";
/// What `meta` says of how this one database stands, and not of what is in it.
const OWN: [&str; 4] = [RECEIVING, RECEIVED, MOVED_TO, CATALOG];
/// In `meta` of a database that was moved: where to.
pub(crate) const MOVED_TO: &str = "moved_to";

/// What a folder in the portable form holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    pub form: String,
    pub made_at: Timestamp,
    /// The steps of the kernel's own tables that were done.
    pub steps: Vec<String>,
    /// The tables of the models as they were last applied.
    pub schema: Tables,
    pub tables: Vec<TableSum>,
    pub soundness: Soundness,
}

/// A table: its columns, how many rows it has, and the sum over them, in whatever order they come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableSum {
    pub name: String,
    pub columns: Vec<Column>,
    /// The columns of the primary key, in which order the rows are written.
    pub key: Vec<String>,
    pub rows: u64,
    /// SHA-256 of each line, the first 128 bits, added up; hexadecimal.
    pub checksum: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    pub name: String,
    pub kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// 64 bits; beyond 2^53 it is written as a text, since most readers would round it.
    Integer,
    Text,
    /// Written in hexadecimal.
    Bytes,
}

/// Hears what is being done, how many rows of it have been done, and how many there are.
pub type Progress = Arc<dyn Fn(Stage, u64, u64) + Send + Sync>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Out of a database.
    Reading,
    /// Into one.
    Writing,
    /// What is there against what should be.
    Comparing,
}

impl Manifest {
    /// Reads the manifest of a folder.
    ///
    /// # Errors
    /// `Startup` when there is none, or when it is of another form.
    pub fn read(folder: &Path) -> Result<Manifest> {
        let path = folder.join(MANIFEST);
        let text = std::fs::read_to_string(&path)
            .map_err(|e| Error::Startup(format!("{} cannot be read: {e}", path.display())))?;
        let manifest: Manifest = serde_json::from_str(&text)
            .map_err(|e| Error::Startup(format!("{} is no manifest: {e}", path.display())))?;
        match manifest.form == FORM {
            true => Ok(manifest),
            false => Err(Error::Startup(format!(
                "{} has the form {:?}; this program reads {FORM:?}",
                path.display(),
                manifest.form
            ))),
        }
    }

    pub fn rows(&self) -> u64 {
        self.tables.iter().map(|table| table.rows).sum()
    }
}

/// What differs between two sets of tables, a sentence each; none when they hold the same.
pub fn differences(one: &[TableSum], other: &[TableSum]) -> Vec<String> {
    let mut wrong = Vec::new();
    for table in one {
        let name = &table.name;
        match other.iter().find(|o| o.name == *name) {
            None => wrong.push(format!("The table {name} is missing.")),
            Some(o) if o.rows != table.rows => {
                wrong.push(format!("The table {name} has {} rows, not {}.", o.rows, table.rows));
            }
            Some(o) if o.checksum != table.checksum => {
                wrong.push(format!("Rows of the table {name} differ."));
            }
            Some(_) => {}
        }
    }
    let added = other.iter().filter(|o| o.rows > 0 && one.iter().all(|t| t.name != o.name));
    wrong.extend(added.map(|table| format!("The table {} is one too many.", table.name)));
    wrong
}
