//! `fondaco plugin`: everything about plugins, a file a group of verbs.

mod package;

use anyhow::{Result, bail};
use fondaco_values::Problem;

use crate::End;
use crate::progress::note;

/// Plugins: packages of code by partners, run within limits and with the rights that were granted.
///
/// Examples:
///   fondaco plugin keygen acme.key
///   fondaco plugin pack credit-guard --key acme.key
///   fondaco plugin verify acme.credit-guard-1.4.0.plugin
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Plugin {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    // Packages.
    Keygen(package::Keygen),
    Pack(package::Pack),
    Sign(package::Sign),
    Verify(package::Verify),
}

pub async fn run(args: Plugin) -> Result<End> {
    match args.what {
        What::Keygen(args) => package::keygen(&args),
        What::Pack(args) => package::pack(&args),
        What::Sign(args) => package::sign(&args),
        What::Verify(args) => package::verify(&args),
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
