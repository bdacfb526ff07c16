//! A company folder: `fondaco.toml`, models, roles, workflows and data. The only place that reads
//! the environment: `FONDACO_SERVER__LISTEN` stands above `listen` under `[server]`, and so on.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use fondaco_kernel::schema::{Origin, Source};
use fondaco_kernel::views::Pilots;
use fondaco_kernel::{Adopt, Database, PostgresSettings, Setup};
use serde::Deserialize;

use crate::modules;

/// A company folder, read and checked as far as that goes without a database.
#[derive(Debug)]
pub struct Company {
    pub folder: PathBuf,
    pub config: Config,
    /// Models, roles and workflows.
    pub sources: Vec<Source>,
    /// Records to start with: `(path, text)`.
    pub data: Vec<(String, String)>,
}

/// `fondaco.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    pub server: Server,
    pub database: DatabaseFile,
    pub modules: Modules,
    /// What is in force for some first: `[pilot.crm]` with companies, roles or users.
    pub pilot: Pilots,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Server {
    /// Address and port; loopback unless somebody says otherwise.
    pub listen: String,
    /// What a start does when the folder and the database differ.
    pub apply: AtStart,
}

/// Whether a start carries out what `fondaco plan` shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AtStart {
    /// What works with the data that is there and puts nothing out of sight; the rest is refused.
    #[default]
    Safe,
    /// Nothing: it refuses to start until `fondaco apply` has run.
    Never,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DatabaseFile {
    /// Relative to the company folder.
    pub file: PathBuf,
    /// The address of a PostgreSQL server, which then holds the data instead of the file:
    /// `postgres://user@host/database`. One with a password comes from the environment or from
    /// `url_file`.
    pub url: Option<String>,
    /// A file that holds the address, relative to the company folder.
    pub url_file: Option<PathBuf>,
    /// Connections to that server.
    pub connections: u32,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Modules {
    pub enabled: Vec<String>,
}

impl Default for Server {
    fn default() -> Server {
        Server { listen: "127.0.0.1:8069".to_owned(), apply: AtStart::default() }
    }
}

impl Default for DatabaseFile {
    fn default() -> DatabaseFile {
        DatabaseFile { file: "fondaco.db".into(), url: None, url_file: None, connections: 10 }
    }
}

impl Company {
    /// Reads a company folder.
    ///
    /// # Errors
    /// Says which file is missing or wrong, with line and column, and what to do.
    pub fn read(folder: &Path) -> Result<Company> {
        let file = folder.join("fondaco.toml");
        let text = std::fs::read_to_string(&file).with_context(|| {
            format!(
                "{} cannot be read: name a company folder with --company, \
                 or make one with `fondaco init`",
                file.display()
            )
        })?;
        let config: Config = toml::from_str(&text)
            .map_err(|e| anyhow::anyhow!("{}: {}", file.display(), e.to_string().trim_end()))?;
        if config.database.url.as_deref().is_some_and(has_password) {
            bail!(
                "{}: database.url holds a password: put the address into a file of its own, name \
                 that as database.url_file, or set FONDACO_DATABASE__URL",
                file.display()
            );
        }
        let config = config.overridden_by(environment)?;
        let mut sources = Vec::new();
        for place in ["models", "roles", "workflows"] {
            for (path, text) in toml_files(folder, place)? {
                sources.push(Source { origin: Origin::Company, path, text });
            }
        }
        Ok(Company {
            folder: folder.to_owned(),
            config,
            sources,
            data: toml_files(folder, "data")?,
        })
    }

    pub fn database_path(&self) -> PathBuf {
        self.folder.join(&self.config.database.file)
    }

    /// Where the data is.
    ///
    /// # Errors
    /// Says which file cannot be read, and where a password must not stand.
    pub fn database(&self) -> Result<Database> {
        let config = &self.config.database;
        let url = match (&config.url, &config.url_file) {
            (None, None) => return Ok(Database::Sqlite(self.database_path())),
            (Some(url), _) => url.clone(),
            (None, Some(file)) => {
                let file = self.folder.join(file);
                let text = std::fs::read_to_string(&file);
                text.with_context(|| format!("database.url_file: reading {}", file.display()))?
            }
        };
        let mut settings = PostgresSettings::new(url.trim());
        settings.connections = config.connections;
        Ok(Database::Postgres(settings))
    }

    /// What the kernel is opened with.
    ///
    /// # Errors
    /// Names a module that does not exist.
    pub fn setup(&self) -> Result<Setup> {
        let modules = modules::named(&self.config.modules.enabled)?;
        let mut setup = Setup::new(self.database()?, modules);
        setup.available = modules::all();
        setup.adopt = match self.config.server.apply {
            AtStart::Safe => Adopt::Safe,
            AtStart::Never => Adopt::Never,
        };
        setup.company = self.sources.clone();
        setup.data = self.data.clone();
        setup.pilots = self.config.pilot.clone();
        Ok(setup)
    }
}

impl Config {
    fn overridden_by(mut self, variable: impl Fn(&str) -> Option<String>) -> Result<Config> {
        if let Some(listen) = variable("FONDACO_SERVER__LISTEN") {
            self.server.listen = listen;
        }
        if let Some(file) = variable("FONDACO_DATABASE__FILE") {
            self.database.file = file.into();
        }
        if let Some(url) = variable("FONDACO_DATABASE__URL") {
            self.database.url = Some(url);
        }
        if let Some(enabled) = variable("FONDACO_MODULES__ENABLED") {
            self.modules.enabled = enabled.split(',').map(|m| m.trim().to_owned()).collect();
        }
        if self.server.listen.parse::<std::net::SocketAddr>().is_err() {
            bail!(
                "server.listen is {:?}: write an address and a port, such as \"127.0.0.1:8069\"",
                self.server.listen
            );
        }
        Ok(self)
    }
}

/// `postgres://user:password@…`
fn has_password(url: &str) -> bool {
    let named = url.split_once("://").and_then(|(_, rest)| rest.rsplit_once('@'));
    named.is_some_and(|(who, _)| who.contains(':')) || url.contains("password=")
}

/// A variable of the environment, where it is set and readable.
pub fn environment(name: &str) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "this is the one place")]
    std::env::var(name).ok()
}

