//! Base and tax by code on what was booked between two days, from the documents and the entries by
//! hand. Tax is exact; the base of a document in another currency is at its rate.
//! Not here: computing tax (`amounts`), booking it (`posting`).

use std::collections::BTreeMap;

use fondaco_kernel::shared::{Currency, TaxCode};
use fondaco_kernel::store::{self, Filter};
use fondaco_kernel::{Args, Record, Result, Table, Tx};
use fondaco_values::{Date, Decimal, Id, Money, Value};

use crate::amounts::convert;
use crate::bill::BillTax;
use crate::document::own_currency;
use crate::entry::JournalEntry;
use crate::invoice::InvoiceTax;

/// An invoice, as far as tax is concerned.
#[derive(Record, Clone, Debug)]
#[record("accounting.invoice")]
pub(crate) struct TaxedInvoice {
    pub(crate) id: Id<TaxedInvoice>,
    pub(crate) kind: String,
    pub(crate) currency: Id<Currency>,
    pub(crate) rate: Option<Decimal>,
    pub(crate) entry: Option<i64>,
    pub(crate) taxes: Vec<InvoiceTax>,
}

/// A bill, as far as tax is concerned.
#[derive(Record, Clone, Debug)]
#[record("accounting.bill")]
pub(crate) struct TaxedBill {
    pub(crate) id: Id<TaxedBill>,
    pub(crate) kind: String,
    pub(crate) currency: Id<Currency>,
    pub(crate) rate: Option<Decimal>,
    pub(crate) entry: Option<i64>,
    pub(crate) taxes: Vec<BillTax>,
}

/// Minor units of the company's currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sum {
    base: i64,
    tax: i64,
    owed: i64,
    documents: i64,
}

type Sums = BTreeMap<Id<TaxCode>, Sum>;

/// What a report covers.
struct Span {
    from: Date,
    to: Date,
    known_at: Option<i64>,
}

impl Span {
    fn knows(&self, entry: Option<i64>) -> bool {
        self.known_at.is_none_or(|last| entry.is_some_and(|entry| entry <= last))
    }

    fn covers(&self, day: Option<Date>) -> bool {
        day.is_some_and(|day| self.from <= day && day <= self.to)
    }

    fn documents(&self) -> Filter {
        let filter = Filter::new().is_in("state", ["posted", "paid"]);
        filter.ge("booked_on", self.from).le("booked_on", self.to)
    }
}

/// Rows of the report `accounting.tax_report`.
pub(crate) async fn tax_report(tx: &mut Tx, args: Args) -> Result<Table> {
    let (Some(from), Some(to)) = (args.date("from"), args.date("to")) else {
        return Err(fondaco_kernel::module::missing("from", "Say from which day to which."));
    };
    let span = Span { from, to, known_at: args.int("known_at") };
    let exponents = exponents(tx).await?;
    let own = own_currency(tx).await?;
    let mut sums = Sums::new();
    let invoices = store::find::<TaxedInvoice>(tx, span.documents()).await?;
    for invoice in invoices.iter().filter(|invoice| span.knows(invoice.entry)) {
        let sign = if invoice.kind == "credit_note" { -1 } else { 1 };
        let money = Rate::of(invoice.currency, invoice.rate, &exponents, &own);
        for tax in &invoice.taxes {
            let sum = sums.entry(tax.tax_code).or_default();
            sum.add(sign, money.own(tax.base), money.own(tax.amount), 0);
        }
    }
    let bills = store::find::<TaxedBill>(tx, span.documents()).await?;
    for bill in bills.iter().filter(|bill| span.knows(bill.entry)) {
        let sign = if bill.kind == "refund" { -1 } else { 1 };
        let money = Rate::of(bill.currency, bill.rate, &exponents, &own);
        for tax in &bill.taxes {
            let deducted = money.own(tax.deducted.unwrap_or(tax.amount));
            let owed = money.own(tax.owed.unwrap_or(Money::ZERO));
            sums.entry(tax.tax_code).or_default().add(sign, money.own(tax.base), deducted, owed);
        }
    }
    let codes = store::find::<TaxCode>(tx, Filter::new().sort("kind").sort("code")).await?;
    add_entries(tx, &span, &codes, own.decimals(), &mut sums).await?;
    Ok(table(&codes, &sums, own.decimals()))
}

