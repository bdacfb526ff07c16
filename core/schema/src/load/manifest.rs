//! `plugin.toml` → [`Manifest`], read strictly: every fault at once, each with its place and, where a
//! word is near another, what may be meant. With a schema, names of models, fields, actions and events
//! are checked too. Not here: what a manifest means (`crate::plugin`).

use fondaco_values::Decimal;
use indexmap::IndexMap;

use super::document::{Document, Faults, Item, Table, Text};
use super::keys;
use super::module::{range, version};
use crate::field::label_of;
use crate::plugin::{
    Capabilities, Hook, Limits, Manifest, Moment, OfActions, OfFields, OnFailure, Point, Setting,
    SettingKind, Tier, Want,
};
use crate::{Fault, Schema, Source};

/// The one grammar of manifests that there is.
const MANIFEST: i64 = 1;
/// The versions of the contract that hosts serve, and the only ones that a manifest can name.
pub const APIS: [&str; 2] = ["0.1", "0.2"];
const DEFAULT_ORDER: i64 = 100;

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
    let mut reader = Reader { faults, schema };
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
}

impl Reader<'_> {
    fn manifest(&mut self, root: Table<'_>) -> Option<Manifest> {
        let Some(head) = root.table("plugin", &mut self.faults) else {
            self.faults.at(root.place, "there is no [plugin]");
            return None;
        };
        head.only(&keys::PLUGIN, &mut self.faults);
        let id = self.id(head);
        let tier = self.one_of(head, "tier", &[("pure", Tier::Pure), ("script", Tier::Script)]);
        let tier = tier.unwrap_or_default();
        let api = self.api(head);
        let capabilities = self.capabilities(root);
        let hooks = self.hooks(root, &api, &capabilities);
        let kernel = self.needed(head, "kernel");
        let name = head.words("name", &mut self.faults);
        Some(Manifest {
            version: version(head, &mut self.faults),
            kernel: kernel.map_or(semver::VersionReq::STAR, |w| range(&w, &mut self.faults)),
            name: name.unwrap_or_else(|| label_of(id.rsplit('.').next().unwrap_or(&id))),
            help: head.words("help", &mut self.faults).unwrap_or_default(),
            license: self.needed(head, "license").map(|w| w.text).unwrap_or_default(),
            publisher_key: head.words("publisher_key", &mut self.faults),
            settings: self.settings(root),
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
    fn capabilities(&mut self, root: Table<'_>) -> Capabilities {
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
        }
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
        let models = self.named(own, "models", point, &[Point::Event, Point::Job, Point::Price]);
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
            on_failure: self.one_of(own, "on_failure", &failures).unwrap_or_default(),
            order: number(own, "order", &mut self.faults).unwrap_or(DEFAULT_ORDER),
            again: own.flag("again", &mut self.faults),
            clock: own.flag("clock", &mut self.faults),
        }
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

fn number(table: Table<'_>, key: &str, faults: &mut Faults<'_>) -> Option<i64> {
    let place = table.item(key)?.place;
    let number: Decimal = table.number(key, faults)?;
    let whole = i64::try_from(number).ok().filter(|_| number.fract().is_zero());
    if whole.is_none() {
        faults.at(place, format!("`{key}` is a whole number"));
    }
    whole
}
