//! Quantities of goods and time, exact to the millionth of the base unit.
//! Not here: units of measure and their conversion (records of the kernel), prices (`money.rs`).

use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;

use crate::scaled::{exact, parse, print, scaled_number};
use crate::{Rounding, Unreadable, round};

/// A quantity in millionths of the base unit, up to ±9.2 trillion units.
/// Sums out of range assert. In JSON and as text: `"2.5"`.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Quantity(i64);

/// Decimals of `Quantity`.
const PLACES: u32 = 6;

const UNREADABLE: Unreadable = Unreadable::new("a quantity with at most 6 decimals");

impl Quantity {
    pub const ZERO: Quantity = Quantity(0);
    pub const ONE: Quantity = Quantity(1_000_000);

    /// From millionths of the base unit.
    pub const fn from_scaled(scaled: i64) -> Quantity {
        Quantity(scaled)
    }

    /// In millionths of the base unit.
    pub const fn scaled(self) -> i64 {
        self.0
    }

    /// So many whole units. Asserts that they are in range.
    #[track_caller]
    pub fn from_int(units: i64) -> Quantity {
        let (scaled, overflow) = units.overflowing_mul(Quantity::ONE.0);
        assert!(!overflow, "a quantity of {units} is out of range");
        Quantity(scaled)
    }

    /// The same as a decimal, without zeros at its end.
    pub fn decimal(self) -> Decimal {
        Decimal::new(self.0, PLACES).normalize()
    }

    /// From a decimal that needs no rounding; `None` when it has more than 6 decimals or is out of
    /// range.
    pub fn exact(decimal: Decimal) -> Option<Quantity> {
        exact(decimal, PLACES).map(Quantity)
    }

    /// From a decimal, rounded to so many decimals; `None` when it is out of range or more than 6
    /// are asked for.
    pub fn round(decimal: Decimal, places: u8, how: Rounding) -> Option<Quantity> {
        let places = u32::from(places);
        (places <= PLACES).then(|| Quantity::exact(round(decimal, places, how)))?
    }

    /// The quantity without its sign.
    #[track_caller]
    pub fn abs(self) -> Quantity {
        if self.is_negative() { -self } else { self }
    }

    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        print(f, self.0, PLACES as usize, 0)
    }
}

impl FromStr for Quantity {
    type Err = Unreadable;

    fn from_str(text: &str) -> Result<Quantity, Unreadable> {
        parse(text, PLACES).map(Quantity).ok_or(UNREADABLE)
    }
}

scaled_number!(Quantity, UNREADABLE);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn prints_and_reads() {
        for (scaled, text) in [
            (0, "0"),
            (1, "0.000001"),
            (-2_500_000, "-2.5"),
            (10_000_000, "10"),
            (1_234_567_890, "1234.56789"),
            (i64::MAX, "9223372036854.775807"),
            (i64::MIN, "-9223372036854.775808"),
        ] {
            let quantity = Quantity::from_scaled(scaled);
            assert_eq!(quantity.to_string(), text);
            assert_eq!(text.parse(), Ok(quantity));
            assert_eq!(quantity.decimal().to_string(), text);
            assert_eq!(serde_json::to_value(quantity).unwrap(), text);
        }
        assert!("0.0000001".parse::<Quantity>().is_err());
    }

    #[test]
    fn from_numbers() {
        let decimal = |text: &str| text.parse::<Decimal>().unwrap();
        assert_eq!(Quantity::from_int(-3), Quantity::from_scaled(-3_000_000));
        assert_eq!(Quantity::exact(decimal("2.50")), Some(Quantity::from_scaled(2_500_000)));
        assert_eq!(Quantity::exact(decimal("0.0000001")), None);
        for (places, expected) in
            [(0, Some("2")), (2, Some("1.67")), (6, Some("1.666667")), (7, None)]
        {
            let rounded = Quantity::round(decimal("1.6666666666"), places, Rounding::HalfUp);
            assert_eq!(rounded.map(|q| q.to_string()).as_deref(), expected);
        }
    }

    #[test]
    #[should_panic(expected = "a quantity of 9223372036855 is out of range")]
    fn from_int_asserts() {
        Quantity::from_int(9_223_372_036_855);
    }

    #[test]
    #[should_panic(expected = "out of range")]
    fn subtraction_asserts() {
        let _ = Quantity::from_scaled(i64::MIN) - Quantity::ONE;
    }

    proptest! {
        #[test]
        fn any_quantity_is_read_as_printed(scaled in any::<i64>()) {
            let quantity = Quantity::from_scaled(scaled);
            prop_assert_eq!(quantity.to_string().parse(), Ok(quantity));
            prop_assert_eq!(Quantity::exact(quantity.decimal()), Some(quantity));
        }
    }
}
