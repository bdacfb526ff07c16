//! The order of everything around a save and an action, on one screen. It is written by hand and
//! deliberately not dynamic: who comes first must be readable here.

use std::sync::Arc;

use fondaco_schema::Model;

use crate::error::Result;
use crate::model::{Meta, Saved, Saving};
use crate::record::Rec;
use crate::tx::Tx;
use crate::{
    ActorKind, Args, Outcome, identity, ledger, plugins, rollout, schedules, seeds, views,
};

/// Before the check: the kernel's own watch over users, the module's code, then the plugins, which
/// see what the module made of it. Defaults are set before, computed fields after (`model::save`).
pub(crate) async fn before_save(tx: &mut Tx, model: &Model, batch: &mut [Saving]) -> Result<()> {
    match model.name.as_str() {
        "user" => identity::before_save(tx, batch).await?,
        "company" => schedules::before_save(batch)?,
        _ => {}
    }
    let registry = tx.registry().clone();
    for hook in registry.before_save(&model.name) {
        hook(tx, batch).await?;
    }
    plugins::save::before_save(tx, model, batch).await
}

/// After the rows: a company that somebody adds begins with what every company begins with (those
/// of the company folder are sown by the start itself); the books follow their accounts.
pub(crate) async fn after_save(tx: &mut Tx, model: &Model, saved: &[Saved]) -> Result<()> {
    match model.name.as_str() {
        "company" => companies_saved(tx, saved).await,
        "account" => ledger::masters::accounts_saved(tx, saved).await,
        _ => Ok(()),
    }
}

async fn companies_saved(tx: &mut Tx, saved: &[Saved]) -> Result<()> {
    let whole = tx.shared().registry();
    views::find_places(tx, &whole).await?;
    if tx.ctx().actor().kind() == ActorKind::System {
        return Ok(());
    }
    let registry = tx.registry().clone();
    for new in saved.iter().filter(|saved| saved.is_new()) {
        Box::pin(seeds::sow_company(tx, registry.seeds(), new.id().cast())).await?;
        Box::pin(rollout::open_in(tx, new.id().cast())).await?;
    }
    Ok(())
}

/// Before rows go: what the books stand on stays. Links of models are watched by the database.
pub(crate) async fn before_delete(tx: &mut Tx, model: &Model, recs: &[Rec]) -> Result<()> {
    match model.name.as_str() {
        "account" => ledger::masters::accounts_go(tx, recs).await,
        "journal" => ledger::masters::journals_go(tx, recs).await,
        _ => Ok(()),
    }
}

/// Before an action's work, when state, guard and right have been checked: plugins may refuse it, or
/// hold it, and then their answer is the outcome.
pub(crate) async fn before_action(
    tx: &mut Tx,
    meta: &Arc<Meta>,
    rec: &Rec,
    deed: (&str, &Args),
) -> Result<Option<Outcome>> {
    plugins::deed::before(tx, meta, rec, deed).await
}

/// After an action's work, when all that is left is the commit: what plugins make of it.
pub(crate) async fn after_action(
    tx: &mut Tx,
    meta: &Arc<Meta>,
    rec: &Rec,
    deed: (&str, &Args),
) -> Result<()> {
    plugins::deed::after(tx, meta, rec, deed).await
}
