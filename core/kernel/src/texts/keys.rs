//! The keys of the texts, derived from the names in the TOML, each with its English.
//!
//! ```text
//! sales-order                          label of a model; .plural and .help beside it
//! sales-order--customer                a field; .help
//! sales-order--state-draft             a state
//! sales-order--delivery_state-ready    a value of a choice
//! sales-order--do-confirm              an action; .help, .refusal
//! sales-order--do-cancel--reason       what an action asks for; .help
//! sales-order--group-terms             a part of a form, by its English label
//! system--created_at                   a field that every model has
//! module-sales, role-sales_user        .help
//! report-sales-margins                 .help; --month a parameter, --column-net a column
//! dashboard-sales-desk                 --tile-open_orders a tile, by its English label
//! report-words-sales--total            a text among the values of a module's reports, by its English
//! menu-crm--party                      an item of a menu that is called otherwise than its target
//! separate-a-b                         why two roles are kept apart
//! paper-unit_price                     a word of printed documents, by its English
//! ```

use fluent::FluentResource;
use fluent_syntax::ast::Entry;
use fondaco_schema::{Action, Field, Kind, MenuItem, Model, Report, Schema, Target};

/// One text that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    pub key: String,
    pub english: String,
    /// Whose file has it: `kernel`, a module's name, `company`.
    pub of: String,
}

/// `sales.order` → `sales-order`.
pub fn model(name: &str) -> String {
    name.replace('.', "-")
}

pub fn field(model_name: &str, field: &Field) -> String {
    match field.system {
        true => format!("system--{}", field.name),
        false => format!("{}--{}", model(model_name), field.name),
    }
}

/// A value of a choice, or a state.
pub fn choice(model_name: &str, field: &str, value: &str) -> String {
    format!("{}--{field}-{value}", model(model_name))
}

pub fn action(model_name: &str, action: &str) -> String {
    format!("{}--do-{action}", model(model_name))
}

pub fn arg(model_name: &str, action: &str, arg: &str) -> String {
    format!("{}--do-{action}--{arg}", model(model_name))
}

/// A part of a form, by its label.
pub fn group(model_name: &str, label: &str) -> String {
    format!("{}--group-{}", model(model_name), slug(label))
}

pub fn module(name: &str) -> String {
    format!("module-{name}")
}

pub fn role(name: &str) -> String {
    format!("role-{name}")
}

pub fn report(name: &str) -> String {
    format!("report-{}", model(name))
}

pub fn dashboard(name: &str) -> String {
    format!("dashboard-{}", model(name))
}

/// A tile of a dashboard, by its label.
pub fn tile(dashboard_name: &str, label: &str) -> String {
    format!("{}--tile-{}", dashboard(dashboard_name), slug(label))
}

/// A text that stands among the values of a module's reports.
pub fn report_word(module: &str, english: &str) -> String {
    format!("report-words-{module}--{}", slug(english))
}

pub fn menu(module: &str, item: &MenuItem) -> String {
    match (&item.target, &item.view) {
        (Target::Model(name), None) => format!("menu-{module}--{}", model(name)),
        (Target::Model(name), Some(view)) => format!("menu-{module}--{}-{view}", model(name)),
        (Target::Report(name), _) => format!("menu-{module}--report-{}", model(name)),
    }
}

/// A word of printed documents, by its English: the same in all of them.
pub fn paper(english: &str) -> String {
    format!("paper-{}", slug(english))
}

fn slug(label: &str) -> String {
    let letter = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
    label.chars().map(letter).collect()
}

/// All keys of a resource, attributes as `key.attribute`.
pub(super) fn of_resource(resource: &FluentResource) -> Vec<String> {
    let mut keys = Vec::new();
    for entry in resource.entries() {
        if let Entry::Message(message) = entry {
            let id = message.id.name;
            keys.extend(message.value.is_some().then(|| id.to_owned()));
            keys.extend(message.attributes.iter().map(|own| format!("{id}.{}", own.id.name)));
        }
    }
    keys
}

