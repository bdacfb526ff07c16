//! The ledger once more, told as plainly as possible: lists, and sums over them. It shares no code
//! with the real one but its public types, and knows what every operation must answer.
//! Not here: which operations are tried (`random`).

use std::collections::{BTreeMap, BTreeSet};

use fondaco_values::{AnyId, Date, Id};

use super::world::{ACCOUNTS, EUR, USD};
use crate::ledger::{Account, Draft, Line, Mode, Rest};

/// What the ledger must say: what was posted, or the code of the refusal.
pub(super) type Said<T> = Result<T, &'static str>;

#[derive(Clone, Debug)]
pub(super) struct Fact {
    pub(super) seq: i64,
    pub(super) day: Date,
    pub(super) number: Option<String>,
    pub(super) draft: Draft,
    pub(super) reversed: bool,
    pub(super) year_end: bool,
    /// What is left of each line on an account with open items.
    pub(super) left: Vec<i64>,
}

#[derive(Clone, Debug)]
pub(super) struct Promise {
    pub(super) id: i64,
    pub(super) draft: Draft,
    pub(super) total: i64,
    pub(super) settled: i64,
    pub(super) open: bool,
    /// Seconds of the test's clock.
    pub(super) expires: Option<i64>,
}

#[derive(Clone, Debug)]
pub(super) struct Pairing {
    pub(super) id: i64,
    /// Entry, line from 0, amount taken with its sign.
    pub(super) parts: Vec<(usize, usize, i64)>,
    pub(super) undone: bool,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Model {
    pub(super) facts: Vec<Fact>,
    pub(super) promises: Vec<Promise>,
    pub(super) pairings: Vec<Pairing>,
    pub(super) closed: BTreeSet<(&'static str, Date)>,
    pub(super) locked: BTreeSet<(&'static str, Date)>,
    pub(super) soft: BTreeMap<&'static str, Date>,
    pub(super) hard: BTreeMap<&'static str, Date>,
    pub(super) years: BTreeMap<i16, Option<usize>>,
    pub(super) numbers: BTreeMap<(String, i16), i64>,
    /// Account, unit, subsidiary: what the lines come to.
    pub(super) sums: BTreeMap<(i64, i64, i64), i64>,
    pub(super) next_seq: i64,
}

type Given = super::world::Given;

struct Place {
    account: i64,
    unit: i64,
    subsidiary: Option<i64>,
}

/// What an operation would add: lines, and a promise in place of the one with that number.
#[derive(Default)]
struct Change<'c> {
    lines: &'c [Line],
    promise: Option<(usize, &'c Promise)>,
}

fn given(account: Id<Account>) -> &'static Given {
    &ACCOUNTS[(account.raw() - 100) as usize]
}

pub(super) fn book(account: Id<Account>) -> &'static str {
    given(account).1
}

fn month(day: Date) -> Date {
    day.first_of_month()
}

/// The amount in euros; outside the book of money there is none.
pub(super) fn functional(line: &Line) -> i64 {
    match book(line.account) {
        "general" => line.functional.unwrap_or(line.amount),
        _ => 0,
    }
}

pub(super) fn is_debit(line: &Line) -> bool {
    let sign = if line.amount == 0 { functional(line) } else { line.amount };
    (sign > 0) != line.storno
}

impl Model {
    pub(super) fn new() -> Model {
        Model { next_seq: 1, ..Model::default() }
    }

    /// Posts, unless a rule refuses.
    pub(super) fn post(&mut self, draft: &Draft) -> Said<(i64, Date, Option<String>)> {
        if let Some(key) = &draft.key
            && let Some(was) = self.facts.iter().find(|f| f.draft.key.as_ref() == Some(key))
        {
            let same = was.draft == *draft;
            return if same {
                Ok((was.seq, was.day, was.number.clone()))
            } else {
                Err("key_reused")
            };
        }
        self.add(draft, None, false)
    }

    fn add(
        &mut self,
        draft: &Draft,
        promise: Option<(usize, &Promise)>,
        year_end: bool,
    ) -> Said<(i64, Date, Option<String>)> {
        rules(draft)?;
        self.limits(&draft.lines, &Change { lines: &draft.lines, promise })?;
        Ok(self.write(draft, year_end))
    }

