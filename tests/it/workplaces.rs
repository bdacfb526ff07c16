//! Screens for people who stand at their work: a storekeeper with a scanner, a worker at a machine. They
//! do what the records' own actions do, by plain forms and in a browser without a mouse.

use fondaco_server::desk::Desk;
use fondaco_server::modules;
use fondaco_tests::browser::{Window, axe};
use fondaco_tests::program::{Answer, quoted};
use fondaco_tests::shop::PASSWORD;
use fondaco_tests::{Browser, Client, Served, Shop, both};
use fondaco_values::AnyId;
use serde_json::{Value as Json, json};

both! {
    a_receipt_is_counted_by_its_codes,
    what_is_not_on_the_receipt_is_refused,
    a_delivery_is_picked,
    work_is_done_at_its_place,
    cards_and_counts_take_as_many_statements_for_many_as_for_few,
}

const HTML: [(&str, &str); 1] = [("accept", "text/html")];
const RECEIPT: &str = "inventory.receipt";
const ORDER: &str = "manufacturing.order";

/// A company with a store or a workshop, and somebody at work in it.
struct House {
    served: Served,
    wanda: Desk,
    page: Client,
}

impl House {
    async fn open(name: &str, roles: &[&str]) -> House {
        let shop = Shop::open(modules::named(&[name.to_owned()]).unwrap()).await;
        let wanda = shop.user("Wanda", roles).await;
        let served = Served::open(shop);
        let page = served.client(&wanda).await;
        House { served, wanda, page }
    }

    async fn store() -> House {
        House::open("inventory", &["inventory_manager"]).await
    }

    async fn product(&self, code: &str, barcode: &str) -> AnyId {
        let admin = &self.served.shop.admin;
        let unit = admin.by_key("unit", "piece").await.unwrap();
        let product = json!({ "code": code, "name": format!("{code} product"), "unit": unit, "barcode": barcode });
        admin.create("product", product).await.unwrap()
    }

    /// A receipt of so many of each that is expected.
    async fn receipt(&self, lines: &[(AnyId, &str)]) -> AnyId {
        let one = |(product, quantity): &(AnyId, &str)| json!({ "product": product, "quantity": quantity, "unit_cost": "2" });
        let lines: Vec<Json> = lines.iter().map(one).collect();
        let id = self.wanda.create(RECEIPT, json!({ "lines": lines })).await.unwrap();
        self.wanda.act(RECEIPT, id, "confirm", Json::Null).await.unwrap();
        id
    }

    fn get(&self, path: &str) -> Answer {
        self.page.send("GET", path, None, &HTML).unwrap().expect(200)
    }

    fn send(&self, path: &str, pairs: &[(&str, &str)], html: bool) -> Answer {
        let one = |(name, value): &(&str, &str)| format!("{}={}", quoted(name), quoted(value));
        let body = pairs.iter().map(one).collect::<Vec<_>>().join("&");
        let accept = if html { &HTML[..] } else { &[] };
        self.page.send("POST", path, Some(&body), accept).unwrap()
    }

    /// One scan: what was said and its colour.
    fn scan(&self, model: &str, id: AnyId, code: &str) -> (String, String) {
        let id = id.to_string();
        let told = self.send(&format!("/do/scan/{model}"), &[("id", &id), ("code", code)], false);
        let told = told.expect(200).body;
        (told["said"].as_str().unwrap().to_owned(), told["tone"].as_str().unwrap().to_owned())
    }

    /// What is counted of each line.
    async fn counted(&self, model: &str, id: AnyId) -> Vec<String> {
        let rec = self.wanda.get(model, id).await.unwrap();
        let one = |line: &Json| line["done"].as_str().unwrap_or("-").to_owned();
        rec["lines"].as_array().unwrap().iter().map(one).collect()
    }

    fn window(&self, window: Window) -> Option<Browser> {
        let browser = Browser::open(&self.served.address, window)?;
        browser.sign_in("wanda@works.example", PASSWORD);
        Some(browser)
    }
}

