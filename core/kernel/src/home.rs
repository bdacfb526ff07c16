//! The company's own currency, and amounts in it on documents in another one.

use fondaco_values::{Decimal, Id, Money};

use crate::model::Draft;
use crate::record::{Held, Rec, Shape};
use crate::shared::{Company, Currency};
use crate::{Error, Result, Tx, store};

/// The company's currency.
#[derive(Clone, Copy, Debug)]
pub struct Home {
    pub currency: Id<Currency>,
    pub exponent: u8,
}

pub async fn home(tx: &mut Tx) -> Result<Home> {
    let company = tx.ctx().company();
    let company = store::get::<Company>(tx, company).await?;
    let currency = store::get(tx, company.currency).await?;
    Ok(Home { currency: currency.id, exponent: currency.decimals() })
}

/// An amount in the company's currency on a document in another one. It is kept as a decimal, since
/// a money field has the decimals of its document's currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HomeMoney(pub Money);

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
