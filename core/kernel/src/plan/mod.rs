//! Planned change: the company folder says what is desired, the database keeps what was applied.
//! [`make`] tells the difference, [`apply()`] carries it out as a whole or not at all.
//! Not here: which version a unit of work runs with (`in_force`), the steps between two sets of
//! tables (`schema::diff`) and their SQL (`model::migrate`).

mod apply;
mod change;
mod desired;
mod drift;
mod indexes;
mod records;
mod rehearsal;
mod rights;
mod tables;

use fondaco_schema::{Difference as Told, Risk, Schema, Subject, What};
use serde::Serialize;

pub use apply::{Consent, Heard, apply, silent};
pub use change::Change;
pub use desired::{Applied, Desired};
pub use indexes::build as build_indexes;
pub use rehearsal::{Comparison, Figures, Shift, checks, figures};
pub use rights::{Granted, Moved, RoleMoved, UserMoved};

pub(crate) use apply::{carry, settle};
pub(crate) use desired::{Addition, applied, others};
pub(crate) use drift::{CATALOG, keep as keep_catalog};
pub(crate) use indexes::{Unbuilt, leave as leave_index, unbuilt};

use crate::error::Result;
use crate::identity;
use crate::in_force::Version;
use crate::kernel::Kernel;
use crate::model::migrate::{self, Difference};
use crate::module::Registry;
use crate::seeds::{self, Seed};
use crate::tx::Tx;

/// What is to change.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Plan {
    /// The version that it was made against; `None` for a new database, and for one of a program
    /// that kept no version.
    pub from: Option<String>,
    /// The digest of what is desired.
    pub to: String,
    pub changes: Vec<Change>,
    pub roles: Vec<RoleMoved>,
    /// Active users whose rights change.
    pub users: Vec<UserMoved>,
    /// What somebody changed in the database behind the program's back.
    pub drift: Vec<String>,
    /// Indexes of the last change that are still to be built.
    pub unbuilt: Vec<String>,
    /// There are no tables of models yet.
    pub fresh: bool,
}

impl Plan {
    /// Nothing to do, also not in what nobody sees.
    pub fn is_empty(&self) -> bool {
        let at = self.from.as_deref().and_then(|from| from.split_once(' '));
        let is_there = at.is_some_and(|(_, digest)| digest == self.to);
        is_there && self.drift.is_empty() && self.unbuilt.is_empty()
    }

    /// It works with the data that is there and puts nothing out of sight.
    pub fn is_safe(&self) -> bool {
        let harmless = |change: &Change| change.risk != Risk::Destructive && !change.is_blocked();
        self.drift.is_empty() && self.changes.iter().all(harmless)
    }
}

/// What would change if the desired state were applied. Changes nothing.
///
/// # Errors
/// `Schema` with every fault of the folder; `Startup` when Rust and TOML disagree.
pub async fn make(kernel: &Kernel, desired: &Desired) -> Result<Plan> {
    let desired = with_plugins(kernel, desired).await?;
    drawn(kernel, &desired).await
}

/// What a folder wants, with what plugins add at this time: their lives are no business of a folder.
pub(crate) async fn with_plugins(kernel: &Kernel, desired: &Desired) -> Result<Desired> {
    let ctx = identity::kernel_itself();
    let added = kernel.read(&ctx, |tx| Box::pin(applied(tx))).await?;
    let plugins = added.map(|applied| applied.plugins).unwrap_or_default();
    Ok(Desired { plugins, ..desired.clone() })
}

/// What one schema has otherwise than another, thing by thing, and who may do what then; whatever the data
/// is.
pub(crate) fn between(old: &Schema, new: &Schema) -> (Vec<Change>, Vec<RoleMoved>) {
    let changes = fondaco_schema::compare(old, new).into_iter().map(Change::of);
    (changes.collect(), rights::of_roles(old, new))
}

/// What would change if exactly this were applied.
pub(crate) async fn drawn(kernel: &Kernel, desired: &Desired) -> Result<Plan> {
    let registry = kernel.registry_of(desired)?;
    kernel
        .read(&identity::kernel_itself(), move |tx| {
            let registry = registry.clone();
            Box::pin(async move {
                let before = Before::read(tx).await?;
                draw(tx, &registry, &before).await
            })
        })
        .await
}

/// What was applied before a change.
struct Before {
    version: Option<Version>,
    /// `None` where nothing was applied or written down; empty texts and schema where this program
    /// cannot read them any more.
    applied: Option<(Applied, Schema)>,
}

impl Before {
    async fn read(tx: &mut Tx) -> Result<Before> {
        let version = apply::version(tx).await?;
        let applied = applied(tx).await?.map(|applied| {
            let schema = applied.schema(tx.shared().in_force.available());
            (applied, schema)
        });
        Ok(Before { version, applied })
    }

    fn schema(&self) -> Option<&Schema> {
        self.applied.as_ref().map(|(_, schema)| schema)
    }

    /// The records as they were described, as far as the modules of then knew them.
    fn seeds(&self, registry: &Registry) -> Result<Vec<Seed>> {
        let Some((applied, schema)) = &self.applied else { return Ok(Vec::new()) };
        Ok(seeds::known(seeds::read(&applied.data)?, schema, registry.all()))
    }
}

/// The plan as this transaction sees the database.
async fn draw(tx: &mut Tx, registry: &Registry, before: &Before) -> Result<Plan> {
    let new = &registry.schema;
    let (changes, drift, fresh) = in_the_tables(tx, registry, before).await?;
    let mut plan = Plan {
        from: before.version.as_ref().map(ToString::to_string),
        to: registry.digest().to_owned(),
        fresh: fresh && before.version.is_none(),
        drift,
        unbuilt: unbuilt(tx).await?.into_iter().map(|index| index.name).collect(),
        changes: Vec::new(),
        roles: Vec::new(),
        users: Vec::new(),
    };
    if let Some(old) = before.schema() {
        let told = fondaco_schema::compare(old, new).into_iter();
        let told = told.filter(|difference| is_told(difference, old, new));
        plan.changes.extend(told.map(Change::of));
        plan.roles = rights::of_roles(old, new);
        plan.users = rights::of_users(tx, old, new).await?;
    }
    plan.changes.extend(changes);
    let seeds = (&*before.seeds(registry)?, registry.seeds());
    plan.changes.extend(records::changes(tx, fresh, new, seeds).await?);
    Ok(plan)
}

/// What a change does to the data that is there, what others did to the tables meanwhile, and whether
/// there is nothing yet.
async fn in_the_tables(
    tx: &mut Tx,
    registry: &Registry,
    before: &Before,
) -> Result<(Vec<Change>, Vec<String>, bool)> {
    let Difference { applied, steps, .. } = migrate::difference(tx, registry).await?;
    let mut changes = tables::changes(tx, &applied, &steps, &registry.schema).await?;
    if let Some(old) = before.schema() {
        changes.extend(tables::lost_choices(tx, &applied, old, &registry.schema).await?);
    }
    let drift = drift::drift(tx, &applied).await?;
    Ok((changes, drift, applied.tables.is_empty()))
}

/// Fields that come and go with a column are told as columns.
fn is_told(difference: &Told, old: &Schema, new: &Schema) -> bool {
    let schema = match (difference.subject, difference.what) {
        (Subject::Field, What::Added) => new,
        (Subject::Field, What::Removed) => old,
        _ => return true,
    };
    let (model, name) = difference.name.rsplit_once('.').unwrap_or_default();
    schema.field(model, name).is_none_or(|(_, field)| !field.has_column())
}
