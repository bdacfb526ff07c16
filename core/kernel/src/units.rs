//! Conversion between units of one category, exactly where it is exact.

use fondaco_values::{Quantity, Rounding, round};

use crate::error::{Error, Result};
use crate::shared::Unit;

/// How much `quantity` of `from` is in `to`, rounded to the decimals that `to` allows.
///
/// # Errors
/// A problem on `unit` when the two do not convert, or the result is beyond what a quantity holds.
pub fn convert(quantity: Quantity, from: &Unit, to: &Unit, how: Rounding) -> Result<Quantity> {
    if from.id == to.id {
        return Ok(quantity);
    }
    if from.category != to.category {
        let message = format!("{} does not convert into {}.", from.name, to.name);
        return Err(Error::problem("unit", "no_conversion", message));
    }
    let places = u32::try_from(to.decimals).unwrap_or(0);
    let amount = quantity
        .decimal()
        .checked_mul(from.factor)
        .and_then(|base| base.checked_div(to.factor))
        .map(|amount| round(amount, places, how))
        .and_then(Quantity::exact);
    amount.ok_or_else(|| {
        let message = format!("{quantity} {} is too much to count in {}.", from.name, to.name);
        Error::problem("quantity", "too_large", message)
    })
}

#[cfg(test)]
mod tests {
    use fondaco_values::{AnyId, Id};

    use super::*;

    fn unit(id: i64, name: &str, category: i64, factor: &str, decimals: i64) -> Unit {
        let factor = factor.parse().unwrap();
        let category = AnyId::new(category);
        Unit { id: Id::new(id), name: name.into(), category, factor, decimals }
    }

    #[test]
    fn conversions() {
        let piece = unit(1, "piece", 1, "1", 0);
        let dozen = unit(2, "dozen", 1, "12", 0);
        let (kg, gram) = (unit(3, "kg", 2, "1", 3), unit(4, "g", 2, "0.001", 0));
        for (amount, from, to, how, expected) in [
            ("3", &dozen, &piece, Rounding::HalfUp, "36"),
            ("30", &piece, &dozen, Rounding::Up, "3"),
            ("30", &piece, &dozen, Rounding::Down, "2"),
            ("2.5", &kg, &gram, Rounding::HalfUp, "2500"),
            ("1", &gram, &kg, Rounding::HalfUp, "0.001"),
            ("7", &kg, &kg, Rounding::HalfUp, "7"),
        ] {
            let converted = convert(amount.parse().unwrap(), from, to, how).unwrap();
            assert_eq!(converted.to_string(), expected, "{amount} {} in {}", from.name, to.name);
        }
        let refused = convert(Quantity::ONE, &kg, &piece, Rounding::HalfUp).unwrap_err();
        assert_eq!(refused.to_string(), "kg does not convert into piece.");
    }
}
