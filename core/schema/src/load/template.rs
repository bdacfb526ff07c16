//! `document = …`: what is printed of a record. A company's file of the same name is laid over the
//! module's: a key that it has stands instead of the module's, all others stay.

use fondaco_values::Decimal;
use indexmap::IndexMap;

use super::document::{Faults, Item, Place, Table, Text};
use super::{Part, PartKind, is_name, keys};
use crate::field::label_of;
use crate::template::{
    Address, Block, Column, Fact, Page, SHEETS, Said, Shows, Table as Lines, Template, When,
};
use crate::{Kind, Origin, Schema};

/// The word before the dot of paths that lead to the record's company.
const COMPANY: &str = "company.";
const COLUMNS_MAX: usize = 12;

/// Reads all documents against the schema.
pub(super) fn read_all(
    schema: &Schema,
    parts: &[Part<'_>],
    faults: &mut Faults<'_>,
) -> IndexMap<String, Template> {
    let mut layers: IndexMap<&str, Vec<&Part<'_>>> = IndexMap::new();
    for part in parts.iter().filter(|part| part.kind == PartKind::Document) {
        part.table.only(&keys::DOCUMENT, faults);
        let known = layers.entry(part.name.as_str()).or_default();
        if known.iter().any(|other| other.document.origin == part.document.origin) {
            faults.at(part.place, format!("document `{}` is there twice", part.name));
            continue;
        }
        known.push(part);
    }
    let mut found = IndexMap::new();
    for (name, mut layers) in layers {
        layers.sort_by_key(|part| part.document.origin == &Origin::Company);
        let mut reader = Reader { schema, faults, layers: &layers, of: String::new() };
        if let Some(template) = reader.template(name) {
            found.insert(name.to_owned(), template);
        }
    }
    found
}

struct Reader<'r, 'd, 's> {
    schema: &'r Schema,
    faults: &'r mut Faults<'s>,
    /// The module's first, the company's over it.
    layers: &'r [&'r Part<'d>],
    of: String,
}

