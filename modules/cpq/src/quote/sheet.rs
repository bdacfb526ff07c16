//! A quote on the table while it is worked out: what is wanted over what is there, then the figures.
//! Pure: amounts, taxes, costs, totals. Not here: prices (`pricing`), stock and promise (`outlook`).
//! INVARIANT: the taxes of the lines add up to the tax of each code on the sum of its lines.

use std::collections::BTreeMap;

use fondaco_kernel::model::{Draft, Line, Saving};
use fondaco_kernel::shared::{Currency, Party, PaymentTerm, Product, TaxCode};
use fondaco_kernel::values::{
    AnyId, Date, Decimal, Id, Money, Problem, Quantity, Rounding, Value, allocate, round,
};
use serde_json::Value as Json;

use super::{Quote, QuoteLine};
use crate::configuration::Configuration;
use crate::item::Item;
use crate::price_list::PriceList;
use crate::pricing::Priced;
use crate::waterfall::PLACES;

/// The head of a quote.
#[derive(Clone, Debug)]
pub(super) struct Sheet {
    pub(super) customer: Id<Party>,
    pub(super) currency: Option<Id<Currency>>,
    pub(super) price_list: Option<Id<PriceList>>,
    pub(super) payment_term: Option<Id<PaymentTerm>>,
    pub(super) quoted_on: Date,
    pub(super) valid_until: Option<Date>,
    pub(super) requested_on: Option<Date>,
    pub(super) discount: Decimal,
    pub(super) lines: Vec<SheetLine>,
}

/// A line with what comes of it.
#[derive(Clone, Debug)]
pub(super) struct SheetLine {
    pub(super) product: Id<Product>,
    pub(super) choice: Json,
    /// Taken up anew: its choice replaces that of the line.
    pub(super) configuration: Option<Id<Configuration>>,
    pub(super) description: Option<String>,
    pub(super) quantity: Quantity,
    pub(super) discount: Decimal,
    pub(super) manual_price: Option<Decimal>,
    pub(super) tax_code: Option<Id<TaxCode>>,
    pub(super) item: Option<Item>,
    pub(super) priced: Option<Priced>,
    pub(super) amount: Money,
    pub(super) tax: Money,
    /// In the company's currency.
    pub(super) unit_cost: Option<Decimal>,
    /// In the quote's currency.
    pub(super) cost: Option<Money>,
    pub(super) ready_on: Option<Date>,
}

/// The sums.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Totals {
    pub(super) net: Money,
    pub(super) tax: Money,
    /// `None` when the cost of a line is not known.
    pub(super) cost: Option<Money>,
}

impl Totals {
    pub(super) fn total(&self) -> Money {
        self.net + self.tax
    }

    pub(super) fn margin(&self) -> Option<Money> {
        self.cost.map(|cost| self.net - cost)
    }

    /// Margin over net.
    pub(super) fn margin_rate(&self) -> Option<Decimal> {
        let rate = self.margin()?.decimal().checked_div(self.net.decimal())?;
        Some(round(rate, PLACES, Rounding::HalfUp))
    }
}

impl Sheet {
    /// `None` while the customer or the product of a line is missing: the check tells it.
    pub(super) fn read(saving: &mut Saving, stored: Option<&Quote>) -> Option<Sheet> {
        open(saving, stored);
        let of_lines = stored.map(|quote| quote.lines.as_slice()).unwrap_or_default();
        let find = |id: Option<AnyId>| of_lines.iter().find(|line| Some(line.id.any()) == id);
        let lines = saving.draft.lines("lines").iter();
        let lines = lines.map(|line| SheetLine::read(&line.draft, find(line.id)));
        Some(Sheet {
            lines: lines.collect::<Option<_>>()?,
            customer: saving.link("customer")?,
            currency: saving.link("currency"),
            price_list: saving.link("price_list"),
            payment_term: saving.link("payment_term"),
            quoted_on: saving.date("quoted_on")?,
            valid_until: saving.date("valid_until"),
            requested_on: saving.date("requested_on"),
            discount: saving.decimal("discount").unwrap_or_default(),
        })
    }

