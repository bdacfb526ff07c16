//! What orders share before they are saved, whichever way the goods go: what was agreed stays, what
//! was left empty is filled, amounts and taxes are computed.
//! Not here: where prices come from, which each direction knows for itself; the arithmetic (`measure`).

mod known;

use fondaco_values::{Decimal, Id, Problem, Quantity, Rounding, Value};

use crate::error::refuse_if_any;
use crate::measure::{self, TaxSum};
use crate::model::{Before, Draft, Line, Saving, all_lines};
use crate::record::Rec;
use crate::shared::{Product, TaxCode, Unit};
use crate::{Error, Result, Tx};

pub use known::Known;

/// Decimals of a unit price.
pub const PRICE_PLACES: u32 = 6;

/// Whether somebody counts the goods: the inventory is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goods {
    Counted,
    Uncounted,
}

pub fn goods(tx: &Tx) -> Goods {
    if tx.ports().stock.is_some() { Goods::Counted } else { Goods::Uncounted }
}

/// Whether somebody posts invoices and bills: accounting is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Billing {
    Posted,
    Elsewhere,
}

pub fn billing(tx: &Tx) -> Billing {
    if tx.ports().billing.is_some() { Billing::Posted } else { Billing::Elsewhere }
}

/// One kind of order.
pub struct Direction {
    /// The field with whom it is agreed.
    pub party: &'static str,
    /// The fields of a line that are agreed with him.
    pub agreed: &'static [&'static str],
    /// The tax code that a product has this way.
    pub tax_code: fn(&Product) -> Option<Id<TaxCode>>,
}

impl Direction {
    /// # Errors
    /// Problems with all that somebody wants changed of what is agreed.
    pub fn keep_agreed(&self, batch: &[Saving]) -> Result<()> {
        let of_one = |(at, saving)| {
            let changed = self.changed(saving).into_iter();
            let message =
                "The order is confirmed; take it back to draft to change what was agreed.";
            changed.map(move |field| Problem::new(field, "agreed", message).under(place(batch, at)))
        };
        refuse_if_any(batch.iter().enumerate().flat_map(of_one).collect())
    }

    /// The agreed fields that will differ, of an order that is no draft any more.
    fn changed(&self, saving: &Saving) -> Vec<String> {
        let Some(old) = saving.old.as_ref().filter(|old| old.state() != Some("draft")) else {
            return Vec::new();
        };
        let heads = [self.party, "currency"].into_iter().filter(|field| saving.changes(field));
        let mut changed: Vec<String> = heads.map(str::to_owned).collect();
        if saving.draft.has("lines") {
            let before = Before::of(Some(old));
            let wanted = saving.draft.lines("lines");
            if wanted.len() != old.lines("lines").len() {
                changed.push("lines".to_owned());
            }
            for (at, line) in wanted.iter().enumerate() {
                let fields = self.agreed.iter().filter(|field| before.differs(line, field));
                changed.extend(fields.map(|field| format!("lines[{at}].{field}")));
            }
        }
        changed
    }

    /// Whether it is a draft in which something is wanted that amounts follow from.
    pub fn is_due(&self, saving: &Saving) -> bool {
        let Some(old) = &saving.old else { return true };
        if old.state() != Some("draft") {
            return false;
        }
        if [self.party, "currency", "ordered_on"].iter().any(|field| saving.changes(field)) {
            return true;
        }
        let before = Before::of(Some(old));
        let wanted = saving.draft.lines("lines");
        let other = |line: &Line| self.agreed.iter().any(|field| before.differs(line, field));
        saving.draft.has("lines")
            && (wanted.len() != old.lines("lines").len() || wanted.iter().any(other))
    }

    /// Fills what was left empty from the party and the products, and has every line in its draft,
    /// also when only the head was touched. What is then known serves for prices and amounts.
    pub async fn fill(&self, tx: &mut Tx, drafts: &mut [&mut Saving]) -> Result<Known> {
        for saving in &mut *drafts {
            all_lines(saving);
        }
        let mut known = Known::load(tx, drafts, self.party).await?;
        for saving in &mut *drafts {
            self.fill_head(tx, saving, &mut known).await?;
            self.fill_lines(saving, &known);
        }
        known.load_rest(tx, drafts).await?;
        Ok(known)
    }

    async fn fill_head(&self, tx: &mut Tx, saving: &mut Saving, known: &mut Known) -> Result<()> {
        let party = saving.link(self.party).and_then(|id| known.parties.get(&id));
        if saving.value("currency").is_null() {
            let own = party.and_then(|party| party.currency);
            saving.draft.set("currency", own.unwrap_or(known.home.currency));
        }
        if saving.is_new()
            && saving.value("payment_term").is_null()
            && let Some(term) = party.and_then(|party| party.payment_term)
        {
            saving.draft.set("payment_term", term);
        }
        let on = saving.date("ordered_on").unwrap_or_else(|| tx.today());
        if let Some(currency) = saving.link("currency") {
            let rate = known.rate(tx, currency, on).await?;
            saving.draft.set("rate", rate);
        }
        Ok(())
    }

