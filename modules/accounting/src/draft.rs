//! Drafts of invoices and bills before every save: their lines are completed from the products, and
//! lines, taxes and totals are summed.
//! Not here: the arithmetic (the kernel's `measure`), posting (`document`).
//! INVARIANT: what is posted keeps its figures; only drafts are summed.

use std::collections::HashMap;

use fondaco_kernel::measure::{self, TaxSum};
use fondaco_kernel::model::{Before, Line, Saving, all_lines};
use fondaco_kernel::ports::pricing::{PriceAsk, prices};
use fondaco_kernel::record::Rec;
use fondaco_kernel::shared::{Currency, Party, PaymentTerm, Product, TaxCode};
use fondaco_kernel::store;
use fondaco_kernel::{Result, Tx};
use fondaco_values::{Date, Decimal, Id, Money, Problem, Quantity};

use crate::document::{Tax, tax_codes};
use crate::posting::Side;

/// Before a save of invoices: completes lines, and sums lines and taxes.
pub(crate) async fn prepare_sales(tx: &mut Tx, batch: &mut [Saving]) -> Result<()> {
    prepare(tx, batch, Side::Sale).await
}

/// The same for bills.
pub(crate) async fn prepare_purchases(tx: &mut Tx, batch: &mut [Saving]) -> Result<()> {
    prepare(tx, batch, Side::Purchase).await
}

async fn prepare(tx: &mut Tx, batch: &mut [Saving], side: Side) -> Result<()> {
    let mut drafts: Vec<&mut Saving> = batch.iter_mut().filter(|saving| is_draft(saving)).collect();
    let known = Known::load(tx, &drafts).await?;
    let mut asks = Vec::new();
    for saving in &mut drafts {
        let gives_back = matches!(saving.text("kind"), Some("credit_note" | "refund"));
        if saving.is_new() && !gives_back && saving.link::<PaymentTerm>("payment_term").is_none() {
            let party = saving.link::<Party>("party").and_then(|id| known.parties.get(&id));
            let term = party.and_then(|party| party.payment_term);
            saving.draft.set("payment_term", term);
        }
        complete_lines(saving, &known, side);
        if side == Side::Sale {
            asks.extend(price_asks(saving, tx.today()));
        }
    }
    fill_prices(tx, &mut drafts, asks).await?;
    let mut problems = Vec::new();
    let several = drafts.len() > 1;
    for (n, saving) in drafts.into_iter().enumerate().filter(|(_, saving)| needs_sums(saving)) {
        if let Err(wrong) = sum_up(saving, &known, side) {
            let at = |p: Problem| if several { p.under(format!("[{n}]")) } else { p };
            problems.extend(wrong.into_iter().map(at));
        }
    }
    fondaco_kernel::error::refuse_if_any(problems)
}

/// A document that is posted keeps its figures.
fn is_draft(saving: &Saving) -> bool {
    saving.old.as_ref().is_none_or(|old| old.state() == Some("draft"))
}

fn needs_sums(saving: &Saving) -> bool {
    let adjusted = saving.draft.model().field("tax_adjustment").is_some()
        && saving.draft.has("tax_adjustment");
    saving.is_new()
        || saving.draft.has("lines")
        || saving.draft.has("taxes")
        || saving.draft.has("currency")
        || adjusted
}

/// What the drafts of one save refer to, read at once.
struct Known {
    currencies: HashMap<Id<Currency>, Currency>,
    parties: HashMap<Id<Party>, Party>,
    products: HashMap<Id<Product>, Product>,
    taxes: HashMap<Id<TaxCode>, Tax>,
}

