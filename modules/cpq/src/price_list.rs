//! Price lists: the records, which line of a list holds for a product, and what it changes.
//! Not here: the order of the steps (`waterfall`), which list a customer has (`pricing`).

use std::collections::HashMap;
use std::str::FromStr;

use fondaco_kernel::error::refuse_if_any;
use fondaco_kernel::model::Saving;
use fondaco_kernel::shared::{Currency, Party, Product, ProductCategory};
use fondaco_kernel::values::{Date, Decimal, Id, Money, Problem, Quantity, Rounding};
use fondaco_kernel::{Record, Result, Tx};

use crate::lines::{Kept, kept};
use crate::reach::{Reach, valid};
use crate::waterfall::{Named, RoundTo, percent};

#[derive(Record, Clone, Debug)]
#[record("cpq.price_list")]
pub(crate) struct PriceList {
    pub(crate) id: Id<PriceList>,
    pub(crate) name: String,
    pub(crate) currency: Id<Currency>,
    pub(crate) is_default: bool,
    pub(crate) valid_from: Option<Date>,
    pub(crate) valid_until: Option<Date>,
    pub(crate) rounding: String,
    pub(crate) round_to: Option<Money>,
    pub(crate) active: bool,
}

#[derive(Record, Clone, Debug)]
#[record("cpq.price_list_line")]
pub(crate) struct PriceListLine {
    pub(crate) id: Id<PriceListLine>,
    pub(crate) list: Id<PriceList>,
    pub(crate) product: Option<Id<Product>>,
    pub(crate) option: Option<String>,
    pub(crate) category: Option<Id<ProductCategory>>,
    pub(crate) from_quantity: Quantity,
    /// `fixed` or `discount`.
    pub(crate) kind: String,
    pub(crate) price: Option<Money>,
    pub(crate) discount: Option<Decimal>,
    pub(crate) valid_from: Option<Date>,
    pub(crate) valid_until: Option<Date>,
}

/// The list of a party, which cpq adds to it.
#[derive(Record, Clone, Debug)]
#[record("party")]
pub(crate) struct Customer {
    pub(crate) id: Id<Customer>,
    pub(crate) price_list: Option<Id<PriceList>>,
}

impl Customer {
    pub(crate) fn party(&self) -> Id<Party> {
        self.id.cast()
    }
}

impl PriceList {
    /// Whether prices in this currency may come from it on that day.
    pub(crate) fn serves(&self, currency: Id<Currency>, on: Date) -> bool {
        self.active && self.currency == currency && valid(self.valid_from, self.valid_until, on)
    }

    /// What is told of a list that was named and does not serve.
    pub(crate) fn unfit() -> Problem {
        let message = "The price list is of another currency, not valid on that day, or switched \
                       off; choose another one, or none.";
        Problem::new("price_list", "not_valid", message)
    }

    pub(crate) fn round_to(&self, decimals: u8) -> RoundTo {
        let minor = RoundTo::minor_unit(decimals);
        let how = Rounding::from_str(&self.rounding).unwrap_or(Rounding::HalfUp);
        let step = self.round_to.map(Money::decimal).unwrap_or(minor.step);
        RoundTo { step, how }
    }
}

/// What prices are made of before the list: the base price and each option with its code.
pub(crate) struct Parts<'a> {
    pub(crate) base: Decimal,
    /// `(group.option, name, price)`
    pub(crate) options: &'a [(String, String, Decimal)],
}

/// What a list changes, each change with its reason.
pub(crate) fn changes(
    list: &PriceList,
    lines: &[PriceListLine],
    reach: &Reach<'_>,
    parts: &Parts<'_>,
) -> Vec<Named> {
    let mut changes = Vec::new();
    let mut open = Decimal::ZERO;
    for (code, name, price) in parts.options {
        match nearest(lines, reach, Some(code)) {
            Some(line) => changes.push(change(list, line, &format!(", {name}"), *price, *price)),
            None => open += *price,
        }
    }
    if let Some(line) = nearest(lines, reach, None) {
        // A discount on a product is one on its options too, but for those with lines of their own.
        changes.insert(0, change(list, line, "", parts.base, parts.base + open));
    }
    changes.retain(|change| !change.value.is_zero());
    changes
}

fn change(list: &PriceList, line: &PriceListLine, of: &str, own: Decimal, with: Decimal) -> Named {
    let name = &list.name;
    if line.kind == "fixed" {
        let price = line.price.unwrap_or(Money::ZERO);
        return Named::new(format!("Price list {name}{of}: {price}"), price.decimal() - own);
    }
    let discount = line.discount.unwrap_or(Decimal::ZERO);
    Named::new(format!("Price list {name}{of}: {}", signed(discount)), -with * discount)
}

/// A discount as a change: `-5 %`, or `+5 %` for a surcharge.
fn signed(discount: Decimal) -> String {
    let sign = if discount.is_sign_negative() { '+' } else { '-' };
    format!("{sign}{}", percent(discount.abs()))
}

