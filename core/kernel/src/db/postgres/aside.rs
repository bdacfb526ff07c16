//! Building an index beside the work that goes on: on a connection of its own, outside a transaction,
//! for as long as it takes.

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection, Row};

use super::door::Door;
use super::refusal::storage;
use crate::error::Result;

/// Nobody else builds meanwhile: one who looks at a half-built index must know that it was given up.
const ALONE: &str = "set statement_timeout = 0; set lock_timeout = 0; \
     set idle_in_transaction_session_timeout = 0; \
     select pg_advisory_lock(hashtext('fondaco indexes ' || current_schema()))";

impl Door {
    /// Builds an index that is not there, or only half. `text` follows its name's `create index`.
    pub(crate) async fn build_index(&self, name: &str, text: &str) -> Result<()> {
        let mut connection = self.pool().acquire().await.map_err(storage)?.detach();
        let outcome = build(&mut connection, name, text).await;
        // The lock goes with the connection.
        let closed = connection.close().await.map_err(storage);
        outcome.and(closed)
    }
}

async fn build(connection: &mut PgConnection, name: &str, text: &str) -> Result<()> {
    say(connection, ALONE.to_owned()).await?;
    let sql = "select i.indisvalid from pg_index i join pg_class c on c.oid = i.indexrelid \
               where c.relname = $1 and c.relnamespace = cast(current_schema() as regnamespace)";
    let row = sqlx::query(sql).bind(name).fetch_optional(&mut *connection).await;
    match row.map_err(storage)?.map(|row| row.get::<bool, _>(0)) {
        Some(true) => return Ok(()),
        Some(false) => say(connection, format!("drop index concurrently \"{name}\"")).await?,
        None => {}
    }
    say(connection, format!("create index concurrently {text}")).await
}

async fn say(connection: &mut PgConnection, text: String) -> Result<()> {
    sqlx::raw_sql(AssertSqlSafe(text)).execute(connection).await.map(drop).map_err(storage)
}
