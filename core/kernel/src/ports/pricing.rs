//! What a product costs this party, today, so many, configured so: with every step of the way.

use fondaco_values::{Date, Decimal, Id, Quantity};
use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::plugins;
use crate::shared::{Currency, Party, Product};
use crate::store;
use crate::tx::{Fut, Tx};

#[derive(Clone, Debug)]
pub struct PriceAsk {
    pub product: Id<Product>,
    pub party: Option<Id<Party>>,
    pub quantity: Quantity,
    pub on: Date,
    pub currency: Id<Currency>,
    /// How a configurable product was configured (`configuration`).
    pub choice: Option<serde_json::Value>,
}

/// Prices are for one unit of the product, before tax, in the currency asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Price {
    /// With all options, before any discount.
    pub list: Decimal,
    pub net: Decimal,
    /// From the base price to the net price; the changes add up.
    pub steps: Vec<PriceStep>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PriceStep {
    pub label: String,
    pub kind: StepKind,
    pub change: Decimal,
    pub unit_price: Decimal,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepKind {
    Base,
    Option,
    PriceList,
    Volume,
    Discount,
    Plugin,
}

impl StepKind {
    /// As it is written where programs read it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            StepKind::Base => "base",
            StepKind::Option => "option",
            StepKind::PriceList => "price_list",
            StepKind::Volume => "volume",
            StepKind::Discount => "discount",
            StepKind::Plugin => "plugin",
        }
    }
}

pub trait Pricing: Send + Sync {
    /// One price for each question, in their order.
    fn prices<'t>(&'t self, tx: &'t mut Tx, asks: &'t [PriceAsk]) -> Fut<'t, Vec<Price>>;
}

/// The prices: from the module that knows them, or else the list price of each product.
pub async fn prices(tx: &mut Tx, asks: &[PriceAsk]) -> Result<Vec<Price>> {
    if let Some(pricing) = tx.ports().pricing {
        return pricing.prices(tx, asks).await;
    }
    let ids: Vec<Id<Product>> = asks.iter().map(|ask| ask.product).collect();
    let products = store::get_many::<Product>(tx, &ids).await?;
    let prices = products.iter().map(|product| list_price(product.list_price.decimal()));
    let mut prices: Vec<Price> = prices.collect();
    plugins_steps(tx, asks, &mut prices).await?;
    Ok(prices)
}

/// Adds what plugins make of prices. For whoever provides the port: after the own steps, and before
/// anything that somebody gives by hand.
///
/// # Errors
/// `Conflict` when a plugin failed that has to be asked.
pub async fn plugins_steps(tx: &mut Tx, asks: &[PriceAsk], prices: &mut [Price]) -> Result<()> {
    plugins::price::steps(tx, asks, prices).await
}

fn list_price(price: Decimal) -> Price {
    let base = PriceStep {
        label: "List price".to_owned(),
        kind: StepKind::Base,
        change: price,
        unit_price: price,
    };
    Price { list: price, net: price, steps: vec![base] }
}
