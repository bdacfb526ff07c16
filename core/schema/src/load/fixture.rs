//! A fixture's TOML → [`Fixture`], read strictly against the manifest of its plugin, and against a schema
//! where there is one: names of models and fields, and numbers as the field holds them.
//! A number with a point is a decimal, one without is whole; a link is `{ record = "name" }` or `{ id = 7 }`;
//! a list of tables is lines; `{ json = … }` is a document, `{ nothing = true }` an empty field.

use std::str::FromStr;

use fondaco_values::{AnyId, Date, Decimal, Timestamp, Value};
use serde_json::Value as Json;

use super::document::{Document, Entry, Faults, Item, Place, Table};
use crate::fixture::{
    Aim, Allowed, Fields, Fixture, Found, Given, Knock, OfferOf, Peer, PostedLine, Question,
    Sample, SampleLine, Then, Wanted, Written,
};
use crate::plugin::{Hook, Manifest, Point};
use crate::{Fault, Schema, Source};

/// The one grammar of fixtures that there is.
const FIXTURE: i64 = 1;
/// When nothing is said of the hour.
const NOW: &str = "2026-03-02T09:00:00Z";
const STANDING: [&str; 4] = ["limit", "receivable", "overdue", "held"];

/// Reads a fixture of a plugin.
///
/// # Errors
/// All that is wrong, each with its place.
pub fn fixture(
    source: &Source,
    manifest: &Manifest,
    schema: Option<&Schema>,
) -> Result<Fixture, Vec<Fault>> {
    let sources = std::slice::from_ref(source);
    let mut faults = Faults::new(sources);
    let document = Document::parse(0, source, &mut faults);
    let root = document.root();
    root.only(&["fixture", "name", "given", "when", "then"], &mut faults);
    if root.number("fixture", &mut faults) != Some(Decimal::from(FIXTURE)) {
        let help = format!("write `fixture = {FIXTURE}` as the first line");
        let message = "it does not say which grammar it is written in";
        faults.with_help(root.place, message, Some(help));
    }
    let mut reader = Reader { faults, manifest, schema, given: Given::default(), last: 0 };
    let found = reader.fixture(root, &source.path);
    let faults = reader.faults.sorted();
    match found {
        Some(found) if faults.is_empty() => Ok(found),
        _ => Err(faults),
    }
}

struct Reader<'s> {
    faults: Faults<'s>,
    manifest: &'s Manifest,
    schema: Option<&'s Schema>,
    given: Given,
    /// The last id that was given to a record without one.
    last: i64,
}

impl Reader<'_> {
    fn fixture(&mut self, root: Table<'_>, path: &str) -> Option<Fixture> {
        let name = root.words("name", &mut self.faults);
        if !root.has("name") {
            self.faults.at(root.place, "`name` is missing: one sentence that says what is shown");
        }
        if let Some(given) = root.table("given", &mut self.faults).filter(|_| root.has("given")) {
            self.given(given);
        } else {
            self.hour(root);
        }
        let (Some(when), Some(then)) = (self.part(root, "when"), self.part(root, "then")) else {
            return None;
        };
        let manifest = self.manifest;
        let hook = self.word(when, "hook")?;
        let Some(of) = manifest.hooks.get(&hook) else {
            let known = manifest.hooks.keys().map(String::as_str);
            let message = format!("{} has no hook `{hook}`", manifest.id);
            let place = when.item("hook").map_or(when.place, |item| item.place);
            self.faults.unknown(place, message, &hook, known);
            return None;
        };
        let question = self.question(when, of)?;
        let mut fixture = Fixture {
            name: name.unwrap_or_default(),
            path: path.to_owned(),
            given: std::mem::take(&mut self.given),
            hook,
            question,
            then: Then::default(),
        };
        self.given = fixture.given.clone();
        fixture.then = self.then(then, of, &fixture);
        Some(fixture)
    }

    fn part<'t>(&mut self, root: Table<'t>, key: &str) -> Option<Table<'t>> {
        if !root.has(key) {
            self.faults.at(root.place, format!("there is no [{key}]"));
            return None;
        }
        root.table(key, &mut self.faults)
    }

    fn word(&mut self, table: Table<'_>, key: &str) -> Option<String> {
        if !table.has(key) {
            self.faults.at(table.place, format!("`{key}` is missing"));
        }
        table.words(key, &mut self.faults)
    }
}

