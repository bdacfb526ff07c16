//! Settings in the browser: who is here and why he may, what is switched on, what runs and what was done; each
//! for whom the rights allow it, and not in the source of anybody else's page.

use std::time::{Duration, Instant};

use fondaco_kernel::jobs;
use fondaco_server::modules;
use fondaco_tests::program::{Answer, quoted};
use fondaco_tests::{Client, Folder, Served, Shop, both};
use serde_json::json;

both! {
    settings_are_for_whom_the_rights_allow,
    somebody_is_invited_and_switched_off,
    the_matrix_and_the_chain_say_why,
    a_token_is_shown_once_and_ended,
    a_module_is_switched_on_from_the_form,
    a_field_and_a_state_are_made_by_form,
    a_job_that_was_given_up_is_tried_again,
    the_audit_shows_what_one_may_see,
    the_bell_says_what_to_look_at,
    settings_take_as_many_statements_for_40_as_for_2,
}

/// A browser of somebody who is there in person.
struct Page {
    client: Client,
    cookie: String,
}

impl Page {
    async fn of(served: &Served, login: &str) -> Page {
        Page { client: served.stranger(), cookie: served.cookie(login).await }
    }

    fn headers(&self) -> [(&str, &str); 2] {
        [("accept", "text/html"), ("cookie", &self.cookie)]
    }

    fn get(&self, path: &str) -> Answer {
        self.client.send("GET", path, None, &self.headers()).unwrap()
    }

    fn post(&self, path: &str, pairs: &[(&str, &str)]) -> Answer {
        let one = |(name, value): &(&str, &str)| format!("{}={}", quoted(name), quoted(value));
        let body = pairs.iter().map(one).collect::<Vec<_>>().join("&");
        self.client.send("POST", path, Some(&body), &self.headers()).unwrap()
    }

