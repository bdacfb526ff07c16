//! The course of a quote: sent, approved, revised, rejected, expired.
//! Not here: what it costs (`prepare`), accepting it (`order`).

use fondaco_kernel::error::refuse_if_any;
use fondaco_kernel::permissions::Allowed;
use fondaco_kernel::shared::{Currency, Product};
use fondaco_kernel::values::{AnyId, Date, Id, Money, Problem, Timestamp};
use fondaco_kernel::{Args, Error, Outcome, Result, Tx, jobs, store};
use serde_json::{Value as Json, json};

use super::prepare::after;
use super::{Course, Limits, Quote, QuoteLine, Version};
use crate::configuration;
use crate::item::Item;

/// The job that ends a quote which nobody answered.
pub(crate) const EXPIRE: &str = "cpq.expire";

/// Prices, stock and promise as of today: saving does the rest.
pub(crate) async fn refresh(tx: &mut Tx, quote: Allowed<Quote>, _: Args) -> Result<Outcome> {
    let mut quote = quote.into_inner();
    let days = store::get::<Limits>(tx, tx.ctx().company().cast()).await?.days();
    quote.quoted_on = tx.today();
    quote.valid_until = quote.valid_until.max(Some(after(tx.today(), days)));
    store::update(tx, &mut quote).await?;
    Ok(Outcome::says("Priced anew."))
}

/// A manager lets a quote out that is beyond the limits.
pub(crate) async fn approve(tx: &mut Tx, quote: Allowed<Quote>, _: Args) -> Result<Outcome> {
    let mut course = course(tx, &quote).await?;
    course.approved_by = tx.ctx().actor().user();
    course.approved_at = Some(tx.now());
    store::update(tx, &mut course).await?;
    Ok(Outcome::says("Approved."))
}

/// The offer goes out: what is sent is kept, and it ends by itself.
pub(crate) async fn send(tx: &mut Tx, quote: Allowed<Quote>, _: Args) -> Result<Outcome> {
    let mut problems = sendable(&quote, tx.today());
    problems.extend(still_possible(tx, &quote).await?);
    refuse_if_any(problems)?;
    let mut course = course(tx, &quote).await?;
    course.versions.push(Version {
        id: Id::default(),
        revision: quote.revision,
        sent_at: tx.now(),
        sent_by: tx.ctx().actor().user(),
        valid_until: quote.valid_until,
        net: quote.net.unwrap_or(Money::ZERO),
        tax: quote.tax.unwrap_or(Money::ZERO),
        total: quote.total.unwrap_or(Money::ZERO),
        document: Some(document(&quote)),
    });
    store::update(tx, &mut course).await?;
    if let Some(end) = quote.valid_until.and_then(|until| midnight(after(until, 1))) {
        jobs::enqueue(tx, EXPIRE, json!({ "quote": quote.id }), end).await?;
    }
    told(tx, &quote, Outcome::says("Sent.")).await
}

/// Opens the next version. Prices stay until something is changed or they are asked for anew.
pub(crate) async fn revise(tx: &mut Tx, quote: Allowed<Quote>, _: Args) -> Result<Outcome> {
    let days = store::get::<Limits>(tx, tx.ctx().company().cast()).await?.days();
    let mut course = course(tx, &quote).await?;
    course.revision += 1;
    course.valid_until = course.valid_until.max(Some(after(tx.today(), days)));
    (course.closed_on, course.reject_reason) = (None, None);
    (course.approved_by, course.approved_at) = (None, None);
    store::update(tx, &mut course).await?;
    told(tx, &quote, Outcome::says(format!("Version {} is open.", course.revision))).await
}

pub(crate) async fn reject(tx: &mut Tx, quote: Allowed<Quote>, args: Args) -> Result<Outcome> {
    let mut course = course(tx, &quote).await?;
    course.reject_reason = args.text("reason").map(str::to_owned);
    course.closed_on = Some(tx.today());
    store::update(tx, &mut course).await?;
    told(tx, &quote, Outcome::done()).await
}

pub(crate) async fn expire(tx: &mut Tx, quote: Allowed<Quote>, _: Args) -> Result<Outcome> {
    told(tx, &quote, Outcome::done()).await
}

