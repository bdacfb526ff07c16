//! Reading rows: by id, the lines of documents, a page of a list, a capped count.
//! Not here: conditions and order (`filter`, `expression`).

use std::sync::Arc;

use fondaco_schema::expr::FieldRef;
use fondaco_schema::{Kind, tables::values_table};
use fondaco_values::{AnyId, Value};

use super::found::STEPS_MAX;
use super::{Form, Sight, Way, Writer};
use crate::db::{Cell, Dialect, RowRef, Sql};
use crate::model::catalog::{Catalog, Meta};
use crate::model::cells::{to_cell, to_value};
use crate::record::{Rec, plain};
use crate::{Result, Tx};

/// What a statement selects, and how its rows are read.
#[derive(Default)]
pub(crate) struct Plan {
    /// Fields in the order of the statement.
    fields: Vec<usize>,
    /// Links whose names follow them, with the kind of the name.
    titles: Vec<(usize, Kind)>,
    select: Vec<Sql>,
    shown: Option<Arc<[usize]>>,
}

impl Plan {
    /// Selects these fields; the id and the version are always among them.
    pub(crate) fn of(
        writer: &mut Writer<'_>,
        meta: &Meta,
        fields: &[usize],
        sight: Sight,
    ) -> Result<Plan> {
        let mut plan = Plan::default();
        let always = [meta.system.id, meta.system.version];
        let rest = fields.iter().filter(|at| !always.contains(at));
        for at in always.iter().chain(rest) {
            let Some((_, field)) = meta.model.fields.get_index(*at) else { continue };
            if field.has_column() || field.compute.is_some() {
                let (sql, _) = writer.path(&[field_ref(meta, *at)], sight)?;
                plan.fields.push(*at);
                plan.select.push(sql);
            }
        }
        Ok(plan)
    }

    /// Selects the name of each linked record that the caller may see.
    pub(crate) fn with_titles(
        mut self,
        writer: &mut Writer<'_>,
        catalog: &Catalog,
        meta: &Meta,
        links: &[usize],
    ) -> Result<Plan> {
        for at in links {
            let Some(path) = title_path(catalog, meta, *at) else { continue };
            let (Some(last), Ok((sql, form))) = (path.last(), writer.path(&path, Sight::Own))
            else {
                continue;
            };
            let target = catalog.meta(&last.model)?;
            let kind = target.model.field(&last.field).map(|field| field.kind.clone());
            if let (Some(kind), true) = (kind, form != Form::Wide) {
                self.titles.push((*at, kind));
                self.select.push(sql);
            }
        }
        Ok(self)
    }

    /// The records show these fields only.
    pub(crate) fn showing(self, fields: Arc<[usize]>) -> Plan {
        Plan { shown: Some(fields), ..self }
    }

    fn columns(&self) -> Sql {
        let mut sql = Sql::new();
        for (at, column) in self.select.iter().enumerate() {
            sql = sql.lit(if at == 0 { "select " } else { ", " }).append(column.clone());
        }
        sql
    }

    fn read(&self, meta: &Meta, row: &RowRef<'_, '_>) -> Rec {
        let mut rec = Rec::empty(&meta.model, AnyId::default());
        for (place, at) in self.fields.iter().enumerate() {
            rec.values[*at] = to_value(&meta.model.fields[*at].kind, row.held(place));
        }
        name(meta, &mut rec);
        rec.shown.clone_from(&self.shown);
        for (place, (at, kind)) in self.titles.iter().enumerate() {
            match to_value(kind, row.held(self.fields.len() + place)) {
                Value::Null => {}
                Value::Text(title) => rec.titles.push((*at, title)),
                other => rec.titles.push((*at, plain(&other))),
            }
        }
        rec
    }

    /// The cells behind what `read` reads, such as the values of sort keys.
    fn width(&self) -> usize {
        self.fields.len() + self.titles.len()
    }
}

/// Id and version stand beside the values too.
fn name(meta: &Meta, rec: &mut Rec) {
    if let Some(id) = rec.values[meta.system.id].as_link() {
        rec.id = id;
    }
    rec.version = rec.values[meta.system.version].as_int().unwrap_or_default();
    for at in &meta.many {
        rec.values[*at] = Value::List(Vec::new());
    }
}

pub(crate) fn field_ref(meta: &Meta, at: usize) -> FieldRef {
    let field = &meta.model.fields[at];
    FieldRef {
        model: meta.model.name.clone(),
        field: field.name.clone(),
        ty: field.kind.ty(),
        scale: field.kind.scale(),
    }
}

