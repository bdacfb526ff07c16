//! What a quote comes to: options, lists, volumes, currencies, rounding.

use fondaco_kernel::values::Decimal;
use fondaco_kernel::{Error, Kernel, records};
use fondaco_server::desk::Desk;
use fondaco_tests::both;
use fondaco_tests::shop::problems;
use serde_json::{Value as Json, json};

use super::{House, figures};

both! {
    five_bicycles_come_to_the_figures_of_the_list,
    an_impossible_choice_is_refused_with_its_reason,
    the_quantity_of_the_whole_document_counts,
    a_change_of_the_head_prices_anew_and_keeps_the_lines,
    a_slab_gives_each_part_its_own_rate,
    price_lists_by_customer_time_currency_and_rounding,
    foreign_currencies_want_a_rate_or_a_price_of_their_own,
    a_long_quote_takes_no_more_statements_than_a_short_one,
}

/// `label change → price` of each step.
fn waterfall(line: &Json) -> Vec<String> {
    let steps = line["waterfall"].as_array().cloned().unwrap_or_default();
    let number = |step: &Json, field: &str| {
        let number: Decimal = step[field].as_str().unwrap().parse().unwrap();
        number.normalize().to_string()
    };
    let step = |step: &Json| {
        let label = step["label"].as_str().unwrap_or_default().to_owned();
        format!("{label}: {} = {}", number(step, "change"), number(step, "unit_price"))
    };
    steps.iter().map(step).collect()
}

async fn five_bicycles_come_to_the_figures_of_the_list() {
    let house = House::open().await;
    let quote = house.quote(vec![house.carbon("5")]).await;
    let seen = house.get(quote).await;
    assert_eq!(figures(&seen, &["net", "tax", "total"]), "12825.00 2565.00 15390.00");
    let line = &seen["lines"][0];
    let prices = figures(line, &["list_price", "unit_price", "amount", "tax"]);
    assert_eq!(prices, "2700 2565 12825.00 2565.00");
    assert_eq!(
        waterfall(line),
        [
            "Base price: 900 = 900",
            "Frame: Carbon frame: 700 = 1600",
            "Wheels: Carbon wheels: 500 = 2100",
            "Drivetrain: Electronic drivetrain: 600 = 2700",
            "By number: from 5 -5 %: -135 = 2565",
        ]
    );
    assert_eq!(line["choice"], json!(["frame.carbon", "wheels.carbon", "drivetrain.electronic"]));
    let words = "Veloce: Carbon frame, Carbon wheels, Electronic drivetrain";
    assert_eq!(line["description"], words);
    assert_eq!(seen["valid_until"], "2026-04-01");
    assert_eq!((&seen["number"], &seen["state"]), (&Json::Null, &json!("draft")));
    let notes = seen["outlook"]["notes"].as_array().unwrap();
    assert_eq!(notes.len(), 2, "without inventory and accounting it says so: {notes:?}");
    assert_eq!(seen["promise_on"], Json::Null);
}

async fn an_impossible_choice_is_refused_with_its_reason() {
    let house = House::open().await;
    for (choice, expected) in [
        (json!({ "wheels": "carbon" }), "lines[0].choice: rule"),
        (json!({ "frame": "steel" }), "lines[0].choice: unknown_option"),
        (json!({ "saddle": "soft" }), "lines[0].choice: unknown_group"),
        (json!({ "frame": ["carbon", "aluminium"] }), "lines[0].choice: too_many"),
    ] {
        let line = json!({ "product": house.bike, "quantity": 1, "choice": choice });
        let refused = house.rep.create("cpq.quote", house.wish(vec![line])).await;
        assert_eq!(problems(refused), [expected]);
    }
    let line = json!({ "product": house.bike, "choice": { "wheels": "carbon" } });
    let Err(Error::Invalid(told)) = house.rep.create("cpq.quote", house.wish(vec![line])).await
    else {
        unreachable!("it was quoted")
    };
    assert_eq!(told[0].message, "Carbon wheels is only possible with Carbon frame.");
    let line = json!({ "product": house.bell, "choice": ["frame.carbon"] });
    let refused = house.rep.create("cpq.quote", house.wish(vec![line])).await;
    assert_eq!(problems(refused), ["lines[0].choice: unknown_group"]);
}

