//! Every setting of `fondaco.toml` on one list, and how its value is found: the default, the file,
//! the environment (`FONDACO_SERVER__LISTEN` for `listen` under `[server]`), and for secrets a file
//! of their own. Not here: what the settings do (`config` gives them to the program, typed).

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use fondaco_kernel::schema::nearest;
use serde_json::{Value as Json, json};
use toml::de::{DeTable, DeValue};
use toml::{Spanned, Table, Value};

use crate::wishes;

/// What a variable of the environment begins with.
const PREFIX: &str = "FONDACO_";
/// What follows the name of a secret where its file is named instead.
const FILE: &str = "_file";
const MASK: &str = "********";

/// What a setting holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Text,
    /// An address and a port.
    Address,
    /// A path, relative to the company folder.
    Path,
    /// An address of a service; a password has no place in it.
    Url(&'static [&'static str]),
    /// A whole number from the first to the second.
    Whole(i64, i64),
    Choice(&'static [&'static str]),
    List,
}

/// One setting: where it stands, what it holds, what it is for.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    pub section: &'static str,
    pub name: &'static str,
    pub kind: Kind,
    /// As it is written in TOML; `None` = not set.
    pub default: Option<&'static str>,
    /// Never in the file: only from the environment or from a file of its own.
    pub secret: bool,
    /// Taken up by a running server that is told to read again.
    pub live: bool,
    pub help: &'static str,
}

const fn key(
    section: &'static str,
    name: &'static str,
    kind: Kind,
    default: Option<&'static str>,
    help: &'static str,
) -> Key {
    Key { section, name, kind, default, secret: false, live: false, help }
}

impl Key {
    const fn secret(self) -> Key {
        Key { secret: true, ..self }
    }

    const fn live(self) -> Key {
        Key { live: true, ..self }
    }

    /// `server.listen`
    pub fn path(&self) -> String {
        format!("{}.{}", self.section, self.name)
    }

    /// `FONDACO_SERVER__LISTEN`
    pub fn variable(&self) -> String {
        format!("{PREFIX}{}__{}", self.section.to_uppercase(), self.name.to_uppercase())
    }

    /// Whether its value may stand in a file of its own.
    const fn has_own_file(&self) -> bool {
        self.secret || matches!(self.kind, Kind::Url(_))
    }

    fn file_variable(&self) -> String {
        format!("{}{}", self.variable(), FILE.to_uppercase())
    }
}

/// Every setting there is, in the order in which they are shown.
pub const KEYS: &[Key] = &[
    key(
        "server",
        "listen",
        Kind::Address,
        Some("\"127.0.0.1:8069\""),
        "Address and port; loopback unless somebody says otherwise.",
    ),
    key(
        "server",
        "apply",
        Kind::Choice(&["safe", "never"]),
        Some("\"safe\""),
        "What a start does by itself of what `fondaco plan` shows: what is safe, or nothing.",
    ),
    key("database", "file", Kind::Path, Some("\"fondaco.db\""), "The database inside the program."),
    key(
        "database",
        "url",
        Kind::Url(&["postgres", "postgresql"]),
        None,
        "A PostgreSQL server that holds the data instead: \"postgres://user@host/database\". With a \
         password it stands in a file of its own, named as url_file, or in the variable.",
    ),
    key(
        "database",
        "connections",
        Kind::Whole(2, 1000),
        Some("10"),
        "Connections to that server at the same time.",
    ),
    key("modules", "enabled", Kind::List, Some("[]"), "The modules that are switched on."),
    key(
        "log",
        "level",
        Kind::Text,
        Some("\"warn\""),
        "error, warn, info, debug or trace; also by part: \"warn,fondaco_kernel=debug\".",
    )
    .live(),
    key(
        "log",
        "format",
        Kind::Choice(&["auto", "human", "json"]),
        Some("\"auto\""),
        "Lines for people or for machines; auto is for people on a terminal, JSON elsewhere.",
    )
    .live(),
    key(
        "log",
        "slow_ms",
        Kind::Whole(0, 3_600_000),
        Some("1000"),
        "Requests that take longer are told in the log, in milliseconds; 0 = never.",
    )
    .live(),
    key(
        "limits",
        "requests",
        Kind::Whole(1, 100_000),
        Some("1024"),
        "Requests worked on at the same time; more are told to come again (503).",
    )
    .live(),
    key(
        "backup",
        "folder",
        Kind::Path,
        Some("\"backups\""),
        "Where `fondaco backup` puts copies; best on another disk.",
    ),
    key(
        "backup",
        "keep",
        Kind::Whole(0, 100_000),
        Some("14"),
        "How many backups `fondaco backup` leaves in its folder; 0 = all.",
    ),
    key(
        "trace",
        "endpoint",
        Kind::Url(&["http"]),
        None,
        "Where traces are sent: an OpenTelemetry collector, such as \"http://127.0.0.1:4318\".",
    ),
    key(
        "trace",
        "service",
        Kind::Text,
        Some("\"fondaco\""),
        "Under which name the traces of this server stand.",
    ),
    key("trace", "token", Kind::Text, None, "Sent to the collector as `Authorization: Bearer …`.")
        .secret(),
];

