//! Purchasing: alone, with every other module switched off; then with goods counted and books kept.

use fondaco_kernel::DocRef;
use fondaco_kernel::ports::supply::{Covered, Need, Outlook, Taken};
use fondaco_server::desk::Desk;
use fondaco_server::modules;
use fondaco_tests::shop::problems;
use fondaco_tests::{Shop, both};
use fondaco_values::{AnyId, Value};
use serde_json::{Value as Json, json};

both! {
    two_missing_frames_become_an_order_of_four,
    one_order_takes_all_that_a_supplier_serves,
    nobody_sells_it,
    a_need_is_asked_for_once,
    the_outlook_of_buying,
    which_action_from_which_state,
    who_asks_and_who_orders,
    long_orders_ask_no_more_than_short_ones,
    reports_add_up,
    receipts_are_heard_of_and_bills_matched_three_ways,
    a_manager_accepts_a_bill_that_differs,
    without_inventory_orders_are_billed_as_ordered,
    a_closed_order_opens_what_has_not_come,
    goods_sent_back_are_not_billed,
    a_product_taken_out_of_an_order_is_asked_for_again,
}

const DATA: &str = r#"
[[party]]
key = "carbonteam"
name = "Carbonteam"
supplier = true
payment_term = "net_30"

[[party]]
key = "weaver"
name = "Weaver"
prospect = true

[[party]]
key = "tokyo"
name = "Tokyo Parts"
supplier = true
currency = "JPY"

[[exchange_rate]]
key = "jpy"
date = "2026-01-01"
from_currency = "JPY"
to_currency = "EUR"
rate = "0.006"

[[product]]
key = "frame"
code = "FR"
name = "Carbon frame"
unit = "piece"
supply = "buy"
purchase_tax_code = "vat_in_20"

[[product]]
key = "bolt"
code = "BO"
name = "Bolt"
unit = "piece"
supply = "buy"

[[product]]
key = "transport"
code = "TR"
name = "Transport"
kind = "service"
unit = "piece"
supply = "buy"
"#;

/// A company with purchasing and what else a test switches on.
struct House {
    shop: Shop,
    buyer: Desk,
    boss: Desk,
}

impl House {
    async fn open(others: &[&str]) -> House {
        let names: Vec<String> =
            ["purchasing"].iter().chain(others).map(|name| (*name).to_owned()).collect();
        let shop = Shop::with(modules::named(&names).unwrap(), &[DATA]).await;
        let buyer = shop.user("Bea", &["purchasing_user"]).await;
        let mut roles = vec!["purchasing_manager"];
        roles.extend(others.iter().flat_map(|module| match *module {
            "inventory" => vec!["inventory_manager"],
            "accounting" => vec!["accountant", "accounting_clerk"],
            _ => vec![],
        }));
        let boss = shop.user("Bo", &roles).await;
        House { shop, buyer, boss }
    }

    async fn key(&self, model: &str, key: &str) -> AnyId {
        self.shop.admin.by_key(model, key).await.unwrap()
    }

    /// A price: supplier, product, price, and what is said besides.
    async fn price(&self, supplier: &str, product: &str, price: &str, more: Json) -> AnyId {
        let mut fields = json!({
            "supplier": self.key("party", supplier).await,
            "product": self.key("product", product).await,
            "price": price,
        });
        let more = more.as_object().cloned().unwrap_or_default();
        fields.as_object_mut().unwrap().extend(more);
        self.buyer.create("purchasing.supplier_price", fields).await.unwrap()
    }

    /// The frame's price of the story.
    async fn frames(&self) -> AnyId {
        let terms = json!({ "min_quantity": "4", "lead_days": 7, "supplier_code": "CT-1" });
        self.price("carbonteam", "frame", "430", terms).await
    }

    async fn request(&self, product: &str, quantity: &str) -> AnyId {
        let product = self.key("product", product).await;
        let fields = json!({ "product": product, "quantity": quantity, "needed_by": "2026-04-01" });
        self.buyer.create("purchasing.request", fields).await.unwrap()
    }

