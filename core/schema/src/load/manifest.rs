//! `plugin.toml` → [`Manifest`], read strictly: every fault at once, each with its place and, where a
//! word is near another, what may be meant. With a schema, names of models, fields, actions and events
//! are checked too. Not here: what a manifest means (`crate::plugin`).

use fondaco_values::Decimal;
use indexmap::IndexMap;

use super::document::{Document, Faults, Item, Table, Text};
use super::keys;
use super::module::{fits_kernel, range, version};
use crate::field::label_of;
use crate::plugin::{
    Capabilities, Hook, Limits, Manifest, Moment, OfActions, OfFields, OfJournal, OfOrigin,
    OnFailure, Point, Setting, SettingKind, Tier, Want, prefix,
};
use crate::schedule::Schedule;
use crate::{Fault, Schema, Source};

/// The one grammar of manifests that there is.
const MANIFEST: i64 = 1;
/// The versions of the contract that hosts serve, and the only ones that a manifest can name.
pub const APIS: [&str; 2] = ["0.1", "0.2"];
const DEFAULT_ORDER: i64 = 100;
/// Bytes that a plugin can ask to keep in each company.
const KV_BYTES_MAX: u32 = 64 << 20;
/// What a request for a plugin can be.
const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

/// Reads a manifest; with a schema, also against what there is in it.
pub fn manifest(source: &Source, schema: Option<&Schema>) -> Result<Manifest, Vec<Fault>> {
    let sources = std::slice::from_ref(source);
    let mut faults = Faults::new(sources);
    let document = Document::parse(0, source, &mut faults);
    let root = document.root();
    root.only(&keys::MANIFEST, &mut faults);
    if number(root, "manifest", &mut faults) != Some(MANIFEST) {
        let help = format!("write `manifest = {MANIFEST}` as the first line");
        let message = "it does not say which grammar it is written in";
        faults.with_help(root.place, message, Some(help));
    }
    let mut reader = Reader { faults, schema, prefix: String::new() };
    let manifest = reader.manifest(root);
    let faults = reader.faults.sorted();
    match manifest {
        Some(manifest) if faults.is_empty() => Ok(manifest),
        _ => Err(faults),
    }
}

struct Reader<'s> {
    faults: Faults<'s>,
    schema: Option<&'s Schema>,
    /// Of the names of models that the plugin adds.
    prefix: String,
}

