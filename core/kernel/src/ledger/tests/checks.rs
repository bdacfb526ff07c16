//! What is compared while random operations run (`random`), and what must hold when they end.

use std::collections::BTreeMap;

use fondaco_values::{AnyId, Id};

use super::model::{Fact, book, functional, is_debit};
use super::random::{Run, step};
use super::world::*;
use crate::db::{Cell, Sql};
use crate::error::Error;
use crate::ledger::*;

impl Run {
    /// All balances (at every step at first, at every tenth when they have grown), what a limited
    /// account has to give, and now and then a report.
    pub(super) async fn compare(&mut self, n: u64) {
        if n < 1_000 || n.is_multiple_of(10) {
            self.balances(n).await;
        }
        let account = account_id(self.chance.of(&["shop", "shelf", "cash", "leave", "supplier"]));
        let unit = self.chance.of(&[EUR, BOLT, NUT]);
        let part = self.chance.percent(50).then(|| AnyId::new(200 + self.chance.below(6)));
        let said =
            step!(self, false, |tx| available(tx, account, unit, part).await).unwrap().unwrap();
        assert_eq!(said, self.model.available(account, unit, part), "{account} {unit} {part:?}");
        if n.is_multiple_of(50) {
            self.report().await;
            self.items().await;
        }
    }

    async fn balances(&mut self, n: u64) {
        const BY: &[Group] = &[Group::Account, Group::Unit, Group::Subsidiary];
        let all =
            step!(self, false, |tx| balance(tx, &Filter::default(), BY).await).unwrap().unwrap();
        let key = |b: &Balance| {
            (b.account.unwrap().raw(), b.unit.unwrap().raw(), b.subsidiary.map_or(0, Id::raw))
        };
        let all: BTreeMap<(i64, i64, i64), i64> =
            all.iter().map(|b| (key(b), b.amount())).collect();
        assert_eq!(all, self.model.sums, "after operation {n}");
    }

    async fn items(&mut self) {
        for name in ["receivable", "payable"] {
            let account = account_id(name);
            let said =
                step!(self, false, |tx| open_items(tx, account, None).await).unwrap().unwrap();
            let said: BTreeMap<i64, i64> =
                said.iter().map(|item| (item.line.raw(), item.residual)).collect();
            let of_fact = |fact: &Fact| {
                let (seq, lefts) = (fact.seq, fact.left.clone());
                let lines = fact.draft.lines.clone().into_iter().zip(lefts).zip(1..);
                let open =
                    lines.filter(move |((line, left), _)| line.account == account && *left != 0);
                open.map(move |((_, left), at)| (seq * 65536 + at, left)).collect::<Vec<_>>()
            };
            let told: BTreeMap<i64, i64> = self.model.facts.iter().flat_map(of_fact).collect();
            assert_eq!(said, told, "open on {name}");
        }
    }

    async fn report(&mut self) {
        let last = self.model.next_seq - 1;
        let known = if self.chance.percent(50) { last } else { self.chance.below(last.max(1)) };
        let filter = Filter {
            from: self.chance.percent(40).then(|| self.chance.day()),
            as_of: self.chance.percent(60).then(|| self.chance.day()),
            known_at: Some(known),
            without_closings: self.chance.percent(20),
            book: self.chance.percent(30).then(|| GENERAL.to_owned()),
            unit: self.chance.percent(30).then(|| self.chance.of(&[EUR, USD, BOLT])),
            subsidiary: self.chance.percent(20).then(|| AnyId::new(200 + self.chance.below(6))),
            ..Filter::default()
        };
        let groups: &[&[Group]] = &[
            &[Group::Account, Group::Unit],
            &[Group::Account, Group::Unit, Group::Subsidiary],
            &[Group::Unit, Group::Month],
            &[Group::Account, Group::Month],
            &[],
        ];
        let groups = self.chance.of(groups);
        let (asked, by) = (filter.clone(), groups.to_vec());
        let said = step!(self, false, [asked, by], |tx| balance(tx, &asked, &by).await);
        let said = said.unwrap().unwrap();
        assert_eq!(said, self.told(&filter, groups), "{filter:?} {groups:?}");
        self.reports.push((filter, groups.to_vec(), said));
    }

    /// The same report from the list of facts.
    fn told(&self, filter: &Filter, groups: &[Group]) -> Vec<Balance> {
        let mut sums: BTreeMap<Vec<String>, Balance> = BTreeMap::new();
        if groups.is_empty() {
            sums.insert(Vec::new(), Balance::default());
        }
        let counts = |fact: &&Fact| {
            filter.known_at.is_none_or(|known| fact.seq <= known)
                && filter.from.is_none_or(|from| fact.day >= from)
                && filter.as_of.is_none_or(|as_of| fact.day <= as_of)
                && !(filter.without_closings && fact.year_end)
        };
        for fact in self.model.facts.iter().filter(counts) {
            for line in &fact.draft.lines {
                let here = filter.book.as_deref().is_none_or(|b| b == book(line.account))
                    && filter.unit.is_none_or(|unit| unit == line.unit)
                    && filter.subsidiary.is_none_or(|s| Some(s) == line.subsidiary);
                if here {
                    add(&mut sums, fact, line, groups);
                }
            }
        }
        sums.into_values().collect()
    }

