//! Fills an empty database from a folder in the portable form: tables, rows, indexes, and then the
//! proof that everything arrived. It goes on where it was interrupted.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::export::{at, file, sums};
use super::row::{self, Sum};
use super::{Column, Kind, MOVED_TO, Manifest, Progress, RECEIVED, RECEIVING, Stage, TableSum};
use super::{catalog, differences};
use crate::db::{Cell, Dialect, Sql, wall_in};
use crate::error::{Error, Result};
use crate::identity::kernel_itself;
use crate::kernel::Kernel;
use crate::model::migrate;
use crate::tx::Tx;
use crate::{ledger, plan, soundness};

/// Rows written in one transaction.
const SLICE: usize = 4000;
/// Comes last: from its first row on, the database says what it is.
const META: &str = "meta";

/// How far the filling has come, kept in the database itself with what it tells of.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Far {
    /// Of the export that is being received.
    made_at: String,
    /// Rows that are in, by table.
    rows: BTreeMap<String, u64>,
    /// Whether all rows are in and only the proof is missing.
    filled: bool,
}

/// Fills a database opened by [`Kernel::vessel`] and proves that it holds the same.
///
/// # Errors
/// `Startup` when the database is not empty, when the export is of another version of the kernel's
/// own tables, when a file is not what its checksum says, or when the proof fails; what was written
/// until then stays, and the database is not opened for work.
pub async fn receive(kernel: &Kernel, folder: &Path, progress: Progress) -> Result<Manifest> {
    let manifest = Arc::new(Manifest::read(folder)?);
    let made_at = manifest.made_at.to_string();
    let before = kernel.read(&kernel_itself(), |tx| Box::pin(told(tx, RECEIVED))).await?;
    if before.as_deref() == Some(&made_at) {
        return Ok(Manifest::clone(&manifest));
    }
    let mut far = begin(kernel, &manifest).await?;
    if !far.filled {
        let mut done = 0;
        let (meta, others): (Vec<_>, Vec<_>) =
            manifest.tables.iter().partition(|table| table.name == META);
        for table in others {
            fill(kernel, folder, table, &mut far, &mut |rows| {
                done += rows;
                progress(Stage::Writing, done, manifest.rows());
            })
            .await?;
        }
        let meta = meta.first().copied().ok_or_else(|| missing(META))?;
        finish(kernel, folder, &manifest, meta, &far).await?;
    }
    prove(kernel, &manifest, progress).await?;
    kernel
        .run(&kernel_itself(), move |tx| {
            let made_at = made_at.clone();
            Box::pin(async move {
                say(tx, RECEIVED, made_at).await?;
                forget(tx, RECEIVING).await
            })
        })
        .await?;
    Ok(Manifest::clone(&manifest))
}

/// Where a database has moved to, if it has.
///
/// # Errors
/// `Storage`.
pub async fn moved_to(kernel: &Kernel) -> Result<Option<String>> {
    kernel.read(&kernel_itself(), |tx| Box::pin(told(tx, MOVED_TO))).await
}

/// Closes a database to all writing from the next time it is opened: it has moved there. `None`
/// opens it again; it is opened by [`Kernel::vessel`] for that.
///
/// # Errors
/// `Storage`.
pub async fn say_moved(kernel: &Kernel, to: Option<&str>) -> Result<()> {
    let to = to.map(str::to_owned);
    kernel
        .run(&kernel_itself(), move |tx| {
            let to = to.clone();
            Box::pin(async move {
                match to {
                    Some(to) => say(tx, MOVED_TO, to).await,
                    None => forget(tx, MOVED_TO).await,
                }
            })
        })
        .await
}

async fn told(tx: &mut Tx, name: &str) -> Result<Option<String>> {
    let row = tx.row(Sql::text("select value from meta where name = $1").bind(name)).await?;
    Ok(row.map(|row| row.str(0).to_owned()))
}

async fn say(tx: &mut Tx, name: &str, value: String) -> Result<()> {
    let sql = Sql::text(
        "insert into meta (name, value) values ($1, $2) \
         on conflict (name) do update set value = excluded.value",
    );
    tx.exec(sql.bind(name).bind(value)).await.map(drop)
}

async fn forget(tx: &mut Tx, name: &str) -> Result<()> {
    tx.exec(Sql::text("delete from meta where name = $1").bind(name)).await.map(drop)
}

async fn note(tx: &mut Tx, far: &Far) -> Result<()> {
    let text = serde_json::to_string(far)
        .map_err(|e| Error::internal(format!("progress cannot be written: {e}")))?;
    say(tx, RECEIVING, text).await
}

fn missing(table: &str) -> Error {
    Error::Startup(format!("the export lacks the table {table}"))
}

