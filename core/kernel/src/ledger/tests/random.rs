//! Random operations, each played on the ledger and on the model. What they answer must agree, and
//! so must all balances after every step; at the end the chain holds, everything derived is rebuilt
//! to the same rows, and reports taken on the way say what they said.
//!
//! `FONDACO_LEDGER_OPS` and `FONDACO_LEDGER_SEED` make it longer or play another run.

use std::collections::BTreeMap;

use fondaco_values::{AnyId, Date, Id, Timestamp};

use super::model::{Fact, Model, Said, functional};
use super::world::*;
use crate::error::{Error, Result};
use crate::ledger::*;
use crate::testing::{both, is_postgres};

both! {
    random_operations_agree_with_the_model,
}

const OPERATIONS: u64 = 10_000;
const START: i64 = 1_811_894_400; // 2027-06-02 12:00 UTC

/// SplitMix64.
pub(super) struct Chance(u64);

impl Chance {
    pub(super) fn below(&mut self, end: i64) -> i64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % end as u64) as i64
    }

    pub(super) fn percent(&mut self, chance: i64) -> bool {
        self.below(100) < chance
    }

    pub(super) fn of<T: Copy>(&mut self, among: &[T]) -> T {
        among[self.below(among.len() as i64) as usize]
    }

    /// A day of the three years that the test knows.
    pub(super) fn day(&mut self) -> Date {
        let (year, month) = (self.of(&[2024, 2025, 2026]), self.below(12) as i8 + 1);
        Date::new(year, month, self.below(28) as i8 + 1).unwrap()
    }
}

fn setting(name: &str, otherwise: u64) -> u64 {
    let set = std::env::var_os(name).and_then(|value| value.into_string().ok());
    set.and_then(|value| value.parse().ok()).unwrap_or(otherwise)
}

async fn random_operations_agree_with_the_model() {
    let seed = setting("FONDACO_LEDGER_SEED", 20_261_121);
    // Each is some forty round trips there.
    let usual = if is_postgres() { OPERATIONS / 5 } else { OPERATIONS };
    let operations = setting("FONDACO_LEDGER_OPS", usual);
    println!("seed {seed}, {operations} operations");
    let world = World::new().await;
    let mut run = Run {
        world,
        model: Model::new(),
        chance: Chance(seed),
        now: START,
        reports: Vec::new(),
        heard: BTreeMap::new(),
    };
    run.tick(0);
    for n in 0..operations {
        let said = run.operation().await;
        *run.heard.entry(said).or_default() += 1;
        run.compare(n).await;
    }
    run.at_the_end().await;
    for (what, times) in &run.heard {
        println!("{times:>7} {what}");
    }
    let rare = ["post ok", "post limit", "settle ok", "reverse ok", "match ok", "unmatch ok"];
    for what in rare.into_iter().filter(|_| operations >= OPERATIONS) {
        assert!(run.heard.get(what).is_some_and(|times| *times > 50), "{what} was hardly tried");
    }
}

pub(super) struct Run {
    pub(super) world: World,
    pub(super) model: Model,
    pub(super) chance: Chance,
    /// Seconds of the clock.
    pub(super) now: i64,
    /// Reports with what they said.
    pub(super) reports: Vec<(Filter, Vec<Group>, Vec<Balance>)>,
    heard: BTreeMap<String, u64>,
}

/// Runs a step on the ledger and commits whatever it did, also when it was refused. One time in
/// ten of those that succeed the transaction is thrown away, and nothing may be left of it.
macro_rules! step {
    ($run:ident, $throw:expr, $([$($held:ident),+],)? |$tx:ident| $body:expr) => {{
        let throw: bool = $throw;
        let ran = $run
            .world
            .run(move |$tx| {
                $($(let $held = $held.clone();)+)?
                Box::pin(async move {
                    let said = $body;
                    match (throw, said) {
                        (true, Ok(_)) => Err(Error::internal("thrown away")),
                        (_, said) => Ok(said),
                    }
                })
            })
            .await;
        match ran {
            Ok(said) => Some(said),
            Err(Error::Internal(text)) if text == "thrown away" => {
                $run.world.close_gaps().await;
                None
            }
            Err(error) => panic!("{error:?}"),
        }
    }};
}

