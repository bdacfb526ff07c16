//! API tokens: for programs that act for their owner, with no more than the owner's rights and only
//! those that the token's scopes name. Shown once, kept as a digest.
//! Not here: sessions of people (`session`).

use fondaco_schema::Schema;
use fondaco_values::{Id, Problem, Timestamp};

use super::callers::Found;
use super::secret::{Secret, digest, draw_token};
use super::{session, user};
use crate::Ctx;
use crate::ctx::Scopes;
use crate::db::Sql;
use crate::error::{Error, Result, refuse_if_any};
use crate::permissions::{self, Right};
use crate::tx::Tx;

/// Lets scanners of source code recognise a token that got into it.
const PREFIX: &str = "fdc_";
const DAY_US: i64 = 86_400_000_000;
/// A token that nobody renews is one that nobody remembers.
const LIFE_DAYS_MAX: i64 = 366;
/// How stale the hour of last use may be, so that reading stays reading.
const USED_EVERY_US: i64 = DAY_US / 288;
const TOKENS_MAX: i64 = 100;
const SCOPES_MAX: usize = 100;
const NAME_CHARS_MAX: usize = 100;

/// An API token to be made.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// What it is for, in the owner's words.
    pub name: String,
    /// `model:right`, such as `sales.order:confirm`, `sales.*:read` or `party:*`; `read` alone is
    /// `*:read`. A right is read, create, write, delete or the name of an action.
    pub scopes: Vec<String>,
    /// Nothing but reading, whatever the scopes name.
    pub read_only: bool,
    /// A year from now at most.
    pub expires_at: Timestamp,
}

/// A token as its owner sees it, without the token.
#[derive(Clone, Debug, serde::Serialize)]
pub struct TokenInfo {
    pub id: Id<TokenInfo>,
    pub name: String,
    pub scopes: Vec<String>,
    pub read_only: bool,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    /// Exact to five minutes.
    pub used_at: Option<Timestamp>,
}

/// Makes a token for the caller, who is here in person. It is shown only now.
///
/// # Errors
/// Problems with name, scopes (those that name what the caller may not do too) and expiry.
pub async fn create_token(tx: &mut Tx, new: NewToken) -> Result<(Secret, Id<TokenInfo>)> {
    let owner = session::own(tx.ctx())?;
    refuse_if_any(problems(tx, &new))?;
    let count = Sql::text("select count(*) from identity_token where \"user\" = $1");
    if tx.row(count.bind(owner)).await?.is_some_and(|row| row.int(0) >= TOKENS_MAX) {
        let message = format!("You have {TOKENS_MAX} tokens; revoke one first.");
        return Err(Error::problem("", "too_many", message));
    }
    let token = draw_token(tx.shared(), PREFIX)?;
    let id = tx.new_id::<TokenInfo>();
    let sql = Sql::text(
        "insert into identity_token \
         (id, token, \"user\", name, scopes, read_only, created_at, expires_at) \
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
    );
    let sql = sql.bind(id).bind(digest(token.reveal())).bind(owner).bind(new.name);
    let sql = sql.bind(serde_json::Value::from(new.scopes).to_string()).bind(new.read_only);
    tx.exec(sql.bind(tx.now()).bind(new.expires_at)).await?;
    Ok((token, id))
}

fn problems(tx: &Tx, new: &NewToken) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut wrong = |field: &str, code: &str, message: String| {
        problems.push(Problem::new(field, code, message));
    };
    if new.name.trim().is_empty() {
        wrong("name", "required", "Say what the token is for.".to_owned());
    }
    if new.name.chars().count() > NAME_CHARS_MAX {
        wrong("name", "too_long", format!("A name has {NAME_CHARS_MAX} characters at most."));
    }
    let left_us = new.expires_at.as_microsecond() - tx.now().as_microsecond();
    if left_us <= 0 {
        wrong("expires_at", "past", "A token expires in the future.".to_owned());
    }
    if left_us > LIFE_DAYS_MAX * DAY_US {
        wrong("expires_at", "too_late", "A token lives a year at most.".to_owned());
    }
    if new.scopes.is_empty() || new.scopes.len() > SCOPES_MAX {
        wrong("scopes", "count", format!("A token has 1 to {SCOPES_MAX} scopes."));
    }
    for (at, scope) in new.scopes.iter().enumerate().take(SCOPES_MAX) {
        if !names_a_right(tx.ctx(), tx.schema(), scope) {
            let message = format!("{scope} names nothing that you may do.");
            wrong(&format!("scopes[{at}]"), "not_yours", message);
        }
    }
    problems
}

/// Whether the scope names at least one right that the caller has; an exact one names just that.
fn names_a_right(ctx: &Ctx, schema: &Schema, scope: &str) -> bool {
    let standard = [Right::Read, Right::Create, Right::Write, Right::Delete];
    schema.models.values().any(|model| {
        let actions = model.actions.keys().map(|name| Right::Act(name));
        let mut rights = standard.into_iter().chain(actions);
        rights
            .any(|right| matches(scope, &model.name, right) && permissions::may(ctx, model, right))
    }) || schema.reports.values().any(|report| {
        matches(scope, &report.name, Right::Read) && permissions::may_run_report(ctx, report)
    })
}

