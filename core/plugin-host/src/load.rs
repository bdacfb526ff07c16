//! A component held against its manifest, before any of it is run: its size, what it exports and what it
//! wants from outside. Not here: the manifest itself (`schema::load::manifest`), packages and signatures.

use std::collections::BTreeSet;
use std::fmt;

use fondaco_schema::plugin::{Manifest, Point};
use wasmtime::Engine;
use wasmtime::component::Component;

/// Why a plugin cannot be run, with the cure.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Unfit(Vec<String>);

impl Unfit {
    pub(crate) fn new(message: impl Into<String>) -> Unfit {
        Unfit(vec![message.into()])
    }

    /// Every reason by itself.
    pub fn reasons(&self) -> &[String] {
        &self.0
    }
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("; "))
    }
}

const PACKAGE: &str = "fondaco:plugin/";
/// What the standard libraries of languages bring along: a plugin that calls any of it ends there.
const TRAPPED: &str = "wasi:";

/// Refuses what is not even to be compiled.
pub(crate) fn size(manifest: &Manifest, bytes: &[u8]) -> Result<(), Unfit> {
    let most = manifest.tier.component_bytes_max();
    if bytes.len() <= most {
        return Ok(());
    }
    Err(Unfit::new(format!(
        "the component has {} bytes, and a plugin of its tier at most {most}: build it for size \
         (opt-level \"s\", lto, strip), or say `tier = \"script\"`",
        bytes.len()
    )))
}

/// Everything in which component and manifest do not agree.
pub(crate) fn fits(
    engine: &Engine,
    manifest: &Manifest,
    component: &Component,
) -> Result<(), Unfit> {
    let mut wrong = Vec::new();
    let ty = component.component_type();
    let exports: BTreeSet<String> = ty.exports(engine).map(|(name, _)| name.to_owned()).collect();
    let imports: BTreeSet<String> = ty.imports(engine).map(|(name, _)| name.to_owned()).collect();
    for point in Point::ALL {
        let asked = manifest.at(point).next().is_some();
        let Some(interface) = point.interface(&manifest.api) else { continue };
        if asked && !exports.contains(&own_name(interface, &manifest.api)) {
            wrong.push(not_exported(point, interface, manifest, &exports));
        }
    }
    for import in &imports {
        let known = import.strip_prefix(PACKAGE).and_then(|own| own.split_once('@'));
        match known {
            Some((name, version)) if !version.starts_with(&manifest.api) => wrong.push(format!(
                "it imports {PACKAGE}{name}@{version}, and its manifest says api = \"{}\": build it \
                 with the SDK of that version, or change the manifest",
                manifest.api
            )),
            Some((name, _)) if !crate::imports::known(name, &manifest.api) => {
                wrong.push(format!("it imports {import}, which the contract does not have"));
            }
            Some(_) => {}
            None if import.starts_with(TRAPPED) => {}
            None => wrong.push(format!(
                "it imports {import}, and a plugin reaches nothing but {PACKAGE}…: take it out"
            )),
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(Unfit(wrong)) }
}

fn own_name(interface: &str, api: &str) -> String {
    format!("{PACKAGE}{interface}@{api}.0")
}

fn not_exported(
    point: Point,
    interface: &str,
    manifest: &Manifest,
    exports: &BTreeSet<String>,
) -> String {
    let prefix = format!("{PACKAGE}{interface}@");
    let other = exports.iter().find_map(|name| name.strip_prefix(&prefix));
    let (point, api) = (point.name(), &manifest.api);
    match other {
        Some(version) => format!(
            "its manifest says api = \"{api}\", and the component is built for {version}: change one \
             of the two"
        ),
        None => format!(
            "its manifest has a hook on `{point}`, and the component does not export {}: write it, \
             or take the hook out",
            own_name(interface, api)
        ),
    }
}