/// The answer of the ledger in the words of the model.
fn heard<T>(said: Result<T>) -> Said<T> {
    const CODES: &[&str] = &[
        "too_few_lines",
        "wrong_unit",
        "subsidiary_missing",
        "unknown_currency",
        "functional_missing",
        "amount_missing",
        "unbalanced",
        "unbalanced_functional",
        "promise_ended",
        "settles_nothing",
        "settles_too_much",
        "not_reversible",
        "already_reversed",
        "matched_twice",
        "keeps_no_open_items",
        "match_across",
        "match_amount",
        "match_too_much",
        "nothing_to_match",
        "match_uneven",
        "already_unmatched",
        "year_closed",
        "period_is",
        "hard_lock_back",
        "year_order",
        "hard_locked",
        "year_not_closed",
    ];
    said.map_err(|error| match &error {
        Error::Invalid(problems) => {
            let code = problems[0].code.trim_start_matches("ledger_").to_owned();
            match code.as_str() {
                "below_floor" | "above_ceiling" => "limit",
                code => CODES
                    .iter()
                    .find(|known| **known == code)
                    .unwrap_or_else(|| panic!("{error:?}")),
            }
        }
        Error::Conflict { .. } => "key_reused",
        _ => panic!("{error:?}"),
    })
}

fn word<T>(what: &str, said: &Said<T>) -> String {
    format!("{what} {}", said.as_ref().map_or_else(|code| *code, |_| "ok"))
}

pub(super) use step;

type Answer = (i64, Date, Option<String>);

fn answer(posted: Posted) -> Answer {
    (posted.seq, posted.date, posted.number)
}

impl Run {
    fn tick(&mut self, seconds: i64) {
        self.now += seconds;
        self.world.clock.set(Timestamp::from_second(self.now).unwrap());
    }

    async fn operation(&mut self) -> String {
        match self.chance.below(100) {
            0..40 => self.post().await,
            40..52 => self.reserve().await,
            52..64 => self.settle().await,
            64..68 => self.release().await,
            68..76 => self.reverse().await,
            76..86 => self.pair().await,
            86..89 => self.unpair().await,
            89..93 => self.period().await,
            93 => self.lock().await,
            94 => self.year().await,
            95..97 => self.expire().await,
            97..99 => {
                step!(self, false, |tx| upkeep(tx).await).unwrap().unwrap();
                self.model.expire(self.now);
                "upkeep".to_owned()
            }
            _ => self.batch().await,
        }
    }

    fn amount(&mut self) -> i64 {
        match self.chance.below(20) {
            0 => 1,
            1..4 => 1 + self.chance.below(100_000),
            _ => 1 + self.chance.below(900),
        }
    }

    /// Money, invoices, dollars, what only their rate changes, goods with and without lots, leave,
    /// goods with their value; one in twelve is wrong somewhere.
    fn draft(&mut self) -> Draft {
        let amount = self.amount();
        let journal = self.chance.of(&["M", "M", "INV", "BILL"]);
        let mut draft = Draft::new(journal, self.chance.day(), format!("draft of {amount}"));
        let who = Id::<Account>::new(200 + self.chance.below(2)).any();
        let lot = self.chance.percent(40).then(|| AnyId::new(202 + self.chance.below(2)));
        let account = |name: &str| account_id(name);
        let lines = match self.chance.below(10) {
            0 => vec![
                Line::debit(account("bank"), EUR, amount),
                Line::credit(account("cash"), EUR, amount),
            ],
            1 => vec![
                Line::debit(account("cash"), EUR, amount),
                Line::credit(account("equity"), EUR, amount),
            ],
            2 => vec![
                Line::debit(account("receivable"), EUR, amount).for_(who).due(draft.date),
                Line::credit(account("revenue"), EUR, amount - amount / 5).tag("S20"),
                Line::credit(account("payable"), EUR, amount / 5 + i64::from(amount < 5)).for_(who),
            ],
            3 => vec![
                Line::debit(account("bank"), EUR, amount),
                Line::credit(account("receivable"), EUR, amount).for_(who),
            ],
            4 => {
                draft.exchange = true;
                let euros = amount * 9 / 10;
                vec![
                    Line::debit(account("receivable"), USD, amount).for_(who).functional(euros),
                    Line::credit(account("revenue"), EUR, euros.max(1)),
                    Line::signed(account("fx"), EUR, euros.max(1) - euros),
                ]
            }
            5 => self.goods("supplier", "shop", lot),
            6 => self.goods("shop", "customer", lot),
            7 => self.goods("shop", "shelf", lot),
            8 => {
                draft.exchange = true;
                let euros = self.chance.of(&[amount, -amount]);
                let owed = self.chance.of(&["receivable", "payable"]);
                vec![
                    Line::signed(account(owed), USD, 0).for_(who).functional(euros),
                    Line::signed(account("fx"), EUR, -euros),
                ]
            }
            _ => {
                let days = 500_000 * (1 + self.chance.below(6));
                let who = AnyId::new(204 + self.chance.below(2));
                let sign = self.chance.of(&[1, -1]);
                vec![
                    Line::signed(account("leave"), BOLT, sign * days).for_(who),
                    Line::signed(account("taken"), BOLT, -sign * days),
                ]
            }
        };
        draft.lines = lines.into_iter().filter(|l| l.amount != 0 || functional(l) != 0).collect();
        if self.chance.percent(8) {
            self.spoil(&mut draft);
        }
        draft
    }

