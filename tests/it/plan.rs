//! Planned change, as an operator meets it: plan, apply, rehearse, and what a start does unasked.

use std::process::{Command, Output, Stdio};
use std::time::Instant;

use fondaco_kernel::plan;
use fondaco_tests::program::{self, binary};
use fondaco_tests::{Client, Folder, Program, both, engine};
use serde_json::{Value as Json, json};

both! {
    a_plan_tells_everything_and_apply_does_it_whole,
    records_follow_the_folder_where_nobody_changed_them,
    what_was_changed_behind_the_back_is_named,
    a_running_server_takes_it_up,
    a_killed_apply_is_whole_or_nothing,
    a_figure_that_moves_is_seen,
}

const BOX: &str = r#"
model = "own.box"
title = "name"
[fields]
name = { type = "text", required = true }
size = { type = "choice", values = ["small", "big"] }
weight = { type = "decimal", scale = 3 }
note = { type = "text" }
[states]
initial = "open"
values = ["open", "shut"]
[actions.shut]
from = ["open"]
to = "shut"
[access.packer]
read = "true"
create = "true"
write = "state == 'open'"
actions = ["shut"]
"#;

const PACKER: &str = "role = \"packer\"\nlabel = \"Packer\"\nincludes = [\"employee\"]\n";

fn folder(name: &str) -> Folder {
    Folder::lay(name, &["crm"], &[("models/box.toml", BOX), ("roles/packer.toml", PACKER)])
}

/// A command on a folder: how it ended and what it said.
fn fondaco(folder: &Folder, args: &[&str]) -> (i32, String) {
    let path = folder.path().to_str().unwrap();
    let mut all = args.to_vec();
    all.extend(["--company", path]);
    let Output { status, stdout, stderr } = program::run(&all);
    let said = String::from_utf8_lossy(&stdout).into_owned() + &String::from_utf8_lossy(&stderr);
    (status.code().unwrap_or(-1), said)
}

fn planned(folder: &Folder) -> Json {
    let path = folder.path().to_str().unwrap();
    let output = program::run(&["plan", "--json", "--company", path]);
    let said = String::from_utf8_lossy(&output.stderr);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {said}"))
}

/// The changes of a plan as `risk what subject name rows`.
fn told(plan: &Json) -> Vec<String> {
    let line = |change: &Json| {
        let word = |key: &str| change[key].as_str().unwrap_or_default().to_owned();
        let rows = change["rows"].as_i64().map(|rows| format!(" {rows}")).unwrap_or_default();
        format!("{} {} {} {}{rows}", word("risk"), word("what"), word("subject"), word("name"))
    };
    plan["changes"].as_array().unwrap().iter().map(line).collect()
}

async fn boxes(folder: &Folder, texts: &[(&str, &str, &str)]) {
    let shop = folder.shop().await;
    let una = shop.user("Una", &["packer"]).await;
    for (name, size, weight) in texts {
        let one = json!({ "name": name, "size": size, "weight": weight, "note": "n" });
        una.create("own.box", one).await.unwrap();
    }
}

