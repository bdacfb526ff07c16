//! A statement for many rows as one statement over arrays, one for each column: a document's lines
//! are one round trip. The types of the arrays are those that the server gives the statement for one
//! row.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::{Arc, Mutex, PoisonError};

use sqlx::postgres::{PgArguments, PgTypeInfo};
use sqlx::{Arguments, TypeInfo};

use super::refusal::internal;
use crate::db::Cell;
use crate::error::Result;

/// Rows of one statement at most.
pub(super) const ROWS_MAX: usize = 5_000;

/// A statement for many rows.
#[derive(Debug)]
pub(super) struct Many {
    pub(super) text: Arc<str>,
    types: Vec<Kind>,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Int,
    Text,
    Bytes,
}

impl Kind {
    fn of(info: &PgTypeInfo) -> Result<Kind> {
        match info.name() {
            "INT8" => Ok(Kind::Int),
            "TEXT" => Ok(Kind::Text),
            "BYTEA" => Ok(Kind::Bytes),
            other => Err(internal(format!("no array is made of values of type {other}"))),
        }
    }

    fn array(self) -> &'static str {
        match self {
            Kind::Int => "bigint[]",
            Kind::Text => "text[]",
            Kind::Bytes => "bytea[]",
        }
    }
}

/// What was found out about statements, by the text for one row. All connections share it.
#[derive(Debug, Default)]
pub(super) struct Known(Mutex<HashMap<String, Arc<Many>>>);

impl Known {
    pub(super) fn get(&self, text: &str) -> Option<Arc<Many>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(text).cloned()
    }

    pub(super) fn put(&self, text: &str, many: Many) -> Arc<Many> {
        let many = Arc::new(many);
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(text.to_owned(), many.clone());
        many
    }

    /// The tables are others now.
    pub(super) fn forget(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

impl Many {
    /// From `insert into … (…) values ($1, …)` or `update … set … where …`.
    pub(super) fn new(text: &str, types: &[PgTypeInfo]) -> Result<Many> {
        let types = types.iter().map(Kind::of).collect::<Result<Vec<_>>>()?;
        let text = match text.split_once(" values (") {
            Some((head, _)) => format!("{head} select * from {}", arrays(&types)),
            None => {
                let (head, tail) = text
                    .split_once(" where ")
                    .ok_or_else(|| internal(format!("no statement for many rows: {text}")))?;
                let names: Vec<String> = (1..=types.len()).map(|n| format!("c{n}")).collect();
                let (arrays, names) = (arrays(&types), names.join(", "));
                let (head, tail) = (by_column(head), by_column(tail));
                format!("{head} from {arrays} as many ({names}) where {tail}")
            }
        };
        Ok(Many { text: text.into(), types })
    }

    /// The rows, column by column.
    pub(super) fn arguments(&self, rows: &[Vec<Cell>]) -> Result<PgArguments> {
        let mut arguments = PgArguments::default();
        for (at, kind) in self.types.iter().enumerate() {
            let cells = rows.iter().map(|row| &row[at]);
            match kind {
                Kind::Int => arguments.add(column(cells, |cell| match cell {
                    Cell::Int(value) => Some(*value),
                    _ => None,
                })?),
                Kind::Text => arguments.add(column(cells, |cell| match cell {
                    Cell::Text(text) => Some(text.as_str()),
                    _ => None,
                })?),
                Kind::Bytes => arguments.add(column(cells, |cell| match cell {
                    Cell::Bytes(bytes) => Some(bytes.as_slice()),
                    _ => None,
                })?),
            }
            .map_err(internal)?;
        }
        Ok(arguments)
    }
}

fn column<'c, T>(
    cells: impl Iterator<Item = &'c Cell>,
    read: impl Fn(&'c Cell) -> Option<T>,
) -> Result<Vec<Option<T>>> {
    let one = |cell| match (cell, read(cell)) {
        (_, Some(value)) => Ok(Some(value)),
        (Cell::Null, None) => Ok(None),
        (other, None) => Err(internal(format!("{other:?} does not fit its column"))),
    };
    cells.map(one).collect()
}

/// `unnest($1::bigint[], $2::text[])`
fn arrays(types: &[Kind]) -> String {
    let mut out = String::from("unnest(");
    for (at, kind) in types.iter().enumerate() {
        let comma = if at == 0 { "" } else { ", " };
        // Writing to a text does not fail.
        let _ = write!(out, "{comma}${}::{}", at + 1, kind.array());
    }
    out.push(')');
    out
}

/// `$3` as the third column of the arrays.
fn by_column(text: &str) -> String {
    text.replace('$', "many.c")
}

#[cfg(test)]
mod tests {
    use super::*;
    use sqlx::postgres::types::Oid;

    #[test]
    fn many_rows_are_one_statement() {
        let info = |oid| PgTypeInfo::with_oid(Oid(oid));
        let kinds = [Kind::Int, Kind::Text];
        assert_eq!(arrays(&kinds), "unnest($1::bigint[], $2::text[])");
        assert!(Many::new("select 1", &[]).is_err(), "{:?}", info(20));
        for (text, expected) in [
            (
                "insert into \"t\" (\"a\", \"b\") values ($1, $2)",
                "insert into \"t\" (\"a\", \"b\") select * from unnest($1::bigint[], $2::text[])",
            ),
            (
                "update \"t\" set \"b\" = $2 where id = $1",
                "update \"t\" set \"b\" = many.c2 from unnest($1::bigint[], $2::text[]) \
                 as many (c1, c2) where id = many.c1",
            ),
        ] {
            let types = [
                <i64 as sqlx::Type<sqlx::Postgres>>::type_info(),
                <str as sqlx::Type<sqlx::Postgres>>::type_info(),
            ];
            assert_eq!(&*Many::new(text, &types).unwrap().text, expected);
        }
    }
}
