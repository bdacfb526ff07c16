//! `fondaco schema`: the JSON Schema of the TOML, for editors.

use anyhow::Result;

use crate::End;
use crate::progress::say;

/// Print the JSON Schema of models, roles and reports in TOML, so that editors complete them.
///
/// Example:
///   fondaco schema > fondaco.schema.json
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct SchemaOf {}

pub fn run(_: SchemaOf) -> Result<End> {
    say(&serde_json::to_string_pretty(&fondaco_schema::json_schema())?);
    Ok(End::Well)
}
