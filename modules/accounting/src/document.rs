//! What invoices and bills have in common on their way into the books: their lines are completed
//! and summed before every save, and posted as one entry.
//! Not here: the arithmetic (`amounts`), the lines of the entry (`posting`), what belongs to one of
//! the two alone (`invoice`, `bill`).

use std::collections::HashMap;

use fondaco_kernel::ledger;
use fondaco_kernel::model::{Line, Saving};
use fondaco_kernel::ports::pricing::{PriceAsk, prices};
use fondaco_kernel::shared::{Company, Currency, Party, PaymentTerm, Product, TaxCode};
use fondaco_kernel::store;
use fondaco_kernel::{DocRef, Error, Record, Result, Tx, rates, record};
use fondaco_values::{AnyId, Date, Decimal, Id, Money, Problem, Quantity, Value};

use crate::accounts::Accounts;
use crate::amounts::{line_amount, taxes};
use crate::posting::{Booking, Currencies, Doc, DocLine, DocTax, Side, booking, deductible};
use crate::terms::Part;

/// A tax code with what this module adds to it.
#[derive(Record, Clone, Debug)]
#[record("tax_code")]
pub(crate) struct Tax {
    pub(crate) id: Id<Tax>,
    pub(crate) code: String,
    pub(crate) rate: Decimal,
    pub(crate) account: Option<AnyId>,
    pub(crate) deductible: Decimal,
    pub(crate) reverse_charge: bool,
    pub(crate) reverse_account: Option<AnyId>,
}

/// A document as it is stored, as far as both kinds of it agree.
#[derive(Clone, Debug)]
pub(crate) struct Paper {
    pub(crate) side: Side,
    /// A credit note or refund.
    pub(crate) reversed: bool,
    pub(crate) document: DocRef,
    pub(crate) party: Id<Party>,
    pub(crate) currency: Id<Currency>,
    pub(crate) dated_on: Date,
    pub(crate) due_on: Option<Date>,
    pub(crate) payment_term: Option<Id<PaymentTerm>>,
    pub(crate) lines: Vec<DocLine>,
    pub(crate) taxes: Vec<(Id<TaxCode>, Money)>,
    pub(crate) total: Money,
}

/// What posting a document has found out.
#[derive(Clone, Debug)]
pub(crate) struct Booked {
    /// `None` when the document comes to nothing.
    pub(crate) entry: Option<i64>,
    pub(crate) rate: Decimal,
    pub(crate) booked_on: Date,
    pub(crate) due_on: Date,
    /// How tax on a purchase was booked.
    pub(crate) taxes: Vec<BookedTax>,
}

/// In the document's currency.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BookedTax {
    pub(crate) code: Id<TaxCode>,
    pub(crate) deducted: Money,
    pub(crate) owed: Money,
}

/// Posts the entry of a document.
pub(crate) async fn post(tx: &mut Tx, paper: Paper, text: String) -> Result<Booked> {
    if paper.total.is_negative() {
        let message =
            "The total is below zero: turn the signs and make it a credit note or refund.";
        return Err(Error::problem("total", "negative", message));
    }
    let doc = doc(tx, paper).await?;
    let products: Vec<Id<Product>> = doc.lines.iter().filter_map(|line| line.product).collect();
    let accounts = Accounts::load(tx, &products).await?;
    let Booking { lines, exchange, due_on } = booking(&doc, &accounts)?;
    let (rate, dated_on, taxes) = (doc.money.rate, doc.dated_on, booked_taxes(&doc)?);
    if lines.is_empty() {
        return Ok(Booked { entry: None, rate, booked_on: dated_on, due_on, taxes });
    }
    let journal = if doc.side == Side::Sale { "sale" } else { "purchase" };
    let mut draft = ledger::Draft::new(journal, dated_on, text).source(doc.document).lines(lines);
    draft.exchange = exchange;
    let posted = ledger::post(tx, draft).await?;
    Ok(Booked { entry: Some(posted.seq), rate, booked_on: posted.date, due_on, taxes })
}

fn booked_taxes(doc: &Doc) -> Result<Vec<BookedTax>> {
    let booked = |tax: &DocTax| {
        let deducted = deductible(doc.money.minor(tax.amount)?, tax.deductible);
        Ok(BookedTax {
            code: tax.id,
            deducted: Money::from_minor(deducted, doc.money.exponent),
            owed: if tax.reverse_charge { tax.amount } else { Money::ZERO },
        })
    };
    doc.taxes.iter().map(booked).collect()
}

