//! Posting: from a draft to an entry that nobody changes any more.
//! Not here: the rules themselves (`draft`, `limit`, `period`, `journal`), what follows from the
//! lines (`rollup`, `matching`).
//! INVARIANT: everything that can be refused is checked before the first row is written, so what
//! is refused leaves nothing behind, also when the caller goes on.

use std::collections::{BTreeMap, BTreeSet};

use fondaco_values::{AnyId, Date, Id, Problem};

use super::account::{Account, Chart};
use super::chain;
use super::draft::{Balanced, Draft, Sided};
use super::entry::{ENTRY, Entry, LINE, LINES_PER_SEQ, LineRef, Stored, StoredLine};
use super::journal::{self, Journal};
use super::limit::{self, Change, Changes, Movement};
use super::period::{Calendar, Place};
use super::reason::{Reason, Ruled};
use super::{keep, matching, repeat, rollup};
use crate::Tx;
use crate::error::{Result, refuse_if_any};

/// What came of a draft.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posted {
    pub id: Id<Entry>,
    /// The place in the order of posting; a report's `known_at` is one of these.
    pub seq: i64,
    /// The number of a gapless journal.
    pub number: Option<String>,
    /// The day it counts for: the one asked for, or the first open day after it.
    pub date: Date,
}

impl Posted {
    /// A line by its position in the draft, from 1.
    pub fn line(&self, position: i64) -> LineRef {
        LineRef::new(self.id, position)
    }
}

/// Posts one entry.
pub async fn post(tx: &mut Tx, draft: Draft) -> Result<Posted> {
    alone(write(tx, vec![Order::plain(draft)]).await?)
}

/// Posts several entries, all or none, with the statements of one.
pub async fn post_batch(tx: &mut Tx, drafts: Vec<Draft>) -> Result<Vec<Posted>> {
    write(tx, drafts.into_iter().map(Order::plain).collect()).await
}

/// A draft with what only the ledger itself says of it.
pub(crate) struct Order {
    pub(crate) draft: Draft,
    pub(crate) kind: Kind,
    pub(crate) reverses: Option<i64>,
    pub(crate) settles: Option<i64>,
    /// What it takes back of a promise: account, unit, subsidiary and the amount promised.
    pub(crate) frees: Vec<Freed>,
}

pub(crate) type Freed = (Id<Account>, AnyId, Option<AnyId>, i64);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Entry,
    Reversal,
    /// Closing and reopening a year: on its last day, which is closed by then.
    Closing,
    Reopening,
}

impl Kind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::Entry => "entry",
            Kind::Reversal => "reversal",
            Kind::Closing => "closing",
            Kind::Reopening => "reopening",
        }
    }

    fn is_closing(self) -> bool {
        matches!(self, Kind::Closing | Kind::Reopening)
    }
}

impl Order {
    pub(crate) fn plain(draft: Draft) -> Order {
        Order { draft, kind: Kind::Entry, reverses: None, settles: None, frees: Vec::new() }
    }

    fn touched(&self) -> impl Iterator<Item = (Id<Account>, AnyId)> {
        let lines = self.draft.lines.iter().map(|line| (line.account, line.unit));
        lines.chain(self.frees.iter().map(|(account, unit, ..)| (*account, *unit)))
    }
}

pub(crate) fn alone(mut posted: Vec<Posted>) -> Result<Posted> {
    let missing = || crate::Error::internal("an entry was asked for and none was posted");
    posted.pop().ok_or_else(missing)
}

