//! What the kernel costs over bare statements, as ratios of one run:
//! `cargo test --release -p fondaco-kernel --lib figures -- --ignored --nocapture`.

use std::time::Duration;

use serde_json::json;

use super::world::{Line, Order, World, draft};
use crate::db::{Cell, Sql};
use crate::model::{self, Deed, Query, Saving, Select};
use crate::{Result, Tx, audit, records, store};

const ROUNDS: usize = 300;

/// The rows of one order of ten lines as they stand in the tables, to be written again under new ids.
struct Bare {
    statements: Vec<(String, Vec<Vec<Cell>>)>,
}

const TABLES: [(&str, &str); 3] =
    [("kernel_orders_order", "id"), ("kernel_orders_line", "\"order\""), ("audit", "record")];

async fn rows_of(tx: &mut Tx, id: i64) -> Result<Bare> {
    let mut statements = Vec::new();
    for (table, key) in TABLES {
        let select: &'static str =
            Box::leak(format!("select * from {table} where {key} = $1").into_boxed_str());
        let rows: Vec<Vec<Cell>> =
            tx.rows(Sql::text(select).bind(id)).await?.into_iter().map(|row| row.0).collect();
        let places: Vec<String> = (1..=rows[0].len()).map(|n| format!("${n}")).collect();
        statements.push((format!("insert into {table} values ({})", places.join(", ")), rows));
    }
    Ok(Bare { statements })
}

impl Bare {
    async fn write(&mut self, tx: &mut Tx, columns: &[usize]) -> Result<()> {
        let order: i64 = tx.new_id::<Order>().raw();
        for (at, (text, rows)) in self.statements.iter_mut().enumerate() {
            for row in rows.iter_mut() {
                row[0] = if at == 0 { order.into() } else { Cell::Int(tx.new_id::<Order>().raw()) };
                if at > 0 {
                    row[columns[at]] = order.into();
                }
            }
            for row in rows.iter() {
                tx.exec_each(text, std::slice::from_ref(row)).await?;
            }
        }
        Ok(())
    }
}

/// Time that this thread has had a processor: what others do meanwhile is not counted.
fn cpu() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(text.split(' ').next().and_then(|ns| ns.parse().ok()).unwrap())
}

fn report(what: &str, kernel: Duration, bare: Duration) {
    let per = |d: Duration| d.as_nanos() / ROUNDS as u128 / 1_000;
    let ratio = kernel.as_nanos() * 100 / bare.as_nanos().max(1);
    println!(
        "{what}: {} µs, bare {} µs, ratio {}.{:02}",
        per(kernel),
        per(bare),
        ratio / 100,
        ratio % 100
    );
}

async fn creating(
    tx: &mut Tx,
    world: (fondaco_values::AnyId, fondaco_values::AnyId),
) -> Result<()> {
    let (acme, bolt) = world;
    let order = || Order::of(acme, (1..=10).map(|n| Line::of(bolt, n)).collect());
    let mut first = order();
    store::insert(tx, &mut first).await?;
    audit::flush(tx).await?;
    let mut bare = rows_of(tx, first.id.raw()).await?;
    let mut columns = Vec::new();
    for (table, key) in TABLES {
        let sql = Sql::text("select cid from pragma_table_info($1) where name = $2");
        let row = tx.row(sql.bind(table).bind(key.trim_matches('"'))).await?;
        columns.push(row.map_or(0, |row| row.int(0)) as usize);
    }
    let (mut kernel, mut outer, mut plain) = (Duration::ZERO, Duration::ZERO, Duration::ZERO);
    let line = json!({"product": bolt.to_string(), "quantity": "3"});
    let json = json!({"customer": acme.to_string(), "lines": vec![line; 10]});
    for _ in 0..ROUNDS {
        let start = cpu();
        bare.write(tx, &columns).await?;
        plain += cpu() - start;
        let start = cpu();
        store::insert(tx, &mut order()).await?;
        audit::flush(tx).await?;
        kernel += cpu() - start;
        let start = cpu();
        let draft = draft(tx, &json)?;
        records::create(tx, "kernel_orders.order", vec![draft]).await?;
        audit::flush(tx).await?;
        outer += cpu() - start;
    }
    report("an order of 10 lines by its module", kernel, plain);
    report("an order of 10 lines from JSON, with permissions", outer, plain);
    Ok(())
}

