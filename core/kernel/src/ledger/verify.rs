//! The walk along the chain: every seal against the one before, every entry against its seal, the
//! tail against its own leaves. It finds the first thing that was changed, and says where.
//! Not here: the recipes (`chain`), and sums (a change of a line is a change of its entry).

use std::ops::RangeInclusive;

use super::chain::{self, Hash};
use super::entry::{self, LINES_PER_SEQ, Stored};
use super::rollup::newest;
use super::seal::{self, BLOCK, Seal};
use crate::Tx;
use crate::db::{Dialect, Sql};
use crate::error::Result;

/// What the walk found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Sound {
        /// Entries whose bytes were hashed again.
        entries: i64,
        /// Seals of the chain, all of which hold.
        seals: i64,
    },
    FirstBad {
        /// Where: the sequence of the entry, or the first of the block.
        seq: i64,
        why: Flaw,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// The entry or one of its lines is not what was posted.
    EntryChanged,
    /// The entry was taken out.
    EntryMissing,
    /// The entry was put in later.
    EntryAdded,
    /// A line stands without its entry.
    LineWithoutEntry,
    /// A seal is not what it was, or not the one that was exported.
    SealChanged,
    /// A seal was taken out.
    SealMissing,
}

impl Flaw {
    pub fn sentence(self) -> &'static str {
        match self {
            Flaw::EntryChanged => "the entry or one of its lines was changed",
            Flaw::EntryMissing => "the entry was deleted",
            Flaw::EntryAdded => "the entry was inserted behind the ledger's back",
            Flaw::LineWithoutEntry => "a line has no entry",
            Flaw::SealChanged => "the seal of this block was changed",
            Flaw::SealMissing => "the seal of this block was deleted",
        }
    }
}

/// A seal that was written down elsewhere: its number and its hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exported {
    pub seal: i64,
    pub hash: Hash,
}

/// Walks the whole chain of seals, and hashes again the entries in that range of sequences
/// (`None` = all). An exported seal is compared too: it also finds a chain that was made anew.
pub async fn verify(
    tx: &mut Tx,
    range: Option<RangeInclusive<i64>>,
    exported: Option<Exported>,
) -> Result<Verdict> {
    // The chain is one for all companies.
    tx.across_companies(move |tx| Box::pin(walk(tx, range, exported))).await
}

async fn walk(
    tx: &mut Tx,
    range: Option<RangeInclusive<i64>>,
    exported: Option<Exported>,
) -> Result<Verdict> {
    let range = range.unwrap_or(1..=i64::MAX);
    let mut walk = Walk { next: 1, previous: [0; 32], entries: 0, seals: 0 };
    for seal in seal::all(tx).await? {
        if let Some(bad) = walk.seal(tx, &seal, &range, exported).await? {
            return Ok(bad);
        }
    }
    if exported.is_some_and(|exported| exported.seal > walk.seals) {
        return Ok(bad(walk.next, Flaw::SealMissing));
    }
    if let Some(bad) = walk.tail(tx, &range).await? {
        return Ok(bad);
    }
    Ok(Verdict::Sound { entries: walk.entries, seals: walk.seals })
}

fn bad(seq: i64, why: Flaw) -> Verdict {
    Verdict::FirstBad { seq, why }
}

struct Walk {
    /// The sequence that the next seal begins with.
    next: i64,
    previous: Hash,
    entries: i64,
    seals: i64,
}

impl Walk {
    async fn seal(
        &mut self,
        tx: &mut Tx,
        seal: &Seal,
        range: &RangeInclusive<i64>,
        exported: Option<Exported>,
    ) -> Result<Option<Verdict>> {
        let (head, first) = (&seal.head, self.next);
        if head.seal != self.seals + 1 {
            return Ok(Some(bad(first, Flaw::SealMissing)));
        }
        let follows = head.first_seq == first
            && head.last_seq >= first
            && head.previous == self.previous
            && head.hash() == seal.hash;
        let as_exported = exported.is_none_or(|e| e.seal != head.seal || e.hash == seal.hash);
        if !follows || !as_exported {
            return Ok(Some(bad(first, Flaw::SealChanged)));
        }
        if *range.start() <= head.last_seq && *range.end() >= head.first_seq {
            let Some(list) = seal::leaves(tx, head.seal).await?.filter(|l| holds(l, seal)) else {
                return Ok(Some(bad(first, Flaw::SealChanged)));
            };
            let (entries, orphans) = entry::by_range(tx, head.first_seq, head.last_seq).await?;
            self.entries += entries.len() as i64;
            if let Some(bad) = block(&list, &entries, &orphans) {
                return Ok(Some(bad));
            }
        }
        (self.next, self.previous, self.seals) = (head.last_seq + 1, seal.hash, head.seal);
        Ok(None)
    }

