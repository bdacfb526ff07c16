//! The OpenAPI document of everything that the caller may use, made from the schema: a new field or
//! model is in it as soon as its TOML is. What he may not see is not in it.

use axum::Json;
use axum::extract::State;
use fondaco_kernel::Ctx;
use fondaco_kernel::dashboards;
use fondaco_kernel::permissions::{self, Right};
use fondaco_kernel::plugins::lifecycle;
use fondaco_kernel::reports::Against;
use fondaco_kernel::schema::{Action, Field, Kind, Model, Schema};
use fondaco_kernel::values::limits;
use serde_json::{Map, Value, json};

use crate::caller::Caller;
use crate::{App, desk, plugins};

pub(crate) async fn document(State(app): State<App>, Caller(ctx): Caller) -> Json<Value> {
    let registry = app.kernel.seen_by(&ctx);
    Json(of(&ctx, &registry.schema))
}

fn of(ctx: &Ctx, schema: &Schema) -> Value {
    let mut paths = Map::new();
    let mut schemas = Map::new();
    schemas.insert("Problem".to_owned(), problem());
    for model in schema.models.values() {
        let readable = permissions::may(ctx, permissions::document(schema, model), Right::Read);
        if !readable {
            continue;
        }
        schemas.insert(model.name.clone(), record(ctx, schema, model));
        if !model.is_line() {
            add_paths(ctx, model, &mut paths);
            add_documents(schema, model, &mut paths);
        }
    }
    for report in schema.reports.values().filter(|r| permissions::may_run_report(ctx, r)) {
        let mut params: Vec<Value> = report.params.values().map(query_parameter).collect();
        if report.compare.is_some() {
            let periods = Against::ALL.map(|(name, _)| name);
            params.push(json!({ "name": "against", "in": "query", "required": false,
                "description": "The period that it is held against: figures get `_before` and `_change` beside them.",
                "schema": { "type": "string", "enum": periods } }));
        }
        let operation = json!({
            "summary": report.label,
            "tags": ["reports"],
            "parameters": params,
            "responses": { "200": { "description": "Columns, rows and totals" } },
        });
        paths.insert(format!("/api/reports/{}", report.name), json!({ "get": operation }));
    }
    for dashboard in dashboards::of_caller(ctx, schema) {
        let operation = json!({
            "summary": dashboard.label,
            "tags": ["dashboards"],
            "responses": { "200": { "description": "Tiles with their figures" } },
        });
        paths.insert(format!("/api/dashboards/{}", dashboard.name), json!({ "get": operation }));
    }
    if lifecycle::may_look(ctx) {
        plugins::paths(&mut paths);
    }
    if permissions::is_administrator(ctx) {
        desk::paths(&mut paths);
    }
    json!({
        "openapi": "3.1.0",
        "info": { "title": "Fondaco", "version": env!("CARGO_PKG_VERSION") },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "token": { "type": "http", "scheme": "bearer" },
                "session": { "type": "apiKey", "in": "cookie", "name": "__Host-fondaco" },
            },
        },
        "security": [{ "token": [] }, { "session": [] }],
    })
}

fn add_paths(ctx: &Ctx, model: &Model, paths: &mut Map<String, Value>) {
    let reference = json!({ "$ref": format!("#/components/schemas/{}", model.name) });
    let may = |right| permissions::may(ctx, model, right);
    let mut all = Map::new();
    all.insert("get".to_owned(), list(model, &reference));
    if may(Right::Create) {
        all.insert("post".to_owned(), write(model, "New", &reference, "201"));
    }
    paths.insert(format!("/api/{}", model.name), Value::Object(all));

    paths.insert(format!("/api/{}/totals", model.name), json!({ "get": totals(model) }));
    if may(Right::Create) || may(Right::Write) {
        let summary = "What it would be: nothing is kept";
        let outlook = operation(model, summary, answer("200", &json!({ "type": "object" })));
        paths.insert(format!("/api/{}/outlook", model.name), json!({ "post": outlook }));
    }

    let mut one = Map::new();
    one.insert("parameters".to_owned(), json!([id_parameter()]));
    one.insert("get".to_owned(), read(model, &reference));
    if may(Right::Write) {
        one.insert("patch".to_owned(), write(model, "Change", &reference, "200"));
    }
    if may(Right::Delete) {
        let gone = json!({ "204": { "description": "Deleted" }, "default": refused() });
        let summary = format!("Delete {}", model.label.to_lowercase());
        one.insert("delete".to_owned(), operation(model, &summary, gone));
    }
    paths.insert(format!("/api/{}/{{id}}", model.name), Value::Object(one));

    for (part, summary) in
        [("history", "Who changed what"), ("timeline", "Notes, activities, files")]
    {
        let found = answer("200", &json!({ "type": "object" }));
        let get = operation(model, summary, found);
        let path = format!("/api/{}/{{id}}/{part}", model.name);
        paths.insert(path, json!({ "parameters": [id_parameter()], "get": get }));
    }

    for action in model.actions.values().filter(|a| !a.internal && may(Right::Act(&a.name))) {
        let path = format!("/api/{}/{{id}}/{}", model.name, action.name);
        let post = act(model, action, &reference);
        paths.insert(path, json!({ "parameters": [id_parameter()], "post": post }));
    }
}

