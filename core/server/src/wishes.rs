//! What `fondaco.toml` says of plugins: `[plugins."publisher.name"]` with the package in the folder, its digest,
//! what is accepted of it and its settings. Read strictly; the file itself is read when somebody wants it.
//! Not here: where that differs from what is installed, and what is done about it
//! (`kernel::plugins::lifecycle::wished`).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Result, bail};
use fondaco_kernel::plan::Desired;
use fondaco_kernel::plugins::digest;
use fondaco_kernel::plugins::lifecycle::Grant;
use fondaco_kernel::plugins::lifecycle::wished::{self, Unlike, Wish};
use fondaco_kernel::schema::plugin::{Capabilities, Limits, OnFailure, RunsAs};
use fondaco_kernel::{Kernel, identity};
use serde::Deserialize;
use toml::de::{DeTable, DeValue};
use toml::{Spanned, Table, Value};

use crate::commands::user;
use crate::config::{AtStart, Company};
use crate::settings::place_of;

pub const SECTION: &str = "plugins";
/// What is said of a plugin.
pub const KEYS: [(&str, &str); 6] = [
    ("file", "The package, by its path in the folder."),
    ("version", "Its version."),
    (
        "digest",
        "SHA-256 of the file, as `fondaco plugin verify` prints it: this file and no other.",
    ),
    (
        "grant",
        "true accepts all that it asks for; a table with runs_as, on_failure, capabilities, limits \
         says more. Left out, that is for others to do.",
    ),
    ("settings", "A table of its settings. What is not named stays as it is."),
    ("enabled", "Whether it is in force; left out, it is once it is granted here."),
];

/// A plugin by its id, as the file has it.
#[derive(Clone, Debug)]
pub struct Named {
    id: String,
    /// `fondaco.toml:3:1`
    at: String,
    own: Own,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Own {
    file: PathBuf,
    version: String,
    digest: Option<String>,
    grant: Option<Accepted>,
    #[serde(default)]
    settings: BTreeMap<String, Value>,
    enabled: Option<bool>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Accepted {
    All(bool),
    Said(Box<Said>),
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Said {
    /// The name of a role; else it has the rights of whoever it works for.
    runs_as: Option<String>,
    on_failure: BTreeMap<String, OnFailure>,
    capabilities: Option<Capabilities>,
    limits: Option<Limits>,
}

/// The plugins of a file, by their ids. One that cannot be read has none: `settings::resolve` says why.
///
/// # Errors
/// Every mistake at once, each with its place.
pub fn named(path: &Path, text: &str) -> Result<Vec<Named>, Vec<String>> {
    let (mut found, mut wrong, place) = (Vec::new(), Vec::new(), place_of(path, text));
    let (Ok(document), Ok(values)) = (DeTable::parse(text), text.parse::<Table>()) else {
        return Ok(found);
    };
    let own = document.get_ref().get(SECTION).map(Spanned::get_ref);
    let (Some(DeValue::Table(places)), Some(Value::Table(all))) = (own, values.get(SECTION)) else {
        return Ok(found);
    };
    for (key, of) in places {
        let (at, key) = (place(key.span().start), key.get_ref().as_ref());
        let value = all.get(key).cloned();
        // `[plugins.acme.credit-guard]` is the same as `[plugins."acme.credit-guard"]`.
        let each: Vec<(String, String, Option<Value>)> = match (of.get_ref(), &value) {
            (DeValue::Table(below), Some(Value::Table(values))) if !key.contains('.') => below
                .iter()
                .map(|(name, _)| {
                    let (at, name) = (place(name.span().start), name.get_ref().as_ref());
                    (format!("{key}.{name}"), at, values.get(name).cloned())
                })
                .collect(),
            _ => vec![(key.to_owned(), at, value)],
        };
        for (id, at, value) in each {
            match read(&id, value) {
                Ok(own) => found.push(Named { id, at, own }),
                Err(message) => wrong.push(format!("{at}: {message}")),
            }
        }
    }
    found.sort_by(|one: &Named, other| one.id.cmp(&other.id));
    if wrong.is_empty() { Ok(found) } else { Err(wrong) }
}

fn read(id: &str, value: Option<Value>) -> Result<Own, String> {
    let keys: Vec<&str> = KEYS.iter().map(|(key, _)| *key).collect();
    let Some(value @ Value::Table(_)) = value else {
        return Err(format!(
            "write [{SECTION}.\"publisher.name\"], and below it {}",
            keys.join(", ")
        ));
    };
    let own: Own = value
        .try_into()
        .map_err(|error: toml::de::Error| format!("the plugin {id}: {}", error.message()))?;
    if let Some((name, _)) = own.settings.iter().find(|(_, value)| text_of(value).is_none()) {
        return Err(format!(
            "the plugin {id}: write the setting {name} as a text, such as {name} = \"50.00\""
        ));
    }
    Ok(own)
}

/// A number with a point is none that a machine holds exactly: it is written as a text.
fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Boolean(flag) => Some(flag.to_string()),
        _ => None,
    }
}

impl Named {
    /// With the file that it names.
    fn wish(&self, folder: &Path) -> Result<Wish, String> {
        let Named { id, at, own } = self;
        let path = folder.join(&own.file);
        let package = std::fs::read(&path)
            .map_err(|error| format!("{at}: {} cannot be read: {error}", path.display()))?;
        let is = digest(&package);
        match own.digest.as_deref().map(str::trim) {
            Some(said) if said.eq_ignore_ascii_case(&is) => {}
            Some(_) => {
                return Err(format!(
                    "{at}: {} is not the file that `digest` says: fetch that one, or, where you mean \
                     this one, write digest = \"{is}\"",
                    path.display()
                ));
            }
            None => return Err(format!("{at}: the plugin {id}: write digest = \"{is}\"")),
        }
        let grant = self.grant();
        let settings = own.settings.iter();
        Ok(Wish {
            id: id.clone(),
            package: Arc::new(package),
            version: own.version.clone(),
            enabled: own.enabled.or_else(|| grant.is_some().then_some(true)),
            grant,
            settings: settings.filter_map(|(n, v)| Some((n.clone(), text_of(v)?))).collect(),
        })
    }

