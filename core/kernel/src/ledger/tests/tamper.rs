//! Tampering: posted rows refuse to be changed, and where somebody gets around that, the chain
//! finds the change and says where it is. Every kind of change, in every block and in the tail.

use std::collections::BTreeSet;

use super::world::*;
use crate::Tx;
use crate::db::{Cell, Sql};
use crate::error::{Error, Result, StorageKind};
use crate::ledger::chain::{self, tests::hex};
use crate::ledger::*;
use crate::testing::{both, is_postgres};

both! {
    posted_rows_refuse_to_change,
    each_kind_of_change_is_located,
    an_exported_seal_fixes_what_is_before_it,
    every_bit_counts,
    an_entry_is_proven_by_its_seal,
}

/// A ledger of that many entries, sealed up to the one given.
async fn books(entries: i64, sealed: i64) -> World {
    let world = World::new().await;
    let ends = BTreeSet::from([sealed / 2, sealed, entries]);
    let mut first = 1;
    for last in ends {
        world.run(move |tx| Box::pin(sales(tx, first, last))).await.unwrap();
        if last <= sealed {
            world.run(|tx| Box::pin(seal(tx))).await.unwrap();
        }
        first = last + 1;
    }
    world
}

async fn sales(tx: &mut Tx, first: i64, last: i64) -> Result<()> {
    for n in first..=last {
        let draft = Draft::new("INV", day("2026-01-05"), format!("sale {n}"))
            .key(format!("key {n}"))
            .line(Line::debit(account_id("receivable"), EUR, n).for_(EUR).due(day("2026-02-05")))
            .line(Line::credit(account_id("revenue"), EUR, n).tag("S20"));
        post(tx, draft).await?;
    }
    Ok(())
}

async fn verdict(world: &World, exported: Option<Exported>) -> Verdict {
    world.run(move |tx| Box::pin(verify(tx, None, exported))).await.unwrap()
}

/// As one does who has the database and a tool: without the triggers.
async fn unguard(world: &World) {
    const SQLITE: &[&str] = &[
        "drop trigger ledger_entry_no_update",
        "drop trigger ledger_entry_no_delete",
        "drop trigger ledger_line_no_update",
        "drop trigger ledger_line_no_delete",
        "drop trigger ledger_seal_no_update",
        "drop trigger ledger_seal_no_delete",
        "drop trigger ledger_match_no_update",
    ];
    const POSTGRES: &[&str] = &[
        "alter table ledger_entry disable trigger user",
        "alter table ledger_line disable trigger user",
        "alter table ledger_seal disable trigger user",
        "alter table ledger_match disable trigger user",
        "create function zeroblob(size integer) returns bytea language sql \
         as $$ select decode(repeat('00', size), 'hex') $$",
    ];
    for text in if is_postgres() { POSTGRES } else { SQLITE } {
        world.exec(Sql::text(text)).await;
    }
}

async fn posted_rows_refuse_to_change() {
    let world = books(3, 2).await;
    world
        .run(|tx| {
            Box::pin(async move {
                let pay = Draft::new("M", day("2026-01-06"), "pay")
                    .line(Line::credit(account_id("receivable"), EUR, 1).for_(EUR))
                    .line(Line::debit(account_id("bank"), EUR, 1));
                let paid = post(tx, pay).await?;
                let invoice = LineRef::new(Id::new(1), 1);
                match_items(tx, &[Part::rest(invoice), Part::rest(paid.line(1))]).await
            })
        })
        .await
        .unwrap();
    for text in [
        "update ledger_entry set text = 'other' where seq = 1",
        "delete from ledger_entry where seq = 4",
        "update ledger_line set amount = 5 where id = 65537",
        "delete from ledger_line where id = 65537",
        "update ledger_seal set hash = root",
        "delete from ledger_seal",
        "update ledger_match set difference = 1",
        "delete from ledger_match",
        "update ledger_match_line set amount = 2",
        "delete from ledger_match_line",
    ]
    .into_iter()
    .chain(if is_postgres() {
        ["truncate ledger_line cascade", "truncate ledger_entry cascade", "truncate ledger_seal"]
    } else {
        [
            "insert or replace into ledger_line select * from ledger_line where id = 65537",
            "insert or replace into ledger_entry select * from ledger_entry where seq = 1",
            "insert or replace into ledger_seal select * from ledger_seal",
        ]
    }) {
        let refused = world.as_owner(move |tx| Box::pin(tx.exec(Sql::text(text)))).await;
        let refusal = matches!(&refused, Err(Error::Storage { kind: StorageKind::Refused, .. }));
        assert!(refusal, "{text}: {refused:?}");
    }
    assert_eq!(verdict(&world, None).await, Verdict::Sound { entries: 4, seals: 2 });
}

