//! `fondaco move`: all of a database into another, of whatever engine, and the old one closed.

use std::path::Path;

use anyhow::{Context, Result, bail};
use fondaco_kernel::{Database, Kernel, PostgresSettings, portable};

use super::CompanyFolder;
use super::backup::{bars, told};
use crate::config::Company;
use crate::progress::{note, say};
use crate::settings::without_password;
use crate::{End, running};

/// Move the database of a company to another place or another engine.
///
/// Examples:
///   fondaco move --to postgres://fondaco@db.example/acme --company acme
///   fondaco move --to sqlite:/srv/fondaco/acme.db --company acme
///
/// The server must be stopped. The old database is closed to writing first; then every row is taken
/// over, and it is proven that all arrived: number and checksum of the rows of each table, both
/// sides of the books, the chain of the ledger. The old database stays, to be read only. When it is
/// interrupted, the same command goes on where it was; --cancel opens the old database again.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Move {
    #[command(flatten)]
    company: CompanyFolder,
    /// Where to: postgres://… (PGPASSWORD is heeded) or sqlite:<path>.
    #[arg(long, value_name = "DATABASE", required_unless_present = "cancel")]
    to: Option<String>,
    /// Give up a move that did not end, and go on with the old database.
    #[arg(long, conflicts_with = "to")]
    cancel: bool,
}

pub async fn run(args: Move) -> Result<End> {
    let company = Company::read(&args.company.folder)?;
    let on_the_way = company.folder.join("moving");
    if args.cancel {
        return cancel(&company, &on_the_way).await;
    }
    let to = args.to.unwrap_or_default();
    let target = parse(&to)?;
    let servers = running::servers(&company.folder)?;
    if !servers.is_empty() {
        bail!("the server is running (process {}): stop it first", servers[0]);
    }
    close(&company, &to).await?;
    if !on_the_way.exists() {
        write_out(&company, &on_the_way).await?;
    }
    let kernel = Kernel::vessel(company.setup_on(target)?).await?;
    let (bars, progress) = bars();
    let manifest = portable::receive(&kernel, &on_the_way, progress).await?;
    bars.done();
    std::fs::remove_dir_all(&on_the_way)
        .with_context(|| format!("removing {}", on_the_way.display()))?;
    say(&format!(
        "Moved {} rows of {} tables to {}: {}.",
        manifest.rows(),
        manifest.tables.len(),
        without_password(&to),
        told(&manifest.soundness)
    ));
    say("The old database stays, closed to writing. Now name the new one in fondaco.toml:");
    say(&setting(&to));
    Ok(End::Well)
}

/// The database of a `--to`.
fn parse(to: &str) -> Result<Database> {
    match to.split_once(':') {
        Some(("sqlite", path)) if !path.is_empty() => Ok(Database::Sqlite(path.into())),
        Some(("postgres" | "postgresql", _)) => Ok(Database::Postgres(PostgresSettings::new(to))),
        _ => bail!(
            "{to:?} is no database: write postgres://user@host/database or sqlite:/path/to.db"
        ),
    }
}

fn setting(to: &str) -> String {
    let text = |text: &str| toml::Value::String(text.to_owned());
    match to.strip_prefix("sqlite:") {
        Some(path) => format!("  [database]\n  file = {}", text(path)),
        None if without_password(to) == to => format!("  [database]\n  url = {}", text(to)),
        None => "  [database]\n  url_file = …   # a file that holds the address with its password"
            .to_owned(),
    }
}

/// From here on nobody writes to the old database; whoever opens it is told where it went.
async fn close(company: &Company, to: &str) -> Result<()> {
    let kernel = Kernel::open(company.setup()?).await?;
    let shown = without_password(to);
    match portable::moved_to(&kernel).await? {
        None => Ok(portable::say_moved(&kernel, Some(&shown)).await?),
        Some(before) if before == shown => {
            note("Going on with the move that was begun.");
            Ok(())
        }
        Some(before) => bail!("it is moving or has moved to {before}, not to {shown}"),
    }
}

async fn write_out(company: &Company, folder: &Path) -> Result<()> {
    let kernel = Kernel::look(company.setup()?).await?;
    let (bars, progress) = bars();
    let manifest = portable::export(&kernel, folder, progress).await?;
    bars.done();
    manifest.soundness.check().context("the database does not hold; see `fondaco doctor`")
}

async fn cancel(company: &Company, on_the_way: &Path) -> Result<End> {
    if !on_the_way.exists() {
        bail!("no move was begun here, or it came to its end");
    }
    let kernel = Kernel::vessel(company.setup()?).await?;
    portable::say_moved(&kernel, None).await?;
    std::fs::remove_dir_all(on_the_way)
        .with_context(|| format!("removing {}", on_the_way.display()))?;
    say(
        "The move is given up; the old database is open again. Remove what was begun of the new one.",
    );
    Ok(End::Well)
}
