//! Whether the database is as the last change left it. What every object was is kept beside the
//! data, so a column, an index or a trigger that somebody added, took away or replaced behind the
//! program's back is named.

use std::collections::BTreeMap;

use fondaco_schema::Tables;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::indexes;
use crate::db::Sql;
use crate::error::Result;
use crate::model::migrate;
use crate::tx::Tx;

/// Where it is kept in `meta`.
pub(crate) const CATALOG: &str = "catalog";

/// Every object of the database with a digest of what it is.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Catalog {
    /// The kernel's own steps that were done.
    steps: Vec<String>,
    objects: BTreeMap<String, Object>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Object {
    table: String,
    digest: String,
}

/// Keeps how the database is now, as the last step of a change.
pub(crate) async fn keep(tx: &mut Tx) -> Result<()> {
    let now = read(tx).await?;
    migrate::keep(tx, CATALOG, &now).await
}

/// An index that was built after the change itself is as it should be from now on.
pub(super) async fn learn(tx: &mut Tx, index: &str) -> Result<()> {
    let Some(mut known) = migrate::kept::<Catalog>(tx, CATALOG).await? else { return Ok(()) };
    let now = read(tx).await?;
    let own = now.objects.into_iter().filter(|(name, _)| is_index(name, index));
    known.objects.extend(own);
    migrate::keep(tx, CATALOG, &known).await
}

fn is_index(object: &str, index: &str) -> bool {
    object.strip_prefix("index ").is_some_and(|rest| rest.split(" of ").next() == Some(index))
}

/// What differs from how the last change left it, one sentence each; nothing where that was not kept.
pub(super) async fn drift(tx: &mut Tx, applied: &Tables) -> Result<Vec<String>> {
    let Some(mut before) = migrate::kept::<Catalog>(tx, CATALOG).await? else {
        return Ok(Vec::new());
    };
    let mut now = read(tx).await?;
    if before.steps != now.steps {
        // A newer program has changed the kernel's own tables since, as it may.
        let of_model = |_: &String, object: &mut Object| applied.tables.contains_key(&object.table);
        before.objects.retain(of_model);
        now.objects.retain(of_model);
    }
    let mut found = Vec::new();
    for (name, object) in &before.objects {
        match now.objects.get(name) {
            None => found.push(format!("{name} is gone")),
            Some(other) if other.digest != object.digest => {
                found.push(format!("{name} is not what it was"));
            }
            Some(_) => {}
        }
    }
    // What is being built may be there by half.
    let unbuilt = indexes::unbuilt(tx).await?;
    let is_unbuilt = |name: &str| unbuilt.iter().any(|index| is_index(name, &index.name));
    let new = now.objects.keys().filter(|name| !before.objects.contains_key(*name));
    let new = new.filter(|name| !is_unbuilt(name));
    found.extend(new.map(|name| format!("{name} was added")));
    Ok(found)
}

async fn read(tx: &mut Tx) -> Result<Catalog> {
    let steps = tx.rows(Sql::text("select name from migration order by name")).await?;
    let rows = tx.rows(Sql::text(tx.dialect().catalog())).await?;
    let objects = rows.iter().map(|row| {
        let (kind, name, table, text) = (row.str(0), row.str(1), row.str(2), row.str(3));
        let on = if kind == "table" { String::new() } else { format!(" of {table}") };
        let digest = Sha256::digest(text.as_bytes());
        let digest: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        (format!("{kind} {name}{on}"), Object { table: table.to_owned(), digest })
    });
    Ok(Catalog {
        steps: steps.iter().map(|row| row.str(0).to_owned()).collect(),
        objects: objects.collect(),
    })
}
