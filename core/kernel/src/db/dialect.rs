//! Where the databases differ, and nothing else. Everything not here is written once.

/// The engine that a statement is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
}

impl Dialect {
    /// `column in (…)` over a whole array bound as one value (JSON text on SQLite).
    pub(crate) fn in_array(self) -> (&'static str, &'static str) {
        match self {
            Dialect::Sqlite => (" in (select value from json_each(", "))"),
        }
    }

    /// Appended to a claim of rows that several servers may race for.
    pub(crate) fn skip_locked(self) -> &'static str {
        match self {
            Dialect::Sqlite => "",
        }
    }

    /// Every object of the database: kind, name, table and a text that says what it is.
    pub(crate) fn catalog(self) -> &'static str {
        match self {
            Dialect::Sqlite => {
                "select type, name, tbl_name, coalesce(sql, '') from sqlite_schema \
                 where name not like 'sqlite\\_%' escape '\\'"
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
        }
    }
}
