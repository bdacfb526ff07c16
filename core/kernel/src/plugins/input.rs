//! What a plugin is told: the fields that its hook selects, of the records of a whole batch; paths over
//! links are read in one statement a link, however many records there are, with the plugin's rights.
//! What a caller may not see at the end of a path is null, as everywhere.

use std::collections::HashMap;
use std::sync::Arc;

use fondaco_schema::expr::FieldRef;
use fondaco_schema::plugin::{Hook, Want};
use fondaco_schema::{Kind, Schema};
use fondaco_values::{AnyId, Value};

use super::rights::need;
use super::talk::{Entity, Failed, Failure, Fields, Installed, Row, Word};
use crate::model::{self, Meta};
use crate::ports::credit::Standing;
use crate::record::Rec;
use crate::records::{self, Query, Select};
use crate::{Error, Result, Tx};

/// Records of a plugin's own model that are told beside the one that it is asked about.
const BESIDE_MAX: usize = 200;

/// A selection, sorted by where it is read.
struct Selection<'s> {
    own: Vec<&'s str>,
    paths: Paths<'s>,
    lines: Vec<OfLines<'s>>,
}

#[derive(Default)]
struct Paths<'s> {
    by_link: Vec<(&'s str, Beyond<'s>)>,
}

/// Paths beyond a link, each with its whole name.
type Beyond<'s> = Vec<(&'s str, Vec<FieldRef>)>;

struct OfLines<'s> {
    field: &'s str,
    meta: Arc<Meta>,
    own: Vec<&'s str>,
    paths: Paths<'s>,
}

/// The records as the hook wants to be told of them, in their order.
pub(super) async fn entities(
    tx: &mut Tx,
    plugin: &Installed,
    hook: &Hook,
    meta: &Arc<Meta>,
    recs: &[&Rec],
) -> Result<Word<Vec<Entity>>> {
    let selection = match selection(tx, plugin, hook, meta) {
        Ok(selection) => selection,
        Err(failure) => return Ok(Err(failure)),
    };
    let own = reached(tx, meta, recs, &selection.paths).await?;
    let mut below = Vec::new();
    for of in &selection.lines {
        let lines: Vec<&Rec> = recs.iter().flat_map(|rec| rec.lines(of.field)).collect();
        below.push(reached(tx, &of.meta, &lines, &of.paths).await?);
    }
    let told = recs.iter().map(|rec| {
        let lines = selection.lines.iter().zip(&below);
        let lines = lines.map(|(of, ends)| {
            let row = |line: &Rec| Row {
                id: line.id,
                fields: told(line, &of.own, &of.paths, ends, of.field.len() + 1),
            };
            (of.field.to_owned(), rec.lines(of.field).iter().map(row).collect())
        });
        Entity {
            model: meta.model.name.clone(),
            id: rec.id,
            version: rec.version,
            fields: told(rec, &selection.own, &selection.paths, &own, 0),
            lines: lines.collect(),
        }
    });
    let mut told: Vec<Entity> = told.collect();
    if let Some(link) = &hook.standing {
        if let Err(failure) = need(tx, plugin, Want::Standing) {
            return Ok(Err(failure));
        }
        for (entity, rec) in told.iter_mut().zip(recs) {
            entity.fields.extend(standing(tx, rec, link).await?);
        }
    }
    for (model, paths) in &hook.beside {
        match beside(tx, plugin, model, paths).await? {
            Ok(rows) => {
                told.iter_mut().for_each(|own| own.lines.push((model.clone(), rows.clone())))
            }
            Err(failure) => return Ok(Err(failure)),
        }
    }
    Ok(Ok(told))
}

