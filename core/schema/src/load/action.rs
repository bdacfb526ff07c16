//! `[actions.x]` and `[indexes]`.

use std::collections::HashSet;

use indexmap::IndexMap;

use super::document::{Place, Table, Text};
use super::expression::Slot;
use super::field::{Sort, read_all};
use super::{Loader, NAME_RULE, Part, PartKind, is_name, keys};
use crate::expr::Type;
use crate::field::label_of;
use crate::{Action, ByLine, Field, Index, Kind, Origin};

/// Rights with a name of their own.
const TAKEN: [&str; 5] = ["read", "create", "write", "delete", "actions"];

impl Loader<'_> {
    pub(super) fn actions(&mut self, parts: &[Part<'_>]) {
        for part in self.of_models(parts) {
            let Some(table) = part.table.table("actions", &mut self.faults) else { continue };
            for entry in table.entries() {
                let Some(table) = entry.item.table(entry.name, &mut self.faults) else { continue };
                self.action(part, entry.name, entry.place, table);
            }
        }
    }

    /// The parts that say something of a model that is there.
    pub(super) fn of_models<'p, 'd>(&self, parts: &'p [Part<'d>]) -> Vec<&'p Part<'d>> {
        let of_model = |part: &&Part<'_>| {
            let extends = part.kind == PartKind::Extends && self.applies(part);
            (part.kind == PartKind::Model || extends) && self.models.contains_key(&part.name)
        };
        parts.iter().filter(of_model).collect()
    }

    pub(super) fn action(&mut self, part: &Part<'_>, name: &str, place: Place, table: Table<'_>) {
        table.only(&keys::ACTION, &mut self.faults);
        let Some(model) = self.models.get(&part.name) else { return };
        if model.actions.contains_key(name) {
            return self.faults.at(place, format!("action `{name}` is declared twice"));
        }
        if !is_name(name) || TAKEN.contains(&name) {
            let message = format!("`{name}` is not a name of an action");
            return self.faults.with_help(place, message, Some(NAME_RULE.to_owned()));
        }
        let states = model.states.as_ref().map(|states| states.values.clone());
        let has_number = model.number.is_some();
        let (from, to) = self.transition(table, states.as_deref());
        let number = table.flag("number", &mut self.faults);
        if number && !has_number {
            let place = table.entry("number").map_or(table.place, |entry| entry.place);
            let message = "the model has no `number` to draw";
            self.faults.with_help(place, message, Some("number = \"X-{seq:5}\"".to_owned()));
        }
        let require = table.text("require", &mut self.faults);
        if table.has("refusal") && require.is_none() {
            self.faults.at(table.place, "`refusal` goes with `require`");
        }
        let action = Action {
            name: name.to_owned(),
            label: table.words("label", &mut self.faults).unwrap_or_else(|| label_of(name)),
            help: table.words("help", &mut self.faults).unwrap_or_default(),
            from,
            to,
            require: None,
            refusal: table.words("refusal", &mut self.faults),
            args: self.args(part, name, table),
            number,
            internal: table.flag("internal", &mut self.faults),
        };
        if let Some(model) = self.models.get_mut(&part.name) {
            model.actions.insert(name.to_owned(), action);
        }
        self.later(require, &part.name, Slot::Require { action: name.to_owned() }, Type::Bool);
    }

    fn transition(
        &mut self,
        table: Table<'_>,
        states: Option<&[String]>,
    ) -> (Vec<String>, Option<String>) {
        let from = table.texts("from", &mut self.faults);
        let to = table.text("to", &mut self.faults);
        for state in from.iter().chain(&to) {
            match states {
                Some(values) => self.known_state(state, values),
                None => self.faults.at(state.place, "the model has no [states]"),
            }
        }
        (from.into_iter().map(|state| state.text).collect(), to.map(|state| state.text))
    }

    fn args(&mut self, part: &Part<'_>, action: &str, table: Table<'_>) -> IndexMap<String, Field> {
        let Some(args) = table.table("args", &mut self.faults) else { return IndexMap::new() };
        let slot = |arg: &str| Slot::Arg { action: action.to_owned(), arg: arg.to_owned() };
        let mut fields = self.inputs(args, part.document.origin, &part.name, &slot);
        for (name, field) in &mut fields {
            let table = args.table(name, &mut self.faults);
            let rows = table.and_then(|table| table.table("rows", &mut self.faults));
            field.rows =
                rows.filter(|_| field.kind == Kind::Json).and_then(|t| self.by_line(part, t));
        }
        fields
    }

    /// The table as which an argument is asked for.
    fn by_line(&mut self, part: &Part<'_>, table: Table<'_>) -> Option<ByLine> {
        table.only(&keys::ARGUMENT_ROWS, &mut self.faults);
        let of = table.text("of", &mut self.faults);
        let columns = table.table("columns", &mut self.faults);
        let (Some(of), Some(columns)) = (of, columns) else {
            let message = "rows are `of` lines of the record and have `columns`";
            self.faults.at(table.place, message);
            return None;
        };
        let owner = self.models.get(&part.name)?;
        let lines = owner.lines().find(|(field, _, _)| field.name == of.text);
        let Some(lines) = lines.and_then(|(_, line, _)| self.models.get(line)) else {
            let message = format!("`{}` has no lines `{}`", part.name, of.text);
            let known = owner.lines().map(|(field, _, _)| field.name.as_str());
            self.faults.unknown(of.place, message, &of.text, known);
            return None;
        };
        let mut rows = ByLine { of: of.text, columns: IndexMap::new() };
        for entry in columns.entries() {
            let Some(start) = entry.item.text(entry.name, &mut self.faults) else { continue };
            for (name, place) in [(entry.name, entry.place), (&start.text, start.place)] {
                if lines.field(name).is_none() {
                    let message = format!("`{}` has no field `{name}`", lines.name);
                    let known = lines.fields.keys().map(String::as_str);
                    self.faults.unknown(place, message, name, known);
                }
            }
            rows.columns.insert(entry.name.to_owned(), start.text);
        }
        Some(rows)
    }

    /// Fields that are asked for and not stored: arguments and parameters.
    pub(super) fn inputs(
        &mut self,
        table: Table<'_>,
        origin: &Origin,
        owner: &str,
        slot: &dyn Fn(&str) -> Slot,
    ) -> IndexMap<String, Field> {
        let mut fields = IndexMap::new();
        for (name, read) in read_all(table, Sort::Input, origin, &mut self.faults) {
            let target = read.field.kind.target().filter(|to| !self.models.contains_key(*to));
            if let Some(to) = target.filter(|to| *to != "attachment").map(str::to_owned) {
                self.unknown_model(read.place, &to);
            }
            if matches!(read.field.kind, Kind::Lines { .. }) {
                self.faults.at(read.place, "lines are declared by a model only; use json");
            }
            let ty = read.field.kind.ty();
            self.later(read.default, owner, slot(&name), ty);
            fields.insert(name, read.field);
        }
        fields
    }

    pub(super) fn indexes(&mut self, parts: &[Part<'_>]) {
        for part in self.of_models(parts) {
            self.title(part);
            self.numbers(part);
            let Some(table) = part.table.table("indexes", &mut self.faults) else { continue };
            for entry in table.entries() {
                let (fields, unique) = match entry.item.as_table() {
                    Some(table) => {
                        table.only(&keys::INDEX, &mut self.faults);
                        let fields = table.texts("fields", &mut self.faults);
                        (fields, table.flag("unique", &mut self.faults))
                    }
                    None => (entry.item.texts(entry.name, &mut self.faults), false),
                };
                self.index(&part.name, (entry.name, entry.place), fields, unique);
            }
        }
    }

    fn index(
        &mut self,
        model: &str,
        (name, place): (&str, Place),
        fields: Vec<Text>,
        unique: bool,
    ) {
        let Some(model) = self.models.get_mut(model) else { return };
        if !is_name(name) || model.indexes.iter().any(|index| index.name == name) {
            self.faults.at(place, format!("`{name}` is not a name, or is there already"));
        }
        if fields.is_empty() {
            self.faults.at(place, format!("index `{name}` has no fields"));
        }
        let mut seen = HashSet::new();
        for field in &fields {
            let known = model.fields.keys().map(String::as_str);
            match model.field(&field.text) {
                None => {
                    let message = format!("`{}` has no field `{}`", model.name, field.text);
                    self.faults.unknown(field.place, message, &field.text, known);
                }
                Some(found) if !found.has_column() => {
                    let message = format!("`{}` has no column to index", field.text);
                    self.faults.at(field.place, message);
                }
                Some(_) if !seen.insert(field.text.clone()) => {
                    self.faults.at(field.place, format!("`{}` is there twice", field.text));
                }
                Some(_) => {}
            }
        }
        let fields = fields.into_iter().map(|field| field.text).collect();
        model.indexes.push(Index { name: name.to_owned(), fields, unique });
    }

    fn title(&mut self, part: &Part<'_>) {
        let Some(title) = part.table.text("title", &mut self.faults) else { return };
        let Some(model) = self.models.get(&part.name) else { return };
        if !model.fields.contains_key(&title.text) {
            let message = format!("`{}` has no field `{}`", model.name, title.text);
            let known = model.fields.keys().map(String::as_str);
            self.faults.unknown(title.place, message, &title.text, known);
        }
    }
}
