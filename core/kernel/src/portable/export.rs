//! Writes a database out, table by table in order of key, and adds each up on the way.

use std::fs::{DirBuilder, File};
use std::io::{BufWriter, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use fondaco_schema::Tables;

use super::catalog::{self, Live};
use super::row::{self, Sum};
use super::{FORM, MANIFEST, Manifest, OWN, Progress, Stage, TableSum};
use crate::db::{Cell, Sql};
use crate::error::{Error, Result};
use crate::kernel::Kernel;
use crate::model::migrate;
use crate::soundness;
use crate::tx::Tx;

/// Rows read at a time.
const SLICE: i64 = 4000;

/// Writes everything into a new folder, as it was at one moment.
///
/// # Errors
/// `Startup` when the folder is there already or cannot be written; `Storage`.
pub async fn export(kernel: &Kernel, folder: &Path, progress: Progress) -> Result<Manifest> {
    if folder.exists() {
        return Err(Error::Startup(format!("{} is there already", folder.display())));
    }
    let part = PathBuf::from(format!("{}.part", folder.display()));
    let work = part.clone();
    let manifest = kernel
        .read(&crate::identity::kernel_itself(), move |tx| {
            let (folder, progress) = (work.clone(), progress.clone());
            Box::pin(async move { write(tx, &folder, &progress).await })
        })
        .await?;
    std::fs::rename(&part, folder).map_err(|e| at(folder, &e))?;
    Ok(manifest)
}

/// Adds up every table without writing anything.
///
/// # Errors
/// `Storage`.
pub async fn sums(kernel: &Kernel, progress: Progress) -> Result<Vec<TableSum>> {
    kernel
        .read(&crate::identity::kernel_itself(), move |tx| {
            let progress = progress.clone();
            Box::pin(async move {
                let tables = catalog::tables(tx).await?;
                let mut count = Count::of(tx, &tables, Stage::Comparing, &progress).await?;
                let mut sums = Vec::with_capacity(tables.len());
                for table in tables {
                    sums.push(add_up(tx, table, None, &mut count).await?);
                }
                Ok(sums)
            })
        })
        .await
}

async fn write(tx: &mut Tx, folder: &Path, progress: &Progress) -> Result<Manifest> {
    let rows = folder.join("tables");
    // What an earlier attempt left is no export.
    if folder.exists() {
        std::fs::remove_dir_all(folder).map_err(|e| at(folder, &e))?;
    }
    // Everything is in it: it is its owner's alone.
    let made = DirBuilder::new().recursive(true).mode(0o700).create(&rows);
    made.map_err(|e| at(&rows, &e))?;
    // First: on some engines the unit of work is begun anew for it.
    let soundness = soundness::look(tx).await?;
    let tables = catalog::tables(tx).await?;
    let mut count = Count::of(tx, &tables, Stage::Reading, progress).await?;
    let mut sums = Vec::with_capacity(tables.len());
    for table in tables {
        let path = file(folder, &table.name);
        let mut out = BufWriter::new(File::create(&path).map_err(|e| at(&path, &e))?);
        sums.push(add_up(tx, table, Some((&mut out, &path)), &mut count).await?);
        let file = out.into_inner().map_err(|e| at(&path, e.error()))?;
        file.sync_all().map_err(|e| at(&path, &e))?;
    }
    let schema: Tables = migrate::kept(tx, migrate::TABLES).await?.unwrap_or_default();
    let manifest = Manifest {
        form: FORM.to_owned(),
        made_at: tx.now(),
        steps: catalog::steps(tx).await?,
        schema,
        tables: sums,
        soundness,
    };
    let path = folder.join(MANIFEST);
    let text = serde_json::to_string_pretty(&manifest)
        .map_err(|e| Error::internal(format!("the manifest cannot be written: {e}")))?;
    let mut out = File::create(&path).map_err(|e| at(&path, &e))?;
    out.write_all(text.as_bytes()).and_then(|()| out.sync_all()).map_err(|e| at(&path, &e))?;
    Ok(manifest)
}

/// The file of a table.
pub(super) fn file(folder: &Path, table: &str) -> PathBuf {
    folder.join("tables").join(format!("{table}.jsonl"))
}

pub(super) fn at(path: &Path, error: &std::io::Error) -> Error {
    Error::Startup(format!("{}: {error}", path.display()))
}

/// Tells the progress over all tables.
struct Count<'a> {
    done: u64,
    total: u64,
    stage: Stage,
    progress: &'a Progress,
}

