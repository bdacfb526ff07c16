//! Supplier bills and refunds: draft → posted → paid.
//! Not here: sums and posting, which invoices share (`document`, `posting`), payments (`payment`).

use fondaco_kernel::events::Event;
use fondaco_kernel::permissions::Allowed;
use fondaco_kernel::ports::billing::BilledLine;
use fondaco_kernel::record::Record as _;
use fondaco_kernel::shared::{Currency, Party, PaymentTerm, Product, TaxCode};
use fondaco_kernel::store::{self, Filter};
use fondaco_kernel::{Args, DocRef, Error, Outcome, Record, Result, Tx};
use fondaco_values::{AnyId, Date, Decimal, Id, Money, Quantity};

use crate::document::{self, Paper};
use crate::posting::{DocLine, Side};
use crate::settlement::{Ask, settle};

#[derive(Record, Clone, Debug)]
#[record("accounting.bill")]
pub(crate) struct Bill {
    pub(crate) id: Id<Bill>,
    pub(crate) version: i64,
    pub(crate) number: Option<String>,
    pub(crate) state: String,
    /// `bill` or `refund`.
    pub(crate) kind: String,
    pub(crate) party: Id<Party>,
    pub(crate) reference: Option<String>,
    pub(crate) dated_on: Date,
    pub(crate) due_on: Option<Date>,
    pub(crate) payment_term: Option<Id<PaymentTerm>>,
    pub(crate) currency: Id<Currency>,
    pub(crate) corrects: Option<Id<Bill>>,
    pub(crate) reason: Option<String>,
    pub(crate) tax_adjustment: Option<Money>,
    pub(crate) lines: Vec<BillLine>,
    pub(crate) taxes: Vec<BillTax>,
    pub(crate) net: Money,
    pub(crate) tax: Money,
    pub(crate) total: Money,
    pub(crate) open_amount: Money,
    pub(crate) rate: Option<Decimal>,
    pub(crate) booked_on: Option<Date>,
    pub(crate) entry: Option<i64>,
    pub(crate) source_model: Option<String>,
    pub(crate) source_id: Option<i64>,
}

#[derive(Record, Clone, Debug)]
#[record("accounting.bill_line")]
pub(crate) struct BillLine {
    pub(crate) id: Id<BillLine>,
    pub(crate) product: Option<Id<Product>>,
    pub(crate) description: String,
    pub(crate) quantity: Quantity,
    pub(crate) unit_price: Option<Decimal>,
    pub(crate) discount: Decimal,
    pub(crate) tax_code: Option<Id<TaxCode>>,
    pub(crate) account: Option<AnyId>,
    pub(crate) amount: Money,
    pub(crate) received_value: Option<Decimal>,
    pub(crate) source_line: Option<i64>,
}

#[derive(Record, Clone, Debug)]
#[record("accounting.bill_tax")]
pub(crate) struct BillTax {
    pub(crate) id: Id<BillTax>,
    pub(crate) tax_code: Id<TaxCode>,
    pub(crate) base: Money,
    pub(crate) amount: Money,
    pub(crate) deducted: Option<Money>,
    pub(crate) owed: Option<Money>,
}

impl Bill {
    pub(crate) fn document(&self) -> DocRef {
        DocRef::new(Bill::MODEL, self.id)
    }

    pub(crate) fn is_refund(&self) -> bool {
        self.kind == "refund"
    }

    /// What it was made for; a bill entered by hand stands for itself.
    pub(crate) fn source(&self) -> DocRef {
        match (&self.source_model, self.source_id) {
            (Some(model), Some(id)) => DocRef { model: model.clone(), id: AnyId::new(id) },
            _ => self.document(),
        }
    }

    /// Its lines as others hear of them: below zero on a refund.
    pub(crate) fn billed(&self) -> Vec<BilledLine> {
        let of_source = |line: &BillLine| {
            let key = AnyId::new(line.source_line?);
            let (quantity, amount) = match self.is_refund() {
                true => (-line.quantity, -line.amount),
                false => (line.quantity, line.amount),
            };
            Some(BilledLine { key, quantity, amount })
        };
        self.lines.iter().filter_map(of_source).collect()
    }

