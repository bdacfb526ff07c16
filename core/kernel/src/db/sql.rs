//! A statement, its bound values and its rows. Text gets into a statement in three ways only:
//! a literal of the program, a checked identifier, a bound value.

use std::borrow::Cow;
use std::sync::Arc;

use fondaco_values::{Date, Id, Timestamp};

/// What a column holds in a database.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Cell {
    Null,
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
    /// The one bound value of `Dialect::in_array`.
    Ids(Vec<i64>),
    Texts(Vec<String>),
}

/// The same while the row is at hand: its texts are not copied.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Held<'r> {
    Null,
    Int(i64),
    Text(Cow<'r, str>),
    Bytes(&'r [u8]),
}

impl Held<'_> {
    pub(crate) fn into_cell(self) -> Cell {
        match self {
            Held::Null => Cell::Null,
            Held::Int(value) => Cell::Int(value),
            Held::Text(text) => Cell::Text(text.into_owned()),
            Held::Bytes(bytes) => Cell::Bytes(bytes.to_vec()),
        }
    }
}

impl Cell {
    /// As a row holds it; a list is held by no column.
    pub(crate) fn held(&self) -> Held<'_> {
        match self {
            Cell::Int(value) => Held::Int(*value),
            Cell::Text(text) => Held::Text(Cow::Borrowed(text)),
            Cell::Bytes(bytes) => Held::Bytes(bytes),
            Cell::Null | Cell::Ids(_) | Cell::Texts(_) => Held::Null,
        }
    }

    /// A list as an engine without arrays takes it. Asking it of anything else is a mistake of the
    /// program.
    pub(super) fn json(&self) -> String {
        match self {
            Cell::Ids(ids) => {
                let mut out = String::with_capacity(2 + ids.len() * 20);
                out.push('[');
                for (at, id) in ids.iter().enumerate() {
                    out.push_str(if at == 0 { "" } else { "," });
                    out.push_str(&id.to_string());
                }
                out.push(']');
                out
            }
            Cell::Texts(texts) => serde_json::Value::from(texts.as_slice()).to_string(),
            other => unreachable!("{other:?} is no list"),
        }
    }
}

#[derive(Clone, Debug)]
enum Text {
    Fixed(&'static str),
    Shared(Arc<str>),
    Built(String),
}

#[derive(Clone, Debug)]
pub(crate) struct Sql {
    text: Text,
    binds: Vec<Cell>,
}

impl Sql {
    /// A statement written by hand, with `$1`, `$2`, … bound by [`Sql::bind`].
    pub(crate) fn text(text: &'static str) -> Sql {
        Sql { text: Text::Fixed(text), binds: Vec::new() }
    }

    /// A statement written before and kept (see `model::sql`).
    pub(crate) fn shared(text: Arc<str>, binds: Vec<Cell>) -> Sql {
        Sql { text: Text::Shared(text), binds }
    }

    /// A statement to be written piece by piece.
    pub(crate) fn new() -> Sql {
        Sql { text: Text::Built(String::with_capacity(256)), binds: Vec::new() }
    }

    /// An insert of one row, for [`Conn::exec_each`](super::Conn::exec_each).
    pub(crate) fn insert(table: &str, columns: &[&str]) -> Sql {
        let mut sql = Sql::new().lit("insert into ").ident(table);
        for (at, column) in columns.iter().enumerate() {
            sql = sql.lit(if at == 0 { " (" } else { ", " }).ident(column);
        }
        let places: Vec<String> = (1..=columns.len()).map(|n| format!("${n}")).collect();
        sql.push(&format!(") values ({})", places.join(", ")));
        sql
    }

    pub(crate) fn lit(mut self, text: &'static str) -> Sql {
        self.push(text);
        self
    }

    /// Appends a quoted name. INVARIANT: names come from a checked schema or from the program.
    pub(crate) fn ident(mut self, name: &str) -> Sql {
        assert!(is_identifier(name), "not an identifier: {name:?}");
        self.push("\"");
        self.push(name);
        self.push("\"");
        self
    }

    /// Appends the next placeholder and binds its value.
    pub(crate) fn arg(mut self, cell: impl Into<Cell>) -> Sql {
        self.binds.push(cell.into());
        let n = self.binds.len();
        self.push(&format!("${n}"));
        self
    }

    /// Binds the next value of a statement written by hand.
    pub(crate) fn bind(mut self, cell: impl Into<Cell>) -> Sql {
        self.binds.push(cell.into());
        self
    }

    /// Appends another piece; its placeholders are numbered on from here.
    pub(crate) fn append(mut self, other: Sql) -> Sql {
        let shift = self.binds.len();
        if shift == 0 {
            self.push(other.as_str());
        } else {
            self.push(&renumber(other.as_str(), shift));
        }
        self.binds.extend(other.binds);
        self
    }

