//! What somebody could do with records that wait for a decision: actions with their arguments, the
//! likeliest first, each with its reason. A module knows what to propose, for many records at once.
//! Not here: doing it. Who takes a proposal up runs the action, which checks everything again.

use fondaco_values::{AnyId, Problem};
use serde::Serialize;
use serde_json::{Map, Value as Json};

use crate::error::Result;
use crate::permissions::{self, Right};
use crate::records::{self, Select};
use crate::tx::{Fut, Tx};

/// An action that would be right for a record, if somebody agrees.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Proposal {
    pub action: &'static str,
    /// As the API takes them.
    pub args: Map<String, Json>,
    /// What it would be done with, such as numbers of documents and amounts.
    pub label: String,
    /// Why; coded, so that it can be said in any language.
    pub reason: Problem,
    /// Nothing else fits as well: it may be taken up together with others.
    pub sure: bool,
}

/// The proposals for each of the records, in their order.
pub type ProposalsFn = for<'t> fn(&'t mut Tx, &'t [AnyId]) -> Fut<'t, Vec<Vec<Proposal>>>;

/// For each of the records that the caller sees, what he could do with it. Actions that his roles do
/// not give him are not proposed.
///
/// # Errors
/// `NotFound` where nothing proposes anything for this model.
pub async fn of(tx: &mut Tx, model: &str, ids: &[AnyId]) -> Result<Vec<(AnyId, Vec<Proposal>)>> {
    let registry = tx.registry().clone();
    let propose = registry.proposals(model);
    let propose = propose.ok_or_else(|| crate::Error::not_found("proposals for", model))?;
    let known = registry.catalog.meta(model)?.model.clone();
    let alone = Select { fields: vec!["id".to_owned()], expand: Vec::new() };
    let seen = records::get_many(tx, model, ids, &alone).await?;
    let ids: Vec<AnyId> = seen.iter().map(|rec| rec.id).collect();
    let ctx = tx.ctx().clone();
    let offers =
        known.actions.values().any(|act| permissions::may(&ctx, &known, Right::Act(&act.name)));
    if !offers {
        return Ok(ids.into_iter().map(|id| (id, Vec::new())).collect());
    }
    let mut found = propose(tx, &ids).await?;
    for own in &mut found {
        own.retain(|one| permissions::may(&ctx, &known, Right::Act(one.action)));
    }
    Ok(ids.into_iter().zip(found).collect())
}
