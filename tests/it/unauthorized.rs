//! Every route, asked by somebody who has not signed in and by an employee without further rights.
//! The list is compared with the router's own: a new route has to say here who may use it.

use std::collections::BTreeSet;
use std::time::Duration;

use fondaco_server::modules;
use fondaco_tests::program::Answer;
use fondaco_tests::{Client, Served, Shop, both};
use serde_json::{Value as Json, json};

both! {
    no_route_gives_what_is_not_due,
    nonsense_is_not_found,
}

/// What is asked of a route, and which status each of the two gets.
struct Case {
    method: &'static str,
    route: &'static str,
    stranger: u16,
    employee: u16,
    body: Json,
}

const fn case(
    method: &'static str,
    route: &'static str,
    stranger: u16,
    employee: u16,
    body: Json,
) -> Case {
    Case { method, route, stranger, employee, body }
}

/// A model that an employee has no right on, by its parts in a route.
const MODEL: &str = "sales.order";
const REPORT: &str = "sales.margins";

fn cases() -> Vec<Case> {
    [api(), pages(), settings()].into_iter().flatten().collect()
}

fn api() -> Vec<Case> {
    let wrong = json!({ "login": "nobody@works.example", "password": "seven red lanterns" });
    let code = json!({ "code": "aaaa-bbbb-cccc-dddd-eeee", "password": "seven red lanterns" });
    let first = json!({ "code": "aaaa-bbbb-cccc-dddd-eeee", "login": "eve@works.example",
        "name": "Eve", "password": "seven red lanterns" });
    let token = json!({ "name": "mine", "scopes": ["*:*"], "expires_at": "2026-06-01T00:00:00Z" });
    let order = json!({ "create": MODEL, "fields": {} });
    vec![
        // Who has not signed in gets in here, with the right word only.
        case("POST", "/api/session", 401, 401, wrong),
        case("POST", "/api/session/first", 401, 401, first),
        case("POST", "/api/session/password", 401, 401, code),
        case("GET", "/api/session", 401, 200, Json::Null),
        case("DELETE", "/api/session", 204, 204, Json::Null),
        // A token makes no tokens: its owner does, in person.
        case("POST", "/api/tokens", 401, 403, token),
        case("GET", "/api/tokens", 401, 403, Json::Null),
        case("DELETE", "/api/tokens/{id}", 401, 403, Json::Null),
        case("POST", "/api/user/{id}/code", 401, 404, json!({})),
        case("GET", "/api/notifications", 401, 200, Json::Null),
        case("POST", "/api/notifications/read", 401, 204, json!({})),
        // Administrators look after these.
        case("GET", "/api/roles", 401, 403, Json::Null),
        case("GET", "/api/explain", 401, 403, Json::Null),
        case("GET", "/api/jobs", 401, 403, Json::Null),
        case("POST", "/api/jobs/{id}/again", 401, 403, json!({})),
        case("GET", "/api/audit", 401, 403, Json::Null),
        case("GET", "/api/modules", 401, 403, Json::Null),
        case("POST", "/api/configuration/plan", 401, 403, json!({ "nonsense": 1 })),
        case("POST", "/api/configuration/apply", 401, 403, json!({ "nonsense": 1 })),
        // The file of another is none.
        case("GET", "/api/imports/{id}", 401, 404, Json::Null),
        case("GET", "/api/imports/{id}/choice", 401, 404, Json::Null),
        case("POST", "/api/imports/{id}/preview", 401, 404, json!({ "nonsense": 1 })),
        case("POST", "/api/imports/{id}/run", 401, 404, json!({ "nonsense": 1 })),
        case("GET", "/api/imports/{id}/refused", 401, 404, Json::Null),
        // These show what the caller may see, which may be little.
        case("GET", "/api/openapi.json", 401, 200, Json::Null),
        case("GET", "/api/events", 401, 200, Json::Null),
        case("GET", "/api/configure", 401, 422, Json::Null),
        case("GET", "/api/reports", 401, 200, Json::Null),
        case("GET", "/api/dashboards", 401, 200, Json::Null),
        // These do not.
        case("POST", "/api/batch", 401, 403, json!({ "operations": [order] })),
        case("GET", "/api/reports/{name}", 401, 404, Json::Null),
        case("GET", "/api/dashboards/{name}", 401, 404, Json::Null),
        case("GET", "/api/ledger/trial-balance", 401, 403, Json::Null),
        case("GET", "/api/ledger/accounts/{id}/lines", 401, 403, Json::Null),
        case("GET", "/api/ledger/entries/{id}", 401, 403, Json::Null),
        case("POST", "/api/ledger/verify", 401, 403, Json::Null),
        case("GET", "/api/plugins", 401, 403, Json::Null),
        case("POST", "/api/plugins", 401, 403, json!({})),
        case("GET", "/api/plugins/{id}", 401, 403, Json::Null),
        case("GET", "/api/plugins/{id}/plan", 401, 403, Json::Null),
        case("GET", "/api/plugins/{id}/history", 401, 403, Json::Null),
        case("GET", "/api/plugins/{id}/calls", 401, 403, Json::Null),
        case("GET", "/api/plugins/{id}/calls/{call}", 401, 403, Json::Null),
        case("GET", "/api/plugins/{id}/calls/{call}/fixture", 401, 403, Json::Null),
        case("POST", "/api/plugins/{id}/calls/{call}/replay", 401, 403, json!({})),
        case("GET", "/api/plugins/{id}/shadow", 401, 403, Json::Null),
        case("POST", "/api/plugins/{id}/shadow", 401, 403, json!({ "nonsense": 1 })),
        case("POST", "/api/plugins/{id}/{verb}", 401, 403, json!({ "nonsense": 1 })),
        case("GET", "/api/{model}", 401, 403, Json::Null),
        case("POST", "/api/{model}", 401, 403, json!({})),
        case("GET", "/api/{model}/{id}", 401, 404, Json::Null),
        case("PATCH", "/api/{model}/{id}", 401, 404, json!({})),
        case("DELETE", "/api/{model}/{id}", 401, 404, Json::Null),
        case("GET", "/api/{model}/{id}/history", 401, 404, Json::Null),
        case("GET", "/api/{model}/{id}/timeline", 401, 404, Json::Null),
        case("GET", "/api/{model}/{id}/document/{file}", 401, 404, Json::Null),
        case("POST", "/api/attachment/content", 401, 422, json!({})),
        case("GET", "/api/attachment/{id}/content", 401, 404, Json::Null),
        case("POST", "/api/{model}/{id}/{action}", 401, 404, json!({})),
        case("GET", "/api/{model}/totals", 401, 403, Json::Null),
        case("GET", "/api/{model}/proposals", 401, 404, Json::Null),
        case("POST", "/api/{model}/outlook", 401, 403, json!({})),
    ]
}

