//! Which account a posting goes to: by the product's category, up its tree, at last the company's
//! own account of that purpose.
//! Not here: the accounts themselves (kernel model `account`), their balances (kernel `ledger`).

use std::collections::HashMap;

use fondaco_kernel::ledger::Account;
use fondaco_kernel::shared::{Product, ProductCategory};
use fondaco_kernel::store::{self, Filter};
use fondaco_kernel::{Error, Record, Result, Tx};
use fondaco_values::limits::TREE_DEPTH_MAX;
use fondaco_values::{AnyId, Id};

/// Purposes that accounts of the general book have; each company has one account for each.
pub(crate) mod purpose {
    pub(crate) const RECEIVABLE: &str = "receivable";
    pub(crate) const PAYABLE: &str = "payable";
    pub(crate) const BANK: &str = "bank";
    pub(crate) const STOCK: &str = "stock";
    pub(crate) const GRNI: &str = "grni";
    pub(crate) const WIP: &str = "wip";
    pub(crate) const COST_OF_SALES: &str = "cost_of_sales";
    pub(crate) const REVENUE: &str = "revenue";
    pub(crate) const EXPENSE: &str = "expense";
    pub(crate) const WORK_ABSORBED: &str = "work_absorbed";
    pub(crate) const INPUT_TAX: &str = "input_tax";
    pub(crate) const OUTPUT_TAX: &str = "output_tax";
    pub(crate) const EQUITY: &str = "equity";
    pub(crate) const RETAINED_EARNINGS: &str = "retained_earnings";
    pub(crate) const STOCK_ADJUSTMENT: &str = "stock_adjustment";
    pub(crate) const PRICE_DIFFERENCE: &str = "price_difference";
    pub(crate) const EXCHANGE_DIFFERENCE: &str = "exchange_difference";
    pub(crate) const BANK_CHARGES: &str = "bank_charges";
    pub(crate) const BAD_DEBT: &str = "bad_debt";
}

/// An account as this module names it in reports and messages.
#[derive(Record, Clone, Debug)]
#[record("account")]
pub(crate) struct AccountName {
    pub(crate) id: Id<AccountName>,
    pub(crate) book: String,
    pub(crate) code: String,
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) purpose: Option<String>,
    pub(crate) currency: Option<AnyId>,
}

/// What of a product is booked; each has its place in the product's category.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Use {
    Stock,
    CostOfSales,
    Revenue,
    Expense,
    Wip,
    PriceDifference,
}

impl Use {
    pub(crate) fn purpose(self) -> &'static str {
        match self {
            Use::Stock => purpose::STOCK,
            Use::CostOfSales => purpose::COST_OF_SALES,
            Use::Revenue => purpose::REVENUE,
            Use::Expense => purpose::EXPENSE,
            Use::Wip => purpose::WIP,
            Use::PriceDifference => purpose::PRICE_DIFFERENCE,
        }
    }

    fn of(self, category: &ProductCategory) -> Option<AnyId> {
        match self {
            Use::Stock => category.stock_account,
            Use::CostOfSales => category.cost_of_sales_account,
            Use::Revenue => category.revenue_account,
            Use::Expense => category.expense_account,
            Use::Wip => category.wip_account,
            Use::PriceDifference => category.price_difference_account,
        }
    }
}

/// Everything needed to find the accounts of one document, read at once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Accounts {
    purposes: HashMap<String, Id<Account>>,
    categories: HashMap<Id<ProductCategory>, ProductCategory>,
    category_of: HashMap<Id<Product>, Id<ProductCategory>>,
    goods: HashMap<Id<Product>, bool>,
}

impl Accounts {
    /// Three statements, whatever the number of products.
    pub(crate) async fn load(tx: &mut Tx, products: &[Id<Product>]) -> Result<Accounts> {
        let mut found = Accounts { purposes: purposes(tx).await?, ..Accounts::default() };
        let mut wanted = products.to_vec();
        wanted.sort_unstable();
        wanted.dedup();
        if wanted.is_empty() {
            return Ok(found);
        }
        for product in store::get_many::<Product>(tx, &wanted).await? {
            found.goods.insert(product.id, product.is_goods());
            if let Some(category) = product.category {
                found.category_of.insert(product.id, category);
            }
        }
        if !found.category_of.is_empty() {
            let categories = store::find::<ProductCategory>(tx, Filter::new()).await?;
            found.categories = categories.into_iter().map(|c| (c.id, c)).collect();
        }
        Ok(found)
    }

