//! Many callers at once: a scarce item is never promised twice, numbers have no gap
//! though some transactions are thrown away, one key is one entry.

use std::sync::Arc;

use fondaco_values::Id;
use tokio::task::JoinSet;

use super::world::*;
use crate::db::{Cell, Sql};
use crate::error::Error;
use crate::ledger::*;

const CLIENTS: usize = 64;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scarce_item_is_never_oversold() {
    let world = Arc::new(World::new().await);
    let goods = |from: &str, to: &str, n| {
        Draft::new("M", day("2026-01-01"), "goods")
            .line(Line::credit(account_id(from), BOLT, n))
            .line(Line::debit(account_id(to), BOLT, n))
    };
    let bring = goods("supplier", "shop", 100);
    world
        .run(move |tx| {
            let draft = bring.clone();
            Box::pin(async move { post(tx, draft).await })
        })
        .await
        .unwrap();
    let mut clients = JoinSet::new();
    for n in 0..CLIENTS {
        let world = world.clone();
        clients.spawn(async move {
            let mut sold = 0;
            for turn in 0..10 {
                let want = 1 + ((n * 7 + turn * 3) % 4) as i64;
                let (promise, deliver) =
                    (goods("shop", "customer", want), goods("shop", "customer", want));
                let took = world
                    .run(move |tx| {
                        let draft = promise.clone();
                        Box::pin(async move { reserve(tx, draft, None).await })
                    })
                    .await;
                let Ok(id) = took else { continue };
                // One in three changes his mind.
                let ended = if (n + turn) % 3 == 0 {
                    world.run(move |tx| Box::pin(release(tx, id))).await
                } else {
                    sold += want;
                    world
                        .run(move |tx| {
                            let draft = deliver.clone();
                            Box::pin(async move {
                                settle(tx, id, want, draft, Rest::Keep).await.map(drop)
                            })
                        })
                        .await
                };
                ended.unwrap();
            }
            sold
        });
    }
    let sold: i64 = clients.join_all().await.into_iter().sum();
    let left =
        world.run(|tx| Box::pin(available(tx, account_id("shop"), BOLT, None))).await.unwrap();
    assert_eq!(sold + left, 100, "sold and left are what there was");
    assert!((0..4).contains(&left), "{left} left while all want more");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn numbers_have_no_gap_under_a_crowd() {
    let world = Arc::new(World::new().await);
    let mut clients = JoinSet::new();
    for n in 0..CLIENTS {
        let world = world.clone();
        clients.spawn(async move {
            for turn in 0..20 {
                let throw = (n + turn) % 3 == 0;
                let ran = world.run(move |tx| {
                    Box::pin(async move {
                        let draft = Draft::new("INV", day("2026-01-01"), "sale")
                            .line(Line::debit(account_id("bank"), EUR, 1))
                            .line(Line::credit(account_id("revenue"), EUR, 1));
                        let posted = post(tx, draft).await?;
                        if throw { Err(Error::internal("thrown away")) } else { Ok(posted.number) }
                    })
                });
                assert_eq!(ran.await.is_err(), throw);
            }
        });
    }
    clients.join_all().await;
    let sql = "select count(*), count(distinct number), max(number) from ledger_entry";
    let row = world.run(move |tx| Box::pin(tx.row(Sql::text(sql)))).await.unwrap().unwrap();
    let kept = (0..CLIENTS).flat_map(|n| (0..20).map(move |turn| n + turn)).filter(|n| n % 3 != 0);
    let kept = kept.count() as i64;
    assert_eq!((row.int(0), row.int(1)), (kept, kept));
    assert_eq!(row.cell(2), &Cell::Text(format!("INV/2026/{kept:04}")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_key_is_one_entry() {
    let world = Arc::new(World::new().await);
    let mut clients = JoinSet::new();
    for _ in 0..16 {
        let world = world.clone();
        clients.spawn(async move {
            let post_it = world.run(|tx| {
                Box::pin(async move {
                    let draft = Draft::new("INV", day("2026-01-01"), "sale")
                        .key("the same")
                        .line(Line::debit(account_id("bank"), EUR, 1))
                        .line(Line::credit(account_id("revenue"), EUR, 1));
                    post(tx, draft).await
                })
            });
            post_it.await.unwrap()
        });
    }
    let answers = clients.join_all().await;
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    let cash = world
        .run(|tx| Box::pin(async move { amount(tx, &Filter::account(account_id("bank"))).await }));
    assert_eq!(cash.await.unwrap(), 1);
    let other = world.run(|tx| Box::pin(entry(tx, Id::new(2)))).await;
    assert!(matches!(other, Err(Error::NotFound { .. })));
}
