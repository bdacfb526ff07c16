//! Products as stock sees them: whether they are counted, how they are valued, whether they need lots.
//! Not here: keeping products (a shared model of the kernel).

use std::collections::{BTreeSet, HashMap};

use fondaco_kernel::shared::{Company, Currency, Product};
use fondaco_kernel::store;
use fondaco_kernel::{Error, Result, Tx};
use fondaco_values::{Decimal, Id, Money, Problem, Quantity};

use crate::valuation::Method;

/// The products of a document, by id.
#[derive(Debug, Default)]
pub(crate) struct Goods {
    by_id: HashMap<Id<Product>, Product>,
}

impl Goods {
    pub(crate) async fn load(tx: &mut Tx, products: BTreeSet<Id<Product>>) -> Result<Goods> {
        let ids: Vec<Id<Product>> = products.into_iter().collect();
        let found = store::get_many::<Product>(tx, &ids).await?;
        Ok(Goods { by_id: found.into_iter().map(|product| (product.id, product)).collect() })
    }

    pub(crate) fn get(&self, id: Id<Product>) -> Result<&Product> {
        self.by_id.get(&id).ok_or_else(|| Error::not_found("product", id))
    }

    pub(crate) fn name(&self, id: Id<Product>) -> &str {
        self.by_id.get(&id).map_or("", |product| product.name.as_str())
    }

    pub(crate) fn ids(&self) -> Vec<Id<Product>> {
        self.by_id.keys().copied().collect()
    }

    pub(crate) fn is_goods(&self, id: Id<Product>) -> bool {
        self.by_id.get(&id).is_some_and(Product::is_goods)
    }

    pub(crate) fn method(&self, id: Id<Product>) -> Method {
        self.by_id.get(&id).map_or(Method::Average, method)
    }

    /// What is wrong with a line of a document: not counted at all, or a quantity that cannot move.
    pub(crate) fn faults(
        &self,
        line: usize,
        product: Id<Product>,
        quantity: Quantity,
    ) -> Vec<Problem> {
        let Some(found) = self.by_id.get(&product) else { return Vec::new() };
        let mut faults = Vec::new();
        let name = &found.name;
        if !found.is_goods() {
            let message = match found.kind.as_str() {
                "configurable" => {
                    format!("{name} is configured first; choose the configured product.")
                }
                _ => format!("{name} is a service, which no stock counts; leave it out."),
            };
            faults.push(Problem::new(format!("lines[{line}].product"), "not_goods", message));
        }
        if quantity <= Quantity::ZERO {
            let message = format!("Say how many of {name}: more than zero.");
            faults.push(Problem::new(format!("lines[{line}].quantity"), "positive", message));
        }
        if found.lot_policy == "serial" && quantity.scaled() % Quantity::ONE.scaled() != 0 {
            let message = format!("{name} has serial numbers, so it moves in whole pieces.");
            faults.push(Problem::new(format!("lines[{line}].quantity"), "whole", message));
        }
        faults
    }
}

pub(crate) fn method(product: &Product) -> Method {
    match product.cost_method.as_str() {
        "standard" => Method::Standard { unit_cost: standard_cost(product) },
        _ => Method::Average,
    }
}

fn standard_cost(product: &Product) -> Decimal {
    product.standard_cost.unwrap_or(Money::ZERO).decimal()
}

/// Whether what comes in needs the number of a lot.
pub(crate) fn needs_lot(product: &Product) -> bool {
    product.lot_policy != "none"
}

/// The company's currency and its decimals.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Coin {
    pub(crate) id: Id<Currency>,
    pub(crate) exponent: u8,
}

impl Coin {
    pub(crate) async fn load(tx: &mut Tx) -> Result<Coin> {
        let company = tx.ctx().company();
        let company = store::get::<Company>(tx, company).await?;
        let currency = store::get::<Currency>(tx, company.currency).await?;
        Ok(Coin { id: currency.id, exponent: currency.decimals() })
    }

    pub(crate) fn money(self, minor: i64) -> Money {
        Money::from_minor(minor, self.exponent)
    }

    /// Minor units of an amount, rounded half away from zero where it has more decimals.
    pub(crate) fn minor(self, money: Money) -> i64 {
        crate::valuation::worth(Quantity::ONE, money.decimal(), self.exponent)
    }
}
