//! When something runs by itself: five fields, as `cron` has them (minute, hour, day of the month, month,
//! day of the week with 0 and 7 for Sunday), each `*`, a number, `a-b`, any of them with `/step`, and lists
//! with commas. When both days are given, either will do, as there.
//! Not here: the clock, and who remembers what has run (`kernel::schedules`).

use fondaco_values::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Span, ToSpan};

/// Beyond this many years nothing fits: the 29th of February comes every eight years at the latest.
const YEARS_MAX: i16 = 9;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    weekdays: u64,
    /// Whether both days of the month and days of the week are named.
    either_day: bool,
}

impl Schedule {
    /// Reads the five fields.
    ///
    /// # Errors
    /// What cannot be read.
    pub fn read(text: &str) -> Result<Schedule, String> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        let [minute, hour, day, month, weekday] = fields.as_slice() else {
            return Err(format!("`{text}` has {} fields, not five", fields.len()));
        };
        let weekdays = set("day of the week", weekday, 0, 7)?;
        let schedule = Schedule {
            minutes: set("minute", minute, 0, 59)?,
            hours: set("hour", hour, 0, 23)?,
            days: set("day", day, 1, 31)?,
            months: set("month", month, 1, 12)?,
            // Sunday is 0 and 7.
            weekdays: (weekdays | weekdays >> 7) & 0x7f,
            either_day: !day.starts_with('*') && !weekday.starts_with('*'),
        };
        let never = schedule.next_civil(DateTime::constant(2024, 1, 1, 0, 0, 0, 0)).is_none();
        if never { Err(format!("`{text}` is never: no month has this day")) } else { Ok(schedule) }
    }

    /// The first moment after this one that fits, in a time zone. An hour that the clocks leave out runs
    /// when they have gone forward; one that they have twice runs once.
    pub fn next_after(&self, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let mut from = after.to_zoned(zone.clone()).datetime();
        loop {
            let next = self.next_civil(from)?;
            let moment = zone.to_ambiguous_timestamp(next).compatible().ok()?;
            if moment > after {
                return Some(moment);
            }
            from = next;
        }
    }

    fn next_civil(&self, after: DateTime) -> Option<DateTime> {
        let minute = after.with().second(0).subsec_nanosecond(0).build().ok()?;
        let mut at = minute.checked_add(1.minute()).ok()?;
        let last = after.year().checked_add(YEARS_MAX)?;
        while at.year() <= last {
            let midnight = at.with().hour(0).minute(0);
            at = if !has(self.months, at.month()) {
                let first = midnight.day(1).build().ok()?;
                first.checked_add(Span::new().months(1)).ok()?
            } else if !self.has_day(at) {
                midnight.build().ok()?.checked_add(1.day()).ok()?
            } else if !has(self.hours, at.hour()) {
                at.with().minute(0).build().ok()?.checked_add(1.hour()).ok()?
            } else if !has(self.minutes, at.minute()) {
                at.checked_add(1.minute()).ok()?
            } else {
                return Some(at);
            };
        }
        None
    }

    fn has_day(&self, at: DateTime) -> bool {
        let day = has(self.days, at.day());
        let weekday = has(self.weekdays, at.weekday().to_sunday_zero_offset());
        if self.either_day { day || weekday } else { day && weekday }
    }
}

fn has(set: u64, at: i8) -> bool {
    u32::try_from(at).is_ok_and(|at| set & (1 << at) != 0)
}

