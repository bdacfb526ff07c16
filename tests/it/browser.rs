//! The pages in a real browser: by mouse, by keyboard alone, two at once, on a phone and in the dark;
//! and what axe finds on them. Where there is no Chromium it is said loudly.

use fondaco_server::desk::Desk;
use fondaco_server::modules;
use fondaco_tests::browser::{Window, axe};
use fondaco_tests::shop::PASSWORD;
use fondaco_tests::{Browser, Served, Shop};
use fondaco_values::AnyId;
use serde_json::{Value as Json, json};

const ENTER: &str = "\u{e007}";
const CONTROL: &str = "\u{e009}";
const TAB: &str = "\u{e004}";
const DOWN: &str = "\u{e015}";

/// A company that sells and follows opportunities.
struct House {
    served: Served,
    rita: Desk,
    boss: Desk,
}

impl House {
    async fn open() -> House {
        let names = ["crm", "sales"].map(str::to_owned);
        let shop = Shop::open(modules::named(&names).unwrap()).await;
        let boss = shop.master("Bo").await;
        let rita = shop.user("Rita", &["sales_user", "crm_user"]).await;
        let unit = boss.by_key("unit", "piece").await.unwrap();
        let vat = boss.by_key("tax_code", "vat_out_20").await.unwrap();
        for (code, name, price) in [("B1", "Bolt", "2.50"), ("N1", "Nut", "1.20")] {
            let product = json!({ "code": code, "name": name, "unit": unit, "tax_code": vat,
                "list_price": price });
            boss.create("product", product).await.unwrap();
        }
        for name in ["Verdi & Figli", "Bianchi"] {
            boss.create("party", json!({ "name": name, "customer": true })).await.unwrap();
        }
        House { served: Served::open(shop), rita, boss }
    }

    fn window(&self, window: Window) -> Option<Browser> {
        let browser = Browser::open(&self.served.address, window)?;
        browser.sign_in("rita@works.example", PASSWORD);
        Some(browser)
    }

    /// The id of the record whose form is open.
    fn open_in(&self, browser: &Browser) -> AnyId {
        let id = browser.script("return document.body.dataset.record", json!([]));
        id.as_str().unwrap().parse().unwrap()
    }

    async fn customer(&self) -> AnyId {
        let found = self.rita.list("party", "name == 'Bianchi'", "").await.unwrap();
        found[0]["id"].as_str().unwrap().parse().unwrap()
    }

    async fn opportunity(&self, name: &str) -> AnyId {
        let fields =
            json!({ "name": name, "party": self.customer().await, "expected_revenue": "100" });
        self.rita.create("crm.opportunity", fields).await.unwrap()
    }
}

/// The window did what it should without a complaint.
fn quiet(browser: &Browser) {
    assert_eq!(browser.complaints(), [""; 0], "{}", browser.path());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_taken_by_mouse() {
    let house = House::open().await;
    let Some(browser) = house.window(Window::DESK) else { return };
    browser.click("#nav details:has(a[href='/sales.order']) a[href='/sales.order']");
    browser.click(".empty .primary");
    browser.enter("#f-customer", "verd");
    browser.click("#f-customer-list [role=option]");
    browser.click("line-table .add");
    browser.enter("[name='lines.0.product~']", "bolt");
    browser.click("link-box:has([name='lines.0.product']) [role=option]");
    browser.enter("[name='lines.0.quantity']", "12");
    // The server computes while one types: price, tax, total.
    browser.until("document.querySelector('output[data-of=total]').innerText === '36.00'");
    browser.click(".save .primary");
    browser.find("form.deed button");
    let id = house.open_in(&browser);
    browser.click("form.deed button.primary");
    browser.until("document.querySelector('h1').innerText.startsWith('SO-2026-')");
    assert_eq!(house.rita.get("sales.order", id).await.unwrap()["state"], "confirmed");
    quiet(&browser);
}

/// The same by keyboard alone, from the palette to the last key.
#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_taken_by_keyboard() {
    let house = House::open().await;
    let Some(browser) = house.window(Window::DESK) else { return };
    browser.keys(&format!("{CONTROL}k"));
    browser.find("#palette[open]");
    browser.keys("new: sales order");
    browser.until("document.querySelector('#palette [aria-selected=true]')?.innerText.includes('Sales order')");
    browser.keys(ENTER);
    browser.find("#f-customer");
    browser.keys("e");
    browser.keys("bian");
    browser
        .until("document.querySelector('#f-customer-list [role=option]')?.innerText === 'Bianchi'");
    browser.keys(ENTER);
    // On to the lines by Tab, as far as the button that adds one.
    for _ in 0..40 {
        browser.keys(TAB);
        if browser.script("return document.activeElement.matches('button.add')", json!([]))
            == json!(true)
        {
            break;
        }
    }
    browser.keys(ENTER);
    browser.keys("nut");
    browser.until("document.querySelector('.lines [role=option]')?.innerText === 'Nut'");
    browser.keys(&format!("{DOWN}{ENTER}"));
    browser.keys(&format!("{TAB}{TAB}"));
    browser.keys("10");
    browser.until("document.querySelector('output[data-of=total]').innerText === '14.40'");
    browser.keys(&format!("{CONTROL}s"));
    browser.find("form.deed button");
    let id = house.open_in(&browser);
    assert_eq!(house.rita.get("sales.order", id).await.unwrap()["total"], "14.40");
    browser.keys("?");
    browser.find("#shortcuts[open]");
    quiet(&browser);
}