impl Reader<'_> {
    fn manifest(&mut self, root: Table<'_>) -> Option<Manifest> {
        let Some(head) = root.table("plugin", &mut self.faults) else {
            self.faults.at(root.place, "there is no [plugin]");
            return None;
        };
        head.only(&keys::PLUGIN, &mut self.faults);
        let id = self.id(head);
        self.prefix = prefix(&id);
        let tier = self.one_of(head, "tier", &[("pure", Tier::Pure), ("script", Tier::Script)]);
        let tier = tier.unwrap_or_default();
        let api = self.api(head);
        let settings = self.settings(root);
        let capabilities = self.capabilities(root, &settings);
        let hooks = self.hooks(root, &api, &capabilities);
        let kernel = self.needed(head, "kernel");
        if let Some(wanted) = kernel.as_ref().filter(|_| self.schema.is_some()) {
            fits_kernel(wanted, &mut self.faults);
        }
        let name = head.words("name", &mut self.faults);
        Some(Manifest {
            version: version(head, &mut self.faults),
            kernel: kernel.map_or(semver::VersionReq::STAR, |w| range(&w, &mut self.faults)),
            name: name.unwrap_or_else(|| label_of(id.rsplit('.').next().unwrap_or(&id))),
            help: head.words("help", &mut self.faults).unwrap_or_default(),
            license: self.needed(head, "license").map(|w| w.text).unwrap_or_default(),
            publisher_key: head.words("publisher_key", &mut self.faults),
            settings,
            limits: self.limits(root, tier),
            id,
            api,
            tier,
            hooks,
            capabilities,
        })
    }

    fn needed(&mut self, table: Table<'_>, key: &str) -> Option<Text> {
        let found = table.text(key, &mut self.faults);
        if !table.has(key) {
            self.faults.at(table.place, format!("`{key}` is missing"));
        }
        found
    }

    fn id(&mut self, head: Table<'_>) -> String {
        let Some(id) = self.needed(head, "id") else { return String::new() };
        let word = |word: &str| {
            let letters =
                word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
            letters && word.starts_with(|c: char| c.is_ascii_lowercase()) && !word.ends_with('-')
        };
        let words: Vec<&str> = id.text.split('.').collect();
        if words.len() != 2 || !words.iter().all(|part| word(part)) || id.text.len() > 64 {
            let help = "publisher.name, such as `acme.credit-guard`: small letters, digits, `-`";
            let message = format!("`{}` is not an id of a plugin", id.text);
            self.faults.with_help(id.place, message, Some(help.to_owned()));
        }
        id.text
    }

    fn api(&mut self, head: Table<'_>) -> String {
        let Some(api) = self.needed(head, "api") else { return String::new() };
        if !APIS.contains(&api.text.as_str()) {
            let message = format!("this program does not serve the contract `{}`", api.text);
            let help = format!("it serves {}", APIS.join(", "));
            self.faults.with_help(api.place, message, Some(help));
        }
        api.text
    }

    fn one_of<T: Copy>(&mut self, table: Table<'_>, key: &str, known: &[(&str, T)]) -> Option<T> {
        let word = table.text(key, &mut self.faults)?;
        let found = known.iter().find(|(name, _)| *name == word.text);
        if found.is_none() {
            let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
            let message = format!("`{key}` is one of {}, not `{}`", names.join(", "), word.text);
            self.faults.unknown(word.place, message, &word.text, names);
        }
        found.map(|(_, value)| *value)
    }

    fn limits(&mut self, root: Table<'_>, tier: Tier) -> Limits {
        let mut limits = Limits::of(tier);
        let Some(table) = root.table("limits", &mut self.faults) else { return limits };
        table.only(&keys::LIMITS, &mut self.faults);
        for (key, most, into) in [
            ("cpu_ms", Limits::CPU_MS_MAX, &mut limits.cpu_ms),
            ("memory_mib", Limits::memory_mib_max(tier), &mut limits.memory_mib),
            ("host_calls", Limits::HOST_CALLS_MAX, &mut limits.host_calls),
        ] {
            let Some(item) = table.item(key) else { continue };
            match number(table, key, &mut self.faults).map(u32::try_from) {
                Some(Ok(value)) if (1..=most).contains(&value) => *into = value,
                _ => self.faults.at(item.place, format!("`{key}` is from 1 to {most}")),
            }
        }
        limits
    }

    fn settings(&mut self, root: Table<'_>) -> IndexMap<String, Setting> {
        let mut settings = IndexMap::new();
        let Some(table) = root.table("settings", &mut self.faults) else { return settings };
        for entry in table.entries() {
            let Some(own) = entry.item.table(entry.name, &mut self.faults) else { continue };
            own.only(&keys::SETTING, &mut self.faults);
            let kinds = SettingKind::ALL.map(|kind| (kind.name(), kind));
            let Some(kind) = self.one_of(own, "type", &kinds) else {
                if !own.has("type") {
                    self.faults.at(entry.place, format!("setting `{}` has no `type`", entry.name));
                }
                continue;
            };
            let default = own.item("default").and_then(|item| {
                let text = item.expression().map(|text| text.text)?;
                if !kind.holds(&text) {
                    let message = format!("`{text}` is no {} for `{}`", kind.name(), entry.name);
                    self.faults.at(item.place, message);
                }
                Some(text)
            });
            let label = own.words("label", &mut self.faults);
            let setting = Setting {
                kind,
                default,
                label: label.unwrap_or_else(|| label_of(entry.name)),
                help: own.words("help", &mut self.faults).unwrap_or_default(),
            };
            settings.insert(entry.name.to_owned(), setting);
        }
        settings
    }
}

