//! What it takes to make so many of a product: components and operations, by its bill of materials
//! and, for configured products, by their recipe. Phantoms are replaced by what goes into them.
//! Not here: components that are made on their own: they have orders of their own.

use std::collections::{BTreeMap, BTreeSet};

use fondaco_kernel::ports::configuration::Recipe;
use fondaco_kernel::shared::{Product, Unit};
use fondaco_kernel::store;
use fondaco_kernel::{Error, Result, Tx};
use fondaco_values::{Date, Decimal, Id, Quantity, Rounding, limits};

use crate::bom::{self, Bom, Routing, chosen};
use crate::work_centre::{WorkCentre, by_codes};

/// What an order takes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Takes {
    pub(crate) bom: Option<Id<Bom>>,
    /// How the product is configured, in words.
    pub(crate) configuration: Option<String>,
    pub(crate) components: Vec<Component>,
    pub(crate) operations: Vec<Work>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Component {
    pub(crate) product: Id<Product>,
    pub(crate) quantity: Quantity,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Work {
    pub(crate) name: String,
    pub(crate) work_centre: Id<WorkCentre>,
    pub(crate) hours: Quantity,
}

/// What is to be made.
#[derive(Clone, Debug)]
pub(crate) struct Make<'m> {
    pub(crate) product: &'m Product,
    pub(crate) quantity: Quantity,
    pub(crate) on: Date,
    /// A bill of materials that was chosen by hand.
    pub(crate) bom: Option<Id<Bom>>,
    /// How it would be configured, when it is no variant yet.
    pub(crate) choice: Option<&'m serde_json::Value>,
}

/// What it takes; nothing when the product has neither bill of materials nor recipe.
pub(crate) async fn takes(tx: &mut Tx, make: &Make<'_>) -> Result<Takes> {
    let recipe = recipe(tx, make).await?;
    let bom = bill(tx, make).await?;
    let mut sums = Sums { on: make.on, options: recipe.options.clone(), ..Sums::default() };
    if let Some(bom) = &bom {
        let routing = routing(tx, bom).await?;
        sums.add(bom, routing.as_ref(), make.quantity.decimal())?;
    }
    for component in &recipe.components {
        let quantity = times(component.quantity.decimal(), make.quantity.decimal())?;
        *sums.components.entry(component.product).or_default() += quantity;
    }
    let codes: BTreeSet<String> = recipe.operations.iter().map(|o| o.work_centre.clone()).collect();
    let centres = by_codes(tx, &codes).await?;
    open_phantoms(tx, &mut sums).await?;
    for operation in recipe.operations {
        let Some(work_centre) = centres.get(&operation.work_centre) else { continue };
        let hours = times(operation.hours.decimal(), make.quantity.decimal())?;
        sums.work.push((operation.name, *work_centre, hours));
    }
    let configuration = Some(recipe.description).filter(|text| !text.is_empty());
    let components = rounded(tx, sums.components).await?;
    let operations = worked(sums.work)?;
    Ok(Takes { bom: bom.map(|bom| bom.id), configuration, components, operations })
}

/// The recipe of a configured product; an empty one for all others.
async fn recipe(tx: &mut Tx, make: &Make<'_>) -> Result<Recipe> {
    let own = make.product.variant_of.zip(make.product.choice.as_ref());
    let asked = own.or_else(|| make.choice.map(|choice| (make.product.id, choice)));
    match (asked, tx.ports().configuration) {
        (Some((base, choice)), Some(port)) => port.recipe(tx, base, choice).await,
        _ => Ok(Recipe::default()),
    }
}

/// The bill of materials that counts: the chosen one, the product's own, or that of the
/// configurable product it is a variant of.
async fn bill(tx: &mut Tx, make: &Make<'_>) -> Result<Option<Bom>> {
    let (own, base) = (make.product.id, make.product.variant_of);
    if let Some(chosen) = make.bom {
        let bom = store::get::<Bom>(tx, chosen).await?;
        if bom.product == own || Some(bom.product) == base {
            return Ok(Some(bom));
        }
        let name = &make.product.name;
        let message =
            format!("{} is no bill of materials of {name}; choose one of its own.", bom.name);
        return Err(Error::problem("bom", "other_product", message));
    }
    let products = [Some(own), base].into_iter().flatten().collect();
    let mut found = bom::of_products(tx, &products, make.on).await?;
    Ok(found.remove(&own).or_else(|| base.and_then(|base| found.remove(&base))))
}

