//! `report = …`: parameters, columns, who may run it, and how it is drawn.

use super::document::{Table, Text};
use super::expression::Slot;
use super::field::kind;
use super::{Loader, Part, PartKind, is_name, keys};
use crate::expr::Type;
use crate::field::label_of;
use crate::{Chart, Column, Origin, Report, Rows};

impl Loader<'_> {
    pub(super) fn reports(&mut self, parts: &[Part<'_>]) {
        for part in parts.iter().filter(|part| part.kind == PartKind::Report) {
            part.table.only(&keys::REPORT, &mut self.faults);
            self.name_of_report(part);
            let rows = self.rows(part);
            let columns = match &rows {
                Some(rows) => self.columns_of(part.table, &rows.of),
                None => self.columns(part.table),
            };
            let mut roles = part.table.texts("roles", &mut self.faults);
            roles.retain(|role| !self.absent.has_role(&role.text));
            roles.iter().for_each(|role| self.known_role(role));
            let label = part.table.words("label", &mut self.faults);
            let last = part.name.rsplit('.').next().unwrap_or(&part.name);
            let params = match part.table.table("params", &mut self.faults) {
                Some(table) => {
                    let slot = |name: &str| Slot::Param {
                        report: part.name.clone(),
                        param: name.to_owned(),
                    };
                    self.inputs(table, part.document.origin, "", &slot)
                }
                None => indexmap::IndexMap::new(),
            };
            let report = Report {
                name: part.name.clone(),
                label: label.unwrap_or_else(|| label_of(last)),
                help: part.table.words("help", &mut self.faults).unwrap_or_default(),
                module: part.document.origin.to_string(),
                params,
                chart: self.chart(part.table, &columns),
                columns,
                rows,
                roles: roles.into_iter().map(|role| role.text).collect(),
            };
            self.reports.insert(part.name.clone(), report);
        }
    }

    fn name_of_report(&mut self, part: &Part<'_>) {
        let prefix = part.document.origin.prefix();
        let words: Vec<&str> = part.name.split('.').collect();
        let own = prefix.as_deref().is_none_or(|prefix| words.len() == 2 && words[0] == prefix);
        if words.len() > 2 || !words.iter().all(|word| is_name(word)) {
            self.faults.at(part.place, format!("`{}` is not a name of a report", part.name));
        } else if matches!(part.document.origin, Origin::Plugin(_)) && self.is_of_module(words[0]) {
            let message = format!("`{0}.` belongs to the module `{0}`", words[0]);
            self.faults.at(part.place, message);
        } else if !own {
            let prefix = prefix.unwrap_or_default();
            self.faults.at(part.place, format!("a report of `{prefix}` is named `{prefix}.…`"));
        }
        if self.reports.contains_key(&part.name) {
            self.faults.at(part.place, format!("report `{}` is there twice", part.name));
        }
    }

    /// Without Rust a report says itself which records are its rows.
    fn rows(&mut self, part: &Part<'_>) -> Option<Rows> {
        let Some(table) = part.table.table("rows", &mut self.faults) else {
            if !matches!(part.document.origin, Origin::Kernel | Origin::Module(_)) {
                let help = "such as: rows = { of = \"crm.lead\", filter = \"score > 60\" }";
                let message = "it does not say which records are its rows";
                self.faults.with_help(part.place, message, Some(help.to_owned()));
            }
            return None;
        };
        table.only(&keys::ROWS, &mut self.faults);
        if let Some(entry) = part.table.entry("params") {
            self.faults.at(entry.place, "a report with `rows` has no `params`");
        }
        let of = table.text("of", &mut self.faults)?;
        let Some(model) = self.models.get(&of.text) else {
            self.unknown_model(of.place, &of.text);
            return None;
        };
        let known: Vec<String> = model.fields.keys().cloned().collect();
        let sort = table.texts("sort", &mut self.faults);
        for field in &sort {
            let name = field.text.trim_start_matches('-');
            if !known.iter().any(|own| own == name) {
                let message = format!("`{}` has no field `{name}`", of.text);
                self.faults.unknown(field.place, message, name, known.iter().map(String::as_str));
            }
        }
        let slot = Slot::Rows { report: part.name.clone() };
        let filter = table.text("filter", &mut self.faults);
        self.later(filter, &of.text, slot, Type::Bool);
        let sort = sort.into_iter().map(|field| field.text).collect();
        Some(Rows { of: of.text, filter: None, sort })
    }

    /// Columns that are fields of the model of the rows.
    fn columns_of(&mut self, table: Table<'_>, model: &str) -> Vec<Column> {
        let mut columns: Vec<Column> = Vec::new();
        for item in table.items("columns", &mut self.faults) {
            let Some(own) = item.table("columns", &mut self.faults) else { continue };
            own.only(&["name", "label"], &mut self.faults);
            let Some(name) = own.text("name", &mut self.faults) else {
                self.faults.at(own.place, "a column has a `name`");
                continue;
            };
            let label = own.words("label", &mut self.faults);
            let Some(model) = self.models.get(model) else { continue };
            let known = model.fields.values().filter(|field| !field.kind.is_many());
            let Some(field) = known.clone().find(|field| field.name == name.text) else {
                let known: Vec<String> = known.map(|field| field.name.clone()).collect();
                let message = format!("`{}` has no field `{}`", model.name, name.text);
                let known = known.iter().map(String::as_str);
                self.faults.unknown(name.place, message, &name.text, known);
                continue;
            };
            let label = label.unwrap_or_else(|| field.label.clone());
            columns.push(Column { name: name.text, label, kind: field.kind.clone() });
        }
        if columns.is_empty() {
            self.faults.at(table.place, "a report has [[columns]]");
        }
        columns
    }

    fn columns(&mut self, table: Table<'_>) -> Vec<Column> {
        let mut columns: Vec<Column> = Vec::new();
        for item in table.items("columns", &mut self.faults) {
            let Some(table) = item.table("columns", &mut self.faults) else { continue };
            table.only(&keys::COLUMN, &mut self.faults);
            let Some(name) = table.text("name", &mut self.faults) else {
                self.faults.at(table.place, "a column has a `name`");
                continue;
            };
            if !is_name(&name.text) || columns.iter().any(|column| column.name == name.text) {
                let message = format!("`{}` is not a name, or is there already", name.text);
                self.faults.at(name.place, message);
            }
            let Some(kind) = kind(&name.text, table, &mut self.faults) else { continue };
            if let Some(to) = kind.target().filter(|to| !self.models.contains_key(*to)) {
                let to = to.to_owned();
                self.unknown_model(name.place, &to);
            }
            let label = table.words("label", &mut self.faults);
            let label = label.unwrap_or_else(|| label_of(&name.text));
            columns.push(Column { name: name.text, label, kind });
        }
        if columns.is_empty() {
            self.faults.at(table.place, "a report has [[columns]]");
        }
        columns
    }

    fn chart(&mut self, table: Table<'_>, columns: &[Column]) -> Option<Chart> {
        let chart = table.table("chart", &mut self.faults)?;
        chart.only(&keys::CHART, &mut self.faults);
        let kind = chart.text("kind", &mut self.faults)?;
        if !keys::CHARTS.contains(&kind.text.as_str()) {
            let message =
                format!("there is no chart `{}`, only {}", kind.text, keys::CHARTS.join(", "));
            self.faults.unknown(kind.place, message, &kind.text, keys::CHARTS);
        }
        let x = chart.text("x", &mut self.faults)?;
        let y = match chart.item("y").and_then(|item| item.as_text().map(|_| item)) {
            Some(item) => item.text("y", &mut self.faults).into_iter().collect(),
            None => chart.texts("y", &mut self.faults),
        };
        let known: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
        let all: Vec<&Text> = y.iter().chain([&x]).collect();
        for word in all {
            if !known.contains(&word.text.as_str()) {
                let message = format!("there is no column `{}`", word.text);
                self.faults.unknown(word.place, message, &word.text, known.iter().copied());
            }
        }
        if y.is_empty() {
            self.faults.at(chart.place, "a chart has `x` and `y`");
        }
        Some(Chart { kind: kind.text, x: x.text, y: y.into_iter().map(|y| y.text).collect() })
    }
}
