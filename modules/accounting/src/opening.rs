//! Opening the books of a company that was at work before: the day they begin on, and an opening
//! entry by hand of what the stock book holds and the general book does not show.
//! Not here: posting the entry (`entry`), goods that moved while the books were off (inventory).

use std::collections::BTreeMap;

use fondaco_kernel::ledger::{self, Account, GENERAL, Group};
use fondaco_kernel::permissions::Allowed;
use fondaco_kernel::rollout::Opening;
use fondaco_kernel::shared::Product;
use fondaco_kernel::{Args, Error, Outcome, Record, Result, Tx, store};
use fondaco_values::{AnyId, Date, Id, Money};

use crate::accounts::{Accounts, Use, purpose};
use crate::credit;
use crate::document::own_currency;
use crate::entry::{JournalEntry, JournalLine};

/// Places of value in the stock book that have an account in the general book.
const PLACES: [&str; 3] = ["value_stock", "value_supplier", "value_production"];

/// What a company says of its books.
#[derive(Record, Clone, Debug)]
#[record("company")]
pub(crate) struct BooksOf {
    pub(crate) id: Id<BooksOf>,
    pub(crate) version: i64,
    pub(crate) fiscal_year_start: i64,
    pub(crate) books_from: Option<Date>,
}

/// Accounting is switched on: from now on it is known which day the books begin on, and nothing is
/// held for orders that ended meanwhile.
pub(crate) async fn begin(tx: &mut Tx, opening: &Opening) -> Result<()> {
    if opening.is_again() {
        credit::let_go(tx).await?;
    }
    books_from(tx).await.map(drop)
}

/// The first day that the books show; the first of the fiscal year, unless the company says one.
pub(crate) async fn books_from(tx: &mut Tx) -> Result<Date> {
    let company = tx.ctx().company();
    let mut company = store::get::<BooksOf>(tx, company.cast()).await?;
    if let Some(day) = company.books_from {
        return Ok(day);
    }
    let day = year_begins(tx.today(), company.fiscal_year_start);
    company.books_from = Some(day);
    store::update(tx, &mut company).await?;
    Ok(day)
}

/// The first day of the fiscal year that a day is in.
fn year_begins(today: Date, first_month: i64) -> Date {
    let month = i8::try_from(first_month.clamp(1, 12)).unwrap_or(1);
    let year = if today.month() < month { today.year() - 1 } else { today.year() };
    Date::new(year, month, 1).unwrap_or(today)
}

/// Fills a draft with the differences; equity takes the other side.
pub(crate) async fn take_stock(
    tx: &mut Tx,
    entry: Allowed<JournalEntry>,
    _args: Args,
) -> Result<Outcome> {
    let mut entry = entry.into_inner();
    let exponent = own_currency(tx).await?.decimals();
    let mut missing = value_of_goods(tx).await?;
    let accounts: Vec<Id<Account>> = missing.keys().copied().collect();
    let filter =
        ledger::Filter { book: Some(GENERAL.to_owned()), accounts, ..ledger::Filter::default() };
    for balance in ledger::balance(tx, &filter, &[Group::Account]).await? {
        let shown = balance.account.and_then(|account| missing.get_mut(&account));
        if let Some(missing) = shown {
            *missing -= balance.functional();
        }
    }
    let equity = Accounts::load(tx, &[]).await?.purpose(purpose::EQUITY)?;
    *missing.entry(equity).or_default() -= missing.values().sum::<i64>();
    missing.retain(|_, amount| *amount != 0);
    if missing.is_empty() {
        let message = "The books show the value of all goods already.";
        return Err(Error::problem("lines", "nothing", message));
    }
    entry.lines =
        missing.iter().map(|(account, amount)| line(*account, *amount, exponent)).collect();
    store::update(tx, &mut entry).await?;
    Ok(Outcome::says("Look the lines over, then post the entry."))
}

/// What goods are worth in the stock book, by the account of the general book for it.
async fn value_of_goods(tx: &mut Tx) -> Result<BTreeMap<Id<Account>, i64>> {
    let mut places: BTreeMap<Id<Account>, &str> = BTreeMap::new();
    for place in PLACES {
        let account = ledger::accounts::by_purpose(tx, place).await.map_err(|_| {
            let message = "Goods are not counted here: switch inventory on first.";
            Error::problem("lines", "no_stock", message)
        })?;
        places.insert(account, place);
    }
    let filter = ledger::Filter {
        accounts: places.keys().copied().collect(),
        unit: Some(own_currency(tx).await?.id.any()),
        ..ledger::Filter::default()
    };
    let groups = [Group::Account, Group::Subsidiary];
    let balances = ledger::balance(tx, &filter, &groups).await?;
    let products: Vec<Id<Product>> =
        balances.iter().filter_map(|balance| balance.subsidiary.map(AnyId::cast)).collect();
    let accounts = Accounts::load(tx, &products).await?;
    let mut values: BTreeMap<Id<Account>, i64> = BTreeMap::new();
    for balance in balances {
        let product = balance.subsidiary.map(AnyId::cast);
        let place = balance.account.and_then(|account| places.get(&account)).copied();
        let account = match place {
            Some("value_stock") => accounts.of(product, Use::Stock)?,
            Some("value_production") => accounts.of(product, Use::Wip)?,
            _ => accounts.purpose(purpose::GRNI)?,
        };
        *values.entry(account).or_default() += balance.amount();
    }
    Ok(values)
}

fn line(account: Id<Account>, amount: i64, exponent: u8) -> JournalLine {
    JournalLine {
        id: Id::default(),
        account: account.cast(),
        party: None,
        debit: Money::from_minor(amount.max(0), exponent),
        credit: Money::from_minor(-amount.min(0), exponent),
        foreign_currency: None,
        foreign_amount: None,
        due_on: None,
        tax_code: None,
        tax_part: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_year_that_a_day_is_in() {
        for (today, first_month, begins) in [
            ("2026-01-05", 1, "2026-01-01"),
            ("2026-12-31", 1, "2026-01-01"),
            ("2026-03-31", 4, "2025-04-01"),
            ("2026-04-01", 4, "2026-04-01"),
        ] {
            let day = year_begins(today.parse().unwrap(), first_month);
            assert_eq!(day.to_string(), begins, "{today}");
        }
    }
}
