//! Views that are pages of their own, of any model: rows over time, trees. What stands on them, what
//! they change and what they refuse, by plain forms and in a browser by keyboard; that none of them
//! asks once a row.

use std::time::Instant;

use fondaco_kernel::schema::{Origin, Source};
use fondaco_kernel::{Database, Setup};
use fondaco_server::desk::Desk;
use fondaco_server::modules;
use fondaco_tests::browser::{Window, axe};
use fondaco_tests::program::{Answer, quoted};
use fondaco_tests::shop::{COMPANY, PASSWORD};
use fondaco_tests::{Browser, Client, Served, Shop, both};
use fondaco_values::AnyId;
use serde_json::{Value as Json, json};

both! {
    jobs_stand_in_rows_over_days,
    a_bar_is_moved_by_a_form,
    what_cannot_be_moved_is_refused,
    a_stop_of_a_tour_moves_by_its_document,
    operations_are_planned_by_work_centre,
    leave_shows_who_is_away,
    a_team_is_a_tree,
    a_tree_says_what_it_does_not_show,
    the_views_take_as_many_statements_for_90_records_as_for_3,
    ten_thousand_jobs_are_looked_at,
}

const BENCH: &str = r#"
model = "own.bench"
label = "Bench"
plural = "Benches"
title = "name"
[fields]
name = { type = "text", required = true, search = true }
part_of = { type = "link", to = "own.bench", index = true }
hours = { type = "decimal", scale = 2 }
calendar = { type = "link", to = "calendar" }
[access.employee]
read = "true"
create = "true"
write = "true"
[views.list]
columns = ["name"]
sort = "name"
[views.tree]
parent = "part_of"
fields = ["hours"]
"#;

const JOB: &str = r#"
model = "own.job"
label = "Job"
title = "name"
[fields]
name = { type = "text", required = true, search = true }
bench = { type = "link", to = "own.bench", index = true }
begins = { type = "date", index = true }
ends = { type = "date" }
hours = { type = "decimal", scale = 2 }
[states]
initial = "new"
values = ["new", "done"]
[actions.finish]
from = ["new"]
to = "done"
[access.employee]
read = "true"
create = "true"
write = "state != 'done'"
actions = ["finish"]
[views.timeline]
rows = "bench"
start = "begins"
end = "ends"
title = "name"
load = "hours"
capacity = "bench.hours"
calendar = "bench.calendar"
"#;

const TOUR: &str = r#"
model = "own.tour"
label = "Tour"
title = "name"
[fields]
name = { type = "text", required = true }
stops = { type = "lines", of = "own.stop" }
[access.employee]
read = "true"
create = "true"
write = "true"
"#;

const STOP: &str = r#"
model = "own.stop"
title = "place"
[fields]
tour = { type = "link", to = "own.tour" }
place = { type = "text", required = true }
day = { type = "date" }
bench = { type = "link", to = "own.bench", required = true }
[views.timeline]
rows = "bench"
start = "day"
title = "place"
"#;

const HTML: [(&str, &str); 1] = [("accept", "text/html")];
const WEEK: &str = "/own.job/timeline?day=2026-03-05&by=week";

/// A company of one's own models, an employee and his browser.
struct House {
    served: Served,
    emil: Desk,
    page: Client,
}

impl House {
    async fn open() -> House {
        let mut setup = Setup::new(Database::Memory, Vec::new());
        setup.data.push(("company.toml".to_owned(), COMPANY.to_owned()));
        for (name, text) in [("bench", BENCH), ("job", JOB), ("tour", TOUR), ("stop", STOP)] {
            let (path, text) = (format!("models/{name}.toml"), text.to_owned());
            setup.company.push(Source { origin: Origin::Company, path, text });
        }
        House::of(Shop::of(setup).await, &["employee"]).await
    }

