//! One test on both engines: [`both!`] names scenarios, and each runs once over SQLite and once over
//! PostgreSQL, where that is installed. A scenario opens its kernels over [`database`].

pub(crate) use fondaco_cluster::both;
pub(crate) use fondaco_cluster::engine::is_postgres;

use crate::{Database, PostgresSettings};

/// Connections of a kernel at most: many tests share one server.
const CONNECTIONS: u32 = 6;

/// A new, empty database on the engine of the running test, dropped at its end.
pub(crate) fn database() -> Database {
    let Some(url) = fondaco_cluster::engine::database() else { return Database::Memory };
    let mut settings = PostgresSettings::new(url);
    settings.connections = CONNECTIONS;
    Database::Postgres(settings)
}
