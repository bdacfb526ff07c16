//! `fondaco plugin`: everything about plugins, a file a group of verbs.

mod author;

use anyhow::Result;

use crate::End;

/// Plugins: packages of code by partners, run within limits and with the rights that were granted.
///
/// Examples:
///   fondaco plugin new discount-guard --language rust
///   fondaco plugin build discount-guard
///   fondaco plugin test discount-guard
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
}

pub async fn run(args: Plugin) -> Result<End> {
    match args.what {
        What::New(args) => author::new(&args),
        What::Build(args) => author::build(&args),
        What::Check(args) => author::check(&args),
        What::Test(args) => author::test(&args).await,
        What::Dev(args) => author::dev(&args).await,
        What::Reference(args) => author::reference(&args),
    }
}
