//! What a company is to be: the modules that are switched on, its own TOML and its records; and the
//! same as it is kept in the database once it was applied, so that any server can take it up.

use fondaco_schema::{Origin, Schema, Source, Tables};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::module::Module;
use crate::tx::Tx;
use crate::views::Pilots;
use crate::{model, seeds};

/// Where it is kept in `meta`.
const APPLIED: &str = "applied";

/// The desired state of a company, as its folder says it.
#[derive(Clone, Default)]
pub struct Desired {
    /// The modules that are switched on.
    pub modules: Vec<Module>,
    /// Those that this program has and that are off: what they keep in the database rests.
    pub off: Vec<Module>,
    /// Models, roles and workflows of the company folder.
    pub company: Vec<Source>,
    /// Records of the company folder: `(path, text)` of each file in `data/`.
    pub data: Vec<(String, String)>,
    /// What is in force for some first.
    pub pilots: Pilots,
    /// What plugins add. A folder does not say it: it is what their life has come to (`plugins::lifecycle`).
    pub(crate) plugins: Vec<Addition>,
}

/// What one plugin adds to models, roles, menus, reports and texts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Addition {
    /// Its id.
    pub(crate) plugin: String,
    pub(crate) version: String,
    /// In force; else it is out of sight and its data rests.
    pub(crate) on: bool,
    pub(crate) sources: Vec<Source>,
    /// `(language, path, text)`
    pub(crate) locales: Vec<(String, String, String)>,
    /// What other versions of it have added: data of theirs rests too.
    pub(crate) before: Vec<Vec<Source>>,
}

/// What a database was brought to, in whole: enough to say later what has changed since.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Applied {
    /// Names of the modules that are switched on.
    pub modules: Vec<String>,
    /// All TOML: of the kernel, the modules and the company.
    pub sources: Vec<Source>,
    /// All files of records.
    pub data: Vec<Source>,
    #[serde(default, skip_serializing_if = "Pilots::is_empty")]
    pub pilots: Pilots,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) plugins: Vec<Addition>,
}

impl Desired {
    /// Modules alone, without a company folder.
    pub fn of(modules: Vec<Module>) -> Desired {
        Desired { modules, ..Desired::default() }
    }

    /// What was applied, with the Rust of this program's modules.
    ///
    /// # Errors
    /// `Startup` naming the modules that this program lacks.
    pub fn of_applied(applied: &Applied, available: &[Module]) -> Result<Desired> {
        let lacks: Vec<&str> = applied
            .modules
            .iter()
            .map(String::as_str)
            .filter(|name| available.iter().all(|module| module.name() != *name))
            .collect();
        if !lacks.is_empty() {
            return Err(Error::Startup(format!("it has no module {}", lacks.join(", "))));
        }
        let on = applied.modules.iter();
        let modules: Vec<Module> = on
            .filter_map(|name| available.iter().find(|module| module.name() == name))
            .cloned()
            .collect();
        let off = others(&modules, available);
        let own = |source: &&Source| source.origin == Origin::Company;
        let data = applied.data.iter().filter(own);
        Ok(Desired {
            modules,
            off,
            company: applied.sources.iter().filter(own).cloned().collect(),
            data: data.map(|source| (source.path.clone(), source.text.clone())).collect(),
            pilots: applied.pilots.clone(),
            plugins: applied.plugins.clone(),
        })
    }

    /// All TOML of it: the kernel's, the modules', the plugins', the company's.
    pub(crate) fn sources(&self) -> Vec<Source> {
        let mut sources = self.sources_of_house();
        let on = self.plugins.iter().filter(|addition| addition.on);
        sources.extend(on.flat_map(|addition| addition.sources.iter().cloned()));
        sources.extend(self.company.iter().cloned());
        sources
    }

    fn sources_of_house(&self) -> Vec<Source> {
        let mut sources = model::sources();
        sources.extend(self.modules.iter().flat_map(Module::sources));
        sources
    }

    /// The schema of it.
    ///
    /// # Errors
    /// `Schema` with every fault.
    pub(crate) fn schema(&self) -> Result<Schema> {
        fondaco_schema::load_without(&self.sources(), &self.sources_off()).map_err(Error::Schema)
    }