/// The doors are open; behind them all is as with the API.
fn pages() -> Vec<Case> {
    vec![
        case("GET", "/sign-in", 200, 200, Json::Null),
        case("POST", "/sign-in", 401, 401, json!({})),
        case("POST", "/sign-out", 303, 303, json!({})),
        case("POST", "/first", 401, 401, json!({})),
        case("GET", "/code", 200, 200, Json::Null),
        case("POST", "/code", 401, 401, json!({})),
        case("GET", "/", 401, 200, Json::Null),
        case("GET", "/search", 401, 200, Json::Null),
        case("GET", "/palette", 401, 200, Json::Null),
        case("GET", "/notifications", 401, 200, Json::Null),
        case("POST", "/notifications", 401, 303, json!({})),
        case("POST", "/do/look", 401, 303, json!({})),
        case("POST", "/do/company", 401, 404, json!({})),
        case("POST", "/do/view", 401, 422, json!({})),
        case("POST", "/do/view/delete", 401, 404, json!({})),
        case("POST", "/do/note", 401, 404, json!({})),
        case("POST", "/do/activity", 401, 404, json!({})),
        case("POST", "/do/activity-done", 401, 404, json!({})),
        case("POST", "/do/bulk/{model}", 401, 303, json!({})),
        case("POST", "/do/move/{model}", 401, 303, json!({})),
        case("POST", "/do/worklist/{model}", 401, 404, json!({})),
        case("POST", "/do/plan/{model}", 401, 404, json!({})),
        case("POST", "/do/scan/{model}", 401, 404, json!({})),
        case("GET", "/configure", 401, 403, Json::Null),
        case("GET", "/reports", 401, 200, Json::Null),
        case("GET", "/report/{name}", 401, 404, Json::Null),
        case("GET", "/report/{name}/{ending}", 401, 404, Json::Null),
        case("GET", "/entry/{id}", 401, 403, Json::Null),
        case("GET", "/{model}", 401, 403, Json::Null),
        case("GET", "/{model}/board", 401, 404, Json::Null),
        case("GET", "/{model}/calendar", 401, 404, Json::Null),
        case("GET", "/{model}/worklist", 401, 404, Json::Null),
        case("GET", "/{model}/timeline", 401, 404, Json::Null),
        case("GET", "/{model}/tree", 401, 404, Json::Null),
        case("GET", "/{model}/scan", 401, 404, Json::Null),
        case("GET", "/{model}/floor", 401, 404, Json::Null),
        case("GET", "/{model}/export", 401, 403, Json::Null),
        case("GET", "/{model}/export.xlsx", 401, 403, Json::Null),
        case("POST", "/{model}/outlook", 401, 403, json!({})),
        case("GET", "/{model}/new", 401, 403, Json::Null),
        case("POST", "/{model}/new", 401, 403, json!({})),
        case("GET", "/{model}/{id}", 401, 404, Json::Null),
        case("POST", "/{model}/{id}", 401, 404, json!({})),
        case("GET", "/{model}/{id}/related", 401, 404, Json::Null),
        case("GET", "/{model}/{id}/scan", 401, 404, Json::Null),
        case("POST", "/{model}/{id}/{action}", 401, 404, json!({})),
        case("GET", "/{model}/{id}/{action}", 404, 404, Json::Null),
        case("GET", "/assets/{version}/{name}", 404, 404, Json::Null),
        // The operator's, without names or figures of the company.
        case("GET", "/health/live", 200, 200, Json::Null),
        case("GET", "/health/ready", 200, 200, Json::Null),
        case("GET", "/metrics", 200, 200, Json::Null),
    ]
}

