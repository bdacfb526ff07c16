//! Configured products: whether a choice is possible, what it takes to make one unit, and the
//! variant (a product of its own) that stands for it in orders, stock and production.
//! A choice travels as JSON that only the provider reads.

use fondaco_values::{Id, Problem, Quantity};
use serde::{Deserialize, Serialize};

use crate::shared::Product;
use crate::tx::{Fut, Tx};

/// Bill of materials and routing that follow from a choice, for one unit.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Recipe {
    /// Codes of the chosen options; bills of materials may ask for them.
    pub options: Vec<String>,
    pub components: Vec<Component>,
    pub operations: Vec<Operation>,
    /// In words, for documents.
    pub description: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Component {
    pub product: Id<Product>,
    pub quantity: Quantity,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Operation {
    pub name: String,
    /// Code of the work centre.
    pub work_centre: String,
    pub hours: Quantity,
}

pub trait Configuration: Send + Sync {
    /// Everything that is wrong with a choice, with its reason; nothing when it is possible.
    fn check<'t>(
        &'t self,
        tx: &'t mut Tx,
        product: Id<Product>,
        choice: &'t serde_json::Value,
    ) -> Fut<'t, Vec<Problem>>;

    /// What the choice takes, beyond what the product's own bill of materials says.
    fn recipe<'t>(
        &'t self,
        tx: &'t mut Tx,
        product: Id<Product>,
        choice: &'t serde_json::Value,
    ) -> Fut<'t, Recipe>;

    /// The product that stands for this choice: the same choice gives the same variant.
    /// Its `variant_of` and `choice` say where it comes from.
    fn variant<'t>(
        &'t self,
        tx: &'t mut Tx,
        product: Id<Product>,
        choice: &'t serde_json::Value,
    ) -> Fut<'t, Id<Product>>;
}
