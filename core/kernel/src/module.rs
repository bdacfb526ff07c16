//! What a module tells the kernel: its files, and the plain list of what its Rust adds.
//! Modules know the kernel and never each other; they meet through `ports` and `events`.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use fondaco_schema::{Origin, Schema, Source, Tables};
use fondaco_values::{AnyId, Date, Decimal, Problem, Value};
use indexmap::IndexMap;

use crate::Ctx;
use crate::error::{Error, Result};
use crate::events::Event;
use crate::model::{Catalog, Saving};
use crate::permissions::Allowed;
use crate::plan::Desired;
use crate::ports::Ports;
use crate::proposals::ProposalsFn;
use crate::record::{Declared, Record};
use crate::rollout::OpeningFn;
use crate::seeds::{self, Seed};
use crate::store;
use crate::texts::{self, LocaleFile, Texts};
use crate::tx::{Fut, Tx};
use crate::views::{Views, Whole};

pub type ActionFn = for<'t> fn(&'t mut Tx, Acting) -> Fut<'t, Outcome>;
pub type BeforeSave = for<'t> fn(&'t mut Tx, &'t mut [Saving]) -> Fut<'t, ()>;
pub type Subscriber = for<'t> fn(&'t mut Tx, &'t Event) -> Fut<'t, ()>;
pub type JobFn = for<'t> fn(&'t mut Tx, &'t serde_json::Value) -> Fut<'t, ()>;
pub type ReportFn = for<'t> fn(&'t mut Tx, Args) -> Fut<'t, Table>;

