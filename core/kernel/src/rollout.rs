//! Modules that are switched on and off in a company that is at work. One that comes takes up what is
//! there (its opening); the others are told what it offers, so that they hand over what waited for
//! it. What a module would have heard while it was off is kept for it and told when it is back.
//! Not here: its tables and data while it is off (`schema::resting`), who sees it (`views`).
//! INVARIANT: an opening is harmless to repeat: it looks for what is missing and does only that.

use std::collections::BTreeMap;

use fondaco_schema::Model;
use fondaco_values::{AnyId, Id};
use serde::{Deserialize, Serialize};

use crate::db::Sql;
use crate::error::{Error, Result};
use crate::events::Event;
use crate::model::migrate::{self, keep, kept};
use crate::module::{Module, Registry};
use crate::ports::Ports;
use crate::shared::Company;
use crate::store::{self, Filter};
use crate::tx::{Fut, Tx};
use crate::{DocRef, Kernel, identity};

/// What a module does when it, or another, has come.
pub type OpeningFn = for<'t> fn(&'t mut Tx, &'t Opening) -> Fut<'t, ()>;

/// Who has come since the module was last told.
#[derive(Clone, Default)]
pub struct Opening {
    came: Ports,
    itself: bool,
    again: bool,
}

impl Opening {
    /// The ports of those who have come; for a module that has come itself, those of all.
    pub fn came(&self) -> &Ports {
        &self.came
    }

    /// The module itself has come: for the first time, or again.
    pub fn is_own(&self) -> bool {
        self.itself
    }

    /// The module has come, and was on in this company before.
    pub fn is_again(&self) -> bool {
        self.itself && self.again
    }
}

/// Where the modules of one company stand.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Standing {
    modules: BTreeMap<String, Place>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Place {
    on: bool,
    /// For whom, where it is not on for all: for others it comes anew.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    scope: String,
    /// The how-manieth time that it is on.
    times: u32,
    /// Of the others, and of itself: which of their times it has been told of.
    told: BTreeMap<String, u32>,
}

impl Standing {
    /// Notes who is on now; answers whether anybody has come or gone.
    fn switch(&mut self, on: &[(&str, String)]) -> bool {
        let before = self.clone();
        for (name, place) in &mut self.modules {
            place.on &= on.iter().any(|(on, scope)| on == name && *scope == place.scope);
        }
        for (name, scope) in on {
            let place = self.modules.entry((*name).to_owned()).or_default();
            if !place.on {
                place.on = true;
                place.times += 1;
                place.scope.clone_from(scope);
            }
        }
        *self != before
    }

    /// Whom a module has not been told of, itself included.
    fn news(&self, module: &str) -> Vec<&str> {
        let Some(own) = self.modules.get(module) else { return Vec::new() };
        let on = self.modules.iter().filter(|(_, place)| place.on);
        let new = on.filter(|(name, place)| own.told.get(*name) != Some(&place.times));
        new.map(|(name, _)| name.as_str()).collect()
    }

    fn tell(&mut self, module: &str) {
        let on = self.modules.iter().filter(|(_, place)| place.on);
        let told = on.map(|(name, place)| (name.clone(), place.times)).collect();
        if let Some(own) = self.modules.get_mut(module) {
            own.told = told;
        }
    }
}

fn place_of(company: Id<Company>) -> String {
    format!("rollout:{company}")
}

async fn standing(tx: &mut Tx, company: Id<Company>) -> Result<Standing> {
    Ok(kept(tx, &place_of(company)).await?.unwrap_or_default())
}

/// Opens in every company what has come there.
pub(crate) async fn open_all(tx: &mut Tx) -> Result<()> {
    let companies = store::find::<Company>(tx, Filter::new().sort("id")).await?;
    for company in companies {
        open_in(tx, company.id).await?;
    }
    Ok(())
}

/// Opens in one company what has come there; those that have gone are noted.
pub(crate) async fn open_in(tx: &mut Tx, company: Id<Company>) -> Result<()> {
    let widest = tx.registry().clone();
    let before = tx.move_to(company).await?;
    tx.adopt(widest.in_company(company.any()));
    let opened = open_here(tx, &widest, company).await;
    let opened = match opened {
        Ok(()) => tx.draw_numbers().await,
        Err(error) => Err(error),
    };
    tx.ctx.company = before;
    tx.adopt(widest);
    opened
}

