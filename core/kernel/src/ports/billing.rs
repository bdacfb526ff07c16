//! Invoices to customers, bills from suppliers, and what of a document is invoiced and paid.
//! What happens is told by events: `accounting.invoice.posted`, `accounting.invoice.paid`,
//! `accounting.bill.posted`, `accounting.bill.paid` (payload `source`, and `lines` as [`BilledLine`]).

use fondaco_values::{AnyId, Date, Decimal, Id, Money, Quantity};
use serde::{Deserialize, Serialize};

use crate::module::DocRef;
use crate::shared::{Currency, Party, PaymentTerm, Product, TaxCode};
use crate::tx::{Fut, Tx};

#[derive(Clone, Debug)]
pub struct InvoiceAsk {
    pub party: Id<Party>,
    pub source: DocRef,
    pub on: Date,
    pub currency: Id<Currency>,
    pub payment_term: Option<Id<PaymentTerm>>,
    /// The supplier's own number, on bills.
    pub reference: Option<String>,
    pub lines: Vec<InvoiceLineAsk>,
}

#[derive(Clone, Debug)]
pub struct InvoiceLineAsk {
    /// The line of the source.
    pub key: AnyId,
    pub product: Option<Id<Product>>,
    pub description: String,
    pub quantity: Quantity,
    /// Before tax.
    pub unit_price: Decimal,
    pub tax_code: Option<Id<TaxCode>>,
    /// On bills of goods received: what they were received at, which is cleared; the difference to
    /// the price goes to the price difference.
    pub received_value: Option<Money>,
}

/// One line of an invoice, in the invoice's currency, before tax.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BilledLine {
    pub key: AnyId,
    pub quantity: Quantity,
    pub amount: Money,
}

/// Where a document stands in the books.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Billed {
    pub lines: Vec<BilledLine>,
    /// With tax.
    pub total: Money,
    pub paid: Money,
    pub documents: Vec<DocRef>,
}

pub trait Billing: Send + Sync {
    /// Posts an invoice to a customer.
    fn invoice<'t>(&'t self, tx: &'t mut Tx, ask: InvoiceAsk) -> Fut<'t, DocRef>;

    /// Posts a bill from a supplier.
    fn bill<'t>(&'t self, tx: &'t mut Tx, ask: InvoiceAsk) -> Fut<'t, DocRef>;

    /// Posts a credit note to a customer; quantities are positive.
    fn credit<'t>(&'t self, tx: &'t mut Tx, ask: InvoiceAsk) -> Fut<'t, DocRef>;

    fn billed<'t>(&'t self, tx: &'t mut Tx, source: &'t DocRef) -> Fut<'t, Billed>;
}
