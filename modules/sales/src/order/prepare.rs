//! Before an order is saved: what was left empty is filled, prices that follow the price list are
//! asked for, amounts and taxes are computed; once it is confirmed, what was agreed stays. All orders
//! of a batch share their look-ups.
//! Not here: what orders of both directions share (`trade`).

use std::collections::HashMap;

use fondaco_kernel::error::refuse_if_any;
use fondaco_kernel::measure;
use fondaco_kernel::model::{Before, Draft, Line, Saving};
use fondaco_kernel::ports::pricing::{self, PriceAsk};
use fondaco_kernel::shared::Product;
use fondaco_kernel::trade::{self, Direction, Known, PRICE_PLACES, by_price_list};
use fondaco_kernel::{Result, Tx};
use fondaco_values::{Decimal, Id, Quantity, Rounding, Value, round};

const SALE: Direction = Direction {
    party: "customer",
    agreed: &["product", "quantity", "unit_price", "discount", "tax_code"],
    tax_code: |product| product.tax_code,
};

pub(crate) async fn prepare(tx: &mut Tx, batch: &mut [Saving]) -> Result<()> {
    SALE.keep_agreed(batch)?;
    let due = |saving: &&mut Saving| SALE.is_due(saving);
    let mut drafts: Vec<&mut Saving> = batch.iter_mut().filter(due).collect();
    if drafts.is_empty() {
        return Ok(());
    }
    let known = SALE.fill(tx, &mut drafts).await?;
    for saving in &mut drafts {
        set_costs(saving, known.home.exponent);
    }
    set_prices(tx, &mut drafts, &known).await?;
    let places: Vec<String> = (0..batch.len()).map(|at| trade::place(batch, at)).collect();
    let due = batch.iter_mut().zip(places).filter(|(saving, _)| SALE.is_due(saving));
    let problems = due.flat_map(|(saving, place)| {
        let problems = SALE.set_amounts(saving, &known).into_iter();
        problems.map(move |problem| problem.under(place.clone()))
    });
    refuse_if_any(problems.collect())
}

/// An expected cost follows the quantity, and is unknown of another product.
fn set_costs(saving: &mut Saving, exponent: u8) {
    let Saving { old, draft, .. } = saving;
    let before = Before::of(old.as_ref());
    for line in draft.lines_mut("lines") {
        let Some(was) = before.line(line).and_then(|line| line.link::<Product>("product")) else {
            continue;
        };
        if before.link(line, "product") == Some(was) {
            follow_quantity(line, &before, exponent);
        } else {
            line.draft.set("expected_cost", Value::Null);
        }
    }
}

fn follow_quantity(line: &mut Line, before: &Before<'_>, exponent: u8) {
    let Some(old) = before.line(line) else { return };
    let was = old.decimal("quantity").and_then(Quantity::exact).unwrap_or_default();
    let now = before.quantity(line);
    let cost = old.money("expected_cost").filter(|_| was != now);
    if let Some(cost) = cost.and_then(|cost| measure::part(cost, now, was, exponent)) {
        line.draft.set("expected_cost", cost);
    }
}

/// Asks for all open prices of the batch at once.
async fn set_prices(tx: &mut Tx, drafts: &mut [&mut Saving], known: &Known) -> Result<()> {
    let mut asks = Vec::new();
    let mut places = Vec::new();
    for (at, saving) in drafts.iter_mut().enumerate() {
        for (n, ask) in open_prices(saving, known) {
            asks.push(ask);
            places.push((at, n));
        }
        let Saving { old, draft, .. } = &mut **saving;
        mark(draft, &Before::of(old.as_ref()));
    }
    if asks.is_empty() {
        return Ok(());
    }
    let prices = pricing::prices(tx, &asks).await?;
    let listed = tx.ports().pricing.is_none();
    for ((at, n), price) in places.into_iter().zip(prices) {
        let saving = &mut drafts[at];
        // Without a price list it is the product's own price, in the company's currency.
        let rate = saving.decimal("rate").filter(|_| listed).unwrap_or(Decimal::ONE);
        let net = price.net.checked_div(rate).unwrap_or(price.net);
        let line = &mut saving.draft.lines_mut("lines")[n];
        line.draft.set("unit_price", round(net, PRICE_PLACES, Rounding::HalfUp));
    }
    Ok(())
}

/// The questions of one order, with the lines they are for. What counts for volume is how much of a
/// product the whole order has.
fn open_prices(saving: &Saving, known: &Known) -> Vec<(usize, PriceAsk)> {
    let before = Before::of(saving.old.as_ref());
    let lines = saving.draft.lines("lines");
    let mut volume: HashMap<Id<Product>, Quantity> = HashMap::new();
    for line in lines {
        if let Some(product) = before.link(line, "product") {
            *volume.entry(product).or_default() += before.quantity(line);
        }
    }
    let ask = |product: Id<Product>| {
        Some(PriceAsk {
            product,
            party: saving.link("customer"),
            quantity: volume.get(&product).copied()?,
            on: saving.date("ordered_on")?,
            currency: saving.link("currency").unwrap_or(known.home.currency),
            choice: None,
        })
    };
    let open = lines.iter().enumerate().filter(|(_, line)| by_price_list(line, &before));
    let priced = open.filter_map(|(n, line)| Some((n, before.link(line, "product")?)));
    // A product that there is not is told of by the kernel.
    let there = priced.filter(|(_, product)| known.products.contains_key(product));
    there.filter_map(|(n, product)| Some((n, ask(product)?))).collect()
}

/// Notes on each line who sets its price.
fn mark(draft: &mut Draft, before: &Before<'_>) {
    for line in draft.lines_mut("lines") {
        let by_list = by_price_list(line, before);
        line.draft.set("by_price_list", by_list);
    }
}
