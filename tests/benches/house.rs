//! The kernel against bare statements on the same engine, in one run: what does the house cost?
//! The bare side writes exactly the rows that the kernel wrote, seen by comparing the tables before
//! and after; it checks nothing. Prints ratios; machines differ, ratios hardly.
//!
//!     cargo bench --bench house
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark prints, and ends where it fails"
)]

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use fondaco_kernel::{Database, Setup, ledger};
use fondaco_server::desk::Desk;
use fondaco_server::modules;
use fondaco_tests::Shop;
use fondaco_tests::scratch::Scratch;
use fondaco_tests::shop::COMPANY;
use rusqlite::types::Value as Cell;
use rusqlite::{Connection, params_from_iter};
use serde_json::{Value as Json, json};

const DATA: &str = r#"
[[product]]
key = "bolt"
code = "BOLT"
name = "Bolt"
unit = "piece"
list_price = "2.00"
tax_code = "vat_out_20"

[[party]]
key = "acme"
name = "Acme"
customer = true
"#;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let scratch = Scratch::new("bench");
    let file = scratch.path().join("house.db");
    let mut setup = Setup::new(Database::Sqlite(file.clone()), modules::all());
    setup.data.push(("company.toml".to_owned(), COMPANY.to_owned()));
    setup.data.push(("bench.toml".to_owned(), DATA.to_owned()));
    let shop = Shop::of(setup).await;
    let desk = shop.user("Marco", &["sales_manager", "accountant"]).await;
    println!("{:<44}{:>12}{:>12}{:>9}", "", "kernel", "bare", "ratio");
    orders(&desk, &file, scratch.path()).await;
    list(&desk, &file).await;
    entries(&desk, &file, scratch.path()).await;
}

/// One order of ten lines, by 1, 8 and 64 clients.
async fn orders(desk: &Desk, file: &Path, scratch: &Path) {
    let body = order(desk).await;
    for _ in 0..50 {
        desk.create("sales.order", body.clone()).await.unwrap();
    }
    let before = heights(file);
    desk.create("sales.order", body.clone()).await.unwrap();
    let rows = made_since(file, &before);
    println!("one order of 10 lines is {} rows in {} tables", rows.len(), tables(&rows));
    for clients in [1, 8, 64] {
        let kernel = kernel_rate(desk, &body, clients).await;
        let bare = bare_rate(file, scratch, &rows, clients);
        tell(&format!("create an order of 10 lines, {clients} clients"), kernel, bare);
    }
}

async fn order(desk: &Desk) -> Json {
    let customer = desk.by_key("party", "acme").await.unwrap().to_string();
    let product = desk.by_key("product", "bolt").await.unwrap().to_string();
    let line = json!({
        "product": product, "description": "Bolt", "quantity": "3", "unit_price": "2.00",
    });
    json!({ "customer": customer, "lines": vec![line; 10] })
}

/// Time an operation, with so many clients at once.
async fn kernel_rate(desk: &Desk, body: &Json, clients: usize) -> Duration {
    let each = if clients == 1 { 300 } else { 2_000 / clients };
    let started = Instant::now();
    let mut work = tokio::task::JoinSet::new();
    for _ in 0..clients {
        let (desk, body) = (desk.clone(), body.clone());
        work.spawn(async move {
            for _ in 0..each {
                desk.create("sales.order", body.clone()).await.unwrap();
            }
        });
    }
    while work.join_next().await.is_some() {}
    started.elapsed() / u32::try_from(clients * each).unwrap()
}

/// The same rows by bare statements: one connection, one durable commit each.
fn bare_rate(file: &Path, scratch: &Path, rows: &[Made], clients: usize) -> Duration {
    let copy = scratch.join(format!("bare-{clients}-{}.db", rows.len()));
    let source = Connection::open(file).unwrap();
    source.execute("vacuum into ?1", [copy.to_str().unwrap()]).unwrap();
    let connection = Connection::open(&copy).unwrap();
    connection.pragma_update(None, "journal_mode", "wal").unwrap();
    connection.pragma_update(None, "synchronous", "full").unwrap();
    connection.set_prepared_statement_cache_capacity(64);
    let connection = Arc::new(Mutex::new((connection, 0_i64)));
    let each = if clients == 1 { 300 } else { 2_000 / clients };
    let started = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..clients {
            scope.spawn(|| {
                for _ in 0..each {
                    let mut held = connection.lock().unwrap();
                    held.1 += 1;
                    write(&held.0, rows, held.1 << 44);
                }
            });
        }
    });
    started.elapsed() / u32::try_from(clients * each).unwrap()
}

fn write(connection: &Connection, rows: &[Made], shift: i64) {
    connection.prepare_cached("begin immediate").unwrap().execute([]).unwrap();
    let ids: HashSet<i64> = rows.iter().map(|row| row.rowid).collect();
    for row in rows {
        let cells = row.cells.iter().zip(&row.names).map(|(cell, name)| match cell {
            Cell::Integer(id) if ids.contains(id) => Cell::Integer(id + shift),
            Cell::Text(own) if ["number", "key"].contains(&name.as_str()) => {
                Cell::Text(format!("{own}/{shift}"))
            }
            other => other.clone(),
        });
        connection.prepare_cached(&row.insert).unwrap().execute(params_from_iter(cells)).unwrap();
    }
    connection.prepare_cached("commit").unwrap().execute([]).unwrap();
}

