//! What is in a package of a plugin, once it was read and everything in it was found to be as it says.
//! Not here: the file itself, its digests and its signature (`plugin-host::package`).

use std::collections::BTreeMap;

use fondaco_schema::plugin::Manifest;
use sha2::{Digest, Sha256};

/// The place of the manifest in a package.
pub const MANIFEST: &str = "plugin.toml";
/// The place of the component.
pub const COMPONENT: &str = "plugin.wasm";

/// A package whose digests and signature hold.
#[derive(Clone, Debug)]
pub struct Package {
    pub manifest: Manifest,
    /// The public key that it is signed with, one line of text.
    pub key: String,
    /// SHA-256 of the whole file.
    pub digest: String,
    /// SHA-256 of its component.
    pub component_digest: String,
    /// By place, without the digests and the signature.
    pub files: BTreeMap<String, Vec<u8>>,
}

impl Package {
    pub fn component(&self) -> &[u8] {
        self.files.get(COMPONENT).map_or(&[], Vec::as_slice)
    }

    /// A file of text; empty where it is none or not there.
    pub fn text(&self, place: &str) -> &str {
        self.files.get(place).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default()
    }

    /// Who publishes it: the word before the dot of its id.
    pub fn publisher(&self) -> &str {
        publisher(&self.manifest.id)
    }
}

/// SHA-256 of a package or of an answer, in hexadecimal digits.
pub fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The word before the dot of an id.
pub fn publisher(id: &str) -> &str {
    id.split_once('.').map_or(id, |(publisher, _)| publisher)
}
