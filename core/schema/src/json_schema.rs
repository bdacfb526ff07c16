//! The JSON Schema of the TOML, so that editors complete and check it while it is written. It tells
//! the shape only; what is between files (targets, names, expressions) is checked by `load`.
//! A test holds its keys to those that `load` knows.

use serde_json::{Value as Json, json};

use crate::load::keys;
use crate::{Class, field};

/// One schema for all files: which kind a file is, its first key tells.
pub fn json_schema() -> Json {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Fondaco",
        "description": "A model, an extension of one, a module, a role, a report, a dashboard or a document",
        "type": "object",
        "oneOf": [
            { "required": ["model"], "$ref": "#/$defs/model" },
            { "required": ["extends"], "$ref": "#/$defs/extends" },
            { "required": ["module"], "$ref": "#/$defs/module" },
            { "required": ["role"], "$ref": "#/$defs/role" },
            { "required": ["report"], "$ref": "#/$defs/report" },
            { "required": ["dashboard"], "$ref": "#/$defs/dashboard" },
            { "required": ["workflow"], "$ref": "#/$defs/workflow" },
            { "required": ["document"], "$ref": "#/$defs/document" },
        ],
        "$defs": {
            "model": object(&keys::MODEL, &[], model_part),
            "extends": object(&keys::EXTENDS, &[], model_part),
            "module": object(&keys::MODULE, &[], module_part),
            "role": object(&keys::ROLE_FILE, &[], role_part),
            "report": object(&keys::REPORT, &["columns"], report_part),
            "dashboard": object(&keys::DASHBOARD, &["tiles"], dashboard_part),
            "workflow": object(&keys::WORKFLOW, &[], workflow_part),
            "document": object(&keys::DOCUMENT, &[], document_part),
            "facts": { "type": "array", "items": { "oneOf": [
                text("A path, such as company.name"),
                object(&keys::FACT, &["value"], fact_part),
            ] } },
            "printed": { "type": "array", "items": object(&keys::PRINTED_COLUMN, &[], printed_part) },
            "fields": map("#/$defs/field"),
            "field": object(&keys::FIELD, &["type"], field_part),
            "action": object(&keys::ACTION, &[], action_part),
            "grant": object(&keys::GRANT, &[], grant_part),
            "states": object(&keys::STATES, &["values"], states_part),
            "more_states": object(&keys::MORE_STATES, &["values"], states_part),
            "index": index(),
            "role_of_module": object(&keys::ROLE, &[], role_part),
            "choices": choices(),
            "expression": text("An expression (CEL subset), such as total > 0.0"),
            "name": { "type": "string", "pattern": "^[a-z][a-z0-9_]*$", "maxLength": 40 },
            "names": { "type": "array", "items": { "type": "string" } },
            "classes": { "type": "array", "items": { "enum": Class::ALL.map(Class::name) } },
        },
    })
}

