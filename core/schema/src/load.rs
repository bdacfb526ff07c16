//! TOML texts → [`Schema`]. The story: declare models and roles, tie links and lines, add what the
//! kernel keeps on each record, read actions and rights, then check all expressions against the
//! whole. A fault never stops it: all are answered at once.
//!
//! The grammar is in the files of this folder, one noun each; `json_schema` tells it to editors.

mod absent;
mod access;
mod action;
mod dashboard;
mod declare;
mod document;
mod expression;
mod field;
mod fixture;
pub(crate) mod keys;
mod link;
mod manifest;
mod module;
mod number;
mod report;
mod way_out;
mod template;
mod view;
mod workflow;

pub use fixture::fixture;
pub use manifest::{APIS, manifest};

use std::collections::HashMap;
use std::sync::Arc;

use indexmap::IndexMap;

use self::absent::Absent;
use self::document::{Document, Faults, Place, Table, Text};
use self::expression::Pending;
use crate::{Fault, Model, ModuleInfo, Report, Role, Schema, Separation, Source};

/// Reads, resolves and checks all sources together. On failure, all faults in the order of the
/// sources.
pub fn load(sources: &[Source]) -> Result<Schema, Vec<Fault>> {
    load_without(sources, &[])
}

/// [`load`], while the modules with the sources `off` are switched off: what the company says of
/// them rests.
pub fn load_without(sources: &[Source], off: &[Source]) -> Result<Schema, Vec<Fault>> {
    let mut faults = Faults::new(sources);
    let documents: Vec<Document<'_>> = sources
        .iter()
        .enumerate()
        .map(|(number, source)| Document::parse(number, source, &mut faults))
        .collect();
    let mut loader = Loader::new(faults, Absent::of(off));
    let mut parts = loader.sort(&documents);
    loader.absent.lay_to_rest(&mut parts);
    loader.modules(&parts);
    loader.models(&parts);
    loader.extensions(&parts);
    loader.more_states(&parts);
    loader.links();
    loader.system_fields();
    loader.actions(&parts);
    loader.workflows(&parts);
    loader.indexes(&parts);
    loader.access(&parts);
    loader.views(&parts);
    loader.reports(&parts);
    loader.ways_out(&parts);
    loader.menus(&parts);
    loader.finish(&parts)
}

/// What is known so far.
struct Loader<'s> {
    faults: Faults<'s>,
    absent: Absent,
    models: IndexMap<String, Model>,
    /// Where fields stand, by model and field.
    places: HashMap<(String, String), Place>,
    modules: IndexMap<String, ModuleInfo>,
    roles: IndexMap<String, Role>,
    /// Which role includes which, where it is written.
    includes: Vec<(String, Text)>,
    separations: Vec<Separation>,
    reports: IndexMap<String, Report>,
    pending: Vec<Pending>,
}

/// A document, by what it says it is, under the name it says.
struct Part<'d> {
    kind: PartKind,
    name: String,
    place: Place,
    document: &'d Document<'d>,
    table: Table<'d>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum PartKind {
    Model,
    Extends,
    Module,
    Role,
    Report,
    Workflow,
    Document,
    Dashboard,
}

impl PartKind {
    const KEYS: [(&'static str, PartKind); 8] = [
        ("model", PartKind::Model),
        ("extends", PartKind::Extends),
        ("module", PartKind::Module),
        ("role", PartKind::Role),
        ("report", PartKind::Report),
        ("workflow", PartKind::Workflow),
        ("document", PartKind::Document),
        ("dashboard", PartKind::Dashboard),
    ];
}

impl<'s> Loader<'s> {
    fn new(faults: Faults<'s>, absent: Absent) -> Loader<'s> {
        Loader {
            faults,
            absent,
            models: IndexMap::new(),
            places: HashMap::new(),
            modules: IndexMap::new(),
            roles: IndexMap::new(),
            includes: Vec::new(),
            separations: Vec::new(),
            reports: IndexMap::new(),
            pending: Vec::new(),
        }
    }

    /// Tells by its first key what each document is.
    fn sort<'d>(&mut self, documents: &'d [Document<'d>]) -> Vec<Part<'d>> {
        let mut parts = Vec::new();
        for document in documents {
            let table = document.root();
            let kinds: Vec<(&str, PartKind)> =
                PartKind::KEYS.into_iter().filter(|(key, _)| table.has(key)).collect();
            match kinds.as_slice() {
                [(key, kind)] => {
                    if let Some(name) = table.text(key, &mut self.faults) {
                        let (place, name) = (name.place, name.text);
                        parts.push(Part { kind: *kind, name, place, document, table });
                    }
                }
                [] => self.nameless(table),
                [_, (second, _), ..] => {
                    let place = table.entry(second).map_or(table.place, |entry| entry.place);
                    self.faults.at(place, "a file declares one thing only");
                }
            }
        }
        parts
    }

    fn nameless(&mut self, table: Table<'_>) {
        let known = PartKind::KEYS.map(|(key, _)| key);
        let near = table.entries().into_iter().find_map(|entry| {
            crate::suggest::nearest(entry.name, known).map(|near| (entry.place, near))
        });
        let message = format!("a file begins with one of: {}", known.join(", "));
        match near {
            Some((place, near)) => {
                self.faults.with_help(place, message, Some(format!("did you mean `{near}`?")));
            }
            None => self.faults.at(table.place, message),
        }
    }

    fn finish(mut self, parts: &[Part<'_>]) -> Result<Schema, Vec<Fault>> {
        let dashboards = self.dashboards(parts);
        let resting = self.resting_tiles(parts);
        let mut schema = Schema {
            models: self.models.into_iter().map(|(name, model)| (name, Arc::new(model))).collect(),
            modules: self.modules,
            roles: self.roles,
            separations: self.separations,
            reports: self.reports,
            documents: IndexMap::new(),
            dashboards,
        };
        let places = self.places;
        expression::compile_all(&mut schema, self.pending, &mut self.faults);
        expression::order_computed(&mut schema, &places, &mut self.faults);
        expression::check_stored(&schema, &places, &mut self.faults);
        view::check_all(&schema, parts, &mut self.faults);
        schema.documents = template::read_all(&schema, parts, &mut self.faults);
        dashboard::read_all(&mut schema, parts, &resting, &mut self.faults);
        let faults = self.faults.sorted();
        if faults.is_empty() { Ok(schema) } else { Err(faults) }
    }
}

/// Names are words of small letters, digits and underscores that begin with a letter.
fn is_name(word: &str) -> bool {
    /// With the names of tables and indexes made of it, it still fits PostgreSQL's 63 bytes.
    const CHARS_MAX: usize = 40;
    word.len() <= CHARS_MAX
        && word.starts_with(|letter: char| letter.is_ascii_lowercase())
        && word
            .chars()
            .all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_')
}

const NAME_RULE: &str = "a name is made of small letters, digits and _, and begins with a letter";