/// What is there.
impl Reader<'_> {
    fn given(&mut self, table: Table<'_>) {
        let known =
            ["now", "language", "settings", "records", "standing", "found", "kept", "peers"];
        table.only(&known, &mut self.faults);
        self.hour(table);
        if let Some(language) = table.words("language", &mut self.faults) {
            self.given.language = language;
        }
        if table.has("settings") {
            self.settings(table);
        }
        if table.has("records") {
            self.records(table);
        }
        if table.has("standing") {
            self.standings(table);
        }
        for item in table.items("found", &mut self.faults) {
            self.found(item);
        }
        if table.has("kept") {
            self.given.kept = self.pairs(table, "kept");
        }
        for item in table.items("peers", &mut self.faults) {
            let peer = self.peer(item);
            self.given.peers.extend(peer);
        }
    }

    /// Texts by name.
    fn pairs(&mut self, table: Table<'_>, key: &str) -> Vec<(String, String)> {
        let Some(of) = table.table(key, &mut self.faults) else { return Vec::new() };
        let mut pairs = Vec::new();
        for entry in of.entries() {
            let text = entry.item.text(entry.name, &mut self.faults);
            pairs.extend(text.map(|text| (entry.name.to_owned(), text.text)));
        }
        pairs
    }

    fn peer(&mut self, item: Item<'_>) -> Option<Peer> {
        let own = item.table("peers", &mut self.faults)?;
        own.only(&["method", "url", "status", "body"], &mut self.faults);
        let method = own.words("method", &mut self.faults).unwrap_or_else(|| "GET".to_owned());
        let url = self.word(own, "url")?;
        let status = self.status(own);
        let body = own.text("body", &mut self.faults).map(|text| text.text).unwrap_or_default();
        Some(Peer { method, url, status, body })
    }

    /// A status of HTTP; nothing said is 200.
    fn status(&mut self, own: Table<'_>) -> u16 {
        let Some(item) = own.item("status") else { return 200 };
        let status = own.number("status", &mut self.faults).and_then(|n| u16::try_from(n).ok());
        status.filter(|status| (100..=599).contains(status)).unwrap_or_else(|| {
            self.faults.at(item.place, "`status` is a number from 100 to 599");
            200
        })
    }

    fn standings(&mut self, table: Table<'_>) {
        let Some(of) = table.table("standing", &mut self.faults) else { return };
        for entry in of.entries() {
            self.named(entry.name, entry.place);
            let Some(own) = entry.item.table(entry.name, &mut self.faults) else { continue };
            own.only(&STANDING, &mut self.faults);
            let whole = |(name, value)| match value {
                Value::Int(number) => (name, Value::Decimal(Decimal::from(number))),
                other => (name, other),
            };
            let fields = self.fields(own, "", &[]).into_iter().map(whole).collect();
            self.given.standings.push((entry.name.to_owned(), fields));
        }
    }

    fn hour(&mut self, table: Table<'_>) {
        let read = table.item("now").map(|item| (item.place, self.scalar(item)));
        self.given.now = match read {
            Some((_, Value::Time(time))) => time,
            Some((place, _)) => {
                self.faults.at(place, format!("`now` wants a time, such as {NOW}"));
                Timestamp::UNIX_EPOCH
            }
            None => NOW.parse().unwrap_or_default(),
        };
        "en".clone_into(&mut self.given.language);
    }

    fn settings(&mut self, table: Table<'_>) {
        let manifest = self.manifest;
        let Some(settings) = table.table("settings", &mut self.faults) else { return };
        for entry in settings.entries() {
            let Some(setting) = manifest.settings.get(entry.name) else {
                let message = format!("{} has no setting `{}`", manifest.id, entry.name);
                let known = manifest.settings.keys().map(String::as_str);
                self.faults.unknown(entry.place, message, entry.name, known);
                continue;
            };
            let text = entry.item.expression().map(|text| text.text);
            let text = text.filter(|text| setting.kind.holds(text));
            match text {
                Some(text) => self.given.settings.push((entry.name.to_owned(), text)),
                None => {
                    let message = format!("`{}` wants a {}", entry.name, setting.kind.name());
                    self.faults.at(entry.item.place, message);
                }
            }
        }
    }

    /// All names first, so that records can lead to those below them.
    fn records(&mut self, table: Table<'_>) {
        let Some(models) = table.table("records", &mut self.faults) else { return };
        let mut tables = Vec::new();
        for model in models.entries() {
            self.known_model(model.name, model.place);
            let Some(of) = model.item.table(model.name, &mut self.faults) else { continue };
            for entry in of.entries() {
                tables.extend(self.sample(model.name, &entry));
            }
        }
        for (at, own) in tables.into_iter().enumerate() {
            let model = self.given.records[at].model.clone();
            let lines = self.lines(own, &model);
            let skip: Vec<&str> = ["id", "version"]
                .into_iter()
                .chain(lines.iter().map(|(n, _)| n.as_str()))
                .collect();
            let fields = self.fields(own, &model, &skip);
            let version = own.number("version", &mut self.faults);
            let sample = &mut self.given.records[at];
            (sample.fields, sample.lines) = (fields, lines);
            sample.version = version.and_then(|v| i64::try_from(v).ok()).unwrap_or(1);
        }
    }

    /// A record by name; what it holds is read when all names are known.
    fn sample<'t>(&mut self, model: &str, entry: &Entry<'t>) -> Option<Table<'t>> {
        let own = entry.item.table(entry.name, &mut self.faults)?;
        if self.given.records.iter().any(|sample| sample.name == entry.name) {
            let message = format!("two records are called `{}`", entry.name);
            self.faults.at(entry.place, message);
        }
        let (name, model, id) = (entry.name.to_owned(), model.to_owned(), self.own_id(own));
        self.given.records.push(Sample { name, model, id, version: 1, ..Sample::default() });
        Some(own)
    }

    fn own_id(&mut self, own: Table<'_>) -> AnyId {
        let given = own.number("id", &mut self.faults).and_then(|id| i64::try_from(id).ok());
        AnyId::new(given.unwrap_or_else(|| {
            self.last += 1;
            self.last
        }))
    }

    fn lines(&mut self, own: Table<'_>, model: &str) -> Vec<(String, Vec<SampleLine>)> {
        let mut found = Vec::new();
        for entry in own.entries() {
            let Some(items) = entry.item.items().filter(|items| !items.is_empty()) else {
                continue;
            };
            let is_row = |item: &Item<'_>| {
                item.as_table().is_some_and(|table| !table.has("record") && !is_id(table))
            };
            if !items.iter().all(is_row) {
                continue;
            }
            let below = self.below(model, entry.name);
            let rows = items.iter().filter_map(Item::as_table).map(|row| SampleLine {
                id: self.own_id(row),
                fields: self.fields(row, &below, &["id"]),
            });
            found.push((entry.name.to_owned(), rows.collect()));
        }
        found
    }

    /// The model of the lines of a field; none where no schema knows it.
    fn below(&self, model: &str, field: &str) -> String {
        let kind = self.schema.and_then(|schema| schema.field(model, field));
        match kind.map(|(_, field)| &field.kind) {
            Some(crate::Kind::Lines { of, .. }) => of.clone(),
            _ => String::new(),
        }
    }

    fn found(&mut self, item: Item<'_>) {
        let Some(own) = item.table("found", &mut self.faults) else { return };
        own.only(&["model", "filter", "records"], &mut self.faults);
        let Some(model) = self.word(own, "model") else { return };
        let filter = own.words("filter", &mut self.faults).unwrap_or_default();
        let records = own.texts("records", &mut self.faults);
        records.iter().for_each(|name| self.named(&name.text, name.place));
        let records = records.into_iter().map(|name| name.text).collect();
        self.given.found.push(Found { model, filter, records });
    }

    /// The record of this name, or a fault.
    fn named(&mut self, name: &str, place: Place) {
        if self.given.records.iter().any(|sample| sample.name == name) {
            return;
        }
        let names: Vec<String> = self.given.records.iter().map(|r| r.name.clone()).collect();
        let message = format!("[given.records] has no `{name}`");
        self.faults.unknown(place, message, name, names.iter().map(String::as_str));
    }

    fn id_of(&self, name: &str) -> AnyId {
        let found = self.given.records.iter().find(|sample| sample.name == name);
        found.map(|sample| sample.id).unwrap_or_default()
    }
}

