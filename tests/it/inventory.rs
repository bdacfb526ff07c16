//! Inventory, alone: with every other module switched off.

use fondaco_server::desk::Desk;
use fondaco_server::modules;
use fondaco_tests::Shop;
use fondaco_tests::shop::problems;
use fondaco_values::AnyId;
use serde_json::{Value as Json, json};

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
        let lines: Vec<Json> = lines
            .iter()
            .map(|(product, quantity, cost)| {
                json!({ "product": product, "quantity": quantity, "unit_cost": cost })
            })
            .collect();
        let sheet = json!({ "kind": "opening", "lines": lines });
        let id = self.boss.create("inventory.adjustment", sheet).await.unwrap();
        self.boss.act("inventory.adjustment", id, "done", Json::Null).await.unwrap();
    }

    /// A confirmed document with these lines.
    async fn confirmed(&self, model: &str, head: Json, lines: Vec<Json>) -> AnyId {
        let mut fields = head;
        fields["lines"] = Json::Array(lines);
        let id = self.keeper.create(model, fields).await.unwrap();
        self.keeper.act(model, id, "confirm", Json::Null).await.unwrap();
        id
    }

    async fn deliver(&self, lines: &[(AnyId, &str)]) -> AnyId {
        let lines = lines.iter().map(|(p, q)| json!({ "product": p, "quantity": q })).collect();
        self.confirmed("inventory.delivery", json!({}), lines).await
    }

    async fn receive(&self, lines: &[(AnyId, &str, &str)]) -> AnyId {
        let lines = lines
            .iter()
            .map(|(p, q, cost)| json!({ "product": p, "quantity": q, "unit_cost": cost }))
            .collect();
        let mut fields = json!({});
        fields["lines"] = Json::Array(lines);
        let id = self.boss.create("inventory.receipt", fields).await.unwrap();
        self.boss.act("inventory.receipt", id, "confirm", Json::Null).await.unwrap();
        id
    }

    async fn done(&self, model: &str, id: AnyId) {
        self.boss.act(model, id, "done", Json::Null).await.unwrap();
    }

    async fn state(&self, model: &str, id: AnyId) -> String {
        let record = self.boss.get(model, id).await.unwrap();
        record["state"].as_str().unwrap_or_default().to_owned()
    }

    /// `on hand at unit cost = value` of a product, or nothing.
    async fn stock(&self, product: AnyId) -> String {
        let id = product.to_string();
        let table = self.boss.report("inventory.stock", &[("product", id.as_str())]).await.unwrap();
        let text = |value: &fondaco_values::Value| match value.to_json() {
            Json::String(text) => text,
            other => other.to_string(),
        };
        match table.rows.first() {
            Some(row) => format!("{} @ {} = {}", text(&row[1]), text(&row[2]), text(&row[3])),
            None => "nothing".to_owned(),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn goods_come_are_set_aside_and_go() {
    let house = House::open().await;
    let frame = house.product("frame", json!({})).await;
    house.opening(&[(frame, "3", "420")]).await;
    assert_eq!(house.stock(frame).await, "3 @ 420 = 1260.00");

    let out = house.deliver(&[(frame, "5")]).await;
    assert_eq!(house.state("inventory.delivery", out).await, "waiting");
    let record = house.boss.get("inventory.delivery", out).await.unwrap();
    assert_eq!(record["lines"][0]["reserved"], "3");
    assert_eq!(record["number"], "OUT-2026-00001");

    let receipt = house.receive(&[(frame, "4", "430")]).await;
    house.done("inventory.receipt", receipt).await;
    assert_eq!(house.stock(frame).await, "7 @ 425.714286 = 2980.00");
    assert_eq!(house.state("inventory.delivery", out).await, "ready");

    house.done("inventory.delivery", out).await;
    assert_eq!(house.stock(frame).await, "2 @ 425.715 = 851.43");
    let record = house.boss.get("inventory.delivery", out).await.unwrap();
    assert_eq!(record["value"], "2128.57");
}
