//! What a company has decided about its purchases: fields of its record, with what holds while they
//! are empty.

use fondaco_kernel::{Record, Result, Tx, store};
use fondaco_values::{Decimal, Id};

/// Two per cent: what is lost in rounding and freight, less than anybody would argue about.
const PRICE_TOLERANCE: Decimal = Decimal::from_parts(2, 0, 0, false, 2);
const LEAD_DAYS: i64 = 14;

#[derive(Record, Clone, Debug)]
#[record("company")]
pub(crate) struct Terms {
    pub(crate) id: Id<Terms>,
    pub(crate) bill_quantity_tolerance: Option<Decimal>,
    pub(crate) bill_price_tolerance: Option<Decimal>,
    pub(crate) supply_days: Option<i64>,
}

/// By how much a bill may differ from order and receipt; shares, 0.02 for 2 %.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Tolerance {
    pub(crate) quantity: Decimal,
    pub(crate) price: Decimal,
}

pub(crate) async fn tolerance(tx: &mut Tx) -> Result<Tolerance> {
    let terms = terms(tx).await?;
    Ok(Tolerance {
        quantity: terms.bill_quantity_tolerance.unwrap_or(Decimal::ZERO),
        price: terms.bill_price_tolerance.unwrap_or(PRICE_TOLERANCE),
    })
}

/// Working days that a supplier is taken to need when no price of his says so.
pub(crate) async fn lead_days(tx: &mut Tx) -> Result<u32> {
    let days = terms(tx).await?.supply_days.unwrap_or(LEAD_DAYS);
    Ok(u32::try_from(days).unwrap_or(0))
}

async fn terms(tx: &mut Tx) -> Result<Terms> {
    let company = tx.ctx().company();
    store::get(tx, company.cast()).await
}
