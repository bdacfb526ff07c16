//! Arithmetic on working days: by the company's calendar, its weekends and its holidays.

use fondaco_values::{Date, Id};
use jiff::ToSpan;
use jiff::civil::Weekday;

use crate::error::{Error, Result};
use crate::shared::{Calendar, Company};
use crate::store::{self, Filter};
use crate::tx::Tx;

/// Days looked at before a calendar counts as one without working days.
const SEARCH_DAYS_MAX: u32 = 3_660;

/// The calendar of the company that one works in; else the first there is.
///
/// # Errors
/// A problem on `calendar` when there is none at all.
pub async fn of_company(tx: &mut Tx) -> Result<Calendar> {
    let company = store::get::<Company>(tx, tx.ctx().company()).await?;
    if let Some(calendar) = company.calendar {
        return store::get(tx, calendar).await;
    }
    let first = store::first::<Calendar>(tx, Filter::new().sort("id")).await?;
    first.ok_or_else(|| {
        Error::problem("calendar", "missing", "There is no working calendar; make one.")
    })
}

/// The calendars of these ids, with their holidays, in one go.
pub async fn of_ids(tx: &mut Tx, ids: &[Id<Calendar>]) -> Result<Vec<Calendar>> {
    store::get_many(tx, ids).await
}

impl Calendar {
    pub fn is_worked(&self, day: Date) -> bool {
        let in_week = match day.weekday() {
            Weekday::Monday => self.monday,
            Weekday::Tuesday => self.tuesday,
            Weekday::Wednesday => self.wednesday,
            Weekday::Thursday => self.thursday,
            Weekday::Friday => self.friday,
            Weekday::Saturday => self.saturday,
            Weekday::Sunday => self.sunday,
        };
        in_week && !self.holidays.iter().any(|holiday| holiday.date == day)
    }

    /// Working days from `from` to `to`, both counted.
    pub fn worked_between(&self, from: Date, to: Date) -> u32 {
        let mut count = 0;
        let mut day = from;
        while day <= to {
            count += u32::from(self.is_worked(day));
            day = day.saturating_add(1.day());
        }
        count
    }

    /// The day that lies `days` working days after `from`; with 0 the first working day from it on.
    /// A calendar without working days gives `from` plus the days of the week.
    pub fn after(&self, from: Date, days: u32) -> Date {
        self.walk(from, days, 1)
    }

    /// The day that lies `days` working days before `from`.
    pub fn before(&self, from: Date, days: u32) -> Date {
        self.walk(from, days, -1)
    }

    fn walk(&self, from: Date, days: u32, step: i64) -> Date {
        let (mut day, mut left) = (from, days);
        for _ in 0..SEARCH_DAYS_MAX {
            if left == 0 && self.is_worked(day) {
                return day;
            }
            day = day.saturating_add(step.days());
            left -= u32::from(left > 0 && self.is_worked(day));
        }
        from.saturating_add((step * i64::from(days)).days())
    }
}

#[cfg(test)]
mod tests {
    use fondaco_values::Decimal;

    use super::*;
    use crate::shared::Holiday;

    fn week(holidays: &[&str]) -> Calendar {
        let holidays = holidays
            .iter()
            .map(|day| Holiday { id: Id::default(), date: day.parse().unwrap() })
            .collect();
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
            holidays,
        }
    }

    #[test]
    fn working_days_are_counted_over_weekends_and_holidays() {
        // 2026-05-01 is a Friday.
        let calendar = week(&["2026-05-01"]);
        for (from, days, after) in [
            ("2026-04-29", 0, "2026-04-29"),
            ("2026-04-29", 1, "2026-04-30"),
            ("2026-04-29", 2, "2026-05-04"),
            ("2026-05-01", 0, "2026-05-04"),
            ("2026-05-02", 5, "2026-05-08"),
        ] {
            let (from, after): (Date, Date) = (from.parse().unwrap(), after.parse().unwrap());
            assert_eq!(calendar.after(from, days), after, "{days} after {from}");
        }
        let (monday, wednesday) = ("2026-05-04".parse().unwrap(), "2026-04-29".parse().unwrap());
        assert_eq!(calendar.before(monday, 2), wednesday);
        assert_eq!(calendar.worked_between(wednesday, monday), 3);
    }

    #[test]
    fn a_calendar_without_working_days_ends() {
        let mut never = week(&[]);
        never.monday = false;
        never.tuesday = false;
        never.wednesday = false;
        never.thursday = false;
        never.friday = false;
        let from: Date = "2026-01-01".parse().unwrap();
        assert_eq!(never.after(from, 7).to_string(), "2026-01-08");
    }
}
