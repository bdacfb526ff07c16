//! Seals: blocks of at most a thousand leaves, each covering an unbroken range of sequences and the
//! seal before. Here they are written, and an entry is proven by its block.
//! Not here: the recipes (`chain`) and the walk that finds tampering (`verify`).

use fondaco_values::Id;

use super::chain::{self, Hash, Head, Step};
use super::entry::{self, Entry};
use super::rollup::{mark, posted, set_mark};
use crate::db::{Row, Sql};
use crate::error::Result;
use crate::{Error, Tx};

/// Sequences of one block: an entry is sealed at most this many entries after it was posted.
pub(crate) const BLOCK: i64 = 1_000;

/// Seals all that was posted since the last seal.
pub async fn seal(tx: &mut Tx) -> Result<()> {
    let (mut sealed, posted) = (mark(tx, "sealed").await?, posted(tx).await?);
    while sealed < posted {
        let last = posted.min(sealed + BLOCK);
        seal_block(tx, sealed + 1, last).await?;
        set_mark(tx, "sealed", last).await?;
        sealed = last;
    }
    Ok(())
}

async fn seal_block(tx: &mut Tx, first: i64, last: i64) -> Result<()> {
    let sql =
        Sql::text("select seq, leaf from ledger_entry where seq between $1 and $2 order by seq");
    let rows = tx.rows(sql.bind(first).bind(last)).await?;
    let leaf = |row: &Row| (row.int(0), Hash::try_from(row.bytes(1)).unwrap_or_default());
    let leaves: Vec<(i64, Hash)> = rows.iter().map(leaf).collect();
    let before = last_seal(tx).await?;
    let head = Head {
        version: chain::VERSION,
        seal: before.as_ref().map_or(1, |seal| seal.head.seal + 1),
        first_seq: first,
        last_seq: last,
        entries: leaves.len() as i64,
        sealed_at: tx.now().as_microsecond(),
        root: chain::root(&leaves.iter().map(|(_, leaf)| *leaf).collect::<Vec<_>>()),
        previous: before.map_or([0; 32], |seal| seal.hash),
    };
    const COLUMNS: &[&str] = &[
        "id",
        "version",
        "first_seq",
        "last_seq",
        "leaves",
        "root",
        "previous",
        "hash",
        "sealed_at",
    ];
    let row = vec![
        head.seal.into(),
        i64::from(head.version).into(),
        first.into(),
        last.into(),
        chain::pack(&leaves).into(),
        head.root.to_vec().into(),
        head.previous.to_vec().into(),
        head.hash().to_vec().into(),
        head.sealed_at.into(),
    ];
    tx.insert_rows("ledger_seal", COLUMNS, &[row]).await
}

/// A seal as it is stored: what it says, and the hash it claims.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seal {
    pub head: Head,
    pub hash: Hash,
}

const SEAL: &str = "select id, version, first_seq, last_seq, length(leaves) / 40, sealed_at, root, \
     previous, hash from ledger_seal";

fn from_row(row: &Row) -> Seal {
    // A hash of another length is none: it will not verify.
    let hash = |at| Hash::try_from(row.bytes(at)).unwrap_or_default();
    let head = Head {
        version: u8::try_from(row.int(1)).unwrap_or_default(),
        seal: row.int(0),
        first_seq: row.int(2),
        last_seq: row.int(3),
        entries: row.int(4),
        sealed_at: row.int(5),
        root: hash(6),
        previous: hash(7),
    };
    Seal { head, hash: hash(8) }
}

/// The newest seal: exported, it fixes everything before it.
pub async fn last_seal(tx: &mut Tx) -> Result<Option<Seal>> {
    let sql = Sql::new().lit(SEAL).lit(" order by id desc limit 1");
    Ok(tx.row(sql).await?.as_ref().map(from_row))
}

/// All seals in order, without their leaves.
pub(crate) async fn all(tx: &mut Tx) -> Result<Vec<Seal>> {
    Ok(tx.rows(Sql::new().lit(SEAL).lit(" order by id")).await?.iter().map(from_row).collect())
}

/// The leaves that a seal lists; `None` when the list is damaged.
pub(crate) async fn leaves(tx: &mut Tx, seal: i64) -> Result<Option<Vec<(i64, Hash)>>> {
    let row = tx.row(Sql::text("select leaves from ledger_seal where id = $1").bind(seal)).await?;
    Ok(row.and_then(|row| chain::unpack(row.bytes(0))))
}

/// That an entry stands in a sealed block, checkable without the books.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    pub leaf: Hash,
    pub steps: Vec<Step>,
    pub head: Head,
}

impl Proof {
    /// Whether the leaf belongs to the seal with that hash.
    pub fn holds(&self, seal: &Hash) -> bool {
        chain::climb(&self.leaf, &self.steps) == self.head.root && self.head.hash() == *seal
    }
}

/// The proof of an entry of the caller's company; `None` while it is not sealed yet.
pub async fn proof(tx: &mut Tx, entry: Id<Entry>) -> Result<Option<Proof>> {
    let stored = entry::own(tx, entry).await?;
    let sql = Sql::new().lit(SEAL).lit(" where first_seq <= ").arg(stored.seq);
    let sql = sql.lit(" and last_seq >= ").arg(stored.seq).lit(" limit 1");
    let Some(seal) = tx.row(sql).await?.as_ref().map(from_row) else { return Ok(None) };
    let damaged = || Error::internal(format!("seal {} is damaged: verify", seal.head.seal));
    let list = leaves(tx, seal.head.seal).await?.ok_or_else(damaged)?;
    let place = list.iter().position(|(seq, _)| *seq == stored.seq).ok_or_else(damaged)?;
    let hashes: Vec<Hash> = list.iter().map(|(_, leaf)| *leaf).collect();
    let leaf = chain::leaf(&stored).ok_or_else(damaged)?;
    Ok(Some(Proof { leaf, steps: chain::path(&hashes, place), head: seal.head }))
}
