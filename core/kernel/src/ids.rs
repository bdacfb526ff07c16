//! Ids in order of time: 41 bits of milliseconds since 2020, 6 bits for the process, 15 to count.
//! Not here: how a process comes by its number, and keeps it (`processes`).
//! INVARIANT: an id is below the fence of the lease under which it was given, and whoever has the
//! number next begins at that fence. So no pause, no clock and no lost message makes two processes
//! give the same id: what one may still give was set aside for it before.

use std::sync::{Mutex, MutexGuard, PoisonError};

use fondaco_values::Timestamp;

const EPOCH_US: i64 = 1_577_836_800_000_000;
const COUNT_BITS: u32 = 15;
pub(crate) const PROCESS_BITS: u32 = 6;
/// Ids of one millisecond.
const MS: i64 = 1 << (COUNT_BITS + PROCESS_BITS);

/// The right to give ids under a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lease {
    pub(crate) number: i64,
    /// The start of this process among all starts on the database.
    pub(crate) start: i64,
    /// When it was given, and until when nobody else takes the number; microseconds since 1970.
    pub(crate) from: i64,
    pub(crate) until: i64,
    /// Ids are of this moment at the earliest, and before that one; microseconds since 1970.
    pub(crate) ids_from: i64,
    pub(crate) ids_until: i64,
}

#[derive(Default)]
pub(crate) struct Ids(Mutex<Given>);

#[derive(Default)]
struct Given {
    last: i64,
    /// `None`: nobody else gives ids.
    lease: Option<Lease>,
}

/// The smallest id of a moment.
fn first_of(us: i64) -> i64 {
    ((us - EPOCH_US) / 1000).max(0).saturating_mul(MS)
}

/// The moment of an id.
pub(crate) fn moment_of(id: i64) -> i64 {
    id / MS * 1000 + EPOCH_US
}

impl Given {
    fn process(&self) -> i64 {
        self.lease.map_or(0, |lease| lease.number << COUNT_BITS)
    }

    fn follow(&self) -> i64 {
        let next = self.last + 1;
        let is_full = next % (1 << COUNT_BITS) == 0;
        // The count of a millisecond is used up: borrow from the next one.
        if is_full { (self.last / MS + 1) * MS + self.process() } else { next }
    }

    fn fence(&self) -> i64 {
        self.lease.map_or(i64::MAX, |lease| first_of(lease.ids_until))
    }
}

impl Ids {
    fn given(&self) -> MutexGuard<'_, Given> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next one; `None` when it would be behind the fence. An hour behind the fence is not waited
    /// for: the id is then of an earlier one.
    pub(crate) fn next(&self, now: Timestamp) -> Option<i64> {
        let mut given = self.given();
        let fence = given.fence();
        let by_time = first_of(now.as_microsecond()).max(MS) + given.process();
        let follow = given.follow();
        let next = if by_time < fence { by_time.max(follow) } else { follow };
        (next < fence).then(|| {
            given.last = next;
            next
        })
    }

    pub(crate) fn lease(&self) -> Option<Lease> {
        self.given().lease
    }

    /// The moment of the last one that was given.
    pub(crate) fn last(&self) -> i64 {
        moment_of(self.given().last)
    }

    /// The number of this process among those on one database.
    pub(crate) fn process(&self) -> i64 {
        self.given().lease.map_or(0, |lease| lease.number)
    }

    /// Which start of a process this one is.
    pub(crate) fn start(&self) -> i64 {
        self.given().lease.map_or(0, |lease| lease.start)
    }

    /// Whether the lease is at its half, in time or in ids.
    pub(crate) fn is_due(&self, now: Timestamp) -> bool {
        let given = self.given();
        let Some(lease) = given.lease else { return false };
        let half = (lease.until - lease.from) / 2;
        let now = now.as_microsecond();
        now >= lease.from + half || now.max(moment_of(given.last)) >= lease.ids_until - half
    }

    /// Whether the lease has ended.
    pub(crate) fn is_over(&self, now: Timestamp) -> bool {
        self.lease().is_some_and(|lease| now.as_microsecond() >= lease.until)
    }

    /// Goes on under this lease. Ids stay above every one given before.
    pub(crate) fn go_on(&self, lease: Lease) {
        let mut given = self.given();
        let same = given.lease.is_some_and(|known| known.number == lease.number);
        given.lease = Some(lease);
        let process = given.process();
        if !same {
            let after = if given.last == 0 { 0 } else { (given.last / MS + 1) * MS + process };
            let first = first_of(lease.ids_from);
            given.last = after.max(if first == 0 { 0 } else { first + process });
        }
    }

