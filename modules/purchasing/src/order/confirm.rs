//! Confirming a purchase order: it goes out, and the warehouse expects the goods at the order's
//! prices.

use std::collections::HashMap;

use fondaco_kernel::error::refuse_if_any;
use fondaco_kernel::ports::stock::{Expected, ExpectedLine};
use fondaco_kernel::shared::{Party, Product};
use fondaco_kernel::trade;
use fondaco_kernel::{Args, Error, Outcome, Result, Tx, calendars, permissions::Allowed, store};
use fondaco_values::{Date, Id, Problem};

use super::{OrderLine, PurchaseOrder};
use crate::{request, settings, supplier_price};
use fondaco_kernel::measure;

pub(crate) async fn confirm(
    tx: &mut Tx,
    order: Allowed<PurchaseOrder>,
    _args: Args,
) -> Result<Outcome> {
    let mut order = order.into_inner();
    let supplier = store::get(tx, order.supplier).await?;
    let products = order.lines.iter().map(|line| line.product);
    let products = store::by_id::<Product>(tx, products).await?;
    refuse_if_any(order.problems(&supplier, &products))?;
    if order.expected_on.is_none() {
        order.expected_on = Some(expected_on(tx, &order).await?);
    }
    order.refresh(trade::goods(tx), trade::billing(tx));
    store::update(tx, &mut order).await?;
    request::left_out(tx, &order).await?;
    welcome(tx, supplier).await?;
    expect(tx, &order).await
}

/// The day on which the slowest line should come, in working days from the day of the order.
async fn expected_on(tx: &mut Tx, order: &PurchaseOrder) -> Result<Date> {
    let calendar = match calendars::of_company(tx).await {
        Ok(calendar) => Some(calendar),
        Err(Error::Invalid(_)) => None,
        Err(error) => return Err(error),
    };
    let days = match order.lead_days() {
        Some(days) => days,
        None => settings::lead_days(tx).await?,
    };
    Ok(supplier_price::after(calendar.as_ref(), order.ordered_on, days))
}

/// Has the warehouse expect the goods, or says why nobody does.
async fn expect(tx: &mut Tx, order: &PurchaseOrder) -> Result<Outcome> {
    let expected = order.expected(tx.today());
    match tx.ports().stock {
        _ if expected.lines.is_empty() => Ok(Outcome::says("Confirmed; there are no goods in it.")),
        Some(stock) => {
            let due = expected.due;
            let receipt = stock.expect(tx, expected).await?;
            Ok(Outcome::says(format!("Confirmed; the goods are expected on {due}.")).opens(receipt))
        }
        None => Ok(Outcome::says(
            "Confirmed. Goods are not counted, since the inventory is switched off: the order is \
             billed as it is ordered.",
        )),
    }
}

/// From whom one orders is a supplier.
async fn welcome(tx: &mut Tx, mut party: Party) -> Result<()> {
    if !party.supplier {
        party.supplier = true;
        store::update(tx, &mut party).await?;
    }
    Ok(())
}

impl PurchaseOrder {
    fn problems(&self, supplier: &Party, products: &HashMap<Id<Product>, Product>) -> Vec<Problem> {
        let mut problems = Vec::new();
        if !supplier.active {
            let message = format!("{} is not active; activate the party first.", supplier.name);
            problems.push(Problem::new("supplier", "inactive", message));
        }
        for (at, line) in self.lines.iter().enumerate() {
            if line.quantity.is_zero() {
                let message = format!("{}: enter a quantity or remove the line.", line.description);
                problems.push(Problem::new(format!("lines[{at}].quantity"), "zero", message));
            }
            if products.get(&line.product).is_some_and(|product| product.kind == "configurable") {
                let message = format!(
                    "{} has to be configured; order one of its variants.",
                    line.description
                );
                problems.push(Problem::new(format!("lines[{at}].product"), "not_bought", message));
            }
        }
        problems
    }

    /// Of the slowest line of goods; `None` when no supplier price says.
    fn lead_days(&self) -> Option<u32> {
        let goods = self.lines.iter().filter(|line| line.goods);
        let days = goods.filter_map(|line| line.lead_days).max()?;
        u32::try_from(days).ok()
    }

    pub(super) fn expected(&self, today: Date) -> Expected {
        let goods = self.lines.iter().filter(|line| line.goods && line.quantity > line.uncounted);
        Expected {
            source: self.source(),
            party: Some(self.supplier),
            due: self.expected_on.unwrap_or(today),
            lines: goods.filter_map(|line| self.expected_line(line)).collect(),
        }
    }

    /// `None` when the quantity is more than can be counted in base units.
    fn expected_line(&self, line: &OrderLine) -> Option<ExpectedLine> {
        Some(ExpectedLine {
            key: line.id.any(),
            product: line.product,
            quantity: measure::to_base(line.quantity - line.uncounted, line.factor)?,
            unit_cost: line.unit_cost(self.rate),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::order::tests::{decimal, line, order, quantity};

    #[test]
    fn goods_are_expected_at_the_orders_price() {
        let mut service = line(["1", "0", "0"]);
        service.goods = false;
        let mut boxes = line(["2", "0", "0"]);
        (boxes.id, boxes.factor) = (Id::new(2), decimal("5"));
        let mut order = order(vec![line(["4", "0", "0"]), service, boxes]);
        order.rate = decimal("0.9");
        let expected = order.expected("2026-03-09".parse().unwrap());
        let figures: Vec<_> = expected
            .lines
            .iter()
            .map(|line| (line.key.raw(), line.quantity, line.unit_cost.unwrap()))
            .collect();
        assert_eq!(
            figures,
            [(1, quantity("4"), decimal("387")), (2, quantity("10"), decimal("77.4"))]
        );
    }

    #[test]
    fn the_slowest_line_decides() {
        let mut order = order(vec![line(["1", "0", "0"]), line(["1", "0", "0"])]);
        order.lines[1].lead_days = Some(12);
        assert_eq!(order.lead_days(), Some(12));
        order.lines[1].goods = false;
        assert_eq!(order.lead_days(), Some(7));
        order.lines[0].lead_days = None;
        assert_eq!(order.lead_days(), None);
    }
}
