//! `fondaco ledger`: does the chain hold, what is the trial balance.

use anyhow::Result;
use fondaco_kernel::{Kernel, ledger};

use super::CompanyFolder;
use crate::config::Company;
use crate::desk::Desk;
use crate::progress::say;
use crate::{End, progress};

/// Look into the ledger from the console.
///
/// Examples:
///   fondaco ledger verify --company acme
///   fondaco ledger trial-balance --company acme
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Ledger {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Walk the hash chain and say whether anything was changed behind the program's back. Exit
    /// code 3 when it was.
    ///
    /// Example: fondaco ledger verify --company acme
    #[command(verbatim_doc_comment)]
    Verify(CompanyFolder),
    /// Print the trial balance of every company as of today.
    ///
    /// Example: fondaco ledger trial-balance --company acme
    #[command(verbatim_doc_comment)]
    TrialBalance(CompanyFolder),
}

pub async fn run(args: Ledger) -> Result<End> {
    match args.what {
        What::Verify(folder) => verify(&folder).await,
        What::TrialBalance(folder) => trial_balance(&folder).await,
    }
}

