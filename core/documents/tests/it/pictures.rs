//! Documents as pictures: letters of each language are drawn, each different from the empty box that
//! stands for a letter without a font; the logo is there.

use std::collections::HashSet;

use fondaco_documents::Picture;

use crate::kit::{self, LANGUAGES, Said};

#[test]
fn letters_are_no_boxes() {
    if !kit::has("pdftoppm") {
        return;
    }
    let template = &kit::schema().documents["sales.order_confirmation"];
    for language in LANGUAGES {
        let seen: HashSet<Vec<u8>> = ["e", "จ", "ề", "ż", "额"]
            .into_iter()
            .chain(["\u{12000}"])
            .map(|letter| {
                let mut lines = kit::lines(language, 1);
                lines[0].name = letter.to_owned();
                let mut data = kit::data(template, language, &lines);
                data.values.retain(|path, _| path != "note");
                let printed =
                    fondaco_documents::print(template, &data, &Said::of(language), kit::fonts());
                kit::picture(&printed.unwrap().pdf, 1).2
            })
            .collect();
        assert_eq!(seen.len(), 6, "{language}: two letters look the same");
    }
}

#[test]
fn a_logo_is_drawn_or_refused() {
    let template = &kit::schema().documents["cpq.quote"];
    let print = |logo: Option<Vec<u8>>| {
        let mut data = kit::data(template, "en", &kit::lines("en", 2));
        data.logo = logo.map(Picture);
        fondaco_documents::print(template, &data, &Said::of("en"), kit::fonts())
    };
    let wrong = print(Some(b"GIF89a".to_vec())).unwrap_err();
    assert_eq!(wrong.to_string(), "the logo cannot be read: it is neither PNG nor JPEG nor SVG");
    assert!(print(Some(b"\x89PNG nonsense".to_vec())).is_err());
    if !kit::has("pdftoppm") {
        return;
    }
    let ink = |pdf: &[u8]| {
        let (width, _, points) = kit::picture(pdf, 1);
        let rows = points.chunks(width).take(90);
        rows.flat_map(|row| &row[..width / 2]).filter(|point| **point < 200).count()
    };
    let (with, without) = (print(Some(kit::LOGO.into())).unwrap(), print(None).unwrap());
    assert!(ink(&with.pdf) > 300, "{}", ink(&with.pdf));
    assert!(ink(&without.pdf) < ink(&with.pdf));
}
