//! Changes of the company folder over HTTP: planned, agreed to, written to the folder and carried out on
//! the database that is at work, or none of it.
//! Not here: the pages around it (`pages::office`), the steps of a change (`kernel::plan`).

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use fondaco_kernel::permissions::{self, Office, Right};
use fondaco_kernel::plan::{self, Consent, Heard, Plan};
use fondaco_kernel::{Ctx, Error};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::App;
use crate::caller::Caller;
use crate::folder::{CompanyFolder, Edit, Edited, Offer};
use crate::problem::Refusal;
use crate::respond::read_body;

/// A change with what it would do.
pub(crate) struct Proposal {
    pub(crate) edited: Edited,
    pub(crate) plan: Plan,
}

/// What an administrator has agreed to.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Agreed {
    pub(crate) change: Edit,
    /// The digest of the plan that he saw.
    pub(crate) to: String,
    /// Data may be put out of sight.
    #[serde(default)]
    pub(crate) destructive: bool,
}

pub(crate) fn folder_of(app: &App) -> Result<Arc<dyn CompanyFolder>, Error> {
    app.folder.clone().ok_or_else(|| {
        let message = "This server runs without a company folder: there is nothing to write to.";
        Error::Conflict { code: "no_folder", message: message.to_owned() }
    })
}

/// The modules of the program, for administrators.
///
/// # Errors
/// `Forbidden`; `Conflict` without a company folder.
pub(crate) async fn offers(app: &App, ctx: &Ctx) -> Result<Vec<Offer>, Error> {
    permissions::administers(ctx, Office::Modules, Right::Read)?;
    let folder = folder_of(app)?;
    apart(move || folder.modules()).await
}

/// What a change would do. Changes nothing.
///
/// # Errors
/// `Forbidden`; every problem with the change.
pub(crate) async fn propose(app: &App, ctx: &Ctx, edit: &Edit) -> Result<Proposal, Error> {
    permissions::administers(ctx, Office::Modules, Right::Read)?;
    let (folder, edit) = (folder_of(app)?, edit.clone());
    let edited = apart(move || folder.edited(&edit)).await?;
    let plan = plan::make(&app.kernel, &edited.desired).await.map_err(as_problems)?;
    Ok(Proposal { edited, plan })
}

/// Faults of TOML that somebody caused by a form are his to mend.
fn as_problems(error: Error) -> Error {
    match error {
        Error::Schema(faults) => {
            let problem = |fault: &fondaco_kernel::schema::Fault| {
                fondaco_kernel::values::Problem::new("change", "schema", format!("{fault}."))
            };
            Error::Invalid(faults.iter().map(problem).collect())
        }
        Error::Startup(message) => Error::problem("change", "startup", message),
        other => other,
    }
}

/// Writes a change to the folder and carries it out; when that fails, the folder is as it was.
///
/// # Errors
/// `Forbidden`; `Conflict` when the plan is another by now; everything that stands in the way.
pub(crate) async fn carry_out(
    app: &App,
    ctx: &Ctx,
    agreed: &Agreed,
    heard: &Heard,
) -> Result<Plan, Error> {
    permissions::administers(ctx, Office::Modules, Right::Write)?;
    let _one_at_a_time = app.changing.lock().await;
    let Proposal { edited, plan } = propose(app, ctx, &agreed.change).await?;
    if plan.to != agreed.to {
        let message = "Since the plan was made, the folder was changed; look at the new plan.";
        return Err(Error::Conflict { code: "stale_plan", message: message.to_owned() });
    }
    let folder = folder_of(app)?;
    let (writer, wanted) = (folder.clone(), edited.clone());
    apart(move || writer.write(&wanted)).await?;
    let consent = Consent { destructive: agreed.destructive };
    let done = plan::apply(&app.kernel, &edited.desired, &plan, consent, heard).await;
    if let Err(error) = done {
        apart(move || folder.put_back(&edited)).await?;
        return Err(as_problems(error));
    }
    let files = edited.files.keys().cloned().collect::<Vec<_>>();
    plan::note(&app.kernel, ctx, &plan, files).await?;
    Ok(plan)
}

/// Files are read and written on a thread for such work.
async fn apart<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| Error::Internal(format!("the company folder: {error}")))?
}

/// `GET /api/modules`
pub(crate) async fn modules(
    State(app): State<App>,
    Caller(ctx): Caller,
) -> Result<Json<Value>, Refusal> {
    Ok(Json(json!({ "items": offers(&app, &ctx).await? })))
}

/// `POST /api/configuration/plan`: the body is a change.
pub(crate) async fn planned(
    State(app): State<App>,
    Caller(ctx): Caller,
    body: Bytes,
) -> Result<Json<Value>, Refusal> {
    permissions::administers(&ctx, Office::Modules, Right::Read)?;
    let proposal = propose(&app, &ctx, &read_body(&body)?).await?;
    Ok(Json(json!({
        "plan": proposal.plan,
        "summary": proposal.plan.summary(),
        "files": proposal.edited.files,
    })))
}

/// `POST /api/configuration/apply`: a change, and the digest of the plan that was seen.
pub(crate) async fn applied(
    State(app): State<App>,
    Caller(ctx): Caller,
    body: Bytes,
) -> Result<Json<Value>, Refusal> {
    permissions::administers(&ctx, Office::Modules, Right::Write)?;
    let plan = carry_out(&app, &ctx, &read_body(&body)?, &plan::silent()).await?;
    Ok(Json(json!({ "summary": plan.summary() })))
}