async fn a_plan_tells_everything_and_apply_does_it_whole() {
    let folder = folder("plan");
    assert_eq!(planned(&folder)["fresh"], true, "a new database is looked at without being made");
    if !engine::is_postgres() {
        assert!(!folder.path().join("fondaco.db").exists());
    }
    boxes(&folder, &[("A", "small", "1.250"), ("B", "big", "2"), ("B", "big", "3")]).await;
    assert_eq!(fondaco(&folder, &["plan"]).0, 0);

    let other = BOX
        .replace(
            "name = { type = \"text\", required = true }",
            "name = { type = \"text\", required = true, unique = true }",
        )
        .replace("[\"small\", \"big\"]", "[\"small\", \"tall\"]")
        .replace(
            "weight = { type = \"decimal\", scale = 3 }",
            "weight = { type = \"decimal\", scale = 1 }",
        )
        .replace(
            "note = { type = \"text\" }\n",
            "colour = { type = \"text\", required = true, default = \"'red'\" }\n",
        )
        .replace("write = \"state == 'open'\"\n", "write = \"true\"\ndelete = \"size == 'tall'\"\n")
        .replace(
            "[actions.shut]",
            "[actions.shut]\nrequire = \"weight > 0.0\"\nrefusal = \"It is empty.\"",
        );
    folder.write("models/box.toml", &other);
    folder.write("data/more.toml", "[[party]]\nkey = \"post\"\nname = \"Post\"\n");
    let plan = planned(&folder);
    assert_eq!(
        told(&plan),
        [
            "safe changed field own.box.name",
            "safe changed field own.box.size",
            "safe changed field own.box.weight",
            "safe changed action own.box.shut",
            "destructive removed column own_box.note 3",
            "checked changed column own_box.weight 1",
            "safe added column own_box.colour",
            "checked added index own_box_name_unique 2",
            "checked changed field own.box.size 2",
            "safe added record party",
        ],
        "{plan:#}"
    );
    let packer = &plan["roles"][0];
    assert_eq!(packer["role"], "packer", "{plan:#}");
    let gains = json!([{ "on": "own.box",
        "rights": ["delete if size == 'tall'", "write (till now if state == 'open')"] }]);
    assert_eq!(packer["gains"], gains);
    assert_eq!(plan["users"][0]["name"], "Una");

    // Everything in the way is told at once, and nothing is changed.
    let (code, said) = fondaco(&folder, &["apply", "--yes"]);
    assert_eq!(code, 3, "{said}");
    for part in
        ["own_box_name_unique", "2 records are in the way", "own_box.note", "--allow-destructive"]
    {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert_eq!(planned(&folder), plan);
    // A start does not do it unasked either.
    let (code, said) = fondaco(&folder, &["user", "list"]);
    assert_eq!(code, 1);
    assert!(said.contains("fondaco apply") && said.contains("own_box.note"), "{said}");

    with_the_obstacles_away(&folder, &other, &plan).await;
}

/// It is done, with consent; a plan of yesterday is not.
async fn with_the_obstacles_away(folder: &Folder, other: &str, plan: &Json) {
    let narrow = other
        .replace(", unique = true", "")
        .replace("[\"small\", \"tall\"]", "[\"small\", \"big\", \"tall\"]")
        .replace("scale = 1", "scale = 3");
    folder.write("models/box.toml", &narrow);
    let file = folder.path().join("plan.json");
    std::fs::write(&file, plan.to_string()).unwrap();
    let file = file.to_str().unwrap();
    let (code, said) = fondaco(folder, &["apply", "--yes", "--allow-destructive", "--plan", file]);
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("the folder was changed"), "{said}");
    let (code, said) = fondaco(folder, &["rehearse"]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("no figure of the ledger moves"), "{said}");
    std::fs::write(file, planned(folder).to_string()).unwrap();
    let (code, said) = fondaco(folder, &["apply", "--yes", "--allow-destructive", "--plan", file]);
    assert_eq!(code, 0, "{said}");
    assert_eq!(fondaco(folder, &["plan"]).0, 0);
    let una = desk(folder).await;
    let seen = una.list("own.box", "true", "name").await.unwrap();
    assert!(seen.iter().all(|one| one["colour"] == "red"), "{seen:?}");
    assert_eq!(una.list("party", "name == 'Post'", "").await.unwrap().len(), 1);
}

async fn desk(folder: &Folder) -> fondaco_server::desk::Desk {
    let kernel = folder.kernel().await;
    let (_, ctx) = fondaco_kernel::identity::sign_in(
        &kernel,
        "una@works.example",
        fondaco_tests::shop::PASSWORD,
        "test",
    )
    .await
    .unwrap();
    fondaco_server::desk::Desk::new(kernel, ctx)
}

/// A field that is written otherwise in the folder changes the record, unless somebody was there.
async fn records_follow_the_folder_where_nobody_changed_them() {
    let folder = folder("records");
    let post = |name: &str, country: &str| {
        format!("[[party]]\nkey = \"post\"\nname = \"{name}\"\ncountry = \"{country}\"\n")
    };
    folder.write("data/post.toml", &post("Post", "IT"));
    let shop = folder.shop().await;
    let id = shop.admin.by_key("party", "post").await.unwrap();
    shop.admin.update("party", id, json!({ "name": "The Post" })).await.unwrap();
    folder.write("data/post.toml", &post("Poste", "FR"));
    assert_eq!(told(&planned(&folder)), ["safe changed record party post"]);
    assert_eq!(fondaco(&folder, &["apply", "--yes"]).0, 0);
    let now = shop.admin.get("party", id).await.unwrap();
    assert_eq!((&now["name"], &now["country"]), (&json!("The Post"), &json!("FR")));
}