    fn goods(&mut self, from: &str, to: &str, lot: Option<AnyId>) -> Vec<Line> {
        let pieces = 1_000_000 * (1 + self.chance.below(20));
        let unit = self.chance.of(&[BOLT, BOLT, NUT]);
        let line = |name: &str, amount| {
            let lot = lot.filter(|_| name == "shop" || name == "shelf");
            Line { subsidiary: lot, ..Line::signed(account_id(name), unit, amount) }
        };
        let mut lines = vec![line(from, -pieces), line(to, pieces)];
        if self.chance.percent(30) {
            // In the same entry, its value: one entry over two books.
            lines.push(Line::debit(account_id("expense"), EUR, pieces / 10_000));
            lines.push(Line::credit(account_id("bank"), EUR, pieces / 10_000));
        }
        lines
    }

    fn spoil(&mut self, draft: &mut Draft) {
        let at = self.chance.below(draft.lines.len() as i64) as usize;
        match self.chance.below(5) {
            0 => draft.lines[at].amount += 1,
            1 => draft.lines[at].subsidiary = None,
            2 => draft.lines[at].unit = BOLT,
            3 => draft.lines[at].amount = 0,
            _ => draft.lines.truncate(1),
        }
        if let Some(line) = draft.lines.get_mut(at) {
            line.functional = None;
        }
    }

    async fn post(&mut self) -> String {
        let mut draft = self.draft();
        if self.chance.percent(20) {
            draft.key = Some(format!("key {}", self.chance.below(100_000)));
        }
        let again = self.model.facts.iter().rev().find(|f| f.draft.key.is_some() && !f.year_end);
        if let Some(was) = again.filter(|_| self.chance.percent(10)) {
            draft = was.draft.clone();
            if self.chance.percent(30) {
                draft.text.push('!');
            }
        }
        self.play_post(draft).await
    }

    async fn play_post(&mut self, draft: Draft) -> String {
        let sent = draft.clone();
        let throw = self.chance.percent(10);
        let said = step!(self, throw, [sent], |tx| post(tx, sent).await);
        let Some(said) = said else { return "post thrown away".to_owned() };
        let (said, told) = (heard(said.map(answer)), self.model.post(&draft));
        assert_eq!(said, told, "{draft:?}");
        word("post", &told)
    }

    async fn batch(&mut self) -> String {
        let drafts: Vec<Draft> = (0..3).map(|_| self.draft()).collect();
        let sent = drafts.clone();
        let said = step!(self, false, [sent], |tx| post_batch(tx, sent).await);
        let said = heard(said.unwrap());
        let said = said.map(|posted| posted.into_iter().map(answer).collect::<Vec<Answer>>());
        let told = self.model.post_all(&drafts);
        assert_eq!(said, told, "{drafts:?}");
        word("batch", &told)
    }

    async fn reserve(&mut self) -> String {
        let draft = self.draft();
        let expires = self.chance.percent(30).then(|| self.now + 1 + self.chance.below(5_000));
        let until = expires.map(|at| Timestamp::from_second(at).unwrap());
        let sent = draft.clone();
        let throw = self.chance.percent(10);
        let said = step!(self, throw, [sent], |tx| reserve(tx, sent, until).await);
        let Some(said) = said else { return "reserve thrown away".to_owned() };
        let said = heard(said);
        let id = said.map_or(0, Id::raw);
        let told = self.model.reserve(id, &draft, expires);
        assert_eq!(said.map(drop), told, "{draft:?}");
        word("reserve", &told)
    }

