//! Where the databases differ, and nothing else. Everything not here is written once.

use super::Sql;
use crate::error::Result;
use crate::tx::Tx;

/// The engine that a statement is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    Postgres,
}

impl Dialect {
    /// `column in (…)` over a whole array bound as one value (JSON text on SQLite).
    pub(crate) fn in_array(self) -> (&'static str, &'static str) {
        match self {
            Dialect::Sqlite => (" in (select value from json_each(", "))"),
            Dialect::Postgres => (" = any(", ")"),
        }
    }

    /// The type of every number, truth and instant.
    pub(crate) fn integer(self) -> &'static str {
        match self {
            Dialect::Sqlite => " integer",
            Dialect::Postgres => " bigint",
        }
    }

    /// Ends a table; SQLite is told to mind its types.
    pub(crate) fn end_of_table(self) -> &'static str {
        match self {
            Dialect::Sqlite => ") strict",
            Dialect::Postgres => ")",
        }
    }

    /// After a column of an index, so that it serves the order in which nulls are the smallest.
    pub(crate) fn nulls_of_index(self) -> &'static str {
        match self {
            Dialect::Sqlite => "",
            Dialect::Postgres => " nulls first",
        }
    }

    /// Joins a table to few rows that are looked up in it one by one; SQLite is told the order.
    pub(crate) fn look_up_in(self) -> &'static str {
        match self {
            Dialect::Sqlite => " cross join ",
            Dialect::Postgres => " join ",
        }
    }

    /// Appended to a claim of rows that several servers may race for.
    pub(crate) fn skip_locked(self) -> &'static str {
        match self {
            Dialect::Sqlite => "",
            Dialect::Postgres => " for update skip locked",
        }
    }

    /// Where a transaction stands in the order of commits: those that are under way later stand behind.
    pub(crate) fn place(self) -> &'static str {
        match self {
            Dialect::Sqlite => "(select coalesce(max(place), 0) + 1 from told)",
            Dialect::Postgres => "cast(cast(pg_current_xact_id() as text) as bigint)",
        }
    }

    /// From here on places may come, or may not be seen yet.
    pub(crate) fn open_place(self) -> &'static str {
        match self {
            Dialect::Sqlite => "(select coalesce(max(place), 0) + 1 from told)",
            Dialect::Postgres => {
                "cast(cast(pg_snapshot_xmin(pg_current_snapshot()) as text) as bigint)"
            }
        }
    }

    /// Every object of the database: kind, name, table and a text that says what it is.
    pub(crate) fn catalog(self) -> &'static str {
        match self {
            Dialect::Sqlite => {
                "select type, name, tbl_name, coalesce(sql, '') from sqlite_schema \
                 where name not like 'sqlite\\_%' escape '\\'"
            }
            Dialect::Postgres => {
                "with ours as (select oid, cast(relname as text) as name, relkind from pg_class \
                 where relnamespace = current_schema()::regnamespace) \
                 select 'table', o.name, o.name, string_agg(a.attname || ' ' || \
                 format_type(a.atttypid, a.atttypmod), ', ' order by a.attnum) from ours as o \
                 join pg_attribute as a on a.attrelid = o.oid and a.attnum > 0 \
                 and not a.attisdropped where o.relkind = 'r' group by o.name \
                 union all select 'index', cast(indexname as text), cast(tablename as text), \
                 indexdef from pg_indexes where schemaname = current_schema() \
                 union all select 'trigger', cast(t.tgname as text), o.name, \
                 cast(t.tgenabled as text) || ' ' || pg_get_triggerdef(t.oid) from pg_trigger as t \
                 join ours as o on o.oid = t.tgrelid where not t.tgisinternal \
                 union all select 'rule', cast(c.conname as text), o.name, \
                 pg_get_constraintdef(c.oid) from pg_constraint as c \
                 join ours as o on o.oid = c.conrelid where c.contype in ('f', 'c') \
                 union all select 'policy', cast(p.polname as text), o.name, \
                 coalesce(pg_get_expr(p.polqual, p.polrelid), '') from pg_policy as p \
                 join ours as o on o.oid = p.polrelid where p.polname <> 'fondaco_company'"
            }
        }
    }

    /// Rows that refer to nothing: their table, the other one, how many. `None` where the engine
    /// itself sees to it at all times.
    pub(crate) fn broken_references(self) -> Option<&'static str> {
        match self {
            Dialect::Sqlite => Some(
                "select \"table\", parent, count(*) from pragma_foreign_key_check \
                 group by \"table\", parent",
            ),
            Dialect::Postgres => None,
        }
    }
}

/// The engine and its version, for people.
pub(crate) async fn engine_version(tx: &mut Tx) -> Result<String> {
    let sql = match tx.dialect() {
        Dialect::Sqlite => Sql::text("select 'SQLite ' || sqlite_version()"),
        Dialect::Postgres => Sql::text("select 'PostgreSQL ' || current_setting('server_version')"),
    };
    Ok(tx.row(sql).await?.map_or_else(String::new, |row| row.str(0).to_owned()))
}
