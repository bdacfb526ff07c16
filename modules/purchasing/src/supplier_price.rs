//! What suppliers ask: which price is the best for a need, how much has to be ordered for it, and
//! when it would come. The choice is pure; [`Market`] is what it chooses from.

use std::cmp::Ordering;
use std::collections::{BTreeSet, HashMap};

use fondaco_kernel::model::Saving;
use fondaco_kernel::shared::{Calendar, Currency, Party, Product};
use fondaco_kernel::store::{self, Filter};
use fondaco_kernel::{Error, Record, Result, Tx, calendars, rates};
use fondaco_values::{Date, Decimal, Id, Quantity};

use crate::settings;
use fondaco_kernel::home::{Home, home};

#[derive(Record, Clone, Debug)]
#[record("purchasing.supplier_price")]
pub(crate) struct SupplierPrice {
    pub(crate) id: Id<SupplierPrice>,
    pub(crate) supplier: Id<Party>,
    pub(crate) product: Id<Product>,
    pub(crate) supplier_code: Option<String>,
    /// In the product's unit, like all quantities here.
    pub(crate) min_quantity: Quantity,
    /// Only whole multiples of it are sold.
    pub(crate) multiple: Option<Quantity>,
    /// Of one unit, before tax.
    pub(crate) price: Decimal,
    pub(crate) currency: Id<Currency>,
    /// Working days.
    pub(crate) lead_days: i64,
    pub(crate) preferred: bool,
    pub(crate) valid_from: Option<Date>,
    pub(crate) valid_until: Option<Date>,
}

/// Before a price is saved: an empty currency is the supplier's, else the company's.
pub(crate) async fn prepare(tx: &mut Tx, batch: &mut [Saving]) -> Result<()> {
    let is_open = |saving: &&mut Saving| saving.value("currency").is_null();
    let mut open: Vec<&mut Saving> = batch.iter_mut().filter(is_open).collect();
    if open.is_empty() {
        return Ok(());
    }
    let home = home(tx).await?;
    let ids: BTreeSet<Id<Party>> =
        open.iter().filter_map(|saving| saving.link("supplier")).collect();
    let suppliers = store::find::<Party>(tx, Filter::new().is_in("id", ids)).await?;
    for saving in &mut open {
        let id = saving.link("supplier");
        let own = suppliers.iter().find(|party| Some(party.id) == id);
        let currency = own.and_then(|party| party.currency).unwrap_or(home.currency);
        saving.draft.set("currency", currency);
    }
    Ok(())
}

impl SupplierPrice {
    /// What has to be ordered to get `wanted`: at least the minimum, in whole multiples.
    pub(crate) fn lot(&self, wanted: Quantity) -> Quantity {
        let least = wanted.max(self.min_quantity);
        match self.multiple.map(Quantity::scaled) {
            Some(step) if step > 0 => {
                let steps = (least.scaled() + step - 1) / step;
                Quantity::from_scaled(steps * step)
            }
            _ => least,
        }
    }

    fn is_valid(&self, on: Date) -> bool {
        self.valid_from.is_none_or(|from| from <= on) && self.valid_until.is_none_or(|to| on <= to)
    }

    pub(crate) fn days(&self) -> u32 {
        u32::try_from(self.lead_days).unwrap_or(0)
    }
}

/// The best price for a need.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Offer<'m> {
    pub(crate) price: &'m SupplierPrice,
    /// What has to be ordered.
    pub(crate) quantity: Quantity,
    pub(crate) ready_on: Date,
    /// Of one unit, in the company's currency.
    pub(crate) unit_cost: Decimal,
    late: bool,
}

impl Offer<'_> {
    /// The preferred supplier; then who comes in time; then the least to pay for what has to be
    /// ordered, be it more than is needed; then the quickest; then the oldest price.
    fn order(&self, other: &Offer<'_>) -> Ordering {
        let outlay = |offer: &Offer<'_>| offer.unit_cost.checked_mul(offer.quantity.decimal());
        let rank = |offer: &Offer<'_>| {
            let outlay = outlay(offer).unwrap_or(Decimal::MAX);
            (!offer.price.preferred, offer.late, outlay, offer.price.lead_days, offer.price.id)
        };
        rank(self).cmp(&rank(other))
    }
}

/// Prices of some products with what it takes to compare them.
pub(crate) struct Market {
    prices: HashMap<Id<Product>, Vec<SupplierPrice>>,
    /// Units of the company's currency for one of another; a currency without rate is not here.
    rates: HashMap<Id<Currency>, Decimal>,
    /// `None`: every day is worked.
    calendar: Option<Calendar>,
    today: Date,
    lead_days: u32,
}

