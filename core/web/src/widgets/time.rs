//! Days and moments. Moments are entered and shown in UTC by the server; a browser with scripts
//! shows them in its own zone.

use fondaco_kernel::values::{Timestamp, Value};
use maud::{Markup, html};

use super::{Entry, Shown, described};

pub(super) fn show_date(shown: Shown<'_>) -> Markup {
    let Value::Date(date) = shown.value else { return html! {} };
    html! { time.n datetime=(date) { (shown.visitor.words.locale.date(*date)) } }
}

pub(super) fn show_time(shown: Shown<'_>) -> Markup {
    let Value::Time(at) = shown.value else { return html! {} };
    moment(shown.visitor.words.locale.time(*at), *at)
}

pub(crate) fn moment(text: String, at: Timestamp) -> Markup {
    html! { time.n datetime=(at) title={ (text) " UTC" } { (text) } }
}

pub(super) fn enter_date(entry: Entry<'_>) -> Markup {
    let (by, invalid) = described(entry);
    html! {
        input type="date" id=(entry.id) name=(entry.name)
            value=(entry.text())
            max="9999-12-31"
            aria-label=[entry.label] aria-describedby=[by] aria-invalid=[invalid];
    }
}

pub(super) fn enter_time(entry: Entry<'_>) -> Markup {
    let (by, invalid) = described(entry);
    html! {
        span.figure {
            input type="datetime-local" id=(entry.id) name=(entry.name)
                value=(entry.text()) step="1"

                aria-label=[entry.label] aria-describedby=[by] aria-invalid=[invalid];
            span.unit { "UTC" }
        }
    }
}

/// As an input of a browser has it: `2026-03-05T14:07:00`, in UTC.
pub(super) fn held(at: Timestamp) -> String {
    let text = at.to_string();
    let whole = text.split_once('.').map_or(text.trim_end_matches('Z'), |(whole, _)| whole);
    whole.to_owned()
}
