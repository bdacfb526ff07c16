//! Bank transactions: what the bank says, set against payments, documents and accounts.
//! Not here: which of them belong together (`likely`), booking a payment (`payment`).
//! INVARIANT: money of one transaction is in the books once: by the payment that was made for it or
//! that was there before, or by an entry of its own; opened again, it is in none that was made for it.
//! Read on: `likely`.

mod likely;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use fondaco_kernel::error::refuse_if_any;
use fondaco_kernel::ledger::{self, Account, Line};
use fondaco_kernel::model::Saving;
use fondaco_kernel::permissions::Allowed;
use fondaco_kernel::proposals::Proposal;
use fondaco_kernel::record::Record as _;
use fondaco_kernel::shared::{Currency, Party};
use fondaco_kernel::store::{self, Filter};
use fondaco_kernel::{Args, DocRef, Error, Outcome, Record, Result, Tx};
use fondaco_values::{AnyId, Date, Id, Money, Problem};
use serde::Deserialize;

use crate::accounts::{AccountName, purpose};
use crate::bill::Bill;
use crate::document::currencies;
use crate::entry::JournalEntry;
use crate::invoice::Invoice;
use crate::payment::{self, Allocation, Payment};
use crate::posting::Side;
use crate::terms::jiff_days;
use likely::{Ground, Open, Recorded};

/// Payments that were recorded this many days around a transaction may be the same.
const DAYS: i64 = 10;

#[derive(Record, Clone, Debug)]
#[record("accounting.bank_transaction")]
pub(crate) struct BankTransaction {
    pub(crate) id: Id<BankTransaction>,
    pub(crate) version: i64,
    pub(crate) state: String,
    pub(crate) bank_account: Option<AnyId>,
    pub(crate) booked_on: Date,
    /// Below zero: what went out.
    pub(crate) amount: Money,
    pub(crate) currency: Id<Currency>,
    pub(crate) text: String,
    pub(crate) counterparty: Option<String>,
    pub(crate) counterparty_account: Option<String>,
    pub(crate) reference: Option<String>,
    pub(crate) party: Option<Id<Party>>,
    pub(crate) payment: Option<Id<Payment>>,
    pub(crate) own_payment: bool,
    pub(crate) account: Option<AnyId>,
    pub(crate) entry: Option<i64>,
    pub(crate) reason: Option<String>,
}

impl BankTransaction {
    fn document(&self) -> DocRef {
        DocRef::new(BankTransaction::MODEL, self.id)
    }

    fn comes_in(&self) -> bool {
        self.amount > Money::ZERO
    }
}

/// Before a save: the company's own account where none is named, so that a number of the bank is
/// taken once; an amount.
pub(crate) async fn prepare(tx: &mut Tx, batch: &mut [Saving]) -> Result<()> {
    let missing = |saving: &&mut Saving| saving.link::<Account>("bank_account").is_none();
    if batch.iter_mut().any(|saving| missing(&saving)) {
        let own = ledger::accounts::by_purpose(tx, purpose::BANK).await?;
        for saving in batch.iter_mut().filter(missing) {
            saving.draft.set("bank_account", Some(own.any()));
        }
    }
    let several = batch.len() > 1;
    let empty = batch.iter().enumerate().filter_map(|(n, saving)| {
        let nothing = saving.decimal("amount").is_some_and(|amount| amount.is_zero());
        let message = "The amount is what came in, or below zero what went out.";
        let problem = Problem::new("amount", "required", message);
        nothing.then(|| if several { problem.under(format!("[{n}]")) } else { problem })
    });
    refuse_if_any(empty.collect())
}

/// What a match names: one document, and how much of it.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Named {
    invoice: Option<Id<Invoice>>,
    bill: Option<Id<Bill>>,
    opening: Option<Id<JournalEntry>>,
    amount: Option<Money>,
}

