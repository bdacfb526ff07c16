//! An entry that a plugin wants posted: to accounts that it was granted, by name, and through every check of
//! the ledger. Its keys are its own, so none stands in the way of another's.

use std::collections::BTreeSet;

use fondaco_schema::plugin::Want;
use fondaco_values::{Decimal, Problem};

use super::effects::may;
use super::talk::{Installed, Posting, PostingLine};
use crate::error::refuse_if_any;
use crate::ledger::{self, Draft, Line};
use crate::shared::{Company, Currency};
use crate::{Error, Result, Tx, store};

/// Keys of the ledger are longer than this and the id of a plugin together.
const KEY_CHARS_MAX: usize = 100;

/// Posts the entry.
///
/// # Errors
/// What the plugin may not, and what the ledger refuses.
pub(super) async fn post(tx: &mut Tx, plugin: &Installed, posting: Posting) -> Result<()> {
    let accounts: BTreeSet<&str> = posting.lines.iter().map(|line| line.account.as_str()).collect();
    for account in accounts {
        may(tx, plugin, Want::Post(&posting.journal, account))?;
    }
    if posting.key.is_empty() || posting.key.chars().count() > KEY_CHARS_MAX {
        let message = format!("The key of an entry has 1 to {KEY_CHARS_MAX} letters.");
        return Err(Error::problem("key", "key_length", message));
    }
    let company = tx.ctx().company();
    let currency = store::get::<Company>(tx, company).await?.currency;
    let decimals = store::get::<Currency>(tx, currency).await?.decimals();
    let mut draft = Draft::new(&posting.journal, posting.on, &posting.text)
        .key(format!("{}:{}", plugin.manifest.id, posting.key));
    let mut problems = Vec::new();
    for (at, PostingLine { account, amount, party }) in posting.lines.iter().enumerate() {
        let Some(minor) = minor(*amount, decimals) else {
            let message = format!("{amount} has more digits than the currency of the company.");
            problems.push(Problem::new(format!("lines[{at}].amount"), "digits", message));
            continue;
        };
        let account = ledger::accounts::by_code(tx, account).await?;
        let line = Line::signed(account, currency, minor);
        draft = draft.line(match party {
            Some(party) => line.for_(*party),
            None => line,
        });
    }
    refuse_if_any(problems)?;
    ledger::post(tx, draft).await.map(drop)
}

fn minor(amount: Decimal, decimals: u8) -> Option<i64> {
    let mut exact = amount;
    exact.rescale(u32::from(decimals));
    let minor = (exact == amount).then(|| exact.mantissa())?;
    i64::try_from(minor).ok()
}
