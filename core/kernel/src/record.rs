//! Records in memory: [`Rec`], one row of any model, and [`Record`], a struct that names the fields
//! of a model which Rust code needs (`#[derive(Record)]`).
//! Not here: how they get in and out of the database (`store`, `records`), drafts (`model::draft`).

use std::marker::PhantomData;
use std::sync::Arc;

use fondaco_schema::{Kind, Model};
use fondaco_values::{AnyId, Date, Decimal, Id, Money, Quantity, Timestamp, Value};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value as Json;

use crate::model::{Draft, Line};
use crate::{Error, Result};

/// One record as it was read. Values stand by index of field; what was not selected, or may not be
/// read, is null and not `shown`.
#[derive(Clone, Debug)]
pub struct Rec {
    pub model: Arc<Model>,
    pub id: AnyId,
    pub version: i64,
    pub values: Vec<Value>,
    /// By index of the field of kind lines, in order of position.
    pub lines: Vec<(usize, Vec<Rec>)>,
    /// Names of the linked records, by index of the link.
    pub titles: Vec<(usize, String)>,
    /// Linked records that were asked for, by index of the link.
    pub expanded: Vec<(usize, Vec<Rec>)>,
    /// Indexes of the fields that were selected and may be read; `None` means all.
    pub shown: Option<Arc<[usize]>>,
}

static NULL: Value = Value::Null;

impl Rec {
    /// A record without values, as a place to put them.
    pub(crate) fn empty(model: &Arc<Model>, id: AnyId) -> Rec {
        Rec {
            model: model.clone(),
            id,
            version: 0,
            values: vec![Value::Null; model.fields.len()],
            lines: Vec::new(),
            titles: Vec::new(),
            expanded: Vec::new(),
            shown: None,
        }
    }

    /// The value of a field. Asserts that the model has it.
    #[track_caller]
    pub fn get(&self, field: &str) -> &Value {
        self.values.get(self.at(field)).unwrap_or(&NULL)
    }

    #[track_caller]
    pub fn text(&self, field: &str) -> Option<&str> {
        self.get(field).as_text()
    }

    #[track_caller]
    pub fn int(&self, field: &str) -> Option<i64> {
        self.get(field).as_int()
    }

    #[track_caller]
    pub fn decimal(&self, field: &str) -> Option<Decimal> {
        self.get(field).as_decimal()
    }

    #[track_caller]
    pub fn money(&self, field: &str) -> Option<Money> {
        self.decimal(field).and_then(Money::exact)
    }

    #[track_caller]
    pub fn date(&self, field: &str) -> Option<Date> {
        self.get(field).as_date()
    }

    #[track_caller]
    pub fn flag(&self, field: &str) -> bool {
        self.get(field).as_bool() == Some(true)
    }

    #[track_caller]
    pub fn link<M>(&self, field: &str) -> Option<Id<M>> {
        self.get(field).as_link().map(AnyId::cast)
    }

    /// The lines of a field of kind lines; none when they were not read.
    #[track_caller]
    pub fn lines(&self, field: &str) -> &[Rec] {
        self.lines_at(self.at(field))
    }

    pub(crate) fn lines_at(&self, at: usize) -> &[Rec] {
        self.lines.iter().find(|(field, _)| *field == at).map_or(&[], |(_, lines)| lines)
    }

    /// The name of the record that a link leads to, when it was read.
    #[track_caller]
    pub fn title_of(&self, field: &str) -> Option<&str> {
        let at = self.at(field);
        self.titles.iter().find(|(link, _)| *link == at).map(|(_, title)| title.as_str())
    }

    /// The name of this record: its title field, or its id.
    pub fn title(&self) -> String {
        let own = self.model.field_index(&self.model.title);
        match own.and_then(|at| self.values.get(at)) {
            None | Some(Value::Null) => format!("#{}", self.id),
            Some(Value::Text(text)) => text.clone(),
            Some(Value::Link(id)) => {
                let title = self.titles.iter().find(|(link, _)| Some(*link) == own);
                title.map_or_else(|| format!("#{id}"), |(_, title)| title.clone())
            }
            Some(other) => plain(other),
        }
    }

