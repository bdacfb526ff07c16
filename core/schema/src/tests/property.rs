//! What holds for any text: nothing panics, and each fault has a place in its text.

use proptest::prelude::*;

use super::{schema, world};
use crate::{Origin, Source, compile, load};

/// Words that meet in expressions and TOML, so that some of the texts are nearly right.
fn piece() -> impl Strategy<Value = String> {
    let words = [
        "total",
        "lines",
        "customer",
        ".",
        "name",
        "(",
        ")",
        "sum",
        "size",
        "==",
        "&&",
        "!",
        "?",
        ":",
        "'draft'",
        "1",
        "2.5",
        "null",
        " ",
        "in",
        "[",
        "]",
        ",",
        "l",
        "exists",
        "-",
        "+",
        "/",
        "state",
        "today()",
        "actor.user",
        "=",
        "{",
        "}",
        "type",
        "'text'",
        "\n",
        "[fields]",
        "model",
        "'own.x'",
        "lines.map(l, l.price)",
        "é",
        "\"",
        "1e400",
        "0.1e-30",
    ];
    prop_oneof![prop::sample::select(words.to_vec()).prop_map(str::to_owned), ".{0,3}"]
}

fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(piece(), 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_expression_is_checked_or_refused(source in text()) {
        let schema = schema();
        let _ = compile(&source, &schema.models["order"], &schema, None);
    }

    #[test]
    fn any_text_is_loaded_or_refused(text in text()) {
        let mut sources = world();
        let text = format!("model = 'own.x'\n{text}");
        sources.push(Source::new(Origin::Company, "x.toml", text.clone()));
        if let Err(faults) = load(&sources) {
            for fault in faults {
                prop_assert!(fault.path == "x.toml");
                let line = text.split('\n').nth(fault.line as usize - 1);
                let columns = line.map(|line| line.chars().count() + 1).unwrap_or_default();
                prop_assert!(fault.column as usize <= columns, "{fault}");
            }
        }
    }
}
