//! Indexes over rows that are there already, on a database server: built beside the work that goes
//! on, after the change itself was committed. Here and nowhere else is a statement sent outside a
//! transaction.
//! INVARIANT: what is still to be built stands in `meta`, written by the change that wants it; so
//! whoever was interrupted goes on, and no change begins before the indexes of the last one are there.

use serde::{Deserialize, Serialize};

use super::drift;
use crate::db::{Dialect, Sql};
use crate::error::{Error, Result};
use crate::identity::kernel_itself;
use crate::kernel::Kernel;
use crate::model::migrate;
use crate::tx::Tx;

/// Where they are kept in `meta`.
const UNBUILT: &str = "unbuilt_indexes";

/// An index that is wanted and not there yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Unbuilt {
    pub(crate) name: String,
    /// What follows `create index`.
    pub(crate) text: String,
}

/// The indexes that are still to be built, in order.
pub(crate) async fn unbuilt(tx: &mut Tx) -> Result<Vec<Unbuilt>> {
    if tx.dialect() == Dialect::Sqlite {
        return Ok(Vec::new());
    }
    Ok(migrate::kept(tx, UNBUILT).await?.unwrap_or_default())
}

/// Leaves an index for later: `create` says it all, from `create index` on.
pub(crate) async fn leave(tx: &mut Tx, name: &str, create: &Sql) -> Result<()> {
    let text = create.as_str().trim_start_matches("create index ").to_owned();
    let mut unbuilt = unbuilt(tx).await?;
    unbuilt.push(Unbuilt { name: name.to_owned(), text });
    migrate::keep(tx, UNBUILT, &unbuilt).await
}

/// What must be done before the next change.
pub(super) async fn refuse_if_any(tx: &mut Tx) -> Result<()> {
    match unbuilt(tx).await?.as_slice() {
        [] => Ok(()),
        [first, ..] => Err(Error::Conflict {
            code: "unbuilt_index",
            message: format!(
                "The index {} of the last change is still to be built. Apply again.",
                first.name
            ),
        }),
    }
}

/// Builds what is to be built, one after the other; `heard` is told how many are done, of how many.
///
/// # Errors
/// `Storage`; what was built until then stays, and the next call goes on.
pub async fn build(kernel: &Kernel, heard: &(dyn Fn(u64, u64) + Sync)) -> Result<()> {
    let mut done = 0;
    loop {
        let left = kernel.read(&kernel_itself(), |tx| Box::pin(unbuilt(tx))).await?;
        heard(done, done + left.len() as u64);
        let Some(next) = left.into_iter().next() else { return Ok(()) };
        kernel.build_index(&next).await?;
        kernel
            .run(&kernel_itself(), move |tx| {
                let built = next.clone();
                Box::pin(async move {
                    let mut left = unbuilt(tx).await?;
                    left.retain(|other| other.name != built.name);
                    migrate::keep(tx, UNBUILT, &left).await?;
                    drift::learn(tx, &built.name).await
                })
            })
            .await?;
        done += 1;
    }
}
