//! The flight recorder, and shadows. What a call was told, what it was answered while it worked and what it
//! said are kept: of every failure, of every difference of a shadow, and of all calls while somebody
//! records. From that a call can be made once more, and says the same. A shadow is asked what the version
//! in force was asked, after the user has gone on; nothing comes of what it says.
//! Not here: telling it to people (`telling`).
//! INVARIANT: nobody waits for it. What does not fit is dropped, and the log says so.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use fondaco_schema::plugin::Grants;
use fondaco_values::Timestamp;
use serde::{Deserialize, Serialize};

use super::lifecycle::Watched;
use super::talk::{Answer, Call, Called, Desk, Installed, Reply, Request, Spent, Word};
use super::{Borrowed, Plugins};
use crate::db::Sql;
use crate::kernel::{Kernel, Shared};
use crate::{Error, Result, Tx, identity};

/// Calls that wait to be kept or compared.
const WAITING_MAX: usize = 2_000;
/// Calls of one plugin that are kept.
const KEPT_MAX: i64 = 1_000;
/// Bytes of one recording: a larger one is kept without what it was told.
const CONTENT_BYTES_MAX: usize = 1 << 20;

/// What waits.
#[derive(Default)]
pub(crate) struct Recorder {
    waiting: Mutex<VecDeque<Seen>>,
}

/// A call that was made.
pub(super) struct Seen {
    pub(super) plugin: Arc<Installed>,
    pub(super) call: Call,
    pub(super) at: Timestamp,
    /// `None` for a hook that cannot ask back.
    pub(super) heard: Option<Vec<Heard>>,
    pub(super) outcome: Word<Answer>,
    pub(super) spent: Spent,
}

/// A question of the plugin and what it was answered.
pub(super) type Heard = (Request, std::result::Result<Reply, String>);

/// A desk with somebody who writes down what is said at it.
pub(super) struct Listening<'d> {
    desk: &'d mut dyn Desk,
    pub(super) heard: Vec<Heard>,
}

impl<'d> Listening<'d> {
    pub(super) fn at(desk: &'d mut dyn Desk) -> Listening<'d> {
        Listening { desk, heard: Vec::new() }
    }
}

impl Desk for Listening<'_> {
    fn serve<'s>(
        &'s mut self,
        request: Request,
    ) -> Borrowed<'s, std::result::Result<Result<Reply>, ()>> {
        Box::pin(async move {
            let said = self.desk.serve(request.clone()).await?;
            let answer = said.as_ref().map(Clone::clone).map_err(ToString::to_string);
            self.heard.push((request, answer));
            Ok(said)
        })
    }
}

/// Whether a call is to be kept or compared: of a plugin that asked back there is no shadow, and what failed
/// is kept unasked.
pub(super) fn wants(
    watched: &Watched,
    asked_back: Option<&[Heard]>,
    outcome: &Word<Answer>,
) -> bool {
    let beside = watched.shadow.is_some() && asked_back.is_none();
    beside || watched.recording || outcome.is_err()
}

/// Has a call kept or compared.
pub(super) fn see(shared: &Shared, seen: Seen) {
    let mut waiting = shared.recorder.waiting.lock().unwrap_or_else(PoisonError::into_inner);
    if waiting.len() < WAITING_MAX {
        waiting.push_back(seen);
    } else {
        tracing::warn!(plugin = seen.plugin.manifest.id, "a call is not kept: too many wait");
    }
}

/// All that a call depended on and came to.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Content {
    /// SHA-256 of the component that said it.
    pub(super) digest: String,
    pub(super) call: Call,
    pub(super) grants: Grants,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) heard: Option<Vec<Heard>>,
    pub(super) outcome: Word<Answer>,
    pub(super) memory_bytes: u64,
    pub(super) host_calls: u32,
    pub(super) fuel: u64,
    /// What a shadow said instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) shadow: Option<(String, Word<Answer>)>,
}

/// A row of what is kept.
struct Kept {
    plugin: fondaco_values::AnyId,
    version: String,
    hook: String,
    at: Timestamp,
    outcome: &'static str,
    reason: String,
    cpu_us: u64,
    content: String,
}

/// How a shadow did, by plugin, version and hook: same, different, skipped.
type Tallies = BTreeMap<(i64, String, String), [i64; 3]>;

impl Kernel {
    /// Has shadows asked what waits for them, and writes down what is to be kept.
    ///
    /// # Errors
    /// When the database does not answer: what was to be written is lost.
    pub async fn keep_plugin_calls(&self) -> Result<()> {
        let waiting = {
            let waiting = self.shared().recorder.waiting.lock();
            std::mem::take(&mut *waiting.unwrap_or_else(PoisonError::into_inner))
        };
        if waiting.is_empty() || self.closed_to_writing().is_some() {
            return Ok(());
        }
        let (mut rows, mut tallies) = (Vec::new(), Tallies::new());
        for seen in waiting {
            let Some(watched) = self.shared().force.watched(&seen.plugin.manifest.id) else {
                continue;
            };
            let beside = match &watched.shadow {
                Some(shadow) if seen.heard.is_none() => self.compared(&seen, shadow).await,
                _ => None,
            };
            if let (Some(shadow), Some((at, _))) = (&watched.shadow, &beside) {
                let version = shadow.manifest.version.to_string();
                let key = (watched.id.raw(), version, seen.call.hook.clone());
                tallies.entry(key).or_default()[*at] += 1;
            }
            let differs = beside.and_then(|(at, said)| said.filter(|_| at == DIFFERENT));
            if differs.is_some() || watched.recording || seen.outcome.is_err() {
                rows.push(row(&watched, seen, differs));
            }
        }
        let work = Arc::new((rows, tallies));
        self.run(&identity::kernel_itself(), move |tx| {
            let work = work.clone();
            Box::pin(async move { write(tx, &work.0, &work.1).await })
        })
        .await
    }

