//! Places: warehouses and the locations that goods move between. Each location is an account of the
//! ledger's stock book; an own place has the floor zero, so it never gives what it does not have.
//! Not here: what lies at a place (`level`), moving it (`posting`).

use fondaco_kernel::ledger;
use fondaco_kernel::model::Saving;
use fondaco_kernel::ports::books::Place;
use fondaco_kernel::store::{self, Filter};
use fondaco_kernel::{Error, Record, Result, Tx};
use fondaco_values::{Decimal, Id, Problem};

#[derive(Record, Clone, Debug)]
#[record("inventory.location")]
pub struct Location {
    pub id: Id<Location>,
    pub code: String,
    pub name: String,
    pub kind: String,
    pub warehouse: Option<Id<Warehouse>>,
    pub account: Option<Id<StockAccount>>,
    pub active: bool,
}

#[derive(Record, Clone, Debug)]
#[record("inventory.warehouse")]
pub struct Warehouse {
    pub id: Id<Warehouse>,
    pub code: String,
    pub name: String,
    pub location: Option<Id<Location>>,
    pub active: bool,
}

/// What inventory says of an account of the stock book.
#[derive(Record, Clone, Debug)]
#[record("account")]
pub struct StockAccount {
    pub id: Id<StockAccount>,
    pub book: String,
    pub code: String,
    pub name: String,
    pub kind: String,
    pub purpose: Option<String>,
    pub floor: Option<Decimal>,
    pub needs_subsidiary: bool,
}

impl Location {
    pub(crate) fn is_own(&self) -> bool {
        self.kind == "internal"
    }

    /// How accounting sees the place.
    pub(crate) fn place(&self) -> Place {
        match self.kind.as_str() {
            "supplier" => Place::Supplier,
            "customer" => Place::Customer,
            "production" => Place::Production,
            "opening" => Place::Opening,
            "adjustment" => Place::Adjustment,
            _ => Place::Stock,
        }
    }

    /// Its account in the ledger.
    pub(crate) fn ledger(&self) -> Result<Id<ledger::Account>> {
        self.account.map(Id::cast).ok_or_else(|| {
            let message = format!("Location {} has no account; save it again.", self.code);
            Error::problem("location", "no_account", message)
        })
    }
}

/// All locations of the company.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    all: Vec<Location>,
    main: Option<Id<Location>>,
}

impl Places {
    pub(crate) async fn load(tx: &mut Tx) -> Result<Places> {
        let all = store::find::<Location>(tx, Filter::new().sort("id")).await?;
        let houses = Filter::new().eq("active", true).sort("id").limit(1);
        let house = store::first::<Warehouse>(tx, houses).await?;
        Ok(Places::new(all, house.and_then(|house| house.location)))
    }

    fn new(all: Vec<Location>, main: Option<Id<Location>>) -> Places {
        let first = || all.iter().find(|place| place.is_own() && place.active).map(|p| p.id);
        let main = main.or_else(first);
        Places { all, main }
    }

    pub(crate) fn get(&self, id: Id<Location>) -> Result<&Location> {
        let found = self.all.iter().find(|place| place.id == id);
        found.ok_or_else(|| Error::not_found("inventory.location", id))
    }

    /// The place of that id if there is one, else the main place; always an own one.
    pub(crate) fn own_or_main(&self, id: Option<Id<Location>>, field: &str) -> Result<&Location> {
        match id {
            Some(id) => own(self.get(id)?, field),
            None => self.main(),
        }
    }

    /// The place where goods go when nothing else is said.
    pub(crate) fn main(&self) -> Result<&Location> {
        let missing = || {
            let message = "There is no own place for goods; make a warehouse first.";
            Error::problem("location", "no_warehouse", message)
        };
        self.main.map(|id| self.get(id)).ok_or_else(missing)?
    }

    /// The place outside that stands for suppliers, customers and so on.
    pub(crate) fn outside(&self, kind: &'static str) -> Result<&Location> {
        let found = self.all.iter().find(|place| place.kind == kind && place.active);
        found.ok_or_else(|| {
            let message = format!("There is no location of the kind {kind}; make one.");
            Error::problem("location", "no_location", message)
        })
    }

