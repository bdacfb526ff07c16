//! Settling: what is owed is set against what paid it, on the open items of the ledger, and can be
//! taken back. Exchange differences that come to light are posted here.
//! Not here: the payments and documents themselves (`payment`, `invoice`, `bill`).
//! INVARIANT: the open amount of a document is the sum of what is left of its lines in the ledger;
//! a document with nothing left is paid.

use fondaco_kernel::ledger::{self, Account, OpenItem};
use fondaco_kernel::permissions::Allowed;
use fondaco_kernel::record::Record as _;
use fondaco_kernel::shared::{Currency, Party};
use fondaco_kernel::store::{self, Filter};
use fondaco_kernel::{Args, DocRef, Error, Outcome, Record, Result, Tx};
use fondaco_values::{AnyId, Date, Decimal, Id, Money, Rounding, Timestamp, share};

use crate::accounts::purpose;
use crate::bill::{self, Bill};
use crate::document::own_currency;
use crate::invoice::{self, Invoice};
use crate::payment::{self, Payment};
use crate::posting::Side;

#[derive(Record, Clone, Debug)]
#[record("accounting.settlement")]
pub(crate) struct Settlement {
    pub(crate) id: Id<Settlement>,
    pub(crate) version: i64,
    pub(crate) state: String,
    pub(crate) side: String,
    pub(crate) party: Id<Party>,
    pub(crate) settled_on: Date,
    pub(crate) currency: Id<Currency>,
    pub(crate) amount: Money,
    pub(crate) difference: Decimal,
    pub(crate) debit_model: String,
    pub(crate) debit_id: i64,
    pub(crate) credit_model: String,
    pub(crate) credit_id: i64,
    pub(crate) invoice: Option<Id<Invoice>>,
    pub(crate) bill: Option<Id<Bill>>,
    pub(crate) payment: Option<Id<Payment>>,
    pub(crate) parts: Vec<SettlementPart>,
    pub(crate) ledger_match: i64,
    pub(crate) exchange_entry: Option<i64>,
    pub(crate) undone_on: Option<Date>,
    pub(crate) undone_at: Option<Timestamp>,
    pub(crate) created_at: Timestamp,
}

#[derive(Record, Clone, Debug)]
#[record("accounting.settlement_part")]
pub(crate) struct SettlementPart {
    pub(crate) id: Id<SettlementPart>,
    pub(crate) ledger_line: i64,
    pub(crate) document_model: Option<String>,
    pub(crate) document_id: Option<i64>,
    pub(crate) dated_on: Date,
    pub(crate) due_on: Date,
    pub(crate) amount: Money,
    pub(crate) own_amount: Decimal,
}

/// What is to be set against what.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) side: Side,
    pub(crate) party: Id<Party>,
    pub(crate) currency: Id<Currency>,
    /// The document whose lines are in debit: an invoice, a payment to a supplier.
    pub(crate) debit: DocRef,
    pub(crate) credit: DocRef,
    /// At most this; `None` = as much as there is.
    pub(crate) limit: Option<Money>,
}

/// Settles as much as both sides have open, at most the limit; answers how much that was.
pub(crate) async fn settle(tx: &mut Tx, ask: &Ask) -> Result<Money> {
    let control = ledger::accounts::by_purpose(tx, ask.side.control()).await?;
    let exponent = store::get::<Currency>(tx, ask.currency).await?.decimals();
    let open = ledger::open_items(tx, control, Some(ask.party.any())).await?;
    let limit = match ask.limit {
        Some(limit) => limit.minor(exponent).ok_or_else(too_fine)?,
        None => i64::MAX,
    };
    let (debits, credits) = sides(&open, ask);
    let taken = pair_up(&debits, &credits, limit);
    if taken.is_empty() {
        return Ok(Money::ZERO);
    }
    let parts: Vec<ledger::Part> =
        taken.iter().map(|taken| ledger::Part::of(taken.item.line, taken.amount.abs())).collect();
    let matched = ledger::match_items(tx, &parts).await?;
    let on = taken.iter().map(|taken| taken.item.date).max().unwrap_or_else(|| tx.today());
    let exchange_entry = match matched.difference {
        0 => None,
        difference => Some(post_difference(tx, ask, control, difference, on).await?),
    };
    let own = own_currency(tx).await?.decimals();
    let mut settlement = record(ask, &taken, exponent, own);
    settlement.settled_on = on;
    settlement.difference = Money::from_minor(matched.difference, own).decimal();
    settlement.ledger_match = matched.id.raw();
    settlement.exchange_entry = exchange_entry;
    store::insert(tx, &mut settlement).await?;
    let open = ledger::open_items(tx, control, Some(ask.party.any())).await?;
    refresh(tx, &ask.debit, &open, exponent).await?;
    if ask.credit != ask.debit {
        refresh(tx, &ask.credit, &open, exponent).await?;
    }
    Ok(settlement.amount)
}

pub(crate) fn too_fine() -> Error {
    Error::problem(
        "amount",
        "minor_unit",
        "The amount has more decimals than its currency: round it.",
    )
}

