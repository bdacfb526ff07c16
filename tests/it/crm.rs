//! Customers, alone: with every other module switched off, and beside quotes for what they share.

#![cfg(test)]

use fondaco_kernel::values::{AnyId, Value};
use fondaco_kernel::{Error, Kernel, Setup, Table, records};
use fondaco_server::desk::Desk;
use fondaco_server::modules;
use fondaco_tests::scratch::Scratch;
use fondaco_tests::shop::problems;
use fondaco_tests::{Shop, both, engine};
use serde_json::{Value as Json, json};

both! {
    a_lead_becomes_customer_contact_and_opportunity,
    who_is_known_is_linked_and_not_made_again,
    a_private_person_is_a_customer_without_contact,
    numbers_entered_before_crm_are_found_too,
    each_action_of_a_lead_is_possible_in_its_states_only,
    each_action_of_an_opportunity_is_possible_in_its_states_only,
    the_stage_gives_the_probability_and_the_course_is_kept,
    lines_make_the_expected_revenue,
    a_contact_is_one_of_the_customer,
    one_works_on_ones_own,
    pipeline_forecast_and_losses_in_figures,
    activities_of_others_are_seen_as_far_as_their_records_are,
    an_accepted_quote_wins_its_opportunity,
    the_customers_page_shows_what_one_may_see,
    many_take_no_more_statements_than_one,
}

/// A company with crm, two sales people and their manager.
struct House {
    shop: Shop,
    rep: Desk,
    other: Desk,
    boss: Desk,
}

impl House {
    async fn open(names: &[&str]) -> House {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let shop = Shop::open(modules::named(&names).unwrap()).await;
        let rep = shop.user("Rea", &["crm_user"]).await;
        let other = shop.user("Otto", &["crm_user"]).await;
        let boss = shop.user("Bo", &["crm_manager"]).await;
        House { shop, rep, other, boss }
    }

    async fn lead(&self, more: Json) -> AnyId {
        let mut lead = json!({
            "name": "Five bicycles", "organisation": "Ride & Co", "contact_name": "Anna Nowak",
            "email": "anna@ride.example", "phone": "+48 22 555 01 02",
        });
        lead.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
        self.rep.create("crm.lead", lead).await.unwrap()
    }

    async fn qualified(&self, more: Json) -> AnyId {
        let lead = self.lead(more).await;
        self.rep.act("crm.lead", lead, "qualify", Json::Null).await.unwrap();
        lead
    }

    async fn convert(&self, lead: AnyId, args: Json) -> Result<Json, Error> {
        self.rep.act("crm.lead", lead, "convert", args).await?;
        self.get("crm.lead", lead).await
    }

    async fn get(&self, model: &str, id: AnyId) -> Result<Json, Error> {
        self.boss.get(model, id).await
    }

    async fn linked(&self, record: &Json, field: &str, model: &str) -> Json {
        self.get(model, id(record, field)).await.unwrap()
    }

    async fn party(&self, name: &str) -> AnyId {
        self.rep.create("party", json!({ "name": name })).await.unwrap()
    }

    async fn opportunity(&self, more: Json) -> AnyId {
        let mut fields = json!({ "name": "Bicycles" });
        fields.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
        if fields.get("party").is_none() {
            fields["party"] = json!(self.party("Ride & Co").await);
        }
        self.rep.create("crm.opportunity", fields).await.unwrap()
    }

    async fn reason(&self) -> AnyId {
        self.shop.admin.by_key("crm.lost_reason", "price").await.unwrap()
    }
}

fn id(record: &Json, field: &str) -> AnyId {
    let id = record[field].as_str().and_then(|id| id.parse::<i64>().ok());
    AnyId::new(id.unwrap_or_else(|| unreachable!("{field} of {record}")))
}

fn figures(record: &Json, fields: &[&str]) -> String {
    let text = |field: &&str| match &record[*field] {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    };
    fields.iter().map(text).collect::<Vec<_>>().join(" ")
}

