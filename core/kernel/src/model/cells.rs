//! Values as columns hold them, and back: decided by the kind of the field, never by what the
//! database says. Not here: which columns there are (`catalog`).

use fondaco_schema::Kind;
use fondaco_values::{AnyId, Decimal, Money, Timestamp, Value};

use crate::db::{Cell, Held};

/// The number times 10 to the power of `places`; `None` when it has more digits after the point or
/// is out of range.
pub(crate) fn scaled(decimal: Decimal, places: u32) -> Option<i64> {
    let (mantissa, scale) = (decimal.mantissa(), decimal.scale());
    let scaled = if scale <= places {
        mantissa.checked_mul(10_i128.checked_pow(places - scale)?)?
    } else {
        let factor = 10_i128.checked_pow(scale - places)?;
        if mantissa % factor != 0 {
            return None;
        }
        mantissa / factor
    };
    i64::try_from(scaled).ok()
}

/// A checked value as its column holds it.
pub(crate) fn to_cell(kind: &Kind, value: &Value) -> Cell {
    match value {
        Value::Null | Value::List(_) => Cell::Null,
        Value::Bool(b) => Cell::from(*b),
        Value::Int(_) | Value::Decimal(_) => {
            let scale = kind.scale().map_or(0, u32::from);
            value.as_decimal().and_then(|d| scaled(d, scale)).map_or(Cell::Null, Cell::Int)
        }
        Value::Text(text) => Cell::from(text),
        Value::Date(date) => Cell::from(*date),
        Value::Time(time) => Cell::from(*time),
        Value::Link(id) => Cell::from(*id),
        Value::Json(json) => Cell::Text(json.to_string()),
    }
}

/// What a column of this kind holds.
pub(crate) fn to_value(kind: &Kind, held: Held<'_>) -> Value {
    match (kind, held) {
        (_, Held::Null | Held::Bytes(_)) => Value::Null,
        (Kind::Link { .. } | Kind::File | Kind::Links { .. }, Held::Int(id)) => {
            Value::Link(AnyId::new(id))
        }
        (Kind::Bool, Held::Int(flag)) => Value::Bool(flag != 0),
        (Kind::DateTime, Held::Int(us)) => {
            Timestamp::from_microsecond(us).map_or(Value::Null, Value::Time)
        }
        (Kind::Money, Held::Int(scaled)) => Value::Decimal(Money::from_scaled(scaled).decimal()),
        (Kind::Decimal { scale }, Held::Int(scaled)) => Value::Decimal(shortest(scaled, *scale)),
        (Kind::Percent, Held::Int(scaled)) => Value::Decimal(shortest(scaled, 6)),
        (_, Held::Int(value)) => Value::Int(value),
        (Kind::Date, Held::Text(text)) => text.parse().map_or(Value::Null, Value::Date),
        (kind, Held::Text(text)) if kind.is_json() => {
            serde_json::from_str(&text).map_or(Value::Null, Value::Json)
        }
        (_, Held::Text(text)) => Value::Text(text.into_owned()),
    }
}

/// Without zeros at the end.
fn shortest(scaled: i64, scale: u8) -> Decimal {
    let (mut scaled, mut scale) = (scaled, u32::from(scale));
    while scale > 0 && scaled % 10 == 0 {
        scaled /= 10;
        scale -= 1;
    }
    Decimal::new(scaled, scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_held_exactly_or_not_at_all() {
        for (text, places, held) in [
            ("1.5", 4, Some(15_000)),
            ("-0.0001", 4, Some(-1)),
            ("0.00001", 4, None),
            ("1.50000", 2, Some(150)),
            ("922337203685477.5807", 4, Some(i64::MAX)),
            ("922337203685477.5808", 4, None),
        ] {
            assert_eq!(scaled(text.parse().unwrap(), places), held, "{text}");
        }
    }

    #[test]
    fn what_a_column_holds_is_what_was_put_there() {
        let decimal = |text: &str| Value::Decimal(text.parse().unwrap());
        for (kind, value, text) in [
            (Kind::Money, decimal("1234.5"), "\"1234.50\""),
            (Kind::Decimal { scale: 6 }, decimal("5.000000"), "\"5\""),
            (Kind::Percent, decimal("0.2"), "\"0.2\""),
            (Kind::Bool, Value::Bool(true), "true"),
            (Kind::Date, Value::Date("2026-01-31".parse().unwrap()), "\"2026-01-31\""),
            (Kind::Text, Value::from("x"), "\"x\""),
            (Kind::Integer, Value::Int(-7), "-7"),
        ] {
            let back = to_value(&kind, to_cell(&kind, &value).held());
            assert_eq!(back, value, "{kind:?}");
            assert_eq!(back.to_json().to_string(), text, "{kind:?}");
        }
    }
}
