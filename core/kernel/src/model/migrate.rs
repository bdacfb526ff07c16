//! Tables for the models: the difference between what was applied last and what the schema asks for
//! now, carried out in one transaction together with the record of it. A crash on the way changes
//! nothing, and running again changes nothing more. Data is never thrown away, only put aside.
//! Not here: which steps there are (`schema::diff`), the kernel's own tables (`db::migrations`).

use std::collections::BTreeMap;
use std::sync::Arc;

use fondaco_schema::tables::{Column, ColumnKind, Table, TableIndex};
use fondaco_schema::{Field, Model, Node, Schema, Scope, Step, Tables};
use fondaco_schema::{diff, expr::eval, tables};
use fondaco_values::AnyId;

use super::catalog::Meta;
use super::cells::to_cell;
use super::compute::{self, Stage};
use super::{search, sql};
use crate::db::{Cell, Dialect, Sql, wall_in};
use crate::error::StorageKind;
use crate::module::Registry;
use crate::record::Rec;
use crate::{Error, Result, Tx, plan};

/// Where the applied tables are kept, and the expressions of stored computed fields.
pub(crate) const TABLES: &str = "tables";
const COMPUTED: &str = "computed";
/// Records recomputed at a time.
const SLICE: i64 = 500;

/// Brings the tables to the schema.
///
/// # Errors
/// `Startup` when the data that is there does not allow a step; nothing is changed then.
pub(crate) async fn run(tx: &mut Tx, heard: &(dyn Fn(u64, u64) + Send + Sync)) -> Result<()> {
    let registry = tx.registry().clone();
    let Difference { applied, wanted, steps } = difference(tx, &registry).await?;
    for (done, step) in steps.iter().enumerate() {
        heard(done as u64, steps.len() as u64);
        carry_out(tx, step, &applied).await.map_err(|error| refused(step, error))?;
    }
    heard(steps.len() as u64, steps.len() as u64);
    refer(tx, &steps).await?;
    if !steps.is_empty() {
        wall_in(tx).await?;
        tx.forget_statements();
    }
    fill(tx, &applied, &steps).await?;
    wake(tx, &applied, &wanted).await?;
    recompute(tx, &applied).await?;
    for step in &steps {
        if let Some((table, column)) = required(step, &applied) {
            no_gaps(tx, table, column).await?;
        }
    }
    let after = applied.after(&wanted);
    if applied == after { Ok(()) } else { keep(tx, TABLES, &after).await }
}

/// The tables that there are.
pub(crate) async fn applied(tx: &mut Tx) -> Result<Tables> {
    Ok(kept(tx, TABLES).await?.unwrap_or_default())
}

/// What there is, what is to be, and the way from one to the other.
pub(crate) struct Difference {
    pub(crate) applied: Tables,
    pub(crate) wanted: Tables,
    pub(crate) steps: Vec<Step>,
}

/// Compares the tables with a schema. What modules that are switched off have stays as it is.
pub(crate) async fn difference(tx: &mut Tx, registry: &Registry) -> Result<Difference> {
    let applied: Tables = kept(tx, TABLES).await?.unwrap_or_default();
    let wanted = tables(&registry.schema);
    let wanted = match registry.tables_of_all() {
        Some(all) => wanted.with_resting(&applied, all),
        None => wanted,
    };
    let steps = diff(&applied, &wanted);
    Ok(Difference { applied, wanted, steps })
}

/// The column of a table that was there before in which each row must have a value from now on.
fn required<'s>(step: &'s Step, applied: &Tables) -> Option<(&'s str, &'s str)> {
    match step {
        Step::Require { table, column } => Some((table, column)),
        Step::AddColumn { table, column } if column.not_null => {
            applied.tables.contains_key(table).then_some((table, &column.name))
        }
        _ => None,
    }
}

fn refused(step: &Step, error: Error) -> Error {
    let what = match &error {
        Error::Storage { kind: StorageKind::Unique(_), .. } => "two records have the same value",
        Error::Startup(_) => return error,
        _ => "the database refused it",
    };
    Error::Startup(format!("table {}: {what} ({step:?}): {error}", step.table()))
}

