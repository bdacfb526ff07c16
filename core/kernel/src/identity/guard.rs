//! The guard before every check of a password: after each failure one waits longer. Failures are
//! counted by credential and source, whether the login exists or not, so that nobody learns which
//! do and nobody shuts out another by guessing from elsewhere.
//! Source of the steps: Kanidm's soft lock.
//! Not here: the check itself (`password`). INVARIANT: it is asked while one of the few permits to
//! hash is held, and a failure is written before the permit is given back; so guesses that run side
//! by side pass a step at most as often as there are permits.

use std::net::IpAddr;

use fondaco_values::Timestamp;
use sha2::{Digest, Sha256};

use crate::db::{Row, Sql};
use crate::error::{Error, Result};
use crate::tx::Tx;

const DAY_S: i64 = 86_400;
/// The row that counts failures from all sources together.
const EVERYWHERE: &str = "*";
/// Failures from everywhere after which only sources that were right before are let through.
const EVERYWHERE_MAX: i64 = 100;

/// What is guarded: one credential, tried from one source.
#[derive(Clone, Debug)]
pub(super) struct Guarded {
    credential: Vec<u8>,
    source: String,
}

impl Guarded {
    /// The login is kept as a digest: people type passwords into the wrong box.
    pub(super) fn new(login: &str, source: &str) -> Guarded {
        let credential = Sha256::digest(login.as_bytes()).to_vec();
        Guarded { credential, source: network(source) }
    }
}

/// Seconds to wait after so many failures of the day, counted from the last one.
fn pause_s(failures: i64, failed_at: Timestamp) -> i64 {
    match failures {
        ..=0 => 0,
        1..3 => 1,
        3..9 => 3,
        9..25 => 5,
        25..100 => 10,
        _ => DAY_S - failed_at.as_second().rem_euclid(DAY_S),
    }
}

/// What one source, or all together, did with a credential. Failures count until the end of the
/// day (UTC).
#[derive(Clone, Copy, Debug)]
struct Tries {
    failures: i64,
    failed_at: Timestamp,
    /// It was right from here before.
    familiar: bool,
}

impl Tries {
    fn failures_on(&self, now: Timestamp) -> i64 {
        let day = |at: Timestamp| at.as_second().div_euclid(DAY_S);
        if day(self.failed_at) == day(now) { self.failures } else { 0 }
    }

    fn wait_s(&self, now: Timestamp) -> i64 {
        let pause = pause_s(self.failures_on(now), self.failed_at);
        (self.failed_at.as_second() + pause - now.as_second()).max(0)
    }
}

/// Seconds until the next attempt is looked at.
fn wait_s(own: Option<Tries>, everywhere: Option<Tries>, now: Timestamp) -> i64 {
    let here = own.map_or(0, |tries| tries.wait_s(now));
    let familiar = own.is_some_and(|tries| tries.familiar);
    let besieged = everywhere.filter(|all| !familiar && all.failures_on(now) >= EVERYWHERE_MAX);
    here.max(besieged.map_or(0, |all| all.wait_s(now)))
}

/// # Errors
/// `TooMany` while one has to wait.
pub(super) async fn ask(tx: &mut Tx, guarded: &Guarded) -> Result<()> {
    let sql = Sql::text(
        "select source, failures, failed_at, good_at from identity_guard \
         where credential = $1 and source in ($2, $3)",
    );
    let sql = sql.bind(guarded.credential.clone()).bind(&guarded.source).bind(EVERYWHERE);
    let rows = tx.rows(sql).await?;
    let of = |source: &str| rows.iter().find(|row| row.str(0) == source).map(tries);
    match wait_s(of(&guarded.source), of(EVERYWHERE), tx.now()) {
        0 => Ok(()),
        retry_after_s => Err(Error::TooMany { retry_after_s }),
    }
}

fn tries(row: &Row) -> Tries {
    let failed_at = Timestamp::from_microsecond(row.int(2)).unwrap_or(Timestamp::UNIX_EPOCH);
    Tries { failures: row.int(1), failed_at, familiar: row.opt_int(3).is_some() }
}

