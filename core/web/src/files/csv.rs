//! CSV as spreadsheets open it: commas, quotes, numbers with a point, days as ISO dates. A cell that
//! a spreadsheet would take for a formula is quoted by an apostrophe.

use super::{Rows, Written};

pub(super) struct Csv {
    text: String,
}

impl Csv {
    pub(super) fn new() -> Csv {
        // What a spreadsheet shows first tells it how the letters are written.
        Csv { text: String::from('\u{feff}') }
    }
}

impl Rows for Csv {
    fn strong(&mut self, cells: &[Written]) {
        self.row(cells);
    }

    fn row(&mut self, cells: &[Written]) {
        line(&mut self.text, cells.iter().map(cell));
    }

    fn finish(self: Box<Self>) -> std::io::Result<Vec<u8>> {
        Ok(self.text.into_bytes())
    }
}

fn cell(cell: &Written) -> String {
    match cell {
        Written::Nothing => String::new(),
        Written::Text(text) => plain(text),
        Written::Number(number) | Written::Money(number) | Written::Share(number) => {
            number.normalize().to_string()
        }
        Written::Day(day) => day.to_string(),
    }
}

/// A text that no spreadsheet computes.
fn plain(text: &str) -> String {
    let starts =
        text.trim_start().starts_with(['=', '+', '-', '@']) || text.starts_with(['\t', '\r']);
    if starts { format!("'{text}") } else { text.to_owned() }
}

fn line(into: &mut String, cells: impl Iterator<Item = String>) {
    for (place, cell) in cells.enumerate() {
        if place > 0 {
            into.push(',');
        }
        if cell.contains([',', '"', '\n', '\r']) {
            into.push('"');
            into.push_str(&cell.replace('"', "\"\""));
            into.push('"');
        } else {
            into.push_str(&cell);
        }
    }
    into.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        for (text, written) in [
            ("=1+2", "'=1+2"),
            ("+48 600", "'+48 600"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("  =cmd|' /C calc'!A0", "'  =cmd|' /C calc'!A0"),
            ("\t=1", "'\t=1"),
            ("plain", "plain"),
            ("a=b", "a=b"),
        ] {
            assert_eq!(plain(text), written);
        }
    }

    #[test]
    fn cells_are_quoted() {
        let mut text = String::new();
        line(&mut text, ["a", "b,c", "say \"so\"", "two\nlines"].map(str::to_owned).into_iter());
        assert_eq!(text, "a,\"b,c\",\"say \"\"so\"\"\",\"two\nlines\"\r\n");
    }
}
