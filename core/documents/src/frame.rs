//! What stands around the text of each page: the letterhead, the foot, which page of how many.

use std::rc::Rc;

use fondaco_schema::template::{Fact, Template};

use crate::Error;
use crate::data::{Data, Own, Words};
use crate::shape::{HAIR, SOFT, Shaped, Shaper, Style};
use crate::sheet::{Drawn, Mark, Role, Sheet, mm, points, read_picture};

/// The largest logo, in millimetres.
const LOGO_HIGH: f32 = 18.0;
const LOGO_WIDE: f32 = 70.0;
/// Size of the small type, as a share of that of the text.
const SMALL: f32 = 0.82;

/// The measures of the sheet and what is on each of them.
pub(crate) struct Frame {
    pub(crate) width: f32,
    pub(crate) height: f32,
    pub(crate) top: f32,
    pub(crate) left: f32,
    /// Of the text between the margins.
    pub(crate) inner: f32,
    pub(crate) size: f32,
    logo: Option<(Rc<Drawn>, f32, f32)>,
    name: Option<Rc<Shaped>>,
    letterhead: Vec<Rc<Shaped>>,
    columns: Vec<Vec<Rc<Shaped>>>,
    foot: f32,
    bottom: f32,
}

impl Frame {
    /// Reads the logo and shapes what is the same on each page.
    pub(crate) fn new(
        template: &Template,
        data: &Data,
        words: &dyn Words,
        shaper: &mut Shaper,
    ) -> Result<Frame, Error> {
        let page = &template.page;
        let [top, right, bottom, left] = page.margin.map(points);
        let [width, height] = page.size.map(points);
        let inner = width - left - right;
        let size = points_of_type(page.font_size);
        let logo = match &data.logo {
            None => None,
            Some(picture) => {
                let (drawn, ratio) = read_picture(picture).map_err(Error::Logo)?;
                let high = (mm(LOGO_WIDE) / ratio.max(0.01)).min(mm(LOGO_HIGH));
                Some((drawn, high * ratio, high))
            }
        };
        let small = Style::of(size * SMALL).soft();
        let half = inner * 0.5;
        let mut lines = facts(&template.letterhead, data, words).into_iter();
        let name = lines.next();
        let head = |text: &String, shaper: &mut Shaper| match logo {
            Some(_) => shaper.shape(text, small.bold().right(), Some(half)),
            None => {
                shaper.shape(text, Style::of(size * 1.6).bold().colour(page.colour), Some(half))
            }
        };
        let name = name.as_ref().map(|text| head(text, shaper));
        let letterhead =
            lines.map(|text| shaper.shape(&text, small.right(), Some(half))).collect::<Vec<_>>();
        let count = template.footer.len().max(1);
        let gap = mm(5.0);
        let column = (inner - gap * (count as f32 - 1.0)) / count as f32;
        let columns: Vec<Vec<Rc<Shaped>>> = template
            .footer
            .iter()
            .map(|own| {
                let texts = facts(own, data, words);
                texts.iter().map(|text| shaper.shape(text, small, Some(column))).collect()
            })
            .collect();
        let foot = columns.iter().map(|own| heights(own)).fold(0.0, f32::max);
        Ok(Frame {
            width,
            height,
            top,
            left,
            inner,
            size,
            logo,
            name,
            letterhead,
            columns,
            foot,
            bottom,
        })
    }

    /// Draws the letterhead of the first page; answers where it ends.
    pub(crate) fn letterhead(&self, sheet: &mut Sheet) -> f32 {
        let mut y = self.top;
        let half = self.left + self.inner * 0.5;
        let mut low = self.top;
        if let Some((picture, width, height)) = &self.logo {
            let (width, height, picture) = (*width, *height, picture.clone());
            sheet.marks.push(Mark::Logo { x: self.left, y, width, height, picture });
            low = y + height;
        }
        if let Some(name) = &self.name {
            match self.logo {
                Some(_) => {
                    sheet.text((half, y), name, Role::Frame);
                    y += name.height();
                }
                None => {
                    sheet.text((self.left, y - name.style.size * 0.2), name, Role::Frame);
                    low = y + name.height();
                }
            }
        }
        for line in &self.letterhead {
            sheet.text((half, y), line, Role::Frame);
            y += line.height();
        }
        y.max(low)
    }

    /// Where the text of a page must end.
    pub(crate) fn end(&self) -> f32 {
        self.height - self.bottom - self.foot - self.size * SMALL * 1.4 - mm(6.0)
    }

    /// Draws the foot of each page, and the head of all but the first.
    pub(crate) fn finish(
        &self,
        sheets: &mut [Sheet],
        title: &str,
        words: &dyn Words,
        shaper: &mut Shaper,
    ) {
        let pages = sheets.len();
        let small = Style::of(self.size * SMALL).soft();
        for (at, sheet) in sheets.iter_mut().enumerate() {
            let mut y = self.height - self.bottom - self.foot - self.size * SMALL * 1.4;
            sheet.rule((self.left, y - mm(2.0)), self.inner, 0.4, HAIR);
            let gap = mm(5.0);
            let count = self.columns.len().max(1) as f32;
            let step = (self.inner - gap * (count - 1.0)) / count + gap;
            for (column, lines) in self.columns.iter().enumerate() {
                let x = self.left + step * column as f32;
                let mut y = y;
                for line in lines {
                    sheet.text((x, y), line, Role::Frame);
                    y += line.height();
                }
            }
            y += self.foot;
            let page = words.own(Own::Page { page: at + 1, pages });
            let page = shaper.shape(&page, small.right(), Some(self.inner));
            sheet.text((self.left, y), &page, Role::Frame);
            if at > 0 {
                let head = shaper.shape(title, small.bold(), Some(self.inner * 0.7));
                sheet.text((self.left, self.top), &head, Role::Frame);
                if let Some(name) = &self.name {
                    let style = small.right().colour(SOFT);
                    let name = shaper.shape(&name.text, style, Some(self.inner * 0.5));
                    sheet.text((self.left + self.inner * 0.5, self.top), &name, Role::Frame);
                }
                let y = self.top + head.height() + mm(1.0);
                sheet.rule((self.left, y), self.inner, 0.4, HAIR);
            }
        }
    }

    /// Where the text of a following page begins.
    pub(crate) fn next_top(&self) -> f32 {
        self.top + self.size * SMALL * 1.4 + mm(6.0)
    }
}

/// The lines of values that are there, each with its label.
fn facts(facts: &[Fact], data: &Data, words: &dyn Words) -> Vec<String> {
    let said = |fact: &Fact| {
        let value = data.value(&fact.value)?;
        Some(match &fact.label {
            Some(label) => format!("{}: {value}", words.say(label)),
            None => value.to_owned(),
        })
    };
    facts.iter().filter_map(said).collect()
}

fn heights(shaped: &[Rc<Shaped>]) -> f32 {
    shaped.iter().map(|line| line.height()).sum()
}

/// Thousandths of a point.
pub(crate) fn points_of_type(size: i64) -> f32 {
    i32::try_from(size).map_or(9.0, |size| size as f32 / 1000.0)
}
