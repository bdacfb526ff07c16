//! Production orders that have not begun when others come: their components are set aside by the
//! inventory that has come, and what is missing is asked for from those who buy or make it now. Drafts
//! for documents are released once somebody can say what goes into them.
//! Orders that have begun end as they began: what they took out was counted, or it was not.
//! Not here: an order's own release (`release`).

use fondaco_kernel::module::Args;
use fondaco_kernel::rollout::Opening;
use fondaco_kernel::store::{self, Filter};
use fondaco_kernel::{Result, Tx};

use crate::order::Order;
use crate::release::{centres, set_aside};
use crate::supply;

pub(crate) async fn open(tx: &mut Tx, opening: &Opening) -> Result<()> {
    if opening.is_again() {
        supply::let_go(tx).await?;
    }
    let came = opening.came();
    if came.configuration.is_some() {
        release_drafts(tx).await?;
    }
    let supplied = came.stock.is_some() || !came.supply.is_empty();
    if supplied && tx.ports().stock.is_some() {
        plan_again(tx).await?;
    }
    Ok(())
}

/// Orders for what nobody could say how to make, until those came who configure products.
async fn release_drafts(tx: &mut Tx) -> Result<()> {
    let drafts = Filter::new().eq("state", "draft").not_null("source_id").sort("id");
    for order in store::find::<Order>(tx, drafts).await? {
        if supply::can_be_made(tx, order.product, order.quantity).await? {
            store::perform(tx, order.id, "release", Args::default()).await?;
        }
    }
    Ok(())
}

async fn plan_again(tx: &mut Tx) -> Result<()> {
    let planned = Filter::new().is_in("state", ["waiting", "ready"]).sort("id");
    for mut order in store::find::<Order>(tx, planned).await? {
        if order.state == "ready" && order.stocked {
            continue;
        }
        if !order.stocked {
            order.stocked = true;
            store::update(tx, &mut order).await?;
        }
        let centres = centres(tx, &order).await?;
        let short = set_aside(tx, &mut order, &centres).await?;
        // What is set aside may have told the order so already.
        let now = store::get::<Order>(tx, order.id).await?.state;
        match (short, now.as_str()) {
            (true, "ready") => store::perform(tx, order.id, "wait", Args::default()).await?,
            (false, "waiting") => store::perform(tx, order.id, "prepare", Args::default()).await?,
            _ => continue,
        };
    }
    Ok(())
}