async fn the_quantity_of_the_whole_document_counts() {
    let house = House::open().await;
    let plain = json!({ "product": house.bike, "quantity": "2" });
    let quote = house.quote(vec![house.carbon("3"), plain]).await;
    let seen = house.get(quote).await;
    assert_eq!(figures(&seen["lines"][0], &["unit_price", "amount"]), "2565 7695.00");
    assert_eq!(figures(&seen["lines"][1], &["unit_price", "amount"]), "855 1710.00");

    // A line less, and the discount is gone.
    let line = json!([{ "id": seen["lines"][0]["id"] }]);
    house.rep.update("cpq.quote", quote, json!({ "lines": line })).await.unwrap();
    let seen = house.get(quote).await;
    assert_eq!(figures(&seen["lines"][0], &["unit_price", "amount"]), "2700 8100.00");
    assert_eq!(seen["lines"].as_array().map(Vec::len), Some(1));
}

async fn a_change_of_the_head_prices_anew_and_keeps_the_lines() {
    let house = House::open().await;
    let quote = house.quote(vec![house.carbon("5"), json!({ "product": house.bell })]).await;
    house.rep.update("cpq.quote", quote, json!({ "discount": "0.1" })).await.unwrap();
    let seen = house.get(quote).await;
    assert_eq!(figures(&seen["lines"][0], &["unit_price", "amount"]), "2308.5 11542.50");
    assert_eq!(figures(&seen["lines"][1], &["unit_price", "amount"]), "9 9.00");
    assert_eq!(figures(&seen, &["net", "tax", "total"]), "11551.50 2310.30 13861.80");
    house.rep.update("cpq.quote", quote, json!({ "note": "by telephone" })).await.unwrap();
    let again = house.get(quote).await;
    assert_eq!((&again["net"], &again["lines"]), (&seen["net"], &seen["lines"]));

    let line = |at: usize| seen["lines"][at]["id"].clone();
    let lines =
        json!([{ "id": line(0), "manual_price": "2400" }, { "id": line(1), "quantity": 3 }]);
    house.rep.update("cpq.quote", quote, json!({ "lines": lines })).await.unwrap();
    let seen = house.get(quote).await;
    assert_eq!(figures(&seen["lines"][0], &["unit_price", "amount"]), "2400 12000.00");
    assert_eq!(figures(&seen["lines"][1], &["unit_price", "amount"]), "9 27.00");
}

async fn a_slab_gives_each_part_its_own_rate() {
    let house = House::open().await;
    house.volume("slab", house.bell).await;
    for (quantity, amount) in [("4", "40.00"), ("5", "49.50"), ("7", "68.50"), ("12", "114.50")] {
        let quote = house.quote(vec![json!({ "product": house.bell, "quantity": quantity })]).await;
        assert_eq!(house.get(quote).await["lines"][0]["amount"], amount, "{quantity}");
    }
}

