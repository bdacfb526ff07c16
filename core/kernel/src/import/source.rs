//! The rows of a file as records to be made: every cell through the mapping, lines joined from a
//! second file. What cannot be mapped is a problem of its row, and so is a line of no document.
//! Not here: what the mapping may say (`mapping`, `check`), what the kernel thinks of it (`write`).

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use fondaco_schema::{Kind, Model, Schema};
use fondaco_values::limits;
use serde_json::{Map, Value as Json};

use super::format::{Format, Row};
use super::mapping::{Cell, FileImport, LinesImport, Name};
use super::{Files, RowProblem, unreadable};
use crate::error::Result;

/// A record as the file wants it; links hold keys. What no cell says anything about is not there.
#[derive(Clone, Debug)]
pub(super) struct Planned {
    pub file: Arc<str>,
    pub line: u64,
    pub key: String,
    pub fields: Map<String, Json>,
    /// Links to records of the same file, which may come after it: set when all are there.
    pub later: Map<String, Json>,
    /// Where each line of a field of kind lines stands.
    pub lines: BTreeMap<String, Vec<(Arc<str>, u64)>>,
}

/// A file read through its mapping.
#[derive(Debug, Default)]
pub(super) struct Source {
    pub rows: Vec<Planned>,
    pub problems: Vec<RowProblem>,
    /// Tells these files and this mapping from others.
    pub digest: u64,
}

/// A CSV file as it is.
pub(super) struct Sheet {
    pub file: Arc<str>,
    pub headers: csv::StringRecord,
    text: String,
    separator: u8,
}

/// Reads a file and its heading.
///
/// # Errors
/// When it cannot be read, is no UTF-8 or has a heading that names a column twice.
pub(super) fn open(files: &Files, file: &str, format: &Format) -> Result<Sheet> {
    let bytes = files.content(file)?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let (good, bad) = (error.utf8_error().valid_up_to(), error.into_bytes());
        let line = 1 + bad[..good].iter().filter(|byte| **byte == b'\n').count();
        unreadable(format!("{file}:{line}: this is no UTF-8; save the file as UTF-8"))
    })?;
    let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
    let Ok(separator) = u8::try_from(format.separator) else {
        let message = format!("the separator {:?} is no single byte", format.separator);
        return Err(unreadable(message));
    };
    let mut sheet = Sheet { file: file.into(), headers: csv::StringRecord::new(), text, separator };
    sheet.headers = heading(&sheet)?;
    let mut seen = HashSet::new();
    if let Some(twice) = sheet.headers.iter().find(|header| !seen.insert(header.trim())) {
        return Err(unreadable(format!("{file}:1: there are two columns {twice:?}")));
    }
    Ok(sheet)
}

fn heading(sheet: &Sheet) -> Result<csv::StringRecord> {
    let mut reader = sheet.reader();
    let found = reader.headers();
    let wrong = |error| unreadable(format!("reading the heading: {error}"));
    found.cloned().map_err(wrong)
}

impl Sheet {
    fn reader(&self) -> csv::Reader<&[u8]> {
        let mut builder = csv::ReaderBuilder::new();
        builder.flexible(true).delimiter(self.separator).from_reader(self.text.as_bytes())
    }

    /// The rows that stand in these lines, whatever they have of cells.
    pub(super) fn rows_of(&self, wanted: &[u64]) -> Result<Vec<csv::StringRecord>> {
        let mut found = Vec::new();
        let mut lines = Lines { text: self.text.as_bytes(), at: 0, line: 1 };
        for record in self.reader().records() {
            let record =
                record.map_err(|error| unreadable(format!("reading {}: {error}", self.file)))?;
            let line = record.position().map_or(0, |position| lines.of(position.byte()));
            if wanted.binary_search(&line).is_ok() {
                found.push(record);
            }
        }
        Ok(found)
    }

