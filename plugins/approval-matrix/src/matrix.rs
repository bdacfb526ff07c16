//! The matrix: rules with conditions and approvers, and what of it an order needs. Amounts are in the company's
//! currency. Nothing here knows who asks.

use fondaco_plugin::{Answer, Decimal, Id, Rounding, round};

/// An order or a purchase, as far as rules look at it.
#[derive(Clone, Debug, Default)]
pub struct Order {
    pub number: Option<String>,
    /// In the company's currency.
    pub total: Decimal,
    pub rate: Decimal,
    pub creator: User,
    /// Somebody was asked for an approval.
    pub asked: bool,
    pub lines: Vec<Line>,
    pub rules: Vec<Rule>,
}

#[derive(Clone, Debug, Default)]
pub struct Line {
    pub amount: Decimal,
    pub quantity: Decimal,
    pub list_price: Option<Decimal>,
    pub category: Option<Id>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct User {
    pub id: Id,
    pub name: String,
}

/// One rule. Conditions that are empty hold.
#[derive(Clone, Debug, Default)]
pub struct Rule {
    pub name: String,
    pub active: bool,
    /// `sales`, `purchases` or `all`.
    pub applies_to: String,
    /// Of the total; with a category, of what is ordered in it before tax.
    pub above: Option<Decimal>,
    /// With its name.
    pub category: Option<(Id, String)>,
    /// How far below list prices: 0.15 is fifteen per cent.
    pub cut_above: Option<Decimal>,
    pub approvers: Vec<User>,
}

/// What an order needs, of all rules that hold.
#[derive(Clone, Debug, PartialEq)]
pub struct Needed {
    pub reasons: Vec<String>,
    /// Those whom each of the rules names.
    pub approvers: Vec<User>,
}

impl Order {
    /// `None` when no rule holds.
    pub fn needed(&self, model: &str) -> Answer<Option<Needed>> {
        let mut needed: Option<Needed> = None;
        for rule in self.rules.iter().filter(|rule| rule.active) {
            let Some(reason) = rule.holds(model, self) else { continue };
            if rule.approvers.is_empty() {
                return Err(format!("the rule `{}` names no approver: mend it", rule.name));
            }
            match &mut needed {
                None => {
                    let approvers = rule.approvers.clone();
                    needed = Some(Needed { reasons: vec![reason], approvers });
                }
                Some(known) => {
                    known.reasons.push(reason);
                    known.approvers.retain(|user| rule.approvers.contains(user));
                }
            }
        }
        Ok(needed)
    }

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

impl Rule {
    /// Why it holds, with figures.
    fn holds(&self, model: &str, order: &Order) -> Option<String> {
        let of = match self.applies_to.as_str() {
            "sales" => model == "sales.order",
            "purchases" => model == "purchasing.order",
            _ => true,
        };
        if !of {
            return None;
        }
        let mut amount = order.total;
        let mut why = Vec::new();
        if let Some((category, name)) = &self.category {
            let own = order.lines.iter().filter(|line| line.category == Some(*category));
            let mut own = own.peekable();
            own.peek()?;
            amount = own.map(|line| line.amount).sum::<Decimal>() * order.rate;
            why.push(format!("{:.2} of {name}", cents(amount)));
        }
        if let Some(limit) = self.above {
            if amount <= limit {
                return None;
            }
            match self.category {
                Some(_) => why.push(format!("above {limit:.2}")),
                None => why.push(format!("{:.2} is above {limit:.2}", cents(amount))),
            }
        }
        if let Some(limit) = self.cut_above {
            let found = order.cut();
            if found <= limit {
                return None;
            }
            let (found, limit) = (percent(found), percent(limit));
            why.push(format!("{found} % below list prices, more than {limit} %"));
        }
        let why = if why.is_empty() { "always".to_owned() } else { why.join(", ") };
        Some(format!("{}: {why}.", self.name))
    }
}

fn percent(part: Decimal) -> Decimal {
    round(part * Decimal::ONE_HUNDRED, 1, Rounding::HalfUp).normalize()
}

fn cents(amount: Decimal) -> Decimal {
    round(amount, 2, Rounding::HalfUp)
}

impl Needed {
    pub fn why(&self) -> String {
        self.reasons.join(" ")
    }

    pub fn others(&self, creator: &User) -> Vec<&User> {
        self.approvers.iter().filter(|user| user.id != creator.id).collect()
    }

    /// Who may approve, as a sentence.
    pub fn who(&self, creator: &User) -> String {
        let others = self.others(creator);
        let names: Vec<&str> = others.iter().map(|user| user.name.as_str()).collect();
        match names.as_slice() {
            [] if self.approvers.is_empty() => {
                "Nobody is named by all of these rules: mend them.".to_owned()
            }
            [] => format!("Only {} may approve it, who made it: mend the rules.", creator.name),
            [only] => format!("{only} may approve it."),
            [first @ .., last] => format!("{} or {last} may approve it.", first.join(", ")),
        }
    }
}
