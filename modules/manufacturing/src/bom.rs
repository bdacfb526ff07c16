//! Bills of materials and routings as they are kept; which one counts on a day; and the refusal of
//! circles when one is saved.
//! Not here: what an order takes by them (`takes`).

use std::collections::{BTreeMap, BTreeSet};

use fondaco_kernel::model::Saving;
use fondaco_kernel::record::Rec;
use fondaco_kernel::shared::Product;
use fondaco_kernel::store::{self, Filter};
use fondaco_kernel::{Record, Result, Tx};
use fondaco_values::{AnyId, Date, Decimal, Id, Problem, Quantity, limits};

use crate::graph::{Edges, circle};
use crate::work_centre::WorkCentre;

#[derive(Record, Clone, Debug)]
#[record("manufacturing.bom")]
pub struct Bom {
    pub id: Id<Bom>,
    pub name: String,
    pub product: Id<Product>,
    pub quantity: Quantity,
    pub phantom: bool,
    pub valid_from: Option<Date>,
    pub valid_to: Option<Date>,
    pub routing: Option<Id<Routing>>,
    pub lines: Vec<BomLine>,
    pub operations: Vec<BomOperation>,
    pub active: bool,
}

#[derive(Record, Clone, Debug)]
#[record("manufacturing.bom_line")]
pub struct BomLine {
    pub id: Id<BomLine>,
    pub bom: Id<Bom>,
    pub product: Id<Product>,
    pub quantity: Quantity,
    /// 0.05: a twentieth more is taken.
    pub scrap: Decimal,
    pub option: Option<String>,
    pub valid_from: Option<Date>,
    pub valid_to: Option<Date>,
}

#[derive(Record, Clone, Debug)]
#[record("manufacturing.bom_operation")]
pub struct BomOperation {
    pub id: Id<BomOperation>,
    pub name: String,
    pub work_centre: Id<WorkCentre>,
    pub hours: Quantity,
    pub setup_hours: Quantity,
    pub option: Option<String>,
}

#[derive(Record, Clone, Debug)]
#[record("manufacturing.routing")]
pub struct Routing {
    pub id: Id<Routing>,
    pub name: String,
    pub steps: Vec<RoutingStep>,
}

#[derive(Record, Clone, Debug)]
#[record("manufacturing.routing_step")]
pub struct RoutingStep {
    pub id: Id<RoutingStep>,
    pub name: String,
    pub work_centre: Id<WorkCentre>,
    pub hours: Quantity,
    pub setup_hours: Quantity,
}

/// Whether a day lies between two, both counted; an open end is without limit.
pub(crate) fn within(on: Date, from: Option<Date>, to: Option<Date>) -> bool {
    from.is_none_or(|from| from <= on) && to.is_none_or(|to| on <= to)
}

impl Bom {
    pub(crate) fn is_valid(&self, on: Date) -> bool {
        self.active && within(on, self.valid_from, self.valid_to)
    }
}

impl BomLine {
    /// Whether it is taken on that day when these options are chosen.
    pub(crate) fn applies(&self, on: Date, options: &[String]) -> bool {
        within(on, self.valid_from, self.valid_to) && chosen(self.option.as_deref(), options)
    }
}

/// What asks for no option is always taken.
pub(crate) fn chosen(option: Option<&str>, options: &[String]) -> bool {
    option.is_none_or(|option| option.is_empty() || options.iter().any(|own| own == option))
}

/// The bill of materials of each of these products that counts on that day: of those that are
/// valid, the one that became valid last.
pub(crate) async fn of_products(
    tx: &mut Tx,
    products: &BTreeSet<Id<Product>>,
    on: Date,
) -> Result<BTreeMap<Id<Product>, Bom>> {
    if products.is_empty() {
        return Ok(BTreeMap::new());
    }
    let filter = Filter::new().eq("active", true).is_in("product", products.iter().copied());
    let found = store::find::<Bom>(tx, filter).await?;
    Ok(best(found, on))
}

