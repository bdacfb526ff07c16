//! Records from CSV files, by a mapping in TOML. The same file again changes nothing twice: a record
//! is known by its key. Rows go in slices, each a transaction of its own, so a long import neither
//! holds others up nor loses what is done; begun again, it goes on after the last slice.
//! Read on: `mapping` (the TOML), `source` (rows of files as drafts), here the run.

pub mod mapping;
mod source;

use std::path::Path;

use anyhow::{Context, Result, bail};
use fondaco_kernel::schema::Model;
use fondaco_kernel::seeds::Links;
use fondaco_kernel::values::{AnyId, limits};
use fondaco_kernel::{Error, Tx, keys, marks, records};
use mapping::{FileImport, Mapping};
use serde_json::{Map, Value as Json};

use crate::desk::Desk;
use crate::progress::Progress;
use source::{Planned, Source};

/// What came of an import.
#[derive(Debug, Default)]
pub struct Report {
    /// Records made, by model.
    pub created: Vec<(String, usize)>,
    /// Records that were there and are as the file says now.
    pub updated: Vec<(String, usize)>,
    pub problems: Vec<RowProblem>,
}

/// What is wrong with one row; the rest of the file is not held up by it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowProblem {
    pub file: String,
    /// As an editor counts: the heading is line 1.
    pub line: u64,
    pub field: String,
    pub message: String,
}

impl std::fmt::Display for RowProblem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let field = if self.field.is_empty() { "" } else { &format!("{}: ", self.field) };
        write!(f, "{}:{}: {field}{}", self.file, self.line, self.message)
    }
}

/// Runs every import of a mapping over the files of a folder, as the user of this desk.
///
/// # Errors
/// When a file or the mapping cannot be read; what is wrong with rows is in the report.
pub async fn run(desk: &Desk, mapping: &Mapping, folder: &Path) -> Result<Report> {
    let mut report = Report::default();
    for import in &mapping.imports {
        one_file(desk, import, folder, &mut report).await?;
    }
    Ok(report)
}

async fn one_file(
    desk: &Desk,
    import: &FileImport,
    folder: &Path,
    report: &mut Report,
) -> Result<()> {
    let schema = desk.kernel.registry().schema.clone();
    let Some(model) = schema.model(&import.model) else {
        bail!("the mapping names the model {}, which does not exist here", import.model);
    };
    let source = Source::read(import, model, folder)?;
    let mark = source.mark();
    let begun = get_mark(desk, &mark).await?;
    let rows = &source.rows[begun.min(source.rows.len())..];
    report.problems.extend(source.problems.iter().cloned());
    let mut progress = Progress::new(&import.model, source.rows.len() as u64);
    progress.step(begun as u64);
    let (mut created, mut updated, mut done) = (0, 0, begun);
    for slice in rows.chunks(limits::IMPORT_SLICE_ROWS.min(limits::BATCH_DOCUMENTS_MAX)) {
        done += slice.len();
        let outcome = write(desk, model, slice, &mark, done).await?;
        created += outcome.created;
        updated += outcome.updated;
        report.problems.extend(outcome.problems);
        progress.step(slice.len() as u64);
    }
    progress.done();
    drop_mark(desk, &mark).await?;
    report.created.push((import.model.clone(), created));
    report.updated.push((import.model.clone(), updated));
    Ok(())
}

#[derive(Default)]
struct Slice {
    created: usize,
    updated: usize,
    problems: Vec<RowProblem>,
}

/// One slice in one transaction: all rows at once; when that fails, row by row, to say which.
async fn write(
    desk: &Desk,
    model: &std::sync::Arc<Model>,
    slice: &[Planned],
    mark: &str,
    done: usize,
) -> fondaco_kernel::Result<Slice> {
    let (model, slice, mark) = (model.clone(), slice.to_vec(), mark.to_owned());
    desk.kernel
        .run(&desk.ctx, move |tx| {
            let (model, slice, mark) = (model.clone(), slice.clone(), mark.clone());
            Box::pin(async move {
                let outcome = write_slice(tx, &model, slice).await?;
                marks::put(tx, &mark, &done.to_string()).await?;
                Ok(outcome)
            })
        })
        .await
}

