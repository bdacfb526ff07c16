//! The port `supply`, way `make`: production orders for what is missing, and what making would mean
//! in dates, cost and components.

use std::collections::BTreeMap;

use fondaco_kernel::module::Args;
use fondaco_kernel::ports::Supply;
use fondaco_kernel::ports::supply::{self, Covered, Need, Outlook, Part, Taken};
use fondaco_kernel::shared::Product;
use fondaco_kernel::store::{self, Filter};
use fondaco_kernel::tx::Fut;
use fondaco_kernel::{DocRef, Result, Tx, rollout};
use fondaco_values::{AnyId, Date, Decimal, Id, Quantity, Rounding, round};

use crate::order::Order;
use crate::release::{centres_of, unit_costs};
use crate::schedule;
use crate::takes::{Component, Make, takes};

pub(crate) struct Making;

impl Supply for Making {
    fn way(&self) -> &'static str {
        "make"
    }

    fn cover<'t>(&'t self, tx: &'t mut Tx, needs: Vec<Need>) -> Fut<'t, Vec<Covered>> {
        Box::pin(cover(tx, needs))
    }

    fn withdraw<'t>(&'t self, tx: &'t mut Tx, source: &'t DocRef) -> Fut<'t, ()> {
        Box::pin(withdraw(tx, source))
    }

    fn outlook<'t>(
        &'t self,
        tx: &'t mut Tx,
        need: &'t Need,
        taken: &'t mut Taken,
    ) -> Fut<'t, Outlook> {
        Box::pin(outlook(tx, need, taken))
    }
}

/// The orders of a source that were not cancelled, oldest first.
async fn orders_of(tx: &mut Tx, source: &DocRef) -> Result<Vec<Order>> {
    let filter = Filter::new().eq("source_id", source.id.raw()).ne("state", "cancelled").sort("id");
    let mut orders = store::find::<Order>(tx, filter).await?;
    orders.retain(|order| order.source_model.as_deref() == Some(&source.model));
    Ok(orders)
}

/// Opens an order for what of each need no order is open for yet, and releases it.
async fn cover(tx: &mut Tx, needs: Vec<Need>) -> Result<Vec<Covered>> {
    let mut known: BTreeMap<(String, i64), Vec<Order>> = BTreeMap::new();
    let mut covered = Vec::with_capacity(needs.len());
    for need in needs {
        let source = (need.source.model.clone(), need.source.id.raw());
        if !known.contains_key(&source) {
            let orders = orders_of(tx, &need.source).await?;
            known.insert(source.clone(), orders);
        }
        let orders = known.entry(source).or_default();
        let product = product_of(tx, &need).await?;
        let same =
            |order: &&Order| order.source_key == Some(need.key.raw()) && order.product == product;
        // What was finished and is short all the same is needed once more.
        let open = |order: &&Order| order.state != "done";
        let there: Quantity = orders.iter().filter(same).filter(open).map(Order::left).sum();
        let last = orders.iter().filter(same).rfind(open).cloned();
        let order = match (need.quantity - there, last) {
            (more, Some(last)) if more <= Quantity::ZERO => last,
            (more, _) => {
                let order = open_order(tx, &need, product, more).await?;
                orders.push(order.clone());
                order
            }
        };
        covered.push(Covered {
            key: need.key,
            document: order.reference(),
            quantity: need.quantity,
            ready_on: order.ready_on.unwrap_or(need.by),
        });
    }
    Ok(covered)
}

/// The product to be made: the variant, where a choice was made.
async fn product_of(tx: &mut Tx, need: &Need) -> Result<Id<Product>> {
    match (&need.choice, tx.ports().configuration) {
        (Some(choice), Some(port)) => port.variant(tx, need.product, choice).await,
        _ => Ok(need.product),
    }
}

/// An order for a need. Without a bill of materials it stays a draft for the planner.
async fn open_order(
    tx: &mut Tx,
    need: &Need,
    product: Id<Product>,
    quantity: Quantity,
) -> Result<Order> {
    let mut order = Order::new(product, quantity, need.by);
    order.source_model = Some(need.source.model.clone());
    order.source_id = Some(need.source.id.raw());
    order.source_key = Some(need.key.raw());
    let id = store::insert(tx, &mut order).await?;
    if !can_be_made(tx, product, quantity).await? {
        return Ok(order);
    }
    store::perform(tx, id, "release", Args::default()).await?;
    store::get(tx, id).await
}

pub(crate) async fn can_be_made(
    tx: &mut Tx,
    product: Id<Product>,
    quantity: Quantity,
) -> Result<bool> {
    let product = store::get::<Product>(tx, product).await?;
    // What goes into a variant those know who configured it.
    if product.choice.is_some() && tx.ports().configuration.is_none() {
        return Ok(false);
    }
    let on = tx.today();
    let make = Make { product: &product, quantity, on, bom: None, choice: None };
    let takes = takes(tx, &make).await?;
    Ok(!takes.components.is_empty() || !takes.operations.is_empty())
}

