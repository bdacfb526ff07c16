//! What posting costs against the bare inserts of the same rows, in one run. Not part of every
//! test run: `cargo test --release -p fondaco-kernel ledger::tests::speed -- --ignored --nocapture`.

use std::time::Instant;

use super::world::*;
use crate::db::{Cell, Row, Sql};
use crate::ledger::entry::{ENTRY, LINE, LINES_PER_SEQ};
use crate::ledger::*;
use crate::tx::Tx;

const ENTRIES: i64 = 4_000;
const ROUND: i64 = 100;

fn draft(what: &str, n: i64) -> Draft {
    let draft = Draft::new("M", day("2026-01-05"), "a sale of something");
    let debit = |name: &str, unit, amount| Line::debit(account_id(name), unit, amount);
    let credit = |name: &str, unit, amount| Line::credit(account_id(name), unit, amount);
    match what {
        "2 lines of money" => draft.line(debit("bank", EUR, n)).line(credit("revenue", EUR, n)),
        "4 lines of money" => draft
            .line(debit("bank", EUR, 3 * n))
            .line(credit("revenue", EUR, n))
            .line(credit("revenue", EUR, n))
            .line(credit("equity", EUR, n)),
        "an invoice, open and numbered" => Draft { journal: "INV".into(), ..draft }
            .line(debit("receivable", EUR, n).for_(EUR))
            .line(credit("revenue", EUR, n)),
        "goods into a limited place" => {
            draft.line(credit("supplier", BOLT, n)).line(debit("shop", BOLT, n))
        }
        "10 lines of money" => {
            draft.lines((1..=9).map(|_| debit("bank", EUR, 1))).line(credit("revenue", EUR, 9))
        }
        other => panic!("{other}"),
    }
}

/// The rows as they were posted, once more into the emptied tables, in microseconds each.
async fn bare(tx: &mut Tx) -> crate::Result<u128> {
    let read = |rows: Vec<Row>| rows.into_iter().map(|row| row.0).collect::<Vec<_>>();
    let entries = read(tx.rows(Sql::text("select * from ledger_entry order by seq")).await?);
    let lines = read(tx.rows(Sql::text("select * from ledger_line order by id")).await?);
    for text in [
        "drop trigger ledger_entry_no_delete",
        "drop trigger ledger_line_no_delete",
        "delete from ledger_line",
        "delete from ledger_entry",
    ] {
        tx.exec(Sql::text(text)).await?;
    }
    let mut lines = lines.into_iter().peekable();
    let mut rows = Vec::new();
    for entry in entries {
        let Cell::Int(seq) = entry[0] else { panic!("{entry:?}") };
        let of_entry =
            |line: &Vec<Cell>| matches!(line[0], Cell::Int(id) if id / LINES_PER_SEQ == seq);
        let mut own = Vec::new();
        while let Some(line) = lines.next_if(of_entry) {
            own.push(line);
        }
        rows.push((vec![entry], own));
    }
    let mut least = u128::MAX;
    for rows in rows.chunks(ROUND as usize) {
        let started = Instant::now();
        for (entry, lines) in rows {
            tx.insert_rows("ledger_entry", ENTRY, entry).await?;
            tx.insert_rows("ledger_line", LINE, lines).await?;
        }
        least = least.min(started.elapsed().as_nanos() / rows.len() as u128);
    }
    Ok(least)
}

/// The least of all rounds: what it costs when nobody else is in the way.
async fn posted(tx: &mut Tx, what: &str) -> crate::Result<u128> {
    let mut least = u128::MAX;
    for _ in 0..ENTRIES / ROUND {
        let drafts: Vec<Draft> = (1..=ROUND).map(|n| draft(what, n)).collect();
        let started = Instant::now();
        for draft in drafts {
            post(tx, draft).await?;
        }
        least = least.min(started.elapsed().as_nanos() / ROUND as u128);
    }
    Ok(least)
}

async fn batched(tx: &mut Tx, what: &str) -> crate::Result<u128> {
    let mut least = u128::MAX;
    for _ in 0..ENTRIES / ROUND {
        let drafts: Vec<Draft> = (1..=ROUND).map(|n| draft(what, n)).collect();
        let started = Instant::now();
        post_batch(tx, drafts).await?;
        least = least.min(started.elapsed().as_nanos() / ROUND as u128);
    }
    Ok(least)
}

#[tokio::test]
#[ignore = "a measurement, for release builds"]
async fn posting_against_bare_inserts() {
    for what in [
        "2 lines of money",
        "4 lines of money",
        "10 lines of money",
        "an invoice, open and numbered",
        "goods into a limited place",
    ] {
        let world = World::new().await;
        let spent = world
            .run(move |tx| {
                Box::pin(async move {
                    post(tx, draft(what, 1)).await?;
                    let before = tx.statements();
                    post(tx, draft(what, 1)).await?;
                    let statements = tx.statements() - before;
                    let (posted, batched) = (posted(tx, what).await?, batched(tx, what).await?);
                    Ok((statements, posted, batched, bare(tx).await?))
                })
            })
            .await
            .unwrap();
        let (statements, posted, batched, bare) = spent;
        let times = |ns: u128| format!("{}.{:02} x", ns / bare, ns * 100 / bare % 100);
        println!(
            "{what}: bare {bare} ns, posted {posted} ns = {} ({statements} statements), in batches of 100 {batched} ns = {}",
            times(posted),
            times(batched)
        );
    }
}

fn dated(part: i64, n: i64) -> Draft {
    let date = day(&format!("2026-{:02}-{:02}", part % 12 + 1, n % 28 + 1));
    Draft { date, ..draft("4 lines of money", n + 1) }
}

#[tokio::test]
#[ignore = "a measurement, for release builds"]
async fn reports_over_many_lines() {
    let world = World::new().await;
    let entries = 100_000_i64;
    for part in 0..entries / 1_000 {
        let drafts: Vec<Draft> = (0..1_000).map(|n| dated(part, n)).collect();
        world.run(move |tx| Box::pin(post_batch(tx, drafts.clone()))).await.unwrap();
    }
    world
        .run(move |tx| {
            Box::pin(async move {
                let mut timed = Vec::new();
                let started = Instant::now();
                trial_balance(tx, None, None).await?;
                timed.push(("trial balance", started.elapsed()));
                let started = Instant::now();
                trial_balance(tx, Some(day("2026-06-15")), None).await?;
                timed.push(("trial balance in a month", started.elapsed()));
                let started = Instant::now();
                trial_balance(tx, Some(day("2026-06-15")), Some(50_000)).await?;
                timed.push(("trial balance as known half way", started.elapsed()));
                let started = Instant::now();
                let mut page = PageAsk::of(account_id("bank"));
                page.after = general_ledger(tx, &page).await?.next;
                timed.push(("first page of an account", started.elapsed()));
                let started = Instant::now();
                page.after = Some(Cursor { date: day("2026-11-27"), line: LineRef::from_raw(1) });
                general_ledger(tx, &page).await?;
                timed.push(("a late page of an account", started.elapsed()));
                let started = Instant::now();
                verify(tx, None, None).await?;
                timed.push(("verify", started.elapsed()));
                let started = Instant::now();
                rebuild(tx).await?;
                timed.push(("rebuild", started.elapsed()));
                let started = Instant::now();
                close_year(tx, day("2026-01-01"), account_id("equity"), "M").await?;
                timed.push(("closing the year", started.elapsed()));
                for (what, time) in timed {
                    println!("{entries} entries of 4 lines: {what} {time:?}");
                }
                Ok(())
            })
        })
        .await
        .unwrap();
}
