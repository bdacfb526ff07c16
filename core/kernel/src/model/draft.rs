//! The stages of a record on its way into the database: [`Draft`] (what somebody wants) →
//! [`Checked`] (complete and free of problems) → [`Saved`] (what is there now). Only `sql` turns a
//! `Checked` into a `Saved`; only `check` makes a `Checked`.
//! Not here: reading a draft from JSON or text (`input`), the checks themselves (`check`).

use std::sync::Arc;

use fondaco_schema::{Field, Model};
use fondaco_values::{AnyId, Date, Decimal, Id, Money, Quantity, Value};
use serde_json::Value as Json;

use super::catalog::Meta;
use crate::record::Rec;

/// Values somebody wants in a new or an existing record, or the arguments of an action. A field that
/// was not put is left alone; a field put to null is emptied.
#[derive(Clone, Debug)]
pub struct Draft {
    pub(crate) meta: Arc<Meta>,
    pub(crate) values: Vec<Option<Value>>,
    /// By index of the field of kind lines: the whole new set of lines.
    pub(crate) lines: Vec<(usize, Vec<Line>)>,
}

/// One line of a document as somebody wants it. With an id it changes that line; a line of the
/// document whose id is not named is removed.
#[derive(Clone, Debug)]
pub struct Line {
    pub id: Option<AnyId>,
    pub draft: Draft,
}

static NULL: Value = Value::Null;

impl Draft {
    pub(crate) fn new(meta: &Arc<Meta>) -> Draft {
        let values = vec![None; meta.model.fields.len()];
        Draft { meta: meta.clone(), values, lines: Vec::new() }
    }

    pub fn model(&self) -> &Arc<Model> {
        &self.meta.model
    }

    /// Wants `value` in a field. Asserts that the model has the field.
    #[track_caller]
    pub fn set(&mut self, field: &str, value: impl Into<Value>) -> &mut Draft {
        self.put(self.at(field), value.into());
        self
    }

    /// The same as a chain.
    #[track_caller]
    pub fn with(mut self, field: &str, value: impl Into<Value>) -> Draft {
        self.set(field, value);
        self
    }

    /// What is wanted in a field; `None` when it is left alone.
    #[track_caller]
    pub fn get(&self, field: &str) -> Option<&Value> {
        self.values[self.at(field)].as_ref()
    }

    /// Whether the field is touched, also when it is emptied. Lines count too.
    #[track_caller]
    pub fn has(&self, field: &str) -> bool {
        let at = self.at(field);
        self.values[at].is_some() || self.lines_at(at).is_some()
    }

    /// Leaves the field alone again.
    #[track_caller]
    pub fn unset(&mut self, field: &str) -> &mut Draft {
        let at = self.at(field);
        self.values[at] = None;
        self.lines.retain(|(field, _)| *field != at);
        self
    }

    #[track_caller]
    pub fn value(&self, field: &str) -> &Value {
        self.get(field).unwrap_or(&NULL)
    }

    #[track_caller]
    pub fn text(&self, field: &str) -> Option<&str> {
        self.value(field).as_text()
    }

    #[track_caller]
    pub fn int(&self, field: &str) -> Option<i64> {
        self.value(field).as_int()
    }

    #[track_caller]
    pub fn decimal(&self, field: &str) -> Option<Decimal> {
        self.value(field).as_decimal()
    }

    #[track_caller]
    pub fn money(&self, field: &str) -> Option<Money> {
        self.decimal(field).and_then(Money::exact)
    }

    #[track_caller]
    pub fn quantity(&self, field: &str) -> Option<Quantity> {
        self.decimal(field).and_then(Quantity::exact)
    }

    #[track_caller]
    pub fn date(&self, field: &str) -> Option<Date> {
        self.value(field).as_date()
    }

    #[track_caller]
    pub fn flag(&self, field: &str) -> bool {
        self.value(field).as_bool() == Some(true)
    }

    #[track_caller]
    pub fn link<M>(&self, field: &str) -> Option<Id<M>> {
        self.value(field).as_link().map(AnyId::cast)
    }

    #[track_caller]
    pub fn json(&self, field: &str) -> Option<&Json> {
        self.value(field).as_json()
    }

    /// The wanted lines; none when they are left alone.
    #[track_caller]
    pub fn lines(&self, field: &str) -> &[Line] {
        self.lines_at(self.at(field)).unwrap_or(&[])
    }

    #[track_caller]
    pub fn lines_mut(&mut self, field: &str) -> &mut Vec<Line> {
        let at = self.at(field);
        let place = match self.lines.iter().position(|(field, _)| *field == at) {
            Some(place) => place,
            None => {
                self.lines.push((at, Vec::new()));
                self.lines.len() - 1
            }
        };
        &mut self.lines[place].1
    }

