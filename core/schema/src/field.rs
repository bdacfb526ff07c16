//! A field of a model: its kind, its checks and who may see it. The values themselves are
//! `fondaco_values::Value`; which column stores a kind is in `tables`.

use fondaco_values::Decimal;
use indexmap::IndexMap;
use serde::Serialize;

use crate::{Expr, Origin, Type};

/// A declared or system field, resolved: link targets exist and expressions are compiled.
#[derive(Clone, Debug, Serialize)]
pub struct Field {
    pub name: String,
    pub label: String,
    pub help: String,
    #[serde(flatten)]
    pub kind: Kind,
    /// A record without a value here is refused.
    pub required: bool,
    /// No two records of a company (of all, when the model is shared) have the same value.
    pub unique: bool,
    /// Not written from outside. Always so for system and computed fields.
    pub readonly: bool,
    /// Found by full-text search.
    pub search: bool,
    pub index: bool,
    pub default: Option<Expr>,
    pub compute: Option<Expr>,
    /// Only with `compute`: kept in a column. It then reads own fields and lines alone.
    pub stored: bool,
    pub min: Option<Decimal>,
    pub max: Option<Decimal>,
    /// A regular expression that the whole text must match ([`pattern`]).
    pub pattern: Option<String>,
    pub class: Class,
    pub origin: Origin,
    /// The field's name in an earlier version: its column is renamed, not made anew.
    pub renamed_from: Option<String>,
    /// Only of an argument of kind json: it is asked for as a table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<ByLine>,
    /// Always there, kept by the kernel (`id`, `version`, `created_at`, …).
    pub system: bool,
}

impl Field {
    /// A plain optional field of this kind, labelled after its name.
    pub fn new(name: impl Into<String>, kind: Kind, origin: Origin) -> Field {
        let name = name.into();
        Field {
            label: crate::field::label_of(&name),
            name,
            help: String::new(),
            kind,
            required: false,
            unique: false,
            readonly: false,
            search: false,
            index: false,
            default: None,
            compute: None,
            stored: false,
            min: None,
            max: None,
            pattern: None,
            class: Class::Public,
            origin,
            renamed_from: None,
            rows: None,
            system: false,
        }
    }

    /// Has a column of its own: all but lines, tags, many links and computed fields not stored.
    pub fn has_column(&self) -> bool {
        let computed_only = self.compute.is_some() && !self.stored;
        !computed_only && !self.kind.is_many()
    }
}

/// What an action is told of each line of its record: `[{ "line": id, "quantity": "2" }]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ByLine {
    /// The record's field of kind lines.
    pub of: String,
    /// Fields of the lines, and that of which the value stands there at first.
    pub columns: IndexMap<String, String>,
}

/// A compiled [`Field::pattern`].
pub type Pattern = regex_lite::Regex;

/// Compiles the pattern of a field: the whole text must match it, in time linear in its length.
///
/// # Errors
/// What is wrong with the regular expression.
pub fn pattern(source: &str) -> Result<Pattern, String> {
    Pattern::new(&format!("^(?:{source})$")).map_err(|error| error.to_string())
}

/// What a field holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Kind {
    Text,
    LongText,
    Email,
    Phone,
    Url,
    Integer,
    /// `scale` digits after the point, kept as a scaled integer.
    Decimal {
        scale: u8,
    },
    /// Four decimals; a whole number of minor units of its currency (checked by the kernel).
    Money,
    /// Six decimals; 0.2 is twenty per cent.
    Percent,
    Bool,
    Date,
    DateTime,
    /// Seconds.
    Duration,
    Choice {
        values: Vec<Choice>,
    },
    Link {
        to: String,
    },
    /// The records of `of` whose link `by` is this record; written only through it, in order.
    Lines {
        of: String,
        by: String,
    },
    Links {
        to: String,
    },
    Tags,
    /// A link to an attachment.
    File,
    Json,
    /// Which options were chosen of the product that the link `product` leads to: JSON that only
    /// whoever configures products reads.
    Options {
        product: String,
    },
}

