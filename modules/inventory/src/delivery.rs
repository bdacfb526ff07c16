//! Deliveries: goods that go out, to a customer, into production, back to a supplier. What is there
//! is set aside when the delivery is confirmed, the rest waits; what goes out is one entry.
//! Not here: setting aside (`reserve`), who is served when something comes in (`serve`).

use std::collections::BTreeMap;

use fondaco_kernel::ledger::Pending;
use fondaco_kernel::module::{Args, Outcome};
use fondaco_kernel::permissions::Allowed;
use fondaco_kernel::ports::books::Place;
use fondaco_kernel::ports::stock::{Moved, MovedLine};
use fondaco_kernel::shared::{Party, Product};
use fondaco_kernel::store;
use fondaco_kernel::{DocRef, Error, Record, Result, Tx};
use fondaco_values::{AnyId, Date, Id, Money, Problem, Quantity};

use crate::goods::{Coin, Goods};
use crate::level;
use crate::lot::Lot;
use crate::movement;
use crate::pick::{Only, Pick, pick, total};
use crate::place::{Location, Places};
use crate::posting::{self, Movement, Paper};
use crate::receipt::{Receipt, ReceiptLine};
use crate::valuation::{Method, Position};
use crate::worth::Cost;
use crate::{reserve, serve};

pub(crate) const MODEL: &str = "inventory.delivery";

#[derive(Record, Clone, Debug)]
#[record("inventory.delivery")]
pub struct Delivery {
    pub id: Id<Delivery>,
    pub version: i64,
    pub number: Option<String>,
    pub state: String,
    /// `customer`, `production` or `supplier`.
    pub purpose: String,
    pub party: Option<Id<Party>>,
    pub due: Date,
    pub location: Option<Id<Location>>,
    pub done_on: Option<Date>,
    pub lines: Vec<DeliveryLine>,
    pub reservations: Vec<Reservation>,
    pub source_model: Option<String>,
    pub source_id: Option<i64>,
    pub backorder_of: Option<Id<Delivery>>,
    pub return_of: Option<Id<Receipt>>,
    pub promise: Option<i64>,
    pub promised: Option<i64>,
}

#[derive(Record, Clone, Debug)]
#[record("inventory.delivery_line")]
pub struct DeliveryLine {
    pub id: Id<DeliveryLine>,
    pub product: Id<Product>,
    pub quantity: Quantity,
    pub reserved: Quantity,
    pub done: Option<Quantity>,
    pub moved: Quantity,
    pub lot: Option<Id<Lot>>,
    pub due: Option<Date>,
    pub waiting: bool,
    pub value: Money,
    pub key: Option<i64>,
}

#[derive(Record, Clone, Debug)]
#[record("inventory.reservation")]
pub struct Reservation {
    pub id: Id<Reservation>,
    pub line: Id<DeliveryLine>,
    pub product: Id<Product>,
    pub location: Id<Location>,
    pub lot: Option<Id<Lot>>,
    pub quantity: Quantity,
}

impl DeliveryLine {
    /// Wanted and neither set aside nor gone.
    pub(crate) fn short(&self) -> Quantity {
        self.quantity - self.reserved - self.moved
    }

    /// Wanted and not gone.
    pub(crate) fn left(&self) -> Quantity {
        self.quantity - self.moved
    }

    /// What the source calls this line.
    pub(crate) fn name(&self) -> i64 {
        self.key.unwrap_or(self.id.raw())
    }

    pub(crate) fn wanted(product: Id<Product>, quantity: Quantity, key: Option<i64>) -> Self {
        DeliveryLine {
            id: Id::default(),
            product,
            quantity,
            reserved: Quantity::ZERO,
            done: None,
            moved: Quantity::ZERO,
            lot: None,
            due: None,
            waiting: false,
            value: Money::ZERO,
            key,
        }
    }
}

impl Delivery {
    /// A draft without lines.
    pub(crate) fn new(purpose: &str, due: Date) -> Delivery {
        Delivery {
            id: Id::default(),
            version: 0,
            number: None,
            state: "draft".to_owned(),
            purpose: purpose.to_owned(),
            party: None,
            due,
            location: None,
            done_on: None,
            lines: Vec::new(),
            reservations: Vec::new(),
            source_model: None,
            source_id: None,
            backorder_of: None,
            return_of: None,
            promise: None,
            promised: None,
        }
    }