    pub fn state(&self) -> Option<&str> {
        self.model.field_index("state").and_then(|at| self.values[at].as_text())
    }

    /// Whether the field at this index was selected and may be read.
    pub fn shows(&self, at: usize) -> bool {
        self.shown.as_ref().is_none_or(|shown| shown.contains(&at))
    }

    /// What [`Serialize`] writes, as a value.
    pub fn to_json(&self) -> Json {
        serde_json::to_value(self).unwrap_or_default()
    }

    #[track_caller]
    fn at(&self, field: &str) -> usize {
        let at = self.model.field_index(field);
        assert!(at.is_some(), "{} has no field {field}", self.model.name);
        at.unwrap_or_default()
    }
}

/// The shown fields by name; decimals and ids as strings, lines as arrays of the same. Names of
/// linked records stand under `_titles`, records that were asked for under `_expanded`.
impl Serialize for Rec {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let mut shown = vec![self.shown.is_none(); self.model.fields.len()];
        for at in self.shown.iter().flat_map(|shown| shown.iter()) {
            shown[*at] = true;
        }
        let mut map = serializer.serialize_map(None)?;
        let fields = self.model.fields.iter().enumerate().filter(|(at, _)| shown[*at]);
        for (at, (name, field)) in fields {
            if !matches!(field.kind, Kind::Lines { .. }) {
                map.serialize_entry(name, &self.values[at])?;
            } else if let Some((_, lines)) = self.lines.iter().find(|(field, _)| *field == at) {
                map.serialize_entry(name, lines)?;
            }
        }
        if !self.titles.is_empty() {
            map.serialize_entry("_titles", &ByName(&self.model, &self.titles))?;
        }
        if !self.expanded.is_empty() {
            map.serialize_entry("_expanded", &ByName(&self.model, &self.expanded))?;
        }
        map.end()
    }
}

/// What stands by index of field, by its name.
struct ByName<'r, T>(&'r Model, &'r [(usize, T)]);

impl<T: Serialize> Serialize for ByName<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let name = |at: usize| self.0.fields.get_index(at).map(|(name, _)| name);
        let named = self.1.iter().filter_map(|(at, value)| Some((name(*at)?, value)));
        serializer.collect_map(named)
    }
}

/// A value as one reads it in a title.
pub(crate) fn plain(value: &Value) -> String {
    if let Value::Text(text) = value {
        return text.clone();
    }
    match value.to_json() {
        Json::String(text) => text,
        Json::Null => String::new(),
        other => other.to_string(),
    }
}

/// A struct over some fields of one model. Made by `#[derive(Record)]` only.
pub trait Record: Sized + Clone + Send + Sync + 'static {
    /// The name of the model.
    const MODEL: &'static str;
    /// What the struct says of the model, to be compared with the TOML at start-up.
    fn fields() -> Vec<FieldSpec>;
    fn from_rec(rec: &Rec) -> Result<Self>;
    /// Sets every field of the struct but id and version.
    fn to_draft(&self, draft: &mut Draft);
    fn id(&self) -> Id<Self>;
    /// `None` when the struct has no field `version`.
    fn version(&self) -> Option<i64>;
}

/// A struct of Rust code, to be compared with the TOML.
#[derive(Clone, Debug)]
pub struct Declared {
    pub rust: &'static str,
    pub model: &'static str,
    pub fields: Vec<FieldSpec>,
}

impl Declared {
    pub fn of<M: Record>() -> Declared {
        Declared { rust: std::any::type_name::<M>(), model: M::MODEL, fields: M::fields() }
    }

    /// The module whose crate declares it: `fondaco_sales::order::SalesOrder` → `sales`.
    pub(crate) fn module(&self) -> &str {
        let krate = self.rust.split("::").next().unwrap_or_default();
        krate.strip_prefix("fondaco_").unwrap_or(krate)
    }
}

