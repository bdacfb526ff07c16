//! `fondaco plugin list | plan | logs | replay`: what there is, what it may, and what it did.

use std::path::Path;

use anyhow::Result;
use fondaco_kernel::plugins::telling::{self, CallLine};
use fondaco_kernel::plugins::{lifecycle, specimen};
use fondaco_values::AnyId;

use super::{change, open, package, told};
use crate::End;
use crate::commands::CompanyFolder;
use crate::progress::say;

/// List the plugins, their versions and how they stand.
///
/// Example: fondaco plugin list --company acme
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct List {
    #[command(flatten)]
    company: CompanyFolder,
}

/// Say in words what a plugin may and where it is asked, beside what was granted before.
///
/// Examples:
///   fondaco plugin plan acme.credit-guard --company acme
///   fondaco plugin plan acme.credit-guard-1.5.0.plugin --company acme
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Plan {
    /// The id of a plugin that is installed, or the file of a package that is not.
    plugin: String,
    /// Which version of one that is installed; else the newest.
    #[arg(long)]
    version: Option<String>,
    #[command(flatten)]
    company: CompanyFolder,
}

/// Show the last calls of a plugin that were kept, the newest first.
///
/// Failures are kept always, and so is what a shadow says differently; all calls while it records. Values
/// that are not for everybody are not shown.
///
/// Examples:
///   fondaco plugin logs acme.credit-guard --company acme
///   fondaco plugin logs acme.credit-guard --call 7493126487261184 --company acme
///   fondaco plugin logs acme.credit-guard --call 7493126487261184 --fixture --company acme > fixtures/held.toml
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Logs {
    /// `publisher.name`
    id: String,
    /// One call, with all that it was told and said, as JSON.
    #[arg(long, value_name = "ID")]
    call: Option<AnyId>,
    /// The call as a fixture for `fondaco plugin test`: values that are not for everybody are others of their
    /// kind, and what must come of it is what the plugin says to those.
    #[arg(long, requires = "call")]
    fixture: bool,
    #[command(flatten)]
    company: CompanyFolder,
}

/// Make a call that was kept once more, told and answered the same, and compare what it says.
///
/// Exit code 3 when it says something else.
///
/// Example: fondaco plugin replay acme.credit-guard 7493126487261184 --company acme
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Replay {
    /// `publisher.name`
    id: String,
    /// The call, as `fondaco plugin logs` shows it.
    call: AnyId,
    #[command(flatten)]
    company: CompanyFolder,
}

pub(super) async fn logs(args: Logs) -> Result<End> {
    let (kernel, ctx) = open(&args.company).await?;
    if let (true, Some(call)) = (args.fixture, args.call) {
        let made = specimen::fixture_of(&kernel, &ctx, &args.id, call).await;
        kernel.leave().await;
        say(told(&args.id, made)?.trim_end());
        return Ok(End::Well);
    }
    let (name, call) = (args.id.clone(), args.call);
    let read = kernel.read(&ctx, move |tx| {
        let name = name.clone();
        Box::pin(async move {
            match call {
                Some(call) => Ok((Vec::new(), Some(telling::call(tx, &name, call).await?))),
                None => Ok((telling::calls(tx, &name, None).await?, None)),
            }
        })
    });
    let found = read.await;
    kernel.leave().await;
    let (lines, call) = told(&args.id, found)?;
    match call {
        Some(call) => say(&serde_json::to_string_pretty(&call)?),
        None if lines.is_empty() => say("No call of it is kept: none has failed."),
        None => lines.iter().for_each(line),
    }
    Ok(End::Well)
}

fn line(call: &CallLine) {
    let CallLine { id, at, version, hook, outcome, reason, cpu_us } = call;
    let line =
        format!("{id}  {at:.0}  {version:<9} {hook:<16} {outcome:<10} {cpu_us:>7} µs  {reason}");
    say(line.trim_end());
}

pub(super) async fn replay(args: Replay) -> Result<End> {
    let (kernel, ctx) = open(&args.company).await?;
    let done = telling::replay(&kernel, &ctx, &args.id, args.call).await;
    kernel.leave().await;
    let replayed = told(&args.id, done)?;
    if replayed.same {
        say(&format!("It says the same, byte for byte: {}", replayed.now));
        return Ok(End::Well);
    }
    say(&format!("It says something else: {} then, {} now", replayed.then, replayed.now));
    Ok(End::Found)
}

/// How the shadows of a plugin did.
pub(super) async fn shadow_report(id: &str, company: &CompanyFolder) -> Result<End> {
    let (kernel, ctx) = open(company).await?;
    let name = id.to_owned();
    let read = kernel.read(&ctx, move |tx| {
        let name = name.clone();
        Box::pin(async move { telling::shadow_report(tx, &name).await })
    });
    let found = read.await;
    kernel.leave().await;
    let report = told(id, found)?;
    match &report.shadow {
        Some(version) => say(&format!("{id} {version} runs beside the version in force.")),
        None => say(&format!("No version of {id} runs beside the one in force.")),
    }
    for hook in &report.hooks {
        say(&format!(
            "{:<9} {:<16} {:>7} the same, {:>7} different, {:>7} not comparable",
            hook.version, hook.hook, hook.same, hook.different, hook.skipped
        ));
    }
    report.differences.iter().for_each(line);
    Ok(End::Well)
}

pub(super) async fn list(args: List) -> Result<End> {
    let (kernel, ctx) = open(&args.company).await?;
    let all = lifecycle::list(&kernel, &ctx).await;
    kernel.leave().await;
    let all = all?;
    if all.is_empty() {
        say("There is no plugin yet: `fondaco plugin install` takes a package.");
    }
    for plugin in &all {
        change::tell(plugin);
        for version in &plugin.versions {
            let granted = match &version.granted_by {
                Some(by) => format!("granted by {by}"),
                None => "waits for a grant".to_owned(),
            };
            say(&format!("  {:<10} {granted}", version.version));
        }
    }
    Ok(End::Well)
}

pub(super) async fn plan(args: Plan) -> Result<End> {
    let (kernel, ctx) = open(&args.company).await?;
    let file = Path::new(&args.plugin);
    let plan = if file.extension().is_some_and(|ending| ending == "plugin") {
        lifecycle::examine(&kernel, &ctx, package::read(file)?).await
    } else {
        let (name, version) = (args.plugin.clone(), args.version);
        let read = kernel.read(&ctx, move |tx| {
            let (name, version) = (name.clone(), version.clone());
            Box::pin(async move { lifecycle::plan(tx, &name, version.as_deref()).await })
        });
        read.await
    };
    kernel.leave().await;
    say(told(&args.plugin, plan)?.to_string().trim_end());
    Ok(End::Well)
}
