//! Getting the goods of an order: what is there is set aside, what is short is made or bought.
//! Asking again makes no double, so this is also how an order is planned anew.

use std::collections::HashMap;
use std::sync::Arc;

use fondaco_kernel::ports::stock::{Demand, DemandLine, Purpose};
use fondaco_kernel::ports::supply::{self, Need, Supply};
use fondaco_kernel::shared::Product;
use fondaco_kernel::store::{self, Filter};
use fondaco_kernel::trade::{self, Goods};
use fondaco_kernel::{Args, Outcome, Result, Tx, permissions::Allowed};
use fondaco_values::{AnyId, Date, Id, Quantity};

use super::{OrderLine, SalesOrder};
use fondaco_kernel::home::home;
use fondaco_kernel::measure;

/// How the goods of an order will be had.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Provision {
    /// Everything that can be counted is set aside.
    pub(crate) ready: bool,
    /// When the last of it will be there; `None` when something will not, or nobody can tell.
    pub(crate) ready_on: Option<Date>,
    /// Sentences for the user.
    pub(crate) notes: Vec<String>,
}

/// What is missing of a line, in base units.
#[derive(Clone, Debug, PartialEq)]
struct Short {
    key: AnyId,
    product: Id<Product>,
    quantity: Quantity,
}

/// The action: once more for whatever is still missing.
pub(crate) async fn plan(tx: &mut Tx, order: Allowed<SalesOrder>, _args: Args) -> Result<Outcome> {
    let order = order.into_inner();
    if order.lines.iter().all(|line| line.open().is_zero()) {
        return Ok(Outcome::says("Nothing of this order is waiting for goods."));
    }
    let home = home(tx).await?;
    let provision = provide(tx, &order).await?;
    // The warehouse may have told meanwhile that all is there.
    let mut order = store::get(tx, order.id).await?;
    if provision.ready && order.delivery_state.as_deref() == Some("waiting") {
        order.delivery_state = Some("ready".to_owned());
    }
    order.promised_on = provision.ready_on.map(|day| day.max(order.due())).or(order.promised_on);
    let (goods, invoices) = (trade::goods(tx), trade::billing(tx));
    order.refresh(goods, invoices, home.exponent);
    store::update(tx, &mut order).await?;
    let said = match provision.notes.is_empty() {
        true => "All goods are set aside.".to_owned(),
        false => provision.notes.join(" "),
    };
    Ok(Outcome::says(said))
}

pub(crate) async fn provide(tx: &mut Tx, order: &SalesOrder) -> Result<Provision> {
    let wanted = order.demand();
    if wanted.is_empty() {
        return Ok(Provision { ready_on: Some(tx.today()), ..Provision::default() });
    }
    let mut notes = Vec::new();
    let short = match trade::goods(tx) {
        Goods::Counted => set_aside(tx, order, wanted).await?,
        Goods::Uncounted => {
            notes.push("Goods are not counted, since the inventory is switched off.".to_owned());
            to_order(tx, wanted).await?
        }
    };
    let ready = short.is_empty() && trade::goods(tx) == Goods::Counted;
    let ready_on = cover(tx, order, short, &mut notes).await?;
    Ok(Provision { ready, ready_on, notes })
}

/// Has those who have come make or buy what is open of an order whose goods nobody counts.
pub(super) async fn provide_from(
    tx: &mut Tx,
    order: &SalesOrder,
    suppliers: &[Arc<dyn Supply>],
) -> Result<()> {
    let short = to_order(tx, order.demand()).await?;
    let products = products_of(tx, short.iter().map(|short| short.product)).await?;
    let is_theirs = |short: &Short| {
        let way = products.get(&short.product).map(|product| product.supply.as_str());
        suppliers.iter().any(|supplier| way == Some(supplier.way()))
    };
    let short = short.into_iter().filter(is_theirs).collect();
    cover(tx, order, short, &mut Vec::new()).await.map(drop)
}

/// What could not be set aside.
async fn set_aside(tx: &mut Tx, order: &SalesOrder, lines: Vec<DemandLine>) -> Result<Vec<Short>> {
    let Some(stock) = tx.ports().stock else { return Ok(Vec::new()) };
    let demand = Demand {
        source: order.source(),
        purpose: Purpose::Delivery,
        party: Some(order.customer),
        due: order.due(),
        lines,
    };
    let reserved = stock.demand(tx, demand).await?;
    let short = reserved.iter().filter(|line| line.short() > Quantity::ZERO);
    let short =
        short.map(|line| Short { key: line.key, product: line.product, quantity: line.short() });
    Ok(short.collect())
}

