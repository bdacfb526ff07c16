//! What breaks under load: the server is killed, the database loses a backend, the disk is full.
//! Whatever was acknowledged is there, whatever is sent again is there once, numbers have no gap, the
//! chain holds. What the disk itself may lose in a power cut is not tried here.

mod backend;
mod disk;
mod kill;
mod servers;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use fondaco_cluster::Cluster;
use fondaco_tests::program::Answer;
use fondaco_tests::{Client, Folder, Shop};
use serde_json::{Value as Json, json};

const MODULES: &[&str] = &["sales", "accounting"];
const FILES: &[(&str, &str)] = &[("data/goods.toml", DATA)];
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
    /// Sent, and never answered, or answered by a refusal of the server.
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

/// Somebody who may order, and what.
async fn furnish(shop: Shop) -> (String, Goods) {
    let rep = shop.user("Rita", &["sales_user", "accountant"]).await;
    let customer = rep.by_key("party", "verdi").await.unwrap().to_string();
    let product = rep.by_key("product", "frame").await.unwrap().to_string();
    (fondaco_tests::served::token(&rep, &["*:*"]).await, Goods { customer, product })
}

impl Goods {
    fn order(&self, key: &str) -> Json {
        let line = json!({ "product": self.product, "quantity": "1" });
        json!({ "customer": self.customer, "customer_reference": key, "lines": [line] })
    }

    /// Makes and confirms an order: its id and number, or the refusal of the server (a status from
    /// 500 on), or `None` when there was no answer.
    fn placed(&self, client: &Client, key: &str) -> Result<(String, String), Option<Answer>> {
        let sent = |path: &str, body: &Json, key: &str, status: u16| {
            let answer = client.post_with(path, body, &[("idempotency-key", key)]);
            match answer.map_err(|_| None)? {
                refused if refused.status >= 500 => Err(Some(refused)),
                answer => Ok(answer.expect(status)),
            }
        };
        let id = sent("/api/sales.order", &self.order(key), key, 201)?.id();
        let path = format!("/api/sales.order/{id}/confirm");
        let done = sent(&path, &json!({}), &format!("{key}-confirm"), 200)?;
        let number = done.body["record"]["number"].as_str().ok_or(None)?.to_owned();
        Ok((id, number))
    }

    fn place(&self, client: &Client, key: &str) -> Option<(String, String)> {
        self.placed(client, key).ok()
    }
}

/// Small differences from a seed that is printed, so that a failure can be looked for again.
struct Chance(u64);

impl Chance {
    fn new() -> Chance {
        let seed = u64::from(std::process::id()) | 1;
        println!("seed {seed}");
        Chance(seed)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }
}

/// One order under a new key: whether it was acknowledged, or how it was refused.
fn order(client: &Client, goods: &Goods, known: &Mutex<Known>) -> Result<(), Option<Answer>> {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let key = format!("order-{}", NEXT.fetch_add(1, Ordering::Relaxed));
    known.lock().unwrap().unanswered.insert(key.clone());
    let answer = goods.placed(client, &key)?;
    let mut known = known.lock().unwrap();
    known.unanswered.remove(&key);
    known.acknowledged.insert(key, answer);
    Ok(())
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

/// Afterwards: nothing acknowledged is lost, nothing is double, no number is missing; what got no
/// answer is sent again, and some of what got one.
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
    let sound = client.post("/api/ledger/verify", &Json::Null).unwrap().expect(200);
    assert_eq!(sound.body["sound"], true, "round {round}: {}", sound.body);
}

/// A new database of a test's own server, as it stands in a company folder.
fn server(cluster: &Cluster) -> String {
    cluster.sql("postgres", "create database works");
    format!("url = {:?}", cluster.url("works"))
}

/// The figures of a test, and that there was something to see. What was cut the program may have run
/// again by itself, where its transaction was known not to have happened.
fn tell(known: &Known, what: &str) {
    let (orders, cut, made) = (known.acknowledged.len(), known.cut, known.made);
    println!("{what}: {orders} orders, {cut} not acknowledged, {made} of these made");
    assert!(orders > 20, "there was no load to speak of");
}

/// The program itself finds the books sound, with nobody else at them.
fn verified(folder: &Folder) {
    let path = folder.path().to_str().unwrap();
    let verified = fondaco_tests::program::run(&["ledger", "verify", "--company", path]);
    assert!(verified.status.success(), "{verified:?}");
}
