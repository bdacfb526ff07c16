//! Manufacturing, alone and with inventory; all other modules are switched off.

#![cfg(test)]

use fondaco_kernel::ports::Configuration;
use fondaco_kernel::ports::configuration::{Component, Offered, Operation, Recipe};
use fondaco_kernel::ports::supply::{Need, Outlook, Taken, provider};
use fondaco_kernel::shared::Product;
use fondaco_kernel::{DocRef, Fut, Module, Tx, store};
use fondaco_server::desk::Desk;
use fondaco_server::modules;
use fondaco_tests::shop::problems;
use fondaco_tests::{Shop, both};
use fondaco_values::{AnyId, Id, Quantity, Value};
use serde_json::{Value as Json, json};

both! {
    five_bikes_cost_what_went_into_them,
    a_product_never_contains_itself,
    phantoms_scrap_units_and_validity,
    without_inventory_orders_plan_and_report,
    corrected_hours_leave_no_value_in_production,
    refusals_of_orders,
    what_is_short_is_made_over_all_levels,
    cancelling_gives_everything_back,
    the_outlook_tells_parts_date_and_cost,
    a_whole_catalogue_of_bills_is_taken_in,
    a_variant_takes_what_its_options_ask_for,
}

const ORDER: &str = "manufacturing.order";
const BOM: &str = "manufacturing.bom";

/// A company that makes things, its planner and its worker.
struct Works {
    shop: Shop,
    planner: Desk,
    worker: Desk,
    bench: AnyId,
}

impl Works {
    async fn open(modules: &[&str]) -> Works {
        Works::beside(modules, None).await
    }

    /// The same with a module of the test's own.
    async fn beside(modules: &[&str], own: Option<Module>) -> Works {
        let names: Vec<String> = modules.iter().map(|name| (*name).to_owned()).collect();
        let mut all = modules::named(&names).unwrap();
        all.extend(own);
        let shop = Shop::open(all).await;
        let stock = modules.contains(&"inventory");
        let mut roles = vec!["manufacturing_manager"];
        roles.extend(stock.then_some("inventory_manager"));
        let planner = shop.user("Pat", &roles).await;
        let worker = shop.user("Wyn", &["manufacturing_user"]).await;
        let bench = json!({ "code": "BENCH", "name": "Bench", "rate": "40.00" });
        let bench = planner.create("manufacturing.work_centre", bench).await.unwrap();
        Works { shop, planner, worker, bench }
    }

    async fn product(&self, code: &str, more: Json) -> AnyId {
        let unit = self.shop.admin.by_key("unit", "piece").await.unwrap();
        let mut fields = json!({ "code": code, "name": code, "unit": unit });
        fields.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
        self.shop.admin.create("product", fields).await.unwrap()
    }

    /// A bill of materials of components `(product, quantity)` and hours at the bench.
    async fn bom(&self, product: AnyId, components: &[(AnyId, &str)], hours: &[&str]) -> AnyId {
        let lines: Vec<Json> = components
            .iter()
            .map(|(component, quantity)| json!({ "product": component, "quantity": quantity }))
            .collect();
        let bench = self.bench;
        let operations: Vec<Json> = hours
            .iter()
            .map(|hours| json!({ "name": "Work", "work_centre": bench, "hours": hours }))
            .collect();
        let bom = json!({ "product": product, "lines": lines, "operations": operations });
        self.planner.create(BOM, bom).await.unwrap()
    }

    async fn opening(&self, lines: &[(AnyId, &str, &str)]) {
        let line = |(product, quantity, cost): &(AnyId, &str, &str)| json!({ "product": product, "quantity": quantity, "unit_cost": cost });
        let lines: Vec<Json> = lines.iter().map(line).collect();
        let sheet = json!({ "kind": "opening", "lines": lines });
        let id = self.planner.create("inventory.adjustment", sheet).await.unwrap();
        self.planner.act("inventory.adjustment", id, "done", Json::Null).await.unwrap();
    }

