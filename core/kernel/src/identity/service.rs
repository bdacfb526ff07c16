//! Callers without a user: named services with grants of their own, the kernel itself at start-up,
//! and the loud way to act as the system.
//! Not here: modules working on their own models (`store`), which asks nobody's rights.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use fondaco_schema::Schema;
use fondaco_values::{AnyId, Id};
use serde_json::json;

use super::{CONSOLE, EVERYONE, KERNEL};
use crate::Ctx;
use crate::audit;
use crate::ctx::{Actor, ActorKind, Scopes};
use crate::error::{Error, Result};
use crate::kernel::Kernel;
use crate::permissions;
use crate::shared::Company;
use crate::tx::Tx;

/// Work without a user in one company, under its own name. Its rights are those of the role of the
/// same name, where the schema has one; without, it has what everyone has. The [`CONSOLE`] holds every
/// role: who commands it may read and write the database file anyway, and here at least it is noted.
///
/// # Errors
/// `Internal` for the name that is kept for [`Tx::as_system`].
pub fn service(kernel: &Kernel, name: &str, company: Id<Company>) -> Result<Ctx> {
    if [permissions::SYSTEM, KERNEL].contains(&name) {
        return Err(Error::internal("no service may call itself the system"));
    }
    let actor = Actor {
        kind: ActorKind::Service,
        user: None,
        name: name.to_owned(),
        party: None,
        roles: roles(&kernel.registry().schema, name),
        companies: vec![company],
        scopes: Scopes::All,
    };
    Ok(Ctx::new(actor, company, "en"))
}

fn roles(schema: &Schema, name: &str) -> Vec<String> {
    match name {
        CONSOLE => permissions::held(schema, schema.roles.keys().map(String::as_str)),
        name => permissions::held(schema, [name, EVERYONE]),
    }
}

/// The kernel on its own business: tables, seeds, sessions. It works in no company, and asks for no
/// records that have rights.
pub(crate) fn kernel_itself() -> Ctx {
    let actor = Actor {
        kind: ActorKind::Service,
        user: None,
        name: KERNEL.to_owned(),
        party: None,
        roles: Vec::new(),
        companies: Vec::new(),
        scopes: Scopes::All,
    };
    Ctx::new(actor, Id::default(), "en")
}

impl Tx {
    /// Acts as the system as long as the guard that it returns lives: every grant of `records::*`,
    /// in the companies that the caller works in. On behalf of whom stays known. Written to the audit
    /// and to the log; a test lists who calls this and why.
    pub async fn as_system(&mut self, reason: &'static str) -> Result<AsSystem<'_>> {
        let before = self.ctx.actor.clone();
        let user = before.user.map_or(AnyId::default(), Id::any);
        tracing::info!(actor = before.name, reason, "acting as the system");
        if let Some(model) = self.schema().model("user").cloned() {
            let mut changes = serde_json::Map::new();
            changes.insert("reason".to_owned(), json!([null, reason]));
            let entry = audit::Entry { record: user, action: "as_system".to_owned(), changes };
            audit::write(self, &model, vec![entry]);
        }
        let mut companies = before.companies.clone();
        if !companies.contains(&self.ctx.company) {
            companies.push(self.ctx.company);
        }
        self.ctx.actor = Arc::new(Actor {
            kind: ActorKind::System,
            name: permissions::SYSTEM.to_owned(),
            scopes: Scopes::All,
            companies,
            ..Actor::clone(&before)
        });
        Ok(AsSystem { tx: self, before })
    }
}

/// A transaction that works with the rights of a plugin. Dropped, it is the caller's again.
pub(crate) struct AsPlugin<'t> {
    tx: &'t mut Tx,
    before: Arc<Actor>,
}

impl<'t> AsPlugin<'t> {
    /// Those of the caller.
    pub(crate) fn caller(tx: &'t mut Tx) -> AsPlugin<'t> {
        let before = tx.ctx.actor.clone();
        AsPlugin { tx, before }
    }

    /// Those of a role, and those that everyone has, in the company that is worked in. No user stands
    /// behind it: what it does is audited under the plugin's id.
    pub(crate) fn service(tx: &'t mut Tx, id: &str, role: Option<&str>) -> AsPlugin<'t> {
        let before = tx.ctx.actor.clone();
        let roles = permissions::held(tx.schema(), role.into_iter().chain([EVERYONE]));
        tx.ctx.actor = Arc::new(Actor {
            kind: ActorKind::Service,
            user: None,
            name: id.to_owned(),
            party: None,
            roles,
            companies: vec![tx.ctx.company],
            scopes: Scopes::All,
        });
        AsPlugin { tx, before }
    }
}

impl Deref for AsPlugin<'_> {
    type Target = Tx;

    fn deref(&self) -> &Tx {
        self.tx
    }
}

impl DerefMut for AsPlugin<'_> {
    fn deref_mut(&mut self) -> &mut Tx {
        self.tx
    }
}

impl Drop for AsPlugin<'_> {
    fn drop(&mut self) {
        self.tx.ctx.actor = self.before.clone();
    }
}

/// A transaction that acts as the system. Dropped, it is the caller's again.
pub struct AsSystem<'t> {
    tx: &'t mut Tx,
    before: Arc<Actor>,
}

impl Deref for AsSystem<'_> {
    type Target = Tx;

    fn deref(&self) -> &Tx {
        self.tx
    }
}

impl DerefMut for AsSystem<'_> {
    fn deref_mut(&mut self) -> &mut Tx {
        self.tx
    }
}

impl Drop for AsSystem<'_> {
    fn drop(&mut self) {
        self.tx.ctx.actor = self.before.clone();
    }
}