fn best(found: Vec<Bom>, on: Date) -> BTreeMap<Id<Product>, Bom> {
    let mut best: BTreeMap<Id<Product>, Bom> = BTreeMap::new();
    for bom in found.into_iter().filter(|bom| bom.is_valid(on)) {
        let newer = |there: &Bom| (bom.valid_from, bom.id) > (there.valid_from, there.id);
        if best.get(&bom.product).is_none_or(newer) {
            best.insert(bom.product, bom);
        }
    }
    best
}

/// Before bills of materials are saved: they get a name, and none contains itself, over however
/// many levels.
pub(crate) async fn prepare(tx: &mut Tx, batch: &mut [Saving]) -> Result<()> {
    name_them(tx, batch).await?;
    let backwards = batch.iter().filter(|saving| {
        let (from, to) = (saving.date("valid_from"), saving.date("valid_to"));
        from.zip(to).is_some_and(|(from, to)| from > to)
    });
    let problems = backwards
        .map(|_| Problem::new("valid_to", "before_start", "The last day is before the first."));
    fondaco_kernel::error::refuse_if_any(problems.collect())?;
    refuse_circles(tx, batch).await
}

async fn name_them(tx: &mut Tx, batch: &mut [Saving]) -> Result<()> {
    let nameless = |saving: &Saving| saving.text("name").is_none_or(|name| name.trim().is_empty());
    let products: BTreeSet<Id<Product>> =
        batch.iter().filter(|s| nameless(s)).filter_map(|s| s.link("product")).collect();
    if products.is_empty() {
        return Ok(());
    }
    let products: Vec<Id<Product>> = products.into_iter().collect();
    let products = store::get_many::<Product>(tx, &products).await?;
    for saving in batch.iter_mut().filter(|saving| nameless(saving)) {
        let own = saving.link::<Product>("product");
        if let Some(product) = products.iter().find(|product| Some(product.id) == own) {
            saving.draft.set("name", product.code.as_str());
        }
    }
    Ok(())
}

/// One step down, as it is stored.
#[derive(Record, Clone, Debug)]
#[record("manufacturing.bom_line")]
pub(crate) struct Step {
    pub(crate) id: Id<Step>,
    pub(crate) bom: Id<Bom>,
    pub(crate) product: Id<Product>,
}

/// A bill of materials without its lines.
#[derive(Record, Clone, Debug)]
#[record("manufacturing.bom")]
pub(crate) struct Head {
    pub(crate) id: Id<Head>,
    pub(crate) product: Id<Product>,
    pub(crate) active: bool,
}

async fn refuse_circles(tx: &mut Tx, batch: &[Saving]) -> Result<()> {
    let mut edges = Edges::new();
    let touched = |saving: &&Saving| {
        saving.is_new() || ["lines", "product", "active"].iter().any(|f| saving.draft.has(f))
    };
    let mut starts = Vec::new();
    for saving in batch.iter().filter(touched) {
        let Some(product) = saving.link::<Product>("product") else { continue };
        starts.push(product);
        edges.entry(product).or_default().extend(components(saving));
    }
    let own: BTreeSet<AnyId> = batch.iter().map(|saving| saving.id).collect();
    let mut frontier: BTreeSet<Id<Product>> = edges.values().flatten().copied().collect();
    let mut seen: BTreeSet<Id<Product>> = BTreeSet::new();
    for _ in 0..=limits::TREE_DEPTH_MAX {
        frontier.retain(|product| !seen.contains(product));
        if frontier.is_empty() {
            break;
        }
        seen.extend(&frontier);
        let below = below(tx, &frontier, &own).await?;
        frontier = below.values().flatten().copied().collect();
        for (product, components) in below {
            edges.entry(product).or_default().extend(components);
        }
    }
    for start in starts {
        if let Some(way) = circle(&edges, start) {
            return Err(contains_itself(tx, way).await?);
        }
    }
    if !frontier.is_empty() {
        let most = limits::TREE_DEPTH_MAX;
        let message = format!("More than {most} levels of components; check what goes into what.");
        return Err(fondaco_kernel::Error::problem("lines", "too_deep", message));
    }
    Ok(())
}