/// What `meta` keeps under a name.
pub(crate) async fn kept<T: serde::de::DeserializeOwned>(
    tx: &mut Tx,
    name: &str,
) -> Result<Option<T>> {
    let row = tx.row(Sql::text("select value from meta where name = $1").bind(name)).await?;
    let Some(row) = row else { return Ok(None) };
    serde_json::from_str(row.str(0))
        .map(Some)
        .map_err(|error| Error::Startup(format!("the applied schema cannot be read: {error}")))
}

/// Puts a value into `meta` under a name.
pub(crate) async fn keep(tx: &mut Tx, name: &str, value: &impl serde::Serialize) -> Result<()> {
    let text = serde_json::to_string(value)
        .map_err(|error| Error::internal(format!("the schema cannot be written: {error}")))?;
    let sql = Sql::text(
        "insert into meta (name, value) values ($1, $2) \
         on conflict (name) do update set value = excluded.value",
    );
    tx.exec(sql.bind(name).bind(text)).await.map(drop)
}

/// Whether an index is built later, beside the work that goes on: of a database server, over a table
/// that was there before. Unique ones say what may be in the table, so they come with the change.
fn is_for_later(tx: &Tx, table: &str, before: &Tables) -> bool {
    tx.dialect() == Dialect::Postgres && before.tables.contains_key(table)
}

async fn carry_out(tx: &mut Tx, step: &Step, before: &Tables) -> Result<()> {
    let registry = tx.registry().clone();
    let is_line = |table: &str| {
        let model = registry.schema.models.values().find(|model| model.table() == table);
        model.is_some_and(|model| model.is_line())
    };
    match step {
        Step::CreateTable { table } => tx.exec(create(tx.dialect(), table)).await.map(drop),
        Step::AddColumn { table, column } => {
            let sql = Sql::new().lit("alter table ").ident(table).lit(" add column ");
            tx.exec(sql.append(described(tx.dialect(), column))).await.map(drop)
        }
        Step::RenameColumn { table, from, to }
        | Step::HideColumn { table, column: from, hidden: to } => {
            let sql = Sql::new().lit("alter table ").ident(table).lit(" rename column ");
            tx.exec(sql.ident(from).lit(" to ").ident(to)).await.map(drop)
        }
        Step::HideTable { table, hidden } => {
            let sql = Sql::new().lit("alter table ").ident(table).lit(" rename to ").ident(hidden);
            tx.exec(sql).await.map(drop)
        }
        Step::AddIndex { table, index } if !index.unique && is_for_later(tx, table, before) => {
            let create = indexed(tx.dialect(), table, index);
            plan::leave_index(tx, &index_name(&index.name), &create).await
        }
        Step::AddIndex { table, index } => {
            tx.exec(indexed(tx.dialect(), table, index)).await.map(drop)
        }
        Step::DropIndex { index, .. } => {
            tx.exec(Sql::new().lit("drop index ").ident(&index_name(index))).await.map(drop)
        }
        Step::Rescale { table, column, from, to } => rescale(tx, table, column, (*from, *to)).await,
        // Whether a value is required is told by the schema and checked before each write; here
        // once, when everything is filled.
        Step::Require { .. } | Step::Relax { .. } => Ok(()),
        Step::CreateSearch { table, .. } if is_line(table) => Ok(()),
        Step::CreateSearch { table, .. } => {
            create_search(tx, table, is_for_later(tx, table, before)).await
        }
        Step::DropSearch { table } => drop_search(tx, table).await,
    }
}

fn create(dialect: Dialect, table: &Table) -> Sql {
    let mut sql = Sql::new().lit("create table ").ident(&table.name);
    for (at, column) in table.columns.values().enumerate() {
        sql = sql.lit(if at == 0 { " (" } else { ", " });
        sql = match table.key.as_slice() {
            [key] if *key == column.name => {
                sql.ident(key).lit(dialect.integer()).lit(" primary key")
            }
            _ => sql.append(described(dialect, column)),
        };
    }
    if table.key.len() > 1 {
        for (at, column) in table.key.iter().enumerate() {
            sql = sql.lit(if at == 0 { ", primary key (" } else { ", " }).ident(column);
        }
        sql = sql.lit(")");
    }
    sql.lit(dialect.end_of_table())
}