impl Market {
    /// The prices of suppliers who are active.
    pub(crate) async fn load(
        tx: &mut Tx,
        products: impl IntoIterator<Item = Id<Product>>,
    ) -> Result<Market> {
        let ids: BTreeSet<Id<Product>> = products.into_iter().collect();
        let home = home(tx).await?;
        let found =
            store::find::<SupplierPrice>(tx, Filter::new().is_in("product", ids).sort("id"))
                .await?;
        let suppliers: BTreeSet<Id<Party>> = found.iter().map(|price| price.supplier).collect();
        let active = Filter::new().is_in("id", suppliers).eq("active", true);
        let active: BTreeSet<Id<Party>> =
            store::find::<Party>(tx, active).await?.iter().map(|party| party.id).collect();
        let rates = rates_of(tx, found.iter().map(|price| price.currency), home).await?;
        let mut prices: HashMap<Id<Product>, Vec<SupplierPrice>> = HashMap::new();
        for price in found.into_iter().filter(|price| active.contains(&price.supplier)) {
            prices.entry(price.product).or_default().push(price);
        }
        let calendar = match calendars::of_company(tx).await {
            Ok(calendar) => Some(calendar),
            Err(Error::Invalid(_)) => None,
            Err(error) => return Err(error),
        };
        let (today, lead_days) = (tx.today(), settings::lead_days(tx).await?);
        Ok(Market { prices, rates, calendar, today, lead_days })
    }

    /// The best offer for `wanted` of a product by a day; of one supplier, or of all.
    pub(crate) fn best(
        &self,
        product: Id<Product>,
        wanted: Quantity,
        by: Option<Date>,
        supplier: Option<Id<Party>>,
    ) -> Option<Offer<'_>> {
        let prices = self.prices.get(&product)?.iter();
        let mut offers: Vec<Offer<'_>> = prices
            .filter(|price| supplier.is_none_or(|supplier| price.supplier == supplier))
            .filter(|price| price.is_valid(self.today))
            .filter_map(|price| self.offer(price, wanted, by))
            .collect();
        offers.sort_by(Offer::order);
        offers.into_iter().next()
    }

    fn offer<'m>(
        &'m self,
        price: &'m SupplierPrice,
        wanted: Quantity,
        by: Option<Date>,
    ) -> Option<Offer<'m>> {
        let unit_cost = price.price.checked_mul(*self.rates.get(&price.currency)?)?;
        let ready_on = self.after(price.days());
        Some(Offer {
            price,
            quantity: price.lot(wanted),
            ready_on,
            unit_cost,
            late: by.is_some_and(|by| ready_on > by),
        })
    }

    /// The day so many working days from today.
    pub(crate) fn after(&self, days: u32) -> Date {
        after(self.calendar.as_ref(), self.today, days)
    }

    /// When something comes of which nobody knows who sells it.
    pub(crate) fn usual_day(&self) -> Date {
        self.after(self.lead_days)
    }

    /// A price in another currency; `None` when there is no rate.
    pub(crate) fn converted(&self, price: &SupplierPrice, to: Id<Currency>) -> Option<Decimal> {
        if price.currency == to {
            return Some(price.price);
        }
        let at_home = price.price.checked_mul(*self.rates.get(&price.currency)?)?;
        at_home.checked_div(*self.rates.get(&to)?)
    }

    /// Makes sure that prices can be converted into this currency, if there is a rate.
    pub(crate) async fn know(&mut self, tx: &mut Tx, currency: Id<Currency>) -> Result<()> {
        let home = home(tx).await?;
        let rates = rates_of(tx, std::iter::once(currency), home).await?;
        self.rates.extend(rates);
        Ok(())
    }
}

/// The day so many working days after another.
pub(crate) fn after(calendar: Option<&Calendar>, from: Date, days: u32) -> Date {
    match calendar {
        Some(calendar) => calendar.after(from, days),
        None => {
            let days = std::time::Duration::from_secs(SECONDS_OF_A_DAY * u64::from(days));
            from.saturating_add(days)
        }
    }
}

const SECONDS_OF_A_DAY: u64 = 86_400;

