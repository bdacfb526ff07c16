//! Two schemas → the steps between their tables.

use super::world;
use crate::{Origin, Risk, Source, Tables, diff, load, tables};

fn of(thing: &str) -> Tables {
    let mut sources = world();
    if !thing.is_empty() {
        sources.push(Source::new(Origin::Company, "x.toml", format!("model = 'own.x'\n{thing}")));
    }
    tables(&load(&sources).unwrap_or_else(|faults| panic!("{}", super::lines(&faults))))
}

fn steps(old: &Tables, new: &Tables) -> Vec<String> {
    let told = diff(old, new).into_iter().map(|step| {
        let risk = match step.risk() {
            Risk::Safe => "",
            Risk::Checked => " (checked)",
            Risk::Destructive => " (destructive)",
        };
        let json = serde_json::to_value(&step).unwrap();
        let word = |key: &str| match &json[key] {
            serde_json::Value::Object(of) => of["name"].as_str().unwrap_or_default().to_owned(),
            value => value.as_str().unwrap_or_default().to_owned(),
        };
        let words = ["step", "table", "column", "index", "from", "to", "hidden"].map(word);
        let words: Vec<&str> =
            words.iter().map(String::as_str).filter(|word| !word.is_empty()).collect();
        format!("{}{risk}", words.join(" "))
    });
    told.collect()
}

#[test]
fn a_new_model() {
    let new = of(
        "[fields]\nname = { type = 'text', search = true, unique = true }\ntags = { type = 'tags' }",
    );
    assert_eq!(
        steps(&of(""), &new),
        [
            "create_table own_x",
            "create_table own_x__tags",
            "add_index own_x own_x_name_unique (checked)",
            "add_index own_x own_x_newest",
            "create_search own_x",
            "add_index own_x__tags own_x__tags_value",
        ]
    );
    assert!(steps(&new, &new).is_empty());
}

#[test]
fn changes_of_fields() {
    let cases: [(&str, &str, &[&str]); 8] = [
        (
            "a = { type = 'text' }",
            "b = { type = 'text', renamed_from = 'a' }",
            &["rename_column own_x a b"],
        ),
        (
            "a = { type = 'text' }",
            "b = { type = 'text' }",
            &["hide_column own_x a a_old_1 (destructive)", "add_column own_x b"],
        ),
        (
            "a = { type = 'text' }",
            "a = { type = 'integer' }",
            &["hide_column own_x a a_old_1 (destructive)", "add_column own_x a"],
        ),
        (
            "a = { type = 'decimal', scale = 2 }",
            "a = { type = 'decimal', scale = 4 }",
            &["rescale own_x a"],
        ),
        (
            "a = { type = 'decimal', scale = 4 }",
            "a = { type = 'decimal', scale = 2 }",
            &["rescale own_x a (checked)"],
        ),
        (
            "a = { type = 'text' }",
            "a = { type = 'text', required = true }",
            &["require own_x a (checked)"],
        ),
        (
            "a = { type = 'text', index = true }",
            "a = { type = 'text' }",
            &["drop_index own_x own_x_a"],
        ),
        ("a = { type = 'text' }", "a = { type = 'email' }", &[]),
    ];
    for (old, new, wanted) in cases {
        let (old, new) = (of(&format!("[fields]\n{old}")), of(&format!("[fields]\n{new}")));
        assert_eq!(steps(&old, &new), wanted);
    }
}

#[test]
fn what_is_hidden_stays_hidden() {
    let (with, without) = (of("[fields]\na = { type = 'text' }"), of(""));
    let hidden = |n: u8| {
        let table = format!("hide_table own_x own_x_old_{n} (destructive)");
        ["drop_index own_x own_x_newest".to_owned(), table]
    };
    assert_eq!(steps(&with, &without), hidden(1));
    let kept = with.after(&without);
    assert!(steps(&kept, &without).is_empty());
    assert!(steps(&kept, &with).contains(&"create_table own_x".to_owned()));
    let again = kept.after(&with);
    assert_eq!(steps(&again, &without), hidden(2));

    let other = of("[fields]\na = { type = 'integer' }");
    let once = with.after(&other);
    assert!(steps(&once, &other).is_empty());
    assert_eq!(steps(&once, &with)[0], "hide_column own_x a a_old_2 (destructive)");
}

#[test]
fn what_belongs_to_a_module_that_is_off_rests() {
    let base = "a = { type = 'text' }";
    let more = "a = { type = 'text' }\nb = { type = 'bool', required = true, index = true }";
    let of_fields = |fields: &str| of(&format!("[fields]\n{fields}"));
    let (off, on) = (of_fields(base), of_fields(more));
    let asleep = off.clone().with_resting(&on, &on);
    assert_eq!(steps(&on, &asleep), ["relax own_x b"], "neither the column nor its index goes");
    let kept = on.after(&asleep);
    assert!(steps(&kept, &off.clone().with_resting(&kept, &on)).is_empty());
    assert_eq!(steps(&kept, &on), ["require own_x b (checked)"], "and it is there again");
    let waking: Vec<&str> = kept.tables["own_x"].waking(&on.tables["own_x"]).collect();
    assert_eq!(waking, ["b"]);
    let wanted = off.clone().with_resting(&on, &off);
    let hidden = steps(&on, &wanted);
    assert_eq!(hidden.last().unwrap(), "hide_column own_x b b_old_1 (destructive)", "nobody's");

    let none = Tables::default();
    assert!(steps(&on, &none.clone().with_resting(&on, &on)).is_empty(), "a table stays too");
    assert_eq!(none.with_resting(&off, &on), off, "as it was, not as it would be");
}