fn settings() -> Vec<Case> {
    vec![
        case("GET", "/settings", 401, 200, Json::Null),
        case("GET", "/settings/users", 401, 403, Json::Null),
        case("POST", "/settings/users", 401, 403, json!({})),
        case("POST", "/settings/users/{id}/code", 401, 404, json!({})),
        case("POST", "/settings/users/{id}/active", 401, 404, json!({})),
        case("GET", "/settings/roles", 401, 403, Json::Null),
        case("GET", "/settings/explain", 401, 403, Json::Null),
        case("GET", "/settings/tokens", 401, 403, Json::Null),
        case("POST", "/settings/tokens", 401, 403, json!({})),
        case("POST", "/settings/tokens/{id}/end", 401, 403, json!({})),
        case("GET", "/settings/modules", 401, 403, Json::Null),
        case("GET", "/settings/fields", 401, 403, Json::Null),
        case("GET", "/settings/plan", 401, 404, Json::Null),
        case("POST", "/settings/apply", 401, 403, json!({})),
        case("GET", "/settings/works/{id}", 401, 404, Json::Null),
        case("GET", "/settings/plugins", 401, 403, Json::Null),
        case("POST", "/settings/plugins", 401, 403, json!({})),
        case("GET", "/settings/plugins/{id}", 401, 403, Json::Null),
        case("GET", "/settings/plugins/{id}/calls/{call}/fixture", 401, 403, Json::Null),
        case("POST", "/settings/plugins/{id}/{verb}", 401, 403, json!({})),
        case("GET", "/settings/jobs", 401, 403, Json::Null),
        case("POST", "/settings/jobs/{id}/again", 401, 403, json!({})),
        case("GET", "/settings/audit", 401, 403, Json::Null),
        case("GET", "/settings/ledger", 401, 403, Json::Null),
        case("POST", "/settings/ledger/verify", 401, 403, json!({})),
        case("GET", "/import", 401, 404, Json::Null),
        case("POST", "/import", 401, 404, json!({})),
        case("GET", "/import/{id}", 401, 404, Json::Null),
        case("POST", "/import/{id}/preview", 401, 404, json!({})),
        case("POST", "/import/{id}/run", 401, 404, json!({})),
    ]
}

/// `METHOD route` of everything in the router's source.
fn routed() -> BTreeSet<String> {
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/../core/web/src/routes.rs");
    let source = std::fs::read_to_string(source).unwrap();
    let mut found = BTreeSet::new();
    for part in source.split(".route(").skip(1) {
        let (route, rest) = part.split_once(',').unwrap();
        let route = route.trim().trim_matches('"');
        let handlers = rest.lines().next().unwrap_or_default();
        for method in ["get", "post", "put", "patch", "delete"] {
            if handlers.contains(&format!("{method}(")) {
                found.insert(format!("{} {route}", method.to_uppercase()));
            }
        }
    }
    found
}

