//! Production orders that have not begun when others come: their components are set aside by the
//! inventory that has come, and what is missing is asked for from those who buy or make it now.
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
    if came.stock.is_none() && came.supply.is_empty() || tx.ports().stock.is_none() {
        return Ok(());
    }
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
