//! The processes that are at work on one database: each holds one of 64 numbers, which its ids carry,
//! by a lease. A lease is renewed by the first unit of work that writes after its half; the loop that
//! looks for jobs is such a unit every few seconds. A number that was lost meanwhile is replaced by
//! another one.
//! A lease only says who has the number; that no two processes give the same id does not hang on it,
//! nor on clocks (`ids`): each grant sets aside the ids that may be given under it.

use fondaco_values::Timestamp;

use crate::db::{Kind, Sql};
use crate::error::{Error, Result, StorageKind};
use crate::ids::{self, Lease};
use crate::tx::Tx;
use crate::{Kernel, identity};

const NUMBERS: i64 = 1 << ids::PROCESS_BITS;
/// The first lease: a command is done by then, and its number free again even if it was killed.
const FIRST_US: i64 = 10_000_000;
const LEASE_US: i64 = 60_000_000;

impl Kernel {
    /// Takes a number for this process; for its start.
    ///
    /// # Errors
    /// `Startup` when all numbers are taken.
    pub(crate) async fn take_number(&self) -> Result<()> {
        self.lease(FIRST_US).await
    }

    /// Has a number for what is to be written now. Asks the database only when the lease is due.
    ///
    /// # Errors
    /// `Storage` when the lease has ended and the database gives no other.
    pub(crate) async fn keep_number(&self) -> Result<()> {
        let shared = self.shared();
        let now = shared.clock.now();
        if !shared.ids.is_due(now) {
            return Ok(());
        }
        let _one_at_a_time = shared.renewing.lock().await;
        if !shared.ids.is_due(now) {
            return Ok(());
        }
        match self.lease(LEASE_US).await {
            Err(error) if !shared.ids.is_over(now) => {
                tracing::warn!(%error, "the number of this process was not renewed yet");
                Ok(())
            }
            Err(Error::Startup(message)) => {
                Err(Error::Storage { kind: StorageKind::Retry, message })
            }
            outcome => outcome,
        }
    }

    /// Gives the number of this process back, at its end. What writes after that takes another one.
    pub async fn leave(&self) {
        if let Err(error) = self.keep_plugin_calls().await {
            tracing::warn!(%error, "calls of plugins were not kept");
        }
        let _one_at_a_time = self.shared().renewing.lock().await;
        let Some(lease) = self.shared().ids.stop() else { return };
        let ctx = identity::kernel_itself();
        let given_back = self.aside(Kind::Claim, &ctx, move |tx| {
            Box::pin(async move { renew(tx, &lease).await.map(drop) })
        });
        if let Err(error) = given_back.await {
            tracing::warn!(%error, "the number of this process was not given back; it ends by itself");
        }
    }

    async fn lease(&self, length_us: i64) -> Result<()> {
        let (held, last) = (self.shared().ids.lease(), self.shared().ids.last());
        let ctx = identity::kernel_itself();
        let lease =
            self.aside(Kind::Claim, &ctx, move |tx| Box::pin(grant(tx, held, last, length_us)));
        let lease = lease.await?;
        if held.is_some_and(|held| held.number != lease.number) {
            tracing::warn!(
                number = lease.number,
                "another process has the number of this one; it goes on under another"
            );
        }
        self.shared().ids.go_on(lease);
        Ok(())
    }
}

/// Renews a lease, or gives another number.
async fn grant(tx: &mut Tx, held: Option<Lease>, last: i64, length_us: i64) -> Result<Lease> {
    let now = tx.now().as_microsecond();
    if let Some(held) = held {
        let ids_until = held.ids_until.max(now.max(last) + length_us);
        let renewed = Lease { from: now, until: now + length_us, ids_until, ..held };
        if renew(tx, &renewed).await? {
            return Ok(renewed);
        }
    }
    take(tx, held, last, length_us).await
}

