//! Why somebody may or may not: the grants and the restriction that decided, for the pages and for
//! tests.
//! Not here: the decision itself (`allow`, `rows`); both walk the same grants.

use std::collections::{BTreeSet, VecDeque};
use std::fmt;

use fondaco_schema::{Model, Schema, Scope};
use fondaco_values::{AnyId, Id};
use serde::Serialize;

use super::{
    Office, Right, administers,
    allow::{sees, staged},
    roles::{granting, grants, in_scope},
    rows::{is_true, restriction, restriction_source, rule_holds},
};
use crate::ctx::{Ctx, Scopes};
use crate::db::Sql;
use crate::error::{Error, Result};
use crate::identity;
use crate::records::{self, Select};
use crate::shared::User;
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

/// Why somebody else may or may not: from the roles that were given to him, over those that they
/// include, to the grants.
#[derive(Clone, Debug, Serialize)]
pub struct Chain {
    pub login: String,
    pub name: String,
    pub given: Vec<Given>,
    /// The roles that have a grant for this, and through which they are held.
    pub held: Vec<Held>,
    /// It was asked of one record; else a rule that depends on the record is not decided.
    pub of_record: bool,
    /// Fields of the model that he cannot read.
    pub hidden_fields: Vec<String>,
    pub explanation: Explanation,
}

/// A role that somebody was given, in one company or in all of his.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Given {
    pub role: String,
    pub company: Option<AnyId>,
}

/// A role that is held, and the way to it: the given one first, itself last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Held {
    pub role: String,
    pub through: Vec<String>,
}

/// Explains to an administrator what a user may do with a model, or with one of its records, in the
/// company that the administrator works in.
///
/// # Errors
/// `Forbidden` for whoever is no administrator; `NotFound` for a user, a model or a record that is none
/// for him: an explanation tells nothing of records that he may not see.
pub async fn explain_other(
    tx: &mut Tx,
    user: Id<User>,
    (model, id): (&str, Option<AnyId>),
    right: Right<'_>,
) -> Result<Chain> {
    administers(tx.ctx(), Office::Rights, Right::Read)?;
    let schema = tx.schema().clone();
    let known = schema.model(model).filter(|model| !model.is_line()).cloned();
    let known = known.ok_or_else(|| Error::not_found("model", model))?;
    if let Right::Act(action) = right
        && !known.actions.contains_key(action)
    {
        return Err(Error::not_found("action", action));
    }
    let show = Select { fields: vec!["login".to_owned(), "name".to_owned()], expand: Vec::new() };
    let about = records::get(tx, "user", user.any(), &show).await?;
    let given = given(tx, user).await?;
    let record = match id {
        Some(id) => {
            let alone = Select { fields: vec!["id".to_owned()], expand: Vec::new() };
            records::get(tx, model, id, &alone).await?;
            Some(id)
        }
        None => None,
    };
    let company = tx.ctx().company();
    let other = identity::ctx_of(tx, user, Some(company), Scopes::All).await?;
    let other = other.ok_or_else(|| {
        let message = "This user is switched off, or does not work in this company.";
        Error::problem("user", "not_here", message)
    })?;
    let explanation = match record {
        Some(id) => {
            let own = std::mem::replace(&mut tx.ctx, other.clone());
            let staged = staged(tx, model, id, right).await;
            let explained = staged
                .map(|(record, stage)| why(&other, &record.model, right, &stage.scope(&record)));
            tx.ctx = own;
            explained?
        }
        None => at_all(&other, &known, right),
    };
    let hidden = super::hidden_fields(&other, &schema, model);
    let own = known.fields.keys().filter(|name| hidden.contains(name.as_str())).cloned();
    Ok(Chain {
        login: about.text("login").unwrap_or_default().to_owned(),
        name: about.text("name").unwrap_or_default().to_owned(),
        held: ways(&schema, &given, &explanation),
        given,
        of_record: record.is_some(),
        hidden_fields: own.collect(),
        explanation,
    })
}

async fn given(tx: &mut Tx, user: Id<User>) -> Result<Vec<Given>> {
    let sql = Sql::text("select role, company from user_role where \"user\" = $1 order by role");
    let rows = tx.rows(sql.bind(user)).await?;
    let one = |row: &crate::db::Row| Given {
        role: row.str(0).to_owned(),
        company: row.opt_id::<()>(1).map(|id| id.any()),
    };
    let everyone = Given { role: identity::EVERYONE.to_owned(), company: None };
    Ok(rows.iter().map(one).chain([everyone]).collect())
}

/// The same of a model at large: what depends on the record does not hold of all.
fn at_all(ctx: &Ctx, model: &Model, right: Right<'_>) -> Explanation {
    let in_scope = in_scope(&ctx.actor, model, right);
    let grants: Vec<Reason> = grants(&ctx.actor, model, right)
        .map(|(role, rule)| Reason {
            role: role.to_owned(),
            rule: rule.source().to_owned(),
            holds: rule.source() == "true",
        })
        .collect();
    let others =
        granting(model, right).filter(|role| ctx.actor.roles.iter().all(|own| own != role));
    let restriction = restriction_source(model).map(|source| Reason {
        role: "everybody".to_owned(),
        rule: source.to_owned(),
        holds: true,
    });
    Explanation {
        model: model.name.clone(),
        right: right.to_string(),
        allowed: in_scope && !grants.is_empty(),
        seen: super::may(ctx, model, Right::Read),
        grants,
        restrictions: restriction.into_iter().collect(),
        others: others.map(str::to_owned).collect(),
        out_of_scope: !in_scope,
    }
}

/// The way to each role that grants, from one that was given.
fn ways(schema: &Schema, given: &[Given], explanation: &Explanation) -> Vec<Held> {
    let wanted = explanation.grants.iter().map(|grant| grant.role.as_str());
    let way = |role: &str| {
        let mut open: VecDeque<Vec<&str>> =
            given.iter().map(|given| vec![given.role.as_str()]).collect();
        let mut met = BTreeSet::new();
        while let Some(path) = open.pop_front() {
            let last = path.last().copied().unwrap_or_default();
            if last == role {
                return Some(path.into_iter().map(str::to_owned).collect());
            }
            if !met.insert(last.to_owned()) {
                continue;
            }
            for next in schema.roles.get(last).iter().flat_map(|role| &role.includes) {
                open.push_back(path.iter().copied().chain([next.as_str()]).collect());
            }
        }
        None
    };
    wanted.filter_map(|role| Some(Held { role: role.to_owned(), through: way(role)? })).collect()
}
