//! Leave requests: draft → requested → approved | refused | cancelled. Asking reserves days in the
//! ledger, approval settles them, everything else gives them back.
//! Not here: how many days a span has (`days`), the pools (`leave_type`).
//! INVARIANT: nobody decides on his own request, nor on one that he made for another.

use std::collections::HashMap;

use fondaco_kernel::calendars;
use fondaco_kernel::ledger::{self, Line};
use fondaco_kernel::model::Saving;
use fondaco_kernel::permissions::Allowed;
use fondaco_kernel::record::Record as _;
use fondaco_kernel::shared::{Calendar, User};
use fondaco_kernel::store::{self, Filter};
use fondaco_kernel::{Args, DocRef, Error, Outcome, Record, Result, Tx};
use fondaco_values::{Date, Id, Problem, Quantity, Timestamp};

use crate::allocation::{left, pool};
use crate::days::Span;
use crate::employee::Employee;
use crate::leave_type::{LeaveType, day};

#[derive(Record, Clone, Debug)]
#[record("hr.leave")]
pub(crate) struct Leave {
    pub(crate) id: Id<Leave>,
    pub(crate) version: i64,
    pub(crate) number: Option<String>,
    pub(crate) state: String,
    pub(crate) employee: Id<Employee>,
    pub(crate) leave_type: Id<LeaveType>,
    pub(crate) from_day: Date,
    pub(crate) to_day: Date,
    pub(crate) from_noon: bool,
    pub(crate) to_noon: bool,
    pub(crate) days: Quantity,
    pub(crate) asked_by: Option<Id<User>>,
    pub(crate) decided_by: Option<Id<User>>,
    pub(crate) decided_at: Option<Timestamp>,
    pub(crate) answer: Option<String>,
    pub(crate) pending: Option<i64>,
    pub(crate) entry: Option<i64>,
}

impl Leave {
    pub(crate) fn span(&self) -> Span {
        Span {
            from_day: self.from_day,
            to_day: self.to_day,
            from_noon: self.from_noon,
            to_noon: self.to_noon,
        }
    }
}

/// Calendar days of one request: who is away longer asks for another kind of contract.
const DAYS_MAX: i32 = 366;

/// Before a save of drafts: whoever asks asks for himself unless he says for whom, and the working
/// days are counted.
pub(crate) async fn prepare(tx: &mut Tx, batch: &mut [Saving]) -> Result<()> {
    let several = batch.len() > 1;
    let mut drafts: Vec<(usize, &mut Saving)> =
        batch.iter_mut().enumerate().filter(|(_, saving)| is_draft(saving)).collect();
    if drafts.is_empty() {
        return Ok(());
    }
    if drafts.iter().any(|(_, saving)| saving.value("employee").is_null()) {
        let own = own(tx).await?;
        let unnamed = drafts.iter_mut().filter(|(_, saving)| saving.value("employee").is_null());
        unnamed.for_each(|(_, saving)| {
            saving.draft.set("employee", own);
        });
    }
    let known = Known::load(tx, &drafts).await?;
    let mut problems = Vec::new();
    for (n, saving) in drafts {
        let at = if several { format!("[{n}]") } else { String::new() };
        match known.count(saving) {
            Ok(Some(days)) => {
                saving.draft.set("days", days);
            }
            Ok(None) => {}
            Err(problem) => problems.push(problem.under(&at)),
        }
    }
    fondaco_kernel::error::refuse_if_any(problems)
}

fn is_draft(saving: &Saving) -> bool {
    saving.old.as_ref().is_none_or(|old| old.state() == Some("draft"))
}

/// The employee who is asking.
async fn own(tx: &mut Tx) -> Result<Option<Id<Employee>>> {
    let Some(user) = tx.ctx().actor().user() else { return Ok(None) };
    let found = store::first::<Employee>(tx, Filter::new().eq("user", user)).await?;
    Ok(found.map(|employee| employee.id))
}

/// What the drafts of one save refer to.
struct Known {
    employees: HashMap<Id<Employee>, Employee>,
    types: HashMap<Id<LeaveType>, LeaveType>,
    calendars: HashMap<Id<Calendar>, Calendar>,
    usual: Calendar,
}

impl Known {
    async fn load(tx: &mut Tx, drafts: &[(usize, &mut Saving)]) -> Result<Known> {
        let employees = drafts.iter().filter_map(|(_, s)| s.link::<Employee>("employee"));
        let types = drafts.iter().filter_map(|(_, s)| s.link::<LeaveType>("leave_type"));
        let employees = store::by_id(tx, employees).await?;
        let calendars = employees.values().filter_map(|employee: &Employee| employee.calendar);
        Ok(Known {
            types: store::by_id(tx, types).await?,
            calendars: store::by_id(tx, calendars).await?,
            usual: calendars::of_company(tx).await?,
            employees,
        })
    }