/// The line that holds: the nearest to the product, then the one from the larger quantity.
fn nearest<'l>(
    lines: &'l [PriceListLine],
    reach: &Reach<'_>,
    option: Option<&str>,
) -> Option<&'l PriceListLine> {
    let holds = |line: &&PriceListLine| {
        line.option.as_deref() == option
            && valid(line.valid_from, line.valid_until, reach.on)
            && line.from_quantity.decimal() <= reach.quantity
    };
    let ranked = lines.iter().filter(holds).filter_map(|line| {
        let near = reach.near(line.product, line.category)?;
        Some((near, line.from_quantity, line))
    });
    ranked.max_by_key(|(near, from, line)| (*near, *from, line.id)).map(|(_, _, line)| line)
}

/// Before lists are saved: each line says one thing of one thing, and no two the same.
pub(crate) async fn prepare(_: &mut Tx, batch: &mut [Saving]) -> Result<()> {
    let mut problems = Vec::new();
    for saving in batch.iter() {
        let lines = kept(saving, "lines").unwrap_or_default();
        for (at, line) in lines.iter().enumerate() {
            problems.extend(of_line(line).into_iter().map(|p| p.under(format!("lines[{at}]"))));
        }
        problems.extend(of_validity(saving.date("valid_from"), saving.date("valid_until")));
        problems.extend(overlaps(&lines));
    }
    refuse_if_any(problems)
}

pub(crate) fn of_validity(from: Option<Date>, until: Option<Date>) -> Option<Problem> {
    let turned = matches!((from, until), (Some(from), Some(until)) if until < from);
    let message = "It ends before it begins.";
    turned.then(|| Problem::new("valid_until", "before_start", message))
}

fn of_line(line: &Kept<'_>) -> Vec<Problem> {
    let mut problems = Vec::new();
    let product = line.link::<Product>("product");
    let category = line.link::<ProductCategory>("category");
    if product.is_some() && category.is_some() {
        let message = "A line is for a product or for a category, not both.";
        problems.push(Problem::new("category", "one_of_two", message));
    }
    if line.text("option").is_some() && product.is_none() {
        let message = "Say of which product the option is.";
        problems.push(Problem::new("product", "required", message));
    }
    match (line.text("kind"), line.decimal("price"), line.decimal("discount")) {
        (Some("fixed"), None, _) => {
            problems.push(Problem::new("price", "required", "A fixed price needs the price."));
        }
        (Some("fixed"), Some(_), _) if product.is_none() => {
            let message = "A fixed price is for a product.";
            problems.push(Problem::new("product", "required", message));
        }
        (Some("fixed"), Some(price), _)
            if price.is_sign_negative() && line.text("option").is_none() =>
        {
            let message = "A price is not below zero.";
            problems.push(Problem::new("price", "negative", message));
        }
        (Some("discount"), _, None) => {
            problems.push(Problem::new("discount", "required", "A discount needs its rate."));
        }
        _ => {}
    }
    problems.extend(of_validity(line.date("valid_from"), line.date("valid_until")));
    problems
}