    async fn order(&self, product: AnyId, quantity: &str) -> AnyId {
        let order = json!({ "product": product, "quantity": quantity, "due": "2026-03-20" });
        let id = self.planner.create(ORDER, order).await.unwrap();
        self.planner.act(ORDER, id, "release", Json::Null).await.unwrap();
        id
    }

    async fn act(&self, id: AnyId, action: &str, args: Json) {
        self.worker.act(ORDER, id, action, args).await.unwrap();
    }

    async fn see(&self, id: AnyId) -> Json {
        self.planner.get(ORDER, id).await.unwrap()
    }

    async fn stock(&self, product: AnyId) -> String {
        let id = product.to_string();
        let params = [("product", id.as_str())];
        let table = self.planner.report("inventory.stock", &params).await.unwrap();
        table
            .rows
            .first()
            .map_or("nothing".to_owned(), |row| format!("{} = {}", text(&row[1]), text(&row[3])))
    }
}

fn text(value: &Value) -> String {
    match value.to_json() {
        Json::String(text) => text,
        other => other.to_string(),
    }
}

/// The bicycle of the main story: frames short, two deliveries' worth of goods.
async fn five_bikes_cost_what_went_into_them() {
    let works = Works::open(&["inventory", "manufacturing"]).await;
    let frame = works.product("frame", json!({ "supply": "buy" })).await;
    let wheels = works.product("wheels", json!({})).await;
    let drive = works.product("drivetrain", json!({})).await;
    let bike = works.product("bike", json!({ "supply": "make" })).await;
    works.opening(&[(frame, "3", "420"), (wheels, "8", "310"), (drive, "8", "380")]).await;
    works.bom(bike, &[(frame, "1"), (wheels, "1"), (drive, "1")], &["2", "0.5"]).await;

    let order = works.order(bike, "5").await;
    let seen = works.see(order).await;
    assert_eq!(
        (seen["state"].as_str(), seen["number"].as_str()),
        (Some("waiting"), Some("MO-2026-00001"))
    );

    let receipt = json!({ "lines": [{ "product": frame, "quantity": "4", "unit_cost": "430" }] });
    let receipt = works.planner.create("inventory.receipt", receipt).await.unwrap();
    works.planner.act("inventory.receipt", receipt, "confirm", Json::Null).await.unwrap();
    works.planner.act("inventory.receipt", receipt, "done", Json::Null).await.unwrap();
    assert_eq!(works.see(order).await["state"], "ready");

    works.act(order, "start", Json::Null).await;
    let seen = works.see(order).await;
    let values: Vec<&str> =
        seen["components"].as_array().unwrap().iter().filter_map(|c| c["value"].as_str()).collect();
    assert_eq!(values, ["2128.57", "1550.00", "1900.00"]);
    works.act(order, "report", Json::Null).await;
    assert_eq!(works.see(order).await["work_cost"], "500.00");
    works.act(order, "finish", json!({ "quantity": "3" })).await;
    assert_eq!(works.stock(bike).await, "3 = 3647.14");
    works.act(order, "finish", Json::Null).await;
    assert_eq!(works.stock(bike).await, "5 = 6078.57");
    assert_eq!(works.see(order).await["state"], "done");
    assert_eq!(works.stock(frame).await, "2 = 851.43");
}

fn codes(values: &[String]) -> Vec<&str> {
    values.iter().map(String::as_str).collect()
}

