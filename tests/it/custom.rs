//! What a company writes into its own folder: a model, fields on shared models, a role. It works
//! everywhere like what modules bring, and what is wrong in it is told with file and line.

use fondaco_tests::program::{self, quoted};
use fondaco_tests::{Client, Folder, Served, both};
use serde_json::{Value as Json, json};

both! {
    an_own_model_works_like_any_other,
    a_folder_grows,
    a_workflow_of_its_own,
}

const TRUCK: &str = r#"
model = "own.truck"
label = "Truck"
title = "plate"
number = "T-{year}-{seq:3}"

[fields]
plate = { type = "text", required = true, unique = true, search = true, pattern = "[A-Z0-9 -]+" }
driver = { type = "link", to = "party", search = true }
bought_on = { type = "date" }
price = { type = "money", class = "cost" }
load = { type = "decimal", scale = 3, min = 0 }
tours = { type = "lines", of = "own.tour" }
kilometres = { type = "decimal", scale = 1, compute = "sum(tours.kilometres)", stored = true }
heavy = { type = "bool", compute = "load > 7.5" }

[states]
initial = "ready"
values = ["ready", "broken", "sold"]

[actions.fail]
label = "Report broken"
from = ["ready"]
to = "broken"
args.why = { type = "text", required = true }

[actions.sell]
from = ["ready", "broken"]
to = "sold"
require = "driver == null"
refusal = "Somebody still drives it."
number = true

[access.dispatcher]
read = "true"
create = "true"
write = "state != 'sold'"
actions = { fail = "true", sell = "kilometres > 100.0" }

[access.employee]
read = "state == 'ready'"

[views.list]
columns = ["plate", "driver", "state", "kilometres"]
sort = "plate"
"#;

const TOUR: &str = r#"
model = "own.tour"
title = "where"
[fields]
truck = { type = "link", to = "own.truck" }
where = { type = "text", required = true, search = true }
kilometres = { type = "decimal", scale = 1, required = true, min = 0 }
"#;

const PARTY: &str = r#"
extends = "party"
[fields]
shoe_size = { type = "integer", min = 30, max = 50 }
slogan = { type = "text", search = true }
favourite = { type = "link", to = "own.truck" }
secret_rating = { type = "choice", values = ["good", "bad"], class = "internal" }
[access.dispatcher]
read = "true"
create = "true"
write = "true"
"#;

const ROLE: &str = r#"
role = "dispatcher"
label = "Dispatcher"
includes = ["employee"]
classes = ["cost"]
write_classes = ["cost"]
"#;

const DATA: &str = r#"
[["own.truck"]]
key = "red"
plate = "R 1"
load = "8"
"#;

const FILES: &[(&str, &str)] = &[
    ("models/truck.toml", TRUCK),
    ("models/tour.toml", TOUR),
    ("models/party.toml", PARTY),
    ("roles/dispatcher.toml", ROLE),
    ("data/trucks.toml", DATA),
];

