//! What a movement means in value: which value leaves which place and enters which. Pure.
//! Not here: how a product's position is valued (`valuation`), the entry (`posting`).

use fondaco_kernel::ports::books::Place;
use fondaco_values::{Decimal, Quantity};

use crate::valuation::{Method, Position, worth};

/// What the side outside the own places says a movement is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cost {
    /// What it is worth in stock: at what leaves, or at the cost of what is there.
    Own,
    /// Minor units of the company's currency, for all of it.
    Total(i64),
    /// Of one base unit.
    Unit(Decimal),
}

/// Value that moves between two places, in positive minor units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Flow {
    pub(crate) from: Place,
    pub(crate) to: Place,
    pub(crate) minor: i64,
}

/// How goods move between places as accounting sees them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Passage {
    pub(crate) from: Place,
    pub(crate) to: Place,
    pub(crate) quantity: Quantity,
    pub(crate) cost: Cost,
}

/// The values of one movement.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Worth {
    pub(crate) flows: Vec<Flow>,
    /// As the side outside sees it: what is owed to the supplier, what the goods sold have cost.
    pub(crate) outside: i64,
}

/// Values a movement and brings the position up to date. `None` when what comes in has no cost and
/// none is known.
pub(crate) fn value(
    passage: Passage,
    position: &mut Position,
    method: Method,
    exponent: u8,
) -> Option<Worth> {
    let Passage { from, to, quantity, cost } = passage;
    let given = match cost {
        Cost::Own => None,
        Cost::Total(minor) => Some(minor),
        Cost::Unit(unit_cost) => Some(worth(quantity, unit_cost, exponent)),
    };
    let (left, entered) = match (from, to) {
        (Place::Stock, Place::Stock) => return Some(Worth::default()),
        (Place::Stock, _) => {
            let left = position.take(method, quantity, exponent);
            (left, given.unwrap_or(left))
        }
        (_, Place::Stock) => {
            let cost = given.or_else(|| known(position, method, quantity, exponent))?;
            (cost, position.put(method, quantity, cost, exponent))
        }
        // What only passes by is worth what is said of it.
        _ => (given?, given?),
    };
    let outside = if from == Place::Stock { entered } else { left };
    Some(Worth { flows: flows(from, to, left, entered), outside })
}

/// What so much costs when nobody says: as what is there, or as the standard is.
fn known(position: &Position, method: Method, quantity: Quantity, exponent: u8) -> Option<i64> {
    match method {
        Method::Standard { unit_cost } => Some(worth(quantity, unit_cost, exponent)),
        Method::Average => position.at_average(quantity),
    }
}

/// What leaves one place and enters the other; the difference is a gain or a loss.
pub(crate) fn flows(from: Place, to: Place, left: i64, entered: i64) -> Vec<Flow> {
    let through = left.min(entered);
    let all = [
        Flow { from, to, minor: through },
        Flow { from, to: Place::Adjustment, minor: left - through },
        Flow { from: Place::Adjustment, to, minor: entered - through },
    ];
    all.into_iter().filter(|flow| flow.minor > 0 && flow.from != flow.to).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn q(units: i64) -> Quantity {
        Quantity::from_int(units)
    }

    fn said(worth: &Worth) -> String {
        let flow = |f: &Flow| format!("{:?}>{:?} {}", f.from, f.to, f.minor);
        worth.flows.iter().map(flow).collect::<Vec<_>>().join(", ")
    }

    fn told(from: Place, to: Place, cost: Cost, there: (i64, i64), method: Method) -> String {
        let mut position = Position { quantity: q(there.0), value: there.1 };
        let passage = Passage { from, to, quantity: q(2), cost };
        value(passage, &mut position, method, 2).map_or("no cost".into(), |worth| said(&worth))
    }

    #[test]
    fn each_way_has_its_flows() {
        use Place::*;
        let standard = Method::Standard { unit_cost: Decimal::from(3) };
        let unit = |cost: i64| Cost::Unit(Decimal::from(cost));
        for (from, to, cost, there, method, expected) in [
            (Supplier, Stock, unit(4), (0, 0), Method::Average, "Supplier>Stock 800"),
            (
                Supplier,
                Stock,
                unit(4),
                (0, 0),
                standard,
                "Supplier>Stock 600, Supplier>Adjustment 200",
            ),
            (
                Supplier,
                Stock,
                unit(2),
                (0, 0),
                standard,
                "Supplier>Stock 400, Adjustment>Stock 200",
            ),
            (Stock, Customer, Cost::Own, (4, 1000), Method::Average, "Stock>Customer 500"),
            (Customer, Stock, Cost::Total(500), (2, 900), Method::Average, "Customer>Stock 500"),
            (
                Stock,
                Supplier,
                Cost::Total(600),
                (4, 1000),
                Method::Average,
                "Stock>Supplier 500, Adjustment>Supplier 100",
            ),
            (
                Stock,
                Supplier,
                Cost::Total(400),
                (4, 1000),
                Method::Average,
                "Stock>Supplier 400, Stock>Adjustment 100",
            ),
            (Adjustment, Stock, Cost::Own, (4, 1000), Method::Average, "Adjustment>Stock 500"),
            (Adjustment, Stock, Cost::Own, (0, 0), standard, "Adjustment>Stock 600"),
            (Adjustment, Stock, unit(5), (0, 0), standard, "Adjustment>Stock 600"),
            (Adjustment, Stock, Cost::Own, (0, 0), Method::Average, "no cost"),
            (Opening, Stock, unit(0), (0, 0), Method::Average, ""),
            (Stock, Stock, Cost::Own, (4, 1000), Method::Average, ""),
        ] {
            assert_eq!(told(from, to, cost, there, method), expected, "{from:?} to {to:?}");
        }
    }

    #[test]
    fn the_side_outside_counts_its_own_value() {
        let mut position = Position { quantity: q(4), value: 1000 };
        let back = Passage {
            from: Place::Stock,
            to: Place::Supplier,
            quantity: q(2),
            cost: Cost::Total(600),
        };
        let worth = value(back, &mut position, Method::Average, 2).unwrap();
        assert_eq!((worth.outside, position.value), (600, 500));
    }
}
