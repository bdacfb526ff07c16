//! The functions of the house give on PostgreSQL what they give in Rust: many thousand random and
//! edge arguments, and every letter there is.

use std::fmt::Write;

use fondaco_cluster::Cluster;
use fondaco_values::{Date, Decimal, Timestamp};

use crate::db::Cell;
use crate::model::sql::FUNCTIONS;

const SCRIPTS: [&str; 2] = [
    include_str!("../../../migrations/postgres/letters.sql"),
    include_str!("../../../migrations/postgres/functions.sql"),
];
/// Calls of each function.
const CASES: usize = 2_000;

/// What a function takes, a letter an argument: `n` wide number, `i` integer, `p` places, `h` way of
/// rounding, `t` text, `d` date, `u` instant, `s` seconds, `l` list of wide numbers; and what it
/// gives, of which wide numbers are compared as numbers.
const SHAPES: &[(&str, &[&str], char)] = &[
    ("fo_dec", &["ip"], 'n'),
    ("fo_scaled", &["np"], 'i'),
    ("fo_add", &["nn"], 'n'),
    ("fo_sub", &["nn"], 'n'),
    ("fo_mul", &["nn"], 'n'),
    ("fo_div", &["nn"], 'n'),
    ("fo_rem", &["nn"], 'n'),
    ("fo_int_add", &["ii"], 'i'),
    ("fo_int_sub", &["ii"], 'i'),
    ("fo_int_mul", &["ii"], 'i'),
    ("fo_int_rem", &["ii"], 'i'),
    ("fo_int_neg", &["i"], 'i'),
    ("fo_int_abs", &["i"], 'i'),
    ("fo_neg", &["n"], 'n'),
    ("fo_abs", &["n"], 'n'),
    ("fo_round", &["np"], 'n'),
    ("fo_whole", &["nh"], 'i'),
    ("fo_cmp", &["nn"], 'i'),
    ("fo_differ", &["nn"], 'i'),
    ("fo_dec_min", &["nn", "nnn"], 'n'),
    ("fo_dec_max", &["nn", "nnn"], 'n'),
    ("fo_min", &["ii", "iii", "tt", "ttt"], 't'),
    ("fo_max", &["ii", "iii", "tt", "ttt"], 't'),
    ("fo_list_sum", &["l"], 'n'),
    ("fo_list_min", &["l"], 'n'),
    ("fo_list_max", &["l"], 'n'),
    ("fo_lower", &["t"], 't'),
    ("fo_upper", &["t"], 't'),
    ("fo_trim", &["t"], 't'),
    ("fo_fold", &["t"], 't'),
    ("fo_contains", &["tt"], 'i'),
    ("fo_starts", &["tt"], 'i'),
    ("fo_ends", &["tt"], 'i'),
    ("fo_matches", &["tt"], 'i'),
    ("fo_year", &["d", "u"], 'i'),
    ("fo_month", &["d", "u"], 'i'),
    ("fo_day", &["d", "u"], 'i'),
    ("fo_date_add", &["ds"], 't'),
    ("fo_date_sub", &["dd"], 'i'),
    ("fo_time_add", &["us"], 'i'),
];

