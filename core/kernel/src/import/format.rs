//! How values are written in files: cells of a row, separators, numbers and dates of a country, and
//! the mark before what a spreadsheet would take for a formula.
//! Not here: which cell goes where (`mapping`), whether a value is allowed (the kernel).

use fondaco_schema::Kind;
use fondaco_values::{Date, Decimal, Rounding, round};
use serde::Deserialize;
use serde_json::Value as Json;

use super::mapping::{Cell, ColumnCell};

/// The `[format]` of a mapping. Plain files need none.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Format {
    /// Between cells.
    pub separator: char,
    /// Before the decimals of a number: `.` or `,`.
    pub decimal: char,
    /// Such as `%d.%m.%Y`; the usual is `%Y-%m-%d`.
    pub date: Option<String>,
    /// Links are found by the names of records, too, where nobody has the key.
    pub names: bool,
}

impl Default for Format {
    fn default() -> Format {
        Format { separator: ',', decimal: '.', date: None, names: false }
    }
}

impl Format {
    /// A text as the API takes it for a field of this kind; what does not fit is left for the kernel
    /// to refuse.
    pub fn value(&self, text: String, kind: &Kind) -> Json {
        match kind {
            Kind::Bool => match text.to_lowercase().as_str() {
                "true" | "yes" | "1" => Json::Bool(true),
                "false" | "no" | "0" => Json::Bool(false),
                _ => Json::String(text),
            },
            Kind::Tags | Kind::Links { .. } => {
                let parts = text.split(';').map(str::trim).filter(|part| !part.is_empty());
                Json::Array(parts.map(Json::from).collect())
            }
            kind if kind.is_json() => serde_json::from_str(&text).unwrap_or(Json::String(text)),
            Kind::Date => Json::String(self.date(&text).map_or(text, |date| date.to_string())),
            kind if kind.scale().is_some() => Json::String(self.number(text)),
            _ => Json::String(text),
        }
    }

    /// A day, also with a midnight behind it, as databases write it.
    fn date(&self, text: &str) -> Option<Date> {
        if let Some(format) = &self.date {
            return Date::strptime(format, text).ok();
        }
        let (day, time) = text.split_once([' ', 'T']).unwrap_or((text, ""));
        let midnight = time.bytes().all(|b| matches!(b, b'0' | b':' | b'.'));
        day.parse().ok().filter(|_| midnight)
    }

    fn number(&self, text: String) -> String {
        match self.decimal {
            // A point then parts thousands, or is a slip: it is not guessed which.
            ',' if text.contains('.') => format!("{text} (with a point)"),
            ',' => text.replace(',', "."),
            _ => text,
        }
    }
}

/// One row of a CSV file by the names of its columns.
pub struct Row<'r> {
    pub headers: &'r csv::StringRecord,
    pub values: &'r csv::StringRecord,
}

impl Row<'_> {
    fn column(&self, name: &str) -> Result<&str, String> {
        let at = self.headers.iter().position(|header| header.trim() == name);
        let at = at.ok_or_else(|| format!("there is no column {name:?}"))?;
        Ok(unguarded(self.values.get(at).unwrap_or_default().trim()))
    }

    /// `"{a}-{b}"` filled in; empty where every column named in it is empty.
    ///
    /// # Errors
    /// Names a column that the file does not have.
    pub fn fill(&self, template: &str) -> Result<String, String> {
        let mut out = String::new();
        let (mut rest, mut any, mut columns) = (template, false, 0);
        while let Some((before, after)) = rest.split_once('{') {
            let (name, tail) = after
                .split_once('}')
                .ok_or_else(|| format!("{template:?} opens a brace and does not close it"))?;
            let value = self.column(name)?;
            out.push_str(before);
            out.push_str(value);
            any |= !value.is_empty();
            columns += 1;
            rest = tail;
        }
        out.push_str(rest);
        Ok(if any || columns == 0 { out } else { String::new() })
    }

    /// The text of a cell of the mapping; empty says nothing.
    ///
    /// # Errors
    /// A value that the map does not know, or that is no number to be rounded.
    pub fn text(&self, cell: &Cell) -> Result<String, String> {
        match cell {
            Cell::Template(template) => self.fill(template),
            Cell::Flag(flag) => Ok(flag.to_string()),
            Cell::Number(number) => Ok(number.to_string()),
            Cell::Column(cell) => self.column_cell(cell),
        }
    }

    fn column_cell(&self, cell: &ColumnCell) -> Result<String, String> {
        let value = self.column(&cell.column)?;
        let map = cell.map.as_table();
        let text = match (map.get(value), &cell.default) {
            (Some(meaning), _) => self.fill(meaning)?,
            (None, Some(default)) => self.fill(default)?,
            (None, None) if value.is_empty() || map.is_empty() => value.to_owned(),
            (None, None) => {
                return Err(format!("the map of {} does not know {value:?}", cell.column));
            }
        };
        if text.is_empty() || (cell.times.is_none() && cell.decimals.is_none()) {
            return Ok(text);
        }
        let mut figure = number(&text)?;
        if let Some(times) = &cell.times {
            let product = figure.checked_mul(number(&self.text(times)?)?);
            figure = product.ok_or_else(|| format!("{text} is too large to be multiplied"))?;
        }
        let rounded = cell.decimals.map(|places| round(figure, places, Rounding::HalfUp));
        Ok(rounded.unwrap_or(figure).to_string())
    }
}

fn number(text: &str) -> Result<Decimal, String> {
    text.parse().map_err(|_| format!("{text:?} is no number"))
}

