//! Each document in each language: what it says, on how many pages, in fonts that have its letters.

use fondaco_documents::Words;

use crate::kit::{self, LANGUAGES, Said};

#[test]
fn each_document_in_each_language() {
    if !kit::has("pdftotext") {
        return;
    }
    let flat = |text: &str| text.split_whitespace().collect::<String>();
    for (name, template) in &kit::schema().documents {
        for language in LANGUAGES {
            let printed = kit::printed(name, language, 10);
            keep(name, language, &printed.pdf);
            assert_eq!(printed.missing, Vec::<char>::new(), "{name} in {language}");
            assert!(printed.pages <= 2, "{name} in {language}: {} pages", printed.pages);
            let text = flat(&kit::text(&printed.pdf));
            let words = Said::of(language);
            let wanted = [words.say(&template.label), kit::lines(language, 1)[0].name.clone()];
            for wanted in wanted {
                assert!(text.contains(&flat(&wanted)), "{name} in {language}: {wanted}\n{text}");
            }
            // Subset fonts are embedded, and it says what it is.
            let raw = String::from_utf8_lossy(&printed.pdf);
            assert!(raw.contains("/FontFile") && raw.contains("/Lang") && raw.contains("pdfaid"));
            assert!(printed.pdf.len() < 400_000, "{name}: {} bytes", printed.pdf.len());
        }
    }
}

/// With FONDACO_KEEP_PDF a folder, everything is left there to be looked at.
fn keep(name: &str, language: &str, pdf: &[u8]) {
    if let Some(folder) = option_env!("FONDACO_KEEP_PDF") {
        std::fs::write(format!("{folder}/{name}.{language}.pdf"), pdf).unwrap();
    }
}

#[test]
fn letters_without_a_font_are_named() {
    let template = &kit::schema().documents["sales.order_confirmation"];
    let mut lines = kit::lines("en", 1);
    lines[0].name = "Cuneiform 𒀀𒀁".to_owned();
    let data = kit::data(template, "en", &lines);
    let printed = fondaco_documents::print(template, &data, &Said::of("en"), kit::fonts()).unwrap();
    assert_eq!(printed.missing, ['𒀀', '𒀁']);
    assert_eq!(kit::fonts().lacking(&LANGUAGES), Vec::new());
}

#[test]
fn without_any_font_it_says_what_to_do() {
    let none = fondaco_documents::Fonts::none();
    let lacks = none.lacking(&["en", "zh"]);
    let told: Vec<_> = lacks.iter().map(|lack| (lack.script, lack.package)).collect();
    assert_eq!(told, [("Latin", "fonts-noto-core"), ("Chinese", "fonts-noto-cjk")]);
    let template = &kit::schema().documents["cpq.quote"];
    let data = kit::data(template, "en", &kit::lines("en", 1));
    let wrong = fondaco_documents::print(template, &data, &Said::of("en"), &none).unwrap_err();
    assert!(wrong.to_string().contains("fonts-noto-core"), "{wrong}");
}
