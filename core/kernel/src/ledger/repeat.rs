//! Repeats: the same key with the same body answers as before, with another body it is a conflict
//! that names the field. Keys are kept for ever.
//! Not here: keys of whole requests (`repeats` of the kernel).

use std::collections::{BTreeMap, BTreeSet};

use fondaco_values::Id;

use super::draft::{Draft, Line};
use super::entry::{self, Stored};
use super::journal;
use super::post::{Order, Posted};
use super::reason::Reason;
use crate::db::Sql;
use crate::error::Result;
use crate::{Error, Tx};

/// Those of the orders that were posted before, with what came of them.
pub(crate) async fn posted(tx: &mut Tx, orders: &[Order]) -> Result<BTreeMap<usize, Posted>> {
    let mut keys: BTreeMap<&str, usize> = BTreeMap::new();
    for (n, order) in orders.iter().enumerate() {
        if let Some(key) = &order.draft.key
            && keys.insert(key, n).is_some()
        {
            return Err(Reason::KeyTwice.refusal("key"));
        }
    }
    if keys.is_empty() {
        return Ok(BTreeMap::new());
    }
    let mut sql = Sql::new().lit("select seq from ledger_entry where company = ");
    sql = sql.arg(tx.ctx().company());
    for (n, key) in keys.keys().enumerate() {
        sql = sql.lit(if n == 0 { " and key in (" } else { ", " }).arg(*key);
    }
    let seqs: BTreeSet<i64> = tx.rows(sql.lit(")")).await?.iter().map(|row| row.int(0)).collect();
    let entries = entry::by_seqs(tx, seqs).await?;
    let journals = journal::codes(tx, entries.iter().map(|was| was.journal).collect()).await?;
    let mut known = BTreeMap::new();
    for was in entries {
        let Some(n) = was.key.as_deref().and_then(|key| keys.get(key)) else { continue };
        same(&was, journals.get(&was.journal).map_or("", String::as_str), &orders[*n])?;
        known.insert(*n, answer(was));
    }
    Ok(known)
}

fn answer(was: Stored) -> Posted {
    let (id, date) = (Id::new(was.seq), entry::date(&was.date));
    Posted { id, seq: was.seq, number: was.number, date }
}

fn same(was: &Stored, journal: &str, order: &Order) -> Result<()> {
    let links = (was.reverses, was.settles) == (order.reverses, order.settles);
    let field = match links {
        true => difference(&was.draft(journal), &order.draft),
        false => Some("kind".to_owned()),
    };
    field.map_or(Ok(()), |field| Err(conflict(&field)))
}

pub(crate) fn conflict(field: &str) -> Error {
    let message = format!(
        "This key was used before with another {field}: send the same again, or a new key."
    );
    Error::Conflict { code: "ledger_key_reused", message }
}

/// The first field in which two drafts differ.
pub(crate) fn difference(was: &Draft, now: &Draft) -> Option<String> {
    let head = [
        ("journal", was.journal == now.journal),
        ("date", was.date == now.date),
        ("text", was.text == now.text),
        ("source", was.source == now.source),
        ("exchange", was.exchange == now.exchange),
        ("lines", was.lines.len() == now.lines.len()),
    ];
    if let Some((field, _)) = head.into_iter().find(|(_, same)| !same) {
        return Some(field.to_owned());
    }
    let pairs = was.lines.iter().zip(&now.lines).enumerate();
    pairs.into_iter().find_map(|(n, (was, now))| {
        line_difference(was, now).map(|field| format!("lines[{n}].{field}"))
    })
}

fn line_difference(was: &Line, now: &Line) -> Option<&'static str> {
    // What is the same in the company's currency may be said or left out, and so may nothing.
    let functional = |line: &Line| line.functional.unwrap_or(line.amount);
    let left_out = was.functional.is_none() && now.functional == Some(0);
    let fields = [
        ("account", was.account == now.account),
        ("unit", was.unit == now.unit),
        ("amount", was.amount == now.amount),
        ("functional", left_out || functional(was) == functional(now)),
        ("subsidiary", was.subsidiary == now.subsidiary),
        ("dims", was.dims == now.dims),
        ("due", was.due == now.due),
        ("tag", was.tag == now.tag),
        ("storno", was.storno == now.storno),
    ];
    fields.into_iter().find(|(_, same)| !same).map(|(field, _)| field)
}

#[cfg(test)]
mod tests {
    use fondaco_values::{AnyId, Date};

    use super::*;
    use crate::DocRef;
    use crate::ledger::Dims;

    #[test]
    fn the_field_that_differs_is_named() {
        let (eur, day) = (AnyId::new(1), Date::constant(2026, 1, 1));
        let line = |account: i64, amount| Line::signed(Id::new(account), eur, amount);
        let was = Draft::new("M", day, "t").line(line(1, 5)).line(line(2, -5));
        assert_eq!(difference(&was, &was), None);
        type Change = (&'static str, fn(&mut Draft));
        let changes: &[Change] = &[
            ("journal", |d| d.journal.push('x')),
            ("date", |d| d.date = Date::constant(2026, 1, 2)),
            ("text", |d| d.text.push('x')),
            ("source", |d| d.source = Some(DocRef { model: "x".into(), id: Id::new(1) })),
            ("exchange", |d| d.exchange = true),
            ("lines", |d| drop(d.lines.pop())),
            ("lines[1].account", |d| d.lines[1].account = Id::new(7)),
            ("lines[1].unit", |d| d.lines[1].unit = Id::new(7)),
            ("lines[1].amount", |d| d.lines[1].amount = -6),
            ("lines[1].functional", |d| d.lines[1].functional = Some(-6)),
            ("lines[0].subsidiary", |d| d.lines[0].subsidiary = Some(Id::new(7))),
            ("lines[0].dims", |d| {
                d.lines[0].dims = Dims { project: Some(Id::new(7)), ..Dims::default() }
            }),
            ("lines[0].due", |d| d.lines[0].due = Some(d.date)),
            ("lines[0].tag", |d| d.lines[0].tag = Some("x".into())),
            ("lines[0].storno", |d| d.lines[0].storno = true),
        ];
        for (field, change) in changes {
            let mut now = was.clone();
            change(&mut now);
            assert_eq!(difference(&was, &now).as_deref(), Some(*field));
        }
        let mut said = was.clone();
        said.lines[0].functional = Some(5);
        assert_eq!(difference(&was, &said), None);
    }
}
