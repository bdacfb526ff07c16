//! Accounts as the ledger reads them: their rules, how they are found by code or purpose, and the
//! `Chart`: the accounts that one posting needs, read at once.
//! Not here: keeping accounts (model `account`, like any record) and their balances (`balance`).

use std::collections::{BTreeSet, HashMap};

use fondaco_values::{AnyId, Id};

use super::reason::Reason;
use super::{GENERAL, among};
use crate::db::{Row, Sql};
use crate::error::Result;
use crate::shared::Company;
use crate::{Error, Tx};

/// An account of a company in one book: a line of the chart, a stock location, a leave pool.
#[derive(Clone, Debug)]
pub struct Account {
    pub id: Id<Account>,
    pub book: String,
    pub code: String,
    pub name: String,
    pub kind: String,
    /// The one currency it takes; `None` = any unit of its book.
    pub currency: Option<AnyId>,
    /// In whole units with six decimals; no posting takes the balance below.
    pub(crate) floor: Option<i64>,
    pub(crate) ceiling: Option<i64>,
    pub needs_subsidiary: bool,
    /// Whether each line stays open until it is matched.
    pub open: bool,
    pub postable: bool,
    pub closed: bool,
    /// Whether its balances are kept in `ledger_limited`: `None` = no, or for each subsidiary alone.
    pub(crate) watched: Option<bool>,
}

/// Decimals of a floor and a ceiling, and of every unit that is not a currency.
pub(crate) const LIMIT_SCALE: u8 = 6;

const SELECT: &str = "select a.id, a.book, a.code, a.name, a.kind, a.currency, a.floor, a.ceiling, \
     a.needs_subsidiary, a.open, a.postable, a.closed, w.alone, c.currency \
     from account a join company c on c.id = a.company \
     left join ledger_watched w on w.account = a.id where a.id";

impl Account {
    pub fn is_general(&self) -> bool {
        self.book == GENERAL
    }

    pub(crate) fn is_limited(&self) -> bool {
        self.floor.is_some() || self.ceiling.is_some()
    }

    /// Whether the balances kept of it fit the rules it has now.
    pub(crate) fn is_kept(&self) -> bool {
        self.is_limited() && self.watched == Some(self.needs_subsidiary)
    }

    fn from_row(row: &Row) -> Account {
        Account {
            id: row.id(0),
            book: row.str(1).to_owned(),
            code: row.str(2).to_owned(),
            name: row.str(3).to_owned(),
            kind: row.str(4).to_owned(),
            currency: row.opt_id(5),
            floor: row.opt_int(6),
            ceiling: row.opt_int(7),
            needs_subsidiary: row.flag(8),
            open: row.flag(9),
            postable: row.flag(10),
            closed: row.flag(11),
            watched: row.opt_int(12).map(|alone| alone != 0),
        }
    }
}

/// What one posting must know of the books: its accounts, the company's currency, the currencies
/// among its units.
pub(crate) struct Chart {
    /// `None` when the company has not set one, or when no account was found.
    pub(crate) currency: Option<AnyId>,
    accounts: HashMap<Id<Account>, Account>,
    /// Currencies and their exponents, as far as they were asked for.
    currencies: HashMap<AnyId, u8>,
}

impl Chart {
    /// The caller's accounts among those touched, with what is touched on each.
    pub(crate) async fn load(tx: &mut Tx, touched: &[(Id<Account>, AnyId)]) -> Result<Chart> {
        let company = tx.ctx().company();
        Chart::read(tx, touched, Some(company)).await
    }

    /// The same in whatever company: for work that no caller asks for.
    pub(crate) async fn load_any(tx: &mut Tx, touched: &[(Id<Account>, AnyId)]) -> Result<Chart> {
        Chart::read(tx, touched, None).await
    }

