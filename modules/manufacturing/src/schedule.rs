//! When work is done: operations one after the other, each in the days and hours of its work centre.
//! Capacity is not shared out between orders. Pure.

use fondaco_kernel::Result;
use fondaco_kernel::shared::Calendar;
use fondaco_values::{Date, Decimal};

use crate::takes::Work;
use crate::work_centre::Centres;

/// The day on which the last operation ends, when the first begins on `start`.
pub(crate) fn ready_on(start: Date, work: &[Work], centres: &Centres) -> Result<Date> {
    let mut clock = Clock { day: centres.calendar.after(start, 0), used: Decimal::ZERO };
    for operation in work {
        let centre = centres.get(operation.work_centre)?;
        clock.work(operation.hours.decimal(), centre.hours_per_day, &centre.calendar);
    }
    Ok(clock.day)
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
    fn work(&mut self, hours: Decimal, per_day: Decimal, calendar: &Calendar) {
        let mut left = share_of_day(hours, per_day);
        if left.is_zero() {
            return;
        }
        if !calendar.is_worked(self.day) {
            self.next(calendar);
        }
        for _ in 0..DAYS_MAX {
            let free = Decimal::ONE - self.used;
            if left <= free {
                self.used += left;
                return;
            }
            left -= free;
            self.next(calendar);
        }
    }

    fn next(&mut self, calendar: &Calendar) {
        self.day = calendar.after(self.day, 1);
        self.used = Decimal::ZERO;
    }
}

#[cfg(test)]
mod tests {
    use fondaco_values::Id;

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
