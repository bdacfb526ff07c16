//! A mapping against the models and the headings of the files: whatever is wrong with it is told
//! before anything is read or written, each fault with its line in the mapping.
//! Not here: what is wrong with single rows (`source`, the kernel).

use std::collections::BTreeMap;

use fondaco_schema::{Kind, Model, Schema, nearest};

use super::mapping::{Cell, FileImport, LinesImport, Mapping, Name};
use super::source::{self, Sheet};
use super::{Files, RowProblem};

/// Every fault of a mapping.
pub(super) fn faults(mapping: &Mapping, schema: &Schema, files: &Files) -> Vec<RowProblem> {
    let mut check = Check { mapping, schema, files, faults: Vec::new() };
    for import in &mapping.imports {
        check.import(import);
    }
    check.faults
}

struct Check<'m> {
    mapping: &'m Mapping,
    schema: &'m Schema,
    files: &'m Files,
    faults: Vec<RowProblem>,
}

impl<'m> Check<'m> {
    fn fault(&mut self, at: &Name, message: String) {
        self.faults.push(RowProblem {
            file: self.mapping.path.clone(),
            line: self.mapping.line_of(at),
            field: at.get_ref().clone(),
            message,
        });
    }

    fn import(&mut self, import: &'m FileImport) {
        let name = import.model.get_ref();
        let sheet = self.sheet(&import.file);
        let cells = std::iter::once(&import.key).chain(&import.only_with);
        self.columns(&import.file, cells, sheet.as_ref());
        match self.schema.model(name) {
            None => {
                let known = self.schema.models.keys().map(String::as_str);
                let message = format!("there is no such model{}", meant(name, known));
                self.fault(&import.model, message);
            }
            Some(model) if model.owner.is_some() => {
                let message = "lines are imported with their document, under [[import.lines.…]]";
                self.fault(&import.model, message.to_owned());
            }
            Some(model) => {
                self.fields(&import.fields, model, sheet.as_ref());
                for (field, several) in &import.lines {
                    for lines in several {
                        self.lines(model, field, lines, sheet.as_ref());
                    }
                }
            }
        }
    }

    fn lines(
        &mut self,
        model: &'m Model,
        field: &'m Name,
        lines: &'m LinesImport,
        own: Option<&Sheet>,
    ) {
        let child = match model.field(field.get_ref()).map(|field| &field.kind) {
            Some(Kind::Lines { of, .. }) => self.schema.model(of),
            _ => {
                let message = format!("a {} has no lines of this name", model.name);
                return self.fault(field, message);
            }
        };
        let second = match (&lines.file, &lines.on) {
            (None, None) => None,
            (Some(file), Some(on)) => {
                let sheet = self.sheet(file);
                let is = lines.is.clone().unwrap_or_else(|| format!("{{{on}}}"));
                self.columns(field, [&Cell::Template(is)], own);
                self.columns(file, [&Cell::Template(format!("{{{on}}}"))], sheet.as_ref());
                Some(sheet)
            }
            _ => {
                let message = "a file of lines needs `on`: its column that names the document";
                return self.fault(field, message.to_owned());
            }
        };
        let sheet = match &second {
            Some(second) => second.as_ref(),
            None => own,
        };
        self.columns(field, &lines.only_with, sheet);
        if let Some(child) = child {
            self.fields(&lines.fields, child, sheet);
        }
    }

    fn fields(
        &mut self,
        fields: &'m BTreeMap<Name, Cell>,
        model: &'m Model,
        sheet: Option<&Sheet>,
    ) {
        for (name, cell) in fields {
            match model.field(name.get_ref()) {
                None => {
                    let known = model.fields.keys().map(String::as_str);
                    let near = meant(name.get_ref(), known);
                    self.fault(name, format!("a {} has no such field{near}", model.name));
                }
                Some(field) if matches!(field.kind, Kind::Lines { .. }) => {
                    let message = "lines have a section of their own: [[import.lines.…]]";
                    self.fault(name, message.to_owned());
                }
                Some(field) if field.readonly || field.system || field.compute.is_some() => {
                    self.fault(name, format!("{} is not written from outside", field.label));
                }
                Some(_) => self.columns(name, [cell], sheet),
            }
        }
    }

    /// Every column that these cells read is in the sheet.
    fn columns<'c>(
        &mut self,
        at: &Name,
        cells: impl IntoIterator<Item = &'c Cell>,
        sheet: Option<&Sheet>,
    ) {
        let Some(sheet) = sheet else { return };
        for column in cells.into_iter().flat_map(Cell::columns) {
            let known = || sheet.headers.iter().map(str::trim);
            if !known().any(|header| header == column) {
                let near = meant(column, known());
                self.fault(at, format!("{} has no column {column:?}{near}", sheet.file));
            }
        }
    }

    fn sheet(&mut self, file: &Name) -> Option<Sheet> {
        match source::open(self.files, file.get_ref(), &self.mapping.format) {
            Ok(sheet) => Some(sheet),
            Err(error) => {
                self.fault(file, error.to_string());
                None
            }
        }
    }
}

fn meant<'k>(word: &str, known: impl Iterator<Item = &'k str>) -> String {
    nearest(word, known).map_or_else(String::new, |near| format!("; did you mean {near:?}?"))
}
