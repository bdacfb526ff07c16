//! The kernel's own tables: numbered steps, each applied once, all in one transaction. One text for
//! the tables, and one for each engine of what only it says.
//! The tables of models are not here: they follow from the schema (`model::migrate`).

use std::collections::BTreeSet;

use rusqlite::{Connection, TransactionBehavior};
use sha2::{Digest, Sha256};
use sqlx::postgres::PgPool;
use sqlx::{AssertSqlSafe, PgConnection, Row};

use super::{Dialect, Sql, postgres, sqlite};
use crate::error::{Error, Result};
use crate::tx::Tx;

/// A step: the tables, and what each engine says of them.
struct Step {
    name: &'static str,
    tables: &'static str,
    sqlite: &'static str,
    postgres: &'static str,
}

/// Every step ever released, in order. A released step is never edited.
const STEPS: &[Step] = &[
    Step {
        name: "0001_kernel",
        tables: include_str!("../../migrations/0001_kernel.sql"),
        sqlite: include_str!("../../migrations/sqlite/0001_kernel.sql"),
        postgres: include_str!("../../migrations/postgres/0001_kernel.sql"),
    },
    Step {
        name: "0002_ledger",
        tables: include_str!("../../migrations/0002_ledger.sql"),
        sqlite: include_str!("../../migrations/sqlite/0002_ledger.sql"),
        postgres: include_str!("../../migrations/postgres/0002_ledger.sql"),
    },
    Step {
        name: "0003_identity",
        tables: include_str!("../../migrations/0003_identity.sql"),
        sqlite: include_str!("../../migrations/sqlite/0003_identity.sql"),
        postgres: include_str!("../../migrations/postgres/0003_identity.sql"),
    },
    Step {
        name: "0004_rollout",
        tables: include_str!("../../migrations/0004_rollout.sql"),
        sqlite: "",
        postgres: "",
    },
    Step {
        name: "0005_servers",
        tables: include_str!("../../migrations/0005_servers.sql"),
        sqlite: "",
        postgres: "",
    },
    Step {
        name: "0006_plugin_lifecycle",
        tables: include_str!("../../migrations/0006_plugin_lifecycle.sql"),
        sqlite: "",
        postgres: "",
    },
    Step {
        name: "0007_plugin_data",
        tables: include_str!("../../migrations/0007_plugin_data.sql"),
        sqlite: "",
        postgres: "",
    },
];

/// The functions of the house for the database server, made anew whenever they change.
const FUNCTIONS: [&str; 3] = [
    include_str!("../../migrations/postgres/letters.sql"),
    include_str!("../../migrations/postgres/functions.sql"),
    include_str!("../../migrations/postgres/wall.sql"),
];

/// Names of all steps.
pub(crate) fn released_steps() -> Vec<&'static str> {
    STEPS.iter().map(|step| step.name).collect()
}

pub(super) fn run(connection: &mut Connection) -> Result<()> {
    // At once for writing: who reads first cannot go on to write when another process has written.
    let tx = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(sqlite::storage)?;
    batch(&tx, "create table if not exists migration (name text primary key) strict")?;
    for step in STEPS {
        let new = tx
            .execute("insert or ignore into migration (name) values (?1)", [step.name])
            .map_err(sqlite::storage)?;
        if new == 1 {
            batch(&tx, step.tables)?;
            batch(&tx, step.sqlite)?;
        }
    }
    tx.commit().map_err(sqlite::storage)
}

#[expect(clippy::disallowed_methods, reason = "the steps are texts of the program")]
fn batch(connection: &Connection, text: &str) -> Result<()> {
    connection.execute_batch(text).map_err(sqlite::storage)
}

/// The same on a database server, where several processes may come at once: one does it, the others
/// wait for him.
pub(super) async fn run_on_server(pool: &PgPool) -> Result<()> {
    let mut pooled = pool.acquire().await.map_err(postgres::storage)?;
    check(&mut pooled).await?;
    // Two who make it at once: the second one fails, and finds it there.
    for _ in 0..2 {
        if say(&mut pooled, "create table if not exists migration (name text primary key)")
            .await
            .is_ok()
        {
            break;
        }
    }
    let outcome = steps(&mut pooled).await;
    let end = if outcome.is_ok() { "commit" } else { "rollback" };
    let ended = say(&mut pooled, end).await;
    outcome.and(ended)
}

async fn steps(connection: &mut PgConnection) -> Result<()> {
    say(connection, "begin; lock table migration in exclusive mode").await?;
    let rows = sqlx::query("select name from migration").fetch_all(&mut *connection).await;
    let done: BTreeSet<String> =
        rows.map_err(postgres::storage)?.iter().map(|row| row.get(0)).collect();
    for step in STEPS.iter().filter(|step| !done.contains(step.name)) {
        say(connection, &for_server(step.tables)).await?;
        say(connection, step.postgres).await?;
        remember(connection, step.name).await?;
    }
    let digest = Sha256::digest(FUNCTIONS.concat().as_bytes());
    let digest: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let functions = format!("functions {digest}");
    if !done.contains(&functions) {
        for text in FUNCTIONS {
            say(connection, text).await?;
        }
        say(connection, "delete from migration where name like 'functions %'").await?;
        remember(connection, &functions).await?;
    }
    // Each time: roles belong to the server and do not come with a database that was restored.
    say(connection, postgres::RAISE).await
}

/// Raises the wall between companies around tables that were made.
pub(crate) async fn wall_in(tx: &mut Tx) -> Result<()> {
    match tx.dialect() {
        Dialect::Sqlite => Ok(()),
        Dialect::Postgres => tx.exec(Sql::text("select fo_wall()")).await.map(drop),
    }
}

async fn remember(connection: &mut PgConnection, name: &str) -> Result<()> {
    let sql = "insert into migration (name) values ($1)";
    sqlx::query(sql).bind(name).execute(connection).await.map(drop).map_err(postgres::storage)
}

async fn say(connection: &mut PgConnection, text: &str) -> Result<()> {
    let text = AssertSqlSafe(text.to_owned());
    sqlx::raw_sql(text).execute(connection).await.map(drop).map_err(postgres::storage)
}

/// Texts are compared and kept as on the other engine, or the two would not answer alike.
async fn check(connection: &mut PgConnection) -> Result<()> {
    let sql = "select 'Z' < 'a' and 'z' < 'é' and 'a b' < 'a-b', \
               current_setting('server_encoding') = 'UTF8'";
    let row = sqlx::query(sql).fetch_one(connection).await.map_err(postgres::storage)?;
    match (row.get(0), row.get(1)) {
        (true, true) => Ok(()),
        _ => Err(Error::Startup(
            "the database must sort texts by their code points and keep them in UTF-8; make it with: \
             create database … template template0 encoding 'UTF8' locale 'C.UTF-8'"
                .into(),
        )),
    }
}

/// Our words for types as the server has them: every integer has 64 bits.
fn for_server(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 64);
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut rest = text;
    while !rest.is_empty() {
        let word = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        out.push_str(match &rest[..word] {
            "integer" => "bigint",
            "blob" => "bytea",
            "strict" => "",
            other => other,
        });
        let gap = rest[word..].find(is_word).map_or(rest.len(), |gap| word + gap);
        out.push_str(&rest[word..gap]);
        rest = &rest[gap..];
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_translated_and_names_are_not() {
        let text = "create table blob_store (id integer primary key, bytes blob not null) strict;";
        assert_eq!(
            for_server(text),
            "create table blob_store (id bigint primary key, bytes bytea not null) ;"
        );
    }
}
