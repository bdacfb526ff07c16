//! The entry of a document: quantities between places, their value, and the lines of the general
//! book when accounting is on, all in one.
//! Not here: what goes where (the documents), what it is worth (`worth`, `valuation`).

use std::collections::BTreeMap;

use fondaco_kernel::ledger::{self, Draft, Line, Pending, Rest};
use fondaco_kernel::ports::books::{Place, ValueMove};
use fondaco_kernel::shared::{Party, Product};
use fondaco_kernel::store::{self, Filter};
use fondaco_kernel::{DocRef, Error, Result, Tx};
use fondaco_values::{Date, Id, Money, Problem, Quantity};

use crate::goods::{Coin, Goods};
use crate::level;
use crate::lot::Lot;
use crate::movement::{self, Done};
use crate::place::{Location, Places, StockAccount};
use crate::valuation::Position;
use crate::worth::{Cost, Flow, Passage, Worth, value};

/// The journal of all entries of the stock book.
pub(crate) const JOURNAL: &str = "STK";

/// What a document moves.
#[derive(Clone, Debug)]
pub(crate) struct Paper {
    /// The stock document, or the one that had it done.
    pub(crate) document: DocRef,
    /// The document that wanted it; the stock document itself when nobody did.
    pub(crate) source: DocRef,
    pub(crate) date: Date,
    pub(crate) text: String,
    pub(crate) party: Option<Id<Party>>,
    pub(crate) movements: Vec<Movement>,
    /// The reservation that this carries out, and how much of its first line: all.
    pub(crate) promise: Option<(Id<Pending>, i64)>,
}

#[derive(Clone, Debug)]
pub(crate) struct Movement {
    /// The line of the source.
    pub(crate) key: Option<i64>,
    /// The line of the document, for problems.
    pub(crate) line: usize,
    pub(crate) product: Id<Product>,
    pub(crate) quantity: Quantity,
    pub(crate) from: Id<Location>,
    pub(crate) to: Id<Location>,
    pub(crate) lot: Option<Id<Lot>>,
    pub(crate) cost: Cost,
}

/// Posts the entry of a document; answers what each movement was worth to the side outside.
pub(crate) async fn post(tx: &mut Tx, places: &Places, paper: Paper) -> Result<Vec<Money>> {
    refuse_future(tx, paper.date)?;
    let coin = Coin::load(tx).await?;
    let goods = Goods::load(tx, paper.movements.iter().map(|m| m.product).collect()).await?;
    let crossing = crossing(&paper.movements, places)?;
    let mut positions = level::positions(tx, places, &crossing).await?;
    let worths = values(&paper.movements, places, &goods, (&mut positions, coin))?;

    let mut entry = Entry::default();
    for (movement, worth) in paper.movements.iter().zip(&worths) {
        entry.goods(movement, places)?;
        entry.values(movement.product, worth.flows.iter().copied());
    }
    let mut draft = Draft::new(JOURNAL, paper.date, paper.text.as_str());
    draft.source = Some(paper.document.clone());
    draft.lines = entry.lines(tx, paper.party, coin).await?;
    let posted = match paper.promise {
        Some((pending, all)) => ledger::settle(tx, pending, all, draft, Rest::Return).await?,
        None => ledger::post(tx, draft).await?,
    };
    let money: Vec<Money> = worths.iter().map(|worth| coin.money(worth.outside)).collect();
    let done = Done { entry: posted.seq, date: posted.date, values: &money };
    movement::write(tx, &paper, &done).await?;
    Ok(money)
}

/// A movement of value without goods: work that goes into production, a new standard cost.
pub(crate) async fn revalue(
    tx: &mut Tx,
    document: DocRef,
    date: Date,
    text: String,
    changes: Vec<(Id<Product>, Flow)>,
) -> Result<()> {
    if changes.is_empty() {
        return Ok(());
    }
    let coin = Coin::load(tx).await?;
    let mut entry = Entry::default();
    for (product, flow) in changes {
        entry.values(product, [flow]);
    }
    let mut draft = Draft::new(JOURNAL, date, text);
    draft.source = Some(document);
    draft.lines = entry.lines(tx, None, coin).await?;
    ledger::post(tx, draft).await.map(drop)
}

fn refuse_future(tx: &Tx, date: Date) -> Result<()> {
    if date <= tx.today() {
        return Ok(());
    }
    let message = format!("{date} is yet to come; goods move today or have moved before.");
    Err(Error::problem("on", "future", message))
}

/// The products that enter or leave the own places.
fn crossing(movements: &[Movement], places: &Places) -> Result<Vec<Id<Product>>> {
    let mut products = Vec::new();
    for movement in movements {
        let (from, to) = (places.get(movement.from)?, places.get(movement.to)?);
        if from.is_own() != to.is_own() && !products.contains(&movement.product) {
            products.push(movement.product);
        }
    }
    Ok(products)
}

type Positions = BTreeMap<Id<Product>, Position>;

