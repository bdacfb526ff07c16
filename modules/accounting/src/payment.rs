//! Payments: money in and out over a bank account, booked and set against what they pay.
//! Not here: settling itself (`settlement`).
//! INVARIANT: what a payment does not pay stays open as a credit of the party; cancelling opens
//! again whatever it paid.

use fondaco_kernel::ledger::{self, Account, Line};
use fondaco_kernel::permissions::Allowed;
use fondaco_kernel::record::Record as _;
use fondaco_kernel::shared::{Currency, Party};
use fondaco_kernel::store;
use fondaco_kernel::{Args, DocRef, Error, Outcome, Record, Result, Tx};
use fondaco_values::{AnyId, Date, Decimal, Id, Money, Problem, Rounding, share};

use crate::accounts::{AccountName, purpose};
use crate::bank;
use crate::bill::Bill;
use crate::document::currencies;
use crate::entry::JournalEntry;
use crate::invoice::Invoice;
use crate::posting::{Currencies, Side};
use crate::settlement::{self, Ask, settle, too_fine};

#[derive(Record, Clone, Debug)]
#[record("accounting.payment")]
pub(crate) struct Payment {
    pub(crate) id: Id<Payment>,
    pub(crate) version: i64,
    pub(crate) number: Option<String>,
    pub(crate) state: String,
    /// `in` or `out`.
    pub(crate) direction: String,
    /// `customer` or `supplier`; by the direction when not said.
    pub(crate) role: Option<String>,
    pub(crate) party: Id<Party>,
    pub(crate) paid_on: Date,
    pub(crate) currency: Id<Currency>,
    pub(crate) amount: Money,
    pub(crate) bank_account: Option<AnyId>,
    pub(crate) bank_currency: Option<Id<Currency>>,
    pub(crate) bank_amount: Option<Decimal>,
    pub(crate) charge: Option<Decimal>,
    pub(crate) reference: Option<String>,
    pub(crate) allocations: Vec<Allocation>,
    pub(crate) open_amount: Money,
    pub(crate) booked_on: Option<Date>,
    pub(crate) entry: Option<i64>,
    pub(crate) reason: Option<String>,
}

#[derive(Record, Clone, Debug)]
#[record("accounting.allocation")]
pub(crate) struct Allocation {
    pub(crate) id: Id<Allocation>,
    pub(crate) invoice: Option<Id<Invoice>>,
    pub(crate) bill: Option<Id<Bill>>,
    pub(crate) opening: Option<Id<JournalEntry>>,
    pub(crate) amount: Money,
}

impl Payment {
    pub(crate) fn document(&self) -> DocRef {
        DocRef::new(Payment::MODEL, self.id)
    }

    pub(crate) fn is_in(&self) -> bool {
        self.direction == "in"
    }

    /// On whose account it is booked: a customer's or a supplier's.
    pub(crate) fn side(&self) -> Side {
        match self.role.as_deref() {
            Some("customer") => Side::Sale,
            Some("supplier") => Side::Purchase,
            _ if self.is_in() => Side::Sale,
            _ => Side::Purchase,
        }
    }

    /// Settling it against a document: money in stands in credit, money out in debit.
    fn against(&self, document: DocRef, limit: Option<Money>) -> Ask {
        let own = self.document();
        let (debit, credit) = if self.is_in() { (document, own) } else { (own, document) };
        let (side, party, currency) = (self.side(), self.party, self.currency);
        Ask { side, party, currency, debit, credit, limit }
    }
}

impl Allocation {
    /// The one document that it names.
    fn document(&self) -> Option<DocRef> {
        let named = [
            self.invoice.map(|id| DocRef::new(Invoice::MODEL, id)),
            self.bill.map(|id| DocRef::new(Bill::MODEL, id)),
            self.opening.map(|id| DocRef::new(JournalEntry::MODEL, id)),
        ];
        let mut named = named.into_iter().flatten();
        named.next().filter(|_| named.next().is_none())
    }
}