    fn some_promise(&mut self) -> Option<usize> {
        let open: Vec<usize> = self
            .model
            .promises
            .iter()
            .enumerate()
            .filter(|(_, p)| p.open)
            .map(|(n, _)| n)
            .collect();
        match self.chance.percent(90) && !open.is_empty() {
            true => Some(self.chance.of(&open)),
            false => (!self.model.promises.is_empty())
                .then(|| self.chance.below(self.model.promises.len() as i64) as usize),
        }
    }

    async fn settle(&mut self) -> String {
        let Some(n) = self.some_promise() else { return "settle nothing there".to_owned() };
        let promise = self.model.promises[n].clone();
        let id = Id::<Pending>::new(promise.id);
        let left = promise.total - promise.settled;
        let amount = match self.chance.below(10) {
            0 => left + 1,
            1 => 0,
            2..6 => left,
            _ => 1 + self.chance.below(left.max(1)),
        };
        // As promised in proportion, or as it comes; what fits is posted, what does not is refused.
        let mut draft = promise.draft.clone();
        draft.key = None;
        if draft.lines.len() == 2 {
            for line in &mut draft.lines {
                line.amount = line.amount.signum() * amount;
                line.functional = None;
            }
            if draft.lines.iter().any(|line| line.unit == USD) {
                return "settle of dollars".to_owned();
            }
        }
        let rest = self.chance.of(&[Rest::Keep, Rest::Keep, Rest::Return]);
        let sent = draft.clone();
        let throw = self.chance.percent(10);
        let said = step!(self, throw, [sent], |tx| settle(tx, id, amount, sent, rest).await);
        let Some(said) = said else { return "settle thrown away".to_owned() };
        let (said, told) = (heard(said.map(answer)), self.model.settle(n, amount, &draft, rest));
        assert_eq!(said, told, "{amount} of {promise:?} as {draft:?}");
        word("settle", &told)
    }

    async fn release(&mut self) -> String {
        let Some(n) = self.some_promise() else { return "release nothing there".to_owned() };
        let id = Id::<Pending>::new(self.model.promises[n].id);
        let said = heard(step!(self, false, |tx| release(tx, id).await).unwrap());
        let told = self.model.release(n);
        assert_eq!(said, told);
        word("release", &told)
    }

    async fn expire(&mut self) -> String {
        let seconds = self.chance.below(2_000);
        self.tick(seconds);
        let said = step!(self, false, |tx| expire_due(tx).await).unwrap().unwrap();
        assert_eq!(said, self.model.expire(self.now));
        "expire".to_owned()
    }

    fn some_fact(&mut self) -> Option<usize> {
        let count = self.model.facts.len() as i64;
        // The last ones more often: they are not reversed yet.
        let back = if self.chance.percent(70) {
            self.chance.below(30)
        } else {
            self.chance.below(count.max(1))
        };
        (count > 0).then(|| (count - 1 - back).max(0) as usize)
    }

    async fn reverse(&mut self) -> String {
        let Some(n) = self.some_fact() else { return "reverse nothing there".to_owned() };
        let (id, day) = (Id::<Entry>::new(self.model.facts[n].seq), self.chance.day());
        let mode = self.chance.of(&[Mode::Opposite, Mode::Storno]);
        let throw = self.chance.percent(10);
        let said = step!(self, throw, |tx| reverse(tx, id, day, "a mistake", mode).await);
        let Some(said) = said else { return "reverse thrown away".to_owned() };
        let told = self.model.reverse(n, day, mode);
        assert_eq!(heard(said.map(answer)), told, "{:?}", self.model.facts[n]);
        word("reverse", &told)
    }

