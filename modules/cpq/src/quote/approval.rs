//! When a quote needs a manager's approval. Pure.
//! Not here: the approval itself (`course`).

use fondaco_kernel::ports::pricing::StepKind;
use fondaco_kernel::values::{Decimal, Rounding, round};

use super::Limits;
use super::sheet::{Sheet, SheetLine, Totals};
use crate::waterfall::percent;

/// Why it needs one; `None` when it is within the company's limits. The margin itself is not told:
/// who reads this may not read what things cost.
pub(super) fn reason(sheet: &Sheet, totals: &Totals, limits: &Limits) -> Option<String> {
    let mut reasons = Vec::new();
    if let Some(most) = limits.quote_discount_max {
        for (at, line) in sheet.lines.iter().enumerate() {
            let given = by_hand(line);
            if given > most {
                reasons.push(format!(
                    "Line {}: {} given by hand, more than {}.",
                    at + 1,
                    percent(given),
                    percent(most)
                ));
            }
        }
    }
    let margin = totals.margin_rate();
    if let (Some(least), Some(margin)) = (limits.quote_margin_min, margin)
        && margin < least
    {
        reasons.push("The margin is below the company's minimum.".to_owned());
    }
    (!reasons.is_empty()).then(|| reasons.join(" "))
}

/// What was given by hand, as a share of the price before it; four digits are enough to compare.
fn by_hand(line: &SheetLine) -> Decimal {
    let Some(priced) = &line.priced else { return Decimal::ZERO };
    let steps = &priced.price.steps;
    let first = steps.iter().position(|step| step.kind == StepKind::Discount);
    let before = first.and_then(|first| steps.get(first.checked_sub(1)?));
    let Some(before) = before.map(|step| step.unit_price) else { return Decimal::ZERO };
    let given = (before - priced.price.net).checked_div(before);
    round(given.unwrap_or_default(), 4, Rounding::HalfUp)
}
