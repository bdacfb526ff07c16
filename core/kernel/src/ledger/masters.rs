//! What follows for the books when accounts and journals change, which are records like any others.
//! Not here: keeping them (models `account` and `journal`), and limits, which each posting compares
//! with what it finds (`limit::attune`).
//! INVARIANT: an account or a journal with entries stays.

use std::collections::BTreeSet;

use super::{among, matching};
use crate::Tx;
use crate::db::Sql;
use crate::error::{Error, Result};
use crate::model::Saved;
use crate::record::Rec;

/// Accounts were saved: those whose open items were switched on or off have them anew, from their
/// first line on.
pub(crate) async fn accounts_saved(tx: &mut Tx, saved: &[Saved]) -> Result<()> {
    let switched = |one: &&Saved| {
        one.old.as_ref().is_some_and(|old| old.flag("open") != one.rec().flag("open"))
    };
    let accounts: BTreeSet<i64> = saved.iter().filter(switched).map(|one| one.id().raw()).collect();
    match accounts.is_empty() {
        true => Ok(()),
        false => matching::reopen(tx, Some(&accounts)).await,
    }
}

/// # Errors
/// `in_use` when something was posted to, or promised of, one of the accounts.
pub(crate) async fn accounts_go(tx: &mut Tx, recs: &[Rec]) -> Result<()> {
    const USED: &[&str] = &[
        "select account from ledger_line where account",
        "select account from ledger_pending_line where account",
    ];
    refuse_used(tx, recs, USED, "Accounts with entries stay: close the account instead.").await
}

/// # Errors
/// `in_use` when something was posted in one of the journals.
pub(crate) async fn journals_go(tx: &mut Tx, recs: &[Rec]) -> Result<()> {
    const USED: &[&str] = &["select journal from ledger_entry where journal"];
    refuse_used(tx, recs, USED, "Journals with entries stay.").await
}

async fn refuse_used(
    tx: &mut Tx,
    recs: &[Rec],
    used: &[&'static str],
    message: &'static str,
) -> Result<()> {
    let ids: BTreeSet<i64> = recs.iter().map(|rec| rec.id.raw()).collect();
    for text in used {
        let sql = among(Sql::new().lit(text), tx.dialect(), &ids).lit(" limit 1");
        if tx.row(sql).await?.is_some() {
            return Err(Error::problem("", "in_use", message));
        }
    }
    Ok(())
}
