//! The company folder changed from the pages: which text each file has with a change in it, and what the
//! company would be then. Written by `toml_edit`, so that comments and the order of what people wrote stay.
//! Not here: what a change does to a database (`kernel::plan`), who may (`web::configuration`).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use fondaco_kernel::schema::Model;
use fondaco_kernel::values::Problem;
use fondaco_kernel::{Database, Error, Kernel, Setup};
use fondaco_web::{CompanyFolder, Edit, Edited, EditedFile, Offer};
use toml_edit::{Array, DocumentMut, InlineTable, Item, Table, Value, value};

use crate::commands::module::switched;
use crate::config::{self, Company};
use crate::modules;

/// The folder that a server was started with.
pub struct Folder {
    path: PathBuf,
}

/// New texts by their path in the folder.
type Texts = BTreeMap<String, String>;

impl Folder {
    pub fn new(path: &Path) -> Folder {
        Folder { path: path.to_owned() }
    }

    fn text(&self, path: &str) -> Option<String> {
        std::fs::read_to_string(self.path.join(path)).ok()
    }

    fn change(&self, edit: &Edit) -> Result<Texts> {
        match edit {
            Edit::Folder {} => Ok(Texts::new()),
            Edit::Modules { on, off } => self.switch(on, off),
            Edit::Field { model, name, .. } => {
                let known = self.model(model)?;
                if known.fields.contains_key(name) {
                    bail!(Told::new("name", format!("There is a field {name} already.")));
                }
                let (path, mut document) = self.overlay("models", "extends", model)?;
                let fields = part(&mut document, "fields")?;
                fields.insert(name, Item::Value(Value::InlineTable(field(edit))));
                Ok(Texts::from([(path, document.to_string())]))
            }
            Edit::State { model, action, roles, new_role, includes, .. } => {
                let known = self.model(model)?;
                let (path, mut document) = self.overlay("workflows", "workflow", model)?;
                new_state(&mut document, &known, edit)?;
                let mut texts = Texts::from([(path, document.to_string())]);
                for role in roles {
                    let (path, mut document) = self.overlay("roles", "role", role)?;
                    permit(&mut document, (model, action))?;
                    texts.insert(path, document.to_string());
                }
                if !new_role.is_empty() {
                    let (path, mut document) = self.overlay("roles", "role", &word(new_role))?;
                    document.insert("label", value(new_role));
                    if !includes.is_empty() {
                        document.insert("includes", value(list([includes])));
                    }
                    permit(&mut document, (model, action))?;
                    texts.insert(path, document.to_string());
                }
                Ok(texts)
            }
        }
    }

    fn switch(&self, on: &[String], off: &[String]) -> Result<Texts> {
        modules::named(&[on, off].concat())?;
        if config::stands_in_environment("FONDACO_MODULES__ENABLED") {
            bail!("FONDACO_MODULES__ENABLED stands above fondaco.toml: change it there");
        }
        let path = "fondaco.toml";
        let before = self.text(path).with_context(|| format!("{path} cannot be read"))?;
        let after = switched(&switched(&before, on, true)?, off, false)?;
        Ok(Texts::from([(path.to_owned(), after)]))
    }

    /// A model as the folder has it now.
    fn model(&self, name: &str) -> Result<Model> {
        let company = Company::read(&self.path)?;
        let schema = Kernel::check(&company.setup_on(Database::Memory)?)
            .map_err(|error| anyhow::anyhow!("{error}"))?;
        let model = schema.model(name).filter(|model| !model.is_line());
        let model = model.map(|model| Model::clone(model));
        model.with_context(|| format!("there is no model {name}"))
    }

    /// The file in which the company speaks of a model or a role already, or a new one.
    fn overlay(&self, place: &str, key: &str, model: &str) -> Result<(String, DocumentMut)> {
        let mut files: Vec<PathBuf> = match std::fs::read_dir(self.path.join(place)) {
            Ok(entries) => entries.filter_map(|entry| Some(entry.ok()?.path())).collect(),
            Err(_) => Vec::new(),
        };
        files.sort();
        for file in files.iter().filter(|file| file.extension().is_some_and(|e| e == "toml")) {
            let text = std::fs::read_to_string(file)?;
            let Ok(document) = text.parse::<DocumentMut>() else { continue };
            let says = |key: &str| document.get(key).and_then(Item::as_str) == Some(model);
            let own = place == "models" && says("model");
            if (says(key) && !document.contains_key("when")) || own {
                let name = file.file_name().unwrap_or_default().to_string_lossy();
                return Ok((format!("{place}/{name}"), document));
            }
        }
        let mut path = format!("{place}/{}.toml", model.replace('.', "_"));
        if self.path.join(&path).exists() {
            path = format!("{place}/{}_own.toml", model.replace('.', "_"));
        }
        let mut document = DocumentMut::new();
        document.insert(key, value(model));
        Ok((path, document))
    }
}

