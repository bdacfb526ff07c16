//! `fondaco check`: everything that is wrong in a company folder, without touching a database.

use anyhow::Result;
use fondaco_kernel::Kernel;

use super::CompanyFolder;
use crate::End;
use crate::config::Company;
use crate::progress::say;

/// Check the TOML of a company folder: every fault with file, line and a suggestion.
///
/// Example:
///   fondaco check --company acme
///
/// Exit code 3 says that something was found.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Check {
    #[command(flatten)]
    company: CompanyFolder,
}

pub fn run(args: Check) -> Result<End> {
    let company = Company::read(&args.company.folder)?;
    company.wishes()?;
    match Kernel::check(&company.setup()?) {
        Ok(schema) => {
            let own = schema.models.values().filter(|m| m.module == "company").count();
            say(&format!(
                "{}: no faults; {} modules, {} models ({own} of its own), {} roles",
                company.folder.display(),
                schema.modules.len(),
                schema.models.len(),
                schema.roles.len()
            ));
            Ok(End::Well)
        }
        Err(fondaco_kernel::Error::Schema(faults)) => {
            for fault in &faults {
                say(&fault.to_string());
            }
            say(&format!("{} fault(s)", faults.len()));
            Ok(End::Found)
        }
        Err(error) => Err(error.into()),
    }
}
