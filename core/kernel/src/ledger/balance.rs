//! Balances: as of a business day, as known at a sequence, grouped as asked. Whole months come from
//! the rollups, broken months and the tail posted since from the lines, in one statement.
//! Not here: balances that limits are checked against (`limit`).
//! INVARIANT: a balance is the sum of the lines, for every filter; a report for (`as_of`,
//! `known_at`) never changes later. No clock is read here.

use std::collections::BTreeSet;

use fondaco_values::{AnyId, Date, Id};

use super::account::Account;
use super::draft::Dims;
use super::entry::LINES_PER_SEQ;
use super::period::month;
use super::reason::Reason;
use super::{among, rollup};
use crate::Tx;
use crate::db::{Dialect, Row, Sql};
use crate::error::Result;
use crate::shared::Company;

/// Which lines of the caller's company count.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub book: Option<String>,
    /// Kinds of account; empty = all.
    pub kinds: Vec<String>,
    /// Empty = all.
    pub accounts: Vec<Id<Account>>,
    pub unit: Option<AnyId>,
    pub subsidiary: Option<AnyId>,
    /// Those that are given.
    pub dims: Dims,
    /// The first business day that counts; `None` = from the beginning.
    pub from: Option<Date>,
    /// The last business day that counts; `None` = all, also in the future.
    pub as_of: Option<Date>,
    /// The last sequence that counts; `None` = all that is posted.
    pub known_at: Option<i64>,
    /// Leaves out closing and reopening of years: the result of a closed year.
    pub without_closings: bool,
}

impl Filter {
    pub fn account(account: Id<Account>) -> Filter {
        Filter { accounts: vec![account], ..Filter::default() }
    }

    pub fn unit<U>(mut self, unit: Id<U>) -> Filter {
        self.unit = Some(unit.any());
        self
    }

    pub fn subsidiary<S>(mut self, subsidiary: Id<S>) -> Filter {
        self.subsidiary = Some(subsidiary.any());
        self
    }

    pub fn as_of(mut self, day: Date) -> Filter {
        self.as_of = Some(day);
        self
    }
}

/// What sums are split by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    Account,
    Unit,
    Subsidiary,
    Month,
    CostCentre,
    Project,
    Campaign,
    Salesperson,
}

impl Group {
    fn column(self) -> &'static str {
        match self {
            Group::Account => "account",
            Group::Unit => "unit",
            Group::Subsidiary => "subsidiary",
            Group::Month => "month",
            Group::CostCentre => "cost_centre",
            Group::Project => "project",
            Group::Campaign => "campaign",
            Group::Salesperson => "salesperson",
        }
    }

    fn is_dim(self) -> bool {
        matches!(self, Group::CostCentre | Group::Project | Group::Campaign | Group::Salesperson)
    }
}

/// One sum. What it was not grouped by is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Balance {
    pub account: Option<Id<Account>>,
    pub unit: Option<AnyId>,
    pub subsidiary: Option<AnyId>,
    /// `2026-03`.
    pub month: Option<String>,
    pub dims: Dims,
    pub debit: i64,
    pub credit: i64,
    /// The same in the company's currency; zero outside the book `general`.
    pub functional_debit: i64,
    pub functional_credit: i64,
    pub lines: i64,
}

impl Balance {
    /// Debit less credit. Means something within one unit.
    pub fn amount(&self) -> i64 {
        self.debit - self.credit
    }

    pub fn functional(&self) -> i64 {
        self.functional_debit - self.functional_credit
    }
}

/// The sums of the lines that count, one for each combination found, in order.
pub async fn balance(tx: &mut Tx, filter: &Filter, groups: &[Group]) -> Result<Vec<Balance>> {
    let company = Some(tx.ctx().company());
    let sql = Query::new(tx, filter, groups, company).await?.write();
    Ok(tx.rows(sql).await?.iter().map(|row| read(row, groups)).collect())
}

/// Debit less credit of all that counts, which should be of one unit.
pub async fn amount(tx: &mut Tx, filter: &Filter) -> Result<i64> {
    Ok(balance(tx, filter, &[]).await?.first().map_or(0, Balance::amount))
}

