//! Templates are read strictly: what is wrong is told all at once, with its place and what may be
//! meant; a company changes what it names and nothing else; a model of its own has documents too.

use fondaco_documents::Fonts;
use fondaco_schema::template::Block;
use fondaco_schema::{Origin, Source, load};

use crate::kit::{self, Said};

fn with(text: &str) -> Result<fondaco_schema::Schema, String> {
    let mut sources = kit::sources();
    sources.push(Source::new(Origin::Company, "documents/own.toml", text));
    load(&sources).map_err(|faults| faults.iter().map(|fault| format!("{fault}\n")).collect())
}

#[test]
fn all_that_is_wrong_is_told_at_once() {
    let wrong = with(
        "document = \"accounting.invoice\"\nlanguag = \"party.language\"\nof = \"accounting.invoice\"\n\
         when = { kind = [\"invoce\"] }\n[page]\nsize = \"A9\"\ncolour = \"blue\"\ntop = 900\n\
         [[blocks]]\nkind = \"tabel\"\n[[blocks]]\nkind = \"table\"\nlines = \"line\"\n\
         [[blocks]]\nkind = \"table\"\nlines = \"lines\"\n\
         columns = [{ value = \"descripton\" }, { value = \"quantity\", carry = true }]\n",
    )
    .unwrap_err();
    assert_eq!(
        wrong,
        "documents/own.toml:2:1: unknown key `languag` (did you mean `language`?)\n\
         documents/own.toml:4:18: `kind` has no value `invoce` (did you mean `invoice`?)\n\
         documents/own.toml:6:8: there is no sheet `A9`, only [\"A4\", \"A5\", \"Letter\", \"Legal\"]\n\
         documents/own.toml:7:10: a colour is written as `#1f3b57`\n\
         documents/own.toml:8:7: `top` is in millimetres, up to 80\n\
         documents/own.toml:10:8: there is no block `tabel`, only text, facts, table, totals, signatures (did you mean `table`?)\n\
         documents/own.toml:13:9: `accounting.invoice` has no field `line` (did you mean `lines`?)\n\
         documents/own.toml:17:22: `accounting.invoice_line` has no field `descripton`; did you mean `description`?\n\
         documents/own.toml:17:48: only amounts are carried forward\n"
    );
}

#[test]
fn a_company_changes_what_it_names() {
    let changed = with(
        "document = \"accounting.invoice\"\nlabel = \"Tax invoice\"\n[page]\ncolour = \"#b00020\"\n",
    )
    .unwrap();
    let (own, built_in) =
        (&changed.documents["accounting.invoice"], &kit::schema().documents["accounting.invoice"]);
    assert_eq!((own.label.as_str(), own.page.colour), ("Tax invoice", [0xb0, 0, 0x20]));
    assert_eq!((&own.blocks, &own.when), (&built_in.blocks, &built_in.when));
    assert_eq!(changed.documents.len(), kit::schema().documents.len());
}

/// Nobody here makes payslips; a company that keeps them in a model of its own prints them.
#[test]
fn a_payslip_of_a_model_of_ones_own() {
    let mut sources = kit::sources();
    for (path, text) in [
        ("models/payslip.toml", include_str!("payslip/payslip.toml")),
        ("models/earning.toml", include_str!("payslip/earning.toml")),
        ("models/deduction.toml", include_str!("payslip/deduction.toml")),
        ("documents/payslip.toml", include_str!("payslip/document.toml")),
    ] {
        sources.push(Source::new(Origin::Company, path, text));
    }
    let schema = load(&sources).unwrap_or_else(|faults| panic!("{faults:#?}"));
    let template = &schema.documents["payslip"];
    let tables = template.blocks.iter().filter(|block| matches!(block, Block::Table(_))).count();
    assert_eq!(tables, 2);
    let mut data = kit::data(&kit::schema().documents["cpq.quote"], "en", &kit::lines("en", 1));
    let row = |label: &str, amount: &str| {
        let cell = |text: &str, figure| fondaco_documents::Cell {
            text: text.to_owned(),
            figure,
            ..Default::default()
        };
        [("label".to_owned(), cell(label, false)), ("amount".to_owned(), cell(amount, true))].into()
    };
    data.lines = [
        ("earnings".to_owned(), vec![row("Base salary", "4,200.00"), row("Overtime", "310.50")]),
        ("deductions".to_owned(), vec![row("Income tax", "812.40"), row("Pension", "401.10")]),
    ]
    .into();
    for (path, text) in [("period", "March 2026"), ("gross", "4,510.50"), ("net", "3,297.00")] {
        data.values.insert(path.to_owned(), text.to_owned());
    }
    let said = Said::of("en");
    let printed = fondaco_documents::print(template, &data, &said, kit::fonts()).unwrap();
    assert_eq!(printed.pages, 1);
    if kit::has("pdftotext") {
        let text = kit::text(&printed.pdf);
        for wanted in ["Payslip", "March 2026", "Earnings", "Overtime", "401.10", "3,297.00"] {
            assert!(text.contains(wanted), "{wanted}\n{text}");
        }
    }
}

#[test]
fn fonts_of_the_company_come_first() {
    let own = Fonts::find(&[std::path::PathBuf::from("/usr/share/fonts/truetype/dejavu")]);
    if !std::path::Path::new("/usr/share/fonts/truetype/dejavu").exists() {
        eprintln!("SKIPPED: fonts-dejavu is missing");
        return;
    }
    let template = &kit::schema().documents["cpq.quote"];
    let data = kit::data(template, "pl", &kit::lines("pl", 2));
    let printed = fondaco_documents::print(template, &data, &Said::of("pl"), &own).unwrap();
    let raw = String::from_utf8_lossy(&printed.pdf).into_owned();
    assert!(raw.contains("DejaVu"), "the company's font is embedded");
}
