//! What the orders of a batch refer to, each kind of record looked up once.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use fondaco_kernel::model::Saving;
use fondaco_kernel::record::Record;
use fondaco_kernel::shared::{Currency, Party, Product, TaxCode, Unit};
use fondaco_kernel::store::{self, Filter};
use fondaco_kernel::{Result, Tx, rates};
use fondaco_values::{Date, Decimal, Id};

use fondaco_kernel::home::{Home, home};
use fondaco_kernel::model::Before;

pub(super) struct Known {
    pub(super) home: Home,
    pub(super) customers: HashMap<Id<Party>, Party>,
    pub(super) products: HashMap<Id<Product>, Product>,
    pub(super) taxes: HashMap<Id<TaxCode>, TaxCode>,
    units: HashMap<Id<Unit>, Unit>,
    currencies: HashMap<Id<Currency>, Currency>,
    rates: BTreeMap<(Id<Currency>, Date), Decimal>,
}

impl Known {
    pub(super) async fn load(tx: &mut Tx, drafts: &[&mut Saving]) -> Result<Known> {
        let customers = drafts.iter().filter_map(|saving| saving.link("customer")).collect();
        let products = of_lines(drafts, "product");
        let products = by_id(tx, products).await?;
        let units = products.values().map(|product: &Product| product.unit).collect();
        Ok(Known {
            home: home(tx).await?,
            customers: by_id(tx, customers).await?,
            units: by_id(tx, units).await?,
            products,
            taxes: HashMap::new(),
            currencies: HashMap::new(),
            rates: BTreeMap::new(),
        })
    }

    /// What is known to be needed once empty fields are filled.
    pub(super) async fn load_rest(&mut self, tx: &mut Tx, drafts: &[&mut Saving]) -> Result<()> {
        let currencies = drafts.iter().filter_map(|saving| saving.link("currency"));
        let foreign = currencies.filter(|currency| *currency != self.home.currency).collect();
        self.currencies = by_id(tx, foreign).await?;
        self.taxes = by_id(tx, of_lines(drafts, "tax_code")).await?;
        Ok(())
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
fn of_lines<M>(drafts: &[&mut Saving], field: &str) -> BTreeSet<Id<M>> {
    let links = drafts.iter().flat_map(|saving| {
        let before = Before::of(saving.old.as_ref());
        let lines = saving.draft.lines("lines").iter();
        lines.filter_map(move |line| before.link(line, field))
    });
    links.collect()
}

/// Those of the records that there are; the kernel tells of links that lead nowhere.
async fn by_id<M: Record>(tx: &mut Tx, ids: BTreeSet<Id<M>>) -> Result<HashMap<Id<M>, M>> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let ids: Vec<Id<M>> = ids.into_iter().collect();
    let found = store::find::<M>(tx, Filter::new().is_in("id", ids)).await?;
    Ok(found.into_iter().map(|record| (record.id(), record)).collect())
}
