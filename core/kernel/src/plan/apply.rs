//! Carries a change out: tables, records and the word of it, in one transaction.

use std::sync::Arc;

use fondaco_schema::Risk;
use fondaco_values::Problem;

use super::desired::{self, Desired};
use super::{Before, Change, Plan, draw, drift, in_the_tables, indexes, with_plugins};
use crate::db::Sql;
use crate::error::{Error, Result, refuse_if_any};
use crate::in_force::{VERSION, Version};
use crate::kernel::{Adopt, Kernel};
use crate::module::Registry;
use crate::tx::Tx;
use crate::{identity, model, rollout, seeds, views};

/// What the operator agrees to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Consent {
    /// Data may be put out of sight. It is kept.
    pub destructive: bool,
}

/// Is told how much of a change is done, of how much.
pub type Heard = Arc<dyn Fn(u64, u64) + Send + Sync>;

/// For a change that nobody watches.
pub fn silent() -> Heard {
    Arc::new(|_, _| {})
}

/// Carries out a plan: all of it or nothing. Servers on this database take it up with their next
/// unit of work. Done already, it does nothing. On a database server, indexes over rows that are there
/// are built afterwards, beside the work that goes on; interrupted, the next call goes on.
///
/// # Errors
/// `Conflict` `stale_plan` when the database or the folder has changed since the plan was made;
/// `Invalid` with everything that stands in the way: `behind_our_back`, `offending`, `destructive`.
pub async fn apply(
    kernel: &Kernel,
    desired: &Desired,
    plan: &Plan,
    consent: Consent,
    heard: &Heard,
) -> Result<()> {
    let desired = with_plugins(kernel, desired).await?;
    carry(kernel, &desired, plan, consent, heard).await
}

/// [`apply`], of exactly this.
pub(crate) async fn carry(
    kernel: &Kernel,
    desired: &Desired,
    plan: &Plan,
    consent: Consent,
    heard: &Heard,
) -> Result<()> {
    indexes::build(kernel, &**heard).await?;
    let registry = kernel.registry_of(desired)?;
    // What takes thought is thought before others have to wait.
    registry.tables_of_all();
    let ctx = identity::kernel_itself();
    let before = kernel.read(&ctx, |tx| Box::pin(Before::read(tx))).await?;
    let work = Work { registry, before, plan: plan.clone(), consent, heard: heard.clone() };
    let work = Arc::new(work);
    let done = kernel.run(&ctx, move |tx| {
        let work = work.clone();
        Box::pin(async move { work.run(tx).await })
    });
    let (version, registry) = done.await?;
    kernel.follow(version, registry);
    indexes::build(kernel, &**heard).await
}

struct Work {
    registry: Arc<Registry>,
    before: Before,
    plan: Plan,
    consent: Consent,
    heard: Heard,
}

impl Work {
    async fn run(&self, tx: &mut Tx) -> Result<(Version, Arc<Registry>)> {
        let found = version(tx).await?;
        if let Some(version) = found.clone().filter(|version| version.digest == self.plan.to) {
            return Ok((version, self.registry.clone()));
        }
        let from = found.as_ref().map(ToString::to_string);
        if from != self.plan.from || found != self.before.version {
            return Err(stale("the database was changed"));
        }
        if self.registry.digest() != self.plan.to {
            return Err(stale("the folder was changed"));
        }
        indexes::refuse_if_any(tx).await?;
        let (changes, drift, _) = in_the_tables(tx, &self.registry, &self.before).await?;
        refuse_if_any(obstacles(&changes, &drift, self.consent))?;
        let version = carry_out(tx, &self.registry, &*self.heard).await?;
        Ok((version, self.registry.clone()))
    }
}

fn stale(what: &str) -> Error {
    let message = format!("Since the plan was made, {what}; make a new plan.");
    Error::Conflict { code: "stale_plan", message }
}

/// Everything that forbids a plan, with what to do about it.
fn obstacles(changes: &[Change], drift: &[String], consent: Consent) -> Vec<Problem> {
    let mut problems = Vec::new();
    for drift in drift {
        let message = format!(
            "The database was changed behind the program's back: {drift}. Undo that, or restore a \
             backup."
        );
        problems.push(Problem::new(drift.as_str(), "behind_our_back", message));
    }
    for change in changes.iter().filter(|change| change.is_blocked()) {
        let rows = change.rows.unwrap_or(0);
        let message = format!("{rows} records are in the way; mend them first. {change}");
        problems.push(Problem::new(change.name.as_str(), "offending", message));
    }
    let destructive = changes.iter().filter(|change| change.risk == Risk::Destructive);
    for change in destructive.filter(|_| !consent.destructive) {
        let message = format!("Data would be put out of sight; allow it or keep it. {change}");
        problems.push(Problem::new(change.name.as_str(), "destructive", message));
    }
    problems
}

/// The version that the database is at; `None` in a new one.
pub(super) async fn version(tx: &mut Tx) -> Result<Option<Version>> {
    let sql = Sql::text("select value from meta where name = $1").bind(VERSION);
    tx.row(sql).await?.map(|row| row.str(0).parse()).transpose()
}

/// Brings a database that is being opened to what is desired, as far as that is to be done unasked.
/// Answers the version, or `None` when something is left to be planned.
///
/// # Errors
/// `Startup` with the plan when it is not to be done unasked.
pub(crate) async fn settle(
    tx: &mut Tx,
    registry: &Arc<Registry>,
    adopt: Adopt,
) -> Result<Option<Version>> {
    let found = version(tx).await?;
    if let Some(version) = found.filter(|version| version.digest == registry.digest()) {
        return Ok(Some(version));
    }
    if adopt == Adopt::Later {
        return Ok(None);
    }
    let before = Before::read(tx).await?;
    let plan = draw(tx, registry, &before).await?;
    if plan.fresh || (adopt == Adopt::Safe && plan.is_safe()) {
        return carry_out(tx, registry, &|_, _| {}).await.map(Some);
    }
    Err(Error::Startup(format!(
        "the company folder and the database differ:\n{plan}See the plan with `fondaco plan`, \
         carry it out with `fondaco apply`."
    )))
}

/// Tables, then records, then the word of it.
async fn carry_out(
    tx: &mut Tx,
    registry: &Arc<Registry>,
    heard: &(dyn Fn(u64, u64) + Send + Sync),
) -> Result<Version> {
    let number = version(tx).await?.map_or(1, |version| version.number + 1);
    let before = desired::applied(tx).await?;
    tx.adopt(registry.clone());
    model::migrate::run(tx, heard).await?;
    if let Some(before) = before {
        let old = before.schema(tx.shared().in_force.available());
        let described = seeds::known(seeds::read(&before.data)?, &old, registry.all());
        seeds::renew(tx, &described, registry.seeds()).await?;
    }
    seeds::sow(tx, registry.seeds()).await?;
    views::find_places(tx, registry).await?;
    rollout::open_all(tx).await?;
    desired::keep(tx, &registry.desired().to_applied()).await?;
    drift::keep(tx).await?;
    let version = Version { number, digest: registry.digest().to_owned() };
    let sql = Sql::text(
        "insert into meta (name, value) values ($1, $2) \
         on conflict (name) do update set value = excluded.value",
    );
    tx.exec(sql.bind(VERSION).bind(version.to_string())).await?;
    tx.applied(version.clone(), registry.clone());
    Ok(version)
}
