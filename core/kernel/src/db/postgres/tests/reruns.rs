//! Units of work that are in each other's way, told by the server itself (SQLSTATE 40001): they run
//! again, and in the end each has happened once, or its caller hears that it may be tried again.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use fondaco_cluster::Cluster;
use tokio::sync::Barrier;

use crate::db::postgres::PostgresSettings;
use crate::db::{Kind, Sql};
use crate::error::{Error, Result, StorageKind};
use crate::tx::Tx;
use crate::{Database, Kernel, Setup, identity};

async fn open(database: &fondaco_cluster::Database) -> Kernel {
    let settings = PostgresSettings::new(database.url());
    let kernel = Kernel::open(Setup::new(Database::Postgres(settings), Vec::new())).await.unwrap();
    database.sql("insert into meta (name, value) values ('one', '1'), ('two', '1')");
    kernel
}

async fn value(tx: &mut Tx, name: &str) -> Result<i64> {
    let row = tx.row(Sql::text("select value from meta where name = $1").bind(name)).await?;
    Ok(row.and_then(|row| row.str(0).parse().ok()).unwrap_or(-1))
}

async fn put(tx: &mut Tx, name: &str, value: i64) -> Result<()> {
    let sql = Sql::text("update meta set value = $1 where name = $2");
    tx.exec(sql.bind(value.to_string()).bind(name)).await.map(drop)
}

/// How often a unit ran, and what its last run did.
type Ran = (u32, &'static str);

/// Both look first, then both write, when they run for the first time.
async fn side_by_side<W>(kernel: &Kernel, work: W) -> [Ran; 2]
where
    W: for<'t> Fn(&'t mut Tx, usize, Option<Arc<Barrier>>) -> crate::Fut<'t, &'static str>
        + Copy
        + Send
        + Sync
        + 'static,
{
    let barrier = Arc::new(Barrier::new(2));
    let unit = |which: usize| {
        let (barrier, runs) = (barrier.clone(), Arc::new(AtomicU32::new(0)));
        let (kernel, counted) = (kernel.clone(), runs.clone());
        async move {
            let ctx = identity::kernel_itself();
            let done = kernel.run(&ctx, move |tx| {
                let first = counted.fetch_add(1, Ordering::Relaxed) == 0;
                work(tx, which, first.then(|| barrier.clone()))
            });
            let done = done.await.unwrap();
            (runs.load(Ordering::Relaxed), done)
        }
    };
    let (one, two) = tokio::join!(unit(0), unit(1));
    [one, two]
}

/// One of the two may go off duty while the other is on: what each sees alone allows it, both
/// together do not.
#[tokio::test(flavor = "multi_thread")]
async fn of_two_that_cannot_both_be_one_looks_again() {
    let Some(cluster) = Cluster::shared() else { return };
    let database = cluster.database();
    let kernel = open(&database).await;
    let ran = side_by_side(&kernel, |tx, which, barrier| {
        Box::pin(async move {
            let on_duty = value(tx, "one").await? + value(tx, "two").await?;
            if let Some(barrier) = barrier {
                barrier.wait().await;
            }
            if on_duty < 2 {
                return Ok("stays");
            }
            put(tx, ["one", "two"][which], 0).await?;
            Ok("goes")
        })
    });
    let mut ran = ran.await;
    ran.sort_unstable();
    assert_eq!(ran, [(1, "goes"), (2, "stays")]);
    assert_eq!(
        database.sql("select sum(value::int) from meta where name in ('one', 'two')").trim(),
        "1"
    );
    assert_eq!(kernel.figures().await.unwrap().rerun, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_count_up_the_same_row_both_count() {
    let Some(cluster) = Cluster::shared() else { return };
    let database = cluster.database();
    let kernel = open(&database).await;
    let ran = side_by_side(&kernel, |tx, _, barrier| {
        Box::pin(async move {
            let before = value(tx, "one").await?;
            if let Some(barrier) = barrier {
                barrier.wait().await;
            }
            put(tx, "one", before + 1).await?;
            Ok("counted")
        })
    });
    let mut ran = ran.await;
    ran.sort_unstable();
    assert_eq!(ran, [(1, "counted"), (2, "counted")]);
    assert_eq!(database.sql("select value from meta where name = 'one'").trim(), "3");
}

/// Somebody who is no unit of work is in the way each time.
#[tokio::test(flavor = "multi_thread")]
async fn who_is_never_let_through_is_told_so_in_the_end() {
    let Some(cluster) = Cluster::shared() else { return };
    let database = cluster.database();
    let kernel = open(&database).await;
    let runs = Arc::new(AtomicU32::new(0));
    let (counted, other) = (runs.clone(), kernel.clone());
    let ctx = identity::kernel_itself();
    let outcome = kernel.run(&ctx, move |tx| {
        let (counted, other) = (counted.clone(), other.clone());
        Box::pin(async move {
            counted.fetch_add(1, Ordering::Relaxed);
            let before = value(tx, "one").await?;
            let ctx = identity::kernel_itself();
            other.aside(Kind::Claim, &ctx, move |tx| Box::pin(put(tx, "one", before + 1))).await?;
            put(tx, "one", -1).await
        })
    });
    let error = outcome.await.unwrap_err();
    let (kind, message) = match &error {
        Error::Storage { kind, message } => (kind, message),
        other => panic!("{other}"),
    };
    assert_eq!(*kind, StorageKind::Retry);
    assert!(message.contains("could not serialize access"), "{message}");
    assert!(error.public().contains("nothing was changed. Try again"), "{}", error.public());
    assert_eq!(runs.load(Ordering::Relaxed), crate::db::postgres::door::RUNS_MAX);
    assert_eq!(database.sql("select value from meta where name = 'one'").trim(), "13");
}
