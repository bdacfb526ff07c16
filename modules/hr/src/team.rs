//! Provides the port `people`: who leads whom, who is away, what an hour costs.

use std::collections::HashMap;

use fondaco_kernel::ports::people::People;
use fondaco_kernel::shared::User;
use fondaco_kernel::store::{self, Filter};
use fondaco_kernel::{Fut, Result, Tx};
use fondaco_values::limits::TREE_DEPTH_MAX;
use fondaco_values::{Date, Decimal, Id, Money, Rounding, round};

use crate::department::Department;
use crate::employee::Employee;
use crate::leave::Leave;

pub(crate) struct Team;

impl People for Team {
    fn manager_of<'t>(&'t self, tx: &'t mut Tx, user: Id<User>) -> Fut<'t, Option<Id<User>>> {
        Box::pin(manager_of(tx, user))
    }

    fn is_away<'t>(&'t self, tx: &'t mut Tx, user: Id<User>, on: Date) -> Fut<'t, bool> {
        Box::pin(is_away(tx, user, on))
    }

    fn hour_cost<'t>(
        &'t self,
        tx: &'t mut Tx,
        work_centre: &'t str,
        on: Date,
    ) -> Fut<'t, Option<Money>> {
        Box::pin(hour_cost(tx, work_centre, on))
    }
}

async fn manager_of(tx: &mut Tx, user: Id<User>) -> Result<Option<Id<User>>> {
    let Some(employee) = of_user(tx, user).await? else { return Ok(None) };
    let departments = store::find::<Department>(tx, Filter::new()).await?;
    let departments = departments.into_iter().map(|d| (d.id, d)).collect();
    match leader(&employee, &departments) {
        Some(manager) => Ok(store::get::<Employee>(tx, manager).await?.user),
        None => Ok(None),
    }
}

async fn of_user(tx: &mut Tx, user: Id<User>) -> Result<Option<Employee>> {
    store::first(tx, Filter::new().eq("user", user)).await
}

/// His own manager, else that of his department, else of the one above it; never himself.
pub(crate) fn leader(
    employee: &Employee,
    departments: &HashMap<Id<Department>, Department>,
) -> Option<Id<Employee>> {
    if employee.manager.is_some() {
        return employee.manager;
    }
    let mut at = employee.department;
    for _ in 0..TREE_DEPTH_MAX {
        let department = departments.get(&at?)?;
        if let Some(manager) = department.manager.filter(|manager| *manager != employee.id) {
            return Some(manager);
        }
        at = department.parent;
    }
    None
}

async fn is_away(tx: &mut Tx, user: Id<User>, on: Date) -> Result<bool> {
    let Some(employee) = of_user(tx, user).await? else { return Ok(false) };
    let filter = Filter::new()
        .eq("employee", employee.id)
        .eq("state", "approved")
        .le("from_day", on)
        .ge("to_day", on);
    let leaves = store::find::<Leave>(tx, filter).await?;
    Ok(leaves.iter().any(|leave| leave.span().covers(on)))
}

async fn hour_cost(tx: &mut Tx, work_centre: &str, on: Date) -> Result<Option<Money>> {
    let filter = Filter::new().eq("work_centre", work_centre).not_null("hour_cost");
    let people = store::find::<Employee>(tx, filter.le("hired_on", on)).await?;
    let costs: Vec<Money> =
        people.iter().filter(|one| one.works_on(on)).filter_map(|one| one.hour_cost).collect();
    Ok(average(&costs))
}

/// Rounded half away from zero to four decimals.
fn average(costs: &[Money]) -> Option<Money> {
    let sum: Money = costs.iter().copied().sum();
    let mean = sum.decimal().checked_div(Decimal::from(costs.len()))?;
    Money::exact(round(mean, 4, Rounding::HalfUp))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn employee(id: i64, department: i64, manager: i64) -> Employee {
        Employee {
            id: Id::new(id),
            name: None,
            party: Id::new(id),
            user: None,
            department: (department > 0).then(|| Id::new(department)),
            manager: (manager > 0).then(|| Id::new(manager)),
            work_centre: None,
            hour_cost: None,
            calendar: None,
            hired_on: Date::constant(2026, 1, 1),
            left_on: None,
        }
    }

    #[test]
    fn everybody_is_led_by_somebody_else() {
        let department = |id: i64, parent: i64, manager: i64| Department {
            id: Id::new(id),
            name: id.to_string(),
            parent: (parent > 0).then(|| Id::new(parent)),
            manager: (manager > 0).then(|| Id::new(manager)),
        };
        let departments = [department(1, 0, 10), department(2, 1, 20), department(3, 1, 0)];
        let departments = departments.into_iter().map(|d| (d.id, d)).collect();
        for (id, department, manager, led_by) in [
            (30, 2, 0, Some(20)),
            (30, 2, 5, Some(5)),
            (20, 2, 0, Some(10)),
            (10, 1, 0, None),
            (40, 3, 0, Some(10)),
            (50, 0, 0, None),
        ] {
            let found = leader(&employee(id, department, manager), &departments);
            assert_eq!(found, led_by.map(Id::new), "{id} in {department}");
        }
    }

    #[test]
    fn an_hour_costs_the_average() {
        let cost = |amounts: &[&str]| {
            let amounts: Vec<Money> = amounts.iter().map(|a| a.parse().unwrap()).collect();
            average(&amounts).map(|money| money.to_string())
        };
        assert_eq!(cost(&[]), None);
        assert_eq!(cost(&["40"]).as_deref(), Some("40.00"));
        assert_eq!(cost(&["40", "35", "33"]).as_deref(), Some("36.00"));
        assert_eq!(cost(&["40", "30", "30"]).as_deref(), Some("33.3333"));
    }
}
