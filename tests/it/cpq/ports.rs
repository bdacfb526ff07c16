//! A quote beside other modules, played here: what is in stock, who makes what is missing, how the
//! customer stands, and the order that comes of it.

use fondaco_tests::both;
use std::sync::Arc;

use fondaco_kernel::ports::credit::{Credit, Standing};
use fondaco_kernel::ports::orders::{OrderAsk, Orders};
use fondaco_kernel::ports::stock::{
    Availability, Demand, Expected, Moved, Output, Reserved, Stock,
};
use fondaco_kernel::ports::supply::{Covered, Need, Outlook, Part, Supply, Taken};
use fondaco_kernel::shared::{Note, Party, Product};
use fondaco_kernel::values::{Id, Money, Quantity};
use fondaco_kernel::{DocRef, Error, Fut, Module, Tx, store};
use serde_json::{Value as Json, json};

use super::{House, figures};

both! {
    a_quote_shows_parts_promise_standing_and_margin,
    what_is_there_of_a_product_goes_to_the_first_line,
    a_part_that_two_lines_want_is_counted_once,
    an_accepted_quote_becomes_an_order_of_variants,
}

/// Three of everything are free, at 400.00; nothing else is asked of it.
struct Shelf;

impl Stock for Shelf {
    fn availability<'t>(
        &'t self,
        _: &'t mut Tx,
        products: &'t [Id<Product>],
    ) -> Fut<'t, Vec<Availability>> {
        let three = |&product: &Id<Product>| Availability {
            product,
            on_hand: Quantity::from_int(4),
            reserved: Quantity::ONE,
            free: Quantity::from_int(3),
            incoming: Quantity::ZERO,
            unit_cost: Some(400.into()),
        };
        let found = products.iter().map(three).collect();
        Box::pin(async move { Ok(found) })
    }

    fn demand<'t>(&'t self, _: &'t mut Tx, _: Demand) -> Fut<'t, Vec<Reserved>> {
        Box::pin(unasked())
    }

    fn withdraw<'t>(&'t self, _: &'t mut Tx, _: &'t DocRef) -> Fut<'t, ()> {
        Box::pin(unasked())
    }

    fn expect<'t>(&'t self, _: &'t mut Tx, _: Expected) -> Fut<'t, DocRef> {
        Box::pin(unasked())
    }

    fn expect_return<'t>(&'t self, _: &'t mut Tx, _: Expected) -> Fut<'t, DocRef> {
        Box::pin(unasked())
    }

    fn issue<'t>(
        &'t self,
        _: &'t mut Tx,
        _: &'t DocRef,
        _: (Quantity, Quantity),
    ) -> Fut<'t, Moved> {
        Box::pin(unasked())
    }

    fn add_work<'t>(
        &'t self,
        _: &'t mut Tx,
        _: &'t DocRef,
        _: Id<Product>,
        _: Money,
    ) -> Fut<'t, ()> {
        Box::pin(unasked())
    }

    fn produce<'t>(&'t self, _: &'t mut Tx, _: Output) -> Fut<'t, Moved> {
        Box::pin(unasked())
    }
}

async fn unasked<T>() -> Result<T, Error> {
    Err(Error::Internal("a quote moves nothing".to_owned()))
}

/// Makes what is missing: of one frame each, at 1,215.71, by the twentieth.
struct Workshop;

impl Supply for Workshop {
    fn way(&self) -> &'static str {
        "make"
    }

    fn cover<'t>(&'t self, _: &'t mut Tx, _: Vec<Need>) -> Fut<'t, Vec<Covered>> {
        Box::pin(unasked())
    }

    fn withdraw<'t>(&'t self, _: &'t mut Tx, _: &'t DocRef) -> Fut<'t, ()> {
        Box::pin(unasked())
    }

    fn outlook<'t>(
        &'t self,
        _: &'t mut Tx,
        need: &'t Need,
        taken: &'t mut Taken,
    ) -> Fut<'t, Outlook> {
        Box::pin(async move {
            let (product, there) = (need.product, Quantity::from_int(3));
            let free = taken.left(product, there);
            taken.take(product, need.quantity, there);
            let name = "Carbon frame".to_owned();
            let frame = Part { product, name, wanted: need.quantity, free };
            Ok(Outlook {
                ready_on: Some("2026-03-20".parse().unwrap()),
                unit_cost: Some("1215.714".parse().unwrap()),
                parts: vec![frame],
            })
        })
    }
}

/// A limit of 20,000.00, of which 6,000.00 are used.
struct Ledger;

impl Credit for Ledger {
    fn standing<'t>(&'t self, _: &'t mut Tx, _: Id<Party>) -> Fut<'t, Standing> {
        Box::pin(async {
            Ok(Standing {
                limit: Some("20000".parse().unwrap()),
                receivable: "4000".parse().unwrap(),
                overdue: "1000".parse().unwrap(),
                held: "2000".parse().unwrap(),
            })
        })
    }

    fn hold<'t>(&'t self, _: &'t mut Tx, _: Id<Party>, _: DocRef, _: Money) -> Fut<'t, ()> {
        Box::pin(unasked())
    }

    fn release<'t>(&'t self, _: &'t mut Tx, _: &'t DocRef, _: Option<Money>) -> Fut<'t, ()> {
        Box::pin(unasked())
    }
}

