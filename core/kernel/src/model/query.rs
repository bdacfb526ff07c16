//! Questions for many records: filter, search, sort, keyset pages, capped counts; and which fields
//! of the answer one may see. Not here: linked records and lines of the answer (`expand`).

use std::collections::HashMap;
use std::sync::Arc;

use fondaco_schema::expr::FieldRef;
use fondaco_schema::{Field, Kind, Node};
use fondaco_values::{AnyId, Value, limits};
use serde_json::{Value as Json, json};

use super::catalog::{Catalog, Meta};
use super::cells::to_value;
use super::compute::{Ambient, unstored_nodes};
use super::sql::{self, Beside, Key, Plan, Search, Searched, Sight, Way, Writer};
use crate::db::{Cell, Sql};
use crate::permissions::{self, Right};
use crate::record::Rec;
use crate::{Ctx, Error, Result, Tx};

/// What a caller asks for.
#[derive(Clone, Debug, Default)]
pub struct Query {
    /// A condition in the expression language.
    pub filter: Option<String>,
    /// Words that must all be found.
    pub search: Option<String>,
    /// Fields or paths; `-` before one turns it around. Empty: as the model's list view says.
    pub sort: Vec<String>,
    /// Rows of a page; `None` = the usual number.
    pub limit: Option<usize>,
    /// Where the page before ended: [`Page::next`].
    pub after: Option<String>,
    pub show: Select,
    pub count: bool,
}

/// Which fields one wants, and which linked records and lines with them.
#[derive(Clone, Debug, Default)]
pub struct Select {
    /// Empty: all that may be read.
    pub fields: Vec<String>,
    /// Links, fields of kind lines, and links of lines as `lines.product`.
    pub expand: Vec<String>,
}

/// One page of an answer.
#[derive(Clone, Debug)]
pub struct Page {
    pub rows: Vec<Rec>,
    /// For [`Query::after`]; `None` when this was the last page.
    pub next: Option<String>,
    /// Only when it was asked for.
    pub count: Option<Count>,
}

/// How many there are, as far as they were counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Count {
    pub number: usize,
    /// Counting stopped here; there are more.
    pub capped: bool,
}

/// One page of what the caller may see, with the names of linked records.
pub(crate) async fn list(tx: &mut Tx, meta: &Arc<Meta>, query: &Query) -> Result<Page> {
    let registry = tx.registry().clone();
    let catalog = &registry.catalog;
    let filter = match query.filter.as_deref().map(str::trim).filter(|text| !text.is_empty()) {
        Some(text) => Some(catalog.filter(&meta.model, text)?),
        None => None,
    };
    let node = filter.as_ref().map(|expr| &expr.node);
    let document = permissions::document(&registry.schema, &meta.model);
    let rule = permissions::rows(tx.ctx(), document, Right::Read);
    let mut nodes = unstored_nodes(meta);
    nodes.extend(node.into_iter().chain([&rule]));
    let ambient = Ambient::of(tx, &nodes).await?;
    if let Some(filter) = &filter {
        may_ask(&ambient.ctx, catalog, filter.reads().into_iter())?;
    }
    let mut writer = Writer::new(catalog, &ambient, meta);
    let fields = chosen(&ambient.ctx, catalog, meta, &query.show.fields)?;
    let links: Vec<usize> = fields.iter().copied().filter(|at| is_titled(meta, *at)).collect();
    let plan = Plan::of(&mut writer, meta, &fields, Sight::Own)?;
    let plan = plan.with_titles(&mut writer, catalog, meta, &links)?;
    let plan = plan.showing(shown(meta, &fields).into());
    let keys = sort_keys(&mut writer, catalog, meta, &query.sort)?;
    let mut wanted = vec![writer.allowed(Right::Read)?];
    wanted.extend(own_company(&writer, meta));
    if let Some(node) = node {
        wanted.push(writer.condition(node, Sight::Own)?);
    }
    let mut way = Way::Plain;
    if let Some(search) = search(&mut writer, catalog, meta, query.search.as_deref())? {
        wanted.push(search.condition.clone());
        way = search.way(tx).await?;
    }
    let joins = writer.joins();
    let count = match query.count {
        true => Some(counted(tx, meta, &way, &tail(&joins, &wanted)).await?),
        false => None,
    };
    let mark = mark(meta, query);
    if let Some(after) = &query.after {
        wanted.push(sql::keyset(&keys, &read_cursor(after, &mark, keys.len())?));
    }
    let limit = query.limit.unwrap_or(limits::PAGE_SIZE_DEFAULT).clamp(1, limits::PAGE_SIZE_MAX);
    let tail = tail(&joins, &wanted).append(sql::order(&keys));
    let tail = tail.lit(" limit ").arg(sql::signed(limit + 1));
    let keys = keys.into_iter().map(|key| key.sql).collect();
    let beside = Beside { columns: keys, row: Some(limit - 1) };
    let mut rows = sql::page(tx, meta, &plan, &beside, &way, &tail).await?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let last = rows.last().filter(|_| more);
    let next = last.map(|(_, keys)| write_cursor(keys, &mark));
    Ok(Page { rows: rows.into_iter().map(|(rec, _)| rec).collect(), next, count })
}

