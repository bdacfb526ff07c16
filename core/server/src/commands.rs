//! The commands, a file each.

pub mod apply;
pub mod backup;
pub mod check;
pub mod config;
mod copy;
pub mod demo;
pub mod doctor;
pub mod export;
pub mod import;
pub mod init;
pub mod ledger;
pub mod module;
pub mod plan;
pub mod plugin;
pub mod plugin_compile;
pub mod rehearse;
pub mod moving;
pub mod reload;
pub mod restore;
pub mod schema;
pub mod serve;
pub mod user;

use std::path::PathBuf;

/// Which company a command is for.
#[derive(Debug, clap::Args)]
pub struct CompanyFolder {
    /// The company folder, with its fondaco.toml.
    #[arg(long = "company", short = 'C', value_name = "FOLDER", default_value = ".")]
    pub folder: PathBuf,
}