    /// The company's account of a purpose.
    ///
    /// # Errors
    /// A problem on `account` when no account has it.
    pub(crate) fn purpose(&self, purpose: &str) -> Result<Id<Account>> {
        self.purposes.get(purpose).copied().ok_or_else(|| {
            let message = format!(
                "No account has the purpose {purpose}: set it on the account that serves it."
            );
            Error::problem("account", "no_account", message)
        })
    }

    /// The account for that use of a product.
    pub(crate) fn of(&self, product: Option<Id<Product>>, what: Use) -> Result<Id<Account>> {
        match product.and_then(|product| self.by_category(product, what)) {
            Some(account) => Ok(account),
            None => self.purpose(what.purpose()),
        }
    }

    pub(crate) fn is_goods(&self, product: Option<Id<Product>>) -> bool {
        product.and_then(|product| self.goods.get(&product)).copied().unwrap_or(false)
    }

    fn by_category(&self, product: Id<Product>, what: Use) -> Option<Id<Account>> {
        let mut at = self.category_of.get(&product).copied();
        for _ in 0..TREE_DEPTH_MAX {
            let category = self.categories.get(&at?)?;
            if let Some(account) = what.of(category) {
                return Some(account.cast());
            }
            at = category.parent;
        }
        None
    }
}

async fn purposes(tx: &mut Tx) -> Result<HashMap<String, Id<Account>>> {
    let filter = Filter::new().eq("book", "general").ne("purpose", fondaco_values::Value::Null);
    let accounts = store::find::<AccountName>(tx, filter.sort("-id")).await?;
    // The first account with a purpose serves it: later ones are overwritten by it.
    let named = accounts.into_iter().filter_map(|a| Some((a.purpose?, a.id.cast())));
    Ok(named.collect())
}

#[cfg(test)]
impl Accounts {
    pub(crate) fn sample(
        purposes: HashMap<String, Id<Account>>,
        goods: &[Id<Product>],
    ) -> Accounts {
        let goods = goods.iter().map(|id| (*id, true)).collect();
        Accounts { purposes, goods, ..Accounts::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn category(id: i64, parent: Option<i64>, revenue: Option<i64>) -> ProductCategory {
        ProductCategory {
            id: Id::new(id),
            name: id.to_string(),
            parent: parent.map(Id::new),
            stock_account: None,
            cost_of_sales_account: None,
            revenue_account: revenue.map(Id::new),
            expense_account: None,
            wip_account: None,
            price_difference_account: None,
        }
    }

    #[test]
    fn accounts_come_from_the_nearest_category_that_names_one() {
        let categories = [
            category(1, None, Some(41)),
            category(2, Some(1), None),
            category(3, Some(2), Some(43)),
        ];
        let accounts = Accounts {
            purposes: HashMap::from([
                ("revenue".into(), Id::new(40)),
                ("stock".into(), Id::new(10)),
            ]),
            categories: categories.into_iter().map(|c| (c.id, c)).collect(),
            category_of: [(7, 2), (8, 3)].map(|(p, c)| (Id::new(p), Id::new(c))).into(),
            goods: HashMap::new(),
        };
        let of = |product: i64, what| accounts.of((product > 0).then(|| Id::new(product)), what);
        for (product, what, account) in [
            (0, Use::Revenue, 40),
            (7, Use::Revenue, 41),
            (8, Use::Revenue, 43),
            (9, Use::Revenue, 40),
            (8, Use::Stock, 10),
        ] {
            assert_eq!(of(product, what).unwrap(), Id::new(account), "{product} {what:?}");
        }
        let refused = of(8, Use::Wip).unwrap_err().to_string();
        assert!(refused.contains("the purpose wip"), "{refused}");
    }

    #[test]
    fn a_circle_of_categories_ends() {
        let categories = [category(1, Some(2), None), category(2, Some(1), None)];
        let accounts = Accounts {
            purposes: HashMap::from([("revenue".into(), Id::new(40))]),
            categories: categories.into_iter().map(|c| (c.id, c)).collect(),
            category_of: [(7, 1)].map(|(p, c)| (Id::new(p), Id::new(c))).into(),
            goods: HashMap::new(),
        };
        assert_eq!(accounts.of(Some(Id::new(7)), Use::Revenue).unwrap(), Id::new(40));
    }
}
