//! Pages as their readers get them: a value of each type shown and entered, each kind of view, what
//! one may not see, what a hostile text does, and that all of it works by plain forms.

use fondaco_kernel::schema::{Origin, Source};
use fondaco_kernel::{Database, Setup};
use fondaco_server::desk::Desk;
use fondaco_tests::program::{Answer, quoted};
use fondaco_tests::{Client, Served, Shop, both};
use fondaco_values::AnyId;
use serde_json::{Value as Json, json};

both! {
    a_value_of_each_type_is_shown_and_entered,
    a_form_makes_and_changes_a_record,
    what_was_not_touched_is_not_written,
    two_who_change_the_same_choose_field_by_field,
    actions_are_buttons_and_say_why_not,
    a_list_is_narrowed_grouped_and_exported,
    a_list_is_drawn_and_set_against_itself,
    a_dashboard_shows_what_its_reader_may_see,
    a_card_moves_on_the_board,
    a_calendar_shows_a_month_or_a_week,
    cells_can_be_changed_by_whoever_may_write,
    what_one_may_not_see_is_not_in_the_source,
    nothing_that_somebody_writes_runs,
    somebody_signs_in_by_a_plain_form,
}

const SAMPLE: &str = r#"
model = "own.sample"
label = "Sample"
title = "name"
help = "A thing with a field of each type."
[fields]
name = { type = "text", required = true, search = true }
story = { type = "long_text" }
mail = { type = "email" }
call = { type = "phone" }
page = { type = "url" }
pieces = { type = "integer" }
weight = { type = "decimal", scale = 3 }
price = { type = "money" }
share = { type = "percent" }
active = { type = "bool", required = true, default = "false" }
day = { type = "date" }
at = { type = "date_time" }
span = { type = "duration" }
colour = { type = "choice", values = ["red", "green"] }
party = { type = "link", to = "party", index = true }
others = { type = "links", to = "party" }
tags = { type = "tags" }
file = { type = "file" }
data = { type = "json" }
wage = { type = "money", class = "pay" }
parts = { type = "lines", of = "own.part" }
total = { type = "money", compute = "sum(parts.amount)", stored = true }
[states]
initial = "new"
values = ["new", "ready", "done"]
[actions.ready]
from = ["new"]
to = "ready"
[actions.finish]
from = ["ready"]
to = "done"
require = "size(parts) > 0"
refusal = "A sample has parts."
[actions.reject]
label = "Reject"
from = ["new", "ready"]
to = "done"
args.reason = { type = "text", required = true }
[access.employee]
read = "true"
create = "true"
write = "state != 'done'"
delete = "state == 'new'"
actions = ["ready", "finish", "reject"]
[views.list]
columns = ["name", "colour", "party", "day", "state", "price"]
sort = "name"
[views.form]
groups = [{ label = "First", fields = ["name", "story", "parts", "total"] }]
[views.calendar]
start = "day"
title = "name"
[views.kanban]
group = "state"
title = "name"
subtitle = "party"
sum = "price"
"#;

const PART: &str = r#"
model = "own.part"
title = "what"
[fields]
sample = { type = "link", to = "own.sample" }
what = { type = "text", required = true }
quantity = { type = "decimal", scale = 3, required = true, default = "1.0" }
price = { type = "money", required = true, default = "0.0" }
amount = { type = "money", compute = "quantity * price", stored = true }
"#;

const BOARD: &str = r#"
dashboard = "own.workshop"
label = "Workshop"
roles = ["employee"]
[[tiles]]
label = "All samples"
kind = "figure"
model = "own.sample"
[[tiles]]
label = "Prices this month"
kind = "figure"
model = "own.sample"
sum = "price"
date = "day"
[[tiles]]
label = "Wages"
kind = "figure"
model = "own.sample"
sum = "wage"
[[tiles]]
label = "Secrets"
kind = "figure"
model = "own.sample"
filter = "false"
[[tiles]]
label = "By colour"
kind = "chart"
model = "own.sample"
group = "colour"
[[tiles]]
label = "Dearest"
kind = "list"
model = "own.sample"
sort = ["-price"]
columns = ["name", "price"]
limit = 2
"#;

