//! Promises: a balanced entry that counts against limits at once and is posted later, in parts or
//! not at all. A stock reservation, a credit hold, a budget commitment.
//! Not here: limits (`limit`).
//! INVARIANT: a promise ends once: settled, released or expired. What is settled of it never
//! exceeds it, and what is not settled is given back.

use std::collections::BTreeSet;

use fondaco_values::{Id, Rounding, Timestamp, share};

use super::account::{Account, Chart};
use super::draft::{Balanced, Dims, Draft, Line, Sided};
use super::entry::date;
use super::limit::{self, Change, Changes, Movement};
use super::post::{self, Freed, Kind, Order, Posted};
use super::reason::Reason;
use super::{among, journal, repeat};
use crate::db::{Cell, Row, Sql};
use crate::error::Result;
use crate::{DocRef, Error, Tx};

/// What is promised and not posted yet.
#[derive(Clone, Debug)]
pub struct Pending {
    pub id: Id<Pending>,
    /// `open`, `settled`, `released` or `expired`.
    pub state: String,
    /// Of the first line, without sign, in its minor units: what `settle` counts in.
    pub total: i64,
    pub settled: i64,
    pub expires_at: Option<Timestamp>,
    /// The promise as it was made.
    pub draft: Draft,
    /// What is left of each line, with its sign.
    pub remaining: Vec<i64>,
}

impl Pending {
    pub fn left(&self) -> i64 {
        self.total - self.settled
    }
}

/// What becomes of the part of a promise that is not settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rest {
    /// It stays promised.
    Keep,
    /// It is given back, and the promise ends.
    Return,
}

/// Promises an entry, until it is settled, released, or the time has come.
pub async fn reserve(
    tx: &mut Tx,
    draft: Draft,
    expires_at: Option<Timestamp>,
) -> Result<Id<Pending>> {
    if let Some(known) = repeated(tx, &draft).await? {
        return Ok(known);
    }
    if expires_at.is_some_and(|at| at <= tx.now()) {
        return Err(Reason::ExpiresInThePast.refusal("expires_at"));
    }
    let touched: Vec<_> = draft.lines.iter().map(|line| (line.account, line.unit)).collect();
    let chart = Chart::load(tx, &touched).await?;
    let journals = journal::load(tx, &[draft.journal.as_str()].into()).await?;
    if !journals.contains_key(&draft.journal) {
        let code = draft.journal.clone();
        return Err(Reason::UnknownJournal { code }.refusal("journal"));
    }
    let entry = Balanced::new(draft, &chart).map_err(Error::Invalid)?;
    // What is settled is counted in the first line.
    if entry.lines.first().is_some_and(|first| first.line.amount == 0) {
        return Err(Reason::AmountMissing.refusal("lines[0].amount"));
    }
    limit::attune(tx, &chart).await?;
    reserved(&entry.lines, &chart)?.apply(tx, &chart).await?;
    insert(tx, entry, expires_at).await
}

fn reserved(lines: &[Sided], chart: &Chart) -> Result<Changes> {
    let mut changes = Changes::default();
    for (n, sided) in lines.iter().enumerate() {
        let field = || format!("lines[{n}].amount");
        let change = Change::reserved(sided.line.amount);
        changes.add(chart, &Movement::of(sided, change, &field))?;
    }
    Ok(changes)
}

/// Posts a draft in place of part of a promise: `amount` of what is left of the first line, and of
/// the other lines in proportion.
pub async fn settle(
    tx: &mut Tx,
    pending: Id<Pending>,
    amount: i64,
    draft: Draft,
    rest: Rest,
) -> Result<Posted> {
    let mut order = Order { settles: Some(pending.raw()), ..Order::plain(draft) };
    if let Some(known) = repeat::posted(tx, std::slice::from_ref(&order)).await?.remove(&0) {
        return Ok(known);
    }
    let promise = open(tx, pending).await?;
    if amount <= 0 {
        return Err(Reason::SettlesNothing.refusal("amount"));
    }
    if amount > promise.left() {
        return Err(Reason::SettlesTooMuch { left: promise.left() }.refusal("amount"));
    }
    let settled = promise.settled + amount;
    let ends = settled == promise.total || rest == Rest::Return;
    let after = if ends { promise.total } else { settled };
    let left: Vec<i64> =
        promise.draft.lines.iter().map(|line| rest_of(line, after, &promise)).collect();
    order.frees = freed(&promise, &left);
    order.kind = Kind::Entry;
    let posted = post::alone(post::write(tx, vec![order]).await?)?;
    update(tx, &promise, settled, if ends { "settled" } else { "open" }, &left).await?;
    Ok(posted)
}

