//! The rows of a file as records to be made: every cell through the mapping, lines joined from a
//! second file. What cannot be mapped is a problem of its row.

use std::collections::HashMap;
use std::path::Path;

use anyhow::{Context, Result};
use fondaco_kernel::schema::{Kind, Model};
use serde_json::{Map, Value as Json};

use super::RowProblem;
use super::mapping::{Cell, FileImport, LinesImport, Row};

/// A record as the file wants it; links hold keys.
#[derive(Clone, Debug)]
pub struct Planned {
    pub file: String,
    pub line: u64,
    pub key: String,
    pub fields: Map<String, Json>,
}

/// A file read through its mapping.
#[derive(Debug)]
pub struct Source {
    name: String,
    digest: u64,
    pub rows: Vec<Planned>,
    pub problems: Vec<RowProblem>,
}

/// Rows of a second file by the value of the column that joins them.
type Joined = HashMap<String, Vec<(u64, csv::StringRecord)>>;

struct Lines<'m> {
    field: &'m str,
    import: &'m LinesImport,
    headers: csv::StringRecord,
    joined: Joined,
}

impl Source {
    pub fn read(import: &FileImport, model: &Model, folder: &Path) -> Result<Source> {
        let (text, mut reader) = open(folder, &import.file)?;
        let headers = reader.headers().context("reading the heading")?.clone();
        let lines = import
            .lines
            .iter()
            .map(|(field, lines)| Lines::read(field, lines, folder, &headers))
            .collect::<Result<Vec<_>>>()?;
        let digest = digest(&text) ^ digest(&format!("{import:?}"));
        let mut source = Source {
            name: format!("{}:{}", import.model, import.file),
            digest,
            rows: Vec::new(),
            problems: Vec::new(),
        };
        for record in reader.records() {
            let record = record.with_context(|| format!("reading {}", import.file))?;
            let line = record.position().map_or(0, csv::Position::line);
            let row = Row { headers: &headers, values: &record };
            match plan(import, model, &lines, &row, line) {
                Ok(Some(planned)) => source.rows.push(planned),
                Ok(None) => {}
                Err(problems) => source.problems.extend(problems),
            }
        }
        Ok(source)
    }

    /// Under which name the progress of exactly this import is kept.
    pub fn mark(&self) -> String {
        format!("import:{}:{:016x}", self.name, self.digest)
    }
}

impl<'m> Lines<'m> {
    fn read(
        field: &'m str,
        import: &'m LinesImport,
        folder: &Path,
        own: &csv::StringRecord,
    ) -> Result<Lines<'m>> {
        let (Some(file), Some(on)) = (&import.file, &import.on) else {
            return Ok(Lines { field, import, headers: own.clone(), joined: Joined::new() });
        };
        let (_, mut reader) = open(folder, file)?;
        let headers = reader.headers().context("reading the heading")?.clone();
        let at = headers.iter().position(|header| header == on);
        let at = at.with_context(|| format!("{file} has no column {on:?}"))?;
        let mut joined = Joined::new();
        for record in reader.records() {
            let record = record.with_context(|| format!("reading {file}"))?;
            let line = record.position().map_or(0, csv::Position::line);
            let key = record.get(at).unwrap_or_default().trim().to_owned();
            joined.entry(key).or_default().push((line, record));
        }
        Ok(Lines { field, import, headers, joined })
    }
}

fn open(folder: &Path, file: &str) -> Result<(String, csv::Reader<std::io::Cursor<String>>)> {
    let path = folder.join(file);
    let text = std::fs::read_to_string(&path)
        .with_context(|| format!("{} cannot be read", path.display()))?;
    let text = text.trim_start_matches('\u{feff}').to_owned();
    let reader = csv::ReaderBuilder::new().flexible(false);
    Ok((text.clone(), build(reader, text)))
}

fn build(
    builder: impl std::borrow::Borrow<csv::ReaderBuilder>,
    text: String,
) -> csv::Reader<std::io::Cursor<String>> {
    builder.borrow().from_reader(std::io::Cursor::new(text))
}