/// A question of a module about its own models: no permissions, one company.
#[derive(Default)]
pub(crate) struct Ask {
    pub(crate) wanted: Vec<Node>,
    pub(crate) sort: Vec<String>,
    pub(crate) limit: Option<usize>,
}

/// Whole rows, without lines, tags and many links; `fields` says which computed ones.
pub(crate) async fn ask(
    tx: &mut Tx,
    meta: &Arc<Meta>,
    ask: Ask,
    unstored: &[usize],
) -> Result<Vec<Rec>> {
    let registry = tx.registry().clone();
    let catalog = &registry.catalog;
    let mut nodes = unstored_nodes(meta);
    nodes.extend(&ask.wanted);
    let ambient = Ambient::of(tx, &nodes).await?;
    let mut writer = Writer::new(catalog, &ambient, meta);
    let fields: Vec<usize> = meta.columns.iter().chain(unstored).copied().collect();
    let plan = Plan::of(&mut writer, meta, &fields, Sight::Whole)?;
    let sort = if ask.sort.is_empty() { vec!["id".to_owned()] } else { ask.sort };
    let keys = sort_keys_of(&mut writer, catalog, meta, &sort, false)?;
    let mut wanted: Vec<Sql> = own_company(&writer, meta).into_iter().collect();
    for node in &ask.wanted {
        wanted.push(writer.condition(node, Sight::Whole)?);
    }
    let joins = writer.joins();
    let mut tail = tail(&joins, &wanted).append(sql::order(&keys));
    if let Some(limit) = ask.limit {
        tail = tail.lit(" limit ").arg(sql::signed(limit));
    }
    let recs = sql::kept_page(tx, meta, &plan, tail).await?;
    if unstored.is_empty() {
        tx.kept().keep_recs(&meta.table, &recs);
    }
    Ok(recs)
}

/// How many records a module asks about.
pub(crate) async fn how_many(tx: &mut Tx, meta: &Arc<Meta>, ask: Ask) -> Result<usize> {
    let registry = tx.registry().clone();
    let ambient = Ambient::of(tx, &ask.wanted.iter().collect::<Vec<_>>()).await?;
    let mut writer = Writer::new(&registry.catalog, &ambient, meta);
    let mut wanted: Vec<Sql> = own_company(&writer, meta).into_iter().collect();
    for node in &ask.wanted {
        wanted.push(writer.condition(node, Sight::Whole)?);
    }
    let joins = writer.joins();
    sql::count(tx, meta, &Way::Plain, &tail(&joins, &wanted), usize::MAX).await
}

/// Rows of the company one works in; one works in one at a time.
pub(crate) fn own_company(writer: &Writer<'_>, meta: &Meta) -> Option<Sql> {
    let at = meta.system.company?;
    let column = writer.own(&meta.model.fields[at].name);
    Some(column.lit(" = ").arg(writer.company()))
}

pub(super) fn tail(joins: &Sql, wanted: &[Sql]) -> Sql {
    let mut sql = joins.clone();
    for (at, condition) in wanted.iter().enumerate() {
        sql = sql.lit(if at == 0 { " where " } else { " and " }).append(condition.clone());
    }
    sql
}

async fn counted(tx: &mut Tx, meta: &Meta, way: &Way, tail: &Sql) -> Result<Count> {
    let number = sql::count(tx, meta, way, tail, limits::COUNT_MAX + 1).await?;
    Ok(Count { number: number.min(limits::COUNT_MAX), capped: number > limits::COUNT_MAX })
}