/// Records a payment for the transaction and settles what it pays.
pub(crate) async fn matched(
    tx: &mut Tx,
    own: Allowed<BankTransaction>,
    args: Args,
) -> Result<Outcome> {
    let mut own = own.into_inner();
    let named = named(&args)?;
    let (party, side, allocations) = settles(tx, &own, &named, args.link("party")).await?;
    let mut made = own.payment_of(party, side, allocations);
    store::insert(tx, &mut made).await?;
    store::perform::<Payment>(tx, made.id, "post", Args::default()).await?;
    own.party = Some(party);
    own.payment = Some(made.id);
    own.own_payment = true;
    store::update(tx, &mut own).await?;
    let party = store::get::<Party>(tx, party).await?.name;
    Ok(Outcome::says(format!("{} of {party} is recorded.", own.amount.abs())))
}

fn named(args: &Args) -> Result<Vec<Named>> {
    let one = Named { invoice: args.link("invoice"), bill: args.link("bill"), ..Named::default() };
    let mut all = match args.json("documents") {
        None => Vec::new(),
        Some(json) => <Vec<Named> as Deserialize>::deserialize(json).map_err(|error| {
            let message = format!(
                "Expected is [{{\"invoice\": id, \"amount\": \"20.00\"}}], with bill or opening in \
                 the place of invoice: {error}."
            );
            Error::problem("documents", "unreadable", message)
        })?,
    };
    all.extend((one.invoice.is_some() || one.bill.is_some()).then_some(one));
    Ok(all)
}

/// Of whom the money is, on whose account, and what it is set against, as far as it reaches.
async fn settles(
    tx: &mut Tx,
    own: &BankTransaction,
    named: &[Named],
    party: Option<Id<Party>>,
) -> Result<(Id<Party>, Side, Vec<Allocation>)> {
    let invoices: Vec<Id<Invoice>> = named.iter().filter_map(|one| one.invoice).collect();
    let bills: Vec<Id<Bill>> = named.iter().filter_map(|one| one.bill).collect();
    let invoices = store::get_many::<Invoice>(tx, &invoices).await?;
    let bills = store::get_many::<Bill>(tx, &bills).await?;
    let of_invoices = invoices.iter().map(|invoice| (invoice.party, Side::Sale));
    let of_bills = bills.iter().map(|bill| (bill.party, Side::Purchase));
    let by_default = if own.comes_in() { Side::Sale } else { Side::Purchase };
    let told = party.map(|party| (party, by_default));
    let mut whose: Vec<(Id<Party>, Side)> = of_invoices.chain(of_bills).collect();
    if whose.is_empty() {
        whose.extend(told);
    }
    whose.dedup();
    let [(owner, side)] = whose.as_slice() else {
        let message = match whose.as_slice() {
            [] => "Say of whom the money is, or what it pays.",
            _ => "One payment is of one customer or one supplier: match the others by themselves.",
        };
        return Err(Error::problem("party", "required", message));
    };
    if party.is_some_and(|party| party != *owner) {
        return Err(Error::problem("party", "differs", "The document is of another party."));
    }
    let mut left = own.amount.abs();
    let mut allocations = Vec::with_capacity(named.len());
    for one in named {
        let invoice = one.invoice.and_then(|id| invoices.iter().find(|i| i.id == id));
        let bill = one.bill.and_then(|id| bills.iter().find(|b| b.id == id));
        let open = invoice.map(|i| i.open_amount).or(bill.map(|b| b.open_amount));
        let rest = left.max(Money::ZERO);
        let amount = one.amount.unwrap_or(open.unwrap_or(rest).abs().min(rest));
        left -= amount;
        let Named { invoice, bill, opening, .. } = *one;
        allocations.push(Allocation { id: Id::default(), invoice, bill, opening, amount });
    }
    Ok((*owner, *side, allocations))
}