    /// A draft order: product, quantity, price where one is given.
    async fn order(&self, supplier: &str, lines: &[(&str, &str, Option<&str>)]) -> AnyId {
        let mut rows = Vec::new();
        for (product, quantity, price) in lines {
            let product = self.key("product", product).await;
            let mut row = json!({ "product": product, "quantity": quantity });
            if let Some(price) = price {
                row["unit_price"] = json!(price);
            }
            rows.push(row);
        }
        let supplier = self.key("party", supplier).await;
        let order = json!({ "supplier": supplier, "lines": rows });
        self.buyer.create("purchasing.order", order).await.unwrap()
    }

    async fn act(&self, id: AnyId, action: &str, args: Json) -> fondaco_kernel::Result<String> {
        let outcome = self.buyer.act("purchasing.order", id, action, args).await?;
        Ok(outcome.message.unwrap_or_default())
    }

    async fn get(&self, id: AnyId) -> Json {
        self.buyer.get("purchasing.order", id).await.unwrap()
    }

    /// `state receipt billing` of an order.
    async fn progress(&self, id: AnyId) -> String {
        let order = self.get(id).await;
        let text = |field: &str| order[field].as_str().unwrap_or("-").to_owned();
        format!("{} {} {}", text("state"), text("receipt_state"), text("bill_state"))
    }

    /// Orders a request; answers the order.
    async fn ordered(&self, request: AnyId) -> AnyId {
        let done = self.buyer.act("purchasing.request", request, "order", Json::Null).await;
        done.unwrap().open.unwrap().id
    }

    async fn requests(&self) -> Vec<String> {
        let all = self.buyer.list("purchasing.request", "true", "id").await.unwrap();
        let text = |row: &Json, field: &str| row[field].as_str().unwrap_or("-").to_owned();
        all.iter().map(|row| format!("{} {}", text(row, "state"), text(row, "quantity"))).collect()
    }

    async fn cover(&self, needs: Vec<Need>) -> Vec<Covered> {
        let run = self.buyer.kernel.run(&self.buyer.ctx, move |tx| {
            let needs = needs.clone();
            Box::pin(async move { fondaco_kernel::ports::supply::cover(tx, needs).await })
        });
        run.await.unwrap()
    }

    async fn outlook(&self, need: Need) -> Outlook {
        let run = self.buyer.kernel.read(&self.buyer.ctx, move |tx| {
            let need = need.clone();
            Box::pin(async move {
                let buying = tx.ports().supply[0].clone();
                buying.outlook(tx, &need, &mut Taken::default()).await
            })
        });
        run.await.unwrap()
    }

    async fn need(&self, product: &str, quantity: &str, key: i64) -> Need {
        Need {
            product: self.key("product", product).await.cast(),
            quantity: quantity.parse().unwrap(),
            by: "2026-03-20".parse().unwrap(),
            source: DocRef { model: "sales.order".to_owned(), id: AnyId::new(5) },
            key: AnyId::new(key),
            choice: None,
        }
    }

    /// Takes in what the order's open receipt expects, or so many of its first line.
    async fn receive(&self, quantity: Option<&str>) {
        let open = self.boss.list("inventory.receipt", "state == 'waiting'", "id").await.unwrap();
        let id: AnyId = open[0]["id"].as_str().unwrap().parse().unwrap();
        if let Some(quantity) = quantity {
            let line = &open[0]["lines"][0]["id"];
            let done = json!({ "lines": [{ "id": line, "done": quantity }] });
            self.boss.update("inventory.receipt", id, done).await.unwrap();
        }
        self.boss.act("inventory.receipt", id, "done", Json::Null).await.unwrap();
    }
}

fn texts(row: &[Value]) -> Vec<String> {
    row.iter()
        .map(|value| match value.to_json() {
            Json::String(text) => text,
            other => other.to_string(),
        })
        .collect()
}

