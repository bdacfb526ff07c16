//! Quotes: the records, and where their story is told.
//! draft → sent → accepted, rejected or expired; `revise` opens the next version.
//! Next: `prepare` (what a quote costs, before it is saved), `outlook` (when and with what), `course`
//! (from sending to the answer), `order` (what comes of it).

use fondaco_kernel::shared::{Currency, Party, PaymentTerm, Product, TaxCode, User};
use fondaco_kernel::values::{Date, Decimal, Id, Money, Quantity, Timestamp};
use fondaco_kernel::{DocRef, Record};
use serde_json::Value as Json;

use crate::configuration::Configuration;
use crate::price_list::PriceList;

mod approval;
mod course;
mod order;
mod outlook;
mod prepare;
mod sheet;

pub(crate) use course::{
    EXPIRE, approve, cancel, expire, expire_due, refresh, reject, revise, send,
};
pub(crate) use order::{accept, order};
pub(crate) use prepare::prepare;

/// The model's name.
pub(crate) const QUOTE: &str = "cpq.quote";

#[derive(Record, Clone, Debug)]
#[record("cpq.quote")]
pub(crate) struct Quote {
    pub(crate) id: Id<Quote>,
    pub(crate) version: i64,
    pub(crate) number: Option<String>,
    pub(crate) customer: Id<Party>,
    pub(crate) title: Option<String>,
    pub(crate) currency: Id<Currency>,
    pub(crate) price_list: Option<Id<PriceList>>,
    pub(crate) payment_term: Option<Id<PaymentTerm>>,
    pub(crate) salesperson: Option<Id<User>>,
    pub(crate) quoted_on: Date,
    pub(crate) valid_until: Option<Date>,
    pub(crate) requested_on: Option<Date>,
    pub(crate) discount: Decimal,
    pub(crate) lines: Vec<QuoteLine>,
    pub(crate) net: Option<Money>,
    pub(crate) tax: Option<Money>,
    pub(crate) total: Option<Money>,
    pub(crate) revision: i64,
    pub(crate) needs_approval: bool,
    pub(crate) approval_reason: Option<String>,
    pub(crate) approved_by: Option<Id<User>>,
    pub(crate) source_model: Option<String>,
    pub(crate) source_id: Option<i64>,
    pub(crate) order_model: Option<String>,
    pub(crate) order_id: Option<i64>,
    pub(crate) state: String,
}

impl Quote {
    pub(crate) fn document(&self) -> DocRef {
        DocRef::new(QUOTE, self.id)
    }

    /// The document that it came from.
    pub(crate) fn source(&self) -> Option<DocRef> {
        let (model, id) = (self.source_model.as_ref()?, self.source_id?);
        Some(DocRef { model: model.clone(), id: Id::new(id) })
    }

    /// How it is called: its number, or that it has none yet.
    pub(crate) fn name(&self) -> &str {
        self.number.as_deref().unwrap_or("The quote")
    }
}

#[derive(Record, Clone, Debug)]
#[record("cpq.quote_line")]
pub(crate) struct QuoteLine {
    pub(crate) id: Id<QuoteLine>,
    pub(crate) product: Id<Product>,
    pub(crate) choice: Option<Json>,
    pub(crate) configuration: Option<Id<Configuration>>,
    pub(crate) description: Option<String>,
    pub(crate) quantity: Quantity,
    pub(crate) list_price: Option<Decimal>,
    pub(crate) discount: Decimal,
    pub(crate) manual_price: Option<Decimal>,
    pub(crate) unit_price: Option<Decimal>,
    pub(crate) tax_code: Option<Id<TaxCode>>,
    pub(crate) amount: Option<Money>,
    pub(crate) tax: Option<Money>,
    pub(crate) cost: Option<Money>,
}

/// A quote as its course changes it: nothing that prices depend on.
#[derive(Record, Clone, Debug)]
#[record("cpq.quote")]
pub(crate) struct Course {
    pub(crate) id: Id<Course>,
    pub(crate) version: i64,
    pub(crate) valid_until: Option<Date>,
    pub(crate) revision: i64,
    pub(crate) versions: Vec<Version>,
    pub(crate) approved_by: Option<Id<User>>,
    pub(crate) approved_at: Option<Timestamp>,
    pub(crate) closed_on: Option<Date>,
    pub(crate) customer_reference: Option<String>,
    pub(crate) reject_reason: Option<String>,
    pub(crate) order_model: Option<String>,
    pub(crate) order_id: Option<i64>,
}

/// What was sent to the customer, as it was.
#[derive(Record, Clone, Debug)]
#[record("cpq.quote_version")]
pub(crate) struct Version {
    pub(crate) id: Id<Version>,
    pub(crate) revision: i64,
    pub(crate) sent_at: Timestamp,
    pub(crate) sent_by: Option<Id<User>>,
    pub(crate) valid_until: Option<Date>,
    pub(crate) net: Money,
    pub(crate) tax: Money,
    pub(crate) total: Money,
    pub(crate) document: Option<Json>,
}

/// What the company says of its quotes.
#[derive(Record, Clone, Debug)]
#[record("company")]
pub(crate) struct Limits {
    pub(crate) id: Id<Limits>,
    pub(crate) currency: Id<Currency>,
    pub(crate) quote_days: Option<i64>,
    pub(crate) quote_discount_max: Option<Decimal>,
    pub(crate) quote_margin_min: Option<Decimal>,
}

impl Limits {
    /// Days for which a quote is valid when nobody says otherwise.
    pub(crate) fn days(&self) -> i64 {
        const USUAL_DAYS: i64 = 30;
        self.quote_days.unwrap_or(USUAL_DAYS)
    }
}