/// Counts a failure, from its source and from everywhere.
pub(super) async fn failed(tx: &mut Tx, guarded: &Guarded) -> Result<()> {
    let today = tx.now().as_second().div_euclid(DAY_S) * DAY_S * 1_000_000;
    for source in [guarded.source.as_str(), EVERYWHERE] {
        let sql = Sql::text(
            "insert into identity_guard (credential, source, failures, failed_at) \
             values ($1, $2, 1, $3) \
             on conflict (credential, source) do update set failed_at = excluded.failed_at, failures = \
             case when identity_guard.failed_at < $4 then 1 else identity_guard.failures + 1 end",
        );
        let sql = sql.bind(guarded.credential.clone()).bind(source).bind(tx.now()).bind(today);
        tx.exec(sql).await?;
    }
    // What was never right and is of an earlier day says nothing any more.
    let old = Sql::text("delete from identity_guard where failed_at < $1 and good_at is null");
    tx.exec(old.bind(today)).await.map(drop)
}

/// Forgets the failures from this source and keeps that it is a familiar one.
pub(super) async fn succeeded(tx: &mut Tx, guarded: &Guarded) -> Result<()> {
    let sql = Sql::text(
        "insert into identity_guard (credential, source, failures, failed_at, good_at) \
         values ($1, $2, 0, $3, $3) \
         on conflict (credential, source) do update set failures = 0, good_at = excluded.good_at",
    );
    let sql = sql.bind(guarded.credential.clone()).bind(&guarded.source).bind(tx.now());
    tx.exec(sql).await.map(drop)
}

/// A source as far as one attacker can easily change it: the /24 of an IPv4 address, the /48 of an
/// IPv6 one; what is no address (`console`) as it is.
fn network(source: &str) -> String {
    match source.parse::<IpAddr>().map(|address| address.to_canonical()) {
        Ok(IpAddr::V4(v4)) => {
            let [a, b, c, _] = v4.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        Ok(IpAddr::V6(v6)) => {
            let [a, b, c, ..] = v6.segments();
            format!("{a:x}:{b:x}:{c:x}::/48")
        }
        Err(_) => source.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_763_683_200 + second).unwrap() // a midnight
    }

    #[test]
    fn each_step_waits_longer_and_the_last_to_the_end_of_the_day() {
        let cases = [
            (0, 0),
            (1, 1),
            (2, 1),
            (3, 3),
            (8, 3),
            (9, 5),
            (24, 5),
            (25, 10),
            (99, 10),
            (100, DAY_S - 600),
            (5_000, DAY_S - 600),
        ];
        for (failures, wait) in cases {
            let tries = Tries { failures, failed_at: at(600), familiar: false };
            assert_eq!(tries.wait_s(at(600)), wait, "after {failures} failures");
            assert_eq!(tries.wait_s(at(600 + wait)), 0, "{failures} failures, {wait} s later");
        }
    }

    #[test]
    fn a_new_day_forgets() {
        let tries = Tries { failures: 99, failed_at: at(DAY_S - 1), familiar: false };
        assert_eq!(tries.wait_s(at(DAY_S - 1)), 10);
        assert_eq!(tries.wait_s(at(DAY_S)), 0);
    }

    #[test]
    fn a_siege_from_everywhere_does_not_shut_out_familiar_sources() {
        let siege = Some(Tries { failures: 100, failed_at: at(600), familiar: false });
        let own = |familiar| Some(Tries { failures: 0, failed_at: at(0), familiar });
        let cases = [
            ("stranger", None, siege, DAY_S - 600),
            ("known, never right", own(false), siege, DAY_S - 600),
            ("familiar", own(true), siege, 0),
            ("no siege yet", None, siege.map(|s| Tries { failures: 99, ..s }), 0),
        ];
        for (name, own, everywhere, wait) in cases {
            assert_eq!(wait_s(own, everywhere, at(600)), wait, "{name}");
        }
    }

    #[test]
    fn a_source_is_its_network() {
        for (source, network_of) in [
            ("192.0.2.7", "192.0.2.0/24"),
            ("::ffff:192.0.2.9", "192.0.2.0/24"),
            ("2001:db8:1:2::3", "2001:db8:1::/48"),
            ("console", "console"),
        ] {
            assert_eq!(network(source), network_of);
        }
    }
}
