//! What an administrator does over HTTP beside records: jobs, the audit, roles with their rights, why
//! somebody may do something, one-time codes; and what everybody does for himself: ending tokens.
//! Not here: plugins (`plugins`), the configuration (`configuration`).

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use fondaco_kernel::audit::{self, Ask};
use fondaco_kernel::jobs::{self, Which};
use fondaco_kernel::permissions::{self, Chain, Office, Right};
use fondaco_kernel::schema::Schema;
use fondaco_kernel::values::AnyId;
use fondaco_kernel::{Ctx, Error, identity};
use serde_json::{Map, Value, json};

use crate::App;
use crate::address::{Asked, Pairs, Reading};
use crate::api::id_of;
use crate::caller::Caller;
use crate::problem::Refusal;

/// `GET /api/jobs?which=failing&after=…`
pub(crate) async fn waiting(
    State(app): State<App>,
    Caller(ctx): Caller,
    Asked(given): Asked,
) -> Result<Json<Value>, Refusal> {
    let which = which(given.get("which"))?;
    let after = id(&given, "after")?;
    let work = app
        .kernel
        .read(&ctx, move |tx| Box::pin(async move { jobs::waiting(tx, which, after).await }));
    let (items, next) = work.await?;
    Ok(Json(json!({ "items": items, "next": next })))
}

pub(crate) fn which(text: Option<&str>) -> Result<Which, Error> {
    Ok(match text {
        None | Some("" | "open") => Which::Open,
        Some("failing") => Which::Failing,
        Some("given_up") => Which::GivenUp,
        Some(_) => {
            let message = "which is open, failing or given_up.";
            return Err(Error::problem("which", "choice", message));
        }
    })
}

