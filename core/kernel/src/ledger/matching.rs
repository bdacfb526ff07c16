//! Open items: what is left of the lines on accounts that keep them, and how lines settle each
//! other, in part or in full.
//! Not here: posting the exchange difference that a match may leave; its caller does.
//! INVARIANT: what is matched of a line never exceeds it; residual = original − Σ matched. A match
//! and its taking back are events, and taking back restores both sides exactly.

use std::collections::{BTreeMap, BTreeSet};

use fondaco_values::{AnyId, Date, Id, Problem, Rounding, share};

use super::account::{self, Account, Chart};
use super::among;
use super::entry::{LINES_PER_SEQ, LineRef, StoredLine, date};
use super::reason::{Reason, Ruled};
use crate::db::{Cell, Row, Sql};
use crate::error::{Result, refuse_if_any};
use crate::{DocRef, Error, Tx};

/// How much of a line takes part in a match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    pub line: LineRef,
    /// Minor units, more than zero; `None` = all that is left.
    pub amount: Option<i64>,
}

impl Part {
    pub fn of(line: LineRef, amount: i64) -> Part {
        Part { line, amount: Some(amount) }
    }

    pub fn rest(line: LineRef) -> Part {
        Part { line, amount: None }
    }
}

/// A match that was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Matched {
    pub id: Id<Matched>,
    /// What both sides differ by in the company's currency, debit positive: a realised loss, to be
    /// posted as an exchange entry; a gain when negative. Zero within one currency.
    pub difference: i64,
}

pub(crate) const OPEN: &[&str] =
    &["line", "account", "subsidiary", "unit", "residual", "functional"];

/// The row of a new line on an account with open items. A line without an amount of its own has
/// none: it evens out what a match left between two rates, and what it carries is no longer in
/// what is left of the matched lines. So the open items of an account come to its balance in both
/// currencies once each match's difference is posted.
pub(crate) fn opened(line: &StoredLine) -> Option<Vec<Cell>> {
    let row = || {
        vec![
            line.id.into(),
            line.account.into(),
            line.subsidiary.into(),
            line.unit.into(),
            line.amount.into(),
            line.functional.into(),
        ]
    };
    (line.amount != 0).then(row)
}

/// A line with what is left of it.
struct Open {
    line: i64,
    account: Id<Account>,
    subsidiary: Option<i64>,
    unit: i64,
    residual: i64,
    functional: i64,
}

/// What a match takes of a line, with its sign.
struct Taken {
    line: i64,
    amount: i64,
    functional: i64,
}

/// Settles lines of one account, subsidiary and unit against each other.
pub async fn match_items(tx: &mut Tx, parts: &[Part]) -> Result<Matched> {
    let lines: BTreeSet<i64> = parts.iter().map(|part| part.line.raw()).collect();
    if lines.len() < parts.len() {
        return Err(Reason::MatchedTwice.refusal("parts"));
    }
    let open = load(tx, &lines).await?;
    let taken = take(parts, &open)?;
    let difference = sum(&taken, |t| t.functional)?;
    let id = tx.new_id::<Matched>();
    record(tx, id, None, difference, &taken).await?;
    Ok(Matched { id, difference })
}

/// Takes a match back: each line has open again what the match took of it.
pub async fn unmatch(tx: &mut Tx, id: Id<Matched>) -> Result<()> {
    let sql = Sql::text(
        "select m.difference, u.id from ledger_match m left join ledger_match u on u.undoes = m.id \
         where m.id = $1 and m.company = $2 and m.undoes is null",
    );
    let found = tx.row(sql.bind(id).bind(tx.ctx().company())).await?;
    let found = found.ok_or_else(|| Error::not_found("match", id))?;
    if found.opt_int(1).is_some() {
        return Err(Reason::AlreadyUnmatched.refusal("match"));
    }
    let sql = Sql::text(
        "select line, amount, functional from ledger_match_line where match = $1 order by line",
    );
    let back = |r: &Row| Taken { line: r.int(0), amount: -r.int(1), functional: -r.int(2) };
    let taken: Vec<Taken> = tx.rows(sql.bind(id)).await?.iter().map(back).collect();
    let event = tx.new_id::<Matched>();
    record(tx, event, Some(id), -found.int(0), &taken).await
}

