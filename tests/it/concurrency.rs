//! Many at once: what is scarce is never promised twice, numbers have no gap and no double, and the
//! ledger's chain holds afterwards.

use std::collections::BTreeSet;
use std::sync::Arc;

use fondaco_kernel::ledger::{self, Verdict};
use fondaco_kernel::{Error, Setup, Tx, records};
use fondaco_server::desk::Desk;
use fondaco_server::modules;
use fondaco_tests::scratch::Scratch;
use fondaco_tests::{Shop, both, engine};
use fondaco_values::{AnyId, Decimal, Value};
use serde_json::{Map, Value as Json, json};
use tokio::task::JoinSet;

both! {
    a_scarce_item_is_never_sold_twice,
    numbers_have_no_gap_and_no_double,
    a_crowd_does_not_pass_a_customers_limit,
    posted_entries_have_no_gap_either,
}

const CLIENTS: usize = 64;
const STOCK: i64 = 100;

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

/// A company in a file, as in earnest: readers beside the writer.
async fn open(scratch: &Scratch) -> Shop {
    let names = ["sales", "inventory", "accounting"].map(str::to_owned);
    let database = engine::lasting(&scratch.path().join("works.db"));
    let mut setup = Setup::new(database, modules::named(&names).unwrap());
    setup.data.push(("company.toml".to_owned(), fondaco_tests::shop::COMPANY.to_owned()));
    setup.data.push(("goods.toml".to_owned(), DATA.to_owned()));
    Shop::of(setup).await
}

/// Runs the same for each of the clients, all at once; answers in no order.
async fn crowd<T, F, W>(clients: usize, work: F) -> Vec<T>
where
    T: Send + 'static,
    F: Fn(usize) -> W,
    W: Future<Output = T> + Send + 'static,
{
    let mut crowd = JoinSet::new();
    for n in 0..clients {
        crowd.spawn(work(n));
    }
    crowd.join_all().await
}

async fn sound(desk: &Desk) {
    let verdict = desk.kernel.read(&desk.ctx, |tx| Box::pin(ledger::verify(tx, None, None))).await;
    assert!(matches!(verdict, Ok(Verdict::Sound { .. })), "{verdict:?}");
}

fn decimal(value: &Json) -> Decimal {
    value.as_str().unwrap_or("0").parse().unwrap()
}

/// On hand and set aside of the product, at one moment.
async fn level(desk: &Desk, product: AnyId) -> (Decimal, Decimal) {
    let id = product.to_string();
    let names = &desk.kernel.registry().schema.reports["inventory.availability"].columns;
    let at = |name: &str| names.iter().position(|column| column.name == name).unwrap();
    let (on_hand, reserved) = (at("on_hand"), at("reserved"));
    let table = desk.report("inventory.availability", &[("product", id.as_str())]).await.unwrap();
    let figure = |at: usize| match table.rows.first().map(|row| &row[at]) {
        Some(Value::Decimal(figure)) => *figure,
        None => Decimal::ZERO,
        other => panic!("{other:?}"),
    };
    (figure(on_hand), figure(reserved))
}

/// What one client does: orders a few, confirms; then takes what is ready, or gives it up.
async fn client(rep: Desk, keeper: Desk, goods: (AnyId, AnyId), n: usize) -> Decimal {
    let (customer, product) = goods;
    let quantity = 1 + n % 4;
    let line = json!({ "product": product, "quantity": quantity.to_string() });
    let order = json!({ "customer": customer, "lines": [line] });
    let order = rep.create("sales.order", order).await.unwrap();
    rep.act("sales.order", order, "confirm", Json::Null).await.unwrap();
    let filter = format!("source_model == 'sales.order' && source_id == {order}");
    let delivery = keeper.list("inventory.delivery", &filter, "id").await.unwrap();
    let delivery = &delivery[0];
    let id: AnyId = delivery["id"].as_str().unwrap().parse().unwrap();
    if n.is_multiple_of(5) {
        rep.act("sales.order", order, "cancel", json!({ "reason": "Changed my mind." }))
            .await
            .unwrap();
        return Decimal::ZERO;
    }
    // Another client's cancellation may serve this one at any moment.
    match keeper.act("inventory.delivery", id, "done", json!({ "rest": "drop" })).await {
        Ok(_) => {
            let done = keeper.get("inventory.delivery", id).await.unwrap();
            let lines = done["lines"].as_array().unwrap();
            lines.iter().map(|line| decimal(&line["moved"])).sum()
        }
        // Nothing was there for him.
        Err(Error::Invalid(_)) => Decimal::ZERO,
        Err(error) => panic!("{error}"),
    }
}