/// The section of pilots, which have names of their own: `[pilot.crm]`.
const PILOT: &str = "pilot";
/// What a pilot says, each a list of names.
const PILOT_KEYS: [(&str, &str); 5] = [
    ("modules", "Modules that are tried; left out, the one of the pilot's own name."),
    ("files", "Files of the company folder that are tried, such as \"models/order.toml\"."),
    ("companies", "Companies in which everybody has it."),
    ("roles", "Roles whose holders have it."),
    ("users", "Logins of users who have it."),
];

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum From {
    Default,
    File(String),
    Variable(String),
    SecretFile(String),
}

impl fmt::Display for From {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            From::Default => f.write_str("default"),
            From::File(path) | From::SecretFile(path) => f.write_str(path),
            From::Variable(name) => f.write_str(name),
        }
    }
}

/// The value of a setting, and where it came from.
#[derive(Clone, Debug)]
pub struct Setting {
    pub key: &'static Key,
    pub value: Option<Value>,
    pub from: From,
}

impl Setting {
    /// As it is written in TOML; secrets are masked.
    pub fn shown(&self) -> Option<String> {
        let value = self.value.as_ref()?;
        let masked = match (self.key.secret, self.key.kind, value) {
            (true, ..) => Value::String(MASK.to_owned()),
            (false, Kind::Url(_), Value::String(url)) => Value::String(without_password(url)),
            _ => value.clone(),
        };
        Some(masked.to_string())
    }
}

/// Finds the value of every setting. `path` names the file in messages and from where paths of
/// secrets are seen; `environment` holds the variables that begin with `FONDACO_`.
///
/// # Errors
/// Every mistake at once, each with its place and what to do.
pub fn resolve(
    path: &Path,
    text: &str,
    environment: &BTreeMap<String, String>,
) -> Result<Vec<Setting>, Vec<String>> {
    let mut wrong = Vec::new();
    let file = in_file(path, text, &mut wrong);
    unknown_variables(environment, &mut wrong);
    let mut found = Vec::with_capacity(KEYS.len());
    for key in KEYS {
        match value_of(key, path, &file, environment) {
            Ok(setting) => found.push(setting),
            Err(message) => wrong.push(message),
        }
    }
    if wrong.is_empty() { Ok(found) } else { Err(wrong) }
}

/// The settings as one table, as they would stand in a file.
pub fn table(settings: &[Setting]) -> Table {
    let mut whole = Table::new();
    for setting in settings {
        let section = whole.entry(setting.key.section).or_insert_with(|| Table::new().into());
        if let (Some(section), Some(value)) = (section.as_table_mut(), &setting.value) {
            section.insert(setting.key.name.to_owned(), value.clone());
        }
    }
    whole
}

/// What the file says: by path, the value and the place of it (`fondaco.toml:3:1`).
type InFile = BTreeMap<String, (Value, String)>;

