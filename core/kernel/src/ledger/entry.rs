//! An entry as it is stored, column by column, and as it is read back.
//! Not here: how it is made (`post`) and what its bytes hash to (`chain`).

use std::collections::BTreeSet;

use fondaco_values::limits::ENTRY_LINES_MAX;
use fondaco_values::{AnyId, Date, Id, Timestamp};

use super::account::Account;
use super::among;
use super::draft::{Dims, Draft, Line};
use crate::db::{Cell, Row, Sql};
use crate::error::Result;
use crate::{DocRef, Error, Tx};

/// The id of a line is the sequence of its entry times this, plus its position from 1. It can never
/// be another: ids of lines are in the leaves of the chain.
pub(crate) const LINES_PER_SEQ: i64 = 65_536;
const _: () = assert!((ENTRY_LINES_MAX as i64) < LINES_PER_SEQ, "each line has an id of its own");

/// A line of a posted entry, by entry and position from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LineRef(i64);

impl LineRef {
    /// Asserts that the position is one that an entry can have.
    #[track_caller]
    pub fn new(entry: Id<Entry>, position: i64) -> LineRef {
        assert!((1..LINES_PER_SEQ).contains(&position), "no entry has a line {position}");
        LineRef(entry.raw() * LINES_PER_SEQ + position)
    }

    pub fn from_raw(raw: i64) -> LineRef {
        LineRef(raw)
    }

    pub fn raw(self) -> i64 {
        self.0
    }

    pub fn entry(self) -> Id<Entry> {
        Id::new(self.0 / LINES_PER_SEQ)
    }
}

/// A posted entry, read back.
#[derive(Clone, Debug)]
pub struct Entry {
    pub id: Id<Entry>,
    pub journal: AnyId,
    pub kind: String,
    pub date: Date,
    /// The date that was asked for, when its period was no longer open.
    pub wanted: Option<Date>,
    pub number: Option<String>,
    pub text: String,
    pub source: Option<DocRef>,
    pub exchange: bool,
    pub reverses: Option<Id<Entry>>,
    pub actor: String,
    pub posted_at: Timestamp,
    pub lines: Vec<Line>,
}

/// One entry of the caller's company with its lines.
pub async fn entry(tx: &mut Tx, id: Id<Entry>) -> Result<Entry> {
    let stored = own(tx, id).await?;
    Ok(Entry {
        id,
        journal: Id::new(stored.journal),
        date: date(&stored.date),
        wanted: stored.wanted.as_deref().map(date),
        number: stored.number.clone(),
        text: stored.text.clone(),
        source: stored.source(),
        exchange: stored.exchange != 0,
        reverses: stored.reverses.map(Id::new),
        actor: stored.actor.clone(),
        posted_at: Timestamp::from_microsecond(stored.posted_at).unwrap_or_default(),
        lines: stored.lines.iter().map(StoredLine::line).collect(),
        kind: stored.kind,
    })
}

/// The entry as stored; of another company it does not exist.
pub(crate) async fn own(tx: &mut Tx, id: Id<Entry>) -> Result<Stored> {
    let company = tx.ctx().company().raw();
    let found = by_seqs(tx, [id.raw()]).await?.pop();
    found.filter(|e| e.company == company).ok_or_else(|| Error::not_found("entry", id))
}

pub(crate) const ENTRY: &[&str] = &[
    "seq",
    "company",
    "journal",
    "kind",
    "date",
    "wanted",
    "text",
    "source_model",
    "source_id",
    "exchange",
    "reverses",
    "settles",
    "exception",
    "number",
    "key",
    "user",
    "actor",
    "posted_at",
    "version",
    "leaf",
];
const ENTRY_SELECT: &str = "select seq, company, journal, kind, date, wanted, text, source_model, \
     source_id, exchange, reverses, settles, exception, number, key, \"user\", actor, posted_at, \
     version, leaf from ledger_entry where seq";

pub(crate) const LINE: &[&str] = &[
    "id",
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
    "date",
    "due",
    "tag",
    "closing",
];
const LINE_SELECT: &str = "select id, account, unit, amount, functional, side, subsidiary, \
     cost_centre, project, campaign, salesperson, date, due, tag, closing from ledger_line where id";

