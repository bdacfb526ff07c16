//! Exchange rates: what one unit of a currency is worth in another on a day.

use fondaco_values::{Date, Decimal, Id, Money, Rounding};

use crate::error::{Error, Result};
use crate::shared::{Currency, ExchangeRate};
use crate::store::{self, Filter};
use crate::tx::Tx;

/// The rate of the latest day up to `on`, straight or turned round.
///
/// # Errors
/// A problem on `currency` when there is none: the user enters one.
pub async fn rate(tx: &mut Tx, from: Id<Currency>, to: Id<Currency>, on: Date) -> Result<Decimal> {
    if from == to {
        return Ok(Decimal::ONE);
    }
    if let Some(found) = latest(tx, from, to, on).await? {
        return Ok(found.rate);
    }
    if let Some(found) = latest(tx, to, from, on).await?
        && let Some(turned) = Decimal::ONE.checked_div(found.rate)
    {
        return Ok(turned);
    }
    let codes = store::get_many::<Currency>(tx, &[from, to]).await?;
    let message = format!(
        "There is no exchange rate from {} to {} on {on}; enter one.",
        codes[0].code, codes[1].code
    );
    Err(Error::problem("currency", "no_rate", message))
}

async fn latest(
    tx: &mut Tx,
    from: Id<Currency>,
    to: Id<Currency>,
    on: Date,
) -> Result<Option<ExchangeRate>> {
    let filter = Filter::new().eq("from_currency", from).eq("to_currency", to).le("date", on);
    store::first(tx, filter.sort("-date")).await
}

/// An amount in another currency, rounded half away from zero to its minor unit.
///
/// # Errors
/// As [`rate`]; a problem on `amount` when the result is beyond what money holds.
pub async fn convert(
    tx: &mut Tx,
    amount: Money,
    from: Id<Currency>,
    to: Id<Currency>,
    on: Date,
) -> Result<Money> {
    if from == to {
        return Ok(amount);
    }
    let rate = rate(tx, from, to, on).await?;
    let exponent = store::get(tx, to).await?.decimals();
    let value = amount.decimal().checked_mul(rate);
    value.and_then(|value| Money::round(value, exponent, Rounding::HalfUp)).ok_or_else(|| {
        Error::problem("amount", "too_large", "The amount is too large for that currency.")
    })
}
