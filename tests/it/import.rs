//! Imports and exports: problems where they stand, repeats that change nothing, an import that was
//! cut off, files as other countries write them, and texts that a spreadsheet would run.

use std::sync::{Mutex, MutexGuard, PoisonError};

use fondaco_kernel::values::limits::IMPORT_SLICE_ROWS;
use fondaco_kernel::{Error, Module};
use fondaco_server::commands::export::{self, Wanted};
use fondaco_server::desk::Desk;
use fondaco_server::import::mapping::Mapping;
use fondaco_server::import::{self, Report};
use fondaco_server::modules;
use fondaco_tests::sample::{all, console, counts};
use fondaco_tests::scratch::Scratch;
use fondaco_tests::shop::Shop;
use fondaco_tests::{Folder, both, engine, program};

both! {
    every_problem_is_told_where_it_stands,
    a_mapping_with_faults_imports_nothing,
    the_same_files_again_change_nothing,
    an_import_that_was_cut_off_goes_on,
    files_are_read_as_other_programs_write_them,
    rows_of_one_key_are_one_document,
    an_export_comes_back_as_it_was,
    an_export_names_what_does_not_exist,
}

/// Files of a test, and a mapping over them.
fn files(name: &str, files: &[(&str, &str)]) -> Scratch {
    let folder = Scratch::new(name);
    for (file, text) in files {
        std::fs::write(folder.path().join(file), text).unwrap();
    }
    folder
}

async fn import(desk: &Desk, mapping: &str, folder: &Scratch) -> anyhow::Result<Report> {
    let mapping = Mapping::parse("mapping.toml", mapping.to_owned())?;
    import::run(desk, &mapping, folder.path()).await
}

fn told(report: &Report) -> Vec<String> {
    report.problems.iter().map(ToString::to_string).collect()
}

async fn trader() -> (Shop, Desk) {
    let names = ["sales", "inventory"].map(str::to_owned);
    let shop = Shop::open(modules::named(&names).unwrap()).await;
    let desk = console(&shop);
    (shop, desk)
}

const ORDERS: &str = r#"
[[import]]
model = "party"
file = "parties.csv"
key = "party/{id}"
[import.fields]
name = "{name}"
customer = true

[[import]]
model = "product"
file = "products.csv"
key = "product/{id}"
[import.fields]
code = "{id}"
name = "{name}"
unit = "piece"

[[import]]
model = "sales.order"
file = "orders.csv"
key = "order/{id}"
[import.fields]
customer = "party/{customer}"
ordered_on = "{day}"
[[import.lines.lines]]
file = "lines.csv"
on = "order"
is = "{id}"
[import.lines.lines.fields]
product = "product/{product}"
quantity = "{quantity}"
unit_price = "{price}"
"#;

async fn every_problem_is_told_where_it_stands() {
    let folder = files(
        "problems",
        &[
            ("parties.csv", "id,name\n1,Anna\n2,\n1,Once more\n,Nobody\n"),
            ("products.csv", "id,name\nA,Apple\nB,Bread,brown\nC,Cheese\n"),
            (
                "orders.csv",
                "id,customer,day\n1,1,1996-07-04\n2,9,1996-13-04\n3,,04.07.1996\n4,1,1996-07-05\n\
                 5,1,\n",
            ),
            (
                "lines.csv",
                "order,product,quantity,price\n1,A,2,1.50\n2,A,two,1.50\n4,Z,1,\n4,C,1.2345678,2\n\
                 7,A,1,1\n5,C,1,-2\n",
            ),
        ],
    );
    let (_shop, desk) = trader().await;
    let report = import(&desk, ORDERS, &folder).await.unwrap();
    assert_eq!(
        told(&report),
        [
            "parties.csv:4: key: the key \"party/1\" is that of line 2 already",
            "parties.csv:5: key: the key is empty",
            "parties.csv:3: name: Name is required.",
            "products.csv:3: has 3 cells, the heading has 2",
            "lines.csv:6: order: there is no document \"7\" for this line",
            "orders.csv:3: customer: There is no party with the key \"party/9\".",
            "orders.csv:3: ordered_on: Ordered on must be a date such as 2026-01-31. \
             This is \"1996-13-04\".",
            "lines.csv:3: quantity: Quantity must be a number. This is \"two\".",
            "orders.csv:4: ordered_on: Ordered on must be a date such as 2026-01-31. \
             This is \"04.07.1996\".",
            "orders.csv:4: customer: Customer is required.",
            "lines.csv:4: product: There is no product with the key \"product/Z\".",
            "lines.csv:5: quantity: Quantity has more than 6 decimals, or is out of range.",
            "lines.csv:7: unit_price: Unit price is less than 0.",
        ]
    );
    assert_eq!(
        counts(&report),
        [
            ("party", "parties.csv", [1, 0, 0]),
            ("product", "products.csv", [2, 0, 0]),
            ("sales.order", "orders.csv", [1, 0, 0]),
        ]
    );
    assert_eq!(all(&desk, "sales.order", "true", &["id"]).await.unwrap().len(), 1);
}

