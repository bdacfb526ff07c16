//! A text in one style, shaped and broken into lines.

use std::borrow::Cow;
use std::rc::Rc;

use parley::style::{
    FontFamily, FontFamilyName, FontWeight, LineHeight, OverflowWrap, StyleProperty,
};
use parley::{AlignmentOptions, FontContext, Layout, LayoutContext};

pub(crate) type Colour = [u8; 3];

pub(crate) const INK: Colour = [0x1c, 0x21, 0x28];
pub(crate) const SOFT: Colour = [0x5d, 0x68, 0x74];
pub(crate) const HAIR: Colour = [0xd4, 0xd9, 0xde];
pub(crate) const TINT: Colour = [0xf2, 0xf5, 0xf8];
pub(crate) const WARN: Colour = [0xb4, 0x23, 0x18];

/// How a text looks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Style {
    /// Points.
    pub(crate) size: f32,
    pub(crate) bold: bool,
    pub(crate) colour: Colour,
    pub(crate) align: Align,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Align {
    Left,
    Right,
}

impl Style {
    pub(crate) fn of(size: f32) -> Style {
        Style { size, bold: false, colour: INK, align: Align::Left }
    }

    pub(crate) fn bold(self) -> Style {
        Style { bold: true, ..self }
    }

    pub(crate) fn soft(self) -> Style {
        Style { colour: SOFT, ..self }
    }

    pub(crate) fn colour(self, colour: Colour) -> Style {
        Style { colour, ..self }
    }

    pub(crate) fn right(self) -> Style {
        Style { align: Align::Right, ..self }
    }
}

/// A shaped text.
pub(crate) struct Shaped {
    pub(crate) text: String,
    pub(crate) layout: Layout<[u8; 4]>,
    pub(crate) style: Style,
    /// Where it must end; a text at the right begins accordingly.
    pub(crate) width: f32,
}

impl Shaped {
    pub(crate) fn height(&self) -> f32 {
        self.layout.height()
    }

    pub(crate) fn lines(&self) -> usize {
        self.layout.len()
    }

    /// The height of some of its lines.
    pub(crate) fn height_of(&self, lines: std::ops::Range<usize>) -> f32 {
        let heights = self.layout.lines().skip(lines.start).take(lines.len());
        heights.map(|line| line.metrics().line_height).sum()
    }

    /// How wide it is.
    pub(crate) fn measure(&self) -> f32 {
        self.layout.width()
    }
}

/// Fonts and the scratch space of shaping.
pub(crate) struct Shaper {
    pub(crate) fonts: FontContext,
    pub(crate) layouts: LayoutContext<[u8; 4]>,
    /// All that are looked through for a letter, in this order.
    pub(crate) families: Vec<String>,
    /// The one that a template wants.
    pub(crate) first: Option<String>,
}

impl Shaper {
    /// Shapes a text; with a width it is broken into lines, within a word where a word is longer.
    pub(crate) fn shape(&mut self, text: &str, style: Style, width: Option<f32>) -> Rc<Shaped> {
        let text = clean(text);
        let mut layout = self.layout(&text, style);
        layout.break_all_lines(width.map(|width| width + 0.01));
        layout.align(parley::Alignment::Start, AlignmentOptions::default());
        let own = layout.width();
        Rc::new(Shaped { text, layout, style, width: width.unwrap_or(own) })
    }

    fn layout(&mut self, text: &str, style: Style) -> Layout<[u8; 4]> {
        let names = self.first.iter().chain(&self.families);
        let names: Vec<FontFamilyName<'_>> =
            names.map(|name| FontFamilyName::Named(Cow::Borrowed(name))).collect();
        let mut builder = self.layouts.ranged_builder(&mut self.fonts, text, 1.0, false);
        builder.push_default(StyleProperty::FontFamily(FontFamily::List(Cow::Owned(names))));
        builder.push_default(StyleProperty::FontSize(style.size));
        builder.push_default(StyleProperty::LineHeight(LineHeight::FontSizeRelative(1.4)));
        builder.push_default(StyleProperty::OverflowWrap(OverflowWrap::Anywhere));
        if style.bold {
            builder.push_default(StyleProperty::FontWeight(FontWeight::BOLD));
        }
        builder.build(text)
    }

    /// The letters that no font has.
    pub(crate) fn missing(&mut self, text: &str) -> Vec<char> {
        let shaped = self.shape(text, Style::of(10.0), None);
        missing_in(&shaped)
    }
}

/// The letters of a shaped text that no font has.
pub(crate) fn missing_in(shaped: &Shaped) -> Vec<char> {
    let mut missing = Vec::new();
    for run in shaped.layout.lines().flat_map(|line| line.runs().collect::<Vec<_>>()) {
        for cluster in run.visual_clusters() {
            let letters = shaped.text.get(cluster.text_range()).unwrap_or_default();
            let shown = letters.chars().any(|c| !c.is_whitespace() && !c.is_control());
            if shown && cluster.glyphs().any(|glyph| glyph.id == 0) {
                missing
                    .extend(letters.chars().filter(|c| !missing.contains(c)).collect::<Vec<_>>());
            }
        }
    }
    missing
}

/// Without what is no letter and would be an empty box; line ends stay.
fn clean(text: &str) -> String {
    let ends = text.replace("\r\n", "\n").replace(['\r', '\u{2028}', '\u{2029}'], "\n");
    let kept = ends.chars().map(|c| if c == '\t' { ' ' } else { c });
    let is_mark = |c: char| matches!(c, '\u{feff}' | '\u{fffe}' | '\u{200e}' | '\u{200f}');
    kept.filter(|c| *c == '\n' || !(c.is_control() || is_mark(*c))).collect()
}
