//! What comes of an accepted quote: variants of what was configured, and an order.
//! Not here: orders themselves (port `orders`).

use std::sync::Arc;

use fondaco_kernel::permissions::Allowed;
use fondaco_kernel::ports::Orders;
use fondaco_kernel::ports::orders::{OrderAsk, OrderLineAsk};
use fondaco_kernel::values::Id;
use fondaco_kernel::{Args, DocRef, Error, Outcome, Result, Tx, store};

use super::course::{course, is_over, told};
use super::{Quote, QuoteLine};
use crate::choice::Choice;
use crate::configuration;
use crate::item::Item;
use crate::variant;

/// The customer accepts. What was offered holds, also where it is no longer offered to others.
pub(crate) async fn accept(tx: &mut Tx, quote: Allowed<Quote>, args: Args) -> Result<Outcome> {
    if is_over(&quote, tx.today()) {
        let until = quote.valid_until.map(|until| until.to_string()).unwrap_or_default();
        let message = format!("{} was valid until {until}; revise it.", quote.name());
        return Err(Error::problem("valid_until", "over", message));
    }
    let placed = match tx.ports().orders {
        Some(orders) => Some(place(tx, &quote, orders).await?),
        None => None,
    };
    let mut course = course(tx, &quote).await?;
    course.closed_on = Some(tx.today());
    course.customer_reference = args.text("reference").map(str::to_owned);
    note(&mut course.order_model, &mut course.order_id, placed.as_ref());
    store::update(tx, &mut course).await?;
    let outcome = match &placed {
        Some(order) => Outcome::says("Accepted; the order is placed.").opens(order.clone()),
        None => Outcome::says("Accepted. Orders are kept elsewhere (module sales is off)."),
    };
    told(tx, &quote, outcome.with("order", placed)).await
}

/// Places the order of a quote that was accepted while nobody took orders.
pub(crate) async fn order(tx: &mut Tx, quote: Allowed<Quote>, _: Args) -> Result<Outcome> {
    let Some(orders) = tx.ports().orders else {
        let message = "Orders are kept elsewhere; switch the module sales on.";
        return Err(Error::problem("", "no_orders", message));
    };
    let placed = place(tx, &quote, orders).await?;
    let mut course = course(tx, &quote).await?;
    note(&mut course.order_model, &mut course.order_id, Some(&placed));
    store::update(tx, &mut course).await?;
    Ok(Outcome::says("The order is placed.").opens(placed))
}

fn note(model: &mut Option<String>, id: &mut Option<i64>, placed: Option<&DocRef>) {
    *model = placed.map(|order| order.model.clone());
    *id = placed.map(|order| order.id.raw());
}

async fn place(tx: &mut Tx, quote: &Quote, orders: Arc<dyn Orders>) -> Result<DocRef> {
    let products = variants(tx, &quote.lines).await?;
    let lines = quote.lines.iter().zip(products).map(|(line, product)| OrderLineAsk {
        product,
        description: line.description.clone().unwrap_or_default(),
        quantity: line.quantity,
        unit_price: line.unit_price.unwrap_or_default(),
        tax_code: line.tax_code,
        cost: line.cost,
    });
    let ask = OrderAsk {
        customer: quote.customer,
        currency: quote.currency,
        payment_term: quote.payment_term,
        requested_on: quote.requested_on,
        source: quote.document(),
        lines: lines.collect(),
    };
    orders.place(tx, ask).await
}

/// What stands for each line in an order: the variant of what was configured, else the product.
async fn variants(
    tx: &mut Tx,
    lines: &[QuoteLine],
) -> Result<Vec<Id<fondaco_kernel::shared::Product>>> {
    let mut ids: Vec<Id<Item>> = lines.iter().map(|line| line.product.cast()).collect();
    ids.sort_unstable();
    ids.dedup();
    let items = store::get_many::<Item>(tx, &ids).await?;
    let configurable = items.iter().filter(|item| item.is_configurable());
    let configurable: Vec<_> = configurable.map(Item::product).collect();
    let offers = configuration::offers(tx, &configurable).await?;
    let mut products = Vec::with_capacity(lines.len());
    for line in lines {
        let item = items.iter().find(|item| item.product() == line.product);
        let (Some(item), Some(offer)) = (item, offers.get(&line.product)) else {
            products.push(line.product);
            continue;
        };
        let json = line.choice.clone().unwrap_or_default();
        let (choice, unreadable) = Choice::read(&json, &offer.groups);
        if !unreadable.is_empty() {
            let at = products.len();
            let problems = unreadable.into_iter().map(|p| p.under(format!("lines[{at}]")));
            return Err(Error::Invalid(problems.collect()));
        }
        products.push(variant::of(tx, item, &choice).await?);
    }
    Ok(products)
}
