//! What a document takes from around it: the company's own currency, and who else is switched on.

use fondaco_kernel::events::Event;
use fondaco_kernel::model::Draft;
use fondaco_kernel::record::{Held, Rec, Shape};
use fondaco_kernel::shared::{Company, Currency};
use fondaco_kernel::{Error, Result, Tx, store};
use fondaco_values::{Decimal, Id, Money};
use serde::de::DeserializeOwned;

use crate::order::{Goods, Invoices};

/// The company's currency.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Home {
    pub(crate) currency: Id<Currency>,
    pub(crate) exponent: u8,
}

pub(crate) async fn home(tx: &mut Tx) -> Result<Home> {
    let company = tx.ctx().company();
    let company = store::get::<Company>(tx, company).await?;
    let currency = store::get(tx, company.currency).await?;
    Ok(Home { currency: currency.id, exponent: currency.decimals() })
}

pub(crate) fn goods(tx: &Tx) -> Goods {
    if tx.ports().stock.is_some() { Goods::Counted } else { Goods::Uncounted }
}

pub(crate) fn invoices(tx: &Tx) -> Invoices {
    if tx.ports().billing.is_some() { Invoices::Posted } else { Invoices::Elsewhere }
}

/// One entry of an event's payload; `None` when the event has none, such as one of a delivery that
/// nobody asked for.
pub(crate) fn told<T: DeserializeOwned>(event: &Event, key: &str) -> Result<Option<T>> {
    event.read::<Option<T>>(key)
}

/// An amount in the company's currency on a document in another one. It is kept as a decimal, since
/// a money field has the decimals of its document's currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct HomeMoney(pub(crate) Money);

impl Held for HomeMoney {
    const SHAPE: Shape = Shape::Decimal;

    fn take(rec: &Rec, at: usize) -> Result<HomeMoney> {
        let amount = Money::exact(Decimal::take(rec, at)?);
        let wrong =
            || Error::Internal(format!("{} {}: no amount of money", rec.model.name, rec.id));
        amount.map(HomeMoney).ok_or_else(wrong)
    }

    fn give(&self, draft: &mut Draft, at: usize) {
        self.0.decimal().give(draft, at);
    }
}