/// Something that the user can mend, on its way through `anyhow`.
#[derive(Debug)]
struct Told(Problem);

impl Told {
    fn new(field: &str, message: String) -> Told {
        Told(Problem::new(field, "wrong", message))
    }
}

impl std::fmt::Display for Told {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for Told {}

fn as_error(error: anyhow::Error) -> Error {
    match error.downcast::<Told>() {
        Ok(Told(problem)) => Error::Invalid(vec![problem]),
        Err(error) => Error::problem("change", "folder", format!("{error:#}")),
    }
}

/// A table of a document, made where it is not there.
fn part<'d>(document: &'d mut DocumentMut, name: &str) -> Result<&'d mut Table> {
    let item = document.entry(name).or_insert(Item::Table(Table::new()));
    item.as_table_mut().with_context(|| format!("[{name}] is no table there: change it by hand"))
}

fn list<'t>(texts: impl IntoIterator<Item = &'t String>) -> Array {
    texts.into_iter().map(String::as_str).collect()
}

/// `{ type = "choice", values = […], label = "…" }`
fn field(edit: &Edit) -> InlineTable {
    let mut own = InlineTable::new();
    let Edit::Field { kind, label, help, to, values, required, search, .. } = edit else {
        return own;
    };
    own.insert("type", kind.as_str().into());
    match kind.as_str() {
        "link" => drop(own.insert("to", to.as_str().into())),
        "choice" => drop(own.insert("values", Value::Array(choices(values)))),
        "decimal" => drop(own.insert("scale", 3.into())),
        _ => {}
    }
    for (name, text) in [("label", label), ("help", help)] {
        if !text.is_empty() {
            own.insert(name, text.as_str().into());
        }
    }
    for (name, is) in [("required", required), ("search", search)] {
        if *is {
            own.insert(name, true.into());
        }
    }
    own
}

/// A value is a plain word; what people write becomes its label.
fn choices(texts: &[String]) -> Array {
    let one = |text: &String| -> Value {
        let word = word(text);
        if word == *text {
            return text.as_str().into();
        }
        let mut choice = InlineTable::new();
        choice.insert("value", word.into());
        choice.insert("label", text.as_str().into());
        Value::InlineTable(choice)
    };
    texts.iter().map(one).collect()
}

/// `Very good!` → `very_good`
fn word(text: &str) -> String {
    let letters = text.to_lowercase();
    let kept = letters.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' });
    let word: String = kept.collect();
    let parts: Vec<&str> = word.split('_').filter(|part| !part.is_empty()).collect();
    match parts.join("_") {
        word if word.starts_with(|c: char| c.is_ascii_lowercase()) => word,
        word => format!("v_{word}").trim_end_matches('_').to_owned(),
    }
}

/// A state behind those that are there, and the action that leads to it.
fn new_state(document: &mut DocumentMut, model: &Model, edit: &Edit) -> Result<()> {
    let Edit::State { state, label, action, action_label, from, .. } = edit else { return Ok(()) };
    let known = model.states.as_ref().map(|states| states.values.as_slice()).unwrap_or_default();
    if known.contains(state) {
        bail!(Told::new("state", format!("There is a state {state} already.")));
    }
    if model.actions.contains_key(action) {
        bail!(Told::new("action", format!("There is an action {action} already.")));
    }
    if from.is_empty() {
        bail!(Told::new("from", "Say from which states it is reached.".to_owned()));
    }
    let states = part(document, "states")?;
    let values = states.entry("values").or_insert(value(Array::new()));
    let values = values.as_array_mut().context("`values` is no list there: change it by hand")?;
    let mut choice = InlineTable::new();
    choice.insert("value", state.as_str().into());
    choice.insert("label", label.as_str().into());
    values.push(Value::InlineTable(choice));
    let mut own = Table::new();
    own.insert("label", value(action_label));
    own.insert("from", value(list(from)));
    own.insert("to", value(state));
    let actions = part(document, "actions")?;
    actions.set_implicit(true);
    actions.insert(action, Item::Table(own));
    Ok(())
}

