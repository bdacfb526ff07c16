//! Suppliers' bills: matched with order and receipt, then posted by accounting. What is billed is
//! asked of the books and never counted up here, so hearing of a bill twice changes nothing.

use fondaco_kernel::error::refuse_if_any;
use fondaco_kernel::events::Event;
use fondaco_kernel::ports::billing::{Billed, InvoiceAsk, InvoiceLineAsk};
use fondaco_kernel::trade::{self, Goods, too_large};
use fondaco_kernel::{Args, DocRef, Error, Outcome, Result, Tx, permissions::Allowed, store};
use fondaco_values::{Decimal, Id, Money, Quantity};

use super::matching::Asked;
use super::{MODEL, PurchaseOrder};
use crate::{picked, settings};
use fondaco_kernel::home::{Home, home};
use fondaco_kernel::measure;

/// The bill as it agrees with order and receipt, within the tolerances.
pub(crate) async fn bill(
    tx: &mut Tx,
    order: Allowed<PurchaseOrder>,
    args: Args,
) -> Result<Outcome> {
    let order = order.into_inner();
    let goods = trade::goods(tx);
    let asked = order.asked(goods, &args)?;
    let tolerance = settings::tolerance(tx).await?;
    refuse_if_any(order.mismatches(&asked, goods, tolerance))?;
    post(tx, order, &asked, &args).await
}

/// The bill as the supplier wrote it.
pub(crate) async fn accept(
    tx: &mut Tx,
    order: Allowed<PurchaseOrder>,
    args: Args,
) -> Result<Outcome> {
    let mut order = order.into_inner();
    let asked = order.asked(trade::goods(tx), &args)?;
    order.reason = args.text("reason").map(str::to_owned);
    post(tx, order, &asked, &args).await
}

async fn post(
    tx: &mut Tx,
    mut order: PurchaseOrder,
    asked: &[Asked],
    args: &Args,
) -> Result<Outcome> {
    let Some(billing) = tx.ports().billing else {
        let message = "Accounting is switched off: pay the bill elsewhere, then close the order.";
        return Err(Error::problem("", "no_accounting", message));
    };
    let (home, goods) = (home(tx).await?, trade::goods(tx));
    let currency = store::get(tx, order.currency).await?;
    order.check_net(asked, args, currency.decimals())?;
    let lines = order.clear(asked, goods, home).ok_or_else(|| too_large("lines"))?;
    let ask = InvoiceAsk {
        party: order.supplier,
        source: order.source(),
        on: args.date("on").unwrap_or_else(|| tx.today()),
        currency: order.currency,
        payment_term: order.payment_term,
        reference: args.text("reference").map(str::to_owned),
        lines,
    };
    store::update(tx, &mut order).await?;
    let document = billing.bill(tx, ask).await?;
    sync(tx, order.id).await?;
    Ok(Outcome::says("The bill is posted.").opens(document))
}

/// `accounting.bill.posted`
pub(crate) async fn posted(tx: &mut Tx, event: &Event) -> Result<()> {
    let Some(source) = event.find::<DocRef>("source")?.filter(|source| source.model == MODEL)
    else {
        return Ok(());
    };
    sync(tx, source.id.cast()).await
}

/// Takes over what the books say is billed.
async fn sync(tx: &mut Tx, id: Id<PurchaseOrder>) -> Result<()> {
    let Some(billing) = tx.ports().billing else { return Ok(()) };
    let mut order = store::get(tx, id).await?;
    let billed = billing.billed(tx, &order.source()).await?;
    if !order.take_over(&billed) {
        return Ok(());
    }
    order.refresh(trade::goods(tx), trade::billing(tx));
    store::update(tx, &mut order).await
}

impl PurchaseOrder {
    /// The lines of the bill: those that were entered, else all that is due.
    fn asked(&self, goods: Goods, args: &Args) -> Result<Vec<Asked>> {
        let asked = match args.json("lines") {
            Some(json) => {
                let picked = picked::read(json, &self.lines)?;
                let asked = picked.into_iter().map(|one| Asked {
                    at: one.at,
                    quantity: one.quantity,
                    unit_price: one.unit_price.unwrap_or(self.lines[one.at].unit_price),
                });
                asked.collect()
            }
            None => self.billable(goods),
        };
        if asked.is_empty() {
            return Err(self.nothing_to_bill(goods));
        }
        Ok(asked)
    }

    fn nothing_to_bill(&self, goods: Goods) -> Error {
        let waiting = self.lines.iter().any(|line| !line.open().is_zero());
        let message = match (waiting, goods) {
            (true, Goods::Counted) => {
                "Nothing is received that is not billed; have the receipt carried out first."
            }
            _ => "All of this order is billed.",
        };
        Error::problem("lines", "nothing_to_bill", message)
    }

