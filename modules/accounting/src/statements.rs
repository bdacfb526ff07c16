//! The statements of the books as reports: trial balance, balance sheet, profit and loss, the page
//! of an account. Figures are in the company's currency.
//! Not here: the sums themselves (kernel `ledger`), what parties owe (`aging`), tax (`tax_report`).

use std::collections::HashMap;

use fondaco_kernel::ledger::{self, Account, Cursor, GENERAL, Group, LedgerRow, PageAsk};
use fondaco_kernel::reports::year_start;
use fondaco_kernel::shared::{Company, Currency, Party};
use fondaco_kernel::store;
use fondaco_kernel::{Args, Result, Table, Tx};
use fondaco_values::limits::{PAGE_SIZE_MAX, REPORT_ROWS_MAX};
use fondaco_values::{AnyId, Date, Id, Money, Value};

use crate::accounts::AccountName;
use crate::document::own_currency;

/// Rows of the report `accounting.trial_balance`.
pub(crate) async fn trial_balance(tx: &mut Tx, args: Args) -> Result<Table> {
    let found = ledger::trial_balance(tx, args.date("as_of"), args.int("known_at")).await?;
    let exponent = own_currency(tx).await?.decimals();
    let money = |minor: i64| Value::from(Money::from_minor(minor, exponent));
    let row = |row: &ledger::TrialRow| {
        vec![
            Value::Link(row.account.any()),
            row.code.as_str().into(),
            row.name.as_str().into(),
            row.kind.as_str().into(),
            money(row.turnover_debit),
            money(row.turnover_credit),
            money(row.balance.max(0)),
            money(-row.balance.min(0)),
        ]
    };
    let turnover = |of: fn(&ledger::TrialRow) -> i64| money(found.rows.iter().map(of).sum());
    let totals = vec![
        Value::Null,
        Value::Null,
        "Total".into(),
        Value::Null,
        turnover(|row| row.turnover_debit),
        turnover(|row| row.turnover_credit),
        money(found.debit),
        money(found.credit),
    ];
    Ok(Table { rows: found.rows.iter().map(row).collect(), totals })
}

/// An account with its sum, debit above zero.
#[derive(Clone, Debug)]
struct Sum {
    account: Id<Account>,
    kind: String,
    code: String,
    name: String,
    amount: i64,
}

async fn sums(tx: &mut Tx, filter: &ledger::Filter) -> Result<Vec<Sum>> {
    let balances = ledger::balance(tx, filter, &[Group::Account]).await?;
    let ids: Vec<Id<AccountName>> =
        balances.iter().filter_map(|sum| sum.account).map(Id::cast).collect();
    let names = store::get_many::<AccountName>(tx, &ids).await?;
    let names: HashMap<AnyId, AccountName> = names.into_iter().map(|a| (a.id.any(), a)).collect();
    let sum = |balance: &ledger::Balance| {
        let account = balance.account?;
        let named = names.get(&account.any())?;
        Some(Sum {
            account,
            kind: named.kind.clone(),
            code: named.code.clone(),
            name: named.name.clone(),
            amount: balance.functional(),
        })
    };
    let mut sums: Vec<Sum> =
        balances.iter().filter_map(sum).filter(|sum| sum.amount != 0).collect();
    sums.sort_by(|a, b| (&a.code, a.account).cmp(&(&b.code, b.account)));
    Ok(sums)
}

/// A section of a statement: accounts of some kinds, and which side counts as above zero.
struct Section {
    label: &'static str,
    kind: &'static str,
    credit: bool,
}

/// A row of a statement before it is made into values.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Row {
    section: String,
    account: Option<Id<Account>>,
    code: String,
    name: String,
    amount: i64,
}

/// The rows of one section and its total.
fn section(sums: &[Sum], section: &Section) -> (Vec<Row>, i64) {
    let own = sums.iter().filter(|sum| sum.kind == section.kind);
    let row = |sum: &Sum| Row {
        section: section.label.to_owned(),
        account: Some(sum.account),
        code: sum.code.clone(),
        name: sum.name.clone(),
        amount: if section.credit { -sum.amount } else { sum.amount },
    };
    let rows: Vec<Row> = own.map(row).collect();
    let total = rows.iter().map(|row| row.amount).sum();
    (rows, total)
}

fn total_row(label: &str, name: &str, amount: i64) -> Row {
    Row {
        section: label.to_owned(),
        account: None,
        code: String::new(),
        name: name.to_owned(),
        amount,
    }
}

