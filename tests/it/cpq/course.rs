//! The course of a quote: its states, versions, validity, approval, and who may what.

use fondaco_kernel::Error;
use fondaco_tests::both;
use fondaco_tests::shop::problems;
use serde_json::{Value as Json, json};

use super::{House, figures};

both! {
    each_action_is_possible_in_its_states_only,
    a_revision_keeps_what_was_sent,
    a_quote_ends_with_its_last_day,
    accepted_without_sales_it_waits_for_an_order,
    what_is_no_longer_possible_is_not_sent,
    beyond_the_limits_a_manager_approves,
    costs_are_for_those_who_may_see_them,
    one_works_on_ones_own_quotes,
    reports_tell_why_and_what_became_of_it,
    a_source_must_be_there,
}

async fn each_action_is_possible_in_its_states_only() {
    let house = House::open().await;
    let possible = [
        ("refresh", vec!["draft"]),
        ("send", vec!["draft"]),
        ("revise", vec!["sent", "rejected", "expired"]),
        ("accept", vec!["sent"]),
        ("reject", vec!["sent"]),
        ("cancel", vec!["draft", "sent"]),
    ];
    for state in ["draft", "sent", "accepted", "rejected", "expired", "cancelled"] {
        for (action, from) in &possible {
            let quote = house.in_state(state).await;
            let why = if *action == "reject" { json!({ "reason": "No" }) } else { Json::Null };
            let done = house.act(quote, action, why).await;
            assert_eq!(done.is_ok(), from.contains(&state), "{action} when {state}: {done:?}");
        }
    }
    let expire = house.act(house.in_state("sent").await, "expire", Json::Null).await;
    assert!(matches!(expire, Err(Error::Forbidden { .. } | Error::NotFound { .. })), "{expire:?}");
}

