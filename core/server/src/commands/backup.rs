//! `fondaco backup`: a copy that was looked into before it is called a backup, and how many are kept.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use fondaco_kernel::portable::{self, Stage};
use fondaco_kernel::soundness::{self, Soundness};
use fondaco_kernel::values::Timestamp;
use fondaco_kernel::{Clock, Database, Kernel, identity};

use super::CompanyFolder;
use crate::End;
use crate::config::Company;
use crate::progress::{Progress, note, say};

/// Back up the database of a company, while it is used.
///
/// Examples:
///   fondaco backup --company acme
///   fondaco backup --company acme --to /mnt/backups --keep 30
///   fondaco backup --company acme --portable     # a folder that any database can take in
///
/// All that was acknowledged before the backup began is in it. It is read from the first page to
/// the last, the chain of the ledger is walked and both sides of the books are compared; only then
/// it gets its name, and older ones beyond --keep are removed. It holds the database, not the
/// company folder's TOML: keep that where you keep other texts.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Backup {
    #[command(flatten)]
    company: CompanyFolder,
    /// The folder for backups, instead of the configured one.
    #[arg(long, value_name = "FOLDER")]
    to: Option<PathBuf>,
    /// How many to leave in that folder, this one among them; 0 = all.
    #[arg(long, value_name = "NUMBER")]
    keep: Option<usize>,
    /// One file a table, one line a row, with checksums: for every database, and for people.
    #[arg(long)]
    portable: bool,
}

/// What the names of backups begin with, and end with.
const NAME: &str = "fondaco-";
const COPY: &str = ".db";
const PORTABLE: &str = ".portable";

pub async fn run(args: Backup) -> Result<End> {
    let company = Company::read(&args.company.folder)?;
    let folder = args.to.unwrap_or_else(|| company.backups());
    std::fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
    let end = if args.portable { PORTABLE } else { COPY };
    let path = folder.join(name(Clock::system().now(), end));
    let found = match (company.database(), args.portable) {
        (Database::Sqlite(file), false) => copy(&company, &file, &path).await?,
        _ => write_out(&company, &path).await?,
    };
    say(&format!("{} holds {}.", path.display(), told(&found)));
    let keep = args.keep.unwrap_or(company.config.backup.keep);
    for old in surplus(&folder, end, keep)? {
        let gone =
            if old.is_dir() { std::fs::remove_dir_all(&old) } else { std::fs::remove_file(&old) };
        gone.with_context(|| format!("removing {}", old.display()))?;
        note(&format!("{} is removed: {keep} are kept", old.display()));
    }
    Ok(End::Well)
}

/// `12 entries in 1 seal, 44,734.00 …` as far as it can be told without a currency.
pub fn told(found: &Soundness) -> String {
    format!(
        "{} ledger entries, {} seals; the chain holds and both sides are even",
        found.entries, found.seals
    )
}

fn name(now: Timestamp, end: &str) -> String {
    format!("{NAME}{}{end}", now.strftime("%Y%m%dT%H%M%SZ"))
}

/// When the newest backup in a folder was made, of either kind.
pub fn newest(folder: &Path) -> Option<Timestamp> {
    let entries = std::fs::read_dir(folder).ok()?.filter_map(std::result::Result::ok);
    entries.filter_map(|entry| made_at(entry.file_name().to_str()?)).max()
}

fn made_at(name: &str) -> Option<Timestamp> {
    let rest = name.strip_prefix(NAME)?;
    let stamp = rest.strip_suffix(COPY).or_else(|| rest.strip_suffix(PORTABLE))?;
    let (date, time) = stamp.strip_suffix('Z').filter(|_| is_stamp(stamp))?.split_once('T')?;
    let date = format!("{}-{}-{}", &date[..4], &date[4..6], &date[6..]);
    format!("{date}T{}:{}:{}Z", &time[..2], &time[2..4], &time[4..]).parse().ok()
}

/// The backups of this kind beyond the newest `keep`, oldest first.
fn surplus(folder: &Path, end: &str, keep: usize) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in
        std::fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))?
    {
        let path = entry?.path();
        let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
        let stamp = name.strip_prefix(NAME).and_then(|rest| rest.strip_suffix(end));
        if stamp.is_some_and(is_stamp) {
            found.push(path);
        }
    }
    found.sort();
    let surplus = if keep == 0 { 0 } else { found.len().saturating_sub(keep) };
    found.truncate(surplus);
    Ok(found)
}