/// One module as it is compiled in. Switched on by handing it to `Kernel::open`.
#[derive(Clone)]
pub struct Module {
    name: &'static str,
    manifest: &'static str,
    models: Vec<(&'static str, &'static str)>,
    reports: Vec<(&'static str, &'static str)>,
    dashboards: Vec<(&'static str, &'static str)>,
    documents: Vec<(&'static str, &'static str)>,
    data: Vec<(&'static str, &'static str)>,
    locales: Vec<LocaleFile>,
    records: Vec<Declared>,
    actions: Vec<(&'static str, &'static str, ActionFn)>,
    before_save: Vec<(&'static str, BeforeSave)>,
    inside: Vec<(&'static str, Subscriber)>,
    after: Vec<(&'static str, Subscriber)>,
    jobs: Vec<(&'static str, JobFn)>,
    report_rows: Vec<(&'static str, ReportFn)>,
    proposals: Vec<(&'static str, ProposalsFn)>,
    ports: Vec<fn(&mut Ports)>,
    opening: Option<OpeningFn>,
}

impl Module {
    /// `manifest` is the text of the module's `module.toml`.
    pub fn new(name: &'static str, manifest: &'static str) -> Module {
        Module {
            name,
            manifest,
            models: Vec::new(),
            reports: Vec::new(),
            dashboards: Vec::new(),
            documents: Vec::new(),
            data: Vec::new(),
            locales: Vec::new(),
            records: Vec::new(),
            actions: Vec::new(),
            before_save: Vec::new(),
            inside: Vec::new(),
            after: Vec::new(),
            jobs: Vec::new(),
            report_rows: Vec::new(),
            proposals: Vec::new(),
            ports: Vec::new(),
            opening: None,
        }
    }

    pub fn name(&self) -> &'static str {
        self.name
    }

    /// `(path, text)` of each file in `models/`.
    pub fn models(mut self, files: &[(&'static str, &'static str)]) -> Module {
        self.models.extend(files);
        self
    }

    /// `(path, text)` of each file in `reports/`.
    pub fn reports(mut self, files: &[(&'static str, &'static str)]) -> Module {
        self.reports.extend(files);
        self
    }

    /// `(path, text)` of each file in `dashboards/`.
    pub fn dashboards(mut self, files: &[(&'static str, &'static str)]) -> Module {
        self.dashboards.extend(files);
        self
    }

    /// `(path, text)` of each file in `documents/`: what is printed of its records.
    pub fn documents(mut self, files: &[(&'static str, &'static str)]) -> Module {
        self.documents.extend(files);
        self
    }

    /// `(path, text)` of each file in `data/`: what every company starts with (`seeds`).
    pub fn data(mut self, files: &[(&'static str, &'static str)]) -> Module {
        self.data.extend(files);
        self
    }

    /// Its texts in other languages than English ([`locales!`](crate::locales)).
    pub fn locales(mut self, files: &[LocaleFile]) -> Module {
        self.locales.extend(files);
        self
    }

    /// Has the struct compared with its TOML at start-up.
    pub fn record<M: Record>(mut self) -> Module {
        self.records.push(Declared::of::<M>());
        self
    }

    pub fn action(mut self, model: &'static str, name: &'static str, deed: ActionFn) -> Module {
        self.actions.push((model, name, deed));
        self
    }

    pub fn before_save(mut self, model: &'static str, hook: BeforeSave) -> Module {
        self.before_save.push((model, hook));
        self
    }

    /// Hears of an event inside the transaction, and may refuse.
    pub fn inside(mut self, event: &'static str, hear: Subscriber) -> Module {
        self.inside.push((event, hear));
        self
    }

    /// Hears of an event after the commit, at least once.
    pub fn after(mut self, event: &'static str, hear: Subscriber) -> Module {
        self.after.push((event, hear));
        self
    }

    pub fn job(mut self, name: &'static str, run: JobFn) -> Module {
        self.jobs.push((name, run));
        self
    }

    pub fn report(mut self, name: &'static str, rows: ReportFn) -> Module {
        self.report_rows.push((name, rows));
        self
    }

    /// Says what could be done with records of a model that wait for a decision.
    pub fn proposals(mut self, model: &'static str, propose: ProposalsFn) -> Module {
        self.proposals.push((model, propose));
        self
    }

    pub fn port(mut self, provide: fn(&mut Ports)) -> Module {
        self.ports.push(provide);
        self
    }

    /// Takes up what is there when this module, or another whose port it uses, is switched on.
    pub fn opening(mut self, open: OpeningFn) -> Module {
        self.opening = Some(open);
        self
    }

    pub(crate) fn opens(&self) -> Option<OpeningFn> {
        self.opening
    }

    /// Adds what it does for others.
    pub(crate) fn provide(&self, ports: &mut Ports) {
        self.ports.iter().for_each(|provide| provide(ports));
    }

    /// Names of the jobs that it runs, subscriptions after the commit among them.
    fn job_names(&self) -> impl Iterator<Item = String> {
        let jobs = self.jobs.iter().map(|(name, _)| (*name).to_owned());
        let after = self.after.iter().enumerate();
        jobs.chain(after.map(|(n, (event, _))| subscription(self.name, event, n)))
    }

    fn runs(&self, job: &str) -> bool {
        self.job_names().any(|name| name == job)
    }

    /// Its own hearers of an event inside the transaction.
    pub(crate) fn hearers(&self, event: &str) -> Vec<Subscriber> {
        let own = self.inside.iter().filter(|(name, _)| *name == event);
        own.map(|(_, hear)| *hear).collect()
    }

    pub fn locale_files(&self) -> &[LocaleFile] {
        &self.locales
    }

    pub(crate) fn data_files(&self) -> &[(&'static str, &'static str)] {
        &self.data
    }

    /// The module's TOML, for checks without a kernel.
    pub fn sources(&self) -> Vec<Source> {
        let manifest = [("module.toml", self.manifest)];
        let files = manifest.iter().chain(&self.models).chain(&self.reports);
        let files = files.chain(&self.dashboards).chain(&self.documents);
        files
            .map(|(path, text)| Source {
                origin: Origin::Module(self.name.to_owned()),
                path: format!("modules/{}/{path}", self.name),
                text: (*text).to_owned(),
            })
            .collect()
    }
}

/// Turns `order::confirm` (a function over `Allowed<SalesOrder>` and `Args`) into an action.
#[macro_export]
macro_rules! act {
    ($deed:path) => {
        |tx, acting| {
            ::std::boxed::Box::pin(async move {
                let record = acting.allowed(tx).await?;
                $deed(tx, record, acting.into_args()).await
            })
        }
    };
}

/// The files in `locales/` of a module's crate, for [`Module::locales`].
#[macro_export]
macro_rules! locales {
    ($module:literal) => {
        $crate::locales!($module, "vi", "th", "pl", "zh")
    };
    ($module:literal, $($language:literal),+) => {
        &[$((
            $language,
            concat!("modules/", $module, "/locales/", $language, ".ftl"),
            include_str!(concat!("../locales/", $language, ".ftl")),
        )),+]
    };
}

/// An action that was permitted, on its way to the module's function. Made only by `records::act`
/// and `store::perform`.
pub struct Acting {
    id: AnyId,
    args: Args,
}

impl Acting {
    pub(crate) fn new(id: AnyId, args: Args) -> Acting {
        Acting { id, args }
    }

    /// The record, as proof that acting on it is allowed.
    pub async fn allowed<M: Record>(&self, tx: &mut Tx) -> Result<Allowed<M>> {
        let record = store::get::<M>(tx, self.id.cast()).await?;
        Ok(Allowed::new(record))
    }

    pub fn into_args(self) -> Args {
        self.args
    }
}

/// Checked arguments of an action or a report, by name.
#[derive(Clone, Debug, Default)]
pub struct Args(pub IndexMap<String, Value>);

impl Args {
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !matches!(value, Value::Null))
    }

    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Args {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(Value::as_text)
    }

    pub fn date(&self, name: &str) -> Option<Date> {
        self.get(name).and_then(Value::as_date)
    }

    pub fn decimal(&self, name: &str) -> Option<Decimal> {
        self.get(name).and_then(Value::as_decimal)
    }

    pub fn int(&self, name: &str) -> Option<i64> {
        self.get(name).and_then(Value::as_int)
    }

    pub fn flag(&self, name: &str) -> bool {
        self.get(name).and_then(Value::as_bool).unwrap_or(false)
    }

    pub fn link<M>(&self, name: &str) -> Option<fondaco_values::Id<M>> {
        self.get(name).and_then(Value::as_link).map(|id| id.cast())
    }

    pub fn json(&self, name: &str) -> Option<&serde_json::Value> {
        match self.get(name) {
            Some(Value::Json(json)) => Some(json),
            _ => None,
        }
    }
}

/// What an action answers.
#[derive(Clone, Debug, Default, serde::Serialize)]
pub struct Outcome {
    /// A sentence for the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// A document that came of it, to open next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open: Option<DocRef>,
    /// Goes into the payload of the event that the change of state emits.
    #[serde(skip)]
    pub payload: serde_json::Map<String, serde_json::Value>,
}

impl Outcome {
    pub fn done() -> Outcome {
        Outcome::default()
    }

    pub fn says(message: impl Into<String>) -> Outcome {
        Outcome { message: Some(message.into()), ..Outcome::default() }
    }

    pub fn opens(mut self, document: DocRef) -> Outcome {
        self.open = Some(document);
        self
    }

    /// Adds to the payload of the event.
    pub fn with(mut self, key: &str, value: impl serde::Serialize) -> Outcome {
        let value = serde_json::to_value(value).unwrap_or_default();
        self.payload.insert(key.to_owned(), value);
        self
    }
}

/// A document of whatever module, for links between documents of modules that do not know each other.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct DocRef {
    pub model: String,
    pub id: AnyId,
}

impl DocRef {
    pub fn new<M>(model: &str, id: fondaco_values::Id<M>) -> DocRef {
        DocRef { model: model.to_owned(), id: id.cast() }
    }
}

/// Rows of a report.
#[derive(Clone, Debug, Default)]
pub struct Table {
    pub rows: Vec<Vec<Value>>,
    /// The last row of the page, such as totals; as long as a row or empty.
    pub totals: Vec<Value>,
}

/// Schema and behaviour of everything that is switched on.
pub struct Registry {
    pub schema: Arc<Schema>,
    pub(crate) catalog: Arc<Catalog>,
    pub ports: Ports,
    actions: HashMap<String, ActionFn>,
    before_save: HashMap<String, Vec<BeforeSave>>,
    inside: HashMap<String, Vec<Subscriber>>,
    after: HashMap<String, Vec<(String, Subscriber)>>,
    jobs: HashMap<String, JobFn>,
    reports: HashMap<String, ReportFn>,
    proposals: HashMap<String, ProposalsFn>,
    seeds: Vec<Seed>,
    all: Option<Schema>,
    digest: String,
    desired: Desired,
    /// The tables that there would be with every module of this program on.
    of_all: OnceLock<Option<Tables>>,
    views: Views,
    whole: Option<Whole>,
}

impl Registry {
    /// Merges kernel, modules and company, and compares every struct with its TOML.
    ///
    /// # Errors
    /// `Schema` with all faults at once; `Startup` when Rust and TOML disagree, or when a file of
    /// records cannot be read.
    pub(crate) fn new(desired: Desired) -> Result<Registry> {
        let mut registry = Registry::plain(desired)?;
        registry.views = Views::new(&registry.desired, &registry)?;
        Ok(registry)
    }

    /// The whole, whoever is to see it.
    pub(crate) fn plain(desired: Desired) -> Result<Registry> {
        let schema = Arc::new(desired.schema()?);
        let all = if desired.off.is_empty() { None } else { desired.schema_of_all() };
        let seeds = seeds::read(&seeds::sources(&desired.modules, &desired.data))?;
        let seeds = seeds::known(seeds, &schema, all.as_ref());
        let digest = desired.to_applied().digest();
        let modules = desired.modules.clone();
        let declared: Vec<Declared> =
            modules.iter().flat_map(|m| m.records.iter().cloned()).collect();
        let mut registry = Registry {
            catalog: Arc::new(Catalog::new(schema.clone(), &declared)?),
            schema,
            ports: Ports::default(),
            actions: HashMap::new(),
            before_save: HashMap::new(),
            inside: HashMap::new(),
            after: HashMap::new(),
            jobs: HashMap::new(),
            reports: HashMap::new(),
            proposals: HashMap::new(),
            seeds,
            all,
            digest,
            desired,
            of_all: OnceLock::new(),
            views: Views::default(),
            whole: None,
        };
        let mut wrong = Vec::new();
        for module in modules {
            registry.add(module, &mut wrong);
        }
        if wrong.is_empty() { Ok(registry) } else { Err(Error::Startup(wrong.join("\n"))) }
    }

    fn add(&mut self, module: Module, wrong: &mut Vec<String>) {
        for (model, name, deed) in module.actions {
            let known = self.schema.model(model).is_some_and(|m| m.actions.contains_key(name));
            if !known {
                wrong.push(format!("{}: no action {name} on {model}", module.name));
            }
            self.actions.insert(format!("{model}.{name}"), deed);
        }
        for (model, hook) in module.before_save {
            if self.schema.model(model).is_none() {
                wrong.push(format!("{}: a hook on the unknown model {model}", module.name));
            }
            self.before_save.entry(model.to_owned()).or_default().push(hook);
        }
        for (event, hear) in module.inside {
            self.inside.entry(event.to_owned()).or_default().push(hear);
        }
        for (n, (event, hear)) in module.after.into_iter().enumerate() {
            let job = subscription(module.name, event, n);
            self.after.entry(event.to_owned()).or_default().push((job, hear));
        }
        for (name, rows) in module.report_rows {
            if !self.schema.reports.contains_key(name) {
                wrong.push(format!("{}: no report {name}", module.name));
            }
            self.reports.insert(name.to_owned(), rows);
        }
        let proposals = module.proposals.into_iter().map(|(model, own)| (model.to_owned(), own));
        self.proposals.extend(proposals);
        self.jobs.extend(module.jobs.into_iter().map(|(name, run)| (name.to_owned(), run)));
        for provide in module.ports {
            provide(&mut self.ports);
        }
    }

    /// What every company starts with.
    pub(crate) fn seeds(&self) -> &[Seed] {
        &self.seeds
    }

    /// The schema that there would be with every module of this program on; `None` when every module is
    /// on, and when they do not go together.
    pub(crate) fn all(&self) -> Option<&Schema> {
        self.all.as_ref()
    }

    /// The tables of [`Registry::all`], and of plugins that are out of force.
    pub(crate) fn tables_of_all(&self) -> Option<&Tables> {
        let all = || self.desired.tables_of_all(self.all.as_ref());
        self.of_all.get_or_init(all).as_ref()
    }

    /// The texts of all that this program has, with those of the shell.
    ///
    /// # Errors
    /// `Startup` with all that is wrong with the files.
    pub fn texts(&self, shell: &[LocaleFile]) -> Result<Texts> {
        let modules = self.modules().iter().chain(self.resting());
        let of_modules = modules.flat_map(|module| module.locale_files().iter().copied());
        let own = texts::OF_KERNEL.iter().chain(shell).copied();
        let mut texts = Texts::read(own.chain(of_modules))?;
        for addition in self.desired.plugins.iter().filter(|addition| addition.on) {
            for (language, path, text) in &addition.locales {
                // Looked at when it was installed; what a later program says itself stays.
                if let Err(wrong) = texts.add_of_plugin(language, path, text) {
                    tracing::warn!(plugin = addition.plugin, wrong, "texts of a plugin");
                }
            }
        }
        Ok(texts)
    }

    /// Of all texts in other languages that plugins add: another one when they change.
    pub fn texts_of_plugins(&self) -> Vec<(&str, &str)> {
        let on = self.desired.plugins.iter().filter(|addition| addition.on);
        let with_texts = on.filter(|addition| !addition.locales.is_empty());
        with_texts.map(|own| (own.plugin.as_str(), own.version.as_str())).collect()
    }

    /// Whether what a plugin adds is out of force.
    pub(crate) fn is_plugin_hidden(&self, id: &str) -> bool {
        self.desired.plugins.iter().any(|addition| addition.plugin == id && !addition.on)
    }

    /// What it was made of.
    pub(crate) fn desired(&self) -> &Desired {
        &self.desired
    }

    /// Of all the texts that it was made of.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// The modules that are on, in the order in which they are told of each other.
    pub fn modules(&self) -> &[Module] {
        &self.desired.modules
    }

    /// The modules that this program has and that are off.
    pub fn resting(&self) -> &[Module] {
        &self.desired.off
    }

    pub(crate) fn views(&self) -> &Views {
        &self.views
    }

    /// The registry of what is in force for a caller.
    pub(crate) fn seen_by(self: &Arc<Registry>, ctx: &Ctx) -> Arc<Registry> {
        self.views.of(ctx).unwrap_or(self).clone()
    }

    /// The registry of what is in force for somebody in a company.
    pub(crate) fn in_company(self: &Arc<Registry>, company: AnyId) -> Arc<Registry> {
        self.views.in_company(company).unwrap_or(self).clone()
    }

    /// The registry that a job is run with.
    pub(crate) fn of_job(self: &Arc<Registry>, company: AnyId, job: &str) -> Arc<Registry> {
        let own = |module: &&Module| module.runs(job);
        let module = self.modules().iter().find(own).map(Module::name);
        self.views.of_job(company, module).unwrap_or(self).clone()
    }

    /// From now on it is what some see of another, under that one's version.
    pub(crate) fn is_part_of(&mut self, whole: &Registry) {
        self.digest.clone_from(&whole.digest);
        self.whole = Some(Whole::new(whole.catalog.clone(), &self.catalog));
    }

    /// The schema of the whole.
    pub(crate) fn whole_schema(&self) -> Arc<Schema> {
        self.whole.as_ref().map_or(&self.schema, Whole::schema).clone()
    }

    /// Of one that some see: the whole.
    pub(crate) fn whole(&self) -> Option<&Whole> {
        self.whole.as_ref()
    }

    /// Names of the jobs of modules that are off.
    pub(crate) fn resting_jobs(&self) -> Vec<String> {
        self.desired.off.iter().flat_map(Module::job_names).collect()
    }

    /// Those of the modules that are off which would hear an event inside its transaction.
    pub(crate) fn deaf_to(&self, event: &str) -> Vec<&'static str> {
        let hears = |module: &&Module| module.inside.iter().any(|(name, _)| *name == event);
        self.desired.off.iter().filter(hears).map(Module::name).collect()
    }

    pub(crate) fn action(&self, model: &str, name: &str) -> Option<ActionFn> {
        self.actions.get(&format!("{model}.{name}")).copied()
    }

    pub(crate) fn before_save(&self, model: &str) -> Vec<BeforeSave> {
        self.before_save.get(model).cloned().unwrap_or_default()
    }

    pub(crate) fn inside(&self, event: &str) -> Vec<Subscriber> {
        self.inside.get(event).cloned().unwrap_or_default()
    }

    pub(crate) fn after(&self, event: &str) -> &[(String, Subscriber)] {
        self.after.get(event).map(Vec::as_slice).unwrap_or_default()
    }

    pub(crate) fn subscriber(&self, job: &str) -> Option<Subscriber> {
        let found = self.after.values().flatten().find(|(name, _)| name == job);
        found.map(|(_, hear)| *hear)
    }

    pub(crate) fn job(&self, name: &str) -> Option<JobFn> {
        self.jobs.get(name).copied()
    }

    pub(crate) fn proposals(&self, model: &str) -> Option<ProposalsFn> {
        self.proposals.get(model).copied()
    }

    /// Whether a module proposes what to do with records of a model.
    pub fn proposes(&self, model: &str) -> bool {
        self.proposals.contains_key(model)
    }

    /// The rows of a report that the caller was allowed to see.
    pub(crate) fn report(&self, name: &str) -> Option<ReportFn> {
        self.reports.get(name).copied()
    }
}

/// The name of the job that tells a module of an event after the commit.
fn subscription(module: &str, event: &str, n: usize) -> String {
    format!("{module}:{event}:{n}")
}

/// A problem with one argument of an action.
pub fn missing(name: &str, message: &str) -> Error {
    Error::Invalid(vec![Problem::new(name, "required", message)])
}
