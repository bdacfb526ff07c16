//! The end of a year: its result goes from income and expense to equity, and its months close.
//! INVARIANT: a year is closed once; after it the income and expense accounts are at zero and equity
//! has moved by the same amount. Reopening, where nothing is locked, restores every balance.

use fondaco_values::{Date, Id};

use super::GENERAL;
use super::account::{self, Account};
use super::balance::{self, Balance, Filter, Group};
use super::draft::{Draft, Line};
use super::entry::{self, date};
use super::period::{self, Calendar, State, months_of};
use super::post::{self, Kind, Order, Posted};
use super::reason::Reason;
use super::reversal::{self, Mode};
use crate::Tx;
use crate::db::Sql;
use crate::error::Result;

struct Year {
    starts: Date,
    ends: Date,
    closed: bool,
    closing: Option<i64>,
}

/// Closes the year around a day: posts its result to an equity account and closes its months.
/// `None` when income and expense were at zero already.
pub async fn close_year(
    tx: &mut Tx,
    day: Date,
    result: Id<Account>,
    journal: &str,
) -> Result<Option<Posted>> {
    let year = around(tx, day).await?;
    if year.closed {
        return Err(Reason::YearClosed { starts: year.starts }.refusal("year"));
    }
    if tx.today() < year.ends {
        return Err(Reason::YearNotOver { ends: year.ends }.refusal("year"));
    }
    if let Some(starts) = later_closed(tx, year.starts).await? {
        return Err(Reason::YearOrder { starts }.refusal("year"));
    }
    unlocked(tx, &year, year.ends).await?;
    let account = account::get(tx, result).await?;
    if account.kind != "equity" || account.book != GENERAL {
        return Err(Reason::NotEquity { account: account.code }.refusal("result"));
    }
    let posted = match closing(tx, &year, result, journal).await? {
        Some(draft) => {
            let order = Order { kind: Kind::Closing, ..Order::plain(draft) };
            Some(post::alone(post::write(tx, vec![order]).await?)?)
        }
        None => None,
    };
    set_months(tx, &year, State::Closed).await?;
    record(tx, &year, "closed", posted.as_ref().map(|posted| posted.seq)).await?;
    Ok(posted)
}

/// Opens a closed year again: its closing entry is taken back on the same day.
pub async fn reopen_year(tx: &mut Tx, day: Date, reason: &str) -> Result<Option<Posted>> {
    let year = around(tx, day).await?;
    if !year.closed {
        return Err(Reason::YearNotClosed { starts: year.starts }.refusal("year"));
    }
    if let Some(starts) = later_closed(tx, year.starts).await? {
        return Err(Reason::YearOrder { starts }.refusal("year"));
    }
    if reason.trim().is_empty() {
        return Err(Reason::ReasonMissing.refusal("reason"));
    }
    unlocked(tx, &year, year.starts).await?;
    let posted = match year.closing {
        Some(seq) => {
            let was = entry::own(tx, Id::new(seq)).await?;
            let how = (Kind::Reopening, Mode::Storno);
            let order = reversal::undoing(tx, &was, year.ends, reason, how).await?;
            Some(post::alone(post::write(tx, vec![order]).await?)?)
        }
        None => None,
    };
    set_months(tx, &year, State::Open).await?;
    record(tx, &year, "open", None).await?;
    Ok(posted)
}

/// The first day of the closed year around a day, when there is one.
pub(crate) async fn closed_around(tx: &mut Tx, book: &str, day: Date) -> Result<Option<Date>> {
    if book != GENERAL {
        return Ok(None);
    }
    let year = around(tx, day).await?;
    Ok(year.closed.then_some(year.starts))
}

/// The year around a day: as it was closed before, or by the company's calendar.
async fn around(tx: &mut Tx, day: Date) -> Result<Year> {
    let sql = Sql::text(
        "select starts, ends, state, closing from ledger_year \
         where company = $1 and starts <= $2 and ends >= $2 order by state, starts limit 1",
    );
    if let Some(row) = tx.row(sql.bind(tx.ctx().company()).bind(day)).await? {
        let (starts, ends) = (date(row.str(0)), date(row.str(1)));
        return Ok(Year { starts, ends, closed: row.str(2) == "closed", closing: row.opt_int(3) });
    }
    let starts = Calendar::load(tx, day).await?.year_start(day);
    let ends = months_of(starts).last().map_or(starts, |last| last.last_of_month());
    Ok(Year { starts, ends, closed: false, closing: None })
}