use fondaco_values::Id;

/// Does something to a fresh ledger of 30 entries (1–10 and 11–20 sealed) and says what is found.
async fn tampered(text: &'static [&'static str]) -> String {
    let world = books(30, 20).await;
    assert_eq!(verdict(&world, None).await, Verdict::Sound { entries: 30, seals: 2 });
    unguard(&world).await;
    for text in text {
        world.exec(Sql::text(text)).await;
    }
    match verdict(&world, None).await {
        Verdict::FirstBad { seq, why } => format!("{seq} {why:?}"),
        sound => format!("{sound:?}"),
    }
}

/// What is done to what is not sealed yet; what is found where no sequence is ever lost, and where
/// one that is missing may have been lost.
const TAIL: &[(&[&str], &str, &str)] = &[
    (
        &[
            "delete from ledger_entry where seq = 27",
            "delete from ledger_line where id / 65536 = 27",
        ],
        "27 EntryMissing",
        "Sound { entries: 29, seals: 2 }",
    ),
    (
        &[
            "delete from ledger_entry where seq > 27",
            "delete from ledger_line where id / 65536 > 27",
        ],
        "28 EntryMissing",
        "Sound { entries: 27, seals: 2 }",
    ),
];

/// What is done, and what is found.
const CASES: &[(&[&str], &str)] = &[
    (&["update ledger_line set amount = amount + 1 where id / 65536 = 3"], "3 EntryChanged"),
    (&["update ledger_line set date = '2026-01-04' where id / 65536 = 14"], "14 EntryChanged"),
    (&["update ledger_line set date = '20260105' where id / 65536 = 14"], "14 EntryChanged"),
    (&["update ledger_line set tag = null where id / 65536 = 25"], "25 EntryChanged"),
    (&["update ledger_entry set posted_at = posted_at + 1 where seq = 20"], "20 EntryChanged"),
    (&["update ledger_entry set kind = 'closing' where seq = 11"], "11 EntryChanged"),
    (&["delete from ledger_line where id = 65536 * 7 + 2"], "7 EntryChanged"),
    (&["delete from ledger_line where id / 65536 = 7"], "7 EntryChanged"),
    (&["delete from ledger_entry where seq = 7"], "7 EntryMissing"),
    (
        &["delete from ledger_entry where seq = 7", "delete from ledger_line where id / 65536 = 7"],
        "7 EntryMissing",
    ),
    // Cut off at the end, before the last seal.
    (
        &[
            "delete from ledger_entry where seq > 17",
            "delete from ledger_line where id / 65536 > 17",
        ],
        "18 EntryMissing",
    ),
    // Two entries change places.
    (
        &[
            "update ledger_entry set seq = 99 where seq = 4",
            "update ledger_entry set seq = 4 where seq = 5",
            "update ledger_entry set seq = 5 where seq = 99",
        ],
        "4 EntryChanged",
    ),
    // Two entries change their lines.
    (
        &[
            "update ledger_line set id = id + 65536 * 90 where id / 65536 = 4",
            "update ledger_line set id = id - 65536 where id / 65536 = 5",
            "update ledger_line set id = id - 65536 * 89 where id / 65536 = 94",
        ],
        "4 EntryChanged",
    ),
    // Slipped in after the last sequence that was given, and before the first.
    (
        &[
            "insert into ledger_entry select 40, company, journal, kind, date, wanted, text, source_model, source_id, exchange, reverses, settles, exception, 'x', 'x', \"user\", actor, posted_at, version, leaf from ledger_entry where seq = 1",
        ],
        "40 EntryAdded",
    ),
    (
        &[
            "insert into ledger_entry select -1, company, journal, kind, date, wanted, text, source_model, source_id, exchange, reverses, settles, exception, 'x', 'x', \"user\", actor, posted_at, version, leaf from ledger_entry where seq = 1",
        ],
        "-1 EntryAdded",
    ),
    (
        &[
            "insert into ledger_line select 65536 * 9 + 3, account, unit, amount, functional, side, subsidiary, cost_centre, project, campaign, salesperson, date, due, tag, closing from ledger_line where id = 65537",
        ],
        "9 EntryChanged",
    ),
    (
        &[
            "insert into ledger_line select 65536 * 50 + 1, account, unit, amount, functional, side, subsidiary, cost_centre, project, campaign, salesperson, date, due, tag, closing from ledger_line where id = 65537",
        ],
        "50 LineWithoutEntry",
    ),
    // A leaf that fits no recipe, a leaf made to fit the new text.
    (&["update ledger_entry set version = 9 where seq = 2"], "2 EntryChanged"),
    (&["update ledger_entry set leaf = zeroblob(32) where seq = 22"], "22 EntryChanged"),
    (&["update ledger_entry set leaf = zeroblob(31) where seq = 2"], "2 EntryChanged"),
    // The seals themselves.
    (&["update ledger_seal set leaves = zeroblob(400) where id = 1"], "1 SealChanged"),
    (&["update ledger_seal set root = zeroblob(32) where id = 2"], "11 SealChanged"),
    (&["update ledger_seal set hash = zeroblob(32) where id = 1"], "1 SealChanged"),
    (&["update ledger_seal set sealed_at = 1 where id = 2"], "11 SealChanged"),
    (&["update ledger_seal set previous = zeroblob(32) where id = 2"], "11 SealChanged"),
    (&["delete from ledger_seal where id = 1"], "1 SealMissing"),
    (&["update ledger_seal set last_seq = 19 where id = 2"], "11 SealChanged"),
];