    pub(super) async fn at_the_end(&mut self) {
        let verdict = step!(self, false, |tx| verify(tx, None, None).await).unwrap().unwrap();
        assert!(matches!(verdict, Verdict::Sound { .. }), "{verdict:?}");
        step!(self, false, |tx| upkeep(tx).await).unwrap().unwrap();
        self.model.expire(self.now);
        let before = self.derived().await;
        step!(self, false, |tx| rebuild(tx).await).unwrap().unwrap();
        assert_eq!(before, self.derived().await, "what is derived is rebuilt to the same rows");
        for (filter, groups, said) in std::mem::take(&mut self.reports) {
            let (asked, by) = (filter.clone(), groups.clone());
            let again = step!(self, false, [asked, by], |tx| balance(tx, &asked, &by).await);
            assert_eq!(said, again.unwrap().unwrap(), "a report changed: {filter:?} {groups:?}");
        }
        self.sums_are_zero().await;
        self.numbers_have_no_gap().await;
        step!(self, false, |tx| seal(tx).await).unwrap().unwrap();
        let verdict = step!(self, false, |tx| verify(tx, None, None).await).unwrap().unwrap();
        assert!(
            matches!(verdict, Verdict::Sound { entries, .. } if entries == self.model.facts.len() as i64)
        );
    }

    async fn rows(&mut self, text: &'static str) -> Vec<Vec<Cell>> {
        let rows = step!(self, false, |tx| tx.rows(Sql::text(text)).await).unwrap().unwrap();
        rows.into_iter().map(|row| row.0).collect()
    }

    async fn derived(&mut self) -> Vec<Vec<Vec<Cell>>> {
        const TABLES: &[&str] = &[
            "select * from ledger_total order by 1, 2, 3, 4",
            "select * from ledger_rollup order by 1, 2, 3, 4, 5",
            "select * from ledger_open order by 1",
            "select * from ledger_limited order by 1, 2, 3",
            "select * from ledger_watched order by 1",
        ];
        let mut tables = Vec::new();
        for text in TABLES {
            tables.push(self.rows(text).await);
        }
        tables
    }

    /// In the database, by no code of the ledger: L1, L2, L14.
    async fn sums_are_zero(&mut self) {
        const WRONG: &[&str] = &[
            "select e.seq from ledger_entry e join ledger_line l on l.id / 65536 = e.seq \
             join account a on a.id = l.account where a.book <> 'general' or e.exchange = 0 \
             group by e.seq, a.book, l.unit having sum(l.amount) <> 0",
            "select l.id / 65536 from ledger_line l group by 1 having sum(l.functional) <> 0",
            "select l.id / 65536 from ledger_line l group by 1 having count(*) < 2",
            "select a.book, l.unit from ledger_line l join account a on a.id = l.account \
             where a.book <> 'general' group by 1, 2 having sum(l.amount) <> 0",
            "select line from ledger_match_line m join ledger_line l on l.id = m.line group by line \
             having abs(sum(m.amount)) > abs(max(l.amount)) \
             or sum(m.amount) * max(l.amount) < 0",
        ];
        for text in WRONG {
            let wrong = self.rows(text).await;
            assert!(wrong.is_empty(), "{text}: {wrong:?}");
        }
    }

    async fn numbers_have_no_gap(&mut self) {
        let rows = self
            .rows(
                "select journal, substr(date, 1, 4), count(*), \
                 cast(min(substr(number, length(number) - 3)) as integer), \
                 cast(max(substr(number, length(number) - 3)) as integer), \
                 count(distinct number) from ledger_entry where number is not null \
                 and length(number) < 14 group by 1, 2",
            )
            .await;
        assert!(!rows.is_empty());
        for row in rows {
            let n = |at: usize| if let Cell::Int(n) = row[at] { n } else { panic!("{row:?}") };
            assert_eq!((n(3), n(4), n(5)), (1, n(2), n(2)), "{row:?}");
        }
    }
}

fn add(sums: &mut BTreeMap<Vec<String>, Balance>, fact: &Fact, line: &Line, groups: &[Group]) {
    let mut balance = Balance::default();
    let mut key = Vec::new();
    let number = |id: i64| format!("{id:020}");
    for group in groups {
        match group {
            Group::Account => {
                balance.account = Some(line.account);
                key.push(number(line.account.raw()));
            }
            Group::Unit => {
                balance.unit = Some(line.unit);
                key.push(number(line.unit.raw()));
            }
            Group::Subsidiary => {
                balance.subsidiary = line.subsidiary;
                key.push(line.subsidiary.map_or(String::new(), |s| number(s.raw())));
            }
            _ => {
                let month = fact.day.to_string()[..7].to_owned();
                balance.month = Some(month.clone());
                key.push(month);
            }
        }
    }
    let sum = sums.entry(key).or_insert(balance);
    let (amount, euros) = (line.amount, functional(line));
    if is_debit(line) {
        sum.debit += amount;
        sum.functional_debit += euros;
    } else {
        sum.credit -= amount;
        sum.functional_credit -= euros;
    }
    sum.lines += 1;
}
