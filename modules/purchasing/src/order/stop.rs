//! Purchase orders that end early: cancelled, closed as they stand, or taken back to draft. What was
//! asked for with them is open again as far as it has not come.

use fondaco_kernel::error::refuse_if_any;
use fondaco_kernel::trade::{self, Billing, Goods};
use fondaco_kernel::{Args, Error, Outcome, Result, Tx, permissions::Allowed, store};
use fondaco_values::{Problem, Quantity};

use super::PurchaseOrder;
use crate::request;

pub(crate) async fn cancel(
    tx: &mut Tx,
    order: Allowed<PurchaseOrder>,
    args: Args,
) -> Result<Outcome> {
    let mut order = order.into_inner();
    refuse_if_any(order.begun("cancel"))?;
    withdraw(tx, &order).await?;
    let opened = request::give_back(tx, order.id).await?;
    order.forget_progress();
    order.reason = args.text("reason").map(str::to_owned);
    store::update(tx, &mut order).await?;
    Ok(Outcome::says(order.farewell("cancelled", opened)))
}

pub(crate) async fn reopen(
    tx: &mut Tx,
    order: Allowed<PurchaseOrder>,
    _args: Args,
) -> Result<Outcome> {
    let mut order = order.into_inner();
    refuse_if_any(order.begun("change"))?;
    withdraw(tx, &order).await?;
    order.forget_progress();
    order.expected_on = None;
    store::update(tx, &mut order).await?;
    Ok(Outcome::says("The order can be changed and confirmed again."))
}

pub(crate) async fn close(
    tx: &mut Tx,
    order: Allowed<PurchaseOrder>,
    args: Args,
) -> Result<Outcome> {
    let mut order = order.into_inner();
    if let Some(error) = order.left_to_bill(trade::goods(tx), trade::billing(tx)) {
        return Err(error);
    }
    withdraw(tx, &order).await?;
    let opened = request::give_back(tx, order.id).await?;
    order.reason = args.text("reason").map(str::to_owned);
    store::update(tx, &mut order).await?;
    Ok(Outcome::says(order.farewell("closed", opened)))
}

/// The warehouse expects nothing more of the order.
async fn withdraw(tx: &mut Tx, order: &PurchaseOrder) -> Result<()> {
    match tx.ports().stock {
        Some(stock) => stock.withdraw(tx, &order.source()).await,
        None => Ok(()),
    }
}

impl PurchaseOrder {
    fn farewell(&self, what: &str, opened: usize) -> String {
        let name = self.name();
        match opened {
            0 => format!("{name} is {what}."),
            1 => format!("{name} is {what}; its request is open again."),
            opened => format!("{name} is {what}; its {opened} requests are open again."),
        }
    }

    /// What of the order has begun and stands against stopping it.
    fn begun(&self, what: &str) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (at, line) in self.lines.iter().enumerate() {
            let (name, ordered) = (&line.description, line.quantity);
            for (field, done) in [("received", line.received), ("billed", line.billed)] {
                if done > Quantity::ZERO {
                    let message = format!(
                        "{name}: {done} of {ordered} are {field}; it is too late to {what} the \
                         order. Close it for the rest."
                    );
                    let problem = Problem::new(format!("lines[{at}].{field}"), field, message);
                    problems.push(problem.arg(field, done).arg("ordered", ordered));
                }
            }
        }
        problems
    }

    /// Goods that are here and not billed, where bills are posted.
    fn left_to_bill(&self, goods: Goods, bills: Billing) -> Option<Error> {
        if bills == Billing::Elsewhere || goods == Goods::Uncounted {
            return None;
        }
        let left = |line: &&super::OrderLine| line.goods && line.billable(goods) > Quantity::ZERO;
        let line = self.lines.iter().find(left)?;
        let message = format!(
            "{}: {} are received and not billed; enter the bill first, or send them back.",
            line.description,
            line.billable(goods)
        );
        Some(Error::problem("lines", "not_billed", message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::order::tests::{line, order};

    #[test]
    fn only_what_has_not_begun_is_cancelled() {
        for (figures, codes) in [
            (["4", "0", "0"], &[][..]),
            (["4", "3", "0"], &["received"]),
            (["4", "3", "3"], &["received", "billed"]),
        ] {
            let problems = order(vec![line(figures)]).begun("cancel");
            let found: Vec<&str> = problems.iter().map(|problem| problem.code.as_str()).collect();
            assert_eq!(found, codes, "{figures:?}");
        }
    }

    #[test]
    fn what_is_received_is_billed_before_closing() {
        let open = order(vec![line(["4", "3", "1"])]);
        let error = open.left_to_bill(Goods::Counted, Billing::Posted).unwrap();
        assert_eq!(
            error.to_string(),
            "Carbon frame: 2 are received and not billed; enter the bill first, or send them back."
        );
        assert!(open.left_to_bill(Goods::Counted, Billing::Elsewhere).is_none());
        assert!(
            order(vec![line(["4", "3", "3"])])
                .left_to_bill(Goods::Counted, Billing::Posted)
                .is_none()
        );
    }
}
