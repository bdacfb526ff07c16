//! The pool, and the way of a unit of work through a transaction: begun, run, committed; run again
//! when another was in its way, in the end with nobody else beside it.

use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{ConnectOptions, Row};
use tokio::sync::Mutex;

use super::conn::{Conn, Opening};
use super::many::Known;
use super::refusal::storage;
use super::settings::PostgresSettings;
use super::wall::{self, Wall};
use crate::db::{Kind, Purpose, Work, migrations, not_whole};
use crate::error::{Error, Result, StorageKind};
use crate::kernel::Shared;
use crate::portable::{MOVED_TO, RECEIVING};
use crate::tx::{Effects, Tx};
use crate::{Ctx, in_force};

/// Runs of one unit of work at most.
pub(super) const RUNS_MAX: u32 = 12;
/// From this run on nobody else writes beside it.
const ALONE_FROM: u32 = 3;
const STATEMENTS_CACHED: usize = 512;

#[derive(Clone)]
pub(crate) struct Door(Arc<Inner>);

struct Inner {
    pool: PgPool,
    shared: Arc<Shared>,
    known: Arc<Known>,
    /// The role behind the wall between companies, where there is one.
    desk: Option<String>,
    gate: bool,
    /// Units that run again do so one after the other, so that they are not in each other's way.
    again: Mutex<()>,
}

impl Door {
    /// Connects, brings the kernel's own tables up to date, and keeps connections for later.
    pub(crate) async fn open(
        settings: &PostgresSettings,
        shared: Arc<Shared>,
        purpose: Purpose,
    ) -> Result<Door> {
        let options = PgConnectOptions::from_str(&settings.url)
            .map_err(|e| Error::Startup(format!("the address of the database is wrong: {e}")))?
            .application_name("fondaco")
            .statement_cache_capacity(STATEMENTS_CACHED)
            .options([
                ("statement_timeout", settings.statement_timeout.as_millis().to_string()),
                ("idle_in_transaction_session_timeout", "60000".to_owned()),
                ("lock_timeout", "20000".to_owned()),
            ])
            .disable_statement_logging();
        let pool = PgPoolOptions::new()
            .max_connections(settings.connections.max(2))
            .acquire_timeout(settings.acquire_timeout)
            .test_before_acquire(false)
            .connect_with(options)
            .await
            .map_err(|e| Error::Startup(format!("the database cannot be reached: {e}")))?;
        prepare(&pool, purpose, &shared).await?;
        let desk = match purpose {
            Purpose::Work => wall::desk(&pool).await?,
            // Whoever looks or fills is the operator, who has the address of the database.
            Purpose::Look | Purpose::Receive => None,
        };
        let (known, again) = (Arc::default(), Mutex::new(()));
        let inner = Inner { pool, shared, known, desk, gate: settings.gate, again };
        Ok(Door(Arc::new(inner)))
    }

    pub(super) fn pool(&self) -> &PgPool {
        &self.0.pool
    }

    /// Runs a unit of work to its end in a task of its own: who asked may go away, and a panic costs
    /// only this unit.
    pub(crate) async fn run(&self, kind: Kind, ctx: Ctx, work: Work) -> Result<()> {
        let door = self.clone();
        #[expect(clippy::disallowed_methods, reason = "the unit is awaited here, or ends alone")]
        let task = tokio::spawn(async move { door.to_its_end(kind, &ctx, &work).await });
        match task.await {
            Ok(outcome) => outcome,
            Err(error) => Err(match error.try_into_panic() {
                Ok(panic) => Error::internal(crate::db::sqlite::panic_text(panic.as_ref())),
                Err(_) => Error::Closed,
            }),
        }
    }

    async fn to_its_end(&self, kind: Kind, ctx: &Ctx, work: &Work) -> Result<()> {
        let mut kind = kind;
        let mut in_turn = None;
        let mut run = 0;
        loop {
            let alone = run >= ALONE_FROM;
            let first = run == 0;
            let outcome = self.once(kind, (first, alone), ctx, work).await;
            run += 1;
            match outcome {
                Again::No(result) => return result,
                Again::Yes(error) if run == RUNS_MAX => return Err(error),
                Again::AsKeeper => kind = Kind::Books,
                Again::Yes(error) => {
                    tracing::debug!(%error, run, "a unit of work runs again");
                    self.0.shared.counts.rerun.fetch_add(1, Ordering::Relaxed);
                    if in_turn.is_none() && kind != Kind::Read {
                        in_turn = Some(self.0.again.lock().await);
                    }
                    if run > 1 {
                        tokio::time::sleep(self.wait(run)).await;
                    }
                }
            }
        }
    }

