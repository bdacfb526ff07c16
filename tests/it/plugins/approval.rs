//! The plugin `approval-matrix` in a company at work: who may confirm what, from source to effect.

use std::sync::Arc;

use fondaco_kernel::Error;
use fondaco_plugin_host::Host;
use fondaco_server::desk::Desk;
use fondaco_tests::shop::problems;
use fondaco_tests::{Shop, both, guests};
use fondaco_values::AnyId;
use serde_json::{Value as Json, json};

both! {
    an_order_above_the_limit_waits_for_an_approver,
    a_purchase_of_a_category_has_a_limit_of_its_own,
}

const MATRIX: &str = r#"[
  { "name": "Large orders", "above": "1000.00", "approvers": ["Chiara", "Marco"] },
  { "name": "Tools", "of": "purchasing.order", "category": "Tools", "above": "50.00", "approvers": ["Marco"] }
]"#;

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
    /// `None` where the plugin cannot be built.
    async fn open() -> Option<House> {
        let (component, text) = guests::of_house("approval-matrix")?;
        let brought = guests::schema_of_house("approval-matrix");
        let brought: Vec<(&str, &str)> =
            brought.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        let host = guests::host();
        let shop = super::shop_of(&["sales", "purchasing"], &[DATA], &brought, &host).await;
        let manifest = guests::read_manifest(&text, Some(shop.kernel.registry().schema.as_ref()));
        guests::install(&host, manifest, &component, |grants| {
            grants.settings.insert("matrix".to_owned(), MATRIX.to_owned());
        });
        let verdi = shop.admin.by_key("party", "verdi").await.unwrap();
        let pump = shop.admin.by_key("product", "pump").await.unwrap();
        Some(House { shop, _host: host, verdi, pump })
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
    house.shop.user("Marco", &["order_approver"]).await;
    let why = || json!({ "reason": "A good customer." });

    let small = house.order(&rita, "10").await;
    rita.act("sales.order", small, "confirm", Json::Null).await.unwrap();
    assert_eq!(state(&rita, "sales.order", small).await, "confirmed", "1000.00 is not above it");

    let large = house.order(&rita, "11").await;
    let refused = rita.act("sales.order", large, "confirm", Json::Null).await;
    let Err(Error::Invalid(found)) = &refused else { panic!("{refused:?}") };
    assert_eq!(
        found[0].message,
        "Large orders: 1100.00 is above 1000.00. Chiara or Marco may approve it."
    );
    let asked = rita.act("sales.order", large, "ask_approval", Json::Null).await.unwrap();
    assert_eq!(asked.message.as_deref(), Some("Asked: Chiara, Marco."));
    let todo = chiara.list("activity", "done == false", "").await.unwrap();
    assert_eq!(todo[0]["title"], "Approve: an order of 1100.00");

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

    // Not even an approver approves what is his own.
    let own = house.order(&chiara, "20").await;
    let refused = chiara.act("sales.order", own, "approve", why()).await.unwrap_err();
    assert!(refused.to_string().contains("Chiara made it"), "{refused}");
    assert_eq!(state(&chiara, "sales.order", own).await, "draft");
}

async fn a_purchase_of_a_category_has_a_limit_of_its_own() {
    let Some(house) = House::open().await else { return };
    let bruno = house.shop.user("Bruno", &["purchasing_user"]).await;
    let marco = house.shop.user("Marco", &["purchasing_user", "order_approver"]).await;
    let lines = json!([{ "product": house.pump, "quantity": "1", "unit_price": "60" }]);
    let order = json!({ "supplier": house.verdi, "lines": lines });
    let order = bruno.create("purchasing.order", order).await.unwrap();
    let refused = bruno.act("purchasing.order", order, "confirm", Json::Null).await;
    let Err(Error::Invalid(found)) = &refused else { panic!("{refused:?}") };
    assert_eq!(found[0].message, "Tools: 60.00 of Tools, above 50.00. Marco may approve it.");
    assert_eq!(problems(refused), [": approval_needed"]);
    let why = json!({ "reason": "It is needed." });
    marco.act("purchasing.order", order, "approve", why).await.unwrap();
    assert_eq!(state(&bruno, "purchasing.order", order).await, "confirmed");
}
