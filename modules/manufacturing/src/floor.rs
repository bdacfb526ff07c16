//! The shop floor: components are taken out, hours reported, goods finished, in parts as well. What
//! has gone in comes out with the goods, to the last cent.

use std::sync::Arc;

use fondaco_kernel::module::{Args, Outcome};
use fondaco_kernel::permissions::Allowed;
use fondaco_kernel::ports::Stock;
use fondaco_kernel::ports::stock::{MovedLine, Output};
use fondaco_kernel::store;
use fondaco_kernel::{Error, Result, Tx};
use fondaco_values::{Money, Quantity, Rounding, share};

use crate::order::{Order, take_back};
use crate::release::{centres, unit_costs};
use crate::work_centre::exponent;

/// Starts an order: takes components out for all of it, or for so many.
pub(crate) async fn start(tx: &mut Tx, order: Allowed<Order>, args: Args) -> Result<Outcome> {
    let mut order = order.into_inner();
    let quantity = asked(&args, order.quantity)?;
    take_out(tx, &mut order, quantity).await?;
    let today = tx.today();
    order.starts_on = Some(order.starts_on.map_or(today, |planned| planned.min(today)));
    store::update(tx, &mut order).await?;
    Ok(told(&order))
}

/// Takes more components out.
pub(crate) async fn issue(tx: &mut Tx, order: Allowed<Order>, args: Args) -> Result<Outcome> {
    let mut order = order.into_inner();
    let quantity = asked(&args, order.quantity - order.issued)?;
    take_out(tx, &mut order, quantity).await?;
    store::update(tx, &mut order).await?;
    Ok(told(&order))
}

fn told(order: &Order) -> Outcome {
    if order.stocked { Outcome::done() } else { Outcome::says(Order::UNCOUNTED) }
}

/// The quantity that an action was given, or else all.
fn asked(args: &Args, all: Quantity) -> Result<Quantity> {
    let Some(given) = args.decimal("quantity") else { return Ok(all) };
    let unreadable = || Error::problem("quantity", "too_fine", "At most 6 decimals count.");
    Quantity::exact(given).ok_or_else(unreadable)
}

/// The stock that counts the goods of an order; `None` where nobody does.
fn stock_of(tx: &Tx, order: &Order) -> Result<Option<Arc<dyn Stock>>> {
    let message =
        "Inventory counts the goods of this order and is switched off: switch it on again.";
    match (order.stocked, tx.ports().stock) {
        (false, _) => Ok(None),
        (true, None) => Err(Error::problem("", "inventory_off", message)),
        (true, stock) => Ok(stock),
    }
}

/// Takes out the components for so many more.
async fn take_out(tx: &mut Tx, order: &mut Order, quantity: Quantity) -> Result<()> {
    let left = order.quantity - order.issued;
    if quantity <= Quantity::ZERO || quantity > left {
        let message =
            format!("Components for up to {left} more can be taken out, not for {quantity}.");
        return Err(Error::problem("quantity", "range", message));
    }
    let taken = match stock_of(tx, order)? {
        Some(stock) => stock.issue(tx, &order.reference(), (quantity, left)).await?.lines,
        None => uncounted(tx, order, quantity, left).await?,
    };
    for line in taken {
        order.component_cost += line.value;
        if let Some(own) = order.components.iter_mut().find(|own| own.id.any() == line.key) {
            own.issued += line.quantity;
            own.value += line.value;
        }
    }
    order.issued += quantity;
    Ok(())
}

/// What would be taken out if inventory counted it, at standard cost where that is known.
async fn uncounted(
    tx: &mut Tx,
    order: &Order,
    quantity: Quantity,
    left: Quantity,
) -> Result<Vec<MovedLine>> {
    let products: Vec<_> = order.components.iter().map(|own| own.product).collect();
    let costs = unit_costs(tx, &products).await?;
    let exponent = exponent(tx).await?;
    let mut lines = Vec::with_capacity(products.len());
    for (own, cost) in order.components.iter().zip(costs) {
        let taken = portion((own.quantity - own.issued).scaled(), quantity, left);
        let taken = Quantity::from_scaled(taken);
        let value = cost.and_then(|cost| cost.checked_mul(taken.decimal()));
        let value = value.and_then(|value| Money::round(value, exponent, Rounding::HalfUp));
        lines.push(MovedLine {
            key: own.id.any(),
            product: own.product,
            quantity: taken,
            value: value.unwrap_or(Money::ZERO),
        });
    }
    Ok(lines)
}

/// A part of a whole, rounded; all of it when the part is the whole.
fn portion(all: i64, part: Quantity, whole: Quantity) -> i64 {
    if part >= whole {
        return all;
    }
    let (part, whole) = (part.scaled().into(), whole.scaled().into());
    share(all, part, whole, Rounding::HalfUp).unwrap_or(all)
}

