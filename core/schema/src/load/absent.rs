//! What is said of modules that are switched off. A company's own TOML may speak of a module that it
//! does not use now: what it says of it rests until the module is on, and is no mistake.
//! Not here: data of such modules (the kernel leaves it where it is).

use std::collections::HashSet;

use super::document::Document;
use super::{Part, PartKind};
use crate::{Origin, Source};

/// Names that exist while their module is on.
#[derive(Default)]
pub(super) struct Absent {
    models: HashSet<String>,
    roles: HashSet<String>,
    reports: HashSet<String>,
    documents: HashSet<String>,
    modules: HashSet<String>,
}

impl Absent {
    /// The names that these sources of modules would declare.
    pub(super) fn of(off: &[Source]) -> Absent {
        let mut absent = Absent::default();
        for source in off {
            let Ok(table) = source.text.parse::<toml::Table>() else { continue };
            let word = |key: &str| table.get(key).and_then(toml::Value::as_str).map(str::to_owned);
            absent.models.extend(word("model"));
            absent.reports.extend(word("report"));
            absent.documents.extend(word("document"));
            absent.modules.extend(word("module"));
            let roles = table.get("roles").and_then(toml::Value::as_table);
            absent.roles.extend(roles.into_iter().flat_map(|roles| roles.keys().cloned()));
        }
        absent
    }

    pub(super) fn has_model(&self, name: &str) -> bool {
        self.models.contains(name)
    }

    pub(super) fn has_module(&self, name: &str) -> bool {
        self.modules.contains(name)
    }

    pub(super) fn has_role(&self, name: &str) -> bool {
        self.roles.contains(name)
    }

    /// Takes out what the company and plugins say of what is off: extensions of it, and models and
    /// extensions with a field that leads there; then what is about those.
    pub(super) fn lay_to_rest(&mut self, parts: &mut Vec<Part<'_>>) {
        loop {
            let before = parts.len();
            parts.retain(|part| {
                let origin = part.document.origin;
                let is_added = matches!(origin, Origin::Company | Origin::Plugin(_));
                let rests = is_added && self.is_about(part);
                if rests && part.kind == PartKind::Model {
                    self.models.insert(part.name.clone());
                }
                !rests
            });
            if parts.len() == before {
                return;
            }
        }
    }

    fn is_about(&self, part: &Part<'_>) -> bool {
        match part.kind {
            PartKind::Extends | PartKind::Workflow if self.has_model(&part.name) => true,
            PartKind::Model | PartKind::Extends => self.leads_there(part.document),
            PartKind::Report => {
                let rows = part.table.item("rows").and_then(|item| item.as_table());
                let of = rows.as_ref().and_then(|rows| rows.item("of"));
                let of = of.and_then(|item| item.as_text());
                self.reports.contains(&part.name) || of.is_some_and(|of| self.has_model(of))
            }
            PartKind::Document => {
                let of = part.table.item("of").and_then(|item| item.as_text());
                self.documents.contains(&part.name) || of.is_some_and(|of| self.has_model(of))
            }
            PartKind::Module | PartKind::Role | PartKind::Workflow => false,
        }
    }

    fn leads_there(&self, document: &Document<'_>) -> bool {
        let Some(fields) = document.root().item("fields").and_then(|item| item.as_table()) else {
            return false;
        };
        fields.entries().iter().filter_map(|entry| entry.item.as_table()).any(|field| {
            ["to", "of"].into_iter().any(|key| {
                let target = field.item(key).and_then(|item| item.as_text());
                target.is_some_and(|target| self.has_model(target))
            })
        })
    }
}
