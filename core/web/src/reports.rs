//! Reports: which there are for the caller, and one with its parameters.

use std::collections::HashMap;

use axum::Json;
use axum::extract::{Path, Query, State};
use fondaco_kernel::Error;
use fondaco_kernel::permissions;
use fondaco_kernel::values::Value as Cell;
use serde_json::{Value, json};

use crate::App;
use crate::caller::Caller;
use crate::problem::Refusal;

/// The reports that the caller may run.
pub(crate) async fn index(State(app): State<App>, Caller(ctx): Caller) -> Json<Value> {
    let registry = app.kernel.seen_by(&ctx);
    let reports = registry.schema.reports.values();
    let items: Vec<Value> = reports
        .filter(|report| permissions::may_run_report(&ctx, report))
        .map(|report| json!({ "name": report.name, "label": report.label }))
        .collect();
    Json(json!({ "items": items }))
}

/// Rows of a report; parameters are in the query string.
pub(crate) async fn run(
    State(app): State<App>,
    Caller(ctx): Caller,
    Path(name): Path<String>,
    Query(given): Query<HashMap<String, String>>,
) -> Result<Json<Value>, Refusal> {
    let registry = app.kernel.seen_by(&ctx);
    let report = registry.schema.reports.get(&name);
    let report = report.cloned().ok_or_else(|| Error::not_found("report", &name))?;
    let params: Vec<(String, String)> = given.into_iter().collect();
    let table = app
        .kernel
        .read(&ctx, move |tx| {
            let (name, params) = (name.clone(), params.clone());
            Box::pin(async move { fondaco_kernel::reports::run(tx, &name, &params).await })
        })
        .await?;
    let row = |cells: &Vec<Cell>| cells.iter().map(Cell::to_json).collect::<Value>();
    Ok(Json(json!({
        "name": report.name,
        "label": report.label,
        "columns": report.columns,
        "rows": table.rows.iter().map(row).collect::<Vec<_>>(),
        "totals": row(&table.totals),
    })))
}
