//! The folder that `fondaco plugin new` makes: a plugin that works, to be changed into one's own.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use super::{Language, sdk};

const MANIFEST: &str = include_str!("templates/plugin.toml");
const FITS: &str = include_str!("templates/fits.toml");
const TOO_MUCH: &str = include_str!("templates/too_much.toml");
const README: &str = include_str!("templates/README.md");

/// Writes the folder; answers its files.
///
/// # Errors
/// When something is there already, or the name is none.
pub fn write(folder: &Path, language: Language, publisher: &str) -> Result<Vec<PathBuf>> {
    let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    for word in [name, publisher] {
        let letters =
            word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if !letters || !word.starts_with(|c: char| c.is_ascii_lowercase()) || word.ends_with('-') {
            bail!("`{word}` is no name: small letters, digits and `-`, such as discount-guard");
        }
    }
    if folder.exists() && std::fs::read_dir(folder)?.next().is_some() {
        bail!("{} is there already, and not empty", folder.display());
    }
    let tier = if language == Language::Rust { "pure" } else { "script" };
    let label = name.replace('-', " ");
    let mut start = label.chars();
    let label: String =
        start.next().into_iter().flat_map(char::to_uppercase).chain(start).collect();
    let filled = |text: &str| {
        let text = text.replace("{name}", name).replace("{publisher}", publisher);
        text.replace("{label}", &label).replace("{tier}", tier).replace("{tests}", tests(language))
    };
    let common = [
        ("plugin.toml", MANIFEST),
        ("fixtures/fits.toml", FITS),
        ("fixtures/too-much.toml", TOO_MUCH),
        ("README.md", README),
        (".gitignore", ".fondaco\nnode_modules\ntarget\nplugin.wasm\n__pycache__\n"),
    ];
    let mut written = Vec::new();
    for (path, text) in common.iter().chain(own(language)) {
        sdk::renew(&folder.join(path), &filled(text))?;
        written.push(folder.join(path));
    }
    match language {
        Language::Rust => sdk::rust(folder)?,
        Language::Js => sdk::js(folder)?,
        Language::Python => sdk::python(folder)?,
    }
    Ok(written)
}

fn own(language: Language) -> &'static [(&'static str, &'static str)] {
    match language {
        Language::Rust => &[
            ("Cargo.toml", include_str!("templates/Cargo.toml.txt")),
            ("src/lib.rs", include_str!("templates/lib.rs.txt")),
        ],
        Language::Js => &[
            ("package.json", include_str!("templates/package.json")),
            ("src/plugin.js", include_str!("templates/plugin.js")),
            ("test/plugin.test.js", include_str!("templates/plugin.test.js")),
        ],
        Language::Python => &[
            ("pyproject.toml", include_str!("templates/pyproject.toml")),
            ("src/plugin.py", include_str!("templates/plugin.py")),
            ("tests/test_plugin.py", include_str!("templates/test_plugin.py")),
        ],
    }
}

/// How the language's own tests are run.
fn tests(language: Language) -> &'static str {
    match language {
        Language::Rust => "cargo test",
        Language::Js => "node --test",
        Language::Python => "PYTHONPATH=.fondaco/python:src python3 -m unittest discover tests",
    }
}