fn text(value: &Value) -> String {
    match value.to_json() {
        Json::String(text) => text,
        Json::Null => "-".to_owned(),
        other => other.to_string(),
    }
}

/// Rows of a report, some columns of each.
fn rows(table: &Table, columns: &[usize]) -> Vec<String> {
    let row = |row: &Vec<Value>| columns.iter().map(|at| text(&row[*at])).collect::<Vec<_>>();
    table.rows.iter().map(|one| row(one).join(" | ")).collect()
}

async fn a_lead_becomes_customer_contact_and_opportunity() {
    let house = House::open(&["crm"]).await;
    let source = house.shop.admin.by_key("crm.source", "fair").await.unwrap();
    let lead = house
        .lead(json!({ "source": source, "expected_revenue": "13000", "city": "Warszawa", "country": "PL" }))
        .await;
    let plan = json!({ "title": "Call Anna", "due": "2026-03-04", "kind": "call" });
    house.rep.act("crm.lead", lead, "plan", plan).await.unwrap();
    assert_eq!(
        problems(house.convert(lead, Json::Null).await),
        ["state: wrong_state"],
        "first it is qualified"
    );
    house.rep.act("crm.lead", lead, "qualify", Json::Null).await.unwrap();
    let lead = house.convert(lead, Json::Null).await.unwrap();
    assert_eq!(lead["state"], "converted");
    assert_eq!(id(&lead, "salesperson"), house.rep.ctx.actor().user().unwrap().any());

    let party = house.linked(&lead, "party", "party").await;
    assert_eq!(
        figures(&party, &["name", "kind", "prospect", "customer"]),
        "Ride & Co organisation true false"
    );
    assert_eq!(party["contact_ways"][0]["value"], "anna@ride.example");
    assert_eq!(party["addresses"][0]["city"], "Warszawa");
    let contact = house.linked(&lead, "contact", "contact").await;
    assert_eq!(figures(&contact, &["name", "email"]), "Anna Nowak anna@ride.example");
    let opportunity = house.linked(&lead, "opportunity", "crm.opportunity").await;
    let told =
        figures(&opportunity, &["name", "expected_revenue", "probability", "weighted_revenue"]);
    assert_eq!(told, "Five bicycles 13000.00 0.1 1300.00");
    assert_eq!(id(&opportunity, "source"), source);

    // What was to be done is done about the opportunity now.
    let table = house.rep.report("crm.activities", &[]).await.unwrap();
    assert_eq!(
        rows(&table, &[0, 1, 2, 3, 4, 5]),
        ["2026-03-04 | Later | call | Call Anna | Five bicycles | crm.opportunity"]
    );
}

async fn who_is_known_is_linked_and_not_made_again() {
    let house = House::open(&["crm"]).await;
    let first = house.qualified(json!({})).await;
    let first = house.convert(first, Json::Null).await.unwrap();

    // The same telephone, written otherwise, from somebody else there.
    let second = house
        .qualified(json!({
            "name": "Two more", "contact_name": "Piotr Wolski", "email": "piotr@ride.example",
            "phone": "(22) 555-01-02",
        }))
        .await;
    let seen = house.get("crm.lead", second).await.unwrap();
    assert_eq!(seen["has_duplicates"], true);
    let found: Vec<String> = seen["duplicates"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| figures(one, &["model", "same"]))
        .collect();
    assert_eq!(found, ["contact phone", "crm.lead phone", "party phone"]);
    let second = house.convert(second, json!({ "no_opportunity": true })).await.unwrap();
    assert_eq!(second["party"], first["party"]);
    assert_eq!(second["contact"], first["contact"], "the contact with that telephone");
    assert_eq!(second["opportunity"], Json::Null);

    // The same e-mail in capitals.
    let third = house.qualified(json!({ "email": " ANNA@Ride.Example", "phone": null })).await;
    let third = house.convert(third, Json::Null).await.unwrap();
    assert_eq!(third["party"], first["party"]);
    assert_eq!(third["contact"], first["contact"]);

    let fourth = house.qualified(json!({})).await;
    let fourth = house.convert(fourth, json!({ "new_party": true })).await.unwrap();
    assert_ne!(fourth["party"], first["party"]);

    let fifth = house.qualified(json!({})).await;
    let Err(Error::Invalid(told)) = house.convert(fifth, Json::Null).await else {
        unreachable!("two customers have that number")
    };
    assert_eq!(told[0].code, "ambiguous");
    assert!(told[0].message.contains("(Ride & Co, Ride & Co)"), "{}", told[0].message);
    let both = json!({ "party": first["party"], "new_party": true });
    assert_eq!(problems(house.convert(fifth, both).await), ["new_party: one_of_two"]);
    let named = json!({ "party": first["party"] });
    let fifth = house.convert(fifth, named).await.unwrap();
    assert_eq!(fifth["party"], first["party"]);
}