async fn open_here(tx: &mut Tx, widest: &Registry, company: Id<Company>) -> Result<()> {
    let registry = tx.registry().clone();
    let with_scope = |module: &Module| (module.name(), widest.views().scope(module.name()));
    let on: Vec<(&str, String)> = registry.modules().iter().map(with_scope).collect();
    let mut standing = standing(tx, company).await?;
    if !standing.switch(&on) {
        return Ok(());
    }
    for module in registry.modules() {
        let news: Vec<&str> = standing.news(module.name());
        if news.is_empty() {
            continue;
        }
        let opening = opening(&registry, &standing, module.name(), &news);
        if opening.is_again() {
            catch_up(tx, module).await?;
        }
        if let Some(open) = module.opens() {
            open(tx, &opening).await.map_err(|error| refused(module.name(), &error))?;
        }
        standing.tell(module.name());
    }
    keep(tx, &place_of(company), &standing).await
}

fn opening(registry: &Registry, standing: &Standing, module: &str, news: &[&str]) -> Opening {
    let itself = news.contains(&module);
    let mut came = Ports::default();
    for other in registry.modules().iter().filter(|other| itself || news.contains(&other.name())) {
        other.provide(&mut came);
    }
    let again = standing.modules.get(module).is_some_and(|place| place.times > 1);
    Opening { came, itself, again }
}

fn refused(module: &str, error: &Error) -> Error {
    Error::Startup(format!("{module} cannot take up what is there: {error}"))
}

/// Keeps an event for those modules that are off and were on before: they hear it when they are
/// back.
pub(crate) async fn remember(tx: &mut Tx, event: &Event) -> Result<()> {
    let registry = tx.registry().clone();
    let deaf = registry.deaf_to(&event.name);
    if deaf.is_empty() {
        return Ok(());
    }
    let company = tx.ctx().company();
    let standing = standing(tx, company).await?;
    let text = serde_json::to_string(event)
        .map_err(|error| Error::internal(format!("{} cannot be kept: {error}", event.name)))?;
    for module in deaf.into_iter().filter(|module| standing.modules.contains_key(*module)) {
        let id = tx.new_id::<Event>();
        let sql = Sql::text(
            "insert into missed_event (id, company, module, event) values ($1, $2, $3, $4)",
        );
        tx.exec(sql.bind(id).bind(company).bind(module).bind(text.as_str())).await?;
    }
    Ok(())
}

/// Tells a module what it would have heard while it was off, in the order in which it happened. What
/// it cannot take up any more stays, and is told in its status.
async fn catch_up(tx: &mut Tx, module: &Module) -> Result<()> {
    let sql = Sql::text(
        "select id, event from missed_event where company = $1 and module = $2 order by id",
    );
    let company = tx.ctx().company();
    for row in tx.rows(sql.bind(company).bind(module.name())).await? {
        let (id, text): (AnyId, String) = (row.id(0), row.str(1).to_owned());
        let event: Event = serde_json::from_str(&text)
            .map_err(|error| Error::internal(format!("a missed event: {error}")))?;
        let hearers = module.hearers(&event.name);
        let heard = tx.attempt(move |tx| {
            Box::pin(async move {
                for hear in hearers {
                    hear(tx, &event).await?;
                }
                Ok(())
            })
        });
        match heard.await? {
            Ok(()) => {
                tx.exec(Sql::text("delete from missed_event where id = $1").bind(id)).await?;
            }
            Err(error) => tracing::warn!(module = module.name(), %error, "a missed event"),
        }
    }
    Ok(())
}

/// Whether a document of another module has come to its end: nothing of what it wanted is wanted any
/// more. One whose module is off, or whose model has no open states, is not over.
///
/// # Errors
/// Those of the database.
pub async fn is_over(tx: &mut Tx, document: &DocRef) -> Result<bool> {
    let registry = tx.registry().clone();
    let Ok(meta) = registry.catalog.meta(&document.model) else { return Ok(false) };
    let open = meta.model.states.as_ref().map(|states| states.open.as_slice());
    let Some(open) = open.filter(|open| !open.is_empty()) else { return Ok(false) };
    let now = crate::model::state_now(tx, meta, document.id).await?;
    Ok(now.is_none_or(|state| !open.contains(&state)))
}