    /// What is not sealed yet stands against the leaf that was stored with it.
    async fn tail(&mut self, tx: &mut Tx, range: &RangeInclusive<i64>) -> Result<Option<Verdict>> {
        let posted = newest(tx).await?;
        while self.next <= posted {
            let last = posted.min(self.next + BLOCK - 1);
            if *range.start() <= last && *range.end() >= self.next {
                let (entries, orphans) = entry::by_range(tx, self.next, last).await?;
                self.entries += entries.len() as i64;
                // Where sequences are never lost to a failed transaction, a gap is a deletion.
                let gapless = tx.dialect() == Dialect::Sqlite;
                let list = claimed(&entries, gapless.then_some(self.next..=last));
                if let Some(bad) = block(&list, &entries, &orphans) {
                    return Ok(Some(bad));
                }
            }
            self.next = last + 1;
        }
        beyond(tx, posted).await
    }
}

/// Nothing stands after the last sequence that was given.
async fn beyond(tx: &mut Tx, posted: i64) -> Result<Option<Verdict>> {
    let sql = Sql::text("select min(seq) from ledger_entry where seq > $1 or seq < 1");
    if let Some(seq) = tx.row(sql.bind(posted)).await?.and_then(|row| row.opt_int(0)) {
        return Ok(Some(bad(seq, Flaw::EntryAdded)));
    }
    // Sequences begin with 1: what stands before has none either.
    let sql = Sql::text("select min(id) from ledger_line where id >= $1 or id <= $2");
    let sql = sql.bind((posted + 1) * LINES_PER_SEQ).bind(LINES_PER_SEQ);
    let orphan = tx.row(sql).await?.and_then(|row| row.opt_int(0));
    Ok(orphan.map(|id| bad(id / LINES_PER_SEQ, Flaw::LineWithoutEntry)))
}

fn holds(list: &[(i64, Hash)], seal: &Seal) -> bool {
    let hashes: Vec<Hash> = list.iter().map(|(_, leaf)| *leaf).collect();
    chain::root(&hashes) == seal.head.root
}

/// The leaves that unsealed entries claim, with one that nothing hashes to for a sequence without
/// an entry.
fn claimed(entries: &[Stored], gapless: Option<RangeInclusive<i64>>) -> Vec<(i64, Hash)> {
    let claim = |e: &Stored| Hash::try_from(e.leaf.as_slice()).unwrap_or_default();
    let Some(all) = gapless else { return entries.iter().map(|e| (e.seq, claim(e))).collect() };
    let mut entries = entries.iter().peekable();
    all.map(|seq| (seq, entries.next_if(|e| e.seq == seq).map_or([0; 32], claim))).collect()
}

/// The first difference between a list of leaves and the entries that are there, both in order.
fn block(list: &[(i64, Hash)], entries: &[Stored], orphans: &[i64]) -> Option<Verdict> {
    let orphan = orphans.first().map(|line| line / LINES_PER_SEQ);
    let entry = first_difference(list, entries);
    match (entry, orphan) {
        // Lines left behind by a deleted entry are the entry's story.
        (Some((seq, why)), Some(orphan)) if seq <= orphan => Some(bad(seq, why)),
        (_, Some(orphan)) => Some(bad(orphan, Flaw::LineWithoutEntry)),
        (Some((seq, why)), None) => Some(bad(seq, why)),
        (None, None) => None,
    }
}

fn first_difference(list: &[(i64, Hash)], entries: &[Stored]) -> Option<(i64, Flaw)> {
    let mut entries = entries.iter().peekable();
    for (seq, leaf) in list {
        match entries.peek() {
            Some(entry) if entry.seq < *seq => return Some((entry.seq, Flaw::EntryAdded)),
            Some(entry) if entry.seq == *seq => {
                let stored_too = entry.leaf.as_slice() == leaf.as_slice();
                if !stored_too || chain::leaf(entry) != Some(*leaf) {
                    return Some((*seq, Flaw::EntryChanged));
                }
                entries.next();
            }
            _ => return Some((*seq, Flaw::EntryMissing)),
        }
    }
    entries.next().map(|entry| (entry.seq, Flaw::EntryAdded))
}
