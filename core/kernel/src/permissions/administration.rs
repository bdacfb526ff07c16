//! What is for administrators and is no record: jobs, the audit, modules, plugins, the rights of others.
//! A token needs a scope for it as for a model of that name.
//! Not here: rights on records (`allow`).

use super::Right;
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::identity::{ADMINISTRATOR, covers};

/// A thing that administrators look after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Office {
    Plugins,
    Jobs,
    Audit,
    Modules,
    Rights,
}

impl Office {
    /// What stands in scopes, and in the audit.
    pub fn name(self) -> &'static str {
        match self {
            Office::Plugins => "plugin",
            Office::Jobs => "job",
            Office::Audit => "audit",
            Office::Modules => "module",
            Office::Rights => "rights",
        }
    }

    fn words(self) -> &'static str {
        match self {
            Office::Plugins => "plugins",
            Office::Jobs => "jobs",
            Office::Audit => "the audit",
            Office::Modules => "the configuration",
            Office::Rights => "the rights of others",
        }
    }
}

/// Whether the caller holds the role at all; for menus.
pub fn is_administrator(ctx: &Ctx) -> bool {
    ctx.actor().roles().iter().any(|role| role == ADMINISTRATOR)
}

/// Refuses everybody but administrators, and tokens that are not for this.
///
/// # Errors
/// `Forbidden`, with what is missing.
pub fn administers(ctx: &Ctx, office: Office, right: Right<'_>) -> Result<()> {
    let verb = if right == Right::Read { "look at" } else { "change" };
    let what = format!("{verb} {}", office.words());
    let missing = if !is_administrator(ctx) {
        format!("that is for the role {ADMINISTRATOR}")
    } else if !covers(ctx.actor().scopes(), office.name(), right) {
        format!("the token has no scope {}:{right}", office.name())
    } else {
        return Ok(());
    };
    Err(Error::Forbidden { what, missing })
}