async fn a_private_person_is_a_customer_without_contact() {
    let house = House::open(&["crm"]).await;
    let lead = house.qualified(json!({ "organisation": null, "phone": null })).await;
    let lead = house.convert(lead, json!({ "opportunity": "A bicycle for Anna" })).await.unwrap();
    let party = house.linked(&lead, "party", "party").await;
    assert_eq!(figures(&party, &["name", "kind"]), "Anna Nowak person");
    assert_eq!(lead["contact"], Json::Null);
    let opportunity = house.linked(&lead, "opportunity", "crm.opportunity").await;
    assert_eq!(opportunity["name"], "A bicycle for Anna");
}

async fn numbers_entered_before_crm_are_found_too() {
    let scratch = Scratch::new("crm");
    let database = engine::lasting(&scratch.path().join("house.db"));
    let company = "[[company]]\nkey = \"main\"\nname = \"Works\"\ncurrency = \"EUR\"\n";
    let setup = |names: &[&str]| {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let modules = modules::named(&names).unwrap();
        let mut setup = Setup::new(database.clone(), modules);
        setup.data.push(("company.toml".to_owned(), company.to_owned()));
        setup.cheap_passwords = true;
        setup
    };
    let before = Shop::of(setup(&["cpq"])).await;
    let old = json!({
        "name": "Old Friends",
        "contact_ways": [
            { "kind": "phone", "value": "0048 22 555 01 02" },
            { "kind": "email", "value": "Old@Friends.Example" },
        ],
    });
    let old = before.admin.create("party", old).await.unwrap();
    let contact = json!({ "name": "Olga", "party": old, "email": "OLGA@friends.example" });
    before.admin.create("contact", contact).await.unwrap();
    let ctx = before.admin.ctx.clone();
    drop(before);

    let kernel = Kernel::open(setup(&["crm", "cpq"])).await.unwrap();
    let admin = Desk::new(kernel.clone(), ctx);
    let rep =
        admin.hire("Rea", "rea@works.example", fondaco_tests::shop::PASSWORD, &["crm_user"]).await;
    let rep = rep.unwrap();
    let find = async |email: &str, phone: &str| {
        let params: Vec<(&str, &str)> = [("email", email), ("phone", phone)]
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .collect();
        rows(&rep.report("crm.duplicates", &params).await.unwrap(), &[2, 3])
    };
    assert_eq!(find("old@friends.example", "").await, ["Old Friends | E-mail"]);
    assert_eq!(find("olga@friends.example", "").await, ["Olga | E-mail"]);
    // The opening gave it its key.
    assert_eq!(find("", "22 555 01 02").await, ["Old Friends | Telephone"]);
    let lead = json!({ "name": "Somebody", "phone": "600 100 200" });
    rep.create("crm.lead", lead).await.unwrap();
    while kernel.run_due_jobs().await.unwrap() > 0 {}
    assert_eq!(find("", "22 555 01 02").await, ["Old Friends | Telephone"]);
    rep.create("crm.lead", json!({ "name": "Twice", "phone": "+48 22 555 01 02" })).await.unwrap();
    let table = rep.report("crm.duplicates", &[]).await.unwrap();
    assert_eq!(rows(&table, &[0, 2, 3, 4]), [format!("crm.lead | Twice | Telephone | {old}")]);
}

