//! Who shows a credential: looked up, or known from an earlier request. A request of somebody known
//! asks the database once, in the unit of work that does what he came for; that unit finds out in its
//! first statement whether anything was changed since about users, their roles, sessions, tokens or
//! the schema, and if so the caller is looked up again before any of the work is done.
//! INVARIANT: the rights of a unit of work are those of its own snapshot. Whatever statement changes
//! who somebody is (`changes_callers`) has its transaction say so in `meta`.
//! Not here: what makes a session or a token valid (`session`, `token`).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{kernel_itself, secret, session, token};
use crate::Ctx;
use crate::error::{Error, Result};
use crate::in_force::Stamp;
use crate::kept;
use crate::kernel::Kernel;
use crate::tx::{Fut, Tx};

/// Where the last change of callers stands in `meta`: an id, which is never given twice, so that
/// what was read before a change that was taken back is not taken for what follows it.
pub(crate) const CHANGED: &str = "callers";
/// What was changed past the kernel, by hand in the database, is heeded after this long.
const KNOWN_US: i64 = 60_000_000;
/// Callers known at most; beyond it all are looked up again.
const KNOWN_MAX: usize = 10_000;

/// What a request shows to say who sends it.
#[derive(Clone, Copy, Debug)]
pub enum Credential<'a> {
    Session(&'a str),
    ApiToken(&'a str),
}

/// A credential as it is stored, and what the database said when it was looked up.
#[derive(Clone, Debug)]
pub(crate) struct Proof {
    shown: Shown,
    pub(crate) stamp: Stamp,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Shown {
    Session(Arc<[u8]>),
    ApiToken(Arc<[u8]>),
}

/// What a credential was found to be.
pub(super) struct Found {
    pub(super) ctx: Ctx,
    /// When its hour of last use wants to be written, in microseconds since 1970.
    pub(super) stale_us: i64,
    /// When it is over.
    pub(super) over_us: i64,
}

/// The callers that one process knows.
#[derive(Default)]
pub(crate) struct Known(Mutex<HashMap<Shown, (Ctx, i64)>>);

impl Known {
    fn lock(&self) -> MutexGuard<'_, HashMap<Shown, (Ctx, i64)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn get(&self, shown: &Shown, now_us: i64) -> Option<Ctx> {
        let known = self.lock();
        known.get(shown).filter(|(_, until_us)| now_us < *until_us).map(|(ctx, _)| ctx.clone())
    }

    fn keep(&self, shown: Shown, ctx: Ctx, until_us: i64) {
        let mut known = self.lock();
        if known.len() >= KNOWN_MAX {
            known.clear();
        }
        known.insert(shown, (ctx, until_us));
    }

    fn forget_one(&self, shown: &Shown) {
        self.lock().remove(shown);
    }

    pub(crate) fn forget(&self) {
        self.lock().clear();
    }
}

/// Who sends a request. Of somebody known, the unit of work that this is given to makes sure that he
/// still is who he was; what answers without one answers nothing that rights protect.
///
/// # Errors
/// `Unauthenticated` when it is unknown, over, or its user is switched off.
pub async fn caller(kernel: &Kernel, credential: Credential<'_>) -> Result<Ctx> {
    let shown = Shown::of(credential);
    let now_us = kernel.clock().now().as_microsecond();
    match kernel.shared().callers.get(&shown, now_us) {
        Some(ctx) => Ok(ctx),
        None => look_up_shown(kernel, shown).await,
    }
}

/// Who sends a request, with the roles of this moment.
///
/// # Errors
/// As [`caller`].
pub async fn look_up(kernel: &Kernel, credential: Credential<'_>) -> Result<Ctx> {
    look_up_shown(kernel, Shown::of(credential)).await
}

/// The same caller with the roles of this moment, in the company that he was in.
///
/// # Errors
/// As [`caller`]; `NotFound` when he does not work in that company any more.
pub(crate) fn again<'a>(kernel: &'a Kernel, ctx: &'a Ctx, proof: &'a Proof) -> Fut<'a, Ctx> {
    Box::pin(async move {
        let found = look_up_shown(kernel, proof.shown.clone()).await?.with_request(ctx.request());
        if found.company() == ctx.company() {
            return Ok(found);
        }
        let there = found.in_company(ctx.company());
        there.ok_or_else(|| Error::not_found("company", ctx.company()))
    })
}