/// Values.
impl Reader<'_> {
    /// The fields of a table, but for some keys; of a model, where a schema knows it.
    fn fields(&mut self, table: Table<'_>, model: &str, skip: &[&str]) -> Fields {
        let entries = table.entries().into_iter().filter(|entry| !skip.contains(&entry.name));
        let mut fields = Fields::new();
        for entry in entries {
            let value = self.value(entry.item);
            let value = self.held(model, entry.name, entry.place, value);
            fields.push((entry.name.to_owned(), value));
        }
        fields
    }

    /// As the field of a model holds it.
    fn held(&mut self, model: &str, name: &str, place: Place, value: Value) -> Value {
        let Some(known) = self.schema.and_then(|schema| schema.model(model)) else { return value };
        let Some(field) = known.field(name) else {
            let message = format!("{model} has no field `{name}`");
            self.faults.unknown(place, message, name, known.fields.keys().map(String::as_str));
            return value;
        };
        match value {
            Value::Int(number) if field.kind.scale().is_some() => {
                Value::Decimal(Decimal::from(number))
            }
            other => other,
        }
    }

    fn value(&mut self, item: Item<'_>) -> Value {
        if let Some(items) = item.items() {
            return Value::List(items.into_iter().map(|item| self.value(item)).collect());
        }
        let Some(table) = item.as_table() else { return self.scalar(item) };
        if let Some(name) = table.item("record") {
            table.only(&["record"], &mut self.faults);
            let Some(name) = name.text("record", &mut self.faults) else { return Value::Null };
            self.named(&name.text, name.place);
            return Value::Link(self.id_of(&name.text));
        }
        if is_id(table) {
            let id = table.number("id", &mut self.faults).and_then(|id| i64::try_from(id).ok());
            return Value::Link(AnyId::new(id.unwrap_or_default()));
        }
        if let Some(json) = table.item("json") {
            return Value::Json(self.document(json));
        }
        if !table.flag("nothing", &mut self.faults) {
            let message = "a value is a text, a number, true, false, a date, or one of \
                           { record = \"name\" }, { id = 7 }, { json = … }, { nothing = true }";
            self.faults.at(item.place, message);
        }
        Value::Null
    }

    fn scalar(&mut self, item: Item<'_>) -> Value {
        if let Some(text) = item.as_text() {
            return Value::Text(text.to_owned());
        }
        let text = match (item.expression(), item.json()) {
            (Some(text), _) => text.text,
            (None, Json::String(time)) => time,
            (None, _) => String::new(),
        };
        if let Ok(truth) = bool::from_str(&text) {
            return Value::Bool(truth);
        }
        let found = None
            .or_else(|| i64::from_str(&text).ok().map(Value::Int))
            .or_else(|| Decimal::from_str(&text).ok().map(Value::Decimal))
            .or_else(|| Date::from_str(&text).ok().filter(|_| text.len() == 10).map(Value::Date))
            .or_else(|| Timestamp::from_str(&text).ok().map(Value::Time));
        found.unwrap_or_else(|| {
            let message = format!("`{text}` is no number, no date and no time in UTC");
            self.faults.at(item.place, message);
            Value::Null
        })
    }

    /// JSON as a table, or as its text.
    fn document(&mut self, item: Item<'_>) -> Json {
        let Some(text) = item.as_text() else { return item.json() };
        serde_json::from_str(text).unwrap_or_else(|error| {
            self.faults.at(item.place, format!("it is no JSON: {error}"));
            Json::Null
        })
    }

    fn payload(&mut self, table: Table<'_>) -> Json {
        table.item("payload").map_or(Json::Null, |item| self.document(item))
    }

    fn decimal(&mut self, table: Table<'_>, key: &str) -> Decimal {
        if !table.has(key) {
            self.faults.at(table.place, format!("`{key}` is missing"));
        }
        table.number(key, &mut self.faults).unwrap_or_default()
    }

    fn known_model(&mut self, name: &str, place: Place) {
        let Some(schema) = self.schema.filter(|schema| schema.model(name).is_none()) else {
            return;
        };
        let message = format!("there is no model `{name}`");
        self.faults.unknown(place, message, name, schema.models.keys().map(String::as_str));
    }
}