fn html(answer: &Answer) -> &str {
    answer.body.as_str().unwrap_or_default()
}

/// The page has each of these.
fn has(page: &Answer, parts: &[&str]) {
    for part in parts {
        assert!(html(page).contains(part), "{part} is not in\n{}", html(page));
    }
}

fn pair(said: &str, tone: &str) -> (String, String) {
    (said.to_owned(), tone.to_owned())
}

async fn a_receipt_is_counted_by_its_codes() {
    let house = House::store().await;
    let (bolt, nut) =
        (house.product("B1", "4006381333931").await, house.product("N1", "5901234123457").await);
    let lots = json!({ "lot_policy": "lot" });
    house.served.shop.admin.update("product", bolt, lots).await.unwrap();
    let id = house.receipt(&[(bolt, "3"), (nut, "2")]).await;
    has(&house.get("/inventory.receipt"), &["href=\"/inventory.receipt/scan\""]);
    let list = house.get("/inventory.receipt/scan");
    has(
        &list,
        &[
            "<h1>Receive by scanner</h1>",
            &format!("href=\"/inventory.receipt/{id}/scan\""),
            "autofocus",
        ],
    );
    // A document is opened by its number.
    let opened =
        house.page.send("GET", "/inventory.receipt/scan?q=IN-2026-00001", None, &HTML).unwrap();
    assert_eq!(opened.expect(303).header("location"), format!("/inventory.receipt/{id}/scan"));
    let path = format!("/inventory.receipt/{id}/scan");
    let page = house.get(&path);
    has(
        &page,
        &[
            "B1 · 4006381333931",
            "name=\"code\"",
            "Nothing is counted yet",
            "aria-live=\"assertive\"",
        ],
    );
    // By code in any case, by barcode, several at once, and back.
    assert_eq!(house.scan(RECEIPT, id, "b1"), pair("B1 product: 1 of 3.", "part"));
    assert_eq!(house.counted(RECEIPT, id).await, ["1", "0"], "what was not scanned is none");
    assert_eq!(house.scan(RECEIPT, id, "4006381333931"), pair("B1 product: 2 of 3.", "part"));
    assert_eq!(house.scan(RECEIPT, id, "B1"), pair("B1 product: 3 of 3. Complete.", "full"));
    assert_eq!(
        house.scan(RECEIPT, id, "B1"),
        pair("B1 product: 4 of 3. More than expected.", "over")
    );
    let own = id.to_string();
    let back = [("id", own.as_str()), ("code", "B1"), ("quantity", "-1"), ("lot", "L7")];
    let answer = house.send("/do/scan/inventory.receipt", &back, true).expect(303);
    assert!(
        answer.header("location").starts_with(&format!("{path}?heard=full&at=")),
        "{}",
        answer.header("location")
    );
    assert_eq!(house.counted(RECEIPT, id).await, ["3", "0"]);
    let page = house.get(&path);
    has(
        &page,
        &[
            "data-tone=\"full\"",
            "Finishing takes what is counted",
            ">L7<",
            "action=\"/inventory.receipt/",
            "/done\"",
        ],
    );
    // The action of the record takes what was counted; the rest becomes a receipt of its own.
    house.send(&format!("/inventory.receipt/{id}/done"), &[], true).expect(303);
    let rec = house.wanda.get(RECEIPT, id).await.unwrap();
    assert_eq!((rec["state"].as_str(), rec["lines"].as_array().unwrap().len()), (Some("done"), 1));
    assert_eq!(rec["lines"][0]["lot_number"], "L7");
    let open = house.wanda.list(RECEIPT, "state == 'waiting'", "").await.unwrap();
    assert_eq!(open.len(), 1);
}

