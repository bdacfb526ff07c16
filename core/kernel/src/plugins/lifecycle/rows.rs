//! What the database keeps of plugins: a row a plugin, a row a version, the keys of publishers.

use std::collections::BTreeMap;
use std::fmt;

use fondaco_schema::plugin::{Grants, Manifest};
use fondaco_schema::{Origin, Source, manifest};
use fondaco_values::{AnyId, Timestamp};
use serde::Serialize;

use crate::db::Sql;
use crate::error::{Error, Result};
use crate::plugins::MANIFEST;
use crate::tx::Tx;

/// Where the count of changes stands in `meta`: whoever has seen this one is up to date.
const CHANGES: &str = "plugins";

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Its package is here; nobody has granted it anything.
    Installed,
    Granted,
    Enabled,
    Disabled,
    /// Its versions are gone; its settings and its data are kept.
    Uninstalled,
}

impl State {
    const ALL: [State; 5] =
        [State::Installed, State::Granted, State::Enabled, State::Disabled, State::Uninstalled];

    pub fn name(self) -> &'static str {
        match self {
            State::Installed => "installed",
            State::Granted => "granted",
            State::Enabled => "enabled",
            State::Disabled => "disabled",
            State::Uninstalled => "uninstalled",
        }
    }

    fn of(word: &str) -> Result<State> {
        let found = State::ALL.into_iter().find(|state| state.name() == word);
        found.ok_or_else(|| Error::internal(format!("no plugin is {word:?}")))
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A plugin as it is kept.
#[derive(Clone, Debug)]
pub struct Kept {
    pub id: AnyId,
    /// `publisher.name`
    pub name: String,
    pub state: State,
    pub version: String,
    pub previous: Option<String>,
    pub shadow: Option<String>,
    pub settings: BTreeMap<String, String>,
    pub recording: bool,
    /// The newest first.
    pub versions: Vec<Version>,
}

impl Kept {
    pub fn of_version(&self, version: &str) -> Option<&Version> {
        self.versions.iter().find(|own| own.version == version)
    }

    /// The newest version, or the one that is asked for.
    ///
    /// # Errors
    /// `NotFound` when it was never installed.
    pub(super) fn wanted(&self, version: Option<&str>) -> Result<&Version> {
        let found = match version {
            Some(version) => self.of_version(version),
            None => self.versions.first(),
        };
        let asked = || format!("{} {}", self.name, version.unwrap_or_default());
        found.ok_or_else(|| Error::not_found("plugin", asked().trim_end()))
    }
}

/// One version of a plugin that was installed.
#[derive(Clone, Debug)]
pub struct Version {
    pub version: String,
    /// Digest of the package in the blob store, and of the component in it.
    pub package: String,
    pub component: String,
    /// The text of its manifest.
    pub manifest: String,
    pub key: String,
    pub at: Timestamp,
    pub actor: String,
    pub grants: Option<Grants>,
    pub granted_by: Option<String>,
}

impl Version {
    /// The manifest, which was checked when it was installed.
    pub(super) fn read(&self) -> Result<Manifest> {
        let source = Source::new(Origin::Company, MANIFEST, self.manifest.as_str());
        manifest(&source, None).map_err(Error::Schema)
    }

    pub(super) fn number(&self) -> semver::Version {
        semver::Version::parse(&self.version).unwrap_or_else(|_| semver::Version::new(0, 0, 0))
    }
}

/// All plugins, by name.
pub(super) async fn all(tx: &mut Tx) -> Result<Vec<Kept>> {
    let sql = Sql::text(
        "select id, name, state, version, previous, shadow, settings, recording from plugin \
         order by name",
    );
    let mut found = Vec::new();
    for row in tx.rows(sql).await? {
        found.push(Kept {
            id: row.id::<()>(0).any(),
            name: row.str(1).to_owned(),
            state: State::of(row.str(2))?,
            version: row.str(3).to_owned(),
            previous: row.opt_str(4).map(str::to_owned),
            shadow: row.opt_str(5).map(str::to_owned),
            settings: serde_json::from_str(row.str(6)).unwrap_or_default(),
            recording: row.flag(7),
            versions: Vec::new(),
        });
    }
    let sql = Sql::text(
        "select plugin, version, package, component, manifest, key, at, actor, grants, granted_by \
         from plugin_version order by plugin, at",
    );
    for row in tx.rows(sql).await? {
        let id = row.id::<()>(0).any();
        let version = version(&row)?;
        if let Some(kept) = found.iter_mut().find(|kept| kept.id == id) {
            kept.versions.push(version);
        }
    }
    for kept in &mut found {
        kept.versions.sort_by_key(|version| std::cmp::Reverse(version.number()));
    }
    Ok(found)
}

fn version(row: &crate::db::Row) -> Result<Version> {
    let grants = row.opt_str(8).map(serde_json::from_str).transpose();
    Ok(Version {
        version: row.str(1).to_owned(),
        package: row.str(2).to_owned(),
        component: row.str(3).to_owned(),
        manifest: row.str(4).to_owned(),
        key: row.str(5).to_owned(),
        at: Timestamp::from_microsecond(row.int(6)).unwrap_or(Timestamp::UNIX_EPOCH),
        actor: row.str(7).to_owned(),
        grants: grants.map_err(|e| Error::internal(format!("grants cannot be read: {e}")))?,
        granted_by: row.opt_str(9).map(str::to_owned),
    })
}

/// One plugin.
///
/// # Errors
/// `NotFound` when it was never installed, or is gone.
pub(super) async fn of(tx: &mut Tx, name: &str) -> Result<Kept> {
    find(tx, name).await?.ok_or_else(|| Error::not_found("plugin", name))
}

pub(super) async fn find(tx: &mut Tx, name: &str) -> Result<Option<Kept>> {
    Ok(all(tx).await?.into_iter().find(|kept| kept.name == name))
}

/// Writes a plugin down as it is now; that something changed is counted.
pub(super) async fn keep(tx: &mut Tx, kept: &Kept) -> Result<()> {
    let sql = Sql::text(
        "insert into plugin (id, name, state, version, previous, shadow, settings, recording) \
         values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (id) do update set \
         state = excluded.state, version = excluded.version, previous = excluded.previous, \
         shadow = excluded.shadow, settings = excluded.settings, recording = excluded.recording",
    );
    let settings = serde_json::to_string(&kept.settings).unwrap_or_default();
    let sql = sql.bind(kept.id).bind(&kept.name).bind(kept.state.name()).bind(&kept.version);
    let sql = sql.bind(kept.previous.as_ref()).bind(kept.shadow.as_ref());
    tx.exec(sql.bind(settings).bind(kept.recording)).await?;
    count(tx).await
}

pub(super) async fn add_version(tx: &mut Tx, plugin: AnyId, version: &Version) -> Result<()> {
    let sql = Sql::text(
        "insert into plugin_version (plugin, version, package, component, manifest, key, at, actor) \
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
    );
    let sql = sql.bind(plugin).bind(&version.version).bind(&version.package);
    let sql = sql.bind(&version.component).bind(&version.manifest).bind(&version.key);
    tx.exec(sql.bind(version.at).bind(&version.actor)).await.map(drop)
}

/// What was accepted, by whom.
pub(super) async fn accept(
    tx: &mut Tx,
    plugin: AnyId,
    version: &str,
    (grants, by): (&Grants, &str),
) -> Result<()> {
    let sql = Sql::text(
        "update plugin_version set grants = $1, granted_at = $2, granted_by = $3 \
         where plugin = $4 and version = $5",
    );
    let text = serde_json::to_string(grants).unwrap_or_default();
    tx.exec(sql.bind(text).bind(tx.now()).bind(by).bind(plugin).bind(version)).await.map(drop)
}

/// Its versions go; with `all`, everything that was kept of it too.
pub(super) async fn remove(tx: &mut Tx, kept: &Kept, all: bool) -> Result<()> {
    for text in [
        "delete from plugin_version where plugin = $1",
        "delete from plugin_shadow where plugin = $1",
    ] {
        tx.exec(Sql::text(text).bind(kept.id)).await?;
    }
    if all {
        for text in
            ["delete from plugin_call where plugin = $1", "delete from plugin where id = $1"]
        {
            tx.exec(Sql::text(text).bind(kept.id)).await?;
        }
    }
    let own = all.then(|| kept.name.clone());
    let packages: Vec<String> = kept.versions.iter().map(|own| own.package.clone()).collect();
    // Whether a package is somebody's file too is asked of all companies.
    tx.across_companies(move |tx| {
        Box::pin(async move {
            for package in packages {
                let sql = Sql::text(
                    "delete from blob_store where digest = $1 \
                     and not exists (select 1 from plugin_version where package = $1) \
                     and not exists (select 1 from attachment where hash = $1)",
                );
                tx.exec(sql.bind(package)).await?;
            }
            let Some(own) = own else { return Ok(()) };
            for text in [
                "delete from plugin_pair where plugin = $1",
                "delete from plugin_secret where plugin = $1",
            ] {
                tx.exec(Sql::text(text).bind(&own)).await?;
            }
            Ok(())
        })
    })
    .await?;
    count(tx).await
}

/// The key of a publisher, where one is pinned.
pub(super) async fn key_of(tx: &mut Tx, publisher: &str) -> Result<Option<String>> {
    let sql = Sql::text("select key from plugin_key where publisher = $1").bind(publisher);
    Ok(tx.row(sql).await?.map(|row| row.str(0).to_owned()))
}

pub(super) async fn pin(tx: &mut Tx, publisher: &str, key: &str) -> Result<()> {
    let sql = Sql::text(
        "insert into plugin_key (publisher, key, at, actor) values ($1, $2, $3, $4) \
         on conflict (publisher) do update set key = excluded.key, at = excluded.at, \
         actor = excluded.actor",
    );
    let actor = tx.ctx().actor().name().to_owned();
    tx.exec(sql.bind(publisher).bind(key).bind(tx.now()).bind(actor)).await.map(drop)
}

/// How often something changed; `None` in a database that never had a plugin.
pub(super) async fn changes(tx: &mut Tx) -> Result<Option<i64>> {
    let sql = Sql::text("select value from meta where name = $1").bind(CHANGES);
    Ok(tx.aside(sql).await?.and_then(|row| row.str(0).parse().ok()))
}

async fn count(tx: &mut Tx) -> Result<()> {
    let next = changes(tx).await?.unwrap_or(0) + 1;
    let sql = Sql::text(
        "insert into meta (name, value) values ($1, $2) \
         on conflict (name) do update set value = excluded.value",
    );
    tx.exec(sql.bind(CHANGES).bind(next.to_string())).await.map(drop)
}
