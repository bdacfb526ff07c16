//! Full-text search: the folded text that each searchable record keeps, and the words of a query.
//! Folding: small letters, no accents, so that `Łódź` is found by `lodz`.
//! Not here: the index over the text (`migrate`) and the condition in SQL (`sql::select`).

use fondaco_values::Value;

use super::catalog::Meta;
use crate::record::{Rec, plain};

/// Words of a query at most: more of them find nothing that fewer do not.
const WORDS_MAX: usize = 8;
/// Letters from which on a word is looked for inside of words; shorter ones only at their beginning.
pub(crate) const INSIDE_FROM: usize = 3;

/// Small letters without accents; what is neither letter nor digit nor one of `@._-+` is a space.
pub(crate) fn fold(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        for small in letter.to_lowercase() {
            match plain_letter(small) {
                Some(letters) => out.push_str(letters),
                None if small.is_alphanumeric() || "@.-+".contains(small) => out.push(small),
                None if is_mark(small) => {}
                None => {
                    if !out.ends_with(' ') && !out.is_empty() {
                        out.push(' ');
                    }
                }
            }
        }
    }
    out.truncate(out.trim_end().len());
    out
}

/// The folded text of a record and of its lines.
pub(crate) fn text_of(meta: &Meta, rec: &Rec) -> String {
    let mut out = String::new();
    add(meta, rec, &mut out);
    for lines in &meta.lines {
        for line in rec.lines_at(lines.at) {
            add(&lines.child, line, &mut out);
        }
    }
    out
}

fn add(meta: &Meta, rec: &Rec, out: &mut String) {
    for at in &meta.searched {
        let value = &rec.values[*at];
        if value.is_null() || matches!(value, Value::Link(_) | Value::List(_)) {
            continue;
        }
        let text = plain(value);
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(&fold(&text));
        if let Some(digits) = telephone(&text) {
            out.push(' ');
            out.push_str(&digits);
        }
    }
}

/// The digits of what looks like a telephone number, so that it is found however it is written.
fn telephone(text: &str) -> Option<String> {
    let looks = text.chars().all(|c| c.is_ascii_digit() || " +-()/.".contains(c));
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    (looks && digits.len() >= 5 && digits.len() != text.len()).then_some(digits)
}

/// The folded words of a query, the longest first.
pub(crate) fn words(query: &str) -> Vec<String> {
    let folded = telephone(query).unwrap_or_else(|| fold(query));
    let mut words: Vec<String> = folded.split_whitespace().map(str::to_owned).collect();
    words.sort_by_key(|word| std::cmp::Reverse(word.chars().count()));
    words.dedup();
    words.truncate(WORDS_MAX);
    words
}

/// Combining accents.
fn is_mark(letter: char) -> bool {
    ('\u{300}'..='\u{36f}').contains(&letter)
}

/// A Latin letter with its accent taken away; `None` for all other letters, which stay.
fn plain_letter(letter: char) -> Option<&'static str> {
    Some(match letter {
        'à'..='å' | 'ā' | 'ă' | 'ą' | 'ǎ' | 'ạ'..='ặ' => "a",
        'ç' | 'ć' | 'ĉ' | 'ċ' | 'č' => "c",
        'ď' | 'đ' | 'ð' => "d",
        'è'..='ë' | 'ē' | 'ĕ' | 'ė' | 'ę' | 'ě' => "e",
        'ẹ' | 'ẻ' | 'ẽ' | 'ế' | 'ề' | 'ể' | 'ễ' | 'ệ' => "e",
        'ĝ' | 'ğ' | 'ġ' | 'ģ' => "g",
        'ĥ' | 'ħ' => "h",
        'ì'..='ï' | 'ĩ' | 'ī' | 'ĭ' | 'į' | 'ı' | 'ỉ' | 'ị' => "i",
        'ĵ' => "j",
        'ķ' => "k",
        'ĺ' | 'ļ' | 'ľ' | 'ŀ' | 'ł' => "l",
        'ñ' | 'ń' | 'ņ' | 'ň' => "n",
        'ò'..='ö' | 'ø' | 'ō' | 'ŏ' | 'ő' | 'ơ' => "o",
        'ọ' | 'ỏ' | 'ố' | 'ồ' | 'ổ' | 'ỗ' | 'ộ' | 'ớ' | 'ờ' | 'ở' | 'ỡ' | 'ợ' => {
            "o"
        }
        'ŕ' | 'ŗ' | 'ř' => "r",
        'ś' | 'ŝ' | 'ş' | 'š' | 'ș' => "s",
        'ţ' | 'ť' | 'ŧ' | 'ț' => "t",
        'ù'..='ü' | 'ũ' | 'ū' | 'ŭ' | 'ů' | 'ű' | 'ų' | 'ư' => "u",
        'ụ' | 'ủ' | 'ứ' | 'ừ' | 'ử' | 'ữ' | 'ự' => "u",
        'ŵ' => "w",
        'ý' | 'ÿ' | 'ŷ' | 'ỳ' | 'ỵ' | 'ỷ' | 'ỹ' => "y",
        'ź' | 'ż' | 'ž' => "z",
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'þ' => "th",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folding() {
        for (text, folded) in [
            ("Zażółć gęślą jaźń", "zazolc gesla jazn"),
            ("ĐẶNG Thị Hường", "dang thi huong"),
            ("Straße, Nr. 5", "strasse nr. 5"),
            ("  A&B  (GmbH) ", "a b gmbh"),
            ("e\u{301}clair", "eclair"),
            ("สมชาย", "สมชาย"),
            ("東京 Ltd", "東京 ltd"),
            ("anna@example.com", "anna@example.com"),
        ] {
            assert_eq!(fold(text), folded, "{text}");
        }
    }

    #[test]
    fn words_of_a_query() {
        for (query, expected) in [
            ("Łódź  ab", vec!["lodz", "ab"]),
            ("+48 600-123-456", vec!["48600123456"]),
            ("", vec![]),
            ("%_", vec![]),
        ] {
            assert_eq!(words(query), expected, "{query}");
        }
    }
}
