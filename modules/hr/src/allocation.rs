//! Leave allocations: days granted to an employee, draft → granted → revoked.

use fondaco_kernel::ledger::{self, Account, Line};
use fondaco_kernel::permissions::Allowed;
use fondaco_kernel::record::Record as _;
use fondaco_kernel::store;
use fondaco_kernel::{Args, DocRef, Error, Outcome, Record, Result, Tx};
use fondaco_values::{AnyId, Date, Decimal, Id, Quantity};

use crate::employee::Employee;
use crate::leave_type::{LeaveType, day};

#[derive(Record, Clone, Debug)]
#[record("hr.allocation")]
pub(crate) struct Allocation {
    pub(crate) id: Id<Allocation>,
    pub(crate) version: i64,
    pub(crate) employee: Id<Employee>,
    pub(crate) leave_type: Id<LeaveType>,
    pub(crate) days: Quantity,
    pub(crate) granted_on: Date,
    pub(crate) reason: String,
    pub(crate) entry: Option<i64>,
}

/// The pool of a leave type.
pub(crate) fn pool(of: &LeaveType) -> Result<Id<Account>> {
    of.account.map(AnyId::cast).ok_or_else(|| {
        let message = format!("The leave type {} has no account: save it once more.", of.name);
        Error::problem("leave_type", "no_account", message)
    })
}

/// Books the days into the employee's pool.
pub(crate) async fn grant(
    tx: &mut Tx,
    allocation: Allowed<Allocation>,
    _args: Args,
) -> Result<Outcome> {
    let mut allocation = allocation.into_inner();
    let leave_type = store::get::<LeaveType>(tx, allocation.leave_type).await?;
    if !leave_type.counted {
        let message =
            format!("Leave of the type {} is not counted: nothing to grant.", leave_type.name);
        return Err(Error::problem("leave_type", "not_counted", message));
    }
    let granted = ledger::accounts::by_purpose(tx, "leave_granted").await?;
    let (pool, day) = (pool(&leave_type)?, day(tx).await?);
    let days = allocation.days.scaled();
    let draft = ledger::Draft::new("time", allocation.granted_on, allocation.reason.clone())
        .source(DocRef::new(Allocation::MODEL, allocation.id))
        .line(Line::debit(pool, day, days).for_(allocation.employee))
        .line(Line::credit(granted, day, days));
    let posted = ledger::post(tx, draft).await?;
    allocation.entry = Some(posted.seq);
    store::update(tx, &mut allocation).await?;
    Ok(Outcome::says(format!("{} days are granted.", allocation.days)))
}

/// Takes the days back, as far as they are still there.
pub(crate) async fn revoke(
    tx: &mut Tx,
    allocation: Allowed<Allocation>,
    args: Args,
) -> Result<Outcome> {
    let leave_type = store::get::<LeaveType>(tx, allocation.leave_type).await?;
    let left = left(tx, &leave_type, allocation.employee).await?;
    if allocation.days > left {
        let message =
            format!("Only {left} days are left to take back: refuse or cancel leave first.");
        return Err(Error::problem("days", "taken", message));
    }
    let Some(entry) = allocation.entry else {
        return Err(Error::problem("entry", "not_granted", "The days are not in the ledger."));
    };
    let reason = args.text("reason").unwrap_or_default();
    let on = tx.today().max(allocation.granted_on);
    // Negative on the same side: what was granted shows as never granted.
    ledger::reverse(tx, Id::new(entry), on, reason, ledger::Mode::Storno).await?;
    Ok(Outcome::says(format!("{} days are taken back.", allocation.days)))
}

/// What an employee may still ask for, with what the type may be overdrawn by.
pub(crate) async fn left(
    tx: &mut Tx,
    leave_type: &LeaveType,
    employee: Id<Employee>,
) -> Result<Quantity> {
    let (pool, day) = (pool(leave_type)?, day(tx).await?);
    let available = ledger::available(tx, pool, day, Some(employee.any())).await?;
    let overdraft = Quantity::exact(leave_type.overdraft).unwrap_or_default();
    Ok(Quantity::from_scaled(available) + overdraft)
}

/// Days without needless zeros.
pub(crate) fn days(scaled: i64) -> Decimal {
    Quantity::from_scaled(scaled).decimal()
}
