//! The port `stock`: what inventory does for sales, purchasing, manufacturing and quotes.
//! Not here: how it is done; each deed is a call into the file of its document.

use std::collections::{BTreeMap, BTreeSet};

use fondaco_kernel::module::Args;
use fondaco_kernel::ports::Stock;
use fondaco_kernel::ports::books::Place;
use fondaco_kernel::ports::stock::{
    Availability, Demand, Expected, Moved, MovedLine, Output, Purpose, Reserved,
};
use fondaco_kernel::shared::Product;
use fondaco_kernel::store::{self, Filter};
use fondaco_kernel::tx::Fut;
use fondaco_kernel::{DocRef, Record, Result, Tx, rollout};
use fondaco_values::{AnyId, Id, Money, Quantity, Rounding, share};

use crate::delivery::{self, Delivery, DeliveryLine};
use crate::goods::{Coin, Goods};
use crate::incoming::{Arrival, arrivals};
use crate::level;
use crate::lot;
use crate::place::Places;
use crate::posting::{self, Movement, Paper};
use crate::receipt::{self, Receipt, ReceiptLine};
use crate::worth::{Cost, Flow};
use crate::{reserve, serve};

pub(crate) struct Inventory;

impl Stock for Inventory {
    fn availability<'t>(
        &'t self,
        tx: &'t mut Tx,
        products: &'t [Id<Product>],
    ) -> Fut<'t, Vec<Availability>> {
        Box::pin(availability(tx, products))
    }

    fn demand<'t>(&'t self, tx: &'t mut Tx, ask: Demand) -> Fut<'t, Vec<Reserved>> {
        Box::pin(demand(tx, ask))
    }

    fn withdraw<'t>(&'t self, tx: &'t mut Tx, source: &'t DocRef) -> Fut<'t, ()> {
        Box::pin(withdraw(tx, source))
    }

    fn expect<'t>(&'t self, tx: &'t mut Tx, expected: Expected) -> Fut<'t, DocRef> {
        Box::pin(expect(tx, expected, "supplier"))
    }

    fn expect_return<'t>(&'t self, tx: &'t mut Tx, expected: Expected) -> Fut<'t, DocRef> {
        Box::pin(expect(tx, expected, "customer"))
    }

    fn issue<'t>(
        &'t self,
        tx: &'t mut Tx,
        source: &'t DocRef,
        share: (Quantity, Quantity),
    ) -> Fut<'t, Moved> {
        Box::pin(issue(tx, source, share))
    }

    fn add_work<'t>(
        &'t self,
        tx: &'t mut Tx,
        source: &'t DocRef,
        product: Id<Product>,
        value: Money,
    ) -> Fut<'t, ()> {
        Box::pin(add_work(tx, source, product, value))
    }

    fn produce<'t>(&'t self, tx: &'t mut Tx, output: Output) -> Fut<'t, Moved> {
        Box::pin(produce(tx, output))
    }
}

/// A line of an open receipt.
#[derive(Record, Clone, Debug)]
#[record("inventory.receipt_line")]
pub(crate) struct OpenLine {
    pub(crate) id: Id<OpenLine>,
    pub(crate) product: Id<Product>,
    pub(crate) quantity: Quantity,
}

/// What is expected of these products; without products, of all.
pub(crate) async fn incoming(
    tx: &mut Tx,
    products: &[Id<Product>],
) -> Result<BTreeMap<Id<Product>, Quantity>> {
    let mut filter = Filter::new().eq("open", true);
    if !products.is_empty() {
        filter = filter.is_in("product", products.iter().copied());
    }
    let mut incoming: BTreeMap<Id<Product>, Quantity> = BTreeMap::new();
    for line in store::find::<OpenLine>(tx, filter).await? {
        *incoming.entry(line.product).or_default() += line.quantity;
    }
    Ok(incoming)
}

async fn availability(tx: &mut Tx, products: &[Id<Product>]) -> Result<Vec<Availability>> {
    if products.is_empty() {
        return Ok(Vec::new());
    }
    let goods = Goods::load(tx, products.iter().copied().collect()).await?;
    let places = Places::load(tx).await?;
    let held = level::held(tx, &places, products).await?;
    let positions = level::positions(tx, &places, products).await?;
    let incoming = incoming(tx, products).await?;
    let coin = Coin::load(tx).await?;
    let one = |product: &Id<Product>| {
        let held = held.get(product).map_or(&[][..], Vec::as_slice);
        let on_hand: Quantity = held.iter().map(|held| held.on_hand).sum();
        let reserved: Quantity = held.iter().map(|held| held.reserved).sum();
        let position = positions.get(product).copied().unwrap_or_default();
        let standard = goods.get(*product).ok().and_then(|product| product.standard_cost);
        Availability {
            product: *product,
            on_hand,
            reserved,
            free: on_hand - reserved,
            incoming: incoming.get(product).copied().unwrap_or_default(),
            unit_cost: position.unit_cost(coin.exponent).or(standard.map(Money::decimal)),
        }
    };
    Ok(products.iter().map(one).collect())
}

