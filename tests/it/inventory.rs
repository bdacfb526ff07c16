//! Inventory, alone: with every other module switched off.

#![cfg(test)]

use fondaco_kernel::ports::stock::{
    Demand, DemandLine, Expected, ExpectedLine, Output, Purpose, Reserved,
};
use fondaco_kernel::{DocRef, ledger};
use fondaco_server::desk::Desk;
use fondaco_server::modules;
use fondaco_tests::shop::problems;
use fondaco_tests::{Shop, both};
use fondaco_values::{AnyId, Date, Id, Money, Quantity, Value};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

both! {
    goods_come_are_set_aside_and_go,
    what_is_not_delivered_becomes_a_delivery_of_its_own,
    a_line_may_stay_behind_as_a_whole,
    who_is_due_first_is_served_first,
    refusals_of_deliveries,
    returns_go_back_at_what_they_came_at,
    a_count_books_what_differed_when_it_was_entered,
    what_is_lost_is_taken_from_who_is_due_last,
    transfers_leave_what_is_set_aside,
    lots_go_as_they_expire,
    serial_numbers_name_one_piece,
    standard_cost_keeps_the_difference_out,
    others_demand_and_expect_without_doubles,
    production_takes_and_gives,
    sixty_four_clients_never_oversell,
    statements_do_not_grow_with_the_lines,
    values_are_for_those_who_may_see_costs,
}

const OUT: &str = "inventory.delivery";
const IN: &str = "inventory.receipt";
const COUNT: &str = "inventory.count";
const SHEET: &str = "inventory.adjustment";
const MOVE: &str = "inventory.transfer";

/// A company with inventory alone, its storekeeper and its manager.
struct House {
    shop: Shop,
    keeper: Desk,
    boss: Desk,
}

impl House {
    async fn open() -> House {
        let modules = modules::named(&["inventory".to_owned()]).unwrap();
        let shop = Shop::open(modules).await;
        let keeper = shop.user("Kim", &["inventory_user"]).await;
        let boss = shop.user("Bo", &["inventory_manager"]).await;
        House { shop, keeper, boss }
    }

    /// A product, with what is said of it besides its code.
    async fn product(&self, code: &str, more: Json) -> AnyId {
        let unit = self.shop.admin.by_key("unit", "piece").await.unwrap();
        let mut fields = json!({ "code": code, "name": code, "unit": unit });
        fields.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
        self.shop.admin.create("product", fields).await.unwrap()
    }

    /// Opening stock: product, quantity, unit cost.
    async fn opening(&self, lines: &[(AnyId, &str, &str)]) {
        let line = |(product, quantity, cost): &(AnyId, &str, &str)| json!({ "product": product, "quantity": quantity, "unit_cost": cost });
        self.sheet("opening", lines.iter().map(line).collect()).await;
    }

    async fn sheet(&self, kind: &str, lines: Vec<Json>) -> AnyId {
        let sheet = json!({ "kind": kind, "lines": lines });
        let id = self.boss.create(SHEET, sheet).await.unwrap();
        self.done(SHEET, id).await;
        id
    }

    /// A confirmed delivery.
    async fn deliver(&self, due: &str, lines: &[(AnyId, &str)]) -> AnyId {
        let lines: Vec<Json> =
            lines.iter().map(|(p, q)| json!({ "product": p, "quantity": q })).collect();
        let id = self.keeper.create(OUT, json!({ "due": due, "lines": lines })).await.unwrap();
        self.keeper.act(OUT, id, "confirm", Json::Null).await.unwrap();
        id
    }

    /// A confirmed receipt: product, quantity, unit cost.
    async fn receive(&self, lines: &[(AnyId, &str, &str)]) -> AnyId {
        let lines: Vec<Json> = lines
            .iter()
            .map(|(p, q, cost)| json!({ "product": p, "quantity": q, "unit_cost": cost }))
            .collect();
        let id = self.boss.create(IN, json!({ "lines": lines })).await.unwrap();
        self.boss.act(IN, id, "confirm", Json::Null).await.unwrap();
        id
    }

    async fn done(&self, model: &str, id: AnyId) {
        self.boss.act(model, id, "done", Json::Null).await.unwrap();
    }

    async fn see(&self, model: &str, id: AnyId) -> Json {
        self.boss.get(model, id).await.unwrap()
    }

    async fn state(&self, model: &str, id: AnyId) -> String {
        self.see(model, id).await["state"].as_str().unwrap_or_default().to_owned()
    }

    /// The column of the lines of a document.
    async fn lines(&self, model: &str, id: AnyId, field: &str) -> Vec<String> {
        let record = self.see(model, id).await;
        let lines = record["lines"].as_array().cloned().unwrap_or_default();
        lines.iter().map(|line| shown(&line[field])).collect()
    }

