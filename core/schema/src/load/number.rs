//! Document numbers: one template, `number = "SO-{year}-{seq:5}"`, or one for each value of a choice:
//!
//! ```toml
//! [number.kind]
//! invoice = "INV-{year}-{seq:5}"
//! credit_note = "CN-{year}-{seq:5}"
//! ```

use super::document::{Entry, Faults, Table, Text};
use super::{Loader, Part};
use crate::{Kind, Numbering};

pub(super) fn read(table: Table<'_>, faults: &mut Faults<'_>) -> Option<Numbering> {
    let item = table.item("number")?;
    let Some(by) = item.as_table() else {
        let template = item.text("number", faults)?;
        check(&template, faults);
        return Some(Numbering::One(template.text));
    };
    let Some(choice) = only_entry(by) else {
        faults.at(by.place, "numbers go by one choice field: [number.kind]");
        return None;
    };
    let mut template = |value: Entry<'_>| {
        let template = value.item.text(value.name, faults)?;
        check(&template, faults);
        Some((value.name.to_owned(), template.text))
    };
    let values = choice.item.as_table().map(|values| values.entries()).unwrap_or_default();
    let templates = values.into_iter().filter_map(&mut template).collect();
    Some(Numbering::ByChoice { field: choice.name.to_owned(), templates })
}

fn only_entry(table: Table<'_>) -> Option<Entry<'_>> {
    let mut entries = table.entries();
    if entries.len() == 1 { entries.pop() } else { None }
}

impl Loader<'_> {
    /// Numbers by a choice have a template for each of its values, and for nothing else.
    pub(super) fn numbers(&mut self, part: &Part<'_>) {
        let Some(model) = self.models.get(&part.name) else { return };
        let Some(Numbering::ByChoice { field, templates }) = &model.number else { return };
        let choice = part.table.item("number").and_then(|item| only_entry(item.as_table()?));
        let place = choice.map_or(part.place, |choice| choice.place);
        let values = match model.field(field).map(|field| (&field.kind, field.required)) {
            Some((Kind::Choice { values }, true)) => values,
            Some(_) => {
                let message = format!("numbers go by a required choice, which `{field}` is not");
                return self.faults.at(place, message);
            }
            None => {
                let message = format!("`{}` has no field `{field}`", model.name);
                let known = model.fields.keys().map(String::as_str);
                return self.faults.unknown(place, message, field, known);
            }
        };
        let known = || values.iter().map(|choice| choice.value.as_str());
        for value in known().filter(|value| !templates.contains_key(*value)) {
            self.faults.at(place, format!("there is no number for `{field}` {value}"));
        }
        for value in templates.keys().filter(|value| !known().any(|known| known == *value)) {
            let message = format!("`{field}` has no value `{value}`");
            self.faults.unknown(place, message, value, known());
        }
    }
}

/// Refuses unknown braces and a template without exactly one running number.
fn check(template: &Text, faults: &mut Faults<'_>) {
    const KNOWN: &str = "{year}, {month}, {day}, {seq} and {seq:5} are known";
    let mut sequences = 0;
    let mut rest = template.text.as_str();
    while let Some(at) = rest.find(['{', '}']) {
        let inside = rest[at..].strip_prefix('{').and_then(|rest| rest.split_once('}'));
        let Some((word, after)) = inside else {
            return faults.at(template.place, "a brace is not closed, or not opened");
        };
        match word {
            "year" | "month" | "day" => {}
            "seq" => sequences += 1,
            word => match word.strip_prefix("seq:").map(str::parse::<u8>) {
                Some(Ok(1..=12)) => sequences += 1,
                Some(_) => faults.at(template.place, "`seq` has from 1 to 12 digits: {seq:5}"),
                None => {
                    let message = format!("`{{{word}}}` is not known in a number");
                    faults.with_help(template.place, message, Some(KNOWN.to_owned()));
                    sequences = 1;
                }
            },
        }
        rest = after;
    }
    if sequences != 1 {
        faults.at(template.place, "a number holds the running number once: {seq} or {seq:5}");
    }
}
