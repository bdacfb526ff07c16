//! `model = …` and `extends = …`: the head of a model, its fields and states, and the system fields.

use indexmap::IndexMap;

use super::document::{Place, Table, Text};
use super::expression::Slot;
use super::field::{Read, Sort, choices, read_all};
use super::{Loader, NAME_RULE, Part, PartKind, is_name, keys, number};
use crate::expr::{Expr, Node, Type};
use crate::field::label_of;
use crate::{Choice, Field, Kind, Model, Origin, States};

/// Fields that a company may add to somebody else's model: a table has its limits (PostgreSQL 1600
/// columns), and so has a screen.
const OWN_FIELDS_MAX: usize = 200;

impl Loader<'_> {
    pub(super) fn models(&mut self, parts: &[Part<'_>]) {
        for part in parts.iter().filter(|part| part.kind == PartKind::Model) {
            part.table.only(&keys::MODEL, &mut self.faults);
            self.name_of_model(part);
            if self.models.contains_key(&part.name) {
                let message = format!("model `{}` is declared twice", part.name);
                self.faults.with_help(part.place, message, Some("use extends = …".to_owned()));
                continue;
            }
            let model = self.head(part);
            let same_table =
                self.models.values().find(|other| other.table() == model.table()).cloned();
            if let Some(other) = same_table {
                let message = format!("has the same table name as model `{}`", other.name);
                self.faults.at(part.place, message);
            }
            self.models.insert(part.name.clone(), model);
            self.fields(part);
        }
    }

    pub(super) fn extensions(&mut self, parts: &[Part<'_>]) {
        for part in parts.iter().filter(|part| part.kind == PartKind::Extends) {
            part.table.only(&keys::EXTENDS, &mut self.faults);
            if !self.applies(part) {
                continue;
            }
            if self.models.contains_key(&part.name) {
                self.fields(part);
            } else {
                self.unknown_model(part.place, &part.name);
            }
        }
    }

    /// An extension `when = "sales"` counts only while that module is enabled.
    pub(super) fn applies(&self, part: &Part<'_>) -> bool {
        match part.table.item("when").and_then(|item| item.as_text()) {
            Some(module) => self.modules.contains_key(module),
            None => true,
        }
    }

    pub(super) fn unknown_model(&mut self, place: Place, name: &str) {
        let known = self.models.keys().map(String::as_str);
        self.faults.unknown(place, format!("there is no model `{name}`"), name, known);
    }

    fn name_of_model(&mut self, part: &Part<'_>) {
        let words: Vec<&str> = part.name.split('.').collect();
        if words.len() > 2 || !words.iter().all(|word| is_name(word)) {
            let message = format!("`{}` is not a name of a model", part.name);
            return self.faults.with_help(part.place, message, Some(NAME_RULE.to_owned()));
        }
        if part.name.rsplit_once("_old_").is_some_and(|(_, rest)| rest.parse::<u32>().is_ok()) {
            self.faults.at(part.place, "a name does not end with _old_ and a number");
        }
        let (dotted, first) = (words.len() == 2, words[0]);
        let message = match part.document.origin {
            Origin::Kernel if dotted => Some("a kernel model has no dot in its name".to_owned()),
            Origin::Kernel => None,
            Origin::Company if !dotted => {
                Some(format!("a company's model has a dot in its name, such as `own.{first}`"))
            }
            Origin::Company => self.modules.contains_key(first).then(|| {
                format!("`{first}.` belongs to module `{first}`; choose another first word")
            }),
            Origin::Plugin(_) if self.is_of_module(first) => {
                Some(format!("`{first}.` belongs to the module `{first}`"))
            }
            origin => {
                let prefix = origin.prefix().unwrap_or_default();
                let own = dotted && first == prefix;
                (!own).then(|| format!("a model of `{prefix}` is named `{prefix}.…`"))
            }
        };
        if let Some(message) = message {
            self.faults.at(part.place, message);
        }
    }

    /// Whether a word is the name of a module of the program, switched on or off.
    pub(super) fn is_of_module(&self, word: &str) -> bool {
        self.modules.get(word).is_some_and(|module| module.by == word)
            || self.absent.has_module(word)
    }

    fn head(&mut self, part: &Part<'_>) -> Model {
        let (table, faults) = (part.table, &mut self.faults);
        let last = part.name.rsplit('.').next().unwrap_or(&part.name);
        let label = table.words("label", faults).unwrap_or_else(|| label_of(last));
        let number = number::read(table, faults);
        Model {
            name: part.name.clone(),
            plural: table.words("plural", faults).unwrap_or_else(|| format!("{label}s")),
            label,
            module: part.document.origin.to_string(),
            title: table.words("title", faults).unwrap_or_default(),
            number,
            shared: table.flag("shared", faults),
            fields: IndexMap::new(),
            states: self.states(table),
            actions: IndexMap::new(),
            access: IndexMap::new(),
            views: serde_json::Value::Object(serde_json::Map::new()),
            indexes: Vec::new(),
            owner: None,
            computed: Vec::new(),
            help: table.words("help", &mut self.faults).unwrap_or_default(),
        }
    }

    fn states(&mut self, table: Table<'_>) -> Option<States> {
        let states = table.table("states", &mut self.faults)?;
        states.only(&keys::STATES, &mut self.faults);
        let choices = choices(states, &mut self.faults);
        let values: Vec<String> = choices.iter().map(|choice| choice.value.clone()).collect();
        let labels = choices.into_iter().map(|choice| (choice.value, choice.label)).collect();
        let initial = match states.text("initial", &mut self.faults) {
            Some(initial) => {
                self.known_state(&initial, &values);
                initial.text
            }
            None => values.first().cloned().unwrap_or_default(),
        };
        let open = states.texts("open", &mut self.faults);
        open.iter().for_each(|state| self.known_state(state, &values));
        let open = open.into_iter().map(|state| state.text).collect();
        Some(States { initial, values, labels, open })
    }

    pub(super) fn known_state(&mut self, state: &Text, values: &[String]) {
        if !values.contains(&state.text) {
            let message = format!("there is no state `{}`", state.text);
            let known = values.iter().map(String::as_str);
            self.faults.unknown(state.place, message, &state.text, known);
        }
    }

    fn fields(&mut self, part: &Part<'_>) {
        let Some(table) = part.table.table("fields", &mut self.faults) else { return };
        let reads = read_all(table, Sort::Model, part.document.origin, &mut self.faults);
        for (name, read) in reads {
            let Some(model) = self.models.get_mut(&part.name) else { return };
            if let Some(there) = model.fields.get(&name) {
                let message = format!("`{}` has a field `{name}` of {}", model.name, there.origin);
                self.faults.at(read.place, message);
                continue;
            }
            let own = |field: &&Field| field.origin == Origin::Company && !field.system;
            let extends = part.kind == PartKind::Extends;
            if extends && model.fields.values().filter(own).count() >= OWN_FIELDS_MAX {
                let message = format!(
                    "a company adds {OWN_FIELDS_MAX} fields to a model at most: put more into a \
                     model of their own with a link to `{}`",
                    model.name
                );
                self.faults.at(read.place, message);
                continue;
            }
            let Read { field, place, default, compute } = read;
            let ty = field.kind.ty();
            model.fields.insert(name.clone(), field);
            self.places.insert((part.name.clone(), name.clone()), place);
            for (text, slot) in [
                (default, Slot::Default { field: name.clone() }),
                (compute, Slot::Compute { field: name.clone() }),
            ] {
                self.later(text, &part.name, slot, ty.clone());
            }
        }
    }

    /// Adds what the kernel keeps on each record. Comes after lines are tied: line models have a
    /// position, and are shared as their document is.
    pub(super) fn system_fields(&mut self) {
        let mut taken = Vec::new();
        for model in self.models.values_mut() {
            let declared = std::mem::take(&mut model.fields);
            let (before, after) = system(model);
            let is_system = |name: &str| before.iter().chain(&after).any(|own| own.name == name);
            let (refused, declared): (Vec<_>, Vec<_>) =
                declared.into_values().partition(|field| is_system(&field.name));
            taken.extend(refused.into_iter().map(|field| (model.name.clone(), field.name)));
            let all = before.into_iter().chain(declared).chain(after);
            model.fields = all.map(|field| (field.name.clone(), field)).collect();
            if model.title.is_empty() {
                model.title = title(model);
            }
        }
        for name in taken {
            if let Some(place) = self.places.get(&name) {
                let message = format!("`{}` is a system field; it is always there", name.1);
                self.faults.at(*place, message);
            }
        }
    }
}

/// The system fields before and after the declared ones.
fn system(model: &Model) -> (Vec<Field>, Vec<Field>) {
    let field = |name: &str, kind: Kind, required: bool| {
        let mut field = Field::new(name, kind, Origin::Kernel);
        (field.system, field.readonly, field.required) = (true, true, required);
        field
    };
    let link = |to: &str| Kind::Link { to: to.to_owned() };
    let mut before = vec![field("id", link(&model.name), true)];
    if model.number.is_some() {
        let mut number = field("number", Kind::Text, false);
        (number.unique, number.search) = (true, true);
        before.push(number);
    }
    if let Some(states) = &model.states {
        let choice = |value: &String| Choice {
            value: value.clone(),
            label: states.labels.get(value).cloned().unwrap_or_default(),
        };
        let values = states.values.iter().map(choice).collect();
        let mut state = field("state", Kind::Choice { values }, true);
        state.default = Some(Expr {
            source: format!("'{}'", states.initial),
            node: Node::Literal { value: states.initial.as_str().into(), ty: Type::Text },
            ty: Type::Text,
        });
        state.index = true;
        before.push(state);
    }
    let mut after = Vec::new();
    if model.owner.is_some() {
        after.push(field("position", Kind::Integer, true));
    }
    if !model.shared {
        after.push(field("company", link("company"), true));
    }
    after.push(field("version", Kind::Integer, true));
    for (at, by) in [("created_at", "created_by"), ("updated_at", "updated_by")] {
        after.push(field(at, Kind::DateTime, true));
        after.push(field(by, link("user"), false));
    }
    (before, after)
}

/// The field to call a record by, when the model does not say.
fn title(model: &Model) -> String {
    let of_name = model.fields.contains_key("name").then_some("name");
    let of_number = model.number.is_some().then_some("number");
    let mut texts = model.fields.values().filter(|field| field.kind.is_text());
    let of_text = texts.next().map(|field| field.name.as_str());
    of_name.or(of_number).or(of_text).unwrap_or("id").to_owned()
}
