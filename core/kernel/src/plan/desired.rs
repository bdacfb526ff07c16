//! What a company is to be: the modules that are switched on, its own TOML and its records; and the
//! same as it is kept in the database once it was applied, so that any server can take it up.

use fondaco_schema::{Origin, Schema, Source};
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
        })
    }

    /// All TOML of it: the kernel's, the modules', the company's.
    pub(crate) fn sources(&self) -> Vec<Source> {
        let mut sources = model::sources();
        sources.extend(self.modules.iter().flat_map(Module::sources));
        sources.extend(self.company.iter().cloned());
        sources
    }

    /// The schema of it.
    ///
    /// # Errors
    /// `Schema` with every fault.
    pub(crate) fn schema(&self) -> Result<Schema> {
        let off: Vec<Source> = self.off.iter().flat_map(Module::sources).collect();
        fondaco_schema::load_without(&self.sources(), &off).map_err(Error::Schema)
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
        let off: Vec<Source> = off.flat_map(Module::sources).collect();
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
