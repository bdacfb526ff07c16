//! Planned records into the database, a slice in one transaction: all rows at once; when that fails,
//! row by row, to say everything that is wrong with each.
//! Not here: how slices follow each other (`import`).

use std::sync::Arc;

use fondaco_schema::{Model, Schema};
use fondaco_values::{AnyId, Problem, Value};
use serde_json::{Map, Value as Json};

use super::RowProblem;
use super::source::Planned;
use crate::error::{self, Error, Result};
use crate::records::{self, Change, Draft, Select};
use crate::seeds::{Links, NO_SUCH_KEY};
use crate::{Tx, keys};

/// What came of some rows.
#[derive(Debug, Default)]
pub struct Done {
    pub created: usize,
    pub updated: usize,
    /// Records that were as the file says already.
    pub unchanged: usize,
    pub problems: Vec<RowProblem>,
}

impl Done {
    pub fn add(&mut self, other: Done) {
        self.created += other.created;
        self.updated += other.updated;
        self.unchanged += other.unchanged;
        self.problems.extend(other.problems);
    }
}

/// Which part of the rows is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pass {
    /// The records themselves.
    Records,
    /// Their links to each other.
    Links,
}

/// How rows are written.
#[derive(Clone, Copy, Debug)]
pub(super) struct How {
    pub pass: Pass,
    /// Links are found by names, where nobody has the key.
    pub names: bool,
}

/// Writes a slice.
pub(super) async fn slice(
    tx: &mut Tx,
    model: &Arc<Model>,
    rows: &[Planned],
    how: How,
) -> Result<Done> {
    let rows: Vec<Planned> = rows.iter().cloned().map(|row| row.of(how.pass)).collect();
    let (whole, of) = (rows.clone(), model.clone());
    let all = tx.attempt(move |tx| Box::pin(async move { together(tx, &of, whole, how).await }));
    if let Ok(done) = all.await? {
        return Ok(done);
    }
    let mut done = Done::default();
    for row in rows {
        let (one, of) = (row.clone(), model.clone());
        let tried = tx.attempt(move |tx| Box::pin(async move { alone(tx, &of, one, how).await }));
        match tried.await? {
            Ok(written) => done.add(written),
            Err(error) => done.problems.extend(row.told(error)?),
        }
    }
    Ok(done)
}

impl How {
    fn links(self, schema: &Schema) -> Links<'_> {
        let links = Links::new(schema);
        if self.names { links.by_names() } else { links }
    }
}

impl Planned {
    fn of(mut self, pass: Pass) -> Planned {
        if pass == Pass::Links {
            self.fields = std::mem::take(&mut self.later);
        }
        self
    }

    /// The row's problems where they stand, when that is what is wrong; anything else stops the
    /// import.
    fn told(&self, error: Error) -> Result<Vec<RowProblem>> {
        match error {
            Error::Invalid(problems) => Ok(problems.into_iter().map(|p| self.place(p)).collect()),
            Error::Forbidden { .. } | Error::NotFound { .. } | Error::Conflict { .. } => {
                Ok(vec![self.place(Problem::new("", "", error.to_string()))])
            }
            other => Err(other),
        }
    }

    /// A problem of `lines[2].quantity` is one of `quantity` where that line stands.
    fn place(&self, problem: Problem) -> RowProblem {
        let (file, line, field) =
            self.line_of(&problem.field).unwrap_or((&self.file, self.line, &problem.field));
        RowProblem {
            file: file.to_string(),
            line,
            field: field.to_owned(),
            message: problem.message,
        }
    }

    fn line_of<'p>(&'p self, path: &'p str) -> Option<(&'p Arc<str>, u64, &'p str)> {
        let (name, at, field) = split(path)?;
        let (file, line) = self.lines.get(name)?.get(at)?;
        Some((file, *line, field))
    }
}

/// `lines[2].quantity` → `lines`, 2, `quantity`.
fn split(path: &str) -> Option<(&str, usize, &str)> {
    let (name, rest) = path.split_once('[')?;
    let (at, field) = rest.split_once(']')?;
    Some((name, at.parse().ok()?, field.trim_start_matches('.')))
}

async fn together(tx: &mut Tx, model: &Model, rows: Vec<Planned>, how: How) -> Result<Done> {
    let schema = tx.schema().clone();
    let wanted: Vec<String> = rows.iter().map(|row| row.key.clone()).collect();
    let known = keys::find(tx, &model.name, &wanted).await?;
    let mut links = how.links(&schema);
    links.learn(tx, model, rows.iter().map(|row| &row.fields)).await?;
    let (mut new, mut there) = (Vec::new(), Vec::new());
    for mut row in rows {
        let missing = links.resolve(tx, model, &mut row.fields).await?;
        error::refuse_if_any(missing)?;
        match known.get(&row.key) {
            Some(id) => there.push((*id, known_draft(tx, model, row.fields)?)),
            None => new.push((row.key, records::draft_of(tx, &model.name, &row.fields)?)),
        }
    }
    save(tx, model, (new, there), how.pass).await
}

