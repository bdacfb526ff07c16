//! Configured products: whether a choice is possible, what it takes to make one unit, and the
//! variant (a product of its own) that stands for it in orders, stock and production.
//! A choice travels as JSON that only the provider reads.

use fondaco_values::{Id, Money, Problem, Quantity};
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

/// What may be chosen of a product, and how a choice stands.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Offered {
    /// In the order in which they are shown.
    pub groups: Vec<OfferedGroup>,
    /// The choice as it was read, completed with what is preselected.
    pub choice: serde_json::Value,
    /// Everything that is wrong with it; nothing when it is possible.
    pub problems: Vec<Problem>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OfferedGroup {
    pub code: String,
    pub name: String,
    /// How many options one takes here at least and at most.
    pub least: usize,
    pub most: usize,
    pub options: Vec<OfferedOption>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OfferedOption {
    /// As a choice names it.
    pub code: String,
    pub name: String,
    /// Added to the base price, in the company's currency.
    pub price: Money,
    pub chosen: bool,
    /// Why it does not go with the rest of what is chosen; it may still be chosen, and the rest changed.
    pub refusal: Option<String>,
}

pub trait Configuration: Send + Sync {
    /// What may be chosen, and everything that is wrong with a choice, with its reason.
    fn offer<'t>(
        &'t self,
        tx: &'t mut Tx,
        product: Id<Product>,
        choice: &'t serde_json::Value,
    ) -> Fut<'t, Offered>;

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
