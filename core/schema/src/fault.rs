//! Where a text of TOML comes from, and what is wrong in it. Faults are for the author of the TOML;
//! what a user of the running program can mend is a `Problem` of `fondaco-values`.

use std::fmt;

/// One TOML text with its origin; `path` is only for the messages.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Source {
    pub origin: Origin,
    pub path: String,
    pub text: String,
}

impl Source {
    pub fn new(origin: Origin, path: impl Into<String>, text: impl Into<String>) -> Source {
        Source { origin, path: path.into(), text: text.into() }
    }
}

/// Who declares something. Names of models follow from it: the kernel's have no dot, a module's and
/// a plugin's begin with its own name and a dot, a company's with any other word and a dot.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    Kernel,
    Module(String),
    Company,
    /// By its id.
    Plugin(String),
}

impl Origin {
    /// The word before the dot of this origin's models; the kernel and the company have none.
    pub fn prefix(&self) -> Option<String> {
        match self {
            Origin::Kernel | Origin::Company => None,
            Origin::Module(name) => Some(name.clone()),
            Origin::Plugin(id) => Some(crate::plugin::prefix(id)),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Kernel => f.write_str("kernel"),
            Origin::Module(name) => f.write_str(name),
            Origin::Company => f.write_str("company"),
            Origin::Plugin(name) => write!(f, "plugin {name}"),
        }
    }
}

/// One thing that is wrong in a TOML text; `line` and `column` count from 1, in characters.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Fault {
    pub path: String,
    pub line: u32,
    pub column: u32,
    pub message: String,
    pub help: Option<String>,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.path, self.line, self.column, self.message)?;
        match &self.help {
            Some(help) => write!(f, " ({help})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Fault {}
