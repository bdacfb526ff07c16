//! The customer's page: what every module knows of a party, its open activities and what happened
//! last, each as far as the caller may see it.
//! Not here: the sections (port `overview` of each module; `opportunity::section` is ours).

use std::collections::HashMap;

use fondaco_kernel::module::missing;
use fondaco_kernel::permissions::{self, Right};
use fondaco_kernel::ports::overview::{Section, SectionRow};
use fondaco_kernel::records::{self, Select};
use fondaco_kernel::shared::{Activity, Party, User};
use fondaco_kernel::store::Filter;
use fondaco_kernel::values::limits::PAGE_SIZE_MAX;
use fondaco_kernel::values::{Date, Id, Timestamp, Value};
use fondaco_kernel::{Args, DocRef, Record, Result, Table, Tx, audit, store};

use crate::{activity, seen};

/// Documents whose history is looked at: the newest.
const TIMELINE_DOCUMENTS_MAX: usize = 12;
/// Events that are shown.
const TIMELINE_MAX: usize = 30;

/// One thing that happened.
struct Happened {
    at: Timestamp,
    who: String,
    what: String,
    document: DocRef,
    title: String,
}

/// A note as it stands on a timeline.
#[derive(Record, Clone, Debug)]
#[record("note")]
pub(crate) struct Said {
    pub(crate) id: Id<Said>,
    pub(crate) model: String,
    pub(crate) record: i64,
    pub(crate) text: String,
    pub(crate) created_at: Timestamp,
    pub(crate) created_by: Option<Id<User>>,
}

pub(crate) async fn report(tx: &mut Tx, args: Args) -> Result<Table> {
    let party = args.link::<Party>("party");
    let party = party.ok_or_else(|| missing("party", "Say of which customer."))?;
    // Who may not see the customer is told that there is none.
    let select = Select { fields: vec!["name".to_owned()], expand: Vec::new() };
    let name = records::get(tx, "party", party.any(), &select).await?.title();
    let sections = sections(tx, party).await?;
    let own = (DocRef::new("party", party), name);
    let documents: HashMap<DocRef, String> = sections
        .iter()
        .flat_map(|section| &section.documents)
        .map(|row| (row.document.clone(), row.title.clone()))
        .chain([own])
        .collect();
    let activities = activities(tx, &documents).await?;
    let timeline = timeline(tx, &documents).await?;
    let today = tx.today();
    let mut rows: Vec<Vec<Value>> = sections.iter().flat_map(of_section).collect();
    rows.extend(activities.iter().map(|one| of_activity(one, today, &documents)));
    rows.extend(timeline.iter().map(of_event));
    Ok(Table { rows, ..Table::default() })
}

/// What the modules know, without what the caller may not see. Figures tell of all documents of a
/// section, so they are shown only to those who see every one of them.
async fn sections(tx: &mut Tx, party: Id<Party>) -> Result<Vec<Section>> {
    let mut sections = Vec::new();
    for provider in tx.ports().overview {
        let schema = tx.schema().clone();
        let model = schema.model(provider.model());
        if !model.is_some_and(|model| permissions::may(tx.ctx(), model, Right::Read)) {
            continue;
        }
        sections.push(provider.section(tx, party).await?);
    }
    let all = sections.iter().flat_map(|section| &section.documents).map(|row| &row.document);
    let all: Vec<DocRef> = all.cloned().collect();
    let seen = seen::titles(tx, &all).await?;
    for section in &mut sections {
        let before = section.documents.len();
        section.documents.retain(|row| seen.contains_key(&row.document));
        if section.documents.len() < before {
            section.figures.clear();
        }
    }
    Ok(sections)
}

/// What is still to be done about the customer and his documents.
async fn activities(tx: &mut Tx, documents: &HashMap<DocRef, String>) -> Result<Vec<Activity>> {
    let ids = documents.keys().map(|document| document.id.raw());
    let open = Filter::new().eq("done", false).is_in("record", ids);
    let found = store::find::<Activity>(tx, open.sort("due").limit(PAGE_SIZE_MAX)).await?;
    let ours = |one: &Activity| activity::about(one).is_some_and(|it| documents.contains_key(&it));
    Ok(found.into_iter().filter(ours).collect())
}

/// What happened last: notes, and deeds on the newest documents.
async fn timeline(tx: &mut Tx, documents: &HashMap<DocRef, String>) -> Result<Vec<Happened>> {
    let mut happened = notes(tx, documents).await?;
    let mut newest: Vec<(&DocRef, &String)> = documents.iter().collect();
    newest.sort_unstable_by_key(|(document, _)| std::cmp::Reverse(document.id));
    newest.truncate(TIMELINE_DOCUMENTS_MAX);
    for (document, title) in newest {
        let limit = i64::try_from(TIMELINE_MAX).unwrap_or(i64::MAX);
        let model = &document.model;
        // Who did what is told, not what was written into which field.
        let changes = audit::of_record(tx, model, document.id, limit, |_| false).await?;
        let deeds = changes.into_iter().filter(|change| change.action != "update");
        happened.extend(deeds.map(|change| Happened {
            at: change.at,
            who: change.actor,
            what: change.action,
            document: document.clone(),
            title: title.clone(),
        }));
    }
    happened.sort_by_key(|one| (std::cmp::Reverse(one.at), one.document.id));
    happened.truncate(TIMELINE_MAX);
    Ok(happened)
}

