//! What a printed document shows: the record as its caller may see it, what its template follows
//! links to, and the company's own data. What one may not see is not there, so it is not printed.
//! Not here: templates (`fondaco_schema::template`), the sheet (`fondaco-documents`).

use fondaco_schema::template::{Template, When};
use fondaco_schema::{Kind, Schema};
use fondaco_values::AnyId;

use crate::error::{Error, Result};
use crate::record::Rec;
use crate::records::{self, Select};
use crate::shared::Attachment;
use crate::{Tx, files, permissions, store};

/// Everything for one document.
#[derive(Clone, Debug)]
pub struct Paper {
    pub template: Template,
    pub rec: Rec,
    pub company: Rec,
    pub logo: Option<Vec<u8>>,
}

impl Paper {
    /// Whether it is only a draft of what it will be.
    pub fn is_draft(&self) -> bool {
        !self.template.draft.is_empty() && applies(&self.template.draft, &self.rec)
    }
}

/// The documents that there are of a record.
pub fn of_record<'s>(schema: &'s Schema, rec: &Rec) -> Vec<&'s Template> {
    let of_model = schema.documents.values().filter(|own| own.of == rec.model.name);
    of_model.filter(|own| applies(&own.when, rec)).collect()
}

/// Whether each of the fields has one of its values.
fn applies(when: &When, rec: &Rec) -> bool {
    when.iter().all(|(field, values)| {
        let at = rec.model.field_index(field);
        let value = at.and_then(|at| rec.values[at].as_text());
        value.is_some_and(|value| values.iter().any(|own| own == value))
    })
}

/// Reads what a document shows of a record.
///
/// # Errors
/// `NotFound` for a record that the caller does not see, and for a document that there is not of it.
pub async fn read(tx: &mut Tx, model: &str, id: AnyId, name: &str) -> Result<Paper> {
    let schema = tx.schema().clone();
    let template = schema.documents.get(name).filter(|own| own.of == model).cloned();
    let template = template.ok_or_else(|| Error::not_found("document", name))?;
    let select = Select { fields: Vec::new(), expand: wanted(tx, &schema, &template) };
    let rec = records::get(tx, model, id, &select).await?;
    if !applies(&template.when, &rec) {
        return Err(Error::not_found("document", name));
    }
    let company = tx.ctx().company();
    let company = records::get(tx, "company", company.cast(), &Select::default()).await?;
    let logo = logo(tx, &company).await?;
    Ok(Paper { template, rec, company, logo })
}

/// The company's logo, for whoever sees the company.
async fn logo(tx: &mut Tx, company: &Rec) -> Result<Option<Vec<u8>>> {
    let Some(id) = company.link::<Attachment>("logo") else { return Ok(None) };
    let logo = store::get::<Attachment>(tx, id).await?;
    match logo.hash {
        Some(hash) => files::content(tx, &hash).await.map(Some),
        None => Ok(None),
    }
}

/// Links and lines to be read with the record.
fn wanted(tx: &Tx, schema: &Schema, template: &Template) -> Vec<String> {
    let mut wanted = Vec::new();
    let own = template.paths().into_iter().filter(|path| !path.starts_with("company."));
    own.for_each(|path| follow(tx, schema, &template.of, path, "", &mut wanted));
    if let Some(address) = &template.address {
        let addresses = format!("{}.addresses.kind", address.party);
        follow(tx, schema, &template.of, &addresses, "", &mut wanted);
    }
    for table in template.tables() {
        for path in table.paths() {
            let path = format!("{}.{path}", table.lines);
            follow(tx, schema, &template.of, &path, "", &mut wanted);
        }
    }
    wanted.sort();
    wanted.dedup();
    wanted
}

/// Names each link and each field of lines on a path, as far as the caller may read it.
fn follow(
    tx: &Tx,
    schema: &Schema,
    model: &str,
    path: &str,
    before: &str,
    wanted: &mut Vec<String>,
) {
    let (name, rest) = path.split_once('.').unwrap_or((path, ""));
    let Some((_, field)) = schema.field(model, name) else { return };
    let to = match &field.kind {
        Kind::Link { to } => to,
        Kind::Lines { of, .. } => of,
        _ => return,
    };
    // The record's own links and those of its lines come with their names.
    let named = rest.is_empty() && !before.contains('.');
    if named || !permissions::may_read_field(tx.ctx(), schema, field) {
        return;
    }
    let here = if before.is_empty() { name.to_owned() } else { format!("{before}.{name}") };
    wanted.push(here.clone());
    if !rest.is_empty() {
        follow(tx, schema, to, rest, &here, wanted);
    }
}
