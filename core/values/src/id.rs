//! Ids of records, typed by the record they name: a party's id is never passed for an order's.
//! Not here: how a new id is drawn (`tx.new_id()` in the kernel).

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::str::FromStr;

use serde::de::{self, Deserialize, Deserializer, Visitor};
use serde::ser::{Serialize, Serializer};

use crate::Unreadable;

/// The id of a record of `M`. Zero, the default, names no record yet: the one that is being made.
/// In JSON it is a string, because JavaScript cannot hold 64 bits; an integer is accepted too.
pub struct Id<M = Any>(i64, PhantomData<fn() -> M>);

/// Marks an id whose model is known only at run time.
#[derive(Debug)]
pub enum Any {}

/// The id of a record of any model.
pub type AnyId = Id<Any>;

impl<M> Id<M> {
    pub const fn new(raw: i64) -> Id<M> {
        Id(raw, PhantomData)
    }

    pub const fn raw(self) -> i64 {
        self.0
    }

    /// The same number as an id of another model. The caller knows that it is one.
    pub const fn cast<N>(self) -> Id<N> {
        Id::new(self.0)
    }

    /// The same number without its model.
    pub const fn any(self) -> AnyId {
        self.cast()
    }

    /// Whether it names no record yet.
    pub const fn is_new(self) -> bool {
        self.0 == 0
    }
}

// Written by hand: derived ones would ask the same of `M`.
impl<M> Clone for Id<M> {
    fn clone(&self) -> Id<M> {
        *self
    }
}

impl<M> Copy for Id<M> {}

impl<M> Default for Id<M> {
    fn default() -> Id<M> {
        Id::new(0)
    }
}

impl<M> PartialEq for Id<M> {
    fn eq(&self, other: &Id<M>) -> bool {
        self.0 == other.0
    }
}

impl<M> Eq for Id<M> {}

impl<M> PartialOrd for Id<M> {
    fn partial_cmp(&self, other: &Id<M>) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<M> Ord for Id<M> {
    fn cmp(&self, other: &Id<M>) -> Ordering {
        self.0.cmp(&other.0)
    }
}

impl<M> Hash for Id<M> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl<M> fmt::Debug for Id<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

impl<M> fmt::Display for Id<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Digits only: what comes from outside is never negative.
impl<M> FromStr for Id<M> {
    type Err = Unreadable;

    fn from_str(text: &str) -> Result<Id<M>, Unreadable> {
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let raw = if digits { text.parse().ok() } else { None };
        raw.map(Id::new).ok_or(UNREADABLE)
    }
}

const UNREADABLE: Unreadable = Unreadable::new("an id: a whole number that is not negative");

impl<M> Serialize for Id<M> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, M> Deserialize<'de> for Id<M> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Id<M>, D::Error> {
        deserializer.deserialize_any(IdVisitor).map(Id::new)
    }
}

struct IdVisitor;

impl Visitor<'_> for IdVisitor {
    type Value = i64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(UNREADABLE.expected)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<i64, E> {
        text.parse::<AnyId>().map(Id::raw).map_err(E::custom)
    }

    fn visit_i64<E: de::Error>(self, raw: i64) -> Result<i64, E> {
        if raw < 0 { Err(E::custom(UNREADABLE)) } else { Ok(raw) }
    }

    fn visit_u64<E: de::Error>(self, raw: u64) -> Result<i64, E> {
        i64::try_from(raw).map_err(|_| E::custom(UNREADABLE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Party;

    #[test]
    fn json_is_a_string() {
        let id: Id<Party> = Id::new(i64::MAX);
        assert_eq!(serde_json::to_string(&id).unwrap(), r#""9223372036854775807""#);
    }

    #[test]
    fn json_accepts_strings_and_integers() {
        for (json, expected) in [
            (r#""42""#, Some(42)),
            ("42", Some(42)),
            (r#""0""#, Some(0)),
            (r#""9223372036854775807""#, Some(i64::MAX)),
            (r#""9223372036854775808""#, None),
            ("9223372036854775808", None),
            ("-1", None),
            (r#""-1""#, None),
            (r#""+1""#, None),
            (r#"" 1""#, None),
            (r#""""#, None),
            ("1.0", None),
            ("null", None),
        ] {
            let read: Option<Id<Party>> = serde_json::from_str(json).ok();
            assert_eq!(read.map(Id::raw), expected, "{json}");
        }
    }

    #[test]
    fn a_new_record_has_id_zero() {
        let id = Id::<Party>::default();
        assert!(id.is_new() && !Id::<Party>::new(1).is_new());
        assert_eq!((id.raw(), format!("{id} {id:?}")), (0, "0 #0".to_owned()));
        assert_eq!(id.any().cast::<Party>(), id);
    }
}