    pub(crate) fn reference(&self) -> DocRef {
        DocRef::new(MODEL, self.id)
    }

    /// The document that wanted it: the one that asked, the one it takes back, or itself.
    pub(crate) fn source(&self) -> DocRef {
        match (&self.source_model, self.source_id, self.return_of) {
            (Some(model), Some(id), _) => DocRef { model: model.clone(), id: Id::new(id) },
            (_, _, Some(receipt)) => DocRef::new(crate::receipt::MODEL, receipt),
            _ => self.reference(),
        }
    }

    /// Where it goes, as accounting sees it.
    pub(crate) fn side(&self) -> Place {
        match self.purpose.as_str() {
            "supplier" => Place::Supplier,
            "production" => Place::Production,
            _ => Place::Customer,
        }
    }

    pub(crate) fn destination<'p>(&self, places: &'p Places) -> Result<&'p Location> {
        places.outside(match self.side() {
            Place::Supplier => "supplier",
            Place::Production => "production",
            _ => "customer",
        })
    }

    pub(crate) fn is_open(&self) -> bool {
        matches!(self.state.as_str(), "draft" | "waiting" | "ready")
    }

    pub(crate) fn is_complete(&self) -> bool {
        self.lines.iter().all(|line| line.short() <= Quantity::ZERO)
    }

    pub(crate) fn products(&self) -> Vec<Id<Product>> {
        let ids: std::collections::BTreeSet<_> =
            self.lines.iter().map(|line| line.product).collect();
        ids.into_iter().collect()
    }

    pub(crate) fn only(&self, line: &DeliveryLine) -> Only {
        Only { location: self.location, lot: line.lot }
    }

    pub(crate) fn title(&self) -> String {
        self.number.clone().unwrap_or_else(|| format!("#{}", self.id))
    }

    fn text(&self) -> String {
        let what = match self.side() {
            Place::Supplier => "Return to supplier",
            Place::Production => "Issue to production",
            _ => "Delivery",
        };
        format!("{what} {}", self.title())
    }
}

/// Confirms a draft: sets aside what is free, waits for the rest.
pub(crate) async fn confirm(tx: &mut Tx, delivery: Allowed<Delivery>, _: Args) -> Result<Outcome> {
    let mut delivery = delivery.into_inner();
    check_lines(tx, &delivery).await?;
    for line in &mut delivery.lines {
        line.due = Some(delivery.due);
    }
    let places = Places::load(tx).await?;
    let mut free = level::free(tx, &places, &delivery.products()).await?;
    reserve::set_aside(&mut delivery, &mut free);
    reserve::promise(tx, &places, &mut delivery).await?;
    reserve::save(tx, &mut delivery).await?;
    let short = reserve::settle_state(tx, &delivery).await?;
    let message = if short { "Some of it waits for goods." } else { "All of it is set aside." };
    Ok(Outcome::says(message))
}

/// Looks again for what is free; those who were due before are served first.
pub(crate) async fn look_again(
    tx: &mut Tx,
    delivery: Allowed<Delivery>,
    _: Args,
) -> Result<Outcome> {
    serve::waiting(tx, &delivery.products()).await?;
    let delivery = store::get::<Delivery>(tx, delivery.id).await?;
    let message = match delivery.is_complete() {
        true => "All of it is set aside.".to_owned(),
        false => {
            let short: Quantity = delivery.lines.iter().map(DeliveryLine::short).sum();
            format!("{short} are still missing.")
        }
    };
    Ok(Outcome::says(message))
}

/// Moves what is entered, or else what is set aside; the rest becomes a delivery of its own.
pub(crate) async fn done(tx: &mut Tx, delivery: Allowed<Delivery>, args: Args) -> Result<Outcome> {
    let mut delivery = delivery.into_inner();
    let on = args.date("on").unwrap_or_else(|| tx.today());
    let amounts = amounts(&delivery)?;
    let moved = carry(tx, &mut delivery, &amounts, on).await?;
    delivery.done_on = Some(on);
    delivery.reservations.clear();
    let rest = match args.text("rest") {
        Some("drop") => None,
        _ => back_order(&mut delivery),
    };
    for line in &mut delivery.lines {
        (line.reserved, line.waiting) = (Quantity::ZERO, false);
    }
    store::update(tx, &mut delivery).await?;
    let outcome = Outcome::done().with("source", delivery.source()).with("moved", moved);
    let Some(mut rest) = rest else {
        serve::waiting(tx, &delivery.products()).await?;
        return Ok(outcome);
    };
    let id = store::insert(tx, &mut rest).await?;
    store::perform(tx, id, "confirm", Args::default()).await?;
    Ok(outcome.opens(DocRef::new(MODEL, id)))
}

