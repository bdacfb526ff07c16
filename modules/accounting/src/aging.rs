//! What parties owe and are owed, by how long it is past due: as of a day, as known at an entry.
//! The items that are open now are taken back to that day by the settlements made or undone since.
//! Not here: the items themselves (kernel `ledger::open_items`).

use std::collections::BTreeMap;

use fondaco_kernel::ledger::{self, LineRef, OpenItem};
use fondaco_kernel::shared::{Currency, Party};
use fondaco_kernel::store::{self, Filter};
use fondaco_kernel::{Args, Result, Table, Tx};
use fondaco_values::{AnyId, Date, Id, Money, Timestamp, Value};

use crate::document::own_currency;
use crate::posting::Side;
use crate::settlement::Settlement;

/// What is left of one line of the ledger, in the company's currency, debit above zero.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Item {
    party: Option<AnyId>,
    dated_on: Date,
    due_on: Date,
    own: i64,
}

type Items = BTreeMap<i64, Item>;

/// The moment that a report is made for.
#[derive(Clone, Copy, Debug)]
struct Moment {
    as_of: Date,
    /// The last entry that was known, and when it was posted.
    known: Option<(i64, Timestamp)>,
}

impl Moment {
    /// Whether a settlement was in force then, by what was known then.
    fn sees(&self, settlement: &Settlement) -> bool {
        let known = |at: Timestamp| self.known.is_none_or(|(_, last)| at <= last);
        let made = settlement.settled_on <= self.as_of && known(settlement.created_at);
        let undone = settlement.undone_on.is_some_and(|on| on <= self.as_of)
            && settlement.undone_at.is_some_and(known);
        made && !undone
    }
}

/// Rows of the report `accounting.aging`.
pub(crate) async fn aging(tx: &mut Tx, args: Args) -> Result<Table> {
    let side = match args.text("side") {
        Some("payable") => Side::Purchase,
        _ => Side::Sale,
    };
    let as_of = args.date("as_of").unwrap_or_else(|| tx.today());
    let known = match args.int("known_at") {
        Some(seq) => Some((seq, ledger::entry(tx, Id::new(seq)).await?.posted_at)),
        None => None,
    };
    let moment = Moment { as_of, known };
    let party = args.link::<Party>("party").map(Id::any);
    let items = items_then(tx, side, party, moment).await?;
    let exponent = own_currency(tx).await?.decimals();
    let mut parties: Vec<Id<Party>> =
        items.values().filter_map(|i| i.party).map(AnyId::cast).collect();
    parties.sort_unstable();
    parties.dedup();
    let names = store::get_many::<Party>(tx, &parties).await?;
    let mut rows: Vec<(String, AnyId, Buckets)> = Vec::with_capacity(names.len());
    let sign = if side == Side::Sale { 1 } else { -1 };
    for party in names {
        let own = items.values().filter(|item| item.party == Some(party.id.any()));
        let buckets = Buckets::of(own, sign, as_of);
        if !buckets.is_empty() {
            rows.push((party.name, party.id.any(), buckets));
        }
    }
    rows.sort_by(|a, b| (&a.0, a.1).cmp(&(&b.0, b.1)));
    let mut total = Buckets::default();
    rows.iter().for_each(|(_, _, buckets)| total.add(buckets));
    let row = |(name, party, buckets): (String, AnyId, Buckets)| {
        let mut row = vec![Value::Link(party), name.into()];
        row.extend(buckets.values(exponent));
        row
    };
    let mut totals = vec![Value::Null, "Total".into()];
    totals.extend(total.values(exponent));
    Ok(Table { rows: rows.into_iter().map(row).collect(), totals })
}

/// What was open then: what is open now, with what was settled since given back and what was
/// undone since taken again.
async fn items_then(
    tx: &mut Tx,
    side: Side,
    party: Option<AnyId>,
    moment: Moment,
) -> Result<Items> {
    let exponent = own_currency(tx).await?.decimals();
    let control = ledger::accounts::by_purpose(tx, side.control()).await?;
    let mut items: Items = BTreeMap::new();
    for item in ledger::open_items(tx, control, party).await? {
        let due_on = item.due.unwrap_or(item.date);
        let (dated_on, own) = (item.date, item.functional);
        items.insert(item.line.raw(), Item { party: item.subsidiary, dated_on, due_on, own });
    }
    for settlement in changed_since(tx, side, party, moment).await? {
        let (then, now) = (moment.sees(&settlement), settlement.state == "matched");
        if then != now {
            let back = if now { 1 } else { -1 };
            give_back(&mut items, &settlement, back, exponent);
        }
    }
    let known = |line: &i64| {
        let entry = LineRef::from_raw(*line).entry().raw();
        moment.known.is_none_or(|(last, _)| entry <= last)
    };
    items.retain(|line, item| item.own != 0 && item.dated_on <= moment.as_of && known(line));
    Ok(items)
}

fn give_back(items: &mut Items, settlement: &Settlement, sign: i64, exponent: u8) {
    for part in &settlement.parts {
        let own = Money::exact(part.own_amount).and_then(|own| own.minor(exponent)).unwrap_or(0);
        let item = items.entry(part.ledger_line).or_insert(Item {
            party: Some(settlement.party.any()),
            dated_on: part.dated_on,
            due_on: part.due_on,
            own: 0,
        });
        item.own += sign * own;
    }
}

