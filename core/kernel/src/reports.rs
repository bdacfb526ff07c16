//! Reports by name, for whoever may run them. What stands in the rows is the module's business;
//! its question passes the caller's row rules where it asks `records`.

use crate::error::{Error, Result};
use crate::module::Table;
use crate::tx::Tx;
use crate::{model, permissions};

/// Runs a report with its parameters as texts (an absent one takes its default).
///
/// # Errors
/// `NotFound` for a report that does not exist or that the caller may not run; every problem with
/// the parameters.
pub async fn run(tx: &mut Tx, name: &str, given: &[(String, String)]) -> Result<Table> {
    let registry = tx.registry().clone();
    let declared = registry.schema.reports.get(name);
    let allowed = declared.is_some_and(|report| permissions::may_run_report(tx.ctx(), report));
    let rows = registry.report(name).filter(|_| allowed);
    let rows = rows.ok_or_else(|| Error::not_found("report", name))?;
    let meta = registry.catalog.params(name)?;
    let texts = given.iter().map(|(name, text)| (name.as_str(), text.as_str()));
    let params = model::arguments(tx, model::from_text(meta, texts)?).await?;
    rows(tx, params).await
}
