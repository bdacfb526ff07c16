//! What the tests share: the house's templates, sample papers, and the tools that read a PDF back.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use fluent::{FluentBundle, FluentResource};
use fondaco_documents::{Cell, Data, Fonts, Own, Picture, Printed, Row, WORDS, Words};
use fondaco_schema::template::{Table, Template};
use fondaco_schema::{Origin, Schema, Source};
use fondaco_values::{Date, Decimal, Locale};

pub(crate) const LANGUAGES: [&str; 5] = ["en", "vi", "th", "pl", "zh"];

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// All TOML of the kernel and the modules.
pub(crate) fn sources() -> Vec<Source> {
    let mut sources = Vec::new();
    let mut read = |origin: Origin, dir: PathBuf| {
        let Ok(entries) = std::fs::read_dir(&dir) else { return };
        let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        for path in paths.iter().filter(|p| p.extension().is_some_and(|e| e == "toml")) {
            if path.ends_with("Cargo.toml") {
                continue;
            }
            let text = std::fs::read_to_string(path).unwrap();
            sources.push(Source::new(origin.clone(), path.to_string_lossy(), text));
        }
    };
    read(Origin::Kernel, root().join("core/kernel/models"));
    let mut modules: Vec<PathBuf> =
        std::fs::read_dir(root().join("modules")).unwrap().map(|e| e.unwrap().path()).collect();
    modules.sort();
    for module in modules {
        let origin = Origin::Module(module.file_name().unwrap().to_string_lossy().into_owned());
        for place in ["", "models", "reports", "documents"] {
            read(origin.clone(), module.join(place));
        }
    }
    sources
}

pub(crate) fn schema() -> &'static Schema {
    static SCHEMA: OnceLock<Schema> = OnceLock::new();
    SCHEMA.get_or_init(|| {
        fondaco_schema::load(&sources()).unwrap_or_else(|faults| {
            panic!("{}", faults.iter().map(|f| format!("{f}\n")).collect::<String>())
        })
    })
}

pub(crate) fn fonts() -> &'static Fonts {
    static FONTS: OnceLock<Fonts> = OnceLock::new();
    FONTS.get_or_init(|| Fonts::find(&[]))
}

/// The words of a language from the files beside the crate.
pub(crate) struct Said(FluentBundle<FluentResource>, String);

impl Said {
    pub(crate) fn of(language: &str) -> Said {
        let mut bundle = FluentBundle::new(vec![language.parse().unwrap()]);
        bundle.set_use_isolating(false);
        for (own, path, text) in WORDS {
            if *own == language {
                let resource = FluentResource::try_new((*text).to_owned());
                bundle.add_resource(resource.unwrap_or_else(|e| panic!("{path}: {e:?}"))).unwrap();
            }
        }
        Said(bundle, language.to_owned())
    }
}

impl Words for Said {
    fn say(&self, english: &str) -> String {
        let letter = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
        let key: String = format!("paper-{}", english.chars().map(letter).collect::<String>());
        let found = self.0.get_message(&key).and_then(|message| message.value());
        match found {
            Some(pattern) => self.0.format_pattern(pattern, None, &mut Vec::new()).into_owned(),
            None => {
                assert_eq!(self.1, "en", "{key} is not said in {}", self.1);
                english.to_owned()
            }
        }
    }

    fn own(&self, word: Own) -> String {
        match word {
            Own::Page { page, pages } => format!("{page}/{pages}"),
            Own::CarriedForward => "Carried forward".to_owned(),
            Own::BroughtForward => "Brought forward".to_owned(),
            Own::Draft => "Draft".to_owned(),
        }
    }
}

/// One line of a sample paper.
#[derive(Clone)]
pub(crate) struct Line {
    pub(crate) code: String,
    pub(crate) name: String,
    pub(crate) quantity: Decimal,
    pub(crate) price: Decimal,
}

impl Line {
    pub(crate) fn amount(&self) -> Decimal {
        self.quantity * self.price
    }
}

/// What people sell, in the words of each language.
const GOODS: [(&str, [&str; 5]); 6] = [
    (
        "FRAME-01",
        [
            "Steel frame, powder-coated, 56 cm",
            "Khung thép sơn tĩnh điện, 56 cm",
            "เฟรมเหล็กพ่นสีฝุ่น ขนาด 56 ซม.",
            "Rama stalowa lakierowana proszkowo, 56 cm",
            "钢制车架，粉末喷涂，56 厘米",
        ],
    ),
    (
        "WHEEL-28",
        [
            "Wheel set 28\", hub dynamo",
            "Bộ bánh xe 28\", mâm phát điện",
            "ชุดล้อ 28 นิ้ว พร้อมไดนาโมดุม",
            "Zestaw kół 28\", prądnica w piaście",
            "28 英寸轮组，花鼓发电机",
        ],
    ),
    ("CHAIN-8", ["Chain, 8-speed", "Xích 8 tốc độ", "โซ่ 8 สปีด", "Łańcuch 8-rzędowy", "8 速链条"]),
    (
        "LIGHT-LED",
        [
            "LED headlight 60 lux with bracket",
            "Đèn pha LED 60 lux kèm giá đỡ",
            "ไฟหน้า LED 60 ลักซ์ พร้อมขายึด",
            "Lampa przednia LED 60 lx z uchwytem",
            "LED 前灯 60 勒克斯（含支架）",
        ],
    ),
    (
        "ASSEMBLY",
        [
            "Assembly and test ride",
            "Lắp ráp và chạy thử",
            "ประกอบและทดสอบขับขี่",
            "Montaż i jazda próbna",
            "组装与试骑",
        ],
    ),
    (
        "SADDLE-L",
        [
            "Leather saddle, brown",
            "Yên da màu nâu",
            "อานหนังสีน้ำตาล",
            "Siodło skórzane, brązowe",
            "棕色真皮车座",
        ],
    ),
];

