//! `fondaco plugin install | grant | set | enable | shadow | rollback | disable | uninstall | trust`: what
//! an administrator does with plugins, from the console. Running servers of the same database take it up
//! within a second.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use fondaco_kernel::plugins::lifecycle::{self, Need, Standing};
use fondaco_kernel::schema::plugin::{OnFailure, RunsAs};

use super::{open, package, told};
use crate::End;
use crate::commands::CompanyFolder;
use crate::progress::say;

/// Install a package: it is checked, compiled, held against its own fixtures here, and kept; it runs nowhere yet.
///
/// Prints what it may, where it is asked, and what it adds (models, fields, actions, rights of roles, reports);
/// beside an earlier version, what is more or less. An upgrade
/// that asks for no more than was granted can be enabled at once; any other waits for a grant, and the
/// version in force goes on.
///
/// Example: fondaco plugin install acme.credit-guard-1.4.0.plugin --company acme
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Install {
    package: PathBuf,
    #[command(flatten)]
    company: CompanyFolder,
}

/// Accept what a plugin asks for: see it with `fondaco plugin plan`.
///
/// Example: fondaco plugin grant acme.credit-guard --set overdue=refuse --company acme
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Grant {
    /// `publisher.name`
    id: String,
    /// Which version; else the newest.
    #[arg(long)]
    version: Option<String>,
    /// The role that it runs as; else it has the rights of whoever it works for.
    #[arg(long = "as", value_name = "ROLE")]
    runs_as: Option<String>,
    /// A setting, as name=value.
    #[arg(long = "set", value_name = "NAME=VALUE")]
    settings: Vec<String>,
    /// What happens when a hook fails, instead of what the manifest says: hook=refuse or hook=flag.
    #[arg(long, value_name = "HOOK=WHAT")]
    on_failure: Vec<String>,
    #[command(flatten)]
    company: CompanyFolder,
}

/// Change settings of a plugin; in force with its next call.
///
/// Example: fondaco plugin set acme.credit-guard tolerance=50.00 overdue= --company acme
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Set {
    /// `publisher.name`
    id: String,
    /// Settings as name=value; an empty value goes back to the default.
    #[arg(required = true, value_name = "NAME=VALUE")]
    settings: Vec<String>,
    #[command(flatten)]
    company: CompanyFolder,
}

/// Put a version in force: the newest that was granted.
///
/// What it adds to models, roles, menus and reports comes first, on the data that is there. Calls under way
/// end with the code that they began with.
///
/// Example: fondaco plugin enable acme.credit-guard --company acme
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Enable {
    /// `publisher.name`
    id: String,
    #[arg(long)]
    version: Option<String>,
    #[command(flatten)]
    company: CompanyFolder,
}

/// Run a version beside the one in force: nothing comes of its answers, and differences are counted.
///
/// It is told what the version in force is told, so it needs no grant. Hooks that ask back while they work
/// (events, jobs, actions of the plugin's own) are not run beside.
///
/// Examples:
///   fondaco plugin shadow acme.credit-guard --version 1.5.0 --company acme
///   fondaco plugin shadow acme.credit-guard --report --company acme
///   fondaco plugin shadow acme.credit-guard --off --company acme
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
#[group(id = "what", required = true, multiple = false, args = ["version", "off", "report"])]
pub(super) struct Shadow {
    /// `publisher.name`
    id: String,
    /// The version to run beside.
    #[arg(long)]
    version: Option<String>,
    /// End it.
    #[arg(long)]
    off: bool,
    /// Say how it did, with the last differences.
    #[arg(long)]
    report: bool,
    #[command(flatten)]
    company: CompanyFolder,
}

/// A plugin by its id.
#[derive(Debug, clap::Args)]
pub(super) struct Named {
    /// `publisher.name`
    pub(super) id: String,
    #[command(flatten)]
    pub(super) company: CompanyFolder,
}

/// Keep every call of a plugin, with all that it was told and said, until it is switched off again.
///
/// Failures are kept without this. The last thousand of a plugin are there.
///
/// Example: fondaco plugin record acme.credit-guard --company acme
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Record {
    /// `publisher.name`
    id: String,
    /// End it.
    #[arg(long)]
    off: bool,
    #[command(flatten)]
    company: CompanyFolder,
}

/// Remove the versions of a plugin that is not in force.
///
/// Its settings, all that it wrote and what stands in its models and fields stay, out of sight. `--purge`
/// removes that too, with what it kept and what was recorded of it; records of other models that it wrote
/// are the company's, and stay.
///
/// Example: fondaco plugin uninstall acme.credit-guard --company acme
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Uninstall {
    /// `publisher.name`
    id: String,
    #[arg(long)]
    purge: bool,
    #[command(flatten)]
    company: CompanyFolder,
}

/// Take packages of a publisher that are signed with this key, in the place of the key that was pinned.
///
/// The first package of a publisher pins his key. Give a new one only when you have it from himself.
///
/// Example: fondaco plugin trust acme RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Trust {
    /// The word before the dot of his plugins' ids.
    publisher: String,
    key: String,
    #[command(flatten)]
    company: CompanyFolder,
}

