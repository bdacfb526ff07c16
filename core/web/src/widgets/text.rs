//! Texts: plain, long, addresses of mail, telephones and pages, JSON.

use fondaco_kernel::values::{Value, limits};
use maud::{Markup, html};

use super::{Entry, Shown, described, held};

pub(super) fn show(shown: Shown<'_>) -> Markup {
    html! { (words(shown)) }
}

pub(super) fn show_long(shown: Shown<'_>) -> Markup {
    html! { span.long { (words(shown)) } }
}

pub(super) fn show_email(shown: Shown<'_>) -> Markup {
    let address = words(shown);
    html! { a href={ "mailto:" (address) } { (address) } }
}

pub(super) fn show_phone(shown: Shown<'_>) -> Markup {
    let number = words(shown);
    let digits: String = number.chars().filter(|c| c.is_ascii_digit() || *c == '+').collect();
    html! { a href={ "tel:" (digits) } { (number) } }
}

/// Only what is a page of the web is a link: other schemes could run something.
pub(super) fn show_url(shown: Shown<'_>) -> Markup {
    let address = words(shown);
    if !(address.starts_with("https://") || address.starts_with("http://")) {
        return html! { (address) };
    }
    html! { a href=(address) rel="noopener noreferrer nofollow" target="_blank" { (address) } }
}

pub(super) fn show_json(shown: Shown<'_>) -> Markup {
    html! { pre.json { (held(&shown.field.kind, shown.value)) } }
}

fn words(shown: Shown<'_>) -> String {
    match shown.value {
        Value::Text(text) => text.clone(),
        other => held(&shown.field.kind, other),
    }
}

pub(super) fn enter(entry: Entry<'_>, kind: &str) -> Markup {
    let (by, invalid) = described(entry);
    html! {
        input type=(kind) id=(entry.id) name=(entry.name) value=(entry.text())
            maxlength=(limits::TEXT_CHARS_MAX) autocomplete="off"
            aria-label=[entry.label] aria-describedby=[by] aria-invalid=[invalid];
    }
}

pub(super) fn enter_long(entry: Entry<'_>) -> Markup {
    let (by, invalid) = described(entry);
    // The first line break of a text area is eaten by the browser.
    html! {
        textarea id=(entry.id) name=(entry.name) rows="3"
            aria-label=[entry.label] aria-describedby=[by] aria-invalid=[invalid] {
            "\n" (entry.text())
        }
    }
}

pub(super) fn enter_json(entry: Entry<'_>) -> Markup {
    let (by, invalid) = described(entry);
    html! {
        textarea.mono id=(entry.id) name=(entry.name) rows="3" spellcheck="false"
            placeholder=(entry.shown.visitor.words.say("json-help"))
            aria-label=[entry.label] aria-describedby=[by] aria-invalid=[invalid] {
            "\n" (entry.text())
        }
    }
}