    /// Goes where the answer leads, and waits there until the work is done.
    fn follow(&self, begun: &Answer) -> Answer {
        let place = begun.header("location").to_owned();
        let asked = Instant::now();
        loop {
            let page = self.get(&place).expect(200);
            if page.header("refresh").is_empty() {
                return page;
            }
            assert!(asked.elapsed() < Duration::from_secs(60), "{place} has no end");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

fn html(answer: &Answer) -> &str {
    answer.body.as_str().unwrap_or_default()
}

fn has(page: &Answer, parts: &[&str]) {
    for part in parts {
        assert!(html(page).contains(part), "{part} is not in\n{}", html(page));
    }
}

fn has_not(page: &Answer, parts: &[&str]) {
    for part in parts {
        assert!(!html(page).contains(part), "{part} is in\n{}", html(page));
    }
}

/// What stands between two texts of a page.
fn between<'p>(page: &'p str, before: &str, after: &str) -> &'p str {
    let rest = page.split(before).nth(1).unwrap_or_else(|| panic!("no {before} in {page}"));
    rest.split(after).next().unwrap()
}

async fn trader(names: &[&str]) -> Shop {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    Shop::open(modules::named(&names).unwrap()).await
}

const ADMIN: &str = "admin@works.example";

async fn settings_are_for_whom_the_rights_allow() {
    let shop = trader(&["sales"]).await;
    shop.user("Emil", &["employee"]).await;
    let served = Served::open(shop);
    let (ada, emil) =
        (Page::of(&served, ADMIN).await, Page::of(&served, "emil@works.example").await);
    let sections = ["users", "roles", "explain", "plugins", "jobs", "audit"];
    let address = |section: &str| format!("href=\"/settings/{section}\"");
    let (hers, his) = (ada.get("/settings").expect(200), emil.get("/settings").expect(200));
    has(&his, &[&address("tokens")]);
    for section in sections {
        has(&hers, &[&address(section)]);
        has_not(&his, &[&address(section)]);
        let refused = emil.get(&format!("/settings/{section}")).expect(403);
        has_not(&refused, &[ADMIN, "sales_user", "Sales user"]);
        ada.get(&format!("/settings/{section}")).expect(200);
    }
    // Without a company folder there is nothing to write to, and no way that pretends it.
    has_not(&hers, &["/settings/modules", "/settings/fields"]);
    assert_eq!(ada.get("/settings/modules").status, 409);
}

async fn somebody_is_invited_and_switched_off() {
    let served = Served::open(trader(&["sales"]).await);
    let ada = Page::of(&served, ADMIN).await;
    let form = |login: &str| {
        let pairs =
            [("name", "Nora"), ("login", login), ("language", "pl"), ("roles", "sales_user")];
        ada.post("/settings/users", &pairs)
    };
    has(&form("nora").expect(422), &["role=\"alert\"", "value=\"Nora\""]);
    let made = form("nora@works.example").expect(200);
    let code = between(html(&made), "<code class=\"mono\">", "<").to_owned();
    has_not(&ada.get("/settings/users").expect(200), &[&code]);
    let redeem = json!({ "code": code, "password": "seven red lanterns" });
    served.stranger().post("/api/session/password", &redeem).unwrap().expect(204);
    let sign_in = || {
        let body = json!({ "login": "nora@works.example", "password": "seven red lanterns" });
        served.stranger().post("/api/session", &body).unwrap().status
    };
    assert_eq!(sign_in(), 200);
    let list = ada.get("/settings/users?q=nora").expect(200);
    has(&list, &["nora@works.example", "data-tone=\"plain\">Sales<"]);
    assert_eq!(html(&list).matches("class=\"row\"").count(), 1, "the others are not found");
    let user = between(html(&list), "href=\"/user/", "\"").to_owned();
    let off = [("active", "false"), ("version", "1")];
    ada.post(&format!("/settings/users/{user}/active"), &off).expect(303);
    assert_eq!(sign_in(), 401);
    // Somebody else was faster: the version is another by now.
    ada.post(&format!("/settings/users/{user}/active"), &off).expect(412);
    has(&ada.get("/settings/users?q=nora").expect(200), &["switched off"]);
}

async fn the_matrix_and_the_chain_say_why() {
    let shop = trader(&["sales"]).await;
    let rita = shop.user("Rita", &["sales_user"]).await;
    let emil = shop.user("Emil", &["employee"]).await;
    let customer = shop.admin.create("party", json!({ "name": "Verdi" })).await.unwrap();
    let order = rita.create("sales.order", json!({ "customer": customer })).await.unwrap();
    let boss = shop.user("Bo", &["administrator", "sales_manager"]).await;
    let served = Served::open(shop);
    let (ada, bo) = (Page::of(&served, ADMIN).await, Page::of(&served, "bo@works.example").await);
    let matrix = ada.get("/settings/roles?role=sales_user").expect(200);
    has(&matrix, &["Sales order", "Confirm", "class=\"list matrix\""]);
    has(&ada.get("/settings/roles?model=sales.order").expect(200), &["role=sales_user"]);
    let of = |desk: &fondaco_server::desk::Desk| desk.ctx.actor().user().unwrap().to_string();
    let ask = |page: &Page, user: &str, record: &str, right: &str| {
        let query = format!("user={user}&model=sales.order&record={record}&right={right}");
        page.get(&format!("/settings/explain?{query}"))
    };
    let id = order.to_string();
    let yes = ask(&bo, &of(&rita), &id, "read").expect(200);
    has(&yes, &["Rita may: Read this Sales order", "<li>Sales: always", "data-tone=\"good\""]);
    let no = ask(&bo, &of(&emil), &id, "read").expect(200);
    has(&no, &["Emil may not: Read Sales order", "Roles that would grant it"]);
    // An administrator without a role of sales is told of rules, and nothing of records.
    let rules = ask(&ada, &of(&rita), "", "confirm").expect(200);
    has(&rules, &["Rita may: Confirm Sales order, under the rules below"]);
    ask(&ada, &of(&rita), &id, "read").expect(404);
    // The same over the API, in a form that programs read.
    let api = served.client(&boss).await;
    let path = format!("/api/explain?user={}&model=sales.order&record={id}", of(&rita));
    let chain = api.get(&path).unwrap().expect(200).body;
    assert_eq!(
        (&chain["explanation"]["allowed"], &chain["of_record"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(chain["held"][0]["through"], json!(["sales_user"]));
    let roles = api.get("/api/roles").unwrap().expect(200).body;
    let roles = roles["items"].as_array().unwrap();
    let rep = roles.iter().find(|role| role["role"] == "sales_user").unwrap();
    assert_eq!(rep["rights"]["sales.order"]["confirm"], "true");
}

async fn a_token_is_shown_once_and_ended() {
    let served = Served::open(trader(&[]).await);
    let ada = Page::of(&served, ADMIN).await;
    let form = |scopes: &str| {
        let pairs = [("name", "till"), ("scopes", scopes), ("expires", "2026-06-01")];
        ada.post("/settings/tokens", &pairs)
    };
    has(&form("party:fly").expect(422), &["party:fly names nothing that you may do"]);
    let made = form("party:read\r\nuser:read").expect(200);
    let secret = between(html(&made), "<code class=\"mono\">", "<").to_owned();
    let till = Client::new(&served.address, &secret);
    assert_eq!(till.get("/api/party").unwrap().status, 200);
    assert_eq!(till.get("/api/company").unwrap().status, 403);
    let list = ada.get("/settings/tokens").expect(200);
    has(&list, &["till", "party:read"]);
    has_not(&list, &[&secret]);
    let place = between(html(&list), "action=\"/settings/tokens/", "\"").to_owned();
    ada.post(&format!("/settings/tokens/{place}"), &[]).expect(303);
    assert_eq!(till.get("/api/party").unwrap().status, 401);
}

/// The pairs of the hidden inputs of the form that agrees to a plan.
fn agreed(plan: &Answer) -> Vec<(String, String)> {
    let form = between(html(plan), "action=\"/settings/apply\"", "</form>");
    let inputs = form.split("<input type=\"hidden\" name=\"").skip(1);
    let pair = |input: &str| {
        let (name, rest) = input.split_once('"').unwrap();
        (name.to_owned(), between(rest, "value=\"", "\"").to_owned())
    };
    inputs.map(pair).collect()
}

fn apply(page: &Page, plan: &Answer) -> Answer {
    let pairs = agreed(plan);
    let pairs: Vec<(&str, &str)> = pairs.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    page.follow(&page.post("/settings/apply", &pairs).expect(303))
}

async fn a_module_is_switched_on_from_the_form() {
    let folder = Folder::lay("office-module", &["crm"], &[]);
    let before = std::fs::read_to_string(folder.path().join("fondaco.toml")).unwrap();
    folder.write("fondaco.toml", &format!("# ours, since May\n{before}"));
    let served = Served::on_folder(folder.shop().await, folder.path());
    let ada = Page::of(&served, ADMIN).await;
    let list = ada.get("/settings/modules").expect(200);
    has(&list, &["/settings/plan?edit=modules&amp;on=sales", "edit=modules&amp;off=crm"]);
    assert_eq!(ada.get("/sales.order").status, 404);
    let plan = ada.get("/settings/plan?edit=modules&on=sales").expect(200);
    has(&plan, &["model sales.order", "fondaco.toml", "Carry it out"]);
    let toml = || std::fs::read_to_string(folder.path().join("fondaco.toml")).unwrap();
    assert!(!toml().contains("sales"), "a plan writes nothing");
    has(&apply(&ada, &plan), &["It is in force from now on"]);
    assert!(
        toml().starts_with("# ours, since May\n") && toml().contains("\"sales\""),
        "{}",
        toml()
    );
    assert_eq!(ada.get("/sales.order").status, 403, "it is there, and not hers to read");
    // A plan that is not the present one is refused, and the folder stays as it is.
    let mut stale = agreed(&ada.get("/settings/plan?edit=modules&on=inventory").expect(200));
    stale.iter_mut().find(|(name, _)| name == "to").unwrap().1 = "0".to_owned();
    let pairs: Vec<(&str, &str)> = stale.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    let refused = ada.follow(&ada.post("/settings/apply", &pairs).expect(303));
    has(&refused, &["role=\"alert\"", "look at the new plan"]);
    assert!(!toml().contains("inventory"));
    // Who did it stands in the audit.
    has(&ada.get("/settings/audit?model=module").expect(200), &["apply", ADMIN, "fondaco.toml"]);
}

async fn a_field_and_a_state_are_made_by_form() {
    let own = "# what we know of them\nextends = \"party\"\n\n[fields]\nshoe_size = { type = \"integer\" } # EU\n";
    let files = [("models/party.toml", own)];
    let folder = Folder::lay("office-field", &["sales"], &files);
    let served = Served::on_folder(folder.shop().await, folder.path());
    let ada = Page::of(&served, ADMIN).await;
    has(&ada.get("/settings/fields?model=party").expect(200), &["shoe_size", "A new field"]);
    let form =
        "edit=field&model=party&name=mood&kind=choice&label=Mood&values=good%0D%0AVery+bad&search=";
    let plan = ada.get(&format!("/settings/plan?{form}")).expect(200);
    has(&plan, &["mood", "models/party.toml", "very_bad"]);
    has(&apply(&ada, &plan), &["It is in force from now on"]);
    let text = std::fs::read_to_string(folder.path().join("models/party.toml")).unwrap();
    assert!(text.starts_with(own.trim_end()), "{text}");
    let party = json!({ "name": "Verdi", "mood": "very_bad" });
    let api = served.client(&served.shop.admin).await;
    let made = api.post("/api/party", &party).unwrap().expect(201);
    assert_eq!(made.body["mood"], "very_bad");
    has(&ada.get(&format!("/party/{}", made.id())).expect(200), &["Very bad"]);
    // A name that is taken is told beside the form, and nothing is written.
    let twice = ada.get(&format!("/settings/plan?{form}")).expect(422);
    has(&twice, &["There is a field mood already"]);
    // A state of the company's own, with the action that leads there and who may do it.
    let form = "edit=state&model=sales.order&state=checked&label=Checked&action=check&\
                action_label=Check+it&from=draft&new_role=Boss&includes=sales_user";
    let plan = ada.get(&format!("/settings/plan?{form}")).expect(200);
    has(&apply(&ada, &plan), &["It is in force from now on"]);
    let rita = served.shop.user("Rita", &["sales_user"]).await;
    let bea = served.shop.user("Bea", &["boss"]).await;
    let customer = made.id();
    let order = rita.create("sales.order", json!({ "customer": customer })).await.unwrap();
    assert!(rita.act("sales.order", order, "check", json!(null)).await.is_err());
    bea.act("sales.order", order, "check", json!(null)).await.unwrap();
    assert_eq!(rita.get("sales.order", order).await.unwrap()["state"], "checked");
    // The folder alone makes the same company again.
    let out = fondaco_tests::program::run(&["check", "--company", folder.path().to_str().unwrap()]);
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
}

async fn a_job_that_was_given_up_is_tried_again() {
    let shop = trader(&[]).await;
    let asked = shop.kernel.run(&shop.admin.ctx, |tx| {
        Box::pin(async move { jobs::enqueue(tx, "nobody:runs this", json!({}), tx.now()).await })
    });
    let job = asked.await.unwrap();
    for _ in 0..12 {
        shop.kernel.run_due_jobs().await.unwrap();
        let later = shop.clock.now().checked_add(Duration::from_secs(3 * 60 * 60)).unwrap();
        shop.clock.set(later);
    }
    let served = Served::open(shop);
    let ada = Page::of(&served, ADMIN).await;
    has(&ada.get("/settings/jobs?which=failing").expect(200), &["Nothing is waiting"]);
    let dead = ada.get("/settings/jobs?which=given_up").expect(200);
    has(&dead, &["nobody:runs this", "nobody runs the job", "given up"]);
    ada.post(&format!("/settings/jobs/{job}/again"), &[]).expect(303);
    let api = served.client(&served.shop.admin).await;
    let open = api.get("/api/jobs").unwrap().expect(200).body;
    assert_eq!(
        (&open["items"][0]["attempts"], &open["items"][0]["given_up_at"]),
        (&json!(0), &json!(null))
    );
    has(&ada.get("/settings/audit?model=job").expect(200), &["again", ADMIN]);
    assert_eq!(api.post("/api/jobs/1/again", &json!({})).unwrap().status, 404);
}

async fn the_audit_shows_what_one_may_see() {
    let shop = trader(&["sales"]).await;
    let rita = shop.user("Rita", &["sales_user"]).await;
    let customer = shop.admin.create("party", json!({ "name": "Verdi" })).await.unwrap();
    let order = rita.create("sales.order", json!({ "customer": customer })).await.unwrap();
    rita.update("sales.order", order, json!({ "customer_reference": "Otello" })).await.unwrap();
    for n in 0..60 {
        let name = json!({ "name": format!("Customer {n}") });
        shop.admin.update("party", customer, name).await.unwrap();
    }
    let served = Served::open(shop);
    let ada = Page::of(&served, ADMIN).await;
    // Orders are not hers to read, so their changes are not there, whatever she asks for.
    for path in ["/settings/audit?actor=rita%40works.example", "/settings/audit?model=sales.order"]
    {
        has_not(&ada.get(path).expect(200), &["Otello"]);
    }
    let first = ada.get("/settings/audit?model=party&action=update").expect(200);
    has(&first, &["Customer 59", "Customer 10"]);
    has_not(&first, &["Customer 8<", "Verdi"]);
    let next = between(html(&first), "class=\"button\" href=\"/settings/audit?", "\"");
    let next = next.replace("&amp;", "&");
    assert!(next.starts_with("model=party&action=update&after="), "{next}");
    has(&ada.get(&format!("/settings/audit?{next}")).expect(200), &["Customer 8<", "Verdi"]);
    has(&ada.get("/settings/audit?from=tomorrow").expect(422), &["role=\"alert\""]);
    has(&ada.get("/settings/audit?to=2020-01-01").expect(200), &["Nothing matches"]);
}

async fn the_bell_says_what_to_look_at() {
    let shop = trader(&[]).await;
    let emil = shop.user("Emil", &["employee"]).await;
    let served = Served::open(shop);
    let (ada, his) =
        (Page::of(&served, ADMIN).await, Page::of(&served, "emil@works.example").await);
    has(&his.get("/notifications").expect(200), &["Nothing to look at"]);
    let user = emil.ctx.actor().user().unwrap();
    for (title, due) in [("Call Verdi", "2026-03-02"), ("Call Rossi", "2026-03-20")] {
        let activity = json!({ "title": title, "due": due, "assigned": user });
        emil.create("activity", activity).await.unwrap();
    }
    let api = served.client(&emil).await;
    let told = || api.get("/api/notifications").unwrap().expect(200).body;
    assert_eq!(
        (&told()["unread"], &told()["items"][0]["title"]),
        (&json!(1), &json!("Call Verdi"))
    );
    has(&his.get("/notifications").expect(200), &["Call Verdi", "unread"]);
    has_not(&his.get("/notifications").expect(200), &["Call Rossi"]);
    // Read, it stays until it is done; what comes later is unread again.
    his.post("/notifications", &[]).expect(303);
    assert_eq!((&told()["unread"], told()["items"].as_array().unwrap().len()), (&json!(0), 1));
    served.shop.on("2026-03-20");
    assert_eq!(told()["unread"], 1);
    // Administrators are told of jobs that were given up; others are not.
    let kernel = &served.shop.kernel;
    let asked = kernel.run(&served.shop.admin.ctx, |tx| {
        Box::pin(async move { jobs::enqueue(tx, "nobody:runs this", json!({}), tx.now()).await })
    });
    asked.await.unwrap();
    for _ in 0..12 {
        kernel.run_due_jobs().await.unwrap();
        let later = served.shop.clock.now().checked_add(Duration::from_secs(3 * 60 * 60)).unwrap();
        served.shop.clock.set(later);
    }
    let ada = Page { cookie: served.cookie(ADMIN).await, ..ada };
    has(&ada.get("/notifications").expect(200), &["nobody:runs this", "which=given_up"]);
    let his = Page { cookie: served.cookie("emil@works.example").await, ..his };
    has_not(&his.get("/notifications").expect(200), &["nobody:runs this"]);
}

async fn settings_take_as_many_statements_for_40_as_for_2() {
    let shop = trader(&["sales"]).await;
    let served = Served::open(shop);
    let ada = Page::of(&served, ADMIN).await;
    let mut counts: Vec<Vec<u64>> = Vec::new();
    for round in 0..2 {
        for n in 0..[2, 38][round] {
            let (name, roles) = (format!("user{round}{n}"), ["employee", "sales_user"]);
            served.shop.user(&name, &roles).await;
            let party = json!({ "name": format!("Customer {round} {n}") });
            served.shop.admin.create("party", party).await.unwrap();
        }
        let mut own = Vec::new();
        for path in [
            "/settings",
            "/settings/users",
            "/settings/roles",
            "/settings/explain",
            "/settings/audit?model=user",
            "/settings/jobs",
        ] {
            ada.get(path).expect(200);
            let before = served.shop.kernel.figures().await.unwrap().statements;
            ada.get(path).expect(200);
            let after = served.shop.kernel.figures().await.unwrap().statements;
            own.push(after - before);
            println!("{path}: {}", after - before);
        }
        counts.push(own);
    }
    assert_eq!(counts[0], counts[1], "2 and 40");
    assert!(counts[1].iter().all(|count| *count <= 30), "{counts:?}");
}
