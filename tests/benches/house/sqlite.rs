//! The bare side on SQLite: rusqlite, one connection, one durable commit each.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use rusqlite::types::Value as Cell;
use rusqlite::{Connection, params_from_iter};

use super::{SHIFT, Written, moved};

pub(crate) struct Bare {
    file: PathBuf,
    scratch: PathBuf,
    before: BTreeMap<String, i64>,
    rows: Vec<Made>,
    ids: HashSet<String>,
    copies: usize,
}

/// One row that the kernel wrote.
struct Made {
    table: String,
    insert: String,
    /// Of its columns.
    names: Vec<String>,
    cells: Vec<Cell>,
}

impl Bare {
    pub(crate) fn new(file: &Path, scratch: &Path) -> Bare {
        Bare {
            file: file.to_owned(),
            scratch: scratch.to_owned(),
            before: BTreeMap::new(),
            rows: Vec::new(),
            ids: HashSet::new(),
            copies: 0,
        }
    }

    pub(crate) fn begin(&mut self) {
        self.before = heights(&Connection::open(&self.file).unwrap());
    }

    pub(crate) fn end(&mut self) -> Written {
        let connection = Connection::open(&self.file).unwrap();
        (self.rows, self.ids) = made_since(&connection, &self.before);
        let tables: HashSet<&String> = self.rows.iter().map(|row| &row.table).collect();
        Written { rows: self.rows.len(), tables: tables.len() }
    }

    /// On a copy of the kernel's file, since a file has one writer.
    pub(crate) fn again(&mut self, clients: usize, times: usize) -> Duration {
        self.copies += 1;
        let copy = self.scratch.join(format!("bare-{}.db", self.copies));
        let source = Connection::open(&self.file).unwrap();
        source.execute("vacuum into ?1", [copy.to_str().unwrap()]).unwrap();
        let connection = Connection::open(&copy).unwrap();
        connection.pragma_update(None, "journal_mode", "wal").unwrap();
        connection.pragma_update(None, "synchronous", "full").unwrap();
        connection.set_prepared_statement_cache_capacity(64);
        let connection = Mutex::new((connection, 0_i64));
        let client = || {
            for _ in 0..times / clients {
                let mut held = connection.lock().unwrap();
                held.1 += 1;
                self.write(&held.0, held.1 * SHIFT);
            }
        };
        let started = Instant::now();
        std::thread::scope(|scope| {
            for _ in 0..clients {
                scope.spawn(client);
            }
        });
        started.elapsed() / u32::try_from(times).unwrap()
    }

    fn write(&self, connection: &Connection, shift: i64) {
        connection.prepare_cached("begin immediate").unwrap().execute([]).unwrap();
        for row in &self.rows {
            let cells = row.cells.iter().zip(&row.names).map(|(cell, name)| match cell {
                Cell::Integer(id) => {
                    let other = moved("", &id.to_string(), &self.ids, shift);
                    Cell::Integer(other.map_or(*id, |other| other.parse().unwrap()))
                }
                Cell::Text(own) => {
                    let none = HashSet::new();
                    moved(name, own, &none, shift).map_or_else(|| cell.clone(), Cell::Text)
                }
                other => other.clone(),
            });
            let mut insert = connection.prepare_cached(&row.insert).unwrap();
            insert.execute(params_from_iter(cells)).unwrap();
        }
        connection.prepare_cached("commit").unwrap().execute([]).unwrap();
    }

    pub(crate) fn ask(&self, text: &str, times: u32) -> Duration {
        let connection = Connection::open(&self.file).unwrap();
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
        started.elapsed() / times
    }
}

/// The highest rowid of every table of records.
fn heights(connection: &Connection) -> BTreeMap<String, i64> {
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
    let height = |name: String| {
        let text = format!("select coalesce(max(rowid), 0) from \"{name}\"");
        let height = connection.query_row(&text, [], |row| row.get(0)).unwrap();
        (name, height)
    };
    tables.into_iter().map(height).collect()
}

/// The rows beyond these heights, and their ids.
fn made_since(
    connection: &Connection,
    before: &BTreeMap<String, i64>,
) -> (Vec<Made>, HashSet<String>) {
    let (mut made, mut ids) = (Vec::new(), HashSet::new());
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
            ids.insert(row.get::<_, i64>(0).unwrap().to_string());
            let cells = (1..=columns.len()).map(|at| row.get(at).unwrap()).collect();
            let (table, insert, names) = (table.clone(), insert.clone(), names.clone());
            made.push(Made { table, insert, names, cells });
        }
    }
    (made, ids)
}
