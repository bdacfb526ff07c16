//! A mapping in TOML: which file becomes which model, which column which field.
//!
//! ```toml
//! [[import]]
//! model = "sales.order"
//! file = "orders.csv"
//! key = "order/{order_id}"                        # the same key again changes the same record
//! [import.fields]
//! customer = { key = "customer/{customer_id}" }   # a link, by the key of another import
//! ordered_on = "{order_date}"                     # a template over columns; empty means nothing
//! channel = { column = "via", map = { 1 = "web", 2 = "phone" }, default = "other" }
//! [import.lines.lines]                            # a field of kind lines, from a second file
//! file = "order_details.csv"
//! on = "order_id"                                 # the column that both files have
//! [import.lines.lines.fields]
//! product = { key = "product/{product_id}" }
//! quantity = "{quantity}"
//! ```

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    #[serde(rename = "import")]
    pub imports: Vec<FileImport>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileImport {
    pub model: String,
    /// Relative to the folder of the data.
    pub file: String,
    /// Template of the external key; unique among the model's records.
    pub key: String,
    /// Rows are left out where this template comes out empty.
    #[serde(default)]
    pub only_with: Option<String>,
    #[serde(default)]
    pub fields: BTreeMap<String, Cell>,
    #[serde(default)]
    pub lines: BTreeMap<String, LinesImport>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinesImport {
    /// `None`: one line from the document's own row.
    #[serde(default)]
    pub file: Option<String>,
    /// The column that both files have.
    #[serde(default)]
    pub on: Option<String>,
    /// The line is left out where this template comes out empty.
    #[serde(default)]
    pub only_with: Option<String>,
    pub fields: BTreeMap<String, Cell>,
}

/// Where a field's value comes from.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Cell {
    /// `"{column} and text"`
    Template(String),
    Flag(bool),
    Number(i64),
    /// A link by the external key of a record of the field's model.
    Key(KeyCell),
    Map(MapCell),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyCell {
    pub key: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MapCell {
    pub column: String,
    #[serde(default)]
    pub map: BTreeMap<String, String>,
    #[serde(default)]
    pub default: Option<String>,
}

impl Mapping {
    /// Reads a mapping.
    ///
    /// # Errors
    /// With line and column; unknown keys are refused.
    pub fn read(path: &Path) -> Result<Mapping> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("{} cannot be read", path.display()))?;
        let mapping: Mapping = toml::from_str(&text)
            .map_err(|e| anyhow::anyhow!("{}: {}", path.display(), e.to_string().trim_end()))?;
        for import in &mapping.imports {
            for (field, lines) in &import.lines {
                if lines.file.is_some() != lines.on.is_some() {
                    let place = format!("{}: {}.lines.{field}", path.display(), import.model);
                    bail!("{place}: a file of lines needs `on`, the column that both files have");
                }
            }
        }
        Ok(mapping)
    }
}

/// One row of a CSV file by the names of its columns.
pub struct Row<'r> {
    pub headers: &'r csv::StringRecord,
    pub values: &'r csv::StringRecord,
}

impl Row<'_> {
    fn column(&self, name: &str) -> Option<&str> {
        let at = self.headers.iter().position(|header| header == name)?;
        self.values.get(at).map(str::trim)
    }

    /// `"{a}-{b}"` filled in; empty where every column named in it is empty.
    ///
    /// # Errors
    /// Names a column that the file does not have.
    pub fn fill(&self, template: &str) -> Result<String, String> {
        let mut out = String::new();
        let (mut rest, mut any, mut columns) = (template, false, 0);
        while let Some((before, after)) = rest.split_once('{') {
            let (name, tail) = after.split_once('}').ok_or_else(|| unclosed(template))?;
            let value = self.column(name).ok_or_else(|| self.no_column(name))?;
            out.push_str(before);
            out.push_str(value);
            any |= !value.is_empty();
            columns += 1;
            rest = tail;
        }
        out.push_str(rest);
        Ok(if any || columns == 0 { out } else { String::new() })
    }

    /// The value of a mapped column.
    ///
    /// # Errors
    /// Names a column that the file does not have, or a value that the map does not know.
    pub fn mapped(&self, cell: &MapCell) -> Result<String, String> {
        let value = self.column(&cell.column).ok_or_else(|| self.no_column(&cell.column))?;
        if let Some(found) = cell.map.get(value) {
            return Ok(found.clone());
        }
        match &cell.default {
            Some(default) => Ok(default.clone()),
            None if value.is_empty() => Ok(String::new()),
            None => Err(format!("the map of {} does not know {value:?}", cell.column)),
        }
    }

    fn no_column(&self, name: &str) -> String {
        let known: Vec<&str> = self.headers.iter().collect();
        format!("there is no column {name:?}; there are {}", known.join(", "))
    }
}

fn unclosed(template: &str) -> String {
    format!("{template:?} opens a brace and does not close it")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_filled_from_columns() {
        let headers = csv::StringRecord::from(vec!["id", "name", "none"]);
        let values = csv::StringRecord::from(vec!["7", " Anna ", ""]);
        let row = Row { headers: &headers, values: &values };
        for (template, filled) in
            [("{id}", "7"), ("p/{id}-{name}", "p/7-Anna"), ("{none}", ""), ("fixed", "fixed"), ("x{none}", "")]
        {
            assert_eq!(row.fill(template).unwrap(), filled, "{template}");
        }
        assert_eq!(
            row.fill("{nmae}").unwrap_err(),
            "there is no column \"nmae\"; there are id, name, none"
        );
        assert!(row.fill("{id").unwrap_err().contains("does not close"));
    }
}
