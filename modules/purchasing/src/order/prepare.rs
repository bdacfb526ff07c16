//! Before a purchase order is saved: what was left empty is filled, prices that follow the supplier's
//! are looked up, amounts and taxes are computed; once it is confirmed, what was agreed stays. All
//! orders of a batch share their look-ups.
//! Not here: what orders of both directions share (`trade`).

use std::collections::HashMap;

use fondaco_kernel::error::refuse_if_any;
use fondaco_kernel::model::{Before, Saving};
use fondaco_kernel::shared::{Party, Product};
use fondaco_kernel::trade::{self, Direction, Known, PRICE_PLACES, by_price_list};
use fondaco_kernel::{Result, Tx};
use fondaco_values::{Id, Problem, Quantity, Rounding, round};

use crate::supplier_price::Market;

const PURCHASE: Direction = Direction {
    party: "supplier",
    agreed: &["product", "quantity", "unit_price", "tax_code"],
    tax_code: |product| product.purchase_tax_code,
};

pub(crate) async fn prepare(tx: &mut Tx, batch: &mut [Saving]) -> Result<()> {
    PURCHASE.keep_agreed(batch)?;
    let due = |saving: &&mut Saving| PURCHASE.is_due(saving);
    let mut drafts: Vec<&mut Saving> = batch.iter_mut().filter(due).collect();
    if drafts.is_empty() {
        return Ok(());
    }
    let known = PURCHASE.fill(tx, &mut drafts).await?;
    let mut market = Market::load(tx, known.products.keys().copied()).await?;
    for currency in known.currencies() {
        market.know(tx, currency).await?;
    }
    let places: Vec<String> = (0..batch.len()).map(|at| trade::place(batch, at)).collect();
    let due = batch.iter_mut().zip(places).filter(|(saving, _)| PURCHASE.is_due(saving));
    let problems = due.flat_map(|(saving, place)| {
        let mut problems = set_prices(saving, &known, &market);
        problems.extend(PURCHASE.set_amounts(saving, &known));
        problems.into_iter().map(move |problem| problem.under(place.clone()))
    });
    refuse_if_any(problems.collect())
}

/// Sets what the supplier's prices say: price, lead time, his code. What counts for his minimum is
/// how much of a product the whole order has.
fn set_prices(saving: &mut Saving, known: &Known, market: &Market) -> Vec<Problem> {
    let (supplier, currency) = (saving.link("supplier"), saving.link("currency"));
    let Saving { old, draft, .. } = saving;
    let before = Before::of(old.as_ref());
    let mut volume: HashMap<Id<Product>, Quantity> = HashMap::new();
    for line in draft.lines("lines") {
        if let Some(product) = before.link(line, "product") {
            *volume.entry(product).or_default() += before.quantity(line);
        }
    }
    let mut problems = Vec::new();
    for (at, line) in draft.lines_mut("lines").iter_mut().enumerate() {
        let by_list = by_price_list(line, &before);
        line.draft.set("by_price_list", by_list);
        let product = before.link(line, "product").and_then(|id| known.products.get(&id));
        let (Some(product), Some(supplier)) = (product, supplier) else { continue };
        let wanted = volume.get(&product.id).copied().unwrap_or_default();
        let offer = market.best(product.id, wanted, None, Some(supplier));
        line.draft.set("lead_days", offer.map(|offer| offer.price.lead_days));
        if before.value(line, "supplier_code").is_null() {
            line.draft.set("supplier_code", offer.and_then(|o| o.price.supplier_code.clone()));
        }
        if !by_list {
            continue;
        }
        let price = offer.zip(currency).and_then(|(o, to)| market.converted(o.price, to));
        match price {
            Some(price) => {
                let price = round(price, PRICE_PLACES, Rounding::HalfUp);
                line.draft.set("unit_price", price);
            }
            None => problems.push(no_price(at, product, known.parties.get(&supplier))),
        }
    }
    problems
}

fn no_price(at: usize, product: &Product, supplier: Option<&Party>) -> Problem {
    let message = format!(
        "No price of {} from {} is known today: enter the price here, or a supplier price.",
        product.name,
        supplier.map_or("this supplier", |supplier| supplier.name.as_str()),
    );
    Problem::new(format!("lines[{at}].unit_price"), "no_price", message)
}