/// What is left of a line when so much of the first is settled: all of it goes in the end.
fn rest_of(line: &Line, settled: i64, promise: &Pending) -> i64 {
    let part = share(line.amount, settled.into(), promise.total.into(), Rounding::HalfUp);
    line.amount - part.unwrap_or(line.amount)
}

fn freed(promise: &Pending, left: &[i64]) -> Vec<Freed> {
    let lines = promise.draft.lines.iter().zip(&promise.remaining).zip(left);
    let freed = |((line, was), now): ((&Line, &i64), &i64)| {
        (line.account, line.unit, line.subsidiary, was - now)
    };
    lines.map(freed).filter(|(.., amount)| *amount != 0).collect()
}

/// Gives back what is left of a promise.
pub async fn release(tx: &mut Tx, pending: Id<Pending>) -> Result<()> {
    let promise = open(tx, pending).await?;
    let none = vec![0; promise.remaining.len()];
    give_back(tx, &freed(&promise, &none)).await?;
    update(tx, &promise, promise.settled, "released", &none).await
}

async fn give_back(tx: &mut Tx, freed: &[Freed]) -> Result<()> {
    let touched: Vec<_> = freed.iter().map(|(account, unit, ..)| (*account, *unit)).collect();
    let chart = Chart::load_any(tx, &touched).await?;
    limit::attune(tx, &chart).await?;
    let mut changes = Changes::default();
    changes.free(&chart, freed)?;
    changes.apply(tx, &chart).await
}

/// Promises ended at once by one call: an hour's worth of a busy shop.
const EXPIRED_MAX: i64 = 1_000;

/// Ends the promises whose time has come, in all companies; how many they were.
pub async fn expire_due(tx: &mut Tx) -> Result<usize> {
    let sql = Sql::text(
        "select id from ledger_pending where state = 'open' and expires_at <= $1 \
         order by expires_at, id limit $2",
    );
    let due = tx.rows(sql.bind(tx.now()).bind(EXPIRED_MAX)).await?;
    if due.is_empty() {
        return Ok(0);
    }
    let ids: BTreeSet<i64> = due.iter().map(|row| row.int(0)).collect();
    let sql = Sql::new()
        .lit("select account, unit, subsidiary, remaining from ledger_pending_line where pending");
    let sql = among(sql, tx.dialect(), &ids).lit(" and remaining <> 0");
    let freed = |row: &Row| (row.id(0), row.id(1), row.opt_id(2), row.int(3));
    let freed: Vec<Freed> = tx.rows(sql).await?.iter().map(freed).collect();
    give_back(tx, &freed).await?;
    for update in [
        "update ledger_pending set state = 'expired' where id",
        "update ledger_pending_line set remaining = 0 where pending",
    ] {
        tx.exec(among(Sql::new().lit(update), tx.dialect(), &ids)).await?;
    }
    Ok(due.len())
}

/// A promise of the caller's company.
pub async fn pending(tx: &mut Tx, id: Id<Pending>) -> Result<Pending> {
    let sql = Sql::text(
        "select journal, date, text, source_model, source_id, exchange, key, total, settled, state, \
         expires_at from ledger_pending where id = $1 and company = $2",
    );
    let row = tx.row(sql.bind(id).bind(tx.ctx().company())).await?;
    let row = row.ok_or_else(|| Error::not_found("reservation", id))?;
    let sql = Sql::text(
        "select account, unit, amount, functional, side, subsidiary, cost_centre, project, campaign, \
         salesperson, due, tag, remaining from ledger_pending_line where pending = $1 order by no",
    );
    let lines = tx.rows(sql.bind(id)).await?;
    let source = row.opt_str(3).zip(row.opt_id(4));
    Ok(Pending {
        id,
        state: row.str(9).to_owned(),
        total: row.int(7),
        settled: row.int(8),
        expires_at: row.opt_int(10).and_then(|us| Timestamp::from_microsecond(us).ok()),
        remaining: lines.iter().map(|line| line.int(12)).collect(),
        draft: Draft {
            key: row.opt_str(6).map(str::to_owned),
            journal: row.str(0).to_owned(),
            date: date(row.str(1)),
            text: row.str(2).to_owned(),
            source: source.map(|(model, id)| DocRef { model: model.to_owned(), id }),
            lines: lines.iter().map(line).collect(),
            exchange: row.flag(5),
        },
    })
}

async fn open(tx: &mut Tx, id: Id<Pending>) -> Result<Pending> {
    let promise = pending(tx, id).await?;
    match promise.state.as_str() {
        "open" => Ok(promise),
        _ => Err(Reason::PromiseEnded { state: promise.state }.refusal("reservation")),
    }
}

