//! Sheets as they are filled: what lies where, in points from the upper left corner, and what it is
//! for those who have it read to them.

use std::ops::Range;
use std::rc::Rc;

use crate::data::Picture;
use crate::shape::{Colour, Shaped};

/// Points in a thousandth of a millimetre.
const POINTS: f32 = 72.0 / 25_400.0;

/// A length of a template in points.
pub(crate) fn points(thousandths_mm: i64) -> f32 {
    // Templates hold a few hundred millimetres at most.
    i32::try_from(thousandths_mm).map_or(0.0, |length| length as f32) * POINTS
}

pub(crate) fn mm(length: f32) -> f32 {
    length * 72.0 / 25.4
}

/// What a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Role {
    /// Repeated on each page, or an ornament: not read out.
    Frame,
    Title,
    Heading,
    Text,
    Cell(Place),
}

/// A cell: which table, row and column; the first row has the headings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) table: usize,
    pub(crate) row: usize,
    pub(crate) column: usize,
}

pub(crate) enum Mark {
    Text { x: f32, y: f32, shaped: Rc<Shaped>, lines: Range<usize>, role: Role },
    Fill { x: f32, y: f32, width: f32, height: f32, colour: Colour },
    Logo { x: f32, y: f32, width: f32, height: f32, picture: Rc<Drawn> },
}

/// A picture that was read.
pub(crate) enum Drawn {
    Raster(krilla::image::Image),
    Vector(Box<usvg::Tree>),
}

#[derive(Default)]
pub(crate) struct Sheet {
    pub(crate) marks: Vec<Mark>,
}

impl Sheet {
    pub(crate) fn text(&mut self, (x, y): (f32, f32), shaped: &Rc<Shaped>, role: Role) {
        self.text_lines((x, y), shaped, 0..shaped.lines(), role);
    }

    pub(crate) fn text_lines(
        &mut self,
        (x, y): (f32, f32),
        shaped: &Rc<Shaped>,
        lines: Range<usize>,
        role: Role,
    ) {
        self.marks.push(Mark::Text { x, y, shaped: shaped.clone(), lines, role });
    }

    pub(crate) fn rule(&mut self, (x, y): (f32, f32), width: f32, thick: f32, colour: Colour) {
        self.marks.push(Mark::Fill { x, y, width, height: thick, colour });
    }

    /// Behind what is there.
    pub(crate) fn fill(&mut self, (x, y): (f32, f32), (width, height): (f32, f32), colour: Colour) {
        self.marks.push(Mark::Fill { x, y, width, height, colour });
    }
}

/// Reads a picture and how wide it is for its height.
///
/// # Errors
/// In words, when it is none of PNG, JPEG and SVG.
pub(crate) fn read_picture(picture: &Picture) -> Result<(Rc<Drawn>, f32), String> {
    let bytes = &picture.0;
    let raster = |image: Result<krilla::image::Image, String>| {
        let image = image?;
        let (width, height) = image.size();
        Ok((Rc::new(Drawn::Raster(image)), width as f32 / height.max(1) as f32))
    };
    if bytes.starts_with(b"\x89PNG") {
        return raster(krilla::image::Image::from_png(bytes.clone().into(), false));
    }
    if bytes.starts_with(b"\xff\xd8") {
        return raster(krilla::image::Image::from_jpeg(bytes.clone().into(), false));
    }
    let is_svg = std::str::from_utf8(bytes).is_ok_and(|text| text.contains("<svg"));
    if !is_svg {
        return Err("it is neither PNG nor JPEG nor SVG".to_owned());
    }
    let tree =
        usvg::Tree::from_data(bytes, &usvg::Options::default()).map_err(|e| e.to_string())?;
    let ratio = tree.size().width() / tree.size().height().max(0.001);
    Ok((Rc::new(Drawn::Vector(Box::new(tree))), ratio))
}
