//! What a field of a record can hold, told at run time.
//! Not here: which kind of value a field wants and how input is read into it (crate `schema`).

use std::cmp::Ordering;

use jiff::{Timestamp, civil::Date};
use rust_decimal::Decimal;
use serde::ser::{Serialize, SerializeSeq, Serializer};
use serde_json::Value as Json;

use crate::{AnyId, Id, Money, Quantity};

/// A value of a field. Money, percent and decimal fields are `Decimal`; a duration is an `Int` of
/// seconds; choice, state, email and the like are `Text`; tags are a `List` of `Text`, links to
/// many a `List` of `Link`.
/// Equal means the same value, not the same variant: `1`, `1.0` and `1.00` are equal.
#[derive(Clone, Debug, Default)]
pub enum Value {
    #[default]
    Null,
    Bool(bool),
    Int(i64),
    Decimal(Decimal),
    Text(String),
    Date(Date),
    Time(Timestamp),
    Link(AnyId),
    List(Vec<Value>),
    Json(Json),
}

/// The largest whole number that every reader of JSON keeps exactly (RFC 8259, section 6).
const JSON_EXACT_MAX: u64 = (1 << 53) - 1;

impl Value {
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    pub fn as_bool(&self) -> Option<bool> {
        if let Value::Bool(b) = self { Some(*b) } else { None }
    }

    pub fn as_int(&self) -> Option<i64> {
        if let Value::Int(i) = self { Some(*i) } else { None }
    }

    /// The number; whole numbers are widened.
    pub fn as_decimal(&self) -> Option<Decimal> {
        match self {
            Value::Decimal(d) => Some(*d),
            Value::Int(i) => Some(Decimal::from(*i)),
            _ => None,
        }
    }

    pub fn as_text(&self) -> Option<&str> {
        if let Value::Text(text) = self { Some(text) } else { None }
    }

    pub fn as_date(&self) -> Option<Date> {
        if let Value::Date(date) = self { Some(*date) } else { None }
    }

    pub fn as_time(&self) -> Option<Timestamp> {
        if let Value::Time(time) = self { Some(*time) } else { None }
    }

    pub fn as_link(&self) -> Option<AnyId> {
        if let Value::Link(id) = self { Some(*id) } else { None }
    }

    pub fn as_list(&self) -> Option<&[Value]> {
        if let Value::List(items) = self { Some(items) } else { None }
    }

    pub fn as_json(&self) -> Option<&Json> {
        if let Value::Json(json) = self { Some(json) } else { None }
    }

    /// As the API shows it: decimals and ids are strings, dates ISO 8601, times RFC 3339 in UTC.
    /// A whole number that readers of JSON would round (beyond 2^53 - 1) is a string too.
    pub fn to_json(&self) -> Json {
        match self {
            Value::Null => Json::Null,
            Value::Bool(b) => Json::from(*b),
            Value::Int(i) if i.unsigned_abs() > JSON_EXACT_MAX => Json::from(i.to_string()),
            Value::Int(i) => Json::from(*i),
            Value::Decimal(d) => Json::from(d.to_string()),
            Value::Text(text) => Json::from(text.as_str()),
            Value::Date(date) => Json::from(date.to_string()),
            Value::Time(time) => Json::from(time.to_string()),
            Value::Link(id) => Json::from(id.to_string()),
            Value::List(items) => items.iter().map(Value::to_json).collect(),
            Value::Json(json) => json.clone(),
        }
    }

