//! What the cells of reports open: an entry, a record, another report with its parameters. Read when
//! all reports are there, since one leads to another.

use indexmap::IndexMap;

use super::document::{Item, Table};
use super::{Loader, Part, PartKind, keys};
use crate::{Kind, Opens, Report};

impl Loader<'_> {
    pub(super) fn ways_out(&mut self, parts: &[Part<'_>]) {
        for part in parts.iter().filter(|part| part.kind == PartKind::Report) {
            let Some(report) = self.reports.get(&part.name).cloned() else { continue };
            let items = part.table.item("columns").and_then(|item| item.items());
            for table in items.iter().flatten().filter_map(Item::as_table) {
                let name = table.item("name").and_then(|name| name.as_text()).unwrap_or_default();
                let Some(table) = table.table("opens", &mut self.faults) else { continue };
                let opens = self.opens(table, &report);
                let own = self.reports.get_mut(&part.name);
                let own = own.and_then(|own| own.columns.iter_mut().find(|c| c.name == name));
                if let Some(column) = own {
                    column.opens = opens;
                }
            }
        }
    }

    fn opens(&mut self, table: Table<'_>, report: &Report) -> Option<Opens> {
        table.only(&keys::OPENS, &mut self.faults);
        let keys: Vec<&str> = table.entries().iter().map(|entry| entry.name).collect();
        let mut column = |key: &str, fits: &dyn Fn(&Kind) -> bool, what: &str| {
            let name = table.text(key, &mut self.faults)?;
            if !report.column(&name.text).is_some_and(|column| fits(&column.kind)) {
                self.faults.at(name.place, format!("there is no column `{}` of {what}", name.text));
            }
            Some(name.text)
        };
        let is_text = |kind: &Kind| *kind == Kind::Text;
        let is_id = |kind: &Kind| matches!(kind, Kind::Integer | Kind::Text);
        match keys.as_slice() {
            ["entry"] => {
                Some(Opens::Entry(column("entry", &|kind| *kind == Kind::Integer, "entries")?))
            }
            ["record"] => {
                let is_link = |kind: &Kind| matches!(kind, Kind::Link { .. });
                Some(Opens::Record(column("record", &is_link, "links")?))
            }
            ["model", "id"] => {
                let model = column("model", &is_text, "names of models")?;
                Some(Opens::Document { model, id: column("id", &is_id, "ids")? })
            }
            ["report"] | ["report", "with"] => self.other_report(table, report),
            _ => {
                let message = "a cell opens an `entry`, a `record`, a `model` with its `id`, or a \
                    `report` `with` its parameters";
                self.faults.at(table.place, message);
                None
            }
        }
    }

    fn other_report(&mut self, table: Table<'_>, report: &Report) -> Option<Opens> {
        let target = table.text("report", &mut self.faults)?;
        if self.absent.has_report(&target.text) {
            return None;
        }
        let Some(found) = self.reports.get(&target.text).cloned() else {
            let known = self.reports.keys().map(String::as_str);
            let message = format!("there is no report `{}`", target.text);
            self.faults.unknown(target.place, message, &target.text, known);
            return None;
        };
        let mut with = IndexMap::new();
        let given = table.table("with", &mut self.faults);
        for entry in given.iter().flat_map(Table::entries) {
            let Some(from) = entry.item.text(entry.name, &mut self.faults) else { continue };
            let own = report.column(&from.text).map(|column| &column.kind);
            let own = own.or_else(|| report.params.get(&from.text).map(|param| &param.kind));
            match (found.params.get(entry.name), own) {
                (None, _) => {
                    let known = found.params.keys().map(String::as_str);
                    let message = format!("`{}` asks for no `{}`", found.name, entry.name);
                    self.faults.unknown(entry.place, message, entry.name, known);
                }
                (_, None) => {
                    let message = format!("there is no column or parameter `{}`", from.text);
                    self.faults.at(from.place, message);
                }
                (Some(param), Some(kind)) if !alike(&param.kind, kind) => {
                    let message = format!("`{}` is not what `{}` asks for", from.text, entry.name);
                    self.faults.at(from.place, message);
                }
                _ => {
                    with.insert(entry.name.to_owned(), from.text);
                }
            }
        }
        let missing = found.params.values().find(|p| p.required && !with.contains_key(&p.name));
        if let Some(missing) = missing {
            let message = format!("`{}` asks for `{}`", found.name, missing.name);
            self.faults.at(table.place, message);
        }
        Some(Opens::Report { report: target.text, with })
    }
}

/// Whether a value of one can be given for the other.
fn alike(wanted: &Kind, own: &Kind) -> bool {
    wanted.name() == own.name() && wanted.target() == own.target()
}
