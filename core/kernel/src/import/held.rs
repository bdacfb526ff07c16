//! The import of a file that somebody has sent: its columns and what they may mean, a trial that leaves
//! nothing behind, the run by jobs with his own rights, and how far it has come. The file is an attachment
//! of his; whoever may not open it knows nothing of its import.
//! INVARIANT: a slice of rows, the count of it and the word for the next slice are one transaction, so an
//! import that is cut off goes on where it was, and a repeat finds the records by their keys.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use fondaco_schema::{Field, Kind, Model, Schema};
use fondaco_values::{AnyId, Id, Problem, limits};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::mapping::Mapping;
use super::source::{self, Planned, Source};
use super::write::{self, Done, How, Pass};
use super::{Files, Report, RowProblem, check, unreadable};
use crate::ctx::Scopes;
use crate::error::{Error, Result, refuse_if_any};
use crate::permissions::{self, Right};
use crate::shared::Company;
use crate::{Ctx, Kernel, Tx, identity, jobs, marks, timeline};

/// The name of the job.
pub const JOB: &str = "import";
/// The name that a mapping has for the file.
pub const FILE: &str = "file.csv";
/// Rows that a trial looks at: others wait for it.
pub const TRIED_MAX: usize = 2_000;
/// Problems that are kept with their words; of more it is known in which lines they are.
const TOLD_MAX: usize = 500;
/// Rows that are shown of a file.
const SHOWN: usize = 5;

/// A file as it was sent.
#[derive(Clone, Debug, Serialize)]
pub struct Sheet {
    pub name: String,
    pub separator: char,
    pub headings: Vec<String>,
    pub rows: usize,
    /// The first of them.
    pub first: Vec<Vec<String>>,
}

/// How far an import has come, and what came of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Progress {
    pub model: String,
    mapping: String,
    user: AnyId,
    pub steps: usize,
    pub total: usize,
    pub created: usize,
    pub updated: usize,
    pub unchanged: usize,
    /// Lines that were not taken.
    pub refused: Vec<u64>,
    pub problems: Vec<RowProblem>,
    /// Why it does not go on, where it does not.
    pub stopped: Option<String>,
}

impl Progress {
    pub fn is_done(&self) -> bool {
        self.stopped.is_some() || self.steps >= self.total
    }

    fn note(&mut self, problems: Vec<RowProblem>) {
        self.refused.extend(problems.iter().map(|problem| problem.line));
        self.refused.sort_unstable();
        self.refused.dedup();
        let room = TOLD_MAX.saturating_sub(self.problems.len());
        self.problems.extend(problems.into_iter().take(room));
    }
}

/// The file that an import is of.
///
/// # Errors
/// `NotFound` for everybody but its owner; a problem when it is no table.
pub async fn sheet(tx: &mut Tx, file: AnyId) -> Result<Sheet> {
    let (name, files) = held(tx, file).await?;
    let Files::Held(contents) = &files else { return Err(Error::not_found("attachment", file)) };
    let head = contents.get(FILE).map(|content| content.as_slice()).unwrap_or_default();
    let separator = separator(head);
    let format = super::format::Format { separator, ..super::format::Format::default() };
    let sheet = source::open(&files, FILE, &format)?;
    let mut problems = Vec::new();
    let rows = sheet.rows(&mut problems)?;
    let cells = |row: &csv::StringRecord| row.iter().map(str::to_owned).collect();
    Ok(Sheet {
        name,
        separator,
        headings: sheet.headers.iter().map(|head| head.trim().to_owned()).collect(),
        rows: rows.len() + problems.len(),
        first: rows.iter().take(SHOWN).map(|(_, row)| cells(row)).collect(),
    })
}

/// What stands most often in the heading.
fn separator(content: &[u8]) -> char {
    let heading = content.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let count =
        |separator: &char| heading.iter().filter(|byte| char::from(**byte) == *separator).count();
    [',', ';', '\t'].into_iter().rev().max_by_key(count).unwrap_or(',')
}