async fn a_scarce_item_is_never_sold_twice() {
    let scratch = Scratch::new("scarce");
    let shop = open(&scratch).await;
    let boss = shop.user("Bo", &["inventory_manager", "accountant", "sales_manager"]).await;
    let product = boss.by_key("product", "frame").await.unwrap();
    let customer = boss.by_key("party", "verdi").await.unwrap();
    let lines = json!([{ "product": product, "quantity": STOCK.to_string(), "unit_cost": "420" }]);
    let opening = json!({ "kind": "opening", "lines": lines });
    let opening = boss.create("inventory.adjustment", opening).await.unwrap();
    boss.act("inventory.adjustment", opening, "done", Json::Null).await.unwrap();

    let done = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let watch = {
        let (boss, done) = (boss.clone(), done.clone());
        async move {
            let mut looks = 0;
            while !done.load(std::sync::atomic::Ordering::Relaxed) {
                let (on_hand, reserved) = level(&boss, product).await;
                assert!(reserved <= on_hand, "{reserved} set aside of {on_hand}");
                assert!(on_hand >= Decimal::ZERO && on_hand <= STOCK.into(), "{on_hand} on hand");
                looks += 1;
            }
            looks
        }
    };
    let mut watcher = JoinSet::new();
    watcher.spawn(watch);
    let sold = crowd(CLIENTS, |n| client(boss.clone(), boss.clone(), (customer, product), n)).await;
    done.store(true, std::sync::atomic::Ordering::Relaxed);
    let looks: i32 = watcher.join_next().await.unwrap().unwrap();

    let sold: Decimal = sold.into_iter().sum();
    let (on_hand, reserved) = level(&boss, product).await;
    println!("sold {sold}, left {on_hand}, set aside {reserved}, looked {looks} times");
    assert_eq!(sold + on_hand, STOCK.into());
    assert!(reserved <= on_hand && looks > 0);
    assert!(sold >= Decimal::from(STOCK / 2), "there was a rush for {STOCK}, {sold} were sold");
    let value = boss.report("inventory.stock", &[]).await.unwrap();
    let value = value.rows.first().map(|row| row[3].to_json());
    let expected = fondaco_values::Money::exact(on_hand * Decimal::from(420)).unwrap();
    if !on_hand.is_zero() {
        assert_eq!(value, Some(json!(expected.to_string())));
    }
    sound(&boss).await;
}

/// One of the deeds of the second test: an order made and confirmed, and then, for every third
/// client, something that fails late in the same transaction.
async fn draw(tx: &mut Tx, order: Map<String, Json>, fails: bool) -> fondaco_kernel::Result<AnyId> {
    let draft = records::draft_of(tx, "sales.order", &order)?;
    let id = records::create(tx, "sales.order", vec![draft]).await?[0];
    let args = records::arguments(tx, "sales.order", "confirm", &Map::new())?;
    records::act(tx, "sales.order", id, "confirm", args).await?;
    match fails {
        true => Err(Error::problem("", "late", "It failed at the last moment.")),
        false => Ok(id),
    }
}

/// How many of these orders were made, and how many were refused.
async fn draw_each(boss: Desk, orders: Vec<(Json, bool)>) -> (usize, usize) {
    let (mut made, mut refused) = (0, 0);
    for (order, fails) in orders {
        let order = order.as_object().cloned().unwrap_or_default();
        let deed = boss.kernel.run(&boss.ctx, move |tx| Box::pin(draw(tx, order.clone(), fails)));
        match deed.await {
            Ok(_) => made += 1,
            Err(Error::Invalid(_)) => refused += 1,
            Err(error) => panic!("{error}"),
        }
    }
    (made, refused)
}

async fn numbers_have_no_gap_and_no_double() {
    const EACH: usize = 6;
    let scratch = Scratch::new("numbers");
    let shop = open(&scratch).await;
    let boss = shop.user("Bo", &["inventory_manager", "accountant", "sales_manager"]).await;
    let product = boss.by_key("product", "frame").await.unwrap();
    let poor = json!({ "name": "Poor", "customer": true, "credit_limit": "1" });
    let poor = shop.admin.create("party", poor).await.unwrap();
    let customer = boss.by_key("party", "verdi").await.unwrap();
    let drawn = crowd(CLIENTS, |n| {
        // Every seventh has no credit, every third fails after all was done.
        let orders = (0..EACH).map(|round| {
            let customer = if (n + round) % 7 == 0 { poor } else { customer };
            let line = json!({ "product": product, "quantity": "1" });
            (json!({ "customer": customer, "lines": [line] }), (n * EACH + round).is_multiple_of(3))
        });
        draw_each(boss.clone(), orders.collect())
    })
    .await;
    let made: usize = drawn.iter().map(|(made, _)| made).sum();
    let refused: usize = drawn.iter().map(|(_, refused)| refused).sum();
    println!("{made} made, {refused} refused");
    assert_eq!(made + refused, CLIENTS * EACH);
    assert!(refused > made / 4, "a share was to be refused: {refused}");
    let orders = boss.list("sales.order", "true", "id").await.unwrap();
    assert_eq!(orders.len(), made, "what was refused is not there");
    gapless(&orders, "number", "SO-2026-", made);
    // In the order in which they were committed, and so were their deliveries.
    let deliveries = boss.list("inventory.delivery", "true", "id").await.unwrap();
    gapless(&deliveries, "number", "OUT-2026-", made);
    sound(&boss).await;
}

