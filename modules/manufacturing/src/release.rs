//! Releasing an order: components and operations are copied, dates and cost planned, components set
//! aside, and what is missing asked for from those who make or buy it.

use std::collections::BTreeSet;

use fondaco_kernel::module::{Args, Outcome};
use fondaco_kernel::permissions::Allowed;
use fondaco_kernel::ports::stock::{Demand, DemandLine, Purpose, Reserved};
use fondaco_kernel::ports::supply::{self, Covered, Need};
use fondaco_kernel::shared::Product;
use fondaco_kernel::store;
use fondaco_kernel::{Error, Result, Tx};
use fondaco_values::{Date, Decimal, Id, Money, Quantity, Rounding};

use crate::order::{Order, OrderComponent, OrderOperation};
use crate::schedule;
use crate::takes::{Component, Make, Takes, Work, takes};
use crate::work_centre::{Centres, exponent};

/// Releases a draft.
pub(crate) async fn release(tx: &mut Tx, order: Allowed<Order>, _: Args) -> Result<Outcome> {
    let mut order = order.into_inner();
    let product = store::get::<Product>(tx, order.product).await?;
    check(&product)?;
    let takes = what_it_takes(tx, &order, &product).await?;
    copy(&mut order, takes);
    let centres = centres(tx, &order).await?;
    plan(tx, &mut order, &centres).await?;
    order.stocked = tx.ports().stock.is_some();
    store::update(tx, &mut order).await?;
    let short = set_aside(tx, &mut order, &centres).await?;
    let step = if short { "wait" } else { "prepare" };
    store::perform(tx, order.id, step, Args::default()).await?;
    Ok(Outcome::says(match (order.stocked, short) {
        (false, _) => Order::UNCOUNTED,
        (true, true) => "Some components are missing; the order waits for them.",
        (true, false) => "All components are set aside.",
    }))
}

/// Asks again for what a waiting order is missing.
pub(crate) async fn check_again(tx: &mut Tx, order: Allowed<Order>, _: Args) -> Result<Outcome> {
    let mut order = order.into_inner();
    let centres = centres(tx, &order).await?;
    if set_aside(tx, &mut order, &centres).await? {
        return Ok(Outcome::says("Some components are still missing."));
    }
    store::perform(tx, order.id, "prepare", Args::default()).await?;
    Ok(Outcome::says("All components are set aside."))
}

fn check(product: &Product) -> Result<()> {
    if product.is_goods() {
        return Ok(());
    }
    let name = &product.name;
    let message = match product.kind.as_str() {
        "configurable" => format!("{name} is configured first; make the configured product."),
        _ => format!("{name} is a service; only goods are made."),
    };
    Err(Error::problem("product", "not_goods", message))
}

/// What the order takes: what was entered by hand, or else what the bill of materials says.
async fn what_it_takes(tx: &mut Tx, order: &Order, product: &Product) -> Result<Takes> {
    let on = order.starts_on.unwrap_or_else(|| tx.today());
    let make = Make { product, quantity: order.quantity, on, bom: order.bom, choice: None };
    let mut takes = takes(tx, &make).await?;
    if !order.components.is_empty() {
        takes.components.clear();
    }
    if !order.operations.is_empty() {
        takes.operations.clear();
    }
    let nothing = takes.components.is_empty() && order.components.is_empty();
    if nothing && takes.operations.is_empty() && order.operations.is_empty() {
        let message = format!(
            "No bill of materials of {} is valid on {on}: make one, or enter components.",
            product.name,
        );
        return Err(Error::problem("bom", "missing", message));
    }
    Ok(takes)
}

fn copy(order: &mut Order, takes: Takes) {
    order.bom = order.bom.or(takes.bom);
    order.configuration = takes.configuration.or(order.configuration.take());
    order.components.extend(takes.components.into_iter().map(|component| OrderComponent {
        id: Id::default(),
        product: component.product,
        quantity: component.quantity,
        issued: Quantity::ZERO,
        value: Money::ZERO,
    }));
    order.operations.extend(takes.operations.into_iter().map(|work| OrderOperation {
        id: Id::default(),
        name: work.name,
        work_centre: work.work_centre,
        planned_hours: work.hours,
        starts_on: None,
        ends_on: None,
        hours: Quantity::ZERO,
        cost: Money::ZERO,
    }));
}

/// The work centres of an order.
pub(crate) async fn centres(tx: &mut Tx, order: &Order) -> Result<Centres> {
    let ids = order.operations.iter().map(|operation| operation.work_centre).collect();
    let today = tx.today();
    Centres::load(tx, ids, today).await
}

