//! A purchase order: its figures, and what they say of how far it has come. All of this is pure.
//! Not here: the deeds, one file each in `order/`; what there is to buy (`request`), at what price
//! (`supplier_price`).

pub(crate) mod bill;
pub(crate) mod confirm;
pub(crate) mod matching;
pub(crate) mod open;
pub(crate) mod prepare;
pub(crate) mod receive;
pub(crate) mod stop;

use fondaco_kernel::shared::{Currency, Party, PaymentTerm, Product, TaxCode};
use fondaco_kernel::trade::{Billing, Goods, PRICE_PLACES};
use fondaco_kernel::{DocRef, Record};
use fondaco_values::{Date, Decimal, Id, Money, Quantity, Rounding, round};

use fondaco_kernel::home::HomeMoney;
use fondaco_kernel::measure;

pub(crate) const MODEL: &str = "purchasing.order";

#[derive(Record, Clone, Debug)]
#[record("purchasing.order")]
pub(crate) struct PurchaseOrder {
    pub(crate) id: Id<PurchaseOrder>,
    pub(crate) version: i64,
    pub(crate) number: Option<String>,
    pub(crate) state: String,
    pub(crate) supplier: Id<Party>,
    pub(crate) currency: Id<Currency>,
    /// Units of the company's currency for one of the order's.
    pub(crate) rate: Decimal,
    pub(crate) ordered_on: Date,
    pub(crate) expected_on: Option<Date>,
    pub(crate) payment_term: Option<Id<PaymentTerm>>,
    pub(crate) lines: Vec<OrderLine>,
    pub(crate) net: Money,
    pub(crate) total: Money,
    pub(crate) receipt_state: Option<String>,
    pub(crate) bill_state: Option<String>,
    /// With tax.
    pub(crate) billed_total: Money,
    pub(crate) reason: Option<String>,
}

/// Quantities are in the product's unit.
#[derive(Record, Clone, Debug)]
#[record("purchasing.order_line")]
pub(crate) struct OrderLine {
    pub(crate) id: Id<OrderLine>,
    pub(crate) product: Id<Product>,
    pub(crate) supplier_code: Option<String>,
    pub(crate) description: String,
    pub(crate) quantity: Quantity,
    /// Before tax, in the order's currency.
    pub(crate) unit_price: Decimal,
    pub(crate) tax_code: Option<Id<TaxCode>>,
    pub(crate) amount: Money,
    /// Working days; `None` when no supplier price said so.
    pub(crate) lead_days: Option<i64>,
    /// Base units in one of the product's unit.
    pub(crate) factor: Decimal,
    pub(crate) goods: bool,
    /// Without what was sent back.
    pub(crate) received: Quantity,
    /// Of what is received, what came while nobody counted the goods.
    pub(crate) uncounted: Quantity,
    /// At what it was received, in the company's currency.
    pub(crate) received_value: HomeMoney,
    pub(crate) billed: Quantity,
    /// Of the received value, what bills have cleared.
    pub(crate) cleared_value: HomeMoney,
}

impl PurchaseOrder {
    pub(crate) fn source(&self) -> DocRef {
        DocRef::new(MODEL, self.id)
    }

    /// What users call it.
    pub(crate) fn name(&self) -> String {
        self.number.clone().unwrap_or_else(|| "The order".to_owned())
    }

    /// An amount of the order in the company's currency; the amount itself when it is out of range.
    pub(crate) fn at_home(&self, amount: Money, exponent: u8) -> Money {
        let value = amount.decimal().checked_mul(self.rate);
        let value = value.and_then(|value| Money::round(value, exponent, Rounding::HalfUp));
        value.unwrap_or(amount)
    }

    pub(crate) fn receipt(&self, goods: Goods) -> &'static str {
        let mut lines = self.lines.iter().filter(|line| line.goods).peekable();
        if lines.peek().is_none() {
            return "nothing";
        }
        let begun = self.lines.iter().any(|line| line.goods && !line.received.is_zero());
        let complete = lines.all(|line| line.open().is_zero());
        match (complete, begun, goods) {
            (true, _, _) => "complete",
            (false, true, _) => "partial",
            (false, false, Goods::Counted) => "waiting",
            (false, false, Goods::Uncounted) => "untracked",
        }
    }

    pub(crate) fn billing(&self, bills: Billing) -> &'static str {
        let begun = self.lines.iter().any(|line| !line.billed.is_zero());
        let complete = self.lines.iter().all(|line| line.billed >= line.due());
        match (complete, begun, bills) {
            (_, false, Billing::Elsewhere) => "untracked",
            (false, false, Billing::Posted) => "waiting",
            (false, true, _) => "partial",
            (true, _, _) => "complete",
        }
    }

    /// Nothing is left to do, as far as somebody keeps track of it.
    pub(crate) fn is_complete(&self) -> bool {
        let over = |state: &Option<String>| {
            matches!(state.as_deref(), Some("complete" | "nothing" | "untracked"))
        };
        let real = |state: &Option<String>| matches!(state.as_deref(), Some("complete"));
        let (receipt, bill) = (&self.receipt_state, &self.bill_state);
        over(receipt) && over(bill) && (real(receipt) || real(bill))
    }

    /// Brings what follows from the lines up to date. A confirmed order with nothing left to do is
    /// done.
    pub(crate) fn refresh(&mut self, goods: Goods, bills: Billing) {
        self.receipt_state = Some(self.receipt(goods).to_owned());
        self.bill_state = Some(self.billing(bills).to_owned());
        if self.state == "confirmed" && self.is_complete() {
            self.state = "done".to_owned();
        }
    }

    /// As it was before it was confirmed; only while nothing was received or billed.
    pub(crate) fn forget_progress(&mut self) {
        self.receipt_state = None;
        self.bill_state = None;
        self.reason = None;
    }
}

