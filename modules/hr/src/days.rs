//! Days of leave: how many working days a span has, and whether two spans meet. Pure.

use fondaco_kernel::shared::Calendar;
use fondaco_values::{Date, Quantity};

/// From the morning or noon of one day to the evening or noon of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) from_day: Date,
    pub(crate) to_day: Date,
    pub(crate) from_noon: bool,
    pub(crate) to_noon: bool,
}

const HALF_DAY: Quantity = Quantity::from_scaled(500_000);

impl Span {
    /// Working days by the calendar, in halves.
    pub(crate) fn working_days(&self, calendar: &Calendar) -> Quantity {
        let whole = i64::from(calendar.worked_between(self.from_day, self.to_day));
        let mut days = Quantity::from_scaled(whole * 1_000_000);
        if self.from_noon && calendar.is_worked(self.from_day) {
            days -= HALF_DAY;
        }
        if self.to_noon && calendar.is_worked(self.to_day) {
            days -= HALF_DAY;
        }
        days
    }

    /// Whether both have a half day in common.
    pub(crate) fn meets(&self, other: &Span) -> bool {
        self.first_half() <= other.last_half() && other.first_half() <= self.last_half()
    }

    /// Whether the whole of that day lies within.
    pub(crate) fn covers(&self, day: Date) -> bool {
        self.first_half() <= (day, false) && (day, true) <= self.last_half()
    }

    /// A day and whether it is its afternoon.
    fn first_half(&self) -> (Date, bool) {
        (self.from_day, self.from_noon)
    }

    fn last_half(&self) -> (Date, bool) {
        (self.to_day, !self.to_noon)
    }
}

#[cfg(test)]
mod tests {
    use fondaco_kernel::shared::Holiday;
    use fondaco_values::{Decimal, Id};

    use super::*;

    /// Monday to Friday, closed on Friday 2026-05-01.
    fn calendar() -> Calendar {
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
            holidays: vec![Holiday { id: Id::default(), date: Date::constant(2026, 5, 1) }],
        }
    }

    /// `04-27+` is from noon, `04-28-` to noon.
    fn span(from: &str, to: &str) -> Span {
        let day =
            |text: &str| format!("2026-{}", text.trim_end_matches(['+', '-'])).parse().unwrap();
        Span {
            from_day: day(from),
            to_day: day(to),
            from_noon: from.ends_with('+'),
            to_noon: to.ends_with('-'),
        }
    }

    #[test]
    fn working_days_leave_out_weekends_and_holidays() {
        for (from, to, days) in [
            ("04-27", "04-27", "1"),
            ("04-27", "05-03", "4"),
            ("04-27", "05-04", "5"),
            ("05-01", "05-03", "0"),
            ("04-27+", "04-28", "1.5"),
            ("04-27+", "04-28-", "1"),
            ("04-27", "04-27-", "0.5"),
            ("04-27+", "04-27", "0.5"),
            // Half of a day that is not worked is nothing.
            ("05-01+", "05-04", "1"),
            ("04-30", "05-02-", "1"),
        ] {
            let found = span(from, to).working_days(&calendar());
            assert_eq!(found.to_string(), days, "{from} to {to}");
        }
    }

    #[test]
    fn spans_meet_by_half_days() {
        let meet = |a: (&str, &str), b: (&str, &str)| {
            let (a, b) = (span(a.0, a.1), span(b.0, b.1));
            assert_eq!(a.meets(&b), b.meets(&a));
            a.meets(&b)
        };
        assert!(meet(("04-27", "04-29"), ("04-29", "04-30")));
        assert!(!meet(("04-27", "04-28"), ("04-29", "04-30")));
        assert!(!meet(("04-27", "04-29-"), ("04-29+", "04-30")));
        assert!(meet(("04-27", "04-29"), ("04-29+", "04-30")));
        assert!(meet(("04-27", "04-30"), ("04-28", "04-28-")));
    }

    #[test]
    fn half_a_day_is_not_a_day_away() {
        let covers =
            |day: &str| span("04-27+", "04-29-").covers(format!("2026-{day}").parse().unwrap());
        assert_eq!(
            ["04-26", "04-27", "04-28", "04-29", "04-30"].map(covers),
            [false, false, true, false, false]
        );
    }
}