pub(super) async fn install(args: Install) -> Result<End> {
    let bytes = package::read(&args.package)?;
    let (kernel, ctx) = open(&args.company).await?;
    let done = lifecycle::install(&kernel, &ctx, bytes).await;
    kernel.leave().await;
    let plan = told(&args.package.display().to_string(), done)?;
    say(plan.to_string().trim_end());
    let id = &plan.id;
    say(&match plan.need {
        Need::Grant => format!("Installed. Accept it with `fondaco plugin grant {id}`."),
        Need::Nothing => format!("Installed. Put it in force with `fondaco plugin enable {id}`."),
    });
    Ok(End::Well)
}

pub(super) async fn grant(args: Grant) -> Result<End> {
    let settings: BTreeMap<String, String> =
        args.settings.iter().map(|text| pair(text)).collect::<Result<_>>()?;
    let failures = args.on_failure.iter().map(|text| {
        let (hook, what) = pair(text)?;
        match what.as_str() {
            "refuse" => Ok((hook, OnFailure::Refuse)),
            "flag" => Ok((hook, OnFailure::Flag)),
            other => bail!("a hook that fails is `refuse` or `flag`, not `{other}`"),
        }
    });
    let wanted = lifecycle::Grant {
        version: args.version,
        runs_as: args.runs_as.map(RunsAs::Role),
        on_failure: failures.collect::<Result<_>>()?,
        settings,
        ..lifecycle::Grant::default()
    };
    let (kernel, ctx) = open(&args.company).await?;
    let done = lifecycle::grant(&kernel, &ctx, &args.id, wanted).await;
    kernel.leave().await;
    tell(&told(&args.id, done)?);
    Ok(End::Well)
}

fn pair(text: &str) -> Result<(String, String)> {
    let (name, value) =
        text.split_once('=').with_context(|| format!("`{text}` is no name=value"))?;
    Ok((name.trim().to_owned(), value.to_owned()))
}

pub(super) async fn set(args: Set) -> Result<End> {
    let pairs = args.settings.iter().map(|text| {
        pair(text).map(|(name, value)| (name, Some(value).filter(|value| !value.is_empty())))
    });
    let settings = pairs.collect::<Result<_>>()?;
    let (kernel, ctx) = open(&args.company).await?;
    let done = lifecycle::set(&kernel, &ctx, &args.id, settings).await;
    kernel.leave().await;
    tell(&told(&args.id, done)?);
    Ok(End::Well)
}

pub(super) async fn enable(args: Enable) -> Result<End> {
    let (kernel, ctx) = open(&args.company).await?;
    let done = lifecycle::enable(&kernel, &ctx, &args.id, args.version).await;
    kernel.leave().await;
    tell(&told(&args.id, done)?);
    Ok(End::Well)
}

pub(super) async fn shadow(args: Shadow) -> Result<End> {
    if args.report {
        return super::show::shadow_report(&args.id, &args.company).await;
    }
    let version = args.version.filter(|_| !args.off);
    let (kernel, ctx) = open(&args.company).await?;
    let done = lifecycle::shadow(&kernel, &ctx, &args.id, version).await;
    kernel.leave().await;
    tell(&told(&args.id, done)?);
    Ok(End::Well)
}

pub(super) async fn rollback(args: Named) -> Result<End> {
    let (kernel, ctx) = open(&args.company).await?;
    let done = lifecycle::rollback(&kernel, &ctx, &args.id).await;
    kernel.leave().await;
    tell(&told(&args.id, done)?);
    Ok(End::Well)
}

pub(super) async fn disable(args: Named) -> Result<End> {
    let (kernel, ctx) = open(&args.company).await?;
    let done = lifecycle::disable(&kernel, &ctx, &args.id).await;
    kernel.leave().await;
    tell(&told(&args.id, done)?);
    Ok(End::Well)
}

pub(super) async fn record(args: Record) -> Result<End> {
    let (kernel, ctx) = open(&args.company).await?;
    let done = lifecycle::record(&kernel, &ctx, &args.id, !args.off).await;
    kernel.leave().await;
    tell(&told(&args.id, done)?);
    Ok(End::Well)
}

pub(super) async fn uninstall(args: Uninstall) -> Result<End> {
    let (kernel, ctx) = open(&args.company).await?;
    let done = lifecycle::uninstall(&kernel, &ctx, &args.id, args.purge).await;
    kernel.leave().await;
    told(&args.id, done)?;
    let rest = match args.purge {
        true => "nothing of it is kept",
        false => "its settings and its data are kept",
    };
    say(&format!("{} is uninstalled; {rest}.", args.id));
    Ok(End::Well)
}

pub(super) async fn trust(args: Trust) -> Result<End> {
    let (kernel, ctx) = open(&args.company).await?;
    let done = lifecycle::trust(&kernel, &ctx, &args.publisher, &args.key).await;
    kernel.leave().await;
    told(&args.publisher, done)?;
    say(&format!("Packages of {} are taken when they are signed with it.", args.publisher));
    Ok(End::Well)
}

/// How a plugin stands now.
pub(super) fn tell(plugin: &Standing) {
    let more = [
        plugin.shadow.as_ref().map(|version| format!("{version} runs beside it")),
        plugin.previous.as_ref().map(|version| format!("before it {version}")),
        plugin.recording.then(|| "recording".to_owned()),
    ];
    let more: Vec<String> = more.into_iter().flatten().collect();
    let more = if more.is_empty() { String::new() } else { format!(" ({})", more.join(", ")) };
    say(&format!("{} {} is {}{more}", plugin.id, plugin.version, plugin.state));
    if let Some(unfit) = &plugin.unfit {
        say(&format!("  on this machine {unfit}"));
    }
}