fn set(what: &str, field: &str, least: u32, most: u32) -> Result<u64, String> {
    let wrong =
        || format!("`{field}` is no {what}: {least} to {most}, `*`, `a-b`, `/step`, commas");
    let number = |text: &str| {
        let plain = (1..=2).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        let number = text.parse::<u32>().ok().filter(|_| plain);
        number.filter(|number| (least..=most).contains(number)).ok_or_else(wrong)
    };
    let mut found = 0;
    for part in field.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, step.parse::<u32>().map_err(|_| wrong())?),
            None => (part, 1),
        };
        if step == 0 || step > most {
            return Err(wrong());
        }
        let (from, to) = match (range, range.split_once('-')) {
            ("*", _) => (least, most),
            (_, Some((from, to))) => (number(from)?, number(to)?),
            // `5/15` is from 5 on.
            (one, None) if part.contains('/') => (number(one)?, most),
            (one, None) => (number(one)?, number(one)?),
        };
        if from > to {
            return Err(wrong());
        }
        (from..=to).step_by(usize::try_from(step).unwrap_or(1)).for_each(|at| found |= 1 << at);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(schedule: &str, zone: &str, after: &str, count: usize) -> Vec<String> {
        let schedule = Schedule::read(schedule).unwrap();
        let zone = TimeZone::get(zone).unwrap();
        let mut at: Timestamp = after.parse().unwrap();
        let mut next = || {
            at = schedule.next_after(at, &zone)?;
            Some(at.to_zoned(zone.clone()).strftime("%a %Y-%m-%d %H:%M %Z").to_string())
        };
        (0..count).map_while(|_| next()).collect()
    }

    #[test]
    fn when_it_runs_next() {
        let after = "2026-03-02T09:00:00Z";
        for (schedule, next) in [
            ("* * * * *", ["Mon 2026-03-02 09:01", "Mon 2026-03-02 09:02"]),
            ("15 2 * * *", ["Tue 2026-03-03 02:15", "Wed 2026-03-04 02:15"]),
            ("*/20 9-10 * * *", ["Mon 2026-03-02 09:20", "Mon 2026-03-02 09:40"]),
            ("5/30 9 * * *", ["Mon 2026-03-02 09:05", "Mon 2026-03-02 09:35"]),
            ("0 0 1 * *", ["Wed 2026-04-01 00:00", "Fri 2026-05-01 00:00"]),
            ("0 0 31 * *", ["Tue 2026-03-31 00:00", "Sun 2026-05-31 00:00"]),
            ("0 0 29 2 *", ["Tue 2028-02-29 00:00", "Sun 2032-02-29 00:00"]),
            ("30 8 * * 1-5", ["Tue 2026-03-03 08:30", "Wed 2026-03-04 08:30"]),
            ("0 6 * * 0", ["Sun 2026-03-08 06:00", "Sun 2026-03-15 06:00"]),
            ("0 6 * * 7", ["Sun 2026-03-08 06:00", "Sun 2026-03-15 06:00"]),
            // Either day will do when both are named.
            ("0 6 13 * 5", ["Fri 2026-03-06 06:00", "Fri 2026-03-13 06:00"]),
            ("0 6 4,20 1-3/2 *", ["Wed 2026-03-04 06:00", "Fri 2026-03-20 06:00"]),
        ] {
            let next = next.map(|at| format!("{at} UTC"));
            assert_eq!(runs(schedule, "UTC", after, 2), next, "{schedule}");
        }
    }

    #[test]
    fn clocks_that_go_forward_and_back() {
        // 02:30 is not there on the 29th of March, and there twice on the 25th of October.
        let spring = runs("30 2 * * *", "Europe/Warsaw", "2026-03-28T12:00:00Z", 2);
        assert_eq!(spring, ["Sun 2026-03-29 03:30 CEST", "Mon 2026-03-30 02:30 CEST"]);
        let autumn = runs("30 2 * * *", "Europe/Warsaw", "2026-10-24T12:00:00Z", 2);
        assert_eq!(autumn, ["Sun 2026-10-25 02:30 CEST", "Mon 2026-10-26 02:30 CET"]);
        let night = runs("15 2 * * *", "Asia/Ho_Chi_Minh", "2026-03-02T09:00:00Z", 1);
        assert_eq!(night, ["Tue 2026-03-03 02:15 +07"]);
    }

    #[test]
    fn what_is_no_schedule() {
        for text in [
            "",
            "15 2 * *",
            "15 2 * * * *",
            "60 * * * *",
            "* 24 * * *",
            "* * 0 * *",
            "* * * 13 *",
            "* * * * 8",
            "a * * * *",
            "*/0 * * * *",
            "5-1 * * * *",
            "-1 * * * *",
            "1,,2 * * * *",
            "0 0 31 2 *",
            "@daily",
            "+1 * * * *",
            "1- * * * *",
            "001 * * * *",
        ] {
            assert!(Schedule::read(text).is_err(), "{text}");
        }
    }
}