/// A company with samples, an employee and his browser.
struct House {
    served: Served,
    emil: Desk,
    page: Client,
}

impl House {
    async fn open() -> House {
        let mut setup = Setup::new(Database::Memory, Vec::new());
        let data = fondaco_tests::shop::COMPANY.to_owned();
        setup.data.push(("company.toml".to_owned(), data));
        for (path, text) in [
            ("models/sample.toml", SAMPLE),
            ("models/part.toml", PART),
            ("dashboards/workshop.toml", BOARD),
        ] {
            let (path, text) = (path.to_owned(), text.to_owned());
            setup.company.push(Source { origin: Origin::Company, path, text });
        }
        let shop = Shop::of(setup).await;
        let emil = shop.user("Emil", &["employee"]).await;
        let served = Served::open(shop);
        let page = served.client(&emil).await;
        House { served, emil, page }
    }

    fn get(&self, path: &str) -> Answer {
        get(&self.page, path)
    }

    fn post(&self, path: &str, pairs: &[(&str, &str)]) -> Answer {
        let one = |(name, value): &(&str, &str)| format!("{}={}", quoted(name), quoted(value));
        let body = pairs.iter().map(one).collect::<Vec<_>>().join("&");
        self.page.send("POST", path, Some(&body), &HTML).unwrap()
    }

    async fn sample(&self, fields: Json) -> AnyId {
        self.emil.create("own.sample", fields).await.unwrap()
    }

    async fn read(&self, id: AnyId) -> Json {
        self.emil.get("own.sample", id).await.unwrap()
    }
}

const HTML: [(&str, &str); 1] = [("accept", "text/html")];

