//! What may be there once, where many records are written at once: each record that doubles another
//! is told by its place. Not here: the index itself, which refuses what comes between, and a single
//! record's doubles (`check::on_constraint`).

use std::collections::{HashMap, HashSet};

use fondaco_schema::{TableIndex, table_of};
use fondaco_values::{AnyId, Problem};

use super::catalog::Meta;
use super::cells::to_cell;
use super::draft::Checked;
use crate::db::{Cell, Sql};
use crate::error::refuse_if_any;
use crate::record::Rec;
use crate::{Result, Tx};

/// # Errors
/// A problem for each record whose values another one has, of this batch or of those that are there.
pub(super) async fn refuse_doubles(tx: &mut Tx, meta: &Meta, batch: &[Checked]) -> Result<()> {
    if batch.len() < 2 {
        return Ok(());
    }
    let mut problems = Vec::new();
    for index in table_of(&meta.model).indexes.values().filter(|index| index.unique) {
        let wanted: Vec<(usize, AnyId, Vec<Cell>)> = batch
            .iter()
            .enumerate()
            .filter_map(|(at, one)| Some((at, one.next().id, key(meta, index, one.next())?)))
            .collect();
        let mut taken = there(tx, meta, index, &wanted).await?;
        for (at, id, key) in wanted {
            match taken.get(&key) {
                Some(other) if *other != id => problems.push(doubled(meta, index, at)),
                _ => drop(taken.insert(key, id)),
            }
        }
    }
    refuse_if_any(problems)
}

/// The values under which the record stands in the index; none where one of them is empty.
fn key(meta: &Meta, index: &TableIndex, rec: &Rec) -> Option<Vec<Cell>> {
    let cell = |column: &String| {
        let (at, _, field) = meta.model.fields.get_full(column)?;
        Some(to_cell(&field.kind, &rec.values[at])).filter(|cell| *cell != Cell::Null)
    };
    index.columns.iter().map(cell).collect()
}

/// Who holds such values now. Records of the batch are left out: they will hold others.
async fn there(
    tx: &mut Tx,
    meta: &Meta,
    index: &TableIndex,
    wanted: &[(usize, AnyId, Vec<Cell>)],
) -> Result<HashMap<Vec<Cell>, AnyId>> {
    let place = index.columns.iter().position(|column| column != "company").unwrap_or(0);
    if wanted.is_empty() {
        return Ok(HashMap::new());
    }
    let array = array(wanted.iter().map(|(_, _, key)| &key[place]));
    let mut sql = Sql::new().lit("select id");
    for column in &index.columns {
        sql = sql.lit(", ").ident(column);
    }
    let (open, close) = tx.dialect().in_array();
    sql = sql.lit(" from ").ident(&meta.table).lit(" where ").ident(&index.columns[place]);
    let rows = tx.rows(sql.lit(open).arg(array).lit(close)).await?;
    let own: HashSet<AnyId> = wanted.iter().map(|(_, id, _)| *id).collect();
    let others = rows.into_iter().filter_map(|row| {
        let id = row.id::<()>(0).any();
        (!own.contains(&id)).then(|| (row.0[1..].to_vec(), id))
    });
    Ok(others.collect())
}

/// Cells of one column as one bound value.
fn array<'c>(cells: impl Iterator<Item = &'c Cell>) -> Cell {
    let (mut numbers, mut texts) = (Vec::new(), Vec::new());
    for cell in cells {
        match cell {
            Cell::Int(number) => numbers.push(*number),
            Cell::Text(text) => texts.push(text.clone()),
            _ => {}
        }
    }
    if texts.is_empty() { Cell::Ids(numbers) } else { Cell::Texts(texts) }
}

fn doubled(meta: &Meta, index: &TableIndex, at: usize) -> Problem {
    taken(meta, index.columns.iter().rfind(|column| *column != "company")).under(format!("[{at}]"))
}

/// The problem of a value that another record has.
pub(super) fn taken(meta: &Meta, column: Option<&String>) -> Problem {
    let column = column.map_or("", String::as_str);
    let label = meta.model.field(column).map_or(column, |field| &field.label);
    let message =
        format!("There is another {} with this {label}.", meta.model.label.to_lowercase());
    Problem::new(column, "taken", message)
}
