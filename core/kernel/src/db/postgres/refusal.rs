//! What the server or the way to it objected to, as the kernel's errors.

use sqlx::postgres::PgDatabaseError;

use crate::error::{Error, StorageKind};

pub(super) fn internal(message: impl ToString) -> Error {
    Error::internal(message.to_string())
}

pub(in crate::db) fn storage(error: sqlx::Error) -> Error {
    if let sqlx::Error::Database(refusal) = &error
        && refusal.code().as_deref() == Some("22021")
    {
        let message = "A text contains a character that cannot be kept (NUL).";
        return Error::problem("", "unprintable", message);
    }
    let kind = match &error {
        sqlx::Error::Database(refusal) => {
            let refusal = refusal.try_downcast_ref::<PgDatabaseError>();
            refusal.map_or(StorageKind::Other, kind_of)
        }
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::WorkerCrashed => StorageKind::Lost,
        _ => StorageKind::Other,
    };
    let message = match &error {
        sqlx::Error::Database(refusal) => refusal.to_string(),
        other => other.to_string(),
    };
    Error::Storage { kind, message }
}

/// By the code of the standard, or of PostgreSQL.
fn kind_of(refusal: &PgDatabaseError) -> StorageKind {
    match refusal.code() {
        "23505" => StorageKind::Unique(columns(refusal)),
        "23503" | "23001" => StorageKind::ForeignKey,
        "23514" => StorageKind::Refused,
        "53100" => StorageKind::Full,
        // Serialization, deadlock, a lock that did not come, a plan older than its table.
        "40001" | "40P01" | "55P03" => StorageKind::Retry,
        "0A000" if refusal.message().contains("cached plan") => StorageKind::Lost,
        "42703" | "42P01" => StorageKind::Outdated,
        // The server is going down or coming up, or somebody ended this session.
        "57P01" | "57P02" | "57P03" | "25P03" => StorageKind::Lost,
        code if code.starts_with("08") => StorageKind::Lost,
        _ => StorageKind::Other,
    }
}

/// `table.column, table.column` of a broken unique index. The detail has the columns in the first
/// brackets, in whatever language it is.
fn columns(refusal: &PgDatabaseError) -> String {
    let table = refusal.table().unwrap_or_default();
    let listed = refusal.detail().and_then(|detail| {
        let (_, rest) = detail.split_once('(')?;
        rest.split_once(")=(").map(|(columns, _)| columns)
    });
    match listed {
        Some(columns) => {
            let one = |column: &str| format!("{table}.{}", column.trim().trim_matches('"'));
            columns.split(',').map(one).collect::<Vec<_>>().join(", ")
        }
        None => refusal.constraint().unwrap_or(table).to_owned(),
    }
}
