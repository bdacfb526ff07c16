//! `fondaco plugin new | build | check | test | dev | reference`: from nothing to a tried plugin, without a
//! company and without a server. Not here: how each language is built, what is tried (`authoring`).

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::End;
use crate::authoring::{
    Language, Place, Tried, build as make, reference as of_contract, template, trial,
};
use crate::progress::{note, say};

/// Begin a plugin: a folder with its manifest, its code, a fixture and a README.
///
/// Example: fondaco plugin new discount-guard --language python --publisher acme
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct New {
    /// The folder to make; its last part is the plugin's name.
    folder: PathBuf,
    #[arg(long, value_enum)]
    language: Language,
    /// The first part of its id.
    #[arg(long, default_value = "acme")]
    publisher: String,
}

/// Build the component, `plugin.wasm` in the plugin's folder; what is missing of the tools is added.
///
/// Rust: cargo, with the target wasm32-wasip2. JavaScript and TypeScript: node and npm, with esbuild and
/// componentize-js. Python: python3 and pip, with componentize-py. The tools of npm and pip go into a
/// folder of their own (`--tools`), once for all plugins.
///
/// Example: fondaco plugin build discount-guard
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Build {
    #[command(flatten)]
    place: Place,
}

/// Check the manifest, the fixtures and the component against each other: everything that is wrong, with its cure.
///
/// Names of models and fields are those of all modules of this program; `--company` adds a company's own.
/// Exit code 3 says that something was found.
///
/// Example: fondaco plugin check discount-guard
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Check {
    #[command(flatten)]
    place: Place,
}

/// Build the plugin and run its fixtures on the server's engine, within its limits.
///
/// Each is run as it is written, again at another hour, with ten and a hundred times its lines, and against
/// a host that refuses. Costs are counted in fuel, the same on every machine. Exit code 3 says that one failed.
///
/// Example: fondaco plugin test discount-guard --only overdue
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Test {
    #[command(flatten)]
    place: Place,
    /// Only fixtures whose file or name has this text.
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
}

/// Watch the plugin's folder: build and test again whenever something in it changes. Ctrl-C ends it.
///
/// Example: fondaco plugin dev discount-guard
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Dev {
    #[command(flatten)]
    place: Place,
}

/// Print the reference of the contract, as Markdown: every interface, function and type, from its comments.
///
/// Example: fondaco plugin reference --api 0.2 > reference.md
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Reference {
    /// The version of the contract.
    #[arg(long, default_value = "0.2")]
    api: String,
}

/// How often the folder is looked at.
const LOOK_EACH: Duration = Duration::from_millis(300);

pub(super) fn new(args: &New) -> Result<End> {
    for file in template::write(&args.folder, args.language, &args.publisher)? {
        say(&format!("  {}", file.display()));
    }
    let folder = args.folder.display();
    say(&format!("Next: fondaco plugin test {folder}"));
    Ok(End::Well)
}

pub(super) fn build(args: &Build) -> Result<End> {
    let began = Instant::now();
    let component = make::component(&args.place)?;
    say(&format!(
        "{}: {} KiB, in {}",
        component.display(),
        std::fs::metadata(&component)?.len().div_ceil(1024),
        seconds(began.elapsed())
    ));
    Ok(End::Well)
}

pub(super) fn check(args: &Check) -> Result<End> {
    let read = trial::read(&args.place)?;
    let wrong = match read {
        Ok(read) => trial::unfit(&args.place, &read)?,
        Err(faults) => faults,
    };
    Ok(told(&args.place.folder, &wrong))
}

fn told(folder: &Path, wrong: &[String]) -> End {
    wrong.iter().for_each(|one| say(one));
    if wrong.is_empty() {
        say(&format!("{}: nothing is wrong", folder.display()));
        return End::Well;
    }
    let many = if wrong.len() == 1 { "problem" } else { "problems" };
    say(&format!("{} {many}", wrong.len()));
    End::Found
}

pub(super) async fn test(args: &Test) -> Result<End> {
    let read = match trial::read(&args.place)? {
        Ok(read) => read,
        Err(faults) => return Ok(told(&args.place.folder, &faults)),
    };
    let Tried { reports, wrong, built, compiled, ran } =
        trial::run(&args.place, &read, args.only.as_deref()).await?;
    if !wrong.is_empty() {
        return Ok(told(&args.place.folder, &wrong));
    }
    reports.iter().for_each(|report| say(report.to_string().trim_end()));
    let failed = reports.iter().filter(|report| !report.passed()).count();
    let calls: usize = reports.iter().map(|report| report.disappointed).sum();
    say(&format!(
        "{}: {} of {} passed, {calls} calls against a host that refuses (built in {}, compiled in {}, ran in {})",
        read.manifest.id,
        reports.len() - failed,
        reports.len(),
        seconds(built),
        seconds(compiled),
        seconds(ran)
    ));
    if reports.is_empty() {
        say("There is no fixture in fixtures/*.toml: nothing was tried.");
        return Ok(End::Found);
    }
    Ok(if failed == 0 { End::Well } else { End::Found })
}

pub(super) async fn dev(args: &Dev) -> Result<End> {
    let mut seen = None;
    let test = Test { place: args.place.clone(), only: None };
    loop {
        let now = make::newest(&args.place.folder);
        if seen != Some(now) {
            if let Err(error) = self::test(&test).await {
                note(&format!("{error:#}"));
            }
            // What the build itself writes is no change.
            seen = Some(make::newest(&args.place.folder));
            say(&format!("Watching {} (Ctrl-C ends it)", args.place.folder.display()));
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK_EACH) => {}
            _ = tokio::signal::ctrl_c() => return Ok(End::Well),
        }
    }
}

pub(super) fn reference(args: &Reference) -> Result<End> {
    say(of_contract::markdown(&args.api)?.trim_end());
    Ok(End::Well)
}

fn seconds(time: Duration) -> String {
    format!("{}.{} s", time.as_secs(), time.subsec_millis() / 100)
}
