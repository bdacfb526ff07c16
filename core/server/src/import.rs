//! `fondaco import` and tests: the kernel's import of files in a folder, by somebody at his desk, with a bar
//! that shows how far it is.

use std::path::Path;

use anyhow::Result;
pub use fondaco_kernel::import::{Done, FileReport, Files, Report, RowProblem, format, mapping};
use mapping::Mapping;

use crate::desk::Desk;
use crate::progress::Progress;

/// Runs every import of a mapping over the files of a folder.
///
/// # Errors
/// When a file cannot be read or the database fails; what is wrong with rows is in the report.
pub async fn run(desk: &Desk, mapping: &Mapping, folder: &Path) -> Result<Report> {
    let mut bar: Option<(String, Progress)> = None;
    let mut heard = |model: &str, done: usize, total: usize| {
        let own = bar.take_if(|(of, _)| of != model);
        if let Some((_, before)) = own {
            before.done();
        }
        let new = || (model.to_owned(), Progress::new(model, total as u64));
        let (_, own) = bar.get_or_insert_with(new);
        own.at(done as u64, total as u64);
    };
    let files = Files::Folder(folder.to_owned());
    let work = fondaco_kernel::import::run(&desk.kernel, &desk.ctx, (mapping, &files), &mut heard);
    let report = work.await?;
    if let Some((_, last)) = bar {
        last.done();
    }
    Ok(report)
}
