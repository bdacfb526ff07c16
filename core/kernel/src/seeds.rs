//! What every company starts with: records from the `data/*.toml` of kernel, modules and company
//! folder, sown once. A record is known by its key (`keys`), so sowing again makes nothing twice,
//! and what a company has changed since stays changed.
//!
//! ```toml
//! [[unit]]
//! key = "piece"
//! name = "Piece"
//! category = "count"      # a text in a link is the key of the other record
//! ```
//!
//! Records of the kernel and the modules go into every company. Those of the company folder go into
//! its first company, or into the one whose key they name: `company = "second"`.

use std::collections::{BTreeSet, HashMap, HashSet};

use fondaco_schema::{Kind, Model, Origin, Schema, Source};
use fondaco_values::{AnyId, Id, Problem, Value};
use serde_json::{Map, Value as Json};

use crate::error::{Error, Result, refuse_if_any};
use crate::model::Draft;
use crate::module::Module;
use crate::permissions::{self, Right};
use crate::records::{Change, Select};
use crate::shared::Company;
use crate::store::{self, Filter};
use crate::tx::Tx;
use crate::{keys, records};

const KERNEL: &[(&str, &str)] = &[
    ("core/kernel/data/currencies.toml", include_str!("../data/currencies.toml")),
    ("core/kernel/data/units.toml", include_str!("../data/units.toml")),
    ("core/kernel/data/terms.toml", include_str!("../data/terms.toml")),
];
/// Records made in one go.
const BATCH: usize = 200;

/// One record to be sown.
#[derive(Clone, Debug)]
pub(crate) struct Seed {
    path: String,
    model: String,
    key: String,
    fields: Map<String, Json>,
    /// From the company folder.
    own: bool,
}

impl Seed {
    pub(crate) fn model(&self) -> &str {
        &self.model
    }

    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    /// The same with the fields' names of today, less those that are gone.
    fn as_now(&self, model: &Model) -> Seed {
        let now = model.fields.values().filter_map(|field| {
            let before = field.renamed_from.as_ref().and_then(|name| self.fields.get(name));
            let value = self.fields.get(&field.name).or(before)?;
            Some((field.name.clone(), value.clone()))
        });
        let company = self.fields.get_key_value("company");
        let company = company.map(|(name, value)| (name.clone(), value.clone()));
        Seed { fields: now.chain(company).collect(), ..self.clone() }
    }

    /// The fields that another description of the same record does not have, or has otherwise. Lines
    /// are none of them.
    pub(crate) fn fields_other_than(&self, other: &Seed, schema: &Schema) -> Vec<&str> {
        let other = schema
            .model(&self.model)
            .map(|model| other.as_now(model))
            .unwrap_or_else(|| other.clone());
        let is_lines = |name: &str| {
            let field = schema.field(&self.model, name);
            field.is_some_and(|(_, field)| matches!(field.kind, Kind::Lines { .. }))
        };
        let changed = self.fields.iter().filter(|(name, value)| {
            other.fields.get(*name) != Some(*value) && !is_lines(name.as_str())
        });
        changed.map(|(name, _)| name.as_str()).collect()
    }

    /// Whether it goes into the company of this key; the first one also takes what names none.
    pub(crate) fn is_for(&self, company: Option<&str>, first: bool) -> bool {
        match self.fields.get("company") {
            _ if !self.own => true,
            Some(named) => named.as_str() == company,
            None => first,
        }
    }

    /// The fields to write: which company it goes into is not one of them.
    fn wanted(&self, model: &Model) -> Map<String, Json> {
        let mut fields = self.fields.clone();
        if !model.shared {
            fields.remove("company");
        }
        fields
    }
}

/// All records to start with, in the order in which they are sown: the kernel's, the modules', the
/// company folder's.
///
/// # Errors
/// `Startup` with every file that is no TOML of records.
pub(crate) fn read(files: &[Source]) -> Result<Vec<Seed>> {
    let (mut seeds, mut wrong) = (Vec::new(), Vec::new());
    for Source { origin, path, text } in files {
        let own = *origin == Origin::Company;
        match records_of(path, text) {
            Ok(read) => seeds.extend(read.into_iter().map(|seed| Seed { own, ..seed })),
            Err(fault) => wrong.push(fault),
        }
    }
    if wrong.is_empty() { Ok(seeds) } else { Err(Error::Startup(wrong.join("\n"))) }
}