async fn held(tx: &mut Tx, file: AnyId) -> Result<(String, Files)> {
    let (attachment, content) = timeline::open(tx, file).await?;
    let own = tx.ctx().actor().user();
    if attachment.created_by.is_none() || attachment.created_by != own {
        return Err(Error::not_found("attachment", file));
    }
    let held = BTreeMap::from([(FILE.to_owned(), Arc::new(content))]);
    Ok((attachment.name, Files::Held(held)))
}

/// Which column means what, as people choose it; a mapping follows from it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Choice {
    pub model: String,
    /// The column by which a record is known again; none: all chosen columns together.
    pub key: Option<String>,
    /// Column by field.
    pub columns: BTreeMap<String, String>,
    pub separator: Option<char>,
    /// Before the decimals of a number.
    pub decimal: Option<char>,
    /// How days are written, such as `%d.%m.%Y`.
    pub date: Option<String>,
}

/// The fields that a file may fill.
pub fn fields<'m>(
    ctx: &'m Ctx,
    schema: &'m Schema,
    model: &'m Model,
) -> impl Iterator<Item = &'m Field> {
    model.fields.values().filter(move |field| {
        let fixed = field.system || field.readonly || field.compute.is_some();
        let whole = matches!(field.kind, Kind::Lines { .. } | Kind::File | Kind::Json);
        !fixed && !whole && permissions::may_write_field(ctx, schema, field)
    })
}

/// What the headings of a file may mean: fields of the same name or label, and the column that tells
/// records apart.
pub fn proposed<'f>(
    model: &Model,
    fields: impl Iterator<Item = (&'f Field, String)>,
    sheet: &Sheet,
) -> Choice {
    let plain = |text: &str| -> String {
        text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
    };
    let mut columns = BTreeMap::new();
    for (field, label) in fields {
        let names = [plain(&field.name), plain(&field.label), plain(&label)];
        let taken = |heading: &String| columns.values().any(|own| own == heading);
        let alike = |heading: &&String| names.contains(&plain(heading)) && !taken(heading);
        if let Some(heading) = sheet.headings.iter().find(alike).cloned() {
            columns.insert(field.name.clone(), heading);
        }
    }
    let keys = ["externalid", "key", "id", "code", "number", "no", "nr"];
    let key = keys.iter().find_map(|key| sheet.headings.iter().find(|own| plain(own) == *key));
    let title = || columns.get(&model.title);
    Choice {
        model: model.name.clone(),
        key: key.or_else(title).cloned(),
        columns,
        separator: Some(sheet.separator),
        ..Choice::default()
    }
}

impl Choice {
    /// As the command line takes it.
    pub fn mapping(&self) -> String {
        let text = |text: &str| Json::from(text).to_string();
        let column = |name: &str| text(&format!("{{{name}}}"));
        let key = match &self.key {
            Some(key) => format!("{}/{{{key}}}", self.model),
            None => {
                let all = self.columns.values().map(|name| format!("{{{name}}}"));
                format!("{}/{}", self.model, all.collect::<Vec<_>>().join("|"))
            }
        };
        let mut lines = vec![
            "[[import]]".to_owned(),
            format!("model = {}", text(&self.model)),
            format!("file = {}", text(FILE)),
            format!("key = {}", text(&key)),
            "[import.fields]".to_owned(),
        ];
        lines
            .extend(self.columns.iter().map(|(field, name)| format!("{field} = {}", column(name))));
        lines.push("[format]".to_owned());
        lines.push("names = true".to_owned());
        let signs = [("separator", self.separator), ("decimal", self.decimal)];
        for (name, sign) in signs {
            lines.extend(sign.map(|sign| format!("{name} = {}", text(&sign.to_string()))));
        }
        lines.extend(self.date.iter().map(|date| format!("date = {}", text(date))));
        lines.join("\n") + "\n"
    }