    /// Every row with its line; one that has not as many cells as the heading is a problem.
    pub(super) fn rows(
        &self,
        problems: &mut Vec<RowProblem>,
    ) -> Result<Vec<(u64, csv::StringRecord)>> {
        let mut rows = Vec::new();
        let mut lines = Lines { text: self.text.as_bytes(), at: 0, line: 1 };
        for record in self.reader().records() {
            let record =
                record.map_err(|error| unreadable(format!("reading {}: {error}", self.file)))?;
            let line = record.position().map_or(0, |position| lines.of(position.byte()));
            if record.len() == self.headers.len() {
                rows.push((line, record));
            } else {
                let (cells, wanted) = (record.len(), self.headers.len());
                let message = format!("has {cells} cells, the heading has {wanted}");
                problems.push(self.problem(line, "", message));
            }
            if rows.len() > limits::IMPORT_ROWS_MAX {
                let most = limits::IMPORT_ROWS_MAX;
                let file = &self.file;
                let message = format!("{file} has more than {most} rows; import it in parts");
                return Err(unreadable(message));
            }
        }
        Ok(rows)
    }

    fn problem(&self, line: u64, field: &str, message: String) -> RowProblem {
        RowProblem { file: self.file.to_string(), line, field: field.to_owned(), message }
    }
}

/// Counts lines as an editor does, whatever they end with. The reader's own count is one short
/// after lines that end with carriage return and newline.
struct Lines<'t> {
    text: &'t [u8],
    at: usize,
    line: u64,
}

impl Lines<'_> {
    /// The line of the row that begins at this byte, or after line ends that follow it. Rows are
    /// asked for in their order.
    fn of(&mut self, byte: u64) -> u64 {
        let begin = usize::try_from(byte).unwrap_or(usize::MAX);
        while let Some(byte) = self.text.get(self.at) {
            let ends = matches!(byte, b'\n' | b'\r');
            if self.at >= begin && !ends {
                break;
            }
            self.line += u64::from(*byte == b'\n');
            self.at += 1;
        }
        self.line
    }
}

impl Source {
    /// Reads the files of an import that [`super::check`] found right.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub(super) fn read(
        import: &FileImport,
        schema: &Schema,
        format: &Format,
        files: &Files,
    ) -> Result<Source> {
        let name = import.model.get_ref();
        let model = schema.model(name);
        let model = model.ok_or_else(|| unreadable(format!("there is no model {name}")))?;
        let sheet = open(files, import.file.get_ref(), format)?;
        let mut source = Source { digest: digest(&sheet.text), ..Source::default() };
        source.digest ^= digest(&format!("{import:?}{format:?}"));
        let mut parts = Vec::new();
        for (field, several) in &import.lines {
            for lines in several {
                let part = Part::read((field, lines), (schema, model), format, files)?;
                source.problems.extend(part.problems.iter().cloned());
                source.digest = source.digest.rotate_left(7) ^ part.digest;
                parts.push(part);
            }
        }
        let rows = sheet.rows(&mut source.problems)?;
        let (known, broken) = (HashMap::new(), HashSet::new());
        let mut plan = Plan { import, model, format, sheet: &sheet, parts, known, broken };
        for (line, values) in &rows {
            plan.row(*line, &Row { headers: &sheet.headers, values }, &mut source);
        }
        source.rows.retain(|row| !plan.broken.contains(&row.key));
        source.problems.extend(plan.parts.iter().flat_map(Part::orphans));
        source.problems.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
        postpone(model, &mut source.rows);
        Ok(source)
    }
}

/// Links to the same model whose record is in the same file wait until all are made.
fn postpone(model: &Model, rows: &mut [Planned]) {
    let own = |name: &str| {
        let kind = model.field(name).map(|field| &field.kind);
        matches!(kind, Some(Kind::Link { to }) if *to == model.name)
    };
    let keys: HashSet<String> = rows.iter().map(|row| row.key.clone()).collect();
    for row in rows {
        let here = |key: &Json| key.as_str().is_some_and(|key| keys.contains(key));
        let (later, now) = std::mem::take(&mut row.fields)
            .into_iter()
            .partition(|(name, value)| own(name) && here(value));
        (row.later, row.fields) = (later, now);
    }
}

