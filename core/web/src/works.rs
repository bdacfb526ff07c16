//! Work that somebody began and that takes longer than a page may: how far it has come, and how it ended,
//! for whoever began it. Kept by the process; what was done stands in the database.

use std::collections::VecDeque;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fondaco_kernel::values::AnyId;

/// Works that are remembered; the oldest goes.
const KEPT_MAX: usize = 64;

#[derive(Default)]
pub(crate) struct Works(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    last: u64,
    works: VecDeque<Work>,
}

/// One of them, as it stands.
#[derive(Clone, Debug)]
pub(crate) struct Work {
    pub(crate) id: u64,
    /// Who began it.
    owner: AnyId,
    /// What the page about it is called, by the key of the text.
    pub(crate) title: &'static str,
    /// Where to go on when it is done.
    pub(crate) next: String,
    pub(crate) done: u64,
    pub(crate) total: u64,
    pub(crate) end: Option<End>,
}

/// How it ended: with sentences.
#[derive(Clone, Debug)]
pub(crate) enum End {
    Well(Vec<String>),
    Badly(Vec<String>),
}

impl Works {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn begin(self: &Arc<Works>, owner: AnyId, title: &'static str, next: &str) -> Hold {
        let mut kept = self.kept();
        kept.last += 1;
        let id = kept.last;
        let next = next.to_owned();
        kept.works.push_back(Work { id, owner, title, next, done: 0, total: 0, end: None });
        if kept.works.len() > KEPT_MAX {
            kept.works.pop_front();
        }
        Hold { works: self.clone(), id }
    }

    /// `None` for what is another's.
    pub(crate) fn of(&self, owner: AnyId, id: u64) -> Option<Work> {
        let kept = self.kept();
        kept.works.iter().find(|work| work.id == id && work.owner == owner).cloned()
    }
}

/// Does work beside the page about it. What it does to the database is whole or not there, so the end of the
/// process loses nothing but the page.
#[expect(clippy::disallowed_methods, reason = "somebody waits for it and sees how far it is")]
pub(crate) fn beside(work: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(work);
}

/// Whoever does it tells how far he is.
#[derive(Clone)]
pub(crate) struct Hold {
    works: Arc<Works>,
    pub(crate) id: u64,
}

impl Hold {
    fn with(&self, change: impl FnOnce(&mut Work)) {
        if let Some(work) = self.works.kept().works.iter_mut().find(|work| work.id == self.id) {
            change(work);
        }
    }

    pub(crate) fn at(&self, done: u64, total: u64) {
        self.with(|work| (work.done, work.total) = (done, total));
    }

    pub(crate) fn end(&self, end: End) {
        self.with(|work| work.end = Some(end));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_its_owner_sees_it_and_the_oldest_goes() {
        let works = Arc::new(Works::default());
        let (mine, yours) = (AnyId::new(1), AnyId::new(2));
        let hold = works.begin(mine, "office-verify", "/settings/ledger");
        hold.at(3, 9);
        let seen = works.of(mine, hold.id).unwrap();
        assert_eq!((seen.done, seen.total, seen.end.is_none()), (3, 9, true));
        assert!(works.of(yours, hold.id).is_none());
        hold.end(End::Well(vec!["done".to_owned()]));
        assert!(works.of(mine, hold.id).unwrap().end.is_some());
        for _ in 0..KEPT_MAX {
            works.begin(yours, "office-verify", "/settings/ledger");
        }
        assert!(works.of(mine, hold.id).is_none());
    }
}