/// Where one module of this program stands, in all companies together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Status {
    pub module: String,
    pub is_on: bool,
    /// Documents that are begun and not at their end.
    pub half_way: Vec<HalfWay>,
    /// Events that wait for its return, or that it could not take up.
    pub missed: i64,
}

/// So many documents of a model are in a state that is no end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HalfWay {
    pub label: String,
    pub state: String,
    pub count: i64,
}

/// Where the modules stand, those that are off too.
///
/// # Errors
/// Those of the database.
pub async fn status(kernel: &Kernel) -> Result<Vec<Status>> {
    kernel.read(&identity::kernel_itself(), |tx| Box::pin(statuses(tx))).await
}

async fn statuses(tx: &mut Tx) -> Result<Vec<Status>> {
    let registry = tx.registry().clone();
    let schema = registry.all().unwrap_or(&registry.schema);
    let missed = missed(tx).await?;
    let there = migrate::applied(tx).await?;
    let on = registry.modules().iter().map(|module| (module, true));
    let mut all = Vec::new();
    for (module, is_on) in on.chain(registry.resting().iter().map(|module| (module, false))) {
        let mut half_way = Vec::new();
        for model in schema.models.values().filter(|model| model.module == module.name()) {
            let states = model.states.as_ref().filter(|states| !states.open.is_empty());
            if let Some(states) = states.filter(|_| there.tables.contains_key(&model.table())) {
                half_way.extend(begun(tx, model, &states.open).await?);
            }
        }
        let missed = missed.get(module.name()).copied().unwrap_or(0);
        all.push(Status { module: module.name().to_owned(), is_on, half_way, missed });
    }
    Ok(all)
}

async fn begun(tx: &mut Tx, model: &Model, open: &[String]) -> Result<Vec<HalfWay>> {
    let sql = Sql::new().lit("select state, count(*) from ").ident(&model.table());
    let rows = tx.rows(sql.lit(" group by state order by state")).await?;
    let open = rows.iter().filter(|row| open.iter().any(|state| state == row.str(0)));
    let told = open.map(|row| HalfWay {
        label: model.plural.clone(),
        state: row.str(0).to_owned(),
        count: row.int(1),
    });
    Ok(told.collect())
}

/// How many events wait for each module in all companies, by name.
async fn missed(tx: &mut Tx) -> Result<BTreeMap<String, i64>> {
    let sql = Sql::text("select module, count(*) from missed_event group by module");
    let rows = tx.rows(sql).await?;
    Ok(rows.iter().map(|row| (row.str(0).to_owned(), row.int(1))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The story of one company: who is on, and what each of them is told.
    fn told(standing: &mut Standing, on: &[&str]) -> String {
        let all: Vec<_> = on.iter().map(|name| (*name, String::new())).collect();
        standing.switch(&all);
        let mut said = Vec::new();
        for module in on {
            let news = standing.news(module).join("+");
            standing.tell(module);
            if !news.is_empty() {
                said.push(format!("{module}: {news}"));
            }
        }
        said.join(", ")
    }

    #[test]
    fn each_is_told_of_everybody_once_a_coming() {
        let mut standing = Standing::default();
        for (on, wanted) in [
            (&["crm"][..], "crm: crm"),
            (&["crm"], ""),
            (&["crm", "sales"], "crm: sales, sales: crm+sales"),
            (&["sales"], ""),
            (&["crm", "sales"], "crm: crm, sales: crm"),
            // Stock came, went and came again while sales was off.
            (&["stock"], "stock: stock"),
            (&[], ""),
            (&["stock"], "stock: stock"),
            (&["sales", "stock"], "sales: sales+stock, stock: sales"),
        ] {
            assert_eq!(told(&mut standing, on), wanted, "{on:?}");
        }
        assert_eq!(standing.modules["stock"].times, 2);
    }
}
