//! The only generator of SQL from a schema. Columns and tables come from checked models, values are
//! always bound, NULLS FIRST or LAST is always said, what is said once per model is kept as text.
//! Not here: what is asked (`query`), whether it may be (`permissions`), making tables (`migrate`
//! writes those few statements itself).

mod expression;
mod condition;
mod form;
mod writer;
mod filter;
mod found;
mod functions;
mod insert;
mod select;
mod update;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock};

pub(crate) use filter::{Key, keyset, order};
pub(crate) use form::Form;
pub(crate) use found::{Search, Searched, Way};
pub(crate) use functions::FUNCTIONS;
pub(crate) use insert::insert;
pub(crate) use select::{
    Beside, Plan, array, by_ids, children, count, deal, documents, field_ref, keep_written,
    kept_page, many, page, signed, summed,
};
pub(crate) use update::{delete, rewrite, update};
pub(crate) use writer::{Sight, Writer};

/// The column and the suffix of the table that full-text search works on.
pub(crate) const SEARCH_COLUMN: &str = "search_text";

/// Texts of statements about one model, each written once.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    insert: OnceLock<Arc<str>>,
    by_ids: OnceLock<Arc<str>>,
    children: Mutex<HashMap<usize, Arc<str>>>,
    updates: Mutex<HashMap<Vec<usize>, Arc<str>>>,
}

impl Texts {
    fn update(&self, columns: &[usize], write: impl FnOnce() -> String) -> Arc<str> {
        let mut kept = self.updates.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(text) = kept.get(columns) {
            return text.clone();
        }
        let text: Arc<str> = write().into();
        kept.insert(columns.to_vec(), text.clone());
        text
    }

    fn child(&self, by: usize, write: impl FnOnce() -> String) -> Arc<str> {
        let mut kept = self.children.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        kept.entry(by).or_insert_with(|| write().into()).clone()
    }
}
