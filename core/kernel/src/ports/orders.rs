//! Orders from what was won: an accepted quote, a won opportunity.

use fondaco_values::{Date, Decimal, Id, Money, Quantity};

use crate::module::DocRef;
use crate::shared::{Currency, Party, PaymentTerm, Product, TaxCode};
use crate::tx::{Fut, Tx};

#[derive(Clone, Debug)]
pub struct OrderAsk {
    pub customer: Id<Party>,
    pub currency: Id<Currency>,
    pub payment_term: Option<Id<PaymentTerm>>,
    pub requested_on: Option<Date>,
    /// What the order came from; asking again for the same source answers the same order.
    pub source: DocRef,
    pub lines: Vec<OrderLineAsk>,
}

#[derive(Clone, Debug)]
pub struct OrderLineAsk {
    /// A variant where the product was configured (`configuration`).
    pub product: Id<Product>,
    pub description: String,
    pub quantity: Quantity,
    /// Before tax, in the order's currency.
    pub unit_price: Decimal,
    pub tax_code: Option<Id<TaxCode>>,
    /// Expected cost of the whole line, for the margin.
    pub cost: Option<Money>,
}

pub trait Orders: Send + Sync {
    /// Places a draft order.
    fn place<'t>(&'t self, tx: &'t mut Tx, ask: OrderAsk) -> Fut<'t, DocRef>;
}
