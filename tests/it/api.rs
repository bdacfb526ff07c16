//! The API over real HTTP: records and their versions, repeats, pages, batches, reports, ledger,
//! what is told while it changes, and how the server lives and ends.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use fondaco_server::desk::Desk;
use fondaco_server::modules;
use fondaco_tests::program::{Answer, quoted};
use fondaco_tests::shop::PASSWORD;
use fondaco_tests::{Client, Folder, Program, Served, Shop, both};
use serde_json::{Value as Json, json};

both! {
    a_record_is_made_read_changed_and_deleted,
    an_old_version_changes_nothing,
    every_problem_is_told_at_once,
    a_repeat_with_its_key_does_nothing_twice,
    one_key_at_the_same_time_makes_one_record,
    pages_lose_nothing_and_repeat_nothing,
    lists_filter_sort_search_select_and_count,
    what_is_not_understood_is_refused,
    every_refusal_is_a_problem,
    a_batch_is_done_together_or_apart,
    reports_and_ledger_are_asked,
    figures_over_records_and_what_a_record_would_be,
    history_and_openapi_hide_what_the_record_hides,
    openapi_lists_all_that_one_may_read,
    a_change_is_told_to_who_may_see_it,
    one_works_in_the_company_that_one_names,
    one_signs_in_with_a_password_and_out,
    the_operator_sees_how_it_goes,
    the_program_ends_after_the_requests_in_flight,
}

const PRODUCTS: &str = r#"
[[party]]
key = "verdi"
name = "Verdi Biciclette"
customer = true

[[product]]
key = "chain"
code = "CH"
name = "Chain"
unit = "piece"
list_price = "25.00"
standard_cost = "15.00"
tax_code = "vat_out_20"

[[product]]
key = "fitting"
code = "FIT"
name = "Fitting"
kind = "service"
unit = "piece"
list_price = "80.00"
"#;

/// A served company with these modules and a client of its administrator.
async fn open(names: &[&str]) -> (Served, Client) {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let shop = Shop::with(modules::named(&names).unwrap(), &[PRODUCTS]).await;
    let served = Served::open(shop);
    let admin = served.client(&served.shop.admin).await;
    (served, admin)
}

async fn key(desk: &Desk, model: &str, key: &str) -> String {
    desk.by_key(model, key).await.unwrap().to_string()
}

fn names(answer: &Answer) -> Vec<String> {
    let items = answer.body["items"].as_array().unwrap();
    items.iter().map(|item| item["name"].as_str().unwrap().to_owned()).collect()
}

