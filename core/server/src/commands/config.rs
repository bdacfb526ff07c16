//! `fondaco config`: every setting, its value and where that came from.

use anyhow::Result;
use serde_json::json;

use super::CompanyFolder;
use crate::End;
use crate::config::Company;
use crate::progress::say;
use crate::settings::{self, Setting};

/// Print the settings in force and where each comes from; secrets are masked.
///
/// Examples:
///   fondaco config --company acme
///   fondaco config --company acme --json
///   fondaco config --documented            # every setting with its default, to begin from
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Config {
    #[command(flatten)]
    company: CompanyFolder,
    /// As JSON.
    #[arg(long)]
    json: bool,
    /// A documented fondaco.toml with all defaults instead.
    #[arg(long, conflicts_with = "json")]
    documented: bool,
}

pub fn run(args: &Config) -> Result<End> {
    if args.documented {
        say(settings::documented().trim_end());
        return Ok(End::Well);
    }
    let company = Company::read(&args.company.folder)?;
    if args.json {
        let all: Vec<_> = company.settings.iter().map(as_json).collect();
        say(&serde_json::to_string_pretty(&all)?);
        return Ok(End::Well);
    }
    for setting in &company.settings {
        let value = setting.shown().unwrap_or_else(|| "(not set)".to_owned());
        let stands = format!("{} = {value}", setting.key.path());
        let live = if setting.key.live { " (live)" } else { "" };
        say(&format!("{stands:<44} # {}{live}", setting.from));
    }
    Ok(End::Well)
}

fn as_json(setting: &Setting) -> serde_json::Value {
    json!({
        "setting": setting.key.path(),
        "value": setting.shown(),
        "from": setting.from.to_string(),
        "variable": setting.key.variable(),
        "live": setting.key.live,
        "help": setting.key.help,
    })
}
