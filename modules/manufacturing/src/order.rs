//! Production orders: opened, cancelled, and told when their components have come.
//! Not here: releasing (`release`), the work on the shop floor (`floor`), opening by need (`supply`).

use fondaco_kernel::events::Event;
use fondaco_kernel::module::{Args, Outcome};
use fondaco_kernel::permissions::Allowed;
use fondaco_kernel::shared::Product;
use fondaco_kernel::store;
use fondaco_kernel::{DocRef, Record, Result, Tx};
use fondaco_values::{Date, Id, Money, Quantity};

use crate::bom::Bom;
use crate::work_centre::WorkCentre;

pub(crate) const MODEL: &str = "manufacturing.order";

#[derive(Record, Clone, Debug)]
#[record("manufacturing.order")]
pub struct Order {
    pub id: Id<Order>,
    pub version: i64,
    pub number: Option<String>,
    pub state: String,
    pub product: Id<Product>,
    pub quantity: Quantity,
    pub finished: Quantity,
    /// Components for so many were taken out.
    pub issued: Quantity,
    pub due: Date,
    pub starts_on: Option<Date>,
    pub ready_on: Option<Date>,
    pub done_on: Option<Date>,
    pub bom: Option<Id<Bom>>,
    pub configuration: Option<String>,
    pub components: Vec<OrderComponent>,
    pub operations: Vec<OrderOperation>,
    /// Whether inventory counts its goods.
    pub stocked: bool,
    pub component_cost: Money,
    pub work_cost: Money,
    /// What has gone into the finished goods so far.
    pub finished_cost: Money,
    pub planned_cost: Option<Money>,
    pub source_model: Option<String>,
    pub source_id: Option<i64>,
    pub source_key: Option<i64>,
    pub reason: Option<String>,
}

#[derive(Record, Clone, Debug)]
#[record("manufacturing.order_component")]
pub struct OrderComponent {
    pub id: Id<OrderComponent>,
    pub product: Id<Product>,
    pub quantity: Quantity,
    pub issued: Quantity,
    pub value: Money,
}

#[derive(Record, Clone, Debug)]
#[record("manufacturing.order_operation")]
pub struct OrderOperation {
    pub id: Id<OrderOperation>,
    pub name: String,
    pub work_centre: Id<WorkCentre>,
    pub planned_hours: Quantity,
    pub starts_on: Option<Date>,
    pub ends_on: Option<Date>,
    pub hours: Quantity,
    pub cost: Money,
}

impl Order {
    /// A draft for so many of a product.
    pub(crate) fn new(product: Id<Product>, quantity: Quantity, due: Date) -> Order {
        Order {
            id: Id::default(),
            version: 0,
            number: None,
            state: "draft".to_owned(),
            product,
            quantity,
            finished: Quantity::ZERO,
            issued: Quantity::ZERO,
            due,
            starts_on: None,
            ready_on: None,
            done_on: None,
            bom: None,
            configuration: None,
            components: Vec::new(),
            operations: Vec::new(),
            stocked: false,
            component_cost: Money::ZERO,
            work_cost: Money::ZERO,
            finished_cost: Money::ZERO,
            planned_cost: None,
            source_model: None,
            source_id: None,
            source_key: None,
            reason: None,
        }
    }

    pub(crate) fn reference(&self) -> DocRef {
        DocRef::new(MODEL, self.id)
    }

    pub(crate) fn left(&self) -> Quantity {
        self.quantity - self.finished
    }

    /// What has gone in and is not finished.
    pub(crate) fn in_work(&self) -> Money {
        self.component_cost + self.work_cost - self.finished_cost
    }

    pub(crate) fn has_begun(&self) -> bool {
        !matches!(self.state.as_str(), "draft" | "waiting" | "ready")
    }

    /// What it says when inventory is off.
    pub(crate) const UNCOUNTED: &'static str = "Inventory is switched off, so no components and no goods are moved; the order only plans \
         and reports.";
}

/// Gives back what was set aside and asked for; nothing has been taken out yet.
pub(crate) async fn cancel(tx: &mut Tx, order: Allowed<Order>, args: Args) -> Result<Outcome> {
    let mut order = order.into_inner();
    take_back(tx, &order).await?;
    order.reason = args.text("reason").map(str::to_owned);
    store::update(tx, &mut order).await?;
    Ok(Outcome::done())
}

/// Takes back what the order has demanded of stock and of those who supply it.
pub(crate) async fn take_back(tx: &mut Tx, order: &Order) -> Result<()> {
    let source = order.reference();
    if let Some(stock) = tx.ports().stock {
        stock.withdraw(tx, &source).await?;
    }
    for provider in tx.ports().supply {
        provider.withdraw(tx, &source).await?;
    }
    Ok(())
}

/// The components of a waiting order are all set aside now.
pub(crate) async fn components_came(tx: &mut Tx, event: &Event) -> Result<()> {
    let source: DocRef = event.read("source")?;
    if source.model != MODEL {
        return Ok(());
    }
    let order = store::try_get::<Order>(tx, source.id.cast()).await?;
    match order.filter(|order| order.state == "waiting") {
        Some(order) => store::perform(tx, order.id, "prepare", Args::default()).await.map(drop),
        None => Ok(()),
    }
}
