//! `fondaco plugin keygen | pack | sign | verify`: from a folder to a signed package, without a company.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use fondaco_kernel::plugins::Package;
use fondaco_plugin_host::package::{self, Keys, SecretKey};

use super::refused;
use crate::End;
use crate::progress::{note, say};

/// Make the pair of keys of a publisher: the secret one into a file, the public one beside it.
///
/// The password is read from standard input; an empty one leaves the key without. The public key goes
/// into the manifests (`publisher_key`) and to those who install; keep the secret one secret, for
/// whoever has it can publish in your name.
///
/// Example: fondaco plugin keygen acme.key
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Keygen {
    /// Where the secret key goes; the public one beside it, with `.pub`.
    file: PathBuf,
}

/// Pack a plugin's folder into one file; with a key, sign it too.
///
/// The same folder gives the same bytes, up to the signature. What goes in: plugin.toml, plugin.wasm, README.md,
/// CHANGELOG.md, LICENSE, sbom.json, fixtures/*.toml.
///
/// Example: fondaco plugin pack credit-guard --component target/credit_guard.wasm --key acme.key
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Pack {
    /// The folder with plugin.toml.
    #[arg(default_value = ".")]
    folder: PathBuf,
    /// The component, where it is not plugin.wasm in the folder.
    #[arg(long, value_name = "FILE")]
    component: Option<PathBuf>,
    /// The secret key to sign with; its password is read from standard input where it has one.
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Where the package goes; else `<id>-<version>.plugin` here.
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Sign a package, or sign it anew with another key.
///
/// Example: fondaco plugin sign acme.credit-guard-1.4.0.plugin --key acme.key
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Sign {
    package: PathBuf,
    /// The secret key; its password is read from standard input where it has one.
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
}

/// Hold a package against its digests and its signature, and say what it is.
///
/// Example: fondaco plugin verify acme.credit-guard-1.4.0.plugin --key RWQf6LRCGA9i53ml…
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Verify {
    package: PathBuf,
    /// The public key that it must be signed with.
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
}

pub(super) fn keygen(args: &Keygen) -> Result<End> {
    let beside = public_file(&args.file);
    for file in [&args.file, &beside] {
        if file.exists() {
            bail!("{} is there already; a key is not written over", file.display());
        }
    }
    note("Password (empty: none):");
    let keys = Keys::make(Some(read_line()?).filter(|password| !password.is_empty()));
    let keys = keys.map_err(anyhow::Error::msg)?;
    let mut options = std::fs::OpenOptions::new();
    let made = options.write(true).create_new(true).mode(0o600).open(&args.file);
    made.and_then(|mut file| file.write_all(keys.secret.as_bytes()))
        .with_context(|| format!("writing {}", args.file.display()))?;
    write(&beside, format!("{}\n", keys.public).as_bytes())?;
    say(&format!("secret key  {}", args.file.display()));
    say(&format!("public key  {}", keys.public));
    Ok(End::Well)
}

fn public_file(secret: &Path) -> PathBuf {
    let mut name = secret.as_os_str().to_owned();
    name.push(".pub");
    name.into()
}

pub(super) fn pack(args: &Pack) -> Result<End> {
    let component = args.component.as_deref().map(read).transpose()?;
    let unsigned = match package::pack(&args.folder, component) {
        Ok(packed) => packed,
        Err(problems) => return refused(&args.folder.display().to_string(), &problems),
    };
    let text = std::fs::read_to_string(args.folder.join("plugin.toml"))?;
    let out = args.out.clone().unwrap_or_else(|| named(&text));
    let packed = match &args.key {
        Some(key) => signed(&unsigned, key, &out)?,
        None => unsigned,
    };
    write(&out, &packed)?;
    say(&format!("{} {} bytes", out.display(), packed.len()));
    if args.key.is_none() {
        say("It is not signed yet: `fondaco plugin sign` does that.");
    }
    Ok(End::Well)
}

/// `<id>-<version>.plugin` of a manifest that was read before.
fn named(manifest: &str) -> PathBuf {
    let table: toml::Table = manifest.parse().unwrap_or_default();
    let word = |key: &str| table.get("plugin")?.get(key)?.as_str().map(str::to_owned);
    let (id, version) = (word("id").unwrap_or_default(), word("version").unwrap_or_default());
    format!("{id}-{version}.plugin").into()
}

pub(super) fn sign(args: &Sign) -> Result<End> {
    let package = signed(&read(&args.package)?, &args.key, &args.package)?;
    write(&args.package, &package)?;
    say(&format!("{} is signed", args.package.display()));
    Ok(End::Well)
}

fn signed(package: &[u8], key: &Path, name: &Path) -> Result<Vec<u8>> {
    let text = String::from_utf8(read(key)?).context("the secret key is no text")?;
    let key = SecretKey::read(&text, || {
        note("Password of the key:");
        read_line().map_err(|error| error.to_string())
    });
    let key = key.map_err(anyhow::Error::msg)?;
    match package::sign(package, &key) {
        Ok(signed) => Ok(signed),
        Err(problems) => refused(&name.display().to_string(), &problems),
    }
}

pub(super) fn verify(args: &Verify) -> Result<End> {
    let bytes = read(&args.package)?;
    let package = match package::open(&bytes) {
        Ok(package) => package,
        Err(problems) => return refused(&args.package.display().to_string(), &problems),
    };
    if let Some(key) = args.key.as_deref().filter(|key| key.trim() != package.key) {
        bail!("it is signed with {}, and not with {}", package.key, key.trim());
    }
    tell(&package);
    Ok(End::Well)
}

fn tell(package: &Package) {
    let manifest = &package.manifest;
    say(&format!("{} {} ({})", manifest.id, manifest.version, manifest.name));
    say(&format!("signed with  {}", package.key));
    say(&format!("digest       {}", package.digest));
    for (name, bytes) in &package.files {
        say(&format!("{:>12}  {name}", bytes.len()));
    }
}

pub(super) fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("reading {}", path.display()))
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    std::fs::write(path, bytes).with_context(|| format!("writing {}", path.display()))
}

fn read_line() -> Result<String> {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).context("reading the password")?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
