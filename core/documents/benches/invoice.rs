//! How long an invoice takes: of 1, 10, 60 and 500 lines, beside the same letters put on sheets by
//! krilla and parley alone, without a layout of ours. `cargo bench -p fondaco-documents`.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::float_arithmetic,
    clippy::disallowed_types,
    reason = "a benchmark prints, and measures in seconds and points"
)]

#[path = "../tests/it/kit.rs"]
#[expect(dead_code, reason = "the tests use the rest")]
mod kit;

use std::time::{Duration, Instant};

fn main() {
    println!("{:>6} {:>12} {:>12} {:>7} {:>7}", "lines", "ours", "bare", "ratio", "pages");
    for count in [1, 10, 60, 500] {
        let pages = kit::printed("accounting.invoice", "en", count).pages;
        let ours = median(|| drop(kit::printed("accounting.invoice", "en", count)));
        let text = words(count);
        let bare = median(|| bare::print(&text, pages));
        let ratio = ours.as_secs_f64() / bare.as_secs_f64();
        println!("{count:>6} {ours:>12.2?} {bare:>12.2?} {ratio:>7.2} {pages:>7}");
    }
}

fn median(mut work: impl FnMut()) -> Duration {
    let mut took: Vec<Duration> = (0..15)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed()
        })
        .collect();
    took.sort();
    took[took.len() / 2]
}

/// About as many letters as such an invoice has, line by line.
fn words(count: usize) -> Vec<String> {
    let head = (0..40).map(|n| format!("Label {n}: and a value of it"));
    let lines = kit::lines("en", count).into_iter().map(|line| {
        let amount = line.amount();
        format!(
            "1 {} {} {} pcs {} VAT 19 % {amount}",
            line.code, line.name, line.quantity, line.price
        )
    });
    head.chain(lines).collect()
}

/// The two libraries as their example has them.
mod bare {
    use std::borrow::Cow;
    use std::cell::RefCell;

    use krilla::Document;
    use krilla::geom::Point;
    use krilla::page::PageSettings;
    use krilla::surface::Surface;
    use krilla::text::{Font, GlyphId, KrillaGlyph};
    use parley::fontique::{Collection, CollectionOptions, SourceCache};
    use parley::style::{FontFamily, FontFamilyName, StyleProperty};
    use parley::{FontContext, LayoutContext};

    const FONT: &str = "/usr/share/fonts/truetype/noto/NotoSans-Regular.ttf";

    thread_local! {
        static SHAPING: RefCell<(FontContext, LayoutContext<[u8; 4]>)> = RefCell::new({
            let options = CollectionOptions { shared: false, system_fonts: false };
            let mut collection = Collection::new(options);
            collection.load_fonts_from_paths([FONT]);
            let fonts = FontContext { collection, source_cache: SourceCache::default() };
            (fonts, LayoutContext::new())
        });
    }

    pub(crate) fn print(lines: &[String], pages: usize) {
        let mut document = Document::new();
        let mut font: Option<Font> = None;
        for lines in lines.chunks(lines.len().div_ceil(pages)) {
            let mut page = document.start_page_with(PageSettings::from_wh(595.0, 842.0).unwrap());
            let mut surface = page.surface();
            for (at, text) in lines.iter().enumerate() {
                line(&mut surface, text, 40.0 + 12.0 * at as f32, &mut font);
            }
            surface.finish();
            page.finish();
        }
        document.finish().unwrap();
    }

    fn line(surface: &mut Surface<'_>, text: &str, y: f32, known: &mut Option<Font>) {
        let layout = SHAPING.with_borrow_mut(|(fonts, layouts)| {
            let mut builder = layouts.ranged_builder(fonts, text, 1.0, false);
            let family = FontFamilyName::Named(Cow::Borrowed("Noto Sans"));
            let list = FontFamily::List(Cow::Owned(vec![family]));
            builder.push_default(StyleProperty::FontFamily(list));
            builder.push_default(StyleProperty::FontSize(9.0));
            let mut layout = builder.build(text);
            layout.break_all_lines(Some(500.0));
            layout
        });
        for run in layout.lines().flat_map(|line| line.runs().collect::<Vec<_>>()) {
            let font = known.get_or_insert_with(|| {
                let (data, _) = run.font().data.clone().into_raw_parts();
                Font::new(data.into(), run.font().index).unwrap()
            });
            let clusters = run.visual_clusters().flat_map(|cluster| {
                let range = cluster.text_range();
                cluster.glyphs().map(move |glyph| (glyph, range.clone()))
            });
            let glyph = |(glyph, range): (parley::Glyph, _)| {
                let id = GlyphId::new(glyph.id);
                KrillaGlyph::new(id, glyph.advance / 9.0, 0.0, 0.0, 0.0, range, None)
            };
            let glyphs: Vec<KrillaGlyph> = clusters.map(glyph).collect();
            let at = Point::from_xy(40.0, y);
            surface.draw_glyphs(at, &glyphs, font.clone(), text, 9.0, false);
        }
    }
}