/// Whether the number was still the holder's.
async fn renew(tx: &mut Tx, lease: &Lease) -> Result<bool> {
    let sql = Sql::text(
        "update process set lease_until = $1, ids_until = $2 where number = $3 and holder = $4",
    );
    let sql = sql.bind(lease.until).bind(lease.ids_until).bind(lease.number).bind(lease.start);
    Ok(tx.exec(sql).await? == 1)
}

/// A number that nobody holds.
async fn take(tx: &mut Tx, held: Option<Lease>, last: i64, length_us: i64) -> Result<Lease> {
    // Whoever else takes one waits here, and sees then what was taken.
    let start = Sql::text(
        "insert into meta (name, value) values ('starts', '1') on conflict (name) \
         do update set value = cast(cast(meta.value as bigint) + 1 as text) returning value",
    );
    let counted = tx.row(start).await?.and_then(|row| row.str(0).parse().ok()).unwrap_or(1);
    let newest = tx.row(Sql::text("select coalesce(max(id), 0) from audit")).await?;
    let newest = newest.map_or(0, |row| row.int(0));
    let now = tx.now();
    let (number, ids_until) = free(tx, now, counted).await?;
    let now = now.as_microsecond();
    // Behind whoever had the number before, and behind all that is there.
    let behind = if newest == 0 { 0 } else { ids::moment_of(newest) + 1000 };
    let ids_from = ids_until.max(behind);
    let lease = Lease {
        number,
        start: held.map_or(counted, |held| held.start),
        from: now,
        until: now + length_us,
        ids_from,
        ids_until: ids_from.max(now).max(last) + length_us,
    };
    let sql = Sql::text(
        "insert into process (number, holder, lease_until, ids_until) values ($1, $2, $3, $4) \
         on conflict (number) do update set holder = excluded.holder, \
         lease_until = excluded.lease_until, ids_until = excluded.ids_until",
    );
    let sql = sql.bind(number).bind(lease.start).bind(lease.until).bind(lease.ids_until);
    tx.exec(sql).await?;
    Ok(lease)
}

