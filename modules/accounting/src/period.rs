//! Fiscal years and their months: opening, closing, reopening and locking, as records that people
//! act on. The truth is the ledger's calendar; these records show it.
//! Not here: what a closed month means for an entry (kernel `ledger::period`).

use fondaco_kernel::ledger::{self, GENERAL, period};
use fondaco_kernel::permissions::Allowed;
use fondaco_kernel::shared::Company;
use fondaco_kernel::store::{self, Filter};
use fondaco_kernel::{Args, Error, Outcome, Record, Result, Tx};
use fondaco_values::{AnyId, Date, Id, Money, Problem};

use crate::accounts::{Accounts, purpose};
use crate::bill::Bill;
use crate::document::own_currency;
use crate::entry::JournalEntry;
use crate::invoice::Invoice;
use crate::payment::Payment;

#[derive(Record, Clone, Debug)]
#[record("accounting.fiscal_year")]
pub(crate) struct FiscalYear {
    pub(crate) id: Id<FiscalYear>,
    pub(crate) version: i64,
    pub(crate) state: String,
    pub(crate) name: String,
    pub(crate) starts_on: Date,
    pub(crate) ends_on: Option<Date>,
    pub(crate) result: Option<Money>,
    pub(crate) closing_entry: Option<i64>,
}

#[derive(Record, Clone, Debug)]
#[record("accounting.period")]
pub(crate) struct Period {
    pub(crate) id: Id<Period>,
    pub(crate) version: i64,
    pub(crate) state: String,
    pub(crate) name: String,
    pub(crate) year: Id<FiscalYear>,
    pub(crate) starts_on: Date,
    pub(crate) ends_on: Date,
}

/// Makes the periods of a year.
pub(crate) async fn open_year(
    tx: &mut Tx,
    year: Allowed<FiscalYear>,
    _args: Args,
) -> Result<Outcome> {
    let mut year = year.into_inner();
    let company = tx.ctx().company();
    let first_month = store::get::<Company>(tx, company).await?.fiscal_year_start;
    if let Some(problem) = wrong_start(year.starts_on, first_month) {
        return Err(Error::Invalid(vec![problem]));
    }
    let mut periods = Vec::with_capacity(12);
    for starts_on in months(year.starts_on) {
        periods.push(Period {
            id: Id::default(),
            version: 0,
            state: period::state(tx, GENERAL, starts_on).await?.name().to_owned(),
            name: starts_on.to_string().chars().take(7).collect(),
            year: year.id,
            starts_on,
            ends_on: starts_on.last_of_month(),
        });
    }
    year.ends_on = periods.last().map(|last| last.ends_on);
    store::insert_many(tx, &mut periods).await?;
    store::update(tx, &mut year).await?;
    Ok(Outcome::says(format!("{} periods are open.", periods.len())))
}

fn wrong_start(starts_on: Date, first_month: i64) -> Option<Problem> {
    let right = starts_on.day() == 1 && i64::from(starts_on.month()) == first_month;
    (!right).then(|| {
        let message = format!(
            "The company's fiscal year starts on the first day of month {first_month}: correct the date, or the company."
        );
        Problem::new("starts_on", "wrong_start", message)
    })
}

/// The first days of the twelve months from one on.
fn months(first: Date) -> Vec<Date> {
    let next = |day: &Date| day.last_of_month().tomorrow().ok();
    std::iter::successors(Some(first), next).take(12).collect()
}

/// Moves the result of the year to equity and closes its months.
pub(crate) async fn close_year(
    tx: &mut Tx,
    year: Allowed<FiscalYear>,
    args: Args,
) -> Result<Outcome> {
    let mut year = year.into_inner();
    let last_day = year.ends_on.unwrap_or(year.starts_on);
    no_drafts(tx, year.starts_on, last_day).await?;
    let account = match args.link::<AnyId>("equity_account") {
        Some(account) => account.cast(),
        None => {
            let accounts = Accounts::load(tx, &[]).await?;
            accounts
                .purpose(purpose::RETAINED_EARNINGS)
                .or_else(|_| accounts.purpose(purpose::EQUITY))?
        }
    };
    let posted = ledger::close_year(tx, year.starts_on, account, "misc").await?;
    year.result = Some(Money::ZERO);
    if let Some(posted) = posted {
        let exponent = own_currency(tx).await?.decimals();
        let entry = ledger::entry(tx, posted.id).await?;
        let moved = entry.lines.iter().filter(|line| line.account == account);
        // A profit comes to equity on the credit side.
        let profit: i64 = moved.map(|line| -line.functional.unwrap_or(line.amount)).sum();
        year.result = Some(Money::from_minor(profit, exponent));
        year.closing_entry = Some(posted.seq);
    }
    store::update(tx, &mut year).await?;
    follow(tx, year.id, "open", "follow_close").await?;
    let result = year.result.unwrap_or(Money::ZERO);
    Ok(Outcome::says(format!("The year is closed with a result of {result}.")))
}