    fn read(&self) -> Result<Mapping> {
        let mut problems = Vec::new();
        let odd = |name: &&String| name.contains(['{', '}']);
        for name in self.columns.values().chain(&self.key).filter(odd) {
            let message = format!("The column {name:?} has braces in its name: give it another.");
            problems.push(Problem::new("columns", "unreadable", message));
        }
        if self.columns.is_empty() {
            let message = "Choose a column for one field at least.";
            problems.push(Problem::new("columns", "required", message));
        }
        refuse_if_any(problems)?;
        Mapping::parse("mapping", self.mapping())
    }
}

/// What an import would come to, tried in a transaction that leaves nothing behind; of a long file the
/// first rows.
///
/// # Errors
/// `Forbidden` for whoever may not create such records; problems with the file or the choice.
pub async fn tried(kernel: &Kernel, ctx: &Ctx, (file, choice): (AnyId, Choice)) -> Result<Report> {
    let slot: Arc<Mutex<Option<Report>>> = Arc::default();
    let told = slot.clone();
    let run = kernel.run(ctx, move |tx| {
        let (choice, told) = (choice.clone(), told.clone());
        Box::pin(async move {
            let report = attempt(tx, file, &choice).await?;
            *told.lock().unwrap_or_else(PoisonError::into_inner) = Some(report);
            // Whatever was made is taken back with it.
            Err::<(), Error>(Error::Conflict { code: TRIED, message: String::new() })
        })
    });
    match run.await {
        Err(Error::Conflict { code: TRIED, .. }) => {}
        Err(error) => return Err(error),
        Ok(()) => {}
    }
    let report = slot.lock().unwrap_or_else(PoisonError::into_inner).take();
    report.ok_or_else(|| Error::internal("a trial ended without a report"))
}

const TRIED: &str = "tried";

async fn attempt(tx: &mut Tx, file: AnyId, choice: &Choice) -> Result<Report> {
    let planned = planned(tx, file, choice).await?;
    let Prepared { model, mut source, names } = match planned {
        Ok(prepared) => prepared,
        Err(faults) => return Ok(Report { files: Vec::new(), problems: faults }),
    };
    source.rows.truncate(TRIED_MAX);
    let mut done = Done::default();
    for (pass, rows) in passes(&source.rows) {
        for slice in rows.chunks(limits::IMPORT_SLICE_ROWS) {
            done.add(write::slice(tx, &model, slice, How { pass, names }).await?);
        }
    }
    let mut problems = std::mem::take(&mut source.problems);
    problems.append(&mut done.problems);
    problems.sort_by_key(|problem| problem.line);
    let (model, file) = (model.name.clone(), FILE.to_owned());
    let report = super::FileReport { model, file, resumed: 0, done };
    Ok(Report { files: vec![report], problems })
}

/// A file and a choice that go together.
struct Prepared {
    model: Arc<Model>,
    source: Source,
    names: bool,
}

async fn planned(
    tx: &mut Tx,
    file: AnyId,
    choice: &Choice,
) -> Result<std::result::Result<Prepared, Vec<RowProblem>>> {
    let (_, files) = held(tx, file).await?;
    let schema = tx.schema().clone();
    let model = schema.model(&choice.model).filter(|model| !model.is_line()).cloned();
    let model = model.ok_or_else(|| Error::not_found("model", &choice.model))?;
    permissions::require(tx.ctx(), &model, Right::Create)?;
    let mapping = choice.read()?;
    let faults = check::faults(&mapping, &schema, &files);
    if !faults.is_empty() {
        return Ok(Err(faults));
    }
    let import = mapping.imports.first();
    let import = import.ok_or_else(|| unreadable("nothing is to be imported".to_owned()))?;
    let source = Source::read(import, &schema, &mapping.format, &files)?;
    Ok(Ok(Prepared { model, source, names: mapping.format.names }))
}

