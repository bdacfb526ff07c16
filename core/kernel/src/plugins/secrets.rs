//! Secrets of plugins: an administrator sets them, a request to somebody outside carries them, and nobody
//! reads them, least of all the plugin. They stand in a table of their own, which is no model: no API, no
//! search, no report and no export reads it.
//! They are not encrypted at rest: the key would lie beside them, and who can read the database has all
//! that they protect. A backup of the database file holds them, a portable one does not.

use super::talk::Installed;
use crate::db::Sql;
use crate::permissions::{self, Right};
use crate::{Error, Kernel, Result, Tx, audit, identity};
use fondaco_schema::plugin::{Manifest, SettingKind};
use fondaco_values::AnyId;
use serde_json::json;

const CHARS_MAX: usize = 4_096;

/// Sets a secret of a plugin, or takes it away. That it was done is audited, what it is is not.
///
/// # Errors
/// `Forbidden` for everybody but administrators; `Invalid` for what is no secret of the manifest.
pub async fn set(tx: &mut Tx, manifest: &Manifest, name: &str, value: Option<&str>) -> Result<()> {
    // Who may make users and give them roles.
    let administers = tx.schema().model("user").cloned();
    let Some(model) = administers.filter(|user| permissions::may(tx.ctx(), user, Right::Write))
    else {
        let what = "set the secrets of plugins".to_owned();
        let missing = "that is an administrator's".to_owned();
        return Err(Error::Forbidden { what, missing });
    };
    if manifest.settings.get(name).is_none_or(|setting| setting.kind != SettingKind::Secret) {
        let message = format!("{} has no secret `{name}` among its settings.", manifest.name);
        return Err(Error::problem(name, "unknown_secret", message));
    }
    let gone = Sql::text("delete from plugin_secret where plugin = $1 and name = $2");
    tx.exec(gone.bind(manifest.id.as_str()).bind(name)).await?;
    if let Some(value) = value {
        let plain = value.chars().all(|c| c.is_ascii_graphic() || c == ' ');
        if value.trim().is_empty() || value.len() > CHARS_MAX || !plain {
            let message = format!("A secret has 1 to {CHARS_MAX} plain letters, on one line.");
            return Err(Error::problem(name, "secret_letters", message));
        }
        let sql = Sql::text("insert into plugin_secret (plugin, name, value) values ($1, $2, $3)");
        tx.exec(sql.bind(manifest.id.as_str()).bind(name).bind(value)).await?;
    }
    let mut changes = serde_json::Map::new();
    changes.insert("plugin".to_owned(), json!([null, manifest.id]));
    changes.insert("secret".to_owned(), json!([null, name]));
    let action = if value.is_some() { "secret_set" } else { "secret_removed" };
    let record = tx.ctx().actor().user().map_or(AnyId::default(), |user| user.any());
    let entry = audit::Entry { record, action: action.to_owned(), changes };
    audit::write(tx, &model, vec![entry]);
    Ok(())
}

/// Names of the secrets of a plugin that are set.
pub async fn names(tx: &mut Tx, plugin: &str) -> Result<Vec<String>> {
    let sql = Sql::text("select name from plugin_secret where plugin = $1 order by name");
    Ok(tx.rows(sql.bind(plugin)).await?.iter().map(|row| row.str(0).to_owned()).collect())
}

/// Secrets of a plugin, by their names. Only what goes out asks for them.
pub(super) async fn of(kernel: &Kernel, plugin: &Installed) -> Result<Vec<(String, String)>> {
    let id = plugin.manifest.id.clone();
    let ctx = identity::kernel_itself();
    let read = kernel.read(&ctx, move |tx| {
        let sql = Sql::text("select name, value from plugin_secret where plugin = $1");
        let sql = sql.bind(id.as_str());
        Box::pin(async move {
            let rows = tx.rows(sql).await?;
            Ok(rows.iter().map(|r| (r.str(0).to_owned(), r.str(1).to_owned())).collect())
        })
    });
    read.await
}
