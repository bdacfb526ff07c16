//! A mapping in TOML: which file becomes which model, which column which field.
//!
//! ```toml
//! [[import]]
//! model = "sales.order"
//! file = "orders.csv"
//! key = "order/{order_id}"                        # the same key again is the same record
//! only_with = "{customer_id}"                     # rows are left out where this comes out empty
//! [import.fields]
//! customer = "customer/{customer_id}"             # a link: the key of the other record
//! ordered_on = "{order_date}"                     # a template over columns; empty says nothing
//! channel = { column = "via", map = { 1 = "web", 2 = "phone" }, default = "other" }
//! country = { column = "country", map = "countries" }       # a map of several columns
//! weight = { column = "lb", times = "0.45359237", decimals = 3 }   # rounded half up
//! [[import.lines.lines]]                          # a field of kind lines, from a second file
//! file = "order_details.csv"
//! on = "order_id"                                 # its column that names the document …
//! is = "{order_id}"                               # … and what stands there; of the same name, if unsaid
//! [import.lines.lines.fields]
//! product = "product/{product_id}"
//! quantity = "{quantity}"
//! [maps.countries]
//! Germany = "DE"
//! ```
//!
//! Without `file` a line comes from the document's own row. With `grouped = true` all rows of one key
//! are one document: its fields come from the first of them, a line from each. `[format]` says how
//! the files are written when they are not plain (`format`).
//! Not here: whether models, fields and columns are there (`check`), rows (`source`).

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use toml::Spanned;

use super::format::Format;
use super::unreadable;
use crate::error::Result;

/// A name with the place where it stands, for faults.
pub type Name = Spanned<String>;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// The file that it was read from.
    #[serde(skip)]
    pub path: String,
    #[serde(skip)]
    text: String,
    #[serde(default)]
    pub format: Format,
    /// What values mean, for more than one column.
    #[serde(default)]
    maps: BTreeMap<String, BTreeMap<String, String>>,
    #[serde(rename = "import")]
    pub imports: Vec<FileImport>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileImport {
    pub model: Name,
    /// Relative to the folder of the data.
    pub file: Name,
    /// The external key; unique among the model's records.
    pub key: Cell,
    /// All rows of one key are one record.
    #[serde(default)]
    pub grouped: bool,
    /// Rows are left out where this comes out empty.
    #[serde(default)]
    pub only_with: Option<Cell>,
    #[serde(default)]
    pub fields: BTreeMap<Name, Cell>,
    #[serde(default)]
    pub lines: BTreeMap<Name, Vec<LinesImport>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinesImport {
    /// A second file; `None`: a line from the document's own row.
    #[serde(default)]
    pub file: Option<Name>,
    /// The second file's column that names the document.
    #[serde(default)]
    pub on: Option<String>,
    /// What stands there, a template over the document's row; unsaid: its column of the same name.
    #[serde(default)]
    pub is: Option<String>,
    /// The line is left out where this comes out empty.
    #[serde(default)]
    pub only_with: Option<Cell>,
    pub fields: BTreeMap<Name, Cell>,
}

/// Where a value comes from.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
#[serde(expecting = "write a template such as \"{column}\", a number, true, false, or \
                     { column = \"…\", map = { … }, default = \"…\", decimals = 2 }")]
pub enum Cell {
    /// `"{column} and text"`
    Template(String),
    Flag(bool),
    Number(i64),
    Column(ColumnCell),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColumnCell {
    pub column: String,
    /// What stands in the column → a template of what it means.
    #[serde(default)]
    pub map: Map,
    /// A template for what the map does not know, nothing included.
    #[serde(default)]
    pub default: Option<String>,
    /// A number is multiplied by that of another cell.
    #[serde(default)]
    pub times: Option<Box<Cell>>,
    /// A number is rounded to so many decimals, half away from zero.
    #[serde(default)]
    pub decimals: Option<u32>,
}

/// What values mean: written where it is used, or the name of one of the mapping's `[maps]`.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
#[serde(expecting = "write a table such as { Germany = \"DE\" }, or the name of one of [maps]")]
pub enum Map {
    Table(BTreeMap<String, String>),
    Named(String),
}

impl Default for Map {
    fn default() -> Map {
        Map::Table(BTreeMap::new())
    }
}

impl Map {
    pub fn as_table(&self) -> &BTreeMap<String, String> {
        static NONE: BTreeMap<String, String> = BTreeMap::new();
        match self {
            Map::Table(table) => table,
            Map::Named(_) => &NONE,
        }
    }

