//! Whether the figures of a database hold: the chain of the ledger from its first entry, and in each
//! company and unit the sum of all lines, which is zero. For backups, moves and the doctor.
//! Not here: the walk along the chain (`ledger::verify`).

use serde::{Deserialize, Serialize};

use crate::db::Sql;
use crate::error::{Error, Result};
use crate::ledger::{self, Verdict};
use crate::tx::Tx;

/// What was found; [`Soundness::check`] turns it into an error when it is bad.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Soundness {
    /// Entries that were hashed again, and seals that hold.
    pub entries: i64,
    pub seals: i64,
    /// Both sides of everything ever posted, in the companies' currencies (minor units).
    pub debit: i64,
    pub credit: i64,
    /// What does not hold, a sentence each.
    pub wrong: Vec<String>,
}

impl Soundness {
    /// # Errors
    /// `Startup` with every sentence when something does not hold.
    pub fn check(&self) -> Result<()> {
        if self.wrong.is_empty() { Ok(()) } else { Err(Error::Startup(self.wrong.join(" "))) }
    }
}

/// Looks at the whole ledger: the time it takes grows with it.
///
/// # Errors
/// When the database does not answer; what is found to be wrong is no error.
pub async fn look(tx: &mut Tx) -> Result<Soundness> {
    let mut found = Soundness::default();
    match ledger::verify(tx, None, None).await? {
        Verdict::Sound { entries, seals } => (found.entries, found.seals) = (entries, seals),
        Verdict::FirstBad { seq, why } => {
            found.wrong.push(format!("The chain is broken at entry {seq}: {}.", why.sentence()));
        }
    }
    let sides = Sql::text(
        "select cast(coalesce(sum(case when functional > 0 then functional else 0 end), 0) as bigint), \
         cast(coalesce(sum(case when functional < 0 then -functional else 0 end), 0) as bigint) \
         from ledger_line",
    );
    if let Some(row) = tx.row(sides).await? {
        (found.debit, found.credit) = (row.int(0), row.int(1));
    }
    if found.debit != found.credit {
        let (debit, credit) = (found.debit, found.credit);
        found
            .wrong
            .push(format!("The trial balance has {debit} on one side, {credit} on the other."));
    }
    let uneven = Sql::text(
        "select e.company, l.unit, cast(sum(l.amount) as bigint) from ledger_line l \
         join ledger_entry e on e.seq = l.id / 8192 group by e.company, l.unit \
         having sum(l.amount) <> 0 order by e.company, l.unit limit 20",
    );
    for row in tx.rows(uneven).await? {
        let (company, unit, sum) = (row.int(0), row.int(1), row.int(2));
        found
            .wrong
            .push(format!("Lines of unit {unit} in company {company} sum to {sum}, not to 0."));
    }
    Ok(found)
}
