//! `workflow = …`: how a company changes the states and actions of a model that it did not declare.
//! It may add states and actions, and make an action of the module stricter: from which states, under
//! which further condition, under which label. Where an action leads and what it asks for stays the
//! module's, since its Rust relies on it.

use super::document::{Table, Text};
use super::expression::Slot;
use super::field::choices;
use super::{Loader, Part, PartKind, keys};
use crate::Origin;
use crate::expr::Type;

impl Loader<'_> {
    /// More states, behind those that are there. Before the system fields: they are its choices.
    pub(super) fn more_states(&mut self, parts: &[Part<'_>]) {
        for part in parts.iter().filter(|part| part.kind == PartKind::Workflow) {
            part.table.only(&keys::WORKFLOW, &mut self.faults);
            if !matches!(part.document.origin, Origin::Company | Origin::Plugin(_)) {
                self.faults.at(part.place, "a module writes its states into its models");
            }
            if !self.models.contains_key(&part.name) {
                self.unknown_model(part.place, &part.name);
                continue;
            }
            if let Some(table) = part.table.table("states", &mut self.faults) {
                self.add_states(&part.name, table);
            }
        }
    }

    fn add_states(&mut self, model: &str, table: Table<'_>) {
        table.only(&keys::MORE_STATES, &mut self.faults);
        let more = choices(table, &mut self.faults);
        let open = table.texts("open", &mut self.faults);
        let Some(states) = self.models.get_mut(model).and_then(|model| model.states.as_mut())
        else {
            return self.faults.at(table.place, format!("`{model}` has no states to add to"));
        };
        let mut twice = Vec::new();
        for choice in more {
            if states.values.contains(&choice.value) {
                twice.push(choice.value);
                continue;
            }
            states.values.push(choice.value.clone());
            states.labels.insert(choice.value, choice.label);
        }
        let values = states.values.clone();
        let new = open.iter().filter(|state| values.contains(&state.text));
        states.open.extend(new.map(|state| state.text.clone()));
        open.iter().for_each(|state| self.known_state(state, &values));
        for state in twice {
            self.faults.at(table.place, format!("`{model}` has the state `{state}` already"));
        }
    }

    /// Actions: new ones as in a model, those of the module made stricter.
    pub(super) fn workflows(&mut self, parts: &[Part<'_>]) {
        for part in parts.iter().filter(|part| part.kind == PartKind::Workflow) {
            let Some(model) = self.models.get(&part.name) else { continue };
            let there: Vec<String> = model.actions.keys().cloned().collect();
            let Some(table) = part.table.table("actions", &mut self.faults) else { continue };
            for entry in table.entries() {
                let Some(table) = entry.item.table(entry.name, &mut self.faults) else { continue };
                if there.iter().any(|name| name == entry.name) {
                    self.stricter(&part.name, entry.name, table);
                } else {
                    self.action(part, entry.name, entry.place, table);
                }
            }
        }
    }

    fn stricter(&mut self, name: &str, action: &str, table: Table<'_>) {
        table.only(&keys::STRICTER, &mut self.faults);
        let from = table.texts("from", &mut self.faults);
        let states = self.models.get(name).and_then(|model| model.states.clone());
        for state in &from {
            match &states {
                Some(states) => self.known_state(state, &states.values),
                None => self.faults.at(state.place, "the model has no [states]"),
            }
        }
        let label = table.words("label", &mut self.faults);
        let help = table.words("help", &mut self.faults);
        let refusal = table.words("refusal", &mut self.faults);
        let require = table.text("require", &mut self.faults);
        if refusal.is_some() && require.is_none() {
            self.faults.at(table.place, "`refusal` goes with `require`");
        }
        let model = self.models.get_mut(name);
        let Some(action_) = model.and_then(|model| model.actions.get_mut(action)) else { return };
        if !from.is_empty() {
            action_.from = from.into_iter().map(|state| state.text).collect();
        }
        action_.label = label.unwrap_or(std::mem::take(&mut action_.label));
        action_.help = help.unwrap_or(std::mem::take(&mut action_.help));
        let said: Vec<String> = action_.refusal.take().into_iter().chain(refusal).collect();
        action_.refusal = (!said.is_empty()).then(|| said.join(" "));
        if let Some(require) = require {
            self.require_too(name, action, require);
        }
    }

    /// Both the module's condition and this one must hold.
    fn require_too(&mut self, model: &str, action: &str, more: Text) {
        let own = self.take_pending(model, action);
        let text = match own {
            Some(own) => format!("({}) && ({})", own.text, more.text),
            None => more.text,
        };
        let both = Text { place: more.place, text };
        self.later(Some(both), model, Slot::Require { action: action.to_owned() }, Type::Bool);
    }
}
