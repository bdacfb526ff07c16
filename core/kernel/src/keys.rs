//! Keys from outside: under which name a data file, an import or another system knows a record.
//! A record found by its key is changed, one not found is made; so every repeat is harmless.

use std::collections::HashMap;

use fondaco_values::AnyId;

use crate::db::{Cell, Sql};
use crate::error::Result;
use crate::tx::Tx;

/// The records of a model that are known under these keys. Keys of records that belong to a company
/// are the company's own.
pub async fn find(tx: &mut Tx, model: &str, keys: &[String]) -> Result<HashMap<String, AnyId>> {
    let company = scope(tx, model);
    let (open, close) = tx.dialect().in_array();
    let sql = Sql::new()
        .lit("select key, record from external_key where model = ")
        .arg(model)
        .lit(" and company = ")
        .arg(company)
        .lit(" and key")
        .lit(open)
        .arg(Cell::Texts(keys.to_vec()))
        .lit(close);
    let rows = tx.rows(sql).await?;
    Ok(rows.iter().map(|row| (row.str(0).to_owned(), row.id(1))).collect())
}

/// Remembers new records under their keys.
pub async fn put(tx: &mut Tx, model: &str, new: &[(String, AnyId)]) -> Result<()> {
    let company = scope(tx, model);
    let rows: Vec<Vec<Cell>> = new
        .iter()
        .map(|(key, id)| vec![model.into(), company.into(), key.into(), (*id).into()])
        .collect();
    tx.insert_rows("external_key", &["model", "company", "key", "record"], &rows).await
}

/// The key of each of these records, where it has one.
pub async fn of(tx: &mut Tx, model: &str, ids: &[AnyId]) -> Result<HashMap<AnyId, String>> {
    let (open, close) = tx.dialect().in_array();
    let wanted: Vec<i64> = ids.iter().map(|id| id.raw()).collect();
    let sql = Sql::new()
        .lit("select record, key from external_key where model = ")
        .arg(model)
        .lit(" and record")
        .lit(open)
        .arg(wanted)
        .lit(close);
    let rows = tx.rows(sql).await?;
    Ok(rows.iter().map(|row| (row.id(0), row.str(1).to_owned())).collect())
}

fn scope(tx: &Tx, model: &str) -> i64 {
    let shared = tx.schema().model(model).is_none_or(|model| model.shared);
    if shared { 0 } else { tx.ctx().company().raw() }
}
