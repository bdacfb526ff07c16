//! `[fields]`, and the fields of arguments and parameters: reads one `{ type = …, … }`.
//! Link targets are checked in `link`, expressions in `expression`.

use fondaco_values::Decimal;
use indexmap::IndexMap;

use super::document::{Faults, Item, Place, Table, Text};
use super::{NAME_RULE, is_name, keys};
use crate::field::label_of;
use crate::suggest::nearest;
use crate::{Choice, Class, Field, Kind, Origin};

/// What others call our types.
const SYNONYMS: [(&str, &str); 22] = [
    ("string", "text"),
    ("varchar", "text"),
    ("char", "text"),
    ("int", "integer"),
    ("number", "decimal"),
    ("float", "decimal"),
    ("numeric", "decimal"),
    ("currency", "money"),
    ("boolean", "bool"),
    ("datetime", "date_time"),
    ("timestamp", "date_time"),
    ("time", "date_time"),
    ("enum", "choice"),
    ("select", "choice"),
    ("selection", "choice"),
    ("many2one", "link"),
    ("reference", "link"),
    ("relation", "link"),
    ("one2many", "lines"),
    ("many2many", "links"),
    ("attachment", "file"),
    ("object", "json"),
];

/// Decimals with more digits after the point leave too few before it in 64 bits.
const SCALE_MAX: u8 = 10;
const SCALE_DEFAULT: u8 = 6;

/// What is configured.
pub(super) const PRODUCT: &str = "product";

/// A field with what is still to be compiled.
pub(super) struct Read {
    pub(super) field: Field,
    pub(super) place: Place,
    pub(super) default: Option<Text>,
    pub(super) compute: Option<Text>,
}

/// Which sort of fields a table holds: each knows more or fewer keys.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    Model,
    /// Arguments of actions, parameters of reports: nothing is stored as a column.
    Input,
}

/// Reads all fields of a table.
pub(super) fn read_all(
    table: Table<'_>,
    sort: Sort,
    origin: &Origin,
    faults: &mut Faults<'_>,
) -> IndexMap<String, Read> {
    let mut fields = IndexMap::new();
    for entry in table.entries() {
        if !is_name(entry.name) {
            let message = format!("`{}` is not a name", entry.name);
            faults.with_help(entry.place, message, Some(NAME_RULE.to_owned()));
            continue;
        }
        let Some(table) = entry.item.table(entry.name, faults) else { continue };
        if let Some(read) = read(entry.name, entry.place, table, (sort, origin), faults) {
            fields.insert(entry.name.to_owned(), read);
        }
    }
    // Fields of models are looked at when all parts of the model are there (`link`).
    if sort == Sort::Input {
        for read in fields.values() {
            let Kind::Options { product } = &read.field.kind else { continue };
            let link = fields.get(product).map(|read: &Read| &read.field.kind);
            if link.and_then(Kind::target) != Some(PRODUCT) {
                faults.at(read.place, not_beside(product));
            }
        }
    }
    fields
}

/// Said of options whose product is not there.
pub(super) fn not_beside(name: &str) -> String {
    format!("`{name}` is no link to a product beside it")
}

fn read(
    name: &str,
    place: Place,
    table: Table<'_>,
    (sort, origin): (Sort, &Origin),
    faults: &mut Faults<'_>,
) -> Option<Read> {
    let kind = kind(name, table, faults)?;
    only_known(&kind, sort, table, faults);
    let mut field = Field::new(name, kind, origin.clone());
    if let Some(label) = table.words("label", faults) {
        field.label = label;
    }
    field.help = table.words("help", faults).unwrap_or_default();
    field.required = table.flag("required", faults);
    field.unique = table.flag("unique", faults);
    field.readonly = table.flag("readonly", faults);
    field.search = table.flag("search", faults);
    field.index = table.flag("index", faults);
    field.stored = table.flag("stored", faults);
    field.pattern = pattern(table, faults);
    field.renamed_from = table.words("renamed_from", faults);
    field.class = class(table, faults);
    (field.min, field.max) = bounds(table, faults);
    let default = table.item("default").and_then(|item| expression("default", item, faults));
    let compute = table.item("compute").and_then(|item| expression("compute", item, faults));
    field.readonly |= compute.is_some();
    consistent(&field, table, faults);
    Some(Read { field, place, default, compute })
}

