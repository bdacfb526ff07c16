//! Departments: a tree, each led by somebody.

use std::collections::HashMap;

use fondaco_kernel::model::Saving;
use fondaco_kernel::store::{self, Filter};
use fondaco_kernel::{Record, Result, Tx};
use fondaco_values::{AnyId, Id, Problem};

use crate::employee::Employee;

#[derive(Record, Clone, Debug)]
#[record("hr.department")]
pub(crate) struct Department {
    pub(crate) id: Id<Department>,
    pub(crate) name: String,
    pub(crate) parent: Option<Id<Department>>,
    pub(crate) manager: Option<Id<Employee>>,
}

/// A department stands below no department that stands below it.
pub(crate) async fn prepare(tx: &mut Tx, batch: &mut [Saving]) -> Result<()> {
    if !batch.iter().any(|saving| saving.changes("parent")) {
        return Ok(());
    }
    let all = store::find::<Department>(tx, Filter::new()).await?;
    let above = all.iter().map(|d| (d.id.any(), d.parent.map(Id::any))).collect();
    let message = "The department would be part of itself: choose another above it.";
    fondaco_kernel::error::refuse_if_any(circles(batch, "parent", above, message))
}

/// A problem for each record of the batch that would come to stand above itself.
pub(crate) fn circles(
    batch: &[Saving],
    field: &str,
    mut above: HashMap<AnyId, Option<AnyId>>,
    message: &str,
) -> Vec<Problem> {
    for saving in batch {
        above.insert(saving.id, saving.value(field).as_link());
    }
    let stuck = batch.iter().enumerate().filter(|(_, saving)| in_circle(saving.id, &above));
    let at = |n: usize| if batch.len() > 1 { format!("[{n}]") } else { String::new() };
    stuck.map(|(n, _)| Problem::new(field, "circle", message).under(at(n))).collect()
}

fn in_circle(start: AnyId, above: &HashMap<AnyId, Option<AnyId>>) -> bool {
    let mut at = start;
    // A path longer than there are records has come round, though not to the start.
    for _ in 0..=above.len() {
        match above.get(&at).copied().flatten() {
            None => return false,
            Some(next) if next == start => return true,
            Some(next) => at = next,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn circles_are_found() {
        let above = |pairs: &[(i64, i64)]| {
            let link = |(a, b): &(i64, i64)| (AnyId::new(*a), (*b > 0).then(|| AnyId::new(*b)));
            pairs.iter().map(link).collect::<HashMap<_, _>>()
        };
        let tree = above(&[(1, 0), (2, 1), (3, 2)]);
        assert!(!in_circle(AnyId::new(3), &tree));
        assert!(in_circle(AnyId::new(1), &above(&[(1, 3), (2, 1), (3, 2)])));
        assert!(in_circle(AnyId::new(1), &above(&[(1, 1)])));
        // One that leads into a circle without being part of it comes to an end too.
        assert!(!in_circle(AnyId::new(4), &above(&[(4, 1), (1, 2), (2, 1)])));
    }
}