    /// The total that was entered to check is what the lines come to.
    fn check_net(&self, asked: &[Asked], args: &Args, exponent: u8) -> Result<()> {
        let Some(entered) = args.decimal("net").and_then(Money::exact) else { return Ok(()) };
        let amount = |asked: &Asked| {
            measure::amount(asked.quantity, asked.unit_price, Decimal::ZERO, exponent)
        };
        let amounts: Option<Vec<Money>> = asked.iter().map(amount).collect();
        let amounts = amounts.ok_or_else(|| too_large("lines"))?;
        let net: Money = amounts.iter().sum();
        if net == entered {
            return Ok(());
        }
        let message = format!(
            "The bill says {entered} before tax, what is received and not billed comes to {net}. \
             Enter the lines as they are on the bill."
        );
        Err(Error::problem("net", "net_mismatch", message))
    }

    /// The lines to post, with what each clears of what was received; that is noted at once.
    fn clear(&mut self, asked: &[Asked], goods: Goods, home: Home) -> Option<Vec<InvoiceLineAsk>> {
        let rate = self.rate;
        let mut lines = Vec::with_capacity(asked.len());
        for asked in asked {
            let line = &mut self.lines[asked.at];
            let mut received_value = None;
            // What was counted when it came is cleared also while nobody counts.
            let counted = goods == Goods::Counted || line.received > line.uncounted;
            if line.goods && counted {
                let cleared = line.clear(asked.quantity, rate, home.exponent)?;
                line.cleared_value.0 += cleared;
                received_value = Some(cleared);
            }
            lines.push(InvoiceLineAsk {
                key: line.id.any(),
                product: Some(line.product),
                description: line.description.clone(),
                quantity: asked.quantity,
                unit_price: asked.unit_price,
                tax_code: line.tax_code,
                received_value,
            });
        }
        Some(lines)
    }

    /// Notes what is billed; answers whether anything is new.
    fn take_over(&mut self, billed: &Billed) -> bool {
        let mut new = self.billed_total != billed.total;
        self.billed_total = billed.total;
        for line in &mut self.lines {
            let own = billed.lines.iter().filter(|found| found.key == line.id.any());
            let quantity: Quantity = own.map(|found| found.quantity).sum();
            new |= line.billed != quantity;
            line.billed = quantity;
        }
        new
    }
}

#[cfg(test)]
mod tests {
    use fondaco_values::Decimal;

    use super::*;
    use crate::order::tests::{decimal, line, money, order, quantity};

    #[test]
    fn a_bill_clears_what_it_is_about() {
        let home = Home { currency: Id::new(1), exponent: 2 };
        let mut service = line(["1", "0", "0"]);
        (service.id, service.goods) = (Id::new(2), false);
        let mut order = order(vec![line(["4", "4", "0"]), service]);
        let asked = order.asked(Goods::Counted, &Args::default()).unwrap();
        let lines = order.clear(&asked, Goods::Counted, home).unwrap();
        let values: Vec<Option<Money>> = lines.iter().map(|line| line.received_value).collect();
        assert_eq!(values, [Some(money("1720")), None]);
        assert_eq!(order.lines[0].cleared_value.0, money("1720"));
    }

    #[test]
    fn what_was_counted_is_cleared_also_while_nobody_counts() {
        let home = Home { currency: Id::new(1), exponent: 2 };
        for (uncounted, cleared) in [("0", Some(money("1720"))), ("4", None)] {
            let mut order = order(vec![line(["4", "4", "0"])]);
            order.lines[0].uncounted = quantity(uncounted);
            let asked = order.asked(Goods::Uncounted, &Args::default()).unwrap();
            let lines = order.clear(&asked, Goods::Uncounted, home).unwrap();
            assert_eq!(lines[0].received_value, cleared, "{uncounted} came uncounted");
        }
    }

    #[test]
    fn the_total_on_the_bill_is_checked() {
        let order = order(vec![line(["4", "4", "0"])]);
        let asked = order.asked(Goods::Counted, &Args::default()).unwrap();
        let enter = |net: &str| Args::default().with("net", decimal(net));
        assert!(order.check_net(&asked, &enter("1720.00"), 2).is_ok());
        let error = order.check_net(&asked, &enter("1800"), 2).unwrap_err();
        assert_eq!(
            error.to_string(),
            "The bill says 1800.00 before tax, what is received and not billed comes to 1720.00. \
             Enter the lines as they are on the bill."
        );
        assert_eq!(asked[0].quantity, quantity("4"));
        assert_eq!(asked[0].unit_price, Decimal::from(430));
    }
}