/// One field of a struct as its Rust type tells it.
#[derive(Clone, Debug)]
pub struct FieldSpec {
    pub name: &'static str,
    pub shape: Shape,
    /// `Option<…>`: the field may be null.
    pub optional: bool,
    /// The model of a typed id; `None` for ids of any model.
    pub target: Option<&'static str>,
}

impl FieldSpec {
    pub fn of<T: Held>(name: &'static str, target: Option<&'static str>) -> FieldSpec {
        FieldSpec { name, shape: T::SHAPE, optional: T::OPTIONAL, target }
    }
}

/// What kind of field a Rust type stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    Text,
    Int,
    Decimal,
    Money,
    Quantity,
    Bool,
    Date,
    Time,
    Link,
    Links,
    Tags,
    Json,
    /// Lines of this model.
    Lines(&'static str),
}

impl Shape {
    /// Whether a field of this kind can be held.
    pub(crate) fn holds(self, kind: &Kind) -> bool {
        match self {
            Shape::Text => kind.is_text() || matches!(kind, Kind::Choice { .. }),
            Shape::Int => matches!(kind, Kind::Integer | Kind::Duration),
            Shape::Decimal => kind.scale().is_some(),
            Shape::Money => matches!(kind, Kind::Money),
            Shape::Quantity => matches!(kind, Kind::Decimal { scale } if *scale <= 6),
            Shape::Bool => matches!(kind, Kind::Bool),
            Shape::Date => matches!(kind, Kind::Date),
            Shape::Time => matches!(kind, Kind::DateTime),
            Shape::Link => matches!(kind, Kind::Link { .. } | Kind::File),
            Shape::Links => matches!(kind, Kind::Links { .. }),
            Shape::Tags => matches!(kind, Kind::Tags),
            Shape::Json => kind.is_json(),
            Shape::Lines(model) => matches!(kind, Kind::Lines { of, .. } if of == model),
        }
    }
}

/// A Rust type that a field of a struct may have.
pub trait Held: Sized {
    const SHAPE: Shape;
    const OPTIONAL: bool = false;
    fn take(rec: &Rec, at: usize) -> Result<Self>;
    fn give(&self, draft: &mut Draft, at: usize);
}

/// Used by what `#[derive(Record)]` makes.
pub fn read<T: Held>(rec: &Rec, name: &str) -> Result<T> {
    match rec.model.field_index(name) {
        Some(at) => T::take(rec, at),
        None => Err(Error::internal(format!("{} has no field {name}", rec.model.name))),
    }
}

/// Used by what `#[derive(Record)]` makes.
pub fn write<T: Held>(draft: &mut Draft, name: &str, value: &T) {
    if let Some(at) = draft.model().field_index(name) {
        value.give(draft, at);
    }
}

fn mismatch(rec: &Rec, at: usize) -> Error {
    let field = rec.model.fields.get_index(at).map_or("?", |(name, _)| name);
    let (model, id) = (&rec.model.name, rec.id);
    Error::internal(format!("{model} {id}: {field} is {:?}", rec.values.get(at)))
}

macro_rules! held {
    ($($ty:ty, $shape:expr, |$value:ident| $read:expr;)+) => {
        $(impl Held for $ty {
            const SHAPE: Shape = $shape;
            fn take(rec: &Rec, at: usize) -> Result<$ty> {
                let $value = &rec.values[at];
                $read.ok_or_else(|| mismatch(rec, at))
            }
            fn give(&self, draft: &mut Draft, at: usize) {
                draft.put(at, Value::from(self.clone()));
            }
        })+
    };
}