/// The sums of those accounts by unit and subsidiary, in whatever company: for kept balances.
pub(crate) async fn of_accounts(
    tx: &mut Tx,
    accounts: &BTreeSet<i64>,
) -> Result<Vec<(i64, i64, Option<i64>, i64)>> {
    if accounts.is_empty() {
        return Ok(Vec::new());
    }
    let accounts = accounts.iter().map(|id| Id::new(*id)).collect();
    let filter = Filter { accounts, ..Filter::default() };
    const BY: &[Group] = &[Group::Account, Group::Unit, Group::Subsidiary];
    let sql = Query::new(tx, &filter, BY, None).await?.write();
    let key = |row: &Row| (row.int(0), row.int(1), row.opt_int(2), row.int(3) - row.int(4));
    Ok(tx.rows(sql).await?.iter().map(key).collect())
}

/// The currency of the caller's company.
pub(crate) async fn currency(tx: &mut Tx) -> Result<AnyId> {
    let sql = Sql::text("select currency from company where id = $1").bind(tx.ctx().company());
    let rows = tx.kept_rows(sql).await?;
    let set = rows.first().and_then(|row| row.opt_id(0));
    set.ok_or_else(|| Reason::NoCurrency.refusal("company.currency"))
}

fn read(row: &Row, groups: &[Group]) -> Balance {
    let mut balance = Balance::default();
    for (at, group) in groups.iter().enumerate() {
        match group {
            Group::Account => balance.account = row.opt_id(at),
            Group::Unit => balance.unit = row.opt_id(at),
            Group::Subsidiary => balance.subsidiary = row.opt_id(at),
            Group::Month => balance.month = row.opt_str(at).map(str::to_owned),
            Group::CostCentre => balance.dims.cost_centre = row.opt_id(at),
            Group::Project => balance.dims.project = row.opt_id(at),
            Group::Campaign => balance.dims.campaign = row.opt_id(at),
            Group::Salesperson => balance.dims.salesperson = row.opt_id(at),
        }
    }
    let sums = groups.len();
    balance.debit = row.int(sums);
    balance.credit = row.int(sums + 1);
    balance.functional_debit = row.int(sums + 2);
    balance.functional_credit = row.int(sums + 3);
    balance.lines = row.int(sums + 4);
    balance
}

/// A stretch of business days; `None` is without end.
type Days = (Option<Date>, Option<Date>);

/// What of the days comes from where.
#[derive(Debug, PartialEq, Eq)]
struct Split {
    /// Whole months, by the rollups.
    months: Option<(Option<String>, Option<String>)>,
    /// Broken months, by the lines.
    days: Vec<Days>,
}

fn split(from: Option<Date>, as_of: Option<Date>) -> Split {
    if from.zip(as_of).is_some_and(|(from, as_of)| from > as_of) {
        return Split { months: None, days: Vec::new() };
    }
    let head = from.filter(|day| *day != day.first_of_month());
    let tail = as_of.filter(|day| *day != day.last_of_month());
    if let (Some(from), Some(as_of)) = (from, as_of)
        && (head.is_some() || tail.is_some())
        && month(from) == month(as_of)
    {
        return Split { months: None, days: vec![(Some(from), Some(as_of))] };
    }
    let mut days = Vec::new();
    days.extend(head.map(|day| (Some(day), Some(day.last_of_month()))));
    days.extend(tail.map(|day| (Some(day.first_of_month()), Some(day))));
    let first = match head {
        Some(day) => day.last_of_month().tomorrow().ok(),
        None => from,
    };
    let last = match tail {
        Some(day) => day.first_of_month().yesterday().ok(),
        None => as_of,
    };
    let some = first.zip(last).is_none_or(|(first, last)| first <= last);
    Split { months: some.then(|| (first.map(month), last.map(month))), days }
}

struct Query<'f> {
    filter: &'f Filter,
    groups: &'f [Group],
    /// `None` = accounts of any company.
    company: Option<Id<Company>>,
    /// Lines above this one are the tail.
    rolled: i64,
    dialect: Dialect,
}

const SUMS: &str = "debit, credit, functional_debit, functional_credit, lines";
const FROM_LINES: &str = "case when side = 1 then amount else 0 end as debit, \
     case when side = -1 then -amount else 0 end as credit, \
     case when side = 1 then functional else 0 end as functional_debit, \
     case when side = -1 then -functional else 0 end as functional_credit, 1 as lines \
     from ledger_line where ";

