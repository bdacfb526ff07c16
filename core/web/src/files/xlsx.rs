//! XLSX: one sheet in a zip of XML, with the heading frozen. Numbers stand in it digit for digit, days
//! are days, and a text is never a formula, whatever it begins with.
//! Our own page of it, since the crates for it take amounts as floating point numbers.

use std::io::{self, Write};

use flate2::{Compression, Crc, write::DeflateEncoder};
use fondaco_kernel::values::{Date, Decimal};

use super::{Rows, Written};

/// Characters of a cell that Excel takes.
const CELL_CHARS_MAX: usize = 32_767;
/// Characters of a sheet's name.
const NAME_CHARS_MAX: usize = 31;
/// The widest column that is made by itself, in letters.
const WIDTH_MAX: usize = 60;

/// Styles of cells, in the order of `styles`; each strong one follows its plain one.
const TEXT: usize = 0;
const DAY: usize = 2;
const MONEY: usize = 4;
const NUMBER: usize = 6;
const SHARE: usize = 8;

pub(super) struct Xlsx {
    title: String,
    exponent: u8,
    rows: String,
    count: usize,
    /// Letters of the longest cell of each column.
    widths: Vec<usize>,
}

impl Xlsx {
    pub(super) fn new(title: &str, exponent: u8) -> Xlsx {
        let title = title.to_owned();
        Xlsx { title, exponent, rows: String::new(), count: 0, widths: Vec::new() }
    }

    fn push(&mut self, cells: &[Written], strong: bool) {
        self.count += 1;
        self.rows.push_str(&format!("<row r=\"{}\">", self.count));
        for (at, cell) in cells.iter().enumerate() {
            let place = format!("{}{}", letters(at), self.count);
            let (style, body, width) = written(cell, self.exponent);
            let style = style + usize::from(strong);
            match self.widths.get_mut(at) {
                Some(known) => *known = (*known).max(width),
                None => self.widths.push(width),
            }
            match cell {
                Written::Nothing => {}
                Written::Text(_) => self.rows.push_str(&format!(
                    "<c r=\"{place}\" s=\"{style}\" t=\"inlineStr\"><is><t xml:space=\"preserve\">{body}</t></is></c>"
                )),
                _ => self.rows.push_str(&format!("<c r=\"{place}\" s=\"{style}\"><v>{body}</v></c>")),
            }
        }
        self.rows.push_str("</row>");
    }

    fn sheet(&self) -> String {
        let column = |(at, width): (usize, &usize)| {
            let (number, width) = (at + 1, (width + 2).clamp(8, WIDTH_MAX));
            format!("<col min=\"{number}\" max=\"{number}\" width=\"{width}\" customWidth=\"1\"/>")
        };
        let columns: String = self.widths.iter().enumerate().map(column).collect();
        let columns = if columns.is_empty() { columns } else { format!("<cols>{columns}</cols>") };
        format!(
            "{HEAD}<worksheet xmlns=\"{MAIN}\"><sheetViews><sheetView workbookViewId=\"0\">\
             <pane ySplit=\"1\" topLeftCell=\"A2\" activePane=\"bottomLeft\" state=\"frozen\"/>\
             </sheetView></sheetViews>{columns}<sheetData>{}</sheetData></worksheet>",
            self.rows
        )
    }

