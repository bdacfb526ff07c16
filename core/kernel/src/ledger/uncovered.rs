//! Entries that moved value in the stock book while nobody kept the general book: what has no
//! counterpart there yet. Whoever posts a counterpart gives it the key of [`counterpart`].
//! Not here: which accounts it goes to (port `books`).

use std::collections::BTreeSet;

use fondaco_values::{AnyId, Date, Id};

use super::account::Account;
use super::entry::{self, LINES_PER_SEQ};
use super::{GENERAL, among};
use crate::Tx;
use crate::db::Sql;
use crate::error::Result;

/// An entry of the stock book without lines in the general book.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uncovered {
    pub seq: i64,
    pub date: Date,
    pub text: String,
    /// Account, subsidiary and amount of its lines in the accounts that were asked for.
    pub lines: Vec<(Id<Account>, Option<AnyId>, i64)>,
}

/// The key of the entry that is the counterpart of another.
pub fn counterpart(seq: i64) -> String {
    format!("books:{seq}")
}

/// The sequence of the caller's company's entry with this key.
pub async fn seq_of_key(tx: &mut Tx, key: &str) -> Result<Option<i64>> {
    let sql = Sql::text("select seq from ledger_entry where company = $1 and key = $2");
    let row = tx.row(sql.bind(tx.ctx().company()).bind(key)).await?;
    Ok(row.map(|row| row.int(0)))
}

/// The first entries after `seq`, `limit` at most, that have lines in these accounts, none in the
/// general book and no counterpart.
pub async fn uncovered(
    tx: &mut Tx,
    accounts: &[Id<Account>],
    seq: i64,
    limit: i64,
) -> Result<Vec<Uncovered>> {
    let company = tx.ctx().company();
    let ids: BTreeSet<i64> = accounts.iter().map(|account| account.raw()).collect();
    let line_of = |sql: Sql, line: &'static str, entry: &'static str| {
        let sql = sql.lit(line).lit(".id > ").lit(entry).lit(".seq * ").arg(LINES_PER_SEQ);
        let sql = sql.lit(" and ").lit(line).lit(".id < (").lit(entry).lit(".seq + 1) * ");
        sql.arg(LINES_PER_SEQ)
    };
    let sql = Sql::new().lit("select e.seq, e.date, e.text from ledger_entry e where e.company = ");
    let sql = sql.arg(company).lit(" and e.seq > ").arg(seq);
    let sql = line_of(sql.lit(" and exists (select 1 from ledger_line l where "), "l", "e");
    let sql = among(sql.lit(" and l.account"), tx.dialect(), &ids);
    let sql = sql.lit(
        ") and not exists (select 1 from ledger_line g join account a on a.id = g.account where ",
    );
    let sql = line_of(sql, "g", "e").lit(" and a.book = ").arg(GENERAL);
    let sql = sql.lit(") and not exists (select 1 from ledger_entry c where c.company = ");
    let sql = sql.arg(company).lit(" and c.key = 'books:' || cast(e.seq as text))");
    let sql = sql.lit(" order by e.seq limit ").arg(limit);
    let heads = tx.rows(sql).await?;
    let mut found: Vec<Uncovered> = heads
        .iter()
        .map(|row| Uncovered {
            seq: row.int(0),
            date: entry::date(row.str(1)),
            text: row.str(2).to_owned(),
            lines: Vec::new(),
        })
        .collect();
    let seqs: BTreeSet<i64> = found.iter().map(|one| one.seq).collect();
    for stored in entry::by_seqs(tx, seqs).await? {
        let Some(one) = found.iter_mut().find(|one| one.seq == stored.seq) else { continue };
        let lines = stored.lines.iter().map(|line| line.line());
        let asked = lines.filter(|line| ids.contains(&line.account.raw()));
        one.lines = asked.map(|line| (line.account, line.subsidiary, line.amount)).collect();
    }
    Ok(found)
}