/// What of the records is known to a schema. What is of modules that are off, which `all` knows, is
/// left out: their records, and their fields of others'.
pub(crate) fn known(mut seeds: Vec<Seed>, schema: &Schema, all: Option<&Schema>) -> Vec<Seed> {
    let Some(all) = all else { return seeds };
    seeds.retain(|seed| schema.model(&seed.model).is_some() || all.model(&seed.model).is_none());
    for Seed { model, fields, .. } in &mut seeds {
        fields.retain(|name, _| {
            schema.field(model, name).is_some() || all.field(model, name).is_none()
        });
    }
    seeds
}

/// The files of records: the kernel's, the modules', the company folder's.
pub(crate) fn sources(modules: &[Module], company: &[(String, String)]) -> Vec<Source> {
    let kernel = KERNEL.iter().map(|(path, text)| Source::new(Origin::Kernel, *path, *text));
    let modules = modules.iter().flat_map(|module| {
        let origin = || Origin::Module(module.name().to_owned());
        let place = move |path: &str| format!("modules/{}/{path}", module.name());
        let files = module.data_files().iter();
        files.map(move |(path, text)| Source::new(origin(), place(path), *text))
    });
    let own = company.iter().map(|(path, text)| Source::new(Origin::Company, path, text));
    kernel.chain(modules).chain(own).collect()
}

fn records_of(path: &str, text: &str) -> std::result::Result<Vec<Seed>, String> {
    let tables: toml::Table =
        toml::from_str(text).map_err(|e| format!("{path}: {}", e.to_string().trim_end()))?;
    let mut seeds = Vec::new();
    gather(path, "", &tables, &mut seeds)?;
    Ok(seeds)
}

/// `[[unit]]` is an array of records of the model `unit`, `[[crm.stage]]` one of `crm.stage`.
fn gather(
    path: &str,
    prefix: &str,
    tables: &toml::Table,
    into: &mut Vec<Seed>,
) -> std::result::Result<(), String> {
    for (name, value) in tables {
        let model = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
        match value {
            toml::Value::Table(inner) => gather(path, &model, inner, into)?,
            toml::Value::Array(rows) => {
                for row in rows {
                    into.push(seed(path, &model, row)?);
                }
            }
            _ => return Err(format!("{path}: {model} is no list of records: write [[{model}]]")),
        }
    }
    Ok(())
}

fn seed(path: &str, model: &str, row: &toml::Value) -> std::result::Result<Seed, String> {
    let mut fields = match serde_json::to_value(row) {
        Ok(Json::Object(fields)) => fields,
        _ => return Err(format!("{path}: a record of {model} is a table of fields")),
    };
    match fields.remove("key") {
        Some(Json::String(key)) => {
            Ok(Seed { path: path.to_owned(), model: model.to_owned(), key, fields, own: false })
        }
        _ => Err(format!("{path}: a record of {model} has no key")),
    }
}

/// Sows what is not there yet: what is shared first (companies are), then the rest in every company.
pub(crate) async fn sow(tx: &mut Tx, seeds: &[Seed]) -> Result<()> {
    let schema = tx.schema().clone();
    for group in groups(seeds) {
        let model = schema.model(&group[0].model).ok_or_else(|| unknown(&group[0]))?;
        if model.shared {
            sow_group(tx, &schema, model, group).await?;
        }
    }
    let companies = companies(tx).await?;
    let ids: Vec<AnyId> = companies.iter().map(|id| id.any()).collect();
    let named = keys::of(tx, "company", &ids).await?;
    for (at, company) in companies.into_iter().enumerate() {
        let key = named.get(&company.any()).map(String::as_str);
        let mine = seeds.iter().filter(|seed| seed.is_for(key, at == 0)).cloned();
        sow_into(tx, &mine.collect::<Vec<_>>(), company).await?;
    }
    Ok(())
}

/// Sows what every company starts with into one that was added.
pub(crate) async fn sow_company(tx: &mut Tx, seeds: &[Seed], company: Id<Company>) -> Result<()> {
    let common: Vec<Seed> = seeds.iter().filter(|seed| !seed.own).cloned().collect();
    sow_into(tx, &common, company).await
}

