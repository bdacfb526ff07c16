//! Employees: parties that work here, perhaps with a user.

use std::collections::HashMap;

use fondaco_kernel::model::Saving;
use fondaco_kernel::shared::{Calendar, Party, User};
use fondaco_kernel::store::{self, Filter};
use fondaco_kernel::{Record, Result, Tx};
use fondaco_values::{Date, Id, Money, Problem};

use crate::department::{Department, circles};

#[derive(Record, Clone, Debug)]
#[record("hr.employee")]
pub(crate) struct Employee {
    pub(crate) id: Id<Employee>,
    pub(crate) name: Option<String>,
    pub(crate) party: Id<Party>,
    pub(crate) user: Option<Id<User>>,
    pub(crate) department: Option<Id<Department>>,
    pub(crate) manager: Option<Id<Employee>>,
    pub(crate) work_centre: Option<String>,
    pub(crate) hour_cost: Option<Money>,
    pub(crate) calendar: Option<Id<Calendar>>,
    pub(crate) hired_on: Date,
    pub(crate) left_on: Option<Date>,
}

impl Employee {
    pub(crate) fn works_on(&self, day: Date) -> bool {
        self.hired_on <= day && self.left_on.is_none_or(|last| day <= last)
    }

    pub(crate) fn called(&self) -> String {
        self.name.clone().unwrap_or_default()
    }
}

/// Before a save: the name comes from the party, the party is marked as an employee, nobody leads
/// himself, and nobody leaves before he came.
pub(crate) async fn prepare(tx: &mut Tx, batch: &mut [Saving]) -> Result<()> {
    name_and_mark(tx, batch).await?;
    let mut problems = dates(batch);
    if batch.iter().any(|saving| saving.changes("manager")) {
        let all = store::find::<Leading>(tx, Filter::new()).await?;
        let above = all.iter().map(|one| (one.id.any(), one.manager.map(Id::any))).collect();
        let message = "The employee would lead himself: choose another manager.";
        problems.extend(circles(batch, "manager", above, message));
    }
    fondaco_kernel::error::refuse_if_any(problems)
}

/// Who leads whom, without the rest.
#[derive(Record, Clone, Debug)]
#[record("hr.employee")]
pub(crate) struct Leading {
    pub(crate) id: Id<Leading>,
    pub(crate) manager: Option<Id<Employee>>,
}

async fn name_and_mark(tx: &mut Tx, batch: &mut [Saving]) -> Result<()> {
    let changed = |saving: &&mut Saving| saving.is_new() || saving.changes("party");
    let mut ids: Vec<Id<Party>> =
        batch.iter_mut().filter(changed).filter_map(|saving| saving.link("party")).collect();
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() {
        return Ok(());
    }
    let mut parties: Vec<Party> = Vec::with_capacity(ids.len());
    // A party that is not there is told by the check of links.
    for party in store::find::<Party>(tx, Filter::new().is_in("id", ids)).await? {
        parties.push(party);
    }
    let names: HashMap<Id<Party>, String> =
        parties.iter().map(|party| (party.id, party.name.clone())).collect();
    for saving in batch.iter_mut().filter(changed) {
        let name = saving.link::<Party>("party").and_then(|party| names.get(&party));
        if let Some(name) = name.filter(|_| saving.text("name").is_none_or(str::is_empty)) {
            saving.draft.set("name", name.as_str());
        }
    }
    parties.retain(|party| !party.employee);
    parties.iter_mut().for_each(|party| party.employee = true);
    if parties.is_empty() { Ok(()) } else { store::update_many(tx, &mut parties).await }
}

fn dates(batch: &[Saving]) -> Vec<Problem> {
    let several = batch.len() > 1;
    let wrong = |(n, saving): (usize, &Saving)| {
        let (hired, left) = (saving.date("hired_on")?, saving.date("left_on")?);
        let message = format!("The last day of work lies before the first, {hired}: correct one.");
        let problem = Problem::new("left_on", "before_start", message);
        let at = if several { format!("[{n}]") } else { String::new() };
        (left < hired).then(|| problem.under(&at))
    };
    batch.iter().enumerate().filter_map(wrong).collect()
}
