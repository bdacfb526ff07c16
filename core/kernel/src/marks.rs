//! Small things that long work remembers about itself, such as how far an import has come.
//! Kept beside the data, in the transaction of the work.

use crate::db::Sql;
use crate::error::Result;
use crate::tx::Tx;

pub async fn get(tx: &mut Tx, name: &str) -> Result<Option<String>> {
    let row = tx.row(Sql::text("select value from meta where name = $1").bind(name)).await?;
    Ok(row.map(|row| row.str(0).to_owned()))
}

pub async fn put(tx: &mut Tx, name: &str, value: &str) -> Result<()> {
    let sql = Sql::text(
        "insert into meta (name, value) values ($1, $2) \
         on conflict (name) do update set value = excluded.value",
    );
    tx.exec(sql.bind(name).bind(value)).await.map(core::mem::drop)
}

pub async fn drop(tx: &mut Tx, name: &str) -> Result<()> {
    let sql = Sql::text("delete from meta where name = $1").bind(name);
    tx.exec(sql).await.map(core::mem::drop)
}