async fn a_product_never_contains_itself() {
    let works = Works::open(&["manufacturing"]).await;
    let (bike, wheel, hub) = (
        works.product("bike", json!({})).await,
        works.product("wheel", json!({})).await,
        works.product("hub", json!({})).await,
    );
    works.bom(bike, &[(wheel, "2")], &[]).await;
    works.bom(wheel, &[(hub, "1")], &[]).await;
    let own = json!({ "product": hub, "lines": [{ "product": hub, "quantity": "1" }] });
    let refused = works.planner.create(BOM, own).await;
    assert_eq!(problems(refused), ["lines: circle"]);
    let around = json!({ "product": hub, "lines": [{ "product": bike, "quantity": "1" }] });
    let refused = works.planner.create(BOM, around).await.unwrap_err().to_string();
    assert_eq!(refused, "It would contain itself: hub → bike → wheel → hub. Take one of them out.");
    let fine = works.bom(hub, &[], &["1"]).await;
    let lines = json!({ "lines": [{ "product": wheel, "quantity": "1" }] });
    let refused = works.planner.update(BOM, fine, lines).await;
    assert_eq!(problems(refused), ["lines: circle"]);
    let seen = works.planner.get(BOM, fine).await.unwrap();
    assert_eq!(seen["name"], "hub", "it is named after its product");
    let backwards = json!({ "product": hub, "valid_from": "2026-03-02", "valid_to": "2026-03-01" });
    let refused = works.planner.create(BOM, backwards).await;
    assert_eq!(problems(refused), ["valid_to: before_start"]);
}

async fn phantoms_scrap_units_and_validity() {
    let works = Works::open(&["manufacturing"]).await;
    let (bike, set, spoke, tape) = (
        works.product("bike", json!({})).await,
        works.product("wheel set", json!({})).await,
        works.product("spoke", json!({})).await,
        works.product("tape", json!({})).await,
    );
    let lines = json!([
        { "product": set, "quantity": "1" },
        { "product": spoke, "quantity": "1", "scrap": "0.05" },
        { "product": tape, "quantity": "1", "valid_to": "2026-03-01" },
    ]);
    works.planner.create(BOM, json!({ "product": bike, "lines": lines })).await.unwrap();
    let lines = json!([{ "product": spoke, "quantity": "72" }]);
    let inner = json!({ "product": set, "quantity": "2", "phantom": true, "lines": lines });
    works.planner.create(BOM, inner).await.unwrap();
    let order = works.order(bike, "10").await;
    let seen = works.see(order).await;
    let taken: Vec<(&str, &str)> = seen["components"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| (c["product"].as_str().unwrap(), c["quantity"].as_str().unwrap()))
        .collect();
    // 10 × 36 of the set, and 10.5 with scrap, in whole pieces.
    assert_eq!(taken, [(spoke.to_string().as_str(), "371")]);

    let levels = works.planner.report("manufacturing.levels", &[]).await.unwrap();
    let levels: Vec<String> = levels.rows.iter().map(|row| text(&row[1])).collect();
    assert_eq!(codes(&levels), ["0", "1", "1", "2"]);
    let product = spoke.to_string();
    let used = works.planner.report("manufacturing.where_used", &[("product", &product)]).await;
    let used: Vec<String> = used
        .unwrap()
        .rows
        .iter()
        .map(|row| format!("{} {}", text(&row[0]), text(&row[3])))
        .collect();
    assert_eq!(codes(&used), ["1 1.05", "1 36", "2 36"]);
    let product = bike.to_string();
    let params = [("product", product.as_str()), ("quantity", "2")];
    let table = works.planner.report("manufacturing.explosion", &params).await.unwrap();
    let rows: Vec<String> =
        table.rows.iter().map(|row| format!("{} {}", text(&row[0]), text(&row[2]))).collect();
    assert_eq!(codes(&rows), ["0 2", "1 2", "2 72", "1 2.1"]);
}

