//! The plugin `approval-matrix` in a company at work: who may confirm what, from source to effect.

use std::sync::Arc;

use fondaco_kernel::Error;
use fondaco_kernel::plugins::lifecycle::{self, Grant};
use fondaco_plugin_host::Host;
use fondaco_server::desk::Desk;
use fondaco_tests::{Shop, both, guests};
use fondaco_values::AnyId;
use serde_json::{Value as Json, json};

both! {
    an_order_above_the_limit_waits_for_an_approver,
    a_purchase_of_a_category_has_a_limit_of_its_own,
}

const ID: &str = "fondaco.approval-matrix";

const DATA: &str = r#"
[[party]]
key = "verdi"
name = "Verdi Biciclette"
customer = true
supplier = true

[[product_category]]
key = "tools"
name = "Tools"

[[product]]
key = "pump"
code = "PU"
name = "Pump"
unit = "piece"
kind = "service"
category = "tools"
list_price = "100.00"
"#;

struct House {
    shop: Shop,
    _host: Arc<Host>,
    verdi: AnyId,
    pump: AnyId,
}

impl House {
    /// With two rules; `None` where the plugin cannot be built.
    async fn open() -> Option<House> {
        let package = guests::package_of_house("approval-matrix", &guests::key())?;
        let host = guests::host();
        let shop = super::shop(&["sales", "purchasing"], &[DATA], &host).await;
        let (kernel, ctx) = (&shop.kernel, &shop.admin.ctx);
        let plan = lifecycle::install(kernel, ctx, package).await.unwrap().to_string();
        for line in [
            "+ adds      model approval_matrix.rule",
            "+ adds      action sales.order.approve",
            "+ adds      field sales.order.approval_asked",
            "+ role      order_approver: approve, confirm, read of sales.order",
        ] {
            assert!(plan.contains(line), "{line}:\n{plan}");
        }
        lifecycle::grant(kernel, ctx, ID, Grant::default()).await.unwrap();
        lifecycle::enable(kernel, ctx, ID, None).await.unwrap();
        let verdi = shop.admin.by_key("party", "verdi").await.unwrap();
        let pump = shop.admin.by_key("product", "pump").await.unwrap();
        Some(House { shop, _host: host, verdi, pump })
    }

    /// Chiara and Marco approve orders, Marco what is bought of tools.
    async fn rules(&self, chiara: &Desk, marco: &Desk) {
        let of = |desk: &Desk| desk.ctx.actor().user().unwrap().to_string();
        let keeper = self.shop.user("Klara", &["approval_manager"]).await;
        let tools = self.shop.admin.by_key("product_category", "tools").await.unwrap();
        for rule in [
            json!({
                "name": "Large orders", "above": "1000.00", "approver": of(chiara),
                "deputy": of(marco),
            }),
            json!({
                "name": "Tools", "applies_to": "purchases", "category": tools, "above": "50.00",
                "approver": of(marco),
            }),
        ] {
            keeper.create("approval_matrix.rule", rule).await.unwrap();
        }
    }

    async fn order(&self, by: &Desk, quantity: &str) -> AnyId {
        let lines = json!([{ "product": self.pump, "quantity": quantity }]);
        by.create("sales.order", json!({ "customer": self.verdi, "lines": lines })).await.unwrap()
    }
}

async fn state(desk: &Desk, model: &str, id: AnyId) -> String {
    desk.get(model, id).await.unwrap()["state"].as_str().unwrap().to_owned()
}