async fn routing(tx: &mut Tx, bom: &Bom) -> Result<Option<Routing>> {
    match bom.routing {
        Some(routing) => store::get(tx, routing).await.map(Some),
        None => Ok(None),
    }
}

/// Sums on their way, exact.
#[derive(Debug)]
struct Sums {
    on: Date,
    options: Vec<String>,
    components: BTreeMap<Id<Product>, Decimal>,
    work: Vec<(String, Id<WorkCentre>, Decimal)>,
}

impl Default for Sums {
    fn default() -> Sums {
        Sums { on: Date::MIN, options: Vec::new(), components: BTreeMap::new(), work: Vec::new() }
    }
}

impl Sums {
    /// Adds what so much by a bill of materials takes.
    fn add(&mut self, bom: &Bom, routing: Option<&Routing>, quantity: Decimal) -> Result<()> {
        for line in bom.lines.iter().filter(|line| line.applies(self.on, &self.options)) {
            let each = times(line.quantity.decimal(), Decimal::ONE + line.scrap)?;
            let all = per(times(each, quantity)?, bom.quantity)?;
            *self.components.entry(line.product).or_default() += all;
        }
        for step in routing.map(|routing| routing.steps.as_slice()).unwrap_or_default() {
            let hours = step.setup_hours.decimal() + times(step.hours.decimal(), quantity)?;
            self.work.push((step.name.clone(), step.work_centre, hours));
        }
        for operation in &bom.operations {
            if chosen(operation.option.as_deref(), &self.options) {
                let run = per(times(operation.hours.decimal(), quantity)?, bom.quantity)?;
                let hours = operation.setup_hours.decimal() + run;
                self.work.push((operation.name.clone(), operation.work_centre, hours));
            }
        }
        Ok(())
    }

    /// Takes out the phantoms among the components.
    fn phantoms(&mut self, boms: &BTreeMap<Id<Product>, Bom>) -> Vec<(Bom, Decimal)> {
        let phantoms = boms.values().filter(|bom| bom.phantom);
        phantoms
            .filter_map(|bom| Some((bom.clone(), self.components.remove(&bom.product)?)))
            .collect()
    }
}

/// Replaces phantoms by what goes into them, level by level.
async fn open_phantoms(tx: &mut Tx, sums: &mut Sums) -> Result<()> {
    let mut looked: BTreeSet<Id<Product>> = BTreeSet::new();
    for _ in 0..=limits::TREE_DEPTH_MAX {
        let new: BTreeSet<Id<Product>> =
            sums.components.keys().filter(|id| !looked.contains(id)).copied().collect();
        if new.is_empty() {
            return Ok(());
        }
        let boms = bom::of_products(tx, &new, sums.on).await?;
        // A phantom that comes up again deeper down is opened again.
        looked.extend(new.iter().filter(|id| !boms.get(id).is_some_and(|bom| bom.phantom)));
        for (bom, quantity) in sums.phantoms(&boms) {
            let routing = routing(tx, &bom).await?;
            sums.add(&bom, routing.as_ref(), quantity)?;
        }
    }
    let message = "Phantoms within phantoms without end; check the bills of materials.";
    Err(Error::problem("bom", "too_deep", message))
}

/// Quantities as they can be taken: rounded up to what the product's unit allows.
async fn rounded(tx: &mut Tx, sums: BTreeMap<Id<Product>, Decimal>) -> Result<Vec<Component>> {
    let ids: Vec<Id<Product>> = sums.keys().copied().collect();
    let products = store::get_many::<Product>(tx, &ids).await?;
    let units: BTreeSet<Id<Unit>> = products.iter().map(|product| product.unit).collect();
    let units = store::get_many::<Unit>(tx, &units.into_iter().collect::<Vec<_>>()).await?;
    let mut components = Vec::with_capacity(sums.len());
    for (product, (_, sum)) in products.iter().zip(sums) {
        let places = units.iter().find(|unit| unit.id == product.unit).map_or(6, places);
        let quantity = Quantity::round(sum, places, Rounding::Up).ok_or_else(too_much)?;
        if quantity > Quantity::ZERO {
            components.push(Component { product: product.id, quantity });
        }
    }
    Ok(components)
}