async fn two_missing_frames_become_an_order_of_four() {
    let house = House::open(&[]).await;
    house.frames().await;
    let request = house.request("frame", "2").await;
    let seen = house.buyer.get("purchasing.request", request).await.unwrap();
    assert_eq!(seen["suggested"], house.key("party", "carbonteam").await.to_string());
    assert_eq!(
        (seen["price"].as_str(), seen["ready_on"].as_str()),
        (Some("430"), Some("2026-03-11"))
    );
    let order = house.ordered(request).await;
    let seen = house.get(order).await;
    let line = &seen["lines"][0];
    assert_eq!((line["quantity"].as_str(), line["unit_price"].as_str()), (Some("4"), Some("430")));
    assert_eq!(
        (line["supplier_code"].as_str(), line["lead_days"].as_i64()),
        (Some("CT-1"), Some(7))
    );
    let sums = ["net", "tax", "total"].map(|field| seen[field].as_str().unwrap().to_owned());
    assert_eq!(sums, ["1720.00", "344.00", "2064.00"]);
    assert_eq!(seen["payment_term"], house.key("payment_term", "net_30").await.to_string());
    assert_eq!(house.requests().await, ["ordered 2"]);
    assert_eq!(house.ordered(request).await, order, "asking again opens the same order");

    let said = house.act(order, "confirm", Json::Null).await.unwrap();
    assert!(said.contains("the inventory is switched off"), "{said}");
    let seen = house.get(order).await;
    assert_eq!(
        (seen["number"].as_str(), seen["expected_on"].as_str()),
        (Some("PO-2026-00001"), Some("2026-03-11"))
    );
    assert_eq!(house.progress(order).await, "confirmed untracked untracked");
    let refused = house.act(order, "bill", json!({ "reference": "X" })).await;
    assert_eq!(problems(refused), [": no_accounting"]);
    house.act(order, "receive", Json::Null).await.unwrap();
    assert_eq!(house.progress(order).await, "done complete untracked");
    assert_eq!(house.requests().await, ["done 2"]);
}

async fn one_order_takes_all_that_a_supplier_serves() {
    let house = House::open(&[]).await;
    house.frames().await;
    house.price("carbonteam", "bolt", "0.20", json!({ "multiple": "50" })).await;
    house.price("weaver", "bolt", "0.50", json!({})).await;
    let first = house.request("frame", "2").await;
    house.request("bolt", "60").await;
    house.request("frame", "3").await;
    let elsewhere = house.request("bolt", "10").await; // 5.00 from Weaver, 10.00 from Carbonteam
    let order = house.ordered(first).await;
    let seen = house.get(order).await;
    let lines = seen["lines"].as_array().unwrap();
    let quantities: Vec<&str> = lines.iter().map(|l| l["quantity"].as_str().unwrap()).collect();
    assert_eq!(quantities, ["5", "100"], "one line a product, in whole multiples");
    assert_eq!(house.requests().await, ["ordered 2", "ordered 60", "ordered 3", "open 10"]);
    let other = house.ordered(elsewhere).await;
    assert_eq!(house.get(other).await["supplier"], house.key("party", "weaver").await.to_string());
    // Cancelled, what was asked for is open again.
    let said = house.act(order, "cancel", Json::Null).await.unwrap();
    assert!(said.contains("its 3 requests are open again"), "{said}");
    assert_eq!(house.requests().await, ["open 2", "open 60", "open 3", "ordered 10"]);
}

async fn nobody_sells_it() {
    let house = House::open(&[]).await;
    let request = house.request("frame", "2").await;
    let order = |args: Json| house.buyer.act("purchasing.request", request, "order", args);
    assert_eq!(problems(order(Json::Null).await), ["supplier: no_supplier"]);
    let weaver = json!({ "supplier": house.key("party", "weaver").await });
    assert_eq!(problems(order(weaver).await), ["product: no_price"]);
    let product = house.key("product", "frame").await;
    let supplier = house.key("party", "weaver").await;
    let lines = json!([{ "product": product, "quantity": "1" }]);
    let draft = json!({ "supplier": supplier, "lines": lines });
    let refused = house.buyer.create("purchasing.order", draft).await;
    assert_eq!(
        refused.unwrap_err().to_string(),
        "No price of Carbon frame from Weaver is known today: enter the price here, or a supplier price."
    );
    // Given a price, the order goes out, and who sells is a supplier.
    let order = house.order("weaver", &[("frame", "1", Some("500"))]).await;
    house.act(order, "confirm", Json::Null).await.unwrap();
    assert_eq!(house.buyer.get("party", supplier).await.unwrap()["supplier"], true);
    assert_eq!(house.get(order).await["expected_on"], "2026-03-20", "14 working days");
}