/// The fields that were asked for and may be read, as indexes; lines are chosen by `expand`.
pub(crate) fn chosen(
    ctx: &Ctx,
    catalog: &Catalog,
    meta: &Meta,
    names: &[String],
) -> Result<Vec<usize>> {
    let schema = catalog.schema();
    let readable = |field: &Field| permissions::may_read_field(ctx, schema, field);
    if names.is_empty() {
        let fields = meta.model.fields.values().enumerate();
        let plain = fields.filter(|(_, f)| readable(f) && !matches!(f.kind, Kind::Lines { .. }));
        return Ok(plain.map(|(at, _)| at).collect());
    }
    let mut chosen = Vec::with_capacity(names.len());
    for name in names {
        match meta.model.fields.get_full(name.as_str()) {
            Some((at, _, field)) if readable(field) => chosen.push(at),
            _ => return Err(no_field("select", name)),
        }
    }
    Ok(chosen)
}

/// What is shown of a record: the chosen fields, with its id and version.
pub(crate) fn shown(meta: &Meta, fields: &[usize]) -> Vec<usize> {
    let mut shown = vec![meta.system.id, meta.system.version];
    shown.extend(fields.iter().filter(|at| ![meta.system.id, meta.system.version].contains(at)));
    shown
}

/// Links whose names are shown: not those that the kernel keeps.
pub(crate) fn is_titled(meta: &Meta, at: usize) -> bool {
    let field = &meta.model.fields[at];
    matches!(field.kind, Kind::Link { .. })
        && !field.system
        && (field.compute.is_none() || field.stored)
}

/// The caller may read every field that an expression of his reads.
pub(super) fn may_ask<'f>(
    ctx: &Ctx,
    catalog: &Catalog,
    fields: impl Iterator<Item = &'f FieldRef>,
) -> Result<()> {
    let schema = catalog.schema();
    for asked in fields {
        let field = schema.field(&asked.model, &asked.field).map(|(_, field)| field);
        if !field.is_some_and(|field| permissions::may_read_field(ctx, schema, field)) {
            return Err(no_field("filter", &asked.field));
        }
    }
    Ok(())
}

fn no_field(place: &str, name: &str) -> Error {
    Error::problem(place, "unknown_field", format!("There is no field {name}."))
}

/// The words of a search in what the caller may read: the record's own text, and that of the records
/// that it links to, as far as he may see them.
pub(super) fn search(
    writer: &mut Writer<'_>,
    catalog: &Catalog,
    meta: &Arc<Meta>,
    words: Option<&str>,
) -> Result<Option<Search>> {
    let words = words.map(super::search::words).unwrap_or_default();
    if words.is_empty() {
        return Ok(None);
    }
    let mut places = Vec::new();
    if meta.is_searchable() {
        places.push(if hides(writer.ctx(), catalog, meta) {
            let fields = searched(writer.ctx(), catalog, meta);
            Searched::Texts(fields.iter().map(|field| writer.own(&field.name)).collect())
        } else {
            Searched::Own
        });
        linked(writer, catalog, meta, &mut places)?;
    }
    let company = meta.system.company.map(|_| writer.company());
    let dialect = writer.dialect();
    Ok(Some(Search::new(dialect, meta, company, &words, &places)))
}

/// The texts of the records that a model's searched links lead to.
fn linked<'m>(
    writer: &mut Writer<'_>,
    catalog: &'m Catalog,
    meta: &'m Arc<Meta>,
    places: &mut Vec<Searched<'m>>,
) -> Result<()> {
    let (ctx, schema) = (writer.ctx(), catalog.schema());
    for field in meta.searched.iter().map(|at| &meta.model.fields[*at]) {
        let Kind::Link { to } = &field.kind else { continue };
        let to = catalog.meta(to)?;
        let sight = permissions::sight(ctx, permissions::document(schema, &to.model));
        let readable = permissions::may_read_field(ctx, schema, field) && to.is_searchable();
        if !readable || sight == permissions::Sight::None {
            continue;
        }
        let mut beyond = |name: &str| {
            let (path, _) = path_of(catalog, meta, &format!("{}.{name}", field.name))?;
            Ok::<Sql, Error>(writer.path(&path, Sight::Own)?.0)
        };
        places.push(if hides(ctx, catalog, to) {
            let fields = searched(ctx, catalog, to);
            let texts = fields.iter().map(|field| beyond(&field.name));
            Searched::Texts(texts.collect::<Result<_>>()?)
        } else {
            let id = match sight {
                permissions::Sight::Some => beyond("id")?,
                _ => writer.own(&field.name),
            };
            Searched::Linked { link: &field.name, id, to }
        });
    }
    Ok(())
}

