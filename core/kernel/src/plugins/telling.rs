//! What administrators are told of calls: the log of a plugin, one call, how a shadow does, and a call made
//! once more. What a call was told is shown without what is not for everybody: only fields of the class
//! `public` keep their values, and texts that plugins made of what they were told are left out.

use fondaco_schema::Schema;
use fondaco_values::{AnyId, Timestamp};
use serde::Serialize;
use serde_json::{Map, Value as Json, json};

use super::digest;
use super::lifecycle::{self, Kept, Version, looked_up, may_read};
use super::recorder::{self, Content};
use super::redaction::is_open;
use super::talk::{Answer, Word};
use crate::db::{Row, Sql};
use crate::{Ctx, Error, Kernel, Result, Tx};

/// Calls that one answer lists.
const LISTED_MAX: i64 = 200;
/// What stands for what is not shown.
const HIDDEN: &str = "•••";

/// One call in the log of a plugin.
#[derive(Clone, Debug, Serialize)]
pub struct CallLine {
    pub id: AnyId,
    pub at: Timestamp,
    pub version: String,
    pub hook: String,
    /// `answered`, `different`, or the kind of failure.
    pub outcome: String,
    pub reason: String,
    pub cpu_us: i64,
}

/// How a shadow does.
#[derive(Clone, Debug, Serialize)]
pub struct ShadowReport {
    /// The one that runs now; `None` when none does.
    pub shadow: Option<String>,
    pub hooks: Vec<ShadowLine>,
    /// The last ones first.
    pub differences: Vec<CallLine>,
}

#[derive(Clone, Debug, Serialize)]
pub struct ShadowLine {
    pub version: String,
    pub hook: String,
    pub same: i64,
    pub different: i64,
    /// The two are not told the same there, so they cannot be compared.
    pub skipped: i64,
}

/// A call that was made once more.
#[derive(Clone, Debug, Serialize)]
pub struct Replayed {
    /// Byte for byte.
    pub same: bool,
    /// SHA-256 of what it said then, and of what it says now.
    pub then: String,
    pub now: String,
}

/// The last calls that were kept, the newest first.
///
/// # Errors
/// `NotFound`; `Forbidden` for whoever is no administrator.
pub async fn calls(tx: &mut Tx, name: &str, only: Option<&str>) -> Result<Vec<CallLine>> {
    may_read(tx.ctx())?;
    let kept = looked_up(tx, name).await?;
    let mut sql = Sql::new()
        .lit("select id, at, version, hook, outcome, reason, cpu_us from plugin_call where plugin = ")
        .arg(kept.id);
    if let Some(only) = only {
        sql = sql.lit(" and outcome = ").arg(only);
    }
    let rows = tx.rows(sql.lit(" order by id desc limit ").arg(LISTED_MAX)).await?;
    Ok(rows.iter().map(line).collect())
}

fn line(row: &Row) -> CallLine {
    CallLine {
        id: row.id::<()>(0).any(),
        at: Timestamp::from_microsecond(row.int(1)).unwrap_or(Timestamp::UNIX_EPOCH),
        version: row.str(2).to_owned(),
        hook: row.str(3).to_owned(),
        outcome: row.str(4).to_owned(),
        reason: row.str(5).to_owned(),
        cpu_us: row.int(6),
    }
}

/// How the shadows of a plugin did since they were begun.
///
/// # Errors
/// As [`calls`].
pub async fn shadow_report(tx: &mut Tx, name: &str) -> Result<ShadowReport> {
    may_read(tx.ctx())?;
    let kept = looked_up(tx, name).await?;
    let sql = Sql::text(
        "select version, hook, same, different, skipped from plugin_shadow where plugin = $1 \
         order by version, hook",
    );
    let hooks = tx.rows(sql.bind(kept.id)).await?;
    let hook = |row: &Row| ShadowLine {
        version: row.str(0).to_owned(),
        hook: row.str(1).to_owned(),
        same: row.int(2),
        different: row.int(3),
        skipped: row.int(4),
    };
    Ok(ShadowReport {
        hooks: hooks.iter().map(hook).collect(),
        differences: calls(tx, name, Some("different")).await?,
        shadow: kept.shadow,
    })
}

async fn content(tx: &mut Tx, name: &str, id: AnyId) -> Result<(CallLine, Content)> {
    may_read(tx.ctx())?;
    let kept = looked_up(tx, name).await?;
    let sql = Sql::text(
        "select id, at, version, hook, outcome, reason, cpu_us, content from plugin_call \
         where plugin = $1 and id = $2",
    );
    let row = tx.row(sql.bind(kept.id).bind(id)).await?;
    let row = row.ok_or_else(|| Error::not_found("call of a plugin", id))?;
    if row.str(7).is_empty() {
        let message = "The call was too large to be kept with what it was told.".to_owned();
        return Err(Error::Conflict { code: "not_kept", message });
    }
    let content = serde_json::from_str(row.str(7));
    let content = content.map_err(|e| Error::internal(format!("a call cannot be read: {e}")))?;
    Ok((line(&row), content))
}

/// One call with all that it was told and said, as far as that is for everybody.
///
/// # Errors
/// As [`calls`].
pub async fn call(tx: &mut Tx, name: &str, id: AnyId) -> Result<Json> {
    let (line, content) = content(tx, name, id).await?;
    let mut told = serde_json::to_value(&content).unwrap_or_default();
    hide(&mut told, tx.schema());
    if let Some(settings) = told.pointer_mut("/grants/settings") {
        cover(settings);
    }
    let mut told = json!({ "call": line, "content": told });
    if !line_is_open(&told) {
        told["call"]["reason"] = json!(HIDDEN);
    }
    Ok(told)
}

