//! `[access.role]` of models and `[grants."model"]` of a company's roles.

use indexmap::IndexMap;

use super::document::{Item, Place, Table, Text};
use super::expression::{Right, Slot};
use super::{Loader, Part, PartKind, keys};
use crate::Grant;
use crate::expr::Type;

impl Loader<'_> {
    pub(super) fn access(&mut self, parts: &[Part<'_>]) {
        for part in self.of_models(parts) {
            let Some(table) = part.table.table("access", &mut self.faults) else { continue };
            for entry in table.entries() {
                let Some(table) = entry.item.table(entry.name, &mut self.faults) else { continue };
                if !self.absent.has_role(entry.name) {
                    self.grant(&part.name, entry.name, entry.place, table);
                }
            }
        }
        for part in parts.iter().filter(|part| part.kind == PartKind::Role) {
            let Some(table) = part.table.table("grants", &mut self.faults) else { continue };
            for entry in table.entries() {
                let Some(table) = entry.item.table(entry.name, &mut self.faults) else { continue };
                if self.models.contains_key(entry.name) {
                    self.grant(entry.name, &part.name, entry.place, table);
                } else if !self.absent.has_model(entry.name) {
                    self.unknown_model(entry.place, entry.name);
                }
            }
        }
    }

    fn grant(&mut self, model: &str, role: &str, place: Place, table: Table<'_>) {
        table.only(&keys::GRANT, &mut self.faults);
        let Some(found) = self.models.get(model) else { return };
        if let Some(owner) = &found.owner {
            let message = format!("lines have the rights of their document `{}`", owner.parent);
            return self.faults.at(place, message);
        }
        if found.access.contains_key(role) {
            let message = format!("role `{role}` has its rights on `{model}` already");
            return self.faults.at(place, message);
        }
        if !self.roles.contains_key(role) {
            let known = self.roles.keys().map(String::as_str);
            self.faults.unknown(place, format!("there is no role `{role}`"), role, known);
        }
        let actions = self.granted_actions(model, role, table);
        if let Some(found) = self.models.get_mut(model) {
            found.access.insert(role.to_owned(), Grant { actions, ..Grant::default() });
        }
        for (key, right) in Right::ALL {
            let Some(item) = table.item(key) else { continue };
            let slot = Slot::Grant { role: role.to_owned(), right };
            self.condition(key, item, model, slot);
        }
    }

    fn condition(&mut self, key: &str, item: Item<'_>, model: &str, slot: Slot) {
        let Some(text) = item.as_text().map(str::to_owned) else {
            let help = format!("it is quoted: {key} = \"true\"");
            let message = item.wanted(key, "an expression");
            return self.faults.with_help(item.place, message, Some(help));
        };
        self.later(Some(Text { place: item.place, text }), model, slot, Type::Bool);
    }

    /// `["confirm"]`, or `{ confirm = "total <= 10000.0" }`.
    fn granted_actions(
        &mut self,
        model: &str,
        role: &str,
        table: Table<'_>,
    ) -> IndexMap<String, Option<crate::Expr>> {
        let mut granted = IndexMap::new();
        let Some(item) = table.item("actions") else { return granted };
        let Some(conditions) = item.as_table() else {
            for name in item.texts("actions", &mut self.faults) {
                self.known_action(model, &name.text, name.place);
                granted.insert(name.text, None);
            }
            return granted;
        };
        for entry in conditions.entries() {
            self.known_action(model, entry.name, entry.place);
            granted.insert(entry.name.to_owned(), None);
            let (role, action) = (role.to_owned(), entry.name.to_owned());
            self.condition(entry.name, entry.item, model, Slot::GrantAction { role, action });
        }
        granted
    }

    fn known_action(&mut self, model: &str, action: &str, place: Place) {
        let Some(model) = self.models.get(model) else { return };
        if !model.actions.contains_key(action) {
            let message = format!("`{}` has no action `{action}`", model.name);
            let known = model.actions.keys().map(String::as_str);
            self.faults.unknown(place, message, action, known);
        }
    }
}