async fn what_is_not_on_the_receipt_is_refused() {
    let house = House::store().await;
    let bolt = house.product("B1", "4006381333931").await;
    house.product("N1", "5901234123457").await;
    let id = house.receipt(&[(bolt, "3")]).await;
    let own = id.to_string();
    for (code, quantity, status, wanted) in [
        ("N1", "1", 422, "N1 is not on IN-2026-00001."),
        ("", "1", 422, "Scan a code."),
        ("B1", "many", 422, "How many is a number."),
        ("B1", "-1", 422, "Only 0 are counted."),
    ] {
        let asked = [("id", own.as_str()), ("code", code), ("quantity", quantity)];
        let refused = house.send("/do/scan/inventory.receipt", &asked, false).expect(status);
        assert_eq!(refused.body["errors"][0]["message"], wanted, "{code} × {quantity}");
    }
    assert_eq!(house.counted(RECEIPT, id).await, ["-"], "a refused scan leaves no trace");
    // On the page it is said as well.
    let asked = [("id", own.as_str()), ("code", "N1")];
    let answer = house.send("/do/scan/inventory.receipt", &asked, true).expect(303);
    assert_eq!(answer.header("location"), format!("/inventory.receipt/{id}/scan?heard=bad"));
    // What is done is counted no more, and whoever only looks does not count.
    house.wanda.act(RECEIPT, id, "done", Json::Null).await.unwrap();
    has(
        &house.get(&format!("/inventory.receipt/{id}/scan")),
        &["This cannot be counted any more."],
    );
    let asked = [("id", own.as_str()), ("code", "B1")];
    assert_eq!(house.send("/do/scan/inventory.receipt", &asked, false).status, 403);
    let vera = house.served.shop.user("Vera", &["inventory_viewer"]).await;
    let viewer = house.served.client(&vera).await;
    assert_eq!(viewer.send("GET", "/inventory.receipt/scan", None, &HTML).unwrap().status, 404);
    let menu = viewer.send("GET", "/inventory.receipt", None, &HTML).unwrap().expect(200);
    assert!(!html(&menu).contains("/inventory.receipt/scan"), "no way that pretends it");
}

async fn a_delivery_is_picked() {
    let house = House::store().await;
    let (bolt, nut) =
        (house.product("B1", "4006381333931").await, house.product("N1", "5901234123457").await);
    let receipt = house.receipt(&[(bolt, "5"), (nut, "5")]).await;
    house.wanda.act(RECEIPT, receipt, "done", Json::Null).await.unwrap();
    let lines = json!([{ "product": bolt, "quantity": "2" }, { "product": nut, "quantity": "1" }]);
    let id = house.wanda.create("inventory.delivery", json!({ "lines": lines })).await.unwrap();
    house.wanda.act("inventory.delivery", id, "confirm", Json::Null).await.unwrap();
    for (code, said) in [("B1", "part"), ("5901234123457", "full"), ("B1", "full")] {
        assert_eq!(house.scan("inventory.delivery", id, code).1, said, "{code}");
    }
    assert_eq!(house.counted("inventory.delivery", id).await, ["2", "1"]);
    house.send(&format!("/inventory.delivery/{id}/done"), &[], true).expect(303);
    assert_eq!(house.wanda.get("inventory.delivery", id).await.unwrap()["state"], "done");
}

/// A workshop with two places and two orders, the first of which has begun.
async fn workshop(house: &House) -> (Vec<AnyId>, Vec<AnyId>) {
    let pat = house.served.shop.user("Pat", &["manufacturing_manager"]).await;
    let mut places = Vec::new();
    for (code, name) in [("BENCH", "Bench"), ("PAINT", "Paint shop")] {
        let place = json!({ "code": code, "name": name });
        places.push(pat.create("manufacturing.work_centre", place).await.unwrap());
    }
    let (frame, mut orders) = (house.product("FRAME", "1").await, Vec::new());
    for (n, place) in places.iter().enumerate() {
        let bike = house.product(&format!("BIKE{n}"), &format!("2{n}")).await;
        let bom = json!({ "product": bike, "lines": [{ "product": frame, "quantity": "1" }],
            "operations": [{ "name": "Work", "work_centre": place, "hours": "2" }] });
        pat.create("manufacturing.bom", bom).await.unwrap();
        let order =
            json!({ "product": bike, "quantity": "3", "due": format!("2026-03-{}", 20 - n) });
        let order = pat.create(ORDER, order).await.unwrap();
        pat.act(ORDER, order, "release", Json::Null).await.unwrap();
        orders.push(order);
    }
    (places, orders)
}

