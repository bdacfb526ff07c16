//! A file becomes records in the browser: columns are matched, every fault is told by its line before anything
//! is written, what was refused is mended and sent again, and nothing is made twice.

use fondaco_server::desk::Desk;
use fondaco_server::modules;
use fondaco_tests::program::{Answer, quoted};
use fondaco_tests::sample;
use fondaco_tests::{Client, Served, Shop, both};
use serde_json::{Value as Json, json};

both! {
    three_bad_lines_of_ten_are_mended_and_make_no_double,
    a_file_is_its_owners_alone,
    a_long_file_is_imported_slice_by_slice,
}

const PRODUCTS: &str = "Code;Name;List price;Unit\n\
A1;Apple;1,50;Piece\n\
A2;Bread;two;Piece\n\
A3;Cheese;3,00;Piece\n\
A4;;4,00;Piece\n\
A5;Eggs;5,00;Dozens\n\
A6;Flour;6,00;Piece\n\
A7;Grapes;7,00;Piece\n\
A8;Honey;8,00;Piece\n\
A9;Ice;9,00;Piece\n\
B1;Jam;10,00;Piece\n";

struct House {
    served: Served,
    bo: Desk,
    page: Client,
}

const HTML: (&str, &str) = ("accept", "text/html");

impl House {
    async fn open() -> House {
        let names = ["sales".to_owned()];
        let shop = Shop::open(modules::named(&names).unwrap()).await;
        let bo = shop.master("Bo").await;
        let served = Served::open(shop);
        let page = served.client(&bo).await;
        House { served, bo, page }
    }

    /// Sends a file by a plain form; answers where to go on.
    fn send(&self, model: &str, file: &str) -> String {
        let body = form(model, file);
        let kind = ("content-type", "multipart/form-data; boundary=seam");
        let sent = self.page.send("POST", "/import", Some(&body), &[HTML, kind]).unwrap();
        sent.expect(303).header("location").to_owned()
    }

    fn get(&self, path: &str) -> Answer {
        self.page.send("GET", path, None, &[HTML]).unwrap()
    }

    fn post(&self, path: &str, pairs: &[(&str, &str)]) -> Answer {
        let one = |(name, value): &(&str, &str)| format!("{}={}", quoted(name), quoted(value));
        let body = pairs.iter().map(one).collect::<Vec<_>>().join("&");
        self.page.send("POST", path, Some(&body), &[HTML]).unwrap()
    }

    async fn work(&self) {
        while self.served.shop.kernel.run_due_jobs().await.unwrap() > 0 {}
    }

    async fn products(&self) -> Vec<Json> {
        self.bo.list("product", "code >= 'A' && code < 'C'", "code").await.unwrap()
    }
}

fn form(model: &str, file: &str) -> String {
    format!(
        "--seam\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\n{model}\r\n--seam\r\n\
         Content-Disposition: form-data; name=\"file\"; filename=\"goods.csv\"\r\n\
         Content-Type: text/csv\r\n\r\n{file}\r\n--seam--\r\n"
    )
}

fn html(answer: &Answer) -> &str {
    answer.body.as_str().unwrap_or_default()
}

fn has(page: &Answer, parts: &[&str]) {
    for part in parts {
        assert!(html(page).contains(part), "{part} is not in\n{}", html(page));
    }
}

const CHOICE: [(&str, &str); 8] = [
    ("model", "product"),
    ("separator", ";"),
    ("key", "Code"),
    ("decimal", ","),
    ("c.code", "Code"),
    ("c.name", "Name"),
    ("c.list_price", "List price"),
    ("c.unit", "Unit"),
];

