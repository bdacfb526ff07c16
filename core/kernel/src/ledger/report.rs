//! The two reports that every ledger answers: the trial balance and the page of an account.
//! Not here: balance sheet, aging and the like, which a module makes of balances.

use std::collections::{BTreeMap, BTreeSet};

use fondaco_values::{AnyId, Date, Id};

use super::account::{self, Account};
use super::balance::{self, Balance, Filter, Group};
use super::entry::{LineRef, date};
use super::{GENERAL, among};
use crate::db::{Row, Sql};
use crate::error::Result;
use crate::{DocRef, Tx};
use fondaco_values::limits::PAGE_SIZE_MAX;

/// All accounts of the book `general` with lines, in the company's currency, by code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrialBalance {
    pub rows: Vec<TrialRow>,
    /// The sum of debit balances, which equals the next.
    pub debit: i64,
    pub credit: i64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrialRow {
    pub account: Id<Account>,
    pub code: String,
    pub name: String,
    pub kind: String,
    /// Turnover of either side.
    pub turnover_debit: i64,
    pub turnover_credit: i64,
    /// Debit positive.
    pub balance: i64,
}

/// The trial balance as of a business day (`None` = everything posted), as known at a sequence.
pub async fn trial_balance(
    tx: &mut Tx,
    as_of: Option<Date>,
    known_at: Option<i64>,
) -> Result<TrialBalance> {
    let book = Some(GENERAL.to_owned());
    let filter = Filter { book, as_of, known_at, ..Filter::default() };
    let sums = balance::balance(tx, &filter, &[Group::Account]).await?;
    let sums: BTreeMap<i64, Balance> =
        sums.into_iter().filter_map(|sum| Some((sum.account?.raw(), sum))).collect();
    let ids: BTreeSet<i64> = sums.keys().copied().collect();
    let sql = Sql::new().lit("select id, code, name, kind from account where id");
    let sql = among(sql, tx.dialect(), &ids).lit(" order by code, id");
    let row = |row: &Row| {
        let sum = sums.get(&row.int(0))?;
        Some(TrialRow {
            account: row.id(0),
            code: row.str(1).to_owned(),
            name: row.str(2).to_owned(),
            kind: row.str(3).to_owned(),
            turnover_debit: sum.functional_debit,
            turnover_credit: sum.functional_credit,
            balance: sum.functional(),
        })
    };
    let rows: Vec<TrialRow> = tx.rows(sql).await?.iter().filter_map(row).collect();
    let debit: i64 = rows.iter().map(|row| row.balance.max(0)).sum();
    let credit: i64 = rows.iter().map(|row| -row.balance.min(0)).sum();
    assert_eq!(debit, credit, "the ledger is out of balance");
    Ok(TrialBalance { rows, debit, credit })
}

/// What a page of an account shows.
#[derive(Clone, Debug)]
pub struct PageAsk {
    pub account: Id<Account>,
    pub from: Option<Date>,
    pub to: Option<Date>,
    pub unit: Option<AnyId>,
    pub subsidiary: Option<AnyId>,
    pub known_at: Option<i64>,
    /// Where the page before ended.
    pub after: Option<Cursor>,
    /// Rows, at most `PAGE_SIZE_MAX`.
    pub limit: usize,
}

impl PageAsk {
    pub fn of(account: Id<Account>) -> PageAsk {
        PageAsk {
            account,
            from: None,
            to: None,
            unit: None,
            subsidiary: None,
            known_at: None,
            after: None,
            limit: fondaco_values::limits::PAGE_SIZE_DEFAULT,
        }
    }
}

/// The last row of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    pub date: Date,
    pub line: LineRef,
}

/// Lines of an account in order of date, each with the balance after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerPage {
    /// Before the first row of the page, in the unit asked for.
    pub opening: i64,
    /// The same in the company's currency.
    pub opening_functional: i64,
    pub rows: Vec<LedgerRow>,
    /// `None` on the last page.
    pub next: Option<Cursor>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerRow {
    pub line: LineRef,
    pub date: Date,
    pub number: Option<String>,
    pub text: String,
    pub source: Option<DocRef>,
    pub unit: AnyId,
    pub subsidiary: Option<AnyId>,
    /// Debit positive.
    pub amount: i64,
    pub functional: i64,
    /// Sums up to this row. That of amounts means something where one unit was asked for.
    pub balance: i64,
    pub balance_functional: i64,
}

