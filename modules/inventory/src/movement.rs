//! The register of movements: what moved, when, from where to where, for which document, and what
//! it was worth. The ledger holds the same; here it can be searched, and looked up by document line.
//! Not here: posting (`posting`).

use std::collections::BTreeMap;

use fondaco_kernel::ports::books::Place;
use fondaco_kernel::shared::{Party, Product};
use fondaco_kernel::store::{self, Filter};
use fondaco_kernel::{DocRef, Record, Result, Tx};
use fondaco_values::{Date, Id, Money, Quantity};

use crate::goods::Coin;
use crate::lot::Lot;
use crate::place::{Location, Places};
use crate::posting::Paper;
use crate::valuation::Position;

#[derive(Record, Clone, Debug)]
#[record("inventory.move")]
pub struct StockMove {
    pub id: Id<StockMove>,
    pub date: Date,
    pub product: Id<Product>,
    pub quantity: Quantity,
    pub from_location: Id<Location>,
    pub to_location: Id<Location>,
    pub lot: Option<Id<Lot>>,
    pub party: Option<Id<Party>>,
    pub value: Money,
    pub source_model: String,
    pub source_id: i64,
    pub document_model: String,
    pub document_id: i64,
    pub key: Option<i64>,
    pub entry: i64,
    pub text: String,
}

/// What came of posting a paper.
pub(crate) struct Done<'v> {
    pub(crate) entry: i64,
    pub(crate) date: Date,
    /// One for each movement.
    pub(crate) values: &'v [Money],
}

/// Writes down what a paper has moved.
pub(crate) async fn write(tx: &mut Tx, paper: &Paper, done: &Done<'_>) -> Result<()> {
    let mut moves: Vec<StockMove> = paper
        .movements
        .iter()
        .zip(done.values)
        .map(|(movement, value)| StockMove {
            id: Id::default(),
            date: done.date,
            product: movement.product,
            quantity: movement.quantity,
            from_location: movement.from,
            to_location: movement.to,
            lot: movement.lot,
            party: paper.party,
            value: *value,
            source_model: paper.source.model.clone(),
            source_id: paper.source.id.raw(),
            document_model: paper.document.model.clone(),
            document_id: paper.document.id.raw(),
            key: movement.key,
            entry: done.entry,
            text: paper.text.clone(),
        })
        .collect();
    store::insert_many(tx, &mut moves).await
}

/// What has gone to (or come from) the side outside for each line of a source, less what has come
/// back from it: how much may still be returned, and at what value.
pub(crate) async fn returnable(
    tx: &mut Tx,
    places: &Places,
    source: &DocRef,
    side: Place,
    coin: Coin,
) -> Result<BTreeMap<(i64, Id<Product>), Position>> {
    let filter = Filter::new().eq("source_id", source.id.raw()).sort("id");
    let mut found: BTreeMap<(i64, Id<Product>), Position> = BTreeMap::new();
    for moved in store::find::<StockMove>(tx, filter).await? {
        let (Some(key), true) = (moved.key, moved.source_model == source.model) else { continue };
        let from = places.get(moved.from_location)?.place();
        let to = places.get(moved.to_location)?.place();
        let out = match (from == Place::Stock, to == Place::Stock) {
            (true, false) if to == side => 1,
            (false, true) if from == side => -1,
            _ => continue,
        };
        // What customers got is counted from its way out, what suppliers brought from its way in.
        let sign = if side == Place::Supplier { -out } else { out };
        let position = found.entry((key, moved.product)).or_default();
        let quantity = Quantity::from_scaled(sign * moved.quantity.scaled());
        position.quantity += quantity;
        position.value += sign * coin.minor(moved.value);
    }
    Ok(found)
}
