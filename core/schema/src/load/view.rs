//! `[views.list]` and the like: kept as they are written, once each name in them is a field and each
//! condition an expression. What the pages make of them is not known here.

use serde_json::Value as Json;

use super::document::{Faults, Item, Place, Table};
use super::{Loader, Part, PartKind, keys};
use crate::expr::{Type, compile};
use crate::{Kind, Model, Schema};

/// Hold names of fields: one, a list, or tables with `field`.
const NAMES: [&str; 33] = [
    "field", "fields", "columns", "sort", "group", "by", "card", "rows", "values", "start", "end",
    "title", "subtitle", "image", "x", "y", "sum", "totals", "search", "facets", "badge", "header",
    "side", "load", "capacity", "calendar", "parent", "code", "quantity", "done", "lot", "place",
    "parts",
];
/// Hold parts with names in them: a list of tables, of lists of names, or a table of such.
const PARTS: [&str; 5] = ["groups", "tabs", "sections", "colours", "filters"];
/// Hold an expression that is true or false.
const CONDITIONS: [&str; 3] = ["when", "filter", "show"];
/// Hold names of actions of the model, of lines of their document: one, or a list.
const ACTIONS: [&str; 3] = ["move", "finish", "actions"];
/// Hold something for the pages alone.
const PLAIN: [&str; 14] = [
    "label",
    "line",
    "among",
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
                let mut views = Views { schema, faults };
                views.table(model, table);
                views.whole(model, entry.name, entry.place);
            }
        }
    }
}

/// What a key of a view must name.
enum Wanted {
    Some,
    Lines,
    Day,
    Link,
    /// A link to the model itself.
    Own,
}

impl Wanted {
    fn words(&self) -> &'static str {
        match self {
            Wanted::Some => "something",
            Wanted::Lines => "a field of kind lines",
            Wanted::Day => "a date with a column of its own",
            Wanted::Link => "a link",
            Wanted::Own => "a link to the model itself",
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
                key if ACTIONS.contains(&key) => self.actions(key, model, entry.item),
                key if PLAIN.contains(&key) => {}
                key => {
                    let known = NAMES.iter().chain(&PARTS).chain(&CONDITIONS).chain(&ACTIONS);
                    let known = known.chain(&PLAIN).copied().chain(["lines"]);
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

    /// Actions that a page offers: none of them only for the module's own code.
    fn actions(&mut self, key: &str, model: &Model, item: Item<'_>) {
        if let Some(items) = item.items() {
            items.into_iter().for_each(|item| self.actions(key, model, item));
            return;
        }
        let Some(name) = item.text(key, self.faults) else { return };
        let owner = model.owner.as_ref().and_then(|owner| self.schema.models.get(&owner.parent));
        let document = owner.map_or(model, |owner| owner.as_ref());
        let known = document.actions.values().filter(|action| !action.internal);
        let known: Vec<&str> = known.map(|action| action.name.as_str()).collect();
        if !known.contains(&name.text.as_str()) {
            let message = format!("`{}` has no action `{}`", document.name, name.text);
            self.faults.unknown(name.place, message, &name.text, known.iter().copied());
        }
    }

    /// What a kind of view cannot be without, in all that its model's files say of it together.
    fn whole(&mut self, model: &Model, view: &str, place: Place) {
        let wanted: &[(&str, Wanted)] = match view {
            "timeline" => &[("start", Wanted::Day), ("rows", Wanted::Link)],
            "tree" => &[("parent", Wanted::Own)],
            "scan" => {
                &[("lines", Wanted::Lines), ("quantity", Wanted::Some), ("done", Wanted::Some)]
            }
            "floor" => &[("quantity", Wanted::Some), ("actions", Wanted::Some)],
            _ => &[],
        };
        for (key, wanted) in wanted {
            let said = &model.views[view][*key];
            let field = said.as_str().and_then(|name| model.field(name));
            let fits = match wanted {
                Wanted::Some => !said.is_null(),
                Wanted::Lines => field.is_some_and(|f| matches!(f.kind, Kind::Lines { .. })),
                Wanted::Day => {
                    field.is_some_and(|f| matches!(f.kind, Kind::Date) && f.has_column())
                }
                Wanted::Link => field.is_some_and(|f| f.kind.target().is_some()),
                Wanted::Own => field.is_some_and(|f| f.kind.target() == Some(model.name.as_str())),
            };
            if !fits {
                let what = wanted.words();
                self.faults.at(place, format!("a view `{view}` names {what} as `{key}`"));
            }
        }
        self.among(model, view, place);
    }

    /// Which records are the rows of a timeline: a condition of their model.
    fn among(&mut self, model: &Model, view: &str, place: Place) {
        let rows = model.views[view]["rows"].as_str().and_then(|name| model.field(name));
        let target = rows.and_then(|field| field.kind.target());
        let target = target.and_then(|name| self.schema.models.get(name));
        let (Some(text), Some(target)) = (model.views[view]["among"].as_str(), target) else {
            return;
        };
        if let Err(message) = compile(text, target, self.schema, Some(&Type::Bool)) {
            self.faults.at(place, format!("expression `{text}`: {message}"));
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
