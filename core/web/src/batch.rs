//! Several operations in one request: all in one transaction or none, or each on its own.
//!
//! ```json
//! { "mode": "together",
//!   "operations": [
//!     { "create": "party", "fields": { "name": "Acme" } },
//!     { "update": "party", "id": "7", "version": 3, "fields": { "name": "Acme Ltd" } },
//!     { "delete": "party", "id": "8" },
//!     { "act": "sales.order", "id": "9", "action": "confirm", "args": {} } ] }
//! ```

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use fondaco_kernel::records::{self, Change};
use fondaco_kernel::values::{AnyId, limits};
use fondaco_kernel::{Error, Tx};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::App;
use crate::api::seen;
use crate::caller::Caller;
use crate::problem::Refusal;
use crate::respond;

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Batch {
    #[serde(default)]
    mode: Mode,
    operations: Vec<Operation>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Mode {
    /// All or none.
    #[default]
    Together,
    /// What fails is answered as failed, the rest is done.
    Apart,
}

#[derive(Clone, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
enum Operation {
    Create {
        create: String,
        fields: Map<String, Value>,
    },
    Update {
        update: String,
        id: AnyId,
        version: Option<i64>,
        fields: Map<String, Value>,
    },
    Delete {
        delete: String,
        id: AnyId,
        version: Option<i64>,
    },
    Act {
        act: String,
        id: AnyId,
        action: String,
        #[serde(default)]
        args: Map<String, Value>,
    },
}

pub(crate) async fn run(
    State(app): State<App>,
    Caller(ctx): Caller,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let batch: Batch = respond::read_body(&body)?;
    if batch.operations.len() > limits::BATCH_DOCUMENTS_MAX {
        let message = format!("At most {} operations at once.", limits::BATCH_DOCUMENTS_MAX);
        return Err(Refusal::bad("operations", "too_many", message));
    }
    respond::once(&app, &ctx, &headers, &body, StatusCode::OK, move |tx| {
        let batch = batch.clone();
        Box::pin(async move { each(tx, batch).await })
    })
    .await
    .map(respond::plain)
}

async fn each(tx: &mut Tx, batch: Batch) -> fondaco_kernel::Result<Value> {
    let mut results = Vec::with_capacity(batch.operations.len());
    for (at, operation) in batch.operations.into_iter().enumerate() {
        match batch.mode {
            Mode::Together => {
                let done =
                    one(tx, operation).await.map_err(|e| under(&format!("operations[{at}]"), e))?;
                results.push(json!({ "ok": done }));
            }
            Mode::Apart => {
                let done = tx.attempt(move |tx| Box::pin(one(tx, operation))).await?;
                results.push(match done {
                    Ok(done) => json!({ "ok": done }),
                    Err(error) => json!({ "error": refused(&error) }),
                });
            }
        }
    }
    Ok(json!({ "results": results }))
}

async fn one(tx: &mut Tx, operation: Operation) -> fondaco_kernel::Result<Value> {
    match operation {
        Operation::Create { create, fields } => {
            let draft = records::draft_of(tx, &create, &fields)?;
            let id = records::create(tx, &create, vec![draft]).await?[0];
            seen(tx, &create, id).await
        }
        Operation::Update { update, id, version, fields } => {
            let draft = records::draft_of(tx, &update, &fields)?;
            records::update(tx, &update, vec![Change { id, version, draft }]).await?;
            seen(tx, &update, id).await
        }
        Operation::Delete { delete, id, version } => {
            records::delete(tx, &delete, &[(id, version)]).await?;
            Ok(Value::Null)
        }
        Operation::Act { act, id, action, args } => {
            let args = records::arguments(tx, &act, &action, &args)?;
            let outcome = records::act(tx, &act, id, &action, args).await?;
            Ok(json!({ "message": outcome.message, "open": outcome.open }))
        }
    }
}

/// Says which of the operations was wrong.
fn under(place: &str, error: Error) -> Error {
    match error {
        Error::Invalid(problems) => {
            Error::Invalid(problems.into_iter().map(|p| p.under(place)).collect())
        }
        other => other,
    }
}

fn refused(error: &Error) -> Value {
    let mut refused = json!({ "detail": error.public() });
    if let Error::Invalid(problems) = error {
        refused["errors"] = serde_json::to_value(problems).unwrap_or_default();
    }
    refused
}
