//! `fondaco import`: records from CSV files by a mapping.

use std::path::{Path, PathBuf};

use anyhow::Result;
use fondaco_kernel::{Kernel, identity};

use super::copy::Copy;
use super::{CompanyFolder, user};
use crate::End;
use crate::config::Company;
use crate::desk::Desk;
use crate::import::mapping::Mapping;
use crate::import::{self, FileReport, Report};
use crate::progress::{note, say};

/// Import CSV files by a mapping in TOML.
///
/// Examples:
///   fondaco import northwind.toml --data ~/northwind --company acme --dry-run
///   fondaco import northwind.toml --data ~/northwind --company acme
///
/// A dry run does everything on a copy of the database and says what would be wrong, row by row.
/// The same import again changes nothing twice; one that was cut off goes on where it stopped.
/// Exit code 3 says that some rows could not be taken; the others are.
///
/// A mapping says which file becomes which model, and which column which field:
///
///   [[import]]
///   model = "party"
///   file = "customers.csv"
///   key = "customer/{customer_id}"       # the same key again is the same record
///   [import.fields]
///   name = "{company_name}"              # a template over columns; in a link: the other's key
///   customer = true
///   country = { column = "country", map = { Germany = "DE", UK = "GB" } }
///   [[import.lines.addresses]]           # a line of the record, from its own row; or with
///   [import.lines.addresses.fields]      # file = "…", on = "column" from those of a second file
///   city = "{city}"
///
/// Also: only_with = "{column}" leaves rows out, grouped = true makes one record of all rows of one
/// key, default = "…" stands for what a map does not know, map = "name" takes one of [maps],
/// times = "0.4536" and decimals = 2 convert and round numbers. Files that are not plain say so:
///
///   [format]
///   separator = ";"
///   decimal = ","
///   date = "%d.%m.%Y"
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Import {
    /// The mapping.
    mapping: PathBuf,
    /// The folder of the CSV files; the mapping's own by default.
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// Change nothing; say what would happen.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    company: CompanyFolder,
}

pub async fn run(args: Import) -> Result<End> {
    let mapping = Mapping::read(&args.mapping)?;
    let beside = args.mapping.parent().unwrap_or(Path::new(".")).to_owned();
    let folder = args.data.unwrap_or(beside);
    let report = if args.dry_run {
        on_copy(&args.company, &mapping, &folder).await?
    } else {
        let (kernel, ctx) = user::open(&args.company).await?;
        let desk = Desk::new(kernel, ctx);
        let report = import::run(&desk, &mapping, &folder).await?;
        desk.kernel.leave().await;
        report
    };
    tell(&report, args.dry_run);
    Ok(if report.problems.is_empty() { End::Well } else { End::Found })
}

/// The whole import on a copy of the database, which is thrown away.
async fn on_copy(folder: &CompanyFolder, mapping: &Mapping, data: &Path) -> Result<Report> {
    let (kernel, ctx) = user::open(folder).await?;
    let company = Company::read(&folder.folder)?;
    let copy = Copy::of(&company, &kernel, "dry-run").await?;
    let mut setup = company.setup()?;
    setup.database = copy.database();
    let kernel = Kernel::open(setup).await?;
    let ctx = identity::service(&kernel, identity::CONSOLE, ctx.company())?;
    import::run(&Desk::new(kernel, ctx), mapping, data).await
}

fn tell(report: &Report, dry_run: bool) {
    for file in &report.files {
        say(&sentence(file, dry_run));
    }
    for problem in &report.problems {
        say(&problem.to_string());
    }
    match report.problems.len() {
        0 => {}
        count => note(&format!("{count} problem(s)")),
    }
}

fn sentence(file: &FileReport, dry_run: bool) -> String {
    let would = if dry_run { "would be " } else { "" };
    let done = &file.done;
    let mut parts = vec![format!("{} {would}created", done.created)];
    for (count, what) in [
        (done.updated, format!("{would}updated")),
        (done.unchanged, "as they were".to_owned()),
        (file.resumed, "done before".to_owned()),
    ] {
        if count > 0 {
            parts.push(format!("{count} {what}"));
        }
    }
    format!("{} from {}: {}", file.model, file.file, parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::Done;

    #[test]
    fn what_was_done_is_told() {
        let done = Done { created: 3, updated: 1, unchanged: 2, problems: Vec::new() };
        let file = FileReport { model: "party".into(), file: "a.csv".into(), resumed: 0, done };
        let told = "party from a.csv: 3 created, 1 updated, 2 as they were";
        assert_eq!(sentence(&file, false), told);
        let would = "party from a.csv: 3 would be created, 1 would be updated, 2 as they were";
        assert_eq!(sentence(&file, true), would);
    }
}
