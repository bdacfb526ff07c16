//! Rounding by name, and splitting so that the parts add up again.
//! Not here: which rounding a tax or a currency wants (their records say).
//! INVARIANT: each result is computed exactly and rounded once.

use std::cmp::Reverse;
use std::str::FromStr;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::Unreadable;
use crate::scaled::narrow;

/// The most that a decimal counts of its last digit.
const MANTISSA_MAX: u128 = (1 << 96) - 1;

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
    let surplus = d.scale().saturating_sub(places);
    if surplus == 0 {
        return d;
    }
    // A decimal has at most 28 places, so the power fits, and the mantissa only gets smaller.
    let mantissa = divide(d.mantissa(), 10_i128.pow(surplus), how);
    Decimal::from_i128_with_scale(mantissa, places)
}

/// `dividend / divisor` with at most so many decimals, or as many as a decimal has room for, without
/// zeros at the end; rounded once, halves away from zero. `None` when the divisor is zero or the
/// whole part has no room.
pub fn quotient(dividend: Decimal, divisor: Decimal, places: u32) -> Option<Decimal> {
    let whole = divisor.mantissa().unsigned_abs();
    let mantissa = dividend.mantissa().unsigned_abs();
    let (mut digits, mut rest) = (mantissa.checked_div(whole)?, mantissa.checked_rem(whole)?);
    let (places, mut scale) =
        (i64::from(places), i64::from(dividend.scale()) - i64::from(divisor.scale()));
    if scale > places {
        // What the division leaves is less than one of the last digit: it cannot make a half.
        let power = 10_u128.pow(u32::try_from(scale - places).ok()?);
        let half_up = digits % power >= power / 2;
        (digits, rest, scale) = (digits / power + u128::from(half_up), 0, places);
    }
    // Written division. A rest is under 2^96, so that ten of it fit.
    while scale < places && digits * 10 + rest * 10 / whole <= MANTISSA_MAX {
        digits = digits * 10 + rest * 10 / whole;
        rest = rest * 10 % whole;
        scale += 1;
    }
    digits += u128::from(rest * 2 >= whole);
    if digits > MANTISSA_MAX {
        (digits, scale) = (digits / 10 + u128::from(digits % 10 >= 5), scale - 1);
    }
    let sign = dividend.mantissa().signum() * divisor.mantissa().signum();
    let mantissa = sign * i128::try_from(digits).ok()?;
    let quotient = Decimal::try_from_i128_with_scale(mantissa, u32::try_from(scale).ok()?);
    quotient.ok().map(|quotient| quotient.normalize())
}

/// `total × part / whole`, rounded once; in the unit of `total`.
/// `None` when `whole` is zero, the product is beyond `i128` or the result beyond `i64`.
pub fn share(total: i64, part: i128, whole: i128, how: Rounding) -> Option<i64> {
    let product = i128::from(total).checked_mul(part)?;
    let (product, whole) =
        if whole < 0 { (product.checked_neg()?, whole.checked_neg()?) } else { (product, whole) };
    if whole == 0 { None } else { i64::try_from(divide(product, whole, how)).ok() }
}

/// Splits `total` in proportion to `weights`, in the same order. The parts add up exactly: each
/// gets what is whole of its share, and what is left goes by ones to the largest remainders, the
/// first first. The opposite total gives the opposite parts, so that a reversal meets its original.
/// Weights that sum to zero give no proportion: the parts are then as equal as can be.
/// Asserts that there is somebody to give to, and that the parts fit (they always do when all
/// weights have the same sign).
pub fn allocate(total: i64, weights: &[i64]) -> Vec<i64> {
    assert!(total == 0 || !weights.is_empty(), "{total} cannot be split among nobody");
    if weights.is_empty() {
        return Vec::new();
    }
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
    // The remainders sum to the ones that are left: less than one for each part.
    let left = remainders.iter().map(|&(Reverse(remainder), _)| remainder).sum::<i128>() / whole;
    for &(_, place) in remainders.iter().take(left as usize) {
        parts[place] += 1;
    }
    let sign = i128::from(total.signum());
    let parts: Vec<i64> = parts.into_iter().map(|part| narrow(sign * part)).collect();
    let given: i128 = parts.iter().copied().map(i128::from).sum();
    assert!(given == i128::from(total), "parts of {total} add up to {given}");
    parts
}

