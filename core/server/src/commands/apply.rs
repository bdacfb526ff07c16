//! `fondaco apply`: the company folder is carried out on the database, as a whole or not at all.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result};
use fondaco_kernel::plan::{self, Consent, Desired, Heard, Plan};
use fondaco_kernel::plugins::lifecycle::wished::{self, Unlike, Wish};
use fondaco_kernel::{Error, Kernel};

use super::plan::{PLUGINS, open, tell};
use super::{CompanyFolder, user};
use crate::config::Company;
use crate::progress::{Progress, note, say};
use crate::{End, wishes};

/// Carry out what `fondaco plan` shows, as a whole or not at all. Running servers take it up without
/// a restart.
///
/// Examples:
///   fondaco apply --company acme
///   fondaco apply --company acme --yes --allow-destructive
///   fondaco apply --company acme --plan plan.json --yes
///
/// Killed on the way, it has changed nothing, or the next apply goes on. Plugins come when all else is in
/// force, one verb after the other. Exit code 3 says that
/// something stood in the way and nothing was changed.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Apply {
    #[command(flatten)]
    company: CompanyFolder,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
    /// Agree that data is put out of sight (it is kept in the database).
    #[arg(long)]
    allow_destructive: bool,
    /// A plan made with `fondaco plan --json`: refused if anything has changed since.
    #[arg(long, value_name = "FILE")]
    plan: Option<PathBuf>,
}

pub async fn run(args: Apply) -> Result<End> {
    let company = Company::read(&args.company.folder)?;
    let wishes = company.wishes()?;
    let (kernel, desired) = open(&company, true).await?;
    let mut change = plan::make(&kernel, &desired).await?;
    let unlike = wishes::compare(&kernel, &desired, &wishes).await?;
    tell(&change, &unlike);
    if change.is_empty() && unlike.is_empty() {
        return Ok(End::Well);
    }
    if !unlike.problems.is_empty() {
        say(&format!("Nothing was changed: {} in the way.", unlike.problems.len()));
        return Ok(End::Found);
    }
    if let Some(file) = &args.plan
        && !bind_to((&mut change, &unlike), file)?
    {
        say("Nothing was changed. Since the plan was made, plugins were; make a new plan.");
        return Ok(End::Found);
    }
    if !args.yes && !agreed()? {
        say("Nothing was changed. `--yes` applies without asking.");
        return Ok(End::Found);
    }
    let consent = Consent { destructive: args.allow_destructive };
    if unlike.is_empty() {
        return carry_out(&kernel, &desired, &change, consent).await;
    }
    if !change.is_empty() && done(&kernel, &desired, &change, consent).await? != End::Well {
        kernel.leave().await;
        return Ok(End::Found);
    }
    let end = plugins(&kernel, (&desired, wishes.as_slice()), &unlike).await;
    kernel.leave().await;
    end
}

/// What the folder says of plugins, when the rest of it is in force.
async fn plugins(kernel: &Kernel, folder: (&Desired, &[Wish]), unlike: &Unlike) -> Result<End> {
    let ctx = user::console(kernel).await?;
    let told = match wished::carry_out(kernel, &ctx, folder, unlike).await {
        Ok(()) => {
            say("The plugins are as the folder says.");
            return Ok(End::Well);
        }
        Err(Error::Invalid(problems)) => {
            let told = problems.into_iter().map(|problem| problem.message);
            told.collect::<Vec<_>>().join(" ")
        }
        Err(Error::Conflict { message, .. }) => message,
        Err(other) => return Err(other.into()),
    };
    say(&format!("The plugins are not all as the folder says. {told}"));
    Ok(End::Found)
}

/// Carries a plan out, with progress, and says how it ended. What an operator can mend is found, not
/// failed.
pub async fn carry_out(
    kernel: &Kernel,
    desired: &Desired,
    change: &Plan,
    consent: Consent,
) -> Result<End> {
    let end = done(kernel, desired, change, consent).await;
    kernel.leave().await;
    end
}

async fn done(kernel: &Kernel, desired: &Desired, change: &Plan, consent: Consent) -> Result<End> {
    let bar = Arc::new(Mutex::new(Progress::new("applying", change.changes.len() as u64)));
    let watched = bar.clone();
    let heard: Heard = Arc::new(move |done, total| {
        watched.lock().unwrap_or_else(PoisonError::into_inner).at(done, total);
    });
    let outcome = plan::apply(kernel, desired, change, consent, &heard).await;
    bar.lock().unwrap_or_else(PoisonError::into_inner).done();
    match outcome {
        Ok(()) => {
            say("Applied.");
            Ok(End::Well)
        }
        Err(Error::Invalid(problems)) => {
            for problem in &problems {
                say(&problem.message);
            }
            let hint = problems.iter().any(|problem| problem.code == "destructive");
            let hint = if hint { " `--allow-destructive` agrees to what is hidden." } else { "" };
            say(&format!("Nothing was changed: {} in the way.{hint}", problems.len()));
            Ok(End::Found)
        }
        Err(Error::Conflict { message, .. }) => {
            say(&format!("Nothing was changed. {message}"));
            Ok(End::Found)
        }
        Err(other) => Err(other.into()),
    }
}

/// Holds the change to the moment that a plan in a file was made at; answers whether that one says the same of
/// plugins.
fn bind_to((change, unlike): (&mut Plan, &Unlike), file: &Path) -> Result<bool> {
    let text = std::fs::read_to_string(file).with_context(|| format!("{}", file.display()))?;
    let made: serde_json::Value = serde_json::from_str(&text)
        .with_context(|| format!("{} is no plan of `fondaco plan --json`", file.display()))?;
    change.from = made["from"].as_str().map(str::to_owned);
    made["to"].as_str().unwrap_or_default().clone_into(&mut change.to);
    // A plan without plugins says nothing of them.
    let none = serde_json::to_value(Unlike::default())?;
    Ok(made.get(PLUGINS).unwrap_or(&none) == &serde_json::to_value(unlike)?)
}

pub(super) fn agreed() -> Result<bool> {
    note("Apply this? Type yes:");
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).context("reading the answer")?;
    Ok(line.trim() == "yes")
}
