//! What a plugin says of itself (`plugin.toml`): who made it, where it wants to be asked, what it
//! asks to be allowed, and how much of the machine it needs; and what an administrator grants of it.
//! Not here: reading the TOML (`load::manifest`), asking the plugin (`kernel::plugins`, `plugin-host`).
//! INVARIANT: what is not in a manifest is not asked for, and what is not asked for cannot be granted.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

/// What is before the dot in the names of all models and reports that a plugin adds: the last word of its
/// id, `acme.credit-guard` → `credit_guard`.
pub fn prefix(id: &str) -> String {
    last_word(id).replace('-', "_")
}

/// The word behind the dot of an id.
pub fn last_word(id: &str) -> &str {
    id.rsplit('.').next().unwrap_or(id)
}

/// A checked `plugin.toml`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// `publisher.name`.
    pub id: String,
    pub version: semver::Version,
    /// The version of the contract (`sdk/wit`) that the component was built for: `0.1`, `0.2`.
    pub api: String,
    /// Versions of the kernel that it was tested with.
    pub kernel: semver::VersionReq,
    pub name: String,
    pub help: String,
    pub license: String,
    pub publisher_key: Option<String>,
    pub tier: Tier,
    /// By name, in the order of the file.
    pub hooks: IndexMap<String, Hook>,
    pub capabilities: Capabilities,
    pub settings: IndexMap<String, Setting>,
    pub limits: Limits,
}

impl Manifest {
    /// The hooks at one point, with their names.
    pub fn at(&self, point: Point) -> impl Iterator<Item = (&str, &Hook)> {
        let own = self.hooks.iter().filter(move |(_, hook)| hook.point == point);
        own.map(|(name, hook)| (name.as_str(), hook))
    }
}

/// How large a plugin is: each tier has an engine with slots of its own size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// Compiled languages: at most 2 MiB of component.
    #[default]
    Pure,
    /// A language with its interpreter inside: at most 32 MiB.
    Script,
}

impl Tier {
    /// Bytes of the component at most.
    pub fn component_bytes_max(self) -> usize {
        match self {
            Tier::Pure => 2 << 20,
            Tier::Script => 32 << 20,
        }
    }
}

/// Where a plugin is asked. Each point is one exported interface of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Point {
    /// Before records are saved: changes and problems.
    Save,
    /// Before an action's work: it goes on, is refused, or is held.
    Guard,
    /// After an action's work, in its transaction: effects.
    Effect,
    /// An action that the plugin adds: its work.
    Action,
    /// A step of a price.
    Price,
    /// After the commit.
    Event,
    /// Work for later, or at hours that the manifest says.
    Job,
    /// A request over HTTP under `/x/{plugin}/`.
    Request,
}

impl Point {
    pub const ALL: [Point; 8] = [
        Point::Save,
        Point::Guard,
        Point::Effect,
        Point::Action,
        Point::Price,
        Point::Event,
        Point::Job,
        Point::Request,
    ];

    /// The word for it in a manifest.
    pub fn name(self) -> &'static str {
        match self {
            Point::Save => "save",
            Point::Guard => "guard",
            Point::Effect => "effect",
            Point::Action => "action",
            Point::Price => "price",
            Point::Event => "event",
            Point::Job => "job",
            Point::Request => "request",
        }
    }

    /// The interface that a component exports for it, in this version of the contract; `None` when
    /// that version does not have it.
    pub fn interface(self, api: &str) -> Option<&'static str> {
        Some(match (self, api) {
            (Point::Save, _) => "records",
            (Point::Guard, _) => "guards",
            (Point::Effect, _) => "effects",
            (Point::Action | Point::Request, "0.1") => return None,
            (Point::Action, _) => "actions",
            (Point::Request, _) => "requests",
            (Point::Price, _) => "pricing",
            (Point::Event, _) => "events",
            (Point::Job, _) => "jobs",
        })
    }

    /// Whether the transaction of a user waits for the answer. Nothing but its input reaches such a
    /// hook; jobs, events, actions and requests may also ask for records while they run.
    pub fn is_pure(self) -> bool {
        matches!(self, Point::Save | Point::Guard | Point::Effect | Point::Price)
    }
}