impl<'d> Reader<'_, 'd, '_> {
    fn item(&self, key: &str) -> Option<Item<'d>> {
        self.layers.iter().rev().find_map(|part| part.table.item(key))
    }

    fn text(&mut self, key: &str) -> Option<Text> {
        self.item(key)?.text(key, self.faults)
    }

    fn template(&mut self, name: &str) -> Option<Template> {
        let base = self.layers.first()?;
        self.name(base);
        let Some(of) = self.text("of") else {
            let help = "`of` names the model whose records it shows".to_owned();
            self.faults.with_help(base.place, "a document is of a model", Some(help));
            return None;
        };
        let Some(model) = self.schema.models.get(&of.text) else {
            let message = format!("there is no model `{}`", of.text);
            let known = self.schema.models.keys().map(String::as_str);
            self.faults.unknown(of.place, message, &of.text, known);
            return None;
        };
        self.of = of.text;
        let last = name.rsplit('.').next().unwrap_or(name);
        let number = self.path_at("number");
        let currency = self.path_at("currency");
        let own = |field: &str| model.field(field).map(|_| field.to_owned());
        Some(Template {
            name: name.to_owned(),
            label: self.text("label").map_or_else(|| label_of(last), |text| text.text),
            module: base.document.origin.to_string(),
            when: self.when("when"),
            draft: self.when("draft"),
            language: self.path_at("language"),
            currency: currency.or_else(|| own("currency")),
            number: number.or_else(|| own("number")),
            page: self.page(),
            letterhead: self.letterhead(),
            address: self.address(),
            footer: self.footer(),
            blocks: self.blocks(),
            of: self.of.clone(),
        })
    }

    fn name(&mut self, base: &Part<'_>) {
        let words: Vec<&str> = base.name.split('.').collect();
        let prefix = base.document.origin.prefix();
        let own = prefix.as_deref().is_none_or(|prefix| words.len() == 2 && words[0] == prefix);
        if words.len() > 2 || !words.iter().all(|word| is_name(word)) {
            self.faults.at(base.place, format!("`{}` is not a name of a document", base.name));
        } else if !own {
            let prefix = prefix.unwrap_or_default();
            self.faults.at(base.place, format!("a document of `{prefix}` is named `{prefix}.…`"));
        }
    }

    /// `{ kind = ["invoice"], state = ["posted", "paid"] }`.
    fn when(&mut self, key: &str) -> When {
        let mut when = When::new();
        let Some(table) = self.item(key).and_then(|item| item.table(key, self.faults)) else {
            return when;
        };
        for entry in table.entries() {
            let values = entry.item.texts(entry.name, self.faults);
            let Some((_, field)) = self.schema.field(&self.of, entry.name) else {
                self.no_field(entry.place, entry.name);
                continue;
            };
            let Kind::Choice { values: known } = &field.kind else {
                let message = format!("`{}` is not a choice of a few values", entry.name);
                self.faults.at(entry.place, message);
                continue;
            };
            for value in &values {
                if !known.iter().any(|choice| choice.value == value.text) {
                    let message = format!("`{}` has no value `{}`", entry.name, value.text);
                    let known = known.iter().map(|choice| choice.value.as_str());
                    self.faults.unknown(value.place, message, &value.text, known);
                }
            }
            let values = values.into_iter().map(|value| value.text).collect();
            when.insert(entry.name.to_owned(), values);
        }
        when
    }

    fn no_field(&mut self, place: Place, name: &str) {
        let known = self.schema.model(&self.of).map(|model| model.fields.keys());
        let known = known.into_iter().flatten().map(String::as_str);
        self.faults.unknown(place, format!("`{}` has no field `{name}`", self.of), name, known);
    }

    fn address(&mut self) -> Option<Address> {
        let table = self.item("address")?.table("address", self.faults)?;
        table.only(&keys::ADDRESS, self.faults);
        let Some(party) = table.text("party", self.faults) else {
            self.faults.at(table.place, "an address is that of a `party`");
            return None;
        };
        let of = self.of.clone();
        if let Ok(fields) = self.schema.path(&of, &party.text) {
            let target = fields.last().and_then(|at| self.schema.field(&at.model, &at.field));
            if target.and_then(|(_, field)| field.kind.target()) != Some("party") {
                self.faults.at(party.place, format!("`{}` is no link to a party", party.text));
            }
        }
        self.path(&party);
        let kinds = table.texts("kinds", self.faults);
        Some(Address {
            party: party.text,
            kinds: kinds.into_iter().map(|kind| kind.text).collect(),
            facts: table.item("facts").map_or_else(Vec::new, |item| self.facts(item)),
        })
    }

    fn letterhead(&mut self) -> Vec<Fact> {
        match self.item("letterhead") {
            Some(item) => self.facts(item),
            None => self.of_company(&[("name", None), ("address", None)]),
        }
    }

    /// What each company's paper has, as far as there are such fields.
    fn of_company(&self, fields: &[(&str, Option<&str>)]) -> Vec<Fact> {
        let known =
            fields.iter().filter(|(field, _)| self.schema.field("company", field).is_some());
        known
            .map(|(field, label)| Fact {
                label: label.map(str::to_owned),
                value: format!("{COMPANY}{field}"),
                ..Fact::default()
            })
            .collect()
    }

    fn footer(&mut self) -> Vec<Vec<Fact>> {
        let Some(item) = self.item("footer") else {
            return vec![
                self.of_company(&[("name", None), ("tax_number", Some("Tax number"))]),
                self.of_company(&[("phone", Some("Phone")), ("email", Some("E-mail"))]),
                self.of_company(&[("bank_details", None)]),
            ];
        };
        let Some(columns) = item.items() else {
            self.faults.at(item.place, item.wanted("footer", "a list of columns"));
            return Vec::new();
        };
        columns.into_iter().map(|column| self.facts(column)).collect()
    }

    /// A list of paths, or of tables with a label and a path.
    fn facts(&mut self, item: Item<'_>) -> Vec<Fact> {
        let Some(items) = item.items() else {
            self.faults.at(item.place, "here stands a list of values");
            return Vec::new();
        };
        items.into_iter().filter_map(|item| self.fact(item)).collect()
    }

    fn fact(&mut self, item: Item<'_>) -> Option<Fact> {
        if let Some(path) = item.as_text() {
            self.path(&Text { place: item.place, text: path.to_owned() });
            return Some(Fact { value: path.to_owned(), ..Fact::default() });
        }
        let table = item.table("value", self.faults)?;
        table.only(&keys::FACT, self.faults);
        let Some(value) = table.text("value", self.faults) else {
            self.faults.at(table.place, "`value` is missing: the path to what is shown");
            return None;
        };
        self.path(&value);
        Some(Fact {
            label: table.words("label", self.faults),
            value: value.text,
            strong: table.flag("strong", self.faults),
            currency: table.flag("currency", self.faults),
        })
    }
}

