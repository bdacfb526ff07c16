//! Sums by month, for reports: two tables that one roller writes from the sequence.
//! A balance is what is rolled up plus the tail of lines posted since (`balance`).
//! INVARIANT: derived from the lines alone; `rebuild` gives the same rows.

use std::collections::BTreeSet;

use fondaco_values::{AnyId, Id};

use super::account::Chart;
use super::entry::LINES_PER_SEQ;
use super::{limit, matching};
use crate::Tx;
use crate::db::{Dialect, Sql};
use crate::error::Result;

const TOTAL: &str = "insert into ledger_total (account, unit, month, closing, debit, credit, \
     functional_debit, functional_credit, lines) \
     select account, unit, substr(date, 1, 7), closing, \
     cast(sum(case when side = 1 then amount else 0 end) as bigint), \
     cast(sum(case when side = -1 then -amount else 0 end) as bigint), \
     cast(sum(case when side = 1 then functional else 0 end) as bigint), \
     cast(sum(case when side = -1 then -functional else 0 end) as bigint), count(*) \
     from ledger_line where id between $1 and $2 group by account, unit, substr(date, 1, 7), closing \
     on conflict (account, unit, month, closing) do update set \
     debit = ledger_total.debit + excluded.debit, credit = ledger_total.credit + excluded.credit, \
     functional_debit = ledger_total.functional_debit + excluded.functional_debit, \
     functional_credit = ledger_total.functional_credit + excluded.functional_credit, \
     lines = ledger_total.lines + excluded.lines";

const ROLLUP: &str = "insert into ledger_rollup (account, unit, subsidiary, month, closing, debit, \
     credit, functional_debit, functional_credit, lines) \
     select account, unit, coalesce(subsidiary, 0), substr(date, 1, 7), closing, \
     cast(sum(case when side = 1 then amount else 0 end) as bigint), \
     cast(sum(case when side = -1 then -amount else 0 end) as bigint), \
     cast(sum(case when side = 1 then functional else 0 end) as bigint), \
     cast(sum(case when side = -1 then -functional else 0 end) as bigint), count(*) \
     from ledger_line where id between $1 and $2 \
     group by account, unit, coalesce(subsidiary, 0), substr(date, 1, 7), closing \
     on conflict (account, unit, subsidiary, month, closing) do update set \
     debit = ledger_rollup.debit + excluded.debit, \
     credit = ledger_rollup.credit + excluded.credit, \
     functional_debit = ledger_rollup.functional_debit + excluded.functional_debit, \
     functional_credit = ledger_rollup.functional_credit + excluded.functional_credit, \
     lines = ledger_rollup.lines + excluded.lines";

/// Rolls up what was posted since the last time.
pub async fn roll(tx: &mut Tx) -> Result<()> {
    let (rolled, posted) = (mark(tx, "rolled").await?, posted(tx).await?);
    if rolled == posted {
        return Ok(());
    }
    let (first, last) = ((rolled + 1) * LINES_PER_SEQ, (posted + 1) * LINES_PER_SEQ - 1);
    for text in [TOTAL, ROLLUP] {
        tx.exec(Sql::text(text).bind(first).bind(last)).await?;
    }
    set_mark(tx, "rolled", posted).await
}

/// Throws away everything derived from entries, matches and promises, of all companies, and makes it
/// again.
pub async fn rebuild(tx: &mut Tx) -> Result<()> {
    tx.across_companies(|tx| Box::pin(make_again(tx))).await
}

async fn make_again(tx: &mut Tx) -> Result<()> {
    let watched = tx.rows(Sql::text("select account from ledger_watched")).await?;
    let watched: BTreeSet<i64> = watched.iter().map(|row| row.int(0)).collect();
    const EMPTY: &[&str] = &[
        "delete from ledger_total",
        "delete from ledger_rollup",
        "delete from ledger_limited",
        "delete from ledger_watched",
    ];
    for delete in EMPTY {
        tx.exec(Sql::text(delete)).await?;
    }
    set_mark(tx, "rolled", 0).await?;
    roll(tx).await?;
    matching::reopen(tx, None).await?;
    let touched: Vec<_> = watched.iter().map(|id| (Id::new(*id), AnyId::new(0))).collect();
    let chart = Chart::load_any(tx, &touched).await?;
    limit::attune(tx, &chart).await
}

/// The next sequences, in order. Gaps come of units of work that failed.
pub(crate) async fn draw(tx: &mut Tx, count: i64) -> Result<Vec<i64>> {
    if tx.dialect() == Dialect::Postgres {
        let rows = tx.rows(Sql::text("select fo_ledger_draw($1)").bind(count)).await?;
        return Ok(rows.iter().map(|row| row.int(0)).collect());
    }
    let sql =
        Sql::text("update ledger_mark set seq = seq + $1 where name = 'posted' returning seq");
    let missing = || crate::Error::internal("the ledger has lost its place");
    let last = tx.row(sql.bind(count)).await?.map(|row| row.int(0)).ok_or_else(missing)?;
    Ok((last - count + 1..=last).collect())
}

/// The last sequence behind which nothing will be posted any more.
pub(crate) async fn posted(tx: &mut Tx) -> Result<i64> {
    match tx.final_seq()? {
        Some(seq) => Ok(seq),
        None => mark(tx, "posted").await,
    }
}

/// The last sequence that was drawn; where many write, some may still be on their way.
pub(crate) async fn newest(tx: &mut Tx) -> Result<i64> {
    match tx.dialect() {
        Dialect::Sqlite => mark(tx, "posted").await,
        Dialect::Postgres => {
            let sql = "select case when is_called then last_value else 0 end from ledger_seq";
            Ok(tx.row(Sql::text(sql)).await?.map_or(0, |row| row.int(0)))
        }
    }
}

/// After the entries of another database were taken in: the next sequence follows the last of them.
pub(crate) async fn go_on_after(tx: &mut Tx) -> Result<()> {
    let last = tx.row(Sql::text("select coalesce(max(seq), 0) from ledger_entry")).await?;
    let last = last.map_or(0, |row| row.int(0));
    match tx.dialect() {
        Dialect::Sqlite => set_mark(tx, "posted", last).await,
        Dialect::Postgres => {
            let sql = Sql::text("select setval('ledger_seq', greatest($1, 1), $1 > 0)");
            tx.row(sql.bind(last)).await.map(drop)
        }
    }
}

pub(crate) async fn mark(tx: &mut Tx, name: &'static str) -> Result<i64> {
    let sql = Sql::text("select seq from ledger_mark where name = $1");
    let rows = tx.kept_rows(sql.bind(name)).await?;
    Ok(rows.first().map_or(0, |row| row.int(0)))
}

pub(crate) async fn set_mark(tx: &mut Tx, name: &'static str, seq: i64) -> Result<()> {
    let sql = Sql::text("update ledger_mark set seq = $1 where name = $2");
    tx.exec(sql.bind(seq).bind(name)).await.map(drop)
}