/// `fondaco.toml:3:1`
pub(crate) fn place_of<'a>(path: &'a Path, text: &'a str) -> impl Fn(usize) -> String + 'a {
    move |at| {
        let before = &text[..at.min(text.len())];
        let column = before.len() - before.rfind('\n').map_or(0, |end| end + 1) + 1;
        format!("{}:{}:{column}", path.display(), before.matches('\n').count() + 1)
    }
}

/// The pilots of a file by name, each with its lists. A file that cannot be read has none: `resolve`
/// says why.
///
/// # Errors
/// Every mistake at once, each with its place and what to do.
pub fn pilots(path: &Path, text: &str) -> Result<Table, Vec<String>> {
    let (mut found, mut wrong, place) = (Table::new(), Vec::new(), place_of(path, text));
    let Ok(document) = DeTable::parse(text) else { return Ok(found) };
    let Some(DeValue::Table(named)) = document.get_ref().get(PILOT).map(Spanned::get_ref) else {
        return Ok(found);
    };
    for (name, lists) in named {
        let DeValue::Table(lists) = lists.get_ref() else {
            let at = place(name.span().start);
            wrong.push(format!("{at}: write [{PILOT}.{}] and its lists below", name.get_ref()));
            continue;
        };
        let mut pilot = Table::new();
        for (key, value) in lists {
            let (at, key) = (place(key.span().start), key.get_ref().as_ref());
            let names = plain(value.get_ref()).filter(is_list_of_names);
            if PILOT_KEYS.iter().all(|(known, _)| *known != key) {
                let hint = near(key, PILOT_KEYS.iter().map(|(known, _)| *known));
                wrong.push(format!("{at}: a pilot has no {key}{hint}"));
            } else if let Some(names) = names {
                pilot.insert(key.to_owned(), names);
            } else {
                wrong.push(format!("{at}: {key} is a list of names, such as [\"crm\"]"));
            }
        }
        found.insert(name.get_ref().to_string(), Value::Table(pilot));
    }
    if wrong.is_empty() { Ok(found) } else { Err(wrong) }
}

fn is_list_of_names(value: &Value) -> bool {
    value.as_array().is_some_and(|items| items.iter().all(Value::is_str))
}

fn in_file(path: &Path, text: &str, wrong: &mut Vec<String>) -> InFile {
    let mut found = InFile::new();
    let place = place_of(path, text);
    let document = match DeTable::parse(text) {
        Ok(document) => document,
        Err(error) => {
            let at = error.span().map_or(0, |span| span.start);
            wrong.push(format!("{}: {}", place(at), error.message()));
            return found;
        }
    };
    for (section, inside) in document.get_ref() {
        let at = place(section.span().start);
        let section = section.get_ref().as_ref();
        let known: Vec<&Key> = KEYS.iter().filter(|key| key.section == section).collect();
        let DeValue::Table(inside) = inside.get_ref() else {
            wrong.push(format!("{at}: write [{section}] and what belongs to it below"));
            continue;
        };
        if [PILOT, wishes::SECTION].contains(&section) {
            continue;
        }
        if known.is_empty() {
            let named = [PILOT, wishes::SECTION];
            let sections = KEYS.iter().map(|key| key.section).chain(named);
            wrong.push(format!("{at}: there is no section [{section}]{}", near(section, sections)));
            continue;
        }
        for (name, value) in inside {
            let at = place(name.span().start);
            match setting_in(&known, name.get_ref(), value) {
                Ok(value) => {
                    drop(found.insert(format!("{section}.{}", name.get_ref()), (value, at)))
                }
                Err(message) => wrong.push(format!("{at}: {message}")),
            }
        }
    }
    found
}