async fn each_action_of_a_lead_is_possible_in_its_states_only() {
    let house = House::open(&["crm"]).await;
    let reason = json!({ "reason": house.reason().await });
    let plan = json!({ "title": "Call", "due": "2026-03-04" });
    let possible = [
        ("qualify", Json::Null, vec!["new"]),
        ("convert", Json::Null, vec!["qualified"]),
        ("lose", reason.clone(), vec!["new", "qualified"]),
        ("reopen", Json::Null, vec!["lost"]),
        ("plan", plan, vec!["new", "qualified"]),
    ];
    let mut made = 0;
    for state in ["new", "qualified", "converted", "lost"] {
        for (action, args, from) in &possible {
            made += 1;
            let own = json!({ "email": format!("{made}@x.example"), "phone": null });
            let lead = house.lead(own).await;
            if state == "qualified" || state == "converted" {
                house.rep.act("crm.lead", lead, "qualify", Json::Null).await.unwrap();
            }
            if state == "converted" {
                house.convert(lead, Json::Null).await.unwrap();
            }
            if state == "lost" {
                house.rep.act("crm.lead", lead, "lose", reason.clone()).await.unwrap();
            }
            let done = house.rep.act("crm.lead", lead, action, args.clone()).await;
            assert_eq!(done.is_ok(), from.contains(&state), "{action} when {state}: {done:?}");
        }
    }
    let lead = house.lead(json!({ "email": "z@x.example" })).await;
    let refused = house.rep.act("crm.lead", lead, "lose", Json::Null).await;
    assert_eq!(problems(refused), ["reason: required"]);
}

async fn each_action_of_an_opportunity_is_possible_in_its_states_only() {
    let house = House::open(&["crm"]).await;
    let reason = json!({ "reason": house.reason().await, "note": "Ten per cent too dear" });
    let possible = [
        ("win", Json::Null, vec!["open"]),
        ("lose", reason.clone(), vec!["open"]),
        ("reopen", Json::Null, vec!["won", "lost"]),
    ];
    for state in ["open", "won", "lost"] {
        for (action, args, from) in &possible {
            let one = house.opportunity(json!({ "expected_revenue": "1000" })).await;
            match state {
                "won" => {
                    drop(house.rep.act("crm.opportunity", one, "win", Json::Null).await.unwrap())
                }
                "lost" => {
                    drop(
                        house
                            .rep
                            .act("crm.opportunity", one, "lose", reason.clone())
                            .await
                            .unwrap(),
                    );
                }
                _ => {}
            }
            let done = house.rep.act("crm.opportunity", one, action, args.clone()).await;
            assert_eq!(done.is_ok(), from.contains(&state), "{action} when {state}: {done:?}");
        }
    }
    let one = house.opportunity(json!({ "expected_revenue": "1000" })).await;
    let refused = house.rep.act("crm.opportunity", one, "lose", Json::Null).await;
    assert_eq!(problems(refused), ["reason: required"]);
    for (action, args, expected) in [
        ("lose", reason.clone(), "lost 0 0.00"),
        ("reopen", Json::Null, "open 0.1 100.00"),
        ("win", Json::Null, "won 1 1000.00"),
        ("reopen", Json::Null, "open 0.1 100.00"),
    ] {
        house.rep.act("crm.opportunity", one, action, args).await.unwrap();
        let seen = house.get("crm.opportunity", one).await.unwrap();
        assert_eq!(figures(&seen, &["state", "probability", "weighted_revenue"]), expected);
        assert_eq!(seen["closed_at"].is_null(), seen["state"] == "open");
    }
    house.rep.act("crm.opportunity", one, "win", Json::Null).await.unwrap();
    let refused = house.rep.act("crm.opportunity", one, "order", Json::Null).await;
    assert_eq!(problems(refused), [": no_orders"]);
}