    fn paper(&self) -> Paper {
        let line = |line: &BillLine| DocLine {
            product: line.product,
            account: line.account.map(AnyId::cast),
            tax_code: line.tax_code,
            amount: line.amount,
            received_value: line.received_value.and_then(Money::exact),
        };
        Paper {
            side: Side::Purchase,
            reversed: self.is_refund(),
            document: self.document(),
            party: self.party,
            currency: self.currency,
            dated_on: self.dated_on,
            due_on: self.due_on,
            payment_term: self.payment_term,
            lines: self.lines.iter().map(line).collect(),
            taxes: self.taxes.iter().map(|tax| (tax.tax_code, tax.amount)).collect(),
            total: self.total,
        }
    }

    fn told(&self, outcome: Outcome) -> Outcome {
        outcome
            .with("source", self.source())
            .with("lines", self.billed())
            .with("kind", &self.kind)
            .with("party", self.party)
            .with("total", self.total)
    }
}

/// Books the bill and draws its number.
pub(crate) async fn post(tx: &mut Tx, bill: Allowed<Bill>, _args: Args) -> Result<Outcome> {
    let mut bill = bill.into_inner();
    booked_once(tx, &bill).await?;
    if let Some(corrected) = bill.corrects {
        let corrected = store::get::<Bill>(tx, corrected).await?;
        may_correct(&bill, &corrected)?;
    }
    let party = store::get::<Party>(tx, bill.party).await?;
    let what = if bill.is_refund() { "Refund of" } else { "Bill of" };
    let reference = bill.reference.as_deref().map(|r| format!(" {r}")).unwrap_or_default();
    let text = format!("{what} {}{reference}", party.name);
    let booked = document::post(tx, bill.paper(), text).await?;
    bill.entry = booked.entry;
    bill.rate = Some(booked.rate);
    bill.booked_on = Some(booked.booked_on);
    bill.due_on = Some(booked.due_on);
    bill.open_amount = bill.total;
    for tax in &mut bill.taxes {
        let of_code = booked.taxes.iter().find(|booked| booked.code == tax.tax_code);
        tax.deducted = of_code.map(|booked| booked.deducted);
        tax.owed = of_code.map(|booked| booked.owed);
    }
    store::update(tx, &mut bill).await?;
    Ok(bill.told(Outcome::done()))
}

/// One number of a supplier is booked once: the same bill paid twice is money gone.
async fn booked_once(tx: &mut Tx, bill: &Bill) -> Result<()> {
    let Some(reference) = bill.reference.as_deref().map(str::trim).filter(|r| !r.is_empty()) else {
        return Ok(());
    };
    let filter = Filter::new()
        .eq("party", bill.party)
        .eq("reference", reference)
        .eq("kind", bill.kind.as_str())
        .is_in("state", ["posted", "paid"]);
    match store::first::<Bill>(tx, filter).await? {
        Some(there) if there.id != bill.id => {
            let number = there.number.unwrap_or_default();
            let message = format!(
                "The supplier's number {reference} is booked already as {number}: correct it, or delete this bill."
            );
            Err(Error::problem("reference", "taken", message))
        }
        _ => Ok(()),
    }
}

fn may_correct(refund: &Bill, corrected: &Bill) -> Result<()> {
    let refused = |message: &str| Err(Error::problem("corrects", "not_correctable", message));
    if !refund.is_refund() {
        return refused("Only a refund takes a bill back.");
    }
    if corrected.is_refund() || corrected.state == "draft" {
        return refused("Only a posted bill can be taken back.");
    }
    if corrected.party != refund.party || corrected.currency != refund.currency {
        return refused("The bill is of another supplier or in another currency.");
    }
    Ok(())
}

/// After a bill was posted: what is worth nothing is paid at once, and a refund is used for what
/// it takes back.
pub(crate) async fn posted(tx: &mut Tx, event: &Event) -> Result<()> {
    let bill = store::get::<Bill>(tx, event.id.cast()).await?;
    if event.payload.get("reopened").is_some() {
        return Ok(());
    }
    if bill.total.is_zero() {
        return store::perform(tx, bill.id, "settle", Args::default()).await.map(drop);
    }
    if let Some(corrected) = bill.corrects {
        let corrected = store::get::<Bill>(tx, corrected).await?;
        use_refund(tx, &bill, &corrected, None).await?;
    }
    Ok(())
}