pub(crate) fn lines(language: &str, count: usize) -> Vec<Line> {
    let at = LANGUAGES.iter().position(|own| *own == language).unwrap();
    (0..count)
        .map(|n| {
            let (code, names) = &GOODS[n % GOODS.len()];
            Line {
                code: (*code).to_owned(),
                name: names[at].to_owned(),
                quantity: Decimal::from(1 + n as i64 % 7),
                price: Decimal::new(1295 + 731 * (n as i64 % 13), 2),
            }
        })
        .collect()
}

const PARTIES: [(&str, [&str; 4]); 5] = [
    ("en", ["Harbour Cycles Ltd", "Unit 4, Dock Road 17", "BS1 6QH Bristol", "United Kingdom"]),
    (
        "vi",
        [
            "Công ty TNHH Xe Đạp Hà Nội",
            "Số 15, phố Nguyễn Trường Tộ",
            "Quận Ba Đình, Hà Nội",
            "Việt Nam",
        ],
    ),
    (
        "th",
        [
            "บริษัท จักรยานเชียงใหม่ จำกัด",
            "99/1 ถนนนิมมานเหมินท์ ตำบลสุเทพ",
            "อำเภอเมือง เชียงใหม่ 50200",
            "ประเทศไทย",
        ],
    ),
    (
        "pl",
        ["Rowery Żółć i Wspólnicy Sp. z o.o.", "ul. Świętojańska 12/4", "81-368 Gdynia", "Polska"],
    ),
    ("zh", ["上海捷安自行车贸易有限公司", "上海市浦东新区世纪大道 100 号", "200120 上海", "中国"]),
];

pub(crate) const LOGO: &str = r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 220 60">
<circle cx="30" cy="30" r="24" fill="none" stroke="#1f3b57" stroke-width="6"/>
<circle cx="84" cy="30" r="24" fill="none" stroke="#c8553d" stroke-width="6"/>
<path d="M30 30 L52 8 L84 30 Z" fill="none" stroke="#1f3b57" stroke-width="4"/>
<rect x="124" y="20" width="92" height="8" fill="#1f3b57"/><rect x="124" y="34" width="60" height="8" fill="#c8553d"/>
</svg>"##;

/// Everything that a template may ask for, with figures that are right.
pub(crate) fn data(template: &Template, language: &str, lines: &[Line]) -> Data {
    let locale = Locale::of(language);
    let net: Decimal = lines.iter().map(Line::amount).sum();
    let tax = fondaco_values::round(net * Decimal::new(19, 2), 2, fondaco_values::Rounding::HalfUp);
    let day = |text: &str| locale.date(text.parse::<Date>().unwrap());
    let money = |amount: Decimal| locale.money(amount, 2);
    let customer = PARTIES.iter().find(|(own, _)| *own == language).unwrap().1;
    let mut values: HashMap<String, String> = HashMap::new();
    for (paths, text) in [
        ("number", "2026-00042".to_owned()),
        ("company.name", "Veloce Cycles GmbH".to_owned()),
        ("company.address", "Speicherstraße 8\n20457 Hamburg\nGermany".to_owned()),
        ("company.tax_number", "DE 123 456 789".to_owned()),
        ("company.phone", "+49 40 1234567".to_owned()),
        ("company.email", "orders@veloce.example".to_owned()),
        (
            "company.bank_details",
            "Hansebank Hamburg\nIBAN DE02 1203 0000 0000 2020 51\nBIC BYLADEM1001".to_owned(),
        ),
        ("dated_on quoted_on ordered_on done_on corrects.dated_on", day("2026-03-05")),
        ("due_on valid_until promised_on expected_on promise_on due", day("2026-04-04")),
        ("party.code customer.code supplier.code", "C-1007".to_owned()),
        ("party.tax_number", "PL 526-10-40-828".to_owned()),
        ("reference customer_reference supplier_reference", "PO 4711".to_owned()),
        ("salesperson buyer", "Ada Lindqvist".to_owned()),
        ("currency", "EUR".to_owned()),
        ("corrects.number", "INV-2026-00017".to_owned()),
        ("revision", "2".to_owned()),
        ("payment_term", "30 days net".to_owned()),
        ("net", money(net)),
        ("tax", money(tax)),
        ("total", money(net + tax)),
        ("reason", lines[0].name.clone()),
        ("title", lines[0].name.clone()),
        (
            "note terms",
            lines.iter().take(5).map(|l| l.name.as_str()).collect::<Vec<_>>().join(", "),
        ),
    ] {
        for path in paths.split(' ') {
            values.insert(path.to_owned(), text.clone());
        }
    }
    let mut of_lines = HashMap::new();
    for table in template.tables() {
        let rows = match table.lines.as_str() {
            "lines" => lines.iter().map(|line| row(table, locale, line)).collect(),
            _ => vec![tax_row(table, locale, net, tax)],
        };
        of_lines.insert(table.lines.clone(), rows);
    }
    Data {
        language: language.to_owned(),
        locale,
        exponent: 2,
        currency: "EUR".to_owned(),
        values,
        address: customer.map(str::to_owned).to_vec(),
        lines: of_lines,
        logo: Some(Picture(LOGO.as_bytes().to_vec())),
        draft: false,
        printed_at: "2026-03-05T10:30:00Z".parse().unwrap(),
    }
}

