//! One TOML text, parsed with the place of each key and value, and read strictly: a key that nobody
//! knows or a value of another type is a fault. What the keys mean is in the files beside this one.

use std::str::FromStr;

use fondaco_values::Decimal;
use serde_json::Value as Json;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::suggest::did_you_mean;
use crate::{Fault, Origin, Source};

/// A position in one of the sources.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) source: usize,
    /// In bytes.
    pub(super) offset: usize,
}

/// All that is wrong, collected.
pub(super) struct Faults<'s> {
    sources: &'s [Source],
    found: Vec<Fault>,
    /// Sources that are not TOML: what else is found in them follows from that, and is left out.
    broken: Vec<usize>,
}

impl<'s> Faults<'s> {
    pub(super) fn new(sources: &'s [Source]) -> Faults<'s> {
        Faults { sources, found: Vec::new(), broken: Vec::new() }
    }

    pub(super) fn at(&mut self, place: Place, message: impl Into<String>) {
        self.with_help(place, message, None);
    }

    pub(super) fn with_help(
        &mut self,
        place: Place,
        message: impl Into<String>,
        help: Option<String>,
    ) {
        let Some(source) = self.sources.get(place.source) else { return };
        if self.broken.contains(&place.source) {
            return;
        }
        let before = source.text.get(..place.offset).unwrap_or(&source.text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or(before).chars().count() + 1;
        self.found.push(Fault {
            path: source.path.clone(),
            line: u32::try_from(line).unwrap_or(u32::MAX),
            column: u32::try_from(column).unwrap_or(u32::MAX),
            message: message.into(),
            help,
        });
    }

    /// A word that is none of the known ones.
    pub(super) fn unknown<'k>(
        &mut self,
        place: Place,
        message: impl Into<String>,
        word: &str,
        known: impl IntoIterator<Item = &'k str>,
    ) {
        self.with_help(place, message, did_you_mean(word, known));
    }

    /// In the order of the sources' paths and lines, each once.
    pub(super) fn sorted(mut self) -> Vec<Fault> {
        let order = |path: &str| self.sources.iter().position(|source| source.path == path);
        self.found.sort_by_key(|fault| (order(&fault.path), fault.line, fault.column));
        self.found.dedup();
        self.found
    }
}

/// A parsed source.
pub(super) struct Document<'s> {
    pub(super) source: usize,
    pub(super) origin: &'s Origin,
    root: Spanned<DeTable<'s>>,
}

impl<'s> Document<'s> {
    pub(super) fn parse(number: usize, source: &'s Source, faults: &mut Faults<'_>) -> Self {
        let (root, errors) = DeTable::parse_recoverable(&source.text);
        for error in &errors {
            let offset = error.span().map_or(0, |span| span.start);
            faults.at(Place { source: number, offset }, error.message());
        }
        if !errors.is_empty() {
            faults.broken.push(number);
        }
        Document { source: number, origin: &source.origin, root }
    }

    pub(super) fn root(&self) -> Table<'_> {
        let place = Place { source: self.source, offset: 0 };
        Table { place, map: self.root.get_ref() }
    }
}

/// A table with its place.
#[derive(Clone, Copy)]
pub(super) struct Table<'t> {
    pub(super) place: Place,
    map: &'t DeTable<'t>,
}

/// A value with its place.
#[derive(Clone, Copy)]
pub(super) struct Item<'t> {
    pub(super) place: Place,
    value: &'t DeValue<'t>,
}

/// A key with its place, and its value.
pub(super) struct Entry<'t> {
    pub(super) name: &'t str,
    pub(super) place: Place,
    pub(super) item: Item<'t>,
}

/// A text with its place.
#[derive(Clone, Debug)]
pub(super) struct Text {
    pub(super) place: Place,
    pub(super) text: String,
}

impl<'t> Table<'t> {
    /// Faults for all keys that are not known.
    pub(super) fn only(&self, known: &[&str], faults: &mut Faults<'_>) {
        for entry in self.entries() {
            if !known.contains(&entry.name) {
                let message = format!("unknown key `{}`", entry.name);
                let help = did_you_mean(entry.name, known.iter().copied())
                    .unwrap_or_else(|| format!("known are {}", known.join(", ")));
                faults.with_help(entry.place, message, Some(help));
            }
        }
    }

