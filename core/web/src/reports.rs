//! Reports: which there are for the caller, and one with its parameters.

use axum::Json;
use axum::extract::{Path, State};
use fondaco_kernel::permissions;
use fondaco_kernel::reports::{self, Against, Question};
use fondaco_kernel::values::Value as Cell;
use serde_json::{Value, json};

use crate::App;
use crate::address::Asked;
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

/// Rows of a report; parameters are in the query string, and as `against` the period that it is held
/// against. `names` are those of the records in it, by model and id.
pub(crate) async fn run(
    State(app): State<App>,
    Caller(ctx): Caller,
    Path(report): Path<String>,
    Asked(asked): Asked,
) -> Result<Json<Value>, Refusal> {
    let (mut given, mut against) = (Vec::new(), None);
    for (name, value) in asked.0 {
        match name.as_str() {
            "against" => against = Against::read(&value)?,
            _ => given.push((name, value)),
        }
    }
    let question = Question { report, given, against };
    let work = app.kernel.read(&ctx, move |tx| {
        let question = question.clone();
        Box::pin(async move { reports::answer(tx, &question).await })
    });
    let answer = work.await?;
    let row = |cells: &Vec<Cell>| cells.iter().map(Cell::to_json).collect::<Value>();
    let mut names = serde_json::Map::new();
    for ((model, id), name) in &answer.names {
        let own = names.entry(model.clone()).or_insert_with(|| json!({}));
        own[id.to_string()] = json!(name);
    }
    Ok(Json(json!({
        "name": answer.report.name,
        "label": answer.report.label,
        "columns": answer.columns,
        "rows": answer.table.rows.iter().map(row).collect::<Vec<_>>(),
        "totals": row(&answer.table.totals),
        "names": names,
    })))
}
