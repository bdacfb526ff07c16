//! Sessions: opaque tokens that a browser shows with each request. Idle and absolute limits, a list
//! of one's own, an end to each.
//! Not here: the check of the password (`password`), the cookie (`web`).
//! Source of the limits: ASVS 5.0 7.3 and Kanidm.

use fondaco_values::{Id, Timestamp};

use super::callers::Found;
use super::secret::{Secret, digest, draw_token};
use super::{kernel_itself, password, user};
use crate::Ctx;
use crate::ctx::{ActorKind, Scopes};
use crate::db::Sql;
use crate::error::{Error, Result};
use crate::kernel::Kernel;
use crate::shared::{Company, User};
use crate::tx::Tx;

const HOUR_US: i64 = 3_600_000_000;
/// A session that was not used for so long is over: a working day.
const IDLE_US: i64 = 8 * HOUR_US;
/// A session is over after so many seconds however much it is used; its cookie with it.
pub const SESSION_LIFE_S: i64 = 24 * 3600;
const LIFE_US: i64 = SESSION_LIFE_S * 1_000_000;
/// How stale the hour of last use may be, so that reading stays reading.
const SEEN_EVERY_US: i64 = HOUR_US / 12;
/// Sessions of one user at a time; the oldest makes room.
const SESSIONS_MAX: i64 = 48;

/// Checks login and password and begins a session. `source` is the address that the attempt comes
/// from. The token is shown only here.
///
/// # Errors
/// `Unauthenticated`, the same for an unknown login and a wrong password; `TooMany` while one has
/// to wait after failures.
pub async fn sign_in(
    kernel: &Kernel,
    login: &str,
    password: &str,
    source: &str,
) -> Result<(Secret, Ctx)> {
    let user = password::verify(kernel, login, password, source).await?;
    begin(kernel, user, source).await
}

/// Writes the hour of last use.
pub(super) const SEEN: &str = "update identity_session set seen_at = $1 where token = $2";

/// Whose session this is.
pub(super) async fn find(tx: &mut Tx, digest: Vec<u8>) -> Result<Found> {
    let over = || Error::Unauthenticated("Sign in again: the session is over.".to_owned());
    let sql = Sql::text(
        "select \"user\", company, started_at, seen_at from identity_session where token = $1",
    );
    let row = tx.row(sql.bind(digest)).await?.ok_or_else(over)?;
    let now = tx.now().as_microsecond();
    let (started_at, seen_at) = (row.int(2), row.int(3));
    let over_at = (started_at + LIFE_US).min(seen_at + IDLE_US);
    if now >= over_at {
        return Err(over());
    }
    let company = Some(row.id(1)).filter(|company| !company.is_new());
    let ctx = user::ctx_of(tx, row.id(0), company, Scopes::All).await?.ok_or_else(over)?;
    Ok(Found { ctx, stale_us: seen_at + SEEN_EVERY_US, over_us: over_at })
}

/// A new session of a user who has just proved who he is.
pub(super) async fn begin(kernel: &Kernel, user: Id<User>, source: &str) -> Result<(Secret, Ctx)> {
    let token = draw_token(kernel.shared(), "")?;
    let (digest, source) = (digest(token.reveal()), source.to_owned());
    let ctx = kernel
        .run(&kernel_itself(), move |tx| {
            let (digest, source) = (digest.clone(), source.clone());
            Box::pin(async move {
                let off = || Error::Unauthenticated("The user is switched off.".to_owned());
                let ctx = user::ctx_of(tx, user, None, Scopes::All).await?.ok_or_else(off)?;
                make_room(tx, user).await?;
                let sql = Sql::text(
                    "insert into identity_session \
                 (id, token, \"user\", company, source, started_at, seen_at) \
                 values ($1, $2, $3, $4, $5, $6, $6)",
                );
                let (id, now) = (tx.new_id::<SessionInfo>(), tx.now());
                let sql = sql.bind(id).bind(digest).bind(user).bind(ctx.company());
                tx.exec(sql.bind(source).bind(now)).await?;
                Ok(ctx)
            })
        })
        .await?;
    Ok((token, ctx))
}