async fn without_inventory_orders_plan_and_report() {
    let works = Works::open(&["manufacturing"]).await;
    let frame = works.product("frame", json!({})).await;
    let bike = works.product("bike", json!({})).await;
    works.bom(bike, &[(frame, "1")], &["2", "0.5"]).await;
    let order = json!({ "product": bike, "quantity": "5", "due": "2026-03-20" });
    let order = works.planner.create(ORDER, order).await.unwrap();
    let told = works.planner.act(ORDER, order, "release", Json::Null).await.unwrap();
    assert!(told.message.unwrap().contains("Inventory is switched off"));
    let seen = works.see(order).await;
    assert_eq!(seen["state"], "ready");
    assert_eq!(
        (seen["starts_on"].as_str(), seen["ready_on"].as_str()),
        (Some("2026-03-19"), Some("2026-03-20"))
    );
    works.act(order, "start", json!({ "quantity": "2" })).await;
    works.act(order, "report", json!({ "operation": 1, "hours": "4.25" })).await;
    works.act(order, "report", json!({ "operation": 1, "hours": "-0.25" })).await;
    assert_eq!(works.see(order).await["work_cost"], "160.00");
    let refused = works.worker.act(ORDER, order, "finish", json!({ "quantity": "3" })).await;
    assert_eq!(problems(refused), ["quantity: not_issued"]);
    works.act(order, "finish", json!({ "quantity": "2" })).await;
    works.act(order, "issue", Json::Null).await;
    works.act(order, "finish", json!({ "quantity": "1", "last": true })).await;
    let seen = works.see(order).await;
    assert_eq!((seen["state"].as_str(), seen["finished"].as_str()), (Some("done"), Some("3")));
    assert_eq!(seen["finished_cost"], "160.00");
    let table = works.planner.report("manufacturing.cost", &[]).await.unwrap();
    assert_eq!(text(&table.rows[0][5]), "160.00");
    assert_eq!(text(&table.rows[0][6]), "53.333333");
}

/// Hours reported too much are taken back: nothing of them stays in production.
async fn corrected_hours_leave_no_value_in_production() {
    let works = Works::open(&["inventory", "manufacturing", "accounting"]).await;
    let frame = works.product("frame", json!({})).await;
    let bike = works.product("bike", json!({ "supply": "make" })).await;
    works.bom(bike, &[(frame, "1")], &["2"]).await;
    works.opening(&[(frame, "2", "100")]).await;
    let order = works.order(bike, "2").await;
    works.act(order, "start", Json::Null).await;
    works.act(order, "report", json!({ "operation": 1, "hours": "5" })).await;
    works.act(order, "report", json!({ "operation": 1, "hours": "-1" })).await;
    works.act(order, "finish", Json::Null).await;
    // Two frames at 100.00 and 4 hours at 40.00.
    assert_eq!(works.stock(bike).await, "2 = 360.00");
    let ctx = works.planner.ctx.clone();
    let balance = works
        .shop
        .kernel
        .read(&ctx, |tx| Box::pin(fondaco_kernel::ledger::trial_balance(tx, None, None)));
    let balance = balance.await.unwrap();
    let of = |code: &str| balance.rows.iter().find(|row| row.code == code).map(|row| row.balance);
    assert_eq!((of("1350"), of("1300"), of("4200")), (Some(0), Some(36_000), Some(-16_000)));
}

async fn refusals_of_orders() {
    let works = Works::open(&["inventory", "manufacturing"]).await;
    let frame = works.product("frame", json!({})).await;
    let bike = works.product("bike", json!({})).await;
    let paint = works.product("paint", json!({ "kind": "service" })).await;
    let draft = async |product: AnyId| {
        let order = json!({ "product": product, "quantity": "5" });
        works.planner.create(ORDER, order).await.unwrap()
    };
    let order = draft(bike).await;
    let release = async |id: AnyId| works.planner.act(ORDER, id, "release", Json::Null).await;
    assert_eq!(problems(release(order).await), ["bom: missing"]);
    assert_eq!(problems(release(draft(paint).await).await), ["product: not_goods"]);
    let bom = works.bom(bike, &[(frame, "1")], &["1"]).await;
    let other = json!({ "product": frame, "quantity": "1", "bom": bom });
    let other = works.planner.create(ORDER, other).await.unwrap();
    assert_eq!(problems(release(other).await), ["bom: other_product"]);
    release(order).await.unwrap();
    assert!(works.planner.update(ORDER, order, json!({ "quantity": "9" })).await.is_err());
    assert!(works.worker.act(ORDER, order, "cancel", Json::Null).await.is_err());

    works.opening(&[(frame, "3", "10")]).await;
    let refused = works.worker.act(ORDER, order, "start", Json::Null).await;
    assert_eq!(problems(refused), ["lines[0].done: short"]);
    works.act(order, "start", json!({ "quantity": "2" })).await;
    let refused = works.worker.act(ORDER, order, "issue", json!({ "quantity": "4" })).await;
    assert_eq!(problems(refused), ["quantity: range"]);
    let refused = works.worker.act(ORDER, order, "report", json!({ "operation": 2 })).await;
    assert_eq!(problems(refused), ["operation: range"]);
    let refused = works.planner.act(ORDER, order, "cancel", Json::Null).await;
    assert_eq!(problems(refused), ["state: wrong_state"]);
    let lost =
        works.planner.act(ORDER, order, "abandon", json!({ "reason": "wrong colour" })).await;
    assert_eq!(lost.unwrap().message.as_deref(), Some("20.00 are lost."));
    assert_eq!(works.stock(frame).await, "1 = 10.00");
    let free = works.planner.report("inventory.availability", &[]).await.unwrap();
    assert_eq!(text(&free.rows[0][3]), "1", "nothing is set aside any more");
}

