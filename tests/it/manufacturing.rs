//! Manufacturing, alone and with inventory; all other modules are switched off.

use fondaco_server::desk::Desk;
use fondaco_server::modules;
use fondaco_tests::Shop;
use fondaco_tests::shop::problems;
use fondaco_values::{AnyId, Value};
use serde_json::{Value as Json, json};

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
        let names: Vec<String> = modules.iter().map(|name| (*name).to_owned()).collect();
        let shop = Shop::open(modules::named(&names).unwrap()).await;
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
        let line = |(product, quantity, cost): &(AnyId, &str, &str)| {
            json!({ "product": product, "quantity": quantity, "unit_cost": cost })
        };
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
        table.rows.first().map_or("nothing".to_owned(), |row| {
            format!("{} = {}", text(&row[1]), text(&row[3]))
        })
    }
}

fn text(value: &Value) -> String {
    match value.to_json() {
        Json::String(text) => text,
        other => other.to_string(),
    }
}

/// The bicycle of the main story: frames short, two deliveries' worth of goods.
#[tokio::test(flavor = "multi_thread")]
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
    assert_eq!((seen["state"].as_str(), seen["number"].as_str()), (Some("waiting"), Some("MO-2026-00001")));

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
