//! Payment terms: when which part of an invoice is due. Pure.

use fondaco_kernel::shared::PaymentTermLine;
use fondaco_values::{Date, Decimal, Rounding, round, share};

/// One part of a payment term.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// Of the whole, in millionths.
    pub(crate) share_millionths: i64,
    pub(crate) days: i64,
    pub(crate) end_of_month: bool,
}

impl Part {
    pub(crate) fn of(line: &PaymentTermLine) -> Part {
        let millionths = round(line.share * Decimal::from(1_000_000), 0, Rounding::HalfUp);
        Part {
            share_millionths: i64::try_from(millionths.normalize().mantissa()).unwrap_or(0),
            days: line.days,
            end_of_month: line.end_of_month,
        }
    }

    fn due(&self, from: Date) -> Date {
        let start = if self.end_of_month { from.last_of_month() } else { from };
        start.saturating_add(jiff_days(self.days))
    }
}

pub(crate) fn jiff_days(days: i64) -> std::time::Duration {
    std::time::Duration::from_secs(u64::try_from(days).unwrap_or(0) * 86_400)
}

/// Splits a total (minor units, either sign) by a payment term: due dates and amounts in order of
/// date, adding up to the total. The last part takes what is left. Without parts all is due at once.
pub(crate) fn instalments(total: i64, from: Date, parts: &[Part]) -> Vec<(Date, i64)> {
    let Some((last, before)) = parts.split_last() else { return vec![(from, total)] };
    let mut left = total;
    let mut due: Vec<(Date, i64)> = Vec::with_capacity(parts.len());
    for part in before {
        let wanted = share(total, i128::from(part.share_millionths), 1_000_000, Rounding::HalfUp);
        // Terms that ask for more than the whole get the whole.
        let wanted = wanted.unwrap_or(0);
        let amount = if total < 0 { wanted.clamp(left, 0) } else { wanted.clamp(0, left) };
        left -= amount;
        due.push((part.due(from), amount));
    }
    due.push((last.due(from), left));
    due.sort_by_key(|(date, _)| *date);
    due.dedup_by(|later, kept| {
        let same = later.0 == kept.0;
        if same {
            kept.1 += later.1;
        }
        same
    });
    due.retain(|(_, amount)| *amount != 0);
    if due.is_empty() { vec![(last.due(from), total)] } else { due }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(percent: i64, days: i64) -> Part {
        Part { share_millionths: percent * 10_000, days, end_of_month: false }
    }

    fn split(total: i64, parts: &[Part]) -> String {
        let parts = instalments(total, "2026-01-31".parse().unwrap(), parts);
        let words: Vec<String> = parts.iter().map(|(d, a)| format!("{d} {a}")).collect();
        words.join(", ")
    }

    #[test]
    fn parts_add_up_and_the_last_takes_the_rest() {
        assert_eq!(split(100, &[]), "2026-01-31 100");
        assert_eq!(split(100, &[part(100, 30)]), "2026-03-02 100");
        assert_eq!(
            split(100, &[part(33, 0), part(33, 10), part(34, 20)]),
            "2026-01-31 33, 2026-02-10 33, 2026-02-20 34"
        );
        assert_eq!(split(101, &[part(50, 0), part(50, 30)]), "2026-01-31 51, 2026-03-02 50");
        assert_eq!(split(-101, &[part(50, 0), part(50, 30)]), "2026-01-31 -51, 2026-03-02 -50");
        // The same day is one part, nothing is no part, too much is the whole.
        assert_eq!(split(100, &[part(50, 7), part(50, 7)]), "2026-02-07 100");
        assert_eq!(split(100, &[part(0, 0), part(100, 7)]), "2026-02-07 100");
        assert_eq!(
            split(100, &[part(80, 0), part(80, 5), part(40, 9)]),
            "2026-01-31 80, 2026-02-05 20"
        );
        assert_eq!(split(0, &[part(50, 0), part(50, 30)]), "2026-03-02 0");
    }

    #[test]
    fn after_the_end_of_the_month() {
        let part = |days| Part { share_millionths: 1_000_000, days, end_of_month: true };
        assert_eq!(split(5, &[part(0)]), "2026-01-31 5");
        assert_eq!(split(5, &[part(15)]), "2026-02-15 5");
    }
}
