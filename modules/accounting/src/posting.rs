//! What an invoice or a bill means in the books: the lines of its entry. Pure.
//! A sale debits the receivable by instalment and credits revenue and tax; a purchase debits what
//! was bought and input tax and credits the payable; credit notes and refunds do the opposite.
//! Not here: where the figures come from (`document`), writing the entry (kernel `ledger`).
//! INVARIANT: the lines add up to zero in the document's currency (unless goods were received at
//! a value in the company's own) and always in the company's.

use fondaco_kernel::ledger::{Account, Line};
use fondaco_kernel::shared::{Currency, Party, Product, TaxCode};
use fondaco_kernel::{DocRef, Error, Result};
use fondaco_values::{Date, Decimal, Id, Money, Rounding, allocate, round};

use crate::accounts::{Accounts, Use, purpose};
use crate::amounts::{convert, even_out};
use crate::terms::{self, instalments};

/// Which side of the trade a document is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Sale,
    Purchase,
}

impl Side {
    /// The purpose of its control account.
    pub(crate) fn control(self) -> &'static str {
        match self {
            Side::Sale => purpose::RECEIVABLE,
            Side::Purchase => purpose::PAYABLE,
        }
    }

    /// In the field `side` of settlements.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Side::Sale => "receivable",
            Side::Purchase => "payable",
        }
    }
}

/// The currency of a document beside the company's own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Currencies {
    pub(crate) currency: Id<Currency>,
    pub(crate) exponent: u8,
    pub(crate) own: Id<Currency>,
    pub(crate) own_exponent: u8,
    /// One of the currency in the company's own.
    pub(crate) rate: Decimal,
}

impl Currencies {
    pub(crate) fn is_own(&self) -> bool {
        self.currency == self.own
    }

    /// Minor units of the document's currency.
    pub(crate) fn minor(&self, amount: Money) -> Result<i64> {
        amount.minor(self.exponent).ok_or_else(too_fine)
    }

    /// Minor units of the company's currency.
    pub(crate) fn own_minor(&self, amount: Money) -> Result<i64> {
        amount.minor(self.own_exponent).ok_or_else(too_fine)
    }

    /// Minor units of the document's currency in those of the company's.
    pub(crate) fn own_value(&self, minor: i64) -> Result<i64> {
        if self.is_own() {
            return Ok(minor);
        }
        convert(minor, self.exponent, self.rate, self.own_exponent).ok_or_else(too_large)
    }
}

fn too_fine() -> Error {
    Error::problem(
        "total",
        "minor_unit",
        "An amount has more decimals than its currency: round it.",
    )
}

fn too_large() -> Error {
    Error::problem("total", "too_large", "The amount is too large for the company's currency.")
}

