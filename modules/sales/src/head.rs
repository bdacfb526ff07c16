//! Orders without their lines, for lists of many.

use fondaco_kernel::Record;
use fondaco_kernel::shared::Party;
use fondaco_values::{Date, Decimal, Id, Money, Rounding};

#[derive(Record, Clone, Debug)]
#[record("sales.order")]
pub(crate) struct OrderHead {
    pub(crate) id: Id<OrderHead>,
    pub(crate) number: Option<String>,
    pub(crate) state: String,
    pub(crate) customer: Id<Party>,
    /// Units of the company's currency for one of the order's.
    pub(crate) rate: Decimal,
    pub(crate) ordered_on: Date,
    pub(crate) requested_on: Option<Date>,
    pub(crate) promised_on: Option<Date>,
    pub(crate) net: Money,
    pub(crate) total: Money,
    pub(crate) delivery_state: Option<String>,
    pub(crate) invoice_state: Option<String>,
}

impl OrderHead {
    /// Before tax, in the company's currency.
    pub(crate) fn net_at_home(&self, exponent: u8) -> Money {
        let value = self.net.decimal().checked_mul(self.rate);
        let value = value.and_then(|value| Money::round(value, exponent, Rounding::HalfUp));
        value.unwrap_or(self.net)
    }
}
