//! How values are spelled where they are kept to be read again exactly: with their kind beside them, for a
//! date and the text of a date are two answers to a plugin.

use fondaco_values::{AnyId, Date, Decimal, Timestamp, Value};
use serde::de::Deserializer;
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Spelled {
    Null,
    Bool(bool),
    /// As a text, for most readers of JSON would round it.
    Int(String),
    Decimal(Decimal),
    Text(String),
    Date(Date),
    Time(Timestamp),
    Link(AnyId),
    List(Vec<Spelled>),
    Json(Json),
}

impl From<&Value> for Spelled {
    fn from(value: &Value) -> Spelled {
        match value {
            Value::Null => Spelled::Null,
            Value::Bool(flag) => Spelled::Bool(*flag),
            Value::Int(number) => Spelled::Int(number.to_string()),
            Value::Decimal(number) => Spelled::Decimal(*number),
            Value::Text(text) => Spelled::Text(text.clone()),
            Value::Date(date) => Spelled::Date(*date),
            Value::Time(time) => Spelled::Time(*time),
            Value::Link(id) => Spelled::Link(*id),
            Value::List(items) => Spelled::List(items.iter().map(Spelled::from).collect()),
            Value::Json(json) => Spelled::Json(json.clone()),
        }
    }
}

impl From<Spelled> for Value {
    fn from(spelled: Spelled) -> Value {
        match spelled {
            Spelled::Null => Value::Null,
            Spelled::Bool(flag) => Value::Bool(flag),
            Spelled::Int(number) => number.parse().map_or(Value::Null, Value::Int),
            Spelled::Decimal(number) => Value::Decimal(number),
            Spelled::Text(text) => Value::Text(text),
            Spelled::Date(date) => Value::Date(date),
            Spelled::Time(time) => Value::Time(time),
            Spelled::Link(id) => Value::Link(id),
            Spelled::List(items) => Value::List(items.into_iter().map(Value::from).collect()),
            Spelled::Json(json) => Value::Json(json),
        }
    }
}

/// Values by name.
pub(super) mod fields {
    use super::{Deserialize, Deserializer, Serialize, Serializer, Spelled, Value};
    use crate::plugins::Fields;

    pub(in crate::plugins) fn serialize<S: Serializer>(
        fields: &[(String, Value)],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let spelled = fields.iter().map(|(name, value)| (name, Spelled::from(value)));
        spelled.collect::<Vec<_>>().serialize(serializer)
    }

    pub(in crate::plugins) fn deserialize<'de, D: Deserializer<'de>>(
        input: D,
    ) -> Result<Fields, D::Error> {
        let spelled = Vec::<(String, Spelled)>::deserialize(input)?;
        Ok(spelled.into_iter().map(|(name, value)| (name, value.into())).collect())
    }
}

/// Lines of new records, by name of their field.
pub(super) mod lines {
    use super::{Deserialize, Deserializer, Serialize, Serializer, fields};
    use crate::plugins::Fields;

    #[derive(Serialize, Deserialize)]
    #[serde(transparent)]
    struct Line(#[serde(with = "fields")] Fields);

    type Lines = Vec<(String, Vec<Fields>)>;

    pub(in crate::plugins) fn serialize<S: Serializer>(
        lines: &[(String, Vec<Fields>)],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let spelled = lines.iter().map(|(name, lines)| {
            (name, lines.iter().map(|line| Line(line.clone())).collect::<Vec<_>>())
        });
        spelled.collect::<Vec<_>>().serialize(serializer)
    }

    pub(in crate::plugins) fn deserialize<'de, D: Deserializer<'de>>(
        input: D,
    ) -> Result<Lines, D::Error> {
        let spelled = Vec::<(String, Vec<Line>)>::deserialize(input)?;
        let line = |(name, lines): (String, Vec<Line>)| {
            (name, lines.into_iter().map(|line| line.0).collect())
        };
        Ok(spelled.into_iter().map(line).collect())
    }
}