/// Completes a document with rates, terms and tax codes.
async fn doc(tx: &mut Tx, paper: Paper) -> Result<Doc> {
    let money = currencies(tx, paper.currency, paper.dated_on).await?;
    let parts = match paper.payment_term {
        Some(term) => {
            store::get::<PaymentTerm>(tx, term).await?.lines.iter().map(Part::of).collect()
        }
        None => Vec::new(),
    };
    let codes: Vec<Id<TaxCode>> = paper.taxes.iter().map(|(code, _)| *code).collect();
    let rules = tax_codes(tx, &codes).await?;
    let taxes = paper.taxes.iter().filter_map(|(id, amount)| {
        let rule = rules.get(id)?;
        Some(DocTax {
            id: *id,
            amount: *amount,
            code: rule.code.clone(),
            account: rule.account.map(AnyId::cast),
            deductible: rule.deductible,
            reverse_charge: rule.reverse_charge && paper.side == Side::Purchase,
            reverse_account: rule.reverse_account.map(AnyId::cast),
        })
    });
    Ok(Doc {
        side: paper.side,
        reversed: paper.reversed,
        taxes: taxes.collect(),
        document: paper.document,
        party: paper.party,
        dated_on: paper.dated_on,
        due_on: paper.due_on,
        parts,
        money,
        lines: paper.lines,
        total: paper.total,
        stocked: tx.ports().stock.is_some(),
    })
}

/// A currency beside the company's own, with the rate of the day.
pub(crate) async fn currencies(
    tx: &mut Tx,
    currency: Id<Currency>,
    on: Date,
) -> Result<Currencies> {
    let own = own_currency(tx).await?;
    let rate = rates::rate(tx, currency, own.id, on).await?;
    let exponent = match currency == own.id {
        true => own.decimals(),
        false => store::get::<Currency>(tx, currency).await?.decimals(),
    };
    Ok(Currencies { currency, exponent, own: own.id, own_exponent: own.decimals(), rate })
}

/// The currency of the company's books.
pub(crate) async fn own_currency(tx: &mut Tx) -> Result<Currency> {
    let company = tx.ctx().company();
    let company = store::get::<Company>(tx, company).await?;
    store::get(tx, company.currency).await
}

async fn tax_codes(tx: &mut Tx, codes: &[Id<TaxCode>]) -> Result<HashMap<Id<TaxCode>, Tax>> {
    let mut ids: Vec<Id<Tax>> = codes.iter().map(|code| code.cast()).collect();
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let found = store::get_many::<Tax>(tx, &ids).await?;
    Ok(found.into_iter().map(|tax| (tax.id.cast(), tax)).collect())
}

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
        if saving.is_new() && saving.link::<PaymentTerm>("payment_term").is_none() {
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
    saving.is_new() || saving.draft.has("lines") || saving.draft.has("currency") || adjusted
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
            for line in saving.draft.lines("lines") {
                products.extend(line_link::<Product>(saving, line, "product"));
                codes.extend(line_link::<TaxCode>(saving, line, "tax_code"));
            }
            let old = saving.old.iter().flat_map(|old| old.lines("lines"));
            codes.extend(old.filter_map(|line| line.link::<TaxCode>("tax_code")));
        }
        let products: HashMap<Id<Product>, Product> =
            by_id(tx, products, |p: &Product| p.id).await?;
        codes.extend(products.values().flat_map(|p| [p.tax_code, p.purchase_tax_code]).flatten());
        let of = |field: &str| drafts.iter().filter_map(|s| s.value(field).as_link()).collect();
        let (currencies, parties): (Vec<AnyId>, Vec<AnyId>) = (of("currency"), of("party"));
        let currencies = currencies.into_iter().map(AnyId::cast).collect();
        let parties = parties.into_iter().map(AnyId::cast).collect();
        Ok(Known {
            currencies: by_id(tx, currencies, |c: &Currency| c.id).await?,
            parties: by_id(tx, parties, |p: &Party| p.id).await?,
            taxes: tax_codes(tx, &codes).await?,
            products,
        })
    }
}

async fn by_id<M: record::Record>(
    tx: &mut Tx,
    mut ids: Vec<Id<M>>,
    id: fn(&M) -> Id<M>,
) -> Result<HashMap<Id<M>, M>> {
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let found = store::get_many::<M>(tx, &ids).await?;
    Ok(found.into_iter().map(|record| (id(&record), record)).collect())
}

