//! Long tables: every line is there once, sums carried forward are right, the last row stands with
//! its total, nothing is lost at the end of a page.

use fondaco_documents::{Data, Printed};
use fondaco_schema::template::Template;
use fondaco_values::{Decimal, Locale};

use crate::kit::{self, Line, Said};

fn invoice() -> &'static Template {
    &kit::schema().documents["accounting.invoice"]
}

fn print(data: &Data) -> Printed {
    fondaco_documents::print(invoice(), data, &Said::of("en"), kit::fonts()).unwrap()
}

/// Amounts at the end of lines that begin with a word.
fn amounts(page: &str, word: &str) -> Vec<Decimal> {
    let lines = page.lines().filter(|line| line.trim_start().starts_with(word));
    lines
        .map(|line| line.split_whitespace().last().unwrap().replace(',', "").parse().unwrap())
        .collect()
}

#[test]
fn sums_are_carried_from_page_to_page() {
    if !kit::has("pdftotext") {
        return;
    }
    for (count, pages) in [(1, 1), (12, 1), (60, 3), (500, 16)] {
        let lines = kit::lines("en", count);
        let printed = print(&kit::data(invoice(), "en", &lines));
        let text = kit::text(&printed.pdf);
        let sheets: Vec<&str> =
            text.split('\u{c}').filter(|page| !page.trim().is_empty()).collect();
        assert_eq!((sheets.len(), printed.pages), (pages, pages), "{count} lines");
        let (mut sum, mut seen) = (Decimal::ZERO, 0);
        for (at, sheet) in sheets.iter().enumerate() {
            let brought = amounts(sheet, "Brought forward");
            assert_eq!(brought, if at > 0 && seen < count { vec![sum] } else { vec![] });
            while seen < count && has_row(sheet, seen, &lines[seen]) {
                sum += lines[seen].amount();
                seen += 1;
            }
            let carried = amounts(sheet, "Carried forward");
            assert_eq!(carried, if seen < count { vec![sum] } else { vec![] }, "page {}", at + 1);
            assert!(sheet.contains(&format!("{}/{}", at + 1, pages)));
        }
        assert_eq!(seen, count, "every line is there");
        let net = Locale::of("en").money(sum, 2);
        let last = sheets.iter().position(|sheet| sheet.contains("Amount due")).unwrap();
        assert!(sheets[last].contains(&net), "{net}");
        // What it comes to never stands alone.
        assert!(has_row(sheets[last], count - 1, &lines[count - 1]), "{count} lines");
    }
}

fn has_row(sheet: &str, at: usize, line: &Line) -> bool {
    let number = (at + 1).to_string();
    sheet.lines().any(|own| {
        let mut words = own.split_whitespace();
        words.next() == Some(&number) && words.next() == Some(&line.code)
    })
}

/// For each count of lines around the end of a page: the last row stands with its total.
#[test]
fn a_total_is_never_alone() {
    if !kit::has("pdftotext") {
        return;
    }
    for count in 14..34 {
        let lines = kit::lines("en", count);
        let text = kit::text(&print(&kit::data(invoice(), "en", &lines)).pdf);
        let sheet = text.split('\u{c}').find(|page| page.contains("Amount due")).unwrap();
        assert!(has_row(sheet, count - 1, &lines[count - 1]), "{count} lines\n{text}");
    }
}

#[test]
fn long_words_and_long_texts_stay_on_the_sheet() {
    if !kit::has("pdftotext") {
        return;
    }
    let mut lines = kit::lines("en", 3);
    lines[0].name = "Rindfleischetikettierungsüberwachungsaufgaben".repeat(6);
    lines[1].name = (0..600).map(|n| format!("word{n} ")).collect();
    lines[2].price = "99999999999.99".parse().unwrap();
    let data = kit::data(invoice(), "en", &lines);
    let printed = print(&data);
    let text: String = kit::text(&printed.pdf).split_whitespace().collect();
    assert!(text.contains("word0") && text.contains("word599"), "all of it is printed");
    assert!(text.contains("299,999,999,999.97"), "amounts are never broken");
    assert!((3..10).contains(&printed.pages), "{} pages", printed.pages);
    // Nothing is drawn beyond the margin: the last ten millimetres are white.
    for page in 1..=printed.pages {
        let (width, height, points) = kit::picture(&printed.pdf, page);
        let margin = width - 23;
        for row in 0..height {
            let beyond = &points[row * width + margin..(row + 1) * width];
            assert!(beyond.iter().all(|point| *point > 240), "page {page}, row {row}");
        }
    }
}

#[test]
fn the_same_data_give_the_same_file() {
    let lines = kit::lines("en", 12);
    let data = kit::data(invoice(), "en", &lines);
    assert!(print(&data).pdf == print(&data).pdf);
}
