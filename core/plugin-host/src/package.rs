//! A plugin as it travels: one file, a tar in zstd, with the manifest, the component, what belongs to
//! them, a list of the digests of all of it, and a signature over that list. The same files give the same
//! bytes, up to the signature. In reading order: [`pack`], [`sign`], [`open`]; `archive` (the bytes),
//! `digests` (the list), `keys` (minisign). Nothing in here is ever written to a disk by its own name, and nothing is run.
//! Not here: whether the publisher is known (`kernel::plugins::lifecycle`), whether the component fits its
//! manifest (`load`).

mod archive;
mod digests;
mod keys;

use std::collections::BTreeMap;
use std::path::Path;

use fondaco_kernel::plugins::lifecycle::{LOCALES, SCHEMA};
use fondaco_kernel::plugins::{COMPONENT, MANIFEST, Package};
use fondaco_schema::plugin::Manifest;
use fondaco_schema::{Origin, Source, manifest};
use fondaco_values::Problem;

use crate::compile::digest;
use digests::Digests;
pub use keys::{Keys, SecretKey};

/// Bytes of a package: as many as a database keeps of a file.
pub const PACKED_BYTES_MAX: usize = fondaco_values::limits::ATTACHMENT_BYTES_MAX;
/// Bytes of all its files together.
pub const UNPACKED_BYTES_MAX: usize = 48 << 20;
/// How many times larger the files may be than the package; wasm comes to four or five.
pub const RATIO_MAX: usize = 100;
pub const FILES_MAX: usize = 256;
/// Bytes of a file that is not the component.
pub const TEXT_BYTES_MAX: usize = 1 << 20;

/// The list of digests, and the signature over it.
const DIGESTS: &str = "digests.toml";
const SIGNATURE: &str = "digests.toml.minisig";
/// What else may be in a package: these files, and of these folders the files that end so.
const FILES: [&str; 5] = [COMPONENT, "README.md", "CHANGELOG.md", "LICENSE", "sbom.json"];
const FOLDERS: [(&str, &str); 3] = [("fixtures/", ".toml"), SCHEMA, LOCALES];

/// Files by their place in the package.
type Files = BTreeMap<String, Vec<u8>>;

/// The package of a folder with `plugin.toml`, without a signature yet. The component is read from the
/// folder, unless it is given.
///
/// # Errors
/// Every problem with the folder.
pub fn pack(folder: &Path, component: Option<Vec<u8>>) -> Result<Vec<u8>, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut files = Files::new();
    if let Some(component) = component {
        files.insert(COMPONENT.to_owned(), component);
    }
    for place in [&[MANIFEST][..], &FILES].concat() {
        take(folder, place, &mut files, &mut problems);
    }
    for (place, ending) in FOLDERS {
        let Ok(entries) = std::fs::read_dir(folder.join(place)) else { continue };
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        for name in names.filter(|name| name.ends_with(ending)) {
            take(folder, &format!("{place}{name}"), &mut files, &mut problems);
        }
    }
    let manifest = read_manifest(&files, &mut problems);
    check_files(&files, manifest.as_ref(), &mut problems);
    match manifest {
        Some(manifest) if problems.is_empty() => Ok(packed(&manifest, None, files)),
        _ => Err(problems),
    }
}

fn take(folder: &Path, place: &str, files: &mut Files, problems: &mut Vec<Problem>) {
    let path = folder.join(place);
    if files.contains_key(place) || !path.exists() {
        return;
    }
    // What the link points at may be another machine's.
    match std::fs::symlink_metadata(&path) {
        Ok(found) if found.is_file() => {}
        _ => {
            let message = format!("{place} is a link or a folder; put the file itself there.");
            return problems.push(Problem::new(place, "link", message));
        }
    }
    match std::fs::read(&path) {
        Ok(bytes) => drop(files.insert(place.to_owned(), bytes)),
        Err(error) => {
            let message = format!("{} cannot be read: {error}.", path.display());
            problems.push(Problem::new(place, "unreadable", message));
        }
    }
}

fn packed(manifest: &Manifest, key: Option<&SecretKey>, mut files: Files) -> Vec<u8> {
    let list = Digests::of(manifest, key.map(SecretKey::public), &files).to_string();
    if let Some(key) = key {
        let signature = key.sign(list.as_bytes(), &comment(manifest, &list));
        files.insert(SIGNATURE.to_owned(), signature.into_bytes());
    }
    files.insert(DIGESTS.to_owned(), list.into_bytes());
    archive::write(&files)
}

/// What the signature also covers: readable by whoever has the standard tool.
fn comment(manifest: &Manifest, list: &str) -> String {
    format!(
        "fondaco plugin {} {} sha256:{}",
        manifest.id,
        manifest.version,
        digest(list.as_bytes())
    )
}

/// The same package, signed with this key; a signature that it has is replaced.
///
/// # Errors
/// Every problem with the package but that it is not signed.
pub fn sign(package: &[u8], key: &SecretKey) -> Result<Vec<u8>, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut files = archive::read(package)?;
    files.remove(SIGNATURE);
    let list = read_list(&mut files, &mut problems);
    let manifest = read_manifest(&files, &mut problems);
    check_files(&files, manifest.as_ref(), &mut problems);
    if let Some(list) = &list {
        problems.extend(list.differences(&files));
    }
    match manifest {
        Some(manifest) if problems.is_empty() => Ok(packed(&manifest, Some(key), files)),
        _ => Err(problems),
    }
}

