//! The JSON Schema tells what `load` reads.

use serde_json::Value as Json;

use super::WORLD;
use crate::json_schema;

/// Follows the tables of a text through the schema: the first key that it does not know.
fn unknown(schema: &Json, at: &Json, value: &toml::Value, path: &str) -> Option<String> {
    let at = match at["$ref"].as_str() {
        Some(to) => schema.pointer(to.trim_start_matches('#'))?,
        None => at,
    };
    if let Some(choices) = at["oneOf"].as_array() {
        let mut tried = choices.iter().map(|choice| unknown(schema, choice, value, path));
        return if tried.any(|found| found.is_none()) { None } else { Some(path.to_owned()) };
    }
    let fits = match (at["type"].as_str(), value) {
        (Some("object"), value) => value.is_table(),
        (Some("array"), value) => value.is_array(),
        (Some("string"), value) => value.is_str(),
        (Some("boolean"), value) => value.is_bool(),
        _ => true,
    };
    if !fits {
        return Some(path.to_owned());
    }
    for (key, value) in value.as_table().into_iter().flatten() {
        let path = format!("{path}/{key}");
        let below = match (&at["properties"][key], &at["additionalProperties"]) {
            (Json::Null, Json::Bool(false)) => return Some(path),
            (Json::Null, below) | (below, _) => below,
        };
        if let Some(found) = unknown(schema, below, value, &path) {
            return Some(found);
        }
    }
    let items = value.as_array().into_iter().flatten();
    items.into_iter().find_map(|item| unknown(schema, &at["items"], item, path))
}

#[test]
fn it_knows_the_small_world() {
    let schema = json_schema();
    for (path, text) in WORLD {
        let value: toml::Value = toml::from_str(text).unwrap();
        let kind = ["model", "extends", "module", "role", "report"]
            .into_iter()
            .find(|kind| value.get(kind).is_some())
            .unwrap();
        let found = unknown(&schema, &schema["$defs"][kind], &value, path);
        assert_eq!(found, None);
    }
}

#[test]
fn it_refuses_an_unknown_key() {
    let schema = json_schema();
    let value: toml::Value = toml::from_str("model = 'a'\n[fields]\nb = { typ = 'text' }").unwrap();
    let found = unknown(&schema, &schema["$defs"]["model"], &value, "");
    assert_eq!(found.as_deref(), Some("/fields/b/typ"));
}

#[test]
fn numbers_go_by_one_template_or_by_a_choice() {
    let schema = json_schema();
    for (text, fits) in [
        ("model = 'a'\nnumber = 'A-{seq}'", true),
        ("model = 'a'\n[number.kind]\none = 'A-{seq}'", true),
        ("model = 'a'\n[number]\nkind = 'A-{seq}'", false),
        ("model = 'a'\nnumber = 5", false),
    ] {
        let value: toml::Value = toml::from_str(text).unwrap();
        let found = unknown(&schema, &schema["$defs"]["model"], &value, "");
        assert_eq!(found.is_none(), fits, "{text}");
    }
}

#[test]
fn all_references_lead_somewhere() {
    fn visit(schema: &Json, at: &Json) {
        if let Some(to) = at["$ref"].as_str() {
            assert!(schema.pointer(to.trim_start_matches('#')).is_some(), "{to}");
        }
        let below = at.as_array().into_iter().flatten();
        below
            .chain(at.as_object().into_iter().flat_map(|of| of.values()))
            .for_each(|below| visit(schema, below));
    }
    let schema = json_schema();
    visit(&schema, &schema);
}