/// Every text that the TOML of a schema has.
pub fn of_schema(schema: &Schema) -> Vec<Wanted> {
    let mut all = All::default();
    for model in schema.models.values() {
        all.model(model);
    }
    for info in schema.modules.values() {
        let key = module(&info.name);
        all.text(&key, &info.title, &info.name);
        all.help(&key, &info.help, &info.name);
        for item in &info.menu {
            let own = match &item.target {
                Target::Model(name) => schema.model(name).map(|model| model.plural.as_str()),
                Target::Report(name) => schema.reports.get(name).map(|r| r.label.as_str()),
            };
            if own != Some(item.label.as_str()) {
                all.text(&menu(&info.name, item), &item.label, &info.name);
            }
        }
    }
    for found in schema.roles.values() {
        let key = role(&found.name);
        all.text(&key, &found.label, &found.module);
        all.help(&key, &found.help, &found.module);
    }
    for report in schema.reports.values() {
        all.report(report);
    }
    for found in schema.dashboards.values() {
        all.text(&dashboard(&found.name), &found.label, &found.module);
        for one in &found.tiles {
            all.text(&tile(&found.name, &one.label), &one.label, &found.module);
        }
    }
    for document in schema.documents.values() {
        let of = if document.module == "company" { "company" } else { "documents" };
        document.words().into_iter().for_each(|word| all.text(&paper(word), word, of));
    }
    for separation in &schema.separations {
        let [one, two] = &separation.roles;
        let of = schema.roles.get(one).map_or("kernel", |role| role.module.as_str());
        all.text(&format!("separate-{one}-{two}"), &separation.reason, of);
    }
    all.found.sort_by(|a, b| (&a.of, &a.key).cmp(&(&b.of, &b.key)));
    all.found.dedup_by(|a, b| a.key == b.key);
    all.found
}

#[derive(Default)]
struct All {
    found: Vec<Wanted>,
}

impl All {
    fn text(&mut self, key: &str, english: &str, of: &str) {
        if !english.is_empty() {
            let (key, english, of) = (key.to_owned(), english.to_owned(), of.to_owned());
            self.found.push(Wanted { key, english, of });
        }
    }

    fn help(&mut self, key: &str, english: &str, of: &str) {
        self.text(&format!("{key}.help"), english, of);
    }

    fn model(&mut self, found: &Model) {
        let (key, of) = (model(&found.name), found.module.as_str());
        self.text(&key, &found.label, of);
        self.text(&format!("{key}.plural"), &found.plural, of);
        self.help(&key, &found.help, of);
        for own in found.fields.values() {
            let origin = if own.system { "kernel".to_owned() } else { own.origin.to_string() };
            self.field(&field(&found.name, own), own, &origin);
            if own.name == "state" && own.system {
                // Its values are the model's own.
                self.choices(&format!("{key}--state"), own, of);
            }
        }
        for own in found.actions.values() {
            self.action(&found.name, own, of);
        }
        for part in parts(found) {
            self.text(&group(&found.name, part), part, of);
        }
    }

    fn field(&mut self, key: &str, own: &Field, of: &str) {
        self.text(key, &own.label, of);
        self.help(key, &own.help, of);
        if !own.system {
            self.choices(key, own, of);
        }
    }

    fn choices(&mut self, key: &str, own: &Field, of: &str) {
        let Kind::Choice { values } = &own.kind else { return };
        for value in values {
            self.text(&format!("{key}-{}", value.value), &value.label, of);
        }
    }

    fn action(&mut self, model: &str, own: &Action, of: &str) {
        if own.internal {
            return;
        }
        let key = action(model, &own.name);
        self.text(&key, &own.label, of);
        self.help(&key, &own.help, of);
        if let Some(refusal) = &own.refusal {
            self.text(&format!("{key}.refusal"), refusal, of);
        }
        for field in own.args.values() {
            self.field(&arg(model, &own.name, &field.name), field, of);
        }
    }

    fn report(&mut self, found: &Report) {
        let (key, of) = (report(&found.name), found.module.as_str());
        self.text(&key, &found.label, of);
        self.help(&key, &found.help, of);
        for param in found.params.values() {
            self.field(&format!("{key}--{}", param.name), param, of);
        }
        for word in &found.words {
            self.text(&report_word(of, word), word, of);
        }
        for column in &found.columns {
            let own = format!("{key}--column-{}", column.name);
            self.text(&own, &column.label, of);
            if let Kind::Choice { values } = &column.kind {
                for value in values {
                    self.text(&format!("{own}-{}", value.value), &value.label, of);
                }
            }
        }
    }
}

/// The labels of the parts of a model's form.
fn parts(model: &Model) -> impl Iterator<Item = &str> {
    let form = &model.views["form"];
    let all = ["groups", "tabs"].into_iter().filter_map(|kind| form[kind].as_array());
    all.flatten().filter_map(|part| part["label"].as_str())
}
