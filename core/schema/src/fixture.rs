//! A fixture: what is there, what a plugin is asked, and what must come of it; a test of a plugin in any
//! language, without a database. Here: what a fixture is, and how answers are written down so that what is
//! wanted and what came can be laid side by side; `spelled` writes one as TOML. Not here: reading its TOML
//! (`load::fixture`), asking the plugin (`plugin-host::fixtures`).

pub mod spelled;

use std::collections::HashMap;

use fondaco_values::{AnyId, Date, Decimal, Timestamp, Value};
use serde_json::Value as Json;

/// Values by name of field, or by path.
pub type Fields = Vec<(String, Value)>;

/// A checked fixture.
#[derive(Clone, Debug)]
pub struct Fixture {
    pub name: String,
    pub path: String,
    pub given: Given,
    pub hook: String,
    pub question: Question,
    pub then: Then,
}

/// What is there.
#[derive(Clone, Debug, Default)]
pub struct Given {
    pub now: Timestamp,
    pub language: String,
    /// Settings that differ from their defaults.
    pub settings: Vec<(String, String)>,
    pub records: Vec<Sample>,
    /// How parties stand, by their names.
    pub standings: Vec<(String, Fields)>,
    pub found: Vec<Found>,
    /// What the plugin keeps, by its keys.
    pub kept: Vec<(String, String)>,
    pub peers: Vec<Peer>,
}

/// A record. Its name is the fixture's own word for it.
#[derive(Clone, Debug, Default)]
pub struct Sample {
    pub name: String,
    pub model: String,
    pub id: AnyId,
    pub version: i64,
    pub fields: Fields,
    pub lines: Vec<(String, Vec<SampleLine>)>,
}

#[derive(Clone, Debug, Default)]
pub struct SampleLine {
    pub id: AnyId,
    pub fields: Fields,
}

/// What a search finds: conditions are the database's business, so a fixture says what holds.
#[derive(Clone, Debug)]
pub struct Found {
    pub model: String,
    pub filter: String,
    pub records: Vec<String>,
}

/// What somebody outside answers: a status and a body to a method and an address.
#[derive(Clone, Debug)]
pub struct Peer {
    pub method: String,
    pub url: String,
    pub status: u16,
    pub body: String,
}

/// What the plugin is asked, by the point of its hook.
#[derive(Clone, Debug)]
pub enum Question {
    /// Records by name; those with a `before` are changed, the others are new.
    Save {
        records: Vec<String>,
        before: Vec<(String, Fields)>,
    },
    /// Guards, effects and actions.
    Deed {
        action: String,
        record: String,
        arguments: Fields,
    },
    Price(Vec<OfferOf>),
    Event {
        name: String,
        record: String,
        payload: Json,
    },
    Job {
        payload: Json,
    },
    Request(Knock),
}

/// A request over HTTP.
#[derive(Clone, Debug, Default)]
pub struct Knock {
    pub method: String,
    /// Behind the hook's own.
    pub path: String,
    pub query: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
    /// Who is signed in.
    pub user: Option<String>,
}

#[derive(Clone, Debug)]
pub struct OfferOf {
    pub product: AnyId,
    pub party: Option<AnyId>,
    pub currency: AnyId,
    pub quantity: Decimal,
    pub on: Date,
    pub list: Decimal,
    pub net: Decimal,
}

/// What must come of it.
#[derive(Clone, Debug, Default)]
pub struct Then {
    pub answer: Written,
    pub limits: Allowed,
}

/// What it may cost; nothing said is what the server allows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allowed {
    pub fuel_max: Option<u64>,
    pub memory_kib_max: Option<u64>,
    pub host_calls_max: Option<u64>,
    /// So many lines it must be able to do within its limits.
    pub lines_min: Option<u64>,
}

impl Fixture {
    /// The names of its records, to write answers with.
    pub fn names(&self) -> Names {
        let named = self.given.records.iter().map(|sample| (sample.id, sample.name.clone()));
        Names(named.collect())
    }

    pub fn record(&self, name: &str) -> Option<&Sample> {
        self.given.records.iter().find(|sample| sample.name == name)
    }
}

/// Something that a plugin wants done, as far as it is compared.
#[derive(Clone, Debug)]
pub enum Wanted {
    Create { model: String, fields: Fields, lines: Vec<(String, Vec<Fields>)> },
    Update { target: Aim, fields: Fields },
    Act { target: Aim, action: String, arguments: Fields },
    Emit { name: String, target: Aim, payload: Json },
    Schedule { job: String, after_s: u32, payload: Json },
    Post { journal: String, on: Date, key: String, text: String, lines: Vec<PostedLine> },
    Keep { key: String, value: Option<String> },
}

/// A line of an entry: the code of an account, and debit as more than zero.
#[derive(Clone, Debug)]
pub struct PostedLine {
    pub account: String,
    pub amount: Decimal,
    pub party: Option<AnyId>,
}

/// The record that it is about.
#[derive(Clone, Debug)]
pub enum Aim {
    Record(String, AnyId),
    Created(u32),
}

/// Names of records by id.
#[derive(Clone, Debug, Default)]
pub struct Names(HashMap<AnyId, String>);

