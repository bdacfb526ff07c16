//! The reports: why a price is what it is, and what became of the quotes.

use std::collections::BTreeMap;

use fondaco_kernel::module::missing;
use fondaco_kernel::ports::pricing::{PriceStep, StepKind};
use fondaco_kernel::records::{self, Query, Select};
use fondaco_kernel::shared::{Company, Currency};
use fondaco_kernel::values::limits::PAGE_SIZE_MAX;
use fondaco_kernel::values::{Date, Decimal, Id, Money, Problem, Quantity, Rounding, Value, round};
use fondaco_kernel::{Args, Result, Table, Tx, rates, store};
use serde_json::Value as Json;

use crate::pricing::{self, Question};

/// The way from the base price to the price of one.
pub(crate) async fn price(tx: &mut Tx, args: Args) -> Result<Table> {
    let product = args.link("product");
    let product = product.ok_or_else(|| missing("product", "Say of which product."))?;
    let company = tx.ctx().company();
    let company = store::get::<Company>(tx, company).await?;
    let question = Question {
        product,
        party: args.link("customer"),
        quantity: args.decimal("quantity").and_then(Quantity::exact).unwrap_or(Quantity::ONE),
        on: args.date("on").unwrap_or(tx.today()),
        currency: args.link("currency").unwrap_or(company.currency),
        choice: args.json("choice").cloned().unwrap_or(Json::Null),
        price_list: None,
        discounts: Vec::new(),
        manual: None,
    };
    let answer = pricing::answer(tx, &[question]).await?.into_iter().next();
    let priced = match answer {
        Some(Ok(priced)) => priced,
        Some(Err(problems)) => return Ok(refused(&problems)),
        None => return Ok(Table::default()),
    };
    let row = |step: &PriceStep| {
        let kind = Value::from(kind(step.kind));
        vec![Value::from(step.label.as_str()), kind, step.change.into(), step.unit_price.into()]
    };
    let net = priced.price.net;
    Ok(Table {
        rows: priced.price.steps.iter().map(row).collect(),
        totals: vec!["Price of one".into(), Value::Null, Value::Null, net.into()],
    })
}

/// Why there is no price, in the place of the steps.
fn refused(problems: &[Problem]) -> Table {
    let row = |problem: &Problem| {
        vec![problem.message.as_str().into(), "No price".into(), Value::Null, Value::Null]
    };
    Table { rows: problems.iter().map(row).collect(), totals: Vec::new() }
}

fn kind(kind: StepKind) -> &'static str {
    match kind {
        StepKind::Base => "Base",
        StepKind::Option => "Option",
        StepKind::PriceList => "Price list",
        StepKind::Volume => "Volume",
        StepKind::Discount => "Discount",
        StepKind::Plugin => "Plugin",
    }
}

/// What one sales person sent, and what became of it.
#[derive(Clone, Debug, Default)]
struct Results {
    name: String,
    quotes: i64,
    accepted: Money,
    rejected: Money,
    open: Money,
}

impl Results {
    fn add(&mut self, state: &str, net: Money) {
        self.quotes += 1;
        let place = match state {
            "accepted" => &mut self.accepted,
            "sent" => &mut self.open,
            _ => &mut self.rejected,
        };
        *place += net;
    }

    fn merge(&mut self, other: &Results) {
        self.quotes += other.quotes;
        self.accepted += other.accepted;
        self.rejected += other.rejected;
        self.open += other.open;
    }

    /// Accepted over what is decided.
    fn hit_rate(&self) -> Option<Decimal> {
        let decided = self.accepted + self.rejected;
        let rate = self.accepted.decimal().checked_div(decided.decimal())?;
        Some(round(rate, 6, Rounding::HalfUp))
    }

    fn row(&self) -> Vec<Value> {
        vec![
            self.name.as_str().into(),
            self.quotes.into(),
            (self.accepted + self.rejected + self.open).into(),
            self.accepted.into(),
            self.rejected.into(),
            self.open.into(),
            self.hit_rate().into(),
        ]
    }
}

/// Quotes by sales person, as far as the caller may read them.
pub(crate) async fn results(tx: &mut Tx, args: Args) -> Result<Table> {
    let company = tx.ctx().company();
    let company = store::get::<Company>(tx, company).await?;
    let mut filter = vec!["state != 'draft' && state != 'cancelled'".to_owned()];
    filter.extend(args.date("from").map(|from| format!("quoted_on >= date('{from}')")));
    filter.extend(args.date("until").map(|until| format!("quoted_on <= date('{until}')")));
    let fields = ["salesperson", "state", "net", "currency", "quoted_on"];
    let mut query = Query {
        filter: Some(filter.join(" && ")),
        sort: vec!["id".to_owned()],
        limit: Some(PAGE_SIZE_MAX),
        show: Select { fields: fields.map(str::to_owned).to_vec(), expand: Vec::new() },
        ..Query::default()
    };
    let mut exchange = Exchange { to: &company, rates: BTreeMap::new() };
    let mut all: BTreeMap<Option<i64>, Results> = BTreeMap::new();
    loop {
        let page = records::list(tx, crate::quote::QUOTE, &query).await?;
        for rec in &page.rows {
            let Some(currency) = rec.link::<Currency>("currency") else { continue };
            let on = rec.date("quoted_on").unwrap_or(tx.today());
            let net = rec.money("net").unwrap_or(Money::ZERO);
            let net = exchange.amount(tx, net, currency, on).await?;
            let who = rec.link::<Company>("salesperson").map(Id::raw);
            let name = rec.title_of("salesperson").unwrap_or("Nobody");
            let results = all
                .entry(who)
                .or_insert_with(|| Results { name: name.to_owned(), ..Results::default() });
            results.add(rec.state().unwrap_or_default(), net);
        }
        match page.next {
            Some(next) => query.after = Some(next),
            None => break,
        }
    }
    let mut total = Results { name: "All".to_owned(), ..Results::default() };
    all.values().for_each(|results| total.merge(results));
    Ok(Table { rows: all.values().map(Results::row).collect(), totals: total.row() })
}

/// Amounts in the company's currency; each rate is looked up once.
struct Exchange<'c> {
    to: &'c Company,
    rates: BTreeMap<(Id<Currency>, Date), Decimal>,
}

impl Exchange<'_> {
    async fn amount(
        &mut self,
        tx: &mut Tx,
        amount: Money,
        from: Id<Currency>,
        on: Date,
    ) -> Result<Money> {
        if from == self.to.currency {
            return Ok(amount);
        }
        let rate = match self.rates.get(&(from, on)) {
            Some(rate) => *rate,
            None => {
                let rate = rates::rate(tx, from, self.to.currency, on).await?;
                self.rates.insert((from, on), rate);
                rate
            }
        };
        let exact = amount.decimal().checked_mul(rate);
        Ok(exact.and_then(|exact| Money::round(exact, 2, Rounding::HalfUp)).unwrap_or(amount))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_rejected_or_expired_counts_against() {
        let mut results = Results::default();
        for (state, net) in
            [("accepted", "300"), ("rejected", "50"), ("expired", "50"), ("sent", "999")]
        {
            results.add(state, net.parse().unwrap());
        }
        assert_eq!(results.hit_rate(), Some("0.75".parse().unwrap()));
        assert_eq!(results.row()[2], Value::from("1399".parse::<Money>().unwrap()));
        assert_eq!(Results::default().hit_rate(), None);
    }
}
