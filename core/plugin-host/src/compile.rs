//! From a component to machine code, in a child process with limits of its own, and the cache of what came
//! of it. The compiler reads what strangers wrote: it is the program itself, started once more with a
//! hidden command, which limits itself before it reads.
//! INVARIANT: what is loaded was written by this process, or by one of the same user, into a folder that
//! only he can write; its name says of which component and for which engine.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use fondaco_schema::plugin::Tier;
use rustix::process::{Resource, Rlimit, setrlimit};
use sha2::{Digest, Sha256};
use wasmtime::Engine;
use wasmtime::component::Component;

use crate::engine::{self, Metering};
use crate::load::Unfit;

/// Seconds of processor time that a compilation may take, and the memory.
const CPU_S_MAX: u64 = 120;
const MEMORY_BYTES_MAX: u64 = 4 << 30;

/// Who compiles.
#[derive(Clone, Debug)]
pub enum Compiler {
    /// This program, as a child: `<program> plugin-compile <tier> <metering>`.
    Child(PathBuf),
    /// This process. For tests and for the child itself.
    Here,
}

/// Where compiled plugins are kept.
#[derive(Clone, Debug)]
pub struct Cache {
    folder: PathBuf,
}

impl Cache {
    /// Makes the folder where it is not there; refuses one that others can write.
    ///
    /// # Errors
    /// `Unfit` with the cure.
    pub fn open(folder: &Path) -> Result<Cache, Unfit> {
        let failed = |what: std::io::Error| Unfit::new(format!("{}: {what}", folder.display()));
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
        let found = std::fs::metadata(folder).map_err(failed)?;
        let own = found.uid() == rustix::process::geteuid().as_raw();
        if !own || found.mode() & 0o022 != 0 {
            return Err(Unfit::new(format!(
                "{}: others can write here, and what is here is run; make it yours alone (chmod 700)",
                folder.display()
            )));
        }
        Ok(Cache { folder: folder.to_owned() })
    }

    fn path(&self, digest: &str, engine: &Engine) -> PathBuf {
        let mut hasher = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        self.folder.join(format!("{digest}-{:016x}.cwasm", hasher.finish()))
    }

    /// Held by who compiles; others who want the same wait for it, and then find it. Where the folder cannot be
    /// locked, both compile.
    fn turn(&self, path: &Path) -> Option<Turn> {
        let own = path.with_extension("turn");
        let file = std::fs::File::create(&own).ok()?;
        file.lock().ok()?;
        Some(Turn { file, own })
    }

    fn keep(&self, path: &Path, code: &[u8]) -> std::io::Result<()> {
        let beside = path.with_extension(format!("{}.part", std::process::id()));
        let mut options = std::fs::OpenOptions::new();
        let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
        file.write_all(code)?;
        file.sync_all()?;
        std::fs::rename(&beside, path)
    }
}

/// A locked file beside what is being made.
struct Turn {
    file: std::fs::File,
    own: PathBuf,
}

impl Drop for Turn {
    fn drop(&mut self) {
        // Who comes from here on finds what was made.
        let _ = std::fs::remove_file(&self.own);
        let _ = self.file.unlock();
    }
}

/// SHA-256 in hexadecimal digits.
pub(crate) fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The component as this engine runs it: from the cache, else compiled and kept.
pub(crate) fn load(
    engine: &Engine,
    bytes: &[u8],
    (tier, metering): (Tier, Metering),
    (compiler, cache): (&Compiler, &Cache),
) -> Result<Component, Unfit> {
    let path = cache.path(&digest(bytes), engine);
    if let Some(component) = kept(engine, &path) {
        return Ok(component);
    }
    let _turn = cache.turn(&path);
    if let Some(component) = kept(engine, &path) {
        return Ok(component);
    }
    let code = match compiler {
        Compiler::Here => compile(bytes, tier, metering)?,
        Compiler::Child(program) => compile_in_child(program, bytes, tier, metering)?,
    };
    if let Err(error) = cache.keep(&path, &code) {
        tracing::warn!(path = %path.display(), %error, "a compiled plugin could not be kept");
    }
    revive(engine, &code).map_err(|error| Unfit::new(format!("it does not load: {error:#}")))
}