/// A row of `ledger_entry` with its rows of `ledger_line`.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub(crate) seq: i64,
    pub(crate) company: i64,
    pub(crate) journal: i64,
    pub(crate) kind: String,
    pub(crate) date: String,
    pub(crate) wanted: Option<String>,
    pub(crate) text: String,
    pub(crate) source_model: Option<String>,
    pub(crate) source_id: Option<i64>,
    pub(crate) exchange: i64,
    pub(crate) reverses: Option<i64>,
    pub(crate) settles: Option<i64>,
    pub(crate) exception: Option<i64>,
    pub(crate) number: Option<String>,
    pub(crate) key: Option<String>,
    pub(crate) user: Option<i64>,
    pub(crate) actor: String,
    pub(crate) posted_at: i64,
    pub(crate) version: i64,
    pub(crate) leaf: Vec<u8>,
    pub(crate) lines: Vec<StoredLine>,
}

#[derive(Clone, Debug)]
pub(crate) struct StoredLine {
    pub(crate) id: i64,
    pub(crate) account: i64,
    pub(crate) unit: i64,
    pub(crate) amount: i64,
    pub(crate) functional: i64,
    pub(crate) side: i64,
    pub(crate) subsidiary: Option<i64>,
    pub(crate) cost_centre: Option<i64>,
    pub(crate) project: Option<i64>,
    pub(crate) campaign: Option<i64>,
    pub(crate) salesperson: Option<i64>,
    pub(crate) date: String,
    pub(crate) due: Option<String>,
    pub(crate) tag: Option<String>,
    pub(crate) closing: i64,
}

impl Stored {
    fn from_row(row: &Row) -> Stored {
        let text = |at| row.opt_str(at).map(str::to_owned);
        Stored {
            seq: row.int(0),
            company: row.int(1),
            journal: row.int(2),
            kind: row.str(3).to_owned(),
            date: row.str(4).to_owned(),
            wanted: text(5),
            text: row.str(6).to_owned(),
            source_model: text(7),
            source_id: row.opt_int(8),
            exchange: row.int(9),
            reverses: row.opt_int(10),
            settles: row.opt_int(11),
            exception: row.opt_int(12),
            number: text(13),
            key: text(14),
            user: row.opt_int(15),
            actor: row.str(16).to_owned(),
            posted_at: row.int(17),
            version: row.int(18),
            leaf: row.bytes(19).to_vec(),
            lines: Vec::new(),
        }
    }

    /// The columns of [`ENTRY`], and the rows of [`LINE`].
    pub(crate) fn into_cells(self) -> (Vec<Cell>, Vec<StoredLine>) {
        let cells = vec![
            self.seq.into(),
            self.company.into(),
            self.journal.into(),
            self.kind.into(),
            self.date.into(),
            self.wanted.into(),
            self.text.into(),
            self.source_model.into(),
            self.source_id.into(),
            self.exchange.into(),
            self.reverses.into(),
            self.settles.into(),
            self.exception.into(),
            self.number.into(),
            self.key.into(),
            self.user.into(),
            self.actor.into(),
            self.posted_at.into(),
            self.version.into(),
            self.leaf.into(),
        ];
        (cells, self.lines)
    }

    pub(crate) fn source(&self) -> Option<DocRef> {
        let (model, id) = (self.source_model.clone()?, self.source_id?);
        Some(DocRef { model, id: Id::new(id) })
    }

    /// The draft that this entry came of, as far as it says.
    pub(crate) fn draft(&self, journal: &str) -> Draft {
        Draft {
            key: self.key.clone(),
            journal: journal.to_owned(),
            date: date(self.wanted.as_deref().unwrap_or(&self.date)),
            text: self.text.clone(),
            source: self.source(),
            lines: self.lines.iter().map(StoredLine::line).collect(),
            exchange: self.exchange != 0,
        }
    }
}

impl StoredLine {
    fn from_row(row: &Row) -> StoredLine {
        StoredLine {
            id: row.int(0),
            account: row.int(1),
            unit: row.int(2),
            amount: row.int(3),
            functional: row.int(4),
            side: row.int(5),
            subsidiary: row.opt_int(6),
            cost_centre: row.opt_int(7),
            project: row.opt_int(8),
            campaign: row.opt_int(9),
            salesperson: row.opt_int(10),
            date: row.str(11).to_owned(),
            due: row.opt_str(12).map(str::to_owned),
            tag: row.opt_str(13).map(str::to_owned),
            closing: row.int(14),
        }
    }

