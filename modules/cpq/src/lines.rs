//! The lines that a document will have once it is saved: what is wanted over what is there.
//! Not here: what the lines mean.

use fondaco_kernel::model::{Draft, Line, Saving};
use fondaco_kernel::record::Rec;
use fondaco_kernel::values::{AnyId, Date, Decimal, Id, Value};

/// One line as it will be.
#[derive(Clone, Copy)]
pub(crate) struct Kept<'a> {
    old: Option<&'a Rec>,
    draft: &'a Draft,
}

static NULL: Value = Value::Null;

impl<'a> Kept<'a> {
    #[track_caller]
    pub(crate) fn value(&self, field: &str) -> &'a Value {
        self.draft.get(field).or_else(|| self.old.map(|old| old.get(field))).unwrap_or(&NULL)
    }

    #[track_caller]
    pub(crate) fn text(&self, field: &str) -> Option<&'a str> {
        self.value(field).as_text().filter(|text| !text.trim().is_empty())
    }

    #[track_caller]
    pub(crate) fn flag(&self, field: &str) -> bool {
        self.value(field).as_bool() == Some(true)
    }

    #[track_caller]
    pub(crate) fn decimal(&self, field: &str) -> Option<Decimal> {
        self.value(field).as_decimal()
    }

    #[track_caller]
    pub(crate) fn date(&self, field: &str) -> Option<Date> {
        self.value(field).as_date()
    }

    #[track_caller]
    pub(crate) fn link<M>(&self, field: &str) -> Option<Id<M>> {
        self.value(field).as_link().map(AnyId::cast)
    }
}

/// The lines of a field as they will be, in order; `None` when nobody touches them.
pub(crate) fn kept<'a>(saving: &'a Saving, field: &str) -> Option<Vec<Kept<'a>>> {
    if !saving.draft.has(field) {
        return saving.is_new().then(Vec::new);
    }
    let old = saving.old.as_ref().map(|old| old.lines(field)).unwrap_or_default();
    let of = |line: &'a Line| Kept {
        old: line.id.and_then(|id| old.iter().find(|old| old.id == id)),
        draft: &line.draft,
    };
    Some(saving.draft.lines(field).iter().map(of).collect())
}
