//! `[views.list]` and the like: kept as they are written, once each name in them is a field and each
//! condition an expression. What the pages make of them is not known here.

use serde_json::Value as Json;

use super::document::{Faults, Item, Table};
use super::{Loader, Part, PartKind, keys};
use crate::expr::{Type, compile};
use crate::{Kind, Model, Schema};

/// Hold names of fields: one, a list, or tables with `field`.
const NAMES: [&str; 23] = [
    "field", "fields", "columns", "sort", "group", "by", "card", "rows", "values", "start", "end",
    "title", "subtitle", "image", "x", "y", "sum", "totals", "search", "facets", "badge", "header",
    "side",
];
/// Hold parts with names in them: a list of tables, of lists of names, or a table of such.
const PARTS: [&str; 5] = ["groups", "tabs", "sections", "colours", "filters"];
/// Hold an expression that is true or false.
const CONDITIONS: [&str; 3] = ["when", "filter", "show"];
/// Hold something for the pages alone.
const PLAIN: [&str; 12] = [
    "label",
    "help",
    "name",
    "icon",
    "colour",
    "width",
    "wide",
    "kind",
    "limit",
    "placeholder",
    "collapsed",
    "readonly",
];

impl Loader<'_> {
    /// Keeps the views; those of an extension are laid over those of the model.
    pub(super) fn views(&mut self, parts: &[Part<'_>]) {
        for part in self.of_models(parts) {
            let Some(table) = part.table.table("views", &mut self.faults) else { continue };
            if let Some(model) = self.models.get_mut(&part.name) {
                merge(&mut model.views, table.json());
            }
        }
    }
}

/// Lists grow, tables merge, all else is replaced.
fn merge(into: &mut Json, from: Json) {
    match (into, from) {
        (Json::Object(into), Json::Object(from)) => {
            for (key, value) in from {
                match into.get_mut(&key) {
                    Some(there) => merge(there, value),
                    None => {
                        into.insert(key, value);
                    }
                }
            }
        }
        (Json::Array(into), Json::Array(from)) => into.extend(from),
        (into, from) => *into = from,
    }
}

/// Checks all views against the whole schema.
pub(super) fn check_all(schema: &Schema, parts: &[Part<'_>], faults: &mut Faults<'_>) {
    for part in parts {
        if !matches!(part.kind, PartKind::Model | PartKind::Extends) {
            continue;
        }
        let when = part.table.item("when").and_then(|item| item.as_text());
        let applies = when.is_none_or(|module| schema.modules.contains_key(module));
        let views = part.table.item("views").and_then(|item| item.as_table());
        let (Some(model), Some(views), true) = (schema.models.get(&part.name), views, applies)
        else {
            continue;
        };
        views.only(&keys::VIEWS, faults);
        for entry in views.entries() {
            if let Some(table) = entry.item.table(entry.name, faults) {
                Views { schema, faults }.table(model, table);
            }
        }
    }
}

struct Views<'a, 's> {
    schema: &'a Schema,
    faults: &'a mut Faults<'s>,
}

impl Views<'_, '_> {
    /// A table of a view. With `lines`, the names beside it are those of the lines.
    fn table(&mut self, model: &Model, table: Table<'_>) {
        let lines = table.item("lines").and_then(|item| {
            let name = item.as_text()?;
            let found = model.field(name).and_then(|field| match &field.kind {
                Kind::Lines { of, .. } => self.schema.models.get(of),
                _ => None,
            });
            if found.is_none() {
                let message = format!("`{}` has no lines `{name}`", model.name);
                let known = model.lines().map(|(field, _, _)| field.name.as_str());
                self.faults.unknown(item.place, message, name, known);
            }
            found
        });
        let of = lines.map_or(model, |child| child.as_ref());
        for entry in table.entries() {
            match entry.name {
                "lines" => {}
                key if NAMES.contains(&key) => self.names(key, of, entry.item),
                key if PARTS.contains(&key) => self.parts(key, of, entry.item),
                key if CONDITIONS.contains(&key) => self.condition(key, of, entry.item),
                key if PLAIN.contains(&key) => {}
                key => {
                    let known = NAMES.iter().chain(&PARTS).chain(&CONDITIONS).chain(&PLAIN);
                    let known = known.copied().chain(["lines"]);
                    self.faults.unknown(entry.place, format!("unknown key `{key}`"), key, known);
                }
            }
        }
    }

    fn names(&mut self, key: &str, model: &Model, item: Item<'_>) {
        if let Some(name) = item.as_text() {
            let path = if key == "sort" { name.strip_prefix('-').unwrap_or(name) } else { name };
            if let Err(message) = self.schema.path(&model.name, path) {
                self.faults.at(item.place, message);
            }
        } else if let Some(items) = item.items() {
            for item in items {
                self.names(key, model, item);
            }
        } else if let Some(table) = item.as_table() {
            self.table(model, table);
        } else {
            self.faults.at(item.place, item.wanted(key, "names of fields"));
        }
    }

    fn parts(&mut self, key: &str, model: &Model, item: Item<'_>) {
        if let Some(items) = item.items() {
            for part in items {
                match part.as_table() {
                    Some(table) => self.table(model, table),
                    None => self.names(key, model, part),
                }
            }
        } else if let Some(parts) = item.as_table() {
            for entry in parts.entries() {
                self.parts_or_table(entry.name, model, entry.item);
            }
        } else {
            self.faults.at(item.place, item.wanted(key, "a list"));
        }
    }

    fn parts_or_table(&mut self, key: &str, model: &Model, item: Item<'_>) {
        match item.as_table() {
            Some(table) => self.table(model, table),
            None => self.names(key, model, item),
        }
    }

    fn condition(&mut self, key: &str, model: &Model, item: Item<'_>) {
        let Some(text) = item.text(key, self.faults) else { return };
        if let Err(message) = compile(&text.text, model, self.schema, Some(&Type::Bool)) {
            self.faults.at(text.place, format!("expression `{}`: {message}", text.text));
        }
    }
}