    /// The working days of a draft; `None` where a required field is still missing.
    fn count(&self, saving: &Saving) -> std::result::Result<Option<Quantity>, Problem> {
        let flag = |field: &str| saving.value(field).as_bool() == Some(true);
        let (Some(from_day), Some(to_day)) = (saving.date("from_day"), saving.date("to_day"))
        else {
            return Ok(None);
        };
        let (from_noon, to_noon) = (flag("from_noon"), flag("to_noon"));
        let span = Span { from_day, to_day, from_noon, to_noon };
        in_order(&span)?;
        let leave_type = saving.link::<LeaveType>("leave_type").and_then(|id| self.types.get(&id));
        if (from_noon || to_noon) && leave_type.is_some_and(|of| !of.half_days) {
            let message = "This type of leave is taken in whole days.";
            return Err(Problem::new("from_noon", "whole_days", message));
        }
        let employee = saving.link::<Employee>("employee").and_then(|id| self.employees.get(&id));
        let calendar = employee.and_then(|employee| self.calendars.get(&employee.calendar?));
        Ok(Some(span.working_days(calendar.unwrap_or(&self.usual))))
    }
}

fn in_order(span: &Span) -> std::result::Result<(), Problem> {
    if span.to_day < span.from_day {
        let message = "The last day lies before the first: correct one of them.";
        return Err(Problem::new("to_day", "before_start", message));
    }
    if span.from_day == span.to_day && span.from_noon && span.to_noon {
        let message = "From noon to noon of one day is nothing: leave one of them out.";
        return Err(Problem::new("to_noon", "nothing", message));
    }
    let days = span.from_day.until(span.to_day).map_or(i32::MAX, |span| span.get_days());
    if days >= DAYS_MAX {
        let message = "A request spans at most a year: split it.";
        return Err(Problem::new("to_day", "too_long", message));
    }
    Ok(())
}

/// Sets the days aside and asks.
pub(crate) async fn request(tx: &mut Tx, leave: Allowed<Leave>, _args: Args) -> Result<Outcome> {
    let mut leave = leave.into_inner();
    let employee = store::get::<Employee>(tx, leave.employee).await?;
    let leave_type = store::get::<LeaveType>(tx, leave.leave_type).await?;
    let mut problems = askable(&leave, &employee, &leave_type);
    problems.extend(met(tx, &leave).await?);
    fondaco_kernel::error::refuse_if_any(problems)?;
    if leave_type.counted {
        let left = left(tx, &leave_type, leave.employee).await?;
        if leave.days > left {
            let message = format!(
                "{} days of {} are asked for and {left} are left: ask for less, or have more granted.",
                leave.days, leave_type.name
            );
            return Err(Error::problem("days", "not_enough", message));
        }
    }
    let draft = taking(tx, &leave, &leave_type, &employee).await?;
    leave.pending = Some(ledger::reserve(tx, draft, None).await?.raw());
    leave.asked_by = tx.ctx().actor().user();
    store::update(tx, &mut leave).await?;
    Ok(Outcome::done().with("employee", leave.employee).with("days", leave.days))
}

/// What forbids a request, as far as it alone can be judged.
fn askable(leave: &Leave, employee: &Employee, leave_type: &LeaveType) -> Vec<Problem> {
    let mut problems = Vec::new();
    if leave.days <= Quantity::ZERO {
        let message = "There is no working day in it: choose other days.";
        problems.push(Problem::new("to_day", "no_working_day", message));
    }
    if !leave_type.active {
        let message = format!("{} is no longer in use: choose another type.", leave_type.name);
        problems.push(Problem::new("leave_type", "not_active", message));
    }
    if !employee.works_on(leave.from_day) {
        let message = format!("{} does not work here on {}.", employee.called(), leave.from_day);
        problems.push(Problem::new("from_day", "not_employed", message));
    } else if !employee.works_on(leave.to_day) {
        let message = format!("{} does not work here on {}.", employee.called(), leave.to_day);
        problems.push(Problem::new("to_day", "not_employed", message));
    }
    problems
}

/// Other leave of the same days.
async fn met(tx: &mut Tx, leave: &Leave) -> Result<Option<Problem>> {
    let filter = Filter::new()
        .eq("employee", leave.employee)
        .is_in("state", ["requested", "approved"])
        .le("from_day", leave.to_day)
        .ge("to_day", leave.from_day);
    let others = store::find::<Leave>(tx, filter).await?;
    let span = leave.span();
    let other = others.iter().find(|other| other.id != leave.id && other.span().meets(&span));
    Ok(other.map(|other| {
        let number = other.number.clone().unwrap_or_default();
        let message = format!(
            "There is leave from {} to {} already ({number}): choose other days or cancel it.",
            other.from_day, other.to_day
        );
        Problem::new("from_day", "overlap", message)
    }))
}

