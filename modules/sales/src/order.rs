//! A sales order: its figures, and what they say of how far it has come. All of this is pure.
//! Not here: the deeds, one file each in `order/`; the order's way into the house by the port
//! (`place`); goods that come back (`returns`).

pub(crate) mod bill;
pub(crate) mod confirm;
pub(crate) mod deliver;
pub(crate) mod open;
pub(crate) mod prepare;
pub(crate) mod provide;
pub(crate) mod stop;

use fondaco_kernel::shared::{Currency, Party, PaymentTerm, Product, TaxCode};
use fondaco_kernel::trade::{Billing, Goods, PRICE_PLACES};
use fondaco_kernel::{DocRef, Record};
use fondaco_values::{Date, Decimal, Id, Money, Quantity, Rounding, round};

use fondaco_kernel::home::HomeMoney;
use fondaco_kernel::measure;

pub(crate) const MODEL: &str = "sales.order";

#[derive(Record, Clone, Debug)]
#[record("sales.order")]
pub(crate) struct SalesOrder {
    pub(crate) id: Id<SalesOrder>,
    pub(crate) version: i64,
    pub(crate) number: Option<String>,
    pub(crate) state: String,
    pub(crate) customer: Id<Party>,
    pub(crate) currency: Id<Currency>,
    /// Units of the company's currency for one of the order's.
    pub(crate) rate: Decimal,
    pub(crate) ordered_on: Date,
    pub(crate) requested_on: Option<Date>,
    pub(crate) promised_on: Option<Date>,
    pub(crate) payment_term: Option<Id<PaymentTerm>>,
    pub(crate) lines: Vec<OrderLine>,
    pub(crate) net: Money,
    pub(crate) total: Money,
    /// In the company's currency.
    pub(crate) margin: Option<HomeMoney>,
    pub(crate) delivery_state: Option<String>,
    pub(crate) invoice_state: Option<String>,
    /// With tax.
    pub(crate) invoiced_total: Money,
    pub(crate) reason: Option<String>,
    pub(crate) source_model: Option<String>,
    pub(crate) source_id: Option<i64>,
}

/// Quantities are in the product's unit.
#[derive(Record, Clone, Debug)]
#[record("sales.order_line")]
pub(crate) struct OrderLine {
    pub(crate) id: Id<OrderLine>,
    pub(crate) product: Id<Product>,
    pub(crate) description: String,
    pub(crate) quantity: Quantity,
    /// Before tax and discount, in the order's currency.
    pub(crate) unit_price: Decimal,
    /// 0.05 for 5 %.
    pub(crate) discount: Decimal,
    pub(crate) tax_code: Option<Id<TaxCode>>,
    /// Before tax, after discount.
    pub(crate) amount: Money,
    /// Base units in one of the product's unit.
    pub(crate) factor: Decimal,
    pub(crate) goods: bool,
    pub(crate) delivered: Quantity,
    /// Of what is delivered, what left while nobody counted the goods.
    pub(crate) uncounted: Quantity,
    pub(crate) returned: Quantity,
    pub(crate) invoiced: Quantity,
    pub(crate) credited: Quantity,
    /// Of the whole line, in the company's currency.
    pub(crate) expected_cost: Option<HomeMoney>,
    /// Of what was delivered and kept, in the company's currency.
    pub(crate) delivered_cost: HomeMoney,
    pub(crate) cost: Option<HomeMoney>,
}

impl SalesOrder {
    pub(crate) fn source(&self) -> DocRef {
        DocRef::new(MODEL, self.id)
    }

    /// What users call it.
    pub(crate) fn name(&self) -> String {
        self.number.clone().unwrap_or_else(|| "The order".to_owned())
    }

    /// The day that decides who is served first.
    pub(crate) fn due(&self) -> Date {
        self.requested_on.or(self.promised_on).unwrap_or(self.ordered_on)
    }

    /// An amount of the order in the company's currency; `None` when it is out of range.
    pub(crate) fn at_home(&self, amount: Money, exponent: u8) -> Option<Money> {
        if self.rate == Decimal::ONE {
            return Some(amount);
        }
        let value = amount.decimal().checked_mul(self.rate)?;
        Money::round(value, exponent, Rounding::HalfUp)
    }

