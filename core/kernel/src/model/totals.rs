//! Figures over many records: how many there are and what they come to, whole, by the values of a
//! field, or of two fields across each other. It looks at a given number of rows at most and says when there are more.
//! Not here: the records themselves (`query`).

use std::collections::HashMap;
use std::sync::Arc;

use fondaco_schema::expr::FieldRef;
use fondaco_schema::{Field, Kind};
use fondaco_values::{AnyId, Decimal, Value, limits};

use super::catalog::{Catalog, Meta};
use super::cells::to_value;
use super::compute::{Ambient, unstored_nodes};
use super::query::{self, Select};
use super::sql::{self, Sight, Way, Writer};
use crate::db::Sql;
use crate::permissions::{self, Right};
use crate::{Error, Result, Tx};

/// What a caller asks for.
#[derive(Clone, Debug, Default)]
pub struct Totals {
    /// A condition in the expression language.
    pub filter: Option<String>,
    /// Words that must all be found.
    pub search: Option<String>,
    /// A field whose values tell the groups apart; days count by their month, or by what stands behind
    /// the name of the field: `ordered_on.quarter`, `ordered_on.year`.
    pub by: Option<String>,
    /// A second one, so that there is a group for each pair of values.
    pub across: Option<String>,
    /// Number fields to be summed up.
    pub sums: Vec<String>,
    /// Rows that are looked at; `None` = as many as a grouped list may have.
    pub rows_max: Option<usize>,
}

/// The figures, and whether there are more rows than were looked at: then they are nobody's.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Summed {
    pub groups: Vec<Group>,
    pub capped: bool,
}

/// The figures of one value, in one currency.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Group {
    pub value: Value,
    /// The name of the record that the value leads to.
    pub title: Option<String>,
    /// The same of the second field.
    pub across: Value,
    pub across_title: Option<String>,
    /// Where money is summed up: amounts of several currencies are never added.
    pub currency: Option<AnyId>,
    pub count: usize,
    /// In the order of the fields; `None` where no record has a number.
    pub sums: Vec<Option<Decimal>>,
}

/// The fields of a question, checked: the caller may read each.
struct Asked {
    by: Option<Key>,
    across: Option<Key>,
    currency: Option<usize>,
    sums: Vec<usize>,
}

/// A field that tells groups apart.
#[derive(Clone, Copy, Debug)]
struct Key {
    at: usize,
    span: Span,
}

/// How days count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    Month,
    Quarter,
    Year,
}