/// All records of a model of the plugin's own, by id, as far as the caller may see them.
async fn beside(
    tx: &mut Tx,
    plugin: &Installed,
    model: &str,
    wanted: &[String],
) -> Result<Word<Vec<Row>>> {
    let registry = tx.registry().clone();
    let mut paths = Vec::new();
    for path in wanted {
        let found = match registry.schema.path(model, path) {
            Ok(found) => found,
            Err(message) => return Ok(Err(Failure::new(Failed::Unfit, message))),
        };
        for at in &found {
            if let Err(failure) = need(tx, plugin, Want::Read(&at.model, &at.field)) {
                return Ok(Err(failure));
            }
        }
        paths.push(found);
    }
    let select = Select { fields: vec!["id".to_owned()], expand: Vec::new() };
    let limit = Some(BESIDE_MAX + 1);
    let query = Query { sort: vec!["id".to_owned()], limit, show: select, ..Query::default() };
    let ids: Vec<AnyId> =
        records::list(tx, model, &query).await?.rows.iter().map(|rec| rec.id).collect();
    if ids.len() > BESIDE_MAX {
        let message = format!("there are more than {BESIDE_MAX} {model}, more than it is told of");
        return Ok(Err(Failure::new(Failed::Unfit, message)));
    }
    let ends = model::ends(tx, registry.catalog.meta(model)?, &ids, &paths).await?;
    let row = |id: &AnyId| Row {
        id: *id,
        fields: wanted.iter().cloned().zip(ends.get(id).cloned().unwrap_or_default()).collect(),
    };
    Ok(Ok(ids.iter().map(row).collect()))
}

/// Sorts what is selected, and refuses what the plugin may not read.
fn selection<'s>(
    tx: &Tx,
    plugin: &Installed,
    hook: &'s Hook,
    meta: &Arc<Meta>,
) -> Word<Selection<'s>> {
    let registry = tx.registry().clone();
    let schema = &registry.schema;
    let unfit = |message: String| Failure::new(Failed::Unfit, message);
    let mut found = Selection { own: Vec::new(), paths: Paths::default(), lines: Vec::new() };
    for path in &hook.select {
        let reads = schema.reading(&meta.model.name, path).map_err(unfit)?;
        for (model, field) in &reads {
            need(tx, plugin, Want::Read(model, field))?;
        }
        let (first, rest) = path.split_once('.').unwrap_or((path, ""));
        let child = meta.model.field_index(first).and_then(|at| meta.lines_of(at));
        let Some(of) = child else {
            sort(schema, meta, path, path, (&mut found.own, &mut found.paths)).map_err(unfit)?;
            continue;
        };
        let place = found.lines.iter().position(|lines| lines.field == first);
        let place = place.unwrap_or_else(|| {
            let (own, paths) = (Vec::new(), Paths::default());
            found.lines.push(OfLines { field: first, meta: of.child.clone(), own, paths });
            found.lines.len() - 1
        });
        let lines = &mut found.lines[place];
        sort(schema, &of.child, path, rest, (&mut lines.own, &mut lines.paths)).map_err(unfit)?;
    }
    Ok(found)
}

fn sort<'s>(
    schema: &Schema,
    meta: &Meta,
    whole: &'s str,
    path: &'s str,
    (own, paths): (&mut Vec<&'s str>, &mut Paths<'s>),
) -> std::result::Result<(), String> {
    let Some((link, rest)) = path.split_once('.') else {
        own.push(path);
        return Ok(());
    };
    let target = meta.model.field(link).and_then(|field| match &field.kind {
        Kind::Link { to } => Some(to.as_str()),
        _ => None,
    });
    let target = target.ok_or_else(|| format!("`{whole}`: {link} is no link"))?;
    let beyond = (whole, schema.path(target, rest)?);
    match paths.by_link.iter_mut().find(|(known, _)| *known == link) {
        Some((_, ends)) => ends.push(beyond),
        None => paths.by_link.push((link, vec![beyond])),
    }
    Ok(())
}

/// What stands at the ends of the paths, by link and linked record.
type Ends = Vec<HashMap<AnyId, Vec<Value>>>;