/// Reports hours of one operation, or of all as planned.
pub(crate) async fn report(tx: &mut Tx, order: Allowed<Order>, args: Args) -> Result<Outcome> {
    let mut order = order.into_inner();
    let hours = hours(&order, &args)?;
    let centres = centres(tx, &order).await?;
    let mut total = Money::ZERO;
    for (operation, hours) in order.operations.iter_mut().zip(hours) {
        let cost = centres.cost(operation.work_centre, hours)?;
        operation.hours += hours;
        operation.cost += cost;
        total += cost;
    }
    order.work_cost += total;
    if order.in_work().is_negative() {
        let message = "So much work is not left in the order: part of it is finished already.";
        return Err(Error::problem("hours", "too_much_back", message));
    }
    let stock = stock_of(tx, &order)?;
    if let Some(stock) = stock.filter(|_| !total.is_zero()) {
        stock.add_work(tx, &order.reference(), order.product, total).await?;
    }
    store::update(tx, &mut order).await?;
    Ok(Outcome::says(format!("Work for {total} was added.")))
}

/// Hours to be added to each operation.
fn hours(order: &Order, args: &Args) -> Result<Vec<Quantity>> {
    let given = match args.decimal("hours") {
        Some(hours) => Some(
            Quantity::exact(hours)
                .ok_or_else(|| Error::problem("hours", "too_fine", "At most 6 decimals count."))?,
        ),
        None => None,
    };
    let Some(position) = args.int("operation") else {
        if given.is_some() {
            let message = "Say which operation took these hours, by its number.";
            return Err(Error::problem("operation", "required", message));
        }
        let rest = |own: &crate::order::OrderOperation| {
            (own.planned_hours - own.hours).max(Quantity::ZERO)
        };
        return Ok(order.operations.iter().map(rest).collect());
    };
    let at = usize::try_from(position - 1).ok().filter(|at| *at < order.operations.len());
    let Some(at) = at else {
        let message = format!("The order has operations 1 to {}.", order.operations.len());
        return Err(Error::problem("operation", "range", message));
    };
    let own = &order.operations[at];
    let more = given.unwrap_or((own.planned_hours - own.hours).max(Quantity::ZERO));
    if (own.hours + more).is_negative() {
        let message = format!("Only {} hours were reported; no more can be taken back.", own.hours);
        return Err(Error::problem("hours", "range", message));
    }
    let mut all = vec![Quantity::ZERO; order.operations.len()];
    all[at] = more;
    Ok(all)
}

/// Takes finished goods into stock at their share of the cost; the last ones take the rest.
pub(crate) async fn finish(tx: &mut Tx, order: Allowed<Order>, args: Args) -> Result<Outcome> {
    let mut order = order.into_inner();
    let quantity = asked(&args, order.left())?;
    let last = args.flag("last") || quantity == order.left();
    check_finish(&order, quantity)?;
    let exponent = exponent(tx).await?;
    let cost = finished_cost(&order, quantity, last, exponent);
    if let Some(stock) = stock_of(tx, &order)? {
        let output = Output {
            source: order.reference(),
            key: order.id.any(),
            product: order.product,
            quantity,
            value: cost,
        };
        stock.produce(tx, output).await?;
    }
    order.finished += quantity;
    order.finished_cost += cost;
    if last {
        order.done_on = Some(tx.today());
    }
    store::update(tx, &mut order).await?;
    if last {
        take_back(tx, &order).await?;
        store::perform(tx, order.id, "close", Args::default()).await?;
    }
    let message = format!("{quantity} finished at {cost}.");
    Ok(match order.stocked {
        true => Outcome::says(message),
        false => Outcome::says(format!("{message} {}", Order::UNCOUNTED)),
    })
}

fn check_finish(order: &Order, quantity: Quantity) -> Result<()> {
    if quantity <= Quantity::ZERO || quantity > order.left() {
        let message = format!("Up to {} can be finished, not {quantity}.", order.left());
        return Err(Error::problem("quantity", "range", message));
    }
    let made = order.issued - order.finished;
    if quantity > made && !order.components.is_empty() {
        let message = format!(
            "Components for {made} are taken out; take out those for {} more first.",
            quantity - made,
        );
        return Err(Error::problem("quantity", "not_issued", message));
    }
    Ok(())
}

/// The share of what is in work that belongs to so many: of those whose components were taken out.
/// Asserts that the parts never exceed the whole.
fn finished_cost(order: &Order, quantity: Quantity, last: bool, exponent: u8) -> Money {
    let in_work = order.in_work();
    assert!(!in_work.is_negative(), "more came out of {} than went in", order.id);
    if last {
        return in_work;
    }
    let made = order.issued - order.finished;
    let whole = if made > Quantity::ZERO { made } else { order.left() };
    // All that goes in is in whole minor units; so is each part that comes out.
    match in_work.minor(exponent) {
        Some(minor) => Money::from_minor(portion(minor, quantity, whole), exponent),
        None => Money::from_scaled(portion(in_work.scaled(), quantity, whole)),
    }
}

