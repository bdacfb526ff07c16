//! What comes in, split by lot: new lots are made, a serial number is in stock once at most.
//! Not here: what a line says of its lots (`lot`).

use std::collections::BTreeSet;

use fondaco_kernel::shared::Product;
use fondaco_kernel::{Result, Tx};
use fondaco_values::{Date, Id, Problem, Quantity};

use crate::goods::{Goods, needs_lot};
use crate::level;
use crate::lot::{self, Known, Lot, Named, Part};
use crate::place::Places;
use crate::worth::Cost;

/// A line of a document that brings goods.
#[derive(Clone, Debug)]
pub(crate) struct Arrival {
    pub(crate) line: usize,
    pub(crate) product: Id<Product>,
    pub(crate) quantity: Quantity,
    pub(crate) lot_number: Option<String>,
    pub(crate) expires_on: Option<Date>,
}

/// A part of a line that belongs to one lot, or to none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct InLot {
    pub(crate) line: usize,
    pub(crate) quantity: Quantity,
    pub(crate) lot: Option<Id<Lot>>,
    /// How much of the line comes before it.
    pub(crate) before: Quantity,
}

impl InLot {
    /// Its part of the cost of the whole line; the parts add up exactly.
    pub(crate) fn share_of(&self, cost: Cost, whole: Quantity) -> Cost {
        let Cost::Total(minor) = cost else { return cost };
        let up_to = |quantity: Quantity| {
            let (part, whole) = (quantity.scaled().into(), whole.scaled().into());
            let how = fondaco_values::Rounding::HalfUp;
            fondaco_values::share(minor, part, whole, how).unwrap_or(0)
        };
        Cost::Total(up_to(self.before + self.quantity) - up_to(self.before))
    }
}

/// Splits what comes in by lot. Lines without a quantity are left out.
pub(crate) async fn arrivals(
    tx: &mut Tx,
    places: &Places,
    goods: &Goods,
    coming: Vec<Arrival>,
) -> Result<Vec<InLot>> {
    let mut split: Vec<(Arrival, Vec<Part>)> = Vec::with_capacity(coming.len());
    let mut problems = Vec::new();
    for arrival in coming.into_iter().filter(|arrival| arrival.quantity > Quantity::ZERO) {
        let product = goods.get(arrival.product)?;
        let written = arrival.lot_number.as_deref();
        match lot::parts(product, arrival.quantity, written, arrival.line) {
            Ok(parts) => split.push((arrival, parts)),
            Err(problem) => problems.push(problem),
        }
    }
    fondaco_kernel::error::refuse_if_any(problems)?;
    let known = lot::find_or_make(tx, named(&split)).await?;
    let lots = in_lots(&split, &known);
    refuse_second_serials(tx, places, goods, &split, &lots).await?;
    Ok(lots)
}

fn named(split: &[(Arrival, Vec<Part>)]) -> Vec<Named> {
    let mut named = Vec::new();
    for (arrival, parts) in split {
        for number in parts.iter().filter_map(|part| part.number.clone()) {
            let (product, expires_on) = (arrival.product, arrival.expires_on);
            named.push(Named { product, number, expires_on });
        }
    }
    named
}

fn in_lots(split: &[(Arrival, Vec<Part>)], known: &Known) -> Vec<InLot> {
    let mut lots = Vec::new();
    for (arrival, parts) in split {
        let mut before = Quantity::ZERO;
        for part in parts {
            let key = part.number.clone().map(|number| (arrival.product, number));
            let lot = key.and_then(|key| known.get(&key)).copied();
            lots.push(InLot { line: arrival.line, quantity: part.quantity, lot, before });
            before += part.quantity;
        }
    }
    lots
}

/// A serial number names one piece, which cannot come in while it is here.
async fn refuse_second_serials(
    tx: &mut Tx,
    places: &Places,
    goods: &Goods,
    split: &[(Arrival, Vec<Part>)],
    lots: &[InLot],
) -> Result<()> {
    let serial = |id: Id<Product>| goods.get(id).is_ok_and(|p| p.lot_policy == "serial");
    let products: BTreeSet<Id<Product>> =
        split.iter().map(|(arrival, _)| arrival.product).filter(|id| serial(*id)).collect();
    if products.is_empty() {
        return Ok(());
    }
    let products: Vec<Id<Product>> = products.into_iter().collect();
    let here = level::on_hand(tx, places, &products, None).await?;
    let mut here: BTreeSet<Id<Lot>> = here.values().flatten().filter_map(|held| held.lot).collect();
    let mut problems = Vec::new();
    for part in lots {
        let product = split.iter().find(|(arrival, _)| arrival.line == part.line);
        let Some((arrival, _)) = product.filter(|(arrival, _)| serial(arrival.product)) else {
            continue;
        };
        if part.lot.is_some_and(|lot| !here.insert(lot)) {
            let name = goods.name(arrival.product);
            let message = format!("A piece of {name} with that serial number is in stock already.");
            let field = format!("lines[{}].lot_number", part.line);
            problems.push(Problem::new(field, "serial_here", message));
        }
    }
    fondaco_kernel::error::refuse_if_any(problems)
}

/// What is wrong with a line that takes goods of a lot out: the lot must be said.
pub(crate) fn lot_missing(product: &Product, lot: Option<Id<Lot>>, line: usize) -> Option<Problem> {
    (needs_lot(product) && lot.is_none()).then(|| {
        let message = format!("{} is kept by lots; choose which one.", product.name);
        Problem::new(format!("lines[{line}].lot"), "required", message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cost_of_a_line_is_shared_exactly() {
        let part = |before: i64, quantity: i64| InLot {
            line: 0,
            quantity: Quantity::from_int(quantity),
            lot: None,
            before: Quantity::from_int(before),
        };
        let whole = Quantity::from_int(3);
        let shares: Vec<Cost> =
            (0..3).map(|n| part(n, 1).share_of(Cost::Total(100), whole)).collect();
        assert_eq!(shares, [Cost::Total(33), Cost::Total(34), Cost::Total(33)]);
        assert_eq!(part(0, 3).share_of(Cost::Own, whole), Cost::Own);
    }
}