impl<'f> Query<'f> {
    async fn new(
        tx: &mut Tx,
        filter: &'f Filter,
        groups: &'f [Group],
        company: Option<Id<Company>>,
    ) -> Result<Query<'f>> {
        let rolled = rollup::mark(tx, "rolled").await?;
        Ok(Query { filter, groups, company, rolled, dialect: tx.dialect() })
    }

    fn write(&self) -> Sql {
        let mut sql = Sql::new().lit("select ");
        for group in self.groups {
            sql = sql.lit(group.column()).lit(", ");
        }
        let mut sql = sql
            .lit("cast(coalesce(sum(debit), 0) as bigint), cast(coalesce(sum(credit), 0) as bigint), ")
            .lit("cast(coalesce(sum(functional_debit), 0) as bigint), ")
            .lit("cast(coalesce(sum(functional_credit), 0) as bigint), ")
            .lit("cast(coalesce(sum(lines), 0) as bigint) from (");
        for (n, part) in self.parts().into_iter().enumerate() {
            sql = if n == 0 { sql } else { sql.lit(" union all ") }.append(part);
        }
        sql = sql.lit(") x");
        for (n, group) in self.groups.iter().enumerate() {
            sql = sql.lit(if n == 0 { " group by " } else { ", " }).lit(group.column());
        }
        for (n, group) in self.groups.iter().enumerate() {
            sql = sql.lit(if n == 0 { " order by " } else { ", " }).lit(group.column());
            sql = sql.lit(" nulls first");
        }
        sql
    }

    fn parts(&self) -> Vec<Sql> {
        let all: Days = (self.filter.from, self.filter.as_of);
        let known = self.filter.known_at;
        if self.by_dim() || known.is_some_and(|known| known < self.rolled) {
            return vec![self.lines(all, &Reach::Known(known))];
        }
        let Split { months, days } = split(self.filter.from, self.filter.as_of);
        let mut parts = Vec::with_capacity(4);
        parts.extend(months.map(|(first, last)| self.rollups(first, last)));
        parts.extend(days.into_iter().map(|days| self.lines(days, &Reach::Rolled)));
        parts.push(self.lines(all, &Reach::Tail(known)));
        parts
    }

    /// Dimensions are not rolled up.
    fn by_dim(&self) -> bool {
        self.filter.dims != Dims::default() || self.groups.iter().any(|group| group.is_dim())
    }

    fn rollups(&self, first: Option<String>, last: Option<String>) -> Sql {
        let split = self.filter.subsidiary.is_some() || self.groups.contains(&Group::Subsidiary);
        let mut sql = Sql::new().lit("select ");
        for group in self.groups {
            sql = match group {
                Group::Subsidiary => sql.lit("nullif(subsidiary, 0) as subsidiary, "),
                other => sql.lit(other.column()).lit(", "),
            };
        }
        sql = sql.lit(SUMS).lit(if split { " from ledger_rollup" } else { " from ledger_total" });
        sql = self.accounts(sql.lit(" where account"));
        if let Some(first) = first {
            sql = sql.lit(" and month >= ").arg(first);
        }
        if let Some(last) = last {
            sql = sql.lit(" and month <= ").arg(last);
        }
        self.line_filter(sql)
    }

    fn lines(&self, (first, last): Days, reach: &Reach) -> Sql {
        let mut sql = Sql::new().lit("select ");
        for group in self.groups {
            sql = match group {
                Group::Month => sql.lit("substr(date, 1, 7) as month, "),
                other => sql.lit(other.column()).lit(", "),
            };
        }
        sql = sql.lit(FROM_LINES);
        // A sign before a column keeps its index out: the tail is read by its ids, the rest by
        // account and date.
        let after = |seq: i64| (seq + 1) * LINES_PER_SEQ;
        sql = match reach {
            Reach::Tail(known) => {
                let sql = self.accounts(sql.lit("+account"));
                let sql = sql.lit(" and id >= ").arg(after(self.rolled));
                match known {
                    Some(known) => sql.lit(" and id < ").arg(after(*known)),
                    None => sql,
                }
            }
            Reach::Rolled => {
                self.accounts(sql.lit("account")).lit(" and +id < ").arg(after(self.rolled))
            }
            Reach::Known(Some(known)) => {
                self.accounts(sql.lit("account")).lit(" and +id < ").arg(after(*known))
            }
            Reach::Known(None) => self.accounts(sql.lit("account")),
        };
        if let Some(first) = first {
            sql = sql.lit(" and date >= ").arg(first);
        }
        if let Some(last) = last {
            sql = sql.lit(" and date <= ").arg(last);
        }
        for (column, wanted) in [
            (" and cost_centre = ", self.filter.dims.cost_centre),
            (" and project = ", self.filter.dims.project),
            (" and campaign = ", self.filter.dims.campaign),
            (" and salesperson = ", self.filter.dims.salesperson),
        ] {
            sql = wanted.into_iter().fold(sql, |sql, id| sql.lit(column).arg(id));
        }
        self.line_filter(sql)
    }

    fn line_filter(&self, mut sql: Sql) -> Sql {
        if let Some(unit) = self.filter.unit {
            sql = sql.lit(" and unit = ").arg(unit);
        }
        if let Some(subsidiary) = self.filter.subsidiary {
            sql = sql.lit(" and subsidiary = ").arg(subsidiary);
        }
        if self.filter.without_closings {
            sql = sql.lit(" and closing = 0");
        }
        sql
    }

    /// Appends ` in (…)`: the accounts that count, of the company alone.
    fn accounts(&self, sql: Sql) -> Sql {
        let ids: BTreeSet<i64> = self.filter.accounts.iter().map(|id| id.raw()).collect();
        let Some(company) = self.company else {
            return among(sql, self.dialect, &ids);
        };
        let mut sql = sql.lit(" in (select id from account where company = ").arg(company);
        if let Some(book) = &self.filter.book {
            sql = sql.lit(" and book = ").arg(book);
        }
        for (n, kind) in self.filter.kinds.iter().enumerate() {
            sql = sql.lit(if n == 0 { " and kind in (" } else { ", " }).arg(kind);
        }
        if !self.filter.kinds.is_empty() {
            sql = sql.lit(")");
        }
        if !ids.is_empty() {
            sql = among(sql.lit(" and id"), self.dialect, &ids);
        }
        sql.lit(")")
    }
}