    /// Of modules and plugins that are out of force.
    fn sources_off(&self) -> Vec<Source> {
        let off = self.plugins.iter().filter(|addition| !addition.on);
        let off = off.flat_map(|addition| addition.sources.iter().cloned());
        self.off.iter().flat_map(Module::sources).chain(off).collect()
    }

    /// The tables that there would be with everything on that this program and its plugins have, also
    /// those of other versions of plugins; `None` when nothing is off.
    pub(crate) fn tables_of_all(&self, all: Option<&Schema>) -> Option<Tables> {
        let mut found = all.map(fondaco_schema::tables);
        let mut house = self.sources_of_house();
        house.extend(self.off.iter().flat_map(Module::sources));
        for addition in &self.plugins {
            let off = (!addition.on).then_some(&addition.sources);
            for sources in addition.before.iter().chain(off) {
                // What does not go with the models of today rests no more, and is hidden.
                let with = [house.as_slice(), sources].concat();
                let Ok(schema) = fondaco_schema::load(&with) else { continue };
                let tables = fondaco_schema::tables(&schema);
                match &mut found {
                    Some(found) => found.join(tables),
                    None => found = Some(tables),
                }
            }
        }
        found
    }

    /// The schema that there would be with every module on; `None` when they do not go together.
    pub(crate) fn schema_of_all(&self) -> Option<Schema> {
        let off = self.off.iter().flat_map(Module::sources);
        fondaco_schema::load(&self.sources().into_iter().chain(off).collect::<Vec<_>>()).ok()
    }

    /// As it is kept once it is applied. Paths are those inside the company folder.
    pub fn to_applied(&self) -> Applied {
        let inside = |source: Source| Source { path: in_folder(&source.path), ..source };
        Applied {
            modules: self.modules.iter().map(|module| module.name().to_owned()).collect(),
            sources: self.sources().into_iter().map(inside).collect(),
            data: seeds::sources(&self.modules, &self.data).into_iter().map(inside).collect(),
            pilots: self.pilots.clone(),
            plugins: self.plugins.clone(),
        }
    }
}

/// Those of the available modules that are not among these.
pub(crate) fn others(on: &[Module], available: &[Module]) -> Vec<Module> {
    let off = available.iter().filter(|module| on.iter().all(|on| on.name() != module.name()));
    off.cloned().collect()
}

/// A folder may be named in many ways; a file in it has one name.
fn in_folder(path: &str) -> String {
    let mut parts: Vec<&str> = path.rsplit(['/', '\\']).take(2).collect();
    parts.reverse();
    parts.join("/")
}

impl Applied {
    /// Its schema; an empty one when this program cannot read the texts any more.
    pub(super) fn schema(&self, available: &[Module]) -> Schema {
        let off =
            available.iter().filter(|module| !self.modules.iter().any(|on| on == module.name()));
        let resting = self.plugins.iter().filter(|addition| !addition.on);
        let resting = resting.flat_map(|addition| addition.sources.iter().cloned());
        let off: Vec<Source> = off.flat_map(Module::sources).chain(resting).collect();
        fondaco_schema::load_without(&self.sources, &off).unwrap_or_default()
    }

    /// The same digest for the same texts, wherever the folder lies.
    pub fn digest(&self) -> String {
        let mut hash = Sha256::new();
        let mut put = |text: &str| {
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text);
        };
        self.modules.iter().for_each(|name| put(name));
        for source in self.sources.iter().chain(&self.data) {
            put(&source.origin.to_string());
            put(&source.path);
            put(&source.text);
        }
        for (name, pilot) in &self.pilots {
            put(name);
            put(&serde_json::to_string(pilot).unwrap_or_default());
        }
        for addition in &self.plugins {
            put(&serde_json::to_string(addition).unwrap_or_default());
        }
        hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// What was applied last; `None` in a new database and in one of a program that did not say.
pub(crate) async fn applied(tx: &mut Tx) -> Result<Option<Applied>> {
    model::migrate::kept(tx, APPLIED).await
}

/// Says in the database what it was brought to.
pub(crate) async fn keep(tx: &mut Tx, applied: &Applied) -> Result<()> {
    model::migrate::keep(tx, APPLIED, applied).await
}
