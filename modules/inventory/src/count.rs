//! Counts: what was found at a place against what the books held when it was entered. Whatever has
//! moved since then is no difference.

use std::collections::BTreeSet;

use fondaco_kernel::model::Saving;
use fondaco_kernel::module::{Args, Outcome};
use fondaco_kernel::permissions::Allowed;
use fondaco_kernel::shared::Product;
use fondaco_kernel::store;
use fondaco_kernel::{DocRef, Record, Result, Tx};
use fondaco_values::{Date, Decimal, Id, Money, Problem, Quantity};

use crate::goods::Goods;
use crate::incoming::lot_missing;
use crate::level::{self, Held, Holdings};
use crate::lot::Lot;
use crate::place::{Location, Places, own};
use crate::posting::{self, Movement, Paper};
use crate::serve::{self, Missing};
use crate::worth::Cost;

pub(crate) const MODEL: &str = "inventory.count";

#[derive(Record, Clone, Debug)]
#[record("inventory.count")]
pub struct Count {
    pub id: Id<Count>,
    pub version: i64,
    pub location: Id<Location>,
    pub done_on: Option<Date>,
    pub lines: Vec<CountLine>,
}

#[derive(Record, Clone, Debug)]
#[record("inventory.count_line")]
pub struct CountLine {
    pub id: Id<CountLine>,
    pub product: Id<Product>,
    pub lot: Option<Id<Lot>>,
    pub expected: Option<Quantity>,
    pub counted: Option<Quantity>,
    pub unit_cost: Option<Decimal>,
    pub value: Money,
}

impl CountLine {
    /// More found (+) or less (−) than expected; `None` when it was not counted.
    fn difference(&self) -> Option<Quantity> {
        Some(self.counted? - self.expected.unwrap_or(Quantity::ZERO))
    }
}

/// Before a count is saved: a line that is counted now remembers what the books hold now.
pub(crate) async fn prepare(tx: &mut Tx, batch: &mut [Saving]) -> Result<()> {
    let mut places = None;
    for saving in batch {
        let Some(location) = saving.link::<Location>("location") else { continue };
        let counted = freshly_counted(saving);
        if counted.is_empty() {
            continue;
        }
        if places.is_none() {
            places = Some(Places::load(tx).await?);
        }
        let Some(places) = &places else { continue };
        let products: BTreeSet<Id<Product>> = counted.iter().map(|(_, p, _)| *p).collect();
        let products: Vec<Id<Product>> = products.into_iter().collect();
        let here = level::on_hand(tx, places, &products, None).await?;
        let lines = saving.draft.lines_mut("lines");
        for (at, product, lot) in counted {
            let held = at_place(&here, product, location, lot);
            let expected = held.map_or(Quantity::ZERO, |held| held.on_hand);
            lines[at].draft.set("expected", expected);
        }
    }
    Ok(())
}

type Counted = (usize, Id<Product>, Option<Id<Lot>>);

/// The wanted lines whose count is new: by place in the draft, with what they count.
fn freshly_counted(saving: &Saving) -> Vec<Counted> {
    let moved = saving.changes("location");
    let before = saving.old.as_ref().map_or(&[][..], |old| old.lines("lines"));
    let mut counted = Vec::new();
    for (at, line) in saving.draft.lines("lines").iter().enumerate() {
        let old = before.iter().find(|old| Some(old.id) == line.id);
        let had = old.and_then(|old| old.decimal("counted"));
        let touched = ["counted", "product", "lot"].iter().any(|field| line.draft.has(field));
        let now = match line.draft.has("counted") {
            true => line.draft.decimal("counted"),
            false => had,
        };
        let same_goods = old.is_some_and(|old| {
            let product = line.draft.link::<Product>("product");
            let lot = line.draft.link::<Lot>("lot");
            let lot_same = !line.draft.has("lot") || lot == old.link("lot");
            product.is_none_or(|product| Some(product) == old.link("product")) && lot_same
        });
        let fresh = now.is_some() && (moved || touched && !(same_goods && now == had));
        let product =
            line.draft.link("product").or_else(|| old.and_then(|old| old.link("product")));
        let lot = match line.draft.has("lot") {
            true => line.draft.link("lot"),
            false => old.and_then(|old| old.link("lot")),
        };
        if let (true, Some(product)) = (fresh, product) {
            counted.push((at, product, lot));
        }
    }
    counted
}

fn at_place(
    here: &Holdings,
    product: Id<Product>,
    location: Id<Location>,
    lot: Option<Id<Lot>>,
) -> Option<&Held> {
    here.get(&product)?.iter().find(|held| held.location == location && held.lot == lot)
}

/// Adds a blank line for all that the books hold at the place and no line names yet.
pub(crate) async fn fill(tx: &mut Tx, count: Allowed<Count>, _: Args) -> Result<Outcome> {
    let mut count = count.into_inner();
    let places = Places::load(tx).await?;
    own(places.get(count.location)?, "location")?;
    let here = level::on_hand(tx, &places, &[], None).await?;
    let mut added = 0;
    for (product, held) in &here {
        for held in held.iter().filter(|held| held.location == count.location) {
            let named = |line: &CountLine| line.product == *product && line.lot == held.lot;
            if !count.lines.iter().any(named) {
                count.lines.push(CountLine {
                    id: Id::default(),
                    product: *product,
                    lot: held.lot,
                    expected: None,
                    counted: None,
                    unit_cost: None,
                    value: Money::ZERO,
                });
                added += 1;
            }
        }
    }
    store::update(tx, &mut count).await?;
    Ok(Outcome::says(format!("{added} lines were added.")))
}

