//! The rows of the reports in `reports/`. All amounts are before tax and in the company's currency.

use std::collections::BTreeMap;

use fondaco_kernel::shared::{Party, Product};
use fondaco_kernel::store::{self, Filter};
use fondaco_kernel::{Args, Error, Result, Table, Tx};
use fondaco_values::{Date, Decimal, Id, Money, Quantity, Rounding, Value, round};

use crate::head::OrderHead;
use crate::order::{OrderLine, SalesOrder};
use fondaco_kernel::home::home;
use fondaco_kernel::measure;

/// States of orders that count as sold.
const SOLD: [&str; 2] = ["confirmed", "done"];

pub(crate) async fn open_orders(tx: &mut Tx, args: Args) -> Result<Table> {
    let home = home(tx).await?;
    let mut filter = Filter::new().eq("state", "confirmed").sort("ordered_on");
    if let Some(customer) = args.link::<Party>("customer") {
        filter = filter.eq("customer", customer);
    }
    let orders = store::find::<SalesOrder>(tx, filter).await?;
    let (product, until) = (args.link::<Product>("product"), args.date("due_until"));
    let today = tx.today();
    let mut rows = Vec::new();
    let mut sum = Money::ZERO;
    for order in &orders {
        let due = order.promised_on.or(order.requested_on);
        if until.is_some_and(|until| due.is_some_and(|due| due > until)) {
            continue;
        }
        for line in order.lines.iter().filter(|line| !line.open().is_zero()) {
            if product.is_some_and(|product| line.product != product) {
                continue;
            }
            let amount = line.open_amount(order, home.exponent);
            sum += amount;
            rows.push(vec![
                order.id.into(),
                order.customer.into(),
                order.ordered_on.into(),
                due.into(),
                due.map(|due| days_late(due, today)).into(),
                line.product.into(),
                line.quantity.into(),
                line.delivered.into(),
                line.open().into(),
                amount.into(),
            ]);
        }
    }
    Ok(Table { totals: totals(10, [(9, sum.into())]), rows })
}

pub(crate) async fn by_customer(tx: &mut Tx, args: Args) -> Result<Table> {
    let home = home(tx).await?;
    let orders = store::find::<OrderHead>(tx, sold(tx, &args)?).await?;
    let mut customers: BTreeMap<Id<Party>, Sold> = BTreeMap::new();
    for order in &orders {
        let sold = customers.entry(order.customer).or_insert_with(|| Sold::since(order.ordered_on));
        sold.orders += 1;
        sold.net += order.net_at_home(home.exponent);
        sold.last_on = sold.last_on.max(order.ordered_on);
    }
    let all: Money = customers.values().map(|sold| sold.net).sum();
    let row = |(customer, sold): (Id<Party>, Sold)| {
        vec![
            customer.into(),
            sold.orders.into(),
            sold.net.into(),
            share(sold.net, all).into(),
            sold.last_on.into(),
        ]
    };
    let rows = largest_first(customers, |sold| sold.net).into_iter().map(row).collect();
    let count = i64::try_from(orders.len()).unwrap_or(i64::MAX);
    Ok(Table { rows, totals: totals(5, [(1, count.into()), (2, all.into())]) })
}

pub(crate) async fn by_product(tx: &mut Tx, args: Args) -> Result<Table> {
    let home = home(tx).await?;
    let mut filter = sold(tx, &args)?;
    if let Some(customer) = args.link::<Party>("customer") {
        filter = filter.eq("customer", customer);
    }
    let orders = store::find::<SalesOrder>(tx, filter).await?;
    let mut products: BTreeMap<Id<Product>, Sold> = BTreeMap::new();
    for order in &orders {
        let mut counted = Vec::new();
        for line in &order.lines {
            let sold =
                products.entry(line.product).or_insert_with(|| Sold::since(order.ordered_on));
            sold.net += order.at_home(line.amount, home.exponent).unwrap_or(line.amount);
            sold.quantity += line.quantity;
            if !counted.contains(&line.product) {
                counted.push(line.product);
                sold.orders += 1;
            }
        }
    }
    let all: Money = products.values().map(|sold| sold.net).sum();
    let row = |(product, sold): (Id<Product>, Sold)| {
        vec![
            product.into(),
            sold.quantity.into(),
            sold.orders.into(),
            sold.net.into(),
            share(sold.net, all).into(),
        ]
    };
    let rows = largest_first(products, |sold| sold.net).into_iter().map(row).collect();
    Ok(Table { rows, totals: totals(5, [(3, all.into())]) })
}