async fn work_is_done_at_its_place() {
    let house = House::open("manufacturing", &["manufacturing_user"]).await;
    let (places, orders) = workshop(&house).await;
    has(&house.get("/manufacturing.order"), &["href=\"/manufacturing.order/floor\""]);
    let page = house.get("/manufacturing.order/floor");
    has(
        &page,
        &["<h1>Shop floor</h1>", ">Bench</a>", ">Paint shop</a>", "BIKE0 product", "BIKE1 product"],
    );
    has(&page, &["0 of 3", "FRAME product", "0 / 3", "0 / 6", "<progress"]);
    // At a place only its own work, with the way back to it.
    let path = format!("/manufacturing.order/floor?at={}", places[0]);
    let page = house.get(&path);
    assert!(!html(&page).contains("BIKE1 product"));
    has(
        &page,
        &[
            &format!("action=\"/manufacturing.order/{}/start\"", orders[0]),
            &format!("name=\"_back\" value=\"{path}\""),
        ],
    );
    assert!(!html(&page).contains("/finish\""), "nothing is finished that has not begun");
    let start = format!("/manufacturing.order/{}/start", orders[0]);
    let begun = house.send(&start, &[("_back", &path)], true).expect(303);
    assert_eq!(begun.header("location"), path);
    let page = house.get(&path);
    has(&page, &["3 / 3", &format!("/{}/finish\"", orders[0])]);
    let finish = format!("/manufacturing.order/{}/finish", orders[0]);
    house.send(&finish, &[("_back", &path), ("quantity", "2")], true).expect(303);
    has(&house.get(&path), &["2 of 3"]);
    // What is refused is said where one stands; nobody is sent elsewhere.
    let refused = house.send(&finish, &[("_back", &path), ("quantity", "9")], true).expect(303);
    assert_eq!(refused.header("location"), path);
    has(&house.get(&path), &["2 of 3"]);
    let away =
        house.send(&finish, &[("_back", "//evil.example"), ("quantity", "1")], true).expect(303);
    assert_eq!(away.header("location"), format!("/manufacturing.order/{}", orders[0]));
    has(&house.get(&path), &["There is no work here."]);
    assert_eq!(house.page.send("GET", "/party/floor", None, &HTML).unwrap().status, 404);
}

async fn cards_and_counts_take_as_many_statements_for_many_as_for_few() {
    let house = House::store().await;
    let mut products = Vec::new();
    for n in 0..40 {
        products.push((house.product(&format!("P{n}"), &format!("9{n}")).await, "2"));
    }
    let mut counts = Vec::new();
    for many in [2, 40] {
        let id = house.receipt(&products[..many]).await;
        let path = format!("/inventory.receipt/{id}/scan");
        let mut own = Vec::new();
        for deed in ["page", "scan", "page", "scan"] {
            let before = house.served.shop.kernel.figures().await.unwrap().statements;
            match deed {
                "page" => drop(house.get(&path)),
                _ => drop(house.scan(RECEIPT, id, "P1")),
            }
            let after = house.served.shop.kernel.figures().await.unwrap().statements;
            own.push(after - before);
        }
        println!("{many} lines: page {}, scan {}", own[2], own[3]);
        counts.push(own[2..].to_vec());
    }
    assert_eq!(counts[0], counts[1], "2 lines and 40");
}

const ENTER: &str = "\u{e007}";

