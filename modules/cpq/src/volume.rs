//! Volume discounts: the records, which one holds, and how its tiers meet a quantity.
//! Range: the tier reached holds for the whole quantity. Slab: each part has the rate of its tier.
//! Not here: what it does to the price (`waterfall`).

use std::collections::HashSet;

use fondaco_kernel::error::refuse_if_any;
use fondaco_kernel::model::Saving;
use fondaco_kernel::shared::{Product, ProductCategory};
use fondaco_kernel::store::Filter;
use fondaco_kernel::values::{Date, Decimal, Id, Problem, Quantity};
use fondaco_kernel::{Record, Result, Tx, store};

use crate::lines::kept;
use crate::price_list::{PriceList, meet, of_validity};
use crate::reach::{Reach, valid};
use crate::waterfall::{Band, Volume, percent};

#[derive(Record, Clone, Debug)]
#[record("cpq.volume_discount")]
pub(crate) struct VolumeDiscount {
    pub(crate) id: Id<VolumeDiscount>,
    pub(crate) name: String,
    /// `range` or `slab`.
    pub(crate) mode: String,
    pub(crate) product: Option<Id<Product>>,
    pub(crate) category: Option<Id<ProductCategory>>,
    pub(crate) price_list: Option<Id<PriceList>>,
    pub(crate) valid_from: Option<Date>,
    pub(crate) valid_until: Option<Date>,
    pub(crate) tiers: Vec<Tier>,
    pub(crate) active: bool,
}

#[derive(Record, Clone, Debug)]
#[record("cpq.volume_tier")]
pub(crate) struct Tier {
    pub(crate) id: Id<Tier>,
    pub(crate) from_quantity: Quantity,
    /// 0.05 is five per cent off.
    pub(crate) discount: Decimal,
}

/// What the discount that holds does to this quantity; `None` when no tier is reached. `step` is the
/// least amount by which the quantity can differ: with pieces, the tier from 5 begins with the fifth.
pub(crate) fn volume(
    discounts: &[VolumeDiscount],
    reach: &Reach<'_>,
    list: Option<Id<PriceList>>,
    step: Decimal,
) -> Option<Volume> {
    let holds = |discount: &&VolumeDiscount| {
        discount.active
            && discount.price_list.is_none_or(|own| Some(own) == list)
            && valid(discount.valid_from, discount.valid_until, reach.on)
    };
    let ranked = discounts.iter().filter(holds).filter_map(|discount| {
        let near = reach.near(discount.product, discount.category)?;
        Some(((near, discount.price_list.is_some(), discount.id), discount))
    });
    let (_, discount) = ranked.max_by_key(|(rank, _)| *rank)?;
    let mut tiers: Vec<(Decimal, Decimal)> =
        discount.tiers.iter().map(|tier| (tier.from_quantity.decimal(), tier.discount)).collect();
    tiers.sort_unstable();
    tiers.retain(|(from, _)| *from <= reach.quantity);
    let &(from, rate) = tiers.last()?;
    let name = &discount.name;
    if discount.mode == "slab" {
        let bands = slab(&tiers, reach.quantity, step);
        return Some(Volume { label: format!("{name}: {}", told(&bands)), bands });
    }
    let label = format!("{name}: from {} -{}", from.normalize(), percent(rate));
    Some(Volume { label, bands: vec![Band { quantity: reach.quantity, discount: rate }] })
}

/// The parts of a quantity, from below; the first has no discount unless the tiers begin with it.
fn slab(tiers: &[(Decimal, Decimal)], quantity: Decimal, step: Decimal) -> Vec<Band> {
    let mut bands = Vec::new();
    let (mut below, mut rate) = (Decimal::ZERO, Decimal::ZERO);
    for (from, discount) in tiers {
        let border = (*from - step).max(Decimal::ZERO);
        bands.push(Band { quantity: border - below, discount: rate });
        (below, rate) = (border, *discount);
    }
    bands.push(Band { quantity: quantity - below, discount: rate });
    bands.retain(|band| band.quantity > Decimal::ZERO);
    bands
}

