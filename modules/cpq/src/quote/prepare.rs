//! Before a quote is saved: its prices, taxes, outlook, costs and totals, whoever changed what.
//! Only a draft is worked out anew; what was sent stays as it was sent.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use fondaco_kernel::error::refuse_if_any;
use fondaco_kernel::model::Saving;
use fondaco_kernel::records::{self, Select};
use fondaco_kernel::shared::{Currency, Party, TaxCode};
use fondaco_kernel::values::{AnyId, Date, Decimal, Id, Problem, Value};
use fondaco_kernel::{ActorKind, DocRef, Result, Tx, rates, store};

use super::sheet::{Sheet, Totals};
use super::{Limits, QUOTE, Quote, approval, outlook};
use crate::configuration::Configuration;
use crate::item::Item;
use crate::price_list::PriceList;
use crate::pricing::{self, Question};
use crate::waterfall::Named;

/// What prices depend on.
const INPUTS: [&str; 7] =
    ["customer", "currency", "price_list", "discount", "quoted_on", "requested_on", "valid_until"];

pub(crate) async fn prepare(tx: &mut Tx, batch: &mut [Saving]) -> Result<()> {
    let open: Vec<Id<Quote>> =
        batch.iter().filter(|saving| is_reworked(saving)).map(|saving| saving.id.cast()).collect();
    let stored = store::get_many::<Quote>(tx, &open).await?;
    for saving in batch {
        source(tx, saving).await?;
        if !saving.is_new() && !is_reworked(saving) {
            continue;
        }
        let stored = stored.iter().find(|quote| quote.id.any() == saving.id);
        if let Some(sheet) = Sheet::read(saving, stored) {
            work_out(tx, saving, sheet).await?;
        }
    }
    Ok(())
}

/// Whether it is a draft in which something changes that prices depend on.
fn is_reworked(saving: &Saving) -> bool {
    let Some(old) = &saving.old else { return false };
    let touched = saving.draft.has("lines") || INPUTS.iter().any(|field| saving.changes(field));
    old.state() == Some("draft") && touched
}

async fn work_out(tx: &mut Tx, saving: &mut Saving, mut sheet: Sheet) -> Result<()> {
    let company = tx.ctx().company();
    let limits = store::get::<Limits>(tx, company.cast()).await?;
    defaults(tx, &mut sheet, &limits).await?;
    let currency = sheet.currency.unwrap_or(limits.currency);
    let decimals = store::get::<Currency>(tx, currency).await?.decimals();
    items(tx, &mut sheet).await?;
    configurations(tx, &mut sheet).await?;
    prices(tx, &mut sheet, currency).await?;
    refuse_if_any(sheet.amounts(decimals))?;
    let rates = tax_rates(tx, &mut sheet).await?;
    sheet.taxes(&rates, decimals);
    let document = DocRef::new(QUOTE, saving.id);
    let mut look = outlook::look(tx, &mut sheet, document).await?;
    let rate = rates::rate(tx, limits.currency, currency, sheet.quoted_on).await.ok();
    sheet.costs(rate, decimals);
    let totals = sheet.totals();
    let owed = in_company(totals.total().decimal(), rate);
    look.standing = outlook::standing(tx, sheet.customer, owed).await?;
    let reason = approval::reason(&sheet, &totals, &limits);
    write(saving, &sheet, currency, &totals);
    write_outlook(tx, saving, look);
    write_approval(saving, reason);
    Ok(())
}

/// What nobody said: currency, term and validity; and whether what was said can be.
async fn defaults(tx: &mut Tx, sheet: &mut Sheet, limits: &Limits) -> Result<()> {
    let customer = store::get::<Party>(tx, sheet.customer).await?;
    sheet.currency = sheet.currency.or(customer.currency).or(Some(limits.currency));
    sheet.payment_term = sheet.payment_term.or(customer.payment_term);
    let until = sheet.valid_until.unwrap_or_else(|| after(sheet.quoted_on, limits.days()));
    sheet.valid_until = Some(until);
    let mut problems = Vec::new();
    if until < sheet.quoted_on {
        let message = "It would end before the day it was made.";
        problems.push(Problem::new("valid_until", "before_start", message));
    }
    if !customer.active {
        let message = format!("{} is switched off; choose another customer.", customer.name);
        problems.push(Problem::new("customer", "not_active", message));
    }
    if let (Some(list), Some(currency)) = (sheet.price_list, sheet.currency)
        && !store::get::<PriceList>(tx, list).await?.serves(currency, sheet.quoted_on)
    {
        problems.push(PriceList::unfit());
    }
    refuse_if_any(problems)
}

/// So many days later.
pub(super) fn after(day: Date, days: i64) -> Date {
    const DAY_S: u64 = 86_400;
    let seconds = u64::try_from(days).unwrap_or(0).saturating_mul(DAY_S);
    day.checked_add(Duration::from_secs(seconds)).unwrap_or(Date::MAX)
}

async fn items(tx: &mut Tx, sheet: &mut Sheet) -> Result<()> {
    let mut ids: Vec<Id<Item>> = sheet.lines.iter().map(|line| line.product.cast()).collect();
    ids.sort_unstable();
    ids.dedup();
    let items = store::get_many::<Item>(tx, &ids).await?;
    let mut problems = Vec::new();
    for (at, line) in sheet.lines.iter_mut().enumerate() {
        let item = items.iter().find(|item| item.product() == line.product);
        if let Some(item) = item.filter(|item| !item.active) {
            let message = format!("{} is no longer sold.", item.name);
            let field = format!("lines[{at}].product");
            problems.push(Problem::new(field, "not_active", message));
        }
        line.tax_code = line.tax_code.or(item.and_then(|item| item.tax_code));
        line.item = item.cloned();
    }
    refuse_if_any(problems)
}