/// Books the differences of what was counted, in one entry.
pub(crate) async fn done(tx: &mut Tx, count: Allowed<Count>, args: Args) -> Result<Outcome> {
    let mut count = count.into_inner();
    let on = args.date("on").unwrap_or_else(|| tx.today());
    let places = Places::load(tx).await?;
    let here = own(places.get(count.location)?, "location")?.id;
    let goods = Goods::load(tx, count.lines.iter().map(|line| line.product).collect()).await?;
    check(&count, &goods)?;
    let movements = movements(&count, here, places.outside("adjustment")?.id);
    let gone: Vec<&Movement> = movements.iter().filter(|m| m.from == here).collect();
    give_up(tx, &places, &gone).await?;
    if !movements.is_empty() {
        let document = DocRef::new(MODEL, count.id);
        let at: Vec<(usize, bool)> = movements.iter().map(|m| (m.line, m.from == here)).collect();
        let paper = Paper {
            source: document.clone(),
            document,
            date: on,
            text: "Count".to_owned(),
            party: None,
            movements,
            promise: None,
        };
        let values = posting::post(tx, &places, paper).await?;
        for ((line, lost), value) in at.into_iter().zip(values) {
            count.lines[line].value = if lost { -value } else { value };
        }
    }
    count.done_on = Some(on);
    store::update(tx, &mut count).await?;
    serve::waiting(tx, &goods.ids()).await?;
    Ok(Outcome::done())
}

fn check(count: &Count, goods: &Goods) -> Result<()> {
    let mut problems = Vec::new();
    let mut seen = BTreeSet::new();
    for (n, line) in count.lines.iter().enumerate().filter(|(_, line)| line.counted.is_some()) {
        let product = goods.get(line.product)?;
        if !product.is_goods() {
            let message = format!("{} is not kept in stock; leave it out.", product.name);
            problems.push(Problem::new(format!("lines[{n}].product"), "not_goods", message));
        }
        problems.extend(lot_missing(product, line.lot, n));
        if !seen.insert((line.product, line.lot)) {
            let message = format!("{} is counted twice; add the two up in one line.", product.name);
            problems.push(Problem::new(format!("lines[{n}].product"), "twice", message));
        }
        let one = Quantity::ONE;
        if product.lot_policy == "serial" && line.counted.is_some_and(|c| c != one && !c.is_zero())
        {
            let message = "A serial number names one piece: count one or none.";
            problems.push(Problem::new(format!("lines[{n}].counted"), "serial", message));
        }
    }
    fondaco_kernel::error::refuse_if_any(problems)
}

fn movements(count: &Count, here: Id<Location>, outside: Id<Location>) -> Vec<Movement> {
    let lines = count.lines.iter().enumerate();
    lines
        .filter_map(|(n, line)| {
            let difference = line.difference().filter(|difference| !difference.is_zero())?;
            let lost = difference.is_negative();
            Some(Movement {
                key: Some(line.id.raw()),
                line: n,
                product: line.product,
                quantity: difference.abs(),
                from: if lost { here } else { outside },
                to: if lost { outside } else { here },
                lot: line.lot,
                cost: match line.unit_cost {
                    Some(unit_cost) if !lost => Cost::Unit(unit_cost),
                    _ => Cost::Own,
                },
            })
        })
        .collect()
}

/// What was promised of goods that are not there is taken back from those who are due last.
pub(crate) async fn give_up(tx: &mut Tx, places: &Places, gone: &[&Movement]) -> Result<()> {
    let products: BTreeSet<Id<Product>> = gone.iter().map(|movement| movement.product).collect();
    if products.is_empty() {
        return Ok(());
    }
    let products: Vec<Id<Product>> = products.into_iter().collect();
    let held = level::held(tx, places, &products).await?;
    let mut missing = Vec::new();
    for movement in gone {
        let (product, location, lot) = (movement.product, movement.from, movement.lot);
        let Some(held) = at_place(&held, product, location, lot) else { continue };
        let over = movement.quantity - (held.on_hand - held.reserved);
        if over > Quantity::ZERO {
            missing.push(Missing { product, location, lot, quantity: over.min(held.reserved) });
        }
    }
    serve::give_up(tx, &missing).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(id: i64, expected: Option<i64>, counted: Option<i64>) -> CountLine {
        CountLine {
            id: Id::new(id),
            product: Id::new(id),
            lot: None,
            expected: expected.map(Quantity::from_int),
            counted: counted.map(Quantity::from_int),
            unit_cost: None,
            value: Money::ZERO,
        }
    }

    #[test]
    fn blank_is_not_zero() {
        let count = Count {
            id: Id::new(1),
            version: 1,
            location: Id::new(10),
            done_on: None,
            lines: vec![
                line(1, Some(5), None),
                line(2, Some(5), Some(0)),
                line(3, Some(5), Some(7)),
                line(4, None, Some(2)),
                line(5, Some(3), Some(3)),
            ],
        };
        let told: Vec<String> = movements(&count, Id::new(10), Id::new(99))
            .iter()
            .map(|m| format!("{}:{}>{} {}", m.line, m.from, m.to, m.quantity))
            .collect();
        assert_eq!(told, ["1:10>99 5", "2:99>10 2", "3:99>10 2"]);
    }
}
