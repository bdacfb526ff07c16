//! What a plugin may: what its manifest asks for ∩ what the administrator granted ∩ what the caller may
//! (or the role that it runs as). The only place where that is decided; a refusal names which of the
//! three is missing. Rows are looked at where they are read and written, with the same caller.

use fondaco_schema::plugin::{RunsAs, Want};

use super::talk::{Failed, Failure, Installed, Word};
use crate::permissions::{self, Right};
use crate::{Ctx, Tx};

/// Refuses what the plugin may not. The transaction must be working with the plugin's rights
/// (`Asked::rights`), for its caller is asked.
pub(super) fn need(tx: &Tx, plugin: &Installed, want: Want<'_>) -> Word<()> {
    granted(plugin, want)?;
    match lacking(tx, want) {
        None => Ok(()),
        Some(what) => Err(refused(want, &format!("{} {what}", who(tx.ctx(), plugin)))),
    }
}

/// The same of what no rights of users are about: what lies outside of the company, and what is the plugin's
/// own.
pub(super) fn granted(plugin: &Installed, want: Want<'_>) -> Word<()> {
    if !plugin.manifest.capabilities.allow(want) {
        return Err(refused(want, "it does not ask for it in its manifest"));
    }
    match plugin.grants.capabilities.allow(want) {
        true => Ok(()),
        false => Err(refused(want, "the administrator has not granted it")),
    }
}

fn refused(want: Want<'_>, missing: &str) -> Failure {
    Failure::new(Failed::Rights, format!("it may not {want}: {missing}"))
}

fn who(ctx: &Ctx, plugin: &Installed) -> String {
    match &plugin.grants.runs_as {
        RunsAs::Role(role) => format!("the role {role}, which it runs as,"),
        RunsAs::Caller => format!("{}, for whom it works,", ctx.actor().name()),
    }
}

/// What the caller lacks.
fn lacking(tx: &Tx, want: Want<'_>) -> Option<String> {
    let (ctx, schema) = (tx.ctx(), tx.schema());
    let (model, field, right) = match want {
        Want::Read(model, field) => (model, Some(field), Right::Read),
        Want::Create(model, field) => (model, Some(field), Right::Create),
        Want::Write(model, field) => (model, Some(field), Right::Write),
        Want::Act(model, action) => (model, None, Right::Act(action)),
        // Of a record that the caller is saving: that he may is known, what of it he may is not.
        Want::Change(model, field) => return unwritable(tx, model, field),
        Want::Standing => ("party", None, Right::Read),
        // The ledger knows no rights of users, but its accounts have readers.
        Want::Post(..) => ("account", None, Right::Read),
        // Its own event and its own data are its own business; what is outside is nobody's here.
        Want::Emit(_) | Want::Keep | Want::Fetch(_) => return None,
    };
    let Some(model) = schema.model(model) else {
        return Some(format!("has no model {model}: is its module switched off?"));
    };
    if !permissions::may(ctx, permissions::document(schema, model), right) {
        return Some(format!("may not {right} {}", model.label.to_lowercase()));
    }
    let field = field?;
    match right {
        Right::Read => match model.field(field) {
            Some(known) if permissions::may_read_field(ctx, schema, known) => None,
            _ => Some(format!("may not read {field} of {}", model.label.to_lowercase())),
        },
        _ => unwritable(tx, &model.name, field),
    }
}

fn unwritable(tx: &Tx, model: &str, field: &str) -> Option<String> {
    match tx.schema().field(model, field) {
        Some((_, known)) if permissions::may_write_field(tx.ctx(), tx.schema(), known) => None,
        _ => Some(format!("may not write {field} of {model}")),
    }
}