fn line(row: &Row) -> Line {
    let (amount, functional) = (row.int(2), row.int(3));
    let sign = if amount == 0 { functional } else { amount };
    Line {
        account: row.id::<Account>(0),
        unit: row.id(1),
        amount,
        subsidiary: row.opt_id(5),
        dims: Dims {
            cost_centre: row.opt_id(6),
            project: row.opt_id(7),
            campaign: row.opt_id(8),
            salesperson: row.opt_id(9),
        },
        due: row.opt_str(10).map(date),
        functional: (functional != 0).then_some(functional),
        tag: row.opt_str(11).map(str::to_owned),
        storno: (sign > 0) != (row.int(4) > 0),
    }
}

/// The promise that was made before under this key.
async fn repeated(tx: &mut Tx, draft: &Draft) -> Result<Option<Id<Pending>>> {
    let Some(key) = &draft.key else { return Ok(None) };
    let sql = Sql::text("select id from ledger_pending where company = $1 and key = $2");
    let row = tx.row(sql.bind(tx.ctx().company()).bind(key)).await?;
    let Some(id) = row.map(|row| row.id(0)) else { return Ok(None) };
    let was = pending(tx, id).await?;
    match repeat::difference(&was.draft, draft) {
        None => Ok(Some(id)),
        Some(field) => Err(repeat::conflict(&field)),
    }
}

async fn insert(
    tx: &mut Tx,
    entry: Balanced,
    expires_at: Option<Timestamp>,
) -> Result<Id<Pending>> {
    const HEAD: &[&str] = &[
        "id",
        "company",
        "journal",
        "date",
        "text",
        "source_model",
        "source_id",
        "exchange",
        "key",
        "total",
        "settled",
        "state",
        "expires_at",
        "made_at",
    ];
    const LINE: &[&str] = &[
        "pending",
        "no",
        "account",
        "unit",
        "amount",
        "functional",
        "side",
        "subsidiary",
        "cost_centre",
        "project",
        "campaign",
        "salesperson",
        "due",
        "tag",
        "remaining",
    ];
    let id = tx.new_id::<Pending>();
    let head = vec![
        id.into(),
        tx.ctx().company().into(),
        entry.journal.into(),
        entry.date.into(),
        entry.text.into(),
        entry.source.as_ref().map(|source| source.model.clone()).into(),
        entry.source.as_ref().map(|source| source.id).into(),
        entry.exchange.into(),
        entry.key.into(),
        entry.lines.first().map_or(0, |first| first.line.amount.saturating_abs()).into(),
        0_i64.into(),
        "open".into(),
        expires_at.into(),
        tx.now().into(),
    ];
    tx.insert_rows("ledger_pending", HEAD, &[head]).await?;
    let rows: Vec<Vec<Cell>> =
        entry.lines.into_iter().zip(1..).map(|(sided, no)| cells(id, no, sided)).collect();
    tx.insert_rows("ledger_pending_line", LINE, &rows).await?;
    Ok(id)
}

fn cells(id: Id<Pending>, no: i64, sided: Sided) -> Vec<Cell> {
    let Sided { line, functional, side } = sided;
    vec![
        id.into(),
        no.into(),
        line.account.into(),
        line.unit.into(),
        line.amount.into(),
        functional.into(),
        side.sign().into(),
        line.subsidiary.into(),
        line.dims.cost_centre.into(),
        line.dims.project.into(),
        line.dims.campaign.into(),
        line.dims.salesperson.into(),
        line.due.into(),
        line.tag.into(),
        line.amount.into(),
    ]
}

/// Writes where an open promise stands. INVARIANT: it was open until now, and ends once.
async fn update(
    tx: &mut Tx,
    promise: &Pending,
    settled: i64,
    state: &'static str,
    left: &[i64],
) -> Result<()> {
    let sql = Sql::text(
        "update ledger_pending set settled = $1, state = $2 \
         where id = $3 and state = 'open' and settled = $4",
    );
    let sql = sql.bind(settled).bind(state).bind(promise.id).bind(promise.settled);
    if tx.exec(sql).await? != 1 {
        let message = "the reservation moved meanwhile; try again".to_owned();
        return Err(Error::Storage { kind: crate::error::StorageKind::Retry, message });
    }
    const LEAVE: &str =
        "update ledger_pending_line set remaining = $1 where pending = $2 and no = $3";
    let row = |(left, no): (&i64, i64)| vec![(*left).into(), promise.id.into(), no.into()];
    let rows: Vec<Vec<Cell>> = left.iter().zip(1..).map(row).collect();
    tx.exec_each(LEAVE, &rows).await
}
