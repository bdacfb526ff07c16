//! Two proofs of who may do what: the matrix role × model × action for a reviewer to read, and
//! non-interference: whatever somebody asks, the answer does not depend on what he may not see.

use fondaco_kernel::schema::{Origin, Source};
use fondaco_kernel::{Database, Kernel, Setup, permissions};
use fondaco_server::desk::Desk;
use fondaco_server::modules;
use fondaco_tests::program::quoted;
use fondaco_tests::{Client, Served, Shop, both};
use fondaco_values::AnyId;
use serde_json::{Value as Json, json};

both! {
    what_one_may_not_see_changes_no_answer,
    hidden_is_like_missing,
}

/// A changed right is a changed line here.
#[test]
fn the_matrix() {
    let setup = Setup::new(Database::Memory, modules::all());
    let schema = Kernel::check(&setup).unwrap();
    insta::assert_snapshot!(permissions::matrix(&schema));
}

/// Deals belong to their owner; what stands behind them, to who made it; the margin, to nobody here.
const DEAL: &str = r#"
model = "own.deal"
title = "name"
[fields]
name = { type = "text", required = true, search = true }
owner = { type = "link", to = "user", required = true, index = true, search = true }
backer = { type = "link", to = "own.backer", search = true }
others = { type = "links", to = "own.backer" }
amount = { type = "money", required = true, default = "0.0" }
margin = { type = "money", class = "cost" }
remark = { type = "text", class = "pay" }
lines = { type = "lines", of = "own.deal_line" }
[states]
initial = "draft"
values = ["draft", "done"]
[actions.finish]
from = ["draft"]
to = "done"
require = "amount > 0.0"
refusal = "A deal is about money."
[access.employee]
read = "owner == actor.user"
create = "true"
write = "owner == actor.user"
delete = "owner == actor.user"
actions = { finish = "owner == actor.user" }
[access.keeper]
read = "true"
write = "true"
"#;

const LINE: &str = r#"
model = "own.deal_line"
title = "text"
[fields]
deal = { type = "link", to = "own.deal" }
text = { type = "text", required = true, search = true }
backer = { type = "link", to = "own.backer" }
cost = { type = "money", class = "cost" }
remark = { type = "text", class = "pay", search = true }
"#;

const BACKER: &str = r#"
model = "own.backer"
title = "name"
[fields]
name = { type = "text", required = true, unique = true, search = true }
amount = { type = "money", required = true }
friend = { type = "link", to = "own.backer", search = true }
bank = { type = "text", class = "pay", search = true }
[access.employee]
read = "created_by == actor.user"
create = "true"
write = "created_by == actor.user"
[access.keeper]
read = "true"
write = "true"
"#;

const KEEPER: &str = r#"
role = "keeper"
label = "Keeper of secrets"
includes = ["employee"]
classes = ["cost", "pay"]
write_classes = ["cost", "pay"]
"#;

/// What differs between two worlds, all of it hidden from Bob.
struct Hidden {
    name: &'static str,
    amount: &'static str,
    deals: usize,
}

struct World {
    _served: Served,
    bob: Client,
    /// Ann's own deal, her backer, and a deal of Bob's that her backer stands behind.
    ids: [AnyId; 3],
}

impl World {
    async fn open(hidden: Hidden) -> World {
        let mut setup = Setup::new(Database::Memory, Vec::new());
        let files = [
            ("deal.toml", DEAL),
            ("line.toml", LINE),
            ("backer.toml", BACKER),
            ("keeper.toml", KEEPER),
        ];
        for (path, text) in files {
            let (path, text) = (path.to_owned(), text.to_owned());
            setup.company.push(Source { origin: Origin::Company, path, text });
        }
        let company = fondaco_tests::shop::COMPANY.to_owned();
        setup.data.push(("company.toml".to_owned(), company));
        let shop = Shop::of(setup).await;
        let ann = shop.user("Ann", &["employee"]).await;
        let bob = shop.user("Bob", &["employee"]).await;
        let keeper = shop.user("Kit", &["keeper"]).await;
        let ids = fill(&keeper, &ann, &bob, &hidden).await;
        let served = Served::open(shop);
        let client = served.client(&bob).await;
        World { _served: served, bob: client, ids }
    }
}

