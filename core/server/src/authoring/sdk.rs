//! The SDKs, inside the program, so that an author needs nothing else: they are put into the plugin's folder
//! under `.fondaco` (Rust, Python) and `node_modules` (JavaScript), and renewed when the program is.

use std::path::Path;

use anyhow::{Context, Result};

macro_rules! carried {
    ($($path:literal)+) => {
        &[$(($path, include_str!(concat!("../../../../", $path)))),+]
    };
}

/// The contract, by version.
pub const WIT: &[(&str, &str)] = carried! {
    "sdk/wit/0.1/plugin.wit"
    "sdk/wit/0.2/plugin.wit"
};

const RUST: &[(&str, &str)] = carried! {
    "sdk/rust/Cargo.toml"
    "sdk/rust/src/lib.rs"
    "sdk/rust/src/answer.rs"
    "sdk/rust/src/cx.rs"
    "sdk/rust/src/points.rs"
    "sdk/rust/src/record.rs"
    "sdk/rust/src/value.rs"
    "sdk/rust/src/web.rs"
    "sdk/rust/src/wit.rs"
    "sdk/rust/derive/Cargo.toml"
    "sdk/rust/derive/src/lib.rs"
    "core/values/Cargo.toml"
    "core/values/src/lib.rs"
    "core/values/src/currency.rs"
    "core/values/src/id.rs"
    "core/values/src/limits.rs"
    "core/values/src/locale.rs"
    "core/values/src/money.rs"
    "core/values/src/problem.rs"
    "core/values/src/quantity.rs"
    "core/values/src/rounding.rs"
    "core/values/src/scaled.rs"
    "core/values/src/value.rs"
};

const JS: &[(&str, &str)] = carried! {
    "sdk/js/package.json"
    "sdk/js/src/bind.js"
    "sdk/js/src/decimal.js"
    "sdk/js/src/plugin.d.ts"
    "sdk/js/src/plugin.js"
    "sdk/js/src/told.d.ts"
    "sdk/js/src/told.js"
    "sdk/js/src/values.js"
};

const PYTHON: &[(&str, &str)] = carried! {
    "sdk/python/fondaco_plugin/__init__.py"
    "sdk/python/fondaco_plugin/answers.py"
    "sdk/python/fondaco_plugin/bind.py"
    "sdk/python/fondaco_plugin/told.py"
    "sdk/python/fondaco_plugin/values.py"
};

/// The workspace that the values of the house take their versions from, without its members.
const WORKSPACE: &str = include_str!("../../../../Cargo.toml");

/// All files, for the test that holds this list against the folders.
pub fn carried() -> impl Iterator<Item = &'static str> {
    [WIT, RUST, JS, PYTHON].into_iter().flatten().map(|(path, _)| *path)
}

/// The Rust SDK with what it stands on.
pub fn rust(folder: &Path) -> Result<()> {
    rust_into(&folder.join(".fondaco"))
}

/// The same, in the folders that it has in the repository.
pub fn rust_into(root: &Path) -> Result<()> {
    for (path, text) in RUST.iter().chain(WIT) {
        renew(&root.join(path), text)?;
    }
    renew(&root.join("Cargo.toml"), &workspace()?)
}

fn workspace() -> Result<String> {
    let mut text: toml_edit::DocumentMut = WORKSPACE.parse().context("the workspace")?;
    text["workspace"]["members"] = toml_edit::value(toml_edit::Array::from_iter(["core/values"]));
    if let Some(table) = text["workspace"].as_table_mut() {
        table.remove("default-members");
    }
    text.remove("profile");
    Ok(text.to_string())
}

/// The JavaScript SDK, where node looks for it.
pub fn js(folder: &Path) -> Result<()> {
    let root = folder.join("node_modules/@fondaco/plugin");
    put(&root, JS, "sdk/js/")
}

pub fn python(folder: &Path) -> Result<()> {
    put(&folder.join(".fondaco/python"), PYTHON, "sdk/python/")
}

fn put(root: &Path, files: &[(&str, &str)], prefix: &str) -> Result<()> {
    for (path, text) in files {
        renew(&root.join(path.strip_prefix(prefix).unwrap_or(path)), text)?;
    }
    Ok(())
}

/// Writes what differs, and leaves alone what does not: tools look at the hour of files.
pub fn renew(path: &Path, text: &str) -> Result<()> {
    if std::fs::read_to_string(path).is_ok_and(|there| there == text) {
        return Ok(());
    }
    let failed = || format!("writing {}", path.display());
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).with_context(failed)?;
    }
    std::fs::write(path, text).with_context(failed)
}