async fn sow_into(tx: &mut Tx, seeds: &[Seed], company: Id<Company>) -> Result<()> {
    let schema = tx.schema().clone();
    let before = tx.move_to(company).await?;
    let mut sown = Ok(());
    for group in groups(seeds) {
        let model = schema.model(&group[0].model).ok_or_else(|| unknown(&group[0]))?;
        if !model.shared && sown.is_ok() {
            sown = sow_group(tx, &schema, model, group).await;
        }
    }
    tx.ctx.company = before;
    sown
}

/// The records that both describe, as before and as now.
pub(crate) fn pairs<'s>(before: &'s [Seed], now: &'s [Seed]) -> Vec<(&'s Seed, &'s Seed)> {
    let place = |seed: &'s Seed| (&seed.model, &seed.key, seed.own, seed.fields.get("company"));
    let known: HashMap<_, &Seed> = before.iter().map(|seed| (place(seed), seed)).collect();
    now.iter().filter_map(|seed| Some((*known.get(&place(seed))?, seed))).collect()
}

/// Writes what the files describe otherwise than they did into the records that are there, field by
/// field, where nobody has changed it since. Lines are left as they are.
pub(crate) async fn renew(tx: &mut Tx, before: &[Seed], now: &[Seed]) -> Result<()> {
    let schema = tx.schema().clone();
    let changed = pairs(before, now).into_iter();
    let changed: Vec<(&Seed, &Seed)> =
        changed.filter(|(old, new)| !new.fields_other_than(old, &schema).is_empty()).collect();
    if changed.is_empty() {
        return Ok(());
    }
    let companies = companies(tx).await?;
    let ids: Vec<AnyId> = companies.iter().map(|id| id.any()).collect();
    let named = keys::of(tx, "company", &ids).await?;
    let first = companies.first().copied();
    let home = tx.move_to(first.unwrap_or_default()).await?;
    let mut renewed = Ok(());
    for (old, new) in changed {
        let Some(model) = schema.model(&new.model) else { continue };
        let places = companies.iter().filter(|company| {
            let key = named.get(&company.any()).map(String::as_str);
            let is_first = Some(**company) == first;
            if model.shared { is_first } else { new.is_for(key, is_first) }
        });
        for company in places {
            tx.move_to(*company).await?;
            renewed = renewed.and(renew_one(tx, &schema, model, old, new).await);
        }
    }
    tx.ctx.company = home;
    renewed
}

async fn renew_one(
    tx: &mut Tx,
    schema: &Schema,
    model: &Model,
    old: &Seed,
    new: &Seed,
) -> Result<()> {
    let found = keys::find(tx, &model.name, std::slice::from_ref(&new.key)).await?;
    let Some(id) = found.get(&new.key).copied() else { return Ok(()) };
    let mut system = tx.as_system("what the company folder describes otherwise").await?;
    let tx: &mut Tx = &mut system;
    let there = match records::get(tx, &model.name, id, &Select::default()).await {
        Ok(rec) => rec,
        // Whoever removed it does not want it back.
        Err(Error::NotFound { .. }) => return Ok(()),
        Err(error) => return Err(error),
    };
    let mut links = Links::new(schema);
    let was = draft(tx, &mut links, model, &old.as_now(model)).await?;
    let mut wanted = draft(tx, &mut links, model, new).await?;
    let changed = new.fields_other_than(old, schema);
    for (at, field) in model.fields.values().enumerate() {
        let before = was.values[at].as_ref().unwrap_or(&Value::Null);
        let untouched = there.values[at] == *before
            || (before.is_null() && there.values[at] == Value::Bool(false));
        if !changed.contains(&field.name.as_str()) || !untouched {
            wanted.unset(&field.name);
        }
    }
    if wanted.values.iter().all(Option::is_none) {
        return Ok(());
    }
    let change = Change { id, version: None, draft: wanted };
    let updated = records::update(tx, &model.name, vec![change]).await;
    updated.map(drop).map_err(|error| in_file(new, &error))
}

