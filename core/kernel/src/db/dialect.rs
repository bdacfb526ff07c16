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
}