async fn notes(tx: &mut Tx, documents: &HashMap<DocRef, String>) -> Result<Vec<Happened>> {
    let ids = documents.keys().map(|document| document.id.raw());
    let of = Filter::new().is_in("record", ids).sort("-id").limit(TIMELINE_MAX);
    let notes = store::find::<Said>(tx, of).await?;
    let mut users: Vec<Id<User>> = notes.iter().filter_map(|note| note.created_by).collect();
    users.sort_unstable();
    users.dedup();
    let users = store::get_many::<User>(tx, &users).await?;
    let name = |id: Option<Id<User>>| {
        let user = users.iter().find(|user| Some(user.id) == id);
        user.map(|user| user.name.clone()).unwrap_or_default()
    };
    let one = |note: Said| {
        let document = DocRef { model: note.model, id: Id::new(note.record) };
        documents.contains_key(&document).then(|| Happened {
            at: note.created_at,
            who: name(note.created_by),
            what: "note".to_owned(),
            document,
            title: note.text,
        })
    };
    Ok(notes.into_iter().filter_map(one).collect())
}

/// A row of the report.
struct Row<'a> {
    section: &'a str,
    kind: &'a str,
    title: &'a str,
    value: String,
    state: &'a str,
    on: Option<Date>,
    document: Option<&'a DocRef>,
}

impl Row<'_> {
    fn values(self) -> Vec<Value> {
        let text = |text: &str| Value::from((!text.is_empty()).then(|| text.to_owned()));
        vec![
            Value::from(self.section),
            Value::from(self.kind),
            Value::from(self.title),
            text(&self.value),
            text(self.state),
            Value::from(self.on),
            Value::from(self.document.map(|document| document.model.clone())),
            Value::from(self.document.map(|document| document.id.to_string())),
        ]
    }
}

fn of_section(section: &Section) -> Vec<Vec<Value>> {
    let head = Row {
        section: &section.title,
        kind: "Figure",
        title: "",
        value: String::new(),
        state: "",
        on: None,
        document: None,
    };
    let figure = |(label, figure): &(String, String)| {
        Row { title: label, value: figure.clone(), ..head.copy() }.values()
    };
    let document = |row: &SectionRow| {
        let parts = row.figures.iter().map(|(label, figure)| format!("{label}: {figure}"));
        let value = parts.collect::<Vec<_>>().join(", ");
        let (kind, title, state) = ("Document", row.title.as_str(), row.state.as_str());
        Row { kind, title, value, state, document: Some(&row.document), ..head.copy() }.values()
    };
    let figures = section.figures.iter().map(figure);
    figures.chain(section.documents.iter().map(document)).collect()
}

impl<'a> Row<'a> {
    /// The same place on the page, empty.
    fn copy(&self) -> Row<'a> {
        Row { value: String::new(), ..*self }
    }
}

fn of_activity(
    activity: &Activity,
    today: Date,
    documents: &HashMap<DocRef, String>,
) -> Vec<Value> {
    let about = activity::about(activity);
    let name = about.as_ref().and_then(|document| documents.get(document));
    Row {
        section: "Activities",
        kind: &activity.kind,
        title: &activity.title,
        value: name.cloned().unwrap_or_default(),
        state: activity::urgency(activity.due, today),
        on: activity.due,
        document: about.as_ref(),
    }
    .values()
}

fn of_event(one: &Happened) -> Vec<Value> {
    Row {
        section: "Timeline",
        kind: if one.what == "note" { "Note" } else { "Event" },
        title: &one.title,
        value: one.who.clone(),
        state: if one.what == "note" { "" } else { &one.what },
        on: one.at.in_tz("UTC").ok().map(|at| at.date()),
        document: Some(&one.document),
    }
    .values()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_becomes_rows() {
        let document = DocRef { model: "sales.order".into(), id: Id::new(42) };
        let figures = vec![("Total".to_owned(), "12.00 EUR".to_owned())];
        let section = Section {
            title: "Orders".into(),
            figures: vec![("Open".into(), "1".into())],
            documents: vec![SectionRow {
                document,
                title: "SO-1".into(),
                state: "confirmed".into(),
                figures,
            }],
        };
        let text = |value: &Value| value.as_text().unwrap_or("-").to_owned();
        let rows: Vec<String> = of_section(&section)
            .iter()
            .map(|row| row.iter().map(text).collect::<Vec<_>>().join(" | "))
            .collect();
        assert_eq!(
            rows,
            [
                "Orders | Figure | Open | 1 | - | - | - | -",
                "Orders | Document | SO-1 | Total: 12.00 EUR | confirmed | - | sales.order | 42",
            ]
        );
    }
}
