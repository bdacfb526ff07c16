//! Plugins for tests: those of the house, built from source with cargo; small ones written as text; and a
//! host that compiles them in a child process, as the server does.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};

use fondaco_kernel::Setup;
use fondaco_kernel::plugins::Installed;
use fondaco_kernel::schema::plugin::{Grants, Manifest};
use fondaco_kernel::schema::{Origin, Schema, Source, manifest};
use fondaco_plugin_host::package::{self, Keys, SecretKey};
use fondaco_plugin_host::{Compiler, Host, Metering, Options};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use crate::scratch::Scratch;

/// Where Rust guests are compiled for.
const TARGET: &str = "wasm32-wasip2";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."))
}

/// The folder of this build.
pub fn build() -> PathBuf {
    let own = std::env::current_exe().unwrap_or_default();
    own.ancestors().nth(2).unwrap_or(Path::new(".")).to_owned()
}

/// A host with the time taken by the clock.
pub fn host() -> Arc<Host> {
    host_metered(Metering::Time)
}

/// Where what is compiled is kept, beside the build; and who compiles: the program itself.
pub fn compiled() -> (PathBuf, Compiler) {
    (build().join("plugins-of-tests"), Compiler::Child(build().join("fondaco")))
}

/// The same host with another way of taking the time.
pub fn host_metered(metering: Metering) -> Arc<Host> {
    let (cache, compiler) = compiled();
    let options = Options { cache, compiler, metering };
    Arc::new(Host::new(options))
}

/// A plugin of the house: its component and the text of its manifest. `None`, after a loud line, where the
/// target cannot be added.
pub fn of_house(name: &str) -> Option<(Vec<u8>, String)> {
    built(name, &root().join("plugins").join(name))
}

/// The same of one that only tests need.
pub fn of_tests(name: &str) -> Option<(Vec<u8>, String)> {
    built(name, &root().join("tests/guests").join(name))
}

/// A component and the text of its manifest.
type Built = Option<(Vec<u8>, String)>;

/// Built once, by the first test that wants it.
fn built(name: &str, folder: &Path) -> Built {
    static KNOWN: Mutex<BTreeMap<String, Built>> = Mutex::new(BTreeMap::new());
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    known.entry(name.to_owned()).or_insert_with(|| made(name, folder)).clone()
}

#[expect(clippy::print_stderr, reason = "a test that tests nothing must be seen")]
fn made(name: &str, folder: &Path) -> Built {
    if !has_target() {
        eprintln!("SKIPPED: {name} is not built, since {TARGET} cannot be added to this toolchain");
        return None;
    }
    let target = build().join("guests");
    let built = Command::new(env!("CARGO"))
        .args(["build", "--release", "--quiet", "--target", TARGET, "--package"])
        .arg(format!("fondaco-{name}"))
        .arg("--manifest-path")
        .arg(root().join("plugins/Cargo.toml"))
        .env("CARGO_TARGET_DIR", &target)
        .output();
    let built = built.unwrap_or_else(|e| unreachable!("cargo: {e}"));
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let file = format!("fondaco_{}.wasm", name.replace('-', "_"));
    let component = read(&target.join(TARGET).join("release").join(file));
    let text = read(&folder.join("plugin.toml"));
    Some((component, String::from_utf8(text).unwrap_or_default()))
}

fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_else(|e| unreachable!("{}: {e}", path.display()))
}

fn has_target() -> bool {
    let rustup = |args: &[&str]| Command::new("rustup").args(args).current_dir(root()).output();
    let there = rustup(&["target", "list", "--installed"])
        .is_ok_and(|out| String::from_utf8_lossy(&out.stdout).lines().any(|line| line == TARGET));
    there || rustup(&["target", "add", TARGET]).is_ok_and(|out| out.status.success())
}

/// A component out of a core module in text, in a world of a version of the contract.
///
/// # Errors
/// Why it is none.
pub fn component(api: &str, world: &str, module: &str) -> Result<Vec<u8>, String> {
    let mut module = wat::parse_str(module).map_err(|e| e.to_string())?;
    let (resolve, world) = resolved(api, world);
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8, false)
        .map_err(|e| format!("{e:#}"))?;
    encoded(&module)
}

fn encoded(module: &[u8]) -> Result<Vec<u8>, String> {
    let mut encoder = ComponentEncoder::default();
    let encoder = encoder.module(module).map_err(|e| format!("{e:#}"))?;
    encoder.validate(true).encode().map_err(|e| format!("{e:#}"))
}

fn resolved(api: &str, world: &str) -> (Resolve, wit_parser::WorldId) {
    let mut resolve = Resolve::default();
    let folder = root().join("sdk/wit").join(api);
    let (package, _) = resolve.push_path(folder).unwrap_or_else(|e| unreachable!("{e:#}"));
    let world = resolve.select_world(&[package], Some(world));
    let world = world.unwrap_or_else(|e| unreachable!("{e:#}"));
    (resolve, world)
}

/// A manifest, checked against a schema where there is one.
pub fn read_manifest(text: &str, schema: Option<&Schema>) -> Manifest {
    let source = Source::new(Origin::Company, "plugin.toml", text);
    manifest(&source, schema).unwrap_or_else(|faults| {
        let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
        unreachable!("{}", faults.join("\n"))
    })
}

/// The key of a publisher.
pub fn key() -> SecretKey {
    let keys = Keys::make(None).unwrap_or_else(|e| unreachable!("{e}"));
    SecretKey::read(&keys.secret, || Err("it has no password".to_owned()))
        .unwrap_or_else(|e| unreachable!("{e}"))
}

/// A signed package of a manifest and a component.
pub fn packed(manifest: &str, component: &[u8], key: &SecretKey) -> Vec<u8> {
    packed_with(manifest, &[], component, key)
}

/// The same with more files of the package: `(place, text)`.
pub fn packed_with(
    manifest: &str,
    files: &[(&str, &str)],
    component: &[u8],
    key: &SecretKey,
) -> Vec<u8> {
    let folder = Scratch::new("packed");
    for (place, text) in [("plugin.toml", manifest)].iter().chain(files) {
        let path = folder.path().join(place);
        let below = path.parent().map(std::fs::create_dir_all).transpose();
        let written = below.and_then(|_| std::fs::write(&path, text));
        written.unwrap_or_else(|e| unreachable!("{}: {e}", path.display()));
    }
    signed(folder.path(), component, key)
}

/// A signed package of a plugin of the house, with all that it brings; `None` as [`of_house`].
pub fn package_of_house(name: &str, key: &SecretKey) -> Option<Vec<u8>> {
    let (component, _) = of_house(name)?;
    Some(signed(&root().join("plugins").join(name), &component, key))
}

/// A signed package of a folder and a component.
pub fn signed(folder: &Path, component: &[u8], key: &SecretKey) -> Vec<u8> {
    package::pack(folder, Some(component.to_vec()))
        .and_then(|package| package::sign(&package, key))
        .unwrap_or_else(|problems| unreachable!("{problems:?}"))
}

/// Installs with all that the manifest asks for, changed by the test.
///
/// # Panics
/// When it does not fit.
pub fn install(
    host: &Host,
    manifest: Manifest,
    component: &[u8],
    change: impl FnOnce(&mut Grants),
) -> Arc<Installed> {
    let mut grants = Grants::all_of(&manifest);
    change(&mut grants);
    host.install(manifest, grants, component).unwrap_or_else(|e| unreachable!("{e}"))
}

/// The same set-up with plugins.
pub fn with(mut setup: Setup, host: &Arc<Host>) -> Setup {
    setup.plugins = host.clone();
    setup
}