async fn the_stage_gives_the_probability_and_the_course_is_kept() {
    let house = House::open(&["crm"]).await;
    let admin = &house.shop.admin;
    let proposal = admin.by_key("crm.stage", "proposal").await.unwrap();
    let negotiation = admin.by_key("crm.stage", "negotiation").await.unwrap();
    let one = house.opportunity(json!({ "expected_revenue": "999.99" })).await;
    let change = async |fields: Json| {
        house.rep.update("crm.opportunity", one, fields).await.unwrap();
        let seen = house.get("crm.opportunity", one).await.unwrap();
        figures(&seen, &["probability", "weighted_revenue"])
    };
    assert_eq!(change(json!({ "next_step": "Call" })).await, "0.1 100.00");
    assert_eq!(change(json!({ "probability": "0.4" })).await, "0.4 400.00");
    house.shop.on("2026-03-04");
    assert_eq!(change(json!({ "stage": proposal })).await, "0.5 500.00");
    assert_eq!(change(json!({ "stage": negotiation, "probability": "0.9" })).await, "0.9 899.99");
    assert_eq!(change(json!({ "probability": null })).await, "0.75 749.99");
    assert_eq!(change(json!({ "expected_revenue": null })).await, "0.75 null");
    let seen = house.get("crm.opportunity", one).await.unwrap();
    let lasted: Vec<&Json> =
        seen["stage_log"].as_array().unwrap().iter().map(|line| &line["lasted"]).collect();
    assert_eq!(lasted, [&Json::Null, &json!(172_800), &json!(0)]);

    house.boss.update("crm.stage", proposal, json!({ "active": false })).await.unwrap();
    let refused = house.rep.update("crm.opportunity", one, json!({ "stage": proposal })).await;
    assert_eq!(problems(refused), ["stage: not_active"]);
    let refused = house.rep.update("crm.opportunity", one, json!({ "stage_log": [] })).await;
    assert_eq!(problems(refused), ["stage_log: readonly"]);
}

async fn lines_make_the_expected_revenue() {
    let house = House::open(&["crm"]).await;
    let piece = house.shop.admin.by_key("unit", "piece").await.unwrap();
    let bell = json!({ "code": "BELL", "name": "Bell", "unit": piece, "list_price": "9.90" });
    let bell = house.shop.admin.create("product", bell).await.unwrap();
    let lines = json!([
        { "product": bell, "quantity": "3" },
        { "product": bell, "quantity": "2", "unit_price": "8", "description": "Second choice" },
    ]);
    let one = house.opportunity(json!({ "lines": lines })).await;
    let seen = house.get("crm.opportunity", one).await.unwrap();
    assert_eq!(figures(&seen, &["expected_revenue", "weighted_revenue"]), "45.70 4.57");
    let line = figures(&seen["lines"][0], &["description", "unit_price", "amount"]);
    assert_eq!(line, "Bell 9.9 29.70");
    assert_eq!(seen["lines"][1]["description"], "Second choice");

    let fewer = json!({ "lines": [{ "id": seen["lines"][1]["id"], "quantity": 5 }] });
    house.rep.update("crm.opportunity", one, fewer).await.unwrap();
    let seen = house.get("crm.opportunity", one).await.unwrap();
    assert_eq!(seen["expected_revenue"], "40.00");
    house.rep.update("crm.opportunity", one, json!({ "expected_revenue": "7" })).await.unwrap();
    let seen = house.get("crm.opportunity", one).await.unwrap();
    assert_eq!(seen["expected_revenue"], "40.00", "with lines it is their sum");
}

async fn a_contact_is_one_of_the_customer() {
    let house = House::open(&["crm"]).await;
    let (ride, walk) = (house.party("Ride").await, house.party("Walk").await);
    let anna = json!({ "name": "Anna", "party": ride });
    let anna = house.rep.create("contact", anna).await.unwrap();
    house.opportunity(json!({ "party": ride, "contact": anna })).await;
    let wrong = json!({ "name": "Shoes", "party": walk, "contact": anna });
    let refused = house.rep.create("crm.opportunity", wrong).await;
    assert_eq!(problems(refused), ["contact: other_party"]);
}