/// One place where a plugin wants to be asked, and what it wants to be told there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hook {
    pub point: Point,
    pub models: Vec<String>,
    /// Of the models: `guard`, `effect` and `action`.
    pub actions: Vec<String>,
    /// `create`, `update`; for `save`.
    pub when: Vec<Moment>,
    pub events: Vec<String>,
    /// Fields (`total`), paths over links (`customer.credit_limit`) and fields of lines
    /// (`lines.product`): the whole of what the plugin is told of a record.
    pub select: Vec<String>,
    /// The link to the party whose credit standing is told too, under `standing.…`.
    pub standing: Option<String>,
    /// Models of the plugin's own, and paths from them: all their records are told beside the one that
    /// it is asked about, as lines under the model's name.
    #[serde(default)]
    pub beside: IndexMap<String, Vec<String>>,
    pub on_failure: OnFailure,
    /// Between plugins: the smaller comes first; the id decides between equals.
    pub order: i64,
    /// Whether it is asked about what its own effects write.
    pub again: bool,
    /// When a `job` runs by itself, in the company's time zone.
    #[serde(default)]
    pub schedule: Option<String>,
    /// Of a `request`: what stands behind `/x/{plugin}/`, and the methods that it takes.
    #[serde(default)]
    pub path: String,
    #[serde(default)]
    pub methods: Vec<String>,
    /// The secret by which a stranger is known, as the bearer; without one, users who are signed in are
    /// answered, and nobody else.
    #[serde(default)]
    pub secret: Option<String>,
    /// Whether its answer may follow the hour and chance; fixtures hold all others to the opposite.
    pub clock: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Moment {
    Create,
    Update,
}

/// What happens to the user's deed when the plugin fails: a trap, a time limit, a right it lacks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnFailure {
    /// It is refused, with the reason.
    #[default]
    Refuse,
    /// It goes on as if the plugin were not there; the audit of the record says so.
    Flag,
}

/// What a plugin asks to be allowed; the same shape says what it was granted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Capabilities {
    pub read: Vec<OfFields>,
    pub create: Vec<OfFields>,
    pub write: Vec<OfFields>,
    pub act: Vec<OfActions>,
    /// Names of events that it may emit: its own begin with its id.
    pub emit: Vec<String>,
    /// Whether it is told how customers stand.
    pub standing: bool,
    /// Where it may ask over HTTP.
    pub http: Vec<OfOrigin>,
    /// Bytes that it may keep in each company.
    pub kv_bytes: u32,
    /// Entries that it may post.
    pub journal: Vec<OfJournal>,
}

/// `https://api.example.com:443`: scheme, host and port, compared letter by letter; or `{setting:url}`, the
/// origin of the address that an administrator has set there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfOrigin {
    pub origin: String,
    #[serde(default)]
    pub why: String,
}

impl OfOrigin {
    /// The setting whose address it is.
    pub fn setting(&self) -> Option<&str> {
        self.origin.strip_prefix("{setting:")?.strip_suffix('}')
    }
}

/// Accounts that may stand in its entries of a journal, by their codes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfJournal {
    pub journal: String,
    pub accounts: Vec<String>,
    #[serde(default)]
    pub why: String,
}

/// Fields of a model; `*` is all of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfFields {
    pub model: String,
    pub fields: Vec<String>,
    #[serde(default)]
    pub why: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfActions {
    pub model: String,
    pub actions: Vec<String>,
    #[serde(default)]
    pub why: String,
}

/// One thing that a plugin wants to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want<'a> {
    Read(&'a str, &'a str),
    Create(&'a str, &'a str),
    Write(&'a str, &'a str),
    /// Write a field of a record that somebody is saving.
    Change(&'a str, &'a str),
    Act(&'a str, &'a str),
    Emit(&'a str),
    Standing,
    /// Ask at an origin.
    Fetch(&'a str),
    /// Keep something of its own.
    Keep,
    /// Post a line to an account, by its code, in a journal.
    Post(&'a str, &'a str),
}

impl std::fmt::Display for Want<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Want::Read(model, field) => write!(f, "read {model}.{field}"),
            Want::Create(model, field) => write!(f, "create {model} with {field}"),
            Want::Write(model, field) | Want::Change(model, field) => {
                write!(f, "write {model}.{field}")
            }
            Want::Act(model, action) => write!(f, "{action} {model}"),
            Want::Emit(event) => write!(f, "emit {event}"),
            Want::Standing => f.write_str("read the credit standing of customers"),
            Want::Fetch(origin) => write!(f, "ask at {origin}"),
            Want::Keep => f.write_str("keep data of its own"),
            Want::Post(journal, account) => {
                write!(f, "post to the account {account} in the journal {journal}")
            }
        }
    }
}

