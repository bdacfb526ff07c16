//! What kernel and plugin host say to each other, in the kernel's own values: below it no version of
//! the contract is known, above it nobody knows a transaction.

use fondaco_schema::fixture::{Aim, PostedLine, Wanted};
use fondaco_schema::plugin::{Grants, Limits, Manifest, SettingKind};
use fondaco_values::{AnyId, Date, Decimal, Problem, Timestamp, Value};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::{Borrowed, spelling};

/// A plugin that is in force, with what it was granted.
#[derive(Clone, Debug)]
pub struct Installed {
    pub manifest: Manifest,
    pub grants: Grants,
    /// SHA-256 of its component, in hexadecimal digits.
    pub digest: String,
}

impl Installed {
    /// What one call may use: what it asks for, and no more than was granted.
    pub fn limits(&self) -> Limits {
        let (asked, granted) = (self.manifest.limits, self.grants.limits);
        Limits {
            cpu_ms: asked.cpu_ms.min(granted.cpu_ms),
            memory_mib: asked.memory_mib.min(granted.memory_mib),
            host_calls: asked.host_calls.min(granted.host_calls),
        }
    }

    /// The value of a setting: what the administrator set, else the default; `None` for settings that
    /// the manifest does not have. Of a secret, what the plugin says in its place.
    pub fn setting(&self, name: &str) -> Option<String> {
        let setting = self.manifest.settings.get(name)?;
        match setting.kind {
            SettingKind::Secret => Some(format!("{{secret:{name}}}")),
            _ => self.grants.settings.get(name).or(setting.default.as_ref()).cloned(),
        }
    }

    /// As messages name it.
    pub fn title(&self) -> String {
        let Manifest { id, version, name, .. } = &self.manifest;
        format!("{name} ({id} {version})")
    }
}

/// One question to a plugin, with all that its answer may depend on.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Call {
    pub hook: String,
    pub ask: Ask,
    /// The hour of the transaction.
    pub now: Timestamp,
    /// What its random numbers follow from, and the name of this piece of work: a job has the same each time.
    pub seed: u64,
    pub language: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Ask {
    /// → [`Answer::Verdicts`], one for each.
    Save(Vec<Told>),
    /// → [`Answer::Ruling`]
    Guard {
        action: String,
        record: Entity,
        #[serde(with = "spelling::fields")]
        args: Fields,
    },
    /// → [`Answer::Effects`]
    After {
        action: String,
        record: Entity,
        #[serde(with = "spelling::fields")]
        args: Fields,
    },
    /// → [`Answer::Done`]
    Act {
        action: String,
        record: Entity,
        #[serde(with = "spelling::fields")]
        args: Fields,
    },
    /// → [`Answer::Steps`], for each price.
    Price(Vec<PriceOf>),
    /// → [`Answer::Effects`]
    Event { name: String, model: String, id: AnyId, payload: Json },
    /// → [`Answer::Effects`]
    Job { payload: Json },
    /// → [`Answer::Page`]
    Request(Visit),
}

/// A request over HTTP for a plugin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Visit {
    pub method: String,
    /// Behind the hook's own.
    pub path: String,
    pub query: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// Who is signed in.
    pub user: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Answer {
    Verdicts(Vec<Verdict>),
    Ruling(Ruling),
    Effects(Vec<Effect>),
    Done { message: Option<String>, effects: Vec<Effect> },
    Steps(Vec<Vec<Step>>),
    Page(Page),
}

/// What a plugin answers to a request over HTTP.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Page {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub effects: Vec<Effect>,
}

/// Values by name of field, or by path.
pub type Fields = Vec<(String, Value)>;

/// A record as a plugin is told of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Entity {
    pub model: String,
    pub id: AnyId,
    pub version: i64,
    #[serde(with = "spelling::fields")]
    pub fields: Fields,
    /// By name of the field of lines.
    pub lines: Vec<(String, Vec<Row>)>,
}

