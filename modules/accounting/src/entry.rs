//! Journal entries by hand: opening balances, accruals, corrections; draft → posted → reversed.
//! Not here: the entries that documents post (`posting`, `payment`).

use std::collections::BTreeSet;

use fondaco_kernel::ledger::{self, Line};
use fondaco_kernel::permissions::Allowed;
use fondaco_kernel::record::Record as _;
use fondaco_kernel::shared::{Currency, Party, TaxCode};
use fondaco_kernel::store;
use fondaco_kernel::{Args, DocRef, Error, Outcome, Record, Result, Tx};
use fondaco_values::{AnyId, Date, Decimal, Id, Money, Problem};

use crate::accounts::{AccountName, purpose};
use crate::document::{Tax, own_currency};
use crate::posting::{Side, base_tag, tag};
use crate::settlement;

#[derive(Record, Clone, Debug)]
#[record("accounting.entry")]
pub(crate) struct JournalEntry {
    pub(crate) id: Id<JournalEntry>,
    pub(crate) version: i64,
    pub(crate) state: String,
    /// `general` or `opening`.
    pub(crate) kind: String,
    pub(crate) dated_on: Date,
    pub(crate) text: String,
    pub(crate) lines: Vec<JournalLine>,
    pub(crate) booked_on: Option<Date>,
    pub(crate) entry: Option<i64>,
    pub(crate) reversal: Option<i64>,
    pub(crate) reversed_on: Option<Date>,
    pub(crate) reason: Option<String>,
}

#[derive(Record, Clone, Debug)]
#[record("accounting.entry_line")]
pub(crate) struct JournalLine {
    pub(crate) id: Id<JournalLine>,
    pub(crate) account: Id<AccountName>,
    pub(crate) party: Option<Id<Party>>,
    pub(crate) debit: Money,
    pub(crate) credit: Money,
    pub(crate) foreign_currency: Option<Id<Currency>>,
    pub(crate) foreign_amount: Option<Decimal>,
    pub(crate) due_on: Option<Date>,
    pub(crate) tax_code: Option<Id<TaxCode>>,
    /// `base` or `tax`.
    pub(crate) tax_part: Option<String>,
}

/// Posts the entry to the ledger.
pub(crate) async fn post(
    tx: &mut Tx,
    entry: Allowed<JournalEntry>,
    _args: Args,
) -> Result<Outcome> {
    let mut entry = entry.into_inner();
    let lines = ledger_lines(tx, &entry).await?;
    let journal = if entry.kind == "opening" { "opening" } else { "misc" };
    let mut draft = ledger::Draft::new(journal, entry.dated_on, entry.text.clone())
        .source(DocRef::new(JournalEntry::MODEL, entry.id))
        .lines(lines);
    draft.exchange = crosses_currencies(&draft.lines);
    let posted = ledger::post(tx, draft).await?;
    entry.entry = Some(posted.seq);
    entry.booked_on = Some(posted.date);
    store::update(tx, &mut entry).await?;
    Ok(Outcome::done())
}

async fn ledger_lines(tx: &mut Tx, entry: &JournalEntry) -> Result<Vec<Line>> {
    let own = own_currency(tx).await?;
    let foreign: BTreeSet<Id<Currency>> =
        entry.lines.iter().filter_map(|line| line.foreign_currency).collect();
    let foreign: Vec<Id<Currency>> = foreign.into_iter().collect();
    let foreign = store::get_many::<Currency>(tx, &foreign).await?;
    let codes: BTreeSet<Id<Tax>> =
        entry.lines.iter().filter_map(|line| line.tax_code.map(Id::cast)).collect();
    let codes = store::get_many::<Tax>(tx, &codes.into_iter().collect::<Vec<_>>()).await?;
    let mut problems = difference(&entry.lines).into_iter().collect::<Vec<_>>();
    let mut lines = Vec::with_capacity(entry.lines.len());
    for (n, line) in entry.lines.iter().enumerate() {
        let unit = line.foreign_currency.and_then(|id| foreign.iter().find(|c| c.id == id));
        match ledger_line(line, &own, unit.unwrap_or(&own)) {
            Ok(made) => lines.push(Line {
                tag: tag_of(line, &codes),
                due: line.due_on,
                subsidiary: line.party.map(Id::any),
                ..made
            }),
            Err(problem) => problems.push(problem.under(format!("lines[{n}]"))),
        }
    }
    fondaco_kernel::error::refuse_if_any(problems).map(|()| lines)
}

