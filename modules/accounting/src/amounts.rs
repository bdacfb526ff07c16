//! Arithmetic of documents: the amount of a line, tax by code, amounts in the company's currency.
//! Pure, and exact up to the one rounding that each result has.
//! Not here: which accounts the amounts go to (`posting`).

use std::collections::HashMap;

use fondaco_kernel::shared::TaxCode;
use fondaco_values::{Decimal, Id, Money, Rounding, round};

/// Tax of one code on a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TaxSum {
    pub(crate) code: Id<TaxCode>,
    pub(crate) base: Money,
    pub(crate) amount: Money,
}

/// Quantity × price × (1 − discount), rounded half away from zero to the minor unit; `None` when
/// that is out of range or has more digits than can be multiplied exactly.
pub(crate) fn line_amount(
    quantity: Decimal,
    unit_price: Decimal,
    discount: Decimal,
    exponent: u8,
) -> Option<Money> {
    let kept = Decimal::ONE.checked_sub(discount)?;
    let gross = product(quantity, unit_price)?;
    Money::round(product(gross, kept)?, exponent, Rounding::HalfUp)
}

/// Tax by code in the order in which the codes first appear: the rate on the sum of the lines of
/// the code, rounded once for the whole document.
pub(crate) fn taxes(
    lines: &[(Option<Id<TaxCode>>, Money)],
    rates: &HashMap<Id<TaxCode>, Decimal>,
    exponent: u8,
) -> Option<Vec<TaxSum>> {
    let mut sums: Vec<TaxSum> = Vec::new();
    for (code, amount) in lines {
        let Some(code) = *code else { continue };
        match sums.iter_mut().find(|sum| sum.code == code) {
            Some(sum) => sum.base += *amount,
            None => sums.push(TaxSum { code, base: *amount, amount: Money::ZERO }),
        }
    }
    for sum in &mut sums {
        let rate = rates.get(&sum.code).copied()?;
        sum.amount = Money::round(product(sum.base.decimal(), rate)?, exponent, Rounding::HalfUp)?;
    }
    Some(sums)
}

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

/// The product, when it needs no more digits than a decimal holds.
fn product(a: Decimal, b: Decimal) -> Option<Decimal> {
    let (a, b) = (a.normalize(), b.normalize());
    let product = a.checked_mul(b)?;
    let exact = a.is_zero() || b.is_zero() || product.scale() == a.scale() + b.scale();
    exact.then_some(product)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn d(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    fn m(text: &str) -> Money {
        text.parse().unwrap()
    }

    #[test]
    fn amounts_of_lines() {
        for (quantity, price, discount, exponent, amount) in [
            ("3", "2565.00", "0", 2, "7695.00"),
            ("2", "2565.00", "0", 2, "5130.00"),
            ("5", "2700.00", "0.05", 2, "12825.00"),
            ("1.005", "1", "0", 2, "1.01"),
            ("-1.005", "1", "0", 2, "-1.01"),
            ("3", "0.333333", "0", 2, "1.00"),
            ("1", "999.5", "0", 0, "1000.00"),
            ("0", "5", "0", 2, "0.00"),
            ("7", "100", "1", 2, "0.00"),
            ("123456.123456", "9999.999999", "0.123456", 3, "1082147242.678"),
        ] {
            let found = line_amount(d(quantity), d(price), d(discount), exponent);
            assert_eq!(found, Some(m(amount)), "{quantity} × {price} − {discount}");
        }
        let huge = d("9223372036854.775807");
        assert_eq!(line_amount(huge, huge, d("0"), 2), None);
    }

    #[test]
    fn tax_is_rounded_once_a_document() {
        let (full, low) = (Id::new(1), Id::new(2));
        let rates = HashMap::from([(full, d("0.2")), (low, d("0.055"))]);
        let line = |code: i64, amount: &str| ((code > 0).then(|| Id::new(code)), m(amount));
        let tax = |lines: &[_]| taxes(lines, &rates, 2).unwrap();
        let sum = |code, base, amount| TaxSum { code, base: m(base), amount: m(amount) };
        assert_eq!(tax(&[line(1, "7695")]), [sum(full, "7695", "1539")]);
        assert_eq!(tax(&[line(0, "7695")]), []);
        // Three times 0.006 would be 0.03, once 0.018 is 0.02.
        let small = [line(1, "0.03"), line(1, "0.03"), line(1, "0.03")];
        assert_eq!(tax(&small), [sum(full, "0.09", "0.02")]);
        let mixed = [line(2, "10.10"), line(1, "5"), line(0, "1"), line(2, "-0.10")];
        assert_eq!(tax(&mixed), [sum(low, "10", "0.55"), sum(full, "5", "1")]);
        assert_eq!(taxes(&[line(9, "1")], &rates, 2), None);
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
