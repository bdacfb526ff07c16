//! The lines that somebody picked for an action: `[{ "line": id, "quantity": "2" }]`.

use fondaco_kernel::record::Record;
use fondaco_kernel::{Error, Result, error::refuse_if_any};
use fondaco_values::{AnyId, Problem, Quantity};
use serde::Deserialize;
use serde_json::Value as Json;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Picked {
    line: AnyId,
    quantity: Quantity,
}

/// Places of the picked lines with their quantities; without a pick, all lines with what each has
/// (`most`). `what` says in a refusal what a line has: "open".
///
/// # Errors
/// Problems with everything that is not a line of the document, or more than the line has.
pub(crate) fn read<L: Record>(
    json: Option<&Json>,
    lines: &[L],
    most: impl Fn(&L) -> Quantity,
    what: &str,
) -> Result<Vec<(usize, Quantity)>> {
    let Some(json) = json else {
        let all = lines.iter().map(most).enumerate();
        return Ok(all.filter(|(_, quantity)| *quantity > Quantity::ZERO).collect());
    };
    let wanted = <Vec<Picked> as Deserialize>::deserialize(json).map_err(|error| {
        let message = format!("Expected is [{{\"line\": id, \"quantity\": \"2\"}}]: {error}.");
        Error::problem("lines", "unreadable", message)
    })?;
    let mut picked = Vec::new();
    let mut problems = Vec::new();
    for (n, want) in wanted.iter().enumerate() {
        match place(want, lines, &most, what) {
            Ok(at) if picked.iter().any(|(other, _)| *other == at) => {
                problems.push(
                    Problem::new("line", "twice", "The line is picked twice.").under(under(n)),
                );
            }
            Ok(at) => picked.push((at, want.quantity)),
            Err(problem) => problems.push(problem.under(under(n))),
        }
    }
    refuse_if_any(problems)?;
    Ok(picked)
}

fn under(n: usize) -> String {
    format!("lines[{n}]")
}

fn place<L: Record>(
    want: &Picked,
    lines: &[L],
    most: &impl Fn(&L) -> Quantity,
    what: &str,
) -> std::result::Result<usize, Problem> {
    let Some(at) = lines.iter().position(|line| line.id().any() == want.line) else {
        let message = format!("There is no line {} on this document.", want.line);
        return Err(Problem::new("line", "unknown", message));
    };
    let most = most(&lines[at]);
    if want.quantity <= Quantity::ZERO || want.quantity > most {
        let message = format!("{} is asked for, {most} is {what}.", want.quantity);
        let problem = Problem::new("quantity", "out_of_range", message);
        return Err(problem.arg("asked", want.quantity).arg("most", most));
    }
    Ok(at)
}

#[cfg(test)]
mod tests {
    use fondaco_values::Id;
    use serde_json::json;

    use super::*;
    use crate::order::OrderLine;
    use crate::order::tests::{line, quantity};

    fn lines() -> [OrderLine; 2] {
        let mut lines = [line(["5", "3", "0", "0", "0"]), line(["2", "2", "0", "0", "0"])];
        lines[1].id = Id::new(2);
        lines
    }

    #[test]
    fn all_that_is_open_when_nothing_is_picked() {
        let picked = read(None, &lines(), OrderLine::open, "open").unwrap();
        assert_eq!(picked, [(0, quantity("2"))]);
    }

    #[test]
    fn picks_and_refusals() {
        for (json, outcome) in [
            (json!([{"line": "1", "quantity": "1.5"}]), "0: 1.5"),
            (
                json!([{"line": "1", "quantity": "3"}]),
                "lines[0].quantity: 3 is asked for, 2 is open.",
            ),
            (
                json!([{"line": "1", "quantity": "0"}]),
                "lines[0].quantity: 0 is asked for, 2 is open.",
            ),
            (
                json!([{"line": "9", "quantity": "1"}]),
                "lines[0].line: There is no line 9 on this document.",
            ),
            (
                json!([{"line": "1", "quantity": "1"}, {"line": "1", "quantity": "1"}]),
                "lines[1].line: The line is picked twice.",
            ),
        ] {
            let found = match read(Some(&json), &lines(), OrderLine::open, "open") {
                Ok(picked) => format!("{}: {}", picked[0].0, picked[0].1),
                Err(Error::Invalid(problems)) => problems[0].to_string(),
                Err(error) => error.to_string(),
            };
            assert_eq!(found, outcome, "{json}");
        }
        assert!(read(Some(&json!({"line": 1})), &lines(), OrderLine::open, "open").is_err());
    }
}
