//! The types that an expression's parts have.

use std::fmt;

/// The type of a value inside an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Type {
    /// Of `null` itself; fits everywhere.
    Null,
    Bool,
    /// Fits where a decimal is wanted.
    Int,
    Decimal,
    /// Choices too.
    Text,
    Date,
    /// An instant.
    Time,
    /// Whole seconds (`Value::Int`).
    Duration,
    Json,
    /// A record of this model.
    Link(String),
    List(Box<Type>),
    /// The lines of a document: records of this model. Only aggregates take it.
    Lines(String),
}

impl Type {
    pub fn is_number(&self) -> bool {
        matches!(self, Type::Int | Type::Decimal)
    }

    /// A value of this type can stand where `wanted` is asked for.
    pub fn fits(&self, wanted: &Type) -> bool {
        match (self, wanted) {
            (Type::Null, _) => true,
            (Type::Int, Type::Decimal) => true,
            (Type::List(have), Type::List(want)) => have.fits(want),
            (have, want) => have == want,
        }
    }

    /// The type that values of both have in common, when there is one.
    pub fn join(&self, other: &Type) -> Option<Type> {
        if self.fits(other) {
            Some(other.clone())
        } else if other.fits(self) {
            Some(self.clone())
        } else {
            None
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Type::Null => f.write_str("null"),
            Type::Bool => f.write_str("true or false"),
            Type::Int => f.write_str("integer"),
            Type::Decimal => f.write_str("decimal"),
            Type::Text => f.write_str("text"),
            Type::Date => f.write_str("date"),
            Type::Time => f.write_str("date and time"),
            Type::Duration => f.write_str("duration"),
            Type::Json => f.write_str("json"),
            Type::Link(model) => write!(f, "link to {model}"),
            Type::List(of) => write!(f, "list of {of}"),
            Type::Lines(model) => write!(f, "lines of {model}"),
        }
    }
}
