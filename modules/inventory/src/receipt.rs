//! Receipts: goods that come in, from a supplier or back from a customer. What comes in is one
//! entry; then who waits is served.
//! Not here: what the goods are worth (`worth`), who is served (`serve`).

use fondaco_kernel::module::{Args, Outcome};
use fondaco_kernel::permissions::Allowed;
use fondaco_kernel::ports::books::Place;
use fondaco_kernel::ports::stock::{Moved, MovedLine};
use fondaco_kernel::shared::{Party, Product};
use fondaco_kernel::store;
use fondaco_kernel::{DocRef, Record, Result, Tx};
use fondaco_values::{Date, Decimal, Id, Money, Problem, Quantity};

use crate::delivery::{Delivery, DeliveryLine, returned};
use crate::goods::{Coin, Goods};
use crate::incoming::{Arrival, arrivals};
use crate::movement;
use crate::place::{Location, Places};
use crate::posting::{self, Movement, Paper};
use crate::serve;
use crate::worth::Cost;

pub(crate) const MODEL: &str = "inventory.receipt";

#[derive(Record, Clone, Debug)]
#[record("inventory.receipt")]
pub struct Receipt {
    pub id: Id<Receipt>,
    pub version: i64,
    pub number: Option<String>,
    pub state: String,
    /// `supplier` or `customer`.
    pub purpose: String,
    pub party: Option<Id<Party>>,
    pub due: Date,
    pub location: Option<Id<Location>>,
    pub done_on: Option<Date>,
    pub lines: Vec<ReceiptLine>,
    pub source_model: Option<String>,
    pub source_id: Option<i64>,
    pub backorder_of: Option<Id<Receipt>>,
    pub return_of: Option<Id<Delivery>>,
}

#[derive(Record, Clone, Debug)]
#[record("inventory.receipt_line")]
pub struct ReceiptLine {
    pub id: Id<ReceiptLine>,
    pub product: Id<Product>,
    pub quantity: Quantity,
    pub done: Option<Quantity>,
    pub moved: Quantity,
    pub open: bool,
    pub lot_number: Option<String>,
    pub expires_on: Option<Date>,
    pub unit_cost: Option<Decimal>,
    pub value: Money,
    pub key: Option<i64>,
}

impl ReceiptLine {
    pub(crate) fn expected(
        product: Id<Product>,
        quantity: Quantity,
        unit_cost: Option<Decimal>,
        key: Option<i64>,
    ) -> ReceiptLine {
        ReceiptLine {
            id: Id::default(),
            product,
            quantity,
            done: None,
            moved: Quantity::ZERO,
            open: false,
            lot_number: None,
            expires_on: None,
            unit_cost,
            value: Money::ZERO,
            key,
        }
    }

    /// What the source calls this line.
    pub(crate) fn name(&self) -> i64 {
        self.key.unwrap_or(self.id.raw())
    }

    /// What comes in now.
    fn amount(&self) -> Quantity {
        self.done.unwrap_or(self.quantity)
    }
}

impl Receipt {
    /// A draft without lines.
    pub(crate) fn new(purpose: &str, due: Date) -> Receipt {
        Receipt {
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
            source_model: None,
            source_id: None,
            backorder_of: None,
            return_of: None,
        }
    }

    pub(crate) fn reference(&self) -> DocRef {
        DocRef::new(MODEL, self.id)
    }

    /// The document that announced it, the delivery that it takes back, or itself.
    pub(crate) fn source(&self) -> DocRef {
        match (&self.source_model, self.source_id, self.return_of) {
            (Some(model), Some(id), _) => DocRef { model: model.clone(), id: Id::new(id) },
            (_, _, Some(delivery)) => DocRef::new(crate::delivery::MODEL, delivery),
            _ => self.reference(),
        }
    }

    fn is_return(&self) -> bool {
        self.purpose == "customer"
    }

    fn origin<'p>(&self, places: &'p Places) -> Result<&'p Location> {
        places.outside(if self.is_return() { "customer" } else { "supplier" })
    }

    fn text(&self) -> String {
        let what = if self.is_return() { "Return from customer" } else { "Receipt" };
        match &self.number {
            Some(number) => format!("{what} {number}"),
            None => format!("{what} #{}", self.id),
        }
    }

    pub(crate) fn products(&self) -> Vec<Id<Product>> {
        let ids: std::collections::BTreeSet<_> =
            self.lines.iter().map(|line| line.product).collect();
        ids.into_iter().collect()
    }
}

/// Confirms a draft: from now on the goods are expected.
pub(crate) async fn confirm(tx: &mut Tx, receipt: Allowed<Receipt>, _: Args) -> Result<Outcome> {
    let mut receipt = receipt.into_inner();
    let goods = Goods::load(tx, receipt.products().into_iter().collect()).await?;
    let lines = receipt.lines.iter().enumerate();
    let faults = lines.flat_map(|(n, line)| goods.faults(n, line.product, line.quantity));
    fondaco_kernel::error::refuse_if_any(faults.collect())?;
    for line in &mut receipt.lines {
        line.open = true;
    }
    store::update(tx, &mut receipt).await?;
    Ok(Outcome::done())
}

