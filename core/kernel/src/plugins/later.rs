//! Plugins after the commit: events that they hear and jobs that they asked for or that run at their hours,
//! from the outbox, at least once, as a service with rights of its own, apart from any transaction. Their
//! effects and the mark that the job is done are one unit of work. A failure is the job's: it is tried again
//! later and given up in the end, visibly.

use std::sync::Arc;

use fondaco_schema::plugin::{Hook, Point};
use serde_json::Value as Json;

use super::apart::{Apart, For, forget_steps};
use super::policy::ask_apart;
use super::talk::{Answer, Ask, Call, Effect, Failed, Failure, Installed};
use super::{Asked, asked, effects};
use crate::events::Event;
use crate::jobs::Due;
use crate::{Ctx, Error, Kernel, Result, Tx, jobs};

const PREFIX: &str = "plugin:";

pub(super) fn job_name(plugin: &Installed, hook: &str) -> String {
    format!("{PREFIX}{}:{hook}", plugin.manifest.id)
}

/// Whether a job is a plugin's.
pub(crate) fn is_of_plugin(job: &str) -> bool {
    job.starts_with(PREFIX)
}

/// The jobs of plugins that run by themselves, with their hours.
pub(crate) fn with_hours(plugins: &dyn super::Plugins) -> Vec<(String, String)> {
    let all = asked(plugins, Point::Job, |hook| hook.schedule.is_some());
    let hours = |one: &Asked| one.hook().and_then(|hook| hook.schedule.clone()).unwrap_or_default();
    all.iter().map(|one| (job_name(&one.plugin, &one.name), hours(one))).collect()
}

/// Writes down for after the commit who is to hear of an event.
pub(crate) async fn remember(tx: &mut Tx, event: &Event) -> Result<()> {
    let wanted = |hook: &Hook| hook.events.contains(&event.name);
    let hooks = asked(tx.shared().plugins.as_ref(), Point::Event, wanted);
    for one in hooks.iter().filter(|one| !one.is_left_out(tx)).collect::<Vec<_>>() {
        let payload = serde_json::to_value(event).unwrap_or_default();
        jobs::enqueue(tx, &job_name(&one.plugin, &one.name), payload, tx.now()).await?;
    }
    Ok(())
}

/// Runs a job of a plugin.
///
/// # Errors
/// `Conflict` with the reason when it failed; the job is tried again.
pub(crate) async fn run(kernel: &Kernel, ctx: &Ctx, job: &Due) -> Result<()> {
    let one = found(kernel, &job.name)?;
    let call = Call {
        hook: one.name.clone(),
        ask: question(&one, job)?,
        now: kernel.clock().now(),
        seed: seed(job.id),
        language: ctx.language().to_owned(),
    };
    let whom = For::Job(job.clone());
    let mut desk = Apart::new(kernel, ctx, &one, whom.clone());
    let said = ask_apart(kernel.shared(), &one, call, &mut desk).await;
    if let Some(lost) = desk.lost() {
        return Err(lost);
    }
    let effects = match said {
        Ok(Answer::Effects(effects)) => effects,
        Ok(_) => return Err(failed(&one, &Failure::new(Failed::Output, "no effects"))),
        Err(failure) => return Err(failed(&one, &failure)),
    };
    let (one, job) = (Arc::new(one), job.clone());
    let done = kernel.run(ctx, move |tx| {
        let (one, whom, job, effects) = (one.clone(), whom.clone(), job.clone(), effects.clone());
        Box::pin(async move {
            whom.enter(tx);
            finish(tx, &one, &whom, effects).await?;
            forget_steps(tx, job.id).await?;
            jobs::done(tx, &job).await
        })
    });
    done.await
}

async fn finish(tx: &mut Tx, one: &Asked, whom: &For, wanted: Vec<Effect>) -> Result<()> {
    let outcome = effects::apply(&mut whom.rights(one, tx), &one.plugin, wanted).await?;
    outcome.map_err(|failure| failed(one, &failure))
}

fn question(one: &Asked, job: &Due) -> Result<Ask> {
    let unreadable = |error| Error::internal(format!("job {}: {error}", job.name));
    let payload: Json = serde_json::from_str(&job.payload).map_err(unreadable)?;
    if one.hook().map(|hook| hook.point) != Some(Point::Event) {
        return Ok(Ask::Job { payload });
    }
    let event: Event = serde_json::from_value(payload).map_err(unreadable)?;
    let Event { name, model, id, payload, .. } = event;
    Ok(Ask::Event { name, model, id, payload })
}

/// The same each time that the job is tried, and another for every other job.
fn seed(job: i64) -> u64 {
    let mut z = job.cast_unsigned().wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn failed(one: &Asked, failure: &Failure) -> Error {
    Error::Conflict {
        code: "plugin_failed",
        message: format!("{}: {}", one.plugin.title(), failure.message),
    }
}

fn found(kernel: &Kernel, job: &str) -> Result<Asked> {
    let name = job.strip_prefix(PREFIX).unwrap_or(job);
    let installed = kernel.shared().plugins.installed();
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