pub(crate) async fn margins(tx: &mut Tx, args: Args) -> Result<Table> {
    let home = home(tx).await?;
    let mut filter = sold(tx, &args)?;
    if let Some(customer) = args.link::<Party>("customer") {
        filter = filter.eq("customer", customer);
    }
    let orders = store::find::<SalesOrder>(tx, filter.sort("ordered_on")).await?;
    let mut rows = Vec::new();
    let (mut nets, mut costs) = (Money::ZERO, Money::ZERO);
    for order in &orders {
        let net = order.kept_net(home.exponent);
        let cost: Money = order.lines.iter().filter_map(|line| line.cost).map(|cost| cost.0).sum();
        let unknown = order.lines.iter().filter(|line| line.cost.is_none()).count();
        nets += net;
        costs += cost;
        rows.push(vec![
            order.id.into(),
            order.ordered_on.into(),
            order.customer.into(),
            net.into(),
            cost.into(),
            (net - cost).into(),
            share(net - cost, net).into(),
            i64::try_from(unknown).unwrap_or(i64::MAX).into(),
        ]);
    }
    let sums = [
        (3, nets.into()),
        (4, costs.into()),
        (5, (nets - costs).into()),
        (6, share(nets - costs, nets).into()),
    ];
    Ok(Table { rows, totals: totals(8, sums) })
}

/// What was sold to a customer or of a product.
struct Sold {
    orders: i64,
    quantity: Quantity,
    net: Money,
    last_on: Date,
}

impl Sold {
    fn since(day: Date) -> Sold {
        Sold { orders: 0, quantity: Quantity::ZERO, net: Money::ZERO, last_on: day }
    }
}

/// The orders of the time asked for, this year unless it says otherwise.
fn sold(tx: &Tx, args: &Args) -> Result<Filter> {
    let today = tx.today();
    let from = args.date("from").unwrap_or_else(|| today.first_of_year());
    let until = args.date("until").unwrap_or(today);
    if from > until {
        let message = format!("The time ends ({until}) before it begins ({from}).");
        return Err(Error::problem("until", "before_from", message));
    }
    Ok(Filter::new().is_in("state", SOLD).ge("ordered_on", from).le("ordered_on", until))
}

fn largest_first<K: Ord, V>(map: BTreeMap<K, V>, by: impl Fn(&V) -> Money) -> Vec<(K, V)> {
    let mut rows: Vec<(K, V)> = map.into_iter().collect();
    rows.sort_by_key(|(_, value)| std::cmp::Reverse(by(value)));
    rows
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

fn totals(columns: usize, sums: impl IntoIterator<Item = (usize, Value)>) -> Vec<Value> {
    let mut row = vec![Value::Null; columns];
    for (at, sum) in sums {
        row[at] = sum;
    }
    row
}

impl OrderLine {
    /// Ordered and not delivered, before tax.
    fn open_amount(&self, order: &SalesOrder, exponent: u8) -> Money {
        let open = measure::part(self.amount, self.open(), self.quantity, exponent);
        let open = open.unwrap_or(Money::ZERO);
        order.at_home(open, exponent).unwrap_or(open)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::order::tests::{decimal, money};

    #[test]
    fn shares() {
        assert_eq!(share(money("1"), money("3")), Some(decimal("0.3333")));
        assert_eq!(share(money("1"), money("0")), None);
    }

    #[test]
    fn lateness() {
        let day = |text: &str| -> Date { text.parse().unwrap() };
        assert_eq!(days_late(day("2026-03-01"), day("2026-03-09")), 8);
        assert_eq!(days_late(day("2026-03-10"), day("2026-03-09")), 0);
    }
}