impl Span {
    pub const ALL: [(&'static str, Span); 3] =
        [("month", Span::Month), ("quarter", Span::Quarter), ("year", Span::Year)];

    /// The field and how its days count.
    pub fn read(name: &str) -> (&str, Option<Span>) {
        let found = name.split_once('.').and_then(|(field, word)| {
            let (_, span) = Span::ALL.into_iter().find(|(own, _)| *own == word)?;
            Some((field, span))
        });
        found.map_or((name, None), |(field, span)| (field, Some(span)))
    }
}

pub(crate) async fn totals(tx: &mut Tx, meta: &Arc<Meta>, wanted: &Totals) -> Result<Summed> {
    let registry = tx.registry().clone();
    let catalog = &registry.catalog;
    let asked = asked(tx, catalog, meta, wanted)?;
    let filter = match wanted.filter.as_deref().map(str::trim).filter(|text| !text.is_empty()) {
        Some(text) => Some(catalog.filter(&meta.model, text)?),
        None => None,
    };
    let document = permissions::document(&registry.schema, &meta.model);
    let rule = permissions::rows(tx.ctx(), document, Right::Read);
    let mut nodes = unstored_nodes(meta);
    nodes.extend(filter.as_ref().map(|expr| &expr.node).into_iter().chain([&rule]));
    let ambient = Ambient::of(tx, &nodes).await?;
    if let Some(filter) = &filter {
        query::may_ask(&ambient.ctx, catalog, filter.reads().into_iter())?;
    }
    let mut writer = Writer::new(catalog, &ambient, meta);
    let columns = columns(&mut writer, meta, &asked)?;
    let mut conditions = vec![writer.allowed(Right::Read)?];
    conditions.extend(query::own_company(&writer, meta));
    if let Some(filter) = &filter {
        conditions.push(writer.condition(&filter.node, Sight::Own)?);
    }
    let mut way = Way::Plain;
    if let Some(search) = query::search(&mut writer, catalog, meta, wanted.search.as_deref())? {
        conditions.push(search.condition.clone());
        way = search.way(tx).await?;
    }
    let joins = writer.joins();
    let tail = query::tail(&joins, &conditions);
    let most = wanted.rows_max.unwrap_or(limits::GROUP_ROWS_MAX);
    let keys = asked.keys().count() + usize::from(asked.currency.is_some());
    let rows = sql::summed(tx, meta, &way, (&columns, keys), (&tail, most + 1)).await?;
    let groups: Vec<Group> = rows.into_iter().map(|cells| group(meta, &asked, cells)).collect();
    let all: usize = groups.iter().map(|group| group.count).sum();
    let mut summed = Summed { groups, capped: all > most };
    name(tx, meta, &asked, &mut summed).await?;
    Ok(summed)
}

fn asked(tx: &Tx, catalog: &Catalog, meta: &Arc<Meta>, wanted: &Totals) -> Result<Asked> {
    let schema = catalog.schema();
    let readable = |field: &Field| permissions::may_read_field(tx.ctx(), schema, field);
    let find = |place: &str, name: &str, fits: &dyn Fn(&Field) -> bool| {
        let found = meta.model.fields.get_full(name);
        let found = found.filter(|(_, _, field)| readable(field) && fits(field));
        let message = format!("There is no field {name} for this.");
        found.map(|(at, _, _)| at).ok_or_else(|| Error::problem(place, "unknown_field", message))
    };
    let groups = |field: &Field| field.has_column() && !field.kind.is_json();
    let key = |place: &str, name: &Option<String>| -> Result<Option<Key>> {
        let Some(name) = name else { return Ok(None) };
        let (name, span) = Span::read(name);
        let fits =
            |field: &Field| groups(field) && (span.is_none() || matches!(field.kind, Kind::Date));
        Ok(Some(Key { at: find(place, name, &fits)?, span: span.unwrap_or(Span::Month) }))
    };
    let (by, across) = (key("by", &wanted.by)?, key("across", &wanted.across)?);
    let adds = |field: &Field| field.has_column() && field.kind.is_number();
    let sums = wanted.sums.iter().map(|name| find("sums", name, &adds));
    let sums = sums.collect::<Result<Vec<usize>>>()?;
    let is_money = |at: &usize| matches!(meta.model.fields[*at].kind, Kind::Money);
    let leads = |field: &Field| field.kind.target() == Some("currency") && groups(field);
    let currency = sums.iter().any(is_money).then(|| find("", "currency", &leads).ok()).flatten();
    Ok(Asked { by, across, currency, sums })
}

impl Asked {
    fn keys(&self) -> impl Iterator<Item = Key> {
        self.by.into_iter().chain(self.across)
    }
}

/// The keys of the groups, then what is summed up.
fn columns(writer: &mut Writer<'_>, meta: &Meta, asked: &Asked) -> Result<Vec<Sql>> {
    let mut columns = Vec::new();
    let keys = asked.keys().map(|key| (key.at, Some(key.span)));
    let plain = asked.currency.into_iter().chain(asked.sums.iter().copied());
    for (at, span) in keys.chain(plain.map(|at| (at, None))) {
        let path: [FieldRef; 1] = [sql::field_ref(meta, at)];
        let (column, _) = writer.path(&path, Sight::Own)?;
        columns.push(match (&meta.model.fields[at].kind, span) {
            (Kind::Date, Some(span)) => counted_by(span, column),
            _ => column,
        });
    }
    Ok(columns)
}

/// A day as its month (2026-03), quarter (2026-Q1) or year.
fn counted_by(span: Span, day: Sql) -> Sql {
    match span {
        Span::Month => Sql::new().lit("substr(").append(day).lit(", 1, 7)"),
        Span::Year => Sql::new().lit("substr(").append(day).lit(", 1, 4)"),
        Span::Quarter => {
            let year = Sql::new().lit("substr(").append(day.clone()).lit(", 1, 4)");
            let month = Sql::new().lit("substr(").append(day).lit(", 6, 2)");
            let quarter = Sql::new().lit("((cast(").append(month).lit(" as integer) + 2) / 3)");
            year.lit(" || '-Q' || cast(").append(quarter).lit(" as text)")
        }
    }
}

fn group(meta: &Meta, asked: &Asked, cells: Vec<crate::db::Cell>) -> Group {
    let mut cells = cells.into_iter();
    let mut read = |kind: &Kind| {
        to_value(kind, cells.next().as_ref().map_or(crate::db::Held::Null, crate::db::Cell::held))
    };
    let mut key = |key: Option<Key>| {
        key.map_or(Value::Null, |key| match &meta.model.fields[key.at].kind {
            // A month, such as 2026-03.
            Kind::Date => read(&Kind::Text),
            kind => read(kind),
        })
    };
    let (value, across) = (key(asked.by), key(asked.across));
    let currency = asked.currency.and_then(|at| read(&meta.model.fields[at].kind).as_link());
    let count = read(&Kind::Integer).as_int().unwrap_or_default();
    let sums = asked.sums.iter().map(|at| read(&meta.model.fields[*at].kind).as_decimal());
    let sums = sums.collect();
    let count = usize::try_from(count).unwrap_or_default();
    Group { value, title: None, across, across_title: None, currency, count, sums }
}

/// Groups of linked records are called as these are, as far as the caller may see them.
async fn name(tx: &mut Tx, meta: &Meta, asked: &Asked, summed: &mut Summed) -> Result<()> {
    let target = |key: Option<Key>| key.and_then(|key| meta.model.fields[key.at].kind.target());
    if let Some(target) = target(asked.by) {
        let ids = summed.groups.iter().filter_map(|group| group.value.as_link());
        let names = names(tx, target, ids.collect()).await?;
        for group in &mut summed.groups {
            group.title = group.value.as_link().and_then(|id| names.get(&id).cloned());
        }
    }
    if let Some(target) = target(asked.across) {
        let ids = summed.groups.iter().filter_map(|group| group.across.as_link());
        let names = names(tx, target, ids.collect()).await?;
        for group in &mut summed.groups {
            group.across_title = group.across.as_link().and_then(|id| names.get(&id).cloned());
        }
    }
    Ok(())
}

async fn names(tx: &mut Tx, target: &str, mut ids: Vec<AnyId>) -> Result<HashMap<AnyId, String>> {
    ids.sort_unstable();
    ids.dedup();
    let registry = tx.registry().clone();
    let target = registry.catalog.meta(target)?;
    let show = Select { fields: vec![target.model.title.clone()], expand: Vec::new() };
    let found = query::many(tx, target, &ids, &show).await?;
    Ok(found.iter().map(|rec| (rec.id, rec.title())).collect())
}