impl Known {
    async fn load(tx: &mut Tx, drafts: &[&mut Saving]) -> Result<Known> {
        let mut products: Vec<Id<Product>> = Vec::new();
        let mut codes: Vec<Id<TaxCode>> = Vec::new();
        for saving in drafts {
            let before = Before::of(saving.old.as_ref());
            for line in saving.draft.lines("lines") {
                products.extend(before.link::<Product>(line, "product"));
                codes.extend(before.link::<TaxCode>(line, "tax_code"));
            }
            let old = saving.old.iter().flat_map(|old| old.lines("lines"));
            codes.extend(old.filter_map(|line| line.link::<TaxCode>("tax_code")));
        }
        let products = store::by_id(tx, products).await?;
        codes.extend(products.values().flat_map(|p| [p.tax_code, p.purchase_tax_code]).flatten());
        let currencies = drafts.iter().filter_map(|saving| saving.link("currency"));
        let parties = drafts.iter().filter_map(|saving| saving.link("party"));
        Ok(Known {
            currencies: store::by_id(tx, currencies).await?,
            parties: store::by_id(tx, parties).await?,
            taxes: tax_codes(tx, &codes).await?,
            products,
        })
    }
}

/// New lines of a product get its name and its tax where nothing else was said.
fn complete_lines(saving: &mut Saving, known: &Known, side: Side) {
    if !saving.draft.has("lines") {
        return;
    }
    for line in saving.draft.lines_mut("lines").iter_mut().filter(|line| line.id.is_none()) {
        let product = line.draft.link::<Product>("product").and_then(|id| known.products.get(&id));
        let Some(product) = product else { continue };
        if line.draft.text("description").is_none_or(str::is_empty) {
            line.draft.set("description", product.name.as_str());
        }
        if !line.draft.has("tax_code") {
            let code = match side {
                Side::Sale => product.tax_code,
                Side::Purchase => product.purchase_tax_code,
            };
            line.draft.set("tax_code", code);
        }
    }
}

/// The questions for the prices that were not given, in order of the lines.
fn price_asks(saving: &Saving, today: Date) -> Vec<PriceAsk> {
    let Some(currency) = saving.link::<Currency>("currency") else { return Vec::new() };
    let asks = saving.draft.lines("lines").iter().filter(|line| is_unpriced(line));
    let ask = |line: &Line| {
        let quantity = line.draft.quantity("quantity").unwrap_or(Quantity::ONE);
        Some(PriceAsk {
            product: line.draft.link("product")?,
            party: saving.link("party"),
            quantity,
            on: saving.date("dated_on").unwrap_or(today),
            currency,
            choice: None,
        })
    };
    asks.filter_map(ask).collect()
}

fn is_unpriced(line: &Line) -> bool {
    let product = line.draft.link::<Product>("product").is_some();
    line.id.is_none() && product && line.draft.decimal("unit_price").is_none()
}

async fn fill_prices(tx: &mut Tx, drafts: &mut [&mut Saving], asks: Vec<PriceAsk>) -> Result<()> {
    if asks.is_empty() {
        return Ok(());
    }
    let mut found = prices(tx, &asks).await?.into_iter();
    for saving in drafts {
        if !saving.draft.has("lines") || saving.link::<Currency>("currency").is_none() {
            continue;
        }
        for line in saving.draft.lines_mut("lines").iter_mut().filter(|line| is_unpriced(line)) {
            if let Some(price) = found.next() {
                line.draft.set("unit_price", price.net);
            }
        }
    }
    Ok(())
}

/// Done, or what is wrong.
type Judged<E> = std::result::Result<(), E>;