/// The deliveries of a source that were not cancelled, oldest first.
async fn deliveries_of(tx: &mut Tx, source: &DocRef) -> Result<Vec<Delivery>> {
    let filter = Filter::new().eq("source_id", source.id.raw()).ne("state", "cancelled").sort("id");
    let mut found = store::find::<Delivery>(tx, filter).await?;
    found.retain(|own| own.source_model.as_deref() == Some(&source.model));
    Ok(found)
}

async fn demand(tx: &mut Tx, ask: Demand) -> Result<Vec<Reserved>> {
    let purpose = match ask.purpose {
        Purpose::Delivery => "customer",
        Purpose::Production => "production",
    };
    let goods = Goods::load(tx, ask.lines.iter().map(|line| line.product).collect()).await?;
    let mut known = deliveries_of(tx, &ask.source).await?;
    known.retain(|own| own.purpose == purpose);
    let mut delivery = Delivery::new(purpose, ask.due);
    for line in ask.lines.iter().filter(|line| goods.is_goods(line.product)) {
        let key = line.key.raw();
        let more = line.quantity - asked(&known, key, line.product);
        if more > Quantity::ZERO {
            delivery.lines.push(DeliveryLine::wanted(line.product, more, Some(key)));
        }
    }
    if !delivery.lines.is_empty() {
        delivery.party = ask.party;
        delivery.source_model = Some(ask.source.model.clone());
        delivery.source_id = Some(ask.source.id.raw());
        let id = store::insert(tx, &mut delivery).await?;
        store::perform(tx, id, "confirm", Args::default()).await?;
        known.push(store::get(tx, id).await?);
    }
    Ok(ask.lines.iter().map(|line| reserved(&known, line, &goods)).collect())
}

fn lines_of(
    deliveries: &[Delivery],
    key: i64,
    product: Id<Product>,
) -> impl Iterator<Item = &DeliveryLine> {
    let lines = deliveries.iter().flat_map(|delivery| &delivery.lines);
    lines.filter(move |line| line.key == Some(key) && line.product == product)
}

fn asked(deliveries: &[Delivery], key: i64, product: Id<Product>) -> Quantity {
    lines_of(deliveries, key, product).map(|line| line.quantity).sum()
}

/// What of a line is there for it. A service is never short.
fn reserved(
    deliveries: &[Delivery],
    line: &fondaco_kernel::ports::stock::DemandLine,
    goods: &Goods,
) -> Reserved {
    let (key, product, wanted) = (line.key, line.product, line.quantity);
    let got: Quantity =
        lines_of(deliveries, key.raw(), product).map(|line| line.reserved + line.moved).sum();
    let reserved = if goods.is_goods(product) { got.min(wanted) } else { wanted };
    Reserved { key, product, wanted, reserved }
}

/// Gives back what was set aside or expected for documents that ended while the inventory was off.
pub(crate) async fn let_go(tx: &mut Tx) -> Result<()> {
    let mut sources = BTreeSet::new();
    let open = Filter::new().is_in("state", ["waiting", "ready"]);
    for delivery in store::find::<Delivery>(tx, open.clone()).await? {
        sources.extend(delivery.source_model.zip(delivery.source_id));
    }
    for receipt in store::find::<Receipt>(tx, open).await? {
        sources.extend(receipt.source_model.zip(receipt.source_id));
    }
    for (model, id) in sources {
        let source = DocRef { model, id: AnyId::new(id) };
        if rollout::is_over(tx, &source).await? {
            withdraw(tx, &source).await?;
        }
    }
    Ok(())
}

