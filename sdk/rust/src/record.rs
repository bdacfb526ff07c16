//! What one is told of a record: by name, or as a struct with `#[derive(Record)]`.

use crate::answer::{Answer, Field};
use crate::value::{Held, Value};
use crate::wit::types;

pub use types::Entity;

/// A struct over what a hook selects.
pub trait Record: Sized {
    fn read(part: &Part<'_>) -> Answer<Self>;

    /// What is different from `before`, as changes.
    fn changes(&self, before: &Self) -> Vec<Field>;
}

/// What one is told of a record, or of one of its lines.
#[derive(Clone, Copy, Debug)]
pub struct Part<'e> {
    fields: &'e [types::Field],
    lines: &'e [types::RowSet],
}

impl<'e> Part<'e> {
    pub fn of(entity: &'e Entity) -> Part<'e> {
        Part { fields: &entity.fields, lines: &entity.lines }
    }

    /// The value of a field or path. What was not told counts as empty: a path of `standing.…` is told
    /// only where somebody keeps the books.
    pub fn value<T: Held>(&self, name: &str) -> Answer<T> {
        let found = self.fields.iter().find(|field| field.name == name);
        let value = found.map_or(&Value::Null, |field| &field.value);
        T::take(value).ok_or_else(|| match value {
            Value::Null => format!("`{name}` is empty, or is not selected in plugin.toml"),
            _ => format!("`{name}` is of another kind than the plugin expects"),
        })
    }

    pub fn lines<T: Record>(&self, name: &str) -> Answer<Vec<T>> {
        let set = self.lines.iter().find(|set| set.field == name);
        let rows = set.map_or(&[][..], |set| &set.rows);
        rows.iter().map(|row| T::read(&Part { fields: &row.fields, lines: &[] })).collect()
    }
}

impl Record for () {
    fn read(_: &Part<'_>) -> Answer<()> {
        Ok(())
    }

    fn changes(&self, (): &()) -> Vec<Field> {
        Vec::new()
    }
}
