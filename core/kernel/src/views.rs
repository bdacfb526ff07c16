//! Pilots: a module, or a file of the company folder, that is in force for some companies, roles or
//! users first. For all others it is as if it were off: each caller works with the registry of what
//! is in force for him. The tables are those of all of it.
//! Not here: switching on and off for everybody (`rollout`).
//! INVARIANT: a registry that is narrower than the whole knows nothing of what it lacks; only what it
//! writes is completed with the columns that it cannot name (`complete`).

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, PoisonError, RwLock};

use fondaco_schema::Schema;
use fondaco_values::{AnyId, limits};
use serde::{Deserialize, Serialize};

use crate::Ctx;
use crate::db::Sql;
use crate::error::{Error, Result};
use crate::model::{Catalog, Meta, migrate};
use crate::module::Registry;
use crate::plan::Desired;
use crate::tx::Tx;

/// Something that is tried by some before it is there for all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Pilot {
    /// Modules; they are among those that are switched on. Left out together with `files`: the module
    /// of the pilot's own name.
    pub modules: Vec<String>,
    /// Files of the company folder, such as `models/order.toml`.
    pub files: Vec<String>,
    /// Keys, codes or names of companies in which it is there for everybody.
    pub companies: Vec<String>,
    /// Roles whose holders have it.
    pub roles: Vec<String>,
    /// Logins of users who have it.
    pub users: Vec<String>,
}

/// Pilots by name, in order.
pub type Pilots = BTreeMap<String, Pilot>;

/// Companies by key, code and name; filled when the database is known.
type Places = Arc<RwLock<HashMap<String, AnyId>>>;

/// The narrower registries of a whole one.
#[derive(Default)]
pub(crate) struct Views {
    pilots: Vec<Pilot>,
    /// By what is hidden: the bit of each pilot.
    narrower: HashMap<usize, Arc<Registry>>,
    places: Places,
}

/// What a narrower registry needs of the whole one to complete what it writes.
pub(crate) struct Whole {
    catalog: Arc<Catalog>,
    /// Models with columns that it cannot name and that are never empty, or that are computed.
    models: HashSet<String>,
}

impl Views {
    /// Makes a registry of each combination of pilots being hidden.
    ///
    /// # Errors
    /// `Startup` with everything that is wrong with the pilots; the faults of a combination.
    pub(crate) fn new(desired: &Desired, whole: &Registry) -> Result<Views> {
        check(desired, whole)?;
        let pilots: Vec<Pilot> = desired.pilots.iter().map(named).collect();
        let mut narrower = HashMap::new();
        for hidden in 1..1_usize << pilots.len() {
            let less = without(desired, &pilots, hidden);
            let mut registry = Registry::plain(less)?;
            registry.is_part_of(whole);
            narrower.insert(hidden, Arc::new(registry));
        }
        Ok(Views { pilots, narrower, places: Places::default() })
    }

    pub(crate) fn of(&self, ctx: &Ctx) -> Option<&Arc<Registry>> {
        if self.pilots.is_empty() || ctx.actor.is_kernel() {
            return None;
        }
        self.hiding(|pilot| !self.is_for(pilot, ctx))
    }

    /// What is in force for somebody in a company.
    pub(crate) fn in_company(&self, company: AnyId) -> Option<&Arc<Registry>> {
        self.hiding(|pilot| {
            let everywhere = !pilot.roles.is_empty() || !pilot.users.is_empty();
            !everywhere && !self.names(pilot, company)
        })
    }

    /// What is in force for work that nobody waits for: that of its company, and the job's own
    /// module.
    pub(crate) fn of_job(&self, company: AnyId, module: Option<&str>) -> Option<&Arc<Registry>> {
        self.hiding(|pilot| {
            let own = module.is_some_and(|module| pilot.modules.iter().any(|name| name == module));
            !own && !self.names(pilot, company)
        })
    }

    /// For whom a module is on, as a text; empty for everybody.
    pub(crate) fn scope(&self, module: &str) -> String {
        let own = self.pilots.iter().find(|pilot| pilot.modules.iter().any(|name| name == module));
        own.map_or_else(String::new, |p| format!("{:?} {:?} {:?}", p.companies, p.roles, p.users))
    }

    fn hiding(&self, hides: impl Fn(&Pilot) -> bool) -> Option<&Arc<Registry>> {
        let bits = self.pilots.iter().enumerate().filter(|(_, pilot)| hides(pilot));
        let hidden: usize = bits.map(|(bit, _)| 1 << bit).sum();
        self.narrower.get(&hidden)
    }

    fn is_for(&self, pilot: &Pilot, ctx: &Ctx) -> bool {
        let actor = &ctx.actor;
        let is_user = actor.user.is_some() && pilot.users.contains(&actor.name);
        let holds = || pilot.roles.iter().any(|role| actor.roles.contains(role));
        is_user || holds() || self.names(pilot, ctx.company.any())
    }

    fn names(&self, pilot: &Pilot, company: AnyId) -> bool {
        let places = self.places.read().unwrap_or_else(PoisonError::into_inner);
        pilot.companies.iter().any(|name| places.get(name) == Some(&company))
    }
}