    /// Longer each time, and not the same for all servers.
    fn wait(&self, run: u32) -> Duration {
        let own = u64::from(self.0.shared.ids.process().unsigned_abs() as u32 % 8);
        Duration::from_millis((1 << run.min(8)) * (8 + own) / 8)
    }

    async fn once(
        &self,
        kind: Kind,
        (first, alone): (bool, bool),
        ctx: &Ctx,
        work: &Work,
    ) -> Again {
        let pooled = match self.0.pool.acquire().await {
            Ok(pooled) => pooled,
            Err(error) => return Again::No(Err(storage(error))),
        };
        let mut conn = Conn::new(pooled, self.0.known.clone());
        let (gate, wall) = (self.0.gate, Wall::of(self.0.desk.as_deref(), ctx));
        if let Err(error) = conn.begin(&Opening { wall, kind, alone, gate }).await {
            conn.rollback().await;
            return Again::after(Err(error));
        }
        let shared = self.0.shared.clone();
        let mut tx = Tx::begin(crate::db::Conn::Postgres(Box::new(conn)), ctx.clone(), shared);
        let result = async {
            in_force::take_up(&mut tx).await?;
            work(&mut tx).await?;
            tx.finish().await
        }
        .await;
        match tx.end() {
            (crate::db::Conn::Postgres(conn), effects) => {
                self.end(*conn, first, result, effects).await
            }
            _ => unreachable!("a unit of work gives back the connection that it was given"),
        }
    }

    async fn end(&self, conn: Conn, first: bool, result: Result<()>, effects: Effects) -> Again {
        if conn.wants_books() {
            conn.rollback().await;
            return Again::AsKeeper;
        }
        // Who lost a race for a key sees it taken when he looks again, and says so in his own words.
        // Who lost one against a change of the schema goes on with the new one.
        let lost =
            |kind: &StorageKind| matches!(kind, StorageKind::Unique(_) | StorageKind::Outdated);
        let raced = |kind: &StorageKind| first && lost(kind);
        let lost = conn.failed().filter(|kind| is_passing(kind) || raced(kind)).cloned();
        match (result, lost) {
            (Ok(()), _) => {
                let outcome = conn.commit().await;
                if outcome.is_ok() {
                    self.0.shared.after_commit(effects);
                }
                Again::after(outcome)
            }
            // Whatever the work made of it: what it saw first was this.
            (Err(error), Some(kind)) => {
                conn.rollback().await;
                Again::Yes(Error::Storage { kind, message: error.to_string() })
            }
            (Err(error), None) => {
                conn.rollback().await;
                Again::after(Err(error))
            }
        }
    }
}

/// Brings the kernel's own tables up to date, unless the database is only looked at, or has moved
/// elsewhere: then it is left as it is.
async fn prepare(pool: &PgPool, purpose: Purpose, shared: &Shared) -> Result<()> {
    if purpose == Purpose::Look {
        return Ok(());
    }
    if purpose == Purpose::Work {
        if let Some(to) = told(pool, MOVED_TO).await? {
            shared.close_as_moved(&to);
            return Ok(());
        }
        if told(pool, RECEIVING).await?.is_some() {
            return Err(not_whole());
        }
    }
    migrations::run_on_server(pool).await
}

/// What `meta` says under a name, also in a database that has no `meta` yet.
async fn told(pool: &PgPool, name: &str) -> Result<Option<String>> {
    let there = sqlx::query("select to_regclass('meta') is not null").fetch_one(pool).await;
    let there: bool = there.map_err(storage)?.get(0);
    if !there {
        return Ok(None);
    }
    let sql = sqlx::query("select value from meta where name = $1").bind(name);
    let row = sql.fetch_optional(pool).await.map_err(storage)?;
    Ok(row.map(|row| row.get(0)))
}

/// What is to be done after a run.
enum Again {
    No(Result<()>),
    Yes(Error),
    /// Again, as one that keeps the ledger's books.
    AsKeeper,
}

impl Again {
    fn after(outcome: Result<()>) -> Again {
        match outcome {
            Err(error @ Error::Storage { .. }) => match &error {
                Error::Storage { kind, .. } if is_passing(kind) => Again::Yes(error),
                _ => Again::No(Err(error)),
            },
            other => Again::No(other),
        }
    }
}

/// What running again mends.
fn is_passing(kind: &StorageKind) -> bool {
    matches!(kind, StorageKind::Retry | StorageKind::Lost)
}