    /// Posts all or none: their limits are those of all lines together.
    pub(super) fn post_all(&mut self, drafts: &[Draft]) -> Said<Vec<(i64, Date, Option<String>)>> {
        drafts.iter().try_for_each(rules)?;
        let lines: Vec<Line> = drafts.iter().flat_map(|draft| draft.lines.clone()).collect();
        self.limits(&lines, &Change { lines: &lines, promise: None })?;
        Ok(drafts.iter().map(|draft| self.write(draft, false)).collect())
    }

    fn write(&mut self, draft: &Draft, year_end: bool) -> (i64, Date, Option<String>) {
        let day = if year_end { draft.date } else { self.first_open(draft) };
        let number = (draft.journal != "M").then(|| {
            let last = self.numbers.entry((draft.journal.clone(), day.year())).or_default();
            *last += 1;
            format!("{}/{}/{:04}", draft.journal, day.year(), last)
        });
        for line in &draft.lines {
            let key = (line.account.raw(), line.unit.raw(), line.subsidiary.map_or(0, Id::raw));
            *self.sums.entry(key).or_default() += line.amount;
        }
        let left = draft.lines.iter().map(|l| if given(l.account).7 { l.amount } else { 0 });
        let fact = Fact {
            seq: self.next_seq,
            day,
            number: number.clone(),
            left: left.collect(),
            draft: draft.clone(),
            reversed: false,
            year_end,
        };
        self.next_seq += 1;
        self.facts.push(fact);
        (self.next_seq - 1, day, number)
    }

    /// Day by day, until one is open in all books of the draft.
    fn first_open(&self, draft: &Draft) -> Date {
        let books: BTreeSet<&'static str> = draft.lines.iter().map(|l| book(l.account)).collect();
        let mut day = draft.date;
        while books.iter().any(|book| self.is_shut(book, day)) {
            day = day.tomorrow().unwrap();
        }
        day
    }

    fn is_shut(&self, book: &'static str, day: Date) -> bool {
        let key = (book, month(day));
        self.closed.contains(&key)
            || self.locked.contains(&key)
            || self.soft.get(book).is_some_and(|soft| day <= *soft)
            || self.hard.get(book).is_some_and(|hard| day <= *hard)
    }

    /// What is left of the lines of a promise when so much of the first is settled.
    fn remaining(promise: &Promise) -> Vec<i64> {
        let part = |line: &Line| {
            let (amount, settled) = (i128::from(line.amount), i128::from(promise.settled));
            let total = i128::from(promise.total);
            // Half away from zero.
            let part = (2 * amount.abs() * settled + total) / (2 * total);
            (amount - amount.signum() * part) as i64
        };
        match promise.open {
            true => promise.draft.lines.iter().map(part).collect(),
            false => vec![0; promise.draft.lines.len()],
        }
    }

    /// Posted and promised (out, in) of an account and unit, for one subsidiary or all, once the
    /// change is made.
    fn standing(&self, at: &Place, change: &Change<'_>) -> (i64, i64, i64) {
        let counts = |s: i64| at.subsidiary.is_none_or(|wanted| wanted == s);
        let of_account =
            self.sums.range((at.account, at.unit, i64::MIN)..=(at.account, at.unit, i64::MAX));
        let mut posted: i64 =
            of_account.filter(|((.., s), _)| counts(*s)).map(|(_, sum)| sum).sum();
        let here = |line: &Line| {
            (line.account.raw(), line.unit.raw()) == (at.account, at.unit)
                && counts(line.subsidiary.map_or(0, Id::raw))
        };
        posted += change.lines.iter().filter(|l| here(l)).map(|l| l.amount).sum::<i64>();
        let (mut out, mut into) = (0, 0);
        let stays = |n: usize| change.promise.as_ref().is_none_or(|(other, _)| *other != n);
        let promises = self.promises.iter().enumerate().filter(|(n, p)| p.open && stays(*n));
        let promises = promises.map(|(_, p)| p).chain(change.promise.as_ref().map(|(_, p)| *p));
        for promise in promises {
            for (line, left) in promise.draft.lines.iter().zip(Self::remaining(promise)) {
                if here(line) {
                    out -= left.min(0);
                    into += left.max(0);
                }
            }
        }
        (posted, out, into)
    }

