//! `fondaco plan`: what would change if the company folder were applied.

use anyhow::Result;
use fondaco_kernel::plan::{self, Desired, Plan as Change};
use fondaco_kernel::plugins::lifecycle::wished::Unlike;
use fondaco_kernel::{Adopt, Database, Kernel};

use super::CompanyFolder;
use crate::config::Company;
use crate::progress::say;
use crate::{End, wishes};

/// Where plugins stand in a plan as JSON.
pub const PLUGINS: &str = "plugins";

/// Show what would change if the company folder were applied: models, columns, roles and what users
/// gain or lose, workflows, records, plugins. Changes nothing.
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
    let wishes = company.wishes()?;
    let (kernel, desired) = open(&company, company.is_there()).await?;
    let change = plan::make(&kernel, &desired).await?;
    let unlike = wishes::compare(&kernel, &desired, &wishes).await?;
    kernel.leave().await;
    if args.json {
        let mut told = serde_json::to_value(&change)?;
        told[PLUGINS] = serde_json::to_value(&unlike)?;
        say(&serde_json::to_string_pretty(&told)?);
    } else {
        tell(&change, &unlike);
    }
    let same = change.is_empty() && unlike.is_empty();
    Ok(if same { End::Well } else { End::Found })
}

/// What would change, in words.
pub fn tell(change: &Change, unlike: &Unlike) {
    if !change.is_empty() || unlike.is_empty() {
        say(change.to_string().trim_end());
    }
    if !unlike.is_empty() {
        say(unlike.to_string().trim_end());
    }
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