/// Goes through the rows of the main file.
struct Plan<'m> {
    import: &'m FileImport,
    model: &'m Model,
    format: &'m Format,
    sheet: &'m Sheet,
    parts: Vec<Part<'m>>,
    /// Index of the row that has a key.
    known: HashMap<String, usize>,
    /// Keys of documents of several rows that are not taken, since one of these is wrong.
    broken: HashSet<String>,
}

impl Plan<'_> {
    fn row(&mut self, line: u64, row: &Row<'_>, source: &mut Source) {
        let mut problems = Vec::new();
        let before = self.parts.iter_mut().map(|part| part.claim(row)).collect::<Vec<_>>();
        match row_wanted(self.import.only_with.as_ref(), row) {
            Ok(true) => {}
            Ok(false) => return,
            Err(message) => problems.push(self.sheet.problem(line, "only_with", message)),
        }
        let key = match row.text(&self.import.key) {
            Ok(key) if key.is_empty() => {
                problems.push(self.sheet.problem(line, "key", "the key is empty".to_owned()));
                key
            }
            Ok(key) => key,
            Err(message) => {
                problems.push(self.sheet.problem(line, "key", message));
                String::new()
            }
        };
        let first = self.known.get(&key).copied();
        if let (Some(first), false) = (first, self.import.grouped) {
            let there = source.rows[first].line;
            let message = format!("the key {key:?} is that of line {there} already");
            problems.push(self.sheet.problem(line, "key", message));
        }
        let mut planned = match first {
            Some(first) if self.import.grouped => source.rows[first].clone(),
            _ => self.head(line, key.clone(), row, &mut problems),
        };
        for (part, joined) in self.parts.iter().zip(&before) {
            if first.is_none() || part.rows.is_none() {
                let own = [(line, row.values.clone())];
                let rows = joined.as_ref().map_or(&own[..], |rows| rows);
                part.add(rows, self.sheet, &mut planned, &mut problems);
            }
        }
        if !problems.is_empty() {
            source.problems.extend(problems);
            if self.import.grouped {
                self.broken.insert(key);
            }
            return;
        }
        match first {
            Some(first) => source.rows[first] = planned,
            None => {
                self.known.insert(key, source.rows.len());
                source.rows.push(planned);
            }
        }
    }

    fn head(
        &self,
        line: u64,
        key: String,
        row: &Row<'_>,
        problems: &mut Vec<RowProblem>,
    ) -> Planned {
        let mut wrong = |field: &str, message| {
            problems.push(self.sheet.problem(line, field, message));
        };
        let fields = fields_of(&self.import.fields, self.model, self.format, row, &mut wrong);
        Planned {
            file: self.sheet.file.clone(),
            line,
            key,
            fields,
            later: Map::new(),
            lines: BTreeMap::new(),
        }
    }
}

type Rows = Arc<[(u64, csv::StringRecord)]>;

/// Lines from one place, for one field.
struct Part<'m> {
    field: &'m str,
    import: &'m LinesImport,
    child: &'m Model,
    format: &'m Format,
    /// The second file; `None`: the document's own row.
    sheet: Option<Sheet>,
    /// Its rows, by what stands in the column that names the document.
    rows: Option<HashMap<String, (Rows, bool)>>,
    is: String,
    problems: Vec<RowProblem>,
    digest: u64,
}