    fn push(&mut self, more: &str) {
        match &mut self.text {
            Text::Built(text) => text.push_str(more),
            fixed => {
                let mut text = match fixed {
                    Text::Fixed(text) => (*text).to_owned(),
                    Text::Shared(text) => text.to_string(),
                    Text::Built(text) => std::mem::take(text),
                };
                text.push_str(more);
                self.text = Text::Built(text);
            }
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        match &self.text {
            Text::Fixed(text) => text,
            Text::Shared(text) => text,
            Text::Built(text) => text,
        }
    }

    pub(crate) fn binds(&self) -> &[Cell] {
        &self.binds
    }

    /// The text as a driver takes it that keeps it.
    pub(super) fn to_driver(&self) -> sqlx::SqlStr {
        use sqlx::{AssertSqlSafe, SqlSafeStr};
        match &self.text {
            Text::Fixed(text) => text.into_sql_str(),
            Text::Shared(text) => AssertSqlSafe(text.clone()).into_sql_str(),
            Text::Built(text) => AssertSqlSafe(text.clone()).into_sql_str(),
        }
    }
}

fn is_identifier(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 63
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// `$1 … $9` become `$1+shift …`; generated text has no `$` anywhere else.
fn renumber(text: &str, shift: usize) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        let digits = rest[at + 1..].bytes().take_while(u8::is_ascii_digit).count();
        let end = at + 1 + digits;
        out.push_str(&rest[..=at]);
        match rest[at + 1..end].parse::<usize>() {
            Ok(n) => out.push_str(&(n + shift).to_string()),
            Err(_) => out.push_str(&rest[at + 1..end]),
        }
        rest = &rest[end..];
    }
    out.push_str(rest);
    out
}

/// One row of an answer, by position. Asking for the wrong kind is a mistake of the program.
#[derive(Clone, Debug)]
pub(crate) struct Row(pub(crate) Vec<Cell>);

impl Row {
    pub(crate) fn int(&self, at: usize) -> i64 {
        match &self.0[at] {
            Cell::Int(i) => *i,
            other => unreachable!("column {at} is {other:?}, not an integer"),
        }
    }

    pub(crate) fn opt_int(&self, at: usize) -> Option<i64> {
        match &self.0[at] {
            Cell::Null => None,
            _ => Some(self.int(at)),
        }
    }

    pub(crate) fn flag(&self, at: usize) -> bool {
        self.int(at) != 0
    }

    pub(crate) fn id<M>(&self, at: usize) -> Id<M> {
        Id::new(self.int(at))
    }

    pub(crate) fn opt_id<M>(&self, at: usize) -> Option<Id<M>> {
        self.opt_int(at).map(Id::new)
    }

    pub(crate) fn str(&self, at: usize) -> &str {
        match &self.0[at] {
            Cell::Text(text) => text,
            other => unreachable!("column {at} is {other:?}, not text"),
        }
    }

    pub(crate) fn opt_str(&self, at: usize) -> Option<&str> {
        match &self.0[at] {
            Cell::Null => None,
            _ => Some(self.str(at)),
        }
    }

    pub(crate) fn bytes(&self, at: usize) -> &[u8] {
        match &self.0[at] {
            Cell::Bytes(bytes) => bytes,
            other => unreachable!("column {at} is {other:?}, not bytes"),
        }
    }
}

impl From<i64> for Cell {
    fn from(i: i64) -> Cell {
        Cell::Int(i)
    }
}

impl From<bool> for Cell {
    fn from(b: bool) -> Cell {
        Cell::Int(i64::from(b))
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Cell {
        Cell::Text(text.to_owned())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Cell {
        Cell::Text(text)
    }
}

impl From<&String> for Cell {
    fn from(text: &String) -> Cell {
        Cell::Text(text.clone())
    }
}

impl From<Vec<i64>> for Cell {
    fn from(ids: Vec<i64>) -> Cell {
        Cell::Ids(ids)
    }
}

impl From<Vec<u8>> for Cell {
    fn from(bytes: Vec<u8>) -> Cell {
        Cell::Bytes(bytes)
    }
}

impl<M> From<Id<M>> for Cell {
    fn from(id: Id<M>) -> Cell {
        Cell::Int(id.raw())
    }
}

/// Microseconds since 1970, UTC.
impl From<Timestamp> for Cell {
    fn from(at: Timestamp) -> Cell {
        Cell::Int(at.as_microsecond())
    }
}

/// `YYYY-MM-DD`.
impl From<Date> for Cell {
    fn from(date: Date) -> Cell {
        Cell::Text(date.to_string())
    }
}

impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Cell {
        value.map_or(Cell::Null, Into::into)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_numbered_on() {
        let filter = Sql::new().lit("a = ").arg(1).lit(" and b = ").arg("x");
        let sql = Sql::new().lit("update t set c = ").arg(true).lit(" where ").append(filter);
        assert_eq!(sql.as_str(), "update t set c = $1 where a = $2 and b = $3");
        assert_eq!(sql.binds(), [Cell::Int(1), Cell::Int(1), Cell::Text("x".into())]);
    }

    #[test]
    #[should_panic(expected = "not an identifier")]
    fn a_name_that_is_no_name_is_refused() {
        let _ = Sql::new().ident("a\" or 1=1");
    }
}