/// From a link to the name of what it leads to; over one link more when that name is a link.
fn title_path(catalog: &Catalog, meta: &Meta, at: usize) -> Option<Vec<FieldRef>> {
    let mut path = vec![field_ref(meta, at)];
    let mut target = catalog.meta(meta.model.fields[at].kind.target()?).ok()?;
    for _ in 0..2 {
        let title = target.model.field_index(&target.model.title)?;
        path.push(field_ref(target, title));
        match target.model.fields[title].kind.target() {
            None => return Some(path),
            Some(next) => target = catalog.meta(next).ok()?,
        }
    }
    None
}

/// What is read beside the records: columns, and of which row; `None` means of each.
#[derive(Default)]
pub(crate) struct Beside {
    pub(crate) columns: Vec<Sql>,
    pub(crate) row: Option<usize>,
}

/// One page: the records, each with the cells that were asked for beside it.
pub(crate) async fn page(
    tx: &mut Tx,
    meta: &Meta,
    plan: &Plan,
    beside: &Beside,
    way: &Way,
    tail: &Sql,
) -> Result<Vec<(Rec, Vec<Cell>)>> {
    let (width, dialect) = (plan.width(), tx.dialect());
    let more = &beside.columns;
    let statement = |among: Option<&Sql>| {
        let sql = more.iter().fold(plan.columns(), |sql, one| sql.lit(", ").append(one.clone()));
        sql.append(from(dialect, meta, among)).append(tail.clone())
    };
    by_way(tx, way, statement, |at, row| {
        let asked = beside.row.is_none_or(|row| row == at);
        let read = if asked { width..width + more.len() } else { 0..0 };
        (plan.read(meta, row), read.map(|place| row.cell(place)).collect())
    })
    .await
}

/// The same for a module, unless it was read before.
pub(crate) async fn kept_page(
    tx: &mut Tx,
    meta: &Meta,
    plan: &Plan,
    tail: Sql,
) -> Result<Vec<Rec>> {
    let sql = plan.columns().append(from(tx.dialect(), meta, None)).append(tail);
    let recs = kept_each(tx, sql, |row| plan.read(meta, row)).await?;
    Ok(Arc::unwrap_or_clone(recs))
}

/// How many rows there are, counted no further than `at_most`.
pub(crate) async fn count(
    tx: &mut Tx,
    meta: &Meta,
    way: &Way,
    tail: &Sql,
    at_most: usize,
) -> Result<usize> {
    let dialect = tx.dialect();
    let statement = |among: Option<&Sql>| {
        let sql = Sql::new().lit("select count(*) from (select 1 as one");
        let sql = sql.append(from(dialect, meta, among)).append(tail.clone());
        sql.lit(" limit ").arg(signed(at_most)).lit(") as counted")
    };
    let counts = by_way(tx, way, statement, |_, row| row.opt_int(0)).await?;
    let count = counts.first().copied().flatten().unwrap_or_default();
    Ok(usize::try_from(count).unwrap_or_default())
}