impl Kind {
    /// Digits after the point of a number stored as a scaled integer; `None` for the other kinds.
    pub fn scale(&self) -> Option<u8> {
        match self {
            Kind::Money => Some(4),
            Kind::Percent => Some(6),
            Kind::Decimal { scale } => Some(*scale),
            _ => None,
        }
    }

    /// The word for it in TOML.
    pub fn name(&self) -> &'static str {
        match self {
            Kind::Text => "text",
            Kind::LongText => "long_text",
            Kind::Email => "email",
            Kind::Phone => "phone",
            Kind::Url => "url",
            Kind::Integer => "integer",
            Kind::Decimal { .. } => "decimal",
            Kind::Money => "money",
            Kind::Percent => "percent",
            Kind::Bool => "bool",
            Kind::Date => "date",
            Kind::DateTime => "date_time",
            Kind::Duration => "duration",
            Kind::Choice { .. } => "choice",
            Kind::Link { .. } => "link",
            Kind::Lines { .. } => "lines",
            Kind::Links { .. } => "links",
            Kind::Tags => "tags",
            Kind::File => "file",
            Kind::Json => "json",
            Kind::Options { .. } => "options",
        }
    }

    /// Kept and sent as JSON.
    pub fn is_json(&self) -> bool {
        matches!(self, Kind::Json | Kind::Options { .. })
    }

    pub fn is_text(&self) -> bool {
        matches!(self, Kind::Text | Kind::LongText | Kind::Email | Kind::Phone | Kind::Url)
    }

    pub fn is_number(&self) -> bool {
        matches!(
            self,
            Kind::Integer | Kind::Decimal { .. } | Kind::Money | Kind::Percent | Kind::Duration
        )
    }

    /// Holds several values, in a table of their own.
    pub fn is_many(&self) -> bool {
        matches!(self, Kind::Lines { .. } | Kind::Links { .. } | Kind::Tags)
    }

    /// The model that a link or many links lead to.
    pub fn target(&self) -> Option<&str> {
        match self {
            Kind::Link { to } | Kind::Links { to } => Some(to),
            Kind::File => Some("attachment"),
            _ => None,
        }
    }

    /// The type that an expression sees.
    pub fn ty(&self) -> Type {
        match self {
            Kind::Text | Kind::LongText | Kind::Email | Kind::Phone | Kind::Url => Type::Text,
            Kind::Choice { .. } => Type::Text,
            Kind::Integer => Type::Int,
            Kind::Decimal { .. } | Kind::Money | Kind::Percent => Type::Decimal,
            Kind::Bool => Type::Bool,
            Kind::Date => Type::Date,
            Kind::DateTime => Type::Time,
            Kind::Duration => Type::Duration,
            Kind::Link { to } => Type::Link(to.clone()),
            Kind::File => Type::Link("attachment".to_owned()),
            Kind::Lines { of, .. } => Type::Lines(of.clone()),
            Kind::Links { to } => Type::List(Box::new(Type::Link(to.clone()))),
            Kind::Tags => Type::List(Box::new(Type::Text)),
            Kind::Json | Kind::Options { .. } => Type::Json,
        }
    }
}

/// One value of a choice and how it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Choice {
    pub value: String,
    pub label: String,
}

/// The permission class of a field: a role reads and writes the classes it names. `Public` needs
/// nothing beyond the record's own right; `Secret` is read by nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    Public,
    Internal,
    Personal,
    Pay,
    Cost,
    Secret,
}

impl Class {
    pub const ALL: [Class; 6] =
        [Class::Public, Class::Internal, Class::Personal, Class::Pay, Class::Cost, Class::Secret];

    /// The word for it in TOML.
    pub fn name(self) -> &'static str {
        match self {
            Class::Public => "public",
            Class::Internal => "internal",
            Class::Personal => "personal",
            Class::Pay => "pay",
            Class::Cost => "cost",
            Class::Secret => "secret",
        }
    }
}

/// `ordered_on` → `Ordered on`.
pub(crate) fn label_of(name: &str) -> String {
    let words = name.replace('_', " ");
    let mut letters = words.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => String::new(),
    }
}