    async fn read(
        tx: &mut Tx,
        touched: &[(Id<Account>, AnyId)],
        company: Option<Id<Company>>,
    ) -> Result<Chart> {
        let ids: BTreeSet<i64> = touched.iter().map(|(account, _)| account.raw()).collect();
        let mut sql = among(Sql::new().lit(SELECT), tx.dialect(), &ids);
        if let Some(company) = company {
            sql = sql.lit(" and a.company = ").arg(company);
        }
        let rows = tx.kept_rows(sql).await?;
        let currency = rows.first().and_then(|row| row.opt_id(13));
        let accounts = rows.iter().map(Account::from_row).map(|a| (a.id, a)).collect();
        let mut chart = Chart { currency, accounts, currencies: HashMap::new() };
        let asked: BTreeSet<i64> =
            touched.iter().filter(|t| chart.asks_for_currency(t)).map(|(_, u)| u.raw()).collect();
        chart.currencies = currencies(tx, &asked).await?;
        Ok(chart)
    }

    pub(crate) fn account(&self, id: Id<Account>) -> Option<&Account> {
        self.accounts.get(&id)
    }

    pub(crate) fn accounts(&self) -> impl Iterator<Item = &Account> {
        self.accounts.values()
    }

    pub(crate) fn is_currency(&self, unit: AnyId) -> bool {
        self.currencies.contains_key(&unit)
    }

    /// Decimals of a unit: the currency's, or the six of goods and time.
    pub(crate) fn scale(&self, unit: AnyId) -> u8 {
        self.currencies.get(&unit).copied().unwrap_or(LIMIT_SCALE)
    }

    /// Foreign money must be a currency; a limit must know the scale of what it limits.
    fn asks_for_currency(&self, (account, unit): &(Id<Account>, AnyId)) -> bool {
        self.account(*account).is_some_and(|account| {
            account.is_limited() || (account.is_general() && self.currency != Some(*unit))
        })
    }
}

/// Those of the units that are currencies, with their exponents.
pub(crate) async fn currencies(tx: &mut Tx, units: &BTreeSet<i64>) -> Result<HashMap<AnyId, u8>> {
    if units.is_empty() {
        return Ok(HashMap::new());
    }
    let sql = Sql::new().lit("select id, exponent from currency where id");
    let rows = tx.kept_rows(among(sql, tx.dialect(), units)).await?;
    Ok(rows.iter().map(|r| (r.id(0), u8::try_from(r.int(1)).unwrap_or(2))).collect())
}

/// The account of the caller's company with that purpose, such as `receivable`.
pub async fn by_purpose(tx: &mut Tx, purpose: &str) -> Result<Id<Account>> {
    let sql = Sql::text("select id from account where company = $1 and purpose = $2 order by id");
    let rows = tx.kept_rows(sql.bind(tx.ctx().company()).bind(purpose)).await?;
    let missing = || Reason::NoAccountFor { purpose: purpose.to_owned() }.refusal("purpose");
    rows.first().map(|row| row.id(0)).ok_or_else(missing)
}

/// The account of the caller's company with that code.
pub async fn by_code(tx: &mut Tx, code: &str) -> Result<Id<Account>> {
    let sql = Sql::text("select id from account where company = $1 and code = $2 order by id");
    let rows = tx.kept_rows(sql.bind(tx.ctx().company()).bind(code)).await?;
    let missing = || Reason::NoAccountCalled { code: code.to_owned() }.refusal("code");
    rows.first().map(|row| row.id(0)).ok_or_else(missing)
}

/// The account of the caller's company with that id.
pub async fn get(tx: &mut Tx, id: Id<Account>) -> Result<Account> {
    let chart = Chart::load(tx, &[(id, AnyId::new(0))]).await?;
    let account = chart.accounts.into_values().next();
    account.ok_or_else(|| Error::not_found("account", id))
}

#[cfg(test)]
impl Account {
    pub(crate) fn sample(id: i64, book: &str) -> Account {
        Account {
            id: Id::new(id),
            book: book.to_owned(),
            code: id.to_string(),
            name: String::new(),
            kind: "asset".to_owned(),
            currency: None,
            floor: None,
            ceiling: None,
            needs_subsidiary: false,
            open: false,
            postable: true,
            closed: false,
            watched: None,
        }
    }
}

#[cfg(test)]
impl Chart {
    pub(crate) fn sample(
        currency: AnyId,
        foreign: &[AnyId],
        accounts: impl Iterator<Item = Account>,
    ) -> Chart {
        Chart {
            currency: Some(currency),
            accounts: accounts.map(|a| (a.id, a)).collect(),
            currencies: foreign.iter().chain([&currency]).map(|id| (*id, 2)).collect(),
        }
    }
}