async fn a_mapping_with_faults_imports_nothing() {
    let folder = files("faults", &[("parties.csv", "id,name,nickname\n1,Anna,An\n")]);
    let mapping = r#"[[import]]
model = "party"
file = "parties.csv"
key = "party/{idd}"
[import.fields]
nmae = "{name}"
name = "{naem}"
created_at = "{name}"
addresses = "{name}"
[[import.lines.adresses]]
[import.lines.adresses.fields]
city = "{name}"
[[import.lines.addresses]]
[import.lines.addresses.fields]
town = "{name}"
city = { column = "place", default = "{where}" }
[[import.lines.contact_ways]]
file = "ways.csv"
on = "id"
[import.lines.contact_ways.fields]
value = "{x}"

[[import]]
model = "partty"
file = "parties.csv"
key = "{id}"

[[import]]
model = "address"
file = "parties.csv"
key = "{id}"
"#;
    let (_shop, desk) = trader().await;
    let report = import(&desk, mapping, &folder).await.unwrap();
    let ways = folder.path().join("ways.csv");
    assert_eq!(
        told(&report),
        [
            "mapping.toml:3: parties.csv: parties.csv has no column \"idd\"; did you mean \"id\"?",
            "mapping.toml:9: addresses: lines have a section of their own: [[import.lines.…]]",
            "mapping.toml:8: created_at: Created at is not written from outside",
            "mapping.toml:7: name: parties.csv has no column \"naem\"; did you mean \"name\"?",
            "mapping.toml:6: nmae: a party has no such field; did you mean \"name\"?",
            "mapping.toml:16: city: parties.csv has no column \"place\"",
            "mapping.toml:16: city: parties.csv has no column \"where\"",
            "mapping.toml:15: town: a address has no such field",
            "mapping.toml:10: adresses: a party has no lines of this name",
            &format!(
                "mapping.toml:18: ways.csv: {} cannot be read: No such file or directory (os error 2)",
                ways.display()
            ),
            "mapping.toml:24: partty: there is no such model; did you mean \"party\"?",
            "mapping.toml:29: address: lines are imported with their document, under [[import.lines.…]]",
        ]
    );
    assert!(report.files.is_empty());
    assert!(all(&desk, "party", "name == 'Anna'", &["id"]).await.unwrap().is_empty());
}

#[test]
fn mistakes_of_grammar_are_named_with_their_place() {
    for (mapping, message) in [
        ("[[import]]\nmodel = 'party'\nfile = 'a.csv'", "missing field `key`"),
        ("[[import]]\nmodle = 'party'", "unknown field `modle`"),
        (
            "[[import]]\nmodel = 'party'\nfile = 'a.csv'\nkey = [1]",
            "write a template such as \"{column}\"",
        ),
        (
            "[[import]]\nmodel = 'party'\nfile = 'a.csv'\nkey = { column = 'a', map = 'none' }",
            "[maps] has no \"none\"",
        ),
    ] {
        let error = Mapping::parse("m.toml", mapping.to_owned()).unwrap_err();
        let error = format!("{error:#}");
        assert!(error.contains(message) && error.starts_with("m.toml: "), "{error}");
    }
}

