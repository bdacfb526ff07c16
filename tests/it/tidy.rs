//! The rules of the house, as tests: arrows between crates, who may know which library, headers of
//! files, what must not be in the code. Reads `cargo metadata` and the files themselves.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Which of our crates a crate may depend on. A module may know these three, and no other module.
const MODULE: &[&str] = &["fondaco-kernel", "fondaco-schema", "fondaco-values"];
const ARROWS: &[(&str, &[&str])] = &[
    ("fondaco-values", &[]),
    ("fondaco-cluster", &[]),
    ("fondaco-derive", &[]),
    ("fondaco-schema", &["fondaco-values"]),
    ("fondaco-kernel", &["fondaco-derive", "fondaco-schema", "fondaco-values"]),
    ("fondaco-documents", &["fondaco-schema", "fondaco-values"]),
    ("fondaco-plugin-host", &["fondaco-kernel", "fondaco-schema", "fondaco-values"]),
    ("fondaco-web", &["fondaco-documents", "fondaco-kernel", "fondaco-schema", "fondaco-values"]),
];
/// Libraries that one crate alone may know.
const KEPT: &[(&str, &str)] = &[
    ("rusqlite", "fondaco-kernel"),
    ("sqlx", "fondaco-kernel"),
    ("wasmtime", "fondaco-plugin-host"),
    ("krilla", "fondaco-documents"),
    ("parley", "fondaco-documents"),
    ("axum", "fondaco-web"),
    ("clap", "fondaco-server"),
    ("anyhow", "fondaco-server"),
];
const FILE_LINES_MAX: usize = 900;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn packages() -> Vec<Value> {
    let out = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version", "1", "--offline"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let all: Value = serde_json::from_slice(&out.stdout).unwrap();
    all["packages"].as_array().unwrap().clone()
}

/// Names of what a package depends on, without what only its tests need.
fn dependencies(package: &Value) -> BTreeSet<String> {
    let all = package["dependencies"].as_array().unwrap();
    let normal = all.iter().filter(|d| d["kind"].is_null());
    normal.map(|d| d["name"].as_str().unwrap().to_owned()).collect()
}

fn sources() -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for place in ["core", "modules", "plugins", "sdk", "tests"] {
        collect(&root().join(place), &mut found);
    }
    found.sort();
    assert!(found.len() > 100, "the files of the house were not found");
    found
}

fn collect(dir: &Path, into: &mut Vec<(PathBuf, String)>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, into);
        } else if path.extension().is_some_and(|e| e == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            into.push((path.strip_prefix(root()).unwrap().to_owned(), text));
        }
    }
}

fn none(wrong: Vec<String>) {
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn arrows_go_one_way() {
    let allowed: BTreeMap<_, _> = ARROWS.iter().copied().collect();
    let mut wrong = Vec::new();
    for package in packages() {
        let name = package["name"].as_str().unwrap();
        let path = package["manifest_path"].as_str().unwrap();
        let is_module = path.contains("/modules/");
        let may = match allowed.get(name) {
            Some(may) => may,
            None if is_module => MODULE,
            // The server and the tests know everything.
            None => continue,
        };
        for ours in dependencies(&package).iter().filter(|d| d.starts_with("fondaco-")) {
            if !may.contains(&ours.as_str()) {
                wrong.push(format!("{name} must not depend on {ours}"));
            }
        }
    }
    none(wrong);
}

#[test]
fn libraries_stay_in_their_room() {
    let mut wrong = Vec::new();
    for package in packages() {
        let name = package["name"].as_str().unwrap();
        let has = dependencies(&package);
        for (library, keeper) in KEPT {
            if has.contains(*library) && name != *keeper && name != "fondaco-tests" {
                wrong.push(format!("{name} must not depend on {library}: that is {keeper}'s"));
            }
        }
    }
    none(wrong);
}

#[test]
fn every_crate_takes_the_lints_of_the_workspace() {
    let mut wrong = Vec::new();
    for package in packages() {
        let path = package["manifest_path"].as_str().unwrap();
        let text = std::fs::read_to_string(path).unwrap();
        if !text.contains("[lints]\nworkspace = true") {
            wrong.push(format!("{path}: [lints] workspace = true is missing"));
        }
    }
    none(wrong);
}

#[test]
fn every_file_says_what_it_is() {
    let silent = sources().into_iter().filter(|(_, text)| !text.starts_with("//! "));
    none(silent.map(|(path, _)| format!("{}: no //! header", path.display())).collect());
}

#[test]
fn no_file_is_a_warehouse() {
    let long = sources().into_iter().filter(|(_, text)| text.lines().count() > FILE_LINES_MAX);
    none(
        long.map(|(path, _)| format!("{}: over {FILE_LINES_MAX} lines", path.display())).collect(),
    );
}

#[test]
fn nothing_is_left_for_later() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        for (n, line) in text.lines().enumerate() {
            let marks =
                [concat!("to", "do!("), concat!("unimple", "mented!("), concat!("FIX", "ME")];
            if marks.iter().any(|mark| line.contains(mark)) {
                wrong.push(format!("{}:{}: {}", path.display(), n + 1, line.trim()));
            }
        }
    }
    none(wrong);
}

#[test]
fn the_top_level_is_short() {
    let known = [
        "Cargo.toml",
        "Cargo.lock",
        "LICENSE",
        "README.md",
        "core",
        "modules",
        "plugins",
        "sdk",
        "tests",
        "examples",
        "target",
    ];
    let found = std::fs::read_dir(root()).unwrap().map(|e| e.unwrap().file_name());
    let extra: Vec<String> = found
        .map(|name| name.to_string_lossy().into_owned())
        .filter(|name| !name.starts_with('.') && !known.contains(&name.as_str()))
        .collect();
    none(extra);
}

/// Acting as the system is loud: every place that does it is listed here with its reason.
#[test]
fn the_system_acts_here_only() {
    let mut found = Vec::new();
    for (path, text) in sources() {
        let is_test = path.starts_with("tests") || path.ends_with("tests.rs");
        for line in text.lines().filter(|line| line.contains(".as_system(\"") && !is_test) {
            let reason = line.split(".as_system(\"").nth(1).unwrap_or_default();
            let reason = reason.split('"').next().unwrap_or_default();
            found.push(format!("{}: {reason}", path.display()));
        }
    }
    insta::assert_snapshot!(found.join("\n"));
}
