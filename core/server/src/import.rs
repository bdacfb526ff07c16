//! Records from CSV files, by a mapping in TOML. The same file again changes nothing twice: a record
//! is known by its key. Rows go in slices, each a transaction of its own, so a long import neither
//! holds others up nor loses what is done; begun again, it goes on after the last slice.
//! Read on: `mapping` (the TOML), `check` (is it right), `source` (rows of files as records to be),
//! `write` (a slice into the database); here the run.

mod check;
pub mod format;
pub mod mapping;
mod source;
mod write;

use std::path::Path;
use std::sync::Arc;

use anyhow::{Result, bail};
use fondaco_kernel::marks;
use fondaco_kernel::schema::Model;
use fondaco_kernel::values::limits;
use mapping::{FileImport, Mapping};

use crate::desk::Desk;
use crate::progress::Progress;
use source::{Planned, Source};
pub use write::Done;
use write::Pass;

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
        write!(f, "{}:{}: ", self.file, self.line)?;
        if !self.field.is_empty() {
            write!(f, "{}: ", self.field)?;
        }
        f.write_str(&self.message)
    }
}

/// Runs every import of a mapping over the files of a folder, as the user of this desk. A mapping
/// with faults imports nothing.
///
/// # Errors
/// When a file cannot be read or the database fails; what is wrong with rows is in the report.
pub async fn run(desk: &Desk, mapping: &Mapping, folder: &Path) -> Result<Report> {
    let schema = desk.kernel.registry().schema.clone();
    let faults = check::faults(mapping, &schema, folder);
    if !faults.is_empty() {
        return Ok(Report { files: Vec::new(), problems: faults });
    }
    let mut report = Report::default();
    let mut marks = Vec::new();
    for (at, import) in mapping.imports.iter().enumerate() {
        let source = Source::read(import, &schema, &mapping.format, folder)?;
        let Some(model) = schema.model(import.model.get_ref()) else {
            bail!("there is no model {}", import.model.get_ref());
        };
        let name = format!("import:{}:{at}:{}", desk.ctx.company(), place(import));
        let mark = Mark { name, digest: source.digest };
        marks.push(mark.name.clone());
        let file = Run { desk, model, mark }.file(import, &source, &mut report).await?;
        report.files.push(file);
    }
    forget(desk, marks).await?;
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
    desk: &'r Desk,
    model: &'r Arc<Model>,
    mark: Mark,
}

impl Run<'_> {
    async fn file(
        &self,
        import: &FileImport,
        source: &Source,
        report: &mut Report,
    ) -> Result<FileReport> {
        let linked: Vec<Planned> =
            source.rows.iter().filter(|row| !row.later.is_empty()).cloned().collect();
        let total = source.rows.len() + linked.len();
        let begun = self.begun().await?.min(total);
        report.problems.extend(source.problems.iter().cloned());
        let mut progress = Progress::new(&self.model.name, total as u64);
        progress.step(begun as u64);
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
                progress.step(slice.len() as u64);
            }
        }
        progress.done();
        let (model, file) = (self.model.name.clone(), import.file.get_ref().clone());
        Ok(FileReport { model, file, resumed: begun.min(source.rows.len()), done })
    }

    /// One slice, and how far the import has come with it, in one transaction.
    async fn slice(
        &self,
        rows: &[Planned],
        pass: Pass,
        steps: usize,
    ) -> fondaco_kernel::Result<Done> {
        let (model, mark) = (self.model.clone(), self.mark.clone());
        let rows: Arc<[Planned]> = rows.into();
        let run = self.desk.kernel.run(&self.desk.ctx, move |tx| {
            let (model, rows, mark) = (model.clone(), rows.clone(), mark.clone());
            Box::pin(async move {
                let done = write::slice(tx, &model, &rows, pass).await?;
                marks::put(tx, &mark.name, &mark.text(steps)).await?;
                Ok(done)
            })
        });
        run.await
    }

    async fn begun(&self) -> fondaco_kernel::Result<usize> {
        let mark = self.mark.clone();
        let found = self.desk.kernel.read(&self.desk.ctx, move |tx| {
            let name = mark.name.clone();
            Box::pin(async move { marks::get(tx, &name).await })
        });
        Ok(found.await?.map_or(0, |text| self.mark.steps(&text)))
    }
}

async fn forget(desk: &Desk, names: Vec<String>) -> fondaco_kernel::Result<()> {
    let run = desk.kernel.run(&desk.ctx, move |tx| {
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
