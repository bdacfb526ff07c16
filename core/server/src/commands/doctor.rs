//! `fondaco doctor`: what is wrong with a company, and the cure.

use anyhow::Result;

use super::CompanyFolder;
use crate::End;
use crate::checkup::{self, Finding, Grade, Kind};
use crate::progress::say;

/// Find what is wrong with a company and its database, and say the cure. Nothing is changed.
///
/// Examples:
///   fondaco doctor --company acme
///   fondaco doctor --company acme --json
///
/// Exit codes, for the first kind with something bad: 10 settings, 11 files, 12 disk, 13 clock,
/// 14 database, 15 schema, 16 ledger, 17 jobs, 18 backups, 19 fonts; 0 when nothing is bad.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Doctor {
    #[command(flatten)]
    company: CompanyFolder,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

pub async fn run(args: Doctor) -> Result<End> {
    let findings = checkup::examine(&args.company.folder).await;
    if args.json {
        say(&serde_json::to_string_pretty(&findings)?);
    } else {
        findings.iter().for_each(tell);
    }
    let bad = findings.iter().filter(|f| f.grade == Grade::Bad).map(|f| f.kind).min();
    Ok(bad.map_or(End::Well, |kind: Kind| End::Code(kind.exit_code())))
}

fn tell(finding: &Finding) {
    let kind = format!("{:?}", finding.kind).to_lowercase();
    let grade = match finding.grade {
        Grade::Good => "good",
        Grade::Watch => "watch",
        Grade::Bad => "BAD",
    };
    say(&format!("{kind:<10}{grade:<7}{}", finding.what));
    if let Some(cure) = &finding.cure {
        say(&format!("{:<17}→ {cure}", ""));
    }
}
