//! What has come from a supplier: told by the inventory, or by hand where nobody counts. Requests
//! that waited for it are done.

use std::collections::BTreeSet;

use fondaco_kernel::events::Event;
use fondaco_kernel::ports::stock::{Moved, MovedLine};
use fondaco_kernel::shared::Product;
use fondaco_kernel::trade::{self, Goods, too_large};
use fondaco_kernel::{Args, Error, Outcome, Result, Tx, permissions::Allowed, store};
use fondaco_values::{Id, Problem, Quantity};

use super::{MODEL, OrderLine, PurchaseOrder};
use crate::{picked, request};
use fondaco_kernel::home::home;
use fondaco_kernel::measure;

/// `inventory.receipt.done`
pub(crate) async fn received(tx: &mut Tx, event: &Event) -> Result<()> {
    note(tx, event, |line, moved| line.receive(moved.quantity, moved.value)).await
}

/// `inventory.delivery.done`: goods were sent back to the supplier.
pub(crate) async fn sent_back(tx: &mut Tx, event: &Event) -> Result<()> {
    note(tx, event, |line, moved| line.send_back(moved.quantity, moved.value)).await
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
    let mut order: PurchaseOrder = store::get(tx, moved.source.id.cast()).await?;
    for moved in &moved.lines {
        if let Some(line) = order.lines.iter_mut().find(|line| line.id.any() == moved.key) {
            deed(line, moved);
        }
    }
    save(tx, &mut order).await
}

/// The action, where nobody counts the goods.
pub(crate) async fn by_hand(
    tx: &mut Tx,
    order: Allowed<PurchaseOrder>,
    args: Args,
) -> Result<Outcome> {
    let mut order = order.into_inner();
    if trade::goods(tx) == Goods::Counted {
        let message = "The inventory counts these goods: carry out the order's receipt there.";
        return Err(Error::problem("", "counted", message));
    }
    let home = home(tx).await?;
    for (at, quantity) in order.to_receive(&args)? {
        let rate = order.rate;
        let line = &mut order.lines[at];
        line.received += quantity;
        line.uncounted += quantity;
        let value = measure::worth(quantity, line.unit_price, rate, home.exponent);
        line.received_value.0 += value.ok_or_else(|| too_large("lines"))?;
    }
    save(tx, &mut order).await?;
    Ok(Outcome::says(match order.receipt_state.as_deref() {
        Some("complete") => "Everything is here.",
        _ => "Noted; the rest is still open.",
    }))
}

async fn save(tx: &mut Tx, order: &mut PurchaseOrder) -> Result<()> {
    order.refresh(trade::goods(tx), trade::billing(tx));
    store::update(tx, order).await?;
    let here: BTreeSet<Id<Product>> = order.complete_products();
    request::arrived(tx, order.id, &here).await
}

impl PurchaseOrder {
    /// Places of the lines that come in with their quantities: those picked, else all that is open.
    fn to_receive(&self, args: &Args) -> Result<Vec<(usize, Quantity)>> {
        let picked: Vec<(usize, Quantity)> = match args.json("lines") {
            Some(json) => {
                let picked = picked::read(json, &self.lines)?;
                picked.into_iter().map(|one| (one.at, one.quantity)).collect()
            }
            None => {
                let all = self.lines.iter().map(OrderLine::open).enumerate();
                all.filter(|(_, open)| !open.is_zero()).collect()
            }
        };
        if picked.is_empty() {
            return Err(Error::problem("lines", "nothing_open", "Nothing is open to be received."));
        }
        let too_many = picked.iter().enumerate().filter_map(|(n, (at, quantity))| {
            let open = self.lines[*at].open();
            let message = format!("{quantity} came in, {open} of it are open.");
            let problem = Problem::new(format!("lines[{n}].quantity"), "out_of_range", message);
            (*quantity > open).then(|| problem.arg("asked", quantity).arg("most", open))
        });
        fondaco_kernel::error::refuse_if_any(too_many.collect())?;
        Ok(picked)
    }

    /// Products of which everything is here.
    fn complete_products(&self) -> BTreeSet<Id<Product>> {
        let waiting = |product: Id<Product>| {
            self.lines.iter().any(|line| line.product == product && !line.open().is_zero())
        };
        let products = self.lines.iter().map(|line| line.product);
        products.filter(|product| !waiting(*product)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::order::tests::{line, order};

    #[test]
    fn a_product_is_here_when_all_its_lines_are() {
        let mut other = line(["1", "1", "0"]);
        other.product = Id::new(2);
        let order = order(vec![line(["4", "4", "0"]), line(["4", "3", "0"]), other]);
        assert_eq!(order.complete_products(), BTreeSet::from([Id::new(2)]));
    }

    #[test]
    fn no_more_is_received_than_is_open() {
        let order = order(vec![line(["4", "3", "0"])]);
        let pick = |quantity: &str| {
            let json = serde_json::json!([{ "line": "1", "quantity": quantity }]);
            Args::default().with("lines", fondaco_values::Value::Json(json))
        };
        assert_eq!(order.to_receive(&pick("1")).unwrap(), [(0, Quantity::ONE)]);
        assert_eq!(order.to_receive(&Args::default()).unwrap(), [(0, Quantity::ONE)]);
        let error = order.to_receive(&pick("2")).unwrap_err();
        assert_eq!(error.to_string(), "2 came in, 1 of it are open.");
    }
}