/// `4 at -0 %, 3 at -5 %`.
fn told(bands: &[Band]) -> String {
    let one = |band: &Band| format!("{} at -{}", band.quantity.normalize(), percent(band.discount));
    bands.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// Before discounts are saved: tiers differ, and no two discounts say something for the same.
pub(crate) async fn prepare(tx: &mut Tx, batch: &mut [Saving]) -> Result<()> {
    let others = store::find::<VolumeDiscount>(tx, Filter::new().eq("active", true)).await?;
    let mut problems = Vec::new();
    for (at, saving) in batch.iter().enumerate() {
        problems.extend(of_discount(saving));
        problems.extend(conflict(saving, &others, &batch[..at]));
    }
    refuse_if_any(problems)
}

fn of_discount(saving: &Saving) -> Vec<Problem> {
    let mut problems = Vec::new();
    if saving.link::<Product>("product").is_some()
        && saving.link::<ProductCategory>("category").is_some()
    {
        let message = "A volume discount is for a product or for a category, not both.";
        problems.push(Problem::new("category", "one_of_two", message));
    }
    problems.extend(of_validity(saving.date("valid_from"), saving.date("valid_until")));
    let Some(tiers) = kept(saving, "tiers") else { return problems };
    if tiers.is_empty() {
        let message = "A volume discount needs at least one tier.";
        problems.push(Problem::new("tiers", "required", message));
    }
    let mut seen = HashSet::new();
    for (at, tier) in tiers.iter().enumerate() {
        let Some(from) = tier.decimal("from_quantity") else { continue };
        if !seen.insert(from.normalize()) {
            let message = format!("There is a tier from {} already.", from.normalize());
            problems.push(Problem::new(format!("tiers[{at}].from_quantity"), "taken", message));
        }
    }
    problems
}

fn conflict(saving: &Saving, others: &[VolumeDiscount], before: &[Saving]) -> Option<Problem> {
    if saving.value("active").as_bool() != Some(true) {
        return None;
    }
    let target = Target::of(saving);
    let saved = others.iter().filter(|other| other.id.any() != saving.id);
    let saved = saved.filter(|other| !before.iter().any(|saving| saving.id == other.id.any()));
    let saved = saved.map(|other| (Target::from(other), other.name.clone()));
    let active = |saving: &&Saving| saving.value("active").as_bool() == Some(true);
    let beside = before.iter().filter(active);
    let beside = beside.map(|one| (Target::of(one), one.text("name").unwrap_or("?").to_owned()));
    let mut all = saved.chain(beside);
    let (_, name) = all.find(|(other, _)| other.meets(&target))?;
    let message = format!(
        "{name} says something for the same products at the same time; end one of the two, or \
         limit it to a price list."
    );
    Some(Problem::new("name", "conflict", message))
}

/// What a discount is for.
#[derive(PartialEq)]
struct Target {
    product: Option<Id<Product>>,
    category: Option<Id<ProductCategory>>,
    price_list: Option<Id<PriceList>>,
    time: (Option<Date>, Option<Date>),
}

impl Target {
    fn of(saving: &Saving) -> Target {
        Target {
            product: saving.link("product"),
            category: saving.link("category"),
            price_list: saving.link("price_list"),
            time: (saving.date("valid_from"), saving.date("valid_until")),
        }
    }

    fn meets(&self, other: &Target) -> bool {
        self.product == other.product
            && self.category == other.category
            && self.price_list == other.price_list
            && meet(self.time, other.time)
    }
}

impl From<&VolumeDiscount> for Target {
    fn from(discount: &VolumeDiscount) -> Target {
        Target {
            product: discount.product,
            category: discount.category,
            price_list: discount.price_list,
            time: (discount.valid_from, discount.valid_until),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Date = Date::constant(2026, 3, 9);

    fn discount(mode: &str, tiers: &[(&str, &str)]) -> VolumeDiscount {
        let tier = |(from, discount): &(&str, &str)| Tier {
            id: Id::default(),
            from_quantity: from.parse().unwrap(),
            discount: discount.parse().unwrap(),
        };
        VolumeDiscount {
            id: Id::new(1),
            name: "Volume".into(),
            mode: mode.into(),
            product: Some(Id::new(7)),
            category: None,
            price_list: None,
            valid_from: None,
            valid_until: None,
            tiers: tiers.iter().map(tier).collect(),
            active: true,
        }
    }

    fn label(discounts: &[VolumeDiscount], quantity: &str, step: &str) -> Option<String> {
        let quantity = quantity.parse().unwrap();
        let categories = [Id::new(3)];
        let (product, root) = (Id::new(70), Id::new(7));
        let reach = Reach { product, root, categories: &categories, quantity, on: DAY };
        let list = Some(Id::new(5));
        volume(discounts, &reach, list, step.parse().unwrap()).map(|volume| volume.label)
    }

    #[test]
    fn range_and_slab_at_the_borders() {
        let tiers = [("10", "0.1"), ("5", "0.05")];
        for (quantity, step, range, slab) in [
            ("1", "1", None, None),
            ("4", "1", None, None),
            ("5", "1", Some("from 5 -5 %"), Some("4 at -0 %, 1 at -5 %")),
            ("9", "1", Some("from 5 -5 %"), Some("4 at -0 %, 5 at -5 %")),
            ("10", "1", Some("from 10 -10 %"), Some("4 at -0 %, 5 at -5 %, 1 at -10 %")),
            ("12", "1", Some("from 10 -10 %"), Some("4 at -0 %, 5 at -5 %, 3 at -10 %")),
            ("7.5", "0", Some("from 5 -5 %"), Some("5 at -0 %, 2.5 at -5 %")),
        ] {
            let named = |text: &str| format!("Volume: {text}");
            let found = label(&[discount("range", &tiers)], quantity, step);
            assert_eq!(found, range.map(named), "range of {quantity}");
            let found = label(&[discount("slab", &tiers)], quantity, step);
            assert_eq!(found, slab.map(named), "slab of {quantity}");
        }
    }

    #[test]
    fn a_slab_from_the_first_piece_has_no_band_before_it() {
        let tiers = [("1", "0.02"), ("3", "0.04")];
        let found = label(&[discount("slab", &tiers)], "4", "1");
        assert_eq!(found.as_deref(), Some("Volume: 2 at -2 %, 2 at -4 %"));
    }

    #[test]
    fn the_nearest_discount_holds() {
        let general = VolumeDiscount {
            id: Id::new(2),
            name: "All".into(),
            product: None,
            ..discount("range", &[("1", "0.01")])
        };
        let category = VolumeDiscount {
            name: "Category".into(),
            category: Some(Id::new(3)),
            ..general.clone()
        };
        let dealers = VolumeDiscount {
            name: "Dealers".into(),
            price_list: Some(Id::new(5)),
            ..category.clone()
        };
        let others = VolumeDiscount {
            name: "Others".into(),
            price_list: Some(Id::new(6)),
            product: Some(Id::new(70)),
            ..general.clone()
        };
        let over = VolumeDiscount {
            name: "Over".into(),
            valid_until: DAY.yesterday().ok(),
            product: Some(Id::new(70)),
            ..general.clone()
        };
        let mut all = vec![others, over];
        assert_eq!(label(&all, "1", "1"), None);
        for (discount, expected) in [(general, "All"), (category, "Category"), (dealers, "Dealers")]
        {
            all.push(discount);
            assert_eq!(label(&all, "1", "1"), Some(format!("{expected}: from 1 -1 %")));
        }
        all.push(discount("range", &[("5", "0.05")]));
        assert_eq!(label(&all, "1", "1"), None, "the nearest holds, also when no tier is reached");
    }
}
