//! Goods that a customer sends back: a return is opened from the order, the warehouse takes the
//! goods in at what they cost when they left, and what was invoiced of them is credited.

use fondaco_kernel::error::refuse_if_any;
use fondaco_kernel::events::Event;
use fondaco_kernel::ports::billing::{InvoiceAsk, InvoiceLineAsk};
use fondaco_kernel::ports::stock::{Expected, ExpectedLine, Moved};
use fondaco_kernel::shared::{Party, Product};
use fondaco_kernel::trade::{self, Goods};
use fondaco_kernel::{
    Args, DocRef, Error, Outcome, Record, Result, Tx, permissions::Allowed, store,
};
use fondaco_values::{Date, Id, Money, Problem, Quantity};

use fondaco_kernel::home::{Home, home};

use crate::order::{OrderLine, SalesOrder};
use crate::picked;
use fondaco_kernel::measure;

const MODEL: &str = "sales.return";

#[derive(Record, Clone, Debug)]
#[record("sales.return")]
pub(crate) struct Return {
    pub(crate) id: Id<Return>,
    pub(crate) version: i64,
    pub(crate) number: Option<String>,
    pub(crate) state: String,
    pub(crate) order: Id<SalesOrder>,
    pub(crate) customer: Id<Party>,
    pub(crate) reason: String,
    pub(crate) returned_on: Date,
    pub(crate) lines: Vec<ReturnLine>,
    /// With tax, in the order's currency.
    pub(crate) credited_total: Money,
}

/// Quantities are in the product's unit.
#[derive(Record, Clone, Debug)]
#[record("sales.return_line")]
pub(crate) struct ReturnLine {
    pub(crate) id: Id<ReturnLine>,
    pub(crate) order_line: Id<OrderLine>,
    pub(crate) product: Id<Product>,
    pub(crate) description: String,
    pub(crate) quantity: Quantity,
    pub(crate) received: Quantity,
    pub(crate) credited: Quantity,
}

/// The order's action: a draft with what comes back.
pub(crate) async fn open(tx: &mut Tx, order: Allowed<SalesOrder>, args: Args) -> Result<Outcome> {
    let order = order.into_inner();
    let goods = trade::goods(tx);
    let returnable = |line: &OrderLine| line.returnable(goods);
    let picked = picked::read(args.json("lines"), &order.lines, returnable, "with the customer")?;
    if picked.is_empty() {
        let message = "Nothing of this order is with the customer.";
        return Err(Error::problem("lines", "nothing_delivered", message));
    }
    let mut draft = Return {
        id: Id::default(),
        version: 0,
        number: None,
        state: "draft".to_owned(),
        order: order.id,
        customer: order.customer,
        reason: args.text("reason").unwrap_or_default().to_owned(),
        returned_on: tx.today(),
        lines: picked.iter().map(|(at, q)| ReturnLine::draft(&order.lines[*at], *q)).collect(),
        credited_total: Money::ZERO,
    };
    let id = store::insert(tx, &mut draft).await?;
    let document = DocRef::new(MODEL, id);
    Ok(Outcome::says("Check the quantities and confirm the return.").opens(document))
}

pub(crate) async fn confirm(tx: &mut Tx, this: Allowed<Return>, _args: Args) -> Result<Outcome> {
    let this = this.into_inner();
    let order = store::get::<SalesOrder>(tx, this.order).await?;
    refuse_if_any(this.problems(&order, trade::goods(tx)))?;
    let expected = this.expected(&order);
    match tx.ports().stock {
        Some(stock) if !expected.lines.is_empty() => {
            let receipt = stock.expect_return(tx, expected).await?;
            Ok(Outcome::says("The warehouse expects the goods.").opens(receipt))
        }
        // Services, or goods that nobody counts: what is said to come back has come back. The state
        // follows once the return is confirmed (`confirmed`).
        _ => Ok(Outcome::says("Noted as returned.")),
    }
}

/// `sales.return.waiting`: where nobody counts, the goods are here already.
pub(crate) async fn confirmed(tx: &mut Tx, event: &Event) -> Result<()> {
    let mut this = store::get::<Return>(tx, event.id.cast()).await?;
    let mut order = store::get::<SalesOrder>(tx, this.order).await?;
    let (goods, invoices, home) = (trade::goods(tx), trade::billing(tx), home(tx).await?);
    for line in &mut this.lines {
        let Some(own) = order.line(line.order_line) else { continue };
        if own.goods && goods == Goods::Counted {
            continue;
        }
        let cost = own.returned_cost(line.quantity, home);
        own.returned += line.quantity;
        own.delivered_cost.0 -= cost;
        line.received = line.quantity;
    }
    if this.lines.iter().all(|line| line.received.is_zero()) {
        return Ok(());
    }
    order.refresh(goods, invoices, home.exponent);
    store::update(tx, &mut order).await?;
    this.settle();
    store::update(tx, &mut this).await
}

