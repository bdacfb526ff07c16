//! Numbers: whole, with decimals, money, shares, spans of time. No floats: an input is a text that
//! is read as a decimal.

use fondaco_kernel::values::{Decimal, Value};
use maud::{Markup, html};

use super::{Entry, Shown, described};

pub(super) fn show_integer(shown: Shown<'_>) -> Markup {
    let number = shown.value.as_int().unwrap_or_default();
    // An id of another record is a name, not an amount.
    let is_name = shown.field.name.ends_with("_id") || shown.field.name == "record";
    let text = match is_name {
        true => number.to_string(),
        false => shown.visitor.words.locale.int(number),
    };
    html! { span.n { (text) } }
}

pub(super) fn show_decimal(shown: Shown<'_>) -> Markup {
    let number = shown.value.as_decimal().unwrap_or_default();
    html! { span.n { (shown.visitor.words.locale.decimal(number, 0)) } }
}

pub(super) fn show_money(shown: Shown<'_>) -> Markup {
    let amount = shown.value.as_decimal().unwrap_or_default();
    html! { span.n { (shown.visitor.words.locale.money(amount, shown.exponent)) } }
}

pub(super) fn show_percent(shown: Shown<'_>) -> Markup {
    let share = shown.value.as_decimal().unwrap_or_default();
    html! { span.n { (shown.visitor.words.locale.percent(share)) } }
}

pub(super) fn show_duration(shown: Shown<'_>) -> Markup {
    let seconds = shown.value.as_int().unwrap_or_default();
    html! { span.n { (shown.visitor.words.locale.duration(seconds)) } }
}

pub(super) fn enter(entry: Entry<'_>) -> Markup {
    figure(entry, None)
}

pub(super) fn enter_money(entry: Entry<'_>) -> Markup {
    figure(entry, None)
}

pub(super) fn enter_percent(entry: Entry<'_>) -> Markup {
    figure(entry, Some("%"))
}

fn figure(entry: Entry<'_>, unit: Option<&str>) -> Markup {
    let (by, invalid) = described(entry);
    html! {
        span.figure {
            input.n type="text" inputmode="decimal" id=(entry.id) name=(entry.name) value=(entry.text())
                autocomplete="off"
                aria-label=[entry.label] aria-describedby=[by] aria-invalid=[invalid];
            @if let Some(unit) = unit { span.unit { (unit) } }
        }
    }
}

/// As many decimals as the currency has; more where there are more.
pub(super) fn money(value: &Value, exponent: u8) -> String {
    let Some(mut amount) = value.as_decimal().map(|amount| amount.normalize()) else {
        return String::new();
    };
    if amount.scale() < u32::from(exponent) {
        amount.rescale(u32::from(exponent));
    }
    amount.to_string()
}

/// 0.125 is entered as 12.5.
pub(super) fn percent(value: &Value) -> String {
    let share = value.as_decimal();
    share.map_or_else(String::new, |s| (s * Decimal::ONE_HUNDRED).normalize().to_string())
}

/// Hours and minutes, and seconds where there are some: 1:30.
pub(super) fn duration(seconds: i64) -> String {
    let sign = if seconds < 0 { "-" } else { "" };
    let all = seconds.unsigned_abs();
    let (hours, minutes, rest) = (all / 3600, all / 60 % 60, all % 60);
    if rest == 0 {
        format!("{sign}{hours}:{minutes:02}")
    } else {
        format!("{sign}{hours}:{minutes:02}:{rest:02}")
    }
}