async fn load(tx: &mut Tx, lines: &BTreeSet<i64>) -> Result<BTreeMap<i64, Open>> {
    let sql = Sql::new().lit(
        "select l.id, l.account, l.subsidiary, l.unit, o.residual, o.functional \
         from ledger_line l left join ledger_open o on o.line = l.id where l.id",
    );
    let sql = among(sql, tx.dialect(), lines);
    let rows = tx.rows(sql).await?;
    let touched: Vec<_> = rows.iter().map(|r| (r.id(1), AnyId::new(0))).collect();
    let chart = Chart::load(tx, &touched).await?;
    let mut found = BTreeMap::new();
    for row in &rows {
        let (line, account) = (row.int(0), row.id(1));
        // A line of another company's account is not there.
        let Some(rules) = chart.account(account) else { continue };
        if !rules.open {
            let account = rules.code.clone();
            return Err(Reason::KeepsNoOpenItems { account }.refusal("parts"));
        }
        let (residual, functional) = (row.opt_int(4).unwrap_or(0), row.opt_int(5).unwrap_or(0));
        let (subsidiary, unit) = (row.opt_int(2), row.int(3));
        found.insert(line, Open { line, account, subsidiary, unit, residual, functional });
    }
    Ok(found)
}

fn take(parts: &[Part], open: &BTreeMap<i64, Open>) -> Result<Vec<Taken>> {
    let (mut taken, mut problems) = (Vec::with_capacity(parts.len()), Vec::new());
    let mut first: Option<&Open> = None;
    for (n, part) in parts.iter().enumerate() {
        let raw = part.line.raw();
        let item = open.get(&raw).ok_or_else(|| Error::not_found("line", raw))?;
        let together = first.get_or_insert(item);
        match taken_of(part, item, together) {
            Ok(one) => taken.push(one),
            Err((field, why)) => problems.push(why.at(format!("parts[{n}].{field}"))),
        }
    }
    refuse_if_any(problems)?;
    let both = taken.iter().any(|t| t.amount > 0) && taken.iter().any(|t| t.amount < 0);
    if !both {
        return Err(Reason::NothingToMatch.refusal("parts"));
    }
    let difference: i128 = taken.iter().map(|t| i128::from(t.amount)).sum();
    match difference {
        0 => Ok(taken),
        _ => Err(Reason::MatchUneven { difference }.refusal("parts")),
    }
}

fn taken_of(part: &Part, item: &Open, first: &Open) -> Ruled<Taken, (&'static str, Reason)> {
    let across = [
        ("account", item.account != first.account),
        ("subsidiary", item.subsidiary != first.subsidiary),
        ("unit", item.unit != first.unit),
    ];
    if let Some((what, _)) = across.into_iter().find(|(_, differs)| *differs) {
        return Err(("line", Reason::MatchAcross { what }));
    }
    let left = item.residual.saturating_abs();
    let amount = part.amount.unwrap_or(left);
    if amount <= 0 && left > 0 {
        return Err(("amount", Reason::MatchAmount));
    }
    if amount > left || left == 0 {
        return Err(("amount", Reason::MatchTooMuch { left }));
    }
    // Of the amount in the company's currency its share; the last part takes the rest.
    let functional = match amount == left {
        true => item.functional,
        false => share(item.functional, i128::from(amount), i128::from(left), Rounding::HalfUp)
            .ok_or(("amount", Reason::MatchAmount))?,
    };
    Ok(Taken { line: item.line, amount: amount * item.residual.signum(), functional })
}

fn sum(taken: &[Taken], of: fn(&Taken) -> i64) -> Result<i64> {
    let sum: i128 = taken.iter().map(|t| i128::from(of(t))).sum();
    i64::try_from(sum).map_err(|_| {
        Error::Invalid(vec![Problem::new("parts", "ledger_out_of_range", "The sum is too large.")])
    })
}