impl Capabilities {
    pub fn allow(&self, want: Want<'_>) -> bool {
        match want {
            Want::Read(model, field) => fields(&self.read, model, field),
            Want::Create(model, field) => fields(&self.create, model, field),
            Want::Write(model, field) | Want::Change(model, field) => {
                fields(&self.write, model, field)
            }
            Want::Act(model, action) => self.act.iter().any(|own| {
                own.model == model && own.actions.iter().any(|name| name == "*" || name == action)
            }),
            Want::Emit(event) => self.emit.iter().any(|name| name == event),
            Want::Standing => self.standing,
            Want::Fetch(origin) => self.http.iter().any(|own| own.origin == origin),
            Want::Keep => self.kv_bytes > 0,
            Want::Post(journal, account) => self.journal.iter().any(|own| {
                own.journal == journal && own.accounts.iter().any(|name| name == account)
            }),
        }
    }
}

fn fields(of: &[OfFields], model: &str, field: &str) -> bool {
    let covers = |own: &OfFields| own.fields.iter().any(|name| name == "*" || name == field);
    of.iter().any(|own| own.model == model && covers(own))
}

/// A value that the administrator sets for a plugin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setting {
    pub kind: SettingKind,
    pub default: Option<String>,
    pub label: String,
    pub help: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SettingKind {
    Text,
    Integer,
    Decimal,
    Bool,
    /// What the plugin can name (`{secret:…}` in a header) and never sees. Kept apart from the settings.
    Secret,
}

impl SettingKind {
    pub const ALL: [SettingKind; 5] = [
        SettingKind::Text,
        SettingKind::Integer,
        SettingKind::Decimal,
        SettingKind::Bool,
        SettingKind::Secret,
    ];

    pub fn name(self) -> &'static str {
        match self {
            SettingKind::Text => "text",
            SettingKind::Integer => "integer",
            SettingKind::Decimal => "decimal",
            SettingKind::Bool => "bool",
            SettingKind::Secret => "secret",
        }
    }

    /// Whether a text is a value of this kind.
    pub fn holds(self, text: &str) -> bool {
        match self {
            SettingKind::Text => true,
            // One is never in a file.
            SettingKind::Secret => false,
            SettingKind::Integer => text.parse::<i64>().is_ok(),
            SettingKind::Decimal => text.parse::<fondaco_values::Decimal>().is_ok(),
            SettingKind::Bool => ["true", "false"].contains(&text),
        }
    }
}

/// How much of the machine one call of a plugin may use. More than the defaults needs a grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// Of hooks that a user waits for, for each call, and for each hundred records of a batch; jobs, events and actions have [`Limits::LONGER`]
    /// times as much.
    pub cpu_ms: u32,
    pub memory_mib: u32,
    /// Calls of the plugin to the host in one call of the host to the plugin.
    pub host_calls: u32,
}

impl Limits {
    /// Jobs, events and actions are not what a save waits for.
    pub const LONGER: u32 = 25;
    pub const CPU_MS_MAX: u32 = 1_000;
    pub const HOST_CALLS_MAX: u32 = 10_000;

    pub fn memory_mib_max(tier: Tier) -> u32 {
        match tier {
            Tier::Pure => 32,
            Tier::Script => 128,
        }
    }

    /// What a plugin of this tier has when it says nothing.
    pub fn of(tier: Tier) -> Limits {
        match tier {
            Tier::Pure => Limits { cpu_ms: 20, memory_mib: 16, host_calls: 1_000 },
            Tier::Script => Limits { cpu_ms: 50, memory_mib: 64, host_calls: 1_000 },
        }
    }
}

impl Default for Limits {
    fn default() -> Limits {
        Limits::of(Tier::Pure)
    }
}

/// What an administrator has granted of a manifest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Grants {
    pub capabilities: Capabilities,
    pub runs_as: RunsAs,
    /// Instead of what the manifest says, by name of hook.
    pub on_failure: IndexMap<String, OnFailure>,
    /// The most that it gets, whatever it asks for.
    pub limits: Limits,
    /// Values of settings, as texts.
    pub settings: IndexMap<String, String>,
}

impl Grants {
    /// All that a manifest asks for.
    pub fn all_of(manifest: &Manifest) -> Grants {
        Grants {
            capabilities: manifest.capabilities.clone(),
            limits: manifest.limits,
            ..Grants::default()
        }
    }
}

/// With whose rights a plugin works; what it was granted is a limit above them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunsAs {
    /// Those of the user whose deed it is part of; after the commit, those that everyone has.
    #[default]
    Caller,
    /// Those of a role.
    Role(String),
}
