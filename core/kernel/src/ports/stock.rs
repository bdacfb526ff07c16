//! Goods: what is there and promised, what is demanded and delivered, expected and received, what
//! production takes and gives. Quantities are in the product's base unit; values in the company's
//! currency. What is done is told by events:
//! `inventory.delivery.done`, `inventory.receipt.done` (payload [`Moved`] under `moved`) and
//! `inventory.demand.ready` (payload `source`), when a demand that waited is reserved in full.

use fondaco_values::{AnyId, Date, Decimal, Id, Money, Quantity};
use serde::{Deserialize, Serialize};

use crate::module::DocRef;
use crate::shared::{Party, Product};
use crate::tx::{Fut, Tx};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Availability {
    pub product: Id<Product>,
    /// In all own places.
    pub on_hand: Quantity,
    pub reserved: Quantity,
    /// On hand and not promised to anybody: `on_hand - reserved`.
    pub free: Quantity,
    /// Expected from suppliers and production.
    pub incoming: Quantity,
    /// Average cost of one unit; `None` where nothing is on hand and no standard cost is known.
    pub unit_cost: Option<Decimal>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// For a customer: a delivery is opened.
    Delivery,
    /// For production: components are set aside.
    Production,
}

/// Goods wanted by a document.
#[derive(Clone, Debug)]
pub struct Demand {
    pub source: DocRef,
    pub purpose: Purpose,
    pub party: Option<Id<Party>>,
    pub due: Date,
    pub lines: Vec<DemandLine>,
}

#[derive(Clone, Debug)]
pub struct DemandLine {
    /// The line of the source; comes back with everything that happens to it.
    pub key: AnyId,
    pub product: Id<Product>,
    pub quantity: Quantity,
}

/// What of a demand could be set aside at once.
#[derive(Clone, Debug)]
pub struct Reserved {
    pub key: AnyId,
    pub product: Id<Product>,
    pub wanted: Quantity,
    pub reserved: Quantity,
}

impl Reserved {
    pub fn short(&self) -> Quantity {
        self.wanted - self.reserved
    }
}

/// Goods that a supplier will bring, or a customer bring back.
#[derive(Clone, Debug)]
pub struct Expected {
    pub source: DocRef,
    pub party: Option<Id<Party>>,
    pub due: Date,
    pub lines: Vec<ExpectedLine>,
}

#[derive(Clone, Debug)]
pub struct ExpectedLine {
    pub key: AnyId,
    pub product: Id<Product>,
    pub quantity: Quantity,
    /// In the company's currency; `None` = at what they cost when they left (returns).
    pub unit_cost: Option<Decimal>,
}

/// What has moved for a document, with its exact value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Moved {
    pub source: DocRef,
    pub lines: Vec<MovedLine>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MovedLine {
    pub key: AnyId,
    pub product: Id<Product>,
    pub quantity: Quantity,
    pub value: Money,
}

/// What production gives.
#[derive(Clone, Debug)]
pub struct Output {
    pub source: DocRef,
    pub key: AnyId,
    pub product: Id<Product>,
    pub quantity: Quantity,
    /// All that went into it: the value at which it enters the stock.
    pub value: Money,
}

pub trait Stock: Send + Sync {
    /// One answer a product, in their order.
    fn availability<'t>(
        &'t self,
        tx: &'t mut Tx,
        products: &'t [Id<Product>],
    ) -> Fut<'t, Vec<Availability>>;

    /// Sets aside what is there, opens what will carry it out (a delivery for a customer), and
    /// keeps waiting for the rest. Asking again for the same source only adds what is new.
    fn demand<'t>(&'t self, tx: &'t mut Tx, demand: Demand) -> Fut<'t, Vec<Reserved>>;

    /// Gives back whatever a document has demanded or expected and not yet got.
    fn withdraw<'t>(&'t self, tx: &'t mut Tx, source: &'t DocRef) -> Fut<'t, ()>;

    /// Opens a receipt from a supplier.
    fn expect<'t>(&'t self, tx: &'t mut Tx, expected: Expected) -> Fut<'t, DocRef>;

    /// Opens the return of goods from a customer.
    fn expect_return<'t>(&'t self, tx: &'t mut Tx, expected: Expected) -> Fut<'t, DocRef>;

    /// Takes what a production order has demanded out of the stock, `share` of each line
    /// (part, whole); answers the value taken.
    fn issue<'t>(
        &'t self,
        tx: &'t mut Tx,
        source: &'t DocRef,
        share: (Quantity, Quantity),
    ) -> Fut<'t, Moved>;

    /// Adds the value of work to what is in production for a document; below zero it takes back
    /// what was added too much.
    fn add_work<'t>(
        &'t self,
        tx: &'t mut Tx,
        source: &'t DocRef,
        product: Id<Product>,
        value: Money,
    ) -> Fut<'t, ()>;

    /// Takes finished goods into the stock at the value that went into them, then serves who waits.
    fn produce<'t>(&'t self, tx: &'t mut Tx, output: Output) -> Fut<'t, Moved>;
}
