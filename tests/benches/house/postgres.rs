//! The bare side on PostgreSQL: sqlx, as many connections as the kernel has, one statement for the
//! rows of a table, all prepared.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use fondaco_kernel::PostgresSettings;
use sqlx::postgres::{PgArguments, PgPool, PgPoolOptions};
use sqlx::{Arguments, AssertSqlSafe, Row};

use super::{SHIFT, Written, moved};

pub(crate) struct Bare {
    url: String,
    before: i64,
    known: BTreeMap<String, HashSet<String>>,
    made: Arc<Vec<Made>>,
    ids: Arc<HashSet<String>>,
    turn: Arc<AtomicI64>,
}

/// The rows of one table that the kernel wrote.
struct Made {
    insert: String,
    names: Vec<String>,
    /// Row by row, as texts.
    cells: Vec<Vec<Option<String>>>,
}

struct Table {
    name: String,
    /// Its columns, and the type of each.
    columns: Vec<(String, String)>,
    /// The columns of its primary key.
    key: Vec<String>,
}

impl Bare {
    pub(crate) fn new(url: &str) -> Bare {
        Bare {
            url: url.to_owned(),
            before: 0,
            known: BTreeMap::new(),
            made: Arc::default(),
            ids: Arc::default(),
            turn: Arc::default(),
        }
    }

    async fn pool(&self, connections: u32) -> PgPool {
        PgPoolOptions::new().max_connections(connections).connect(&self.url).await.unwrap()
    }

    pub(crate) async fn begin(&mut self) {
        let pool = self.pool(1).await;
        for table in tables(&pool).await {
            let text = format!("select {} from \"{}\"", key_text(&table), table.name);
            let keys = sqlx::query(AssertSqlSafe(text)).fetch_all(&pool).await.unwrap();
            let keys = keys.iter().map(|row| row.get::<String, _>(0)).collect();
            self.known.insert(table.name, keys);
        }
        let now = "select pg_current_xact_id()::text::bigint";
        self.before = sqlx::query(now).fetch_one(&pool).await.unwrap().get(0);
        pool.close().await;
    }

    pub(crate) async fn end(&mut self) -> Written {
        let pool = self.pool(1).await;
        let (mut made, mut ids) = (Vec::new(), HashSet::new());
        let known = HashSet::new();
        for table in tables(&pool).await {
            let known = self.known.get(&table.name).unwrap_or(&known);
            let new = new_rows(&pool, &table, self.before, known).await;
            if new.is_empty() {
                continue;
            }
            if let [key] = &table.key[..] {
                let at = table.columns.iter().position(|(name, _)| name == key).unwrap();
                ids.extend(new.iter().filter_map(|row| row[at].clone()));
            }
            let insert = insert(&table, new.len());
            let names = table.columns.into_iter().map(|(name, _)| name).collect();
            made.push(Made { insert, names, cells: new });
        }
        let written =
            Written { rows: made.iter().map(|made| made.cells.len()).sum(), tables: made.len() };
        (self.made, self.ids) = (Arc::new(made), Arc::new(ids));
        pool.close().await;
        written
    }

    pub(crate) async fn again(&mut self, clients: usize, times: usize) -> Duration {
        let pool = self.pool(PostgresSettings::new(String::new()).connections).await;
        let started = Instant::now();
        let mut at_work = tokio::task::JoinSet::new();
        for _ in 0..clients {
            let (pool, made, ids) = (pool.clone(), self.made.clone(), self.ids.clone());
            let turn = self.turn.clone();
            at_work.spawn(async move {
                for _ in 0..times / clients {
                    let shift = (turn.fetch_add(1, Ordering::Relaxed) + 1) * SHIFT;
                    write(&pool, &made, &ids, shift).await;
                }
            });
        }
        at_work.join_all().await;
        let took = started.elapsed();
        pool.close().await;
        took / u32::try_from(times).unwrap()
    }

