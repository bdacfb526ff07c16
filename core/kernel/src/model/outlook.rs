//! What a record would be if it were saved now: defaults, the module's own additions, computed
//! fields, and everything that stands in the way. Nothing is written.
//! Not here: saving (`save`).

use std::sync::Arc;

use fondaco_values::Problem;

use super::catalog::Meta;
use super::draft::Saving;
use super::{check, compute};
use crate::record::Rec;
use crate::{Error, Result, Tx, hooks};

/// A record before it is saved.
#[derive(Clone, Debug)]
pub struct Outlook {
    pub rec: Rec,
    pub problems: Vec<Problem>,
}

pub(crate) async fn outlook(tx: &mut Tx, meta: &Arc<Meta>, saving: Saving) -> Result<Outlook> {
    let mut batch = [saving];
    let stage = compute::defaults(tx, meta, &mut batch).await?;
    let before = batch.clone();
    let mut problems = Vec::new();
    if let Err(error) = hooks::before_save(tx, &meta.model, &mut batch).await {
        // What the module would refuse is told; what is computed without it is shown all the same.
        match error {
            Error::Invalid(found) => problems.extend(found),
            Error::NotFound { .. } | Error::Forbidden { .. } => {}
            other => return Err(other),
        }
        batch = before;
    }
    let [saving] = batch;
    let (rec, found) = check::look(tx, meta, saving, stage).await?;
    problems.extend(found);
    Ok(Outlook { rec, problems })
}
