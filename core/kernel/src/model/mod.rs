//! The data model: from declared models to rows and back.
//! A record goes `input` → `Draft` → `compute` → `check` → `Checked` → `sql` → `Saved`; a question
//! goes `query` → `sql` → `expand`. `catalog` holds what is known beforehand, `migrate` makes the
//! tables. Not here: who may do what (`permissions`), the story of each operation (`records.rs`).
//! Architecture invariant: nothing but `sql` writes SQL text from a schema.

mod catalog;
mod cells;
mod check;
pub(crate) mod compute;
mod draft;
mod before;
mod expand;
mod input;
pub(crate) mod migrate;
mod outlook;
mod query;
mod save;
mod search;
mod sources;
pub(crate) mod sql;
mod totals;
mod unique;
mod value;

#[cfg(test)]
mod tests;

pub use before::{Before, all_lines};
pub use catalog::{Catalog, Meta};
pub use draft::{Draft, Line, Saved, Saving};
pub use outlook::Outlook;
pub use query::{Count, Page, Query, Select};
pub use totals::{Group, Span, Summed, Totals};

pub(crate) use check::{arguments, foreseen, links_seen};
pub(crate) use compute::Stage;
pub(crate) use expand::shown;
pub(crate) use input::{from_json, from_text};
pub(crate) use outlook::outlook;
pub(crate) use query::{Ask, ask, ends, field_node, how_many, list, many, one};
pub(crate) use save::{Deed, delete, save, state_now};
pub(crate) use search::fold;
pub(crate) use sources::sources;
pub(crate) use totals::totals;
pub(crate) use value::fit;
