//! What the manager keeps: options, rules and discounts; and what comes of a choice.

use fondaco_kernel::Error;
use fondaco_tests::both;
use fondaco_tests::shop::problems;
use serde_json::{Value as Json, json};

use super::{House, figures};

both! {
    rules_are_checked_when_they_are_written,
    options_and_discounts_are_checked_when_they_are_written,
    the_same_choice_gives_the_same_variant,
    a_configuration_is_saved_also_half_done,
}

async fn rules_are_checked_when_they_are_written() {
    let house = House::open().await;
    let rule = |more: Json| {
        let mut rule = json!({ "product": house.bike, "name": "Rule", "message": "No." });
        rule.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
        rule
    };
    let expression = |source: &str| rule(json!({ "kind": "expression", "expression": source }));
    for (wrong, expected) in [
        (
            rule(json!({ "option": "frame.karbon", "others": ["wheels.alloy"] })),
            "option: unknown_option",
        ),
        (rule(json!({ "option": "frame.carbon", "others": ["x.y"] })), "others: unknown_option"),
        (rule(json!({ "option": "frame.carbon" })), "others: required"),
        (rule(json!({ "kind": "expression" })), "expression: required"),
        (expression("'frame.carbon' in option"), "expression: expression"),
        (expression("sum(chosen.price)"), "expression: expression"),
        (expression("name == 'x'"), "expression: expression"),
        (expression("product.list_price > 3.0"), "expression: expression"),
        (expression("today() > date('2026-01-01')"), "expression: expression"),
        (expression("'cpq_user' in actor.roles"), "expression: expression"),
    ] {
        let refused = house.boss.create("cpq.rule", wrong.clone()).await;
        assert_eq!(problems(refused), [expected], "{wrong}");
    }
    let dear = expression("sum(chosen.price) <= 1300.0 || chosen.exists(c, c.group == 'colour')");
    house.boss.create("cpq.rule", dear).await.unwrap();
    let refused = house.rep.create("cpq.quote", house.wish(vec![house.carbon("1")])).await;
    assert_eq!(problems(refused), ["lines[0].choice: rule"]);
    let mut line = house.carbon("1");
    line["choice"]["colour"] = json!("custom");
    house.quote(vec![line]).await;
}

async fn options_and_discounts_are_checked_when_they_are_written() {
    let house = House::open().await;
    let option = |code: &str| json!({ "code": code, "name": code, "preselected": true });
    let group = |more: Json| {
        let mut group = json!({
            "product": house.bike, "code": "saddle", "name": "Saddle", "options": [option("soft")],
        });
        group.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
        group
    };
    for (wrong, expected) in [
        (group(json!({ "product": house.bell })), "product: not_configurable"),
        (group(json!({ "min_options": 2 })), "max_options: below_min"),
        (group(json!({ "options": [] })), "min_options: too_few_options"),
        (group(json!({ "options": [option("a"), option("b")] })), "options: preselected"),
        (
            group(json!({ "max_options": null, "options": [option("a"), option("a")] })),
            "options[1].code: taken",
        ),
        (group(json!({ "code": "frame" })), "code: taken"),
    ] {
        let refused = house.boss.create("cpq.option_group", wrong.clone()).await;
        let told = problems(refused);
        assert!(told.iter().any(|told| told == expected), "{wrong}: {told:?}");
    }
    let saddle = house.boss.create("cpq.option_group", group(json!({}))).await.unwrap();
    house.boss.update("cpq.option_group", saddle, json!({ "name": "Saddles" })).await.unwrap();

    let tiers = json!([{ "from_quantity": "5", "discount": "0.05" }]);
    let volume = |more: Json| {
        let mut volume = json!({ "name": "Again", "product": house.bike, "tiers": tiers });
        volume.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
        volume
    };
    for (wrong, expected) in [
        (volume(json!({})), "name: conflict"),
        (volume(json!({ "product": house.bell, "tiers": [] })), "tiers: required"),
        (
            volume(json!({ "product": house.bell, "tiers": [tiers[0], tiers[0]] })),
            "tiers[1].from_quantity: taken",
        ),
        (
            volume(
                json!({ "product": house.bell, "valid_from": "2026-02-01", "valid_until": "2026-01-01" }),
            ),
            "valid_until: before_start",
        ),
    ] {
        let refused = house.boss.create("cpq.volume_discount", wrong.clone()).await;
        assert_eq!(problems(refused), [expected], "{wrong}");
    }
}

async fn the_same_choice_gives_the_same_variant() {
    let house = House::open().await;
    let bike = house.bike;
    let variant = async |choice: Json| {
        let done = house.shop.kernel.run(&house.boss.ctx, move |tx| {
            let choice = choice.clone();
            Box::pin(async move {
                let port = tx.ports().configuration;
                let port = port.ok_or_else(|| Error::Internal("no configuration".into()))?;
                port.variant(tx, bike.cast(), &choice).await
            })
        });
        done.await.unwrap()
    };
    let one = variant(json!({ "frame": "carbon", "drivetrain": "electronic" })).await;
    let same = variant(json!(["drivetrain.electronic", "wheels.alloy", "frame.carbon"])).await;
    let other = variant(json!({ "frame": "carbon" })).await;
    assert_eq!(one, same);
    assert_ne!(one, other);
    let seen = house.boss.get("product", one.any()).await.unwrap();
    let told = figures(&seen, &["code", "kind", "supply", "list_price", "variant_of"]);
    assert_eq!(told, format!("BIKE-1 goods make 2200.00 {bike}"));

    // A variant has the price of what it was made from, in an order as in a quote.
    let quote = house.quote(vec![json!({ "product": one, "quantity": "5" })]).await;
    let line = house.get(quote).await["lines"][0].clone();
    assert_eq!(figures(&line, &["list_price", "unit_price"]), "2200 2090");
}

async fn a_configuration_is_saved_also_half_done() {
    let house = House::open().await;
    let half = json!({ "name": "Race", "product": house.bike, "choice": { "wheels": "carbon" } });
    let race = house.rep.create("cpq.configuration", half).await.unwrap();
    let seen = house.rep.get("cpq.configuration", race).await.unwrap();
    assert_eq!(seen["valid"], false);
    assert_eq!(seen["problems"], "Carbon wheels is only possible with Carbon frame.");
    let line = json!({ "product": house.bike, "configuration": race });
    let refused = house.rep.create("cpq.quote", house.wish(vec![line.clone()])).await;
    assert_eq!(problems(refused), ["lines[0].choice: rule"]);

    let whole = json!({ "choice": { "wheels": "carbon", "frame": "carbon" } });
    house.rep.update("cpq.configuration", race, whole).await.unwrap();
    let seen = house.rep.get("cpq.configuration", race).await.unwrap();
    assert_eq!(figures(&seen, &["valid", "list_price"]), "true 2100.00");
    assert_eq!(seen["chosen"].as_array().map(Vec::len), Some(3));
    let quote = house.quote(vec![line]).await;
    assert_eq!(house.get(quote).await["lines"][0]["unit_price"], "2100");
    let line = json!({ "product": house.bell, "configuration": race });
    let refused = house.rep.create("cpq.quote", house.wish(vec![line])).await;
    assert_eq!(problems(refused), ["lines[0].configuration: other_product"]);
}