/// Whether some of a record's text, or of its lines', is not the caller's to read.
fn hides(ctx: &Ctx, catalog: &Catalog, meta: &Meta) -> bool {
    let hidden = |meta: &Meta| {
        let mut fields = meta.searched.iter().map(|at| &meta.model.fields[*at]);
        fields.any(|field| !permissions::may_read_field(ctx, catalog.schema(), field))
    };
    hidden(meta) || meta.lines.iter().any(|lines| hidden(&lines.child))
}

/// The searched texts of a record itself that the caller may read.
fn searched<'m>(ctx: &Ctx, catalog: &Catalog, meta: &'m Meta) -> Vec<&'m Field> {
    let fields = meta.searched.iter().map(|at| &meta.model.fields[*at]);
    let plain = fields.filter(|field| !matches!(field.kind, Kind::Link { .. }));
    plain.filter(|field| permissions::may_read_field(ctx, catalog.schema(), field)).collect()
}

/// The order: as asked, else as the list view says, else the newest first; the id decides last.
fn sort_keys(
    writer: &mut Writer<'_>,
    catalog: &Catalog,
    meta: &Arc<Meta>,
    sort: &[String],
) -> Result<Vec<Key>> {
    let of_view = || meta.model.views.get("list").and_then(|list| list.get("sort"));
    let usual = match of_view() {
        Some(Json::String(sort)) => vec![sort.clone()],
        Some(Json::Array(keys)) => {
            keys.iter().filter_map(|key| key.as_str().map(str::to_owned)).collect()
        }
        _ => vec!["-id".to_owned()],
    };
    match sort {
        [] => sort_keys_of(writer, catalog, meta, &usual, true)
            .or_else(|_| sort_keys_of(writer, catalog, meta, &["-id".to_owned()], true)),
        sort => sort_keys_of(writer, catalog, meta, sort, true),
    }
}

fn sort_keys_of(
    writer: &mut Writer<'_>,
    catalog: &Catalog,
    meta: &Arc<Meta>,
    sort: &[String],
    as_caller: bool,
) -> Result<Vec<Key>> {
    let mut keys = Vec::with_capacity(sort.len() + 1);
    for name in sort {
        let (name, descending) = match name.strip_prefix('-') {
            Some(name) => (name, true),
            None => (name.as_str(), false),
        };
        let (path, field) = path_of(catalog, meta, name)?;
        if as_caller {
            may_ask(writer.ctx(), catalog, path.iter())?;
        }
        let sight = if as_caller { Sight::Own } else { Sight::Whole };
        let (sql, _) = writer.path(&path, sight)?;
        let filled =
            field.required || ["id", "version", "created_at"].contains(&field.name.as_str());
        keys.push(Key { sql, descending, nullable: path.len() > 1 || !filled });
        if path.len() == 1 && field.name == "id" {
            return Ok(keys);
        }
    }
    let descending = keys.last().is_some_and(|key| key.descending);
    keys.push(Key { sql: writer.own("id"), descending, nullable: false });
    Ok(keys)
}

/// `customer.name` as fields; a link at the end is sorted by its name.
pub(crate) fn path_of<'c>(
    catalog: &'c Catalog,
    meta: &'c Arc<Meta>,
    name: &str,
) -> Result<(Vec<FieldRef>, &'c Field)> {
    let mut path = Vec::new();
    let mut meta = meta;
    let mut names: Vec<&str> = name.split('.').collect();
    let mut place = 0;
    loop {
        let at = meta.model.field_index(names[place]).ok_or_else(|| no_field("sort", name))?;
        let field = &meta.model.fields[at];
        path.push(sql::field_ref(meta, at));
        place += 1;
        let own_id = field.name == "id";
        let target = field.kind.target().filter(|_| !own_id);
        match (target, place < names.len(), path.len() <= limits::LINK_PATH_MAX) {
            (Some(to), true, true) => meta = catalog.meta(to)?,
            (Some(to), false, true) if matches!(field.kind, Kind::Link { .. }) => {
                meta = catalog.meta(to)?;
                names.push(&meta.model.title);
            }
            (_, true, _) => return Err(no_field("sort", name)),
            _ if field.kind.is_many() => return Err(no_field("sort", name)),
            _ => return Ok((path, field)),
        }
    }
}

/// Tells one question from another, so that a cursor is not taken to the wrong one.
fn mark(meta: &Meta, query: &Query) -> String {
    let text = json!([meta.model.name, query.filter, query.search, query.sort]).to_string();
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{hash:016x}")
}

