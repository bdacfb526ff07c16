//! A company folder: `fondaco.toml`, models, roles, workflows and data. The only place that reads
//! the environment. Not here: which settings there are and where each value comes from (`settings`).

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use fondaco_kernel::schema::{Origin, Source};
use fondaco_kernel::views::Pilots;
use fondaco_kernel::{Adopt, Database, PostgresSettings, Setup};
use fondaco_plugin_host::{Compiler, Host, Metering, Options};
use serde::Deserialize;

use crate::modules;
use crate::settings::{self, Setting};
use crate::wishes;

/// Where compiled plugins are kept, in a company folder.
const COMPILED: &str = "compiled";

/// A company folder, read and checked as far as that goes without a database.
#[derive(Debug)]
pub struct Company {
    pub folder: PathBuf,
    pub config: Config,
    /// What `config` was read from, setting by setting.
    pub settings: Vec<Setting>,
    /// What is in force for some first: `[pilot.crm]` with companies, roles or users.
    pub pilots: Pilots,
    /// What it says of plugins; `wishes` reads their packages.
    pub plugins_named: Vec<wishes::Named>,
    /// Models, roles and workflows.
    pub sources: Vec<Source>,
    /// Records to start with: `(path, text)`.
    pub data: Vec<(String, String)>,
}

/// The settings, typed. Every setting and its default is on the list in `settings`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub server: Server,
    pub database: DatabaseFile,
    pub modules: Modules,
    pub log: Log,
    pub limits: Limits,
    pub backup: Backup,
    pub trace: Trace,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    pub listen: String,
    /// What a start does when the folder and the database differ.
    pub apply: AtStart,
}

/// Whether a start carries out what `fondaco plan` shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AtStart {
    /// What works with the data that is there and puts nothing out of sight; the rest is refused.
    Safe,
    /// Nothing: it refuses to start until `fondaco apply` has run.
    Never,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseFile {
    pub file: PathBuf,
    /// A PostgreSQL server, which then holds the data instead of the file. May hold a password.
    pub url: Option<String>,
    pub connections: u32,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Modules {
    pub enabled: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    pub level: String,
    pub format: LogFormat,
    pub slow_ms: u64,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    Auto,
    Human,
    Json,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    pub requests: usize,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Backup {
    pub folder: PathBuf,
    pub keep: usize,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trace {
    pub endpoint: Option<String>,
    pub service: String,
    pub token: Option<Secret>,
}

/// A text that stands in no log.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("(secret)")
    }
}

impl Company {
    /// Reads a company folder.
    ///
    /// # Errors
    /// Says which file is missing or wrong, with line and column, and what to do.
    pub fn read(folder: &Path) -> Result<Company> {
        Company::read_with(folder, &BTreeMap::new())
    }

    /// The same with other texts for some of its files, by their path in the folder; they may be new.
    ///
    /// # Errors
    /// As [`Company::read`].
    pub fn read_with(folder: &Path, texts: &BTreeMap<String, String>) -> Result<Company> {
        let file = folder.join("fondaco.toml");
        let own = || {
            std::fs::read_to_string(&file).with_context(|| {
                format!(
                    "{} cannot be read: name a company folder with --company, \
                     or make one with `fondaco init`",
                    file.display()
                )
            })
        };
        let text = texts.get("fondaco.toml").cloned().map_or_else(own, Ok)?;
        let settings = settings::resolve(&file, &text, &environment());
        let (pilots, plugins) = (settings::pilots(&file, &text), wishes::named(&file, &text));
        let (settings, pilots, plugins_named) = match (settings, pilots, plugins) {
            (Ok(settings), Ok(pilots), Ok(plugins)) => (settings, pilots, plugins),
            (settings, pilots, plugins) => {
                let wrong = [settings.err(), pilots.err(), plugins.err()];
                let wrong = wrong.into_iter().flatten().flatten();
                bail!("{}", wrong.collect::<Vec<_>>().join("\n"));
            }
        };
        let mut sources = Vec::new();
        for place in ["models", "roles", "workflows", "documents", "dashboards"] {
            for (path, text) in toml_files(folder, place, texts)? {
                sources.push(Source { origin: Origin::Company, path, text });
            }
        }
        Ok(Company {
            folder: folder.to_owned(),
            config: Config::of(&settings)?,
            settings,
            pilots: pilots.try_into().context("a pilot is not what the program expects")?,
            plugins_named,
            sources,
            data: toml_files(folder, "data", texts)?,
        })
    }

    /// Fonts of its own, for documents.
    pub fn fonts(&self) -> PathBuf {
        self.folder.join("fonts")
    }

    pub fn database_path(&self) -> PathBuf {
        self.folder.join(&self.config.database.file)
    }

    /// Where the company's database is.
    pub fn database(&self) -> Database {
        let config = &self.config.database;
        let Some(url) = &config.url else { return Database::Sqlite(self.database_path()) };
        let mut settings = PostgresSettings::new(url);
        settings.connections = config.connections;
        Database::Postgres(settings)
    }

    /// Whether it has a database already; one of a server is asked.
    pub fn is_there(&self) -> bool {
        self.config.database.url.is_some() || self.database_path().exists()
    }

    /// Where its backups are.
    pub fn backups(&self) -> PathBuf {
        self.folder.join(&self.config.backup.folder)
    }

    /// What the kernel is opened with.
    ///
    /// # Errors
    /// Names a module that does not exist.
    pub fn setup(&self) -> Result<Setup> {
        self.setup_on(self.database())
    }

    /// The same on another database.
    ///
    /// # Errors
    /// As [`Company::setup`].
    pub fn setup_on(&self, database: Database) -> Result<Setup> {
        let modules = modules::named(&self.config.modules.enabled)?;
        let mut setup = Setup::new(database, modules);
        setup.available = modules::all();
        setup.adopt = match self.config.server.apply {
            AtStart::Safe => Adopt::Safe,
            AtStart::Never => Adopt::Never,
        };
        setup.company = self.sources.clone();
        setup.data = self.data.clone();
        setup.pilots = self.pilots.clone();
        setup.plugins = Arc::new(self.plugins());
        Ok(setup)
    }

    /// Who runs plugins: this program, once more, compiles them into a folder of the company's.
    fn plugins(&self) -> Host {
        let program = std::env::current_exe().unwrap_or_else(|_| "fondaco".into());
        Host::new(Options {
            cache: self.folder.join(COMPILED),
            compiler: Compiler::Child(program),
            metering: Metering::Time,
        })
    }
}

impl Config {
    /// The settings without a folder: defaults and the environment.
    ///
    /// # Errors
    /// Names what is wrong in the environment.
    pub fn without_folder() -> Result<Config> {
        let settings = settings::resolve(Path::new("fondaco.toml"), "", &environment())
            .map_err(|wrong| anyhow::anyhow!("{}", wrong.join("\n")))?;
        Config::of(&settings)
    }

    fn of(settings: &[Setting]) -> Result<Config> {
        settings::table(settings).try_into().context("a setting is not what the program expects")
    }
}

/// Whether a setting is given by the environment, as this variable.
pub fn stands_in_environment(variable: &str) -> bool {
    environment().contains_key(variable)
}

/// The variables of the environment that are for this program.
#[expect(clippy::disallowed_methods, reason = "this is the one place")]
fn environment() -> BTreeMap<String, String> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(name, _)| name.starts_with("FONDACO_"))
        .collect()
}

