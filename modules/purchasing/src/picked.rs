//! The lines that somebody picked for an action, as JSON:
//! `[{ "line": id, "quantity": "4", "unit_price": "430.00" }]`.

use fondaco_kernel::record::Record;
use fondaco_kernel::{Error, Result, error::refuse_if_any};
use fondaco_values::{AnyId, Decimal, Problem, Quantity};
use serde::Deserialize;
use serde_json::Value as Json;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    line: AnyId,
    quantity: Quantity,
    unit_price: Option<Decimal>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Picked {
    /// Place of the document's line.
    pub(crate) at: usize,
    /// Above zero.
    pub(crate) quantity: Quantity,
    /// Not below zero.
    pub(crate) unit_price: Option<Decimal>,
}

/// # Errors
/// Problems with everything that cannot be read or is not a line of the document.
pub(crate) fn read<L: Record>(json: &Json, lines: &[L]) -> Result<Vec<Picked>> {
    let wanted = <Vec<Written> as Deserialize>::deserialize(json).map_err(|error| {
        let message = format!("Expected is [{{\"line\": id, \"quantity\": \"2\"}}]: {error}.");
        Error::problem("lines", "unreadable", message)
    })?;
    let mut picked: Vec<Picked> = Vec::new();
    let mut problems = Vec::new();
    for (n, want) in wanted.iter().enumerate() {
        let under = format!("lines[{n}]");
        match place(want, lines) {
            Ok(one) if picked.iter().any(|other| other.at == one.at) => {
                let twice = Problem::new("line", "twice", "The line is picked twice.");
                problems.push(twice.under(under));
            }
            Ok(one) => picked.push(one),
            Err(problem) => problems.push(problem.under(under)),
        }
    }
    refuse_if_any(problems)?;
    Ok(picked)
}

fn place<L: Record>(want: &Written, lines: &[L]) -> std::result::Result<Picked, Problem> {
    let Some(at) = lines.iter().position(|line| line.id().any() == want.line) else {
        let message = format!("There is no line {} on this document.", want.line);
        return Err(Problem::new("line", "unknown", message));
    };
    if want.quantity <= Quantity::ZERO {
        return Err(Problem::new("quantity", "not_positive", "The quantity is above zero."));
    }
    if want.unit_price.is_some_and(|price| price < Decimal::ZERO) {
        return Err(Problem::new("unit_price", "negative", "The price is not below zero."));
    }
    Ok(Picked { at, quantity: want.quantity, unit_price: want.unit_price })
}

#[cfg(test)]
mod tests {
    use fondaco_values::Id;
    use serde_json::json;

    use super::*;
    use crate::order::tests::{decimal, line, quantity};

    #[test]
    fn picks_and_refusals() {
        let mut lines = [line(["5", "3", "0"]), line(["2", "2", "0"])];
        lines[1].id = Id::new(2);
        for (json, refusal) in [
            (
                json!([{"line": "9", "quantity": "1"}]),
                "lines[0].line: There is no line 9 on this document.",
            ),
            (
                json!([{"line": "1", "quantity": "0"}]),
                "lines[0].quantity: The quantity is above zero.",
            ),
            (
                json!([{"line": "1", "quantity": "1", "unit_price": "-1"}]),
                "lines[0].unit_price: The price is not below zero.",
            ),
            (
                json!([{"line": "1", "quantity": "1"}, {"line": "1", "quantity": "1"}]),
                "lines[1].line: The line is picked twice.",
            ),
        ] {
            match read(&json, &lines) {
                Err(Error::Invalid(problems)) => assert_eq!(problems[0].to_string(), refusal),
                other => panic!("{json}: {other:?}"),
            }
        }
        let json = json!([{"line": 2, "quantity": 1, "unit_price": "430.00"}]);
        let picked = read(&json, &lines).unwrap();
        let price = Some(decimal("430"));
        assert_eq!(picked, [Picked { at: 1, quantity: quantity("1"), unit_price: price }]);
    }
}