/// A record as it is described, its links looked up.
async fn draft(tx: &mut Tx, links: &mut Links<'_>, model: &Model, seed: &Seed) -> Result<Draft> {
    let mut fields = seed.wanted(model);
    links.resolve(tx, model, &mut fields).await?;
    records::draft_of(tx, &model.name, &fields).map_err(|error| in_file(seed, &error))
}

/// Runs of seeds of one model, in order.
fn groups(seeds: &[Seed]) -> impl Iterator<Item = &[Seed]> {
    seeds.chunk_by(|a, b| a.model == b.model)
}

async fn companies(tx: &mut Tx) -> Result<Vec<Id<Company>>> {
    let all = store::find::<Company>(tx, Filter::new().sort("id")).await?;
    Ok(all.iter().map(|company| company.id).collect())
}

fn unknown(seed: &Seed) -> Error {
    Error::Startup(format!("{}: {} is no model; is its module switched on?", seed.path, seed.model))
}

async fn sow_group(tx: &mut Tx, schema: &Schema, model: &Model, group: &[Seed]) -> Result<()> {
    let wanted: Vec<String> = group.iter().map(|seed| seed.key.clone()).collect();
    let there = keys::find(tx, &model.name, &wanted).await?;
    let new: Vec<&Seed> = group.iter().filter(|seed| !there.contains_key(&seed.key)).collect();
    if new.is_empty() {
        return Ok(());
    }
    let mut system = tx.as_system("what every company starts with").await?;
    let mut links = Links::new(schema);
    let mut waiting: Vec<(&Seed, Map<String, Json>)> = Vec::new();
    for seed in new {
        let mut fields = seed.wanted(model);
        // A record that refers to one of the same batch waits until that is made.
        let early = links.resolve(&mut system, model, &mut fields).await.and_then(refuse_if_any);
        let fields = match early {
            Ok(()) => fields,
            Err(_) if !waiting.is_empty() => {
                make(&mut system, model, std::mem::take(&mut waiting)).await?;
                let mut fields = seed.wanted(model);
                let late = links.resolve(&mut system, model, &mut fields).await;
                late.and_then(refuse_if_any).map(|()| fields).map_err(|e| in_file(seed, &e))?
            }
            Err(error) => return Err(in_file(seed, &error)),
        };
        waiting.push((seed, fields));
        if waiting.len() >= BATCH {
            make(&mut system, model, std::mem::take(&mut waiting)).await?;
        }
    }
    make(&mut system, model, waiting).await
}

async fn make(tx: &mut Tx, model: &Model, seeds: Vec<(&Seed, Map<String, Json>)>) -> Result<()> {
    let Some((first, _)) = seeds.first() else { return Ok(()) };
    let mut drafts = Vec::with_capacity(seeds.len());
    for (seed, fields) in &seeds {
        let draft = records::draft_of(tx, &model.name, fields);
        drafts.push(draft.map_err(|e| in_file(seed, &e))?);
    }
    let made = records::create(tx, &model.name, drafts).await.map_err(|e| in_file(first, &e))?;
    let new: Vec<(String, AnyId)> =
        seeds.iter().zip(made).map(|((seed, _), id)| (seed.key.clone(), id)).collect();
    keys::put(tx, &model.name, &new).await
}

fn in_file(seed: &Seed, error: &Error) -> Error {
    match error {
        Error::Invalid(problems) => {
            let all: Vec<String> =
                problems.iter().map(|p| format!("{}: {}", p.field, p.message)).collect();
            let place = format!("{}: {} {:?}", seed.path, seed.model, seed.key);
            Error::Startup(format!("{place}: {}", all.join("; ")))
        }
        other => Error::Startup(format!("{}: {} {:?}: {other}", seed.path, seed.model, seed.key)),
    }
}

/// The code of the problem with a key that nobody has.
pub const NO_SUCH_KEY: &str = "no_such_key";

/// Turns keys in links into ids, in lines too; remembers what it has found.
pub struct Links<'s> {
    schema: &'s Schema,
    known: HashMap<(String, String), AnyId>,
    names: bool,
}

impl<'s> Links<'s> {
    pub fn new(schema: &'s Schema) -> Links<'s> {
        Links { schema, known: HashMap::new(), names: false }
    }

    /// Takes the name of a record that the caller may see where nobody has the key.
    pub fn by_names(self) -> Links<'s> {
        Links { names: true, ..self }
    }