async fn a_record_is_made_read_changed_and_deleted() {
    let (_served, admin) = open(&[]).await;
    let made = admin.post("/api/party", &json!({ "name": "Acme", "credit_limit": "1000" }));
    let made = made.unwrap().expect(201);
    assert_eq!(made.body["credit_limit"], "1000.00", "money is text, with its decimals");
    assert_eq!(made.header("content-type"), "application/json");
    assert!(made.body["id"].is_string() && made.body["created_at"].is_string());
    let path = format!("/api/party/{}", made.id());

    let read = admin.get(&path).unwrap().expect(200);
    assert_eq!(read.body, made.body);
    assert_eq!(read.etag.as_deref(), Some("\"1\""));
    assert_eq!(names(&admin.get("/api/party?filter=name=='Acme'").unwrap().expect(200)), ["Acme"]);

    // What was read can be sent back, with one field changed.
    let mut whole = read.body.clone();
    for own in ["created_at", "created_by", "updated_at", "updated_by", "company", "_titles"] {
        whole.as_object_mut().unwrap().remove(own);
    }
    whole["name"] = json!("Acme Ltd");
    let changed = admin.patch(&path, &whole, &[("if-match", "\"1\"")]).unwrap().expect(200);
    assert_eq!((&changed.body["name"], &changed.body["version"]), (&json!("Acme Ltd"), &json!(2)));
    assert_eq!(changed.etag.as_deref(), Some("\"2\""), "the version to go on from");

    let history = admin.get(&format!("{path}/history")).unwrap().expect(200);
    let deeds: Vec<&str> = history.body["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| c["action"].as_str().unwrap())
        .collect();
    assert_eq!(deeds, ["update", "create"]);
    assert_eq!(history.body["items"][0]["changes"]["name"], json!(["Acme", "Acme Ltd"]));
    assert_eq!(history.body["items"][0]["actor"], "admin@works.example");

    admin.delete(&path).unwrap().expect(204);
    admin.get(&path).unwrap().expect(404);
    admin.delete(&path).unwrap().expect(404);
}

async fn an_old_version_changes_nothing() {
    let (_served, admin) = open(&[]).await;
    let id = admin.post("/api/party", &json!({ "name": "Acme" })).unwrap().expect(201).id();
    let path = format!("/api/party/{id}");
    let one = json!({ "name": "Acme One" });
    admin.patch(&path, &one, &[("if-match", "\"1\"")]).unwrap().expect(200);
    let late = admin.patch(&path, &json!({ "name": "Acme Two" }), &[("if-match", "\"1\"")]);
    let late = late.unwrap().expect(412);
    assert_eq!(late.body["type"], "/problems/version");
    admin.send("DELETE", &path, None, &[("if-match", "\"1\"")]).unwrap().expect(412);
    assert_eq!(admin.get(&path).unwrap().body["name"], "Acme One");
    let odd = admin.patch(&path, &one, &[("if-match", "yesterday")]).unwrap().expect(422);
    assert_eq!(odd.problems(), ["If-Match: unreadable"]);
    // Without the header the last one wins.
    admin.patch(&path, &json!({ "name": "Acme Three" }), &[]).unwrap().expect(200);
    admin.send("DELETE", &path, None, &[("if-match", "\"3\"")]).unwrap().expect(204);
}

async fn every_problem_is_told_at_once() {
    let (served, _) = open(&["sales"]).await;
    let rep = served.client(&served.shop.user("Rita", &["sales_user"]).await).await;
    let unreadable = json!({
        "customer": "nobody", "ordered_on": "soon", "colour": "red", "net": true,
        "lines": [{ "quantity": "many", "discount": [] }, { "size": 1 }],
    });
    let refused = rep.post("/api/sales.order", &unreadable).unwrap().expect(422);
    assert_eq!(refused.header("content-type"), "application/problem+json");
    assert_eq!(refused.body["status"], 422);
    assert_eq!(
        refused.problems(),
        [
            "colour: unknown_field",
            "customer: wrong_type",
            "lines[0].discount: wrong_type",
            "lines[0].quantity: wrong_type",
            "lines[1].size: unknown_field",
            "net: wrong_type",
            "ordered_on: wrong_type",
        ]
    );
    let chain = key(&served.shop.admin, "product", "chain").await;
    let wrong = json!({
        "lines": [{ "product": chain, "quantity": "-1" }, { "product": chain, "discount": "2" }, {}],
        "total": "1",
    });
    let refused = rep.post("/api/sales.order", &wrong).unwrap().expect(422);
    assert_eq!(refused.problems(), ["total: readonly"]);
    let wrong = json!({ "lines": wrong["lines"] });
    let refused = rep.post("/api/sales.order", &wrong).unwrap().expect(422);
    for expected in [
        "customer: required",
        "lines[0].quantity: too_small",
        "lines[1].discount: too_large",
        "lines[2].product: required",
    ] {
        let found = refused.problems();
        assert!(found.iter().any(|p| p == expected), "{expected} is not in {found:?}");
    }
    for problem in refused.body["errors"].as_array().unwrap() {
        let message = problem["message"].as_str().unwrap();
        assert!(message.ends_with('.') && !message.contains("Error"), "{message}");
    }
}

async fn a_repeat_with_its_key_does_nothing_twice() {
    let (served, admin) = open(&[]).await;
    let acme = json!({ "name": "Acme" });
    let key = [("idempotency-key", "k-1")];
    let first = admin.post_with("/api/party", &acme, &key).unwrap().expect(201);
    let again = admin.post_with("/api/party", &acme, &key).unwrap().expect(201);
    assert_eq!(first.body, again.body, "the same answer");
    assert_eq!(names(&admin.get("/api/party?filter=name=='Acme'").unwrap()), ["Acme"]);

    let other = admin.post_with("/api/party", &json!({ "name": "Other" }), &key).unwrap();
    assert_eq!(other.expect(409).body["type"], "/problems/conflict");
    // The same body for another model or record is another request.
    admin.post_with("/api/contact", &acme, &key).unwrap().expect(409);
    let path = format!("/api/party/{}", first.id());
    admin.patch(&path, &acme, &key).unwrap().expect(409);
    // What was refused was not done: the key is still good.
    let key = [("idempotency-key", "k-2")];
    admin.post_with("/api/party", &json!({}), &key).unwrap().expect(422);
    admin.post_with("/api/party", &json!({ "name": "Beta" }), &key).unwrap().expect(201);
    // Keys are each user's own.
    let boss = served.client(&served.shop.user("Bo", &["administrator"]).await).await;
    let theirs = boss.post_with("/api/party", &json!({ "name": "Gamma" }), &key).unwrap();
    assert_ne!(theirs.expect(201).id(), first.id());
    let long = "x".repeat(256);
    for bad in ["", &long] {
        let odd = admin.post_with("/api/party", &acme, &[("idempotency-key", bad)]).unwrap();
        assert_eq!(odd.expect(422).problems(), ["Idempotency-Key: unreadable"]);
    }
}

async fn one_key_at_the_same_time_makes_one_record() {
    let (_served, admin) = open(&[]).await;
    let made: BTreeSet<String> = std::thread::scope(|scope| {
        let sent: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    let key = [("idempotency-key", "at once")];
                    let body = json!({ "name": "Acme" });
                    admin.post_with("/api/party", &body, &key).unwrap().expect(201).id()
                })
            })
            .collect();
        sent.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(made.len(), 1);
    let count = admin.get("/api/party?count=true&filter=name=='Acme'").unwrap();
    assert_eq!(count.body["count"]["number"], 1);
}

/// `n` parties: codes are there for every second one, names repeat.
async fn parties(served: &Served, n: usize) {
    for chunk in (0..n).collect::<Vec<_>>().chunks(50) {
        let operations: Vec<Json> = chunk
            .iter()
            .map(|n| {
                let code = (n % 2 == 0).then(|| format!("C{n:04}"));
                let fields = json!({ "name": format!("Party {:02}", n % 20), "code": code,
                    "country": if n % 3 == 0 { "IT" } else { "DE" }, "credit_limit": n * 10 });
                json!({ "create": "party", "fields": fields })
            })
            .collect();
        let admin = served.client(&served.shop.admin).await;
        admin.post("/api/batch", &json!({ "operations": operations })).unwrap().expect(200);
    }
}