async fn three_bad_lines_of_ten_are_mended_and_make_no_double() {
    let house = House::open().await;
    let place = house.send("product", PRODUCTS);
    let file = place.split('?').next().unwrap().to_owned();
    // The columns are matched by their names, and the key is found.
    let columns = house.get(&place).expect(200);
    has(&columns, &["goods.csv: rows 10", "name=\"c.list_price\"", "Cheese"]);
    let chosen = html(&columns).matches("selected").count();
    assert!(chosen >= 5, "{chosen} are chosen: key and four columns");
    // A trial tells everything that is wrong, with its line, and leaves nothing behind.
    let tried = house.post(&format!("{file}/preview"), &CHOICE).expect(200);
    for (line, what) in [
        ("3", "This is &quot;two&quot;."),
        ("5", "Name is required."),
        ("6", "There is no unit with the key or the name &quot;Dozens&quot;."),
    ] {
        has(&tried, &[&format!(">{line}</td>"), what]);
    }
    assert_eq!(house.products().await.len(), 0);
    // The others are taken by a job, and the page says what came of it.
    house.post(&format!("{file}/run"), &CHOICE).expect(303);
    let begun = house.get(&file).expect(200);
    assert_eq!(begun.header("refresh"), "1", "it comes again by itself");
    house.work().await;
    let done = house.get(&file).expect(200);
    assert_eq!(done.header("refresh"), "");
    has(
        &done,
        &[
            "<dt>Created</dt><dd>7</dd>",
            "<dt>Lines refused</dt><dd>3</dd>",
            "File of refused lines",
        ],
    );
    let found = house.products().await;
    assert_eq!(found.len(), 7);
    assert_eq!((&found[0]["code"], &found[0]["list_price"]), (&json!("A1"), &json!("1.50")));
    let id = file.trim_start_matches("/import/");
    let path = format!("/api/imports/{id}/refused");
    let (_, refused) = house.page.file(&path).unwrap();
    let refused = String::from_utf8(refused).unwrap();
    assert_eq!(
        refused,
        "Code;Name;List price;Unit\nA2;Bread;two;Piece\nA4;;4,00;Piece\nA5;Eggs;5,00;Dozens\n"
    );
    // Mended and sent again, with one that is there already.
    let mended =
        refused.replace("two", "2,00").replace("A4;;", "A4;Dates;").replace("Dozens", "Piece");
    let place = house.send("product", &format!("{mended}A1;Apple;1,75;Piece\n"));
    let file = place.split('?').next().unwrap().to_owned();
    house.post(&format!("{file}/run"), &CHOICE).expect(303);
    house.work().await;
    let done = house.get(&file).expect(200);
    has(
        &done,
        &[
            "<dt>Created</dt><dd>3</dd>",
            "<dt>Changed</dt><dd>1</dd>",
            "<dt>Lines refused</dt><dd>0</dd>",
        ],
    );
    let found = house.products().await;
    assert_eq!((found.len(), &found[0]["list_price"]), (10, &json!("1.75")));
    // The same file once more changes nothing.
    house.post(&format!("{file}/run"), &CHOICE).expect(303);
    house.work().await;
    has(
        &house.get(&file).expect(200),
        &["<dt>As they are</dt><dd>4</dd>", "<dt>Created</dt><dd>0</dd>"],
    );
    assert_eq!(house.products().await.len(), 10);
}

async fn a_file_is_its_owners_alone() {
    let house = House::open().await;
    let rita = house.served.shop.user("Rita", &["sales_user"]).await;
    let emil = house.served.shop.user("Emil", &["employee"]).await;
    let (rita, emil) = (house.served.client(&rita).await, house.served.client(&emil).await);
    let place = house.send("product", PRODUCTS);
    let file = place.split('?').next().unwrap().to_owned();
    let id = file.trim_start_matches("/import/").to_owned();
    for other in [&rita, &emil] {
        let asked = other.send("GET", &place, None, &[HTML]).unwrap();
        assert_eq!(asked.status, 404);
        assert!(!html(&asked).contains("Cheese"));
        assert_eq!(other.get(&format!("/api/imports/{id}")).unwrap().status, 404);
        assert_eq!(other.post(&format!("/api/imports/{id}/run"), &json!({})).unwrap().status, 404);
    }
    // Who may not create products imports none, also not his own file, and is told so.
    let sent = emil.upload("/api/attachment/content?name=goods.csv", PRODUCTS.as_bytes());
    let own = sent.unwrap().expect(201).id();
    let choice = json!({ "model": "product", "columns": { "name": "Name" }, "separator": ";" });
    let begun = emil.post(&format!("/api/imports/{own}/run"), &choice).unwrap();
    assert_eq!(begun.status, 403);
    // The same by the API alone: propose, try, run.
    let api = &house.page;
    let proposed = api.get(&format!("/api/imports/{id}/choice?model=product")).unwrap().expect(200);
    assert_eq!(proposed.body["columns"]["list_price"], "List price");
    let mut choice = proposed.body;
    choice["decimal"] = json!(",");
    let preview = api.post(&format!("/api/imports/{id}/preview"), &choice).unwrap().expect(200);
    assert_eq!(preview.body["would_create"], 7);
    let lines = preview.body["problems"].as_array().unwrap().iter().map(|p| p["line"].as_u64());
    assert_eq!(lines.collect::<Option<Vec<_>>>().unwrap(), [3, 5, 6]);
    api.post(&format!("/api/imports/{id}/run"), &choice).unwrap().expect(202);
    assert_eq!(api.post(&format!("/api/imports/{id}/run"), &choice).unwrap().status, 409);
}

async fn a_long_file_is_imported_slice_by_slice() {
    let house = House::open().await;
    let rows: String = (0..1_200).map(|n| format!("{n},Customer {n}\n")).collect();
    let place = house.send("party", &format!("id,name\n{rows}"));
    let file = place.split('?').next().unwrap().to_owned();
    let choice = [("model", "party"), ("separator", ","), ("key", "id"), ("c.name", "name")];
    house.post(&format!("{file}/run"), &choice).expect(303);
    house.served.shop.kernel.run_due_jobs().await.unwrap();
    // One slice is there, whole, and the page says so.
    let part = house.get(&file).expect(200);
    has(&part, &["value=\"500\"", "max=\"1200\""]);
    house.work().await;
    has(&house.get(&file).expect(200), &["<dt>Created</dt><dd>1,200</dd>"]);
    let made = sample::all(&house.bo, "party", "name != 'Bo'", &["name"]).await.unwrap();
    let names =
        made.iter().filter(|party| party["name"].as_str().unwrap().starts_with("Customer "));
    assert_eq!(names.count(), 1_200);
}
