//! The kernel against bare statements on the same engine, in one run: what does the house cost?
//! The bare side writes exactly the rows that the kernel wrote, seen by comparing the tables before
//! and after; it checks nothing. Prints ratios; machines differ, ratios hardly. On both engines, where
//! PostgreSQL is installed.
//!
//!     cargo bench --bench house              # all
//!     cargo bench --bench house -- list      # what has this word in its name
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark prints, and ends where it fails"
)]

mod postgres;
mod sqlite;

use std::collections::HashSet;
use std::future::Future;
use std::time::{Duration, Instant};

use fondaco_cluster::engine;
use fondaco_kernel::records::{Query, Select};
use fondaco_kernel::values::AnyId;
use fondaco_kernel::{Database, PostgresSettings, Tx, ledger, records, shared, store};
use fondaco_server::desk::Desk;
use fondaco_tests::scratch::Scratch;
use fondaco_tests::{Shop, bolts};

/// Clients at once.
const CLIENTS: [usize; 3] = [1, 8, 64];
/// What a list of orders shows: the two links by name.
const SHOWN: [&str; 8] =
    ["number", "state", "customer", "salesperson", "ordered_on", "promised_on", "net", "total"];
/// The same by hand.
const LIST: &str = "select o.id, o.version, o.number, o.state, o.customer, p.name, o.salesperson, \
    u.name, o.ordered_on, o.promised_on, o.net, o.total from sales_order o \
    left join party p on p.id = o.customer left join \"user\" u on u.id = o.salesperson \
    where o.company = (select min(id) from company) order by o.ordered_on desc, o.id desc limit 81";

fn main() {
    let runtime = || {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        builder.worker_threads(2).enable_all().build().unwrap()
    };
    println!("{:<50}{:>12}{:>12}{:>9}", "SQLite", "kernel", "bare", "ratio");
    let scratch = Scratch::new("bench");
    let file = scratch.path().join("house.db");
    let bare = sqlite::Bare::new(&file, scratch.path());
    runtime().block_on(all(Database::Sqlite(file), Bare::Sqlite(bare)));
    println!("{:<50}{:>12}{:>12}{:>9}", "PostgreSQL", "kernel", "bare", "ratio");
    engine::on_postgres(|| {
        let url = engine::database().unwrap();
        let bare = postgres::Bare::new(&url);
        let database = Database::Postgres(PostgresSettings::new(url));
        runtime().block_on(all(database, Bare::Postgres(bare)));
    });
}

/// What stands beside the kernel.
enum Bare {
    Sqlite(sqlite::Bare),
    Postgres(postgres::Bare),
}

/// Rows that the kernel wrote at once.
struct Written {
    rows: usize,
    tables: usize,
}

impl Bare {
    /// From here on the kernel's rows are seen.
    async fn begin(&mut self) {
        match self {
            Bare::Sqlite(bare) => bare.begin(),
            Bare::Postgres(bare) => bare.begin().await,
        }
    }

    /// What the kernel wrote since.
    async fn end(&mut self) -> Written {
        match self {
            Bare::Sqlite(bare) => bare.end(),
            Bare::Postgres(bare) => bare.end().await,
        }
    }

    /// The time of writing the same rows once more.
    async fn again(&mut self, clients: usize, times: usize) -> Duration {
        match self {
            Bare::Sqlite(bare) => bare.again(clients, times),
            Bare::Postgres(bare) => bare.again(clients, times).await,
        }
    }

    /// The time of reading the rows of a question.
    async fn ask(&self, text: &str, times: u32) -> Duration {
        match self {
            Bare::Sqlite(bare) => bare.ask(text, times),
            Bare::Postgres(bare) => bare.ask(text, times).await,
        }
    }
}

async fn all(database: Database, mut bare: Bare) {
    let shop = Shop::of(bolts::setup(database)).await;
    let desk = shop.user("Marco", &["sales_manager", "accountant"]).await;
    let body = bolts::order(&desk, 10).await;
    for _ in 0..100 {
        desk.create("sales.order", body.clone()).await.unwrap();
    }
    if wanted("create an order") {
        let create = move |desk: Desk| {
            let body = body.clone();
            async move {
                desk.create("sales.order", body).await.unwrap();
            }
        };
        writes(&desk, &mut bare, "create an order of 10 lines", create).await;
    }
    if wanted("post an entry") {
        writes(&desk, &mut bare, "post an entry of 3 lines", post).await;
    }
    if wanted("list 80 orders") {
        list(&desk, &bare).await;
    }
}

