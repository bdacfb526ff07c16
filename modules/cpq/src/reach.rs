//! How near something that is said of products is to one of them: lists and volume discounts are
//! for a product, for a category with all below it, or for everything.

use fondaco_kernel::shared::{Product, ProductCategory};
use fondaco_kernel::values::{Date, Decimal, Id};

/// What is priced, as lists and discounts look at it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reach<'a> {
    pub(crate) product: Id<Product>,
    /// Of a variant what it was made from.
    pub(crate) root: Id<Product>,
    /// Its category and those above it.
    pub(crate) categories: &'a [Id<ProductCategory>],
    /// In the whole document.
    pub(crate) quantity: Decimal,
    pub(crate) on: Date,
}

/// In ascending order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Near {
    Everything,
    /// The less is above the product's own category, the nearer.
    Category(std::cmp::Reverse<usize>),
    Root,
    Product,
}

impl Reach<'_> {
    /// How near a target is; `None` when it is another's.
    pub(crate) fn near(
        &self,
        product: Option<Id<Product>>,
        category: Option<Id<ProductCategory>>,
    ) -> Option<Near> {
        match (product, category) {
            (Some(product), _) if product == self.product => Some(Near::Product),
            (Some(product), _) if product == self.root => Some(Near::Root),
            (Some(_), _) => None,
            (None, Some(category)) => {
                let above = self.categories.iter().position(|own| *own == category)?;
                Some(Near::Category(std::cmp::Reverse(above)))
            }
            (None, None) => Some(Near::Everything),
        }
    }
}

/// Whether a day is within two others; a missing one does not limit.
pub(crate) fn valid(from: Option<Date>, until: Option<Date>, on: Date) -> bool {
    from.is_none_or(|from| from <= on) && until.is_none_or(|until| on <= until)
}