/// First the records, then their links to each other.
fn passes(rows: &[Planned]) -> [(Pass, Vec<Planned>); 2] {
    let linked = rows.iter().filter(|row| !row.later.is_empty()).cloned().collect();
    [(Pass::Records, rows.to_vec()), (Pass::Links, linked)]
}

/// Begins the import of a file, or begins it anew.
///
/// # Errors
/// `Forbidden` for whoever may not create such records; problems with the file or the choice; `Conflict`
/// while it is under way.
pub async fn begin(tx: &mut Tx, file: AnyId, choice: &Choice) -> Result<()> {
    let user = tx.ctx().actor().user().ok_or_else(|| Error::Forbidden {
        what: "import a file".to_owned(),
        missing: "only a user may".to_owned(),
    })?;
    if progress(tx, file).await?.is_some_and(|before| !before.is_done()) {
        let message = "This file is being imported; wait until that is done.".to_owned();
        return Err(Error::Conflict { code: "under_way", message });
    }
    let Prepared { model, source, .. } = planned(tx, file, choice).await?.map_err(|faults| {
        let one = |fault: RowProblem| Problem::new(fault.field, "mapping", fault.message);
        Error::Invalid(faults.into_iter().map(one).collect())
    })?;
    let linked = source.rows.iter().filter(|row| !row.later.is_empty()).count();
    let mut begun = Progress {
        model: model.name.clone(),
        mapping: serde_json::to_string(choice).unwrap_or_default(),
        user: user.any(),
        steps: 0,
        total: source.rows.len() + linked,
        created: 0,
        updated: 0,
        unchanged: 0,
        refused: Vec::new(),
        problems: Vec::new(),
        stopped: None,
    };
    begun.note(source.problems);
    keep(tx, file, &begun).await?;
    jobs::enqueue(tx, JOB, json!({ "file": file }), tx.now()).await.map(drop)
}

/// How far the import of a file has come; `None` before it was begun.
///
/// # Errors
/// `NotFound` for everybody but the owner of the file.
pub async fn progress(tx: &mut Tx, file: AnyId) -> Result<Option<Progress>> {
    held(tx, file).await?;
    kept(tx, file).await
}

/// The lines of the file that were not taken, below its heading: to be mended and sent again.
///
/// # Errors
/// As [`progress`].
pub async fn refused(tx: &mut Tx, file: AnyId) -> Result<Vec<u8>> {
    let found = progress(tx, file).await?.ok_or_else(|| Error::not_found("import", file))?;
    let (_, files) = held(tx, file).await?;
    let choice: Choice = serde_json::from_str(&found.mapping).unwrap_or_default();
    let separator = choice.separator.unwrap_or(',');
    let format = super::format::Format { separator, ..super::format::Format::default() };
    let sheet = source::open(&files, FILE, &format)?;
    let rows = sheet.rows_of(&found.refused)?;
    let mut out = csv::WriterBuilder::new();
    out.flexible(true).delimiter(u8::try_from(separator).unwrap_or(b','));
    let mut out = out.from_writer(Vec::new());
    let wrong = |error: csv::Error| Error::internal(format!("refused lines: {error}"));
    out.write_record(&sheet.headers).map_err(wrong)?;
    for row in &rows {
        out.write_record(row).map_err(wrong)?;
    }
    out.into_inner().map_err(|error| Error::internal(format!("refused lines: {error}")))
}

fn place(file: AnyId) -> String {
    format!("held_import:{file}")
}

async fn kept(tx: &mut Tx, file: AnyId) -> Result<Option<Progress>> {
    let text = marks::get(tx, &place(file)).await?;
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
}

async fn keep(tx: &mut Tx, file: AnyId, progress: &Progress) -> Result<()> {
    let text = serde_json::to_string(progress).unwrap_or_default();
    marks::put(tx, &place(file), &text).await
}

