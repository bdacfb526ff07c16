//! Plugins with an interpreter inside, at work in a company: what they do, and whether they do it within the
//! time that their tier has.

use std::path::Path;
use std::sync::Arc;

use fondaco_kernel::plugins::lifecycle::{self, Grant};
use fondaco_kernel::ports::pricing::{self, PriceAsk};
use fondaco_kernel::shared::Company;
use fondaco_kernel::store;
use fondaco_plugin_host::Host;
use fondaco_tests::{Shop, guests};
use fondaco_values::Quantity;
use serde_json::json;

/// A company with one such plugin; `None`, after a loud line, where its tools are not there.
async fn company(
    name: &str,
    tool: &str,
    modules: &[&str],
    data: &[&str],
) -> Option<(Shop, Arc<Host>)> {
    let built = super::authors::fondaco(&["build", &format!("plugins/{name}")]);
    if !built.status.success() {
        eprintln!(
            "SKIPPED: plugins/{name} is not built ({tool}): {}",
            super::authors::said(&built)
        );
        return None;
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("plugins").join(name);
    let component = std::fs::read(folder.join("plugin.wasm")).unwrap();
    let package = guests::signed(&folder, &component, &guests::key());
    let host = guests::host();
    let shop = super::shop(modules, data, &host).await;
    let (kernel, ctx, id) = (&shop.kernel, &shop.admin.ctx, format!("fondaco.{name}"));
    lifecycle::install(kernel, ctx, package).await.unwrap();
    lifecycle::grant(kernel, ctx, &id, Grant::default()).await.unwrap();
    lifecycle::enable(kernel, ctx, &id, None).await.unwrap();
    Some((shop, host))
}

/// No call failed; how long one took.
fn told(shop: &Shop, plugin: &str, hook: &str) {
    let tallies = shop.kernel.plugin_tallies();
    let tally = &tallies[&(plugin.to_owned(), hook.to_owned())];
    assert_eq!(tally.failed.len(), 0, "{tally:?}");
    println!(
        "{plugin} {hook}: {} calls, {} µs of processor time each",
        tally.calls,
        tally.cpu_us / tally.calls
    );
}

#[tokio::test]
async fn a_lead_is_scored_in_javascript() {
    let Some((shop, _host)) = company("lead-scoring", "node, npm", &["crm"], &[]).await else {
        return;
    };
    let seller = shop.user("Sara", &["crm_manager"]).await;
    let lead = json!({
        "name": "Twenty bicycles", "organisation": "Bianchi Cicli", "job_title": "Managing Director",
        "phone": "+39 02 1234", "expected_revenue": "25000",
    });
    let id = seller.create("crm.lead", lead).await.unwrap();
    let lead = seller.get("crm.lead", id).await.unwrap();
    assert_eq!(
        (&lead["score"], &lead["rating"], &lead["queue"]),
        (&json!(90), &json!("hot"), &json!("Key accounts"))
    );
    seller
        .update("crm.lead", id, json!({ "expected_revenue": "9999.99", "phone": null }))
        .await
        .unwrap();
    let lead = seller.get("crm.lead", id).await.unwrap();
    assert_eq!(lead["score_note"], "+30 a company, +25 who decides");
    assert_eq!((&lead["score"], &lead["rating"]), (&json!(55), &json!("warm")));
    told(&shop, "fondaco.lead-scoring", "score");
}

const FREIGHT: &str = r#"
[[party]]
key = "verdi"
name = "Verdi"
customer = true
country = "IT"

[[product]]
key = "saddle"
code = "SA"
name = "Saddle"
unit = "piece"
weight = "1.5"
list_price = "80.00"
"#;

#[tokio::test]
async fn freight_is_a_step_of_a_price_in_python() {
    let found = company("freight-rates", "python3, pip", &["sales"], &[FREIGHT]).await;
    let Some((shop, _host)) = found else { return };
    let verdi = shop.admin.by_key("party", "verdi").await.unwrap();
    let saddle = shop.admin.by_key("product", "saddle").await.unwrap();
    let asked = shop.kernel.run(&shop.admin.ctx, move |tx| {
        Box::pin(async move {
            let company = tx.ctx().company();
            let currency = store::get::<Company>(tx, company).await?.currency;
            let ask = PriceAsk {
                product: saddle.cast(),
                party: Some(verdi.cast()),
                quantity: Quantity::exact("3".parse().unwrap()).unwrap(),
                on: tx.today(),
                currency,
                choice: None,
            };
            pricing::prices(tx, &[ask]).await
        })
    });
    let price = asked.await.unwrap().pop().unwrap();
    assert_eq!(
        (price.list.to_string(), price.net.normalize().to_string()),
        ("80.00".into(), "82.3".into())
    );
    assert_eq!(price.steps.last().unwrap().label, "Freight rates: Freight, 4.5 kg to IT (home)");
    told(&shop, "fondaco.freight-rates", "freight");
}