/// `inventory.receipt.done`: the warehouse has taken goods of a return in.
pub(crate) async fn arrived(tx: &mut Tx, event: &Event) -> Result<()> {
    let Some(moved) = event.find::<Moved>("moved")?.filter(|moved| moved.source.model == MODEL)
    else {
        return Ok(());
    };
    let mut this = store::get::<Return>(tx, moved.source.id.cast()).await?;
    let mut order = store::get::<SalesOrder>(tx, this.order).await?;
    let home = home(tx).await?;
    for moved in &moved.lines {
        let Some(line) = this.lines.iter_mut().find(|line| line.id.any() == moved.key) else {
            continue;
        };
        let Some(own) = order.line(line.order_line) else { continue };
        let before = own.returned;
        own.take_back(moved.quantity, moved.value);
        line.received += own.returned - before;
    }
    let (goods, invoices) = (trade::goods(tx), trade::billing(tx));
    order.refresh(goods, invoices, home.exponent);
    store::update(tx, &mut order).await?;
    this.settle();
    store::update(tx, &mut this).await
}

pub(crate) async fn credit(tx: &mut Tx, this: Allowed<Return>, args: Args) -> Result<Outcome> {
    let mut this = this.into_inner();
    let Some(billing) = tx.ports().billing else {
        let message = "Accounting is switched off: credit elsewhere, then close the return.";
        return Err(Error::problem("", "no_accounting", message));
    };
    let mut order = store::get::<SalesOrder>(tx, this.order).await?;
    let on = args.date("on").unwrap_or_else(|| tx.today());
    let goods = trade::goods(tx);
    let ask = this.credit(&mut order, goods, on);
    if ask.lines.is_empty() {
        let message = "Nothing that came back was invoiced; close the return.";
        return Err(Error::problem("lines", "nothing_to_credit", message));
    }
    let note = billing.credit(tx, ask).await?;
    let credited = billing.billed(tx, &this.source()).await?;
    this.credited_total = credited.total.abs();
    let (invoices, home) = (trade::billing(tx), home(tx).await?);
    order.refresh(goods, invoices, home.exponent);
    store::update(tx, &mut order).await?;
    if this.state == "received" {
        this.state = "done".to_owned();
    }
    store::update(tx, &mut this).await?;
    Ok(Outcome::says("The credit note is posted.").opens(note))
}

pub(crate) async fn cancel(tx: &mut Tx, this: Allowed<Return>, _args: Args) -> Result<Outcome> {
    let this = this.into_inner();
    if this.lines.iter().any(|line| !line.received.is_zero()) {
        let message = "Goods of this return are here already; credit them and close it.";
        return Err(Error::problem("lines", "received", message));
    }
    if let Some(stock) = tx.ports().stock {
        stock.withdraw(tx, &this.source()).await?;
    }
    Ok(Outcome::says("The return is cancelled."))
}

impl Return {
    fn source(&self) -> DocRef {
        DocRef::new(MODEL, self.id)
    }

    /// A return of which everything is here is received.
    fn settle(&mut self) {
        if self.state == "waiting" && self.lines.iter().all(|line| line.received >= line.quantity) {
            self.state = "received".to_owned();
        }
    }

    /// More than the customer has cannot come back.
    fn problems(&self, order: &SalesOrder, goods: Goods) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (at, line) in self.lines.iter().enumerate() {
            let own = order.lines.iter().find(|own| own.id == line.order_line);
            let most = own.map_or(Quantity::ZERO, |own| own.returnable(goods));
            if line.quantity > most {
                let message = format!(
                    "{}: {} are to come back, {most} are with the customer.",
                    line.description, line.quantity
                );
                let problem = Problem::new(format!("lines[{at}].quantity"), "too_many", message);
                problems.push(problem.arg("asked", line.quantity).arg("most", most));
            }
        }
        problems
    }

    /// The goods the warehouse will see again, at what they cost when they left.
    fn expected(&self, order: &SalesOrder) -> Expected {
        let goods = self.lines.iter().filter(|line| line.quantity > Quantity::ZERO);
        let lines = goods.filter_map(|line| {
            let own = order.lines.iter().find(|own| own.id == line.order_line && own.goods)?;
            Some(ExpectedLine {
                key: line.id.any(),
                product: line.product,
                quantity: measure::to_base(line.quantity, own.factor)?,
                unit_cost: own.unit_cost(),
            })
        });
        Expected {
            source: self.source(),
            party: Some(self.customer),
            due: self.returned_on,
            lines: lines.collect(),
        }
    }

    /// The credit note over what came back, was invoiced and is not credited; noted at once on both
    /// documents.
    fn credit(&mut self, order: &mut SalesOrder, goods: Goods, on: Date) -> InvoiceAsk {
        let mut lines = Vec::new();
        for line in &mut self.lines {
            let Some(own) = order.line(line.order_line) else { continue };
            let quantity = (line.received - line.credited).min(own.creditable(goods));
            if quantity <= Quantity::ZERO {
                continue;
            }
            line.credited += quantity;
            own.credited += quantity;
            lines.push(InvoiceLineAsk {
                key: line.id.any(),
                product: Some(line.product),
                description: line.description.clone(),
                quantity,
                unit_price: own.net_price(),
                tax_code: own.tax_code,
                received_value: None,
            });
        }
        InvoiceAsk {
            party: self.customer,
            source: DocRef::new(MODEL, self.id),
            on,
            currency: order.currency,
            payment_term: None,
            reference: order.number.clone(),
            lines,
        }
    }
}