/// Debit must equal credit; said in the company's currency, as the user wrote it.
fn difference(lines: &[JournalLine]) -> Option<Problem> {
    let debit: Money = lines.iter().map(|line| line.debit).sum();
    let credit: Money = lines.iter().map(|line| line.credit).sum();
    (debit != credit).then(|| {
        let difference = (debit - credit).abs();
        let more = if debit > credit { "Debit" } else { "Credit" };
        let message = format!(
            "{more} is {difference} more than the other side: correct an amount or add a line."
        );
        Problem::new("lines", "unbalanced", message)
    })
}

fn ledger_line(
    line: &JournalLine,
    own: &Currency,
    unit: &Currency,
) -> std::result::Result<Line, Problem> {
    let one_side = line.debit.is_zero() != line.credit.is_zero();
    if !one_side {
        return Err(Problem::new("debit", "one_side", "Give the line either a debit or a credit."));
    }
    let amount = line.debit - line.credit;
    let too_fine = |field: &str| {
        let message = "The amount has more decimals than its currency: round it.";
        Problem::new(field, "minor_unit", message)
    };
    let own_minor = amount.minor(own.decimals()).ok_or_else(|| too_fine("debit"))?;
    if unit.id == own.id {
        return Ok(Line::signed(line.account.cast(), own.id, own_minor));
    }
    let foreign = line.foreign_amount.filter(|amount| !amount.is_zero()).ok_or_else(|| {
        let message = "Say the amount in the foreign currency too.";
        Problem::new("foreign_amount", "required", message)
    })?;
    let minor = Money::exact(foreign).and_then(|amount| amount.minor(unit.decimals()));
    let minor = minor.ok_or_else(|| too_fine("foreign_amount"))?;
    let minor = minor * own_minor.signum();
    Ok(Line::signed(line.account.cast(), unit.id, minor).functional(own_minor))
}

fn tag_of(line: &JournalLine, codes: &[Tax]) -> Option<String> {
    let code = line.tax_code?;
    let code = &codes.iter().find(|tax| tax.id.any() == code.any())?.code;
    Some(if line.tax_part.as_deref() == Some("tax") { tag(code) } else { base_tag(code) })
}

/// Whether some currency does not balance by itself: then only the company's own must.
fn crosses_currencies(lines: &[Line]) -> bool {
    let mut sums: Vec<(AnyId, i128)> = Vec::new();
    for line in lines {
        match sums.iter_mut().find(|(unit, _)| *unit == line.unit) {
            Some((_, sum)) => *sum += i128::from(line.amount),
            None => sums.push((line.unit, line.amount.into())),
        }
    }
    sums.len() > 1 && sums.iter().any(|(_, sum)| *sum != 0)
}

/// Posts the opposite, once; what its lines were set against is open again first.
pub(crate) async fn reverse(
    tx: &mut Tx,
    entry: Allowed<JournalEntry>,
    args: Args,
) -> Result<Outcome> {
    let mut entry = entry.into_inner();
    let document = DocRef::new(JournalEntry::MODEL, entry.id);
    settlement::undo_all(tx, &document).await?;
    let Some(seq) = entry.entry else {
        return Err(Error::problem("entry", "not_posted", "The entry is not in the ledger."));
    };
    let on = args.date("on").unwrap_or(entry.dated_on);
    let reason = args.text("reason").unwrap_or_default();
    let storno = args.flag("storno");
    let mode = if storno { ledger::Mode::Storno } else { ledger::Mode::Opposite };
    let posted = ledger::reverse(tx, Id::new(seq), on, reason, mode).await?;
    close_items(tx, &entry, &document).await?;
    entry.reversal = Some(posted.seq);
    entry.reversed_on = Some(posted.date);
    entry.reason = Some(reason.to_owned());
    store::update(tx, &mut entry).await?;
    Ok(Outcome::says("The opposite is posted."))
}