async fn each_kind_of_change_is_located() {
    for (change, found) in CASES {
        assert_eq!(tampered(change).await, *found, "{change:?}");
    }
    for (change, found, with_gaps) in TAIL {
        let found = if is_postgres() { with_gaps } else { found };
        assert_eq!(tampered(change).await, *found, "{change:?}");
    }
}

/// Who cuts off whole blocks, or makes the chain anew, is found by a seal that was written down.
async fn an_exported_seal_fixes_what_is_before_it() {
    let world = books(30, 20).await;
    let last = world.run(|tx| Box::pin(last_seal(tx))).await.unwrap().unwrap();
    let exported = Some(Exported { seal: last.head.seal, hash: last.hash });
    assert_eq!(verdict(&world, exported).await, Verdict::Sound { entries: 30, seals: 2 });
    unguard(&world).await;
    for text in [
        "delete from ledger_seal where id = 2",
        "update ledger_mark set seq = 10 where name = 'sealed'",
        "update ledger_line set amount = 900 where id / 65536 = 15 and amount > 0",
    ] {
        world.exec(Sql::text(text)).await;
    }
    // The forger knows the recipe: leaf and seal are made to fit.
    world
        .run(|tx| {
            Box::pin(async move {
                let mut forged = crate::ledger::entry::by_seqs(tx, [15]).await?;
                let leaf = chain::leaf(&forged.remove(0)).unwrap().to_vec();
                let sql = Sql::text("update ledger_entry set leaf = $1 where seq = 15");
                tx.exec(sql.bind(leaf)).await?;
                seal(tx).await
            })
        })
        .await
        .unwrap();
    assert_eq!(verdict(&world, None).await, Verdict::Sound { entries: 30, seals: 2 });
    let found = verdict(&world, exported).await;
    assert_eq!(found, Verdict::FirstBad { seq: 11, why: Flaw::SealChanged });
    world.exec(Sql::text("delete from ledger_seal where id = 2")).await;
    let found = verdict(&world, exported).await;
    assert_eq!(found, Verdict::FirstBad { seq: 11, why: Flaw::SealMissing });
}

/// Every bit of what is stored of some entries, one at a time.
async fn every_bit_counts() {
    let world = books(6, 4).await;
    unguard(&world).await;
    let mut tried = 0;
    for seq in [1, 4, 6] {
        for (table, column, key) in columns(seq) {
            tried += flip_each(&world, table, column, key, seq).await;
        }
    }
    println!("{tried} bits");
    assert!(tried > 3_000, "{tried}");
    assert_eq!(verdict(&world, None).await, Verdict::Sound { entries: 6, seals: 2 });
}

