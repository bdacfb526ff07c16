//! Plugins over HTTP, for administrators: what there is, what each may, and every verb of its life. A
//! package is sent as the body; everything else is JSON.

use std::collections::{BTreeMap, HashMap};

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use fondaco_kernel::plugins::lifecycle::{self, Grant, InstallPlan, Standing, Wanted};
use fondaco_kernel::plugins::specimen;
use fondaco_kernel::plugins::telling::{self, Replayed, ShadowReport};
use fondaco_kernel::values::AnyId;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::App;
use crate::api::id_of;
use crate::caller::Caller;
use crate::problem::Refusal;

type Stands = Result<Json<Standing>, Refusal>;

pub(crate) async fn index(
    State(app): State<App>,
    Caller(ctx): Caller,
) -> Result<Json<Value>, Refusal> {
    let all = lifecycle::list(&app.kernel, &ctx).await?;
    Ok(Json(json!({ "items": all })))
}

/// The body is a package. `?dry=true` only says what it would come to.
pub(crate) async fn install(
    State(app): State<App>,
    Caller(ctx): Caller,
    Query(given): Query<HashMap<String, String>>,
    body: Bytes,
) -> Result<Response, Refusal> {
    let (kernel, package) = (&app.kernel, body.to_vec());
    if given.get("dry").is_some_and(|dry| dry == "true") {
        let plan = lifecycle::examine(kernel, &ctx, package).await?;
        return Ok(Json(plan).into_response());
    }
    let plan = lifecycle::install(kernel, &ctx, package).await?;
    Ok((StatusCode::CREATED, Json(plan)).into_response())
}

pub(crate) async fn one(
    State(app): State<App>,
    Caller(ctx): Caller,
    Path(id): Path<String>,
) -> Stands {
    Ok(Json(lifecycle::one(&app.kernel, &ctx, &id).await?))
}

