//! A plugin at work outside of any transaction: what it asks for is read in a short unit of work, what it
//! does at once is a unit of work too, and while it waits for somebody outside nothing of the database is
//! held. What a job has done at once is written down with it, so a repeat of the job finds it done.
//! INVARIANT: no unit of work is open while the plugin's own code runs.

use std::collections::HashMap;

use sha2::{Digest, Sha256};

use super::desk::TxDesk;
use super::effects::sorted;
use super::talk::{Desk, Effect, Reply, Request};
use super::{Asked, Borrowed, outside};
use crate::db::Sql;
use crate::identity::AsPlugin;
use crate::jobs::Due;
use crate::{Ctx, Error, Kernel, Result, Tx};
use fondaco_values::AnyId;

/// Requests to somebody outside in one call.
const FETCHES_MAX: u32 = 20;

/// For whom a plugin works.
#[derive(Clone, Debug)]
pub(super) enum For {
    /// After the commit, when nobody is there any more.
    Job(Due),
    /// Somebody who asks, and is signed in.
    User,
    /// A stranger who knows the secret.
    Stranger,
}

impl For {
    /// The transaction with the rights of the plugin.
    pub(super) fn rights<'t>(&self, asked: &Asked, tx: &'t mut Tx) -> AsPlugin<'t> {
        match self {
            For::Job(_) | For::Stranger => asked.service(tx),
            For::User => asked.rights(tx),
        }
    }

    /// Works with what is in force for a job's company.
    pub(super) fn enter(&self, tx: &mut Tx) {
        if let For::Job(job) = self {
            let company = AnyId::new(job.company).cast();
            let registry = tx.shared().registry().of_job(company, &job.name);
            tx.work_with(registry);
        }
    }
}

/// Where it asks back.
pub(super) struct Apart {
    kernel: Kernel,
    ctx: Ctx,
    asked: Asked,
    whom: For,
    fetches: u32,
    /// How often it did the same at once.
    done: HashMap<String, u32>,
    lost: Option<Error>,
}

impl Apart {
    pub(super) fn new(kernel: &Kernel, ctx: &Ctx, asked: &Asked, whom: For) -> Apart {
        Apart {
            kernel: kernel.clone(),
            ctx: ctx.clone(),
            asked: asked.clone(),
            whom,
            fetches: 0,
            done: HashMap::new(),
            lost: None,
        }
    }

    /// Why the work came to an end that is nobody's fault, where it did.
    pub(super) fn lost(self) -> Option<Error> {
        self.lost
    }

    async fn answer(&mut self, request: Request) -> Result<Reply> {
        match (request, &self.whom) {
            (Request::Fetch(fetch), For::Job(_)) => {
                self.fetches += 1;
                if self.fetches > FETCHES_MAX {
                    let why = format!("at most {FETCHES_MAX} requests in one call");
                    return Ok(Reply::Fetched(outside::refused(why)));
                }
                outside::fetch(&self.kernel, &self.asked.plugin, fetch).await.map(Reply::Fetched)
            }
            (Request::Fetch(_), _) => {
                let why = "somebody waits for this answer: schedule a job, and ask there";
                Ok(Reply::Fetched(outside::refused(why)))
            }
            (Request::Do(effect), For::Job(job)) => self.once(job.clone(), effect).await,
            (Request::Do(_), _) => {
                let why = "What a request wants done, it answers with.";
                Err(Error::problem("", "answer_effects", why))
            }
            (request, _) => self.look(request).await,
        }
    }

    async fn look(&self, request: Request) -> Result<Reply> {
        let (asked, whom) = (self.asked.clone(), self.whom.clone());
        let read = self.kernel.read(&self.ctx, move |tx| {
            let (asked, whom, request) = (asked.clone(), whom.clone(), request.clone());
            Box::pin(async move {
                whom.enter(tx);
                let mut tx = whom.rights(&asked, tx);
                TxDesk::new(&mut tx, asked.plugin.clone()).answer(request).await
            })
        });
        read.await
    }

    /// Does it, unless an earlier try of the same job has.
    async fn once(&mut self, job: Due, effect: Effect) -> Result<Reply> {
        let digest = Sha256::digest(format!("{effect:?}"));
        let digest: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        let times = self.done.entry(digest.clone()).or_default();
        *times += 1;
        let place = format!("{digest}:{times}");
        let (asked, whom) = (self.asked.clone(), self.whom.clone());
        let done = self.kernel.run(&self.ctx, move |tx| {
            let (asked, whom, effect) = (asked.clone(), whom.clone(), effect.clone());
            let (job, place) = (job.id, place.clone());
            Box::pin(async move {
                whom.enter(tx);
                if let Some(before) = step(tx, job, &place).await? {
                    return Ok(before);
                }
                let reply = {
                    let mut tx = whom.rights(&asked, tx);
                    TxDesk::new(&mut tx, asked.plugin.clone()).answer(Request::Do(effect)).await?
                };
                remember(tx, job, &place, &reply).await?;
                Ok(reply)
            })
        });
        done.await
    }
}

impl Desk for Apart {
    fn serve<'d>(
        &'d mut self,
        request: Request,
    ) -> Borrowed<'d, std::result::Result<Result<Reply>, ()>> {
        Box::pin(async move {
            match sorted(self.answer(request).await) {
                Ok(Ok(reply)) => Ok(Ok(reply)),
                Ok(Err(failure)) => {
                    Ok(Err(Error::Conflict { code: "refused", message: failure.message }))
                }
                Err(lost) => {
                    self.lost = Some(lost);
                    Err(())
                }
            }
        })
    }
}

/// What an earlier try of a job has done.
async fn step(tx: &mut Tx, job: i64, place: &str) -> Result<Option<Reply>> {
    let sql = Sql::text("select answer from plugin_step where job = $1 and place = $2");
    let found = tx.row(sql.bind(job).bind(place)).await?;
    Ok(found.map(|row| match row.int(0) {
        0 => Reply::Done,
        id => Reply::Id(AnyId::new(id)),
    }))
}

async fn remember(tx: &mut Tx, job: i64, place: &str, reply: &Reply) -> Result<()> {
    let id = match reply {
        Reply::Id(id) => id.raw(),
        _ => 0,
    };
    let sql = Sql::text("insert into plugin_step (job, place, answer) values ($1, $2, $3)");
    tx.exec(sql.bind(job).bind(place).bind(id)).await.map(drop)
}

/// Forgets what a job has done at once: it is done itself.
pub(super) async fn forget_steps(tx: &mut Tx, job: i64) -> Result<()> {
    let sql = Sql::text("delete from plugin_step where job = $1").bind(job);
    tx.exec(sql).await.map(drop)
}