    /// Whether a change breaks no limit of the accounts on those lines.
    fn limits(&self, lines: &[Line], change: &Change<'_>) -> Said<()> {
        for line in lines {
            let (_, _, _, _, floor, ceiling, single, _) = *given(line.account);
            let whole = (!single).then_some(None);
            let part = line.subsidiary.map(|s| Some(s.raw()));
            for subsidiary in [whole, part].into_iter().flatten() {
                let at = Place { account: line.account.raw(), unit: line.unit.raw(), subsidiary };
                let (was, was_out, was_in) = self.standing(&at, &Change::default());
                let (now, now_out, now_in) = self.standing(&at, change);
                let scale = if line.unit == EUR || line.unit == USD { 100 } else { 1_000_000 };
                let (had, has) = (was - was_out, now - now_out);
                if floor.is_some_and(|floor| has < floor * scale && has < had) {
                    return Err("limit");
                }
                let (had, has) = (was + was_in, now + now_in);
                if ceiling.is_some_and(|ceiling| has > ceiling * scale && has > had) {
                    return Err("limit");
                }
            }
        }
        Ok(())
    }

    pub(super) fn available(
        &self,
        account: Id<Account>,
        unit: AnyId,
        subsidiary: Option<AnyId>,
    ) -> i64 {
        let single = given(account).6;
        let limited = given(account).4.is_some() || given(account).5.is_some();
        let left = |place: Option<i64>| {
            let at = Place { account: account.raw(), unit: unit.raw(), subsidiary: place };
            let (posted, out, _) = self.standing(&at, &Change::default());
            posted - out
        };
        match subsidiary.map(Id::raw) {
            Some(s) if limited && !single => left(None).min(left(Some(s))),
            other => left(other),
        }
    }

    pub(super) fn reserve(&mut self, id: i64, draft: &Draft, expires: Option<i64>) -> Said<()> {
        rules(draft)?;
        let total = draft.lines[0].amount.abs();
        if total == 0 {
            return Err("amount_missing");
        }
        let promise = Promise { id, draft: draft.clone(), total, settled: 0, open: true, expires };
        let change = Change { lines: &[], promise: Some((usize::MAX, &promise)) };
        self.limits(&draft.lines, &change)?;
        self.promises.push(promise);
        Ok(())
    }

    pub(super) fn settle(
        &mut self,
        n: usize,
        amount: i64,
        draft: &Draft,
        rest: Rest,
    ) -> Said<(i64, Date, Option<String>)> {
        let promise = self.promises[n].clone();
        if !promise.open {
            return Err("promise_ended");
        }
        if amount <= 0 {
            return Err("settles_nothing");
        }
        if amount > promise.total - promise.settled {
            return Err("settles_too_much");
        }
        let settled = promise.settled + amount;
        let open = settled < promise.total && rest == Rest::Keep;
        let after = Promise { settled, open, ..promise };
        let posted = self.add(draft, Some((n, &after)), false)?;
        self.promises[n] = after;
        Ok(posted)
    }

    pub(super) fn release(&mut self, n: usize) -> Said<()> {
        if !self.promises[n].open {
            return Err("promise_ended");
        }
        self.promises[n].open = false;
        Ok(())
    }

    pub(super) fn expire(&mut self, now: i64) -> usize {
        let due = |p: &&mut Promise| p.open && p.expires.is_some_and(|at| at <= now);
        self.promises.iter_mut().filter(due).map(|promise| promise.open = false).count()
    }

    pub(super) fn reverse(
        &mut self,
        n: usize,
        day: Date,
        mode: Mode,
    ) -> Said<(i64, Date, Option<String>)> {
        let was = self.facts[n].clone();
        if was.year_end {
            return Err("not_reversible");
        }
        if was.reversed {
            return Err("already_reversed");
        }
        let posted = self.add(&undoing(&was.draft, day, mode), None, false)?;
        self.facts[n].reversed = true;
        Ok(posted)
    }