fn setting_in(
    known: &[&'static Key],
    name: &str,
    value: &Spanned<DeValue<'_>>,
) -> Result<Value, String> {
    let is_file_of = |key: &&&Key| key.has_own_file() && name.strip_suffix(FILE) == Some(key.name);
    let is_file = known.iter().any(|key| is_file_of(&key));
    match known.iter().find(|key| key.name == name) {
        Some(key) if key.secret => Err(format!(
            "{} is a secret: name a file in {name}{FILE}, or set {}",
            key.path(),
            key.variable()
        )),
        None if !is_file => {
            let section = known.first().map_or("", |key| key.section);
            let hint = near(name, known.iter().map(|key| key.name));
            Err(format!("there is no setting {section}.{name}{hint}"))
        }
        _ => plain(value.get_ref()).ok_or_else(|| "a value of this kind has no place here".into()),
    }
}

fn plain(value: &DeValue<'_>) -> Option<Value> {
    match value {
        DeValue::String(text) => Some(Value::String(text.to_string())),
        DeValue::Boolean(flag) => Some(Value::Boolean(*flag)),
        DeValue::Integer(number) => {
            i64::from_str_radix(number.as_str(), number.radix()).ok().map(Value::Integer)
        }
        DeValue::Array(items) => {
            let items: Option<Vec<Value>> = items.iter().map(|i| plain(i.get_ref())).collect();
            items.map(Value::Array)
        }
        _ => None,
    }
}

fn near<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(word, known).map_or_else(String::new, |near| format!("; did you mean {near}?"))
}

/// Every variable with a section in its name must be a setting, or it is a slip that does nothing.
fn unknown_variables(environment: &BTreeMap<String, String>, wrong: &mut Vec<String>) {
    let mut known: Vec<String> = KEYS.iter().map(Key::variable).collect();
    known.extend(KEYS.iter().filter(|key| key.has_own_file()).map(Key::file_variable));
    for name in environment.keys().filter(|name| name.contains("__") && !known.contains(name)) {
        let hint = near(name, known.iter().map(String::as_str));
        wrong.push(format!("the environment: there is no setting {name}{hint}"));
    }
}

fn value_of(
    key: &'static Key,
    path: &Path,
    file: &InFile,
    environment: &BTreeMap<String, String>,
) -> Result<Setting, String> {
    let (variable, in_file) = (key.variable(), file.get(&key.path()));
    if let Some(text) = environment.get(&variable) {
        let value = from_text(key, text).map_err(|why| format!("{variable}: {why}"))?;
        return Ok(Setting { key, value: Some(value), from: From::Variable(variable) });
    }
    if key.has_own_file()
        && let Some(setting) = from_own_file(key, path, file, environment)?
    {
        return Ok(setting);
    }
    if let Some((value, at)) = in_file {
        if matches!(key.kind, Kind::Url(_))
            && value.as_str().is_some_and(|url| without_password(url) != url)
        {
            return Err(format!(
                "{at}: {}: a password has no place in this file: name a file that holds the address \
                 in {}{FILE}, or set {variable}",
                key.path(),
                key.name
            ));
        }
        let value = checked(key, value.clone()).map_err(|why| format!("{at}: {why}"))?;
        let from = From::File(path.display().to_string());
        return Ok(Setting { key, value: Some(value), from });
    }
    let value =
        key.default.map(|text| literal(text).map_err(|why| format!("{}: {why}", key.path())));
    Ok(Setting { key, value: value.transpose()?, from: From::Default })
}

fn from_own_file(
    key: &'static Key,
    path: &Path,
    file: &InFile,
    environment: &BTreeMap<String, String>,
) -> Result<Option<Setting>, String> {
    let variable = key.file_variable();
    let (name, at) = match environment.get(&variable) {
        Some(name) => (name.clone(), variable),
        None => match file.get(&format!("{}{FILE}", key.path())) {
            Some((Value::String(name), at)) => (name.clone(), at.clone()),
            Some((_, at)) => return Err(format!("{at}: write the path of a file")),
            None => return Ok(None),
        },
    };
    let own = path.parent().unwrap_or(Path::new("")).join(&name);
    let text = std::fs::read_to_string(&own)
        .map_err(|error| format!("{at}: {} cannot be read: {error}", own.display()))?;
    let value = Value::String(text.trim_end_matches(['\r', '\n']).to_owned());
    let value = checked(key, value).map_err(|why| format!("{at}: {}: {why}", own.display()))?;
    Ok(Some(Setting { key, value: Some(value), from: From::SecretFile(own.display().to_string()) }))
}

