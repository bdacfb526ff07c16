//! Before an order is saved: what was left empty is filled from customer and products, prices that
//! follow the price list are asked for, amounts and taxes are computed; once it is confirmed, what
//! was agreed stays. All documents of a batch share their look-ups (`known`).

use std::collections::HashMap;

use fondaco_kernel::error::refuse_if_any;
use fondaco_kernel::model::{Draft, Line, Saving};
use fondaco_kernel::ports::pricing::{self, PriceAsk};
use fondaco_kernel::record::Rec;
use fondaco_kernel::shared::{Product, TaxCode, Unit};
use fondaco_kernel::{Result, Tx};
use fondaco_values::{Decimal, Id, Problem, Quantity, Rounding, Value, round};

use super::PRICE_PLACES;
use super::known::Known;
use fondaco_kernel::measure::{self, TaxSum};
use fondaco_kernel::model::Before;

/// Fields of a line that are agreed with the customer.
const AGREED: [&str; 5] = ["product", "quantity", "unit_price", "discount", "tax_code"];
/// Fields of the order that its amounts follow from.
const DECISIVE: [&str; 3] = ["customer", "currency", "ordered_on"];

pub(crate) async fn prepare(tx: &mut Tx, batch: &mut [Saving]) -> Result<()> {
    let many = batch.len() > 1;
    let place = |at: usize| if many { format!("[{at}]") } else { String::new() };
    let locked = batch.iter().enumerate().flat_map(|(at, saving)| {
        locked(saving).into_iter().map(move |problem| problem.under(place(at)))
    });
    refuse_if_any(locked.collect())?;
    let mut drafts: Vec<&mut Saving> = batch.iter_mut().filter(|saving| is_due(saving)).collect();
    if drafts.is_empty() {
        return Ok(());
    }
    for saving in &mut drafts {
        all_lines(saving);
    }
    let mut known = Known::load(tx, &drafts).await?;
    for saving in &mut drafts {
        fill_head(tx, saving, &mut known).await?;
        fill_lines(saving, &known);
    }
    known.load_rest(tx, &drafts).await?;
    set_prices(tx, &mut drafts, &known).await?;
    let due = batch.iter_mut().enumerate().filter(|(_, saving)| is_due(saving));
    let problems = due.flat_map(|(at, saving)| {
        set_amounts(saving, &known).into_iter().map(move |problem| problem.under(place(at)))
    });
    refuse_if_any(problems.collect())
}

/// What somebody wants changed of an order that is agreed.
fn locked(saving: &Saving) -> Vec<Problem> {
    let Some(old) = saving.old.as_ref().filter(|old| old.state() != Some("draft")) else {
        return Vec::new();
    };
    let heads = ["customer", "currency"].into_iter().filter(|field| saving.changes(field));
    let mut changed: Vec<String> = heads.map(str::to_owned).collect();
    if saving.draft.has("lines") {
        let before = Before::of(Some(old));
        let wanted = saving.draft.lines("lines");
        if wanted.len() != old.lines("lines").len() {
            changed.push("lines".to_owned());
        }
        for (at, line) in wanted.iter().enumerate() {
            let fields = AGREED.into_iter().filter(|field| before.differs(line, field));
            changed.extend(fields.map(|field| format!("lines[{at}].{field}")));
        }
    }
    let message = "The order is confirmed; take it back to draft to change what was agreed.";
    changed.into_iter().map(|field| Problem::new(field, "agreed", message)).collect()
}

/// Whether anything is wanted from which amounts follow.
fn is_due(saving: &Saving) -> bool {
    let Some(old) = &saving.old else { return true };
    if old.state() != Some("draft") {
        return false;
    }
    if DECISIVE.iter().any(|field| saving.changes(field)) {
        return true;
    }
    let before = Before::of(Some(old));
    let wanted = saving.draft.lines("lines");
    let other = |line: &Line| AGREED.iter().any(|field| before.differs(line, field));
    saving.draft.has("lines")
        && (wanted.len() != old.lines("lines").len() || wanted.iter().any(other))
}

/// Has every line in the draft, also when only the head was touched.
fn all_lines(saving: &mut Saving) {
    let Some(old) = saving.old.as_ref().filter(|_| !saving.draft.has("lines")) else { return };
    let lines: Vec<Line> = old
        .lines("lines")
        .iter()
        .map(|line| Line { id: Some(line.id), draft: saving.draft.new_line("lines") })
        .collect();
    *saving.draft.lines_mut("lines") = lines;
}

