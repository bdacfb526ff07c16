//! The sheets as PDF/A-2a: fonts embedded with the letters that are used, texts in reading order,
//! tables as tables.

use std::collections::BTreeMap;
use std::ops::Range;

use fondaco_schema::template::Template;
use krilla::configure::{Archival, ConfigurationBuilder};
use krilla::geom::{PathBuilder, Point, Rect, Size, Transform};
use krilla::metadata::{DateTime, Metadata};
use krilla::page::PageSettings;
use krilla::paint::Fill;
use krilla::surface::Surface;
use krilla::tagging::{
    Artifact, ArtifactType, ContentTag, Identifier, SpanTag, TableHeaderScope, Tag, TagGroup,
    TagTree,
};
use krilla::text::{GlyphId, KrillaGlyph};
use krilla::{Document, SerializeSettings};
use krilla_svg::{SurfaceExt, SvgSettings};

use crate::data::{Data, Words};
use crate::flow::Laid;
use crate::fonts::Fonts;
use crate::shape::{Align, Colour, Shaped, missing_in};
use crate::sheet::{Drawn, Mark, Role};
use crate::{Error, Printed};

/// Writes the sheets down.
pub(crate) fn pdf(
    template: &Template,
    data: &Data,
    words: &dyn Words,
    fonts: &Fonts,
    laid: Laid,
) -> Result<Printed, Error> {
    let mut missing: Vec<char> = Vec::new();
    for shaped in laid.texts() {
        missing.extend(missing_in(shaped));
    }
    missing.sort_unstable();
    missing.dedup();
    // A box instead of a letter is against the standard; the document is still wanted.
    let archival = missing.is_empty().then_some(Archival::A2_A);
    let bytes = match written(template, data, words, fonts, &laid, archival) {
        Err(Error::Pdf(_)) if archival.is_some() => {
            written(template, data, words, fonts, &laid, None)?
        }
        other => other?,
    };
    Ok(Printed { pdf: bytes, pages: laid.sheets.len(), missing })
}

fn written(
    template: &Template,
    data: &Data,
    words: &dyn Words,
    fonts: &Fonts,
    laid: &Laid,
    archival: Option<Archival>,
) -> Result<Vec<u8>, Error> {
    let mut settings = SerializeSettings { enable_tagging: true, ..SerializeSettings::default() };
    if let Some(archival) = archival {
        let builder = ConfigurationBuilder::new().with_archival_validator(archival);
        settings.configuration = builder.finish().map_err(|e| Error::Pdf(format!("{e:?}")))?;
    }
    let mut document = Document::new_with(settings);
    let mut outline = Outline::default();
    let size = PageSettings::from_wh(laid.size.0, laid.size.1);
    let size = size.ok_or_else(|| Error::Pdf("the sheet has no size".to_owned()))?;
    for sheet in &laid.sheets {
        let mut page = document.start_page_with(size.clone());
        let mut surface = page.surface();
        for mark in &sheet.marks {
            mark_on(&mut surface, mark, fonts, data, &mut outline);
        }
        surface.finish();
        page.finish();
    }
    document.set_tag_tree(outline.tree(&data.language));
    document.set_metadata(metadata(template, data, words, &laid.title));
    document.finish().map_err(|error| Error::Pdf(format!("{error:?}")))
}

fn metadata(template: &Template, data: &Data, words: &dyn Words, title: &str) -> Metadata {
    let now = data.printed_at.to_zoned(jiff::tz::TimeZone::UTC);
    let [month, day, hour, minute, second] =
        [now.month(), now.day(), now.hour(), now.minute(), now.second()]
            .map(|part| u8::try_from(part).unwrap_or_default());
    let at = DateTime::new(u16::try_from(now.year()).unwrap_or_default());
    let at = at.month(month).day(day).hour(hour).minute(minute).second(second);
    let at = at.utc_offset_hour(0).utc_offset_minute(0);
    let author = data.value("company.name").map(str::to_owned);
    Metadata::new()
        .title(title.to_owned())
        .description(words.say(&template.label))
        .language(data.language.clone())
        .authors(author.into_iter().collect())
        .creator("Fondaco".to_owned())
        .creation_date(at)
}

fn mark_on(
    surface: &mut Surface<'_>,
    mark: &Mark,
    fonts: &Fonts,
    data: &Data,
    outline: &mut Outline,
) {
    match mark {
        Mark::Text { x, y, shaped, lines, role } => {
            if shaped.text.trim().is_empty() {
                return;
            }
            let tag = match role {
                Role::Frame => {
                    ContentTag::Artifact(Artifact::with_kind(ArtifactType::PaginationOther))
                }
                _ => ContentTag::Span(SpanTag::empty().with_lang(Some(&data.language))),
            };
            let id = surface.start_tagged(tag);
            text(surface, (*x, *y), shaped, lines.clone(), fonts);
            surface.end_tagged();
            outline.add(*role, id, &shaped.text);
        }
        Mark::Fill { x, y, width, height, colour } => {
            let rect = Rect::from_xywh(*x, *y, width.max(0.01), height.max(0.01));
            let mut path = PathBuilder::new();
            rect.into_iter().for_each(|rect| path.push_rect(rect));
            let Some(path) = path.finish() else { return };
            surface.start_tagged(ContentTag::Artifact(Artifact::with_kind(ArtifactType::Layout)));
            surface.set_fill(Some(fill(*colour)));
            surface.draw_path(&path);
            surface.end_tagged();
        }
        Mark::Logo { x, y, width, height, picture } => {
            let Some(size) = Size::from_wh(*width, *height) else { return };
            surface.start_tagged(ContentTag::Artifact(Artifact::with_kind(ArtifactType::Layout)));
            surface.push_transform(&Transform::from_translate(*x, *y));
            match picture.as_ref() {
                Drawn::Raster(image) => surface.draw_image(image.clone(), size),
                Drawn::Vector(tree) => {
                    let _ = surface.draw_svg(tree, size, SvgSettings::default());
                }
            }
            surface.pop();
            surface.end_tagged();
        }
    }
}