/// Where a service manager waits to hear that the server is ready, if one does (`sd_notify`).
pub fn service_manager() -> Option<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "this is the one place")]
    std::env::var("NOTIFY_SOCKET").ok().map(PathBuf::from)
}

/// Where a program keeps what it can make again: tools of authors, compiled plugins.
pub fn cache() -> PathBuf {
    let set = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|p| p.is_absolute());
    let folder = set("XDG_CACHE_HOME").or_else(|| set("HOME").map(|home| home.join(".cache")));
    folder.unwrap_or_else(std::env::temp_dir).join("fondaco")
}

/// `(path, text)` of every TOML file in a part of the folder, in order of name; other texts stand in place
/// of those that are there.
fn toml_files(
    folder: &Path,
    place: &str,
    texts: &BTreeMap<String, String>,
) -> Result<Vec<(String, String)>> {
    let dir = folder.join(place);
    let mut paths = BTreeSet::new();
    if dir.is_dir() {
        for entry in
            std::fs::read_dir(&dir).with_context(|| format!("reading {}", dir.display()))?
        {
            paths.insert(entry?.path());
        }
    }
    let given: BTreeMap<PathBuf, &String> =
        texts.iter().map(|(path, text)| (folder.join(path), text)).collect();
    paths.extend(given.keys().filter(|path| path.parent() == Some(&dir)).cloned());
    paths
        .into_iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .map(|path| {
            let read = || {
                let text = std::fs::read_to_string(&path);
                text.with_context(|| format!("reading {}", path.display()))
            };
            let text = given.get(&path).map_or_else(read, |text| Ok((*text).clone()))?;
            Ok((path.display().to_string(), text))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_of_the_list_is_one_of_the_program_and_the_other_way_round() {
        let all: BTreeMap<String, String> = settings::KEYS
            .iter()
            .filter(|key| key.default.is_none())
            .map(|key| match key.kind {
                settings::Kind::Url(schemes) => (key.variable(), format!("{}://x", schemes[0])),
                _ => (key.variable(), "x".to_owned()),
            })
            .collect();
        let settings = settings::resolve(Path::new("fondaco.toml"), "", &all).unwrap();
        let config = Config::of(&settings).unwrap();
        assert_eq!(config.trace.token.unwrap().reveal(), "x");
        assert_eq!(format!("{:?}", Secret("x".to_owned())), "(secret)");
        let none = settings::resolve(Path::new("fondaco.toml"), "", &BTreeMap::new()).unwrap();
        assert_eq!(Config::of(&none).unwrap().server.listen, "127.0.0.1:8069");
    }
}
