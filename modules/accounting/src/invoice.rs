//! Customer invoices and credit notes: draft → posted → paid.
//! Not here: sums and posting, which bills share (`document`, `posting`), payments (`payment`).

use fondaco_kernel::events::Event;
use fondaco_kernel::ledger::{self, Line};
use fondaco_kernel::permissions::Allowed;
use fondaco_kernel::ports::billing::BilledLine;
use fondaco_kernel::record::Record as _;
use fondaco_kernel::shared::{Currency, Party, PaymentTerm, Product, TaxCode};
use fondaco_kernel::store::{self, Filter};
use fondaco_kernel::{Args, DocRef, Error, Outcome, Record, Result, Tx};
use fondaco_values::{AnyId, Date, Decimal, Id, Money, Quantity};

use crate::accounts::purpose;
use crate::document::{self, Paper, own_currency};
use crate::posting::{DocLine, Side};
use crate::settlement::{self, Ask, settle};

#[derive(Record, Clone, Debug)]
#[record("accounting.invoice")]
pub(crate) struct Invoice {
    pub(crate) id: Id<Invoice>,
    pub(crate) version: i64,
    pub(crate) number: Option<String>,
    pub(crate) state: String,
    /// `invoice` or `credit_note`.
    pub(crate) kind: String,
    pub(crate) party: Id<Party>,
    pub(crate) dated_on: Date,
    pub(crate) due_on: Option<Date>,
    pub(crate) payment_term: Option<Id<PaymentTerm>>,
    pub(crate) currency: Id<Currency>,
    pub(crate) reference: Option<String>,
    pub(crate) corrects: Option<Id<Invoice>>,
    pub(crate) reason: Option<String>,
    pub(crate) lines: Vec<InvoiceLine>,
    pub(crate) taxes: Vec<InvoiceTax>,
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
#[record("accounting.invoice_line")]
pub(crate) struct InvoiceLine {
    pub(crate) id: Id<InvoiceLine>,
    pub(crate) product: Option<Id<Product>>,
    pub(crate) description: String,
    pub(crate) quantity: Quantity,
    pub(crate) unit_price: Option<Decimal>,
    pub(crate) discount: Decimal,
    pub(crate) tax_code: Option<Id<TaxCode>>,
    pub(crate) account: Option<AnyId>,
    pub(crate) amount: Money,
    pub(crate) source_line: Option<i64>,
}

#[derive(Record, Clone, Debug)]
#[record("accounting.invoice_tax")]
pub(crate) struct InvoiceTax {
    pub(crate) id: Id<InvoiceTax>,
    pub(crate) tax_code: Id<TaxCode>,
    pub(crate) base: Money,
    pub(crate) amount: Money,
}

impl Invoice {
    pub(crate) fn document(&self) -> DocRef {
        DocRef::new(Invoice::MODEL, self.id)
    }

    pub(crate) fn is_credit(&self) -> bool {
        self.kind == "credit_note"
    }

    /// What it was made for; an invoice written by hand stands for itself.
    pub(crate) fn source(&self) -> DocRef {
        match (&self.source_model, self.source_id) {
            (Some(model), Some(id)) => DocRef { model: model.clone(), id: AnyId::new(id) },
            _ => self.document(),
        }
    }

    /// Its lines as others hear of them: below zero on a credit note.
    pub(crate) fn billed(&self) -> Vec<BilledLine> {
        let of_source = |line: &InvoiceLine| {
            let key = AnyId::new(line.source_line?);
            let (quantity, amount) = match self.is_credit() {
                true => (-line.quantity, -line.amount),
                false => (line.quantity, line.amount),
            };
            Some(BilledLine { key, quantity, amount })
        };
        self.lines.iter().filter_map(of_source).collect()
    }

