//! Arithmetic of the books: amounts in the company's currency, and what rounding leaves of them.
//! Pure, and exact up to the one rounding that each result has.
//! Not here: amounts and taxes of lines (the kernel's `measure`), which accounts the amounts go to
//! (`posting`).

use fondaco_values::{Decimal, Rounding, round};

/// Minor units of one currency in those of another, rounded half away from zero.
pub(crate) fn convert(minor: i64, exponent: u8, rate: Decimal, to_exponent: u8) -> Option<i64> {
    let amount = Decimal::new(minor, u32::from(exponent));
    let value = round(amount.checked_mul(rate)?, u32::from(to_exponent), Rounding::HalfUp);
    let scaled = value.checked_mul(Decimal::from(10_i64.checked_pow(u32::from(to_exponent))?))?;
    i64::try_from(round(scaled, 0, Rounding::HalfUp).normalize().mantissa()).ok()
}

/// Brings amounts that were rounded one by one to the sum `zero` by correcting the largest of those
/// at `free`. No amount changes its sign.
pub(crate) fn even_out(amounts: &mut [i64], free: &[usize]) {
    let mut surplus: i64 = amounts.iter().sum();
    let mut by_size = free.to_vec();
    by_size.sort_by_key(|at| std::cmp::Reverse(amounts[*at].abs()));
    for at in by_size {
        if surplus == 0 {
            return;
        }
        let towards_zero = (amounts[at] > 0) == (surplus > 0);
        let room = if towards_zero { amounts[at].abs() } else { surplus.abs() };
        let step = surplus.signum() * surplus.abs().min(room);
        amounts[at] -= step;
        surplus -= step;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn d(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn conversion_between_exponents() {
        for (minor, exponent, rate, to, converted) in [
            (10_000, 2, "0.91", 2, 9_100),
            (-10_000, 2, "0.91", 2, -9_100),
            (10_000, 2, "161.345", 0, 16_135),
            (16_135, 0, "0.00619790", 2, 10_000),
            (1, 2, "0.5", 2, 1),
            (0, 2, "3", 3, 0),
            (7, 3, "1", 3, 7),
        ] {
            assert_eq!(convert(minor, exponent, d(rate), to), Some(converted), "{minor} × {rate}");
        }
        assert_eq!(convert(i64::MAX, 0, d("1000000"), 4), None);
    }

    #[test]
    fn what_rounding_leaves_goes_to_the_largest() {
        let even = |amounts: &[i64], free: &[usize]| {
            let mut amounts = amounts.to_vec();
            even_out(&mut amounts, free);
            amounts
        };
        assert_eq!(even(&[100, -70, -29], &[1, 2]), [100, -71, -29]);
        assert_eq!(even(&[100, -70, -31], &[1, 2]), [100, -69, -31]);
        assert_eq!(even(&[3, -1, -1], &[1, 2]), [3, -2, -1]);
        // No sign turns: the surplus moves on.
        assert_eq!(even(&[1, -2, -2], &[1, 2]), [1, 0, -1]);
        assert_eq!(even(&[5, -5], &[1]), [5, -5]);
    }
}
