//! One user at his desk: creates, looks up and acts through the kernel with his own rights, in the
//! JSON of the API. The demo, the import and the tests work from here.

use anyhow::{Context, Result};
use fondaco_kernel::identity::{self, NewUser};
use fondaco_kernel::records::{Change, Query, Select};
use fondaco_kernel::values::{AnyId, limits};
use fondaco_kernel::{Ctx, Kernel, Outcome, Table, keys, records, reports};
use serde_json::{Map, Value as Json};

/// A user at work.
#[derive(Clone)]
pub struct Desk {
    pub kernel: Kernel,
    pub ctx: Ctx,
}

impl Desk {
    pub fn new(kernel: Kernel, ctx: Ctx) -> Desk {
        Desk { kernel, ctx }
    }

    /// A new user with these roles in the caller's company, signed in.
    ///
    /// # Errors
    /// Problems with the roles or the password.
    pub async fn hire(
        &self,
        name: &str,
        login: &str,
        password: &str,
        roles: &[&str],
    ) -> Result<Desk> {
        let new = NewUser {
            login: login.to_owned(),
            name: name.to_owned(),
            roles: roles.iter().map(|role| (*role).to_owned()).collect(),
            companies: self.ctx.actor().companies().to_vec(),
            password: Some(password.to_owned()),
            ..NewUser::default()
        };
        identity::add_user(&self.kernel, &self.ctx, new).await?;
        let (_, ctx) = identity::sign_in(&self.kernel, login, password, "console").await?;
        Ok(Desk::new(self.kernel.clone(), ctx))
    }

    /// Makes a record and answers its id.
    ///
    /// # Errors
    /// Every problem with it.
    pub async fn create(&self, model: &str, fields: Json) -> fondaco_kernel::Result<AnyId> {
        let (model, fields) = (model.to_owned(), object(fields));
        self.kernel
            .run(&self.ctx, move |tx| {
                let (model, fields) = (model.clone(), fields.clone());
                Box::pin(async move {
                    let draft = records::draft_of(tx, &model, &fields)?;
                    Ok(records::create(tx, &model, vec![draft]).await?[0])
                })
            })
            .await
    }

    /// Changes a record, whatever version it has.
    ///
    /// # Errors
    /// Every problem with the change.
    pub async fn update(&self, model: &str, id: AnyId, fields: Json) -> fondaco_kernel::Result<()> {
        let (model, fields) = (model.to_owned(), object(fields));
        self.kernel
            .run(&self.ctx, move |tx| {
                let (model, fields) = (model.clone(), fields.clone());
                Box::pin(async move {
                    let draft = records::draft_of(tx, &model, &fields)?;
                    let change = Change { id, version: None, draft };
                    records::update(tx, &model, vec![change]).await.map(drop)
                })
            })
            .await
    }

    /// Does an action.
    ///
    /// # Errors
    /// Every reason why it is refused.
    pub async fn act(
        &self,
        model: &str,
        id: AnyId,
        action: &str,
        args: Json,
    ) -> fondaco_kernel::Result<Outcome> {
        let (model, action, args) = (model.to_owned(), action.to_owned(), object(args));
        self.kernel
            .run(&self.ctx, move |tx| {
                let (model, action, args) = (model.clone(), action.clone(), args.clone());
                Box::pin(async move {
                    let args = records::arguments(tx, &model, &action, &args)?;
                    records::act(tx, &model, id, &action, args).await
                })
            })
            .await
    }

    /// One record with its lines, as JSON.
    ///
    /// # Errors
    /// `NotFound` for what he may not see.
    pub async fn get(&self, model: &str, id: AnyId) -> fondaco_kernel::Result<Json> {
        let model = model.to_owned();
        self.kernel
            .read(&self.ctx, move |tx| {
                let model = model.clone();
                Box::pin(async move {
                    let rec = records::get(tx, &model, id, &Select::default()).await?;
                    Ok(rec.to_json())
                })
            })
            .await
    }

    /// The records that fulfil a condition, in this order, with their lines.
    ///
    /// # Errors
    /// A problem with the condition or the order.
    pub async fn list(
        &self,
        model: &str,
        filter: &str,
        sort: &str,
    ) -> fondaco_kernel::Result<Vec<Json>> {
        let lines =
            self.kernel.seen_by(&self.ctx).schema.model(model).map(|model| {
                model.lines().map(|(field, ..)| field.name.clone()).collect::<Vec<_>>()
            });
        let query = Query {
            filter: Some(filter.to_owned()),
            sort: sort.split(',').filter(|s| !s.is_empty()).map(str::to_owned).collect(),
            limit: Some(limits::PAGE_SIZE_MAX),
            show: Select { fields: Vec::new(), expand: lines.unwrap_or_default() },
            ..Query::default()
        };
        let model = model.to_owned();
        self.kernel
            .read(&self.ctx, move |tx| {
                let (model, query) = (model.clone(), query.clone());
                Box::pin(async move {
                    let page = records::list(tx, &model, &query).await?;
                    Ok(page.rows.iter().map(|rec| rec.to_json()).collect())
                })
            })
            .await
    }

    /// Runs a report; answers its columns and its rows (the totals last), as JSON.
    ///
    /// # Errors
    /// `NotFound` for a report that he may not run; problems with the parameters.
    pub async fn report(
        &self,
        name: &str,
        params: &[(&str, &str)],
    ) -> fondaco_kernel::Result<Table> {
        let params: Vec<(String, String)> =
            params.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        let name = name.to_owned();
        self.kernel
            .read(&self.ctx, move |tx| {
                let (name, params) = (name.clone(), params.clone());
                Box::pin(async move { reports::run(tx, &name, &params).await })
            })
            .await
    }

    /// The record that is known under a key of the data files.
    ///
    /// # Errors
    /// When there is none.
    pub async fn by_key(&self, model: &str, key: &str) -> Result<AnyId> {
        let (wanted, place) = (key.to_owned(), model.to_owned());
        let found = self
            .kernel
            .read(&self.ctx, move |tx| {
                let (wanted, place) = (wanted.clone(), place.clone());
                Box::pin(async move { keys::find(tx, &place, &[wanted]).await })
            })
            .await?;
        found.get(key).copied().with_context(|| format!("there is no {model} {key:?}"))
    }
}

/// Arguments are an object or nothing.
fn object(value: Json) -> Map<String, Json> {
    match value {
        Json::Object(object) => object,
        _ => Map::new(),
    }
}
