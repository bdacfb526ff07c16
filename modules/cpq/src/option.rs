//! Option groups of a configurable product and their options, as the manager keeps them.
//! Not here: what a customer chose of them (`choice`), which go together (`rule`).
//! INVARIANT: an option's code is unique in its group, and a group's in its product; so
//! `group.option` names one option of a product, everywhere.

use std::collections::HashSet;

use fondaco_kernel::error::refuse_if_any;
use fondaco_kernel::model::Saving;
use fondaco_kernel::shared::Product;
use fondaco_kernel::values::{Id, Money, Problem, Quantity};
use fondaco_kernel::{Record, Result, Tx, store};

use crate::lines::{Kept, kept};

#[derive(Record, Clone, Debug)]
#[record("cpq.option_group")]
pub(crate) struct OptionGroup {
    pub(crate) id: Id<OptionGroup>,
    pub(crate) product: Id<Product>,
    pub(crate) code: String,
    pub(crate) name: String,
    pub(crate) sequence: i64,
    pub(crate) min_options: i64,
    /// `None` = as many as there are.
    pub(crate) max_options: Option<i64>,
    pub(crate) options: Vec<ProductOption>,
    pub(crate) active: bool,
}

#[derive(Record, Clone, Debug)]
#[record("cpq.option")]
pub(crate) struct ProductOption {
    pub(crate) id: Id<ProductOption>,
    pub(crate) code: String,
    pub(crate) name: String,
    /// Added to the base price, in the company's currency.
    pub(crate) price: Money,
    pub(crate) preselected: bool,
    pub(crate) component: Option<Id<Product>>,
    /// Of the component, for one product.
    pub(crate) quantity: Quantity,
    pub(crate) operation: Option<String>,
    /// Code of the work centre.
    pub(crate) work_centre: Option<String>,
    /// For one product.
    pub(crate) hours: Option<Quantity>,
    pub(crate) active: bool,
}

impl OptionGroup {
    /// The name of one of its options, everywhere: `group.option`.
    pub(crate) fn code_of(&self, option: &ProductOption) -> String {
        format!("{}.{}", self.code, option.code)
    }

    /// How many one may choose here at most.
    pub(crate) fn most(&self) -> usize {
        let all = self.options.len();
        self.max_options.and_then(|max| usize::try_from(max).ok()).unwrap_or(all)
    }

    /// How many one must choose here at least; a group that is switched off asks for nothing.
    pub(crate) fn least(&self) -> usize {
        if self.active { usize::try_from(self.min_options).unwrap_or(0) } else { 0 }
    }
}

/// Before groups are saved: what they offer can be chosen, and of what can be configured.
pub(crate) async fn prepare(tx: &mut Tx, batch: &mut [Saving]) -> Result<()> {
    let mut ids: Vec<Id<Product>> =
        batch.iter().filter_map(|saving| saving.link("product")).collect();
    ids.sort_unstable();
    ids.dedup();
    let products = store::get_many::<Product>(tx, &ids).await?;
    let old: Vec<Id<OptionGroup>> =
        batch.iter().filter(|saving| !saving.is_new()).map(|saving| saving.id.cast()).collect();
    let stored = store::get_many::<OptionGroup>(tx, &old).await?;
    let mut problems = Vec::new();
    for saving in batch.iter() {
        let product = products.iter().find(|product| Some(product.id) == saving.link("product"));
        if let Some(product) = product.filter(|product| product.kind != "configurable") {
            let message =
                format!("{} is not configurable; make its kind configurable first.", product.name);
            problems.push(Problem::new("product", "not_configurable", message));
        }
        let stored = stored.iter().find(|group| group.id.any() == saving.id);
        problems.extend(of_group(saving, &offered(saving, stored)));
        problems.extend(kept(saving, "options").map(|options| twice(&options)).unwrap_or_default());
    }
    refuse_if_any(problems)
}

/// Whether each option that is offered will be preselected.
fn offered(saving: &Saving, stored: Option<&OptionGroup>) -> Vec<bool> {
    if let Some(options) = kept(saving, "options") {
        let active = options.iter().filter(|option| option.flag("active"));
        return active.map(|option| option.flag("preselected")).collect();
    }
    let options = stored.map(|group| group.options.as_slice()).unwrap_or_default();
    options.iter().filter(|option| option.active).map(|option| option.preselected).collect()
}

fn of_group(saving: &Saving, offered: &[bool]) -> Vec<Problem> {
    let mut problems = Vec::new();
    let size = |field: &str| saving.value(field).as_int().and_then(|n| usize::try_from(n).ok());
    let (least, most) = (size("min_options").unwrap_or(0), size("max_options"));
    let most = most.unwrap_or(usize::MAX);
    if least > most {
        let message = format!("At most {most} is less than at least {least}.");
        problems.push(Problem::new("max_options", "below_min", message));
    }
    let preselected = offered.iter().filter(|preselected| **preselected).count();
    if preselected > most {
        let message =
            format!("{preselected} options are preselected, more than one may choose here.");
        problems.push(Problem::new("options", "preselected", message));
    }
    if saving.value("active").as_bool() == Some(true) && offered.len() < least {
        let message =
            format!("{} options are offered, fewer than one must choose here.", offered.len());
        problems.push(Problem::new("min_options", "too_few_options", message));
    }
    problems
}

fn twice(options: &[Kept<'_>]) -> Vec<Problem> {
    let mut seen = HashSet::new();
    let mut problems = Vec::new();
    for (at, option) in options.iter().enumerate() {
        let Some(code) = option.text("code") else { continue };
        if !seen.insert(code) {
            let message = format!("The code {code} is there twice in this group.");
            problems.push(Problem::new(format!("options[{at}].code"), "taken", message));
        }
        if option.text("operation").is_some() && option.text("work_centre").is_none() {
            let message = "An operation needs the work centre that does it.";
            problems.push(Problem::new(format!("options[{at}].work_centre"), "required", message));
        }
    }
    problems
}
