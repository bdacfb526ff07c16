//! Reports by name, for whoever may run them. What stands in the rows is the module's business;
//! its question passes the caller's row rules where it asks `records`.

use fondaco_schema::{Report, Rows};
use fondaco_values::limits;

use crate::error::{Error, Result};
use crate::module::Table;
use crate::records::{self, Query, Select};
use crate::tx::Tx;
use crate::{model, permissions};

/// Rows of a report that is made of records.
const ROWS_MAX: usize = 10_000;

/// Runs a report with its parameters as texts (an absent one takes its default).
///
/// # Errors
/// `NotFound` for a report that does not exist or that the caller may not run; every problem with
/// the parameters.
pub async fn run(tx: &mut Tx, name: &str, given: &[(String, String)]) -> Result<Table> {
    let registry = tx.registry().clone();
    let declared = registry.schema.reports.get(name);
    let allowed = declared.is_some_and(|report| permissions::may_run_report(tx.ctx(), report));
    if let Some((report, rows)) = declared
        .filter(|_| allowed)
        .and_then(|report| report.rows.as_ref().map(|rows| (report, rows)))
    {
        return records_of(tx, report, rows).await;
    }
    let rows = registry.report(name).filter(|_| allowed);
    let rows = rows.ok_or_else(|| Error::not_found("report", name))?;
    let meta = registry.catalog.params(name)?;
    let texts = given.iter().map(|(name, text)| (name.as_str(), text.as_str()));
    let params = model::arguments(tx, model::from_text(meta, texts)?).await?;
    rows(tx, params).await
}

/// The records that a report says are its rows, as far as the caller may see them; a field that he may not
/// read is empty.
async fn records_of(tx: &mut Tx, report: &Report, rows: &Rows) -> Result<Table> {
    let names: Vec<String> = report.columns.iter().map(|column| column.name.clone()).collect();
    let mut query = Query {
        filter: rows.filter.as_ref().map(|filter| filter.source.clone()),
        sort: rows.sort.clone(),
        limit: Some(limits::PAGE_SIZE_MAX),
        show: Select { fields: Vec::new(), expand: Vec::new() },
        ..Query::default()
    };
    let mut table = Table::default();
    while table.rows.len() < ROWS_MAX {
        let page = records::list(tx, &rows.of, &query).await?;
        let row =
            |rec: &crate::record::Rec| names.iter().map(|name| rec.get(name).clone()).collect();
        table.rows.extend(page.rows.iter().map(row));
        query.after = page.next;
        if query.after.is_none() {
            break;
        }
    }
    table.rows.truncate(ROWS_MAX);
    Ok(table)
}