    /// The own places, the main one first, then in the order they were made.
    pub(crate) fn own(&self) -> Vec<&Location> {
        let mut own: Vec<&Location> = self.all.iter().filter(|place| place.is_own()).collect();
        own.sort_by_key(|place| (Some(place.id) != self.main, place.id));
        own
    }
}

/// The place, if goods can lie there.
pub(crate) fn own<'p>(place: &'p Location, field: &str) -> Result<&'p Location> {
    if place.is_own() {
        return Ok(place);
    }
    let message = format!("{} is not an own place; choose one where goods can lie.", place.name);
    Err(Error::problem(field, "not_own", message))
}

/// Before a warehouse is saved: it gets a location of its own when it names none.
pub(crate) async fn prepare_warehouses(tx: &mut Tx, batch: &mut [Saving]) -> Result<()> {
    let without =
        |saving: &&mut Saving| saving.is_new() && saving.link::<Location>("location").is_none();
    let mut new: Vec<&mut Saving> = batch.iter_mut().filter(without).collect();
    let place = |saving: &&mut Saving| Location {
        id: Id::default(),
        code: saving.text("code").unwrap_or_default().to_owned(),
        name: saving.text("name").unwrap_or_default().to_owned(),
        kind: "internal".to_owned(),
        warehouse: None,
        account: None,
        active: true,
    };
    let mut places: Vec<Location> = new.iter().map(place).collect();
    store::insert_many(tx, &mut places).await?;
    for (saving, place) in new.iter_mut().zip(places) {
        saving.draft.set("location", place.id);
    }
    Ok(())
}

/// Before a location is saved: a new one gets its account in the stock book; what kind of place it
/// is stays as it is, since its balance would change its meaning.
pub(crate) async fn prepare_locations(tx: &mut Tx, batch: &mut [Saving]) -> Result<()> {
    let mut problems = Vec::new();
    for saving in batch.iter().filter(|saving| !saving.is_new() && saving.changes("kind")) {
        let message = "A location stays what it is; make another one and switch this one off.";
        problems.push(Problem::new("kind", "fixed", message).arg("id", saving.id));
    }
    fondaco_kernel::error::refuse_if_any(problems)?;
    let without =
        |saving: &&mut Saving| saving.is_new() && saving.link::<StockAccount>("account").is_none();
    let mut new: Vec<&mut Saving> = batch.iter_mut().filter(without).collect();
    let account = |saving: &&mut Saving| {
        let text = |field| saving.text(field).unwrap_or_default();
        account_for(text("code"), text("name"), text("kind"))
    };
    let mut accounts: Vec<StockAccount> = new.iter().map(account).collect();
    store::insert_many(tx, &mut accounts).await?;
    for (saving, account) in new.iter_mut().zip(accounts) {
        saving.draft.set("account", account.id);
    }
    Ok(())
}

fn account_for(code: &str, name: &str, kind: &str) -> StockAccount {
    StockAccount {
        id: Id::default(),
        book: ledger::STOCK.to_owned(),
        code: format!("place:{code}"),
        name: name.to_owned(),
        kind: "location".to_owned(),
        purpose: None,
        floor: (kind == "internal").then_some(Decimal::ZERO),
        needs_subsidiary: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(id: i64, kind: &str) -> Location {
        Location {
            id: Id::new(id),
            code: format!("L{id}"),
            name: format!("Place {id}"),
            kind: kind.to_owned(),
            warehouse: None,
            account: Some(Id::new(id + 100)),
            active: true,
        }
    }

    #[test]
    fn the_main_place_comes_first() {
        let all = vec![place(1, "supplier"), place(2, "internal"), place(3, "internal")];
        let ids = |places: &Places| -> Vec<i64> {
            places.own().iter().map(|place| place.id.raw()).collect()
        };
        let places = Places::new(all.clone(), Some(Id::new(3)));
        assert_eq!(ids(&places), [3, 2]);
        let places = Places::new(all, None);
        assert_eq!(ids(&places), [2, 3]);
        assert_eq!(places.main().unwrap().id, Id::new(2));
        assert!(places.outside("customer").is_err());
        assert!(places.own_or_main(Some(Id::new(1)), "location").is_err());
    }

    #[test]
    fn only_own_places_have_a_floor() {
        assert_eq!(account_for("WH", "Main", "internal").floor, Some(Decimal::ZERO));
        assert_eq!(account_for("CUST", "Customers", "customer").floor, None);
    }
}