async fn fill(keeper: &Desk, ann: &Desk, bob: &Desk, hidden: &Hidden) -> [AnyId; 3] {
    let user = |desk: &Desk| desk.ctx.actor().user().unwrap().to_string();
    let backer = json!({ "name": hidden.name, "amount": hidden.amount });
    let backer = ann.create("own.backer", backer).await.unwrap();
    let own = json!({ "name": "Bob & Sons", "amount": "50" });
    let own = bob.create("own.backer", own).await.unwrap();
    let theirs = json!({ "name": hidden.name, "owner": user(ann), "amount": hidden.amount,
        "backer": backer, "lines": [{ "text": hidden.name }] });
    let theirs = ann.create("own.deal", theirs).await.unwrap();
    let mut mixed = AnyId::default();
    for (name, backer) in [("one", own), ("two", backer), ("three", backer)] {
        let lines = json!([{ "text": "plain" }, { "text": "backed", "backer": backer }]);
        let deal = json!({ "name": name, "owner": user(bob), "amount": "10",
            "backer": backer, "others": [own, backer], "lines": lines });
        mixed = ann.create("own.deal", without_foreign(deal, own)).await.unwrap();
    }
    // The fields that Bob may not read differ too, on records that he sees.
    let deal = keeper.get("own.deal", mixed).await.unwrap();
    let line =
        json!({ "id": deal["lines"][0]["id"], "remark": hidden.name, "cost": hidden.amount });
    let rest = json!({ "id": deal["lines"][1]["id"] });
    let secret = json!({ "margin": hidden.amount, "remark": hidden.name, "lines": [line, rest] });
    keeper.update("own.deal", mixed, secret).await.unwrap();
    keeper.update("own.backer", own, json!({ "bank": hidden.name })).await.unwrap();
    let deal = json!({ "name": "four", "owner": user(bob), "backer": own });
    bob.create("own.deal", deal).await.unwrap();
    for n in 0..hidden.deals {
        let deal = json!({ "name": format!("three {n}"), "owner": user(ann), "amount": "10" });
        ann.create("own.deal", deal).await.unwrap();
    }
    [theirs, backer, mixed]
}

/// Ann does not see Bob's backer and cannot link to it.
fn without_foreign(mut deal: Json, foreign: AnyId) -> Json {
    let foreign = json!(foreign);
    if deal["backer"] == foreign {
        deal["backer"] = Json::Null;
        deal["lines"][1]["backer"] = Json::Null;
    }
    let others = deal["others"].as_array_mut().unwrap();
    others.retain(|id| *id != foreign);
    deal
}

/// Everything that Bob can think of asking.
fn questions([theirs, backer, mixed]: [AnyId; 3]) -> Vec<(&'static str, String, Option<Json>)> {
    let mut asked: Vec<(&str, String, Option<Json>)> = Vec::new();
    let filters = [
        "true",
        "backer.name == 'Aardvark'",
        "backer.name != 'Aardvark'",
        "backer.amount > 100.0",
        "backer.name.startsWith('Z')",
        "backer.friend == null",
        "backer.name == null",
        "backer != null",
        "size(others) > 0",
        "lines.exists(l, l.backer.name == 'Aardvark')",
        "lines.all(l, l.backer.amount > 1.0)",
        "sum(lines.backer.amount) > 100.0",
        "margin > 100.0",
        "remark == 'Aardvark'",
        "lines.exists(l, l.cost > 1.0)",
        "owner.name == 'Ann'",
        "owner != actor.user",
        "max(lines.map(l, l.backer.amount)) > 5.0",
    ];
    for filter in filters {
        asked.push(("GET", format!("/api/own.deal?count=true&filter={}", quoted(filter)), None));
    }
    let plain = [
        "sort=backer.name",
        "sort=-backer.amount,name",
        "sort=backer",
        "sort=margin",
        "search=Aardvark",
        "search=Zebra",
        "search=three",
        "search=backed",
        "search=bob",
        "expand=backer,others,lines.backer",
        "expand=owner,lines",
        "expand=margin",
        "expand=nothing",
        "fields=name,backer,others",
        "fields=margin",
        "fields=remark,name",
        "limit=1",
        "limit=1&sort=backer.name",
        "limit=2&sort=-backer.name&count=true",
    ];
    asked.extend(plain.iter().map(|query| ("GET", format!("/api/own.deal?{query}"), None)));
    for query in ["count=true", "search=aardvark", "filter=amount%20%3E%201.0", "sort=-name"] {
        asked.push(("GET", format!("/api/own.backer?{query}"), None));
    }
    for id in [theirs, mixed, AnyId::new(77)] {
        asked.push(("GET", format!("/api/own.deal/{id}?expand=backer,others,lines.backer"), None));
        asked.push(("GET", format!("/api/own.deal/{id}"), None));
        asked.push(("GET", format!("/api/own.deal/{id}/history"), None));
    }
    for id in [backer, AnyId::new(77)] {
        let link = json!({ "name": "x", "owner": "1", "backer": id });
        asked.push(("GET", format!("/api/own.backer/{id}"), None));
        asked.push(("POST", "/api/own.deal".to_owned(), Some(link)));
        asked.push(("PATCH", format!("/api/own.backer/{id}"), Some(json!({ "amount": "1" }))));
        asked.push(("DELETE", format!("/api/own.backer/{id}"), None));
        let friend = json!({ "name": "y", "amount": "1", "friend": id });
        asked.push(("POST", "/api/own.backer".to_owned(), Some(friend)));
    }
    asked.push(("PATCH", format!("/api/own.deal/{theirs}"), Some(json!({ "amount": "x" }))));
    asked.push(("POST", format!("/api/own.deal/{theirs}/finish"), Some(json!({}))));
    asked.push(("POST", format!("/api/own.deal/{theirs}/nothing"), Some(json!({}))));
    asked.push(("DELETE", format!("/api/own.deal/{theirs}"), None));
    asked.push(("PATCH", format!("/api/own.deal/{mixed}"), Some(json!({ "margin": "1" }))));
    asked.push(("GET", "/api/openapi.json".to_owned(), None));
    asked
}