/// Makes the tables, or finds where an earlier attempt ended.
async fn begin(kernel: &Kernel, manifest: &Arc<Manifest>) -> Result<Far> {
    let manifest = manifest.clone();
    kernel
        .run(&kernel_itself(), move |tx| {
            let manifest = manifest.clone();
            Box::pin(async move {
                let made_at = manifest.made_at.to_string();
                if let Some(text) = told(tx, RECEIVING).await? {
                    let far: Far = serde_json::from_str(&text).unwrap_or_default();
                    return match far.made_at == made_at {
                        true => Ok(far),
                        false => Err(Error::Startup(
                            "another export is being received here: finish that one, or begin with \
                             an empty database"
                                .into(),
                        )),
                    };
                }
                prepare(tx, &manifest).await?;
                let far = Far { made_at, ..Far::default() };
                note(tx, &far).await?;
                Ok(far)
            })
        })
        .await
}

async fn prepare(tx: &mut Tx, manifest: &Manifest) -> Result<()> {
    let steps = catalog::steps(tx).await?;
    if steps != manifest.steps {
        return Err(Error::Startup(format!(
            "the export was made by another version of the program ({} steps, here {}): receive it \
             with that version, then start this one on it",
            manifest.steps.len(),
            steps.len()
        )));
    }
    let there = catalog::tables(tx).await?;
    for table in &there {
        let known = manifest.tables.iter().find(|t| t.name == table.name);
        let known = known.ok_or_else(|| missing(&table.name))?;
        if known.columns != table.columns || known.key != table.key {
            return Err(Error::Startup(format!("the table {} has other columns", table.name)));
        }
        let sql = Sql::new().lit("select count(*) from ").ident(&table.name);
        let rows = tx.row(sql).await?.map_or(0, |row| row.int(0));
        // The marks of the ledger are there from the beginning.
        if rows > 0 && table.name != "ledger_mark" {
            return Err(Error::Startup(format!(
                "this database is not empty (table {}): nothing was overwritten; name another one",
                table.name
            )));
        }
    }
    tx.exec(Sql::text("delete from ledger_mark where name <> 'posted'")).await?;
    for table in &manifest.tables {
        if there.iter().all(|t| t.name != table.name) {
            tx.exec(create(tx.dialect(), table, manifest)).await?;
        }
    }
    Ok(())
}

/// The table as it was where it comes from, with what earlier changes put aside.
fn create(dialect: Dialect, table: &TableSum, manifest: &Manifest) -> Sql {
    let described = manifest.schema.tables.get(&table.name);
    let mut sql = Sql::new().lit("create table ").ident(&table.name);
    for (at, column) in table.columns.iter().enumerate() {
        sql = sql.lit(if at == 0 { " (" } else { ", " }).ident(&column.name);
        sql = sql.lit(word(dialect, column));
        if table.key == [column.name.as_str()] {
            sql = sql.lit(" primary key");
        }
        // Where it can be said later, it is: then it is checked once for all rows.
        let refers = described.and_then(|table| table.columns.get(&column.name)?.refers.as_ref());
        if let Some(other) = refers.filter(|_| dialect == Dialect::Sqlite) {
            sql = sql.lit(" references ").ident(other).lit(" (id)");
        }
    }
    if table.key.len() > 1 {
        for (at, column) in table.key.iter().enumerate() {
            sql = sql.lit(if at == 0 { ", primary key (" } else { ", " }).ident(column);
        }
        sql = sql.lit(")");
    }
    sql.lit(dialect.end_of_table())
}

fn word(dialect: Dialect, column: &Column) -> &'static str {
    match (dialect, column.kind) {
        (_, Kind::Text) => " text",
        (dialect, Kind::Integer) => dialect.integer(),
        (Dialect::Sqlite, Kind::Bytes) => " blob",
        (Dialect::Postgres, Kind::Bytes) => " bytea",
    }
}

/// Writes the rows of a table that are not in yet.
async fn fill(
    kernel: &Kernel,
    folder: &Path,
    table: &TableSum,
    far: &mut Far,
    heard: &mut (dyn FnMut(u64) + Send),
) -> Result<()> {
    let mut lines = Lines::open(folder, table)?;
    let before = far.rows.get(&table.name).copied().unwrap_or(0);
    lines.skip(before)?;
    heard(before);
    let into = Arc::new(table.clone());
    loop {
        let rows = lines.next(SLICE)?;
        if rows.is_empty() {
            return lines.end();
        }
        let count = rows.len() as u64;
        *far.rows.entry(table.name.clone()).or_default() += count;
        let (rows, into, now) = (Arc::new(rows), into.clone(), far.clone());
        kernel
            .run(&kernel_itself(), move |tx| {
                let (rows, into, now) = (rows.clone(), into.clone(), now.clone());
                Box::pin(async move {
                    write(tx, &into, &rows).await?;
                    note(tx, &now).await
                })
            })
            .await?;
        heard(count);
    }
}

async fn write(tx: &mut Tx, table: &TableSum, rows: &[Vec<Cell>]) -> Result<()> {
    let columns: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
    tx.fill(&table.name, &columns, rows).await
}