// A number, flag or text that is not required and computed, defaulted or kept by the system may be
// held without `Option` (the registry checks which); null then reads as nothing.
held! {
    String, Shape::Text, |v| if v.is_null() { Some(String::new()) } else { v.as_text().map(str::to_owned) };
    i64, Shape::Int, |v| if v.is_null() { Some(0) } else { v.as_int() };
    Decimal, Shape::Decimal, |v| if v.is_null() { Some(Decimal::ZERO) } else { v.as_decimal() };
    Money, Shape::Money, |v| if v.is_null() { Some(Money::ZERO) } else { v.as_decimal().and_then(Money::exact) };
    Quantity, Shape::Quantity, |v| if v.is_null() { Some(Quantity::ZERO) } else { v.as_decimal().and_then(Quantity::exact) };
    bool, Shape::Bool, |v| if v.is_null() { Some(false) } else { v.as_bool() };
    Date, Shape::Date, |v| v.as_date();
    Timestamp, Shape::Time, |v| v.as_time();
    Json, Shape::Json, |v| if v.is_null() { Some(Json::Null) } else { v.as_json().cloned() };
    Vec<String>, Shape::Tags, |v| texts(v);
}

fn texts(value: &Value) -> Option<Vec<String>> {
    let items = value.as_list().unwrap_or(&[]);
    items.iter().map(|item| item.as_text().map(str::to_owned)).collect()
}

impl<M> Held for Id<M> {
    const SHAPE: Shape = Shape::Link;
    fn take(rec: &Rec, at: usize) -> Result<Id<M>> {
        rec.values[at].as_link().map(AnyId::cast).ok_or_else(|| mismatch(rec, at))
    }
    fn give(&self, draft: &mut Draft, at: usize) {
        // Zero names nobody: the field keeps its default.
        if !self.is_new() {
            draft.put(at, Value::from(*self));
        }
    }
}

impl<M> Held for Vec<Id<M>> {
    const SHAPE: Shape = Shape::Links;
    fn take(rec: &Rec, at: usize) -> Result<Vec<Id<M>>> {
        let items = rec.values[at].as_list().unwrap_or(&[]);
        let ids = items.iter().map(|item| item.as_link().map(AnyId::cast)).collect::<Option<_>>();
        ids.ok_or_else(|| mismatch(rec, at))
    }
    fn give(&self, draft: &mut Draft, at: usize) {
        draft.put(at, Value::List(self.iter().map(|id| Value::from(*id)).collect()));
    }
}

impl<T: Record> Held for Vec<T> {
    const SHAPE: Shape = Shape::Lines(T::MODEL);
    fn take(rec: &Rec, at: usize) -> Result<Vec<T>> {
        rec.lines_at(at).iter().map(T::from_rec).collect()
    }
    fn give(&self, draft: &mut Draft, at: usize) {
        let lines = self.iter().filter_map(|line| {
            let mut own = draft.line_draft(at)?;
            line.to_draft(&mut own);
            let id = line.id();
            Some(Line { id: (!id.is_new()).then(|| id.any()), draft: own })
        });
        let lines = lines.collect();
        draft.put_lines(at, lines);
    }
}

impl<T: Held> Held for Option<T> {
    const SHAPE: Shape = T::SHAPE;
    const OPTIONAL: bool = true;
    fn take(rec: &Rec, at: usize) -> Result<Option<T>> {
        if rec.values[at].is_null() { Ok(None) } else { T::take(rec, at).map(Some) }
    }
    fn give(&self, draft: &mut Draft, at: usize) {
        match self {
            Some(value) => value.give(draft, at),
            None => draft.put(at, Value::Null),
        }
    }
}

/// Finds out at compile time whether an id's `M` is a record: if so the method of `Target` is
/// found, else that of `AnyTarget`, to which it dereferences.
#[derive(Debug)]
pub struct Target<M>(AnyTarget, PhantomData<fn() -> M>);

#[derive(Debug)]
pub struct AnyTarget;

impl<M> Target<M> {
    #[expect(clippy::new_without_default, reason = "only what the derive makes calls it")]
    pub fn new() -> Target<M> {
        Target(AnyTarget, PhantomData)
    }
}

impl<M: Record> Target<M> {
    pub fn model(&self) -> Option<&'static str> {
        Some(M::MODEL)
    }
}

impl AnyTarget {
    pub fn model(&self) -> Option<&'static str> {
        None
    }
}

impl<M> std::ops::Deref for Target<M> {
    type Target = AnyTarget;

    fn deref(&self) -> &AnyTarget {
        &self.0
    }
}
