//! One row as a line of JSON, and back; and the sum over lines that does not depend on their order.

use sha2::{Digest, Sha256};

use super::{Column, Kind};
use crate::db::Cell;
use crate::error::{Error, Result};

/// Beyond this, readers that know only floating point would round.
const EXACT_MAX: u64 = 1 << 53;

/// Appends the row as a JSON array, without the end of line.
pub(super) fn write(row: &[Cell], line: &mut String) {
    line.push('[');
    for (at, cell) in row.iter().enumerate() {
        if at > 0 {
            line.push(',');
        }
        match cell {
            Cell::Null => line.push_str("null"),
            Cell::Int(value) if value.unsigned_abs() <= EXACT_MAX => {
                line.push_str(&value.to_string());
            }
            Cell::Int(value) => line.push_str(&format!("\"{value}\"")),
            Cell::Text(text) => line.push_str(&serde_json::Value::from(text.as_str()).to_string()),
            Cell::Ids(_) | Cell::Texts(_) => unreachable!("no column holds a list"),
            Cell::Bytes(bytes) => {
                line.push('"');
                for byte in bytes {
                    line.push(char::from(HEX[usize::from(byte >> 4)]));
                    line.push(char::from(HEX[usize::from(byte & 15)]));
                }
                line.push('"');
            }
        }
    }
    line.push(']');
}

const HEX: &[u8; 16] = b"0123456789abcdef";

/// The row of a line.
pub(super) fn read(columns: &[Column], line: &str) -> Result<Vec<Cell>> {
    let wrong = || Error::Startup(format!("this is no row of the table: {line}"));
    let values: Vec<serde_json::Value> = serde_json::from_str(line).map_err(|_| wrong())?;
    if values.len() != columns.len() {
        return Err(wrong());
    }
    let cells = columns.iter().zip(values).map(|(column, value)| cell(column.kind, value));
    cells.collect::<Option<_>>().ok_or_else(wrong)
}

fn cell(kind: Kind, value: serde_json::Value) -> Option<Cell> {
    use serde_json::Value as Json;
    match (kind, value) {
        (_, Json::Null) => Some(Cell::Null),
        (Kind::Integer, Json::Number(number)) => number.as_i64().map(Cell::Int),
        (Kind::Integer, Json::String(text)) => text.parse().ok().map(Cell::Int),
        (Kind::Text, Json::String(text)) => Some(Cell::Text(text)),
        (Kind::Bytes, Json::String(text)) => bytes(&text).map(Cell::Bytes),
        _ => None,
    }
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text.chars().map(digit).collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    Some(digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

fn digit(c: char) -> Option<u8> {
    c.to_digit(16).and_then(|d| u8::try_from(d).ok())
}

/// Adds up lines: twice the same line counts twice, the order does not count.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sum(u128);

impl Sum {
    pub(super) fn add(&mut self, line: &str) {
        let digest = Sha256::digest(line.as_bytes());
        let first = digest.iter().take(16).fold(0_u128, |sum, byte| sum << 8 | u128::from(*byte));
        self.0 = self.0.wrapping_add(first);
    }

    pub(super) fn text(self) -> String {
        format!("{:032x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let columns: Vec<Column> =
            [Kind::Integer, Kind::Integer, Kind::Text, Kind::Bytes, Kind::Text]
                .map(|kind| Column { name: "x".into(), kind })
                .into();
        let row = vec![
            Cell::Int(-7),
            Cell::Int(i64::MIN),
            Cell::Text("Ł\"\n\u{1F6B2}".into()),
            Cell::Bytes(vec![0, 255, 16]),
            Cell::Null,
        ];
        let mut line = String::new();
        write(&row, &mut line);
        assert_eq!(line, "[-7,\"-9223372036854775808\",\"Ł\\\"\\n🚲\",\"00ff10\",null]");
        assert_eq!(read(&columns, &line).unwrap(), row);
        for wrong in ["[]", "[1,2,3,4,5]", "[1,2,\"\",\"0\",\"\"]", "[1.5,2,\"\",\"\",\"\"]", "x"] {
            assert!(read(&columns, wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_order_of_lines_does_not_count_and_their_number_does() {
        let sum = |lines: &[&str]| {
            let mut sum = Sum::default();
            lines.iter().for_each(|line| sum.add(line));
            sum.text()
        };
        assert_eq!(sum(&["[1]", "[2]", "[3]"]), sum(&["[3]", "[1]", "[2]"]));
        assert_ne!(sum(&["[1]", "[1]", "[2]"]), sum(&["[2]"]));
        assert_ne!(sum(&["[1]"]), sum(&["[2]"]));
    }
}