    /// Looks up the keys of many records at once, in one statement for each model they lead to.
    pub async fn learn<'f>(
        &mut self,
        tx: &mut Tx,
        model: &Model,
        records: impl Iterator<Item = &'f Map<String, Json>>,
    ) -> Result<()> {
        let mut wanted: HashMap<String, HashSet<String>> = HashMap::new();
        for fields in records {
            self.gather(model, fields, &mut wanted);
        }
        for (model, keys) in wanted {
            let keys: Vec<String> = keys.into_iter().collect();
            let found = keys::find(tx, &model, &keys).await?;
            self.known.extend(found.into_iter().map(|(key, id)| ((model.clone(), key), id)));
        }
        Ok(())
    }

    fn gather(
        &self,
        model: &Model,
        fields: &Map<String, Json>,
        wanted: &mut HashMap<String, HashSet<String>>,
    ) {
        for (name, value) in fields {
            match (model.field(name).map(|field| &field.kind), value) {
                (Some(Kind::Link { to }), Json::String(key)) => {
                    wanted.entry(to.clone()).or_default().insert(key.clone());
                }
                (Some(Kind::Lines { of, .. }), Json::Array(lines)) => {
                    let Some(child) = self.schema.model(of) else { continue };
                    for line in lines.iter().filter_map(Json::as_object) {
                        self.gather(child, line, wanted);
                    }
                }
                _ => {}
            }
        }
    }

    /// Puts ids in place of the keys of one record. A field whose key nobody has is emptied and told.
    pub async fn resolve(
        &mut self,
        tx: &mut Tx,
        model: &Model,
        fields: &mut Map<String, Json>,
    ) -> Result<Vec<Problem>> {
        let mut problems = Vec::new();
        for (name, value) in fields.iter_mut() {
            let Some(field) = model.field(name) else { continue };
            match (&field.kind, value) {
                (Kind::Link { to }, value @ Json::String(_)) => {
                    problems.extend(self.put_id(tx, to, name, value).await?);
                }
                (Kind::Links { to }, Json::Array(items)) => {
                    for item in items.iter_mut() {
                        problems.extend(self.put_id(tx, to, name, item).await?);
                    }
                    items.retain(|item| !item.is_null());
                }
                (Kind::Lines { of, .. }, Json::Array(lines)) => {
                    problems.extend(Box::pin(self.resolve_lines(tx, of, name, lines)).await?);
                }
                _ => {}
            }
        }
        Ok(problems)
    }

    async fn resolve_lines(
        &mut self,
        tx: &mut Tx,
        model: &str,
        field: &str,
        lines: &mut [Json],
    ) -> Result<Vec<Problem>> {
        let mut problems = Vec::new();
        let Some(child) = self.schema.model(model).cloned() else { return Ok(problems) };
        for (at, line) in lines.iter_mut().enumerate() {
            let Some(line) = line.as_object_mut() else { continue };
            let place = format!("{field}[{at}]");
            let own = self.resolve(tx, &child, line).await?;
            problems.extend(own.into_iter().map(|problem| problem.under(&place)));
        }
        Ok(problems)
    }

    async fn put_id(
        &mut self,
        tx: &mut Tx,
        model: &str,
        field: &str,
        value: &mut Json,
    ) -> Result<Option<Problem>> {
        let Json::String(key) = &*value else { return Ok(None) };
        if let Some(id) = self.id_of(tx, model, key).await? {
            *value = Json::String(id.to_string());
            return Ok(None);
        }
        let message = match self.names {
            true => match self.named(tx, model, key).await?.as_slice() {
                [id] => {
                    let place = (model.to_owned(), key.clone());
                    *value = Json::String(id.to_string());
                    self.known.insert(place, *id);
                    return Ok(None);
                }
                [] => format!("There is no {model} with the key or the name {key:?}."),
                _ => format!("There is more than one {model} with the name {key:?}."),
            },
            false => format!("There is no {model} with the key {key:?}."),
        };
        *value = Json::Null;
        Ok(Some(Problem::new(field, NO_SUCH_KEY, message)))
    }

    /// Records that are called so, by their title or their code; two say that it is not clear which.
    async fn named(&self, tx: &mut Tx, model: &str, name: &str) -> Result<Vec<AnyId>> {
        let Some(known) = self.schema.model(model) else { return Ok(Vec::new()) };
        let text = Json::from(name).to_string();
        let fields = [known.title.as_str(), "code"];
        let is_text = |name: &&&str| {
            let field = known.field(name);
            field.is_some_and(|f| f.has_column() && matches!(f.kind, Kind::Text | Kind::Email))
        };
        let parts: BTreeSet<String> =
            fields.iter().filter(is_text).map(|field| format!("{field} == {text}")).collect();
        if parts.is_empty() || !permissions::may(tx.ctx(), known, Right::Read) {
            return Ok(Vec::new());
        }
        let query = records::Query {
            filter: Some(parts.into_iter().collect::<Vec<_>>().join(" || ")),
            limit: Some(2),
            show: records::Select { fields: vec!["id".to_owned()], expand: Vec::new() },
            ..records::Query::default()
        };
        let page = records::list(tx, model, &query).await?;
        Ok(page.rows.iter().map(|rec| rec.id).collect())
    }

    async fn id_of(&mut self, tx: &mut Tx, model: &str, key: &str) -> Result<Option<AnyId>> {
        let place = (model.to_owned(), key.to_owned());
        if let Some(id) = self.known.get(&place) {
            return Ok(Some(*id));
        }
        let found = keys::find(tx, model, &[key.to_owned()]).await?.remove(key);
        self.known.extend(found.map(|id| (place, id)));
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ctx::{Actor, ActorKind, Scopes};
    use crate::shared::Party;
    use crate::{Ctx, Database, Kernel, Setup};

    const FOLDER: &str = r#"
        [[company]]
        key = "one"
        name = "One"
        currency = "EUR"

        [[company]]
        key = "two"
        name = "Two"
        currency = "VND"

        [[party]]
        key = "first"
        name = "Of the first"

        [[party]]
        key = "second"
        company = "two"
        name = "Of the second"
    "#;

    fn at_work(company: Id<Company>) -> Ctx {
        let actor = Actor {
            kind: ActorKind::Service,
            user: None,
            name: "test".to_owned(),
            party: None,
            roles: vec!["administrator".to_owned()],
            companies: vec![company],
            scopes: Scopes::All,
        };
        Ctx::new(actor, company, "en")
    }

    async fn parties(kernel: &Kernel, company: Id<Company>) -> Vec<String> {
        let ctx = at_work(company);
        let found =
            kernel.read(&ctx, |tx| Box::pin(store::find::<Party>(tx, Filter::new().sort("id"))));
        found.await.unwrap().into_iter().map(|party| party.name).collect()
    }

    #[tokio::test]
    async fn each_company_gets_what_is_its_own() {
        let mut setup = Setup::new(Database::Memory, Vec::new());
        setup.data.push(("data/company.toml".to_owned(), FOLDER.to_owned()));
        let kernel = Kernel::open(setup).await.unwrap();
        let ctx = crate::identity::kernel_itself();
        let all = kernel.read(&ctx, |tx| Box::pin(companies(tx))).await.unwrap();
        assert_eq!(parties(&kernel, all[0]).await, ["Of the first"]);
        assert_eq!(parties(&kernel, all[1]).await, ["Of the second"]);

        // One that is added later begins with what is common to all, and with nobody's parties.
        let ctx = at_work(all[0]);
        let made = kernel.run(&ctx, |tx| {
            Box::pin(async move {
                let fields = serde_json::json!({ "name": "Three", "currency": "EUR" });
                let mut fields = fields.as_object().cloned().unwrap_or_default();
                let currency = keys::find(tx, "currency", &["EUR".to_owned()]).await?;
                fields.insert("currency".to_owned(), currency["EUR"].to_string().into());
                let draft = records::draft_of(tx, "company", &fields)?;
                Ok(records::create(tx, "company", vec![draft]).await?[0])
            })
        });
        let third = made.await.unwrap().cast();
        assert_eq!(parties(&kernel, third).await, [""; 0]);
        let ctx = at_work(third);
        let terms = kernel.read(&ctx, |tx| {
            Box::pin(store::count::<crate::shared::PaymentTerm>(tx, Filter::new()))
        });
        assert_eq!(terms.await.unwrap(), 5);
    }
}