/// Removes what is over, everybody's, and the oldest of a user who has too many.
async fn make_room(tx: &mut Tx, user: Id<User>) -> Result<()> {
    let now = tx.now().as_microsecond();
    let over = Sql::text("delete from identity_session where started_at <= $1");
    tx.exec(over.bind(now - LIFE_US)).await?;
    let oldest = Sql::text(
        "delete from identity_session where id in (select id from identity_session \
         where \"user\" = $1 order by started_at desc limit 1000 offset $2)",
    );
    tx.exec(oldest.bind(user).bind(SESSIONS_MAX - 1)).await.map(drop)
}

/// Works in another of one's companies from the next request on.
///
/// # Errors
/// `NotFound` when the user does not work there.
pub async fn choose_company(kernel: &Kernel, token: &str, company: Id<Company>) -> Result<Ctx> {
    let digest = digest(token);
    kernel
        .run(&kernel_itself(), move |tx| {
            let digest = digest.clone();
            Box::pin(async move {
                let ctx = find(tx, digest.clone()).await?.ctx;
                let elsewhere = || Error::not_found("company", company);
                let user = own(&ctx)?;
                let ctx = user::ctx_of(tx, user, Some(company), Scopes::All).await?;
                let ctx = ctx.ok_or_else(elsewhere)?;
                let sql = Sql::text("update identity_session set company = $1 where token = $2");
                tx.exec(sql.bind(company).bind(digest)).await?;
                Ok(ctx)
            })
        })
        .await
}

/// Ends the session of this token. That there is none is fine too.
pub async fn sign_out(kernel: &Kernel, token: &str) -> Result<()> {
    let digest = digest(token);
    kernel
        .run(&kernel_itself(), move |tx| {
            let digest = digest.clone();
            Box::pin(async move {
                let sql = Sql::text("delete from identity_session where token = $1");
                tx.exec(sql.bind(digest)).await.map(drop)
            })
        })
        .await
}

/// A session as its owner sees it.
#[derive(Clone, Debug, serde::Serialize)]
pub struct SessionInfo {
    pub id: Id<SessionInfo>,
    /// The address it was begun from.
    pub source: String,
    pub started_at: Timestamp,
    /// Exact to five minutes.
    pub seen_at: Timestamp,
}

/// The caller's own sessions that are not over, newest first.
pub async fn sessions(tx: &mut Tx) -> Result<Vec<SessionInfo>> {
    let (user, now) = (own(tx.ctx())?, tx.now().as_microsecond());
    let sql = Sql::text(
        "select id, source, started_at, seen_at from identity_session \
         where \"user\" = $1 and started_at > $2 and seen_at > $3 order by started_at desc, id desc",
    );
    let rows = tx.rows(sql.bind(user).bind(now - LIFE_US).bind(now - IDLE_US)).await?;
    let time = |us| Timestamp::from_microsecond(us).unwrap_or(Timestamp::UNIX_EPOCH);
    Ok(rows
        .iter()
        .map(|row| SessionInfo {
            id: row.id(0),
            source: row.str(1).to_owned(),
            started_at: time(row.int(2)),
            seen_at: time(row.int(3)),
        })
        .collect())
}

/// Ends one of the caller's own sessions.
///
/// # Errors
/// `NotFound` when it is not his or over.
pub async fn revoke(tx: &mut Tx, session: Id<SessionInfo>) -> Result<()> {
    let user = own(tx.ctx())?;
    let sql = Sql::text("delete from identity_session where id = $1 and \"user\" = $2");
    match tx.exec(sql.bind(session).bind(user)).await? {
        0 => Err(Error::not_found("session", session)),
        _ => Ok(()),
    }
}

/// Ends all sessions of a user: a new password, other roles, or switched off.
pub(super) async fn end_all(tx: &mut Tx, user: Id<User>) -> Result<()> {
    let sql = Sql::text("delete from identity_session where \"user\" = $1");
    tx.exec(sql.bind(user)).await.map(drop)
}

/// The user that the caller is in person: not a service, not a token, not the system.
pub(super) fn own(ctx: &Ctx) -> Result<Id<User>> {
    let in_person = ctx.actor.kind == ActorKind::User && ctx.actor.scopes == Scopes::All;
    let refused = || Error::Forbidden {
        what: "do this".to_owned(),
        missing: "only a person who is signed in may".to_owned(),
    };
    ctx.actor.user.filter(|_| in_person).ok_or_else(refused)
}