async fn a_need_is_asked_for_once() {
    let house = House::open(&[]).await;
    house.frames().await;
    let covered = house.cover(vec![house.need("frame", "2", 6).await]).await;
    assert_eq!(covered.len(), 1);
    assert_eq!(covered[0].ready_on.to_string(), "2026-03-11");
    let again = house.cover(vec![house.need("frame", "2", 6).await]).await;
    assert_eq!(again[0].document, covered[0].document);
    assert_eq!(house.requests().await, ["open 2"]);
    house.cover(vec![house.need("frame", "3", 6).await, house.need("bolt", "1", 7).await]).await;
    assert_eq!(house.requests().await, ["open 3", "open 1"]);
    let order = house.ordered(covered[0].document.id).await;
    house.cover(vec![house.need("frame", "3", 6).await]).await;
    assert_eq!(house.requests().await, ["ordered 3", "open 1"], "what is on order counts");
    let more = house.cover(vec![house.need("frame", "5", 6).await]).await;
    assert_ne!(more[0].document, covered[0].document);
    assert_eq!(house.requests().await, ["ordered 3", "open 1", "open 2"]);
    // The source is cancelled: what nobody has ordered is withdrawn.
    let source = DocRef { model: "sales.order".to_owned(), id: AnyId::new(5) };
    let withdraw = house.buyer.kernel.run(&house.buyer.ctx, move |tx| {
        let source = source.clone();
        Box::pin(async move {
            let buying = tx.ports().supply[0].clone();
            buying.withdraw(tx, &source).await
        })
    });
    withdraw.await.unwrap();
    assert_eq!(house.requests().await, ["ordered 3", "cancelled 1", "cancelled 2"]);
    house.act(order, "confirm", Json::Null).await.unwrap();
    house.act(order, "receive", Json::Null).await.unwrap();
    house.cover(vec![house.need("frame", "1", 6).await]).await;
    assert_eq!(house.requests().await, ["done 3", "cancelled 1", "open 1"], "asked for anew");
}

async fn the_outlook_of_buying() {
    let house = House::open(&[]).await;
    house.frames().await;
    let outlook = house.outlook(house.need("frame", "2", 6).await).await;
    assert_eq!(outlook.ready_on.unwrap().to_string(), "2026-03-11", "seven working days");
    assert_eq!(outlook.unit_cost, Some("430".parse().unwrap()));
    let unknown = house.outlook(house.need("bolt", "2", 6).await).await;
    assert_eq!(unknown.ready_on.unwrap().to_string(), "2026-03-20", "the usual 14 days");
    assert_eq!(unknown.unit_cost, None);
    assert!(house.requests().await.is_empty());
    house.price("tokyo", "frame", "50000", json!({})).await;
    let cheaper = house.outlook(house.need("frame", "4", 6).await).await;
    assert_eq!(cheaper.unit_cost, Some("300".parse().unwrap()), "50,000 yen");
}

async fn which_action_from_which_state() {
    let house = House::open(&[]).await;
    let args = |action: &str| match action {
        "close" => json!({ "reason": "enough" }),
        "bill" => json!({ "reference": "X" }),
        _ => Json::Null,
    };
    for (path, action, outcome) in [
        (&[][..], "confirm", "confirmed"),
        (&[], "cancel", "cancelled"),
        (&[], "receive", "state: wrong_state"),
        (&[], "bill", "state: wrong_state"),
        (&["confirm"], "confirm", "state: wrong_state"),
        (&["confirm"], "reopen", "draft"),
        (&["confirm"], "cancel", "cancelled"),
        (&["confirm"], "close", "done"),
        (&["confirm"], "receive", "done"),
        (&["confirm", "receive"], "cancel", "state: wrong_state"),
        (&["confirm", "cancel"], "reopen", "draft"),
        (&["confirm", "reopen"], "confirm", "confirmed"),
    ] {
        let id = house.order("weaver", &[("bolt", "4", Some("1"))]).await;
        for step in path {
            house.act(id, step, args(step)).await.unwrap();
        }
        let found = match house.act(id, action, args(action)).await {
            Ok(_) => house.get(id).await["state"].as_str().unwrap().to_owned(),
            refused => problems(refused).join(", "),
        };
        assert_eq!(found, outcome, "{path:?} {action}");
    }
}

