//! The rows of the reports in `reports/`. All amounts are before tax and in the company's currency.

use std::collections::BTreeMap;

use fondaco_kernel::shared::{Party, Product};
use fondaco_kernel::store::{self, Filter};
use fondaco_kernel::{Args, Error, Result, Table, Tx};
use fondaco_values::{Date, Decimal, Id, Money, Rounding, Value, round};

use crate::order::PurchaseOrder;
use fondaco_kernel::home::home;
use fondaco_kernel::measure;

/// States of orders that count as bought.
const BOUGHT: [&str; 2] = ["confirmed", "done"];

pub(crate) async fn open_orders(tx: &mut Tx, args: Args) -> Result<Table> {
    let home = home(tx).await?;
    let mut filter = Filter::new().eq("state", "confirmed").sort("expected_on");
    if let Some(supplier) = args.link::<Party>("supplier") {
        filter = filter.eq("supplier", supplier);
    }
    if let Some(until) = args.date("due_until") {
        filter = filter.le("expected_on", until);
    }
    let orders = store::find::<PurchaseOrder>(tx, filter).await?;
    let (product, today) = (args.link::<Product>("product"), tx.today());
    let mut rows = Vec::new();
    let mut sum = Money::ZERO;
    for order in &orders {
        for line in order.lines.iter().filter(|line| !line.open().is_zero()) {
            if product.is_some_and(|product| line.product != product) {
                continue;
            }
            let open = measure::part(line.amount, line.open(), line.quantity, home.exponent);
            let amount = order.at_home(open.unwrap_or_default(), home.exponent);
            sum += amount;
            rows.push(vec![
                order.id.into(),
                order.supplier.into(),
                order.ordered_on.into(),
                order.expected_on.into(),
                order.expected_on.map(|due| days_late(due, today)).into(),
                line.product.into(),
                line.quantity.into(),
                line.received.into(),
                line.billed.into(),
                line.open().into(),
                amount.into(),
            ]);
        }
    }
    let mut totals = vec![Value::Null; 11];
    totals[10] = sum.into();
    Ok(Table { rows, totals })
}

/// What was bought from a supplier.
struct Bought {
    orders: i64,
    net: Money,
    received: Money,
    last_on: Date,
}

pub(crate) async fn by_supplier(tx: &mut Tx, args: Args) -> Result<Table> {
    let home = home(tx).await?;
    let orders = store::find::<PurchaseOrder>(tx, bought(tx, &args)?).await?;
    let mut suppliers: BTreeMap<Id<Party>, Bought> = BTreeMap::new();
    for order in &orders {
        let first = || Bought {
            orders: 0,
            net: Money::ZERO,
            received: Money::ZERO,
            last_on: order.ordered_on,
        };
        let bought = suppliers.entry(order.supplier).or_insert_with(first);
        bought.orders += 1;
        bought.net += order.at_home(order.net, home.exponent);
        bought.received += order.lines.iter().map(|line| line.received_value.0).sum();
        bought.last_on = bought.last_on.max(order.ordered_on);
    }
    let (mut net, mut received) = (Money::ZERO, Money::ZERO);
    for bought in suppliers.values() {
        net += bought.net;
        received += bought.received;
    }
    let mut suppliers: Vec<(Id<Party>, Bought)> = suppliers.into_iter().collect();
    suppliers.sort_by_key(|(_, bought)| std::cmp::Reverse(bought.net));
    let row = |(supplier, bought): (Id<Party>, Bought)| {
        vec![
            supplier.into(),
            bought.orders.into(),
            bought.net.into(),
            share(bought.net, net).into(),
            bought.received.into(),
            bought.last_on.into(),
        ]
    };
    let count = i64::try_from(orders.len()).unwrap_or(i64::MAX);
    let totals =
        vec![Value::Null, count.into(), net.into(), Value::Null, received.into(), Value::Null];
    Ok(Table { rows: suppliers.into_iter().map(row).collect(), totals })
}

/// The orders of the time asked for, this year unless it says otherwise.
fn bought(tx: &Tx, args: &Args) -> Result<Filter> {
    let today = tx.today();
    let from = args.date("from").unwrap_or_else(|| today.first_of_year());
    let until = args.date("until").unwrap_or(today);
    if from > until {
        let message = format!("The time ends ({until}) before it begins ({from}).");
        return Err(Error::problem("until", "before_from", message));
    }
    Ok(Filter::new().is_in("state", BOUGHT).ge("ordered_on", from).le("ordered_on", until))
}

/// The part of the whole; `None` when there is no whole.
fn share(part: Money, whole: Money) -> Option<Decimal> {
    let share = part.decimal().checked_div(whole.decimal())?;
    Some(round(share, SHARE_PLACES, Rounding::HalfUp))
}

/// A tenth of a per mille.
const SHARE_PLACES: u32 = 4;

fn days_late(due: Date, today: Date) -> i64 {
    (today.duration_since(due).as_secs() / SECONDS_OF_A_DAY).max(0)
}

const SECONDS_OF_A_DAY: i64 = 86_400;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::order::tests::{decimal, money};

    #[test]
    fn shares_and_lateness() {
        assert_eq!(share(money("1"), money("3")), Some(decimal("0.3333")));
        assert_eq!(share(money("1"), money("0")), None);
        let day = |text: &str| -> Date { text.parse().unwrap() };
        assert_eq!(days_late(day("2026-03-01"), day("2026-03-09")), 8);
        assert_eq!(days_late(day("2026-03-10"), day("2026-03-09")), 0);
    }
}
