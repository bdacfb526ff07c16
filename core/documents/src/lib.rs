//! Documents as PDF: a template (`fondaco_schema::template`), what it shows, and words give sheets of
//! paper. Shaping, line breaking and fonts by parley, the file by krilla; pages, tables and what is
//! carried from one to the next are ours.
//! Not here: where the data come from and who may see them (the kernel), HTTP.
//! Read on: `flow` (blocks below one another), `table`, `sheet` (what lies where), `paint` (the PDF).

#![expect(
    clippy::float_arithmetic,
    clippy::disallowed_types,
    reason = "places on a sheet are points, as parley and krilla count them; amounts stay decimals"
)]

mod data;
mod fonts;
mod shape;
mod sheet;
mod flow;
mod table;
mod frame;
mod paint;

pub use data::{Cell, Data, Own, Picture, Row, Words};
pub use fonts::{Fonts, Lack};

use fondaco_schema::template::Template;

/// Words of the built-in documents in other languages than English, as `texts` reads them.
pub const WORDS: &[(&str, &str, &str)] = &[
    ("vi", "core/documents/locales/vi.ftl", include_str!("../locales/vi.ftl")),
    ("th", "core/documents/locales/th.ftl", include_str!("../locales/th.ftl")),
    ("pl", "core/documents/locales/pl.ftl", include_str!("../locales/pl.ftl")),
    ("zh", "core/documents/locales/zh.ftl", include_str!("../locales/zh.ftl")),
];

/// A finished document.
#[derive(Clone, Debug)]
pub struct Printed {
    pub pdf: Vec<u8>,
    pub pages: usize,
    /// Letters for which no font was found; they are empty boxes on the sheet.
    pub missing: Vec<char>,
}

/// Why there is no document.
#[derive(Debug)]
pub enum Error {
    /// No font at all could be read.
    NoFonts,
    /// The logo is not what it says it is.
    Logo(String),
    /// The sheets could not be written down.
    Pdf(String),
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Error::NoFonts => f.write_str(
                "no font was found: install one (Debian: fonts-noto-core) or put it into the \
                 company folder's fonts/",
            ),
            Error::Logo(why) => write!(f, "the logo cannot be read: {why}"),
            Error::Pdf(why) => write!(f, "the PDF cannot be written: {why}"),
        }
    }
}

impl std::error::Error for Error {}

/// Draws a document.
///
/// # Errors
/// Without any font, with a logo that is no picture, or when the file cannot be made.
pub fn print(
    template: &Template,
    data: &Data,
    words: &dyn Words,
    fonts: &Fonts,
) -> Result<Printed, Error> {
    let laid = fonts.shaping(template, |shaper| {
        let frame = frame::Frame::new(template, data, words, shaper)?;
        let mut flow = flow::Flow::new(template, data, words, frame, shaper);
        flow.fill();
        Ok(flow.finish())
    })?;
    paint::pdf(template, data, words, fonts, laid)
}
