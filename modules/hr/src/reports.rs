//! The reports: leave balances, absences, headcount. What somebody may see follows from who he is:
//! himself, those he leads, or everybody.

use std::collections::{HashMap, HashSet};

use fondaco_kernel::ledger::{self, Group, TIME};
use fondaco_kernel::store::{self, Filter};
use fondaco_kernel::{Args, Result, Table, Tx};
use fondaco_values::{AnyId, Date, Decimal, Id, Value};

use crate::allocation::days;
use crate::department::Department;
use crate::employee::Employee;
use crate::leave::Leave;
use crate::leave_type::LeaveType;
use crate::team::leader;

/// The employees of the company, and whose affairs the caller may see.
struct Sight {
    employees: HashMap<Id<Employee>, Employee>,
    seen: HashSet<Id<Employee>>,
}

impl Sight {
    async fn of(tx: &mut Tx) -> Result<Sight> {
        let employees = store::find::<Employee>(tx, Filter::new()).await?;
        let employees: HashMap<Id<Employee>, Employee> =
            employees.into_iter().map(|one| (one.id, one)).collect();
        let actor = tx.ctx().actor();
        let user = actor.user();
        if actor.roles().iter().any(|role| role == "hr_officer") {
            let seen = employees.keys().copied().collect();
            return Ok(Sight { employees, seen });
        }
        let departments = store::find::<Department>(tx, Filter::new()).await?;
        let departments = departments.into_iter().map(|d| (d.id, d)).collect();
        let own = employees.values().find(|one| user.is_some() && one.user == user);
        let own = own.map(|one| one.id);
        let led = employees.values().filter(|one| {
            own.is_some() && (Some(one.id) == own || leader(one, &departments) == own)
        });
        let seen = led.map(|one| one.id).collect();
        Ok(Sight { employees, seen })
    }

    fn name(&self, employee: Id<Employee>) -> String {
        self.employees.get(&employee).map(Employee::called).unwrap_or_default()
    }
}

/// Millionths of a day.
#[derive(Clone, Copy, Debug, Default)]
struct Balance {
    granted: i64,
    taken: i64,
    asked: i64,
}

/// Rows of the report `hr.leave_balances`.
pub(crate) async fn leave_balances(tx: &mut Tx, args: Args) -> Result<Table> {
    let sight = Sight::of(tx).await?;
    let (only, only_type) =
        (args.link::<Employee>("employee"), args.link::<LeaveType>("leave_type"));
    let types = store::find::<LeaveType>(tx, Filter::new().sort("name")).await?;
    let type_of: HashMap<AnyId, Id<LeaveType>> =
        types.iter().filter_map(|of| Some((of.account?, of.id))).collect();
    let filter = ledger::Filter {
        book: Some(TIME.to_owned()),
        accounts: type_of.keys().map(|account| account.cast()).collect(),
        as_of: args.date("as_of"),
        ..ledger::Filter::default()
    };
    let mut sums: HashMap<(Id<Employee>, Id<LeaveType>), Balance> = HashMap::new();
    let groups = [Group::Account, Group::Subsidiary];
    for balance in ledger::balance(tx, &filter, &groups).await? {
        let of = balance.account.and_then(|account| type_of.get(&account.any()));
        let (Some(of), Some(employee)) = (of, balance.subsidiary) else { continue };
        let sum = sums.entry((employee.cast(), *of)).or_default();
        (sum.granted, sum.taken) = (balance.debit, balance.credit);
    }
    let asked = Filter::new().eq("state", "requested");
    for leave in store::find::<Leave>(tx, asked).await? {
        sums.entry((leave.employee, leave.leave_type)).or_default().asked += leave.days.scaled();
    }
    let mut rows = Vec::with_capacity(sums.len());
    for ((employee, of), sum) in sums {
        let wanted =
            only.is_none_or(|one| one == employee) && only_type.is_none_or(|one| one == of);
        if !wanted || !sight.seen.contains(&employee) {
            continue;
        }
        let Some(leave_type) = types.iter().find(|one| one.id == of) else { continue };
        rows.push((sight.name(employee), leave_type.name.clone(), employee, of, sum));
    }
    rows.sort_by(|a, b| (&a.0, a.2, &a.1).cmp(&(&b.0, b.2, &b.1)));
    let row = |(name, type_name, employee, of, sum): (String, String, Id<_>, Id<_>, Balance)| {
        vec![
            Value::from(employee),
            name.into(),
            Value::from(of),
            type_name.into(),
            days(sum.granted).into(),
            days(sum.taken).into(),
            days(sum.asked).into(),
            days(sum.granted - sum.taken - sum.asked).into(),
        ]
    };
    Ok(Table { rows: rows.into_iter().map(row).collect(), totals: Vec::new() })
}