/// `dividend / divisor`, rounded. The divisor must be positive.
pub(crate) fn divide(dividend: i128, divisor: i128, how: Rounding) -> i128 {
    assert!(divisor > 0, "the divisor {divisor} is not positive");
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rust_decimal::RoundingStrategy;

    use super::*;

    /// Numbers in tenths, and what each way of rounding makes of them.
    #[test]
    fn ways() {
        use Rounding::{Ceiling, Down, Floor, HalfEven, HalfUp, Up};
        let columns = [HalfUp, HalfEven, Down, Up, Floor, Ceiling];
        for (tenths, expected) in [
            (24, [2, 2, 2, 3, 2, 3]),
            (25, [3, 2, 2, 3, 2, 3]),
            (26, [3, 3, 2, 3, 2, 3]),
            (35, [4, 4, 3, 4, 3, 4]),
            (30, [3, 3, 3, 3, 3, 3]),
            (5, [1, 0, 0, 1, 0, 1]),
            (1, [0, 0, 0, 1, 0, 1]),
            (0, [0, 0, 0, 0, 0, 0]),
            (-1, [0, 0, 0, -1, -1, 0]),
            (-5, [-1, 0, 0, -1, -1, 0]),
            (-24, [-2, -2, -2, -3, -3, -2]),
            (-25, [-3, -2, -2, -3, -3, -2]),
            (-26, [-3, -3, -2, -3, -3, -2]),
            (-35, [-4, -4, -3, -4, -4, -3]),
        ] {
            for (how, expected) in columns.into_iter().zip(expected) {
                let rounded = round(Decimal::new(tenths, 1), 0, how);
                assert_eq!(rounded, Decimal::from(expected), "{tenths} tenths {how:?}");
                assert_eq!(share(tenths, 1, 10, how), Some(expected), "{tenths} tenths {how:?}");
            }
        }
    }

    #[test]
    fn rounding_keeps_what_needs_none() {
        for (text, places, expected) in [
            ("1.5", 1, "1.5"),
            ("1.5", 4, "1.5"),
            ("1.50", 1, "1.5"),
            ("1.999", 2, "2.00"),
            ("-0.001", 2, "0.00"),
            ("7.9228162514264337593543950335", 27, "7.922816251426433759354395034"),
        ] {
            let rounded = round(text.parse().unwrap(), places, Rounding::HalfUp);
            assert_eq!(rounded.to_string(), expected);
        }
    }

    #[test]
    fn quotients() {
        for (dividend, divisor, places, expected) in [
            ("1", "3", 2, Some("0.33")),
            ("2", "3", 2, Some("0.67")),
            ("-2", "3", 2, Some("-0.67")),
            ("1", "8", 2, Some("0.13")),
            ("1", "-8", 2, Some("-0.13")),
            ("0.000", "7", 2, Some("0")),
            ("100", "0.01", 0, Some("10000")),
            ("0.0004", "2", 10, Some("0.0002")),
            ("1.00049", "1", 2, Some("1")),
            ("1", "0", 2, None),
            // Rounded twice, first to 28 digits, it would be a half.
            ("0.0000000001499999999999999999", "3", 10, Some("0")),
            ("0.0000000001500000000000000000", "3", 10, Some("0.0000000001")),
            // As many digits as there is room for.
            ("10000000000000000000000000", "3", 10, Some("3333333333333333333333333.3333")),
            ("79228162514264337593543950335", "1", 10, Some("79228162514264337593543950335")),
            ("79228162514264337593543950335", "10", 1, Some("7922816251426433759354395033.5")),
            ("79228162514264337593543950335", "10", 0, Some("7922816251426433759354395034")),
            ("79228162514264337593543950335", "0.1", 10, None),
            ("7922816251426433759354395033.5", "0.1", 0, Some("79228162514264337593543950335")),
            (
                "7.9228162514264337593543950335",
                "0.0000000000000000000000000001",
                0,
                Some("79228162514264337593543950335"),
            ),
            ("8", "0.0000000000000000000000000001", 0, None),
        ] {
            let got = quotient(dividend.parse().unwrap(), divisor.parse().unwrap(), places);
            let got = got.map(|got| got.to_string());
            assert_eq!(got.as_deref(), expected, "{dividend} / {divisor}");
        }
    }

    #[test]
    fn shares() {
        let table = [
            (100, 1, 3, Some(33)),
            (200, 1, 3, Some(67)),
            (-200, 1, 3, Some(-67)),
            (200, -1, 3, Some(-67)),
            (200, 1, -3, Some(-67)),
            (200, -1, -3, Some(67)),
            (0, 1, 3, Some(0)),
            (100, 0, 3, Some(0)),
            (100, 1, 0, None),
            (i64::MAX, 7, 7, Some(i64::MAX)),
            (i64::MIN, 7, 7, Some(i64::MIN)),
            (i64::MIN, -1, 1, None),
            (i64::MAX, 2, 1, None),
            (i64::MAX, i128::MAX, i128::MAX, None),
            (1, i128::MIN, -1, None),
            (1, i128::MAX, i128::MAX, Some(1)),
        ];
        for (total, part, whole, expected) in table {
            let got = share(total, part, whole, Rounding::HalfUp);
            assert_eq!(got, expected, "{total} * {part} / {whole}");
        }
    }

    #[test]
    fn allocations() {
        let table: [(i64, &[i64], &[i64]); 13] = [
            (100, &[1, 1, 1], &[34, 33, 33]),
            (-100, &[1, 1, 1], &[-34, -33, -33]),
            (101, &[1, 1, 1], &[34, 34, 33]),
            (10, &[1, 2, 3], &[2, 3, 5]),
            (5, &[3, 0, 2], &[3, 0, 2]),
            (1, &[1, 98, 1], &[0, 1, 0]),
            (7, &[0, 0], &[4, 3]),
            (100, &[-1, -1, -1], &[34, 33, 33]),
            (19, &[100, -20], &[24, -5]),
            (19, &[50, -50], &[10, 9]),
            (0, &[], &[]),
            (0, &[3, 4], &[0, 0]),
            (i64::MIN, &[i64::MAX, i64::MAX], &[i64::MIN / 2, i64::MIN / 2]),
        ];
        for (total, weights, expected) in table {
            assert_eq!(allocate(total, weights), expected, "{total} by {weights:?}");
        }
    }

    #[test]
    #[should_panic(expected = "5 cannot be split among nobody")]
    fn nobody_to_give_to() {
        allocate(5, &[]);
    }

    #[test]
    #[should_panic(expected = "beyond 64 bits")]
    fn parts_that_do_not_fit() {
        allocate(i64::MAX, &[i64::MAX, i64::MIN + 2]);
    }

    #[test]
    fn names() {
        for how in Rounding::ALL {
            assert_eq!(how.name().parse(), Ok(how));
            assert_eq!(serde_json::to_value(how).unwrap(), how.name());
        }
        assert!("HalfUp".parse::<Rounding>().is_err());
    }

    fn any_rounding() -> impl Strategy<Value = Rounding> {
        proptest::sample::select(Rounding::ALL.to_vec())
    }

    /// The same rounding, written by somebody else.
    fn reference(d: Decimal, places: u32, how: Rounding) -> Decimal {
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

    /// Small and large numbers alike, so that halves and borders are met.
    fn any_amount() -> impl Strategy<Value = i64> {
        prop_oneof![-1000..1000_i64, any::<i64>(), Just(i64::MIN), Just(i64::MAX)]
    }

    proptest! {
        #[test]
        fn round_agrees_with_the_reference(
            mantissa in any_amount(),
            scale in 0..=28_u32,
            places in 0..=28_u32,
            how in any_rounding(),
        ) {
            let d = Decimal::new(mantissa, scale);
            prop_assert_eq!(round(d, places, how), reference(d, places, how));
        }

        #[test]
        fn quotients_agree_with_the_reference(
            a in any_amount(), b in any_amount(), scales in (6..=12_u32, 0..=6_u32),
        ) {
            let (a, b) = (Decimal::new(a, scales.0), Decimal::new(b, scales.1));
            // In this range the reference has room for every digit that decides.
            let reference = a.checked_div(b).map(|exact| round(exact, 6, Rounding::HalfUp));
            prop_assert_eq!(quotient(a, b, 6), reference, "{} / {}", a, b);
        }

        #[test]
        fn a_share_is_less_than_one_from_exact(
            total in any_amount(),
            part in any_amount(),
            whole in any_amount(),
            how in any_rounding(),
        ) {
            let (part, whole) = (i128::from(part), i128::from(whole));
            if let Some(got) = share(total, part, whole, how) {
                let Some(reached) = i128::from(got).checked_mul(whole) else { return Ok(()) };
                let error = (reached - i128::from(total) * part).abs();
                prop_assert!(error < whole.abs());
                if matches!(how, Rounding::HalfUp | Rounding::HalfEven) {
                    prop_assert!(2 * error <= whole.abs());
                }
            }
        }

        #[test]
        fn opposite_shares_are_opposite(
            total in -1_000_000..1_000_000_i64,
            part in 0..1000_i128,
            whole in 1..1000_i128,
        ) {
            for how in [Rounding::HalfUp, Rounding::HalfEven, Rounding::Down, Rounding::Up] {
                let back = share(-total, part, whole, how).map(|back| -back);
                prop_assert_eq!(share(total, part, whole, how), back);
            }
        }

        #[test]
        fn allocation_adds_up_and_is_fair(
            total in any_amount(), weights in prop::collection::vec(0..=i64::MAX, 1..50),
        ) {
            let parts = allocate(total, &weights);
            prop_assert_eq!(parts.iter().copied().map(i128::from).sum::<i128>(), i128::from(total));
            let sum: i128 = weights.iter().copied().map(i128::from).sum();
            for (&part, &weight) in parts.iter().zip(&weights) {
                if sum > 0 {
                    let down = share(total, i128::from(weight), sum, Rounding::Down).unwrap();
                    let up = share(total, i128::from(weight), sum, Rounding::Up).unwrap();
                    prop_assert!(part == down || part == up, "{part}: not {down}, not {up}");
                }
            }
        }

        #[test]
        fn allocation_of_mixed_signs_adds_up_and_reverses(
            total in -1_000_000..1_000_000_i64,
            weights in prop::collection::vec(-1000..1000_i64, 1..50),
        ) {
            let parts = allocate(total, &weights);
            prop_assert_eq!(parts.iter().sum::<i64>(), total);
            let back: Vec<_> = allocate(-total, &weights).iter().map(|part| -part).collect();
            prop_assert_eq!(parts, back);
        }
    }
}