async fn look_up_shown(kernel: &Kernel, shown: Shown) -> Result<Ctx> {
    kernel.shared().callers.forget_one(&shown);
    let looked = shown.clone();
    let (found, stamp) = kernel
        .read(&kernel_itself(), move |tx| {
            let shown = looked.clone();
            Box::pin(async move { Ok((shown.find(tx).await?, tx.stamp().cloned())) })
        })
        .await?;
    let now_us = kernel.clock().now().as_microsecond();
    let is_stale = now_us >= found.stale_us;
    if is_stale && kernel.closed_to_writing().is_none() {
        touch(kernel, shown.clone()).await?;
    }
    // A database that is being opened or planned for says nothing of what it stands at.
    let Some(stamp) = stamp else { return Ok(found.ctx) };
    let ctx = found.ctx.proven_by(Proof { shown: shown.clone(), stamp });
    let fresh_us = if is_stale { now_us + KNOWN_US } else { found.stale_us.min(now_us + KNOWN_US) };
    let until_us = found.over_us.min(fresh_us);
    kernel.shared().callers.keep(shown, ctx.clone(), until_us);
    Ok(ctx)
}

/// Writes the hour of last use.
async fn touch(kernel: &Kernel, shown: Shown) -> Result<()> {
    let ctx = kernel_itself();
    let written = kernel.run(&ctx, move |tx| {
        let shown = shown.clone();
        Box::pin(async move {
            let (sql, digest) = match &shown {
                Shown::Session(digest) => (session::SEEN, digest),
                Shown::ApiToken(digest) => (token::USED, digest),
            };
            let sql = crate::db::Sql::text(sql).bind(tx.now()).bind(digest.to_vec());
            tx.exec(sql).await.map(drop)
        })
    });
    written.await
}

impl Shown {
    fn of(credential: Credential<'_>) -> Shown {
        match credential {
            Credential::Session(token) => Shown::Session(secret::digest(token).into()),
            Credential::ApiToken(token) => Shown::ApiToken(secret::digest(token).into()),
        }
    }

    async fn find(&self, tx: &mut Tx) -> Result<Found> {
        match self {
            Shown::Session(digest) => session::find(tx, digest.to_vec()).await,
            Shown::ApiToken(digest) => token::find(tx, digest.to_vec()).await,
        }
    }
}

/// Whether a statement changes who somebody is. A new session or token changes nobody, and neither
/// does the hour of last use.
pub(crate) fn changes_callers(text: &str) -> bool {
    if text.starts_with("select ") {
        return false;
    }
    match kept::written(text) {
        Some("user" | "user__companies" | "user_role") => true,
        Some("identity_session" | "identity_token") => {
            !text.starts_with("insert ") && text != session::SEEN && text != token::USED
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_callers() {
        for (text, changes) in [
            ("update \"user\" set \"active\" = $1 where id = $2", true),
            ("insert into \"user_role\" (\"id\") values ($1)", true),
            ("delete from user__companies where record = $1", true),
            ("delete from identity_session where token = $1", true),
            ("update identity_session set company = $1 where token = $2", true),
            ("delete from identity_token where id = $1", true),
            ("insert into identity_session (id) values ($1)", false),
            (session::SEEN, false),
            (token::USED, false),
            ("select * from \"user\"", false),
            ("update \"user_role_of_mine\" set a = 1", false),
            ("insert into party (id) values ($1)", false),
        ] {
            assert_eq!(changes_callers(text), changes, "{text}");
        }
    }
}