fn named((name, pilot): (&String, &Pilot)) -> Pilot {
    let mut pilot = pilot.clone();
    if pilot.modules.is_empty() && pilot.files.is_empty() {
        pilot.modules.push(name.clone());
    }
    pilot
}

/// What is desired, less what some pilots bring.
fn without(desired: &Desired, pilots: &[Pilot], hidden: usize) -> Desired {
    let hidden = pilots.iter().enumerate().filter(|(bit, _)| hidden & (1 << bit) != 0);
    let hidden: Vec<&Pilot> = hidden.map(|(_, pilot)| pilot).collect();
    let mut less = Desired { pilots: Pilots::new(), ..desired.clone() };
    let is_hidden = |name: &str| hidden.iter().any(|p| p.modules.iter().any(|m| m == name));
    let (off, on) = less.modules.into_iter().partition(|module| is_hidden(module.name()));
    less.modules = on;
    less.off.extend::<Vec<_>>(off);
    let is_file = |path: &str| {
        hidden.iter().any(|pilot| pilot.files.iter().any(|file| path_ends(path, file)))
    };
    less.company.retain(|source| !is_file(&source.path));
    less
}

/// Whether a path is that of a file, as one calls it inside the company folder.
fn path_ends(path: &str, file: &str) -> bool {
    let path = path.replace('\\', "/");
    path == file || path.ends_with(&format!("/{file}"))
}

fn check(desired: &Desired, whole: &Registry) -> Result<()> {
    let mut wrong = Vec::new();
    let most = limits::PILOTS_MAX;
    if desired.pilots.len() > most {
        wrong.push(format!("{} pilots at a time, {most} at most", desired.pilots.len()));
    }
    for (name, pilot) in desired.pilots.iter().map(|(name, pilot)| (name, named((name, pilot)))) {
        for module in &pilot.modules {
            if desired.modules.iter().all(|on| on.name() != module) {
                wrong.push(format!(
                    "pilot {name}: the module {module:?} is not on; switch it on too, or name \
                     modules that are"
                ));
            }
        }
        for file in &pilot.files {
            if desired.company.iter().all(|source| !path_ends(&source.path, file)) {
                wrong.push(format!("pilot {name}: the company folder has no file {file:?}"));
            }
        }
        for role in pilot.roles.iter().filter(|role| !whole.schema.roles.contains_key(*role)) {
            wrong.push(format!("pilot {name}: there is no role {role:?}"));
        }
        if pilot.companies.is_empty() && pilot.roles.is_empty() && pilot.users.is_empty() {
            wrong.push(format!("pilot {name}: say for whom: companies, roles or users"));
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(Error::Startup(wrong.join("\n"))) }
}

/// Looks up which companies the pilots of a whole registry name.
pub(crate) async fn find_places(tx: &mut Tx, registry: &Registry) -> Result<()> {
    if registry.views().pilots.iter().all(|pilot| pilot.companies.is_empty()) {
        return Ok(());
    }
    let sql = Sql::text(
        "select c.id, c.name, c.code, k.key from company as c \
         left join external_key as k on k.model = 'company' and k.record = c.id",
    );
    let mut found = HashMap::new();
    for row in tx.rows(sql).await? {
        let names = [Some(row.str(1)), row.opt_str(2), row.opt_str(3)];
        found.extend(names.into_iter().flatten().map(|name| (name.to_owned(), row.id(0))));
    }
    *registry.views().places.write().unwrap_or_else(PoisonError::into_inner) = found;
    Ok(())
}

impl Whole {
    pub(crate) fn new(catalog: Arc<Catalog>, part: &Catalog) -> Whole {
        let models = part.schema().models.values();
        let lacking = models.filter(|model| {
            let Some(known) = catalog.schema().model(&model.name) else { return false };
            let hidden = known.fields.values().filter(|f| model.field(&f.name).is_none());
            hidden.into_iter().any(|field| field.default.is_some() || field.stored)
        });
        // Lines are written, and completed, with their document.
        let documents = lacking.map(|model| match &model.owner {
            Some(owner) => owner.parent.clone(),
            None => model.name.clone(),
        });
        let models = documents.collect();
        Whole { catalog, models }
    }

    pub(crate) fn schema(&self) -> &Arc<Schema> {
        self.catalog.schema()
    }
}

/// Gives what was written by somebody who does not see all of it the values of the rest: defaults,
/// and what is computed.
pub(crate) async fn complete(tx: &mut Tx, meta: &Meta, ids: Vec<AnyId>) -> Result<()> {
    let registry = tx.registry().clone();
    let Some(whole) = registry.whole().filter(|whole| whole.models.contains(&meta.model.name))
    else {
        return Ok(());
    };
    let whole = whole.catalog.meta(&meta.model.name)?.clone();
    migrate::complete(tx, &whole, meta, &ids).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_called_by_their_place_in_the_folder() {
        for (path, file, is) in [
            ("/srv/acme/models/order.toml", "models/order.toml", true),
            ("models/order.toml", "models/order.toml", true),
            ("acme\\models\\order.toml", "models/order.toml", true),
            ("/srv/acme/models/reorder.toml", "order.toml", false),
        ] {
            assert_eq!(path_ends(path, file), is, "{path} {file}");
        }
    }
}
