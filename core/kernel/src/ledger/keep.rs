//! The upkeep of the books: rolling up, sealing, expiring. A job asks for it every second; posting
//! itself asks for it at every thousandth entry, so that it never lags further, job or no job.

use super::{pending, rollup, seal};
use crate::Tx;
use crate::db::Dialect;
use crate::error::Result;

/// Rolls up and seals all that was posted, and expires what is due, of all companies.
pub async fn upkeep(tx: &mut Tx) -> Result<()> {
    tx.across_companies(|tx| {
        Box::pin(async move {
            pending::expire_due(tx).await?;
            rollup::roll(tx).await?;
            seal::seal(tx).await
        })
    })
    .await
}

/// After entries were posted: upkeep when they crossed the end of a block. Where others post at the
/// same time it waits for them, so it is left to the job.
pub(crate) async fn after(tx: &mut Tx, sequences: &[i64]) -> Result<()> {
    let (first, last) = (sequences.first().unwrap_or(&1), sequences.last().unwrap_or(&1));
    if (first - 1) / seal::BLOCK == last / seal::BLOCK {
        return Ok(());
    }
    if tx.dialect() != Dialect::Sqlite {
        tx.wake_jobs();
        return Ok(());
    }
    rollup::roll(tx).await?;
    seal::seal(tx).await
}