/// A table with these keys and no others.
fn object(known: &[&str], required: &[&str], part: fn(&str) -> Json) -> Json {
    let properties: serde_json::Map<String, Json> =
        known.iter().map(|key| ((*key).to_owned(), part(key))).collect();
    json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

fn text(description: &str) -> Json {
    json!({ "type": "string", "description": description })
}

fn flag(description: &str) -> Json {
    json!({ "type": "boolean", "description": description })
}

fn of(definition: &str) -> Json {
    json!({ "$ref": format!("#/$defs/{definition}") })
}

fn map(definition: &str) -> Json {
    json!({
        "type": "object",
        "propertyNames": { "$ref": "#/$defs/name" },
        "additionalProperties": { "$ref": definition },
    })
}

fn model_part(key: &str) -> Json {
    match key {
        "model" => text("Name: the kernel's without a dot, others `module.name`"),
        "extends" => text("The model that this file adds to"),
        "when" => text("Counts only while this module is enabled"),
        "label" => text("What one record is called"),
        "plural" => text("What several are called; label + s when left out"),
        "title" => text("The field that a record is called by"),
        "number" => json!({ "oneOf": [
            text("Template of the document number, such as SO-{year}-{seq:5}"),
            {
                "description": "By the value of a required choice field",
                "type": "object",
                "minProperties": 1,
                "maxProperties": 1,
                "additionalProperties": {
                    "type": "object",
                    "additionalProperties": text("Template of the document number"),
                },
            },
        ] }),
        "shared" => flag("One set of records for all companies"),
        "help" => text("What it is for"),
        "fields" => of("fields"),
        "states" => of("states"),
        "actions" => map("#/$defs/action"),
        "access" => map("#/$defs/grant"),
        "indexes" => map("#/$defs/index"),
        _ => json!({ "type": "object", "properties": views() }),
    }
}

fn views() -> Json {
    let views = keys::VIEWS.iter();
    let views = views.map(|view| ((*view).to_owned(), json!({ "type": "object" })));
    Json::Object(views.collect())
}

fn field_part(key: &str) -> Json {
    match key {
        "type" => json!({ "enum": keys::TYPES, "description": "What it holds" }),
        "label" => text("What it is called; its name when left out"),
        "help" => text("What it is for"),
        "required" => flag("A record without it is refused"),
        "unique" => flag("No two records of a company have the same"),
        "readonly" => flag("Not written from outside"),
        "search" => flag("Found by full-text search"),
        "index" => flag("Lists are often filtered or sorted by it"),
        "stored" => flag("With compute: kept in the database; reads own fields and lines only"),
        "default" | "compute" => json!({
            "description": "An expression; a text in it is quoted: \"'x'\"",
            "type": ["string", "boolean", "number"],
        }),
        "min" | "max" => json!({ "type": "number" }),
        "scale" => json!({ "type": "integer", "minimum": 0, "maximum": 10 }),
        "pattern" => text("A regular expression that the whole text must match"),
        "class" => json!({ "enum": Class::ALL.map(Class::name), "description": "Who may read it" }),
        "values" => of("choices"),
        "to" => text("The model that the link leads to"),
        "of" => text("The model of the lines"),
        "by" => text("The lines' link back; needed when they have several"),
        "rows" => object(&keys::ARGUMENT_ROWS, &keys::ARGUMENT_ROWS, |key| match key {
            "of" => text("The lines of the record that an action is told about"),
            _ => json!({
                "type": "object",
                "description": "Fields of the lines, each with that whose value stands there at first",
                "additionalProperties": { "type": "string" },
            }),
        }),
        "product" => text("The link to the product whose options are chosen"),
        _ => text("The field's name in an earlier version"),
    }
}

fn action_part(key: &str) -> Json {
    match key {
        "from" => json!({ "$ref": "#/$defs/names", "description": "States it starts from; any" }),
        "to" => text("The state it leads to"),
        "require" => of("expression"),
        "refusal" => text("What to answer when require is not true"),
        "args" => of("fields"),
        "number" => flag("Draws the document number"),
        "internal" => flag("Only for Rust: not offered by the API"),
        key => text(&field::label_of(key)),
    }
}

fn grant_part(key: &str) -> Json {
    match key {
        "actions" => json!({
            "description": "Names of actions, or a table of conditions by name",
            "oneOf": [of("names"), map("#/$defs/expression")],
        }),
        _ => of("expression"),
    }
}

fn states_part(key: &str) -> Json {
    match key {
        "values" => of("choices"),
        "open" => of("names"),
        _ => text("The state of a new record"),
    }
}

fn workflow_part(key: &str) -> Json {
    match key {
        "workflow" => text("The model whose states and actions are changed"),
        "states" => of("more_states"),
        _ => map("#/$defs/action"),
    }
}

fn role_part(key: &str) -> Json {
    match key {
        "includes" => of("names"),
        "classes" | "write_classes" => of("classes"),
        "grants" => json!({ "type": "object", "additionalProperties": of("grant") }),
        "role" => of("name"),
        key => text(&field::label_of(key)),
    }
}

fn module_part(key: &str) -> Json {
    match key {
        "module" => of("name"),
        "menu" => json!({
            "type": "array",
            "items": object(&keys::MENU, &[], |key| text(&field::label_of(key))),
        }),
        "roles" => map("#/$defs/role_of_module"),
        "separate" => json!({
            "type": "array",
            "items": object(&keys::SEPARATE, &["roles"], |key| match key {
                "roles" => json!({ "$ref": "#/$defs/names", "minItems": 2, "maxItems": 2 }),
                _ => text("Why one person must not hold both"),
            }),
        }),
        "version" => text("Version of the module, such as 1.0.0"),
        "needs" => json!({
            "type": "object",
            "description": "Modules that must be switched on too, each with its versions",
            "additionalProperties": text("Versions, such as >=1.2, <2"),
        }),
        "kernel" => text("Versions of the kernel it works with, such as >=0.1, <0.2"),
        key => text(&field::label_of(key)),
    }
}

fn report_part(key: &str) -> Json {
    match key {
        "roles" => of("names"),
        "params" => of("fields"),
        "columns" => json!({
            "type": "array",
            "items": object(&keys::COLUMN, &["name"], |key| match key {
                "name" => of("name"),
                "opens" => object(&keys::OPENS, &[], |key| match key {
                    "report" => text("Another report"),
                    "with" => json!({
                        "type": "object",
                        "description": "Its parameters, each from a column or a parameter of this report",
                        "additionalProperties": { "type": "string" },
                    }),
                    _ => text("A column"),
                }),
                "hidden" => json!({ "type": "boolean" }),
                "values_of" => text("A choice whose values its texts are, such as account.kind"),
                key => field_part(key),
            }),
        }),
        "words" => of("names"),
        "group" => text("A column whose value stands once above its rows"),
        "indent" => text("A column of whole numbers: how far in a row stands"),
        "sums_without" => text("Rows that have nothing in this column are sums"),
        "compare" => object(&keys::COMPARE, &["by", "dates", "figures"], |_| of("names")),
        "rows" => object(&keys::ROWS, &["of"], |key| match key {
            "of" => text("The model whose records are the rows, for a report without Rust"),
            "filter" => text("A condition in the expression language"),
            _ => of("names"),
        }),
        "chart" => object(&keys::CHART, &["kind", "x", "y"], |key| match key {
            "kind" => json!({ "enum": keys::CHARTS }),
            "y" => json!({ "oneOf": [{ "type": "string" }, of("names")] }),
            _ => text("A column"),
        }),
        key => text(&field::label_of(key)),
    }
}

fn dashboard_part(key: &str) -> Json {
    match key {
        "roles" => of("names"),
        "tiles" => json!({
            "type": "array",
            "items": object(&keys::TILE, &["kind", "label"], |key| match key {
                "kind" => json!({ "enum": keys::TILES }),
                "wide" => json!({ "type": "boolean" }),
                "filter" => of("expression"),
                "limit" => json!({ "type": "integer", "minimum": 1, "maximum": 20 }),
                "period" => json!({ "enum": crate::dashboard::Period::ALL.map(|(name, _)| name) }),
                "columns" | "sort" => of("names"),
                key => text(&field::label_of(key)),
            }),
        }),
        key => text(&field::label_of(key)),
    }
}

fn document_part(key: &str) -> Json {
    match key {
        "when" | "draft" => json!({ "type": "object", "additionalProperties": of("names") }),
        "page" => object(&keys::PAGE, &[], page_part),
        "letterhead" => of("facts"),
        "footer" => json!({ "type": "array", "items": of("facts") }),
        "address" => object(&keys::ADDRESS, &["party"], |key| match key {
            "facts" => of("facts"),
            "kinds" => of("names"),
            _ => text("Path to the party"),
        }),
        "blocks" => {
            json!({ "type": "array", "items": object(&keys::BLOCK, &["kind"], block_part) })
        }
        "of" => text("The model whose records it shows"),
        key => text(&field::label_of(key)),
    }
}

fn page_part(key: &str) -> Json {
    match key {
        "size" => json!({ "enum": crate::template::SHEETS.map(|(name, _)| name) }),
        "font" => text("A family of fonts"),
        "colour" => json!({ "type": "string", "pattern": "^#[0-9a-fA-F]{6}$" }),
        "font_size" => json!({ "type": "number", "description": "Points" }),
        _ => json!({ "type": "number", "description": "Millimetres" }),
    }
}

fn block_part(key: &str) -> Json {
    match key {
        "kind" => json!({ "enum": keys::BLOCKS }),
        "soft" => flag("Small and grey"),
        "rows" => of("facts"),
        "columns" => of("printed"),
        "labels" => of("names"),
        "lines" => text("A field of kind lines"),
        "value" => text("Path to the text"),
        "summary" => object(&keys::SUMMARY, &["lines", "columns"], block_part),
        key => text(&field::label_of(key)),
    }
}

fn fact_part(key: &str) -> Json {
    match key {
        "strong" => flag("Larger and bold"),
        "currency" => flag("With the code of the currency"),
        "value" => text("A path, such as customer.tax_number or company.name"),
        key => text(&field::label_of(key)),
    }
}

fn printed_part(key: &str) -> Json {
    match key {
        "count" => flag("The number of the line"),
        "optional" => flag("Left out when no line has anything there"),
        "carry" => flag("Summed up at the end of a page and carried forward"),
        "price" => flag("With at least the decimals of the currency"),
        "width" => json!({ "type": "number", "description": "Millimetres; else what is left" }),
        "label" => text("What stands above it"),
        _ => text("A path from the line"),
    }
}

fn index() -> Json {
    json!({
        "oneOf": [
            of("names"),
            object(&keys::INDEX, &["fields"], |key| match key {
                "fields" => of("names"),
                _ => flag("No two records have the same in all of them"),
            }),
        ],
    })
}

fn choices() -> Json {
    json!({
        "type": "array",
        "minItems": 1,
        "items": {
            "oneOf": [
                { "type": "string" },
                object(&keys::CHOICE, &["value"], |key| text(&field::label_of(key))),
            ],
        },
    })
}
