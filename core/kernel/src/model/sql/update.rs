//! Changing and deleting records: only the columns that change; lines by what was added, changed and
//! removed. Not here: who else was first (the version is compared when the record is read).

use std::collections::BTreeMap;
use std::sync::Arc;

use fondaco_schema::tables::values_table;
use fondaco_values::AnyId;

use super::SEARCH_COLUMN;
use super::insert;
use super::select::array;
use crate::db::{Cell, Sql};
use crate::model::catalog::Meta;
use crate::model::cells::to_cell;
use crate::model::draft::Checked;
use crate::model::search;
use crate::record::Rec;
use crate::{Result, Tx};

/// Writes changed records and their lines.
pub(crate) async fn update(tx: &mut Tx, meta: &Arc<Meta>, checked: &[Checked]) -> Result<()> {
    let pairs = || checked.iter().filter_map(|c| Some((c.old.as_ref()?, &c.next)));
    change(tx, meta, &pairs().collect::<Vec<_>>()).await?;
    for of in &meta.lines {
        let (mut added, mut changed, mut removed) = (Vec::new(), Vec::new(), Vec::new());
        for (old, next) in pairs() {
            let (old, next) = (old.lines_at(of.at), next.lines_at(of.at));
            for line in next {
                match old.iter().find(|before| before.id == line.id) {
                    None => added.push(line),
                    Some(before) if before.values != line.values => changed.push((before, line)),
                    Some(_) => {}
                }
            }
            let gone = old.iter().filter(|line| next.iter().all(|kept| kept.id != line.id));
            removed.extend(gone.map(|line| line.id));
        }
        remove(tx, &of.child, &removed).await?;
        change(tx, &of.child, &changed).await?;
        insert::rows(tx, &of.child, &added).await?;
    }
    Ok(())
}

/// Writes what computing anew has changed of a record, without a new version.
pub(crate) async fn rewrite(tx: &mut Tx, meta: &Arc<Meta>, old: &Rec, next: &Rec) -> Result<()> {
    change(tx, meta, &[(old, next)]).await?;
    for of in &meta.lines {
        let pairs: Vec<(&Rec, &Rec)> =
            old.lines_at(of.at).iter().zip(next.lines_at(of.at)).collect();
        change(tx, &of.child, &pairs).await?;
    }
    Ok(())
}

/// Writes the columns in which the pairs differ, one statement for each set of columns.
async fn change(tx: &mut Tx, meta: &Meta, pairs: &[(&Rec, &Rec)]) -> Result<()> {
    let mut shapes: BTreeMap<Vec<usize>, Vec<Vec<Cell>>> = BTreeMap::new();
    for (old, next) in pairs {
        let mut columns: Vec<usize> = meta.columns.clone();
        columns.retain(|at| old.values[*at] != next.values[*at]);
        let kinds = columns.iter().map(|at| &meta.model.fields[*at].kind);
        let mut row: Vec<Cell> =
            kinds.zip(&columns).map(|(kind, at)| to_cell(kind, &next.values[*at])).collect();
        if meta.is_searchable() {
            let text = search::text_of(meta, next);
            if text != search::text_of(meta, old) {
                columns.push(SEARCH);
                row.push(Cell::Text(text));
            }
        }
        if !columns.is_empty() {
            row.push(next.id.into());
            shapes.entry(columns).or_default().push(row);
        }
    }
    for (columns, rows) in shapes {
        let text = meta.texts.update(&columns, || text(meta, &columns));
        tx.exec_each(&text, &rows).await?;
    }
    for at in &meta.many {
        let differ = |pair: &&(&Rec, &Rec)| pair.0.values[*at] != pair.1.values[*at];
        let recs: Vec<&Rec> = pairs.iter().filter(differ).map(|(_, next)| *next).collect();
        if !recs.is_empty() {
            let ids: Vec<AnyId> = recs.iter().map(|rec| rec.id).collect();
            clear(tx, meta, *at, &ids).await?;
            insert::values(tx, meta, *at, &recs).await?;
        }
    }
    Ok(())
}

/// Stands for the search column in a set of columns.
const SEARCH: usize = usize::MAX;

fn text(meta: &Meta, columns: &[usize]) -> String {
    let mut text = Sql::new().lit("update ").ident(&meta.table).as_str().to_owned();
    for (place, at) in columns.iter().enumerate() {
        let name = match meta.model.fields.get_index(*at) {
            Some((name, _)) => name.as_str(),
            None => SEARCH_COLUMN,
        };
        text.push_str(if place == 0 { " set " } else { ", " });
        text.push_str(Sql::new().ident(name).as_str());
        text.push_str(" = $");
        text.push_str(&(place + 1).to_string());
    }
    text.push_str(" where id = $");
    text.push_str(&(columns.len() + 1).to_string());
    text
}

/// Deletes records with their lines.
pub(crate) async fn delete(tx: &mut Tx, meta: &Arc<Meta>, recs: &[Rec]) -> Result<()> {
    for of in &meta.lines {
        let lines = recs.iter().flat_map(|rec| rec.lines_at(of.at));
        let ids: Vec<AnyId> = lines.map(|line| line.id).collect();
        remove(tx, &of.child, &ids).await?;
    }
    let ids: Vec<AnyId> = recs.iter().map(|rec| rec.id).collect();
    remove(tx, meta, &ids).await
}

async fn remove(tx: &mut Tx, meta: &Meta, ids: &[AnyId]) -> Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    for at in &meta.many {
        clear(tx, meta, *at, ids).await?;
    }
    let (open, close) = tx.dialect().in_array();
    let sql = Sql::new().lit("delete from ").ident(&meta.table).lit(" where id").lit(open);
    tx.exec(sql.arg(array(ids)).lit(close)).await.map(drop)
}

async fn clear(tx: &mut Tx, meta: &Meta, at: usize, ids: &[AnyId]) -> Result<()> {
    let table = values_table(&meta.model, &meta.model.fields[at].name);
    let (open, close) = tx.dialect().in_array();
    let sql = Sql::new().lit("delete from ").ident(&table).lit(" where record").lit(open);
    tx.exec(sql.arg(array(ids)).lit(close)).await.map(drop)
}
