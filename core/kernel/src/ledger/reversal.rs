//! Corrections: an entry is taken back by another that undoes it, linked to it, once.
//! INVARIANT: entry and reversal together are zero in each account, unit, subsidiary and dimension.

use fondaco_values::{AnyId, Date, Id};

use super::account::Chart;
use super::draft::{Draft, Line};
use super::entry::{self, Entry, Stored};
use super::journal;
use super::post::{self, Kind, Order, Posted};
use super::reason::Reason;
use crate::Tx;
use crate::db::Sql;
use crate::error::Result;

/// How a reversal shows in the columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// On the other side: turnover of both columns grows.
    Opposite,
    /// Negative on the same side: turnover is as if nothing had been.
    Storno,
}

/// Takes an entry of the caller's company back. A reversal can be reversed like any entry.
pub async fn reverse(
    tx: &mut Tx,
    entry: Id<Entry>,
    date: Date,
    reason: &str,
    mode: Mode,
) -> Result<Posted> {
    let was = entry::own(tx, entry).await?;
    if was.kind != Kind::Entry.name() && was.kind != Kind::Reversal.name() {
        return Err(Reason::NotReversible.refusal("entry"));
    }
    if reason.trim().is_empty() {
        return Err(Reason::ReasonMissing.refusal("reason"));
    }
    let sql = Sql::text("select seq from ledger_entry where reverses = $1");
    if let Some(row) = tx.row(sql.bind(was.seq)).await? {
        return Err(Reason::AlreadyReversed { by: row.int(0) }.refusal("entry"));
    }
    let order = undoing(tx, &was, date, reason, (Kind::Reversal, mode)).await?;
    post::alone(post::write(tx, vec![order]).await?)
}

/// The order that undoes an entry.
pub(crate) async fn undoing(
    tx: &mut Tx,
    was: &Stored,
    date: Date,
    reason: &str,
    (kind, mode): (Kind, Mode),
) -> Result<Order> {
    let journals = journal::codes(tx, [was.journal].into()).await?;
    let touched: Vec<_> =
        was.lines.iter().map(|line| (Id::new(line.account), AnyId::new(line.unit))).collect();
    let chart = Chart::load(tx, &touched).await?;
    let lines = was.lines.iter().map(|stored| {
        let general = chart.account(Id::new(stored.account)).is_some_and(|a| a.is_general());
        undone(stored.line(), general.then_some(-stored.functional), mode)
    });
    let draft = Draft {
        key: None,
        journal: journals.get(&was.journal).cloned().unwrap_or_default(),
        date,
        text: reason.to_owned(),
        source: was.source(),
        lines: lines.collect(),
        exchange: was.exchange != 0,
    };
    Ok(Order { kind, reverses: Some(was.seq), ..Order::plain(draft) })
}

fn undone(line: Line, functional: Option<i64>, mode: Mode) -> Line {
    let storno = match mode {
        Mode::Opposite => line.storno,
        Mode::Storno => !line.storno && line.amount != 0,
    };
    Line { amount: -line.amount, functional, storno, ..line }
}