    /// Changes fields of the first line.
    async fn first_line(&self, model: &str, id: AnyId, change: Json) -> fondaco_kernel::Result<()> {
        let record = self.see(model, id).await;
        let lines = record["lines"].as_array().cloned().unwrap_or_default();
        let lines: Vec<Json> = lines
            .iter()
            .enumerate()
            .map(|(n, line)| {
                let mut own = json!({ "id": line["id"] });
                if n == 0 {
                    own.as_object_mut().unwrap().extend(change.as_object().cloned().unwrap());
                }
                own
            })
            .collect();
        self.keeper.update(model, id, json!({ "lines": lines })).await
    }

    /// `on hand @ unit cost = value` of a product, or nothing.
    async fn stock(&self, product: AnyId) -> String {
        let id = product.to_string();
        let table = self.boss.report("inventory.stock", &[("product", id.as_str())]).await.unwrap();
        match table.rows.first() {
            Some(row) => format!("{} @ {} = {}", text(&row[1]), text(&row[2]), text(&row[3])),
            None => "nothing".to_owned(),
        }
    }

    /// `on hand, set aside, free, expected, still wanted` of a product.
    async fn available(&self, product: AnyId) -> String {
        let id = product.to_string();
        let params = [("product", id.as_str())];
        let table = self.boss.report("inventory.availability", &params).await.unwrap();
        let row = table.rows.first().map(|row| row[1..6].iter().map(text).collect::<Vec<_>>());
        row.unwrap_or_default().join(" ")
    }

    /// The balance of an account of the stock book in euros.
    async fn value(&self, purpose: &'static str) -> String {
        let amount = self
            .boss
            .kernel
            .read(&self.boss.ctx, move |tx| {
                Box::pin(async move {
                    let account = ledger::accounts::by_purpose(tx, purpose).await?;
                    ledger::amount(tx, &ledger::Filter::account(account)).await
                })
            })
            .await
            .unwrap();
        Money::from_minor(amount, 2).to_string()
    }

    /// Asks the port for goods.
    async fn demand(
        &self,
        source: i64,
        purpose: Purpose,
        due: &str,
        lines: &[(i64, AnyId, &str)],
    ) -> fondaco_kernel::Result<Vec<Reserved>> {
        let ask = Demand {
            source: doc(source),
            purpose,
            party: None,
            due: due.parse().unwrap(),
            lines: lines
                .iter()
                .map(|(key, product, quantity)| DemandLine {
                    key: Id::new(*key),
                    product: product.cast(),
                    quantity: quantity.parse().unwrap(),
                })
                .collect(),
        };
        ask_for(&self.boss, ask).await
    }
}

/// Asks the port for goods.
async fn ask_for(desk: &Desk, ask: Demand) -> fondaco_kernel::Result<Vec<Reserved>> {
    desk.kernel
        .run(&desk.ctx, move |tx| {
            let ask = ask.clone();
            Box::pin(async move { tx.ports().stock.unwrap().demand(tx, ask).await })
        })
        .await
}

/// One client's wish for one piece; how many he got.
async fn one_piece(desk: Desk, product: AnyId, client: i64) -> Quantity {
    let line = DemandLine { key: Id::new(1), product: product.cast(), quantity: Quantity::ONE };
    let ask = Demand {
        source: doc(1_000 + client),
        purpose: Purpose::Delivery,
        party: None,
        due: Date::constant(2026, 3, 9),
        lines: vec![line],
    };
    ask_for(&desk, ask).await.unwrap()[0].reserved
}

fn doc(id: i64) -> DocRef {
    DocRef { model: "other.order".to_owned(), id: Id::new(id) }
}