fn fill(colour: Colour) -> Fill {
    let [red, green, blue] = colour;
    Fill { paint: krilla::color::rgb::Color::new(red, green, blue).into(), ..Fill::default() }
}

fn text(
    surface: &mut Surface<'_>,
    (left, top): (f32, f32),
    shaped: &Shaped,
    lines: Range<usize>,
    fonts: &Fonts,
) {
    surface.set_fill(Some(fill(shaped.style.colour)));
    let above = shaped.height_of(0..lines.start);
    for line in shaped.layout.lines().skip(lines.start).take(lines.len()) {
        let metrics = line.metrics();
        let own = metrics.advance - metrics.hanging_advance;
        let mut x = match shaped.style.align {
            Align::Left => left,
            Align::Right => left + (shaped.width - own).max(0.0),
        };
        let y = top + metrics.baseline - above;
        for run in line.runs() {
            let (glyphs, advance) = glyphs(&run);
            let font = run.font();
            if let Some(font) = fonts.for_pdf(&font.data, font.index)
                && !glyphs.is_empty()
            {
                let at = Point::from_xy(x, y);
                surface.draw_glyphs(at, &glyphs, font, &shaped.text, run.font_size(), false);
            }
            x += advance;
        }
    }
}

/// The glyphs of a run, each with the text that it stands for, and how far they go.
fn glyphs(run: &parley::Run<'_, [u8; 4]>) -> (Vec<KrillaGlyph>, f32) {
    let size = run.font_size();
    let mut glyphs: Vec<KrillaGlyph> = Vec::new();
    let mut advance = 0.0;
    for cluster in run.visual_clusters() {
        if cluster.is_ligature_continuation() {
            if let Some(glyph) = glyphs.last_mut() {
                glyph.text_range.end = cluster.text_range().end;
            }
            continue;
        }
        for glyph in cluster.glyphs() {
            glyphs.push(KrillaGlyph::new(
                GlyphId::new(glyph.id),
                glyph.advance / size,
                glyph.x / size,
                glyph.y / size,
                0.0,
                cluster.text_range(),
                None,
            ));
            advance += glyph.advance;
        }
    }
    (glyphs, advance)
}

/// What is read out, in its order.
#[derive(Default)]
struct Outline {
    parts: Vec<Part>,
}

enum Part {
    Text(Role, Vec<Identifier>, String),
    /// Cells by row and column.
    Table(usize, BTreeMap<(usize, usize), Vec<Identifier>>),
}

impl Outline {
    fn add(&mut self, role: Role, id: Identifier, text: &str) {
        let Role::Cell(place) = role else {
            if role != Role::Frame {
                self.parts.push(Part::Text(role, vec![id], text.to_owned()));
            }
            return;
        };
        let known = self.parts.iter_mut().find_map(|part| match part {
            Part::Table(number, cells) if *number == place.table => Some(cells),
            _ => None,
        });
        let key = (place.row, place.column);
        match known {
            Some(cells) => cells.entry(key).or_default().push(id),
            None => {
                self.parts.push(Part::Table(place.table, BTreeMap::from([(key, vec![id])])));
            }
        }
    }

    fn tree(self, language: &str) -> TagTree {
        let mut tree = TagTree::new().with_lang(Some(language.to_owned()));
        for part in self.parts {
            match part {
                Part::Text(role, ids, text) => {
                    let mut group = match role {
                        Role::Title => TagGroup::new(heading(1, text)),
                        Role::Heading => TagGroup::new(heading(2, text)),
                        _ => TagGroup::new(Tag::P),
                    };
                    ids.into_iter().for_each(|id| group.push(id));
                    tree.push(group);
                }
                Part::Table(_, cells) => tree.push(table(cells)),
            }
        }
        tree
    }
}

fn heading(level: u16, title: String) -> Tag<krilla::tagging::kind::Hn> {
    Tag::Hn(std::num::NonZeroU16::new(level).unwrap_or(std::num::NonZeroU16::MIN), Some(title))
}

fn table(cells: BTreeMap<(usize, usize), Vec<Identifier>>) -> TagGroup {
    let mut rows: BTreeMap<usize, TagGroup> = BTreeMap::new();
    for ((row, _), ids) in cells {
        let mut cell = match row {
            0 => TagGroup::new(Tag::TH(TableHeaderScope::Column)),
            _ => TagGroup::new(Tag::TD),
        };
        ids.into_iter().for_each(|id| cell.push(id));
        rows.entry(row).or_insert_with(|| TagGroup::new(Tag::TR)).push(cell);
    }
    TagGroup::with_children(Tag::Table, rows.into_values().map(Into::into).collect())
}
