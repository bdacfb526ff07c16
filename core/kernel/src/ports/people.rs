//! People: who leads whom, who is away, what an hour costs.

use fondaco_values::{Date, Id, Money};

use crate::shared::User;
use crate::tx::{Fut, Tx};

pub trait People: Send + Sync {
    fn manager_of<'t>(&'t self, tx: &'t mut Tx, user: Id<User>) -> Fut<'t, Option<Id<User>>>;

    fn is_away<'t>(&'t self, tx: &'t mut Tx, user: Id<User>, on: Date) -> Fut<'t, bool>;

    /// Average cost of an hour of the people of a work centre (by its code); `None` when nobody
    /// is assigned to it.
    fn hour_cost<'t>(
        &'t self,
        tx: &'t mut Tx,
        work_centre: &'t str,
        on: Date,
    ) -> Fut<'t, Option<Money>>;
}
