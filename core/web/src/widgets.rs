//! How a value of each type of field is shown and entered: one function a type, found here by hand.
//! What an input holds is plain: ISO dates, decimals with a point; only what is shown is written as
//! the reader's language does.
//! Not here: what becomes of what was entered (`entered`), lines of documents (`lines`).

mod choice;
mod lines;
mod link;
mod number;
mod options;
mod text;
mod time;

use fondaco_kernel::record::Rec;
use fondaco_kernel::schema::{Action, Field, Kind, Model};
use fondaco_kernel::values::{Value, currency_exponent};
use maud::{Markup, html};

use crate::visitor::Visitor;

pub(crate) use choice::{label, tone, values};
pub(crate) use lines::{Table, blank, is_entered, is_of_the_machine, shown_fields, table};
pub(crate) use options::held as held_options;
pub(crate) use time::moment;

/// A value on a page.
#[derive(Clone, Copy)]
pub(crate) struct Shown<'a> {
    pub(crate) visitor: &'a Visitor,
    pub(crate) model: &'a Model,
    pub(crate) field: &'a Field,
    pub(crate) value: &'a Value,
    /// The name of the record that a link leads to.
    pub(crate) title: Option<&'a str>,
    /// Decimals of the currency that amounts are in.
    pub(crate) exponent: u8,
}

/// A value that can be entered.
#[derive(Clone, Copy)]
pub(crate) struct Entry<'a> {
    pub(crate) shown: Shown<'a>,
    /// The name of the input, such as `lines.0.product`.
    pub(crate) name: &'a str,
    /// The id of the input, which its label names.
    pub(crate) id: &'a str,
    pub(crate) problem: Option<&'a str>,
    /// Said by a label that is not seen, where a column's heading is the label.
    pub(crate) label: Option<&'a str>,
    /// What somebody has typed, right or wrong; instead of the value.
    pub(crate) raw: Option<&'a str>,
    /// The same of the name in the box of a link.
    pub(crate) typed: Option<&'a str>,
}

impl<'a> Shown<'a> {
    /// A field of which there is no value yet.
    pub(crate) fn blank(
        visitor: &'a Visitor,
        model: &'a Model,
        field: &'a Field,
        exponent: u8,
    ) -> Shown<'a> {
        Shown { visitor, model, field, value: &Value::Null, title: None, exponent }
    }
}

impl<'a> Entry<'a> {
    /// One in which nobody has typed anything, under a label of its own.
    pub(crate) fn new(shown: Shown<'a>, name: &'a str, id: &'a str) -> Entry<'a> {
        let (problem, label, raw, typed) = (None, None, None, None);
        Entry { shown, name, id, problem, label, raw, typed }
    }

    /// What the input holds.
    fn text(&self) -> String {
        let own = || held_in(&self.shown.field.kind, self.shown.value, self.shown.exponent);
        self.raw.map_or_else(own, str::to_owned)
    }
}

impl<'a> Shown<'a> {
    /// The value of a field of a record.
    pub(crate) fn of(visitor: &'a Visitor, rec: &'a Rec, at: usize, exponent: u8) -> Shown<'a> {
        let title = rec.titles.iter().find(|(link, _)| *link == at);
        Shown {
            visitor,
            model: &rec.model,
            field: &rec.model.fields[at],
            value: &rec.values[at],
            title: title.map(|(_, title)| title.as_str()),
            exponent,
        }
    }
}

/// The value as one reads it. Nothing is an empty page, not a dash for screen readers to say.
pub(crate) fn show(shown: Shown<'_>) -> Markup {
    if shown.value.is_null() {
        return html! {};
    }
    match &shown.field.kind {
        Kind::Text => text::show(shown),
        Kind::LongText => text::show_long(shown),
        Kind::Email => text::show_email(shown),
        Kind::Phone => text::show_phone(shown),
        Kind::Url => text::show_url(shown),
        Kind::Integer => number::show_integer(shown),
        Kind::Decimal { .. } => number::show_decimal(shown),
        Kind::Money => number::show_money(shown),
        Kind::Percent => number::show_percent(shown),
        Kind::Duration => number::show_duration(shown),
        Kind::Bool => choice::show_bool(shown),
        Kind::Choice { .. } => choice::show(shown),
        Kind::Tags => choice::show_tags(shown),
        Kind::Date => time::show_date(shown),
        Kind::DateTime => time::show_time(shown),
        Kind::Link { .. } => link::show(shown),
        Kind::Links { .. } => link::show_many(shown),
        Kind::File => link::show_file(shown),
        Kind::Json => text::show_json(shown),
        Kind::Options { .. } => options::show(shown),
        Kind::Lines { .. } => html! {},
    }
}

