//! How the database server is reached and used.

use std::time::Duration;

/// A database server: its address, and how much of it this process may use.
#[derive(Clone)]
pub struct PostgresSettings {
    /// `postgres://user:password@host:5432/database`; never shown.
    pub url: String,
    /// Connections at the same time, those that read and those that write.
    pub connections: u32,
    /// A statement that runs longer is ended by the server.
    pub statement_timeout: Duration,
    /// How long a unit of work waits for a connection.
    pub acquire_timeout: Duration,
    /// Whether a unit of work that was in the way of others too often runs alone in the end. Needs
    /// `lock table`; without it only waiting helps.
    pub gate: bool,
}

impl PostgresSettings {
    pub fn new(url: impl Into<String>) -> PostgresSettings {
        PostgresSettings {
            url: url.into(),
            connections: 10,
            statement_timeout: Duration::from_secs(60),
            acquire_timeout: Duration::from_secs(30),
            gate: true,
        }
    }
}

/// The address may hold a password.
impl std::fmt::Debug for PostgresSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PostgresSettings")
            .field("connections", &self.connections)
            .field("statement_timeout", &self.statement_timeout)
            .finish_non_exhaustive()
    }
}