/// Books the payment and settles what it pays.
pub(crate) async fn post(tx: &mut Tx, payment: Allowed<Payment>, _args: Args) -> Result<Outcome> {
    let mut payment = payment.into_inner();
    let wanted = wanted(&payment)?;
    let facts = facts(tx, &payment).await?;
    let party = store::get::<Party>(tx, payment.party).await?;
    let what = if payment.is_in() { "Payment from" } else { "Payment to" };
    let reference = payment.reference.as_deref().map(|r| format!(": {r}")).unwrap_or_default();
    let text: String = format!("{what} {}{reference}", party.name).chars().take(500).collect();
    let mut draft = ledger::Draft::new("bank", payment.paid_on, text)
        .source(payment.document())
        .lines(bank_lines(&facts));
    draft.exchange = facts.claim != facts.bank_unit;
    let posted = ledger::post(tx, draft).await?;
    payment.entry = Some(posted.seq);
    payment.booked_on = Some(posted.date);
    payment.open_amount = payment.amount;
    store::update(tx, &mut payment).await?;
    for (n, (document, amount)) in wanted.into_iter().enumerate() {
        let settled = settle(tx, &payment.against(document, Some(amount))).await?;
        if settled != amount {
            let message = format!(
                "Only {settled} of {amount} can be settled: less is open in this currency, or the document is of another party."
            );
            return Err(Error::problem(format!("allocations[{n}].amount"), "too_much", message));
        }
    }
    Ok(Outcome::done()
        .with("direction", &payment.direction)
        .with("party", payment.party)
        .with("amount", payment.amount))
}

/// What the allocations want, checked as far as they alone can be.
fn wanted(payment: &Payment) -> Result<Vec<(DocRef, Money)>> {
    let mut wanted: Vec<(DocRef, Money)> = Vec::with_capacity(payment.allocations.len());
    let mut problems = Vec::new();
    for (n, allocation) in payment.allocations.iter().enumerate() {
        let at = |field: &str| format!("allocations[{n}].{field}");
        match allocation.document() {
            _ if allocation.amount.is_zero() => {
                let message = "Say how much is paid, or leave the line out.";
                problems.push(Problem::new(at("amount"), "required", message));
            }
            None => {
                let message = "Name one invoice, one bill or one opening entry.";
                problems.push(Problem::new(at("invoice"), "one_document", message));
            }
            Some(document) if wanted.iter().any(|(other, _)| *other == document) => {
                let message = "The document is named twice: name it once, with the sum.";
                problems.push(Problem::new(at("invoice"), "twice", message));
            }
            Some(document) => wanted.push((document, allocation.amount)),
        }
    }
    let sum: Money = wanted.iter().map(|(_, amount)| *amount).sum();
    if sum > payment.amount {
        let message = format!("{sum} is to be paid with {}: lessen a line.", payment.amount);
        problems.push(Problem::new("allocations", "too_much", message));
    }
    fondaco_kernel::error::refuse_if_any(problems).map(|()| wanted)
}

/// What the entry of a payment is made of; amounts in minor units, without sign.
#[derive(Clone, Debug)]
struct Facts {
    money_in: bool,
    control: Id<Account>,
    bank: Id<Account>,
    charges: Option<Id<Account>>,
    party: Id<Party>,
    /// The currency of the debt, and the bank's.
    claim: Id<Currency>,
    bank_unit: Id<Currency>,
    own: Id<Currency>,
    amount: i64,
    /// Before the charge was taken off.
    bank_amount: i64,
    charge: i64,
    /// The whole in the company's currency, and the charge.
    own_amount: i64,
    own_charge: i64,
}

async fn facts(tx: &mut Tx, payment: &Payment) -> Result<Facts> {
    let claim = currencies(tx, payment.currency, payment.paid_on).await?;
    let bank = money_account(tx, payment.bank_account).await?;
    let kept_in = bank.currency.map(Id::cast);
    let bank_unit = payment.bank_currency.or(kept_in).unwrap_or(payment.currency);
    let at_bank = match bank_unit == payment.currency {
        true => claim,
        false => currencies(tx, bank_unit, payment.paid_on).await?,
    };
    let amount = claim.minor(payment.amount)?;
    let bank_amount = bank_amount(payment, &claim, &at_bank)?;
    let charge = minor("charge", payment.charge.unwrap_or_default(), at_bank.exponent)?;
    if payment.is_in() && charge > bank_amount {
        let message = "The charge is more than what came in: correct one of them.";
        return Err(Error::problem("charge", "too_much", message));
    }
    let own_amount = if at_bank.is_own() { bank_amount } else { claim.own_value(amount)? };
    let own_charge = share(own_amount, charge.into(), bank_amount.into(), Rounding::HalfUp);
    let charges = match charge {
        0 => None,
        _ => Some(ledger::accounts::by_purpose(tx, purpose::BANK_CHARGES).await?),
    };
    Ok(Facts {
        money_in: payment.is_in(),
        control: ledger::accounts::by_purpose(tx, payment.side().control()).await?,
        bank: bank.id.cast(),
        charges,
        party: payment.party,
        claim: payment.currency,
        bank_unit,
        own: claim.own,
        amount,
        bank_amount,
        charge,
        own_amount,
        own_charge: if at_bank.is_own() { charge } else { own_charge.unwrap_or(0) },
    })
}

