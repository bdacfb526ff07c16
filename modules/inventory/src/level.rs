//! What is there: quantities by place and lot, what of them is set aside, and what they are worth,
//! all read from the ledger's stock book.
//! Not here: which of it goes out first (`pick`), what is still expected (`receipt`).

use std::collections::{BTreeMap, BTreeSet, HashMap};

use fondaco_kernel::ledger::{self, Balance, Group};
use fondaco_kernel::shared::Product;
use fondaco_kernel::store::{self, Filter};
use fondaco_kernel::{Result, Tx};
use fondaco_values::{AnyId, Date, Id, Quantity};

use crate::delivery::Reservation;
use crate::lot::Lot;
use crate::pick::Free;
use crate::place::{Location, Places};
use crate::posting::purpose;
use crate::valuation::Position;

/// What of a product lies at one own place, of one lot or of none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) location: Id<Location>,
    pub(crate) lot: Option<Id<Lot>>,
    pub(crate) on_hand: Quantity,
    pub(crate) reserved: Quantity,
}

/// A product at a place, of a lot or of none.
type Spot = (Id<Product>, Id<Location>, Option<Id<Lot>>);
pub(crate) type Holdings = BTreeMap<Id<Product>, Vec<Held>>;
pub(crate) type Frees = BTreeMap<Id<Product>, Vec<Free>>;

/// What of these products lies where, in the order in which it is taken: the main place first.
pub(crate) async fn held(
    tx: &mut Tx,
    places: &Places,
    products: &[Id<Product>],
) -> Result<Holdings> {
    if products.is_empty() {
        return Ok(Holdings::new());
    }
    holdings(tx, places, products).await
}

/// The same; without products, of all that are there.
pub(crate) async fn holdings(
    tx: &mut Tx,
    places: &Places,
    products: &[Id<Product>],
) -> Result<Holdings> {
    let mut holdings = on_hand(tx, places, products, None).await?;
    let mut reserved: HashMap<Spot, Quantity> = HashMap::new();
    let filter = match products {
        [] => Filter::new(),
        products => Filter::new().is_in("product", products.iter().copied()),
    };
    for promise in store::find::<Reservation>(tx, filter).await? {
        let key = (promise.product, promise.location, promise.lot);
        *reserved.entry(key).or_default() += promise.quantity;
    }
    for (product, places) in &mut holdings {
        for held in places {
            let key = (*product, held.location, held.lot);
            held.reserved = reserved.get(&key).copied().unwrap_or_default();
        }
    }
    Ok(holdings)
}

/// The quantities alone, at the end of a business day or now.
pub(crate) async fn on_hand(
    tx: &mut Tx,
    places: &Places,
    products: &[Id<Product>],
    as_of: Option<Date>,
) -> Result<Holdings> {
    let own = places.own();
    let mut accounts = Vec::with_capacity(own.len());
    for place in &own {
        accounts.push((place.ledger()?, place.id));
    }
    let order: HashMap<_, _> =
        accounts.iter().enumerate().map(|(at, (account, id))| (*account, (at, *id))).collect();
    let filter = ledger::Filter {
        accounts: accounts.into_iter().map(|(account, _)| account).collect(),
        as_of,
        ..ledger::Filter::default()
    };
    let mut rows = balances(tx, filter, Of::Units(products)).await?;
    rows.sort_by_key(|row| row.account.and_then(|account| order.get(&account)).map(|(at, _)| *at));
    let mut holdings = Holdings::new();
    for row in rows.iter().filter(|row| row.amount() != 0) {
        let (Some(account), Some(product)) = (row.account, row.unit.map(AnyId::cast)) else {
            continue;
        };
        let Some((_, location)) = order.get(&account) else { continue };
        holdings.entry(product).or_default().push(Held {
            location: *location,
            lot: row.subsidiary.map(AnyId::cast),
            on_hand: Quantity::from_scaled(row.amount()),
            reserved: Quantity::ZERO,
        });
    }
    Ok(holdings)
}