/// What was made before, by whomever.
fn kept(engine: &Engine, path: &Path) -> Option<Component> {
    let code = std::fs::read(path).ok()?;
    let revived = revive(engine, &code);
    // Half of a file, or of another version: it is made anew.
    let wrong = |error: &wasmtime::Error| {
        tracing::warn!(path = %path.display(), %error, "compiled once more");
    };
    revived.inspect_err(wrong).ok()
}

#[expect(unsafe_code, reason = "machine code of our own compiler, see the invariant above")]
fn revive(engine: &Engine, code: &[u8]) -> wasmtime::Result<Component> {
    unsafe { Component::deserialize(engine, code) }
}

fn compile(bytes: &[u8], tier: Tier, metering: Metering) -> Result<Vec<u8>, Unfit> {
    let engine = engine::compiler(tier, metering).map_err(|e| Unfit::new(format!("{e:#}")))?;
    let compiled = engine.precompile_component(bytes);
    compiled.map_err(|error| Unfit::new(format!("it is no component that can be run: {error:#}")))
}

fn compile_in_child(
    program: &Path,
    bytes: &[u8],
    tier: Tier,
    metering: Metering,
) -> Result<Vec<u8>, Unfit> {
    let failed = |what: std::io::Error| Unfit::new(format!("the compiler did not start: {what}"));
    let mut child = Command::new(program)
        .args(["plugin-compile", word(tier), metering_word(metering)])
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    let input = child.stdin.take();
    let output = std::thread::scope(|scope| {
        // A child that ends early closes its end: that it did is told by its exit.
        scope.spawn(move || input.map(|mut input| input.write_all(bytes)));
        child.wait_with_output()
    });
    let output = output.map_err(failed)?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said = said.trim();
    Err(Unfit::new(match said.is_empty() {
        true => format!("the compiler gave it up ({}): it is too large or too slow", output.status),
        false => said.chars().take(2_000).collect(),
    }))
}

fn word(tier: Tier) -> &'static str {
    match tier {
        Tier::Pure => "pure",
        Tier::Script => "script",
    }
}

fn metering_word(metering: Metering) -> &'static str {
    match metering {
        Metering::Time => "time",
        Metering::Fuel => "fuel",
    }
}

/// What the child does: limits itself, reads a component, writes what it compiled. Its words are the
/// arguments behind `plugin-compile`.
///
/// # Errors
/// `Unfit` with what is wrong with the component.
pub fn run_as_compiler(words: &[String]) -> Result<(), Unfit> {
    let (tier, metering) = match words {
        [tier, metering] => (tier.as_str(), metering.as_str()),
        _ => return Err(Unfit::new("a tier and a metering are wanted")),
    };
    let tier = if tier == word(Tier::Script) { Tier::Script } else { Tier::Pure };
    let metering =
        if metering == metering_word(Metering::Fuel) { Metering::Fuel } else { Metering::Time };
    for (resource, most) in [
        (Resource::Cpu, CPU_S_MAX),
        (Resource::As, MEMORY_BYTES_MAX),
        (Resource::Core, 0),
        (Resource::Fsize, 0),
    ] {
        let limit = Rlimit { current: Some(most), maximum: Some(most) };
        setrlimit(resource, limit).map_err(|e| Unfit::new(format!("no limits: {e}")))?;
    }
    let mut bytes = Vec::new();
    let most = u64::try_from(tier.component_bytes_max()).unwrap_or(u64::MAX);
    let mut input = std::io::stdin().lock().take(most);
    input.read_to_end(&mut bytes).map_err(|e| Unfit::new(format!("nothing to compile: {e}")))?;
    let code = compile(&bytes, tier, metering)?;
    let mut output = std::io::stdout().lock();
    let written = output.write_all(&code).and_then(|()| output.flush());
    written.map_err(|e| Unfit::new(format!("nobody takes what was compiled: {e}")))
}
