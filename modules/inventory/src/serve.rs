//! Who gets what has come in: waiting deliveries in order of due date, then of their making.
//! And the other way round: who gives back when goods turn out not to be there.
//! Not here: what setting aside does (`reserve`).

use std::collections::{BTreeMap, BTreeSet};

use fondaco_kernel::events::Event;
use fondaco_kernel::shared::Product;
use fondaco_kernel::store::{self, Filter};
use fondaco_kernel::{Record, Result, Tx};
use fondaco_values::{Date, Id, Quantity};
use serde_json::json;

use crate::delivery::{self, Delivery, Reservation};
use crate::level::{self, Frees};
use crate::lot::Lot;
use crate::pick::{Only, Pick, pick};
use crate::place::{Location, Places};
use crate::reserve;

/// Heard by whoever has demanded goods and waited for them.
pub(crate) const READY: &str = "inventory.demand.ready";

/// A waiting line, with what decides whose turn it is.
#[derive(Record, Clone, Debug)]
#[record("inventory.delivery_line")]
pub(crate) struct WaitingLine {
    pub(crate) id: Id<WaitingLine>,
    pub(crate) delivery: Id<Delivery>,
    pub(crate) product: Id<Product>,
    pub(crate) quantity: Quantity,
    pub(crate) reserved: Quantity,
    pub(crate) moved: Quantity,
    pub(crate) lot: Option<Id<Lot>>,
    pub(crate) due: Option<Date>,
    pub(crate) position: i64,
}

/// The lines that wait for these products.
pub(crate) async fn waiting_lines(
    tx: &mut Tx,
    products: &[Id<Product>],
) -> Result<Vec<WaitingLine>> {
    if products.is_empty() {
        return Ok(Vec::new());
    }
    let filter = Filter::new().eq("waiting", true).is_in("product", products.iter().copied());
    store::find(tx, filter).await
}

/// Serves those who wait for these products from what is free.
pub(crate) async fn waiting(tx: &mut Tx, products: &[Id<Product>]) -> Result<()> {
    let lines = waiting_lines(tx, products).await?;
    if lines.is_empty() {
        return Ok(());
    }
    let places = Places::load(tx).await?;
    let wanted: BTreeSet<Id<Product>> = lines.iter().map(|line| line.product).collect();
    let wanted: Vec<Id<Product>> = wanted.into_iter().collect();
    let mut free = level::free(tx, &places, &wanted).await?;
    if free.values().all(Vec::is_empty) {
        return Ok(());
    }
    let bound = bound_places(tx, &lines).await?;
    let turns = turns(lines, &mut free, &bound);
    let ids: Vec<Id<Delivery>> = turns.keys().copied().collect();
    for mut delivery in store::get_many::<Delivery>(tx, &ids).await? {
        for (line, picks) in turns.get(&delivery.id).into_iter().flatten() {
            let at = delivery.lines.iter().position(|own| own.id.raw() == line.raw());
            if let Some(at) = at {
                reserve::add(&mut delivery, at, picks.clone());
            }
        }
        serve(tx, &places, &mut delivery).await?;
    }
    Ok(())
}

/// Promises what a delivery has got, and tells its source when nothing is missing any more.
async fn serve(tx: &mut Tx, places: &Places, delivery: &mut Delivery) -> Result<()> {
    reserve::promise(tx, places, delivery).await?;
    reserve::save(tx, delivery).await?;
    let short = reserve::settle_state(tx, delivery).await?;
    if short {
        return Ok(());
    }
    let payload = json!({ "source": delivery.source() });
    tx.emit(Event::new(READY, delivery::MODEL, delivery.id.any(), payload)).await
}

