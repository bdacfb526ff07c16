//! Tables as files: CSV, XLSX, PDF. A file has the exact values: numbers are numbers, days are days,
//! and no text is ever a formula.
//! Read on: `csv`, `xlsx`, `pdf` (one format each), `reports` and `pages::export` (what is written).

mod csv;
mod xlsx;
mod pdf;
pub(crate) mod reports;

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use fondaco_kernel::schema::Kind;
use fondaco_kernel::values::{Date, Decimal, Value};

/// A cell as a file has it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Written {
    Nothing,
    Text(String),
    Number(Decimal),
    /// An amount of the company's money.
    Money(Decimal),
    Share(Decimal),
    Day(Date),
}

/// A file that rows are written to one by one.
pub(crate) trait Rows: Send {
    /// Headings, sums: what stands out.
    fn strong(&mut self, cells: &[Written]);
    fn row(&mut self, cells: &[Written]);
    fn finish(self: Box<Self>) -> std::io::Result<Vec<u8>>;
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Csv,
    Xlsx,
}

impl Format {
    /// The rows of a sheet that is called so; amounts have so many decimals.
    pub(crate) fn rows(self, title: &str, exponent: u8) -> Box<dyn Rows> {
        match self {
            Format::Csv => Box::new(csv::Csv::new()),
            Format::Xlsx => Box::new(xlsx::Xlsx::new(title, exponent)),
        }
    }

    fn ending(self) -> &'static str {
        match self {
            Format::Csv => "csv",
            Format::Xlsx => "xlsx",
        }
    }

    fn media(self) -> &'static str {
        match self {
            Format::Csv => "text/csv; charset=utf-8",
            Format::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        }
    }

    /// The file as an answer, under the name of what is in it.
    pub(crate) fn answer(self, name: &str, bytes: Vec<u8>) -> Response {
        let name = format!("{}.{}", name.replace('.', "-"), self.ending());
        sent(bytes, self.media(), &format!("attachment; filename=\"{name}\""))
    }
}

fn sent(bytes: Vec<u8>, media: &'static str, disposition: &str) -> Response {
    let mut response = bytes.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    if let Ok(disposition) = HeaderValue::from_str(disposition) {
        headers.insert(header::CONTENT_DISPOSITION, disposition);
    }
    response
}

/// A value for a file; what is neither a number nor a day is said as on the page.
pub(crate) fn written(kind: &Kind, value: &Value, said: impl FnOnce() -> String) -> Written {
    match (kind, value) {
        (_, Value::Null) => Written::Nothing,
        (_, Value::Date(day)) => Written::Day(*day),
        (Kind::Duration, _) => Written::Text(said()),
        (kind, value) if kind.is_number() => match (kind, value.as_decimal()) {
            (_, None) => Written::Nothing,
            (Kind::Money, Some(amount)) => Written::Money(amount),
            (Kind::Percent, Some(share)) => Written::Share(share),
            (_, Some(number)) => Written::Number(number),
        },
        _ => {
            let said = said();
            if said.is_empty() { Written::Nothing } else { Written::Text(said) }
        }
    }
}
