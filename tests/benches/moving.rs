//! A company with 100,000 orders moves from SQLite to PostgreSQL and back, with all that a move
//! proves. Skipped where PostgreSQL is not installed.
//!
//!     cargo bench --bench moving
//!     cargo bench --bench moving -- 1000
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark prints, and ends where it fails"
)]

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use fondaco_cluster::engine;
use fondaco_kernel::{Database, Kernel, PostgresSettings, portable, records};
use fondaco_server::desk::Desk;
use fondaco_tests::scratch::Scratch;
use fondaco_tests::{Shop, bolts};
use serde_json::Value as Json;

/// Orders written at once.
const BATCH: usize = 200;
const LINES: usize = 3;

fn main() {
    engine::on_postgres(|| {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        builder.worker_threads(2).enable_all().build().unwrap().block_on(moves());
    });
}

async fn moves() {
    let orders: usize = std::env::args().find_map(|word| word.parse().ok()).unwrap_or(100_000);
    let scratch = Scratch::new("moving");
    let file = scratch.path().join("house.db");
    {
        let shop = Shop::of(bolts::setup(Database::Sqlite(file.clone()))).await;
        let desk = shop.user("Marco", &["sales_manager"]).await;
        fill(&desk, orders).await;
    }
    println!("{orders} orders of {LINES} lines, {} MB", file.metadata().unwrap().len() / 1_000_000);
    let server = Database::Postgres(PostgresSettings::new(engine::database().unwrap()));
    let back = Database::Sqlite(scratch.path().join("back.db"));
    carry(Database::Sqlite(file), server.clone(), &scratch.path().join("there"), "there").await;
    carry(server, back, &scratch.path().join("back"), "and back").await;
}

async fn fill(desk: &Desk, orders: usize) {
    let Json::Object(order) = bolts::order(desk, LINES).await else {
        unreachable!("it is an object")
    };
    let started = Instant::now();
    for _ in 0..orders / BATCH {
        let order = order.clone();
        let work = desk.kernel.run(&desk.ctx, move |tx| {
            let order = order.clone();
            Box::pin(async move {
                let draft = |_| records::draft_of(tx, "sales.order", &order);
                let drafts = (0..BATCH).map(draft).collect::<fondaco_kernel::Result<_>>()?;
                records::create(tx, "sales.order", drafts).await
            })
        });
        work.await.unwrap();
    }
    let each = started.elapsed() / u32::try_from(orders).unwrap();
    println!("written in batches of {BATCH}: {} µs an order", each.as_micros());
}

async fn carry(from: Database, to: Database, folder: &Path, what: &str) {
    let silent: portable::Progress = Arc::new(|_, _, _| {});
    let started = Instant::now();
    let kernel = Kernel::open(bolts::setup(from)).await.unwrap();
    let manifest = portable::export(&kernel, folder, silent.clone()).await.unwrap();
    let out = started.elapsed();
    drop(kernel);
    let kernel = Kernel::vessel(bolts::setup(to)).await.unwrap();
    portable::receive(&kernel, folder, silent).await.unwrap();
    let all = started.elapsed();
    let rows = manifest.rows();
    println!(
        "{what}: {rows} rows in {:.1?} ({:.1?} out, {:.1?} in, with indexes and proof), {} rows a second",
        all,
        out,
        all - out,
        u128::from(rows) * 1_000 / all.as_millis().max(1)
    );
}