async fn listing(tx: &mut Tx) -> Result<()> {
    let fields = [
        "reference",
        "customer",
        "seller",
        "ordered_on",
        "due",
        "total",
        "state",
        "number",
        "currency",
    ];
    let fields: Vec<String> = fields.into_iter().map(str::to_owned).collect();
    let query = Query {
        show: Select { fields, ..Select::default() },
        sort: vec!["-id".into()],
        ..Query::default()
    };
    let text = "select m.id, m.version, m.reference, m.customer, m.seller, m.ordered_on, m.due, m.total, m.state, \
                m.number, m.currency, c.name, u.name, e.code from kernel_orders_order as m \
                left join party as c on c.id = m.customer left join user as u on u.id = m.seller \
                left join currency as e on e.id = m.currency where m.company = $1 order by m.id desc limit 81";
    let (mut kernel, mut plain) = (Duration::ZERO, Duration::ZERO);
    for _ in 0..ROUNDS {
        let start = cpu();
        let rows = tx.rows(Sql::text(text).bind(tx.ctx().company())).await?;
        plain += cpu() - start;
        assert_eq!(rows.len(), 81);
        let start = cpu();
        let page = records::list(tx, "kernel_orders.order", &query).await?;
        kernel += cpu() - start;
        assert_eq!((page.rows.len(), page.rows[0].titles.len()), (80, 3));
    }
    report("a list of 80 with three links", kernel, plain);
    Ok(())
}

/// 100,000 parties: a search against a walk through the list that asks the index about each word.
async fn searching(tx: &mut Tx) -> Result<()> {
    const TOWNS: [&str; 8] =
        ["Lario", "Como", "Lecco", "Garda", "Iseo", "Orta", "Lugano", "Maggiore"];
    let meta = tx.registry().catalog.meta("party")?.clone();
    for slice in 0..200 {
        let mut batch = Vec::new();
        for n in slice * 500..(slice + 1) * 500 {
            let name = format!("{} Trading {n}", TOWNS[n % TOWNS.len()]);
            let draft = records::draft(tx, "party")?.with("name", name.as_str());
            batch.push(Saving { id: tx.new_id(), old: None, draft });
        }
        model::save(tx, &meta, batch, Deed::of_module("create")).await?;
    }
    audit::flush(tx).await?;
    for (words, rounds) in [
        (&["77123"][..], 20),
        (&["trading"], 20),
        (&["lario", "trading"], 20),
        (&["maggiore", "trading", "9"], 20),
        (&["lario", "maggiore"], 20),
        (&["nowhere"], 20),
    ] {
        let mut walk = Sql::new().lit("select m.* from party as m where m.company = ");
        walk = walk.arg(tx.ctx().company());
        for word in words {
            let found = " and m.id in (select rowid from party__search where search_text like ";
            walk = walk.lit(found).arg(format!("%{word}%")).lit(")");
        }
        let walk = walk.lit(" order by m.name nulls first, m.id nulls first limit 81");
        let query = Query { search: Some(words.join(" ")), ..Query::default() };
        let (mut kernel, mut plain) = (Duration::MAX, Duration::MAX);
        for _ in 0..rounds {
            let start = cpu();
            tx.rows(walk.clone()).await?;
            plain = plain.min(cpu() - start);
            let start = cpu();
            records::list(tx, "party", &query).await?;
            kernel = kernel.min(cpu() - start);
        }
        println!("search {words:?}: {} µs, walk {} µs", kernel.as_micros(), plain.as_micros());
    }
    Ok(())
}

#[tokio::test]
#[ignore = "a measurement"]
async fn figures() {
    let world = World::new().await;
    let chief = world.ann(&["chief", "seller", "employee", "everyone"]);
    let ids = (world.acme, world.bolt);
    world
        .run(&chief, move |tx| {
            Box::pin(async move {
                creating(tx, ids).await?;
                listing(tx).await?;
                searching(tx).await
            })
        })
        .await
        .unwrap();
}