async fn who_asks_and_who_orders() {
    let house = House::open(&[]).await;
    house.frames().await;
    let clerk = house.shop.user("Olga", &["employee"]).await;
    let product = house.key("product", "frame").await;
    let fields = json!({ "product": product, "quantity": "1", "reason": "for the window" });
    let own = clerk.create("purchasing.request", fields).await.unwrap();
    assert_eq!(clerk.get("purchasing.request", own).await.unwrap()["state"], "open");
    assert!(clerk.act("purchasing.request", own, "order", Json::Null).await.is_err());
    let other = house.request("frame", "1").await;
    assert!(clerk.get("purchasing.request", other).await.is_err());
    let order = house.ordered(own).await;
    assert!(clerk.get("purchasing.order", order).await.is_err());
    house.act(order, "confirm", Json::Null).await.unwrap();
    let accept = json!({ "reference": "X", "lines": [], "reason": "y" });
    let refused = house.buyer.act("purchasing.order", order, "accept_bill", accept).await;
    assert!(matches!(refused, Err(fondaco_kernel::Error::Forbidden { .. })), "{refused:?}");
    let line = house.get(order).await["lines"][0]["id"].clone();
    let change = json!({ "lines": [{ "id": line, "unit_price": "1" }] });
    let refused = house.buyer.update("purchasing.order", order, change).await;
    assert_eq!(problems(refused), ["lines[0].unit_price: agreed"]);
}

async fn long_orders_ask_no_more_than_short_ones() {
    let house = House::open(&[]).await;
    house.frames().await;
    let (supplier, product) =
        (house.key("party", "carbonteam").await, house.key("product", "frame").await);
    let mut counts = Vec::new();
    for lines in [2, 120] {
        let line = json!({ "product": product, "quantity": "3" });
        let order = json!({ "supplier": supplier, "lines": vec![line; lines] });
        let counted = house.buyer.kernel.run(&house.buyer.ctx, move |tx| {
            use fondaco_kernel::records;
            let order = order.as_object().cloned().unwrap_or_default();
            Box::pin(async move {
                let draft = records::draft_of(tx, "purchasing.order", &order)?;
                let id = records::create(tx, "purchasing.order", vec![draft]).await?[0];
                let created = tx.statements();
                let none = Default::default();
                let args = records::arguments(tx, "purchasing.order", "confirm", &none)?;
                records::act(tx, "purchasing.order", id, "confirm", args).await?;
                Ok((created, tx.statements() - created))
            })
        });
        counts.push(counted.await.unwrap());
    }
    assert_eq!(counts[0], counts[1], "statements to create and to confirm");
}

async fn reports_add_up() {
    let house = House::open(&[]).await;
    house.frames().await;
    let first =
        house.order("carbonteam", &[("frame", "4", None), ("transport", "1", Some("90"))]).await;
    let yen = house.order("tokyo", &[("bolt", "1000", Some("10"))]).await;
    for id in [first, yen] {
        house.act(id, "confirm", Json::Null).await.unwrap();
    }
    let line = house.get(yen).await["lines"][0]["id"].clone();
    let part = json!({ "lines": [{ "line": line, "quantity": "400" }] });
    house.act(yen, "receive", part).await.unwrap();
    house.shop.on("2026-03-16");
    let buyer = house.shop.user("Bert", &["purchasing_user"]).await;
    let table = buyer.report("purchasing.open_orders", &[]).await.unwrap();
    let rows: Vec<Vec<String>> = table.rows.iter().map(|row| texts(&row[3..])).collect();
    let product = |row: usize| rows[row][2].clone();
    assert_eq!(rows[0], ["2026-03-11", "5", &product(0), "4", "0", "0", "4", "1720.00"]);
    assert_eq!(rows[1], ["2026-03-20", "0", &product(1), "1000", "400", "0", "600", "36.00"]);
    assert_eq!(rows.len(), 2, "services are not received");
    let table = buyer.report("purchasing.by_supplier", &[]).await.unwrap();
    let rows: Vec<Vec<String>> = table.rows.iter().map(|row| texts(&row[1..5])).collect();
    assert_eq!(rows, [["1", "1810.00", "0.9679", "0.00"], ["1", "60.00", "0.0321", "24.00"]]);
    let party = house.key("party", "carbonteam").await;
    let section = buyer.kernel.read(&buyer.ctx, move |tx| {
        let page = tx.ports().overview[0].clone();
        Box::pin(async move { page.section(tx, party.cast()).await })
    });
    let section = section.await.unwrap();
    let figures: Vec<&str> = section.figures.iter().map(|(_, figure)| figure.as_str()).collect();
    assert_eq!(figures, ["1", "1", "0", "1810.00", "1810.00"]);
}

