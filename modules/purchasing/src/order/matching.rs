//! The three-way match: what is ordered, what is received, what is billed. Pure.

use fondaco_values::{Decimal, Money, Problem, Quantity, Rounding, round};

use super::{OrderLine, PurchaseOrder};
use crate::settings::Tolerance;
use fondaco_kernel::measure;
use fondaco_kernel::trade::Goods;

/// One line of a supplier's bill.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Asked {
    /// Place of the order's line.
    pub(crate) at: usize,
    pub(crate) quantity: Quantity,
    /// Before tax, in the order's currency.
    pub(crate) unit_price: Decimal,
}

impl PurchaseOrder {
    /// Everything that is received and not billed, at the order's prices.
    pub(crate) fn billable(&self, goods: Goods) -> Vec<Asked> {
        let lines = self.lines.iter().enumerate();
        let all = lines.map(|(at, line)| Asked {
            at,
            quantity: line.billable(goods),
            unit_price: line.unit_price,
        });
        all.filter(|asked| asked.quantity > Quantity::ZERO).collect()
    }

    /// What of a bill does not agree with order and receipt, with the figures.
    pub(crate) fn mismatches(
        &self,
        asked: &[Asked],
        goods: Goods,
        tolerance: Tolerance,
    ) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (n, asked) in asked.iter().enumerate() {
            let line = &self.lines[asked.at];
            let found = [line.too_many(asked, goods, tolerance), line.too_dear(asked, tolerance)];
            let found = found.into_iter().flatten();
            problems.extend(found.map(|problem| problem.under(format!("lines[{n}]"))));
        }
        problems
    }
}

impl OrderLine {
    fn too_many(&self, asked: &Asked, goods: Goods, tolerance: Tolerance) -> Option<Problem> {
        let basis = self.basis(goods);
        let most = basis.decimal() * (Decimal::ONE + tolerance.quantity);
        let billed = self.billed + asked.quantity;
        if billed.decimal() <= most {
            return None;
        }
        let (name, ordered, before) = (&self.description, self.quantity, self.billed);
        let there = match (self.goods, goods) {
            (true, Goods::Counted) => format!("{basis} of {ordered} ordered are received"),
            _ => format!("{ordered} are ordered"),
        };
        let message = format!(
            "{name}: the bill says {}, {there} and {before} billed before; the tolerance is {}. \
             Have the bill or the receipt corrected, or the difference accepted.",
            asked.quantity,
            percent(tolerance.quantity),
        );
        let problem = Problem::new("quantity", "quantity_mismatch", message);
        Some(
            problem
                .arg("asked", asked.quantity)
                .arg("ordered", ordered)
                .arg("received", self.received)
                .arg("billed", before),
        )
    }

    fn too_dear(&self, asked: &Asked, tolerance: Tolerance) -> Option<Problem> {
        let (ours, theirs) = (self.unit_price, asked.unit_price);
        let difference = theirs - ours;
        if difference.abs() <= ours * tolerance.price {
            return None;
        }
        let by = match (difference / ours.max(Decimal::new(1, 6)), ours.is_zero()) {
            (_, true) => String::new(),
            (share, false) if difference.is_sign_positive() => format!(", {} more", percent(share)),
            (share, false) => format!(", {} less", percent(share.abs())),
        };
        let message = format!(
            "{}: the bill asks {} each, the order says {}{by}; the tolerance is {}. Have the bill \
             corrected, or the difference accepted.",
            self.description,
            price(theirs),
            price(ours),
            percent(tolerance.price),
        );
        let problem = Problem::new("unit_price", "price_mismatch", message);
        Some(problem.arg("asked", price(theirs)).arg("ordered", price(ours)))
    }

    /// What a bill of so many clears of what was received, in the company's currency: the share of
    /// what is not cleared yet, the last taking the rest. What is billed ahead of its receipt is
    /// cleared at the order's price, so that the receipt evens it out.
    pub(crate) fn clear(&self, quantity: Quantity, rate: Decimal, exponent: u8) -> Option<Money> {
        let waiting = (self.received - self.billed).max(Quantity::ZERO);
        let left = self.received_value.0 - self.cleared_value.0;
        let here = quantity.min(waiting);
        let share = match here == waiting {
            true if here.is_zero() => Money::ZERO,
            true => left,
            false => measure::part(left, here, waiting, exponent)?,
        };
        let to_come = (self.quantity - self.received.max(self.billed)).max(Quantity::ZERO);
        let ahead = (quantity - here).min(to_come);
        Some(share + measure::worth(ahead, self.unit_price, rate, exponent)?)
    }
}

fn percent(share: Decimal) -> String {
    format!("{} %", round(share * Decimal::ONE_HUNDRED, 2, Rounding::HalfUp).normalize())
}