impl BankTransaction {
    fn payment_of(&self, party: Id<Party>, side: Side, allocations: Vec<Allocation>) -> Payment {
        let role = if side == Side::Sale { "customer" } else { "supplier" };
        Payment {
            id: Id::default(),
            version: 0,
            number: None,
            state: "draft".to_owned(),
            direction: if self.comes_in() { "in" } else { "out" }.to_owned(),
            role: Some(role.to_owned()),
            party,
            paid_on: self.booked_on,
            currency: self.currency,
            amount: self.amount.abs(),
            bank_account: self.bank_account,
            bank_currency: None,
            bank_amount: None,
            charge: None,
            reference: Some(self.reference.clone().unwrap_or_else(|| self.text.clone())),
            allocations,
            open_amount: Money::ZERO,
            booked_on: None,
            entry: None,
            reason: None,
        }
    }
}

/// It is the payment that somebody has recorded before.
pub(crate) async fn link(
    tx: &mut Tx,
    own: Allowed<BankTransaction>,
    args: Args,
) -> Result<Outcome> {
    let mut own = own.into_inner();
    let wrong = |code: &str, message: String| Err(Error::problem("payment", code, message));
    let Some(id) = args.link::<Payment>("payment") else {
        return wrong("required", "Say which payment it is.".to_owned());
    };
    let payment = store::get::<Payment>(tx, id).await?;
    let number = payment.number.clone().unwrap_or_default();
    if payment.state != "posted" {
        return wrong("not_posted", format!("Payment {number} is not posted."));
    }
    if let Some(other) = holder(tx, id).await? {
        return wrong("taken", format!("Payment {number} is {} of the bank already.", other.text));
    }
    let booked = at_bank(&payment);
    if booked != (own.currency, own.amount) {
        let message = format!("Payment {number} is {}, the bank says {}.", booked.1, own.amount);
        return wrong("differs", message);
    }
    own.payment = Some(id);
    own.party = Some(payment.party);
    store::update(tx, &mut own).await?;
    Ok(Outcome::says(format!("It is payment {number}.")))
}

/// What the bank says of a payment: the currency, and the amount with its sign.
fn at_bank(payment: &Payment) -> (Id<Currency>, Money) {
    let currency = payment.bank_currency.unwrap_or(payment.currency);
    let given = payment.bank_amount.filter(|amount| !amount.is_zero());
    let whole = given.and_then(Money::exact).unwrap_or(payment.amount);
    let charge = payment.charge.and_then(Money::exact).unwrap_or_default();
    let amount = if payment.is_in() { whole - charge } else { -(whole + charge) };
    (currency, amount)
}

/// The transaction that a payment is.
async fn holder(tx: &mut Tx, payment: Id<Payment>) -> Result<Option<BankTransaction>> {
    store::first(tx, Filter::new().eq("payment", payment)).await
}

/// Refuses to take a payment back that the bank confirms.
pub(crate) async fn lets_go(tx: &mut Tx, payment: Id<Payment>) -> Result<()> {
    let Some(held) = holder(tx, payment).await? else { return Ok(()) };
    let message = format!(
        "The bank confirms this payment ({}, {}): open the bank transaction again first.",
        held.booked_on, held.text
    );
    Err(Error::problem("", "bank_confirms", message))
}

/// Books it straight to an account.
pub(crate) async fn book(
    tx: &mut Tx,
    own: Allowed<BankTransaction>,
    args: Args,
) -> Result<Outcome> {
    let mut own = own.into_inner();
    let Some(account) = args.link::<AccountName>("account") else {
        return Err(Error::problem("account", "required", "Say which account."));
    };
    let other = store::get::<AccountName>(tx, account).await?;
    let bank = payment::money_account(tx, own.bank_account).await?;
    let money = currencies(tx, own.currency, own.booked_on).await?;
    let amount = money.minor(own.amount)?;
    let value = money.own_value(amount)?;
    let line = |account: Id<Account>, sign: i64| {
        let line = Line::signed(account, own.currency, sign * amount);
        if money.is_own() { line } else { line.functional(sign * value) }
    };
    let text = args.text("text").unwrap_or(&own.text).chars().take(500).collect::<String>();
    let draft = ledger::Draft::new("bank", own.booked_on, text)
        .source(own.document())
        .lines([line(bank.id.cast(), 1), line(account.cast(), -1)].to_vec());
    let posted = ledger::post(tx, draft).await?;
    own.entry = Some(posted.seq);
    own.account = Some(account.any());
    store::update(tx, &mut own).await?;
    Ok(Outcome::says(format!("Booked to {} {}.", other.code, other.name)))
}