    /// Which of same, different and skipped it was, and what the shadow said.
    async fn compared(
        &self,
        seen: &Seen,
        shadow: &Arc<Installed>,
    ) -> Option<(usize, Option<(String, Word<Answer>)>)> {
        if !is_comparable(&seen.plugin, shadow, &seen.call.hook) {
            return Some((SKIPPED, None));
        }
        let plugins = self.shared().plugins.clone();
        let Called { outcome, .. } = plugins.call(shadow, &seen.call, None).await;
        let at = if same(&seen.outcome, &outcome) { SAME } else { DIFFERENT };
        Some((at, Some((shadow.manifest.version.to_string(), outcome))))
    }
}

const SAME: usize = 0;
const DIFFERENT: usize = 1;
const SKIPPED: usize = 2;

/// Whether both are told the same there.
fn is_comparable(plugin: &Installed, shadow: &Installed, hook: &str) -> bool {
    let of = |plugin: &Installed| plugin.manifest.hooks.get(hook).cloned();
    match (of(plugin), of(shadow)) {
        (Some(own), Some(other)) => {
            own.point == other.point && own.select == other.select && own.standing == other.standing
        }
        _ => false,
    }
}

/// The same answer; of failures, the same kind.
fn same(one: &Word<Answer>, other: &Word<Answer>) -> bool {
    match (one, other) {
        (Ok(one), Ok(other)) => one == other,
        (Err(one), Err(other)) => one.kind == other.kind,
        _ => false,
    }
}

fn row(watched: &Watched, seen: Seen, shadow: Option<(String, Word<Answer>)>) -> Kept {
    let Seen { plugin, call, at, heard, outcome, spent } = seen;
    let (name, reason) = match (&outcome, &shadow) {
        (Err(failure), _) => (failure.kind.name(), failure.message.clone()),
        (Ok(_), Some((version, _))) => ("different", format!("{version} says something else")),
        (Ok(_), None) => ("answered", String::new()),
    };
    let hook = call.hook.clone();
    let content = Content {
        digest: plugin.digest.clone(),
        grants: plugin.grants.clone(),
        call,
        heard,
        outcome,
        memory_bytes: spent.memory_bytes,
        host_calls: spent.host_calls,
        fuel: spent.fuel,
        shadow,
    };
    let content = serde_json::to_string(&content).unwrap_or_default();
    Kept {
        plugin: watched.id,
        version: plugin.manifest.version.to_string(),
        hook,
        at,
        outcome: name,
        reason,
        cpu_us: spent.cpu_us,
        content: if content.len() > CONTENT_BYTES_MAX { String::new() } else { content },
    }
}

async fn write(tx: &mut Tx, rows: &[Kept], tallies: &Tallies) -> Result<()> {
    let sql = "insert into plugin_call (id, plugin, version, hook, at, outcome, reason, cpu_us, \
               content) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let cells = rows.iter().map(|row| {
        vec![
            tx.new_id::<Kept>().into(),
            row.plugin.into(),
            row.version.as_str().into(),
            row.hook.as_str().into(),
            row.at.into(),
            row.outcome.into(),
            row.reason.as_str().into(),
            i64::try_from(row.cpu_us).unwrap_or(i64::MAX).into(),
            row.content.as_str().into(),
        ]
    });
    let cells: Vec<_> = cells.collect();
    tx.exec_each(sql, &cells).await?;
    for ((plugin, version, hook), [same, different, skipped]) in tallies {
        let sql = Sql::text(
            "insert into plugin_shadow (plugin, version, hook, same, different, skipped) \
             values ($1, $2, $3, $4, $5, $6) on conflict (plugin, version, hook) do update set \
             same = plugin_shadow.same + excluded.same, \
             different = plugin_shadow.different + excluded.different, \
             skipped = plugin_shadow.skipped + excluded.skipped",
        );
        let sql = sql.bind(*plugin).bind(version).bind(hook);
        tx.exec(sql.bind(*same).bind(*different).bind(*skipped)).await?;
    }
    let plugins: std::collections::BTreeSet<i64> =
        rows.iter().map(|row| row.plugin.raw()).collect();
    for plugin in plugins {
        let sql = Sql::text(
            "delete from plugin_call where plugin = $1 and id <= coalesce((select id from \
             plugin_call where plugin = $1 order by id desc limit 1 offset $2), 0)",
        );
        tx.exec(sql.bind(plugin).bind(KEPT_MAX)).await?;
    }
    Ok(())
}

/// Makes a call once more, with the answers that it was given then.
pub(super) async fn again(
    plugins: &dyn Plugins,
    plugin: &Arc<Installed>,
    content: &Content,
) -> Called {
    let call = &content.call;
    match &content.heard {
        None => plugins.call(plugin, call, None).await,
        Some(heard) => {
            let mut desk = Replayed(heard.iter().cloned().collect());
            plugins.call(plugin, call, Some(&mut desk)).await
        }
    }
}

/// A desk that answers what was answered then, as long as it is asked the same.
struct Replayed(VecDeque<Heard>);

impl Desk for Replayed {
    fn serve<'s>(
        &'s mut self,
        request: Request,
    ) -> Borrowed<'s, std::result::Result<Result<Reply>, ()>> {
        let answer = match self.0.pop_front() {
            Some((asked, answer)) if asked == request => {
                Ok(answer.map_err(|message| Error::problem("", "replayed", message)))
            }
            // It asks for something else than then: what it is told from here on would be made up.
            _ => Err(()),
        };
        Box::pin(async move { answer })
    }
}