/// `meta`, indexes and what the ledger derives: in one transaction, after which all is there.
async fn finish(
    kernel: &Kernel,
    folder: &Path,
    manifest: &Arc<Manifest>,
    meta: &TableSum,
    far: &Far,
) -> Result<()> {
    let mut lines = Lines::open(folder, meta)?;
    let rows = Arc::new(lines.next(usize::MAX)?);
    lines.end()?;
    let (manifest, meta) = (manifest.clone(), Arc::new(meta.clone()));
    let far = Far { filled: true, ..far.clone() };
    kernel
        .run(&kernel_itself(), move |tx| {
            let (manifest, meta) = (manifest.clone(), meta.clone());
            let (rows, far) = (rows.clone(), far.clone());
            Box::pin(async move {
                write(tx, &meta, &rows).await?;
                let searched = |table: &&TableSum| {
                    table.columns.iter().any(|column| column.name == "search_text")
                };
                let searched: Vec<&str> =
                    manifest.tables.iter().filter(searched).map(|t| t.name.as_str()).collect();
                migrate::index_all(tx, &manifest.schema, &searched).await?;
                refer(tx, &manifest).await?;
                wall_in(tx).await?;
                ledger::go_on_after(tx).await?;
                plan::keep_catalog(tx).await?;
                note(tx, &far).await
            })
        })
        .await
}

/// Which columns hold ids of which table, said after the rows are in.
async fn refer(tx: &mut Tx, manifest: &Manifest) -> Result<()> {
    if tx.dialect() == Dialect::Sqlite {
        return Ok(());
    }
    for table in manifest.schema.tables.values() {
        for column in table.columns.values() {
            let Some(other) = &column.refers else { continue };
            let sql = Sql::new().lit("alter table ").ident(&table.name).lit(" add foreign key (");
            let sql = sql.ident(&column.name).lit(") references ").ident(other).lit(" (id)");
            tx.exec(sql).await?;
        }
    }
    tx.forget_statements();
    Ok(())
}

async fn prove(kernel: &Kernel, manifest: &Arc<Manifest>, progress: Progress) -> Result<()> {
    let mut wrong = differences(&manifest.tables, &sums(kernel, progress).await?);
    let found = kernel.read(&kernel_itself(), |tx| Box::pin(soundness::look(tx))).await?;
    if found != manifest.soundness {
        wrong.push(format!("The ledger is {found:?}, not {:?}.", manifest.soundness));
    }
    wrong.extend(found.wrong.iter().cloned());
    let dangling = kernel.read(&kernel_itself(), |tx| Box::pin(dangling(tx))).await?;
    wrong.extend(dangling);
    match wrong.is_empty() {
        true => Ok(()),
        false => Err(Error::Startup(format!("not everything arrived: {}", wrong.join(" ")))),
    }
}

/// Rows that point to what is not there: they were not checked one by one.
async fn dangling(tx: &mut Tx) -> Result<Vec<String>> {
    let Some(sql) = tx.dialect().broken_references() else { return Ok(Vec::new()) };
    let rows = tx.rows(Sql::text(sql)).await?;
    let say = |table: &str, other: &str, count: i64| {
        format!("{count} rows of {table} point to rows of {other} that are not there.")
    };
    Ok(rows.iter().map(|row| say(row.str(0), row.str(1), row.int(2))).collect())
}

/// The lines of a table's file, added up as they are read.
struct Lines<'a> {
    table: &'a TableSum,
    path: std::path::PathBuf,
    lines: std::io::Lines<BufReader<File>>,
    sum: Sum,
    read: u64,
}

impl<'a> Lines<'a> {
    fn open(folder: &Path, table: &'a TableSum) -> Result<Lines<'a>> {
        let path = file(folder, &table.name);
        let lines = BufReader::new(File::open(&path).map_err(|e| at(&path, &e))?).lines();
        Ok(Lines { table, path, lines, sum: Sum::default(), read: 0 })
    }

    fn line(&mut self) -> Result<Option<String>> {
        let Some(line) = self.lines.next().transpose().map_err(|e| at(&self.path, &e))? else {
            return Ok(None);
        };
        self.sum.add(&line);
        self.read += 1;
        Ok(Some(line))
    }

    fn skip(&mut self, lines: u64) -> Result<()> {
        for _ in 0..lines {
            self.line()?;
        }
        Ok(())
    }

    fn next(&mut self, most: usize) -> Result<Vec<Vec<Cell>>> {
        let mut rows = Vec::new();
        while rows.len() < most {
            let Some(line) = self.line()? else { break };
            rows.push(row::read(&self.table.columns, &line)?);
        }
        Ok(rows)
    }

    /// Whether the file is the one that was written.
    fn end(&self) -> Result<()> {
        if self.read != self.table.rows || self.sum.text() != self.table.checksum {
            return Err(Error::Startup(format!(
                "{} was changed since it was written: {} rows, of {} in the manifest",
                self.path.display(),
                self.read,
                self.table.rows
            )));
        }
        Ok(())
    }
}
