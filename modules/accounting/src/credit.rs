//! How customers stand: what they owe, what is overdue, what is held for orders. Holds are promises
//! in the ledger on the customer's receivable, with a record each that shows them.
//! INVARIANT: what is held of an order is given back as it is invoiced, and never below zero.

use std::collections::HashMap;

use fondaco_kernel::ledger::{self, Line, Pending};
use fondaco_kernel::ports::credit::{Credit, Standing};
use fondaco_kernel::shared::Party;
use fondaco_kernel::store::{self, Filter};
use fondaco_kernel::{Args, DocRef, Error, Fut, Record, Result, Table, Tx, rollout};
use fondaco_values::{AnyId, Date, Id, Money};

use crate::accounts::purpose;
use crate::document::own_currency;

/// Provides the port `credit`.
pub(crate) struct Ledger;

#[derive(Record, Clone, Debug)]
#[record("accounting.hold")]
pub(crate) struct Hold {
    pub(crate) id: Id<Hold>,
    pub(crate) version: i64,
    pub(crate) state: String,
    pub(crate) party: Id<Party>,
    pub(crate) source_model: String,
    pub(crate) source_id: i64,
    pub(crate) amount: Money,
    pub(crate) pending: Option<i64>,
}

/// A customer with what this module adds.
#[derive(Record, Clone, Debug)]
#[record("party")]
pub(crate) struct Customer {
    pub(crate) id: Id<Customer>,
    pub(crate) name: String,
    pub(crate) credit_limit: Option<Money>,
    pub(crate) credit_blocked: bool,
}

impl Credit for Ledger {
    fn standing<'t>(&'t self, tx: &'t mut Tx, party: Id<Party>) -> Fut<'t, Standing> {
        Box::pin(standing(tx, party))
    }

    fn hold<'t>(
        &'t self,
        tx: &'t mut Tx,
        party: Id<Party>,
        source: DocRef,
        amount: Money,
    ) -> Fut<'t, ()> {
        Box::pin(hold(tx, party, source, amount))
    }

    fn release<'t>(
        &'t self,
        tx: &'t mut Tx,
        source: &'t DocRef,
        amount: Option<Money>,
    ) -> Fut<'t, ()> {
        Box::pin(release(tx, source, amount))
    }
}

/// In the company's currency, as of today.
pub(crate) async fn standing(tx: &mut Tx, party: Id<Party>) -> Result<Standing> {
    let customer = store::get::<Customer>(tx, party.cast()).await?;
    let exponent = own_currency(tx).await?.decimals();
    let control = ledger::accounts::by_purpose(tx, purpose::RECEIVABLE).await?;
    let open = ledger::open_items(tx, control, Some(party.any())).await?;
    let items: Vec<(Date, i64)> =
        open.iter().map(|item| (item.due.unwrap_or(item.date), item.functional)).collect();
    let (receivable, overdue) = owed(&items, tx.today());
    let held =
        store::find::<Hold>(tx, Filter::new().eq("party", party).eq("state", "held")).await?;
    Ok(Standing {
        limit: customer.credit_limit,
        receivable: Money::from_minor(receivable, exponent),
        overdue: Money::from_minor(overdue, exponent),
        held: held.iter().map(|hold| hold.amount).sum(),
    })
}

/// What is owed, and the part of it that is past due: credits pay what is due first.
fn owed(items: &[(Date, i64)], today: Date) -> (i64, i64) {
    let all: i64 = items.iter().map(|(_, amount)| *amount).sum();
    let past = items.iter().filter(|(due, amount)| *due < today || *amount < 0);
    let past: i64 = past.map(|(_, amount)| *amount).sum();
    (all, past.clamp(0, all.max(0)))
}

async fn hold(tx: &mut Tx, party: Id<Party>, source: DocRef, amount: Money) -> Result<()> {
    if amount <= Money::ZERO {
        return Ok(());
    }
    let customer = store::get::<Customer>(tx, party.cast()).await?;
    if customer.credit_blocked {
        let message =
            format!("{} gets no more on credit: take the block off first.", customer.name);
        return Err(Error::problem("customer", "credit_blocked", message));
    }
    // An order that is confirmed again asks for the whole once more.
    release(tx, &source, None).await?;
    // Without a limit nobody has to count what is owed.
    if customer.credit_limit.is_some() {
        let standing = standing(tx, party).await?;
        if standing.free().is_some_and(|free| amount > free) {
            return Err(beyond(&customer, &standing, amount));
        }
    }
    let pending = promise(tx, party, &source, amount).await?;
    let mut hold = Hold {
        id: Id::default(),
        version: 0,
        state: "held".to_owned(),
        party,
        source_model: source.model,
        source_id: source.id.raw(),
        amount,
        pending: Some(pending.raw()),
    };
    store::insert(tx, &mut hold).await.map(drop)
}

fn beyond(customer: &Customer, standing: &Standing, amount: Money) -> Error {
    let limit = standing.limit.unwrap_or(Money::ZERO);
    let message = format!(
        "{} has a limit of {limit}: {} is owed, {} is ordered, so {amount} is too much. Raise the limit or have something paid first.",
        customer.name, standing.receivable, standing.held
    );
    let problem = fondaco_values::Problem::new("customer", "credit_limit", message)
        .arg("limit", limit.to_string())
        .arg("receivable", standing.receivable.to_string())
        .arg("held", standing.held.to_string())
        .arg("amount", amount.to_string());
    Error::Invalid(vec![problem])
}

