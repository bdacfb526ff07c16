//! Records from CSV files, by a mapping in TOML. The same file again changes nothing twice: a record
//! is known by its key. Rows go in slices, each a transaction of its own, so a long import neither
//! holds others up nor loses what is done; begun again, it goes on after the last slice.
//! Read on: `mapping` (the TOML), `check` (is it right), `source` (rows of files as records to be),
//! `write` (a slice into the database), `held` (a file that somebody has sent: tried, and imported by
//! jobs); here the run of whoever waits for it.

mod check;
pub mod format;
pub mod held;
pub mod mapping;
mod source;
mod write;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use fondaco_schema::Model;
use fondaco_values::limits;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::{Ctx, Kernel, marks};
use mapping::{FileImport, Mapping};
use source::{Planned, Source};
pub use write::Done;
use write::{How, Pass};

/// Where the files of an import are.
#[derive(Clone, Debug)]
pub enum Files {
    Folder(PathBuf),
    /// In memory, by the names that the mapping has for them.
    Held(BTreeMap<String, Arc<Vec<u8>>>),
}

impl Files {
    fn content(&self, name: &str) -> Result<Vec<u8>> {
        match self {
            Files::Folder(folder) => {
                let path = folder.join(name);
                let wrong =
                    |error| unreadable(format!("{} cannot be read: {error}", path.display()));
                std::fs::read(&path).map_err(wrong)
            }
            Files::Held(held) => {
                let none = || unreadable(format!("there is no file {name}"));
                held.get(name).map(|content| content.to_vec()).ok_or_else(none)
            }
        }
    }
}

/// A file or a mapping that nothing can be made of; whoever wrote it can mend it.
fn unreadable(message: String) -> Error {
    Error::problem("file", "unreadable", message)
}

/// Is told which model is being imported, how many steps are done, and of how many.
pub type Heard<'h> = &'h mut (dyn FnMut(&str, usize, usize) + Send);

/// What came of an import.
#[derive(Debug, Default)]
pub struct Report {
    pub files: Vec<FileReport>,
    /// In order of the mapping, then of the lines of a file.
    pub problems: Vec<RowProblem>,
}

/// What came of one file.
#[derive(Debug, Default)]
pub struct FileReport {
    pub model: String,
    pub file: String,
    /// Records that an import before this one had done.
    pub resumed: usize,
    pub done: Done,
}

/// What is wrong with one row; the rest of the file is not held up by it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowProblem {
    pub file: String,
    /// As an editor counts: the heading is line 1.
    pub line: u64,
    pub field: String,
    pub message: String,
}

impl std::fmt::Display for RowProblem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}: ", self.file, self.line)?;
        if !self.field.is_empty() {
            write!(f, "{}: ", self.field)?;
        }
        f.write_str(&self.message)
    }
}

/// Runs every import of a mapping over its files, with the rights of the caller. A mapping with faults
/// imports nothing.
///
/// # Errors
/// When a file cannot be read or the database fails; what is wrong with rows is in the report.
pub async fn run(
    kernel: &Kernel,
    ctx: &Ctx,
    (mapping, files): (&Mapping, &Files),
    heard: Heard<'_>,
) -> Result<Report> {
    let schema = kernel.registry().schema.clone();
    let faults = check::faults(mapping, &schema, files);
    if !faults.is_empty() {
        return Ok(Report { files: Vec::new(), problems: faults });
    }
    let mut report = Report::default();
    let mut marks = Vec::new();
    for (at, import) in mapping.imports.iter().enumerate() {
        let source = Source::read(import, &schema, &mapping.format, files)?;
        let model = schema.model(import.model.get_ref());
        let none = || unreadable(format!("there is no model {}", import.model.get_ref()));
        let model = model.ok_or_else(none)?;
        let name = format!("import:{}:{at}:{}", ctx.company(), place(import));
        let mark = Mark { name, digest: source.digest };
        marks.push(mark.name.clone());
        let run = Run { kernel, ctx, model, mark, names: mapping.format.names };
        let file = run.file(import, &source, (&mut report, &mut *heard)).await?;
        report.files.push(file);
    }
    forget(kernel, ctx, marks).await?;
    Ok(report)
}