/// Takes in what is entered, or else all that is expected; the rest becomes a receipt of its own.
pub(crate) async fn done(tx: &mut Tx, receipt: Allowed<Receipt>, args: Args) -> Result<Outcome> {
    let mut receipt = receipt.into_inner();
    let on = args.date("on").unwrap_or_else(|| tx.today());
    check_amounts(&receipt, over_receipt(tx).await?)?;
    let moved = take_in(tx, &mut receipt, on).await?;
    receipt.done_on = Some(on);
    let rest = match args.text("rest") {
        Some("drop") => None,
        _ => back_order(&mut receipt),
    };
    for line in &mut receipt.lines {
        (line.open, line.done) = (false, None);
    }
    store::update(tx, &mut receipt).await?;
    let mut outcome = Outcome::done().with("source", receipt.source()).with("moved", moved);
    if let Some(mut rest) = rest {
        let id = store::insert(tx, &mut rest).await?;
        store::perform(tx, id, "confirm", Args::default()).await?;
        outcome = outcome.opens(DocRef::new(MODEL, id));
    }
    serve::waiting(tx, &receipt.products()).await?;
    Ok(outcome)
}

/// Nothing of it is expected any more.
pub(crate) async fn cancel(tx: &mut Tx, receipt: Allowed<Receipt>, _: Args) -> Result<Outcome> {
    let mut receipt = receipt.into_inner();
    for line in &mut receipt.lines {
        line.open = false;
    }
    store::update(tx, &mut receipt).await?;
    Ok(Outcome::done())
}

/// Opens the return to the supplier of what was received: a draft delivery.
pub(crate) async fn send_back(tx: &mut Tx, receipt: Allowed<Receipt>, _: Args) -> Result<Outcome> {
    let mut delivery = Delivery::new("supplier", tx.today());
    delivery.party = receipt.party;
    delivery.return_of = Some(receipt.id);
    delivery.source_model = receipt.source_model.clone();
    delivery.source_id = receipt.source_id;
    let came = receipt.lines.iter().filter(|line| line.moved > Quantity::ZERO);
    delivery.lines = came
        .map(|line| DeliveryLine::wanted(line.product, line.moved, Some(line.name())))
        .collect();
    let id = store::insert(tx, &mut delivery).await?;
    Ok(Outcome::says("Confirm the return to set the goods aside.")
        .opens(DocRef::new(crate::delivery::MODEL, id)))
}

/// What the company has decided about receipts.
#[derive(Record, Clone, Debug)]
#[record("company")]
pub(crate) struct Terms {
    pub(crate) id: Id<Terms>,
    /// A share: 0.1 for 10 %.
    pub(crate) over_receipt: Option<Decimal>,
}

async fn over_receipt(tx: &mut Tx) -> Result<Decimal> {
    let company = tx.ctx().company();
    let terms = store::get::<Terms>(tx, company.cast()).await?;
    Ok(terms.over_receipt.unwrap_or(Decimal::ZERO))
}

/// A receipt that somebody announced takes in no more than was announced, but for what the company
/// lets pass.
fn check_amounts(receipt: &Receipt, over: Decimal) -> Result<()> {
    let mut problems = Vec::new();
    for (n, line) in receipt.lines.iter().enumerate() {
        let most = line.quantity.decimal() * (Decimal::ONE + over);
        if receipt.source_id.is_some() && line.amount().decimal() > most {
            let message = format!(
                "{} were announced, {} came: take in what was announced, and have the order changed \
                 for the rest.",
                line.quantity,
                line.amount(),
            );
            problems.push(Problem::new(format!("lines[{n}].done"), "too_much", message));
        }
    }
    if receipt.lines.iter().all(|line| line.amount().is_zero()) {
        let message = "Nothing comes in; enter what does, or cancel the receipt.";
        problems.push(Problem::new("lines", "nothing", message));
    }
    fondaco_kernel::error::refuse_if_any(problems)
}

/// Moves what comes in to its place, in one entry.
async fn take_in(tx: &mut Tx, receipt: &mut Receipt, on: Date) -> Result<Moved> {
    let places = Places::load(tx).await?;
    let goods = Goods::load(tx, receipt.products().into_iter().collect()).await?;
    let to = places.own_or_main(receipt.location, "location")?.id;
    let from = receipt.origin(&places)?.id;
    let coming = receipt.lines.iter().enumerate().map(|(n, line)| Arrival {
        line: n,
        product: line.product,
        quantity: line.amount(),
        lot_number: line.lot_number.clone(),
        expires_on: line.expires_on,
    });
    let lots = arrivals(tx, &places, &goods, coming.collect()).await?;
    let costs = costs(tx, &places, receipt).await?;
    let mut movements = Vec::with_capacity(lots.len());
    for part in &lots {
        let line = &receipt.lines[part.line];
        movements.push(Movement {
            key: Some(line.name()),
            line: part.line,
            product: line.product,
            quantity: part.quantity,
            from,
            to,
            lot: part.lot,
            cost: part.share_of(costs[part.line], line.amount()),
        });
    }
    let paper = Paper {
        document: receipt.reference(),
        source: receipt.source(),
        date: on,
        text: receipt.text(),
        party: receipt.party,
        movements,
        promise: None,
    };
    let values = posting::post(tx, &places, paper).await?;
    for (part, value) in lots.iter().zip(values) {
        receipt.lines[part.line].value += value;
    }
    Ok(book(receipt))
}

