//! What a document shows: texts by path, written as its language writes them, and the lines.

use std::collections::HashMap;

use fondaco_values::{Decimal, Locale, Timestamp};

/// Everything that a template asks for.
#[derive(Clone, Debug)]
pub struct Data {
    pub language: String,
    /// How sums that are made on the way are written.
    pub locale: Locale,
    /// Of the currency of its amounts.
    pub exponent: u8,
    /// Code of the currency, for amounts that show it.
    pub currency: String,
    /// By path; what is empty or may not be seen is not there.
    pub values: HashMap<String, String>,
    /// Name and address of whom it goes to, line by line.
    pub address: Vec<String>,
    /// By field, in their order.
    pub lines: HashMap<String, Vec<Row>>,
    pub logo: Option<Picture>,
    pub draft: bool,
    /// For the file.
    pub printed_at: Timestamp,
}

/// By path from the line.
pub type Row = HashMap<String, Cell>;

/// A value in a table.
#[derive(Clone, Debug, Default)]
pub struct Cell {
    pub text: String,
    /// Stands at the right.
    pub figure: bool,
    /// Of amounts, to be summed up.
    pub amount: Option<Decimal>,
    /// Says nothing: no discount, no tax.
    pub blank: bool,
    /// A sum of the lines above.
    pub strong: bool,
}

/// A picture, by its content: PNG, JPEG or SVG.
#[derive(Clone, Debug)]
pub struct Picture(pub Vec<u8>);

/// Says English words in the language of the document.
pub trait Words {
    fn say(&self, english: &str) -> String;

    /// What every document may say besides its template.
    fn own(&self, word: Own) -> String;
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Own {
    Page { page: usize, pages: usize },
    CarriedForward,
    BroughtForward,
    Draft,
}

impl Data {
    pub(crate) fn value(&self, path: &str) -> Option<&str> {
        self.values.get(path).map(String::as_str).filter(|text| !text.trim().is_empty())
    }

    pub(crate) fn money(&self, amount: Decimal) -> String {
        self.locale.money(amount, self.exponent)
    }
}