async fn an_own_model_works_like_any_other() {
    let folder = Folder::lay("custom", &["sales"], FILES);
    let shop = folder.shop().await;
    let dora = shop.user("Dora", &["dispatcher"]).await;
    let emil = shop.user("Emil", &["employee"]).await;
    let served = Served::open(shop);
    let (dora, emil) = (served.client(&dora).await, served.client(&emil).await);

    let party = json!({ "name": "Carlo", "shoe_size": 44, "slogan": "Always on time" });
    let carlo = dora.post("/api/party", &party).unwrap().expect(201).id();
    let truck = json!({ "plate": "B 2", "driver": carlo, "price": "90000", "load": "3.5",
        "tours": [{ "where": "Lecco", "kilometres": "60" }, { "where": "Como", "kilometres": "55.5" }] });
    let made = dora.post("/api/own.truck", &truck).unwrap().expect(201);
    assert_eq!(made.body["kilometres"], "115.5");
    assert_eq!((&made.body["heavy"], &made.body["price"]), (&json!(false), &json!("90000.00")));
    let path = format!("/api/own.truck/{}", made.id());

    let found = |client: &Client, query: &str| -> Vec<String> {
        let list = client.get(&format!("/api/own.truck?sort=plate&{query}")).unwrap().expect(200);
        let items = list.body["items"].as_array().unwrap();
        items.iter().map(|item| item["plate"].as_str().unwrap().to_owned()).collect()
    };
    let filter = |text: &str| found(&dora, &format!("filter={}", quoted(text)));
    assert_eq!(found(&dora, ""), ["B 2", "R 1"]);
    assert_eq!(filter("heavy"), ["R 1"]);
    assert_eq!(filter("kilometres > 100.0 && driver.shoe_size == 44"), ["B 2"]);
    assert_eq!(filter("tours.exists(t, t.where == 'Como')"), ["B 2"]);
    assert_eq!(filter("price > 1000.0"), ["B 2"]);
    assert_eq!(found(&dora, "search=carlo"), ["B 2"]);
    assert_eq!(found(&dora, "search=lecco"), ["B 2"]);
    let parties = |query: &str| {
        dora.get(&format!("/api/party?{query}")).unwrap().expect(200).body["items"].clone()
    };
    assert_eq!(parties("search=always%20time")[0]["name"], "Carlo");
    assert_eq!(
        parties(&format!("filter={}", quoted("shoe_size >= 40")))[0]["slogan"],
        "Always on time"
    );
    let favourite = json!({ "favourite": made.id() });
    dora.patch(&format!("/api/party/{carlo}"), &favourite, &[]).unwrap().expect(200);
    assert_eq!(parties("filter=favourite.plate=='B%202'")[0]["name"], "Carlo");

    // Refusals, with its own words.
    let wrong = json!({ "plate": "b", "load": "-1", "tours": [{ "where": "x" }] });
    let refused = dora.post("/api/own.truck", &wrong).unwrap().expect(422);
    assert_eq!(
        refused.problems(),
        ["load: too_small", "plate: pattern", "tours[0].kilometres: required"]
    );
    let taken = dora.post("/api/own.truck", &json!({ "plate": "R 1" })).unwrap().expect(422);
    assert_eq!(taken.problems(), ["plate: taken"]);
    let sell = dora.post(&format!("{path}/sell"), &json!({})).unwrap().expect(422);
    assert_eq!(sell.body["errors"][0]["message"], "Somebody still drives it.");
    dora.post(&format!("{path}/fail"), &json!({})).unwrap().expect(422);
    dora.post(&format!("{path}/fail"), &json!({ "why": "rust" })).unwrap().expect(200);
    dora.patch(&path, &json!({ "driver": null }), &[]).unwrap().expect(200);
    let sold = dora.post(&format!("{path}/sell"), &json!({})).unwrap().expect(200);
    let number = sold.body["record"]["number"].as_str().unwrap();
    assert!(number.starts_with("T-") && number.ends_with("-001"), "{number}");
    dora.patch(&path, &json!({ "load": "1" }), &[]).unwrap().expect(403);
    dora.delete(&path).unwrap().expect(403);
    let red = dora.get("/api/own.truck?search=R").unwrap().body["items"][0]["id"].clone();
    let red = format!("/api/own.truck/{}/sell", red.as_str().unwrap());
    dora.post(&red, &json!({})).unwrap().expect(403);

    remembered_and_hidden(&dora, &emil, &path);
}

/// The audit has it all; the employee sees ready ones only, without the price.
fn remembered_and_hidden(dora: &Client, emil: &Client, path: &str) {
    let history = dora.get(&format!("{path}/history")).unwrap().expect(200).body["items"].clone();
    let deeds: Vec<&str> =
        history.as_array().unwrap().iter().map(|deed| deed["action"].as_str().unwrap()).collect();
    assert_eq!(deeds, ["sell", "update", "fail", "create"]);
    assert_eq!(history[1]["changes"]["driver"][1], Json::Null);
    emil.get(path).unwrap().expect(404);
    let seen = emil.get("/api/own.truck").unwrap().body["items"].clone();
    assert_eq!(seen.as_array().unwrap().len(), 1);
    assert_eq!(seen[0]["plate"], "R 1");
    assert!(seen[0].get("price").is_none() && seen[0].get("load").is_some());
    let document = emil.get("/api/openapi.json").unwrap().body;
    assert!(document["components"]["schemas"]["own.truck"]["properties"]["price"].is_null());
    assert!(document["paths"]["/api/own.truck"]["post"].is_null());
}