/// What an action asks for, under its name, on pages that are worked with by thumb.
pub(crate) fn asked(shown: Shown<'_>, action: &Action, id: &str) -> Markup {
    let arg = shown.field;
    let (title, help) = shown.visitor.words.arg((&shown.model.name, &action.name), arg);
    html! {
        div.asked {
            label for=(id) { (title) } (enter(Entry::new(shown, &arg.name, id)))
            @if !help.is_empty() { p.soft { (help) } }
        }
    }
}

/// The state of a record, where it has one.
pub(crate) fn state_badge(visitor: &Visitor, rec: &Rec) -> Markup {
    let shown = rec.model.field("state").zip(rec.state());
    html! {
        @if let Some((field, state)) = shown {
            span.badge data-tone=(tone(state)) { (label(visitor, &rec.model.name, field, state)) }
        }
    }
}

/// The input for a value.
pub(crate) fn enter(entry: Entry<'_>) -> Markup {
    match &entry.shown.field.kind {
        Kind::Text => text::enter(entry, "text"),
        Kind::LongText => text::enter_long(entry),
        Kind::Email => text::enter(entry, "email"),
        Kind::Phone => text::enter(entry, "tel"),
        Kind::Url => text::enter(entry, "url"),
        Kind::Integer => number::enter(entry),
        Kind::Decimal { .. } => number::enter(entry),
        Kind::Money => number::enter_money(entry),
        Kind::Percent => number::enter_percent(entry),
        Kind::Duration => number::enter(entry),
        Kind::Bool => choice::enter_bool(entry),
        Kind::Choice { .. } => choice::enter(entry),
        Kind::Tags => choice::enter_tags(entry),
        Kind::Date => time::enter_date(entry),
        Kind::DateTime => time::enter_time(entry),
        Kind::Link { .. } => link::enter(entry),
        Kind::Links { .. } => link::enter_many(entry),
        Kind::File => link::enter_file(entry),
        Kind::Json => text::enter_json(entry),
        Kind::Options { product } => options::enter(entry, product),
        Kind::Lines { .. } => html! {},
    }
}

/// What the input of a value holds.
pub(crate) fn held(kind: &Kind, value: &Value) -> String {
    match (kind, value) {
        (_, Value::Null) => String::new(),
        (_, Value::Text(text)) => text.clone(),
        (Kind::Percent, value) => number::percent(value),
        (Kind::Duration, Value::Int(seconds)) => number::duration(*seconds),
        (Kind::DateTime, Value::Time(at)) => time::held(*at),
        (_, Value::Decimal(number)) => number.normalize().to_string(),
        (_, Value::List(items)) => {
            items.iter().map(|item| held(&Kind::Text, item)).collect::<Vec<_>>().join("; ")
        }
        (Kind::Options { .. }, Value::Json(json)) => options::held(json),
        (Kind::Json, Value::Json(json)) => serde_json::to_string_pretty(json).unwrap_or_default(),
        (_, other) => match other.to_json() {
            serde_json::Value::String(text) => text,
            other => other.to_string(),
        },
    }
}

/// The same of a record whose amounts have so many decimals.
pub(crate) fn held_in(kind: &Kind, value: &Value, exponent: u8) -> String {
    match kind {
        Kind::Money => number::money(value, exponent),
        kind => held(kind, value),
    }
}

/// How a record is called; one that has no number yet is called so.
pub(crate) fn name_of(visitor: &Visitor, rec: &Rec) -> String {
    let own = rec.model.field(&rec.model.title).filter(|field| field.name == "number");
    match own.and_then(|_| rec.model.field_index("number")) {
        Some(at) if rec.values[at].is_null() => visitor.words.say("no-number").into_owned(),
        _ => rec.title(),
    }
}

/// Decimals of the currency that a record's amounts are in: its own, else the company's.
pub(crate) fn exponent_of(visitor: &Visitor, rec: &Rec) -> u8 {
    let own = rec.model.field_index("currency");
    let title = own.and_then(|at| rec.titles.iter().find(|(link, _)| *link == at));
    title.and_then(|(_, code)| currency_exponent(code)).unwrap_or_else(|| visitor.exponent())
}

/// Whether it stands at the right of its column.
pub(crate) fn is_figure(field: &Field) -> bool {
    field.kind.is_number()
}

/// Of an input: what is said of it, and that it is wrong.
fn described(entry: Entry<'_>) -> (Option<String>, Option<&'static str>) {
    let by = entry.problem.map(|_| format!("{}-problem", entry.id));
    (by, entry.problem.map(|_| "true"))
}
