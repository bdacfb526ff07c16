//! Which days a book still takes postings on: months (open, closed, locked), soft and hard locks,
//! exceptions to soft locks.
//! Not here: closing a year (`year`).
//! INVARIANT: nothing is posted on a day that is not open, whatever the path; what comes late goes
//! to the first open day and keeps the date it asked for. A hard lock and a locked month are final.

use std::collections::{BTreeMap, BTreeSet};

use fondaco_values::{Date, Id, Timestamp};

use super::entry::{Entry, date};
use super::reason::{Reason, Ruled};
use crate::Tx;
use crate::db::Sql;
use crate::error::Result;
use crate::shared::User;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Open,
    /// Takes nothing more, and may be opened again.
    Closed,
    /// Takes nothing more, for good.
    Locked,
}

impl State {
    pub fn name(self) -> &'static str {
        match self {
            State::Open => "open",
            State::Closed => "closed",
            State::Locked => "locked",
        }
    }

    fn of(name: &str) -> State {
        match name {
            "open" => State::Open,
            "closed" => State::Closed,
            _ => State::Locked,
        }
    }
}

/// Closes a month of a book: what comes later goes to the first open day after it.
pub async fn close(tx: &mut Tx, book: &str, day: Date) -> Result<()> {
    step(tx, book, day, State::Open, State::Closed).await
}

/// Opens a closed month again. A locked one, or one of a closed year, stays as it is.
pub async fn reopen(tx: &mut Tx, book: &str, day: Date) -> Result<()> {
    if let Some(starts) = super::year::closed_around(tx, book, day).await? {
        return Err(Reason::YearClosed { starts }.refusal("month"));
    }
    step(tx, book, day, State::Closed, State::Open).await
}

/// Locks a closed month for good.
pub async fn lock(tx: &mut Tx, book: &str, day: Date) -> Result<()> {
    step(tx, book, day, State::Closed, State::Locked).await
}

/// The state of the month around a day, months and hard lock taken together.
pub async fn state(tx: &mut Tx, book: &str, day: Date) -> Result<State> {
    let calendar = Calendar::load(tx, day).await?;
    let book = calendar.book(book);
    let last = day.last_of_month();
    Ok(match book.hard {
        Some(hard) if hard >= last => State::Locked,
        _ => book.months.get(&day.first_of_month()).copied().unwrap_or(State::Open),
    })
}

async fn step(tx: &mut Tx, book: &str, day: Date, from: State, to: State) -> Result<()> {
    known(tx, book).await?;
    let now = state(tx, book, day).await?;
    if now != from {
        return Err(Reason::PeriodIs { month: month(day), state: now.name() }.refusal("month"));
    }
    set(tx, book, &[day.first_of_month()], to).await
}

/// Sets months to a state, whatever they were.
pub(crate) async fn set(tx: &mut Tx, book: &str, months: &[Date], to: State) -> Result<()> {
    let (company, actor, now) = (tx.ctx().company(), tx.ctx().actor().name().to_owned(), tx.now());
    let mut sql = Sql::new().lit(
        "insert into ledger_period (company, book, month, state, changed_by, changed_at) values ",
    );
    for (n, first) in months.iter().enumerate() {
        sql = sql.lit(if n == 0 { "(" } else { ", (" }).arg(company).lit(", ").arg(book);
        sql = sql.lit(", ").arg(month(*first)).lit(", ").arg(to.name());
        sql = sql.lit(", ").arg(actor.as_str()).lit(", ").arg(now).lit(")");
    }
    let sql = sql.lit(
        " on conflict (company, book, month) do update set state = excluded.state, \
         changed_by = excluded.changed_by, changed_at = excluded.changed_at",
    );
    tx.exec(sql).await.map(drop)
}

/// Sets the soft lock of a book: up to that day only those with an exception post. `None` lifts it.
pub async fn lock_softly(tx: &mut Tx, book: &str, until: Option<Date>) -> Result<()> {
    known(tx, book).await?;
    upsert_book(tx, book, "soft", until.into()).await
}

/// Sets the hard lock of a book: up to that day nobody posts, ever again. It only moves forward.
pub async fn lock_hard(tx: &mut Tx, book: &str, until: Date) -> Result<()> {
    known(tx, book).await?;
    let hard = Calendar::load(tx, until).await?.book(book).hard;
    if let Some(since) = hard.filter(|since| *since > until) {
        return Err(Reason::HardLockBack { since }.refusal("until"));
    }
    upsert_book(tx, book, "hard", until.into()).await
}

async fn upsert_book(
    tx: &mut Tx,
    book: &str,
    column: &'static str,
    value: crate::db::Cell,
) -> Result<()> {
    let sql = Sql::text(
        "insert into ledger_book (company, book) values ($1, $2) \
         on conflict (company, book) do nothing",
    );
    tx.exec(sql.bind(tx.ctx().company()).bind(book)).await?;
    let sql = Sql::new().lit("update ledger_book set ").ident(column).lit(" = ").arg(value);
    let sql = sql.lit(" where company = ").arg(tx.ctx().company()).lit(" and book = ").arg(book);
    tx.exec(sql).await.map(drop)
}

