//! Separation of duties: pairs of roles that one person must not hold, so that nobody both makes
//! and approves a payment. Data of the schema (`[[separate]]`), checked when roles are given.
//! Not here: *approver ≠ creator*, an expression of the action's grant (`created_by != actor.user`).

use fondaco_schema::Schema;

use super::roles::held;

/// Two roles that exclude each other and are both held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    pub roles: [String; 2],
    pub reason: String,
}

/// The pairs that the given roles, with all they include, would put into one hand.
pub fn conflicts<'a>(schema: &Schema, given: impl IntoIterator<Item = &'a str>) -> Vec<Conflict> {
    let held = held(schema, given);
    let has = |role: &String| held.binary_search(role).is_ok();
    let both = schema.separations.iter().filter(|pair| pair.roles.iter().all(has));
    both.map(|pair| Conflict { roles: pair.roles.clone(), reason: pair.reason.clone() }).collect()
}
