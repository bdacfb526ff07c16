//! When work is done: operations one after the other, each in the days and hours of its work centre;
//! and a planner's wish for one of them. Capacity is not shared out between orders: a planner sees
//! where it does not suffice, and moves what can wait.

use fondaco_kernel::module::{Args, Outcome};
use fondaco_kernel::permissions::Allowed;
use fondaco_kernel::shared::Calendar;
use fondaco_kernel::store;
use fondaco_kernel::{Error, Result, Tx};
use fondaco_values::{Date, Decimal};

use crate::order::{Order, OrderOperation};
use crate::release::centres;
use crate::takes::Work;
use crate::work_centre::{Centres, WorkCentre};

/// The day on which the last operation ends, when the first begins on `start`.
pub(crate) fn ready_on(start: Date, work: &[Work], centres: &Centres) -> Result<Date> {
    let mut clock = Clock { day: centres.calendar.after(start, 0), used: Decimal::ZERO };
    for operation in work {
        let centre = centres.get(operation.work_centre)?;
        clock.work(operation.hours.decimal(), centre.hours_per_day, &centre.calendar);
    }
    Ok(clock.day)
}

/// Gives each operation of an order its days, the first from `start` on, and the order its end.
pub(crate) fn lay_out(order: &mut Order, start: Date, centres: &Centres) -> Result<()> {
    let mut clock = Clock { day: centres.calendar.after(start, 0), used: Decimal::ZERO };
    for operation in &mut order.operations {
        clock.take(operation, centres)?;
    }
    order.ready_on = Some(clock.day);
    Ok(())
}

/// Plans one operation on other days, or at another work centre.
pub(crate) async fn plan(tx: &mut Tx, order: Allowed<Order>, args: Args) -> Result<Outcome> {
    let mut order = order.into_inner();
    let at = args.int("operation").and_then(|number| usize::try_from(number - 1).ok());
    let Some(at) = at.filter(|at| *at < order.operations.len()) else {
        let message = format!("The order has operations 1 to {}.", order.operations.len());
        return Err(Error::problem("operation", "range", message));
    };
    let today = tx.today();
    let start = args.date("starts_on").unwrap_or(today);
    if start < today && order.operations[at].starts_on != Some(start) {
        let message = format!("{start} is over: plan it from today on.");
        return Err(Error::problem("starts_on", "past", message));
    }
    if let Some(centre) = args.link::<WorkCentre>("work_centre") {
        order.operations[at].work_centre = centre;
    }
    let centres = centres(tx, &order).await?;
    follow(&mut order, at, start, &centres)?;
    store::update(tx, &mut order).await?;
    Ok(Outcome::done())
}

/// Lays out an operation from a day on; those after it follow as far as they must.
fn follow(order: &mut Order, at: usize, start: Date, centres: &Centres) -> Result<()> {
    let (before, from) = order.operations.split_at_mut(at);
    let last = before.iter().filter_map(|own| Some((own.ends_on?, own))).max_by_key(|own| own.0);
    if let Some((ends, own)) = last.filter(|(ends, _)| *ends > start) {
        let message = format!("{} comes before it and ends on {ends}: move that first.", own.name);
        return Err(Error::problem("starts_on", "too_early", message));
    }
    let mut clock = Clock { day: start, used: Decimal::ZERO };
    for (n, operation) in from.iter_mut().enumerate() {
        // What begins later anyhow stays where it is, and all after it.
        if n > 0 && operation.starts_on.is_some_and(|own| own > clock.day) {
            break;
        }
        clock.take(operation, centres)?;
    }
    let spans = order.operations.iter();
    order.ready_on = spans.clone().filter_map(|own| own.ends_on).max().or(order.ready_on);
    if !order.has_begun() {
        order.starts_on = spans.filter_map(|own| own.starts_on).min().or(order.starts_on);
    }
    Ok(())
}

/// The latest day to begin so that all is ready by `due`; not before `today`.
pub(crate) fn starts_on(due: Date, today: Date, work: &[Work], centres: &Centres) -> Result<Date> {
    let mut days = Decimal::ZERO;
    for operation in work {
        let centre = centres.get(operation.work_centre)?;
        days += share_of_day(operation.hours.decimal(), centre.hours_per_day);
    }
    // The day it is due is worked on too.
    let before = days.ceil().try_into().unwrap_or(u32::MAX).saturating_sub(1);
    Ok(centres.calendar.before(due, before).max(today))
}

/// Days that hours take; a centre without hours does what it is given in no time.
fn share_of_day(hours: Decimal, per_day: Decimal) -> Decimal {
    hours.checked_div(per_day).unwrap_or(Decimal::ZERO)
}

struct Clock {
    day: Date,
    /// Of the day, between 0 and 1.
    used: Decimal,
}

/// Days of one operation that are walked through; what is longer is not planned by the day.
const DAYS_MAX: u32 = 3_660;

impl Clock {
    /// Gives an operation its days.
    fn take(&mut self, operation: &mut OrderOperation, centres: &Centres) -> Result<()> {
        let centre = centres.get(operation.work_centre)?;
        let hours = operation.planned_hours.decimal();
        let begins = self.work(hours, centre.hours_per_day, &centre.calendar);
        (operation.starts_on, operation.ends_on) = (Some(begins), Some(self.day));
        Ok(())
    }