/// What is printed of its records.
fn add_documents(schema: &Schema, model: &Model, paths: &mut Map<String, Value>) {
    for document in schema.documents.values().filter(|own| own.of == model.name) {
        let language = json!({
            "name": "language", "in": "query", "schema": { "type": "string" },
            "description": "Empty: that of whom it goes to",
        });
        let file =
            json!({ "application/pdf": { "schema": { "type": "string", "format": "binary" } } });
        let summary = format!("{} as PDF", document.label);
        let done = json!({ "200": { "description": "The document", "content": file }, "default": refused() });
        let mut get = operation(model, &summary, done);
        get["parameters"] = json!([language]);
        let path = format!("/api/{}/{{id}}/document/{}.pdf", model.name, document.name);
        paths.insert(path, json!({ "parameters": [id_parameter()], "get": get }));
    }
}

fn totals(model: &Model) -> Value {
    let found = answer("200", &json!({ "type": "object" }));
    let mut get = operation(model, "How many there are and what they come to", found);
    let text = |name: &str, help: &str| json!({ "name": name, "in": "query", "description": help, "schema": { "type": "string" } });
    get["parameters"] = json!([
        text(
            "by",
            "A field whose values tell the groups apart; days count by month, or as in ordered_on.quarter, ordered_on.year"
        ),
        text("across", "A second one: a group for each pair of values"),
        text("sums", "Number fields to be summed up, separated by commas"),
        text("filter", "A condition, as of the list"),
        text("search", "Words to look for"),
    ]);
    get
}

fn operation(model: &Model, summary: &str, responses: Value) -> Value {
    json!({ "summary": summary, "tags": [model.name], "responses": responses })
}

fn list(model: &Model, reference: &Value) -> Value {
    let page = json!({
        "type": "object",
        "properties": {
            "items": { "type": "array", "items": reference },
            "next": { "type": ["string", "null"] },
            "count": {
                "type": ["object", "null"],
                "properties": {
                    "number": { "type": "integer" },
                    "capped": { "type": "boolean", "description": "There are more" },
                },
            },
        },
    });
    let mut list = operation(model, &model.plural, answer("200", &page));
    let text = |name: &str, help: &str| json!({ "name": name, "in": "query", "description": help, "schema": { "type": "string" } });
    let limit = json!({
        "name": "limit", "in": "query",
        "schema": { "type": "integer", "minimum": 1, "maximum": limits::PAGE_SIZE_MAX },
    });
    list["parameters"] = json!([
        text("filter", "A condition, such as: state == 'draft' && total > 100.0"),
        text("sort", "Fields, - for descending: -created_at,number"),
        text("search", "Words to look for"),
        text("fields", "Only these fields, separated by commas"),
        text("expand", "Links and lines to give along, separated by commas"),
        text("after", "Where the last page ended (its `next`)"),
        text("count", "true: also say how many there are, up to a limit"),
        limit,
    ]);
    list
}

fn read(model: &Model, reference: &Value) -> Value {
    operation(model, &format!("One {}", model.label.to_lowercase()), answer("200", reference))
}

fn write(model: &Model, verb: &str, reference: &Value, status: &str) -> Value {
    let summary = format!("{verb} {}", model.label.to_lowercase());
    let mut write = operation(model, &summary, answer(status, reference));
    write["requestBody"] =
        json!({ "required": true, "content": { "application/json": { "schema": reference } } });
    write
}