/// How a product stands in the lines that are added up: as what is counted, or as what the value
/// is of.
#[derive(Clone, Copy)]
enum Of<'p> {
    Units(&'p [Id<Product>]),
    Values(&'p [Id<Product>]),
}

/// Products that are looked up one by one. The ledger adds up one product or all of them; for more
/// than a handful, one question about all is the cheaper one.
const ONE_BY_ONE_MAX: usize = 8;

/// The sums of these products; without products, of all.
async fn balances(tx: &mut Tx, mut filter: ledger::Filter, of: Of<'_>) -> Result<Vec<Balance>> {
    let (products, groups): (_, &[Group]) = match of {
        Of::Units(products) => (products, &[Group::Account, Group::Unit, Group::Subsidiary]),
        Of::Values(products) => (products, &[Group::Subsidiary]),
    };
    if products.is_empty() {
        return ledger::balance(tx, &filter, groups).await;
    }
    let wanted: BTreeSet<AnyId> = products.iter().map(|product| product.any()).collect();
    if wanted.len() > ONE_BY_ONE_MAX {
        let mut rows = ledger::balance(tx, &filter, groups).await?;
        rows.retain(|row| match of {
            Of::Units(_) => row.unit.is_some_and(|unit| wanted.contains(&unit)),
            Of::Values(_) => row.subsidiary.is_some_and(|product| wanted.contains(&product)),
        });
        return Ok(rows);
    }
    let mut rows = Vec::new();
    for product in wanted {
        match of {
            Of::Units(_) => filter.unit = Some(product),
            Of::Values(_) => filter.subsidiary = Some(product),
        }
        rows.extend(ledger::balance(tx, &filter, groups).await?);
    }
    Ok(rows)
}

/// What may be promised of what lies at places in use, lots in the order in which they expire; what has expired is not offered.
pub(crate) async fn free(tx: &mut Tx, places: &Places, products: &[Id<Product>]) -> Result<Frees> {
    if products.is_empty() {
        return Ok(Frees::new());
    }
    let holdings = held(tx, places, products).await?;
    let lots: BTreeSet<Id<Lot>> = holdings.values().flatten().filter_map(|held| held.lot).collect();
    let lots = match lots.is_empty() {
        true => Vec::new(),
        false => store::get_many::<Lot>(tx, &lots.into_iter().collect::<Vec<_>>()).await?,
    };
    let expiry = lots.iter().filter_map(|lot| Some((lot.id, lot.expires_on?))).collect();
    let today = tx.today();
    let mut frees = Frees::new();
    for (product, mut held) in holdings {
        held.retain(|held| places.get(held.location).is_ok_and(|place| place.active));
        frees.insert(product, offered(held, &expiry, today));
    }
    Ok(frees)
}

/// All that is there, promised or not, of all lots.
pub(crate) async fn all(tx: &mut Tx, places: &Places, products: &[Id<Product>]) -> Result<Frees> {
    let here = on_hand(tx, places, products, None).await?;
    let free = |held: Held| Free { location: held.location, lot: held.lot, quantity: held.on_hand };
    Ok(here.into_iter().map(|(id, held)| (id, held.into_iter().map(free).collect())).collect())
}

fn offered(held: Vec<Held>, expiry: &HashMap<Id<Lot>, Date>, today: Date) -> Vec<Free> {
    let expires = |lot: Option<Id<Lot>>| lot.and_then(|lot| expiry.get(&lot)).copied();
    let mut free: Vec<Free> = held
        .into_iter()
        .filter(|held| expires(held.lot).is_none_or(|day| day >= today))
        .map(|held| Free {
            location: held.location,
            lot: held.lot,
            quantity: held.on_hand - held.reserved,
        })
        .filter(|free| free.quantity > Quantity::ZERO)
        .collect();
    // A stable sort: within one day the order of places stays.
    free.sort_by_key(|free| expires(free.lot).unwrap_or(Date::MAX));
    free
}

/// Quantity and value of these products in all own places.
pub(crate) async fn positions(
    tx: &mut Tx,
    places: &Places,
    products: &[Id<Product>],
) -> Result<BTreeMap<Id<Product>, Position>> {
    if products.is_empty() {
        return Ok(BTreeMap::new());
    }
    positions_as_of(tx, places, products, None).await
}

/// The same at the end of a business day; without products, of all that are there.
pub(crate) async fn positions_as_of(
    tx: &mut Tx,
    places: &Places,
    products: &[Id<Product>],
    as_of: Option<Date>,
) -> Result<BTreeMap<Id<Product>, Position>> {
    let mut positions: BTreeMap<Id<Product>, Position> = BTreeMap::new();
    for (product, held) in on_hand(tx, places, products, as_of).await? {
        let quantity = held.iter().map(|held| held.on_hand).sum();
        positions.insert(product, Position { quantity, value: 0 });
    }
    let account = ledger::accounts::by_purpose(tx, purpose(STOCK)).await?;
    let filter = ledger::Filter { as_of, ..ledger::Filter::account(account) };
    for row in balances(tx, filter, Of::Values(products)).await? {
        if let Some(product) = row.subsidiary.map(AnyId::cast) {
            positions.entry(product).or_default().value = row.amount();
        }
    }
    positions.retain(|_, position| *position != Position::default());
    Ok(positions)
}

const STOCK: fondaco_kernel::ports::books::Place = fondaco_kernel::ports::books::Place::Stock;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lots_are_offered_as_they_expire_and_never_after() {
        let held = |location: i64, lot: Option<i64>, on_hand: i64, reserved: i64| Held {
            location: Id::new(location),
            lot: lot.map(Id::new),
            on_hand: Quantity::from_int(on_hand),
            reserved: Quantity::from_int(reserved),
        };
        let day = |text: &str| text.parse::<Date>().unwrap();
        let expiry = HashMap::from([
            (Id::new(1), day("2026-03-01")),
            (Id::new(2), day("2026-02-01")),
            (Id::new(3), day("2026-01-01")),
        ]);
        let all = vec![
            held(10, None, 5, 5),
            held(10, None, 4, 1),
            held(10, Some(1), 2, 0),
            held(20, Some(2), 2, 1),
            held(20, Some(3), 9, 0),
        ];
        let offered = offered(all, &expiry, day("2026-01-15"));
        let seen: Vec<_> = offered
            .iter()
            .map(|f| (f.location.raw(), f.lot.map(Id::raw), f.quantity.to_string()))
            .collect();
        let expected = [
            (20, Some(2), "1".to_owned()),
            (10, Some(1), "2".to_owned()),
            (10, None, "3".to_owned()),
        ];
        assert_eq!(seen, expected);
    }
}
