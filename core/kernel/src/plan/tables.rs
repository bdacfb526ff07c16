//! What the steps between two sets of tables mean for the data that is there: each a change with its
//! risk and the number of rows in its way.
//! Not here: the SQL that carries a step out (`model::migrate`).

use std::collections::HashMap;

use fondaco_schema::tables::{Column, TableIndex};
use fondaco_schema::{Kind, Risk, Schema, Step, Subject, Tables, What};

use super::Change;
use crate::Tx;
use crate::db::Sql;
use crate::error::Result;
use crate::model::migrate;

/// One change for each step that is worth a line: what follows from a new table is not told again.
pub(super) async fn changes(
    tx: &mut Tx,
    applied: &Tables,
    steps: &[Step],
    schema: &Schema,
) -> Result<Vec<Change>> {
    let look = Look::new(applied, steps);
    let mut changes = Vec::new();
    for step in steps {
        if let Some(change) = look.change(tx, step, schema).await? {
            changes.push(change);
        }
    }
    Ok(changes)
}

/// The tables as they are now, under the names that they have now.
struct Look<'a> {
    applied: &'a Tables,
    /// New name of a column → the name it has now, by table.
    renamed: HashMap<(&'a str, &'a str), &'a str>,
}

impl<'a> Look<'a> {
    fn new(applied: &'a Tables, steps: &'a [Step]) -> Look<'a> {
        let renamed = steps.iter().filter_map(|step| match step {
            Step::RenameColumn { table, from, to } => {
                Some(((table.as_str(), to.as_str()), from.as_str()))
            }
            _ => None,
        });
        Look { applied, renamed: renamed.collect() }
    }

    fn there(&self, table: &str) -> bool {
        self.applied.tables.contains_key(table)
    }

    /// The name that a column has now; `None` for one that is to be added.
    fn now<'c>(&self, table: &str, column: &'c str) -> Option<&'c str>
    where
        'a: 'c,
    {
        let renamed = self.renamed.get(&(table, column)).copied();
        let known = self.applied.tables.get(table)?.columns.contains_key(column);
        renamed.or(known.then_some(column))
    }

    async fn change(&self, tx: &mut Tx, step: &Step, schema: &Schema) -> Result<Option<Change>> {
        let table = step.table();
        let known = self.there(table);
        let column = |column: &str| format!("{table}.{column}");
        let change = match step {
            Step::CreateTable { .. } => Change::safe(Subject::Table, table, What::Added),
            _ if !known => return Ok(None),
            Step::HideTable { hidden, .. } => {
                let rows = count_all(tx, table).await?;
                let note = format!("its {rows} rows are kept, out of sight, as {hidden}");
                Change::safe(Subject::Table, table, What::Removed).hides(rows, note)
            }
            Step::HideColumn { column: name, hidden, .. } => {
                let rows = count_filled(tx, table, name).await?;
                let note = format!("{rows} values are kept, out of sight, as {hidden}");
                Change::safe(Subject::Column, &column(name), What::Removed).hides(rows, note)
            }
            Step::AddColumn { column: new, .. } => self.added(tx, table, new, schema).await?,
            Step::RenameColumn { from, to, .. } => {
                Change::safe(Subject::Column, &column(to), What::Changed)
                    .note(format!("renamed from {from}, with its data"))
            }
            Step::Rescale { column: name, from, to, .. } => {
                let now = self.now(table, name).unwrap_or(name);
                let rows = migrate::too_fine(tx, table, now, (*from, *to)).await?;
                let risk = if to < from { Risk::Checked } else { Risk::Safe };
                Change::safe(Subject::Column, &column(name), What::Changed)
                    .with(risk, rows)
                    .note(format!("from {from} to {to} decimals"))
            }
            Step::Require { column: name, .. } => self.required(tx, table, name, schema).await?,
            Step::Relax { column: name, .. } => {
                Change::safe(Subject::Column, &column(name), What::Changed)
                    .note("may be empty".to_owned())
            }
            Step::AddIndex { index, .. } => self.indexed(tx, table, index, schema).await?,
            Step::DropIndex { index, .. } => Change::safe(Subject::Index, index, What::Removed),
            Step::CreateSearch { columns, .. } => {
                Change::safe(Subject::Search, table, What::Changed).note(columns.join(", "))
            }
            Step::DropSearch { .. } => return Ok(None),
        };
        Ok(Some(change))
    }

    async fn added(
        &self,
        tx: &mut Tx,
        table: &str,
        column: &Column,
        schema: &Schema,
    ) -> Result<Change> {
        let change =
            Change::safe(Subject::Column, &format!("{table}.{}", column.name), What::Added);
        let filled = migrate::fills(schema, table, &column.name);
        if !column.not_null || filled {
            return Ok(change);
        }
        let rows = count_all(tx, table).await?;
        Ok(change
            .with(Risk::Checked, rows)
            .note("required, and nothing fills it in the records that are there".to_owned()))
    }

    async fn required(
        &self,
        tx: &mut Tx,
        table: &str,
        column: &str,
        schema: &Schema,
    ) -> Result<Change> {
        let change = Change::safe(Subject::Column, &format!("{table}.{column}"), What::Changed);
        if migrate::fills(schema, table, column) {
            return Ok(change.note("required; empty ones take the default".to_owned()));
        }
        let rows = match self.now(table, column) {
            Some(now) => count_empty(tx, table, now).await?,
            None => 0,
        };
        Ok(change.with(Risk::Checked, rows).note("required".to_owned()))
    }

    async fn indexed(
        &self,
        tx: &mut Tx,
        table: &str,
        index: &TableIndex,
        schema: &Schema,
    ) -> Result<Change> {
        let change = Change::safe(Subject::Index, &index.name, What::Added)
            .note(format!("{table} ({})", index.columns.join(", ")));
        if !index.unique {
            return Ok(change);
        }
        let mut now = Vec::new();
        for column in &index.columns {
            match self.now(table, column) {
                Some(column) => now.push(column),
                // A new column is empty everywhere, or everywhere the same.
                None if migrate::fills(schema, table, column) => {}
                None => return Ok(change.with(Risk::Checked, 0)),
            }
        }
        let rows = count_doubles(tx, table, &now).await?;
        Ok(change.with(Risk::Checked, rows).note("no two alike".to_owned()))
    }
}

