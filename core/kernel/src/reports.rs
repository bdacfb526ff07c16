//! Reports by name, for whoever may run them: the rows of one, of two periods side by side, and what
//! the records in them are called. What stands in the rows is the module's business; its question
//! passes the caller's row rules where it asks `records`.
//! Read on: `compare` (two periods).

mod compare;

use std::collections::{BTreeMap, BTreeSet};

use fondaco_schema::{Column, Comparison, Opens, Report, Rows};
use fondaco_values::{AnyId, Date, Value, limits};

use crate::error::{Error, Result};
use crate::module::{Args, Table};
use crate::records::{self, Query, Select};
use crate::shared::Company;
use crate::tx::Tx;
use crate::{model, permissions, store};

pub use compare::{Against, year_start};

/// Names that are asked for in one statement.
const NAMES_AT_ONCE: usize = 500;

/// What one wants to know.
#[derive(Clone, Debug, Default)]
pub struct Question {
    pub report: String,
    /// Parameters as texts; an absent one takes its default.
    pub given: Vec<(String, String)>,
    /// The period that it is held against.
    pub against: Option<Against>,
}

/// A report with all that one needs to show it.
#[derive(Clone, Debug)]
pub struct Answer {
    pub report: Report,
    pub params: Args,
    /// The same of the period that it is held against.
    pub before: Option<Args>,
    pub columns: Vec<Shown>,
    pub table: Table,
    /// What the records in it are called, as far as the caller may see them.
    pub names: Names,
}

/// Model and id of a record, and its name.
pub type Names = BTreeMap<(String, AnyId), String>;

/// A column as it is answered.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Shown {
    #[serde(flatten)]
    pub column: Column,
    #[serde(skip_serializing_if = "Part::is_now")]
    pub part: Part,
}

/// Which period a column is of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    #[default]
    Now,
    Before,
    /// Now less before.
    Change,
}

impl Part {
    fn is_now(&self) -> bool {
        *self == Part::Now
    }
}

/// Rows of a report that is made of records.
const ROWS_MAX: usize = 10_000;

/// Runs a report with its parameters as texts (an absent one takes its default).
///
/// # Errors
/// `NotFound` for a report that does not exist or that the caller may not run; every problem with
/// the parameters.
pub async fn run(tx: &mut Tx, name: &str, given: &[(String, String)]) -> Result<Table> {
    declared(tx, name)?;
    let params = params(tx, name, given).await?;
    rows(tx, name, params).await
}

/// The same with the names of its records, held against another period where that is asked for.
///
/// # Errors
/// As [`run`]; and for a report that cannot be compared.
pub async fn answer(tx: &mut Tx, question: &Question) -> Result<Answer> {
    let report = declared(tx, &question.report)?;
    let mut params = params(tx, &report.name, &question.given).await?;
    if let Some(comparison) = &report.compare
        && question.against.is_some()
    {
        params = dated(tx, comparison, params).await?;
    }
    let now = rows(tx, &report.name, params.clone()).await?;
    let plain = |column: &Column| Shown { column: column.clone(), part: Part::Now };
    let (columns, table, before) = match question.against {
        None => (report.columns.iter().map(plain).collect(), now, None),
        Some(against) => {
            let comparison = report.compare.as_ref().ok_or_else(|| {
                let message = "This report says nothing about periods.";
                Error::problem("against", "not_comparable", message)
            })?;
            let before = compare::moved(against, comparison, &params)?;
            let then = rows(tx, &report.name, before.clone()).await?;
            let (columns, table) = compare::side_by_side(&report, comparison, now, then);
            (columns, table, Some(before))
        }
    };
    let names = names(tx, &columns, &table).await?;
    Ok(Answer { report, params, before, columns, table, names })
}

/// The days that a comparison is about, for a page to begin with: today, or from the first day of
/// the fiscal year to today.
pub async fn usual_days(tx: &mut Tx, comparison: &Comparison) -> Result<Vec<(String, Date)>> {
    let today = tx.today();
    Ok(match comparison.dates.as_slice() {
        [from, to] => {
            let company = tx.ctx().company();
            let first = store::get::<Company>(tx, company).await?.fiscal_year_start;
            vec![(from.clone(), compare::year_start(today, first)), (to.clone(), today)]
        }
        days => days.iter().map(|day| (day.clone(), today)).collect(),
    })
}

