//! What a rehearsal looks at before and after a change on a copy: every balance of the ledger (money
//! and goods by place, with their value), documents by state; and the standard checks.
//! Not here: making the copy (`Kernel::copy_to`), what changes (`make`).

use std::collections::BTreeMap;

use fondaco_schema::Tables;
use serde::Serialize;

use crate::db::{Row, Sql};
use crate::error::Result;
use crate::identity;
use crate::kernel::Kernel;
use crate::ledger::{self, Verdict};
use crate::model::migrate;
use crate::tx::Tx;

/// The figures of a company at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// By account, unit and subsidiary.
    balances: BTreeMap<(i64, i64, i64), Balance>,
    /// By table and state.
    documents: BTreeMap<(String, String), i64>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Balance {
    label: String,
    book: String,
    amount: i64,
    functional: i64,
}

/// One figure that is another after the change. Amounts are in minor units of their unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Shift {
    pub what: String,
    pub before: i64,
    pub after: i64,
}

/// Before and after, side by side.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// Balances of accounts that moved. One is too many.
    pub moved: Vec<Shift>,
    /// Balances of accounts that had none before.
    pub new: Vec<Shift>,
    /// Documents by state.
    pub documents: Vec<Shift>,
    /// Balances compared, by book.
    pub balances: BTreeMap<String, usize>,
    /// Kinds of document and state compared.
    pub states: usize,
}

/// Reads all figures from the lines themselves, not from what is derived of them.
///
/// # Errors
/// `Storage` when the database does not answer.
pub async fn figures(kernel: &Kernel) -> Result<Figures> {
    kernel
        .read(&identity::kernel_itself(), |tx| {
            Box::pin(async move {
                Ok(Figures { balances: balances(tx).await?, documents: documents(tx).await? })
            })
        })
        .await
}

async fn balances(tx: &mut Tx) -> Result<BTreeMap<(i64, i64, i64), Balance>> {
    let sql = Sql::text(
        "select s.account, s.unit, s.subsidiary, s.amount, s.functional, a.book, c.name, a.code, \
         coalesce(p.code, p.name, m.code, cast(s.unit as text)), \
         coalesce(q.code, q.name, t.name, case when s.subsidiary = 0 then '' \
           else cast(s.subsidiary as text) end) \
         from (select account, unit, coalesce(subsidiary, 0) as subsidiary, \
               cast(sum(amount) as bigint) as amount, \
               cast(sum(functional) as bigint) as functional from ledger_line \
               group by account, unit, coalesce(subsidiary, 0)) as s \
         join account as a on a.id = s.account join company as c on c.id = a.company \
         left join product as p on p.id = s.unit left join currency as m on m.id = s.unit \
         left join product as q on q.id = s.subsidiary left join party as t on t.id = s.subsidiary",
    );
    let balance = |row: &Row| {
        let words = [row.str(6), row.str(5), row.str(7), row.str(8), row.str(9)];
        let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
        Balance {
            label: words.join(" · "),
            book: row.str(5).to_owned(),
            amount: row.int(3),
            functional: row.int(4),
        }
    };
    let rows = tx.rows(sql).await?;
    Ok(rows.iter().map(|row| ((row.int(0), row.int(1), row.int(2)), balance(row))).collect())
}

async fn documents(tx: &mut Tx) -> Result<BTreeMap<(String, String), i64>> {
    let applied: Tables = migrate::kept(tx, migrate::TABLES).await?.unwrap_or_default();
    let mut found = BTreeMap::new();
    for table in applied.tables.values().filter(|table| table.columns.contains_key("state")) {
        let sql = Sql::new().lit("select coalesce(state, ''), count(*) from ").ident(&table.name);
        for row in tx.rows(sql.lit(" group by state")).await? {
            found.insert((table.name.clone(), row.str(0).to_owned()), row.int(1));
        }
    }
    Ok(found)
}

