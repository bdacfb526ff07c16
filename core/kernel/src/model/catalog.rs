//! The catalog: the merged schema with what is worked out once per model: table, columns, line
//! models, computed fields in order, kept texts of statements. It also compares Rust structs with
//! the TOML. Not here: loading TOML (crate `schema`), making tables (`migrate`).

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use fondaco_schema::{Expr, Kind, Model, Node, Pattern, Schema, Type, expr, pattern};

use super::sql::Texts;
use crate::record::{Declared, FieldSpec, Shape};
use crate::{Error, Result};

/// Compiled filters kept; above this many the memory is emptied and starts anew.
const FILTERS_KEPT_MAX: usize = 1_000;

/// All models with what is known about each beforehand.
#[derive(Debug)]
pub struct Catalog {
    schema: Arc<Schema>,
    metas: HashMap<String, Arc<Meta>>,
    /// Pseudo-models over the arguments of actions.
    args: HashMap<(String, String), Arc<Meta>>,
    /// The same over the parameters of reports.
    params: HashMap<String, Arc<Meta>>,
    filters: Mutex<HashMap<(String, String), Arc<Expr>>>,
}

/// A model and what its statements need.
#[derive(Debug)]
pub struct Meta {
    pub model: Arc<Model>,
    pub(crate) table: String,
    /// Indexes of the fields that have a column; the id is the first.
    pub(crate) columns: Vec<usize>,
    /// Indexes of the fields of kind tags and links.
    pub(crate) many: Vec<usize>,
    pub(crate) lines: Vec<Lines>,
    /// Indexes of the computed fields, each after those that it reads.
    pub(crate) stored: Vec<usize>,
    pub(crate) unstored: Vec<usize>,
    pub(crate) searched: Vec<usize>,
    pub(crate) system: System,
    /// Whether the company's record is needed to compute or check a record: for the currency of its
    /// money, or because a computed field asks for it; its lines included.
    pub(crate) of_company: bool,
    /// Compiled patterns by index of field.
    pub(crate) patterns: Vec<(usize, Pattern)>,
    pub(crate) texts: Texts,
}

/// A field of kind lines: its index, the child's meta, the index of the child's link back.
#[derive(Debug)]
pub(crate) struct Lines {
    pub(crate) at: usize,
    pub(crate) child: Arc<Meta>,
    pub(crate) by: usize,
}

/// Indexes of the fields that the kernel keeps.
#[derive(Debug, Default)]
pub(crate) struct System {
    pub(crate) id: usize,
    pub(crate) version: usize,
    pub(crate) created_at: Option<usize>,
    pub(crate) created_by: Option<usize>,
    pub(crate) updated_at: Option<usize>,
    pub(crate) updated_by: Option<usize>,
    pub(crate) company: Option<usize>,
    pub(crate) position: Option<usize>,
    pub(crate) number: Option<usize>,
    pub(crate) state: Option<usize>,
}

impl Catalog {
    /// Works out what every model needs, and compares the structs with it. All disagreements at
    /// once, as [`Error::Startup`].
    pub fn new(schema: Arc<Schema>, structs: &[Declared]) -> Result<Catalog> {
        let mut metas = HashMap::with_capacity(schema.models.len());
        for model in schema.models.values() {
            build(&schema, model, &mut metas);
        }
        let mut args = HashMap::new();
        for model in schema.models.values() {
            for action in model.actions.values() {
                let key = (model.name.clone(), action.name.clone());
                args.insert(key, Arc::new(Meta::of_args(model, &action.args)));
            }
        }
        let params = schema
            .reports
            .values()
            .map(|report| (report.name.clone(), Arc::new(Meta::of_params(report))))
            .collect();
        let catalog = Catalog { schema, metas, args, params, filters: Mutex::new(HashMap::new()) };
        let wrong: Vec<String> =
            structs.iter().flat_map(|declared| catalog.disagreements(declared)).collect();
        if wrong.is_empty() { Ok(catalog) } else { Err(Error::Startup(wrong.join("\n"))) }
    }

    pub fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    /// A model by name; what does not exist answers like a record that does not.
    pub fn meta(&self, model: &str) -> Result<&Arc<Meta>> {
        self.metas
            .get(model)
            .ok_or_else(|| Error::NotFound { model: "model".to_owned(), id: model.to_owned() })
    }

