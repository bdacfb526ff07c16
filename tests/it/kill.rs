//! The program is killed under load (SIGKILL, at a random moment) and started again, twenty times.
//! Whatever was acknowledged is there, whatever is sent again is there once, numbers have no gap, the
//! chain holds. What the disk itself may lose in a power cut is not tried here.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use fondaco_tests::{Client, Folder, Program};
use serde_json::{Value as Json, json};

const ROUNDS: u64 = 20;
const CLIENTS: u64 = 8;

const DATA: &str = r#"
[[party]]
key = "verdi"
name = "Verdi Biciclette"
customer = true

[[product]]
key = "frame"
code = "FRAME"
name = "Carbon frame"
unit = "piece"
list_price = "500.00"
tax_code = "vat_out_20"
"#;

/// What clients know: the id and number that were answered for a key.
#[derive(Default)]
struct Known {
    acknowledged: BTreeMap<String, (String, String)>,
    /// Sent, and never answered.
    unanswered: BTreeSet<String>,
    /// How many of those there were, and how many had been made all the same.
    cut: usize,
    made: usize,
}

/// What is ordered. An order is two requests: made, then confirmed, each under its own key.
struct Goods {
    customer: String,
    product: String,
}

impl Goods {
    fn order(&self, key: &str) -> Json {
        let line = json!({ "product": self.product, "quantity": "1" });
        json!({ "customer": self.customer, "customer_reference": key, "lines": [line] })
    }

    /// Makes and confirms an order; `None` when the server went away meanwhile.
    fn place(&self, client: &Client, key: &str) -> Option<(String, String)> {
        let made =
            client.post_with("/api/sales.order", &self.order(key), &[("idempotency-key", key)]);
        let id = made.ok()?.expect(201).id();
        let path = format!("/api/sales.order/{id}/confirm");
        let again = format!("{key}-confirm");
        let done = client.post_with(&path, &json!({}), &[("idempotency-key", &again)]).ok()?;
        let number = done.expect(200).body["record"]["number"].as_str()?.to_owned();
        Some((id, number))
    }
}

/// Small differences from a seed that is printed, so that a failure can be looked for again.
fn random(seed: &mut u64) -> u64 {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    *seed
}

/// Clients at work until the program is gone.
fn load(program: Program, token: &str, goods: &Goods, known: &Mutex<Known>, life: Duration) {
    let client = program.client(token);
    std::thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| while order(&client, goods, known) {});
        }
        std::thread::sleep(life);
        program.kill();
    });
}

/// One order under a new key; whether it was answered.
fn order(client: &Client, goods: &Goods, known: &Mutex<Known>) -> bool {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let key = format!("order-{}", NEXT.fetch_add(1, Ordering::Relaxed));
    known.lock().unwrap().unanswered.insert(key.clone());
    let Some(answer) = goods.place(client, &key) else { return false };
    let mut known = known.lock().unwrap();
    known.unanswered.remove(&key);
    known.acknowledged.insert(key, answer);
    true
}

/// Everything that is there, by key: id and number.
fn orders(client: &Client) -> BTreeMap<String, Vec<(String, String)>> {
    let mut found: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    let mut after = String::new();
    loop {
        let path =
            format!("/api/sales.order?limit=500&sort=id&fields=number,customer_reference{after}");
        let page = client.get(&path).unwrap().expect(200);
        for order in page.body["items"].as_array().unwrap() {
            let text = |field: &str| order[field].as_str().unwrap_or_default().to_owned();
            let place = found.entry(text("customer_reference")).or_default();
            place.push((text("id"), text("number")));
        }
        match page.body["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return found,
        }
    }
}

/// After a restart: nothing acknowledged is lost, nothing is double, no number is missing.
fn check(client: &Client, goods: &Goods, known: &mut Known, round: u64) {
    let found = orders(client);
    for (key, answer) in &known.acknowledged {
        assert_eq!(
            found.get(key),
            Some(&vec![answer.clone()]),
            "round {round}: {key} was acknowledged"
        );
    }
    // By year, should a new one begin meanwhile.
    let mut numbers: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
    for (_, number) in found.values().flatten().filter(|(_, number)| !number.is_empty()) {
        let (series, seq) = number.rsplit_once('-').unwrap();
        let is_new = numbers.entry(series).or_default().insert(seq.parse().unwrap());
        assert!(is_new, "round {round}: {number} was given twice");
    }
    for (series, drawn) in numbers {
        let expected: BTreeSet<usize> = (1..=drawn.len()).collect();
        assert_eq!(drawn, expected, "round {round}: a gap in {series}");
    }
    // What got no answer is sent again, and some of what got one.
    known.cut += known.unanswered.len();
    for key in std::mem::take(&mut known.unanswered) {
        let there = found.get(&key).cloned().unwrap_or_default();
        assert!(there.len() <= 1, "round {round}: {key} was made {} times", there.len());
        known.made += there.len();
        let answer = goods.place(client, &key).expect("the server is up");
        if let Some((id, _)) = there.first() {
            assert_eq!(*id, answer.0, "round {round}: {key} was made, but not answered");
        }
        known.acknowledged.insert(key, answer);
    }
    for (key, answer) in known.acknowledged.iter().rev().take(5) {
        let again = goods.place(client, key).expect("the server is up");
        assert_eq!(again, *answer, "round {round}: {key} was sent once more");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_and_nothing_is_double() {
    let folder = Folder::lay("kill", &["sales", "accounting"], &[("data/goods.toml", DATA)]);
    let (token, goods) = {
        let shop = folder.shop().await;
        let rep = shop.user("Rita", &["sales_user", "accountant"]).await;
        let customer = rep.by_key("party", "verdi").await.unwrap().to_string();
        let product = rep.by_key("product", "frame").await.unwrap().to_string();
        (fondaco_tests::served::token(&rep, &["*:*"]).await, Goods { customer, product })
    };
    let mut seed = u64::from(std::process::id()) | 1;
    println!("seed {seed}");
    let (started, known) = (Instant::now(), Mutex::new(Known::default()));
    for round in 1..=ROUNDS {
        let program = Program::serve(folder.path());
        let life = Duration::from_millis(50 + random(&mut seed) % 350);
        load(program, &token, &goods, &known, life);
        let program = Program::serve(folder.path());
        let client = program.client(&token);
        check(&client, &goods, &mut known.lock().unwrap(), round);
        let sound = client.post("/api/ledger/verify", &Json::Null).unwrap().expect(200);
        assert_eq!(sound.body["sound"], true, "round {round}: {}", sound.body);
        program.kill();
    }
    let mut known = known.lock().unwrap();
    let program = Program::serve(folder.path());
    check(&program.client(&token), &goods, &mut known, ROUNDS + 1);
    program.kill();
    println!(
        "{ROUNDS} times killed, {} orders, {} without an answer, {} of these made, in {:?}",
        known.acknowledged.len(),
        known.cut,
        known.made,
        started.elapsed()
    );
    assert!(known.acknowledged.len() > 100 && known.cut > 0, "there was no load to speak of");
    let status = fondaco_tests::program::run(&[
        "ledger",
        "verify",
        "--company",
        folder.path().to_str().unwrap(),
    ]);
    assert!(status.status.success(), "{status:?}");
}