/// `(path, text)` of every TOML file in a part of the folder, in order of name.
fn toml_files(folder: &Path, place: &str) -> Result<Vec<(String, String)>> {
    let dir = folder.join(place);
    if !dir.is_dir() {
        return Ok(Vec::new());
    }
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(&dir).with_context(|| format!("reading {}", dir.display()))? {
        let path = entry?.path();
        if path.extension().is_some_and(|e| e == "toml") {
            paths.push(path);
        }
    }
    paths.sort();
    paths
        .into_iter()
        .map(|path| {
            let text = std::fs::read_to_string(&path)
                .with_context(|| format!("reading {}", path.display()))?;
            Ok((path.display().to_string(), text))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_stands_above_the_file() {
        let set = |name: &str| (name == "FONDACO_SERVER__LISTEN").then(|| "0.0.0.0:1".to_owned());
        assert_eq!(Config::default().overridden_by(set).unwrap().server.listen, "0.0.0.0:1");
    }

    #[test]
    fn a_password_is_seen_in_an_address() {
        for (url, expected) in [
            ("postgres://fondaco@db.example/works", false),
            ("postgres://fondaco:secret@db.example/works", true),
            ("postgres://db.example/works?user=fondaco&password=secret", true),
            ("postgres://db.example:5433/works", false),
        ] {
            assert_eq!(has_password(url), expected, "{url}");
        }
    }

    #[test]
    fn mistakes_are_named() {
        let wrong = toml::from_str::<Config>("[server]\nlissten = \"x\"").unwrap_err().to_string();
        assert!(wrong.contains("unknown field `lissten`"), "{wrong}");
        let wrong = |_: &str| Some("somewhere".to_owned());
        let error = Config::default().overridden_by(wrong).unwrap_err().to_string();
        assert!(error.contains("127.0.0.1:8069"), "{error}");
    }
}