/// At least two decimals.
fn price(price: Decimal) -> String {
    let mut price = price.normalize();
    if price.scale() < 2 {
        price.rescale(2);
    }
    price.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::order::tests::{decimal, line, money, order, quantity};

    const STRICT: Tolerance = Tolerance { quantity: Decimal::ZERO, price: Decimal::ZERO };

    fn asked(q: &str, price: &str) -> Asked {
        Asked { at: 0, quantity: quantity(q), unit_price: decimal(price) }
    }

    #[test]
    fn three_ways() {
        let loose = Tolerance { quantity: decimal("0.25"), price: decimal("0.02") };
        for (figures, goods, q, price, tolerance, codes) in [
            (["4", "4", "0"], Goods::Counted, "4", "430", STRICT, &[][..]),
            (["4", "3", "0"], Goods::Counted, "4", "430", STRICT, &["quantity_mismatch"]),
            (["4", "4", "1"], Goods::Counted, "4", "430", STRICT, &["quantity_mismatch"]),
            (["4", "4", "0"], Goods::Counted, "5", "430", loose, &[]),
            (["4", "4", "0"], Goods::Counted, "5.01", "430", loose, &["quantity_mismatch"]),
            (["4", "4", "0"], Goods::Counted, "4", "438.60", loose, &[]),
            (["4", "4", "0"], Goods::Counted, "4", "438.61", loose, &["price_mismatch"]),
            (["4", "4", "0"], Goods::Counted, "4", "421.39", loose, &["price_mismatch"]),
            (
                ["4", "0", "0"],
                Goods::Counted,
                "5",
                "450",
                STRICT,
                &["quantity_mismatch", "price_mismatch"],
            ),
            (["4", "0", "0"], Goods::Uncounted, "4", "430", STRICT, &[]),
            (["4", "0", "0"], Goods::Uncounted, "5", "430", STRICT, &["quantity_mismatch"]),
        ] {
            let order = order(vec![line(figures)]);
            let problems = order.mismatches(&[asked(q, price)], goods, tolerance);
            let found: Vec<&str> = problems.iter().map(|problem| problem.code.as_str()).collect();
            assert_eq!(found, codes, "{figures:?} {q} at {price}");
        }
    }

    #[test]
    fn a_refusal_says_the_figures() {
        let order = order(vec![line(["4", "3", "1"])]);
        let tolerance = Tolerance { quantity: Decimal::ZERO, price: decimal("0.02") };
        let problems = order.mismatches(&[asked("3", "450")], Goods::Counted, tolerance);
        let said: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(
            said,
            [
                "lines[0].quantity: Carbon frame: the bill says 3, 3 of 4 ordered are received and \
                 1 billed before; the tolerance is 0 %. Have the bill or the receipt corrected, or \
                 the difference accepted.",
                "lines[0].unit_price: Carbon frame: the bill asks 450.00 each, the order says \
                 430.00, 4.65 % more; the tolerance is 2 %. Have the bill corrected, or the \
                 difference accepted.",
            ]
        );
    }

    #[test]
    fn what_is_received_is_billable() {
        let order = order(vec![line(["4", "3", "1"]), line(["2", "2", "2"])]);
        assert_eq!(order.billable(Goods::Counted), [asked("2", "430")]);
        assert_eq!(order.billable(Goods::Uncounted), [asked("3", "430")]);
    }

    #[test]
    fn bills_clear_what_was_received_to_the_last_cent() {
        let one = Decimal::ONE;
        let frames = line(["4", "4", "0"]);
        assert_eq!(frames.clear(quantity("4"), one, 2), Some(money("1720")));
        let mut odd = line(["3", "3", "0"]);
        odd.received_value.0 = money("100");
        let mut cleared = Vec::new();
        for _ in 0..3 {
            let part = odd.clear(quantity("1"), one, 2).unwrap();
            odd.billed += quantity("1");
            odd.cleared_value.0 += part;
            cleared.push(part);
        }
        assert_eq!(cleared, [money("33.33"), money("33.34"), money("33.33")]);
    }

    #[test]
    fn what_is_billed_ahead_is_cleared_at_the_orders_price() {
        let mut frames = line(["4", "2", "0"]);
        assert_eq!(frames.clear(quantity("3"), Decimal::ONE, 2), Some(money("1290")));
        frames.billed = quantity("3");
        frames.cleared_value.0 = money("1290");
        (frames.received, frames.received_value.0) = (quantity("4"), money("1720"));
        assert_eq!(frames.clear(quantity("1"), Decimal::ONE, 2), Some(money("430")));
        // Nothing was ordered that a fifth could clear.
        let all = line(["4", "4", "0"]);
        assert_eq!(all.clear(quantity("5"), Decimal::ONE, 2), Some(money("1720")));
    }

    #[test]
    fn writing_figures() {
        for (given, written) in [("430", "430.00"), ("45.5805", "45.5805"), ("0.5", "0.50")] {
            assert_eq!(price(decimal(given)), written);
        }
        assert_eq!(percent(decimal("0.0465116")), "4.65 %");
    }
}
