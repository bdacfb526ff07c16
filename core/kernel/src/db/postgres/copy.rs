//! Rows as the server takes them in bulk (`copy … from stdin`, as text): a table is filled several
//! times faster than by inserts.

use std::io::Write;

use crate::db::{Cell, Sql};
use crate::error::Result;

use super::refusal::internal;

/// Bytes sent at a time.
pub(super) const CHUNK: usize = 1 << 20;

pub(super) fn statement(table: &str, columns: &[&str]) -> Sql {
    let mut sql = Sql::new().lit("copy ").ident(table);
    for (at, column) in columns.iter().enumerate() {
        sql = sql.lit(if at == 0 { " (" } else { ", " }).ident(column);
    }
    sql.lit(") from stdin")
}

/// One row, as a line.
pub(super) fn line(cells: &[Cell], out: &mut Vec<u8>) -> Result<()> {
    for (at, cell) in cells.iter().enumerate() {
        if at > 0 {
            out.push(b'\t');
        }
        match cell {
            Cell::Null => out.extend_from_slice(b"\\N"),
            // Writing to memory does not fail.
            Cell::Int(value) => drop(write!(out, "{value}")),
            Cell::Text(text) => text.bytes().for_each(|byte| escaped(byte, out)),
            Cell::Bytes(bytes) => {
                out.extend_from_slice(b"\\\\x");
                bytes.iter().for_each(|byte| drop(write!(out, "{byte:02x}")));
            }
            Cell::Ids(_) | Cell::Texts(_) => return Err(internal("no column holds a list")),
        }
    }
    out.push(b'\n');
    Ok(())
}

/// Those bytes that stand for something else in a line are written otherwise.
fn escaped(byte: u8, out: &mut Vec<u8>) {
    match byte {
        b'\\' => out.extend_from_slice(b"\\\\"),
        b'\n' => out.extend_from_slice(b"\\n"),
        b'\r' => out.extend_from_slice(b"\\r"),
        b'\t' => out.extend_from_slice(b"\\t"),
        other => out.push(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_a_line() {
        let cells = [
            Cell::Int(-7),
            Cell::Null,
            Cell::Text("a\tb\\N\r\nŁódź".into()),
            Cell::Text(String::new()),
            Cell::Bytes(vec![0, 255]),
        ];
        let mut out = Vec::new();
        line(&cells, &mut out).unwrap();
        let expected = "-7\t\\N\ta\\tb\\\\N\\r\\nŁódź\t\t\\\\x00ff\n";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
        assert!(line(&[Cell::Ids(vec![1])], &mut Vec::new()).is_err());
        let statement = statement("t", &["a", "b"]);
        assert_eq!(statement.as_str(), "copy \"t\" (\"a\", \"b\") from stdin");
    }
}
