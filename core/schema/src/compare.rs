//! What differs between two schemas, thing by thing, for people: modules, models, fields, states,
//! actions, screens, roles, reports. What follows for the tables is in `diff`; who may do what is
//! compared where rights are known, in the kernel.

use indexmap::IndexMap;
use serde::Serialize;
use serde_json::{Value as Json, json};

use crate::{Model, Schema};

/// One thing that is new, gone or another.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Difference {
    pub subject: Subject,
    /// `sales`, `sales.order`, `sales.order.total`.
    pub name: String,
    pub what: What,
    /// Of a changed thing, what about it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<Detail>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    Module,
    Menu,
    Model,
    Field,
    States,
    Action,
    Screens,
    Role,
    Separation,
    Report,
    Dashboard,
    Document,
    Table,
    Column,
    Index,
    Search,
    Record,
}

impl Subject {
    pub fn name(self) -> &'static str {
        match self {
            Subject::Module => "module",
            Subject::Menu => "menu",
            Subject::Model => "model",
            Subject::Field => "field",
            Subject::States => "states",
            Subject::Action => "action",
            Subject::Screens => "screens",
            Subject::Role => "role",
            Subject::Separation => "separation",
            Subject::Report => "report",
            Subject::Dashboard => "dashboard",
            Subject::Document => "document",
            Subject::Table => "table",
            Subject::Column => "column",
            Subject::Index => "index",
            Subject::Search => "search",
            Subject::Record => "record",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    Added,
    Removed,
    Changed,
}

/// A property before and after; null where there is none.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Detail {
    pub property: String,
    pub before: Json,
    pub after: Json,
}

type Things = IndexMap<(Subject, String), Json>;

/// All that differs: first what is new or another, in the order of `new`, then what is gone. Parts of
/// a model that is new or gone itself are not told one by one.
pub fn compare(old: &Schema, new: &Schema) -> Vec<Difference> {
    let (before, after) = (things(old), things(new));
    let in_both = |model: &str| old.models.contains_key(model) && new.models.contains_key(model);
    let told = |(subject, name): &(Subject, String)| match subject {
        Subject::Field | Subject::Action => {
            name.rsplit_once('.').is_some_and(|(model, _)| in_both(model))
        }
        Subject::States | Subject::Screens => in_both(name),
        Subject::Menu => old.modules.contains_key(name) && new.modules.contains_key(name),
        _ => true,
    };
    let mut found = Vec::new();
    for (key, value) in after.iter().filter(|(key, _)| told(key)) {
        let (what, details) = match before.get(key) {
            None => (What::Added, Vec::new()),
            Some(known) if known == value => continue,
            Some(known) => (What::Changed, details(known, value)),
        };
        found.push(Difference { subject: key.0, name: key.1.clone(), what, details });
    }
    for key in before.keys().filter(|key| !after.contains_key(*key) && told(key)) {
        let (subject, name) = key.clone();
        found.push(Difference { subject, name, what: What::Removed, details: Vec::new() });
    }
    found
}

fn details(old: &Json, new: &Json) -> Vec<Detail> {
    let (Json::Object(before), Json::Object(after)) = (old, new) else {
        return vec![Detail { property: String::new(), before: old.clone(), after: new.clone() }];
    };
    let mut names: Vec<&String> = after.keys().collect();
    names.extend(before.keys().filter(|name| !after.contains_key(*name)));
    let at = |of: &serde_json::Map<String, Json>, name: &str| of.get(name).cloned();
    names
        .into_iter()
        .map(|name| Detail {
            property: name.clone(),
            before: at(before, name).unwrap_or_default(),
            after: at(after, name).unwrap_or_default(),
        })
        .filter(|detail| detail.before != detail.after)
        .collect()
}

fn things(schema: &Schema) -> Things {
    let mut all = Things::new();
    for module in schema.modules.values() {
        let said = json!({ "title": module.title, "version": module.version.to_string() });
        all.insert((Subject::Module, module.name.clone()), said);
        let menu = json!({ "items": value(&module.menu) });
        all.insert((Subject::Menu, module.name.clone()), menu);
    }
    for model in schema.models.values() {
        of_model(model, &mut all);
    }
    for role in schema.roles.values() {
        let mut said = value(role);
        if let Json::Object(said) = &mut said {
            said.remove("name");
        }
        all.insert((Subject::Role, role.name.clone()), said);
    }
    for pair in &schema.separations {
        let [one, other] = &pair.roles;
        let name = format!("{one} and {other}");
        all.insert((Subject::Separation, name), json!({ "reason": pair.reason }));
    }
    for report in schema.reports.values() {
        all.insert((Subject::Report, report.name.clone()), value(report));
    }
    for dashboard in schema.dashboards.values() {
        all.insert((Subject::Dashboard, dashboard.name.clone()), value(dashboard));
    }
    for document in schema.documents.values() {
        all.insert((Subject::Document, document.name.clone()), value(document));
    }
    all
}

fn of_model(model: &Model, all: &mut Things) {
    let Model { name, label, plural, title, number, shared, help, .. } = model;
    let said = json!({
        "label": label, "plural": plural, "title": title, "number": number, "shared": shared,
        "help": help, "module": model.module,
    });
    all.insert((Subject::Model, name.clone()), said);
    for field in model.fields.values().filter(|field| !field.system) {
        all.insert((Subject::Field, format!("{name}.{}", field.name)), value(field));
    }
    if let Some(states) = &model.states {
        all.insert((Subject::States, name.clone()), value(states));
    }
    for action in model.actions.values() {
        all.insert((Subject::Action, format!("{name}.{}", action.name)), value(action));
    }
    all.insert((Subject::Screens, name.clone()), json!({ "views": model.views }));
}

fn value(of: &impl Serialize) -> Json {
    // What a schema is made of has names as keys and no numbers that JSON lacks.
    serde_json::to_value(of).unwrap_or_default()
}
