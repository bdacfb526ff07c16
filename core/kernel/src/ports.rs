//! How modules ask each other for things. A port is a small trait; the module that provides it is
//! found at run time, and `None` when it is switched off: the caller then does the sensible lesser
//! thing. This list and the list of events are the whole integration of CRM and ERP.

use std::sync::Arc;

pub mod billing;
pub mod books;
pub mod configuration;
pub mod credit;
pub mod orders;
pub mod overview;
pub mod people;
pub mod pricing;
pub mod stock;
pub mod supply;

pub use billing::Billing;
pub use books::Books;
pub use configuration::Configuration;
pub use credit::Credit;
pub use orders::Orders;
pub use overview::Overview;
pub use people::People;
pub use pricing::Pricing;
pub use stock::Stock;
pub use supply::Supply;

#[derive(Clone, Default)]
pub struct Ports {
    /// Provided by cpq; without it the list price holds (`pricing::prices`).
    pub pricing: Option<Arc<dyn Pricing>>,
    /// Provided by cpq; without it products are not configured.
    pub configuration: Option<Arc<dyn Configuration>>,
    /// Provided by sales; without it a won opportunity stays a won opportunity.
    pub orders: Option<Arc<dyn Orders>>,
    /// Provided by inventory; without it goods are not counted.
    pub stock: Option<Arc<dyn Stock>>,
    /// Provided by manufacturing (make) and purchasing (buy); without them a shortage is only shown.
    pub supply: Vec<Arc<dyn Supply>>,
    /// Provided by accounting; without it orders count what was invoiced elsewhere as nothing.
    pub billing: Option<Arc<dyn Billing>>,
    /// Provided by accounting; without it there is no credit check.
    pub credit: Option<Arc<dyn Credit>>,
    /// Provided by accounting; without it goods have a value in the stock book only.
    pub books: Option<Arc<dyn Books>>,
    /// Provided by hr; without it work has the rate of its work centre.
    pub people: Option<Arc<dyn People>>,
    /// A section each of a party's page.
    pub overview: Vec<Arc<dyn Overview>>,
}