/// The account that the money comes to or leaves; without a name the company's bank account.
pub(crate) async fn money_account(tx: &mut Tx, named: Option<AnyId>) -> Result<AccountName> {
    let account = match named {
        Some(account) => account.cast(),
        None => ledger::accounts::by_purpose(tx, purpose::BANK).await?.cast(),
    };
    let account = store::get::<AccountName>(tx, account).await?;
    if account.book != ledger::GENERAL || account.kind != "asset" {
        let message =
            format!("{} {} is no account for money: choose another.", account.code, account.name);
        return Err(Error::problem("bank_account", "no_bank", message));
    }
    Ok(account)
}

/// What the bank booked, in minor units of its currency.
fn bank_amount(payment: &Payment, claim: &Currencies, at_bank: &Currencies) -> Result<i64> {
    let given = payment.bank_amount.filter(|amount| !amount.is_zero());
    let same = claim.currency == at_bank.currency;
    match given {
        None if same => claim.minor(payment.amount),
        None => {
            let message = "The bank booked another currency: say how much it was.";
            Err(Error::problem("bank_amount", "required", message))
        }
        Some(given) => {
            let given = minor("bank_amount", given, at_bank.exponent)?;
            if same && given != claim.minor(payment.amount)? {
                let message = "In one currency the bank's amount is the payment's: say the charge, or the other currency.";
                return Err(Error::problem("bank_amount", "differs", message));
            }
            Ok(given)
        }
    }
}

fn minor(field: &str, amount: Decimal, exponent: u8) -> Result<i64> {
    let minor = Money::exact(amount).and_then(|amount| amount.minor(exponent));
    minor.ok_or_else(|| {
        let message = "The amount has more decimals than the bank's currency: round it.";
        Error::problem(field, "minor_unit", message)
    })
}

/// The lines of a payment: the bank, its charge, the party's account.
fn bank_lines(facts: &Facts) -> Vec<Line> {
    let sign = if facts.money_in { 1 } else { -1 };
    let line = |account, unit: Id<Currency>, amount, own| {
        let line = Line::signed(account, unit, amount);
        if unit == facts.own { line } else { line.functional(own) }
    };
    let bank = sign * facts.bank_amount - facts.charge;
    let own_bank = sign * facts.own_amount - facts.own_charge;
    let mut lines = vec![line(facts.bank, facts.bank_unit, bank, own_bank)];
    if let Some(charges) = facts.charges {
        lines.push(line(charges, facts.bank_unit, facts.charge, facts.own_charge));
    }
    let own = -sign * facts.own_amount;
    lines.push(line(facts.control, facts.claim, -sign * facts.amount, own).for_(facts.party));
    lines.retain(|line| line.amount != 0);
    lines
}

/// Fills in what is open and due first, as far as the amount reaches.
pub(crate) async fn propose(
    tx: &mut Tx,
    payment: Allowed<Payment>,
    _args: Args,
) -> Result<Outcome> {
    let mut payment = payment.into_inner();
    let exponent = store::get::<Currency>(tx, payment.currency).await?.decimals();
    let mut left = payment.amount.minor(exponent).ok_or_else(too_fine)?;
    payment.allocations.clear();
    for (document, open) in open_documents(tx, &payment).await? {
        let amount = open.min(left);
        if amount == 0 {
            break;
        }
        left -= amount;
        let of = |model: &str| document.model == model;
        payment.allocations.push(Allocation {
            id: Id::default(),
            invoice: of(Invoice::MODEL).then(|| document.id.cast()),
            bill: of(Bill::MODEL).then(|| document.id.cast()),
            opening: of(JournalEntry::MODEL).then(|| document.id.cast()),
            amount: Money::from_minor(amount, exponent),
        });
    }
    let found = payment.allocations.len();
    store::update(tx, &mut payment).await?;
    let left = Money::from_minor(left, exponent);
    Ok(Outcome::says(format!("{found} documents; {left} would stay open as a credit.")))
}

