//! Amounts of money, exact to the ten-thousandth of a currency unit.
//! Not here: which currency (the record knows), and amounts in the ledger, which are minor units.
//! Go on with `rounding.rs` for how amounts are rounded and split.

use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;

use crate::rounding::divide;
use crate::scaled::{exact, narrow, parse, power_of_ten, print, scaled_number};
use crate::{Quantity, Rounding, Unreadable, round};

/// An amount in ten-thousandths of a currency unit, up to ±922 trillion units.
/// Four decimals hold every ISO 4217 currency and the usual unit prices.
/// Sums out of range assert. In JSON and as text: `"1234.50"`.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Money(i64);

/// Decimals of `Money`.
const PLACES: u8 = 4;

const UNREADABLE: Unreadable = Unreadable::new("an amount of money with at most 4 decimals");

impl Money {
    pub const ZERO: Money = Money(0);

    /// From ten-thousandths of the currency unit.
    pub const fn from_scaled(scaled: i64) -> Money {
        Money(scaled)
    }

    /// In ten-thousandths of the currency unit.
    pub const fn scaled(self) -> i64 {
        self.0
    }

    /// From minor units, such as cents, of a currency with that exponent.
    /// Asserts that the exponent is at most 4 and the amount in range.
    #[track_caller]
    pub fn from_minor(minor: i64, exponent: u8) -> Money {
        let factor = minor_factor(exponent).unwrap_or(0);
        assert!(factor > 0, "no currency has {exponent} decimals");
        Money(narrow(i128::from(minor) * i128::from(factor)))
    }

    /// In minor units of a currency with that exponent; `None` when it is no whole number of them.
    pub fn minor(self, exponent: u8) -> Option<i64> {
        let factor = minor_factor(exponent)?;
        (self.0 % factor == 0).then_some(self.0 / factor)
    }

    /// The same as a decimal, with as many decimals as are printed.
    pub fn decimal(self) -> Decimal {
        let (scaled, places) = match self.0 {
            s if s % 100 == 0 => (s / 100, 2),
            s if s % 10 == 0 => (s / 10, 3),
            s => (s, 4),
        };
        Decimal::new(scaled, places)
    }

    /// From a decimal that needs no rounding; `None` when it has more than 4 decimals or is out of
    /// range.
    pub fn exact(decimal: Decimal) -> Option<Money> {
        exact(decimal, u32::from(PLACES)).map(Money)
    }

    /// From a decimal, rounded to the minor units of a currency with that exponent; `None` when it
    /// is out of range or the exponent is above 4.
    pub fn round(decimal: Decimal, exponent: u8, how: Rounding) -> Option<Money> {
        minor_factor(exponent)?;
        Money::exact(round(decimal, u32::from(exponent), how))
    }

    /// A price times a quantity, computed exactly and rounded once to the minor units of a currency
    /// with that exponent; `None` when it is out of range or the exponent is above 4.
    pub fn times(self, quantity: Quantity, exponent: u8, how: Rounding) -> Option<Money> {
        let factor = minor_factor(exponent)?;
        let product = i128::from(self.0) * i128::from(quantity.scaled());
        let one = i128::from(Quantity::ONE.scaled()) * i128::from(factor);
        let scaled = divide(product, one, how).checked_mul(i128::from(factor))?;
        i64::try_from(scaled).ok().map(Money)
    }

    /// The amount without its sign.
    #[track_caller]
    pub fn abs(self) -> Money {
        if self.is_negative() { -self } else { self }
    }

    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }
}

/// Ten-thousandths in a minor unit; `None` when the exponent is above 4.
fn minor_factor(exponent: u8) -> Option<i64> {
    power_of_ten(u32::from(PLACES.checked_sub(exponent)?))
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        print(f, self.0, usize::from(PLACES), 2)
    }
}

impl FromStr for Money {
    type Err = Unreadable;