impl<'m> Part<'m> {
    fn read(
        (field, import): (&'m Name, &'m LinesImport),
        (schema, model): (&'m Schema, &'m Model),
        format: &'m Format,
        files: &Files,
    ) -> Result<Part<'m>> {
        let field = field.get_ref().as_str();
        let child = match model.field(field).map(|field| &field.kind) {
            Some(Kind::Lines { of, .. }) => schema.model(of),
            _ => None,
        };
        let none = || unreadable(format!("{} has no lines {field}", model.name));
        let child = child.ok_or_else(none)?;
        let mut part = Part {
            field,
            import,
            child,
            format,
            sheet: None,
            rows: None,
            is: String::new(),
            problems: Vec::new(),
            digest: 0,
        };
        if let Some((file, on, is)) = import.join() {
            let sheet = open(files, file.get_ref(), format)?;
            let mut rows: HashMap<String, Vec<(u64, csv::StringRecord)>> = HashMap::new();
            let on = format!("{{{on}}}");
            for (line, values) in sheet.rows(&mut part.problems)? {
                let row = Row { headers: &sheet.headers, values: &values };
                let document = row.fill(&on).map_err(unreadable)?;
                rows.entry(document).or_default().push((line, values));
            }
            part.rows =
                Some(rows.into_iter().map(|(on, rows)| (on, (rows.into(), false))).collect());
            (part.is, part.digest, part.sheet) = (is, digest(&sheet.text), Some(sheet));
        }
        Ok(part)
    }

    /// The rows of the second file that belong to this row of the first: `None` when there is no
    /// second file.
    fn claim(&mut self, row: &Row<'_>) -> Option<Rows> {
        let document = row.fill(&self.is).unwrap_or_default();
        let rows = self.rows.as_mut()?;
        let found = rows.get_mut(&document).filter(|_| !document.is_empty());
        Some(found.map_or_else(
            || Rows::from(Vec::new()),
            |(rows, claimed)| {
                *claimed = true;
                rows.clone()
            },
        ))
    }

    /// Lines that no document has.
    fn orphans(&self) -> Vec<RowProblem> {
        let (Some(sheet), Some(rows), Some(on)) = (&self.sheet, &self.rows, &self.import.on) else {
            return Vec::new();
        };
        let left = rows.iter().filter(|(_, (_, claimed))| !claimed);
        let wanted = |values: &csv::StringRecord| {
            let row = Row { headers: &sheet.headers, values };
            row_wanted(self.import.only_with.as_ref(), &row).unwrap_or(true)
        };
        left.flat_map(|(document, (rows, _))| rows.iter().map(move |row| (document, row)))
            .filter(|(_, (_, values))| wanted(values))
            .map(|(document, (line, _))| {
                sheet.problem(*line, on, format!("there is no document {document:?} for this line"))
            })
            .collect()
    }

    /// Adds lines to a document.
    fn add(
        &self,
        rows: &[(u64, csv::StringRecord)],
        own: &Sheet,
        planned: &mut Planned,
        problems: &mut Vec<RowProblem>,
    ) {
        let sheet = self.sheet.as_ref().unwrap_or(own);
        let lines = planned.fields.entry(self.field).or_insert_with(|| Json::Array(Vec::new()));
        let places = planned.lines.entry(self.field.to_owned()).or_default();
        for (line, values) in rows {
            let row = Row { headers: &sheet.headers, values };
            match row_wanted(self.import.only_with.as_ref(), &row) {
                Ok(true) => {}
                Ok(false) => continue,
                Err(message) => {
                    problems.push(sheet.problem(*line, "only_with", message));
                    continue;
                }
            }
            let mut wrong = |field: &str, message| {
                problems.push(sheet.problem(*line, field, message));
            };
            let fields = fields_of(&self.import.fields, self.child, self.format, &row, &mut wrong);
            if let Json::Array(lines) = lines {
                lines.push(Json::Object(fields));
                places.push((sheet.file.clone(), *line));
            }
        }
    }
}

fn fields_of(
    cells: &BTreeMap<Name, Cell>,
    model: &Model,
    format: &Format,
    row: &Row<'_>,
    wrong: &mut impl FnMut(&str, String),
) -> Map<String, Json> {
    let mut fields = Map::new();
    for (name, cell) in cells {
        let name = name.get_ref();
        match row.text(cell) {
            Ok(text) if text.is_empty() => {}
            Ok(text) => {
                let kind = model.field(name).map_or(&Kind::Text, |field| &field.kind);
                fields.insert(name.clone(), format.value(text, kind));
            }
            Err(message) => wrong(name, message),
        }
    }
    fields
}

fn row_wanted(only_with: Option<&Cell>, row: &Row<'_>) -> std::result::Result<bool, String> {
    only_with.map_or(Ok(true), |cell| row.text(cell).map(|text| !text.is_empty()))
}

/// FNV-1a: tells whether a file is the one that was begun, not whether somebody forged it.
fn digest(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