fn expression(key: &str, item: Item<'_>, faults: &mut Faults<'_>) -> Option<Text> {
    let text = item.expression();
    if text.is_none() {
        faults.at(item.place, item.wanted(key, "an expression"));
    }
    text
}

/// Keys beyond those that each field has depend on its type.
fn only_known(kind: &Kind, sort: Sort, table: Table<'_>, faults: &mut Faults<'_>) {
    let mut known = vec!["type", "label", "help", "required"];
    let many = kind.is_many();
    if !matches!(kind, Kind::Lines { .. }) {
        known.push("default");
    }
    match kind {
        Kind::Decimal { .. } => known.extend(["scale", "min", "max"]),
        Kind::Choice { .. } => known.push("values"),
        Kind::Link { .. } | Kind::Links { .. } => known.push("to"),
        Kind::Lines { .. } => known.extend(["of", "by"]),
        Kind::Options { .. } => known.push("product"),
        Kind::Json if sort == Sort::Input => known.push("rows"),
        kind if kind.is_number() => known.extend(["min", "max"]),
        kind if kind.is_text() => known.push("pattern"),
        _ => {}
    }
    if sort == Sort::Model {
        known.extend(["readonly", "class", "renamed_from"]);
        if !many && !kind.is_json() && !matches!(kind, Kind::File) {
            known.extend(["unique", "index", "compute", "stored"]);
        }
        let searchable = kind.is_text() || matches!(kind, Kind::Link { .. } | Kind::Tags);
        if searchable {
            known.push("search");
        }
    }
    for entry in table.entries() {
        if !known.contains(&entry.name) && keys::FIELD.contains(&entry.name) {
            let message = format!("a {} field here has no `{}`", kind.name(), entry.name);
            faults.at(entry.place, message);
            known.push(entry.name);
        }
    }
    table.only(&known, faults);
}

fn consistent(field: &Field, table: Table<'_>, faults: &mut Faults<'_>) {
    let place = |key: &str| table.entry(key).map_or(table.place, |entry| entry.place);
    let computed = table.has("compute");
    if field.stored && !computed {
        faults.at(place("stored"), "`stored` goes with `compute`");
    }
    for key in ["required", "default"] {
        if computed && table.has(key) {
            faults.at(place(key), format!("a computed field has no `{key}`"));
        }
    }
    for key in ["unique", "index", "search"] {
        if computed && !field.stored && table.has(key) {
            faults.at(place(key), format!("`{key}` needs `stored = true` beside `compute`"));
        }
    }
    if let (Some(min), Some(max)) = (field.min, field.max)
        && min > max
    {
        faults.at(place("min"), format!("min {min} is above max {max}"));
    }
}

fn bounds(table: Table<'_>, faults: &mut Faults<'_>) -> (Option<Decimal>, Option<Decimal>) {
    (table.number("min", faults), table.number("max", faults))
}

fn pattern(table: Table<'_>, faults: &mut Faults<'_>) -> Option<String> {
    let pattern = table.text("pattern", faults)?;
    if let Err(message) = crate::pattern(&pattern.text) {
        faults.at(pattern.place, format!("pattern `{}`: {message}", pattern.text));
    }
    Some(pattern.text)
}