/// Sets the amounts of the lines, the taxes and the totals.
fn sum_up(saving: &mut Saving, known: &Known, side: Side) -> Judged<Vec<Problem>> {
    let currency = saving.link::<Currency>("currency").and_then(|id| known.currencies.get(&id));
    // Without a currency the check of required fields speaks.
    let Some(exponent) = currency.map(Currency::decimals) else { return Ok(()) };
    all_lines(saving);
    let before = Before::of(saving.old.as_ref());
    let mut problems = Vec::new();
    let (mut amounts, mut taxed) = (Vec::new(), Vec::new());
    for (n, line) in saving.draft.lines("lines").iter().enumerate() {
        let quantity = before.value(line, "quantity").as_decimal().and_then(Quantity::exact);
        let quantity = quantity.unwrap_or(Quantity::ONE);
        let price = before.number(line, "unit_price");
        let discount = before.number(line, "discount");
        let code = before.link::<TaxCode>(line, "tax_code");
        let tax = code.and_then(|code| Some((code, known.taxes.get(&code)?.rate)));
        match measure::amount(quantity, price, discount, exponent) {
            Some(amount) => {
                amounts.push(amount);
                taxed.extend(tax.map(|(code, rate)| (code, rate, amount)));
            }
            None => problems.push(too_large(n)),
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    for (line, amount) in saving.draft.lines_mut("lines").iter_mut().zip(&amounts) {
        line.draft.set("amount", *amount);
        if line.id.is_none() && line.draft.decimal("unit_price").is_none() {
            line.draft.set("unit_price", Decimal::ZERO);
        }
    }
    let net = amounts.into_iter().sum();
    let sums = measure::taxes(taxed.into_iter(), exponent);
    let sums = sums.ok_or_else(|| {
        vec![Problem::new("lines", "too_large", "The amounts are too large together.")]
    })?;
    set_totals(saving, known, side, net, sums).map_err(|problem| vec![problem])
}

fn too_large(line: usize) -> Problem {
    let message =
        "Quantity times price is too large, or has more digits than can be computed exactly.";
    Problem::new(format!("lines[{line}].unit_price"), "too_large", message)
}

fn set_totals(
    saving: &mut Saving,
    known: &Known,
    side: Side,
    net: Money,
    mut sums: Vec<TaxSum>,
) -> Judged<Problem> {
    if side == Side::Purchase {
        let adjustment = saving.decimal("tax_adjustment").and_then(Money::exact);
        let adjustment = adjustment.unwrap_or(Money::ZERO);
        match sums.first_mut() {
            Some(first) if is_rounding(adjustment) => first.tax += adjustment,
            None if adjustment.is_zero() => {}
            _ => return Err(not_rounding()),
        }
    }
    let charged = |code: &Id<TaxCode>| {
        side == Side::Sale || known.taxes.get(code).is_none_or(|tax| !tax.reverse_charge)
    };
    let tax: Money = sums.iter().filter(|sum| charged(&sum.code)).map(|sum| sum.tax).sum();
    if !stored_taxes(saving).into_iter().eq(sums.iter().map(|sum| (sum.code, sum.base, sum.tax))) {
        let empty = saving.draft.new_line("taxes");
        let lines = sums.iter().map(|sum| {
            let draft = empty.clone().with("tax_code", sum.code).with("base", sum.base);
            Line { id: None, draft: draft.with("amount", sum.tax) }
        });
        let lines: Vec<Line> = lines.collect();
        *saving.draft.lines_mut("taxes") = lines;
    }
    saving.draft.set("net", net).set("tax", tax).set("total", net + tax);
    Ok(())
}

/// The taxes as they are wanted or there. Those that stay right keep what posting notes on them.
fn stored_taxes(saving: &Saving) -> Vec<(Id<TaxCode>, Money, Money)> {
    let sum = |code: Option<Id<TaxCode>>, base: Option<Decimal>, amount: Option<Decimal>| {
        let (base, amount) = (base.and_then(Money::exact)?, amount.and_then(Money::exact)?);
        Some((code?, base, amount))
    };
    if saving.draft.has("taxes") {
        let lines = saving.draft.lines("taxes").iter();
        let read = |line: &Line| {
            let of = |field: &str| line.draft.decimal(field);
            sum(line.draft.link("tax_code"), of("base"), of("amount"))
        };
        return lines.filter_map(read).collect();
    }
    let lines = saving.old.iter().flat_map(|old| old.lines("taxes"));
    let read =
        |line: &Rec| sum(line.link("tax_code"), line.decimal("base"), line.decimal("amount"));
    lines.filter_map(read).collect()
}

/// What two ways of rounding may differ by.
fn is_rounding(adjustment: Money) -> bool {
    adjustment.abs() <= Money::from_minor(1, 0)
}

fn not_rounding() -> Problem {
    let message = "The adjustment is for rounding: at most 1.00, on a bill with tax. Correct the lines instead.";
    Problem::new("tax_adjustment", "too_large", message)
}