/// SplitMix64.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u64) as usize]
    }

    fn cell(&mut self, kind: char) -> Cell {
        if self.below(20) == 0 {
            return Cell::Null;
        }
        match kind {
            'n' => Cell::Text(self.number()),
            'i' => Cell::Int(self.int()),
            'p' => Cell::Int(match self.below(20) {
                0 => self.int(),
                1 => self.of(&[-1, 11, 28, 29, 38, 39, 66, 67]),
                _ => self.below(11) as i64,
            }),
            'h' => Cell::Int(self.of(&[-1, 0, 1])),
            't' => Cell::Text(self.text()),
            'd' => Cell::Text(self.date()),
            'u' => Cell::Int(self.instant()),
            's' => Cell::Int(match self.below(3) {
                0 => self.int(),
                1 => self.below(86_400 * 20_000) as i64 - 86_400 * 10_000,
                _ => self.of(&[0, 1, -1, 86_399, -86_399, 86_400, -86_400]),
            }),
            _ => Cell::Text(self.list()),
        }
    }

    /// The text of a decimal: small and large, short and long, around where digits no longer fit.
    fn number(&mut self) -> String {
        const EDGES: &[&str] = &[
            "0",
            "0.00",
            "1",
            "-1",
            "0.5",
            "-0.5",
            "1.5",
            "2.5",
            "-2.5",
            "0.0001",
            "10",
            "3",
            "79228162514264337593543950335",
            "-79228162514264337593543950335",
            "7.9228162514264337593543950335",
            "0.0000000000000000000000000001",
            "-0.0000000000000000000000000005",
            "79228162514264337593543950334.5",
            "9223372036854775807",
            "-9223372036854775808",
            "9223372036854775808",
            "922337203685477.5807",
            "922337203685477.58075",
            "18446744073709551616",
            "0.0000000001499999999999999999",
        ];
        let small = match self.below(6) {
            0 => return self.of(EDGES).to_owned(),
            1 | 2 => true,
            _ => false,
        };
        let mantissa = u128::from(self.next()) << 64 | u128::from(self.next());
        let bits = if small { self.below(20) } else { self.below(97) };
        let mantissa = (mantissa % (1_u128 << bits).max(2)) as i128;
        let sign = self.of(&[1, -1]);
        let scale = if small { self.below(7) } else { self.below(29) };
        Decimal::from_i128_with_scale(sign * mantissa, scale as u32).to_string()
    }

    fn int(&mut self) -> i64 {
        match self.below(4) {
            0 => self.of(&[0, 1, -1, 2, 10, i64::MAX, i64::MIN, i64::MAX - 1, i64::MIN + 1]),
            1 => self.below(2_000) as i64 - 1_000,
            2 => (self.next() as i64) >> self.below(64),
            _ => self.next() as i64,
        }
    }

    fn text(&mut self) -> String {
        const PIECES: &[&str] = &[
            "a",
            "B",
            "z",
            "Zażółć",
            "gęślą",
            "Łódź",
            "ĐẶNG",
            "Hường",
            "Straße",
            "ß",
            "Æ",
            "œ",
            "e\u{301}",
            "\u{345}",
            "İ",
            "ı",
            "ŉ",
            "ﬃ",
            "ǆ",
            "ǅ",
            "ᾳ",
            "ΌΔΟΣ",
            "Σ",
            "Σ'",
            "ΣΣ",
            "σίσυφος",
            "สมชาย",
            "น้ำ",
            "東京",
            "한글",
            "Ⅷ",
            "²",
            "½",
            "ა",
            "Ა",
            "Ԥ",
            "ꟙ",
            "𐐀",
            "𞤢",
            " ",
            "  ",
            "\t",
            "\n",
            "\u{a0}",
            "\u{2003}",
            "\u{3000}",
            "\u{200b}",
            "-",
            ".",
            "@",
            "_",
            "+",
            "%",
            "'",
            "\\",
            "\"",
            "&",
            "(GmbH)",
            "1",
            "٣",
            "🚲",
            "x",
        ];
        let pieces = self.below(5);
        (0..pieces).map(|_| self.of(PIECES)).collect()
    }

    fn date(&mut self) -> String {
        match self.below(8) {
            0 => self.of(&[Date::MIN, Date::MAX, Date::ZERO]).to_string(),
            1 => self
                .of(&[
                    "2024-02-29",
                    "2023-02-29",
                    "1900-02-29",
                    "2026-13-01",
                    "2026-04-31",
                    "x",
                    "",
                ])
                .to_owned(),
            2 => self.any_day(-3_652_059, 7_304_483).to_string(),
            _ => self.any_day(-20_000, 40_000).to_string(),
        }
    }

    /// A day so many days from 1970 on.
    fn any_day(&mut self, from: i64, days: u64) -> Date {
        let day = from + self.below(days) as i64;
        let epoch = Date::constant(1970, 1, 1);
        let moved = jiff::Span::new().try_days(day).and_then(|span| epoch.checked_add(span));
        moved.unwrap_or(Date::ZERO)
    }

    fn instant(&mut self) -> i64 {
        let (first, last) = (Timestamp::MIN.as_microsecond(), Timestamp::MAX.as_microsecond());
        match self.below(4) {
            0 => {
                let whole = last / 1_000_000 * 1_000_000;
                let edges = [first, first - 1, last, whole, whole + 1, 0, -1, i64::MIN, i64::MAX];
                self.of(&edges)
            }
            1 => self.next() as i64,
            2 => self.below(last as u64) as i64 * self.of(&[1, -1]),
            _ => self.below(4_000_000_000_000_000) as i64 - 2_000_000_000_000_000,
        }
    }

    fn list(&mut self) -> String {
        let length = self.below(5);
        let item = |cell| match cell {
            Cell::Text(text) => serde_json::Value::from(text),
            _ => serde_json::Value::Null,
        };
        let items: Vec<_> = (0..length).map(|_| item(self.cell('n'))).collect();
        serde_json::Value::from(items).to_string()
    }
}

fn line(cells: &[Cell]) -> String {
    let one = |cell: &Cell| match cell {
        Cell::Int(value) => value.to_string(),
        Cell::Text(text) => {
            let text = text.replace('\\', "\\\\").replace('\t', "\\t");
            text.replace('\n', "\\n").replace('\r', "\\r")
        }
        _ => "\\N".to_owned(),
    };
    cells.iter().map(one).collect::<Vec<_>>().join("\t")
}

