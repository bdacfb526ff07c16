//! The lines of a document as they were before a change, and what a changed line will hold.

use std::collections::HashMap;

use fondaco_values::{AnyId, Decimal, Id, Quantity, Value};

use super::Saving;
use super::draft::Line;
use crate::record::Rec;

/// The lines of one document by id, under the field `lines`; none of a new document.
pub struct Before<'a>(HashMap<AnyId, &'a Rec>);

impl<'a> Before<'a> {
    pub fn of(old: Option<&'a Rec>) -> Before<'a> {
        let lines = old.map_or(&[][..], |old| old.lines("lines"));
        Before(lines.iter().map(|line| (line.id, line)).collect())
    }

    /// The line as it was; `None` when it is new.
    pub fn line(&self, line: &Line) -> Option<&'a Rec> {
        self.0.get(&line.id?).copied()
    }

    /// What the field of a line will hold.
    pub fn value<'v>(&self, line: &'v Line, field: &str) -> &'v Value
    where
        'a: 'v,
    {
        match (line.draft.get(field), self.line(line)) {
            (None, Some(old)) => old.get(field),
            _ => line.draft.value(field),
        }
    }

    /// Whether the field is wanted different from what it was; always so in a new line.
    pub fn differs(&self, line: &Line, field: &str) -> bool {
        let Some(old) = self.line(line) else { return true };
        line.draft.get(field).is_some_and(|wanted| wanted != old.get(field))
    }

    pub fn link<M>(&self, line: &Line, field: &str) -> Option<Id<M>> {
        self.value(line, field).as_link().map(|id| id.cast())
    }

    pub fn number(&self, line: &Line, field: &str) -> Decimal {
        self.value(line, field).as_decimal().unwrap_or(Decimal::ZERO)
    }

    pub fn quantity(&self, line: &Line) -> Quantity {
        Quantity::exact(self.number(line, "quantity")).unwrap_or(Quantity::ZERO)
    }
}

/// Takes up the lines that are there where the draft names none, so that they can be written.
pub fn all_lines(saving: &mut Saving) {
    let Some(old) = saving.old.as_ref().filter(|_| !saving.draft.has("lines")) else { return };
    let empty = saving.draft.new_line("lines");
    let line = |line: &Rec| Line { id: Some(line.id), draft: empty.clone() };
    let lines = old.lines("lines").iter().map(line).collect();
    *saving.draft.lines_mut("lines") = lines;
}