/// What a line says something of.
type Target<'a> =
    (Option<Id<Product>>, Option<&'a str>, Option<Id<ProductCategory>>, Option<Decimal>);
type Time = (Option<Date>, Option<Date>);

/// Which line would hold must not be left to chance.
fn overlaps(lines: &[Kept<'_>]) -> Vec<Problem> {
    let mut seen: HashMap<Target<'_>, Vec<(usize, Time)>> = HashMap::new();
    let mut problems = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let quantity = line.decimal("from_quantity").map(|quantity| quantity.normalize());
        let target = (line.link("product"), line.text("option"), line.link("category"), quantity);
        let time = (line.date("valid_from"), line.date("valid_until"));
        let same = seen.entry(target).or_default();
        if let Some((other, _)) = same.iter().find(|(_, taken)| meet(*taken, time)) {
            let message = format!(
                "Line {} says something for the same at the same time; end one of the two.",
                other + 1
            );
            problems.push(Problem::new(format!("lines[{at}]"), "conflict", message));
        }
        same.push((at, time));
    }
    problems
}

/// Whether two times have a day in common.
pub(crate) fn meet(one: Time, other: Time) -> bool {
    let begins = |from: Option<Date>| from.unwrap_or(Date::MIN);
    let ends = |until: Option<Date>| until.unwrap_or(Date::MAX);
    begins(one.0) <= ends(other.1) && begins(other.0) <= ends(one.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Date = Date::constant(2026, 3, 9);

    fn list() -> PriceList {
        PriceList {
            id: Id::new(1),
            name: "Dealers".into(),
            currency: Id::new(978),
            is_default: false,
            valid_from: None,
            valid_until: Some(Date::constant(2026, 12, 31)),
            rounding: "half_up".into(),
            round_to: None,
            active: true,
        }
    }

    fn line(id: i64, product: Option<i64>, category: Option<i64>, from: &str) -> PriceListLine {
        PriceListLine {
            id: Id::new(id),
            list: Id::new(1),
            product: product.map(Id::new),
            option: None,
            category: category.map(Id::new),
            from_quantity: from.parse().unwrap(),
            kind: "discount".into(),
            price: None,
            discount: Some(Decimal::new(id, 2)),
            valid_from: None,
            valid_until: None,
        }
    }

    fn reach<'a>(quantity: &str, chain: &'a [Id<ProductCategory>]) -> Reach<'a> {
        let quantity = quantity.parse().unwrap();
        Reach { product: Id::new(70), root: Id::new(7), categories: chain, quantity, on: DAY }
    }

    /// A discount of as many per cent as the line's id, of a base of 900 and a frame of 700.
    fn taken(lines: &[PriceListLine], quantity: &str) -> Vec<(String, String)> {
        let chain = [Id::new(31), Id::new(30)];
        let options = [("frame.carbon".to_owned(), "Carbon frame".to_owned(), 700.into())];
        let parts = Parts { base: 900.into(), options: &options };
        let changes = changes(&list(), lines, &reach(quantity, &chain), &parts);
        let told = |change: Named| (change.label, change.value.normalize().to_string());
        changes.into_iter().map(told).collect()
    }

    fn one(label: &str, value: &str) -> Vec<(String, String)> {
        vec![(label.into(), value.into())]
    }

    #[test]
    fn the_nearest_line_holds() {
        let all = line(1, None, None, "0");
        let far = line(2, None, Some(30), "0");
        let near = line(3, None, Some(31), "0");
        let root = line(4, Some(7), None, "0");
        let variant = line(5, Some(70), None, "0");
        let foreign = [line(6, Some(8), None, "0"), line(7, None, Some(99), "0")];
        let mut lines = foreign.to_vec();
        assert_eq!(taken(&lines, "1"), vec![]);
        for (line, label, value) in [
            (all, "Price list Dealers: -1 %", "-16"),
            (far, "Price list Dealers: -2 %", "-32"),
            (near, "Price list Dealers: -3 %", "-48"),
            (root, "Price list Dealers: -4 %", "-64"),
            (variant, "Price list Dealers: -5 %", "-80"),
        ] {
            lines.push(line);
            assert_eq!(taken(&lines, "1"), one(label, value));
        }
    }

    #[test]
    fn then_the_larger_quantity() {
        let lines = [line(1, Some(7), None, "0"), line(8, Some(7), None, "5")];
        assert_eq!(taken(&lines, "4.999999"), one("Price list Dealers: -1 %", "-16"));
        assert_eq!(taken(&lines, "5"), one("Price list Dealers: -8 %", "-128"));
    }

    #[test]
    fn only_while_it_is_valid() {
        let mut line = line(4, Some(7), None, "0");
        for (from, until, holds) in [
            (Some(DAY), Some(DAY), true),
            (DAY.tomorrow().ok(), None, false),
            (None, DAY.yesterday().ok(), false),
        ] {
            (line.valid_from, line.valid_until) = (from, until);
            assert_eq!(!taken(std::slice::from_ref(&line), "1").is_empty(), holds);
        }
    }

    #[test]
    fn a_fixed_price_replaces_the_base_and_an_option_has_its_own() {
        let fixed = |line: PriceListLine, price: &str| PriceListLine {
            kind: "fixed".into(),
            price: Some(price.parse().unwrap()),
            discount: None,
            ..line
        };
        let base = fixed(line(1, Some(7), None, "0"), "850");
        let frame = PriceListLine {
            option: Some("frame.carbon".into()),
            ..fixed(line(2, Some(7), None, "0"), "650")
        };
        let surcharge =
            PriceListLine { discount: Some(Decimal::new(-10, 2)), ..line(3, Some(7), None, "0") };
        let two = vec![
            ("Price list Dealers: 850.00".to_owned(), "-50".to_owned()),
            ("Price list Dealers, Carbon frame: 650.00".to_owned(), "-50".to_owned()),
        ];
        assert_eq!(taken(&[base, frame.clone()], "1"), two);
        let two = vec![
            ("Price list Dealers: +10 %".to_owned(), "90".to_owned()),
            ("Price list Dealers, Carbon frame: 650.00".to_owned(), "-50".to_owned()),
        ];
        assert_eq!(taken(&[surcharge, frame], "1"), two);
    }

    #[test]
    fn a_list_serves_its_currency_while_it_is_valid() {
        for (list, expected) in [
            (list(), true),
            (PriceList { active: false, ..list() }, false),
            (PriceList { currency: Id::new(840), ..list() }, false),
            (PriceList { valid_from: DAY.tomorrow().ok(), ..list() }, false),
        ] {
            assert_eq!(list.serves(Id::new(978), DAY), expected);
        }
    }
}