    /// A total order, the same on all machines: by kind (nothing, truth, numbers, text, dates,
    /// times, links, lists, JSON), then by value. Whole numbers and decimals are one kind; texts
    /// compare by code point, lists item by item.
    pub fn cmp_values(&self, other: &Value) -> Ordering {
        match (self, other) {
            (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
            (Value::Int(a), Value::Int(b)) => a.cmp(b),
            (Value::Decimal(a), Value::Decimal(b)) => a.cmp(b),
            (Value::Int(a), Value::Decimal(b)) => Decimal::from(*a).cmp(b),
            (Value::Decimal(a), Value::Int(b)) => a.cmp(&Decimal::from(*b)),
            (Value::Text(a), Value::Text(b)) => a.cmp(b),
            (Value::Date(a), Value::Date(b)) => a.cmp(b),
            (Value::Time(a), Value::Time(b)) => a.cmp(b),
            (Value::Link(a), Value::Link(b)) => a.cmp(b),
            (Value::List(a), Value::List(b)) => a.cmp(b),
            (Value::Json(a), Value::Json(b)) => cmp_json(a, b),
            (a, b) => a.rank().cmp(&b.rank()),
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Value::Null => 0,
            Value::Bool(_) => 1,
            Value::Int(_) | Value::Decimal(_) => 2,
            Value::Text(_) => 3,
            Value::Date(_) => 4,
            Value::Time(_) => 5,
            Value::Link(_) => 6,
            Value::List(_) => 7,
            Value::Json(_) => 8,
        }
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Value) -> bool {
        self.cmp_values(other).is_eq()
    }
}

impl Eq for Value {}

impl PartialOrd for Value {
    fn partial_cmp(&self, other: &Value) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Value {
    fn cmp(&self, other: &Value) -> Ordering {
        self.cmp_values(other)
    }
}

/// JSON in the order null, truth, numbers, strings, arrays, objects; the order of an object's keys
/// does not matter.
fn cmp_json(a: &Json, b: &Json) -> Ordering {
    match (a, b) {
        (Json::Bool(a), Json::Bool(b)) => a.cmp(b),
        (Json::Number(a), Json::Number(b)) => number_key(a).cmp(&number_key(b)),
        (Json::String(a), Json::String(b)) => a.cmp(b),
        (Json::Array(a), Json::Array(b)) => {
            let differs = a.iter().zip(b).map(|(a, b)| cmp_json(a, b)).find(|o| o.is_ne());
            differs.unwrap_or(a.len().cmp(&b.len()))
        }
        (Json::Object(a), Json::Object(b)) => {
            let (a, b) = (sorted(a), sorted(b));
            let pairs = a.iter().zip(&b);
            let differs = pairs
                .map(|((ka, va), (kb, vb))| ka.cmp(kb).then_with(|| cmp_json(va, vb)))
                .find(|o| o.is_ne());
            differs.unwrap_or(a.len().cmp(&b.len()))
        }
        (a, b) => json_rank(a).cmp(&json_rank(b)),
    }
}

fn json_rank(json: &Json) -> u8 {
    match json {
        Json::Null => 0,
        Json::Bool(_) => 1,
        Json::Number(_) => 2,
        Json::String(_) => 3,
        Json::Array(_) => 4,
        Json::Object(_) => 5,
    }
}

fn sorted(object: &serde_json::Map<String, Json>) -> Vec<(&String, &Json)> {
    let mut pairs: Vec<_> = object.iter().collect();
    pairs.sort_unstable_by_key(|&(key, _)| key);
    pairs
}

/// Numbers that a decimal can hold compare by value; the astronomic ones follow, by their text.
fn number_key(number: &serde_json::Number) -> (bool, Decimal, String) {
    let text = number.to_string();
    let read = Decimal::from_str_exact(&text).or_else(|_| Decimal::from_scientific(&text));
    match read {
        Ok(decimal) => (false, decimal, String::new()),
        Err(_) => (true, Decimal::ZERO, text),
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Value::Null => serializer.serialize_unit(),
            Value::Bool(b) => serializer.serialize_bool(*b),
            Value::Int(i) if i.unsigned_abs() > JSON_EXACT_MAX => serializer.collect_str(i),
            Value::Int(i) => serializer.serialize_i64(*i),
            Value::Decimal(d) => serializer.collect_str(d),
            Value::Text(text) => serializer.serialize_str(text),
            Value::Date(date) => serializer.collect_str(date),
            Value::Time(time) => serializer.collect_str(time),
            Value::Link(id) => serializer.collect_str(id),
            Value::List(items) => {
                let mut list = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    list.serialize_element(item)?;
                }
                list.end()
            }
            Value::Json(json) => json.serialize(serializer),
        }
    }
}

macro_rules! from {
    ($($from:ty => |$value:ident| $into:expr;)+) => {
        $(impl From<$from> for Value {
            fn from($value: $from) -> Value {
                $into
            }
        })+
    };
}

from! {
    bool => |b| Value::Bool(b);
    i32 => |i| Value::Int(i64::from(i));
    u32 => |i| Value::Int(i64::from(i));
    i64 => |i| Value::Int(i);
    Decimal => |d| Value::Decimal(d);
    Money => |money| Value::Decimal(money.decimal());
    Quantity => |quantity| Value::Decimal(quantity.decimal());
    &str => |text| Value::Text(text.to_owned());
    String => |text| Value::Text(text);
    Date => |date| Value::Date(date);
    Timestamp => |time| Value::Time(time);
    Json => |json| Value::Json(json);
}

impl<M> From<Id<M>> for Value {
    fn from(id: Id<M>) -> Value {
        Value::Link(id.any())
    }
}