async fn one_works_on_ones_own() {
    let house = House::open(&["crm"]).await;
    let mine = house.opportunity(json!({})).await;
    let refused = house.other.update("crm.opportunity", mine, json!({ "next_step": "x" })).await;
    assert!(matches!(refused, Err(Error::Forbidden { .. })), "{refused:?}");
    let refused = house.other.act("crm.opportunity", mine, "win", Json::Null).await;
    assert!(matches!(refused, Err(Error::Forbidden { .. })), "{refused:?}");
    house.boss.act("crm.opportunity", mine, "win", Json::Null).await.unwrap();

    // A form on the website leaves leads and sees nothing.
    let form = house.shop.user("Form", &["crm_capture"]).await;
    let source = house.shop.admin.by_key("crm.source", "website").await.unwrap();
    let lead = json!({ "name": "From the website", "email": "x@x.example", "source": source });
    let lead = form.create("crm.lead", lead).await.unwrap();
    assert!(matches!(form.get("crm.lead", lead).await, Err(Error::NotFound { .. })));
    let rea = house.rep.ctx.actor().user();
    let foist = json!({ "name": "x", "salesperson": rea });
    assert!(form.create("crm.lead", foist).await.is_err());
    assert!(form.list("party", "true", "").await.is_err());
    assert!(form.report("crm.pipeline", &[]).await.is_err());
    house.other.act("crm.lead", lead, "qualify", Json::Null).await.unwrap();
    let seen = house.get("crm.lead", lead).await.unwrap();
    assert_eq!(id(&seen, "salesperson"), house.other.ctx.actor().user().unwrap().any());
}

async fn pipeline_forecast_and_losses_in_figures() {
    let house = House::open(&["crm"]).await;
    let admin = &house.shop.admin;
    let (euro, dollar) =
        (admin.by_key("currency", "EUR").await, admin.by_key("currency", "USD").await);
    let dollar = dollar.unwrap();
    let rate = json!({ "from_currency": dollar, "to_currency": euro.unwrap(), "rate": "0.9", "date": "2026-01-01" });
    admin.create("exchange_rate", rate).await.unwrap();
    let proposal = admin.by_key("crm.stage", "proposal").await.unwrap();
    let party = house.party("Ride & Co").await;
    let with = |more: Json| {
        let mut fields = json!({ "party": party });
        fields.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
        fields
    };
    house
        .opportunity(with(json!({ "expected_revenue": "1000", "expected_close": "2026-02-15" })))
        .await;
    house
        .opportunity(with(json!({ "expected_revenue": "500", "expected_close": "2026-03-20" })))
        .await;
    house.opportunity(with(json!({ "expected_revenue": "2000", "currency": dollar, "stage": proposal, "expected_close": "2026-04-10" }))).await;
    house.opportunity(with(json!({ "expected_revenue": "80" }))).await;
    let won = house
        .opportunity(with(json!({ "expected_revenue": "700", "expected_close": "2026-09-01" })))
        .await;
    house.rep.act("crm.opportunity", won, "win", Json::Null).await.unwrap();
    let lost = house.opportunity(with(json!({ "expected_revenue": "300" }))).await;
    let reason = json!({ "reason": house.reason().await });
    house.rep.act("crm.opportunity", lost, "lose", reason).await.unwrap();

    house.shop.on("2026-03-05");
    let table = house.rep.report("crm.pipeline", &[]).await.unwrap();
    assert_eq!(
        rows(&table, &[0, 1, 2, 3, 4, 5]),
        [
            "New | 3 | 1580.00 | 158.00 | 3 | 1",
            "Qualified | 0 | 0.00 | 0.00 | - | 0",
            "Proposal | 1 | 1800.00 | 900.00 | 3 | 0",
            "Negotiation | 0 | 0.00 | 0.00 | - | 0",
        ]
    );
    let otto = house.other.ctx.actor().user().unwrap().to_string();
    let none = house.rep.report("crm.pipeline", &[("salesperson", otto.as_str())]).await.unwrap();
    assert_eq!(text(&none.totals[1]), "0");

    let table = house.rep.report("crm.forecast", &[("months", "3")]).await.unwrap();
    assert_eq!(
        rows(&table, &[0, 1, 2, 3, 4, 5]),
        [
            "Overdue | 0.00 | 1 | 1000.00 | 100.00 | 100.00",
            "2026-03 | 700.00 | 1 | 500.00 | 50.00 | 750.00",
            "2026-04 | 0.00 | 1 | 1800.00 | 900.00 | 900.00",
            "2026-05 | 0.00 | 0 | 0.00 | 0.00 | 0.00",
            "No date | 0.00 | 1 | 80.00 | 8.00 | 8.00",
        ]
    );
    assert_eq!(text(&table.totals[5]), "1758.00");

    let table =
        house.rep.report("crm.losses", &[("from", "2026-03-02"), ("until", "2026-03-02")]).await;
    assert_eq!(rows(&table.unwrap(), &[0, 1, 2]), ["Too expensive | 1 | 300.00"]);
    let table = house.rep.report("crm.losses", &[("until", "2026-03-01")]).await.unwrap();
    assert!(table.rows.is_empty());
}

