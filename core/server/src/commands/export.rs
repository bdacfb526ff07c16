//! `fondaco export`: records of one model as CSV.

use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use fondaco_kernel::records::{self, Query};
use fondaco_kernel::schema::{Field, Kind, Model};
use fondaco_kernel::values::limits;
use serde_json::Value as Json;

use super::{CompanyFolder, user};
use crate::End;
use crate::progress::note;

/// Export the records of a model as CSV.
///
/// Examples:
///   fondaco export party --company acme > parties.csv
///   fondaco export sales.order --filter "state == 'confirmed'" --out orders.csv --company acme
///
/// A cell that a spreadsheet would take for a formula is written with a ' before it.
#[derive(Debug, clap::Args)]
#[command(verbatim_doc_comment)]
pub struct Export {
    /// The model, such as party or sales.order.
    model: String,
    /// A condition, in the language of the API's filter.
    #[arg(long)]
    filter: Option<String>,
    /// Only these fields, separated by commas.
    #[arg(long, value_delimiter = ',')]
    fields: Vec<String>,
    /// The file to write; standard output by default.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    company: CompanyFolder,
}

pub async fn run(args: Export) -> Result<End> {
    let (kernel, ctx) = user::open(&args.company).await?;
    let schema = kernel.registry().schema.clone();
    let Some(model) = schema.model(&args.model) else {
        bail!("there is no model {:?}; such as party, product, sales.order", args.model);
    };
    let columns = columns(model, &args.fields)?;
    let sink: Box<dyn Write> = match &args.out {
        Some(path) => Box::new(
            std::fs::File::create(path).with_context(|| format!("writing {}", path.display()))?,
        ),
        None => Box::new(std::io::stdout()),
    };
    let mut writer = csv::Writer::from_writer(sink);
    writer.write_record(columns.iter().map(|field| field.name.as_str()))?;
    let mut query = Query {
        filter: args.filter,
        limit: Some(limits::PAGE_SIZE_MAX),
        sort: vec!["id".to_owned()],
        ..Query::default()
    };
    query.show.fields = columns.iter().map(|field| field.name.clone()).collect();
    let mut count = 0;
    loop {
        let (name, asked) = (args.model.clone(), query.clone());
        let page = kernel
            .read(&ctx, move |tx| {
                let (name, asked) = (name.clone(), asked.clone());
                Box::pin(async move { records::list(tx, &name, &asked).await })
            })
            .await?;
        for rec in &page.rows {
            let json = rec.to_json();
            writer.write_record(columns.iter().map(|field| cell(&json[field.name.as_str()])))?;
        }
        count += page.rows.len();
        match page.next {
            Some(next) => query.after = Some(next),
            None => break,
        }
    }
    writer.flush()?;
    note(&format!("{count} records"));
    Ok(End::Well)
}

/// The fields asked for, or all that fit into a cell.
fn columns<'m>(model: &'m Model, wanted: &[String]) -> Result<Vec<&'m Field>> {
    if wanted.is_empty() {
        let fits = |field: &&Field| !matches!(field.kind, Kind::Lines { .. });
        return Ok(model.fields.values().filter(fits).collect());
    }
    wanted
        .iter()
        .map(|name| model.field(name).with_context(|| format!("{} has no field {name}", model.name)))
        .collect()
}

fn cell(value: &Json) -> String {
    let text = match value {
        Json::Null => return String::new(),
        Json::String(text) => text.clone(),
        Json::Array(items) => {
            items.iter().map(cell).collect::<Vec<_>>().join(";")
        }
        other => other.to_string(),
    };
    let number = text.parse::<fondaco_values::Decimal>().is_ok();
    let risky = text.starts_with(['=', '+', '-', '@', '\t', '\r']) && !number;
    if risky { format!("'{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn no_cell_becomes_a_formula() {
        for (value, written) in [
            (json!("=1+1"), "'=1+1"),
            (json!("@cmd"), "'@cmd"),
            (json!("-12.50"), "-12.50"),
            (json!("+44 20"), "'+44 20"),
            (json!(["a", "b"]), "a;b"),
            (json!(null), ""),
        ] {
            assert_eq!(cell(&value), written);
        }
    }
}