/// Writes the event, and what is left of each line.
async fn record(
    tx: &mut Tx,
    id: Id<Matched>,
    undoes: Option<Id<Matched>>,
    difference: i64,
    taken: &[Taken],
) -> Result<()> {
    const MATCH: &[&str] = &["id", "company", "undoes", "difference", "user", "actor", "at"];
    const LINES: &[&str] = &["match", "line", "amount", "functional"];
    let ctx = tx.ctx();
    let event = vec![
        id.into(),
        ctx.company().into(),
        undoes.into(),
        difference.into(),
        ctx.actor().user().into(),
        ctx.actor().name().into(),
        tx.now().into(),
    ];
    tx.insert_rows("ledger_match", MATCH, &[event]).await?;
    let row = |t: &Taken| vec![id.into(), t.line.into(), t.amount.into(), t.functional.into()];
    let rows: Vec<Vec<Cell>> = taken.iter().map(row).collect();
    tx.insert_rows("ledger_match_line", LINES, &rows).await?;
    const LEAVE: &str = "update ledger_open set residual = residual - $1, \
         functional = functional - $2 where line = $3";
    let row = |t: &Taken| vec![t.amount.into(), t.functional.into(), t.line.into()];
    let rows: Vec<Vec<Cell>> = taken.iter().map(row).collect();
    tx.exec_each(LEAVE, &rows).await
}

/// A line that is not settled in full.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenItem {
    pub line: LineRef,
    pub subsidiary: Option<AnyId>,
    pub unit: AnyId,
    pub date: Date,
    pub due: Option<Date>,
    /// Of the line as it was posted, with its sign.
    pub amount: i64,
    /// What is left of it.
    pub residual: i64,
    /// What is left of it in the company's currency.
    pub functional: i64,
    pub number: Option<String>,
    pub text: String,
    pub source: Option<DocRef>,
}

/// What is open on an account of the caller's company, by due date; for one subsidiary or all.
pub async fn open_items(
    tx: &mut Tx,
    account: Id<Account>,
    subsidiary: Option<AnyId>,
) -> Result<Vec<OpenItem>> {
    let account = account::get(tx, account).await?;
    let mut sql = Sql::new()
        .lit(
            "select o.line, o.subsidiary, o.unit, l.date, l.due, l.amount, o.residual, o.functional, \
             e.number, e.text, e.source_model, e.source_id from ledger_open o \
             join ledger_line l on l.id = o.line join ledger_entry e on e.seq = o.line / ",
        )
        .arg(LINES_PER_SEQ)
        .lit(" where o.residual <> 0 and o.account = ")
        .arg(account.id);
    if let Some(subsidiary) = subsidiary {
        sql = sql.lit(" and o.subsidiary = ").arg(subsidiary);
    }
    let rows = tx.rows(sql.lit(" order by coalesce(l.due, l.date), o.line")).await?;
    Ok(rows.iter().map(item).collect())
}

fn item(row: &Row) -> OpenItem {
    let source = row.opt_str(10).zip(row.opt_id(11));
    OpenItem {
        line: LineRef::from_raw(row.int(0)),
        subsidiary: row.opt_id(1),
        unit: row.id(2),
        date: date(row.str(3)),
        due: row.opt_str(4).map(date),
        amount: row.int(5),
        residual: row.int(6),
        functional: row.int(7),
        number: row.opt_str(8).map(str::to_owned),
        text: row.str(9).to_owned(),
        source: source.map(|(model, id)| DocRef { model: model.to_owned(), id }),
    }
}

/// Makes the rows of open items again from the lines and the matches: of these accounts, after
/// somebody switched their open items on or off, or of all.
pub(crate) async fn reopen(tx: &mut Tx, accounts: Option<&BTreeSet<i64>>) -> Result<()> {
    let dialect = tx.dialect();
    let of = |sql: Sql, and: &'static str| match accounts {
        Some(accounts) => among(sql.lit(and), dialect, accounts),
        None => sql,
    };
    let old = of(Sql::new().lit("delete from ledger_open"), " where account");
    tx.exec(old).await?;
    let sql = Sql::new().lit(
        "insert into ledger_open (line, account, subsidiary, unit, residual, functional) \
         select l.id, l.account, l.subsidiary, l.unit, \
         l.amount - coalesce(cast(sum(m.amount) as bigint), 0), \
         l.functional - coalesce(cast(sum(m.functional) as bigint), 0) from ledger_line l \
         join account a on a.id = l.account and a.open = 1 \
         left join ledger_match_line m on m.line = l.id where l.amount <> 0",
    );
    let sql = of(sql, " and l.account").lit(" group by l.id");
    tx.exec(sql).await.map(drop)
}
