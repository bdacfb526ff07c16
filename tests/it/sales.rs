//! Sales: alone, with every other module switched off; then with goods counted and books kept.

use fondaco_kernel::ports::orders::{OrderAsk, OrderLineAsk};
use fondaco_kernel::{DocRef, records};
use fondaco_server::desk::Desk;
use fondaco_server::modules;
use fondaco_tests::shop::problems;
use fondaco_tests::{Served, Shop, both};
use fondaco_values::{AnyId, Value};
use serde_json::{Value as Json, json};

both! {
    what_is_left_empty_is_filled_and_amounts_follow,
    a_draft_follows_its_changes,
    alone_an_order_is_confirmed_delivered_by_hand_and_done,
    a_part_is_delivered_from_the_table_on_the_page,
    which_action_from_which_state,
    a_reopened_order_keeps_its_number_and_forgets_the_rest,
    refusals_name_the_line_and_the_cure,
    who_sees_and_who_acts,
    orders_of_long_ago_keep_their_days_and_prices,
    long_orders_ask_no_more_than_short_ones,
    the_same_quote_places_one_order,
    reports_add_up,
    goods_are_set_aside_delivered_in_parts_and_come_back,
    a_cancelled_order_gives_its_goods_back,
    what_is_delivered_is_invoiced_and_what_comes_back_credited,
    the_credit_limit_holds_an_order_back,
    quantities_fit_their_unit_and_stock_is_counted_in_base_units,
    amounts_at_home_have_the_decimals_of_home,
    what_the_warehouse_takes_back_is_not_owed,
    problems_of_a_batch_name_the_order,
}

const DATA: &str = r#"
[[party]]
key = "verdi"
name = "Verdi Biciclette"
customer = true
payment_term = "net_30"

[[party]]
key = "smith"
name = "Smith & Sons"
prospect = true
currency = "USD"

[[exchange_rate]]
key = "usd"
date = "2026-01-01"
from_currency = "USD"
to_currency = "EUR"
rate = "0.9"

[[product]]
key = "chain"
code = "CH"
name = "Chain"
unit = "piece"
list_price = "25.00"
standard_cost = "15.00"
tax_code = "vat_out_20"

[[product]]
key = "bike"
code = "BK"
name = "Bike"
unit = "piece"
list_price = "2565.00"
tax_code = "vat_out_20"

[[product]]
key = "fitting"
code = "FIT"
name = "Fitting"
kind = "service"
unit = "piece"
list_price = "80.00"

[[product]]
key = "bolt"
code = "BO"
name = "Bolts by the dozen"
unit = "dozen"
list_price = "6.00"

[[product]]
key = "dream"
code = "DREAM"
name = "Dream bike"
kind = "configurable"
unit = "piece"
list_price = "900.00"
"#;

/// A company with sales and what else a test switches on.
struct House {
    shop: Shop,
    rep: Desk,
    boss: Desk,
}

impl House {
    async fn open(others: &[&str]) -> House {
        let names: Vec<String> =
            ["sales"].iter().chain(others).map(|name| (*name).to_owned()).collect();
        let shop = Shop::with(modules::named(&names).unwrap(), &[DATA]).await;
        let rep = shop.user("Rita", &["sales_user"]).await;
        let mut roles = vec!["sales_manager"];
        roles.extend(others.iter().flat_map(|module| match *module {
            "inventory" => vec!["inventory_manager"],
            "accounting" => vec!["accountant", "accounting_clerk"],
            _ => vec![],
        }));
        let boss = shop.user("Bo", &roles).await;
        House { shop, rep, boss }
    }

    async fn key(&self, model: &str, key: &str) -> AnyId {
        self.shop.admin.by_key(model, key).await.unwrap()
    }

    /// A draft order of Verdi: product, quantity, and what is said besides.
    async fn order(&self, lines: &[(&str, &str, Json)]) -> AnyId {
        let order = json!({ "customer": self.key("party", "verdi").await });
        self.order_of(order, lines).await
    }

    async fn order_of(&self, mut order: Json, lines: &[(&str, &str, Json)]) -> AnyId {
        let mut rows = Vec::new();
        for (product, quantity, more) in lines {
            let product = self.key("product", product).await;
            let mut row = json!({ "product": product, "quantity": quantity });
            let more = more.as_object().cloned().unwrap_or_default();
            row.as_object_mut().unwrap().extend(more);
            rows.push(row);
        }
        order["lines"] = Json::Array(rows);
        self.rep.create("sales.order", order).await.unwrap()
    }

    async fn act(&self, order: AnyId, action: &str, args: Json) -> fondaco_kernel::Result<String> {
        let outcome = self.rep.act("sales.order", order, action, args).await?;
        Ok(outcome.message.unwrap_or_default())
    }

