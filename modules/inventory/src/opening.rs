//! Goods that moved while nobody kept the general book: their value enters it when accounting comes,
//! each movement on its day. What moved before the day the books begin on is one entry, against
//! equity.
//! Not here: movements while accounting is on (`posting`).

use std::collections::{BTreeMap, HashMap};

use fondaco_kernel::ledger::{self, Account, Draft, Line, Uncovered};
use fondaco_kernel::ports::Books;
use fondaco_kernel::ports::books::{Place, ValueMove};
use fondaco_kernel::rollout::Opening;
use fondaco_kernel::shared::{Party, Product};
use fondaco_kernel::store::{self, Filter};
use fondaco_kernel::{Result, Tx};
use fondaco_values::{AnyId, Date, Id};

use crate::goods::Coin;
use crate::movement::StockMove;
use crate::port;
use crate::posting::{self, JOURNAL};

/// Entries read and posted at a time.
const AT_ONCE: i64 = 200;
/// The key of the entry with what was there when the books were opened.
const BEFORE: &str = "books:before";

pub(crate) async fn open(tx: &mut Tx, opening: &Opening) -> Result<()> {
    if opening.is_again() {
        port::let_go(tx).await?;
    }
    let Some(books) = opening.came().books.clone() else { return Ok(()) };
    let from = books.open_from(tx).await?;
    let places = posting::value_places(tx).await?;
    let accounts: Vec<Id<Account>> = places.keys().copied().collect();
    let before = ledger::seq_of_key(tx, BEFORE).await?;
    let (mut after, mut old) = (0, Vec::new());
    loop {
        let found = ledger::uncovered(tx, &accounts, after, AT_ONCE).await?;
        let Some(last) = found.last() else { break };
        after = last.seq;
        let parties = parties(tx, &found).await?;
        let mut drafts = Vec::new();
        for entry in found {
            let is_old = entry.date < from;
            if is_old && before.is_some_and(|seq| entry.seq < seq) {
                continue;
            }
            let party = parties.get(&entry.seq).copied();
            let moves = moves(&entry, &places, party, Coin::load(tx).await?);
            if is_old {
                old.extend(moves.into_iter().map(as_equity));
                continue;
            }
            drafts.extend(counterpart(tx, &*books, entry, &moves).await?);
        }
        ledger::post_batch(tx, drafts).await?;
    }
    what_was_there(tx, &*books, from, &old).await
}

/// The general book's side of one entry.
async fn counterpart(
    tx: &mut Tx,
    books: &dyn Books,
    entry: Uncovered,
    moves: &[ValueMove],
) -> Result<Option<Draft>> {
    let lines = books.lines(tx, moves).await?;
    let draft = Draft::new(JOURNAL, entry.date, entry.text).key(ledger::counterpart(entry.seq));
    Ok((!lines.is_empty()).then_some(Draft { lines, ..draft }))
}

/// What moved before the books begin, as one entry on their first day.
async fn what_was_there(
    tx: &mut Tx,
    books: &dyn Books,
    from: Date,
    moves: &[ValueMove],
) -> Result<()> {
    let mut sums: BTreeMap<(Id<Account>, Option<AnyId>), Line> = BTreeMap::new();
    for line in books.lines(tx, moves).await? {
        let place = (line.account, line.subsidiary);
        match sums.get_mut(&place) {
            Some(sum) => sum.amount += line.amount,
            None => drop(sums.insert(place, line)),
        }
    }
    let lines = sums.into_values().map(|line| {
        let signed = Line::signed(line.account, line.unit, line.amount);
        Line { subsidiary: line.subsidiary, ..signed }
    });
    let lines: Vec<Line> = lines.filter(|line| line.amount != 0).collect();
    if lines.is_empty() {
        return Ok(());
    }
    let text = "Goods that were there when the books were opened";
    let draft = Draft::new(JOURNAL, from.min(tx.today()), text).key(BEFORE);
    ledger::post(tx, Draft { lines, ..draft }).await.map(drop)
}

/// Seen from the books' first day: what is there came out of equity, all else is over.
fn as_equity(moved: ValueMove) -> ValueMove {
    let seen = |place: Place| match place {
        Place::Stock | Place::Production => place,
        _ => Place::Opening,
    };
    ValueMove { from: seen(moved.from), to: seen(moved.to), ..moved }
}

/// From whom or to whom the goods of each entry went.
async fn parties(tx: &mut Tx, entries: &[Uncovered]) -> Result<HashMap<i64, Id<Party>>> {
    let filter = Filter::new().is_in("entry", entries.iter().map(|entry| entry.seq));
    let moves = store::find::<StockMove>(tx, filter.not_null("party")).await?;
    Ok(moves.into_iter().filter_map(|moved| Some((moved.entry, moved.party?))).collect())
}

/// Values by place, put together to moves from one place to another, product by product.
fn moves(
    entry: &Uncovered,
    places: &BTreeMap<Id<Account>, Place>,
    party: Option<Id<Party>>,
    coin: Coin,
) -> Vec<ValueMove> {
    let mut by_product: BTreeMap<Id<Product>, Vec<(Place, i64)>> = BTreeMap::new();
    for (account, product, amount) in &entry.lines {
        if let (Some(place), Some(product)) = (places.get(account), product) {
            by_product.entry(product.cast()).or_default().push((*place, *amount));
        }
    }
    let mut moves = Vec::new();
    for (product, amounts) in by_product {
        for (from, to, minor) in pairs(amounts) {
            moves.push(ValueMove { product, party, from, to, value: coin.money(minor) });
        }
    }
    moves
}

/// Sums that are zero together, as moves from who gives to who takes.
fn pairs(mut amounts: Vec<(Place, i64)>) -> Vec<(Place, Place, i64)> {
    let mut found = Vec::new();
    while let (Some(from), Some(to)) = (
        amounts.iter().position(|(_, amount)| *amount < 0),
        amounts.iter().position(|(_, amount)| *amount > 0),
    ) {
        let minor = amounts[to].1.min(-amounts[from].1);
        found.push((amounts[from].0, amounts[to].0, minor));
        amounts[from].1 += minor;
        amounts[to].1 -= minor;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_by_place_become_moves() {
        use Place::*;
        for (amounts, wanted) in [
            (vec![], vec![]),
            (vec![(Stock, -500), (Customer, 500)], vec![(Stock, Customer, 500)]),
            (
                vec![(Supplier, -800), (Stock, 600), (Adjustment, 200)],
                vec![(Supplier, Stock, 600), (Supplier, Adjustment, 200)],
            ),
            (
                vec![(Supplier, -400), (Stock, 600), (Adjustment, -200)],
                vec![(Supplier, Stock, 400), (Adjustment, Stock, 200)],
            ),
        ] {
            assert_eq!(pairs(amounts.clone()), wanted, "{amounts:?}");
        }
    }
}