/// Choices from saved configurations.
async fn configurations(tx: &mut Tx, sheet: &mut Sheet) -> Result<()> {
    let mut ids: Vec<Id<Configuration>> =
        sheet.lines.iter().filter_map(|line| line.configuration).collect();
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() {
        return Ok(());
    }
    let saved = store::get_many::<Configuration>(tx, &ids).await?;
    let mut problems = Vec::new();
    for (at, line) in sheet.lines.iter_mut().enumerate() {
        let found = saved.iter().find(|saved| Some(saved.id) == line.configuration);
        let Some(found) = found else { continue };
        if found.product == line.product {
            line.choice = found.choice.clone().unwrap_or_default();
        } else {
            let message = "The saved configuration is one of another product.";
            let field = format!("lines[{at}].configuration");
            problems.push(Problem::new(field, "other_product", message));
        }
    }
    refuse_if_any(problems)
}

async fn prices(tx: &mut Tx, sheet: &mut Sheet, currency: Id<Currency>) -> Result<()> {
    let question = |line: &super::sheet::SheetLine| Question {
        product: line.product,
        party: Some(sheet.customer),
        quantity: line.quantity,
        on: sheet.quoted_on,
        currency,
        choice: line.choice.clone(),
        price_list: sheet.price_list,
        discounts: [("Discount", line.discount), ("Discount on the quote", sheet.discount)]
            .into_iter()
            .filter(|(_, rate)| !rate.is_zero())
            .map(|(label, rate)| Named::new(label, rate))
            .collect(),
        manual: line.manual_price,
    };
    let questions: Vec<Question> = sheet.lines.iter().map(question).collect();
    let answers = pricing::answer(tx, &questions).await?;
    let prices = pricing::all_or_problems(answers)?;
    for (line, priced) in sheet.lines.iter_mut().zip(prices) {
        line.priced = Some(priced);
    }
    Ok(())
}

async fn tax_rates(tx: &mut Tx, sheet: &mut Sheet) -> Result<BTreeMap<Id<TaxCode>, Decimal>> {
    let mut ids: Vec<Id<TaxCode>> = sheet.lines.iter().filter_map(|line| line.tax_code).collect();
    ids.sort_unstable();
    ids.dedup();
    let codes = store::get_many::<TaxCode>(tx, &ids).await?;
    let kinds: HashMap<Id<TaxCode>, &str> =
        codes.iter().map(|code| (code.id, code.kind.as_str())).collect();
    let mut problems = Vec::new();
    for (at, line) in sheet.lines.iter().enumerate() {
        if line.tax_code.and_then(|code| kinds.get(&code)).is_some_and(|kind| *kind != "sales") {
            let field = format!("lines[{at}].tax_code");
            let message = "That is a tax on purchases; choose one on sales.";
            problems.push(Problem::new(field, "wrong_kind", message));
        }
    }
    refuse_if_any(problems)?;
    Ok(codes.into_iter().map(|code| (code.id, code.rate)).collect())
}

/// An amount of the quote in the company's currency; `rate` leads the other way.
fn in_company(amount: Decimal, rate: Option<Decimal>) -> Option<Decimal> {
    rate.and_then(|rate| amount.checked_div(rate))
}

fn write(saving: &mut Saving, sheet: &Sheet, currency: Id<Currency>, totals: &Totals) {
    let draft = &mut saving.draft;
    draft.set("currency", currency);
    draft.set("payment_term", sheet.payment_term);
    draft.set("valid_until", sheet.valid_until);
    draft.set("net", totals.net);
    draft.set("tax", totals.tax);
    draft.set("total", totals.total());
    draft.set("cost", totals.cost);
    draft.set("margin", totals.margin());
    draft.set("margin_rate", totals.margin_rate());
    sheet.write_lines(draft);
}

fn write_outlook(tx: &Tx, saving: &mut Saving, look: outlook::Outlook) {
    let draft = &mut saving.draft;
    draft.set("promise_on", look.promise_on);
    draft.set("outlook", serde_json::to_value(look).map_or(Value::Null, Value::Json));
    draft.set("outlook_at", tx.now());
}

/// A quote that was approved is so no longer when its figures change.
fn write_approval(saving: &mut Saving, reason: Option<String>) {
    let draft = &mut saving.draft;
    draft.set("needs_approval", reason.is_some());
    draft.set("approval_reason", reason);
    draft.set("approved_by", Value::Null);
    draft.set("approved_at", Value::Null);
}

/// The document that a quote comes from is there, and the caller may see it.
async fn source(tx: &mut Tx, saving: &Saving) -> Result<()> {
    if !saving.changes("source_model") && !saving.changes("source_id") {
        return Ok(());
    }
    let (model, id) = (saving.text("source_model"), saving.value("source_id").as_int());
    let (model, id) = match (model, id) {
        (None, None) => return Ok(()),
        (Some(model), Some(id)) => (model.to_owned(), AnyId::new(id)),
        (_, model) => {
            let field = if model.is_some() { "source_model" } else { "source_id" };
            let message = "A source is named by model and id together.";
            return refuse_if_any(vec![Problem::new(field, "required", message)]);
        }
    };
    let system = tx.ctx().actor().kind() != ActorKind::User;
    let known = tx.schema().model(&model).is_some();
    let seen = known && {
        let select = Select { fields: vec!["id".to_owned()], expand: Vec::new() };
        records::get(tx, &model, id, &select).await.is_ok()
    };
    if seen || (known && system) {
        return Ok(());
    }
    let message = format!("There is no {model} {id}.");
    refuse_if_any(vec![Problem::new("source_id", "unknown", message)])
}