fn get(client: &Client, path: &str) -> Answer {
    client.send("GET", path, None, &HTML).unwrap()
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

/// What an input of a page holds.
fn input(page: &str, name: &str) -> String {
    let start = format!("name=\"{name}\" value=\"");
    let found = page.split(&start).nth(1).unwrap_or_else(|| panic!("no input {name} in {page}"));
    let text = found.split('"').next().unwrap();
    let marks = [("&quot;", "\""), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")];
    marks.iter().fold(text.to_owned(), |text, (mark, plain)| text.replace(mark, plain))
}

async fn a_value_of_each_type_is_shown_and_entered() {
    let house = House::open().await;
    let party = house.served.shop.admin.create("party", json!({ "name": "Verdi" })).await.unwrap();
    let fields = json!({
        "name": "Bolt", "story": "one\ntwo", "mail": "a@b.eu", "call": "+48 600-123", "page":
        "https://b.eu/x", "pieces": 12_345, "weight": "2.5", "price": "1234.5", "share": "0.125",
        "active": true, "day": "2026-03-05", "at": "2026-03-05T14:07:00Z", "span": 5400,
        "colour": "red", "party": party, "others": [party], "tags": ["a", "b c"],
        "data": { "k": [1] }, "parts": [{ "what": "nut", "quantity": "2", "price": "3" }],
    });
    let id = house.sample(fields).await;
    let page = house.get(&format!("/own.sample/{id}")).expect(200);
    // Entered plainly: as the field's own input, with what a reader of HTML would send back.
    has(
        &page,
        &[
            "type=\"text\" id=\"f-name\" name=\"name\" value=\"Bolt\"",
            "name=\"story\" rows=\"3\">\none\ntwo</textarea>",
            "type=\"email\" id=\"f-mail\" name=\"mail\" value=\"a@b.eu\"",
            "type=\"tel\" id=\"f-call\" name=\"call\" value=\"+48 600-123\"",
            "type=\"url\" id=\"f-page\" name=\"page\" value=\"https://b.eu/x\"",
            "name=\"pieces\" value=\"12345\"",
            "name=\"weight\" value=\"2.5\"",
            "name=\"price\" value=\"1234.50\"",
            "name=\"share\" value=\"12.5\"",
            "name=\"active\" value=\"true\" checked",
            "type=\"date\" id=\"f-day\" name=\"day\" value=\"2026-03-05\"",
            "type=\"datetime-local\" id=\"f-at\" name=\"at\" value=\"2026-03-05T14:07:00\"",
            "name=\"span\" value=\"1:30\"",
            "<option value=\"red\" selected>Red</option>",
            &format!("type=\"hidden\" name=\"party\" value=\"{party}\""),
            "name=\"party~\" value=\"Verdi\"",
            &format!("name=\"others\" data-links=\"party\" value=\"{party}\""),
            "name=\"tags\" value=\"a; b c\"",
            "file-box",
            "name=\"data\" rows=\"3\"",
            "name=\"parts.0.what\" value=\"nut\"",
            "<output data-of=\"parts.0.amount\"><span class=\"n\">6.00</span></output>",
            "<output data-of=\"total\"><span class=\"n\">6.00</span></output>",
        ],
    );
    // Shown: as one reads it.
    house.emil.act("own.sample", id, "ready", Json::Null).await.unwrap();
    house.emil.act("own.sample", id, "finish", Json::Null).await.unwrap();
    let page = house.get(&format!("/own.sample/{id}")).expect(200);
    has(
        &page,
        &[
            "<span class=\"long\">one\ntwo</span>",
            "<a href=\"mailto:a@b.eu\">",
            "<a href=\"tel:+48600123\">",
            "<a href=\"https://b.eu/x\" rel=\"noopener noreferrer nofollow\"",
            "<span class=\"n\">12,345</span>",
            "<span class=\"n\">2.5</span>",
            "<span class=\"n\">1,234.50</span>",
            "<span class=\"n\">12.5%</span>",
            "<span class=\"yes\">Yes</span>",
            "datetime=\"2026-03-05\">5\u{a0}Mar\u{a0}2026</time>",
            "datetime=\"2026-03-05T14:07:00Z\"",
            "<span class=\"n\">1:30</span>",
            ">Red</span>",
            &format!("<a href=\"/party/{party}\">Verdi</a>"),
            "<span class=\"tag\">b c</span>",
            "<pre class=\"json\">",
            "You may read this record.",
        ],
    );
}

async fn a_form_makes_and_changes_a_record() {
    let house = House::open().await;
    let page = house.get("/own.sample/new").expect(200);
    let was = input(html(&page), "_was");
    let filled = [
        ("_was", was.as_str()),
        ("name", "Bolt"),
        ("price", "1,234.50"),
        ("share", "12.5"),
        ("active", "false"),
        ("active", "true"),
        ("at", "2026-03-05T14:07"),
        ("span", "1:30"),
        ("tags", "a; b c"),
        ("parts.0.what", "nut"),
        ("parts.0.quantity", "2"),
        ("parts.0.price", "3"),
        ("parts.1.what", ""),
    ];
    let made = house.post("/own.sample/new", &filled).expect(303);
    let id: AnyId = made.header("location").rsplit('/').next().unwrap().parse().unwrap();
    let rec = house.read(id).await;
    assert_eq!(
        json!([rec["name"], rec["price"], rec["share"], rec["active"], rec["at"], rec["span"]]),
        json!(["Bolt", "1234.50", "0.125", true, "2026-03-05T14:07:00Z", 5400])
    );
    assert_eq!((rec["tags"].clone(), rec["total"].clone()), (json!(["a", "b c"]), json!("6.00")));
    assert_eq!(rec["parts"].as_array().unwrap().len(), 1, "a row that nobody filled is none");
    // What is wrong is said above the form and beside the field, and what was typed is there.
    let wrong = [("_was", was.as_str()), ("name", ""), ("mail", "nobody"), ("price", "a lot")];
    let page = house.post("/own.sample/new", &wrong).expect(422);
    has(&page, &["Price is a number, such as 1234.5.", "value=\"a lot\"", "aria-invalid=\"true\""]);
    let wrong = [("_was", was.as_str()), ("name", ""), ("mail", "nobody")];
    let page = house.post("/own.sample/new", &wrong).expect(422);
    has(&page, &["2 things stand in the way", "Name is required.", "Mail is no e-mail address"]);
}

/// Somebody else changes one field while the form of another is open: both hold.
async fn what_was_not_touched_is_not_written() {
    let house = House::open().await;
    let id = house.sample(json!({ "name": "Bolt", "story": "old", "pieces": 1 })).await;
    let path = format!("/own.sample/{id}");
    let page = house.get(&path).expect(200);
    let was = input(html(&page), "_was");
    house.emil.update("own.sample", id, json!({ "pieces": 2 })).await.unwrap();
    let sent = [("_was", was.as_str()), ("name", "Bolt"), ("story", "new"), ("pieces", "1")];
    house.post(&path, &sent).expect(303);
    let rec = house.read(id).await;
    assert_eq!((&rec["story"], &rec["pieces"]), (&json!("new"), &json!(2)));
}

async fn two_who_change_the_same_choose_field_by_field() {
    let house = House::open().await;
    let id = house.sample(json!({ "name": "Bolt", "story": "old" })).await;
    let path = format!("/own.sample/{id}");
    let page = house.get(&path).expect(200);
    let (was, version) = (input(html(&page), "_was"), input(html(&page), "_version"));
    house.emil.update("own.sample", id, json!({ "story": "theirs" })).await.unwrap();
    let mine = [("_was", was.as_str()), ("_version", &version), ("story", "mine")];
    let page = house.post(&path, &mine).expect(409);
    has(&page, &["Changed meanwhile", "value=\"theirs\"", "value=\"mine\" checked"]);
    assert_eq!(house.read(id).await["story"], "theirs", "nothing is overwritten unseen");
    let (was, version) = (input(html(&page), "_was"), input(html(&page), "_version"));
    let chosen = [("_was", was.as_str()), ("_version", &version), ("story", "mine")];
    house.post(&path, &chosen).expect(303);
    assert_eq!(house.read(id).await["story"], "mine");
}

async fn actions_are_buttons_and_say_why_not() {
    let house = House::open().await;
    let id = house.sample(json!({ "name": "Bolt" })).await;
    let path = format!("/own.sample/{id}");
    let page = house.get(&path).expect(200);
    has(
        &page,
        &[
            &format!("action=\"{path}/ready\""),
            "<li aria-current=\"step\">New</li>",
            // Not from this state, and what it asks for.
            "It is possible when the state is Ready.",
            "id=\"a-reject-reason\" name=\"reason\"",
        ],
    );
    house.post(&format!("{path}/ready"), &[]).expect(303);
    let page = house.get(&path).expect(200);
    has(&page, &["Not possible now: A sample has parts."]);
    assert!(!html(&page).contains(&format!("action=\"{path}/finish\"")));
    // Whoever asks all the same is refused by the same rule.
    house.post(&format!("{path}/finish"), &[]).expect(303);
    assert_eq!(house.read(id).await["state"], "ready");
    house.post(&format!("{path}/reject"), &[("reason", "too thin")]).expect(303);
    assert_eq!(house.read(id).await["state"], "done");
    house.get("/own.sample/99").expect(404);
}

async fn a_list_is_narrowed_grouped_and_exported() {
    let house = House::open().await;
    for (name, colour, price, day) in [
        ("Anvil", "red", "10", "2026-01-05"),
        ("=Bolt", "green", "20.5", "2026-01-20"),
        ("Clamp", "red", "1", "2026-02-01"),
    ] {
        let fields = json!({ "name": name, "colour": colour, "price": price, "day": day });
        house.sample(fields).await;
    }
    let page = house.get("/own.sample").expect(200);
    has(&page, &["3 records", ">Anvil</a>", "<span class=\"n sum\">31.50</span>"]);
    let page = house.get("/own.sample?f.colour=red&f.day=2026-01").expect(200);
    has(&page, &["1 record<", "Colour: Red", ">Anvil</a>"]);
    assert!(!html(&page).contains(">Clamp</a>"));
    let page = house.get(&format!("/own.sample?filter={}", quoted("price > 5.0"))).expect(200);
    has(&page, &["2 records", ">=Bolt</a>"]);
    house.get("/own.sample?filter=pric%20%3E%205").expect(422);
    let page = house.get("/own.sample?group=colour").expect(200);
    has(&page, &["href=\"/own.sample?f.colour=red\"", "<td class=\"n\">2</td>", "11.00"]);
    let page = house.get("/own.sample?group=day").expect(200);
    has(&page, &["f.day=2026-01", "f.day=2026-02"]);
    let page = house.get("/own.sample?q=nothing").expect(200);
    has(&page, &["Nothing matches."]);
    let file = house.get("/own.sample/export?columns=name,price,day&sort=-price").expect(200);
    let lines: Vec<&str> = html(&file).trim_start_matches('\u{feff}').lines().collect();
    assert_eq!(
        lines,
        ["Name,Price,Day", "'=Bolt,20.5,2026-01-20", "Anvil,10,2026-01-05", "Clamp,1,2026-02-01"]
    );
    // A view is kept with its query, for its owner.
    let view = [("model", "own.sample"), ("query", "f.colour=red"), ("name", "The red ones")];
    house.post("/do/view", &view).expect(303);
    has(&house.get("/own.sample").expect(200), &["The red ones", "/own.sample?f.colour=red"]);
    let ada = house.served.client(&house.served.shop.user("Ada2", &["employee"]).await).await;
    assert!(!html(&get(&ada, "/own.sample").expect(200)).contains("The red ones"));
}

/// Groups as bars; two fields across each other, with sums both ways, each cell a way to its records.
async fn a_list_is_drawn_and_set_against_itself() {
    let house = House::open().await;
    for (name, colour, price, day) in [
        ("Anvil", "red", "10", "2026-01-05"),
        ("Bolt", "green", "20.5", "2026-04-20"),
        ("Clamp", "red", "1", "2026-02-01"),
    ] {
        let fields = json!({ "name": name, "colour": colour, "price": price, "day": day });
        house.sample(fields).await;
    }
    let page = house.get("/own.sample?group=colour&show=chart").expect(200);
    has(&page, &["<svg", "<title>Samples · Price</title>", "Green: 20.50; Red: 11.00"]);
    has(&page, &["<a href=\"/own.sample?f.colour=red\" aria-label=\"Red\">"]);
    let page = house.get("/own.sample?group=day.month&show=chart").expect(200);
    has(&page, &["2026-01: 10.00; 2026-02: 1.00; 2026-04: 20.50", "<line"]);

    let pivot = "/own.sample?show=pivot&group=colour&across=day.quarter&measure=price";
    let page = house.get(pivot).expect(200);
    let cell = |query: &str, said: &str| {
        format!("<a href=\"/own.sample?{query}\"><span class=\"n sum\">{said}</span></a>")
    };
    has(
        &page,
        &[
            &cell("f.colour=red&amp;f.day=2026-Q1", "11.00"),
            &cell("f.colour=green&amp;f.day=2026-Q2", "20.50"),
            &cell("f.colour=red", "11.00"),
            &cell("f.day=2026-Q1", "11.00"),
        ],
    );
    assert!(
        !html(&page).contains("f.colour=green&amp;f.day=2026-Q1"),
        "an empty cell leads nowhere"
    );
    let page = house.get("/own.sample?f.colour=red&f.day=2026-Q1").expect(200);
    has(&page, &["2 records", ">Anvil</a>", ">Clamp</a>"]);
    has(&house.get("/own.sample?f.day=2026").expect(200), &["3 records"]);
    house.get("/own.sample?f.day=2026-Q5").expect(422);
    let page = house.get("/own.sample?show=pivot&measure=count").expect(200);
    has(&page, &["href=\"/own.sample?f.state=new\">3</a>"]);
    assert!(!html(&page).contains("wage"));
    house.get("/own.sample?show=pivot&measure=wage").expect(422);
    house.get("/own.sample?show=pivot&group=name").expect(422);

    let (status, file) = house.page.file("/own.sample/export.xlsx?columns=name,price").unwrap();
    assert_eq!((status, &file[..2]), (200, &b"PK"[..]));
}

async fn a_dashboard_shows_what_its_reader_may_see() {
    let house = House::open().await;
    house.served.shop.on("2026-03-20");
    for (name, colour, price, day) in [
        ("Anvil", "red", "10", "2026-02-05"),
        ("Bolt", "green", "30", "2026-03-02"),
        ("Clamp", "red", "1", "2025-12-31"),
    ] {
        let fields = json!({ "name": name, "colour": colour, "price": price, "day": day });
        house.sample(fields).await;
    }
    let page = house.get("/").expect(200);
    has(&page, &["All samples", "<span class=\"n\">3</span>", "By colour", "Green: 1; Red: 2"]);
    // This month beside the one before, and the way to what it is made of.
    has(&page, &["<span class=\"n sum\">30.00</span>", "+200", "last month"]);
    let days = "day%20%3E%3D%20date%28%222026-03-01%22%29%20%26%26%20day%20%3C%3D%20date%28%222026-03-31%22%29";
    has(&page, &[&format!("href=\"/own.sample?filter={days}\"")]);
    has(&house.get(&format!("/own.sample?filter={days}")).expect(200), &["1 record<", ">Bolt</a>"]);
    has(&page, &["Dearest", ">Bolt</a>", ">Anvil</a>"]);
    assert!(!html(&page).contains(">Clamp</a>"), "two of three");
    // A field that he may not read is not summed up for him.
    assert!(!html(&page).contains("Wages"));
    house.get("/?dashboard=own.nothing").expect(404);
    // Programs are told the same.
    let own = house.page.get("/api/dashboards/own.workshop").unwrap().expect(200);
    let tiles = own.body["tiles"].as_array().unwrap();
    let labels: Vec<&str> = tiles.iter().map(|t| t["tile"]["label"].as_str().unwrap()).collect();
    assert_eq!(labels, ["All samples", "Prices this month", "Secrets", "By colour", "Dearest"]);
    assert_eq!(tiles[0]["figures"]["now"]["groups"][0]["count"], 3);
    let guest = house.served.client(&house.served.shop.user("Gus", &[]).await).await;
    assert!(!html(&get(&guest, "/").expect(200)).contains("All samples"));
    house.get("/?dashboard=own.workshop").expect(200);
    get(&guest, "/?dashboard=own.workshop").expect(404);
}

async fn a_card_moves_on_the_board() {
    let house = House::open().await;
    let id = house.sample(json!({ "name": "Bolt", "price": "7" })).await;
    let page = house.get("/own.sample/board").expect(200);
    has(&page, &["data-value=\"new\"", ">Bolt</a>", "data-to=\"ready\"", "7.00"]);
    let id = id.to_string();
    house.post("/do/move/own.sample", &[("id", &id), ("to", "ready")]).expect(303);
    assert_eq!(house.read(id.parse().unwrap()).await["state"], "ready");
    // Where no action leads, no card goes.
    let refused =
        house.page.send("POST", "/do/move/own.sample", Some(&format!("id={id}&to=new")), &[]);
    assert_eq!(refused.unwrap().status, 422);
    assert_eq!(house.read(id.parse().unwrap()).await["state"], "ready");
}

async fn a_calendar_shows_a_month_or_a_week() {
    let house = House::open().await;
    let bolt = house.sample(json!({ "name": "Bolt", "day": "2026-03-05" })).await;
    let nut = house.sample(json!({ "name": "Nut", "day": "2026-04-20" })).await;
    for n in 0..6 {
        house.sample(json!({ "name": format!("Ring {n}"), "day": "2026-03-12" })).await;
    }
    has(&house.get("/own.sample"), &["href=\"/own.sample/calendar\""]);
    let address = |id: AnyId| format!("href=\"/own.sample/{id}\"");
    // The month of the clock, Monday first, with the way to a new one by day.
    let month = house.get("/own.sample/calendar").expect(200);
    has(&month, &[&address(bolt), "/own.sample/new?day=2026-03-05", "+ 2"]);
    assert!(!html(&month).contains(&address(nut)));
    has(&month, &["calendar?day=2026-02-28", "calendar?day=2026-04-01", "class=\" today\""]);
    let week = house.get("/own.sample/calendar?day=2026-03-12&by=week").expect(200);
    has(&week, &["Ring 0", "Ring 5", "day=2026-03-08&amp;by=week", "day=2026-03-16&amp;by=week"]);
    assert!(!html(&week).contains(&address(bolt)));
    has(&house.get("/own.sample/calendar?day=2026-04-01&q=nut").expect(200), &[&address(nut)]);
    // A model without such a view has none, and no way that pretends it.
    assert_eq!(house.get("/party/calendar").status, 404);
    assert!(!html(&house.get("/party")).contains("/party/calendar"));
}

/// A script opens these cells with the record's own form, so they are there for whoever may write.
async fn cells_can_be_changed_by_whoever_may_write() {
    let house = House::open().await;
    house.sample(json!({ "name": "Bolt", "colour": "red" })).await;
    let list = house.get("/own.sample").expect(200);
    has(&list, &["data-field=\"name\"", "data-field=\"colour\"", "data-field=\"day\""]);
    assert!(!html(&list).contains("data-field=\"state\""), "a state is changed by actions");
    let party = json!({ "name": "Verdi" });
    house.served.shop.admin.create("party", party).await.unwrap();
    let read = house.get("/party").expect(200);
    has(&read, &["Verdi"]);
    assert!(!html(&read).contains("data-field"), "an employee reads parties only");
}

async fn what_one_may_not_see_is_not_in_the_source() {
    let house = House::open().await;
    let master = house.served.shop.master("Mona").await;
    let fields = json!({ "name": "Bolt", "wage": "4711" });
    // Nobody may write a wage but who holds the class; where no role does, it stays empty.
    let id = match master.create("own.sample", fields).await {
        Ok(id) => id,
        Err(_) => house.sample(json!({ "name": "Bolt" })).await,
    };
    for path in [
        format!("/own.sample/{id}"),
        "/own.sample".to_owned(),
        "/own.sample?columns=name,wage".to_owned(),
        "/own.sample/new".to_owned(),
        "/own.sample/export?columns=name,wage".to_owned(),
        "/own.sample/board".to_owned(),
        "/own.sample?show=pivot".to_owned(),
        "/search?q=bolt".to_owned(),
    ] {
        let page = house.get(&path).expect(200);
        let text = html(&page).to_lowercase();
        // An address says again what was asked of it, and no more.
        let named = text.replace("columns=name%2cwage", "").replace("name,wage", "");
        let named = named.replace("value=\"wage\"", "");
        assert!(!named.contains("wage") && !text.contains("4711"), "{path}\n{text}");
    }
    house.get("/own.sample?f.wage=4711").expect(422);
    house.get("/own.sample?group=wage").expect(422);
    // A model without any right is no page, and in no menu.
    let page = house.get("/").expect(200);
    assert!(!html(&page).contains("saved_view"));
    let stranger = house.served.stranger();
    let door = get(&stranger, "/own.sample?q=a").expect(303);
    assert_eq!(door.header("location"), "/sign-in?next=%2Fown.sample%3Fq%3Da");
}

/// What people have tried elsewhere, through every text of a record.
const HOSTILE: &[&str] = &[
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "' onmouseover='alert(1)",
    "</textarea><script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "<svg/onload=alert(1)>",
    "javascript:alert(1)",
    "{{constructor.constructor('alert(1)')()}}",
    "<!--<script>",
    "&lt;script&gt;",
    "\u{202e}<iframe srcdoc='<script>alert(1)</script>'>",
    "</script><script>alert(1)</script>",
];

async fn nothing_that_somebody_writes_runs() {
    let house = House::open().await;
    let admin = &house.served.shop.admin;
    for text in HOSTILE {
        let party = admin.create("party", json!({ "name": text })).await.unwrap();
        let id = house
            .sample(json!({ "name": text, "story": text, "party": party, "tags": [text],
                "data": { *text: text }, "parts": [{ "what": text }] }))
            .await;
        let note = [("model", "own.sample"), ("record", &id.to_string()), ("text", text)];
        house.post("/do/note", &note).expect(303);
        house.emil.update("own.sample", id, json!({ "story": format!("{text}!") })).await.unwrap();
        for path in [
            format!("/own.sample/{id}"),
            "/own.sample".to_owned(),
            "/own.sample?group=party".to_owned(),
            format!("/own.sample?q={}", quoted(text)),
            format!("/own.sample?f.colour={}", quoted(text)),
            format!("/search?q={}", quoted(text)),
            "/own.sample/board".to_owned(),
            format!("/own.sample/new?name={}", quoted(text)),
            format!("/own.sample/new?from={id}"),
            format!("/sign-in?next={}", quoted(text)),
        ] {
            let page = house.get(&path);
            is_tame(&path, &page);
        }
        // Sent back as it was typed, it is as harmless.
        let page = house.post("/own.sample/new", &[("name", ""), ("story", text), ("mail", text)]);
        is_tame("a refused form", &page);
    }
}

type Tag = (String, Vec<(String, String)>);

/// The elements of a page with their attributes, as a browser finds them.
fn tags(page: &str) -> Vec<Tag> {
    let mut found = Vec::new();
    let mut rest = page;
    while let Some((_, after)) = rest.split_once('<') {
        rest = after;
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '-').unwrap_or(rest.len());
        let (name, mut inside) = rest.split_at(end);
        let mut attributes = Vec::new();
        loop {
            inside = inside.trim_start();
            let end = inside
                .find(|c: char| c.is_whitespace() || "=>".contains(c))
                .unwrap_or(inside.len());
            let (attribute, after) = inside.split_at(end);
            let (value, after) = match after.strip_prefix("=\"") {
                Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
                None => ("", after),
            };
            if !attribute.is_empty() {
                attributes.push((attribute.to_lowercase(), value.to_owned()));
            }
            inside = after;
            if inside.is_empty() || inside.starts_with('>') {
                break;
            }
        }
        rest = inside;
        found.push((name.to_lowercase(), attributes));
    }
    found
}

/// The only elements of a page are ours: what came from outside is text.
fn is_tame(path: &str, page: &Answer) {
    let text = html(page);
    let scripts = text.matches("<script").count();
    assert_eq!(scripts, 1, "{path}: the page's own script and no other\n{text}");
    for tag in tags(text) {
        let (name, attributes) = &tag;
        assert!(
            !["img", "iframe", "svg", "object", "embed", "base", "style"].contains(&name.as_str()),
            "{path}: {tag:?}"
        );
        for (attribute, value) in attributes {
            let runs = attribute.starts_with("on")
                || ["srcdoc", "style", "formaction"].contains(&attribute.as_str());
            let leads = ["href", "src", "action"].contains(&attribute.as_str());
            let elsewhere = leads && value.trim().to_lowercase().starts_with("javascript:");
            assert!(!runs && !elsewhere, "{path}: {tag:?}");
        }
    }
    let policy = page.header("content-security-policy");
    assert!(
        policy.contains("script-src 'self';") && !policy.contains("unsafe"),
        "{path}: {policy}"
    );
}

async fn somebody_signs_in_by_a_plain_form() {
    let house = House::open().await;
    let stranger = house.served.stranger();
    let form = |password: &str| {
        let password = quoted(password);
        let body = format!("login=emil%40works.example&password={password}&next=%2Fown.sample");
        stranger.send("POST", "/sign-in", Some(&body), &HTML).unwrap()
    };
    has(&form("not mine at all").expect(401), &["role=\"alert\""]);
    house.served.shop.on("2026-03-03");
    let signed = form(fondaco_tests::shop::PASSWORD).expect(303);
    assert_eq!(signed.header("location"), "/own.sample");
    let cookie = signed.header("set-cookie").to_owned();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
    let cookie = cookie.split(';').next().unwrap();
    let page = |site: &str, method: &str| {
        let headers = [("accept", "text/html"), ("cookie", cookie), ("sec-fetch-site", site)];
        stranger.send(method, "/do/look", Some("look=dark"), &headers).unwrap()
    };
    // Another site cannot have a browser change something here.
    page("cross-site", "POST").expect(403);
    page("same-origin", "POST").expect(303);
    let headers = [("accept", "text/html"), ("cookie", cookie)];
    let home = stranger.send("GET", "/", None, &headers).unwrap().expect(200);
    has(&home, &["Good day, Emil", "/own.sample"]);
    // Nobody is sent away to another site.
    let body =
        "login=emil%40works.example&password=nine+green+bottles+hanging&next=%2F%2Fevil.example";
    let signed = stranger.send("POST", "/sign-in", Some(body), &HTML).unwrap().expect(303);
    assert_eq!(signed.header("location"), "/");
}
