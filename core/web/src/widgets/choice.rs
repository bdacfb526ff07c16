//! One of several: yes or no, a value of a choice, a state; and tags.

use fondaco_kernel::schema::{Choice, Field, Kind};
use fondaco_kernel::values::Value;
use maud::{Markup, html};

use super::{Entry, Shown, described};
use crate::visitor::Visitor;

pub(super) fn show_bool(shown: Shown<'_>) -> Markup {
    let words = &shown.visitor.words;
    match shown.value.as_bool() {
        Some(true) => html! { span.yes { (words.say("yes")) } },
        _ => html! { span.soft { (words.say("no")) } },
    }
}

pub(super) fn show(shown: Shown<'_>) -> Markup {
    let value = shown.value.as_text().unwrap_or_default();
    badge(shown.visitor, &shown.model.name, shown.field, value)
}

/// A value of a choice as a badge. Its colour follows from what it is among the values.
pub(crate) fn badge(visitor: &Visitor, model: &str, field: &Field, value: &str) -> Markup {
    let tone = if field.name == "state" { tone(value) } else { "plain" };
    html! { span.badge data-tone=(tone) { (label(visitor, model, field, value)) } }
}

/// What states of the house mean, whichever model has them.
pub(crate) fn tone(state: &str) -> &'static str {
    match state {
        "draft" | "new" | "planned" | "requested" => "new",
        "done" | "won" | "paid" | "posted" | "approved" | "active" | "accepted" => "good",
        "cancelled" | "lost" | "rejected" | "refused" | "expired" | "closed" => "gone",
        _ => "busy",
    }
}

/// The name of a value of a choice, in the reader's language.
pub(crate) fn label(visitor: &Visitor, model: &str, field: &Field, value: &str) -> String {
    let known = values(field).iter().find(|choice| choice.value == value);
    let english = known.map_or(value, |choice| choice.label.as_str());
    visitor.words.choice(model, &field.name, value, english).into_owned()
}

pub(crate) fn values(field: &Field) -> &[Choice] {
    if let Kind::Choice { values } = &field.kind { values } else { &[] }
}

pub(super) fn show_tags(shown: Shown<'_>) -> Markup {
    let tags = shown.value.as_list().unwrap_or_default().iter().filter_map(Value::as_text);
    html! { span.tags { @for tag in tags { span.tag { (tag) } } } }
}

/// The hidden field in front says no where the box is not ticked.
pub(super) fn enter_bool(entry: Entry<'_>) -> Markup {
    let (by, _) = described(entry);
    html! {
        span.tick {
            input type="hidden" name=(entry.name) value="false";
            input type="checkbox" id=(entry.id) name=(entry.name) value="true"
                checked[entry.text() == "true"]
                aria-label=[entry.label] aria-describedby=[by];
        }
    }
}

pub(super) fn enter(entry: Entry<'_>) -> Markup {
    let Shown { visitor, model, field, value, .. } = entry.shown;
    let (by, invalid) = described(entry);
    let now = entry.raw.or(value.as_text()).filter(|now| !now.is_empty());
    html! {
        select id=(entry.id) name=(entry.name)
            aria-label=[entry.label] aria-describedby=[by] aria-invalid=[invalid] {
            @if !field.required || now.is_none() { option value="" {} }
            @for choice in values(field) {
                option value=(choice.value) selected[now == Some(choice.value.as_str())] {
                    (label(visitor, &model.name, field, &choice.value))
                }
            }
        }
    }
}

pub(super) fn enter_tags(entry: Entry<'_>) -> Markup {
    let (by, invalid) = described(entry);
    html! {
        input type="text" id=(entry.id) name=(entry.name)
            value=(entry.text()) autocomplete="off"
            placeholder=(entry.shown.visitor.words.say("tags-help"))
            aria-label=[entry.label] aria-describedby=[by] aria-invalid=[invalid];
    }
}
