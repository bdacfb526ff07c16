//! Journals as the ledger reads them, and the numbers that gapless ones give.
//! Not here: keeping journals (model `journal`), numbers of documents (`numbers`).
//! INVARIANT: the numbers of a journal in one year are 1 … n, each given once, none taken back.

use std::collections::{BTreeMap, BTreeSet};

use fondaco_values::Date;

use super::among;
use crate::db::Sql;
use crate::error::Result;
use crate::{Tx, numbers};

#[derive(Clone, Debug)]
pub(crate) struct Journal {
    pub(crate) id: i64,
    pub(crate) gapless: bool,
    pub(crate) template: String,
}

/// The journals of the caller's company among those codes.
pub(crate) async fn load(tx: &mut Tx, codes: &BTreeSet<&str>) -> Result<BTreeMap<String, Journal>> {
    let mut sql = Sql::new()
        .lit("select id, code, gapless, template from journal where company = ")
        .arg(tx.ctx().company());
    for (n, code) in codes.iter().enumerate() {
        sql = sql.lit(if n == 0 { " and code in (" } else { ", " }).arg(*code);
    }
    let rows = tx.kept_rows(sql.lit(")")).await?;
    let read = |row: &crate::db::Row| {
        let template = row.opt_str(3).filter(|t| !t.is_empty()).map(str::to_owned);
        let template = template.unwrap_or_else(|| format!("{}-{{year}}-{{seq:5}}", row.str(1)));
        (row.str(1).to_owned(), Journal { id: row.int(0), gapless: row.flag(2), template })
    };
    Ok(rows.iter().map(read).collect())
}

/// The codes of journals by id.
pub(crate) async fn codes(tx: &mut Tx, ids: BTreeSet<i64>) -> Result<BTreeMap<i64, String>> {
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let sql = Sql::new().lit("select id, code from journal where id");
    let rows = tx.kept_rows(among(sql, tx.dialect(), &ids)).await?;
    Ok(rows.iter().map(|row| (row.int(0), row.str(1).to_owned())).collect())
}

/// Draws that many numbers of a journal in a year; the first of them. The counter stays locked
/// until the commit, so this comes last.
pub(crate) async fn draw(tx: &mut Tx, journal: i64, year: Date, count: i64) -> Result<i64> {
    let sql = Sql::text(
        "insert into ledger_number (company, journal, year, last) values ($1, $2, $3, $4) \
         on conflict (company, journal, year) do update set last = ledger_number.last + excluded.last \
         returning last",
    );
    let sql = sql.bind(tx.ctx().company()).bind(journal).bind(i64::from(year.year())).bind(count);
    let last = tx.row(sql).await?.map_or(count, |row| row.int(0));
    Ok(last - count + 1)
}

/// The number as the journal writes it: the year of the books, the month of the entry.
pub(crate) fn write(journal: &Journal, year: Date, day: Date, number: i64) -> String {
    let written = Date::new(year.year(), day.month(), 1).unwrap_or(day);
    numbers::write(&journal.template, written, number)
}
