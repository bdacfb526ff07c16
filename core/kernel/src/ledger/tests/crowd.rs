//! Many callers at once: a scarce item is never promised twice, numbers have no gap though some
//! transactions are thrown away, one key is one entry.

use std::sync::Arc;

use fondaco_values::Id;
use tokio::task::JoinSet;

use super::world::*;
use crate::db::{Cell, Sql};
use crate::error::{Error, Result};
use crate::ledger::*;
use crate::testing::both;

both! {
    a_scarce_item_is_never_oversold,
    numbers_have_no_gap_under_a_crowd,
    one_key_is_one_entry,
}

const CLIENTS: usize = 64;

fn goods(from: &str, to: &str, pieces: i64) -> Draft {
    Draft::new("M", day("2026-01-01"), "goods")
        .line(Line::credit(account_id(from), BOLT, pieces))
        .line(Line::debit(account_id(to), BOLT, pieces))
}

fn sale() -> Draft {
    Draft::new("INV", day("2026-01-01"), "sale")
        .line(Line::debit(account_id("bank"), EUR, 1))
        .line(Line::credit(account_id("revenue"), EUR, 1))
}

async fn post_it(world: &World, draft: Draft) -> Result<Posted> {
    world.run(move |tx| Box::pin(post(tx, draft.clone()))).await
}

/// A customer who wants so many; how many he got.
async fn buy(world: &World, pieces: i64, changes_his_mind: bool) -> i64 {
    let draft = goods("shop", "customer", pieces);
    let wanted = draft.clone();
    let promise = world.run(move |tx| Box::pin(reserve(tx, wanted.clone(), None))).await;
    let Ok(id) = promise else { return 0 };
    if changes_his_mind {
        world.run(move |tx| Box::pin(release(tx, id))).await.unwrap();
        return 0;
    }
    let deliver = world.run(move |tx| Box::pin(settle(tx, id, pieces, draft.clone(), Rest::Keep)));
    deliver.await.unwrap();
    pieces
}

async fn a_scarce_item_is_never_oversold() {
    let world = Arc::new(World::new().await);
    post_it(&world, goods("supplier", "shop", 100)).await.unwrap();
    let mut clients = JoinSet::new();
    for n in 0..CLIENTS {
        let world = world.clone();
        clients.spawn(async move {
            let mut got = 0;
            for turn in 0..10 {
                let pieces = 1 + ((n * 7 + turn * 3) % 4) as i64;
                got += buy(&world, pieces, (n + turn) % 3 == 0).await;
            }
            got
        });
    }
    let sold: i64 = clients.join_all().await.into_iter().sum();
    let left = world.run(|tx| Box::pin(available(tx, account_id("shop"), BOLT, None))).await;
    let left = left.unwrap();
    assert_eq!(sold + left, 100, "sold and left are what there was");
    assert!((0..4).contains(&left), "{left} left while all want more");
}

/// Posts, and throws the transaction away after.
async fn post_in_vain(world: &World) -> Result<Posted> {
    world
        .run(|tx| {
            Box::pin(async move {
                post(tx, sale()).await?;
                Err(Error::internal("thrown away"))
            })
        })
        .await
}

async fn numbers_have_no_gap_under_a_crowd() {
    let world = Arc::new(World::new().await);
    let mut clients = JoinSet::new();
    for n in 0..CLIENTS {
        let world = world.clone();
        clients.spawn(async move {
            for turn in 0..20 {
                match (n + turn) % 3 {
                    0 => assert!(post_in_vain(&world).await.is_err()),
                    _ => assert!(post_it(&world, sale()).await.is_ok()),
                }
            }
        });
    }
    clients.join_all().await;
    let sql = "select count(*), count(distinct number), max(number) from ledger_entry";
    let row = world.run(move |tx| Box::pin(tx.row(Sql::text(sql)))).await.unwrap().unwrap();
    let tries = (0..CLIENTS).flat_map(|n| (0..20).map(move |turn| n + turn));
    let kept = tries.filter(|n| n % 3 != 0).count() as i64;
    assert_eq!((row.int(0), row.int(1)), (kept, kept));
    assert_eq!(row.0[2], Cell::Text(format!("INV/2026/{kept:04}")));
}

async fn one_key_is_one_entry() {
    let world = Arc::new(World::new().await);
    let mut clients = JoinSet::new();
    for _ in 0..16 {
        let world = world.clone();
        clients.spawn(async move { post_it(&world, sale().key("the same")).await.unwrap() });
    }
    let answers = clients.join_all().await;
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    let other = world.run(|tx| Box::pin(entry(tx, Id::new(2)))).await;
    assert!(matches!(other, Err(Error::NotFound { .. })));
}