/// Writes down what it was asked for.
struct OrderBook;

impl Orders for OrderBook {
    fn place<'t>(&'t self, tx: &'t mut Tx, ask: OrderAsk) -> Fut<'t, DocRef> {
        Box::pin(async move {
            let line = |line: &fondaco_kernel::ports::orders::OrderLineAsk| {
                json!([line.product, line.description, line.quantity, line.unit_price, line.cost])
            };
            let lines: Vec<Json> = ask.lines.iter().map(line).collect();
            let mut note = Note {
                id: Id::default(),
                model: ask.source.model,
                record: ask.source.id.raw(),
                text: Json::Array(lines).to_string(),
                created_at: None,
                created_by: None,
            };
            let id = store::insert(tx, &mut note).await?;
            Ok(DocRef::new("note", id))
        })
    }
}

/// Everything that a quote may meet.
fn others() -> Module {
    Module::new("others", "module = \"others\"\nversion = \"0.1.0\"")
        .port(|ports| ports.stock = Some(Arc::new(Shelf)))
        .port(|ports| ports.supply.push(Arc::new(Workshop)))
        .port(|ports| ports.credit = Some(Arc::new(Ledger)))
        .port(|ports| ports.orders = Some(Arc::new(OrderBook)))
}

async fn a_quote_shows_parts_promise_standing_and_margin() {
    let house = House::beside(vec![others()]).await;
    let quote = house.quote(vec![house.carbon("5"), json!({ "product": house.bell })]).await;
    let seen = house.get(quote).await;
    let outlook = &seen["outlook"];
    assert_eq!(outlook["notes"], json!([]));
    assert_eq!(seen["promise_on"], "2026-03-20");
    let bike = &outlook["lines"][0];
    assert_eq!(figures(bike, &["name", "wanted", "free", "ready_on"]), "Veloce 5 0 2026-03-20");
    let frame = figures(&bike["parts"][0], &["name", "wanted", "free", "short"]);
    assert_eq!(frame, "Carbon frame 5 3 2");
    let bell = figures(&outlook["lines"][1], &["wanted", "free", "ready_on"]);
    assert_eq!(bell, "1 1 2026-03-02");
    let standing = ["limit", "receivable", "overdue", "held", "free", "enough"];
    let standing = figures(&outlook["standing"], &standing);
    assert_eq!(standing, "20000.00 4000.00 1000.00 2000.00 14000.00 false");
    assert_eq!(figures(&seen, &["net", "cost", "margin"]), "12835.00 6478.57 6356.43");

    let wanted = json!({ "requested_on": "2026-03-18" });
    house.rep.update("cpq.quote", quote, wanted).await.unwrap();
    assert_eq!(house.get(quote).await["outlook"]["in_time"], false);
}

async fn what_is_there_of_a_product_goes_to_the_first_line() {
    let house = House::beside(vec![others()]).await;
    let bells = |quantity: &str| json!({ "product": house.bell, "quantity": quantity });
    let quote = house.quote(vec![bells("2"), bells("2")]).await;
    let seen = house.get(quote).await;
    let free: Vec<&Json> =
        seen["outlook"]["lines"].as_array().unwrap().iter().map(|line| &line["free"]).collect();
    assert_eq!(free, ["2", "1"]);
    assert_eq!(seen["promise_on"], Json::Null, "nobody buys bells here");
    let note = "Bell: 1 are missing, and nobody here makes or buys them.";
    assert_eq!(seen["outlook"]["notes"], json!([note]));
}

async fn a_part_that_two_lines_want_is_counted_once() {
    let house = House::beside(vec![others()]).await;
    let quote = house.quote(vec![house.carbon("2"), house.carbon("3")]).await;
    let seen = house.get(quote).await;
    let lines = seen["outlook"]["lines"].as_array().unwrap();
    let frame = |at: usize| figures(&lines[at]["parts"][0], &["wanted", "free", "short"]);
    assert_eq!([frame(0), frame(1)], ["2 3 0", "3 1 2"]);
}

async fn an_accepted_quote_becomes_an_order_of_variants() {
    let house = House::beside(vec![others()]).await;
    let quote = house.quote(vec![house.carbon("5"), json!({ "product": house.bell })]).await;
    house.act(quote, "send", Json::Null).await.unwrap();
    let outcome = house.boss.act("cpq.quote", quote, "accept", Json::Null).await.unwrap();
    let order = outcome.open.unwrap();
    let seen = house.get(quote).await;
    assert_eq!(
        (seen["order_model"].as_str(), seen["order_id"].as_str()),
        (Some("note"), Some(order.id.to_string().as_str()))
    );
    let note = house.boss.get("note", order.id).await.unwrap();
    let lines: Json = serde_json::from_str(note["text"].as_str().unwrap()).unwrap();
    let variant = house.boss.list("product", &format!("variant_of == {}", house.bike), "").await;
    let variant = variant.unwrap();
    let words = "Veloce: Carbon frame, Carbon wheels, Electronic drivetrain";
    assert_eq!(lines[0], json!([variant[0]["id"], words, "5", "2565", "6078.57"]));
    assert_eq!(lines[1], json!([house.bell, "Bell", "1", "10", "400.00"]));
    let again = house.act(quote, "order", Json::Null).await;
    assert_eq!(fondaco_tests::shop::problems(again), [": refused"]);
}