/// The job: the next slice, as the one who began it and with what he may by now.
///
/// # Errors
/// When the database fails; the job is then tried again.
pub(crate) async fn step(tx: &mut Tx, payload: &Json) -> Result<()> {
    let file = payload["file"].as_str().and_then(|id| id.parse().ok());
    let file: AnyId = file.ok_or_else(|| Error::internal("an import without a file"))?;
    let Some(mut found) = kept(tx, file).await?.filter(|found| !found.is_done()) else {
        return Ok(());
    };
    let company: Id<Company> = tx.ctx().company();
    let ctx = identity::ctx_of(tx, found.user.cast(), Some(company), Scopes::All).await?;
    let Some(ctx) = ctx else {
        found.stopped = Some("The user is switched off, or works elsewhere now.".to_owned());
        return keep(tx, file, &found).await;
    };
    let service = std::mem::replace(&mut tx.ctx, ctx);
    let registry = tx.shared().registry();
    tx.adopt(registry);
    let outcome = slice(tx, file, &mut found).await;
    tx.ctx = service;
    match outcome {
        Ok(()) => {}
        Err(error @ (Error::Invalid(_) | Error::Forbidden { .. } | Error::NotFound { .. })) => {
            found.stopped = Some(error.public());
        }
        Err(error) => return Err(error),
    }
    keep(tx, file, &found).await?;
    if !found.is_done() {
        jobs::enqueue(tx, JOB, payload.clone(), tx.now()).await?;
    }
    Ok(())
}

async fn slice(tx: &mut Tx, file: AnyId, found: &mut Progress) -> Result<()> {
    let choice: Choice = serde_json::from_str(&found.mapping)
        .map_err(|error| Error::internal(format!("an import: {error}")))?;
    let Prepared { model, source, names } =
        planned(tx, file, &choice).await?.map_err(|faults| {
            let one = |fault: RowProblem| Problem::new(fault.field, "mapping", fault.message);
            Error::Invalid(faults.into_iter().map(one).collect())
        })?;
    let [records, links] = passes(&source.rows);
    let before = records.1.len();
    let (pass, rows) = match found.steps < before {
        true => (Pass::Records, &records.1[found.steps..]),
        false => (Pass::Links, &links.1[(found.steps - before).min(links.1.len())..]),
    };
    let rows = &rows[..rows.len().min(limits::IMPORT_SLICE_ROWS)];
    if rows.is_empty() {
        found.steps = found.total;
        return Ok(());
    }
    let done = write::slice(tx, &model, rows, How { pass, names }).await?;
    found.steps += rows.len();
    found.created += done.created;
    found.updated += done.updated;
    found.unchanged += done.unchanged;
    found.note(done.problems);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_separator_is_found() {
        for (heading, found) in
            [("a,b;c,d\n1;2;3;4", ','), ("a;b;c", ';'), ("a\tb\tc", '\t'), ("name", ','), ("", ',')]
        {
            assert_eq!(separator(heading.as_bytes()), found, "{heading}");
        }
    }

    #[test]
    fn a_choice_is_a_mapping_of_the_command_line() {
        let choice = Choice {
            model: "party".to_owned(),
            key: Some("No \"1\"".to_owned()),
            columns: BTreeMap::from([("name".to_owned(), "Company name".to_owned())]),
            separator: Some(';'),
            decimal: Some(','),
            date: Some("%d.%m.%Y".to_owned()),
        };
        let mapping = choice.read().unwrap();
        assert_eq!(mapping.imports[0].model.get_ref(), "party");
        assert_eq!((mapping.format.separator, mapping.format.decimal), (';', ','));
        assert!(mapping.format.names);
        let none = Choice { columns: BTreeMap::new(), ..choice.clone() };
        assert!(none.read().is_err());
        let braces = BTreeMap::from([("name".to_owned(), "{x}".to_owned())]);
        assert!(Choice { columns: braces, ..choice }.read().is_err());
    }
}
