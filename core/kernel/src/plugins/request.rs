//! Requests over HTTP that plugins answer: which hook, for whom, with whose rights, and what comes of it. The
//! plugin works apart from any transaction; its effects are one unit of work before the answer is given.
//! INVARIANT: a GET changes nothing; who is neither signed in nor knows the hook's secret is not answered.

use std::sync::Arc;

use fondaco_schema::plugin::{Hook, Point};
use fondaco_values::{AnyId, Id};
use sha2::{Digest, Sha256};

use super::apart::{Apart, For};
use super::policy::ask_apart;
use super::talk::{Answer, Ask, Call, Effect, Failed, Failure, Page, Visit};
use super::{Asked, asked, effects, secrets};
use crate::db::Sql;
use crate::shared::Company;
use crate::{Ctx, Error, Kernel, Result, Tx, identity};

const STRANGER: &str = "plugins";

/// A hook that would answer a request.
#[derive(Clone, Debug)]
pub struct Door {
    asked: Asked,
    /// Behind the hook's own path.
    path: String,
}

/// The hook of a plugin for this path, the longest that fits.
///
/// # Errors
/// `NotFound` where there is none.
pub fn door(kernel: &Kernel, plugin: &str, method: &str, path: &str) -> Result<Door> {
    let fits = |hook: &Hook| {
        behind(&hook.path, path).is_some() && hook.methods.iter().any(|own| own == method)
    };
    let mut found = asked(kernel.shared().plugins.as_ref(), Point::Request, fits);
    found.retain(|one| one.plugin.manifest.id == plugin);
    found.sort_by_key(|one| one.hook().map_or(0, |hook| hook.path.len()));
    let found = found.pop().and_then(|asked| {
        let path = behind(&asked.hook()?.path, path)?.to_owned();
        Some(Door { asked, path })
    });
    found.ok_or_else(|| Error::not_found("page", format!("/x/{plugin}/{path}")))
}

fn behind<'p>(own: &str, path: &'p str) -> Option<&'p str> {
    let rest = path.strip_prefix(own)?;
    match rest {
        "" => Some(""),
        _ if own.is_empty() => Some(rest),
        _ => rest.strip_prefix('/'),
    }
}

impl Door {
    /// Whether strangers are let in who know its secret, instead of users.
    pub fn is_for_strangers(&self) -> bool {
        self.asked.hook().is_some_and(|hook| hook.secret.is_some())
    }

    /// Lets a stranger in who knows the secret, into a company: the one that he names, or the only one.
    ///
    /// # Errors
    /// `Unauthenticated` for everybody else; a problem when it is not clear in which company.
    pub async fn stranger(
        &self,
        kernel: &Kernel,
        bearer: Option<&str>,
        company: Option<AnyId>,
    ) -> Result<Ctx> {
        let name = self.asked.hook().and_then(|hook| hook.secret.clone()).unwrap_or_default();
        let all = secrets::of(kernel, &self.asked.plugin).await?;
        let secret = all.iter().find(|(own, _)| *own == name).map(|(_, secret)| secret.as_str());
        let known = match (bearer, secret) {
            (Some(bearer), Some(secret)) => is_same(bearer, secret),
            _ => false,
        };
        if !known {
            let how = "Send the secret of this address (Authorization: Bearer …).".to_owned();
            return Err(Error::Unauthenticated(how));
        }
        let ctx = identity::kernel_itself();
        let companies = kernel.read(&ctx, |tx| Box::pin(companies(tx))).await?;
        let own = match company {
            Some(id) => companies.iter().find(|own| own.any() == id),
            None => companies.first().filter(|_| companies.len() == 1),
        };
        match own {
            Some(own) => identity::service(kernel, STRANGER, *own),
            None => {
                let message = "Say in which company: ?company= and its id.";
                Err(Error::problem("company", "which_company", message))
            }
        }
    }

    /// Asks the plugin, and does what it wants done.
    ///
    /// # Errors
    /// `Conflict` with the reason when it did not answer, or when what it wants done was refused.
    pub async fn answer(&self, kernel: &Kernel, ctx: &Ctx, mut visit: Visit) -> Result<Page> {
        let whom = if self.is_for_strangers() { For::Stranger } else { For::User };
        let reads = visit.method == "GET";
        visit.path.clone_from(&self.path);
        visit.user = ctx.actor().user().map(|_| ctx.actor().name().to_owned());
        let call = Call {
            hook: self.asked.name.clone(),
            ask: Ask::Request(visit),
            now: kernel.clock().now(),
            seed: u64::from_le_bytes(kernel.shared().random()?),
            language: ctx.language().to_owned(),
        };
        let mut desk = Apart::new(kernel, ctx, &self.asked, whom.clone());
        let said = ask_apart(kernel.shared(), &self.asked, call, &mut desk).await;
        if let Some(lost) = desk.lost() {
            return Err(lost);
        }
        let mut page = match said {
            Ok(Answer::Page(page)) => page,
            Ok(_) => return Err(self.failed(&Failure::new(Failed::Output, "no page"))),
            Err(failure) => return Err(self.failed(&failure)),
        };
        let wanted = std::mem::take(&mut page.effects);
        if wanted.is_empty() {
            return Ok(page);
        }
        if reads {
            let failure = Failure::new(Failed::Output, "it wants something done by a GET");
            return Err(self.failed(&failure));
        }
        self.carry_out(kernel, ctx, whom, wanted).await.map(|()| page)
    }

    async fn carry_out(
        &self,
        kernel: &Kernel,
        ctx: &Ctx,
        whom: For,
        wanted: Vec<Effect>,
    ) -> Result<()> {
        let door = Arc::new(self.clone());
        let done = kernel.run(ctx, move |tx| {
            let (door, whom, wanted) = (door.clone(), whom.clone(), wanted.clone());
            Box::pin(async move {
                let mut tx = whom.rights(&door.asked, tx);
                let done = effects::apply(&mut tx, &door.asked.plugin, wanted).await?;
                done.map_err(|failure| door.failed(&failure))
            })
        });
        done.await
    }

    fn failed(&self, failure: &Failure) -> Error {
        let message = format!("{}: {}", self.asked.plugin.title(), failure.message);
        Error::Conflict { code: "plugin_failed", message }
    }
}

async fn companies(tx: &mut Tx) -> Result<Vec<Id<Company>>> {
    let sql = Sql::text("select id from company where active = 1 order by id");
    Ok(tx.rows(sql).await?.iter().map(|row| row.id(0)).collect())
}

/// Compared by their digests, so that the time tells nothing of how far they agree.
fn is_same(one: &str, other: &str) -> bool {
    Sha256::digest(one) == Sha256::digest(other)
}

#[cfg(test)]
mod tests {
    use super::behind;

    #[test]
    fn paths_behind_a_hooks_own() {
        for (own, path, rest) in [
            ("", "", Some("")),
            ("", "a/b", Some("a/b")),
            ("a", "a", Some("")),
            ("a", "a/b", Some("b")),
            ("a", "ab", None),
            ("a/b", "a", None),
        ] {
            assert_eq!(behind(own, path), rest, "{own} {path}");
        }
    }
}