/// A book is known by its accounts; a misspelt one must not get locks that nobody feels.
pub(crate) async fn known(tx: &mut Tx, book: &str) -> Result<()> {
    let sql = Sql::text("select 1 from account where company = $1 and book = $2 limit 1");
    match tx.row(sql.bind(tx.ctx().company()).bind(book)).await? {
        Some(_) => Ok(()),
        None => Err(Reason::UnknownBook { book: book.to_owned() }.refusal("book")),
    }
}

/// A dated permission for one user to post before the soft lock of a book.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    pub book: String,
    pub user: Id<User>,
    pub reason: String,
    pub expires_at: Timestamp,
}

/// Grants an exception. What is posted under it carries its id, see [`entries_under`].
pub async fn grant(tx: &mut Tx, exception: &Exception) -> Result<Id<Exception>> {
    known(tx, &exception.book).await?;
    if exception.reason.trim().is_empty() {
        return Err(Reason::ReasonMissing.refusal("reason"));
    }
    if exception.expires_at <= tx.now() {
        return Err(Reason::ExpiryMissing.refusal("expires_at"));
    }
    let id = tx.new_id::<Exception>();
    let row = vec![
        id.into(),
        tx.ctx().company().into(),
        exception.book.as_str().into(),
        exception.user.into(),
        exception.reason.as_str().into(),
        tx.ctx().actor().name().into(),
        tx.now().into(),
        exception.expires_at.into(),
    ];
    const COLUMNS: &[&str] =
        &["id", "company", "book", "user", "reason", "granted_by", "granted_at", "expires_at"];
    tx.insert_rows("ledger_exception", COLUMNS, &[row]).await?;
    Ok(id)
}

/// Ends an exception now.
pub async fn revoke(tx: &mut Tx, exception: Id<Exception>) -> Result<()> {
    let sql = Sql::text(
        "update ledger_exception set expires_at = $1 \
         where id = $2 and company = $3 and expires_at > $1",
    );
    let sql = sql.bind(tx.now()).bind(exception).bind(tx.ctx().company());
    match tx.exec(sql).await? {
        1 => Ok(()),
        _ => Err(crate::Error::not_found("exception", exception)),
    }
}

/// The entries that an exception let in.
pub async fn entries_under(tx: &mut Tx, exception: Id<Exception>) -> Result<Vec<Id<Entry>>> {
    let sql = Sql::text(
        "select seq from ledger_entry where exception = $1 and company = $2 order by seq",
    );
    let rows = tx.rows(sql.bind(exception).bind(tx.ctx().company())).await?;
    Ok(rows.iter().map(|row| row.id(0)).collect())
}

/// `2026-03`.
pub(crate) fn month(day: Date) -> String {
    let mut text = day.to_string();
    text.truncate(7);
    text
}

/// What is not open in a company's books, from some month on.
#[derive(Debug)]
pub(crate) struct Calendar {
    /// The month that years begin with.
    first_month: i8,
    books: BTreeMap<String, Book>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Book {
    pub(crate) soft: Option<Date>,
    pub(crate) hard: Option<Date>,
    /// First days of the months that are not open.
    pub(crate) months: BTreeMap<Date, State>,
    /// The caller's exception to the soft lock.
    exception: Option<i64>,
}

/// Where an entry goes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) date: Date,
    pub(crate) exception: Option<i64>,
}

impl Calendar {
    /// Reads it from the month around a day on: one statement, and one more under a soft lock.
    pub(crate) async fn load(tx: &mut Tx, from: Date) -> Result<Calendar> {
        let sql = Sql::text(
            "select null, null, null, fiscal_year_start, null, null from company where id = $1 \
             union all select book, null, null, null, soft, hard from ledger_book \
             where company = $1 \
             union all select book, month, state, null, null, null from ledger_period \
             where company = $1 and month >= $2 and state <> 'open'",
        );
        let mut calendar = Calendar { first_month: 1, books: BTreeMap::new() };
        let sql = sql.bind(tx.ctx().company()).bind(month(from));
        for row in tx.kept_rows(sql).await?.iter() {
            let Some(book) = row.opt_str(0) else {
                calendar.first_month = i8::try_from(row.int(3)).unwrap_or(1);
                continue;
            };
            let book = calendar.books.entry(book.to_owned()).or_default();
            match (row.opt_str(1), row.opt_str(2)) {
                (Some(month), Some(state)) => {
                    book.months.insert(date(&format!("{month}-01")), State::of(state));
                }
                _ => {
                    book.soft = row.opt_str(4).map(date);
                    book.hard = row.opt_str(5).map(date);
                }
            }
        }
        if calendar.books.values().any(|book| book.soft.is_some_and(|soft| soft >= from)) {
            calendar.load_exceptions(tx).await?;
        }
        Ok(calendar)
    }

