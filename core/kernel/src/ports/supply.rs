//! Make or buy: whoever can cover a shortage does so. Which way is said by the product's `supply`.

use std::collections::BTreeMap;
use std::sync::Arc;

use fondaco_values::{AnyId, Date, Decimal, Id, Quantity};
use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::module::DocRef;
use crate::shared::Product;
use crate::store;
use crate::tx::{Fut, Tx};

/// A quantity that is missing, and for what.
#[derive(Clone, Debug)]
pub struct Need {
    pub product: Id<Product>,
    pub quantity: Quantity,
    pub by: Date,
    /// The document that is short, and its line. Asking again makes no double.
    pub source: DocRef,
    pub key: AnyId,
    /// Before there is a variant: how the product would be configured.
    pub choice: Option<serde_json::Value>,
}

/// How a need will be met.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Covered {
    pub key: AnyId,
    pub document: DocRef,
    pub quantity: Quantity,
    pub ready_on: Date,
}

pub trait Supply: Send + Sync {
    /// The value of the product's `supply` that this provider serves: `make` or `buy`.
    fn way(&self) -> &'static str;

    /// Opens what is needed (production orders, purchase requests).
    fn cover<'t>(&'t self, tx: &'t mut Tx, needs: Vec<Need>) -> Fut<'t, Vec<Covered>>;

    /// Takes back what was opened for a document and has not begun.
    fn withdraw<'t>(&'t self, tx: &'t mut Tx, source: &'t DocRef) -> Fut<'t, ()>;

    /// When the quantity could be there, at what cost and what is short for it, if it were asked
    /// for now, after what was `taken` before. Nothing is opened.
    fn outlook<'t>(
        &'t self,
        tx: &'t mut Tx,
        need: &'t Need,
        taken: &'t mut Taken,
    ) -> Fut<'t, Outlook>;
}

/// What the needs of one question take of what is free. Nothing is reserved for a question, so
/// whoever asks about several needs counts, lest two of them are promised the same piece.
#[derive(Clone, Debug, Default)]
pub struct Taken(BTreeMap<Id<Product>, Quantity>);

impl Taken {
    /// What is left of so much that is free.
    pub fn left(&self, product: Id<Product>, free: Quantity) -> Quantity {
        let taken = self.0.get(&product).copied().unwrap_or_default();
        (free - taken).max(Quantity::ZERO)
    }

    /// Takes what is wanted as far as it is left; answers how much that was.
    pub fn take(&mut self, product: Id<Product>, wanted: Quantity, free: Quantity) -> Quantity {
        let there = wanted.min(self.left(product, free));
        *self.0.entry(product).or_default() += there;
        there
    }
}

/// What a need would meet with.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Outlook {
    pub ready_on: Option<Date>,
    /// Of one unit, in the company's currency.
    pub unit_cost: Option<Decimal>,
    /// The components it would take; none for what is bought.
    pub parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Part {
    pub product: Id<Product>,
    pub name: String,
    pub wanted: Quantity,
    pub free: Quantity,
}

impl Part {
    /// What is missing of it; what is promised to others already is not free.
    #[must_use]
    pub fn short(&self) -> Quantity {
        (self.wanted - self.free.max(Quantity::ZERO)).max(Quantity::ZERO)
    }
}

/// Hands each need to the provider of its product's way. Needs of products that nobody makes or
/// buys are left out of the answer: the caller shows them as a shortage.
pub async fn cover(tx: &mut Tx, needs: Vec<Need>) -> Result<Vec<Covered>> {
    let ids: Vec<Id<Product>> = needs.iter().map(|need| need.product).collect();
    let products = store::get_many::<Product>(tx, &ids).await?;
    let mut covered = Vec::new();
    for provider in tx.ports().supply {
        let mine = |product: &Product| product.supply == provider.way();
        let share: Vec<Need> = needs
            .iter()
            .zip(&products)
            .filter(|(_, product)| mine(product))
            .map(|(need, _)| need.clone())
            .collect();
        if !share.is_empty() {
            covered.extend(provider.cover(tx, share).await?);
        }
    }
    Ok(covered)
}

/// The provider that makes or buys this product, if one is switched on.
pub async fn provider(tx: &mut Tx, product: Id<Product>) -> Result<Option<Arc<dyn Supply>>> {
    let product = store::get::<Product>(tx, product).await?;
    Ok(tx.ports().supply.into_iter().find(|provider| provider.way() == product.supply))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_taken_twice() {
        let (frame, wheel) = (Id::new(1), Id::new(2));
        let mut taken = Taken::default();
        let n = Quantity::from_int;
        for (product, wanted, free, there, left) in [
            (frame, 2, 3, 2, 1),
            (frame, 2, 3, 1, 0),
            (frame, 2, 3, 0, 0),
            (wheel, 2, 3, 2, 1),
            // What is promised elsewhere beyond what is there is not free.
            (wheel, 1, -1, 0, 0),
        ] {
            assert_eq!(taken.take(product, n(wanted), n(free)), n(there), "{wanted} of {free}");
            assert_eq!(taken.left(product, n(free)), n(left), "{wanted} of {free}");
        }
    }
}