fn literal(text: &str) -> Result<Value, String> {
    text.parse().map_err(|error: toml::de::Error| error.message().to_owned())
}

/// A variable of the environment: numbers as they are, lists by commas.
fn from_text(key: &Key, text: &str) -> Result<Value, String> {
    let value = match key.kind {
        Kind::Whole(..) => text.trim().parse().map(Value::Integer).map_err(|_| wanted(key))?,
        Kind::List => {
            let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
            Value::Array(items.map(|item| Value::String(item.to_owned())).collect())
        }
        _ => Value::String(text.to_owned()),
    };
    checked(key, value)
}

fn checked(key: &Key, value: Value) -> Result<Value, String> {
    let text = value.as_str();
    let good = match key.kind {
        Kind::Text | Kind::Path => text.is_some(),
        Kind::Address => text.is_some_and(|t| t.parse::<std::net::SocketAddr>().is_ok()),
        Kind::Url(schemes) => text.is_some_and(|t| {
            t.split_once("://").is_some_and(|(s, rest)| schemes.contains(&s) && !rest.is_empty())
        }),
        Kind::Whole(least, most) => value.as_integer().is_some_and(|n| (least..=most).contains(&n)),
        Kind::Choice(choices) => text.is_some_and(|t| choices.contains(&t)),
        Kind::List => is_list_of_names(&value),
    };
    match good {
        true => Ok(value),
        false if key.secret => Err(wanted(key)),
        false => Err(format!("{} (it is {value})", wanted(key))),
    }
}

fn wanted(key: &Key) -> String {
    let path = key.path();
    match key.kind {
        Kind::Text => format!("{path} is a text"),
        Kind::Path => format!("{path} is a path"),
        Kind::Address => {
            format!("{path} is an address and a port, such as \"127.0.0.1:8069\"")
        }
        Kind::Url(schemes) => format!("{path} begins with {}://", schemes.join(":// or ")),
        Kind::Whole(least, most) => format!("{path} is a whole number from {least} to {most}"),
        Kind::Choice(choices) => format!("{path} is one of {}", choices.join(", ")),
        Kind::List => format!("{path} is a list of names, such as [\"crm\"]"),
    }
}

/// `postgres://ann:secret@host/db` → `postgres://ann:********@host/db`
pub fn without_password(url: &str) -> String {
    if let Some(at) = url.find("password=").map(|at| at + "password=".len()) {
        let end = url[at..].find('&').map_or(url.len(), |end| at + end);
        return format!("{}{MASK}{}", &url[..at], &url[end..]);
    }
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    match rest[..end].rsplit_once('@') {
        Some((who, _)) if who.contains(':') => {
            let user = who.split(':').next().unwrap_or_default();
            format!("{scheme}://{user}:{MASK}{}", &rest[who.len()..])
        }
        _ => url.to_owned(),
    }
}

/// A file with every setting at its default, and what it is for: to begin from, and to look up.
pub fn documented() -> String {
    let mut text = String::from(
        "# Every setting, with its default. The environment stands above this file:\n\
         # FONDACO_SERVER__LISTEN is `listen` under [server]. Secrets are never written here: set\n\
         # their variable, or name a file that holds one. (live) = `fondaco reload` takes it up.\n",
    );
    let mut section = "";
    for key in KEYS {
        if key.section != section {
            section = key.section;
            text.push_str(&format!("\n[{section}]\n"));
        }
        let live = if key.live { " (live)" } else { "" };
        text.push_str(&format!("# {}{live}\n", key.help));
        text.push_str(&match (key.secret, key.default) {
            (true, _) => format!("# {}{FILE} = \"\"\n", key.name),
            (false, Some(default)) => format!("{} = {default}\n", key.name),
            (false, None) => format!("# {} = \"\"\n", key.name),
        });
    }
    text.push_str("\n# What some have before all others; it is among what is switched on.\n");
    text.push_str(&format!("# [{PILOT}.crm]\n"));
    for (name, help) in PILOT_KEYS {
        text.push_str(&format!("# {help}\n# {name} = []\n"));
    }
    text.push_str("\n# Plugins, carried out by `fondaco apply`; a new one at the start, too.\n");
    text.push_str(&format!("# [{}.\"publisher.name\"]\n", wishes::SECTION));
    for (name, help) in wishes::KEYS {
        text.push_str(&format!("# {name}: {help}\n"));
    }
    text
}

