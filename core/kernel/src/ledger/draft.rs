//! An entry before it is posted: `Draft` as a module writes it, `Balanced` once every rule that
//! needs no balance and no calendar has been checked.
//! Not here: limits (`limit`), dates (`period`), writing (`post`).
//! INVARIANT: `Balanced::new` is the only place that sums the lines of an entry, and `post` and
//! `reserve` take nothing but a `Balanced`.

use fondaco_values::limits::ENTRY_LINES_MAX;
use fondaco_values::{AnyId, Date, Id, Problem};

use super::account::{Account, Chart};
use super::reason::{Reason, Ruled};
use crate::DocRef;

/// Characters of an entry's text: one line in a journal, not a letter.
pub(crate) const TEXT_MAX: usize = 500;
/// Characters of a client's key: a UUID with a prefix fits several times.
pub(crate) const KEY_MAX: usize = 200;

/// An entry to be posted or reserved, as its maker writes it.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// The client's own id. The same key with the same body gives the same answer and one effect;
    /// with another body it is a conflict. `None`: every call is an entry of its own.
    pub key: Option<String>,
    /// Code of the journal.
    pub journal: String,
    /// Business date. When its period is no longer open the entry goes to the first open day.
    pub date: Date,
    pub text: String,
    pub source: Option<DocRef>,
    pub lines: Vec<Line>,
    /// A settlement or revaluation over currencies: it balances in the company's currency only.
    pub exchange: bool,
}

/// One line: so much of a unit to or from an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub account: Id<Account>,
    /// What is counted: a currency, a product, a day.
    pub unit: AnyId,
    /// Minor units of the unit; debit is positive, credit negative, zero only in an exchange.
    pub amount: i64,
    /// Whom or what the line is for within the account: a customer, a lot, an employee.
    pub subsidiary: Option<AnyId>,
    pub dims: Dims,
    pub due: Option<Date>,
    /// Book `general`: the amount in minor units of the company's currency. `None` = the same.
    pub functional: Option<i64>,
    /// Tax code or another mark for reports.
    pub tag: Option<String>,
    /// A negative amount on its original side, so that turnover does not swell.
    pub storno: bool,
}

/// What a line may be analysed by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Dims {
    pub cost_centre: Option<AnyId>,
    pub project: Option<AnyId>,
    pub campaign: Option<AnyId>,
    pub salesperson: Option<AnyId>,
}

impl Draft {
    pub fn new(journal: impl Into<String>, date: Date, text: impl Into<String>) -> Draft {
        Draft {
            key: None,
            journal: journal.into(),
            date,
            text: text.into(),
            source: None,
            lines: Vec::new(),
            exchange: false,
        }
    }

    pub fn key(mut self, key: impl Into<String>) -> Draft {
        self.key = Some(key.into());
        self
    }

    pub fn source(mut self, source: DocRef) -> Draft {
        self.source = Some(source);
        self
    }

    pub fn line(mut self, line: Line) -> Draft {
        self.lines.push(line);
        self
    }

    pub fn lines(mut self, lines: impl IntoIterator<Item = Line>) -> Draft {
        self.lines.extend(lines);
        self
    }

    /// The same as an exchange: in balance in the company's currency only.
    pub fn exchange(mut self) -> Draft {
        self.exchange = true;
        self
    }
}

impl Line {
    /// What comes to an account. Asserts that the amount is not negative.
    #[track_caller]
    pub fn debit<U>(account: Id<Account>, unit: Id<U>, amount: i64) -> Line {
        assert!(amount >= 0, "a debit of {amount} is a credit");
        Line::signed(account, unit, amount)
    }

    /// What leaves an account. Asserts that the amount is not negative.
    #[track_caller]
    pub fn credit<U>(account: Id<Account>, unit: Id<U>, amount: i64) -> Line {
        assert!(amount >= 0, "a credit of {amount} is a debit");
        Line::signed(account, unit, -amount)
    }

    /// Debit when positive, credit when negative.
    pub fn signed<U>(account: Id<Account>, unit: Id<U>, amount: i64) -> Line {
        Line {
            account,
            unit: unit.any(),
            amount,
            subsidiary: None,
            dims: Dims::default(),
            due: None,
            functional: None,
            tag: None,
            storno: false,
        }
    }

    pub fn for_<S>(mut self, subsidiary: Id<S>) -> Line {
        self.subsidiary = Some(subsidiary.any());
        self
    }

    pub fn due(mut self, due: Date) -> Line {
        self.due = Some(due);
        self
    }