/// One row of cells a group: its keys, how many rows there are, the sums. `keys` of the columns come
/// first; no more than `at_most` rows are looked at.
pub(crate) async fn summed(
    tx: &mut Tx,
    meta: &Meta,
    way: &Way,
    (columns, keys): (&[Sql], usize),
    (tail, at_most): (&Sql, usize),
) -> Result<Vec<Vec<Cell>>> {
    const NAMES: [&str; 8] = ["c0", "c1", "c2", "c3", "c4", "c5", "c6", "c7"];
    let dialect = tx.dialect();
    let named: Vec<(&Sql, &'static str)> = columns.iter().zip(NAMES).collect();
    let statement = |among: Option<&Sql>| {
        let mut sql = Sql::new().lit("select ");
        for (_, name) in &named[..keys] {
            sql = sql.lit(name).lit(", ");
        }
        sql = sql.lit("count(*)");
        for (_, name) in &named[keys..] {
            sql = sql.lit(", cast(sum(").lit(name).lit(") as bigint)");
        }
        sql = sql.lit(" from (select 1 as one");
        for (column, name) in &named {
            sql = sql.lit(", ").append((*column).clone()).lit(" as ").lit(name);
        }
        sql = sql.append(from(dialect, meta, among)).append(tail.clone());
        sql = sql.lit(" limit ").arg(signed(at_most)).lit(") as looked");
        for (place, (_, name)) in named[..keys].iter().enumerate() {
            sql = sql.lit(if place == 0 { " group by " } else { ", " }).lit(name);
        }
        for (place, (_, name)) in named[..keys].iter().enumerate() {
            sql = sql.lit(if place == 0 { " order by " } else { ", " }).lit(name);
        }
        sql
    };
    let width = named.len() + 1;
    by_way(tx, way, statement, |_, row| (0..width).map(|place| row.cell(place)).collect()).await
}

/// ` from table as m`, or only those rows of it that are among some.
fn from(dialect: Dialect, meta: &Meta, among: Option<&Sql>) -> Sql {
    let Some(among) = among else {
        return Sql::new().lit(" from ").ident(&meta.table).lit(" as m");
    };
    let sql = Sql::new().lit(" from (").append(among.clone()).lit(") as found");
    let sql = sql.lit(dialect.look_up_in());
    sql.ident(&meta.table).lit(" as m on m.id = found.id")
}

/// The rows of a statement that is carried out as the search asks for.
async fn by_way<T: Send>(
    tx: &mut Tx,
    way: &Way,
    statement: impl Fn(Option<&Sql>) -> Sql,
    read: impl Fn(usize, &RowRef<'_, '_>) -> T + Send + Sync,
) -> Result<Vec<T>> {
    let mut rows = Vec::new();
    let among = match way {
        Way::Plain => None,
        Way::Rare(among) => Some(among),
        Way::Frequent(among) => {
            let all = |row: &RowRef<'_, '_>| rows.push(read(rows.len(), row));
            if tx.each_within(statement(None), STEPS_MAX, all).await? {
                return Ok(rows);
            }
            rows.clear();
            Some(among)
        }
    };
    tx.each(statement(among), |row| rows.push(read(rows.len(), row))).await?;
    Ok(rows)
}

pub(crate) fn signed(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Ids as the one bound value of `in (…)`.
pub(crate) fn array(ids: &[AnyId]) -> Cell {
    Cell::Ids(ids.iter().map(|id| id.raw()).collect())
}

/// `"m"."a", "m"."b", …` of all columns.
fn all_columns(meta: &Meta) -> Sql {
    let mut sql = Sql::new();
    for (place, at) in meta.columns.iter().enumerate() {
        sql = sql.lit(if place == 0 { "select m." } else { ", m." });
        sql = sql.ident(&meta.model.fields[*at].name);
    }
    sql.lit(" from ").ident(&meta.table).lit(" as m")
}

fn read_all(meta: &Meta, row: &RowRef<'_, '_>) -> Rec {
    let mut rec = Rec::empty(&meta.model, AnyId::default());
    for (place, at) in meta.columns.iter().enumerate() {
        rec.values[*at] = to_value(&meta.model.fields[*at].kind, row.held(place));
    }
    name(meta, &mut rec);
    rec
}

/// Whole rows by id, in no order; without lines, tags, many links and unstored computed fields.
pub(crate) async fn by_ids(tx: &mut Tx, meta: &Meta, ids: &[AnyId]) -> Result<Vec<Rec>> {
    let (mut recs, missing) = tx.kept().recs(&meta.table, ids);
    if missing.is_empty() {
        return Ok(recs);
    }
    let (open, close) = tx.dialect().in_array();
    let text = meta.texts.by_ids.get_or_init(|| {
        let sql = all_columns(meta).lit(" where m.id").lit(open).lit("$1").lit(close);
        sql.as_str().into()
    });
    let sql = Sql::shared(text.clone(), vec![array(&missing)]);
    let mut read = Vec::with_capacity(missing.len());
    tx.each(sql, |row| read.push(read_all(meta, row))).await?;
    tx.kept().keep_recs(&meta.table, &read);
    recs.append(&mut read);
    Ok(recs)
}

/// The lines of documents by the child's link `by`, each document's in order of position.
pub(crate) async fn children(
    tx: &mut Tx,
    child: &Meta,
    by: usize,
    parents: &[AnyId],
) -> Result<Vec<Rec>> {
    let sql = of_parents(tx.dialect(), child, by, parents);
    let recs = kept_each(tx, sql, |row| read_all(child, row)).await?;
    Ok(Arc::unwrap_or_clone(recs))
}

fn of_parents(dialect: Dialect, child: &Meta, by: usize, parents: &[AnyId]) -> Sql {
    let (open, close) = dialect.in_array();
    let text = child.texts.child(by, || {
        let link = &child.model.fields[by].name;
        let sql = all_columns(child).lit(" where m.").ident(link).lit(open).lit("$1").lit(close);
        let sql = sql.lit(" order by m.").ident(link).lit(" nulls first");
        let sql = sql.lit(", m.position nulls first, m.id nulls first");
        sql.as_str().to_owned()
    });
    Sql::shared(text, vec![array(parents)])
}

/// Keeps a document as it was just written, with the lines that it was written with, for whoever
/// reads it next in this transaction.
pub(crate) fn keep_written(tx: &mut Tx, meta: &Meta, rec: &Rec) {
    for of in &meta.lines {
        let Some((_, lines)) = rec.lines.iter().find(|(at, _)| *at == of.at) else { continue };
        let mut lines: Vec<Rec> = lines.iter().map(|line| as_read(&of.child, line)).collect();
        let position = of.child.system.position;
        lines.sort_by_key(|line| (position.and_then(|at| line.values[at].as_int()), line.id));
        let sql = of_parents(tx.dialect(), &of.child, of.by, &[rec.id]);
        tx.kept().keep(&sql, &Arc::new(lines));
    }
    tx.kept().keep_recs(&meta.table, &[as_read(meta, rec)]);
}

/// A record as its columns give it back.
fn as_read(meta: &Meta, written: &Rec) -> Rec {
    let mut rec = Rec::empty(&meta.model, written.id);
    for at in &meta.columns {
        let kind = &meta.model.fields[*at].kind;
        rec.values[*at] = to_value(kind, to_cell(kind, &written.values[*at]).held());
    }
    name(meta, &mut rec);
    rec
}

/// The rows of a statement, unless they were read before.
pub(super) async fn kept_each<T: Send + Sync + 'static>(
    tx: &mut Tx,
    sql: Sql,
    read: impl Fn(&RowRef<'_, '_>) -> T + Send + Sync,
) -> Result<Arc<Vec<T>>> {
    if let Some(rows) = tx.kept().answer(&sql) {
        return Ok(rows);
    }
    let mut rows = Vec::new();
    tx.each(sql.clone(), |row| rows.push(read(row))).await?;
    let rows = Arc::new(rows);
    tx.kept().keep(&sql, &rows);
    Ok(rows)
}

/// The values of a field of kind tags or links, into the records that they belong to.
pub(crate) async fn many(tx: &mut Tx, meta: &Meta, at: usize, recs: &mut [Rec]) -> Result<()> {
    if recs.is_empty() {
        return Ok(());
    }
    let field = &meta.model.fields[at];
    let ids: Vec<AnyId> = recs.iter().map(|rec| rec.id).collect();
    let (open, close) = tx.dialect().in_array();
    let sql = Sql::new().lit("select record, value from ");
    let sql = sql.ident(&values_table(&meta.model, &field.name)).lit(" where record").lit(open);
    let sql = sql.arg(array(&ids)).lit(close).lit(" order by record, position");
    let read = |row: &RowRef<'_, '_>| {
        (row.opt_int(0).unwrap_or_default(), to_value(&field.kind, row.held(1)))
    };
    let values = kept_each(tx, sql, read).await?;
    for rec in recs {
        let own = values.iter().filter(|(record, _)| *record == rec.id.raw());
        rec.values[at] = Value::List(own.map(|(_, value)| value.clone()).collect());
    }
    Ok(())
}

/// Whole records with their tags, many links and the lines of these fields.
pub(crate) async fn documents(
    tx: &mut Tx,
    meta: &Arc<Meta>,
    ids: &[AnyId],
    lines: &[usize],
) -> Result<Vec<Rec>> {
    let mut recs = by_ids(tx, meta, ids).await?;
    for at in &meta.many {
        many(tx, meta, *at, &mut recs).await?;
    }
    for at in lines {
        let Some(of) = meta.lines_of(*at) else { continue };
        let mut below = children(tx, &of.child, of.by, ids).await?;
        for at in &of.child.many {
            many(tx, &of.child, *at, &mut below).await?;
        }
        deal(&mut recs, *at, of.by, below);
    }
    Ok(recs)
}

/// Gives each document its own lines.
pub(crate) fn deal(recs: &mut [Rec], at: usize, by: usize, lines: Vec<Rec>) {
    for rec in recs.iter_mut() {
        rec.lines.retain(|(field, _)| *field != at);
        rec.lines.push((at, Vec::new()));
    }
    if let [only] = recs {
        if let Some((_, own)) = only.lines.last_mut() {
            *own = lines;
        }
        return;
    }
    let places: std::collections::HashMap<AnyId, usize> =
        recs.iter().enumerate().map(|(place, rec)| (rec.id, place)).collect();
    for line in lines {
        let parent = line.values[by].as_link().and_then(|id| places.get(&id));
        if let Some((_, own)) = parent.and_then(|place| recs[*place].lines.last_mut()) {
            own.push(line);
        }
    }
}
