//! Amounts of several currencies in the company's, for reports: each rate is looked up once.

use std::collections::BTreeMap;

use fondaco_kernel::shared::{Company, Currency};
use fondaco_kernel::values::{Date, Decimal, Id, Money, Rounding};
use fondaco_kernel::{Result, Tx, rates, store};

pub(crate) struct Exchange {
    to: Id<Currency>,
    decimals: u8,
    on: Date,
    rates: BTreeMap<Id<Currency>, Decimal>,
}

impl Exchange {
    /// Into the company's currency at the rates of a day.
    pub(crate) async fn on(tx: &mut Tx, on: Date) -> Result<Exchange> {
        let company = tx.ctx().company();
        let to = store::get::<Company>(tx, company).await?.currency;
        let decimals = store::get::<Currency>(tx, to).await?.decimals();
        Ok(Exchange { to, decimals, on, rates: BTreeMap::new() })
    }

    /// # Errors
    /// A problem on `currency` when there is no rate.
    pub(crate) async fn amount(
        &mut self,
        tx: &mut Tx,
        amount: Money,
        from: Id<Currency>,
    ) -> Result<Money> {
        if from == self.to {
            return Ok(amount);
        }
        let rate = match self.rates.get(&from) {
            Some(rate) => *rate,
            None => {
                let rate = rates::rate(tx, from, self.to, self.on).await?;
                self.rates.insert(from, rate);
                rate
            }
        };
        let exact = amount.decimal().checked_mul(rate);
        let rounded = exact.and_then(|it| Money::round(it, self.decimals, Rounding::HalfUp));
        Ok(rounded.unwrap_or(amount))
    }
}
