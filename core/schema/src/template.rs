//! A document that is printed of a record: an invoice, a delivery note. What it shows of which model
//! and how the sheet looks; its words are English here and in other languages in Fluent files.
//! Not here: reading it from TOML (`load::template`), drawing it (crate `documents`).

use indexmap::IndexMap;
use serde::Serialize;

/// Fields of which one of these values makes it apply: `{ kind = ["invoice"] }`.
pub type When = IndexMap<String, Vec<String>>;

/// One document of a model.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Template {
    pub name: String,
    /// The model whose records it shows.
    pub of: String,
    /// What it is called, on the sheet and where one prints it.
    pub label: String,
    pub module: String,
    /// Which records it is for; empty: all.
    pub when: When,
    /// Which records it is only a draft of, and says so.
    pub draft: When,
    /// Path to the language that it is written in, such as `customer.language`.
    pub language: Option<String>,
    /// Path to the currency of its amounts.
    pub currency: Option<String>,
    /// Path to what stands beside its title.
    pub number: Option<String>,
    pub page: Page,
    pub letterhead: Vec<Fact>,
    pub address: Option<Address>,
    pub blocks: Vec<Block>,
    /// Columns at the foot of each page.
    pub footer: Vec<Vec<Fact>>,
}

/// The sheet. Lengths are in thousandths of a millimetre, sizes of type in those of a point.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Page {
    pub size: [i64; 2],
    /// Top, right, bottom, left.
    pub margin: [i64; 4],
    /// A family of fonts; without one, what the system has.
    pub font: Option<String>,
    pub font_size: i64,
    /// Of titles and rules: red, green, blue.
    pub colour: [u8; 3],
}

/// Sheets by name, in thousandths of a millimetre.
pub const SHEETS: [(&str, [i64; 2]); 4] = [
    ("A4", [210_000, 297_000]),
    ("A5", [148_000, 210_000]),
    ("Letter", [215_900, 279_400]),
    ("Legal", [215_900, 355_600]),
];

impl Default for Page {
    fn default() -> Page {
        Page {
            size: SHEETS[0].1,
            margin: [15_000, 18_000, 12_000, 20_000],
            font: None,
            font_size: 9_000,
            colour: [0x1f, 0x3b, 0x57],
        }
    }
}

/// Somebody's name and address, where the window of an envelope shows it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Address {
    /// Path to the party.
    pub party: String,
    /// Which of its addresses, the first that there is.
    pub kinds: Vec<String>,
    /// What stands beside it.
    pub facts: Vec<Fact>,
}

/// A value, mostly with a label. One that is empty is left out.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Fact {
    pub label: Option<String>,
    /// A path from the record, or from its company: `company.name`.
    pub value: String,
    pub strong: bool,
    /// An amount with the code of its currency.
    pub currency: bool,
}

/// What follows below one another.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Block {
    Text { title: Option<String>, text: Said, soft: bool },
    Facts { title: Option<String>, rows: Vec<Fact> },
    Table(Table),
    Totals { rows: Vec<Fact>, summary: Option<Table> },
    Signatures { labels: Vec<String> },
}

/// Words of its own, or the value of a field.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Said {
    Words(String),
    Value(String),
}

/// The lines of a record.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Table {
    pub title: Option<String>,
    /// A field of kind lines.
    pub lines: String,
    pub columns: Vec<Column>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Column {
    pub label: String,
    pub shows: Shows,
    /// Thousandths of a millimetre; without one it takes what is left.
    pub width: Option<i64>,
    /// Left out when no line has anything there.
    pub optional: bool,
    /// Summed up at the end of a page and carried forward to the next.
    pub carry: bool,
    /// A price: at least the decimals of the currency.
    pub price: bool,
    /// Path to the unit that stands behind a quantity.
    pub unit: Option<String>,
    /// Path to what stands small below it.
    pub below: Option<String>,
}

/// What stands in a column.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Shows {
    /// The number of the line.
    #[default]
    Count,
    Value(String),
}

impl Block {
    /// The tables in it.
    pub fn table(&self) -> Option<&Table> {
        match self {
            Block::Table(table) => Some(table),
            Block::Totals { summary, .. } => summary.as_ref(),
            _ => None,
        }
    }
}

impl Table {
    /// Paths from a line that it shows.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().flat_map(|column| {
            let own = match &column.shows {
                Shows::Value(path) => Some(path.as_str()),
                Shows::Count => None,
            };
            own.into_iter().chain(column.unit.as_deref()).chain(column.below.as_deref())
        })
    }
}

impl Template {
    /// Paths of all values that it shows outside of its tables, of the company's among them.
    pub fn paths(&self) -> Vec<&str> {
        let mut all: Vec<&str> = Vec::new();
        all.extend(self.language.as_deref());
        all.extend(self.currency.as_deref());
        all.extend(self.number.as_deref());
        all.extend(self.letterhead.iter().map(|fact| fact.value.as_str()));
        all.extend(self.footer.iter().flatten().map(|fact| fact.value.as_str()));
        if let Some(address) = &self.address {
            all.extend(address.facts.iter().map(|fact| fact.value.as_str()));
        }
        for block in &self.blocks {
            match block {
                Block::Text { text: Said::Value(path), .. } => all.push(path),
                Block::Facts { rows, .. } | Block::Totals { rows, .. } => {
                    all.extend(rows.iter().map(|fact| fact.value.as_str()));
                }
                _ => {}
            }
        }
        all.sort_unstable();
        all.dedup();
        all
    }

    /// The tables, in their order.
    pub fn tables(&self) -> impl Iterator<Item = &Table> {
        self.blocks.iter().filter_map(Block::table)
    }

    /// Every English text that it says.
    pub fn words(&self) -> Vec<&str> {
        let mut all = vec![self.label.as_str()];
        let beside = self.address.iter().flat_map(|address| &address.facts);
        let facts = self.letterhead.iter().chain(beside).chain(self.footer.iter().flatten());
        all.extend(facts.filter_map(|fact| fact.label.as_deref()));
        for block in &self.blocks {
            match block {
                Block::Text { title, text, .. } => {
                    all.extend(title.as_deref());
                    if let Said::Words(words) = text {
                        all.push(words);
                    }
                }
                Block::Facts { title, rows } => {
                    all.extend(title.as_deref());
                    all.extend(rows.iter().filter_map(|fact| fact.label.as_deref()));
                }
                Block::Totals { rows, .. } => {
                    all.extend(rows.iter().filter_map(|fact| fact.label.as_deref()));
                }
                Block::Signatures { labels } => all.extend(labels.iter().map(String::as_str)),
                Block::Table(_) => {}
            }
            if let Some(table) = block.table() {
                all.extend(table.title.as_deref());
                all.extend(table.columns.iter().map(|column| column.label.as_str()));
            }
        }
        all
    }
}