impl<T: Into<Value>> From<Vec<T>> for Value {
    fn from(items: Vec<T>) -> Value {
        Value::List(items.into_iter().map(Into::into).collect())
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Value {
        value.map_or(Value::Null, Into::into)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::Any;

    fn decimal(text: &str) -> Value {
        Value::Decimal(text.parse().unwrap())
    }

    fn time(text: &str) -> Value {
        Value::Time(text.parse().unwrap())
    }

    fn date(text: &str) -> Value {
        Value::Date(text.parse().unwrap())
    }

    #[test]
    fn json_of_each_kind() {
        let id: Id = Id::new(i64::MAX);
        for (value, expected) in [
            (Value::Null, json!(null)),
            (Value::from(true), json!(true)),
            (Value::from(-5), json!(-5)),
            (decimal("12.50"), json!("12.50")),
            (Value::from(Money::from_minor(-5, 2)), json!("-0.05")),
            (Value::from(Quantity::from_int(3)), json!("3")),
            (Value::from("text"), json!("text")),
            (date("2026-01-31"), json!("2026-01-31")),
            (time("2026-01-31T23:00:00.25-05:00"), json!("2026-02-01T04:00:00.25Z")),
            (Value::from(id), json!("9223372036854775807")),
            (Value::from(vec!["a", "b"]), json!(["a", "b"])),
            (Value::from(vec![id]), json!(["9223372036854775807"])),
            (Value::from(json!({"b": [1, null]})), json!({"b": [1, null]})),
            (Value::from(None::<i64>), json!(null)),
            (Value::from(Some("x".to_owned())), json!("x")),
        ] {
            assert_eq!(value.to_json(), expected);
            assert_eq!(serde_json::to_value(&value).unwrap(), expected);
        }
    }

    #[test]
    fn each_kind_gives_only_its_own() {
        assert_eq!(Value::from(3).as_decimal(), Some(Decimal::from(3)));
        assert_eq!(decimal("3").as_int(), None);
        assert_eq!(Value::from("3").as_int(), None);
        assert_eq!(Value::from("3").as_text(), Some("3"));
        assert_eq!(Value::Null.as_bool(), None);
        assert_eq!(Value::from(Id::<Any>::new(3)).as_link(), Some(Id::new(3)));
        assert_eq!(Value::from(vec![1, 2]).as_list().map(<[Value]>::len), Some(2));
        assert!(Value::default().is_null());
    }

    /// Each is less than the next.
    #[test]
    fn order() {
        let ascending = [
            Value::Null,
            Value::from(false),
            Value::from(true),
            Value::from(i64::MIN),
            decimal("-0.5"),
            Value::from(0),
            decimal("0.01"),
            Value::from(1),
            Value::from(i64::MAX),
            decimal("79228162514264337593543950335"),
            Value::from(""),
            Value::from("B"),
            Value::from("a"),
            date("2025-12-31"),
            date("2026-01-01"),
            time("2020-01-01T00:00:00Z"),
            Value::from(Id::<Any>::new(1)),
            Value::from(Id::<Any>::new(2)),
            Value::List(vec![]),
            Value::from(vec![1]),
            Value::from(vec![1, 2]),
            Value::from(vec![2]),
            Value::from(json!(null)),
            Value::from(json!(-1)),
            Value::from(json!(0.5)),
            Value::from(json!(1)),
            Value::from(json!(1e300)),
            Value::from(json!("")),
            Value::from(json!([])),
            Value::from(json!({})),
            Value::from(json!({"a": 2})),
            Value::from(json!({"a": 2, "b": 1})),
            Value::from(json!({"b": 1})),
        ];
        for (i, a) in ascending.iter().enumerate() {
            for (j, b) in ascending.iter().enumerate() {
                assert_eq!(a.cmp_values(b), i.cmp(&j), "{a:?} against {b:?}");
            }
        }
    }

    #[test]
    fn equal_values() {
        for (a, b) in [
            (Value::from(1), decimal("1.00")),
            (decimal("1.5"), decimal("1.500")),
            (decimal("-0"), Value::from(0)),
            (Value::from(vec![1, 2]), Value::List(vec![decimal("1.0"), Value::from(2)])),
            (Value::from(json!({"a": 1, "b": 2})), Value::from(json!({"b": 2, "a": 1.0}))),
            (Value::from(json!(100)), Value::from(json!(1e2))),
        ] {
            assert_eq!(a, b);
        }
        assert_ne!(Value::from("1"), Value::from(1));
        assert_ne!(Value::from(false), Value::Null);
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            (-3..3_i64).prop_map(Value::from),
            (-30..30_i64, 0..3_u32).prop_map(|(m, s)| Value::Decimal(Decimal::new(m, s))),
            "[a-c]{0,2}".prop_map(Value::from),
            (0..3_i64).prop_map(|i| Value::from(Id::<Any>::new(i))),
            (-3..3_i64).prop_map(|i| Value::Json(json!(i))),
            "[a-c]{0,2}".prop_map(|s| Value::Json(json!({ s: 1 }))),
        ];
        leaf.prop_recursive(2, 8, 3, |inner| {
            prop::collection::vec(inner, 0..3).prop_map(Value::List)
        })
    }

    proptest! {
        #[test]
        fn the_order_is_total(a in any_value(), b in any_value(), c in any_value()) {
            prop_assert_eq!(a.cmp_values(&b), b.cmp_values(&a).reverse());
            prop_assert!(a.cmp_values(&a).is_eq());
            if a <= b && b <= c {
                prop_assert!(a <= c);
            }
        }
    }
}