    pub(crate) fn into_cells(self) -> Vec<Cell> {
        vec![
            self.id.into(),
            self.account.into(),
            self.unit.into(),
            self.amount.into(),
            self.functional.into(),
            self.side.into(),
            self.subsidiary.into(),
            self.cost_centre.into(),
            self.project.into(),
            self.campaign.into(),
            self.salesperson.into(),
            self.date.into(),
            self.due.into(),
            self.tag.into(),
            self.closing.into(),
        ]
    }

    /// The line as a draft would carry it.
    pub(crate) fn line(&self) -> Line {
        let sign = if self.amount == 0 { self.functional } else { self.amount };
        Line {
            account: Id::<Account>::new(self.account),
            unit: Id::new(self.unit),
            amount: self.amount,
            subsidiary: self.subsidiary.map(Id::new),
            dims: Dims {
                cost_centre: self.cost_centre.map(Id::new),
                project: self.project.map(Id::new),
                campaign: self.campaign.map(Id::new),
                salesperson: self.salesperson.map(Id::new),
            },
            due: self.due.as_deref().map(date),
            functional: (self.functional != 0).then_some(self.functional),
            tag: self.tag.clone(),
            storno: (sign > 0) != (self.side > 0),
        }
    }
}

/// Entries by sequence, in that order, with their lines: two statements.
pub(crate) async fn by_seqs(
    tx: &mut Tx,
    seqs: impl IntoIterator<Item = i64>,
) -> Result<Vec<Stored>> {
    let seqs: BTreeSet<i64> = seqs.into_iter().collect();
    if seqs.is_empty() {
        return Ok(Vec::new());
    }
    let sql = among(Sql::new().lit(ENTRY_SELECT), tx.dialect(), &seqs);
    let mut entries: Vec<Stored> =
        tx.rows(sql.lit(" order by seq")).await?.iter().map(Stored::from_row).collect();
    // A range for each entry: all of them on the primary key.
    let mut sql = Sql::new();
    for (n, seq) in seqs.iter().enumerate() {
        sql = if n == 0 { sql.lit(LINE_SELECT) } else { sql.lit(" or id") };
        sql = sql.lit(" between ").arg(seq * LINES_PER_SEQ);
        sql = sql.lit(" and ").arg((seq + 1) * LINES_PER_SEQ - 1);
    }
    let lines = tx.rows(sql.lit(" order by id")).await?;
    // Every line read here has its entry: the ranges are theirs.
    let _orphans = attach(&mut entries, &lines);
    Ok(entries)
}

/// Entries of a range of sequences with their lines, and the ids of lines that have no entry.
pub(crate) async fn by_range(
    tx: &mut Tx,
    first: i64,
    last: i64,
) -> Result<(Vec<Stored>, Vec<i64>)> {
    let sql = Sql::new().lit(ENTRY_SELECT).lit(" between ").arg(first).lit(" and ").arg(last);
    let mut entries: Vec<Stored> =
        tx.rows(sql.lit(" order by seq")).await?.iter().map(Stored::from_row).collect();
    let sql = Sql::new().lit(LINE_SELECT).lit(" between ").arg(first * LINES_PER_SEQ);
    let sql = sql.lit(" and ").arg((last + 1) * LINES_PER_SEQ - 1).lit(" order by id");
    let lines = tx.rows(sql).await?;
    let orphans = attach(&mut entries, &lines);
    Ok((entries, orphans))
}

/// Gives each entry its lines; answers the lines that have none. Both come in order of sequence.
fn attach(entries: &mut [Stored], lines: &[Row]) -> Vec<i64> {
    let mut orphans = Vec::new();
    let mut at = 0;
    for line in lines.iter().map(StoredLine::from_row) {
        let seq = line.id / LINES_PER_SEQ;
        while at < entries.len() && entries[at].seq < seq {
            at += 1;
        }
        match entries.get_mut(at).filter(|entry| entry.seq == seq) {
            Some(entry) => entry.lines.push(line),
            None => orphans.push(line.id),
        }
    }
    orphans
}

/// A stored date. What is not one comes out as the first day there is: only tampering makes it so.
pub(crate) fn date(text: &str) -> Date {
    text.parse().unwrap_or(Date::MIN)
}
