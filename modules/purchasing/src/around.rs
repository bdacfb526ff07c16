//! Who else is switched on, as far as it changes what an order does.

use fondaco_kernel::Tx;

use crate::order::{Bills, Goods};

pub(crate) fn goods(tx: &Tx) -> Goods {
    if tx.ports().stock.is_some() { Goods::Counted } else { Goods::Uncounted }
}

pub(crate) fn bills(tx: &Tx) -> Bills {
    if tx.ports().billing.is_some() { Bills::Posted } else { Bills::Elsewhere }
}