/// Gives back what is set aside.
pub(crate) async fn cancel(tx: &mut Tx, delivery: Allowed<Delivery>, _: Args) -> Result<Outcome> {
    let mut delivery = delivery.into_inner();
    if delivery.lines.iter().any(|line| line.moved > Quantity::ZERO) {
        let message = "Part of it has gone out already; only what is left can be given back, by the \
                       document that asked for it.";
        return Err(Error::problem("state", "begun", message));
    }
    give_back(tx, &mut delivery).await?;
    serve::waiting(tx, &delivery.products()).await?;
    Ok(Outcome::done())
}

/// Ends a delivery of which all was taken out in parts, or what was left was given back.
pub(crate) async fn complete(_: &mut Tx, delivery: Allowed<Delivery>, _: Args) -> Result<Outcome> {
    let gone = delivery.lines.iter().filter(|line| line.moved > Quantity::ZERO);
    let lines = gone.map(|line| MovedLine {
        key: Id::new(line.name()),
        product: line.product,
        quantity: line.moved,
        value: line.value,
    });
    let moved = Moved { source: delivery.source(), lines: lines.collect() };
    Ok(Outcome::done().with("source", delivery.source()).with("moved", moved))
}

/// Ends a delivery without moving what is left of it. The caller then serves who waits.
pub(crate) async fn give_back(tx: &mut Tx, delivery: &mut Delivery) -> Result<()> {
    reserve::release(tx, delivery).await?;
    delivery.reservations.clear();
    for line in &mut delivery.lines {
        (line.reserved, line.waiting) = (Quantity::ZERO, false);
    }
    store::update(tx, delivery).await
}

/// Opens the return of what a customer got: a draft receipt.
pub(crate) async fn bring_back(
    tx: &mut Tx,
    delivery: Allowed<Delivery>,
    _: Args,
) -> Result<Outcome> {
    let mut receipt = Receipt::new("customer", tx.today());
    receipt.party = delivery.party;
    receipt.return_of = Some(delivery.id);
    receipt.source_model = delivery.source_model.clone();
    receipt.source_id = delivery.source_id;
    let gone = delivery.lines.iter().filter(|line| line.moved > Quantity::ZERO);
    receipt.lines = gone
        .map(|line| ReceiptLine::expected(line.product, line.moved, None, Some(line.name())))
        .collect();
    let id = store::insert(tx, &mut receipt).await?;
    Ok(Outcome::says("Confirm the return when the goods are announced.")
        .opens(DocRef::new(crate::receipt::MODEL, id)))
}

async fn check_lines(tx: &mut Tx, delivery: &Delivery) -> Result<()> {
    let goods = Goods::load(tx, delivery.lines.iter().map(|line| line.product).collect()).await?;
    let lines = delivery.lines.iter().enumerate();
    let faults = lines.flat_map(|(n, line)| goods.faults(n, line.product, line.quantity));
    let mut problems: Vec<Problem> = faults.collect();
    if let Some(location) = delivery.location {
        let places = Places::load(tx).await?;
        if !places.get(location)?.is_own() {
            let message = "Goods are delivered from an own place; choose one.";
            problems.push(Problem::new("location", "not_own", message));
        }
    }
    fondaco_kernel::error::refuse_if_any(problems)
}

/// How much of each line goes out now.
fn amounts(delivery: &Delivery) -> Result<Vec<Quantity>> {
    let mut problems = Vec::new();
    let mut amounts = Vec::with_capacity(delivery.lines.len());
    for (n, line) in delivery.lines.iter().enumerate() {
        let amount = line.done.unwrap_or(line.reserved);
        if amount > line.left() {
            let message = format!("Only {} are asked for; {amount} is more.", line.left());
            problems.push(Problem::new(format!("lines[{n}].done"), "too_much", message));
        }
        amounts.push(amount);
    }
    if problems.is_empty() && amounts.iter().all(|amount| amount.is_zero()) {
        let message = "Nothing is set aside yet; wait for goods, or enter what goes out.";
        problems.push(Problem::new("lines", "nothing", message));
    }
    fondaco_kernel::error::refuse_if_any(problems)?;
    Ok(amounts)
}

