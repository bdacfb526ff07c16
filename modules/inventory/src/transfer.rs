//! Internal transfers: goods that move between own places and stay what they are worth.

use std::collections::BTreeSet;

use fondaco_kernel::module::{Args, Outcome};
use fondaco_kernel::permissions::Allowed;
use fondaco_kernel::shared::Product;
use fondaco_kernel::store;
use fondaco_kernel::{DocRef, Record, Result, Tx};
use fondaco_values::{Date, Id, Problem, Quantity};

use crate::goods::Goods;
use crate::incoming::lot_missing;
use crate::level::{self, Frees};
use crate::lot::Lot;
use crate::pick::{Only, Pick, pick, total};
use crate::place::{Location, Places, own};
use crate::posting::{self, Movement, Paper};
use crate::serve;
use crate::worth::Cost;

pub(crate) const MODEL: &str = "inventory.transfer";

#[derive(Record, Clone, Debug)]
#[record("inventory.transfer")]
pub struct Transfer {
    pub id: Id<Transfer>,
    pub version: i64,
    pub from_location: Id<Location>,
    pub to_location: Id<Location>,
    pub done_on: Option<Date>,
    pub lines: Vec<TransferLine>,
}

#[derive(Record, Clone, Debug)]
#[record("inventory.transfer_line")]
pub struct TransferLine {
    pub id: Id<TransferLine>,
    pub product: Id<Product>,
    pub quantity: Quantity,
    pub lot: Option<Id<Lot>>,
}

/// Moves the goods, in one entry; what is set aside for somebody stays where it is.
pub(crate) async fn done(tx: &mut Tx, transfer: Allowed<Transfer>, args: Args) -> Result<Outcome> {
    let mut transfer = transfer.into_inner();
    let on = args.date("on").unwrap_or_else(|| tx.today());
    let places = Places::load(tx).await?;
    let from = own(places.get(transfer.from_location)?, "from_location")?.id;
    let to = own(places.get(transfer.to_location)?, "to_location")?.id;
    let products: BTreeSet<Id<Product>> = transfer.lines.iter().map(|line| line.product).collect();
    let products: Vec<Id<Product>> = products.into_iter().collect();
    let goods = Goods::load(tx, products.iter().copied().collect()).await?;
    check(&transfer, &goods)?;
    let mut free = level::free(tx, &places, &products).await?;
    let picks = picks(&transfer, &goods, &mut free)?;
    let flat = picks.into_iter().enumerate().flat_map(|(n, p)| p.into_iter().map(move |p| (n, p)));
    let movement = |(line, pick): (usize, Pick)| Movement {
        key: Some(transfer.lines[line].id.raw()),
        line,
        product: transfer.lines[line].product,
        quantity: pick.quantity,
        from,
        to,
        lot: pick.lot,
        cost: Cost::Own,
    };
    let document = DocRef::new(MODEL, transfer.id);
    let paper = Paper {
        source: document.clone(),
        document,
        date: on,
        text: "Internal transfer".to_owned(),
        party: None,
        movements: flat.map(movement).collect(),
        promise: None,
    };
    posting::post(tx, &places, paper).await?;
    transfer.done_on = Some(on);
    store::update(tx, &mut transfer).await?;
    serve::waiting(tx, &products).await?;
    Ok(Outcome::done())
}

fn check(transfer: &Transfer, goods: &Goods) -> Result<()> {
    let mut problems = Vec::new();
    if transfer.from_location == transfer.to_location {
        let message = "The goods are there already; choose another place.";
        problems.push(Problem::new("to_location", "same", message));
    }
    for (n, line) in transfer.lines.iter().enumerate() {
        problems.extend(goods.faults(n, line.product, line.quantity));
        problems.extend(lot_missing(goods.get(line.product)?, line.lot, n));
    }
    fondaco_kernel::error::refuse_if_any(problems)
}

fn picks(transfer: &Transfer, goods: &Goods, free: &mut Frees) -> Result<Vec<Vec<Pick>>> {
    let mut problems = Vec::new();
    let mut all = Vec::with_capacity(transfer.lines.len());
    for (n, line) in transfer.lines.iter().enumerate() {
        let only = Only { location: Some(transfer.from_location), lot: line.lot };
        let offered = free.entry(line.product).or_default();
        let picks = pick(offered, line.quantity, only);
        let found = total(&picks);
        if found < line.quantity {
            let name = goods.name(line.product);
            let message = format!("Only {found} of {name} are free there.");
            problems.push(Problem::new(format!("lines[{n}].quantity"), "short", message));
        }
        all.push(picks);
    }
    fondaco_kernel::error::refuse_if_any(problems)?;
    Ok(all)
}