/// One line; the id is zero while it is new.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Row {
    pub id: AnyId,
    #[serde(with = "spelling::fields")]
    pub fields: Fields,
}

/// A record that is about to be saved: what it was (`None` when it is new) and what it will be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Told {
    pub before: Option<Entity>,
    pub after: Entity,
}

/// What a plugin says of a record that is about to be saved.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    #[serde(with = "spelling::fields")]
    pub changes: Fields,
    pub problems: Vec<Problem>,
}

/// What a plugin says before an action.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Ruling {
    Proceed,
    Refuse(Vec<Problem>),
    /// The action does not happen, and what comes of it instead does.
    Hold {
        message: String,
        effects: Vec<Effect>,
    },
}

/// A price before the plugin's step.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PriceOf {
    pub product: AnyId,
    pub party: Option<AnyId>,
    pub currency: AnyId,
    pub quantity: Decimal,
    pub on: Date,
    /// Before any discount.
    pub list: Decimal,
    /// As it is so far.
    pub net: Decimal,
    #[serde(with = "spelling::fields")]
    pub fields: Fields,
}

/// A step of a price, of one unit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    pub label: String,
    pub change: Decimal,
}

/// Something that a plugin wants done; the kernel does it, or refuses.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Effect {
    Create {
        model: String,
        #[serde(with = "spelling::fields")]
        fields: Fields,
        #[serde(with = "spelling::lines")]
        lines: Vec<(String, Vec<Fields>)>,
    },
    Update {
        target: Target,
        #[serde(with = "spelling::fields")]
        fields: Fields,
    },
    Act {
        target: Target,
        action: String,
        #[serde(with = "spelling::fields")]
        args: Fields,
    },
    Emit {
        name: String,
        target: Target,
        payload: Json,
    },
    /// One of the plugin's own jobs.
    Schedule {
        job: String,
        after_s: u32,
        payload: Json,
    },
    /// An entry in the general book.
    Post(Posting),
    /// Data of the plugin's own; `None` takes it away.
    Keep {
        key: String,
        value: Option<String>,
    },
}

impl Effect {
    /// As a fixture says it.
    pub fn wanted(&self) -> Wanted {
        let aim = |target: &Target| match target {
            Target::Record { model, id } => Aim::Record(model.clone(), *id),
            Target::Created(place) => Aim::Created(*place),
        };
        match self.clone() {
            Effect::Create { model, fields, lines } => Wanted::Create { model, fields, lines },
            Effect::Update { target, fields } => Wanted::Update { target: aim(&target), fields },
            Effect::Act { target, action, args } => {
                Wanted::Act { target: aim(&target), action, arguments: args }
            }
            Effect::Emit { name, target, payload } => {
                Wanted::Emit { name, target: aim(&target), payload }
            }
            Effect::Schedule { job, after_s, payload } => {
                Wanted::Schedule { job, after_s, payload }
            }
            Effect::Post(entry) => {
                let line = |line: PostingLine| PostedLine {
                    account: line.account,
                    amount: line.amount,
                    party: line.party,
                };
                let lines = entry.lines.into_iter().map(line).collect();
                let (journal, on, key, text) = (entry.journal, entry.on, entry.key, entry.text);
                Wanted::Post { journal, on, key, text, lines }
            }
            Effect::Keep { key, value } => Wanted::Keep { key, value },
        }
    }
}

/// An entry that a plugin wants posted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Posting {
    /// Its code.
    pub journal: String,
    pub on: Date,
    pub key: String,
    pub text: String,
    pub lines: Vec<PostingLine>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PostingLine {
    /// Its code.
    pub account: String,
    /// In the company's currency; more than zero is debit.
    pub amount: Decimal,
    pub party: Option<AnyId>,
}

/// The record that an effect is about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Target {
    Record {
        model: String,
        id: AnyId,
    },
    /// The one that the effect at this place of the same answer created.
    Created(u32),
}