/// Moves so much of each line out, first what is set aside, then what is free, in one entry. The
/// reservation of the ledger ends with it; what stays set aside is left in `reservations`.
pub(crate) async fn carry(
    tx: &mut Tx,
    delivery: &mut Delivery,
    amounts: &[Quantity],
    on: Date,
) -> Result<Moved> {
    let places = Places::load(tx).await?;
    let picks = picks(tx, &places, delivery, amounts).await?;
    let costs = costs(tx, &places, delivery, &picks).await?;
    let to = delivery.destination(&places)?.id;
    let movement = |(line, pick): (usize, &Pick), cost: Cost| Movement {
        key: Some(delivery.lines[line].name()),
        line,
        product: delivery.lines[line].product,
        quantity: pick.quantity,
        from: pick.location,
        to,
        lot: pick.lot,
        cost,
    };
    let flat = picks.iter().enumerate().flat_map(|(n, picks)| picks.iter().map(move |p| (n, p)));
    let movements: Vec<Movement> = flat.zip(costs).map(|(at, cost)| movement(at, cost)).collect();
    let promise = delivery.promise.take().map(Id::<Pending>::new).zip(delivery.promised.take());
    let paper = Paper {
        document: delivery.reference(),
        source: delivery.source(),
        date: on,
        text: delivery.text(),
        party: delivery.party,
        movements,
        promise,
    };
    let at: Vec<usize> = paper.movements.iter().map(|movement| movement.line).collect();
    let values = posting::post(tx, &places, paper).await?;
    let mut worth: BTreeMap<usize, Money> = BTreeMap::new();
    for (line, value) in at.into_iter().zip(values) {
        *worth.entry(line).or_default() += value;
    }
    Ok(book(delivery, amounts, &worth))
}

/// Notes on the lines what has gone; answers what to tell others.
fn book(delivery: &mut Delivery, amounts: &[Quantity], worth: &BTreeMap<usize, Money>) -> Moved {
    let mut lines = Vec::new();
    for (n, (line, amount)) in delivery.lines.iter_mut().zip(amounts).enumerate() {
        if amount.is_zero() {
            continue;
        }
        let value = worth.get(&n).copied().unwrap_or_default();
        line.moved += *amount;
        line.value += value;
        line.done = None;
        let key: AnyId = Id::new(line.name());
        lines.push(MovedLine { key, product: line.product, quantity: *amount, value });
    }
    Moved { source: delivery.source(), lines }
}

/// Where each line's amount is taken from.
async fn picks(
    tx: &mut Tx,
    places: &Places,
    delivery: &mut Delivery,
    amounts: &[Quantity],
) -> Result<Vec<Vec<Pick>>> {
    let mut picks = reserve::take(delivery, amounts);
    let missing: Vec<Quantity> =
        picks.iter().zip(amounts).map(|(picks, amount)| *amount - total(picks)).collect();
    if missing.iter().all(|missing| missing.is_zero()) {
        return Ok(picks);
    }
    let wants = delivery.lines.iter().zip(&missing).filter(|(_, missing)| !missing.is_zero());
    let products: Vec<Id<Product>> = wants.map(|(line, _)| line.product).collect();
    let goods = Goods::load(tx, products.iter().copied().collect()).await?;
    // What this delivery has set aside is not offered again: it is in the register still.
    let mut free = level::free(tx, places, &products).await?;
    let mut problems = Vec::new();
    for (n, line) in delivery.lines.iter().enumerate().filter(|(n, _)| !missing[*n].is_zero()) {
        let offered = free.entry(line.product).or_default();
        let more = pick(offered, missing[n], delivery.only(line));
        let found = total(&more);
        if found < missing[n] {
            let there = total(&picks[n]) + found;
            let message = format!(
                "Only {there} of {} can go out; {} are missing.",
                goods.name(line.product),
                missing[n] - found,
            );
            problems.push(Problem::new(format!("lines[{n}].done"), "short", message));
        }
        picks[n].extend(more);
    }
    fondaco_kernel::error::refuse_if_any(problems)?;
    Ok(picks)
}