fn values(
    movements: &[Movement],
    places: &Places,
    goods: &Goods,
    (positions, coin): (&mut Positions, Coin),
) -> Result<Vec<Worth>> {
    let mut worths = Vec::with_capacity(movements.len());
    let mut problems = Vec::new();
    for movement in movements {
        let passage = Passage {
            from: places.get(movement.from)?.place(),
            to: places.get(movement.to)?.place(),
            quantity: movement.quantity,
            cost: movement.cost,
        };
        let position = positions.entry(movement.product).or_default();
        let method = goods.method(movement.product);
        match value(passage, position, method, coin.exponent) {
            Some(worth) => worths.push(worth),
            None => problems.push(no_cost(movement, goods)),
        }
    }
    fondaco_kernel::error::refuse_if_any(problems)?;
    Ok(worths)
}

fn no_cost(movement: &Movement, goods: &Goods) -> Problem {
    let name = goods.name(movement.product);
    let message = format!("What does one {name} cost? None is there to tell.");
    Problem::new(format!("lines[{}].unit_cost", movement.line), "required", message)
}

type GoodsKey = (Id<ledger::Account>, Id<Product>, Option<Id<Lot>>);
type MoveKey = (Id<Product>, &'static str, &'static str);

/// Lines of an entry, added up by account, unit and subsidiary.
#[derive(Default)]
struct Entry {
    /// By account, product and lot.
    goods: BTreeMap<GoodsKey, i64>,
    /// By purpose of the account and product.
    values: BTreeMap<(&'static str, Id<Product>), i64>,
    /// By product, from where and to where.
    moves: BTreeMap<MoveKey, Flow>,
}

impl Entry {
    fn goods(&mut self, movement: &Movement, places: &Places) -> Result<()> {
        let amount = movement.quantity.scaled();
        for (place, amount) in [(movement.from, -amount), (movement.to, amount)] {
            let account = places.get(place)?.ledger()?;
            *self.goods.entry((account, movement.product, movement.lot)).or_default() += amount;
        }
        Ok(())
    }

    fn values(&mut self, product: Id<Product>, flows: impl IntoIterator<Item = Flow>) {
        for flow in flows {
            let (from, to) = (purpose(flow.from), purpose(flow.to));
            for (place, amount) in [(from, -flow.minor), (to, flow.minor)] {
                *self.values.entry((place, product)).or_default() += amount;
            }
            let nothing = Flow { minor: 0, ..flow };
            self.moves.entry((product, from, to)).or_insert(nothing).minor += flow.minor;
        }
    }

    /// The lines in the stock book, and those of the general book if somebody keeps it.
    async fn lines(self, tx: &mut Tx, party: Option<Id<Party>>, coin: Coin) -> Result<Vec<Line>> {
        let accounts = value_accounts(tx).await?;
        let mut lines = Vec::new();
        for ((account, product, lot), amount) in self.goods {
            let line = Line::signed(account, product, amount);
            lines.push(Line { subsidiary: lot.map(Id::any), ..line });
        }
        for ((purpose, product), amount) in self.values {
            let account = accounts.get(purpose).ok_or_else(|| no_account(purpose))?;
            lines.push(Line::signed(*account, coin.id, amount).for_(product));
        }
        lines.retain(|line| line.amount != 0);
        if let Some(books) = tx.ports().books {
            let moves: Vec<ValueMove> = self
                .moves
                .into_iter()
                .map(|((product, ..), Flow { from, to, minor })| ValueMove {
                    product,
                    party,
                    from,
                    to,
                    value: coin.money(minor),
                })
                .collect();
            if !moves.is_empty() {
                lines.extend(books.lines(tx, &moves).await?);
            }
        }
        Ok(lines)
    }
}

/// The purpose of the account that keeps the value of a place.
pub(crate) fn purpose(place: Place) -> &'static str {
    match place {
        Place::Stock => "value_stock",
        Place::Supplier => "value_supplier",
        Place::Customer => "value_customer",
        Place::Production => "value_production",
        Place::Adjustment => "value_adjustment",
        Place::Work => "value_work",
        Place::Opening => "value_opening",
    }
}

fn no_account(purpose: &str) -> Error {
    let message =
        format!("The stock book has no account with the purpose {purpose}; set it on one.");
    Error::problem("account", "no_account", message)
}

const PLACES: [Place; 7] = [
    Place::Stock,
    Place::Supplier,
    Place::Customer,
    Place::Production,
    Place::Adjustment,
    Place::Work,
    Place::Opening,
];

/// The accounts that keep values, with the place of each.
pub(crate) async fn value_places(tx: &mut Tx) -> Result<BTreeMap<Id<ledger::Account>, Place>> {
    let accounts = value_accounts(tx).await?;
    let place = |place: Place| Some((*accounts.get(purpose(place))?, place));
    Ok(PLACES.into_iter().filter_map(place).collect())
}

async fn value_accounts(tx: &mut Tx) -> Result<BTreeMap<String, Id<ledger::Account>>> {
    let filter = Filter::new().is_in("purpose", PLACES.map(purpose)).sort("id");
    let accounts = store::find::<StockAccount>(tx, filter).await?;
    let named = accounts.into_iter().rev();
    Ok(named.filter_map(|account| Some((account.purpose?, account.id.cast()))).collect())
}
