//! One user at his desk: creates, looks up and acts through the kernel with his own rights, in the
//! JSON of the API. The demo, the import and the tests work from here.

use anyhow::{Context, Result};
use fondaco_kernel::identity::{self, NewUser};
use fondaco_kernel::model::Query;
use fondaco_kernel::values::{AnyId, Id};
use fondaco_kernel::{Ctx, Kernel, Outcome, keys, records, shared};
use serde_json::Value as Json;

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
    pub async fn create(&self, model: &str, body: Json) -> fondaco_kernel::Result<AnyId> {
        let model = model.to_owned();
        self.kernel
            .run(&self.ctx, move |tx| {
                let (model, body) = (model.clone(), body.clone());
                Box::pin(async move {
                    let draft = records::draft(tx, &model, &body)?;
                    let made = records::create(tx, &model, vec![draft]).await?;
                    Ok(made[0])
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
        let (model, action) = (model.to_owned(), action.to_owned());
        self.kernel
            .run(&self.ctx, move |tx| {
                let (model, action, args) = (model.clone(), action.clone(), args.clone());
                Box::pin(async move {
                    let args = records::args(tx, &model, &action, &args)?;
                    records::act(tx, &model, id, &action, args).await
                })
            })
            .await
    }
}