/// Records that have a choice or a state which the new schema no longer knows.
pub(super) async fn lost_choices(
    tx: &mut Tx,
    applied: &Tables,
    old: &Schema,
    new: &Schema,
) -> Result<Vec<Change>> {
    let mut changes = Vec::new();
    for (model, before) in new.models.values().filter_map(|m| Some((m, old.model(&m.name)?))) {
        for field in before.fields.values().filter(|field| field.has_column()) {
            let (Kind::Choice { values: had }, Some(Kind::Choice { values: has })) =
                (&field.kind, model.field(&field.name).map(|field| &field.kind))
            else {
                continue;
            };
            let lost = had.iter().map(|choice| choice.value.as_str());
            let lost: Vec<&str> =
                lost.filter(|value| has.iter().all(|choice| choice.value != *value)).collect();
            if lost.is_empty() || !applied.tables.contains_key(&model.table()) {
                continue;
            }
            let rows = count_among(tx, &model.table(), &field.name, &lost).await?;
            let name = format!("{}.{}", model.name, field.name);
            changes.push(
                Change::safe(Subject::Field, &name, What::Changed)
                    .with(Risk::Checked, rows)
                    .note(format!("no longer: {}", lost.join(", "))),
            );
        }
    }
    Ok(changes)
}

async fn count(tx: &mut Tx, sql: Sql) -> Result<i64> {
    Ok(tx.row(sql).await?.map_or(0, |row| row.int(0)))
}

async fn count_all(tx: &mut Tx, table: &str) -> Result<i64> {
    count(tx, Sql::new().lit("select count(*) from ").ident(table)).await
}

async fn count_filled(tx: &mut Tx, table: &str, column: &str) -> Result<i64> {
    let sql = Sql::new().lit("select count(").ident(column).lit(") from ").ident(table);
    count(tx, sql).await
}

async fn count_empty(tx: &mut Tx, table: &str, column: &str) -> Result<i64> {
    let sql = Sql::new().lit("select count(*) from ").ident(table).lit(" where ").ident(column);
    count(tx, sql.lit(" is null")).await
}

async fn count_among(tx: &mut Tx, table: &str, column: &str, values: &[&str]) -> Result<i64> {
    let mut sql = Sql::new().lit("select count(*) from ").ident(table);
    for (at, value) in values.iter().enumerate() {
        sql = sql.lit(if at == 0 { " where " } else { " or " }).ident(column).lit(" = ");
        sql = sql.arg(*value);
    }
    count(tx, sql).await
}

/// Rows that are alike in these columns; all rows when there is no column to tell them apart. An
/// empty value is like no other.
async fn count_doubles(tx: &mut Tx, table: &str, columns: &[&str]) -> Result<i64> {
    if columns.is_empty() {
        return Ok(Some(count_all(tx, table).await?).filter(|rows| *rows > 1).unwrap_or(0));
    }
    let mut sql = Sql::new()
        .lit("select cast(coalesce(sum(d.n), 0) as bigint) from (select count(*) as n from ")
        .ident(table);
    for (at, column) in columns.iter().enumerate() {
        sql = sql.lit(if at == 0 { " where " } else { " and " }).ident(column);
        sql = sql.lit(" is not null");
    }
    for (at, column) in columns.iter().enumerate() {
        sql = sql.lit(if at == 0 { " group by " } else { ", " }).ident(column);
    }
    count(tx, sql.lit(" having count(*) > 1) as d")).await
}
