//! The tables that a schema asks for, plainly told: what the kernel keeps beside the data, to know
//! at the next start what has changed. No SQL; the difference of two of these is in `diff`.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::{Field, Kind, Model, Schema};

/// All tables of the models, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tables {
    pub tables: IndexMap<String, Table>,
}

/// One table: of a model, or of a field that holds several values (`sales_order__tags`: record,
/// position, value).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    pub name: String,
    pub columns: IndexMap<String, Column>,
    /// The columns of the primary key.
    pub key: Vec<String>,
    pub indexes: IndexMap<String, TableIndex>,
    /// Columns that full-text search looks into.
    pub search: Vec<String>,
    /// Names of columns put aside by earlier changes; their data is still there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hidden: Vec<String>,
    /// Columns of modules that are switched off; nothing writes them now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resting: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    pub name: String,
    pub kind: ColumnKind,
    /// Digits after the point, of a number kept as a scaled integer.
    pub scale: Option<u8>,
    pub not_null: bool,
    /// Kept by an index of its own in [`Table::indexes`].
    pub unique: bool,
    /// The table whose ids it holds.
    pub refers: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renamed_from: Option<String>,
}

/// What a column holds: 64-bit integers (numbers, truth as 0 and 1, instants in microseconds,
/// seconds, ids), or text (also dates as `2026-01-31` and JSON).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnKind {
    Integer,
    Text,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableIndex {
    pub name: String,
    pub columns: Vec<String>,
    pub unique: bool,
}

/// The tables of all models.
pub fn tables(schema: &Schema) -> Tables {
    let mut all = Tables::default();
    for model in schema.models.values() {
        let table = table_of(model);
        all.tables.insert(table.name.clone(), table);
        for field in model.fields.values() {
            if let Some(table) = of_values(model, field) {
                all.tables.insert(table.name.clone(), table);
            }
        }
    }
    all
}

/// The table that holds the several values of a field: tags and many links.
pub fn values_table(model: &Model, field: &str) -> String {
    shortened(format!("{}__{field}", model.table()))
}

/// The table of a model.
pub fn table_of(model: &Model) -> Table {
    let mut table = Table { name: model.table(), key: vec!["id".to_owned()], ..Table::default() };
    for field in model.fields.values().filter(|field| field.has_column()) {
        let required = field.required && (!field.system || ALWAYS_SET.contains(&&*field.name));
        let column = Column {
            name: field.name.clone(),
            kind: kind_of(&field.kind),
            scale: field.kind.scale(),
            not_null: required,
            unique: field.unique,
            refers: refers(model, field),
            renamed_from: field.renamed_from.clone(),
        };
        table.columns.insert(field.name.clone(), column);
        if field.search {
            table.search.push(field.name.clone());
        }
        if field.unique {
            table.index(&format!("{}_unique", field.name), scoped(model, &[&field.name]), true);
        } else if field.index || is_searched_link(model, field) {
            table.index(&field.name, scoped(model, &[&field.name]), false);
        }
    }
    if let Some(owner) = &model.owner {
        table.index("lines", vec![owner.by.clone(), "position".to_owned()], false);
    }
    if model.owner.is_none() {
        table.index_lists(model);
    }
    for index in &model.indexes {
        let fields: Vec<&str> = index.fields.iter().map(String::as_str).collect();
        table.index(&index.name, scoped(model, &fields), index.unique);
    }
    table
}

/// A search goes from the records whose text has the words to those that link to them.
fn is_searched_link(model: &Model, field: &Field) -> bool {
    field.search && field.kind.target().is_some() && model.owner.is_none()
}

/// System fields that each record has from its first moment.
const ALWAYS_SET: [&str; 7] =
    ["id", "version", "company", "position", "state", "created_at", "updated_at"];

fn of_values(model: &Model, field: &Field) -> Option<Table> {
    let (kind, refers) = match &field.kind {
        Kind::Links { to } => (ColumnKind::Integer, Some(to.replace('.', "_"))),
        Kind::Tags => (ColumnKind::Text, None),
        _ => return None,
    };
    let column = |name: &str, kind, refers| Column {
        name: name.to_owned(),
        kind,
        scale: None,
        not_null: true,
        unique: false,
        refers,
        renamed_from: None,
    };
    let mut table = Table {
        name: values_table(model, &field.name),
        key: vec!["record".to_owned(), "value".to_owned()],
        ..Table::default()
    };
    for column in [
        column("record", ColumnKind::Integer, Some(model.table())),
        column("position", ColumnKind::Integer, None),
        column("value", kind, refers),
    ] {
        table.columns.insert(column.name.clone(), column);
    }
    table.index("value", vec!["value".to_owned()], false);
    Some(table)
}

impl Table {
    /// What a list walks: the newest first, and the order that the model's list view asks for.
    fn index_lists(&mut self, model: &Model) {
        if !model.shared {
            self.index("newest", vec!["company".to_owned(), "id".to_owned()], false);
        }
        let sort = model.views["list"]["sort"].as_str().unwrap_or_default();
        let sort = sort.split(',').next().unwrap_or_default().trim().trim_start_matches('-');
        let field = model.field(sort).filter(|field| field.has_column() && field.name != "id");
        // A unique field has an index of its own that serves as well.
        if let Some(field) = field.filter(|field| !field.unique && !field.index) {
            self.index("list", scoped(model, &[&field.name, "id"]), false);
        }
    }

    fn index(&mut self, name: &str, columns: Vec<String>, unique: bool) {
        let name = shortened(format!("{}_{name}", self.name));
        self.indexes.insert(name.clone(), TableIndex { name, columns, unique });
    }
}

/// Queries always ask for one company, so its column comes first.
fn scoped(model: &Model, fields: &[&str]) -> Vec<String> {
    let company = (!model.shared && !fields.contains(&"company")).then_some("company");
    company.iter().chain(fields).map(|name| (*name).to_owned()).collect()
}

fn kind_of(kind: &Kind) -> ColumnKind {
    match kind {
        Kind::Date | Kind::Choice { .. } => ColumnKind::Text,
        kind if kind.is_json() => ColumnKind::Text,
        kind if kind.is_text() => ColumnKind::Text,
        _ => ColumnKind::Integer,
    }
}

fn refers(model: &Model, field: &Field) -> Option<String> {
    let own_id = field.name == "id" && field.kind.target() == Some(&model.name);
    if own_id { None } else { field.kind.target().map(|to| to.replace('.', "_")) }
}

/// Names that fit PostgreSQL's 63 bytes; a longer one is cut and told apart by a hash (FNV-1a).
fn shortened(name: String) -> String {
    const BYTES_MAX: usize = 60;
    if name.len() <= BYTES_MAX {
        return name;
    }
    let hash = name
        .bytes()
        .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    let kept: String = name.chars().take(BYTES_MAX - 9).collect();
    format!("{kept}_{hash:08x}")
}