    fn from_str(text: &str) -> Result<Money, Unreadable> {
        parse(text, u32::from(PLACES)).map(Money).ok_or(UNREADABLE)
    }
}

scaled_number!(Money, UNREADABLE);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn money(text: &str) -> Money {
        text.parse().unwrap()
    }

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn prints_and_reads() {
        for (scaled, text) in [
            (0, "0.00"),
            (12_345_000, "1234.50"),
            (12_345_600, "1234.56"),
            (12_345_670, "1234.567"),
            (12_345_678, "1234.5678"),
            (-1, "-0.0001"),
            (-10_000, "-1.00"),
            (i64::MAX, "922337203685477.5807"),
            (i64::MIN, "-922337203685477.5808"),
        ] {
            let amount = Money::from_scaled(scaled);
            assert_eq!(amount.to_string(), text);
            assert_eq!(text.parse(), Ok(amount));
            assert_eq!(amount.decimal().to_string(), text);
        }
        assert_eq!(
            format!("{:>8}|{:<8}|{:?}", money("1.5"), money("-2"), money("3")),
            "    1.50|-2.00   |Money(3.00)"
        );
    }

    #[test]
    fn reads_what_people_write() {
        for (text, scaled) in [
            ("7", 70_000),
            ("+7", 70_000),
            ("007.10", 71_000),
            ("-0", 0),
            ("1.50000000000000000000000000000000000", 15_000),
        ] {
            assert_eq!(text.parse(), Ok(Money::from_scaled(scaled)), "{text}");
        }
        for text in [
            "",
            " ",
            "1 ",
            ".5",
            "5.",
            ".",
            "-",
            "+-1",
            "--1",
            "1.2.3",
            "1,5",
            "1_000",
            "1e3",
            "0x1",
            "NaN",
            "0.00001",
            "922337203685477.5808",
            "99999999999999999999999999999999999999999999",
            "٣",
        ] {
            assert!(text.parse::<Money>().is_err(), "{text:?}");
        }
        assert_eq!(
            "x".parse::<Money>().unwrap_err().to_string(),
            "not an amount of money with at most 4 decimals"
        );
    }

    #[test]
    fn minor_units() {
        for (minor, exponent, text) in
            [(123, 0, "123.00"), (123, 2, "1.23"), (-1234, 3, "-1.234"), (1, 4, "0.0001")]
        {
            assert_eq!(Money::from_minor(minor, exponent), money(text));
            assert_eq!(money(text).minor(exponent), Some(minor));
        }
        for (text, exponent) in [("1.234", 2), ("0.5", 0), ("1", 5)] {
            assert_eq!(money(text).minor(exponent), None, "{text} {exponent}");
        }
    }

    #[test]
    fn from_decimals() {
        for (text, expected) in [
            ("1.5", Some("1.50")),
            ("1.50000000", Some("1.50")),
            ("-0.0", Some("0.00")),
            ("0.00001", None),
            ("922337203685477.5807", Some("922337203685477.5807")),
            ("922337203685477.5808", None),
            ("79228162514264337593543950335", None),
        ] {
            assert_eq!(Money::exact(decimal(text)), expected.map(money), "{text}");
        }
        for (text, exponent, expected) in [
            ("2.345", 2, Some("2.35")),
            ("-2.345", 2, Some("-2.35")),
            ("2.5", 0, Some("3.00")),
            ("0.00005", 4, Some("0.0001")),
            ("1", 5, None),
            ("1000000000000000", 2, None),
        ] {
            let got = Money::round(decimal(text), exponent, Rounding::HalfUp);
            assert_eq!(got, expected.map(money), "{text}");
        }
    }

    #[test]
    fn price_times_quantity() {
        for (price, quantity, exponent, expected) in [
            ("2.00", "3", 2, Some("6.00")),
            ("0.0333", "100", 2, Some("3.33")),
            ("1.15", "0.5", 2, Some("0.58")),
            ("1.15", "-0.5", 2, Some("-0.58")),
            ("99.99", "1.5", 0, Some("150.00")),
            ("922337203685477.58", "1", 2, Some("922337203685477.58")),
            ("922337203685477.58", "2", 2, None),
            ("1", "1", 5, None),
        ] {
            let got = money(price).times(quantity.parse().unwrap(), exponent, Rounding::HalfUp);
            assert_eq!(got, expected.map(money), "{price} * {quantity}");
        }
    }

    #[test]
    fn sums() {
        let amounts = [money("1.10"), money("2.20"), money("-0.30")];
        assert_eq!(amounts.iter().sum::<Money>(), money("3"));
        assert_eq!(amounts.into_iter().sum::<Money>(), money("3.00"));
        // What is beyond the range on the way does no harm.
        let most = Money::from_scaled(i64::MAX);
        assert_eq!([most, most, -most].iter().sum::<Money>(), most);
        let mut running = Money::ZERO;
        running += money("5");
        running -= money("7.5");
        assert_eq!((running, running.abs(), -running), (money("-2.5"), money("2.5"), money("2.5")));
        assert!(running.is_negative() && !running.is_zero() && running < Money::ZERO);
    }

    #[test]
    #[should_panic(expected = "922337203685477.5807 + 0.0001 is out of range")]
    fn addition_asserts() {
        let _ = Money::from_scaled(i64::MAX) + Money::from_scaled(1);
    }

    #[test]
    #[should_panic(expected = "out of range")]
    fn negation_asserts() {
        let _ = -Money::from_scaled(i64::MIN);
    }

    #[test]
    #[should_panic(expected = "beyond 64 bits")]
    fn sum_asserts() {
        let _ = [Money::from_scaled(i64::MAX); 2].iter().sum::<Money>();
    }

    #[test]
    #[should_panic(expected = "beyond 64 bits")]
    fn too_many_minor_units() {
        Money::from_minor(i64::MAX, 2);
    }

    #[test]
    #[should_panic(expected = "no currency has 5 decimals")]
    fn no_such_exponent() {
        Money::from_minor(1, 5);
    }

    #[test]
    fn json() {
        assert_eq!(serde_json::to_string(&money("1234.5")).unwrap(), r#""1234.50""#);
        for (json, expected) in [
            (r#""1.5""#, Some("1.5")),
            ("3", Some("3")),
            ("-3", Some("-3")),
            ("18446744073709551615", None),
            ("1.5", None),
            ("null", None),
            (r#""1.00001""#, None),
        ] {
            assert_eq!(serde_json::from_str(json).ok(), expected.map(money), "{json}");
        }
    }

    proptest! {
        #[test]
        fn any_amount_is_read_as_printed(scaled in any::<i64>()) {
            let amount = Money::from_scaled(scaled);
            prop_assert_eq!(amount.to_string().parse(), Ok(amount));
            prop_assert_eq!(Money::exact(amount.decimal()), Some(amount));
            let json = serde_json::to_string(&amount).unwrap();
            prop_assert_eq!(serde_json::from_str(&json).ok(), Some(amount));
        }

        #[test]
        fn reading_never_panics(text in "[-+0-9.eE_ ]{0,40}") {
            if let Ok(amount) = text.parse::<Money>() {
                prop_assert_eq!(Some(amount), Money::exact(text.parse().unwrap()));
            }
        }

        #[test]
        fn times_agrees_with_decimals(
            price in -1_000_000_000..1_000_000_000_i64,
            count in -1_000_000_000_000..1_000_000_000_000_i64,
            exponent in 0..=4_u8,
        ) {
            let (price, count) = (Money::from_scaled(price), Quantity::from_scaled(count));
            for how in Rounding::ALL {
                let expected = Money::round(price.decimal() * count.decimal(), exponent, how);
                prop_assert_eq!(price.times(count, exponent, how), expected);
            }
        }
    }
}