/// The entry that takes the days of a request.
async fn taking(
    tx: &mut Tx,
    leave: &Leave,
    leave_type: &LeaveType,
    employee: &Employee,
) -> Result<ledger::Draft> {
    let taken = ledger::accounts::by_purpose(tx, "leave_taken").await?;
    let (pool, day) = (pool(leave_type)?, day(tx).await?);
    let text = format!("{} of {}", leave_type.name, employee.called());
    Ok(ledger::Draft::new("time", leave.from_day, text)
        .source(DocRef::new(Leave::MODEL, leave.id))
        .line(Line::credit(pool, day, leave.days.scaled()).for_(leave.employee))
        .line(Line::debit(taken, day, leave.days.scaled())))
}

/// Takes the days.
pub(crate) async fn approve(tx: &mut Tx, leave: Allowed<Leave>, args: Args) -> Result<Outcome> {
    let mut leave = leave.into_inner();
    let employee = store::get::<Employee>(tx, leave.employee).await?;
    decide(tx, &mut leave, &employee, &args)?;
    let leave_type = store::get::<LeaveType>(tx, leave.leave_type).await?;
    let draft = taking(tx, &leave, &leave_type, &employee).await?;
    let pending = reserved(&leave)?;
    let days = leave.days.scaled();
    let posted = ledger::settle(tx, pending, days, draft, ledger::Rest::Return).await?;
    (leave.pending, leave.entry) = (None, Some(posted.seq));
    store::update(tx, &mut leave).await?;
    Ok(Outcome::done().with("employee", leave.employee).with("days", leave.days))
}

/// Gives the days back, with a reason.
pub(crate) async fn refuse(tx: &mut Tx, leave: Allowed<Leave>, args: Args) -> Result<Outcome> {
    let mut leave = leave.into_inner();
    let employee = store::get::<Employee>(tx, leave.employee).await?;
    decide(tx, &mut leave, &employee, &args)?;
    let pending = reserved(&leave)?;
    ledger::release(tx, pending).await?;
    leave.pending = None;
    store::update(tx, &mut leave).await?;
    Ok(Outcome::done().with("employee", leave.employee))
}

/// Notes who decides; nobody does so for himself.
fn decide(tx: &Tx, leave: &mut Leave, employee: &Employee, args: &Args) -> Result<()> {
    let actor = tx.ctx().actor().user();
    if actor.is_some() && (employee.user == actor || leave.asked_by == actor) {
        let message = "Nobody decides on a request that he made: ask somebody else to.";
        return Err(Error::problem("decided_by", "own_request", message));
    }
    leave.decided_by = actor;
    leave.decided_at = Some(tx.now());
    leave.answer = args.text("answer").map(str::to_owned);
    Ok(())
}

fn reserved(leave: &Leave) -> Result<Id<ledger::Pending>> {
    let missing = || Error::problem("state", "not_reserved", "No days are set aside for it.");
    leave.pending.map(Id::new).ok_or_else(missing)
}

/// Gives the days back, whether asked for or taken.
pub(crate) async fn cancel(tx: &mut Tx, leave: Allowed<Leave>, args: Args) -> Result<Outcome> {
    let mut leave = leave.into_inner();
    let officer = tx.ctx().actor().roles().iter().any(|role| role == "hr_officer");
    if leave.state == "approved" && leave.from_day <= tx.today() && !officer {
        let message = "Leave that has begun is cancelled by an HR officer.";
        return Err(Error::problem("from_day", "begun", message));
    }
    if let Some(pending) = leave.pending.take() {
        ledger::release(tx, Id::new(pending)).await?;
    }
    if let Some(entry) = leave.entry {
        let reason = args.text("reason").filter(|reason| !reason.trim().is_empty());
        let reason = reason.unwrap_or("Leave cancelled");
        // Negative on the same side: the days show as never taken.
        let on = leave.from_day;
        ledger::reverse(tx, Id::new(entry), on, reason, ledger::Mode::Storno).await?;
    }
    if let Some(reason) = args.text("reason") {
        leave.answer = Some(reason.to_owned());
    }
    store::update(tx, &mut leave).await?;
    Ok(Outcome::done().with("employee", leave.employee))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(from: &str, to: &str, from_noon: bool, to_noon: bool) -> Span {
        let day = |text: &str| text.parse().unwrap();
        Span { from_day: day(from), to_day: day(to), from_noon, to_noon }
    }

    #[test]
    fn spans_in_order() {
        let check = |span: Span| in_order(&span).map_err(|p| format!("{}:{}", p.field, p.code));
        assert_eq!(check(span("2026-05-04", "2026-05-04", false, false)), Ok(()));
        assert_eq!(check(span("2026-05-04", "2026-05-04", true, false)), Ok(()));
        assert_eq!(
            check(span("2026-05-04", "2026-05-04", true, true)),
            Err("to_noon:nothing".into())
        );
        assert_eq!(
            check(span("2026-05-04", "2026-05-03", false, false)),
            Err("to_day:before_start".into())
        );
        assert_eq!(check(span("2026-01-01", "2026-12-31", false, false)), Ok(()));
        assert_eq!(
            check(span("2026-01-01", "2027-01-02", false, false)),
            Err("to_day:too_long".into())
        );
    }
}