/// Blocks.
impl Reader<'_, '_, '_> {
    fn blocks(&mut self) -> Vec<Block> {
        let Some(item) = self.item("blocks") else {
            let place = self.layers[0].place;
            self.faults.at(place, "a document has [[blocks]]");
            return Vec::new();
        };
        let Some(items) = item.items() else {
            self.faults.at(item.place, item.wanted("blocks", "a list of tables"));
            return Vec::new();
        };
        items.into_iter().filter_map(|item| self.block(item)).collect()
    }

    fn block(&mut self, item: Item<'_>) -> Option<Block> {
        let table = item.table("blocks", self.faults)?;
        let Some(kind) = table.text("kind", self.faults) else {
            let help = Some(format!("one of {}", keys::BLOCKS.join(", ")));
            self.faults.with_help(table.place, "a block has a `kind`", help);
            return None;
        };
        let Some(known) = keys::of_block(&kind.text) else {
            let message =
                format!("there is no block `{}`, only {}", kind.text, keys::BLOCKS.join(", "));
            self.faults.unknown(kind.place, message, &kind.text, keys::BLOCKS);
            return None;
        };
        table.only(known, self.faults);
        let title = table.words("title", self.faults);
        match kind.text.as_str() {
            "text" => self.words(table, title),
            "facts" => Some(Block::Facts { title, rows: self.rows(table) }),
            "table" => self.lines(table).map(Block::Table),
            "totals" => {
                let summary = table.item("summary").and_then(|item| item.as_table());
                let summary = summary.and_then(|own| {
                    own.only(&keys::SUMMARY, self.faults);
                    self.lines(own)
                });
                Some(Block::Totals { rows: self.rows(table), summary })
            }
            _ => {
                let labels = table.texts("labels", self.faults);
                if !(1..=3).contains(&labels.len()) {
                    self.faults.at(table.place, "one to three people sign: `labels = [\"…\"]`");
                }
                let labels = labels.into_iter().map(|label| label.text).collect();
                Some(Block::Signatures { labels })
            }
        }
    }

    fn words(&mut self, table: Table<'_>, title: Option<String>) -> Option<Block> {
        let text = table.words("text", self.faults);
        let value = table.text("value", self.faults);
        let soft = table.flag("soft", self.faults);
        let text = match (text, value) {
            (Some(text), None) => Said::Words(text),
            (None, Some(value)) => {
                self.path(&value);
                Said::Value(value.text)
            }
            _ => {
                let message = "a text says either `text` or the `value` of a field";
                self.faults.at(table.place, message);
                return None;
            }
        };
        Some(Block::Text { title, text, soft })
    }

    fn rows(&mut self, table: Table<'_>) -> Vec<Fact> {
        match table.item("rows") {
            Some(item) => self.facts(item),
            None => {
                self.faults.at(table.place, "`rows` is missing");
                Vec::new()
            }
        }
    }

    fn lines(&mut self, table: Table<'_>) -> Option<Lines> {
        let Some(lines) = table.text("lines", self.faults) else {
            self.faults.at(table.place, "a table shows `lines`");
            return None;
        };
        let of = match self.schema.field(&self.of, &lines.text).map(|(_, field)| &field.kind) {
            Some(Kind::Lines { of, .. }) => of.clone(),
            Some(_) => {
                self.faults.at(lines.place, format!("`{}` is no field of lines", lines.text));
                return None;
            }
            None => {
                self.no_field(lines.place, &lines.text);
                return None;
            }
        };
        let items = table.items("columns", self.faults);
        if items.is_empty() || items.len() > COLUMNS_MAX {
            let message = format!("a table has `columns`, {COLUMNS_MAX} at most");
            self.faults.at(table.place, message);
        }
        let columns = items.into_iter().filter_map(|item| self.column(item, &of)).collect();
        Some(Lines { title: table.words("title", self.faults), lines: lines.text, columns })
    }

    fn column(&mut self, item: Item<'_>, of: &str) -> Option<Column> {
        let table = item.table("columns", self.faults)?;
        table.only(&keys::PRINTED_COLUMN, self.faults);
        let value = table.text("value", self.faults);
        if value.is_some() == table.flag("count", self.faults) {
            let message = "a column shows the `value` of a field, or is the `count` of the lines";
            self.faults.at(table.place, message);
        }
        let unit = table.text("unit", self.faults);
        let below = table.text("below", self.faults);
        for path in value.iter().chain(&unit).chain(&below) {
            self.path_from(of, path);
        }
        let carry = table.flag("carry", self.faults);
        if let Some(path) = value.as_ref().filter(|_| carry) {
            let last = self.schema.path(of, &path.text).ok().and_then(|mut path| path.pop());
            let field = last.as_ref().and_then(|at| self.schema.field(&at.model, &at.field));
            if field.is_some_and(|(_, field)| !matches!(field.kind, Kind::Money)) {
                self.faults.at(path.place, "only amounts are carried forward");
            }
        }
        let label = table.words("label", self.faults);
        let last = value.as_ref().and_then(|path| path.text.rsplit('.').next().map(label_of));
        Some(Column {
            label: label.or(last).unwrap_or_else(|| "No.".to_owned()),
            shows: value.map_or(Shows::Count, |path| Shows::Value(path.text)),
            width: self.length(table, "width", 400),
            optional: table.flag("optional", self.faults),
            carry,
            price: table.flag("price", self.faults),
            unit: unit.map(|path| path.text),
            below: below.map(|path| path.text),
        })
    }
}