/// Whoever changes the database with other tools is found out before anything is built on it.
async fn what_was_changed_behind_the_back_is_named() {
    let folder = folder("drift");
    boxes(&folder, &[("A", "small", "1")]).await;
    by_hand(&folder, "alter table own_box add column smuggled text");
    folder.write("models/box.toml", &BOX.replace("note =", "remark = { type = \"text\" }\nnote ="));
    let plan = planned(&folder);
    let drift: Vec<&str> =
        plan["drift"].as_array().unwrap().iter().filter_map(Json::as_str).collect();
    assert!(drift.contains(&"table own_box is not what it was"), "{drift:?}");
    let (code, said) = fondaco(&folder, &["apply", "--yes"]);
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("behind the program's back: table own_box"), "{said}");
    assert!(said.contains("Nothing was changed"), "{said}");
}

/// What somebody does with other tools.
fn by_hand(folder: &Folder, text: &str) {
    let company = folder.company();
    match &company.config.database.url {
        Some(url) => {
            let database = url.rsplit('/').next().unwrap();
            fondaco_cluster::Cluster::shared().unwrap().sql(database, text);
        }
        None => {
            let database = rusqlite::Connection::open(company.database_path()).unwrap();
            database.execute(text, []).unwrap();
        }
    }
}

/// A server that runs takes the change up with the next request, and fails none on the way.
async fn a_running_server_takes_it_up() {
    let folder = folder("running");
    let token = folder.user_token(&["packer"]).await;
    let server = Program::serve(folder.path());
    let client = server.client(&token);
    let made = |client: &Client, body: Json| client.post("/api/own.box", &body).unwrap();
    made(&client, json!({ "name": "A" })).expect(201);
    folder.write("models/box.toml", &BOX.replace("note =", "colour = { type = \"text\" }\nnote ="));
    made(&client, json!({ "name": "B", "colour": "red" })).expect(422);

    let mut apply = Command::new(binary())
        .args(["apply", "--yes", "--company"])
        .arg(folder.path())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut answered = 0;
    let ended = loop {
        let answer = made(&client, json!({ "name": "C", "note": "while it is applied" }));
        assert_eq!(answer.status, 201, "after {answered}: {}", answer.body);
        answered += 1;
        if let Some(status) = apply.try_wait().unwrap() {
            break status;
        }
    };
    assert!(ended.success() && answered > 0);
    let red = made(&client, json!({ "name": "D", "colour": "red" })).expect(201);
    assert_eq!(red.body["colour"], "red");
    let document = client.get("/api/openapi.json").unwrap().body;
    let described = &document["components"]["schemas"]["own.box"]["properties"]["colour"];
    assert!(!described.is_null(), "the description of the API follows");
    let list = client.get("/api/own.box?filter=colour%20==%20'red'").unwrap().expect(200);
    assert_eq!(list.body["items"].as_array().unwrap().len(), 1);
}

/// Kills at least, and at most until one came too early and one too late.
const ROUNDS: std::ops::Range<u32> = 5..20;