/// Ids and sort keys over all pages of a list, while somebody works before and behind the cursor.
fn walked(admin: &Client, sort: &str) -> (Vec<String>, Vec<Option<String>>) {
    let (mut ids, mut keys, mut pages) = (Vec::new(), Vec::new(), 0);
    let mut after = String::new();
    loop {
        let path = format!("/api/party?limit=23&sort={sort}{after}");
        let page = admin.get(&path).unwrap().expect(200);
        for item in page.body["items"].as_array().unwrap() {
            ids.push(item["id"].as_str().unwrap().to_owned());
            keys.push(item[sort.trim_start_matches('-')].as_str().map(str::to_owned));
        }
        pages += 1;
        let meanwhile: &[&str] = if pages == 3 { &["AAA", "zzz"] } else { &[] };
        for name in meanwhile {
            admin.post("/api/party", &json!({ "name": name })).unwrap().expect(201);
        }
        match page.body["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return (ids, keys),
        }
    }
}

async fn pages_lose_nothing_and_repeat_nothing() {
    let (served, admin) = open(&[]).await;
    parties(&served, 230).await;
    let all = admin.get("/api/party?limit=500&fields=name").unwrap().expect(200);
    let all = all.body["items"].as_array().unwrap().len();
    for sort in
        ["name", "-name", "code", "-code", "country,-credit_limit", "-currency.name", "id", ""]
    {
        let (seen, keys) = walked(&admin, sort);
        let distinct: BTreeSet<&String> = seen.iter().collect();
        assert_eq!(distinct.len(), seen.len(), "sorted by {sort:?}, one came twice");
        assert!(seen.len() >= all, "sorted by {sort:?}: {} of {all}", seen.len());
        if matches!(sort, "name" | "-name") {
            let mut sorted = keys.clone();
            sorted.sort_by_key(|key| key.as_deref().map(str::to_lowercase));
            if sort == "-name" {
                sorted.reverse();
            }
            assert_eq!(keys, sorted, "{sort}");
        }
    }
    let first = admin.get("/api/party?limit=5&sort=name").unwrap();
    let cursor = first.body["next"].as_str().unwrap();
    for other in ["sort=-name", "sort=name&filter=customer", "sort=name&search=party"] {
        let taken = admin.get(&format!("/api/party?limit=5&{other}&after={cursor}")).unwrap();
        assert_eq!(taken.expect(422).problems(), ["after: cursor"]);
    }
    admin.get(&format!("/api/party?after={}x", cursor)).unwrap().expect(422);
}