/// Takes the closing of a year back; its months are open again.
pub(crate) async fn reopen_year(
    tx: &mut Tx,
    year: Allowed<FiscalYear>,
    args: Args,
) -> Result<Outcome> {
    let mut year = year.into_inner();
    let reason = args.text("reason").unwrap_or_default();
    ledger::reopen_year(tx, year.starts_on, reason).await?;
    (year.result, year.closing_entry) = (None, None);
    store::update(tx, &mut year).await?;
    follow(tx, year.id, "closed", "follow_reopen").await?;
    Ok(Outcome::says("The year is open again, with all its periods."))
}

/// The records of the months follow what the ledger did with them.
async fn follow(tx: &mut Tx, year: Id<FiscalYear>, state: &str, action: &str) -> Result<()> {
    let filter = Filter::new().eq("year", year).eq("state", state);
    for period in store::find::<Period>(tx, filter).await? {
        store::perform(tx, period.id, action, Args::default()).await?;
    }
    Ok(())
}

/// Takes nothing more in this month.
pub(crate) async fn close(tx: &mut Tx, period: Allowed<Period>, _args: Args) -> Result<Outcome> {
    no_drafts(tx, period.starts_on, period.ends_on).await?;
    period::close(tx, GENERAL, period.starts_on).await?;
    Ok(Outcome::says(format!("{} is closed.", period.name)))
}

pub(crate) async fn reopen(tx: &mut Tx, period: Allowed<Period>, args: Args) -> Result<Outcome> {
    if args.text("reason").is_none_or(|reason| reason.trim().is_empty()) {
        let message = "Say why: the reason stays in the history.";
        return Err(fondaco_kernel::module::missing("reason", message));
    }
    period::reopen(tx, GENERAL, period.starts_on).await?;
    Ok(Outcome::says(format!("{} is open again.", period.name)))
}

pub(crate) async fn lock(tx: &mut Tx, period: Allowed<Period>, _args: Args) -> Result<Outcome> {
    period::lock(tx, GENERAL, period.starts_on).await?;
    Ok(Outcome::says(format!("{} is locked for good.", period.name)))
}

/// Refuses while documents of these days wait to be posted: they would land in another month.
async fn no_drafts(tx: &mut Tx, from: Date, to: Date) -> Result<()> {
    let drafts = |date: &str| Filter::new().eq("state", "draft").ge(date, from).le(date, to);
    let waiting = [
        ("invoices", store::count::<Invoice>(tx, drafts("dated_on")).await?),
        ("bills", store::count::<Bill>(tx, drafts("dated_on")).await?),
        ("payments", store::count::<Payment>(tx, drafts("paid_on")).await?),
        ("journal entries", store::count::<JournalEntry>(tx, drafts("dated_on")).await?),
    ];
    let waiting: Vec<String> = waiting
        .iter()
        .filter(|(_, count)| *count > 0)
        .map(|(what, count)| format!("{count} {what}"))
        .collect();
    if waiting.is_empty() {
        return Ok(());
    }
    let waiting = waiting.join(", ");
    let message = format!(
        "Drafts are dated between {from} and {to}: {waiting}. Post them, move them or delete them first."
    );
    Err(Error::problem("state", "drafts", message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_year_starts_where_the_company_says() {
        let start = |day: &str, month| wrong_start(day.parse().unwrap(), month).is_some();
        assert!(!start("2026-01-01", 1));
        assert!(!start("2026-04-01", 4));
        assert!(start("2026-04-01", 1));
        assert!(start("2026-01-02", 1));
    }

    #[test]
    fn twelve_months() {
        let months = months("2026-04-01".parse().unwrap());
        assert_eq!(months.len(), 12);
        assert_eq!(
            (months[0].to_string(), months[11].to_string()),
            ("2026-04-01".into(), "2027-03-01".into())
        );
    }
}
