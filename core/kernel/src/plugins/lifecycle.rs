//! From a package to code in force, and out of force again: installed → granted → enabled → disabled →
//! uninstalled. Each verb is one transaction by an administrator, in the audit; what is in force follows
//! it at once here, and within a second at other servers.
//! In reading order: `rows` (what is kept), `install`, `words` (what a plugin may, for people), `added` (what
//! it adds to the schema), `verbs`, `wished` (what a company folder says), `force` (from what is kept to what
//! runs).
//! INVARIANT: nothing is in force but a version whose package is signed with the publisher's pinned key
//! and whose grants were accepted; a version never goes down unless somebody rolls it back.

mod added;
mod force;
mod install;
mod rows;
mod verbs;
pub mod wished;
mod words;

use fondaco_schema::plugin::RunsAs;
use fondaco_values::{AnyId, Timestamp};
use serde::{Deserialize, Serialize};

pub use added::{LOCALES, SCHEMA, wrong_texts};
pub use install::{examine, install, plan};
pub use rows::{Kept, State, Version};
pub use verbs::{
    Grant, disable, enable, grant, list, one, record, rollback, secret, set, shadow, trust,
    uninstall,
};
pub use words::{InstallPlan, Line, Need};

pub(crate) use force::{Force, Watched};

use crate::error::Result;
use crate::permissions::{self, Office, Right};
use crate::{Ctx, Kernel, Tx, audit};

/// What stands in the audit and in the scopes of tokens for plugins.
pub(crate) const MODEL: &str = "plugin";

/// Whether somebody is told of plugins.
pub fn may_look(ctx: &Ctx) -> bool {
    may(ctx, Right::Read).is_ok()
}

/// Refuses whoever may not change plugins.
///
/// # Errors
/// `Forbidden`, with what is missing.
pub fn may_change(ctx: &Ctx) -> Result<()> {
    may(ctx, Right::Write)
}

fn may(ctx: &Ctx, right: Right<'_>) -> Result<()> {
    permissions::administers(ctx, Office::Plugins, right)
}

/// For those who tell of plugins.
pub(super) fn may_read(ctx: &Ctx) -> Result<()> {
    may(ctx, Right::Read)
}

pub(super) async fn looked_up(tx: &mut Tx, name: &str) -> Result<Kept> {
    rows::of(tx, name).await
}

/// A version of a plugin, ready to be called.
pub(super) async fn ready(
    kernel: &Kernel,
    kept: &Kept,
    version: &Version,
) -> Result<std::sync::Arc<super::Installed>> {
    kernel.plugin_of(kept, version).await
}

/// Writes down who did what to a plugin.
fn note(tx: &mut Tx, plugin: AnyId, action: &str, said: &[(&str, String)]) {
    let mut changes = serde_json::Map::new();
    for (name, value) in said {
        changes.insert((*name).to_owned(), serde_json::json!([null, value]));
    }
    let entry = audit::Entry { record: plugin, action: action.to_owned(), changes };
    audit::write_of(tx, MODEL, entry);
}

/// A plugin as administrators see it.
#[derive(Clone, Debug, Serialize)]
pub struct Standing {
    pub id: String,
    pub name: String,
    pub state: State,
    /// In force while it is enabled.
    pub version: String,
    pub previous: Option<String>,
    pub shadow: Option<String>,
    pub recording: bool,
    pub settings: std::collections::BTreeMap<String, String>,
    pub versions: Vec<VersionStanding>,
    /// Why this server cannot run it, where it cannot.
    pub unfit: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
pub struct VersionStanding {
    pub version: String,
    /// SHA-256 of its package.
    pub package: String,
    pub key: String,
    pub installed_at: Timestamp,
    pub installed_by: String,
    pub granted_by: Option<String>,
    pub runs_as: Option<RunsAs>,
}

/// Who changed what of a plugin, newest first.
///
/// # Errors
/// `Forbidden` for whoever is no administrator; `NotFound`.
pub async fn history(tx: &mut Tx, name: &str) -> Result<Vec<audit::Change>> {
    may(tx.ctx(), Right::Read)?;
    let kept = rows::of(tx, name).await?;
    audit::of_record(tx, MODEL, kept.id, 200, |_| true).await
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Wanted {
    /// The newest that was installed, where it is not said.
    pub version: Option<String>,
}
