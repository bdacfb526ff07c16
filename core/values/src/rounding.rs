//! Rounding by name, and splitting so that the parts add up again.
//! Not here: which rounding a tax or a currency wants (their records say).
//! INVARIANT: each result is computed exactly and rounded once.

use std::cmp::Reverse;
use std::str::FromStr;

use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};

use crate::Unreadable;
use crate::scaled::narrow;

/// Which way a number goes that has too many decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rounding {
    /// To the nearest; halves away from zero. What invoices and tax offices expect.
    HalfUp,
    /// To the nearest; halves to the even neighbour. For long sums without drift.
    HalfEven,
    /// Towards zero.
    Down,
    /// Away from zero.
    Up,
    /// Towards minus infinity.
    Floor,
    /// Towards plus infinity.
    Ceiling,
}

/// The decimal with at most so many decimals.
pub fn round(d: Decimal, places: u32, how: Rounding) -> Decimal {
    let strategy = match how {
        Rounding::HalfUp => RoundingStrategy::MidpointAwayFromZero,
        Rounding::HalfEven => RoundingStrategy::MidpointNearestEven,
        Rounding::Down => RoundingStrategy::ToZero,
        Rounding::Up => RoundingStrategy::AwayFromZero,
        Rounding::Floor => RoundingStrategy::ToNegativeInfinity,
        Rounding::Ceiling => RoundingStrategy::ToPositiveInfinity,
    };
    d.round_dp_with_strategy(places, strategy)
}

/// `total × part / whole`, rounded once; in the unit of `total`.
/// `None` when `whole` is zero, the product is beyond `i128` or the result beyond `i64`.
pub fn share(total: i64, part: i128, whole: i128, how: Rounding) -> Option<i64> {
    let product = i128::from(total).checked_mul(part)?;
    let (product, whole) =
        if whole < 0 { (product.checked_neg()?, whole.checked_neg()?) } else { (product, whole) };
    if whole == 0 { None } else { i64::try_from(divide(product, whole, how)).ok() }
}

/// Splits `total` in proportion to `weights`, in the same order. The parts add up exactly: each gets
/// what is whole of its share, and what is left goes by ones to the largest remainders, the first
/// first. The opposite total gives the opposite parts, so that a reversal meets its original.
/// Weights that sum to zero give no proportion: the parts are then equal.
/// Asserts that there is somebody to give to, and that the parts fit (they always do when all
/// weights have the same sign).
pub fn allocate(total: i64, weights: &[i64]) -> Vec<i64> {
    assert!(total == 0 || !weights.is_empty(), "{total} cannot be split among nobody");
    let sum: i128 = weights.iter().copied().map(i128::from).sum();
    let weight = |w: i64| if sum == 0 { 1 } else { i128::from(w) * sum.signum() };
    let whole = if sum == 0 { weights.len() as i128 } else { sum.abs() };
    let magnitude = i128::from(total).abs();

    let mut parts = Vec::with_capacity(weights.len());
    let mut remainders = Vec::with_capacity(weights.len());
    for (place, &w) in weights.iter().enumerate() {
        let product = magnitude * weight(w);
        parts.push(product.div_euclid(whole));
        remainders.push((Reverse(product.rem_euclid(whole)), place));
    }
    remainders.sort_unstable();
    let left = magnitude - parts.iter().sum::<i128>();
    for &(_, place) in remainders.iter().take(left as usize) {
        parts[place] += 1;
    }
    let sign = i128::from(total.signum());
    let parts: Vec<i64> = parts.into_iter().map(|part| narrow(sign * part)).collect();
    debug_assert!(parts.iter().copied().map(i128::from).sum::<i128>() == i128::from(total));
    parts
}

/// `dividend / divisor`, rounded. The divisor must be positive.
pub(crate) fn divide(dividend: i128, divisor: i128, how: Rounding) -> i128 {
    assert!(divisor > 0);
    let (toward_zero, rest) = (dividend / divisor, dividend % divisor);
    if rest == 0 {
        return toward_zero;
    }
    // Compared as `rest ⋛ divisor − rest`, since twice the rest may not fit.
    let half = rest.abs().cmp(&(divisor - rest.abs()));
    let away = match how {
        Rounding::HalfUp => half.is_ge(),
        Rounding::HalfEven => half.is_gt() || half.is_eq() && toward_zero % 2 != 0,
        Rounding::Down => false,
        Rounding::Up => true,
        Rounding::Floor => rest < 0,
        Rounding::Ceiling => rest > 0,
    };
    if away { toward_zero + rest.signum() } else { toward_zero }
}

impl Rounding {
    pub const ALL: [Rounding; 6] = [
        Rounding::HalfUp,
        Rounding::HalfEven,
        Rounding::Down,
        Rounding::Up,
        Rounding::Floor,
        Rounding::Ceiling,
    ];

    /// The name in settings and JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Rounding::HalfUp => "half_up",
            Rounding::HalfEven => "half_even",
            Rounding::Down => "down",
            Rounding::Up => "up",
            Rounding::Floor => "floor",
            Rounding::Ceiling => "ceiling",
        }
    }
}

impl FromStr for Rounding {
    type Err = Unreadable;

    fn from_str(name: &str) -> Result<Rounding, Unreadable> {
        let found = Rounding::ALL.into_iter().find(|rounding| rounding.name() == name);
        found.ok_or(Unreadable::new("half_up, half_even, down, up, floor or ceiling"))
    }
}
