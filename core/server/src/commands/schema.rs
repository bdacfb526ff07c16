//! `fondaco schema`: the JSON Schema of the TOML, for editors; the keys of all texts, for translators.

use anyhow::Result;
use fondaco_kernel::texts::keys;
use fondaco_kernel::{Database, Kernel, Setup};

use crate::progress::say;
use crate::settings;
use crate::{End, modules};

/// Print the JSON Schema of the TOML, so that editors complete it: of models, roles and reports, or
/// of the settings in fondaco.toml.
///
/// Examples:
///   fondaco schema > models.schema.json
///   fondaco schema --settings > fondaco.schema.json
///   fondaco schema --texts sales      every text of the module's TOML, as its locale files have them
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct SchemaOf {
    /// Of fondaco.toml.
    #[arg(long)]
    settings: bool,
    /// The texts of the kernel or of a module, with their English.
    #[arg(long, value_name = "MODULE", conflicts_with = "settings")]
    texts: Option<String>,
}

pub fn run(args: SchemaOf) -> Result<End> {
    if let Some(of) = args.texts {
        return texts(&of);
    }
    let schema = match args.settings {
        true => settings::json_schema(),
        false => fondaco_schema::json_schema(),
    };
    say(&serde_json::to_string_pretty(&schema)?);
    Ok(End::Well)
}

/// In the form of a locale file, ready to be translated.
fn texts(of: &str) -> Result<End> {
    let schema = Kernel::check(&Setup::new(Database::Memory, modules::all()))?;
    let mut wanted: Vec<_> =
        keys::of_schema(&schema).into_iter().filter(|wanted| wanted.of == of).collect();
    // What belongs to a text stands under it.
    wanted.sort_by_cached_key(|one| match one.key.split_once('.') {
        Some((text, attribute)) => (text.to_owned(), attribute.to_owned()),
        None => (one.key.clone(), String::new()),
    });
    for wanted in wanted {
        let english = plain(&wanted.english);
        match wanted.key.split_once('.') {
            Some((_, attribute)) => say(&format!("    .{attribute} = {english}")),
            None => say(&format!("{} = {english}", wanted.key)),
        }
    }
    Ok(End::Well)
}

/// Braces mean something in a locale file.
fn plain(text: &str) -> String {
    let quoted = |letter| match letter {
        '{' => "{ \"{\" }".to_owned(),
        '}' => "{ \"}\" }".to_owned(),
        other => String::from(other),
    };
    text.chars().map(quoted).collect()
}