async fn withdraw(tx: &mut Tx, source: &DocRef) -> Result<()> {
    let mut freed = BTreeSet::new();
    for mut open in deliveries_of(tx, source).await?.into_iter().filter(Delivery::is_open) {
        freed.extend(open.products());
        let begun = open.lines.iter().any(|line| line.moved > Quantity::ZERO);
        delivery::give_back(tx, &mut open).await?;
        let step = if begun { "complete" } else { "cancel" };
        store::perform(tx, open.id, step, Args::default()).await?;
    }
    let filter =
        Filter::new().eq("source_id", source.id.raw()).is_in("state", ["draft", "waiting"]);
    for receipt in store::find::<Receipt>(tx, filter).await? {
        if receipt.source_model.as_deref() == Some(&source.model) {
            store::perform(tx, receipt.id, "cancel", Args::default()).await?;
        }
    }
    serve::waiting(tx, &freed.into_iter().collect::<Vec<_>>()).await
}

/// Opens a receipt for what is not announced yet; answers the newest of the source.
async fn expect(tx: &mut Tx, expected: Expected, purpose: &str) -> Result<DocRef> {
    let source = &expected.source;
    let filter = Filter::new().eq("source_id", source.id.raw()).ne("state", "cancelled").sort("id");
    let mut known = store::find::<Receipt>(tx, filter).await?;
    known
        .retain(|own| own.source_model.as_deref() == Some(&source.model) && own.purpose == purpose);
    let announced = |key: i64, product: Id<Product>| -> Quantity {
        let lines = known.iter().flat_map(|receipt| &receipt.lines);
        let same = lines.filter(|line| line.key == Some(key) && line.product == product);
        same.map(|line| line.quantity).sum()
    };
    // Every return is one of its own: what came back once may come back again after a repair.
    let again = purpose == "customer";
    let mut receipt = Receipt::new(purpose, expected.due);
    for line in &expected.lines {
        let key = line.key.raw();
        let known = if again { Quantity::ZERO } else { announced(key, line.product) };
        let more = line.quantity - known;
        if more > Quantity::ZERO {
            let line = ReceiptLine::expected(line.product, more, line.unit_cost, Some(key));
            receipt.lines.push(line);
        }
    }
    let last = known.last().map(|receipt| receipt.id);
    if let (true, Some(last)) = (receipt.lines.is_empty(), last) {
        return Ok(DocRef::new(receipt::MODEL, last));
    }
    receipt.party = expected.party;
    receipt.source_model = Some(source.model.clone());
    receipt.source_id = Some(source.id.raw());
    let id = store::insert(tx, &mut receipt).await?;
    store::perform(tx, id, "confirm", Args::default()).await?;
    Ok(DocRef::new(receipt::MODEL, id))
}

/// Takes a share of what is still to be taken of each line; the last share takes the rest.
async fn issue(tx: &mut Tx, source: &DocRef, (part, whole): (Quantity, Quantity)) -> Result<Moved> {
    let mut moved = Moved { source: source.clone(), lines: Vec::new() };
    let open = deliveries_of(tx, source).await?;
    let open = open.into_iter().filter(|own| own.is_open() && own.purpose == "production");
    let today = tx.today();
    for mut delivery in open {
        let amounts: Vec<Quantity> =
            delivery.lines.iter().map(|line| portion(line.left(), part, whole)).collect();
        if amounts.iter().all(|amount| amount.is_zero()) {
            continue;
        }
        let taken = delivery::carry(tx, &mut delivery, &amounts, today).await?;
        add_up(&mut moved.lines, taken.lines);
        for line in &mut delivery.lines {
            line.waiting = line.short() > Quantity::ZERO;
        }
        let places = Places::load(tx).await?;
        reserve::promise(tx, &places, &mut delivery).await?;
        if delivery.lines.iter().all(|line| line.left() <= Quantity::ZERO) {
            delivery.done_on = Some(today);
            reserve::save(tx, &mut delivery).await?;
            store::perform(tx, delivery.id, "complete", Args::default()).await?;
        } else {
            reserve::save(tx, &mut delivery).await?;
            reserve::settle_state(tx, &delivery).await?;
        }
    }
    Ok(moved)
}

/// A part of a quantity, to the millionth; all of it when the part is the whole.
fn portion(left: Quantity, part: Quantity, whole: Quantity) -> Quantity {
    if part >= whole {
        return left;
    }
    let (part, whole) = (part.scaled().into(), whole.scaled().into());
    Quantity::from_scaled(share(left.scaled(), part, whole, Rounding::HalfUp).unwrap_or(0))
}

fn add_up(into: &mut Vec<MovedLine>, lines: Vec<MovedLine>) {
    for line in lines {
        match into.iter_mut().find(|own| own.key == line.key && own.product == line.product) {
            Some(own) => {
                own.quantity += line.quantity;
                own.value += line.value;
            }
            None => into.push(line),
        }
    }
}

