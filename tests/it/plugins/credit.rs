//! The plugin `credit-guard`, from source to effect.

use fondaco_kernel::plugins::Failed;
use fondaco_kernel::schema::plugin::{Grants, Want};
use fondaco_kernel::{Error, Kernel};
use fondaco_plugin_host::Host;
use fondaco_server::desk::Desk;
use fondaco_tests::shop::problems;
use fondaco_tests::{Shop, both, guests};
use fondaco_values::AnyId;
use serde_json::{Value as Json, json};

both! {
    an_order_over_the_limit_is_refused_with_figures,
    an_order_of_a_late_payer_is_held_and_somebody_is_asked,
    what_was_not_granted_is_named,
}

const DATA: &str = r#"
[[party]]
key = "verdi"
name = "Verdi Biciclette"
customer = true
payment_term = "net_30"
credit_limit = "1000.00"

[[product]]
key = "chain"
code = "CH"
name = "Chain"
unit = "piece"
kind = "service"
list_price = "100.00"
"#;

struct House {
    shop: Shop,
    host: std::sync::Arc<Host>,
    rep: Desk,
    clerk: Desk,
    verdi: AnyId,
}

impl House {
    /// `None` where the plugin cannot be built.
    async fn open(change: impl FnOnce(&mut Grants)) -> Option<House> {
        let (component, text) = guests::of_house("credit-guard")?;
        let host = guests::host();
        let shop = super::shop(&["sales", "accounting"], &[DATA], &host).await;
        let manifest = guests::read_manifest(&text, Some(&schema(&shop.kernel)));
        guests::install(&host, manifest, &component, change);
        let rep = shop.user("Rita", &["sales_user"]).await;
        let clerk = shop.user("Ines", &["accountant", "accounting_clerk"]).await;
        let verdi = shop.admin.by_key("party", "verdi").await.unwrap();
        Some(House { shop, host, rep, clerk, verdi })
    }

    async fn order(&self, quantity: &str) -> AnyId {
        let product = self.shop.admin.by_key("product", "chain").await.unwrap();
        let lines = json!([{ "product": product, "quantity": quantity }]);
        let order = json!({ "customer": self.verdi, "lines": lines });
        self.rep.create("sales.order", order).await.unwrap()
    }

    /// An invoice of today over so much, due in 30 days.
    async fn invoice(&self, amount: &str) {
        let line = json!({ "description": "Bicycle", "quantity": "1", "unit_price": amount });
        let invoice = json!({ "party": self.verdi, "payment_term": null, "lines": [line] });
        let id = self.clerk.create("accounting.invoice", invoice).await.unwrap();
        self.clerk.act("accounting.invoice", id, "post", Json::Null).await.unwrap();
    }

    async fn confirm(&self, order: AnyId) -> Result<Option<String>, Error> {
        let done = self.rep.act("sales.order", order, "confirm", Json::Null).await;
        done.map(|outcome| outcome.message)
    }

    async fn state(&self, order: AnyId) -> String {
        let order = self.rep.get("sales.order", order).await.unwrap();
        order["state"].as_str().unwrap().to_owned()
    }
}

fn schema(kernel: &Kernel) -> fondaco_kernel::schema::Schema {
    kernel.registry().schema.as_ref().clone()
}

async fn an_order_over_the_limit_is_refused_with_figures() {
    let Some(house) = House::open(|_| {}).await else { return };
    let fits = house.order("6").await;
    house.confirm(fits).await.unwrap();
    assert_eq!(house.state(fits).await, "confirmed");
    house.invoice("300").await;

    let over = house.order("2").await;
    let refused = house.confirm(over).await;
    let Err(Error::Invalid(found)) = &refused else { panic!("{refused:?}") };
    assert_eq!(
        found[0].message,
        "Verdi Biciclette has a limit of 1000.00: 300.00 is owed (0.00 of it overdue), 600.00 is \
         ordered and not invoiced, so 200.00 more is 100.00 too much."
    );
    assert_eq!(found[0].args["plugin"], "fondaco.credit-guard");
    assert_eq!(problems(refused), ["customer: over_limit"]);
    assert_eq!(house.state(over).await, "draft");

    let raised = json!({ "credit_limit": "1100" });
    house.clerk.update("party", house.verdi, raised).await.unwrap();
    house.confirm(over).await.unwrap();
    assert_eq!(house.state(over).await, "confirmed");
}

async fn an_order_of_a_late_payer_is_held_and_somebody_is_asked() {
    let Some(house) = House::open(|_| {}).await else { return };
    house.invoice("100").await;
    house.shop.on("2026-06-01");
    let order = house.order("1").await;
    let held = house.confirm(order).await.unwrap().unwrap();
    assert_eq!(
        held,
        "The order is held: Verdi Biciclette has 100.00 overdue. Somebody is asked to look at it."
    );
    assert_eq!(house.state(order).await, "draft");
    let asked = house.rep.list("activity", "", "").await.unwrap();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0]["title"], "Credit: an order is held");
    assert_eq!(asked[0]["note"], "Verdi Biciclette has 100.00 overdue");
    assert_eq!(asked[0]["model"], "sales.order");
    let tallies = house.shop.kernel.plugin_tallies();
    let tally = &tallies[&("fondaco.credit-guard".to_owned(), "confirm".to_owned())];
    assert_eq!((tally.calls, tally.failed.len()), (1, 0));

    // Another choice of the administrator, without a restart.
    let plugin = house.installed();
    let grants = |choice: &str| {
        let mut grants = plugin.grants.clone();
        grants.settings.insert("overdue".to_owned(), choice.to_owned());
        grants
    };
    let (component, _) = guests::of_house("credit-guard").unwrap();
    house.host.install(plugin.manifest.clone(), grants("refuse"), &component).unwrap();
    assert_eq!(problems(house.confirm(order).await), ["customer: overdue"]);
    house.host.install(plugin.manifest.clone(), grants("ignore"), &component).unwrap();
    house.confirm(order).await.unwrap();
    assert_eq!(house.state(order).await, "confirmed");
}

impl House {
    fn installed(&self) -> std::sync::Arc<fondaco_kernel::plugins::Installed> {
        use fondaco_kernel::plugins::Plugins;
        self.host.installed()[0].clone()
    }
}

async fn what_was_not_granted_is_named() {
    let Some(house) = House::open(|grants| {
        grants.capabilities.read.retain(|of| of.model != "party");
    })
    .await
    else {
        return;
    };
    let plugin = house.installed();
    assert!(!plugin.grants.capabilities.allow(Want::Read("party", "name")));
    let order = house.order("1").await;
    let refused = house.confirm(order).await;
    let Err(Error::Conflict { code: "plugin_failed", message }) = &refused else {
        panic!("{refused:?}")
    };
    let why = "it may not read party.name: the administrator has not granted it";
    assert!(message.contains(why), "{message}");
    assert_eq!(house.state(order).await, "draft");

    // Why stands in the audit of the order, though nothing else of the deed is left.
    let troubles = house.shop.kernel.plugin_troubles();
    assert_eq!((troubles[0].kind, troubles[0].record), (Failed::Rights, order));
    let audit = super::audit(&house.shop.admin, "sales.order", order).await;
    assert!(audit.contains(&format!("plugin_refused rights: {why}")), "{audit:?}");
}
