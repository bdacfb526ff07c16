//! Configured products: whether a choice is possible, and what it takes to make one unit.
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

    fn recipe<'t>(
        &'t self,
        tx: &'t mut Tx,
        product: Id<Product>,
        choice: &'t serde_json::Value,
    ) -> Fut<'t, Recipe>;
}