/// What it may, beside what was granted before. `?version=1.4.0`, else the newest.
pub(crate) async fn plan(
    State(app): State<App>,
    Caller(ctx): Caller,
    Path(id): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<InstallPlan>, Refusal> {
    let read = app.kernel.read(&ctx, move |tx| {
        let (id, version) = (id.clone(), wanted.version.clone());
        Box::pin(async move { lifecycle::plan(tx, &id, version.as_deref()).await })
    });
    Ok(Json(read.await?))
}

/// Who changed what of it.
pub(crate) async fn history(
    State(app): State<App>,
    Caller(ctx): Caller,
    Path(id): Path<String>,
) -> Result<Json<Value>, Refusal> {
    let read = app.kernel.read(&ctx, move |tx| {
        let id = id.clone();
        Box::pin(async move { lifecycle::history(tx, &id).await })
    });
    Ok(Json(json!({ "items": read.await? })))
}

/// The last calls that were kept. `?outcome=deadline` for those alone.
pub(crate) async fn calls(
    State(app): State<App>,
    Caller(ctx): Caller,
    Path(id): Path<String>,
    Query(given): Query<HashMap<String, String>>,
) -> Result<Json<Value>, Refusal> {
    let only = given.get("outcome").cloned();
    let read = app.kernel.read(&ctx, move |tx| {
        let (id, only) = (id.clone(), only.clone());
        Box::pin(async move { telling::calls(tx, &id, only.as_deref()).await })
    });
    Ok(Json(json!({ "items": read.await? })))
}

/// One of them, without what is not for everybody.
pub(crate) async fn call(
    State(app): State<App>,
    Caller(ctx): Caller,
    Path((id, call)): Path<(String, String)>,
) -> Result<Json<Value>, Refusal> {
    let call = id_of("call of a plugin", &call)?;
    let read = app.kernel.read(&ctx, move |tx| {
        let id = id.clone();
        Box::pin(async move { telling::call(tx, &id, call).await })
    });
    Ok(Json(read.await?))
}

pub(crate) async fn replay(
    State(app): State<App>,
    Caller(ctx): Caller,
    Path((id, call)): Path<(String, String)>,
) -> Result<Json<Replayed>, Refusal> {
    let call = id_of("call of a plugin", &call)?;
    Ok(Json(telling::replay(&app.kernel, &ctx, &id, call).await?))
}

/// The call as a fixture for `fondaco plugin test`.
pub(crate) async fn fixture(
    State(app): State<App>,
    Caller(ctx): Caller,
    Path((id, call)): Path<(String, String)>,
) -> Result<Response, Refusal> {
    let call = id_of("call of a plugin", &call)?;
    Ok(as_file(call, specimen::fixture_of(&app.kernel, &ctx, &id, call).await?))
}

/// A fixture under the name of its call.
pub(crate) fn as_file(call: AnyId, text: String) -> Response {
    let mut response = text.into_response();
    let headers = response.headers_mut();
    let kind = HeaderValue::from_static("application/toml; charset=utf-8");
    headers.insert(header::CONTENT_TYPE, kind);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let name = HeaderValue::try_from(format!("attachment; filename=\"call-{call}.toml\""));
    if let Ok(name) = name {
        headers.insert(header::CONTENT_DISPOSITION, name);
    }
    response
}

/// How its shadows did.
pub(crate) async fn shadow(
    State(app): State<App>,
    Caller(ctx): Caller,
    Path(id): Path<String>,
) -> Result<Json<ShadowReport>, Refusal> {
    let read = app.kernel.read(&ctx, move |tx| {
        let id = id.clone();
        Box::pin(async move { telling::shadow_report(tx, &id).await })
    });
    Ok(Json(read.await?))
}

/// What a verb is told; nothing = its defaults.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Purge {
    purge: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Recording {
    on: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    settings: BTreeMap<String, Option<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Secret {
    name: String,
    /// `None` takes it away.
    value: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Key {
    key: String,
}

/// One verb: `POST /api/plugins/{id}/{verb}`.
pub(crate) async fn act(
    State(app): State<App>,
    Caller(ctx): Caller,
    Path((id, verb)): Path<(String, String)>,
    body: Bytes,
) -> Result<Response, Refusal> {
    // First: who may not is not told what is wrong with his request.
    lifecycle::may_change(&ctx)?;
    let kernel = &app.kernel;
    let stands = match verb.as_str() {
        "grant" => lifecycle::grant(kernel, &ctx, &id, said::<Grant>(&body)?).await,
        "settings" => lifecycle::set(kernel, &ctx, &id, said::<Settings>(&body)?.settings).await,
        "enable" => lifecycle::enable(kernel, &ctx, &id, said::<Wanted>(&body)?.version).await,
        "record" => lifecycle::record(kernel, &ctx, &id, said::<Recording>(&body)?.on).await,
        "rollback" => lifecycle::rollback(kernel, &ctx, &id).await,
        "disable" => lifecycle::disable(kernel, &ctx, &id).await,
        "uninstall" => {
            let purge = said::<Purge>(&body)?.purge;
            lifecycle::uninstall(kernel, &ctx, &id, purge).await?;
            return Ok(StatusCode::NO_CONTENT.into_response());
        }
        "secret" => {
            let Secret { name, value } = said(&body)?;
            lifecycle::secret(kernel, &ctx, &id, (name, value)).await?;
            return Ok(StatusCode::NO_CONTENT.into_response());
        }
        // Of a publisher: the word before the dot.
        "trust" => {
            lifecycle::trust(kernel, &ctx, &id, &said::<Key>(&body)?.key).await?;
            return Ok(StatusCode::NO_CONTENT.into_response());
        }
        other => {
            let verbs = "grant, settings, secret, enable, shadow, record, rollback, disable, uninstall, trust";
            let message = format!("`{other}` is nothing that is done with a plugin: {verbs}.");
            return Err(Refusal::bad("verb", "unknown", message));
        }
    };
    Ok(Json(stands?).into_response())
}

/// Runs a version beside the one in force; none where the body names none.
pub(crate) async fn shadow_of(
    State(app): State<App>,
    Caller(ctx): Caller,
    Path(id): Path<String>,
    body: Bytes,
) -> Stands {
    lifecycle::may_change(&ctx)?;
    let version = said::<Wanted>(&body)?.version;
    Ok(Json(lifecycle::shadow(&app.kernel, &ctx, &id, version).await?))
}

/// The body as JSON; an empty one is an empty object.
fn said<T: serde::de::DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    let body = if body.iter().all(u8::is_ascii_whitespace) { b"{}" } else { body };
    serde_json::from_slice(body)
        .map_err(|error| Refusal::bad("body", "unreadable", format!("The body: {error}.")))
}

/// What of it stands in the OpenAPI document, for administrators.
pub(crate) fn paths(into: &mut serde_json::Map<String, Value>) {
    let text = json!({ "type": "string" });
    let answer = |what: &str| json!({ "200": { "description": what } });
    let parameter =
        |name: &str| json!({ "name": name, "in": "path", "required": true, "schema": text });
    let get = |summary: &str| json!({ "get": { "summary": summary, "tags": ["plugins"], "responses": answer(summary) } });
    let package = json!({ "required": true, "content": { "application/octet-stream": {} } });
    let mut all = get("Plugins and their versions");
    all["post"] = json!({
        "summary": "Install a package; with ?dry=true only say what it may",
        "tags": ["plugins"],
        "parameters": [{ "name": "dry", "in": "query", "schema": { "type": "boolean" } }],
        "requestBody": package,
        "responses": { "201": { "description": "What it may" } },
    });
    into.insert("/api/plugins".to_owned(), all);
    for (part, summary) in [
        ("", "One plugin"),
        ("/plan", "What it may, beside what was granted before"),
        ("/history", "Who changed what of it"),
        ("/shadow", "How the version beside the one in force does"),
        ("/calls", "The last calls that were kept"),
        ("/calls/{call}", "One call, without what is not for everybody"),
        ("/calls/{call}/fixture", "The same as TOML for `fondaco plugin test`"),
    ] {
        let mut path = get(summary);
        let names =
            ["id", "call"].into_iter().filter(|name| *name == "id" || part.contains("{call}"));
        path["parameters"] = names.map(parameter).collect();
        into.insert(format!("/api/plugins/{{id}}{part}"), path);
    }
    let replay = json!({
        "summary": "Make a call once more and compare what it says",
        "tags": ["plugins"],
        "responses": answer("Whether it says the same"),
    });
    let both = json!([parameter("id"), parameter("call")]);
    let path = json!({ "parameters": both, "post": replay });
    into.insert("/api/plugins/{id}/calls/{call}/replay".to_owned(), path);
    for (verb, summary, fields) in verbs() {
        let body = json!({ "type": "object", "properties": fields });
        let post = json!({
            "summary": summary,
            "tags": ["plugins"],
            "requestBody": { "content": { "application/json": { "schema": body } } },
            "responses": answer("How it stands now"),
        });
        let path = into.entry(format!("/api/plugins/{{id}}/{verb}"));
        let path = path.or_insert_with(|| json!({ "parameters": [parameter("id")] }));
        path["post"] = post;
    }
}

/// Each verb, what it does, and what it is told.
fn verbs() -> Vec<(&'static str, &'static str, Value)> {
    let text = json!({ "type": "string" });
    let version = json!({ "version": text });
    vec![
        (
            "grant",
            "Accept what a version asks for",
            json!({
                "version": text, "capabilities": {}, "limits": {}, "runs_as": {},
                "on_failure": { "type": "object" }, "settings": { "type": "object" },
            }),
        ),
        (
            "settings",
            "Change settings; null goes back to the default",
            json!({ "settings": { "type": "object" } }),
        ),
        ("secret", "Set a secret; null takes it away", json!({ "name": text, "value": text })),
        ("enable", "Put a version in force", version.clone()),
        ("shadow", "Run a version beside the one in force; without one, none", version),
        ("record", "Keep every call", json!({ "on": { "type": "boolean" } })),
        ("rollback", "Go back to the version before", json!({})),
        ("disable", "Take it out of force", json!({})),
        ("uninstall", "Remove its versions", json!({ "purge": { "type": "boolean" } })),
        ("trust", "Pin the key of a publisher (his word is the id)", json!({ "key": text })),
    ]
}