async fn add_work(tx: &mut Tx, source: &DocRef, product: Id<Product>, value: Money) -> Result<()> {
    let coin = Coin::load(tx).await?;
    let minor = coin.minor(value);
    // Hours that were taken back take their value out of production again.
    let (from, to) = match minor {
        taken_back if taken_back < 0 => (Place::Production, Place::Work),
        _ => (Place::Work, Place::Production),
    };
    let flow = Flow { from, to, minor: minor.abs() };
    let changes = if minor == 0 { Vec::new() } else { vec![(product, flow)] };
    let today = tx.today();
    posting::revalue(tx, source.clone(), today, "Work".to_owned(), changes).await
}

/// Takes what was produced into the main place. A quantity of zero is a production that gave
/// nothing: its value is a loss.
async fn produce(tx: &mut Tx, output: Output) -> Result<Moved> {
    let coin = Coin::load(tx).await?;
    let today = tx.today();
    let source = output.source.clone();
    let moved = Moved {
        source: source.clone(),
        lines: vec![MovedLine {
            key: output.key,
            product: output.product,
            quantity: output.quantity,
            value: output.value,
        }],
    };
    let minor = coin.minor(output.value);
    if output.quantity <= Quantity::ZERO {
        let flow = Flow { from: Place::Production, to: Place::Adjustment, minor };
        let changes = if minor > 0 { vec![(output.product, flow)] } else { Vec::new() };
        posting::revalue(tx, source, today, "Production lost".to_owned(), changes).await?;
        return Ok(moved);
    }
    let places = Places::load(tx).await?;
    let goods = Goods::load(tx, [output.product].into()).await?;
    let movements = produced(tx, &places, &goods, &output, minor).await?;
    let paper = Paper {
        document: source.clone(),
        source,
        date: today,
        text: "Production".to_owned(),
        party: None,
        movements,
        promise: None,
    };
    posting::post(tx, &places, paper).await?;
    serve::waiting(tx, &[output.product]).await?;
    Ok(moved)
}

async fn produced(
    tx: &mut Tx,
    places: &Places,
    goods: &Goods,
    output: &Output,
    minor: i64,
) -> Result<Vec<Movement>> {
    let product = goods.get(output.product)?;
    let stem = format!("{}-{}", tx.today(), tx.new_id::<Product>());
    let numbers = lot::invented(product, output.quantity, &stem);
    let numbers: Vec<String> = numbers.into_iter().filter_map(|part| part.number).collect();
    let arrival = Arrival {
        line: 0,
        product: output.product,
        quantity: output.quantity,
        lot_number: (!numbers.is_empty()).then(|| numbers.join(",")),
        expires_on: None,
    };
    let from = places.outside("production")?.id;
    let to = places.main()?.id;
    let parts = arrivals(tx, places, goods, vec![arrival]).await?;
    let movement = |part: &crate::incoming::InLot| Movement {
        key: Some(output.key.raw()),
        line: 0,
        product: output.product,
        quantity: part.quantity,
        from,
        to,
        lot: part.lot,
        cost: part.share_of(Cost::Total(minor), output.quantity),
    };
    Ok(parts.iter().map(movement).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn portions_add_up() {
        let q = |text: &str| text.parse::<Quantity>().unwrap();
        let mut left = q("1");
        let mut taken = Vec::new();
        for pieces_left in [3, 2, 1] {
            let now = portion(left, q("1"), Quantity::from_int(pieces_left));
            taken.push(now.to_string());
            left -= now;
        }
        assert_eq!(taken, ["0.333333", "0.333334", "0.333333"]);
        assert!(left.is_zero());
        assert_eq!(portion(q("10"), q("2"), q("5")), q("4"));
        assert_eq!(portion(q("10"), q("9"), q("5")), q("10"));
    }

    #[test]
    fn what_a_source_has_asked_for_counts_once() {
        let mut one = Delivery::new("customer", fondaco_values::Date::constant(2026, 1, 5));
        one.lines = vec![
            DeliveryLine {
                reserved: Quantity::from_int(3),
                ..DeliveryLine::wanted(Id::new(1), Quantity::from_int(5), Some(7))
            },
            DeliveryLine::wanted(Id::new(2), Quantity::from_int(9), Some(7)),
        ];
        let all = [one];
        assert_eq!(asked(&all, 7, Id::new(1)), Quantity::from_int(5));
        assert_eq!(asked(&all, 8, Id::new(1)), Quantity::ZERO);
    }
}