/// The places that deliveries are bound to, for those that are.
async fn bound_places(
    tx: &mut Tx,
    lines: &[WaitingLine],
) -> Result<BTreeMap<Id<Delivery>, Id<Location>>> {
    let ids: BTreeSet<Id<Delivery>> = lines.iter().map(|line| line.delivery).collect();
    let filter = Filter::new().is_in("id", ids).not_null("location");
    let heads = store::find::<Head>(tx, filter).await?;
    let bound = heads.into_iter().filter_map(|head| Some((head.id.cast(), head.location?)));
    Ok(bound.collect())
}

/// A delivery without its lines.
#[derive(Record, Clone, Debug)]
#[record("inventory.delivery")]
pub(crate) struct Head {
    pub(crate) id: Id<Head>,
    pub(crate) due: Date,
    pub(crate) location: Option<Id<Location>>,
}

type Turns = BTreeMap<Id<Delivery>, Vec<(Id<WaitingLine>, Vec<Pick>)>>;

/// Who gets what, in order of due date, then of making.
fn turns(
    mut lines: Vec<WaitingLine>,
    free: &mut Frees,
    bound: &BTreeMap<Id<Delivery>, Id<Location>>,
) -> Turns {
    lines.sort_by_key(|line| (line.due.unwrap_or(Date::MAX), line.delivery, line.position));
    let mut turns = Turns::new();
    for line in lines {
        let Some(offered) = free.get_mut(&line.product) else { continue };
        let only = Only { location: bound.get(&line.delivery).copied(), lot: line.lot };
        let picks = pick(offered, line.quantity - line.reserved - line.moved, only);
        if !picks.is_empty() {
            turns.entry(line.delivery).or_default().push((line.id, picks));
        }
    }
    turns
}

/// Goods of one lot at one place that are promised and turn out not to be there.
pub(crate) struct Missing {
    pub(crate) product: Id<Product>,
    pub(crate) location: Id<Location>,
    pub(crate) lot: Option<Id<Lot>>,
    pub(crate) quantity: Quantity,
}

/// A row of the register with the delivery it belongs to.
#[derive(Record, Clone, Debug)]
#[record("inventory.reservation")]
pub(crate) struct Claim {
    pub(crate) id: Id<Claim>,
    pub(crate) delivery: Id<Delivery>,
    pub(crate) product: Id<Product>,
    pub(crate) location: Id<Location>,
    pub(crate) lot: Option<Id<Lot>>,
    pub(crate) quantity: Quantity,
}

/// Takes back what was set aside of goods that are missing: from those who are due last.
pub(crate) async fn give_up(tx: &mut Tx, missing: &[Missing]) -> Result<()> {
    if missing.is_empty() {
        return Ok(());
    }
    let products: BTreeSet<Id<Product>> = missing.iter().map(|missing| missing.product).collect();
    let claims = store::find::<Claim>(tx, Filter::new().is_in("product", products)).await?;
    let ids: BTreeSet<Id<Delivery>> = claims.iter().map(|claim| claim.delivery).collect();
    let ids: Vec<Id<Delivery>> = ids.into_iter().collect();
    let mut deliveries = store::get_many::<Delivery>(tx, &ids).await?;
    deliveries.sort_by_key(|delivery| std::cmp::Reverse((delivery.due, delivery.id)));
    let mut left: Vec<Quantity> = missing.iter().map(|missing| missing.quantity).collect();
    let places = Places::load(tx).await?;
    for mut delivery in deliveries {
        if yield_up(&mut delivery, missing, &mut left) {
            reserve::promise(tx, &places, &mut delivery).await?;
            reserve::save(tx, &mut delivery).await?;
            reserve::settle_state(tx, &delivery).await?;
        }
    }
    Ok(())
}