/// The settlements whose standing may be another now than then.
async fn changed_since(
    tx: &mut Tx,
    side: Side,
    party: Option<AnyId>,
    moment: Moment,
) -> Result<Vec<Settlement>> {
    let of_side = || {
        let filter = Filter::new().eq("side", side.name());
        match party {
            Some(party) => filter.eq("party", party),
            None => filter,
        }
    };
    let mut asks = vec![
        of_side().gt("settled_on", moment.as_of),
        of_side().eq("state", "undone").gt("undone_on", moment.as_of),
    ];
    if let Some((_, last)) = moment.known {
        asks.push(of_side().gt("created_at", last));
        asks.push(of_side().eq("state", "undone").gt("undone_at", last));
    }
    let mut found = Vec::new();
    for ask in asks {
        found.extend(store::find::<Settlement>(tx, ask).await?);
    }
    found.sort_by_key(|settlement| settlement.id);
    found.dedup_by_key(|settlement| settlement.id);
    Ok(found)
}

/// Minor units of the company's currency; what is owed is above zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Buckets {
    not_due: i64,
    /// 1 to 30, 31 to 60, 61 to 90 days, and more.
    past: [i64; 4],
    credits: i64,
}

impl Buckets {
    fn of<'i>(items: impl Iterator<Item = &'i Item>, sign: i64, as_of: Date) -> Buckets {
        let mut buckets = Buckets::default();
        for item in items {
            let amount = sign * item.own;
            match (amount < 0, days_past(item.due_on, as_of)) {
                (true, _) => buckets.credits += amount,
                (false, ..=0) => buckets.not_due += amount,
                (false, 1..=30) => buckets.past[0] += amount,
                (false, 31..=60) => buckets.past[1] += amount,
                (false, 61..=90) => buckets.past[2] += amount,
                (false, _) => buckets.past[3] += amount,
            }
        }
        buckets
    }

    fn add(&mut self, other: &Buckets) {
        self.not_due += other.not_due;
        self.past.iter_mut().zip(other.past).for_each(|(sum, more)| *sum += more);
        self.credits += other.credits;
    }

    fn is_empty(&self) -> bool {
        *self == Buckets::default()
    }

    fn total(&self) -> i64 {
        self.not_due + self.past.iter().sum::<i64>() + self.credits
    }

    fn values(&self, exponent: u8) -> Vec<Value> {
        let [a, b, c, d] = self.past;
        let all = [self.not_due, a, b, c, d, self.credits, self.total()];
        all.iter().map(|minor| Value::from(Money::from_minor(*minor, exponent))).collect()
    }
}

/// Below zero when it is not due yet.
fn days_past(due: Date, as_of: Date) -> i64 {
    due.until(as_of).map_or(0, |span| i64::from(span.get_days()))
}

/// Rows of the report `accounting.party_statement`.
pub(crate) async fn party_statement(tx: &mut Tx, args: Args) -> Result<Table> {
    let Some(party) = args.link::<Party>("party") else {
        return Err(fondaco_kernel::module::missing("party", "Say which party."));
    };
    let as_of = args.date("as_of").unwrap_or_else(|| tx.today());
    let own = own_currency(tx).await?.decimals();
    let mut open: Vec<(Side, OpenItem)> = Vec::new();
    for side in [Side::Sale, Side::Purchase] {
        let control = ledger::accounts::by_purpose(tx, side.control()).await?;
        let items = ledger::open_items(tx, control, Some(party.any())).await?;
        open.extend(items.into_iter().map(|item| (side, item)));
    }
    let mut units: Vec<Id<Currency>> = open.iter().map(|(_, item)| item.unit.cast()).collect();
    units.sort_unstable();
    units.dedup();
    let units = store::get_many::<Currency>(tx, &units).await?;
    let exponent =
        |unit: AnyId| units.iter().find(|c| c.id.any() == unit).map_or(own, Currency::decimals);
    let total: i64 = open.iter().map(|(_, item)| item.functional).sum();
    let row = |(side, item): &(Side, OpenItem)| {
        let due_on = item.due.unwrap_or(item.date);
        let in_unit = |minor| Value::from(Money::from_minor(minor, exponent(item.unit)));
        vec![
            side.name().into(),
            item.date.into(),
            due_on.into(),
            Value::Int(days_past(due_on, as_of).max(0)),
            item.text.as_str().into(),
            item.source.as_ref().map(|source| source.model.clone()).into(),
            item.source.as_ref().map(|source| source.id.raw()).into(),
            Value::Link(item.unit),
            in_unit(item.amount),
            in_unit(item.residual),
            Value::from(Money::from_minor(item.functional, own)),
        ]
    };
    let mut totals = vec![Value::Null; 11];
    (totals[4], totals[10]) = ("Total".into(), Value::from(Money::from_minor(total, own)));
    Ok(Table { rows: open.iter().map(row).collect(), totals })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    #[test]
    fn buckets_by_days_past_due() {
        let item = |due: &str, own| Item { party: None, dated_on: day(due), due_on: day(due), own };
        let items = [
            item("2026-04-01", 1),
            item("2026-03-31", 2),
            item("2026-03-30", 4),
            item("2026-03-01", 8),
            item("2026-02-28", 16),
            item("2026-01-30", 32),
            item("2026-01-29", 64),
            item("2025-12-31", 128),
            item("2025-12-30", 256),
            item("2026-01-01", -1000),
        ];
        let buckets = Buckets::of(items.iter(), 1, day("2026-03-31"));
        assert_eq!(buckets.not_due, 1 + 2);
        assert_eq!(buckets.past, [4 + 8, 16 + 32, 64 + 128, 256]);
        assert_eq!((buckets.credits, buckets.total()), (-1000, 511 - 1000));
        let payable = Buckets::of(items.iter(), -1, day("2026-03-31"));
        assert_eq!((payable.credits, payable.past[2]), (-511, 1000));
    }

    #[test]
    fn days() {
        assert_eq!(days_past(day("2025-12-31"), day("2026-03-01")), 60);
        assert_eq!(days_past(day("2026-03-02"), day("2026-03-01")), -1);
    }
}