/// The JSON Schema of `fondaco.toml`, for editors.
pub fn json_schema() -> Json {
    let mut sections = serde_json::Map::new();
    for key in KEYS {
        let section = sections.entry(key.section).or_insert_with(
            || json!({ "type": "object", "additionalProperties": false, "properties": {} }),
        );
        let (name, shape) = match key.secret {
            true => (format!("{}{FILE}", key.name), json!({ "type": "string" })),
            false => (key.name.to_owned(), shape(key)),
        };
        let mut shape = shape;
        shape["description"] = key.help.into();
        section["properties"][name] = shape;
        if key.has_own_file() && !key.secret {
            let file = format!("{}{FILE}", key.name);
            section["properties"][file] = json!({ "type": "string" });
        }
    }
    let lists = PILOT_KEYS.map(|(name, help)| {
        let list = json!({ "type": "array", "items": { "type": "string" }, "description": help });
        (name.to_owned(), list)
    });
    let lists: serde_json::Map<String, Json> = lists.into_iter().collect();
    let pilot = json!({ "type": "object", "additionalProperties": false, "properties": lists });
    sections.insert(PILOT.into(), json!({ "type": "object", "additionalProperties": pilot }));
    let told = wishes::KEYS.map(|(name, help)| (name.to_owned(), json!({ "description": help })));
    let told: serde_json::Map<String, Json> = told.into_iter().collect();
    let plugin = json!({ "type": "object", "properties": told });
    sections.insert(
        wishes::SECTION.into(),
        json!({ "type": "object", "additionalProperties": plugin }),
    );
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "fondaco.toml",
        "type": "object",
        "additionalProperties": false,
        "properties": sections,
    })
}

