//! Texts: every file is Fluent, nothing is there that nobody asks for, and what a language says of
//! something names the same arguments as the English does. A language that is complete stays so.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use fondaco_kernel::texts::{LANGUAGES, LocaleFile, OF_KERNEL, Texts, keys};
use fondaco_kernel::{Database, Kernel, Setup};
use fondaco_server::modules;
use fondaco_web::words::SHELL;

/// Languages of which a missing text is a fault.
const COMPLETE: &[&str] = &["vi", "th", "pl", "zh"];

fn files() -> Vec<LocaleFile> {
    let modules = modules::all();
    let of_modules = modules.iter().flat_map(|module| module.locale_files().to_vec());
    OF_KERNEL
        .iter()
        .chain(SHELL)
        .chain(fondaco_documents::WORDS)
        .copied()
        .chain(of_modules)
        .collect()
}

/// Everything that the TOML and the shell want said.
fn wanted() -> BTreeSet<String> {
    let schema = Kernel::check(&Setup::new(Database::Memory, modules::all())).unwrap();
    let texts = Texts::read(files()).unwrap();
    let shell = texts.keys("en").map(|(key, _)| key.to_owned());
    keys::of_schema(&schema).into_iter().map(|wanted| wanted.key).chain(shell).collect()
}

/// The Rust of the program, in which the codes of refusals stand.
fn sources() -> String {
    fn collect(dir: &Path, into: &mut String) {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, into);
            } else if path.extension().is_some_and(|e| e == "rs") {
                into.push_str(&std::fs::read_to_string(&path).unwrap());
            }
        }
    }
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let mut all = String::new();
    for place in ["../core", "../modules"] {
        collect(&root.join(place), &mut all);
    }
    all
}

#[test]
fn nothing_is_translated_that_nobody_asks_for() {
    let (texts, wanted, sources) = (Texts::read(files()).unwrap(), wanted(), sources());
    let is_code = |key: &str| {
        key.strip_prefix("problem-").is_some_and(|code| sources.contains(&format!("\"{code}\"")))
    };
    for (language, _) in LANGUAGES {
        let mut unused = texts.gaps(language, &wanted).unused;
        unused.retain(|key| !is_code(key));
        assert_eq!(unused, [""; 0], "{language}");
    }
}

#[test]
fn a_complete_language_misses_nothing() {
    let (texts, wanted) = (Texts::read(files()).unwrap(), wanted());
    for (language, _) in LANGUAGES.iter().filter(|(tag, _)| *tag != "en") {
        let missing = texts.gaps(language, &wanted).missing;
        eprintln!("{language}: {} of {} texts are missing", missing.len(), wanted.len());
        assert!(!COMPLETE.contains(language) || missing.is_empty(), "{language}: {missing:#?}");
    }
}

/// Every text of the shell is asked for by its Rust or its scripts.
#[test]
fn the_shell_says_nothing_that_no_page_asks_for() {
    let texts = Texts::read(files()).unwrap();
    let code = sources();
    let is_asked = |key: &str| code.contains(&format!("\"{key}\""));
    let unasked: Vec<&str> =
        texts.keys("en").map(|(key, _)| key).filter(|k| !is_asked(k)).collect();
    assert_eq!(unasked, [""; 0]);
}

/// The names in braces of each message: `$count`, `$model`.
fn arguments(text: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut key = String::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        if let Some((name, _)) = line.split_once(" =")
            && !line.starts_with([' ', '\t'])
        {
            key = name.to_owned();
        }
        for part in line.split('$').skip(1) {
            let end = part.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            let name = &part[..end.unwrap_or(part.len())];
            found.entry(key.clone()).or_default().insert(name.to_owned());
        }
    }
    found
}

#[test]
fn a_translation_speaks_of_what_the_english_speaks_of() {
    let english = arguments(SHELL[0].2);
    for (language, path, text) in &SHELL[1..] {
        for (key, own) in arguments(text) {
            let known = english.get(&key).cloned().unwrap_or_default();
            let extra: Vec<_> = own.difference(&known).collect();
            assert!(extra.is_empty(), "{path} ({language}): {key} names {extra:?}");
        }
    }
}
