//! Printed documents as their readers get them over HTTP: what is on an invoice, in which language,
//! for whom; what one may not see is not printed; a company's own template and model.
//! Not here: the look of the sheet (tests of `fondaco-documents`).

use std::process::Command;

use fondaco_kernel::schema::{Origin, Source};
use fondaco_kernel::{Database, Setup};
use fondaco_server::modules;
use fondaco_tests::{Client, Served, Shop, both};
use fondaco_values::AnyId;
use serde_json::{Value as Json, json};

both! {
    an_invoice_is_printed_for_its_customer,
    what_one_may_not_see_is_not_printed,
    a_company_prints_as_it_likes,
}

/// The text of a PDF; `None`, loudly, where nothing can read one.
fn text(pdf: &[u8]) -> Option<String> {
    use std::sync::atomic::{AtomicUsize, Ordering};
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    assert!(pdf.starts_with(b"%PDF-"), "{}", String::from_utf8_lossy(pdf));
    let n = COUNT.fetch_add(1, Ordering::Relaxed);
    let path = std::env::temp_dir().join(format!("fondaco-it-{}-{n}.pdf", std::process::id()));
    std::fs::write(&path, pdf).unwrap();
    let out = Command::new("pdftotext").arg("-layout").arg(&path).arg("-").output();
    std::fs::remove_file(&path).unwrap();
    let Ok(out) = out else {
        eprintln!("SKIPPED: pdftotext is missing (Debian: poppler-utils)");
        return None;
    };
    Some(String::from_utf8(out.stdout).unwrap())
}

fn says(pdf: &[u8], parts: &[&str]) {
    let Some(text) = text(pdf) else { return };
    // Columns are far apart, and a no-break space is one like any other.
    let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let text = plain(&text);
    for part in parts {
        assert!(text.contains(&plain(part)), "{part} is not in\n{text}");
    }
}

fn printed(client: &Client, model: &str, id: AnyId, rest: &str) -> (u16, Vec<u8>) {
    client.file(&format!("/api/{model}/{id}/document/{rest}")).unwrap()
}

async fn an_invoice_is_printed_for_its_customer() {
    let shop = Shop::open(modules::all()).await;
    let admin = &shop.admin;
    let company = admin.by_key("company", "main").await.unwrap();
    let address = json!({ "address": "Via Roma 1\n20121 Milano", "tax_number": "IT 01234567890",
        "bank_details": "Banca Nuova\nIBAN IT60 X054 2811 1010 0000 0123 456" });
    admin.update("company", company, address).await.unwrap();
    let customer = json!({ "name": "Rowery Żółć", "customer": true, "language": "pl",
        "country": "PL", "code": "C-77", "addresses": [
            { "kind": "main", "street": "ul. Świętojańska 12", "postal_code": "81-368", "city": "Gdynia", "country": "PL" },
            { "kind": "invoice", "name": "Księgowość", "street": "Skrytka 5", "postal_code": "81-300", "city": "Gdynia", "country": "PL" },
        ] });
    let customer = admin.create("party", customer).await.unwrap();
    let tax = admin.by_key("tax_code", "vat_out_20").await.unwrap();
    let accountant = shop.user("Ines", &["accountant"]).await;
    let line = json!({ "description": "Bicycle", "quantity": "3", "unit_price": "1250.5", "tax_code": tax });
    let invoice = json!({ "party": customer, "lines": [line], "reference": "PO 4711" });
    let id = accountant.create("accounting.invoice", invoice).await.unwrap();
    let served = Served::open(shop);
    let client = served.client(&accountant).await;
    let page = |path: &str| client.send("GET", path, None, &[("accept", "text/html")]).unwrap();

    let (status, draft) = printed(&client, "accounting.invoice", id, "accounting.invoice.pdf");
    assert_eq!(status, 200, "{}", String::from_utf8_lossy(&draft));
    says(&draft, &["Faktura", "PROJEKT", "Bicycle"]);
    accountant.act("accounting.invoice", id, "post", Json::Null).await.unwrap();
    let (_, posted) = printed(&client, "accounting.invoice", id, "accounting.invoice.pdf");
    says(
        &posted,
        &[
            "Faktura INV-2026-00001",
            "Test Works · Via Roma 1, 20121 Milano",
            "Rowery Żółć",
            "Księgowość",
            "81-300 Gdynia",
            "02.03.2026",
            "1250,50",
            "3751,50",
            "VAT 20 % on sales",
            "750,30",
            "Do zapłaty 4501,80 EUR",
            "PO 4711",
            "C-77",
            "IBAN IT60",
            "Strona 1 z 1",
        ],
    );
    let (_, thai) =
        printed(&client, "accounting.invoice", id, "accounting.invoice.pdf?language=th");
    says(&thai, &["INV-2026-00001", "2569", "4,501.80 EUR"]);
    for (rest, status) in [
        ("accounting.invoice.pdf?language=xx", 422),
        ("accounting.invoice.pdf?lang=en", 422),
        ("accounting.credit_note.pdf", 404),
        ("sales.order_confirmation.pdf", 404),
        ("accounting.invoice", 404),
    ] {
        assert_eq!(printed(&client, "accounting.invoice", id, rest).0, status, "{rest}");
    }
    let form = page(&format!("/accounting.invoice/{id}")).expect(200);
    let link = format!("href=\"/api/accounting.invoice/{id}/document/accounting.invoice.pdf\"");
    assert!(form.body.as_str().unwrap().contains(&link), "there is a button");

    // What is credited prints as a credit note, and names the invoice.
    let args = json!({ "reason": "Zwrot towaru" });
    let done = accountant.act("accounting.invoice", id, "credit", args).await.unwrap();
    let note = done.open.unwrap().id;
    let (_, note) = printed(&client, "accounting.invoice", note, "accounting.credit_note.pdf");
    says(&note, &["Faktura korygująca", "INV-2026-00001", "Zwrot towaru", "Kwota korekty"]);

    let paths = client.get("/api/openapi.json").unwrap().expect(200).body["paths"].clone();
    let path = "/api/accounting.invoice/{id}/document/accounting.invoice.pdf";
    assert!(paths[path]["get"].is_object(), "it is in the OpenAPI document");
}

