//! Why somebody may or may not: the grants and the restriction that decided, for the pages and for
//! tests.
//! Not here: the decision itself (`allow`, `rows`); both walk the same grants.

use std::fmt;

use fondaco_schema::{Model, Scope};
use fondaco_values::AnyId;
use serde::Serialize;

use super::{
    Right,
    allow::{sees, staged},
    roles::{granting, grants, in_scope},
    rows::{is_true, restriction, restriction_source, rule_holds},
};
use crate::ctx::Ctx;
use crate::error::{Error, Result};
use crate::tx::Tx;

/// Why the caller may, or may not, do this with this record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explanation {
    pub model: String,
    pub right: String,
    pub allowed: bool,
    /// Whether he may see the record at all; when not, the answer to anything is 404.
    pub seen: bool,
    /// The grants of the roles he holds for this right; one that holds is enough.
    pub grants: Vec<Reason>,
    /// What must hold for everybody besides.
    pub restrictions: Vec<Reason>,
    /// Roles he does not hold that have a grant for it.
    pub others: Vec<String>,
    /// The scopes of his API token leave it out.
    pub out_of_scope: bool,
}

/// One rule and whether it is true of the record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// The role that grants; `everybody` for a restriction.
    pub role: String,
    pub rule: String,
    pub holds: bool,
}

/// Explains what the caller may do with a stored record.
///
/// # Errors
/// `NotFound` when there is none or he may not see it: an explanation would show it.
pub async fn explain(tx: &mut Tx, model: &str, id: AnyId, right: Right<'_>) -> Result<Explanation> {
    let (record, stage) = staged(tx, model, id, right).await?;
    let explanation = why(tx.ctx(), &record.model, right, &stage.scope(&record));
    if explanation.seen { Ok(explanation) } else { Err(Error::not_found(model, id)) }
}

/// Explains the answer to `right` on this record of `model`.
pub fn why(ctx: &Ctx, model: &Model, right: Right<'_>, record: &dyn Scope) -> Explanation {
    let seen = sees(ctx, model, record);
    let in_scope = in_scope(&ctx.actor, model, right);
    let grants: Vec<Reason> = grants(&ctx.actor, model, right)
        .map(|(role, rule)| Reason {
            role: role.to_owned(),
            rule: rule.source().to_owned(),
            holds: rule_holds(&rule, record),
        })
        .collect();
    let restrictions: Vec<Reason> = restriction_source(model)
        .into_iter()
        .map(|source| Reason {
            role: "everybody".to_owned(),
            rule: source.to_owned(),
            holds: is_true(&restriction(model), record),
        })
        .collect();
    let others = granting(model, right)
        .filter(|role| ctx.actor.roles.iter().all(|held| held != role))
        .map(str::to_owned)
        .collect();
    let granted = grants.iter().any(|grant| grant.holds);
    Explanation {
        model: model.name.clone(),
        right: right.to_string(),
        allowed: granted
            && (seen || right == Right::Create)
            && in_scope
            && restrictions.iter().all(|restriction| restriction.holds),
        seen,
        grants,
        restrictions,
        others,
        out_of_scope: !in_scope,
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let answer = if self.allowed { "may" } else { "may not" };
        write!(f, "{answer} {} {}", self.right, self.model)?;
        for reason in self.grants.iter().chain(&self.restrictions) {
            let holds = if reason.holds { "holds" } else { "does not hold" };
            write!(f, "\n  {}: {} ({holds})", reason.role, reason.rule)?;
        }
        if !self.others.is_empty() {
            write!(f, "\n  granted by: {}", self.others.join(", "))?;
        }
        if self.out_of_scope {
            f.write_str("\n  outside the scopes of the token")?;
        }
        if !self.seen {
            f.write_str("\n  may not see the record")?;
        }
        Ok(())
    }
}