    /// Each format twice: plain and strong.
    fn styles(&self) -> String {
        let decimals = match self.exponent {
            0 => String::new(),
            exponent => format!(".{}", "0".repeat(usize::from(exponent))),
        };
        let cell = |format: usize| {
            let one = |font| {
                format!(
                    "<xf numFmtId=\"{format}\" fontId=\"{font}\" fillId=\"0\" borderId=\"0\" xfId=\"0\" applyNumberFormat=\"1\" applyFont=\"1\"/>"
                )
            };
            format!("{}{}", one(0), one(1))
        };
        let cells: String = [0, 14, 164, 0, 165].map(cell).concat();
        format!(
            "{HEAD}<styleSheet xmlns=\"{MAIN}\"><numFmts count=\"2\">\
             <numFmt numFmtId=\"164\" formatCode=\"#,##0{decimals}\"/>\
             <numFmt numFmtId=\"165\" formatCode=\"0.0%\"/></numFmts>\
             <fonts count=\"2\"><font><sz val=\"11\"/><name val=\"Calibri\"/></font>\
             <font><b/><sz val=\"11\"/><name val=\"Calibri\"/></font></fonts>\
             <fills count=\"2\"><fill><patternFill patternType=\"none\"/></fill><fill><patternFill patternType=\"gray125\"/></fill></fills>\
             <borders count=\"1\"><border/></borders><cellStyleXfs count=\"1\"><xf/></cellStyleXfs>\
             <cellXfs count=\"10\">{cells}</cellXfs></styleSheet>"
        )
    }

    fn workbook(&self) -> String {
        let no_name = ['[', ']', ':', '*', '?', '/', '\\', '\''];
        let name: String = self.title.chars().filter(|c| !no_name.contains(c)).collect();
        let name: String = name.trim().chars().take(NAME_CHARS_MAX).collect();
        let name = if name.is_empty() { "Sheet".to_owned() } else { escaped(&name) };
        format!(
            "{HEAD}<workbook xmlns=\"{MAIN}\" xmlns:r=\"{OFFICE}\"><sheets>\
             <sheet name=\"{name}\" sheetId=\"1\" r:id=\"rId1\"/></sheets></workbook>"
        )
    }
}

impl Rows for Xlsx {
    fn strong(&mut self, cells: &[Written]) {
        self.push(cells, true);
    }

    fn row(&mut self, cells: &[Written]) {
        self.push(cells, false);
    }

    fn finish(self: Box<Self>) -> io::Result<Vec<u8>> {
        let mut zip = Zip::default();
        zip.add("[Content_Types].xml", &content_types())?;
        zip.add("_rels/.rels", &relations(&[("officeDocument", "xl/workbook.xml")]))?;
        zip.add("xl/workbook.xml", &self.workbook())?;
        let parts = [("worksheet", "worksheets/sheet1.xml"), ("styles", "styles.xml")];
        zip.add("xl/_rels/workbook.xml.rels", &relations(&parts))?;
        zip.add("xl/styles.xml", &self.styles())?;
        zip.add("xl/worksheets/sheet1.xml", &self.sheet())?;
        zip.finish()
    }
}

const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>";
const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006";

fn content_types() -> String {
    let part = |name: &str, kind: &str| {
        format!(
            "<Override PartName=\"/xl/{name}.xml\" ContentType=\"application/vnd.openxmlformats-officedocument.spreadsheetml.{kind}+xml\"/>"
        )
    };
    let parts = [
        part("workbook", "sheet.main"),
        part("styles", "styles"),
        part("worksheets/sheet1", "worksheet"),
    ];
    format!(
        "{HEAD}<Types xmlns=\"{PACKAGE}/content-types\">\
         <Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>\
         <Default Extension=\"xml\" ContentType=\"application/xml\"/>{}</Types>",
        parts.concat()
    )
}

fn relations(targets: &[(&str, &str)]) -> String {
    let one = |(at, (kind, target)): (usize, &(&str, &str))| {
        let id = at + 1;
        format!("<Relationship Id=\"rId{id}\" Type=\"{OFFICE}/{kind}\" Target=\"{target}\"/>")
    };
    let all: String = targets.iter().enumerate().map(one).collect();
    format!("{HEAD}<Relationships xmlns=\"{PACKAGE}/relationships\">{all}</Relationships>")
}

