//! What goods are worth as they come and go: moving average, or standard cost. Pure arithmetic in
//! minor units of the company's currency.
//! Not here: where quantities and values are kept (the ledger's stock book, see `posting`).
//! INVARIANT: what is left is always value minus value, and no value is left at quantity zero.

use fondaco_values::{Decimal, Quantity, Rounding, round, share};

/// All of one product in the own places: how much, and what it is worth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) quantity: Quantity,
    /// Minor units.
    pub(crate) value: i64,
}

/// How a product is valued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    Average,
    /// At a fixed cost of one base unit; differences are gains and losses at once.
    Standard {
        unit_cost: Decimal,
    },
}

impl Position {
    /// Takes so much out; answers the value that leaves with it. More than there is takes all the
    /// value: the ledger's floor then refuses the quantity.
    pub(crate) fn take(&mut self, method: Method, quantity: Quantity, exponent: u8) -> i64 {
        let left = self.quantity - quantity;
        let value = match method {
            _ if left <= Quantity::ZERO => self.value,
            Method::Average => {
                let whole = i128::from(self.quantity.scaled());
                let part = i128::from(quantity.scaled());
                share(self.value, part, whole, Rounding::HalfUp).unwrap_or(self.value)
            }
            // Never below nothing, should the standard be newer than the value.
            Method::Standard { unit_cost } => {
                (self.value - worth(left, unit_cost, exponent)).max(0)
            }
        };
        self.quantity = left;
        self.value -= value;
        value
    }

    /// Puts so much in that has cost `cost`; answers the value that enters with it. What is between
    /// the two is a gain or a loss.
    pub(crate) fn put(
        &mut self,
        method: Method,
        quantity: Quantity,
        cost: i64,
        exponent: u8,
    ) -> i64 {
        self.quantity += quantity;
        let value = match method {
            Method::Average => cost,
            Method::Standard { unit_cost } => {
                (worth(self.quantity, unit_cost, exponent) - self.value).max(0)
            }
        };
        self.value += value;
        value
    }

    /// What so much more would be worth at the cost of what is there; `None` when nothing is.
    pub(crate) fn at_average(&self, quantity: Quantity) -> Option<i64> {
        let whole = i128::from(self.quantity.scaled());
        (whole > 0)
            .then(|| share(self.value, i128::from(quantity.scaled()), whole, Rounding::HalfUp))?
    }

    /// Of one base unit, rounded to six decimals; `None` when nothing is there.
    pub(crate) fn unit_cost(&self, exponent: u8) -> Option<Decimal> {
        if self.quantity <= Quantity::ZERO {
            return None;
        }
        let value = Decimal::new(self.value, u32::from(exponent));
        let cost = value.checked_div(self.quantity.decimal())?;
        Some(round(cost, 6, Rounding::HalfUp).normalize())
    }
}

/// A quantity at a unit cost, in minor units, rounded once (half away from zero).
pub(crate) fn worth(quantity: Quantity, unit_cost: Decimal, exponent: u8) -> i64 {
    let amount = quantity.decimal().checked_mul(unit_cost).unwrap_or(Decimal::MAX);
    let minor = Decimal::from(10_i64.pow(u32::from(exponent)));
    let minor = amount.checked_mul(minor).map(|amount| round(amount, 0, Rounding::HalfUp));
    minor.and_then(|minor| i64::try_from(minor).ok()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn q(text: &str) -> Quantity {
        text.parse().unwrap()
    }

    fn d(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn the_average_moves() {
        let mut frames = Position { quantity: q("3"), value: 126_000 };
        assert_eq!(frames.put(Method::Average, q("4"), 172_000, 2), 172_000);
        assert_eq!(frames, Position { quantity: q("7"), value: 298_000 });
        assert_eq!(frames.unit_cost(2), Some(d("425.714286")));
        assert_eq!(frames.take(Method::Average, q("5"), 2), 212_857);
        assert_eq!(frames, Position { quantity: q("2"), value: 85_143 });
    }

    #[test]
    fn the_last_piece_takes_the_rest() {
        let mut bikes = Position { quantity: q("5"), value: 607_857 };
        assert_eq!(bikes.take(Method::Average, q("3"), 2), 364_714);
        assert_eq!(bikes.take(Method::Average, q("2"), 2), 243_143);
        assert_eq!(bikes, Position::default());
        assert_eq!(bikes.unit_cost(2), None);
    }

    #[test]
    fn standard_cost_leaves_the_difference_outside() {
        let method = Method::Standard { unit_cost: d("0.333") };
        let mut screws = Position::default();
        assert_eq!(screws.put(method, q("10"), 350, 2), 333);
        assert_eq!(screws.put(method, q("1"), 40, 2), 33, "11 × 0.333 = 3.663 → 3.66");
        assert_eq!(screws.take(method, q("4"), 2), 133, "7 × 0.333 = 2.331 → 2.33 is left");
        assert_eq!(screws.take(method, q("7"), 2), 233);
        assert_eq!(screws, Position::default());
    }

    #[test]
    fn worth_is_rounded_once() {
        for (quantity, unit_cost, exponent, minor) in [
            ("4", "430", 2, 172_000),
            ("3", "0.335", 2, 101),
            ("1", "0.005", 2, 1),
            ("0.5", "3", 0, 2),
            ("1000000", "1.234567", 3, 1_234_567_000),
        ] {
            assert_eq!(
                worth(q(quantity), d(unit_cost), exponent),
                minor,
                "{quantity} × {unit_cost}"
            );
        }
    }

    #[derive(Clone, Debug)]
    enum Step {
        In { millionths: i64, cost: i64 },
        Out { part: i64 },
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            (1..5_000_000_000_i64, 0..1_000_000_i64)
                .prop_map(|(millionths, cost)| Step::In { millionths, cost }),
            (1..=1_000_i64).prop_map(|part| Step::Out { part }),
        ];
        prop::collection::vec(step, 1..60)
    }

    proptest! {
        /// Whatever comes and goes: the values that moved add up to the value that is there, no
        /// value is ever negative, and nothing is left of it when the goods are gone.
        #[test]
        fn no_residue(steps in steps(), standard in proptest::option::of(0..5_000_000_i64)) {
            let method = match standard {
                Some(cost) => Method::Standard { unit_cost: Decimal::new(cost, 4) },
                None => Method::Average,
            };
            let mut position = Position::default();
            let mut moved = 0_i64;
            for step in steps {
                match step {
                    Step::In { millionths, cost } => {
                        let quantity = Quantity::from_scaled(millionths);
                        moved += position.put(method, quantity, cost, 2);
                    }
                    Step::Out { part } => {
                        let there = position.quantity.scaled();
                        let quantity = (i128::from(there) * i128::from(part) / 1_000) as i64;
                        if quantity > 0 {
                            let quantity = Quantity::from_scaled(quantity);
                            moved -= position.take(method, quantity, 2);
                        }
                    }
                }
                prop_assert_eq!(position.value, moved);
                prop_assert!(position.value >= 0);
                if let Method::Standard { unit_cost } = method {
                    prop_assert_eq!(position.value, worth(position.quantity, unit_cost, 2));
                }
            }
            let rest = position.quantity;
            if rest > Quantity::ZERO {
                position.take(method, rest, 2);
            }
            prop_assert_eq!(position, Position::default());
        }
    }
}
