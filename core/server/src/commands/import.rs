//! `fondaco import`: records from CSV files by a mapping.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use fondaco_kernel::{Database, Kernel, identity};

use super::{CompanyFolder, user};
use crate::config::Company;
use crate::desk::Desk;
use crate::import::mapping::Mapping;
use crate::import::{self, Report};
use crate::progress::{note, say};
use crate::End;

/// Import CSV files by a mapping in TOML.
///
/// Example:
///   fondaco import northwind.toml --data ~/northwind --company acme --dry-run
///   fondaco import northwind.toml --data ~/northwind --company acme
///
/// A dry run does everything on a copy of the database and says what would be wrong, row by row.
/// The same import again changes nothing twice; one that was cut off goes on where it stopped.
/// Exit code 3 says that some rows could not be taken.
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

/// Problems that are printed; the rest are counted.
const SHOWN_MAX: usize = 50;

pub async fn run(args: Import) -> Result<End> {
    let mapping = Mapping::read(&args.mapping)?;
    let beside = args.mapping.parent().unwrap_or(Path::new(".")).to_owned();
    let folder = args.data.unwrap_or(beside);
    let report = if args.dry_run {
        on_copy(&args.company, &mapping, &folder).await?
    } else {
        let (kernel, ctx) = user::open(&args.company).await?;
        import::run(&Desk::new(kernel, ctx), &mapping, &folder).await?
    };
    tell(&report, args.dry_run);
    Ok(if report.problems.is_empty() { End::Well } else { End::Found })
}

/// The whole import on a copy of the database, which is thrown away.
async fn on_copy(company: &CompanyFolder, mapping: &Mapping, folder: &Path) -> Result<Report> {
    let (kernel, ctx) = user::open(company).await?;
    let copy = std::env::temp_dir().join(format!("fondaco-dry-run-{}.db", std::process::id()));
    kernel.copy_to(&copy).await.context("copying the database")?;
    let mut setup = Company::read(&company.folder)?.setup()?;
    setup.database = Database::Sqlite(copy.clone());
    let tried = try_on(setup, ctx.company(), mapping, folder).await;
    for end in ["", "-wal", "-shm"] {
        // What the copy leaves behind is the operating system's to clean if it cannot be removed.
        let _ = std::fs::remove_file(format!("{}{end}", copy.display()));
    }
    tried
}

async fn try_on(
    setup: fondaco_kernel::Setup,
    company: fondaco_values::Id<fondaco_kernel::shared::Company>,
    mapping: &Mapping,
    folder: &Path,
) -> Result<Report> {
    let kernel = Kernel::open(setup).await?;
    let ctx = identity::service(&kernel, "console", company)?;
    import::run(&Desk::new(kernel, ctx), mapping, folder).await
}

fn tell(report: &Report, dry_run: bool) {
    let would = if dry_run { "would be " } else { "" };
    for ((model, created), (_, updated)) in report.created.iter().zip(&report.updated) {
        say(&format!("{model}: {created} {would}created, {updated} {would}brought up to date"));
    }
    for problem in report.problems.iter().take(SHOWN_MAX) {
        say(&problem.to_string());
    }
    if report.problems.len() > SHOWN_MAX {
        note(&format!("… and {} more problems", report.problems.len() - SHOWN_MAX));
    }
}