/// The first free number from this one on, in a circle, and where its ids begin.
async fn free(tx: &mut Tx, now: Timestamp, from: i64) -> Result<(i64, i64)> {
    let rows = tx.rows(Sql::text("select number, lease_until, ids_until from process")).await?;
    let now = now.as_microsecond();
    // Nobody has promised more than a lease: the clock of who wrote that was wrong.
    let is_held = |until: i64| until > now && until <= now + 2 * LEASE_US;
    let one = |n: i64| {
        let number = (from + n) % NUMBERS;
        match rows.iter().find(|row| row.int(0) == number) {
            None => Some((number, 0)),
            Some(row) => (!is_held(row.int(1))).then(|| (number, row.int(2))),
        }
    };
    (0..NUMBERS).find_map(one).ok_or_else(|| {
        Error::Startup(format!(
            "{NUMBERS} processes are at work on this database, and no more can be: end one of them, \
             or wait a minute if some were killed just now"
        ))
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use tokio::task::JoinSet;

    use super::*;
    use crate::testing::both;
    use crate::{Clock, Setup};

    both! {
        so_many_at_a_time_and_no_more,
        who_was_away_goes_on_under_another_number,
        a_number_is_given_back_at_the_end,
        those_who_come_at_once_get_different_numbers,
    }

    const START: i64 = 1_763_683_200;

    async fn open() -> (Kernel, Clock) {
        let clock = Clock::at(Timestamp::from_second(START).unwrap());
        let mut setup = Setup::new(crate::testing::database(), Vec::new());
        setup.clock = clock.clone();
        (Kernel::open(setup).await.unwrap(), clock)
    }

    fn at(clock: &Clock, second: i64) {
        clock.set(Timestamp::from_second(START + second).unwrap());
    }

    /// Another process starts.
    async fn start(kernel: &Kernel) -> Result<Lease> {
        let ctx = identity::kernel_itself();
        kernel.aside(Kind::Claim, &ctx, |tx| Box::pin(grant(tx, None, 0, FIRST_US))).await
    }

    async fn write(kernel: &Kernel) -> Result<i64> {
        let ctx = identity::kernel_itself();
        kernel.run(&ctx, |tx| Box::pin(async move { Ok(tx.new_id::<Lease>().raw()) })).await
    }

    fn number_of(id: i64) -> i64 {
        (id >> 15) % NUMBERS
    }

    async fn so_many_at_a_time_and_no_more() {
        let (kernel, clock) = open().await;
        let mut held = vec![kernel.shared().ids.lease().unwrap()];
        for _ in 1..NUMBERS {
            held.push(start(&kernel).await.unwrap());
        }
        let numbers: BTreeSet<i64> = held.iter().map(|lease| lease.number).collect();
        assert_eq!(numbers.len(), 64);
        let refused = start(&kernel).await.unwrap_err();
        assert!(
            matches!(&refused, Error::Startup(why) if why.contains("64 processes")),
            "{refused}"
        );
        at(&clock, 9);
        assert!(start(&kernel).await.is_err(), "a second before the end of the leases");
        at(&clock, 10);
        for _ in 0..NUMBERS {
            let next = start(&kernel).await.unwrap();
            let before = held.iter().find(|lease| lease.number == next.number).unwrap();
            assert!(next.ids_from >= before.ids_until && next.start > before.start);
        }
    }

    async fn who_was_away_goes_on_under_another_number() {
        let (kernel, clock) = open().await;
        let before = write(&kernel).await.unwrap();
        at(&clock, 11);
        // All the others come while it is away.
        let others: Vec<Lease> = {
            let mut others = Vec::new();
            for _ in 0..NUMBERS {
                others.push(start(&kernel).await.unwrap());
            }
            others
        };
        let taken = others.iter().find(|lease| lease.number == number_of(before)).unwrap();
        assert!(ids::moment_of(before) < taken.ids_from);
        let refused = write(&kernel).await.unwrap_err();
        let again = matches!(&refused, Error::Storage { kind: StorageKind::Retry, .. });
        assert!(again, "nothing is written without a number, and it may be tried again: {refused}");
        at(&clock, 22);
        // One of them lives: it has renewed its own.
        let ctx = identity::kernel_itself();
        let living = others[0];
        let renewed = kernel
            .aside(Kind::Claim, &ctx, move |tx| Box::pin(grant(tx, Some(living), 0, LEASE_US)))
            .await
            .unwrap();
        assert_eq!((renewed.number, renewed.start), (living.number, living.start));
        let after = write(&kernel).await.unwrap();
        assert!(after > before);
        let now = kernel.shared().ids.lease().unwrap();
        assert_eq!(number_of(after), now.number);
        assert_ne!(now.number, living.number);
        let before = others.iter().find(|lease| lease.number == now.number).unwrap();
        assert!(ids::moment_of(after) >= before.ids_until, "behind whoever had it");
        // From here on it is renewed as it works.
        for second in (22..600).step_by(29) {
            at(&clock, second);
            assert_eq!(number_of(write(&kernel).await.unwrap()), now.number, "{second} s");
        }
    }

    async fn a_number_is_given_back_at_the_end() {
        let (kernel, _) = open().await;
        for _ in 1..NUMBERS {
            start(&kernel).await.unwrap();
        }
        let last = write(&kernel).await.unwrap();
        kernel.leave().await;
        let next = start(&kernel).await.unwrap();
        assert_eq!(next.number, number_of(last));
        assert!(next.ids_from > ids::moment_of(last));
        assert!(write(&kernel).await.is_err(), "all are taken");
    }

    async fn those_who_come_at_once_get_different_numbers() {
        let (kernel, _) = open().await;
        let mut coming = JoinSet::new();
        for _ in 1..NUMBERS {
            let kernel = kernel.clone();
            coming.spawn(async move { start(&kernel).await.unwrap() });
        }
        let leases = coming.join_all().await;
        let numbers: BTreeSet<i64> = leases.iter().map(|lease| lease.number).collect();
        let starts: BTreeSet<i64> = leases.iter().map(|lease| lease.start).collect();
        assert_eq!((numbers.len(), starts.len()), (63, 63));
    }
}