/// The sheet, and paths.
impl Reader<'_, '_, '_> {
    fn page(&mut self) -> Page {
        let mut page = Page::default();
        let Some(table) = self.item("page").and_then(|item| item.table("page", self.faults)) else {
            return page;
        };
        table.only(&keys::PAGE, self.faults);
        if let Some(size) = table.text("size", self.faults) {
            match SHEETS.iter().find(|(name, _)| *name == size.text) {
                Some((_, known)) => page.size = *known,
                None => {
                    let known = SHEETS.map(|(name, _)| name);
                    let message = format!("there is no sheet `{}`, only {known:?}", size.text);
                    self.faults.unknown(size.place, message, &size.text, known);
                }
            }
        }
        for (at, key) in keys::MARGINS.into_iter().enumerate() {
            if let Some(length) = self.length(table, key, 80) {
                page.margin[at] = length;
            }
        }
        page.font = table.words("font", self.faults);
        if let Some(size) = table.number("font_size", self.faults) {
            let place = table.item("font_size").map_or(table.place, |item| item.place);
            let fits = (Decimal::from(6)..=Decimal::from(16)).contains(&size);
            match thousandths(size).filter(|_| fits) {
                Some(size) => page.font_size = size,
                None => self.faults.at(place, "`font_size` is from 6 to 16 points"),
            }
        }
        if let Some(colour) = table.text("colour", self.faults) {
            match colour_of(&colour.text) {
                Some(known) => page.colour = known,
                None => self.faults.at(colour.place, "a colour is written as `#1f3b57`"),
            }
        }
        page
    }

    /// Millimetres.
    fn length(&mut self, table: Table<'_>, key: &str, max: i64) -> Option<i64> {
        let item = table.item(key)?;
        let number = table.number(key, self.faults)?;
        let length = thousandths(number).filter(|own| (1..=max * 1000).contains(own));
        if length.is_none() {
            let message = format!("`{key}` is in millimetres, up to {max}");
            self.faults.at(item.place, message);
        }
        length
    }

    fn path_at(&mut self, key: &str) -> Option<String> {
        let path = self.text(key)?;
        self.path(&path);
        Some(path.text)
    }

    /// A path from the record or from its company.
    fn path(&mut self, path: &Text) {
        match path.text.strip_prefix(COMPANY) {
            Some(rest) => {
                let rest = Text { place: path.place, text: rest.to_owned() };
                self.path_from("company", &rest);
            }
            None => {
                let of = self.of.clone();
                self.path_from(&of, path);
            }
        }
    }

    fn path_from(&mut self, model: &str, path: &Text) {
        let fields = match self.schema.path(model, &path.text) {
            Ok(fields) => fields,
            Err(message) => return self.faults.at(path.place, message),
        };
        let last = fields.last().and_then(|at| self.schema.field(&at.model, &at.field));
        let kind = last.map(|(_, field)| &field.kind);
        if kind
            .is_some_and(|kind| kind.is_json() || matches!(kind, Kind::Lines { .. } | Kind::File))
        {
            let message = format!("`{}` is nothing that can be printed in a line", path.text);
            self.faults.at(path.place, message);
        }
    }
}

fn thousandths(number: Decimal) -> Option<i64> {
    let scaled = number.checked_mul(Decimal::ONE_THOUSAND)?;
    i64::try_from(scaled).ok().filter(|_| scaled.fract().is_zero())
}

/// `#1f3b57`.
fn colour_of(text: &str) -> Option<[u8; 3]> {
    let digits = text.strip_prefix('#').filter(|rest| rest.len() == 6 && rest.is_ascii())?;
    let part = |at: usize| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
    Some([part(0)?, part(2)?, part(4)?])
}
