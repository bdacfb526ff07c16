//! What somebody can go to: the menus of the modules that are on, as far as his rights reach.
//! Not here: reports, which have pages of their own.

use std::collections::BTreeSet;

use fondaco_kernel::permissions::{self, Right};
use fondaco_kernel::schema::{Model, Target};
use fondaco_kernel::texts::keys;

use crate::visitor::Visitor;

/// A part of the menu: the name of the module and its places.
pub(crate) struct Section {
    pub(crate) name: String,
    pub(crate) places: Vec<Place>,
}

/// A list to go to.
pub(crate) struct Place {
    pub(crate) label: String,
    pub(crate) model: String,
}

/// Models of the kernel that hang on other records and have no place of their own.
pub(crate) const HANGING: [&str; 4] = ["note", "attachment", "activity", "saved_view"];

pub(crate) fn sections(visitor: &Visitor) -> Vec<Section> {
    let schema = visitor.schema();
    let mut sections = Vec::new();
    let mut placed: BTreeSet<&str> = BTreeSet::new();
    for module in schema.modules.values() {
        let mut places = Vec::new();
        for item in &module.menu {
            let Target::Model(name) = &item.target else { continue };
            let Some(model) = schema.model(name).filter(|model| is_open(visitor, model)) else {
                continue;
            };
            placed.insert(name);
            let label = match item.label == model.plural {
                true => visitor.words.plural(model),
                false => visitor.words.menu(&keys::menu(&module.name, &item.target), &item.label),
            };
            places.push(Place { label: label.into_owned(), model: name.clone() });
        }
        if !places.is_empty() {
            let name = visitor.words.module(&module.name, &module.title).into_owned();
            sections.push(Section { name, places });
        }
    }
    let rest = schema.models.values().filter(|model| {
        !placed.contains(model.name.as_str())
            && ["kernel", "company"].contains(&model.module.as_str())
            && !HANGING.contains(&model.name.as_str())
            && is_open(visitor, model)
    });
    let mut places: Vec<Place> = rest
        .map(|model| Place {
            label: visitor.words.plural(model).into_owned(),
            model: model.name.clone(),
        })
        .collect();
    places.sort_by(|a, b| a.label.cmp(&b.label));
    if !places.is_empty() {
        sections.push(Section { name: visitor.words.say("menu-shared").into_owned(), places });
    }
    sections
}

/// Whether the reader may list a model.
pub(crate) fn is_open(visitor: &Visitor, model: &Model) -> bool {
    !model.is_line() && permissions::may(&visitor.ctx, model, Right::Read)
}
