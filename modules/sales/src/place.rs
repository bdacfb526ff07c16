//! The port `orders`: a draft order from an accepted quote or a won opportunity.

use fondaco_kernel::ports::Orders;
use fondaco_kernel::ports::orders::{OrderAsk, OrderLineAsk};
use fondaco_kernel::store::{self, Filter};
use fondaco_kernel::trade::PRICE_PLACES;
use fondaco_kernel::tx::Fut;
use fondaco_kernel::{DocRef, Error, Result, Tx};
use fondaco_values::{Date, Decimal, Id, Money, Quantity, Rounding, round};

use crate::order::{MODEL, OrderLine, SalesOrder};
use fondaco_kernel::home::HomeMoney;

pub(crate) struct Placing;

impl Orders for Placing {
    fn place<'t>(&'t self, tx: &'t mut Tx, ask: OrderAsk) -> Fut<'t, DocRef> {
        Box::pin(place(tx, ask))
    }
}

async fn place(tx: &mut Tx, ask: OrderAsk) -> Result<DocRef> {
    let same = Filter::new()
        .eq("source_model", ask.source.model.as_str())
        .eq("source_id", ask.source.id.raw());
    if let Some(order) = store::first::<SalesOrder>(tx, same).await? {
        return Ok(order.source());
    }
    if ask.lines.is_empty() {
        return Err(Error::problem("lines", "required", "An order needs at least one line."));
    }
    let mut order = SalesOrder::draft(ask, tx.today());
    let id = store::insert(tx, &mut order).await?;
    Ok(DocRef::new(MODEL, id))
}

impl SalesOrder {
    fn draft(ask: OrderAsk, today: Date) -> SalesOrder {
        SalesOrder {
            id: Id::default(),
            version: 0,
            number: None,
            state: "draft".to_owned(),
            customer: ask.customer,
            currency: ask.currency,
            rate: Decimal::ONE,
            ordered_on: today,
            requested_on: ask.requested_on,
            promised_on: None,
            payment_term: ask.payment_term,
            lines: ask.lines.into_iter().map(OrderLine::draft).collect(),
            net: Money::ZERO,
            total: Money::ZERO,
            margin: None,
            delivery_state: None,
            invoice_state: None,
            invoiced_total: Money::ZERO,
            reason: None,
            source_model: Some(ask.source.model),
            source_id: Some(ask.source.id.raw()),
        }
    }
}

impl OrderLine {
    fn draft(ask: OrderLineAsk) -> OrderLine {
        OrderLine {
            id: Id::default(),
            product: ask.product,
            description: ask.description,
            quantity: ask.quantity,
            unit_price: round(ask.unit_price, PRICE_PLACES, Rounding::HalfUp),
            discount: Decimal::ZERO,
            tax_code: ask.tax_code,
            amount: Money::ZERO,
            factor: Decimal::ONE,
            goods: true,
            delivered: Quantity::ZERO,
            uncounted: Quantity::ZERO,
            returned: Quantity::ZERO,
            invoiced: Quantity::ZERO,
            credited: Quantity::ZERO,
            expected_cost: ask.cost.map(HomeMoney),
            delivered_cost: HomeMoney::default(),
            cost: ask.cost.map(HomeMoney),
        }
    }
}