async fn a_revision_keeps_what_was_sent() {
    let house = House::open().await;
    let quote = house.quote(vec![house.carbon("5")]).await;
    house.act(quote, "send", Json::Null).await.unwrap();
    let number = house.get(quote).await["number"].clone();
    assert_eq!(number, "Q-2026-00001");
    let refused = house.rep.update("cpq.quote", quote, json!({ "discount": "0.1" })).await;
    assert!(matches!(refused, Err(Error::Forbidden { .. })), "what was sent is not changed");

    house.act(quote, "revise", Json::Null).await.unwrap();
    let line = house.get(quote).await["lines"][0]["id"].clone();
    let lines = json!([{ "id": line, "quantity": "10" }]);
    house.rep.update("cpq.quote", quote, json!({ "lines": lines })).await.unwrap();
    house.act(quote, "send", Json::Null).await.unwrap();
    let seen = house.get(quote).await;
    assert_eq!((&seen["number"], &seen["revision"]), (&number, &json!(2)));
    let versions: Vec<String> = seen["versions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|version| figures(version, &["revision", "net", "total"]))
        .collect();
    assert_eq!(versions, ["1 12825.00 15390.00", "2 24300.00 29160.00"]);
    assert_eq!(seen["versions"][0]["document"]["lines"][0]["quantity"], "5");
}

async fn a_quote_ends_with_its_last_day() {
    let house = House::open().await;
    let quote = house.quote(vec![house.carbon("1")]).await;
    house.act(quote, "send", Json::Null).await.unwrap();
    house.shop.on("2026-04-01");
    house.shop.kernel.run_due_jobs().await.unwrap();
    assert_eq!(house.get(quote).await["state"], "sent", "its last day is still valid");
    house.shop.on("2026-04-02");
    let late = house.act(quote, "accept", Json::Null).await;
    assert_eq!(problems(late), ["valid_until: over"]);
    house.shop.kernel.run_due_jobs().await.unwrap();
    assert_eq!(house.get(quote).await["state"], "expired");

    house.act(quote, "revise", Json::Null).await.unwrap();
    assert_eq!(house.get(quote).await["valid_until"], "2026-05-02");
    house.act(quote, "send", Json::Null).await.unwrap();
    house.act(quote, "accept", json!({ "reference": "PO 17" })).await.unwrap();
    let seen = house.get(quote).await;
    assert_eq!(
        figures(&seen, &["state", "customer_reference", "closed_on"]),
        "accepted PO 17 2026-04-02"
    );
}

async fn accepted_without_sales_it_waits_for_an_order() {
    let house = House::open().await;
    let quote = house.in_state("accepted").await;
    assert_eq!(house.get(quote).await["order_id"], Json::Null);
    assert_eq!(problems(house.act(quote, "order", Json::Null).await), [": no_orders"]);
}

async fn what_is_no_longer_possible_is_not_sent() {
    let house = House::open().await;
    let quote = house.quote(vec![house.carbon("1")]).await;
    let rule = json!({
        "product": house.bike, "name": "Not together", "kind": "excludes",
        "option": "frame.carbon", "others": ["drivetrain.electronic"],
    });
    house.boss.create("cpq.rule", rule).await.unwrap();
    let refused = house.act(quote, "send", Json::Null).await;
    assert_eq!(problems(refused), ["lines[0].choice: rule"]);
    assert_eq!(house.get(quote).await["state"], "draft");
}

async fn beyond_the_limits_a_manager_approves() {
    let house = House::open().await;
    let company = house.shop.admin.ctx.company().any();
    let limits =
        json!({ "quote_discount_max": "0.1", "quote_margin_min": "0.2", "quote_days": 14 });
    house.shop.admin.update("company", company, limits).await.unwrap();
    let line = json!({ "product": house.bell, "quantity": "10", "discount": "0.1" });
    let quote = house.quote(vec![line]).await;
    let seen = house.get(quote).await;
    assert_eq!(
        (&seen["needs_approval"], &seen["valid_until"]),
        (&json!(false), &json!("2026-03-16"))
    );

    house.rep.update("cpq.quote", quote, json!({ "discount": "0.05" })).await.unwrap();
    let seen = house.get(quote).await;
    assert_eq!(seen["approval_reason"], "Line 1: 14.5 % given by hand, more than 10 %.");
    let refused = house.rep.act("cpq.quote", quote, "send", Json::Null).await;
    assert_eq!(problems(refused), ["approved_by: needs_approval"]);
    let refused = house.rep.act("cpq.quote", quote, "approve", Json::Null).await;
    assert!(matches!(refused, Err(Error::Forbidden { .. })));
    house.act(quote, "approve", Json::Null).await.unwrap();
    assert_eq!(problems(house.act(quote, "approve", Json::Null).await), [": refused"]);

    // A change afterwards wants another approval.
    house.rep.update("cpq.quote", quote, json!({ "discount": "0.06" })).await.unwrap();
    let refused = house.rep.act("cpq.quote", quote, "send", Json::Null).await;
    assert_eq!(problems(refused), ["approved_by: needs_approval"]);
    house.act(quote, "approve", Json::Null).await.unwrap();
    house.rep.act("cpq.quote", quote, "send", Json::Null).await.unwrap();

    house.boss.update("product", house.bell, json!({ "standard_cost": "9" })).await.unwrap();
    let thin = house.quote(vec![json!({ "product": house.bell })]).await;
    let seen = house.get(thin).await;
    assert_eq!(seen["approval_reason"], "The margin is below the company's minimum.");
}

async fn costs_are_for_those_who_may_see_them() {
    let house = House::open().await;
    house.boss.update("product", house.bell, json!({ "standard_cost": "4" })).await.unwrap();
    let quote = house.quote(vec![json!({ "product": house.bell, "quantity": "5" })]).await;
    let seen = house.get(quote).await;
    assert_eq!(figures(&seen, &["cost", "margin", "margin_rate"]), "20.00 30.00 0.6");
    let rep = house.rep.get("cpq.quote", quote).await.unwrap();
    for field in ["cost", "margin", "margin_rate"] {
        assert!(rep.get(field).is_none(), "{field}");
        assert!(rep["lines"][0].get(field).is_none(), "{field} of the line");
    }
    assert!(!rep.to_string().contains("unit_cost"), "not in the outlook either");
}

async fn one_works_on_ones_own_quotes() {
    let house = House::open().await;
    let quote = house.quote(vec![house.carbon("1")]).await;
    assert!(house.other.get("cpq.quote", quote).await.is_ok(), "everybody of sales reads them");
    let refused = house.other.update("cpq.quote", quote, json!({ "note": "mine" })).await;
    assert!(matches!(refused, Err(Error::Forbidden { .. })), "{refused:?}");
    let refused = house.other.act("cpq.quote", quote, "send", Json::Null).await;
    assert!(matches!(refused, Err(Error::Forbidden { .. })), "{refused:?}");
    let group = json!({ "product": house.bike, "code": "saddle", "name": "Saddle" });
    let refused = house.rep.create("cpq.option_group", group).await;
    assert!(matches!(refused, Err(Error::Forbidden { .. })), "{refused:?}");
}

async fn reports_tell_why_and_what_became_of_it() {
    let house = House::open().await;
    let bike = house.bike.to_string();
    let choice = r#"{"frame": "carbon"}"#;
    let params = [("product", bike.as_str()), ("choice", choice), ("quantity", "10")];
    let table = house.rep.report("cpq.price", &params).await.unwrap();
    let last = table.totals.last().and_then(|value| value.as_decimal());
    assert_eq!(last.map(|price| price.normalize().to_string()).as_deref(), Some("1440"));
    assert_eq!(table.rows.len(), 5);

    for state in ["accepted", "accepted", "rejected", "sent", "draft"] {
        house.in_state(state).await;
    }
    let table = house.rep.report("cpq.results", &[]).await.unwrap();
    let row: Vec<String> = table.rows[0].iter().map(|value| value.to_json().to_string()).collect();
    let expected =
        [r#""Rea""#, "4", r#""10800.00""#, r#""5400.00""#, r#""2700.00""#, r#""2700.00""#];
    assert_eq!(row[..6], expected);
}

async fn a_source_must_be_there() {
    let house = House::open().await;
    for (model, id, expected) in [
        ("party", json!(house.club.raw()), None),
        ("party", json!(1), Some("source_id: unknown")),
        ("crm.opportunity", json!(house.club.raw()), Some("source_id: unknown")),
        ("party", Json::Null, Some("source_id: required")),
    ] {
        let mut wish = house.wish(vec![house.carbon("1")]);
        wish["source_model"] = json!(model);
        wish["source_id"] = id;
        let done = house.rep.create("cpq.quote", wish).await;
        match expected {
            None => assert!(done.is_ok(), "{done:?}"),
            Some(expected) => assert_eq!(problems(done), [expected]),
        }
    }
}
