//! Registers the functions of the house, which generated SQL calls by name, on a connection.
//! Not here: what they compute (`model::sql::functions`).

use rusqlite::Connection;
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::ValueRef;

use super::Cell;
use super::sqlite::storage;
use crate::error::Result;
use crate::model::sql::FUNCTIONS;

pub(super) fn register(connection: &Connection) -> Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8
        | FunctionFlags::SQLITE_DETERMINISTIC
        | FunctionFlags::SQLITE_INNOCUOUS;
    for (name, arguments, function) in FUNCTIONS {
        connection
            .create_scalar_function(*name, *arguments, flags, |context| {
                Ok(function(&cells(context)))
            })
            .map_err(storage)?;
    }
    Ok(())
}

fn cells(context: &Context<'_>) -> Vec<Cell> {
    (0..context.len())
        .map(|at| match context.get_raw(at) {
            ValueRef::Integer(value) => Cell::Int(value),
            ValueRef::Text(text) => Cell::Text(String::from_utf8_lossy(text).into_owned()),
            ValueRef::Blob(bytes) => Cell::Bytes(bytes.to_vec()),
            ValueRef::Null | ValueRef::Real(_) => Cell::Null,
        })
        .collect()
}
