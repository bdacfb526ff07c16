//! `fondaco export`: records of one model as CSV.

use std::collections::HashMap;
use std::io::{ErrorKind, Write};
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use fondaco_kernel::records::{self, Page, Query};
use fondaco_kernel::schema::{Field, Kind, Model, Schema, nearest};
use fondaco_kernel::values::{AnyId, limits};
use fondaco_kernel::{Tx, keys};
use serde_json::Value as Json;

use super::{CompanyFolder, user};
use crate::End;
use crate::desk::Desk;
use crate::import::format::guarded;
use crate::progress::note;

/// Export the records of a model as CSV.
///
/// Examples:
///   fondaco export party --company acme > parties.csv
///   fondaco export sales.order --filter "state == 'confirmed'" --out orders.csv --company acme
///   fondaco export sales.order --fields number,customer.name,ordered_on,total --company acme
///   fondaco export sales.order_line --fields order,product.code,quantity,amount --company acme
///
/// A link is written as the id of the other record; customer.name writes a field of it. _key writes
/// the key under which an import knows the record. A cell that a spreadsheet would take for a
/// formula is written with a ' before it, which an import takes off again.
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
    let sink: Box<dyn Write> = match &args.out {
        Some(path) => Box::new(
            std::fs::File::create(path).with_context(|| format!("writing {}", path.display()))?,
        ),
        None => Box::new(std::io::stdout()),
    };
    let wanted = Wanted { model: args.model, filter: args.filter, fields: args.fields };
    match write(&Desk::new(kernel, ctx), &wanted, sink).await {
        Ok(count) => note(&format!("{count} records")),
        // Whoever reads has read enough.
        Err(error) if is_broken_pipe(&error) => {}
        Err(error) => return Err(error),
    }
    Ok(End::Well)
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let io = match error.downcast_ref::<csv::Error>().map(csv::Error::kind) {
        Some(csv::ErrorKind::Io(error)) => Some(error),
        _ => error.downcast_ref::<std::io::Error>(),
    };
    io.is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}

/// What is to be written.
pub struct Wanted {
    pub model: String,
    pub filter: Option<String>,
    /// Empty: all that fit into a cell.
    pub fields: Vec<String>,
}

/// Writes the records that this user may see, the oldest first; answers how many.
///
/// # Errors
/// Names a model or a field that does not exist; a problem with the filter; when the sink fails.
pub async fn write(desk: &Desk, wanted: &Wanted, sink: impl Write) -> Result<usize> {
    let schema = desk.kernel.registry().schema.clone();
    let Some(model) = schema.model(&wanted.model) else {
        let known = schema.models.keys().map(String::as_str);
        bail!("there is no model {:?}{}", wanted.model, meant(&wanted.model, known));
    };
    let columns = columns(&schema, model, &wanted.fields)?;
    let mut writer = csv::Writer::from_writer(sink);
    writer.write_record(columns.iter().map(|column| column.name.as_str()))?;
    let mut query = Query {
        filter: wanted.filter.clone(),
        limit: Some(limits::PAGE_SIZE_MAX),
        sort: vec!["id".to_owned()],
        ..Query::default()
    };
    query.show.fields = columns.iter().filter_map(|column| column.of.field()).collect();
    query.show.expand = columns.iter().filter_map(|column| column.of.link()).collect();
    let with_keys = columns.iter().any(|column| matches!(column.of, Of::Key));
    let mut count = 0;
    loop {
        let (page, keys) = page(desk, &wanted.model, &query, with_keys).await?;
        for rec in &page.rows {
            let (json, key) = (rec.to_json(), keys.get(&rec.id).map_or("", String::as_str));
            writer
                .write_record(columns.iter().map(|column| guarded(column.of.text(&json, key))))?;
        }
        count += page.rows.len();
        match page.next {
            Some(next) => query.after = Some(next),
            None => break,
        }
    }
    writer.flush()?;
    Ok(count)
}

type Keys = HashMap<AnyId, String>;