fn place(import: &FileImport) -> String {
    format!("{}:{}", import.model.get_ref(), import.file.get_ref())
}

/// Under which name the progress of an import is kept, and of which files exactly.
#[derive(Clone)]
struct Mark {
    name: String,
    digest: u64,
}

impl Mark {
    fn text(&self, steps: usize) -> String {
        format!("{:016x} {steps}", self.digest)
    }

    /// The steps that were done of this very import.
    fn steps(&self, text: &str) -> usize {
        let (digest, steps) = text.split_once(' ').unwrap_or_default();
        let same = digest == format!("{:016x}", self.digest);
        steps.parse().ok().filter(|_| same).unwrap_or(0)
    }
}

/// One file on its way into the database: first its records, then their links to each other.
struct Run<'r> {
    kernel: &'r Kernel,
    ctx: &'r Ctx,
    model: &'r Arc<Model>,
    mark: Mark,
    /// Links are found by names, too.
    names: bool,
}

impl Run<'_> {
    async fn file(
        &self,
        import: &FileImport,
        source: &Source,
        (report, heard): (&mut Report, Heard<'_>),
    ) -> Result<FileReport> {
        let linked: Vec<Planned> =
            source.rows.iter().filter(|row| !row.later.is_empty()).cloned().collect();
        let total = source.rows.len() + linked.len();
        let begun = self.begun().await?.min(total);
        report.problems.extend(source.problems.iter().cloned());
        heard(&self.model.name, begun, total);
        let (mut done, mut steps) = (Done::default(), begun);
        for (pass, rows, before) in [
            (Pass::Records, source.rows.as_slice(), 0),
            (Pass::Links, linked.as_slice(), source.rows.len()),
        ] {
            let rows = &rows[begun.saturating_sub(before).min(rows.len())..];
            for slice in rows.chunks(limits::IMPORT_SLICE_ROWS) {
                steps += slice.len();
                let mut written = self.slice(slice, pass, steps).await?;
                report.problems.append(&mut written.problems);
                done.add(written);
                heard(&self.model.name, steps, total);
            }
        }
        let (model, file) = (self.model.name.clone(), import.file.get_ref().clone());
        Ok(FileReport { model, file, resumed: begun.min(source.rows.len()), done })
    }

    /// One slice, and how far the import has come with it, in one transaction.
    async fn slice(&self, rows: &[Planned], pass: Pass, steps: usize) -> Result<Done> {
        let (model, mark) = (self.model.clone(), self.mark.clone());
        let rows: Arc<[Planned]> = rows.into();
        let how = How { pass, names: self.names };
        let run = self.kernel.run(self.ctx, move |tx| {
            let (model, rows, mark) = (model.clone(), rows.clone(), mark.clone());
            Box::pin(async move {
                let done = write::slice(tx, &model, &rows, how).await?;
                marks::put(tx, &mark.name, &mark.text(steps)).await?;
                Ok(done)
            })
        });
        run.await
    }

    async fn begun(&self) -> Result<usize> {
        let mark = self.mark.clone();
        let found = self.kernel.read(self.ctx, move |tx| {
            let name = mark.name.clone();
            Box::pin(async move { marks::get(tx, &name).await })
        });
        Ok(found.await?.map_or(0, |text| self.mark.steps(&text)))
    }
}

async fn forget(kernel: &Kernel, ctx: &Ctx, names: Vec<String>) -> Result<()> {
    let run = kernel.run(ctx, move |tx| {
        let names = names.clone();
        Box::pin(async move {
            for name in &names {
                marks::drop(tx, name).await?;
            }
            Ok(())
        })
    });
    run.await
}