/// Sets the lines of a reversed entry on receivables and payables against their opposites.
async fn close_items(tx: &mut Tx, entry: &JournalEntry, document: &DocRef) -> Result<()> {
    let own = own_currency(tx).await?.id;
    for (side, purpose) in [(Side::Sale, purpose::RECEIVABLE), (Side::Purchase, purpose::PAYABLE)] {
        let control = ledger::accounts::by_purpose(tx, purpose).await?;
        let on_control = entry.lines.iter().filter(|line| line.account.any() == control.any());
        let pairs: BTreeSet<(Id<Party>, Id<Currency>)> = on_control
            .filter_map(|line| Some((line.party?, line.foreign_currency.unwrap_or(own))))
            .collect();
        for (party, currency) in pairs {
            settlement::settle_itself(tx, side, party, currency, document).await?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn currency(id: i64, exponent: i64) -> Currency {
        Currency { id: Id::new(id), code: "XXX".into(), exponent }
    }

    fn line(debit: &str, credit: &str, foreign: Option<(i64, &str)>) -> JournalLine {
        JournalLine {
            id: Id::default(),
            account: Id::new(10),
            party: None,
            debit: debit.parse().unwrap(),
            credit: credit.parse().unwrap(),
            foreign_currency: foreign.map(|(id, _)| Id::new(id)),
            foreign_amount: foreign.map(|(_, amount)| amount.parse().unwrap()),
            due_on: None,
            tax_code: None,
            tax_part: None,
        }
    }

    fn made(line: &JournalLine) -> String {
        let (own, yen) = (currency(1, 2), currency(2, 0));
        let unit = if line.foreign_currency.is_some() { &yen } else { &own };
        match ledger_line(line, &own, unit) {
            Ok(line) => match line.functional {
                Some(own) => format!("{}={own}", line.amount),
                None => line.amount.to_string(),
            },
            Err(problem) => format!("{}:{}", problem.field, problem.code),
        }
    }

    #[test]
    fn lines_have_one_side_and_whole_minor_units() {
        assert_eq!(made(&line("12.50", "0", None)), "1250");
        assert_eq!(made(&line("0", "12.50", None)), "-1250");
        assert_eq!(made(&line("1", "1", None)), "debit:one_side");
        assert_eq!(made(&line("0", "0", None)), "debit:one_side");
        assert_eq!(made(&line("0.001", "0", None)), "debit:minor_unit");
        assert_eq!(made(&line("0", "10", Some((2, "1600")))), "-1600=-1000");
        assert_eq!(made(&line("10", "0", Some((2, "1600.5")))), "foreign_amount:minor_unit");
        assert_eq!(made(&line("10", "0", Some((2, "0")))), "foreign_amount:required");
    }

    #[test]
    fn both_sides_are_equal() {
        let of = |lines: &[(&str, &str)]| {
            let lines: Vec<JournalLine> = lines.iter().map(|(d, c)| line(d, c, None)).collect();
            difference(&lines).map(|problem| problem.message)
        };
        assert_eq!(of(&[("5", "0"), ("0", "5")]), None);
        let said = of(&[("5", "0"), ("0", "4.25")]).unwrap();
        assert!(said.starts_with("Debit is 0.75 more"), "{said}");
    }

    #[test]
    fn currencies_that_do_not_balance_make_an_exchange() {
        let line = |unit: i64, amount| Line::signed(Id::new(10), AnyId::new(unit), amount);
        assert!(!crosses_currencies(&[line(1, 5), line(1, -5)]));
        assert!(!crosses_currencies(&[line(1, 5), line(1, -5), line(2, 7), line(2, -7)]));
        assert!(crosses_currencies(&[line(1, 5), line(2, -7)]));
        assert!(!crosses_currencies(&[line(1, 5), line(1, -4)]), "one currency must balance");
    }
}