    /// Its entries in the order they are written.
    pub(super) fn entries(&self) -> Vec<Entry<'t>> {
        let source = self.place.source;
        let mut entries: Vec<Entry<'t>> = self
            .map
            .iter()
            .map(|(key, value)| Entry {
                name: key.get_ref(),
                place: Place { source, offset: key.span().start },
                item: Item {
                    place: Place { source, offset: value.span().start },
                    value: value.get_ref(),
                },
            })
            .collect();
        entries.sort_by_key(|entry| entry.place.offset);
        entries
    }

    pub(super) fn entry(&self, key: &str) -> Option<Entry<'t>> {
        self.entries().into_iter().find(|entry| entry.name == key)
    }

    pub(super) fn item(&self, key: &str) -> Option<Item<'t>> {
        self.entry(key).map(|entry| entry.item)
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.map.contains_key(key)
    }

    pub(super) fn text(&self, key: &str, faults: &mut Faults<'_>) -> Option<Text> {
        self.item(key)?.text(key, faults)
    }

    /// The text, or nothing when the key is not there; plain.
    pub(super) fn words(&self, key: &str, faults: &mut Faults<'_>) -> Option<String> {
        self.text(key, faults).map(|text| text.text)
    }

    /// Whether the key is there and true.
    pub(super) fn flag(&self, key: &str, faults: &mut Faults<'_>) -> bool {
        let Some(item) = self.item(key) else { return false };
        match item.value {
            DeValue::Boolean(value) => *value,
            _ => {
                faults.at(item.place, item.wanted(key, "true or false"));
                false
            }
        }
    }

    pub(super) fn number(&self, key: &str, faults: &mut Faults<'_>) -> Option<Decimal> {
        let item = self.item(key)?;
        let number = item.number_text().and_then(|text| {
            Decimal::from_str(&text).or_else(|_| Decimal::from_scientific(&text)).ok()
        });
        if number.is_none() {
            faults.at(item.place, item.wanted(key, "a number"));
        }
        number
    }

    /// The table under a key; empty ones are the same as none.
    pub(super) fn table(&self, key: &str, faults: &mut Faults<'_>) -> Option<Table<'t>> {
        self.item(key)?.table(key, faults)
    }

    /// The texts of a list; empty when the key is not there.
    pub(super) fn texts(&self, key: &str, faults: &mut Faults<'_>) -> Vec<Text> {
        match self.item(key) {
            Some(item) => item.texts(key, faults),
            None => Vec::new(),
        }
    }

    /// The items of a list; empty when the key is not there.
    pub(super) fn items(&self, key: &str, faults: &mut Faults<'_>) -> Vec<Item<'t>> {
        let Some(item) = self.item(key) else { return Vec::new() };
        item.items().unwrap_or_else(|| {
            faults.at(item.place, item.wanted(key, "a list"));
            Vec::new()
        })
    }
}

impl<'t> Item<'t> {
    pub(super) fn wanted(&self, key: &str, wanted: &str) -> String {
        let is = match self.value {
            DeValue::String(_) => "a text",
            DeValue::Integer(_) | DeValue::Float(_) => "a number",
            DeValue::Boolean(_) => "true or false",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        format!("`{key}` wants {wanted}, not {is}")
    }

    pub(super) fn as_text(&self) -> Option<&'t str> {
        if let DeValue::String(text) = self.value { Some(text) } else { None }
    }

    pub(super) fn text(&self, key: &str, faults: &mut Faults<'_>) -> Option<Text> {
        match self.as_text() {
            Some(text) => Some(Text { place: self.place, text: text.to_owned() }),
            None => {
                faults.at(self.place, self.wanted(key, "a text"));
                None
            }
        }
    }

    pub(super) fn as_table(&self) -> Option<Table<'t>> {
        match self.value {
            DeValue::Table(map) => Some(Table { place: self.place, map }),
            _ => None,
        }
    }

    pub(super) fn table(&self, key: &str, faults: &mut Faults<'_>) -> Option<Table<'t>> {
        let table = self.as_table();
        if table.is_none() {
            faults.at(self.place, self.wanted(key, "a table"));
        }
        table
    }

    pub(super) fn items(&self) -> Option<Vec<Item<'t>>> {
        let DeValue::Array(items) = self.value else { return None };
        let item = |item: &'t Spanned<DeValue<'t>>| Item {
            place: Place { source: self.place.source, offset: item.span().start },
            value: item.get_ref(),
        };
        Some(items.iter().map(item).collect())
    }

    pub(super) fn texts(&self, key: &str, faults: &mut Faults<'_>) -> Vec<Text> {
        match self.items() {
            Some(items) => items.iter().filter_map(|item| item.text(key, faults)).collect(),
            None => {
                faults.at(self.place, self.wanted(key, "a list of texts"));
                Vec::new()
            }
        }
    }

    fn number_text(&self) -> Option<String> {
        match self.value {
            DeValue::Integer(number) if number.radix() == 10 => Some(number.as_str().to_owned()),
            DeValue::Float(number) => Some(number.as_str().replace('_', "")),
            _ => None,
        }
    }

    /// The text of an expression; true, false and numbers may stand without quotes.
    pub(super) fn expression(&self) -> Option<Text> {
        let text = match self.value {
            DeValue::String(text) => text.to_string(),
            DeValue::Boolean(value) => value.to_string(),
            _ => self.number_text()?,
        };
        Some(Text { place: self.place, text })
    }

    /// As it is written, for those who read it later.
    pub(super) fn json(&self) -> Json {
        match self.value {
            DeValue::String(text) => Json::from(text.as_ref()),
            DeValue::Boolean(value) => Json::from(*value),
            DeValue::Integer(number) => match number.as_str().parse::<i64>() {
                Ok(number) => Json::from(number),
                Err(_) => Json::from(number.as_str()),
            },
            DeValue::Float(number) => Json::from(number.as_str()),
            DeValue::Datetime(time) => Json::from(time.to_string()),
            DeValue::Array(_) => self.items().unwrap_or_default().iter().map(Item::json).collect(),
            DeValue::Table(map) => Table { place: self.place, map }.json(),
        }
    }
}

impl Table<'_> {
    pub(super) fn json(&self) -> Json {
        let pairs = self.entries().into_iter();
        Json::Object(pairs.map(|entry| (entry.name.to_owned(), entry.item.json())).collect())
    }
}