/// What each pick is worth to the side outside: returns to a supplier at what they came in at, all
/// else at what it is worth here.
async fn costs(
    tx: &mut Tx,
    places: &Places,
    delivery: &Delivery,
    picks: &[Vec<Pick>],
) -> Result<Vec<Cost>> {
    if delivery.side() != Place::Supplier {
        return Ok(vec![Cost::Own; picks.iter().map(Vec::len).sum()]);
    }
    let coin = Coin::load(tx).await?;
    let source = delivery.source();
    let mut left = movement::returnable(tx, places, &source, Place::Supplier, coin).await?;
    let mut costs = Vec::new();
    for (line, picks) in delivery.lines.iter().zip(picks) {
        for pick in picks {
            let known = left.get_mut(&(line.name(), line.product));
            costs.push(known.map_or(Cost::Own, |from| returned(from, pick.quantity, coin)));
        }
    }
    Ok(costs)
}

/// The part of a value that goes back with so much of the goods.
pub(crate) fn returned(position: &mut Position, quantity: Quantity, coin: Coin) -> Cost {
    if position.quantity < quantity {
        return Cost::Own;
    }
    Cost::Total(position.take(Method::Average, quantity, coin.exponent))
}

/// Splits off what has not gone: this delivery keeps what it moved, the rest is a new draft.
fn back_order(delivery: &mut Delivery) -> Option<Delivery> {
    let rest: Vec<DeliveryLine> = delivery
        .lines
        .iter()
        .filter(|line| line.left() > Quantity::ZERO)
        .map(|line| DeliveryLine {
            lot: line.lot,
            ..DeliveryLine::wanted(line.product, line.left(), Some(line.name()))
        })
        .collect();
    if rest.is_empty() {
        return None;
    }
    delivery.lines.retain(|line| line.moved > Quantity::ZERO);
    for line in &mut delivery.lines {
        line.quantity = line.moved;
    }
    Some(Delivery {
        lines: rest,
        party: delivery.party,
        location: delivery.location,
        source_model: delivery.source_model.clone(),
        source_id: delivery.source_id,
        backorder_of: Some(delivery.id),
        return_of: delivery.return_of,
        ..Delivery::new(&delivery.purpose, delivery.due)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(quantity: i64, reserved: i64, done: Option<i64>) -> DeliveryLine {
        DeliveryLine {
            reserved: Quantity::from_int(reserved),
            done: done.map(Quantity::from_int),
            ..DeliveryLine::wanted(Id::new(1), Quantity::from_int(quantity), Some(7))
        }
    }

    fn delivery(lines: Vec<DeliveryLine>) -> Delivery {
        Delivery { lines, ..Delivery::new("customer", Date::constant(2026, 1, 5)) }
    }

    #[test]
    fn what_goes_out_is_what_is_entered_or_set_aside() {
        let check = |lines: Vec<DeliveryLine>| match amounts(&delivery(lines)) {
            Ok(amounts) => amounts.iter().map(Quantity::to_string).collect::<Vec<_>>().join(" "),
            Err(Error::Invalid(problems)) => problems
                .iter()
                .map(|p| format!("{}:{}", p.field, p.code))
                .collect::<Vec<_>>()
                .join(" "),
            Err(other) => other.to_string(),
        };
        assert_eq!(check(vec![line(5, 3, None), line(2, 2, Some(1))]), "3 1");
        assert_eq!(check(vec![line(5, 3, Some(5))]), "5");
        assert_eq!(check(vec![line(5, 3, Some(6))]), "lines[0].done:too_much");
        assert_eq!(check(vec![line(5, 0, None)]), "lines:nothing");
        assert_eq!(check(vec![line(5, 3, Some(0))]), "lines:nothing");
    }

    #[test]
    fn the_rest_is_a_delivery_of_its_own() {
        let mut all = delivery(vec![line(5, 3, None), line(2, 0, None)]);
        let worth = BTreeMap::from([(0, Money::from_minor(364_714, 2))]);
        let moved = book(&mut all, &[Quantity::from_int(3), Quantity::ZERO], &worth);
        assert_eq!(moved.lines.len(), 1);
        assert_eq!(moved.lines[0].value.to_string(), "3647.14");
        let rest = back_order(&mut all).unwrap();
        let told = |d: &Delivery| {
            d.lines.iter().map(|l| l.quantity.to_string()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!((told(&all), told(&rest)), ("3".into(), "2 2".into()));
        assert!(rest.lines.iter().all(|line| line.key == Some(7)));
        assert!(back_order(&mut all).is_none());
    }
}
