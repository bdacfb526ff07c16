//! The tables of letters that PostgreSQL is given (`migrations/postgres/letters.sql`) are those of
//! the Rust library that this program is built with.

use std::path::Path;

use crate::model::search::fold;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/postgres/letters.sql");
/// Set, it has the file written anew.
const WRITE: &str = "FONDACO_WRITE_LETTERS";
const LINE_MAX: usize = 72;

#[test]
fn the_letters_of_postgres_are_ours() {
    let made = script();
    if std::env::var_os(WRITE).is_some() {
        std::fs::write(FILE, &made).unwrap();
    }
    let kept = std::fs::read_to_string(Path::new(FILE)).unwrap_or_default();
    assert!(kept == made, "letters.sql is not of this Rust: run this test once with {WRITE}=1");
}

fn script() -> String {
    let all = || ('\u{80}'..=char::MAX).filter(|c| !c.is_control());
    let one = |mut letters: std::iter::Peekable<std::vec::IntoIter<char>>| {
        let first = letters.next()?;
        letters.peek().is_none().then_some(first)
    };
    let small = |c: char| one(c.to_lowercase().collect::<Vec<_>>().into_iter().peekable());
    let great = |c: char| one(c.to_uppercase().collect::<Vec<_>>().into_iter().peekable());
    let changed = |change: &dyn Fn(char) -> Option<char>| -> Vec<(char, char)> {
        all().filter_map(|c| Some((c, change(c).filter(|to| *to != c)?))).collect()
    };
    let (lowered, uppered) = (changed(&small), changed(&great));
    let grown: Vec<char> = all().filter(|c| c.to_uppercase().count() > 1).collect();
    let plain = changed(&|c| {
        let is_small = small(c) == Some(c);
        one(fold(&c.to_string()).chars().collect::<Vec<_>>().into_iter().peekable())
            .filter(|to| is_small && to.is_ascii())
    });
    let ends_a_word = |text: String| text.to_lowercase().ends_with('ς');
    let cased: Vec<char> = ascii_too(all()).filter(|c| ends_a_word(format!("{c}Σ"))).collect();
    let ignorable = |c: &char| cased.binary_search(c).is_err() && ends_a_word(format!("a{c}Σ"));
    let ignorable: Vec<char> = ascii_too(all()).filter(ignorable).collect();
    let marks: String = ('\u{300}'..='\u{36f}').filter(|c| !c.is_alphanumeric()).collect();
    let kept = ascii_too(all()).filter(|c| c.is_alphanumeric() || "@.-+".contains(*c));
    let white = ascii_and_controls().filter(|c| c.is_whitespace()).collect::<String>();

    let mut out = String::from(
        "-- Which letters are great, small, accented, white: the tables of Rust's standard library, so that\n\
         -- PostgreSQL finds the same whatever it runs on. Generated: the test\n\
         -- `the_letters_of_postgres_are_ours` says how; used by functions.sql.\n",
    );
    let from = |pairs: &[(char, char)]| pairs.iter().map(|(from, _)| *from).collect::<String>();
    let to = |pairs: &[(char, char)]| pairs.iter().map(|(_, to)| *to).collect::<String>();
    let class = |pairs: &[(char, char)]| ranges(pairs.iter().map(|(from, _)| *from));
    text(&mut out, "great", &format!("[{}]", class(&lowered)));
    text(&mut out, "lower_from", &from(&lowered));
    text(&mut out, "lower_to", &to(&lowered));
    text(&mut out, "small", &format!("[{}]", class(&uppered)));
    text(&mut out, "upper_from", &from(&uppered));
    text(&mut out, "upper_to", &to(&uppered));
    text(&mut out, "growing", &format!("[{}]", ranges(grown.iter().copied())));
    let pair = |c: &char| format!("{c},{}", c.to_uppercase());
    let grown = grown.iter().map(pair).collect::<Vec<_>>().join(",");
    text(&mut out, "grown", &format!("{{{grown}}}"));
    text(&mut out, "cased", &format!("[{}]", ranges(cased.iter().copied())));
    text(&mut out, "ignorable", &format!("[{}]", ranges(ignorable.iter().copied())));
    text(&mut out, "plain_from", &from(&plain));
    text(&mut out, "plain_to", &to(&plain));
    text(&mut out, "marks", &marks);
    text(&mut out, "other", &format!("[^{}]+", ranges(kept)));
    text(&mut out, "white", &white);
    out
}

fn ascii_too(others: impl Iterator<Item = char>) -> impl Iterator<Item = char> {
    (' '..='~').chain(others)
}

fn ascii_and_controls() -> impl Iterator<Item = char> {
    '\u{1}'..=char::MAX
}

/// A function that answers this text, in lines of a bearable length.
fn text(out: &mut String, name: &str, text: &str) {
    let letters: Vec<char> = text.chars().collect();
    let is_list = name == "grown";
    out.push_str(&format!(
        "\ncreate or replace function fo_letters_{name}() returns text{}\n\
         language sql immutable parallel safe as $$ select ",
        if is_list { "[]" } else { "" },
    ));
    for line in letters.chunks(LINE_MAX) {
        let line: String = line.iter().map(|c| written(*c, name == "white")).collect();
        out.push_str(&format!("{}'{line}'\n", if name == "white" { "U&" } else { "" }));
    }
    out.push_str(if is_list { "::text[] $$;\n" } else { "$$;\n" });
}

fn written(c: char, by_number: bool) -> String {
    match c {
        '\'' => "''".to_owned(),
        _ if by_number => format!("\\{:04X}", u32::from(c)),
        _ => c.to_string(),
    }
}

/// As they stand between the brackets of a regular expression.
fn ranges(letters: impl Iterator<Item = char>) -> String {
    let mut ranges: Vec<(u32, u32)> = Vec::new();
    for letter in letters.map(u32::from) {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == letter => *last = letter,
            _ => ranges.push((letter, letter)),
        }
    }
    let code = |c: u32| if c < 0x1_0000 { format!("\\u{c:04X}") } else { format!("\\U{c:08X}") };
    let one = |(first, last): &(u32, u32)| match last - first {
        0 => code(*first),
        _ => format!("{}-{}", code(*first), code(*last)),
    };
    ranges.iter().map(one).collect()
}