/// Whether the measurement was asked for.
fn wanted(name: &str) -> bool {
    let words: Vec<String> =
        std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    words.is_empty() || words.iter().any(|word| name.contains(word.as_str()))
}

/// One piece of work of the kernel, by 1, 8 and 64 clients.
async fn writes<F, W>(desk: &Desk, bare: &mut Bare, what: &str, work: W)
where
    W: Fn(Desk) -> F + Clone + Send + 'static,
    F: Future<Output = ()> + Send,
{
    for _ in 0..50 {
        work(desk.clone()).await;
    }
    bare.begin().await;
    work(desk.clone()).await;
    let written = bare.end().await;
    println!("{what}: {} rows in {} tables", written.rows, written.tables);
    for clients in CLIENTS {
        let times = if clients == 1 { 300 } else { 2_000 / clients * clients };
        let each = times / clients;
        let started = Instant::now();
        let mut at_work = tokio::task::JoinSet::new();
        for _ in 0..clients {
            let (desk, work) = (desk.clone(), work.clone());
            at_work.spawn(async move {
                for _ in 0..each {
                    work(desk.clone()).await;
                }
            });
        }
        at_work.join_all().await;
        let kernel = started.elapsed() / u32::try_from(times).unwrap();
        let by_hand = bare.again(clients, times).await;
        tell(&format!("  {what}, {clients} clients"), kernel, by_hand);
    }
}

/// An entry of three lines, posted by the ledger.
async fn post(desk: Desk) {
    let work = desk.kernel.run(&desk.ctx, |tx| {
        Box::pin(async move {
            let bank = ledger::accounts::by_purpose(tx, "bank").await?;
            let equity = ledger::accounts::by_purpose(tx, "equity").await?;
            let unit = functional(tx).await?;
            let draft = ledger::Draft {
                lines: vec![
                    ledger::Line::debit(bank, unit, 1_000),
                    ledger::Line::debit(bank, unit, 500),
                    ledger::Line::credit(equity, unit, 1_500),
                ],
                ..ledger::Draft::new("misc", tx.today(), "Bench")
            };
            ledger::post(tx, draft).await
        })
    });
    work.await.unwrap();
}

async fn functional(tx: &mut Tx) -> fondaco_kernel::Result<AnyId> {
    let company: shared::Company = store::get(tx, tx.ctx().company()).await?;
    Ok(company.currency.any())
}

/// A list of 80 orders with the names of two linked records, and the same with every field.
async fn list(desk: &Desk, bare: &Bare) {
    let times = 1_000;
    for (what, fields) in [("list 80 orders with two links", &SHOWN[..]), ("  all fields", &[])] {
        let query = Query {
            limit: Some(80),
            sort: vec!["-ordered_on".to_owned()],
            show: Select {
                fields: fields.iter().map(|field| (*field).to_owned()).collect(),
                ..Select::default()
            },
            ..Query::default()
        };
        let started = Instant::now();
        for _ in 0..times {
            let query = query.clone();
            let page = desk.kernel.read(&desk.ctx, move |tx| {
                let query = query.clone();
                Box::pin(async move { records::list(tx, "sales.order", &query).await })
            });
            assert_eq!(page.await.unwrap().rows.len(), 80);
        }
        let kernel = started.elapsed() / times;
        let all = LIST.replacen("o.id, o.version", "o.*", 1);
        let text = if fields.is_empty() { all.as_str() } else { LIST };
        tell(what, kernel, bare.ask(text, times).await);
    }
}

fn tell(what: &str, kernel: Duration, bare: Duration) {
    let hundredths = kernel.as_nanos() * 100 / bare.as_nanos().max(1);
    println!(
        "{what:<50}{:>9} µs{:>9} µs{:>6}.{:02}",
        kernel.as_micros(),
        bare.as_micros(),
        hundredths / 100,
        hundredths % 100
    );
}

/// A text that is one of the ids of the written rows becomes another one, and so does what is unique
/// in a company; the rest stays.
fn moved(name: &str, value: &str, ids: &HashSet<String>, shift: i64) -> Option<String> {
    if ids.contains(value) {
        return Some((value.parse::<i64>().unwrap() + shift).to_string());
    }
    ["number", "key"].contains(&name).then(|| format!("{value}/{shift}"))
}

/// Distance of the ids of one writing from those of the next.
const SHIFT: i64 = 1 << 40;