/// What a plugin asks for while it works: jobs, events and actions only.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Request {
    Get {
        model: String,
        ids: Vec<AnyId>,
        fields: Vec<String>,
    },
    Find {
        model: String,
        filter: String,
        sort: Vec<String>,
        fields: Vec<String>,
        limit: u32,
    },
    Do(Effect),
    /// What it keeps under a key.
    Kept(String),
    Keys {
        prefix: String,
        after: Option<String>,
    },
    Fetch(Fetch),
}

/// A request over HTTP, as a plugin makes it; with its secrets put in, as it goes out.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fetch {
    pub method: String,
    pub url: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub timeout_s: u32,
}

impl std::fmt::Debug for Fetch {
    /// Without headers and body: secrets are among them.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}, {} bytes", self.method, self.url, self.body.len())
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fetched {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Unfetched {
    /// It was not sent, and never will be.
    Refused(String),
    /// It was not sent, since nobody was there.
    Unreachable(String),
    /// Something was sent, and what came of it is not known.
    Lost(String),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Reply {
    /// One for each id, in their order.
    Entities(Vec<Option<Entity>>),
    Page(Vec<Entity>),
    /// Of what was created.
    Id(AnyId),
    Done,
    Kept(Option<String>),
    Keys(Vec<String>),
    Fetched(Result<Fetched, Unfetched>),
}

/// Where a plugin asks back while it works.
pub trait Desk: Send {
    /// The outer result ends the call: the transaction is lost. The inner one is the plugin's to bear.
    fn serve<'d>(
        &'d mut self,
        request: Request,
    ) -> Borrowed<'d, Result<Result<Reply, crate::Error>, ()>>;
}

/// How a call went.
#[derive(Clone, Debug)]
pub struct Called {
    pub outcome: Word<Answer>,
    pub spent: Spent,
}

/// What a call used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// Processor time of the plugin's own code.
    pub cpu_us: u64,
    pub memory_bytes: u64,
    pub host_calls: u32,
    /// Counted exactly where the host meters by fuel; else zero.
    pub fuel: u64,
}

/// What a plugin said, or why it did not.
pub type Word<T> = Result<T, Failure>;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    pub kind: Failed,
    /// For the administrator.
    pub message: String,
}

impl Failure {
    pub fn new(kind: Failed, message: impl Into<String>) -> Failure {
        Failure { kind, message: message.into() }
    }
}

/// Why a plugin did not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Failed {
    /// Its code came to an end that it did not mean: a panic, a division by zero, its stack.
    Trap,
    /// It used its processor time.
    Deadline,
    /// It used its memory.
    Memory,
    /// It called the host too often.
    HostCalls,
    /// Its answer is too large, or is none.
    Output,
    /// It said itself that it cannot answer.
    Gave,
    /// It lacks a right.
    Rights,
    /// What it wants to come of its answer was refused.
    Effects,
    /// It failed before and is left alone for a while.
    Paused,
    /// It cannot be run.
    Unfit,
    /// The transaction that it worked in was lost.
    Lost,
}

impl Failed {
    /// The word for it in metrics and in the log.
    pub fn name(self) -> &'static str {
        match self {
            Failed::Trap => "trap",
            Failed::Deadline => "deadline",
            Failed::Memory => "memory",
            Failed::HostCalls => "host_calls",
            Failed::Output => "output",
            Failed::Gave => "gave_up",
            Failed::Rights => "rights",
            Failed::Effects => "effects",
            Failed::Paused => "paused",
            Failed::Unfit => "unfit",
            Failed::Lost => "lost",
        }
    }

    /// Whether it tells against the plugin: after some it is left alone.
    pub fn is_strike(self) -> bool {
        matches!(
            self,
            Failed::Trap
                | Failed::Deadline
                | Failed::Memory
                | Failed::HostCalls
                | Failed::Output
                | Failed::Unfit
        )
    }
}