    pub(crate) async fn ask(&self, text: &str, times: u32) -> Duration {
        let pool = self.pool(1).await;
        let started = Instant::now();
        for _ in 0..times {
            let rows = sqlx::query(AssertSqlSafe(text.to_owned())).fetch_all(&pool).await.unwrap();
            assert_eq!(rows.len(), 81);
        }
        let took = started.elapsed();
        pool.close().await;
        took / times
    }
}

async fn write(pool: &PgPool, made: &[Made], ids: &HashSet<String>, shift: i64) {
    let mut tx = pool.begin().await.unwrap();
    for table in made {
        let mut arguments = PgArguments::default();
        for row in &table.cells {
            for (name, cell) in table.names.iter().zip(row) {
                let cell = cell
                    .as_ref()
                    .map(|own| moved(name, own, ids, shift).unwrap_or_else(|| own.clone()));
                arguments.add(cell).unwrap();
            }
        }
        let insert = sqlx::query_with(AssertSqlSafe(table.insert.clone()), arguments);
        insert.execute(&mut *tx).await.unwrap();
    }
    tx.commit().await.unwrap();
}

async fn tables(pool: &PgPool) -> Vec<Table> {
    let text = "select c.relname, a.attname, format_type(a.atttypid, a.atttypmod), \
            coalesce(a.attnum = any(i.indkey), false) \
        from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 \
            and not a.attisdropped and a.attgenerated = '' \
        left join pg_index i on i.indrelid = c.oid and i.indisprimary \
        where c.relkind = 'r' and c.relnamespace = current_schema()::regnamespace \
        order by c.relname, a.attnum";
    let mut tables: Vec<Table> = Vec::new();
    for row in sqlx::query(text).fetch_all(pool).await.unwrap() {
        let name: String = row.get(0);
        if tables.last().is_none_or(|table| table.name != name) {
            tables.push(Table { name, columns: Vec::new(), key: Vec::new() });
        }
        let table = tables.last_mut().unwrap();
        if row.get(3) {
            table.key.push(row.get(1));
        }
        table.columns.push((row.get(1), row.get(2)));
    }
    tables.retain(|table| !table.key.is_empty());
    tables
}

fn key_text(table: &Table) -> String {
    let parts: Vec<String> = table.key.iter().map(|name| format!("\"{name}\"::text")).collect();
    format!("concat_ws('/', {})", parts.join(", "))
}

/// Rows written after this transaction whose keys were not there before.
async fn new_rows(
    pool: &PgPool,
    table: &Table,
    before: i64,
    known: &HashSet<String>,
) -> Vec<Vec<Option<String>>> {
    let columns: Vec<String> =
        table.columns.iter().map(|(name, _)| format!("\"{name}\"::text")).collect();
    let (key, columns, name) = (key_text(table), columns.join(", "), &table.name);
    let text = format!(
        "select {key}, {columns} from \"{name}\" where xmin::text::bigint > {before} order by 1"
    );
    let rows = sqlx::query(AssertSqlSafe(text)).fetch_all(pool).await.unwrap();
    let new = rows.iter().filter(|row| !known.contains(&row.get::<String, _>(0)));
    new.map(|row| (1..=table.columns.len()).map(|at| row.get(at)).collect()).collect()
}

/// One statement for so many rows.
fn insert(table: &Table, rows: usize) -> String {
    let columns: Vec<String> =
        table.columns.iter().map(|(name, _)| format!("\"{name}\"")).collect();
    let width = table.columns.len();
    let row = |n: usize| {
        let places = table.columns.iter().enumerate();
        let places = places.map(|(at, (_, kind))| format!("${}::text::{kind}", n * width + at + 1));
        format!("({})", places.collect::<Vec<_>>().join(", "))
    };
    let rows: Vec<String> = (0..rows).map(row).collect();
    format!("insert into \"{}\" ({}) values {}", table.name, columns.join(", "), rows.join(", "))
}