/// Style, what stands in the file, and how many letters it takes.
fn written(cell: &Written, exponent: u8) -> (usize, String, usize) {
    let number = |style, number: &Decimal, more: usize| {
        let text = number.normalize().to_string();
        let width = text.len() + text.len() / 3 + more;
        (style, text, width)
    };
    match cell {
        Written::Nothing => (TEXT, String::new(), 0),
        Written::Text(text) => {
            let text: String = text.chars().take(CELL_CHARS_MAX).collect();
            (TEXT, escaped(&text), text.chars().count())
        }
        Written::Number(of) => number(NUMBER, of, 0),
        Written::Money(of) => number(MONEY, of, usize::from(exponent) + 1),
        Written::Share(of) => number(SHARE, of, 1),
        Written::Day(day) => (DAY, serial(*day).to_string(), 10),
    }
}

/// Days as spreadsheets count them; right from March 1900 on.
fn serial(day: Date) -> i64 {
    let days = Date::constant(1899, 12, 30).until(day).map(|span| span.get_days());
    days.map_or(0, i64::from)
}

/// A, B, …, Z, AA, …
fn letters(column: usize) -> String {
    let mut letters = Vec::new();
    let mut rest = column + 1;
    while rest > 0 {
        let digit = u8::try_from((rest - 1) % 26).unwrap_or(0);
        letters.push(char::from(b'A' + digit));
        rest = (rest - 1) / 26;
    }
    letters.iter().rev().collect()
}

/// For XML, without what it cannot say.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(c),
            '\u{fffe}' | '\u{ffff}' => {}
            c if c.is_control() => {}
            c => out.push(c),
        }
    }
    out
}

/// As much of the format as files of a known size need: each deflated, then the list of them.
#[derive(Default)]
struct Zip {
    bytes: Vec<u8>,
    directory: Vec<u8>,
    count: u16,
}

impl Zip {
    fn add(&mut self, name: &str, text: &str) -> io::Result<()> {
        let mut crc = Crc::new();
        crc.update(text.as_bytes());
        let mut packed = DeflateEncoder::new(Vec::new(), Compression::default());
        packed.write_all(text.as_bytes())?;
        let packed = packed.finish()?;
        let too_large = |_| io::Error::other("a sheet of more than four gigabytes");
        let offset = u32::try_from(self.bytes.len()).map_err(too_large)?;
        let sizes = [packed.len(), text.len()].map(u32::try_from);
        let [small, large] = [sizes[0].map_err(too_large)?, sizes[1].map_err(too_large)?];
        let length = u16::try_from(name.len()).map_err(too_large)?;
        // Version 2.0, names in UTF-8, deflated, 1 January 1980: the same sheet gives the same file.
        let mut common = Vec::new();
        for short in [20_u16, 1 << 11, 8, 0, 0x21] {
            common.extend(short.to_le_bytes());
        }
        for long in [crc.sum(), small, large] {
            common.extend(long.to_le_bytes());
        }
        common.extend(length.to_le_bytes());
        common.extend([0, 0]);
        self.bytes.extend(b"PK\x03\x04");
        self.bytes.extend(&common);
        self.bytes.extend(name.as_bytes());
        self.bytes.extend(packed);
        self.directory.extend(b"PK\x01\x02\x14\x00");
        self.directory.extend(&common);
        self.directory.extend([0; 10]);
        self.directory.extend(offset.to_le_bytes());
        self.directory.extend(name.as_bytes());
        self.count += 1;
        Ok(())
    }