fn columns(seq: i64) -> Vec<(&'static str, &'static str, i64)> {
    let entry =
        crate::ledger::entry::ENTRY.iter().filter(|column| !["seq", "version"].contains(column));
    let mut columns: Vec<_> = entry.map(|column| ("ledger_entry", *column, seq)).collect();
    for position in [1, 2] {
        let line = crate::ledger::entry::LINE.iter().filter(|column| **column != "id");
        columns.extend(line.map(|column| ("ledger_line", *column, seq * 65536 + position)));
    }
    columns
}

async fn flip_each(
    world: &World,
    table: &'static str,
    column: &'static str,
    key: i64,
    seq: i64,
) -> usize {
    let id = if table == "ledger_entry" { "seq" } else { "id" };
    let set = move |cell: Cell| {
        let sql = Sql::new().lit("update ").ident(table).lit(" set ").ident(column).lit(" = ");
        sql.arg(cell).lit(" where ").ident(id).lit(" = ").arg(key)
    };
    let sql = Sql::new().lit("select ").ident(column).lit(" from ").ident(table);
    let sql = sql.lit(" where ").ident(id).lit(" = ").arg(key);
    let rows = world.run(move |tx| {
        let sql = sql.clone();
        Box::pin(async move { tx.rows(sql).await })
    });
    let was = rows.await.unwrap().into_iter().next().map(|row| row.0).unwrap().remove(0);
    let flipped = flips(&was);
    for cell in &flipped {
        // What the table itself refuses (a side of 3, a kind that is none) cannot be stored.
        let (sql, again) = (set(cell.clone()), set(was.clone()));
        let found = world
            .as_owner(move |tx| {
                let (sql, again) = (sql.clone(), again.clone());
                Box::pin(async move {
                    let set = tx.attempt(|tx| Box::pin(tx.exec(sql))).await?;
                    if set.is_err() {
                        return Ok(None);
                    }
                    let found = verify(tx, None, None).await?;
                    tx.exec(again).await?;
                    Ok(Some(found))
                })
            })
            .await
            .unwrap();
        if let Some(found) = found {
            let wanted = Verdict::FirstBad { seq, why: Flaw::EntryChanged };
            assert_eq!(found, wanted, "{table}.{column} {was:?} as {cell:?}");
        }
    }
    flipped.len()
}

fn flips(was: &Cell) -> Vec<Cell> {
    match was {
        Cell::Null | Cell::Ids(_) | Cell::Texts(_) => Vec::new(),
        Cell::Int(n) => (0..64).map(|bit| Cell::Int(n ^ (1 << bit))).collect(),
        Cell::Bytes(bytes) => bits(bytes).map(Cell::Bytes).collect(),
        Cell::Text(text) => {
            let texts = bits(text.as_bytes()).filter_map(|bytes| String::from_utf8(bytes).ok());
            texts.map(Cell::Text).collect()
        }
    }
}

fn bits(bytes: &[u8]) -> impl Iterator<Item = Vec<u8>> + '_ {
    (0..bytes.len() * 8).map(|bit| {
        let mut bytes = bytes.to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        bytes
    })
}

async fn an_entry_is_proven_by_its_seal() {
    let world = books(30, 20).await;
    for seq in [1, 10, 11, 20] {
        let proof = world.run(move |tx| Box::pin(proof(tx, Id::new(seq)))).await.unwrap().unwrap();
        let hash = proof.head.hash();
        assert!(proof.holds(&hash), "{seq} under {}", hex(&hash));
        let other = Proof { leaf: [0; 32], ..proof.clone() };
        assert!(!other.holds(&hash));
        assert!(!proof.holds(&[0; 32]));
    }
    let unsealed = world.run(|tx| Box::pin(proof(tx, Id::new(25)))).await.unwrap();
    assert_eq!(unsealed, None);
}

/// Posting itself seals at every thousandth entry, where one writes at a time.
#[tokio::test]
async fn the_seal_lags_by_a_block_at_most() {
    let world = books(2_100, 0).await;
    let last = world.run(|tx| Box::pin(last_seal(tx))).await.unwrap().unwrap();
    assert_eq!((last.head.seal, last.head.last_seq), (2, 2_000));
    assert_eq!(verdict(&world, None).await, Verdict::Sound { entries: 2_100, seals: 2 });
    let some = world.run(|tx| Box::pin(verify(tx, Some(1_500..=1_600), None))).await.unwrap();
    assert_eq!(some, Verdict::Sound { entries: 1_000, seals: 2 });
}