/// How far ahead one looks when nobody says.
const AHEAD: std::time::Duration = std::time::Duration::from_secs(14 * 86_400);

/// Rows of the report `hr.absences`.
pub(crate) async fn absences(tx: &mut Tx, args: Args) -> Result<Table> {
    let from = args.date("from").unwrap_or_else(|| tx.today());
    let to = args.date("to").unwrap_or_else(|| from.saturating_add(AHEAD));
    let sight = Sight::of(tx).await?;
    let types = store::find::<LeaveType>(tx, Filter::new()).await?;
    let filter = Filter::new()
        .is_in("state", ["requested", "approved"])
        .le("from_day", to)
        .ge("to_day", from)
        .sort("from_day");
    let mut rows = Vec::new();
    let mut sum = Decimal::ZERO;
    for leave in store::find::<Leave>(tx, filter).await? {
        let seen = sight.seen.contains(&leave.employee);
        // What is only asked for, and why, is nobody else's business.
        if !seen && leave.state != "approved" {
            continue;
        }
        let why = types.iter().find(|of| seen && of.id == leave.leave_type);
        sum += leave.days.decimal();
        rows.push(vec![
            Value::from(leave.employee),
            sight.name(leave.employee).into(),
            leave.from_day.into(),
            leave.to_day.into(),
            leave.days.decimal().into(),
            leave.state.into(),
            why.map(|of| of.name.clone()).into(),
        ]);
    }
    let mut totals = vec![Value::Null; 7];
    (totals[1], totals[4]) = ("Total".into(), sum.into());
    Ok(Table { rows, totals })
}

/// Rows of the report `hr.headcount`.
pub(crate) async fn headcount(tx: &mut Tx, args: Args) -> Result<Table> {
    let as_of = args.date("as_of").unwrap_or_else(|| tx.today());
    let from = args.date("from").unwrap_or_else(|| first_of_year(as_of));
    let employees = store::find::<Employee>(tx, Filter::new()).await?;
    let departments = store::find::<Department>(tx, Filter::new().sort("name")).await?;
    let places = departments.iter().map(|d| (Some(d.id), d.name.as_str()));
    let mut rows = Vec::with_capacity(departments.len() + 1);
    for (department, name) in places.chain([(None, "No department")]) {
        let own = employees.iter().filter(|one| one.department == department);
        let heads = Heads::of(own, from, as_of);
        if department.is_some() || heads != Heads::default() {
            let mut row = vec![department.into(), name.into()];
            row.extend(heads.values());
            rows.push(row);
        }
    }
    let mut totals = vec![Value::Null, "Total".into()];
    totals.extend(Heads::of(employees.iter(), from, as_of).values());
    Ok(Table { rows, totals })
}

fn first_of_year(day: Date) -> Date {
    Date::new(day.year(), 1, 1).unwrap_or(day)
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Heads {
    headcount: i64,
    joined: i64,
    left: i64,
}

impl Heads {
    fn of<'e>(employees: impl Iterator<Item = &'e Employee>, from: Date, as_of: Date) -> Heads {
        let within = |day: Date| from <= day && day <= as_of;
        let mut heads = Heads::default();
        for one in employees {
            heads.headcount += i64::from(one.works_on(as_of));
            heads.joined += i64::from(within(one.hired_on));
            // The last day of work still counts; gone is who has had it.
            heads.left += i64::from(one.left_on.is_some_and(|last| within(last) && last < as_of));
        }
        heads
    }

    fn values(&self) -> [Value; 3] {
        [Value::Int(self.headcount), Value::Int(self.joined), Value::Int(self.left)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_come_and_go() {
        let day = |text: &str| text.parse::<Date>().unwrap();
        let employee = |hired: &str, left: Option<&str>| Employee {
            id: Id::new(1),
            name: None,
            party: Id::new(1),
            user: None,
            department: None,
            manager: None,
            work_centre: None,
            hour_cost: None,
            calendar: None,
            hired_on: day(hired),
            left_on: left.map(day),
        };
        let all = [
            employee("2020-01-01", None),
            employee("2026-02-01", None),
            employee("2020-01-01", Some("2026-02-28")),
            employee("2020-01-01", Some("2026-03-31")),
            employee("2020-01-01", Some("2025-12-31")),
            employee("2026-05-01", None),
        ];
        let heads = Heads::of(all.iter(), day("2026-01-01"), day("2026-03-31"));
        assert_eq!(heads, Heads { headcount: 3, joined: 1, left: 1 });
    }
}