/// Promises the invoice to come.
async fn promise(
    tx: &mut Tx,
    party: Id<Party>,
    source: &DocRef,
    amount: Money,
) -> Result<Id<Pending>> {
    let own = own_currency(tx).await?;
    let minor = amount.minor(own.decimals()).ok_or_else(|| {
        let message = "The amount has more decimals than the company's currency: round it.";
        Error::problem("amount", "minor_unit", message)
    })?;
    let control = ledger::accounts::by_purpose(tx, purpose::RECEIVABLE).await?;
    let revenue = ledger::accounts::by_purpose(tx, purpose::REVENUE).await?;
    let draft = ledger::Draft::new("sale", tx.today(), "Held for an order")
        .source(source.clone())
        .line(Line::debit(control, own.id, minor).for_(party))
        .line(Line::credit(revenue, own.id, minor));
    ledger::reserve(tx, draft, None).await
}

async fn release(tx: &mut Tx, source: &DocRef, amount: Option<Money>) -> Result<()> {
    let filter = Filter::new()
        .eq("source_id", source.id.raw())
        .eq("source_model", source.model.as_str())
        .eq("state", "held");
    let mut left = amount;
    for mut hold in store::find::<Hold>(tx, filter).await? {
        let given_back = left.map_or(hold.amount, |left| left.min(hold.amount));
        if given_back <= Money::ZERO {
            break;
        }
        left = left.map(|left| left - given_back);
        if let Some(pending) = hold.pending {
            ledger::release(tx, Id::new(pending)).await?;
        }
        hold.amount -= given_back;
        hold.pending = None;
        let rest = hold.amount;
        if !rest.is_zero() {
            hold.pending = Some(promise(tx, hold.party, source, rest).await?.raw());
        }
        store::update(tx, &mut hold).await?;
        if rest.is_zero() {
            store::perform(tx, hold.id, "release", Args::default()).await?;
        }
    }
    Ok(())
}

/// Gives back what is held for documents that ended while accounting was off.
pub(crate) async fn let_go(tx: &mut Tx) -> Result<()> {
    for hold in store::find::<Hold>(tx, Filter::new().eq("state", "held").sort("id")).await? {
        let source = DocRef { model: hold.source_model, id: AnyId::new(hold.source_id) };
        if rollout::is_over(tx, &source).await? {
            release(tx, &source, None).await?;
        }
    }
    Ok(())
}

/// Rows of the report `accounting.credit`: whoever has a limit, owes something or has ordered.
pub(crate) async fn standings(tx: &mut Tx, args: Args) -> Result<Table> {
    let only = args.link::<Customer>("party");
    let exponent = own_currency(tx).await?.decimals();
    let control = ledger::accounts::by_purpose(tx, purpose::RECEIVABLE).await?;
    let mut items: HashMap<AnyId, Vec<(Date, i64)>> = HashMap::new();
    for item in ledger::open_items(tx, control, only.map(Id::any)).await? {
        let due = item.due.unwrap_or(item.date);
        items.entry(item.subsidiary.unwrap_or_default()).or_default().push((due, item.functional));
    }
    let mut held: HashMap<AnyId, Money> = HashMap::new();
    for hold in store::find::<Hold>(tx, Filter::new().eq("state", "held")).await? {
        *held.entry(hold.party.any()).or_insert(Money::ZERO) += hold.amount;
    }
    let known: Vec<AnyId> = items.keys().chain(held.keys()).copied().collect();
    let mut customers = store::find::<Customer>(tx, Filter::new().is_in("id", known)).await?;
    customers.extend(store::find::<Customer>(tx, Filter::new().not_null("credit_limit")).await?);
    customers.retain(|customer| only.is_none_or(|only| only == customer.id));
    customers.sort_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
    customers.dedup_by_key(|customer| customer.id);
    let today = tx.today();
    let row = |customer: &Customer| {
        let own = items.get(&customer.id.any()).map_or(&[][..], Vec::as_slice);
        let (receivable, overdue) = owed(own, today);
        let standing = Standing {
            limit: customer.credit_limit,
            receivable: Money::from_minor(receivable, exponent),
            overdue: Money::from_minor(overdue, exponent),
            held: held.get(&customer.id.any()).copied().unwrap_or(Money::ZERO),
        };
        vec![
            customer.id.into(),
            customer.name.as_str().into(),
            standing.limit.into(),
            standing.receivable.into(),
            standing.overdue.into(),
            standing.held.into(),
            standing.free().into(),
            customer.credit_blocked.into(),
        ]
    };
    Ok(Table { rows: customers.iter().map(row).collect(), totals: Vec::new() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credits_pay_what_is_due_first() {
        let day = |day: i8| Date::constant(2026, 1, day);
        let today = day(15);
        for (items, owed_overdue) in [
            (vec![], (0, 0)),
            (vec![(day(10), 100), (day(20), 50)], (150, 100)),
            (vec![(day(15), 100)], (100, 0)),
            (vec![(day(10), 100), (day(20), 50), (day(12), -30)], (120, 70)),
            (vec![(day(10), 100), (day(20), -130)], (-30, 0)),
            (vec![(day(20), -30)], (-30, 0)),
        ] {
            assert_eq!(owed(&items, today), owed_overdue, "{items:?}");
        }
    }
}