async fn activities_of_others_are_seen_as_far_as_their_records_are() {
    let house = House::open(&["crm"]).await;
    let one = house.opportunity(json!({})).await;
    for (title, due) in [("Later", "2026-03-20"), ("Late", "2026-03-01"), ("Now", "2026-03-02")] {
        let plan = json!({ "title": title, "due": due });
        house.rep.act("crm.opportunity", one, "plan", plan).await.unwrap();
    }
    house.rep.create("activity", json!({ "title": "Dentist", "due": "2026-03-03" })).await.unwrap();
    let table = house.rep.report("crm.activities", &[]).await.unwrap();
    assert_eq!(
        rows(&table, &[1, 3, 4]),
        [
            "Overdue | Late | Bicycles",
            "Today | Now | Bicycles",
            "Later | Dentist | -",
            "Later | Later | Bicycles",
        ]
    );
    let rea = house.rep.ctx.actor().user().unwrap().to_string();
    let params = [("assigned", rea.as_str()), ("until", "2026-03-10")];
    let table = house.boss.report("crm.activities", &params).await.unwrap();
    assert_eq!(rows(&table, &[3]), ["Late", "Now"], "what is private stays so");
    let nothing = json!({ "title": " " });
    let refused = house.rep.act("crm.opportunity", one, "plan", nothing).await;
    assert!(problems(refused).contains(&"due: required".to_owned()));
}

/// A quote over a bell, from an opportunity.
async fn quote(house: &House, seller: &Desk, opportunity: AnyId) -> AnyId {
    let piece = house.shop.admin.by_key("unit", "piece").await.unwrap();
    let bell = json!({ "code": "BELL", "name": "Bell", "unit": piece, "list_price": "10" });
    let bell = house.shop.admin.create("product", bell).await.unwrap();
    let seen = house.get("crm.opportunity", opportunity).await.unwrap();
    let quote = json!({
        "customer": seen["party"], "source_model": "crm.opportunity",
        "source_id": opportunity.raw(), "lines": [{ "product": bell, "quantity": "12" }],
    });
    seller.create("cpq.quote", quote).await.unwrap()
}