async fn receipts_are_heard_of_and_bills_matched_three_ways() {
    let house = House::open(&["inventory", "accounting"]).await;
    house.frames().await;
    let request = house.request("frame", "2").await;
    let order = house.ordered(request).await;
    house.act(order, "confirm", Json::Null).await.unwrap();
    assert_eq!(house.progress(order).await, "confirmed waiting waiting");
    let bill = |args: Json| {
        let mut all = json!({ "reference": "CT-2209" });
        all.as_object_mut().unwrap().extend(args.as_object().cloned().unwrap_or_default());
        house.act(order, "bill", all)
    };
    assert_eq!(problems(bill(json!({})).await), ["lines: nothing_to_bill"]);
    house.receive(Some("3")).await;
    assert_eq!(house.progress(order).await, "confirmed partial waiting");
    assert_eq!(house.requests().await, ["ordered 2"]);
    let line = house.get(order).await["lines"][0]["id"].clone();
    let lines = |quantity: &str, price: &str| json!({ "lines": [{ "line": line, "quantity": quantity, "unit_price": price }] });
    assert_eq!(problems(bill(lines("4", "430")).await), ["lines[0].quantity: quantity_mismatch"]);
    assert_eq!(problems(bill(lines("3", "450")).await), ["lines[0].unit_price: price_mismatch"]);
    assert_eq!(problems(bill(json!({ "net": "1720" })).await), ["net: net_mismatch"]);
    let company = house.key("company", "main").await;
    let loose = json!({ "bill_price_tolerance": "0.05", "bill_quantity_tolerance": "0.25" });
    house.shop.admin.update("company", company, loose).await.unwrap();
    let refused = bill(lines("4", "460")).await.unwrap_err().to_string();
    assert!(
        refused.contains("3 of 4 ordered are received and 0 billed before; the tolerance is 25 %"),
        "{refused}"
    );
    assert!(
        refused.contains("the order says 430.00, 6.98 % more; the tolerance is 5 %"),
        "{refused}"
    );
    house.receive(None).await;
    assert_eq!(house.progress(order).await, "confirmed complete waiting");
    assert_eq!(house.requests().await, ["done 2"]);
    assert_eq!(
        problems(house.act(order, "cancel", Json::Null).await),
        ["lines[0].received: received"]
    );
    bill(json!({ "net": "1720" })).await.unwrap();
    assert_eq!(house.progress(order).await, "done complete complete");
    let seen = house.get(order).await;
    assert_eq!(seen["billed_total"], "2064.00");
    let figures = ["received", "received_value", "billed", "cleared_value"];
    let figures = figures.map(|field| seen["lines"][0][field].as_str().unwrap().to_owned());
    assert_eq!(figures, ["4", "1720", "4", "1720"]);
}

async fn a_manager_accepts_a_bill_that_differs() {
    let house = House::open(&["inventory", "accounting"]).await;
    house.frames().await;
    let order = house.order("carbonteam", &[("frame", "4", None)]).await;
    house.act(order, "confirm", Json::Null).await.unwrap();
    house.receive(None).await;
    let line = house.get(order).await["lines"][0]["id"].clone();
    let lines = json!([{ "line": line, "quantity": "4", "unit_price": "450" }]);
    let args = json!({ "reference": "CT-1", "lines": lines, "reason": "new price list" });
    house.boss.act("purchasing.order", order, "accept_bill", args).await.unwrap();
    let seen = house.get(order).await;
    assert_eq!(
        (seen["state"].as_str(), seen["billed_total"].as_str()),
        (Some("done"), Some("2160.00"))
    );
    assert_eq!(seen["lines"][0]["cleared_value"], "1720");
    assert_eq!(seen["reason"], "new price list");
}

