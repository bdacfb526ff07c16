//! Before opportunities are saved: stage and probability, lines and what they come to, the course.

use std::collections::HashMap;

use fondaco_kernel::error::refuse_if_any;
use fondaco_kernel::model::{Line, Saving};
use fondaco_kernel::ports::pricing::{self, PriceAsk};
use fondaco_kernel::shared::{Contact, Currency, Party, Product};
use fondaco_kernel::store::Filter;
use fondaco_kernel::values::{
    AnyId, Decimal, Id, Money, Problem, Quantity, Rounding, Timestamp, Value,
};
use fondaco_kernel::{Error, Result, Tx, store};

use super::{Opportunity, OpportunityLine, Stage};

pub(crate) async fn prepare(tx: &mut Tx, batch: &mut [Saving]) -> Result<()> {
    let old: Vec<Id<Opportunity>> = batch
        .iter()
        .filter(|saving| !saving.is_new() && is_touched(saving))
        .map(|saving| saving.id.cast())
        .collect();
    let stored = store::get_many::<Opportunity>(tx, &old).await?;
    let stages = store::find::<Stage>(tx, Filter::new().sort("sequence")).await?;
    contacts(tx, batch).await?;
    let decimals = decimals(tx, batch).await?;
    for saving in batch {
        if !saving.is_new() && !is_touched(saving) {
            continue;
        }
        let stored = stored.iter().find(|one| one.id.any() == saving.id);
        enter_stage(tx, saving, stored, &stages)?;
        lines(tx, saving, stored, &decimals).await?;
        weigh(saving, &decimals);
    }
    Ok(())
}

fn is_touched(saving: &Saving) -> bool {
    let inputs = ["lines", "stage", "probability", "expected_revenue", "currency", "party"];
    inputs.iter().any(|field| saving.draft.has(field))
}

/// Decimals of the minor unit of each currency.
type Decimals = HashMap<Id<Currency>, u8>;

async fn decimals(tx: &mut Tx, batch: &[Saving]) -> Result<Decimals> {
    let mut ids: Vec<Id<Currency>> =
        batch.iter().filter_map(|saving| saving.link("currency")).collect();
    ids.sort_unstable();
    ids.dedup();
    let currencies = store::get_many::<Currency>(tx, &ids).await?;
    Ok(currencies.into_iter().map(|currency| (currency.id, currency.decimals())).collect())
}

/// A contact is a person at the customer.
async fn contacts(tx: &mut Tx, batch: &[Saving]) -> Result<()> {
    let touched = |saving: &&Saving| saving.changes("contact") || saving.changes("party");
    let mut ids: Vec<Id<Contact>> =
        batch.iter().filter(touched).filter_map(|saving| saving.link("contact")).collect();
    ids.sort_unstable();
    ids.dedup();
    let contacts = store::get_many::<Contact>(tx, &ids).await?;
    let mut problems = Vec::new();
    for saving in batch.iter().filter(touched) {
        let contact = contacts.iter().find(|contact| Some(contact.id) == saving.link("contact"));
        let Some(contact) = contact else { continue };
        if contact.party.is_some() && contact.party != saving.link::<Party>("party") {
            let message = format!("{} is a contact of another customer.", contact.name);
            problems.push(Problem::new("contact", "other_party", message));
        }
    }
    refuse_if_any(problems)
}

/// The stage gives the probability, unless one gives one's own; entering it is written down.
fn enter_stage(
    tx: &Tx,
    saving: &mut Saving,
    stored: Option<&Opportunity>,
    stages: &[Stage],
) -> Result<()> {
    let first = || stages.iter().find(|stage| stage.active).map(|stage| stage.id);
    let Some(id) = saving.link::<Stage>("stage").or_else(first) else { return Ok(()) };
    let before = stored.and_then(|stored| stored.stage);
    let probability = saving.draft.value("probability").as_decimal();
    let given = match stored {
        // A form sends every field: what stays as it was is not given anew.
        Some(stored) => probability.filter(|given| Some(*given) != stored.probability),
        None => probability,
    };
    if before == Some(id) {
        let emptied = saving.draft.has("probability") && probability.is_none();
        let stage = stages.iter().find(|stage| stage.id == id);
        if let Some(stage) = stage.filter(|_| emptied) {
            saving.draft.set("probability", stage.probability);
        }
        return Ok(());
    }
    let Some(stage) = stages.iter().find(|stage| stage.id == id) else { return Ok(()) };
    if !stage.active {
        let message = format!("{} is no longer used; choose another stage.", stage.name);
        return Err(Error::problem("stage", "not_active", message));
    }
    saving.draft.set("stage", id);
    saving.draft.set("probability", given.unwrap_or(stage.probability));
    write_down(tx, saving, stored, id);
    Ok(())
}

