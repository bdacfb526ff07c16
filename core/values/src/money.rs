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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
