//! `fondaco module`: modules are switched on and off in the company folder, and the folder is carried
//! out on the database, with running servers or without.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use fondaco_kernel::plan::{self as change, Consent};
use fondaco_kernel::rollout::{self, Status};
use toml_edit::{Array, DocumentMut, Item, Table, value};

use super::{CompanyFolder, apply, plan};
use crate::config::{self, Company};
use crate::progress::say;
use crate::{End, modules};

/// See and switch the modules of a company.
///
/// Examples:
///   fondaco module list --company acme
///   fondaco module enable sales inventory --company acme
///   fondaco module disable hr --company acme
///
/// Enabling makes tables, records to start with, roles and menus, and has the module take up what is
/// there. Disabling hides screens, API and hooks, and keeps all data. fondaco.toml keeps its
/// comments.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Module {
    #[command(subcommand)]
    deed: Deed,
}

#[derive(Debug, clap::Subcommand)]
enum Deed {
    /// All modules of this program: which are on, and what each is for.
    List(Which),
    /// What is half-way in each module, and what waits for those that are off.
    Status(Which),
    /// Switch modules on.
    Enable(Switch),
    /// Switch modules off; their data stays.
    Disable(Switch),
}

#[derive(Debug, clap::Args)]
struct Which {
    #[command(flatten)]
    company: CompanyFolder,
}

#[derive(Debug, clap::Args)]
struct Switch {
    /// Names, as `fondaco module list` shows them.
    #[arg(required = true)]
    names: Vec<String>,
    #[command(flatten)]
    company: CompanyFolder,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
}

pub async fn run(args: Module) -> Result<End> {
    match args.deed {
        Deed::List(which) => list(&Company::read(&which.company.folder)?),
        Deed::Status(which) => status(&Company::read(&which.company.folder)?).await,
        Deed::Enable(switch) => turn(switch, true).await,
        Deed::Disable(switch) => turn(switch, false).await,
    }
}

fn list(company: &Company) -> Result<End> {
    let enabled = &company.config.modules.enabled;
    let setup = fondaco_kernel::Setup::new(fondaco_kernel::Database::Memory, modules::all());
    let schema = fondaco_kernel::Kernel::check(&setup)?;
    for module in schema.modules.values() {
        let is_on = enabled.contains(&module.name);
        let pilots = company.pilots.iter().filter(|(name, pilot)| {
            pilot.modules.contains(&module.name)
                || (pilot.modules.is_empty() && pilot.files.is_empty() && **name == module.name)
        });
        let is_piloted = pilots.count() > 0;
        let state = match (is_on, is_piloted) {
            (false, _) => "off",
            (true, true) => "pilot",
            (true, false) => "on",
        };
        let (name, version) = (&module.name, module.version.to_string());
        say(&format!("{state:<6}{name:<15}{version:<8}{}: {}", module.title, module.help));
    }
    Ok(End::Well)
}

async fn status(company: &Company) -> Result<End> {
    let (kernel, _) = plan::open(company, company.is_there()).await?;
    for status in rollout::status(&kernel).await? {
        say(&told(&status));
        half_way(&status);
    }
    Ok(End::Well)
}

fn told(status: &Status) -> String {
    let state = if status.is_on { "on" } else { "off" };
    match status.missed {
        0 => format!("{} is {state}", status.module),
        n => format!("{} is {state}; {n} events wait for its return", status.module),
    }
}

fn half_way(status: &Status) {
    for one in &status.half_way {
        say(&format!("  {} {} in state {}", one.count, one.label, one.state));
    }
}

async fn turn(args: Switch, on: bool) -> Result<End> {
    modules::named(&args.names)?;
    if config::stands_in_environment("FONDACO_MODULES__ENABLED") {
        bail!("FONDACO_MODULES__ENABLED stands above fondaco.toml: change it there");
    }
    let file = args.company.folder.join("fondaco.toml");
    let company = Company::read(&args.company.folder)?;
    let before = std::fs::read_to_string(&file).with_context(|| format!("{}", file.display()))?;
    let after = switched(&before, &args.names, on)
        .with_context(|| format!("{} cannot be changed", file.display()))?;
    if before == after {
        say("Nothing to change in fondaco.toml.");
    }
    if !on {
        let (kernel, _) = plan::open(&company, company.is_there()).await?;
        for status in rollout::status(&kernel).await? {
            if args.names.contains(&status.module) && !status.half_way.is_empty() {
                say(&format!("Half-way in {}; it goes on when it is on again:", status.module));
                half_way(&status);
            }
        }
    }
    write(&file, &after)?;
    match carry_out(&args).await {
        Ok(End::Well) => Ok(End::Well),
        other => {
            write(&file, &before)?;
            say("fondaco.toml is as it was.");
            other
        }
    }
}

fn write(file: &PathBuf, text: &str) -> Result<()> {
    std::fs::write(file, text).with_context(|| format!("writing {}", file.display()))
}

async fn carry_out(args: &Switch) -> Result<End> {
    let company = Company::read(&args.company.folder)?;
    let (kernel, desired) = plan::open(&company, true).await?;
    let change = change::make(&kernel, &desired).await?;
    say(change.to_string().trim_end());
    if change.is_empty() {
        return Ok(End::Well);
    }
    if !args.yes && !apply::agreed()? {
        say("Nothing was changed. `--yes` applies without asking.");
        return Ok(End::Found);
    }
    apply::carry_out(&kernel, &desired, &change, Consent::default()).await
}

/// The text of fondaco.toml with these modules on or off; all else stays as it is written.
pub(crate) fn switched(text: &str, names: &[String], on: bool) -> Result<String> {
    let mut document: DocumentMut = text.parse()?;
    if !document.contains_key("modules") {
        // At the end, below what is said there.
        document = format!("{text}\n[modules]\nenabled = []\n").parse()?;
    }
    let modules = document.entry("modules").or_insert(Item::Table(Table::new()));
    let modules = modules.as_table_like_mut().context("`modules` is no table")?;
    let enabled = modules.entry("enabled").or_insert(value(Array::new()));
    let enabled = enabled.as_array_mut().context("`modules.enabled` is no list")?;
    for name in names {
        let at = enabled.iter().position(|item| item.as_str() == Some(name));
        match (at, on) {
            (None, true) => enabled.push(name.as_str()),
            (Some(at), false) => drop(enabled.remove(at)),
            _ => {}
        }
    }
    Ok(document.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_list_changes() {
        let names = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
        for (text, name, on, wanted) in [
            (
                "# ours\n[modules] # which\nenabled = [\"crm\"] # since May\n\n[server]\n",
                "sales",
                true,
                "# ours\n[modules] # which\nenabled = [\"crm\", \"sales\"] # since May\n\n[server]\n",
            ),
            ("[modules]\nenabled = [\"crm\"]\n", "crm", true, "[modules]\nenabled = [\"crm\"]\n"),
            (
                "[modules]\nenabled = [\"crm\", \"hr\"]\n",
                "crm",
                false,
                "[modules]\nenabled = [ \"hr\"]\n",
            ),
            ("# nothing\n", "crm", true, "# nothing\n\n[modules]\nenabled = [\"crm\"]\n"),
        ] {
            let found = switched(text, &names(&[name]), on).unwrap();
            let tight = |text: &str| text.replace("[ ", "[").trim_start().to_owned();
            assert_eq!(tight(&found), tight(wanted));
        }
    }
}