/// Decimals in which a product of that unit is counted: its stock is in the base unit.
fn places(unit: &Unit) -> u8 {
    match unit.factor == Decimal::ONE {
        true => u8::try_from(unit.decimals).unwrap_or(6).min(6),
        false => 6,
    }
}

fn worked(work: Vec<(String, Id<WorkCentre>, Decimal)>) -> Result<Vec<Work>> {
    let mut operations = Vec::with_capacity(work.len());
    for (name, work_centre, hours) in work {
        let hours = Quantity::round(hours, 6, Rounding::HalfUp).ok_or_else(too_much)?;
        operations.push(Work { name, work_centre, hours });
    }
    Ok(operations)
}

fn times(a: Decimal, b: Decimal) -> Result<Decimal> {
    a.checked_mul(b).ok_or_else(too_much)
}

fn per(a: Decimal, b: Quantity) -> Result<Decimal> {
    a.checked_div(b.decimal()).ok_or_else(too_much)
}

fn too_much() -> Error {
    Error::problem("quantity", "too_large", "That is more than can be counted; make it in parts.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bom::{BomLine, BomOperation};

    fn line(product: i64, quantity: &str, scrap: &str, option: Option<&str>) -> BomLine {
        BomLine {
            id: Id::new(product),
            bom: Id::new(1),
            product: Id::new(product),
            quantity: quantity.parse().unwrap(),
            scrap: scrap.parse().unwrap(),
            option: option.map(str::to_owned),
            valid_from: None,
            valid_to: None,
        }
    }

    fn bom(quantity: &str, lines: Vec<BomLine>) -> Bom {
        let operation = BomOperation {
            id: Id::new(1),
            name: "Assembly".into(),
            work_centre: Id::new(5),
            hours: "2".parse().unwrap(),
            setup_hours: "0.5".parse().unwrap(),
            option: None,
        };
        Bom {
            id: Id::new(1),
            name: String::new(),
            product: Id::new(1),
            quantity: quantity.parse().unwrap(),
            phantom: true,
            valid_from: None,
            valid_to: None,
            routing: None,
            lines,
            operations: vec![operation],
            active: true,
        }
    }

    fn sums(options: &[&str]) -> Sums {
        let options = options.iter().map(|option| (*option).to_owned()).collect();
        Sums { on: Date::constant(2026, 3, 2), options, ..Sums::default() }
    }

    fn told(sums: &Sums) -> Vec<(i64, String)> {
        let all = sums.components.iter();
        all.map(|(id, sum)| (id.raw(), sum.normalize().to_string())).collect()
    }

    #[test]
    fn quantities_scrap_and_options() {
        let lines = vec![
            line(2, "1", "0", None),
            line(3, "4", "0.05", None),
            line(3, "1", "0", Some("spare")),
            line(4, "1", "0", Some("carbon")),
            line(5, "1", "0", Some("steel")),
        ];
        let mut sums = sums(&["carbon", "spare"]);
        sums.add(&bom("2", lines), None, Decimal::from(10)).unwrap();
        let expected = [(2, "5".to_owned()), (3, "26".into()), (4, "5".into())];
        assert_eq!(told(&sums), expected);
        assert_eq!(sums.work[0].2, "10.5".parse().unwrap(), "once 0.5 and 10 / 2 times 2");
    }

    #[test]
    fn a_phantom_gives_way_to_what_goes_into_it() {
        let mut sums = sums(&[]);
        sums.components.insert(Id::new(1), Decimal::from(3));
        sums.components.insert(Id::new(2), Decimal::from(1));
        let wheel = bom("1", vec![line(2, "36", "0", None), line(7, "1", "0", None)]);
        let boms = BTreeMap::from([(Id::new(1), wheel)]);
        for (bom, quantity) in sums.phantoms(&boms) {
            sums.add(&bom, None, quantity).unwrap();
        }
        assert_eq!(told(&sums), [(2, "109".into()), (7, "3".into())]);
    }
}