    fn finish(mut self) -> io::Result<Vec<u8>> {
        let too_large = |_| io::Error::other("a sheet of more than four gigabytes");
        let start = u32::try_from(self.bytes.len()).map_err(too_large)?;
        let length = u32::try_from(self.directory.len()).map_err(too_large)?;
        self.bytes.extend(&self.directory);
        self.bytes.extend(b"PK\x05\x06\x00\x00\x00\x00");
        for short in [self.count, self.count] {
            self.bytes.extend(short.to_le_bytes());
        }
        for long in [length, start] {
            self.bytes.extend(long.to_le_bytes());
        }
        self.bytes.extend([0, 0]);
        Ok(self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads a zip as any program does: by the list at its end.
    fn unzipped(bytes: &[u8]) -> Vec<(String, String)> {
        use std::io::Read;
        let short = |at: usize| usize::from(u16::from_le_bytes([bytes[at], bytes[at + 1]]));
        let long = |at: usize| short(at) + (short(at + 2) << 16);
        let end = bytes.windows(4).rposition(|four| four == b"PK\x05\x06").unwrap();
        let (count, mut at) = (short(end + 10), long(end + 16));
        let mut files = Vec::new();
        for _ in 0..count {
            assert_eq!(&bytes[at..at + 4], b"PK\x01\x02");
            let (crc, packed, length) = (long(at + 16), long(at + 20), short(at + 28));
            let (local, size) = (long(at + 42), long(at + 24));
            let name = String::from_utf8(bytes[at + 46..at + 46 + length].to_vec()).unwrap();
            let start = local + 30 + short(local + 26) + short(local + 28);
            let mut text = String::new();
            let mut reader = flate2::read::DeflateDecoder::new(&bytes[start..start + packed]);
            reader.read_to_string(&mut text).unwrap();
            let mut own = Crc::new();
            own.update(text.as_bytes());
            assert_eq!((text.len(), own.sum() as usize), (size, crc), "{name}");
            files.push((name, text));
            at += 46 + length + short(at + 30) + short(at + 32);
        }
        files
    }

    #[test]
    fn a_file_is_read_back() {
        let mut sheet: Box<dyn Rows> = Box::new(Xlsx::new("Aging", 2));
        sheet.strong(&[Written::Text("Name".into()), Written::Text("Total".into())]);
        sheet.row(&[Written::Text("Łódź & co".into()), Written::Money("12.50".parse().unwrap())]);
        let bytes = sheet.finish().unwrap();
        let files = unzipped(&bytes);
        let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(
            names,
            [
                "[Content_Types].xml",
                "_rels/.rels",
                "xl/workbook.xml",
                "xl/_rels/workbook.xml.rels",
                "xl/styles.xml",
                "xl/worksheets/sheet1.xml"
            ]
        );
        let sheet = &files[5].1;
        assert!(sheet.contains("Łódź &amp; co") && sheet.contains("<v>12.5</v>"), "{sheet}");
        assert!(files[2].1.contains("name=\"Aging\""));
    }

    #[test]
    fn columns_have_letters() {
        for (column, name) in
            [(0, "A"), (25, "Z"), (26, "AA"), (51, "AZ"), (52, "BA"), (702, "AAA")]
        {
            assert_eq!(letters(column), name);
        }
    }

    #[test]
    fn days_are_counted_as_spreadsheets_do() {
        for (day, number) in [("1900-03-01", 61), ("2000-01-01", 36_526), ("2026-11-22", 46_348)] {
            assert_eq!(serial(day.parse().unwrap()), number, "{day}");
        }
    }

    #[test]
    fn a_formula_is_a_text_and_a_number_keeps_its_digits() {
        let mut sheet = Xlsx::new("A/B", 2);
        sheet.push(&[Written::Text("=1+2 & <b>\u{1}".into()), Written::Nothing], true);
        let exact: Decimal = "123456789012345678.1234".parse().unwrap();
        sheet.push(&[Written::Money(exact), Written::Day("2026-11-22".parse().unwrap())], false);
        assert!(sheet.rows.contains("<c r=\"A1\" s=\"1\" t=\"inlineStr\"><is><t xml:space=\"preserve\">=1+2 &amp; &lt;b&gt;</t></is></c>"));
        assert!(sheet.rows.contains("<c r=\"A2\" s=\"4\"><v>123456789012345678.1234</v></c>"));
        assert!(sheet.rows.contains("<c r=\"B2\" s=\"2\"><v>46348</v></c>"));
        assert!(sheet.workbook().contains("name=\"AB\""));
        assert!(!sheet.rows.contains("<f>"));
    }
}
