//! The ledger: one engine for everything counted, money, goods, hours. Entries of lines that add up
//! to zero in every unit move what is counted between accounts; nothing posted is ever changed.
//! Not here: what a business deed posts (modules), keeping accounts and journals (models `account`
//! and `journal`), permissions (the module that offers the deed asks them).
//! INVARIANTS: lines add up exactly, no tolerance; posted rows are immutable; no floor or ceiling is
//! crossed at any commit; whatever is derived (rollups, open items, kept balances) can be rebuilt.
//!
//! Read on in this order: what an entry is, how it is posted, how it is corrected, what it comes to,
//! what proves it.

mod account;
mod draft;
mod entry;
mod journal;
mod limit;
pub(crate) mod masters;
mod post;
mod reason;
mod repeat;

mod matching;
mod pending;
pub mod period;
mod reversal;
mod year;

mod balance;
mod report;
mod rollup;
mod uncovered;

mod chain;
mod keep;
mod seal;
mod verify;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use crate::db::{Dialect, Sql};

pub use account::Account;
pub use draft::{Dims, Draft, Line, Side};
pub(crate) use entry::LINES_PER_SEQ;
pub use entry::{Entry, LineRef, entry};
pub use limit::available;
pub use post::{Posted, post, post_batch};
pub use reason::Reason;

pub use matching::{Matched, OpenItem, Part, match_items, open_items, unmatch};
pub use pending::{Pending, Rest, expire_due, pending, release, reserve, settle};
pub use reversal::{Mode, reverse};
pub use year::{close_year, reopen_year};

pub use balance::{Balance, Filter, Group, amount, balance};
pub use report::{Cursor, LedgerPage, LedgerRow, PageAsk, TrialBalance, TrialRow};
pub use report::{general_ledger, trial_balance};
pub(crate) use rollup::go_on_after;
pub use rollup::{rebuild, roll};
pub use uncovered::{Uncovered, counterpart, seq_of_key, uncovered};

pub use chain::{Hash, Head, Step, climb};
pub use keep::upkeep;
pub use seal::{Proof, Seal, last_seal, proof, seal};
pub use verify::{Exported, Flaw, Verdict, verify};

/// Finding accounts of the caller's company.
pub mod accounts {
    pub use super::account::{by_code, by_purpose, get};
}

/// The book of money: debit equals credit in the company's currency too.
pub const GENERAL: &str = "general";
/// The book of goods and their value.
pub const STOCK: &str = "stock";
/// The book of leave days and hours.
pub const TIME: &str = "time";

/// Ids up to this number are bound one by one; more of them as one array.
const IDS_BOUND: usize = 8;

/// Appends ` in (…)`. Few ids are cheapest one by one, many as one value; either way the texts of
/// statements stay few, so that they stay prepared.
fn among(sql: Sql, dialect: Dialect, ids: &BTreeSet<i64>) -> Sql {
    if ids.is_empty() {
        return sql.lit(" in (null)");
    }
    if ids.len() <= IDS_BOUND {
        let each = |(sql, comma): (Sql, &'static str), id: &i64| (sql.lit(comma).arg(*id), ", ");
        return ids.iter().fold((sql.lit(" in ("), ""), each).0.lit(")");
    }
    let (open, close) = dialect.in_array();
    sql.lit(open).arg(ids.iter().copied().collect::<Vec<i64>>()).lit(close)
}
