//! The end of an opportunity: won, lost, and the order that comes of it.

use fondaco_kernel::events::Event;
use fondaco_kernel::module::missing;
use fondaco_kernel::permissions::Allowed;
use fondaco_kernel::ports::orders::{OrderAsk, OrderLineAsk};
use fondaco_kernel::shared::{Currency, Party, Product};
use fondaco_kernel::store::Filter;
use fondaco_kernel::values::{Decimal, Id, Money, Problem};
use fondaco_kernel::{Args, DocRef, Error, Outcome, Result, Tx, rates, store};

use super::{Course, LostReason, OPPORTUNITY, Opportunity, Stage};

async fn course(tx: &mut Tx, id: Id<Opportunity>) -> Result<Course> {
    store::get::<Course>(tx, id.cast()).await
}

pub(crate) async fn win(tx: &mut Tx, won: Allowed<Opportunity>, _: Args) -> Result<Outcome> {
    let mut course = course(tx, won.id).await?;
    course.probability = Some(Decimal::ONE);
    course.closed_at = Some(tx.now());
    store::update(tx, &mut course).await?;
    Ok(Outcome::done().with("party", won.party).with("expected_revenue", won.expected_revenue))
}

pub(crate) async fn lose(tx: &mut Tx, lost: Allowed<Opportunity>, args: Args) -> Result<Outcome> {
    let reason = args.link::<LostReason>("reason");
    let reason = reason.ok_or_else(|| missing("reason", "Say why it is lost."))?;
    let mut course = course(tx, lost.id).await?;
    course.probability = Some(Decimal::ZERO);
    course.closed_at = Some(tx.now());
    course.lost_reason = Some(reason);
    course.lost_note = args.text("note").map(str::to_owned);
    store::update(tx, &mut course).await?;
    Ok(Outcome::done().with("party", lost.party).with("reason", reason))
}

/// Back to where it stood, with the stage's probability.
pub(crate) async fn reopen(tx: &mut Tx, closed: Allowed<Opportunity>, _: Args) -> Result<Outcome> {
    let mut course = course(tx, closed.id).await?;
    let stage = match course.stage {
        Some(stage) => store::try_get::<Stage>(tx, stage).await?,
        None => store::first::<Stage>(tx, Filter::new().sort("sequence")).await?,
    };
    course.probability = stage.map(|stage| stage.probability);
    course.closed_at = None;
    (course.lost_reason, course.lost_note) = (None, None);
    (course.won_model, course.won_id) = (None, None);
    store::update(tx, &mut course).await?;
    Ok(Outcome::done())
}

/// An order for what was won without a quote.
pub(crate) async fn order(tx: &mut Tx, won: Allowed<Opportunity>, args: Args) -> Result<Outcome> {
    let Some(orders) = tx.ports().orders else {
        let message = "Orders are kept elsewhere; switch the module sales on.";
        return Err(Error::problem("", "no_orders", message));
    };
    let products = orderable(tx, &won).await?;
    let customer = store::get::<Party>(tx, won.party).await?;
    let lines = won.lines.iter().zip(&products).map(|(line, product)| OrderLineAsk {
        product: product.id,
        description: line.description.clone().unwrap_or_else(|| product.name.clone()),
        quantity: line.quantity,
        unit_price: line.unit_price.unwrap_or_default(),
        tax_code: product.tax_code,
        cost: None,
    });
    let ask = OrderAsk {
        customer: won.party,
        currency: won.currency,
        payment_term: customer.payment_term,
        requested_on: args.date("requested_on"),
        source: won.document(),
        lines: lines.collect(),
    };
    let placed = orders.place(tx, ask).await?;
    let mut course = course(tx, won.id).await?;
    course.order_model = Some(placed.model.clone());
    course.order_id = Some(placed.id.raw());
    store::update(tx, &mut course).await?;
    Ok(Outcome::says("The order is placed.").opens(placed))
}

/// The products of the lines, in their order, when an order can be placed for them.
async fn orderable(tx: &mut Tx, won: &Opportunity) -> Result<Vec<Product>> {
    if let Some(model) = &won.won_model {
        let message = format!("It was won by a {model}; place the order there.");
        return Err(Error::problem("", "won_by_another", message));
    }
    if won.lines.is_empty() {
        let message = "There is nothing to order: the opportunity has no lines.";
        return Err(Error::problem("lines", "required", message));
    }
    let mut ids: Vec<Id<Product>> = won.lines.iter().map(|line| line.product).collect();
    ids.sort_unstable();
    ids.dedup();
    let products = store::get_many::<Product>(tx, &ids).await?;
    let mut found = Vec::with_capacity(won.lines.len());
    let mut problems = Vec::new();
    for (at, line) in won.lines.iter().enumerate() {
        let Some(product) = products.iter().find(|product| product.id == line.product) else {
            continue;
        };
        if product.kind == "configurable" {
            let message = format!("{} must be configured; make a quote of it.", product.name);
            let field = format!("lines[{at}].product");
            problems.push(Problem::new(field, "not_configured", message));
        }
        found.push(product.clone());
    }
    if problems.is_empty() { Ok(found) } else { Err(Error::Invalid(problems)) }
}

/// A quote that came from an opportunity was accepted: the opportunity is won, at what was agreed.
pub(crate) async fn quote_accepted(tx: &mut Tx, event: &Event) -> Result<()> {
    let source: Option<DocRef> = event.read("source")?;
    let Some(source) = source.filter(|source| source.model == OPPORTUNITY) else { return Ok(()) };
    let id: Id<Opportunity> = source.id.cast();
    let Some(opportunity) = store::try_get(tx, id).await? else { return Ok(()) };
    if opportunity.state == "lost" {
        store::perform(tx, id, "reopen", Args::default()).await?;
    }
    let agreed = agreed(tx, event, &opportunity).await?;
    let order: Option<DocRef> = event.read("order")?;
    let mut course = course(tx, id).await?;
    course.expected_revenue = agreed.or(course.expected_revenue);
    (course.won_model, course.won_id) = (Some(event.model.clone()), Some(event.id.raw()));
    course.order_model = order.as_ref().map(|order| order.model.clone());
    course.order_id = order.as_ref().map(|order| order.id.raw());
    store::update(tx, &mut course).await?;
    if opportunity.state != "won" {
        store::perform(tx, id, "win", Args::default()).await?;
    }
    Ok(())
}

/// What was agreed, before tax, in the opportunity's currency; `None` where that is not known.
async fn agreed(tx: &mut Tx, event: &Event, opportunity: &Opportunity) -> Result<Option<Money>> {
    let net: Option<Money> = event.read("net")?;
    let code: Option<String> = event.read("currency")?;
    let (Some(net), Some(code)) = (net, code) else { return Ok(None) };
    let currency = store::first::<Currency>(tx, Filter::new().eq("code", code)).await?;
    let Some(currency) = currency else { return Ok(None) };
    let today = tx.today();
    // Without a rate what was expected stays.
    Ok(rates::convert(tx, net, currency.id, opportunity.currency, today).await.ok())
}