fn act(model: &Model, action: &Action, reference: &Value) -> Value {
    let args: Map<String, Value> =
        action.args.values().map(|arg| (arg.name.clone(), value(arg))).collect();
    let required: Vec<&str> =
        action.args.values().filter(|a| a.required).map(|a| a.name.as_str()).collect();
    let body = json!({ "type": "object", "properties": args, "required": required });
    let done = json!({
        "type": "object",
        "properties": { "record": reference, "message": { "type": ["string", "null"] } },
    });
    let mut act = operation(model, &action.label, answer("200", &done));
    act["description"] = json!(action.help);
    act["requestBody"] = json!({ "content": { "application/json": { "schema": body } } });
    act
}

fn answer(status: &str, schema: &Value) -> Value {
    let mut responses = Map::new();
    let content = json!({ "application/json": { "schema": schema } });
    responses.insert(status.to_owned(), json!({ "description": "Done", "content": content }));
    responses.insert("default".to_owned(), refused());
    Value::Object(responses)
}

fn refused() -> Value {
    let schema = json!({ "$ref": "#/components/schemas/Problem" });
    json!({
        "description": "Refused, with every problem",
        "content": { "application/problem+json": { "schema": schema } },
    })
}

fn problem() -> Value {
    let one = json!({
        "type": "object",
        "properties": {
            "field": { "type": "string" },
            "code": { "type": "string" },
            "message": { "type": "string" },
            "args": { "type": "object" },
        },
    });
    json!({
        "type": "object",
        "properties": {
            "type": { "type": "string" },
            "title": { "type": "string" },
            "status": { "type": "integer" },
            "detail": { "type": "string" },
            "errors": { "type": "array", "items": one },
        },
    })
}

fn id_parameter() -> Value {
    json!({ "name": "id", "in": "path", "required": true, "schema": { "type": "string" } })
}

fn query_parameter(field: &Field) -> Value {
    json!({
        "name": field.name, "in": "query", "required": field.required,
        "description": field.help, "schema": value(field),
    })
}

/// The fields of a model that the caller may read.
fn record(ctx: &Ctx, schema: &Schema, model: &Model) -> Value {
    let shown = model.fields.values().filter(|f| permissions::may_read_field(ctx, schema, f));
    let properties: Map<String, Value> =
        shown.map(|field| (field.name.clone(), value(field))).collect();
    let required: Vec<&str> = model
        .fields
        .values()
        .filter(|f| f.required && f.default.is_none() && !f.readonly)
        .filter(|f| properties.contains_key(&f.name))
        .map(|f| f.name.as_str())
        .collect();
    json!({
        "type": "object",
        "title": model.label,
        "description": model.help,
        "properties": properties,
        "required": required,
    })
}

fn value(field: &Field) -> Value {
    let mut value = kind(&field.kind);
    value["title"] = json!(field.label);
    if !field.help.is_empty() {
        value["description"] = json!(field.help);
    }
    if field.readonly {
        value["readOnly"] = json!(true);
    }
    if let Some(pattern) = &field.pattern {
        value["pattern"] = json!(format!("^(?:{pattern})$"));
    }
    value
}

fn kind(kind: &Kind) -> Value {
    match kind {
        Kind::Text | Kind::LongText | Kind::Phone => json!({ "type": "string" }),
        Kind::Email => json!({ "type": "string", "format": "email" }),
        Kind::Url => json!({ "type": "string", "format": "uri" }),
        Kind::Integer => json!({ "type": "integer" }),
        Kind::Duration => json!({ "type": "integer", "description": "Seconds" }),
        Kind::Decimal { .. } | Kind::Money | Kind::Percent => {
            json!({ "type": "string", "format": "decimal" })
        }
        Kind::Bool => json!({ "type": "boolean" }),
        Kind::Date => json!({ "type": "string", "format": "date" }),
        Kind::DateTime => json!({ "type": "string", "format": "date-time" }),
        Kind::Choice { values } => {
            let values: Vec<&str> = values.iter().map(|choice| choice.value.as_str()).collect();
            json!({ "type": "string", "enum": values })
        }
        Kind::Link { to } => json!({ "type": "string", "format": "id", "x-link": to }),
        Kind::File => json!({ "type": "string", "format": "id", "x-link": "attachment" }),
        Kind::Links { to } => {
            json!({ "type": "array", "items": { "type": "string", "x-link": to } })
        }
        Kind::Lines { of, .. } => {
            let reference = format!("#/components/schemas/{of}");
            json!({ "type": "array", "items": { "$ref": reference } })
        }
        Kind::Tags => json!({ "type": "array", "items": { "type": "string" } }),
        Kind::Json | Kind::Options { .. } => json!({}),
    }
}
