//! One value and its field: brought to the kind of the field, then held against its rules.
//! Not here: rules over several fields (`check`), reading input (`input`).

use fondaco_schema::{Field, Kind, Pattern};
use fondaco_values::{Decimal, Money, Problem, Value, limits};

use super::cells::scaled;

/// The value as a field of this kind holds it. The problem names no field yet.
pub(crate) fn fit(kind: &Kind, value: Value) -> Result<Value, Problem> {
    let fitted = match (kind, value) {
        (Kind::Tags | Kind::Links { .. }, Value::Null) => Value::List(Vec::new()),
        (_, Value::Null) => Value::Null,
        (kind, Value::Json(serde_json::Value::Null)) if kind.is_json() => Value::Null,
        (kind, Value::Json(json)) if kind.is_json() => Value::Json(json),
        (kind, other) if kind.is_json() => Value::Json(other.to_json()),
        (kind, Value::Text(text)) if kind.is_text() || matches!(kind, Kind::Choice { .. }) => {
            if text.is_empty() {
                Value::Null
            } else {
                Value::Text(text)
            }
        }
        (Kind::Integer | Kind::Duration, Value::Int(value)) => Value::Int(value),
        (Kind::Integer | Kind::Duration, Value::Decimal(value)) if value.fract().is_zero() => {
            i64::try_from(value).map_or(Value::Null, Value::Int)
        }
        (kind, Value::Int(value)) if kind.scale().is_some() => Value::Decimal(Decimal::from(value)),
        (kind, Value::Decimal(value)) if kind.scale().is_some() => Value::Decimal(value),
        (Kind::Bool, Value::Bool(value)) => Value::Bool(value),
        (Kind::Date, Value::Date(date)) => Value::Date(date),
        (Kind::DateTime, Value::Time(time)) => Value::Time(time),
        (Kind::Link { .. } | Kind::File, Value::Link(id)) => {
            if id.is_new() {
                Value::Null
            } else {
                Value::Link(id)
            }
        }
        (Kind::Links { .. }, Value::List(items)) if items.iter().all(|i| i.as_link().is_some()) => {
            Value::List(distinct(items))
        }
        (Kind::Tags, Value::List(items)) if items.iter().all(|i| i.as_text().is_some()) => {
            Value::List(distinct(items))
        }
        (kind, _) => {
            let message = format!("This is no {}.", word(kind));
            return Err(Problem::new("", "wrong_type", message).arg("type", kind.name()));
        }
    };
    Ok(fitted)
}

fn distinct(items: Vec<Value>) -> Vec<Value> {
    let mut kept: Vec<Value> = Vec::with_capacity(items.len());
    for item in items {
        if !kept.contains(&item) && item.as_text() != Some("") {
            kept.push(item);
        }
    }
    kept
}

/// What one calls a value of this kind.
pub(crate) fn word(kind: &Kind) -> &'static str {
    match kind {
        Kind::Text | Kind::LongText => "text",
        Kind::Email => "e-mail address",
        Kind::Phone => "telephone number",
        Kind::Url => "web address",
        Kind::Integer => "whole number",
        Kind::Decimal { .. } | Kind::Percent => "number",
        Kind::Money => "amount of money",
        Kind::Bool => "true or false",
        Kind::Date => "date such as 2026-01-31",
        Kind::DateTime => "time such as 2026-01-31T12:00:00Z",
        Kind::Duration => "number of seconds",
        Kind::Choice { .. } => "choice",
        Kind::Link { .. } | Kind::File => "id",
        Kind::Lines { .. } => "list of lines",
        Kind::Links { .. } => "list of ids",
        Kind::Tags => "list of texts",
        Kind::Json => "JSON",
        Kind::Options { .. } => "choice of options",
    }
}

pub(crate) fn required(field: &Field) -> Problem {
    Problem::new(&field.name, "required", format!("{} is required.", field.label))
}

/// PostgreSQL keeps no NUL in a text, so nobody does. The problem names no field yet.
pub(crate) fn unprintable(field: &Field) -> Problem {
    let message = format!("{} contains a character that cannot be kept (NUL).", field.label);
    Problem::new("", "unprintable", message)
}

/// A field's rules, with what they need from around it.
pub(crate) struct Rule<'a> {
    pub(crate) field: &'a Field,
    pub(crate) pattern: Option<&'a Pattern>,
    /// Decimals of the minor unit of the record's currency, for money.
    pub(crate) exponent: Option<u8>,
}

