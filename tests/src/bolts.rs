//! A company that sells one bolt to one customer: what benchmarks fill their databases with.

use fondaco_kernel::{Database, Setup};
use fondaco_server::desk::Desk;
use fondaco_server::modules;
use serde_json::{Value as Json, json};

use crate::shop::COMPANY;

const DATA: &str = r#"
[[product]]
key = "bolt"
code = "BOLT"
name = "Bolt"
unit = "piece"
list_price = "2.00"
tax_code = "vat_out_20"

[[party]]
key = "acme"
name = "Acme"
customer = true
"#;

/// The company with all modules, in this database.
pub fn setup(database: Database) -> Setup {
    let mut setup = Setup::new(database, modules::all());
    setup.data.push(("company.toml".to_owned(), COMPANY.to_owned()));
    setup.data.push(("bolts.toml".to_owned(), DATA.to_owned()));
    setup
}

/// The customer's order of so many lines.
pub async fn order(desk: &Desk, lines: usize) -> Json {
    let key = async |model: &str, key: &str| {
        let found = desk.by_key(model, key).await;
        found.unwrap_or_else(|e| unreachable!("{key}: {e:#}")).to_string()
    };
    let line = json!({
        "product": key("product", "bolt").await, "description": "Bolt",
        "quantity": "3", "unit_price": "2.00",
    });
    json!({ "customer": key("party", "acme").await, "lines": vec![line; lines] })
}