/// A page of an account of the caller's company.
pub async fn general_ledger(tx: &mut Tx, ask: &PageAsk) -> Result<LedgerPage> {
    let account = account::get(tx, ask.account).await?.id;
    let (opening, opening_functional) = before(tx, ask).await?;
    let limit = ask.limit.clamp(1, PAGE_SIZE_MAX);
    let rows = tx.rows(page(ask, account, limit as i64 + 1)).await?;
    let (mut balance, mut balance_functional) = (opening, opening_functional);
    let read = |row: &Row| {
        balance += row.int(4);
        balance_functional += row.int(5);
        LedgerRow { balance, balance_functional, ..ledger_row(row) }
    };
    let shown: Vec<LedgerRow> = rows.iter().take(limit).map(read).collect();
    let more = rows.len() > limit;
    let next = shown.last().filter(|_| more);
    let next = next.map(|row| Cursor { date: row.date, line: row.line });
    Ok(LedgerPage { opening, opening_functional, rows: shown, next })
}

fn ledger_row(row: &Row) -> LedgerRow {
    let source = row.opt_str(8).zip(row.opt_id(9));
    LedgerRow {
        line: LineRef::from_raw(row.int(0)),
        date: date(row.str(1)),
        unit: row.id(2),
        subsidiary: row.opt_id(3),
        amount: row.int(4),
        functional: row.int(5),
        number: row.opt_str(6).map(str::to_owned),
        text: row.str(7).to_owned(),
        source: source.map(|(model, id)| DocRef { model: model.to_owned(), id }),
        balance: 0,
        balance_functional: 0,
    }
}

fn page(ask: &PageAsk, account: Id<Account>, limit: i64) -> Sql {
    let mut sql = Sql::new()
        .lit(
            "select l.id, l.date, l.unit, l.subsidiary, l.amount, l.functional, e.number, e.text, \
             e.source_model, e.source_id from ledger_line l \
             join ledger_entry e on e.seq = l.id / ",
        )
        .arg(super::entry::LINES_PER_SEQ)
        .lit(" where l.account = ")
        .arg(account);
    if let Some(from) = ask.from {
        sql = sql.lit(" and l.date >= ").arg(from);
    }
    if let Some(to) = ask.to {
        sql = sql.lit(" and l.date <= ").arg(to);
    }
    if let Some(after) = ask.after {
        sql = sql.lit(" and (l.date, l.id) > (").arg(after.date).lit(", ");
        sql = sql.arg(after.line.raw()).lit(")");
    }
    which(sql, ask).lit(" order by l.date, l.id limit ").arg(limit)
}

fn which(mut sql: Sql, ask: &PageAsk) -> Sql {
    if let Some(unit) = ask.unit {
        sql = sql.lit(" and l.unit = ").arg(unit);
    }
    if let Some(subsidiary) = ask.subsidiary {
        sql = sql.lit(" and l.subsidiary = ").arg(subsidiary);
    }
    match ask.known_at {
        Some(known) => sql.lit(" and l.id < ").arg((known + 1) * super::entry::LINES_PER_SEQ),
        None => sql,
    }
}

/// What came before the page: whole days by their balance, the day of the cursor by its lines.
async fn before(tx: &mut Tx, ask: &PageAsk) -> Result<(i64, i64)> {
    let Some(day) = ask.after.map(|after| after.date).or(ask.from) else { return Ok((0, 0)) };
    let Ok(eve) = day.yesterday() else { return Ok((0, 0)) };
    let filter = Filter {
        accounts: vec![ask.account],
        unit: ask.unit,
        subsidiary: ask.subsidiary,
        as_of: Some(eve),
        known_at: ask.known_at,
        ..Filter::default()
    };
    let sum = balance::balance(tx, &filter, &[]).await?.pop().unwrap_or_default();
    let (mut amount, mut functional) = (sum.amount(), sum.functional());
    if let Some(after) = ask.after {
        let sql = Sql::new()
            .lit(
                "select cast(coalesce(sum(l.amount), 0) as bigint), \
                 cast(coalesce(sum(l.functional), 0) as bigint) \
                 from ledger_line l where l.account = ",
            )
            .arg(ask.account)
            .lit(" and l.date = ")
            .arg(after.date)
            .lit(" and l.id <= ")
            .arg(after.line.raw());
        if let Some(row) = tx.row(which(sql, ask)).await? {
            amount += row.int(0);
            functional += row.int(1);
        }
    }
    Ok((amount, functional))
}