/// What a settlement takes of one item, with the item's sign.
#[derive(Clone, Copy, Debug)]
struct Taken<'o> {
    item: &'o OpenItem,
    amount: i64,
    own: i64,
}

fn sides<'o>(open: &'o [OpenItem], ask: &Ask) -> (Vec<&'o OpenItem>, Vec<&'o OpenItem>) {
    let of = |source: &DocRef, sign: i64| {
        let wanted = |item: &&OpenItem| {
            item.unit == ask.currency.any()
                && item.source.as_ref() == Some(source)
                && item.residual.signum() == sign
        };
        open.iter().filter(wanted).collect()
    };
    (of(&ask.debit, 1), of(&ask.credit, -1))
}

/// Takes equal amounts of both sides, what is due first first.
fn pair_up<'o>(debits: &[&'o OpenItem], credits: &[&'o OpenItem], limit: i64) -> Vec<Taken<'o>> {
    let sum = |items: &[&OpenItem]| {
        let sum: i128 = items.iter().map(|item| i128::from(item.residual.abs())).sum();
        i64::try_from(sum).unwrap_or(i64::MAX)
    };
    let whole = sum(debits).min(sum(credits)).min(limit);
    let mut taken = Vec::new();
    for side in [debits, credits] {
        let mut left = whole;
        for &item in side {
            let amount = left.min(item.residual.abs());
            if amount > 0 {
                left -= amount;
                let amount = amount * item.residual.signum();
                taken.push(Taken { item, amount, own: own_part(item, amount) });
            }
        }
    }
    taken
}

/// The share of an item in the company's currency, as the ledger takes it: the last takes the rest.
fn own_part(item: &OpenItem, amount: i64) -> i64 {
    let (part, whole) = (i128::from(amount), i128::from(item.residual));
    share(item.functional, part, whole, Rounding::HalfUp).unwrap_or(item.functional)
}

/// Posts a realised gain (below zero) or loss: the control account is then even in both currencies.
async fn post_difference(
    tx: &mut Tx,
    ask: &Ask,
    control: Id<Account>,
    difference: i64,
    on: Date,
) -> Result<i64> {
    let account = ledger::accounts::by_purpose(tx, purpose::EXCHANGE_DIFFERENCE).await?;
    let own = own_currency(tx).await?.id;
    let even = ledger::Line::signed(control, ask.currency, 0).functional(-difference);
    let draft = ledger::Draft::new("misc", on, "Exchange difference at settlement")
        .source(ask.debit.clone())
        .line(even.for_(ask.party))
        .line(ledger::Line::signed(account, own, difference))
        .exchange();
    Ok(ledger::post(tx, draft).await?.seq)
}

fn record(ask: &Ask, taken: &[Taken<'_>], exponent: u8, own: u8) -> Settlement {
    let amount = taken.iter().map(|taken| taken.amount.max(0)).sum();
    let part = |taken: &Taken<'_>| SettlementPart {
        id: Id::default(),
        ledger_line: taken.item.line.raw(),
        document_model: taken.item.source.as_ref().map(|source| source.model.clone()),
        document_id: taken.item.source.as_ref().map(|source| source.id.raw()),
        dated_on: taken.item.date,
        due_on: taken.item.due.unwrap_or(taken.item.date),
        amount: Money::from_minor(taken.amount, exponent),
        own_amount: Money::from_minor(taken.own, own).decimal(),
    };
    Settlement {
        id: Id::default(),
        version: 0,
        state: "matched".to_owned(),
        side: ask.side.name().to_owned(),
        party: ask.party,
        settled_on: Date::default(),
        currency: ask.currency,
        amount: Money::from_minor(amount, exponent),
        difference: Decimal::ZERO,
        debit_model: ask.debit.model.clone(),
        debit_id: ask.debit.id.raw(),
        credit_model: ask.credit.model.clone(),
        credit_id: ask.credit.id.raw(),
        invoice: link(ask, Invoice::MODEL),
        bill: link(ask, Bill::MODEL),
        payment: link(ask, Payment::MODEL),
        parts: taken.iter().map(part).collect(),
        ledger_match: 0,
        exchange_entry: None,
        undone_on: None,
        undone_at: None,
        created_at: Timestamp::default(),
    }
}

/// The first of the two documents that is of this model.
fn link<M>(ask: &Ask, model: &str) -> Option<Id<M>> {
    let own =
        if ask.side == Side::Sale { [&ask.debit, &ask.credit] } else { [&ask.credit, &ask.debit] };
    own.into_iter().find(|document| document.model == model).map(|document| document.id.cast())
}

/// Brings the open amount of a document, and whether it is paid, in line with the ledger.
async fn refresh(tx: &mut Tx, document: &DocRef, open: &[OpenItem], exponent: u8) -> Result<()> {
    let own = open.iter().filter(|item| item.source.as_ref() == Some(document));
    let left: i64 = own.map(|item| item.residual).sum();
    let left = Money::from_minor(left, exponent).abs();
    match document.model.as_str() {
        Invoice::MODEL => invoice::set_open(tx, document.id.cast(), left).await,
        Bill::MODEL => bill::set_open(tx, document.id.cast(), left).await,
        Payment::MODEL => payment::set_open(tx, document.id.cast(), left).await,
        _ => Ok(()),
    }
}

/// Takes a settlement back: both sides are open again as they were.
pub(crate) async fn undo(
    tx: &mut Tx,
    settlement: Allowed<Settlement>,
    _args: Args,
) -> Result<Outcome> {
    let mut settlement = settlement.into_inner();
    if settlement.debit_id == settlement.credit_id {
        let message = "This settlement is part of a cancelled or written-off document and stays.";
        return Err(Error::problem("state", "final", message));
    }
    ledger::unmatch(tx, Id::new(settlement.ledger_match)).await?;
    if let Some(entry) = settlement.exchange_entry {
        let reason = "Settlement taken back";
        let on = settlement.settled_on;
        ledger::reverse(tx, Id::new(entry), on, reason, ledger::Mode::Opposite).await?;
    }
    settlement.undone_on = Some(tx.today());
    settlement.undone_at = Some(tx.now());
    store::update(tx, &mut settlement).await?;
    let side = if settlement.side == Side::Sale.name() { Side::Sale } else { Side::Purchase };
    let control = ledger::accounts::by_purpose(tx, side.control()).await?;
    let exponent = store::get::<Currency>(tx, settlement.currency).await?.decimals();
    let open = ledger::open_items(tx, control, Some(settlement.party.any())).await?;
    for document in [settlement.debit(), settlement.credit()] {
        refresh(tx, &document, &open, exponent).await?;
    }
    Ok(Outcome::says("Both sides are open again."))
}

impl Settlement {
    pub(crate) fn debit(&self) -> DocRef {
        DocRef { model: self.debit_model.clone(), id: AnyId::new(self.debit_id) }
    }

    pub(crate) fn credit(&self) -> DocRef {
        DocRef { model: self.credit_model.clone(), id: AnyId::new(self.credit_id) }
    }
}

/// The settlements in force that a document takes part in.
pub(crate) async fn of_document(tx: &mut Tx, document: &DocRef) -> Result<Vec<Settlement>> {
    let mut found = Vec::new();
    for field in ["debit_id", "credit_id"] {
        let filter = Filter::new().eq(field, document.id.raw()).eq("state", "matched");
        found.extend(store::find::<Settlement>(tx, filter).await?);
    }
    found.sort_by_key(|settlement| settlement.id);
    found.dedup_by_key(|settlement| settlement.id);
    Ok(found)
}

/// Takes back all settlements of a document.
pub(crate) async fn undo_all(tx: &mut Tx, document: &DocRef) -> Result<()> {
    for settlement in of_document(tx, document).await? {
        store::perform(tx, settlement.id, "undo", Args::default()).await?;
    }
    Ok(())
}

/// Settles the lines of one document among each other, after it was reversed or written off.
pub(crate) async fn settle_itself(
    tx: &mut Tx,
    side: Side,
    party: Id<Party>,
    currency: Id<Currency>,
    document: &DocRef,
) -> Result<Money> {
    let (debit, credit) = (document.clone(), document.clone());
    settle(tx, &Ask { side, party, currency, debit, credit, limit: None }).await
}

#[cfg(test)]
mod tests {
    use fondaco_kernel::ledger::LineRef;

    use super::*;

    fn item(line: i64, residual: i64, functional: i64) -> OpenItem {
        OpenItem {
            line: LineRef::from_raw(line),
            subsidiary: None,
            unit: AnyId::new(1),
            date: Date::constant(2026, 1, 1),
            due: None,
            amount: residual,
            residual,
            functional,
            number: None,
            text: String::new(),
            source: None,
        }
    }

    fn pairs(debits: &[OpenItem], credits: &[OpenItem], limit: i64) -> Vec<(i64, i64, i64)> {
        let (debits, credits): (Vec<_>, Vec<_>) =
            (debits.iter().collect(), credits.iter().collect());
        let taken = pair_up(&debits, &credits, limit);
        taken.iter().map(|t| (t.item.line.raw(), t.amount, t.own)).collect()
    }

    #[test]
    fn equal_amounts_are_taken_of_both_sides() {
        let (debits, credits) = ([item(1, 50, 45), item(2, 70, 63)], [item(3, -100, -95)]);
        assert_eq!(pairs(&debits, &credits, i64::MAX), [(1, 50, 45), (2, 50, 45), (3, -100, -95)]);
        assert_eq!(pairs(&debits, &credits, 30), [(1, 30, 27), (3, -30, -29)]);
        assert_eq!(pairs(&debits, &[item(3, -200, -190)], i64::MAX).len(), 3);
        assert!(pairs(&debits, &[], i64::MAX).is_empty());
        assert!(pairs(&debits, &credits, 0).is_empty());
    }
}