pub(crate) async fn cancel(tx: &mut Tx, quote: Allowed<Quote>, _: Args) -> Result<Outcome> {
    told(tx, &quote, Outcome::done()).await
}

/// The job: ends the quote if it is still open and its last day is over.
pub(crate) async fn expire_due(tx: &mut Tx, payload: &Json) -> Result<()> {
    let id: Id<Quote> = payload
        .get("quote")
        .and_then(|id| serde_json::from_value::<AnyId>(id.clone()).ok())
        .map(AnyId::cast)
        .ok_or_else(|| Error::Internal(format!("{EXPIRE}: {payload} names no quote")))?;
    let Some(quote) = store::try_get::<Quote>(tx, id).await? else { return Ok(()) };
    if quote.state == "sent" && is_over(&quote, tx.today()) {
        store::perform(tx, id, "expire", Args::default()).await?;
    }
    Ok(())
}

/// Whether its last day has passed.
pub(super) fn is_over(quote: &Quote, today: Date) -> bool {
    quote.valid_until.is_some_and(|until| until < today)
}

pub(super) async fn course(tx: &mut Tx, quote: &Quote) -> Result<Course> {
    store::get::<Course>(tx, quote.id.cast()).await
}

/// What the event of the new state says, beside id and company.
pub(super) async fn told(tx: &mut Tx, quote: &Quote, outcome: Outcome) -> Result<Outcome> {
    let currency = store::get::<Currency>(tx, quote.currency).await?.code;
    Ok(outcome
        .with("source", quote.source())
        .with("customer", quote.customer)
        .with("revision", quote.revision)
        .with("net", quote.net)
        .with("total", quote.total)
        .with("currency", currency))
}

fn sendable(quote: &Quote, today: Date) -> Vec<Problem> {
    let mut problems = Vec::new();
    if quote.needs_approval && quote.approved_by.is_none() {
        let reason = quote.approval_reason.as_deref().unwrap_or_default();
        let message = format!("A manager must approve it first. {reason}");
        problems.push(Problem::new("approved_by", "needs_approval", message.trim()));
    }
    if is_over(quote, today) {
        let message = "It would be over before it is sent; set a later day, or price it anew.";
        problems.push(Problem::new("valid_until", "over", message));
    }
    problems
}

/// What was configured can still be had: options and rules may have changed since.
async fn still_possible(tx: &mut Tx, quote: &Quote) -> Result<Vec<Problem>> {
    let mut products: Vec<Id<Product>> = quote.lines.iter().map(|line| line.product).collect();
    products.sort_unstable();
    products.dedup();
    let items: Vec<Id<Item>> = products.iter().map(|id| id.cast()).collect();
    let items = store::get_many::<Item>(tx, &items).await?;
    let offers = configuration::offers(tx, &products).await?;
    let mut problems = Vec::new();
    for (at, line) in quote.lines.iter().enumerate() {
        let Some(item) = items.iter().find(|item| item.product() == line.product) else { continue };
        let mut of_line = Vec::new();
        if !item.active {
            let message = format!("{} is no longer sold.", item.name);
            of_line.push(Problem::new("product", "not_active", message));
        }
        if let Some(offer) = offers.get(&line.product).filter(|_| item.is_configurable()) {
            let choice = line.choice.clone().unwrap_or_default();
            of_line.extend(offer.judge(&choice).1);
        }
        problems.extend(of_line.into_iter().map(|problem| problem.under(format!("lines[{at}]"))));
    }
    Ok(problems)
}

/// The lines as the customer gets them: nothing of what they cost us.
fn document(quote: &Quote) -> Json {
    let line = |line: &QuoteLine| {
        json!({
            "product": line.product,
            "description": line.description,
            "choice": line.choice,
            "quantity": line.quantity,
            "list_price": line.list_price,
            "discount": line.discount,
            "unit_price": line.unit_price,
            "tax_code": line.tax_code,
            "amount": line.amount,
            "tax": line.tax,
        })
    };
    let lines: Vec<Json> = quote.lines.iter().map(line).collect();
    json!({ "title": quote.title, "discount": quote.discount, "lines": lines })
}

fn midnight(day: Date) -> Option<Timestamp> {
    day.in_tz("UTC").ok().map(|midnight| midnight.timestamp())
}