    /// Lets the hours pass; answers the day on which they begin.
    fn work(&mut self, hours: Decimal, per_day: Decimal, calendar: &Calendar) -> Date {
        let mut left = share_of_day(hours, per_day);
        if left.is_zero() {
            return self.day;
        }
        if !calendar.is_worked(self.day) || self.used >= Decimal::ONE {
            self.next(calendar);
        }
        let begins = self.day;
        for _ in 0..DAYS_MAX {
            let free = Decimal::ONE - self.used;
            if left <= free {
                self.used += left;
                return begins;
            }
            left -= free;
            self.next(calendar);
        }
        begins
    }

    fn next(&mut self, calendar: &Calendar) {
        self.day = calendar.after(self.day, 1);
        self.used = Decimal::ZERO;
    }
}

#[cfg(test)]
mod tests {
    use fondaco_values::{Id, Quantity};

    use super::*;

    fn week() -> Calendar {
        Calendar {
            id: Id::default(),
            monday: true,
            tuesday: true,
            wednesday: true,
            thursday: true,
            friday: true,
            saturday: false,
            sunday: false,
            hours_per_day: Decimal::from(8),
            holidays: Vec::new(),
        }
    }

    /// 2026-03-02 is a Monday.
    #[test]
    fn work_goes_through_the_days() {
        for (hours, day) in [
            (&["1"][..], "2026-03-02"),
            (&["8"], "2026-03-02"),
            (&["8", "0.5"], "2026-03-03"),
            (&["10", "2.5"], "2026-03-03"),
            (&["40"], "2026-03-06"),
            (&["41"], "2026-03-09"),
            (&[], "2026-03-02"),
        ] {
            let mut clock = Clock { day: "2026-03-02".parse().unwrap(), used: Decimal::ZERO };
            for hours in hours {
                clock.work(hours.parse().unwrap(), Decimal::from(8), &week());
            }
            assert_eq!(clock.day.to_string(), day, "{hours:?}");
        }
    }

    fn order(hours: &[&str]) -> (Order, Centres) {
        let mut order = Order::new(Id::new(1), Quantity::from_int(1), Date::constant(2026, 3, 2));
        order.state = "ready".to_owned();
        order.operations = hours
            .iter()
            .enumerate()
            .map(|(n, hours)| OrderOperation {
                id: Id::new(n as i64 + 1),
                name: format!("Step {}", n + 1),
                work_centre: Id::new(7),
                planned_hours: hours.parse().unwrap(),
                starts_on: None,
                ends_on: None,
                hours: Quantity::ZERO,
                cost: fondaco_values::Money::ZERO,
            })
            .collect();
        (order, Centres::of(Id::new(7), week()))
    }

    fn days(order: &Order) -> String {
        let day =
            |day: Option<Date>| day.map_or(String::new(), |day| day.to_string()[5..].to_owned());
        let one = |own: &OrderOperation| format!("{}..{}", day(own.starts_on), day(own.ends_on));
        order.operations.iter().map(one).collect::<Vec<_>>().join(" ")
    }

    /// 2026-03-02 is a Monday.
    #[test]
    fn what_comes_after_follows_as_far_as_it_must() {
        let day = |text: &str| text.parse::<Date>().unwrap();
        let (mut bikes, centres) = order(&["16", "4", "8"]);
        lay_out(&mut bikes, day("2026-03-02"), &centres).unwrap();
        assert_eq!(days(&bikes), "03-02..03-03 03-04..03-04 03-04..03-05");
        // Two days later: the first ends on Friday, the others come after the weekend.
        follow(&mut bikes, 0, day("2026-03-05"), &centres).unwrap();
        assert_eq!(days(&bikes), "03-05..03-06 03-09..03-09 03-09..03-10");
        assert_eq!(bikes.ready_on, Some(day("2026-03-10")));
        assert_eq!(bikes.starts_on, Some(day("2026-03-05")));
        // Earlier again: what does not stand in the way stays where the planner left it.
        follow(&mut bikes, 0, day("2026-03-02"), &centres).unwrap();
        assert_eq!(days(&bikes), "03-02..03-03 03-09..03-09 03-09..03-10");
        // Nothing begins before what comes before it ends.
        let refused = follow(&mut bikes, 1, day("2026-03-02"), &centres).unwrap_err();
        let told = refused.to_string();
        assert_eq!(told, "Step 1 comes before it and ends on 2026-03-03: move that first.");
        follow(&mut bikes, 2, day("2026-03-14"), &centres).unwrap();
        assert_eq!(days(&bikes), "03-02..03-03 03-09..03-09 03-16..03-16");
    }

    #[test]
    fn a_centre_that_never_works_does_not_hang() {
        let mut never = week();
        never.monday = false;
        never.tuesday = false;
        never.wednesday = false;
        never.thursday = false;
        never.friday = false;
        let mut clock = Clock { day: "2026-03-02".parse().unwrap(), used: Decimal::ZERO };
        clock.work(Decimal::from(20), Decimal::from(8), &never);
        clock.work(Decimal::from(20), Decimal::ZERO, &week());
        assert!(clock.day > "2026-03-02".parse().unwrap());
    }
}