/// The window did what it should without a complaint, and axe finds nothing serious.
fn sound(browser: &Browser) {
    assert_eq!(browser.complaints(), [""; 0], "{}", browser.path());
    let Some(axe) = axe() else { return };
    browser.script(&axe, json!([]));
    let script = "return axe.run(document, { resultTypes: ['violations'] }).then(r => r.violations \
        .filter(v => ['serious', 'critical'].includes(v.impact)) \
        .map(v => v.id + ': ' + v.nodes.slice(0, 3).map(n => n.html.slice(0, 200)).join(' | ')))";
    assert_eq!(browser.script(script, json!([])), json!([]), "{}", browser.path());
}

/// As a scanner types: quickly, one code after the other, each with Enter; no mouse at all.
#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_is_scanned_without_a_mouse() {
    let house = House::store().await;
    let (bolt, nut) =
        (house.product("B1", "4006381333931").await, house.product("N1", "5901234123457").await);
    let id = house.receipt(&[(bolt, "3"), (nut, "1")]).await;
    let Some(browser) = house.window(Window::DESK) else { return };
    browser.go("/inventory.receipt/scan");
    browser.until("document.activeElement.id === 'scan-document'");
    sound(&browser);
    browser.keys(&format!("IN-2026-00001{ENTER}"));
    browser.until("document.activeElement.id === 'scan-code'");
    browser.keys(&format!("B1{ENTER}4006381333931{ENTER}5901234123457{ENTER}"));
    browser.until("document.querySelector('.heard').innerText === 'N1 product: 1 of 1. Complete.'");
    assert_eq!(house.counted(RECEIPT, id).await, ["2", "1"]);
    browser.keys(&format!("WRONG{ENTER}"));
    browser.until("document.querySelector('.heard[data-tone=bad]')?.innerText === 'WRONG is not on IN-2026-00001.'");
    browser.keys(&format!("B1{ENTER}"));
    browser.until("[...document.querySelectorAll('.scanned tr[data-tone=full]')].length === 2");
    sound(&browser);
    // On to the button at the end by keys.
    browser.script("document.querySelector('.finishing button').focus()", json!([]));
    browser.keys(ENTER);
    browser.until("document.querySelector('h1')?.innerText.startsWith('IN-2026-00001') && !document.querySelector('scan-desk')");
    assert_eq!(house.wanda.get(RECEIPT, id).await.unwrap()["state"], "done");
    let open = house.receipt(&[(bolt, "3")]).await;
    for window in [Window::NIGHT, Window::PHONE] {
        let Some(browser) = house.window(window) else { return };
        browser.go(&format!("/inventory.receipt/{open}/scan"));
        browser.find(".scanned");
        sound(&browser);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_reports_at_the_machine() {
    let house = House::open("manufacturing", &["manufacturing_user"]).await;
    let (places, orders) = workshop(&house).await;
    let Some(browser) = house.window(Window::DESK) else { return };
    let path = format!("/manufacturing.order/floor?at={}", places[0]);
    browser.go(&path);
    browser.find(".work");
    sound(&browser);
    let press = |css: &str| {
        browser.script("document.querySelector(arguments[0]).focus()", json!([css]));
        browser.keys(ENTER);
    };
    press(".task:has(form[action$='/start']) summary");
    press("form[action$='/start'] button");
    browser.until("document.querySelector('form[action$=\"/finish\"]')");
    press(".task:has(form[action$='/finish']) summary");
    browser.script(
        "document.querySelector('form[action$=\"/finish\"] [name=quantity]').focus()",
        json!([]),
    );
    browser.keys(&format!("2{ENTER}"));
    browser.until("document.querySelector('.so-far')?.innerText.startsWith('2 of 3')");
    assert_eq!(house.wanda.get(ORDER, orders[0]).await.unwrap()["finished"], "2");
    for window in [Window::NIGHT, Window::PHONE] {
        let Some(browser) = house.window(window) else { return };
        browser.go(&path);
        browser.find(".work");
        sound(&browser);
    }
}
