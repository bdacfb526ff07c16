//! What a movement of goods means in money: the lines of the general book that belong into the
//! same entry. Value moves between places; accounting knows the accounts.

use fondaco_values::{Date, Id, Money};

use crate::ledger;
use crate::shared::{Party, Product};
use crate::tx::{Fut, Tx};

/// Where value is, as accounting sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    Stock,
    /// Received and not yet billed.
    Supplier,
    /// Cost of what was sold.
    Customer,
    /// Work in progress.
    Production,
    /// Gains and losses at counts.
    Adjustment,
    /// Work absorbed into products.
    Work,
    /// Stock that was there before the books were opened.
    Opening,
}

#[derive(Clone, Debug)]
pub struct ValueMove {
    pub product: Id<Product>,
    pub party: Option<Id<Party>>,
    pub from: Place,
    pub to: Place,
    /// In the company's currency, positive.
    pub value: Money,
}

pub trait Books: Send + Sync {
    /// Balanced lines of the general book, two for each move.
    fn lines<'t>(&'t self, tx: &'t mut Tx, moves: &'t [ValueMove]) -> Fut<'t, Vec<ledger::Line>>;

    /// The first day that the books show. What moved before is one opening entry, and what was
    /// invoiced and billed before is none of their business.
    fn open_from<'t>(&'t self, tx: &'t mut Tx) -> Fut<'t, Date>;
}