/// Killed at any moment, an apply has happened whole or not at all, and the next one ends it.
async fn a_killed_apply_is_whole_or_nothing() {
    let folder = folder("killed");
    let names: Vec<String> = (0..400).map(|n| format!("box {n}")).collect();
    let rows: Vec<(&str, &str, &str)> =
        names.iter().map(|name| (name.as_str(), "big", "1.5")).collect();
    boxes(&folder, &rows).await;
    let wanted = |round: u32| {
        let field = format!(
            "f{round} = {{ type = \"text\", search = true, index = true, \
             default = \"'x{round}'\" }}\nnote ="
        );
        folder.write("models/box.toml", &BOX.replacen("note =", &field, 1));
    };
    let args = ["apply", "--yes", "--allow-destructive"];
    wanted(0);
    let started = Instant::now();
    let (code, said) = fondaco(&folder, &args);
    assert_eq!(code, 0, "{said}");
    let mut patience = started.elapsed() / 2;
    let (mut whole, mut nothing, mut without_indexes) = (0, 0, 0);
    for round in 1..ROUNDS.end {
        if round > ROUNDS.start && whole > 0 && nothing > 0 {
            break;
        }
        wanted(round);
        let before = planned(&folder);
        let mut apply = Command::new(binary())
            .args(args)
            .arg("--company")
            .arg(folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(patience);
        let _ = apply.kill();
        let _ = apply.wait();
        match fondaco(&folder, &["plan"]).0 {
            0 => {
                whole += 1;
                patience = patience * 3 / 4;
            }
            _ if planned(&folder)["unbuilt"] != json!([]) => {
                without_indexes += 1;
                assert_eq!(told(&planned(&folder)), Vec::<String>::new(), "round {round}");
            }
            _ => {
                nothing += 1;
                patience = patience * 3 / 2;
                assert_eq!(planned(&folder), before, "round {round}: half of it was done");
            }
        }
        let (code, said) = fondaco(&folder, &args);
        assert_eq!(code, 0, "round {round}: {said}");
        let una = desk(&folder).await;
        let found = una.list("own.box", &format!("f{round} == 'x{round}'"), "name").await.unwrap();
        assert_eq!(found.len(), names.len(), "round {round}");
    }
    println!("{whole} whole, {without_indexes} without indexes, {nothing} nothing");
    assert!(nothing > 0 && whole > 0, "the kills missed");
    assert!(engine::is_postgres() || without_indexes == 0);
}

/// What a rehearsal compares: a balance that is another is told, one that is new apart from it, and a
/// database that was tampered with fails the checks.
async fn a_figure_that_moves_is_seen() {
    let folder = Folder::lay("figures", &["accounting"], &[]);
    let shop = folder.shop().await;
    let ines = shop.user("Ines", &["accountant"]).await;
    let accounts = ines.list("account", "book == 'general'", "code").await.unwrap();
    let account =
        |code: &str| accounts.iter().find(|account| account["code"] == code).unwrap()["id"].clone();
    let (bank, capital) = (account("1000"), account("3000"));
    let post = async |amount: &str| {
        let lines =
            json!([{ "account": bank, "debit": amount }, { "account": capital, "credit": amount }]);
        let entry = json!({ "kind": "opening", "text": "Opening", "lines": lines });
        let entry = ines.create("accounting.entry", entry).await.unwrap();
        ines.act("accounting.entry", entry, "post", Json::Null).await.unwrap();
    };
    let kernel = &shop.kernel;
    let empty = plan::figures(kernel).await.unwrap();
    post("100").await;
    let once = plan::figures(kernel).await.unwrap();
    let first = empty.compare(&once);
    assert_eq!((first.moved.len(), first.new.len()), (0, 2), "{first:?}");
    assert_eq!(once.compare(&once).moved, []);
    post("25.50").await;
    let moved = once.compare(&plan::figures(kernel).await.unwrap());
    let told: Vec<(&str, i64, i64)> =
        moved.moved.iter().map(|shift| (shift.what.as_str(), shift.before, shift.after)).collect();
    let bank = "Test Works · general · 1000 · EUR";
    assert!(told.contains(&(bank, 10_000, 12_550)), "{told:?}");
    assert_eq!(moved.documents.len(), 1, "{moved:?}");
    assert_eq!(moved.documents[0].what, "accounting_entry posted");

    assert_eq!(plan::checks(kernel).await.unwrap(), Vec::<String>::new());
    by_hand(
        &folder,
        match engine::is_postgres() {
            true => "drop trigger ledger_line_no_change on ledger_line",
            false => "drop trigger ledger_line_no_update",
        },
    );
    by_hand(&folder, "update ledger_line set amount = amount + 1 where amount = 2550");
    let failed = plan::checks(kernel).await.unwrap();
    assert!(
        failed.iter().any(|check| check.contains("the chain is broken at entry")),
        "{failed:?}"
    );
    let unbalanced = "1 entries that do not sum to zero in each unit";
    assert!(failed.iter().any(|check| check == unbalanced), "{failed:?}");
}