fn told(cell: &Cell) -> Option<String> {
    match cell {
        Cell::Int(value) => Some(value.to_string()),
        Cell::Text(text) => Some(text.clone()),
        _ => None,
    }
}

/// Of a line of COPY.
fn answer(line: &str) -> Option<String> {
    (line != "\\N").then(|| {
        let mut out = String::new();
        let mut letters = line.chars();
        while let Some(letter) = letters.next() {
            out.push(match letter {
                '\\' => match letters.next() {
                    Some('t') => '\t',
                    Some('n') => '\n',
                    Some('r') => '\r',
                    Some('b') => '\u{8}',
                    Some('f') => '\u{c}',
                    Some('v') => '\u{b}',
                    other => other.unwrap_or('\\'),
                },
                letter => letter,
            });
        }
        out
    })
}

type Call = (&'static str, Vec<Cell>);

/// One table of arguments a shape, and one long answer.
fn asked(script: &mut String, name: &str, shape: &str, calls: &[Vec<Cell>]) {
    let kind =
        |letter: char| if "ipus".contains(letter) || letter == 'h' { "bigint" } else { "text" };
    let columns: Vec<String> =
        shape.chars().enumerate().map(|(at, letter)| format!("a{at} {}", kind(letter))).collect();
    let args: Vec<String> = (0..columns.len()).map(|at| format!("a{at}")).collect();
    let (columns, args) = (columns.join(", "), args.join(", "));
    let lines: String =
        calls.iter().enumerate().map(|(n, cells)| format!("{n}\t{}\n", line(cells))).collect();
    let _ = write!(
        script,
        "drop table if exists given;\ncreate temp table given (n integer, {columns});\n\
         copy given from stdin;\n{lines}\\.\n\
         copy (select {name}({args}) from given order by n) to stdout;\n"
    );
}

fn agree(calls: Vec<(Call, char)>, answers: &str) {
    let answers: Vec<&str> = answers.lines().collect();
    assert_eq!(answers.len(), calls.len());
    let mut wrong = Vec::new();
    for (((name, cells), gives), answer_line) in calls.iter().zip(answers) {
        let (_, _, function) = FUNCTIONS.iter().find(|(known, ..)| known == name).unwrap();
        let (ours, theirs) = (told(&function(cells)), answer(answer_line));
        let same = match (gives, &ours, &theirs) {
            ('n', Some(ours), Some(theirs)) => {
                let read = |text: &str| Decimal::from_str_exact(text).ok();
                read(ours) == read(theirs) && read(theirs).is_some()
            }
            _ => ours == theirs,
        };
        if !same {
            wrong.push(format!("{name}{cells:?}: {ours:?} here, {theirs:?} there"));
        }
    }
    let count = wrong.len();
    wrong.truncate(40);
    assert!(wrong.is_empty(), "{count} of {}:\n{}", calls.len(), wrong.join("\n"));
}

#[test]
fn functions_agree_with_postgres() {
    let Some(cluster) = Cluster::shared() else { return };
    let database = cluster.database();
    let mut chance = Chance(7);
    let (mut script, mut calls) = (SCRIPTS.concat(), Vec::new());
    for (name, shapes, gives) in SHAPES {
        for shape in *shapes {
            let some = (0..CASES / shapes.len())
                .map(|_| shape.chars().map(|kind| chance.cell(kind)).collect::<Vec<_>>())
                .collect::<Vec<_>>();
            asked(&mut script, name, shape, &some);
            calls.extend(some.into_iter().map(|cells| ((*name, cells), *gives)));
        }
    }
    agree(calls, &database.sql(&script));
}

#[test]
fn every_function_is_compared() {
    let compared: Vec<&str> = SHAPES.iter().map(|(name, ..)| *name).collect();
    let known: Vec<&str> = FUNCTIONS.iter().map(|(name, ..)| *name).collect();
    assert_eq!(compared, known);
}

/// Alone, since letters change each other.
#[test]
fn every_letter_agrees_with_postgres() {
    let Some(cluster) = Cluster::shared() else { return };
    let database = cluster.database();
    let letters: Vec<char> = ('\u{1}'..=char::MAX).collect();
    let texts: Vec<Vec<Cell>> = letters
        .chunks(64)
        .map(|some| some.iter().map(|letter| format!("a{letter}\u{1}")).collect::<String>())
        .map(|text| vec![Cell::Text(text)])
        .collect();
    let (mut script, mut calls) = (SCRIPTS.concat(), Vec::new());
    for name in ["fo_lower", "fo_upper", "fo_fold", "fo_trim"] {
        asked(&mut script, name, "t", &texts);
        calls.extend(texts.iter().map(|cells| ((name, cells.clone()), 't')));
    }
    agree(calls, &database.sql(&script));
}