/// What it asks to be allowed.
impl Reader<'_> {
    fn capabilities(
        &mut self,
        root: Table<'_>,
        settings: &IndexMap<String, Setting>,
    ) -> Capabilities {
        let Some(table) = root.table("capabilities", &mut self.faults) else {
            return Capabilities::default();
        };
        table.only(&keys::CAPABILITIES, &mut self.faults);
        let emit = table.texts("emit", &mut self.faults);
        Capabilities {
            read: self.of_fields(table, "read"),
            create: self.of_fields(table, "create"),
            write: self.of_fields(table, "write"),
            act: self.of_actions(table),
            emit: emit.into_iter().map(|event| event.text).collect(),
            standing: table.flag("standing", &mut self.faults),
            http: self.of_origins(table, settings),
            kv_bytes: self.kv_bytes(table),
            journal: self.of_journals(table),
        }
    }

    fn of_origins(
        &mut self,
        table: Table<'_>,
        settings: &IndexMap<String, Setting>,
    ) -> Vec<OfOrigin> {
        let mut found = Vec::new();
        for item in table.items("http", &mut self.faults) {
            let Some(own) = item.table("http", &mut self.faults) else { continue };
            own.only(&keys::OF_ORIGIN, &mut self.faults);
            let why = self.why(own);
            let Some(origin) = self.needed(own, "origin") else { continue };
            let own = OfOrigin { origin: origin.text, why };
            let wrong = match own.setting() {
                Some(name) => is_text_setting(settings, name),
                None => is_origin(&own.origin),
            };
            if let Err(message) = wrong {
                let help = "scheme, host and port, such as `https://api.example.com:443`, or \
                            `{setting:url}` for the address that a setting holds";
                self.faults.with_help(origin.place, message, Some(help.to_owned()));
            }
            found.push(own);
        }
        found
    }

    fn kv_bytes(&mut self, table: Table<'_>) -> u32 {
        let Some(own) = table.table("kv", &mut self.faults) else { return 0 };
        own.only(&keys::OF_KV, &mut self.faults);
        match number(own, "max_bytes", &mut self.faults).map(u32::try_from) {
            Some(Ok(bytes)) if (1..=KV_BYTES_MAX).contains(&bytes) => bytes,
            _ => {
                let message = format!("`max_bytes` of `kv` is from 1 to {KV_BYTES_MAX}");
                self.faults.at(own.place, message);
                0
            }
        }
    }

    fn of_journals(&mut self, table: Table<'_>) -> Vec<OfJournal> {
        let mut found = Vec::new();
        for item in table.items("journal", &mut self.faults) {
            let Some(own) = item.table("journal", &mut self.faults) else { continue };
            own.only(&keys::OF_JOURNAL, &mut self.faults);
            let why = self.why(own);
            let accounts = own.texts("accounts", &mut self.faults);
            if accounts.is_empty() {
                self.faults.at(own.place, "it names no `accounts`");
            }
            let Some(journal) = self.needed(own, "journal") else { continue };
            let accounts = accounts.into_iter().map(|account| account.text).collect();
            found.push(OfJournal { journal: journal.text, accounts, why });
        }
        found
    }

    fn why(&mut self, own: Table<'_>) -> String {
        let why = own.words("why", &mut self.faults).unwrap_or_default();
        if why.trim().is_empty() {
            let help = "one sentence that the administrator reads before he grants it";
            self.faults.with_help(own.place, "`why` is missing", Some(help.to_owned()));
        }
        why
    }

    fn of_fields(&mut self, table: Table<'_>, key: &str) -> Vec<OfFields> {
        let mut found = Vec::new();
        for item in table.items(key, &mut self.faults) {
            let Some((model, own)) = self.capability(item, key, &keys::OF_FIELDS) else { continue };
            let fields = own.texts("fields", &mut self.faults);
            if fields.is_empty() {
                self.faults.at(own.place, "it names no `fields`; `[\"*\"]` is all of them");
            }
            for field in fields.iter().filter(|field| field.text != "*") {
                self.known_path(&model, field);
            }
            let why = own.words("why", &mut self.faults).unwrap_or_default();
            let fields = fields.into_iter().map(|field| field.text).collect();
            found.push(OfFields { model: model.text, fields, why });
        }
        found
    }

    fn of_actions(&mut self, table: Table<'_>) -> Vec<OfActions> {
        let mut found = Vec::new();
        for item in table.items("act", &mut self.faults) {
            let Some((model, own)) = self.capability(item, "act", &keys::OF_ACTIONS) else {
                continue;
            };
            let actions = own.texts("actions", &mut self.faults);
            for action in actions.iter().filter(|action| action.text != "*") {
                self.known_action(&model.text, action);
            }
            let why = own.words("why", &mut self.faults).unwrap_or_default();
            let actions = actions.into_iter().map(|action| action.text).collect();
            found.push(OfActions { model: model.text, actions, why });
        }
        found
    }

    fn capability<'t>(
        &mut self,
        item: Item<'t>,
        key: &str,
        known: &[&str],
    ) -> Option<(Text, Table<'t>)> {
        let own = item.table(key, &mut self.faults)?;
        own.only(known, &mut self.faults);
        let model = self.needed(own, "model")?;
        self.known_model(&model);
        if own.words("why", &mut self.faults).is_none_or(|why| why.trim().is_empty()) {
            let help = "one sentence that the administrator reads before he grants it";
            self.faults.with_help(own.place, "`why` is missing", Some(help.to_owned()));
        }
        Some((model, own))
    }
}

