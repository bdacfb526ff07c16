//! Provides the port `billing`: documents of other modules are invoiced and billed here.
//! Not here: what an invoice is (`invoice`), what a bill is (`bill`).

use fondaco_kernel::ports::billing::{Billed, BilledLine, Billing, InvoiceAsk, InvoiceLineAsk};
use fondaco_kernel::record::Record as _;
use fondaco_kernel::store::{self, Filter};
use fondaco_kernel::{Args, DocRef, Fut, Result, Tx};
use fondaco_values::{Decimal, Id, Money};

use crate::bill::{Bill, BillLine};
use crate::invoice::{Invoice, InvoiceLine};

pub(crate) struct Documents;

impl Billing for Documents {
    fn invoice<'t>(&'t self, tx: &'t mut Tx, ask: InvoiceAsk) -> Fut<'t, DocRef> {
        Box::pin(invoice(tx, ask, "invoice"))
    }

    fn bill<'t>(&'t self, tx: &'t mut Tx, ask: InvoiceAsk) -> Fut<'t, DocRef> {
        Box::pin(bill(tx, ask))
    }

    fn credit<'t>(&'t self, tx: &'t mut Tx, ask: InvoiceAsk) -> Fut<'t, DocRef> {
        Box::pin(invoice(tx, ask, "credit_note"))
    }

    fn billed<'t>(&'t self, tx: &'t mut Tx, source: &'t DocRef) -> Fut<'t, Billed> {
        Box::pin(billed(tx, source))
    }
}

async fn invoice(tx: &mut Tx, ask: InvoiceAsk, kind: &str) -> Result<DocRef> {
    let mut invoice = Invoice {
        id: Id::default(),
        version: 0,
        number: None,
        state: "draft".to_owned(),
        kind: kind.to_owned(),
        party: ask.party,
        dated_on: ask.on,
        due_on: None,
        payment_term: ask.payment_term.filter(|_| kind == "invoice"),
        currency: ask.currency,
        reference: ask.reference,
        corrects: None,
        reason: None,
        lines: ask.lines.iter().map(invoice_line).collect(),
        taxes: Vec::new(),
        net: Money::ZERO,
        tax: Money::ZERO,
        total: Money::ZERO,
        open_amount: Money::ZERO,
        rate: None,
        booked_on: None,
        entry: None,
        source_model: Some(ask.source.model),
        source_id: Some(ask.source.id.raw()),
    };
    let id = store::insert(tx, &mut invoice).await?;
    store::perform(tx, id, "post", Args::default()).await?;
    Ok(DocRef::new(Invoice::MODEL, id))
}

fn invoice_line(ask: &InvoiceLineAsk) -> InvoiceLine {
    InvoiceLine {
        id: Id::default(),
        product: ask.product,
        description: ask.description.clone(),
        quantity: ask.quantity,
        unit_price: Some(ask.unit_price),
        discount: Decimal::ZERO,
        tax_code: ask.tax_code,
        account: None,
        amount: Money::ZERO,
        source_line: Some(ask.key.raw()),
    }
}

async fn bill(tx: &mut Tx, ask: InvoiceAsk) -> Result<DocRef> {
    let mut bill = Bill {
        id: Id::default(),
        version: 0,
        number: None,
        state: "draft".to_owned(),
        kind: "bill".to_owned(),
        party: ask.party,
        reference: ask.reference,
        dated_on: ask.on,
        due_on: None,
        payment_term: ask.payment_term,
        currency: ask.currency,
        corrects: None,
        reason: None,
        tax_adjustment: None,
        lines: ask.lines.iter().map(bill_line).collect(),
        taxes: Vec::new(),
        net: Money::ZERO,
        tax: Money::ZERO,
        total: Money::ZERO,
        open_amount: Money::ZERO,
        rate: None,
        booked_on: None,
        entry: None,
        source_model: Some(ask.source.model),
        source_id: Some(ask.source.id.raw()),
    };
    let id = store::insert(tx, &mut bill).await?;
    store::perform(tx, id, "post", Args::default()).await?;
    Ok(DocRef::new(Bill::MODEL, id))
}

fn bill_line(ask: &InvoiceLineAsk) -> BillLine {
    BillLine {
        id: Id::default(),
        product: ask.product,
        description: ask.description.clone(),
        quantity: ask.quantity,
        unit_price: Some(ask.unit_price),
        discount: Decimal::ZERO,
        tax_code: ask.tax_code,
        account: None,
        amount: Money::ZERO,
        received_value: ask.received_value.map(Money::decimal),
        source_line: Some(ask.key.raw()),
    }
}

/// Where a document stands in the books: what is posted for it, credit notes taken off.
async fn billed(tx: &mut Tx, source: &DocRef) -> Result<Billed> {
    let filter = || {
        Filter::new()
            .eq("source_id", source.id.raw())
            .eq("source_model", source.model.as_str())
            .is_in("state", ["posted", "paid"])
    };
    let mut found = Billed::default();
    for invoice in store::find::<Invoice>(tx, filter()).await? {
        found.documents.push(DocRef::new(Invoice::MODEL, invoice.id));
        let sign = if invoice.is_credit() { -1 } else { 1 };
        let settled = invoice.total - invoice.open_amount;
        add(&mut found, (sign, invoice.total, settled), &invoice.billed());
    }
    for bill in store::find::<Bill>(tx, filter()).await? {
        found.documents.push(DocRef::new(Bill::MODEL, bill.id));
        let sign = if bill.is_refund() { -1 } else { 1 };
        let settled = bill.total - bill.open_amount;
        add(&mut found, (sign, bill.total, settled), &bill.billed());
    }
    Ok(found)
}

/// Adds a document of that sign, with its total and what of it is settled. What a credit note
/// settles of an invoice is paid by nobody: it counts on both and cancels out.
fn add(found: &mut Billed, (sign, total, settled): (i64, Money, Money), lines: &[BilledLine]) {
    let signed = |amount: Money| if sign < 0 { -amount } else { amount };
    found.total += signed(total);
    found.paid += signed(settled);
    for line in lines {
        match found.lines.iter_mut().find(|sum| sum.key == line.key) {
            Some(sum) => {
                sum.quantity += line.quantity;
                sum.amount += line.amount;
            }
            None => found.lines.push(line.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use fondaco_values::AnyId;

    use super::*;

    #[test]
    fn what_is_billed_adds_up_by_line() {
        let line = |key: i64, quantity: &str, amount: &str| BilledLine {
            key: AnyId::new(key),
            quantity: quantity.parse().unwrap(),
            amount: amount.parse().unwrap(),
        };
        let mut found = Billed::default();
        let m = |text: &str| text.parse::<Money>().unwrap();
        add(&mut found, (1, m("9234"), m("9234")), &[line(1, "3", "7695")]);
        add(&mut found, (1, m("6156"), m("3000")), &[line(1, "2", "5130"), line(2, "1", "0")]);
        add(&mut found, (-1, m("3078"), m("3078")), &[line(1, "-1", "-2565")]);
        assert_eq!((found.total, found.paid), (m("12312"), m("9156")));
        assert_eq!(found.lines, [line(1, "4", "10260"), line(2, "1", "0")]);
    }
}