/// Posts orders in their order; repeats of what was posted before answer with that.
pub(crate) async fn write(tx: &mut Tx, orders: Vec<Order>) -> Result<Vec<Posted>> {
    let mut known = repeat::posted(tx, &orders).await?;
    if known.len() == orders.len() {
        return Ok((0..orders.len()).filter_map(|n| known.remove(&n)).collect());
    }
    let several = orders.len() > 1;
    let touched: Vec<_> = orders.iter().flat_map(Order::touched).collect();
    let chart = Chart::load(tx, &touched).await?;
    let codes: BTreeSet<&str> = orders.iter().map(|order| order.draft.journal.as_str()).collect();
    let journals = journal::load(tx, &codes).await?;
    let from = orders.iter().map(|order| order.draft.date).min().unwrap_or_else(|| tx.today());
    let calendar = Calendar::load(tx, from).await?;

    let mut ready = Vec::with_capacity(orders.len());
    let mut problems = Vec::new();
    for (n, order) in orders.into_iter().enumerate().filter(|(n, _)| !known.contains_key(n)) {
        match Ready::new(order, &chart, &journals, &calendar) {
            Ok(order) => ready.push((n, order)),
            Err(wrong) => problems.extend(wrong.into_iter().map(|p| match several {
                true => p.under(format!("entries[{n}]")),
                false => p,
            })),
        }
    }
    refuse_if_any(problems)?;
    limit::attune(tx, &chart).await?;
    limits(&ready, &chart, several)?.apply(tx, &chart).await?;

    let (at, orders): (Vec<usize>, Vec<Ready>) = ready.into_iter().unzip();
    let posted = insert(tx, orders, &chart, &calendar).await?;
    known.extend(at.into_iter().zip(posted));
    Ok(known.into_values().collect())
}

/// An order that obeys everything but the limits.
struct Ready {
    entry: Balanced,
    kind: Kind,
    reverses: Option<i64>,
    settles: Option<i64>,
    frees: Vec<Freed>,
    journal: Journal,
    place: Place,
}

impl Ready {
    fn new(
        order: Order,
        chart: &Chart,
        journals: &BTreeMap<String, Journal>,
        calendar: &Calendar,
    ) -> Ruled<Ready, Vec<Problem>> {
        let journal = journals.get(&order.draft.journal).cloned();
        let unknown = Reason::UnknownJournal { code: order.draft.journal.clone() }.at("journal");
        let entry = match (Balanced::new(order.draft, chart), &journal) {
            (Ok(entry), _) => entry,
            (Err(problems), Some(_)) => return Err(problems),
            (Err(mut problems), None) => {
                problems.push(unknown);
                return Err(problems);
            }
        };
        let Some(journal) = journal else { return Err(vec![unknown]) };
        let place = match order.kind {
            Kind::Closing | Kind::Reopening => Place { date: entry.date, exception: None },
            Kind::Entry | Kind::Reversal => calendar
                .place(&entry.books, entry.date)
                .map_err(|reason| vec![reason.at("date")])?,
        };
        let Order { kind, reverses, settles, frees, .. } = order;
        Ok(Ready { entry, kind, reverses, settles, frees, journal, place })
    }
}

fn limits(ready: &[(usize, Ready)], chart: &Chart, several: bool) -> Result<Changes> {
    let mut changes = Changes::default();
    for (n, order) in ready {
        for (at, sided) in order.entry.lines.iter().enumerate() {
            let field = || match several {
                true => format!("entries[{n}].lines[{at}].amount"),
                false => format!("lines[{at}].amount"),
            };
            let change = Change::posted(sided.line.amount);
            changes.add(chart, &Movement::of(sided, change, &field))?;
        }
        changes.free(chart, &order.frees)?;
    }
    Ok(changes)
}