    /// An empty draft of a line for this field of kind lines. Asserts that it is one.
    #[track_caller]
    pub fn new_line(&self, field: &str) -> Draft {
        let line = self.line_draft(self.at(field));
        assert!(line.is_some(), "{}.{field} has no lines", self.meta.model.name);
        line.unwrap_or_else(|| self.clone())
    }

    /// Fields that are touched, without lines.
    pub fn touched(&self) -> impl Iterator<Item = (&Field, &Value)> {
        let fields = self.meta.model.fields.values();
        fields.zip(&self.values).filter_map(|(field, value)| Some((field, value.as_ref()?)))
    }

    pub(crate) fn line_draft(&self, at: usize) -> Option<Draft> {
        self.meta.lines_of(at).map(|lines| Draft::new(&lines.child))
    }

    pub(crate) fn lines_at(&self, at: usize) -> Option<&[Line]> {
        self.lines.iter().find(|(field, _)| *field == at).map(|(_, lines)| lines.as_slice())
    }

    pub(crate) fn put(&mut self, at: usize, value: Value) {
        self.values[at] = Some(value);
    }

    pub(crate) fn put_lines(&mut self, at: usize, lines: Vec<Line>) {
        self.lines.retain(|(field, _)| *field != at);
        self.lines.push((at, lines));
    }

    #[track_caller]
    fn at(&self, field: &str) -> usize {
        let at = self.meta.model.field_index(field);
        assert!(at.is_some(), "{} has no field {field}", self.meta.model.name);
        at.unwrap_or_default()
    }
}

/// A record on its way through the hooks: what is there (`None` when it is new) and what is wanted.
#[derive(Clone, Debug)]
pub struct Saving {
    pub id: AnyId,
    pub old: Option<Rec>,
    pub draft: Draft,
}

impl Saving {
    /// What the field will hold: what is wanted, else what is there.
    #[track_caller]
    pub fn value(&self, field: &str) -> &Value {
        match (self.draft.get(field), &self.old) {
            (Some(value), _) => value,
            (None, Some(old)) => old.get(field),
            (None, None) => &NULL,
        }
    }

    #[track_caller]
    pub fn text(&self, field: &str) -> Option<&str> {
        self.value(field).as_text()
    }

    #[track_caller]
    pub fn decimal(&self, field: &str) -> Option<Decimal> {
        self.value(field).as_decimal()
    }

    #[track_caller]
    pub fn date(&self, field: &str) -> Option<Date> {
        self.value(field).as_date()
    }

    #[track_caller]
    pub fn link<M>(&self, field: &str) -> Option<Id<M>> {
        self.value(field).as_link().map(AnyId::cast)
    }

    pub fn is_new(&self) -> bool {
        self.old.is_none()
    }

    /// Whether the field is wanted different from what is there.
    #[track_caller]
    pub fn changes(&self, field: &str) -> bool {
        let old = self.old.as_ref().map_or(&NULL, |old| old.get(field));
        self.draft.get(field).is_some_and(|value| value != old)
    }
}

/// A record that may be written: every field has its final value and no check objects.
/// INVARIANT: made by `check` only.
#[derive(Clone, Debug)]
pub(crate) struct Checked {
    pub(super) old: Option<Rec>,
    pub(super) next: Rec,
    pub(super) changed: Vec<usize>,
}

impl Checked {
    /// What the record will be, for those who write it.
    pub(crate) fn next(&self) -> &Rec {
        &self.next
    }
}

/// A record that was written in this transaction, with what it was before.
#[derive(Clone, Debug)]
pub struct Saved {
    /// `None` when it was created.
    pub old: Option<Rec>,
    /// `None` when it was deleted.
    pub new: Option<Rec>,
    /// Indexes of the fields whose value is another, without lines and without those that the
    /// kernel keeps (version, changed at, changed by).
    pub changed: Vec<usize>,
}

impl Saved {
    /// The record as it is now, or was last.
    #[track_caller]
    pub fn rec(&self) -> &Rec {
        let rec = self.new.as_ref().or(self.old.as_ref());
        assert!(rec.is_some(), "what was saved is new, changed or deleted");
        rec.unwrap_or_else(|| unreachable!("asserted above"))
    }

    pub fn is_new(&self) -> bool {
        self.old.is_none()
    }

    pub fn is_deleted(&self) -> bool {
        self.new.is_none()
    }

    pub fn id(&self) -> AnyId {
        self.rec().id
    }
}