/// A changed folder is the company from the next start on; what was written stays.
async fn a_folder_grows() {
    let folder = Folder::lay("grows", &[], FILES);
    let first = folder.shop().await;
    let dora = first.user("Dora", &["dispatcher"]).await;
    dora.create("own.truck", json!({ "plate": "B 2", "load": "1" })).await.unwrap();
    drop((first, dora));
    let more = TRUCK.replace(
        "bought_on = { type = \"date\" }",
        "colour = { type = \"text\", default = \"'grey'\" }",
    );
    let more = more.replace("load = { type", "capacity = { renamed_from = \"load\", type");
    folder.write("models/truck.toml", &more.replace("load > 7.5", "capacity > 7.5"));
    folder.write("data/trucks.toml", &DATA.replace("load", "capacity"));
    let kernel = folder.kernel().await;
    let (_, ctx) = fondaco_kernel::identity::sign_in(
        &kernel,
        "dora@works.example",
        fondaco_tests::shop::PASSWORD,
        "test",
    )
    .await
    .unwrap();
    let dora = fondaco_server::desk::Desk::new(kernel, ctx);
    let trucks = dora.list("own.truck", "true", "plate").await.unwrap();
    let shown: Vec<(&Json, &Json)> = trucks.iter().map(|t| (&t["plate"], &t["capacity"])).collect();
    assert_eq!(shown, [(&json!("B 2"), &json!("1")), (&json!("R 1"), &json!("8"))]);
    let new = dora.create("own.truck", json!({ "plate": "C 3" })).await.unwrap();
    assert_eq!(dora.get("own.truck", new).await.unwrap()["colour"], "grey");
}

/// Every fault at once, each with file, line and what may be meant; exit code 3 says so to scripts.
#[test]
fn faults_are_told_with_file_and_line() {
    let path = |folder: &Folder| folder.path().to_str().unwrap().to_owned();
    let folder = Folder::lay("sound", &["sales"], FILES);
    let checked = program::run(&["check", "--company", &path(&folder)]);
    assert_eq!(checked.status.code(), Some(0), "{checked:?}");
    assert!(String::from_utf8_lossy(&checked.stdout).contains("no faults"));

    folder.write("models/truck.toml", &TRUCK.replace("type = \"money\"", "type = \"mony\""));
    let tour = TOUR.replace("required = true, min", "requird = true, min");
    folder.write("models/tour.toml", &tour.replace("to = \"own.truck\"", "to = \"own.truk\""));
    folder.write("models/party.toml", &PARTY.replace("[access.dispatcher]", "[access.dispacher]"));
    folder.write("models/broken.toml", "model = \"own.x\"\n[fields\n");
    let checked = program::run(&["check", "--company", &path(&folder)]);
    assert_eq!(checked.status.code(), Some(3), "{checked:?}");
    let said = String::from_utf8_lossy(&checked.stdout).into_owned();
    for (file, line, word) in [
        ("truck.toml", line_of(TRUCK, "price ="), "money"),
        ("tour.toml", line_of(TOUR, "kilometres ="), "required"),
        ("tour.toml", line_of(TOUR, "truck ="), "own.truck"),
        ("party.toml", line_of(PARTY, "[access."), "dispatcher"),
        ("broken.toml", 2, ""),
    ] {
        let place = format!("{file}:{line}:");
        let fault = said.lines().find(|fault| fault.contains(&place));
        let fault = fault.unwrap_or_else(|| panic!("nothing at {place}\n{said}"));
        assert!(fault.contains(word), "{word:?} is not suggested: {fault}");
    }
    // A server does not start on it, and says the same.
    let refused = program::run(&["serve", "--listen", "127.0.0.1:0", "--company", &path(&folder)]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("truck.toml:"), "{refused:?}");

    // Other mistakes of a folder.
    let folder = Folder::lay("wrong", &["sails"], &[]);
    let checked = program::run(&["check", "--company", &path(&folder)]);
    assert_eq!(checked.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&checked.stderr).contains("sales"), "{checked:?}");
    let nowhere = program::run(&["check", "--company", "/nowhere/at/all"]);
    assert_eq!(nowhere.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&nowhere.stderr).contains("fondaco init"), "{nowhere:?}");
}

/// The line on which a text begins, from one.
fn line_of(text: &str, part: &str) -> usize {
    text.lines().position(|line| line.starts_with(part)).unwrap() + 1
}

const MAPPING: &str = r#"
[[import]]
model = "party"
file = "drivers.csv"
key = "driver/{id}"
[import.fields]
name = "{name}"
shoe_size = "{size}"
slogan = "{slogan}"
secret_rating = "{rating}"

