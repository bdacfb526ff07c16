//! Setting goods aside for a delivery: which, kept in the register of reservations, and promised in
//! the ledger, whose floor lets nobody else have them.
//! INVARIANT: an open delivery has at most one reservation in the ledger, and it is the sum of its
//! rows in the register.

use std::collections::BTreeMap;

use fondaco_kernel::ledger::{self, Draft, Line, Pending};
use fondaco_kernel::module::Args;
use fondaco_kernel::store;
use fondaco_kernel::{Result, Tx};
use fondaco_values::{Id, Quantity};

use crate::delivery::{Delivery, Reservation};
use crate::level::Frees;
use crate::pick::{Pick, pick};
use crate::place::Places;
use crate::posting::JOURNAL;

/// Sets aside for each line what it lacks, as far as it is free. The ledger does not know yet.
pub(crate) fn set_aside(delivery: &mut Delivery, free: &mut Frees) {
    for n in 0..delivery.lines.len() {
        let line = &delivery.lines[n];
        let only = delivery.only(line);
        let picks = match free.get_mut(&line.product) {
            Some(free) => pick(free, line.short(), only),
            None => Vec::new(),
        };
        add(delivery, n, picks);
    }
}

/// Sets these picks aside for a line.
pub(crate) fn add(delivery: &mut Delivery, n: usize, picks: Vec<Pick>) {
    let line = &mut delivery.lines[n];
    for Pick { location, lot, quantity } in picks {
        line.reserved += quantity;
        let same = |r: &&mut Reservation| (r.line, r.location, r.lot) == (line.id, location, lot);
        match delivery.reservations.iter_mut().find(same) {
            Some(there) => there.quantity += quantity,
            None => delivery.reservations.push(Reservation {
                id: Id::default(),
                line: line.id,
                product: line.product,
                location,
                lot,
                quantity,
            }),
        }
    }
    line.waiting = line.short() > Quantity::ZERO;
}

/// Takes up to `amounts` of each line out of what is set aside for it.
pub(crate) fn take(delivery: &mut Delivery, amounts: &[Quantity]) -> Vec<Vec<Pick>> {
    let mut picks = Vec::with_capacity(amounts.len());
    for (line, amount) in delivery.lines.iter_mut().zip(amounts) {
        let mut left = *amount;
        let mut taken = Vec::new();
        for there in delivery.reservations.iter_mut().filter(|there| there.line == line.id) {
            let quantity = left.min(there.quantity);
            if quantity > Quantity::ZERO {
                there.quantity -= quantity;
                left -= quantity;
                taken.push(Pick { location: there.location, lot: there.lot, quantity });
            }
        }
        line.reserved -= *amount - left;
        picks.push(taken);
    }
    delivery.reservations.retain(|there| there.quantity > Quantity::ZERO);
    picks
}

/// Promises in the ledger what is set aside, in place of what was promised before.
///
/// # Errors
/// The ledger's refusal when somebody else was faster.
pub(crate) async fn promise(tx: &mut Tx, places: &Places, delivery: &mut Delivery) -> Result<()> {
    release(tx, delivery).await?;
    if delivery.reservations.is_empty() {
        return Ok(());
    }
    let to = delivery.destination(places)?.ledger()?;
    let mut sums: BTreeMap<_, i64> = BTreeMap::new();
    for there in &delivery.reservations {
        let from = places.get(there.location)?.ledger()?;
        *sums.entry((from, there.product, there.lot)).or_default() += there.quantity.scaled();
    }
    let mut draft = Draft::new(JOURNAL, tx.today(), format!("Set aside for {}", delivery.title()));
    draft.source = Some(delivery.reference());
    for ((from, product, lot), amount) in sums {
        for line in [Line::credit(from, product, amount), Line::debit(to, product, amount)] {
            draft.lines.push(Line { subsidiary: lot.map(Id::any), ..line });
        }
    }
    delivery.promised = draft.lines.first().map(|line| line.amount.abs());
    delivery.promise = Some(ledger::reserve(tx, draft, None).await?.raw());
    Ok(())
}

/// Gives back what is promised in the ledger.
pub(crate) async fn release(tx: &mut Tx, delivery: &mut Delivery) -> Result<()> {
    delivery.promised = None;
    match delivery.promise.take() {
        Some(promise) => ledger::release(tx, Id::<Pending>::new(promise)).await,
        None => Ok(()),
    }
}

/// Saves a delivery whose reservations have changed.
pub(crate) async fn save(tx: &mut Tx, delivery: &mut Delivery) -> Result<()> {
    store::update(tx, delivery).await
}

/// Brings the state in line with what is set aside; answers whether something is missing.
pub(crate) async fn settle_state(tx: &mut Tx, delivery: &Delivery) -> Result<bool> {
    let complete = delivery.is_complete();
    let step = match (complete, delivery.state.as_str()) {
        (true, "draft" | "waiting") => "arrive",
        (false, "draft" | "ready") => "wait",
        _ => return Ok(!complete),
    };
    store::perform(tx, delivery.id, step, Args::default()).await?;
    Ok(!complete)
}

#[cfg(test)]
mod tests {
    use fondaco_values::Date;

    use super::*;
    use crate::delivery::DeliveryLine;
    use crate::pick::Free;

    fn q(units: i64) -> Quantity {
        Quantity::from_int(units)
    }

    fn delivery() -> Delivery {
        let line = |id: i64, product: i64, quantity: i64| DeliveryLine {
            id: Id::new(id),
            ..DeliveryLine::wanted(Id::new(product), q(quantity), None)
        };
        let lines = vec![line(1, 70, 5), line(2, 70, 2), line(3, 80, 1)];
        Delivery { lines, ..Delivery::new("customer", Date::constant(2026, 1, 5)) }
    }

    fn told(delivery: &Delivery) -> Vec<(i64, i64, String)> {
        let rows = delivery.reservations.iter();
        rows.map(|r| (r.line.raw(), r.location.raw(), r.quantity.to_string())).collect()
    }

    #[test]
    fn lines_are_served_in_order_from_one_supply() {
        let mut delivery = delivery();
        let place = |location: i64, quantity: i64| Free {
            location: Id::new(location),
            lot: None,
            quantity: q(quantity),
        };
        let mut free = Frees::from([(Id::new(70), vec![place(10, 4), place(11, 2)])]);
        set_aside(&mut delivery, &mut free);
        let expected = [(1, 10, "4".into()), (1, 11, "1".into()), (2, 11, "1".into())];
        assert_eq!(told(&delivery), expected);
        let waiting: Vec<bool> = delivery.lines.iter().map(|line| line.waiting).collect();
        assert_eq!(waiting, [false, true, true]);
        assert!(!delivery.is_complete());

        let picks = take(&mut delivery, &[q(5), q(0), q(1)]);
        assert_eq!(picks.iter().map(Vec::len).collect::<Vec<_>>(), [2, 0, 0]);
        assert_eq!(told(&delivery), [(2, 11, "1".into())]);
        assert_eq!(delivery.lines[0].reserved, q(0));
    }
}