    fn paper(&self) -> Paper {
        let line = |line: &InvoiceLine| DocLine {
            product: line.product,
            account: line.account.map(AnyId::cast),
            tax_code: line.tax_code,
            amount: line.amount,
            received_value: None,
        };
        Paper {
            side: Side::Sale,
            reversed: self.is_credit(),
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

/// Books the invoice and draws its number.
pub(crate) async fn post(tx: &mut Tx, invoice: Allowed<Invoice>, _args: Args) -> Result<Outcome> {
    let mut invoice = invoice.into_inner();
    if let Some(corrected) = invoice.corrects {
        let corrected = store::get::<Invoice>(tx, corrected).await?;
        may_correct(&invoice, &corrected)?;
    }
    let party = store::get::<Party>(tx, invoice.party).await?;
    let what = if invoice.is_credit() { "Credit note to" } else { "Invoice to" };
    let booked = document::post(tx, invoice.paper(), format!("{what} {}", party.name)).await?;
    invoice.entry = booked.entry;
    invoice.rate = Some(booked.rate);
    invoice.booked_on = Some(booked.booked_on);
    invoice.due_on = Some(booked.due_on);
    invoice.open_amount = invoice.total;
    store::update(tx, &mut invoice).await?;
    Ok(invoice.told(Outcome::done()))
}

fn may_correct(credit: &Invoice, corrected: &Invoice) -> Result<()> {
    let refused = |message: &str| Err(Error::problem("corrects", "not_correctable", message));
    if !credit.is_credit() {
        return refused("Only a credit note takes an invoice back.");
    }
    if corrected.is_credit() || corrected.state == "draft" {
        return refused("Only a posted invoice can be taken back.");
    }
    if corrected.party != credit.party || corrected.currency != credit.currency {
        return refused("The invoice is of another customer or in another currency.");
    }
    Ok(())
}

/// After an invoice was posted: what is worth nothing is paid at once, and a credit note is used
/// for what it takes back.
pub(crate) async fn posted(tx: &mut Tx, event: &Event) -> Result<()> {
    let invoice = store::get::<Invoice>(tx, event.id.cast()).await?;
    if event.payload.get("reopened").is_some() {
        return Ok(());
    }
    if invoice.total.is_zero() {
        return store::perform(tx, invoice.id, "settle", Args::default()).await.map(drop);
    }
    if invoice.is_credit() {
        for against in corrected_by(tx, &invoice).await? {
            use_credit(tx, &invoice, &against, None).await?;
        }
    }
    Ok(())
}

/// The invoice that a credit note names, or those of the same order that are open.
async fn corrected_by(tx: &mut Tx, credit: &Invoice) -> Result<Vec<Invoice>> {
    if let Some(corrected) = credit.corrects {
        return Ok(vec![store::get(tx, corrected).await?]);
    }
    let (Some(model), Some(id)) = (&credit.source_model, credit.source_id) else {
        return Ok(Vec::new());
    };
    let filter = Filter::new()
        .eq("source_id", id)
        .eq("source_model", model.as_str())
        .eq("state", "posted")
        .eq("kind", "invoice")
        .eq("party", credit.party)
        .eq("currency", credit.currency)
        .sort("due_on");
    store::find(tx, filter).await
}

async fn use_credit(
    tx: &mut Tx,
    credit: &Invoice,
    invoice: &Invoice,
    limit: Option<Money>,
) -> Result<Money> {
    let (debit, credited) = (invoice.document(), credit.document());
    let (side, party, currency) = (Side::Sale, credit.party, credit.currency);
    settle(tx, &Ask { side, party, currency, debit, credit: credited, limit }).await
}

/// Uses a credit note for an invoice of the same customer.
pub(crate) async fn allocate(tx: &mut Tx, credit: Allowed<Invoice>, args: Args) -> Result<Outcome> {
    let Some(invoice) = args.link::<Invoice>("invoice") else {
        return Err(fondaco_kernel::module::missing("invoice", "Say for which invoice."));
    };
    let invoice = store::get::<Invoice>(tx, invoice).await?;
    if invoice.party != credit.party || invoice.currency != credit.currency {
        let message = "The invoice is of another customer or in another currency.";
        return Err(Error::problem("invoice", "not_its_own", message));
    }
    let limit = args.decimal("amount").and_then(Money::exact);
    let used = use_credit(tx, &credit, &invoice, limit).await?;
    if used.is_zero() {
        let message = "Nothing is open of the invoice, or of the credit note.";
        return Err(Error::problem("invoice", "nothing_open", message));
    }
    Ok(Outcome::says(format!("{used} was used.")))
}

/// Takes an invoice back with a credit note over all its lines.
pub(crate) async fn credit(tx: &mut Tx, invoice: Allowed<Invoice>, args: Args) -> Result<Outcome> {
    let filter = Filter::new().eq("corrects", invoice.id).is_in("state", ["posted", "paid"]);
    if let Some(earlier) = store::first::<Invoice>(tx, filter).await? {
        let number = earlier.number.unwrap_or_default();
        let message = format!(
            "Credit note {number} takes back part of this invoice already: write another for the rest."
        );
        return Err(Error::problem("state", "credited", message));
    }
    let mut note = Invoice {
        id: Id::default(),
        version: 0,
        number: None,
        state: "draft".to_owned(),
        kind: "credit_note".to_owned(),
        dated_on: args.date("on").unwrap_or_else(|| tx.today()),
        due_on: None,
        payment_term: None,
        corrects: Some(invoice.id),
        reason: args.text("reason").map(str::to_owned),
        taxes: Vec::new(),
        open_amount: Money::ZERO,
        rate: None,
        booked_on: None,
        entry: None,
        ..Invoice::clone(&invoice)
    };
    for line in &mut note.lines {
        line.id = Id::default();
    }
    let id = store::insert(tx, &mut note).await?;
    store::perform(tx, id, "post", Args::default()).await?;
    Ok(Outcome::says("The invoice is taken back.").opens(DocRef::new(Invoice::MODEL, id)))
}

/// Gives up what is still open of an invoice: a loss.
pub(crate) async fn write_off(
    tx: &mut Tx,
    invoice: Allowed<Invoice>,
    args: Args,
) -> Result<Outcome> {
    let control = ledger::accounts::by_purpose(tx, purpose::RECEIVABLE).await?;
    let loss = ledger::accounts::by_purpose(tx, purpose::BAD_DEBT).await?;
    let own = own_currency(tx).await?;
    let document = invoice.document();
    let open = ledger::open_items(tx, control, Some(invoice.party.any())).await?;
    let open = open.iter().filter(|item| item.source.as_ref() == Some(&document));
    let (residual, functional) =
        open.fold((0, 0), |(a, f), item| (a + item.residual, f + item.functional));
    if residual <= 0 {
        return Err(Error::problem("open_amount", "nothing_open", "Nothing is open."));
    }
    let reason = args.text("reason").unwrap_or_default();
    let on = args.date("on").unwrap_or_else(|| tx.today());
    let given_up = Line::signed(control, invoice.currency, -residual).for_(invoice.party);
    let foreign = invoice.currency != own.id;
    let given_up = if foreign { given_up.functional(-functional) } else { given_up };
    let text = format!("Written off: {reason}");
    let mut draft = ledger::Draft::new("misc", on, text).source(document.clone());
    draft = draft.line(given_up).line(Line::signed(loss, own.id, functional));
    draft.exchange = foreign;
    ledger::post(tx, draft).await?;
    settlement::settle_itself(tx, Side::Sale, invoice.party, invoice.currency, &document).await?;
    Ok(Outcome::says("What was open is written off."))
}

/// Nothing is open any more.
pub(crate) async fn settled(_tx: &mut Tx, invoice: Allowed<Invoice>, _: Args) -> Result<Outcome> {
    Ok(invoice.told(Outcome::done()))
}

/// Something is open again. The lines were told when it was posted and are not told twice.
pub(crate) async fn reopened(_tx: &mut Tx, invoice: Allowed<Invoice>, _: Args) -> Result<Outcome> {
    let none: [BilledLine; 0] = [];
    Ok(invoice.told(Outcome::done()).with("lines", none).with("reopened", true))
}

/// Sets what is open, and with it whether the invoice is paid.
pub(crate) async fn set_open(tx: &mut Tx, id: Id<Invoice>, left: Money) -> Result<()> {
    let mut invoice = store::get::<Invoice>(tx, id).await?;
    invoice.open_amount = left;
    store::update(tx, &mut invoice).await?;
    let step = match (invoice.state.as_str(), left.is_zero()) {
        ("posted", true) => "settle",
        ("paid", false) => "reopen",
        _ => return Ok(()),
    };
    store::perform(tx, id, step, Args::default()).await.map(drop)
}