impl<'a> Count<'a> {
    async fn of(
        tx: &mut Tx,
        tables: &[Live],
        stage: Stage,
        progress: &'a Progress,
    ) -> Result<Count<'a>> {
        let mut total = 0;
        for table in tables {
            let sql = Sql::new().lit("select count(*) from ").ident(&table.name);
            let rows = tx.row(sql).await?.map_or(0, |row| row.int(0));
            total += u64::try_from(rows).unwrap_or(0);
        }
        Ok(Count { done: 0, total, stage, progress })
    }

    fn add(&mut self, rows: usize) {
        self.done += rows as u64;
        (self.progress)(self.stage, self.done, self.total.max(self.done));
    }
}

async fn add_up(
    tx: &mut Tx,
    table: Live,
    mut out: Option<(&mut BufWriter<File>, &Path)>,
    count: &mut Count<'_>,
) -> Result<TableSum> {
    let (mut sum, mut rows, mut line) = (Sum::default(), 0, String::new());
    let places: Vec<usize> = table
        .key
        .iter()
        .filter_map(|key| table.columns.iter().position(|column| column.name == *key))
        .collect();
    let mut after: Option<Vec<Cell>> = None;
    loop {
        let slice = tx.rows(next(&table, after.as_deref())).await?;
        let Some(last) = slice.last() else { break };
        after = Some(places.iter().map(|at| last.0[*at].clone()).collect());
        for row in &slice {
            line.clear();
            row::write(&row.0, &mut line);
            sum.add(&line);
            line.push('\n');
            if let Some((out, path)) = &mut out {
                out.write_all(line.as_bytes()).map_err(|e| at(path, &e))?;
            }
        }
        rows += slice.len() as u64;
        count.add(slice.len());
    }
    let Live { name, columns, key } = table;
    Ok(TableSum { name, columns, key, rows, checksum: sum.text() })
}

/// The next rows in order of key. What says how this one database stands, and not what is in it,
/// stays at home.
fn next(table: &Live, after: Option<&[Cell]>) -> Sql {
    let mut sql = Sql::new().lit("select ");
    for (at, column) in table.columns.iter().enumerate() {
        sql = sql.lit(if at == 0 { "" } else { ", " }).ident(&column.name);
    }
    sql = sql.lit(" from ").ident(&table.name).lit(" where ");
    sql = match table.name.as_str() {
        "meta" => OWN.iter().fold(sql.lit("1 = 1"), |sql, own| sql.lit(" and name <> ").arg(*own)),
        "ledger_mark" => sql.lit("name <> 'posted'"),
        _ => sql.lit("1 = 1"),
    };
    if let Some(after) = after {
        sql = sql.lit(" and (");
        for (at, key) in table.key.iter().enumerate() {
            sql = sql.lit(if at == 0 { "" } else { ", " }).ident(key);
        }
        sql = sql.lit(") > (");
        for (at, cell) in after.iter().enumerate() {
            sql = sql.lit(if at == 0 { "" } else { ", " }).arg(cell.clone());
        }
        sql = sql.lit(")");
    }
    sql = sql.lit(" order by ");
    for (at, key) in table.key.iter().enumerate() {
        sql = sql.lit(if at == 0 { "" } else { ", " }).ident(key);
    }
    sql.lit(" limit ").arg(SLICE)
}