impl<'f> Movement<'f> {
    pub(crate) fn of(sided: &Sided, change: Change, field: &'f dyn Fn() -> String) -> Movement<'f> {
        let line = &sided.line;
        let (account, unit, subsidiary) = (line.account, line.unit, line.subsidiary);
        Movement { account, unit, subsidiary, change, field }
    }
}

/// The rows: numbers, sequence, entries, lines, open items. Nothing here is refused by a rule.
async fn insert(
    tx: &mut Tx,
    orders: Vec<Ready>,
    chart: &Chart,
    calendar: &Calendar,
) -> Result<Vec<Posted>> {
    let numbers = numbers(tx, &orders, calendar).await?;
    let sequences = rollup::draw(tx, orders.len() as i64).await?;
    let mut posted = Vec::with_capacity(orders.len());
    let mut entries = Vec::with_capacity(orders.len());
    let (mut lines, mut open) = (Vec::new(), Vec::new());
    for ((order, number), seq) in orders.into_iter().zip(numbers).zip(sequences.iter().copied()) {
        let date = order.place.date;
        posted.push(Posted { id: Id::new(seq), seq, number: number.clone(), date });
        let keeps_open = |line: &StoredLine| {
            chart.account(Id::<Account>::new(line.account)).is_some_and(|account| account.open)
        };
        let (cells, rows) = stored(tx, order, number, seq).into_cells();
        entries.push(cells);
        open.extend(rows.iter().filter(|line| keeps_open(line)).filter_map(matching::opened));
        lines.extend(rows.into_iter().map(StoredLine::into_cells));
    }
    tx.insert_rows("ledger_entry", ENTRY, &entries).await?;
    tx.insert_rows("ledger_line", LINE, &lines).await?;
    tx.insert_rows("ledger_open", matching::OPEN, &open).await?;
    keep::after(tx, &sequences).await?;
    Ok(posted)
}

/// The numbers of orders in gapless journals: one draw for each journal and year.
async fn numbers(
    tx: &mut Tx,
    orders: &[Ready],
    calendar: &Calendar,
) -> Result<Vec<Option<String>>> {
    let mut numbers = vec![None; orders.len()];
    let mut wanted: BTreeMap<(i64, Date), Vec<usize>> = BTreeMap::new();
    for (n, order) in orders.iter().enumerate().filter(|(_, order)| order.journal.gapless) {
        let year = calendar.year_start(order.place.date);
        wanted.entry((order.journal.id, year)).or_default().push(n);
    }
    for ((journal, year), which) in wanted {
        let first = journal::draw(tx, journal, year, which.len() as i64).await?;
        for (number, n) in (first..).zip(which) {
            let order = &orders[n];
            numbers[n] = Some(journal::write(&order.journal, year, order.place.date, number));
        }
    }
    Ok(numbers)
}

fn stored(tx: &Tx, order: Ready, number: Option<String>, seq: i64) -> Stored {
    let Ready { entry, kind, reverses, settles, journal, place, .. } = order;
    let date = place.date.to_string();
    let closing = i64::from(kind.is_closing());
    let lines = entry.lines.into_iter().zip(1..).map(|(sided, position)| {
        let id = seq * LINES_PER_SEQ + position;
        stored_line(sided, id, date.clone(), closing)
    });
    let mut stored = Stored {
        seq,
        company: tx.ctx().company().raw(),
        journal: journal.id,
        kind: kind.name().to_owned(),
        wanted: (entry.date != place.date).then(|| entry.date.to_string()),
        text: entry.text,
        source_model: entry.source.as_ref().map(|source| source.model.clone()),
        source_id: entry.source.as_ref().map(|source| source.id.raw()),
        exchange: i64::from(entry.exchange),
        reverses,
        settles,
        exception: place.exception,
        number,
        key: entry.key,
        user: tx.ctx().actor().user().map(Id::raw),
        actor: tx.ctx().actor().name().to_owned(),
        posted_at: tx.now().as_microsecond(),
        version: i64::from(chain::VERSION),
        leaf: Vec::new(),
        lines: lines.collect(),
        date,
    };
    stored.leaf = chain::leaf(&stored).map(Vec::from).unwrap_or_default();
    assert!(!stored.leaf.is_empty(), "new entries are made by a known recipe");
    stored
}

fn stored_line(sided: Sided, id: i64, date: String, closing: i64) -> StoredLine {
    let Sided { line, functional, side } = sided;
    StoredLine {
        id,
        account: line.account.raw(),
        unit: line.unit.raw(),
        amount: line.amount,
        functional,
        side: side.sign(),
        subsidiary: line.subsidiary.map(Id::raw),
        cost_centre: line.dims.cost_centre.map(Id::raw),
        project: line.dims.project.map(Id::raw),
        campaign: line.dims.campaign.map(Id::raw),
        salesperson: line.dims.salesperson.map(Id::raw),
        date,
        due: line.due.map(|due| due.to_string()),
        tag: line.tag,
        closing,
    }
}
