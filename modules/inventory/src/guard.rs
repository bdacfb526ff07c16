//! What users may still change on a document that is confirmed: what is done now, of which lot, and
//! remarks; what was asked for stays.

use fondaco_kernel::model::Saving;
use fondaco_kernel::record::Rec;
use fondaco_kernel::{Result, Tx};
use fondaco_values::Problem;

/// Before a delivery is saved.
pub(crate) async fn deliveries(_: &mut Tx, batch: &mut [Saving]) -> Result<()> {
    let fixed = ["purpose", "party", "location"];
    let users = batch.iter().filter(|saving| !saving.draft.has("promise"));
    fondaco_kernel::error::refuse_if_any(users.flat_map(|s| faults(s, &fixed)).collect())
}

/// Before a receipt is saved.
pub(crate) async fn receipts(_: &mut Tx, batch: &mut [Saving]) -> Result<()> {
    let fixed = ["purpose", "party"];
    let users = batch.iter().filter(|saving| !saving.draft.has("source_id"));
    fondaco_kernel::error::refuse_if_any(users.flat_map(|s| faults(s, &fixed)).collect())
}

/// Only the module's own code touches the read-only fields; whoever does not is a user.
fn faults(saving: &Saving, fixed: &[&str]) -> Vec<Problem> {
    let Some(old) = &saving.old else { return Vec::new() };
    if old.state() == Some("draft") {
        return Vec::new();
    }
    let mut problems = Vec::new();
    for field in fixed.iter().filter(|field| saving.changes(field)) {
        let message = "It is confirmed already; cancel it and make another one.";
        problems.push(Problem::new(*field, "confirmed", message));
    }
    if saving.draft.has("lines") {
        problems.extend(lines(saving, old));
    }
    problems
}

fn lines(saving: &Saving, old: &Rec) -> Vec<Problem> {
    let (before, wanted) = (old.lines("lines"), saving.draft.lines("lines"));
    let mut problems = Vec::new();
    let gone = before.iter().any(|old| !wanted.iter().any(|line| line.id == Some(old.id)));
    if gone {
        let message = "What was asked for stays; enter zero for what is not moved.";
        problems.push(Problem::new("lines", "removed", message));
    }
    for (n, line) in wanted.iter().enumerate() {
        let Some(was) = before.iter().find(|old| Some(old.id) == line.id) else {
            let message = "It is confirmed already; put more lines on another document.";
            problems.push(Problem::new(format!("lines[{n}]"), "added", message));
            continue;
        };
        for field in ["product", "quantity"] {
            let changed = line.draft.get(field).is_some_and(|value| value != was.get(field));
            if changed {
                let message = "It is confirmed already; enter what is moved now instead.";
                problems.push(Problem::new(format!("lines[{n}].{field}"), "confirmed", message));
            }
        }
    }
    problems
}
