//! The kernel's own tables: numbered steps, each applied once, all in one transaction.
//! The tables of models are not here: they follow from the schema (`model::migrate`).

use rusqlite::Connection;

use super::sqlite::storage;
use crate::error::Result;

/// Every step ever released, in order. A released step is never edited.
const STEPS: &[(&str, &str, &str)] = &[
    (
        "0001_kernel",
        include_str!("../../migrations/0001_kernel.sql"),
        include_str!("../../migrations/sqlite/0001_kernel.sql"),
    ),
    (
        "0002_ledger",
        include_str!("../../migrations/0002_ledger.sql"),
        include_str!("../../migrations/sqlite/0002_ledger.sql"),
    ),
    (
        "0003_identity",
        include_str!("../../migrations/0003_identity.sql"),
        include_str!("../../migrations/sqlite/0003_identity.sql"),
    ),
];

pub(super) fn run(connection: &mut Connection) -> Result<()> {
    let tx = connection.transaction().map_err(storage)?;
    batch(&tx, "create table if not exists migration (name text primary key) strict")?;
    for (name, tables, own) in STEPS {
        let new = tx
            .execute("insert or ignore into migration (name) values (?1)", [name])
            .map_err(storage)?;
        if new == 1 {
            batch(&tx, tables)?;
            batch(&tx, own)?;
        }
    }
    tx.commit().map_err(storage)
}

#[expect(clippy::disallowed_methods, reason = "the steps are texts of the program")]
fn batch(connection: &Connection, text: &str) -> Result<()> {
    connection.execute_batch(text).map_err(storage)
}
