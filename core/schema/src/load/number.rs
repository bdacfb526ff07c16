//! The template of document numbers: `SO-{year}-{seq:5}`.

use super::document::{Faults, Text};

/// Refuses unknown braces and a template without exactly one running number.
pub(super) fn check(template: &Text, faults: &mut Faults<'_>) {
    const KNOWN: &str = "{year}, {month}, {day}, {seq} and {seq:5} are known";
    let mut sequences = 0;
    let mut rest = template.text.as_str();
    while let Some(at) = rest.find(['{', '}']) {
        let inside = rest[at..].strip_prefix('{').and_then(|rest| rest.split_once('}'));
        let Some((word, after)) = inside else {
            return faults.at(template.place, "a brace is not closed, or not opened");
        };
        match word {
            "year" | "month" | "day" => {}
            "seq" => sequences += 1,
            word => match word.strip_prefix("seq:").map(str::parse::<u8>) {
                Some(Ok(1..=12)) => sequences += 1,
                Some(_) => faults.at(template.place, "`seq` has from 1 to 12 digits: {seq:5}"),
                None => {
                    let message = format!("`{{{word}}}` is not known in a number");
                    faults.with_help(template.place, message, Some(KNOWN.to_owned()));
                    sequences = 1;
                }
            },
        }
        rest = after;
    }
    if sequences != 1 {
        faults.at(template.place, "a number holds the running number once: {seq} or {seq:5}");
    }
}