/// Where it wants to be asked.
impl Reader<'_> {
    fn hooks(
        &mut self,
        root: Table<'_>,
        api: &str,
        capabilities: &Capabilities,
    ) -> IndexMap<String, Hook> {
        let mut hooks = IndexMap::new();
        let Some(table) = root.table("hooks", &mut self.faults) else {
            let help = "a plugin that is asked nowhere does nothing";
            self.faults.with_help(root.place, "there are no [hooks.…]", Some(help.to_owned()));
            return hooks;
        };
        for entry in table.entries() {
            let Some(own) = entry.item.table(entry.name, &mut self.faults) else { continue };
            let points = Point::ALL.map(|point| (point.name(), point));
            let Some(point) = self.one_of(own, "on", &points) else {
                if !own.has("on") {
                    let message = format!("hook `{}` does not say `on` what", entry.name);
                    self.faults.at(entry.place, message);
                }
                continue;
            };
            own.only(keys::of_point(point), &mut self.faults);
            if APIS.contains(&api) && point.interface(api).is_none() {
                let message = format!("the contract {api} has no `{}`", point.name());
                self.faults.at(entry.place, message);
            }
            let hook = self.hook(own, point);
            self.selected(own, &hook, capabilities);
            hooks.insert(entry.name.to_owned(), hook);
        }
        hooks
    }

    fn hook(&mut self, own: Table<'_>, point: Point) -> Hook {
        let without = [Point::Event, Point::Job, Point::Price, Point::Request];
        let models = self.named(own, "models", point, &without);
        models.iter().for_each(|model| self.known_model(model));
        let acts = [Point::Guard, Point::Effect, Point::Action].contains(&point);
        let actions = own.texts("actions", &mut self.faults);
        if acts && actions.is_empty() {
            self.faults.at(own.place, format!("a `{}` names its `actions`", point.name()));
        }
        for (model, action) in models.iter().flat_map(|m| actions.iter().map(move |a| (m, a))) {
            self.known_action(&model.text, action);
        }
        let moments = own.texts("when", &mut self.faults);
        let when: Vec<Moment> = moments.iter().filter_map(|word| self.moment(word)).collect();
        let events = own.texts("events", &mut self.faults);
        if point == Point::Event && events.is_empty() {
            self.faults.at(own.place, "an `event` hook names its `events`");
        }
        let texts = |all: Vec<Text>| all.into_iter().map(|text| text.text).collect::<Vec<_>>();
        let failures = [("refuse", OnFailure::Refuse), ("flag", OnFailure::Flag)];
        Hook {
            point,
            models: texts(models),
            actions: texts(actions),
            when: if when.is_empty() { vec![Moment::Create, Moment::Update] } else { when },
            events: texts(events),
            select: texts(own.texts("select", &mut self.faults)),
            standing: own.words("standing", &mut self.faults),
            beside: self.beside(own),
            on_failure: self.one_of(own, "on_failure", &failures).unwrap_or_default(),
            order: number(own, "order", &mut self.faults).unwrap_or(DEFAULT_ORDER),
            again: own.flag("again", &mut self.faults),
            schedule: self.schedule(own),
            path: self.path(own, point),
            methods: self.methods(own, point),
            secret: own.words("secret", &mut self.faults),
            clock: own.flag("clock", &mut self.faults),
        }
    }

    fn beside(&mut self, own: Table<'_>) -> IndexMap<String, Vec<String>> {
        let mut found = IndexMap::new();
        let Some(table) = own.table("beside", &mut self.faults) else { return found };
        for entry in table.entries() {
            self.known_model(&Text { place: entry.place, text: entry.name.to_owned() });
            if entry.name.split_once('.').is_none_or(|(first, _)| *first != self.prefix) {
                let message = format!("`{}` is no model of the plugin's own", entry.name);
                let help = format!("they are named `{}.…`", self.prefix);
                self.faults.with_help(entry.place, message, Some(help));
            }
            let paths = entry.item.texts(entry.name, &mut self.faults);
            if paths.is_empty() {
                self.faults.at(entry.place, "it names no fields");
            }
            let paths = paths.into_iter().map(|path| path.text).collect();
            found.insert(entry.name.to_owned(), paths);
        }
        found
    }

    fn schedule(&mut self, own: Table<'_>) -> Option<String> {
        let schedule = own.text("schedule", &mut self.faults)?;
        if let Err(message) = Schedule::read(&schedule.text) {
            let help =
                "minute, hour, day, month and day of the week: `15 2 * * *` is 02:15 each night";
            self.faults.with_help(schedule.place, message, Some(help.to_owned()));
        }
        Some(schedule.text)
    }

    fn path(&mut self, own: Table<'_>, point: Point) -> String {
        let Some(path) = own.text("path", &mut self.faults) else { return String::new() };
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_/.".contains(&b);
        let parts = || path.text.split('/');
        let fits = path.text.bytes().all(plain) && parts().all(|part| !part.starts_with('.'));
        if point == Point::Request && !(fits && parts().all(|part| !part.is_empty())) {
            let message = format!("`{}` is no path", path.text);
            let help = "small letters, digits, `-`, `_`, `.`, with `/` between: `hook/orders`";
            self.faults.with_help(path.place, message, Some(help.to_owned()));
        }
        path.text
    }

    fn methods(&mut self, own: Table<'_>, point: Point) -> Vec<String> {
        let methods = own.texts("methods", &mut self.faults);
        for method in methods.iter().filter(|method| !METHODS.contains(&method.text.as_str())) {
            let message = format!("`{}` is none of {}", method.text, METHODS.join(", "));
            self.faults.unknown(method.place, message, &method.text, METHODS);
        }
        if point == Point::Request && methods.is_empty() {
            self.faults.at(own.place, "a `request` names its `methods`");
        }
        methods.into_iter().map(|method| method.text).collect()
    }

    fn named(&mut self, own: Table<'_>, key: &str, point: Point, without: &[Point]) -> Vec<Text> {
        let names = own.texts(key, &mut self.faults);
        if names.is_empty() && !without.contains(&point) {
            self.faults.at(own.place, format!("a `{}` names its `{key}`", point.name()));
        }
        names
    }

    fn moment(&mut self, word: &Text) -> Option<Moment> {
        match word.text.as_str() {
            "create" => Some(Moment::Create),
            "update" => Some(Moment::Update),
            other => {
                let message = format!("`when` is create, update or both, not `{other}`");
                self.faults.unknown(word.place, message, other, ["create", "update"]);
                None
            }
        }
    }

    /// What is selected exists, and is asked for among the capabilities.
    fn selected(&mut self, own: Table<'_>, hook: &Hook, capabilities: &Capabilities) {
        let Some(schema) = self.schema else { return };
        for path in own.texts("select", &mut Faults::new(&[])) {
            if hook.point == Point::Price {
                self.covered(schema.reading_for_price(&path.text), &path, capabilities);
            }
            let known = hook.models.iter().filter(|model| schema.model(model).is_some());
            for model in known {
                self.covered(schema.reading(model, &path.text), &path, capabilities);
            }
        }
        for model in &hook.models {
            if let Some(link) = own.text("standing", &mut Faults::new(&[])) {
                self.stands(model, &link, capabilities);
            }
        }
        let Some(beside) = own.table("beside", &mut Faults::new(&[])) else { return };
        for entry in beside.entries().iter().filter(|entry| schema.model(entry.name).is_some()) {
            for path in entry.item.texts(entry.name, &mut Faults::new(&[])) {
                let reading = schema.path(entry.name, &path.text);
                let reading =
                    reading.map(|path| path.into_iter().map(|at| (at.model, at.field)).collect());
                self.covered(reading, &path, capabilities);
            }
        }
    }

    fn covered(
        &mut self,
        reading: Result<Vec<(String, String)>, String>,
        path: &Text,
        capabilities: &Capabilities,
    ) {
        let fields = match reading {
            Ok(fields) => fields,
            Err(message) => return self.faults.at(path.place, message),
        };
        for (model, field) in fields {
            if capabilities.allow(Want::Read(&model, &field)) {
                continue;
            }
            let message =
                format!("`{}` reads {model}.{field}, which it does not ask for", path.text);
            let help = format!(
                "add to capabilities.read: {{ model = \"{model}\", fields = [\"{field}\"], why = \"…\" }}"
            );
            self.faults.with_help(path.place, message, Some(help));
        }
    }

    fn stands(&mut self, model: &str, link: &Text, capabilities: &Capabilities) {
        if !capabilities.standing {
            let help = "add `standing = true` to [capabilities]".to_owned();
            self.faults.with_help(link.place, "it does not ask for `standing`", Some(help));
        }
        let Some(model) = self.schema.and_then(|schema| schema.model(model)) else { return };
        let target = model.field(&link.text).and_then(|field| field.kind.target());
        if target != Some("party") {
            let message = format!("`{}` of {} is no link to a party", link.text, model.name);
            self.faults.at(link.place, message);
        }
    }
}

