//! Plugins after the commit: events that they hear and jobs that they asked for, from the outbox, at
//! least once, as a service with rights of its own. A failure is the job's: it is tried again later and
//! given up in the end, visibly.

use fondaco_schema::plugin::{Hook, Point};
use serde_json::Value as Json;

use super::policy::{Manner, ask};
use super::talk::{Answer, Ask, Failed, Failure, Installed};
use super::{Asked, asked, effects};
use crate::events::Event;
use crate::{Error, Result, Tx, jobs};

const PREFIX: &str = "plugin:";

pub(super) fn job_name(plugin: &Installed, hook: &str) -> String {
    format!("{PREFIX}{}:{hook}", plugin.manifest.id)
}

/// Whether a job is a plugin's.
pub(crate) fn is_of_plugin(job: &str) -> bool {
    job.starts_with(PREFIX)
}

/// Writes down for after the commit who is to hear of an event.
pub(crate) async fn remember(tx: &mut Tx, event: &Event) -> Result<()> {
    let wanted = |hook: &Hook| hook.events.contains(&event.name);
    let hooks = asked(tx.shared().plugins.as_ref(), Point::Event, wanted);
    for one in hooks.iter().filter(|one| !one.is_own_doing(tx)).collect::<Vec<_>>() {
        let payload = serde_json::to_value(event).unwrap_or_default();
        jobs::enqueue(tx, &job_name(&one.plugin, &one.name), payload, tx.now()).await?;
    }
    Ok(())
}

/// Runs a job of a plugin.
///
/// # Errors
/// `Conflict` with the reason when it failed; the job is tried again.
pub(crate) async fn run(tx: &mut Tx, job: &str, payload: Json) -> Result<()> {
    let one = found(tx, job)?;
    let question = match one.hook().map(|hook| hook.point) {
        Some(Point::Event) => {
            let event: Event = serde_json::from_value(payload)
                .map_err(|error| Error::internal(format!("job {job}: {error}")))?;
            Ask::Event {
                name: event.name,
                model: event.model,
                id: event.id,
                payload: event.payload,
            }
        }
        _ => Ask::Job { payload },
    };
    let mut tx = one.service(tx);
    let outcome = match ask(&mut tx, &one, question, Manner::AtDesk).await? {
        Ok(Answer::Effects(wanted)) => effects::apply(&mut tx, &one.plugin, wanted).await?,
        Ok(_) => Err(Failure::new(Failed::Output, "no effects")),
        Err(failure) => Err(failure),
    };
    outcome.map_err(|failure| Error::Conflict {
        code: "plugin_failed",
        message: format!("{}: {}", one.plugin.title(), failure.message),
    })
}

fn found(tx: &Tx, job: &str) -> Result<Asked> {
    let name = job.strip_prefix(PREFIX).unwrap_or(job);
    let installed = tx.shared().plugins.installed();
    let found = name.rsplit_once(':').and_then(|(id, hook)| {
        let plugin = installed.iter().find(|plugin| plugin.manifest.id == id)?;
        plugin.manifest.hooks.get(hook)?;
        Some(Asked { plugin: plugin.clone(), name: hook.to_owned() })
    });
    found.ok_or_else(|| {
        let message = format!("No plugin is in force that has the job {name}.");
        Error::Conflict { code: "plugin_absent", message }
    })
}