#[test]
fn every_route_is_asked() {
    let asked = cases().iter().map(|case| format!("{} {}", case.method, case.route)).collect();
    let routed = routed();
    assert!(routed.len() > 20, "the routes were not found in their source: {routed:?}");
    assert_eq!(routed, asked, "the router and this list differ");
}

async fn no_route_gives_what_is_not_due() {
    let names = ["sales", "accounting", "inventory"].map(str::to_owned);
    let shop = Shop::open(modules::named(&names).unwrap()).await;
    let employee = shop.user("Emil", &["employee"]).await;
    let rep = shop.user("Rita", &["sales_user"]).await;
    let customer = shop.admin.create("party", json!({ "name": "Verdi" })).await.unwrap();
    let order = rep.create(MODEL, json!({ "customer": customer })).await.unwrap().to_string();
    let served = Served::open(shop);
    let (stranger, forged) = (served.stranger(), forged(&served));
    let employee = served.client(&employee).await;
    let mut wrong = Vec::new();
    for case in cases() {
        let path = case.route.replace("{model}", MODEL).replace("{name}", REPORT);
        let path = path.replace("{id}", &order).replace("{action}", "confirm");
        let path = path.replace("{ending}", "csv");
        let path = path.replace("{file}", "sales.order_confirmation.pdf");
        let path = path.replace("{call}", &order).replace("{verb}", "grant");
        let body = (!case.body.is_null()).then(|| case.body.to_string());
        let who = [("stranger", &stranger, case.stranger), ("forged", &forged, case.stranger)];
        for (who, client, expected) in
            who.into_iter().chain([("employee", &employee, case.employee)])
        {
            if case.route == "/api/events" && expected == 200 {
                continue; // It does not end; `api` listens to it.
            }
            // Nobody is made to wait for the failures of the one before.
            let later = served.shop.clock.now().checked_add(Duration::from_secs(60)).unwrap();
            served.shop.clock.set(later);
            let answer = client.send(case.method, &path, body.as_deref(), &[]).unwrap();
            let asked = format!("{who} {} {path}", case.method);
            wrong.extend(not_due(&answer, expected).map(|what| format!("{asked}: {what}")));
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

/// What is wrong with an answer: its status, its shape, or what it tells.
fn not_due(answer: &Answer, expected: u16) -> Option<String> {
    let (told, kind) = (answer.body.to_string(), answer.header("content-type"));
    if answer.status != expected {
        return Some(format!("{} for {expected}: {told}", answer.status));
    }
    if answer.status < 400 {
        return None;
    }
    // The doors answer whoever asks as a page.
    if kind != "application/problem+json" && !kind.starts_with("text/html") {
        return Some(format!("a refusal as {kind:?}"));
    }
    told.contains("Verdi").then(|| format!("it tells {told}"))
}

/// A token that looks right and is nobody's.
fn forged(served: &Served) -> Client {
    Client::new(&served.address, "fdc_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
}

/// Models and actions that do not exist, ids that are none: nothing breaks, nothing differs.
async fn nonsense_is_not_found() {
    let shop = Shop::open(modules::named(&["sales".to_owned()]).unwrap()).await;
    let employee = shop.user("Emil", &["employee"]).await;
    let served = Served::open(shop);
    let client = served.client(&employee).await;
    for (method, path) in [
        ("GET", "/api/no.model"),
        ("POST", "/api/no.model"),
        ("GET", "/api/no.model/1"),
        ("GET", "/api/party/abc"),
        ("GET", "/api/party/-1"),
        ("GET", "/api/party/99999999999999999999"),
        ("GET", "/api/party/1%20or%201=1"),
        ("GET", "/api/party'%3B--"),
        ("DELETE", "/api/party/1"),
        ("POST", "/api/party/1/explode"),
        ("GET", "/api/reports/no.report"),
        ("GET", "/api"),
        ("GET", "/api/party/1/history/2"),
        ("GET", "/../etc/passwd"),
    ] {
        let body = (method == "POST").then_some("{}");
        let answer = client.send(method, path, body, &[]).unwrap();
        assert_eq!(answer.status, 404, "{method} {path}: {}", answer.body);
        assert_eq!(answer.header("content-type"), "application/problem+json", "{method} {path}");
    }
}
