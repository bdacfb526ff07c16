//! Why the ledger refuses: a closed list, each reason with its code and a sentence that names the
//! cure. What refuses stands where the rule is (`draft`, `limit`, `period`, …).

use fondaco_values::{AnyId, Date, Decimal, Problem};

use crate::Error;

/// What a rule says: fine, or the reason against it.
pub(crate) type Ruled<T, E = Reason> = std::result::Result<T, E>;

/// Everything the ledger can refuse for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    // The entry as a whole.
    TooFewLines,
    TooManyLines { most: usize },
    UnknownJournal { code: String },
    TextTooLong { most: usize },
    KeyUnusable { most: usize },
    KeyTwice,
    Unbalanced { book: String, unit: AnyId, difference: i128 },
    UnbalancedFunctional { difference: i128 },
    NoCurrency,
    // One line of it.
    AmountMissing,
    UnknownAccount,
    NotPostable { account: String },
    AccountClosed { account: String },
    WrongUnit { account: String },
    UnknownCurrency { unit: AnyId },
    SubsidiaryMissing { account: String },
    FunctionalMissing,
    FunctionalDiffers,
    FunctionalSign,
    FunctionalNotHere,
    StornoWithoutSide,
    // Limits.
    BelowFloor { account: String, unit: AnyId, left: Decimal, asked: Decimal },
    AboveCeiling { account: String, unit: AnyId, room: Decimal, asked: Decimal },
    OutOfRange { account: String },
    // Accounts.
    NoAccountFor { purpose: String },
    NoAccountCalled { code: String },
    // Promises.
    PromiseEnded { state: String },
    SettlesNothing,
    SettlesTooMuch { left: i64 },
    ExpiresInThePast,
    // Reversal.
    AlreadyReversed { by: i64 },
    NotReversible,
    ReasonMissing,
    // Matching.
    NothingToMatch,
    MatchedTwice,
    KeepsNoOpenItems { account: String },
    MatchAcross { what: &'static str },
    MatchAmount,
    MatchTooMuch { left: i64 },
    MatchUneven { difference: i128 },
    AlreadyUnmatched,
    // The calendar.
    UnknownBook { book: String },
    PeriodIs { month: String, state: &'static str },
    HardLockBack { since: Date },
    HardLocked { until: Date },
    ExpiryMissing,
    YearClosed { starts: Date },
    YearNotClosed { starts: Date },
    YearOrder { starts: Date },
    YearNotOver { ends: Date },
    NoOpenDay,
    NotEquity { account: String },
}

impl Reason {
    /// The stable name for programs and translations.
    pub fn code(&self) -> &'static str {
        use Reason::*;
        match self {
            TooFewLines => "ledger_too_few_lines",
            TooManyLines { .. } => "ledger_too_many_lines",
            UnknownJournal { .. } => "ledger_unknown_journal",
            TextTooLong { .. } => "ledger_text_too_long",
            KeyUnusable { .. } => "ledger_key_unusable",
            KeyTwice => "ledger_key_twice",
            Unbalanced { .. } => "ledger_unbalanced",
            UnbalancedFunctional { .. } => "ledger_unbalanced_functional",
            NoCurrency => "ledger_no_currency",
            AmountMissing => "ledger_amount_missing",
            UnknownAccount => "ledger_unknown_account",
            NotPostable { .. } => "ledger_not_postable",
            AccountClosed { .. } => "ledger_account_closed",
            WrongUnit { .. } => "ledger_wrong_unit",
            UnknownCurrency { .. } => "ledger_unknown_currency",
            SubsidiaryMissing { .. } => "ledger_subsidiary_missing",
            FunctionalMissing => "ledger_functional_missing",
            FunctionalDiffers => "ledger_functional_differs",
            FunctionalSign => "ledger_functional_sign",
            FunctionalNotHere => "ledger_functional_not_here",
            StornoWithoutSide => "ledger_storno_without_side",
            BelowFloor { .. } => "ledger_below_floor",
            AboveCeiling { .. } => "ledger_above_ceiling",
            OutOfRange { .. } => "ledger_out_of_range",
            NoAccountFor { .. } => "ledger_no_account_for",
            NoAccountCalled { .. } => "ledger_no_account_called",
            PromiseEnded { .. } => "ledger_promise_ended",
            SettlesNothing => "ledger_settles_nothing",
            SettlesTooMuch { .. } => "ledger_settles_too_much",
            ExpiresInThePast => "ledger_expires_in_the_past",
            AlreadyReversed { .. } => "ledger_already_reversed",
            NotReversible => "ledger_not_reversible",
            ReasonMissing => "ledger_reason_missing",
            NothingToMatch => "ledger_nothing_to_match",
            MatchedTwice => "ledger_matched_twice",
            KeepsNoOpenItems { .. } => "ledger_keeps_no_open_items",
            MatchAcross { .. } => "ledger_match_across",
            MatchAmount => "ledger_match_amount",
            MatchTooMuch { .. } => "ledger_match_too_much",
            MatchUneven { .. } => "ledger_match_uneven",
            AlreadyUnmatched => "ledger_already_unmatched",
            UnknownBook { .. } => "ledger_unknown_book",
            PeriodIs { .. } => "ledger_period_is",
            HardLockBack { .. } => "ledger_hard_lock_back",
            HardLocked { .. } => "ledger_hard_locked",
            ExpiryMissing => "ledger_expiry_missing",
            YearClosed { .. } => "ledger_year_closed",
            YearNotClosed { .. } => "ledger_year_not_closed",
            YearOrder { .. } => "ledger_year_order",
            YearNotOver { .. } => "ledger_year_not_over",
            NoOpenDay => "ledger_no_open_day",
            NotEquity { .. } => "ledger_not_equity",
        }
    }

    /// The problem with that field of what was asked.
    pub fn at(&self, field: impl Into<String>) -> Problem {
        let problem = Problem::new(field, self.code(), self.sentence());
        self.args().into_iter().fold(problem, |p, (name, value)| p.arg(name, value))
    }

    /// The refusal for that field alone.
    pub(crate) fn refusal(&self, field: impl Into<String>) -> Error {
        Error::Invalid(vec![self.at(field)])
    }

    fn sentence(&self) -> String {
        match self.about_entry().or_else(|| self.about_line()).or_else(|| self.about_limit()) {
            Some(sentence) => sentence,
            None => self.about_work(),
        }
    }

    fn about_entry(&self) -> Option<String> {
        use Reason::*;
        Some(match self {
            TooFewLines => "An entry needs at least two lines: add the other side.".into(),
            TooManyLines { most } => {
                format!("An entry has at most {most} lines: split the document it is for.")
            }
            UnknownJournal { code } => {
                format!("There is no journal {code} in this company: create it or name another.")
            }
            TextTooLong { most } => format!("The text has at most {most} characters: shorten it."),
            KeyUnusable { most } => {
                format!("A key has 1 to {most} characters: give another, or none.")
            }
            KeyTwice => "Two entries of one batch carry the same key: give each its own.".into(),
            Unbalanced { book, unit, difference } => format!(
                "The lines of book {book} in unit {unit} must add up to zero; debit exceeds credit by \
                 {difference} (minor units): correct an amount or add the missing line."
            ),
            UnbalancedFunctional { difference } => format!(
                "Debit must equal credit in the company's currency; debit exceeds credit by \
                 {difference} (minor units): post the difference to a rounding or exchange account."
            ),
            NoCurrency => "The company has no currency: set it before posting money.".into(),
            _ => return None,
        })
    }

    fn about_line(&self) -> Option<String> {
        use Reason::*;
        Some(match self {
            AmountMissing => "The amount is zero: give one, or leave the line out.".into(),
            UnknownAccount => "There is no such account in this company: choose another.".into(),
            NotPostable { account } => {
                format!("Account {account} is a heading: post to an account under it.")
            }
            AccountClosed { account } => {
                format!("Account {account} is closed: choose another, or reopen it.")
            }
            WrongUnit { account } => {
                format!(
                    "Account {account} is kept in one currency only: use that, or another account."
                )
            }
            UnknownCurrency { unit } => {
                format!("Unit {unit} is not a currency, and book general counts money only.")
            }
            SubsidiaryMissing { account } => {
                format!("Account {account} needs a subsidiary: say for whom or for what.")
            }
            FunctionalMissing => {
                "A line in a foreign currency needs its amount in the company's currency.".into()
            }
            FunctionalDiffers => {
                "In the company's own currency both amounts are the same: correct one of them."
                    .into()
            }
            FunctionalSign => {
                "The amount in the company's currency is on the other side: correct its sign."
                    .into()
            }
            FunctionalNotHere => {
                "Only book general has amounts in the company's currency: leave it out.".into()
            }
            StornoWithoutSide => "A storno line needs an amount of its own.".into(),
            _ => return None,
        })
    }

    fn about_limit(&self) -> Option<String> {
        use Reason::*;
        Some(match self {
            BelowFloor { account, left, asked, .. } => format!(
                "Account {account} has only {left} available, {asked} is asked for: take less, or \
                 bring in more first."
            ),
            AboveCeiling { account, room, asked, .. } => format!(
                "Account {account} has room for only {room}, {asked} is asked for: put in less, or \
                 take something out first."
            ),
            OutOfRange { account } => {
                format!("The balance of account {account} would leave the range of 64 bits.")
            }
            NoAccountFor { purpose } => {
                format!(
                    "No account has the purpose {purpose}: set it on the account that serves it."
                )
            }
            NoAccountCalled { code } => {
                format!("There is no account {code} in this company: create it or name another.")
            }
            PromiseEnded { state } => {
                format!("The reservation is {state} already: make a new one.")
            }
            SettlesNothing => "What is settled must be more than zero.".into(),
            SettlesTooMuch { left } => {
                format!(
                    "Only {left} (minor units) of the reservation is left: settle at most that."
                )
            }
            ExpiresInThePast => "A reservation must expire later than now.".into(),
            _ => return None,
        })
    }

    fn about_work(&self) -> String {
        use Reason::*;
        match self {
            AlreadyReversed { by } => {
                format!("The entry was reversed by entry {by}: reverse that one to restore it.")
            }
            NotReversible => "A year-end entry is taken back by reopening the year.".into(),
            ReasonMissing => "Say why: the reason stays in the books.".into(),
            NothingToMatch => "A match needs at least one line on each side.".into(),
            MatchedTwice => "The same line is named twice: name it once, with the sum.".into(),
            KeepsNoOpenItems { account } => {
                format!("Account {account} keeps no open items: switch them on to match its lines.")
            }
            MatchAcross { what } => format!("Only lines of one {what} match each other."),
            MatchAmount => "The amount to match must be more than zero.".into(),
            MatchTooMuch { left } => {
                format!("Only {left} (minor units) of the line is open: match at most that.")
            }
            MatchUneven { difference } => format!(
                "The two sides of a match must be equal; debit exceeds credit by {difference} \
                 (minor units)."
            ),
            AlreadyUnmatched => "The match was taken back already.".into(),
            other => other.about_calendar(),
        }
    }

    fn about_calendar(&self) -> String {
        use Reason::*;
        match self {
            UnknownBook { book } => format!("The book {book} has no account in this company."),
            PeriodIs { month, state: "locked" } => {
                format!("Period {month} is locked for good: post into a later one.")
            }
            PeriodIs { month, state } => {
                format!("Period {month} is {state}: that step does not apply.")
            }
            HardLockBack { since } => {
                format!("The hard lock stands at {since} and only moves forward.")
            }
            HardLocked { until } => format!("Everything up to {until} is locked for good."),
            ExpiryMissing => "An exception must end, and later than now.".into(),
            YearClosed { starts } => format!("The year from {starts} is closed: reopen it first."),
            YearNotClosed { starts } => format!("The year from {starts} is not closed."),
            YearOrder { starts } => format!(
                "Years are closed in order and reopened in reverse order: the year from {starts} first."
            ),
            YearNotOver { ends } => format!("The year ends on {ends}: close it after that day."),
            NoOpenDay => "No open period follows that date: open one.".into(),
            NotEquity { account } => {
                format!("The result of a year goes to an equity account; {account} is none.")
            }
            _ => String::new(),
        }
    }

    fn args(&self) -> Vec<(&'static str, String)> {
        use Reason::*;
        match self {
            TooManyLines { most } | TextTooLong { most } | KeyUnusable { most } => {
                vec![("most", most.to_string())]
            }
            UnknownJournal { code } | NoAccountCalled { code } => vec![("code", code.clone())],
            Unbalanced { book, unit, difference } => vec![
                ("book", book.clone()),
                ("unit", unit.to_string()),
                ("difference", difference.to_string()),
            ],
            UnbalancedFunctional { difference } | MatchUneven { difference } => {
                vec![("difference", difference.to_string())]
            }
            NotPostable { account }
            | AccountClosed { account }
            | WrongUnit { account }
            | SubsidiaryMissing { account }
            | OutOfRange { account }
            | KeepsNoOpenItems { account }
            | NotEquity { account } => vec![("account", account.clone())],
            UnknownCurrency { unit } => vec![("unit", unit.to_string())],
            BelowFloor { account, unit, left, asked } => limit_args(account, *unit, *left, *asked),
            AboveCeiling { account, unit, room, asked } => {
                limit_args(account, *unit, *room, *asked)
            }
            NoAccountFor { purpose } => vec![("purpose", purpose.clone())],
            PromiseEnded { state } => vec![("state", state.clone())],
            SettlesTooMuch { left } | MatchTooMuch { left } => vec![("left", left.to_string())],
            AlreadyReversed { by } => vec![("by", by.to_string())],
            MatchAcross { what } => vec![("what", (*what).to_owned())],
            UnknownBook { book } => vec![("book", book.clone())],
            PeriodIs { month, state } => {
                vec![("month", month.clone()), ("state", (*state).to_owned())]
            }
            HardLockBack { since: date } | HardLocked { until: date } => {
                vec![("date", date.to_string())]
            }
            YearClosed { starts } | YearNotClosed { starts } | YearOrder { starts } => {
                vec![("starts", starts.to_string())]
            }
            YearNotOver { ends } => vec![("ends", ends.to_string())],
            _ => Vec::new(),
        }
    }
}

fn limit_args(
    account: &str,
    unit: AnyId,
    left: Decimal,
    asked: Decimal,
) -> Vec<(&'static str, String)> {
    vec![
        ("account", account.to_owned()),
        ("unit", unit.to_string()),
        ("left", left.to_string()),
        ("asked", asked.to_string()),
    ]
}