fn shape(key: &Key) -> Json {
    let mut shape = match key.kind {
        Kind::Text | Kind::Path | Kind::Address => json!({ "type": "string" }),
        Kind::Url(schemes) => {
            json!({ "type": "string", "pattern": format!("^({})://", schemes.join("|")) })
        }
        Kind::Whole(least, most) => {
            json!({ "type": "integer", "minimum": least, "maximum": most })
        }
        Kind::Choice(choices) => json!({ "enum": choices }),
        Kind::List => json!({ "type": "array", "items": { "type": "string" } }),
    };
    if let Some(Ok(default)) = key.default.map(literal) {
        shape["default"] = serde_json::to_value(default).unwrap_or_default();
    }
    shape
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(text: &str, environment: &[(&str, &str)]) -> Result<Vec<Setting>, Vec<String>> {
        let set = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        resolve(Path::new("fondaco.toml"), text, &environment.iter().map(set).collect())
    }

    fn shown(settings: &[Setting], path: &str) -> (String, String) {
        let setting = settings.iter().find(|setting| setting.key.path() == path).unwrap();
        (setting.shown().unwrap_or_default(), setting.from.to_string())
    }

    #[test]
    fn the_environment_stands_above_the_file_and_the_file_above_the_default() {
        let text = "[log]\nlevel = \"info\"\nslow_ms = 5\n";
        let found = settings(text, &[("FONDACO_LOG__SLOW_MS", "7")]).unwrap();
        for (path, value, from) in [
            ("log.format", "\"auto\"", "default"),
            ("log.level", "\"info\"", "fondaco.toml"),
            ("log.slow_ms", "7", "FONDACO_LOG__SLOW_MS"),
            ("trace.endpoint", "", "default"),
        ] {
            assert_eq!(shown(&found, path), (value.to_owned(), from.to_owned()), "{path}");
        }
        let list = settings("", &[("FONDACO_MODULES__ENABLED", "crm, sales")]).unwrap();
        assert_eq!(shown(&list, "modules.enabled").0, "[\"crm\", \"sales\"]");
    }

    #[test]
    fn every_mistake_is_told_at_once_with_its_place_and_the_cure() {
        let text = "[server]\nlissten = \"x\"\n[databse]\nfile = \"a\"\n[log]\nformat = \"xml\"\n\
                    slow_ms = -1\n[trace]\ntoken = \"abc\"\nendpoint = \"http://a:b@c\"\n";
        let wrong = settings(text, &[("FONDACO_LIMITS__REQUEST", "1")]).unwrap_err();
        let expected = [
            "fondaco.toml:2:1: there is no setting server.lissten; did you mean listen?",
            "fondaco.toml:3:2: there is no section [databse]; did you mean database?",
            "fondaco.toml:9:1: trace.token is a secret: name a file in token_file, \
             or set FONDACO_TRACE__TOKEN",
            "the environment: there is no setting FONDACO_LIMITS__REQUEST; \
             did you mean FONDACO_LIMITS__REQUESTS?",
            "fondaco.toml:6:1: log.format is one of auto, human, json (it is \"xml\")",
            "fondaco.toml:7:1: log.slow_ms is a whole number from 0 to 3600000 (it is -1)",
            "fondaco.toml:10:1: trace.endpoint: a password has no place in this file: name a file \
             that holds the address in endpoint_file, or set FONDACO_TRACE__ENDPOINT",
        ];
        assert_eq!(wrong, expected);
        let wrong = settings("[server\n", &[]).unwrap_err();
        assert!(wrong[0].starts_with("fondaco.toml:1:"), "{wrong:?}");
        let wrong = settings("", &[("FONDACO_SERVER__LISTEN", "here")]).unwrap_err();
        assert!(wrong[0].contains("127.0.0.1:8069"), "{wrong:?}");
    }

    #[test]
    fn pilots_have_lists_under_names_of_their_own() {
        let path = Path::new("fondaco.toml");
        let found = pilots(path, "[pilot.crm]\nroles = [\"chief\"]\n").unwrap();
        assert_eq!(found["crm"]["roles"][0].as_str(), Some("chief"));
        let wrong = pilots(path, "[pilot]\nx = 1\n[pilot.crm]\nrols = []\nusers = \"ann\"\n");
        assert_eq!(
            wrong.unwrap_err(),
            [
                "fondaco.toml:2:1: write [pilot.x] and its lists below",
                "fondaco.toml:4:1: a pilot has no rols; did you mean roles?",
                "fondaco.toml:5:1: users is a list of names, such as [\"crm\"]",
            ]
        );
    }

    #[test]
    fn secrets_come_from_the_environment_or_a_file_and_are_never_shown() {
        let found = settings("", &[("FONDACO_TRACE__TOKEN", "abc")]).unwrap();
        let masked = (format!("\"{MASK}\""), "FONDACO_TRACE__TOKEN".to_owned());
        assert_eq!(shown(&found, "trace.token"), masked);
        assert_eq!(table(&found)["trace"]["token"].as_str(), Some("abc"));
        let wrong = settings("[trace]\ntoken_file = \"not/there\"\n", &[]).unwrap_err();
        assert!(wrong[0].starts_with("fondaco.toml:2:1: not/there cannot be read"), "{wrong:?}");
        for (url, masked) in [
            ("postgres://ann:secret@host/db", "postgres://ann:********@host/db"),
            ("postgres://ann@host/db", "postgres://ann@host/db"),
            ("http://host:4318/a@b:c", "http://host:4318/a@b:c"),
            ("postgres://h/d?user=a&password=b&x=1", "postgres://h/d?user=a&password=********&x=1"),
        ] {
            assert_eq!(without_password(url), masked);
        }
    }

    #[test]
    fn the_documented_file_says_what_holds_without_it() {
        let (documented, nothing) =
            (settings(&documented(), &[]).unwrap(), settings("", &[]).unwrap());
        assert_eq!(table(&documented), table(&nothing));
        let schema = json_schema();
        assert_eq!(schema["properties"]["log"]["properties"]["slow_ms"]["default"], 1000);
        assert!(schema["properties"]["trace"]["properties"]["token"].is_null());
    }
}