async fn reached(tx: &mut Tx, meta: &Meta, recs: &[&Rec], paths: &Paths<'_>) -> Result<Ends> {
    let registry = tx.registry().clone();
    let mut ends = Ends::new();
    for (link, beyond) in &paths.by_link {
        let to = meta.model.field(link).and_then(|field| field.kind.target());
        let to = to.ok_or_else(|| Error::internal(format!("{link} is no link")))?;
        let mut ids: Vec<AnyId> = recs.iter().filter_map(|rec| rec.get(link).as_link()).collect();
        ids.sort_unstable();
        ids.dedup();
        let paths: Vec<Vec<FieldRef>> = beyond.iter().map(|(_, path)| path.clone()).collect();
        ends.push(model::ends(tx, registry.catalog.meta(to)?, &ids, &paths).await?);
    }
    Ok(ends)
}

/// The fields of one record or line; names of paths lose so many letters of what is before them.
fn told(rec: &Rec, own: &[&str], paths: &Paths<'_>, ends: &Ends, before: usize) -> Fields {
    let mut fields: Fields =
        own.iter().map(|name| ((*name).to_owned(), rec.get(name).clone())).collect();
    for ((link, beyond), found) in paths.by_link.iter().zip(ends) {
        let values = rec.get(link).as_link().and_then(|id| found.get(&id));
        for (at, (whole, _)) in beyond.iter().enumerate() {
            let value = values.and_then(|values| values.get(at)).cloned().unwrap_or_default();
            fields.push((whole.get(before..).unwrap_or(whole).to_owned(), value));
        }
    }
    fields
}

/// How the party that a link leads to stands; nothing while nobody keeps the books.
async fn standing(tx: &mut Tx, rec: &Rec, link: &str) -> Result<Fields> {
    let party = rec.get(link).as_link();
    let (Some(credit), Some(party)) = (tx.ports().credit, party) else { return Ok(Vec::new()) };
    let Standing { limit, receivable, overdue, held } = credit.standing(tx, party.cast()).await?;
    let named = [
        ("standing.limit", limit.into()),
        ("standing.receivable", receivable.into()),
        ("standing.overdue", overdue.into()),
        ("standing.held", held.into()),
    ];
    Ok(named.into_iter().map(|(name, value): (&str, Value)| (name.to_owned(), value)).collect())
}

/// What a price step is told besides the price: paths from the product and from the party.
pub(super) async fn of_prices(
    tx: &mut Tx,
    plugin: &Installed,
    hook: &Hook,
    ids: &[(AnyId, Option<AnyId>)],
) -> Result<Word<Vec<Fields>>> {
    let registry = tx.registry().clone();
    let mut all: Vec<Fields> = vec![Vec::new(); ids.len()];
    for root in ["product", "party"] {
        let mut names = Vec::new();
        let mut paths = Vec::new();
        for path in &hook.select {
            let Some(rest) = path.strip_prefix(root).and_then(|rest| rest.strip_prefix('.')) else {
                continue;
            };
            let found = match registry.schema.path(root, rest) {
                Ok(found) => found,
                Err(message) => return Ok(Err(Failure::new(Failed::Unfit, message))),
            };
            for at in &found {
                if let Err(failure) = need(tx, plugin, Want::Read(&at.model, &at.field)) {
                    return Ok(Err(failure));
                }
            }
            names.push(path);
            paths.push(found);
        }
        let own = |(product, party): &(AnyId, Option<AnyId>)| match root {
            "product" => Some(*product),
            _ => *party,
        };
        if names.is_empty() {
            continue;
        }
        let mut wanted: Vec<AnyId> = ids.iter().filter_map(own).collect();
        wanted.sort_unstable();
        wanted.dedup();
        let ends = model::ends(tx, registry.catalog.meta(root)?, &wanted, &paths).await?;
        for (fields, ids) in all.iter_mut().zip(ids) {
            let values = own(ids).and_then(|id| ends.get(&id));
            for (at, name) in names.iter().enumerate() {
                let value = values.and_then(|values| values.get(at)).cloned().unwrap_or_default();
                fields.push(((*name).clone(), value));
            }
        }
    }
    Ok(Ok(all))
}