    /// A line and one that could match it: the same account, subsidiary and unit, other side.
    fn parts(&mut self) -> Option<Vec<(usize, usize, i64)>> {
        let open = |fact: &Fact| fact.left.iter().position(|left| *left != 0);
        let facts = &self.model.facts;
        let items: Vec<(usize, usize)> =
            facts.iter().enumerate().filter_map(|(n, f)| Some((n, open(f)?))).collect();
        let (entry, line) = *items.get(self.chance.below(items.len().max(1) as i64) as usize)?;
        let of = |n: usize, l: usize| {
            let line = &facts[n].draft.lines[l];
            (line.account, line.subsidiary, line.unit)
        };
        let left = facts[entry].left[line];
        let fits = |(n, l): &(usize, usize)| {
            of(*n, *l) == of(entry, line) && facts[*n].left[*l].signum() == -left.signum()
        };
        let other = items.iter().copied().filter(fits).collect::<Vec<_>>();
        if other.is_empty() {
            return Some(vec![(entry, line, left.abs()), (entry, line, left.abs())]);
        }
        let (n, l) = other[self.chance.below(other.len() as i64) as usize];
        let most = left.abs().min(facts[n].left[l].abs());
        let amount = match self.chance.below(10) {
            0 => most + 1,
            1..4 => 1 + self.chance.below(most),
            _ => most,
        };
        let uneven = i64::from(self.chance.percent(5));
        Some(vec![(entry, line, amount), (n, l, amount - uneven)])
    }

    async fn pair(&mut self) -> String {
        let Some(parts) = self.parts() else { return "match nothing there".to_owned() };
        let seq = |n: usize| Id::<Entry>::new(self.model.facts[n].seq);
        let sent: Vec<Part> = parts
            .iter()
            .map(|(n, line, amount)| Part::of(LineRef::new(seq(*n), *line as i64 + 1), *amount))
            .collect();
        let throw = self.chance.percent(10);
        let said = step!(self, throw, [sent], |tx| match_items(tx, &sent).await);
        let Some(said) = said else { return "match thrown away".to_owned() };
        let said = heard(said);
        let told = self.model.pair(said.map_or(0, |matched| matched.id.raw()), &parts);
        assert_eq!(said.map(drop), told, "{parts:?}");
        word("match", &told)
    }

    async fn unpair(&mut self) -> String {
        let count = self.model.pairings.len() as i64;
        if count == 0 {
            return "unmatch nothing there".to_owned();
        }
        let n = self.chance.below(count) as usize;
        let id = Id::<Matched>::new(self.model.pairings[n].id);
        let said = heard(step!(self, false, |tx| unmatch(tx, id).await).unwrap());
        let told = self.model.unpair(n);
        assert_eq!(said, told);
        word("unmatch", &told)
    }

    async fn period(&mut self) -> String {
        let book = self.chance.of(&[GENERAL, GENERAL, STOCK, TIME]);
        let day = self.chance.day();
        // Locks are for good: were they frequent, the test would end with nothing to do.
        let (what, from, to) = match self.chance.below(20) {
            0 if day.year() == 2024 => ("lock", "closed", "locked"),
            0..8 => ("close", "open", "closed"),
            _ => ("reopen", "closed", "open"),
        };
        let said = match what {
            "lock" => step!(self, false, |tx| period::lock(tx, book, day).await),
            "close" => step!(self, false, |tx| period::close(tx, book, day).await),
            _ => step!(self, false, |tx| period::reopen(tx, book, day).await),
        };
        let told = self.model.step(book, day, from, to);
        assert_eq!(heard(said.unwrap()), told, "{what} {book} {day}");
        word(what, &told)
    }

    async fn lock(&mut self) -> String {
        let book = self.chance.of(&[GENERAL, STOCK]);
        let day = self.chance.day();
        if day.year() == 2024 && day.month() < 6 {
            let said =
                heard(step!(self, false, |tx| period::lock_hard(tx, book, day).await).unwrap());
            let told = self.model.lock_hard(book, day);
            assert_eq!(said, told);
            return word("hard lock", &told);
        }
        let until = self.chance.percent(50).then_some(day).filter(|day| day.year() < 2026);
        step!(self, false, |tx| period::lock_softly(tx, book, until).await).unwrap().unwrap();
        self.model.soft.remove(book);
        self.model.soft.extend(until.map(|day| (book, day)));
        "soft lock".to_owned()
    }

    async fn year(&mut self) -> String {
        let year = self.chance.of(&[2024, 2025, 2026]);
        let (day, equity) = (Date::new(year, 6, 1).unwrap(), account_id("equity"));
        let (what, said, told) = if self.chance.percent(50) {
            let said = step!(self, false, |tx| close_year(tx, day, equity, "M").await);
            ("close year", said, self.model.close_year(year, equity, "M"))
        } else {
            let said = step!(self, false, |tx| reopen_year(tx, day, "late bills").await);
            ("reopen year", said, self.model.reopen_year(year))
        };
        assert_eq!(heard(said.unwrap()).map(drop), told, "{what} {year}");
        word(what, &told)
    }
}