async fn what_is_short_is_made_over_all_levels() {
    let works = Works::open(&["inventory", "manufacturing"]).await;
    let make = || json!({ "supply": "make" });
    let (hub, wheel, bike) = (
        works.product("hub", json!({})).await,
        works.product("wheel", make()).await,
        works.product("bike", make()).await,
    );
    works.bom(wheel, &[(hub, "1")], &["0.25"]).await;
    works.bom(bike, &[(wheel, "2")], &["1"]).await;
    works.opening(&[(hub, "20", "7"), (wheel, "3", "10.55")]).await;
    let order = works.order(bike, "5").await;
    assert_eq!(works.see(order).await["state"], "waiting");
    let below = works.planner.list(ORDER, &format!("source_id == {order}"), "id").await.unwrap();
    assert_eq!(below.len(), 1);
    assert_eq!(below[0]["quantity"], "7");
    assert_eq!(below[0]["state"], "ready");
    works.act(order, "check", Json::Null).await;
    let again = works.planner.list(ORDER, "state != 'cancelled'", "id").await.unwrap();
    assert_eq!(again.len(), 2, "asking again makes no double");

    let wheels: AnyId = below[0]["id"].as_str().unwrap().parse().unwrap();
    works.act(wheels, "start", Json::Null).await;
    works.act(wheels, "report", Json::Null).await;
    works.act(wheels, "finish", json!({ "quantity": "4" })).await;
    assert_eq!(works.see(order).await["state"], "waiting");
    works.act(wheels, "finish", Json::Null).await;
    assert_eq!(works.see(order).await["state"], "ready");
    works.act(order, "start", Json::Null).await;
    works.act(order, "report", Json::Null).await;
    works.act(order, "finish", Json::Null).await;
    // 3 × 10.55 and 7 × 7.00 of goods, 1.75 and 5 hours at 40.00.
    assert_eq!(works.stock(bike).await, "5 = 350.65");
    assert_eq!(works.stock(hub).await, "13 = 91.00");
    let open = works.planner.report("manufacturing.open_orders", &[]).await.unwrap();
    assert!(open.rows.is_empty());
}

async fn cancelling_gives_everything_back() {
    let works = Works::open(&["inventory", "manufacturing"]).await;
    let (hub, wheel, bike) = (
        works.product("hub", json!({})).await,
        works.product("wheel", json!({ "supply": "make" })).await,
        works.product("bike", json!({})).await,
    );
    works.bom(wheel, &[(hub, "1")], &[]).await;
    works.bom(bike, &[(wheel, "2")], &[]).await;
    works.opening(&[(hub, "20", "7"), (wheel, "3", "10")]).await;
    let order = works.order(bike, "5").await;
    works.planner.act(ORDER, order, "cancel", json!({ "reason": "no paint" })).await.unwrap();
    let all = works.planner.list(ORDER, "state != 'cancelled'", "id").await.unwrap();
    assert!(all.is_empty(), "{all:?}");
    let table = works.planner.report("inventory.availability", &[]).await.unwrap();
    let rows: Vec<String> = table
        .rows
        .iter()
        .map(|row| row[1..].iter().map(text).collect::<Vec<_>>().join(" "))
        .collect();
    assert_eq!(codes(&rows), ["20 0 20 0 0 20", "3 0 3 0 0 3"]);
}

