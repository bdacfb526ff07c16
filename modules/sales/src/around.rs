//! Who else is switched on, as far as it changes what an order does.

use fondaco_kernel::Tx;

use crate::order::{Goods, Invoices};

pub(crate) fn goods(tx: &Tx) -> Goods {
    if tx.ports().stock.is_some() { Goods::Counted } else { Goods::Uncounted }
}

pub(crate) fn invoices(tx: &Tx) -> Invoices {
    if tx.ports().billing.is_some() { Invoices::Posted } else { Invoices::Elsewhere }
}
