//! Confirming an order: the customer's credit is held, goods are set aside or asked for, a day is
//! promised. Nothing is posted yet.

use std::collections::HashMap;

use fondaco_kernel::error::refuse_if_any;
use fondaco_kernel::shared::{Party, Product};
use fondaco_kernel::trade::{self, too_large};
use fondaco_kernel::{Args, Outcome, Result, Tx, permissions::Allowed, store};
use fondaco_values::{Date, Decimal, Id, Money, Problem, Rounding};

use super::SalesOrder;
use super::provide::{Provision, products_of, provide};
use fondaco_kernel::home::{Home, HomeMoney, home};

pub(crate) async fn confirm(
    tx: &mut Tx,
    order: Allowed<SalesOrder>,
    _args: Args,
) -> Result<Outcome> {
    let mut order = order.into_inner();
    let home = home(tx).await?;
    let customer = store::get(tx, order.customer).await?;
    let products = products_of(tx, order.lines.iter().map(|line| line.product)).await?;
    refuse_if_any(order.problems(&customer, &products))?;
    let mut notes = hold(tx, &order, home).await?;
    expect_costs(tx, &mut order, &products, home).await?;
    let provision = provide(tx, &order).await?;
    order.begin(&provision, tx.today());
    let (goods, invoices) = (trade::goods(tx), trade::billing(tx));
    order.refresh(goods, invoices, home.exponent);
    store::update(tx, &mut order).await?;
    welcome(tx, customer).await?;
    notes.extend(provision.notes);
    notes.extend(order.promised_on.map(|day| format!("Promised for {day}.")));
    Ok(Outcome::says(notes.join(" ")))
}

/// Takes the total out of the customer's limit, or says why nobody looked.
async fn hold(tx: &mut Tx, order: &SalesOrder, home: Home) -> Result<Vec<String>> {
    let Some(credit) = tx.ports().credit else {
        let note = "The customer's credit was not checked, since accounting is switched off.";
        return Ok(vec![note.to_owned()]);
    };
    let total = order.at_home(order.total, home.exponent).ok_or_else(|| too_large("lines"))?;
    if total > Money::ZERO {
        credit.hold(tx, order.customer, order.source(), total).await?;
    }
    Ok(Vec::new())
}

/// What the lines should cost, where the quote did not say: at what the goods in stock cost, else at
/// the product's standard.
async fn expect_costs(
    tx: &mut Tx,
    order: &mut SalesOrder,
    products: &HashMap<Id<Product>, Product>,
    home: Home,
) -> Result<()> {
    let open = order.lines.iter().filter(|line| line.goods && line.expected_cost.is_none());
    let mut ids: Vec<Id<Product>> = open.map(|line| line.product).collect();
    ids.sort();
    ids.dedup();
    let mut unit_costs: HashMap<Id<Product>, Decimal> = HashMap::new();
    if let (Some(stock), false) = (tx.ports().stock, ids.is_empty()) {
        let there = stock.availability(tx, &ids).await?;
        unit_costs.extend(there.iter().filter_map(|item| Some((item.product, item.unit_cost?))));
    }
    for line in order.lines.iter_mut().filter(|line| line.expected_cost.is_none()) {
        let counted = unit_costs.get(&line.product).and_then(|cost| cost.checked_mul(line.factor));
        let standard = products.get(&line.product).and_then(|product| product.standard_cost);
        let unit_cost = counted.or(standard.map(Money::decimal));
        let cost = unit_cost.and_then(|cost| cost.checked_mul(line.quantity.decimal()));
        let cost = cost.and_then(|cost| Money::round(cost, home.exponent, Rounding::HalfUp));
        line.expected_cost = cost.map(HomeMoney);
    }
    Ok(())
}

/// Who orders is a customer.
async fn welcome(tx: &mut Tx, mut party: Party) -> Result<()> {
    if !party.customer {
        party.customer = true;
        store::update(tx, &mut party).await?;
    }
    Ok(())
}

impl SalesOrder {
    fn problems(&self, customer: &Party, products: &HashMap<Id<Product>, Product>) -> Vec<Problem> {
        let mut problems = Vec::new();
        if !customer.active {
            let message = format!("{} is not active; activate the party first.", customer.name);
            problems.push(Problem::new("customer", "inactive", message));
        }
        for (at, line) in self.lines.iter().enumerate() {
            if line.quantity.is_zero() {
                let message = format!("{}: enter a quantity or remove the line.", line.description);
                problems.push(Problem::new(format!("lines[{at}].quantity"), "zero", message));
            }
            let Some(product) = products.get(&line.product) else { continue };
            let message = if product.kind == "configurable" {
                format!("{} has to be configured: choose its options in a quote.", product.name)
            } else if !product.active {
                format!("{} is not sold any more.", product.name)
            } else {
                continue;
            };
            problems.push(Problem::new(format!("lines[{at}].product"), "not_sold", message));
        }
        problems
    }

    /// The order's first day: what is ready, and the day that is promised unless one was given.
    fn begin(&mut self, provision: &Provision, today: Date) {
        self.delivery_state = provision.ready.then(|| "ready".to_owned());
        let earliest = provision.ready_on.map(|day| day.max(today));
        let wished = earliest.map(|day| day.max(self.requested_on.unwrap_or(day)));
        self.promised_on = self.promised_on.or(wished);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::order::tests::{line, order};

    #[test]
    fn the_promise() {
        let day = |text: &str| -> Date { text.parse().unwrap() };
        for (ready_on, requested, given, promised) in [
            (Some("2026-03-02"), None, None, Some("2026-03-02")),
            (Some("2026-03-02"), Some("2026-03-20"), None, Some("2026-03-20")),
            (Some("2026-03-25"), Some("2026-03-20"), None, Some("2026-03-25")),
            // What was ordered long ago cannot be promised for then.
            (Some("1996-08-01"), Some("1996-08-01"), None, Some("2026-03-02")),
            (Some("2026-03-25"), None, Some("2026-03-18"), Some("2026-03-18")),
            (None, Some("2026-03-20"), None, None),
        ] {
            let mut order = order(vec![line(["5", "0", "0", "0", "0"])]);
            order.requested_on = requested.map(day);
            order.promised_on = given.map(day);
            let provision = Provision { ready_on: ready_on.map(day), ..Provision::default() };
            order.begin(&provision, day("2026-03-02"));
            assert_eq!(order.promised_on, promised.map(day), "{ready_on:?} {requested:?}");
        }
    }
}
