//! `fondaco init`: lays out a company folder. Nothing that exists is overwritten.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::progress::say;
use crate::{End, modules};

/// Make a company folder: configuration, a company, and places for own models and roles.
///
/// Example:
///   fondaco init acme --name "Acme Ltd" --currency GBP --country GB --modules crm,sales
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Init {
    /// The folder to make.
    folder: PathBuf,
    /// Name of the company.
    #[arg(long, default_value = "My company")]
    name: String,
    /// Functional currency, ISO 4217.
    #[arg(long, default_value = "EUR")]
    currency: String,
    /// Country, ISO 3166 of two letters.
    #[arg(long, default_value = "DE")]
    country: String,
    /// Modules to switch on, separated by commas.
    #[arg(long, value_delimiter = ',', default_value = "crm,sales,inventory,accounting")]
    modules: Vec<String>,
}

pub fn run(args: Init) -> Result<End> {
    modules::named(&args.modules)?;
    if fondaco_kernel::values::currency_exponent(&args.currency).is_none() {
        bail!("{:?} is no currency of ISO 4217; write one such as EUR", args.currency);
    }
    if args.country.len() != 2 || !args.country.bytes().all(|b| b.is_ascii_uppercase()) {
        bail!("{:?} is no country of ISO 3166; write two letters such as DE", args.country);
    }
    for place in ["models", "roles", "data"] {
        let dir = args.folder.join(place);
        std::fs::create_dir_all(&dir).with_context(|| format!("making {}", dir.display()))?;
    }
    write_new(&args.folder.join("fondaco.toml"), &configuration(&args))?;
    write_new(&args.folder.join("data/company.toml"), &company(&args))?;
    say(&format!("{} is ready. Next:", args.folder.display()));
    say(&format!("  fondaco check --company {}", args.folder.display()));
    say(&format!("  fondaco serve --company {}", args.folder.display()));
    Ok(End::Well)
}

fn configuration(args: &Init) -> String {
    let enabled: Vec<String> = args.modules.iter().map(|m| format!("{m:?}")).collect();
    format!(
        "# {}\n\n[server]\nlisten = \"127.0.0.1:8069\"\n\n[database]\nfile = \"fondaco.db\"\n\n\
         [modules]\nenabled = [{}]\n",
        args.name.replace('\n', " "),
        enabled.join(", ")
    )
}

fn company(args: &Init) -> String {
    let name = toml::Value::String(args.name.clone());
    format!(
        "[[company]]\nkey = \"main\"\nname = {name}\ncurrency = \"{}\"\ncountry = \"{}\"\n",
        args.currency, args.country
    )
}

fn write_new(path: &Path, text: &str) -> Result<()> {
    if path.exists() {
        bail!("{} is there already; nothing was changed", path.display());
    }
    std::fs::write(path, text).with_context(|| format!("writing {}", path.display()))
}