/// What the party has open on the other side, in minor units, by what is due first.
async fn open_documents(tx: &mut Tx, payment: &Payment) -> Result<Vec<(DocRef, i64)>> {
    let control = ledger::accounts::by_purpose(tx, payment.side().control()).await?;
    let items = ledger::open_items(tx, control, Some(payment.party.any())).await?;
    let sign = if payment.is_in() { 1 } else { -1 };
    let known = [Invoice::MODEL, Bill::MODEL, JournalEntry::MODEL];
    let mut documents: Vec<(DocRef, i64)> = Vec::new();
    for item in items {
        let Some(source) = item.source else { continue };
        let fits = item.unit == payment.currency.any() && known.contains(&source.model.as_str());
        if !fits || item.residual.signum() != sign {
            continue;
        }
        match documents.iter_mut().find(|(document, _)| *document == source) {
            Some((_, open)) => *open += item.residual.abs(),
            None => documents.push((source, item.residual.abs())),
        }
    }
    Ok(documents)
}

/// Uses what is left of a payment for one document, or for what is due first.
pub(crate) async fn allocate(
    tx: &mut Tx,
    payment: Allowed<Payment>,
    args: Args,
) -> Result<Outcome> {
    let named = Allocation {
        id: Id::default(),
        invoice: args.link("invoice"),
        bill: args.link("bill"),
        opening: args.link("entry"),
        amount: Money::ZERO,
    };
    let several = named.invoice.is_some() || named.bill.is_some() || named.opening.is_some();
    let limit = args.decimal("amount").and_then(Money::exact);
    let documents = match named.document() {
        Some(document) => vec![document],
        None if several => {
            let message = "Name one invoice, one bill or one opening entry.";
            return Err(Error::problem("invoice", "one_document", message));
        }
        None => {
            let open = open_documents(tx, &payment).await?;
            open.into_iter().map(|(document, _)| document).collect()
        }
    };
    let mut used = Money::ZERO;
    for document in documents {
        let left = limit.map(|limit| limit - used);
        if left.is_some_and(|left| left <= Money::ZERO) {
            break;
        }
        let settled = settle(tx, &payment.against(document, left)).await?;
        if settled.is_zero() {
            break;
        }
        used += settled;
    }
    if used.is_zero() {
        let message = "Nothing is left of the payment, or nothing is open that it could pay.";
        return Err(Error::problem("invoice", "nothing_open", message));
    }
    Ok(Outcome::says(format!("{used} was used.")))
}

/// Takes a payment back: a returned cheque, a wrong booking.
pub(crate) async fn cancel(tx: &mut Tx, payment: Allowed<Payment>, args: Args) -> Result<Outcome> {
    bank::lets_go(tx, payment.id).await?;
    let document = payment.document();
    settlement::undo_all(tx, &document).await?;
    let reason = args.text("reason").unwrap_or_default();
    if let Some(entry) = payment.entry {
        let on = args.date("on").unwrap_or_else(|| tx.today());
        ledger::reverse(tx, Id::new(entry), on, reason, ledger::Mode::Opposite).await?;
        let (side, party, currency) = (payment.side(), payment.party, payment.currency);
        settlement::settle_itself(tx, side, party, currency, &document).await?;
    }
    let mut payment = store::get::<Payment>(tx, payment.id).await?;
    payment.reason = Some(reason.to_owned());
    store::update(tx, &mut payment).await?;
    Ok(Outcome::says("The payment is taken back; what it paid is open again."))
}

/// Sets what is not used of a payment.
pub(crate) async fn set_open(tx: &mut Tx, id: Id<Payment>, left: Money) -> Result<()> {
    let mut payment = store::get::<Payment>(tx, id).await?;
    payment.open_amount = left;
    store::update(tx, &mut payment).await
}

#[cfg(test)]
mod tests {
    use super::*;

    const EUR: Id<Currency> = Id::new(1);
    const USD: Id<Currency> = Id::new(2);

