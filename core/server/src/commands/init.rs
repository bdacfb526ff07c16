//! `fondaco init`: lays out a company folder, plain or for a kind of company (`profile`). Nothing that
//! exists is overwritten.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::profile::Profile;
use crate::progress::say;
use crate::{End, modules};

/// Make a company folder: configuration, a company, and places for own models and roles.
///
/// Examples:
///   fondaco init acme --name "Acme Ltd" --currency GBP --country GB --modules crm,sales
///   fondaco init acme --name "Acme Ltd" --profile manufacturing
///
/// A profile begins with the modules that such companies begin with, brings roles, accounts and
/// settings that suit them, and a ROLLOUT.md with the next steps.
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
    /// Modules to switch on, separated by commas. Without a profile: crm,sales,inventory,accounting.
    #[arg(long, value_delimiter = ',')]
    modules: Option<Vec<String>>,
    /// The kind of company.
    #[arg(long, value_enum)]
    profile: Option<Profile>,
}

pub fn run(args: Init) -> Result<End> {
    let modules = beginning(&args);
    modules::named(&modules)?;
    if fondaco_kernel::values::currency_exponent(&args.currency).is_none() {
        bail!("{:?} is no currency of ISO 4217; write one such as EUR", args.currency);
    }
    if args.country.len() != 2 || !args.country.bytes().all(|b| b.is_ascii_uppercase()) {
        bail!("{:?} is no country of ISO 3166; write two letters such as DE", args.country);
    }
    let files = files(&args, &modules);
    for (path, _) in &files {
        let path = args.folder.join(path);
        if path.exists() {
            bail!("{} is there already; nothing was changed", path.display());
        }
    }
    for place in ["models", "roles", "workflows", "data"] {
        let dir = args.folder.join(place);
        std::fs::create_dir_all(&dir).with_context(|| format!("making {}", dir.display()))?;
    }
    for (path, text) in &files {
        let path = args.folder.join(path);
        std::fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
    }
    say(&format!("{} is ready. Next:", args.folder.display()));
    say(&format!("  fondaco check --company {}", args.folder.display()));
    say(&format!("  fondaco serve --company {}", args.folder.display()));
    if args.profile.is_some() {
        say(&format!("  {} says what comes then", args.folder.join("ROLLOUT.md").display()));
    }
    Ok(End::Well)
}

/// The modules to begin with.
fn beginning(args: &Init) -> Vec<String> {
    let of = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    match (&args.modules, args.profile) {
        (Some(modules), _) => modules.clone(),
        (None, Some(profile)) => of(profile.steps()[0].modules),
        (None, None) => of(&["crm", "sales", "inventory", "accounting"]),
    }
}

/// Every file of the folder: `(path, text)`.
fn files(args: &Init, modules: &[String]) -> Vec<(String, String)> {
    let mut files = vec![
        ("fondaco.toml".to_owned(), configuration(args, modules)),
        ("data/company.toml".to_owned(), company(args)),
    ];
    let Some(profile) = args.profile else { return files };
    for (name, label, includes) in profile.roles() {
        files.push((format!("roles/{name}.toml"), role(name, label, includes)));
    }
    files.push(("data/accounts.toml".to_owned(), accounts(profile)));
    files.push(("ROLLOUT.md".to_owned(), rollout(args, profile)));
    files
}

fn configuration(args: &Init, modules: &[String]) -> String {
    let enabled: Vec<String> = modules.iter().map(|m| format!("{m:?}")).collect();
    format!(
        "# {}\n\n[server]\nlisten = \"127.0.0.1:8069\"\n\n[database]\nfile = \"fondaco.db\"\n\n\
         # Switched by `fondaco module enable` and `disable`.\n[modules]\nenabled = [{}]\n",
        args.name.replace('\n', " "),
        enabled.join(", ")
    )
}

fn company(args: &Init) -> String {
    let name = toml::Value::String(args.name.clone());
    let main = format!(
        "[[company]]\nkey = \"main\"\nname = {name}\ncurrency = \"{}\"\ncountry = \"{}\"\n",
        args.currency, args.country
    );
    let Some(profile) = args.profile else { return main };
    let settings = profile.settings();
    let main = format!("{main}calendar = \"standard\"\n{settings}");
    if profile != Profile::Enterprise {
        return main;
    }
    let other = if args.currency == "USD" { "EUR" } else { "USD" };
    let second = toml::Value::String(format!("{} International", args.name));
    format!(
        "{main}\n# The second company of the group, with books in a currency of its own.\n[[company]]\n\
         key = \"second\"\nname = {second}\ncurrency = \"{other}\"\nparent = \"main\"\n\
         calendar = \"standard\"\n{settings}"
    )
}

fn role(name: &str, label: &str, includes: &[&str]) -> String {
    let includes: Vec<String> = includes.iter().map(|role| format!("{role:?}")).collect();
    format!(
        "# What is of a module that is off comes with its module.\nrole = {name:?}\nlabel = {label:?}\n\
         includes = [{}]\n",
        includes.join(", ")
    )
}

fn accounts(profile: Profile) -> String {
    let head = "# Accounts beside the generic chart, which comes with accounting.\n";
    let account = |[key, code, name, kind]: &[&str; 4]| {
        format!(
            "\n[[account]]\nkey = {key:?}\nbook = \"general\"\ncode = {code:?}\nname = {name:?}\nkind = {kind:?}\n"
        )
    };
    head.to_owned() + &profile.accounts().iter().map(account).collect::<String>()
}

/// The way of the company, with the commands for it.
fn rollout(args: &Init, profile: Profile) -> String {
    let folder = args.folder.display();
    let mut text = format!(
        "# {}: rolling out ({})\n\nEach step works on the data that is there; nothing is lost by \
         waiting, and every step can be taken back with `fondaco module disable`.\n",
        args.name.replace('\n', " "),
        profile.name()
    );
    for (at, step) in profile.steps().iter().enumerate() {
        let modules = step.modules.join(" ");
        let command = match at {
            0 => format!("fondaco serve --company {folder}"),
            _ => format!("fondaco module enable {modules} --company {folder}"),
        };
        let when = if at == 0 { " (on already)" } else { "" };
        text += &format!(
            "\n## {}. {}{when}\n\n{}\n\n    {command}\n\n{}\n",
            at + 1,
            step.modules.join(", "),
            step.brings,
            step.see_to
        );
    }
    text + &format!(
        "\n## Before a step\n\n    fondaco module status --company {folder}\n    fondaco rehearse \
         --company {folder}\n\nA rehearsal carries the change out on a copy and compares the figures.\n\n\
         ## Pilots\n\nA module, or a file of this folder, can be there for some first. In \
         fondaco.toml, with the module switched on:\n\n    [pilot.cpq]\n    companies = [\"main\"]\n    \
         roles = [\"manager\"]\n    users = [\"anna@example.com\"]\n\nWhoever is named in one of the \
         lists has it; for all others it is as if it were off. Take the lines out, and it is there \
         for all.\n"
    )
}