impl Names {
    pub fn of(&self, id: AnyId) -> String {
        self.0.get(&id).cloned().unwrap_or_else(|| format!("#{}", id.raw()))
    }

    /// A value as a report writes it: numbers without zeros at their end, links by name.
    pub fn value(&self, value: &Value) -> String {
        match value {
            Value::Null => "nothing".to_owned(),
            Value::Bool(truth) => truth.to_string(),
            Value::Int(number) => number.to_string(),
            Value::Decimal(number) => number.normalize().to_string(),
            Value::Text(text) => format!("{text:?}"),
            Value::Date(date) => date.to_string(),
            Value::Time(time) => time.to_string(),
            Value::Link(id) => self.of(*id),
            Value::Json(json) => sorted(json).to_string(),
            Value::List(items) => {
                let items: Vec<String> = items.iter().map(|item| self.value(item)).collect();
                format!("[{}]", items.join(", "))
            }
        }
    }

    fn aim(&self, aim: &Aim) -> String {
        match aim {
            Aim::Record(model, id) => format!("{model} {}", self.of(*id)),
            Aim::Created(place) => format!("what effect {place} created"),
        }
    }
}

/// An answer written down: what is said, and where in the answer it stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written(pub Vec<(String, String)>);

impl Written {
    pub fn say(&mut self, place: impl Into<String>, what: impl Into<String>) {
        self.0.push((place.into(), what.into()));
    }

    pub fn fields(&mut self, place: &str, fields: &Fields, names: &Names) {
        for (name, value) in fields {
            self.say(format!("{place}.{name}"), names.value(value));
        }
    }

    pub fn wanted(&mut self, place: &str, all: &[Wanted], names: &Names) {
        for (at, wanted) in all.iter().enumerate() {
            self.one(&format!("{place}[{at}]"), wanted, names);
        }
    }

    fn one(&mut self, place: &str, wanted: &Wanted, names: &Names) {
        match wanted {
            Wanted::Create { model, fields, lines } => {
                self.say(place, format!("create {model}"));
                self.fields(place, fields, names);
                lines.iter().for_each(|(field, rows)| self.rows(place, (field, rows), names));
            }
            Wanted::Update { target, fields } => {
                self.say(place, format!("update {}", names.aim(target)));
                self.fields(place, fields, names);
            }
            Wanted::Act { target, action, arguments } => {
                self.say(place, format!("{action} {}", names.aim(target)));
                self.fields(place, arguments, names);
            }
            Wanted::Emit { name, target, payload } => {
                self.say(place, format!("emit {name} of {}", names.aim(target)));
                self.say(format!("{place}.payload"), sorted(payload).to_string());
            }
            Wanted::Schedule { job, after_s, payload } => {
                self.say(place, format!("schedule {job} after {after_s} s"));
                self.say(format!("{place}.payload"), sorted(payload).to_string());
            }
            Wanted::Post { journal, on, key, text, lines } => {
                self.say(place, format!("post to {journal} on {on} as {key:?}: {text:?}"));
                for (at, line) in lines.iter().enumerate() {
                    let party = line.party.map(|id| format!(", {}", names.of(id)));
                    let (amount, party) = (line.amount.normalize(), party.unwrap_or_default());
                    let place = format!("{place}.lines[{at}]");
                    self.say(place, format!("{} {amount}{party}", line.account));
                }
            }
            Wanted::Keep { key, value } => {
                let value = value.as_ref().map_or("nothing".to_owned(), |text| format!("{text:?}"));
                self.say(place, format!("keep {key:?}: {value}"));
            }
        }
    }

    fn rows(&mut self, place: &str, (field, rows): (&str, &[Fields]), names: &Names) {
        for (at, row) in rows.iter().enumerate() {
            let place = format!("{place}.{field}[{at}]");
            self.say(&place, "a line");
            self.fields(&place, row, names);
        }
    }

    /// Where the two differ: place, what is wanted, what came. Of sentences of problems and their
    /// arguments only what is wanted is compared: a fixture may leave them to the translator.
    pub fn differences(&self, came: &Written) -> Vec<(String, String, String)> {
        const NONE: &str = "—";
        let find = |all: &Written, place: &str| {
            all.0.iter().find(|(own, _)| own == place).map(|(_, what)| what.clone())
        };
        let mut found = Vec::new();
        for (place, wanted) in &self.0 {
            let what = find(came, place).unwrap_or_else(|| NONE.to_owned());
            if *wanted != what {
                found.push((place.clone(), wanted.clone(), what));
            }
        }
        for (place, what) in &came.0 {
            let left_open = place.starts_with("problems")
                && (place.ends_with("].message") || place.contains("].arguments."));
            if !left_open && find(self, place).is_none() {
                found.push((place.clone(), NONE.to_owned(), what.clone()));
            }
        }
        found
    }
}

/// The same document with its keys in order, for comparing.
fn sorted(json: &Json) -> Json {
    match json {
        Json::Object(map) => {
            let mut pairs: Vec<_> = map.iter().map(|(k, v)| (k.clone(), sorted(v))).collect();
            pairs.sort_by(|a, b| a.0.cmp(&b.0));
            Json::Object(pairs.into_iter().collect())
        }
        Json::Array(items) => items.iter().map(sorted).collect(),
        other => other.clone(),
    }
}