/// `POST /api/jobs/{id}/again`
pub(crate) async fn again(
    State(app): State<App>,
    Caller(ctx): Caller,
    Path(job): Path<String>,
) -> Result<StatusCode, Refusal> {
    permissions::administers(&ctx, Office::Jobs, Right::Write)?;
    let job = id_of("job", &job)?;
    app.kernel.run(&ctx, move |tx| Box::pin(jobs::again(tx, job))).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /api/audit?actor=…&model=…&record=…&action=…&from=2026-01-01&to=2026-01-31&after=…`
pub(crate) async fn audit(
    State(app): State<App>,
    Caller(ctx): Caller,
    Asked(given): Asked,
) -> Result<Json<Value>, Refusal> {
    permissions::administers(&ctx, Office::Audit, Right::Read)?;
    let ask = ask_of(&given)?;
    let work = app.kernel.read(&ctx, move |tx| {
        let ask = ask.clone();
        Box::pin(async move { audit::search(tx, &ask).await })
    });
    let (items, next) = work.await?;
    Ok(Json(json!({ "items": items, "next": next })))
}

/// What the audit is searched for, as an address says it.
///
/// # Errors
/// Every parameter that cannot be read.
pub(crate) fn ask_of(given: &Pairs) -> Result<Ask, Error> {
    let mut read = Reading::of(given);
    let (record, after) = (read.id("record"), read.id("after"));
    let (from, to) = (read.get("from", "2026-12-31"), read.get("to", "2026-12-31"));
    read.done()?;
    let text = |name| given.filled(name).map(str::to_owned);
    let (actor, model, action) = (text("actor"), text("model"), text("action"));
    Ok(Ask { actor, model, record, action, from, to, after })
}

/// `GET /api/roles`: every role with what it may, model by model.
pub(crate) async fn roles(
    State(app): State<App>,
    Caller(ctx): Caller,
) -> Result<Json<Value>, Refusal> {
    permissions::administers(&ctx, Office::Rights, Right::Read)?;
    let schema = app.kernel.seen_by(&ctx).schema.clone();
    let roles = schema.roles.values().map(|role| {
        json!({
            "role": role.name,
            "label": role.label,
            "help": role.help,
            "module": role.module,
            "includes": role.includes,
            "reads": role.classes.iter().map(|class| class.name()).collect::<Vec<_>>(),
            "writes": role.write_classes.iter().map(|class| class.name()).collect::<Vec<_>>(),
            "rights": rights_of(&schema, &role.name),
        })
    });
    let items: Vec<Value> = roles.collect();
    Ok(Json(json!({ "items": items, "separations": schema.separations })))
}

/// By model, each right that a role has of its own, with its condition.
fn rights_of(schema: &Schema, role: &str) -> Map<String, Value> {
    let mut rights = Map::new();
    for model in schema.models.values() {
        let own: BTreeMap<&str, &str> = permissions::granted(model, role).collect();
        if !own.is_empty() {
            rights.insert(model.name.clone(), json!(own));
        }
    }
    rights
}

/// `GET /api/explain?user=7&model=sales.order&record=42&right=write`
pub(crate) async fn explain(
    State(app): State<App>,
    Caller(ctx): Caller,
    Asked(given): Asked,
) -> Result<Json<Chain>, Refusal> {
    permissions::administers(&ctx, Office::Rights, Right::Read)?;
    let required = |field: &str| Refusal::bad(field, "required", format!("{field} is missing."));
    let user = id(&given, "user")?.ok_or_else(|| required("user"))?;
    let model = given.filled("model").ok_or_else(|| required("model"))?;
    let record = id(&given, "record")?;
    let right = given.filled("right").unwrap_or("read");
    Ok(Json(chain(&app, &ctx, user, (model, record), right).await?))
}

pub(crate) async fn chain(
    app: &App,
    ctx: &Ctx,
    user: AnyId,
    (model, record): (&str, Option<AnyId>),
    right: &str,
) -> Result<Chain, Error> {
    let (model, right) = (model.to_owned(), right.to_owned());
    let work = app.kernel.read(ctx, move |tx| {
        let (model, right) = (model.clone(), right.clone());
        Box::pin(async move {
            let right = match right.as_str() {
                "" | "read" => Right::Read,
                "create" => Right::Create,
                "write" => Right::Write,
                "delete" => Right::Delete,
                action => Right::Act(action),
            };
            permissions::explain_other(tx, user.cast(), (&model, record), right).await
        })
    });
    work.await
}

/// `POST /api/user/{id}/code`: a one-time code with which the user sets a password. It is in this answer
/// and never again.
pub(crate) async fn code(
    State(app): State<App>,
    Caller(ctx): Caller,
    Path(user): Path<String>,
) -> Result<Json<Value>, Refusal> {
    let user = id_of("user", &user)?;
    let code = identity::password_code(&app.kernel, &ctx, user.cast()).await?;
    Ok(Json(json!({ "code": code.reveal() })))
}

/// `DELETE /api/tokens/{id}`
pub(crate) async fn end_token(
    State(app): State<App>,
    Caller(ctx): Caller,
    Path(token): Path<String>,
) -> Result<StatusCode, Refusal> {
    let token = id_of("token", &token)?;
    let ended = app.kernel.run(&ctx, move |tx| Box::pin(identity::revoke_token(tx, token.cast())));
    ended.await?;
    Ok(StatusCode::NO_CONTENT)
}

fn id(given: &Pairs, name: &str) -> Result<Option<AnyId>, Error> {
    let mut read = Reading::of(given);
    let id = read.id(name);
    read.done().map(|()| id)
}

/// What of it stands in the OpenAPI document, for administrators.
pub(crate) fn paths(into: &mut Map<String, Value>) {
    let text = json!({ "type": "string" });
    let query = |name: &&str| json!({ "name": name, "in": "query", "schema": text });
    let mut add = |path: &str, (verb, tag, summary): (&str, &str, &str), asked: &[&str]| {
        let named = ["id"].into_iter().filter(|name| path.contains(&format!("{{{name}}}")));
        let in_path = named
            .map(|name| json!({ "name": name, "in": "path", "required": true, "schema": text }));
        let parameters: Vec<Value> = in_path.chain(asked.iter().map(query)).collect();
        let operation = json!({
            "summary": summary, "tags": [tag], "parameters": parameters,
            "responses": { "200": { "description": summary } },
        });
        into.insert(path.to_owned(), json!({ verb: operation }));
    };
    add("/api/roles", ("get", "rights", "Roles with what they may"), &[]);
    let asked = ["user", "model", "record", "right"];
    add("/api/explain", ("get", "rights", "Why a user may, or may not"), &asked);
    add("/api/user/{id}/code", ("post", "rights", "A one-time code for a password"), &[]);
    add("/api/jobs", ("get", "jobs", "Jobs that are not done"), &["which", "after"]);
    add("/api/jobs/{id}/again", ("post", "jobs", "Try a job again now"), &[]);
    let asked = ["actor", "model", "record", "action", "from", "to", "after"];
    add("/api/audit", ("get", "audit", "Who changed what"), &asked);
    add("/api/modules", ("get", "configuration", "Modules of the program"), &[]);
    add("/api/configuration/plan", ("post", "configuration", "What a change would do"), &[]);
    add("/api/configuration/apply", ("post", "configuration", "Carry a change out"), &[]);
}