impl Rule<'_> {
    /// What is wrong with a value of the right kind.
    pub(crate) fn broken_by(&self, value: &Value) -> Vec<Problem> {
        let field = self.field;
        match value {
            Value::Null if field.required => vec![required(field)],
            Value::List(items) if field.required && items.is_empty() => vec![required(field)],
            Value::Text(text) => self.text(text),
            Value::Int(_) | Value::Decimal(_) => {
                value.as_decimal().map_or_else(Vec::new, |number| self.number(number))
            }
            Value::List(items) => self.list(items),
            Value::Json(json) if json.to_string().len() > limits::JSON_BYTES_MAX => {
                vec![self.problem("too_long", "is too long")]
            }
            Value::Date(date) if date.year() < 1 => {
                vec![self.problem("out_of_range", "is too early")]
            }
            _ => Vec::new(),
        }
    }

    fn problem(&self, code: &str, what: &str) -> Problem {
        Problem::new(&self.field.name, code, format!("{} {what}.", self.field.label))
    }

    fn text(&self, text: &str) -> Vec<Problem> {
        let most = match self.field.kind {
            Kind::LongText => limits::LONG_TEXT_CHARS_MAX,
            _ => limits::TEXT_CHARS_MAX,
        };
        let mut problems = Vec::new();
        if text.chars().count() > most {
            let what = format!("is longer than {most} characters");
            problems.push(self.problem("too_long", &what).arg("max", most));
        }
        if text.contains('\0') {
            problems.push(unprintable(self.field).under(&self.field.name));
        }
        let fits = match &self.field.kind {
            Kind::Email => email(text),
            Kind::Phone => phone(text),
            Kind::Url => url(text),
            Kind::Choice { values } => values.iter().any(|choice| choice.value == text),
            _ => true,
        };
        if let (false, Kind::Choice { values }) = (fits, &self.field.kind) {
            let known: Vec<&str> = values.iter().map(|choice| choice.value.as_str()).collect();
            let what = format!("is one of {}", known.join(", "));
            problems.push(self.problem("unknown_choice", &what).arg("choices", known.join(", ")));
        } else if !fits {
            let what = format!("is no {}", word(&self.field.kind));
            problems.push(self.problem(self.field.kind.name(), &what));
        }
        if self.pattern.is_some_and(|pattern| !pattern.is_match(text)) {
            problems.push(self.problem("pattern", "does not have the form that is asked for"));
        }
        problems
    }

    fn number(&self, number: Decimal) -> Vec<Problem> {
        let mut problems = Vec::new();
        if let Some(min) = self.field.min.filter(|min| number < *min) {
            let what = format!("is less than {min}");
            problems.push(self.problem("too_small", &what).arg("min", min));
        }
        if let Some(max) = self.field.max.filter(|max| number > *max) {
            let what = format!("is more than {max}");
            problems.push(self.problem("too_large", &what).arg("max", max));
        }
        let Some(scale) = self.field.kind.scale() else { return problems };
        if scaled(number, u32::from(scale)).is_none() {
            let what = format!("has more than {scale} decimals, or is out of range");
            problems.push(self.problem("too_fine", &what).arg("decimals", scale));
        } else if let (Kind::Money, Some(exponent)) = (&self.field.kind, self.exponent)
            && Money::exact(number).and_then(|money| money.minor(exponent)).is_none()
        {
            let what = format!("has more than the {exponent} decimals of its currency");
            problems.push(self.problem("too_fine", &what).arg("decimals", exponent));
        }
        problems
    }

    fn list(&self, items: &[Value]) -> Vec<Problem> {
        let mut problems = Vec::new();
        if items.len() > limits::LIST_ITEMS_MAX {
            problems.push(self.problem("too_many", "has too many values"));
        }
        let texts = items.iter().filter_map(Value::as_text);
        problems.extend(texts.flat_map(|text| self.text(text)));
        problems
    }
}

/// Something, an @, a name with a dot: what a mail server decides is left to it.
fn email(text: &str) -> bool {
    let Some((who, host)) = text.rsplit_once('@') else { return false };
    let plain = |c: char| !c.is_whitespace() && !c.is_control();
    let labels = host.split('.').all(|label| !label.is_empty() && !label.starts_with('-'));
    !who.is_empty()
        && host.contains('.')
        && labels
        && text.chars().all(plain)
        && !host.contains(',')
}

fn phone(text: &str) -> bool {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let known = |c: char| c.is_ascii_digit() || " +-()/.#*x".contains(c);
    (3..=20).contains(&digits) && text.chars().all(known)
}

fn url(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let host = rest.and_then(|rest| rest.split(['/', '?', '#']).next());
    host.is_some_and(|host| !host.is_empty())
        && !text.chars().any(|c| c.is_whitespace() || c.is_control())
}

#[cfg(test)]
mod tests {
    use fondaco_schema::Origin;

    use super::*;

    fn codes(kind: Kind, change: impl Fn(&mut Field), value: Value) -> Vec<String> {
        let mut field = Field::new("f", kind.clone(), Origin::Kernel);
        change(&mut field);
        let rule = Rule { field: &field, pattern: None, exponent: Some(2) };
        match fit(&kind, value) {
            Ok(value) => rule.broken_by(&value).into_iter().map(|p| p.code).collect(),
            Err(problem) => vec![problem.code],
        }
    }

    #[test]
    fn rules_of_values() {
        let none = |_: &mut Field| {};
        let dec = |text: &str| Value::Decimal(text.parse().unwrap());
        let required = |field: &mut Field| field.required = true;
        let small = |field: &mut Field| field.max = Some(Decimal::from(10));
        let none_of: [&str; 0] = [];
        assert_eq!(codes(Kind::Text, required, Value::from("")), ["required"]);
        assert_eq!(codes(Kind::Text, none, Value::from("a\0")), ["unprintable"]);
        assert_eq!(codes(Kind::Text, none, Value::Int(1)), ["wrong_type"]);
        assert_eq!(codes(Kind::Money, none, dec("1.5")), none_of);
        assert_eq!(codes(Kind::Money, none, dec("1.005")), ["too_fine"]);
        assert_eq!(codes(Kind::Money, small, dec("11")), ["too_large"]);
        assert_eq!(codes(Kind::Decimal { scale: 2 }, none, dec("0.001")), ["too_fine"]);
        assert_eq!(codes(Kind::Integer, none, dec("5.0")), none_of);
        assert_eq!(codes(Kind::Integer, none, dec("5.5")), ["wrong_type"]);
        for (address, good) in [
            ("a@b.eu", true),
            ("a b@c.eu", false),
            ("@c.eu", false),
            ("a@c", false),
            ("a@.eu", false),
        ] {
            assert_eq!(email(address), good, "{address}");
        }
        assert!(phone("+48 600-123-456") && !phone("call me") && !phone("12"));
        assert!(
            url("https://example.com/a?b") && !url("javascript:alert(1)") && !url("https:// x")
        );
    }
}