/// What each line costs: as it says, on returns else as it was when it left.
async fn costs(tx: &mut Tx, places: &Places, receipt: &Receipt) -> Result<Vec<Cost>> {
    let mut left = match receipt.is_return() {
        false => Default::default(),
        true => {
            let coin = Coin::load(tx).await?;
            let side = Place::Customer;
            let source = receipt.source();
            movement::returnable(tx, places, &source, side, coin).await?
        }
    };
    let coin = Coin::load(tx).await?;
    let mut costs = Vec::with_capacity(receipt.lines.len());
    for line in &receipt.lines {
        let known = left.get_mut(&(line.name(), line.product));
        costs.push(match (line.unit_cost, known) {
            (Some(unit_cost), _) => Cost::Unit(unit_cost),
            (None, Some(position)) => returned(position, line.amount(), coin),
            (None, None) => Cost::Own,
        });
    }
    Ok(costs)
}

/// Notes on the lines what has come; answers what to tell others.
fn book(receipt: &mut Receipt) -> Moved {
    let mut lines = Vec::new();
    for line in &mut receipt.lines {
        line.moved = line.amount();
        if line.moved.is_zero() {
            continue;
        }
        lines.push(MovedLine {
            key: Id::new(line.name()),
            product: line.product,
            quantity: line.moved,
            value: line.value,
        });
    }
    Moved { source: receipt.source(), lines }
}

/// Splits off what has not come: this receipt keeps what it took in, the rest is a new draft.
fn back_order(receipt: &mut Receipt) -> Option<Receipt> {
    let rest: Vec<ReceiptLine> = receipt
        .lines
        .iter()
        .filter(|line| line.quantity > line.moved)
        .map(|line| {
            let rest = line.quantity - line.moved;
            ReceiptLine::expected(line.product, rest, line.unit_cost, Some(line.name()))
        })
        .collect();
    if rest.is_empty() {
        return None;
    }
    receipt.lines.retain(|line| line.moved > Quantity::ZERO);
    for line in &mut receipt.lines {
        line.quantity = line.moved;
    }
    Some(Receipt {
        lines: rest,
        party: receipt.party,
        location: receipt.location,
        source_model: receipt.source_model.clone(),
        source_id: receipt.source_id,
        backorder_of: Some(receipt.id),
        return_of: receipt.return_of,
        ..Receipt::new(&receipt.purpose, receipt.due)
    })
}

#[cfg(test)]
mod tests {
    use fondaco_kernel::Error;

    use super::*;

    fn receipt(lines: &[(i64, Option<i64>)], announced: bool) -> Receipt {
        let line = |(quantity, done): &(i64, Option<i64>)| ReceiptLine {
            done: done.map(Quantity::from_int),
            ..ReceiptLine::expected(Id::new(1), Quantity::from_int(*quantity), None, Some(9))
        };
        Receipt {
            lines: lines.iter().map(line).collect(),
            source_id: announced.then_some(4),
            ..Receipt::new("supplier", Date::constant(2026, 1, 5))
        }
    }

    #[test]
    fn only_what_was_announced_comes_in() {
        let over = "0.2".parse().unwrap();
        let check = |lines: &[(i64, Option<i64>)], announced| match check_amounts(
            &receipt(lines, announced),
            over,
        ) {
            Ok(()) => "ok".to_owned(),
            Err(Error::Invalid(problems)) => problems[0].code.clone(),
            Err(other) => other.to_string(),
        };
        assert_eq!(check(&[(4, None), (2, Some(0))], true), "ok");
        assert_eq!(check(&[(5, Some(6))], true), "ok", "a fifth more passes");
        assert_eq!(check(&[(4, Some(5))], true), "too_much");
        assert_eq!(check(&[(4, Some(5))], false), "ok");
        assert_eq!(check(&[(4, Some(0))], true), "nothing");
    }

    #[test]
    fn blank_is_all_and_zero_is_none() {
        let mut some = receipt(&[(4, None), (2, Some(0)), (3, Some(1))], true);
        let moved = book(&mut some);
        let told: Vec<String> = moved.lines.iter().map(|line| line.quantity.to_string()).collect();
        assert_eq!(told, ["4", "1"]);
        let rest = back_order(&mut some).unwrap();
        let told = |r: &Receipt| {
            r.lines.iter().map(|line| line.quantity.to_string()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!((told(&some), told(&rest)), ("4 1".into(), "2 2".into()));
    }
}