/// A column and its type. Not null is said by the schema and checked before each write, so that it
/// can change without the table being written anew.
fn described(dialect: Dialect, column: &Column) -> Sql {
    let kind = match column.kind {
        ColumnKind::Integer => dialect.integer(),
        ColumnKind::Text => " text",
    };
    let sql = Sql::new().ident(&column.name).lit(kind);
    match (&column.refers, dialect) {
        (Some(table), Dialect::Sqlite) => sql.lit(" references ").ident(table).lit(" (id)"),
        _ => sql,
    }
}

/// Where a table can only refer to one that is there, the links of new columns come when all are.
async fn refer(tx: &mut Tx, steps: &[Step]) -> Result<()> {
    if tx.dialect() == Dialect::Sqlite {
        return Ok(());
    }
    for step in steps {
        let (table, columns) = match step {
            Step::CreateTable { table } => (&table.name, table.columns.values().collect()),
            Step::AddColumn { table, column } => (table, vec![column]),
            _ => continue,
        };
        for column in columns {
            let Some(to) = &column.refers else { continue };
            let sql = Sql::new().lit("alter table ").ident(table).lit(" add foreign key (");
            let sql = sql.ident(&column.name).lit(") references ").ident(to).lit(" (id)");
            tx.exec(sql).await.map_err(|error| refused(step, error))?;
        }
    }
    Ok(())
}

/// Apart from the names of tables, with which indexes share a space.
pub(super) fn index_name(name: &str) -> String {
    format!("ix_{name}")
}

fn indexed(dialect: Dialect, table: &str, index: &TableIndex) -> Sql {
    let head = if index.unique { "create unique index " } else { "create index " };
    let mut sql = Sql::new().lit(head).ident(&index_name(&index.name)).lit(" on ").ident(table);
    for (at, column) in index.columns.iter().enumerate() {
        sql = sql.lit(if at == 0 { " (" } else { ", " }).ident(column);
        sql = sql.lit(if column == "id" { "" } else { dialect.nulls_of_index() });
    }
    sql.lit(")")
}

async fn rescale(tx: &mut Tx, table: &str, column: &str, (from, to): (u8, u8)) -> Result<()> {
    let factor = 10_i64.checked_pow(u32::from(from.abs_diff(to)));
    let factor = factor.ok_or_else(|| Error::Startup(format!("{table}.{column}: too far")))?;
    let update = Sql::new().lit("update ").ident(table).lit(" set ").ident(column).lit(" = ");
    if to > from {
        return tx.exec(update.ident(column).lit(" * ").arg(factor)).await.map(drop);
    }
    match too_fine(tx, table, column, (from, to)).await? {
        0 => tx.exec(update.ident(column).lit(" / ").arg(factor)).await.map(drop),
        n => Err(Error::Startup(format!(
            "{table}.{column}: {n} records have more decimals than would be kept"
        ))),
    }
}

/// Rows whose number has more decimals than would be kept.
pub(crate) async fn too_fine(
    tx: &mut Tx,
    table: &str,
    column: &str,
    (from, to): (u8, u8),
) -> Result<i64> {
    let factor = 10_i64.checked_pow(u32::from(from.saturating_sub(to))).unwrap_or(i64::MAX);
    if factor == 1 {
        return Ok(0);
    }
    let sql = Sql::new().lit("select count(*) from ").ident(table).lit(" where ").ident(column);
    let row = tx.row(sql.lit(" % ").arg(factor).lit(" <> 0")).await?;
    Ok(row.map_or(0, |row| row.int(0)))
}

async fn no_gaps(tx: &mut Tx, table: &str, column: &str) -> Result<()> {
    let sql = Sql::new().lit("select count(*) from ").ident(table).lit(" where ").ident(column);
    match tx.row(sql.lit(" is null")).await?.map_or(0, |row| row.int(0)) {
        0 => Ok(()),
        n => Err(Error::Startup(format!(
            "{table}.{column} is required now, but {n} records have no value"
        ))),
    }
}

/// The folded text beside the record, and its index, kept by triggers.
async fn create_search(tx: &mut Tx, table: &str, later: bool) -> Result<()> {
    let has = Sql::text(match tx.dialect() {
        Dialect::Sqlite => "select 1 from pragma_table_info($1) where name = $2",
        Dialect::Postgres => {
            "select 1 from information_schema.columns \
             where table_schema = current_schema() and table_name = $1 and column_name = $2"
        }
    });
    if tx.row(has.bind(table).bind(sql::SEARCH_COLUMN)).await?.is_none() {
        let add = Sql::new().lit("alter table ").ident(table).lit(" add column ");
        tx.exec(add.ident(sql::SEARCH_COLUMN).lit(" text")).await?;
    }
    fold_all(tx, table).await?;
    index_search(tx, table, later).await
}

