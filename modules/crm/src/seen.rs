//! Which documents of whatever module the caller may see, with their names: one statement a model.

use std::collections::HashMap;

use fondaco_kernel::permissions::{self, Right};
use fondaco_kernel::records::{self, Query, Select};
use fondaco_kernel::values::AnyId;
use fondaco_kernel::values::limits::PAGE_SIZE_MAX;
use fondaco_kernel::{DocRef, Result, Tx};

/// The names of those documents that the caller may see.
pub(crate) async fn titles(
    tx: &mut Tx,
    documents: impl IntoIterator<Item = &DocRef>,
) -> Result<HashMap<DocRef, String>> {
    let mut by_model: HashMap<&str, Vec<AnyId>> = HashMap::new();
    for document in documents {
        by_model.entry(&document.model).or_default().push(document.id);
    }
    let mut titles = HashMap::new();
    for (name, mut ids) in by_model {
        let schema = tx.schema().clone();
        let Some(model) = schema.model(name) else { continue };
        if model.is_line() || !permissions::may(tx.ctx(), model, Right::Read) {
            continue;
        }
        ids.sort_unstable();
        ids.dedup();
        let fields: Vec<String> = vec![model.title.clone()];
        for part in ids.chunks(PAGE_SIZE_MAX) {
            let list: Vec<String> = part.iter().map(ToString::to_string).collect();
            let query = Query {
                filter: Some(format!("id in [{}]", list.join(", "))),
                sort: vec!["id".to_owned()],
                limit: Some(PAGE_SIZE_MAX),
                show: Select { fields: fields.clone(), expand: Vec::new() },
                ..Query::default()
            };
            for rec in records::list(tx, name, &query).await?.rows {
                titles.insert(DocRef { model: name.to_owned(), id: rec.id }, rec.title());
            }
        }
    }
    Ok(titles)
}