/// FNV-1a: tells whether a file is the one that was begun, not whether somebody forged it.
fn digest(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

fn plan(
    import: &FileImport,
    model: &Model,
    lines: &[Lines<'_>],
    row: &Row<'_>,
    line: u64,
) -> Result<Option<Planned>, Vec<RowProblem>> {
    let mut problems = Vec::new();
    let mut wrong = |file: &str, line: u64, field: &str, message: String| {
        let (file, field) = (file.to_owned(), field.to_owned());
        problems.push(RowProblem { file, line, field, message });
    };
    match wanted(import.only_with.as_deref(), row) {
        Ok(true) => {}
        Ok(false) => return Ok(None),
        Err(message) => wrong(&import.file, line, "only_with", message),
    }
    let key = row.fill(&import.key).unwrap_or_else(|message| {
        wrong(&import.file, line, "key", message);
        String::new()
    });
    let mut fields = Map::new();
    for (name, cell) in &import.fields {
        match value(cell, row, model.field(name).map(|f| &f.kind)) {
            Ok(value) => drop(fields.insert(name.clone(), value)),
            Err(message) => wrong(&import.file, line, name, message),
        }
    }
    for lines in lines {
        let (made, faults) = lines.of(row, line, &import.file);
        fields.insert(lines.field.to_owned(), Json::Array(made));
        for fault in faults {
            wrong(&fault.file, fault.line, &fault.field, fault.message.clone());
        }
    }
    match problems.is_empty() {
        true => Ok(Some(Planned { file: import.file.clone(), line, key, fields })),
        false => Err(problems),
    }
}

impl Lines<'_> {
    /// The lines of one document: from the rows that join it, or one from its own row.
    fn of(&self, row: &Row<'_>, line: u64, file: &str) -> (Vec<Json>, Vec<RowProblem>) {
        let own = [(line, row.values.clone())];
        let (file, rows): (&str, &[(u64, csv::StringRecord)]) =
            match (&self.import.file, &self.import.on) {
                (Some(file), Some(on)) => {
                    let key = row.fill(&format!("{{{on}}}")).unwrap_or_default();
                    (file, self.joined.get(&key).map_or(&[], Vec::as_slice))
                }
                _ => (file, &own),
            };
        let (mut made, mut problems) = (Vec::new(), Vec::new());
        for (at, values) in rows {
            let row = Row { headers: &self.headers, values };
            match self.one(&row) {
                Ok(Some(fields)) => made.push(Json::Object(fields)),
                Ok(None) => {}
                Err((field, message)) => problems.push(RowProblem {
                    file: file.to_owned(),
                    line: *at,
                    field: format!("{}.{field}", self.field),
                    message,
                }),
            }
        }
        (made, problems)
    }

    fn one(&self, row: &Row<'_>) -> Result<Option<Map<String, Json>>, (String, String)> {
        let said = |message| ("only_with".to_owned(), message);
        if !wanted(self.import.only_with.as_deref(), row).map_err(said)? {
            return Ok(None);
        }
        let mut fields = Map::new();
        for (name, cell) in &self.import.fields {
            let value = value(cell, row, None).map_err(|message| (name.clone(), message))?;
            fields.insert(name.clone(), value);
        }
        Ok(Some(fields))
    }
}

fn wanted(only_with: Option<&str>, row: &Row<'_>) -> Result<bool, String> {
    match only_with {
        Some(template) => Ok(!row.fill(template)?.is_empty()),
        None => Ok(true),
    }
}

/// A cell as the API takes it; empty is nothing.
fn value(cell: &Cell, row: &Row<'_>, kind: Option<&Kind>) -> Result<Json, String> {
    let text = match cell {
        Cell::Flag(flag) => return Ok(Json::Bool(*flag)),
        Cell::Number(number) => return Ok(Json::from(*number)),
        Cell::Template(template) => row.fill(template)?,
        Cell::Key(cell) => row.fill(&cell.key)?,
        Cell::Map(cell) => row.mapped(cell)?,
    };
    Ok(match (text.as_str(), kind) {
        ("", _) => Json::Null,
        ("1" | "true" | "yes", Some(Kind::Bool)) => Json::Bool(true),
        ("0" | "false" | "no", Some(Kind::Bool)) => Json::Bool(false),
        (whole, Some(Kind::Integer)) => whole.parse::<i64>().map_or(Json::String(text), Json::from),
        _ => Json::String(text),
    })
}