/// One row that the kernel wrote.
struct Made {
    table: String,
    rowid: i64,
    insert: String,
    /// Of its columns.
    names: Vec<String>,
    cells: Vec<Cell>,
}

fn tables(rows: &[Made]) -> usize {
    rows.iter().map(|row| &row.table).collect::<HashSet<_>>().len()
}

/// The highest rowid of every table of records.
fn heights(file: &Path) -> BTreeMap<String, i64> {
    let connection = Connection::open(file).unwrap();
    let text = "select name, sql from sqlite_master where type = 'table'";
    let mut found = connection.prepare(text).unwrap();
    let named = found
        .query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, Option<String>>(1)?)))
        .unwrap()
        .map(Result::unwrap);
    // Tables of the search index are written by their triggers or their one virtual table.
    let plain = |sql: &Option<String>| {
        sql.as_ref().is_some_and(|sql| {
            let sql = sql.to_lowercase();
            !sql.contains("virtual table") && !sql.contains("without rowid")
        })
    };
    let shadows = ["_data", "_idx", "_content", "_docsize", "_config"];
    let tables: Vec<String> = named
        .filter(|(name, sql)| plain(sql) && !shadows.iter().any(|end| name.ends_with(end)))
        .map(|(name, _)| name)
        .collect();
    tables
        .into_iter()
        .map(|name| {
            let text = format!("select coalesce(max(rowid), 0) from \"{name}\"");
            let height = connection.query_row(&text, [], |row| row.get(0)).unwrap();
            (name, height)
        })
        .collect()
}

fn made_since(file: &Path, before: &BTreeMap<String, i64>) -> Vec<Made> {
    let connection = Connection::open(file).unwrap();
    let mut made = Vec::new();
    for (table, height) in before {
        let text =
            format!("select rowid, * from \"{table}\" where rowid > {height} order by rowid");
        let mut statement = connection.prepare(&text).unwrap();
        let names: Vec<String> =
            statement.column_names().into_iter().skip(1).map(str::to_owned).collect();
        let columns: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
        let places = vec!["?"; columns.len()].join(", ");
        let insert = format!("insert into \"{table}\" ({}) values ({places})", columns.join(", "));
        let mut rows = statement.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let cells = (1..=columns.len()).map(|at| row.get(at).unwrap()).collect();
            made.push(Made {
                table: table.clone(),
                rowid: row.get(0).unwrap(),
                insert: insert.clone(),
                names: names.clone(),
                cells,
            });
        }
    }
    made
}

/// A list of 80 orders with the names of two linked records.
async fn list(desk: &Desk, file: &Path) {
    let times = 300;
    let query = fondaco_kernel::records::Query {
        limit: Some(80),
        sort: vec!["-ordered_on".to_owned()],
        ..Default::default()
    };
    let started = Instant::now();
    for _ in 0..times {
        let query = query.clone();
        let page = desk.kernel.read(&desk.ctx, move |tx| {
            let query = query.clone();
            Box::pin(async move { fondaco_kernel::records::list(tx, "sales.order", &query).await })
        });
        assert_eq!(page.await.unwrap().rows.len(), 80);
    }
    let kernel = started.elapsed() / times;
    let connection = Connection::open(file).unwrap();
    connection.set_prepared_statement_cache_capacity(64);
    let text = "select o.*, p.name, u.name from sales_order o \
                left join party p on p.id = o.customer \
                left join \"user\" u on u.id = o.salesperson \
                where o.company = (select min(id) from company) \
                order by o.ordered_on desc, o.id desc limit 81";
    let started = Instant::now();
    for _ in 0..times {
        let mut statement = connection.prepare_cached(text).unwrap();
        let width = statement.column_count();
        let mut rows = statement.query([]).unwrap();
        let mut read: Vec<Vec<Cell>> = Vec::new();
        while let Some(row) = rows.next().unwrap() {
            read.push((0..width).map(|at| row.get(at).unwrap()).collect());
        }
        assert_eq!(read.len(), 81);
    }
    tell("list 80 orders with two links", kernel, started.elapsed() / times);
}

/// An entry of three lines, posted by the ledger.
async fn entries(desk: &Desk, file: &Path, scratch: &Path) {
    let post = async || {
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
        work.await.unwrap()
    };
    for _ in 0..20 {
        post().await;
    }
    let before = heights(file);
    post().await;
    let rows = made_since(file, &before);
    let times = 300;
    let started = Instant::now();
    for _ in 0..times {
        post().await;
    }
    let kernel = started.elapsed() / times;
    tell("post an entry of 3 lines, 1 client", kernel, bare_rate(file, scratch, &rows, 1));
}

async fn functional(
    tx: &mut fondaco_kernel::Tx,
) -> fondaco_kernel::Result<fondaco_kernel::values::AnyId> {
    let company: fondaco_kernel::shared::Company =
        fondaco_kernel::store::get(tx, tx.ctx().company()).await?;
    Ok(company.currency.any())
}

fn tell(what: &str, kernel: Duration, bare: Duration) {
    let hundredths = kernel.as_nanos() * 100 / bare.as_nanos().max(1);
    println!(
        "{what:<44}{:>9} µs{:>9} µs{:>6}.{:02}",
        kernel.as_micros(),
        bare.as_micros(),
        hundredths / 100,
        hundredths % 100
    );
}
