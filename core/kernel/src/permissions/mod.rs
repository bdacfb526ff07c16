//! Who may do what: default deny; grants of roles are ORed, the restriction of companies is ANDed
//! for everybody; there is no superuser and no grant to a single person.
//! Not here: who somebody is (`identity`), how a rule becomes SQL (`model::sql`).
//! Architecture invariants: nothing here reads the database but [`allow()`] and [`explain()`], which
//! read the record; an [`Allowed`] is made nowhere else; lines have no rights of their own, they are
//! asked for by their document ([`document`]).
//!
//! How a record of `model` is asked for:
//! * a list, count, sum, search or expansion adds [`rows`] to its `where`; a link's path in somebody's
//!   filter is null where [`rows`] of the target is not true;
//! * one record that is loaded: [`check`], which answers 404 for what one may not see;
//! * a new record, complete: [`allow_create`]; a changed one, before it is saved: [`still_allowed`];
//! * each field named from outside: [`may_read_field`], [`may_write_field`].

mod administration;
mod allow;
mod explain;
mod fields;
mod matrix;
mod roles;
mod rows;
mod separation;
#[cfg(test)]
pub(crate) mod tests;

use std::fmt;

pub use administration::{Office, administers, is_administrator};
pub use allow::{
    Allowed, Sight, allow, allow_create, check, may, may_run_report, may_see_dashboard, require,
    sight, still_allowed,
};
pub use explain::{Chain, Explanation, Given, Held, Reason, explain, explain_other, why};
pub use fields::{hidden_fields, may_read_field, may_read_path, may_write_field};
pub use matrix::{granted, matrix};
pub use roles::{SYSTEM, held};
pub use rows::{document, rows};
pub use separation::{Conflict, conflicts};

/// What one wants to do with a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Right<'a> {
    Read,
    Create,
    Write,
    Delete,
    /// An action of the model, by name.
    Act(&'a str),
}

impl<'a> Right<'a> {
    /// The word for it in scopes, in refusals and in the matrix.
    pub fn name(self) -> &'a str {
        match self {
            Right::Read => "read",
            Right::Create => "create",
            Right::Write => "write",
            Right::Delete => "delete",
            Right::Act(action) => action,
        }
    }
}

impl fmt::Display for Right<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