    /// Amounts of the lines: quantity times price, rounded half up to the minor unit.
    pub(super) fn amounts(&mut self, decimals: u8) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (at, line) in self.lines.iter_mut().enumerate() {
            match amount(line.quantity, line.unit_price(), decimals) {
                Some(amount) => line.amount = amount,
                None => {
                    let message = "The amount is larger than any that can be kept.";
                    let field = format!("lines[{at}].quantity");
                    problems.push(Problem::new(field, "too_large", message));
                }
            }
        }
        problems
    }

    /// Tax by code on the sum of its lines, rounded half up, then shared out over them.
    pub(super) fn taxes(&mut self, rates: &BTreeMap<Id<TaxCode>, Decimal>, decimals: u8) {
        for (code, rate) in rates {
            let mine = |line: &SheetLine| line.tax_code == Some(*code);
            let own: Vec<usize> =
                (0..self.lines.len()).filter(|at| mine(&self.lines[*at])).collect();
            let amounts: Vec<i64> = own.iter().map(|at| self.lines[*at].amount.scaled()).collect();
            let sum: Money = own.iter().map(|at| self.lines[*at].amount).sum();
            let tax = Money::round(sum.decimal() * rate, decimals, Rounding::HalfUp);
            let minor = tax.and_then(|tax| tax.minor(decimals)).unwrap_or(0);
            if own.is_empty() {
                continue;
            }
            for (at, part) in own.into_iter().zip(allocate(minor, &amounts)) {
                self.lines[at].tax = Money::from_minor(part, decimals);
            }
        }
    }

    /// Costs of the lines in the quote's currency, at a rate from the company's.
    pub(super) fn costs(&mut self, rate: Option<Decimal>, decimals: u8) {
        for line in &mut self.lines {
            let one = line.unit_cost.zip(rate).map(|(cost, rate)| cost * rate);
            line.cost = one.and_then(|one| amount(line.quantity, one, decimals));
        }
    }

    pub(super) fn totals(&self) -> Totals {
        let costs: Option<Vec<Money>> = self.lines.iter().map(|line| line.cost).collect();
        Totals {
            net: self.lines.iter().map(|line| line.amount).sum(),
            tax: self.lines.iter().map(|line| line.tax).sum(),
            cost: costs.map(|costs| costs.into_iter().sum()),
        }
    }

    /// Puts the figures of the lines into what will be saved.
    pub(super) fn write_lines(&self, draft: &mut Draft) {
        for (line, own) in draft.lines_mut("lines").iter_mut().zip(&self.lines) {
            own.write(&mut line.draft);
        }
    }
}

impl SheetLine {
    fn read(draft: &Draft, stored: Option<&QuoteLine>) -> Option<SheetLine> {
        let product = over(draft, "product", link, stored.map(|line| line.product))?;
        let moved = stored.is_some_and(|line| line.product != product);
        let chosen = draft.has("choice") || draft.has("configuration") || moved;
        let kept = stored.filter(|_| !chosen);
        let kept_tax = stored.filter(|_| !moved).and_then(|line| line.tax_code);
        let choice = over(
            draft,
            "choice",
            |v| v.as_json().cloned(),
            kept.and_then(|line| line.choice.clone()),
        );
        let text = |v: &Value| v.as_text().filter(|t| !t.trim().is_empty()).map(str::to_owned);
        Some(SheetLine {
            product,
            configuration: draft.get("configuration").and_then(link).filter(|_| choice.is_none()),
            choice: choice.unwrap_or(Json::Null),
            description: over(
                draft,
                "description",
                text,
                kept.and_then(|line| line.description.clone()),
            ),
            quantity: over(draft, "quantity", quantity, stored.map(|line| line.quantity))?,
            discount: over(draft, "discount", Value::as_decimal, stored.map(|line| line.discount))
                .unwrap_or_default(),
            manual_price: over(
                draft,
                "manual_price",
                Value::as_decimal,
                stored.and_then(|line| line.manual_price),
            ),
            tax_code: over(draft, "tax_code", link, kept_tax),
            item: None,
            priced: None,
            amount: Money::ZERO,
            tax: Money::ZERO,
            unit_cost: None,
            cost: None,
            ready_on: None,
        })
    }

    pub(super) fn unit_price(&self) -> Decimal {
        self.priced.as_ref().map(|priced| priced.price.net).unwrap_or_default()
    }

    /// What one reads of it: its own words, else the product and what was chosen.
    fn words(&self) -> Option<String> {
        if self.description.is_some() {
            return self.description.clone();
        }
        let item = self.item.as_ref()?;
        let chosen = self.priced.as_ref().filter(|priced| priced.choice.is_some());
        Some(match chosen.map(|priced| priced.recipe.description.as_str()) {
            Some(words) if !words.is_empty() && item.is_configurable() => {
                format!("{}: {words}", item.name)
            }
            _ => item.name.clone(),
        })
    }

    fn write(&self, draft: &mut Draft) {
        let configurable = self.item.as_ref().is_some_and(Item::is_configurable);
        let priced = self.priced.as_ref();
        let choice = priced.and_then(|priced| priced.choice.clone()).filter(|_| configurable);
        let steps = priced.map(|priced| serde_json::to_value(&priced.price.steps));
        draft.set("choice", choice.map_or(Value::Null, Value::Json));
        draft.set("description", self.words());
        draft.set("tax_code", self.tax_code);
        draft.set("list_price", priced.map(|priced| priced.price.list));
        draft.set("unit_price", priced.map(|priced| priced.price.net));
        draft.set("waterfall", steps.and_then(|json| json.ok()).map_or(Value::Null, Value::Json));
        draft.set("amount", self.amount);
        draft.set("tax", self.tax);
        draft.set("unit_cost", self.unit_cost.map(|cost| round(cost, PLACES, Rounding::HalfUp)));
        draft.set("cost", self.cost);
        draft.set("margin", self.cost.map(|cost| self.amount - cost));
        draft.set("ready_on", self.ready_on);
    }
}

/// Quantity times price, rounded half away from zero; `None` when it is beyond what money holds.
pub(super) fn amount(quantity: Quantity, unit_price: Decimal, decimals: u8) -> Option<Money> {
    let exact = quantity.decimal().checked_mul(unit_price)?;
    Money::round(exact, decimals, Rounding::HalfUp)
}

