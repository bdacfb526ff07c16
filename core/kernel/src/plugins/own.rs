//! What a plugin keeps for itself: pairs of texts, in each company by itself, as many bytes as it was granted.
//! Not here: what a disabled or removed plugin has kept, which stays until it is purged.

use fondaco_schema::plugin::Want;

use super::effects::may;
use super::talk::Installed;
use crate::db::Sql;
use crate::{Error, Result, Tx};

const KEY_BYTES_MAX: usize = 200;
const VALUE_BYTES_MAX: usize = 256 << 10;
/// What a pair counts for besides its letters, so that many small ones count too.
const PAIR_BYTES: usize = 64;
const KEYS_MAX: usize = 1_000;

/// What is kept under a key.
pub(super) async fn kept(tx: &mut Tx, plugin: &Installed, key: &str) -> Result<Option<String>> {
    may(tx, plugin, Want::Keep)?;
    let sql =
        Sql::text("select value from plugin_pair where plugin = $1 and company = $2 and key = $3");
    let sql = sql.bind(plugin.manifest.id.as_str()).bind(tx.ctx().company()).bind(key);
    Ok(tx.row(sql).await?.map(|row| row.str(0).to_owned()))
}

/// Keys that begin so, in their order, behind one.
pub(super) async fn keys(
    tx: &mut Tx,
    plugin: &Installed,
    prefix: &str,
    after: Option<String>,
) -> Result<Vec<String>> {
    may(tx, plugin, Want::Keep)?;
    let sql = Sql::text("select key from plugin_pair where plugin = $1 and company = $2");
    let sql = sql.bind(plugin.manifest.id.as_str()).bind(tx.ctx().company());
    let mut found: Vec<String> = tx.rows(sql).await?.iter().map(|r| r.str(0).to_owned()).collect();
    // By their bytes, on whichever engine.
    found.retain(|key| key.starts_with(prefix) && after.as_ref().is_none_or(|after| key > after));
    found.sort_unstable();
    found.truncate(KEYS_MAX);
    Ok(found)
}

/// Keeps a value under a key, or takes it away.
pub(super) async fn keep(
    tx: &mut Tx,
    plugin: &Installed,
    key: &str,
    value: Option<String>,
) -> Result<()> {
    may(tx, plugin, Want::Keep)?;
    if key.is_empty() || key.len() > KEY_BYTES_MAX || key.contains('\0') {
        let message = format!("A key has 1 to {KEY_BYTES_MAX} bytes, none of them zero.");
        return Err(Error::problem("key", "key_length", message));
    }
    let (id, company) = (plugin.manifest.id.as_str(), tx.ctx().company());
    let gone = Sql::text("delete from plugin_pair where plugin = $1 and company = $2 and key = $3");
    tx.exec(gone.bind(id).bind(company).bind(key)).await?;
    let Some(value) = value else { return Ok(()) };
    if value.len() > VALUE_BYTES_MAX || value.contains('\0') {
        let message = format!("A value has at most {VALUE_BYTES_MAX} bytes, none of them zero.");
        return Err(Error::problem("value", "value_length", message));
    }
    let bytes = i64::try_from(key.len() + value.len() + PAIR_BYTES).unwrap_or(i64::MAX);
    let sum = Sql::text(
        "select cast(coalesce(sum(bytes), 0) as bigint) from plugin_pair \
         where plugin = $1 and company = $2",
    );
    let used = tx.row(sum.bind(id).bind(company)).await?.map_or(0, |row| row.int(0));
    let (asked, granted) = (&plugin.manifest.capabilities, &plugin.grants.capabilities);
    let most = i64::from(asked.kv_bytes.min(granted.kv_bytes));
    if used.saturating_add(bytes) > most {
        let message =
            format!("{} may keep {most} bytes in a company, and has {used}.", plugin.title());
        return Err(Error::problem("value", "kept_too_much", message));
    }
    let sql = Sql::text(
        "insert into plugin_pair (plugin, company, key, value, bytes) values ($1, $2, $3, $4, $5)",
    );
    tx.exec(sql.bind(id).bind(company).bind(key).bind(value).bind(bytes)).await.map(drop)
}