/// Takes from one delivery what is still missing; answers whether it had any of it.
fn yield_up(delivery: &mut Delivery, missing: &[Missing], left: &mut [Quantity]) -> bool {
    let mut gave = false;
    for (missing, left) in missing.iter().zip(left) {
        let same = |r: &Reservation| {
            (r.product, r.location, r.lot) == (missing.product, missing.location, missing.lot)
        };
        for claim in delivery.reservations.iter_mut().filter(|r| same(r)) {
            let back = claim.quantity.min(*left);
            let line = delivery.lines.iter_mut().find(|line| line.id == claim.line);
            if let (Some(line), true) = (line, back > Quantity::ZERO) {
                claim.quantity -= back;
                line.reserved -= back;
                line.waiting = true;
                *left -= back;
                gave = true;
            }
        }
    }
    delivery.reservations.retain(|claim| claim.quantity > Quantity::ZERO);
    gave
}

/// How much of each product is wanted by those who wait.
pub(crate) fn wanted(lines: &[WaitingLine]) -> BTreeMap<Id<Product>, Quantity> {
    let mut wanted: BTreeMap<Id<Product>, Quantity> = BTreeMap::new();
    for line in lines {
        *wanted.entry(line.product).or_default() += line.quantity - line.reserved - line.moved;
    }
    wanted
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::DeliveryLine;
    use crate::pick::Free;

    fn line(id: i64, delivery: i64, due: &str, short: i64) -> WaitingLine {
        WaitingLine {
            id: Id::new(id),
            delivery: Id::new(delivery),
            product: Id::new(70),
            quantity: Quantity::from_int(short),
            reserved: Quantity::ZERO,
            moved: Quantity::ZERO,
            lot: None,
            due: due.parse().ok(),
            position: 1,
        }
    }

    #[test]
    fn first_due_first_served_then_first_made() {
        let lines = vec![
            line(1, 100, "2026-03-01", 4),
            line(2, 101, "2026-02-01", 3),
            line(3, 99, "2026-03-01", 2),
            line(4, 90, "", 9),
        ];
        let place = Free { location: Id::new(10), lot: None, quantity: Quantity::from_int(6) };
        let mut free = Frees::from([(Id::new(70), vec![place])]);
        let turns = turns(lines, &mut free, &BTreeMap::new());
        let got: Vec<_> = turns
            .iter()
            .map(|(delivery, lines)| (delivery.raw(), crate::pick::total(&lines[0].1).to_string()))
            .collect();
        assert_eq!(got, [(99, "2".into()), (100, "1".into()), (101, "3".into())]);
    }

    #[test]
    fn a_delivery_bound_to_a_place_leaves_what_lies_elsewhere() {
        let place = |location: i64| Free {
            location: Id::new(location),
            lot: None,
            quantity: Quantity::from_int(5),
        };
        let mut free = Frees::from([(Id::new(70), vec![place(10), place(11)])]);
        let bound = BTreeMap::from([(Id::new(100), Id::new(11))]);
        let turns = turns(vec![line(1, 100, "2026-03-01", 8)], &mut free, &bound);
        let picks = &turns[&Id::new(100)][0].1;
        assert_eq!(picks.len(), 1);
        assert_eq!(picks[0].location, Id::new(11));
    }

    #[test]
    fn missing_goods_are_given_up_once() {
        let mut delivery = Delivery::new("customer", Date::constant(2026, 1, 5));
        let line = DeliveryLine {
            id: Id::new(1),
            reserved: Quantity::from_int(4),
            ..DeliveryLine::wanted(Id::new(70), Quantity::from_int(4), None)
        };
        delivery.lines = vec![line];
        delivery.reservations = vec![Reservation {
            id: Id::new(5),
            line: Id::new(1),
            product: Id::new(70),
            location: Id::new(10),
            lot: None,
            quantity: Quantity::from_int(4),
        }];
        let missing = [Missing {
            product: Id::new(70),
            location: Id::new(10),
            lot: None,
            quantity: Quantity::from_int(3),
        }];
        let mut left = vec![Quantity::from_int(3)];
        assert!(yield_up(&mut delivery, &missing, &mut left));
        assert_eq!(delivery.lines[0].reserved, Quantity::ONE);
        assert!(!yield_up(&mut delivery, &missing, &mut left), "nothing is missing any more");
    }
}