fn table(rows: Vec<Row>, total: Row, exponent: u8) -> Table {
    let values = |row: Row| {
        vec![
            row.section.into(),
            row.account.map_or(Value::Null, |account| Value::Link(account.any())),
            row.code.into(),
            row.name.into(),
            Value::from(Money::from_minor(row.amount, exponent)),
        ]
    };
    Table { rows: rows.into_iter().map(values).collect(), totals: values(total) }
}

/// Rows of the report `accounting.balance_sheet`.
pub(crate) async fn balance_sheet(tx: &mut Tx, args: Args) -> Result<Table> {
    let filter = ledger::Filter {
        book: Some(GENERAL.to_owned()),
        as_of: Some(args.date("as_of").unwrap_or_else(|| tx.today())),
        known_at: args.int("known_at"),
        ..ledger::Filter::default()
    };
    let sums = sums(tx, &filter).await?;
    let exponent = own_currency(tx).await?.decimals();
    let (rows, difference) = sheet(&sums);
    Ok(table(rows, total_row("", "Assets less liabilities and equity", difference), exponent))
}

/// Assets, liabilities and equity with the result that no closing has moved yet; and what they
/// differ by, which is nothing.
fn sheet(sums: &[Sum]) -> (Vec<Row>, i64) {
    let part = |label, kind, credit| section(sums, &Section { label, kind, credit });
    let (mut rows, assets) = part("Assets", "asset", false);
    rows.push(total_row("Assets", "Total assets", assets));
    let (liabilities, owed) = part("Liabilities", "liability", true);
    rows.extend(liabilities);
    rows.push(total_row("Liabilities", "Total liabilities", owed));
    let (equity, own) = part("Equity", "equity", true);
    rows.extend(equity);
    let result: i64 = sums
        .iter()
        .filter(|sum| sum.kind == "income" || sum.kind == "expense")
        .map(|sum| -sum.amount)
        .sum();
    if result != 0 {
        rows.push(total_row("Equity", "Result not yet closed", result));
    }
    rows.push(total_row("Equity", "Total equity", own + result));
    rows.push(total_row("", "Total liabilities and equity", owed + own + result));
    (rows, assets - owed - own - result)
}

/// Rows of the report `accounting.profit_and_loss`.
pub(crate) async fn profit_and_loss(tx: &mut Tx, args: Args) -> Result<Table> {
    let to = args.date("to").unwrap_or_else(|| tx.today());
    let company = tx.ctx().company();
    let first_month = store::get::<Company>(tx, company).await?.fiscal_year_start;
    let filter = ledger::Filter {
        book: Some(GENERAL.to_owned()),
        kinds: vec!["income".to_owned(), "expense".to_owned()],
        from: Some(args.date("from").unwrap_or_else(|| year_start(to, first_month))),
        as_of: Some(to),
        known_at: args.int("known_at"),
        without_closings: true,
        ..ledger::Filter::default()
    };
    let sums = sums(tx, &filter).await?;
    let exponent = own_currency(tx).await?.decimals();
    let (rows, result) = earned(&sums);
    Ok(table(rows, total_row("", "Result", result), exponent))
}

fn earned(sums: &[Sum]) -> (Vec<Row>, i64) {
    let part = |label, kind, credit| section(sums, &Section { label, kind, credit });
    let (mut rows, income) = part("Income", "income", true);
    rows.push(total_row("Income", "Total income", income));
    let (expenses, spent) = part("Expenses", "expense", false);
    rows.extend(expenses);
    rows.push(total_row("Expenses", "Total expenses", spent));
    (rows, income - spent)
}

