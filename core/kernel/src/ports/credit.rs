//! How a customer stands: limit, what he owes, what is overdue, what is ordered and not invoiced.

use fondaco_values::{Id, Money};
use serde::{Deserialize, Serialize};

use crate::module::DocRef;
use crate::shared::Party;
use crate::tx::{Fut, Tx};

/// In the company's currency.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Standing {
    /// `None` = no limit was set.
    pub limit: Option<Money>,
    /// Posted and not paid.
    pub receivable: Money,
    /// The part of it that is past due.
    pub overdue: Money,
    /// Confirmed and not yet invoiced.
    pub held: Money,
}

impl Standing {
    pub fn exposure(&self) -> Money {
        self.receivable + self.held
    }

    /// What may still be ordered; `None` = without limit.
    pub fn free(&self) -> Option<Money> {
        self.limit.map(|limit| limit - self.exposure())
    }
}

pub trait Credit: Send + Sync {
    fn standing<'t>(&'t self, tx: &'t mut Tx, party: Id<Party>) -> Fut<'t, Standing>;

    /// Holds an amount (with tax) of a customer's limit for an order.
    ///
    /// # Errors
    /// A problem on `customer` with the figures when the limit would be passed.
    fn hold<'t>(
        &'t self,
        tx: &'t mut Tx,
        party: Id<Party>,
        source: DocRef,
        amount: Money,
    ) -> Fut<'t, ()>;

    /// Gives back up to `amount` of what is held for an order (it was invoiced); `None` = the rest.
    fn release<'t>(
        &'t self,
        tx: &'t mut Tx,
        source: &'t DocRef,
        amount: Option<Money>,
    ) -> Fut<'t, ()>;
}