/// What a line will hold in a field: what is wanted, else what is there.
fn line_value<'s>(saving: &'s Saving, line: &'s Line, field: &str) -> &'s Value {
    static NULL: Value = Value::Null;
    let old = || {
        let lines = saving.old.as_ref()?.lines("lines");
        lines.iter().find(|old| Some(old.id) == line.id).map(|old| old.get(field))
    };
    line.draft.get(field).or_else(old).unwrap_or(&NULL)
}

fn line_link<M>(saving: &Saving, line: &Line, field: &str) -> Option<Id<M>> {
    line_value(saving, line, field).as_link().map(AnyId::cast)
}

fn line_decimal(saving: &Saving, line: &Line, field: &str) -> Option<Decimal> {
    line_value(saving, line, field).as_decimal()
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
    if !saving.draft.has("lines") {
        keep_lines(saving);
    }
    let mut problems = Vec::new();
    let mut amounts = Vec::new();
    for (n, line) in saving.draft.lines("lines").iter().enumerate() {
        let quantity = line_decimal(saving, line, "quantity").unwrap_or(Decimal::ONE);
        let price = line_decimal(saving, line, "unit_price").unwrap_or(Decimal::ZERO);
        let discount = line_decimal(saving, line, "discount").unwrap_or(Decimal::ZERO);
        let code = line_link::<TaxCode>(saving, line, "tax_code");
        match line_amount(quantity, price, discount, exponent) {
            Some(amount) => amounts.push((code, amount)),
            None => problems.push(too_large(n)),
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    for (line, (_, amount)) in saving.draft.lines_mut("lines").iter_mut().zip(&amounts) {
        line.draft.set("amount", *amount);
        if line.id.is_none() && line.draft.decimal("unit_price").is_none() {
            line.draft.set("unit_price", Decimal::ZERO);
        }
    }
    set_totals(saving, known, side, &amounts, exponent).map_err(|problem| vec![problem])
}

fn too_large(line: usize) -> Problem {
    let message =
        "Quantity times price is too large, or has more digits than can be computed exactly.";
    Problem::new(format!("lines[{line}].unit_price"), "too_large", message)
}

/// Takes up the lines that are there, so that their amounts can be written.
fn keep_lines(saving: &mut Saving) {
    let ids: Vec<AnyId> =
        saving.old.iter().flat_map(|old| old.lines("lines")).map(|line| line.id).collect();
    let empty = saving.draft.new_line("lines");
    let lines = ids.into_iter().map(|id| Line { id: Some(id), draft: empty.clone() });
    saving.draft.lines_mut("lines").extend(lines);
}

fn set_totals(
    saving: &mut Saving,
    known: &Known,
    side: Side,
    amounts: &[(Option<Id<TaxCode>>, Money)],
    exponent: u8,
) -> Judged<Problem> {
    let rates = known.taxes.iter().map(|(id, tax)| (*id, tax.rate)).collect();
    let too_large = || Problem::new("lines", "too_large", "The amounts are too large together.");
    let mut sums = taxes(amounts, &rates, exponent).ok_or_else(too_large)?;
    if side == Side::Purchase {
        let adjustment = saving.decimal("tax_adjustment").and_then(Money::exact);
        let adjustment = adjustment.unwrap_or(Money::ZERO);
        match sums.first_mut() {
            Some(first) if is_rounding(adjustment) => first.amount += adjustment,
            None if adjustment.is_zero() => {}
            _ => return Err(not_rounding()),
        }
    }
    let net: Money = amounts.iter().map(|(_, amount)| *amount).sum();
    let charged = |code: &Id<TaxCode>| {
        side == Side::Sale || known.taxes.get(code).is_none_or(|tax| !tax.reverse_charge)
    };
    let tax: Money = sums.iter().filter(|sum| charged(&sum.code)).map(|sum| sum.amount).sum();
    let empty = saving.draft.new_line("taxes");
    let lines = sums.iter().map(|sum| {
        let draft = empty.clone().with("tax_code", sum.code).with("base", sum.base);
        Line { id: None, draft: draft.with("amount", sum.amount) }
    });
    let lines: Vec<Line> = lines.collect();
    *saving.draft.lines_mut("taxes") = lines;
    saving.draft.set("net", net).set("tax", tax).set("total", net + tax);
    Ok(())
}

/// What two ways of rounding may differ by.
fn is_rounding(adjustment: Money) -> bool {
    adjustment.abs() <= Money::from_minor(1, 0)
}

fn not_rounding() -> Problem {
    let message = "The adjustment is for rounding: at most 1.00, on a bill with tax. Correct the lines instead.";
    Problem::new("tax_adjustment", "too_large", message)
}