/// The check reads what is owed and held through the transaction that then holds: where two of them
/// run side by side, the one that read what the other has changed runs again.
async fn a_crowd_does_not_pass_a_customers_limit() {
    const ORDERS: usize = 16;
    let scratch = Scratch::new("limit");
    let shop = open(&scratch).await;
    let boss = shop.user("Bo", &["inventory_manager", "accountant", "sales_manager"]).await;
    let product = boss.by_key("product", "frame").await.unwrap();
    // Room for six orders of 600.00 with tax, and for half of another.
    let customer = json!({ "name": "Rossi", "customer": true, "credit_limit": "3900" });
    let customer = shop.admin.create("party", customer).await.unwrap();
    let line = json!({ "product": product, "quantity": "1" });
    let mut orders = Vec::new();
    for _ in 0..ORDERS {
        let order = json!({ "customer": customer, "lines": [line.clone()] });
        orders.push(boss.create("sales.order", order).await.unwrap());
    }
    let confirmed = crowd(ORDERS, |n| {
        let (boss, order) = (boss.clone(), orders[n]);
        async move { boss.act("sales.order", order, "confirm", Json::Null).await }
    })
    .await;
    let (made, refused): (Vec<_>, Vec<_>) = confirmed.into_iter().partition(Result::is_ok);
    assert_eq!((made.len(), refused.len()), (6, 10));
    for refused in refused {
        let Err(Error::Invalid(problems)) = refused else { panic!("{refused:?}") };
        assert_eq!(problems[0].code, "credit_limit");
    }
    let rows = boss.report("accounting.credit", &[]).await.unwrap().rows;
    let figures: Vec<String> =
        rows[0][1..6].iter().map(|cell| cell.to_json().to_string()).collect();
    assert_eq!(figures.join(" "), r#""Rossi" "3900.00" "0.00" "0.00" "3600.00""#);
    sound(&boss).await;
}

/// The numbers are exactly 1 to `count`.
fn gapless(records: &[Json], field: &str, prefix: &str, count: usize) {
    let numbers: BTreeSet<usize> = records
        .iter()
        .map(|record| {
            let number = record[field].as_str().unwrap_or_default();
            let digits = number.strip_prefix(prefix).unwrap_or_else(|| panic!("{record}"));
            digits.parse().unwrap()
        })
        .collect();
    assert_eq!(numbers.len(), records.len(), "a number was given twice");
    assert_eq!(numbers, (1..=count).collect::<BTreeSet<usize>>(), "there is a gap");
}

/// What is posted while others are refused for not balancing.
async fn posted_entries_have_no_gap_either() {
    let scratch = Scratch::new("entries");
    let shop = open(&scratch).await;
    let boss = shop.user("Bo", &["accountant"]).await;
    let bank = boss.by_key("account", "bank").await.unwrap();
    let equity = boss.by_key("account", "equity").await.unwrap();
    let posted = crowd(CLIENTS, |n| {
        let boss = boss.clone();
        async move {
            // Every fourth does not balance.
            let credit = if n % 4 == 0 { "99.99" } else { "100.00" };
            let lines = json!([{ "account": bank, "debit": "100.00" }, { "account": equity, "credit": credit }]);
            let entry = json!({ "text": format!("Entry {n}"), "lines": lines });
            let entry = boss.create("accounting.entry", entry).await.unwrap();
            boss.act("accounting.entry", entry, "post", Json::Null).await.is_ok()
        }
    })
    .await;
    let posted = posted.into_iter().filter(|posted| *posted).count();
    assert_eq!(posted, CLIENTS - CLIENTS / 4);
    let entries = boss.list("accounting.entry", "state == 'posted'", "id").await.unwrap();
    assert_eq!(entries.len(), posted);
    gapless(&entries, "number", "JE-2026-", posted);
    sound(&boss).await;
}
