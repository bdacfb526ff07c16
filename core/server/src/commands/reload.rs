//! `fondaco reload`: has the running servers of a folder read their settings again.

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};

use super::CompanyFolder;
use crate::config::Company;
use crate::progress::say;
use crate::{End, running, settings};

/// Have the running server read its settings again (the same as SIGHUP).
///
/// Example:
///   fondaco reload --company acme
///
/// The settings are checked first; a mistake changes nothing. `fondaco config` marks what a running
/// server takes up with (live); the rest waits for the next start, and the log says so.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Reload {
    #[command(flatten)]
    company: CompanyFolder,
}

pub fn run(args: &Reload) -> Result<End> {
    let company = Company::read(&args.company.folder)?;
    let servers = running::servers(&company.folder)?;
    if servers.is_empty() {
        bail!("no server of {} is running on this machine", company.folder.display());
    }
    for server in &servers {
        let pid = Pid::from_raw(*server).context("a process has a number above zero")?;
        kill_process(pid, Signal::HUP).with_context(|| format!("telling process {server}"))?;
        say(&format!("server {server} reads its settings again"));
    }
    let live: Vec<String> =
        settings::KEYS.iter().filter(|key| key.live).map(settings::Key::path).collect();
    say(&format!("Taken up at once: {}.", live.join(", ")));
    Ok(End::Well)
}