/// Options are chosen over the quote that they are for: a reason is shown, the price follows.
#[tokio::test(flavor = "multi_thread")]
async fn a_bicycle_is_configured_in_its_quote() {
    let shop = Shop::open(modules::named(&["cpq".to_owned()]).unwrap()).await;
    let boss = shop.user("Bo", &["cpq_manager"]).await;
    let rita = shop.user("Rita", &["cpq_user"]).await;
    let unit = shop.admin.by_key("unit", "piece").await.unwrap();
    let vat = shop.admin.by_key("tax_code", "vat_out_20").await.unwrap();
    let bike = json!({ "code": "BIKE", "name": "Veloce", "kind": "configurable", "unit": unit,
        "tax_code": vat, "list_price": "900" });
    let bike = boss.create("product", bike).await.unwrap();
    for (at, code, name, price) in [(1, "frame", "Frame", "700"), (2, "wheels", "Wheels", "500")] {
        let options = json!([
            { "code": "plain", "name": format!("Plain {code}"), "preselected": true },
            { "code": "carbon", "name": format!("Carbon {code}"), "price": price },
        ]);
        let group = json!({ "product": bike, "code": code, "name": name, "sequence": at,
            "options": options });
        boss.create("cpq.option_group", group).await.unwrap();
    }
    let rule = json!({ "product": bike, "name": "Wheels", "kind": "requires",
        "option": "wheels.carbon", "others": ["frame.carbon"] });
    boss.create("cpq.rule", rule).await.unwrap();
    let club = json!({ "name": "Velo Club", "customer": true });
    shop.admin.create("party", club).await.unwrap();
    let served = Served::open(shop);
    let Some(browser) = Browser::open(&served.address, Window::DESK) else { return };
    browser.sign_in("rita@works.example", PASSWORD);
    browser.go("/cpq.quote/new");
    browser.enter("#f-customer", "velo");
    browser.click("#f-customer-list [role=option]");
    browser.click("line-table .add");
    browser.enter("[name='lines.0.product~']", "velo");
    browser.click("link-box:has([name='lines.0.product']) [role=option]");
    browser.fill("[name='lines.0.quantity']", "5");
    browser.click("option-box:has([name='lines.0.choice']) button");
    browser.find("dialog.configurator[open]");
    let wheels = "label:has([value='wheels.carbon'])";
    assert!(browser.text(wheels).contains("only possible with Carbon frame"));
    browser.click("[value='wheels.carbon']");
    browser
        .until("document.querySelector('dialog .alert')?.innerText.includes('only possible with')");
    browser.click("[value='frame.carbon']");
    browser.until("document.querySelector('dialog tfoot')?.innerText.includes('2,100.00')");
    browser.click("dialog .take");
    // The quote is priced with it while nothing is saved yet: 5 × 2,100.00 and 20 %.
    browser.until("document.querySelector('output[data-of=total]').innerText === '12,600.00'");
    browser.click(".save .primary");
    browser.find("form.deed button");
    let id = browser.script("return document.body.dataset.record", json!([]));
    let quote = rita.get("cpq.quote", id.as_str().unwrap().parse().unwrap()).await.unwrap();
    assert_eq!(quote["lines"][0]["choice"], json!(["frame.carbon", "wheels.carbon"]));
    quiet(&browser);
}

