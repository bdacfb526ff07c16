//! What a planner reads: the rows, the records that fall into its days, of lines their documents, who
//! works when, and which records the reader could move. Each is one look for all rows.

use std::collections::{HashMap, HashSet};

use fondaco_kernel::permissions::{Right, may_read_field};
use fondaco_kernel::record::Rec;
use fondaco_kernel::records::{self, Page as Rows, Query, Select};
use fondaco_kernel::shared::Calendar;
use fondaco_kernel::values::{AnyId, Date, Id, limits};
use fondaco_kernel::{Error, Tx, calendars, offers};

use super::Planner;
use crate::App;
use crate::pages::ask::{self, Ask};

/// Rows of a page.
const ROWS: usize = 60;

/// Everything that is asked for, to be asked again should the transaction be.
#[derive(Clone)]
struct Question {
    model: String,
    document: String,
    /// The link of lines to their document.
    by: Option<String>,
    of_rows: (String, Query),
    rows: String,
    calendar: Option<String>,
    /// All conditions but that of the rows.
    filter: String,
    /// Also what stands in no row.
    unassigned: bool,
    start: String,
    names: Vec<String>,
    of_document: Vec<String>,
    action: Option<String>,
}

/// What was found.
pub(super) struct Read {
    pub(super) rows: Rows,
    pub(super) bars: Vec<Rec>,
    /// There are more of them than were read.
    pub(super) more: bool,
    /// Of lines.
    pub(super) documents: HashMap<AnyId, Rec>,
    /// The company's own.
    pub(super) usual: Option<Calendar>,
    pub(super) calendars: HashMap<AnyId, Calendar>,
    /// The documents that could be moved.
    pub(super) movable: HashSet<AnyId>,
}

impl Planner<'_> {
    pub(super) async fn read(&self, app: &App) -> Result<Read, Error> {
        let question = self.question();
        let work = app.kernel.read(&self.visitor.ctx, move |tx| {
            let question = question.clone();
            Box::pin(async move { found(tx, &question).await })
        });
        work.await
    }

    fn question(&self) -> Question {
        let mut of_rows = vec![self.row_model.title.clone()];
        of_rows.extend(self.capacity.iter().chain(&self.calendar).cloned());
        of_rows.retain(|name| self.row_model.field(name).is_some());
        let by = self.model.owner.as_ref().map(|owner| owner.by.clone());
        let mut names = vec![self.start.name.clone(), self.rows.name.clone()];
        let own = [&self.end, &self.title, &self.load].into_iter().flatten();
        names.extend(own.map(|field| field.name.clone()));
        names.extend([self.model.title.clone(), "state".to_owned()]);
        names.extend(by.clone());
        names.retain(|name| self.is_readable(name));
        names.sort();
        names.dedup();
        Question {
            model: self.model.name.clone(),
            document: self.document.name.clone(),
            by,
            of_rows: (
                self.row_model.name.clone(),
                Query {
                    filter: self.view("among"),
                    search: Some(self.words.clone()).filter(|words| !words.is_empty()),
                    sort: ask::order(&self.row_model, &Ask::default()),
                    limit: Some(ROWS),
                    after: self.after.clone(),
                    show: Select { fields: of_rows, expand: Vec::new() },
                    ..Query::default()
                },
            ),
            rows: self.rows.name.clone(),
            calendar: self.calendar.clone(),
            filter: self.condition(),
            unassigned: !self.rows.required && self.after.is_none() && self.words.is_empty(),
            start: self.start.name.clone(),
            names,
            of_document: self.of_document(),
            action: self.action.as_ref().map(|action| action.name.clone()),
        }
    }

    /// What a bar says of the document of its line.
    fn of_document(&self) -> Vec<String> {
        let mut names = vec![self.document.title.clone(), "state".to_owned()];
        names.retain(|name| {
            let field = self.document.field(name);
            field.is_some_and(|field| {
                may_read_field(&self.visitor.ctx, self.visitor.schema(), field)
            })
        });
        names.dedup();
        names
    }

    /// The records of the days that are shown, as far as the view wants them.
    fn condition(&self) -> String {
        let (from, until): (Date, Date) = (self.window.from, self.window.until);
        let start = &self.start.name;
        let days = match self.end.as_ref().map(|end| &end.name) {
            Some(end) => format!(
                "{start} <= date(\"{until}\") && ({end} >= date(\"{from}\") || {start} >= date(\"{from}\"))"
            ),
            None => format!("{start} >= date(\"{from}\") && {start} <= date(\"{until}\")"),
        };
        match self.view("filter") {
            Some(own) => format!("({own}) && {days}"),
            None => days,
        }
    }
}