async fn the_same_files_again_change_nothing() {
    let tables = |price: &str, name: &str| {
        files(
            "again",
            &[
                ("parties.csv", &format!("id,name\n1,Anna\n2,{name}\n")),
                ("products.csv", "id,name\nA,Apple\n"),
                ("orders.csv", "id,customer,day\n1,1,1996-07-04\n2,2,1996-07-05\n"),
                ("lines.csv", &format!("order,product,quantity,price\n1,A,2,{price}\n2,A,3,1\n")),
            ],
        )
    };
    let (_shop, desk) = trader().await;
    let first = import(&desk, ORDERS, &tables("1.5", "Bert")).await.unwrap();
    assert_eq!(told(&first), [""; 0]);
    let before = all(&desk, "party", "customer", &[]).await.unwrap();
    let orders = all(&desk, "sales.order", "true", &[]).await.unwrap();

    let second = import(&desk, ORDERS, &tables("1.5", "Bert")).await.unwrap();
    assert_eq!(
        counts(&second),
        [
            ("party", "parties.csv", [0, 0, 2]),
            ("product", "products.csv", [0, 0, 1]),
            ("sales.order", "orders.csv", [0, 0, 2]),
        ]
    );
    assert_eq!(all(&desk, "party", "customer", &[]).await.unwrap(), before, "versions too");

    // A confirmed order is as the file says; lines that somebody may have worked on are left alone.
    let order = orders[0]["id"].as_str().unwrap().parse().unwrap();
    desk.act("sales.order", order, "confirm", serde_json::json!({})).await.unwrap();
    let third = import(&desk, ORDERS, &tables("9.9", "Berta")).await.unwrap();
    assert_eq!(told(&third), [""; 0]);
    assert_eq!(
        counts(&third),
        [
            ("party", "parties.csv", [0, 1, 1]),
            ("product", "products.csv", [0, 0, 1]),
            ("sales.order", "orders.csv", [0, 0, 2]),
        ]
    );
    let names = all(&desk, "party", "customer", &["name"]).await.unwrap();
    let names: Vec<_> = names.iter().map(|party| party["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["Anna", "Berta"]);
    let nets = all(&desk, "sales.order", "true", &["net"]).await.unwrap();
    assert_eq!(nets[0]["net"], "3.00");
}

/// Names of records that make the database fail; of this process, in which both engines are tested
/// at once.
static DEADLY: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn deadly() -> MutexGuard<'static, Vec<String>> {
    DEADLY.lock().unwrap_or_else(PoisonError::into_inner)
}

fn poison() -> Module {
    const MANIFEST: &str = "module = 'poison'\ntitle = 'Poison'\nversion = '0.1.0'\n\
                            kernel = '>=0.1, <0.2'\n";
    const THING: &str = "model = 'poison.thing'\nlabel = 'Thing'\ntitle = 'name'\n[fields]\n\
                         name = { type = 'text', required = true }\n\
                         next = { type = 'link', to = 'poison.thing' }\n\
                         [access.administrator]\nread = 'true'\ncreate = 'true'\nwrite = 'true'\n";
    Module::new("poison", MANIFEST).models(&[("models/thing.toml", THING)]).before_save(
        "poison.thing",
        |_, batch| {
            let deadly = deadly();
            let dead = batch
                .iter()
                .filter_map(|saving| saving.text("name"))
                .any(|name| deadly.iter().any(|one| one == name));
            Box::pin(async move {
                let gone = Err(Error::Internal("the disk is gone".to_owned()));
                if dead { gone } else { Ok(()) }
            })
        },
    )
}

async fn an_import_that_was_cut_off_goes_on() {
    let (rows, cut) = (2 * IMPORT_SLICE_ROWS + 200, 2 * IMPORT_SLICE_ROWS + 100);
    let poison_of =
        format!("poison of {}", if engine::is_postgres() { "postgres" } else { "sqlite" });
    let name = |n| if n == cut { poison_of.clone() } else { format!("thing {n}") };
    // Each names the next one, which comes after it in the file.
    let lines = (0..rows).map(|n| format!("{n},{},{}\n", name(n), (n + 1) % rows));
    let text = format!("id,name,next\n{}", lines.collect::<String>());
    let folder = files("cut", &[("things.csv", &text)]);
    let mapping = r#"
[[import]]
model = "poison.thing"
file = "things.csv"
key = "{id}"
[import.fields]
name = "{name}"
next = "{next}"
"#;
    let shop = Shop::open(vec![poison()]).await;
    let desk = console(&shop);
    let count = async || all(&desk, "poison.thing", "true", &["id"]).await.unwrap().len();
    deadly().push(poison_of.clone());
    let cut_off = import(&desk, mapping, &folder).await.unwrap_err();
    assert!(format!("{cut_off:#}").contains("the disk is gone"), "{cut_off:#}");
    assert_eq!(count().await, 2 * IMPORT_SLICE_ROWS, "whole slices, and none twice");

    deadly().retain(|one| *one != poison_of);
    let resumed = import(&desk, mapping, &folder).await.unwrap();
    assert_eq!(told(&resumed), [""; 0]);
    assert_eq!(resumed.files[0].resumed, 2 * IMPORT_SLICE_ROWS);
    assert_eq!(counts(&resumed), [("poison.thing", "things.csv", [200, 0, 0])]);
    assert_eq!(count().await, rows);
    assert_eq!(all(&desk, "poison.thing", "next != null", &["id"]).await.unwrap().len(), rows);

    let again = import(&desk, mapping, &folder).await.unwrap();
    assert_eq!(again.files[0].resumed, 0, "what is done to the end begins anew");
    assert_eq!(counts(&again), [("poison.thing", "things.csv", [0, 0, rows])]);
}

async fn files_are_read_as_other_programs_write_them() {
    let text = "\u{feff}Nr;Name;Preis;Notiz;Aktiv\r\n1;\"Käse; gereift\";1234,5;\"eine\r\nzweite \
                \"\"Zeile\"\"\";ja\r\n\r\n2;Brot;;;0\r\n3;Wein;1.234,50;;1\r\n";
    let folder = files("german", &[("waren.csv", text)]);
    let mapping = r#"
[format]
separator = ";"
decimal = ","
date = "%d.%m.%Y"

[[import]]
model = "product"
file = "waren.csv"
key = "{Nr}"
[import.fields]
code = "{Nr}"
name = "{Name}"
unit = "piece"
list_price = "{Preis}"
description = "{Notiz}"
active = { column = "Aktiv", map = { ja = "true" }, default = "{Aktiv}" }
"#;
    let (_shop, desk) = trader().await;
    let report = import(&desk, mapping, &folder).await.unwrap();
    assert_eq!(
        told(&report),
        ["waren.csv:6: list_price: List price must be a amount of money. \
          This is \"1.234,50 (with a point)\"."]
    );
    let fields = ["name", "list_price", "description", "active"];
    let products = all(&desk, "product", "true", &fields).await.unwrap();
    let seen: Vec<_> = products
        .iter()
        .map(|p| fields.map(|field| p[field].to_string().trim_matches('"').to_owned()))
        .collect();
    assert_eq!(
        seen,
        [
            ["Käse; gereift", "1234.50", "eine\\r\\nzweite \\\"Zeile\\", "true"],
            ["Brot", "0.00", "null", "false"],
        ]
    );
    for (text, problem) in [
        (&b"Nr;Name\n1;K\xe4se\n"[..], "waren.csv:2: this is no UTF-8"),
        (b"Nr;Nr\n1;1\n", "there are two columns \"Nr\""),
    ] {
        std::fs::write(folder.path().join("waren.csv"), text).unwrap();
        let report = import(&desk, mapping, &folder).await.unwrap();
        assert!(told(&report)[0].contains(problem), "{:?}", told(&report));
    }
}

async fn rows_of_one_key_are_one_document() {
    let folder = files(
        "grouped",
        &[
            ("parties.csv", "id,name\n1,Anna\n"),
            ("products.csv", "id,name\nA,Apple\nB,Bread\n"),
            (
                "flat.csv",
                "id,customer,product,quantity\n1,1,A,2\n2,1,A,1\n1,1,B,3\n3,1,A,4\n3,1,B,x\n",
            ),
        ],
    );
    let flat = r#"
[[import]]
model = "sales.order"
file = "flat.csv"
key = "order/{id}"
grouped = true
[import.fields]
customer = "party/{customer}"
[[import.lines.lines]]
[import.lines.lines.fields]
product = "product/{product}"
quantity = { column = "quantity", decimals = 1 }
"#;
    let mapping = format!("{}{flat}", ORDERS.split("[[import]]\nmodel = \"sales").next().unwrap());
    let (_shop, desk) = trader().await;
    let report = import(&desk, &mapping, &folder).await.unwrap();
    assert_eq!(told(&report), ["flat.csv:6: quantity: \"x\" is no number"]);
    assert_eq!(counts(&report)[2], ("sales.order", "flat.csv", [2, 0, 0]));
    let orders = desk.list("sales.order", "true", "id").await.unwrap();
    let quantities: Vec<Vec<&str>> = orders
        .iter()
        .map(|order| order["lines"].as_array().unwrap().iter())
        .map(|lines| lines.map(|line| line["quantity"].as_str().unwrap()).collect())
        .collect();
    assert_eq!(quantities, [vec!["2", "3"], vec!["1"]]);
}

async fn exported(desk: &Desk, model: &str, fields: &[&str]) -> String {
    let wanted = Wanted {
        model: model.to_owned(),
        filter: (model == "party").then(|| "customer".to_owned()),
        fields: fields.iter().map(|field| (*field).to_owned()).collect(),
    };
    let mut out = Vec::new();
    export::write(desk, &wanted, &mut out).await.unwrap();
    String::from_utf8(out).unwrap()
}

async fn an_export_comes_back_as_it_was() {
    let nasty = [
        "=HYPERLINK(\"http://x\")",
        "'=1+1",
        "''already",
        "+44 171",
        "-12.50",
        "-12.50-A1",
        "@cmd",
        "two\nlines, and \"quotes\"",
        "Łódź; and more",
    ];
    let (_shop, desk) = trader().await;
    for (n, name) in nasty.iter().enumerate() {
        let tags = serde_json::json!(["first", format!("={n}")]);
        let party = serde_json::json!({ "name": name, "customer": true, "tags": tags });
        let party = desk.create("party", party).await.unwrap();
        let contact = serde_json::json!({ "name": format!("Who {n}"), "party": party.to_string() });
        desk.create("contact", contact).await.unwrap();
    }
    let fields = ["id", "name", "customer", "tags", "active"];
    let parties = exported(&desk, "party", &fields).await;
    assert!(parties.contains("\"'=HYPERLINK(\"\"http://x\"\")\""), "{parties}");
    let contacts = exported(&desk, "contact", &["id", "name", "party", "party.name"]).await;
    assert!(contacts.starts_with("id,name,party,party.name\n"), "{contacts}");

    let folder = files("round", &[("parties.csv", &parties), ("contacts.csv", &contacts)]);
    let mapping = r#"
[[import]]
model = "party"
file = "parties.csv"
key = "{id}"
[import.fields]
name = "{name}"
customer = "{customer}"
tags = "{tags}"
active = "{active}"
[[import]]
model = "contact"
file = "contacts.csv"
key = "{id}"
[import.fields]
name = "{name}"
party = "{party}"
"#;
    let (_other, there) = trader().await;
    let report = import(&there, mapping, &folder).await.unwrap();
    assert_eq!(told(&report), [""; 0]);
    let of = ["_key", "name", "customer", "tags", "active"];
    let back = exported(&there, "party", &of).await;
    assert_eq!(back.replacen("_key", "id", 1), parties);
    let back = exported(&there, "contact", &["_key", "name", "party.name"]).await;
    for (n, name) in nasty.iter().enumerate() {
        let found =
            all(&there, "contact", &format!("name == 'Who {n}'"), &["party"]).await.unwrap();
        assert_eq!(found[0]["_titles"]["party"], **name, "{back}");
    }
}

async fn an_export_names_what_does_not_exist() {
    let (_shop, desk) = trader().await;
    for (model, field, message) in [
        ("partty", "name", "there is no model \"partty\"; did you mean \"party\"?"),
        ("party", "nmae", "party has no field \"nmae\"; did you mean \"name\"?"),
        ("party", "name.first", "name of party leads to no other record"),
        ("party", "currency.cod", "currency has no field \"cod\"; did you mean \"code\"?"),
        ("party", "addresses", "addresses of party are lines: export address, each names"),
    ] {
        let fields = vec![field.to_owned()];
        let wanted = Wanted { model: model.to_owned(), filter: None, fields };
        let error = export::write(&desk, &wanted, Vec::new()).await.unwrap_err();
        assert!(error.to_string().starts_with(message), "{error}");
    }
}

/// Runs the program; answers its exit code and what it said.
fn fondaco(args: &[&str]) -> (i32, String, String) {
    let out = std::process::Command::new(program::binary()).args(args).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (out.status.code().unwrap_or(-1), text(&out.stdout), text(&out.stderr))
}

#[test]
fn a_dry_run_says_what_would_happen_and_changes_nothing() {
    let company = Folder::lay("company", &["sales"], &[]);
    let data = files(
        "dry",
        &[
            ("parties.csv", "id,name\n1,Anna\n2,\n"),
            ("products.csv", "id,name\nA,Apple\n"),
            ("orders.csv", "id,customer,day\n1,1,1996-07-04\n"),
            ("lines.csv", "order,product,quantity,price\n1,A,2,1.50\n"),
            ("mapping.toml", ORDERS),
        ],
    );
    let mapping = data.path().join("mapping.toml");
    let (mapping, folder) = (mapping.to_str().unwrap(), company.path().to_str().unwrap());

    let dry = fondaco(&["import", mapping, "--company", folder, "--dry-run"]);
    assert_eq!(
        dry.1,
        "party from parties.csv: 1 would be created\nproduct from products.csv: 1 would be created\n\
         sales.order from orders.csv: 1 would be created\n\
         parties.csv:3: name: Name is required.\n"
    );
    assert_eq!(dry.0, 3, "{}", dry.2);
    let none = fondaco(&["export", "party", "--fields", "name,customer", "--company", folder]);
    assert_eq!((none.0, none.1.as_str()), (0, "name,customer\n"), "{}", none.2);
    let left = std::fs::read_dir(company.path()).unwrap().map(|entry| entry.unwrap().file_name());
    let left: Vec<_> = left.map(|name| name.to_string_lossy().into_owned()).collect();
    assert!(!left.iter().any(|name| name.contains("dry-run")), "{left:?}");

    let real = fondaco(&["import", mapping, "--company", folder]);
    assert_eq!(real.0, 3, "{}", real.2);
    assert!(real.1.starts_with("party from parties.csv: 1 created\n"), "{}", real.1);
    let again = fondaco(&["import", mapping, "--company", folder, "--dry-run"]);
    assert!(
        again.1.starts_with("party from parties.csv: 0 would be created, 1 as they were\n"),
        "{}",
        again.1
    );
    let filtered = ["--filter", "customer.name == 'Anna'", "--company", folder];
    let orders = [&["export", "sales.order", "--fields", "customer.name,net"], &filtered[..]];
    let orders = fondaco(&orders.concat());
    assert_eq!(
        (orders.0, orders.1.as_str()),
        (0, "customer.name,net\nAnna,3.00\n"),
        "{}",
        orders.2
    );
}

#[test]
fn help_has_examples() {
    for command in ["import", "export"] {
        let (code, help, _) = fondaco(&[command, "--help"]);
        let example = format!("  fondaco {command} ");
        assert!(code == 0 && help.contains("Examples:\n") && help.contains(&example), "{help}");
    }
}
