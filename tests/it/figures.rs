//! Reports on pages: from a balance to its document, two periods side by side, files, and what is not
//! for one.

use fondaco_server::desk::Desk;
use fondaco_server::modules;
use fondaco_tests::program::Answer;
use fondaco_tests::{Client, Served, Shop, both};
use fondaco_values::AnyId;
use serde_json::{Value as Json, json};

both! {
    a_balance_leads_to_its_document,
    two_periods_stand_side_by_side,
    a_report_is_a_file_of_what_the_page_shows,
    a_report_is_not_for_everybody,
    a_wrong_question_is_answered_in_the_form,
}

/// A company with books, an invoice of March and one of April.
struct House {
    served: Served,
    accountant: Client,
    clerk: Client,
    invoice: AnyId,
    customer: AnyId,
}

const HTML: [(&str, &str); 1] = [("accept", "text/html")];

fn get(client: &Client, path: &str) -> Answer {
    client.send("GET", path, None, &HTML).unwrap()
}

fn html(answer: &Answer) -> &str {
    answer.body.as_str().unwrap_or_default()
}

/// The first address on a page that begins so, and in which all of this occurs.
fn way(page: &Answer, start: &str, parts: &[&str]) -> String {
    let ways = html(page).split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
    let ways = ways.map(|way| way.replace("&amp;", "&"));
    let mut found =
        ways.filter(|way| way.starts_with(start) && parts.iter().all(|p| way.contains(p)));
    found.next().unwrap_or_else(|| panic!("no way to {start} {parts:?} on {}", html(page)))
}

impl House {
    async fn open() -> House {
        let modules = modules::named(&["accounting".to_owned()]).unwrap();
        let shop = Shop::open(modules).await;
        let clerk = shop.user("Clara", &["accounting_clerk"]).await;
        let accountant = shop.user("Ines", &["accountant"]).await;
        let customer = json!({ "name": "Acme", "customer": true });
        let customer = shop.admin.create("party", customer).await.unwrap();
        let tax = shop.admin.by_key("tax_code", "vat_out_20").await.unwrap();
        let mut invoices = Vec::new();
        for (day, price) in [("2026-03-10", "100"), ("2026-04-20", "150")] {
            shop.on(day);
            invoices.push(invoice(&clerk, &accountant, customer, (price, tax)).await);
        }
        let served = Served::open(shop);
        let (accountant, clerk) = (served.client(&accountant).await, served.client(&clerk).await);
        House { served, accountant, clerk, invoice: invoices[0], customer }
    }
}

async fn invoice(clerk: &Desk, boss: &Desk, party: AnyId, (price, tax): (&str, AnyId)) -> AnyId {
    let line =
        json!({ "description": "Bicycle", "quantity": "1", "unit_price": price, "tax_code": tax });
    let invoice = json!({ "party": party, "lines": [line] });
    let id = clerk.create("accounting.invoice", invoice).await.unwrap();
    boss.act("accounting.invoice", id, "post", Json::Null).await.unwrap();
    id
}

async fn a_balance_leads_to_its_document() {
    let house = House::open().await;
    let account = house.served.shop.admin.by_key("account", "receivable").await.unwrap();
    let page = get(&house.accountant, "/report/accounting.trial_balance").expect(200);
    let ledger = way(&page, "/report/accounting.general_ledger?", &[&format!("account={account}")]);
    let page = get(&house.accountant, &ledger).expect(200);
    assert!(html(&page).contains("Opening balance") && html(&page).contains(">300.00</td>"));
    // What an account is called stands in the box, as it is known.
    assert!(html(&page).contains("value=\"Receivables\""), "{}", html(&page));
    let document = format!("/accounting.invoice/{}", house.invoice);
    assert_eq!(way(&page, &document, &[]), document);
    let entry = way(&page, "/entry/", &[]);
    let page = get(&house.accountant, &entry).expect(200);
    for part in ["Acme", ">120.00</td>", ">100.00</td>", ">20.00</td>", "Invoice to Acme"] {
        assert!(html(&page).contains(part), "{part} is not in {}", html(&page));
    }
    assert_eq!(way(&page, &document, &[]), document);
    get(&house.accountant, "/entry/999").expect(404);
    // The customer of the aging opens his statement, with the day that the aging is of.
    let page = get(&house.clerk, "/report/accounting.aging?as_of=2026-05-01").expect(200);
    let party = format!("party={}", house.customer);
    let statement =
        way(&page, "/report/accounting.party_statement?", &[&party, "as_of=2026-05-01"]);
    let page = get(&house.clerk, &statement).expect(200);
    assert_eq!(way(&page, &document, &[]), document);
}

