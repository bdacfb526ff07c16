//! Looks at how a customer stands before an order of his is confirmed: over the limit, or late with paying.
//! Refuses or holds it, as the settings say, and explains with figures.

use fondaco_plugin::prelude::*;

#[derive(Record)]
struct Order {
    total: Decimal,
    rate: Decimal,
    #[field("customer.name")]
    customer: String,
    #[field("standing.limit")]
    limit: Option<Decimal>,
    #[field("standing.receivable")]
    owed: Option<Decimal>,
    #[field("standing.overdue")]
    overdue: Option<Decimal>,
    #[field("standing.held")]
    ordered: Option<Decimal>,
}

struct CreditGuard;

impl Guard for CreditGuard {
    type Record = Order;

    fn before_action(cx: &Cx, deed: &Deed<Order>) -> Answer<Ruling> {
        let order = &deed.record;
        let overdue = order.overdue.unwrap_or_default();
        if let Some(short) = order.beyond_limit() {
            let why = order.over(short);
            return ruling(&cx.setting::<String>("over_limit")?, deed, "over_limit", why);
        }
        if overdue > cx.setting::<Decimal>("tolerance")? {
            let why = format!("{} has {overdue:.2} overdue", order.customer);
            return ruling(&cx.setting::<String>("overdue")?, deed, "overdue", why);
        }
        Ok(Ruling::Proceed)
    }
}

fn ruling(choice: &str, deed: &Deed<Order>, code: &str, why: String) -> Answer<Ruling> {
    match choice {
        "ignore" => Ok(Ruling::Proceed),
        "refuse" => Ok(Ruling::refuse(Problem::new("customer", code, format!("{why}.")))),
        "hold" => {
            let look = [
                Field::new("model", deed.model.as_str()),
                Field::new("record", deed.id.0),
                Field::new("title", "Credit: an order is held"),
                Field::new("note", why.as_str()),
            ];
            let message = format!("The order is held: {why}. Somebody is asked to look at it.");
            Ok(Ruling::hold(message, Effects::none().create("activity", look)))
        }
        other => Err(format!("`{other}` is none of refuse, hold, ignore: mend the settings")),
    }
}

impl Order {
    /// In the company's currency, as the standing is.
    fn amount(&self) -> Decimal {
        self.total * self.rate
    }

    fn exposure(&self) -> Decimal {
        self.owed.unwrap_or_default() + self.ordered.unwrap_or_default()
    }

    fn beyond_limit(&self) -> Option<Decimal> {
        let beyond = self.exposure() + self.amount() - self.limit?;
        (beyond > Decimal::ZERO).then_some(beyond)
    }

    fn over(&self, beyond: Decimal) -> String {
        format!(
            "{} has a limit of {:.2}: {:.2} is owed ({:.2} of it overdue), {:.2} is ordered and not \
             invoiced, so {:.2} more is {beyond:.2} too much",
            self.customer,
            self.limit.unwrap_or_default(),
            self.owed.unwrap_or_default(),
            self.overdue.unwrap_or_default(),
            self.ordered.unwrap_or_default(),
            self.amount(),
        )
    }
}

export!(CreditGuard: guard);
