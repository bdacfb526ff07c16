//! What has left the house for an order: told by the inventory, or by hand where nobody counts.

use fondaco_kernel::events::Event;
use fondaco_kernel::ports::stock::{Moved, MovedLine};
use fondaco_kernel::trade::{self, Goods};
use fondaco_kernel::{Args, DocRef, Error, Outcome, Result, Tx, permissions::Allowed, store};
use fondaco_values::{Money, Quantity};

use super::{MODEL, OrderLine, SalesOrder};
use crate::picked;
use fondaco_kernel::home::home;
use fondaco_kernel::measure;

/// `inventory.delivery.done`
pub(crate) async fn delivered(tx: &mut Tx, event: &Event) -> Result<()> {
    note(tx, event, |line, moved| line.deliver(moved.quantity, moved.value)).await
}

/// `inventory.receipt.done`: the warehouse took goods back without a return of ours.
pub(crate) async fn came_back(tx: &mut Tx, event: &Event) -> Result<()> {
    note(tx, event, |line, moved| line.take_back(moved.quantity, moved.value)).await
}

async fn note(
    tx: &mut Tx,
    event: &Event,
    deed: impl Fn(&mut OrderLine, &MovedLine) + Send,
) -> Result<()> {
    let Some(moved) = event.find::<Moved>("moved")?.filter(|moved| moved.source.model == MODEL)
    else {
        return Ok(());
    };
    let home = home(tx).await?;
    let mut order: SalesOrder = store::get(tx, moved.source.id.cast()).await?;
    for moved in &moved.lines {
        if let Some(line) = order.lines.iter_mut().find(|line| line.id.any() == moved.key) {
            deed(line, moved);
        }
    }
    let (goods, invoices) = (trade::goods(tx), trade::billing(tx));
    order.refresh(goods, invoices, home.exponent);
    store::update(tx, &mut order).await
}

/// `inventory.demand.ready`: everything that waited is set aside.
pub(crate) async fn ready(tx: &mut Tx, event: &Event) -> Result<()> {
    let Some(source) = event.find::<DocRef>("source")?.filter(|source| source.model == MODEL)
    else {
        return Ok(());
    };
    let mut order: SalesOrder = store::get(tx, source.id.cast()).await?;
    if order.delivery_state.as_deref() == Some("waiting") {
        order.delivery_state = Some("ready".to_owned());
        store::update(tx, &mut order).await?;
    }
    Ok(())
}

/// The action, where nobody counts the goods.
pub(crate) async fn by_hand(
    tx: &mut Tx,
    order: Allowed<SalesOrder>,
    args: Args,
) -> Result<Outcome> {
    let mut order = order.into_inner();
    if trade::goods(tx) == Goods::Counted {
        let message = "The inventory counts these goods: carry out the order's delivery there.";
        return Err(Error::problem("", "counted", message));
    }
    let home = home(tx).await?;
    let open = |line: &OrderLine| line.open();
    let picked = picked::read(args.json("lines"), &order.lines, open, "open")?;
    if picked.is_empty() {
        return Err(Error::problem("lines", "nothing_open", "Nothing is open to be delivered."));
    }
    for (at, quantity) in picked {
        let line = &mut order.lines[at];
        line.delivered += quantity;
        line.uncounted += quantity;
        line.delivered_cost.0 += line.uncounted_cost(quantity, home.exponent);
    }
    let (goods, invoices) = (trade::goods(tx), trade::billing(tx));
    order.refresh(goods, invoices, home.exponent);
    store::update(tx, &mut order).await?;
    Ok(Outcome::says(match order.delivery_state.as_deref() {
        Some("complete") => "Everything is delivered.",
        _ => "Noted; the rest is still open.",
    }))
}

impl OrderLine {
    /// Goods that nobody counts leave at what they were expected to cost.
    fn uncounted_cost(&self, quantity: Quantity, exponent: u8) -> Money {
        let expected = self.expected_cost.map_or(Money::ZERO, |cost| cost.0);
        measure::part(expected, quantity, self.quantity, exponent).unwrap_or(Money::ZERO)
    }
}