async fn two_periods_stand_side_by_side() {
    let house = House::open().await;
    let ask = "from=2026-04-01&to=2026-04-30&against=previous_period";
    let path = format!("/api/reports/accounting.profit_and_loss?{ask}");
    let table = house.accountant.get(&path).unwrap().expect(200);
    let names: Vec<&str> = table.body["columns"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| c["name"].as_str().unwrap())
        .collect();
    assert_eq!(&names[4..], ["amount", "amount_before", "amount_change"]);
    assert_eq!(table.body["columns"][5]["part"], "before");
    assert_eq!(table.body["columns"][2]["opens"]["report"]["report"], "accounting.general_ledger");
    let figures = |row: &Json| [4, 5, 6].map(|at| row[at].as_str().unwrap_or("-").to_owned());
    assert_eq!(figures(&table.body["totals"]), ["150.00", "100.00", "50.00"]);
    let page =
        get(&house.accountant, &format!("/report/accounting.profit_and_loss?{ask}")).expect(200);
    for part in ["Before", "Change", "1\u{a0}Mar\u{a0}2026 – 31\u{a0}Mar\u{a0}2026", "Total income"]
    {
        assert!(html(&page).contains(part), "{part} is not in {}", html(&page));
    }
    // What says nothing about periods is not compared.
    let odd = house.accountant.get("/api/reports/accounting.credit?against=previous_year").unwrap();
    assert_eq!(odd.expect(422).problems(), ["against: not_comparable"]);
    let odd = house.accountant.get(&path.replace("previous_period", "next_week")).unwrap();
    assert_eq!(odd.expect(422).problems(), ["against: unknown"]);
}

async fn a_report_is_a_file_of_what_the_page_shows() {
    let house = House::open().await;
    let of = |ending: &str| {
        let path = format!("/report/accounting.aging/{ending}?as_of=2026-05-01");
        let (status, bytes) = house.clerk.file(&path).unwrap();
        assert_eq!(status, 200, "{path}");
        bytes
    };
    let text = String::from_utf8(of("csv")).unwrap();
    let lines: Vec<&str> = text.trim_start_matches('\u{feff}').lines().collect();
    assert_eq!(
        lines[0],
        "Name,Not due,1 to 30 days,31 to 60 days,61 to 90 days,Over 90 days,Credits not used,Total"
    );
    assert!(lines[1].starts_with("Acme,") && lines[1].ends_with(",300"), "{lines:?}");
    assert_eq!(lines.len(), 3);
    assert_eq!(&of("xlsx")[..4], b"PK\x03\x04");
    assert_eq!(&of("pdf")[..5], b"%PDF-");
    let (status, _) = house.clerk.file("/report/accounting.aging/docx").unwrap();
    assert_eq!(status, 404);
}

async fn a_report_is_not_for_everybody() {
    let house = House::open().await;
    let page = get(&house.clerk, "/reports").expect(200);
    assert!(html(&page).contains("/report/accounting.aging"));
    for hidden in ["accounting.trial_balance", "accounting.general_ledger"] {
        assert!(!html(&page).contains(hidden), "{hidden}");
        get(&house.clerk, &format!("/report/{hidden}")).expect(404);
        get(&house.clerk, &format!("/report/{hidden}/csv")).expect(404);
    }
    // Nor is an entry, for whom no journal may be read; and no cell leads there.
    let guest = house.served.client(&house.served.shop.user("Gus", &[]).await).await;
    get(&guest, "/entry/1").expect(403);
    let page = get(&guest, "/reports").expect(200);
    assert!(!html(&page).contains("/report/"));
}

async fn a_wrong_question_is_answered_in_the_form() {
    let house = House::open().await;
    // Nothing was asked yet.
    let page = get(&house.accountant, "/report/accounting.general_ledger").expect(200);
    assert!(html(&page).contains("Say what you want to see."));
    let page = get(&house.accountant, "/report/accounting.general_ledger?from=soon").expect(422);
    assert!(html(&page).contains("p-account-problem"), "{}", html(&page));
    let page =
        get(&house.accountant, "/report/accounting.general_ledger?account~=Nobody").expect(422);
    assert!(html(&page).contains("There is none named Nobody."), "{}", html(&page));
    // Without scripts a name is enough.
    let page = get(&house.accountant, "/report/accounting.general_ledger?account~=Receivables")
        .expect(200);
    assert!(html(&page).contains("Opening balance"));
}
