//! Orders that are open when others come: what waited for the stock, for those who make or buy, for
//! the customer's credit and for the books is asked for now.
//! Not here: an order's own confirmation (`confirm`).

use fondaco_kernel::ports::Ports;
use fondaco_kernel::rollout::Opening;
use fondaco_kernel::store::{self, Filter};
use fondaco_kernel::trade::{self, Goods};
use fondaco_kernel::{Result, Tx, home::home};
use fondaco_values::Money;

use super::SalesOrder;
use super::provide::{provide, provide_from};

pub(crate) async fn open(tx: &mut Tx, opening: &Opening) -> Result<()> {
    let came = opening.came();
    let goods = came.stock.is_some() || !came.supply.is_empty();
    if goods || came.credit.is_some() || came.billing.is_some() {
        let confirmed = Filter::new().eq("state", "confirmed").sort("id");
        for order in store::find::<SalesOrder>(tx, confirmed).await? {
            take_up(tx, order, came).await?;
        }
    }
    if let Some(books) = &came.books {
        let from = books.open_from(tx).await?;
        let over = Filter::new().eq("state", "done").eq("invoice_state", "untracked");
        for mut order in store::find::<SalesOrder>(tx, over.sort("id")).await? {
            if order.ordered_on >= from {
                refresh(tx, &mut order).await?;
            }
        }
    }
    Ok(())
}

async fn take_up(tx: &mut Tx, mut order: SalesOrder, came: &Ports) -> Result<()> {
    if came.credit.is_some() {
        hold(tx, &order).await?;
    }
    if came.stock.is_some() && order.delivery_state.as_deref() == Some("untracked") {
        // What was asked for without knowing the stock is asked for again, knowing it.
        for provider in tx.ports().supply {
            provider.withdraw(tx, &order.source()).await?;
        }
    }
    let counted = trade::goods(tx) == Goods::Counted;
    if counted && (came.stock.is_some() || !came.supply.is_empty()) {
        let provision = provide(tx, &order).await?;
        order = store::get(tx, order.id).await?;
        if provision.ready {
            order.delivery_state = Some("ready".to_owned());
        }
        order.promised_on = order.promised_on.or(provision.ready_on);
    } else if !came.supply.is_empty() {
        provide_from(tx, &order, &came.supply).await?;
        order = store::get(tx, order.id).await?;
    }
    refresh(tx, &mut order).await
}

async fn refresh(tx: &mut Tx, order: &mut SalesOrder) -> Result<()> {
    let home = home(tx).await?;
    let (goods, invoices) = (trade::goods(tx), trade::billing(tx));
    order.refresh(goods, invoices, home.exponent);
    store::update(tx, order).await
}

/// Takes what is not invoiced out of the customer's limit. An order that was confirmed while nobody
/// looked stays confirmed, also beyond the limit.
async fn hold(tx: &mut Tx, order: &SalesOrder) -> Result<()> {
    let Some(credit) = tx.ports().credit else { return Ok(()) };
    let exponent = home(tx).await?.exponent;
    let open = order.at_home(order.total - order.invoiced_total, exponent);
    let Some(open) = open.filter(|open| *open > Money::ZERO) else { return Ok(()) };
    let (customer, source) = (order.customer, order.source());
    let held = tx
        .attempt(move |tx| Box::pin(async move { credit.hold(tx, customer, source, open).await }));
    // Beyond the limit there is nothing to hold; the next order of this customer will be refused.
    held.await.map(drop)
}