    pub fn tag(mut self, tag: impl Into<String>) -> Line {
        self.tag = Some(tag.into());
        self
    }

    pub fn dims(mut self, dims: Dims) -> Line {
        self.dims = dims;
        self
    }

    /// The amount in minor units of the company's currency, with its sign.
    pub fn functional(mut self, amount: i64) -> Line {
        self.functional = Some(amount);
        self
    }

    pub fn storno(mut self) -> Line {
        self.storno = true;
        self
    }
}

/// Which column a line stands in; a storno stands on its original side with a negative amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Debit,
    Credit,
}

impl Side {
    /// As stored: 1 and −1.
    pub(crate) fn sign(self) -> i64 {
        match self {
            Side::Debit => 1,
            Side::Credit => -1,
        }
    }

    fn of(line: &Line, functional: i64) -> Side {
        let sign = if line.amount == 0 { functional } else { line.amount };
        if (sign > 0) == line.storno { Side::Credit } else { Side::Debit }
    }
}

/// A line with all that follows from its account.
#[derive(Clone, Debug)]
pub(crate) struct Sided {
    pub(crate) line: Line,
    /// In the company's currency; 0 outside the book `general`.
    pub(crate) functional: i64,
    pub(crate) side: Side,
}

/// An entry whose lines obey their accounts and add up to zero in every unit.
#[derive(Debug)]
pub(crate) struct Balanced {
    pub(crate) key: Option<String>,
    pub(crate) journal: String,
    pub(crate) date: Date,
    pub(crate) text: String,
    pub(crate) source: Option<DocRef>,
    pub(crate) exchange: bool,
    pub(crate) lines: Vec<Sided>,
    /// The books it touches, each once.
    pub(crate) books: Vec<String>,
}