/// Today's rates into the company's currency of those currencies that have one.
async fn rates_of(
    tx: &mut Tx,
    currencies: impl Iterator<Item = Id<Currency>>,
    home: Home,
) -> Result<HashMap<Id<Currency>, Decimal>> {
    let currencies: BTreeSet<Id<Currency>> = currencies.collect();
    let mut rates = HashMap::from([(home.currency, Decimal::ONE)]);
    let today = tx.today();
    for currency in currencies {
        match rates::rate(tx, currency, home.currency, today).await {
            Ok(rate) => drop(rates.insert(currency, rate)),
            Err(Error::Invalid(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(rates)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::order::tests::{decimal, quantity};

    fn price(id: i64, supplier: i64, min: &str, price: &str, lead_days: i64) -> SupplierPrice {
        SupplierPrice {
            id: Id::new(id),
            supplier: Id::new(supplier),
            product: Id::new(1),
            supplier_code: None,
            min_quantity: quantity(min),
            multiple: None,
            price: decimal(price),
            currency: Id::new(1),
            lead_days,
            preferred: false,
            valid_from: None,
            valid_until: None,
        }
    }

    fn market(prices: Vec<SupplierPrice>) -> Market {
        Market {
            prices: HashMap::from([(Id::new(1), prices)]),
            rates: HashMap::from([(Id::new(1), Decimal::ONE), (Id::new(2), decimal("0.9"))]),
            calendar: None,
            today: "2026-03-02".parse().unwrap(),
            lead_days: 14,
        }
    }

    fn best(market: &Market, wanted: &str, by: Option<&str>) -> Option<(i64, String)> {
        let by = by.map(|by| by.parse().unwrap());
        let offer = market.best(Id::new(1), quantity(wanted), by, None)?;
        Some((offer.price.id.raw(), offer.quantity.to_string()))
    }

    #[test]
    fn lots() {
        for (min, multiple, wanted, lot) in [
            ("4", None, "2", "4"),
            ("4", None, "5", "5"),
            ("0", Some("6"), "7", "12"),
            ("10", Some("6"), "2", "12"),
            ("0", Some("0.25"), "1.1", "1.25"),
            ("0", Some("0"), "3", "3"),
        ] {
            let mut price = price(1, 1, min, "430", 7);
            price.multiple = multiple.map(quantity);
            assert_eq!(price.lot(quantity(wanted)), quantity(lot), "{min} {multiple:?} {wanted}");
        }
    }

    #[test]
    fn the_least_to_pay_for_what_is_needed() {
        let tiers = market(vec![
            price(1, 1, "0", "10", 5),
            price(2, 1, "100", "8", 5),
            price(3, 2, "0", "10", 3),
        ]);
        assert_eq!(best(&tiers, "5", None), Some((3, "5".into())), "the quicker of two");
        assert_eq!(best(&tiers, "95", None), Some((2, "100".into())), "800 for 100, 950 for 95");
        let frames = market(vec![price(1, 1, "4", "430", 7), price(2, 2, "0", "450", 7)]);
        assert_eq!(best(&frames, "2", None), Some((2, "2".into())));
        assert_eq!(best(&frames, "4", None), Some((1, "4".into())));
    }

    #[test]
    fn in_time_goes_before_cheap_and_preferred_before_both() {
        let mut prices = vec![price(1, 1, "0", "10", 20), price(2, 2, "0", "12", 3)];
        assert_eq!(best(&market(prices.clone()), "1", Some("2026-03-10")), Some((2, "1".into())));
        assert_eq!(best(&market(prices.clone()), "1", Some("2026-03-03")), Some((1, "1".into())));
        prices[0].preferred = true;
        assert_eq!(best(&market(prices), "1", Some("2026-03-10")), Some((1, "1".into())));
    }

    #[test]
    fn prices_of_other_days_and_unknown_currencies_do_not_count() {
        let mut prices = vec![
            price(1, 1, "0", "1", 5),
            price(2, 1, "0", "2", 5),
            price(3, 1, "0", "3", 5),
            price(4, 1, "0", "11", 5),
            price(5, 1, "0", "10.5", 5),
        ];
        prices[0].valid_until = Some("2026-03-01".parse().unwrap());
        prices[1].valid_from = Some("2026-03-03".parse().unwrap());
        prices[2].currency = Id::new(9);
        prices[3].currency = Id::new(2);
        let market = market(prices);
        assert_eq!(best(&market, "1", None), Some((4, "1".into())), "9.90 against 10.50");
        let all = &market.prices[&Id::new(1)];
        assert_eq!(market.converted(&all[3], Id::new(1)), Some(decimal("9.9")));
        assert_eq!(market.converted(&all[2], Id::new(1)), None);
    }

    #[test]
    fn days() {
        let market = market(Vec::new());
        assert_eq!(market.after(7).to_string(), "2026-03-09");
        assert_eq!(market.usual_day().to_string(), "2026-03-16");
    }
}