/// Reads `type` and the keys that belong to it. Also used for the columns of reports.
pub(super) fn kind(name: &str, table: Table<'_>, faults: &mut Faults<'_>) -> Option<Kind> {
    let Some(entry) = table.entry("type") else {
        faults.at(table.place, format!("`{name}` has no `type`"));
        return None;
    };
    let word = entry.item.text("type", faults)?;
    Some(match word.text.as_str() {
        "text" => Kind::Text,
        "long_text" => Kind::LongText,
        "email" => Kind::Email,
        "phone" => Kind::Phone,
        "url" => Kind::Url,
        "integer" => Kind::Integer,
        "decimal" => Kind::Decimal { scale: scale(table, faults) },
        "money" => Kind::Money,
        "percent" => Kind::Percent,
        "bool" => Kind::Bool,
        "date" => Kind::Date,
        "date_time" => Kind::DateTime,
        "duration" => Kind::Duration,
        "choice" => Kind::Choice { values: choices(table, faults) },
        "link" => Kind::Link { to: target("to", table, faults)? },
        "links" => Kind::Links { to: target("to", table, faults)? },
        "lines" => {
            let by = table.words("by", faults).unwrap_or_default();
            Kind::Lines { of: target("of", table, faults)?, by }
        }
        "tags" => Kind::Tags,
        "file" => Kind::File,
        "json" => Kind::Json,
        "options" => Kind::Options { product: target("product", table, faults)? },
        other => {
            let synonym = SYNONYMS.iter().find(|(theirs, _)| *theirs == other);
            let near = synonym.map(|(_, ours)| *ours).or_else(|| nearest(other, keys::TYPES));
            let help = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("known are {}", keys::TYPES.join(", ")),
            };
            faults.with_help(word.place, format!("there is no type `{other}`"), Some(help));
            return None;
        }
    })
}

fn target(key: &str, table: Table<'_>, faults: &mut Faults<'_>) -> Option<String> {
    if !table.has(key) {
        let what = if key == "product" {
            "the link to what is configured"
        } else {
            "the model it leads to"
        };
        faults.at(table.place, format!("`{key}` is missing: {what}"));
    }
    table.words(key, faults)
}

fn scale(table: Table<'_>, faults: &mut Faults<'_>) -> u8 {
    let Some(entry) = table.entry("scale") else { return SCALE_DEFAULT };
    let scale = table.number("scale", faults).and_then(|scale| u8::try_from(scale).ok());
    match scale.filter(|scale| *scale <= SCALE_MAX) {
        Some(scale) => scale,
        None => {
            faults.at(entry.item.place, format!("`scale` is from 0 to {SCALE_MAX}"));
            SCALE_DEFAULT
        }
    }
}

/// `["goods", "service"]`, or `[{ value = "goods", label = "Goods" }]`.
pub(super) fn choices(table: Table<'_>, faults: &mut Faults<'_>) -> Vec<Choice> {
    let mut choices: Vec<Choice> = Vec::new();
    if !table.has("values") {
        faults.at(table.place, "`values` is missing: the values to choose from");
        return choices;
    }
    for item in table.items("values", faults) {
        let Some(choice) = choice(item, faults) else { continue };
        if choices.iter().any(|other| other.value == choice.value) {
            faults.at(item.place, format!("`{}` is there twice", choice.value));
        } else {
            choices.push(choice);
        }
    }
    if choices.is_empty() {
        faults.at(table.place, "`values` wants at least one value");
    }
    choices
}

fn choice(item: Item<'_>, faults: &mut Faults<'_>) -> Option<Choice> {
    if let Some(table) = item.as_table() {
        table.only(&keys::CHOICE, faults);
        let value = match table.has("value") {
            true => table.words("value", faults)?,
            false => {
                faults.at(table.place, "`value` is missing");
                return None;
            }
        };
        let label = table.words("label", faults).unwrap_or_else(|| label_of(&value));
        return Some(Choice { value, label });
    }
    let value = item.text("values", faults)?.text;
    if value.is_empty() || value.contains(['\'', '"', '\\']) {
        faults.at(item.place, "a value is a text without quotes in it");
        return None;
    }
    Some(Choice { label: label_of(&value), value })
}

fn class(table: Table<'_>, faults: &mut Faults<'_>) -> Class {
    match table.text("class", faults) {
        Some(word) => class_of(&word, faults).unwrap_or(Class::Public),
        None => Class::Public,
    }
}

pub(super) fn class_of(word: &Text, faults: &mut Faults<'_>) -> Option<Class> {
    let found = Class::ALL.into_iter().find(|class| class.name() == word.text);
    if found.is_none() {
        let names = Class::ALL.map(Class::name);
        let message = format!("there is no class `{}`, only {}", word.text, names.join(", "));
        faults.unknown(word.place, message, &word.text, names);
    }
    found
}