async fn lists_filter_sort_search_select_and_count() {
    let (served, admin) = open(&["sales"]).await;
    parties(&served, 60).await;
    let count = |query: &str| {
        let found =
            admin.get(&format!("/api/party?count=true&limit=1&{query}")).unwrap().expect(200);
        found.body["count"]["number"].as_u64().unwrap()
    };
    let filter = |text: &str| count(&format!("filter={}", quoted(text)));
    assert_eq!(filter("country == 'IT'"), 20);
    assert_eq!(filter("country == 'IT' && code != null"), 10);
    assert_eq!(filter("credit_limit >= 100.0 && credit_limit < 200.0"), 10);
    assert_eq!(filter("name in ['Party 01', 'Party 02']"), 6);
    assert_eq!(filter("currency.code == 'EUR' && code.startsWith('C')"), 30);
    assert_eq!(count("search=party%2007"), 3);
    assert_eq!(count("search=verdi"), 1);
    assert_eq!(count("search=C0008"), 1);
    assert!(admin.get("/api/party").unwrap().body["count"].is_null(), "nobody asked");

    let path = "/api/party?fields=name,credit_limit&sort=-credit_limit&limit=3&filter=code!=null";
    let some = admin.get(path).unwrap().expect(200);
    let limits: Vec<&str> = some.body["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| p["credit_limit"].as_str().unwrap())
        .collect();
    assert_eq!(limits, ["580.00", "560.00", "540.00"]);
    let item = some.body["items"][0].as_object().unwrap();
    let fields: BTreeSet<&str> = item.keys().map(String::as_str).collect();
    assert_eq!(fields, BTreeSet::from(["credit_limit", "id", "name", "version"]));

    let rep = served.client(&served.shop.user("Rita", &["sales_user"]).await).await;
    let (chain, verdi) = (
        key(&served.shop.admin, "product", "chain").await,
        key(&served.shop.admin, "party", "verdi").await,
    );
    let order = json!({ "customer": verdi, "lines": [{ "product": chain, "quantity": "2" }] });
    rep.post("/api/sales.order", &order).unwrap().expect(201);
    let listed = rep.get("/api/sales.order?expand=customer,lines.product").unwrap().expect(200);
    let order = &listed.body["items"][0];
    assert_eq!(order["_expanded"]["customer"][0]["name"], "Verdi Biciclette");
    assert_eq!(order["_titles"]["customer"], "Verdi Biciclette");
    assert_eq!(order["lines"][0]["_expanded"]["product"][0]["code"], "CH");
    assert!(order["lines"][0]["amount"] == "50.00" && order["margin"].is_null());
}

async fn what_is_not_understood_is_refused() {
    let (_served, admin) = open(&[]).await;
    for (path, problems) in [
        ("/api/party?fliter=true", vec!["fliter: unknown"]),
        ("/api/party?limit=0&page=2", vec!["limit: out_of_range", "page: unknown"]),
        ("/api/party?limit=501", vec!["limit: out_of_range"]),
        ("/api/party?sort=colour", vec!["sort: unknown_field"]),
        ("/api/party?fields=name,colour", vec!["select: unknown_field"]),
        ("/api/party?expand=name", vec!["expand: unknown_field"]),
        ("/api/party?count=yes", vec!["count: unreadable"]),
        ("/api/reports/no.report", vec![]),
    ] {
        let refused = admin.get(path).unwrap();
        let status = if problems.is_empty() { 404 } else { 422 };
        assert_eq!(refused.clone().expect(status).problems(), problems, "{path}");
    }
    for filter in
        ["name ==", "colour == 1", "name == 1", "size(name", "lines.exists(l, true)", "name"]
    {
        let refused =
            admin.get(&format!("/api/party?filter={}", quoted(filter))).unwrap().expect(422);
        assert_eq!(refused.body["errors"][0]["field"], "filter", "{filter}: {}", refused.body);
    }
    let deep = format!("{}true{}", "(".repeat(200), ")".repeat(200));
    let long = format!("name in [{}'x']", "'x',".repeat(2000));
    let wide = format!("name == '{}'", "x".repeat(5000));
    for filter in [deep, long, wide] {
        admin.get(&format!("/api/party?filter={}", quoted(&filter))).unwrap().expect(422);
    }
    for body in ["", "{", "[]", "\"x\"", "null", "{\"name\": \"x\"} {}", "\u{0}"] {
        let refused = admin.send("POST", "/api/party", Some(body), &[]).unwrap().expect(422);
        assert_eq!(refused.problems(), [": unreadable"], "{body:?}");
    }
    let deep = format!("{{\"name\": {}1{}}}", "[".repeat(500), "]".repeat(500));
    admin.send("POST", "/api/party", Some(&deep), &[]).unwrap().expect(422);
}

async fn every_refusal_is_a_problem() {
    let (served, admin) = open(&[]).await;
    let big = format!("{{\"name\": \"{}\"}}", "x".repeat(1024 * 1024));
    let long = format!("{{\"name\": \"{}\"}}", "x".repeat(10_001));
    for (client, method, path, body, status) in [
        (&admin, "POST", "/api/party", Some(big.as_str()), 413),
        (&admin, "POST", "/api/party", Some(long.as_str()), 422),
        (&admin, "POST", "/api/batch", Some(big.as_str()), 413),
        (&admin, "PUT", "/api/party/1", Some("{}"), 405),
        (&admin, "GET", "/api/batch", None, 405),
        (&admin, "POST", "/api/session", Some("{"), 422),
        (&admin, "POST", "/api/session", Some("{\"login\": 1}"), 422),
        (&admin, "POST", "/api/tokens", Some("{}"), 422),
        (&admin, "GET", "/api/party/%FF", None, 400),
        (&served.stranger(), "GET", "/api/party", None, 401),
        (&admin, "GET", "/nowhere", None, 404),
    ] {
        let refused = client.send(method, path, body, &[]).unwrap();
        assert_eq!(refused.status, status, "{method} {path}: {}", refused.body);
        let kind = refused.header("content-type");
        assert_eq!(kind, "application/problem+json", "{method} {path}: {}", refused.body);
        assert_eq!(refused.body["status"], status, "{method} {path}: {}", refused.body);
        assert!(refused.body["detail"].is_string(), "{method} {path}: {}", refused.body);
    }
}

async fn a_batch_is_done_together_or_apart() {
    let (_served, admin) = open(&[]).await;
    let good = |name: &str| json!({ "create": "party", "fields": { "name": name } });
    let bad = json!({ "create": "party", "fields": { "name": "Bad", "colour": "red" } });
    let count = || admin.get("/api/party?count=true").unwrap().body["count"]["number"].clone();
    let before = count();
    let together = json!({ "operations": [good("One"), bad] });
    let refused = admin.post("/api/batch", &together).unwrap().expect(422);
    assert_eq!(refused.problems(), ["operations[1].colour: unknown_field"]);
    assert_eq!(count(), before, "all or none");

    let apart = json!({ "mode": "apart", "operations": [good("One"), bad, good("Two")] });
    let key = [("idempotency-key", "batch")];
    let done = admin.post_with("/api/batch", &apart, &key).unwrap().expect(200);
    let results = done.body["results"].as_array().unwrap();
    assert_eq!(results[0]["ok"]["name"], "One");
    assert_eq!(results[1]["error"]["errors"][0]["field"], "colour");
    assert_eq!(results[2]["ok"]["name"], "Two");
    assert_eq!(admin.post_with("/api/batch", &apart, &key).unwrap().body, done.body);
    assert_eq!(
        names(
            &admin
                .get("/api/party?filter=name in ['One','Two','Bad']".replace(' ', "%20").as_str())
                .unwrap()
        )
        .len(),
        2
    );

    let id = results[0]["ok"]["id"].as_str().unwrap();
    let mixed = json!({ "operations": [
        { "update": "party", "id": id, "version": 1, "fields": { "name": "Uno" } },
        { "update": "party", "id": id, "version": 2, "fields": { "code": "U" } },
        { "delete": "party", "id": results[2]["ok"]["id"] },
    ] });
    let done = admin.post("/api/batch", &mixed).unwrap().expect(200);
    assert_eq!(done.body["results"][1]["ok"]["version"], 3);
    assert_eq!(done.body["results"][2], json!({ "ok": null }));
    let stale = json!({ "operations": [
        { "update": "party", "id": id, "version": 1, "fields": { "name": "Late" } }] });
    admin.post("/api/batch", &stale).unwrap().expect(412);
    for odd in
        [json!({}), json!({ "operations": [{ "make": "party" }] }), json!({ "operations": 1 })]
    {
        assert_eq!(
            admin.post("/api/batch", &odd).unwrap().expect(422).problems(),
            [": unreadable"]
        );
    }
    let many: Vec<Json> = (0..501).map(|_| good("x")).collect();
    let many = admin.post("/api/batch", &json!({ "operations": many })).unwrap().expect(422);
    assert_eq!(many.problems(), ["operations: too_many"]);
}

/// An order confirmed and a journal entry posted, by who does such things.
async fn busy() -> (Served, Client, Client) {
    let (served, _) = open(&["sales", "accounting"]).await;
    let shop = &served.shop;
    let boss = shop.user("Bo", &["sales_manager", "accountant"]).await;
    let rep = served.client(&shop.user("Rita", &["sales_user"]).await).await;
    let (chain, verdi) =
        (key(&shop.admin, "product", "chain").await, key(&shop.admin, "party", "verdi").await);
    let order = json!({ "customer": verdi, "lines": [{ "product": chain, "quantity": "2" }] });
    let id = rep.post("/api/sales.order", &order).unwrap().expect(201).id();
    let done = rep.post(&format!("/api/sales.order/{id}/confirm"), &json!({})).unwrap().expect(200);
    assert_eq!(done.body["record"]["state"], "confirmed");
    // It is found by the number that it got at the end.
    let number = done.body["record"]["number"].as_str().unwrap_or_default();
    let found = rep.get(&format!("/api/sales.order?search={number}")).unwrap().expect(200);
    assert_eq!(found.body["items"].as_array().map(Vec::len), Some(1), "{number}");
    assert_eq!(done.body["record"]["number"], "SO-2026-00001");
    let again = rep.post(&format!("/api/sales.order/{id}/confirm"), &json!({})).unwrap();
    assert_eq!(again.expect(422).body["errors"][0]["code"], "wrong_state");
    let boss = served.client(&boss).await;
    let (bank, equity) =
        (key(&shop.admin, "account", "bank").await, key(&shop.admin, "account", "equity").await);
    let entry = json!({ "kind": "opening", "text": "Bank", "lines": [
        { "account": bank, "debit": "20000.00" }, { "account": equity, "credit": "20000.00" }] });
    let entry = boss.post("/api/accounting.entry", &entry).unwrap().expect(201).id();
    boss.post(&format!("/api/accounting.entry/{entry}/post"), &json!({})).unwrap().expect(200);
    (served, boss, rep)
}

async fn reports_and_ledger_are_asked() {
    let (served, boss, rep) = busy().await;
    let reports = boss.get("/api/reports").unwrap().expect(200);
    let listed: Vec<&str> = reports.body["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| r["name"].as_str().unwrap())
        .collect();
    assert!(listed.contains(&"accounting.trial_balance") && listed.contains(&"sales.margins"));
    let table = boss.get("/api/reports/accounting.trial_balance").unwrap().expect(200);
    assert_eq!(table.body["columns"][1]["name"], "code");
    assert_eq!(table.body["rows"].as_array().unwrap().len(), 2, "{}", table.body);
    let odd = boss.get("/api/reports/accounting.trial_balance?as_of=soon&colour=red").unwrap();
    assert_eq!(odd.expect(422).problems(), ["as_of: wrong_type", "colour: unknown_field"]);
    rep.get("/api/reports/accounting.trial_balance").unwrap().expect(404);

    let balance = boss.get("/api/ledger/trial-balance").unwrap().expect(200);
    assert_eq!(
        (&balance.body["debit"], &balance.body["credit"]),
        (&json!("20000.00"), &json!("20000.00"))
    );
    let before = boss.get("/api/ledger/trial-balance?as_of=2026-03-01").unwrap().expect(200);
    assert_eq!(before.body["debit"], "0.00");
    boss.get("/api/ledger/trial-balance?as_of=soon").unwrap().expect(422);
    let bank = key(&served.shop.admin, "account", "bank").await;
    let lines = boss.get(&format!("/api/ledger/accounts/{bank}/lines")).unwrap().expect(200);
    assert_eq!(lines.body["rows"][0]["amount_minor"], "2000000");
    let entry = lines.body["rows"][0]["entry"].as_str().unwrap();
    let entry = boss.get(&format!("/api/ledger/entries/{entry}")).unwrap().expect(200);
    assert_eq!(entry.body["lines"].as_array().unwrap().len(), 2);
    boss.get("/api/ledger/entries/77").unwrap().expect(404);
    boss.get("/api/ledger/accounts/77/lines").unwrap().expect(404);
    let sound = boss.post("/api/ledger/verify", &Json::Null).unwrap().expect(200);
    assert_eq!(sound.body["sound"], true, "{}", sound.body);
    assert!(sound.body["entries"].as_u64().unwrap() > 0);
}

/// What a field's class hides from somebody is hidden in what is remembered of it, too.
/// How many and how much, by a field; and a record that is looked at before it is saved.
async fn figures_over_records_and_what_a_record_would_be() {
    let shop = Shop::open(Vec::new()).await;
    let emil = shop.user("Emil", &["employee"]).await;
    let eur = shop.admin.by_key("currency", "EUR").await.unwrap();
    let usd = shop.admin.by_key("currency", "USD").await.unwrap();
    for (name, kind, currency, limit) in [
        ("Anna", "person", eur, "10"),
        ("Bolt Ltd", "organisation", eur, "20.5"),
        ("Clamp Inc", "organisation", usd, "7"),
        ("Drill Ltd", "organisation", eur, "1"),
    ] {
        let fields =
            json!({ "name": name, "kind": kind, "currency": currency, "credit_limit": limit });
        shop.admin.create("party", fields).await.unwrap();
    }
    let served = Served::open(shop);
    let (admin, emil) = (served.client(&served.shop.admin).await, served.client(&emil).await);
    let totals =
        |client: &Client, query: &str| client.get(&format!("/api/party/totals?{query}")).unwrap();
    let found = totals(&admin, "by=kind&sums=credit_limit").expect(200).body;
    let figures = |group: &Json| {
        json!([group["value"], group["currency"] == json!(eur), group["count"], group["sums"]])
    };
    let mut groups: Vec<Json> = found["groups"].as_array().unwrap().iter().map(figures).collect();
    groups.sort_by_key(ToString::to_string);
    // Amounts of two currencies are never added.
    assert_eq!(
        groups,
        [
            json!(["organisation", false, 1, ["7.00"]]),
            json!(["organisation", true, 2, ["21.50"]]),
            json!(["person", true, 1, ["10.00"]]),
        ]
    );
    let all = totals(&admin, "filter=name%3E'B'").expect(200).body;
    assert_eq!(all["groups"][0]["count"], 3);
    // What one may not read is neither summed nor grouped by.
    let class =
        served.shop.kernel.registry().schema.model("party").unwrap().fields["credit_limit"].class;
    assert_eq!(class.name(), "internal");
    totals(&emil, "by=nothing").expect(422);
    totals(&admin, "sums=name").expect(422);
    // A record that is not there yet.
    let seen =
        admin.post("/api/party/outlook", &json!({ "credit_limit": "1.001" })).unwrap().expect(200);
    assert_eq!(seen.body["record"]["kind"], "organisation");
    let codes: Vec<&str> =
        seen.body["errors"].as_array().unwrap().iter().filter_map(|e| e["code"].as_str()).collect();
    assert_eq!(codes, ["required", "too_fine"]);
    emil.post("/api/party/outlook", &json!({ "name": "X" })).unwrap().expect(403);
    assert_eq!(totals(&admin, "").body["groups"][0]["count"], 4, "nothing was kept");
}

async fn history_and_openapi_hide_what_the_record_hides() {
    let (_served, boss, rep) = busy().await;
    let id =
        rep.get("/api/sales.order").unwrap().body["items"][0]["id"].as_str().unwrap().to_owned();
    let path = format!("/api/sales.order/{id}/history");
    let (own, theirs) = (rep.get(&path).unwrap().expect(200), boss.get(&path).unwrap().expect(200));
    assert!(theirs.body.to_string().contains("expected_cost"), "{}", theirs.body);
    assert!(!own.body.to_string().contains("cost"), "{}", own.body);
    assert!(!own.body.to_string().contains("margin"), "{}", own.body);

    let (own, theirs) =
        (rep.get("/api/openapi.json").unwrap().expect(200), boss.get("/api/openapi.json").unwrap());
    let schemas = |doc: &Answer| doc.body["components"]["schemas"].clone();
    assert!(schemas(&theirs)["sales.order"]["properties"]["margin"].is_object());
    assert!(schemas(&own)["sales.order"]["properties"]["margin"].is_null());
    assert!(schemas(&own)["sales.order_line"]["properties"]["cost"].is_null());
    assert!(schemas(&own)["accounting.entry"].is_null());
    assert!(!own.body["paths"].as_object().unwrap().keys().any(|p| p.contains("accounting.entry")));
    assert!(own.body["paths"]["/api/sales.order/{id}/confirm"]["post"].is_object());
}

/// Every model that the caller may list is in the document, and what is there can be called.
async fn openapi_lists_all_that_one_may_read() {
    let shop = Shop::with(modules::all(), &[PRODUCTS]).await;
    let master = shop.master("Mina").await;
    let emil = shop.user("Emil", &["employee"]).await;
    let models: Vec<String> = shop.kernel.registry().schema.models.keys().cloned().collect();
    let served = Served::open(shop);
    for desk in [master, emil] {
        let client = served.client(&desk).await;
        let document = client.get("/api/openapi.json").unwrap().expect(200).body;
        assert_eq!(document["openapi"], "3.1.0");
        for model in &models {
            let listed = client.get(&format!("/api/{model}?limit=1")).unwrap();
            let described = document["components"]["schemas"][model].as_object();
            assert_eq!(listed.status == 200, described.is_some(), "{model}: {}", listed.body);
            let Some(fields) = described.and_then(|model| model["properties"].as_object()) else {
                continue;
            };
            for item in listed.body["items"].as_array().into_iter().flatten() {
                let shown = item.as_object().unwrap().keys().filter(|name| !name.starts_with('_'));
                let unknown: Vec<&String> =
                    shown.filter(|name| !fields.contains_key(*name)).collect();
                assert!(unknown.is_empty(), "{model}: {unknown:?}");
            }
        }
        let refs = document.to_string();
        for part in refs.split("\"#/components/schemas/").skip(1) {
            let name = part.split('"').next().unwrap();
            assert!(document["components"]["schemas"][name].is_object(), "a reference to {name}");
        }
    }
}

/// Reads a stream of events line by line until one is told, or too long has passed.
pub(crate) fn listen(address: &str, token: &str) -> BufReader<TcpStream> {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let request = format!(
        "GET /api/events HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    while line != "\r\n" {
        line.clear();
        assert_ne!(reader.read_line(&mut line).unwrap(), 0, "the stream ended in its head");
    }
    reader
}

/// The data of the next event of a stream.
pub(crate) fn told(stream: &mut BufReader<TcpStream>) -> Json {
    loop {
        let mut line = String::new();
        assert_ne!(stream.read_line(&mut line).unwrap(), 0, "the stream ended");
        if let Some(data) = line.trim().strip_prefix("data:") {
            return serde_json::from_str(data.trim()).unwrap();
        }
    }
}

async fn a_change_is_told_to_who_may_see_it() {
    let (served, admin) = open(&["sales"]).await;
    let (emil, rita) = (
        served.shop.user("Emil", &["employee"]).await,
        served.shop.user("Rita", &["sales_user"]).await,
    );
    let rep = served.client(&rita).await;
    let hears = fondaco_tests::served::token(&emil, &["*:*"]).await;
    let mut stream = listen(&served.address, &hears);
    // Hidden: a model he has no right on, and another's note on a record.
    let verdi = key(&served.shop.admin, "party", "verdi").await;
    let order =
        rep.post("/api/sales.order", &json!({ "customer": verdi })).unwrap().expect(201).id();
    let note = json!({ "model": "party", "record": verdi, "text": "private" });
    let note = rep.post("/api/note", &note).unwrap().expect(201).id();
    let party = admin.post("/api/party", &json!({ "name": "Acme" })).unwrap().expect(201).id();
    let event = told(&mut stream);
    assert_eq!(
        event,
        json!({ "model": "party", "id": party, "event": "create" }),
        "{order} {note}"
    );
    let path = format!("/api/party/{party}");
    admin.post_with(&path, &json!({}), &[]).unwrap().expect(405);
    admin.patch(&path, &json!({ "name": "Acme Ltd" }), &[]).unwrap().expect(200);
    assert_eq!(told(&mut stream)["event"], "update");
    admin.delete(&path).unwrap().expect(204);
    assert_eq!(told(&mut stream)["event"], "delete");
    // His own note he hears of.
    let own = served.client(&emil).await;
    let note = json!({ "model": "party", "record": verdi, "text": "mine" });
    let note = own.post("/api/note", &note).unwrap().expect(201).id();
    assert_eq!(told(&mut stream), json!({ "model": "note", "id": note, "event": "create" }));
    // So he does when it is gone; another's that is gone he never saw.
    let other = json!({ "model": "party", "record": verdi, "text": "hers" });
    let other = rep.post("/api/note", &other).unwrap().expect(201).id();
    rep.delete(&format!("/api/note/{other}")).unwrap().expect(204);
    own.delete(&format!("/api/note/{note}")).unwrap().expect(204);
    assert_eq!(told(&mut stream), json!({ "model": "note", "id": note, "event": "delete" }));
}

async fn one_works_in_the_company_that_one_names() {
    let (served, admin) = open(&["sales"]).await;
    let second = json!({ "name": "Second Works", "currency": key(&served.shop.admin, "currency", "USD").await });
    let second = admin.post("/api/company", &second).unwrap().expect(201).id();
    // It is not his yet.
    let named = [("x-company", second.as_str())];
    admin.send("GET", "/api/party", None, &named).unwrap().expect(404);
    admin.send("GET", "/api/party", None, &[("x-company", "77")]).unwrap().expect(404);
    admin.send("GET", "/api/party", None, &[("x-company", "first")]).unwrap().expect(404);
    let me = admin.get("/api/session").unwrap().body;
    let first = me["company"].as_str().unwrap().to_owned();
    let user = format!("/api/user/{}", me["user"].as_str().unwrap());
    let both = json!({ "companies": [first, second] });
    admin.patch(&user, &both, &[]).unwrap().expect(200);
    let made = json!({ "name": "Over There" });
    admin.post_with("/api/party", &made, &named).unwrap().expect(201);
    let there = admin.send("GET", "/api/party?sort=name", None, &named).unwrap().expect(200);
    // What every company begins with is there a second time; whom the first one knows is not.
    assert_eq!(names(&there), ["Over There"]);
    let terms = admin.send("GET", "/api/payment_term", None, &named).unwrap().expect(200);
    assert_eq!(terms.body["items"].as_array().unwrap().len(), 5);
    let here = admin.get("/api/party?sort=name").unwrap();
    assert_eq!(names(&here), ["Verdi Biciclette"]);
    for item in there.body["items"].as_array().unwrap() {
        let path = format!("/api/party/{}", item["id"].as_str().unwrap());
        admin.get(&path).unwrap().expect(404);
        admin.patch(&path, &json!({ "name": "x" }), &[]).unwrap().expect(404);
        admin.send("GET", &path, None, &named).unwrap().expect(200);
    }
}

async fn one_signs_in_with_a_password_and_out() {
    let (served, _) = open(&[]).await;
    let stranger = served.stranger();
    let word = json!({ "login": "admin@works.example", "password": PASSWORD });
    let signed = stranger.post("/api/session", &word).unwrap().expect(200);
    assert_eq!(signed.body["name"], "admin@works.example");
    assert!(!signed.body.to_string().contains(PASSWORD));
    let cookie = signed.header("set-cookie").to_owned();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let own = [("cookie", cookie.as_str())];
    stranger.send("GET", "/api/party", None, &own).unwrap().expect(200);
    let party = json!({ "name": "Acme" }).to_string();
    let from = |site: &'static str| {
        let headers = [("cookie", cookie.as_str()), ("sec-fetch-site", site)];
        stranger.send("POST", "/api/party", Some(&party), &headers).unwrap().status
    };
    assert_eq!((from("cross-site"), from("same-site"), from("same-origin")), (403, 403, 201));

    // In person one makes tokens, which then can do what their scopes say.
    let wish =
        json!({ "name": "reader", "scopes": ["party:read"], "expires_at": "2026-06-01T00:00:00Z" });
    let made = stranger.post_with("/api/tokens", &wish, &own).unwrap().expect(201);
    let reader = Client::new(&served.address, made.body["token"].as_str().unwrap());
    reader.get("/api/party").unwrap().expect(200);
    reader.get("/api/product").unwrap().expect(403);
    reader.post("/api/party", &json!({ "name": "x" })).unwrap().expect(403);
    let listed = stranger.send("GET", "/api/tokens", None, &own).unwrap().expect(200);
    assert_eq!(listed.body["items"][0]["name"], "reader");
    assert!(!listed.body.to_string().contains("fdc_"), "a token is shown once");

    stranger.send("DELETE", "/api/session", None, &own).unwrap().expect(204);
    stranger.send("GET", "/api/party", None, &own).unwrap().expect(401);
    let wrong = json!({ "login": "admin@works.example", "password": "wrong" });
    let unknown = json!({ "login": "nobody@works.example", "password": "wrong" });
    let (wrong, unknown) =
        (stranger.post("/api/session", &wrong), stranger.post("/api/session", &unknown));
    assert_eq!(
        wrong.unwrap().expect(401).body,
        unknown.unwrap().expect(401).body,
        "nobody learns who is there"
    );
}

async fn the_operator_sees_how_it_goes() {
    let (served, admin) = open(&[]).await;
    let stranger = served.stranger();
    assert_eq!(stranger.get("/health/live").unwrap().expect(200).body, "ok\n");
    let ready = stranger.get("/health/ready").unwrap().expect(200);
    assert_eq!(ready.body["ready"], true);
    let made = admin.post("/api/party", &json!({ "name": "Acme" })).unwrap().expect(201).id();
    admin.get(&format!("/api/party/{made}")).unwrap().expect(200);
    stranger.get("/nowhere/at/all/of/it").unwrap().expect(404);
    let metrics = stranger.get("/metrics").unwrap().expect(200);
    let text = metrics.body.as_str().unwrap();
    for line in [
        "fondaco_requests_total{method=\"POST\",route=\"/api/{model}\",status=\"201\"} 1",
        "fondaco_requests_total{method=\"GET\",route=\"/api/{model}/{id}\",status=\"200\"} 1",
        "fondaco_requests_total{method=\"GET\",route=\"none\",status=\"404\"} 1",
        "fondaco_jobs_dead 0",
        "fondaco_ledger_unsealed 0",
        "fondaco_rerun_units_total 0",
    ] {
        assert!(text.contains(line), "{line}\nis not in\n{text}");
    }
    assert!(!text.contains("Acme") && !text.contains(&made), "names and ids are no figures");
}

/// A request that is on its way when the operator ends the server is answered; no new one is taken;
/// nobody who only listens keeps the server from ending.
async fn the_program_ends_after_the_requests_in_flight() {
    let folder = Folder::lay("graceful", &[], &[]);
    let token = folder.user_token(&["administrator"]).await;
    let mut program = Program::serve(folder.path());
    let address = program.address.clone();
    let mut stream = listen(&address, &token);
    let body = json!({ "name": "In flight" }).to_string();
    let mut slow = TcpStream::connect(&address).unwrap();
    slow.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let head = format!(
        "POST /api/party HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n{}",
        body.len(),
        &body[..5]
    );
    slow.write_all(head.as_bytes()).unwrap();
    std::thread::sleep(Duration::from_millis(200));
    program.terminate();
    let asked = Instant::now();
    std::thread::sleep(Duration::from_millis(300));
    assert!(TcpStream::connect(&address).is_err(), "a new request was taken");
    slow.write_all(&body.as_bytes()[5..]).unwrap();
    let mut answer = String::new();
    slow.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    let status = program.ended_within(Duration::from_secs(10)).expect("it still runs");
    assert!(status.success(), "{status}");
    assert!(asked.elapsed() < Duration::from_secs(8));
    let mut rest = String::new();
    let _ = stream.read_to_string(&mut rest);

    let program = Program::serve(folder.path());
    let found = program.client(&token).get("/api/party?search=flight").unwrap().expect(200);
    assert_eq!(names(&found), ["In flight"]);
}