    async fn load_exceptions(&mut self, tx: &mut Tx) -> Result<()> {
        let Some(user) = tx.ctx().actor().user() else { return Ok(()) };
        let sql = Sql::text(
            "select book, min(id) from ledger_exception \
             where company = $1 and \"user\" = $2 and expires_at > $3 group by book",
        );
        for row in tx.rows(sql.bind(tx.ctx().company()).bind(user).bind(tx.now())).await? {
            self.books.entry(row.str(0).to_owned()).or_default().exception = Some(row.int(1));
        }
        Ok(())
    }

    pub(crate) fn book(&self, name: &str) -> Book {
        self.books.get(name).cloned().unwrap_or_default()
    }

    /// The first day from the wanted one on that is open in all of the books.
    pub(crate) fn place(&self, books: &[String], wanted: Date) -> Ruled<Place> {
        let books: Vec<&Book> = books.iter().filter_map(|name| self.books.get(name)).collect();
        let mut date = wanted;
        loop {
            let next = books.iter().filter_map(|book| book.blocked_until(date)).max();
            match next {
                None => break,
                Some(last) => date = last.tomorrow().map_err(|_| Reason::NoOpenDay)?,
            }
        }
        let used = |book: &&Book| book.exception.filter(|_| book.soft.is_some_and(|s| s >= date));
        Ok(Place { date, exception: books.iter().find_map(used) })
    }

    /// The first day of the company's year around a day.
    pub(crate) fn year_start(&self, day: Date) -> Date {
        let first = self.first_month;
        let year = if day.month() >= first { day.year() } else { day.year() - 1 };
        Date::new(year, first, 1).unwrap_or(day)
    }
}

impl Book {
    /// The last day of what keeps this day from being posted on; `None` when it is open.
    fn blocked_until(&self, day: Date) -> Option<Date> {
        let month = self.months.get(&day.first_of_month()).map(|_| day.last_of_month());
        let hard = self.hard.filter(|hard| *hard >= day);
        let soft = self.soft.filter(|soft| *soft >= day && self.exception.is_none());
        [month, hard, soft].into_iter().flatten().max()
    }
}

/// The months of a year by their first days.
pub(crate) fn months_of(starts: Date) -> Vec<Date> {
    let next = |first: &Date| first.last_of_month().tomorrow().ok();
    std::iter::successors(Some(starts), next)
        .take(12)
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    fn book(soft: &str, hard: &str, months: &[(&str, State)]) -> Book {
        let day_or_none = |text: &str| (!text.is_empty()).then(|| day(text));
        Book {
            soft: day_or_none(soft),
            hard: day_or_none(hard),
            months: months.iter().map(|(m, s)| (day(&format!("{m}-01")), *s)).collect(),
            ..Book::default()
        }
    }

    fn place(books: &[(&str, Book)], wanted: &str) -> String {
        let calendar = Calendar {
            first_month: 1,
            books: books.iter().map(|(name, book)| ((*name).to_owned(), book.clone())).collect(),
        };
        let names: Vec<String> = books.iter().map(|(name, _)| (*name).to_owned()).collect();
        let place = calendar.place(&names, day(wanted)).unwrap();
        match place.exception {
            Some(id) => format!("{} by exception {id}", place.date),
            None => place.date.to_string(),
        }
    }

    #[test]
    fn what_is_late_goes_to_the_first_open_day() {
        use State::*;
        let closed =
            || book("", "", &[("2026-01", Closed), ("2026-02", Locked), ("2026-04", Closed)]);
        assert_eq!(place(&[("general", book("", "", &[]))], "2026-01-15"), "2026-01-15");
        assert_eq!(place(&[("general", closed())], "2026-01-15"), "2026-03-01");
        assert_eq!(place(&[("general", closed())], "2026-03-31"), "2026-03-31");
        assert_eq!(place(&[("general", closed())], "2025-12-31"), "2025-12-31");
        // Locks may end within a month.
        let locked = || book("2026-03-10", "2026-02-10", &[("2026-05", Closed)]);
        assert_eq!(place(&[("general", locked())], "2026-02-01"), "2026-03-11");
        // Open in one book is not enough.
        assert_eq!(
            place(&[("general", closed()), ("stock", locked())], "2026-01-15"),
            "2026-03-11"
        );
        assert_eq!(
            place(&[("stock", locked()), ("general", closed())], "2026-04-15"),
            "2026-06-01"
        );
    }

    #[test]
    fn an_exception_opens_a_soft_lock_only() {
        let mut book = book("2026-03-10", "2026-02-10", &[("2026-01", State::Closed)]);
        book.exception = Some(5);
        let at = |wanted| place(&[("general", book.clone())], wanted);
        assert_eq!(at("2026-03-01"), "2026-03-01 by exception 5");
        assert_eq!(at("2026-01-15"), "2026-02-11 by exception 5");
        assert_eq!(at("2026-03-11"), "2026-03-11");
    }

    #[test]
    fn years_begin_where_the_company_says() {
        let calendar = Calendar { first_month: 4, books: BTreeMap::new() };
        assert_eq!(calendar.year_start(day("2026-03-31")), day("2025-04-01"));
        assert_eq!(calendar.year_start(day("2026-04-01")), day("2026-04-01"));
        let months = months_of(day("2025-04-01"));
        assert_eq!((months.len(), months[11]), (12, day("2026-03-01")));
    }
}