/// The outlook of the last of these quantities, asked for in one question.
async fn one_after_the_other(
    tx: &mut Tx,
    need: Need,
    quantities: &[i64],
) -> fondaco_kernel::Result<Outlook> {
    let maker = provider(tx, need.product).await?.unwrap();
    let (mut taken, mut last) = (Taken::default(), Outlook::default());
    for quantity in quantities {
        let need = Need { quantity: Quantity::from_int(*quantity), ..need.clone() };
        last = maker.outlook(tx, &need, &mut taken).await?;
    }
    Ok(last)
}

async fn the_outlook_tells_parts_date_and_cost() {
    let works = Works::open(&["inventory", "manufacturing"]).await;
    let make = || json!({ "supply": "make" });
    let (hub, wheel, bike) = (
        works.product("hub", json!({})).await,
        works.product("wheel", make()).await,
        works.product("bike", make()).await,
    );
    works.bom(wheel, &[(hub, "1")], &["1"]).await;
    works.bom(bike, &[(wheel, "1")], &["2", "0.5"]).await;
    works.opening(&[(hub, "9", "7"), (wheel, "3", "10")]).await;
    let look = async |quantities: &'static [i64]| {
        let need = Need {
            product: bike.cast(),
            quantity: Quantity::ZERO,
            by: "2026-03-20".parse().unwrap(),
            source: DocRef { model: "other.quote".into(), id: Id::new(4) },
            key: Id::new(1),
            choice: None,
        };
        let read = works.planner.kernel.read(&works.planner.ctx, move |tx| {
            let need = need.clone();
            Box::pin(one_after_the_other(tx, need, quantities))
        });
        read.await.unwrap()
    };
    // Two bikes: 5 hours from Monday morning; wheels are there.
    let two = look(&[2]).await;
    assert_eq!(two.ready_on.unwrap().to_string(), "2026-03-02");
    assert_eq!(two.unit_cost.unwrap().to_string(), "110");
    // Five: two wheels are made first, at 47.00; 12.5 hours then.
    let five = look(&[5]).await;
    assert_eq!(five.ready_on.unwrap().to_string(), "2026-03-03");
    assert_eq!(five.unit_cost.unwrap().normalize().to_string(), "124.8");
    let part = &five.parts[0];
    assert_eq!(
        (part.name.as_str(), part.wanted.to_string(), part.free.to_string()),
        ("wheel", "5".into(), "3".into())
    );
    // After two others, one of the three wheels is left for two: the other is made, at 47.00.
    let later = look(&[2, 2]).await;
    assert_eq!(later.unit_cost.unwrap().normalize().to_string(), "128.5");
    assert_eq!(later.parts[0].free, Quantity::ONE);
    // Nobody supplies hubs: a day cannot be told.
    let many = look(&[50]).await;
    assert_eq!(many.ready_on, None);
}

/// Bills of materials as a maker of bicycles has them: hundreds, with validity and three levels.
async fn a_whole_catalogue_of_bills_is_taken_in() {
    let works = Works::open(&["manufacturing"]).await;
    let unit = works.shop.admin.by_key("unit", "piece").await.unwrap();
    let mut products = Vec::new();
    for n in 0..60 {
        let product = json!({ "code": format!("p{n}"), "name": format!("p{n}"), "unit": unit });
        products.push(works.shop.admin.create("product", product).await.unwrap());
    }
    for n in 0..40 {
        let lines: Vec<Json> = (1..12)
            .filter_map(|step| products.get(n + step * (1 + n % 3)))
            .map(|component| {
                json!({ "product": component, "quantity": "2", "valid_from": "2010-05-26", "valid_to": null })
            })
            .collect();
        works.planner.create(BOM, json!({ "product": products[n], "lines": lines })).await.unwrap();
    }
    let levels = works.planner.report("manufacturing.levels", &[]).await.unwrap();
    assert!(levels.rows.len() > 50);
    assert!(levels.rows.iter().any(|row| text(&row[1]) == "0"));
}

