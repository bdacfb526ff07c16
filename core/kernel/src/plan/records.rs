//! Records of data files that a change would make, and those that are written otherwise now.
//! Not here: sowing them (`seeds`).

use std::collections::{BTreeMap, HashSet};

use fondaco_schema::{Schema, Subject, What};

use super::Change;
use crate::db::{Cell, Sql};
use crate::error::Result;
use crate::seeds::{self, Seed};
use crate::tx::Tx;

/// The company that the records themselves will make.
const NOWHERE: i64 = -1;
/// Keys named in one change before the rest is only counted.
const NAMED_MAX: usize = 8;

/// One change for each model of which records would be made, and one for each record that the files
/// describe otherwise than those applied last.
pub(super) async fn changes(
    tx: &mut Tx,
    fresh: bool,
    schema: &Schema,
    (described, seeds): (&[Seed], &[Seed]),
) -> Result<Vec<Change>> {
    let companies = if fresh { Vec::new() } else { companies(tx).await? };
    let mut models: BTreeMap<&str, Vec<&Seed>> = BTreeMap::new();
    for seed in seeds {
        models.entry(seed.model()).or_default().push(seed);
    }
    let mut changes = Vec::new();
    for (name, seeds) in models {
        let shared = schema.model(name).is_none_or(|model| model.shared);
        let places: Vec<(i64, Option<String>)> =
            if shared { vec![(0, None)] } else { companies.clone() };
        let places = if places.is_empty() { vec![(NOWHERE, None)] } else { places };
        let mut new: Vec<String> = Vec::new();
        for (at, (company, key)) in places.iter().enumerate() {
            let known = known(tx, name, *company, &seeds).await?;
            let here = |seed: &&&Seed| shared || seed.is_for(key.as_deref(), at == 0);
            let missing = seeds.iter().filter(here).filter(|seed| !known.contains(seed.key()));
            new.extend(missing.map(|seed| seed.key().to_owned()));
        }
        if !new.is_empty() {
            changes.push(made(name, &new));
        }
    }
    changes.extend(changed(schema, described, seeds));
    Ok(changes)
}

fn made(model: &str, keys: &[String]) -> Change {
    let named = keys.iter().take(NAMED_MAX).map(String::as_str).collect::<Vec<_>>().join(", ");
    let more = keys.len().saturating_sub(NAMED_MAX);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let text = format!("{} to be made: {named}{more}", keys.len());
    Change::safe(Subject::Record, model, What::Added).note(text)
}

/// Records that are in both sets of files, with other fields.
fn changed(schema: &Schema, described: &[Seed], seeds: &[Seed]) -> Vec<Change> {
    let pairs = seeds::pairs(described, seeds);
    let changes = pairs.into_iter().filter_map(|(old, new)| {
        let fields = new.fields_other_than(old, schema);
        let name = format!("{} {}", new.model(), new.key());
        let text = format!("{}, where nobody has changed it since", fields.join(", "));
        let change = Change::safe(Subject::Record, &name, What::Changed).note(text);
        (!fields.is_empty()).then_some(change)
    });
    changes.collect()
}

async fn companies(tx: &mut Tx) -> Result<Vec<(i64, Option<String>)>> {
    let sql = Sql::text(
        "select c.id, k.key from company as c \
         left join external_key as k on k.model = 'company' and k.record = c.id order by c.id",
    );
    let rows = tx.rows(sql).await?;
    Ok(rows.iter().map(|row| (row.int(0), row.opt_str(1).map(str::to_owned))).collect())
}

async fn known(tx: &mut Tx, model: &str, company: i64, seeds: &[&Seed]) -> Result<HashSet<String>> {
    let keys = seeds.iter().map(|seed| seed.key().to_owned()).collect();
    let (open, close) = tx.dialect().in_array();
    let sql = Sql::new()
        .lit("select key from external_key where model = ")
        .arg(model)
        .lit(" and company = ")
        .arg(company)
        .lit(" and key")
        .lit(open)
        .arg(Cell::Texts(keys))
        .lit(close);
    Ok(tx.rows(sql).await?.iter().map(|row| row.str(0).to_owned()).collect())
}