/// Cancels what was opened for a document and has not begun.
async fn withdraw(tx: &mut Tx, source: &DocRef) -> Result<()> {
    for order in orders_of(tx, source).await? {
        if !order.has_begun() {
            store::perform(tx, order.id, "cancel", Args::default()).await?;
        }
    }
    Ok(())
}

/// Cancels what was opened for documents that ended while nobody made anything.
pub(crate) async fn let_go(tx: &mut Tx) -> Result<()> {
    let planned = Filter::new().is_in("state", ["draft", "waiting", "ready"]).not_null("source_id");
    for order in store::find::<Order>(tx, planned).await? {
        let Some((model, id)) = order.source_model.zip(order.source_id) else { continue };
        if rollout::is_over(tx, &DocRef { model, id: AnyId::new(id) }).await? {
            store::perform(tx, order.id, "cancel", Args::default()).await?;
        }
    }
    Ok(())
}

/// What making would mean now.
async fn outlook(tx: &mut Tx, need: &Need, taken: &mut Taken) -> Result<Outlook> {
    let product = store::get::<Product>(tx, need.product).await?;
    let today = tx.today();
    let make = Make {
        product: &product,
        quantity: need.quantity,
        on: today,
        bom: None,
        choice: need.choice.as_ref(),
    };
    let takes = takes(tx, &make).await?;
    if takes.components.is_empty() && takes.operations.is_empty() {
        return Ok(Outlook::default());
    }
    let goods = components(tx, need, &takes.components, taken).await?;
    let centres = centres_of(tx, &takes.operations).await?;
    let ready_on = match goods.there_on {
        Some(day) => Some(schedule::ready_on(day.max(today), &takes.operations, &centres)?),
        None => None,
    };
    let mut cost = goods.cost;
    for work in &takes.operations {
        let hours = centres.cost(work.work_centre, work.hours)?;
        cost = cost.map(|cost| cost + hours.decimal());
    }
    let each = cost.and_then(|cost| cost.checked_div(need.quantity.decimal()));
    Ok(Outlook {
        ready_on,
        unit_cost: each.map(|each| round(each, 6, Rounding::HalfUp).normalize()),
        parts: goods.parts,
    })
}

/// What the components would mean.
struct Goods {
    parts: Vec<Part>,
    /// The day on which the last of them is there; `None` when one comes from nowhere.
    there_on: Option<Date>,
    /// Of all of them; `None` when that of one is not known.
    cost: Option<Decimal>,
}

async fn components(
    tx: &mut Tx,
    need: &Need,
    wanted: &[Component],
    taken: &mut Taken,
) -> Result<Goods> {
    let ids: Vec<Id<Product>> = wanted.iter().map(|component| component.product).collect();
    let products = store::get_many::<Product>(tx, &ids).await?;
    let free = free(tx, &ids).await?;
    let costs = unit_costs(tx, &ids).await?;
    let mut goods =
        Goods { parts: Vec::new(), there_on: Some(tx.today()), cost: Some(Decimal::ZERO) };
    for (n, component) in wanted.iter().enumerate() {
        let product = &products[n];
        let left = free[n].map(|free| taken.left(product.id, free));
        let there = match free[n] {
            Some(free) => taken.take(product.id, component.quantity, free),
            None => component.quantity,
        };
        let short = component.quantity - there;
        let coming = match short > Quantity::ZERO {
            true => {
                let missing =
                    Need { product: product.id, quantity: short, choice: None, ..need.clone() };
                short_of(tx, &missing, taken).await?
            }
            false => Outlook { ready_on: goods.there_on, ..Outlook::default() },
        };
        goods.there_on = goods.there_on.zip(coming.ready_on).map(|(a, b)| a.max(b));
        let known = costs[n].or(coming.unit_cost);
        let more = coming.unit_cost.or(costs[n]).map(|cost| cost * short.decimal());
        let own = known.map(|cost| cost * there.decimal()).zip(more).map(|(a, b)| a + b);
        goods.cost = goods.cost.zip(own).map(|(a, b)| a + b);
        if product.is_goods() {
            goods.parts.push(Part {
                product: product.id,
                name: product.name.clone(),
                wanted: component.quantity,
                free: left.unwrap_or(Quantity::ZERO),
            });
        }
    }
    Ok(goods)
}

/// What is free of each product; `None` when nobody counts.
async fn free(tx: &mut Tx, products: &[Id<Product>]) -> Result<Vec<Option<Quantity>>> {
    match tx.ports().stock {
        Some(stock) => {
            let all = stock.availability(tx, products).await?;
            Ok(all.into_iter().map(|one| Some(one.free)).collect())
        }
        None => Ok(vec![None; products.len()]),
    }
}

/// When and at what cost what is missing of a component could be there.
async fn short_of(tx: &mut Tx, missing: &Need, taken: &mut Taken) -> Result<Outlook> {
    match supply::provider(tx, missing.product).await? {
        Some(provider) => provider.outlook(tx, missing, taken).await,
        None => Ok(Outlook::default()),
    }
}