async fn page(
    desk: &Desk,
    model: &str,
    query: &Query,
    with_keys: bool,
) -> fondaco_kernel::Result<(Page, Keys)> {
    let (model, query) = (model.to_owned(), query.clone());
    let read = desk.kernel.read(&desk.ctx, move |tx: &mut Tx| {
        let (model, query) = (model.clone(), query.clone());
        Box::pin(async move {
            let page = records::list(tx, &model, &query).await?;
            let ids: Vec<AnyId> = page.rows.iter().map(|rec| rec.id).collect();
            let keys = if with_keys { keys::of(tx, &model, &ids).await? } else { HashMap::new() };
            Ok((page, keys))
        })
    });
    read.await
}

struct Column {
    name: String,
    of: Of,
}

/// What a column shows.
enum Of {
    Key,
    Field(String),
    /// A field of a linked record.
    Linked(String, String),
}

impl Of {
    fn field(&self) -> Option<String> {
        match self {
            Of::Key => None,
            Of::Field(field) | Of::Linked(field, _) => Some(field.clone()),
        }
    }

    fn link(&self) -> Option<String> {
        match self {
            Of::Linked(link, _) => Some(link.clone()),
            _ => None,
        }
    }

    fn text(&self, record: &Json, key: &str) -> String {
        match self {
            Of::Key => key.to_owned(),
            Of::Field(field) => text(&record[field.as_str()]),
            Of::Linked(link, field) => text(&record["_expanded"][link.as_str()][0][field.as_str()]),
        }
    }
}

/// The fields asked for, or all that fit into a cell.
fn columns(schema: &Schema, model: &Model, wanted: &[String]) -> Result<Vec<Column>> {
    let plain = |field: &Field| !matches!(field.kind, Kind::Lines { .. });
    if wanted.is_empty() {
        let fields = model.fields.values().filter(|field| plain(field));
        let column =
            |field: &Field| Column { name: field.name.clone(), of: Of::Field(field.name.clone()) };
        return Ok(fields.map(column).collect());
    }
    let mut columns = Vec::with_capacity(wanted.len());
    for name in wanted.iter().map(|name| name.trim()) {
        let of = match name.split_once('.') {
            _ if name == "_key" => Of::Key,
            None => Of::Field(field(model, name)?.name.clone()),
            Some((link, of)) => {
                let Kind::Link { to } = &field(model, link)?.kind else {
                    bail!("{link} of {} leads to no other record", model.name);
                };
                let to = schema.model(to).with_context(|| format!("there is no model {to}"))?;
                Of::Linked(link.to_owned(), field(to, of)?.name.clone())
            }
        };
        columns.push(Column { name: name.to_owned(), of });
    }
    Ok(columns)
}

fn field<'m>(model: &'m Model, name: &str) -> Result<&'m Field> {
    match model.field(name) {
        None => {
            let known = model.fields.keys().map(String::as_str);
            bail!("{} has no field {name:?}{}", model.name, meant(name, known));
        }
        Some(Field { kind: Kind::Lines { of, .. }, .. }) => {
            bail!("{name} of {} are lines: export {of}, each names its document", model.name);
        }
        Some(field) => Ok(field),
    }
}

fn meant<'k>(word: &str, known: impl Iterator<Item = &'k str>) -> String {
    nearest(word, known).map_or_else(String::new, |near| format!("; did you mean {near:?}?"))
}

fn text(value: &Json) -> String {
    match value {
        Json::Null => String::new(),
        Json::String(text) => text.clone(),
        Json::Array(items) => items.iter().map(text).collect::<Vec<_>>().join(";"),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_in_a_cell() {
        for (value, written) in [
            (json!("12.50"), "12.50"),
            (json!(["a", "b"]), "a;b"),
            (json!(true), "true"),
            (json!({ "a": 1 }), "{\"a\":1}"),
            (json!(null), ""),
        ] {
            assert_eq!(text(&value), written);
        }
    }
}
