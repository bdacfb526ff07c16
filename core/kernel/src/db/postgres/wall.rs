//! The wall between companies, as this program uses it: raised at each start and after each change of
//! tables, and who runs behind it. What it is stands in `migrations/postgres/wall.sql`.

use sqlx::Row;
use sqlx::postgres::PgPool;

use super::refusal::storage;
use crate::Ctx;
use crate::error::Result;

/// Makes the role, where this login may, and the wall around every table with a company.
pub(in crate::db) const RAISE: &str = "select fo_desk_make(); select fo_wall()";

/// The role that transactions of users and services run as, as it is written in statements; `None`
/// where they cannot, since this login may not make roles: then only the rights that are compiled
/// into statements keep companies apart.
pub(super) async fn desk(pool: &PgPool) -> Result<Option<String>> {
    // A database that is only read was left by a program that may not have known it.
    let known = sqlx::query("select to_regprocedure('fo_desk_stands()') is not null");
    let known: bool = known.fetch_one(pool).await.map_err(storage)?.get(0);
    if !known {
        return Ok(None);
    }
    let desk = sqlx::query(
        "select quote_ident(rolname) from pg_roles where rolname = fo_desk() \
         and fo_desk_stands() and has_table_privilege(oid, 'meta', 'select')",
    );
    let desk = desk.fetch_optional(pool).await.map_err(storage)?;
    Ok(desk.map(|row| row.get(0)))
}

/// How a unit of work begins that runs behind the wall.
pub(super) struct Wall {
    pub(super) desk: String,
    /// As an array of the server.
    pub(super) companies: String,
}

impl Wall {
    /// `None` for a caller who stands outside of it.
    pub(super) fn of(desk: Option<&str>, ctx: &Ctx) -> Option<Wall> {
        let companies = ctx.walled_in()?;
        let companies: Vec<String> = companies.iter().map(ToString::to_string).collect();
        Some(Wall { desk: desk?.to_owned(), companies: format!("{{{}}}", companies.join(",")) })
    }
}
