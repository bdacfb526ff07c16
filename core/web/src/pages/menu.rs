//! What somebody can go to: the menus of the modules that are on, lists and reports, as far as his
//! rights reach.

use std::collections::BTreeSet;
use std::sync::Arc;

use fondaco_kernel::permissions::{self, Right};
use fondaco_kernel::schema::{MenuItem, Model, ModuleInfo, Report, Target};
use fondaco_kernel::texts::keys;

use super::{planner, scan, worklist};
use crate::visitor::Visitor;

/// A part of the menu: the name of the module and its places.
pub(crate) struct Section {
    pub(crate) name: String,
    pub(crate) places: Vec<Place>,
}

/// A list or a report to go to.
pub(crate) struct Place {
    pub(crate) label: String,
    pub(crate) help: String,
    pub(crate) address: String,
    /// The model of a list.
    pub(crate) model: Option<String>,
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
            let name = match &item.target {
                Target::Model(name) => name,
                Target::Report(name) => {
                    let found = schema.reports.get(name);
                    places.extend(found.and_then(|report| of_report(visitor, report)));
                    continue;
                }
            };
            let Some(model) = schema.model(name) else { continue };
            let label = label(visitor, module, (item, model));
            if let Some(view) = &item.view {
                places.extend(of_view(visitor, label, model, view));
                continue;
            }
            if is_open(visitor, model) {
                placed.insert(name);
                places.push(of_model(label, model));
            }
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
    let mut places: Vec<Place> =
        rest.map(|model| of_model(visitor.words.plural(model).into_owned(), model)).collect();
    places.sort_by(|a, b| a.label.cmp(&b.label));
    if !places.is_empty() {
        sections.push(Section { name: visitor.words.say("menu-shared").into_owned(), places });
    }
    sections
}

/// The reports that the reader may run, by module: those of the menu first, in its order.
pub(crate) fn reports(visitor: &Visitor) -> Vec<Section> {
    let schema = visitor.schema();
    let mut sections = Vec::new();
    let modules = schema.modules.values().map(|module| {
        let listed = module.menu.iter().filter_map(|item| match &item.target {
            Target::Report(name) => Some(name.as_str()),
            Target::Model(_) => None,
        });
        let name = visitor.words.module(&module.name, &module.title).into_owned();
        (module.name.as_str(), name, listed.collect::<Vec<_>>())
    });
    let company = visitor.words.say("menu-shared").into_owned();
    for (module, name, listed) in modules.chain([("company", company, Vec::new())]) {
        let mut own: Vec<&Report> =
            schema.reports.values().filter(|report| report.module == module).collect();
        let place = |report: &&Report| listed.iter().position(|name| *name == report.name);
        own.sort_by_key(|report| place(report).unwrap_or(usize::MAX));
        let places: Vec<Place> =
            own.into_iter().filter_map(|report| of_report(visitor, report)).collect();
        if !places.is_empty() {
            sections.push(Section { name, places });
        }
    }
    sections
}

/// A place as the menu calls it: by a label of its own, or as its records are called.
fn label(visitor: &Visitor, module: &ModuleInfo, (item, model): (&MenuItem, &Model)) -> String {
    let label = match item.label == model.plural {
        true => visitor.words.plural(model),
        false => visitor.words.menu(&keys::menu(&module.name, item), &item.label),
    };
    label.into_owned()
}

/// What a view that is a page is called: as in the menu, else as its records are.
pub(crate) fn name_of_view(visitor: &Visitor, model: &Model, view: &str) -> String {
    let modules = visitor.schema().modules.values();
    let mut items = modules.flat_map(|module| module.menu.iter().map(move |item| (module, item)));
    let leads = |item: &MenuItem| {
        let own = matches!(&item.target, Target::Model(name) if *name == model.name);
        own && item.view.as_deref() == Some(view)
    };
    let found = items.find(|(_, item)| leads(item));
    found.map_or_else(
        || visitor.words.plural(model).into_owned(),
        |(module, item)| label(visitor, module, (item, model)),
    )
}

fn of_model(label: String, model: &Model) -> Place {
    let (address, model) = (format!("/{}", model.name), Some(model.name.clone()));
    Place { label, help: String::new(), address, model }
}

/// Another way to look at a model than its list; of lines, those of the documents that one may read.
fn of_view(visitor: &Visitor, label: String, model: &Arc<Model>, view: &str) -> Option<Place> {
    let document = permissions::document(visitor.schema(), model);
    let page = if view == "kanban" { "board" } else { view };
    let is_open = match view {
        "timeline" => planner::has(visitor, model),
        "scan" => scan::has(visitor, model),
        "worklist" => worklist::has(visitor, model),
        _ => true,
    };
    (is_open && permissions::may(&visitor.ctx, document, Right::Read)).then(|| Place {
        label,
        help: String::new(),
        address: format!("/{}/{page}", model.name),
        model: None,
    })
}

/// `None` for one that the reader may not run.
fn of_report(visitor: &Visitor, report: &Report) -> Option<Place> {
    let words = &visitor.words;
    permissions::may_run_report(&visitor.ctx, report).then(|| Place {
        label: words.report(report).into_owned(),
        help: words.help_of_report(report).into_owned(),
        address: format!("/report/{}", report.name),
        model: None,
    })
}

/// Whether the reader may list a model.
pub(crate) fn is_open(visitor: &Visitor, model: &Model) -> bool {
    !model.is_line() && permissions::may(&visitor.ctx, model, Right::Read)
}