async fn write_slice(tx: &mut Tx, model: &Model, slice: Vec<Planned>) -> fondaco_kernel::Result<Slice> {
    let whole = (model.clone(), slice.clone());
    let all = tx.attempt(move |tx| Box::pin(async move { write_rows(tx, &whole.0, whole.1).await }));
    if let Ok(done) = all.await? {
        return Ok(done);
    }
    let mut outcome = Slice::default();
    for planned in slice {
        let place = planned.clone();
        let one = (model.clone(), vec![planned]);
        let tried = tx.attempt(move |tx| Box::pin(async move { write_rows(tx, &one.0, one.1).await }));
        match tried.await? {
            Ok(done) => {
                outcome.created += done.created;
                outcome.updated += done.updated;
            }
            Err(error) => outcome.problems.extend(place.problems_of(error)?),
        }
    }
    Ok(outcome)
}

async fn write_rows(tx: &mut Tx, model: &Model, rows: Vec<Planned>) -> fondaco_kernel::Result<Slice> {
    let schema = tx.schema().clone();
    let wanted: Vec<String> = rows.iter().map(|row| row.key.clone()).collect();
    let known = keys::find(tx, &model.name, &wanted).await?;
    let mut links = Links::new(&schema);
    links.learn(tx, model, rows.iter().map(|row| &row.fields)).await?;
    let (mut new, mut changes) = (Vec::new(), Vec::new());
    for row in rows {
        let mut fields = row.fields;
        links.resolve(tx, model, &mut fields).await?;
        match known.get(&row.key) {
            Some(id) => changes.push((*id, fields)),
            None => new.push((row.key, fields)),
        }
    }
    let (created, updated) = (new.len(), changes.len());
    create(tx, model, new).await?;
    update(tx, model, changes).await?;
    Ok(Slice { created, updated, problems: Vec::new() })
}

async fn create(
    tx: &mut Tx,
    model: &Model,
    new: Vec<(String, Map<String, Json>)>,
) -> fondaco_kernel::Result<()> {
    if new.is_empty() {
        return Ok(());
    }
    let mut drafts = Vec::with_capacity(new.len());
    for (_, fields) in &new {
        drafts.push(records::draft_of(tx, &model.name, fields)?);
    }
    let ids = records::create(tx, &model.name, drafts).await?;
    let made: Vec<(String, AnyId)> = new.into_iter().map(|(key, _)| key).zip(ids).collect();
    keys::put(tx, &model.name, &made).await
}

/// Lines are not touched on a second run: whoever worked on the document since keeps his work.
async fn update(
    tx: &mut Tx,
    model: &Model,
    changes: Vec<(AnyId, Map<String, Json>)>,
) -> fondaco_kernel::Result<()> {
    let lines: Vec<String> = model.lines().map(|(field, ..)| field.name.clone()).collect();
    let mut wanted = Vec::with_capacity(changes.len());
    for (id, mut fields) in changes {
        fields.retain(|name, _| !lines.contains(name));
        let draft = records::draft_of(tx, &model.name, &fields)?;
        wanted.push(records::Change { id, version: None, draft });
    }
    if wanted.is_empty() { Ok(()) } else { records::update(tx, &model.name, wanted).await.map(drop) }
}

async fn get_mark(desk: &Desk, mark: &str) -> Result<usize> {
    let mark = mark.to_owned();
    let found = desk
        .kernel
        .read(&desk.ctx, move |tx| {
            let mark = mark.clone();
            Box::pin(async move { marks::get(tx, &mark).await })
        })
        .await?;
    found.map_or(Ok(0), |at| at.parse().context("the mark of an import is no number"))
}

async fn drop_mark(desk: &Desk, mark: &str) -> Result<()> {
    let mark = mark.to_owned();
    desk.kernel
        .run(&desk.ctx, move |tx| {
            let mark = mark.clone();
            Box::pin(async move { marks::drop(tx, &mark).await })
        })
        .await?;
    Ok(())
}

impl Planned {
    /// The row's problems, when that is what is wrong; anything else stops the import.
    fn problems_of(&self, error: Error) -> fondaco_kernel::Result<Vec<RowProblem>> {
        let at = |field: &str, message: String| RowProblem {
            file: self.file.clone(),
            line: self.line,
            field: field.to_owned(),
            message,
        };
        match error {
            Error::Invalid(problems) => {
                Ok(problems.into_iter().map(|p| at(&p.field, p.message)).collect())
            }
            Error::Forbidden { .. } | Error::NotFound { .. } | Error::Conflict { .. } => {
                Ok(vec![at("", error.to_string())])
            }
            other => Err(other),
        }
    }
}