impl OrderLine {
    /// Ordered and not received.
    pub(crate) fn open(&self) -> Quantity {
        if self.goods {
            (self.quantity - self.received).max(Quantity::ZERO)
        } else {
            Quantity::ZERO
        }
    }

    /// What will have been billed in the end.
    fn due(&self) -> Quantity {
        if self.goods { self.quantity.max(self.received) } else { self.quantity }
    }

    /// What a bill may be about: of goods what is received, else what is ordered.
    pub(crate) fn basis(&self, goods: Goods) -> Quantity {
        match (self.goods, goods) {
            (true, Goods::Counted) => self.received,
            _ => self.quantity,
        }
    }

    /// What is to be billed now.
    pub(crate) fn billable(&self, goods: Goods) -> Quantity {
        (self.basis(goods) - self.billed).max(Quantity::ZERO)
    }

    /// Notes goods that came, in base units, with their value.
    pub(crate) fn receive(&mut self, base: Quantity, value: Money) {
        let moved = measure::from_base(base, self.factor);
        self.received = measure::settle(self.received + moved, self.quantity, self.factor);
        self.received_value.0 += value;
    }

    /// Notes goods that were sent back to the supplier.
    pub(crate) fn send_back(&mut self, base: Quantity, value: Money) {
        let moved = measure::from_base(base, self.factor);
        self.received = measure::settle(self.received - moved, Quantity::ZERO, self.factor);
        self.received_value.0 -= value;
    }

    /// What one base unit comes in at, in the company's currency.
    pub(crate) fn unit_cost(&self, rate: Decimal) -> Option<Decimal> {
        let cost = self.unit_price.checked_mul(rate)?.checked_div(self.factor)?;
        Some(round(cost, PRICE_PLACES, Rounding::HalfUp))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn quantity(text: &str) -> Quantity {
        text.parse().unwrap()
    }

    pub(crate) fn money(text: &str) -> Money {
        text.parse().unwrap()
    }

    pub(crate) fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    /// A line of frames at 430.00: ordered, received, billed.
    pub(crate) fn line(figures: [&str; 3]) -> OrderLine {
        let [ordered, received, billed] = figures.map(quantity);
        let price = decimal("430");
        let value = |quantity: Quantity| {
            HomeMoney(measure::amount(quantity, price, Decimal::ZERO, 2).unwrap())
        };
        OrderLine {
            id: Id::new(1),
            product: Id::new(1),
            supplier_code: None,
            description: "Carbon frame".to_owned(),
            quantity: ordered,
            unit_price: price,
            tax_code: None,
            amount: value(ordered).0,
            lead_days: Some(7),
            factor: Decimal::ONE,
            goods: true,
            received,
            uncounted: Quantity::ZERO,
            received_value: value(received),
            billed,
            cleared_value: value(billed),
        }
    }

    pub(crate) fn order(lines: Vec<OrderLine>) -> PurchaseOrder {
        PurchaseOrder {
            id: Id::new(1),
            version: 1,
            number: None,
            state: "confirmed".to_owned(),
            supplier: Id::new(1),
            currency: Id::new(1),
            rate: Decimal::ONE,
            ordered_on: "2026-03-02".parse().unwrap(),
            expected_on: None,
            payment_term: None,
            lines,
            net: Money::ZERO,
            total: Money::ZERO,
            receipt_state: None,
            bill_state: None,
            billed_total: Money::ZERO,
            reason: None,
        }
    }

    #[test]
    fn progress() {
        let (counted, posted) = (Goods::Counted, Billing::Posted);
        for (lines, goods, bills, receipt, billing, state) in [
            (&[["4", "0", "0"]][..], counted, posted, "waiting", "waiting", "confirmed"),
            (&[["4", "3", "0"]], counted, posted, "partial", "waiting", "confirmed"),
            (&[["4", "4", "3"]], counted, posted, "complete", "partial", "confirmed"),
            (&[["4", "4", "4"]], counted, posted, "complete", "complete", "done"),
            (&[["4", "5", "4"]], counted, posted, "complete", "partial", "confirmed"),
            // Too much of one line does not hide what is short of another.
            (
                &[["4", "8", "8"], ["1", "0", "0"]],
                counted,
                posted,
                "partial",
                "partial",
                "confirmed",
            ),
            (&[["4", "0", "4"]], Goods::Uncounted, posted, "untracked", "complete", "done"),
            (&[["4", "4", "0"]], counted, Billing::Elsewhere, "complete", "untracked", "done"),
            (
                &[["4", "0", "0"]],
                Goods::Uncounted,
                Billing::Elsewhere,
                "untracked",
                "untracked",
                "confirmed",
            ),
        ] {
            let mut order = order(lines.iter().map(|figures| line(*figures)).collect());
            order.refresh(goods, bills);
            assert_eq!(order.receipt_state.as_deref(), Some(receipt), "{lines:?}");
            assert_eq!(order.bill_state.as_deref(), Some(billing), "{lines:?}");
            assert_eq!(order.state, state, "{lines:?}");
        }
    }

    #[test]
    fn goods_come_and_go_in_base_units() {
        let mut boxes = line(["2", "0", "0"]);
        boxes.factor = decimal("5");
        assert_eq!(boxes.unit_cost(decimal("0.9")), Some(decimal("77.4")));
        boxes.receive(quantity("10"), money("774"));
        assert_eq!((boxes.received, boxes.received_value.0), (quantity("2"), money("774")));
        boxes.send_back(quantity("5"), money("387"));
        assert_eq!((boxes.received, boxes.open()), (quantity("1"), quantity("1")));
    }
}