/// The last closed year after that one.
async fn later_closed(tx: &mut Tx, starts: Date) -> Result<Option<Date>> {
    let sql = Sql::text(
        "select max(starts) from ledger_year \
         where company = $1 and starts > $2 and state = 'closed'",
    );
    let row = tx.row(sql.bind(tx.ctx().company()).bind(starts)).await?;
    Ok(row.and_then(|row| row.opt_str(0).map(date)))
}

/// Nothing of the year from that day on is locked for good.
async fn unlocked(tx: &mut Tx, year: &Year, from: Date) -> Result<()> {
    let book = Calendar::load(tx, from).await?.book(GENERAL);
    if let Some(until) = book.hard.filter(|hard| *hard >= from) {
        return Err(Reason::HardLocked { until }.refusal("year"));
    }
    let locked = |(first, state): (&Date, &State)| (*state == State::Locked).then_some(*first);
    let mut months = book.months.range(from.first_of_month()..=year.ends);
    match months.find_map(locked) {
        Some(first) => {
            let (month, state) = (period::month(first), State::Locked.name());
            Err(Reason::PeriodIs { month, state }.refusal("year"))
        }
        None => Ok(()),
    }
}

/// The entry that takes income and expense to zero; `None` when they are.
async fn closing(
    tx: &mut Tx,
    year: &Year,
    result: Id<Account>,
    journal: &str,
) -> Result<Option<Draft>> {
    let filter = Filter {
        book: Some(GENERAL.to_owned()),
        kinds: vec!["income".to_owned(), "expense".to_owned()],
        as_of: Some(year.ends),
        ..Filter::default()
    };
    let balances =
        balance::balance(tx, &filter, &[Group::Account, Group::Unit, Group::Subsidiary]).await?;
    let lines: Vec<Line> = balances.iter().filter_map(zeroing).collect();
    if lines.is_empty() {
        return Ok(None);
    }
    let sum: i64 = balances.iter().map(Balance::functional).sum();
    let own = balance::currency(tx).await?;
    let text = format!("Result of the year from {}", year.starts);
    let mut draft = Draft::new(journal, year.ends, text);
    draft.exchange = lines.iter().any(|line| line.unit != own);
    draft.lines = lines;
    if sum != 0 {
        draft.lines.push(Line::signed(result, own, sum));
    }
    Ok(Some(draft))
}

fn zeroing(balance: &Balance) -> Option<Line> {
    let (amount, functional) = (balance.amount(), balance.functional());
    if (amount, functional) == (0, 0) {
        return None;
    }
    let line = Line::signed(balance.account?, balance.unit?, -amount).functional(-functional);
    Some(Line { subsidiary: balance.subsidiary, ..line })
}

/// Sets the months of a year, those that are locked apart.
async fn set_months(tx: &mut Tx, year: &Year, to: State) -> Result<()> {
    let book = Calendar::load(tx, year.starts).await?.book(GENERAL);
    let free = |first: &Date| book.months.get(first) != Some(&State::Locked);
    let months: Vec<Date> = months_of(year.starts).into_iter().filter(free).collect();
    if months.is_empty() {
        return Ok(());
    }
    period::set(tx, GENERAL, &months, to).await
}

async fn record(tx: &mut Tx, year: &Year, state: &'static str, closing: Option<i64>) -> Result<()> {
    let sql = Sql::text(
        "insert into ledger_year (company, starts, ends, state, closing) \
         values ($1, $2, $3, $4, $5) on conflict (company, starts) do update set \
         ends = excluded.ends, state = excluded.state, closing = excluded.closing",
    );
    let sql = sql.bind(tx.ctx().company()).bind(year.starts).bind(year.ends);
    tx.exec(sql.bind(state).bind(closing)).await.map(drop)
}