/// Whether what is left of the owner's rights includes this one. That the owner has it is asked
/// elsewhere (`permissions`), anew each time.
pub(crate) fn covers(scopes: &Scopes, model: &str, right: Right<'_>) -> bool {
    match scopes {
        Scopes::All => true,
        Scopes::Only { patterns, read_only } => {
            (!read_only || right == Right::Read)
                && patterns.iter().any(|pattern| matches(pattern, model, right))
        }
    }
}

fn matches(pattern: &str, model: &str, right: Right<'_>) -> bool {
    let (models, rights) = match pattern.split_once(':') {
        Some(parts) => parts,
        None if pattern == "read" => ("*", "read"),
        None => return false,
    };
    let model_matches = match models.strip_suffix('*') {
        Some("") => true,
        // `sales.*` has `sales.order`, and not `sales_old.order`.
        Some(module) => module.ends_with('.') && model.starts_with(module),
        None => models == model,
    };
    // An action that is called like a standard right is not meant by that word.
    let plain = !matches!(right, Right::Act("read" | "create" | "write" | "delete"));
    model_matches && (rights == "*" || (plain && rights == right.name()))
}

/// Writes the hour of last use.
pub(super) const USED: &str = "update identity_token set used_at = $1 where token = $2";

/// Whose token this is, with what is left of his rights.
pub(super) async fn find(tx: &mut Tx, digest: Vec<u8>) -> Result<Found> {
    let refused = || Error::Unauthenticated("The API token is not valid.".to_owned());
    let sql = Sql::text(
        "select \"user\", scopes, read_only, expires_at, used_at \
         from identity_token where token = $1",
    );
    let row = tx.row(sql.bind(digest)).await?.ok_or_else(refused)?;
    let now = tx.now().as_microsecond();
    if now >= row.int(3) {
        return Err(refused());
    }
    let scopes = Scopes::Only { patterns: scopes_of(row.str(1))?, read_only: row.flag(2) };
    let ctx = user::ctx_of(tx, row.id(0), None, scopes).await?.ok_or_else(refused)?;
    let stale_us = row.opt_int(4).map_or(now, |used_at| used_at + USED_EVERY_US);
    Ok(Found { ctx, stale_us, over_us: row.int(3) })
}

fn scopes_of(text: &str) -> Result<Vec<String>> {
    serde_json::from_str(text).map_err(|_| Error::internal("the scopes of a token are unreadable"))
}

/// The caller's own tokens, newest first; expired ones too.
pub async fn tokens(tx: &mut Tx) -> Result<Vec<TokenInfo>> {
    let owner = session::own(tx.ctx())?;
    let sql = Sql::text(
        "select id, name, scopes, read_only, created_at, expires_at, used_at \
         from identity_token where \"user\" = $1 order by id desc",
    );
    let time = |us| Timestamp::from_microsecond(us).unwrap_or(Timestamp::UNIX_EPOCH);
    let rows = tx.rows(sql.bind(owner)).await?;
    rows.iter()
        .map(|row| {
            Ok(TokenInfo {
                id: row.id(0),
                name: row.str(1).to_owned(),
                scopes: scopes_of(row.str(2))?,
                read_only: row.flag(3),
                created_at: time(row.int(4)),
                expires_at: time(row.int(5)),
                used_at: row.opt_int(6).map(time),
            })
        })
        .collect()
}

/// Ends one of the caller's own tokens at once.
///
/// # Errors
/// `NotFound` when it is not his.
pub async fn revoke_token(tx: &mut Tx, token: Id<TokenInfo>) -> Result<()> {
    let owner = session::own(tx.ctx())?;
    let sql = Sql::text("delete from identity_token where id = $1 and \"user\" = $2");
    match tx.exec(sql.bind(token).bind(owner)).await? {
        0 => Err(Error::not_found("token", token)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes() {
        use Right::{Act, Create, Delete, Read, Write};
        let cases = [
            ("read", "party", Read, true),
            ("read", "party", Write, false),
            ("read", "party", Act("read"), false),
            ("*:*", "party", Delete, true),
            ("*:*", "party", Act("read"), true),
            ("party:*", "party", Create, true),
            ("party:*", "party_address", Create, false),
            ("party:read", "party", Read, true),
            ("party:read", "party", Act("read"), false),
            ("sales.order:confirm", "sales.order", Act("confirm"), true),
            ("sales.order:confirm", "sales.order", Act("cancel"), false),
            ("sales.order:confirm", "sales.order", Read, false),
            ("sales.*:read", "sales.order", Read, true),
            ("sales.*:read", "sales_old.order", Read, false),
            ("sales*:read", "sales.order", Read, false),
            ("write", "party", Write, false),
            ("", "party", Read, false),
            (":", "party", Read, false),
        ];
        for (pattern, model, right, covered) in cases {
            assert_eq!(matches(pattern, model, right), covered, "{pattern}: {right} {model}");
        }
    }

    #[test]
    fn a_read_only_token_only_reads() {
        let token = |read_only| Scopes::Only { patterns: vec!["*:*".into()], read_only };
        assert!(covers(&token(true), "party", Right::Read));
        assert!(!covers(&token(true), "party", Right::Write));
        assert!(!covers(&token(true), "party", Right::Act("merge")));
        assert!(covers(&token(false), "party", Right::Write));
        assert!(covers(&Scopes::All, "party", Right::Delete));
    }
}