    async fn of(shop: Shop, roles: &[&str]) -> House {
        let emil = shop.user("Emil", roles).await;
        let served = Served::open(shop);
        let page = served.client(&emil).await;
        House { served, emil, page }
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

    async fn bench(&self, name: &str, more: Json) -> AnyId {
        self.make("own.bench", json!({ "name": name }), more).await
    }

    async fn job(&self, name: &str, more: Json) -> AnyId {
        self.make("own.job", json!({ "name": name }), more).await
    }

    async fn make(&self, model: &str, mut fields: Json, more: Json) -> AnyId {
        fields.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
        self.emil.create(model, fields).await.unwrap()
    }

    /// `begins..ends` and the version of a job.
    async fn days(&self, id: AnyId) -> (String, String) {
        let rec = self.emil.get("own.job", id).await.unwrap();
        let text = |field: &str| rec[field].as_str().unwrap_or("-").to_owned();
        (format!("{}..{}", text("begins"), text("ends")), rec["version"].to_string())
    }

    fn window(&self, window: Window) -> Option<Browser> {
        let browser = Browser::open(&self.served.address, window)?;
        browser.sign_in("emil@works.example", PASSWORD);
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

/// What a page says of one record: its element's opening tag.
fn tag_of(page: &Answer, id: AnyId) -> String {
    let start = format!("data-id=\"{id}\"");
    let at = html(page).find(&start).unwrap_or_else(|| panic!("no {id} in {}", html(page)));
    let from = html(page)[..at].rfind('<').unwrap();
    let to = at + html(page)[at..].find('>').unwrap();
    html(page)[from..to].to_owned()
}

async fn jobs_stand_in_rows_over_days() {
    let house = House::open().await;
    let lathe = house.bench("Lathe", json!({ "hours": "6" })).await;
    house.bench("Press", json!({})).await;
    let shaft =
        json!({ "bench": lathe, "begins": "2026-03-03", "ends": "2026-03-05", "hours": "15" });
    let shaft = house.job("Shaft", shaft).await;
    let ring = json!({ "bench": lathe, "begins": "2026-03-05", "hours": "4" });
    let ring = house.job("Ring", ring).await;
    let loose = house.job("Loose", json!({ "begins": "2026-02-27", "ends": "2026-03-02" })).await;
    let later = house.job("Later", json!({ "bench": lathe, "begins": "2026-04-01" })).await;
    has(&house.get("/own.job"), &["href=\"/own.job/timeline\""]);
    let page = house.get(WEEK);
    // A row a bench, what stands at none in one of its own, and the days that are not worked.
    has(&page, &[&format!("data-row=\"{lathe}\""), "Unassigned", ">Press<", "not worked"]);
    has(&page, &["data-from=\"2026-03-02\"", "data-until=\"2026-03-08\"", "href=\"/own.bench/"]);
    let tag = tag_of(&page, shaft);
    for part in ["data-start=\"2026-03-03\"", "data-end=\"2026-03-05\"", "data-tone=\"new\""] {
        assert!(tag.contains(part), "{tag}");
    }
    assert!(
        tag.contains("aria-label=\"Shaft, 3\u{a0}Mar\u{a0}2026 – 5\u{a0}Mar\u{a0}2026, New\""),
        "{tag}"
    );
    assert!(tag.contains("data-move=\"both\""), "{tag}");
    has(&page, &["<td class=\"held\" colspan=\"3\">"]);
    // What began before is cut where the week begins, what is later is not there.
    assert!(tag_of(&page, loose).contains("bar before"), "{}", tag_of(&page, loose));
    assert!(!html(&page).contains(&later.to_string()));
    // 15 hours over three days are 5 a day; with the ring 9 on Thursday, and 6 fit.
    has(&page, &["5 of 6", "9 of 6, too full", "Too full: 1"]);
    // A bench that says nothing can do what its calendar's hours are.
    let press = json!({ "bench": house.bench("Drill", json!({})).await, "begins": "2026-03-06", "hours": "9" });
    house.job("Hole", press).await;
    has(&house.get(WEEK), &["9 of 8, too full"]);
    // By name of the row; a month, and a quarter by weeks.
    let found = house.get(&format!("{WEEK}&q=press"));
    assert!(!html(&found).contains(&shaft.to_string()) && html(&found).contains(">Press<"));
    has(
        &house.get("/own.job/timeline?day=2026-03-05"),
        &["data-from=\"2026-03-31\"", "colspan=\"3\""],
    );
    let quarter = house.get("/own.job/timeline?day=2026-03-05&by=quarter");
    has(&quarter, &["W10", "data-step=\"7\"", &later.to_string()]);
    assert!(tag_of(&quarter, ring).contains("data-start=\"2026-03-05\""));
    // A model without such a view has none, and no way that pretends it.
    assert_eq!(house.page.send("GET", "/own.bench/timeline", None, &HTML).unwrap().status, 404);
    assert!(!html(&house.get("/own.bench")).contains("/own.bench/timeline"));
}

async fn a_bar_is_moved_by_a_form() {
    let house = House::open().await;
    let (lathe, press) =
        (house.bench("Lathe", json!({})).await, house.bench("Press", json!({})).await);
    let shaft = json!({ "bench": lathe, "begins": "2026-03-03", "ends": "2026-03-05" });
    let shaft = house.job("Shaft", shaft).await;
    let (id, press) = (shaft.to_string(), press.to_string());
    let page = house.get(&format!("{WEEK}&move={id}"));
    has(
        &page,
        &[
            "name=\"start\" value=\"2026-03-03\"",
            "name=\"end\" value=\"2026-03-05\"",
            "name=\"row\"",
        ],
    );
    let (_, version) = house.days(shaft).await;
    // To another bench and day; it lasts as long as before.
    let wish = [
        ("id", id.as_str()),
        ("version", &version),
        ("start", "2026-03-09"),
        ("row", &press),
        ("back", WEEK),
    ];
    let moved = house.send("/do/plan/own.job", &wish, true).expect(303);
    assert_eq!(moved.header("location"), WEEK);
    assert_eq!(house.days(shaft).await.0, "2026-03-09..2026-03-11");
    assert_eq!(house.emil.get("own.job", shaft).await.unwrap()["bench"], press);
    // With an end of its own, and to no bench at all.
    let wish = [("id", id.as_str()), ("start", "2026-03-09"), ("end", "2026-03-09"), ("row", "")];
    house.send("/do/plan/own.job", &wish, true).expect(303);
    assert_eq!(house.days(shaft).await.0, "2026-03-09..2026-03-09");
    assert_eq!(house.emil.get("own.job", shaft).await.unwrap()["bench"], Json::Null);
    // Nobody is sent elsewhere.
    let wish = [("id", id.as_str()), ("start", "2026-03-10"), ("back", "//evil.example")];
    let moved = house.send("/do/plan/own.job", &wish, true).expect(303);
    assert_eq!(moved.header("location"), "/own.job/timeline");
}

async fn what_cannot_be_moved_is_refused() {
    let house = House::open().await;
    let lathe = house.bench("Lathe", json!({})).await;
    let shaft = json!({ "bench": lathe, "begins": "2026-03-03", "ends": "2026-03-05" });
    let shaft = house.job("Shaft", shaft).await;
    let id = shaft.to_string();
    let (_, version) = house.days(shaft).await;
    house.emil.update("own.job", shaft, json!({ "hours": "3" })).await.unwrap();
    // As somebody saw it, or not at all.
    let wish = [("id", id.as_str()), ("version", &version), ("start", "2026-03-09")];
    let refused = house.send("/do/plan/own.job", &wish, false);
    assert_eq!(refused.status, 412, "{:?}", refused.body);
    house.send("/do/plan/own.job", &wish, true).expect(303);
    for (name, value, status) in [("start", "soon", 422), ("start", "", 422), ("row", "x", 404)] {
        let wish = [("id", id.as_str()), ("start", "2026-03-09"), (name, value)];
        assert_eq!(house.send("/do/plan/own.job", &wish, false).status, status, "{name}={value}");
    }
    // What is done stays where it is: it is no handle, and the door says the same.
    house.emil.act("own.job", shaft, "finish", Json::Null).await.unwrap();
    let page = house.get(WEEK);
    assert!(!tag_of(&page, shaft).contains("data-move"), "{}", tag_of(&page, shaft));
    has(&house.get(&format!("{WEEK}&move={id}")), &["This cannot be moved here."]);
    let wish = [("id", id.as_str()), ("start", "2026-03-09")];
    assert_eq!(house.send("/do/plan/own.job", &wish, false).status, 403);
    assert_eq!(house.days(shaft).await.0, "2026-03-03..2026-03-05");
}

async fn a_stop_of_a_tour_moves_by_its_document() {
    let house = House::open().await;
    let (north, south) =
        (house.bench("North", json!({})).await, house.bench("South", json!({})).await);
    let stop = |place: &str, day: &str| json!({ "place": place, "day": day, "bench": north });
    let tour = json!({ "name": "Monday", "stops": [stop("Graz", "2026-03-03"), stop("Linz", "2026-03-04")] });
    let tour = house.emil.create("own.tour", tour).await.unwrap();
    let lines = house.emil.get("own.tour", tour).await.unwrap()["stops"].clone();
    let linz = lines[1]["id"].as_str().unwrap().to_owned();
    let page = house.get("/own.stop/timeline?day=2026-03-05&by=week");
    let tag = tag_of(&page, linz.parse().unwrap());
    assert!(
        tag.contains("Linz · Monday") && tag.contains(&format!("href=\"/own.tour/{tour}\"")),
        "{tag}"
    );
    assert!(!html(&page).contains("Unassigned"), "a stop always has its bench");
    let south = south.to_string();
    let wish = [("id", linz.as_str()), ("version", "1"), ("start", "2026-03-06"), ("row", &south)];
    house.send("/do/plan/own.stop", &wish, true).expect(303);
    let stops = house.emil.get("own.tour", tour).await.unwrap()["stops"].clone();
    let told: Vec<String> = stops
        .as_array()
        .unwrap()
        .iter()
        .map(|stop| format!("{} {} {}", stop["place"], stop["day"], stop["bench"] == south))
        .collect();
    assert_eq!(told, ["\"Graz\" \"2026-03-03\" false", "\"Linz\" \"2026-03-06\" true"]);
}

/// A workshop of two places, and an order that welds at the one and paints at the other.
async fn workshop() -> (House, Vec<AnyId>, AnyId) {
    let shop = Shop::open(modules::named(&["manufacturing".to_owned()]).unwrap()).await;
    shop.on("2026-03-02");
    let house = House::of(shop, &["manufacturing_manager"]).await;
    let unit = house.served.shop.admin.by_key("unit", "piece").await.unwrap();
    let mut centres = Vec::new();
    for (code, name) in [("BENCH", "Bench"), ("PAINT", "Paint shop")] {
        let centre = json!({ "code": code, "name": name, "hours_per_day": "8" });
        centres.push(house.emil.create("manufacturing.work_centre", centre).await.unwrap());
    }
    let bike = json!({ "code": "BIKE", "name": "Bike", "unit": unit });
    let bike = house.served.shop.admin.create("product", bike).await.unwrap();
    let steps: Vec<Json> = [("Weld", 0, "8"), ("Paint", 1, "4")]
        .map(
            |(name, at, hours)| json!({ "name": name, "work_centre": centres[at], "hours": hours }),
        )
        .to_vec();
    let bom = json!({ "product": bike, "operations": steps });
    house.emil.create("manufacturing.bom", bom).await.unwrap();
    let order =
        json!({ "product": bike, "quantity": "2", "due": "2026-03-20", "starts_on": "2026-03-09" });
    let order = house.emil.create("manufacturing.order", order).await.unwrap();
    house.emil.act("manufacturing.order", order, "release", Json::Null).await.unwrap();
    (house, centres, order)
}

/// The days of an order's operations and its own last one, the operations, its version.
async fn planned(house: &House, order: AnyId) -> (String, Vec<Json>, String) {
    let rec = house.emil.get("manufacturing.order", order).await.unwrap();
    let lines = rec["operations"].as_array().unwrap().clone();
    let day = |json: &Json| json.as_str().unwrap_or("-")[5..].to_owned();
    let one = |line: &Json| format!("{}..{}", day(&line["starts_on"]), day(&line["ends_on"]));
    let days = lines.iter().map(one).collect::<Vec<_>>().join(" ");
    (format!("{days}, {}", day(&rec["ready_on"])), lines, rec["version"].to_string())
}

async fn operations_are_planned_by_work_centre() {
    let (house, centres, order) = workshop().await;
    let (told, lines, version) = planned(&house, order).await;
    assert_eq!(told, "03-09..03-10 03-11..03-11, 03-11");
    // A link of the menu leads to the board, which says what is too much.
    let board = "/manufacturing.order_operation/timeline?day=2026-03-09&by=week";
    let page = house.get(board);
    has(
        &page,
        &[
            "<h1>Planning board</h1>",
            "href=\"/manufacturing.order_operation/timeline\" aria-current=\"page\"",
        ],
    );
    has(&page, &["Weld · MO-2026-00001", "Paint shop", "8 of 8"]);
    // Welding later, at the other place: painting follows.
    let (id, centre) = (lines[0]["id"].as_str().unwrap().to_owned(), centres[1].to_string());
    let wish = [
        ("id", id.as_str()),
        ("version", &version),
        ("start", "2026-03-12"),
        ("row", &centre),
        ("back", board),
    ];
    house.send("/do/plan/manufacturing.order_operation", &wish, true).expect(303);
    let (told, lines, _) = planned(&house, order).await;
    assert_eq!(told, "03-12..03-13 03-16..03-16, 03-16");
    assert_eq!(lines[0]["work_centre"], centre);
    // Who saw it before is told; nothing begins before what it needs, nor yesterday.
    let refused = house.send("/do/plan/manufacturing.order_operation", &wish, false);
    assert_eq!(refused.status, 412);
    let paint = lines[1]["id"].as_str().unwrap();
    for (line, start, code) in [(paint, "2026-03-10", "too_early"), (&id, "2026-02-27", "past")] {
        let wish = [("id", line), ("start", start)];
        let refused =
            house.send("/do/plan/manufacturing.order_operation", &wish, false).expect(422);
        assert_eq!(refused.body["errors"][0]["code"], code);
    }
    // A worker looks, and moves nothing.
    let wyn = house.served.shop.user("Wyn", &["manufacturing_user"]).await;
    let worker = house.served.client(&wyn).await;
    let page = worker.send("GET", board, None, &HTML).unwrap().expect(200);
    assert!(!tag_of(&page, id.parse().unwrap()).contains("data-move"));
}

async fn leave_shows_who_is_away() {
    let shop = Shop::open(modules::named(&["hr".to_owned()]).unwrap()).await;
    let house = House::of(shop, &["hr_officer"]).await;
    let kind = house.served.shop.admin.by_key("hr.leave_type", "holidays").await.unwrap();
    let mut people = Vec::new();
    for name in ["Ann", "Ben"] {
        let party = json!({ "name": name, "kind": "person" });
        let party = house.served.shop.admin.create("party", party).await.unwrap();
        let employee = json!({ "party": party, "hired_on": "2026-01-01" });
        people.push(house.emil.create("hr.employee", employee).await.unwrap());
    }
    let gone = json!({ "left_on": "2026-01-31" });
    let party = json!({ "name": "Zed", "kind": "person" });
    let party = house.served.shop.admin.create("party", party).await.unwrap();
    let zed = json!({ "party": party, "hired_on": "2025-01-01" });
    let zed = house.emil.create("hr.employee", zed).await.unwrap();
    house.emil.update("hr.employee", zed, gone).await.unwrap();
    let mut leaves = Vec::new();
    for (who, from, to) in [(0, "2026-03-03", "2026-03-05"), (1, "2026-03-05", "2026-03-06")] {
        let leave =
            json!({ "employee": people[who], "leave_type": kind, "from_day": from, "to_day": to });
        leaves.push(house.emil.create("hr.leave", leave).await.unwrap());
    }
    let page = house.get("/hr.leave/timeline?day=2026-03-05&by=week");
    has(&page, &["<h1>Leave calendar</h1>", ">Ann<", ">Ben<", "At once"]);
    assert!(!html(&page).contains(">Zed<"), "who has left is not away");
    // Each of the columns says how many are away: on Thursday two.
    let foot = html(&page).split("<tfoot>").nth(1).unwrap().split("</tfoot>").next().unwrap();
    let counts: Vec<&str> = foot
        .split("<td>")
        .skip(1)
        .map(|cell| {
            if cell.contains('1') {
                "1"
            } else if cell.contains('2') {
                "2"
            } else {
                "-"
            }
        })
        .collect();
    assert_eq!(counts, ["-", "1", "1", "2", "1", "-", "-"]);
    let id = leaves[1].to_string();
    house.send("/do/plan/hr.leave", &[("id", &id), ("start", "2026-03-09")], true).expect(303);
    let rec = house.emil.get("hr.leave", leaves[1]).await.unwrap();
    assert_eq!((rec["to_day"].as_str(), rec["days"].as_str()), (Some("2026-03-10"), Some("2")));
}

async fn a_team_is_a_tree() {
    let house = House::open().await;
    let hall = house.bench("Hall", json!({})).await;
    let line = house.bench("Line", json!({ "part_of": hall, "hours": "8" })).await;
    let lathe = house.bench("Lathe", json!({ "part_of": line })).await;
    let yard = house.bench("Yard", json!({})).await;
    has(&house.get("/own.bench"), &["href=\"/own.bench/tree\""]);
    let page = house.get("/own.bench/tree");
    has(&page, &["role=\"tree\"", "role=\"group\"", "Below: 1", "<span class=\"n\">8</span>"]);
    let at = |id: AnyId| html(&page).find(&format!("data-id=\"{id}\"")).unwrap();
    assert!(at(hall) < at(line) && at(line) < at(lathe) && at(lathe) < at(yard));
    assert!(tag_of(&page, hall).contains("aria-expanded=\"true\""));
    assert!(
        tag_of(&page, hall).contains("tabindex=\"0\"")
            && tag_of(&page, yard).contains("tabindex=\"-1\"")
    );
    assert!(!tag_of(&page, lathe).contains("aria-expanded"), "nothing is below it");
    // What is searched for stands below all that it hangs on.
    let found = house.get("/own.bench/tree?q=lathe");
    assert!(!html(&found).contains(&yard.to_string()) && html(&found).contains(&hall.to_string()));
    has(&found, &["twig found"]);
    has(&house.get("/own.bench/tree?q=nothing"), &["Nothing was found."]);
    // A branch alone, with the way back.
    let branch = house.get(&format!("/own.bench/tree?root={line}"));
    has(&branch, &["Whole tree", &format!("root={hall}"), &lathe.to_string()]);
    assert_eq!(house.page.send("GET", "/own.job/tree", None, &HTML).unwrap().status, 404);
}

async fn a_tree_says_what_it_does_not_show() {
    let house = House::open().await;
    let hall = house.bench("Hall", json!({})).await;
    for n in 0..70 {
        house.bench(&format!("Bench {n:02}"), json!({ "part_of": hall })).await;
    }
    let page = house.get("/own.bench/tree");
    has(&page, &["Below: 70", "And 10 more", &format!("href=\"/own.bench?f.part_of={hall}\"")]);
    assert_eq!(html(&page).matches("role=\"treeitem\"").count(), 1 + 60 + 1);
}

async fn the_views_take_as_many_statements_for_90_records_as_for_3() {
    let house = House::open().await;
    let mut counts: Vec<Vec<u64>> = Vec::new();
    let mut made = 0;
    for many in [3, 90] {
        while made < many {
            let hall = house.bench(&format!("Hall {made}"), json!({})).await;
            house.bench(&format!("Line {made}"), json!({ "part_of": hall })).await;
            let job = json!({ "bench": hall, "begins": "2026-03-03", "ends": "2026-03-05", "hours": "4" });
            house.job(&format!("Job {made}"), job).await;
            let stop = json!({ "place": "Graz", "day": "2026-03-03", "bench": hall });
            let tour = json!({ "name": format!("Tour {made}"), "stops": [stop] });
            house.emil.create("own.tour", tour).await.unwrap();
            made += 1;
        }
        let mut own = Vec::new();
        for path in
            [WEEK, "/own.stop/timeline?day=2026-03-05", "/own.bench/tree", "/own.bench/tree?q=line"]
        {
            house.get(path);
            // Asked thrice: what runs beside it is not of the page.
            let mut least = u64::MAX;
            for _ in 0..3 {
                let before = house.served.shop.kernel.figures().await.unwrap().statements;
                house.get(path);
                let after = house.served.shop.kernel.figures().await.unwrap().statements;
                least = least.min(after - before);
            }
            println!("{path}: {least} statements with {many} of each");
            own.push(least);
        }
        counts.push(own);
    }
    assert_eq!(counts[0], counts[1], "3 and 90");
    assert!(counts[1].iter().all(|count| *count <= 30), "{counts:?}");
}

/// Printed, not a mark to pass: what the server takes for a page among ten thousand records.
async fn ten_thousand_jobs_are_looked_at() {
    let house = House::open().await;
    let mut benches = Vec::new();
    for n in 0..20 {
        benches.push(house.bench(&format!("Bench {n:02}"), json!({ "hours": "8" })).await);
    }
    let kernel = &house.emil.kernel;
    for part in 0..20 {
        let own = benches.clone();
        let run = kernel.run(&house.emil.ctx, move |tx| {
            let own = own.clone();
            Box::pin(async move {
                let mut drafts = Vec::new();
                for n in 0..500_usize {
                    let day = fondaco_values::Date::new(2024 + i16::try_from(part / 5).unwrap_or_default(), 1 + i8::try_from(n % 12).unwrap_or_default(), 1 + i8::try_from(n % 28).unwrap_or_default()).unwrap_or_default();
                    let job = json!({ "name": format!("Job {n}"), "bench": own[n % 20], "begins": day, "ends": day, "hours": "2" });
                    drafts.push(fondaco_kernel::records::draft_of(tx, "own.job", job.as_object().unwrap())?);
                }
                fondaco_kernel::records::create(tx, "own.job", drafts).await
            })
        });
        assert_eq!(run.await.unwrap().len(), 500);
    }
    let month = "/own.job/timeline?day=2026-03-05";
    for path in [WEEK, month, "/own.bench/tree"] {
        house.get(path);
        let mut times: Vec<_> = (0..9)
            .map(|_| {
                let begin = Instant::now();
                house.get(path);
                begin.elapsed()
            })
            .collect();
        times.sort_unstable();
        println!("{path} among 10,000: {:?} (median of 9, debug build)", times[4]);
    }
    has(&house.get(month), &["Bench 19"]);
}

const ENTER: &str = "\u{e007}";
const ESCAPE: &str = "\u{e00c}";
const LEFT: &str = "\u{e012}";
const UP: &str = "\u{e013}";
const RIGHT: &str = "\u{e014}";
const DOWN: &str = "\u{e015}";

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

/// A bar is taken elsewhere by keys, taken back, refused; and what another moves shows by itself.
#[tokio::test(flavor = "multi_thread")]
async fn a_bar_is_moved_by_keyboard() {
    let house = House::open().await;
    let (lathe, press) = (
        house.bench("Lathe", json!({ "hours": "6" })).await,
        house.bench("Press", json!({})).await,
    );
    let shaft =
        json!({ "bench": lathe, "begins": "2026-03-03", "ends": "2026-03-04", "hours": "16" });
    let shaft = house.job("Shaft", shaft).await;
    let Some(browser) = house.window(Window::DESK) else { return };
    browser.go(WEEK);
    browser.find(".bar[data-move]");
    sound(&browser);
    browser.script("document.querySelector('.bar[data-move]').focus()", json!([]));
    browser.keys(&format!("{RIGHT}{RIGHT}{DOWN}"));
    browser.until(
        "document.querySelector('#said').innerText.includes('Press, 5 Mar 2026. Enter keeps it')",
    );
    browser.keys(ESCAPE);
    browser.keys(&format!("{RIGHT}{DOWN}{ENTER}"));
    browser.until("document.querySelector('#said').innerText.includes('Moved.')");
    assert_eq!(house.days(shaft).await.0, "2026-03-04..2026-03-05");
    assert_eq!(house.emil.get("own.job", shaft).await.unwrap()["bench"], press.to_string());
    // One stands on it still, and goes on.
    browser.until("document.activeElement.matches('.bar[data-start=\"2026-03-04\"]')");
    browser.keys(&format!("{LEFT}{UP}{ENTER}"));
    browser.until("document.querySelector('.bar[data-start=\"2026-03-03\"]')");
    // Another is quicker: it shows by itself, and who comes late is told.
    house
        .emil
        .update("own.job", shaft, json!({ "begins": "2026-03-06", "ends": "2026-03-06" }))
        .await
        .unwrap();
    browser.until("document.querySelector('.bar[data-start=\"2026-03-06\"]')");
    browser.script("document.querySelector('.bar').dataset.version = '1'; document.querySelector('.bar').focus()", json!([]));
    browser.keys(&format!("{LEFT}{ENTER}"));
    browser.until("document.querySelector('#said').innerText.includes('changed by somebody else')");
    // What is there is shown as it is now, and can be moved.
    browser.until("document.querySelector('.bar').dataset.version !== '1'");
    assert_eq!(house.days(shaft).await.0, "2026-03-06..2026-03-06");
    // By mouse: two columns to the left.
    browser.drag(".bar", "thead th[data-from='2026-03-04']");
    browser.until("document.querySelector('.bar[data-start=\"2026-03-04\"]')");
    for window in [Window::NIGHT, Window::PHONE] {
        let Some(browser) = house.window(window) else { return };
        browser.go(WEEK);
        browser.find(".bar");
        sound(&browser);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tree_is_walked_by_keyboard() {
    let house = House::open().await;
    let hall = house.bench("Hall", json!({})).await;
    let line = house.bench("Line", json!({ "part_of": hall, "hours": "8" })).await;
    house.bench("Lathe", json!({ "part_of": line })).await;
    let yard = house.bench("Yard", json!({})).await;
    let Some(browser) = house.window(Window::DESK) else { return };
    browser.go("/own.bench/tree");
    browser.find(".tree");
    sound(&browser);
    let at = |name: &str| {
        browser.until(&format!(
            "document.activeElement.querySelector('.name')?.innerText === '{name}'"
        ))
    };
    browser.script("document.querySelector('[role=treeitem][tabindex=\"0\"]').focus()", json!([]));
    browser.keys(&format!("{DOWN}{DOWN}"));
    at("Lathe");
    browser.keys(LEFT);
    at("Line");
    browser.keys(&format!("{LEFT}{DOWN}"));
    at("Yard");
    browser.keys(UP);
    at("Line");
    // What is folded stays so when somebody changes the tree.
    house.emil.update("own.bench", yard, json!({ "name": "Zone" })).await.unwrap();
    browser.until("document.querySelector('.tree').innerText.includes('Zone')");
    browser.until("document.querySelectorAll('.twig[aria-expanded=false]').length === 1");
    browser.keys(&format!("{RIGHT}{RIGHT}{ENTER}"));
    browser.until("document.querySelector('h1')?.innerText.startsWith('Lathe')");
    for window in [Window::NIGHT, Window::PHONE] {
        let Some(browser) = house.window(window) else { return };
        browser.go("/own.bench/tree");
        browser.find(".tree");
        sound(&browser);
    }
}
