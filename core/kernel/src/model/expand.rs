//! What is shown with records: tags and many links, lines, linked records, and the names of what
//! lines link to. One statement for each relation, never one for each row.
//! Not here: the records themselves (`query`).

use std::collections::HashMap;
use std::sync::Arc;

use fondaco_schema::Kind;
use fondaco_values::{AnyId, Value};

use super::catalog::Meta;
use super::query::{chosen, computed, is_titled, seen, shown as indexes};
use super::sql;
use crate::record::Rec;
use crate::{Error, Result, Tx};

/// Adds to records that the caller may see what he asks to see with them.
pub(crate) async fn shown(
    tx: &mut Tx,
    meta: &Arc<Meta>,
    recs: &mut [Rec],
    names: &[String],
) -> Result<()> {
    if recs.is_empty() {
        return Ok(());
    }
    for at in &meta.many {
        if recs[0].shows(*at) {
            sql::many(tx, meta, *at, recs).await?;
        }
    }
    let mut heads: Vec<(&str, Vec<String>)> = Vec::new();
    for name in names {
        let (head, rest) = name.split_once('.').unwrap_or((name, ""));
        let place = match heads.iter().position(|(known, _)| *known == head) {
            Some(place) => place,
            None => {
                heads.push((head, Vec::new()));
                heads.len() - 1
            }
        };
        if !rest.is_empty() {
            heads[place].1.push(rest.to_owned());
        }
    }
    for (head, rest) in heads {
        let unknown =
            || Error::problem("expand", "unknown_field", format!("There is no field {head}."));
        let all = chosen_of(tx, meta)?;
        let at = meta.model.field_index(head).filter(|at| all.contains(at)).ok_or_else(unknown)?;
        match &meta.model.fields[at].kind {
            Kind::Lines { .. } => lines(tx, meta, recs, at, &rest).await?,
            Kind::Link { .. } | Kind::Links { .. } | Kind::File => {
                linked(tx, meta, recs, at, &rest).await?;
            }
            _ => return Err(unknown()),
        }
    }
    Ok(())
}

/// Every field that the caller may read, lines included.
fn chosen_of(tx: &Tx, meta: &Meta) -> Result<Vec<usize>> {
    let registry = tx.registry();
    let schema = registry.catalog.schema();
    let fields = meta.model.fields.values().enumerate();
    let readable = fields.filter(|(_, f)| crate::permissions::may_read_field(tx.ctx(), schema, f));
    Ok(readable.map(|(at, _)| at).collect())
}

async fn lines(
    tx: &mut Tx,
    meta: &Arc<Meta>,
    recs: &mut [Rec],
    at: usize,
    rest: &[String],
) -> Result<()> {
    let Some(of) = meta.lines_of(at) else { return Ok(()) };
    let ids: Vec<AnyId> = recs.iter().map(|rec| rec.id).collect();
    let mut below = sql::children(tx, &of.child, of.by, &ids).await?;
    for many in &of.child.many {
        sql::many(tx, &of.child, *many, &mut below).await?;
    }
    computed(tx, &of.child, &mut below).await?;
    let registry = tx.registry().clone();
    let fields = chosen(tx.ctx(), &registry.catalog, &of.child, &[])?;
    let visible: Arc<[usize]> = indexes(&of.child, &fields).into();
    for line in &mut below {
        line.shown = Some(visible.clone());
        for at in 0..line.values.len() {
            if !visible.contains(&at) && at != of.by {
                line.values[at] = Value::Null;
            }
        }
    }
    titles(tx, &of.child, &mut below, &fields, of.by).await?;
    if !rest.is_empty() {
        Box::pin(shown(tx, &of.child, &mut below, rest)).await?;
    }
    sql::deal(recs, at, of.by, below);
    for rec in recs.iter_mut().filter(|rec| !rec.shows(at)) {
        let with: Option<Arc<[usize]>> =
            rec.shown.as_ref().map(|shown| shown.iter().copied().chain([at]).collect());
        rec.shown = with;
    }
    Ok(())
}

/// The names of what the records link to, one statement a link.
async fn titles(
    tx: &mut Tx,
    meta: &Arc<Meta>,
    recs: &mut [Rec],
    fields: &[usize],
    parent: usize,
) -> Result<()> {
    let registry = tx.registry().clone();
    for at in fields.iter().copied().filter(|at| *at != parent && is_titled(meta, *at)) {
        let Some(target) = meta.model.fields[at].kind.target() else { continue };
        let target = registry.catalog.meta(target)?;
        let Some(title) = target.model.field_index(&target.model.title) else { continue };
        let ids = ids_in(recs, at);
        let names: HashMap<AnyId, String> = seen(tx, target, &ids, &[title])
            .await?
            .iter()
            .map(|rec| (rec.id, rec.title()))
            .collect();
        for rec in recs.iter_mut() {
            let name = rec.values[at].as_link().and_then(|id| names.get(&id));
            if let Some(name) = name {
                let name = name.clone();
                rec.titles.push((at, name));
            }
        }
    }
    Ok(())
}

async fn linked(
    tx: &mut Tx,
    meta: &Arc<Meta>,
    recs: &mut [Rec],
    at: usize,
    rest: &[String],
) -> Result<()> {
    let registry = tx.registry().clone();
    let Some(target) = meta.model.fields[at].kind.target() else { return Ok(()) };
    let target = registry.catalog.meta(target)?;
    let fields = chosen(tx.ctx(), &registry.catalog, target, &[])?;
    let mut found = seen(tx, target, &ids_in(recs, at), &fields).await?;
    Box::pin(shown(tx, target, &mut found, rest)).await?;
    let found: HashMap<AnyId, Rec> = found.into_iter().map(|rec| (rec.id, rec)).collect();
    for rec in recs {
        let ids = links_of(&rec.values[at]);
        let own = ids.iter().filter_map(|id| found.get(id)).cloned().collect();
        rec.expanded.push((at, own));
    }
    Ok(())
}

fn links_of(value: &Value) -> Vec<AnyId> {
    match value {
        Value::Link(id) => vec![*id],
        Value::List(items) => items.iter().filter_map(Value::as_link).collect(),
        _ => Vec::new(),
    }
}

fn ids_in(recs: &[Rec], at: usize) -> Vec<AnyId> {
    let mut ids: Vec<AnyId> = recs.iter().flat_map(|rec| links_of(&rec.values[at])).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}