    fn facts(money_in: bool) -> Facts {
        Facts {
            money_in,
            control: Id::new(12),
            bank: Id::new(10),
            charges: None,
            party: Id::new(7),
            claim: EUR,
            bank_unit: EUR,
            own: EUR,
            amount: 10_000,
            bank_amount: 10_000,
            charge: 0,
            own_amount: 10_000,
            own_charge: 0,
        }
    }

    fn lines(facts: &Facts) -> Vec<String> {
        let lines = bank_lines(facts);
        let own: i64 = lines.iter().map(|line| line.functional.unwrap_or(line.amount)).sum();
        assert_eq!(own, 0, "{lines:?}");
        let word = |line: &Line| {
            let own = line.functional.map(|own| format!("={own}")).unwrap_or_default();
            format!("{} {}{own}", line.account, line.amount)
        };
        lines.iter().map(word).collect()
    }

    #[test]
    fn money_in_and_out() {
        assert_eq!(lines(&facts(true)), ["10 10000", "12 -10000"]);
        assert_eq!(lines(&facts(false)), ["10 -10000", "12 10000"]);
    }

    #[test]
    fn the_bank_takes_its_charge() {
        let charged = |money_in| {
            let charges = Some(Id::new(68));
            Facts { charges, charge: 150, own_charge: 150, ..facts(money_in) }
        };
        assert_eq!(lines(&charged(true)), ["10 9850", "68 150", "12 -10000"]);
        assert_eq!(lines(&charged(false)), ["10 -10150", "68 150", "12 10000"]);
        let whole = Facts { charge: 10_000, own_charge: 10_000, ..charged(true) };
        assert_eq!(lines(&whole), ["68 10000", "12 -10000"]);
    }

    #[test]
    fn a_debt_in_one_currency_paid_in_another() {
        let dollars = Facts { claim: USD, bank_amount: 9_120, own_amount: 9_120, ..facts(true) };
        assert_eq!(lines(&dollars), ["10 9120", "12 -10000=-9120"]);
        let both = Facts { claim: USD, bank_unit: USD, own_amount: 9_130, ..facts(true) };
        assert_eq!(lines(&both), ["10 10000=9130", "12 -10000=-9130"]);
        let euros = Facts { bank_unit: USD, bank_amount: 11_000, ..facts(true) };
        assert_eq!(lines(&euros), ["10 11000=10000", "12 -10000"]);
    }

    #[test]
    fn allocations_name_one_document_each_and_stay_within_the_payment() {
        let allocation = |invoice: i64, bill: i64, amount: &str| Allocation {
            id: Id::default(),
            invoice: (invoice > 0).then(|| Id::new(invoice)),
            bill: (bill > 0).then(|| Id::new(bill)),
            opening: None,
            amount: amount.parse().unwrap(),
        };
        let check = |allocations: Vec<Allocation>| {
            let payment = Payment {
                id: Id::new(1),
                version: 1,
                number: None,
                state: "draft".into(),
                direction: "in".into(),
                role: None,
                party: Id::new(7),
                paid_on: Date::constant(2026, 1, 1),
                currency: EUR,
                amount: "100".parse().unwrap(),
                bank_account: None,
                bank_currency: None,
                bank_amount: None,
                charge: None,
                reference: None,
                allocations,
                open_amount: Money::ZERO,
                booked_on: None,
                entry: None,
                reason: None,
            };
            match wanted(&payment) {
                Ok(wanted) => format!("ok {}", wanted.len()),
                Err(Error::Invalid(problems)) => {
                    let words: Vec<String> =
                        problems.iter().map(|p| format!("{}:{}", p.field, p.code)).collect();
                    words.join(" ")
                }
                Err(other) => other.to_string(),
            }
        };
        assert_eq!(check(vec![]), "ok 0");
        assert_eq!(check(vec![allocation(5, 0, "60"), allocation(0, 5, "40")]), "ok 2");
        assert_eq!(check(vec![allocation(5, 0, "100.01")]), "allocations:too_much");
        assert_eq!(check(vec![allocation(5, 6, "1")]), "allocations[0].invoice:one_document");
        assert_eq!(check(vec![allocation(0, 0, "1")]), "allocations[0].invoice:one_document");
        assert_eq!(check(vec![allocation(5, 0, "0")]), "allocations[0].amount:required");
        let twice = vec![allocation(5, 0, "1"), allocation(5, 0, "1")];
        assert_eq!(check(twice), "allocations[1].invoice:twice");
    }
}
