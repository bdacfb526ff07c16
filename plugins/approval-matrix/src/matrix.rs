//! The matrix: rules with conditions and approvers, and what of it an order needs. Amounts are in the company's
//! currency. Nothing here knows who asks.

use fondaco_plugin::{Answer, Cx, Decimal, Rounding, round};
use serde::Deserialize;

/// An order or a purchase, as far as rules look at it.
#[derive(Clone, Debug, Default)]
pub struct Order {
    pub number: Option<String>,
    /// In the company's currency.
    pub total: Decimal,
    pub rate: Decimal,
    pub creator: String,
    pub lines: Vec<Line>,
}

#[derive(Clone, Debug, Default)]
pub struct Line {
    pub amount: Decimal,
    pub quantity: Decimal,
    pub list_price: Option<Decimal>,
    pub category: Option<String>,
}

/// One rule. Conditions that are not written hold.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    name: String,
    /// `sales.order` or `purchasing.order`; both when it is not written.
    #[serde(default)]
    of: Option<String>,
    /// Of the total; with a category, of what is ordered in it before tax.
    #[serde(default)]
    above: Option<String>,
    #[serde(default)]
    category: Option<String>,
    /// How far below list prices: "0.15" is fifteen per cent.
    #[serde(default)]
    cut_above: Option<String>,
    approvers: Vec<String>,
}

pub struct Matrix(Vec<Rule>);

/// What an order needs, of all rules that hold.
#[derive(Clone, Debug, PartialEq)]
pub struct Needed {
    pub reasons: Vec<String>,
    /// Those whom each of the rules names.
    pub approvers: Vec<String>,
}

impl Matrix {
    pub fn of(cx: &Cx) -> Answer<Matrix> {
        Matrix::read(&cx.setting::<String>("matrix")?)
    }

    pub fn read(text: &str) -> Answer<Matrix> {
        let rules: Vec<Rule> = serde_json::from_str(text)
            .map_err(|error| format!("the setting `matrix` cannot be read: {error}"))?;
        for rule in &rules {
            if rule.approvers.is_empty() {
                return Err(format!(
                    "the rule `{}` names no approvers: mend the matrix",
                    rule.name
                ));
            }
        }
        Ok(Matrix(rules))
    }

    /// `None` when no rule holds.
    pub fn needed(&self, model: &str, order: &Order) -> Answer<Option<Needed>> {
        let mut needed: Option<Needed> = None;
        for rule in &self.0 {
            let Some(reason) = rule.holds(model, order)? else { continue };
            match &mut needed {
                None => {
                    let approvers = rule.approvers.clone();
                    needed = Some(Needed { reasons: vec![reason], approvers });
                }
                Some(known) => {
                    known.reasons.push(reason);
                    known.approvers.retain(|name| rule.approvers.contains(name));
                }
            }
        }
        Ok(needed)
    }
}

impl Rule {
    /// Why it holds, with figures.
    fn holds(&self, model: &str, order: &Order) -> Answer<Option<String>> {
        if self.of.as_deref().is_some_and(|of| of != model) {
            return Ok(None);
        }
        let mut amount = order.total;
        let mut why = Vec::new();
        if let Some(category) = &self.category {
            let own = order.lines.iter().filter(|line| line.category.as_ref() == Some(category));
            let mut own = own.peekable();
            if own.peek().is_none() {
                return Ok(None);
            }
            amount = own.map(|line| line.amount).sum::<Decimal>() * order.rate;
            why.push(format!("{:.2} of {category}", cents(amount)));
        }
        if let Some(above) = &self.above {
            let limit = self.number("above", above)?;
            if amount <= limit {
                return Ok(None);
            }
            match self.category {
                Some(_) => why.push(format!("above {limit:.2}")),
                None => why.push(format!("{:.2} is above {limit:.2}", cents(amount))),
            }
        }
        if let Some(cut) = &self.cut_above {
            let limit = self.number("cut_above", cut)?;
            let found = order.cut();
            if found <= limit {
                return Ok(None);
            }
            let percent =
                |part: Decimal| round(part * Decimal::ONE_HUNDRED, 1, Rounding::HalfUp).normalize();
            why.push(format!(
                "{} % below list prices, more than {} %",
                percent(found),
                percent(limit)
            ));
        }
        let why = if why.is_empty() { "always".to_owned() } else { why.join(", ") };
        Ok(Some(format!("{}: {why}.", self.name)))
    }

    fn number(&self, key: &str, text: &str) -> Answer<Decimal> {
        let number: Option<Decimal> = text.parse().ok();
        number.ok_or_else(|| {
            format!("the rule `{}`: `{key}` is no number: mend the matrix", self.name)
        })
    }
}

fn cents(amount: Decimal) -> Decimal {
    round(amount, 2, Rounding::HalfUp)
}

impl Order {
    pub fn title(&self) -> String {
        match &self.number {
            Some(number) => format!("{number} of {:.2}", cents(self.total)),
            None => format!("an order of {:.2}", cents(self.total)),
        }
    }

    /// The part of its list prices that it stays below; lines without a list price do not count.
    fn cut(&self) -> Decimal {
        let (mut list, mut asked) = (Decimal::ZERO, Decimal::ZERO);
        for line in &self.lines {
            let Some(price) = line.list_price else { continue };
            list += price * line.quantity;
            asked += line.amount * self.rate;
        }
        if list <= Decimal::ZERO { Decimal::ZERO } else { (list - asked) / list }
    }
}

impl Needed {
    pub fn why(&self) -> String {
        self.reasons.join(" ")
    }

    pub fn others(&self, creator: &str) -> Vec<String> {
        self.approvers.iter().filter(|name| *name != creator).cloned().collect()
    }

    /// Who may approve, as a sentence.
    pub fn who(&self, creator: &str) -> String {
        let others = self.others(creator);
        match others.as_slice() {
            [] if self.approvers.is_empty() => {
                "Nobody is named by all of these rules: mend the matrix.".to_owned()
            }
            [] => format!("Only {creator} may approve it, who made it: mend the matrix."),
            [only] => format!("{only} may approve it."),
            [first @ .., last] => format!("{} or {last} may approve it.", first.join(", ")),
        }
    }
}
