//! `report = …`: parameters, columns, who may run it, how it is drawn and compared.
//! Not here: what its cells open (`way_out`).

use indexmap::IndexMap;

use super::document::{Faults, Table, Text};
use super::expression::Slot;
use super::field::kind;
use super::{Loader, Part, PartKind, is_name, keys};
use crate::expr::Type;
use crate::field::label_of;
use crate::{Chart, Column, Comparison, Field, Kind, Origin, Report, Rows};

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
                None => IndexMap::new(),
            };
            let place_of =
                |key: &str, faults: &mut Faults<'_>| named(part.table, key, &columns, faults);
            let [group, indent, sums_without] =
                ["group", "indent", "sums_without"].map(|key| place_of(key, &mut self.faults));
            let compare = self.comparison(part.table, &columns, &params);
            let report = Report {
                name: part.name.clone(),
                label: label.unwrap_or_else(|| label_of(last)),
                help: part.table.words("help", &mut self.faults).unwrap_or_default(),
                module: part.document.origin.to_string(),
                params,
                chart: self.chart(part.table, &columns),
                group,
                indent,
                sums_without,
                words: plain(part.table.texts("words", &mut self.faults)),
                compare,
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
            // A choice is said as its field says it.
            let of_choice = matches!(field.kind, Kind::Choice { .. });
            let values_of = of_choice.then(|| [model.name.clone(), field.name.clone()]);
            let kind = field.kind.clone();
            columns.push(Column {
                name: name.text,
                label,
                kind,
                opens: None,
                hidden: false,
                values_of,
            });
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
            let values_of = self.values_of(table);
            let hidden = table.flag("hidden", &mut self.faults);
            // What it opens is read when all reports are known (`way_out`).
            columns.push(Column { name: name.text, label, kind, opens: None, hidden, values_of });
        }
        if columns.is_empty() {
            self.faults.at(table.place, "a report has [[columns]]");
        }
        columns
    }

    /// `values_of = "account.kind"`: a choice that there is.
    fn values_of(&mut self, table: Table<'_>) -> Option<[String; 2]> {
        let named = table.text("values_of", &mut self.faults)?;
        let (model, field) = named.text.rsplit_once('.')?;
        let found = self.models.get(model).and_then(|model| {
            let state = model.states.is_some() && field == "state";
            let is_choice = |own: &crate::Field| matches!(own.kind, crate::Kind::Choice { .. });
            (state || model.fields.get(field).is_some_and(is_choice)).then_some(())
        });
        if found.is_none() {
            self.faults.at(named.place, format!("`{}` is no choice of a model", named.text));
        }
        Some([model.to_owned(), field.to_owned()])
    }

    fn comparison(
        &mut self,
        table: Table<'_>,
        columns: &[Column],
        params: &IndexMap<String, Field>,
    ) -> Option<Comparison> {
        let table = table.table("compare", &mut self.faults)?;
        table.only(&keys::COMPARE, &mut self.faults);
        let [by, dates, figures] =
            ["by", "dates", "figures"].map(|key| table.texts(key, &mut self.faults));
        let column = |name: &Text| columns.iter().find(|column| column.name == name.text);
        for name in &by {
            if column(name).is_none() {
                self.faults.at(name.place, format!("there is no column `{}`", name.text));
            }
        }
        for name in &figures {
            if !column(name).is_some_and(|column| column.kind.is_number()) {
                self.faults.at(name.place, format!("there is no figure `{}`", name.text));
            }
        }
        for name in &dates {
            if !params.get(&name.text).is_some_and(|field| field.kind == crate::Kind::Date) {
                self.faults.at(name.place, format!("there is no date `{}` to ask for", name.text));
            }
        }
        if by.is_empty() || figures.is_empty() || !matches!(dates.len(), 1 | 2) {
            let message = "a comparison has `by`, `figures`, and as `dates` a day or two";
            self.faults.at(table.place, message);
        }
        Some(Comparison { by: plain(by), dates: plain(dates), figures: plain(figures) })
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

/// The column that a key of the report names.
fn named(
    table: Table<'_>,
    key: &str,
    columns: &[Column],
    faults: &mut Faults<'_>,
) -> Option<String> {
    let name = table.text(key, faults)?;
    if columns.iter().all(|column| column.name != name.text) {
        let known = columns.iter().map(|column| column.name.as_str());
        faults.unknown(
            name.place,
            format!("there is no column `{}`", name.text),
            &name.text,
            known,
        );
    }
    Some(name.text)
}

fn plain(texts: Vec<Text>) -> Vec<String> {
    texts.into_iter().map(|text| text.text).collect()
}