/// Knows one choice: a bell, of brass, to be polished.
struct Brass;

impl Configuration for Brass {
    fn offer<'t>(&'t self, _: &'t mut Tx, _: Id<Product>, _: &'t Json) -> Fut<'t, Offered> {
        Box::pin(async { Ok(Offered::default()) })
    }

    fn recipe<'t>(&'t self, _: &'t mut Tx, _: Id<Product>, choice: &'t Json) -> Fut<'t, Recipe> {
        let bell = choice["bell"].as_str().unwrap_or_default().parse().unwrap();
        Box::pin(async move {
            Ok(Recipe {
                options: vec!["brass".to_owned()],
                components: vec![Component { product: bell, quantity: "1".parse().unwrap() }],
                operations: vec![Operation {
                    name: "Polish".to_owned(),
                    work_centre: "BENCH".to_owned(),
                    hours: "0.5".parse().unwrap(),
                }],
                description: "With a bell of brass".to_owned(),
            })
        })
    }

    fn variant<'t>(
        &'t self,
        _: &'t mut Tx,
        base: Id<Product>,
        _: &'t Json,
    ) -> Fut<'t, Id<Product>> {
        Box::pin(async move { Ok(base) })
    }
}

async fn a_variant_takes_what_its_options_ask_for() {
    let manifest = "module = \"brass\"\ntitle = \"Brass\"\nversion = \"0.1.0\"\n";
    let brass = Module::new("brass", manifest)
        .port(|ports| ports.configuration = Some(std::sync::Arc::new(Brass)));
    let works = Works::beside(&["manufacturing"], Some(brass)).await;
    let bike = works.product("bike", json!({ "kind": "configurable" })).await;
    let frame = works.product("frame", json!({})).await;
    let horn = works.product("horn", json!({})).await;
    let screw = works.product("screw", json!({})).await;
    let bell = works.product("bell", json!({})).await;
    let bench = works.bench;
    let bom = json!({
        "product": bike,
        "lines": [
            { "product": frame, "quantity": "1" },
            { "product": horn, "quantity": "1", "option": "steel" },
            { "product": screw, "quantity": "2", "option": "brass" },
        ],
        "operations": [{ "name": "Assemble", "work_centre": bench, "hours": "2" }],
    });
    works.planner.create(BOM, bom).await.unwrap();
    let variant = works
        .planner
        .kernel
        .run(&works.planner.ctx, move |tx| {
            Box::pin(async move {
                let mut variant = store::get::<Product>(tx, bike.cast()).await?;
                variant.id = Id::default();
                (variant.code, variant.kind) = ("bike-1".to_owned(), "goods".to_owned());
                variant.variant_of = Some(bike.cast());
                variant.choice = Some(json!({ "bell": bell }));
                store::insert(tx, &mut variant).await
            })
        })
        .await
        .unwrap();
    let order = works.order(variant.any(), "3").await;
    let seen = works.see(order).await;
    assert_eq!(seen["configuration"], "With a bell of brass");
    let told = |lines: &str, name: &str, figure: &str| -> Vec<String> {
        let lines = seen[lines].as_array().cloned().unwrap_or_default();
        let told = |line: &Json| {
            let title = line["_titles"][name].as_str().or(line[name].as_str()).unwrap_or_default();
            format!("{title} {}", line[figure].as_str().unwrap_or_default())
        };
        lines.iter().map(told).collect()
    };
    let components = told("components", "product", "quantity");
    assert_eq!(codes(&components), ["frame 3", "screw 6", "bell 3"]);
    let operations = told("operations", "name", "planned_hours");
    assert_eq!(codes(&operations), ["Assemble 6", "Polish 1.5"]);
    let draft = json!({ "product": bike, "quantity": "1" });
    let draft = works.planner.create(ORDER, draft).await.unwrap();
    let refused = works.planner.act(ORDER, draft, "release", Json::Null).await;
    assert_eq!(problems(refused), ["product: not_goods"]);
}