/// Which lines a part reads.
enum Reach {
    /// All up to a sequence, or simply all.
    Known(Option<i64>),
    /// Those that are rolled up: for the days of broken months.
    Rolled,
    /// Those posted since, up to a sequence.
    Tail(Option<i64>),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(from: &str, as_of: &str) -> String {
        let day = |text: &str| text.parse::<Date>().ok();
        let Split { months, days } = split(day(from), day(as_of));
        let end = |text: Option<String>| text.unwrap_or("…".into());
        let months = months.map(|(a, b)| format!("{}–{}", end(a), end(b)));
        let date = |day: Option<Date>| day.map_or("…".into(), |day| day.to_string());
        let days = days.into_iter().map(|(a, b)| format!("{}–{}", date(a), date(b)));
        months.into_iter().chain(days).collect::<Vec<_>>().join(" + ")
    }

    #[test]
    fn whole_months_are_rolled_up_and_broken_ones_read() {
        assert_eq!(check("", ""), "…–…");
        assert_eq!(check("", "2026-03-31"), "…–2026-03");
        assert_eq!(check("", "2026-03-30"), "…–2026-02 + 2026-03-01–2026-03-30");
        assert_eq!(check("2026-01-01", "2026-03-31"), "2026-01–2026-03");
        assert_eq!(check("2026-01-02", ""), "2026-02–… + 2026-01-02–2026-01-31");
        assert_eq!(
            check("2026-01-02", "2026-03-30"),
            "2026-02–2026-02 + 2026-01-02–2026-01-31 + 2026-03-01–2026-03-30"
        );
        assert_eq!(
            check("2026-01-02", "2026-02-27"),
            "2026-01-02–2026-01-31 + 2026-02-01–2026-02-27"
        );
        assert_eq!(check("2026-02-02", "2026-02-27"), "2026-02-02–2026-02-27");
        assert_eq!(check("2026-02-01", "2026-02-28"), "2026-02–2026-02");
        assert_eq!(check("2026-02-01", "2026-02-27"), "2026-02-01–2026-02-27");
        assert_eq!(check("2026-03-01", "2026-02-28"), "", "nothing counts");
        assert_eq!(check("2026-07-16", "2024-06-09"), "", "nothing counts");
    }
}