/// Indexes and searches of tables that were made and filled by somebody else.
pub(crate) async fn index_all(tx: &mut Tx, tables: &Tables, searched: &[&str]) -> Result<()> {
    for step in diff(&Tables::default(), tables) {
        match &step {
            Step::AddIndex { .. } => {
                carry_out(tx, &step, &Tables::default())
                    .await
                    .map_err(|error| refused(&step, error))?;
            }
            Step::CreateSearch { table, .. } if searched.contains(&table.as_str()) => {
                index_search(tx, table, false).await?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// The index over the folded text.
async fn index_search(tx: &mut Tx, table: &str, later: bool) -> Result<()> {
    match tx.dialect() {
        Dialect::Sqlite => index_words(tx, table).await,
        Dialect::Postgres => index_threes(tx, table, later).await,
    }
}

/// Where the extension for it is not to be had, a search reads every text.
async fn index_threes(tx: &mut Tx, table: &str, later: bool) -> Result<()> {
    let extension = "create extension if not exists pg_trgm";
    let made = tx.attempt(|tx| Box::pin(async move { tx.exec(Sql::text(extension)).await }));
    if let Err(error) = made.await? {
        tracing::warn!(%error, table, "searches will be slow without the extension pg_trgm");
        return Ok(());
    }
    let name = format!("ix_{table}__search");
    let sql = Sql::new().lit("create index ").ident(&name).lit(" on ").ident(table);
    let sql = sql.lit(" using gin (").ident(sql::SEARCH_COLUMN).lit(" gin_trgm_ops)");
    match later {
        true => plan::leave_index(tx, &name, &sql).await,
        false => tx.exec(sql).await.map(drop),
    }
}

async fn index_words(tx: &mut Tx, table: &str) -> Result<()> {
    let index = format!("{table}__search");
    let create = Sql::new().lit("create virtual table ").ident(&index);
    let create = create.lit(" using fts5(search_text, content=").ident(table);
    tx.exec(create.lit(", content_rowid=\"id\", tokenize='trigram')")).await?;
    let rebuild = Sql::new().lit("insert into ").ident(&index).lit(" (").ident(&index);
    tx.exec(rebuild.lit(") values ('rebuild')")).await?;
    let added = || {
        let sql = Sql::new().lit(" insert into ").ident(&index);
        sql.lit(" (rowid, search_text) values (new.id, new.search_text);")
    };
    let removed = || {
        let sql = Sql::new().lit(" insert into ").ident(&index).lit(" (").ident(&index);
        sql.lit(", rowid, search_text) values ('delete', old.id, old.search_text);")
    };
    for (suffix, when, body) in [
        ("insert", " after insert on ", added()),
        ("delete", " after delete on ", removed()),
        ("update", " after update of search_text on ", removed().append(added())),
    ] {
        let sql = Sql::new().lit("create trigger ").ident(&format!("{index}_{suffix}"));
        tx.exec(sql.lit(when).ident(table).lit(" begin").append(body).lit(" end")).await?;
    }
    Ok(())
}

/// The folded text of every record that is there.
async fn fold_all(tx: &mut Tx, table: &str) -> Result<()> {
    let registry = tx.registry().clone();
    let model = registry.schema.models.values().find(|model| model.table() == table);
    let Some(model) = model else { return Ok(()) };
    let meta = registry.catalog.meta(&model.name)?.clone();
    let text = Sql::new().lit("update ").ident(table).lit(" set search_text = $1 where id = $2");
    let mut after = 0;
    loop {
        let recs = slice(tx, &meta, after).await?;
        let Some(last) = recs.last() else { return Ok(()) };
        after = last.id.raw();
        let rows: Vec<Vec<Cell>> = recs
            .iter()
            .map(|rec| vec![search::text_of(&meta, rec).into(), rec.id.into()])
            .collect();
        tx.exec_each(text.as_str(), &rows).await?;
    }
}

async fn drop_search(tx: &mut Tx, table: &str) -> Result<()> {
    let index = format!("{table}__search");
    if tx.dialect() == Dialect::Postgres {
        let sql = Sql::new().lit("drop index if exists ").ident(&format!("ix_{index}"));
        return tx.exec(sql).await.map(drop);
    }
    for suffix in ["insert", "delete", "update"] {
        let sql = Sql::new().lit("drop trigger if exists ");
        tx.exec(sql.ident(&format!("{index}_{suffix}"))).await?;
    }
    tx.exec(Sql::new().lit("drop table if exists ").ident(&index)).await.map(drop)
}

/// The next records in order of id, with their lines.
async fn slice(tx: &mut Tx, meta: &Arc<Meta>, after: i64) -> Result<Vec<Rec>> {
    let sql = Sql::new().lit("select id from ").ident(&meta.table).lit(" where id > ").arg(after);
    let rows = tx.rows(sql.lit(" order by id limit ").arg(SLICE)).await?;
    let ids: Vec<AnyId> = rows.iter().map(|row| row.id(0)).collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut recs = sql::documents(tx, meta, &ids, &meta.all_lines()).await?;
    recs.sort_unstable_by_key(|rec| rec.id);
    Ok(recs)
}

/// New columns of tables that were there, and those that are required now, take the default, where
/// it asks for nothing of the record.
async fn fill(tx: &mut Tx, applied: &Tables, steps: &[Step]) -> Result<()> {
    let registry = tx.registry().clone();
    for step in steps {
        let (table, column) = match step {
            Step::AddColumn { table, column } => (table, &column.name),
            Step::Require { table, column } => (table, column),
            _ => continue,
        };
        if !applied.tables.contains_key(table) {
            continue;
        }
        fill_one(tx, &registry.schema, table, column).await?;
    }
    Ok(())
}

/// Columns of modules that are on again: what was written meanwhile takes the default.
async fn wake(tx: &mut Tx, applied: &Tables, wanted: &Tables) -> Result<()> {
    let registry = tx.registry().clone();
    for (name, before) in &applied.tables {
        let Some(next) = wanted.tables.get(name) else { continue };
        for column in before.waking(next) {
            fill_one(tx, &registry.schema, name, column).await?;
        }
    }
    Ok(())
}

async fn fill_one(tx: &mut Tx, schema: &Schema, table: &str, column: &str) -> Result<()> {
    let Some((model, field)) = field_of(schema, table, column) else { return Ok(()) };
    let Some(default) = constant_default(field) else { return Ok(()) };
    let stage = Stage::new(tx, &[default]).await?;
    let nobody = Rec::empty(model, AnyId::default());
    let value = eval(default, &stage.scope(&nobody) as &dyn Scope);
    if value.is_null() {
        return Ok(());
    }
    let sql = Sql::new().lit("update ").ident(table).lit(" set ").ident(column);
    let sql = sql.lit(" = ").arg(to_cell(&field.kind, &value));
    tx.exec(sql.lit(" where ").ident(column).lit(" is null")).await.map(drop)
}

fn field_of<'s>(
    schema: &'s Schema,
    table: &str,
    column: &str,
) -> Option<(&'s Arc<Model>, &'s Field)> {
    let model = schema.models.values().find(|model| model.table() == *table)?;
    Some((model, model.field(column)?))
}

fn constant_default(field: &Field) -> Option<&Node> {
    field.default.as_ref().map(|default| &default.node).filter(|node| constant(node))
}

/// Whether the records that are there get a value in this column by themselves.
pub(crate) fn fills(schema: &Schema, table: &str, column: &str) -> bool {
    field_of(schema, table, column)
        .is_some_and(|(_, field)| field.compute.is_some() || constant_default(field).is_some())
}

fn constant(node: &Node) -> bool {
    let mut constant = true;
    node.walk(&mut |part| {
        constant &= matches!(
            part,
            Node::Literal { .. }
                | Node::Negate(_)
                | Node::Not(_)
                | Node::Binary { .. }
                | Node::Call { .. }
        );
    });
    constant
}

/// Stored computed fields whose expression is new or another, in tables that were there before.
async fn recompute(tx: &mut Tx, applied: &Tables) -> Result<()> {
    let registry = tx.registry().clone();
    let before: BTreeMap<String, String> = kept(tx, COMPUTED).await?.unwrap_or_default();
    let mut now = BTreeMap::new();
    let mut stale: Vec<Arc<Meta>> = Vec::new();
    for model in registry.schema.models.values() {
        let meta = registry.catalog.meta(&model.name)?;
        let mut changed = false;
        for at in &meta.stored {
            let field = &model.fields[*at];
            let Some(compute) = &field.compute else { continue };
            let name = format!("{}.{}", model.name, field.name);
            changed |= before.get(&name) != Some(&compute.source);
            now.insert(name, compute.source.clone());
        }
        if changed && applied.tables.contains_key(&meta.table) {
            let document = Model::is_line(model);
            let owner = model.owner.as_ref().filter(|_| document).map(|owner| owner.parent.clone());
            let whole = registry.catalog.meta(owner.as_deref().unwrap_or(&model.name))?;
            if stale.iter().all(|known| !Arc::ptr_eq(known, whole)) {
                stale.push(whole.clone());
            }
        }
    }
    for meta in stale {
        recompute_model(tx, &meta).await?;
    }
    if before == now { Ok(()) } else { keep(tx, COMPUTED, &now).await }
}

/// Gives records that were written by who knows only `part` of their model what the rest of it asks
/// for: defaults and computed fields.
pub(crate) async fn complete(
    tx: &mut Tx,
    whole: &Arc<Meta>,
    part: &Meta,
    ids: &[AnyId],
) -> Result<()> {
    let recs = sql::documents(tx, whole, ids, &whole.all_lines()).await?;
    let mut filled = recs.clone();
    fill_recs(tx, whole, part, filled.iter_mut()).await?;
    for lines in &whole.lines {
        let Some(known) = part.lines.iter().find(|own| own.child.table == lines.child.table) else {
            continue;
        };
        let all = filled.iter_mut().flat_map(|rec| rec.lines.iter_mut());
        let own = all.filter(|(at, _)| *at == lines.at).flat_map(|(_, lines)| lines.iter_mut());
        fill_recs(tx, &lines.child, &known.child, own).await?;
    }
    recompute_recs(tx, whole, recs.into_iter().zip(filled).collect()).await
}

/// Defaults of the fields that `part` lacks, where there is nothing.
async fn fill_recs(
    tx: &mut Tx,
    whole: &Meta,
    part: &Meta,
    recs: impl Iterator<Item = &mut Rec> + Send,
) -> Result<()> {
    let mut defaults = Vec::new();
    for (at, field) in whole.model.fields.values().enumerate() {
        if part.model.field(&field.name).is_some() {
            continue;
        }
        if let Some(default) = constant_default(field) {
            let stage = Stage::new(tx, &[default]).await?;
            let nobody = Rec::empty(&whole.model, AnyId::default());
            defaults.push((at, eval(default, &stage.scope(&nobody) as &dyn Scope)));
        }
    }
    for rec in recs {
        for (at, value) in
            defaults.iter().filter(|(at, _)| rec.values[*at].is_null()).cloned().collect::<Vec<_>>()
        {
            rec.values[at] = value;
        }
    }
    Ok(())
}

async fn recompute_model(tx: &mut Tx, meta: &Arc<Meta>) -> Result<()> {
    let mut after = 0;
    loop {
        let recs = slice(tx, meta, after).await?;
        let Some(last) = recs.last() else { return Ok(()) };
        after = last.id.raw();
        let pairs = recs.iter().cloned().zip(recs.iter().cloned()).collect();
        recompute_recs(tx, meta, pairs).await?;
    }
}

/// Computes stored fields of records anew and writes what is another than it was: pairs of what is
/// written and what is to be.
async fn recompute_recs(tx: &mut Tx, meta: &Arc<Meta>, pairs: Vec<(Rec, Rec)>) -> Result<()> {
    let mut stage = Stage::new(tx, &[]).await?;
    let recs = || pairs.iter().map(|(_, next)| next);
    let lines = recs().flat_map(|rec| rec.lines.iter().flat_map(|(_, lines)| lines));
    let ids: Vec<AnyId> = recs().chain(lines).filter_map(compute::currency_of).collect();
    let registry = tx.registry().clone();
    stage.fetch(tx, registry.catalog.meta("currency")?, &ids).await?;
    for (old, mut rec) in pairs {
        compute::stored(&stage, meta, &mut rec);
        sql::rewrite(tx, meta, &old, &rec).await?;
    }
    Ok(())
}
