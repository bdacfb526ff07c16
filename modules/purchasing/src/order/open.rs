//! Orders that are open when others come: the warehouse expects what has not arrived, the books ask
//! for the bills.
//! Not here: an order's own confirmation (`confirm`).

use fondaco_kernel::rollout::Opening;
use fondaco_kernel::store::{self, Filter};
use fondaco_kernel::trade;
use fondaco_kernel::{Result, Tx};

use super::PurchaseOrder;
use crate::supply;

pub(crate) async fn open(tx: &mut Tx, opening: &Opening) -> Result<()> {
    if opening.is_again() {
        supply::let_go(tx).await?;
    }
    let came = opening.came();
    if came.stock.is_some() || came.billing.is_some() {
        let confirmed = Filter::new().eq("state", "confirmed").sort("id");
        for mut order in store::find::<PurchaseOrder>(tx, confirmed).await? {
            if let Some(stock) = &came.stock {
                let expected = order.expected(tx.today());
                if !expected.lines.is_empty() {
                    stock.expect(tx, expected).await?;
                }
            }
            refresh(tx, &mut order).await?;
        }
    }
    if let Some(books) = &came.books {
        let from = books.open_from(tx).await?;
        let over = Filter::new().eq("state", "done").eq("bill_state", "untracked");
        for mut order in store::find::<PurchaseOrder>(tx, over.sort("id")).await? {
            if order.ordered_on >= from {
                refresh(tx, &mut order).await?;
            }
        }
    }
    Ok(())
}

async fn refresh(tx: &mut Tx, order: &mut PurchaseOrder) -> Result<()> {
    order.refresh(trade::goods(tx), trade::billing(tx));
    store::update(tx, order).await
}