fn is_id(table: Table<'_>) -> bool {
    table.has("id") && table.entries().len() == 1
}

/// What the plugin is asked.
impl Reader<'_> {
    fn question(&mut self, when: Table<'_>, hook: &Hook) -> Option<Question> {
        match hook.point {
            Point::Save => {
                when.only(&["hook", "record", "records", "before"], &mut self.faults);
                self.saving(when)
            }
            Point::Guard | Point::Effect | Point::Action => {
                when.only(&["hook", "action", "record", "arguments"], &mut self.faults);
                let action = match (when.has("action"), hook.actions.as_slice()) {
                    (false, [only]) => only.clone(),
                    _ => self.word(when, "action")?,
                };
                let record = self.subject(when)?;
                let arguments = match when.has("arguments") {
                    true => when.table("arguments", &mut self.faults),
                    false => None,
                };
                let arguments = arguments.map(|own| self.fields(own, "", &[])).unwrap_or_default();
                Some(Question::Deed { action, record, arguments })
            }
            Point::Price => {
                when.only(&["hook", "offers"], &mut self.faults);
                let offers = when.items("offers", &mut self.faults);
                if offers.is_empty() {
                    self.faults.at(when.place, "there are no [[when.offers]]");
                }
                let offers: Vec<_> =
                    offers.into_iter().filter_map(|item| self.offer(item)).collect();
                Some(Question::Price(offers))
            }
            Point::Event => {
                when.only(&["hook", "event", "record", "payload"], &mut self.faults);
                let name = self.word(when, "event")?;
                let (record, payload) = (self.subject(when)?, self.payload(when));
                Some(Question::Event { name, record, payload })
            }
            Point::Job => {
                when.only(&["hook", "payload"], &mut self.faults);
                Some(Question::Job { payload: self.payload(when) })
            }
            Point::Request => self.knock(when, hook).map(Question::Request),
        }
    }

    fn knock(&mut self, when: Table<'_>, hook: &Hook) -> Option<Knock> {
        let known = ["hook", "method", "path", "query", "headers", "body", "user"];
        when.only(&known, &mut self.faults);
        let method = match (when.has("method"), hook.methods.as_slice()) {
            (false, [only]) => only.clone(),
            _ => self.word(when, "method")?,
        };
        if !hook.methods.contains(&method) {
            let place = when.item("method").map_or(when.place, |item| item.place);
            let message = format!("the hook does not take {method}");
            let known = hook.methods.iter().map(String::as_str);
            self.faults.unknown(place, message, &method, known);
        }
        let text = |reader: &mut Self, key: &str| {
            when.text(key, &mut reader.faults).map(|text| text.text).unwrap_or_default()
        };
        let (path, query, body) = (text(self, "path"), text(self, "query"), text(self, "body"));
        let headers = if when.has("headers") { self.pairs(when, "headers") } else { Vec::new() };
        let user = when.words("user", &mut self.faults);
        Some(Knock { method, path, query, headers, body, user })
    }

    fn subject(&mut self, when: Table<'_>) -> Option<String> {
        let name = self.word(when, "record")?;
        self.named(&name, when.item("record").map_or(when.place, |item| item.place));
        Some(name)
    }

    fn saving(&mut self, when: Table<'_>) -> Option<Question> {
        let mut records: Vec<String> = Vec::new();
        for name in when.texts("records", &mut self.faults) {
            self.named(&name.text, name.place);
            records.push(name.text);
        }
        if records.is_empty() {
            records.push(self.subject(when)?);
        }
        let of = match when.has("before") {
            true => when.table("before", &mut self.faults)?.entries(),
            false => Vec::new(),
        };
        let before = of.iter().filter_map(|entry| self.earlier(entry, &records)).collect();
        Some(Question::Save { records, before })
    }

    /// What one of the records was, as far as it is said.
    fn earlier(&mut self, entry: &Entry<'_>, records: &[String]) -> Option<(String, Fields)> {
        if !records.iter().any(|name| name == entry.name) {
            let message = format!("`{}` is not among the records that are saved", entry.name);
            let known = records.iter().map(String::as_str);
            self.faults.unknown(entry.place, message, entry.name, known);
        }
        let model = self.given.records.iter().find(|sample| sample.name == entry.name);
        let model = model.map(|sample| sample.model.clone()).unwrap_or_default();
        let own = entry.item.table(entry.name, &mut self.faults)?;
        Some((entry.name.to_owned(), self.fields(own, &model, &[])))
    }

    fn offer(&mut self, item: Item<'_>) -> Option<OfferOf> {
        let own = item.table("offers", &mut self.faults)?;
        let known = ["product", "party", "currency", "quantity", "on", "list", "net"];
        own.only(&known, &mut self.faults);
        let link = |reader: &mut Self, key: &str| {
            let item = own.item(key)?;
            let name = item.text(key, &mut reader.faults)?;
            reader.named(&name.text, name.place);
            Some(reader.id_of(&name.text))
        };
        let (product, party) = (link(self, "product"), link(self, "party"));
        let currency = link(self, "currency").unwrap_or(AnyId::new(1));
        if product.is_none() {
            self.faults.at(own.place, "`product` is missing: the name of a record");
        }
        let on = own.item("on").map(|item| self.scalar(item));
        let on = match on {
            Some(Value::Date(date)) => date,
            _ => NOW.get(..10).and_then(|text| text.parse().ok()).unwrap_or_default(),
        };
        let list = self.decimal(own, "list");
        let net = if own.has("net") { self.decimal(own, "net") } else { list };
        let quantity = self.decimal(own, "quantity");
        Some(OfferOf { product: product?, party, currency, quantity, on, list, net })
    }
}