    fn resolve(&mut self, maps: &BTreeMap<String, BTreeMap<String, String>>) -> Result<()> {
        if let Map::Named(name) = self {
            let known = maps.get(name);
            let known = known.ok_or_else(|| unreadable(format!("[maps] has no {name:?}")))?;
            *self = Map::Table(known.clone());
        }
        Ok(())
    }
}

impl Mapping {
    /// Reads a mapping.
    ///
    /// # Errors
    /// With line and column; unknown keys are refused.
    pub fn read(path: &Path) -> Result<Mapping> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| unreadable(format!("{} cannot be read: {error}", path.display())))?;
        Mapping::parse(&path.display().to_string(), text)
    }

    /// # Errors
    /// As [`Mapping::read`].
    pub fn parse(path: &str, text: String) -> Result<Mapping> {
        let mut mapping: Mapping = toml::from_str(&text)
            .map_err(|e| unreadable(format!("{path}: {}", e.to_string().trim_end())))?;
        (mapping.path, mapping.text) = (path.to_owned(), text);
        let maps = std::mem::take(&mut mapping.maps);
        for cell in mapping.imports.iter_mut().flat_map(FileImport::cells) {
            cell.resolve(&maps).map_err(|error| unreadable(format!("{path}: {error}")))?;
        }
        Ok(mapping)
    }

    /// The line on which a name stands, from 1.
    pub fn line_of(&self, name: &Name) -> u64 {
        let before = self.text.as_bytes().get(..name.span().start).unwrap_or_default();
        1 + before.iter().map(|byte| u64::from(*byte == b'\n')).sum::<u64>()
    }
}

impl FileImport {
    fn cells(&mut self) -> impl Iterator<Item = &mut Cell> {
        let of_lines = self.lines.values_mut().flatten();
        let of_lines = of_lines.flat_map(|l| l.fields.values_mut().chain(&mut l.only_with));
        let own = self.fields.values_mut().chain(&mut self.only_with).chain([&mut self.key]);
        own.chain(of_lines)
    }
}

impl LinesImport {
    /// The second file, its column that names the document, and the template of what stands there.
    pub fn join(&self) -> Option<(&Name, &str, String)> {
        let (file, on) = (self.file.as_ref()?, self.on.as_deref()?);
        Some((file, on, self.is.clone().unwrap_or_else(|| format!("{{{on}}}"))))
    }
}

impl Cell {
    /// The columns that it reads.
    pub fn columns(&self) -> Vec<&str> {
        match self {
            Cell::Template(template) => columns(template),
            Cell::Flag(_) | Cell::Number(_) => Vec::new(),
            Cell::Column(cell) => {
                let meanings = cell.map.as_table().values().chain(&cell.default);
                let templates = meanings.flat_map(|template| columns(template));
                let times = cell.times.iter().flat_map(|times| times.columns());
                std::iter::once(cell.column.as_str()).chain(templates).chain(times).collect()
            }
        }
    }

    fn resolve(&mut self, maps: &BTreeMap<String, BTreeMap<String, String>>) -> Result<()> {
        let Cell::Column(cell) = self else { return Ok(()) };
        cell.map.resolve(maps)?;
        cell.times.as_mut().map_or(Ok(()), |times| times.resolve(maps))
    }
}

/// The columns that a template names.
pub fn columns(template: &str) -> Vec<&str> {
    template.split('{').skip(1).map(|part| part.split('}').next().unwrap_or(part)).collect()
}