fn shown(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn text(value: &Value) -> String {
    shown(&value.to_json())
}

fn reserved(lines: &[Reserved]) -> Vec<String> {
    lines.iter().map(|line| format!("{} of {}", line.reserved, line.wanted)).collect()
}

async fn goods_come_are_set_aside_and_go() {
    let house = House::open().await;
    let frame = house.product("frame", json!({})).await;
    house.opening(&[(frame, "3", "420")]).await;
    assert_eq!(house.stock(frame).await, "3 @ 420 = 1260.00");

    let out = house.deliver("2026-03-09", &[(frame, "5")]).await;
    assert_eq!(house.state(OUT, out).await, "waiting");
    assert_eq!(house.lines(OUT, out, "reserved").await, ["3"]);
    assert_eq!(house.see(OUT, out).await["number"], "OUT-2026-00001");
    assert_eq!(house.available(frame).await, "3 3 0 0 2");

    let receipt = house.receive(&[(frame, "4", "430")]).await;
    assert_eq!(house.available(frame).await, "3 3 0 4 2");
    house.done(IN, receipt).await;
    assert_eq!(house.stock(frame).await, "7 @ 425.714286 = 2980.00");
    assert_eq!(house.state(OUT, out).await, "ready");
    assert_eq!(house.available(frame).await, "7 5 2 0 0");

    house.done(OUT, out).await;
    assert_eq!(house.stock(frame).await, "2 @ 425.715 = 851.43");
    assert_eq!(house.see(OUT, out).await["value"], "2128.57");
    assert_eq!(house.value("value_stock").await, "851.43");
    assert_eq!(house.value("value_customer").await, "2128.57");
    assert_eq!(house.value("value_supplier").await, "-1720.00");
    assert_eq!(house.value("value_opening").await, "-1260.00");
}

async fn what_is_not_delivered_becomes_a_delivery_of_its_own() {
    let house = House::open().await;
    let (bike, bell) =
        (house.product("bike", json!({})).await, house.product("bell", json!({})).await);
    house.opening(&[(bike, "5", "1215.714"), (bell, "1", "7")]).await;
    assert_eq!(house.stock(bike).await, "5 @ 1215.714 = 6078.57");
    let out = house.deliver("2026-03-09", &[(bike, "5"), (bell, "2")]).await;
    house.first_line(OUT, out, json!({ "done": "3" })).await.unwrap();
    let outcome = house.keeper.act(OUT, out, "done", json!({ "on": "2026-03-01" })).await.unwrap();
    let rest = outcome.open.unwrap().id;

    assert_eq!(house.lines(OUT, out, "moved").await, ["3", "1"]);
    assert_eq!(house.lines(OUT, out, "value").await, ["3647.14", "7.00"]);
    assert_eq!(house.lines(OUT, rest, "quantity").await, ["2", "1"]);
    assert_eq!(house.lines(OUT, rest, "reserved").await, ["2", "0"]);
    assert_eq!(house.state(OUT, rest).await, "waiting");
    assert_eq!(house.see(OUT, rest).await["backorder_of"], out.to_string());

    house.first_line(OUT, rest, json!({ "done": "2" })).await.unwrap();
    house.keeper.act(OUT, rest, "done", json!({ "rest": "drop" })).await.unwrap();
    assert_eq!(house.lines(OUT, rest, "value").await, ["2431.43", "0.00"]);
    assert_eq!(house.stock(bike).await, "nothing");
    assert_eq!(house.available(bell).await, "", "nobody waits for it any more");
}

async fn a_line_may_stay_behind_as_a_whole() {
    let house = House::open().await;
    let (bike, bell) =
        (house.product("bike", json!({})).await, house.product("bell", json!({})).await);
    house.opening(&[(bike, "5", "100"), (bell, "5", "7")]).await;
    let out = house.deliver("2026-03-09", &[(bike, "2"), (bell, "2")]).await;
    house.first_line(OUT, out, json!({ "done": "0" })).await.unwrap();
    let rest = house.keeper.act(OUT, out, "done", Json::Null).await.unwrap().open.unwrap().id;
    assert_eq!(house.lines(OUT, out, "moved").await, ["2"]);
    assert_eq!(house.lines(OUT, rest, "reserved").await, ["2"]);
    assert_eq!(house.stock(bike).await, "5 @ 100 = 500.00");
    assert_eq!(house.available(bike).await, "5 2 3 0 0");

    let receipt = house.receive(&[(bike, "1", "100"), (bell, "1", "7")]).await;
    house.first_line(IN, receipt, json!({ "done": "0" })).await.unwrap();
    let rest = house.boss.act(IN, receipt, "done", Json::Null).await.unwrap().open.unwrap().id;
    assert_eq!(house.lines(IN, rest, "quantity").await, ["1"]);
    assert_eq!(house.available(bike).await, "5 2 3 1 0");
}

async fn who_is_due_first_is_served_first() {
    let house = House::open().await;
    let frame = house.product("frame", json!({})).await;
    let late = house.deliver("2026-04-01", &[(frame, "2")]).await;
    let soon = house.deliver("2026-03-10", &[(frame, "2")]).await;
    let also_late = house.deliver("2026-04-01", &[(frame, "1")]).await;
    let receipt = house.receive(&[(frame, "3", "10")]).await;
    house.done(IN, receipt).await;
    assert_eq!(house.lines(OUT, soon, "reserved").await, ["2"]);
    assert_eq!(house.lines(OUT, late, "reserved").await, ["1"]);
    assert_eq!(house.lines(OUT, also_late, "reserved").await, ["0"]);

    house.keeper.act(OUT, soon, "cancel", Json::Null).await.unwrap();
    assert_eq!(house.state(OUT, late).await, "ready", "what is given back serves who waits");
    assert_eq!(house.state(OUT, also_late).await, "ready");
    assert_eq!(house.available(frame).await, "3 3 0 0 0");
}

async fn refusals_of_deliveries() {
    let house = House::open().await;
    let frame = house.product("frame", json!({})).await;
    let advice = house.product("advice", json!({ "kind": "service" })).await;
    house.opening(&[(frame, "3", "10")]).await;
    let draft =
        async |lines: Json| house.keeper.create(OUT, json!({ "lines": lines })).await.unwrap();
    let confirm = async |id: AnyId| house.keeper.act(OUT, id, "confirm", Json::Null).await;

    assert_eq!(problems(confirm(draft(json!([])).await).await), [": refused"]);
    let wrong =
        json!([{ "product": advice, "quantity": "1" }, { "product": frame, "quantity": "0" }]);
    let wrong = draft(wrong).await;
    assert_eq!(
        problems(confirm(wrong).await),
        ["lines[0].product: not_goods", "lines[1].quantity: positive"]
    );
    let none = house.product("none", json!({})).await;
    let waiting = house.deliver("2026-03-09", &[(none, "1")]).await;
    let done = house.keeper.act(OUT, waiting, "done", Json::Null).await;
    assert_eq!(problems(done), ["lines: nothing"]);

    let out = house.deliver("2026-03-09", &[(frame, "2")]).await;
    house.first_line(OUT, out, json!({ "done": "3" })).await.unwrap();
    let done = house.keeper.act(OUT, out, "done", Json::Null).await;
    assert_eq!(problems(done), ["lines[0].done: too_much"]);
    let change = house.first_line(OUT, out, json!({ "quantity": "3" })).await;
    assert_eq!(problems(change), ["lines[0].quantity: confirmed"]);
    let change = house.keeper.update(OUT, out, json!({ "lines": [], "purpose": "supplier" })).await;
    assert_eq!(problems(change), ["purpose: confirmed", "lines: removed"]);
    house.first_line(OUT, out, json!({ "done": "2" })).await.unwrap();
    let future = house.keeper.act(OUT, out, "done", json!({ "on": "2026-03-03" })).await;
    assert_eq!(problems(future), ["on: future"]);
    house.done(OUT, out).await;
    let again = house.keeper.act(OUT, out, "done", Json::Null).await;
    assert_eq!(problems(again), ["state: wrong_state"]);
    assert_eq!(house.stock(frame).await, "1 @ 10 = 10.00");
}

async fn returns_go_back_at_what_they_came_at() {
    let house = House::open().await;
    let frame = house.product("frame", json!({})).await;
    let receipt = house.receive(&[(frame, "3", "10")]).await;
    house.done(IN, receipt).await;
    let out = house.deliver("2026-03-09", &[(frame, "2")]).await;
    house.done(OUT, out).await;
    let dearer = house.receive(&[(frame, "1", "20")]).await;
    house.done(IN, dearer).await;
    assert_eq!(house.stock(frame).await, "2 @ 15 = 30.00");

    // From the customer: at what they cost when they left.
    let back = house.keeper.act(OUT, out, "bring_back", Json::Null).await.unwrap().open.unwrap().id;
    house.keeper.act(IN, back, "confirm", Json::Null).await.unwrap();
    house.done(IN, back).await;
    assert_eq!(house.stock(frame).await, "4 @ 12.5 = 50.00");
    assert_eq!(house.value("value_customer").await, "0.00");

    // To the supplier: at what it came in at; what it is worth here differs.
    let away = house.boss.act(IN, dearer, "send_back", Json::Null).await.unwrap().open.unwrap().id;
    house.keeper.act(OUT, away, "confirm", Json::Null).await.unwrap();
    house.done(OUT, away).await;
    assert_eq!(house.stock(frame).await, "3 @ 12.5 = 37.50");
    assert_eq!(house.value("value_supplier").await, "-30.00");
    assert_eq!(house.value("value_adjustment").await, "-7.50");
}

async fn a_count_books_what_differed_when_it_was_entered() {
    let house = House::open().await;
    let (bolt, nut, cap) = (
        house.product("bolt", json!({})).await,
        house.product("nut", json!({})).await,
        house.product("cap", json!({})).await,
    );
    house.opening(&[(bolt, "10", "1"), (nut, "10", "2"), (cap, "10", "3")]).await;
    let here = house.shop.admin.by_key("inventory.location", "main").await.unwrap();
    let count = house.keeper.create(COUNT, json!({ "location": here })).await.unwrap();
    house.keeper.act(COUNT, count, "fill", Json::Null).await.unwrap();
    let record = house.see(COUNT, count).await;
    let counted = |n: usize| match n {
        0 => json!("8"),
        1 => json!("0"),
        _ => Json::Null,
    };
    let lines: Vec<Json> = record["lines"]
        .as_array()
        .unwrap()
        .iter()
        .enumerate()
        .map(|(n, line)| json!({ "id": line["id"], "counted": counted(n) }))
        .collect();
    house.keeper.update(COUNT, count, json!({ "lines": lines })).await.unwrap();
    assert_eq!(house.lines(COUNT, count, "expected").await, ["10", "10", "null"]);

    // Goods move on while the sheet lies on the desk.
    let out = house.deliver("2026-03-09", &[(bolt, "3")]).await;
    house.done(OUT, out).await;
    let refused = house.keeper.act(COUNT, count, "done", Json::Null).await;
    assert!(refused.is_err(), "a storekeeper counts, the manager books");
    house.done(COUNT, count).await;
    assert_eq!(house.stock(bolt).await, "5 @ 1 = 5.00");
    assert_eq!(house.stock(nut).await, "nothing");
    assert_eq!(house.stock(cap).await, "10 @ 3 = 30.00");
    assert_eq!(house.lines(COUNT, count, "value").await, ["-2.00", "-20.00", "0.00"]);
    assert_eq!(house.value("value_adjustment").await, "22.00");
}

async fn what_is_lost_is_taken_from_who_is_due_last() {
    let house = House::open().await;
    let frame = house.product("frame", json!({})).await;
    house.opening(&[(frame, "5", "10")]).await;
    let soon = house.deliver("2026-03-10", &[(frame, "2")]).await;
    let late = house.deliver("2026-04-10", &[(frame, "3")]).await;
    assert_eq!(house.state(OUT, late).await, "ready");
    house.sheet("correction", vec![json!({ "product": frame, "quantity": "-2" })]).await;
    assert_eq!(house.stock(frame).await, "3 @ 10 = 30.00");
    assert_eq!(house.lines(OUT, soon, "reserved").await, ["2"]);
    assert_eq!(house.lines(OUT, late, "reserved").await, ["1"]);
    assert_eq!(house.state(OUT, late).await, "waiting");
    house.sheet("correction", vec![json!({ "product": frame, "quantity": "2" })]).await;
    assert_eq!(house.state(OUT, late).await, "ready", "what is found serves who waits");
    let lines = json!([{ "product": frame, "quantity": "6" }]);
    let sheet = json!({ "kind": "scrap", "lines": lines });
    let sheet = house.boss.create(SHEET, sheet).await.unwrap();
    let refused = house.boss.act(SHEET, sheet, "done", Json::Null).await;
    assert_eq!(problems(refused), ["lines[0].quantity: short"]);
}

async fn transfers_leave_what_is_set_aside() {
    let house = House::open().await;
    let frame = house.product("frame", json!({})).await;
    house.opening(&[(frame, "5", "10")]).await;
    let main = house.shop.admin.by_key("inventory.location", "main").await.unwrap();
    let house_b = json!({ "code": "B", "name": "Second house" });
    let house_b = house.boss.create("inventory.warehouse", house_b).await.unwrap();
    let second = house.see("inventory.warehouse", house_b).await["location"].clone();
    let out = house.deliver("2026-03-10", &[(frame, "3")]).await;
    let transfer = async |quantity: &str, from: Json, to: Json| {
        let lines = json!([{ "product": frame, "quantity": quantity }]);
        let fields = json!({ "from_location": from, "to_location": to, "lines": lines });
        let id = house.keeper.create(MOVE, fields).await.unwrap();
        house.keeper.act(MOVE, id, "done", Json::Null).await
    };
    let (main, second) = (json!(main), second);
    let too_much = transfer("3", main.clone(), second.clone()).await;
    assert_eq!(problems(too_much), ["lines[0].quantity: short"]);
    transfer("2", main.clone(), second.clone()).await.unwrap();
    let same = transfer("1", main.clone(), main.clone()).await;
    assert_eq!(problems(same), ["to_location: same"]);
    assert_eq!(house.stock(frame).await, "5 @ 10 = 50.00", "it stays what it is worth");
    let table = house.boss.report("inventory.places", &[]).await.unwrap();
    let held: Vec<String> = table.rows.iter().map(|row| text(&row[3])).collect();
    assert_eq!(held, ["3", "2"]);

    // Another order may take from any place, or be bound to one.
    let any = house.deliver("2026-03-11", &[(frame, "1")]).await;
    assert_eq!(house.state(OUT, any).await, "ready");
    let lines = json!([{ "product": frame, "quantity": "1" }]);
    let bound = json!({ "location": main, "lines": lines });
    let bound = house.keeper.create(OUT, bound).await.unwrap();
    house.keeper.act(OUT, bound, "confirm", Json::Null).await.unwrap();
    assert_eq!(house.state(OUT, bound).await, "waiting");
    house.keeper.act(OUT, out, "cancel", Json::Null).await.unwrap();
    assert_eq!(house.state(OUT, bound).await, "ready");
}

async fn lots_go_as_they_expire() {
    let house = House::open().await;
    let glue = house.product("glue", json!({ "lot_policy": "lot" })).await;
    let lot = |number: &str, expires: &str| json!({ "product": glue, "quantity": "2", "unit_cost": "5", "lot_number": number, "expires_on": expires });
    let nameless = json!({ "product": glue, "quantity": "2", "unit_cost": "5" });
    let sheet = json!({ "kind": "opening", "lines": [nameless] });
    let sheet = house.boss.create(SHEET, sheet).await.unwrap();
    let refused = house.boss.act(SHEET, sheet, "done", Json::Null).await;
    assert_eq!(problems(refused), ["lines[0].lot_number: required"]);

    let lots = vec![lot("C", "2026-12-31"), lot("A", "2026-02-28"), lot("B", "2026-06-30")];
    house.sheet("opening", lots).await;
    let out = house.deliver("2026-03-10", &[(glue, "3")]).await;
    let record = house.see(OUT, out).await;
    let taken: Vec<(String, String)> = record["reservations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| (shown(&r["_titles"]["lot"]), shown(&r["quantity"])))
        .collect();
    let lots: Vec<&str> = taken.iter().map(|(lot, _)| lot.as_str()).collect();
    let quantities: Vec<&str> = taken.iter().map(|(_, q)| q.as_str()).collect();
    assert_eq!(quantities, ["2", "1"], "{lots:?}");
    let more = house.deliver("2026-03-10", &[(glue, "2")]).await;
    assert_eq!(house.lines(OUT, more, "reserved").await, ["1"], "the lot of February has expired");
    house.done(OUT, out).await;
    assert_eq!(house.stock(glue).await, "3 @ 5 = 15.00");
}

async fn serial_numbers_name_one_piece() {
    let house = House::open().await;
    let bike = house.product("bike", json!({ "lot_policy": "serial" })).await;
    let receive = async |quantity: &str, numbers: &str| {
        let line = json!({ "product": bike, "quantity": quantity, "unit_cost": "100", "lot_number": numbers });
        let id = house.boss.create(IN, json!({ "lines": [line] })).await.unwrap();
        house.boss.act(IN, id, "confirm", Json::Null).await?;
        house.boss.act(IN, id, "done", Json::Null).await
    };
    assert_eq!(problems(receive("1.5", "X").await), ["lines[0].quantity: whole"]);
    assert_eq!(problems(receive("3", "X1, X2").await), ["lines[0].lot_number: serial_count"]);
    assert_eq!(problems(receive("2", "X1, X1").await), ["lines[0].lot_number: serial_twice"]);
    receive("3", "X1, X2; X3").await.unwrap();
    assert_eq!(problems(receive("1", "X2").await), ["lines[0].lot_number: serial_here"]);
    let out = house.deliver("2026-03-10", &[(bike, "2")]).await;
    house.done(OUT, out).await;
    receive("1", "X1").await.unwrap();
    assert_eq!(house.stock(bike).await, "2 @ 100 = 200.00");
}

async fn standard_cost_keeps_the_difference_out() {
    let house = House::open().await;
    let refused = house.shop.admin.create(
        "product",
        json!({ "code": "s", "name": "s", "unit": house.shop.admin.by_key("unit", "piece").await.unwrap(),
                "cost_method": "standard" }),
    );
    assert_eq!(problems(refused.await), ["standard_cost: required"]);
    let standard = json!({ "cost_method": "standard" });
    let screw = house.product("screw", json!({})).await;
    house.shop.admin.update("product", screw, standard).await.unwrap_err();
    let boss = &house.boss;
    boss.update("product", screw, json!({ "cost_method": "standard", "standard_cost": "3.00" }))
        .await
        .unwrap();
    let receipt = house.receive(&[(screw, "10", "3.50")]).await;
    house.done(IN, receipt).await;
    assert_eq!(house.stock(screw).await, "10 @ 3 = 30.00");
    assert_eq!(house.value("value_supplier").await, "-35.00");
    assert_eq!(house.value("value_adjustment").await, "5.00");
    boss.update("product", screw, json!({ "standard_cost": "2.00" })).await.unwrap();
    assert_eq!(house.stock(screw).await, "10 @ 2 = 20.00");
    assert_eq!(house.value("value_adjustment").await, "15.00");
    let out = house.deliver("2026-03-10", &[(screw, "10")]).await;
    house.done(OUT, out).await;
    assert_eq!(house.stock(screw).await, "nothing");
    assert_eq!(house.value("value_stock").await, "0.00");
}

async fn others_demand_and_expect_without_doubles() {
    let house = House::open().await;
    let (frame, wheel) =
        (house.product("frame", json!({})).await, house.product("wheel", json!({})).await);
    house.opening(&[(frame, "3", "420"), (wheel, "8", "310")]).await;
    let lines = [(1, frame, "5"), (2, wheel, "5")];
    let ask = async |lines: &[(i64, AnyId, &str)]| {
        house.demand(77, Purpose::Delivery, "2026-03-20", lines).await.unwrap()
    };
    assert_eq!(reserved(&ask(&lines).await), ["3 of 5", "5 of 5"]);
    assert_eq!(reserved(&ask(&lines).await), ["3 of 5", "5 of 5"], "asking again adds nothing");
    let all = house.boss.list(OUT, "source_id == 77", "id").await.unwrap();
    assert_eq!(all.len(), 1);
    assert_eq!(reserved(&ask(&[(1, frame, "6"), (2, wheel, "5")]).await), ["3 of 6", "5 of 5"]);
    assert_eq!(house.available(frame).await, "3 3 0 0 3", "only what is new was added");

    let expected = || Expected {
        source: doc(88),
        party: None,
        due: Date::constant(2026, 3, 9),
        lines: vec![ExpectedLine {
            key: Id::new(5),
            product: frame.cast(),
            quantity: Quantity::from_int(4),
            unit_cost: Some(430.into()),
        }],
    };
    let expect = async || {
        let ask = expected();
        house
            .boss
            .kernel
            .run(&house.boss.ctx, move |tx| {
                let ask = ask.clone();
                Box::pin(async move { tx.ports().stock.unwrap().expect(tx, ask).await })
            })
            .await
            .unwrap()
    };
    let receipt = expect().await;
    assert_eq!(expect().await, receipt);
    let over = house.first_line(IN, receipt.id, json!({ "done": "5" })).await;
    over.unwrap();
    let refused = house.keeper.act(IN, receipt.id, "done", Json::Null).await;
    assert_eq!(problems(refused), ["lines[0].done: too_much"]);
    house.first_line(IN, receipt.id, json!({ "done": "3" })).await.unwrap();
    let rest = house.keeper.act(IN, receipt.id, "done", Json::Null).await.unwrap();
    let rest = rest.open.unwrap();
    assert_eq!(house.lines(IN, rest.id, "quantity").await, ["1"]);

    house
        .boss
        .kernel
        .run(&house.boss.ctx, |tx| {
            Box::pin(async move {
                let stock = tx.ports().stock.unwrap();
                stock.withdraw(tx, &doc(77)).await?;
                stock.withdraw(tx, &doc(88)).await
            })
        })
        .await
        .unwrap();
    assert_eq!(house.available(frame).await, "6 0 6 0 0");
    assert_eq!(house.state(IN, rest.id).await, "cancelled");
}

async fn production_takes_and_gives() {
    let house = House::open().await;
    let (frame, bike) =
        (house.product("frame", json!({})).await, house.product("bike", json!({})).await);
    house.opening(&[(frame, "7", "425.714286")]).await;
    assert_eq!(house.stock(frame).await, "7 @ 425.714286 = 2980.00");
    house.demand(9, Purpose::Production, "2026-03-05", &[(1, frame, "5")]).await.unwrap();
    let waiting = house.deliver("2026-03-20", &[(bike, "4")]).await;
    let (values, outputs) = house
        .boss
        .kernel
        .run(&house.boss.ctx, move |tx| {
            Box::pin(async move {
                let stock = tx.ports().stock.unwrap();
                let q = Quantity::from_int;
                let mut taken = Vec::new();
                for (part, whole) in [(2, 5), (3, 3)] {
                    let moved = stock.issue(tx, &doc(9), (q(part), q(whole))).await?;
                    taken.push(moved.lines[0].value);
                }
                stock.add_work(tx, &doc(9), bike.cast(), Money::from_minor(50_000, 2)).await?;
                let mut given = Vec::new();
                for (quantity, value) in [(3, 157_714), (2, 105_143)] {
                    let output = Output {
                        source: doc(9),
                        key: Id::new(1),
                        product: bike.cast(),
                        quantity: q(quantity),
                        value: Money::from_minor(value, 2),
                    };
                    given.push(stock.produce(tx, output).await?.lines[0].value);
                }
                Ok((taken, given))
            })
        })
        .await
        .unwrap();
    let sum: Money = values.iter().sum();
    assert_eq!(sum.to_string(), "2128.57");
    assert_eq!(outputs.iter().sum::<Money>().to_string(), "2628.57");
    assert_eq!(house.stock(bike).await, "5 @ 525.714 = 2628.57");
    assert_eq!(house.value("value_production").await, "0.00");
    assert_eq!(house.value("value_work").await, "-500.00");
    assert_eq!(house.state(OUT, waiting).await, "ready");
}

async fn sixty_four_clients_never_oversell() {
    let house = House::open().await;
    let gem = house.product("gem", json!({})).await;
    house.opening(&[(gem, "10", "1")]).await;
    let mut clients = tokio::task::JoinSet::new();
    for n in 0..64 {
        clients.spawn(one_piece(house.boss.clone(), gem, n));
    }
    let got: Vec<Quantity> = clients.join_all().await;
    assert_eq!(got.iter().filter(|got| !got.is_zero()).count(), 10);
    assert_eq!(house.available(gem).await, "10 10 0 0 54");
    let ready = house.boss.list(OUT, "state == 'ready'", "id").await.unwrap();
    assert_eq!(ready.len(), 10);
}

async fn statements_do_not_grow_with_the_lines() {
    let house = House::open().await;
    let mut products = Vec::new();
    for n in 0..100 {
        products.push(house.product(&format!("p{n:03}"), json!({})).await);
    }
    let opening: Vec<(AnyId, &str, &str)> = products.iter().map(|p| (*p, "5", "2")).collect();
    house.opening(&opening).await;
    let mut counts = Vec::new();
    for lines in [10, 100] {
        let lines: Vec<(i64, AnyId)> = (1..).zip(products.iter().copied()).take(lines).collect();
        let source = lines.len() as i64;
        let statements = house
            .boss
            .kernel
            .run(&house.boss.ctx, move |tx| {
                let lines = lines.clone();
                Box::pin(async move {
                    let ask = Demand {
                        source: doc(source),
                        purpose: Purpose::Production,
                        party: None,
                        due: Date::constant(2026, 3, 9),
                        lines: lines
                            .iter()
                            .map(|(key, product)| DemandLine {
                                key: Id::new(*key),
                                product: product.cast(),
                                quantity: Quantity::ONE,
                            })
                            .collect(),
                    };
                    let stock = tx.ports().stock.unwrap();
                    stock.demand(tx, ask).await?;
                    stock.issue(tx, &doc(source), (Quantity::ONE, Quantity::ONE)).await?;
                    Ok(tx.statements())
                })
            })
            .await
            .unwrap();
        counts.push(statements);
    }
    let [ten, hundred] = [counts[0], counts[1]];
    assert!(hundred <= ten, "{hundred} statements for 100 lines, {ten} for 10");
}

async fn values_are_for_those_who_may_see_costs() {
    let house = House::open().await;
    let frame = house.product("frame", json!({})).await;
    house.opening(&[(frame, "3", "420")]).await;
    let out = house.deliver("2026-03-09", &[(frame, "1")]).await;
    house.done(OUT, out).await;
    let seen = house.keeper.get(OUT, out).await.unwrap();
    assert!(seen.get("value").is_none(), "{seen}");
    assert!(house.keeper.report("inventory.stock", &[]).await.is_err());
    assert!(house.keeper.report("inventory.availability", &[]).await.is_ok());
    let nobody = house.shop.user("Nil", &[]).await;
    assert!(nobody.get(OUT, out).await.is_err());
    let moves = house.boss.report("inventory.movements", &[]).await.unwrap();
    assert_eq!(moves.rows.len(), 2);
    assert_eq!(text(&moves.rows[0][6]), "420.00");
}

/// One step of a random history of one product.
#[derive(Clone, Debug)]
enum Step {
    Receive(u32, u32),
    Deliver(u32),
    Lose(u32),
    Find(u32),
    Back,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (1..9_u32, 0..999_u32).prop_map(|(quantity, cents)| Step::Receive(quantity, cents)),
        (1..9_u32).prop_map(Step::Deliver),
        (1..4_u32).prop_map(Step::Lose),
        (1..4_u32).prop_map(Step::Find),
        Just(Step::Back),
    ];
    prop::collection::vec(step, 1..14)
}

/// Runs a history; what is refused changes nothing. Then everything goes, and nothing is left.
async fn history(steps: Vec<Step>) {
    let house = House::open().await;
    let frame = house.product("frame", json!({})).await;
    house.opening(&[(frame, "1", "3.33")]).await;
    let mut last = None;
    for step in steps {
        match step {
            Step::Receive(quantity, cents) => {
                let cost = Money::from_minor(cents.into(), 2).to_string();
                let receipt = house.receive(&[(frame, &quantity.to_string(), &cost)]).await;
                house.done(IN, receipt).await;
            }
            Step::Deliver(quantity) => {
                let out = house.deliver("2026-03-09", &[(frame, &quantity.to_string())]).await;
                let done = house.boss.act(OUT, out, "done", json!({ "rest": "drop" })).await;
                last = done.is_ok().then_some(out);
                if done.is_err() {
                    house.boss.act(OUT, out, "cancel", Json::Null).await.unwrap();
                }
            }
            Step::Lose(quantity) | Step::Find(quantity) => {
                let sign = if matches!(step, Step::Lose(_)) { "-" } else { "" };
                let line = json!({ "product": frame, "quantity": format!("{sign}{quantity}") });
                let sheet = json!({ "kind": "correction", "lines": [line] });
                let sheet = house.boss.create(SHEET, sheet).await.unwrap();
                let _ = house.boss.act(SHEET, sheet, "done", Json::Null).await;
            }
            Step::Back => {
                let Some(out) = last.take() else { continue };
                let back = house.boss.act(OUT, out, "bring_back", Json::Null).await.unwrap();
                let back = back.open.unwrap().id;
                house.boss.act(IN, back, "confirm", Json::Null).await.unwrap();
                house.done(IN, back).await;
            }
        }
        let table = house.boss.report("inventory.stock", &[]).await.unwrap();
        let total = text(&table.totals[3]);
        assert_eq!(total, house.value("value_stock").await);
    }
    let table = house.boss.report("inventory.stock", &[]).await.unwrap();
    if let Some(row) = table.rows.first() {
        house.sheet("scrap", vec![json!({ "product": frame, "quantity": text(&row[1]) })]).await;
    }
    assert_eq!(house.stock(frame).await, "nothing");
    assert_eq!(house.value("value_stock").await, "0.00");
    let mut sums = Vec::new();
    for purpose in
        ["value_stock", "value_supplier", "value_customer", "value_adjustment", "value_opening"]
    {
        sums.push(house.value(purpose).await.parse::<Money>().unwrap());
    }
    assert!(sums.iter().sum::<Money>().is_zero(), "{sums:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn value_is_never_lost_and_never_left(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        runtime.block_on(history(steps));
    }
}