/// What a bill of materials will contain once it is saved.
fn components(saving: &Saving) -> BTreeSet<Id<Product>> {
    let before = saving.old.as_ref().map_or(&[][..], |old| old.lines("lines"));
    if !saving.draft.has("lines") {
        return before.iter().filter_map(|line| line.link("product")).collect();
    }
    let was =
        |id: Option<AnyId>| -> Option<&Rec> { before.iter().find(|line| Some(line.id) == id) };
    let lines = saving.draft.lines("lines").iter();
    let product = |line: &fondaco_kernel::model::Line| {
        line.draft.link("product").or_else(|| was(line.id).and_then(|old| old.link("product")))
    };
    lines.filter_map(product).collect()
}

/// What goes into these products, by the bills of materials that are stored besides `own`. A
/// variant takes what its configurable product takes.
async fn below(
    tx: &mut Tx,
    products: &BTreeSet<Id<Product>>,
    own: &BTreeSet<AnyId>,
) -> Result<Edges> {
    let mut edges = Edges::new();
    let ids: Vec<Id<Product>> = products.iter().copied().collect();
    for product in store::get_many::<Product>(tx, &ids).await? {
        edges.entry(product.id).or_default().extend(product.variant_of);
    }
    let filter = Filter::new().eq("active", true).is_in("product", ids);
    let heads = store::find::<Head>(tx, filter).await?;
    let of: BTreeMap<Id<Bom>, Id<Product>> = heads
        .into_iter()
        .filter(|head| !own.contains(&head.id.any()))
        .map(|head| (head.id.cast(), head.product))
        .collect();
    if of.is_empty() {
        return Ok(edges);
    }
    let filter = Filter::new().is_in("bom", of.keys().copied());
    for step in store::find::<Step>(tx, filter).await? {
        if let Some(product) = of.get(&step.bom) {
            edges.entry(*product).or_default().insert(step.product);
        }
    }
    Ok(edges)
}

async fn contains_itself(tx: &mut Tx, way: Vec<Id<Product>>) -> Result<fondaco_kernel::Error> {
    let products = store::get_many::<Product>(tx, &way).await?;
    let names: Vec<&str> = products.iter().map(|product| product.name.as_str()).collect();
    let way = names.join(" → ");
    let message = format!("It would contain itself: {way}. Take one of them out.");
    let problem = Problem::new("lines", "circle", message).arg("path", way);
    Ok(fondaco_kernel::Error::Invalid(vec![problem]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Option<Date> {
        text.parse().ok()
    }

    fn bom(id: i64, from: &str, to: &str) -> Bom {
        Bom {
            id: Id::new(id),
            name: String::new(),
            product: Id::new(1),
            quantity: Quantity::ONE,
            phantom: false,
            valid_from: day(from),
            valid_to: day(to),
            routing: None,
            lines: Vec::new(),
            operations: Vec::new(),
            active: true,
        }
    }

    #[test]
    fn the_one_that_became_valid_last_counts() {
        let all = || {
            vec![
                bom(1, "", ""),
                bom(2, "2026-01-01", "2026-03-31"),
                bom(3, "2026-02-01", ""),
                bom(4, "", ""),
            ]
        };
        let counts = |on: &str| best(all(), on.parse().unwrap())[&Id::new(1)].id.raw();
        assert_eq!(counts("2025-12-31"), 4);
        assert_eq!(counts("2026-01-31"), 2);
        assert_eq!(counts("2026-02-01"), 3);
        assert_eq!(counts("2027-01-01"), 3);
    }

    #[test]
    fn lines_apply_by_day_and_option() {
        let line = |option: Option<&str>, from: &str, to: &str| BomLine {
            id: Id::new(1),
            bom: Id::new(1),
            product: Id::new(2),
            quantity: Quantity::ONE,
            scrap: Decimal::ZERO,
            option: option.map(str::to_owned),
            valid_from: day(from),
            valid_to: day(to),
        };
        let options = ["carbon".to_owned()];
        let on: Date = "2026-03-02".parse().unwrap();
        for (line, applies) in [
            (line(None, "", ""), true),
            (line(Some(""), "", ""), true),
            (line(Some("carbon"), "", ""), true),
            (line(Some("steel"), "", ""), false),
            (line(None, "2026-03-03", ""), false),
            (line(None, "2026-03-02", "2026-03-02"), true),
            (line(None, "", "2026-03-01"), false),
        ] {
            assert_eq!(line.applies(on, &options), applies, "{line:?}");
        }
    }
}