impl Sum {
    fn add(&mut self, sign: i64, base: i64, tax: i64, owed: i64) {
        self.base += sign * base;
        self.tax += sign * tax;
        self.owed += sign * owed;
        self.documents += 1;
    }
}

async fn exponents(tx: &mut Tx) -> Result<BTreeMap<Id<Currency>, u8>> {
    let all = store::find::<Currency>(tx, Filter::new()).await?;
    Ok(all.iter().map(|currency| (currency.id, currency.decimals())).collect())
}

/// How amounts of one document become the company's.
struct Rate {
    exponent: u8,
    own_exponent: u8,
    /// `None` = it is the company's own currency.
    rate: Option<Decimal>,
}

impl Rate {
    fn of(
        currency: Id<Currency>,
        rate: Option<Decimal>,
        exponents: &BTreeMap<Id<Currency>, u8>,
        own: &Currency,
    ) -> Rate {
        let exponent = exponents.get(&currency).copied().unwrap_or_else(|| own.decimals());
        let rate = rate.filter(|_| currency != own.id);
        Rate { exponent, own_exponent: own.decimals(), rate }
    }

    fn own(&self, amount: Money) -> i64 {
        let minor = amount.minor(self.exponent).unwrap_or(0);
        match self.rate {
            Some(rate) => convert(minor, self.exponent, rate, self.own_exponent).unwrap_or(0),
            None => minor,
        }
    }
}

/// Adds the lines of entries by hand that name a tax code; a reversal counts on its own day.
async fn add_entries(
    tx: &mut Tx,
    span: &Span,
    codes: &[TaxCode],
    exponent: u8,
    sums: &mut Sums,
) -> Result<()> {
    let posted = Filter::new().is_in("state", ["posted", "reversed"]);
    let posted = posted.ge("booked_on", span.from).le("booked_on", span.to);
    let reversed = Filter::new().eq("state", "reversed");
    let reversed = reversed.ge("reversed_on", span.from).le("reversed_on", span.to);
    let mut entries = store::find::<JournalEntry>(tx, posted).await?;
    entries.extend(store::find::<JournalEntry>(tx, reversed).await?);
    entries.sort_by_key(|entry| entry.id);
    entries.dedup_by_key(|entry| entry.id);
    for entry in &entries {
        let made = span.covers(entry.booked_on) && span.knows(entry.entry);
        let undone = span.covers(entry.reversed_on) && span.knows(entry.reversal);
        let sign = i64::from(made) - i64::from(undone);
        for line in entry.lines.iter().filter(|_| sign != 0) {
            let Some(code) = line.tax_code else { continue };
            let sales = codes.iter().any(|tax| tax.id == code && tax.kind == "sales");
            let debit = (line.debit - line.credit).minor(exponent).unwrap_or(0);
            let amount = if sales { -debit } else { debit };
            let sum = sums.entry(code).or_default();
            match line.tax_part.as_deref() {
                Some("tax") => sum.add(sign, 0, amount, 0),
                _ => sum.add(sign, amount, 0, 0),
            }
        }
    }
    Ok(())
}

fn table(codes: &[TaxCode], sums: &Sums, exponent: u8) -> Table {
    let money = |minor: i64| Value::from(Money::from_minor(minor, exponent));
    let row = |code: &TaxCode| {
        let sum = sums.get(&code.id)?;
        Some(vec![
            Value::Link(code.id.any()),
            code.code.as_str().into(),
            code.kind.as_str().into(),
            code.rate.into(),
            money(sum.base),
            money(sum.tax),
            money(sum.owed),
            Value::Int(sum.documents),
        ])
    };
    let payable: i64 = codes
        .iter()
        .filter_map(|code| {
            let sum = sums.get(&code.id)?;
            Some(if code.kind == "sales" { sum.tax } else { sum.owed - sum.tax })
        })
        .sum();
    let mut totals = vec![Value::Null; 8];
    (totals[1], totals[5]) = ("To be paid".into(), money(payable));
    Table { rows: codes.iter().filter_map(row).collect(), totals }
}