async fn price_lists_by_customer_time_currency_and_rounding() {
    let house = House::open().await;
    let line = |more: Json| {
        let mut line = json!({ "product": house.bell });
        line.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
        line
    };
    let dealers = json!({
        "name": "Dealers", "round_to": "0.05", "valid_until": "2026-06-30",
        "lines": [
            line(json!({ "discount": "0.1" })),
            line(json!({ "discount": "0.33", "from_quantity": "100" })),
            { "product": house.bike, "kind": "fixed", "price": "850" },
            { "product": house.bike, "option": "frame.carbon", "kind": "fixed", "price": "650" },
        ],
    });
    let dealers = house.boss.create("cpq.price_list", dealers).await.unwrap();
    let sale = json!({
        "name": "Sale", "is_default": true, "valid_from": "2026-05-01",
        "lines": [{ "discount": "0.2" }],
    });
    house.boss.create("cpq.price_list", sale).await.unwrap();
    let price = async |quantity: &str, on: &str| {
        let line = json!({ "product": house.bell, "quantity": quantity });
        let wish = json!({ "customer": house.club, "quoted_on": on, "lines": [line] });
        let quote = house.rep.create("cpq.quote", wish).await.unwrap();
        figures(&house.get(quote).await["lines"][0], &["unit_price"])
    };
    assert_eq!(price("1", "2026-03-02").await, "10", "no list is valid yet");
    assert_eq!(price("1", "2026-05-01").await, "8", "the default list");
    house
        .boss
        .update("cpq.price_list", dealers, json!({ "valid_from": "2026-01-01" }))
        .await
        .unwrap();
    house.boss.update("party", house.club, json!({ "price_list": dealers })).await.unwrap();
    assert_eq!(price("1", "2026-05-01").await, "9", "his own list goes first");
    assert_eq!(price("100", "2026-05-01").await, "6.7", "from a hundred on");
    assert_eq!(price("1", "2026-07-01").await, "8", "his own list is over");

    let quote = house.quote(vec![house.carbon("1")]).await;
    let steps = waterfall(&house.get(quote).await["lines"][0]);
    assert_eq!(
        steps[4..],
        [
            "Price list Dealers: 850.00: -50 = 2650",
            "Price list Dealers, Frame: Carbon frame: 650.00: -50 = 2600",
        ]
    );
    let twice = json!({ "lines": [line(json!({ "discount": "0.1" })), line(json!({ "discount": "0.2" }))] });
    let refused = house.boss.update("cpq.price_list", dealers, twice).await;
    assert_eq!(problems(refused), ["lines[1]: conflict"]);
}

async fn foreign_currencies_want_a_rate_or_a_price_of_their_own() {
    let house = House::open().await;
    let admin = &house.shop.admin;
    let dollar = admin.by_key("currency", "USD").await.unwrap();
    let euro = admin.by_key("currency", "EUR").await.unwrap();
    let mut wish = house.wish(vec![house.carbon("1"), json!({ "product": house.bell })]);
    wish["currency"] = json!(dollar);
    let refused = house.rep.create("cpq.quote", wish.clone()).await;
    assert_eq!(problems(refused), ["lines[0].currency: no_rate", "lines[1].currency: no_rate"]);

    let own = json!({ "product": house.bell, "currency": dollar, "price": "12" });
    admin.create("price", own).await.unwrap();
    let rate = json!({ "from_currency": euro, "to_currency": dollar, "rate": "1.1", "date": "2026-03-01" });
    admin.create("exchange_rate", rate).await.unwrap();
    let quote = house.rep.create("cpq.quote", wish).await.unwrap();
    let seen = house.get(quote).await;
    assert_eq!(figures(&seen["lines"][0], &["list_price", "unit_price"]), "2970 2970");
    assert_eq!(figures(&seen["lines"][1], &["list_price", "unit_price"]), "12 12");
    assert_eq!(waterfall(&seen["lines"][0])[0], "Base price (900.00 at 1.1): 990 = 990");
}

/// Statements of one new quote.
async fn statements(kernel: &Kernel, desk: &Desk, wish: Json) -> u64 {
    let wish = wish.as_object().cloned().unwrap();
    let counted = kernel.run(&desk.ctx, move |tx| {
        let wish = wish.clone();
        Box::pin(async move {
            let before = tx.statements();
            let draft = records::draft_of(tx, "cpq.quote", &wish)?;
            records::create(tx, "cpq.quote", vec![draft]).await?;
            Ok(tx.statements() - before)
        })
    });
    counted.await.unwrap()
}

async fn a_long_quote_takes_no_more_statements_than_a_short_one() {
    let house = House::open().await;
    let lines = |number: usize| -> Json {
        let both = [house.carbon("1"), json!({ "product": house.bell })];
        house.wish(both.into_iter().cycle().take(number).collect())
    };
    let short = statements(&house.shop.kernel, &house.rep, lines(2)).await;
    let long = statements(&house.shop.kernel, &house.rep, lines(100)).await;
    assert_eq!(short, long);
}