fn row(table: &Table, locale: Locale, line: &Line) -> Row {
    let figure = |text: String| Cell { text, figure: true, ..Cell::default() };
    let cell = |path: &str| match path {
        "product.code" => Cell { text: line.code.clone(), ..Cell::default() },
        "description" | "product" => Cell { text: line.name.clone(), ..Cell::default() },
        "quantity" | "moved" => figure(locale.decimal(line.quantity, 0)),
        "unit_price" => figure(locale.money(line.price, 2)),
        "discount" => Cell { blank: true, ..figure(locale.percent(Decimal::ZERO)) },
        "amount" => Cell { amount: Some(line.amount()), ..figure(locale.money(line.amount(), 2)) },
        "tax_code" => Cell { text: "VAT 19 %".to_owned(), ..Cell::default() },
        "product.unit.symbol" => Cell { text: "pcs".to_owned(), ..Cell::default() },
        "supplier_code" => Cell { text: format!("S/{}", line.code), ..Cell::default() },
        "lot" => Cell { blank: true, ..Cell::default() },
        other => panic!("{other} has no sample"),
    };
    table.paths().map(|path| (path.to_owned(), cell(path))).collect()
}

fn tax_row(table: &Table, locale: Locale, net: Decimal, tax: Decimal) -> Row {
    let figure = |text: String| Cell { text, figure: true, ..Cell::default() };
    let cell = |path: &str| match path {
        "tax_code" => Cell { text: "VAT 19 %".to_owned(), ..Cell::default() },
        "rate" => figure(locale.percent(Decimal::new(19, 2))),
        "base" => figure(locale.money(net, 2)),
        "amount" | "tax" => figure(locale.money(tax, 2)),
        other => panic!("{other} has no sample"),
    };
    table.paths().map(|path| (path.to_owned(), cell(path))).collect()
}

pub(crate) fn printed(name: &str, language: &str, count: usize) -> Printed {
    let template = &schema().documents[name];
    let data = data(template, language, &lines(language, count));
    fondaco_documents::print(template, &data, &Said::of(language), fonts()).unwrap()
}

/// Whether a tool is there; loud when it is not.
pub(crate) fn has(tool: &str) -> bool {
    let found = Command::new(tool).arg("-v").output().is_ok();
    if !found {
        eprintln!("SKIPPED: {tool} is missing (Debian: poppler-utils)");
    }
    found
}

fn kept(pdf: &[u8]) -> PathBuf {
    use std::sync::atomic::{AtomicUsize, Ordering};
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let n = COUNT.fetch_add(1, Ordering::Relaxed);
    let path = std::env::temp_dir().join(format!("fondaco-{}-{n}.pdf", std::process::id()));
    std::fs::write(&path, pdf).unwrap();
    path
}

/// The text of a PDF, laid out as on the sheet; pages end with a form feed.
pub(crate) fn text(pdf: &[u8]) -> String {
    let path = kept(pdf);
    let out = Command::new("pdftotext").args(["-layout"]).arg(&path).arg("-").output().unwrap();
    std::fs::remove_file(&path).unwrap();
    String::from_utf8(out.stdout).unwrap()
}

/// A page as grey points: width, height, points.
pub(crate) fn picture(pdf: &[u8], page: usize) -> (usize, usize, Vec<u8>) {
    let path = kept(pdf);
    let page = page.to_string();
    let out = Command::new("pdftoppm")
        .args(["-gray", "-r", "60", "-f", &page, "-l", &page])
        .arg(&path)
        .output()
        .unwrap();
    std::fs::remove_file(&path).unwrap();
    let bytes = out.stdout;
    // "P5\n<width> <height>\n255\n" and the points.
    let mut parts = Vec::new();
    let mut at = 0;
    while parts.len() < 4 {
        let end = at + bytes[at..].iter().position(u8::is_ascii_whitespace).unwrap();
        parts.push(String::from_utf8_lossy(&bytes[at..end]).into_owned());
        at = end + 1;
    }
    (parts[1].parse().unwrap(), parts[2].parse().unwrap(), bytes[at..].to_vec())
}
