//! What the user can fix: a problem with a field, collected in lists and translated at the edge.
//! Not here: what the operator must fix (the `Error` of each crate).

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// One thing that is wrong with what the user sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Path of the field, such as `lines[2].quantity`; empty when it concerns the whole record.
    pub field: String,
    /// Stable name for programs and translations, such as `required`.
    pub code: String,
    /// The complete English sentence.
    pub message: String,
    /// What the sentence speaks about, for translations.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub args: BTreeMap<String, String>,
}

impl Problem {
    pub fn new(
        field: impl Into<String>,
        code: impl Into<String>,
        message: impl Into<String>,
    ) -> Problem {
        let (field, code, message) = (field.into(), code.into(), message.into());
        Problem { field, code, message, args: BTreeMap::new() }
    }

    /// The same with one argument more.
    pub fn arg(mut self, name: impl Into<String>, value: impl fmt::Display) -> Problem {
        self.args.insert(name.into(), value.to_string());
        self
    }

    /// The same seen from the record around it: `quantity` under `lines[2]` is `lines[2].quantity`.
    pub fn under(mut self, prefix: impl AsRef<str>) -> Problem {
        let prefix = prefix.as_ref();
        self.field = match (prefix, self.field.as_str()) {
            ("", own) => own.to_owned(),
            (outer, "") => outer.to_owned(),
            (outer, own) => format!("{outer}.{own}"),
        };
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.field.as_str() {
            "" => f.write_str(&self.message),
            field => write!(f, "{field}: {}", self.message),
        }
    }
}

/// A text that is not the value asked for. It does not repeat the text, which may be secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// What was expected, in words that follow "not".
    pub expected: &'static str,
}

impl Unreadable {
    pub(crate) const fn new(expected: &'static str) -> Unreadable {
        Unreadable { expected }
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not {}", self.expected)
    }
}

impl std::error::Error for Unreadable {}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_problem_moves_under_its_parent() {
        for (field, prefix, expected) in [
            ("quantity", "lines[2]", "lines[2].quantity"),
            ("", "lines[2]", "lines[2]"),
            ("name", "", "name"),
            ("lines[2].quantity", "orders[1]", "orders[1].lines[2].quantity"),
        ] {
            assert_eq!(
                Problem::new(field, "required", "Is missing.").under(prefix).field,
                expected
            );
        }
    }

    #[test]
    fn json_and_text() {
        let problem = Problem::new("age", "max", "At most 120.").arg("max", 120).arg("min", 0);
        let expected = json!({
            "field": "age",
            "code": "max",
            "message": "At most 120.",
            "args": { "max": "120", "min": "0" },
        });
        assert_eq!(serde_json::to_value(&problem).unwrap(), expected);
        assert_eq!(problem.to_string(), "age: At most 120.");
        let plain = Problem::new("", "empty", "Nothing to do.");
        assert_eq!(plain.to_string(), "Nothing to do.");
        let json = serde_json::to_string(&plain).unwrap();
        assert_eq!(json, r#"{"field":"","code":"empty","message":"Nothing to do."}"#);
        assert_eq!(serde_json::from_str::<Problem>(&json).unwrap(), plain);
    }
}
