//! One-time codes: how the first administrator gets in, and how a user gets his first or a new
//! password. There is no default password and no default user.
//! Not here: sending a code to anybody; the one who asked for it hands it over.

use fondaco_values::Id;

use super::secret::{Secret, digest_of_code, draw_code};
use super::{ADMINISTRATOR, NewUser, kernel_itself, password, session, user};
use crate::Ctx;
use crate::db::Sql;
use crate::error::{Error, Result};
use crate::kernel::Kernel;
use crate::permissions::{self, Right};
use crate::shared::User;
use crate::tx::Tx;

const MINUTE_US: i64 = 60_000_000;
/// The console is at hand, and a new start prints a new code.
const FIRST_LIFE_US: i64 = 24 * 60 * MINUTE_US;
/// An invitation waits over a long weekend.
const INVITATION_LIFE_US: i64 = 4 * 24 * 60 * MINUTE_US;
/// A reset opens an account that is in use (ASVS 5.0 6.4: short).
const RESET_LIFE_US: i64 = 15 * MINUTE_US;

const FIRST: &str = "first";
const PASSWORD: &str = "password";

/// A new code for the first administrator, to be printed on the console, as long as there is no
/// user; the one before is void. `None` when there are users.
pub async fn first_code(kernel: &Kernel) -> Result<Option<Secret>> {
    kernel
        .run(&kernel_itself(), |tx| {
            Box::pin(async move {
                if user::any(tx).await? {
                    return Ok(None);
                }
                let code = draw_code(tx.shared())?;
                void(tx, FIRST, None).await?;
                keep(tx, &code, FIRST, None, FIRST_LIFE_US).await?;
                Ok(Some(code))
            })
        })
        .await
}

/// Whether there is somebody who can sign in; until then there is only the first administrator to
/// be made.
///
/// # Errors
/// When the database does not answer.
pub async fn has_users(kernel: &Kernel) -> Result<bool> {
    kernel.read(&kernel_itself(), |tx| Box::pin(user::any(tx))).await
}

/// Makes the first administrator, of all companies there are, for whoever knows the code.
///
/// # Errors
/// `Unauthenticated` for a wrong, used or expired code, and when there is a user already; problems
/// with the fields of the user or with the password.
pub async fn first_administrator(kernel: &Kernel, code: &str, new: NewUser) -> Result<Id<User>> {
    let digest = digest_of_code(code);
    let looked = digest.clone();
    // Before the hash is made: strangers get no work done here.
    kernel
        .read(&kernel_itself(), move |tx| {
            let digest = looked.clone();
            Box::pin(async move { owner_of(tx, &digest, FIRST).await })
        })
        .await?;
    let context = [new.name.as_str(), new.login.as_str()];
    let phc = password::make(kernel, new.password.as_deref().unwrap_or_default(), &context).await?;
    kernel
        .run(&kernel_itself(), move |tx| {
            let (digest, mut new, phc) = (digest.clone(), new.clone(), phc.clone());
            Box::pin(async move {
                owner_of(tx, &digest, FIRST).await?;
                if user::any(tx).await? {
                    return Err(refused());
                }
                void(tx, FIRST, None).await?;
                let companies = tx.rows(Sql::text("select id from company order by id")).await?;
                new.companies = companies.iter().map(|row| row.id(0)).collect();
                new.roles = vec![ADMINISTRATOR.to_owned()];
                user::insert(tx, new, Some(phc)).await
            })
        })
        .await
}

/// A code with which a user sets a new password: an invitation when he has none yet, else a reset.
/// Earlier ones are void. The old password stays good until the code is used.
///
/// # Errors
/// `Forbidden` when the caller may not write users.
pub async fn password_code(kernel: &Kernel, ctx: &Ctx, user: Id<User>) -> Result<Secret> {
    kernel
        .run(ctx, move |tx| {
            Box::pin(async move {
                permissions::allow::<User>(tx, user, Right::Write).await?;
                let has = Sql::text("select 1 from identity_password where \"user\" = $1");
                let reset = tx.row(has.bind(user)).await?.is_some();
                let life_us = if reset { RESET_LIFE_US } else { INVITATION_LIFE_US };
                let code = draw_code(tx.shared())?;
                void(tx, PASSWORD, Some(user)).await?;
                keep(tx, &code, PASSWORD, Some(user), life_us).await?;
                Ok(code)
            })
        })
        .await
}

/// Sets the password of the user whom the code was made for, and ends his sessions. He then signs
/// in as always.
///
/// # Errors
/// `Unauthenticated` for a wrong, used or expired code; problems on `password`, and the code is
/// still good.
pub async fn redeem(kernel: &Kernel, code: &str, password: &str) -> Result<()> {
    let digest = digest_of_code(code);
    let looked = digest.clone();
    let about = kernel
        .read(&kernel_itself(), move |tx| {
            let digest = looked.clone();
            Box::pin(async move {
                let user = owner_of(tx, &digest, PASSWORD).await?.ok_or_else(refused)?;
                user::by_id(tx, user).await?.filter(|user| user.active).ok_or_else(refused)
            })
        })
        .await?;
    let phc = password::make(kernel, password, &[&about.name, &about.login]).await?;
    kernel
        .run(&kernel_itself(), move |tx| {
            let (digest, phc) = (digest.clone(), phc.clone());
            Box::pin(async move {
                let user = owner_of(tx, &digest, PASSWORD).await?.ok_or_else(refused)?;
                void(tx, PASSWORD, Some(user)).await?;
                password::put(tx, user, &phc).await?;
                session::end_all(tx, user).await
            })
        })
        .await
}

fn refused() -> Error {
    Error::Unauthenticated("The code is wrong, used or expired.".to_owned())
}

/// Whom a code that is still good was made for; nobody yet, for the first administrator.
async fn owner_of(tx: &mut Tx, digest: &[u8], purpose: &str) -> Result<Option<Id<User>>> {
    let sql = Sql::text(
        "select \"user\" from identity_code where code = $1 and purpose = $2 and expires_at > $3",
    );
    let sql = sql.bind(digest.to_vec()).bind(purpose).bind(tx.now());
    Ok(tx.row(sql).await?.ok_or_else(refused)?.opt_id(0))
}

async fn keep(
    tx: &mut Tx,
    code: &Secret,
    purpose: &str,
    user: Option<Id<User>>,
    life_us: i64,
) -> Result<()> {
    let sql = Sql::text(
        "insert into identity_code (code, purpose, \"user\", expires_at) values ($1, $2, $3, $4)",
    );
    let expires_at = tx.now().as_microsecond() + life_us;
    let sql = sql.bind(digest_of_code(code.reveal())).bind(purpose).bind(user).bind(expires_at);
    tx.exec(sql).await.map(drop)
}

/// Makes the codes of this purpose and user useless, and forgets all that have expired.
async fn void(tx: &mut Tx, purpose: &str, user: Option<Id<User>>) -> Result<()> {
    let sql = Sql::text(
        "delete from identity_code where expires_at <= $1 \
         or (purpose = $2 and \"user\" is not distinct from $3)",
    );
    tx.exec(sql.bind(tx.now()).bind(purpose).bind(user)).await.map(drop)
}
