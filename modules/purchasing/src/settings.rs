//! The module's settings, as the schema has them: what `module.toml` says unless the company says
//! otherwise.

use fondaco_kernel::Tx;
use fondaco_kernel::schema::Node;
use fondaco_values::Decimal;

/// By how much a bill may differ from order and receipt; shares, 0.02 for 2 %.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Tolerance {
    pub(crate) quantity: Decimal,
    pub(crate) price: Decimal,
}

pub(crate) fn tolerance(tx: &Tx) -> Tolerance {
    let share = |name| number(tx, name).unwrap_or(Decimal::ZERO);
    Tolerance { quantity: share("quantity_tolerance"), price: share("price_tolerance") }
}

/// Working days that a supplier is taken to need when no price of his says so.
pub(crate) fn lead_days(tx: &Tx) -> u32 {
    number(tx, "lead_days").and_then(|days| u32::try_from(days).ok()).unwrap_or(0)
}

fn number(tx: &Tx, name: &str) -> Option<Decimal> {
    let setting = tx.schema().modules.get("purchasing")?.settings.get(name)?;
    match &setting.default.as_ref()?.node {
        Node::Literal { value, .. } => value.as_decimal(),
        _ => None,
    }
}