[[import]]
model = "own.truck"
file = "trucks.csv"
key = "truck/{plate}"
[import.fields]
plate = "{plate}"
load = "{load}"
driver = "driver/{driver}"
[[import.lines.tours]]
[import.lines.tours.fields]
where = "{to}"
kilometres = "{km}"
"#;

/// What was imported by a mapping comes out again as CSV, and both say what does not fit.
#[test]
fn own_models_and_fields_are_imported_and_exported() {
    let folder = Folder::lay("carried", &["sales"], FILES);
    folder.write(
        "files/drivers.csv",
        "id,name,size,slogan,rating\n1,Carla,39,On time,good\n2,Otto,99,,bad\n",
    );
    folder.write("files/trucks.csv", "plate,load,driver,to,km\nB 2,3.5,1,Lecco,60\n");
    folder.write("mapping.toml", MAPPING);
    let path = |of: &str| folder.path().join(of).to_str().unwrap().to_owned();
    let (mapping, files, home) = (path("mapping.toml"), path("files"), path(""));
    let imported = program::run(&["import", &mapping, "--data", &files, "--company", &home]);
    let said = format!("{imported:?}");
    assert_eq!(imported.status.code(), Some(3), "{said}");
    assert!(said.contains("shoe_size") && said.contains("drivers.csv"), "{said}");
    let exported = |model: &str, fields: &str, filter: &str| {
        let args = ["export", model, "--fields", fields, "--filter", filter, "--company", &home];
        let output = program::run(&args);
        assert!(output.status.success(), "{output:?}");
        String::from_utf8_lossy(&output.stdout).replace('\r', "")
    };
    assert_eq!(
        exported("party", "_key,name,shoe_size,slogan,secret_rating", "shoe_size > 0"),
        "_key,name,shoe_size,slogan,secret_rating\ndriver/1,Carla,39,On time,good\n"
    );
    assert_eq!(
        exported("own.truck", "plate,load,driver.name,kilometres,state", "kilometres > 0.0"),
        "plate,load,driver.name,kilometres,state\nB 2,3.5,Carla,60,ready\n"
    );
}

/// A company's own steps in the work of a module: one more state, a stricter action, and rights for
/// them in a role of its own.
async fn a_workflow_of_its_own() {
    let workflow = r#"
workflow = "sales.order"
[states]
values = [{ value = "checked", label = "Checked by the boss" }]
[actions.check]
from = ["draft"]
to = "checked"
[actions.confirm]
from = ["checked"]
"#;
    let role = "role = \"boss\"\nincludes = [\"sales_user\"]\n\
                [grants.\"sales.order\"]\nread = \"true\"\nactions = [\"check\"]\n";
    let files = [("workflows/order.toml", workflow), ("roles/boss.toml", role)];
    let folder = Folder::lay("workflow", &["sales"], &files);
    let shop = folder.shop().await;
    let seller = shop.user("Sam", &["sales_user"]).await;
    let boss = shop.user("Bea", &["boss"]).await;
    let party = seller.create("party", json!({ "name": "Acme", "customer": true })).await.unwrap();
    let product = shop.master("Max").await;
    let unit = product.by_key("unit", "piece").await.unwrap();
    let made = json!({ "code": "B", "name": "Bolt", "unit": unit.to_string(), "list_price": "2" });
    let bolt = product.create("product", made).await.unwrap();
    let lines = json!([{ "product": bolt.to_string(), "quantity": "3", "unit_price": "2" }]);
    let order = json!({ "customer": party.to_string(), "lines": lines });
    let order = seller.create("sales.order", order).await.unwrap();
    let refused = seller.act("sales.order", order, "confirm", json!({})).await.unwrap_err();
    assert!(
        matches!(
            refused,
            fondaco_kernel::Error::Invalid(_) | fondaco_kernel::Error::Conflict { .. }
        ),
        "{refused:?}"
    );
    seller.act("sales.order", order, "check", json!({})).await.unwrap_err();
    boss.act("sales.order", order, "check", json!({})).await.unwrap();
    assert_eq!(boss.get("sales.order", order).await.unwrap()["state"], "checked");
    seller.act("sales.order", order, "confirm", json!({})).await.unwrap();
    assert_eq!(seller.get("sales.order", order).await.unwrap()["state"], "confirmed");
}
