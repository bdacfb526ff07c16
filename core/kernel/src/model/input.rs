//! Reading drafts from outside: JSON of the API, texts of forms and imports. All problems at once.
//! Not here: which fields the caller may write (`records`), the rules of the fields (`check`).

use std::sync::Arc;

use fondaco_schema::{Field, Kind};
use fondaco_values::{AnyId, Decimal, Problem, Value};
use serde_json::{Map, Value as Json};

use super::catalog::Meta;
use super::cells::scaled;
use super::draft::{Draft, Line};
use super::value::{unprintable, word};
use crate::Result;
use crate::error::refuse_if_any;

/// Reads a JSON object. The id, the version and names that begin with `_` are passed over, so that
/// what was read can be sent back.
pub(crate) fn from_json(meta: &Arc<Meta>, object: &Map<String, Json>) -> Result<Draft> {
    let mut problems = Vec::new();
    let draft = draft(meta, object, "", &mut problems);
    refuse_if_any(problems).map(|()| draft)
}

/// Reads texts by name of field, as forms and files have them. An empty text empties the field;
/// lists are separated by `;`.
pub(crate) fn from_text<'a>(
    meta: &Arc<Meta>,
    texts: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Result<Draft> {
    let mut problems = Vec::new();
    let mut draft = Draft::new(meta);
    for (name, text) in texts {
        let Some((at, _, field)) = meta.model.fields.get_full(name) else {
            problems.push(unknown(meta, name));
            continue;
        };
        match read_text(field, text.trim()) {
            Ok(value) => draft.put(at, value),
            Err(problem) => problems.push(problem.under(name)),
        }
    }
    refuse_if_any(problems).map(|()| draft)
}

fn draft(
    meta: &Arc<Meta>,
    object: &Map<String, Json>,
    path: &str,
    problems: &mut Vec<Problem>,
) -> Draft {
    let mut draft = Draft::new(meta);
    for (name, json) in object {
        if name == "id" || name == "version" || name.starts_with('_') {
            continue;
        }
        let Some((at, _, field)) = meta.model.fields.get_full(name.as_str()) else {
            problems.push(unknown(meta, name).under(path));
            continue;
        };
        if let Kind::Lines { .. } = field.kind {
            match lines(&draft, at, name, json, (path, problems)) {
                Some(lines) => draft.put_lines(at, lines),
                None => problems.push(wrong(field).under(name).under(path)),
            }
            continue;
        }
        match read_json(field, json).ok_or_else(|| wrong(field)).and_then(|v| held(field, v)) {
            Ok(value) => draft.put(at, value),
            Err(problem) => problems.push(problem.under(name).under(path)),
        }
    }
    draft
}

fn lines(
    draft_of: &Draft,
    at: usize,
    name: &str,
    json: &Json,
    (path, problems): (&str, &mut Vec<Problem>),
) -> Option<Vec<Line>> {
    let of = draft_of.meta.lines_of(at)?;
    let items = json.as_array()?;
    let mut lines = Vec::with_capacity(items.len());
    for (place, item) in items.iter().enumerate() {
        let object = item.as_object()?;
        let own = Problem::new(format!("{name}[{place}]"), "", "").under(path).field;
        let id = match object.get("id") {
            None | Some(Json::Null) => None,
            Some(id) => Some(id_of(id)?),
        };
        lines.push(Line { id, draft: draft(&of.child, object, &own, problems) });
    }
    Some(lines)
}

fn unknown(meta: &Meta, name: &str) -> Problem {
    let message = format!("A {} has no field {name}.", meta.model.label.to_lowercase());
    Problem::new(name, "unknown_field", message)
}

fn wrong(field: &Field) -> Problem {
    let message = format!("{} must be a {}.", field.label, word(&field.kind));
    Problem::new("", "wrong_type", message).arg("type", field.kind.name())
}