/// Has every line in the draft, so that its figures can be written; what nobody touched stays.
fn open(saving: &mut Saving, stored: Option<&Quote>) {
    if saving.draft.has("lines") {
        return;
    }
    let blank = saving.draft.new_line("lines");
    let lines = stored.map(|quote| quote.lines.as_slice()).unwrap_or_default();
    let lines = lines.iter().map(|line| Line { id: Some(line.id.any()), draft: blank.clone() });
    let lines: Vec<Line> = lines.collect();
    saving.draft.lines_mut("lines").extend(lines);
}

/// What is wanted, else what is there.
fn over<T>(
    draft: &Draft,
    field: &str,
    read: impl Fn(&Value) -> Option<T>,
    stored: Option<T>,
) -> Option<T> {
    match draft.get(field) {
        Some(value) => read(value),
        None => stored,
    }
}

fn link<M>(value: &Value) -> Option<Id<M>> {
    value.as_link().map(AnyId::cast)
}

fn quantity(value: &Value) -> Option<Quantity> {
    value.as_decimal().and_then(Quantity::exact)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(amount: &str, code: Option<i64>, cost: Option<&str>) -> SheetLine {
        SheetLine {
            product: Id::new(7),
            choice: Json::Null,
            configuration: None,
            description: None,
            quantity: Quantity::from_int(5),
            discount: Decimal::ZERO,
            manual_price: None,
            tax_code: code.map(Id::new),
            item: None,
            priced: None,
            amount: amount.parse().unwrap(),
            tax: Money::ZERO,
            unit_cost: cost.map(|cost| cost.parse().unwrap()),
            cost: None,
            ready_on: None,
        }
    }

    fn sheet(lines: Vec<SheetLine>) -> Sheet {
        Sheet {
            customer: Id::new(1),
            currency: None,
            price_list: None,
            payment_term: None,
            quoted_on: Date::constant(2026, 3, 9),
            valid_until: None,
            requested_on: None,
            discount: Decimal::ZERO,
            lines,
        }
    }

    fn rates(rates: &[(i64, &str)]) -> BTreeMap<Id<TaxCode>, Decimal> {
        rates.iter().map(|(code, rate)| (Id::new(*code), rate.parse().unwrap())).collect()
    }

    #[test]
    fn five_bicycles() {
        let mut sheet = sheet(vec![line("12825", Some(20), Some("1215.714"))]);
        sheet.taxes(&rates(&[(20, "0.2")]), 2);
        sheet.costs(Some(Decimal::ONE), 2);
        let totals = sheet.totals();
        assert_eq!(
            (totals.tax, totals.total()),
            ("2565".parse().unwrap(), "15390".parse().unwrap())
        );
        assert_eq!(totals.margin(), Some("6746.43".parse().unwrap()));
        assert_eq!(totals.margin_rate(), Some("0.526037".parse().unwrap()));
    }

    #[test]
    fn tax_is_rounded_once_for_each_code_and_adds_up() {
        let all = ["0.33", "0.33", "0.34", "10.01", "5.00"];
        let codes = [Some(20), Some(20), Some(20), Some(10), None];
        let lines = all.iter().zip(codes).map(|(amount, code)| line(amount, code, None));
        let mut sheet = sheet(lines.collect());
        sheet.taxes(&rates(&[(10, "0.1"), (20, "0.2")]), 2);
        let taxes: Vec<String> = sheet.lines.iter().map(|line| line.tax.to_string()).collect();
        assert_eq!(taxes, ["0.07", "0.06", "0.07", "1.00", "0.00"]);
        assert_eq!(sheet.totals().tax.to_string(), "1.20");
    }

    #[test]
    fn amounts_follow_the_minor_unit_of_the_currency() {
        for (quantity, price, decimals, expected) in [
            ("5", "2565", 2, "12825.00"),
            ("3", "0.335", 2, "1.01"),
            ("7", "97.857143", 2, "685.00"),
            ("3", "99.5", 0, "299.00"),
            ("0.5", "0.001", 3, "0.001"),
        ] {
            let got = amount(quantity.parse().unwrap(), price.parse().unwrap(), decimals).unwrap();
            assert_eq!(got.to_string(), expected, "{quantity} × {price}");
        }
    }

    #[test]
    fn one_unknown_cost_leaves_the_margin_unknown() {
        let mut sheet = sheet(vec![line("10", None, Some("1")), line("10", None, None)]);
        sheet.costs(Some(Decimal::ONE), 2);
        assert_eq!(sheet.totals().margin_rate(), None);
        assert_eq!(sheet.lines[0].cost, Some("5".parse().unwrap()));
    }

    #[test]
    fn nothing_sold_has_no_margin_rate() {
        let mut sheet = sheet(vec![line("0", None, Some("1"))]);
        sheet.costs(Some(Decimal::ONE), 2);
        assert_eq!(sheet.totals().margin(), Some("-5".parse().unwrap()));
        assert_eq!(sheet.totals().margin_rate(), None);
    }
}