/// Notes why it is left out.
pub(crate) async fn ignore(
    tx: &mut Tx,
    own: Allowed<BankTransaction>,
    args: Args,
) -> Result<Outcome> {
    let mut own = own.into_inner();
    own.reason = args.text("reason").map(str::to_owned);
    store::update(tx, &mut own).await?;
    Ok(Outcome::done())
}

/// Takes back what was made for it.
pub(crate) async fn undo(
    tx: &mut Tx,
    own: Allowed<BankTransaction>,
    args: Args,
) -> Result<Outcome> {
    let mut own = own.into_inner();
    let was = own.clone();
    own.party = None;
    own.payment = None;
    own.own_payment = false;
    own.account = None;
    own.entry = None;
    own.reason = None;
    store::update(tx, &mut own).await?;
    let reason = args.text("reason").unwrap_or_default();
    if let Some(entry) = was.entry {
        let mode = ledger::Mode::Opposite;
        ledger::reverse(tx, Id::new(entry), was.booked_on, reason, mode).await?;
    }
    if let Some(payment) = was.payment.filter(|_| was.own_payment) {
        let args = Args::default().with("reason", reason);
        store::perform::<Payment>(tx, payment, "cancel", args).await?;
    }
    Ok(Outcome::says("It is open again."))
}

/// What is likely for each of these transactions: the documents and payments that may be meant.
pub(crate) async fn proposals(tx: &mut Tx, ids: &[AnyId]) -> Result<Vec<Vec<Proposal>>> {
    let typed: Vec<Id<BankTransaction>> = ids.iter().map(|id| id.cast()).collect();
    let all = store::get_many::<BankTransaction>(tx, &typed).await?;
    let ground = ground(tx, &all).await?;
    let find = |id: &AnyId| all.iter().find(|own| own.id.any() == *id);
    let likely = |own: &BankTransaction| match own.state.as_str() {
        "open" => ground.likely(own),
        _ => Vec::new(),
    };
    Ok(ids.iter().map(|id| find(id).map(likely).unwrap_or_default()).collect())
}

/// What the proposals are made of, read once for all transactions.
async fn ground(tx: &mut Tx, all: &[BankTransaction]) -> Result<Ground> {
    let mut open = open_documents(tx, Side::Sale).await?;
    open.extend(open_documents(tx, Side::Purchase).await?);
    let payments = recorded(tx, all).await?;
    let known = known_accounts(tx, all).await?;
    let parties = open.iter().map(|one| one.party).chain(payments.iter().map(|one| one.party));
    let parties: BTreeSet<Id<Party>> = parties.chain(known.values().copied()).collect();
    let parties = parties.into_iter().collect::<Vec<_>>();
    let parties = store::get_many::<Party>(tx, &parties).await?;
    let names = parties.into_iter().map(|party| (party.id, party.name)).collect();
    Ok(Ground { open, payments, known, names })
}

/// Documents with something open, by what is due first.
async fn open_documents(tx: &mut Tx, side: Side) -> Result<Vec<Open>> {
    let control = ledger::accounts::by_purpose(tx, side.control()).await?;
    let items = ledger::open_items(tx, control, None).await?;
    let mut found: Vec<Open> = Vec::new();
    let mut places: HashMap<(DocRef, AnyId), usize> = HashMap::new();
    let currencies: BTreeSet<Id<Currency>> = items.iter().map(|item| item.unit.cast()).collect();
    let currencies: Vec<Id<Currency>> = currencies.into_iter().collect();
    let currencies = store::get_many::<Currency>(tx, &currencies).await?;
    let exponents: BTreeMap<AnyId, u8> =
        currencies.iter().map(|own| (own.id.any(), own.decimals())).collect();
    for item in items {
        let (Some(source), Some(party)) = (item.source, item.subsidiary) else { continue };
        let known = [Invoice::MODEL, Bill::MODEL, JournalEntry::MODEL];
        if !known.contains(&source.model.as_str()) {
            continue;
        }
        let exponent = exponents.get(&item.unit).copied().unwrap_or(2);
        let amount = Money::from_minor(item.residual, exponent);
        let place = *places.entry((source.clone(), item.unit)).or_insert(found.len());
        match found.get_mut(place) {
            Some(one) => one.amount += amount,
            None => found.push(Open {
                party: party.cast(),
                currency: item.unit.cast(),
                amount,
                names: Vec::new(),
                document: source,
            }),
        }
    }
    name(tx, &mut found).await?;
    found.retain(|one| !one.amount.is_zero());
    Ok(found)
}

