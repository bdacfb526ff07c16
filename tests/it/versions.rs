//! Databases of released versions, as `fixtures/schemas/` keeps them, are brought to the newest in one
//! step, whatever versions lie between: nothing is lost, and the tables are as if they were new.

use std::collections::BTreeSet;
use std::path::Path;

use fondaco_kernel::identity::{CONSOLE, service};
use fondaco_kernel::{Database, Kernel, Setup, plan};
use fondaco_server::{desk::Desk, modules};
use fondaco_tests::scratch::Scratch;
use serde_json::Value as Json;

#[tokio::test(flavor = "multi_thread")]
async fn every_released_schema_comes_to_the_newest() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/schemas");
    let mut seen = 0;
    for file in std::fs::read_dir(fixtures).unwrap() {
        let file = file.unwrap().path();
        if file.extension().is_some_and(|extension| extension == "sql") {
            let text = std::fs::read_to_string(&file).unwrap();
            newest_of(&file.display().to_string(), &text).await;
            seen += 1;
        }
    }
    assert!(seen > 0, "there is no released schema");
}

async fn newest_of(name: &str, text: &str) {
    let scratch = Scratch::new("version");
    let path = scratch.path().join("old.db");
    read_in(&path, text);
    let kernel = Kernel::open(Setup::new(Database::Sqlite(path.clone()), modules::all())).await;
    let kernel = kernel.unwrap_or_else(|e| panic!("{name}: {e}"));
    assert_eq!(plan::checks(&kernel).await.unwrap(), Vec::<String>::new(), "{name}");

    let new = Scratch::new("version-new");
    let fresh = new.path().join("new.db");
    let setup = Setup::new(Database::Sqlite(fresh.clone()), modules::all());
    let _fresh = Kernel::open(setup).await.unwrap();
    let (brought, made) = (columns(&path), columns(&fresh));
    assert_eq!(made.difference(&brought).collect::<Vec<_>>(), Vec::<&String>::new(), "{name}");

    // The story that was told then can be read and goes on.
    let company = service(&kernel, CONSOLE, fondaco_kernel::values::Id::default()).unwrap();
    let first = Desk::new(kernel.clone(), company).list("company", "true", "id").await.unwrap();
    let id = first[0]["id"].as_str().unwrap().parse::<i64>().unwrap();
    let console = service(&kernel, CONSOLE, fondaco_kernel::values::Id::new(id)).unwrap();
    let desk = Desk::new(kernel, console);
    for model in ["party", "sales.order", "inventory.delivery", "accounting.invoice"] {
        let found = desk.list(model, "true", "id").await.unwrap();
        assert!(!found.is_empty(), "{name}: no {model}");
    }
    let order = desk.list("sales.order", "true", "id").await.unwrap()[0].clone();
    assert!(order["lines"].as_array().is_some_and(|lines| !lines.is_empty()), "{name}: {order}");
    let one = serde_json::json!({ "name": "Somebody new" });
    desk.create("party", one).await.unwrap_or_else(|e| panic!("{name}: {e}"));
    let found = desk.list("party", "name == 'Somebody new'", "").await.unwrap();
    assert_eq!(found.len(), 1, "{name}");
}

fn read_in(path: &Path, text: &str) {
    let database = rusqlite::Connection::open(path).unwrap();
    #[expect(clippy::disallowed_methods, reason = "the text is a fixture")]
    database.execute_batch(text).unwrap();
}

/// `table.column type` of all tables of models, and `index name`.
fn columns(path: &Path) -> BTreeSet<String> {
    let database = rusqlite::Connection::open(path).unwrap();
    let kept: String = database
        .query_row("select value from meta where name = 'tables'", [], |row| row.get(0))
        .unwrap();
    let kept: Json = serde_json::from_str(&kept).unwrap();
    let mut found = BTreeSet::new();
    for (name, table) in kept["tables"].as_object().unwrap() {
        for (column, what) in table["columns"].as_object().unwrap() {
            found.insert(format!("{name}.{column} {} {}", what["kind"], what["not_null"]));
        }
        found.extend(
            table["indexes"].as_object().unwrap().keys().map(|name| format!("index {name}")),
        );
    }
    found
}