/// Rows of the report `accounting.general_ledger`.
pub(crate) async fn general_ledger(tx: &mut Tx, args: Args) -> Result<Table> {
    let Some(account) = args.link::<Account>("account") else {
        return Err(fondaco_kernel::module::missing("account", "Say which account."));
    };
    let own = own_currency(tx).await?;
    let mut ask = PageAsk {
        from: args.date("from"),
        to: args.date("to"),
        subsidiary: args.link::<Party>("party").map(Id::any),
        known_at: args.int("known_at"),
        limit: PAGE_SIZE_MAX,
        ..PageAsk::of(account)
    };
    let mut lines: Vec<LedgerRow> = Vec::new();
    let mut opening = None;
    loop {
        let page = ledger::general_ledger(tx, &ask).await?;
        opening.get_or_insert(page.opening_functional);
        lines.extend(page.rows);
        let next: Option<Cursor> = page.next.filter(|_| lines.len() < REPORT_ROWS_MAX);
        if next.is_none() {
            break;
        }
        ask.after = next;
    }
    let currencies = currencies(tx, &lines).await?;
    let money = |minor: i64| Value::from(Money::from_minor(minor, own.decimals()));
    let opening = opening.unwrap_or(0);
    let mut rows = Vec::with_capacity(lines.len() + 1);
    rows.push(opening_row(ask.from, money(opening)));
    rows.extend(lines.iter().map(|line| ledger_row(line, &currencies, &money)));
    let debit: i64 = lines.iter().map(|line| line.functional.max(0)).sum();
    let credit: i64 = lines.iter().map(|line| -line.functional.min(0)).sum();
    let mut totals = vec![Value::Null; 12];
    (totals[3], totals[9], totals[10]) = ("Total".into(), money(debit), money(credit));
    totals[11] = money(opening + debit - credit);
    Ok(Table { rows, totals })
}

async fn currencies(tx: &mut Tx, lines: &[LedgerRow]) -> Result<HashMap<AnyId, Currency>> {
    let mut units: Vec<Id<Currency>> = lines.iter().map(|line| line.unit.cast()).collect();
    units.sort_unstable();
    units.dedup();
    let found = store::get_many::<Currency>(tx, &units).await?;
    Ok(found.into_iter().map(|currency| (currency.id.any(), currency)).collect())
}

fn opening_row(from: Option<Date>, opening: Value) -> Vec<Value> {
    let mut row = vec![Value::Null; 12];
    row[0] = from.into();
    row[3] = "Opening balance".into();
    row[11] = opening;
    row
}

fn ledger_row(
    line: &LedgerRow,
    currencies: &HashMap<AnyId, Currency>,
    money: &dyn Fn(i64) -> Value,
) -> Vec<Value> {
    let exponent = currencies.get(&line.unit).map_or(2, Currency::decimals);
    let (model, id) = match &line.source {
        Some(source) => (source.model.as_str().into(), Value::Int(source.id.raw())),
        None => (Value::Null, Value::Null),
    };
    vec![
        line.date.into(),
        Value::Int(line.line.entry().raw()),
        line.number.clone().into(),
        line.text.as_str().into(),
        line.subsidiary.map_or(Value::Null, Value::Link),
        model,
        id,
        Value::from(Money::from_minor(line.amount, exponent)),
        Value::Link(line.unit),
        money(line.functional.max(0)),
        money(-line.functional.min(0)),
        money(line.balance_functional),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(kind: &str, code: &str, amount: i64) -> Sum {
        let account = Id::new(code.parse().unwrap());
        Sum { account, kind: kind.into(), code: code.into(), name: code.into(), amount }
    }

    /// The story of the bicycle maker, in cents.
    fn story() -> Vec<Sum> {
        vec![
            sum("asset", "1000", 3_223_400),
            sum("asset", "1200", 315_600),
            sum("asset", "1300", 292_143),
            sum("asset", "1400", 34_400),
            sum("liability", "2000", -206_400),
            sum("liability", "2100", -256_500),
            sum("equity", "3000", -2_678_000),
            sum("income", "4000", -1_282_500),
            sum("income", "4200", -50_000),
            sum("expense", "5000", 607_857),
        ]
    }

    #[test]
    fn a_balance_sheet_is_even() {
        let (rows, difference) = sheet(&story());
        assert_eq!(difference, 0);
        let amount = |name: &str| rows.iter().find(|row| row.name == name).map(|row| row.amount);
        assert_eq!(amount("Total assets"), Some(3_865_543));
        assert_eq!(amount("Total liabilities"), Some(462_900));
        assert_eq!(amount("Result not yet closed"), Some(724_643));
        assert_eq!(amount("Total equity"), Some(3_402_643));
        assert_eq!(amount("Total liabilities and equity"), Some(3_865_543));
        assert_eq!(amount("3000"), Some(2_678_000));
    }

    #[test]
    fn profit_is_income_less_expenses() {
        let (rows, result) = earned(&story());
        assert_eq!(result, 724_643);
        let names: Vec<&str> = rows.iter().map(|row| row.name.as_str()).collect();
        assert_eq!(names, ["4000", "4200", "Total income", "5000", "Total expenses"]);
    }
}
