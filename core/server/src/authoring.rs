//! What authors of plugins have in the program: SDKs, templates, builds, trials, the reference.
//! Read on: `sdk` (what the program carries), `template`, `build` (one function a language), `trial`;
//! `house` are plugins that the program carries itself, for the demo.

pub mod build;
pub mod house;
pub mod reference;
pub mod sdk;
pub mod template;
pub mod trial;

use std::path::{Path, PathBuf};

pub use trial::Tried;

/// The folder of a plugin, and what it is built with.
#[derive(Clone, Debug, clap::Args)]
pub struct Place {
    /// The folder with plugin.toml.
    #[arg(default_value = ".")]
    pub folder: PathBuf,
    /// A company folder, for the models and fields of its own.
    #[arg(long = "company", short = 'C', value_name = "FOLDER")]
    pub company: Option<PathBuf>,
    /// A component that is there already, instead of building one.
    #[arg(long, value_name = "FILE")]
    pub component: Option<PathBuf>,
    /// Where the tools of npm and pip are kept; else in the user's cache.
    #[arg(long, value_name = "FOLDER")]
    pub tools: Option<PathBuf>,
}

impl Place {
    pub fn tools(&self) -> PathBuf {
        self.tools.clone().unwrap_or_else(|| crate::config::cache().join("tools"))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Language {
    Rust,
    /// JavaScript, or TypeScript where the source ends in .ts.
    Js,
    Python,
}

impl Language {
    /// By the file that its tools want.
    pub fn of(folder: &Path) -> Option<Language> {
        let has = |name: &str| folder.join(name).is_file();
        match () {
            () if has("Cargo.toml") => Some(Language::Rust),
            () if has("package.json") => Some(Language::Js),
            () if has("pyproject.toml") => Some(Language::Python),
            () => None,
        }
    }
}