fn write_down(tx: &Tx, saving: &mut Saving, stored: Option<&Opportunity>, stage: Id<Stage>) {
    let since = stored.and_then(|stored| stored.stage_since);
    let mut change = saving.draft.new_line("stage_log");
    change.set("from_stage", stored.and_then(|stored| stored.stage));
    change.set("stage", stage);
    change.set("at", tx.now());
    change.set("by", tx.ctx().actor().user());
    change.set("lasted", since.map(|since| lasted(since, tx.now())));
    let blank = saving.draft.new_line("stage_log");
    let log = stored.map(|stored| stored.stage_log.as_slice()).unwrap_or_default();
    let kept = log.iter().map(|line| Line { id: Some(line.id.any()), draft: blank.clone() });
    let mut lines: Vec<Line> = kept.collect();
    lines.push(Line { id: None, draft: change });
    *saving.draft.lines_mut("stage_log") = lines;
    saving.draft.set("stage_since", tx.now());
}

/// Whole seconds from one instant to another.
pub(crate) fn lasted(since: Timestamp, now: Timestamp) -> i64 {
    now.as_second().saturating_sub(since.as_second()).max(0)
}

/// A line on its way.
struct Wanted {
    product: Id<Product>,
    quantity: Quantity,
    unit_price: Option<Decimal>,
}

/// Prices of lines that have none, amounts, and the expected revenue as their sum.
async fn lines(
    tx: &mut Tx,
    saving: &mut Saving,
    stored: Option<&Opportunity>,
    decimals: &Decimals,
) -> Result<()> {
    let old = stored.map(|stored| stored.lines.as_slice()).unwrap_or_default();
    if !saving.draft.has("lines") {
        if old.is_empty() {
            return Ok(());
        }
        // The revenue is that of the lines, whatever is entered beside them.
        let sum: Money = old.iter().filter_map(|line| line.amount).sum();
        saving.draft.set("expected_revenue", sum);
        return Ok(());
    }
    let find = |id: Option<AnyId>| old.iter().find(|line| Some(line.id.any()) == id);
    let wanted: Option<Vec<Wanted>> =
        saving.draft.lines("lines").iter().map(|line| wanted(line, find(line.id))).collect();
    // A line without product or quantity is refused by the check.
    let (Some(wanted), Some(party)) = (wanted, saving.link::<Party>("party")) else {
        return Ok(());
    };
    if wanted.is_empty() {
        return Ok(());
    }
    let Some(currency) = saving.link::<Currency>("currency") else { return Ok(()) };
    let decimals = decimals.get(&currency).copied().unwrap_or(2);
    let products = products(tx, &wanted).await?;
    let prices = prices(tx, &wanted, &products, party, currency).await?;
    let mut sum = Money::ZERO;
    let mut problems = Vec::new();
    let lines = saving.draft.lines_mut("lines").iter_mut();
    for (at, ((line, wanted), price)) in lines.zip(&wanted).zip(prices).enumerate() {
        let exact = wanted.quantity.decimal().checked_mul(price);
        let amount = exact.and_then(|it| Money::round(it, decimals, Rounding::HalfUp));
        let Some(amount) = amount else {
            let field = format!("lines[{at}].quantity");
            let message = "The amount is larger than any that can be kept.";
            problems.push(Problem::new(field, "too_large", message));
            continue;
        };
        sum += amount;
        let named = find(line.id).is_some_and(|old| old.description.is_some());
        let says = line.draft.text("description").is_some_and(|text| !text.trim().is_empty());
        let untouched = !line.draft.has("description") && named;
        if let Some(product) = products.get(&wanted.product).filter(|_| !says && !untouched) {
            line.draft.set("description", product.name.as_str());
        }
        line.draft.set("unit_price", price);
        line.draft.set("amount", amount);
    }
    saving.draft.set("expected_revenue", sum);
    refuse_if_any(problems)
}