/// Nothing more comes of it: what is in work is a loss.
pub(crate) async fn abandon(tx: &mut Tx, order: Allowed<Order>, args: Args) -> Result<Outcome> {
    let mut order = order.into_inner();
    let lost = order.in_work();
    take_back(tx, &order).await?;
    let stock = stock_of(tx, &order)?;
    if let Some(stock) = stock.filter(|_| !lost.is_zero()) {
        let output = Output {
            source: order.reference(),
            key: order.id.any(),
            product: order.product,
            quantity: Quantity::ZERO,
            value: lost,
        };
        stock.produce(tx, output).await?;
    }
    order.reason = args.text("reason").map(str::to_owned);
    order.done_on = Some(tx.today());
    store::update(tx, &mut order).await?;
    Ok(Outcome::says(format!("{lost} are lost.")))
}

#[cfg(test)]
mod tests {
    use fondaco_values::{Date, Id};
    use proptest::prelude::*;

    use super::*;
    use crate::order::OrderOperation;

    fn order(quantity: i64, issued: i64, cost: &str) -> Order {
        let mut order =
            Order::new(Id::new(1), Quantity::from_int(quantity), Date::constant(2026, 3, 2));
        order.issued = Quantity::from_int(issued);
        order.component_cost = cost.parse().unwrap();
        order
    }

    fn finish(order: &mut Order, quantity: i64) -> String {
        let quantity = Quantity::from_int(quantity);
        let cost = finished_cost(order, quantity, quantity == order.left(), 2);
        order.finished += quantity;
        order.finished_cost += cost;
        cost.to_string()
    }

    #[test]
    fn shares_add_up_and_the_rest_takes_the_remainder() {
        let mut bikes = order(5, 5, "6078.57");
        assert_eq!(finish(&mut bikes, 3), "3647.14");
        assert_eq!(finish(&mut bikes, 2), "2431.43");
        assert!(bikes.in_work().is_zero());

        let mut some = order(5, 2, "100.00");
        assert_eq!(finish(&mut some, 1), "50.00", "components for two were taken out");
        some.issued = Quantity::from_int(5);
        some.component_cost += "150.01".parse::<Money>().unwrap();
        some.work_cost = "30.00".parse().unwrap();
        assert_eq!(finish(&mut some, 1), "57.50");
        assert_eq!(finish(&mut some, 3), "172.51");
    }

    fn codes<T: std::fmt::Debug>(outcome: Result<T>) -> String {
        match outcome {
            Ok(_) => "ok".to_owned(),
            Err(Error::Invalid(problems)) => format!("{}:{}", problems[0].field, problems[0].code),
            Err(other) => other.to_string(),
        }
    }

    #[test]
    fn no_more_is_finished_than_was_started() {
        let mut bikes = order(5, 2, "100.00");
        bikes.components = vec![crate::order::OrderComponent {
            id: Id::new(1),
            product: Id::new(2),
            quantity: Quantity::from_int(5),
            issued: Quantity::from_int(2),
            value: Money::ZERO,
        }];
        let check = |quantity: i64| codes(check_finish(&bikes, Quantity::from_int(quantity)));
        assert_eq!(check(2), "ok");
        assert_eq!(check(3), "quantity:not_issued");
        assert_eq!(check(6), "quantity:range");
        assert_eq!(check(0), "quantity:range");
    }

    #[test]
    fn hours_by_operation_or_as_planned() {
        let mut bikes = order(5, 5, "100.00");
        let operation = |planned: &str, hours: &str| OrderOperation {
            id: Id::new(1),
            name: "Assembly".into(),
            work_centre: Id::new(9),
            planned_hours: planned.parse().unwrap(),
            starts_on: None,
            ends_on: None,
            hours: hours.parse().unwrap(),
            cost: Money::ZERO,
        };
        bikes.operations = vec![operation("10", "4"), operation("2.5", "3")];
        let told = |args: Args| match hours(&bikes, &args) {
            Ok(hours) => hours.iter().map(Quantity::to_string).collect::<Vec<_>>().join(" "),
            Err(_) => codes(hours(&bikes, &args)),
        };
        let at = |n: i64| Args::default().with("operation", n);
        let worked = |hours: &str| fondaco_values::Value::Decimal(hours.parse().unwrap());
        assert_eq!(told(Args::default()), "6 0");
        assert_eq!(told(at(1)), "6 0");
        assert_eq!(told(at(2).with("hours", worked("1.25"))), "0 1.25");
        assert_eq!(told(at(2).with("hours", worked("-3"))), "0 -3");
        assert_eq!(told(at(2).with("hours", worked("-4"))), "hours:range");
        assert_eq!(told(at(3)), "operation:range");
        assert_eq!(told(Args::default().with("hours", worked("1"))), "operation:required");
    }

    proptest! {
        /// However an order is finished, its parts come to what went in.
        #[test]
        fn nothing_is_lost(cents in 0..10_000_000_i64, parts in prop::collection::vec(1..20_i64, 1..12)) {
            let all: i64 = parts.iter().sum();
            let mut bikes = order(all, all, "0");
            bikes.component_cost = Money::from_minor(cents, 2);
            for part in parts {
                finish(&mut bikes, part);
                prop_assert!(!bikes.in_work().is_negative());
            }
            prop_assert_eq!(bikes.finished_cost, bikes.component_cost);
        }
    }
}
