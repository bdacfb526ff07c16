//! Cells on their way to the server and back, in its binary form: `bigint`, `text`, `bytea`, and
//! arrays of them. What the server answers in smaller integers and in truths is widened.

use std::borrow::Cow;

use sqlx::postgres::types::Oid;
use sqlx::postgres::{PgArgumentBuffer, PgArguments, PgRow, PgTypeInfo, PgValueRef};
use sqlx::{
    Arguments, Column, Encode, Postgres, Row, Type, ValueRef, encode::IsNull, error::BoxDynError,
};

use super::refusal::internal;
use crate::db::{Cell, Held};
use crate::error::Result;

/// Types of the catalog, by their fixed numbers.
mod oid {
    pub(super) const BOOL: u32 = 16;
    pub(super) const BYTEA: u32 = 17;
    pub(super) const NAME: u32 = 19;
    pub(super) const INT8: u32 = 20;
    pub(super) const INT2: u32 = 21;
    pub(super) const INT4: u32 = 23;
    pub(super) const TEXT: u32 = 25;
    pub(super) const OID: u32 = 26;
    pub(super) const UNKNOWN: u32 = 705;
    pub(super) const VARCHAR: u32 = 1043;
    pub(super) const TEXT_ARRAY: u32 = 1009;
    pub(super) const INT8_ARRAY: u32 = 1016;
    /// Leaves it to the server what type a value has that is not there.
    pub(super) const NONE: u32 = 0;
}

pub(super) fn arguments(cells: &[Cell]) -> Result<PgArguments> {
    let mut arguments = PgArguments::default();
    for cell in cells {
        arguments.add(Bound(cell)).map_err(internal)?;
    }
    Ok(arguments)
}

struct Bound<'c>(&'c Cell);

impl Type<Postgres> for Bound<'_> {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(Oid(oid::NONE))
    }
}

impl Encode<'_, Postgres> for Bound<'_> {
    fn encode_by_ref(
        &self,
        out: &mut PgArgumentBuffer,
    ) -> std::result::Result<IsNull, BoxDynError> {
        match self.0 {
            Cell::Null => return Ok(IsNull::Yes),
            Cell::Int(value) => out.extend_from_slice(&value.to_be_bytes()),
            Cell::Text(text) => out.extend_from_slice(text.as_bytes()),
            Cell::Bytes(bytes) => out.extend_from_slice(bytes),
            Cell::Ids(ids) => return <&[i64] as Encode<Postgres>>::encode(ids.as_slice(), out),
            Cell::Texts(texts) => {
                return <&[String] as Encode<Postgres>>::encode(texts.as_slice(), out);
            }
        }
        Ok(IsNull::No)
    }

    fn produces(&self) -> Option<PgTypeInfo> {
        let oid = match self.0 {
            Cell::Null => oid::NONE,
            Cell::Int(_) => oid::INT8,
            Cell::Text(_) => oid::TEXT,
            Cell::Bytes(_) => oid::BYTEA,
            Cell::Ids(_) => oid::INT8_ARRAY,
            Cell::Texts(_) => oid::TEXT_ARRAY,
        };
        Some(PgTypeInfo::with_oid(Oid(oid)))
    }
}

/// That every column of an answer is of a kind that we read. Sums of integers are `numeric` unless
/// the statement casts them.
pub(super) fn check(row: &PgRow) -> Result<()> {
    for column in row.columns() {
        let kind = column.type_info().oid().map_or(oid::NONE, |oid| oid.0);
        let known = [
            oid::BOOL,
            oid::BYTEA,
            oid::NAME,
            oid::INT8,
            oid::INT2,
            oid::INT4,
            oid::TEXT,
            oid::OID,
            oid::UNKNOWN,
            oid::VARCHAR,
        ];
        if !known.contains(&kind) {
            let (name, kind) = (column.name(), column.type_info());
            return Err(internal(format!("column {name} of an answer is of type {kind}")));
        }
    }
    Ok(())
}

/// One value of a row that was checked.
pub(crate) fn held(row: &PgRow, at: usize) -> Held<'_> {
    match row.try_get_raw(at) {
        Ok(value) if !value.is_null() => {
            read(&value).unwrap_or_else(|| unreachable!("column {at} does not hold what it says"))
        }
        _ => Held::Null,
    }
}

fn read<'r>(value: &PgValueRef<'r>) -> Option<Held<'r>> {
    let bytes = value.as_bytes().ok()?;
    Some(match value.type_info().oid()?.0 {
        oid::INT8 => Held::Int(i64::from_be_bytes(bytes.try_into().ok()?)),
        oid::INT4 => Held::Int(i64::from(i32::from_be_bytes(bytes.try_into().ok()?))),
        oid::INT2 => Held::Int(i64::from(i16::from_be_bytes(bytes.try_into().ok()?))),
        oid::OID => Held::Int(i64::from(u32::from_be_bytes(bytes.try_into().ok()?))),
        oid::BOOL => Held::Int(i64::from(bytes != [0])),
        oid::BYTEA => Held::Bytes(bytes),
        _ => Held::Text(Cow::Borrowed(std::str::from_utf8(bytes).ok()?)),
    })
}