/// A cell as a spreadsheet may open it: what it would take for a formula gets a `'` before it, and so
/// does what already looks like that, so that [`unguarded`] gives back every text.
pub fn guarded(text: String) -> String {
    let number = text.starts_with('-') && text.parse::<Decimal>().is_ok();
    let formula = text.trim_start_matches('\'').starts_with(FORMULA);
    if formula && !number { format!("'{text}") } else { text }
}

/// A cell without the mark of [`guarded`].
pub fn unguarded(text: &str) -> &str {
    match text.strip_prefix('\'') {
        Some(rest) if rest.trim_start_matches('\'').starts_with(FORMULA) => rest,
        _ => text,
    }
}

/// What a formula begins with, in the spreadsheets that there are.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

#[cfg(test)]
mod tests {
    use super::*;

    fn record(cells: &[&str]) -> csv::StringRecord {
        csv::StringRecord::from(cells.to_vec())
    }

    #[test]
    fn templates_are_filled_from_columns() {
        let headers = record(&["id", "name", "none"]);
        let values = record(&["7", " Anna ", ""]);
        let row = Row { headers: &headers, values: &values };
        for (template, filled) in [
            ("{id}", "7"),
            ("p/{id}-{name}", "p/7-Anna"),
            ("{none}", ""),
            ("x{none}", ""),
            ("{id}{none}", "7"),
            ("fixed", "fixed"),
        ] {
            assert_eq!(row.fill(template).unwrap(), filled, "{template}");
        }
        assert_eq!(row.fill("{nmae}").unwrap_err(), "there is no column \"nmae\"");
        assert!(row.fill("{id").unwrap_err().contains("does not close"));
    }

    #[test]
    fn columns_are_mapped_and_rounded() {
        let cell = |text: &str| toml::from_str::<Wrapped>(&format!("cell = {text}")).unwrap().cell;
        for (column, value, expected) in [
            ("{ column = 'c', map = { 1 = 'web' } }", "1", Ok("web")),
            ("{ column = 'c', map = { 1 = 'web' } }", "", Ok("")),
            ("{ column = 'c', map = { 1 = 'web' } }", "2", Err("the map of c does not know \"2\"")),
            ("{ column = 'c', map = { 1 = 'web' }, default = 'x/{c}' }", "2", Ok("x/2")),
            ("{ column = 'c', default = 'none' }", "", Ok("none")),
            ("{ column = 'c', decimals = 2 }", "1.005", Ok("1.01")),
            ("{ column = 'c', decimals = 2 }", "-1.005", Ok("-1.01")),
            ("{ column = 'c', decimals = 2 }", "x", Err("\"x\" is no number")),
            ("{ column = 'c', times = '12' }", "2.5", Ok("30.0")),
            ("{ column = 'c', times = { column = 'c' }, decimals = 1 }", "1.5", Ok("2.3")),
            ("{ column = 'c', times = '' }", "1.5", Err("\"\" is no number")),
            ("{ column = 'c', times = '12' }", "", Ok("")),
            ("{ column = 'c' }", " a ", Ok("a")),
            ("true", "", Ok("true")),
            ("7", "", Ok("7")),
        ] {
            let (headers, values) = (record(&["c"]), record(&[value]));
            let row = Row { headers: &headers, values: &values };
            let expected = expected.map(str::to_owned).map_err(str::to_owned);
            assert_eq!(row.text(&cell(column)), expected, "{column} of {value:?}");
        }
    }

    #[derive(Deserialize)]
    struct Wrapped {
        cell: Cell,
    }

    #[test]
    fn values_are_read_as_the_file_writes_them() {
        let plain = Format::default();
        let german = Format { date: Some("%d.%m.%Y".to_owned()), decimal: ',', ..plain.clone() };
        for (format, kind, text, read) in [
            (&plain, Kind::Bool, "Yes", Json::Bool(true)),
            (&plain, Kind::Bool, "0", Json::Bool(false)),
            (&plain, Kind::Bool, "perhaps", Json::from("perhaps")),
            (&plain, Kind::Date, "2010-05-26 00:00:00", Json::from("2010-05-26")),
            (&plain, Kind::Date, "2010-05-26 13:00:00", Json::from("2010-05-26 13:00:00")),
            (&plain, Kind::Date, "26.5.2010", Json::from("26.5.2010")),
            (&german, Kind::Date, "26.5.2010", Json::from("2010-05-26")),
            (&plain, Kind::Money, "1.50", Json::from("1.50")),
            (&german, Kind::Money, "1,50", Json::from("1.50")),
            (&plain, Kind::Tags, "a; b;", serde_json::json!(["a", "b"])),
            (&plain, Kind::Text, "1,50", Json::from("1,50")),
        ] {
            assert_eq!(format.value(text.to_owned(), &kind), read, "{text}");
        }
        let mixed = german.value("1.234,50".to_owned(), &Kind::Money);
        assert!(mixed.as_str().is_some_and(|m| m.parse::<Decimal>().is_err()), "{mixed}");
    }

    #[test]
    fn a_formula_is_marked_and_every_text_comes_back() {
        for (text, written) in [
            ("=1+1", "'=1+1"),
            ("'=1+1", "''=1+1"),
            ("@cmd", "'@cmd"),
            ("+44 20", "'+44 20"),
            ("+441715554444", "'+441715554444"),
            ("-12.50", "-12.50"),
            ("-12.50-A1", "'-12.50-A1"),
            ("\tx", "'\tx"),
            ("'quoted", "'quoted"),
            ("plain", "plain"),
            ("", ""),
        ] {
            assert_eq!(guarded(text.to_owned()), written);
            assert_eq!(unguarded(written), text);
        }
    }
}