/// By which numbers somebody who pays may call the documents.
async fn name(tx: &mut Tx, open: &mut [Open]) -> Result<()> {
    let (invoices, bills) = (ids_of::<Invoice>(open), ids_of::<Bill>(open));
    let entries = ids_of::<JournalEntry>(open);
    let mut names: HashMap<DocRef, Vec<String>> = HashMap::new();
    for own in store::get_many::<Invoice>(tx, &invoices).await? {
        let document = DocRef::new(Invoice::MODEL, own.id);
        names.insert(document, own.number.into_iter().chain(own.reference).collect());
    }
    for own in store::get_many::<Bill>(tx, &bills).await? {
        let document = DocRef::new(Bill::MODEL, own.id);
        names.insert(document, own.reference.into_iter().chain(own.number).collect());
    }
    for own in store::get_many::<JournalEntry>(tx, &entries).await? {
        names.insert(DocRef::new(JournalEntry::MODEL, own.id), vec![own.text]);
    }
    for one in open {
        one.names = names.remove(&one.document).unwrap_or_default();
    }
    Ok(())
}

fn ids_of<M: fondaco_kernel::record::Record>(open: &[Open]) -> Vec<Id<M>> {
    let own = open.iter().filter(|one| one.document.model == M::MODEL);
    own.map(|one| one.document.id.cast()).collect()
}

/// Payments around these days that no transaction is yet.
async fn recorded(tx: &mut Tx, all: &[BankTransaction]) -> Result<Vec<Recorded>> {
    let days = all.iter().map(|own| own.booked_on);
    let (Some(first), Some(last)) = (days.clone().min(), days.max()) else { return Ok(Vec::new()) };
    let near = Filter::new()
        .eq("state", "posted")
        .ge("paid_on", first.saturating_sub(jiff_days(DAYS)))
        .le("paid_on", last.saturating_add(jiff_days(DAYS)));
    let payments = store::find::<Payment>(tx, near.sort("paid_on")).await?;
    let ids = payments.iter().map(|payment| payment.id);
    let held = store::find::<BankTransaction>(tx, Filter::new().is_in("payment", ids)).await?;
    let held: BTreeSet<Id<Payment>> = held.into_iter().filter_map(|own| own.payment).collect();
    let free = payments.into_iter().filter(|payment| !held.contains(&payment.id));
    let one = |payment: Payment| {
        let (currency, amount) = at_bank(&payment);
        let Payment { id, party, paid_on, bank_account, reference, number, .. } = payment;
        Recorded { id, party, paid_on, bank_account, currency, amount, reference, number }
    };
    Ok(free.map(one).collect())
}

/// Whose the accounts are from which money came or to which it went before.
async fn known_accounts(
    tx: &mut Tx,
    all: &[BankTransaction],
) -> Result<HashMap<String, Id<Party>>> {
    let accounts = all.iter().filter_map(|own| own.counterparty_account.as_deref());
    let accounts: BTreeSet<&str> = accounts.collect();
    let seen = Filter::new()
        .is_in("counterparty_account", accounts)
        .not_null("party")
        .eq("state", "matched")
        .sort("booked_on");
    let seen = store::find::<BankTransaction>(tx, seen).await?;
    // The latest holds.
    let pair = |own: BankTransaction| Some((own.counterparty_account?, own.party?));
    Ok(seen.into_iter().filter_map(pair).collect())
}
