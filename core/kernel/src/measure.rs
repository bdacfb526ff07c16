//! Amounts of lines, their taxes, and quantities between the product's unit and the base unit in
//! which goods are counted. Pure.

use fondaco_values::{Decimal, Id, Money, Quantity, Rounding, round};

use crate::shared::TaxCode;

/// Quantity × price × (1 − discount), rounded once, half away from zero, to the minor unit of the
/// currency; `None` when it is out of range or has more digits than can be multiplied exactly.
pub fn amount(
    quantity: Quantity,
    unit_price: Decimal,
    discount: Decimal,
    exponent: u8,
) -> Option<Money> {
    let kept = Decimal::ONE.checked_sub(discount)?;
    let gross = product(quantity.decimal(), unit_price)?;
    Money::round(product(gross, kept)?, exponent, Rounding::HalfUp)
}

/// Quantity × price in another currency, by its rate; rounded to the minor unit of that.
pub fn worth(
    quantity: Quantity,
    unit_price: Decimal,
    rate: Decimal,
    exponent: u8,
) -> Option<Money> {
    let value = quantity.decimal().checked_mul(unit_price)?.checked_mul(rate)?;
    Money::round(value, exponent, Rounding::HalfUp)
}

/// The product, when it needs no more digits than a decimal holds.
fn product(a: Decimal, b: Decimal) -> Option<Decimal> {
    let (a, b) = (a.normalize(), b.normalize());
    let product = a.checked_mul(b)?;
    let exact = a.is_zero() || b.is_zero() || product.scale() == a.scale() + b.scale();
    exact.then_some(product)
}

/// The tax of one code: on the sum of its lines, rounded once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TaxSum {
    pub code: Id<TaxCode>,
    pub rate: Decimal,
    pub base: Money,
    pub tax: Money,
}

/// Tax by code in the order in which the codes first appear: the rate on the sum of the lines of the
/// code, rounded once for the whole document; `None` when one is out of range.
pub fn taxes(
    lines: impl Iterator<Item = (Id<TaxCode>, Decimal, Money)>,
    exponent: u8,
) -> Option<Vec<TaxSum>> {
    let mut sums: Vec<TaxSum> = Vec::new();
    for (code, rate, amount) in lines {
        match sums.iter_mut().find(|sum| sum.code == code) {
            Some(sum) => sum.base += amount,
            None => sums.push(TaxSum { code, rate, base: amount, tax: Money::ZERO }),
        }
    }
    for sum in &mut sums {
        let tax = product(sum.base.decimal(), sum.rate)?;
        sum.tax = Money::round(tax, exponent, Rounding::HalfUp)?;
    }
    Some(sums)
}

/// The share of an amount that belongs to `part` of `whole`, in whole minor units.
pub fn part(total: Money, part: Quantity, whole: Quantity, exponent: u8) -> Option<Money> {
    let share = total.decimal().checked_mul(part.decimal())?.checked_div(whole.decimal())?;
    Money::round(share, exponent, Rounding::HalfUp)
}

/// A quantity of the product's unit in base units, of which one has `factor`; `None` when it is out
/// of range.
pub fn to_base(own: Quantity, factor: Decimal) -> Option<Quantity> {
    if factor == Decimal::ONE {
        return Some(own);
    }
    Quantity::round(own.decimal().checked_mul(factor)?, 6, Rounding::HalfUp)
}

/// A quantity of base units in the product's unit.
pub fn from_base(base: Quantity, factor: Decimal) -> Quantity {
    if factor == Decimal::ONE {
        return base;
    }
    let own = base.decimal().checked_div(factor).map(|own| round(own, 6, Rounding::HalfUp));
    own.and_then(Quantity::exact).unwrap_or(base)
}

/// Takes `total` for `goal` when only the rounding of thirds of a dozen keeps them apart.
pub fn settle(total: Quantity, goal: Quantity, factor: Decimal) -> Quantity {
    let near = Quantity::from_scaled(NEAR);
    if factor != Decimal::ONE && (total - goal).abs() <= near { goal } else { total }
}

/// Millionths that the rounding of several part deliveries may come to.
const NEAR: i64 = 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    fn money(text: &str) -> Money {
        text.parse().unwrap()
    }

    fn quantity(text: &str) -> Quantity {
        text.parse().unwrap()
    }

    #[test]
    fn amounts_are_rounded_once() {
        for (q, price, discount, exponent, amount) in [
            ("5", "2565", "0", 2, "12825"),
            ("12", "14.00", "0", 2, "168"),
            ("3", "0.335", "0", 2, "1.01"),
            ("1", "0.005", "0", 2, "0.01"),
            ("10", "9.80", "0.15", 2, "83.3"),
            ("7", "13.333333", "0.05", 2, "88.67"),
            ("3", "99.5", "0", 0, "299"),
            ("1.5", "0.333", "0", 3, "0.5"),
            ("-1.005", "1", "0", 2, "-1.01"),
            ("1", "999.5", "0", 0, "1000"),
            ("0", "5", "0", 2, "0"),
            ("7", "100", "1", 2, "0"),
            ("123456.123456", "9999.999999", "0.123456", 3, "1082147242.678"),
        ] {
            let found = super::amount(quantity(q), decimal(price), decimal(discount), exponent);
            assert_eq!(found, Some(money(amount)), "{q} × {price} − {discount}");
        }
        let most = decimal("9999999999999999");
        assert_eq!(super::amount(quantity("9999999999"), most, Decimal::ZERO, 2), None);
        // More digits than a decimal holds: refused, not rounded twice.
        let fine = decimal("1234567890.123456");
        assert_eq!(super::amount(quantity("1234567.123456"), fine, decimal("0.1"), 2), None);
    }

    #[test]
    fn tax_is_of_the_sum_of_a_code() {
        let lines = [(2, "0.1", "10"), (1, "0.2", "0.02"), (1, "0.2", "0.02"), (1, "0.2", "0.03")];
        let lines = lines.map(|(code, rate, amount)| (Id::new(code), decimal(rate), money(amount)));
        let sums = taxes(lines.into_iter(), 2).unwrap();
        let figures: Vec<(i64, Money, Money)> =
            sums.iter().map(|sum| (sum.code.raw(), sum.base, sum.tax)).collect();
        // Line by line it would be 0.00 + 0.00 + 0.01.
        assert_eq!(figures, [(2, money("10"), money("1")), (1, money("0.07"), money("0.01"))]);
        let story = [(Id::new(1), decimal("0.2"), money("12825"))];
        assert_eq!(taxes(story.into_iter(), 2).unwrap()[0].tax, money("2565"));
    }

    #[test]
    fn shares() {
        let found = part(money("6000"), quantity("2"), quantity("5"), 2);
        assert_eq!(found, Some(money("2400")));
        assert_eq!(part(money("10"), quantity("1"), quantity("3"), 2), Some(money("3.33")));
        assert_eq!(part(money("10"), quantity("1"), quantity("0"), 2), None);
    }

    #[test]
    fn units() {
        let dozen = decimal("12");
        assert_eq!(to_base(quantity("2.5"), dozen), Some(quantity("30")));
        assert_eq!(from_base(quantity("8"), dozen), quantity("0.666667"));
        assert_eq!(settle(quantity("2.000001"), quantity("2"), dozen), quantity("2"));
        assert_eq!(settle(quantity("2.000001"), quantity("2"), Decimal::ONE), quantity("2.000001"));
    }
}
