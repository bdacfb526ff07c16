//! What is to be done about leads and opportunities: planning it, and the list of what is due.
//! Not here: activities themselves (the kernel's model `activity`).

use std::collections::HashMap;

use fondaco_kernel::error::refuse_if_any;
use fondaco_kernel::permissions::Allowed;
use fondaco_kernel::shared::{Activity, User};
use fondaco_kernel::store::Filter;
use fondaco_kernel::values::limits::PAGE_SIZE_MAX;
use fondaco_kernel::values::{Date, Id, Problem, Value};
use fondaco_kernel::{Args, DocRef, Outcome, Result, Table, Tx, store};

use crate::lead::{LEAD, Lead};
use crate::opportunity::Opportunity;
use crate::seen;

pub(crate) async fn plan_for_lead(tx: &mut Tx, lead: Allowed<Lead>, args: Args) -> Result<Outcome> {
    let about = DocRef::new(LEAD, lead.id);
    plan(tx, about, lead.salesperson, &args).await
}

pub(crate) async fn plan_for_opportunity(
    tx: &mut Tx,
    opportunity: Allowed<Opportunity>,
    args: Args,
) -> Result<Outcome> {
    plan(tx, opportunity.document(), opportunity.salesperson, &args).await
}

async fn plan(tx: &mut Tx, about: DocRef, usual: Option<Id<User>>, args: &Args) -> Result<Outcome> {
    let mut problems = Vec::new();
    let mut needed = |name: &str, message: &str| {
        problems.push(Problem::new(name, "required", message));
    };
    let (title, due) = (args.text("title").map(str::trim), args.date("due"));
    if title.is_none_or(str::is_empty) {
        needed("title", "Say what is to be done.");
    }
    if due.is_none() {
        needed("due", "Say by when.");
    }
    refuse_if_any(problems)?;
    let assigned = args.link("assigned").or(usual).or(tx.ctx().actor().user());
    let mut activity = Activity {
        id: Id::default(),
        version: 0,
        model: Some(about.model),
        record: Some(about.id.raw()),
        kind: args.text("kind").unwrap_or("task").to_owned(),
        title: title.unwrap_or_default().to_owned(),
        note: args.text("note").map(str::to_owned),
        due,
        assigned,
        done: false,
    };
    let id = store::insert(tx, &mut activity).await?;
    Ok(Outcome::says("Planned.").opens(DocRef::new("activity", id)))
}

/// How urgent something is that is due on a day.
pub(crate) fn urgency(due: Option<Date>, today: Date) -> &'static str {
    match due {
        None => "No date",
        Some(due) if due < today => "Overdue",
        Some(due) if due == today => "Today",
        Some(_) => "Later",
    }
}

/// The record that an activity is about.
pub(crate) fn about(activity: &Activity) -> Option<DocRef> {
    let (model, record) = (activity.model.as_ref()?, activity.record?);
    Some(DocRef { model: model.clone(), id: Id::new(record) })
}

/// The report: what somebody has to do. Of others one sees what is about records that one may see.
pub(crate) async fn report(tx: &mut Tx, args: Args) -> Result<Table> {
    let own = tx.ctx().actor().user();
    let Some(who) = args.link::<User>("assigned").or(own) else { return Ok(Table::default()) };
    let mut filter = Filter::new().eq("assigned", who).eq("done", false);
    if let Some(until) = args.date("until") {
        filter = filter.le("due", until);
    }
    let activities = store::find::<Activity>(tx, filter.sort("due").limit(PAGE_SIZE_MAX)).await?;
    let documents: Vec<DocRef> = activities.iter().filter_map(about).collect();
    let titles: HashMap<DocRef, String> = seen::titles(tx, &documents).await?;
    let today = tx.today();
    let mine = Some(who) == own;
    let row = |activity: &Activity| {
        let document = about(activity);
        let title = document.as_ref().and_then(|document| titles.get(document));
        if title.is_none() && !mine {
            return None;
        }
        let document = document.filter(|_| title.is_some());
        Some(vec![
            Value::from(activity.due),
            Value::from(urgency(activity.due, today)),
            Value::from(activity.kind.as_str()),
            Value::from(activity.title.as_str()),
            Value::from(title.cloned()),
            Value::from(document.as_ref().map(|document| document.model.clone())),
            Value::from(document.as_ref().map(|document| document.id.to_string())),
        ])
    };
    let mut rows: Vec<Vec<Value>> = activities.iter().filter_map(row).collect();
    // What has no date comes last.
    rows.sort_by_key(|row| row[0].is_null());
    Ok(Table { rows, ..Table::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urgency_by_day() {
        let today = Date::constant(2026, 3, 9);
        for (due, expected) in [
            (None, "No date"),
            (Some(Date::constant(2026, 3, 8)), "Overdue"),
            (Some(today), "Today"),
            (Some(Date::constant(2026, 3, 10)), "Later"),
        ] {
            assert_eq!(urgency(due, today), expected);
        }
    }
}