impl Balanced {
    /// Checks the draft against the chart; every problem at once.
    pub(crate) fn new(draft: Draft, chart: &Chart) -> Ruled<Balanced, Vec<Problem>> {
        let mut problems = shape(&draft);
        let mut sums = Sums::default();
        let mut lines = Vec::with_capacity(draft.lines.len());
        for (n, line) in draft.lines.into_iter().enumerate() {
            match sided(line, draft.exchange, chart) {
                Ok((sided, account)) => {
                    sums.add(account, &sided);
                    lines.push(sided);
                }
                Err(wrong) => problems
                    .extend(wrong.iter().map(|(field, why)| why.at(format!("lines[{n}].{field}")))),
            }
        }
        // Sums of lines that are wrong themselves would only confuse.
        if problems.is_empty() {
            problems.extend(sums.faults(draft.exchange).iter().map(|why| why.at("lines")));
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        Ok(Balanced {
            key: draft.key,
            journal: draft.journal,
            date: draft.date,
            text: draft.text,
            source: draft.source,
            exchange: draft.exchange,
            lines,
            books: sums.books,
        })
    }
}

fn shape(draft: &Draft) -> Vec<Problem> {
    let mut problems = Vec::new();
    if draft.lines.len() < 2 {
        problems.push(Reason::TooFewLines.at("lines"));
    }
    if draft.lines.len() > ENTRY_LINES_MAX {
        problems.push(Reason::TooManyLines { most: ENTRY_LINES_MAX }.at("lines"));
    }
    if draft.text.chars().count() > TEXT_MAX {
        problems.push(Reason::TextTooLong { most: TEXT_MAX }.at("text"));
    }
    if let Some(key) = &draft.key
        && (key.is_empty() || key.chars().count() > KEY_MAX)
    {
        problems.push(Reason::KeyUnusable { most: KEY_MAX }.at("key"));
    }
    problems
}

type Wrong = Vec<(&'static str, Reason)>;

fn sided(line: Line, exchange: bool, chart: &Chart) -> Ruled<(Sided, &Account), Wrong> {
    let Some(account) = chart.account(line.account) else {
        return Err(vec![("account", Reason::UnknownAccount)]);
    };
    let mut wrong = account_rules(&line, account);
    let functional = match functional(&line, account, chart) {
        Ok(functional) => functional,
        Err(fault) => {
            wrong.push(fault);
            0
        }
    };
    let by_rate_alone = exchange && account.is_general() && functional != 0;
    if wrong.is_empty() && line.amount == 0 && !by_rate_alone {
        wrong.push(("amount", Reason::AmountMissing));
    }
    if !wrong.is_empty() {
        return Err(wrong);
    }
    let side = Side::of(&line, functional);
    Ok((Sided { line, functional, side }, account))
}

/// L5: the account takes postings, in this unit, with what it needs to know.
fn account_rules(line: &Line, account: &Account) -> Wrong {
    let mut wrong = Vec::new();
    let code = || account.code.clone();
    if !account.postable {
        wrong.push(("account", Reason::NotPostable { account: code() }));
    }
    if account.closed {
        wrong.push(("account", Reason::AccountClosed { account: code() }));
    }
    if account.currency.is_some_and(|currency| currency != line.unit) {
        wrong.push(("unit", Reason::WrongUnit { account: code() }));
    }
    if account.needs_subsidiary && line.subsidiary.is_none() {
        wrong.push(("subsidiary", Reason::SubsidiaryMissing { account: code() }));
    }
    if line.storno && line.amount == 0 {
        wrong.push(("storno", Reason::StornoWithoutSide));
    }
    wrong
}

/// The amount in the company's currency, which only the book `general` has.
fn functional(line: &Line, account: &Account, chart: &Chart) -> Ruled<i64, (&'static str, Reason)> {
    if !account.is_general() {
        return match line.functional {
            None => Ok(0),
            Some(_) => Err(("functional", Reason::FunctionalNotHere)),
        };
    }
    let Some(own) = chart.currency else { return Err(("unit", Reason::NoCurrency)) };
    if line.unit == own {
        return match line.functional {
            Some(given) if given != line.amount => Err(("functional", Reason::FunctionalDiffers)),
            _ => Ok(line.amount),
        };
    }
    if !chart.is_currency(line.unit) {
        return Err(("unit", Reason::UnknownCurrency { unit: line.unit }));
    }
    let Some(given) = line.functional else {
        return Err(("functional", Reason::FunctionalMissing));
    };
    if line.amount != 0 && given != 0 && (line.amount > 0) != (given > 0) {
        return Err(("functional", Reason::FunctionalSign));
    }
    Ok(given)
}

/// L1 and L2: what the lines come to, by book and unit, and in the company's currency.
#[derive(Default)]
struct Sums {
    books: Vec<String>,
    by_unit: Vec<(usize, AnyId, i128)>,
    functional: i128,
}

impl Sums {
    fn add(&mut self, account: &Account, sided: &Sided) {
        let book = self.books.iter().position(|b| *b == account.book).unwrap_or_else(|| {
            self.books.push(account.book.clone());
            self.books.len() - 1
        });
        let (unit, amount) = (sided.line.unit, i128::from(sided.line.amount));
        match self.by_unit.iter_mut().find(|(b, u, _)| (*b, *u) == (book, unit)) {
            Some((_, _, sum)) => *sum += amount,
            None => self.by_unit.push((book, unit, amount)),
        }
        self.functional += i128::from(sided.functional);
    }

    fn faults(&self, exchange: bool) -> Vec<Reason> {
        let mut faults = Vec::new();
        for (book, unit, difference) in &self.by_unit {
            let book = &self.books[*book];
            let free = exchange && book == super::GENERAL;
            if *difference != 0 && !free {
                let (book, unit, difference) = (book.clone(), *unit, *difference);
                faults.push(Reason::Unbalanced { book, unit, difference });
            }
        }
        // Where the units balance but the rates do not, or where only the rates count.
        if self.functional != 0 && faults.is_empty() {
            faults.push(Reason::UnbalancedFunctional { difference: self.functional });
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EUR: AnyId = Id::new(1);
    const USD: AnyId = Id::new(2);
    const BOLT: AnyId = Id::new(3);

    fn chart() -> Chart {
        let account = |id: i64, book: &str| Account::sample(id, book);
        let mut heading = account(13, "general");
        heading.postable = false;
        let mut gone = account(14, "general");
        gone.closed = true;
        let mut euro = account(15, "general");
        euro.currency = Some(EUR);
        let mut control = account(16, "general");
        control.needs_subsidiary = true;
        let accounts = vec![
            account(11, "general"),
            account(12, "general"),
            account(21, "stock"),
            account(22, "stock"),
        ];
        Chart::sample(EUR, &[USD], accounts.into_iter().chain([heading, gone, euro, control]))
    }

    fn line(account: i64, unit: AnyId, amount: i64) -> Line {
        Line::signed(Id::new(account), unit, amount)
    }

    /// The codes of all problems with these lines, each with its field.
    fn check(exchange: bool, lines: &[Line]) -> String {
        let mut draft = Draft::new("M", Date::constant(2026, 1, 1), "t").lines(lines.to_vec());
        draft.exchange = exchange;
        match Balanced::new(draft, &chart()) {
            Ok(balanced) => format!("ok {}", balanced.books.join("+")),
            Err(problems) => problems
                .iter()
                .map(|p| format!("{}:{}", p.field, p.code.trim_start_matches("ledger_")))
                .collect::<Vec<_>>()
                .join(" "),
        }
    }

    #[test]
    fn lines_add_up_by_unit_and_book() {
        let ok = |lines: &[Line]| check(false, lines);
        assert_eq!(ok(&[line(11, EUR, 5), line(12, EUR, -5)]), "ok general");
        assert_eq!(ok(&[line(11, EUR, 5)]), "lines:too_few_lines");
        assert_eq!(ok(&[line(11, EUR, 5), line(12, EUR, -4)]), "lines:unbalanced");
        assert_eq!(
            ok(&[line(21, BOLT, 5), line(22, EUR, -5)]),
            "lines:unbalanced lines:unbalanced"
        );
        // The same unit in two books is two sums.
        assert_eq!(ok(&[line(11, EUR, 5), line(21, EUR, -5)]), "lines:unbalanced lines:unbalanced");
        let goods = [line(21, BOLT, 7), line(22, BOLT, -7), line(11, EUR, 5), line(12, EUR, -5)];
        assert_eq!(ok(&goods), "ok stock+general");
        let most = [line(11, EUR, i64::MAX), line(11, EUR, i64::MAX), line(12, EUR, -2)];
        assert_eq!(ok(&most), "lines:unbalanced", "sums do not wrap");
    }

    #[test]
    fn lines_add_up_in_the_currency_of_the_company() {
        let usd = |account, amount, eur| line(account, USD, amount).functional(eur);
        assert_eq!(check(false, &[usd(11, 10, 9), usd(12, -10, -9)]), "ok general");
        assert_eq!(
            check(false, &[usd(11, 10, 9), usd(12, -10, -8)]),
            "lines:unbalanced_functional"
        );
        assert_eq!(
            check(false, &[usd(11, 10, 9), line(12, EUR, -9)]),
            "lines:unbalanced lines:unbalanced"
        );
        assert_eq!(check(true, &[usd(11, 10, 9), line(12, EUR, -9)]), "ok general");
        assert_eq!(check(true, &[usd(11, 0, 9), line(12, EUR, -9)]), "ok general");
        assert_eq!(
            check(true, &[usd(11, 10, 9), line(12, EUR, -8)]),
            "lines:unbalanced_functional"
        );
        // An exchange is about money only.
        assert_eq!(check(true, &[line(21, BOLT, 7), line(22, BOLT, -6)]), "lines:unbalanced");
    }

    #[test]
    fn a_line_obeys_its_account() {
        let with = |l: Line| check(false, &[l.clone(), line(12, l.unit, -l.amount)]);
        for (l, said) in [
            (line(99, EUR, 5), "lines[0].account:unknown_account"),
            (line(13, EUR, 5), "lines[0].account:not_postable"),
            (line(14, EUR, 5), "lines[0].account:account_closed"),
            (line(16, EUR, 5), "lines[0].subsidiary:subsidiary_missing"),
            (line(16, EUR, 5).for_(BOLT), "ok general"),
            (line(11, EUR, 5).functional(4), "lines[0].functional:functional_differs"),
        ] {
            assert_eq!(with(l.clone()), said, "{l:?}");
        }
        let two = |l: Line| check(false, &[l, line(12, USD, -5).functional(-4)]);
        assert_eq!(two(line(15, USD, 5).functional(4)), "lines[0].unit:wrong_unit");
        assert_eq!(two(line(11, USD, 5)), "lines[0].functional:functional_missing");
        assert_eq!(two(line(11, USD, 5).functional(-4)), "lines[0].functional:functional_sign");
        assert_eq!(
            check(false, &[line(11, BOLT, 5), line(12, EUR, -5)]),
            "lines[0].unit:unknown_currency"
        );
        assert_eq!(
            check(false, &[line(21, BOLT, 5).functional(5), line(22, BOLT, -5)]),
            "lines[0].functional:functional_not_here"
        );
        assert_eq!(
            check(false, &[line(11, EUR, 0), line(12, EUR, 0)]),
            "lines[0].amount:amount_missing lines[1].amount:amount_missing"
        );
    }

    #[test]
    fn a_storno_keeps_its_side() {
        let side = |amount, storno| {
            let mut line = line(11, EUR, amount);
            line.storno = storno;
            Side::of(&line, amount)
        };
        assert_eq!(side(5, false), Side::Debit);
        assert_eq!(side(-5, false), Side::Credit);
        assert_eq!(side(-5, true), Side::Debit);
        assert_eq!(side(5, true), Side::Credit);
    }
}
