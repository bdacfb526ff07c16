//! A product as this module needs it: what prices start from, and what a variant takes over.

use fondaco_kernel::Record;
use fondaco_kernel::shared::{Product, ProductCategory, TaxCode, Unit};
use fondaco_kernel::values::{Decimal, Id, Money};
use serde_json::Value as Json;

#[derive(Record, Clone, Debug)]
#[record("product")]
pub(crate) struct Item {
    pub(crate) id: Id<Item>,
    pub(crate) code: String,
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) category: Option<Id<ProductCategory>>,
    pub(crate) unit: Id<Unit>,
    pub(crate) cost_method: String,
    pub(crate) supply: String,
    /// In the company's currency.
    pub(crate) list_price: Money,
    pub(crate) standard_cost: Option<Money>,
    pub(crate) weight: Option<Decimal>,
    pub(crate) lot_policy: String,
    pub(crate) tax_code: Option<Id<TaxCode>>,
    pub(crate) purchase_tax_code: Option<Id<TaxCode>>,
    pub(crate) variant_of: Option<Id<Product>>,
    pub(crate) choice: Option<Json>,
    pub(crate) choice_key: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) active: bool,
}

impl Item {
    pub(crate) fn product(&self) -> Id<Product> {
        self.id.cast()
    }

    /// The product whose options, price lists and volumes count: of a variant what it was made from.
    pub(crate) fn root(&self) -> Id<Product> {
        self.variant_of.unwrap_or(self.product())
    }

    pub(crate) fn is_configurable(&self) -> bool {
        self.kind == "configurable"
    }

    /// Goods are there or not; a service is always possible.
    pub(crate) fn is_counted(&self) -> bool {
        self.kind != "service"
    }

    /// How a shortage is met. What is configured cannot lie in stock before it was asked for, so it
    /// is made unless it is bought.
    pub(crate) fn way(&self) -> &str {
        if self.is_configurable() && self.supply == "stock" { "make" } else { &self.supply }
    }
}