fn planned(order: &Order) -> Vec<Work> {
    let work = |operation: &OrderOperation| Work {
        name: operation.name.clone(),
        work_centre: operation.work_centre,
        hours: operation.planned_hours,
    };
    order.operations.iter().map(work).collect()
}

/// Dates, as if all components were there; and what it is expected to cost.
async fn plan(tx: &mut Tx, order: &mut Order, centres: &Centres) -> Result<()> {
    let work = planned(order);
    let today = tx.today();
    let start = match order.starts_on {
        Some(day) => day.max(today),
        None => schedule::starts_on(order.due, today, &work, centres)?,
    };
    order.starts_on = Some(start);
    schedule::lay_out(order, start, centres)?;
    let components: Vec<Component> = order
        .components
        .iter()
        .map(|own| Component { product: own.product, quantity: own.quantity })
        .collect();
    let goods = component_cost(tx, &components).await?;
    let mut total = goods;
    for operation in &work {
        let cost = centres.cost(operation.work_centre, operation.hours)?;
        total = total.map(|total| total + cost);
    }
    order.planned_cost = total;
    Ok(())
}

/// What components are expected to cost: at what they cost in stock, or else by their standard.
/// `None` when that of one of them is not known.
async fn component_cost(tx: &mut Tx, components: &[Component]) -> Result<Option<Money>> {
    let ids: Vec<Id<Product>> = components.iter().map(|component| component.product).collect();
    let costs = unit_costs(tx, &ids).await?;
    let exponent = exponent(tx).await?;
    let mut total = Money::ZERO;
    for (component, cost) in components.iter().zip(costs) {
        let amount = cost.and_then(|cost| cost.checked_mul(component.quantity.decimal()));
        match amount.and_then(|amount| Money::round(amount, exponent, Rounding::HalfUp)) {
            Some(amount) => total += amount,
            None => return Ok(None),
        }
    }
    Ok(Some(total))
}

/// What one of each product costs, as far as it is known.
pub(crate) async fn unit_costs(
    tx: &mut Tx,
    products: &[Id<Product>],
) -> Result<Vec<Option<Decimal>>> {
    if let Some(stock) = tx.ports().stock {
        let all = stock.availability(tx, products).await?;
        return Ok(all.into_iter().map(|one| one.unit_cost).collect());
    }
    let products = store::get_many::<Product>(tx, products).await?;
    let cost = |product: &Product| product.standard_cost.map(Money::decimal);
    Ok(products.iter().map(cost).collect())
}

/// Sets components aside, asks for what is missing; answers whether something is.
pub(crate) async fn set_aside(tx: &mut Tx, order: &mut Order, centres: &Centres) -> Result<bool> {
    let Some(stock) = tx.ports().stock else { return Ok(false) };
    let by = order.starts_on.unwrap_or(order.due);
    let line = |own: &OrderComponent| DemandLine {
        key: own.id.any(),
        product: own.product,
        quantity: own.quantity,
    };
    let demand = Demand {
        source: order.reference(),
        purpose: Purpose::Production,
        party: None,
        due: by,
        lines: order.components.iter().map(line).collect(),
    };
    let reserved = stock.demand(tx, demand).await?;
    let needs = needs(order, by, &reserved);
    if needs.is_empty() {
        return Ok(false);
    }
    let covered = supply::cover(tx, needs).await?;
    reschedule(tx, order, centres, &covered).await?;
    Ok(true)
}

fn needs(order: &Order, by: Date, reserved: &[Reserved]) -> Vec<Need> {
    let short = reserved.iter().filter(|reserved| reserved.short() > Quantity::ZERO);
    short
        .map(|reserved| Need {
            product: reserved.product,
            quantity: reserved.short(),
            by,
            source: order.reference(),
            key: reserved.key,
            choice: None,
        })
        .collect()
}

/// The order begins when the last of what is missing is there.
async fn reschedule(
    tx: &mut Tx,
    order: &mut Order,
    centres: &Centres,
    covered: &[Covered],
) -> Result<()> {
    let last = covered.iter().map(|covered| covered.ready_on).max();
    let start = order.starts_on.max(last);
    if start == order.starts_on {
        return Ok(());
    }
    order.starts_on = start;
    let day = start.unwrap_or(order.due);
    schedule::lay_out(order, day, centres)?;
    store::update(tx, order).await
}

/// The work centres of some operations.
pub(crate) async fn centres_of(tx: &mut Tx, work: &[Work]) -> Result<Centres> {
    let ids: BTreeSet<_> = work.iter().map(|work| work.work_centre).collect();
    let today = tx.today();
    Centres::load(tx, ids, today).await
}
