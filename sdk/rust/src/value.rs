//! Values: what stands in a field, and the Rust types that hold it. Numbers are exact.

use fondaco_values::{Date, Decimal, Timestamp};

use crate::answer::Answer;
use crate::wit::types;

pub use types::Value;

/// The id of a record of some model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id(pub i64);

/// A Rust type that a field may be held in. `Option` of it for fields that may be empty.
pub trait Held: Sized {
    /// `None` when the value is of another kind.
    fn take(value: &Value) -> Option<Self>;
    fn give(self) -> Value;
}

macro_rules! held {
    ($($ty:ty, $take:pat => $taken:expr, $own:ident => $given:expr;)+) => {
        $(impl Held for $ty {
            fn take(value: &Value) -> Option<$ty> {
                match value {
                    $take => $taken,
                    _ => None,
                }
            }

            fn give(self) -> Value {
                let $own = self;
                $given
            }
        })+
    };
}

held! {
    bool, Value::Boolean(value) => Some(*value), own => Value::Boolean(own);
    i64, Value::Integer(value) => Some(*value), own => Value::Integer(own);
    String, Value::Text(text) => Some(text.clone()), own => Value::Text(own);
    Id, Value::Link(id) => Some(Id(*id)), own => Value::Link(own.0);
    Vec<String>, Value::Texts(texts) => Some(texts.clone()), own => Value::Texts(own);
    Date, Value::Date(days) => date(*days), own => Value::Date(days(own));
    Timestamp, Value::Timestamp(us) => Timestamp::from_microsecond(*us).ok(),
        own => Value::Timestamp(own.as_microsecond());
}

impl Held for Decimal {
    fn take(value: &Value) -> Option<Decimal> {
        match value {
            Value::Number(number) => decimal(number),
            Value::Integer(number) => Some(Decimal::from(*number)),
            _ => None,
        }
    }

    fn give(self) -> Value {
        number(self).map_or(Value::Null, Value::Number)
    }
}

impl Held for &str {
    fn take(_: &Value) -> Option<Self> {
        None
    }

    fn give(self) -> Value {
        Value::Text(self.to_owned())
    }
}

impl Held for Value {
    fn take(value: &Value) -> Option<Value> {
        Some(value.clone())
    }

    fn give(self) -> Value {
        self
    }
}

impl<T: Held> Held for Option<T> {
    fn take(value: &Value) -> Option<Option<T>> {
        match value {
            Value::Null => Some(None),
            value => T::take(value).map(Some),
        }
    }

    fn give(self) -> Value {
        self.map_or(Value::Null, T::give)
    }
}

pub(crate) fn decimal(number: &types::Decimal) -> Option<Decimal> {
    let (mantissa, scale) = (i128::from(number.mantissa), u32::from(number.scale));
    Decimal::try_from_i128_with_scale(mantissa, scale).ok()
}

/// `None` when it has more digits than the contract carries.
pub(crate) fn number(decimal: Decimal) -> Option<types::Decimal> {
    let decimal = decimal.normalize();
    let mantissa = i64::try_from(decimal.mantissa()).ok()?;
    Some(types::Decimal { mantissa, scale: u8::try_from(decimal.scale()).ok()? })
}

pub(crate) fn exact(decimal: Decimal) -> Answer<types::Decimal> {
    number(decimal).ok_or_else(|| format!("{decimal} has more digits than can be answered"))
}

/// Days since 1970, by the calendar's own rule (every four years, but not each hundred, but each four
/// hundred), counted from March so that the odd day is the last.
fn days(date: Date) -> i32 {
    let (year, month, day) =
        (i32::from(date.year()), i32::from(date.month()), i32::from(date.day()));
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

fn date(days: i32) -> Option<Date> {
    let shifted = days.checked_add(719_468)?;
    let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = year + era * 400 + i32::from(month <= 2);
    Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_since_1970() {
        for (text, wanted) in [
            ("1970-01-01", 0),
            ("1970-01-02", 1),
            ("1969-12-31", -1),
            ("2000-02-29", 11_016),
            ("2000-03-01", 11_017),
            ("2026-11-22", 20_779),
            ("1900-03-01", -25_508),
            ("9999-12-31", 2_932_896),
        ] {
            let day: Date = text.parse().unwrap();
            assert_eq!(days(day), wanted, "{text}");
            assert_eq!(date(wanted), Some(day), "{text}");
        }
    }
}