async fn an_order_above_the_limit_waits_for_an_approver() {
    let Some(house) = House::open().await else { return };
    let rita = house.shop.user("Rita", &["sales_user"]).await;
    let chiara = house.shop.user("Chiara", &["sales_user", "order_approver"]).await;
    let ines = house.shop.user("Ines", &["sales_user", "order_approver"]).await;
    let marco = house.shop.user("Marco", &["order_approver"]).await;
    house.rules(&chiara, &marco).await;
    let (kernel, admin) = (&house.shop.kernel, &house.shop.admin.ctx);
    lifecycle::record(kernel, admin, ID, true).await.unwrap();
    let why = || json!({ "reason": "A good customer." });

    let small = house.order(&rita, "10").await;
    rita.act("sales.order", small, "confirm", Json::Null).await.unwrap();
    assert_eq!(state(&rita, "sales.order", small).await, "confirmed", "1000.00 is not above it");

    let large = house.order(&rita, "11").await;
    let held = rita.act("sales.order", large, "confirm", Json::Null).await.unwrap();
    let waits = "It waits for an approval. Large orders: 1100.00 is above 1000.00. Chiara or Marco may \
                 approve it.";
    assert_eq!(held.message.as_deref(), Some(waits));
    assert_eq!(state(&rita, "sales.order", large).await, "draft");
    assert_eq!(rita.get("sales.order", large).await.unwrap()["approval_asked"], true);
    for desk in [&chiara, &marco] {
        let todo = desk.list("activity", "done == false", "").await.unwrap();
        assert_eq!(todo.len(), 1, "one each: {todo:?}");
        assert_eq!(todo[0]["title"], "Approve: an order of 1100.00");
    }
    // They are asked once.
    rita.act("sales.order", large, "confirm", Json::Null).await.unwrap();
    assert_eq!(chiara.list("activity", "done == false", "").await.unwrap().len(), 1);
    let waiting = chiara.report("approval_matrix.waiting", &[]).await.unwrap();
    assert_eq!(waiting.rows.len(), 1, "{:?}", waiting.rows);

    // Who is not named, and who has no right to the action, get nowhere.
    let stranger = ines.act("sales.order", large, "approve", why()).await.unwrap_err();
    assert!(stranger.to_string().contains("Ines does not approve this."), "{stranger}");
    let unentitled = rita.act("sales.order", large, "approve", why()).await.unwrap_err();
    assert!(matches!(unentitled, Error::Forbidden { .. }), "{unentitled}");
    assert_eq!(state(&rita, "sales.order", large).await, "draft");

    let done = chiara.act("sales.order", large, "approve", why()).await.unwrap();
    assert_eq!(done.message.as_deref(), Some("an order of 1100.00 is approved and confirmed."));
    assert_eq!(state(&rita, "sales.order", large).await, "confirmed");
    let notes = chiara.list("activity", "done", "").await.unwrap();
    assert_eq!(notes[0]["note"], "Large orders: 1100.00 is above 1000.00. A good customer.");
    assert!(chiara.report("approval_matrix.waiting", &[]).await.unwrap().rows.is_empty());

    // Not even an approver approves what is his own.
    let own = house.order(&chiara, "20").await;
    let refused = chiara.act("sales.order", own, "approve", why()).await.unwrap_err();
    assert!(refused.to_string().contains("Chiara made it"), "{refused}");
    assert_eq!(state(&chiara, "sales.order", own).await, "draft");

    // What happened here can be tried at home.
    if let Some((component, text)) = guests::of_house("approval-matrix") {
        let all = super::recorder::as_fixtures((kernel, admin), ID, (&text, &component)).await;
        assert!(all.len() >= 6, "{}", all.len());
        let waits = all.iter().filter(|text| text.contains("held = \"It waits for an approval."));
        assert!(waits.count() >= 2, "{}", all.join("\n"));
    }
}

async fn a_purchase_of_a_category_has_a_limit_of_its_own() {
    let Some(house) = House::open().await else { return };
    let bruno = house.shop.user("Bruno", &["purchasing_user"]).await;
    let chiara = house.shop.user("Chiara", &["order_approver"]).await;
    let marco = house.shop.user("Marco", &["purchasing_user", "order_approver"]).await;
    house.rules(&chiara, &marco).await;
    let lines = json!([{ "product": house.pump, "quantity": "1", "unit_price": "60" }]);
    let order = json!({ "supplier": house.verdi, "lines": lines });
    let order = bruno.create("purchasing.order", order).await.unwrap();
    let held = bruno.act("purchasing.order", order, "confirm", Json::Null).await.unwrap();
    let waits =
        "It waits for an approval. Tools: 60.00 of Tools, above 50.00. Marco may approve it.";
    assert_eq!(held.message.as_deref(), Some(waits));
    assert_eq!(state(&bruno, "purchasing.order", order).await, "draft");
    let why = json!({ "reason": "It is needed." });
    marco.act("purchasing.order", order, "approve", why).await.unwrap();
    assert_eq!(state(&bruno, "purchasing.order", order).await, "confirmed");
}