    /// How far it is delivered. A set-aside order stays `ready` until something leaves; one that the
    /// inventory knows of waits for it also while that is switched off.
    pub(crate) fn delivery(&self, goods: Goods) -> &'static str {
        let mut lines = self.lines.iter().filter(|line| line.goods).peekable();
        if lines.peek().is_none() {
            return "nothing";
        }
        let begun = self.lines.iter().any(|line| line.goods && !line.delivered.is_zero());
        let complete = lines.all(|line| line.open().is_zero());
        match (complete, begun, goods) {
            (true, _, _) => "complete",
            (false, true, _) => "partial",
            (false, false, goods) => match (self.delivery_state.as_deref(), goods) {
                (Some("ready"), _) => "ready",
                (Some("waiting"), _) | (_, Goods::Counted) => "waiting",
                (_, Goods::Uncounted) => "untracked",
            },
        }
    }

    /// How far it is invoiced, whatever was credited for returned goods apart.
    pub(crate) fn invoicing(&self, invoices: Billing) -> &'static str {
        let begun = self.lines.iter().any(|line| !line.invoiced.is_zero());
        let complete = self.lines.iter().all(OrderLine::is_invoiced);
        match (complete, begun, invoices) {
            (false, false, Billing::Posted) => "waiting",
            (_, false, Billing::Elsewhere) => "untracked",
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
        let (delivery, invoice) = (&self.delivery_state, &self.invoice_state);
        over(delivery) && over(invoice) && (real(delivery) || real(invoice))
    }

    /// What is left of the price of what the customer keeps when the goods are paid; `None` while
    /// no cost is known.
    pub(crate) fn margin(&self, exponent: u8) -> Option<Money> {
        let mut known =
            self.lines.iter().filter_map(|line| line.cost).map(|cost| cost.0).peekable();
        known.peek()?;
        let cost: Money = known.sum();
        Some(self.kept_net(exponent) - cost)
    }

    /// Before tax and without what came back, in the company's currency.
    pub(crate) fn kept_net(&self, exponent: u8) -> Money {
        let returned = self.lines.iter().filter_map(|line| line.returned_amount(exponent));
        let kept = self.net - returned.sum::<Money>();
        self.at_home(kept, exponent).unwrap_or(kept)
    }

    /// Brings what follows from the lines up to date: cost, margin, progress. A confirmed order with
    /// nothing left to do is done.
    pub(crate) fn refresh(&mut self, goods: Goods, invoices: Billing, exponent: u8) {
        for line in &mut self.lines {
            line.cost = line.cost(exponent).map(HomeMoney);
        }
        self.margin = self.margin(exponent).map(HomeMoney);
        self.delivery_state = Some(self.delivery(goods).to_owned());
        self.invoice_state = Some(self.invoicing(invoices).to_owned());
        if self.state == "confirmed" && self.is_complete() {
            self.state = "done".to_owned();
        }
    }

    /// As it was before it was confirmed; only while nothing was delivered or invoiced.
    pub(crate) fn forget_progress(&mut self) {
        self.delivery_state = None;
        self.invoice_state = None;
        self.margin = None;
        self.reason = None;
        for line in &mut self.lines {
            line.cost = None;
        }
    }
}

impl OrderLine {
    /// Ordered and not delivered.
    pub(crate) fn open(&self) -> Quantity {
        if self.goods {
            (self.quantity - self.delivered).max(Quantity::ZERO)
        } else {
            Quantity::ZERO
        }
    }

    /// With the customer, and not come back.
    pub(crate) fn kept(&self) -> Quantity {
        self.delivered - self.returned
    }

    fn invoiced_and_kept(&self) -> Quantity {
        self.invoiced - self.credited
    }

    /// What the customer owes by now: of goods what is delivered and kept, else what is ordered.
    fn owed(&self, goods: Goods) -> Quantity {
        let base = match (self.goods, goods) {
            (true, Goods::Counted) => self.delivered,
            _ => self.quantity,
        };
        base - self.returned
    }

    /// What may be invoiced now.
    pub(crate) fn billable(&self, goods: Goods) -> Quantity {
        (self.owed(goods) - self.invoiced_and_kept()).max(Quantity::ZERO)
    }

    /// Invoiced beyond what the customer owes: to be credited.
    pub(crate) fn creditable(&self, goods: Goods) -> Quantity {
        (self.invoiced_and_kept() - self.owed(goods)).max(Quantity::ZERO)
    }

    fn is_invoiced(&self) -> bool {
        let due = self.quantity.max(self.delivered) - self.returned;
        self.invoiced_and_kept() >= due
    }

    /// After discount, before tax.
    pub(crate) fn net_price(&self) -> Decimal {
        let net = self.unit_price * (Decimal::ONE - self.discount);
        round(net, PRICE_PLACES, Rounding::HalfUp)
    }

    /// Delivered goods at what they did cost, the rest at what they should; `None` when unknown.
    fn cost(&self, exponent: u8) -> Option<Money> {
        let rest = if self.goods { self.open() } else { self.quantity };
        let told = self.expected_cost.is_some() || !self.delivered_cost.0.is_zero();
        if rest.is_zero() && told {
            return Some(self.delivered_cost.0);
        }
        let expected = measure::part(self.expected_cost?.0, rest, self.quantity, exponent)?;
        Some(self.delivered_cost.0 + expected)
    }

