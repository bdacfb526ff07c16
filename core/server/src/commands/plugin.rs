//! `fondaco plugin`: everything about plugins, a file a group of verbs.

mod author;
mod change;
mod package;
mod show;

use anyhow::{Result, bail};
use fondaco_kernel::{Ctx, Error, Kernel};
use fondaco_values::Problem;

use super::{CompanyFolder, user};
use crate::End;
use crate::progress::note;

/// Plugins: packages of code by partners, run within limits and with the rights that were granted.
///
/// Examples:
///   fondaco plugin new credit-guard --language rust
///   fondaco plugin test credit-guard
///   fondaco plugin keygen acme.key
///   fondaco plugin pack credit-guard --key acme.key
///   fondaco plugin install acme.credit-guard-1.4.0.plugin --company acme
///   fondaco plugin grant acme.credit-guard --company acme
///   fondaco plugin enable acme.credit-guard --company acme
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Plugin {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    // For authors.
    New(author::New),
    Build(author::Build),
    Check(author::Check),
    Test(author::Test),
    Dev(author::Dev),
    Reference(author::Reference),
    // Packages.
    Keygen(package::Keygen),
    Pack(package::Pack),
    Sign(package::Sign),
    Verify(package::Verify),
    // What is in force; running servers take it up within a second.
    Install(change::Install),
    Grant(change::Grant),
    Set(change::Set),
    Enable(change::Enable),
    Shadow(change::Shadow),
    /// Go back to the version that was in force before, at once, with what was granted to it then.
    ///
    /// Example: fondaco plugin rollback acme.credit-guard --company acme
    #[command(verbatim_doc_comment)]
    Rollback(change::Named),
    /// Take a plugin out of force, and out of sight what it added: what it was asked about goes on without
    /// it. Nothing of it is lost.
    ///
    /// Example: fondaco plugin disable acme.credit-guard --company acme
    #[command(verbatim_doc_comment)]
    Disable(change::Named),
    Uninstall(change::Uninstall),
    Trust(change::Trust),
    // What there is.
    List(show::List),
    Plan(show::Plan),
    Record(change::Record),
    Logs(show::Logs),
    Replay(show::Replay),
}

pub async fn run(args: Plugin) -> Result<End> {
    match args.what {
        What::New(args) => author::new(&args),
        What::Build(args) => author::build(&args),
        What::Check(args) => author::check(&args),
        What::Test(args) => author::test(&args).await,
        What::Dev(args) => author::dev(&args).await,
        What::Reference(args) => author::reference(&args),
        What::Keygen(args) => package::keygen(&args),
        What::Pack(args) => package::pack(&args),
        What::Sign(args) => package::sign(&args),
        What::Verify(args) => package::verify(&args),
        What::Install(args) => change::install(args).await,
        What::Grant(args) => change::grant(args).await,
        What::Set(args) => change::set(args).await,
        What::Enable(args) => change::enable(args).await,
        What::Shadow(args) => change::shadow(args).await,
        What::Rollback(args) => change::rollback(args).await,
        What::Disable(args) => change::disable(args).await,
        What::Uninstall(args) => change::uninstall(args).await,
        What::Trust(args) => change::trust(args).await,
        What::List(args) => show::list(args).await,
        What::Plan(args) => show::plan(args).await,
        What::Record(args) => change::record(args).await,
        What::Logs(args) => show::logs(args).await,
        What::Replay(args) => show::replay(args).await,
    }
}

/// A company folder's kernel, and the console as the administrator. Whoever is done lets the kernel leave.
async fn open(folder: &CompanyFolder) -> Result<(Kernel, Ctx)> {
    user::open(folder).await
}

/// What came of a call, or its problems one by one.
fn told<T>(what: &str, done: fondaco_kernel::Result<T>) -> Result<T> {
    match done {
        Err(Error::Invalid(problems)) => refused(what, &problems),
        done => Ok(done?),
    }
}

/// Tells every problem by itself, then ends the command.
fn refused<T>(what: &str, problems: &[Problem]) -> Result<T> {
    for problem in problems {
        note(&format!("  {}: {}", problem.field, problem.message));
    }
    let many = if problems.len() == 1 { "problem" } else { "problems" };
    bail!("{what} is refused: {} {many}", problems.len())
}