/// The keys of the last row, and the mark of the question, as hexadecimal text.
fn write_cursor(keys: &[Cell], mark: &str) -> String {
    let values = keys.iter().map(|cell| match cell {
        Cell::Int(value) => json!(value),
        Cell::Text(text) => json!(text),
        Cell::Null | Cell::Bytes(_) | Cell::Ids(_) | Cell::Texts(_) => Json::Null,
    });
    let text = json!([mark, values.collect::<Vec<_>>()]).to_string();
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

fn read_cursor(cursor: &str, mark: &str, keys: usize) -> Result<Vec<Cell>> {
    let broken = || Error::problem("after", "cursor", "The cursor is not one of this question.");
    let digits = cursor.as_bytes();
    if !cursor.is_ascii() || !digits.len().is_multiple_of(2) {
        return Err(broken());
    }
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    let bytes: Option<Vec<u8>> = digits.chunks(2).map(byte).collect();
    let read = bytes.and_then(|bytes| serde_json::from_slice::<(String, Vec<Json>)>(&bytes).ok());
    let (of, values) = read.ok_or_else(broken)?;
    if of != mark || values.len() != keys {
        return Err(broken());
    }
    let cell = |value: Json| match value {
        Json::Null => Some(Cell::Null),
        Json::String(text) => Some(Cell::Text(text)),
        Json::Number(number) => number.as_i64().map(Cell::Int),
        _ => None,
    };
    values.into_iter().map(cell).collect::<Option<Vec<Cell>>>().ok_or_else(broken)
}

/// One record that the caller may see; with all its lines unless he selects.
pub(crate) async fn one(
    tx: &mut Tx,
    meta: &Arc<Meta>,
    id: AnyId,
    select: &Select,
) -> Result<Option<Rec>> {
    let registry = tx.registry().clone();
    let fields = chosen(tx.ctx(), &registry.catalog, meta, &select.fields)?;
    let mut found = seen(tx, meta, &[id], &fields).await?;
    let mut names = select.expand.clone();
    for of in meta.lines.iter().filter(|_| select.fields.is_empty()) {
        let field = &meta.model.fields[of.at];
        if permissions::may_read_field(tx.ctx(), &registry.schema, field) {
            names.push(field.name.clone());
        }
    }
    super::expand::shown(tx, meta, &mut found, &names).await?;
    Ok(found.pop())
}

/// Records of these ids that the caller may see, with the lines that he selects.
pub(crate) async fn many(
    tx: &mut Tx,
    meta: &Arc<Meta>,
    ids: &[AnyId],
    select: &Select,
) -> Result<Vec<Rec>> {
    let registry = tx.registry().clone();
    let fields = chosen(tx.ctx(), &registry.catalog, meta, &select.fields)?;
    let mut found = seen(tx, meta, ids, &fields).await?;
    super::expand::shown(tx, meta, &mut found, &select.expand).await?;
    Ok(found)
}

/// A field or a path as the expression language knows it.
pub(crate) fn field_node(catalog: &Catalog, meta: &Arc<Meta>, name: &str) -> Result<Node> {
    let unknown = || Error::Internal(format!("{} has no field {name}", meta.model.name));
    let mut path = Vec::new();
    let mut from = meta;
    for part in name.split('.') {
        if let Some(FieldRef { model, field, .. }) = path.last() {
            let link =
                catalog.schema().field(model, field).and_then(|(_, field)| field.kind.target());
            from = catalog.meta(link.ok_or_else(unknown)?)?;
        }
        path.push(sql::field_ref(from, from.model.field_index(part).ok_or_else(unknown)?));
    }
    Ok(Node::Field { level: 0, path })
}

/// The records of these ids that the caller may see, in no order.
pub(crate) async fn seen(
    tx: &mut Tx,
    meta: &Arc<Meta>,
    ids: &[AnyId],
    fields: &[usize],
) -> Result<Vec<Rec>> {
    let links: Vec<usize> = fields.iter().copied().filter(|at| is_titled(meta, *at)).collect();
    let rows = seen_with(tx, meta, ids, |writer, catalog| {
        let plan = Plan::of(writer, meta, fields, Sight::Own)?;
        let plan = plan.with_titles(writer, catalog, meta, &links)?;
        Ok((plan.showing(shown(meta, fields).into()), Beside::default()))
    });
    Ok(rows.await?.into_iter().map(|(rec, _)| rec).collect())
}

/// What stands at the ends of paths from these records, in one statement, as far as the caller may see
/// it: a record that he may not see is not there, and a path over one ends in nothing.
pub(crate) async fn ends(
    tx: &mut Tx,
    meta: &Arc<Meta>,
    ids: &[AnyId],
    paths: &[Vec<FieldRef>],
) -> Result<HashMap<AnyId, Vec<Value>>> {
    if paths.is_empty() {
        return Ok(HashMap::new());
    }
    let registry = tx.registry().clone();
    let rows = seen_with(tx, meta, ids, |writer, _| {
        let plan = Plan::of(writer, meta, &[], Sight::Own)?;
        let columns = paths.iter().map(|path| Ok(writer.path(path, Sight::Own)?.0));
        Ok((plan, Beside { columns: columns.collect::<Result<_>>()?, row: None }))
    });
    let value = |path: &Vec<FieldRef>, cell: Cell| {
        let last = path.last().and_then(|last| registry.schema.field(&last.model, &last.field));
        last.map_or(Value::Null, |(_, field)| to_value(&field.kind, cell.held()))
    };
    let values = |cells: Vec<Cell>| paths.iter().zip(cells).map(|(p, c)| value(p, c)).collect();
    Ok(rows.await?.into_iter().map(|(rec, cells)| (rec.id, values(cells))).collect())
}

/// Reads what is asked for of the records of these ids that the caller may see, in one statement.
async fn seen_with(
    tx: &mut Tx,
    meta: &Arc<Meta>,
    ids: &[AnyId],
    what: impl FnOnce(&mut Writer<'_>, &Catalog) -> Result<(Plan, Beside)> + Send,
) -> Result<Vec<(Rec, Vec<Cell>)>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let registry = tx.registry().clone();
    let catalog = &registry.catalog;
    let document = permissions::document(&registry.schema, &meta.model);
    let rule = permissions::rows(tx.ctx(), document, Right::Read);
    let mut nodes = unstored_nodes(meta);
    nodes.push(&rule);
    let ambient = Ambient::of(tx, &nodes).await?;
    let mut writer = Writer::new(catalog, &ambient, meta);
    let (plan, beside) = what(&mut writer, catalog)?;
    let (open, close) = tx.dialect().in_array();
    let among = writer.own("id").lit(open).arg(sql::array(ids)).lit(close);
    let mut wanted = vec![among, writer.allowed(Right::Read)?];
    wanted.extend(own_company(&writer, meta));
    let joins = writer.joins();
    sql::page(tx, meta, &plan, &beside, &Way::Plain, &tail(&joins, &wanted)).await
}

/// Sets the computed fields that are not stored, of records that the caller may see: each as far as
/// he may see what it reads.
pub(crate) async fn computed(tx: &mut Tx, meta: &Arc<Meta>, recs: &mut [Rec]) -> Result<()> {
    if meta.unstored.is_empty() || recs.is_empty() {
        return Ok(());
    }
    let registry = tx.registry().clone();
    let ambient = Ambient::of(tx, &unstored_nodes(meta)).await?;
    let mut writer = Writer::new(&registry.catalog, &ambient, meta);
    let plan = Plan::of(&mut writer, meta, &meta.unstored, Sight::Own)?;
    let ids: Vec<AnyId> = recs.iter().map(|rec| rec.id).collect();
    let (open, close) = tx.dialect().in_array();
    let among = writer.own("id").lit(open).arg(sql::array(&ids)).lit(close);
    let joins = writer.joins();
    let alone = Beside::default();
    let rows = sql::page(tx, meta, &plan, &alone, &Way::Plain, &tail(&joins, &[among])).await?;
    let mut found: HashMap<AnyId, Rec> = rows.into_iter().map(|(rec, _)| (rec.id, rec)).collect();
    for rec in recs {
        let Some(mut row) = found.remove(&rec.id) else { continue };
        for at in &meta.unstored {
            rec.values[*at] = std::mem::take(&mut row.values[*at]);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_back_by_its_own_question_only() {
        let keys = vec![Cell::Text("Łódź".into()), Cell::Null, Cell::Int(i64::MAX)];
        let cursor = write_cursor(&keys, "m");
        assert_eq!(read_cursor(&cursor, "m", 3).unwrap(), keys);
        for (cursor, mark, keys) in [
            (cursor.as_str(), "n", 3),
            (&cursor, "m", 2),
            ("zz", "m", 3),
            ("5b", "m", 3),
            ("é", "m", 1),
        ] {
            assert!(read_cursor(cursor, mark, keys).is_err(), "{cursor} {mark} {keys}");
        }
    }
}