/// Reads a package and holds everything in it against its digests, and those against the signature.
///
/// # Errors
/// Everything that is wrong with it, each with its cure.
pub fn open(package: &[u8]) -> Result<Package, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut files = archive::read(package)?;
    let signature = files.remove(SIGNATURE);
    let text = files.get(DIGESTS).cloned().unwrap_or_default();
    let list = read_list(&mut files, &mut problems);
    let manifest = read_manifest(&files, &mut problems);
    check_files(&files, manifest.as_ref(), &mut problems);
    let mut key = None;
    if let Some(list) = &list {
        problems.extend(list.differences(&files));
        problems.extend(manifest.as_ref().and_then(|manifest| list.is_of_another(manifest)));
        match keys::verify(list.key.as_deref(), &text, signature.as_deref()) {
            Ok(signed) => {
                let manifest = manifest.as_ref();
                problems.extend(manifest.and_then(|own| signed.says_another(own, &text)));
                key = Some(signed.key);
            }
            Err(problem) => problems.push(problem),
        }
    }
    match (manifest, key) {
        (Some(manifest), Some(key)) if problems.is_empty() => Ok(Package {
            key,
            digest: digest(package),
            component_digest: digest(files.get(COMPONENT).map_or(&[], Vec::as_slice)),
            manifest,
            files,
        }),
        _ => Err(problems),
    }
}

fn read_list(files: &mut Files, problems: &mut Vec<Problem>) -> Option<Digests> {
    let Some(text) = files.remove(DIGESTS) else {
        let message = "It has no digests.toml: pack it with `fondaco plugin pack`.";
        problems.push(Problem::new(DIGESTS, "missing", message));
        return None;
    };
    Digests::read(&text).map_err(|problem| problems.push(problem)).ok()
}

/// The manifest, by itself: what it says of models is looked at where there are models.
fn read_manifest(files: &Files, problems: &mut Vec<Problem>) -> Option<Manifest> {
    let Some(bytes) = files.get(MANIFEST) else {
        let message =
            "It has no plugin.toml, so nobody knows what it is: write one and pack again.";
        problems.push(Problem::new(MANIFEST, "missing", message));
        return None;
    };
    let Ok(text) = std::str::from_utf8(bytes) else {
        let message = "plugin.toml is not UTF-8: save it as UTF-8 and pack again.";
        problems.push(Problem::new(MANIFEST, "unreadable", message));
        return None;
    };
    let source = Source::new(Origin::Company, MANIFEST, text);
    match manifest(&source, None) {
        Ok(manifest) => Some(manifest),
        Err(faults) => {
            let problem = |fault: &fondaco_schema::Fault| {
                Problem::new(MANIFEST, "manifest", format!("{fault}."))
            };
            problems.extend(faults.iter().map(problem));
            None
        }
    }
}

/// What must be there, and how large it may be.
fn check_files(files: &Files, manifest: Option<&Manifest>, problems: &mut Vec<Problem>) {
    let Some(component) = files.get(COMPONENT) else {
        let message = "It has no plugin.wasm: build the component, or name it with --component.";
        return problems.push(Problem::new(COMPONENT, "missing", message));
    };
    // Both begin so; what follows tells a component (a layer of 1) from a core module.
    let wrong = match component.get(..8) {
        Some([0, b'a', b's', b'm', _, _, 1, 0]) => None,
        Some([0, b'a', b's', b'm', ..]) => Some(
            "plugin.wasm is a core module and no component: build it for wasm32-wasip2, or make a \
             component of it with `wasm-tools component new`.",
        ),
        _ => Some(
            "plugin.wasm is not WebAssembly; what is compiled for one machine is never taken. Build \
             the component for wasm32-wasip2.",
        ),
    };
    problems.extend(wrong.map(|message| Problem::new(COMPONENT, "component", message)));
    if let Some(manifest) = manifest {
        let most = manifest.tier.component_bytes_max();
        if component.len() > most {
            let message = format!(
                "plugin.wasm has {} bytes, and a plugin of its tier at most {most}: build it for size \
                 (opt-level \"s\", lto, strip), or say `tier = \"script\"`.",
                component.len()
            );
            problems.push(Problem::new(COMPONENT, "too_large", message));
        }
    }
    for (place, bytes) in files {
        if place != COMPONENT && bytes.len() > TEXT_BYTES_MAX {
            let message = format!("{place} has {} bytes; at most {TEXT_BYTES_MAX}.", bytes.len());
            problems.push(Problem::new(place.as_str(), "too_large", message));
        }
    }
}

/// Why a place may not be in a package; `None` when it may.
fn misplaced(place: &str) -> Option<(&'static str, String)> {
    let word = |c: char| c.is_ascii_alphanumeric() || "._-/".contains(c);
    let steps = place.split('/').any(|step| step.is_empty() || step == "." || step == "..");
    if place.starts_with('/') || steps || !place.chars().all(word) {
        let message = format!("the place {place:?} leads out of the package, or could; pack again");
        return Some(("path", message));
    }
    let known = [MANIFEST, DIGESTS, SIGNATURE].contains(&place) || FILES.contains(&place);
    let in_folder = FOLDERS.iter().any(|(folder, ending)| {
        let name = place.strip_prefix(folder).and_then(|name| name.strip_suffix(ending));
        name.is_some_and(|name| !name.is_empty() && !name.contains('/'))
    });
    if known || in_folder {
        return None;
    }
    let message = format!(
        "{place} has no place in a package: it holds {MANIFEST}, {}, and of {} what ends so; nothing \
         that is compiled for a machine",
        FILES.join(", "),
        FOLDERS.map(|(folder, ending)| format!("{folder}*{ending}")).join(", ")
    );
    Some(("unknown_file", message))
}

#[cfg(test)]
mod tests;