/// An invoice, credit note, bill or refund, as far as the books care.
#[derive(Clone, Debug)]
pub(crate) struct Doc {
    pub(crate) side: Side,
    /// A credit note or refund.
    pub(crate) reversed: bool,
    pub(crate) document: DocRef,
    pub(crate) party: Id<Party>,
    pub(crate) dated_on: Date,
    /// Set by hand: all is due then.
    pub(crate) due_on: Option<Date>,
    pub(crate) parts: Vec<terms::Part>,
    pub(crate) money: Currencies,
    pub(crate) lines: Vec<DocLine>,
    pub(crate) taxes: Vec<DocTax>,
    pub(crate) total: Money,
    /// Whether goods are counted, so that a bill for goods clears what was received.
    pub(crate) stocked: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct DocLine {
    pub(crate) product: Option<Id<Product>>,
    pub(crate) account: Option<Id<Account>>,
    pub(crate) tax_code: Option<Id<TaxCode>>,
    pub(crate) amount: Money,
    /// In the company's currency.
    pub(crate) received_value: Option<Money>,
}

/// The tax of one code, and how it is booked.
#[derive(Clone, Debug)]
pub(crate) struct DocTax {
    pub(crate) id: Id<TaxCode>,
    pub(crate) amount: Money,
    pub(crate) code: String,
    pub(crate) account: Option<Id<Account>>,
    pub(crate) deductible: Decimal,
    /// The company owes it itself; it is no part of the total.
    pub(crate) reverse_charge: bool,
    pub(crate) reverse_account: Option<Id<Account>>,
}

/// The tag of tax, of what it was computed on, and of tax owed by reverse charge.
pub(crate) fn tag(code: &str) -> String {
    code.to_owned()
}

pub(crate) fn base_tag(code: &str) -> String {
    format!("{code}/base")
}

pub(crate) fn owed_tag(code: &str) -> String {
    format!("{code}/owed")
}

/// What an entry consists of.
#[derive(Clone, Debug)]
pub(crate) struct Booking {
    pub(crate) lines: Vec<Line>,
    /// In balance in the company's currency only.
    pub(crate) exchange: bool,
    /// The last day on which a part of it is due.
    pub(crate) due_on: Date,
}

/// A line before its amount in the company's currency is known.
#[derive(Clone, Debug)]
struct Part {
    account: Id<Account>,
    amount: Amount,
    party: Option<Id<Party>>,
    due: Option<Date>,
    tag: Option<String>,
    /// May take what the conversion of the others leaves.
    free: bool,
}

/// Minor units, debit above zero.
#[derive(Clone, Copy, Debug)]
enum Amount {
    /// Of the document's currency.
    Document(i64),
    /// Of the company's.
    Own(i64),
}

/// The lines of a document's entry; none when all of it is zero.
pub(crate) fn booking(doc: &Doc, accounts: &Accounts) -> Result<Booking> {
    let sign = if doc.reversed { -1 } else { 1 };
    let total = doc.money.minor(doc.total)?;
    let mut parts = Vec::new();
    let due = match doc.due_on {
        Some(due) => vec![(due, sign * total)],
        None => instalments(sign * total, doc.dated_on, &doc.parts),
    };
    let due_on = due.iter().map(|(date, _)| *date).max().unwrap_or(doc.dated_on);
    let control = accounts.purpose(doc.side.control())?;
    let control_sign = if doc.side == Side::Sale { 1 } else { -1 };
    for (date, amount) in due {
        let amount = Amount::Document(control_sign * amount);
        let (party, due) = (Some(doc.party), Some(date));
        parts.push(Part { account: control, amount, party, due, tag: None, free: false });
    }
    match doc.side {
        Side::Sale => sold(doc, accounts, sign, &mut parts)?,
        Side::Purchase => bought(doc, accounts, sign, &mut parts)?,
    }
    let exchange = !doc.money.is_own() && parts.iter().any(|p| matches!(p.amount, Amount::Own(_)));
    Ok(Booking { lines: in_both_currencies(merged(parts), &doc.money)?, exchange, due_on })
}

fn sold(doc: &Doc, accounts: &Accounts, sign: i64, parts: &mut Vec<Part>) -> Result<()> {
    for line in &doc.lines {
        let account = match line.account {
            Some(account) => account,
            None => accounts.of(line.product, Use::Revenue)?,
        };
        let amount = Amount::Document(-sign * doc.money.minor(line.amount)?);
        let tag = doc.tax_of(line).map(|tax| base_tag(&tax.code));
        parts.push(Part { account, amount, party: None, due: None, tag, free: true });
    }
    for tax in &doc.taxes {
        let account = match tax.account {
            Some(account) => account,
            None => accounts.purpose(purpose::OUTPUT_TAX)?,
        };
        let amount = Amount::Document(-sign * doc.money.minor(tax.amount)?);
        let tag = Some(tag(&tax.code));
        parts.push(Part { account, amount, party: None, due: None, tag, free: false });
    }
    Ok(())
}

fn bought(doc: &Doc, accounts: &Accounts, sign: i64, parts: &mut Vec<Part>) -> Result<()> {
    let kept = kept_tax(doc)?;
    for (line, kept) in doc.lines.iter().zip(kept) {
        let amount = sign * doc.money.minor(line.amount)?;
        let tag = doc.tax_of(line).map(|tax| base_tag(&tax.code));
        cost(doc, accounts, line, (amount, sign * kept), tag, parts)?;
    }
    for tax in &doc.taxes {
        let amount = doc.money.minor(tax.amount)?;
        let deductible = deductible(amount, tax.deductible);
        let account = match tax.account {
            Some(account) => account,
            None => accounts.purpose(purpose::INPUT_TAX)?,
        };
        let part = |account, amount, tag: String| Part {
            account,
            amount: Amount::Document(sign * amount),
            party: None,
            due: None,
            tag: Some(tag),
            free: false,
        };
        parts.push(part(account, deductible, tag(&tax.code)));
        if tax.reverse_charge {
            let owed = match tax.reverse_account {
                Some(account) => account,
                None => accounts.purpose(purpose::OUTPUT_TAX)?,
            };
            parts.push(part(owed, -amount, owed_tag(&tax.code)));
        }
    }
    Ok(())
}

/// What one line of a bill costs: against what was received, or an expense. `kept` is the part of
/// its tax that is not deductible.
fn cost(
    doc: &Doc,
    accounts: &Accounts,
    line: &DocLine,
    (amount, kept): (i64, i64),
    tag: Option<String>,
    parts: &mut Vec<Part>,
) -> Result<()> {
    let sign = if doc.reversed { -1 } else { 1 };
    let part = |account, amount, tag: &Option<String>| Part {
        account,
        amount,
        party: None,
        due: None,
        tag: tag.clone(),
        free: true,
    };
    let Some(received) = line.received_value else {
        let goods = doc.stocked && accounts.is_goods(line.product);
        let (account, party) = match line.account {
            Some(account) => (account, None),
            None if goods => (accounts.purpose(purpose::GRNI)?, Some(doc.party)),
            None => (accounts.of(line.product, Use::Expense)?, None),
        };
        parts.push(Part { party, ..part(account, Amount::Document(amount), &tag) });
        parts.push(Part { party, ..part(account, Amount::Document(kept), &None) });
        return Ok(());
    };
    let (grni, difference) =
        (accounts.purpose(purpose::GRNI)?, accounts.of(line.product, Use::PriceDifference)?);
    let received = sign * doc.money.own_minor(received)?;
    let own = doc.money.own_value(amount)?;
    let cleared = part(grni, Amount::Own(received), &tag);
    parts.push(Part { party: Some(doc.party), free: false, ..cleared });
    parts.push(part(difference, Amount::Own(own - received), &tag));
    parts.push(part(difference, Amount::Own(doc.money.own_value(kept)?), &None));
    Ok(())
}

/// For each line of a bill its share of the tax that is not deductible, in minor units; the shares
/// of a code add up to the whole.
fn kept_tax(doc: &Doc) -> Result<Vec<i64>> {
    let mut kept = vec![0; doc.lines.len()];
    for tax in &doc.taxes {
        let amount = doc.money.minor(tax.amount)?;
        let whole = amount - deductible(amount, tax.deductible);
        let of_code: Vec<usize> =
            (0..doc.lines.len()).filter(|n| doc.lines[*n].tax_code == Some(tax.id)).collect();
        if whole == 0 || of_code.is_empty() {
            continue;
        }
        let weights: Result<Vec<i64>> =
            of_code.iter().map(|n| doc.money.minor(doc.lines[*n].amount)).collect();
        for (n, share) in of_code.into_iter().zip(allocate(whole, &weights?)) {
            kept[n] += share;
        }
    }
    Ok(kept)
}

/// The deductible part of a tax, in minor units.
pub(crate) fn deductible(amount: i64, share: Decimal) -> i64 {
    let part = round(Decimal::from(amount) * share, 0, Rounding::HalfUp);
    i64::try_from(part.normalize().mantissa()).unwrap_or(amount)
}

impl Doc {
    fn tax_of(&self, line: &DocLine) -> Option<&DocTax> {
        line.tax_code.and_then(|code| self.taxes.iter().find(|tax| tax.id == code))
    }
}

/// One line for each account, tag, party and due date, in the order of their first; nothing of zero.
fn merged(parts: Vec<Part>) -> Vec<Part> {
    let mut merged: Vec<Part> = Vec::with_capacity(parts.len());
    for part in parts {
        match merged.iter_mut().find(|other| other.stands_with(&part)) {
            Some(other) => other.amount.add(part.amount),
            None => merged.push(part),
        }
    }
    merged.retain(|part| !matches!(part.amount, Amount::Document(0) | Amount::Own(0)));
    merged
}

impl Part {
    /// Whether both make one line.
    fn stands_with(&self, other: &Part) -> bool {
        self.account == other.account
            && self.tag == other.tag
            && self.party == other.party
            && self.due == other.due
            && std::mem::discriminant(&self.amount) == std::mem::discriminant(&other.amount)
    }
}

impl Amount {
    fn add(&mut self, other: Amount) {
        match (self, other) {
            (Amount::Document(sum), Amount::Document(more))
            | (Amount::Own(sum), Amount::Own(more)) => {
                *sum += more;
            }
            _ => {}
        }
    }
}

fn in_both_currencies(parts: Vec<Part>, money: &Currencies) -> Result<Vec<Line>> {
    let mut own = Vec::with_capacity(parts.len());
    for part in &parts {
        own.push(match part.amount {
            Amount::Document(amount) => money.own_value(amount)?,
            Amount::Own(amount) => amount,
        });
    }
    let free: Vec<usize> = (0..parts.len()).filter(|n| parts[*n].free).collect();
    let free = if free.is_empty() { (0..parts.len()).collect() } else { free };
    even_out(&mut own, &free);
    let mut lines = Vec::with_capacity(parts.len());
    for (part, own) in parts.into_iter().zip(own) {
        let mut line = match part.amount {
            Amount::Document(amount) => Line::signed(part.account, money.currency, amount),
            // A correction may have brought it to nothing.
            Amount::Own(_) if own == 0 => continue,
            Amount::Own(_) => Line::signed(part.account, money.own, own),
        };
        if matches!(part.amount, Amount::Document(_)) && !money.is_own() {
            line = line.functional(own);
        }
        line.subsidiary = part.party.map(Id::any);
        (line.due, line.tag) = (part.due, part.tag);
        lines.push(line);
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn m(text: &str) -> Money {
        text.parse().unwrap()
    }

    const EUR: Id<Currency> = Id::new(1);
    const USD: Id<Currency> = Id::new(2);
    const CODES: [(&str, i64); 9] = [
        ("receivable", 12),
        ("payable", 20),
        ("revenue", 40),
        ("output_tax", 22),
        ("input_tax", 13),
        ("grni", 21),
        ("expense", 60),
        ("price_difference", 53),
        ("stock", 14),
    ];

    fn accounts() -> Accounts {
        let purposes = CODES.map(|(purpose, id)| (purpose.to_owned(), Id::new(id)));
        Accounts::sample(HashMap::from(purposes), &[Id::new(100)])
    }

    fn money(currency: Id<Currency>, rate: &str) -> Currencies {
        let rate = rate.parse().unwrap();
        Currencies { currency, exponent: 2, own: EUR, own_exponent: 2, rate }
    }

    fn tax(amount: &str, deductible: &str, reverse_charge: bool) -> DocTax {
        DocTax {
            id: Id::new(5),
            amount: m(amount),
            code: "V20".into(),
            account: None,
            deductible: deductible.parse().unwrap(),
            reverse_charge,
            reverse_account: None,
        }
    }

    fn line(product: i64, amount: &str, received: Option<&str>) -> DocLine {
        DocLine {
            product: (product > 0).then(|| Id::new(product)),
            account: None,
            tax_code: Some(Id::new(5)),
            amount: m(amount),
            received_value: received.map(m),
        }
    }

    fn doc(side: Side, lines: Vec<DocLine>, taxes: Vec<DocTax>, total: &str) -> Doc {
        Doc {
            side,
            reversed: false,
            document: DocRef { model: "accounting.invoice".into(), id: Id::new(9) },
            party: Id::new(7),
            dated_on: Date::constant(2026, 1, 31),
            due_on: None,
            parts: Vec::new(),
            money: money(EUR, "1"),
            lines,
            taxes,
            total: m(total),
            stocked: true,
        }
    }

    /// `account amount[currency=functional] tag`, one line each.
    fn booked(doc: &Doc) -> Vec<String> {
        let booking = booking(doc, &accounts()).unwrap();
        let sum: i64 = booking.lines.iter().map(|l| l.functional.unwrap_or(l.amount)).sum();
        assert_eq!(sum, 0, "{:?}", booking.lines);
        let foreign: i64 =
            booking.lines.iter().filter(|l| l.unit != EUR.any()).map(|l| l.amount).sum();
        assert!(foreign == 0 || booking.exchange, "{:?}", booking.lines);
        let words = booking.lines.iter().map(|l| {
            let functional = l.functional.map(|f| format!("={f}")).unwrap_or_default();
            let unit = if l.unit == USD.any() { "$" } else { "" };
            let tag = l.tag.as_deref().map(|t| format!(" {t}")).unwrap_or_default();
            let party = l.subsidiary.map(|_| " party").unwrap_or_default();
            let due = l.due.map(|d| format!(" {d}")).unwrap_or_default();
            format!("{} {unit}{}{functional}{tag}{party}{due}", l.account, l.amount)
        });
        words.collect()
    }

    #[test]
    fn a_sale() {
        let mut sale =
            doc(Side::Sale, vec![line(0, "7695", None)], vec![tax("1539", "1", false)], "9234");
        assert_eq!(
            booked(&sale),
            ["12 923400 party 2026-01-31", "40 -769500 V20/base", "22 -153900 V20"]
        );
        sale.reversed = true;
        sale.parts = vec![
            terms::Part { share_millionths: 500_000, days: 0, end_of_month: false },
            terms::Part { share_millionths: 500_000, days: 28, end_of_month: false },
        ];
        assert_eq!(
            booked(&sale),
            [
                "12 -461700 party 2026-01-31",
                "12 -461700 party 2026-02-28",
                "40 769500 V20/base",
                "22 153900 V20"
            ]
        );
        sale.due_on = Some(Date::constant(2026, 3, 1));
        assert_eq!(booked(&sale)[0], "12 -923400 party 2026-03-01");
    }

    #[test]
    fn a_bill_clears_what_was_received() {
        let taxes = || vec![tax("344", "1", false)];
        let bill = doc(Side::Purchase, vec![line(100, "1720", Some("1720"))], taxes(), "2064");
        assert_eq!(
            booked(&bill),
            ["20 -206400 party 2026-01-31", "21 172000 V20/base party", "13 34400 V20"]
        );
        let dearer = doc(Side::Purchase, vec![line(100, "1720", Some("1700"))], taxes(), "2064");
        assert_eq!(booked(&dearer)[1..3], ["21 170000 V20/base party", "53 2000 V20/base"]);
        let cheaper = doc(Side::Purchase, vec![line(100, "1720", Some("1750"))], taxes(), "2064");
        assert_eq!(booked(&cheaper)[1..3], ["21 175000 V20/base party", "53 -3000 V20/base"]);
        // Goods billed before they come wait where they will be received; services are an expense.
        let early = doc(Side::Purchase, vec![line(100, "1720", None)], taxes(), "2064");
        assert_eq!(booked(&early)[1], "21 172000 V20/base party");
        let service = doc(Side::Purchase, vec![line(101, "1720", None)], taxes(), "2064");
        assert_eq!(booked(&service)[1], "60 172000 V20/base");
    }

    #[test]
    fn tax_that_is_not_deductible_is_cost() {
        let half = vec![tax("20.01", "0.5", false)];
        let bill =
            doc(Side::Purchase, vec![line(0, "60", None), line(0, "40.05", None)], half, "120.06");
        assert_eq!(
            booked(&bill),
            ["20 -12006 party 2026-01-31", "60 10005 V20/base", "60 1000", "13 1001 V20"]
        );
    }

    #[test]
    fn reverse_charge_is_owed_and_deducted() {
        let bill =
            doc(Side::Purchase, vec![line(0, "100", None)], vec![tax("20", "1", true)], "100");
        assert_eq!(
            booked(&bill),
            ["20 -10000 party 2026-01-31", "60 10000 V20/base", "13 2000 V20", "22 -2000 V20/owed"]
        );
    }

    #[test]
    fn foreign_documents_balance_in_both_currencies() {
        let mut sale = doc(
            Side::Sale,
            vec![line(0, "33.33", None), line(0, "0.01", None)],
            vec![tax("6.67", "1", false)],
            "40.01",
        );
        sale.money = money(USD, "0.85");
        assert_eq!(
            booked(&sale),
            ["12 $4001=3401 party 2026-01-31", "40 $-3334=-2834 V20/base", "22 $-667=-567 V20"]
        );
        let mut bill = doc(
            Side::Purchase,
            vec![line(100, "100", Some("90"))],
            vec![tax("20", "1", false)],
            "120",
        );
        bill.money = money(USD, "0.913");
        assert_eq!(
            booked(&bill),
            [
                "20 $-12000=-10956 party 2026-01-31",
                "21 9000 V20/base party",
                "53 130 V20/base",
                "13 $2000=1826 V20"
            ]
        );
    }

    #[test]
    fn nothing_is_booked_of_nothing() {
        let free = doc(Side::Sale, vec![line(0, "0", None)], vec![tax("0", "1", false)], "0");
        assert!(booked(&free).is_empty());
        let even = doc(Side::Sale, vec![line(0, "5", None), line(0, "-5", None)], vec![], "0");
        assert!(booked(&even).is_empty());
    }
}