    /// Before tax, of what came back.
    fn returned_amount(&self, exponent: u8) -> Option<Money> {
        measure::part(self.amount, self.returned, self.quantity, exponent)
    }

    /// Notes goods that left, in base units, with their value.
    pub(crate) fn deliver(&mut self, base: Quantity, value: Money) {
        let moved = measure::from_base(base, self.factor);
        self.delivered = measure::settle(self.delivered + moved, self.quantity, self.factor);
        self.delivered_cost.0 += value;
    }

    /// Notes goods that came back, in base units, with their value.
    pub(crate) fn take_back(&mut self, base: Quantity, value: Money) {
        let moved = measure::from_base(base, self.factor);
        self.returned = measure::settle(self.returned + moved, self.delivered, self.factor);
        self.delivered_cost.0 -= value;
    }

    /// What one base unit of the delivered goods did cost, in the company's currency.
    pub(crate) fn unit_cost(&self) -> Option<Decimal> {
        let base = self.kept().decimal().checked_mul(self.factor)?;
        let cost = self.delivered_cost.0.decimal().checked_div(base)?;
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

    /// A line of goods: ordered, delivered, returned, invoiced, credited.
    pub(crate) fn line(figures: [&str; 5]) -> OrderLine {
        let [ordered, delivered, returned, invoiced, credited] = figures.map(quantity);
        OrderLine {
            id: Id::new(1),
            product: Id::new(1),
            description: "Bike".to_owned(),
            quantity: ordered,
            unit_price: decimal("2565"),
            discount: Decimal::ZERO,
            tax_code: None,
            amount: Money::ZERO,
            factor: Decimal::ONE,
            goods: true,
            uncounted: Quantity::ZERO,
            delivered,
            returned,
            invoiced,
            credited,
            expected_cost: None,
            delivered_cost: HomeMoney::default(),
            cost: None,
        }
    }

    pub(crate) fn order(lines: Vec<OrderLine>) -> SalesOrder {
        SalesOrder {
            id: Id::new(1),
            version: 1,
            number: None,
            state: "confirmed".to_owned(),
            customer: Id::new(1),
            currency: Id::new(1),
            rate: Decimal::ONE,
            ordered_on: "2026-03-02".parse().unwrap(),
            requested_on: None,
            promised_on: None,
            payment_term: None,
            lines,
            net: Money::ZERO,
            total: Money::ZERO,
            margin: None,
            delivery_state: None,
            invoice_state: None,
            invoiced_total: Money::ZERO,
            reason: None,
            source_model: None,
            source_id: None,
        }
    }

    #[test]
    fn what_may_be_invoiced() {
        for (figures, counted, uncounted, credit) in [
            (["5", "0", "0", "0", "0"], "0", "5", "0"),
            (["5", "3", "0", "0", "0"], "3", "5", "0"),
            (["5", "3", "0", "3", "0"], "0", "2", "0"),
            (["5", "5", "0", "3", "0"], "2", "2", "0"),
            (["5", "6", "0", "5", "0"], "1", "0", "0"),
            (["5", "5", "2", "0", "0"], "3", "3", "0"),
            (["5", "5", "2", "5", "0"], "0", "0", "2"),
            (["5", "5", "2", "5", "2"], "0", "0", "0"),
            (["5", "3", "1", "3", "0"], "0", "1", "1"),
        ] {
            let line = line(figures);
            assert_eq!(line.billable(Goods::Counted), quantity(counted), "{figures:?}");
            assert_eq!(line.billable(Goods::Uncounted), quantity(uncounted), "{figures:?}");
            assert_eq!(line.creditable(Goods::Counted), quantity(credit), "{figures:?}");
        }
    }

    #[test]
    fn services_are_invoiced_as_ordered() {
        let mut service = line(["2.5", "0", "0", "1", "0"]);
        service.goods = false;
        assert_eq!(service.billable(Goods::Counted), quantity("1.5"));
        assert_eq!(service.open(), Quantity::ZERO);
    }

    #[test]
    fn progress() {
        let (yes, no) = (Goods::Counted, Goods::Uncounted);
        let (here, there) = (Billing::Posted, Billing::Elsewhere);
        for (lines, goods, invoices, becomes) in [
            (&[["5", "0", "0", "0", "0"]][..], yes, here, "waiting waiting confirmed"),
            (&[["5", "3", "0", "3", "0"]], yes, here, "partial partial confirmed"),
            (&[["5", "5", "0", "3", "0"]], yes, here, "complete partial confirmed"),
            (&[["5", "5", "0", "5", "0"]], yes, here, "complete complete done"),
            (&[["5", "5", "5", "0", "0"]], yes, here, "complete complete done"),
            (&[["5", "0", "0", "5", "0"]], no, here, "untracked complete done"),
            (&[["5", "0", "0", "0", "0"]], no, there, "untracked untracked confirmed"),
            (&[["5", "5", "0", "0", "0"]], no, there, "complete untracked done"),
        ] {
            let mut order = order(lines.iter().map(|figures| line(*figures)).collect());
            order.refresh(goods, invoices, 2);
            let states = [&order.delivery_state, &order.invoice_state].map(|s| s.clone().unwrap());
            assert_eq!(format!("{} {}", states.join(" "), order.state), becomes, "{lines:?}");
        }
    }

    #[test]
    fn what_the_inventory_knows_of_waits_while_it_is_off() {
        for (before, becomes) in [
            (None, "untracked done"),
            (Some("untracked"), "untracked done"),
            (Some("waiting"), "waiting confirmed"),
            (Some("ready"), "ready confirmed"),
        ] {
            let mut order = order(vec![line(["5", "0", "0", "5", "0"])]);
            order.delivery_state = before.map(str::to_owned);
            order.refresh(Goods::Uncounted, Billing::Posted, 2);
            let state = order.delivery_state.clone().unwrap();
            assert_eq!(format!("{state} {}", order.state), becomes, "{before:?}");
        }
    }

    #[test]
    fn too_much_of_one_line_does_not_hide_what_is_short_of_another() {
        let short = line(["3", "0", "0", "0", "0"]);
        let mut order = order(vec![line(["5", "8", "0", "8", "0"]), short]);
        order.refresh(Goods::Counted, Billing::Posted, 2);
        assert_eq!(order.delivery_state.as_deref(), Some("partial"));
        assert_eq!(order.invoice_state.as_deref(), Some("partial"));
    }

    #[test]
    fn a_set_aside_order_stays_ready_until_something_leaves() {
        let mut order = order(vec![line(["5", "0", "0", "0", "0"])]);
        order.delivery_state = Some("ready".to_owned());
        assert_eq!(order.delivery(Goods::Counted), "ready");
        order.lines[0].delivered = quantity("2");
        assert_eq!(order.delivery(Goods::Counted), "partial");
    }

    #[test]
    fn cost_is_actual_as_far_as_delivered() {
        let mut line = line(["5", "0", "0", "0", "0"]);
        line.expected_cost = Some(HomeMoney(money("6000")));
        assert_eq!(line.cost(2), Some(money("6000")));
        line.deliver(quantity("3"), money("3647.14"));
        assert_eq!(line.cost(2), Some(money("6047.14")));
        line.deliver(quantity("2"), money("2431.43"));
        assert_eq!(line.cost(2), Some(money("6078.57")));
        line.take_back(quantity("1"), money("1215.71"));
        assert_eq!((line.kept(), line.cost(2)), (quantity("4"), Some(money("4862.86"))));
        let mut order = order(vec![line]);
        order.net = money("12825");
        order.lines[0].amount = order.net;
        order.refresh(Goods::Counted, Billing::Posted, 2);
        // One of five came back: its 2,565.00 are not kept.
        assert_eq!(order.margin, Some(HomeMoney(money("5397.14"))));
    }

    #[test]
    fn margins_are_in_the_companys_currency() {
        let mut one = line(["1", "1", "0", "0", "0"]);
        one.delivered_cost = HomeMoney(money("50"));
        let mut order = order(vec![one]);
        (order.net, order.rate) = (money("100"), decimal("0.9155"));
        order.refresh(Goods::Counted, Billing::Posted, 2);
        assert_eq!(order.margin, Some(HomeMoney(money("41.55"))));
        order.lines[0].delivered = Quantity::ZERO;
        order.refresh(Goods::Counted, Billing::Posted, 2);
        assert_eq!(order.margin, None, "no cost is known");
    }

    #[test]
    fn goods_are_counted_in_base_units() {
        let mut dozens = line(["2", "0", "0", "0", "0"]);
        dozens.factor = decimal("12");
        for _ in 0..3 {
            dozens.deliver(quantity("8"), money("1"));
        }
        assert_eq!(dozens.delivered, quantity("2"), "24 pieces are two dozen");
    }

    #[test]
    fn the_discounted_price() {
        let mut line = line(["1", "0", "0", "0", "0"]);
        (line.unit_price, line.discount) = (decimal("14.00"), decimal("0.15"));
        assert_eq!(line.net_price(), decimal("11.9"));
        (line.unit_price, line.discount) = (decimal("0.333333"), decimal("0.333333"));
        assert_eq!(line.net_price(), decimal("0.222222"));
    }
}