/// `20261121T213608Z`: nothing else in the folder is ours to remove.
fn is_stamp(text: &str) -> bool {
    let digit = |at: usize, c: char| matches!((at, c), (8, 'T') | (15, 'Z')) || c.is_ascii_digit();
    text.len() == 16 && text.char_indices().all(|(at, c)| digit(at, c))
}

async fn copy(company: &Company, file: &Path, path: &Path) -> Result<Soundness> {
    let part = PathBuf::from(format!("{}.part", path.display()));
    let found = checked_copy(company, file, &part, "Copying").await;
    let named = found.and_then(|found| named(&part, path).map(|()| found));
    if named.is_err() {
        // What cannot be trusted is not left lying about.
        let _ = std::fs::remove_file(&part);
    }
    named
}

/// Copies a database file and looks into the copy.
///
/// # Errors
/// When it cannot be copied, or when the copy does not hold.
pub async fn checked_copy(
    company: &Company,
    from: &Path,
    to: &Path,
    label: &'static str,
) -> Result<Soundness> {
    let (source, target) = (from.to_owned(), to.to_owned());
    let copied = tokio::task::spawn_blocking(move || {
        let mut progress = Progress::new(label, 0);
        let copied = fondaco_kernel::backup::copy(&source, &target, |done, total| {
            progress.at(done, total);
        });
        progress.done();
        copied
    });
    copied.await?.with_context(|| format!("copying {}", from.display()))?;
    let kernel = Kernel::look(company.setup_on(Database::Sqlite(to.to_owned()))?).await?;
    let ctx = identity::service(&kernel, identity::CONSOLE, Default::default())?;
    let found = kernel.read(&ctx, |tx| Box::pin(soundness::look(tx))).await?;
    found.check().context("the copy does not hold")?;
    File::open(to)?.sync_all()?;
    Ok(found)
}

/// Gives the file its name, so that a power cut leaves either of the two.
///
/// # Errors
/// What the operating system says.
pub fn named(part: &Path, path: &Path) -> Result<()> {
    std::fs::rename(part, path).with_context(|| format!("naming {}", path.display()))?;
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all().with_context(|| format!("writing {}", folder.display()))
}

async fn write_out(company: &Company, path: &Path) -> Result<Soundness> {
    let kernel = Kernel::look(company.setup()?).await?;
    let (bars, progress) = bars();
    let manifest = portable::export(&kernel, path, progress).await?;
    bars.done();
    if let Err(error) = manifest.soundness.check() {
        std::fs::remove_dir_all(path)?;
        return Err(error).context("what was read does not hold");
    }
    Ok(manifest.soundness)
}

/// The bar of the stage that is on, one after the other.
#[derive(Clone, Default)]
pub struct Bars(Arc<Mutex<Option<(Stage, Progress)>>>);

/// Bars, and what tells them.
pub fn bars() -> (Bars, portable::Progress) {
    let bars = Bars::default();
    let told = bars.clone();
    (bars, Arc::new(move |stage, done, total| told.at(stage, done, total)))
}

impl Bars {
    fn at(&self, stage: Stage, done: u64, total: u64) {
        let mut on = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if on.as_ref().is_none_or(|(before, _)| *before != stage) {
            if let Some((_, bar)) = on.take() {
                bar.done();
            }
            let label = match stage {
                Stage::Reading => "Reading rows",
                Stage::Writing => "Writing rows",
                Stage::Comparing => "Comparing rows",
            };
            *on = Some((stage, Progress::new(label, total)));
        }
        if let Some((_, bar)) = on.as_mut() {
            bar.at(done, total);
        }
    }

    pub fn done(&self) {
        if let Some((_, bar)) = self.0.lock().unwrap_or_else(PoisonError::into_inner).take() {
            bar.done();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_names_are_ours_to_remove() {
        let now = "2026-11-21T21:36:08.5Z".parse().unwrap();
        assert_eq!(name(now, COPY), "fondaco-20261121T213608Z.db");
        assert_eq!(made_at("fondaco-20261121T213608Z.db"), "2026-11-21T21:36:08Z".parse().ok());
        for (text, ours) in [
            ("20261121T213608Z", true),
            ("20261121T213608", false),
            ("20261121 213608Z", false),
            ("before-the-change", false),
        ] {
            assert_eq!(is_stamp(text), ours, "{text}");
        }
    }
}