    async fn get(&self, order: AnyId) -> Json {
        self.boss.get("sales.order", order).await.unwrap()
    }

    /// `state delivery invoicing` of an order.
    async fn progress(&self, order: AnyId) -> String {
        let order = self.get(order).await;
        let text = |field: &str| order[field].as_str().unwrap_or("-").to_owned();
        format!("{} {} {}", text("state"), text("delivery_state"), text("invoice_state"))
    }

    /// Opening stock: product, quantity, unit cost.
    async fn stock(&self, product: &str, quantity: &str, cost: &str) {
        let product = self.key("product", product).await;
        let line = json!({ "product": product, "quantity": quantity, "unit_cost": cost });
        let sheet = json!({ "kind": "opening", "lines": [line] });
        let id = self.boss.create("inventory.adjustment", sheet).await.unwrap();
        self.boss.act("inventory.adjustment", id, "done", Json::Null).await.unwrap();
    }

    /// Carries out so many of the first line of the order's open delivery.
    async fn deliver(&self, quantity: &str) {
        let open = "purpose == 'customer' && state in ['waiting', 'ready']";
        let open = self.boss.list("inventory.delivery", open, "id").await.unwrap();
        let line = &open[0]["lines"][0]["id"];
        let id: AnyId = open[0]["id"].as_str().unwrap().parse().unwrap();
        let done = json!({ "lines": [{ "id": line, "done": quantity }] });
        self.boss.update("inventory.delivery", id, done).await.unwrap();
        self.boss.act("inventory.delivery", id, "done", Json::Null).await.unwrap();
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

async fn what_is_left_empty_is_filled_and_amounts_follow() {
    let house = House::open(&[]).await;
    let id = house
        .order(&[("chain", "4", json!({ "discount": "0.1" })), ("fitting", "1", json!({}))])
        .await;
    let order = house.get(id).await;
    let line = &order["lines"][0];
    assert_eq!(line["description"], "Chain");
    assert_eq!((line["unit_price"].as_str(), line["amount"].as_str()), (Some("25"), Some("90.00")));
    assert_eq!(line["by_price_list"], true);
    assert_eq!(line["tax_code"], house.key("tax_code", "vat_out_20").await.to_string());
    assert_eq!(order["lines"][1]["goods"], false);
    assert_eq!(order["currency"], house.key("currency", "EUR").await.to_string());
    assert_eq!(order["payment_term"], house.key("payment_term", "net_30").await.to_string());
    assert_eq!(order["ordered_on"], "2026-03-02");
    let sums = ["net", "tax", "total"].map(|field| order[field].as_str().unwrap().to_owned());
    assert_eq!(sums, ["170.00", "18.00", "188.00"]);
    assert_eq!(order["taxes"][0]["base"], "90.00");
    assert_eq!(order["taxes"].as_array().unwrap().len(), 1);
    assert_eq!(order["number"], Json::Null);
}

async fn a_draft_follows_its_changes() {
    let house = House::open(&[]).await;
    let id = house.order(&[("chain", "4", json!({})), ("bike", "1", json!({}))]).await;
    let order = house.get(id).await;
    let (chain, bike) = (order["lines"][0]["id"].clone(), order["lines"][1]["id"].clone());
    // A price that somebody enters stays; the other line is removed, with nothing left of its tax.
    let lines = json!([{ "id": chain, "unit_price": "20", "quantity": "5" }]);
    house.rep.update("sales.order", id, json!({ "lines": lines })).await.unwrap();
    let order = house.get(id).await;
    assert_eq!((order["net"].as_str(), order["tax"].as_str()), (Some("100.00"), Some("20.00")));
    assert_eq!(order["lines"][0]["by_price_list"], false);
    assert_eq!(order["taxes"].as_array().unwrap().len(), 1);
    // An emptied price is the price list's again.
    let lines = json!([{ "id": chain, "unit_price": null }]);
    house.rep.update("sales.order", id, json!({ "lines": lines })).await.unwrap();
    assert_eq!(house.get(id).await["net"], "125.00");
    // Another customer, in another currency: the list price is converted.
    let smith = house.key("party", "smith").await;
    let usd = house.key("currency", "USD").await;
    let change = json!({ "customer": smith, "currency": usd });
    house.rep.update("sales.order", id, change).await.unwrap();
    let order = house.get(id).await;
    assert_eq!(order["lines"][0]["unit_price"], "27.777778");
    assert_eq!((order["net"].as_str(), order["rate"].as_str()), (Some("138.89"), Some("0.9")));
    let gone = json!([{ "id": bike, "quantity": "1" }]);
    let refused = house.rep.update("sales.order", id, json!({ "lines": gone })).await;
    assert_eq!(problems(refused), ["lines[0]: unknown_line"]);
}

async fn alone_an_order_is_confirmed_delivered_by_hand_and_done() {
    let house = House::open(&[]).await;
    let id = house.order(&[("chain", "4", json!({}))]).await;
    let said = house.act(id, "confirm", Json::Null).await.unwrap();
    assert!(said.contains("accounting is switched off"), "{said}");
    assert!(said.contains("the inventory is switched off"), "{said}");
    assert_eq!(house.progress(id).await, "confirmed untracked untracked");
    let order = house.get(id).await;
    assert_eq!(order["number"], "SO-2026-00001");
    assert_eq!(order["promised_on"], "2026-03-02");
    assert_eq!(order["margin"], "40");

    let refused = house.act(id, "invoice", Json::Null).await;
    assert_eq!(problems(refused), [": no_accounting"]);
    let line = order["lines"][0]["id"].clone();
    let pick = |quantity: &str| json!({ "lines": [{ "line": line, "quantity": quantity }] });
    let refused = house.act(id, "deliver", pick("5")).await;
    assert_eq!(problems(refused), ["lines[0].quantity: out_of_range"]);
    house.act(id, "deliver", pick("3")).await.unwrap();
    assert_eq!(house.progress(id).await, "confirmed partial untracked");
    let refused = house.act(id, "cancel", Json::Null).await;
    assert_eq!(problems(refused), ["lines[0].delivered: delivered"]);
    house.act(id, "deliver", Json::Null).await.unwrap();
    assert_eq!(house.progress(id).await, "done complete untracked");
}

/// An action that is told of lines asks for them as a table, with what is open.
async fn a_part_is_delivered_from_the_table_on_the_page() {
    let house = House::open(&[]).await;
    let lines = [("chain", "10", json!({})), ("bike", "2", json!({})), ("fitting", "1", json!({}))];
    let id = house.order(&lines).await;
    house.rep.act("sales.order", id, "confirm", Json::Null).await.unwrap();
    let ids: Vec<String> = house.rep.get("sales.order", id).await.unwrap()["lines"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| line["id"].as_str().unwrap().to_owned())
        .collect();
    let House { shop, rep, .. } = house;
    let served = Served::open(shop);
    let page = served.client(&rep).await;
    let html = [("accept", "text/html")];
    let form = page.send("GET", &format!("/sales.order/{id}"), None, &html).unwrap().expect(200);
    let form = form.body.as_str().unwrap_or_default().to_owned();
    for (n, open) in [(0, "10"), (1, "2"), (2, "")] {
        let line = format!("name=\"lines.{n}.line\" value=\"{}\"", ids[n]);
        assert!(form.contains(&line), "{line} is not in\n{form}");
        let input = form.split(&format!("id=\"a-lines.{n}.quantity\"")).nth(1).unwrap();
        let input = input.split('>').next().unwrap();
        assert!(input.contains(&format!("value=\"{open}\"")), "{input}");
    }
    let send = |pairs: String| {
        let answer = page.send("POST", &format!("/sales.order/{id}/deliver"), Some(&pairs), &[]);
        answer.unwrap()
    };
    // A row that is left empty is not told.
    let told = |first: &str| {
        format!(
            "lines.0.line={}&lines.0.quantity={first}&lines.1.line={}&lines.1.quantity=\
             &lines.2.line={}&lines.2.quantity=",
            ids[0], ids[1], ids[2],
        )
    };
    for (quantity, path) in [("11", "lines[0].quantity"), ("ten", "lines[0].quantity")] {
        let refused = send(told(quantity));
        assert_eq!(refused.status, 422, "{:?}", refused.body);
        assert!(refused.body.to_string().contains(path), "{:?}", refused.body);
    }
    send(told("4")).expect(303);
    let order = rep.get("sales.order", id).await.unwrap();
    let delivered = |n: usize| order["lines"][n]["delivered"].as_str().unwrap_or("0").to_owned();
    assert_eq!((delivered(0), delivered(1)), ("4".to_owned(), "0".to_owned()));
    assert_eq!(order["lines"][0]["open"], "6");
    // With none of them filled it is everything that is open.
    send("lines.0.line=1&lines.0.quantity=".to_owned()).expect(303);
    let order = rep.get("sales.order", id).await.unwrap();
    assert_eq!(order["delivery_state"], "complete");
}

async fn which_action_from_which_state() {
    let house = House::open(&[]).await;
    let reason = json!({ "reason": "enough" });
    // state, action → what becomes of it
    for (path, action, outcome) in [
        (&[][..], "confirm", "confirmed"),
        (&[], "cancel", "cancelled"),
        (&[], "close", "state: wrong_state"),
        (&[], "deliver", "state: wrong_state"),
        (&[], "reopen", "state: wrong_state"),
        (&["confirm"], "confirm", "state: wrong_state"),
        (&["confirm"], "cancel", "cancelled"),
        (&["confirm"], "reopen", "draft"),
        (&["confirm"], "close", "done"),
        (&["confirm"], "deliver", "done"),
        (&["confirm", "cancel"], "confirm", "state: wrong_state"),
        (&["confirm", "cancel"], "reopen", "draft"),
        (&["confirm", "reopen"], "confirm", "confirmed"),
        (&["confirm", "deliver"], "cancel", "state: wrong_state"),
        (&["confirm", "deliver"], "return", "done"),
        (&["confirm"], "return", "lines: nothing_delivered"),
        (&["confirm"], "plan", "confirmed"),
    ] {
        let id = house.order(&[("chain", "4", json!({}))]).await;
        let args = |action: &str| match action {
            "close" | "return" => reason.clone(),
            _ => Json::Null,
        };
        for step in path {
            house.act(id, step, args(step)).await.unwrap();
        }
        let done = house.act(id, action, args(action)).await;
        let found = match done {
            Ok(_) => house.get(id).await["state"].as_str().unwrap().to_owned(),
            refused => problems(refused).join(", "),
        };
        assert_eq!(found, outcome, "{path:?} {action}");
    }
}

async fn a_reopened_order_keeps_its_number_and_forgets_the_rest() {
    let house = House::open(&[]).await;
    let id = house.order(&[("chain", "4", json!({}))]).await;
    house.act(id, "confirm", Json::Null).await.unwrap();
    house.act(id, "reopen", Json::Null).await.unwrap();
    assert_eq!(house.progress(id).await, "draft - -");
    let line = house.get(id).await["lines"][0]["id"].clone();
    let lines = json!([{ "id": line, "quantity": "6" }]);
    house.rep.update("sales.order", id, json!({ "lines": lines })).await.unwrap();
    house.act(id, "confirm", Json::Null).await.unwrap();
    let order = house.get(id).await;
    assert_eq!(
        (order["number"].as_str(), order["net"].as_str()),
        (Some("SO-2026-00001"), Some("150.00"))
    );
    assert_eq!(order["margin"], "60", "the expected cost follows the quantity");
}

async fn refusals_name_the_line_and_the_cure() {
    let house = House::open(&[]).await;
    let empty = house.order(&[]).await;
    let refused = house.act(empty, "confirm", Json::Null).await;
    assert_eq!(refused.unwrap_err().to_string(), "An order needs at least one line.");
    let odd = house.order(&[("chain", "0", json!({})), ("dream", "1", json!({}))]).await;
    let refused = house.act(odd, "confirm", Json::Null).await;
    assert_eq!(problems(refused), ["lines[0].quantity: zero", "lines[1].product: not_sold"]);

    let id = house.order(&[("chain", "4", json!({}))]).await;
    house.act(id, "confirm", Json::Null).await.unwrap();
    let line = house.get(id).await["lines"][0]["id"].clone();
    let lines = json!([{ "id": line, "quantity": "5" }]);
    let refused = house.rep.update("sales.order", id, json!({ "lines": lines })).await;
    assert_eq!(problems(refused), ["lines[0].quantity: agreed"]);
    let note = json!({ "note": "at the back door", "promised_on": "2026-03-09" });
    house.rep.update("sales.order", id, note).await.unwrap();
    let refused =
        house.rep.update("sales.order", id, json!({ "delivery_state": "complete" })).await;
    assert_eq!(problems(refused), ["delivery_state: readonly"]);
}

async fn who_sees_and_who_acts() {
    let house = House::open(&[]).await;
    let id = house.order(&[("chain", "4", json!({}))]).await;
    house.act(id, "confirm", Json::Null).await.unwrap();
    let seen = house.rep.get("sales.order", id).await.unwrap();
    assert!(seen.get("margin").is_none() && seen["lines"][0].get("expected_cost").is_none());
    assert_eq!(house.get(id).await["lines"][0]["expected_cost"], "60");
    let other = house.shop.user("Olga", &["employee"]).await;
    assert!(other.get("sales.order", id).await.is_err());
    assert!(house.rep.report("sales.margins", &[]).await.is_err());
    assert!(house.boss.report("sales.margins", &[]).await.is_ok());
    // Who orders becomes a customer; sales may also enter new ones.
    let smith = house.key("party", "smith").await;
    let order = json!({ "customer": smith });
    let id = house.order_of(order, &[("chain", "1", json!({}))]).await;
    house.act(id, "confirm", Json::Null).await.unwrap();
    assert_eq!(house.rep.get("party", smith).await.unwrap()["customer"], true);
    house.rep.create("party", json!({ "name": "New", "customer": true })).await.unwrap();
    assert!(
        house.rep.create("party", json!({ "name": "Seller", "supplier": true })).await.is_err()
    );
}

async fn orders_of_long_ago_keep_their_days_and_prices() {
    let house = House::open(&[]).await;
    let order = json!({
        "customer": house.key("party", "verdi").await,
        "ordered_on": "1996-07-04",
        "requested_on": "1996-08-01",
    });
    let given = json!({ "unit_price": "14.00", "discount": "0.15" });
    let id = house.order_of(order, &[("chain", "12", given)]).await;
    house.act(id, "confirm", Json::Null).await.unwrap();
    let order = house.get(id).await;
    assert_eq!(
        (order["net"].as_str(), order["ordered_on"].as_str()),
        (Some("142.80"), Some("1996-07-04"))
    );
    let range = [("from", "1996-01-01"), ("until", "1996-12-31")];
    let table = house.rep.report("sales.by_customer", &range).await.unwrap();
    assert_eq!(texts(&table.rows[0])[1..], ["1", "142.80", "1", "1996-07-04"]);
}

async fn long_orders_ask_no_more_than_short_ones() {
    let house = House::open(&[]).await;
    let (customer, product) =
        (house.key("party", "verdi").await, house.key("product", "chain").await);
    let mut counts = Vec::new();
    for lines in [2, 120] {
        let line = json!({ "product": product, "quantity": "3" });
        let order = json!({ "customer": customer, "lines": vec![line; lines] });
        let created = house
            .rep
            .kernel
            .run(&house.rep.ctx, move |tx| {
                let order = order.as_object().cloned().unwrap_or_default();
                Box::pin(async move {
                    let draft = records::draft_of(tx, "sales.order", &order)?;
                    let id = records::create(tx, "sales.order", vec![draft]).await?[0];
                    let created = tx.statements();
                    let args =
                        records::arguments(tx, "sales.order", "confirm", &Default::default())?;
                    records::act(tx, "sales.order", id, "confirm", args).await?;
                    Ok((created, tx.statements() - created))
                })
            })
            .await
            .unwrap();
        counts.push(created);
    }
    assert_eq!(counts[0], counts[1], "statements to create and to confirm");
}

async fn the_same_quote_places_one_order() {
    let house = House::open(&[]).await;
    let (customer, product) =
        (house.key("party", "verdi").await, house.key("product", "bike").await);
    let currency = house.key("currency", "EUR").await;
    let ask = OrderAsk {
        customer: customer.cast(),
        currency: currency.cast(),
        payment_term: None,
        requested_on: Some("2026-04-01".parse().unwrap()),
        source: DocRef { model: "cpq.quote".to_owned(), id: AnyId::new(77) },
        lines: vec![OrderLineAsk {
            product: product.cast(),
            description: "Bike, carbon frame".to_owned(),
            quantity: "5".parse().unwrap(),
            unit_price: "2565".parse().unwrap(),
            tax_code: None,
            cost: Some("6000".parse().unwrap()),
        }],
    };
    let place = |ask: OrderAsk| {
        house.rep.kernel.run(&house.rep.ctx, move |tx| {
            let ask = ask.clone();
            Box::pin(async move { tx.ports().orders.unwrap().place(tx, ask).await })
        })
    };
    let (first, second) = (place(ask.clone()).await.unwrap(), place(ask).await.unwrap());
    assert_eq!(first, second);
    let order = house.get(first.id).await;
    assert_eq!(order["lines"][0]["description"], "Bike, carbon frame");
    assert_eq!(
        (order["net"].as_str(), order["total"].as_str()),
        (Some("12825.00"), Some("15390.00"))
    );
    house.act(first.id, "confirm", Json::Null).await.unwrap();
    let order = house.get(first.id).await;
    assert_eq!(
        (order["margin"].as_str(), order["promised_on"].as_str()),
        (Some("6825"), Some("2026-04-01"))
    );
}

async fn reports_add_up() {
    let house = House::open(&[]).await;
    let smith = house.key("party", "smith").await;
    let first = house.order(&[("chain", "4", json!({})), ("fitting", "1", json!({}))]).await;
    let second = house.order(&[("chain", "2", json!({})), ("chain", "1", json!({}))]).await;
    let dollars = house.order_of(json!({ "customer": smith }), &[("bike", "1", json!({}))]).await;
    house.order(&[("bike", "9", json!({}))]).await; // a draft is not sold
    for id in [first, second, dollars] {
        house.act(id, "confirm", Json::Null).await.unwrap();
    }
    house.act(second, "deliver", Json::Null).await.unwrap();

    let table = house.rep.report("sales.by_customer", &[]).await.unwrap();
    let rows: Vec<Vec<String>> = table.rows.iter().map(|row| texts(&row[1..3])).collect();
    assert_eq!(rows, [["1", "2565.00"], ["2", "255.00"]]);
    assert_eq!(texts(&table.totals)[2], "2820.00");
    let table = house.rep.report("sales.by_product", &[]).await.unwrap();
    let rows: Vec<Vec<String>> = table.rows.iter().map(|row| texts(&row[1..4])).collect();
    assert_eq!(rows, [["1", "1", "2565.00"], ["7", "2", "175.00"], ["1", "1", "80.00"]]);
    let table = house.rep.report("sales.open_orders", &[]).await.unwrap();
    let rows: Vec<Vec<String>> = table.rows.iter().map(|row| texts(&row[6..])).collect();
    assert_eq!(rows, [["4", "0", "4", "100.00"], ["1", "0", "1", "2565.00"]]);
    let table = house.boss.report("sales.margins", &[]).await.unwrap();
    let rows: Vec<Vec<String>> = table.rows.iter().map(|row| texts(&row[3..])).collect();
    assert_eq!(rows[0], ["180.00", "60.00", "120.00", "0.6667", "1"]);
    let wrong = house.rep.report("sales.by_customer", &[("until", "2020-01-01")]).await;
    assert_eq!(problems(wrong.map(|table| table.rows)), ["until: before_from"]);

    let section = house
        .rep
        .kernel
        .read(&house.rep.ctx, move |tx| {
            let page = tx.ports().overview[0].clone();
            Box::pin(async move { page.section(tx, smith.cast()).await })
        })
        .await
        .unwrap();
    assert_eq!(section.figures[1], ("Open orders".to_owned(), "1".to_owned()));
    assert_eq!(section.figures[2], ("Open, before tax".to_owned(), "2565.00".to_owned()));
    assert_eq!(section.documents[0].document.id, dollars);
}

async fn goods_are_set_aside_delivered_in_parts_and_come_back() {
    let house = House::open(&["inventory"]).await;
    house.stock("bike", "3", "1215.714").await;
    let id = house.order(&[("bike", "5", json!({}))]).await;
    let said = house.act(id, "confirm", Json::Null).await.unwrap();
    assert!(said.contains("Short, and nobody makes or buys it: 2 × Bike."), "{said}");
    assert_eq!(house.progress(id).await, "confirmed waiting untracked");
    assert_eq!(house.get(id).await["promised_on"], Json::Null);
    house.stock("bike", "2", "1215.714").await;
    house.act(id, "plan", Json::Null).await.unwrap();
    assert_eq!(house.progress(id).await, "confirmed ready untracked");

    house.deliver("3").await;
    assert_eq!(house.progress(id).await, "confirmed partial untracked");
    let refused = house.act(id, "cancel", Json::Null).await;
    assert_eq!(problems(refused), ["lines[0].delivered: delivered"]);
    house.deliver("2").await;
    assert_eq!(house.progress(id).await, "done complete untracked");
    let order = house.get(id).await;
    assert_eq!(order["lines"][0]["delivered_cost"], "6078.57");
    assert_eq!(order["margin"], "6746.43");

    let reason = json!({ "reason": "bent" });
    let outcome = house.rep.act("sales.order", id, "return", reason).await.unwrap();
    let back = outcome.open.unwrap().id;
    let line = house.rep.get("sales.return", back).await.unwrap()["lines"][0]["id"].clone();
    let lines = |quantity: &str| json!({ "lines": [{ "id": line, "quantity": quantity }] });
    house.rep.update("sales.return", back, lines("6")).await.unwrap();
    let refused = house.rep.act("sales.return", back, "confirm", Json::Null).await;
    assert_eq!(problems(refused), ["lines[0].quantity: too_many"]);
    house.rep.update("sales.return", back, lines("2")).await.unwrap();
    let outcome = house.rep.act("sales.return", back, "confirm", Json::Null).await.unwrap();
    let receipt = outcome.open.unwrap();
    assert_eq!(receipt.model, "inventory.receipt");
    house.boss.act("inventory.receipt", receipt.id, "done", Json::Null).await.unwrap();
    let returned = house.rep.get("sales.return", back).await.unwrap();
    assert_eq!(
        (returned["state"].as_str(), returned["number"].as_str()),
        (Some("received"), Some("SR-2026-00001"))
    );
    let order = house.get(id).await;
    assert_eq!(order["lines"][0]["returned"], "2");
    assert_eq!(order["lines"][0]["delivered_cost"], "3647.14");
    assert_eq!(order["margin"], "4047.86", "3 × 2565.00 − 3,647.14");
    house.rep.act("sales.return", back, "finish", Json::Null).await.unwrap();
}

async fn a_cancelled_order_gives_its_goods_back() {
    let house = House::open(&["inventory"]).await;
    house.stock("bike", "3", "1000").await;
    let id = house.order(&[("bike", "3", json!({}))]).await;
    house.act(id, "confirm", Json::Null).await.unwrap();
    let waiting = house.order(&[("bike", "2", json!({}))]).await;
    house.act(waiting, "confirm", Json::Null).await.unwrap();
    assert_eq!(house.progress(waiting).await, "confirmed waiting untracked");
    house.act(id, "cancel", json!({ "reason": "too late" })).await.unwrap();
    assert_eq!(house.progress(id).await, "cancelled - -");
    assert_eq!(house.progress(waiting).await, "confirmed ready untracked", "who waited is served");
}

async fn what_is_delivered_is_invoiced_and_what_comes_back_credited() {
    let house = House::open(&["inventory", "accounting"]).await;
    house.stock("bike", "5", "1215.714").await;
    let id = house.order(&[("bike", "5", json!({})), ("fitting", "1", json!({}))]).await;
    house.act(id, "confirm", Json::Null).await.unwrap();
    assert_eq!(house.progress(id).await, "confirmed ready waiting");
    house.act(id, "invoice", Json::Null).await.unwrap(); // the service is invoiced as ordered
    let refused = house.act(id, "invoice", Json::Null).await;
    assert_eq!(problems(refused), ["lines: nothing_to_invoice"]);
    house.deliver("3").await;
    house.act(id, "invoice", Json::Null).await.unwrap();
    let order = house.get(id).await;
    assert_eq!(order["lines"][0]["invoiced"], "3");
    assert_eq!(order["invoiced_total"], "9314.00", "80.00 + 9,234.00");
    assert_eq!(house.progress(id).await, "confirmed partial partial");
    let refused = house.act(id, "close", json!({ "reason": "enough" })).await;
    assert!(refused.is_ok(), "what is delivered is invoiced: {refused:?}");

    let reason = json!({ "reason": "bent" });
    let outcome = house.rep.act("sales.order", id, "return", reason).await.unwrap();
    let back = outcome.open.unwrap().id;
    let lines = house.rep.get("sales.return", back).await.unwrap()["lines"].clone();
    let kept = json!([{ "id": lines[0]["id"], "quantity": "1" }]);
    house.rep.update("sales.return", back, json!({ "lines": kept })).await.unwrap();
    let receipt = house.rep.act("sales.return", back, "confirm", Json::Null).await.unwrap();
    let refused = house.rep.act("sales.return", back, "credit", Json::Null).await;
    assert_eq!(problems(refused), ["lines: nothing_to_credit"]);
    let receipt = receipt.open.unwrap().id;
    house.boss.act("inventory.receipt", receipt, "done", Json::Null).await.unwrap();
    house.rep.act("sales.return", back, "credit", Json::Null).await.unwrap();
    let returned = house.rep.get("sales.return", back).await.unwrap();
    assert_eq!(
        (returned["state"].as_str(), returned["credited_total"].as_str()),
        (Some("done"), Some("3078.00"))
    );
    assert_eq!(house.get(id).await["lines"][0]["credited"], "1");
}

async fn the_credit_limit_holds_an_order_back() {
    let house = House::open(&["accounting"]).await;
    let verdi = house.key("party", "verdi").await;
    house.shop.admin.update("party", verdi, json!({ "credit_limit": "5000" })).await.unwrap();
    let large = house.order(&[("bike", "2", json!({}))]).await;
    let refused = house.act(large, "confirm", Json::Null).await;
    assert_eq!(problems(refused), ["customer: credit_limit"]);
    let one = house.order(&[("bike", "1", json!({}))]).await;
    house.act(one, "confirm", Json::Null).await.unwrap();
    let second = house.order(&[("bike", "1", json!({}))]).await;
    assert!(house.act(second, "confirm", Json::Null).await.is_err(), "the first holds 3,078.00");
    house.act(one, "cancel", Json::Null).await.unwrap();
    house.act(second, "confirm", Json::Null).await.unwrap();
    // Nobody counts goods here: the order is invoiced as it is ordered, and done.
    house.act(second, "invoice", Json::Null).await.unwrap();
    assert_eq!(house.progress(second).await, "done untracked complete");
}

async fn quantities_fit_their_unit_and_stock_is_counted_in_base_units() {
    let house = House::open(&["inventory"]).await;
    let product = house.key("product", "chain").await;
    let verdi = house.key("party", "verdi").await;
    let lines =
        json!([{ "product": product, "quantity": "1" }, { "product": product, "quantity": "2.5" }]);
    let refused =
        house.rep.create("sales.order", json!({ "customer": verdi, "lines": lines })).await;
    assert_eq!(problems(refused), ["lines[1].quantity: too_fine"]);

    house.stock("bolt", "30", "0.25").await; // pieces
    let id = house.order(&[("bolt", "2", json!({}))]).await;
    house.act(id, "confirm", Json::Null).await.unwrap();
    assert_eq!(house.get(id).await["lines"][0]["expected_cost"], "6");
    for _ in 0..3 {
        house.deliver("8").await;
    }
    let order = house.get(id).await;
    assert_eq!(order["lines"][0]["delivered"], "2", "24 pieces are two dozen");
    assert_eq!((order["state"].as_str(), order["margin"].as_str()), (Some("done"), Some("6")));
}

async fn amounts_at_home_have_the_decimals_of_home() {
    let house = House::open(&["inventory"]).await;
    house.stock("bike", "1", "1215.71").await;
    let yen = house.key("currency", "JPY").await;
    let eur = house.key("currency", "EUR").await;
    let rate =
        json!({ "date": "2026-01-01", "from_currency": yen, "to_currency": eur, "rate": "0.006" });
    house.shop.admin.create("exchange_rate", rate).await.unwrap();
    let order = json!({ "customer": house.key("party", "verdi").await, "currency": yen });
    let id = house.order_of(order, &[("bike", "1", json!({ "unit_price": "400000" }))]).await;
    house.act(id, "confirm", Json::Null).await.unwrap();
    house.deliver("1").await;
    let order = house.get(id).await;
    assert_eq!(
        (order["total"].as_str(), order["margin"].as_str()),
        (Some("480000.00"), Some("1184.29"))
    );
}

async fn what_the_warehouse_takes_back_is_not_owed() {
    let house = House::open(&["inventory", "accounting"]).await;
    house.stock("bike", "3", "1000").await;
    let id = house.order(&[("bike", "3", json!({}))]).await;
    house.act(id, "confirm", Json::Null).await.unwrap();
    house.deliver("3").await;
    let gone = house.boss.list("inventory.delivery", "state == 'done'", "id").await.unwrap();
    let gone: AnyId = gone[0]["id"].as_str().unwrap().parse().unwrap();
    let back = house.boss.act("inventory.delivery", gone, "bring_back", Json::Null).await.unwrap();
    let back = back.open.unwrap().id;
    let line = house.boss.get("inventory.receipt", back).await.unwrap()["lines"][0]["id"].clone();
    let one = json!({ "lines": [{ "id": line, "quantity": "1" }] });
    house.boss.update("inventory.receipt", back, one).await.unwrap();
    for action in ["confirm", "done"] {
        house.boss.act("inventory.receipt", back, action, Json::Null).await.unwrap();
    }
    let order = house.get(id).await;
    assert_eq!(
        (order["lines"][0]["returned"].as_str(), order["margin"].as_str()),
        (Some("1"), Some("3130"))
    );
    let outcome = house.rep.act("sales.order", id, "invoice", Json::Null).await.unwrap();
    assert_eq!(house.progress(id).await, "done complete complete");
    assert_eq!(house.get(id).await["invoiced_total"], "6156.00", "two of three");

    // Accounting takes the invoice back: it can be written anew.
    let invoice = outcome.open.unwrap().id;
    let reason = json!({ "reason": "wrong address" });
    house.boss.act("accounting.invoice", invoice, "credit", reason).await.unwrap();
    let order = house.get(id).await;
    assert_eq!(
        (order["invoice_state"].as_str(), order["invoiced_total"].as_str()),
        (Some("waiting"), Some("0.00"))
    );
    house.act(id, "invoice", Json::Null).await.unwrap();
    assert_eq!(house.progress(id).await, "done complete complete");
}

async fn problems_of_a_batch_name_the_order() {
    let house = House::open(&[]).await;
    let (verdi, chain) = (house.key("party", "verdi").await, house.key("product", "chain").await);
    let order = move |quantity: &str| json!({ "customer": verdi, "lines": [{ "product": chain, "quantity": quantity }] });
    let orders = [order("1"), order("0.5")];
    let created = house.rep.kernel.run(&house.rep.ctx, move |tx| {
        let orders = orders.clone();
        Box::pin(async move {
            let drafts: fondaco_kernel::Result<Vec<_>> = orders
                .iter()
                .filter_map(Json::as_object)
                .map(|order| records::draft_of(tx, "sales.order", order))
                .collect();
            records::create(tx, "sales.order", drafts?).await
        })
    });
    assert_eq!(problems(created.await), ["[1].lines[0].quantity: too_fine"]);
}