async fn an_accepted_quote_wins_its_opportunity() {
    let house = House::open(&["crm", "cpq"]).await;
    let seller = house.shop.user("Sal", &["crm_user", "cpq_user"]).await;
    let one = house.opportunity(json!({ "expected_revenue": "999" })).await;
    let reason = json!({ "reason": house.reason().await });
    house.rep.act("crm.opportunity", one, "lose", reason).await.unwrap();
    let quote = quote(&house, &seller, one).await;
    seller.act("cpq.quote", quote, "send", Json::Null).await.unwrap();
    seller.act("cpq.quote", quote, "accept", Json::Null).await.unwrap();
    let seen = house.get("crm.opportunity", one).await.unwrap();
    let told = figures(&seen, &["state", "expected_revenue", "probability", "won_model"]);
    assert_eq!(told, "won 120.00 1 cpq.quote");
    assert_eq!((&seen["lost_reason"], &seen["won_id"]), (&Json::Null, &json!(quote.to_string())));
}

async fn the_customers_page_shows_what_one_may_see() {
    let house = House::open(&["crm", "cpq"]).await;
    let seller = house.shop.user("Sal", &["crm_user", "cpq_user"]).await;
    let one = house.opportunity(json!({ "expected_revenue": "999" })).await;
    let quote = quote(&house, &seller, one).await;
    seller.act("cpq.quote", quote, "send", Json::Null).await.unwrap();
    let plan = json!({ "title": "Call", "due": "2026-03-01" });
    seller.act("crm.opportunity", one, "plan", plan).await.unwrap();
    let note = json!({ "model": "crm.opportunity", "record": one.raw(), "text": "They like red" });
    seller.create("note", note).await.unwrap();
    let party =
        house.get("crm.opportunity", one).await.unwrap()["party"].as_str().unwrap().to_owned();
    let params = [("party", party.as_str())];

    let table = seller.report("crm.overview", &params).await.unwrap();
    let all = rows(&table, &[0, 1, 2, 3, 4]);
    for expected in [
        "Opportunities | Figure | Open opportunities | 1 | -",
        "Opportunities | Figure | Weighted | 99.90 EUR | -",
        "Opportunities | Document | Bicycles | Stage: New, Expected: 999.00 EUR | open",
        "Quotes | Figure | Offered, before tax | 120.00 EUR | -",
        "Quotes | Document | Q-2026-00001 | Quoted on: 2026-03-02, Total: 120.00 EUR | sent",
        "Activities | task | Call | Bicycles | Overdue",
        "Timeline | Note | They like red | Sal | -",
        "Timeline | Event | Q-2026-00001 | sal@works.example | send",
        "Timeline | Event | Ride & Co | rea@works.example | create",
    ] {
        assert!(all.contains(&expected.to_owned()), "{expected} in {all:#?}");
    }

    let table = house.rep.report("crm.overview", &params).await.unwrap();
    let all = rows(&table, &[0, 2]).join("\n");
    assert!(all.contains("Opportunities") && !all.contains("Q-2026"), "{all}");

    let outsider = house.shop.user("Out", &["cpq_user"]).await;
    assert!(outsider.report("crm.overview", &params).await.is_err());
    let unknown = seller.report("crm.overview", &[("party", "1")]).await;
    assert!(unknown.is_err());
}

/// Statements of so many new records made together.
async fn statements(desk: &Desk, model: &'static str, fields: Json, number: usize) -> u64 {
    let fields = fields.as_object().cloned().unwrap();
    let counted = desk.kernel.run(&desk.ctx, move |tx| {
        let fields = fields.clone();
        Box::pin(async move {
            let before = tx.statements();
            let draft = records::draft_of(tx, model, &fields)?;
            records::create(tx, model, vec![draft; number]).await?;
            Ok(tx.statements() - before)
        })
    });
    counted.await.unwrap()
}

async fn many_take_no_more_statements_than_one() {
    let house = House::open(&["crm"]).await;
    let party = house.party("Ride & Co").await;
    for (model, fields) in [
        ("crm.lead", json!({ "name": "x", "email": "x@x.example", "phone": "22 555 01 02" })),
        ("crm.opportunity", json!({ "name": "x", "party": party, "expected_revenue": "10" })),
    ] {
        let one = statements(&house.rep, model, fields.clone(), 1).await;
        let many = statements(&house.rep, model, fields, 100).await;
        assert_eq!(one, many, "{model}");
    }
}
