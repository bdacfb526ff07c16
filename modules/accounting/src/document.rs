//! What invoices and bills have in common on their way into the books: completed with rates, terms
//! and tax codes, and posted as one entry.
//! Not here: their sums while they are drafts (`draft`), the lines of the entry (`posting`), what
//! belongs to one of the two alone (`invoice`, `bill`).

use std::collections::HashMap;

use fondaco_kernel::ledger;
use fondaco_kernel::shared::{Company, Currency, Party, PaymentTerm, Product, TaxCode};
use fondaco_kernel::store;
use fondaco_kernel::{DocRef, Error, Record, Result, Tx, rates};
use fondaco_values::{AnyId, Date, Decimal, Id, Money};

use crate::accounts::Accounts;
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

pub(crate) async fn tax_codes(
    tx: &mut Tx,
    codes: &[Id<TaxCode>],
) -> Result<HashMap<Id<TaxCode>, Tax>> {
    let mut ids: Vec<Id<Tax>> = codes.iter().map(|code| code.cast()).collect();
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let found = store::find::<Tax>(tx, store::Filter::new().is_in("id", ids)).await?;
    Ok(found.into_iter().map(|tax| (tax.id.cast(), tax)).collect())
}
