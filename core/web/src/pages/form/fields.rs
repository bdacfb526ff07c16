//! The fields of a form by groups, as the model's view says; what it does not name stands behind
//! them, where it can be opened.

use fondaco_kernel::permissions;
use fondaco_kernel::schema::{Field, Kind};
use maud::{Markup, html};
use serde_json::Value as Json;

use super::Form;
use crate::widgets::{
    Entry, Shown, Table, enter, exponent_of, is_entered, is_of_the_machine, show, table,
};

/// A part of a form.
struct Group<'f> {
    label: Option<String>,
    fields: Vec<&'f Field>,
}

impl Form<'_> {
    pub(super) fn groups(&self) -> Markup {
        let (groups, rest) = self.parts();
        let words = &self.visitor.words;
        html! {
            @for group in &groups {
                section.group .wide[group.fields.iter().any(|field| is_wide(field))] {
                    @if let Some(label) = &group.label { h2 { (words.group(&self.model.name, label)) } }
                    (self.fields(group.label.as_deref(), &group.fields))
                }
            }
            @if !rest.is_empty() {
                details.group.more {
                    summary { (words.say("form-details")) }
                    (self.fields(None, &rest))
                }
            }
            @if !self.is_new { (self.foot()) }
        }
    }

    /// The named groups, and the fields that are in none.
    fn parts(&self) -> (Vec<Group<'_>>, Vec<&Field>) {
        let form = &self.model.views["form"];
        let named =
            ["groups", "tabs"].into_iter().filter_map(|kind| form[kind].as_array()).flatten();
        let mut placed: Vec<&str> = Vec::new();
        let mut groups = Vec::new();
        for part in named {
            // The lines of a document are a part by themselves.
            let names = part["fields"].as_array().into_iter().flatten().chain([&part["lines"]]);
            let fields = names.filter_map(Json::as_str).filter_map(|name| self.model.field(name));
            let fields: Vec<&Field> = fields.filter(|field| self.is_shown(field)).collect();
            placed.extend(fields.iter().map(|field| field.name.as_str()));
            if !fields.is_empty() {
                groups.push(Group { label: part["label"].as_str().map(str::to_owned), fields });
            }
        }
        let others = self.model.fields.values().filter(|field| {
            !placed.contains(&field.name.as_str()) && !field.system && self.is_shown(field)
        });
        let others: Vec<&Field> = others.collect();
        if groups.is_empty() {
            return (vec![Group { label: None, fields: others }], Vec::new());
        }
        (groups, others)
    }

    /// The columns that the view names for the lines of a field.
    fn columns_of(&self, lines: &str) -> Option<Vec<&str>> {
        let form = &self.model.views["form"];
        let mut parts =
            ["groups", "tabs"].into_iter().filter_map(|kind| form[kind].as_array()).flatten();
        let part = parts.find(|part| part["lines"].as_str() == Some(lines))?;
        Some(part["columns"].as_array()?.iter().filter_map(Json::as_str).collect())
    }

    /// Whether a field stands on the form: it may be read, and has something or can be entered.
    fn is_shown(&self, field: &Field) -> bool {
        let readable = permissions::may_read_field(&self.visitor.ctx, self.visitor.schema(), field);
        if !readable || field.name == "state" || is_of_the_machine(field) {
            return false;
        }
        if self.edits() && is_entered(self.visitor, field) {
            return true;
        }
        let at = self.model.field_index(&field.name).unwrap_or_default();
        if self.is_new && field.compute.is_none() && !matches!(field.kind, Kind::Lines { .. }) {
            // Sums of lines, which follow from what one enters.
            return matches!(field.kind, Kind::Money) && self.model.lines().next().is_some();
        }
        let live = self.edits() && field.compute.is_some() && field.stored;
        let has_lines = self.rec.lines.iter().any(|(own, lines)| *own == at && !lines.is_empty());
        let has = !self.rec.values[at].is_null() && !is_empty_list(&self.rec.values[at]);
        has || has_lines || live
    }

    fn fields(&self, label: Option<&str>, fields: &[&Field]) -> Markup {
        html! {
            div.fields {
                @for field in fields {
                    @if let Kind::Lines { of, .. } = &field.kind { (self.lines(label, field, of)) }
                    @else { (self.field(field)) }
                }
            }
        }
    }

    fn field(&self, field: &Field) -> Markup {
        let words = &self.visitor.words;
        let at = self.model.field_index(&field.name).unwrap_or_default();
        let shown = Shown::of(self.visitor, &self.rec, at, exponent_of(self.visitor, &self.rec));
        let label = words.field(&self.model.name, field);
        let help = words.help(&self.model.name, field);
        let id = format!("f-{}", field.name);
        if !(self.edits() && is_entered(self.visitor, field)) {
            return html! {
                div.field.read .long[is_wide(field)] {
                    span.label title=(help) { (label) }
                    output data-of=(field.name) { (show(shown)) }
                }
            };
        }
        let problem = self.problem(&field.name);
        let (raw, typed) = (self.raw(&field.name), self.raw(&format!("{}~", field.name)));
        let entry = Entry {
            shown,
            name: &field.name,
            id: &id,
            problem: problem.as_deref(),
            label: None,
            raw: raw.as_deref(),
            typed: typed.as_deref(),
        };
        html! {
            div.field .long[is_wide(field)] .wrong[problem.is_some()] .tick[matches!(field.kind, Kind::Bool)] {
                label for=(id) { (label) @if is_asked(field) { span.must title=(words.say("form-required")) { " *" } } }
                div.entry {
                    (enter(entry))
                    @if let Some(problem) = &problem { p.problem id={ (id) "-problem" } { (problem) } }
                    @if !help.is_empty() { p.help { (help) } }
                }
            }
        }
    }

    fn lines(&self, group: Option<&str>, field: &Field, of: &str) -> Markup {
        let Some(child) = self.visitor.schema().model(of) else { return html! {} };
        let rows = self.rows(&field.name);
        let (problem, raw) = (|path: &str| self.problem(path), |name: &str| self.raw(name));
        let made = Table {
            visitor: self.visitor,
            field,
            child,
            lines: &rows,
            columns: self.columns_of(&field.name),
            exponent: exponent_of(self.visitor, &self.rec),
            edits: self.edits() && is_entered(self.visitor, field),
            problem: &problem,
            raw: &raw,
        };
        let label = self.visitor.words.field(&self.model.name, field);
        html! {
            div.field.lines-field id={ "f-" (field.name) } {
                // Said once, where the group is called the same.
                @if group != Some(field.label.as_str()) { h3 { (label) } }
                @if let Some(problem) = self.problem(&field.name) { p.problem { (problem) } }
                (table(&made))
            }
        }
    }

    /// Who made it and changed it last, and its id.
    fn foot(&self) -> Markup {
        let words = &self.visitor.words;
        let time = |name: &str| {
            let at = self.model.field_index(name)?;
            self.rec.values[at].as_time()
        };
        html! {
            p.foot {
                @if let Some(at) = time("created_at") { span { (words.say("form-created")) " " (crate::widgets::moment(words.locale.time(at), at)) } }
                @if let Some(at) = time("updated_at") { span { (words.say("form-changed-at")) " " (crate::widgets::moment(words.locale.time(at), at)) } }
                span { (words.say("form-id")) " " code { (self.rec.id) } }
            }
        }
    }
}

fn is_empty_list(value: &fondaco_kernel::values::Value) -> bool {
    value.as_list().is_some_and(<[_]>::is_empty)
}

/// Whether it takes the whole width.
fn is_wide(field: &Field) -> bool {
    matches!(field.kind, Kind::LongText | Kind::Json | Kind::Lines { .. })
}

/// Whether somebody has to fill it in: the program has no value for it when it is empty.
fn is_asked(field: &Field) -> bool {
    field.required && field.default.is_none() && !field.help.contains("Empty")
}