/// A role of the company's own may do the new action.
fn permit(document: &mut DocumentMut, (model, action): (&str, &str)) -> Result<()> {
    let grants = part(document, "grants")?;
    grants.set_implicit(true);
    let grant = grants.entry(model).or_insert(Item::Table(Table::new()));
    let grant = grant.as_table_like_mut().context("a grant is no table: change it by hand")?;
    let actions = grant.entry("actions").or_insert(value(Array::new()));
    match actions {
        Item::Value(Value::Array(actions)) => actions.push(action),
        Item::Value(Value::InlineTable(actions)) => drop(actions.insert(action, "true".into())),
        Item::Table(actions) => drop(actions.insert(action, value("true"))),
        _ => bail!("`actions` cannot be changed by form: change it by hand"),
    }
    Ok(())
}

impl CompanyFolder for Folder {
    fn modules(&self) -> Result<Vec<Offer>, Error> {
        let company = Company::read(&self.path).map_err(as_error)?;
        let schema = Kernel::check(&Setup::new(Database::Memory, modules::all()))?;
        let is_piloted = |name: &String| {
            company.pilots.iter().any(|(pilot, own)| {
                own.modules.contains(name)
                    || (own.modules.is_empty() && own.files.is_empty() && pilot == name)
            })
        };
        let offer = |module: &fondaco_kernel::schema::ModuleInfo| Offer {
            name: module.name.clone(),
            title: module.title.clone(),
            help: module.help.clone(),
            version: module.version.to_string(),
            is_on: company.config.modules.enabled.contains(&module.name),
            is_piloted: is_piloted(&module.name),
        };
        Ok(schema.modules.values().map(offer).collect())
    }

    fn edited(&self, edit: &Edit) -> Result<Edited, Error> {
        let texts = self.change(edit).map_err(as_error)?;
        let mut files = BTreeMap::new();
        for (path, after) in &texts {
            let before = self.text(path);
            if before.as_ref() != Some(after) {
                files.insert(path.clone(), EditedFile { before, after: after.clone() });
            }
        }
        let company = Company::read_with(&self.path, &texts).map_err(as_error)?;
        let desired = company.setup().map_err(as_error)?.desired();
        Ok(Edited { desired, files })
    }

    fn write(&self, edited: &Edited) -> Result<(), Error> {
        let changed = edited.files.iter().find(|(path, file)| self.text(path) != file.before);
        if let Some((path, _)) = changed {
            let message = format!("{path} was changed meanwhile; look at the new plan.");
            return Err(Error::Conflict { code: "stale_plan", message });
        }
        for (path, file) in &edited.files {
            put(&self.path.join(path), Some(&file.after)).map_err(as_error)?;
        }
        Ok(())
    }

    fn put_back(&self, edited: &Edited) -> Result<(), Error> {
        for (path, file) in &edited.files {
            put(&self.path.join(path), file.before.as_deref()).map_err(as_error)?;
        }
        Ok(())
    }
}

/// A file has its old text or its new one, never a part of it.
fn put(file: &Path, text: Option<&str>) -> Result<()> {
    let Some(text) = text else {
        return std::fs::remove_file(file).with_context(|| format!("removing {}", file.display()));
    };
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    }
    let beside = file.with_extension("toml.new");
    std::fs::write(&beside, text).with_context(|| format!("writing {}", beside.display()))?;
    std::fs::rename(&beside, file).with_context(|| format!("writing {}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_are_words_with_labels() {
        let texts = ["good", "Very good!", "42", "Größe"].map(str::to_owned);
        let told = choices(&texts).to_string();
        assert_eq!(
            told,
            "[\"good\", { value = \"very_good\", label = \"Very good!\" }, { value = \"v_42\", label = \
             \"42\" }, { value = \"gr_e\", label = \"Größe\" }]"
        );
    }

    #[test]
    fn what_people_wrote_stays() {
        let text =
            "# ours\nextends = \"party\"\n\n[fields]\nshoe_size = { type = \"integer\" } # EU\n";
        let mut document: DocumentMut = text.parse().unwrap();
        let edit = Edit::Field {
            model: "party".into(),
            name: "hat".into(),
            kind: "text".into(),
            label: "Hat".into(),
            help: String::new(),
            to: String::new(),
            values: Vec::new(),
            required: false,
            search: true,
        };
        let fields = part(&mut document, "fields").unwrap();
        fields.insert("hat", Item::Value(Value::InlineTable(field(&edit))));
        assert_eq!(
            document.to_string(),
            format!("{text}hat = {{ type = \"text\", label = \"Hat\", search = true }}\n")
        );
    }
}
