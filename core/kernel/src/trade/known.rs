//! What the orders of a batch refer to, each kind of record looked up once.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use fondaco_values::{Date, Decimal, Id};

use crate::home::{Home, home};
use crate::model::{Before, Saving};
use crate::shared::{Currency, Party, Product, TaxCode, Unit};
use crate::{Result, Tx, rates, store};

/// What is not there is left out; the kernel tells of links that lead nowhere.
pub struct Known {
    pub home: Home,
    /// With whom the orders are.
    pub parties: HashMap<Id<Party>, Party>,
    pub products: HashMap<Id<Product>, Product>,
    pub taxes: HashMap<Id<TaxCode>, TaxCode>,
    units: HashMap<Id<Unit>, Unit>,
    currencies: HashMap<Id<Currency>, Currency>,
    rates: BTreeMap<(Id<Currency>, Date), Decimal>,
}

impl Known {
    pub(super) async fn load(tx: &mut Tx, drafts: &[&mut Saving], party: &str) -> Result<Known> {
        let parties = drafts.iter().filter_map(|saving| saving.link(party));
        let products = store::by_id(tx, of_lines(drafts, "product")).await?;
        let units = products.values().map(|product: &Product| product.unit);
        Ok(Known {
            home: home(tx).await?,
            parties: store::by_id(tx, parties).await?,
            units: store::by_id(tx, units).await?,
            products,
            taxes: HashMap::new(),
            currencies: HashMap::new(),
            rates: BTreeMap::new(),
        })
    }

    /// What is known to be needed once empty fields are filled.
    pub(super) async fn load_rest(&mut self, tx: &mut Tx, drafts: &[&mut Saving]) -> Result<()> {
        self.currencies = store::by_id(tx, self.foreign(drafts)).await?;
        self.taxes = store::by_id(tx, of_lines(drafts, "tax_code")).await?;
        Ok(())
    }

    /// The currencies of the orders that are not the company's.
    fn foreign(&self, drafts: &[&mut Saving]) -> BTreeSet<Id<Currency>> {
        let currencies = drafts.iter().filter_map(|saving| saving.link("currency"));
        currencies.filter(|currency| *currency != self.home.currency).collect()
    }

    /// Units of the company's currency for one of this one, asked for once a currency and day.
    pub(super) async fn rate(
        &mut self,
        tx: &mut Tx,
        currency: Id<Currency>,
        on: Date,
    ) -> Result<Decimal> {
        if let Some(rate) = self.rates.get(&(currency, on)) {
            return Ok(*rate);
        }
        let rate = rates::rate(tx, currency, self.home.currency, on).await?;
        self.rates.insert((currency, on), rate);
        Ok(rate)
    }

    /// The currencies other than the company's that orders are in.
    pub fn currencies(&self) -> impl Iterator<Item = Id<Currency>> {
        self.currencies.keys().copied()
    }

    pub(super) fn exponent(&self, currency: Option<Id<Currency>>) -> u8 {
        let found = currency.and_then(|currency| self.currencies.get(&currency));
        found.map_or(self.home.exponent, Currency::decimals)
    }

    pub(super) fn unit(&self, product: &Product) -> Option<&Unit> {
        self.units.get(&product.unit)
    }

    /// Base units in one of the product's unit.
    pub(super) fn factor(&self, product: &Product) -> Decimal {
        self.unit(product).map_or(Decimal::ONE, |unit| unit.factor)
    }
}

/// What the lines of all drafts link to.
fn of_lines<M>(drafts: &[&mut Saving], field: &str) -> Vec<Id<M>> {
    let links = drafts.iter().flat_map(|saving| {
        let before = Before::of(saving.old.as_ref());
        let lines = saving.draft.lines("lines").iter();
        lines.filter_map(move |line| before.link(line, field))
    });
    links.collect()
}