    fn grant(&self) -> Option<Grant> {
        match self.own.grant.clone()? {
            Accepted::All(all) => all.then(Grant::default),
            Accepted::Said(said) => Some(Grant {
                capabilities: said.capabilities,
                limits: said.limits,
                runs_as: said.runs_as.map(RunsAs::Role),
                on_failure: said.on_failure.into_iter().collect(),
                ..Grant::default()
            }),
        }
    }
}

impl Company {
    /// What the folder says of plugins, with their packages.
    ///
    /// # Errors
    /// Names each file that is not there, or is not the one that the folder means.
    pub fn wishes(&self) -> Result<Vec<Wish>> {
        let (mut wishes, mut wrong) = (Vec::new(), Vec::new());
        for named in &self.plugins_named {
            match named.wish(&self.folder) {
                Ok(wish) => wishes.push(wish),
                Err(message) => wrong.push(message),
            }
        }
        if wrong.is_empty() { Ok(wishes) } else { bail!("{}", wrong.join("\n")) }
    }
}

/// Where the plugins of the folder and those that are here differ. The database may have no company yet.
///
/// # Errors
/// When the database does not answer.
pub async fn compare(kernel: &Kernel, desired: &Desired, wishes: &[Wish]) -> Result<Unlike> {
    let nowhere = identity::service(kernel, identity::CONSOLE, fondaco_values::Id::default())?;
    Ok(wished::compare(kernel, &nowhere, desired, wishes).await?)
}

/// At the start of a server: what was never here is put in force as the folder says. What somebody has decided
/// since stays as it is, for he may have had reasons in the night; the log says where to look.
///
/// # Errors
/// When the database does not answer, or what is new cannot be put in force.
pub async fn at_start(kernel: &Kernel, company: &Company) -> Result<()> {
    let wishes = match company.wishes() {
        Ok(wishes) => wishes,
        Err(error) => {
            let error = format!("{error:#}");
            tracing::error!(error, "the plugins of the folder cannot be read");
            return Ok(());
        }
    };
    if wishes.is_empty() {
        return Ok(());
    }
    let desired = company.setup()?.desired();
    let unlike = compare(kernel, &desired, &wishes).await?;
    let new = unlike.clone().only_new();
    if company.config.server.apply == AtStart::Safe
        && unlike.problems.is_empty()
        && !new.deeds.is_empty()
    {
        let ctx = user::console(kernel).await?;
        wished::carry_out(kernel, &ctx, (&desired, wishes.as_slice()), &new).await?;
        for deed in &new.deeds {
            tracing::info!(plugin = deed.plugin, what = deed.what, "as the folder says");
        }
    }
    let rest = compare(kernel, &desired, &wishes).await?;
    if !rest.is_empty() {
        let what = rest.to_string();
        tracing::warn!(
            what,
            "the folder says otherwise of plugins: `fondaco apply` carries it out"
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plugins_are_read_strictly_and_every_mistake_is_told() {
        let path = Path::new("fondaco.toml");
        let text = "[plugins.\"acme.guard\"]\nfile = \"plugins/guard.plugin\"\nversion = \"1.4.0\"\n\
                    digest = \"ab\"\n[plugins.\"acme.guard\".grant]\nruns_as = \"robot\"\n\
                    on_failure = { check = \"flag\" }\n[plugins.\"acme.guard\".settings]\n\
                    tolerance = \"50.00\"\nstrict = true\ndays = 3\n\
                    [plugins.acme.other]\nfile = \"o\"\nversion = \"1.0.0\"\ngrant = true\n";
        let found = named(path, text).unwrap();
        let ids: Vec<&str> = found.iter().map(|one| one.id.as_str()).collect();
        assert_eq!(ids, ["acme.guard", "acme.other"]);
        let grant = found[0].grant().unwrap();
        assert_eq!(grant.runs_as, Some(RunsAs::Role("robot".to_owned())));
        assert_eq!(grant.on_failure.get("check"), Some(&OnFailure::Flag));
        assert!(found[1].grant().unwrap().capabilities.is_none());

        let text = "[plugins]\nx = 1\n[plugins.\"acme.guard\"]\nfil = \"a\"\n\
                    [plugins.\"acme.other\"]\nfile = \"a\"\nversion = \"1.0.0\"\n\
                    settings = { tolerance = 50.5 }\n";
        let wrong = named(path, text).unwrap_err();
        let begins = [
            "fondaco.toml:3:10: the plugin acme.guard: unknown field `fil`",
            "fondaco.toml:5:10: the plugin acme.other: write the setting tolerance as a text",
            "fondaco.toml:2:1: write [plugins.\"publisher.name\"]",
        ];
        assert_eq!(wrong.len(), begins.len(), "{wrong:?}");
        for begin in begins {
            assert!(wrong.iter().any(|own| own.starts_with(begin)), "{begin}: {wrong:?}");
        }
    }
}