/// Nobody knows what is there: what is made or bought to order is asked for in full.
async fn to_order(tx: &mut Tx, lines: Vec<DemandLine>) -> Result<Vec<Short>> {
    let products = products_of(tx, lines.iter().map(|line| line.product)).await?;
    let on_order = |line: &DemandLine| {
        products.get(&line.product).is_some_and(|product| product.supply != "stock")
    };
    let short = lines.into_iter().filter(on_order).map(|line| Short {
        key: line.key,
        product: line.product,
        quantity: line.quantity,
    });
    Ok(short.collect())
}

/// Has what is short made or bought. Answers when the last of it comes.
async fn cover(
    tx: &mut Tx,
    order: &SalesOrder,
    short: Vec<Short>,
    notes: &mut Vec<String>,
) -> Result<Option<Date>> {
    if short.is_empty() {
        return Ok(Some(tx.today()));
    }
    let needs = short.iter().map(|short| Need {
        product: short.product,
        quantity: short.quantity,
        by: order.due(),
        source: order.source(),
        key: short.key,
        choice: None,
    });
    let covered = supply::cover(tx, needs.collect()).await?;
    let supplied = |short: &&Short| covered.iter().any(|covered| covered.key == short.key);
    let (supplied, missing): (Vec<&Short>, Vec<&Short>) = short.iter().partition(supplied);
    if !supplied.is_empty() {
        let names = named(tx, &supplied).await?;
        notes.push(format!("Not in stock and asked for: {names}."));
    }
    if !missing.is_empty() {
        let names = named(tx, &missing).await?;
        notes.push(format!("Short, and nobody makes or buys it: {names}."));
        return Ok(None);
    }
    Ok(covered.iter().map(|covered| covered.ready_on).max())
}

/// How many products a sentence names before it says "and others".
const NAMES_MAX: usize = 5;

async fn named(tx: &mut Tx, short: &[&Short]) -> Result<String> {
    let shown = &short[..short.len().min(NAMES_MAX)];
    let products = products_of(tx, shown.iter().map(|short| short.product)).await?;
    let name = |short: &&Short| {
        let product = products.get(&short.product);
        format!("{} × {}", short.quantity, product.map_or("?", |product| product.name.as_str()))
    };
    let mut names: Vec<String> = shown.iter().map(name).collect();
    if short.len() > NAMES_MAX {
        names.push(format!("and {} others", short.len() - NAMES_MAX));
    }
    Ok(names.join(", "))
}

pub(crate) async fn products_of(
    tx: &mut Tx,
    ids: impl Iterator<Item = Id<Product>>,
) -> Result<HashMap<Id<Product>, Product>> {
    let mut ids: Vec<Id<Product>> = ids.collect();
    ids.sort();
    ids.dedup();
    let products = store::find::<Product>(tx, Filter::new().is_in("id", ids)).await?;
    Ok(products.into_iter().map(|product| (product.id, product)).collect())
}

impl SalesOrder {
    /// The goods ordered, in base units. A demand is for the whole line: what is delivered of it is
    /// known to who delivers, but for what left while nobody counted.
    fn demand(&self) -> Vec<DemandLine> {
        let open = self.lines.iter().filter(|line| !line.open().is_zero());
        open.filter_map(OrderLine::demand).collect()
    }
}

impl OrderLine {
    /// `None` when the quantity is more than can be counted in base units.
    fn demand(&self) -> Option<DemandLine> {
        let quantity = measure::to_base(self.quantity - self.uncounted, self.factor)?;
        Some(DemandLine { key: self.id.any(), product: self.product, quantity })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::order::tests::{decimal, line, order, quantity};

    #[test]
    fn goods_that_are_not_delivered_are_demanded_whole() {
        let mut service = line(["1", "0", "0", "0", "0"]);
        service.goods = false;
        let mut dozens = line(["2", "0.5", "0", "0", "0"]);
        (dozens.id, dozens.factor) = (Id::new(7), decimal("12"));
        let delivered = line(["3", "3", "0", "0", "0"]);
        let mut by_hand = line(["5", "2", "0", "0", "0"]);
        (by_hand.id, by_hand.uncounted) = (Id::new(8), quantity("2"));
        let demand = order(vec![service, dozens, delivered, by_hand]).demand();
        let figures: Vec<(i64, Quantity)> =
            demand.iter().map(|line| (line.key.raw(), line.quantity)).collect();
        assert_eq!(figures, [(7, quantity("24")), (8, quantity("3"))]);
    }
}