impl ReturnLine {
    fn draft(line: &OrderLine, quantity: Quantity) -> ReturnLine {
        ReturnLine {
            id: Id::default(),
            order_line: line.id,
            product: line.product,
            description: line.description.clone(),
            quantity,
            received: Quantity::ZERO,
            credited: Quantity::ZERO,
        }
    }
}

impl SalesOrder {
    fn line(&mut self, id: Id<OrderLine>) -> Option<&mut OrderLine> {
        self.lines.iter_mut().find(|line| line.id == id)
    }
}

impl OrderLine {
    /// What can come back: what is with the customer. Where nobody counts, and of services, that is
    /// what was delivered by hand or else invoiced.
    fn returnable(&self, goods: Goods) -> Quantity {
        let had = match (self.goods, goods) {
            (true, Goods::Counted) => self.delivered,
            _ => self.delivered.max(self.invoiced),
        };
        (had - self.returned).max(Quantity::ZERO)
    }

    /// The cost of so many of what the customer has.
    fn returned_cost(&self, quantity: Quantity, home: Home) -> Money {
        let cost = measure::part(self.delivered_cost.0, quantity, self.kept(), home.exponent);
        cost.unwrap_or(Money::ZERO).min(self.delivered_cost.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::order::tests::{decimal, line, money, order, quantity};
    use fondaco_kernel::home::HomeMoney;

    fn coming_back(text: &str) -> Return {
        let lines = vec![ReturnLine::draft(&line(["5", "5", "0", "5", "0"]), quantity(text))];
        Return {
            id: Id::new(3),
            version: 1,
            number: None,
            state: "waiting".to_owned(),
            order: Id::new(1),
            customer: Id::new(1),
            reason: "broken".to_owned(),
            returned_on: "2026-03-09".parse().unwrap(),
            lines,
            credited_total: Money::ZERO,
        }
    }

    #[test]
    fn goods_come_back_at_what_they_cost() {
        let mut sold = line(["5", "5", "0", "5", "0"]);
        sold.delivered_cost = HomeMoney(money("6078.57"));
        let expected = coming_back("2").expected(&order(vec![sold]));
        assert_eq!(expected.lines[0].quantity, quantity("2"));
        assert_eq!(expected.lines[0].unit_cost, Some(decimal("1215.714")));
    }

    #[test]
    fn only_what_was_invoiced_is_credited_and_only_once() {
        for (figures, received, credited) in [
            (["5", "5", "2", "5", "0"], "2", Some("2")),
            (["5", "5", "2", "4", "0"], "2", Some("1")),
            (["5", "5", "2", "3", "0"], "2", None),
            (["5", "5", "2", "5", "2"], "2", None),
        ] {
            let mut order = order(vec![line(figures)]);
            let mut this = coming_back("2");
            this.lines[0].received = quantity(received);
            let ask = this.credit(&mut order, Goods::Counted, "2026-03-09".parse().unwrap());
            let found = ask.lines.first().map(|line| line.quantity);
            assert_eq!(found, credited.map(quantity), "{figures:?}");
            assert!(this.credit(&mut order, Goods::Counted, ask.on).lines.is_empty(), "once");
        }
    }

    #[test]
    fn no_more_comes_back_than_the_customer_has() {
        let order = order(vec![line(["5", "3", "1", "3", "0"])]);
        let problems = coming_back("3").problems(&order, Goods::Counted);
        assert_eq!(problems[0].message, "Bike: 3 are to come back, 2 are with the customer.");
        assert!(coming_back("2").problems(&order, Goods::Counted).is_empty());
    }
}