async fn without_inventory_orders_are_billed_as_ordered() {
    let house = House::open(&["accounting"]).await;
    let order = house
        .order("tokyo", &[("bolt", "1000", Some("10")), ("transport", "1", Some("999"))])
        .await;
    let seen = house.get(order).await;
    assert_eq!((seen["net"].as_str(), seen["rate"].as_str()), (Some("10999.00"), Some("0.006")));
    house.act(order, "confirm", Json::Null).await.unwrap();
    house.act(order, "bill", json!({ "reference": "T-1" })).await.unwrap();
    assert_eq!(house.progress(order).await, "done untracked complete");
}

async fn a_closed_order_opens_what_has_not_come() {
    let house = House::open(&["inventory", "accounting"]).await;
    house.frames().await;
    house.price("carbonteam", "bolt", "1", json!({})).await;
    house.request("frame", "4").await;
    let bolts = house.request("bolt", "10").await;
    let order = house.ordered(bolts).await;
    house.act(order, "confirm", Json::Null).await.unwrap();
    let open = house.boss.list("inventory.receipt", "state == 'waiting'", "id").await.unwrap();
    let id: AnyId = open[0]["id"].as_str().unwrap().parse().unwrap();
    let done: Vec<Json> = open[0]["lines"].as_array().unwrap().iter().map(|line| {
        json!({ "id": line["id"], "done": if line["quantity"] == "4" { "0" } else { "10" } })
    }).collect();
    house.boss.update("inventory.receipt", id, json!({ "lines": done })).await.unwrap();
    house.boss.act("inventory.receipt", id, "done", Json::Null).await.unwrap();
    let close = || house.act(order, "close", json!({ "reason": "bankrupt" }));
    assert_eq!(problems(close().await), ["lines: not_billed"]);
    house.act(order, "bill", json!({ "reference": "CT-9" })).await.unwrap();
    let said = close().await.unwrap();
    assert!(said.contains("its request is open again"), "{said}");
    assert_eq!(house.requests().await, ["open 4", "done 10"]);
    let waiting = house.boss.list("inventory.receipt", "state == 'waiting'", "id").await.unwrap();
    assert!(waiting.is_empty(), "the warehouse expects nothing more");
}

async fn goods_sent_back_are_not_billed() {
    let house = House::open(&["inventory", "accounting"]).await;
    house.frames().await;
    let order = house.order("carbonteam", &[("frame", "4", None)]).await;
    house.act(order, "confirm", Json::Null).await.unwrap();
    house.receive(None).await;
    let done = house.boss.list("inventory.receipt", "state == 'done'", "id").await.unwrap();
    let done: AnyId = done[0]["id"].as_str().unwrap().parse().unwrap();
    let back = house.boss.act("inventory.receipt", done, "send_back", Json::Null).await.unwrap();
    let back = back.open.unwrap().id;
    let line = house.boss.get("inventory.delivery", back).await.unwrap()["lines"][0]["id"].clone();
    let one = json!({ "lines": [{ "id": line, "quantity": "1" }] });
    house.boss.update("inventory.delivery", back, one).await.unwrap();
    for action in ["confirm", "done"] {
        house.boss.act("inventory.delivery", back, action, Json::Null).await.unwrap();
    }
    let seen = house.get(order).await;
    let figures = ["received", "received_value"].map(|f| seen["lines"][0][f].as_str().unwrap());
    assert_eq!(figures, ["3", "1290"]);
    house.act(order, "bill", json!({ "reference": "CT-7", "net": "1290" })).await.unwrap();
    assert_eq!(house.progress(order).await, "confirmed partial partial");
    house.act(order, "close", json!({ "reason": "no more frames" })).await.unwrap();
}

async fn a_product_taken_out_of_an_order_is_asked_for_again() {
    let house = House::open(&[]).await;
    house.frames().await;
    house.price("carbonteam", "bolt", "1", json!({})).await;
    house.request("bolt", "10").await;
    let request = house.request("frame", "2").await;
    let order = house.ordered(request).await;
    let line = house.get(order).await["lines"][0].clone();
    let kept = json!({ "lines": [{ "id": line["id"] }] });
    house.buyer.update("purchasing.order", order, kept).await.unwrap();
    house.act(order, "confirm", Json::Null).await.unwrap();
    let mut states = house.requests().await;
    states.sort();
    let first = line["quantity"] == "10";
    assert_eq!(states, if first { ["open 2", "ordered 10"] } else { ["open 10", "ordered 2"] });
}