    /// Parts: entry, line from 0, amount without sign.
    pub(super) fn pair(&mut self, id: i64, parts: &[(usize, usize, i64)]) -> Said<()> {
        let line = |part: &(usize, usize, i64)| &self.facts[part.0].draft.lines[part.1];
        if parts.iter().map(|p| (p.0, p.1)).collect::<BTreeSet<_>>().len() < parts.len() {
            return Err("matched_twice");
        }
        if parts.iter().any(|part| !given(line(part).account).7) {
            return Err("keeps_no_open_items");
        }
        let mut taken = Vec::new();
        for part in parts {
            let (first, this) = (line(&parts[0]), line(part));
            let of = |l: &Line| (l.account, l.subsidiary, l.unit);
            if of(first) != of(this) {
                return Err("match_across");
            }
            let left = self.facts[part.0].left[part.1];
            if part.2 <= 0 && left != 0 {
                return Err("match_amount");
            }
            if part.2 > left.abs() || left == 0 {
                return Err("match_too_much");
            }
            taken.push((part.0, part.1, part.2 * left.signum()));
        }
        if taken.iter().all(|t| t.2 > 0) || taken.iter().all(|t| t.2 < 0) {
            return Err("nothing_to_match");
        }
        if taken.iter().map(|t| t.2).sum::<i64>() != 0 {
            return Err("match_uneven");
        }
        for (entry, line, amount) in &taken {
            self.facts[*entry].left[*line] -= amount;
        }
        self.pairings.push(Pairing { id, parts: taken, undone: false });
        Ok(())
    }

    pub(super) fn unpair(&mut self, n: usize) -> Said<()> {
        if self.pairings[n].undone {
            return Err("already_unmatched");
        }
        self.pairings[n].undone = true;
        for (entry, line, amount) in self.pairings[n].parts.clone() {
            self.facts[entry].left[line] += amount;
        }
        Ok(())
    }