const SLIP: &str = r#"
model = "own.slip"
label = "Slip"
title = "name"
[fields]
name = { type = "text", required = true }
wage = { type = "money", class = "personal" }
parts = { type = "lines", of = "own.slip_part" }
[access.employee]
read = "created_by == actor.user || name == 'Shared'"
create = "true"
[access.administrator]
read = "true"
create = "true"
"#;

const SLIP_PART: &str = r#"
model = "own.slip_part"
title = "what"
[fields]
slip = { type = "link", to = "own.slip" }
what = { type = "text", required = true }
bonus = { type = "money", class = "personal" }
"#;

const SLIP_PAPER: &str = r#"
document = "own_slip"
of = "own.slip"
label = "Slip"
number = "name"
[[blocks]]
kind = "table"
lines = "parts"
columns = [{ value = "what", label = "What" }, { value = "bonus", label = "Bonus", optional = true }]
[[blocks]]
kind = "totals"
rows = [{ label = "Wage", value = "wage", strong = true, currency = true }]
"#;

fn house(more: &[(&str, &str)]) -> Setup {
    let mut setup = Setup::new(Database::Memory, Vec::new());
    setup.data.push(("company.toml".to_owned(), fondaco_tests::shop::COMPANY.to_owned()));
    let own = [
        ("models/slip.toml", SLIP),
        ("models/part.toml", SLIP_PART),
        ("documents/slip.toml", SLIP_PAPER),
    ];
    for (path, text) in own.iter().chain(more) {
        let (path, text) = ((*path).to_owned(), (*text).to_owned());
        setup.company.push(Source { origin: Origin::Company, path, text });
    }
    setup
}

async fn what_one_may_not_see_is_not_printed() {
    let shop = Shop::of(house(&[])).await;
    let slip = |name: &str| json!({ "name": name, "wage": "4321.50", "parts": [{ "what": "March", "bonus": "77.25" }] });
    let shared = shop.admin.create("own.slip", slip("Shared")).await.unwrap();
    let other = shop.admin.create("own.slip", slip("Other")).await.unwrap();
    let emil = shop.user("Emil", &["employee"]).await;
    let served = Served::open(shop);
    let (emil, admin) = (served.client(&emil).await, served.client(&served.shop.admin).await);
    let (status, seen) = printed(&emil, "own.slip", shared, "own_slip.pdf");
    assert_eq!(status, 200);
    says(&seen, &["Slip Shared", "March"]);
    if let Some(text) = text(&seen) {
        for hidden in ["4,321.50", "77.25", "Wage", "Bonus"] {
            assert!(!text.contains(hidden), "{hidden} is printed:\n{text}");
        }
    }
    let (_, all) = printed(&admin, "own.slip", shared, "own_slip.pdf");
    says(&all, &["4,321.50 EUR", "77.25"]);
    assert_eq!(printed(&emil, "own.slip", other, "own_slip.pdf").0, 404, "a record of others");
    assert_eq!(printed(&served.stranger(), "own.slip", shared, "own_slip.pdf").0, 401);
}

async fn a_company_prints_as_it_likes() {
    let own = "document = \"accounting.invoice\"\nlabel = \"Tax invoice\"\nletterhead = [\"company.name\", \"company.phone\"]\n\
               footer = [[{ label = \"Registered at\", value = \"company.country\" }]]\n";
    let mut setup = house(&[("documents/invoice.toml", own)]);
    setup.modules = modules::named(&["accounting".to_owned()]).unwrap();
    let shop = Shop::of(setup).await;
    let customer = json!({ "name": "Acme", "customer": true });
    let customer = shop.admin.create("party", customer).await.unwrap();
    let accountant = shop.user("Ines", &["accountant"]).await;
    // More lines than a page has.
    let line = |n: usize| json!({ "description": format!("Line {n}"), "unit_price": "10.10" });
    let lines: Vec<Json> = (1..=60).map(line).collect();
    let invoice = json!({ "party": customer, "lines": lines });
    let id = accountant.create("accounting.invoice", invoice).await.unwrap();
    let logo = "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 4 1\"><rect width=\"4\" height=\"1\" fill=\"#b00020\"/></svg>";
    let served = Served::open(shop);
    let admin = served.client(&served.shop.admin).await;
    let kept = admin
        .send("POST", "/api/attachment/content?name=logo.svg", Some(logo), &[])
        .unwrap()
        .expect(201);
    let company = served.shop.admin.by_key("company", "main").await.unwrap();
    let logo = json!({ "logo": kept.id() });
    served.shop.admin.update("company", company, logo).await.unwrap();
    let client = served.client(&accountant).await;
    let (status, pdf) = printed(&client, "accounting.invoice", id, "accounting.invoice.pdf");
    assert_eq!(status, 200, "{}", String::from_utf8_lossy(&pdf));
    says(&pdf, &["Tax invoice", "Registered at: IT", "Page 1 of", "Carried forward", "606.00 EUR"]);
}
