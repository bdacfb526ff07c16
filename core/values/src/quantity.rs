//! Quantities of goods and time, exact to the millionth of the base unit.
//! Not here: units of measure and their conversion (records of the kernel), prices (`money.rs`).

use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;

use crate::scaled::{exact, parse, print, scaled_number};
use crate::{Rounding, Unreadable, round};

/// A quantity in millionths of the base unit, up to ±9.2 trillion units.
/// Sums out of range assert. In JSON and as text: `"2.5"`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