    /// The arguments of an action as fields.
    pub fn args(&self, model: &str, action: &str) -> Result<&Arc<Meta>> {
        let key = (model.to_owned(), action.to_owned());
        self.args.get(&key).ok_or_else(|| Error::not_found(&format!("action of {model}"), action))
    }

    /// The parameters of a report as fields.
    pub fn params(&self, report: &str) -> Result<&Arc<Meta>> {
        self.params.get(report).ok_or_else(|| Error::not_found("report", report))
    }

    /// A condition in the expression language, compiled for a model and kept.
    pub fn filter(&self, model: &Model, source: &str) -> Result<Arc<Expr>> {
        let key = (model.name.clone(), source.to_owned());
        if let Some(found) = self.kept().get(&key) {
            return Ok(found.clone());
        }
        let compiled = expr::compile(source, model, &self.schema, Some(&Type::Bool))
            .map_err(|message| Error::problem("filter", "expression", message.to_string()))?;
        let compiled = Arc::new(compiled);
        let mut kept = self.kept();
        if kept.len() >= FILTERS_KEPT_MAX {
            kept.clear();
        }
        kept.insert(key, compiled.clone());
        Ok(compiled)
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, HashMap<(String, String), Arc<Expr>>> {
        self.filters.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn disagreements(&self, declared: &Declared) -> Vec<String> {
        let Declared { rust, model: name, fields } = declared;
        let Ok(meta) = self.meta(name) else {
            return vec![format!("{rust}: there is no model {name}")];
        };
        let model = &meta.model;
        let mut wrong = Vec::new();
        let own = [model.module.as_str(), "kernel"].contains(&declared.module());
        if model.module != "kernel" && !own {
            wrong.push(format!("{rust}: {name} belongs to {}; ask its ports", model.module));
        }
        for spec in fields {
            let at = format!("{rust}.{}", spec.name);
            match model.field(spec.name) {
                None => wrong.push(format!("{at}: {name} has no such field")),
                Some(field) => {
                    wrong.extend(mismatch(spec, field).map(|what| format!("{at}: {what}")))
                }
            }
        }
        wrong
    }
}

fn asks_company(model: &Model) -> bool {
    let mut asks = model.fields.values().any(|field| field.kind == Kind::Money);
    for compute in model.fields.values().filter_map(|field| field.compute.as_ref()) {
        compute.node.walk(&mut |part| asks |= matches!(part, Node::Company(_)));
    }
    asks
}

fn patterns(model: &Model) -> Vec<(usize, Pattern)> {
    let fields = model.fields.values().enumerate();
    fields.filter_map(|(at, f)| Some((at, pattern(f.pattern.as_ref()?).ok()?))).collect()
}

/// Why a struct's field cannot hold a model's field.
fn mismatch(spec: &FieldSpec, field: &fondaco_schema::Field) -> Option<String> {
    if !spec.shape.holds(&field.kind) {
        return Some(format!("the TOML says {}, Rust {:?}", field.kind.name(), spec.shape));
    }
    if let (Some(rust), Some(toml)) = (spec.target, field.kind.target())
        && rust != toml
    {
        return Some(format!("the TOML links to {toml}, Rust to {rust}"));
    }
    let filled =
        field.required || field.system || field.compute.is_some() || field.default.is_some();
    let nothing = matches!(spec.shape, Shape::Links | Shape::Tags | Shape::Lines(_) | Shape::Bool);
    if !spec.optional && !filled && !nothing {
        return Some("it is not required, so Rust needs Option<…>".to_owned());
    }
    None
}

fn build(schema: &Schema, model: &Arc<Model>, metas: &mut HashMap<String, Arc<Meta>>) -> Arc<Meta> {
    if let Some(built) = metas.get(&model.name) {
        return built.clone();
    }
    let mut lines = Vec::new();
    for (field, of, by) in model.lines() {
        // The loader refuses cyclic lines and lines of no model.
        let (Some(at), Some(child)) = (model.field_index(&field.name), schema.model(of)) else {
            continue;
        };
        let Some(by) = child.field_index(by) else { continue };
        lines.push(Lines { at, child: build(schema, child, metas), by });
    }
    let meta = Arc::new(Meta::new(model.clone(), lines));
    metas.insert(model.name.clone(), meta.clone());
    meta
}

impl Meta {
    fn new(model: Arc<Model>, lines: Vec<Lines>) -> Meta {
        let all = || model.fields.values().enumerate();
        let mut columns: Vec<usize> =
            all().filter(|(_, field)| field.has_column()).map(|(at, _)| at).collect();
        let is_many = |kind: &Kind| matches!(kind, Kind::Tags | Kind::Links { .. });
        let many = all()
            .filter(|(_, field)| is_many(&field.kind) && field.compute.is_none())
            .map(|(at, _)| at)
            .collect();
        let system = System::of(&model);
        columns.retain(|at| *at != system.id);
        columns.insert(0, system.id);
        let computed =
            model.computed.iter().filter_map(|name| model.fields.get_full(name.as_str()));
        let (mut stored, mut unstored) = (Vec::new(), Vec::new());
        for (at, _, field) in computed {
            if field.stored { stored.push(at) } else { unstored.push(at) }
        }
        let searched = all().filter(|(_, field)| field.search).map(|(at, _)| at).collect();
        let table = model.table();
        let below = lines.iter().any(|of| of.child.of_company);
        Meta {
            table,
            columns,
            many,
            lines,
            stored,
            unstored,
            searched,
            system,
            of_company: asks_company(&model) || below,
            patterns: patterns(&model),
            texts: Texts::default(),
            model,
        }
    }

    /// The arguments of an action, seen as a model without a table.
    fn of_args(model: &Model, args: &indexmap::IndexMap<String, fondaco_schema::Field>) -> Meta {
        Meta::without_table(&model.name, &model.module, args)
    }

    /// The parameters of a report, seen as a model without a table.
    fn of_params(report: &fondaco_schema::Report) -> Meta {
        Meta::without_table(&report.name, &report.module, &report.params)
    }

    fn without_table(
        name: &str,
        module: &str,
        fields: &indexmap::IndexMap<String, fondaco_schema::Field>,
    ) -> Meta {
        let model = Model {
            name: name.to_owned(),
            label: String::new(),
            plural: String::new(),
            module: module.to_owned(),
            title: String::new(),
            number: None,
            shared: true,
            fields: fields.clone(),
            states: None,
            actions: indexmap::IndexMap::new(),
            access: indexmap::IndexMap::new(),
            views: serde_json::Value::Null,
            indexes: Vec::new(),
            owner: None,
            computed: Vec::new(),
            help: String::new(),
        };
        Meta {
            of_company: false,
            patterns: patterns(&model),
            model: Arc::new(model),
            table: String::new(),
            columns: Vec::new(),
            many: Vec::new(),
            lines: Vec::new(),
            stored: Vec::new(),
            unstored: Vec::new(),
            searched: Vec::new(),
            system: System::default(),
            texts: Texts::default(),
        }
    }

    pub(crate) fn lines_of(&self, at: usize) -> Option<&Lines> {
        self.lines.iter().find(|lines| lines.at == at)
    }

    pub(crate) fn pattern(&self, at: usize) -> Option<&Pattern> {
        self.patterns.iter().find(|(field, _)| *field == at).map(|(_, regex)| regex)
    }

    /// Has a text of its own to be found by; what lines say is found by their document's.
    pub(crate) fn is_searchable(&self) -> bool {
        !self.searched.is_empty() && self.model.owner.is_none()
    }

    pub(crate) fn all_lines(&self) -> Vec<usize> {
        self.lines.iter().map(|of| of.at).collect()
    }

    /// Whether rows belong to a company.
    pub(crate) fn is_of_company(&self) -> bool {
        self.system.company.is_some()
    }
}

impl System {
    fn of(model: &Model) -> System {
        let at = |name: &str| {
            model.fields.get_full(name).filter(|(_, _, field)| field.system).map(|(at, _, _)| at)
        };
        System {
            id: at("id").unwrap_or_default(),
            version: at("version").unwrap_or_default(),
            created_at: at("created_at"),
            created_by: at("created_by"),
            updated_at: at("updated_at"),
            updated_by: at("updated_by"),
            company: at("company"),
            position: at("position"),
            number: at("number"),
            state: at("state"),
        }
    }
}