async fn found(tx: &mut Tx, asked: &Question) -> Result<Read, Error> {
    let usual = match calendars::of_company(tx).await {
        Ok(calendar) => Some(calendar),
        // A company without one works every day.
        Err(Error::Invalid(_)) => None,
        Err(error) => return Err(error),
    };
    let rows = records::list(tx, &asked.of_rows.0, &asked.of_rows.1).await?;
    let mut calendars = HashMap::new();
    if let Some(field) = &asked.calendar {
        let mut ids: Vec<Id<Calendar>> = rows.rows.iter().filter_map(|r| r.link(field)).collect();
        ids.sort_unstable();
        ids.dedup();
        let own = calendars::of_ids(tx, &ids).await?;
        calendars.extend(own.into_iter().map(|calendar| (calendar.id.any(), calendar)));
    }
    let bars = bars(tx, asked, &rows.rows).await?;
    let documents = documents(tx, asked, &bars.rows).await?;
    let ids: Vec<AnyId> = match &asked.by {
        Some(_) => documents.keys().copied().collect(),
        None => bars.rows.iter().map(|rec| rec.id).collect(),
    };
    let right = asked.action.as_deref().map_or(Right::Write, Right::Act);
    let movable = offers::possible(tx, &asked.document, &ids, right).await?;
    let more = bars.next.is_some();
    Ok(Read { rows, bars: bars.rows, more, documents, usual, calendars, movable })
}

async fn bars(tx: &mut Tx, asked: &Question, rows: &[Rec]) -> Result<Rows, Error> {
    let ids: Vec<String> = rows.iter().map(|rec| rec.id.to_string()).collect();
    let mut places = Vec::new();
    if !ids.is_empty() {
        places.push(format!("{} in [{}]", asked.rows, ids.join(", ")));
    }
    if asked.unassigned {
        places.push(format!("{} == null", asked.rows));
    }
    if places.is_empty() {
        return Ok(Rows { rows: Vec::new(), next: None, count: None });
    }
    let query = Query {
        filter: Some(format!("({}) && {}", places.join(" || "), asked.filter)),
        sort: vec![asked.start.clone(), "id".to_owned()],
        limit: Some(limits::PAGE_SIZE_MAX),
        show: Select { fields: asked.names.clone(), expand: Vec::new() },
        ..Query::default()
    };
    records::list(tx, &asked.model, &query).await
}

/// The documents of lines: their names, states and versions.
async fn documents(
    tx: &mut Tx,
    asked: &Question,
    bars: &[Rec],
) -> Result<HashMap<AnyId, Rec>, Error> {
    let Some(by) = &asked.by else { return Ok(HashMap::new()) };
    let ids: HashSet<AnyId> =
        bars.iter().filter_map(|rec| rec.link::<()>(by)).map(Id::any).collect();
    let ids: Vec<AnyId> = ids.into_iter().collect();
    let select = Select { fields: asked.of_document.clone(), expand: Vec::new() };
    let recs = records::get_many(tx, &asked.document, &ids, &select).await?;
    Ok(recs.into_iter().map(|rec| (rec.id, rec)).collect())
}