    /// Fills lines that are new or have another product.
    fn fill_lines(&self, saving: &mut Saving, known: &Known) {
        let Saving { old, draft, .. } = saving;
        let before = Before::of(old.as_ref());
        for line in draft.lines_mut("lines") {
            let product = before.link(line, "product").and_then(|id| known.products.get(&id));
            let Some(product) = product else { continue };
            let was = before.line(line).and_then(|line| line.link::<Product>("product"));
            if was == Some(product.id) {
                continue;
            }
            if line.draft.text("description").unwrap_or_default().is_empty() {
                line.draft.set("description", product.name.as_str());
            }
            if !line.draft.has("tax_code") {
                line.draft.set("tax_code", (self.tax_code)(product));
            }
            line.draft.set("factor", known.factor(product));
            line.draft.set("goods", product.kind != "service");
        }
    }

    /// Computes the amounts of the lines and the taxes of the order, and tells what keeps them from
    /// being computed.
    pub fn set_amounts(&self, saving: &mut Saving, known: &Known) -> Vec<Problem> {
        let exponent = known.exponent(saving.link("currency"));
        let discounted = self.agreed.contains(&"discount");
        let Saving { old, draft, .. } = saving;
        let before = Before::of(old.as_ref());
        let mut problems = Vec::new();
        let mut taxed = Vec::new();
        for (at, line) in draft.lines_mut("lines").iter_mut().enumerate() {
            let price = before.number(line, "unit_price");
            let discount = if discounted { before.number(line, "discount") } else { Decimal::ZERO };
            let quantity = before.quantity(line);
            let product = before.link(line, "product").and_then(|id| known.products.get(&id));
            if let Some(problem) = product.and_then(|product| split(quantity, known.unit(product)?))
            {
                problems.push(problem.under(format!("lines[{at}]")));
            }
            match measure::amount(quantity, price, discount, exponent) {
                Some(amount) => {
                    line.draft.set("amount", amount);
                    let code = before.link(line, "tax_code").and_then(|id| known.taxes.get(&id));
                    taxed.extend(code.map(|code| (code.id, code.rate, amount)));
                }
                None => problems.push(beyond(&format!("lines[{at}].quantity"))),
            }
        }
        match measure::taxes(taxed.into_iter(), exponent) {
            Some(sums) => set_taxes(draft, old.as_ref(), &sums),
            None => problems.push(beyond("lines")),
        }
        problems
    }
}

/// Where the problems of one order of a batch stand.
pub fn place(batch: &[Saving], at: usize) -> String {
    if batch.len() > 1 { format!("[{at}]") } else { String::new() }
}

/// Whether the price of a line is left to the price list.
pub fn by_price_list(line: &Line, before: &Before<'_>) -> bool {
    let Some(was) = before.line(line) else {
        return line.draft.value("unit_price").is_null();
    };
    match line.draft.get("unit_price") {
        Some(Value::Null) => true,
        Some(price) if price != was.get("unit_price") => false,
        _ => {
            let other = line.draft.get("product").is_some_and(|p| p != was.get("product"));
            other || was.flag("by_price_list")
        }
    }
}

fn set_taxes(draft: &mut Draft, old: Option<&Rec>, sums: &[TaxSum]) {
    let rows = sums.iter().map(|sum| {
        let same = |row: &&Rec| row.link::<TaxCode>("tax_code") == Some(sum.code);
        let id = old.and_then(|old| old.lines("taxes").iter().find(same)).map(|row| row.id);
        let row = draft.new_line("taxes");
        let row = row.with("tax_code", sum.code).with("rate", sum.rate);
        Line { id, draft: row.with("base", sum.base).with("tax", sum.tax) }
    });
    let rows = rows.collect();
    *draft.lines_mut("taxes") = rows;
}

/// A quantity finer than its unit allows, such as half a piece.
fn split(quantity: Quantity, unit: &Unit) -> Option<Problem> {
    let places = u8::try_from(unit.decimals).unwrap_or(0);
    if Quantity::round(quantity.decimal(), places, Rounding::Down) == Some(quantity) {
        return None;
    }
    let message = match places {
        0 => format!("{quantity} is no whole number, and {} is not divided.", unit.name),
        _ => format!("{quantity} has more than the {places} decimals of {}.", unit.name),
    };
    Some(Problem::new("quantity", "too_fine", message).arg("decimals", places))
}

fn beyond(field: &str) -> Problem {
    Problem::new(field, "too_large", "The amount is larger than can be written; mend the figures.")
}

/// The error of figures that no amount of money holds.
pub fn too_large(field: &str) -> Error {
    Error::Invalid(vec![beyond(field)])
}
