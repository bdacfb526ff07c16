//! Choosing the options of a product on its screen: what there is, why something does not go, what it
//! costs step by step, and the quote that takes it up.

use fondaco_tests::Served;
use fondaco_tests::both;
use fondaco_tests::program::{Answer, Client, quoted};
use fondaco_values::{AnyId, Decimal};
use serde_json::json;

use super::House;

both! {
    a_choice_is_told_what_it_comes_to,
    the_screen_shows_options_reasons_and_steps,
    a_choice_goes_into_a_new_quote,
    who_quotes_nothing_configures_nothing,
}

const BEST: &str = "frame.carbon; wheels.carbon; drivetrain.electronic";

fn page(client: &Client, path: &str) -> Answer {
    client.send("GET", path, None, &[("accept", "text/html")]).unwrap()
}

async fn a_choice_is_told_what_it_comes_to() {
    let house = House::open().await;
    let bike = house.bike;
    let served = Served::open(house.shop);
    let client = served.client(&house.rep).await;
    // The choice, so many: price of the list, price, problems.
    for (choice, quantity, list, net, problems) in [
        ("", "1", Some("900.00"), Some("900.00"), &[][..]),
        (BEST, "1", Some("2700.00"), Some("2700.00"), &[]),
        (BEST, "5", Some("2700.00"), Some("2565.00"), &[]),
        (BEST, "10", Some("2700.00"), Some("2430.00"), &[]),
        ("wheels.carbon", "1", None, None, &["Carbon wheels is only possible with Carbon frame."]),
        (
            "frame.steel",
            "1",
            None,
            None,
            &["Frame has no option steel; there are aluminium, carbon."],
        ),
    ] {
        let path =
            format!("/api/configure?product={bike}&quantity={quantity}&choice={}", quoted(choice));
        let found = client.get(&path).unwrap().expect(200).body;
        let told: Vec<&str> = found["problems"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|problem| problem["message"].as_str())
            .collect();
        assert_eq!(told, problems, "{choice}");
        let price = |name: &str| {
            let price = found["price"][name].as_str()?.parse::<Decimal>().unwrap();
            Some(format!("{price:.2}"))
        };
        let (list, net) = (list.map(str::to_owned), net.map(str::to_owned));
        assert_eq!((price("list"), price("net")), (list, net), "{choice} {quantity}");
    }
    // Of each option: whether it is chosen, and what stands against it.
    let path = format!("/api/configure?product={bike}&choice=frame.carbon");
    let found = client.get(&path).unwrap().expect(200).body;
    let wheels = &found["groups"][1]["options"];
    assert_eq!(wheels[0]["chosen"], json!(true), "what is preselected");
    assert_eq!(wheels[1]["refusal"], json!(null));
    let plain = client.get(&format!("/api/configure?product={bike}")).unwrap().expect(200).body;
    let refusal = &plain["groups"][1]["options"][1]["refusal"];
    assert_eq!(refusal, "Carbon wheels is only possible with Carbon frame.");
    client.get("/api/configure").unwrap().expect(422);
    // What a program says wrong is told it, all at once; a person may be half-way through typing.
    let wrong = client.get("/api/configure?product=bike&quantity=two&customer=Verdi").unwrap();
    let fields = ["customer: unreadable", "product: unreadable", "quantity: unreadable"];
    assert_eq!(wrong.expect(422).problems(), fields);
    for none in ["0", "-1"] {
        let path = format!("/api/configure?product={bike}&quantity={none}");
        assert_eq!(client.get(&path).unwrap().expect(422).problems(), ["quantity: range"]);
        page(&client, &format!("/configure?product={bike}&quantity={none}")).expect(200);
    }
    client.get("/api/configure?product=4711").unwrap().expect(404);
}

async fn the_screen_shows_options_reasons_and_steps() {
    let house = House::open().await;
    let bike = house.bike;
    let served = Served::open(house.shop);
    let client = served.client(&house.rep).await;
    let products = page(&client, "/configure").expect(200);
    let text = products.body.as_str().unwrap_or_default();
    assert!(text.contains("Veloce") && !text.contains(">Bell<"), "{text}");
    // By names of groups, as the form sends it.
    let path = format!(
        "/configure?product={bike}&quantity=5&choice.frame=frame.carbon&choice.wheels=wheels.carbon\
         &choice.drivetrain=drivetrain.electronic&choice.colour="
    );
    let shown = page(&client, &path).expect(200);
    let text = shown.body.as_str().unwrap_or_default();
    for part in [
        "Options of Veloce",
        "value=\"frame.carbon\" checked",
        "+700.00",
        "+500.00",
        "By number",
        "−135.00",
        "2,565.00",
        "12,825.00",
        "/cpq.quote/new?",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    let refused =
        page(&client, &format!("/configure?product={bike}&choice=wheels.carbon")).expect(200);
    let text = refused.body.as_str().unwrap_or_default();
    assert!(text.contains("role=\"alert\"") && !text.contains("/cpq.quote/new?"), "{text}");
}

async fn a_choice_goes_into_a_new_quote() {
    let house = House::open().await;
    let (bike, club) = (house.bike, house.club);
    let served = Served::open(house.shop);
    let client = served.client(&house.rep).await;
    let path =
        format!("/configure?product={bike}&quantity=5&customer={club}&choice={}", quoted(BEST));
    let text = page(&client, &path).expect(200).body.as_str().unwrap_or_default().to_owned();
    let at = text.find("/cpq.quote/new?").unwrap();
    let address = text[at..].split('"').next().unwrap().replace("&amp;", "&");
    let form = page(&client, &address).expect(200);
    let text = form.body.as_str().unwrap_or_default();
    for part in ["value=\"Veloce\"", &format!("value=\"{BEST}\""), "name=\"lines.0.quantity\""] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    let filled = [
        ("_was".to_owned(), r#"{"lines":""}"#.to_owned()),
        ("customer".to_owned(), club.to_string()),
        ("lines.0.product".to_owned(), bike.to_string()),
        ("lines.0.choice".to_owned(), BEST.to_owned()),
        ("lines.0.quantity".to_owned(), "5".to_owned()),
    ];
    let body: Vec<String> =
        filled.iter().map(|(name, value)| format!("{}={}", quoted(name), quoted(value))).collect();
    let html = [("accept", "text/html")];
    let made =
        client.send("POST", "/cpq.quote/new", Some(&body.join("&")), &html).unwrap().expect(303);
    let id: AnyId = made.header("location").rsplit('/').next().unwrap().parse().unwrap();
    let quote = house.rep.get("cpq.quote", id).await.unwrap();
    assert_eq!((&quote["net"], &quote["total"]), (&json!("12825.00"), &json!("15390.00")));
}

async fn who_quotes_nothing_configures_nothing() {
    let house = House::open().await;
    let bike = house.bike;
    let emil = house.shop.user("Emil", &["employee"]).await;
    let served = Served::open(house.shop);
    let client = served.client(&emil).await;
    let refused = client.get(&format!("/api/configure?product={bike}")).unwrap().expect(403);
    assert!(refused.body["detail"].as_str().unwrap_or_default().contains("such as a quote"));
    let text = page(&client, &format!("/configure?product={bike}"));
    assert_ne!(text.status, 200);
}