async fn fill_head(tx: &mut Tx, saving: &mut Saving, known: &mut Known) -> Result<()> {
    let customer = saving.link("customer").and_then(|id| known.customers.get(&id));
    if saving.value("currency").is_null() {
        let own = customer.and_then(|customer| customer.currency);
        saving.draft.set("currency", own.unwrap_or(known.home.currency));
    }
    if saving.is_new()
        && saving.value("payment_term").is_null()
        && let Some(term) = customer.and_then(|customer| customer.payment_term)
    {
        saving.draft.set("payment_term", term);
    }
    let on = saving.date("ordered_on").unwrap_or_else(|| tx.today());
    if let Some(currency) = saving.link("currency") {
        let rate = known.rate(tx, currency, on).await?;
        saving.draft.set("rate", rate);
    }
    Ok(())
}

/// Fills lines that are new or have another product; an expected cost follows the quantity.
fn fill_lines(saving: &mut Saving, known: &Known) {
    let Saving { old, draft, .. } = saving;
    let before = Before::of(old.as_ref());
    for line in draft.lines_mut("lines") {
        let product = before.link(line, "product").and_then(|id| known.products.get(&id));
        let Some(product) = product else { continue };
        let was = before.line(line).and_then(|line| line.link::<Product>("product"));
        if was == Some(product.id) {
            follow_quantity(line, &before, known.home.exponent);
            continue;
        }
        if was.is_some() {
            line.draft.set("expected_cost", Value::Null);
        }
        if line.draft.text("description").unwrap_or_default().is_empty() {
            line.draft.set("description", product.name.as_str());
        }
        if !line.draft.has("tax_code") {
            line.draft.set("tax_code", product.tax_code);
        }
        line.draft.set("factor", known.factor(product));
        line.draft.set("goods", product.kind != "service");
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

/// Whether the price of a line is left to the price list.
fn by_price_list(line: &Line, before: &Before<'_>) -> bool {
    let Some(was) = before.line(line) else {
        return line.draft.value("unit_price").is_null();
    };
    match line.draft.get("unit_price") {
        Some(Value::Null) => true,
        Some(price) if price != was.get("unit_price") => false,
        _ => {
            let other = line.draft.get("product").is_some_and(|p| p != was.get("product"));
            other || was.flag("by_price_list")
        }
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

fn set_amounts(saving: &mut Saving, known: &Known) -> Vec<Problem> {
    let exponent = known.exponent(saving.link("currency"));
    let Saving { old, draft, .. } = saving;
    let before = Before::of(old.as_ref());
    let mut problems = Vec::new();
    let mut taxed = Vec::new();
    for (at, line) in draft.lines_mut("lines").iter_mut().enumerate() {
        let (price, discount) =
            (before.number(line, "unit_price"), before.number(line, "discount"));
        let quantity = before.quantity(line);
        let product = before.link(line, "product").and_then(|id| known.products.get(&id));
        if let Some(problem) = product.and_then(|product| split(quantity, known.unit(product)?)) {
            problems.push(problem.under(format!("lines[{at}]")));
        }
        match measure::amount(quantity, price, discount, exponent) {
            Some(amount) => {
                line.draft.set("amount", amount);
                let code = before.link(line, "tax_code").and_then(|id| known.taxes.get(&id));
                taxed.extend(code.map(|code| (code.id, code.rate, amount)));
            }
            None => problems.push(too_large(&format!("lines[{at}].quantity"))),
        }
    }
    match measure::taxes(taxed.into_iter(), exponent) {
        Some(sums) => set_taxes(draft, old.as_ref(), &sums),
        None => problems.push(too_large("lines")),
    }
    problems
}

fn set_taxes(draft: &mut Draft, old: Option<&Rec>, sums: &[TaxSum]) {
    let rows = sums.iter().map(|sum| {
        let same = |row: &&Rec| row.link::<TaxCode>("tax_code") == Some(sum.code);
        let id = old.and_then(|old| old.lines("taxes").iter().find(same)).map(|row| row.id);
        let row = draft.new_line("taxes");
        let row = row.with("tax_code", sum.code).with("rate", sum.rate);
        Line { id, draft: row.with("base", sum.base).with("tax", sum.tax) }
    });
    let rows = rows.collect();
    *draft.lines_mut("taxes") = rows;
}

/// A quantity finer than its unit allows, such as half a piece.
fn split(quantity: Quantity, unit: &Unit) -> Option<Problem> {
    let places = u8::try_from(unit.decimals).unwrap_or(0);
    if Quantity::round(quantity.decimal(), places, Rounding::Down) == Some(quantity) {
        return None;
    }
    let message = match places {
        0 => format!("{quantity} is no whole number, and {} is not divided.", unit.name),
        _ => format!("{quantity} has more than the {places} decimals of {}.", unit.name),
    };
    Some(Problem::new("quantity", "too_fine", message).arg("decimals", places))
}

fn too_large(field: &str) -> Problem {
    Problem::new(field, "too_large", "The amount is larger than can be written; mend the figures.")
}