/// What must come of it.
impl Reader<'_> {
    fn then(&mut self, then: Table<'_>, hook: &Hook, fixture: &Fixture) -> Then {
        let known: &[&str] = match hook.point {
            Point::Save => &["problems", "changes", "error", "limits"],
            Point::Guard => &["proceed", "problems", "held", "effects", "error", "limits"],
            Point::Action => &["message", "effects", "done", "error", "limits"],
            Point::Price => &["steps", "error", "limits"],
            Point::Effect | Point::Event | Point::Job => &["effects", "done", "error", "limits"],
            Point::Request => &["status", "headers", "body", "effects", "done", "error", "limits"],
        };
        then.only(known, &mut self.faults);
        let mut answer = Written::default();
        if let Some(error) = then.words("error", &mut self.faults) {
            answer.say("error", error);
        }
        if hook.point == Point::Guard {
            self.ruling(then, &mut answer);
        }
        if hook.point == Point::Request && !then.has("error") {
            self.page(then, &mut answer);
        }
        self.problems(then, fixture, &mut answer);
        self.changes(then, fixture, &mut answer);
        if let Some(message) = then.words("message", &mut self.faults) {
            answer.say("message", message);
        }
        for key in ["effects", "done"] {
            let items = then.items(key, &mut self.faults);
            let all: Vec<Wanted> = items.into_iter().filter_map(|item| self.wanted(item)).collect();
            answer.wanted(key, &all, &fixture.names());
        }
        self.steps(then, &mut answer);
        Then { answer, limits: self.allowed(then) }
    }

    fn ruling(&mut self, then: Table<'_>, answer: &mut Written) {
        let said: Vec<&str> =
            ["proceed", "problems", "held", "error"].into_iter().filter(|k| then.has(k)).collect();
        if said.len() != 1 {
            let message = "a guard does one thing: `proceed = true`, [[then.problems]], \
                           `held = \"…\"` or `error = \"…\"`";
            self.faults.at(then.place, message);
        }
        match said.first().copied() {
            Some("proceed") => {
                then.flag("proceed", &mut self.faults);
                answer.say("ruling", "proceed");
            }
            Some("problems") => answer.say("ruling", "refuse"),
            Some("held") => {
                answer.say("ruling", "hold");
                answer.say("held", then.words("held", &mut self.faults).unwrap_or_default());
            }
            _ => {}
        }
    }

    fn page(&mut self, then: Table<'_>, answer: &mut Written) {
        answer.say("status", self.status(then).to_string());
        if then.has("headers") {
            for (name, value) in self.pairs(then, "headers") {
                answer.say(format!("headers.{name}"), format!("{value:?}"));
            }
        }
        let body = then.text("body", &mut self.faults).map(|text| text.text).unwrap_or_default();
        answer.say("body", format!("{body:?}"));
    }

    fn problems(&mut self, then: Table<'_>, fixture: &Fixture, answer: &mut Written) {
        let first = match &fixture.question {
            Question::Save { records, .. } => records.first().cloned(),
            _ => None,
        };
        let mut counted: Vec<String> = Vec::new();
        for item in then.items("problems", &mut self.faults) {
            let Some(own) = item.table("problems", &mut self.faults) else { continue };
            own.only(&["record", "field", "code", "message", "arguments"], &mut self.faults);
            let of = own.words("record", &mut self.faults).or_else(|| first.clone());
            let of = of.map(|name| format!(".{name}")).unwrap_or_default();
            let at = counted.iter().filter(|name| **name == of).count();
            let place = format!("problems{of}[{at}]");
            counted.push(of);
            self.problem(own, &place, answer);
        }
    }

    fn problem(&mut self, own: Table<'_>, place: &str, answer: &mut Written) {
        for key in ["field", "code", "message"] {
            if let Some(text) = own.words(key, &mut self.faults) {
                answer.say(format!("{place}.{key}"), format!("{text:?}"));
            }
        }
        if !own.has("arguments") {
            return;
        }
        let Some(arguments) = own.table("arguments", &mut self.faults) else { return };
        for entry in arguments.entries() {
            let text = entry.item.expression().map(|text| text.text).unwrap_or_default();
            answer.say(format!("{place}.arguments.{}", entry.name), format!("{text:?}"));
        }
    }

    fn changes(&mut self, then: Table<'_>, fixture: &Fixture, answer: &mut Written) {
        if !then.has("changes") {
            return;
        }
        let Some(changes) = then.table("changes", &mut self.faults) else { return };
        for entry in changes.entries() {
            self.named(entry.name, entry.place);
            let model = fixture.record(entry.name).map(|sample| sample.model.clone());
            let Some(own) = entry.item.table(entry.name, &mut self.faults) else { continue };
            let fields = self.fields(own, &model.unwrap_or_default(), &[]);
            answer.fields(&format!("changes.{}", entry.name), &fields, &fixture.names());
        }
    }

    fn steps(&mut self, then: Table<'_>, answer: &mut Written) {
        for (offer, item) in then.items("steps", &mut self.faults).into_iter().enumerate() {
            let Some(steps) = item.items() else {
                self.faults.at(item.place, "`steps` is a list of steps for each offer");
                continue;
            };
            for (at, step) in steps.into_iter().enumerate() {
                self.step(step, &format!("steps[{offer}][{at}]"), answer);
            }
        }
    }

    fn step(&mut self, step: Item<'_>, place: &str, answer: &mut Written) {
        let Some(own) = step.table("steps", &mut self.faults) else { return };
        own.only(&["label", "change"], &mut self.faults);
        let label = self.word(own, "label").unwrap_or_default();
        let change = self.decimal(own, "change").normalize();
        answer.say(format!("{place}.label"), format!("{label:?}"));
        answer.say(format!("{place}.change"), change.to_string());
    }

    fn wanted(&mut self, item: Item<'_>) -> Option<Wanted> {
        let own = item.table("effects", &mut self.faults)?;
        let kinds = ["create", "update", "act", "emit", "schedule", "post", "keep"];
        let Some(kind) = kinds.into_iter().find(|kind| own.has(kind)) else {
            self.faults.at(own.place, format!("an effect has one of {}", kinds.join(", ")));
            return None;
        };
        let fields = |reader: &mut Self, key: &str, model: &str| match own.has(key) {
            true => own.table(key, &mut reader.faults).map(|of| reader.fields(of, model, &[])),
            false => None,
        };
        match kind {
            "create" => {
                own.only(&["create", "fields", "lines"], &mut self.faults);
                let model = self.word(own, "create")?;
                let fields = fields(self, "fields", &model).unwrap_or_default();
                let lines = self.new_lines(own, &model);
                Some(Wanted::Create { model, fields, lines })
            }
            "update" => {
                own.only(&["update", "fields"], &mut self.faults);
                let target = self.aim(own.item("update")?)?;
                let model = match &target {
                    Aim::Record(model, _) => model.clone(),
                    Aim::Created(_) => String::new(),
                };
                let fields = fields(self, "fields", &model).unwrap_or_default();
                Some(Wanted::Update { target, fields })
            }
            "act" => {
                own.only(&["act", "on", "arguments"], &mut self.faults);
                let action = self.word(own, "act")?;
                let target = self.on(own)?;
                let arguments = fields(self, "arguments", "").unwrap_or_default();
                Some(Wanted::Act { target, action, arguments })
            }
            "emit" => {
                own.only(&["emit", "on", "payload"], &mut self.faults);
                let name = self.word(own, "emit")?;
                Some(Wanted::Emit { name, target: self.on(own)?, payload: self.payload(own) })
            }
            "post" => self.posting(own),
            "keep" => {
                own.only(&["keep", "value"], &mut self.faults);
                let key = self.word(own, "keep")?;
                let value = own.text("value", &mut self.faults).map(|text| text.text);
                Some(Wanted::Keep { key, value })
            }
            _ => {
                own.only(&["schedule", "after_seconds", "payload"], &mut self.faults);
                let job = self.word(own, "schedule")?;
                let after = own.number("after_seconds", &mut self.faults).unwrap_or_default();
                let after_s = u32::try_from(after).unwrap_or(u32::MAX);
                Some(Wanted::Schedule { job, after_s, payload: self.payload(own) })
            }
        }
    }

    fn posting(&mut self, own: Table<'_>) -> Option<Wanted> {
        own.only(&["post", "on", "key", "text", "lines"], &mut self.faults);
        let journal = self.word(own, "post")?;
        let on = own.item("on").map(|item| (item.place, self.scalar(item)));
        let on = match on {
            Some((_, Value::Date(date))) => date,
            Some((place, _)) => {
                self.faults.at(place, "`on` is the day of the entry");
                return None;
            }
            None => {
                self.faults.at(own.place, "`on` is missing: the day of the entry");
                return None;
            }
        };
        let key = self.word(own, "key")?;
        let text = own.words("text", &mut self.faults).unwrap_or_default();
        let mut lines = Vec::new();
        for item in own.items("lines", &mut self.faults) {
            let Some(line) = item.table("lines", &mut self.faults) else { continue };
            line.only(&["account", "amount", "party"], &mut self.faults);
            let Some(account) = self.word(line, "account") else { continue };
            let amount = self.decimal(line, "amount");
            let party = line.text("party", &mut self.faults).map(|name| {
                self.named(&name.text, name.place);
                self.id_of(&name.text)
            });
            lines.push(PostedLine { account, amount, party });
        }
        Some(Wanted::Post { journal, on, key, text, lines })
    }

    fn new_lines(&mut self, own: Table<'_>, model: &str) -> Vec<(String, Vec<Fields>)> {
        if !own.has("lines") {
            return Vec::new();
        }
        let Some(sets) = own.table("lines", &mut self.faults) else { return Vec::new() };
        let mut found = Vec::new();
        for entry in sets.entries() {
            let below = self.below(model, entry.name);
            let rows = entry.item.items().unwrap_or_default();
            let rows = rows.iter().filter_map(Item::as_table);
            let rows = rows.map(|row| self.fields(row, &below, &[])).collect();
            found.push((entry.name.to_owned(), rows));
        }
        found
    }

    fn on(&mut self, own: Table<'_>) -> Option<Aim> {
        let Some(item) = own.item("on") else {
            self.faults.at(own.place, "`on` is missing: the name of a record");
            return None;
        };
        self.aim(item)
    }

    /// The name of a record, or `{ created = 0 }`.
    fn aim(&mut self, item: Item<'_>) -> Option<Aim> {
        if let Some(table) = item.as_table() {
            table.only(&["created"], &mut self.faults);
            let place = table.number("created", &mut self.faults)?;
            return Some(Aim::Created(u32::try_from(place).unwrap_or(u32::MAX)));
        }
        let name = item.text("the record", &mut self.faults)?;
        self.named(&name.text, name.place);
        let sample = self.given.records.iter().find(|sample| sample.name == name.text)?;
        Some(Aim::Record(sample.model.clone(), sample.id))
    }

    fn allowed(&mut self, then: Table<'_>) -> Allowed {
        let mut allowed = Allowed::default();
        if !then.has("limits") {
            return allowed;
        }
        let Some(own) = then.table("limits", &mut self.faults) else { return allowed };
        let mut into = [
            ("fuel_max", &mut allowed.fuel_max),
            ("memory_kib_max", &mut allowed.memory_kib_max),
            ("host_calls_max", &mut allowed.host_calls_max),
            ("lines_min", &mut allowed.lines_min),
        ];
        own.only(&into.each_ref().map(|(key, _)| *key), &mut self.faults);
        for (key, value) in &mut into {
            **value = own.number(key, &mut self.faults).and_then(|n| u64::try_from(n).ok());
        }
        allowed
    }
}