    /// Ends this lease and answers it. What is in flight still has the ids of the last millisecond;
    /// behind that is the fence.
    pub(crate) fn stop(&self) -> Option<Lease> {
        let mut given = self.given();
        let last = given.last;
        let lease = given.lease.as_mut()?;
        lease.ids_until = lease.ids_until.min(moment_of(last) + 1000);
        (lease.until, lease.from) = (0, 0);
        Some(*lease)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lease(number: i64, ids_from: i64, ids_until: i64) -> Lease {
        Lease { number, start: number, from: ids_from, until: ids_until, ids_from, ids_until }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    const S: i64 = 1_000_000;
    const DAY: i64 = 1_800_000_000;

    #[test]
    fn ids_go_up_even_when_the_clock_goes_back() {
        let ids = Ids::default();
        let hours = [DAY, DAY, DAY - 100_000_000, DAY];
        let given = hours.map(|hour| ids.next(at(hour)).unwrap());
        assert!(given.windows(2).all(|w| w[0] < w[1]), "{given:?}");
    }

    #[test]
    fn two_processes_never_give_the_same_id() {
        let (one, two) = (Ids::default(), Ids::default());
        one.go_on(lease(1, 0, (DAY + 60) * S));
        two.go_on(lease(2, 0, (DAY + 60) * S));
        let count = 3 << COUNT_BITS;
        let mut given: Vec<i64> =
            (0..count).flat_map(|_| [one.next(at(DAY)), two.next(at(DAY))]).flatten().collect();
        assert_eq!(given.len(), 2 * count);
        given.sort_unstable();
        assert!(given.windows(2).all(|w| w[0] < w[1]));
    }

    /// The one that was paused still has its own ids, and no others; its successor begins behind.
    #[test]
    fn one_number_and_two_holders() {
        let (old, new) = (Ids::default(), Ids::default());
        old.go_on(lease(7, DAY * S, (DAY + 60) * S));
        let before = old.next(at(DAY + 59)).unwrap();
        new.go_on(lease(7, (DAY + 60) * S, (DAY + 120) * S));
        // Whatever the two clocks say.
        let of_new: Vec<i64> =
            [0, 30, 60, 61, 500].iter().map(|s| new.next(at(DAY + s)).unwrap()).collect();
        let of_old: Vec<i64> =
            [60, 61, 500].iter().map(|s| old.next(at(DAY + s)).unwrap()).collect();
        assert!(of_old[0] > before && of_old.windows(2).all(|w| w[0] < w[1]), "{of_old:?}");
        assert!(of_old[2] < of_new[0], "{of_old:?} {of_new:?}");
        assert!(of_new.windows(2).all(|w| w[0] < w[1]), "{of_new:?}");
    }

    #[test]
    fn behind_the_fence_there_are_none() {
        let ids = Ids::default();
        let (from, until) = (DAY * S, DAY * S + 2000);
        ids.go_on(lease(3, from, until));
        let given: Vec<i64> = std::iter::from_fn(|| ids.next(at(DAY))).collect();
        assert_eq!(given.len(), 2 * (1 << COUNT_BITS) - 1, "two milliseconds, but for the first");
        assert!(ids.is_due(at(DAY)), "in ids, though not in time");
        ids.go_on(lease(3, from, until + 1000));
        assert!(ids.next(at(DAY)).unwrap() > *given.last().unwrap());
        let stopped = ids.stop().unwrap();
        assert_eq!((stopped.ids_until, stopped.until), (until + 1000, 0));
    }

    #[test]
    fn a_lease_is_due_at_its_half() {
        let ids = Ids::default();
        assert!(!ids.is_due(at(DAY)), "nobody else gives ids");
        ids.go_on(lease(3, DAY * S, (DAY + 60) * S));
        for (second, due, over) in
            [(0, false, false), (29, false, false), (30, true, false), (60, true, true)]
        {
            assert_eq!(
                (ids.is_due(at(DAY + second)), ids.is_over(at(DAY + second))),
                (due, over),
                "{second} s"
            );
        }
        ids.stop();
        assert!(ids.is_due(at(DAY)) && ids.is_over(at(DAY)), "it was given back");
        let (next, fence) = (ids.next(at(DAY + 1)).unwrap(), ids.lease().unwrap().ids_until);
        assert!(moment_of(next) < fence && fence == DAY * S + 1000, "what is in flight ends well");
    }
}