/// With the usual days where none are given.
async fn dated(tx: &mut Tx, comparison: &Comparison, mut params: Args) -> Result<Args> {
    for (name, day) in usual_days(tx, comparison).await? {
        if params.date(&name).is_none() {
            params = params.with(&name, day);
        }
    }
    Ok(params)
}

fn declared(tx: &Tx, name: &str) -> Result<Report> {
    let declared = tx.schema().reports.get(name);
    let declared = declared.filter(|report| permissions::may_run_report(tx.ctx(), report));
    declared.cloned().ok_or_else(|| Error::not_found("report", name))
}

async fn params(tx: &mut Tx, name: &str, given: &[(String, String)]) -> Result<Args> {
    let registry = tx.registry().clone();
    let meta = registry.catalog.params(name)?;
    let texts = given.iter().map(|(name, text)| (name.as_str(), text.as_str()));
    model::arguments(tx, model::from_text(meta, texts)?).await
}

async fn rows(tx: &mut Tx, name: &str, params: Args) -> Result<Table> {
    let registry = tx.registry().clone();
    let declared = registry.schema.reports.get(name);
    if let Some((report, rows)) = declared.and_then(|report| Some((report, report.rows.as_ref()?)))
    {
        return records_of(tx, report, rows).await;
    }
    let rows = registry.report(name).ok_or_else(|| Error::not_found("report", name))?;
    rows(tx, params).await
}

/// What the links in a table lead to, one statement for each model.
async fn names(tx: &mut Tx, columns: &[Shown], table: &Table) -> Result<Names> {
    let mut wanted: BTreeMap<String, BTreeSet<AnyId>> = BTreeMap::new();
    for row in table.rows.iter().chain([&table.totals]) {
        for (shown, value) in columns.iter().zip(row) {
            if let (Some(target), Some(id)) = (shown.column.kind.target(), value.as_link())
                && !matches!(shown.column.opens, Some(Opens::Entry(_)))
                && !shown.column.hidden
            {
                wanted.entry(target.to_owned()).or_default().insert(id);
            }
        }
    }
    named(tx, wanted).await
}

/// The names of records that the caller may see.
///
/// # Errors
/// Of the database.
pub async fn named(tx: &mut Tx, wanted: BTreeMap<String, BTreeSet<AnyId>>) -> Result<Names> {
    let mut names = Names::new();
    for (model, ids) in wanted {
        let schema = tx.schema().clone();
        let Some(found) = schema.model(&model) else { continue };
        let title = found.field(&found.title);
        if !title.is_some_and(|title| permissions::may_read_field(tx.ctx(), &schema, title)) {
            continue;
        }
        let select = Select { fields: vec![found.title.clone()], expand: Vec::new() };
        let ids: Vec<AnyId> = ids.into_iter().collect();
        for some in ids.chunks(NAMES_AT_ONCE) {
            for rec in records::get_many(tx, &model, some, &select).await? {
                names.insert((model.clone(), rec.id), rec.title());
            }
        }
    }
    Ok(names)
}

/// The cell of a row in a column of a report.
pub fn cell<'r>(report: &Report, row: &'r [Value], column: &str) -> Option<&'r Value> {
    let at = report.columns.iter().position(|own| own.name == column)?;
    row.get(at).filter(|value| !value.is_null())
}

/// The records that a report says are its rows, as far as the caller may see them; a field that he may not
/// read is empty.
async fn records_of(tx: &mut Tx, report: &Report, rows: &Rows) -> Result<Table> {
    let names: Vec<String> = report.columns.iter().map(|column| column.name.clone()).collect();
    let mut query = Query {
        filter: rows.filter.as_ref().map(|filter| filter.source.clone()),
        sort: rows.sort.clone(),
        limit: Some(limits::PAGE_SIZE_MAX),
        show: Select { fields: Vec::new(), expand: Vec::new() },
        ..Query::default()
    };
    let mut table = Table::default();
    while table.rows.len() < ROWS_MAX {
        let page = records::list(tx, &rows.of, &query).await?;
        let row =
            |rec: &crate::record::Rec| names.iter().map(|name| rec.get(name).clone()).collect();
        table.rows.extend(page.rows.iter().map(row));
        query.after = page.next;
        if query.after.is_none() {
            break;
        }
    }
    table.rows.truncate(ROWS_MAX);
    Ok(table)
}
