//! The days that a planner shows, in columns: those of a week or a month one by one, those of a
//! quarter by weeks. Pure.

use fondaco_kernel::shared::Calendar;
use fondaco_kernel::values::Date;

use crate::pages::calendar::{days_after, monday};

/// How much is seen at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scale {
    Week,
    Month,
    Quarter,
}

impl Scale {
    pub(super) const ALL: [Scale; 3] = [Scale::Week, Scale::Month, Scale::Quarter];

    pub(super) fn read(text: Option<&str>) -> Scale {
        let known = Scale::ALL.into_iter().find(|scale| Some(scale.name()) == text);
        known.unwrap_or(Scale::Month)
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Scale::Week => "week",
            Scale::Month => "month",
            Scale::Quarter => "quarter",
        }
    }

    /// Days of one column.
    pub(super) fn step(self) -> usize {
        if self == Scale::Quarter { 7 } else { 1 }
    }
}

/// Weeks of a quarter.
const WEEKS: usize = 13;

/// A stretch of days in columns.
#[derive(Clone, Debug)]
pub(super) struct Window {
    pub(super) scale: Scale,
    /// The first and the last day of each column.
    pub(super) columns: Vec<(Date, Date)>,
    pub(super) from: Date,
    pub(super) until: Date,
}

impl Window {
    /// The one that holds a day.
    pub(super) fn around(day: Date, scale: Scale) -> Window {
        let (from, count) = match scale {
            Scale::Week => (monday(day), 7),
            Scale::Month => (day.first_of_month(), usize::from(day.days_in_month().unsigned_abs())),
            Scale::Quarter => (monday(day), WEEKS),
        };
        let step = scale.step();
        let columns: Vec<(Date, Date)> = (0..count)
            .map(|n| days_after(from, n * step))
            .map(|first| (first, days_after(first, step - 1)))
            .collect();
        let until = columns.last().map_or(from, |(_, last)| *last);
        Window { scale, columns, from, until }
    }

    /// A day of the stretch before.
    pub(super) fn before(&self) -> Date {
        match self.scale {
            Scale::Quarter => {
                (0..WEEKS * 7).fold(self.from, |day, _| day.yesterday().unwrap_or(day))
            }
            _ => self.from.yesterday().unwrap_or(self.from),
        }
    }

    /// A day of the stretch after.
    pub(super) fn after(&self) -> Date {
        self.until.tomorrow().unwrap_or(self.until)
    }

    /// The columns that a span of days covers, the last one counted; `None` when it lies outside. One
    /// that ends before it begins is where it begins.
    pub(super) fn place(&self, start: Date, end: Date) -> Option<(usize, usize)> {
        let end = end.max(start);
        if end < self.from || start > self.until {
            return None;
        }
        let first = self.columns.iter().position(|(_, last)| *last >= start)?;
        let last = self.columns.iter().rposition(|(first, _)| *first <= end)?;
        Some((first, last))
    }
}

/// Whether none of the days is worked. Without a calendar all are.
pub(super) fn is_off(calendar: Option<&Calendar>, (from, until): (Date, Date)) -> bool {
    calendar.is_some_and(|calendar| calendar.worked_between(from, until) == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    #[test]
    fn a_window_holds_its_day() {
        for (scale, at, from, until, columns, before, after) in [
            (Scale::Week, "2026-03-05", "2026-03-02", "2026-03-08", 7, "2026-03-01", "2026-03-09"),
            (
                Scale::Month,
                "2026-02-10",
                "2026-02-01",
                "2026-02-28",
                28,
                "2026-01-31",
                "2026-03-01",
            ),
            (
                Scale::Quarter,
                "2026-03-05",
                "2026-03-02",
                "2026-05-31",
                13,
                "2025-12-01",
                "2026-06-01",
            ),
        ] {
            let window = Window::around(day(at), scale);
            assert_eq!((window.from, window.until), (day(from), day(until)), "{scale:?}");
            assert_eq!(window.columns.len(), columns, "{scale:?}");
            assert_eq!((window.before(), window.after()), (day(before), day(after)), "{scale:?}");
        }
    }

    #[test]
    fn a_span_lies_in_columns() {
        let week = Window::around(day("2026-03-05"), Scale::Week);
        for (start, end, place) in [
            ("2026-03-02", "2026-03-02", Some((0, 0))),
            ("2026-02-20", "2026-03-03", Some((0, 1))),
            ("2026-03-07", "2026-04-01", Some((5, 6))),
            ("2026-03-04", "2026-03-01", Some((2, 2))),
            ("2026-03-09", "2026-03-10", None),
            ("2026-02-01", "2026-03-01", None),
        ] {
            assert_eq!(week.place(day(start), day(end)), place, "{start} {end}");
        }
        let quarter = Window::around(day("2026-03-05"), Scale::Quarter);
        assert_eq!(quarter.place(day("2026-03-08"), day("2026-03-09")), Some((0, 1)));
    }
}