/// `None` when the JSON is not of the field's kind.
fn read_json(field: &Field, json: &Json) -> Option<Value> {
    if json.is_null() {
        return Some(Value::Null);
    }
    Some(match &field.kind {
        kind if kind.is_json() => Value::Json(json.clone()),
        Kind::Bool => Value::Bool(json.as_bool()?),
        Kind::Integer | Kind::Duration => Value::Int(match json {
            Json::String(text) => text.parse().ok()?,
            other => other.as_i64()?,
        }),
        kind if kind.scale().is_some() => Value::Decimal(match json {
            Json::String(text) => decimal(text)?,
            Json::Number(number) => decimal(&number.to_string())?,
            _ => return None,
        }),
        Kind::Link { .. } | Kind::File => Value::Link(id_of(json)?),
        Kind::Links { .. } => {
            let ids: Option<Vec<Value>> =
                json.as_array()?.iter().map(|id| id_of(id).map(Value::Link)).collect();
            Value::List(ids?)
        }
        Kind::Tags => {
            let tags = json.as_array()?.iter().map(|tag| tag.as_str().map(Value::from));
            Value::List(tags.collect::<Option<_>>()?)
        }
        Kind::Date => Value::Date(json.as_str()?.parse().ok()?),
        Kind::DateTime => Value::Time(json.as_str()?.parse().ok()?),
        _ => Value::from(json.as_str()?),
    })
}

fn read_text(field: &Field, text: &str) -> std::result::Result<Value, Problem> {
    if text.is_empty() {
        return Ok(Value::Null);
    }
    let parts = || text.split(';').map(str::trim).filter(|part| !part.is_empty());
    let read = match &field.kind {
        Kind::Bool => match text.to_lowercase().as_str() {
            "true" | "yes" | "1" | "on" => Some(Value::Bool(true)),
            "false" | "no" | "0" | "off" => Some(Value::Bool(false)),
            _ => None,
        },
        Kind::Tags => Some(Value::List(parts().map(Value::from).collect())),
        Kind::Links { .. } => {
            let ids = parts().map(|id| id.parse::<AnyId>().ok().map(Value::Link));
            ids.collect::<Option<_>>().map(Value::List)
        }
        Kind::Options { .. } if !text.starts_with(['{', '[']) => {
            Some(Value::Json(parts().map(Json::from).collect()))
        }
        kind if kind.is_json() => serde_json::from_str(text).ok().map(Value::Json),
        Kind::Lines { .. } => None,
        _ => read_json(field, &Json::String(text.to_owned())),
    };
    read.ok_or_else(|| wrong(field)).and_then(|value| held(field, value))
}

/// The value, if a database can hold it: a number not too large, a text without NUL. Asked here, so
/// that whoever computes with it, or looks for it, before it is checked stays within bounds.
fn held(field: &Field, value: Value) -> std::result::Result<Value, Problem> {
    let texts = || value.as_text().into_iter().chain(listed(&value));
    if texts().any(|text| text.contains('\0')) {
        return Err(unprintable(field));
    }
    let (Value::Decimal(number), Some(scale)) = (&value, field.kind.scale()) else {
        return Ok(value);
    };
    if scaled(number.trunc(), u32::from(scale)).is_some() {
        return Ok(value);
    }
    let message = format!("{} is beyond what can be kept.", field.label);
    Err(Problem::new("", "out_of_range", message))
}

fn listed(value: &Value) -> impl Iterator<Item = &str> {
    let items: &[Value] = match value {
        Value::List(items) => items,
        _ => &[],
    };
    items.iter().filter_map(Value::as_text)
}

/// Plain digits; also with an exponent, as programs write very small numbers.
fn decimal(text: &str) -> Option<Decimal> {
    Decimal::from_str_exact(text).or_else(|_| Decimal::from_scientific(text)).ok()
}

fn id_of(json: &Json) -> Option<AnyId> {
    match json {
        Json::String(text) => text.parse().ok(),
        other => other.as_i64().filter(|id| *id > 0).map(AnyId::new),
    }
}
