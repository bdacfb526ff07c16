//! What a plugin asks for while it works after the commit, or in an action of its own: served from the
//! transaction, with the plugin's rights. A write that is refused is taken back alone.

use std::sync::Arc;

use fondaco_schema::plugin::Want;
use fondaco_values::AnyId;

use super::effects::{one, sorted};
use super::rights::need;
use super::talk::{Desk, Effect, Entity, Installed, Reply, Request, Unfetched};
use super::{Borrowed, own};
use crate::record::Rec;
use crate::records::{self, Query, Select};
use crate::{Error, Result, Tx};

/// Records of one answer.
const PAGE_MAX: u32 = 500;

pub(super) struct TxDesk<'t> {
    tx: &'t mut Tx,
    plugin: Arc<Installed>,
    lost: Option<Error>,
}

impl<'t> TxDesk<'t> {
    pub(super) fn new(tx: &'t mut Tx, plugin: Arc<Installed>) -> TxDesk<'t> {
        TxDesk { tx, plugin, lost: None }
    }

    /// Why the transaction is lost, where it is.
    pub(super) fn lost(self) -> Option<Error> {
        self.lost
    }

    pub(super) async fn answer(&mut self, request: Request) -> Result<Reply> {
        match request {
            Request::Get { model, ids, fields } => self.get(&model, ids, fields).await,
            Request::Find { model, filter, sort, fields, limit } => {
                self.may_ask(&model, &filter, &sort)?;
                self.may_read(&model, &fields)?;
                let show = Select { fields: fields.clone(), expand: Vec::new() };
                let limit = usize::try_from(limit.min(PAGE_MAX)).ok();
                let filter = Some(filter);
                let query = Query { filter, sort, limit, show, ..Query::default() };
                let page = records::list(self.tx, &model, &query).await?;
                Ok(Reply::Page(page.rows.iter().map(|rec| entity(rec, &fields)).collect()))
            }
            Request::Do(effect) => self.act(effect).await,
            Request::Kept(key) => own::kept(self.tx, &self.plugin, &key).await.map(Reply::Kept),
            Request::Keys { prefix, after } => {
                own::keys(self.tx, &self.plugin, &prefix, after).await.map(Reply::Keys)
            }
            Request::Fetch(_) => {
                let why = "a transaction waits for nobody outside: schedule a job, and ask there";
                Ok(Reply::Fetched(Err(Unfetched::Refused(why.to_owned()))))
            }
        }
    }

    async fn get(&mut self, model: &str, ids: Vec<AnyId>, fields: Vec<String>) -> Result<Reply> {
        self.may_read(model, &fields)?;
        if ids.len() > PAGE_MAX as usize {
            let message = format!("At most {PAGE_MAX} records at once.");
            return Err(Error::problem("", "too_many", message));
        }
        let select = Select { fields: fields.clone(), expand: Vec::new() };
        let recs = records::get_many(self.tx, model, &ids, &select).await?;
        let of = |id: &AnyId| recs.iter().find(|rec| rec.id == *id);
        Ok(Reply::Entities(ids.iter().map(|id| Some(entity(of(id)?, &fields))).collect()))
    }

    async fn act(&mut self, effect: Effect) -> Result<Reply> {
        let plugin = self.plugin.clone();
        self.tx.turn.acting.push(plugin.manifest.id.clone());
        let outcome = self
            .tx
            .attempt(move |tx| Box::pin(async move { one(tx, &plugin, effect, &[]).await }))
            .await;
        self.tx.turn.acting.pop();
        Ok(outcome??.map_or(Reply::Done, |(_, id)| Reply::Id(id)))
    }

    fn may_read(&self, model: &str, fields: &[String]) -> Result<()> {
        if fields.is_empty() {
            return Err(Error::problem("", "no_fields", "Name the fields that are wanted."));
        }
        fields.iter().try_for_each(|field| self.may(Want::Read(model, field)))
    }

    /// A filter and a sort tell what they read.
    fn may_ask(&self, model: &str, filter: &str, sort: &[String]) -> Result<()> {
        let registry = self.tx.registry().clone();
        let meta = registry.catalog.meta(model)?;
        if !filter.trim().is_empty() {
            let filter = registry.catalog.filter(&meta.model, filter)?;
            for read in filter.reads() {
                self.may(Want::Read(&read.model, &read.field))?;
            }
        }
        for name in sort {
            let path = registry.schema.path(model, name.trim_start_matches('-'));
            let path = path.map_err(|message| Error::problem("sort", "unknown_field", message))?;
            for read in path {
                self.may(Want::Read(&read.model, &read.field))?;
            }
        }
        Ok(())
    }

    fn may(&self, want: Want<'_>) -> Result<()> {
        let needed = need(self.tx, &self.plugin, want);
        needed.map_err(|failure| Error::problem("", "forbidden", failure.message))
    }
}

impl Desk for TxDesk<'_> {
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

fn entity(rec: &Rec, fields: &[String]) -> Entity {
    Entity {
        model: rec.model.name.clone(),
        id: rec.id,
        version: rec.version,
        fields: fields.iter().map(|name| (name.clone(), rec.get(name).clone())).collect(),
        lines: Vec::new(),
    }
}