async fn use_refund(
    tx: &mut Tx,
    refund: &Bill,
    bill: &Bill,
    limit: Option<Money>,
) -> Result<Money> {
    let (debit, credit) = (refund.document(), bill.document());
    let (side, party, currency) = (Side::Purchase, refund.party, refund.currency);
    settle(tx, &Ask { side, party, currency, debit, credit, limit }).await
}

/// Uses a refund for a bill of the same supplier.
pub(crate) async fn allocate(tx: &mut Tx, refund: Allowed<Bill>, args: Args) -> Result<Outcome> {
    let Some(bill) = args.link::<Bill>("bill") else {
        return Err(fondaco_kernel::module::missing("bill", "Say for which bill."));
    };
    let bill = store::get::<Bill>(tx, bill).await?;
    if bill.party != refund.party || bill.currency != refund.currency {
        let message = "The bill is of another supplier or in another currency.";
        return Err(Error::problem("bill", "not_its_own", message));
    }
    let limit = args.decimal("amount").and_then(Money::exact);
    let used = use_refund(tx, &refund, &bill, limit).await?;
    if used.is_zero() {
        let message = "Nothing is open of the bill, or of the refund.";
        return Err(Error::problem("bill", "nothing_open", message));
    }
    Ok(Outcome::says(format!("{used} was used.")))
}

/// Takes a bill back with a refund over all its lines.
pub(crate) async fn refund(tx: &mut Tx, bill: Allowed<Bill>, args: Args) -> Result<Outcome> {
    let filter = Filter::new().eq("corrects", bill.id).is_in("state", ["posted", "paid"]);
    if let Some(earlier) = store::first::<Bill>(tx, filter).await? {
        let number = earlier.number.unwrap_or_default();
        let message = format!(
            "Refund {number} takes back part of this bill already: enter another for the rest."
        );
        return Err(Error::problem("state", "refunded", message));
    }
    let mut refund = Bill {
        id: Id::default(),
        version: 0,
        number: None,
        state: "draft".to_owned(),
        kind: "refund".to_owned(),
        reference: args.text("reference").map(str::to_owned),
        dated_on: args.date("on").unwrap_or_else(|| tx.today()),
        due_on: None,
        payment_term: None,
        corrects: Some(bill.id),
        reason: args.text("reason").map(str::to_owned),
        taxes: Vec::new(),
        open_amount: Money::ZERO,
        rate: None,
        booked_on: None,
        entry: None,
        ..Bill::clone(&bill)
    };
    for line in &mut refund.lines {
        line.id = Id::default();
    }
    let id = store::insert(tx, &mut refund).await?;
    store::perform(tx, id, "post", Args::default()).await?;
    Ok(Outcome::says("The bill is taken back.").opens(DocRef::new(Bill::MODEL, id)))
}

/// Nothing is open any more.
pub(crate) async fn settled(_tx: &mut Tx, bill: Allowed<Bill>, _: Args) -> Result<Outcome> {
    Ok(bill.told(Outcome::done()))
}

/// Something is open again. The lines were told when it was posted and are not told twice.
pub(crate) async fn reopened(_tx: &mut Tx, bill: Allowed<Bill>, _: Args) -> Result<Outcome> {
    let none: [BilledLine; 0] = [];
    Ok(bill.told(Outcome::done()).with("lines", none).with("reopened", true))
}

/// Sets what is open, and with it whether the bill is paid.
pub(crate) async fn set_open(tx: &mut Tx, id: Id<Bill>, left: Money) -> Result<()> {
    let mut bill = store::get::<Bill>(tx, id).await?;
    bill.open_amount = left;
    store::update(tx, &mut bill).await?;
    let step = match (bill.state.as_str(), left.is_zero()) {
        ("posted", true) => "settle",
        ("paid", false) => "reopen",
        _ => return Ok(()),
    };
    store::perform(tx, id, step, Args::default()).await.map(drop)
}
