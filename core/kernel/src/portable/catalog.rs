//! Which tables a database has, as the engine itself knows it: the kernel's own, those of the models,
//! and what earlier changes put aside. What an engine keeps for itself (indexes of
//! words) is left out, what says who is at work on this one database, and the secrets of plugins, which are
//! entered anew.

use super::{Column, Kind};
use crate::db::{Dialect, Row, Sql};
use crate::error::{Error, Result};
use crate::tx::Tx;

/// A table as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Live {
    pub(super) name: String,
    pub(super) columns: Vec<Column>,
    pub(super) key: Vec<String>,
}

/// Every table, by name; columns by name, so that the order in which they were added does not count.
pub(super) async fn tables(tx: &mut Tx) -> Result<Vec<Live>> {
    let sql = match tx.dialect() {
        Dialect::Sqlite => Sql::text(
            "select t.name, c.name, c.type, c.pk from pragma_table_list t \
             join pragma_table_info(t.name) c where t.schema = 'main' and t.type = 'table' \
             and t.name not like 'sqlite~_%' escape '~' \
             and t.name not in ('migration', 'process', 'told', 'plugin_secret') \
             order by t.name, c.name",
        ),
        Dialect::Postgres => Sql::text(
            "select cast(t.relname as text), cast(c.attname as text), \
             format_type(c.atttypid, c.atttypmod), cast(coalesce(array_position(\
             cast(string_to_array(cast(k.indkey as text), ' ') as integer[]), \
             cast(c.attnum as integer)), 0) as bigint) from pg_class t \
             join pg_attribute c on c.attrelid = t.oid and c.attnum > 0 and not c.attisdropped \
             left join pg_index k on k.indrelid = t.oid and k.indisprimary \
             where t.relkind = 'r' and t.relnamespace = cast(current_schema() as regnamespace) \
             and t.relname not in ('migration', 'process', 'told', 'plugin_secret', \
             'ledger_gate', 'fondaco_gate') \
             order by cast(t.relname as text), cast(c.attname as text)",
        ),
    };
    let mut found: Vec<(Live, Vec<(i64, String)>)> = Vec::new();
    for row in tx.rows(sql).await? {
        let column = Column { name: row.str(1).to_owned(), kind: kind(&row)? };
        if found.last().is_none_or(|(table, _)| table.name != row.str(0)) {
            let name = row.str(0).to_owned();
            found.push((Live { name, columns: Vec::new(), key: Vec::new() }, Vec::new()));
        }
        let Some((table, key)) = found.last_mut() else { continue };
        if row.int(3) > 0 {
            key.push((row.int(3), column.name.clone()));
        }
        table.columns.push(column);
    }
    found.into_iter().map(|(table, key)| with_key(table, key)).collect()
}

fn kind(row: &Row) -> Result<Kind> {
    match row.str(2).to_ascii_lowercase().as_str() {
        "integer" | "bigint" => Ok(Kind::Integer),
        "text" => Ok(Kind::Text),
        "blob" | "bytea" => Ok(Kind::Bytes),
        other => Err(Error::Startup(format!(
            "{}.{} is {other:?}; a table of the house holds integers, texts and bytes",
            row.str(0),
            row.str(1)
        ))),
    }
}

fn with_key(mut table: Live, mut key: Vec<(i64, String)>) -> Result<Live> {
    key.sort();
    table.key = key.into_iter().map(|(_, name)| name).collect();
    match table.key.is_empty() {
        true => Err(Error::Startup(format!("the table {} has no primary key", table.name))),
        false => Ok(table),
    }
}

/// The steps of the kernel's own tables that were done.
pub(super) async fn steps(tx: &mut Tx) -> Result<Vec<String>> {
    let sql = Sql::text("select name from migration where name like '0%' order by name");
    Ok(tx.rows(sql).await?.iter().map(|row| row.str(0).to_owned()).collect())
}
