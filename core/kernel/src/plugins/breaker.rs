//! When a plugin is left alone: after some failures in a row its hook rests, twice as long each time,
//! and then has one try. Kept by the process, since a rollback must not forget it.
//! Not here: what a deed does without the answer (`policy`).

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use fondaco_values::Timestamp;

/// Failures in a row after which a hook rests.
pub const STRIKES: u32 = 3;
pub const PAUSE_S_MIN: i64 = 30;
pub const PAUSE_S_MAX: i64 = 3_600;

/// By digest of the plugin and name of the hook.
#[derive(Debug, Default)]
pub(crate) struct Breakers(Mutex<HashMap<(String, String), State>>);

#[derive(Clone, Debug, Default)]
struct State {
    strikes: u32,
    pause_s: i64,
    until: Option<Timestamp>,
    last: String,
}

impl Breakers {
    /// Why the hook is not asked now; `None` when it is.
    pub(crate) fn rests(&self, digest: &str, hook: &str, now: Timestamp) -> Option<String> {
        let states = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if states.is_empty() {
            return None;
        }
        let state = states.get(&(digest.to_owned(), hook.to_owned()))?;
        let until = state.until.filter(|until| now < *until)?;
        Some(format!(
            "it failed {} times in a row and is left alone until {until}; the last time: {}",
            state.strikes, state.last
        ))
    }

    pub(crate) fn answered(&self, digest: &str, hook: &str) {
        let mut states = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !states.is_empty() {
            states.remove(&(digest.to_owned(), hook.to_owned()));
        }
    }

    pub(crate) fn failed(&self, digest: &str, hook: &str, now: Timestamp, why: &str) {
        let mut states = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let state = states.entry((digest.to_owned(), hook.to_owned())).or_default();
        state.strikes = state.strikes.saturating_add(1);
        state.last = why.to_owned();
        if state.strikes >= STRIKES {
            state.pause_s = (state.pause_s * 2).clamp(PAUSE_S_MIN, PAUSE_S_MAX);
            let until = now.as_second().saturating_add(state.pause_s);
            state.until = Timestamp::from_second(until).ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hook_that_fails_rests_longer_each_time_and_an_answer_makes_it_good() {
        let breakers = Breakers::default();
        let at = |second: i64| Timestamp::from_second(second).unwrap();
        let rests = |second| breakers.rests("d", "h", at(second)).is_some();
        for second in [0, 1] {
            breakers.failed("d", "h", at(second), "trap");
            assert!(!rests(second), "two failures are no pattern");
        }
        // (when it fails again, it rests until)
        for (fails, until) in [(2, 32), (40, 100), (100, 220), (220, 460), (460, 940), (940, 1900)]
        {
            breakers.failed("d", "h", at(fails), "trap");
            assert!(rests(until - 1), "{fails}");
            assert!(!rests(until), "{fails}: it has one try");
        }
        breakers.failed("d", "h", at(5_000), "trap");
        breakers.failed("d", "h", at(9_000), "trap");
        assert!(rests(12_599) && !rests(12_600), "an hour is the longest");
        assert!(breakers.rests("d", "other", at(9_001)).is_none());
        breakers.answered("d", "h");
        breakers.failed("d", "h", at(20_000), "trap");
        assert!(!rests(20_000));
    }
}
