//! Lots and serial numbers: which a line of a document names, made when they are new.
//! Not here: how much of a lot is where (`level`), which lot goes out first (`pick`).

use std::collections::{BTreeSet, HashMap};

use fondaco_kernel::shared::Product;
use fondaco_kernel::store::{self, Filter};
use fondaco_kernel::{Record, Result, Tx};
use fondaco_values::{Date, Id, Problem, Quantity};

#[derive(Record, Clone, Debug)]
#[record("inventory.lot")]
pub struct Lot {
    pub id: Id<Lot>,
    pub product: Id<Product>,
    pub number: String,
    pub expires_on: Option<Date>,
}

/// A part of a line that belongs to one lot, or to none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) number: Option<String>,
    pub(crate) quantity: Quantity,
}

impl Part {
    /// The lot that it names.
    pub(crate) fn named(&self, product: Id<Product>) -> Option<Named> {
        let number = self.number.clone()?;
        Some(Named { product, number, expires_on: None })
    }
}

/// Splits a line by what is written as its lot: nothing, one number, or as many serial numbers as
/// there are pieces, separated by commas, semicolons or line ends.
pub(crate) fn parts(
    product: &Product,
    quantity: Quantity,
    written: Option<&str>,
    line: usize,
) -> std::result::Result<Vec<Part>, Problem> {
    let field = format!("lines[{line}].lot_number");
    let written = written.unwrap_or_default().trim();
    match (product.lot_policy.as_str(), written) {
        ("none", "") => Ok(vec![Part { number: None, quantity }]),
        ("none", _) => {
            let message = format!("{} is kept without lots; leave the number empty.", product.name);
            Err(Problem::new(field, "no_lots", message))
        }
        (_, "") => {
            let message = format!("{} needs a lot or serial number.", product.name);
            Err(Problem::new(field, "required", message))
        }
        ("serial", numbers) => serials(product, quantity, numbers, field),
        (_, number) => Ok(vec![Part { number: Some(number.to_owned()), quantity }]),
    }
}

fn serials(
    product: &Product,
    quantity: Quantity,
    numbers: &str,
    field: String,
) -> std::result::Result<Vec<Part>, Problem> {
    let split = numbers.split([',', ';', '\n']).map(str::trim).filter(|n| !n.is_empty());
    let numbers: Vec<&str> = split.collect();
    let count = Quantity::from_int(numbers.len() as i64);
    if count != quantity {
        let message = format!(
            "{quantity} pieces of {} need as many serial numbers; {count} are given.",
            product.name
        );
        return Err(Problem::new(field, "serial_count", message));
    }
    let distinct: BTreeSet<&str> = numbers.iter().copied().collect();
    if distinct.len() < numbers.len() {
        let message = format!("A serial number of {} is given twice.", product.name);
        return Err(Problem::new(field, "serial_twice", message));
    }
    let part = |n: &str| Part { number: Some(n.to_owned()), quantity: Quantity::ONE };
    Ok(numbers.into_iter().map(part).collect())
}

/// A lot that a document names.
#[derive(Clone, Debug)]
pub(crate) struct Named {
    pub(crate) product: Id<Product>,
    pub(crate) number: String,
    pub(crate) expires_on: Option<Date>,
}

pub(crate) type Known = HashMap<(Id<Product>, String), Id<Lot>>;

/// The lots of those names; new ones are made.
pub(crate) async fn find_or_make(tx: &mut Tx, named: Vec<Named>) -> Result<Known> {
    let mut known = find(tx, &named).await?;
    let mut made: Vec<Lot> = Vec::new();
    for Named { product, number, expires_on } in named {
        let there = made.iter().any(|lot| lot.product == product && lot.number == number);
        if !there && !known.contains_key(&(product, number.clone())) {
            made.push(Lot { id: Id::default(), product, number, expires_on });
        }
    }
    store::insert_many(tx, &mut made).await?;
    known.extend(made.into_iter().map(|lot| ((lot.product, lot.number), lot.id)));
    Ok(known)
}

/// The lots of those names that there are.
pub(crate) async fn find(tx: &mut Tx, named: &[Named]) -> Result<Known> {
    if named.is_empty() {
        return Ok(Known::new());
    }
    let numbers: BTreeSet<&str> = named.iter().map(|named| named.number.as_str()).collect();
    let products: BTreeSet<Id<Product>> = named.iter().map(|named| named.product).collect();
    let filter = Filter::new().is_in("number", numbers).is_in("product", products);
    let lots = store::find::<Lot>(tx, filter).await?;
    Ok(lots.into_iter().map(|lot| ((lot.product, lot.number), lot.id)).collect())
}

/// Numbers for what is produced without anybody naming them: by the document's day and place in it.
pub(crate) fn invented(product: &Product, quantity: Quantity, stem: &str) -> Vec<Part> {
    match product.lot_policy.as_str() {
        "none" => vec![Part { number: None, quantity }],
        "serial" => {
            let pieces = quantity.scaled() / Quantity::ONE.scaled();
            let number = |n: i64| Some(format!("{stem}-{n}"));
            let one = Quantity::ONE;
            (1..=pieces).map(|n| Part { number: number(n), quantity: one }).collect()
        }
        _ => vec![Part { number: Some(stem.to_owned()), quantity }],
    }
}