/// The words of the host tell nothing of records; those of the plugin may.
fn line_is_open(told: &Json) -> bool {
    told["call"]["outcome"] != "gave_up"
}

/// Makes a call once more with the version that made it, told and answered the same, and compares.
///
/// # Errors
/// As [`calls`]; `NotFound` when that version is not installed any more.
pub async fn replay(kernel: &Kernel, ctx: &Ctx, name: &str, id: AnyId) -> Result<Replayed> {
    may_read(ctx)?;
    let (kept, line, content) = kept(kernel, ctx, name, id).await?;
    let version = version_of(&kept, &line)?;
    let plugin = lifecycle::ready(kernel, &kept, version).await?;
    if plugin.digest != content.digest {
        let message = "It was made by another component than the one installed.".to_owned();
        return Err(Error::Conflict { code: "not_kept", message });
    }
    let mut plugin = plugin.as_ref().clone();
    plugin.grants = content.grants.clone();
    let plugins = kernel.shared().plugins.clone();
    let called = recorder::again(plugins.as_ref(), &std::sync::Arc::new(plugin), &content).await;
    let (then, now) = (bytes(&content.outcome), bytes(&called.outcome));
    Ok(Replayed { same: then == now, then: digest(&then), now: digest(&now) })
}

/// A call with the plugin that was asked.
pub(super) async fn kept(
    kernel: &Kernel,
    ctx: &Ctx,
    name: &str,
    id: AnyId,
) -> Result<(Kept, CallLine, Content)> {
    may_read(ctx)?;
    let own = name.to_owned();
    let read = kernel.read(ctx, move |tx| {
        let name = own.clone();
        Box::pin(async move {
            let (line, content) = content(tx, &name, id).await?;
            Ok((looked_up(tx, &name).await?, line, content))
        })
    });
    read.await
}

/// The version that made a call.
pub(super) fn version_of<'k>(kept: &'k Kept, line: &CallLine) -> Result<&'k Version> {
    let version = kept.of_version(&line.version);
    version.ok_or_else(|| Error::not_found("plugin", format!("{} {}", kept.name, line.version)))
}

fn bytes(outcome: &Word<Answer>) -> Vec<u8> {
    serde_json::to_vec(outcome).unwrap_or_default()
}

/// Leaves out of a call what is not for everybody.
fn hide(told: &mut Json, schema: &Schema) {
    match told {
        Json::Array(items) => items.iter_mut().for_each(|item| hide(item, schema)),
        Json::Object(own) => {
            let model = own.get("model").and_then(Json::as_str).unwrap_or_default().to_owned();
            let is_entry = own.contains_key("journal");
            for (key, value) in own.iter_mut() {
                match key.as_str() {
                    "fields" | "args" | "changes" => {
                        hide_fields(value, |name| is_open(schema, &model, name))
                    }
                    "lines" if is_entry => cover(value),
                    "lines" => hide_lines(value, schema, &model),
                    "payload" | "message" | "note" | "label" | "filter" | "why" | "text" => {
                        cover(value);
                    }
                    // Of requests, and of what it keeps.
                    "url" | "query" | "headers" | "body" | "value" | "user" => cover(value),
                    _ => hide(value, schema),
                }
            }
        }
        _ => {}
    }
}

/// `[["name", {"text": "…"}], …]`
fn hide_fields(fields: &mut Json, is_public: impl Fn(&str) -> bool) {
    // Names of fields alone, as of a question for them.
    for pair in fields.as_array_mut().into_iter().flatten() {
        let Json::Array(pair) = pair else { continue };
        let name = pair.first().and_then(Json::as_str).unwrap_or_default().to_owned();
        if let Some(value) = pair.get_mut(1).filter(|_| !is_public(&name)) {
            cover(value);
        }
    }
}

/// `[["lines", [{"id": …, "fields": […]}]]]`
fn hide_lines(lines: &mut Json, schema: &Schema, model: &str) {
    for pair in lines.as_array_mut().into_iter().flatten() {
        let Json::Array(pair) = pair else { continue };
        let of = pair.first().and_then(Json::as_str).unwrap_or_default().to_owned();
        let Some(rows) = pair.get_mut(1).and_then(Json::as_array_mut) else { continue };
        for row in rows {
            let own = |name: &str| is_open(schema, model, &format!("{of}.{name}"));
            match row {
                Json::Object(row) => row.get_mut("fields").into_iter().for_each(|fields| {
                    hide_fields(fields, own);
                }),
                fields => hide_fields(fields, own),
            }
        }
    }
}

/// The same shape with nothing in it.
fn cover(value: &mut Json) {
    match value {
        Json::Null | Json::Bool(_) => {}
        Json::Number(number) => *number = 0.into(),
        Json::String(text) => HIDDEN.clone_into(text),
        Json::Array(items) => items.iter_mut().for_each(cover),
        Json::Object(own) => {
            let covered: Map<String, Json> = std::mem::take(own)
                .into_iter()
                .map(|(key, mut value)| {
                    match key.as_str() {
                        "int" | "decimal" => value = json!("0"),
                        "date" => value = json!("1970-01-01"),
                        "time" => value = json!("1970-01-01T00:00:00Z"),
                        // Where a record is says nothing of it.
                        "link" => {}
                        _ => cover(&mut value),
                    }
                    (key, value)
                })
                .collect();
            *own = covered;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_covered_keeps_its_shape() {
        let mut value =
            json!([{ "text": "Verdi" }, { "decimal": "12.50" }, { "link": "7" }, 3, true]);
        cover(&mut value);
        let wanted = json!([{ "text": HIDDEN }, { "decimal": "0" }, { "link": "7" }, 0, true]);
        assert_eq!(value, wanted);
    }
}
