//! Dashboards: which ones the caller has, and what the tiles of one show him.

use axum::Json;
use axum::extract::{Path, State};
use fondaco_kernel::dashboards::{self, Figures, Seen};
use fondaco_kernel::values::Value as Cell;
use serde_json::{Value, json};

use crate::App;
use crate::caller::Caller;
use crate::problem::Refusal;

pub(crate) async fn index(State(app): State<App>, Caller(ctx): Caller) -> Json<Value> {
    let registry = app.kernel.seen_by(&ctx);
    let own = dashboards::of_caller(&ctx, &registry.schema);
    let items = own.map(|one| json!({ "name": one.name, "label": one.label }));
    Json(json!({ "items": items.collect::<Vec<_>>() }))
}

/// The tiles that the caller may see, each with its declaration and its figures.
pub(crate) async fn run(
    State(app): State<App>,
    Caller(ctx): Caller,
    Path(name): Path<String>,
) -> Result<Json<Value>, Refusal> {
    let work = app.kernel.read(&ctx, move |tx| {
        let name = name.clone();
        Box::pin(async move { dashboards::read(tx, &name).await })
    });
    let (dashboard, seen) = work.await?;
    Ok(Json(json!({
        "name": dashboard.name,
        "label": dashboard.label,
        "tiles": seen.iter().map(tile).collect::<Vec<_>>(),
    })))
}

fn tile(seen: &Seen) -> Value {
    let figures = match &seen.figures {
        Figures::Figure { now, before, filter } => {
            json!({ "now": now, "before": before, "filter": filter })
        }
        Figures::List(page) => json!({ "items": page.rows }),
        Figures::Chart(summed) => json!(summed),
        Figures::Report(answer) => {
            let row = |cells: &Vec<Cell>| cells.iter().map(Cell::to_json).collect::<Value>();
            json!({
                "columns": answer.columns,
                "rows": answer.table.rows.iter().map(row).collect::<Vec<_>>(),
            })
        }
    };
    json!({ "tile": seen.tile, "figures": figures })
}