impl Figures {
    /// What is different in `after`.
    pub fn compare(&self, after: &Figures) -> Comparison {
        let mut found = Comparison { states: self.documents.len(), ..Comparison::default() };
        for (key, before) in &self.balances {
            *found.balances.entry(before.book.clone()).or_default() += 1;
            let now = after.balances.get(key).map_or((0, 0), |now| (now.amount, now.functional));
            for (what, before_is, now_is) in [
                (before.label.clone(), before.amount, now.0),
                (format!("{} (in the company's currency)", before.label), before.functional, now.1),
            ] {
                if before_is != now_is {
                    found.moved.push(Shift { what, before: before_is, after: now_is });
                }
            }
        }
        let new = after.balances.iter().filter(|(key, _)| !self.balances.contains_key(*key));
        for ((account, ..), balance) in new {
            let known = self.balances.keys().any(|(known, ..)| known == account);
            let shift = Shift { what: balance.label.clone(), before: 0, after: balance.amount };
            if known { found.moved.push(shift) } else { found.new.push(shift) }
        }
        let keys = self.documents.keys().chain(after.documents.keys());
        let keys: std::collections::BTreeSet<_> = keys.collect();
        for key in keys {
            let at = |figures: &Figures| figures.documents.get(key).copied().unwrap_or(0);
            let (before, after) = (at(self), at(after));
            if before != after {
                let what = format!("{} {}", key.0, key.1);
                found.documents.push(Shift { what, before, after });
            }
        }
        found
    }
}

/// The standard checks of a database; a sentence for each that fails.
///
/// # Errors
/// `Storage` when the database does not answer.
pub async fn checks(kernel: &Kernel) -> Result<Vec<String>> {
    kernel
        .read(&identity::kernel_itself(), |tx| {
            Box::pin(async move {
                let mut failed = Vec::new();
                failed.extend(chain(tx).await?);
                failed.extend(sums(tx).await?);
                failed.extend(references(tx).await?);
                Ok(failed)
            })
        })
        .await
}

async fn chain(tx: &mut Tx) -> Result<Option<String>> {
    Ok(match ledger::verify(tx, None, None).await? {
        Verdict::Sound { .. } => None,
        Verdict::FirstBad { seq, why } => {
            Some(format!("the chain is broken at entry {seq}: {}", why.sentence()))
        }
    })
}

/// What every entry and everything that is derived of entries must come to.
async fn sums(tx: &mut Tx) -> Result<Vec<String>> {
    let checks = [
        (
            "entries that do not sum to zero in each unit",
            "select count(*) from (select 1 as one from ledger_line \
             group by id / $1, unit having sum(amount) <> 0) as bad",
        ),
        (
            "entries that do not sum to zero in the company's currency",
            "select count(*) from (select 1 as one from ledger_line \
             group by id / $1 having sum(functional) <> 0) as bad",
        ),
        (
            "accounts whose monthly sums are not those of their lines",
            "select count(*) from (select account, unit, sum(amount) as amount from \
               (select account, unit, amount from ledger_line \
                where id / $1 <= (select seq from ledger_mark where name = 'rolled') \
                union all select account, unit, credit - debit from ledger_total) as both_sides \
             group by account, unit having sum(amount) <> 0) as bad",
        ),
    ];
    let mut failed = Vec::new();
    for (what, text) in checks {
        let bad = tx.row(Sql::text(text).bind(ledger::LINES_PER_SEQ)).await?;
        let bad = bad.map_or(0, |row| row.int(0));
        if bad != 0 {
            failed.push(format!("{bad} {what}"));
        }
    }
    Ok(failed)
}

async fn references(tx: &mut Tx) -> Result<Vec<String>> {
    let Some(text) = tx.dialect().broken_references() else { return Ok(Vec::new()) };
    let rows = tx.rows(Sql::text(text)).await?;
    Ok(rows
        .iter()
        .map(|row| format!("{} rows of {} refer to no {}", row.int(2), row.str(0), row.str(1)))
        .collect())
}
