//! Invoicing an order, and keeping up with what the books say of it. What is invoiced is asked of
//! the books and never counted up here, so hearing of an invoice twice changes nothing.

use fondaco_kernel::events::Event;
use fondaco_kernel::ports::billing::{Billed, InvoiceAsk, InvoiceLineAsk};
use fondaco_kernel::trade::{self, Goods, too_large};
use fondaco_kernel::{Args, DocRef, Error, Outcome, Result, Tx, permissions::Allowed, store};
use fondaco_values::{Date, Id, Money, Quantity};

use super::{MODEL, SalesOrder};
use fondaco_kernel::home::home;

pub(crate) async fn invoice(
    tx: &mut Tx,
    order: Allowed<SalesOrder>,
    args: Args,
) -> Result<Outcome> {
    let order = order.into_inner();
    let Some(billing) = tx.ports().billing else {
        let message = "Accounting is switched off: invoice elsewhere, then close the order.";
        return Err(Error::problem("", "no_accounting", message));
    };
    let goods = trade::goods(tx);
    let on = args.date("on").unwrap_or_else(|| tx.today());
    let ask = order.invoice(goods, on);
    if ask.lines.is_empty() {
        return Err(order.nothing_to_invoice(goods));
    }
    let document = billing.invoice(tx, ask).await?;
    sync(tx, order.id).await?;
    Ok(Outcome::says("The invoice is posted.").opens(document))
}

/// An invoice or a credit note was posted for an order.
pub(crate) async fn posted(tx: &mut Tx, event: &Event) -> Result<()> {
    let Some(source) = event.find::<DocRef>("source")?.filter(|source| source.model == MODEL)
    else {
        return Ok(());
    };
    sync(tx, source.id.cast()).await
}

/// Takes over what the books say is invoiced, and gives back the credit that was held for it.
async fn sync(tx: &mut Tx, id: Id<SalesOrder>) -> Result<()> {
    let Some(billing) = tx.ports().billing else { return Ok(()) };
    let mut order = store::get(tx, id).await?;
    let source = order.source();
    let billed = billing.billed(tx, &source).await?;
    let newly = billed.total - order.invoiced_total;
    if !order.take_over(&billed) {
        return Ok(());
    }
    let home = home(tx).await?;
    let (goods, invoices) = (trade::goods(tx), trade::billing(tx));
    order.refresh(goods, invoices, home.exponent);
    if let Some(credit) = tx.ports().credit
        && newly > Money::ZERO
    {
        let part = order.at_home(newly, home.exponent).ok_or_else(|| too_large("lines"))?;
        let all = order.invoice_state.as_deref() == Some("complete");
        credit.release(tx, &source, (!all).then_some(part)).await?;
    }
    store::update(tx, &mut order).await
}

impl SalesOrder {
    fn invoice(&self, goods: Goods, on: Date) -> InvoiceAsk {
        let due = self.lines.iter().filter(|line| line.billable(goods) > Quantity::ZERO);
        let lines = due.map(|line| InvoiceLineAsk {
            key: line.id.any(),
            product: Some(line.product),
            description: line.description.clone(),
            quantity: line.billable(goods),
            unit_price: line.net_price(),
            tax_code: line.tax_code,
            received_value: None,
        });
        InvoiceAsk {
            party: self.customer,
            source: self.source(),
            on,
            currency: self.currency,
            payment_term: self.payment_term,
            reference: None,
            lines: lines.collect(),
        }
    }

    fn nothing_to_invoice(&self, goods: Goods) -> Error {
        let waiting = self.lines.iter().any(|line| !line.open().is_zero());
        let message = match (waiting, goods) {
            (true, Goods::Counted) => "Nothing is delivered that is not invoiced; deliver first.",
            _ => "All of this order is invoiced.",
        };
        Error::problem("lines", "nothing_to_invoice", message)
    }

    /// Notes what is invoiced; answers whether anything is new.
    fn take_over(&mut self, billed: &Billed) -> bool {
        let mut new = self.invoiced_total != billed.total;
        self.invoiced_total = billed.total;
        for line in &mut self.lines {
            let own = billed.lines.iter().filter(|found| found.key == line.id.any());
            let invoiced: Quantity = own.map(|found| found.quantity).sum();
            new |= line.invoiced != invoiced;
            line.invoiced = invoiced;
        }
        new
    }
}

#[cfg(test)]
mod tests {
    use fondaco_kernel::ports::billing::BilledLine;

    use super::*;
    use crate::order::tests::{decimal, line, money, order, quantity};

    #[test]
    fn an_invoice_takes_what_is_delivered() {
        let mut bikes = line(["5", "3", "0", "0", "0"]);
        (bikes.id, bikes.unit_price) = (Id::new(7), decimal("2700"));
        bikes.discount = decimal("0.05");
        let order = order(vec![bikes, line(["2", "0", "0", "0", "0"])]);
        let ask = order.invoice(Goods::Counted, order.ordered_on);
        assert_eq!(ask.lines.len(), 1);
        assert_eq!(ask.lines[0].key.raw(), 7);
        assert_eq!(ask.lines[0].quantity, quantity("3"));
        assert_eq!(ask.lines[0].unit_price, decimal("2565"));
        assert_eq!(order.invoice(Goods::Uncounted, order.ordered_on).lines.len(), 2);
    }

    #[test]
    fn the_books_are_taken_over_once() {
        let mut order = order(vec![line(["5", "3", "0", "0", "0"])]);
        let row = BilledLine {
            key: order.lines[0].id.any(),
            quantity: quantity("3"),
            amount: money("7695"),
        };
        let total = money("9234");
        let billed = Billed { lines: vec![row], total, ..Billed::default() };
        assert!(order.take_over(&billed));
        assert_eq!(order.lines[0].invoiced, quantity("3"));
        assert!(!order.take_over(&billed));
    }
}
