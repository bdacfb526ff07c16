//! `fondaco rehearse`: the change on a copy, with the figures before and after.

use anyhow::Result;
use fondaco_kernel::plan::{self, Comparison, Consent, Plan, Shift};
use fondaco_kernel::{Adopt, Error, Kernel};
use serde_json::json;

use super::copy::Copy;
use super::{CompanyFolder, plan::open};
use crate::End;
use crate::config::Company;
use crate::progress::{Progress, say};

/// Apply the company folder on a copy of the database, run the standard checks, and compare: every
/// balance of the ledger (money, stock by product and place, its value), documents by state, rights.
/// The database itself is not touched.
///
/// Examples:
///   fondaco rehearse --company acme
///   fondaco rehearse --company acme --json
///
/// Exit code 3 says that a check failed, that a figure of the ledger moved, or that the change
/// cannot be applied.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Rehearse {
    #[command(flatten)]
    company: CompanyFolder,
    #[arg(long)]
    json: bool,
}

/// What a rehearsal found.
struct Report {
    plan: Plan,
    /// Why the change cannot be applied.
    refused: Vec<String>,
    /// Checks that failed after it.
    failed: Vec<String>,
    comparison: Comparison,
}

/// The steps that a person sees go by: copy, count, apply, check, count.
const STEPS: u64 = 5;

pub async fn run(args: Rehearse) -> Result<End> {
    let company = Company::read(&args.company.folder)?;
    let mut progress = Progress::new("rehearsing", STEPS);
    let (kernel, _) = open(&company, company.is_there()).await?;
    let copy = Copy::of(&company, &kernel, "rehearsal").await?;
    drop(kernel);
    progress.step(1);
    let report = rehearse(&company, &copy, &mut progress).await?;
    progress.done();
    if args.json {
        say(&serde_json::to_string_pretty(&report.to_json())?);
    } else {
        report.tell();
    }
    Ok(if report.is_good() { End::Well } else { End::Found })
}

async fn rehearse(company: &Company, copy: &Copy, progress: &mut Progress) -> Result<Report> {
    let mut setup = company.setup()?;
    setup.database = copy.database();
    setup.adopt = Adopt::Later;
    let desired = setup.desired();
    let kernel = Kernel::open(setup).await?;
    let plan = plan::make(&kernel, &desired).await?;
    let before = if plan.fresh { plan::Figures::default() } else { plan::figures(&kernel).await? };
    progress.step(1);
    let consent = Consent { destructive: true };
    let refused = match plan::apply(&kernel, &desired, &plan, consent, &plan::silent()).await {
        Ok(()) => Vec::new(),
        Err(Error::Invalid(problems)) => problems.into_iter().map(|p| p.message).collect(),
        Err(error @ (Error::Startup(_) | Error::Storage { .. })) => vec![error.to_string()],
        Err(other) => return Err(other.into()),
    };
    progress.step(1);
    if !refused.is_empty() {
        let comparison = Comparison::default();
        return Ok(Report { plan, refused, failed: Vec::new(), comparison });
    }
    let failed = plan::checks(&kernel).await?;
    progress.step(1);
    let comparison = before.compare(&plan::figures(&kernel).await?);
    progress.step(1);
    Ok(Report { plan, refused, failed, comparison })
}

impl Report {
    fn is_good(&self) -> bool {
        self.refused.is_empty() && self.failed.is_empty() && self.comparison.moved.is_empty()
    }

    fn to_json(&self) -> serde_json::Value {
        json!({
            "good": self.is_good(),
            "plan": self.plan,
            "refused": self.refused,
            "failed_checks": self.failed,
            "comparison": self.comparison,
        })
    }

    fn tell(&self) {
        say(self.plan.to_string().trim_end());
        for why in &self.refused {
            say(&format!("CANNOT BE APPLIED: {why}"));
        }
        if !self.refused.is_empty() {
            return;
        }
        let comparison = &self.comparison;
        let books = comparison.balances.iter();
        let books: Vec<String> = books.map(|(book, n)| format!("{n} of {book}")).collect();
        let books = if books.is_empty() { "none".to_owned() } else { books.join(", ") };
        say(&format!(
            "Balances compared: {books}; kinds of documents by state: {}.",
            comparison.states
        ));
        tell_all("MOVED", &comparison.moved);
        tell_all("new", &comparison.new);
        tell_all("documents", &comparison.documents);
        for check in &self.failed {
            say(&format!("CHECK FAILED: {check}"));
        }
        say(if self.is_good() {
            "The checks hold and no figure of the ledger moves."
        } else {
            "Not to be applied like this."
        });
    }
}

fn tell_all(word: &str, shifts: &[Shift]) {
    for Shift { what, before, after } in shifts {
        say(&format!("{word}: {what}: {before} → {after}"));
    }
}
