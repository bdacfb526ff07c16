//! `fondaco schema`: the JSON Schema of the TOML, for editors.

use anyhow::Result;

use crate::End;
use crate::progress::say;
use crate::settings;

/// Print the JSON Schema of the TOML, so that editors complete it: of models, roles and reports, or
/// of the settings in fondaco.toml.
///
/// Examples:
///   fondaco schema > models.schema.json
///   fondaco schema --settings > fondaco.schema.json
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct SchemaOf {
    /// Of fondaco.toml.
    #[arg(long)]
    settings: bool,
}

pub fn run(args: SchemaOf) -> Result<End> {
    let schema = match args.settings {
        true => settings::json_schema(),
        false => fondaco_schema::json_schema(),
    };
    say(&serde_json::to_string_pretty(&schema)?);
    Ok(End::Well)
}
