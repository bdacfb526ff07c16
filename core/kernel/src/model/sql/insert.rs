//! Writing new records: one statement for the rows of a model, one for each kind of line, one for
//! each field of several values, however many records there are.
//! Not here: changing what is there (`update`).

use std::sync::Arc;

use fondaco_schema::tables::values_table;
use fondaco_values::Value;

use super::SEARCH_COLUMN;
use crate::db::{Cell, Sql};
use crate::model::catalog::Meta;
use crate::model::cells::to_cell;
use crate::model::draft::Checked;
use crate::model::search;
use crate::record::Rec;
use crate::{Result, Tx};

/// Inserts new records with their lines.
pub(crate) async fn insert(tx: &mut Tx, meta: &Arc<Meta>, checked: &[Checked]) -> Result<()> {
    let recs: Vec<&Rec> = checked.iter().map(Checked::next).collect();
    rows(tx, meta, &recs).await?;
    for of in &meta.lines {
        let lines: Vec<&Rec> = recs.iter().flat_map(|rec| rec.lines_at(of.at)).collect();
        rows(tx, &of.child, &lines).await?;
    }
    Ok(())
}

/// Rows of one model, with their values of several.
pub(super) async fn rows(tx: &mut Tx, meta: &Meta, recs: &[&Rec]) -> Result<()> {
    if recs.is_empty() {
        return Ok(());
    }
    let text = meta.texts.insert.get_or_init(|| text(meta).into()).clone();
    let rows: Vec<Vec<Cell>> = recs.iter().map(|rec| row(meta, rec)).collect();
    tx.exec_each(&text, &rows).await?;
    for at in &meta.many {
        values(tx, meta, *at, recs).await?;
    }
    Ok(())
}

fn row(meta: &Meta, rec: &Rec) -> Vec<Cell> {
    let mut row = Vec::with_capacity(meta.columns.len() + 1);
    for at in &meta.columns {
        row.push(to_cell(&meta.model.fields[*at].kind, &rec.values[*at]));
    }
    if meta.is_searchable() {
        row.push(Cell::Text(search::text_of(meta, rec)));
    }
    row
}

fn text(meta: &Meta) -> String {
    let mut columns = Sql::new().lit("insert into ").ident(&meta.table);
    let mut places = String::new();
    let names = meta.columns.iter().map(|at| meta.model.fields[*at].name.as_str());
    let search = meta.is_searchable().then_some(SEARCH_COLUMN);
    for (place, name) in names.chain(search).enumerate() {
        columns = columns.lit(if place == 0 { " (" } else { ", " }).ident(name);
        places.push_str(if place == 0 { "$" } else { ", $" });
        places.push_str(&(place + 1).to_string());
    }
    format!("{}) values ({places})", columns.as_str())
}

/// The values of one field of kind tags or links.
pub(super) async fn values(tx: &mut Tx, meta: &Meta, at: usize, recs: &[&Rec]) -> Result<()> {
    let mut rows = Vec::new();
    for rec in recs {
        let items = rec.values[at].as_list().unwrap_or(&[]);
        for (position, item) in items.iter().enumerate() {
            let value = match item {
                Value::Link(id) => Cell::from(*id),
                Value::Text(text) => Cell::from(text),
                _ => continue,
            };
            rows.push(vec![rec.id.into(), super::select::signed(position).into(), value]);
        }
    }
    if rows.is_empty() {
        return Ok(());
    }
    let table = values_table(&meta.model, &meta.model.fields[at].name);
    let sql = Sql::new().lit("insert into ").ident(&table);
    let sql = sql.lit(" (record, position, value) values ($1, $2, $3)");
    tx.exec_each(sql.as_str(), &rows).await
}
