//! What `Money` and `Quantity` share: whole numbers that count a fixed fraction of a unit.
//! Not here: their meaning and their public names (`money.rs`, `quantity.rs`).
//! INVARIANT: nothing wraps. What may come from a user gives `None`; a sum out of range asserts.

use std::fmt;

use rust_decimal::Decimal;

/// 10 to the power of `exponent`; `None` when that is beyond `i64`.
pub(crate) fn power_of_ten(exponent: u32) -> Option<i64> {
    10_i64.checked_pow(exponent)
}

/// A number known to fit, made narrow again.
#[track_caller]
pub(crate) fn narrow(wide: i128) -> i64 {
    let narrow = wide as i64;
    assert!(i128::from(narrow) == wide, "{wide} is beyond 64 bits");
    narrow
}

/// The decimal counted in `10^-places`; `None` when it has more decimals or is out of range.
pub(crate) fn exact(decimal: Decimal, places: u32) -> Option<i64> {
    let decimal = decimal.normalize();
    let factor = power_of_ten(places.checked_sub(decimal.scale())?)?;
    i64::try_from(decimal.mantissa().checked_mul(i128::from(factor))?).ok()
}

/// Reads `-12.5`: a sign, digits, at most `places` decimals. No spaces, no grouping, no exponent.
pub(crate) fn parse(text: &str, places: u32) -> Option<i64> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, decimals) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    if !all_digits(whole) || !all_digits(decimals) {
        return None;
    }
    let decimals = decimals.trim_end_matches('0');
    let missing = places.checked_sub(u32::try_from(decimals.len()).ok()?)?;
    let step = |sum: i128, b: u8| sum.checked_mul(10)?.checked_add(i128::from(b - b'0'));
    let read = whole.bytes().chain(decimals.bytes()).try_fold(0_i128, step)?;
    let scaled = read.checked_mul(i128::from(power_of_ten(missing)?))?;
    i64::try_from(if negative { -scaled } else { scaled }).ok()
}

/// Prints a number counted in `10^-places`, with as many decimals as it needs and at least `least`.
pub(crate) fn print(
    f: &mut fmt::Formatter<'_>,
    scaled: i64,
    places: usize,
    least: usize,
) -> fmt::Result {
    let mut digits = format!("{:0width$}", scaled.unsigned_abs(), width = places + 1);
    let mut decimals = places;
    while decimals > least && digits.ends_with('0') {
        digits.pop();
        decimals -= 1;
    }
    if decimals > 0 {
        digits.insert(digits.len() - decimals, '.');
    }
    f.pad_integral(scaled >= 0, "", &digits)
}

/// Arithmetic, JSON and debug text of a number type `$name(i64)` that has `exact` and `FromStr`.
/// Sums out of range are bugs: they assert.
macro_rules! scaled_number {
    ($name:ident, $unreadable:expr) => {
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }

        impl std::ops::Add for $name {
            type Output = $name;

            #[track_caller]
            fn add(self, other: $name) -> $name {
                let (sum, overflow) = self.0.overflowing_add(other.0);
                assert!(!overflow, "{self} + {other} is out of range");
                $name(sum)
            }
        }

        impl std::ops::Sub for $name {
            type Output = $name;

            #[track_caller]
            fn sub(self, other: $name) -> $name {
                let (difference, overflow) = self.0.overflowing_sub(other.0);
                assert!(!overflow, "{self} - {other} is out of range");
                $name(difference)
            }
        }

        impl std::ops::Neg for $name {
            type Output = $name;

            #[track_caller]
            fn neg(self) -> $name {
                $name(0) - self
            }
        }

        impl std::ops::AddAssign for $name {
            #[track_caller]
            fn add_assign(&mut self, other: $name) {
                *self = *self + other;
            }
        }

        impl std::ops::SubAssign for $name {
            #[track_caller]
            fn sub_assign(&mut self, other: $name) {
                *self = *self - other;
            }
        }

        impl std::iter::Sum for $name {
            fn sum<I: Iterator<Item = $name>>(items: I) -> $name {
                $name($crate::scaled::narrow(items.map(|item| i128::from(item.0)).sum()))
            }
        }

        impl<'a> std::iter::Sum<&'a $name> for $name {
            fn sum<I: Iterator<Item = &'a $name>>(items: I) -> $name {
                items.copied().sum()
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(input: D) -> Result<$name, D::Error> {
                struct Visitor;

                impl serde::de::Visitor<'_> for Visitor {
                    type Value = $name;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        write!(f, "{} in a string", $unreadable.expected)
                    }

                    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<$name, E> {
                        text.parse().map_err(E::custom)
                    }

                    fn visit_i64<E: serde::de::Error>(self, whole: i64) -> Result<$name, E> {
                        let decimal = rust_decimal::Decimal::from(whole);
                        $name::exact(decimal).ok_or_else(|| E::custom($unreadable))
                    }

                    fn visit_u64<E: serde::de::Error>(self, whole: u64) -> Result<$name, E> {
                        let decimal = rust_decimal::Decimal::from(whole);
                        $name::exact(decimal).ok_or_else(|| E::custom($unreadable))
                    }
                }

                input.deserialize_any(Visitor)
            }
        }
    };
}

pub(crate) use scaled_number;
