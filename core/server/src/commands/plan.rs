//! `fondaco plan`: what would change if the company folder were applied.

use anyhow::Result;
use fondaco_kernel::plan::{self, Desired, Plan as Change};
use fondaco_kernel::{Adopt, Database, Kernel};

use super::CompanyFolder;
use crate::End;
use crate::config::Company;
use crate::progress::say;

/// Show what would change if the company folder were applied: models, columns, roles and what users
/// gain or lose, workflows, records. Changes nothing.
///
/// Examples:
///   fondaco plan --company acme
///   fondaco plan --company acme --json > plan.json
///
/// Exit code 3 says that the folder and the database differ.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Plan {
    #[command(flatten)]
    company: CompanyFolder,
    /// As JSON, for programs and for `fondaco apply --plan`.
    #[arg(long)]
    json: bool,
}

pub async fn run(args: Plan) -> Result<End> {
    let company = Company::read(&args.company.folder)?;
    let (kernel, desired) = open(&company, company.is_there()).await?;
    let change = plan::make(&kernel, &desired).await?;
    kernel.leave().await;
    if args.json {
        say(&serde_json::to_string_pretty(&change)?);
    } else {
        say(change.to_string().trim_end());
    }
    Ok(end_of(&change))
}

fn end_of(change: &Change) -> End {
    if change.is_empty() { End::Well } else { End::Found }
}

/// The database of a company as it is, and what the folder wants of it. One that is not there is
/// not made for a look.
pub async fn open(company: &Company, there: bool) -> Result<(Kernel, Desired)> {
    let mut setup = company.setup()?;
    setup.adopt = Adopt::Later;
    if !there {
        setup.database = Database::Memory;
    }
    let desired = setup.desired();
    Ok((Kernel::open(setup).await?, desired))
}
