//! Orders that end early: cancelled, closed as they stand, or taken back to draft. What they held of
//! goods, supplies and credit is given back.

use fondaco_kernel::error::refuse_if_any;
use fondaco_kernel::trade::{self, Billing, Goods};
use fondaco_kernel::{Args, Error, Outcome, Result, Tx, permissions::Allowed, store};
use fondaco_values::{Problem, Quantity};

use super::SalesOrder;

pub(crate) async fn cancel(tx: &mut Tx, order: Allowed<SalesOrder>, args: Args) -> Result<Outcome> {
    let mut order = order.into_inner();
    refuse_if_any(order.begun("cancel"))?;
    give_back(tx, &order).await?;
    order.forget_progress();
    order.reason = args.text("reason").map(str::to_owned);
    store::update(tx, &mut order).await?;
    Ok(Outcome::says(format!("{} is cancelled.", order.name())))
}

pub(crate) async fn reopen(
    tx: &mut Tx,
    order: Allowed<SalesOrder>,
    _args: Args,
) -> Result<Outcome> {
    let mut order = order.into_inner();
    refuse_if_any(order.begun("change"))?;
    give_back(tx, &order).await?;
    order.forget_progress();
    order.promised_on = None;
    store::update(tx, &mut order).await?;
    Ok(Outcome::says("The order can be changed and confirmed again."))
}

pub(crate) async fn close(tx: &mut Tx, order: Allowed<SalesOrder>, args: Args) -> Result<Outcome> {
    let mut order = order.into_inner();
    let (goods, invoices) = (trade::goods(tx), trade::billing(tx));
    if let Some(error) = order.left_to_invoice(goods, invoices) {
        return Err(error);
    }
    give_back(tx, &order).await?;
    order.reason = args.text("reason").map(str::to_owned);
    store::update(tx, &mut order).await?;
    Ok(Outcome::says(format!("{} is closed.", order.name())))
}

/// Withdraws what the order has asked for and not got, and what is left of the credit held for it.
async fn give_back(tx: &mut Tx, order: &SalesOrder) -> Result<()> {
    let source = order.source();
    let ports = tx.ports();
    if let Some(stock) = ports.stock {
        stock.withdraw(tx, &source).await?;
    }
    for supply in ports.supply {
        supply.withdraw(tx, &source).await?;
    }
    if let Some(credit) = ports.credit {
        credit.release(tx, &source, None).await?;
    }
    Ok(())
}

impl SalesOrder {
    /// What of the order has begun and stands against stopping it.
    fn begun(&self, what: &str) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (at, line) in self.lines.iter().enumerate() {
            let (kept, invoiced) = (line.kept(), line.invoiced - line.credited);
            let (ordered, name) = (line.quantity, &line.description);
            if kept > Quantity::ZERO {
                let message = format!(
                    "{name}: {kept} of {ordered} are delivered. To {what} the order have them \
                     returned first, or close the order for the rest."
                );
                let problem = Problem::new(format!("lines[{at}].delivered"), "delivered", message);
                problems.push(problem.arg("delivered", kept).arg("ordered", ordered));
            }
            if invoiced > Quantity::ZERO {
                let message = format!(
                    "{name}: {invoiced} of {ordered} are invoiced. To {what} the order credit \
                     them first, or close the order for the rest."
                );
                let problem = Problem::new(format!("lines[{at}].invoiced"), "invoiced", message);
                problems.push(problem.arg("invoiced", invoiced).arg("ordered", ordered));
            }
        }
        problems
    }

    /// Goods with the customer that nobody has invoiced, where invoices are posted.
    fn left_to_invoice(&self, goods: Goods, invoices: Billing) -> Option<Error> {
        if invoices == Billing::Elsewhere || goods == Goods::Uncounted {
            return None;
        }
        let left = |line: &&super::OrderLine| line.goods && line.billable(goods) > Quantity::ZERO;
        let line = self.lines.iter().find(left)?;
        let message = format!(
            "{}: {} are delivered and not invoiced; invoice them first.",
            line.description,
            line.billable(goods)
        );
        Some(Error::problem("lines", "not_invoiced", message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::order::tests::{line, order};

    #[test]
    fn only_what_has_not_begun_is_cancelled() {
        for (figures, codes) in [
            (["5", "0", "0", "0", "0"], &[][..]),
            (["5", "3", "0", "0", "0"], &["delivered"]),
            (["5", "3", "0", "3", "0"], &["delivered", "invoiced"]),
            (["5", "3", "3", "3", "0"], &["invoiced"]),
            (["5", "3", "3", "3", "3"], &[]),
        ] {
            let problems = order(vec![line(figures)]).begun("cancel");
            let found: Vec<&str> = problems.iter().map(|problem| problem.code.as_str()).collect();
            assert_eq!(found, codes, "{figures:?}");
        }
        let problems = order(vec![line(["5", "3", "0", "0", "0"])]).begun("cancel");
        assert_eq!(
            problems[0].message,
            "Bike: 3 of 5 are delivered. To cancel the order have them returned first, or close \
             the order for the rest."
        );
    }

    #[test]
    fn what_is_delivered_is_invoiced_before_closing() {
        let open = order(vec![line(["5", "3", "0", "2", "0"])]);
        let error = open.left_to_invoice(Goods::Counted, Billing::Posted).unwrap();
        assert_eq!(
            error.to_string(),
            "Bike: 1 are delivered and not invoiced; invoice them first."
        );
        assert!(open.left_to_invoice(Goods::Counted, Billing::Elsewhere).is_none());
        let even = order(vec![line(["5", "3", "0", "3", "0"])]);
        assert!(even.left_to_invoice(Goods::Counted, Billing::Posted).is_none());
    }
}