/// The answer to a question, with what follows from it: the pages behind a cursor.
fn answered(world: &World, (method, path, body): &(&str, String, Option<Json>)) -> String {
    let body = body.as_ref().map(Json::to_string);
    let mut answer = world.bob.send(method, path, body.as_deref(), &[]).unwrap();
    let mut said = format!("{} {} {:?}", answer.status, answer.body, answer.etag);
    while let Some(next) = answer.body["next"].as_str() {
        answer = world.bob.get(&format!("{path}&after={next}")).unwrap();
        said.push_str(&format!("\n{} {}", answer.status, answer.body));
    }
    said
}

/// Where two answers begin to differ.
fn difference(here: &str, there: &str) -> String {
    let same = here.bytes().zip(there.bytes()).take_while(|(a, b)| a == b).count();
    let around = |text: &str| {
        let bytes = &text.as_bytes()[same.saturating_sub(80)..];
        String::from_utf8_lossy(&bytes[..bytes.len().min(200)]).into_owned()
    };
    format!("  …{}\n  …{}", around(here), around(there))
}

/// What a model publishes by a computed field, it publishes; all else stays with who may see it.
async fn what_one_may_not_see_changes_no_answer() {
    let one = World::open(Hidden { name: "Aardvark", amount: "1000", deals: 0 }).await;
    let other = World::open(Hidden { name: "Zebra", amount: "2", deals: 3 }).await;
    assert_eq!(one.ids, other.ids, "the two worlds were made in the same steps");
    let mut told = Vec::new();
    let mut fine = 0;
    for question in questions(one.ids) {
        let (here, there) = (answered(&one, &question), answered(&other, &question));
        fine += usize::from(here.starts_with('2'));
        if here != there {
            told.push(format!("{} {}\n{}", question.0, question.1, difference(&here, &there)));
        }
        let leaks = ["Aardvark", "1000"].iter().any(|secret| here.contains(secret));
        let asked = question.1.contains("ardvark") || question.1.contains("1000");
        if leaks && !asked {
            told.push(format!("{} {} tells\n  {here}", question.0, question.1));
        }
    }
    assert!(told.is_empty(), "\n{}\n", told.join("\n"));
    assert!(fine > 25, "{fine} of the questions only were answered");
}

/// A record that one may not see and one that is not there answer alike, to everything.
async fn hidden_is_like_missing() {
    let world = World::open(Hidden { name: "Aardvark", amount: "1000", deals: 0 }).await;
    let [theirs, backer, _] = world.ids;
    let cases = [
        ("GET", "own.deal", theirs, "", None),
        ("GET", "own.deal", theirs, "/history", None),
        ("PATCH", "own.deal", theirs, "", Some(json!({ "name": "x" }))),
        ("DELETE", "own.deal", theirs, "", None),
        ("POST", "own.deal", theirs, "/finish", Some(json!({}))),
        ("GET", "own.backer", backer, "", None),
        ("PATCH", "own.backer", backer, "", Some(json!({ "amount": "1" }))),
    ];
    for (method, model, id, rest, body) in cases {
        let ask = |id: &str| {
            let body = body.as_ref().map(Json::to_string);
            let path = format!("/api/{model}/{id}{rest}");
            let answer = world.bob.send(method, &path, body.as_deref(), &[]).unwrap();
            (answer.status, answer.body.to_string().replace(id, "ID"))
        };
        let (hidden, missing) = (ask(&id.to_string()), ask("4242"));
        assert_eq!(hidden.0, 404, "{method} {model}{rest}: {}", hidden.1);
        assert_eq!(hidden, missing, "{method} {model}{rest}");
    }
}