fn wanted(line: &Line, old: Option<&OpportunityLine>) -> Option<Wanted> {
    let value = |field: &str| line.draft.get(field);
    let product = match value("product") {
        Some(product) => product.as_link().map(AnyId::cast)?,
        None => old?.product,
    };
    let quantity = match value("quantity") {
        Some(quantity) => quantity.as_decimal().and_then(Quantity::exact)?,
        None => old?.quantity,
    };
    let moved = old.is_some_and(|old| old.product != product);
    let unit_price = match value("unit_price") {
        Some(price) => price.as_decimal(),
        None => old.filter(|_| !moved).and_then(|old| old.unit_price),
    };
    Some(Wanted { product, quantity, unit_price })
}

async fn products(tx: &mut Tx, wanted: &[Wanted]) -> Result<HashMap<Id<Product>, Product>> {
    let mut ids: Vec<Id<Product>> = wanted.iter().map(|line| line.product).collect();
    ids.sort_unstable();
    ids.dedup();
    let products = store::get_many::<Product>(tx, &ids).await?;
    Ok(products.into_iter().map(|product| (product.id, product)).collect())
}

/// The price that is given, else today's; what is still to be configured has its base price.
async fn prices(
    tx: &mut Tx,
    wanted: &[Wanted],
    products: &HashMap<Id<Product>, Product>,
    party: Id<Party>,
    currency: Id<Currency>,
) -> Result<Vec<Decimal>> {
    let configurable = |line: &Wanted| {
        products.get(&line.product).is_some_and(|product| product.kind == "configurable")
    };
    let asked: Vec<usize> = (0..wanted.len()).filter(|at| !configurable(&wanted[*at])).collect();
    let ask = |at: &usize| PriceAsk {
        product: wanted[*at].product,
        party: Some(party),
        quantity: wanted[*at].quantity,
        on: tx.today(),
        currency,
        choice: None,
    };
    let asks: Vec<PriceAsk> = asked.iter().map(ask).collect();
    let open = wanted.iter().any(|line| line.unit_price.is_none());
    let found = if open { pricing::prices(tx, &asks).await? } else { Vec::new() };
    let found: HashMap<usize, Decimal> =
        asked.into_iter().zip(found).map(|(at, price)| (at, price.net)).collect();
    let price = |(at, line): (usize, &Wanted)| {
        let base = || products.get(&line.product).map(base_price).unwrap_or_default();
        line.unit_price.or_else(|| found.get(&at).copied()).unwrap_or_else(base)
    };
    Ok(wanted.iter().enumerate().map(price).collect())
}

fn base_price(product: &Product) -> Decimal {
    product.list_price.decimal()
}

/// What may be expected, weighed by how likely it is.
fn weigh(saving: &mut Saving, decimals: &Decimals) {
    let expected = saving.decimal("expected_revenue");
    let probability = saving.decimal("probability");
    let currency = saving.link::<Currency>("currency");
    let (Some(expected), Some(probability), Some(currency)) = (expected, probability, currency)
    else {
        saving.draft.set("weighted_revenue", Value::Null);
        return;
    };
    let decimals = decimals.get(&currency).copied().unwrap_or(2);
    let weighted = Money::round(expected * probability, decimals, Rounding::HalfUp);
    saving.draft.set("weighted_revenue", weighted);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_in_a_stage_is_never_less_than_none() {
        let at = |second| Timestamp::from_second(second).unwrap();
        assert_eq!(lasted(at(100), at(3700)), 3600);
        assert_eq!(lasted(at(100), at(99)), 0);
    }
}