/// One row, with everything that is wrong with it: keys that nobody has, cells that cannot be read,
/// and what the model says of the rest.
async fn alone(tx: &mut Tx, model: &Model, mut row: Planned, how: How) -> Result<Done> {
    let schema = tx.schema().clone();
    let id = keys::find(tx, &model.name, std::slice::from_ref(&row.key)).await?.remove(&row.key);
    let mut links = how.links(&schema);
    let mut problems = links.resolve(tx, model, &mut row.fields).await?;
    let name = &model.name;
    if let Err(error) = records::draft_of(tx, name, &row.fields) {
        let Error::Invalid(unreadable) = error else { return Err(error) };
        problems.extend(unreadable.into_iter().map(|problem| read_as(problem, &mut row.fields)));
    }
    let work = match id {
        Some(id) => (Vec::new(), vec![(id, known_draft(tx, model, row.fields)?)]),
        None => (vec![(row.key, records::draft_of(tx, name, &row.fields)?)], Vec::new()),
    };
    match save(tx, model, work, how.pass).await {
        Ok(done) if problems.is_empty() => Ok(done),
        Ok(_) => Err(Error::Invalid(problems)),
        Err(Error::Invalid(more)) => {
            let new = |problem: &Problem| !problems.iter().any(|told| explains(told, problem));
            let more: Vec<Problem> = more.into_iter().filter(new).collect();
            problems.extend(more);
            Err(Error::Invalid(problems))
        }
        Err(_) if !problems.is_empty() => Err(Error::Invalid(problems)),
        Err(other) => Err(other),
    }
}

/// Whether a problem that was told is why there is the other: the same field; or a link that leads
/// nowhere, without which the rest of its record, or of its line, cannot be judged.
fn explains(told: &Problem, other: &Problem) -> bool {
    let holder =
        |problem: &Problem| split(&problem.field).map(|(lines, at, _)| (lines.to_owned(), at));
    told.field == other.field || (told.code == NO_SUCH_KEY && holder(told) == holder(other))
}

/// Takes a value that cannot be read out of the record and says what it was.
fn read_as(problem: Problem, fields: &mut Map<String, Json>) -> Problem {
    let (holder, name) = match split(&problem.field) {
        Some((lines, at, name)) => {
            let line = fields.get_mut(lines).and_then(|lines| lines.get_mut(at));
            (line.and_then(Json::as_object_mut), name.to_owned())
        }
        None => (Some(fields), problem.field.clone()),
    };
    let value = holder.and_then(|holder| holder.remove(&name));
    match value {
        Some(value) => {
            let message = format!("{} This is {value}.", problem.message);
            Problem { message, ..problem }
        }
        None => problem,
    }
}

/// Lines of a record that is there are left as they are: whoever worked on the document since keeps
/// his work.
fn known_draft(tx: &Tx, model: &Model, mut fields: Map<String, Json>) -> Result<Draft> {
    for (field, ..) in model.lines() {
        fields.remove(&field.name);
    }
    records::draft_of(tx, &model.name, &fields)
}

type Work = (Vec<(String, Draft)>, Vec<(AnyId, Draft)>);

async fn save(tx: &mut Tx, model: &Model, (new, there): Work, pass: Pass) -> Result<Done> {
    // A record that could not be made was told of already.
    let new = if pass == Pass::Links { Vec::new() } else { new };
    let (created, known) = (new.len(), there.len());
    if !new.is_empty() {
        let (keys, drafts): (Vec<String>, Vec<Draft>) = new.into_iter().unzip();
        let ids = records::create(tx, &model.name, drafts).await?;
        let made: Vec<(String, AnyId)> = keys.into_iter().zip(ids).collect();
        keys::put(tx, &model.name, &made).await?;
    }
    let changes = changes(tx, model, there).await?;
    let updated = changes.len();
    if !changes.is_empty() {
        records::update(tx, &model.name, changes).await?;
    }
    // The second pass completes what the first has counted.
    let counted = usize::from(pass == Pass::Records);
    let (updated, unchanged) = (updated * counted, (known - updated) * counted);
    Ok(Done { created, updated, unchanged, problems: Vec::new() })
}

/// The records that are not yet as the file says. A record that is needs no right to be changed.
async fn changes(tx: &mut Tx, model: &Model, there: Vec<(AnyId, Draft)>) -> Result<Vec<Change>> {
    if there.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<AnyId> = there.iter().map(|(id, _)| *id).collect();
    let recs = records::get_many(tx, &model.name, &ids, &Select::default()).await?;
    let differs = |(id, draft): &(AnyId, Draft)| {
        let rec = recs.iter().find(|rec| rec.id == *id);
        rec.is_none_or(|rec| {
            draft.touched().any(|(field, value)| !same(value, rec.get(&field.name)))
        })
    };
    let changes = there.into_iter().filter(differs);
    Ok(changes.map(|(id, draft)| Change { id, version: None, draft }).collect())
}

fn same(wanted: &Value, there: &Value) -> bool {
    match (wanted.as_decimal(), there.as_decimal()) {
        (Some(wanted), Some(there)) => wanted == there,
        _ => wanted == there,
    }
}
