//! States and the actions allowed from them.
//! Not here: who may act (`permissions`), what an action does (the module).

use fondaco_schema::{Action, Model};

use crate::error::{Error, Result};

/// The action of that name, if the record's state allows it now.
///
/// # Errors
/// `NotFound` for an action that the model does not declare; a problem on `state` that names the
/// states from which the action is possible.
pub fn check<'m>(model: &'m Model, action: &str, state: Option<&str>) -> Result<&'m Action> {
    let found = model
        .actions
        .get(action)
        .ok_or_else(|| Error::not_found(&format!("action {action} on {}", model.name), ""))?;
    let state = state.unwrap_or_default();
    if found.from.is_empty() || found.from.iter().any(|from| from == state) {
        return Ok(found);
    }
    let message = format!(
        "{} is possible when the {} is {}; it is {state}.",
        found.label,
        model.label.to_lowercase(),
        found.from.join(" or "),
    );
    Err(Error::problem("state", "wrong_state", message))
}
