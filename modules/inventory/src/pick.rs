//! Which goods go out: from the preferred place first, of the lot that expires first.
//! Pure; what lies where comes from `level`.

use fondaco_values::{Id, Quantity};

use crate::lot::Lot;
use crate::place::Location;

/// What of a product is free at one place, of one lot or of none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Free {
    pub(crate) location: Id<Location>,
    pub(crate) lot: Option<Id<Lot>>,
    pub(crate) quantity: Quantity,
}

/// A quantity taken from one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pick {
    pub(crate) location: Id<Location>,
    pub(crate) lot: Option<Id<Lot>>,
    pub(crate) quantity: Quantity,
}

/// Where one must take from; empty leaves the choice.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Only {
    pub(crate) location: Option<Id<Location>>,
    pub(crate) lot: Option<Id<Lot>>,
}

impl Only {
    fn admits(self, free: &Free) -> bool {
        self.location.is_none_or(|only| only == free.location)
            && self.lot.is_none_or(|only| Some(only) == free.lot)
    }
}

/// Takes up to `wanted` from what is free, in the order it stands; what was taken is free no more.
pub(crate) fn pick(free: &mut [Free], wanted: Quantity, only: Only) -> Vec<Pick> {
    let mut left = wanted;
    let mut picks = Vec::new();
    for place in free.iter_mut().filter(|place| only.admits(place)) {
        let quantity = left.min(place.quantity);
        if quantity > Quantity::ZERO {
            place.quantity -= quantity;
            left -= quantity;
            picks.push(Pick { location: place.location, lot: place.lot, quantity });
        }
    }
    picks
}

/// What picks come to.
pub(crate) fn total(picks: &[Pick]) -> Quantity {
    picks.iter().map(|pick| pick.quantity).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn free(location: i64, lot: Option<i64>, quantity: i64) -> Free {
        let quantity = Quantity::from_int(quantity);
        Free { location: Id::new(location), lot: lot.map(Id::new), quantity }
    }

    fn picked(only: Only, wanted: i64) -> Vec<(i64, Option<i64>, String)> {
        let mut places = [free(1, Some(7), 2), free(1, Some(8), 1), free(2, Some(7), 5)];
        pick(&mut places, Quantity::from_int(wanted), only)
            .into_iter()
            .map(|p| (p.location.raw(), p.lot.map(Id::raw), p.quantity.to_string()))
            .collect()
    }

    #[test]
    fn in_order_and_within_bounds() {
        let any = Only::default();
        assert_eq!(picked(any, 2), [(1, Some(7), "2".into())]);
        assert_eq!(
            picked(any, 4),
            [(1, Some(7), "2".into()), (1, Some(8), "1".into()), (2, Some(7), "1".into())]
        );
        assert_eq!(picked(any, 99).len(), 3, "never more than there is");
        let lot = Only { lot: Some(Id::new(8)), ..any };
        assert_eq!(picked(lot, 4), [(1, Some(8), "1".into())]);
        let place = Only { location: Some(Id::new(2)), ..any };
        assert_eq!(picked(place, 4), [(2, Some(7), "4".into())]);
        assert!(picked(any, 0).is_empty());
    }
}
