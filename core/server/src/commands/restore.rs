//! `fondaco restore`: a database out of a backup, where there is none.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use fondaco_kernel::soundness::Soundness;
use fondaco_kernel::{Database, Kernel, portable};

use super::CompanyFolder;
use super::backup::{bars, checked_copy, named, told};
use crate::End;
use crate::config::Company;
use crate::progress::say;

/// Restore the database of a company from a backup.
///
/// Examples:
///   fondaco restore backups/fondaco-20261121T213608Z.db --company acme
///   fondaco restore backups/fondaco-20261121T213608Z.portable --company acme
///
/// Nothing is overwritten: the configured database must not be there, or be empty. Before it is put
/// in its place every page is read, the chain of the ledger is walked and both sides of the books
/// are compared.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Restore {
    /// What `fondaco backup` wrote: a file, or a folder in the portable form.
    backup: PathBuf,
    #[command(flatten)]
    company: CompanyFolder,
}

pub async fn run(args: Restore) -> Result<End> {
    let company = Company::read(&args.company.folder)?;
    if !args.backup.exists() {
        bail!("{} is not there", args.backup.display());
    }
    let found = match (args.backup.is_dir(), company.database()) {
        (true, _) => receive(&company, &args.backup).await?,
        (false, Database::Sqlite(path)) => put_back(&company, &args.backup, &path).await?,
        (false, _) => bail!(
            "{} is a file of the embedded database: restore it into one, then `fondaco move`",
            args.backup.display()
        ),
    };
    say(&format!("The database is restored: {}.", told(&found)));
    Ok(End::Well)
}

async fn put_back(company: &Company, backup: &Path, path: &Path) -> Result<Soundness> {
    for end in ["", "-wal", "-journal"] {
        let there = PathBuf::from(format!("{}{end}", path.display()));
        if there.exists() {
            bail!("{} is there; nothing was overwritten: move it away first", there.display());
        }
    }
    let part = PathBuf::from(format!("{}.restoring", path.display()));
    let found = checked_copy(company, backup, &part, "Restoring").await;
    let named = found.and_then(|found| named(&part, path).map(|()| found));
    if named.is_err() {
        // What does not hold is not left where it could be taken for a database.
        let _ = std::fs::remove_file(&part);
    }
    named
}

async fn receive(company: &Company, backup: &Path) -> Result<Soundness> {
    let kernel = Kernel::vessel(company.setup()?).await?;
    let (bars, progress) = bars();
    let manifest = portable::receive(&kernel, backup, progress).await?;
    bars.done();
    Ok(manifest.soundness)
}