    fn month_state(&self, book: &'static str, day: Date) -> &'static str {
        let key = (book, month(day));
        let hard = self.hard.get(book).is_some_and(|hard| *hard >= day.last_of_month());
        match (hard || self.locked.contains(&key), self.closed.contains(&key)) {
            (true, _) => "locked",
            (_, true) => "closed",
            _ => "open",
        }
    }

    pub(super) fn step(&mut self, book: &'static str, day: Date, from: &str, to: &str) -> Said<()> {
        if to == "open" && book == "general" && self.years.contains_key(&day.year()) {
            return Err("year_closed");
        }
        if self.month_state(book, day) != from {
            return Err("period_is");
        }
        self.put(book, month(day), to);
        Ok(())
    }

    fn put(&mut self, book: &'static str, first: Date, to: &str) {
        self.closed.remove(&(book, first));
        match to {
            "closed" => drop(self.closed.insert((book, first))),
            "locked" => drop(self.locked.insert((book, first))),
            _ => {}
        }
    }

    pub(super) fn lock_hard(&mut self, book: &'static str, day: Date) -> Said<()> {
        if self.hard.get(book).is_some_and(|hard| *hard > day) {
            return Err("hard_lock_back");
        }
        self.hard.insert(book, day);
        Ok(())
    }

    /// The end of a year: what income and expense come to, line by line, and the rest to equity.
    pub(super) fn close_year(&mut self, year: i16, equity: Id<Account>, journal: &str) -> Said<()> {
        if self.years.contains_key(&year) {
            return Err("year_closed");
        }
        if self.years.keys().any(|other| *other > year) {
            return Err("year_order");
        }
        let last = Date::new(year, 12, 31).unwrap();
        if self.hard.get("general").is_some_and(|hard| *hard >= last) {
            return Err("hard_locked");
        }
        if self.locked.contains(&("general", month(last))) {
            return Err("period_is");
        }
        let draft = self.result(last, equity, journal);
        let closing = match draft.lines.is_empty() {
            true => None,
            false => {
                self.add(&draft, None, true)?;
                Some(self.facts.len() - 1)
            }
        };
        self.set_year(year, "closed");
        self.years.insert(year, closing);
        Ok(())
    }

    fn result(&self, last: Date, equity: Id<Account>, journal: &str) -> Draft {
        let mut sums: BTreeMap<(i64, i64, i64), (i64, i64)> = BTreeMap::new();
        for fact in self.facts.iter().filter(|fact| fact.day <= last) {
            for line in &fact.draft.lines {
                if ["income", "expense"].contains(&given(line.account).2) {
                    let s = line.subsidiary.map_or(0, Id::raw);
                    let sum = sums.entry((line.account.raw(), line.unit.raw(), s)).or_default();
                    *sum = (sum.0 + line.amount, sum.1 + functional(line));
                }
            }
        }
        let mut draft = Draft::new(journal, last, "the model's closing");
        for ((account, unit, s), (amount, eur)) in sums {
            if (amount, eur) != (0, 0) {
                let line = Line::signed(Id::new(account), AnyId::new(unit), -amount);
                let line = line.functional(-eur);
                draft.lines.push(if s == 0 { line } else { line.for_(AnyId::new(s)) });
            }
        }
        let all: i64 = draft.lines.iter().map(functional).sum();
        draft.exchange = draft.lines.iter().any(|line| line.unit != EUR);
        if all != 0 {
            draft.lines.push(Line::signed(equity, EUR, -all));
        }
        draft
    }

    pub(super) fn reopen_year(&mut self, year: i16) -> Said<()> {
        let Some(closing) = self.years.get(&year).copied() else { return Err("year_not_closed") };
        if self.years.keys().any(|other| *other > year) {
            return Err("year_order");
        }
        let months = (1..=12).map(|m| Date::new(year, m, 1).unwrap());
        if self.hard.get("general").is_some_and(|h| *h >= Date::new(year, 1, 1).unwrap()) {
            return Err("hard_locked");
        }
        if months.into_iter().any(|first| self.locked.contains(&("general", first))) {
            return Err("period_is");
        }
        if let Some(closing) = closing {
            let was = self.facts[closing].draft.clone();
            let draft = undoing(&was, Date::new(year, 12, 31).unwrap(), Mode::Storno);
            self.add(&draft, None, true)?;
            self.facts[closing].reversed = true;
        }
        self.set_year(year, "open");
        self.years.remove(&year);
        Ok(())
    }

    fn set_year(&mut self, year: i16, to: &str) {
        for first in (1..=12).map(|m| Date::new(year, m, 1).unwrap()) {
            if !self.locked.contains(&("general", first)) {
                self.put("general", first, to);
            }
        }
    }
}

fn undoing(was: &Draft, day: Date, mode: Mode) -> Draft {
    let undo = |line: &Line| Line {
        amount: -line.amount,
        functional: (book(line.account) == "general").then(|| -functional(line)),
        storno: if mode == Mode::Storno { !line.storno && line.amount != 0 } else { line.storno },
        ..line.clone()
    };
    let lines = was.lines.iter().map(undo).collect();
    Draft { key: None, date: day, lines, ..was.clone() }
}

/// The rules that need nothing but the draft. The order is that of the ledger's first problem.
fn rules(draft: &Draft) -> Said<()> {
    if draft.lines.len() < 2 {
        return Err("too_few_lines");
    }
    for line in &draft.lines {
        let (_, book, _, currency, _, _, single, _) = *given(line.account);
        if currency.is_some_and(|only| only != line.unit.raw()) {
            return Err("wrong_unit");
        }
        if single && line.subsidiary.is_none() {
            return Err("subsidiary_missing");
        }
        if book == "general" && line.unit != EUR && line.unit != USD {
            return Err("unknown_currency");
        }
        if book == "general" && line.unit == USD && line.functional.is_none() {
            return Err("functional_missing");
        }
        if line.amount == 0 && !(draft.exchange && functional(line) != 0) {
            return Err("amount_missing");
        }
    }
    let mut sums: BTreeMap<(&str, i64), i64> = BTreeMap::new();
    for line in &draft.lines {
        *sums.entry((book(line.account), line.unit.raw())).or_default() += line.amount;
    }
    let free = |book: &str| draft.exchange && book == "general";
    if sums.iter().any(|((book, _), sum)| *sum != 0 && !free(book)) {
        return Err("unbalanced");
    }
    if draft.lines.iter().map(functional).sum::<i64>() != 0 {
        return Err("unbalanced_functional");
    }
    Ok(())
}