/// What there is.
impl Reader<'_> {
    fn known_model(&mut self, model: &Text) {
        let Some(schema) = self.schema.filter(|schema| schema.model(&model.text).is_none()) else {
            return;
        };
        let message = format!("there is no model `{}`", model.text);
        let known = schema.models.keys().map(String::as_str);
        self.faults.unknown(model.place, message, &model.text, known);
    }

    fn known_path(&mut self, model: &Text, field: &Text) {
        let Some(model) = self.schema.and_then(|schema| schema.model(&model.text)) else { return };
        if model.field(&field.text).is_none() {
            let message = format!("{} has no field `{}`", model.name, field.text);
            let known = model.fields.keys().map(String::as_str);
            self.faults.unknown(field.place, message, &field.text, known);
        }
    }

    fn known_action(&mut self, model: &str, action: &Text) {
        let Some(model) = self.schema.and_then(|schema| schema.model(model)) else { return };
        if !model.actions.contains_key(&action.text) {
            let message = format!("{} has no action `{}`", model.name, action.text);
            let known = model.actions.keys().map(String::as_str);
            self.faults.unknown(action.place, message, &action.text, known);
        }
    }
}

/// Whether a text is scheme, host and port and nothing else, as addresses are compared with it.
fn is_origin(text: &str) -> Result<(), String> {
    let wrong = |what: &str| Err(format!("`{text}` {what}"));
    let Some((scheme, rest)) = text.split_once("://") else { return wrong("has no scheme") };
    if !["http", "https"].contains(&scheme) {
        return wrong("is neither http nor https");
    }
    let Some((host, port)) = rest.rsplit_once(':') else { return wrong("has no port") };
    if port.parse::<u16>().map(|own| own.to_string()) != Ok(port.to_owned()) || port == "0" {
        return wrong("has no port that is a number");
    }
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-._[]:".contains(&b);
    match !host.is_empty() && host.bytes().all(plain) {
        true => Ok(()),
        false => wrong("has a host with other letters than a-z, 0-9, `-` and `.`"),
    }
}

fn is_text_setting(settings: &IndexMap<String, Setting>, name: &str) -> Result<(), String> {
    match settings.get(name).map(|setting| setting.kind) {
        Some(SettingKind::Text) => Ok(()),
        _ => Err(format!("there is no setting `{name}` of the type text")),
    }
}

fn number(table: Table<'_>, key: &str, faults: &mut Faults<'_>) -> Option<i64> {
    let place = table.item(key)?.place;
    let number: Decimal = table.number(key, faults)?;
    let whole = i64::try_from(number).ok().filter(|_| number.fract().is_zero());
    if whole.is_none() {
        faults.at(place, format!("`{key}` is a whole number"));
    }
    whole
}