/// What somebody else changes shows by itself; what one has typed is not lost.
#[tokio::test(flavor = "multi_thread")]
async fn two_work_on_the_same() {
    let house = House::open().await;
    let Some(browser) = house.window(Window::DESK) else { return };
    let id = house.opportunity("Fifty bolts").await;
    browser.go("/crm.opportunity");
    browser.until("document.querySelectorAll('tbody tr').length === 1");
    std::thread::sleep(std::time::Duration::from_millis(500));
    house.boss.update("crm.opportunity", id, json!({ "name": "Sixty bolts" })).await.unwrap();
    browser.until("document.querySelector('a.row').innerText === 'Sixty bolts'");
    browser.click("a.row");
    browser.fill("#f-next_step", "call them");
    std::thread::sleep(std::time::Duration::from_millis(500));
    house.boss.update("crm.opportunity", id, json!({ "next_step": "write them" })).await.unwrap();
    browser.until("document.querySelector('#said').innerText.includes('Somebody has changed')");
    browser.click(".save .primary");
    browser.find("form.conflict");
    let page = browser.text("form.conflict");
    assert!(page.contains("write them") && page.contains("call them"), "{page}");
    browser.click("form.conflict .primary");
    browser.find("#record");
    assert_eq!(house.rita.get("crm.opportunity", id).await.unwrap()["next_step"], "call them");
    quiet(&browser);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_is_drawn_to_another_stage() {
    let house = House::open().await;
    let Some(browser) = house.window(Window::DESK) else { return };
    let id = house.opportunity("Fifty bolts").await;
    let before = house.rita.get("crm.opportunity", id).await.unwrap()["stage"].clone();
    browser.go("/crm.opportunity/board");
    browser.find(".card");
    browser.drag(".card", ".column:nth-child(3)");
    browser.until("document.querySelector('.column:nth-child(3) .card') && document.querySelector('#said').innerText.includes('Fifty bolts')");
    let after = house.rita.get("crm.opportunity", id).await.unwrap()["stage"].clone();
    assert_ne!(before, after, "it was stored");
    // The way without a mouse.
    let first = before.as_str().unwrap();
    browser.script("const s = document.querySelector('.card select'); s.value = arguments[0]; s.dispatchEvent(new Event('change', { bubbles: true }))", json!([first]));
    browser.until("document.querySelector('.column:nth-child(1) .card')");
    assert_eq!(house.rita.get("crm.opportunity", id).await.unwrap()["stage"], before);
    quiet(&browser);
}

/// Nothing serious for people who see, hear, move or read otherwise: on every kind of page, in light
/// and dark, on a desk and a phone.
#[tokio::test(flavor = "multi_thread")]
async fn axe_finds_nothing_serious() {
    let house = House::open().await;
    let Some(axe) = axe() else { return };
    let lead = house.opportunity("Fifty bolts").await;
    let customer = house.customer().await;
    let product = house.rita.list("product", "code == 'B1'", "").await.unwrap()[0]["id"].clone();
    let order = json!({ "customer": customer, "lines": [{ "product": product, "quantity": "3" }] });
    let order = house.rita.create("sales.order", order).await.unwrap();
    let mut wrong = Vec::new();
    for window in [Window::DESK, Window::NIGHT, Window::PHONE] {
        let Some(browser) = house.window(window) else { return };
        for path in [
            "/".to_owned(),
            "/sales.order".to_owned(),
            "/sales.order?group=state".to_owned(),
            format!("/sales.order/{order}"),
            "/sales.order/new".to_owned(),
            format!("/crm.opportunity/{lead}"),
            "/crm.opportunity/board".to_owned(),
            "/search?q=bolt".to_owned(),
            "/sales.order/99".to_owned(),
            "/crm.lead".to_owned(),
            "/code".to_owned(),
        ] {
            browser.go(&path);
            browser.find("main");
            wrong.extend(
                found_by(&axe, &browser)
                    .into_iter()
                    .map(|what| format!("{window:?} {path}: {what}")),
            );
        }
        quiet(&browser);
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

fn found_by(axe: &str, browser: &Browser) -> Vec<String> {
    browser.script(axe, json!([]));
    let script = "return axe.run(document, { resultTypes: ['violations'] }).then(r => r.violations \
        .filter(v => ['serious', 'critical'].includes(v.impact)) \
        .map(v => v.id + ': ' + v.nodes.slice(0, 3).map(n => n.html.slice(0, 160)).join(' | ')))";
    let found = browser.script(script, json!([]));
    let texts = found.as_array().into_iter().flatten().filter_map(Json::as_str);
    texts.map(str::to_owned).collect()
}

/// Without scripts an order is made all the same.
#[tokio::test(flavor = "multi_thread")]
async fn all_of_it_works_without_scripts() {
    let house = House::open().await;
    let Some(browser) = Browser::open(&house.served.address, Window::DESK) else { return };
    browser.devtools("Emulation.setScriptExecutionDisabled", json!({ "value": true }));
    browser.go("/sign-in");
    browser.enter("#login", "rita@works.example");
    browser.enter("#password", PASSWORD);
    browser.click(".door button");
    browser.go("/sales.order/new");
    browser.enter("#f-customer", "Bianchi");
    browser.click("line-table .add");
    browser.enter("[name='lines.0.product~']", "Bolt");
    browser.enter("[name='lines.0.quantity']", "4");
    browser.click(".save .primary");
    browser.click("form.deed button.primary");
    browser.devtools("Emulation.setScriptExecutionDisabled", json!({ "value": false }));
    let orders = house.rita.list("sales.order", "state == 'confirmed'", "").await.unwrap();
    assert_eq!(orders[0]["total"], "12.00");
}
