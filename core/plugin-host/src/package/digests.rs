//! The list of what is in a package: whose it is, who signs it, and the SHA-256 of every file. It is what
//! the signature is over; a file that is not on it is not in the package.

use std::collections::BTreeMap;
use std::fmt;

use fondaco_schema::plugin::Manifest;
use fondaco_values::Problem;
use serde::{Deserialize, Serialize};

use super::{DIGESTS, Files};
use crate::compile::digest;

/// The one form of the list that there is.
const FORM: u32 = 1;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Digests {
    package: u32,
    id: String,
    version: String,
    /// The public key of who signs; absent while nobody has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) key: Option<String>,
    files: BTreeMap<String, String>,
}

impl Digests {
    pub(super) fn of(manifest: &Manifest, key: Option<String>, files: &Files) -> Digests {
        let files = files.iter().map(|(name, bytes)| (name.clone(), digest(bytes))).collect();
        let (id, version) = (manifest.id.clone(), manifest.version.to_string());
        Digests { package: FORM, id, version, key, files }
    }

    pub(super) fn read(text: &[u8]) -> Result<Digests, Problem> {
        let wrong = |what: String| {
            let message = format!("digests.toml cannot be read: {what}; pack it again.");
            Problem::new(DIGESTS, "digests", message)
        };
        let text = std::str::from_utf8(text).map_err(|error| wrong(error.to_string()))?;
        let list: Digests = toml::from_str(text).map_err(|error| wrong(error.message().into()))?;
        if list.package != FORM {
            let message = format!(
                "The package is of form {}, and this program reads form {FORM}: take a newer program, \
                 or an older package.",
                list.package
            );
            return Err(Problem::new(DIGESTS, "form", message));
        }
        Ok(list)
    }

    /// Files that are not as the list says.
    pub(super) fn differences(&self, files: &Files) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (name, wanted) in &self.files {
            let (code, what) = match files.get(name) {
                None => ("missing", "is on the list of digests and not in the package"),
                Some(bytes) if digest(bytes) != *wanted => {
                    ("digest", "is not what was packed: its digest is another one")
                }
                Some(_) => continue,
            };
            let message = format!("{name} {what}; fetch the package again from its publisher.");
            problems.push(Problem::new(name.as_str(), code, message));
        }
        for name in files.keys().filter(|name| !self.files.contains_key(*name)) {
            let message = format!(
                "{name} is in the package and not on its list of digests: somebody has added it. Fetch \
                 the package again from its publisher."
            );
            problems.push(Problem::new(name.as_str(), "undeclared", message));
        }
        problems
    }

    /// Whether the list is that of another plugin or version.
    pub(super) fn is_of_another(&self, manifest: &Manifest) -> Option<Problem> {
        let own = (manifest.id.as_str(), manifest.version.to_string());
        if (self.id.as_str(), self.version.clone()) == own {
            return None;
        }
        let message = format!(
            "The list of digests is that of {} {}, and the manifest says {} {}: pack it again.",
            self.id, self.version, own.0, own.1
        );
        Some(Problem::new(DIGESTS, "digests", message))
    }
}

impl fmt::Display for Digests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Texts and a number: there is nothing in it that TOML cannot say.
        f.write_str(&toml::to_string(self).unwrap_or_default())
    }
}
